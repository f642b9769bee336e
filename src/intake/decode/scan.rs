//! One record of delimited text (RFC 4180), by a parser of our own.
//!
//! Why our own: the `csv` crate always finds *some* reading. It swallows the rest of the file after an open quote,
//! and takes text after a closing quote as part of the cell. Here both are faults with a line to blame, and reading
//! goes on after that line. For well-formed records the reading is that of `csv` (held by a property test).
//!
//! The grammar: a record ends at LF, CR LF or CR; a cell that begins with the quote is quoted, and a doubled quote
//! within is one; a quote inside an unquoted cell is an ordinary character. Byte order marks at the start of a record
//! do not belong to its first cell: in concatenated files each file may begin with one.

use std::ops::Range;

use memchr::{memchr, memchr2, memchr2_iter, memchr3};

use super::ROW_LINES_MAX;
use crate::plan::NO_QUOTE;

/// What stands between and around cells: different ASCII bytes, none of them a line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    /// [`NO_QUOTE`]: nothing stands around cells.
    pub(crate) quote: u8,
    /// In front of a quote (or itself) in a quoted cell it makes that stand for itself; a doubled quote does too.
    pub(crate) escape: Option<u8>,
    /// Blanks between a delimiter and a quote do not count.
    pub(crate) is_padded: bool,
}

impl Dialect {
    /// Where the opening quote of the cell that begins at `start` stands, if it is quoted; `None` also at the end.
    fn opening(self, bytes: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        if self.is_padded && self.delimiter != b' ' {
            at += bytes[start..]
                .iter()
                .take_while(|&&byte| byte == b' ')
                .count();
        }
        (self.quote != NO_QUOTE && bytes.get(at) == Some(&self.quote)).then_some(at)
    }
}

/// Where one cell of a record stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// Where the cell ends in the record, closing quote included.
    raw_end: usize,
    /// Its text: in the record, or in the scratch.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) in_scratch: bool,
}

/// The cells of the record scanned last. Kept between records to save the allocations.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    /// The start of the first cell, after any byte order marks.
    first: usize,
    places: Vec<Span>,
    /// Cells with doubled quotes, undoubled.
    scratch: Vec<u8>,
    /// Line ends within quotes.
    breaks: u64,
    /// Cells in quotes.
    quoted: usize,
}

impl Spans {
    /// How many cells there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Where each cell stands.
    pub(crate) fn spans(&self) -> &[Span] {
        &self.places
    }

    /// Line ends within quotes: without a fault the record has no others but that at its end.
    pub(crate) fn breaks(&self) -> u64 {
        self.breaks
    }

    /// How many cells stand in quotes.
    pub(crate) fn quoted(&self) -> usize {
        self.quoted
    }

    /// The text of those that have doubled quotes.
    pub(crate) fn scratch(&self) -> &[u8] {
        &self.scratch
    }

    /// Each cell as it stands in the record, quotes included.
    pub(crate) fn raw(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = self.first;
        self.places.iter().map(move |span| {
            let range = start..span.raw_end;
            start = span.raw_end + 1;
            range
        })
    }

    /// The text of each cell, not necessarily UTF-8.
    pub(crate) fn texts<'a>(&'a self, record: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.places.iter().map(move |span| {
            let text = if span.in_scratch {
                &self.scratch
            } else {
                record
            };
            &text[span.start..span.end]
        })
    }
}

/// What comes after the bytes that are scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Nothing: they are the last of the input.
    End,
    /// More, not yet read.
    More,
    /// More than a record may have.
    Limit,
}

/// Why a record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QuoteFault {
    /// Something other than a delimiter or line end after a closing quote.
    TextAfter {
        /// Where the text begins in the record.
        at: usize,
        /// Where the cell begins.
        cell: usize,
    },
    /// A quoted cell that never closes, or not within the limits.
    Open {
        /// Where the cell begins.
        cell: usize,
    },
}

impl QuoteFault {
    /// Where the faulty cell begins in the record.
    pub(crate) fn cell(self) -> usize {
        match self {
            Self::TextAfter { cell, .. } | Self::Open { cell } => cell,
        }
    }
}

/// What a scan found at the start of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    /// The bytes are not enough.
    More,
    /// A record; with a fault, what of the input is to be refused for it.
    Record {
        /// Its size without line end.
        content: usize,
        /// Its size with it.
        whole: usize,
        fault: Option<QuoteFault>,
    },
    /// Larger than the limit.
    TooLarge {
        /// The unquoted (or open) cell within which it went over; the record ends with that cell's line.
        cell: usize,
    },
}

