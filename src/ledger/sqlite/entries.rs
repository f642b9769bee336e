//! Entries: claimed, settled, given back, read.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Transaction, params};
use uuid::Uuid;

use super::super::alive::Locks;
use super::super::{
    Claim, ClaimRequest, Claimed, EntryQuery, Known, KnownCreated, LedgerError, Record, RunId,
    Settlement,
};
use super::corrections::Corrections;
use super::find::Finder;
use super::keys::{KeyStatements, StoredKey, stored_use};
use super::run_state;
use super::state::State;
use super::{from_ms, now_ms};
use crate::ambiguity::Ambiguity;
use crate::codes::OutcomeCode;
use crate::entry::{Content, Fingerprint, ImportId, Names};
use crate::identity::KeyUse;
use crate::outcome::{Outcome, Reason, Receipt, Via};

/// The statements of an entry's ordinary way, prepared once for all that is done in a transaction.
pub(super) struct Statements<'c> {
    finder: Finder<'c>,
    keys: KeyStatements<'c>,
    corrections: Corrections<'c>,
    insert: CachedStatement<'c>,
    settle: CachedStatement<'c>,
    holder: CachedStatement<'c>,
    /// Some entry is created because it was found by looking; asked when it first matters.
    is_some_found: Option<bool>,
    /// The last entry that was claimed was in the ledger already; so, mostly, is the next.
    was_known: bool,
}

impl<'c> Statements<'c> {
    pub(super) fn of(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            finder: Finder::of(connection)?,
            keys: KeyStatements::of(connection)?,
            corrections: Corrections::new(connection),
            insert: connection.prepare_cached(INSERT)?,
            settle: connection.prepare_cached(SETTLE)?,
            holder: connection.prepare_cached(HOLDER)?,
            is_some_found: None,
            was_known: false,
        })
    }

    /// Something other than the entry that was just asked for may change.
    pub(super) fn forget_what_was_read(&mut self) {
        self.finder.forget();
    }
}

const INSERT: &str = "
    INSERT INTO entries (import_id, other_id, source_key, fingerprint, state, run, claimed_at_ms, key_id, normal_id, person, request)
    VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10)
    ON CONFLICT (import_id) DO NOTHING";

const SETTLE: &str = "
    UPDATE entries
    SET state = ?3, previous = NULL, settled_at_ms = ?4, via = ?5, id = ?6, concord_id = ?7,
        request_date = ?8, attempts = ?9, http_status = ?10, error_code = ?11, error = ?12,
        fingerprint = coalesce(?13, fingerprint),
        other_id = CASE WHEN ?13 IS NULL THEN other_id ELSE ?14 END,
        person = CASE WHEN ?13 IS NULL THEN person ELSE ?15 END,
        request = CASE WHEN ?13 IS NULL THEN request ELSE ?16 END
    WHERE import_id = ?1 AND run = ?2 AND state = 0";

const HOLDER: &str = "SELECT import_id, via FROM entries WHERE id = ?1 AND state = 1";

pub(super) fn claim_all(
    tx: &Transaction<'_>,
    statements: &mut Statements<'_>,
    locks: &mut Locks,
    run: RunId,
    entries: &[ClaimRequest],
) -> rusqlite::Result<Vec<Claimed>> {
    let now = now_ms();
    entries
        .iter()
        .map(|entry| {
            let claimed = claim(tx, statements, locks, run, entry, now)?;
            if !matches!(claimed.claim, Claim::Refused(_)) {
                let corrections = &mut statements.corrections;
                corrections.add(entry.source_row, claimed.import_id)?;
            }
            Ok(claimed)
        })
        .collect()
}

/// Returns why an entry must not be sent. `own` is what the ledger holds of the entry itself.
fn refusal(
    statements: &mut Statements<'_>,
    entry: &ClaimRequest,
    own: Option<&Record>,
) -> rusqlite::Result<Option<Reason>> {
    let refusal = statements.keys.refusal(entry, own)?;
    if refusal.is_some() || own.is_some_and(|own| own.settled.outcome.may_exist()) {
        return Ok(refusal);
    }
    statements.corrections.refusal(entry, own.is_some())
}

/// Records which source rows the rows that repeat an entry are corrected copies of.
pub(super) fn note_corrections(
    statements: &mut Statements<'_>,
    repeats: &[ClaimRequest],
) -> rusqlite::Result<()> {
    for entry in repeats {
        if let Some(held) = get(statements, entry.names)?
            && refusal(statements, entry, Some(&held))?.is_none()
        {
            statements
                .corrections
                .add(entry.source_row, held.import_id)?;
        }
    }
    Ok(())
}

