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

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::blocking;
use crate::entry::{Entry, Fingerprint, ImportId, SourceKey};
use crate::outcome::{Settled, Tally, Traffic};
use crate::plan::Target;

pub use sqlite::{FORMAT, changed};

/// Requests to the ledger that may wait; more callers wait in line.
const QUEUE_MAX: usize = 1_024;
/// Requests that go into one commit at most.
const GROUP_MAX: usize = 256;
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
    /// Made by a later version.
    #[error(
        "the ledger {path} has format {found}; this version knows formats up to {known}",
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
    #[error("entry {0} is no longer claimed by this run: another run has taken it over")]
    LostClaim(ImportId),
    /// A run did not renew its lease in time.
    #[error("this run could not renew its lease in time (was the machine suspended?)")]
    LostLease,
    /// The ledger's task has ended.
    #[error("the ledger is closed")]
    Closed,
}

impl LedgerError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Open { .. } => Some("check that the folder exists and may be written".into()),
            Self::Missing { .. } => Some(
                "nothing was imported with it yet; if it lies elsewhere, name it with --ledger".into(),
            ),
            Self::Foreign { .. } => {
                Some("name another file with --ledger, or leave the option out".into())
            }
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
            Self::LostClaim(_) | Self::LostLease => Some(
                "the machine was probably suspended; run the same command again".into(),
            ),
            Self::Closed => None,
        }
    }
}

/// A run's number in its ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// An entry to be claimed: what the ledger may know of it.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    import_id: ImportId,
    key: String,
    fingerprint: Fingerprint,
}

impl ClaimRequest {
    /// What may be kept of an entry.
    pub fn of(entry: &Entry, project: Uuid) -> Self {
        Self {
            import_id: entry.import_id,
            key: storable_key(&entry.key, project),
            fingerprint: entry.fingerprint,
        }
    }
}

/// The key as the ledger keeps it: a digest when it is personal.
fn storable_key(key: &SourceKey, project: Uuid) -> String {
    if key.is_personal {
        format!(
            "digest:{:016x}",
            Fingerprint::new(project, key.text.as_bytes()).0
        )
    } else {
        key.text.clone()
    }
}

/// What a claim came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is ours, and surely was not created before.
    Fresh,
    /// It is ours, and an earlier run may have created it: look first.
    InDoubt,
    /// It exists in Concord already.
    Created(Box<Settled>),
    /// Another live run holds it.
    Elsewhere(RunId),
}

/// What the ledger holds of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The run that claimed it last.
    pub run: RunId,
    /// Of the content that was sent.
    pub fingerprint: Fingerprint,
    /// What became of it. A claim that was never settled reads as in doubt.
    pub settled: Settled,
    /// Claimed and not settled.
    pub is_open: bool,
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
}

/// A run as the ledger remembers it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Its number.
    pub id: RunId,
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

enum Ask {
    Claim(
        RunId,
        Vec<ClaimRequest>,
        oneshot::Sender<Result<Vec<Claim>, LedgerError>>,
    ),
    Settle(
        RunId,
        ImportId,
        Box<Settled>,
        Traffic,
        oneshot::Sender<Result<(), LedgerError>>,
    ),
    Release(
        RunId,
        Vec<ImportId>,
        oneshot::Sender<Result<(), LedgerError>>,
    ),
    Get(
        Vec<ImportId>,
        oneshot::Sender<Result<Vec<Option<Record>>, LedgerError>>,
    ),
    Begin(
        RunInput,
        Duration,
        oneshot::Sender<Result<RunId, LedgerError>>,
    ),
    Renew(RunId, Duration, oneshot::Sender<Result<(), LedgerError>>),
    End(
        RunId,
        u8,
        String,
        Traffic,
        oneshot::Sender<Result<(), LedgerError>>,
    ),
    RunOf(
        String,
        oneshot::Sender<Result<Option<RunRecord>, LedgerError>>,
    ),
    SomeCreated(oneshot::Sender<Result<Option<ImportId>, LedgerError>>),
}

/// A ledger, open. Cheap to clone; the last one dropped closes it.
#[derive(Clone, Debug)]
pub struct Ledger {
    asks: mpsc::Sender<Ask>,
    task: Arc<JoinHandle<()>>,
    path: PathBuf,
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
    sqlite::Store::open_existing(path)?.overview(runs_max)
}

impl Ledger {
    /// Opens the ledger of a target, making it when there is none. To be called within a tokio runtime.
    pub fn open(path: &Path, target: &Target) -> Result<Self, LedgerError> {
        let store = sqlite::Store::open(path, target)?;
        let (asks, queue) = mpsc::channel(QUEUE_MAX);
        let task = Arc::new(tokio::spawn(serve(store, queue)));
        Ok(Self {
            asks,
            task,
            path: path.to_owned(),
        })
    }

    /// Where it is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Claims entries for a run, all in one commit. Answers in the order asked.
    pub async fn claim(
        &self,
        run: RunId,
        entries: Vec<ClaimRequest>,
    ) -> Result<Vec<Claim>, LedgerError> {
        self.ask(|reply| Ask::Claim(run, entries, reply)).await
    }

    /// Records what became of an entry that this run has claimed.
    pub async fn settle(
        &self,
        run: RunId,
        import_id: ImportId,
        settled: Settled,
        traffic: Traffic,
    ) -> Result<(), LedgerError> {
        self.ask(|reply| Ask::Settle(run, import_id, Box::new(settled), traffic, reply))
            .await
    }

    /// Gives claims back that were surely not acted upon; each is again what it was before.
    pub async fn release(&self, run: RunId, ids: Vec<ImportId>) -> Result<(), LedgerError> {
        self.ask(|reply| Ask::Release(run, ids, reply)).await
    }

    /// What is held of these entries, in the order asked.
    pub async fn get(&self, ids: Vec<ImportId>) -> Result<Vec<Option<Record>>, LedgerError> {
        self.ask(|reply| Ask::Get(ids, reply)).await
    }

    /// Begins a run. Unless it renews its lease within that time, it is taken for dead, and its claims
    /// for in doubt.
    pub async fn begin_run(&self, input: RunInput, lease: Duration) -> Result<RunId, LedgerError> {
        self.ask(|reply| Ask::Begin(input, lease, reply)).await
    }

    /// Renews a run's lease, from now.
    pub async fn renew(&self, run: RunId, lease: Duration) -> Result<(), LedgerError> {
        self.ask(|reply| Ask::Renew(run, lease, reply)).await
    }

    /// Ends a run.
    pub async fn end_run(
        &self,
        run: RunId,
        exit_code: u8,
        tally: &Tally,
        traffic: Traffic,
    ) -> Result<(), LedgerError> {
        let tally = serde_json::to_string(tally).unwrap_or_default();
        self.ask(|reply| Ask::End(run, exit_code, tally, traffic, reply))
            .await
    }

    /// The latest run over an input of that digest.
    pub async fn run_of(&self, sha256: &str) -> Result<Option<RunRecord>, LedgerError> {
        self.ask(|reply| Ask::RunOf(sha256.to_owned(), reply)).await
    }

    /// Some entry that is known to exist in Concord, the longest known first.
    pub async fn some_created(&self) -> Result<Option<ImportId>, LedgerError> {
        self.ask(Ask::SomeCreated).await
    }

    async fn ask<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<T, LedgerError>>) -> Ask,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.asks
            .send(make(reply))
            .await
            .map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    /// Closes the ledger once everything asked before is done. Only the last handle can wait for it.
    pub async fn close(self) {
        let Self { asks, task, .. } = self;
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
