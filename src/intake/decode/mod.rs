//! Bytes to rows: one decoder a format, each driven by [`Decoder::next`] over the same window.
//!
//! A decoder knows records, cells, lines and limits; it knows neither rules nor requests. What is malformed comes
//! out as such, with the line to blame, and the next row is read.

pub(crate) mod csv;
pub(crate) mod json;
pub(crate) mod jsonl;
pub(crate) mod lists;
pub(crate) mod path;
pub(crate) mod scan;
pub(crate) mod sheet;
mod tree;

use std::io;

use super::judge::Usual;
use super::mask::Offending;
use super::source::Window;
use super::text::trimmed;
use crate::codes::ProblemCode;

/// Largest CSV record that is read, in bytes without its line end.
pub const ROW_BYTES_MAX: usize = 1024 * 1024;
/// Most line breaks within a CSV record: beyond it an open quote is more likely than a cell.
pub const ROW_LINES_MAX: u64 = 10_000;
/// Longest line of JSON Lines, and largest element of a JSON array, that is read, in bytes without its line end.
pub const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest header, in bytes.
pub const HEADER_BYTES_MAX: usize = 256 * 1024;
/// Most cells of a header.
pub const HEADER_CELLS_MAX: usize = 4_096;
/// Largest part above the header, in bytes.
pub const PREAMBLE_BYTES_MAX: usize = 256 * 1024;
/// Rows of JSON that are looked at to learn which columns there are.
pub const SAMPLE_ROWS_MAX: usize = 1_000;
/// Bytes of JSON that are looked at to learn which columns there are (one line at least).
pub const SAMPLE_BYTES_MAX: usize = 1024 * 1024;
/// How far is looked ahead for rows that follow a note or a total, in bytes. More of them than that are a doubt.
pub(crate) const AHEAD_BYTES_MAX: usize = 32 * 1024;
/// How much of a row that is too large is kept for the rejects, in bytes.
pub const KEPT_BYTES_MAX: usize = 1024;

/// What the decoder found next.
pub(crate) enum Decoded<'a> {
    /// A row that can be mapped.
    Row(RawRow<'a>),
    /// A row without anything in it.
    Blank { line: u64 },
    /// A record that is no row: a note, a total, the header once more.
    Aside(Aside<'a>),
    /// A row that cannot.
    Malformed(Malformed<'a>),
    /// Nothing more.
    End,
}

/// A row as it stands in the input.
pub(crate) struct RawRow<'a> {
    /// On which it begins.
    pub(crate) line: u64,
    /// As it stands, without its line end.
    pub(crate) raw: &'a [u8],
    /// Its values.
    pub(crate) cells: Cells<'a>,
    /// A person does not see it: it is hidden in its workbook.
    pub(crate) is_hidden: bool,
    /// Each of its used values is struck through in its workbook.
    pub(crate) is_struck: bool,
}

/// A record that is no row.
pub(crate) struct Aside<'a> {
    /// On which it begins.
    pub(crate) line: u64,
    pub(crate) what: super::judge::Aside,
    /// As it stands, without its line end.
    pub(crate) raw: &'a [u8],
}

/// A row that cannot be read.
pub(crate) struct Malformed<'a> {
    /// The line on which the row begins.
    pub(crate) row_line: u64,
    /// The line to blame.
    pub(crate) line: u64,
    pub(crate) code: ProblemCode,
    pub(crate) message: String,
    /// As it stands, without its line end; of too large a row only the start.
    pub(crate) raw: &'a [u8],
    pub(crate) kind: RecordKind,
    /// The value of the cell to blame, where it is a single one.
    pub(crate) value: Option<Offending>,
}

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    /// Nothing, null, or white space.
    Blank,
    /// Trimmed text.
    Text(&'a str),
    /// A JSON array or object.
    Structure,
    /// Several elements of a JSON list are selected, and have different values.
    Several,
}

/// The values of a row, by column.
#[derive(Clone, Copy)]
pub(crate) enum Cells<'a> {
    Csv(csv::Values<'a>),
    Json(jsonl::Values<'a>),
}

impl<'a> Cells<'a> {
    /// The value of a column.
    pub(crate) fn get(&self, column: usize) -> Cell<'a> {
        match self {
            Self::Csv(values) => match trimmed(values.get(column)) {
                "" => Cell::Blank,
                text => Cell::Text(text),
            },
            Self::Json(values) => values.get(column),
        }
    }

    /// The compact JSON text of a [`Cell::Structure`].
    pub(crate) fn structure(&self, column: usize) -> String {
        match self {
            Self::Csv(_) => String::new(),
            Self::Json(values) => values.structure(column),
        }
    }
}

/// A row as it came, for the rejects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// How much of the input's form the bytes keep.
    pub kind: RecordKind,
    /// The bytes, without their line end.
    pub raw: Vec<u8>,
}

