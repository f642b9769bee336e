//! Delimited text to rows: records by `scan`, and what makes a record a row of this header.
//!
//! Lines without a byte are no records. Not here: finding out delimiter, quote and header, and white space around
//! cells (which is kept).

use crate::codes::ProblemCode;
use crate::numbers::grouped;
use std::io;

use memchr::{memchr, memchr_iter};

use super::super::judge::{Doubt, Judge, Usual, Verdict};
use super::super::source::Window;
use super::super::text::trimmed;
use super::super::uncorrected::{ProblemColumn, UNCORRECTED};
use super::scan::{After, Dialect, QuoteFault, Scan, Span, Spans, line_breaks, scan};
use super::{
    AHEAD_BYTES_MAX, Aside, Cells, Decoded, KEPT_BYTES_MAX, Malformed, ROW_BYTES_MAX, RawRow,
    RecordKind, Shape, skip_line,
};

/// The values of a record in UTF-8.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    record: &'a str,
    scratch: &'a str,
    spans: &'a [Span],
}

impl<'a> Values<'a> {
    /// The cells of a record; what is quoted within them is in the scratch.
    pub(crate) fn new(record: &'a str, scratch: &'a str, spans: &'a [Span]) -> Self {
        Self {
            record,
            scratch,
            spans,
        }
    }

    /// Record, scratch and where in them the cells stand.
    pub(crate) fn parts(&self) -> (&'a str, &'a str, &'a [Span]) {
        (self.record, self.scratch, self.spans)
    }

    /// The number of cells.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// A cell as it is; nothing for one beyond the last.
    pub(crate) fn get(&self, column: usize) -> &'a str {
        match self.spans.get(column) {
            Some(span) if span.in_scratch => &self.scratch[span.start..span.end],
            Some(span) => &self.record[span.start..span.end],
            None => "",
        }
    }
}

/// The line of a place in a piece that begins on `line`, and the character within that line; both from 1.
pub(crate) fn place(bytes: &[u8], at: usize, line: u64) -> (u64, u64) {
    let before = &bytes[..at];
    let line_start = memchr::memrchr2(b'\n', b'\r', before).map_or(0, |last| last + 1);
    (line + line_breaks(before), chars(&before[line_start..]) + 1)
}

/// [`place`] in a piece of JSON, whose lines end at LF alone.
fn place_in_json(bytes: &[u8], at: usize, line: u64) -> (u64, u64) {
    let before = &bytes[..at];
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |last| last + 1);
    let breaks = memchr::memchr_iter(b'\n', before).count() as u64;
    (line + breaks, chars(&before[line_start..]) + 1)
}

fn chars(bytes: &[u8]) -> u64 {
    // Bytes that continue a character of UTF-8 are not counted; good enough where the bytes are not UTF-8.
    let starts = bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80);
    starts.count() as u64
}

/// Reads the records below the header.
pub(crate) struct Decoder {
    dialect: Dialect,
    columns: usize,
    /// The number of cells of the header: columns without a name at the end are more than `columns`.
    width: usize,
    /// The maximum number of cells of a row, including blank ones.
    row_cells: usize,
    /// Columns without a name, which hold nothing in the first records.
    nameless: Vec<usize>,
    /// The column with the problems, if the input is a file of rejects.
    problem: Option<ProblemColumn>,
    /// Tells rows from what is none.
    judge: Judge,
    /// Of the next unread byte, once `pending` is consumed.
    line: u64,
    /// What the row given out last still takes of the window.
    pending: usize,
    cells: Spans,
    /// Of a record that is looked at ahead.
    ahead_cells: Spans,
    kept: Vec<u8>,
}

/// What comes after a record, as far as it is looked at.
#[derive(Clone, Copy)]
struct Ahead<'a> {
    bytes: &'a [u8],
    /// Nothing comes after these bytes.
    is_all: bool,
}

