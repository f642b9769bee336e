//! The ledger in one SQLite file, compiled in: write-ahead log, every commit synced.
//!
//! The only SQL of the program. Several processes may have the same file open: writers take turns
//! (`BEGIN IMMEDIATE`, a bounded wait), and leases tell which claims are alive.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params,
};
use uuid::Uuid;

use super::{
    Ask, Claim, ClaimRequest, LedgerError, Overview, Record, RunId, RunInput, RunRecord, Totals,
};
use crate::entry::{Fingerprint, ImportId};
use crate::outcome::{Outcome, Reason, Receipt, Settled, Traffic, Via};
use crate::plan::Target;

/// Marks the file as ours: `CCRD` read as a number.
const APPLICATION_ID: i64 = 0x4343_5244;
/// How long a writer waits for another process.
const BUSY_WAIT: Duration = Duration::from_secs(20);

/// What each format adds to the one before. Never changed once released; only added to.
const MIGRATIONS: [&str; 2] = [
    "CREATE TABLE target (
         organization BLOB NOT NULL,
         project      BLOB NOT NULL,
         base_url     TEXT NOT NULL
     ) STRICT;
     CREATE TABLE runs (
         id             INTEGER PRIMARY KEY AUTOINCREMENT,
         input_name     TEXT NOT NULL,
         input_bytes    INTEGER NOT NULL,
         input_sha256   TEXT NOT NULL,
         started_at_ms  INTEGER NOT NULL,
         finished_at_ms INTEGER,
         lease_until_ms INTEGER NOT NULL,
         exit_code      INTEGER,
         attempts       INTEGER NOT NULL DEFAULT 0,
         lookups        INTEGER NOT NULL DEFAULT 0,
         tally          TEXT
     ) STRICT;
     CREATE TABLE entries (
         import_id     BLOB PRIMARY KEY,
         source_key    TEXT NOT NULL,
         fingerprint   INTEGER NOT NULL,
         state         INTEGER NOT NULL,
         previous      INTEGER,
         run           INTEGER NOT NULL REFERENCES runs (id),
         claimed_at_ms INTEGER NOT NULL,
         settled_at_ms INTEGER,
         via           INTEGER,
         id            BLOB,
         concord_id    BLOB,
         request_date  INTEGER,
         attempts      INTEGER NOT NULL DEFAULT 0,
         http_status   INTEGER,
         error_code    TEXT,
         error         TEXT
     ) STRICT, WITHOUT ROWID;",
    // Claims that a dead run left open are found without reading the whole ledger.
    "CREATE INDEX entries_open ON entries (run, claimed_at_ms) WHERE state IN (0, 4);
     CREATE INDEX runs_by_input ON runs (input_sha256, id);",
];

/// The newest format that this version reads and writes.
pub const FORMAT: i64 = MIGRATIONS.len() as i64;

/// `entries.state`, as stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Claimed = 0,
    Created = 1,
    Rejected = 2,
    Failed = 3,
    InDoubt = 4,
}

impl State {
    fn read(stored: i64) -> rusqlite::Result<Self> {
        [
            Self::Claimed,
            Self::Created,
            Self::Rejected,
            Self::Failed,
            Self::InDoubt,
        ]
        .into_iter()
        .find(|state| *state as i64 == stored)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(0, stored))
    }

    /// What a person reads: a claim that nobody settled may have been sent.
    fn outcome(self) -> Outcome {
        match self {
            Self::Created => Outcome::Created,
            Self::Rejected => Outcome::Rejected,
            Self::Failed => Outcome::Failed,
            Self::Claimed | Self::InDoubt => Outcome::InDoubt,
        }
    }

    fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Created => Some(Self::Created),
            Outcome::Rejected => Some(Self::Rejected),
            Outcome::Failed => Some(Self::Failed),
            Outcome::InDoubt => Some(Self::InDoubt),
            Outcome::Duplicate | Outcome::Invalid | Outcome::NotSent => None,
        }
    }
}

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
    to_ms(SystemTime::now())
}

