//! What a workbook's process says of a sheet, to rows: the cells of the named columns, as a record of delimited text.
//!
//! So a row of a sheet is one like any other from here on, and can be written among the rejects. What holds no value for
//! certain (an error, a lost digit, merged cells) is a problem of its row with the cell's name, where the column is used.

use crate::codes::ProblemCode;
use crate::numbers::grouped;
use std::io;

use super::super::judge::{Doubt, Judge, Usual, Verdict};
use super::super::mask::Offending;
use super::super::source::Window;
use super::super::uncorrected::{ProblemColumn, UNCORRECTED};
use super::super::workbook::said::{Failed, Merged, Row, SAID_BYTES_MAX, Said, Wrong};
use super::super::workbook::{Broken, cell_name};
use super::scan::{After, Dialect, Spans, scan};
use super::{
    AHEAD_BYTES_MAX, Aside, Cells, Decoded, Malformed, ROW_BYTES_MAX, RawRow, RecordKind, csv,
};

/// Cells with problems that one message names.
const CELLS_NAMED_MAX: usize = 5;

/// A column that has a name.
pub(crate) struct Column {
    /// Where it stands in the sheet, from 0.
    pub(crate) at: u32,
    pub(crate) name: String,
    /// Some rule asks for it.
    pub(crate) is_wanted: bool,
}

/// Reads the rows below the header.
pub(crate) struct Decoder {
    dialect: Dialect,
    columns: Vec<Column>,
    /// The column with the problems, if the input is a file of rejects.
    problem: Option<ProblemColumn>,
    /// Tells rows from what is none; nothing: all are rows.
    judge: Judge,
    /// The row read last, in the sheet.
    number: u64,
    record: Vec<u8>,
    cells: Spans,
}

/// The next thing that is said, and the size of its line. `None`: the bytes end.
pub(crate) fn said(window: &mut Window, from: usize) -> io::Result<Option<(Said, usize)>> {
    let broken = || io::Error::other(Broken(Failed::damaged()));
    let mut looked = from;
    loop {
        let unread = window.unread();
        if let Some(end) = memchr::memchr(b'\n', &unread[looked..]) {
            let line = &unread[from..looked + end];
            let said: Said = serde_json::from_slice(line).map_err(|_| broken())?;
            if !said.is_sound() {
                return Err(broken());
            }
            return Ok(Some((said, line.len() + 1)));
        }
        looked = unread.len();
        if looked - from > SAID_BYTES_MAX {
            return Err(broken());
        }
        if window.is_last() {
            return if looked == from {
                Ok(None)
            } else {
                Err(broken())
            };
        }
        window.more()?;
    }
}

impl Decoder {
    pub(crate) fn new(dialect: Dialect, columns: Vec<Column>, judge: Judge) -> Self {
        let names: Vec<_> = columns.iter().map(|column| column.name.clone()).collect();
        Self {
            dialect,
            problem: ProblemColumn::find(&names),
            columns,
            judge,
            number: 0,
            record: Vec::new(),
            cells: Spans::default(),
        }
    }

    /// The values that many rows have, by the columns that have a name.
    pub(crate) fn usual(&self) -> Usual {
        let places = self.columns.iter().map(|column| column.at as usize);
        self.judge.usual().of_columns(places.collect())
    }

    /// Returns whether each value in a used column is struck through.
    fn is_struck(&self, row: &Row) -> bool {
        let is_used = |at: u32| {
            let mut columns = self.columns.iter();
            columns.any(|column| column.at == at && column.is_wanted)
        };
        let mut used = row.cells.iter().filter(|(at, _)| is_used(*at)).peekable();
        !row.struck.is_empty()
            && used.peek().is_some()
            && used.all(|(at, _)| row.struck.contains(at))
    }

    /// Takes it that only these columns matter.
    pub(crate) fn select(&mut self, wanted: &[String]) {
        for column in &mut self.columns {
            column.is_wanted = wanted.contains(&column.name);
        }
    }

