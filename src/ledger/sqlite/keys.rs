//! The key of an entry against those in the ledger: does it name the same person and request, and is it new?
//!
//! If a row makes one request, the id of its key is the import id. Otherwise the id of the key is in `key_id`. If the
//! normal form of a key differs from the key, the id of the normal form is in `normal_id`. The indexes of both columns
//! leave out NULL, so that ordinary entries cost nothing.

use rusqlite::{CachedStatement, Connection, Params, Row, params};
use uuid::Uuid;

use super::super::{ClaimRequest, Record};
use super::state::State;

use crate::codes::ProblemCode;
use crate::entry::{ImportId, RequestType};
use crate::identity::{KeyConflict, KeyUse, NearKeys, PersonDigests, RequestTypes, RowKey};
use crate::outcome::{Outcome, Reason};

/// Maximum number of entries of one key that are compared: one for each request type, and one of the key alone.
const KEY_ENTRIES_MAX: usize = 8;
/// Maximum number of entries of one normal form that are compared.
const NEAR_ENTRIES_MAX: usize = 32;

/// How the key of a personal field begins in the ledger.
pub(in super::super) const DIGEST_PREFIX: &str = "digest:";

/// The columns of a [`Holder`].
pub(super) const HOLDER: &str = "state, person, request, id, source_key";

/// An entry that exists or may exist, as the holder of a key.
pub(super) struct Holder {
    pub(super) key_use: KeyUse,
    /// It is known to exist.
    is_created: bool,
    /// Concord's id of the request.
    pub(super) id: Option<Uuid>,
    source_key: String,
}

/// The statements that find entries by their key.
pub(super) struct KeyStatements<'c> {
    by_import_id: CachedStatement<'c>,
    by_key_id: CachedStatement<'c>,
    by_normal_id: CachedStatement<'c>,
    ids: CachedStatement<'c>,
    has_key_ids: CachedStatement<'c>,
    has_normal_ids: CachedStatement<'c>,
    /// Set when any entry has a `key_id`. None until it is first needed.
    some_key_id: Option<bool>,
    /// Set when any entry has a `normal_id`. None until it is first needed.
    some_normal_id: Option<bool>,
}