fn to_ms(time: SystemTime) -> i64 {
    in_ms(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn from_ms(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

fn uuid_at(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Uuid>> {
    let bytes: Option<[u8; 16]> = row.get(column)?;
    Ok(bytes.map(Uuid::from_bytes))
}

/// An answer that is ready, to be given after the commit.
pub(super) type Answer = Box<dyn FnOnce() + Send>;

/// The open file.
pub(super) struct Store {
    connection: Connection,
    path: PathBuf,
    /// A commit has failed: nothing more is written, so that nothing more is sent.
    broken: Option<LedgerError>,
}

impl Store {
    /// Opens the ledger of a target, or makes it.
    pub(super) fn open(path: &Path, target: &Target) -> Result<Self, LedgerError> {
        create_private(path)?;
        let mut store = Self::connect(path)?;
        store.migrate()?;
        store.bind(target)?;
        Ok(store)
    }

    /// Opens a ledger that must be there.
    pub(super) fn open_existing(path: &Path) -> Result<Self, LedgerError> {
        let mut store = Self::connect(path)?;
        store.migrate()?;
        Ok(store)
    }

    fn connect(path: &Path) -> Result<Self, LedgerError> {
        let open_failed = |cause: rusqlite::Error| match cause.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => LedgerError::Foreign {
                path: path.to_owned(),
            },
            _ => LedgerError::Open {
                path: path.to_owned(),
                cause: cause.to_string(),
            },
        };
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(open_failed)?;
        connection.busy_timeout(BUSY_WAIT).map_err(open_failed)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA fullfsync = ON;
                 PRAGMA checkpoint_fullfsync = ON;
                 PRAGMA cache_size = -8192;
                 PRAGMA trusted_schema = OFF;",
            )
            .map_err(open_failed)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(Self {
            connection,
            path: path.to_owned(),
            broken: None,
        })
    }

    fn migrate(&mut self) -> Result<(), LedgerError> {
        let path = self.path.clone();
        let tx = begin(&mut self.connection).map_err(write_failed)?;
        let pragma =
            |name: &str| tx.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        let application = pragma("application_id").map_err(read_failed)?;
        let found = pragma("user_version").map_err(read_failed)?;
        let tables: i64 = tx
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(read_failed)?;
        if application != APPLICATION_ID && (application != 0 || found != 0 || tables != 0) {
            return Err(LedgerError::Foreign { path });
        }
        if found > FORMAT {
            return Err(LedgerError::Newer {
                path,
                found,
                known: FORMAT,
            });
        }
        if found == FORMAT {
            return Ok(());
        }
        for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
            tx.execute_batch(step).map_err(write_failed)?;
        }
        tx.execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"
        ))
        .map_err(write_failed)?;
        tx.commit().map_err(write_failed)
    }

    /// Holds the ledger to its target; the first to open it says which.
    fn bind(&mut self, target: &Target) -> Result<(), LedgerError> {
        let path = self.path.clone();
        let tx = begin(&mut self.connection).map_err(write_failed)?;
        match read_target(&tx).map_err(read_failed)? {
            Some(found) if found == *target => Ok(()),
            Some(found) => Err(LedgerError::OtherTarget {
                path,
                found: describe(&found),
                wanted: describe(target),
            }),
            None => {
                tx.execute(
                    "INSERT INTO target (organization, project, base_url) VALUES (?1, ?2, ?3)",
                    params![
                        target.organization.as_bytes(),
                        target.project.as_bytes(),
                        target.base_url
                    ],
                )
                .map_err(write_failed)?;
                tx.commit().map_err(write_failed)
            }
        }
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
                    perform(&tx, ask, pending, &mut fault);
                }
                match fault {
                    None => tx.commit().map_err(write_failed),
                    Some(cause) => Err(write_failed(cause)),
                }
            }
            Err(error) => {
                pending.extend(asks.into_iter().map(refuse));
                Err(error)
            }
        }
    }

    /// What `status` shows.
    pub(super) fn overview(&self, runs_max: u32) -> Result<Overview, LedgerError> {
        let connection = &self.connection;
        let read = || -> rusqlite::Result<Overview> {
            let target = read_target(connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            let mut statement =
                connection.prepare("SELECT * FROM runs ORDER BY id DESC LIMIT ?1")?;
            let runs = statement
                .query_map([runs_max], read_run)?
                .collect::<rusqlite::Result<_>>()?;
            let mut totals = Totals::default();
            let mut statement =
                connection.prepare("SELECT state, count(*) FROM entries GROUP BY state")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let count: u64 = row.get(1)?;
                match State::read(row.get(0)?)? {
                    State::Claimed => totals.claimed = count,
                    State::Created => totals.created = count,
                    State::Rejected => totals.rejected = count,
                    State::Failed => totals.failed = count,
                    State::InDoubt => totals.in_doubt = count,
                }
            }
            let format = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            Ok(Overview {
                path: self.path.clone(),
                format,
                target,
                runs,
                totals,
            })
        };
        read().map_err(read_failed)
    }
}

