//! The durable truth: which entry was claimed, and what became of it.
//!
//! In: claims, settlements, questions. Out: answers, given only after the commit that makes them true.
//! Everything that waits when a commit ends goes into the next one (group commit), so a slow disk makes
//! larger groups, not longer queues.
//!
//! It does not know HTTP, files of rows, or the terminal. It holds no field of a request body and no
//! secret: a key that is also personal data is kept as a digest.

mod alive;
mod sqlite;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rusqlite::ErrorCode;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::entry::{
    Content, Entry, Fingerprint, ImportId, InvalidKey, Names, SourceKey, SourceRow,
};
use crate::identity::{KeyUse, NearKeys, PersonDigests, RequestTypes, RowKey};
use crate::outcome::{Reason, Receipt, Settled, Tally, Traffic, Via};
use crate::plan::Target;
use crate::timeline::Timeline;
use crate::{blocking, inherited};

use sqlite::DIGEST_PREFIX;
pub use sqlite::{Fetched, Held, changed, claimed, is_accepted};

/// Requests to the ledger that may wait; more callers wait in line.
const QUEUE_MAX: usize = 1_024;
/// Requests that go into one commit at most.
const GROUP_MAX: usize = 256;
/// Settlements wait so long for others, or for a claim, to be committed with. A commit costs as much as dozens of
/// entries do, and a disk that syncs fast would else have one for each; nothing waits for them but their own showing.
const GATHER: Duration = Duration::from_millis(3);

/// Why the ledger could not do as asked. Cloneable, because one failed commit answers many.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be made or opened.
    #[error("the ledger {path} cannot be opened: {cause}", path = path.display())]
    Open {
        /// The ledger's file.
        path: PathBuf,
        /// What the system or `SQLite` said.
        cause: String,
    },
    /// There is none.
    #[error("there is no ledger {path}", path = path.display())]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// There is a file of that name, and it is something else.
    #[error("{path} is not a ledger of concord-import", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It is ours, and its pages do not fit together any more.
    #[error("the ledger {path} is damaged: {what}", path = path.display())]
    Damaged {
        /// The ledger's file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// Made by a later version.
    #[error(
        "the ledger {path} has format {found}, made by a later version; this version reads format {known}",
        path = path.display()
    )]
    Newer {
        /// The ledger's file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Made by an earlier version, whose format this one does not read.
    #[error(
        "the ledger {path} has format {found}, made by an earlier version; this version reads format {known}",
        path = path.display()
    )]
    Older {
        /// The ledger's file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Another process has the file that only one may have.
    #[error("another command is comparing the ledger with Concord ({path} is in use)", path = path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It belongs to another project.
    #[error("the ledger {path} belongs to {found}, not to {wanted}", path = path.display())]
    OtherTarget {
        /// The ledger's file.
        path: PathBuf,
        /// The project it was made for.
        found: String,
        /// The project of this run.
        wanted: String,
    },
    /// A statement or commit failed; nothing of its group was kept.
    #[error("the ledger could not be {doing}: {cause}")]
    Failed {
        /// `read` or `written`.
        doing: &'static str,
        /// What `SQLite` said.
        cause: Arc<rusqlite::Error>,
    },
    /// An entry to be settled is no longer claimed by this run.
    #[error("entry {import_id} is no longer claimed by this run: another run has taken it over{}", told_receipt(*.receipt))]
    LostClaim {
        /// The entry.
        import_id: ImportId,
        /// Concord's id of the request, when it was this run that created it.
        receipt: Option<Receipt>,
    },
    /// A run did not renew its lease in time.
    #[error(
        "this run could not tell the ledger in time that it is alive, so its lease ran out (was the machine suspended?)"
    )]
    LostLease,
    /// The ledger's task has ended.
    #[error("the ledger is closed")]
    Closed,
}

/// What Concord has already answered must be known to somebody, even if the ledger cannot take it.
fn told_receipt(receipt: Option<Receipt>) -> String {
    receipt.map_or_else(String::new, |receipt| {
        format!(
            "; to this run Concord answered that it has created request {}",
            receipt.id
        )
    })
}

