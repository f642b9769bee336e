//! Binary Excel workbooks (MS-XLSB), streamed: the archive of an .xlsx with records in place of XML.
//!
//! By a reader of our own, since the crate that knows them leaves errors of formulas and rich texts out without a word.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use super::layout::{Layout, Listed, Take};
use super::limits::MERGES_MAX;
use super::part::{Parts, Relation, join};
use super::said::{Failed, Merged, Row, Shown, Wrong, damaged};
use super::shown::{self, CellStyle, Style};
use super::strings::Strings;
use super::{COLUMNS_MAX, ROWS_MAX, SAVE_AS_CSV};

/// Largest record that is read, in bytes: a text of as many characters as a cell takes is 64 KiB.
const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Numbers of records (MS-XLSB 2.3).
mod record {
    pub(super) const ROW: u32 = 0;
    pub(super) const CELL_RK: u32 = 2;
    pub(super) const CELL_ERROR: u32 = 3;
    pub(super) const CELL_BOOL: u32 = 4;
    pub(super) const CELL_REAL: u32 = 5;
    pub(super) const CELL_TEXT: u32 = 6;
    pub(super) const CELL_SHARED: u32 = 7;
    pub(super) const FORMULA_TEXT: u32 = 8;
    pub(super) const FORMULA_REAL: u32 = 9;
    pub(super) const FORMULA_BOOL: u32 = 10;
    pub(super) const FORMULA_ERROR: u32 = 11;
    /// Cells without a column of their own, which nobody writes.
    pub(super) const SHORT_FIRST: u32 = 12;
    pub(super) const SHORT_LAST: u32 = 18;
    pub(super) const SHARED_ITEM: u32 = 19;
    pub(super) const FONT: u32 = 43;
    pub(super) const FORMAT: u32 = 44;
    pub(super) const STYLE: u32 = 47;
    pub(super) const COLUMNS: u32 = 60;
    pub(super) const CELL_RICH_TEXT: u32 = 62;
    pub(super) const SHEET_DATA: u32 = 145;
    pub(super) const SHEET_DATA_END: u32 = 146;
    pub(super) const WORKBOOK: u32 = 153;
    pub(super) const SHEET: u32 = 156;
    pub(super) const MERGED: u32 = 176;
    pub(super) const CELL_STYLES: u32 = 617;
    pub(super) const CELL_STYLES_END: u32 = 618;
}

/// A workbook, its sheets not yet read.
pub(super) struct Book {
    parts: Parts,
    sheets: Vec<(Listed, String)>,
    strings: Strings,
    styles: Vec<CellStyle>,
    is_1904: bool,
}

/// The records of a part, one after the other.
struct Records<R> {
    part: String,
    from: R,
    data: Vec<u8>,
}

impl<R: BufRead> Records<R> {
    /// The next record's number; its bytes are in `data`. `None` at the end of the part.
    fn next(&mut self) -> Result<Option<u32>, Failed> {
        if self
            .from
            .fill_buf()
            .map_err(|_| damaged(&self.part))?
            .is_empty()
        {
            return Ok(None);
        }
        let number = self.packed(2)?;
        let size = usize::try_from(self.packed(4)?).unwrap_or(usize::MAX);
        if size > RECORD_BYTES_MAX {
            return Err(damaged(&self.part));
        }
        self.data.clear();
        let read = self
            .from
            .by_ref()
            .take(size as u64)
            .read_to_end(&mut self.data);
        if !read.is_ok_and(|count| count == size) {
            return Err(damaged(&self.part));
        }
        Ok(Some(number))
    }

    /// A number in seven bits a byte, the lowest first.
    fn packed(&mut self, bytes_max: u32) -> Result<u32, Failed> {
        let mut number = 0;
        for index in 0..bytes_max {
            let mut byte = [0];
            self.from
                .read_exact(&mut byte)
                .map_err(|_| damaged(&self.part))?;
            number |= u32::from(byte[0] & 0x7f) << (7 * index);
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        Ok(number)
    }

    fn bytes<const N: usize>(&self, at: usize) -> Result<[u8; N], Failed> {
        let bytes = self
            .data
            .get(at..at + N)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| damaged(&self.part))
    }

    fn u32(&self, at: usize) -> Result<u32, Failed> {
        Ok(u32::from_le_bytes(self.bytes(at)?))
    }

    /// A text, and where it ends.
    fn text(&self, at: usize) -> Result<(String, usize), Failed> {
        let size = match self.u32(at)? {
            u32::MAX => 0,
            chars => chars as usize * 2,
        };
        let start = at + 4;
        let bytes = self
            .data
            .get(start..start + size)
            .ok_or_else(|| damaged(&self.part))?;
        let (pairs, _) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        Ok((String::from_utf16_lossy(&units), start + size))
    }
}