/// Returns the request that was created from a corrected copy of a row, of the type and person of the row where these
/// are known. The person may be another one if the copy has the row's own key. None if a copy asks for a type of which
/// no copy was created.
fn correction(
    statements: &mut Statements<'_>,
    row: Fingerprint,
    key_use: KeyUse,
    own_key: Option<ImportId>,
) -> rusqlite::Result<Option<Record>> {
    let mut copies = Vec::new();
    for copy in statements.corrections.of_row(row)? {
        let Some(found) = statements.finder.find(copy.import_id)? else {
            continue;
        };
        let record = found.record;
        let asked = record.key_use.requests;
        let is_of_type =
            key_use.requests.is_empty() || asked.is_empty() || key_use.requests.contains_all(asked);
        let is_other_person = record.key_use.person.is_other_than(key_use.person);
        if is_of_type && (own_key == Some(copy.key) || !is_other_person) {
            copies.push(record);
        }
    }
    let is_created = |copy: &&Record| copy.settled.outcome == Outcome::Created;
    // A copy that was refused and another one that was created instead have the same request type.
    let is_solved = |copy: &Record| {
        let mut created = copies.iter().filter(is_created);
        created.any(|other| other.key_use.requests == copy.key_use.requests)
    };
    let are_all_solved = copies.iter().all(is_solved);
    Ok(copies
        .iter()
        .find(is_created)
        .filter(|_| are_all_solved)
        .cloned())
}

fn claim(
    tx: &Transaction<'_>,
    statements: &mut Statements<'_>,
    locks: &mut Locks,
    run: RunId,
    entry: &ClaimRequest,
    now: i64,
) -> rusqlite::Result<Claimed> {
    let fresh = Claimed {
        import_id: entry.names.import_id,
        claim: Claim::Fresh,
    };
    // What is new needs no look at its own name before it is claimed: that the name is taken is told as well.
    let is_likely_new = !statements.was_known
        && !statements.keys.concerns(entry)?
        && !statements.corrections.concern(entry)?
        && by_other_name(statements, entry.names)?.is_none();
    if is_likely_new && insert(statements, run, entry, now)? {
        return Ok(fresh);
    }
    let held = get(statements, entry.names)?;
    statements.was_known = held.is_some();
    if let Some(reason) = refusal(statements, entry, held.as_ref())? {
        return Ok(Claimed {
            import_id: entry.names.import_id,
            claim: Claim::Refused(reason),
        });
    }
    let Some(held) = held else {
        insert(statements, run, entry, now)?;
        return Ok(fresh);
    };
    let import_id = held.import_id;
    let claim = match held.settled.outcome {
        Outcome::Created => {
            let known = held.known_created();
            let mut settled = held.settled;
            settled.via = Some(Via::Ledger);
            if held.fingerprint.differs_from(entry.fingerprint) {
                settled.reason = Some(changed());
            } else if held.key_use.person.is_empty() || held.fingerprint == Fingerprint::UNKNOWN {
                let is_person_known = !held.key_use.person.is_empty();
                add_key(tx, statements, import_id, entry, is_person_known)?;
            }
            let claim = Claim::Created {
                settled: Box::new(settled),
                known,
            };
            return Ok(Claimed { import_id, claim });
        }
        // Of this run itself: another row has the same key, and is under way.
        _ if held.is_open && run_state::is_live(tx, locks, held.run, now)? => {
            let claim = Claim::Elsewhere(held.run);
            return Ok(Claimed { import_id, claim });
        }
        Outcome::InDoubt => Claim::InDoubt {
            since: held.claimed_at,
            is_changed: held.fingerprint.differs_from(entry.fingerprint),
            accepted: held
                .settled
                .http_status
                .filter(|status| is_accepted(*status)),
        },
        _ => Claim::Fresh,
    };
    let other_id = if import_id == entry.names.import_id {
        entry.names.other
    } else {
        Some(entry.names.import_id)
    };
    let content = Content {
        fingerprint: entry.fingerprint,
        other_id,
        key_use: entry.key_use(),
    };
    let stored = StoredKey::of(entry.row_key, import_id);
    take_over(tx, run, import_id, content, stored, now)?;
    statements.keys.inserted(stored);
    Ok(Claimed { import_id, claim })
}