impl LedgerError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            _ if self.is_damage() => Some(
                "move it aside, with the files beside it whose names begin alike, or put a backup in its place; then, before \
                 anything else, run `concord-import reconcile` with all inputs that were imported with it: it takes from \
                 Concord what the ledger has lost, or the backup does not know yet"
                    .into(),
            ),
            Self::Open { .. } => Some("check that the folder exists and may be written".into()),
            Self::Missing { .. } => Some(
                "nothing was imported with it yet; if it lies elsewhere, name it with --ledger".into(),
            ),
            Self::Foreign { .. } => {
                Some(
                    "name another file with --ledger, or leave the option out; if it was one, it is damaged: move it aside, \
                     or put a backup in its place, and then, before anything else, run `concord-import reconcile` with all \
                     inputs that were imported with it"
                        .into(),
                )
            }
            Self::Older { .. } => Some(
                "move it aside, with the files beside it whose names begin alike; then, before anything else, run \
                 `concord-import reconcile` with all inputs that were imported with it: it makes a new ledger from what \
                 Concord holds"
                    .into(),
            ),
            Self::Newer { .. } => {
                Some("update concord-import; the ledger was not changed".into())
            }
            Self::OtherTarget { .. } => Some(
                "each project has a ledger of its own: leave --ledger out, or name the right one".into(),
            ),
            Self::Failed { .. } => Some(
                "free some space or repair the disk, then run the same command again: it goes on where it stopped"
                    .into(),
            ),
            Self::LostClaim { .. } | Self::LostLease => Some(
                "the machine was probably suspended; run the same command again".into(),
            ),
            Self::InUse { .. } => Some("wait until it has ended, then run the same command again".into()),
            Self::Damaged { .. } | Self::Closed => None,
        }
    }
}

/// What `SQLite` says of a file that is damaged.
const DAMAGE: [&str; 2] = ["malformed", "not a database"];

impl LedgerError {
    /// Whether the file is there, is ours, and cannot be read any more.
    fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            Self::Open { cause, .. } => DAMAGE.iter().any(|words| cause.contains(words)),
            Self::Failed { cause, .. } => matches!(
                cause.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            _ => false,
        }
    }
}

/// A run's number in its ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// An entry to be claimed: what the ledger may know of it.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    names: Names,
    key: String,
    fingerprint: Fingerprint,
    row_key: Option<RowKey>,
    person: PersonDigests,
    /// The type that this entry alone asks for.
    request: RequestTypes,
    near_keys: NearKeys,
    source_row: Option<SourceRow>,
}

impl ClaimRequest {
    /// What may be kept of an entry.
    pub fn of(entry: &Entry, project: Uuid, near_keys: NearKeys) -> Self {
        Self {
            names: entry.names(),
            key: storable_key(&entry.key, project),
            fingerprint: entry.fingerprint,
            row_key: entry.row_key,
            person: entry.key_use().person,
            request: RequestTypes::new([entry.body.request()]),
            near_keys,
            source_row: entry.source_row,
        }
    }

    /// The person, and what this entry alone asks for.
    fn key_use(&self) -> KeyUse {
        KeyUse {
            person: self.person,
            requests: self.request,
        }
    }

    /// Returns the data that may be kept of an invalid row whose request exists nevertheless.
    pub fn of_invalid(
        key: &InvalidKey,
        names: Names,
        request: RequestTypes,
        project: Uuid,
    ) -> Self {
        Self {
            names,
            key: storable_key(&key.source, project),
            fingerprint: Fingerprint::UNKNOWN,
            row_key: Some(key.row_key),
            person: key.row_key.key_use.person,
            request,
            near_keys: NearKeys::Ignore,
            source_row: None,
        }
    }