/// An answer that still has to be told whether its commit went well.
type Pending = Box<dyn FnOnce(Result<(), LedgerError>) + Send>;

fn answer<T: Send + 'static>(
    reply: tokio::sync::oneshot::Sender<Result<T, LedgerError>>,
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
    ask: Ask,
    pending: &mut Vec<Pending>,
    fault: &mut Option<rusqlite::Error>,
) {
    pending.push(match ask {
        Ask::Claim(run, entries, reply) => {
            answer(reply, claim_all(tx, run, &entries).map(Ok), fault)
        }
        Ask::Settle(run, id, settled, traffic, reply) => {
            answer(reply, settle(tx, run, id, &settled, traffic), fault)
        }
        Ask::Release(run, ids, reply) => answer(reply, release(tx, run, &ids).map(Ok), fault),
        Ask::Get(ids, reply) => answer(
            reply,
            ids.iter()
                .map(|id| get(tx, *id))
                .collect::<rusqlite::Result<_>>()
                .map(Ok),
            fault,
        ),
        Ask::Begin(input, lease, reply) => {
            answer(reply, begin_run(tx, &input, lease).map(Ok), fault)
        }
        Ask::Renew(run, lease, reply) => answer(reply, renew(tx, run, lease).map(Ok), fault),
        Ask::End(run, exit_code, tally, traffic, reply) => answer(
            reply,
            end_run(tx, run, exit_code, &tally, traffic).map(Ok),
            fault,
        ),
        Ask::RunOf(sha256, reply) => answer(reply, run_of(tx, &sha256).map(Ok), fault),
        Ask::SomeCreated(reply) => answer(reply, some_created(tx).map(Ok), fault),
    });
}

/// The answer to an ask that could not even begin; its commit tells why.
fn refuse(ask: Ask) -> Pending {
    fn tell<T: Send + 'static>(
        reply: tokio::sync::oneshot::Sender<Result<T, LedgerError>>,
    ) -> Pending {
        answer(reply, Ok(Err(LedgerError::Closed)), &mut None)
    }
    match ask {
        Ask::Claim(_, _, reply) => tell(reply),
        Ask::Settle(_, _, _, _, reply) | Ask::Release(_, _, reply) => tell(reply),
        Ask::Get(_, reply) => tell(reply),
        Ask::Begin(_, _, reply) => tell(reply),
        Ask::Renew(_, _, reply) | Ask::End(_, _, _, _, reply) => tell(reply),
        Ask::RunOf(_, reply) => tell(reply),
        Ask::SomeCreated(reply) => tell(reply),
    }
}

fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// Makes the file and its folder when they are not there, readable by nobody else.
fn create_private(path: &Path) -> Result<(), LedgerError> {
    let make = || -> std::io::Result<()> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            crate::report::files::create_private_dir(folder)?;
        }
        crate::report::files::private_options()
            .append(true)
            .create(true)
            .open(path)
            .map(drop)
    };
    make().map_err(|cause| LedgerError::Open {
        path: path.to_owned(),
        cause: cause.to_string(),
    })
}

fn describe(target: &Target) -> String {
    format!("project {} at {}", target.project, target.base_url)
}

fn read_target(connection: &Connection) -> rusqlite::Result<Option<Target>> {
    connection
        .query_row(
            "SELECT organization, project, base_url FROM target",
            [],
            |row| {
                Ok(Target {
                    organization: Uuid::from_bytes(row.get(0)?),
                    project: Uuid::from_bytes(row.get(1)?),
                    base_url: row.get(2)?,
                })
            },
        )
        .optional()
}