/// How much of the input's form the bytes of a [`Record`] keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// A CSV record with a cell for each column.
    Cells,
    /// Cells with known boundaries that are not a valid row: too few or too many cells, bytes that are not UTF-8, or a
    /// cell of a sheet without a value. The row is refused until someone corrects it.
    Faulty,
    /// A piece of a CSV file whose cells cannot be told apart.
    Piece,
    /// A JSON object.
    Object,
    /// A line that is not a JSON object.
    Line,
}

/// How an input was understood: what is needed to write rows of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How it is packed, if it is.
    pub packing: Option<crate::intake::Packing>,
    /// Its format.
    pub format: crate::plan::Format,
    /// How its text is encoded, and how that is known.
    pub encoding: crate::intake::Understood,
    /// Rows of its kind are written below a byte order mark: it has one, or is not UTF-8 as they are.
    pub has_bom: bool,
    /// Between cells (CSV).
    pub delimiter: u8,
    /// Around cells (CSV); [`crate::plan::NO_QUOTE`]: nothing.
    pub quote: u8,
    /// In front of a quote within a cell, beside a doubled one (CSV).
    pub escape: Option<u8>,
    /// Blanks after a delimiter do not count (CSV).
    pub is_padded: bool,
    /// Lines end with CR LF rather than LF.
    pub is_crlf: bool,
    /// What stands above the header, with its line ends.
    pub preamble: Vec<u8>,
    /// The line on which the header begins (CSV).
    pub header_line: u64,
    /// How many lines the header takes (CSV); none: the job file names the columns.
    pub header_lines: u64,
    /// How many rows the header has: a cell may hold a line break (CSV).
    pub header_rows: usize,
    /// The columns' names, all different; an empty one is no column. JSON: the paths of the sample, in order of appearance.
    pub columns: Vec<String>,
    /// The columns, from 0, whose names are not in the file: it has none for them, or the same for several (CSV).
    pub made_up: Vec<usize>,
    /// The columns, from 0, that have the same name in the file (CSV).
    pub repeated: Vec<Vec<usize>>,
    /// The key of the array that holds the rows (JSON).
    pub records: Option<String>,
    /// Of a workbook: what of it is read. Its rows are written as CSV.
    pub book: Option<crate::intake::BookShape>,
}

impl Shape {
    /// The columns' names as a job file can tell each of them: the first of several that have the same is `Name (1)`.
    pub(crate) fn told_apart(&self) -> Vec<String> {
        let mut names = self.columns.clone();
        for first in self.repeated.iter().filter_map(|columns| columns.first()) {
            names[*first] += " (1)";
        }
        names
    }

    /// What stands between and around cells.
    pub(crate) fn dialect(&self) -> scan::Dialect {
        scan::Dialect {
            delimiter: self.delimiter,
            quote: self.quote,
            escape: self.escape,
            is_padded: self.is_padded,
        }
    }
}

/// The decoder of an input.
pub(crate) enum Decoder {
    Csv(csv::Decoder),
    Jsonl(jsonl::Decoder),
    Json(json::Decoder),
    Sheet(sheet::Decoder),
}

impl Decoder {
    /// Whether its records can be handed to other threads: an element of an array is found by parsing it.
    pub(crate) fn can_hand_over(&self) -> bool {
        !matches!(self, Self::Json(_))
    }

    /// Returns the values that many rows have, by the numbers of their columns.
    pub(crate) fn usual(&self) -> Usual {
        match self {
            Self::Csv(decoder) => decoder.usual(),
            Self::Sheet(decoder) => decoder.usual(),
            Self::Jsonl(_) | Self::Json(_) => Usual::default(),
        }
    }

    /// What parses the lines it hands over.
    pub(crate) fn parser(&self) -> jsonl::Objects {
        match self {
            Self::Jsonl(decoder) => decoder.parser(),
            Self::Csv(_) | Self::Json(_) | Self::Sheet(_) => jsonl::Objects::default(),
        }
    }

    /// The next row of the window.
    pub(crate) fn next<'a>(&'a mut self, window: &'a mut Window) -> io::Result<Decoded<'a>> {
        match self {
            Self::Csv(decoder) => decoder.next(window),
            Self::Jsonl(decoder) => decoder.next(window),
            Self::Json(decoder) => decoder.next(window),
            Self::Sheet(decoder) => decoder.next(window),
        }
    }
}

/// Drops everything up to and with the next LF (or CR, for delimited text), however far it is. Counts one line break.
pub(crate) fn skip_line(window: &mut Window, ends_at_cr: bool) -> io::Result<bool> {
    loop {
        let unread = window.unread();
        let end = if ends_at_cr {
            memchr::memchr2(b'\n', b'\r', unread)
        } else {
            memchr::memchr(b'\n', unread)
        };
        let Some(at) = end else {
            let all = unread.len();
            window.consume(all);
            if window.is_last() {
                return Ok(false);
            }
            window.ensure(1)?;
            continue;
        };
        let is_cr = unread[at] == b'\r';
        window.consume(at + 1);
        if is_cr {
            window.ensure(1)?;
            if window.unread().first() == Some(&b'\n') {
                window.consume(1);
            }
        }
        return Ok(true);
    }
}