    /// Returns the claim for a request of which only the import id is known, without an input.
    /// The import id replaces the id of the key.
    pub const fn of_name(import_id: ImportId, key_use: KeyUse) -> Self {
        Self {
            names: Names {
                import_id,
                other: None,
            },
            key: String::new(),
            fingerprint: Fingerprint::UNKNOWN,
            row_key: None,
            person: key_use.person,
            request: key_use.requests,
            near_keys: NearKeys::Ignore,
            source_row: None,
        }
    }
}

/// A query for the ledger's data about a row's entry.
#[derive(Clone, Debug)]
pub enum EntryQuery {
    /// An entry that may be sent.
    Valid(Box<ClaimRequest>),
    /// A row that cannot be sent as it is.
    Invalid {
        /// The names of its entry. None if the request type of the row is not known.
        names: Option<Names>,
        /// The import id of its key alone.
        key: ImportId,
    },
    /// A row that cannot be sent: its request may have been created from a corrected copy.
    Corrections {
        /// The digest of the row.
        row: Fingerprint,
        /// The person, where the row has a key, and the request type, as far as they are known.
        key_use: KeyUse,
        /// The import id of a key that no other row of the inputs has. A copy with this key may name another person,
        /// because that very value was corrected.
        own_key: Option<ImportId>,
    },
    /// A row of which the ledger can know nothing.
    Nothing,
}

/// The data in the ledger about a row's entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The record of its state.
    pub record: Option<Record>,
    /// The reason why it must not be sent: its key is that of another request, or nearly so.
    pub refusal: Option<Reason>,
    /// The request that was created from a corrected copy of the row. Asked of rows that cannot be sent only.
    pub correction: Option<Record>,
}

/// The key as the ledger keeps it: a digest when it is personal.
fn storable_key(key: &SourceKey, project: Uuid) -> String {
    if key.is_personal {
        format!(
            "{}{:016x}",
            DIGEST_PREFIX,
            Fingerprint::new(project, key.text.as_bytes()).0
        )
    } else {
        key.text.clone()
    }
}

/// A claim, under the name that the entry goes by from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// One of the names it was claimed by: the one under which the ledger knows it.
    pub import_id: ImportId,
    /// What the claim came to.
    pub claim: Claim,
}

/// What a claim came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is ours, and surely was not created before.
    Fresh,
    /// It is ours, and an earlier run may have created it: look first.
    InDoubt {
        /// When the oldest claim was made that may have created it.
        since: SystemTime,
        /// What may exist has another content than what is claimed now.
        is_changed: bool,
        /// The status with which the server has accepted it, where that was not 201.
        accepted: Option<u16>,
    },
    /// It exists in Concord already.
    Created {
        /// Its outcome.
        settled: Box<Settled>,
        /// Its request, if the ledger has its id.
        known: Option<KnownCreated>,
    },
    /// A live run holds it: another, or this one, for another row of the same key.
    Elsewhere(RunId),
    /// The entry must not be sent: its key is that of another request, or nearly so.
    Refused(Reason),
}

/// What the ledger holds of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name under which it is known.
    pub import_id: ImportId,
    /// The run that claimed it last.
    pub run: RunId,
    /// Of the content that was sent.
    pub fingerprint: Fingerprint,
    /// The person and the request type; empty where the entry was taken from Concord's list.
    pub key_use: KeyUse,
    /// What became of it. A claim that was never settled reads as in doubt.
    pub settled: Settled,
    /// Claimed and not settled.
    pub is_open: bool,
    /// When it was claimed; while it is in doubt, when it was first claimed by a run that may have sent it.
    pub claimed_at: SystemTime,
    /// When it was last settled.
    pub settled_at: Option<SystemTime>,
}

impl Record {
    /// Returns the request that the ledger has as created for the entry.
    pub(crate) fn known_created(&self) -> Option<KnownCreated> {
        Some(KnownCreated {
            import_id: self.import_id,
            receipt: self.settled.receipt?,
            settled_at: self.settled_at?,
            is_from_list: self.settled.via == Some(Via::Lookup),
        })
    }
}