/// Returns whether a status says that the server has accepted an entry, and not that it exists.
pub const fn is_accepted(status: u16) -> bool {
    matches!(status, 200 | 202..=299)
}

/// Claims an entry, and says whether its name was free.
fn insert(
    statements: &mut Statements<'_>,
    run: RunId,
    entry: &ClaimRequest,
    now: i64,
) -> rusqlite::Result<bool> {
    let stored = StoredKey::of(entry.row_key, entry.names.import_id);
    let (person, request) = stored_use(entry.key_use());
    let inserted = statements.insert.execute(params![
        entry.names.import_id.0.as_bytes(),
        entry.names.other.map(|other| *other.0.as_bytes()),
        entry.key,
        entry.fingerprint.0.cast_signed(),
        run.0,
        now,
        stored.key_id,
        stored.normal_id,
        person,
        request,
    ]);
    statements.keys.inserted(stored);
    Ok(inserted? == 1)
}

/// Adds the columns that an entry taken from Concord's list does not have. A known person stays.
fn add_key(
    tx: &Transaction<'_>,
    statements: &mut Statements<'_>,
    import_id: ImportId,
    entry: &ClaimRequest,
    is_person_known: bool,
) -> rusqlite::Result<()> {
    if entry.row_key.is_none() {
        return Ok(());
    }
    let stored = StoredKey::of(entry.row_key, import_id);
    let is_complete = stored.key_id.is_none() && stored.normal_id.is_none();
    if is_complete && is_person_known {
        return Ok(());
    }
    let (person, request) = stored_use(entry.key_use());
    tx.prepare_cached(
        "UPDATE entries
         SET key_id = coalesce(?2, key_id), normal_id = coalesce(?3, normal_id),
             person = coalesce(person, ?4), request = coalesce(request, ?5)
         WHERE import_id = ?1",
    )?
    .execute(params![
        import_id.0.as_bytes(),
        stored.key_id,
        stored.normal_id,
        person,
        request
    ])?;
    statements.keys.inserted(stored);
    Ok(())
}

/// Claims what an earlier run has claimed before. What may exist keeps the content and the time of the claim under
/// which it may have been sent. A claim that a dead run left open goes back to in doubt when it is given back,
/// never to what it was before that claim.
fn take_over(
    tx: &Transaction<'_>,
    run: RunId,
    id: ImportId,
    content: Content,
    stored: StoredKey,
    now: i64,
) -> rusqlite::Result<()> {
    let (person, request) = stored_use(content.key_use);
    tx.prepare_cached(
        "UPDATE entries
         SET previous = CASE state WHEN 0 THEN 4 ELSE state END,
             fingerprint = CASE WHEN state IN (0, 4) THEN fingerprint ELSE ?3 END,
             other_id = CASE WHEN state IN (0, 4) THEN other_id ELSE ?4 END,
             claimed_at_ms = CASE WHEN state IN (0, 4) THEN claimed_at_ms ELSE ?5 END,
             person = CASE WHEN state IN (0, 4) THEN person ELSE ?6 END,
             request = CASE WHEN state IN (0, 4) THEN request ELSE ?7 END,
             key_id = coalesce(?8, key_id), normal_id = coalesce(?9, normal_id),
             state = 0, run = ?2
         WHERE import_id = ?1",
    )?
    .execute(params![
        id.0.as_bytes(),
        run.0,
        content.fingerprint.0.cast_signed(),
        content.other_id.map(|other| *other.0.as_bytes()),
        now,
        person,
        request,
        stored.key_id,
        stored.normal_id
    ])
    .map(drop)
}

/// What is said of an entry whose content is not what was sent under its key.
pub fn changed() -> Reason {
    Reason::new(
        OutcomeCode::Changed,
        "this row's content is not what was sent under the same key; Concord still has what was sent first",
    )
}

/// What is said of an entry that is claimed and not settled.
pub fn claimed(by: RunId) -> Reason {
    let message = format!("run {} has claimed it and not said what became of it", by.0);
    Reason::new(OutcomeCode::Claimed, message)
}

