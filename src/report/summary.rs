//! `summary.json`: the run in numbers, for scripts.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::ReportError;
use super::files::Replacement;
use crate::ledger::RunInput;
use crate::outcome::{Outcome, Tally, Traffic};

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
}

#[derive(Serialize)]
struct Input<'a> {
    name: &'a str,
    bytes: u64,
    sha256: &'a str,
}

impl Summary {
    /// Replaces the file in an output folder.
    pub fn write(&self, out_dir: &Path) -> Result<(), ReportError> {
        let path = out_dir.join(FILE);
        let write = || -> io::Result<()> {
            let replacement = Replacement::begin(&path)?;
            let mut file = BufWriter::new(replacement.file());
            serde_json::to_writer_pretty(&mut file, &self.to_json())?;
            file.write_all(b"\n")?;
            file.flush()?;
            drop(file);
            replacement.finish()
        };
        write().map_err(|cause| ReportError::Write { path, cause })
    }

    /// The file's content.
    pub fn to_json(&self) -> Value {
        let tally = &self.tally;
        let mut json = Map::new();
        let mut put = |name: &str, value: Value| json.insert(name.to_owned(), value);
        put("rows", tally.rows.into());
        put("skipped_rows", tally.skipped_rows.into());
        put("entries", tally.entries.into());
        for outcome in Outcome::ALL {
            put(outcome.name(), tally.count(outcome).into());
        }
        put("created_now", tally.created_now.into());
        put("already_created", tally.already_created.into());
        put("recovered", tally.recovered.into());
        put("changed", tally.changed.into());
        put("attempts", self.traffic.attempts.into());
        put("lookups", self.traffic.lookups.into());
        put("started_at", timestamp(self.started_at));
        put("finished_at", timestamp(self.finished_at));
        let input = Input {
            name: &self.input.name,
            bytes: self.input.bytes,
            sha256: &self.input.sha256,
        };
        put("input", serde_json::to_value(input).unwrap_or(Value::Null));
        put("exit_code", self.exit_code.into());
        Value::Object(json)
    }
}

/// RFC 3339, in UTC, to the second.
fn timestamp(time: Option<SystemTime>) -> Value {
    time.and_then(|time| Timestamp::try_from(time).ok())
        .map_or(Value::Null, |time| format!("{time:.0}").into())
}