/// What became of a claimed entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The name under which it was claimed.
    pub import_id: ImportId,
    /// What became of it.
    pub settled: Settled,
    /// What Concord holds or may hold now; `None`: as far as is known, the content of an earlier claim.
    pub content: Option<Content>,
}

/// A request that is known to exist in Concord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownCreated {
    /// Its entry.
    pub import_id: ImportId,
    /// Its ids and date in Concord.
    pub receipt: Receipt,
    /// The time when that was recorded.
    pub settled_at: SystemTime,
    /// It is known by a look-up, and not by the response that created it.
    pub is_from_list: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// When.
    pub finished_at: SystemTime,
    /// What the process ends with, for this input.
    pub exit_code: u8,
    /// Its totals.
    pub tally: Tally,
    /// All that it has sent.
    pub traffic: Traffic,
    /// How that went; none of a run that sends nothing.
    pub timeline: Option<Timeline>,
}

/// What the ledger remembers of runs, for the report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The last imports, newest first.
    pub runs: Vec<RunRecord>,
    /// How sending went in the run that was asked for; none when it is not kept, or no longer.
    pub timeline: Option<Timeline>,
}

/// What a run is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunInput {
    /// The input's file name, without its folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Its place among the inputs of the command, from 1.
    #[serde(skip)]
    pub number: u32,
}

/// What a run does with its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunKind {
    /// It imports.
    Import = 0,
    /// It compares what Concord holds, and sends nothing.
    Reconciliation = 1,
}

/// A run as the ledger remembers it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Its number.
    pub id: RunId,
    /// What it did.
    pub kind: RunKind,
    /// What it read.
    pub input: RunInput,
    /// When it began.
    pub started_at: SystemTime,
    /// When it ended; `None`: it died, or is still running.
    pub finished_at: Option<SystemTime>,
    /// It renewed its lease lately and has not ended.
    pub is_live: bool,
    /// How it ended.
    pub exit_code: Option<u8>,
    /// Requests sent to create entries.
    pub attempts: u64,
    /// Requests sent to look entries up.
    pub lookups: u64,
    /// Its totals, once it ended.
    pub tally: Option<String>,
}

/// Entries in a ledger, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Created in Concord.
    pub created: u64,
    /// Refused by Concord.
    pub rejected: u64,
    /// Attempts ran out.
    pub failed: u64,
    /// May exist.
    pub in_doubt: u64,
    /// Claimed by a run that has not settled them.
    pub claimed: u64,
}

/// Where an answer goes.
type Reply<T> = oneshot::Sender<Result<T, LedgerError>>;

enum Ask {
    Claim {
        run: RunId,
        entries: Vec<ClaimRequest>,
        reply: Reply<Vec<Claimed>>,
    },
    Settle {
        run: RunId,
        settlement: Box<Settlement>,
        traffic: Traffic,
        reply: Reply<Option<ImportId>>,
    },
    NoteCorrections {
        repeats: Vec<ClaimRequest>,
        reply: Reply<()>,
    },
    Release {
        run: RunId,
        ids: Vec<ImportId>,
        reply: Reply<()>,
    },
    Get {
        names: Vec<Names>,
        reply: Reply<Vec<Option<Record>>>,
    },
    Find {
        queries: Vec<EntryQuery>,
        reply: Reply<Vec<Known>>,
    },
    Begin {
        kind: RunKind,
        input: RunInput,
        lease: Duration,
        reply: Reply<RunId>,
    },
    Renew {
        run: RunId,
        lease: Duration,
        traffic: Traffic,
        reply: Reply<()>,
    },
    End {
        run: RunId,
        end: Box<RunEnd>,
        reply: Reply<()>,
    },
    RunOf {
        input: RunInput,
        reply: Reply<Option<RunRecord>>,
    },
    IsEmpty {
        reply: Reply<bool>,
    },
    History {
        run: Option<RunId>,
        runs_max: u32,
        reply: Reply<History>,
    },
    KnownCreated {
        count_max: u32,
        reply: Reply<Vec<KnownCreated>>,
    },
    NoteAccepted {
        run: RunId,
        id: ImportId,
        status: u16,
        reply: Reply<()>,
    },
    DoubtHolder {
        id: Uuid,
        owner: ImportId,
        reply: Reply<()>,
    },
    HolderOf {
        id: Uuid,
        reply: Reply<Option<ImportId>>,
    },
}

