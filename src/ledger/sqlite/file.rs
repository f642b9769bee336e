//! The ledger's file: created private, opened, its format checked, held to its project.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use uuid::Uuid;

use super::super::LedgerError;
use super::{begin, read_failed, write_failed};
use crate::plan::Target;
use crate::private_file::{create_private_dir, private_options};

/// Marks the file as ours: `CCRD` read as a number.
const APPLICATION_ID: i64 = 0x4343_5244;
/// How long a writer waits for another process.
const BUSY_WAIT: Duration = Duration::from_secs(20);

/// The format that this version reads and writes. It changes with every change of [`SCHEMA`].
pub const FORMAT: i64 = 12;

/// The tables and indexes of a ledger.
///
/// Entries lie in the order of their claims, and only the index of the import ids, which have no order, is written in
/// many places. `person`, `request`, `key_id` and `normal_id` serve the comparison of keys (`keys`). `entries_by_request`
/// finds the entry of a request that Concord has answered with; `entries_found` shows whether any entry was found by a
/// look-up. `corrections` holds the entries that were made of corrected copies of a source row.
const SCHEMA: &str = "
    CREATE TABLE target (
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
        tally          TEXT,
        input_number   INTEGER NOT NULL DEFAULT 1,
        kind           INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX runs_by_input ON runs (input_sha256, id);
    CREATE TABLE timelines (
        run      INTEGER PRIMARY KEY REFERENCES runs (id),
        timeline TEXT NOT NULL
    ) STRICT;
    CREATE TABLE entries (
        import_id     BLOB PRIMARY KEY NOT NULL,
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
        error         TEXT,
        other_id      BLOB,
        key_id        BLOB,
        normal_id     BLOB,
        person        BLOB,
        request       INTEGER
    ) STRICT;
    CREATE INDEX entries_by_key ON entries (key_id) WHERE key_id IS NOT NULL;
    CREATE INDEX entries_by_normal_key ON entries (normal_id) WHERE normal_id IS NOT NULL;
    CREATE INDEX entries_by_request ON entries (id) WHERE id IS NOT NULL;
    CREATE INDEX entries_found ON entries (via) WHERE via = 1;
    CREATE TABLE corrections (
        row_digest INTEGER NOT NULL,
        import_id  BLOB NOT NULL,
        PRIMARY KEY (row_digest, import_id)
    ) STRICT, WITHOUT ROWID;";

/// Makes the file and its folder when they are not there, readable by nobody else.
pub(super) fn create_private(path: &Path) -> Result<(), LedgerError> {
    let make = || -> std::io::Result<()> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            create_private_dir(folder)?;
        }
        private_options()
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

/// What a file turned out to be, before anything in it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing is in it yet.
    Nothing,
    /// A ledger of this format.
    Ledger,
}

/// Opens the file and finds out what it is, changing nothing.
pub(super) fn open(path: &Path) -> Result<(Connection, Found), LedgerError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    );
    let opened = connection.and_then(|connection| {
        connection.busy_timeout(BUSY_WAIT)?;
        // Else a write-ahead log that somebody else has left would be folded in.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let pragma =
            |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0));
        let count = "SELECT count(*) FROM sqlite_schema";
        let told: (i64, i64, i64) = (
            pragma("application_id")?,
            pragma("user_version")?,
            connection.query_row(count, [], |row| row.get(0))?,
        );
        Ok((connection, told))
    });
    let path = path.to_owned();
    match opened {
        Ok((connection, (0, 0, 0))) => Ok((connection, Found::Nothing)),
        Ok((connection, (APPLICATION_ID, FORMAT, _))) => Ok((connection, Found::Ledger)),
        Ok((_, (APPLICATION_ID, found, _))) if found > FORMAT => Err(LedgerError::Newer {
            path,
            found,
            known: FORMAT,
        }),
        Ok((_, (APPLICATION_ID, found, _))) => Err(LedgerError::Older {
            path,
            found,
            known: FORMAT,
        }),
        Ok(_) => Err(LedgerError::Foreign { path }),
        Err(cause) => Err(open_failed(path, &cause)),
    }
}

fn open_failed(path: PathBuf, cause: &rusqlite::Error) -> LedgerError {
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => LedgerError::Foreign { path },
        _ => LedgerError::Open {
            path,
            cause: cause.to_string(),
        },
    }
}

/// Whether all pages fit together, and the index by which entries are found has as many as there are: what a damaged
/// ledger has forgotten would be sent again. Reads the whole file, a million entries in about a second.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let told = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    let path = path.to_owned();
    match told {
        Ok(told) if told == "ok" => Ok(()),
        Ok(what) => Err(LedgerError::Damaged {
            path,
            what: what.replace('\n', " "),
        }),
        Err(cause) => Err(open_failed(path, &cause)),
    }
}

/// Gets ready to write: from now on every commit is synced.
pub(super) fn prepare(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .and_then(|_| {
            connection.execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA fullfsync = ON;
                 PRAGMA checkpoint_fullfsync = ON;
                 PRAGMA cache_size = -8192;
                 PRAGMA wal_autocheckpoint = 4000;
                 PRAGMA trusted_schema = OFF;",
            )
        })
        .map_err(|cause| open_failed(path.to_owned(), &cause))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// Creates the tables of a new ledger, all or none.