fn claim_all(
    tx: &Transaction<'_>,
    run: RunId,
    entries: &[ClaimRequest],
) -> rusqlite::Result<Vec<Claim>> {
    let now = now_ms();
    entries
        .iter()
        .map(|entry| claim(tx, run, entry, now))
        .collect()
}

fn claim(
    tx: &Transaction<'_>,
    run: RunId,
    entry: &ClaimRequest,
    now: i64,
) -> rusqlite::Result<Claim> {
    let id = entry.import_id;
    let held = get(tx, id)?;
    let state = held
        .as_ref()
        .map(|held| (held.settled.outcome, held.is_open));
    let claim = match (held, state) {
        (None, _) => {
            tx.prepare_cached(
                "INSERT INTO entries (import_id, source_key, fingerprint, state, run, claimed_at_ms)
                 VALUES (?1, ?2, ?3, 0, ?4, ?5)",
            )?
            .execute(params![
                id.0.as_bytes(),
                entry.key,
                entry.fingerprint.0.cast_signed(),
                run.0,
                now
            ])?;
            return Ok(Claim::Fresh);
        }
        (Some(held), Some((Outcome::Created, _))) => {
            let mut settled = held.settled;
            settled.via = Some(Via::Ledger);
            if held.fingerprint != entry.fingerprint {
                settled.reason = Some(changed());
            }
            return Ok(Claim::Created(Box::new(settled)));
        }
        (Some(held), _) if held.is_open && held.run != run && is_live(tx, held.run, now)? => {
            return Ok(Claim::Elsewhere(held.run));
        }
        (Some(_), Some((Outcome::InDoubt, _))) => Claim::InDoubt,
        (Some(_), _) => Claim::Fresh,
    };
    // A claim that a dead run left open goes back to in doubt, never to what it was before that claim.
    tx.prepare_cached(
        "UPDATE entries
         SET previous = CASE state WHEN 0 THEN 4 ELSE state END,
             state = 0, run = ?2, fingerprint = ?3, claimed_at_ms = ?4
         WHERE import_id = ?1",
    )?
    .execute(params![
        id.0.as_bytes(),
        run.0,
        entry.fingerprint.0.cast_signed(),
        now
    ])?;
    Ok(claim)
}

/// What is said of an entry whose content is not what was sent under its key.
pub fn changed() -> Reason {
    Reason::new(
        "changed",
        "this row's content is not what was sent under the same key; Concord still has what was sent first",
    )
}

fn is_live(tx: &Transaction<'_>, run: RunId, now: i64) -> rusqlite::Result<bool> {
    let live: Option<bool> = tx
        .prepare_cached(
            "SELECT finished_at_ms IS NULL AND lease_until_ms > ?2 FROM runs WHERE id = ?1",
        )?
        .query_row(params![run.0, now], |row| row.get(0))
        .optional()?;
    Ok(live.unwrap_or(false))
}

fn settle(
    tx: &Transaction<'_>,
    run: RunId,
    id: ImportId,
    settled: &Settled,
    traffic: Traffic,
) -> rusqlite::Result<Result<(), LedgerError>> {
    let Some(state) = State::of(settled.outcome) else {
        return Err(rusqlite::Error::IntegralValueOutOfRange(
            0,
            settled.outcome as i64,
        ));
    };
    let receipt = settled.receipt;
    let changed = tx
        .prepare_cached(
            "UPDATE entries
             SET state = ?3, previous = NULL, settled_at_ms = ?4, via = ?5, id = ?6, concord_id = ?7,
                 request_date = ?8, attempts = ?9, http_status = ?10, error_code = ?11, error = ?12
             WHERE import_id = ?1 AND run = ?2 AND state = 0",
        )?
        .execute(params![
            id.0.as_bytes(),
            run.0,
            state as i64,
            now_ms(),
            settled.via.map(|via| via as i64),
            receipt.map(|receipt| *receipt.id.as_bytes()),
            receipt.and_then(|receipt| receipt.concord_id).map(Uuid::into_bytes),
            receipt.and_then(|receipt| receipt.request_date),
            settled.attempts,
            settled.http_status,
            settled.reason.as_ref().map(|reason| &reason.code),
            settled.reason.as_ref().map(|reason| &reason.message),
        ])?;
    record_traffic(tx, run, traffic)?;
    Ok(if changed == 1 {
        Ok(())
    } else {
        Err(LedgerError::LostClaim(id))
    })
}

