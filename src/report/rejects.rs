//! Rejects in the form of their input: corrected, they are themselves an input for the same job.
//!
//! CSV keeps delimiter, quote, line ends, byte order mark, the lines above the header and every cell as it stood, and
//! has `import_problem` as its last column. JSON keeps its objects, one a line, and has `import_problem` in each. A row
//! that could not be read whole gets a cell for each column and a marked problem, by which it is refused again until
//! someone corrects it. A problem names the row's letters beyond ASCII, which show the encoding of a saved file. An input that was packed or in another encoding has its rejects unpacked and in UTF-8. CSV with
//! text beyond ASCII gets a byte order mark, or Excel would read it as another encoding.
//! Not here: which rows are rejects, and the file (its mode, its replacement at once).

use std::io::{self, Write};
use std::ops::Range;

use super::cell;
pub use crate::intake::PROBLEM_COLUMN;
use crate::intake::delimited::{After, Scan, Spans, scan};
use crate::intake::{NOT_READ, Record, RecordKind, Shape, is_uncorrected, letters_note, marked};
use crate::plan::{Format, NO_QUOTE};
use crate::sanitize::sanitized;

/// The member that holds a line which is not a JSON object.
pub const LINE_MEMBER: &str = "import_line";
/// Maximum size of the text kept in memory until it is known whether text beyond ASCII follows, in bytes. Longer
/// rejects get a byte order mark in any case.
const HELD_BYTES_MAX: usize = 1_024 * 1_024;

/// The file's name in an output folder.
pub const fn file_name(format: Format) -> &'static str {
    match format {
        Format::Csv => "rejects.csv",
        Format::Jsonl | Format::Json => "rejects.jsonl",
    }
}

/// Writes rejects, row by row.
pub struct RejectsWriter<W: Write> {
    out: MarkedWriter<W>,
    shape: Shape,
    /// Which of the input's columns holds the problems of an earlier run.
    old_problem: Option<usize>,
    /// For each written column except that of the problem: whether it has a name.
    is_named: Vec<bool>,
    cells: Spans,
}

impl<W: Write> RejectsWriter<W> {
    /// Begins a file of the input's kind: with what stands above the header, and the header.
    pub fn new(out: W, shape: &Shape) -> io::Result<Self> {
        let old_problem = shape.columns.iter().position(|name| name == PROBLEM_COLUMN);
        let mut this = Self {
            out: MarkedWriter {
                out,
                held: (shape.format == Format::Csv && !shape.has_bom).then(Vec::new),
            },
            shape: shape.clone(),
            old_problem,
            is_named: {
                let columns = shape.columns.iter().enumerate();
                let others = columns.filter(|(column, _)| Some(*column) != old_problem);
                others.map(|(_, name)| !name.is_empty()).collect()
            },
            cells: Spans::default(),
        };
        if shape.has_bom {
            this.out.write_all(BYTE_ORDER_MARK)?;
        }
        if shape.format == Format::Csv {
            this.out.write_all(&shape.preamble)?;
            for (index, name) in shape.columns.iter().enumerate() {
                if Some(index) != old_problem {
                    this.cell(name.as_bytes())?;
                    this.out.write_all(&[shape.delimiter])?;
                }
            }
            this.cell(PROBLEM_COLUMN.as_bytes())?;
            this.end_line()?;
        }
        Ok(this)
    }

    /// Writes a row and what is wrong with it.
    pub fn write(&mut self, record: &Record, problem: &str) -> io::Result<()> {
        let problem = sanitized(problem);
        match record.kind {
            RecordKind::Cells => self.write_cells(&record.raw, &problem, true),
            RecordKind::Faulty => self.write_cells(&record.raw, &problem, false),
            RecordKind::Piece => self.write_piece(&record.raw, &problem),
            RecordKind::Object => self.write_object(&record.raw, &problem),
            RecordKind::Line => {
                let line = String::from_utf8_lossy(&record.raw);
                let object = format!(
                    "{{\"{LINE_MEMBER}\":{},\"{PROBLEM_COLUMN}\":{}}}",
                    json(&line),
                    json(&problem)
                );
                self.out.write_all(object.as_bytes())?;
                self.end_line()
            }
        }
    }

    /// The rows have all been written.
    pub fn finish(self) -> io::Result<W> {
        self.out.finish()
    }

