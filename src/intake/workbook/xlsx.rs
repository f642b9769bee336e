//! Excel workbooks since 2007 (ECMA-376, transitional and strict), streamed: memory holds the file and its shared strings.
//!
//! By a reader of our own, since the crates tell nothing of hidden rows, take the first of several pieces of a value for
//! the whole, or give up a file over one unknown error code. What is not understood is never skipped silently.

use std::collections::HashMap;
use std::io::{BufRead, Cursor, Read};

use quick_xml::events::{BytesStart, Event};

use super::layout::{Layout, Listed, Take};
use super::limits::MERGES_MAX;
use super::part::{Parts, Relation, Xml, add_text, attribute, is_set, join, relations};
use super::said::{Failed, Merged, Row, Shown, Wrong, damaged};
use super::shown::{self, CellStyle, Style};
use super::strings::Strings;
use super::{COLUMNS_MAX, ROWS_MAX, SAVE_AS_CSV, TABLE_AS_WORKBOOK, xlsb};

const CONTENT_TYPES: &str = "[Content_Types].xml";

/// What an archive with content types is.
pub(super) enum Found {
    Book(Box<Book>),
    /// The same archive, whose parts are binary (.xlsb).
    Binary(Box<xlsb::Book>),
}

/// A workbook, its sheets not yet read.
pub(super) struct Book {
    parts: Parts,
    sheets: Vec<(Listed, String)>,
    strings: Strings,
    styles: Vec<CellStyle>,
    is_1904: bool,
}

/// Finds out what the archive is and reads all but the sheets.
pub(super) fn open(bytes: Vec<u8>) -> Result<Found, Failed> {
    let mut parts = Parts::open(bytes)?;
    let main = main_part(&mut parts)?;
    let folder = main
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder)
        .to_owned();
    let document = match folder.as_str() {
        "word" => Some("a Word document"),
        "ppt" => Some("a PowerPoint document"),
        "visio" => Some("a Visio drawing"),
        _ => None,
    };
    if let Some(document) = document {
        return Err(Failed::new(
            format!("is {document}, and no workbook"),
            TABLE_AS_WORKBOOK,
        ));
    }
    let file = main
        .rsplit_once('/')
        .map_or(main.as_str(), |(_, file)| file);
    let relations = relations(&mut parts, &join(&folder, &format!("_rels/{file}.rels")))?;
    if main.to_ascii_lowercase().ends_with("bin") {
        let book = xlsb::Book::open(parts, &main, &folder, &relations)?;
        return Ok(Found::Binary(Box::new(book)));
    }
    let (sheets, is_1904) = sheets(&mut parts, &main, &folder, &relations)?;
    let of_kind = |kind: &str| {
        let relation = relations.values().find(|relation| relation.kind == kind);
        relation.map(|relation| join(&folder, &relation.target))
    };
    let strings = match of_kind("sharedStrings") {
        Some(part) if parts.has(&part) => strings(&mut parts, &part)?,
        _ => Strings::default(),
    };
    let styles = match of_kind("styles") {
        Some(part) if parts.has(&part) => styles(&mut parts, &part)?,
        _ => Vec::new(),
    };
    Ok(Found::Book(Box::new(Book {
        parts,
        sheets,
        strings,
        styles,
        is_1904,
    })))
}

/// The part that is the workbook itself.
fn main_part(parts: &mut Parts) -> Result<String, Failed> {
    if !parts.has("_rels/.rels") {
        return Err(damaged(CONTENT_TYPES));
    }
    let relations = relations(parts, "_rels/.rels")?;
    let main = relations
        .values()
        .find(|relation| relation.kind == "officeDocument")
        .ok_or_else(|| damaged("_rels/.rels"))?;
    Ok(join("", &main.target))
}

/// The worksheets in the workbook's order with their parts, and whether days are counted from 1904.
fn sheets(
    parts: &mut Parts,
    main: &str,
    folder: &str,
    relations: &HashMap<String, Relation>,
) -> Result<(Vec<(Listed, String)>, bool), Failed> {
    let mut sheets = Vec::new();
    let mut is_1904 = false;
    let mut xml = parts.xml(main)?;
    let mut buffer = Vec::new();
    loop {
        match xml.next(&mut buffer)? {
            Event::Eof => return Ok((sheets, is_1904)),
            Event::Start(element) => match element.local_name().as_ref() {
                "workbookPr" => is_1904 |= is_set(&element, "date1904"),
                "sheet" => {
                    let relation = attribute(&element, "id").and_then(|id| relations.get(&id));
                    let relation = relation.ok_or_else(|| damaged(main))?;
                    if relation.kind != "worksheet" {
                        continue;
                    }
                    let state = attribute(&element, "state");
                    let listed = Listed {
                        name: attribute(&element, "name").unwrap_or_default(),
                        is_hidden: state.is_some_and(|state| state != "visible"),
                    };
                    sheets.push((listed, join(folder, &relation.target)));
                }
                _ => {}
            },
            _ => {}
        }
    }
}