fn records<'p>(parts: &'p mut Parts, name: &str) -> Result<Records<impl BufRead + 'p>, Failed> {
    Ok(Records {
        part: name.to_owned(),
        from: parts.stream(name)?,
        data: Vec::new(),
    })
}

impl Book {
    /// Reads all but the sheets.
    pub(super) fn open(
        mut parts: Parts,
        main: &str,
        folder: &str,
        relations: &HashMap<String, Relation>,
    ) -> Result<Self, Failed> {
        let (sheets, is_1904) = sheets(&mut parts, main, folder, relations)?;
        let of_kind = |kind: &str| {
            let relation = relations.values().find(|relation| relation.kind == kind);
            relation.map(|relation| join(folder, &relation.target))
        };
        let strings = match of_kind("sharedStrings") {
            Some(part) if parts.has(&part) => strings(&mut parts, &part)?,
            _ => Strings::default(),
        };
        let styles = match of_kind("styles") {
            Some(part) if parts.has(&part) => styles(&mut parts, &part)?,
            _ => Vec::new(),
        };
        Ok(Self {
            parts,
            sheets,
            strings,
            styles,
            is_1904,
        })
    }

    pub(super) fn sheets(&self) -> Vec<Listed> {
        self.sheets
            .iter()
            .map(|(listed, _)| listed.clone())
            .collect()
    }

    pub(super) fn layout(&mut self, sheet: usize) -> Result<Layout, Failed> {
        let part = self.sheets[sheet].1.clone();
        let mut layout = Layout::default();
        let mut records = records(&mut self.parts, &part)?;
        while let Some(number) = records.next()? {
            match number {
                record::COLUMNS if records.bytes::<1>(16)?[0] & 1 != 0 => {
                    let last = records.u32(4)?.min(COLUMNS_MAX - 1);
                    layout.hide(records.u32(0)?..last + 1);
                }
                record::MERGED => {
                    let merged = Merged {
                        first_row: records.u32(0)?,
                        last_row: records.u32(4)?,
                        first_column: records.u32(8)?,
                        last_column: records.u32(12)?,
                    };
                    if !merged.is_within() {
                        return Err(damaged(&part));
                    }
                    layout.merged.push(merged);
                }
                _ => {}
            }
            if layout.merged.len() > MERGES_MAX {
                return Err(Failed::new(
                    format!("is a workbook whose sheet has more than {MERGES_MAX} merged cells"),
                    SAVE_AS_CSV,
                ));
            }
        }
        Ok(layout)
    }

    pub(super) fn rows(&mut self, sheet: usize, take: &mut Take<'_>) -> Result<(), Failed> {
        let part = self.sheets[sheet].1.clone();
        let mut records = records(&mut self.parts, &part)?;
        let mut row: Option<Row> = None;
        let mut is_within = false;
        let mut next = 0;
        while let Some(number) = records.next()? {
            match number {
                record::SHEET_DATA => is_within = true,
                record::SHEET_DATA_END => break,
                _ if !is_within => {}
                record::ROW => {
                    let index = records.u32(0)?;
                    let before = row.as_ref().map_or(0, |row| row.number);
                    if index >= ROWS_MAX || u64::from(index) < before {
                        return Err(damaged(&part));
                    }
                    let begun = Row {
                        number: u64::from(index) + 1,
                        is_hidden: records.bytes::<1>(11)?[0] & 0x10 != 0,
                        ..Row::default()
                    };
                    next = 0;
                    let ended = row.replace(begun).filter(|row| !row.cells.is_empty());
                    if let Some(ended) = ended
                        && take(ended)?.is_break()
                    {
                        return Ok(());
                    }
                }
                record::SHORT_FIRST..=record::SHORT_LAST => return Err(damaged(&part)),
                _ => {
                    let Some(found) =
                        cell(&records, number, &self.strings, &self.styles, self.is_1904)?
                    else {
                        continue;
                    };
                    let column = records.u32(0)?;
                    let row = row.as_mut().ok_or_else(|| damaged(&part))?;
                    if column < next || column >= COLUMNS_MAX {
                        return Err(damaged(&part));
                    }
                    next = column + 1;
                    row.put(column, found);
                    if style(&records, &self.styles)?.is_some_and(|style| style.is_struck) {
                        row.strike(column);
                    }
                }
            }
        }
        if let Some(last) = row.filter(|row| !row.cells.is_empty()) {
            let _more = take(last)?;
        }
        Ok(())
    }
}

