//! `OpenDocument` spreadsheets (ODF 1.2), streamed: all sheets stand in one part, and each reading goes through it.
//!
//! Cells and rows that repeat are told once with a count: blank ones cost nothing, others are said as often as they stand
//! there. Dates are ISO 8601 in the file already.

use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::ops::ControlFlow;

use quick_xml::events::{BytesStart, Event};

use super::layout::{Layout, Listed, Take};
use super::limits::MERGES_MAX;
use super::part::{Parts, TEXT_BYTES_MAX, Xml, add_text, attribute};
use super::said::{Failed, Merged, Row, Shown, Wrong, encrypted};
use super::shown::{self, Style};
use super::{COLUMNS_MAX, ROWS_MAX, SAVE_AS_CSV, TABLE_AS_WORKBOOK};

const CONTENT: &str = "content.xml";
const MANIFEST: &str = "META-INF/manifest.xml";

/// A workbook, its sheets not yet read.
pub(super) struct Book {
    parts: Parts,
    sheets: Vec<Listed>,
    struck: Struck,
}

/// The names of the styles that strike a cell through.
type Struck = HashSet<String>;

impl Book {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, Failed> {
        let mut parts = Parts::open(bytes)?;
        if is_encrypted(&mut parts)? {
            return Err(encrypted());
        }
        let mut struck = Struck::new();
        let sheets = sheets(&mut parts, &mut struck)?.ok_or_else(|| {
            Failed::new(
                "is an OpenDocument text, drawing or presentation, and no spreadsheet",
                TABLE_AS_WORKBOOK,
            )
        })?;
        Ok(Self {
            parts,
            sheets,
            struck,
        })
    }

    pub(super) fn sheets(&self) -> Vec<Listed> {
        self.sheets.clone()
    }