    /// The next row.
    pub(crate) fn next<'a>(&'a mut self, window: &mut Window) -> io::Result<Decoded<'a>> {
        let cut_off = || io::Error::other(Broken(Failed::damaged()));
        let (said, size) = said(window, 0)?.ok_or_else(cut_off)?;
        match said {
            Said::Row(row) if row.number <= self.number => Err(cut_off()),
            Said::Row(row) => {
                if row.number > self.number + 1 {
                    self.judge.blank();
                }
                self.number = row.number;
                window.consume(size);
                let mut verdict = self.judged(&row);
                if let Verdict::AsideAtEnd(aside) = verdict {
                    verdict = if self.rows_follow(window)? {
                        Verdict::Doubtful(aside.doubt())
                    } else {
                        Verdict::Aside(aside)
                    };
                }
                if verdict == Verdict::RowOrTitle && self.is_header_next(window)? {
                    let title = row.cells.iter().find(|(_, text)| !text.trim().is_empty());
                    self.judge
                        .learn_title(row.number, title.map_or("", |(_, text)| text));
                    verdict = Verdict::Doubtful(Doubt::LoneCell);
                }
                Ok(self.row(&row, verdict))
            }
            Said::End => {
                // It stays there, so that asking again answers the same; what comes after it is how the process ended.
                window.ensure(size + 1)?;
                if window.is_last() && window.unread().len() == size {
                    Ok(Decoded::End)
                } else {
                    Err(cut_off())
                }
            }
            Said::Failed(failed) => Err(io::Error::other(Broken(failed))),
            Said::Sheet(_) => Err(cut_off()),
        }
    }

    fn judged(&mut self, row: &Row) -> Verdict {
        let count = row
            .cells
            .last()
            .map_or(0, |(column, _)| *column as usize + 1);
        let cell = |column| text(row, u32::try_from(column).unwrap_or(u32::MAX));
        self.judge.judge(row.number, count, cell)
    }

    /// Whether there may be a row in what is said next, or it is too much to tell.
    fn rows_follow(&mut self, window: &mut Window) -> io::Result<bool> {
        let mut at = 0;
        let mut found = self.judge.rows_follow();
        while found.is_none() {
            found = match said(window, at)? {
                Some((Said::Row(row), size)) if at + size <= AHEAD_BYTES_MAX => {
                    at += size;
                    let count = row
                        .cells
                        .last()
                        .map_or(0, |(column, _)| *column as usize + 1);
                    let cell = |column| text(&row, u32::try_from(column).unwrap_or(u32::MAX));
                    Judge::may_be_row(count, cell).then_some(true)
                }
                Some((Said::End, _)) => Some(false),
                _ => Some(true),
            };
        }
        let follow = found.unwrap_or(true);
        self.judge.learn_rows_follow(follow);
        Ok(follow)
    }

    /// Returns whether the next row is a header.
    fn is_header_next(&self, window: &mut Window) -> io::Result<bool> {
        let Some((Said::Row(row), _)) = said(window, 0)? else {
            return Ok(false);
        };
        let count = row
            .cells
            .last()
            .map_or(0, |(column, _)| *column as usize + 1);
        let cell = |column| text(&row, u32::try_from(column).unwrap_or(u32::MAX));
        Ok(self.judge.is_header_below(count, cell))
    }

    fn row(&mut self, row: &Row, verdict: Verdict) -> Decoded<'_> {
        let line = row.number;
        self.write(row);
        let raw = self.record.as_slice();
        let refused = |code, message, value| {
            Decoded::Malformed(Malformed {
                row_line: line,
                line,
                code,
                message,
                raw,
                // Among rejects, where other rows stand around it, it may not seem doubtful.
                kind: RecordKind::Faulty,
                value,
            })
        };
        if let (Some(problem), Ok(record), Ok(scratch)) = (
            &self.problem,
            str::from_utf8(raw),
            str::from_utf8(self.cells.scratch()),
        ) {
            let values = csv::Values::new(record, scratch, self.cells.spans());
            if problem.is_uncorrected(|column| values.get(column)) {
                return refused(ProblemCode::UncorrectedLine, UNCORRECTED.to_owned(), None);
            }
        }
        let doubtful =
            |doubt: Doubt| refused(doubt.code(), doubt.message("row").into_owned(), None);
        match verdict {
            Verdict::Row | Verdict::RowOrTitle => {}
            Verdict::Aside(what) => return Decoded::Aside(Aside { line, what, raw }),
            Verdict::AsideAtEnd(aside) => return doubtful(aside.doubt()),
            Verdict::Doubtful(doubt) => return doubtful(doubt),
        }
        if let Some((code, message)) = self.problem(row) {
            return refused(code, message, self.offending(row, code));
        }
        let (Ok(record), Ok(scratch)) = (str::from_utf8(raw), str::from_utf8(self.cells.scratch()))
        else {
            return refused(ProblemCode::NotUtf8, "the row is not text".to_owned(), None);
        };
        let values = csv::Values::new(record, scratch, self.cells.spans());
        if (0..self.columns.len()).all(|column| values.get(column).trim().is_empty()) {
            return Decoded::Blank { line };
        }
        Decoded::Row(RawRow {
            line,
            raw,
            cells: Cells::Csv(values),
            is_hidden: row.is_hidden,
            is_struck: self.is_struck(row),
        })
    }

    /// Writes the named columns' cells as a record, and finds them in it.
    fn write(&mut self, row: &Row) {
        self.record.clear();
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                self.record.push(self.dialect.delimiter);
            }
            write_cell(&mut self.record, text(row, column.at), self.dialect);
        }
        let size = self.record.len();
        scan(
            &self.record,
            After::End,
            size,
            self.dialect,
            &mut self.cells,
        );
    }

    /// What keeps the row from being read.
    fn problem(&self, row: &Row) -> Option<(ProblemCode, String)> {
        if self.record.len() > ROW_BYTES_MAX
            || row.wrong.iter().any(|(column, _)| *column == u32::MAX)
        {
            return Some((
                ProblemCode::RowTooLarge,
                format!(
                    "the row is larger than {} bytes, the most that is read",
                    grouped(ROW_BYTES_MAX as u64)
                ),
            ));
        }
        if self.record.contains(&0) {
            let at = row.cells.iter().find(|(_, text)| text.contains('\0'));
            let place = at.map_or("the row".to_owned(), |(at, _)| {
                format!("cell {}", cell_name(*at, row.number))
            });
            let message = format!("{place} has a NUL character; text has none");
            return Some((ProblemCode::NulByte, message));
        }
        let column = |at: u32| self.columns.iter().find(|column| column.at == at);
        let nameless = row
            .cells
            .iter()
            .find(|(at, text)| column(*at).is_none() && !text.trim().is_empty());
        if let Some((at, _)) = nameless {
            let message = format!(
                "cell {} has a value, and its column has no name in the header; name it there, or remove the value",
                cell_name(*at, row.number)
            );
            return Some((ProblemCode::NamelessColumn, message));
        }
        let mut wrong = row.wrong.iter();
        let wrong = wrong.find(|(at, _)| column(*at).is_some_and(|column| column.is_wanted));
        if let Some((_, wrong)) = wrong {
            return Some(self.wrong(row, *wrong));
        }
        let merged = row
            .merged
            .iter()
            .find(|merged| self.is_in_the_way(merged))?;
        Some((ProblemCode::MergedCells, merged_message(merged)))
    }

    /// The problem of all cells that are wrong in the same way.
    fn wrong(&self, row: &Row, wrong: Wrong) -> (ProblemCode, String) {
        let is_one = |at: u32| {
            self.columns
                .iter()
                .any(|column| column.at == at && column.is_wanted)
        };
        let of_kind = row
            .wrong
            .iter()
            .filter(|(at, other)| *other == wrong && is_one(*at));
        let all: Vec<u32> = of_kind.map(|(at, _)| *at).collect();
        let mut names: Vec<_> = all
            .iter()
            .take(CELLS_NAMED_MAX)
            .map(|at| cell_name(*at, row.number))
            .collect();
        if all.len() > names.len() {
            names.push(format!("{} more", all.len() - names.len()));
        }
        let cells = if let [only] = names.as_slice() {
            format!("cell {only}")
        } else {
            format!("cells {}", names.join(", "))
        };
        let shown = all.first().map_or("", |at| text(row, *at));
        match wrong {
            Wrong::Error if is_error(shown) => (
                ProblemCode::CellError,
                format!("{cells}: shows the error {shown}; correct it"),
            ),
            Wrong::Error => (
                ProblemCode::CellError,
                format!("{cells}: shows an error; correct it"),
            ),
            Wrong::NoStoredValue => (
                ProblemCode::FormulaWithoutValue,
                format!(
                    "{cells}: a formula whose result is not in the file; open the workbook in a spreadsheet program and save it"
                ),
            ),
            Wrong::TooManyDigits => (
                ProblemCode::DigitsLost,
                format!(
                    "{cells}: a number of more than 15 digits, of which a spreadsheet loses the last ones; enter it as text, with an \
                     apostrophe in front"
                ),
            ),
            Wrong::NoSuchDate => (
                ProblemCode::NoSuchDate,
                format!("{cells}: is shown as a date or time, and is none"),
            ),
            Wrong::NotRead => (
                ProblemCode::CellNotRead,
                format!("{cells}: its value cannot be read"),
            ),
        }
    }

    /// What stands in the cell that a problem is about, if it is a single one and stands for a value.
    fn offending(&self, row: &Row, code: ProblemCode) -> Option<Offending> {
        if !matches!(
            code,
            ProblemCode::DigitsLost | ProblemCode::NoSuchDate | ProblemCode::CellNotRead
        ) {
            return None;
        }
        let is_wanted = |at: u32| {
            let mut columns = self.columns.iter();
            columns.any(|column| column.at == at && column.is_wanted)
        };
        let mut wrong = row.wrong.iter().filter(|(at, _)| is_wanted(*at));
        let (first, kind) = wrong.next()?;
        let is_single = wrong.all(|(_, other)| other != kind);
        let shown = text(row, *first);
        (is_single && !shown.is_empty()).then(|| Offending::new(shown))
    }

    /// Whether merged cells hide what a used column holds in a row.
    fn is_in_the_way(&self, merged: &Merged) -> bool {
        let mut named = 0;
        let mut is_wanted = false;
        for column in &self.columns {
            if (merged.first_column..=merged.last_column).contains(&column.at) {
                named += 1;
                is_wanted |= column.is_wanted;
            }
        }
        is_wanted && (named > 1 || merged.first_row != merged.last_row)
    }
}

