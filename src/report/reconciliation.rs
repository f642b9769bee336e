//! `reconcile.csv`: a line for each entry of an input, and for each stranger that bears a mark.

use std::fmt;
use std::io::Write;

use serde::Serialize;
use uuid::Uuid;

use super::cell;
use crate::entry::{Field, ImportId, Position, RequestType};
use crate::ledger::RunId;
use crate::listed::Listed;
use crate::outcome::Outcome;
use crate::sanitize::sanitized;

/// The file's name in an output folder.
pub const FILE: &str = "reconcile.csv";

const HEADER: [&str; 14] = [
    "row",
    "line",
    "key",
    "import_id",
    "request",
    "verdict",
    "ledger",
    "id",
    "status",
    "resolution_status",
    "request_date",
    "other_ids",
    "differences",
    "remark",
];

/// What comparing an entry came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Ledger and Concord have it, once.
    InBoth,
    /// The ledger has it as created, and Concord does not show it.
    OnlyInLedger,
    /// Concord has it, and the ledger did not know: now it does.
    OnlyInConcord,
    /// Concord has it more than once.
    TwiceInConcord,
    /// Neither has it: it is still to be sent.
    InNeither,
    /// It could not be told.
    Unknown,
    /// It repeats an earlier row of the inputs, which speaks for it.
    Duplicate,
    /// It cannot be sent as it is.
    Invalid,
    /// A request that bears a mark, of which neither inputs nor ledger know.
    Stranger,
    /// A request that bears a mark of the ledger, of another input.
    OfAnotherInput,
}

impl Verdict {
    /// Every verdict, in the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::InBoth,
        Self::OnlyInConcord,
        Self::OnlyInLedger,
        Self::TwiceInConcord,
        Self::InNeither,
        Self::Unknown,
        Self::Duplicate,
        Self::Invalid,
        Self::Stranger,
        Self::OfAnotherInput,
    ];

    /// The word used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InBoth => "in_both",
            Self::OnlyInLedger => "only_in_ledger",
            Self::OnlyInConcord => "only_in_concord",
            Self::TwiceInConcord => "twice_in_concord",
            Self::InNeither => "in_neither",
            Self::Unknown => "unknown",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
            Self::Stranger => "stranger",
            Self::OfAnotherInput => "of_another_input",
        }
    }

    /// Whether inputs, ledger and Concord agree about it.
    pub const fn agrees(self) -> bool {
        matches!(self, Self::InBoth | Self::Duplicate | Self::OfAnotherInput)
    }
}

/// What is told besides the verdict, without personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The row cannot be sent as it is.
    Problem(String),
    /// The row cannot be sent, and Concord has a request with its key.
    KeyExists,
    /// The row cannot be sent, and its request was created from a corrected copy or from an earlier state of it.
    Corrected,
    /// Concord has another person's request with its key.
    OfAnotherPerson,
    /// The row has another content than what was sent.
    Changed,
    /// The ledger has another request of Concord's.
    OtherInLedger(Uuid),
    /// The request in Concord is another entry's as well.
    OfAnotherEntry,
    /// Created while the list was read, which need not show it.
    CreatedMeanwhile,
    /// Nothing tells it from others.
    NoMark,
    /// A run has claimed it, or had when it died.
    PerhapsUnderWay,
    /// The server has accepted it, and it is not there yet.
    Accepted,
    /// The list does not show that request either, which exists.
    ListOmits(Uuid),
    /// The list shows requests that exist, this one among them, without their reference.
    ListHidesReferences(Uuid),
    /// That run has claimed it.
    UnderWay(RunId),
    /// It repeats that row.
    Repeats {
        /// The name of the first of them.
        place: String,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem(problem) => f.write_str(problem),
            Self::KeyExists => {
                f.write_str("Concord has a request with this key: see `id`, and compare it with the row")
            }
            Self::Corrected => f.write_str("the row cannot be sent as it is, but its request was created"),
            Self::OfAnotherPerson => f.write_str(
                "Concord has another person's request with this key: see `id`, and give the row another key",
            ),
            Self::Changed => f.write_str(
                "the row has changed since it was sent: where it is right, change the request in Concord",
            ),
            Self::OtherInLedger(id) => write!(
                f,
                "the ledger has it as {id}: look in Concord what became of that"
            ),
            Self::OfAnotherEntry => f.write_str(
                "another entry has the same request in Concord: find out there whose it is",
            ),
            Self::CreatedMeanwhile => {
                f.write_str("created while this was compared: compare again later")
            }
            Self::NoMark => f.write_str(
                "without a mark its request cannot be told from others: look in Concord for the person",
            ),
            Self::PerhapsUnderWay => f.write_str(
                "a run is sending it, or has left it in doubt since: compare again later",
            ),
            Self::Accepted => f.write_str(
                "the server accepted it and may create it later: compare again later, or look in Concord for the person",
            ),
            Self::ListOmits(id) => write!(
                f,
                "the list does not show request {id} either, which exists: use an API key that may read all requests, and \
                 compare again"
            ),
            Self::ListHidesReferences(id) => write!(
                f,
                "the list shows request {id} without its reference, so this one cannot be identified: look in Concord for the person"
            ),
            Self::UnderWay(run) => {
                write!(f, "run {} is sending it: compare again when it has ended", run.0)
            }
            Self::Repeats { place } => write!(f, "repeats {place}"),
        }
    }
}