pub(super) fn create_tables(connection: &mut Connection) -> Result<(), LedgerError> {
    let tx = begin(connection).map_err(write_failed)?;
    // Another process may have created them since the file was opened.
    if format(&tx).map_err(read_failed)? != 0 {
        return Ok(());
    }
    tx.execute_batch(SCHEMA).map_err(write_failed)?;
    tx.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"
    ))
    .map_err(write_failed)?;
    tx.commit().map_err(write_failed)
}

/// The format of an open ledger.
pub(super) fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Holds the ledger to its target; the first to open it says which.
pub(super) fn bind(
    connection: &mut Connection,
    path: &Path,
    target: &Target,
) -> Result<(), LedgerError> {
    let path = path.to_owned();
    let tx = begin(connection).map_err(write_failed)?;
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

fn describe(target: &Target) -> String {
    format!(
        "project {} of organization {} at {}",
        target.project, target.organization, target.base_url
    )
}

pub(super) fn read_target(connection: &Connection) -> rusqlite::Result<Option<Target>> {
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

#[cfg(test)]
mod tests {
    use super::super::{Store, overview};
    use super::*;

    fn target() -> Target {
        Target {
            organization: Uuid::from_u128(1),
            project: Uuid::from_u128(2),
            base_url: "http://127.0.0.1:1".into(),
        }
    }

    #[test]
    fn an_older_or_newer_format_is_refused_untouched() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.ledger");
        for format in [1, FORMAT - 1, FORMAT + 1, 99] {
            drop(Store::open(&path, &target()).expect("it is made"));
            let connection = Connection::open(&path).expect("it opens");
            connection
                .execute_batch(&format!("PRAGMA user_version = {format};"))
                .expect("set");
            drop(connection);
            let before = std::fs::read(&path).expect("it is there");
            let refused = Store::open(&path, &target()).err().expect("it is refused");
            let (message, hint) = (refused.to_string(), refused.hint().unwrap_or_default());
            assert!(
                message.contains(&format!("has format {format}, ")),
                "{message}"
            );
            let wanted = if format < FORMAT {
                "run `concord-import reconcile` with all inputs"
            } else {
                "update concord-import"
            };
            assert!(hint.contains(wanted), "{hint}");
            let not_shown = overview(&path, 10).expect_err("it is not read either");
            assert_eq!(not_shown.to_string(), message);
            assert!(std::fs::read(&path).expect("it is there") == before);
            std::fs::remove_file(&path).expect("removed");
        }
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
        let before = std::fs::read(&other).expect("it is there");
        let refused = Store::open(&other, &target()).err().expect("it is refused");
        assert!(matches!(refused, LedgerError::Foreign { .. }), "{refused}");
        assert!(std::fs::read(&other).expect("it is there") == before);
    }

    #[test]
    fn a_ledger_that_has_lost_any_page_is_refused() {
        const PAGE_BYTES: usize = 4_096;
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.ledger");
        let store = Store::open(&path, &target()).expect("it is made");
        store
            .connection
            .execute_batch(
                "INSERT INTO runs VALUES (1, 'a.csv', 1, 'ff', 0, 1, 1, 0, 1, 0, NULL, 1, 0);
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
                 INSERT INTO entries (import_id, source_key, fingerprint, state, run, claimed_at_ms)
                 SELECT CAST(printf('%016d', i) AS BLOB), 'T-' || i, i, i % 5, 1, 0 FROM n;",
            )
            .expect("rows go in");
        drop(store);
        let whole = std::fs::read(&path).expect("it is there");
        let pages = whole.len() / PAGE_BYTES;
        assert!(pages > 10, "{pages} pages");
        for page in 0..pages {
            let mut damaged = whole.clone();
            damaged[page * PAGE_BYTES..][..PAGE_BYTES].fill(0);
            std::fs::write(&path, damaged).expect("written");
            let opened = Store::open(&path, &target());
            let refused = opened
                .err()
                .unwrap_or_else(|| panic!("page {page} is not missed"));
            assert!(
                matches!(
                    refused,
                    LedgerError::Damaged { .. } | LedgerError::Foreign { .. }
                ),
                "page {page}: {refused}"
            );
        }
        std::fs::write(&path, whole).expect("written");
        drop(Store::open(&path, &target()).expect("the whole one opens"));
    }

    #[test]
    fn looking_at_an_empty_file_makes_no_ledger_of_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("empty");
        std::fs::write(&path, "").expect("written");
        let refused = overview(&path, 10).expect_err("it is none");
        assert!(matches!(refused, LedgerError::Foreign { .. }), "{refused}");
        assert_eq!(std::fs::read(&path).expect("it is there"), b"");
    }

    #[test]
    fn every_commit_of_an_open_ledger_is_synced() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(&dir.path().join("a.ledger"), &target()).expect("it is made");
        let pragma = |name: &str| {
            let query = format!("PRAGMA {name}");
            let value = store.connection.query_row(&query, [], |row| row.get(0));
            value.map(|value: rusqlite::types::Value| format!("{value:?}"))
        };
        assert_eq!(pragma("journal_mode").expect("told"), "Text(\"wal\")");
        // FULL: a commit to the write-ahead log returns once it is on the disk.
        assert_eq!(pragma("synchronous").expect("told"), "Integer(2)");
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