/// A ledger, open. Cheap to clone; the last one dropped closes it.
#[derive(Clone, Debug)]
pub struct Ledger {
    asks: mpsc::Sender<Ask>,
    task: Arc<JoinHandle<()>>,
}

/// A ledger's contents for people: no target is needed to read it.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The ledger's file.
    pub path: PathBuf,
    /// Its format.
    pub format: i64,
    /// The project it belongs to.
    pub target: Target,
    /// Newest first.
    pub runs: Vec<RunRecord>,
    /// Over all runs.
    pub totals: Totals,
}

/// Reads what `status` shows, with at most `runs_max` runs, newest first.
pub fn overview(path: &Path, runs_max: u32) -> Result<Overview, LedgerError> {
    sqlite::overview(path, runs_max)
}

impl Ledger {
    /// Opens the ledger of a target, making it when there is none. To be called within a tokio runtime.
    pub fn open(path: &Path, target: &Target) -> Result<Self, LedgerError> {
        let store = sqlite::Store::open(path, target)?;
        let (asks, queue) = mpsc::channel(QUEUE_MAX);
        let task = Arc::new(tokio::spawn(inherited(serve(store, queue))));
        Ok(Self { asks, task })
    }

    /// Claims entries for a run, all in one commit. Answers in the order asked.
    pub async fn claim(
        &self,
        run: RunId,
        entries: Vec<ClaimRequest>,
    ) -> Result<Vec<Claimed>, LedgerError> {
        self.ask(|reply| Ask::Claim {
            run,
            entries,
            reply,
        })
        .await
    }

    /// Records the outcome of an entry that this run has claimed, and the run's traffic so far. Returns another entry
    /// that already has the request that the answer names: then nothing is recorded.
    pub async fn settle(
        &self,
        run: RunId,
        settlement: Settlement,
        traffic: Traffic,
    ) -> Result<Option<ImportId>, LedgerError> {
        let settlement = Box::new(settlement);
        self.ask(|reply| Ask::Settle {
            run,
            settlement,
            traffic,
            reply,
        })
        .await
    }

    /// Records of rows that repeat a claimed entry which source rows they are corrected copies of.
    pub async fn note_corrections(&self, repeats: Vec<ClaimRequest>) -> Result<(), LedgerError> {
        self.ask(|reply| Ask::NoteCorrections { repeats, reply })
            .await
    }

    /// Gives claims back that were surely not acted upon; each is again what it was before.
    pub async fn release(&self, run: RunId, ids: Vec<ImportId>) -> Result<(), LedgerError> {
        self.ask(|reply| Ask::Release { run, ids, reply }).await
    }

    /// What is held of these entries, in the order asked.
    pub async fn get(&self, names: Vec<Names>) -> Result<Vec<Option<Record>>, LedgerError> {
        self.ask(|reply| Ask::Get { names, reply }).await
    }

    /// Returns the data in the ledger about the entries of rows, in the order of the queries.
    pub async fn find(&self, queries: Vec<EntryQuery>) -> Result<Vec<Known>, LedgerError> {
        self.ask(|reply| Ask::Find { queries, reply }).await
    }

    /// Begins a run. Unless it renews its lease within that time, it is taken for dead, and its claims
    /// for in doubt.
    pub async fn begin_run(
        &self,
        kind: RunKind,
        input: RunInput,
        lease: Duration,
    ) -> Result<RunId, LedgerError> {
        self.ask(|reply| Ask::Begin {
            kind,
            input,
            lease,
            reply,
        })
        .await
    }

