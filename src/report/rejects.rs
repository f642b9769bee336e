//! Rejects in the form of their input: corrected, they are themselves an input for the same job.
//!
//! CSV keeps delimiter, quote, line ends, byte order mark, the lines above the header and every cell as it stood, and
//! has `import_problem` as its last column. JSON keeps its objects, one a line, and has `import_problem` in each. What
//! could not be read stays so that it is refused again until someone corrects it. An input that was packed or in another
//! encoding has its rejects unpacked and in UTF-8 with a byte order mark, which counts more than the job's encoding.
//! Not here: which rows are rejects, and the file (its mode, its replacement at once).

use std::io::{self, Write};
use std::ops::Range;

use super::cell;
pub use crate::intake::PROBLEM_COLUMN;
use crate::intake::delimited::{After, Scan, Spans, scan};
use crate::intake::{Record, RecordKind, Shape};
use crate::plan::{Format, NO_QUOTE};
use crate::sanitize::sanitized;

/// The member that holds a line which is not a JSON object.
pub const LINE_MEMBER: &str = "import_line";
/// How the problem of a row begins that could not be read. Where such a row comes again, it is replaced by the new one.
pub const NOT_READ: &str = "not read: ";

/// The file's name in an output folder.
pub const fn file_name(format: Format) -> &'static str {
    match format {
        Format::Csv => "rejects.csv",
        Format::Jsonl | Format::Json => "rejects.jsonl",
    }
}

/// Writes rejects, row by row.
pub struct RejectsWriter<W: Write> {
    out: W,
    shape: Shape,
    /// Which of the input's columns holds the problems of an earlier run.
    old_problem: Option<usize>,
    cells: Spans,
}

impl<W: Write> RejectsWriter<W> {
    /// Begins a file of the input's kind: with what stands above the header, and the header.
    pub fn new(out: W, shape: &Shape) -> io::Result<Self> {
        let old_problem = shape.columns.iter().position(|name| name == PROBLEM_COLUMN);
        let mut this = Self {
            out,
            shape: shape.clone(),
            old_problem,
            cells: Spans::default(),
        };
        if shape.has_bom {
            this.out.write_all(b"\xef\xbb\xbf")?;
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
            RecordKind::Cells => self.write_cells(&record.raw, &problem),
            RecordKind::Faulty => {
                self.out.write_all(&record.raw)?;
                self.end_malformed(self.shape.columns.len(), &problem)
            }
            RecordKind::Piece => {
                self.cell(&record.raw)?;
                self.end_malformed(1, &problem)
            }
            RecordKind::Object => self.write_object(&record.raw, &problem),
            RecordKind::Line => {
                let line = String::from_utf8_lossy(&record.raw);
                write!(
                    self.out,
                    "{{\"{LINE_MEMBER}\":{},\"{PROBLEM_COLUMN}\":{}}}",
                    json(&line),
                    json(&problem)
                )?;
                self.end_line()
            }
        }
    }

    /// The rows have all been written.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn write_cells(&mut self, raw: &[u8], problem: &str) -> io::Result<()> {
        let dialect = self.shape.dialect();
        let scanned = scan(raw, After::End, raw.len(), dialect, &mut self.cells);
        if !matches!(scanned, Scan::Record { content, fault: None, .. } if content == raw.len()) {
            // The dialect is not the one that the record was read with; nothing is lost this way.
            self.cell(raw)?;
            return self.end_malformed(1, problem);
        }
        let cells: Vec<Range<usize>> = self.cells.raw().collect();
        let columns = self.shape.columns.len();
        let is_blank = |cell: &Range<usize>| {
            raw[cell.clone()]
                .iter()
                .all(|&byte| byte == dialect.quote || byte.is_ascii_whitespace())
        };
        if cells.len() < columns || !cells[columns..].iter().all(is_blank) {
            let mut kept = cells.as_slice();
            if self.old_problem == Some(columns - 1)
                && let [before @ .., last] = kept
                && is_not_read(&raw[last.clone()], dialect.quote)
            {
                kept = before;
            }
            for (index, cell) in kept.iter().enumerate() {
                if index > 0 {
                    self.out.write_all(&[dialect.delimiter])?;
                }
                self.out.write_all(&raw[cell.clone()])?;
            }
            return self.end_malformed(kept.len(), problem);
        }
        for (index, cell) in cells[..columns].iter().enumerate() {
            if Some(index) != self.old_problem {
                self.out.write_all(&raw[cell.clone()])?;
                self.out.write_all(&[dialect.delimiter])?;
            }
        }
        self.cell(cell::neutral(problem).as_bytes())?;
        self.end_line()
    }

    /// Ends a row that must be refused again: when the problem would make it look whole, it is written twice.
    fn end_malformed(&mut self, cells: usize, problem: &str) -> io::Result<()> {
        let problem = format!("{NOT_READ}{problem}");
        let columns = self.shape.columns.len() + usize::from(self.old_problem.is_none());
        for _ in 0..if cells + 1 == columns { 2 } else { 1 } {
            self.out.write_all(&[self.shape.delimiter])?;
            self.cell(problem.as_bytes())?;
        }
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
        write!(
            self.out,
            "{open}{comma}\"{PROBLEM_COLUMN}\":{}}}",
            json(problem)
        )?;
        self.end_line()
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.out
            .write_all(if self.shape.is_crlf { b"\r\n" } else { b"\n" })
    }
}

fn is_not_read(cell: &[u8], quote: u8) -> bool {
    let text = cell.strip_prefix(&[quote]).unwrap_or(cell);
    // Where blanks divide cells and nothing stands around them, others stand for them.
    let is_alike =
        |(wanted, found): (u8, &u8)| wanted == *found || (wanted, *found) == (b' ', b'_');
    text.len() >= NOT_READ.len() && NOT_READ.bytes().zip(text).all(is_alike)
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
