//! `results.csv`, read again.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use uuid::Uuid;

use super::Error;
use crate::report::cell;

/// What became of one entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ResultLine {
    /// The row it was made of, from 1.
    pub row: u64,
    /// The line of the file on which that begins, from 1.
    pub line: u64,
    /// What identifies it in its source.
    pub key: String,
    /// Its name for good; none for what could not be read.
    pub import_id: Option<Uuid>,
    /// `view`, `delete`, `change` or `do_not_sell`, when it is known.
    pub request: Option<String>,
    /// `created`, `duplicate`, `invalid`, `rejected`, `failed`, `in_doubt` or `not_sent`.
    pub outcome: String,
    /// For created ones: `response`, `lookup` or `ledger`.
    pub via: Option<String>,
    /// Concord's id of the request.
    pub id: Option<Uuid>,
    /// Concord's id of the person.
    pub concord_id: Option<Uuid>,
    /// When Concord says it was made.
    pub request_date: Option<String>,
    /// The status of the last answer.
    pub http_status: Option<u16>,
    /// Why it is not created, or what is odd about it: for programs.
    pub error_code: Option<String>,
    /// The same, for people.
    pub error: Option<String>,
    /// Requests that were sent to create it.
    pub attempts: u32,
}

/// The lines of a `results.csv`, one after the other.
pub struct Results {
    path: PathBuf,
    lines: csv::DeserializeRecordsIntoIter<File, ResultLine>,
}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Results")
    }
}

impl Results {
    /// Opens the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let failed = |error: csv::Error| {
            Error::of_results(format!(
                "cannot read the results {}: {error}",
                path.display()
            ))
        };
        let mut reader = csv::Reader::from_path(path).map_err(failed)?;
        let header = reader.headers().map_err(failed)?;
        if !header.iter().eq(crate::report::results::HEADER) {
            return Err(Error::of_results(format!(
                "{} does not begin with the columns of results: {}",
                path.display(),
                crate::report::results::HEADER.join(",")
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            lines: reader.into_deserialize(),
        })
    }
}

impl Iterator for Results {
    type Item = Result<ResultLine, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?;
        Some(match line {
            Ok(mut line) => {
                for text in [Some(&mut line.key), line.error.as_mut()]
                    .into_iter()
                    .flatten()
                {
                    *text = cell::plain(text).to_owned();
                }
                Ok(line)
            }
            Err(error) => Err(Error::of_results(format!(
                "a line of the results {} cannot be read: {error}",
                self.path.display()
            ))),
        })
    }
}
