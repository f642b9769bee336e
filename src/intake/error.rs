//! What keeps an input from being read at all. (What is wrong with one row is a `Problem`.)

use std::io;

use thiserror::Error;

use super::decode::json::{SyntaxError, Undecided};
use super::mask;
use super::quoting::listed;
use super::understood::SAVE_REJECTS_AGAIN;
use super::workbook::Broken;
use super::workbook::said::Failed;
use crate::nearest::hidden_difference;
use crate::numbers::grouped;

/// Why an input cannot be read by this job.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// The file cannot be opened.
    #[error("cannot open {input}")]
    Open {
        /// The input's name.
        input: String,
        /// What the system says.
        source: io::Error,
    },
    /// Reading broke off.
    #[error("cannot read {input} beyond byte {bytes}")]
    Read {
        /// The input's name.
        input: String,
        /// What had been read.
        bytes: u64,
        /// What the system says.
        source: io::Error,
    },
    /// Not a kind of file that can be read.
    #[error("{input} seems to be {what}, which is not read")]
    Unreadable {
        /// The input's name.
        input: String,
        /// What it seems to be.
        what: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// An archive out of which no single input can be read.
    #[error("{input} {what}")]
    Archive {
        /// The input's name.
        input: String,
        /// What is wrong with it.
        what: String,
        /// What to do.
        hint: String,
    },
    /// A workbook that cannot be read, or not to its end.
    #[error("{input} {what}")]
    Workbook {
        /// The input's name.
        input: String,
        /// What is wrong with it.
        what: String,
        /// What to do.
        hint: String,
    },
    /// A JSON document of which it cannot be told what its rows are.
    #[error("{input}, line {line}: {what}")]
    Document {
        /// The input's name.
        input: String,
        /// How far it was read.
        line: u64,
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// A JSON document with a syntax error.
    #[error("{input}, line {line}, column {column}: {what}")]
    Syntax {
        /// The input's name.
        input: String,
        /// The line of the error, from 1.
        line: u64,
        /// The column of the error in characters, from 1.
        column: u64,
        /// The found text, and the expected one.
        what: String,
        /// The hint for the user.
        hint: &'static str,
    },
    /// A text of which too little is beyond ASCII to tell its code page.
    #[error("{input}, line {line}: cannot tell the encoding: {told}")]
    Encoding {
        /// The input's name.
        input: String,
        /// The line of the first letter in doubt.
        line: u64,
        /// Each byte in doubt, and how it is read in which code page.
        told: String,
        /// The input is a rejects file, for which `encoding` of the job file does not count.
        is_rejects: bool,
    },
    /// Nothing in it, and nothing says that it may be so.
    #[error("{input} is empty: it has no header")]
    Empty {
        /// The input's name.
        input: String,
    },
    /// `header_row` points beyond the end, or too far down.
    #[error("{input} has no line {header_row} within its first {} bytes, but the job file says header_row = {header_row}", grouped(*.limit_bytes))]
    NoHeaderLine {
        /// The input's name.
        input: String,
        /// What the job says.
        header_row: u64,
        /// How far is looked.
        limit_bytes: u64,
    },
    /// The header is no header.
    #[error("{input}, line {line}: the header {what}")]
    Header {
        /// The input's name.
        input: String,
        /// The line on which the header begins.
        line: u64,
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// `header_row` points beyond the end of a sheet, or too far down.
    #[error(
        "{input} has no row {header_row} near the top of its sheet, but the job file says header_row = {header_row}"
    )]
    NoHeaderRow {
        /// The input's name.
        input: String,
        /// The value of `header_row` in the job file.
        header_row: u64,
    },
    /// The header of a sheet is no header.
    #[error("{input}, row {row}: the header {what}")]
    SheetHeader {
        /// The input's name.
        input: String,
        /// The row of the sheet on which the header begins.
        row: u64,
        /// The error, as the end of a sentence that begins with `the header`.
        what: String,
        /// The hint for the user.
        hint: String,
    },
    /// Columns that the job names and the input does not have.
    #[error("{}", missing_columns(.input, .missing))]
    MissingColumns {
        /// The input's name.
        input: String,
        /// Each that is missing.
        missing: Vec<MissingColumn>,
        /// The columns that there are.
        present: Vec<String>,
        /// They are the paths that the first rows have, so that a rare one may be missing by chance.
        are_paths: bool,
    },
    /// A rule of the job file cannot be followed.
    #[error("{job_key}: {what}")]
    Rule {
        /// Where in the job file.
        job_key: String,
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// Most keys name different people or request types, so that the key columns identify no request.
    #[error("{}", no_key(.columns, *.keys, *.conflicts))]
    NoKey {
        /// The key columns.
        columns: Vec<String>,
        /// The number of different keys.
        keys: u64,
        /// The number of keys with a conflict.
        conflicts: u64,
        /// Columns whose values differ in all rows.
        unique: Vec<String>,
    },
    /// The table of import ids already seen could not be kept.
    #[error("cannot keep track of repeated rows in a temporary file")]
    Seen(#[source] io::Error),
    /// The rows could not be written.
    #[error("cannot write the rows")]
    Output(#[source] io::Error),
}

/// A column that the job names and the input does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingColumn {
    /// As the job file names it.
    pub column: String,
    /// Where the job file names it: `fields.userEmail`.
    pub job_key: String,
    /// The nearest name that there is.
    pub nearest: Option<String>,
}

/// Stands in a job file for a column that a person has yet to choose.
const UNDECIDED: &str = "?";

fn missing_columns(input: &str, missing: &[MissingColumn]) -> String {
    let open = missing.iter().filter(|one| one.column == UNDECIDED);
    let open: Vec<_> = open.map(|one| format!("`{}`", one.job_key)).collect();
    if !open.is_empty() {
        return format!(
            "the job file leaves open (`{UNDECIDED}`) which column of {input} is {}",
            open.join(" and ")
        );
    }
    let each: Vec<_> = missing
        .iter()
        .map(|one| format!("`{}` ({})", one.column, one.job_key))
        .collect();
    let noun = if missing.len() == 1 {
        "column"
    } else {
        "columns"
    };
    format!("{input} has no {noun} {}", each.join(", "))
}

fn no_key(columns: &[String], keys: u64, conflicts: u64) -> String {
    let noun = if columns.len() == 1 {
        "key column"
    } else {
        "key columns"
    };
    format!(
        "the {noun} {} cannot identify requests: {} of {} keys name different people or request types",
        listed(columns),
        grouped(conflicts),
        grouped(keys)
    )
}

impl IntakeError {
    /// Why reading broke off after so many bytes: the system, or a document that cannot be understood.
    pub(crate) fn reading(input: String, bytes: u64, source: io::Error) -> Self {
        let source = match source.downcast::<Undecided>() {
            Ok(Undecided { line, what, hint }) => {
                return Self::Document {
                    input,
                    line,
                    what,
                    hint,
                };
            }
            Err(source) => source,
        };
        let source = match source.downcast::<SyntaxError>() {
            Ok(error) => {
                return Self::Syntax {
                    input,
                    line: error.line,
                    column: error.column,
                    what: error.what,
                    hint: error.hint,
                };
            }
            Err(source) => source,
        };
        match source.downcast::<Broken>() {
            Ok(Broken(Failed { what, hint })) => Self::Workbook { input, what, hint },
            Err(source) => Self::Read {
                input,
                bytes,
                source,
            },
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Open { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => {
                    "check the path; relative paths start at the current folder".to_owned()
                }
                io::ErrorKind::IsADirectory => "give the files in it one by one".to_owned(),
                _ => "see that it is a file, and that you may read it".to_owned(),
            },
            Self::Read { source, .. } if source.kind() == io::ErrorKind::IsADirectory => {
                "it is a folder: give the files in it one by one".to_owned()
            }
            Self::Read { source, .. }
                if matches!(
                    source.kind(),
                    io::ErrorKind::InvalidData
                        | io::ErrorKind::InvalidInput
                        | io::ErrorKind::UnexpectedEof
                ) =>
            {
                "it may be damaged or cut off: fetch or export it again; if it can be unpacked, do so and give the file within"
                    .to_owned()
            }
            Self::Unreadable { hint, .. } | Self::Syntax { hint, .. } => (*hint).to_owned(),
            Self::Encoding {
                is_rejects: true, ..
            } => format!(
                "{SAVE_REJECTS_AGAIN}; encoding in the job file describes the original input and does not count for rejects"
            ),
            Self::Encoding { .. } => ENCODING_HINT.to_owned(),
            Self::Empty { .. } => "give a file whose first line names the columns (an empty JSON Lines file is fine when it is called .jsonl or .ndjson, or with format = \"jsonl\")"
                    .to_owned(),
            Self::NoHeaderLine { .. } => "header_row is the number of the line on which the header begins; the first line is 1".to_owned(),
            Self::NoHeaderRow { .. } => "set header_row to the number of the row on which the header begins, as the spreadsheet program counts rows".to_owned(),
            Self::Header { hint, .. }
            | Self::SheetHeader { hint, .. }
            | Self::Rule { hint, .. }
            | Self::Archive { hint, .. }
            | Self::Workbook { hint, .. }
            | Self::Document { hint, .. } => hint.clone(),
            Self::MissingColumns {
                missing,
                present,
                are_paths,
                ..
            } => missing_hint(missing, present, *are_paths),
            Self::NoKey { unique, .. } if unique.is_empty() => {
                "set `key` in [input] to the columns that together identify one request, such as a ticket number".to_owned()
            }
            Self::NoKey { unique, .. } => format!(
                "set `key` in [input] to a column that identifies one request; different in every row: {}",
                listed(unique)
            ),
            Self::Seen(_) => "free space in the folder for temporary files, or set TMPDIR to another".to_owned(),
            Self::Read { .. } => "the disk or the share it lies on may be at fault: copy the file to this machine, then run the same command again"
                    .to_owned(),
            Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe => {
                "check that the program that reads the rows is still running".to_owned()
            }
            Self::Output(_) => {
                "free disk space, or check that the program that reads the rows is still running".to_owned()
            }
        }
    }
}

const ENCODING_HINT: &str = "set encoding in the job file's [input] to the one in which the file was saved, such as \"windows-1252\" (Western \
     Europe, America), \"windows-1250\" (Central Europe) or \"macintosh\", and look at the letters with `rows`; or save the file as UTF-8";

fn missing_hint(missing: &[MissingColumn], present: &[String], are_paths: bool) -> String {
    let shown = mask::names(present);
    if !are_paths && shown != present {
        return format!(
            "the header seems to be a row with a person's values ({}): correct header_row, header_rows or columns in the job \
             file's [input], or the file's header",
            listed(&shown)
        );
    }
    let hidden = missing.iter().find_map(|one| {
        let nearest = one.nearest.as_ref()?;
        let differs = hidden_difference(&one.column, nearest)?;
        let hint =
            "type the name of the column again in the file, or copy its name from there into the job file";
        Some(format!(
            "the file has `{}` with another name than it seems: {differs}; {hint}",
            one.column
        ))
    });
    if let Some(hidden) = hidden {
        return hidden;
    }
    let present = shown.as_slice();
    if missing.iter().any(|one| one.column == UNDECIDED) {
        return format!("write its name there; the columns are {}", listed(present));
    }
    let near: Vec<_> = missing
        .iter()
        .filter_map(|one| {
            let nearest = one.nearest.as_ref()?;
            let nearest = if mask::is_value(nearest) {
                &mask::mask(nearest)
            } else {
                nearest
            };
            Some(format!("for `{}` perhaps `{nearest}` is meant", one.column))
        })
        .collect();
    let mut hint = if near.is_empty() {
        format!(
            "correct the job file, or give the input that it is for; the columns are {}",
            listed(present)
        )
    } else {
        format!("{} (names are compared to the letter)", near.join(", "))
    };
    if are_paths {
        hint.push_str("; one that not every export has may be absent when its rule has a default");
    }
    hint
}
