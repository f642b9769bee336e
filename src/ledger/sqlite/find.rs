//! Finding entries by their names.
//!
//! Rows lie in the order in which they were claimed, which mostly is that of the input, and an input mostly comes again
//! as it was, or longer. So where one was found right behind the other, the next are read on from there, and only a
//! name that is not the next one's goes through the index.

use std::vec::IntoIter;

use rusqlite::{CachedStatement, Connection, Row};
use uuid::Uuid;

use super::super::{Record, RunId};
use super::from_ms;
use super::keys::read_use;
use super::state::State;

use crate::codes::ReasonCode;
use crate::entry::{Fingerprint, ImportId};
use crate::outcome::{Reason, Receipt, Settled, Via};

/// Rows that are read on at once.
const AHEAD: usize = 64;

/// Columns by number: to find each by its name takes longer than to read the row.
const COLUMNS: &str = "
    rowid, import_id, other_id, run, fingerprint, state, claimed_at_ms, settled_at_ms, via, id, concord_id, request_date,
    attempts, http_status, error_code, error, person, request";

/// What is held under a name.
pub(super) struct Found {
    /// Where it lies.
    place: i64,
    pub(super) other_id: Option<ImportId>,
    pub(super) record: Record,
}

/// Finds entries, for as long as a transaction lasts. Whoever claims what was just found changes nothing that was read
/// ahead; before anything else is changed, it has to forget.
pub(super) struct Finder<'c> {
    by_name: CachedStatement<'c>,
    behind: CachedStatement<'c>,
    /// Where the last one was found.
    last: Option<i64>,
    /// What lies behind it, as far as it was read.
    next: Peeked,
}

type Peeked = std::iter::Peekable<IntoIter<Found>>;

fn nothing() -> Peeked {
    Vec::new().into_iter().peekable()
}

impl<'c> Finder<'c> {
    pub(super) fn of(connection: &'c Connection) -> rusqlite::Result<Self> {
        let prepare = |rest: &str| {
            connection.prepare_cached(&format!("SELECT {COLUMNS} FROM entries WHERE {rest}"))
        };
        Ok(Self {
            by_name: prepare("import_id = ?1")?,
            behind: prepare("rowid > ?1 ORDER BY rowid LIMIT ?2")?,
            last: None,
            next: nothing(),
        })
    }

    /// What is held under this very name.
    pub(super) fn find(&mut self, id: ImportId) -> rusqlite::Result<Option<Found>> {
        let next = self.next.next_if(|next| next.record.import_id == id);
        if let Some(found) = next {
            self.last = Some(found.place);
            return Ok(Some(found));
        }
        let mut rows = self.by_name.query([id.0.as_bytes()])?;
        let Some(found) = rows.next()?.map(read).transpose()? else {
            return Ok(None);
        };
        drop(rows);
        let before = self.last.replace(found.place);
        self.next = nothing();
        if before.is_some_and(|before| before + 1 == found.place) {
            let rows = self.behind.query_map((found.place, AHEAD), read)?;
            let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            self.next = rows.into_iter().peekable();
        }
        Ok(Some(found))
    }

    /// What was read ahead may change.
    pub(super) fn forget(&mut self) {
        self.next = nothing();
    }
}

fn uuid_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    let bytes: Option<[u8; 16]> = row.get(column)?;
    Ok(bytes.map(Uuid::from_bytes))
}

/// Reads what [`COLUMNS`] names.
fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    let state = State::read(row.get(5)?)?;
    let fingerprint: i64 = row.get(4)?;
    let via: Option<i64> = row.get(8)?;
    let code: Option<String> = row.get(14)?;
    let message: Option<String> = row.get(15)?;
    let receipt = uuid_at(row, 9)?.map(|id| {
        Ok::<_, rusqlite::Error>(Receipt {
            id,
            concord_id: uuid_at(row, 10)?,
            request_date: row.get(11)?,
        })
    });
    let record = Record {
        import_id: ImportId(uuid_at(row, 1)?.unwrap_or_default()),
        run: RunId(row.get(3)?),
        fingerprint: Fingerprint(fingerprint.cast_unsigned()),
        key_use: read_use(row, 16, 17)?,
        is_open: state == State::Claimed,
        claimed_at: from_ms(row.get(6)?),
        settled_at: row.get::<_, Option<i64>>(7)?.map(from_ms),
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
            attempts: row.get(12)?,
            http_status: row.get(13)?,
            reason: code
                .map(|code| Reason::new(ReasonCode::from_word(&code), message.unwrap_or_default())),
        },
    };
    Ok(Found {
        place: row.get(0)?,
        other_id: uuid_at(row, 2)?.map(ImportId),
        record,
    })
}