fn record_traffic(tx: &Transaction<'_>, run: RunId, traffic: Traffic) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE runs SET attempts = max(attempts, ?2), lookups = max(lookups, ?3) WHERE id = ?1",
    )?
    .execute(params![run.0, traffic.attempts, traffic.lookups])
    .map(drop)
}

fn release(tx: &Transaction<'_>, run: RunId, ids: &[ImportId]) -> rusqlite::Result<()> {
    for id in ids {
        let key = params![id.0.as_bytes(), run.0];
        tx.prepare_cached(
            "DELETE FROM entries WHERE import_id = ?1 AND run = ?2 AND state = 0 AND previous IS NULL",
        )?
        .execute(key)?;
        tx.prepare_cached(
            "UPDATE entries SET state = previous, previous = NULL
             WHERE import_id = ?1 AND run = ?2 AND state = 0",
        )?
        .execute(key)?;
    }
    Ok(())
}

fn get(tx: &Transaction<'_>, id: ImportId) -> rusqlite::Result<Option<Record>> {
    tx.prepare_cached("SELECT * FROM entries WHERE import_id = ?1")?
        .query_row([id.0.as_bytes()], read_record)
        .optional()
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let state = State::read(row.get("state")?)?;
    let via: Option<i64> = row.get("via")?;
    let code: Option<String> = row.get("error_code")?;
    let message: Option<String> = row.get("error")?;
    let receipt = uuid_at(row, "id")?.map(|id| {
        Ok::<_, rusqlite::Error>(Receipt {
            id,
            concord_id: uuid_at(row, "concord_id")?,
            request_date: row.get("request_date")?,
        })
    });
    let fingerprint: i64 = row.get("fingerprint")?;
    Ok(Record {
        run: RunId(row.get("run")?),
        fingerprint: Fingerprint(fingerprint.cast_unsigned()),
        is_open: state == State::Claimed,
        settled: Settled {
            outcome: state.outcome(),
            via: via.map(|via| {
                if via == Via::Lookup as i64 {
                    Via::Lookup
                } else {
                    Via::Response
                }
            }),
            receipt: receipt.transpose()?,
            attempts: row.get("attempts")?,
            http_status: row.get("http_status")?,
            reason: code.map(|code| Reason::new(code, message.unwrap_or_default())),
        },
    })
}

fn begin_run(tx: &Transaction<'_>, input: &RunInput, lease: Duration) -> rusqlite::Result<RunId> {
    let now = now_ms();
    tx.execute(
        "INSERT INTO runs (input_name, input_bytes, input_sha256, started_at_ms, lease_until_ms)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            input.name,
            input.bytes,
            input.sha256,
            now,
            now + in_ms(lease)
        ],
    )?;
    Ok(RunId(tx.last_insert_rowid()))
}

fn in_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn renew(tx: &Transaction<'_>, run: RunId, lease: Duration) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE runs SET lease_until_ms = ?2 WHERE id = ?1 AND finished_at_ms IS NULL",
        params![run.0, now_ms() + in_ms(lease)],
    )
    .map(drop)
}

fn end_run(
    tx: &Transaction<'_>,
    run: RunId,
    exit_code: u8,
    tally: &str,
    traffic: Traffic,
) -> rusqlite::Result<()> {
    record_traffic(tx, run, traffic)?;
    tx.execute(
        "UPDATE runs SET finished_at_ms = ?2, exit_code = ?3, tally = ?4 WHERE id = ?1",
        params![run.0, now_ms(), exit_code, tally],
    )
    .map(drop)
}

fn run_of(tx: &Transaction<'_>, sha256: &str) -> rusqlite::Result<Option<RunRecord>> {
    tx.query_row(
        "SELECT * FROM runs WHERE input_sha256 = ?1 ORDER BY id DESC LIMIT 1",
        [sha256],
        read_run,
    )
    .optional()
}