impl Decoder {
    /// A decoder for records of an input's columns with at most `row_cells` cells, the first of which begins on `line`.
    pub(crate) fn new(shape: &Shape, judge: Judge, row_cells: usize, line: u64) -> Self {
        let nameless = shape
            .columns
            .iter()
            .enumerate()
            .filter(|(_, name)| name.is_empty());
        Self {
            dialect: shape.dialect(),
            columns: shape.columns.len(),
            width: judge.width(),
            row_cells,
            nameless: nameless.map(|(column, _)| column).collect(),
            problem: ProblemColumn::find(&shape.columns),
            judge,
            line,
            pending: 0,
            cells: Spans::default(),
            ahead_cells: Spans::default(),
            kept: Vec::new(),
        }
    }

    /// The values that many rows have.
    pub(crate) fn usual(&self) -> Usual {
        self.judge.usual()
    }

    /// The next record.
    pub(crate) fn next<'a>(&'a mut self, window: &'a mut Window) -> io::Result<Decoded<'a>> {
        window.consume(std::mem::take(&mut self.pending));
        let breaks = skip_breaks(window)?;
        self.line += breaks;
        if breaks > 0 {
            self.judge.blank();
        }
        if window.unread().is_empty() {
            return Ok(Decoded::End);
        }
        let line = self.line;
        match scan_window(window, ROW_BYTES_MAX, self.dialect, &mut self.cells)? {
            Scan::Record {
                content,
                whole,
                fault,
            } => {
                self.line += match fault {
                    None => self.cells.breaks() + u64::from(whole > content),
                    Some(_) => line_breaks(&window.unread()[..whole]),
                };
                self.pending = whole;
                window.ensure(whole + AHEAD_BYTES_MAX + 1)?;
                let (record, ahead) = window.unread().split_at(whole);
                let raw = &record[..content];
                let ahead = Ahead {
                    bytes: &ahead[..ahead.len().min(AHEAD_BYTES_MAX)],
                    is_all: ahead.len() <= AHEAD_BYTES_MAX,
                };
                Ok(match fault {
                    Some(fault) => Decoded::Malformed(quote_problem(fault, raw, line)),
                    None => self.row(raw, line, ahead),
                })
            }
            Scan::TooLarge { cell } => {
                let unread = window.unread();
                self.kept.clear();
                self.kept
                    .extend_from_slice(&unread[..unread.len().min(KEPT_BYTES_MAX)]);
                self.line += line_breaks(&unread[..cell]);
                window.consume(cell);
                self.line += u64::from(skip_line(window, true)?);
                Ok(Decoded::Malformed(Malformed {
                    row_line: line,
                    line,
                    code: ProblemCode::RowTooLarge,
                    message: format!(
                        "the row is larger than {} bytes, the most that is read; perhaps a line break is missing",
                        grouped(ROW_BYTES_MAX as u64)
                    ),
                    raw: &self.kept,
                    kind: RecordKind::Piece,
                    value: None,
                }))
            }
            Scan::More => Ok(Decoded::End),
        }
    }

