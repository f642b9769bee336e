//! One decoded record to what comes of it, by itself: whether an earlier row had its key is not known here.

use std::sync::Arc;

use super::RowReading;
use super::dates::DateRead;
use super::decode::{self, Cell, Cells, Decoded, RawRow, Record, RecordKind};
use super::entries::{Item, Made, Maker, placed};
use super::judge::{Usual, is_unfilled};
use super::map::{Mapper, Passing};
use super::mask::Offending;
use super::problem::Problem;
use super::understood::Understood;
use crate::codes::ProblemCode;
use crate::entry::{Fingerprint, Position, SourceLink, SourceRow};

/// What reads the rows of one input. A copy reads the same.
#[derive(Clone)]
pub(super) struct Reader {
    mapper: Arc<Mapper>,
    maker: Maker,
    input: u32,
    keep_records: bool,
    /// The column of rejects with the problems.
    problem_column: Option<usize>,
    /// Tells values that many rows have.
    usual: Usual,
}

impl Reader {
    pub(super) fn new(
        mapper: Mapper,
        maker: Maker,
        input: u32,
        keep_records: bool,
        problem_column: Option<usize>,
        usual: Usual,
    ) -> Self {
        Self {
            mapper: Arc::new(mapper),
            maker,
            input,
            keep_records,
            problem_column,
            usual,
        }
    }

    /// Returns whether the row was prepared and never filled in.
    ///
    /// The columns of the rules then contain at most true, false or a zero, and the others a value that many rows have.
    fn is_prefilled(&self, cells: &Cells<'_>, made: &Made) -> bool {
        let Cells::Csv(values) = cells else {
            // An object without the properties of the rules may be of another structure.
            return false;
        };
        let is_invalid = |item: &Item| matches!(item, Item::Invalid { .. });
        made.items.iter().any(is_invalid)
            && self
                .mapper
                .columns()
                .iter()
                .all(|column| is_unfilled(values.get(*column)))
            && (0..values.len())
                .all(|column| self.usual.may_be_prefilled(column, values.get(column)))
    }

    /// Makes the entries of a row that passes the filters.
    fn make(&mut self, cells: &Cells<'_>, position: Position) -> Made {
        match self.mapper.passes(cells) {
            Err(loose) => invalid(placed(loose, position)),
            Ok(Passing::No(near)) => Made {
                items: Vec::new(),
                warnings: near
                    .map(|near| placed(near, position))
                    .into_iter()
                    .collect(),
            },
            Ok(Passing::Yes) => match self.mapper.map(*cells) {
                mapped if mapped.requests.is_some_and(<[_]>::is_empty) => Made::default(),
                mapped => self.maker.make(&self.mapper, cells, mapped, position),
            },
        }
    }

    /// Returns the source row that a row of rejects names, otherwise the row itself.
    fn source_row(&self, row: &RawRow<'_>, items: &[Item]) -> Option<SourceRow> {
        let cells = &row.cells;
        match self.problem_column.map(|column| cells.get(column)) {
            Some(Cell::Text(problem)) => {
                if let Some(row) = SourceRow::marked_in(problem) {
                    return Some(row);
                }
            }
            Some(Cell::Blank) => {
                return Some(SourceRow {
                    digest: self.unread_digest(row.raw),
                    link: SourceLink::Cleared,
                });
            }
            _ => {}
        }
        let digest = match items.first()? {
            // Both parts are digests already, and depend on the project.
            Item::Entry(entry) | Item::Repeat { entry, .. } => {
                let key = entry.row_key.map_or(entry.import_id, |key| key.id);
                Fingerprint(entry.fingerprint.0 ^ key.0.as_u64_pair().1)
            }
            Item::Invalid { .. } => {
                let mut content = Vec::new();
                for column in self.mapper.columns() {
                    match cells.get(column) {
                        Cell::Text(text) => content.extend_from_slice(text.as_bytes()),
                        Cell::Structure => content.extend(cells.structure(column).into_bytes()),
                        Cell::Blank | Cell::Several => {}
                    }
                    content.push(0);
                }
                Fingerprint::new(self.maker.project, &content)
            }
        };
        Some(SourceRow {
            digest,
            link: SourceLink::Itself,
        })
    }

    /// Returns the source row of a row that could not be read.
    fn unread_source_row(&self, raw: &[u8]) -> SourceRow {
        let marked = self.problem_column.and_then(|_| {
            let text = String::from_utf8_lossy(raw);
            SourceRow::marked_in(&text)
        });
        marked.unwrap_or_else(|| SourceRow {
            digest: self.unread_digest(raw),
            link: SourceLink::Itself,
        })
    }

