//! `results.csv`: one line an entry, for reconciliation.
//!
//! The same line is written while the run goes on and when the file is made again from the ledger.

use std::io::Write;

use super::cell;
use crate::entry::{Entry, ImportId, Position, RequestType};
use crate::outcome::{Outcome, Settled};

/// The file's name in an output folder.
pub const FILE: &str = "results.csv";

const HEADER: [&str; 14] = [
    "row",
    "line",
    "key",
    "import_id",
    "request",
    "outcome",
    "via",
    "id",
    "concord_id",
    "request_date",
    "http_status",
    "error_code",
    "error",
    "attempts",
];

/// What is told of one entry.
#[derive(Clone, Debug)]
pub struct Line {
    /// The row it was made of.
    pub position: Position,
    /// What identifies it in its source.
    pub key: Option<String>,
    /// Its name for good, when it has one.
    pub import_id: Option<ImportId>,
    /// What it asks for, when that is known.
    pub request: Option<RequestType>,
    /// What became of it, with everything that goes with it.
    pub settled: Settled,
}

impl Line {
    /// An entry of which nothing is known yet.
    pub fn of(entry: &Entry) -> Self {
        Self {
            position: entry.position,
            key: Some(entry.key.text.clone()),
            import_id: Some(entry.import_id),
            request: Some(entry.body.request()),
            settled: Settled::of(Outcome::NotSent, None),
        }
    }

    /// What became of it.
    pub const fn outcome(&self) -> Outcome {
        self.settled.outcome
    }
}

/// Writes lines, the header before the first.
#[derive(Debug)]
pub struct ResultsWriter<W: Write>(csv::Writer<W>);

impl<W: Write> ResultsWriter<W> {
    /// Begins a file.
    pub fn new(out: W) -> csv::Result<Self> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(HEADER)?;
        Ok(Self(csv))
    }

    /// Writes a line.
    pub fn write(&mut self, line: &Line) -> csv::Result<()> {
        let settled = &line.settled;
        let receipt = settled.receipt;
        let reason = settled.reason.as_ref();
        self.0.write_record([
            line.position.row.to_string().as_str(),
            &line.position.line.to_string(),
            &cell::neutral(line.key.as_deref().unwrap_or_default()),
            &text(line.import_id),
            line.request.map_or("", RequestType::name),
            settled.outcome.name(),
            settled.via.map_or("", crate::outcome::Via::name),
            &text(receipt.map(|receipt| receipt.id)),
            &text(receipt.and_then(|receipt| receipt.concord_id)),
            &text(receipt.and_then(|receipt| receipt.request_date)),
            &text(settled.http_status),
            &cell::neutral(reason.map_or("", |reason| &reason.code)),
            &cell::neutral(reason.map_or("", |reason| &reason.message)),
            &settled.attempts.to_string(),
        ])
    }

    /// Hands everything to the system.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