    /// Merged cells are told by the first of them, so the sheet is read once for them.
    pub(super) fn layout(&mut self, sheet: usize) -> Result<Layout, Failed> {
        let mut layout = Layout::default();
        let struck = &self.struck;
        read(&mut self.parts, sheet, struck, &mut layout, &mut |_| {
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(layout)
    }

    pub(super) fn rows(&mut self, sheet: usize, take: &mut Take<'_>) -> Result<(), Failed> {
        let mut layout = Layout::default();
        read(&mut self.parts, sheet, &self.struck, &mut layout, take)
    }
}

fn is_encrypted(parts: &mut Parts) -> Result<bool, Failed> {
    let mut xml = parts.xml(MANIFEST)?;
    let mut buffer = Vec::new();
    loop {
        match xml.next(&mut buffer)? {
            Event::Eof => return Ok(false),
            Event::Start(element) if element.local_name().as_ref() == "encryption-data" => {
                return Ok(true);
            }
            _ => {}
        }
    }
}

/// The sheets in order; `None` where the content is that of another kind of document. Adds to the styles that strike through.
fn sheets(parts: &mut Parts, struck: &mut Struck) -> Result<Option<Vec<Listed>>, Failed> {
    let mut xml = parts.xml(CONTENT)?;
    let mut buffer = Vec::new();
    let mut hidden_styles: HashMap<String, bool> = HashMap::new();
    let mut style = String::new();
    let mut found: Option<Vec<Listed>> = None;
    let mut depth = 0_usize;
    loop {
        match xml.next(&mut buffer)? {
            Event::Eof => return Ok(found),
            Event::Start(element) => match element.local_name().as_ref() {
                "style" => style = attribute(&element, "name").unwrap_or_default(),
                "table-properties" => {
                    let is_hidden =
                        attribute(&element, "display").is_some_and(|display| display == "false");
                    hidden_styles.insert(style.clone(), is_hidden);
                }
                "text-properties" if depth == 0 && found.is_none() => {
                    let line = attribute(&element, "text-line-through-style");
                    let line = line.or_else(|| attribute(&element, "text-line-through-type"));
                    if line.is_some_and(|line| line != "none") {
                        struck.insert(style.clone());
                    }
                }
                "spreadsheet" => found = Some(Vec::new()),
                "table" => {
                    depth += 1;
                    if let (1, Some(found)) = (depth, &mut found) {
                        let style = attribute(&element, "style-name").unwrap_or_default();
                        found.push(Listed {
                            name: attribute(&element, "name").unwrap_or_default(),
                            is_hidden: hidden_styles.get(&style).copied().unwrap_or(false),
                        });
                    }
                }
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == "table" => {
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
    }
}

/// Goes through a sheet.
fn read(
    parts: &mut Parts,
    sheet: usize,
    struck: &Struck,
    layout: &mut Layout,
    take: &mut Take<'_>,
) -> Result<(), Failed> {
    let mut xml = parts.xml(CONTENT)?;
    let mut buffer = Vec::new();
    let mut begun = 0;
    let mut depth = 0_usize;
    while begun <= sheet {
        match xml.within(&mut buffer)? {
            Event::Start(element) if element.local_name().as_ref() == "table" => {
                // Tables within cells are no sheets.
                begun += usize::from(depth == 0);
                depth += 1;
            }
            Event::End(element) if element.local_name().as_ref() == "table" => {
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
    }
    let mut reading = Rows {
        xml,
        layout,
        struck,
        row: 0,
        columns: 0,
    };
    reading.all(take)
}

struct Rows<'l, R> {
    xml: Xml<R>,
    layout: &'l mut Layout,
    struck: &'l Struck,
    /// The next row, from 0.
    row: u32,
    /// The next column that is described, from 0.
    columns: u32,
}

/// A cell as it stands in the file.
struct Cell {
    shown: Shown,
    repeats: u32,
}

impl<R: BufRead> Rows<'_, R> {
    fn all(&mut self, take: &mut Take<'_>) -> Result<(), Failed> {
        let mut buffer = Vec::new();
        loop {
            let element = match self.xml.within(&mut buffer)? {
                Event::Start(element) => element,
                Event::End(element) if element.local_name().as_ref() == "table" => return Ok(()),
                _ => continue,
            };
            match element.local_name().as_ref() {
                "table-column" => self.column(&element),
                "table-row" => {
                    let is_hidden = attribute(&element, "visibility")
                        .is_some_and(|visibility| visibility != "visible");
                    let left = ROWS_MAX - self.row;
                    let repeats = repeated(&element, "number-rows-repeated", left);
                    let style = attribute(&element, "default-cell-style-name");
                    let mut row = self.row(style.as_deref())?;
                    row.is_hidden = is_hidden;
                    if row.cells.is_empty() {
                        self.row += repeats.min(left);
                        continue;
                    }
                    if left == 0 {
                        return Err(self.xml.damaged());
                    }
                    for _ in 0..repeats {
                        self.row += 1;
                        row.number = u64::from(self.row);
                        if take(row.clone())?.is_break() {
                            return Ok(());
                        }
                    }
                }
                // What is not the sheet's own: shapes, and forms, which may hold tables.
                "shapes" | "forms" => self.xml.text(&mut String::new(), &mut buffer)?,
                _ => {}
            }
        }
    }

    fn column(&mut self, element: &BytesStart<'_>) {
        let left = COLUMNS_MAX - self.columns;
        let count = repeated(element, "number-columns-repeated", left).min(left);
        if attribute(element, "visibility").is_some_and(|visibility| visibility != "visible") {
            self.layout.hide(self.columns..self.columns + count);
        }
        self.columns += count;
    }

    fn row(&mut self, style: Option<&str>) -> Result<Row, Failed> {
        let mut row = Row::default();
        let mut column = 0;
        let mut buffer = Vec::new();
        loop {
            let element = match self.xml.within(&mut buffer)? {
                Event::Start(element) => element,
                Event::End(_) => return Ok(row),
                _ => continue,
            };
            let name = element.local_name();
            let is_covered = name.as_ref() == "covered-table-cell";
            if !is_covered && name.as_ref() != "table-cell" {
                return Err(self.xml.damaged());
            }
            self.merge(&element, column)?;
            let head = Head::of(&element, COLUMNS_MAX - column);
            let own = attribute(&element, "style-name");
            let style = own.as_deref().or(style);
            let is_struck = style.is_some_and(|style| self.struck.contains(style));
            let cell = self.cell(head)?;
            let is_blank = is_covered || cell.shown.as_ref().is_ok_and(String::is_empty);
            if is_blank {
                // What is covered by a merged cell is not seen.
                column = (column + cell.repeats).min(COLUMNS_MAX);
                continue;
            }
            if column == COLUMNS_MAX {
                return Err(self.xml.damaged());
            }
            for _ in 0..cell.repeats {
                row.put(column, cell.shown.clone());
                if is_struck {
                    row.strike(column);
                }
                column += 1;
            }
        }
    }

    fn merge(&mut self, element: &BytesStart<'_>, column: u32) -> Result<(), Failed> {
        let (rows_left, columns_left) = (ROWS_MAX - self.row, COLUMNS_MAX - column);
        if rows_left == 0 || columns_left == 0 {
            return Ok(());
        }
        let rows = repeated(element, "number-rows-spanned", rows_left);
        let columns = repeated(element, "number-columns-spanned", columns_left);
        if rows > 1 || columns > 1 {
            self.layout.merged.push(Merged {
                first_row: self.row,
                last_row: self.row + rows - 1,
                first_column: column,
                last_column: column + columns - 1,
            });
        }
        if self.layout.merged.len() > MERGES_MAX {
            return Err(Failed::new(
                format!("is a workbook whose sheet has more than {MERGES_MAX} merged cells"),
                SAVE_AS_CSV,
            ));
        }
        Ok(())
    }

    fn cell(&mut self, head: Head) -> Result<Cell, Failed> {
        let mut text = String::new();
        let mut buffer = Vec::new();
        let mut depth = 0_usize;
        let mut paragraphs = 0_usize;
        loop {
            match self.xml.within(&mut buffer)? {
                Event::End(_) if depth == 0 => break,
                Event::End(_) => depth -= 1,
                Event::Start(element) => match element.local_name().as_ref() {
                    // Comments, and readings above characters, are not the cell's text.
                    "annotation" | "ruby-text" | "table" | "frame" | "custom-shape" => {
                        self.xml.text(&mut String::new(), &mut buffer)?;
                    }
                    name => {
                        match name {
                            "p" | "h" => {
                                if paragraphs > 0 {
                                    text.push('\n');
                                }
                                paragraphs += 1;
                            }
                            "s" => {
                                let count = repeated(&element, "c", u32::from(u16::MAX));
                                text.extend((0..count).map(|_| ' '));
                                if text.len() > TEXT_BYTES_MAX {
                                    return Err(self.xml.damaged());
                                }
                            }
                            "tab" => text.push('\t'),
                            "line-break" => text.push('\n'),
                            _ => {}
                        }
                        depth += 1;
                    }
                },
                // Between paragraphs there is only the file's own white space.
                _ if depth == 0 => {}
                event => add_text(&mut text, &event).map_err(|()| self.xml.damaged())?,
            }
        }
        Ok(Cell {
            repeats: head.repeats,
            shown: head.shown(text),
        })
    }
}

/// A cell's attributes.
struct Head {
    repeats: u32,
    kind: String,
    value: Option<String>,
    is_error: bool,
    is_formula: bool,
}

impl Head {
    fn of(element: &BytesStart<'_>, columns_left: u32) -> Self {
        let mut head = Self {
            repeats: 1,
            kind: String::new(),
            value: None,
            is_error: false,
            is_formula: false,
        };
        let mut attributes = element.attributes();
        attributes.with_checks(false);
        for attribute in attributes.filter_map(Result::ok) {
            let value = || {
                let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
                value.map(std::borrow::Cow::into_owned).unwrap_or_default()
            };
            let is_calc = attribute.key.as_ref().starts_with("calcext:");
            match attribute.key.local_name().as_ref() {
                "number-columns-repeated" => {
                    head.repeats = value().parse().unwrap_or(1).clamp(1, columns_left.max(1));
                }
                "value-type" if is_calc => head.is_error = value() == "error",
                "value-type" => head.kind = value(),
                "value" | "string-value" | "date-value" | "time-value" | "boolean-value" => {
                    head.value = Some(value());
                }
                "formula" => head.is_formula = true,
                _ => {}
            }
        }
        head
    }

    fn shown(self, text: String) -> Shown {
        // What LibreOffice and others write for an error, each in its way.
        let looks_wrong = self.is_formula
            && (text.starts_with("Err:")
                || (text.starts_with('#') && text.ends_with(['!', '?', 'A'])));
        if self.is_error || looks_wrong {
            return Err((text, Wrong::Error));
        }
        match (self.kind.as_str(), self.value) {
            ("float" | "percentage" | "currency", Some(value)) => match value.parse::<f64>() {
                Ok(number) => shown_number(number, &text).map_err(|wrong| (value, wrong)),
                Err(_) => Err((value, Wrong::NotRead)),
            },
            ("date", Some(value)) => Ok(shown::iso(&value)),
            ("time", Some(value)) => shown::iso_duration(&value).ok_or((value, Wrong::NoSuchDate)),
            ("boolean", Some(value)) => Ok(shown::boolean(value == "true")),
            ("string", Some(value)) if text.is_empty() => Ok(value),
            ("", _) if self.is_formula => Err((text, Wrong::NoStoredValue)),
            ("string" | "", _) => Ok(text),
            (_, value) => Err((value.unwrap_or(text), Wrong::NotRead)),
        }
    }
}

/// A number; one that is shown with zeros in front or signs between its digits, as ids are, keeps them.
fn shown_number(number: f64, text: &str) -> Result<String, Wrong> {
    let plain = shown::number(number, &Style::Number, false)?;
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_id = text
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '-' | ' '))
        && text.starts_with('0')
        && digits.trim_start_matches('0') == plain
        && digits.len() > plain.len();
    Ok(if is_id { text.to_owned() } else { plain })
}

/// How often something stands there, at most so often.
fn repeated(element: &BytesStart<'_>, name: &str, most: u32) -> u32 {
    let count = attribute(element, name).and_then(|count| count.parse().ok());
    count.unwrap_or(1).clamp(1, most.max(1))
}
