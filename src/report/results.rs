//! `results.csv`: one line an entry, for reconciliation.
//!
//! The same line is written while the run goes on and when the file is made again from the ledger.

use std::fmt::{Display, Write as _};
use std::io::{self, Write};

use uuid::Uuid;

use super::cell;
use crate::entry::{Entry, ImportId, Position, RequestType};
use crate::outcome::{Outcome, Settled, Via};
use crate::sanitize::sanitized;

/// The file's name in an output folder.
pub const FILE: &str = "results.csv";

pub(crate) const HEADER: [&str; 14] = [
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

    /// What became of an entry that is done with.
    pub fn told(entry: Entry, settled: Settled) -> Self {
        Self {
            position: entry.position,
            import_id: Some(entry.import_id),
            request: Some(entry.body.request()),
            key: Some(entry.key.text),
            settled,
        }
    }

    /// What became of it.
    pub const fn outcome(&self) -> Outcome {
        self.settled.outcome
    }
}

/// Writes lines, the header before the first.
#[derive(Debug)]
pub struct ResultsWriter<W: Write> {
    csv: csv::Writer<W>,
    /// Where a cell is put together that is not text yet.
    cell: String,
}

impl<W: Write> ResultsWriter<W> {
    /// Begins a file.
    pub fn new(out: W) -> csv::Result<Self> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(HEADER)?;
        Ok(Self {
            csv,
            cell: String::new(),
        })
    }

    /// Writes a line.
    pub fn write(&mut self, line: &Line) -> csv::Result<()> {
        let settled = &line.settled;
        let receipt = settled.receipt;
        let reason = settled.reason.as_ref();
        self.shown(Some(line.position.row))?;
        self.shown(Some(line.position.line))?;
        self.text(line.key.as_deref())?;
        self.id(line.import_id.map(|id| id.0))?;
        self.text(line.request.map(RequestType::name))?;
        self.text(Some(settled.outcome.name()))?;
        self.text(settled.via.map(Via::name))?;
        self.id(receipt.map(|receipt| receipt.id))?;
        self.id(receipt.and_then(|receipt| receipt.concord_id))?;
        self.shown(receipt.and_then(|receipt| receipt.request_date))?;
        self.shown(settled.http_status)?;
        self.shown(reason.map(|reason| &reason.code))?;
        // A ledger of an earlier version may hold a server's words as they came.
        let message = reason.map(|reason| sanitized(&reason.message));
        self.text(message.as_deref())?;
        self.shown(Some(settled.attempts))?;
        self.csv.write_record(None::<&[u8]>)
    }

    /// A cell that may hold what a spreadsheet would run.
    fn text(&mut self, text: Option<&str>) -> csv::Result<()> {
        let text = cell::neutral(text.unwrap_or_default());
        self.csv.write_field(text.as_bytes())
    }

    /// A cell of an id. Three a line: by way of `Display` each takes five times as long.
    fn id(&mut self, id: Option<Uuid>) -> csv::Result<()> {
        let mut text = Uuid::encode_buffer();
        let text = id.map_or("", |id| id.hyphenated().encode_lower(&mut text));
        self.csv.write_field(text)
    }

    /// A cell of digits.
    fn shown(&mut self, value: Option<impl Display>) -> csv::Result<()> {
        self.cell.clear();
        if let Some(value) = value {
            write!(self.cell, "{value}").map_err(io::Error::other)?;
        }
        self.csv.write_field(&self.cell)
    }

    /// Hands everything to the system.
    pub fn flush(&mut self) -> io::Result<()> {
        self.csv.flush()
    }
}
