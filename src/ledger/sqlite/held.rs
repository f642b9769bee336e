//! What a project holds, as it was listed, while it is compared: a file beside the ledger, gone when that is done.
//!
//! It keeps what was fetched through an interruption, so that the next comparison need not begin again. It is no
//! record of anything: whatever is wrong with it, it is made anew.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, Transaction, params};
use uuid::Uuid;

use super::super::LedgerError;
use super::{from_ms, read_failed, to_ms, write_failed};
use crate::entry::{ImportId, RequestType};
use crate::identity::PersonDigests;
use crate::listed::{Listed, SHOWN_BYTES, Shown};
use crate::outcome::Receipt;
use crate::plan::Target;
use crate::private_file::private_options;
use crate::time_of_day;

/// What was fetched longer ago is fetched anew.
const AGE_MAX: Duration = Duration::from_hours(1);

const TABLES: &str = "
    CREATE TABLE fetch (
        organization  BLOB NOT NULL,
        project       BLOB NOT NULL,
        base_url      TEXT NOT NULL,
        began_at_ms   INTEGER NOT NULL,
        next_offset   INTEGER NOT NULL,
        pass          INTEGER NOT NULL,
        pass_total    INTEGER
    ) STRICT;
    CREATE TABLE requests (
        id                BLOB PRIMARY KEY,
        concord_id        BLOB,
        request_date      INTEGER,
        request           TEXT NOT NULL,
        status            TEXT NOT NULL,
        resolution_status TEXT NOT NULL,
        shown             BLOB NOT NULL,
        person            BLOB NOT NULL,
        pass              INTEGER NOT NULL,
        is_matched        INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE marks (
        import_id BLOB NOT NULL,
        id        BLOB NOT NULL,
        PRIMARY KEY (import_id, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX marks_by_id ON marks (id);";

/// How far fetching has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// When the first page was asked for.
    pub began_at: SystemTime,
    /// Where the next page begins.
    pub next_offset: u64,
    /// Which reading of the list this is, from 1.
    pub pass: u32,
    /// How many requests the project held when this reading began; none before its first page.
    pub pass_total: Option<u64>,
}

/// The requests of a project.
#[derive(Debug)]
pub struct Held {
    connection: Connection,
    path: PathBuf,
    fetched: Fetched,
}

impl Held {
    /// Goes on with what an interrupted comparison has fetched lately, or begins.
    pub fn open(ledger: &Path, target: &Target) -> Result<Self, LedgerError> {
        let mut path = ledger.as_os_str().to_owned();
        path.push("-held");
        let path = PathBuf::from(path);
        match Self::go_on(&path, target) {
            Ok(Some(held)) => return Ok(held),
            Err(LedgerError::Failed { cause, .. }) if is_busy(&cause) => {
                return Err(LedgerError::InUse { path });
            }
            // Of another target, too old, or no longer readable.
            Ok(None) | Err(_) => {}
        }
        remove(&path);
        Self::begin(path, target)
    }

    fn go_on(path: &Path, target: &Target) -> Result<Option<Self>, LedgerError> {
        if !path.exists() {
            return Ok(None);
        }
        let connection = connect(path).map_err(read_failed)?;
        let found = connection
            .query_row("SELECT * FROM fetch", [], |row| {
                let target = Target {
                    organization: Uuid::from_bytes(row.get("organization")?),
                    project: Uuid::from_bytes(row.get("project")?),
                    base_url: row.get("base_url")?,
                };
                let fetched = Fetched {
                    began_at: from_ms(row.get("began_at_ms")?),
                    next_offset: row.get("next_offset")?,
                    pass: row.get("pass")?,
                    pass_total: row.get("pass_total")?,
                };
                Ok((target, fetched))
            })
            .optional()
            .map_err(read_failed)?;
        let lately = |fetched: &Fetched| {
            let age = time_of_day().duration_since(fetched.began_at);
            age.is_ok_and(|age| age <= AGE_MAX)
        };
        Ok(found
            .filter(|(of, fetched)| of == target && lately(fetched))
            .map(|(_, fetched)| Self {
                connection,
                path: path.to_owned(),
                fetched,
            }))
    }

    fn begin(path: PathBuf, target: &Target) -> Result<Self, LedgerError> {
        private_options()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(|cause| LedgerError::Open {
                path: path.clone(),
                cause: cause.to_string(),
            })?;
        let connection = connect(&path).map_err(write_failed)?;
        let fetched = Fetched {
            began_at: time_of_day(),
            next_offset: 0,
            pass: 1,
            pass_total: None,
        };
        connection
            .execute_batch(TABLES)
            .and_then(|()| {
                connection.execute(
                    "INSERT INTO fetch VALUES (?1, ?2, ?3, ?4, 0, 1, NULL)",
                    params![
                        target.organization.as_bytes(),
                        target.project.as_bytes(),
                        target.base_url,
                        to_ms(fetched.began_at)
                    ],
                )
            })
            .map_err(write_failed)?;
        Ok(Self {
            connection,
            path,
            fetched,
        })
    }

    /// How far fetching has come.
    pub const fn fetched(&self) -> Fetched {
        self.fetched
    }

    /// Takes in a page, and where the next one begins.
    pub fn add(&mut self, items: &[Listed], next: Fetched) -> Result<(), LedgerError> {
        let tx = self.connection.transaction().map_err(write_failed)?;
        add_all(&tx, items, next).map_err(write_failed)?;
        tx.commit().map_err(write_failed)?;
        self.fetched = next;
        Ok(())
    }

    /// How many requests the present reading has found.
    pub fn found_in_pass(&self) -> Result<u64, LedgerError> {
        self.connection
            .query_row(
                "SELECT count(*) FROM requests WHERE pass = ?1",
                [self.fetched.pass],
                |row| row.get(0),
            )
            .map_err(read_failed)
    }

    /// The requests that bear a mark, the earliest first.
    pub fn marked(&self, import_id: ImportId) -> Result<Vec<Listed>, LedgerError> {
        let query = "SELECT requests.* FROM marks JOIN requests USING (id)
                     WHERE import_id = ?1 ORDER BY request_date, id";
        self.connection
            .prepare_cached(query)
            .and_then(|mut statement| {
                statement
                    .query_map([import_id.0.as_bytes()], |row| read(row, vec![import_id]))?
                    .collect()
            })
            .map_err(read_failed)
    }

    /// The request of that id.
    pub fn of_id(&self, id: Uuid) -> Result<Option<Listed>, LedgerError> {
        self.connection
            .prepare_cached("SELECT * FROM requests WHERE id = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([id.as_bytes()], |row| read(row, Vec::new()))
                    .optional()
            })
            .map_err(read_failed)
    }

    /// Notes that requests belong to an entry of the inputs. Whether one of them belonged to another already.
    pub fn account_for(&self, ids: impl IntoIterator<Item = Uuid>) -> Result<bool, LedgerError> {
        let mut statement = self
            .connection
            .prepare_cached("UPDATE requests SET is_matched = 1 WHERE id = ?1 AND is_matched <> 1")
            .map_err(write_failed)?;
        let mut is_taken = false;
        for id in ids {
            is_taken |= statement.execute([id.as_bytes()]).map_err(write_failed)? == 0;
        }
        Ok(is_taken)
    }

    /// Returns whether a request already belongs to an entry of the inputs.
    pub fn is_accounted_for(&self, id: Uuid) -> Result<bool, LedgerError> {
        self.connection
            .prepare_cached("SELECT is_matched = 1 FROM requests WHERE id = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([id.as_bytes()], |row| row.get(0))
                    .optional()
            })
            .map(Option::unwrap_or_default)
            .map_err(read_failed)
    }

    /// Records that requests have the key of a row, and belong to an entry that another input may have.
    pub fn account_for_others(
        &self,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<(), LedgerError> {
        let mut statement = self
            .connection
            .prepare_cached("UPDATE requests SET is_matched = 2 WHERE id = ?1 AND is_matched = 0")
            .map_err(write_failed)?;
        for id in ids {
            statement.execute([id.as_bytes()]).map_err(write_failed)?;
        }
        Ok(())
    }

    /// Forgets which requests belong to which entries.
    pub fn account_for_none(&self) -> Result<(), LedgerError> {
        self.connection
            .execute(
                "UPDATE requests SET is_matched = 0 WHERE is_matched <> 0",
                [],
            )
            .map(drop)
            .map_err(write_failed)
    }

    /// Requests that bear a mark and belong to no entry of the inputs, in the order of their marks: the next
    /// `count` after one.
    pub fn strangers(
        &self,
        after: Option<(ImportId, Uuid)>,
        count: u32,
    ) -> Result<Vec<Listed>, LedgerError> {
        let (mark, id) = after.map_or((Vec::new(), Vec::new()), |(mark, id)| {
            (mark.0.as_bytes().to_vec(), id.as_bytes().to_vec())
        });
        let query = "SELECT requests.*, marks.import_id FROM marks JOIN requests USING (id)
                     WHERE (import_id, id) > (?1, ?2) AND is_matched = 0 ORDER BY import_id, id LIMIT ?3";
        self.connection
            .prepare_cached(query)
            .and_then(|mut statement| {
                statement
                    .query_map(params![mark, id, count], |row| {
                        let mark = ImportId(Uuid::from_bytes(row.get("import_id")?));
                        read(row, vec![mark])
                    })?
                    .collect()
            })
            .map_err(read_failed)
    }

    /// Takes the file away: the comparison is done.
    pub fn remove(self) {
        let Self {
            connection, path, ..
        } = self;
        drop(connection);
        remove(&path);
    }
}

/// A power cut may cost the file; a killed process does not.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
         PRAGMA cache_size = -8192; PRAGMA trusted_schema = OFF;",
    )?;
    Ok(connection)
}