    /// Checks what can be checked of a record without knowing what it means.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of line")]
    fn row<'a>(&'a mut self, raw: &'a [u8], line: u64, ahead: Ahead<'_>) -> Decoded<'a> {
        let (Ok(record), Ok(scratch)) = (
            std::str::from_utf8(raw),
            std::str::from_utf8(self.cells.scratch()),
        ) else {
            return Decoded::Malformed(not_utf8(raw, line, RecordKind::Faulty));
        };
        let values = Values {
            record,
            scratch,
            spans: self.cells.spans(),
        };
        let count = self.cells.len();
        if (0..count).all(|column| trimmed(values.get(column)).is_empty()) {
            self.judge.blank();
            return Decoded::Blank { line };
        }
        let malformed = |code, message| {
            Decoded::Malformed(Malformed {
                row_line: line,
                line,
                code,
                message,
                raw,
                kind: RecordKind::Faulty,
                value: None,
            })
        };
        if let Some(at) = memchr(0, raw) {
            let (line_of_it, column) = place(raw, at, line);
            return Decoded::Malformed(Malformed {
                row_line: line,
                line: line_of_it,
                code: ProblemCode::NulByte,
                message: format!("character {column} is a NUL byte; text has none"),
                raw,
                kind: RecordKind::Faulty,
                value: None,
            });
        }
        let doubtful = |doubt: Doubt| {
            Decoded::Malformed(Malformed {
                row_line: line,
                line,
                code: doubt.code(),
                message: doubt.message("line").into_owned(),
                raw,
                // Among rejects, where other rows stand around it, it may not seem doubtful.
                kind: RecordKind::Faulty,
                value: None,
            })
        };
        if self
            .problem
            .as_ref()
            .is_some_and(|problem| problem.is_uncorrected(|column| values.get(column)))
        {
            return malformed(ProblemCode::UncorrectedLine, UNCORRECTED.to_owned());
        }
        match self.judge.judge(line, count, |column| values.get(column)) {
            Verdict::Row => {}
            Verdict::RowOrTitle => {
                if is_header_next(ahead, self.dialect, &mut self.ahead_cells, &self.judge) {
                    let text = self
                        .cells
                        .texts(raw)
                        .find(|text| !text.trim_ascii().is_empty());
                    let text = text.and_then(|text| std::str::from_utf8(text).ok());
                    self.judge.learn_title(line, text.unwrap_or_default());
                    return doubtful(Doubt::LoneCell);
                }
            }
            Verdict::Aside(what) => return Decoded::Aside(Aside { line, what, raw }),
            Verdict::AsideAtEnd(what) => {
                let follow = self
                    .judge
                    .rows_follow()
                    .unwrap_or_else(|| may_have_row(ahead, self.dialect, &mut self.ahead_cells));
                self.judge.learn_rows_follow(follow);
                if follow {
                    return doubtful(what.doubt());
                }
                return Decoded::Aside(Aside { line, what, raw });
            }
            Verdict::Doubtful(doubt) => return doubtful(doubt),
        }
        if let Some((code, message)) = self.wrong_count(count, &values) {
            return malformed(code, message);
        }
        if self.is_cut_off(count, &values, ahead) {
            return doubtful(Doubt::CutOff);
        }
        if let Some((code, message)) = self.wrong_cell(raw, &values) {
            return malformed(code, message);
        }
        Decoded::Row(RawRow {
            line,
            raw,
            cells: Cells::Csv(values),
            is_hidden: false,
            is_struck: false,
        })
    }
}

impl Decoder {
    /// Returns the problem of a record with fewer cells than the header, more than the other rows, or a value beyond the
    /// header.
    fn wrong_count(&self, count: usize, values: &Values<'_>) -> Option<(ProblemCode, String)> {
        if count < self.columns {
            let cells = if count == 1 { "cell" } else { "cells" };
            return Some((
                ProblemCode::TooFewCells,
                format!(
                    "the row has {count} {cells}, the header {}; what is missing cannot be told",
                    self.columns
                ),
            ));
        }
        // A value after a text may be the rest of that text, which would then be sent incomplete.
        let from = if self.judge.may_break() {
            self.columns
        } else {
            self.width
        };
        let is_filled = |column: usize| !trimmed(values.get(column)).is_empty();
        if count <= self.row_cells && !(from..count).any(is_filled) {
            return None;
        }
        let others = if count > self.row_cells && self.row_cells > self.columns {
            format!("most rows {}", self.row_cells)
        } else {
            format!("the header {}", self.columns)
        };
        Some((
            ProblemCode::TooManyCells,
            format!(
                "the row has {count} cells, {others}; perhaps a cell with a delimiter lacks its quotes"
            ),
        ))
    }

    /// A cell with a quote that is no quote of a cell, or that no name stands above.
    fn wrong_cell(&self, raw: &[u8], values: &Values<'_>) -> Option<(ProblemCode, String)> {
        if let Some(column) = self.stray_quotes(raw) {
            return Some((
                ProblemCode::StrayQuotes,
                format!(
                    "column {} has a quote within it, and a later cell ends with one: perhaps a delimiter is missing in front of \
                     a quoted cell",
                    column + 1
                ),
            ));
        }
        let mut nameless = self.nameless.iter();
        let column = nameless.find(|&&column| !trimmed(values.get(column)).is_empty())?;
        Some((
            ProblemCode::NamelessColumn,
            format!(
                "column {} has a value and no name in the header; name it there",
                column + 1
            ),
        ))
    }

