//! The child's side of the fence: sets its own limits, takes the workbook apart, says the rows of one sheet.
//!
//! It reads the whole workbook before it says anything, and opens no file. On Unix the limits are the system's; elsewhere
//! those on sizes hold, and the parent still outlives whatever happens here.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufWriter, Read, Write};
use std::ops::ControlFlow;

use super::layout::{Layout, Listed, Take};
use super::limits::{CPU_SECONDS_FREE, CPU_SECONDS_PER_MIB, MEMORY_BYTES_MAX, WORKBOOK_BYTES_MAX};
use super::said::{Asked, Failed, Merged, Row, Said, Sheet, say};
use super::{Kind, ods, xls, xlsb, xlsx};
use crate::intake::quoting::listed;
use crate::nearest::{hidden_difference, nearest};

/// Rows with something in them that are looked at to find the sheet that is a table.
const LOOK_ROWS: usize = 100;
/// So many sheets that are not read are named at most.
const UNREAD_SHEETS_MAX: usize = 20;
/// Longest line that asks, in bytes.
const ASKED_BYTES_MAX: u64 = 64 * 1024;

/// A workbook, by its kind.
enum Book {
    Xlsx(xlsx::Book),
    Ods(ods::Book),
    Xlsb(xlsb::Book),
    Xls(xls::Book),
}

impl Book {
    fn open(kind: Kind, bytes: Vec<u8>) -> Result<(Self, Kind), Failed> {
        match kind {
            Kind::Ods => Ok((Self::Ods(ods::Book::open(bytes)?), kind)),
            Kind::Xls => Ok((Self::Xls(xls::Book::open(bytes)?), kind)),
            Kind::Xlsx | Kind::Xlsb => match xlsx::open(bytes)? {
                xlsx::Found::Book(book) => Ok((Self::Xlsx(*book), Kind::Xlsx)),
                xlsx::Found::Binary(book) => Ok((Self::Xlsb(*book), Kind::Xlsb)),
            },
        }
    }

    fn sheets(&self) -> Vec<Listed> {
        match self {
            Self::Xlsx(book) => book.sheets(),
            Self::Ods(book) => book.sheets(),
            Self::Xlsb(book) => book.sheets(),
            Self::Xls(book) => book.sheets(),
        }
    }

    fn layout(&mut self, sheet: usize) -> Result<Layout, Failed> {
        match self {
            Self::Xlsx(book) => book.layout(sheet),
            Self::Ods(book) => book.layout(sheet),
            Self::Xlsb(book) => book.layout(sheet),
            Self::Xls(book) => book.layout(sheet),
        }
    }

    fn rows(&mut self, sheet: usize, take: &mut Take<'_>) -> Result<(), Failed> {
        match self {
            Self::Xlsx(book) => book.rows(sheet, take),
            Self::Ods(book) => book.rows(sheet, take),
            Self::Xlsb(book) => book.rows(sheet, take),
            Self::Xls(book) => book.rows(sheet, take),
        }
    }
}