impl<'c> KeyStatements<'c> {
    pub(super) fn of(connection: &'c Connection) -> rusqlite::Result<Self> {
        let holders = |rest: &str| {
            connection.prepare_cached(&format!("SELECT {HOLDER} FROM entries WHERE {rest}"))
        };
        Ok(Self {
            by_import_id: holders("import_id = ?1 LIMIT ?2")?,
            by_key_id: holders("key_id = ?1 LIMIT ?2")?,
            by_normal_id: holders("normal_id = ?1 LIMIT ?2")?,
            ids: connection
                .prepare_cached("SELECT import_id FROM entries WHERE key_id = ?1 LIMIT ?2")?,
            has_key_ids: connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM entries WHERE key_id IS NOT NULL)")?,
            has_normal_ids: connection.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM entries WHERE normal_id IS NOT NULL)",
            )?,
            some_key_id: None,
            some_normal_id: None,
        })
    }

    /// Notes that an entry was inserted.
    pub(super) fn inserted(&mut self, ids: StoredKey) {
        if ids.key_id.is_some() {
            self.some_key_id = Some(true);
        }
        if ids.normal_id.is_some() {
            self.some_normal_id = Some(true);
        }
    }

    fn has_key_ids(&mut self) -> rusqlite::Result<bool> {
        if self.some_key_id.is_none() {
            self.some_key_id = Some(self.has_key_ids.query_row([], |row| row.get(0))?);
        }
        Ok(self.some_key_id == Some(true))
    }

    fn has_normal_ids(&mut self) -> rusqlite::Result<bool> {
        if self.some_normal_id.is_none() {
            self.some_normal_id = Some(self.has_normal_ids.query_row([], |row| row.get(0))?);
        }
        Ok(self.some_normal_id == Some(true))
    }

    /// Returns whether the key of a new entry has to be compared at all.
    pub(super) fn concerns(&mut self, entry: &ClaimRequest) -> rusqlite::Result<bool> {
        let Some(row) = entry.row_key else {
            return Ok(false);
        };
        Ok(row.id != entry.names.import_id
            || row.id != row.normal_id
            || self.has_key_ids()?
            || self.has_normal_ids()?)
    }

    /// Returns why an entry must not be sent: its key is that of another request, or differs from a known one only in
    /// its form. `own` is what the ledger holds of the entry itself.
    pub(super) fn refusal(
        &mut self,
        entry: &ClaimRequest,
        own: Option<&Record>,
    ) -> rusqlite::Result<Option<Reason>> {
        let Some(row) = entry.row_key else {
            return Ok(None);
        };
        let existing = own.filter(|own| own.settled.outcome.may_exist());
        let mut holders: Vec<Holder> = existing.map(Holder::of).into_iter().collect();
        if existing.is_none_or(|own| own.import_id != row.id) && row.id != entry.names.import_id {
            holders.extend(all(&mut self.by_import_id, row.id, 1)?);
        }
        if self.has_key_ids()? {
            holders.extend(all(&mut self.by_key_id, row.id, KEY_ENTRIES_MAX)?);
        }
        if let Some(conflict) = conflict(entry, row, existing, &holders) {
            return Ok(Some(conflict));
        }
        if !holders.is_empty() || entry.near_keys != NearKeys::Refuse {
            return Ok(None);
        }
        self.near(row)
    }

    /// Returns the reason not to send an entry with a new key if an earlier run had the same key in another form.
    fn near(&mut self, row: RowKey) -> rusqlite::Result<Option<Reason>> {
        let mut holders = Vec::new();
        if row.id != row.normal_id {
            holders.extend(all(&mut self.by_import_id, row.normal_id, 1)?);
            if self.has_key_ids()? {
                holders.extend(all(&mut self.by_key_id, row.normal_id, KEY_ENTRIES_MAX)?);
            }
        }
        if self.has_normal_ids()? {
            holders.extend(all(
                &mut self.by_normal_id,
                row.normal_id,
                NEAR_ENTRIES_MAX,
            )?);
        }
        // All entries of a row are refused together: half of it would come again under the known key.
        let near = holders
            .iter()
            .find(|one| one.key_use.is_same_request(row.key_use));
        Ok(near.map(|near| {
            let other = near.key();
            Reason::new(
                ProblemCode::NearKey,
                format!(
                    "the key differs only in its form (case, blanks, leading zeros and the like) from the key{other} that an \
                     earlier run used for the same person and request{}",
                    named(near.id)
                ),
            )
        }))
    }

    /// The import ids of all entries of a key.
    pub(super) fn ids_of_key(&mut self, key: ImportId) -> rusqlite::Result<Vec<ImportId>> {
        if !self.has_key_ids()? {
            return Ok(vec![key]);
        }
        let rows = self
            .ids
            .query_map(params![key.0.as_bytes(), KEY_ENTRIES_MAX], |row| {
                Ok(ImportId(Uuid::from_bytes(row.get(0)?)))
            })?;
        let mut ids = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        ids.push(key);
        Ok(ids)
    }
}

impl Holder {
    fn of(record: &Record) -> Self {
        Self {
            key_use: record.key_use,
            is_created: record.settled.outcome == Outcome::Created,
            id: record.settled.receipt.map(|receipt| receipt.id),
            source_key: String::new(),
        }
    }

    /// Returns the key as a message names it. Nothing if it is personal or not known.
    pub(super) fn key(&self) -> String {
        if self.source_key.is_empty() || self.source_key.starts_with(DIGEST_PREFIX) {
            return String::new();
        }
        format!(" `{}`", self.source_key)
    }

    pub(super) const fn sent(&self) -> &'static str {
        if self.is_created {
            "sent"
        } else {
            "may have sent"
        }
    }
}

/// The holders that a statement finds.
fn all(
    statement: &mut CachedStatement<'_>,
    id: ImportId,
    count: usize,
) -> rusqlite::Result<Vec<Holder>> {
    holders(statement, params![id.0.as_bytes(), count])
}