fn merged_message(merged: &Merged) -> String {
    let range = format!(
        "{}:{}",
        cell_name(merged.first_column, u64::from(merged.first_row) + 1),
        cell_name(merged.last_column, u64::from(merged.last_row) + 1)
    );
    let over = if merged.first_row == merged.last_row {
        "columns"
    } else {
        "rows"
    };
    format!(
        "cells {range} are merged over several {over}: which of them their value holds for cannot be told; unmerge them and \
         fill in each"
    )
}

/// What a row has in a column.
pub(crate) fn text(row: &Row, column: u32) -> &str {
    let found = row
        .cells
        .binary_search_by_key(&column, |(column, _)| *column);
    found.map_or("", |index| &row.cells[index].1)
}

/// Whether a text is one of those that cells show for errors, and no more than that.
fn is_error(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "/_!?:".contains(c);
    (text.starts_with('#') || text.starts_with("Err:"))
        && text.len() <= 16
        && text.trim_start_matches("Err").chars().skip(1).all(is_name)
}

/// Adds a cell to a record, in quotes where it needs them.
pub(crate) fn write_cell(record: &mut Vec<u8>, text: &str, dialect: Dialect) {
    let needs_quotes = text.bytes().any(|byte| {
        byte == dialect.delimiter || byte == dialect.quote || matches!(byte, b'\n' | b'\r')
    });
    if !needs_quotes {
        record.extend_from_slice(text.as_bytes());
        return;
    }
    record.push(dialect.quote);
    for byte in text.bytes() {
        if byte == dialect.quote {
            record.push(byte);
        }
        record.push(byte);
    }
    record.push(dialect.quote);
}