fn strings(parts: &mut Parts, name: &str) -> Result<Strings, Failed> {
    let mut strings = Strings::default();
    let mut xml = parts.xml(name)?;
    let mut buffer = Vec::new();
    loop {
        match xml.next(&mut buffer)? {
            Event::Eof => return Ok(strings),
            Event::Start(element) if element.local_name().as_ref() == "si" => {
                let start = strings.text.len();
                rich_text(&mut xml, "si", &mut strings.text, &mut buffer)?;
                unescape(&mut strings.text, start);
                strings.ends.push(strings.text.len());
            }
            _ => {}
        }
    }
}

/// The text of an element of runs, phonetic ones left out.
fn rich_text<R: BufRead>(
    xml: &mut Xml<R>,
    name: &str,
    text: &mut String,
    buffer: &mut Vec<u8>,
) -> Result<(), Failed> {
    let mut own = String::new();
    let mut in_text = false;
    let mut in_phonetic = false;
    loop {
        match xml.within(buffer)? {
            Event::Start(element) => match element.local_name().as_ref() {
                "t" => in_text = true,
                "rPh" => in_phonetic = true,
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "t" => in_text = false,
                "rPh" => in_phonetic = false,
                ended if ended == name => {
                    text.push_str(&own);
                    return Ok(());
                }
                _ => {}
            },
            event if in_text && !in_phonetic => {
                let added = add_text(&mut own, &event);
                added.map_err(|()| xml.damaged())?;
            }
            _ => {}
        }
    }
}

/// Resolves `_x000D_` and its like from a place on: how characters are written that XML does not have.
fn unescape(text: &mut String, from: usize) {
    if !text[from..].contains("_x") {
        return;
    }
    let escaped = text.split_off(from);
    let mut units: Vec<u16> = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_str();
    while let Some(next) = rest.chars().next() {
        let code = rest
            .strip_prefix("_x")
            .filter(|after| after.as_bytes().get(4) == Some(&b'_'))
            .and_then(|after| after.get(..4))
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|hex| u16::from_str_radix(hex, 16).ok());
        if let Some(code) = code {
            units.push(code);
            rest = &rest[7..];
        } else {
            units.extend(next.encode_utf16(&mut [0; 2]).iter());
            rest = &rest[next.len_utf8()..];
        }
    }
    text.push_str(&String::from_utf16_lossy(&units));
}

/// Reads for each cell style how it formats a number, and whether it strikes the cell through.
fn styles(parts: &mut Parts, name: &str) -> Result<Vec<CellStyle>, Failed> {
    let mut formats = HashMap::new();
    let mut is_struck: Vec<bool> = Vec::new();
    let mut styles = Vec::new();
    let (mut in_fonts, mut in_cells) = (false, false);
    let mut xml = parts.xml(name)?;
    let mut buffer = Vec::new();
    loop {
        match xml.next(&mut buffer)? {
            Event::Eof => return Ok(styles),
            Event::Start(element) => match element.local_name().as_ref() {
                "numFmt" => {
                    let id = attribute(&element, "numFmtId").unwrap_or_default();
                    let code = attribute(&element, "formatCode").unwrap_or_default();
                    formats.insert(id, Style::of(&code));
                }
                "fonts" => in_fonts = true,
                "font" if in_fonts => is_struck.push(false),
                "strike" if in_fonts => {
                    let value = attribute(&element, "val");
                    if let Some(font) = is_struck.last_mut() {
                        *font = value.is_none_or(|value| value == "1" || value == "true");
                    }
                }
                "cellXfs" => in_cells = true,
                "xf" if in_cells => {
                    let id = attribute(&element, "numFmtId").unwrap_or_default();
                    let built_in = || Style::built_in(id.parse().unwrap_or(0));
                    let font = attribute(&element, "fontId").and_then(|font| font.parse().ok());
                    styles.push(CellStyle {
                        number: formats.get(&id).cloned().unwrap_or_else(built_in),
                        is_struck: font
                            .and_then(|font: usize| is_struck.get(font))
                            .is_some_and(|is_struck| *is_struck),
                    });
                }
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "fonts" => in_fonts = false,
                "cellXfs" => in_cells = false,
                _ => {}
            },
            _ => {}
        }
    }
}