/// Reads holders from the columns of [`HOLDER`].
pub(super) fn holders(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
) -> rusqlite::Result<Vec<Holder>> {
    let rows = statement.query_map(params, |row| {
        let outcome = State::read(row.get(0)?)?.outcome();
        let holder = Holder {
            key_use: read_use(row, 1, 2)?,
            is_created: outcome == Outcome::Created,
            id: row.get::<_, Option<[u8; 16]>>(3)?.map(Uuid::from_bytes),
            source_key: row.get(4)?,
        };
        Ok(outcome.may_exist().then_some(holder))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// Reads person and request type from two columns.
pub(super) fn read_use(row: &Row<'_>, person: usize, request: usize) -> rusqlite::Result<KeyUse> {
    let person: Option<Vec<u8>> = row.get(person)?;
    let request: Option<u8> = row.get(request)?;
    Ok(KeyUse {
        person: person.map_or_else(PersonDigests::default, |bytes| {
            PersonDigests::from_bytes(&bytes)
        }),
        requests: RequestTypes::from_bits(request.unwrap_or_default()),
    })
}

/// The ids of a key that are stored with an entry.
#[derive(Clone, Copy)]
pub(super) struct StoredKey {
    /// The id of the key, where that is not the import id.
    pub(super) key_id: Option<[u8; 16]>,
    /// The id of the key's normal form, where that is not the key.
    pub(super) normal_id: Option<[u8; 16]>,
}

impl StoredKey {
    pub(super) fn of(row_key: Option<RowKey>, import_id: ImportId) -> Self {
        let id = |id: ImportId| *id.0.as_bytes();
        let row = row_key.as_ref();
        Self {
            key_id: row.filter(|row| row.id != import_id).map(|row| id(row.id)),
            normal_id: row
                .filter(|row| row.normal_id != row.id)
                .map(|row| id(row.normal_id)),
        }
    }
}

/// Returns the stored form of the person and of the request types: NULL if they are not known.
pub(super) fn stored_use(key_use: KeyUse) -> (Option<Vec<u8>>, Option<u8>) {
    (
        (!key_use.person.is_empty()).then(|| key_use.person.to_bytes()),
        (!key_use.requests.is_empty()).then(|| key_use.requests.bits()),
    )
}

/// Returns the reason not to send an entry that has the key of another request.
fn conflict(
    entry: &ClaimRequest,
    row: RowKey,
    own: Option<&Record>,
    holders: &[Holder],
) -> Option<Reason> {
    let person = row.key_use.person;
    let is_other = |one: &&Holder| one.key_use.person.is_other_than(person);
    if let Some(other) = holders.iter().find(is_other)
        && !holders
            .iter()
            .any(|one| one.key_use.person.shares_any(person))
    {
        return Some(conflict_reason(KeyConflict::Person, other));
    }
    // Its own request exists: that another row of the key asks for something else is that row's conflict.
    let is_known = own.is_some_and(|own| {
        own.key_use.requests.is_empty() || own.key_use.requests.contains_all(entry.request)
    });
    let known = holders.iter().fold(RequestTypes::default(), |known, one| {
        known.union(one.key_use.requests)
    });
    let this = row.key_use.requests;
    let is_other = !known.is_empty() && !this.contains_all(known) && !known.contains_all(this);
    (is_other && !is_known)
        .then(|| holders.first())
        .flatten()
        .map(|other| conflict_reason(KeyConflict::RequestType, other))
}

fn conflict_reason(kind: KeyConflict, other: &Holder) -> Reason {
    let named = named(other.id);
    let sent = other.sent();
    let message = match kind {
        KeyConflict::Person => {
            format!(
                "the key is that of another person's request, which an earlier run {sent}{named}"
            )
        }
        KeyConflict::RequestType => {
            let types: Vec<_> = other
                .key_use
                .requests
                .iter()
                .map(RequestType::name)
                .collect();
            format!(
                "the key is that of a request of another type ({}), which an earlier run {sent}{named}",
                types.join(", ")
            )
        }
    };
    Reason::new(ProblemCode::KeyConflict, message)
}

/// Concord's id of a request, as far as it is known.
pub(super) fn named(id: Option<Uuid>) -> String {
    id.map_or_else(String::new, |id| format!(": {id}"))
}