    /// Returns the digest of a row that could not be read. It is the same for the row in the rejects, which has more
    /// delimiters and quotes.
    fn unread_digest(&self, raw: &[u8]) -> Fingerprint {
        let is_kept = |byte: &u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'.' | b'+' | b'-' | 0x80..)
        };
        let kept: Vec<u8> = raw.iter().copied().filter(is_kept).collect();
        Fingerprint::new(self.maker.project, &kept)
    }

    /// Adds the warnings about a row as a whole.
    fn warn(&self, row: &RawRow<'_>, made: &mut Made, position: Position) {
        if made.has_entries()
            && let Some((column, name)) = self.mapper.looks_done(&row.cells)
        {
            made.warnings
                .push(looks_done(position, column, name, &row.cells));
        }
        if row.is_hidden && !made.items.is_empty() {
            made.warnings.push(hidden(position));
        }
        if row.is_struck && !made.items.is_empty() {
            made.warnings.push(struck(position));
        }
    }

    /// What comes of the row of that number, and its size in bytes; nothing at the end.
    #[expect(
        clippy::too_many_lines,
        reason = "the row, from its cells to its entries"
    )]
    pub(super) fn read(
        &mut self,
        number: u64,
        decoded: Decoded<'_>,
    ) -> Option<(RowReading, usize)> {
        let (input, keep_records) = (self.input, self.keep_records);
        let at = |line| Position {
            input,
            row: number,
            line,
        };
        let keep = |kind, raw: &[u8]| {
            keep_records.then(|| Record {
                kind,
                raw: raw.to_vec(),
            })
        };
        let mut received = None;
        let mut unreadable_date = None;
        let mut is_beyond_ascii = false;
        let mut source_row = None;
        let (line, made, record, size) = match decoded {
            Decoded::End => return None,
            Decoded::Blank { line } => (line, Made::default(), None, 0),
            Decoded::Aside(aside) => {
                let warning = Problem {
                    value: None,
                    position: at(aside.line),
                    column: None,
                    field: None,
                    code: aside.what.code(),
                    message: aside.what.message().to_owned(),
                };
                let made = Made {
                    items: Vec::new(),
                    warnings: vec![warning],
                };
                (aside.line, made, None, aside.raw.len())
            }
            Decoded::Malformed(bad) => {
                let problem = Problem {
                    position: at(bad.line),
                    column: None,
                    field: None,
                    code: bad.code,
                    message: bad.message,
                    value: bad.value,
                };
                let record = keep(bad.kind, bad.raw);
                source_row = Some(self.unread_source_row(bad.raw));
                (bad.row_line, invalid(problem), record, bad.raw.len())
            }
            Decoded::Row(row) => {
                let kind = match row.cells {
                    decode::Cells::Csv(_) => RecordKind::Cells,
                    decode::Cells::Json(_) => RecordKind::Object,
                };
                let record = keep(kind, row.raw);
                is_beyond_ascii = !row.raw.is_ascii();
                received = self.mapper.received(&row.cells);
                if received.is_some_and(DateRead::is_unreadable) {
                    unreadable_date = self.mapper.received_text(&row.cells);
                }
                let mut made = self.make(&row.cells, at(row.line));
                if self.is_prefilled(&row.cells, &made) {
                    (received, unreadable_date) = (None, None);
                    made = Made {
                        items: Vec::new(),
                        warnings: vec![prefilled(at(row.line))],
                    };
                }
                self.warn(&row, &mut made, at(row.line));
                source_row = self.source_row(&row, &made.items);
                for item in &mut made.items {
                    if let Item::Entry(entry) = item {
                        entry.source_row = source_row;
                    }
                }
                for problem in made.problems().filter(|problem| problem.value.is_none()) {
                    problem.value = self.mapper.offending(problem, &row.cells);
                }
                (row.line, made, record, row.raw.len())
            }
        };
        let reading = RowReading {
            position: at(line),
            items: made.items,
            warnings: made.warnings,
            received,
            unreadable_date,
            record,
            source_row,
            is_beyond_ascii,
        };
        Some((reading, size))
    }
}

/// The warning of the first row beyond ASCII in an input whose encoding is a guess.
pub(super) fn guessed(position: Position, understood: &Understood) -> Problem {
    Problem {
        position,
        column: None,
        field: None,
        value: None,
        code: ProblemCode::GuessedEncoding,
        message: format!(
            "the first row with letters beyond A to Z is read as {}, which is a guess: look at it with `rows`; if it is wrong, {}",
            understood.encoding,
            understood.correction()
        ),
    }
}

/// The warning of a row that would be sent though its status says that nothing is left to do.
fn looks_done(position: Position, column: usize, name: &str, cells: &decode::Cells<'_>) -> Problem {
    let value = match cells.get(column) {
        decode::Cell::Text(text) => Some(Offending::new(text)),
        decode::Cell::Blank | decode::Cell::Structure | decode::Cell::Several => None,
    };
    Problem {
        position,
        column: Some(name.to_owned()),
        field: None,
        value,
        code: ProblemCode::LooksDone,
        message: "says that the case is done (such as closed, solved, rejected or deleted), and the row is sent all the same: if \
                  only open cases are meant, list their words in the job file's [input], where = [{ column = \"…\", in = [\"…\"] }]"
            .to_owned(),
    }
}

/// The warning of a row that is asked for and that nobody sees.
fn hidden(position: Position) -> Problem {
    Problem {
        position,
        column: None,
        field: None,
        value: None,
        code: ProblemCode::HiddenRow,
        message: "the row is hidden or filtered away in the workbook, and is read all the same; remove it if it is not meant"
            .to_owned(),
    }
}

/// Returns the warning of a row that is struck through.
fn struck(position: Position) -> Problem {
    Problem {
        position,
        column: None,
        field: None,
        value: None,
        code: ProblemCode::StruckRow,
        message: "the row is struck through in the workbook. It is read anyway; remove it if it is not meant"
            .to_owned(),
    }
}

/// Returns the warning of a row that was prepared and not filled in.
fn prefilled(position: Position) -> Problem {
    Problem {
        position,
        column: None,
        field: None,
        value: None,
        code: ProblemCode::Prefilled,
        message: "set aside: the row holds only true or false, a running number or a word that many rows have, in columns that \
                  no request is made of"
            .to_owned(),
    }
}

/// A row of which nothing more is known than what is wrong with it.
fn invalid(problem: Problem) -> Made {
    let item = Item::Invalid {
        request: None,
        key: None,
        problems: vec![problem],
    };
    Made {
        items: vec![item],
        warnings: Vec::new(),
    }
}