impl Book {
    pub(super) fn sheets(&self) -> Vec<Listed> {
        self.sheets
            .iter()
            .map(|(listed, _)| listed.clone())
            .collect()
    }

    /// Hidden columns stand above the rows, merged cells below them: the rows between are unpacked, and not looked at.
    pub(super) fn layout(&mut self, sheet: usize) -> Result<Layout, Failed> {
        let part = self.sheets[sheet].1.clone();
        let mut layout = Layout::default();
        let mut xml = self.parts.xml(&part)?;
        let mut buffer = Vec::new();
        loop {
            match xml.next(&mut buffer)? {
                Event::Eof => return Ok(layout),
                Event::Start(element) => match element.local_name().as_ref() {
                    "col" if is_set(&element, "hidden") => {
                        let number = |name| attribute(&element, name)?.parse::<u32>().ok();
                        if let (Some(first @ 1..), Some(last)) = (number("min"), number("max")) {
                            layout.hide(first - 1..last.min(COLUMNS_MAX));
                        }
                    }
                    "sheetData" => break,
                    _ => {}
                },
                _ => {}
            }
        }
        let mut rest = xml.into_rest();
        if !skip_to(&mut rest, b"mergeCells").map_err(|_| damaged(&part))? {
            return Ok(layout);
        }
        let rest = Cursor::new(b"<mergeCells".as_slice()).chain(rest);
        layout.merged = merged(&mut Xml::new(&part, rest, false))?;
        Ok(layout)
    }

    pub(super) fn rows(&mut self, sheet: usize, take: &mut Take<'_>) -> Result<(), Failed> {
        let part = self.sheets[sheet].1.clone();
        let mut reading = Rows {
            xml: self.parts.xml(&part)?,
            strings: &self.strings,
            styles: &self.styles,
            is_1904: self.is_1904,
            buffer: Vec::new(),
            number: 0,
        };
        reading.all(take)
    }
}

/// Reads up to and with an element's name, `false` if there is none.
fn skip_to(from: &mut impl BufRead, name: &[u8]) -> std::io::Result<bool> {
    let mut seen: Vec<u8> = Vec::new();
    loop {
        let chunk = from.fill_buf()?;
        if chunk.is_empty() {
            return Ok(false);
        }
        let before = seen.len();
        let size = chunk.len();
        seen.extend_from_slice(chunk);
        let mut at = 0;
        while let Some(found) = memchr::memmem::find(&seen[at..], name) {
            let start = at + found;
            let end = start + name.len();
            // A start, perhaps with a prefix; neither an end nor a text, where no `<` can stand.
            let tag = seen[..start].iter().rposition(|byte| *byte == b'<');
            let is_start = tag.is_some_and(|tag| {
                let prefix = &seen[tag + 1..start];
                prefix.is_empty()
                    || prefix
                        .strip_suffix(b":")
                        .is_some_and(|p| p.iter().all(u8::is_ascii_alphanumeric))
            });
            if is_start {
                from.consume(end - before.min(end));
                return Ok(true);
            }
            at = end;
        }
        from.consume(size);
        // What may be the start of a name that goes on.
        let kept = seen.len().min(64);
        seen.drain(..seen.len() - kept);
    }
}

fn merged<R: BufRead>(xml: &mut Xml<R>) -> Result<Vec<Merged>, Failed> {
    let mut all = Vec::new();
    let mut buffer = Vec::new();
    loop {
        match xml.within(&mut buffer)? {
            Event::Start(element) if element.local_name().as_ref() == "mergeCell" => {
                let range = attribute(&element, "ref").unwrap_or_default();
                let merged = rectangle(&range).ok_or_else(|| xml.damaged())?;
                all.push(merged);
            }
            Event::End(element) if element.local_name().as_ref() == "mergeCells" => return Ok(all),
            _ => {}
        }
        if all.len() > MERGES_MAX {
            return Err(Failed::new(
                format!("is a workbook whose sheet has more than {MERGES_MAX} merged cells"),
                SAVE_AS_CSV,
            ));
        }
    }
}