fn is_busy(cause: &rusqlite::Error) -> bool {
    matches!(
        cause.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        if let Err(error) = std::fs::remove_file(&name) {
            tracing::debug!(%error, "nothing to take away");
        }
    }
}

fn add_all(tx: &Transaction<'_>, items: &[Listed], next: Fetched) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO requests VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status,
             resolution_status = excluded.resolution_status, shown = excluded.shown, person = excluded.person, pass = excluded.pass",
    )?;
    let mut forget = tx.prepare_cached("DELETE FROM marks WHERE id = ?1 AND import_id <> ?2")?;
    let mut mark = tx.prepare_cached("INSERT OR IGNORE INTO marks VALUES (?1, ?2)")?;
    let pass: u32 = tx.query_row("SELECT pass FROM fetch", [], |row| row.get(0))?;
    for item in items {
        let id = *item.receipt.id.as_bytes();
        insert.execute(params![
            id,
            item.receipt.concord_id.map(Uuid::into_bytes),
            item.receipt.request_date,
            item.request.map_or("", RequestType::name),
            item.status,
            item.resolution_status,
            item.shown.to_bytes(),
            item.person.to_bytes(),
            pass,
        ])?;
        // Somebody may have written in the notes since an earlier reading.
        let first = item
            .marks
            .first()
            .map_or([0; 16], |mark| *mark.0.as_bytes());
        forget.execute(params![id, first])?;
        for import_id in &item.marks {
            mark.execute(params![import_id.0.as_bytes(), id])?;
        }
    }
    tx.execute(
        "UPDATE fetch SET next_offset = ?1, pass = ?2, pass_total = ?3",
        params![next.next_offset, next.pass, next.pass_total],
    )
    .map(drop)
}