fn some_created(tx: &Transaction<'_>) -> rusqlite::Result<Option<ImportId>> {
    tx.query_row(
        "SELECT import_id FROM entries WHERE state = 1 LIMIT 1",
        [],
        |row| Ok(ImportId(Uuid::from_bytes(row.get(0)?))),
    )
    .optional()
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let finished_at: Option<i64> = row.get("finished_at_ms")?;
    let lease_until: i64 = row.get("lease_until_ms")?;
    Ok(RunRecord {
        id: RunId(row.get("id")?),
        input: RunInput {
            name: row.get("input_name")?,
            bytes: row.get("input_bytes")?,
            sha256: row.get("input_sha256")?,
        },
        started_at: from_ms(row.get("started_at_ms")?),
        finished_at: finished_at.map(from_ms),
        is_live: finished_at.is_none() && lease_until > now_ms(),
        exit_code: row.get("exit_code")?,
        attempts: row.get("attempts")?,
        lookups: row.get("lookups")?,
        tally: row.get("tally")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger as the first released format left it.
    fn make_format_1(path: &Path) {
        let connection = Connection::open(path).expect("a new file opens");
        connection
            .execute_batch(MIGRATIONS[0])
            .expect("the first format is SQL");
        connection
            .execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;"
            ))
            .expect("pragmas are set");
    }

    fn target() -> Target {
        Target {
            organization: Uuid::from_u128(1),
            project: Uuid::from_u128(2),
            base_url: "http://127.0.0.1:1".into(),
        }
    }

    #[test]
    fn an_older_format_is_migrated_and_keeps_its_rows() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("old.ledger");
        make_format_1(&path);
        let connection = Connection::open(&path).expect("it opens");
        connection
            .execute_batch(
                "INSERT INTO runs VALUES (1, 'a.csv', 1, 'ff', 0, 1, 1, 0, 1, 0, NULL);
                 INSERT INTO entries (import_id, source_key, fingerprint, state, run, claimed_at_ms)
                 VALUES (x'00000000000000000000000000000007', 'T-7', 1, 1, 1, 0);",
            )
            .expect("rows go in");
        drop(connection);
        let store = Store::open(&path, &target()).expect("it migrates");
        let overview = store.overview(10).expect("it can be read");
        assert_eq!((overview.format, overview.totals.created), (FORMAT, 1));
    }

    #[test]
    fn a_newer_format_is_refused_untouched() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("new.ledger");
        drop(Store::open(&path, &target()).expect("it is made"));
        let connection = Connection::open(&path).expect("it opens");
        connection
            .execute_batch("PRAGMA user_version = 99;")
            .expect("set");
        drop(connection);
        let refused = Store::open(&path, &target()).err().expect("it is refused");
        assert!(
            matches!(refused, LedgerError::Newer { found: 99, .. }),
            "{refused}"
        );
    }

    #[test]
    fn a_file_of_something_else_is_refused_untouched() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("letter.txt");
        let text = "Dear Sir or Madam, this is no database. ".repeat(40);
        std::fs::write(&path, &text).expect("written");
        let refused = Store::open(&path, &target()).err().expect("it is refused");
        assert!(matches!(refused, LedgerError::Foreign { .. }), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).expect("it is there"), text);

        let other = dir.path().join("other.db");
        Connection::open(&other)
            .and_then(|connection| connection.execute_batch("CREATE TABLE t (x);"))
            .expect("a database of somebody else");
        let refused = Store::open(&other, &target()).err().expect("it is refused");
        assert!(matches!(refused, LedgerError::Foreign { .. }), "{refused}");
    }

    #[test]
    fn a_ledger_of_another_project_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.ledger");
        drop(Store::open(&path, &target()).expect("it is made"));
        let other = Target {
            project: Uuid::from_u128(3),
            ..target()
        };
        let refused = Store::open(&path, &other).err().expect("it is refused");
        assert!(
            matches!(refused, LedgerError::OtherTarget { .. }),
            "{refused}"
        );
    }
}