fn rectangle(range: &str) -> Option<Merged> {
    let (first, last) = range.split_once(':').unwrap_or((range, range));
    let (first_column, first_row) = place(first)?;
    let (last_column, last_row) = place(last)?;
    (first_column <= last_column && first_row <= last_row).then_some(Merged {
        first_row: first_row - 1,
        last_row: last_row - 1,
        first_column,
        last_column,
    })
}

/// `B7` as column from 0 and row from 1, within what a sheet can have.
fn place(name: &str) -> Option<(u32, u32)> {
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = name.split_at(digits);
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let mut column = 0_u32;
    for byte in letters.bytes() {
        if !byte.is_ascii_alphabetic() {
            return None;
        }
        column = column * 26 + u32::from(byte.to_ascii_uppercase() - b'A') + 1;
    }
    let row: u32 = row.parse().ok()?;
    ((1..=COLUMNS_MAX).contains(&column) && (1..=ROWS_MAX).contains(&row))
        .then_some((column - 1, row))
}

/// The rows of a sheet, being read.
struct Rows<'b, R> {
    xml: Xml<R>,
    strings: &'b Strings,
    styles: &'b [CellStyle],
    is_1904: bool,
    buffer: Vec<u8>,
    /// Of the row read last.
    number: u32,
}

/// A cell's attributes.
#[derive(Default)]
struct CellHead {
    place: Option<(u32, u32)>,
    style: usize,
    kind: Kind,
}

/// How a cell's value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Number,
    Shared,
    FormulaText,
    Inline,
    Bool,
    Error,
    Date,
}