    /// Writes a record unchanged. A record that was not read whole gets a cell for each column and a marked problem.
    fn write_cells(&mut self, raw: &[u8], problem: &str, is_read: bool) -> io::Result<()> {
        let dialect = self.shape.dialect();
        let scanned = scan(raw, After::End, raw.len(), dialect, &mut self.cells);
        if !matches!(scanned, Scan::Record { content, fault: None, .. } if content == raw.len()) {
            // The dialect is not the one that the record was read with; nothing is lost this way.
            return self.write_piece(raw, problem);
        }
        let texts = self.cells.texts(raw);
        let texts = texts.map(|text| String::from_utf8_lossy(text).into_owned());
        let mut cells: Vec<_> = self.cells.raw().zip(texts).collect();
        let columns = self.shape.columns.len();
        let is_blank = |cell: &Range<usize>| {
            raw[cell.clone()]
                .iter()
                .all(|&byte| byte == dialect.quote || byte.is_ascii_whitespace())
        };
        let is_whole =
            cells.len() >= columns && cells[columns..].iter().all(|(raw, _)| is_blank(raw));
        let mut old_problem = None;
        if is_whole {
            cells.truncate(columns);
            old_problem = self.old_problem.map(|column| cells.remove(column));
        } else if self.old_problem == Some(columns - 1)
            && cells.last().is_some_and(|(_, text)| is_not_read(text))
        {
            cells.pop();
        }
        let wanted = self.is_named.len();
        if wanted == 0 {
            return self.write_piece(raw, problem);
        }
        // The last column takes all surplus cells: nothing is lost, and the problem is in its column.
        let beyond = cells.get(wanted - 1).map(|(first, _)| first.start);
        let beyond = beyond.filter(|_| cells.len() > wanted).map(|start| {
            let end = cells.last().map_or(start, |(last, _)| last.end);
            String::from_utf8_lossy(&raw[start..end])
        });
        let is_named = |column: &usize| {
            let names = self.shape.columns.iter().enumerate();
            let mut names = names.filter(|(at, _)| Some(*at) != self.old_problem);
            names.nth(*column).is_some_and(|(_, name)| !name.is_empty())
        };
        let text = |column: usize| match &beyond {
            Some(beyond) if column + 1 == wanted => beyond.as_ref(),
            _ => cells.get(column).map_or("", |(_, text)| text.as_ref()),
        };
        let named: Vec<_> = (0..wanted).filter(is_named).map(text).collect();
        let problem = format!("{problem}{}", letters_note((0..wanted).map(text)));
        let problem = match &old_problem {
            Some((_, old)) if is_uncorrected(old, named.iter().copied()) => None,
            _ if is_read => Some(cell::neutral(&problem).into_owned()),
            _ => Some(marked(named.into_iter(), &problem)),
        };
        for column in 0..wanted {
            match (&beyond, cells.get(column)) {
                (Some(beyond), _) if column + 1 == wanted => self.cell(beyond.as_bytes())?,
                (_, Some((cell, _))) => self.out.write_all(&raw[cell.clone()])?,
                (_, None) => {}
            }
            self.out.write_all(&[dialect.delimiter])?;
        }
        match (problem, old_problem) {
            (None, Some((old, _))) => self.out.write_all(&raw[old])?,
            (problem, _) => self.cell(problem.unwrap_or_default().as_bytes())?,
        }
        self.end_line()
    }

