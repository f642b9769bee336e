//! The ledger in one `SQLite` file, compiled in: write-ahead log, every commit synced.
//!
//! Here: asks in, one transaction, answers out. The only SQL of the program is below this folder. Several processes
//! may have the same file open: writers take turns (`BEGIN IMMEDIATE`, a bounded wait); leases and locks tell which
//! claims are alive.

mod entries;
mod file;
mod runs;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::alive::Locks;
use super::{Ask, LedgerError, Overview};
use crate::plan::Target;

pub use entries::changed;
pub use file::FORMAT;

fn read_failed(cause: rusqlite::Error) -> LedgerError {
    LedgerError::Failed {
        doing: "read",
        cause: Arc::new(cause),
    }
}

fn write_failed(cause: rusqlite::Error) -> LedgerError {
    LedgerError::Failed {
        doing: "written",
        cause: Arc::new(cause),
    }
}

fn now_ms() -> i64 {
    to_ms(crate::time_of_day())
}

fn to_ms(time: SystemTime) -> i64 {
    in_ms(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn from_ms(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// An answer that is ready, to be given after the commit.
pub(super) type Answer = Box<dyn FnOnce() + Send>;

/// The open file.
pub(super) struct Store {
    connection: Connection,
    path: PathBuf,
    /// Tells other processes that the runs begun here are alive.
    locks: Locks,
    /// A commit has failed: nothing more is written, so that nothing more is sent.
    broken: Option<LedgerError>,
}

impl Store {
    /// Opens the ledger of a target, or makes it.
    pub(super) fn open(path: &Path, target: &Target) -> Result<Self, LedgerError> {
        file::create_private(path)?;
        let mut store = Self::open_existing(path)?;
        file::bind(&mut store.connection, path, target)?;
        Ok(store)
    }

    /// Opens a ledger that must be there.
    pub(super) fn open_existing(path: &Path) -> Result<Self, LedgerError> {
        if !path.exists() {
            return Err(LedgerError::Missing {
                path: path.to_owned(),
            });
        }
        let mut connection = file::connect(path)?;
        file::migrate(&mut connection, path)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            locks: Locks::of(path),
            broken: None,
        })
    }

    /// What `status` shows.
    pub(super) fn overview(&self, runs_max: u32) -> Result<Overview, LedgerError> {
        runs::overview(&self.connection, &self.path, &self.locks, runs_max).map_err(read_failed)
    }

    /// Does everything asked in one transaction. The answers are for after it: each waits for its commit.
    pub(super) fn serve(&mut self, asks: Vec<Ask>) -> Vec<Answer> {
        let mut pending = Vec::with_capacity(asks.len());
        let committed = self.commit_all(asks, &mut pending);
        if let Err(error) = &committed {
            self.broken = Some(error.clone());
        }
        pending
            .into_iter()
            .map(|answer: Pending| {
                let committed = committed.clone();
                Box::new(move || answer(committed)) as Answer
            })
            .collect()
    }

    fn commit_all(
        &mut self,
        asks: Vec<Ask>,
        pending: &mut Vec<Pending>,
    ) -> Result<(), LedgerError> {
        let begun = match &self.broken {
            Some(error) => Err(error.clone()),
            None => begin(&mut self.connection).map_err(write_failed),
        };
        match begun {
            Ok(tx) => {
                let mut fault = None;
                for ask in asks {
                    perform(&tx, &mut self.locks, ask, pending, &mut fault);
                }
                match fault {
                    None => {
                        tx.commit().map_err(write_failed)?;
                        self.locks.sweep();
                        Ok(())
                    }
                    Some(cause) => Err(write_failed(cause)),
                }
            }
            Err(error) => {
                pending.extend(asks.into_iter().map(refuse));
                Err(error)
            }
        }
    }
}

/// An answer that still has to be told whether its commit went well.
type Pending = Box<dyn FnOnce(Result<(), LedgerError>) + Send>;

fn answer<T: Send + 'static>(
    reply: oneshot::Sender<Result<T, LedgerError>>,
    done: rusqlite::Result<Result<T, LedgerError>>,
    fault: &mut Option<rusqlite::Error>,
) -> Pending {
    let done = match done {
        Ok(done) => Some(done),
        Err(cause) => {
            fault.get_or_insert(cause);
            None
        }
    };
    // Whoever asked may be gone by now (a run that was stopped at once): then nobody needs the answer.
    Box::new(move |committed| {
        drop(reply.send(match (committed, done) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(done)) => done,
            (Ok(()), None) => Err(LedgerError::Closed),
        }));
    })
}

fn perform(
    tx: &Transaction<'_>,
    locks: &mut Locks,
    ask: Ask,
    pending: &mut Vec<Pending>,
    fault: &mut Option<rusqlite::Error>,
) {
    pending.push(match ask {
        Ask::Claim(run, entries, reply) => answer(
            reply,
            entries::claim_all(tx, locks, run, &entries).map(Ok),
            fault,
        ),
        Ask::Settle(run, id, settled, traffic, reply) => answer(
            reply,
            entries::settle(tx, run, id, &settled, traffic),
            fault,
        ),
        Ask::Release(run, ids, reply) => {
            answer(reply, entries::release(tx, run, &ids).map(Ok), fault)
        }
        Ask::Get(ids, reply) => answer(
            reply,
            ids.iter()
                .map(|id| entries::get(tx, *id))
                .collect::<rusqlite::Result<_>>()
                .map(Ok),
            fault,
        ),
        Ask::Begin(input, lease, reply) => answer(
            reply,
            runs::begin_run(tx, locks, &input, lease).map(Ok),
            fault,
        ),
        Ask::Renew(run, lease, reply) => answer(reply, runs::renew(tx, run, lease), fault),
        Ask::End(run, exit_code, tally, traffic, reply) => answer(
            reply,
            runs::end_run(tx, locks, run, exit_code, &tally, traffic).map(Ok),
            fault,
        ),
        Ask::RunOf(sha256, reply) => answer(reply, runs::run_of(tx, locks, &sha256).map(Ok), fault),
        Ask::SomeCreated(reply) => answer(reply, entries::some_created(tx).map(Ok), fault),
    });
}

/// The answer to an ask that could not even begin; its commit tells why.
fn refuse(ask: Ask) -> Pending {
    fn tell<T: Send + 'static>(reply: oneshot::Sender<Result<T, LedgerError>>) -> Pending {
        answer(reply, Ok(Err(LedgerError::Closed)), &mut None)
    }
    match ask {
        Ask::Claim(_, _, reply) => tell(reply),
        Ask::Settle(_, _, _, _, reply)
        | Ask::Release(_, _, reply)
        | Ask::Renew(_, _, reply)
        | Ask::End(_, _, _, _, reply) => tell(reply),
        Ask::Get(_, reply) => tell(reply),
        Ask::Begin(_, _, reply) => tell(reply),
        Ask::RunOf(_, reply) => tell(reply),
        Ask::SomeCreated(reply) => tell(reply),
    }
}

fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn in_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