/// Answers what the parent asks. `Err`: there is nobody to answer, or no sense in it.
pub fn serve(asking: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<()> {
    let mut line = Vec::new();
    asking.take(ASKED_BYTES_MAX).read_until(b'\n', &mut line)?;
    let asked: Asked = serde_json::from_slice(&line)?;
    limit(asked.bytes)?;
    let size = usize::try_from(asked.bytes.min(WORKBOOK_BYTES_MAX)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(size + 1);
    asking.take(WORKBOOK_BYTES_MAX).read_to_end(&mut bytes)?;
    say_all(&asked, bytes, out)
}

/// Returns all that is said of a workbook, without the limits of a process.
#[cfg(feature = "internals")]
pub fn said_of(kind: Kind, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let asked = Asked {
        kind,
        bytes: bytes.len() as u64,
        sheet: None,
    };
    let mut said = Vec::new();
    say_all(&asked, bytes, &mut said)?;
    Ok(said)
}

fn say_all(asked: &Asked, bytes: Vec<u8>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    let said = match answer(asked, bytes, &mut out) {
        Ok(()) => Said::End,
        Err(failed) => Said::Failed(failed),
    };
    say(&mut out, &said)?;
    out.flush()
}

/// Holds this process to what a workbook of that size may take.
#[cfg(unix)]
fn limit(bytes: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let to = |resource, current: u64, maximum: u64| {
        let limit = Rlimit {
            current: Some(current),
            maximum: Some(maximum),
        };
        setrlimit(resource, limit)
    };
    let seconds = CPU_SECONDS_FREE + bytes.div_ceil(1024 * 1024) * CPU_SECONDS_PER_MIB;
    // What a core dump would hold is personal data.
    to(Resource::Core, 0, 0)?;
    to(Resource::Cpu, seconds, seconds + 1)?;
    // Not every system has this limit, or keeps to it.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    to(Resource::As, MEMORY_BYTES_MAX, MEMORY_BYTES_MAX)?;
    Ok(())
}

#[cfg(not(unix))]
fn limit(_bytes: u64) -> io::Result<()> {
    Ok(())
}

fn answer(asked: &Asked, bytes: Vec<u8>, out: &mut dyn Write) -> Result<(), Failed> {
    let (mut book, kind) = Book::open(asked.kind, bytes)?;
    let sheets = book.sheets();
    let index = match &asked.sheet {
        Some(name) => named(&sheets, name)?,
        None => only_table(&mut book, &sheets)?,
    };
    let unread = unread(&mut book, &sheets, index);
    let layout = book.layout(index)?;
    let mut say_it = |said: Said| say(out, &said).map_err(|_| Failed::new("cannot be told on", ""));
    say_it(Said::Sheet(Sheet {
        kind,
        name: sheets[index].name.clone(),
        hidden_columns: layout.hidden_columns,
        unread,
    }))?;
    let mut merges = Merges::new(layout.merged);
    book.rows(index, &mut |mut row| {
        row.merged = merges.over(row.number);
        say_it(Said::Row(row))?;
        Ok(ControlFlow::Continue(()))
    })
}

fn named(sheets: &[Listed], wanted: &str) -> Result<usize, Failed> {
    let found = sheets.iter().position(|sheet| sheet.name == wanted);
    let names: Vec<_> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    let folded = |name: &str| name.trim().to_lowercase();
    let alike: Vec<_> = (0..sheets.len())
        .filter(|&index| folded(names[index]) == folded(wanted))
        .collect();
    match (found, alike.as_slice()) {
        (Some(index), _) | (None, &[index]) => Ok(index),
        _ => {
            let hint = match nearest(wanted, names.iter().copied()) {
                Some(near) if let Some(differs) = hidden_difference(wanted, near) => format!(
                    "the sheet has another name than it seems: {differs}; name it anew in the workbook, or copy its name into sheet \
                     in the job file's [input]"
                ),
                Some(near) => format!(
                    "perhaps sheet = \"{near}\" is meant in the job file's [input]; there are {}",
                    listed(&names)
                ),
                None => format!(
                    "correct sheet in the job file's [input]; there are {}",
                    listed(&names)
                ),
            };
            Err(Failed::new(format!("has no sheet `{wanted}`"), hint))
        }
    }
}

/// The other sheets that have anything in them, as a person is told of them.
fn unread(book: &mut Book, sheets: &[Listed], read: usize) -> Vec<String> {
    let mut unread = Vec::new();
    for (index, sheet) in sheets.iter().enumerate() {
        let mut is_filled = false;
        let looked = book.rows(index, &mut |_| {
            is_filled = true;
            Ok(ControlFlow::Break(()))
        });
        // What cannot be read has something in it.
        if index != read && (is_filled || looked.is_err()) {
            let hidden = if sheet.is_hidden { " (hidden)" } else { "" };
            unread.push(format!("`{}`{hidden}", sheet.name));
        }
        if unread.len() == UNREAD_SHEETS_MAX {
            break;
        }
    }
    unread
}

/// The visible sheet that alone has anything in it, or alone looks like a table.
fn only_table(book: &mut Book, sheets: &[Listed]) -> Result<usize, Failed> {
    let mut filled = Vec::new();
    let mut tables = Vec::new();
    for (index, sheet) in sheets.iter().enumerate() {
        if sheet.is_hidden {
            continue;
        }
        let mut look = Look::default();
        book.rows(index, &mut |row| Ok(look.at(&row)))?;
        if look.rows > 0 {
            filled.push(index);
        }
        if look.is_table {
            tables.push(index);
        }
    }
    let names = |of: &[usize]| -> Vec<_> {
        of.iter()
            .map(|&index| sheets[index].name.as_str())
            .collect()
    };
    match (tables.as_slice(), filled.as_slice()) {
        (&[index], _) | (&[], &[index]) => Ok(index),
        (&[], &[]) => Err(Failed::new(
            if sheets.iter().any(|sheet| sheet.is_hidden) {
                "is a workbook whose visible sheets are empty"
            } else {
                "is a workbook without anything in it"
            },
            format!(
                "its sheets are {}; a hidden one is read when the job file's [input] names it: sheet = \"…\"",
                listed(&names(&(0..sheets.len()).collect::<Vec<_>>()))
            ),
        )),
        (&[], several) | (several, _) => Err(Failed::new(
            format!(
                "is a workbook of several sheets ({}); which one is meant cannot be told",
                listed(&names(several))
            ),
            format!(
                "name it in the job file's [input]: sheet = \"{}\"",
                sheets[several[0]].name
            ),
        )),
    }
}

/// Whether the first rows look like a table: two rows of several values, or of an address.
#[derive(Default)]
struct Look {
    rows: usize,
    rows_of_values: usize,
    is_table: bool,
}

impl Look {
    fn at(&mut self, row: &Row) -> ControlFlow<()> {
        self.rows += 1;
        let is_address = |text: &str| text.contains('@') && !text.contains(char::is_whitespace);
        let is_of_values =
            row.cells.len() >= 2 || row.cells.iter().any(|(_, text)| is_address(text));
        self.rows_of_values += usize::from(is_of_values);
        self.is_table = self.rows_of_values >= 2;
        if self.is_table || self.rows >= LOOK_ROWS {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Merged cells, as the rows pass by.
struct Merges {
    /// Those to come, by their first row.
    coming: VecDeque<Merged>,
    /// Those that may reach over the next row.
    open: Vec<Merged>,
}

impl Merges {
    fn new(mut merged: Vec<Merged>) -> Self {
        merged.sort_by_key(|merged| merged.first_row);
        Self {
            coming: merged.into(),
            open: Vec::new(),
        }
    }

    /// Those that reach over a row, counted from 1. Rows come in order.
    fn over(&mut self, row: u64) -> Vec<Merged> {
        let row = u32::try_from(row - 1).unwrap_or(u32::MAX);
        while let Some(next) = self.coming.pop_front_if(|next| next.first_row <= row) {
            self.open.push(next);
        }
        self.open.retain(|merged| merged.last_row >= row);
        self.open.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_columns_are_told_once_however_often_they_stand_there() {
        let mut layout = Layout::default();
        for columns in [1..3, 1..3, 2..5, 0..1] {
            layout.hide(columns);
        }
        assert_eq!(layout.hidden_columns, [1, 2, 3, 4]);
    }
}