pub(super) fn settle(
    tx: &Transaction<'_>,
    statements: &mut Statements<'_>,
    run: RunId,
    settlement: &Settlement,
) -> rusqlite::Result<Result<Option<ImportId>, LedgerError>> {
    let Settlement {
        import_id,
        settled,
        content,
    } = settlement;
    let Some(state) = State::of(settled.outcome) else {
        return Err(rusqlite::Error::IntegralValueOutOfRange(
            0,
            settled.outcome as i64,
        ));
    };
    let receipt = settled.receipt;
    if let (Some(Via::Response), Some(receipt)) = (settled.via, receipt)
        && let Some(holder) = answered_holder(statements, *import_id, receipt.id)?
    {
        return Ok(Ok(Some(holder)));
    }
    let (person, request) = content.map_or((None, None), |content| stored_use(content.key_use));
    let changed = statements.settle.execute(params![
        import_id.0.as_bytes(),
        run.0,
        state as i64,
        now_ms(),
        settled.via.map(|via| via as i64),
        receipt.map(|receipt| *receipt.id.as_bytes()),
        receipt
            .and_then(|receipt| receipt.concord_id)
            .map(Uuid::into_bytes),
        receipt.and_then(|receipt| receipt.request_date),
        settled.attempts,
        settled.http_status,
        settled
            .reason
            .as_ref()
            .map(|reason| reason.code.to_string()),
        settled.reason.as_ref().map(|reason| &reason.message),
        content.map(|content| content.fingerprint.0.cast_signed()),
        content
            .and_then(|content| content.other_id)
            .map(|other| *other.0.as_bytes()),
        person,
        request,
    ])?;
    match (changed, settled.via, receipt) {
        (1, Some(Via::Response), Some(receipt)) if is_some_found(tx, statements)? => {
            doubt_others_with(tx, *import_id, receipt.id, false)?;
        }
        (1, Some(Via::Lookup), _) => statements.is_some_found = Some(true),
        _ => {}
    }
    Ok(if changed == 1 {
        Ok(None)
    } else {
        Err(LedgerError::LostClaim {
            import_id: *import_id,
            receipt,
        })
    })
}

/// Whether any entry at all was found by looking: mostly there is none whose find an answer could belie.
fn is_some_found(tx: &Transaction<'_>, statements: &mut Statements<'_>) -> rusqlite::Result<bool> {
    let is_so = match statements.is_some_found {
        Some(is_so) => is_so,
        None => tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM entries WHERE via = 1)",
            [],
            |row| row.get(0),
        )?,
    };
    statements.is_some_found = Some(is_so);
    Ok(is_so)
}

/// Returns another entry that has a request by Concord's own answer.
fn answered_holder(
    statements: &mut Statements<'_>,
    import_id: ImportId,
    id: Uuid,
) -> rusqlite::Result<Option<ImportId>> {
    let mut rows = statements.holder.query([id.as_bytes()])?;
    while let Some(row) = rows.next()? {
        let holder = ImportId(Uuid::from_bytes(row.get(0)?));
        let via: Option<i64> = row.get(1)?;
        if holder != import_id && via != Some(Via::Lookup as i64) {
            return Ok(Some(holder));
        }
    }
    Ok(None)
}

/// What Concord has answered to one entry cannot be another's, however well it fitted that one when it was looked for.
/// `are_all`: entries that Concord itself has answered with this request are in doubt too, because it has the owner's
/// mark.
pub(super) fn doubt_others_with(
    tx: &Transaction<'_>,
    owner: ImportId,
    id: Uuid,
    are_all: bool,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE entries
         SET state = 4, via = NULL, id = NULL, concord_id = NULL, request_date = NULL,
             error_code = ?3, error = ?4
         WHERE id = ?1 AND import_id <> ?2 AND (via = 1 OR (?5 AND state = 1))",
    )?
    .execute(params![
        id.as_bytes(),
        owner.0.as_bytes(),
        OutcomeCode::Ambiguous.as_str(),
        Ambiguity::Belied.to_string(),
        are_all
    ])
    .map(drop)
}