/// The style of a cell.
fn style<'s, R: BufRead>(
    records: &Records<R>,
    styles: &'s [CellStyle],
) -> Result<Option<&'s CellStyle>, Failed> {
    let [a, b, c] = records.bytes(4)?;
    Ok(styles.get(u32::from_le_bytes([a, b, c, 0]) as usize))
}

/// What a cell shows; `None` for a record that is no cell with a value.
fn cell<R: BufRead>(
    records: &Records<R>,
    number: u32,
    strings: &Strings,
    styles: &[CellStyle],
    is_1904: bool,
) -> Result<Option<Shown>, Failed> {
    let number_of = |value: f64| {
        let style = style(records, styles)?;
        let style = style.map_or(&Style::Number, |style| &style.number);
        let shown = shown::number(value, style, is_1904);
        Ok(shown.map_err(|wrong| (value.to_string(), wrong)))
    };
    let shown = match number {
        record::CELL_RK => number_of(shown::rk(records.u32(8)?))?,
        record::CELL_REAL | record::FORMULA_REAL => {
            number_of(f64::from_le_bytes(records.bytes(8)?))?
        }
        record::CELL_BOOL | record::FORMULA_BOOL => {
            Ok(shown::boolean(records.bytes::<1>(8)?[0] != 0))
        }
        record::CELL_ERROR | record::FORMULA_ERROR => {
            Err((error(records.bytes::<1>(8)?[0]).to_owned(), Wrong::Error))
        }
        record::CELL_TEXT | record::FORMULA_TEXT => Ok(records.text(8)?.0),
        record::CELL_RICH_TEXT => Ok(records.text(9)?.0),
        record::CELL_SHARED => {
            let text = strings.get(records.u32(8)? as usize);
            Ok(text.ok_or_else(|| damaged(&records.part))?.to_owned())
        }
        _ => return Ok(None),
    };
    Ok(Some(shown))
}

/// An error as a cell shows it (MS-XLSB 2.5.97.2).
fn error(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        0x2a => "#N/A",
        0x2b => "#GETTING_DATA",
        _ => "an error",
    }
}

fn sheets(
    parts: &mut Parts,
    main: &str,
    folder: &str,
    relations: &HashMap<String, Relation>,
) -> Result<(Vec<(Listed, String)>, bool), Failed> {
    let mut sheets = Vec::new();
    let mut is_1904 = false;
    let mut records = records(parts, main)?;
    while let Some(number) = records.next()? {
        match number {
            record::WORKBOOK => is_1904 = records.bytes::<1>(0)?[0] & 1 != 0,
            record::SHEET => {
                let (id, end) = records.text(8)?;
                let relation = relations.get(&id).ok_or_else(|| damaged(main))?;
                if relation.kind != "worksheet" {
                    continue;
                }
                let listed = Listed {
                    name: records.text(end)?.0,
                    is_hidden: records.u32(0)? != 0,
                };
                sheets.push((listed, join(folder, &relation.target)));
            }
            _ => {}
        }
    }
    Ok((sheets, is_1904))
}

fn strings(parts: &mut Parts, name: &str) -> Result<Strings, Failed> {
    let mut strings = Strings::default();
    let mut records = records(parts, name)?;
    while let Some(number) = records.next()? {
        if number == record::SHARED_ITEM {
            strings.push(&records.text(1)?.0);
        }
    }
    Ok(strings)
}

fn styles(parts: &mut Parts, name: &str) -> Result<Vec<CellStyle>, Failed> {
    /// The bit of a font's flags that strikes through (MS-XLSB 2.4.149).
    const STRIKE_OUT: u16 = 0x08;
    let mut formats = HashMap::new();
    let mut is_struck = Vec::new();
    let mut styles = Vec::new();
    let mut in_cells = false;
    let mut records = records(parts, name)?;
    while let Some(number) = records.next()? {
        match number {
            record::FORMAT => {
                let id = u16::from_le_bytes(records.bytes(0)?);
                formats.insert(id, Style::of(&records.text(2)?.0));
            }
            record::FONT => {
                let flags = u16::from_le_bytes(records.bytes(2)?);
                is_struck.push(flags & STRIKE_OUT != 0);
            }
            record::CELL_STYLES => in_cells = true,
            record::CELL_STYLES_END => in_cells = false,
            record::STYLE if in_cells => {
                let id = u16::from_le_bytes(records.bytes(2)?);
                let built_in = || Style::built_in(u32::from(id));
                let font = usize::from(u16::from_le_bytes(records.bytes(4)?));
                styles.push(CellStyle {
                    number: formats.get(&id).cloned().unwrap_or_else(built_in),
                    is_struck: is_struck.get(font).is_some_and(|is_struck| *is_struck),
                });
            }
            _ => {}
        }
    }
    Ok(styles)
}
