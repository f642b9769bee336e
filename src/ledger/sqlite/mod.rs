//! The ledger in one `SQLite` file, compiled in: write-ahead log, every commit synced.
//!
//! Here: asks in, one transaction, answers out. The only SQL of the program is below this folder. Several processes
//! may have the same file open: writers take turns (`BEGIN IMMEDIATE`, a bounded wait); leases and locks tell which
//! claims are alive.

mod corrections;
mod entries;
mod file;
mod find;
mod held;
mod keys;
mod run_state;
mod runs;
mod state;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::alive::Locks;
use super::{Ask, LedgerError, Overview, Reply, RunId};
use crate::outcome::Traffic;
use crate::plan::Target;

pub use entries::{changed, claimed, is_accepted};
use file::Found;
pub use held::{Fetched, Held};
pub(super) use keys::DIGEST_PREFIX;

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

/// What `status` shows of a ledger, which is only read.
pub(super) fn overview(path: &Path, runs_max: u32) -> Result<Overview, LedgerError> {
    if !path.exists() {
        return Err(LedgerError::Missing {
            path: path.to_owned(),
        });
    }
    match file::open(path)? {
        (_, Found::Nothing) => Err(LedgerError::Foreign {
            path: path.to_owned(),
        }),
        (connection, Found::Ledger) => {
            runs::overview(&connection, path, &Locks::of(path), runs_max).map_err(read_failed)
        }
    }
}

/// The open file.
pub(super) struct Store {
    connection: Connection,
    /// Tells other processes that the runs begun here are alive.
    locks: Locks,
    /// A commit has failed: nothing more is written, so that nothing more is sent.
    broken: Option<LedgerError>,
}

impl Store {
    /// Opens the ledger of a target, or makes it.
    pub(super) fn open(path: &Path, target: &Target) -> Result<Self, LedgerError> {
        file::create_private(path)?;
        let (mut connection, found) = file::open(path)?;
        file::check(&connection, path)?;
        file::prepare(&connection, path)?;
        if found == Found::Nothing {
            file::create_tables(&mut connection)?;
        }
        file::bind(&mut connection, path, target)?;
        Ok(Self {
            connection,
            locks: Locks::of(path),
            broken: None,
        })
    }

    /// Does everything asked in one transaction. The answers are for after it: each waits for its commit.
    pub(super) fn serve(&mut self, asks: Vec<Ask>) -> Vec<Answer> {
        let Some(error) = self.broken.clone() else {
            let behavior = if asks.iter().all(is_read) {
                TransactionBehavior::Deferred
            } else {
                TransactionBehavior::Immediate
            };
            let (done, committed) = self.commit_all(asks, behavior);
            self.broken = committed.as_ref().err().cloned();
            return answers(done, &committed);
        };
        // What was written before can still be read, and made into files.
        let (reads, writes): (Vec<_>, Vec<_>) = asks.into_iter().partition(is_read);
        let (done, read) = self.commit_all(reads, TransactionBehavior::Deferred);
        let mut all = answers(done, &read);
        all.extend(answers(
            writes.into_iter().map(refuse).collect(),
            &Err(error),
        ));
        all
    }

    fn commit_all(
        &mut self,
        asks: Vec<Ask>,
        behavior: TransactionBehavior,
    ) -> (Vec<Pending>, Result<(), LedgerError>) {
        let tx = match self.connection.transaction_with_behavior(behavior) {
            Ok(tx) => tx,
            Err(cause) => {
                return (
                    asks.into_iter().map(refuse).collect(),
                    Err(write_failed(cause)),
                );
            }
        };
        let (done, fault) = perform_all(&tx, &mut self.locks, asks);
        let committed = match fault {
            None => tx.commit().map_err(write_failed),
            Some(cause) => Err(write_failed(cause)),
        };
        if committed.is_ok() {
            self.locks.sweep();
        } else {
            self.locks.roll_back();
        }
        (done, committed)
    }
}

fn answers(pending: Vec<Pending>, committed: &Result<(), LedgerError>) -> Vec<Answer> {
    pending
        .into_iter()
        .map(|answer| {
            let committed = committed.clone();
            Box::new(move || answer(committed)) as Answer
        })
        .collect()
}

/// An answer that still has to be told whether its commit went well.
type Pending = Box<dyn FnOnce(Result<(), LedgerError>) + Send>;

fn answer<T: Send + 'static>(
    reply: Reply<T>,
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

/// Does all that was asked. What a run has sent is recorded once, as the last of its settlements tells it.
fn perform_all(
    tx: &Transaction<'_>,
    locks: &mut Locks,
    asks: Vec<Ask>,
) -> (Vec<Pending>, Option<rusqlite::Error>) {
    let mut statements = match entries::Statements::of(tx) {
        Ok(statements) => statements,
        Err(cause) => return (asks.into_iter().map(refuse).collect(), Some(cause)),
    };
    let mut fault = None;
    let mut sent: Vec<(RunId, Traffic)> = Vec::new();
    let mut done = Vec::with_capacity(asks.len());
    for ask in asks {
        if let Ask::Settle { run, traffic, .. } = &ask {
            sent.retain(|(other, _)| other != run);
            sent.push((*run, *traffic));
        }
        done.push(perform(tx, &mut statements, locks, ask, &mut fault));
    }
    for (run, traffic) in sent {
        if let Err(cause) = runs::record_traffic(tx, run, traffic) {
            fault.get_or_insert(cause);
        }
    }
    (done, fault)
}

