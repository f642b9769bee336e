//! What the process that takes a workbook apart is asked, and what it says: lines of JSON, each bounded in size.
//!
//! Both sides are this very program, so the form is nobody else's business and may change with every version. Still the
//! asking side believes nothing: a line that is too long, is not of this form or never ends is a fault of the workbook.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{COLUMNS_MAX, Kind, ROWS_MAX, SAVE_AS_CSV};

/// The argument that makes this program the child. Not a command: it takes no options and shows in no help.
pub const COMMAND: &str = "read-workbook-in-this-process";
/// Largest line that is said, in bytes.
pub(crate) const SAID_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What is asked, on the first line; the workbook's bytes follow.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    /// What the first bytes tell of it.
    pub(super) kind: Kind,
    /// Its size.
    pub(super) bytes: u64,
    /// The sheet to read; none: the only one that looks like a table.
    pub(super) sheet: Option<String>,
}

/// One line of the answer: the sheet, its rows in order, the end. Or why there is none.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    Sheet(Sheet),
    Row(Row),
    End,
    Failed(Failed),
}

impl Said {
    /// Whether all places are those of a sheet, and the cells in order.
    pub(crate) fn is_sound(&self) -> bool {
        let is_column = |column: u32| column < COLUMNS_MAX;
        match self {
            Self::Sheet(sheet) => sheet.hidden_columns.iter().all(|column| is_column(*column)),
            Self::Row(row) => {
                (1..=u64::from(ROWS_MAX)).contains(&row.number)
                    && row.cells.is_sorted_by(|before, after| before.0 < after.0)
                    && row.cells.iter().all(|(column, _)| is_column(*column))
                    && row.merged.iter().all(Merged::is_within)
            }
            Self::End | Self::Failed(_) => true,
        }
    }
}

/// The sheet that is read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sheet {
    /// What the workbook turned out to be.
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Columns that a person does not see, from 0.
    pub(crate) hidden_columns: Vec<u32>,
    /// Other sheets that have anything in them, as a person is told of them.
    pub(crate) unread: Vec<String>,
}

/// A row with something in it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Row {
    /// As it stands at the left, from 1.
    pub(crate) number: u64,
    /// Hidden, or filtered away.
    pub(crate) is_hidden: bool,
    /// Each that is not blank: its column, from 0 and ascending, and what a person sees in it.
    pub(crate) cells: Vec<(u32, String)>,
    /// Cells among these whose value cannot be taken, by column.
    pub(crate) wrong: Vec<(u32, Wrong)>,
    /// Merged cells that reach over this row.
    pub(crate) merged: Vec<Merged>,
    /// Cells among these that are struck through, by column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) struck: Vec<u32>,
}

impl Row {
    /// Adds a cell, unless it is blank.
    pub(super) fn put(&mut self, column: u32, shown: Shown) {
        match shown {
            Ok(text) if text.is_empty() => {}
            Ok(text) => self.cells.push((column, text)),
            Err((text, wrong)) => {
                self.cells.push((column, text));
                self.wrong.push((column, wrong));
            }
        }
    }

    /// Records that the last cell, if it is this one, is struck through.
    pub(super) fn strike(&mut self, column: u32) {
        if self.cells.last().is_some_and(|(last, _)| *last == column) {
            self.struck.push(column);
        }
    }
}

/// What a person sees in a cell; or what stands there, and why that is no value.
pub(super) type Shown = Result<String, (String, Wrong)>;

/// Why a cell's value cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Wrong {
    /// It shows an error: `#N/A`.
    Error,
    /// A formula whose result is not in the file.
    NoStoredValue,
    /// A number of more digits than a spreadsheet keeps.
    TooManyDigits,
    /// A number that is shown as a date and is none.
    NoSuchDate,
    /// Not of a form that is known.
    NotRead,
}

/// A rectangle of cells that show as one, from 0, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Merged {
    pub(crate) first_row: u32,
    pub(crate) last_row: u32,
    pub(crate) first_column: u32,
    pub(crate) last_column: u32,
}

impl Merged {
    /// Whether all of it is in a sheet.
    pub(super) fn is_within(&self) -> bool {
        self.last_column < COLUMNS_MAX
            && self.last_row < ROWS_MAX
            && self.first_column <= self.last_column
            && self.first_row <= self.last_row
    }
}

/// Why a workbook cannot be read, or not to its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failed {
    /// Follows the input's name.
    pub(crate) what: String,
    pub(crate) hint: String,
}

impl Failed {
    pub(crate) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: hint.into(),
        }
    }

    /// Of which nothing more can be told.
    pub(crate) fn damaged() -> Self {
        Self::new("is a damaged workbook", SAVE_AS_CSV)
    }
}

/// Returns the error of a damaged part of a workbook.
pub(super) fn damaged(part: &str) -> Failed {
    Failed::new(
        format!("is a damaged workbook: its part `{part}` cannot be read"),
        SAVE_AS_CSV,
    )
}

/// Returns the error of a workbook that needs a password.
pub(super) fn encrypted() -> Failed {
    Failed::new(
        "is a workbook that needs a password",
        "open it, remove the password (in Excel: File, Info, Protect Workbook), and save it again; or save the sheet as \
         \"CSV UTF-8 (Comma delimited)\"",
    )
}

/// Says one thing. What is too large to say is a row that cannot be read, and says so.
pub(super) fn say(out: &mut dyn Write, said: &Said) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    if line.len() >= SAID_BYTES_MAX {
        let Said::Row(row) = said else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        line = serde_json::to_vec(&Said::Row(Row {
            number: row.number,
            is_hidden: row.is_hidden,
            wrong: vec![(u32::MAX, Wrong::NotRead)],
            ..Row::default()
        }))?;
    }
    line.push(b'\n');
    out.write_all(&line)
}