    /// Returns the texts of those first cells of a row whose column has a name.
    fn named<'a>(&self, cells: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let cells = cells.chain(std::iter::repeat("")).zip(&self.is_named);
        let named = cells.filter(|(_, is_named)| **is_named);
        named.map(|(text, _)| text).collect()
    }

    /// Writes a row in which the boundaries of the cells cannot be found. All of it goes into the first cell.
    fn write_piece(&mut self, raw: &[u8], problem: &str) -> io::Result<()> {
        self.cell(raw)?;
        let text = String::from_utf8_lossy(raw);
        let named = self.named(std::iter::once(text.as_ref()));
        let problem = format!("{problem}{}", letters_note(std::iter::once(text.as_ref())));
        let problem = marked(named.into_iter(), &problem);
        for _ in 0..self.is_named.len().max(1) {
            self.out.write_all(&[self.shape.delimiter])?;
        }
        self.cell(problem.as_bytes())?;
        self.end_line()
    }

    /// A cell, in quotes where it needs them.
    fn cell(&mut self, text: &[u8]) -> io::Result<()> {
        let Shape {
            delimiter,
            quote,
            escape,
            ..
        } = self.shape;
        let needs_quotes = text
            .iter()
            .any(|&byte| byte == delimiter || byte == quote || matches!(byte, b'\n' | b'\r'));
        if !needs_quotes {
            return self.out.write_all(text);
        }
        if quote == NO_QUOTE {
            // Nothing can stand around it.
            let gap = if delimiter == b' ' { b'_' } else { b' ' };
            let kept = |byte: &u8| {
                if *byte == delimiter || matches!(byte, b'\n' | b'\r') {
                    gap
                } else {
                    *byte
                }
            };
            let text: Vec<u8> = text.iter().map(kept).collect();
            return self.out.write_all(&text);
        }
        let mut quoted = Vec::with_capacity(text.len() + 2);
        quoted.push(quote);
        for &byte in text {
            if byte == quote {
                quoted.push(escape.unwrap_or(quote));
            } else if Some(byte) == escape {
                quoted.push(byte);
            }
            quoted.push(byte);
        }
        quoted.push(quote);
        self.out.write_all(&quoted)
    }

    fn write_object(&mut self, raw: &[u8], problem: &str) -> io::Result<()> {
        // An element of a document may stand over several lines; within its texts there are no line breaks.
        let text: Vec<_> = raw
            .split(|&byte| byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .collect();
        let text = text.join(&b' ');
        let text = String::from_utf8_lossy(&text);
        let kept = without_member(&text, PROBLEM_COLUMN);
        let kept = kept.trim_end();
        let open = kept.strip_suffix('}').unwrap_or(kept);
        let open = open.trim_end();
        let comma = if open.ends_with('{') { "" } else { "," };
        let object = format!("{open}{comma}\"{PROBLEM_COLUMN}\":{}}}", json(problem));
        self.out.write_all(object.as_bytes())?;
        self.end_line()
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.out
            .write_all(if self.shape.is_crlf { b"\r\n" } else { b"\n" })
    }
}

/// Returns whether a cell after the last column is the problem that an earlier version wrote for an unreadable row.
fn is_not_read(text: &str) -> bool {
    // Where blanks divide cells and nothing stands around them, others stand for them.
    text.trim().replace('_', " ").starts_with(NOT_READ)
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes a byte order mark in front of text beyond ASCII.
struct MarkedWriter<W> {
    out: W,
    /// The text so far, while all of it is ASCII. None once the byte order mark was written.
    held: Option<Vec<u8>>,
}

impl<W: Write> MarkedWriter<W> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(held) = &mut self.held else {
            return self.out.write_all(bytes);
        };
        held.extend_from_slice(bytes);
        if !bytes.is_ascii() || held.len() > HELD_BYTES_MAX {
            self.out.write_all(BYTE_ORDER_MARK)?;
            self.out.write_all(&self.held.take().unwrap_or_default())?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&self.held.take().unwrap_or_default())?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text of a JSON object without the members of that name, and otherwise as it was.
fn without_member(object: &str, name: &str) -> String {
    let members = members(object);
    if !members.iter().any(|member| member.is_named(object, name)) {
        return object.to_owned();
    }
    let kept: Vec<_> = members
        .iter()
        .filter(|member| !member.is_named(object, name))
        .map(|member| object[member.whole.clone()].trim())
        .collect();
    format!("{{{}}}", kept.join(","))
}

struct Member {
    key: Range<usize>,
    whole: Range<usize>,
}

impl Member {
    fn is_named(&self, object: &str, name: &str) -> bool {
        serde_json::from_str::<String>(&object[self.key.clone()]).is_ok_and(|key| key == name)
    }
}

/// Where the members of an object stand in its text, which is known to be JSON.
fn members(object: &str) -> Vec<Member> {
    let bytes = object.as_bytes();
    let mut members = Vec::new();
    let mut depth = 0_usize;
    let mut key = None;
    let mut start = 0;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = string_end(bytes, at);
                if depth == 1 && key.is_none() {
                    key = Some(at..end);
                }
                at = end;
                continue;
            }
            b'{' | b'[' => {
                depth += 1;
                if depth == 1 {
                    start = at + 1;
                }
            }
            b'}' | b']' | b',' if depth == 1 => {
                if let Some(key) = key.take() {
                    members.push(Member {
                        key,
                        whole: start..at,
                    });
                }
                start = at + 1;
                if bytes[at] != b',' {
                    break;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    members
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_taken_out_and_the_rest_stays() {
        let out = |text| without_member(text, "p");
        assert_eq!(out(r#"{"a": 1.0, "b":"}"}"#), r#"{"a": 1.0, "b":"}"}"#);
        assert_eq!(
            out(r#"{ "p": {"x":[1,"\"}"]} , "a" : [{"p":2}] }"#),
            r#"{"a" : [{"p":2}]}"#
        );
        assert_eq!(out(r#"{"a":"p","\u0070":1}"#), r#"{"a":"p"}"#);
        assert_eq!(out(r#"{"p":"x"}"#), "{}");
    }
}