pub(super) fn release(tx: &Transaction<'_>, run: RunId, ids: &[ImportId]) -> rusqlite::Result<()> {
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

/// What is held of an entry. First under its own name, where the other name says that it is the same request; then
/// under the other name, where that is the same request and it exists or may exist; else under its own name alone:
/// then the row asks for something else than before.
pub(super) fn get(
    statements: &mut Statements<'_>,
    names: Names,
) -> rusqlite::Result<Option<Record>> {
    let own = statements.finder.find(names.import_id)?;
    let same = match &own {
        Some(own) if own.other_id == names.other && own.record.settled.outcome.may_exist() => None,
        _ => by_other_name(statements, names)?,
    };
    Ok(same.or(own.map(|own| own.record)))
}

/// Returns the data about the entry of a row or, if the row is invalid, about its key.
pub(super) fn find(statements: &mut Statements<'_>, query: &EntryQuery) -> rusqlite::Result<Known> {
    match query {
        EntryQuery::Valid(entry) => {
            let record = get(statements, entry.names)?;
            let refusal = refusal(statements, entry, record.as_ref())?;
            Ok(Known {
                record,
                refusal,
                ..Known::default()
            })
        }
        EntryQuery::Invalid { names, key } => {
            let record = match names {
                Some(names) => get(statements, *names)?,
                None => of_key(statements, *key)?,
            };
            Ok(Known {
                record,
                ..Known::default()
            })
        }
        EntryQuery::Corrections {
            row,
            key_use,
            own_key,
        } => Ok(Known {
            correction: correction(statements, *row, *key_use, *own_key)?,
            ..Known::default()
        }),
        EntryQuery::Nothing => Ok(Known::default()),
    }
}

/// Returns the entry that represents a whole key: one that is not created, if there is one.
fn of_key(statements: &mut Statements<'_>, key: ImportId) -> rusqlite::Result<Option<Record>> {
    let mut found: Option<Record> = None;
    for id in statements.keys.ids_of_key(key)? {
        if let Some(next) = statements.finder.find(id)? {
            let is_created = next.record.settled.outcome == Outcome::Created;
            if found.is_none() || !is_created {
                found = Some(next.record);
            }
        }
    }
    Ok(found)
}

/// What is held under the other name, where that is the same request and it exists or may exist.
fn by_other_name(
    statements: &mut Statements<'_>,
    names: Names,
) -> rusqlite::Result<Option<Record>> {
    let Some(other) = names.other else {
        return Ok(None);
    };
    let may_exist = |record: &Record| record.settled.outcome.may_exist();
    let same = statements
        .finder
        .find(other)?
        .filter(|found| found.other_id == Some(names.import_id) && may_exist(&found.record));
    Ok(same.map(|found| found.record))
}

/// Whether there is none.
pub(super) fn is_empty(tx: &Transaction<'_>) -> rusqlite::Result<bool> {
    tx.query_row("SELECT NOT EXISTS (SELECT 1 FROM entries)", [], |row| {
        row.get(0)
    })
}

/// Returns the requests that were claimed last of those that are created.
pub(super) fn known_created(
    tx: &Transaction<'_>,
    count_max: u32,
) -> rusqlite::Result<Vec<KnownCreated>> {
    tx.prepare_cached(
        // What was found in the list (1) comes last: that the list shows it proves nothing.
        "SELECT import_id, id, concord_id, request_date, settled_at_ms, via IS 1
         FROM (SELECT *, rowid AS number FROM entries WHERE state = 1 AND id IS NOT NULL ORDER BY rowid DESC LIMIT ?1)
         ORDER BY via IS 1, number DESC",
    )?
    .query_map([count_max], |row| {
        let concord_id: Option<[u8; 16]> = row.get(2)?;
        Ok(KnownCreated {
            import_id: ImportId(Uuid::from_bytes(row.get(0)?)),
            receipt: Receipt {
                id: Uuid::from_bytes(row.get(1)?),
                concord_id: concord_id.map(Uuid::from_bytes),
                request_date: row.get(3)?,
            },
            settled_at: from_ms(row.get::<_, Option<i64>>(4)?.unwrap_or_default()),
            is_from_list: row.get(5)?,
        })
    })?
    .collect()
}

/// Records the status with which the server has accepted an entry.
pub(super) fn note_accepted(
    tx: &Transaction<'_>,
    run: RunId,
    id: ImportId,
    status: u16,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE entries SET http_status = ?3 WHERE import_id = ?1 AND run = ?2 AND state = 0",
    )?
    .execute(params![id.0.as_bytes(), run.0, status])
    .map(drop)
}

/// Gives back all that a run has claimed and not settled.
pub(super) fn release_all(tx: &Transaction<'_>, run: RunId) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM entries WHERE run = ?1 AND state = 0 AND previous IS NULL",
        [run.0],
    )?;
    tx.execute(
        "UPDATE entries SET state = previous, previous = NULL WHERE run = ?1 AND state = 0",
        [run.0],
    )
    .map(drop)
}

pub(super) fn holder_of(tx: &Transaction<'_>, id: Uuid) -> rusqlite::Result<Option<ImportId>> {
    tx.query_row(
        "SELECT import_id FROM entries WHERE state = 1 AND id = ?1 LIMIT 1",
        [id.as_bytes()],
        |row| Ok(ImportId(Uuid::from_bytes(row.get(0)?))),
    )
    .optional()
}