/// Counts of a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    counts: [u64; Verdict::ALL.len()],
    /// Entries that Concord shows otherwise than the input has them.
    pub differing: u64,
    /// Entries whose rows have changed since they were sent, in what Concord does not show.
    pub changed: u64,
    /// Entries of which the ledger has another request than Concord shows.
    pub other_in_ledger: u64,
    /// Invalid entries with the key of a request in Concord.
    pub keys_exist: u64,
    /// Entries whose row cannot be sent, and whose request was created.
    pub corrected: u64,
}

impl Verdicts {
    /// Counts a line.
    pub fn add(&mut self, line: &Line) {
        self.counts[line.verdict as usize] += 1;
        self.differing += u64::from(!line.differences.is_empty());
        for remark in &line.remarks {
            match remark {
                Remark::Changed => self.changed += u64::from(line.differences.is_empty()),
                Remark::OtherInLedger(_) => self.other_in_ledger += 1,
                Remark::KeyExists => self.keys_exist += 1,
                Remark::Corrected => self.corrected += 1,
                _ => {}
            }
        }
    }

    /// How many of them there are.
    pub const fn count(&self, verdict: Verdict) -> u64 {
        self.counts[verdict as usize]
    }

    /// Whether all agree.
    pub fn all_agree(&self) -> bool {
        self.differing + self.changed + self.other_in_ledger == 0
            && Verdict::ALL
                .into_iter()
                .all(|verdict| verdict.agrees() || self.count(verdict) == 0)
    }
}

/// What is told of an entry or of a stranger.
#[derive(Clone, Debug)]
pub struct Line {
    /// The row; none for a stranger.
    pub position: Option<Position>,
    /// What identifies it in its source.
    pub key: Option<String>,
    /// Its name, or the mark of a stranger.
    pub import_id: Option<ImportId>,
    /// What it asks for.
    pub request: Option<RequestType>,
    /// What comparing came to.
    pub verdict: Verdict,
    /// What the ledger had before.
    pub ledger: Option<Outcome>,
    /// The requests in Concord, the one that counts first.
    pub held: Vec<Listed>,
    /// What Concord shows otherwise than the input has it.
    pub differences: Vec<Field>,
    /// Anything else.
    pub remarks: Vec<Remark>,
}

/// Writes lines, the header before the first.
#[derive(Debug)]
pub struct ReconciliationWriter<W: Write>(csv::Writer<W>);

impl<W: Write> ReconciliationWriter<W> {
    /// Begins a file.
    pub fn new(out: W) -> csv::Result<Self> {
        // The header stands there even if no line follows.
        let mut csv = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(out);
        csv.write_record(HEADER)?;
        Ok(Self(csv))
    }

    /// Writes a line.
    pub fn write(&mut self, line: &Line) -> csv::Result<()> {
        let (first, others) = match line.held.split_first() {
            Some((first, others)) => (Some(first), others),
            None => (None, line.held.as_slice()),
        };
        let words = |words: Vec<String>| words.join(" ");
        let remarks: Vec<_> = line.remarks.iter().map(ToString::to_string).collect();
        self.0.serialize(Cells {
            row: line.position.map(|position| position.row),
            line: line.position.map(|position| position.line),
            key: cell::neutral(line.key.as_deref().unwrap_or_default()).into_owned(),
            import_id: line.import_id.map(|id| id.to_string()),
            request: line.request.map(RequestType::name),
            verdict: line.verdict.name(),
            ledger: line.ledger.map(Outcome::name),
            id: first.map(|one| one.receipt.id.to_string()),
            status: first.map(|one| cell::neutral(&sanitized(&one.status)).into_owned()),
            resolution_status: first
                .map(|one| cell::neutral(&sanitized(&one.resolution_status)).into_owned()),
            request_date: first.and_then(|one| one.receipt.request_date),
            other_ids: words(
                others
                    .iter()
                    .map(|one| one.receipt.id.to_string())
                    .collect(),
            ),
            differences: words(line.differences.iter().map(ToString::to_string).collect()),
            remark: cell::neutral(&sanitized(&remarks.join("; "))).into_owned(),
        })
    }

    /// Hands everything to the system.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// A line, in the order of [`HEADER`].
#[derive(Serialize)]
struct Cells {
    row: Option<u64>,
    line: Option<u64>,
    key: String,
    import_id: Option<String>,
    request: Option<&'static str>,
    verdict: &'static str,
    ledger: Option<&'static str>,
    id: Option<String>,
    status: Option<String>,
    resolution_status: Option<String>,
    request_date: Option<i64>,
    other_ids: String,
    differences: String,
    remark: String,
}