/// Scans one record. With [`After::Limit`], `bytes` must hold two more than `limit`.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each state of the scanner"
)]
pub(crate) fn scan(
    bytes: &[u8],
    after: After,
    limit: usize,
    dialect: Dialect,
    cells: &mut Spans,
) -> Scan {
    cells.places.clear();
    cells.scratch.clear();
    (cells.breaks, cells.quoted) = (0, 0);
    let mut fault = None;
    let mut start = marks(bytes);
    cells.first = start;
    loop {
        let mut text_from = start;
        if let Some(opening) = dialect.opening(bytes, start) {
            match quoted(bytes, opening, after, dialect, &mut cells.scratch) {
                Quoted::More => return Scan::More,
                Quoted::Open => return refuse_line(bytes, after, QuoteFault::Open { cell: start }),
                Quoted::Closed {
                    close,
                    text,
                    in_scratch,
                } => {
                    let lines = line_breaks(&bytes[start..close]);
                    cells.breaks += lines;
                    cells.quoted += 1;
                    if cells.breaks > ROW_LINES_MAX {
                        return refuse_line(bytes, after, QuoteFault::Open { cell: start });
                    }
                    let ends = match bytes.get(close + 1) {
                        Some(&byte) => byte == dialect.delimiter || is_break(byte),
                        None => true,
                    };
                    if ends {
                        cells.places.push(Span {
                            raw_end: close + 1,
                            start: text.start,
                            end: text.end,
                            in_scratch,
                        });
                    } else {
                        let found = QuoteFault::TextAfter {
                            at: close + 1,
                            cell: start,
                        };
                        if lines > 0 {
                            return refuse_line(bytes, after, found);
                        }
                        fault.get_or_insert(found);
                    }
                    text_from = close + 1;
                }
            }
        }
        let end = match memchr3(dialect.delimiter, b'\n', b'\r', &bytes[text_from..]) {
            Some(offset) => text_from + offset,
            None => match after {
                After::More => return Scan::More,
                After::Limit => return Scan::TooLarge { cell: start },
                After::End => bytes.len(),
            },
        };
        if text_from == start {
            cells.places.push(Span {
                raw_end: end,
                start,
                end,
                in_scratch: false,
            });
        }
        if end < bytes.len() && bytes[end] == dialect.delimiter {
            start = end + 1;
            continue;
        }
        if end > limit {
            return Scan::TooLarge { cell: start };
        }
        return match whole(bytes, end, after) {
            Some(whole) => Scan::Record {
                content: end,
                whole,
                fault,
            },
            None => Scan::More,
        };
    }
}

/// The size of the byte order marks at the start.
fn marks(bytes: &[u8]) -> usize {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let mut size = 0;
    while bytes[size..].starts_with(MARK) {
        size += MARK.len();
    }
    size
}

enum Quoted {
    More,
    Open,
    Closed {
        /// Where the closing quote stands.
        close: usize,
        text: Range<usize>,
        in_scratch: bool,
    },
}

fn quoted(
    bytes: &[u8],
    start: usize,
    after: After,
    dialect: Dialect,
    scratch: &mut Vec<u8>,
) -> Quoted {
    let Dialect { quote, escape, .. } = dialect;
    let scratch_from = scratch.len();
    let mut piece = start + 1;
    loop {
        let found = match escape {
            Some(escape) => memchr2(quote, escape, &bytes[piece..]),
            None => memchr(quote, &bytes[piece..]),
        };
        let Some(offset) = found else {
            return if after == After::More {
                Quoted::More
            } else {
                Quoted::Open
            };
        };
        let at = piece + offset;
        if escape == Some(bytes[at]) && bytes[at] != quote {
            match bytes.get(at + 1) {
                None if after == After::More => return Quoted::More,
                None => return Quoted::Open,
                // What is escaped stands for itself; the escape stays in front of anything but a quote or another one.
                Some(&next) => {
                    let end = if next == quote || Some(next) == escape {
                        at
                    } else {
                        at + 1
                    };
                    scratch.extend_from_slice(&bytes[piece..end]);
                    scratch.push(next);
                    piece = at + 2;
                }
            }
            continue;
        }
        match (bytes.get(at + 1), after) {
            (Some(&next), _) if next == quote => {
                scratch.extend_from_slice(&bytes[piece..=at]);
                piece = at + 2;
            }
            (None, After::More) => return Quoted::More,
            (None, After::Limit) => return Quoted::Open,
            (Some(_), _) | (None, After::End) => {
                if scratch.len() == scratch_from && piece == start + 1 {
                    return Quoted::Closed {
                        close: at,
                        text: piece..at,
                        in_scratch: false,
                    };
                }
                scratch.extend_from_slice(&bytes[piece..at]);
                return Quoted::Closed {
                    close: at,
                    text: scratch_from..scratch.len(),
                    in_scratch: true,
                };
            }
        }
    }
}

/// Refuses what stands up to the end of the line on which the faulty cell begins.
fn refuse_line(bytes: &[u8], after: After, fault: QuoteFault) -> Scan {
    let cell = fault.cell();
    match memchr2(b'\n', b'\r', &bytes[cell..]) {
        Some(offset) => {
            let content = cell + offset;
            let whole = whole(bytes, content, After::End).unwrap_or(content + 1);
            Scan::Record {
                content,
                whole,
                fault: Some(fault),
            }
        }
        None if after == After::End => Scan::Record {
            content: bytes.len(),
            whole: bytes.len(),
            fault: Some(fault),
        },
        None => Scan::TooLarge { cell },
    }
}

/// The size of a record with its line end; `None` when it is not yet known whether CR is followed by LF.
fn whole(bytes: &[u8], end: usize, after: After) -> Option<usize> {
    match bytes.get(end) {
        None => Some(end),
        Some(b'\r') => match bytes.get(end + 1) {
            Some(b'\n') => Some(end + 2),
            None if after == After::More => None,
            _ => Some(end + 1),
        },
        Some(_) => Some(end + 1),
    }
}

const fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// How many line ends the bytes have: LF, CR LF or CR.
pub(crate) fn line_breaks(bytes: &[u8]) -> u64 {
    memchr2_iter(b'\n', b'\r', bytes)
        .filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'))
        .count() as u64
}