fn read(row: &Row<'_>, marks: Vec<ImportId>) -> rusqlite::Result<Listed> {
    let concord_id: Option<[u8; 16]> = row.get("concord_id")?;
    let request: String = row.get("request")?;
    let shown: [u8; SHOWN_BYTES] = row.get("shown")?;
    let person: Vec<u8> = row.get("person")?;
    Ok(Listed {
        receipt: Receipt {
            id: Uuid::from_bytes(row.get("id")?),
            concord_id: concord_id.map(Uuid::from_bytes),
            request_date: row.get("request_date")?,
        },
        marks,
        request: RequestType::from_name(&request),
        status: row.get("status")?,
        resolution_status: row.get("resolution_status")?,
        shown: Shown::from_bytes(shown),
        person: PersonDigests::from_bytes(&person),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            organization: Uuid::from_u128(1),
            project: Uuid::from_u128(2),
            base_url: "http://127.0.0.1:1".into(),
        }
    }

    fn listed(id: u128, mark: u128) -> Listed {
        Listed {
            receipt: Receipt {
                id: Uuid::from_u128(id),
                concord_id: None,
                request_date: Some(5),
            },
            marks: vec![ImportId(Uuid::from_u128(mark))],
            request: Some(RequestType::View),
            status: "submitted".into(),
            resolution_status: String::new(),
            shown: Shown::of(Uuid::nil(), |_| Some("x")),
            person: PersonDigests::from_parts([1, 2, 3, 4, 5]),
        }
    }

    #[test]
    fn what_was_fetched_outlives_an_interruption_but_not_another_target() {
        let dir = tempfile::tempdir().expect("a folder");
        let ledger = dir.path().join("l");
        let mut held = Held::open(&ledger, &target()).expect("begun");
        let next = Fetched {
            next_offset: 2,
            pass_total: Some(7),
            ..held.fetched()
        };
        held.add(&[listed(10, 1), listed(11, 1)], next)
            .expect("kept");
        drop(held);

        let held = Held::open(&ledger, &target()).expect("it goes on");
        let second = Held::open(&ledger, &target()).expect_err("it is in use");
        assert!(matches!(second, LedgerError::InUse { .. }), "{second}");
        assert_eq!(held.fetched().next_offset, 2);
        assert_eq!(held.fetched().pass_total, Some(7));
        let marked = held.marked(ImportId(Uuid::from_u128(1))).expect("read");
        assert_eq!(marked, [listed(10, 1), listed(11, 1)]);
        drop(held);

        let other = Target {
            project: Uuid::from_u128(3),
            ..target()
        };
        let held = Held::open(&ledger, &other).expect("begun anew");
        assert_eq!(
            (
                held.fetched().next_offset,
                held.found_in_pass().expect("read")
            ),
            (0, 0)
        );
        held.remove();
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 0);
    }

    #[test]
    fn strangers_are_those_that_no_entry_accounts_for() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut held = Held::open(&dir.path().join("l"), &target()).expect("begun");
        let items: Vec<_> = (0..5).map(|n| listed(10 + n, n % 3)).collect();
        let next = held.fetched();
        held.add(&items, next).expect("kept");
        // Read again, it is still one.
        held.add(&items[..1], next).expect("kept");
        held.account_for([Uuid::from_u128(10)]).expect("noted");
        let mut strangers = Vec::new();
        let mut after = None;
        while let [one, ..] = held.strangers(after, 1).expect("read").as_slice() {
            after = Some((one.marks[0], one.receipt.id));
            strangers.push((one.marks[0].0.as_u128(), one.receipt.id.as_u128()));
        }
        assert_eq!(strangers, [(0, 13), (1, 11), (1, 14), (2, 12)]);
        held.account_for_none().expect("noted");
        assert_eq!(held.strangers(None, 9).expect("read").len(), 5);
    }
}