    /// Whether the last text of a row goes on in the next line, since it lacks its quotes.
    fn is_cut_off(&self, count: usize, values: &Values<'_>, ahead: Ahead<'_>) -> bool {
        if !self.judge.may_break() || trimmed(values.get(count - 1)).is_empty() {
            return false;
        }
        let end = memchr::memchr2(b'\n', b'\r', ahead.bytes).unwrap_or(ahead.bytes.len());
        let line = &ahead.bytes[..end];
        let Dialect {
            delimiter, quote, ..
        } = self.dialect;
        if line.is_empty() || memchr(quote, line).is_some() {
            return false;
        }
        let count = memchr_iter(delimiter, line).count() + 1;
        if count >= self.columns {
            return false;
        }
        let first = line.split(|byte| *byte == delimiter).next();
        first
            .and_then(|first| std::str::from_utf8(first).ok())
            .is_some_and(|first| self.judge.continues(count, first))
    }

    /// The first unquoted cell with a quote after other text where a later unquoted cell ends with a quote: what stood
    /// between them was quoted, perhaps, and its delimiters did not divide cells.
    fn stray_quotes(&self, raw: &[u8]) -> Option<usize> {
        let quote = self.dialect.quote;
        // Two for each quoted cell are those around it.
        if memchr_iter(quote, raw).count() == self.cells.quoted() * 2 {
            return None;
        }
        let mut opened = None;
        for (column, cell) in self.cells.raw().enumerate() {
            let cell = &raw[cell];
            let is_quoted = cell.trim_ascii_start().first() == Some(&quote);
            if is_quoted || memchr(quote, cell).is_none() {
                continue;
            }
            if opened.is_some() && cell.last() == Some(&quote) {
                return opened;
            }
            if opened.is_none() && memchr_iter(quote, cell).count() % 2 == 1 {
                opened = Some(column);
            }
        }
        None
    }
}

/// Returns whether the text ahead may have a row, or is too long to decide.
fn may_have_row(ahead: Ahead<'_>, dialect: Dialect, cells: &mut Spans) -> bool {
    let decide = |count, values: &Values<'_>| {
        Judge::may_be_row(count, |column| values.get(column)).then_some(true)
    };
    decide_ahead(ahead, dialect, cells, true, decide).unwrap_or(!ahead.is_all)
}

/// Returns whether the next record that is not blank is a header.
fn is_header_next(ahead: Ahead<'_>, dialect: Dialect, cells: &mut Spans, judge: &Judge) -> bool {
    let decide = |count, values: &Values<'_>| {
        let is_filled = (0..count).any(|column| !trimmed(values.get(column)).is_empty());
        is_filled.then(|| judge.is_header_below(count, |column| values.get(column)))
    };
    decide_ahead(ahead, dialect, cells, false, decide).unwrap_or(false)
}

