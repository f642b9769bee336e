//! `summary.json`: the run in numbers, for scripts.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::Serialize;

use super::error::ReportError;
use super::rejects_digest::{Rejects, RejectsDigest};
use crate::check::InputSurvey;
use crate::ledger::RunInput;
use crate::outcome::{Outcome, Tally, Traffic};
use crate::private_file::Replacement;
use crate::stop::StopCause;

/// The file's name in an output folder.
pub const FILE: &str = "summary.json";

/// What the summary tells besides the counts.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What was read.
    pub input: RunInput,
    /// What became of it.
    pub tally: Tally,
    /// What was sent.
    pub traffic: Traffic,
    /// When the run began; `None`: no run over this input is known.
    pub started_at: Option<SystemTime>,
    /// When it ended; `None`: it died.
    pub finished_at: Option<SystemTime>,
    /// How it ended.
    pub exit_code: u8,
    /// The rejects that were written, and those that were kept.
    pub rejects: Rejects,
}

/// The file, in its order. Names are relied upon by other programs.
#[derive(Serialize)]
struct Content<'a> {
    rows: u64,
    skipped_rows: u64,
    entries: u64,
    created: u64,
    duplicate: u64,
    invalid: u64,
    rejected: u64,
    failed: u64,
    in_doubt: u64,
    not_sent: u64,
    created_now: u64,
    already_created: u64,
    recovered: u64,
    changed: u64,
    corrected: u64,
    conflicts: u64,
    echo_differs: u64,
    created_twice: u64,
    attempts: u64,
    lookups: u64,
    started_at: Option<String>,
    finished_at: Option<String>,
    input: &'a RunInput,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejects: Option<&'a RejectsDigest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_rejects: Option<String>,
}

impl Summary {
    /// Replaces the file in an output folder.
    pub fn write(&self, out_dir: &Path) -> Result<(), ReportError> {
        let path = out_dir.join(FILE);
        let write = || -> io::Result<()> {
            let replacement = Replacement::begin(&path)?;
            let mut file = BufWriter::new(replacement.file());
            serde_json::to_writer_pretty(&mut file, &self.content())?;
            file.write_all(b"\n")?;
            file.flush()?;
            drop(file);
            replacement.finish()
        };
        write().map_err(|cause| ReportError::Write { path, cause })
    }

    /// The file's content in one line, for programs.
    pub fn to_line(&self) -> String {
        serde_json::to_string(&self.content()).unwrap_or_default() // numbers and text: cannot fail
    }

    fn content(&self) -> Content<'_> {
        let tally = &self.tally;
        Content {
            rows: tally.rows,
            skipped_rows: tally.skipped_rows,
            entries: tally.entries,
            created: tally.count(Outcome::Created),
            duplicate: tally.count(Outcome::Duplicate),
            invalid: tally.count(Outcome::Invalid),
            rejected: tally.count(Outcome::Rejected),
            failed: tally.count(Outcome::Failed),
            in_doubt: tally.count(Outcome::InDoubt),
            not_sent: tally.count(Outcome::NotSent),
            created_now: tally.created_now,
            already_created: tally.already_created,
            recovered: tally.recovered,
            changed: tally.changed,
            corrected: tally.corrected,
            conflicts: tally.conflicts,
            echo_differs: tally.echo_differs,
            created_twice: tally.created_twice,
            attempts: self.traffic.attempts,
            lookups: self.traffic.lookups,
            started_at: timestamp(self.started_at),
            finished_at: timestamp(self.finished_at),
            input: &self.input,
            exit_code: self.exit_code,
            rejects: self.rejects.digest.as_ref(),
            edited_rejects: self
                .rejects
                .edited
                .as_deref()
                .and_then(Path::file_name)
                .map(|name| name.display().to_string()),
        }
    }
}

/// What a run's end is told by: a cause that stopped it, or what became of its entries.
pub fn exit_code(stopped: Option<&StopCause>, tally: &Tally) -> u8 {
    match stopped {
        Some(cause) => cause.exit_code(),
        None => u8::from(!tally.is_complete()),
    }
}

/// How the ledger and the summary name an input: without its folder. `input` is its index in the plan.
pub fn run_input(survey: &InputSurvey, input: usize) -> RunInput {
    let name = Path::new(&survey.name).file_name();
    RunInput {
        name: name.map_or_else(
            || survey.name.clone(),
            |name| name.to_string_lossy().into_owned(),
        ),
        bytes: survey.digest.bytes,
        sha256: survey.digest.sha256.clone(),
        number: u32::try_from(input + 1).unwrap_or(u32::MAX),
    }
}

/// RFC 3339, in UTC, to the second.
fn timestamp(time: Option<SystemTime>) -> Option<String> {
    let time = Timestamp::try_from(time?).ok()?;
    Some(format!("{time:.0}"))
}
