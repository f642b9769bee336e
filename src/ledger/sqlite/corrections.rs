//! Entries that were made of corrected copies of a source row.
//!
//! Most ledgers have no corrections. Then the only cost is one question in a transaction.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::super::ClaimRequest;
use super::keys::{HOLDER, Holder, holders, named};
use crate::codes::OutcomeCode;
use crate::entry::{Fingerprint, ImportId, RequestType, SourceRow};
use crate::identity::RequestTypes;
use crate::outcome::Reason;

/// Maximum number of entries that are compared of those made of corrected copies of one row.
const COPIES_MAX: usize = 32;

/// An entry that was made of a corrected copy of a source row.
pub(super) struct Copy {
    pub(super) import_id: ImportId,
    /// The import id of its key alone.
    pub(super) key: ImportId,
}

pub(super) struct Corrections<'c> {
    connection: &'c Connection,
    /// None until it is first needed.
    are_none: Option<bool>,
}

impl<'c> Corrections<'c> {
    pub(super) const fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            are_none: None,
        }
    }

    /// Returns whether an entry has to be compared with the corrected copies of its source row.
    pub(super) fn concern(&mut self, entry: &ClaimRequest) -> rusqlite::Result<bool> {
        Ok(entry.source_row.is_some() && !self.are_none()?)
    }

    fn are_none(&mut self) -> rusqlite::Result<bool> {
        if let Some(known) = self.are_none {
            return Ok(known);
        }
        let query = "SELECT NOT EXISTS (SELECT 1 FROM corrections)";
        let mut statement = self.connection.prepare_cached(query)?;
        let are_none = statement.query_row([], |row| row.get(0))?;
        self.are_none = Some(are_none);
        Ok(are_none)
    }

    /// Records that an entry was made of a corrected copy of a source row, if it was.
    pub(super) fn add(
        &mut self,
        row: Option<SourceRow>,
        import_id: ImportId,
    ) -> rusqlite::Result<()> {
        let Some(row) = row.filter(|row| row.is_correction()) else {
            return Ok(());
        };
        self.are_none = Some(false);
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO corrections VALUES (?1, ?2)")?
            .execute(params![row.digest.0.cast_signed(), import_id.0.as_bytes()])
            .map(drop)
    }

    /// Returns the entries that were made of corrected copies of a source row.
    pub(super) fn of_row(&self, row: Fingerprint) -> rusqlite::Result<Vec<Copy>> {
        let query = "SELECT import_id, coalesce(key_id, import_id) FROM corrections JOIN entries USING (import_id)
             WHERE row_digest = ?1 LIMIT ?2";
        let mut statement = self.connection.prepare_cached(query)?;
        let id = |row: &Row<'_>, column| row.get(column).map(Uuid::from_bytes).map(ImportId);
        let copies = statement.query_map(params![row.0.cast_signed(), COPIES_MAX], |row| {
            Ok(Copy {
                import_id: id(row, 0)?,
                key: id(row, 1)?,
            })
        })?;
        copies.collect()
    }

    /// Returns why an entry that the ledger does not have must not be sent: a corrected copy of its row was sent, or may
    /// have been, under another key. `was_refused`: an earlier run sent the entry itself, and it was not created.
    pub(super) fn refusal(
        &mut self,
        entry: &ClaimRequest,
        was_refused: bool,
    ) -> rusqlite::Result<Option<Reason>> {
        let Some(source) = entry.source_row.filter(|row| !row.is_cleared()) else {
            return Ok(None);
        };
        if self.are_none()? {
            return Ok(None);
        }
        // Without key columns, each entry of a row has its own key. They differ in request type.
        let (key, requests) = match entry.row_key {
            Some(row) => (row.id, RequestTypes::new(RequestType::ALL)),
            None => (entry.names.import_id, entry.request),
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {HOLDER} FROM corrections JOIN entries USING (import_id)
             WHERE row_digest = ?1 AND coalesce(key_id, import_id) <> ?2 AND coalesce(request, ?3) & ?3
             LIMIT ?4"
        ))?;
        let digest = source.digest.0.cast_signed();
        let params = params![digest, key.0.as_bytes(), requests.bits(), COPIES_MAX];
        let copies = holders(&mut statement, params)?;
        // A mark that got into another person's row must not keep this row from being sent, unless the person may have
        // been corrected because the entry was refused.
        let is_of_row = |one: &&Holder| {
            source.is_correction() || was_refused || !one.key_use.person.is_other_than(entry.person)
        };
        Ok(copies.iter().find(is_of_row).map(|copy| {
            let advice = if source.is_correction() {
                "; to send this copy as well, clear its cell `import_problem`"
            } else {
                ""
            };
            let (sent, key, id) = (copy.sent(), copy.key(), named(copy.id));
            let message = format!(
                "an earlier run {sent} a corrected copy of this row under another key{key}{id}{advice}"
            );
            Reason::new(OutcomeCode::CorrectedAlready, message)
        }))
    }
}