/// Returns the first decision on a record ahead, and `if_unreadable` at one that cannot be read. `decide` gets
/// the number of its cells and its values.
fn decide_ahead(
    ahead: Ahead<'_>,
    dialect: Dialect,
    cells: &mut Spans,
    if_unreadable: bool,
    decide: impl Fn(usize, &Values<'_>) -> Option<bool>,
) -> Option<bool> {
    let after = if ahead.is_all {
        After::End
    } else {
        After::More
    };
    let mut rest = ahead.bytes;
    while !rest.is_empty() {
        let Scan::Record {
            content,
            whole,
            fault: None,
        } = scan(rest, after, ROW_BYTES_MAX, dialect, cells)
        else {
            return Some(if_unreadable);
        };
        let texts = (
            std::str::from_utf8(&rest[..content]),
            std::str::from_utf8(cells.scratch()),
        );
        let (Ok(record), Ok(scratch)) = texts else {
            return Some(if_unreadable);
        };
        let values = Values::new(record, scratch, cells.spans());
        let decision = decide(cells.len(), &values);
        if decision.is_some() {
            return decision;
        }
        rest = &rest[whole..];
    }
    None
}

/// Scans one record of the window, reading on as needed. Never [`Scan::More`].
pub(crate) fn scan_window(
    window: &mut Window,
    limit: usize,
    dialect: Dialect,
    cells: &mut Spans,
) -> io::Result<Scan> {
    loop {
        let unread = window.unread();
        let (bytes, after) = if unread.len() >= limit + 2 {
            (&unread[..limit + 2], After::Limit)
        } else if window.is_last() {
            (unread, After::End)
        } else {
            (unread, After::More)
        };
        match scan(bytes, after, limit, dialect, cells) {
            Scan::More => window.more()?,
            found => return Ok(found),
        }
    }
}

/// Consumes line ends; how many there were.
pub(crate) fn skip_breaks(window: &mut Window) -> io::Result<u64> {
    let mut breaks = 0;
    loop {
        window.ensure(2)?;
        let taken = match window.unread() {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => return Ok(breaks),
        };
        window.consume(taken);
        breaks += 1;
    }
}

/// The cells' texts of a header; `Err`: where it is not UTF-8.
pub(crate) fn names(record: &[u8], cells: &Spans) -> Result<Vec<String>, usize> {
    if let Err(error) = std::str::from_utf8(record) {
        return Err(error.valid_up_to());
    }
    Ok(cells
        .texts(record)
        .map(|text| String::from_utf8_lossy(text).trim().to_owned())
        .collect())
}

fn quote_problem(fault: QuoteFault, raw: &[u8], row_line: u64) -> Malformed<'_> {
    let (line, column) = place(raw, fault.cell(), row_line);
    let (code, message) = match fault {
        QuoteFault::TextAfter { at, .. } if at <= raw.len() => {
            let (_, column) = place(raw, at, row_line);
            (
                ProblemCode::TextAfterQuote,
                format!(
                    "text follows a closing quote (character {column}); a quote within a quoted cell is written twice"
                ),
            )
        }
        QuoteFault::TextAfter { .. } => (
            ProblemCode::OpenQuote,
            format!(
                "the quote opened here (character {column}) does not close where a cell ends; reading goes on with the next line"
            ),
        ),
        QuoteFault::Open { .. } => (
            ProblemCode::OpenQuote,
            format!(
                "the quote opened here (character {column}) never closes; reading goes on with the next line"
            ),
        ),
    };
    Malformed {
        row_line,
        line,
        code,
        message,
        raw,
        kind: RecordKind::Piece,
        value: None,
    }
}

