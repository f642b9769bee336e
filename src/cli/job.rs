//! The job file: its text → plain data, or everything that is wrong with it at once.
//!
//! Every fault has its line, its column, what was found and what would be right. Nothing is defaulted here, and
//! nothing is held against an input: `resolve` does the one, `intake::map` the other. No file is read.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use toml::de::DeTable;
use uuid::Uuid;

use crate::plan::{DoubtPolicy, Reading, Rules};

mod fields;
mod keys;
mod reference;
mod schema;
mod sections;
mod walk;
mod words;

use walk::{REPEATED_KEY, Reader};

/// A job file to start from.
pub const MINIMAL: &str = r#"[fields]
request     = { column = "Request type", values = { "Erasure" = "delete", "Access" = "view" } }
userEmail   = "Email"
preverified = { value = true }   # true: verified already, nobody is written to; false: Concord most likely mails or texts each person
"#;

/// All that a job file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// `[target]`
    pub target: JobTarget,
    /// The part of `[input]` that is about bytes.
    pub reading: Reading,
    /// `[fields]`, the rest of `[input]`, and `mark`.
    pub rules: Rules,
    /// The rest of `[send]`.
    pub sending: JobSending,
}

/// `[target]`: only what is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobTarget {
    /// `organization`
    pub organization: Option<Uuid>,
    /// `project`
    pub project: Option<Uuid>,
    /// `base_url`, checked and without a slash at its end.
    pub base_url: Option<String>,
}

/// `[send]`: only what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct JobSending {
    /// `in_doubt`
    pub in_doubt: Option<DoubtPolicy>,
    /// `rate`
    pub rate_per_s: Option<f64>,
    /// `concurrency`
    pub concurrency: Option<NonZeroU32>,
    /// `max_attempts`
    pub max_attempts: Option<NonZeroU32>,
    /// `initial_backoff`
    pub initial_backoff: Option<Duration>,
    /// `max_backoff`
    pub max_backoff: Option<Duration>,
    /// `settle`
    pub settle: Option<Duration>,
    /// `timeout`
    pub timeout: Option<Duration>,
    /// `give_up_after`
    pub give_up_after: Option<Duration>,
}

/// One thing that is wrong in a job file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right; may have several lines.
    pub hint: Option<String>,
}

/// Everything that is wrong in a job file, in its order. Shown as people read it, over several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFaults {
    /// The job file, as the user names it.
    pub name: String,
    /// Never empty.
    pub faults: Vec<Fault>,
}

impl std::error::Error for JobFaults {}

impl fmt::Display for JobFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.faults.len();
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "the job file has {count} fault{plural}")?;
        for fault in &self.faults {
            let (line, column) = (fault.line, fault.column);
            write!(f, "\n\n{}:{line}:{column}: {}", self.name, fault.message)?;
            for hint in fault.hint.iter().flat_map(|hint| hint.lines()) {
                write!(f, "\n    {hint}")?;
            }
        }
        Ok(())
    }
}

/// The JSON Schema of a job file.
pub fn schema() -> String {
    format!("{:#}", schema::schema())
}

/// Everything that a job file may say, as Markdown.
pub fn reference() -> String {
    reference::reference()
}

/// Reads a job file's text. `name` is what its faults are told under.
pub fn parse(name: &str, text: &str) -> Result<Job, JobFaults> {
    parse_as(name, text, |reader, root| reader.job(root))
}

/// Reads of a job file's text only how its inputs are read; the rest may be missing.
pub fn parse_reading(name: &str, text: &str) -> Result<Reading, JobFaults> {
    parse_as(name, text, |reader, root| reader.reading_alone(root))
}

fn parse_as<T>(
    name: &str,
    text: &str,
    of: for<'t> fn(&mut Reader<'t>, &'t DeTable<'t>) -> T,
) -> Result<T, JobFaults> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (root, syntax) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        text,
        faults: Vec::new(),
    };
    reader.refuse_api_keys(root.get_ref());
    let job = if syntax.is_empty() {
        Some(of(&mut reader, root.get_ref()))
    } else {
        // Behind the first error the parser guesses: one open bracket makes dozens. A repeated key misleads nobody.
        let (repeated, guessed): (Vec<_>, Vec<_>) = syntax
            .into_iter()
            .partition(|error| error.message().trim_end() == REPEATED_KEY);
        let first = guessed
            .into_iter()
            .min_by_key(|error| error.span().map(|span| span.start));
        for error in repeated.iter().chain(&first) {
            reader.syntax(error);
        }
        None
    };
    let mut faults = reader.faults;
    faults.sort_by_key(|fault| (fault.line, fault.column));
    faults.dedup();
    match job {
        Some(job) if faults.is_empty() => Ok(job),
        _ => Err(JobFaults {
            name: name.to_owned(),
            faults,
        }),
    }
}