impl<R: BufRead> Rows<'_, R> {
    fn all(&mut self, take: &mut Take<'_>) -> Result<(), Failed> {
        let mut buffer = Vec::new();
        let mut is_within = false;
        loop {
            match self.xml.next(&mut buffer)? {
                Event::Eof => return Ok(()),
                Event::Start(element) => match element.local_name().as_ref() {
                    "sheetData" => is_within = true,
                    "row" if is_within => {
                        let row = self.row(&element)?;
                        if !row.cells.is_empty() && take(row)?.is_break() {
                            return Ok(());
                        }
                    }
                    _ => {}
                },
                Event::End(element) if element.local_name().as_ref() == "sheetData" => {
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    fn row(&mut self, element: &BytesStart<'_>) -> Result<Row, Failed> {
        let number = match attribute(element, "r") {
            Some(number) => number.parse().map_err(|_| self.xml.damaged())?,
            None => self.number + 1,
        };
        if number <= self.number || number > ROWS_MAX {
            return Err(self.xml.damaged());
        }
        self.number = number;
        let mut row = Row {
            number: u64::from(number),
            is_hidden: is_set(element, "hidden"),
            ..Row::default()
        };
        let mut next = 0;
        let mut buffer = std::mem::take(&mut self.buffer);
        loop {
            let head = match self.xml.within(&mut buffer)? {
                Event::Start(element) if element.local_name().as_ref() == "c" => {
                    cell_head(&element).ok_or_else(|| self.xml.damaged())?
                }
                Event::End(element) if element.local_name().as_ref() == "row" => break,
                _ => continue,
            };
            let column = match head.place {
                Some((column, row)) if row == number && column >= next => column,
                None if next < COLUMNS_MAX => next,
                _ => return Err(self.xml.damaged()),
            };
            next = column + 1;
            self.cell(&head, column, &mut row, &mut buffer)?;
        }
        self.buffer = buffer;
        Ok(row)
    }

    /// Reads a cell to its end and adds it to the row, unless it is blank.
    fn cell(
        &mut self,
        head: &CellHead,
        column: u32,
        row: &mut Row,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        let mut value = String::new();
        let mut text = String::new();
        let mut is_formula = false;
        let mut depth = 0_usize;
        loop {
            enum Part {
                Value,
                Text,
                Other,
            }
            let part = match self.xml.within(buffer)? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "v" if depth == 0 => Part::Value,
                    "is" if depth == 0 => Part::Text,
                    name => {
                        is_formula |= depth == 0 && name == "f";
                        Part::Other
                    }
                },
                Event::End(_) if depth == 0 => break,
                Event::End(_) => {
                    depth -= 1;
                    continue;
                }
                _ => continue,
            };
            match part {
                Part::Value => self.xml.text(&mut value, buffer)?,
                Part::Text => rich_text(&mut self.xml, "is", &mut text, buffer)?,
                Part::Other => depth += 1,
            }
        }
        if head.kind == Kind::Inline {
            value = text;
        }
        row.put(column, self.shown(head, value, is_formula)?);
        let style = self.styles.get(head.style);
        if style.is_some_and(|style| style.is_struck) {
            row.strike(column);
        }
        Ok(())
    }

    /// What a person sees; or what stands in the file, and why that is no value.
    fn shown(&self, head: &CellHead, mut value: String, is_formula: bool) -> Result<Shown, Failed> {
        if is_formula && value.is_empty() && head.kind != Kind::FormulaText {
            return Ok(Err((String::new(), Wrong::NoStoredValue)));
        }
        Ok(match head.kind {
            _ if value.is_empty() => Ok(value),
            Kind::Shared => {
                let index = value.trim().parse().ok();
                let text = index.and_then(|index| self.strings.get(index));
                Ok(text.ok_or_else(|| self.xml.damaged())?.to_owned())
            }
            Kind::FormulaText | Kind::Inline => {
                unescape(&mut value, 0);
                Ok(value)
            }
            Kind::Bool => match value.trim() {
                "1" | "true" => Ok(shown::boolean(true)),
                "0" | "false" => Ok(shown::boolean(false)),
                _ => Err((value, Wrong::NotRead)),
            },
            Kind::Error => Err((value, Wrong::Error)),
            Kind::Date => Ok(shown::iso(value.trim())),
            Kind::Number => match value.trim().parse::<f64>() {
                Ok(number) => {
                    let style = self.styles.get(head.style);
                    let style = style.map_or(&Style::Number, |style| &style.number);
                    shown::number(number, style, self.is_1904).map_err(|wrong| (value, wrong))
                }
                Err(_) => Err((value, Wrong::NotRead)),
            },
        })
    }
}

/// A cell's attributes; `None` where they are not as they must be.
fn cell_head(element: &BytesStart<'_>) -> Option<CellHead> {
    let mut head = CellHead::default();
    let mut attributes = element.attributes();
    attributes.with_checks(false);
    for attribute in attributes {
        let attribute = attribute.ok()?;
        let value = &*attribute.value;
        match attribute.key.as_ref() {
            "r" => head.place = Some(place(value)?),
            "s" if value.is_empty() => {}
            "s" => head.style = value.parse().ok()?,
            "t" => {
                head.kind = match value {
                    "n" => Kind::Number,
                    "s" => Kind::Shared,
                    "str" => Kind::FormulaText,
                    "inlineStr" => Kind::Inline,
                    "b" => Kind::Bool,
                    "e" => Kind::Error,
                    "d" => Kind::Date,
                    _ => return None,
                };
            }
            _ => {}
        }
    }
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_rectangles() {
        assert_eq!(place("A1"), Some((0, 1)));
        assert_eq!(place("xfd1048576"), Some((16_383, 1_048_576)));
        for name in [
            "", "A", "1", "A0", "XFE1", "A1048577", "AAAA1", "A-1", "A1B",
        ] {
            assert_eq!(place(name), None, "{name}");
        }
        assert_eq!(rectangle("B2:A1"), None);
    }

    #[test]
    fn characters_that_xml_does_not_have() {
        let of = |text: &str| {
            let mut text = text.to_owned();
            unescape(&mut text, 0);
            text
        };
        assert_eq!(of("a_x000D__x000A_b"), "a\r\nb");
        assert_eq!(of("_x005F_x000D_"), "_x000D_");
        assert_eq!(of("_xD83D__xDE00_"), "😀");
        assert_eq!(of("my_xpath_é_x00"), "my_xpath_é_x00");
    }

    #[test]
    fn merged_cells_are_found_behind_the_rows_however_the_reads_are_cut() {
        let text = b"<row>mergeCells</row></x:sheetData><x:mergeCells count='1'>";
        for size in 1..20 {
            let mut from = std::io::BufReader::with_capacity(size, text.as_slice());
            assert!(skip_to(&mut from, b"mergeCells").expect("it reads"));
            let mut rest = String::new();
            from.read_to_string(&mut rest).expect("it reads");
            assert_eq!(rest, " count='1'>");
        }
    }
}
