//! What came of a check and of an import.

use std::fmt;
use std::path::PathBuf;

use crate::check::{Group, Survey};
use crate::cli::explain::CliError;
use crate::outcome::{Outcome, Tally};
use crate::report;

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Rows and entries.
    pub tally: Tally,
    /// Valid entries that repeat no other.
    pub to_send: u64,
    /// Those of them of whom Concord most likely writes to the person (`preverified` false).
    pub contacted: u64,
    /// What a person has to decide first: an import refuses while there is something.
    pub questions: Vec<String>,
    /// What keeps rows from being sent, the most frequent first.
    pub problems: Vec<Finding>,
    /// What is worth a look, the most frequent first.
    pub warnings: Vec<Finding>,
}

impl Report {
    pub(super) fn of(survey: &Survey, questions: Vec<String>) -> Self {
        let findings = |groups: &[Group]| groups.iter().map(Finding::of).collect();
        Self {
            tally: survey.tally,
            to_send: survey.to_send.count,
            contacted: survey.to_send.contacted,
            questions,
            problems: findings(&survey.problems.groups),
            warnings: findings(&survey.warnings.groups),
        }
    }

    /// Whether all rows can be sent as they are.
    pub fn is_clean(&self) -> bool {
        self.questions.is_empty() && self.problems.is_empty()
    }
}

/// Something about one or more rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// For programs: `not_email`.
    pub code: &'static str,
    /// The input's column.
    pub column: Option<String>,
    /// How many there are.
    pub count: u64,
    /// The message of the first; without values of the row.
    pub message: String,
    /// What to do.
    pub to_do: &'static str,
    /// Where the first few are.
    pub places: Vec<Place>,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which of the job's inputs, from 0.
    pub input: u32,
    /// The row, from 1, the header not counted.
    pub row: u64,
    /// The line of the file on which it begins, from 1.
    pub line: u64,
}

impl Finding {
    fn of(group: &Group) -> Self {
        let places = group.examples.iter().map(|example| Place {
            input: example.position.input,
            row: example.position.row,
            line: example.position.line,
        });
        let known = group.code.explained();
        Self {
            code: known.word,
            column: group.column.clone(),
            count: group.count,
            message: group.message.clone(),
            to_do: known.advice,
            places: places.collect(),
        }
    }
}

/// What became of one input.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Its file name.
    pub input: String,
    /// Its entries, by outcome.
    pub tally: Tally,
    /// Requests that were sent to create entries.
    pub attempts: u64,
    /// Requests that were sent to look entries up.
    pub lookups: u64,
    /// Its folder: `results.csv`, `summary.json` and, with rejects, their file.
    pub out_dir: PathBuf,
    /// Rows that need a hand; none when none do.
    pub rejects: Option<PathBuf>,
    /// The copy of the rejects that the user had edited since the last run. None if they were not edited.
    pub edited_rejects: Option<PathBuf>,
    /// What the command line would end with.
    pub exit_code: u8,
}

impl Imported {
    pub(super) fn of(done: report::Imported) -> Self {
        let summary = done.summary;
        Self {
            input: summary.input.name,
            tally: summary.tally,
            attempts: summary.traffic.attempts,
            lookups: summary.traffic.lookups,
            out_dir: done.out_dir,
            rejects: done.rejects,
            edited_rejects: summary.rejects.edited,
            exit_code: summary.exit_code,
        }
    }

    /// Entries that ended so.
    pub const fn count(&self, outcome: Outcome) -> u64 {
        self.tally.count(outcome)
    }
}

/// Why a job could not be done. No value of a row is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    message: String,
    hint: Option<String>,
    exit_code: u8,
}

impl Error {
    pub(super) fn of(error: &CliError) -> Self {
        Self {
            message: error.why().join(": "),
            hint: error.hint(),
            exit_code: error.exit_code(),
        }
    }

    pub(super) fn of_async() -> Self {
        Self {
            message: "a job cannot be done on a thread that serves an async runtime".to_owned(),
            hint: Some("call it on a thread of its own".to_owned()),
            exit_code: crate::cli::explain::USAGE,
        }
    }

    pub(super) fn of_results(message: String) -> Self {
        Self {
            message,
            hint: Some("give the `results.csv` of an output folder".to_owned()),
            exit_code: crate::cli::explain::USAGE,
        }
    }

    /// What can be done about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// What the command line would end with: 2, nothing was sent; 3, stopped early, and the same job goes on.
    pub const fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