/// The problem of bytes that are not UTF-8.
pub(crate) fn not_utf8(raw: &[u8], row_line: u64, kind: RecordKind) -> Malformed<'_> {
    let at = std::str::from_utf8(raw).map_or_else(|error| error.valid_up_to(), |_| 0);
    let (line, column) = match kind {
        RecordKind::Cells | RecordKind::Faulty | RecordKind::Piece => place(raw, at, row_line),
        RecordKind::Object | RecordKind::Line => place_in_json(raw, at, row_line),
    };
    let byte = raw.get(at).copied().unwrap_or_default();
    Malformed {
        row_line,
        line,
        code: ProblemCode::NotUtf8,
        message: format!(
            "byte 0x{byte:02X} at character {column} is not UTF-8; save the file as UTF-8"
        ),
        raw,
        kind,
        value: None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const COMMA: Dialect = Dialect {
        delimiter: b',',
        quote: b'"',
        escape: None,
        is_padded: false,
    };

    /// A decoder that judges nothing.
    fn decoder(dialect: Dialect, columns: usize) -> Decoder {
        Decoder {
            dialect,
            columns,
            width: columns,
            row_cells: columns,
            nameless: Vec::new(),
            problem: None,
            judge: Judge::default(),
            line: 1,
            pending: 0,
            cells: Spans::default(),
            ahead_cells: Spans::default(),
            kept: Vec::new(),
        }
    }

    /// Every row as `line: cell|cell`, every problem as `line! code`.
    fn read(text: &[u8], columns: usize) -> Vec<String> {
        let mut window = Window::new(Box::new(Cursor::new(text.to_vec())));
        let mut decoder = decoder(COMMA, columns);
        let mut found = Vec::new();
        loop {
            match decoder.next(&mut window).expect("a cursor reads") {
                Decoded::Row(row) => {
                    let Cells::Csv(values) = row.cells else {
                        unreachable!("a CSV decoder gives CSV")
                    };
                    let cells: Vec<_> = (0..columns).map(|column| values.get(column)).collect();
                    found.push(format!("{}: {}", row.line, cells.join("|")));
                }
                Decoded::Blank { line } => found.push(format!("{line}: blank")),
                Decoded::Aside(aside) => {
                    found.push(format!("{}: {}", aside.line, aside.what.code().as_str()));
                }
                Decoded::Malformed(problem) => {
                    found.push(format!("{}! {}", problem.line, problem.code.as_str()));
                }
                Decoded::End => return found,
            }
        }
    }

    #[test]
    fn cells_and_lines_of_well_formed_records() {
        assert_eq!(
            read(b"a,\"b, \"\"c\"\"\"\r\n\r\n\"x\ny\",z\rlast,5\" tall", 2),
            ["1: a|b, \"c\"", "3: x\ny|z", "5: last|5\" tall"]
        );
        assert_eq!(
            read(b"a,b\n,\n , \n\"\",\"\"\n", 2),
            ["1: a|b", "2: blank", "3: blank", "4: blank"]
        );
    }

    #[test]
    fn ragged_records_are_problems_of_their_line() {
        assert_eq!(
            read(b"a\na,b\na,b,c\na,b, ,\n", 2),
            [
                "1! too_few_cells",
                "2: a|b",
                "3! too_many_cells",
                "4! too_many_cells"
            ]
        );
    }

    #[test]
    fn an_open_quote_is_blamed_on_its_line_and_reading_goes_on() {
        assert_eq!(
            read(b"1,\"open\n2,b\n3,c\n", 2),
            ["1! open_quote", "2: 2|b", "3: 3|c"]
        );
        // The next quote that would close it stands in front of text.
        assert_eq!(
            read(b"1,\"open\n2,\"b\"\n3,c\n", 2),
            ["1! open_quote", "2: 2|b", "3: 3|c"]
        );
        // A record of two lines whose second line holds the fault is refused whole.
        assert_eq!(
            read(b"\"x\ny\",\"open\n2,b\n", 2),
            ["2! open_quote", "3: 2|b"]
        );
        assert_eq!(read(b"1,\"open at the end", 2), ["1! open_quote"]);
    }

    #[test]
    fn text_after_a_closing_quote_is_a_problem_of_that_record() {
        assert_eq!(
            read(b"1,\"a\"b\n2,\"a\"b,\"x\ny\"\n4,c\n", 2),
            ["1! text_after_quote", "2! text_after_quote", "4: 4|c"]
        );
    }

    #[test]
    fn bytes_that_are_not_text_are_problems_of_their_line() {
        assert_eq!(
            read(b"1,\"a\n\xe9\"\n3,\0\n4,\xc3\xa9\n\xc3,\xa9\n", 2),
            ["2! not_utf8", "3! nul_byte", "4: 4|é", "5! not_utf8"]
        );
    }

    #[test]
    fn too_large_a_record_is_skipped() {
        let mut text = b"1,".to_vec();
        text.resize(ROW_BYTES_MAX, b'x');
        text.extend_from_slice(b"\n2,");
        text.resize(text.len() + ROW_BYTES_MAX - 1, b'y');
        text.extend_from_slice(b"\n3,c\n4,\"");
        text.resize(text.len() + ROW_BYTES_MAX, b'z');
        text.extend_from_slice(b"\"\n5,e\n");
        let found = read(&text, 2);
        assert_eq!(found.len(), 5);
        assert!(found[0].starts_with("1: 1|xxx"));
        assert_eq!(
            found[1..],
            ["2! row_too_large", "3: 3|c", "4! row_too_large", "5: 5|e"]
        );
    }

    #[test]
    fn a_quoted_cell_of_too_many_lines_is_taken_for_an_open_quote() {
        let text = format!("1,\"{}\"\nlast,row\n", "l,m\n".repeat(10_001));
        let found = read(text.as_bytes(), 2);
        assert_eq!(found[..2], ["1! open_quote", "2: l|m"]);
        // What is left of the closing quote stands alone on its line.
        assert_eq!(
            found[found.len() - 2..],
            ["10002! open_quote", "10003: last|row"]
        );
    }

    #[test]
    fn every_faulty_file_is_read_in_linear_time() {
        // Each line opens a quote, so that each is scanned into the next one only.
        let text = "x,\"y\n".repeat(50_000);
        assert_eq!(read(text.as_bytes(), 2).len(), 50_000);
    }
}