#[expect(clippy::too_many_lines, reason = "one arm for each request")]
fn perform(
    tx: &Transaction<'_>,
    statements: &mut entries::Statements<'_>,
    locks: &mut Locks,
    ask: Ask,
    fault: &mut Option<rusqlite::Error>,
) -> Pending {
    if !matches!(ask, Ask::Claim { .. } | Ask::Get { .. } | Ask::Find { .. }) {
        statements.forget_what_was_read();
    }
    match ask {
        Ask::Claim {
            run,
            entries,
            reply,
        } => {
            let claimed = entries::claim_all(tx, statements, locks, run, &entries);
            answer(reply, claimed.map(Ok), fault)
        }
        Ask::Settle {
            run,
            settlement,
            reply,
            traffic: _,
        } => answer(
            reply,
            entries::settle(tx, statements, run, &settlement),
            fault,
        ),
        Ask::NoteCorrections { repeats, reply } => {
            let noted = entries::note_corrections(statements, &repeats);
            answer(reply, noted.map(Ok), fault)
        }
        Ask::Release { run, ids, reply } => {
            answer(reply, entries::release(tx, run, &ids).map(Ok), fault)
        }
        Ask::Get { names, reply } => {
            let records = names.into_iter();
            let records = records.map(|names| entries::get(statements, names));
            answer(
                reply,
                records.collect::<rusqlite::Result<_>>().map(Ok),
                fault,
            )
        }
        Ask::Find { queries, reply } => {
            let known = queries.iter();
            let known = known.map(|query| entries::find(statements, query));
            answer(reply, known.collect::<rusqlite::Result<_>>().map(Ok), fault)
        }
        Ask::Begin {
            kind,
            input,
            lease,
            reply,
        } => {
            let run = runs::begin_run(tx, locks, kind, &input, lease);
            answer(reply, run.map(Ok), fault)
        }
        Ask::Renew {
            run,
            lease,
            traffic,
            reply,
        } => answer(reply, runs::renew(tx, run, lease, traffic), fault),
        Ask::End { run, end, reply } => {
            answer(reply, runs::end_run(tx, locks, run, &end).map(Ok), fault)
        }
        Ask::RunOf { input, reply } => {
            answer(reply, runs::run_of(tx, locks, &input).map(Ok), fault)
        }
        Ask::IsEmpty { reply } => answer(reply, entries::is_empty(tx).map(Ok), fault),
        Ask::History {
            run,
            runs_max,
            reply,
        } => {
            let history = runs::history(tx, locks, run, runs_max);
            answer(reply, history.map(Ok), fault)
        }
        Ask::KnownCreated { count_max, reply } => {
            let known = entries::known_created(tx, count_max);
            answer(reply, known.map(Ok), fault)
        }
        Ask::NoteAccepted {
            run,
            id,
            status,
            reply,
        } => {
            let noted = entries::note_accepted(tx, run, id, status);
            answer(reply, noted.map(Ok), fault)
        }
        Ask::DoubtHolder { id, owner, reply } => {
            let doubted = entries::doubt_others_with(tx, owner, id, true);
            answer(reply, doubted.map(Ok), fault)
        }
        Ask::HolderOf { id, reply } => answer(reply, entries::holder_of(tx, id).map(Ok), fault),
    }
}

/// Whether an ask only reads.
const fn is_read(ask: &Ask) -> bool {
    matches!(
        ask,
        Ask::Get { .. }
            | Ask::Find { .. }
            | Ask::RunOf { .. }
            | Ask::IsEmpty { .. }
            | Ask::History { .. }
            | Ask::KnownCreated { .. }
            | Ask::HolderOf { .. }
    )
}

/// The answer to an ask that could not even begin; its commit tells why.
fn refuse(ask: Ask) -> Pending {
    fn tell<T: Send + 'static>(reply: Reply<T>) -> Pending {
        answer(reply, Ok(Err(LedgerError::Closed)), &mut None)
    }
    match ask {
        Ask::Claim { reply, .. } => tell(reply),
        Ask::Release { reply, .. }
        | Ask::NoteCorrections { reply, .. }
        | Ask::NoteAccepted { reply, .. }
        | Ask::DoubtHolder { reply, .. }
        | Ask::Renew { reply, .. }
        | Ask::End { reply, .. } => tell(reply),
        Ask::Get { reply, .. } => tell(reply),
        Ask::Find { reply, .. } => tell(reply),
        Ask::Begin { reply, .. } => tell(reply),
        Ask::RunOf { reply, .. } => tell(reply),
        Ask::IsEmpty { reply } => tell(reply),
        Ask::History { reply, .. } => tell(reply),
        Ask::KnownCreated { reply, .. } => tell(reply),
        Ask::Settle { reply, .. } | Ask::HolderOf { reply, .. } => tell(reply),
    }
}

fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn in_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