    /// Renews a run's lease, from now, and records what it has sent so far.
    pub async fn renew(
        &self,
        run: RunId,
        lease: Duration,
        traffic: Traffic,
    ) -> Result<(), LedgerError> {
        self.ask(|reply| Ask::Renew {
            run,
            lease,
            traffic,
            reply,
        })
        .await
    }

    /// Ends a run. A reconciliation has sent nothing: what it has claimed and not settled is given back.
    pub async fn end_run(&self, run: RunId, end: RunEnd) -> Result<(), LedgerError> {
        let end = Box::new(end);
        self.ask(|reply| Ask::End { run, end, reply }).await
    }

    /// The latest import of an input of these bytes; one that stood at the same place among its inputs goes first,
    /// since a command may name two of equal bytes.
    pub async fn run_of(&self, input: RunInput) -> Result<Option<RunRecord>, LedgerError> {
        self.ask(|reply| Ask::RunOf { input, reply }).await
    }

    /// The last imports, at most so many, and how sending went in one of them.
    pub async fn history(&self, run: Option<RunId>, runs_max: u32) -> Result<History, LedgerError> {
        self.ask(|reply| Ask::History {
            run,
            runs_max,
            reply,
        })
        .await
    }

    /// Returns requests that are known to exist in Concord, the newest first.
    pub async fn known_created(&self, count_max: u32) -> Result<Vec<KnownCreated>, LedgerError> {
        self.ask(|reply| Ask::KnownCreated { count_max, reply })
            .await
    }

    /// Records that the server has accepted an entry that this run has claimed, without saying that it exists.
    pub async fn note_accepted(
        &self,
        run: RunId,
        id: ImportId,
        status: u16,
    ) -> Result<(), LedgerError> {
        self.ask(|reply| Ask::NoteAccepted {
            run,
            id,
            status,
            reply,
        })
        .await
    }

    /// Records that a request belongs to the entry whose mark it has. Every other entry with this request is in doubt.
    pub async fn doubt_holder(&self, id: Uuid, owner: ImportId) -> Result<(), LedgerError> {
        self.ask(|reply| Ask::DoubtHolder { id, owner, reply })
            .await
    }

    /// Whether no entry was ever claimed.
    pub async fn is_empty(&self) -> Result<bool, LedgerError> {
        self.ask(|reply| Ask::IsEmpty { reply }).await
    }

    /// Returns the entry that has this request of Concord's.
    pub async fn holder_of(&self, id: Uuid) -> Result<Option<ImportId>, LedgerError> {
        self.ask(|reply| Ask::HolderOf { id, reply }).await
    }

    async fn ask<T>(&self, make: impl FnOnce(Reply<T>) -> Ask) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.asks
            .send(make(reply))
            .await
            .map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    /// Closes the ledger once everything asked before is done. Only the last handle can wait for it.
    pub async fn close(self) {
        let Self { asks, task } = self;
        drop(asks);
        if let Ok(task) = Arc::try_unwrap(task)
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the ledger's task failed");
        }
    }
}

/// The ledger's task: takes what waits, does it in one transaction on a blocking thread, answers.
async fn serve(mut store: sqlite::Store, mut queue: mpsc::Receiver<Ask>) {
    let mut group = Vec::new();
    while queue.recv_many(&mut group, GROUP_MAX).await > 0 {
        gather(&mut group, &mut queue).await;
        let taken = std::mem::take(&mut group);
        let answers;
        (store, answers) = blocking(move || {
            let answers = store.serve(taken);
            (store, answers)
        })
        .await;
        for answer in answers {
            answer();
        }
    }
}

/// Waits for more, while all that was asked can wait.
async fn gather(group: &mut Vec<Ask>, queue: &mut mpsc::Receiver<Ask>) {
    let until = Instant::now() + GATHER;
    let mut known = 0;
    while group.len() < GROUP_MAX
        && group[known..]
            .iter()
            .all(|ask| matches!(ask, Ask::Settle { .. }))
    {
        known = group.len();
        let more = queue.recv_many(group, GROUP_MAX - known);
        if !matches!(timeout_at(until, more).await, Ok(1..)) {
            return;
        }
    }
}
