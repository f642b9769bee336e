//! Workbooks (.xlsx, .xlsm, .xlsb, .xls, .ods) to rows of one sheet.
//!
//! ```text
//!  the input ── fence ──► child: this program again, within limits of memory and time
//!  digested as            │ xlsx · xlsb · xls · ods ── shown ── said
//!  it is handed over      ▼
//!             decode::sheet ◄── a line of JSON for each row
//! ```
//! A workbook is a program's memory written down: a small one can unpack to any size, and parsers for it panic, loop or
//! take all memory on damaged ones. So it is never taken apart in this process. A child is handed its bytes and says its
//! rows; whatever becomes of the child is a clear refusal here, never a wrong or missing row.
//!
//! Not here: which rows are the table (`open`), and what a row means (`map`).

mod child;
mod fence;
mod layout;
mod limits;
mod ods;
pub(crate) mod open;
mod part;
pub(crate) mod said;
mod shown;
mod strings;
mod xls;
mod xlsb;
mod xlsx;

use std::fmt;
use std::io::{self, Read, Seek};

use serde::{Deserialize, Serialize};
use zip::unstable::read::ZipIterable;

use super::packing::ZIP_ENTRIES_MAX;
use super::source::Source;
use said::Failed;

#[cfg(feature = "internals")]
pub use child::said_of;
pub use child::serve;
pub use said::COMMAND;

/// Rows of a sheet, as many as Excel has.
pub(super) const ROWS_MAX: u32 = 1_048_576;
/// Columns of a sheet, as many as Excel has.
pub(super) const COLUMNS_MAX: u32 = 16_384;

/// What to do with a workbook that cannot be read.
pub(crate) const SAVE_AS_CSV: &str =
    "open it in a spreadsheet program and save the sheet as \"CSV UTF-8 (Comma delimited)\"";

/// The hint for a document that is not a workbook.
pub(crate) const TABLE_AS_WORKBOOK: &str =
    "copy its table into a spreadsheet program, and give it as a workbook or as CSV";

/// Kinds of workbooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Excel since 2007, with or without macros.
    Xlsx,
    /// Excel since 2007, binary.
    Xlsb,
    /// Excel until 2003; and what is encrypted.
    Xls,
    /// `OpenDocument`.
    Ods,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Xlsx => "Excel workbook",
            Self::Xlsb => "Excel workbook of the binary kind (.xlsb)",
            Self::Xls => "Excel workbook of the old kind (.xls)",
            Self::Ods => "OpenDocument spreadsheet",
        })
    }
}

/// What of a workbook is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookShape {
    /// What kind of workbook it is.
    pub kind: Kind,
    /// The sheet.
    pub sheet: String,
    /// The number of each of the shape's columns in the sheet, from 0.
    pub columns_at: Vec<u32>,
    /// Columns that a person does not see: they are read all the same.
    pub hidden_columns: Vec<String>,
    /// Other sheets that have anything in them, by their names in back quotes, `(hidden)` behind those that are.
    pub unread: Vec<String>,
}

/// Why a workbook cannot be read to its end, on its way through a reader of bytes.
#[derive(Debug)]
pub(crate) struct Broken(pub(crate) Failed);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)
    }
}

impl std::error::Error for Broken {}

/// Whether the bytes are those of a workbook, by their content. The source is left at its start.
pub(crate) fn kind(source: &mut Box<dyn Source>) -> io::Result<Option<Kind>> {
    let mut head = Vec::new();
    source.by_ref().take(8).read_to_end(&mut head)?;
    source.rewind()?;
    let found = if head == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" {
        Some(Kind::Xls)
    } else if head.starts_with(b"PK\x03\x04") {
        of_archive(source)
    } else {
        None
    };
    source.rewind()?;
    Ok(found)
}

/// What a zip archive is, beyond an archive: by the names in its directory.
fn of_archive(source: &mut Box<dyn Source>) -> Option<Kind> {
    let mut archive = ZipIterable::try_new(source, zip::read::Config::default()).ok()?;
    let files = archive.files().ok()?;
    files.take(ZIP_ENTRIES_MAX).find_map(|entry| {
        let entry = entry.ok()?;
        match entry.name_raw() {
            b"[Content_Types].xml" => Some(Kind::Xlsx),
            b"META-INF/manifest.xml" => Some(Kind::Ods),
            _ => None,
        }
    })
}

/// A column as a spreadsheet names it, from 0: `A`, `Z`, `AA`.
pub(crate) fn column_letters(column: u32) -> String {
    let mut left = column + 1;
    let mut letters = Vec::new();
    while left > 0 {
        let digit = u8::try_from((left - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// A cell as a spreadsheet names it: column from 0, row from 1.
pub(crate) fn cell_name(column: u32, row: u64) -> String {
    format!("{}{row}", column_letters(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_by_letters() {
        for (column, letters) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (701, "ZZ"),
            (702, "AAA"),
            (16_383, "XFD"),
        ] {
            assert_eq!(column_letters(column), letters);
        }
    }
}
