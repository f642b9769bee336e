//! Compares the key of each row with those of earlier rows: repeats, conflicts and near keys.
//!
//! Input: the items of a row, and the keys of the rows before it. Output: the same items. Those that must not be sent
//! have become repeats or invalid. The ledger compares keys with those of earlier runs.

use std::io;

use super::RowReading;
use super::dedup_store::First;
use super::entries::Item;
use super::key_conflicts::ConflictingRows;
use super::problem::Problem;
use super::row_places::InputPlaces;
use super::seen::Seen;
use crate::codes::ProblemCode;
use crate::entry::{Entry, Position};
use crate::identity::{KeyComparison, KeyConflict, KeyUse, NearKeys, RowKey};
use crate::plan::Rules;

/// The settings of a job that decide how keys are compared.
pub(super) struct KeyRules {
    /// The first key column.
    column: Option<String>,
    /// The column that says what a row asks for.
    request_column: Option<String>,
    near_keys: NearKeys,
    /// Set when a row may make several entries.
    may_make_several: bool,
    /// Set when the input is a file of rejects: its rows are corrected copies.
    is_rejects: bool,
}

impl KeyRules {
    pub(super) fn new(rules: &Rules, may_make_several: bool, is_rejects: bool) -> Self {
        Self {
            column: rules.key.first().map(|name| name.trim().to_owned()),
            request_column: rules.request_column().map(|name| name.trim().to_owned()),
            near_keys: rules.near_keys,
            may_make_several,
            is_rejects,
        }
    }

    fn problem(&self, position: Position, code: ProblemCode, message: String) -> Problem {
        Problem {
            position,
            column: self.column.clone(),
            field: None,
            code,
            message,
            value: None,
        }
    }
}

/// Compares a row with the rows before it, and registers it for those that follow.
pub(super) fn compare(
    reading: &mut RowReading,
    rules: &KeyRules,
    seen: &mut Seen,
) -> io::Result<()> {
    let Some(row) = reading.items.iter().find_map(Item::row_key) else {
        return register_contents(&mut reading.items, seen);
    };
    if let Some(conflict) = seen.known().get(row.id) {
        let message = conflict_message(conflict, reading.position, rules, seen.places());
        let problem = rules.problem(reading.position, ProblemCode::KeyConflict, message);
        refuse(&mut reading.items, &problem);
        share(&mut reading.items);
        return Ok(());
    }
    if seen.known().is_shared(row.id) {
        share(&mut reading.items);
    }
    if seen.is_unrepeated() {
        return Ok(());
    }
    if let Some(known) = near_key(row, rules, seen)? {
        let message = format!(
            "differs only in its form from the key of {} (case, blanks, leading zeros and the like), for the same person \
             and request",
            seen.places().row_seen_from(known, reading.position)
        );
        let problem = rules.problem(reading.position, ProblemCode::NearKey, message);
        seen.hit();
        if rules.near_keys == NearKeys::Refuse {
            refuse(&mut reading.items, &problem);
            return hold(reading.position, row, seen);
        }
        reading.warnings.push(problem);
    }
    register(reading, row, rules, seen)
}

/// Registers the entries of a row without key columns, and finds those that repeat an earlier one.
fn register_contents(items: &mut [Item], seen: &mut Seen) -> io::Result<()> {
    for item in items {
        let Item::Entry(entry) = item else { continue };
        let this = first(entry, entry.key_use());
        if let Some(earlier) = seen.register(entry.import_id, this)? {
            seen.hit();
            *item = repeat(entry, earlier);
        }
    }
    Ok(())
}

/// Registers the key of a row that is not sent because of a near key: other rows of that key may name other people.
fn hold(position: Position, row: RowKey, seen: &mut Seen) -> io::Result<()> {
    let this = First {
        position,
        fingerprint: crate::entry::Fingerprint::UNKNOWN,
        key_use: row.key_use,
    };
    let Some(earlier) = seen.find_held_use(row.id)? else {
        return seen.register_held_use(row.id, this);
    };
    if let KeyComparison::Conflict(kind) = earlier.key_use.compare(row.key_use) {
        seen.add_conflict(row.id, kind, [earlier.position, position]);
    }
    Ok(())
}

/// Registers a row with a key, finds its entries that repeat an earlier one, and notes conflicts.
#[expect(
    clippy::too_many_lines,
    reason = "one comparison for each kind of repeat"
)]
fn register(
    reading: &mut RowReading,
    row: RowKey,
    rules: &KeyRules,
    seen: &mut Seen,
) -> io::Result<()> {
    if rules.is_rejects {
        seen.add_rejects(reading.position.input);
    }
    let items = &mut reading.items;
    let is_single_entry = matches!(items.as_slice(), [Item::Entry(_)]);
    let mut earlier = Vec::new();
    // Stays set if an earlier row has already asked for each request of this row.
    let mut are_all_known = true;
    for item in items.iter_mut() {
        let Item::Entry(entry) = item else {
            are_all_known = false;
            continue;
        };
        let this = first(entry, row.key_use);
        // An id made of the key alone does not contain the request type, so it does not prove that the request is the
        // same.
        let beside_others = entry
            .other_id
            .filter(|_| is_single_entry && rules.may_make_several);
        let same_request = match beside_others {
            Some(other) => seen.find(other)?,
            None if is_single_entry => None,
            None => seen.register(entry.import_id, this)?,
        };
        are_all_known &= same_request.is_some();
        let known = match same_request {
            None if is_single_entry => seen.register(entry.import_id, this)?,
            known => known,
        };
        match (known, beside_others) {
            (Some(known), _) => {
                earlier.push(known);
                seen.hit();
                *item = repeat(entry, known);
            }
            (None, Some(other)) => {
                seen.register(other, this)?;
            }
            (None, None) => {}
        }
    }
    let this = First {
        position: reading.position,
        fingerprint: crate::entry::Fingerprint::UNKNOWN,
        key_use: row.key_use,
    };
    if !is_single_entry {
        earlier.extend(seen.find(row.id)?);
    }
    earlier.extend(seen.find_uses(row.id)?.into_iter().flatten());
    if !is_single_entry {
        seen.register_use(row.id, this)?;
    }
    if earlier.is_empty() {
        seen.count_key();
        if row.id != row.normal_id && rules.near_keys != NearKeys::Ignore {
            seen.register_normal_form(row.normal_id, this)?;
        }
    }
    earlier.extend(seen.find_held_use(row.id)?);
    for earlier in earlier {
        match earlier.key_use.compare(row.key_use) {
            KeyComparison::Same => {}
            KeyComparison::Unknown => {
                // A corrected copy is the same row, so the key is not shared.
                if rules.is_rejects == seen.is_rejects(earlier.position.input) {
                    seen.add_shared(row.id);
                }
            }
            KeyComparison::Conflict(KeyConflict::RequestType) if are_all_known => {}
            KeyComparison::Conflict(kind) => {
                seen.add_conflict(row.id, kind, [earlier.position, reading.position]);
            }
        }
    }
    Ok(())
}

/// Returns the row whose key differs from a new key only in its form, for the same person and request.
fn near_key(row: RowKey, rules: &KeyRules, seen: &Seen) -> io::Result<Option<Position>> {
    if rules.near_keys == NearKeys::Ignore {
        return Ok(None);
    }
    let is_normal = row.id == row.normal_id;
    let person = row.key_use.person;
    let mut candidates = seen.find_normal_form(row.normal_id, person)?;
    if !is_normal {
        candidates.extend(seen.find(row.normal_id)?);
        candidates.extend(seen.find_uses(row.normal_id)?.into_iter().flatten());
    }
    let near = candidates
        .into_iter()
        .find(|known| known.key_use.is_same_request(row.key_use));
    // A key that earlier rows had is not new, so it is not compared with similar keys.
    match near {
        Some(near) if seen.find(row.id)?.is_none() && seen.find_uses(row.id)? == [None; 2] => {
            Ok(Some(near.position))
        }
        _ => Ok(None),
    }
}

fn first(entry: &Entry, key_use: KeyUse) -> First {
    First {
        position: entry.position,
        fingerprint: entry.fingerprint,
        key_use,
    }
}

fn repeat(entry: &Entry, earlier: First) -> Item {
    Item::Repeat {
        of: earlier.position,
        changed: earlier.fingerprint.differs_from(entry.fingerprint),
        entry: Box::new(entry.clone()),
    }
}

/// Marks the invalid items of a row as having a key that other rows have too.
fn share(items: &mut [Item]) {
    for item in items {
        if let Item::Invalid { key: Some(key), .. } = item {
            key.is_shared = true;
        }
    }
}

/// Makes all items of a row invalid, for one more problem.
fn refuse(items: &mut Vec<Item>, problem: &Problem) {
    for item in items {
        match item {
            Item::Invalid { problems, .. } => problems.push(problem.clone()),
            Item::Entry(entry) | Item::Repeat { entry, .. } => {
                let invalid = super::entries::invalid(entry, vec![problem.clone()]);
                *item = invalid;
            }
        }
    }
}

fn conflict_message(
    conflict: &ConflictingRows,
    this: Position,
    rules: &KeyRules,
    places: &InputPlaces,
) -> String {
    let others = conflict.rows.iter().filter(|row| **row != this);
    let mut named: Vec<_> = others.map(|row| places.row_seen_from(*row, this)).collect();
    let more = conflict.more - u64::from(!conflict.rows.contains(&this)).min(conflict.more);
    if more > 0 {
        named.push(format!("{} more", crate::numbers::grouped(more)));
    }
    let last = named.pop().unwrap_or_default();
    let others = if named.is_empty() {
        last
    } else {
        format!("{} and {last}", named.join(", "))
    };
    match (conflict.kind, &rules.request_column) {
        (KeyConflict::Person, _) => format!(
            "is the key of different people's requests: see also {others}; a key identifies one request of one person"
        ),
        (KeyConflict::RequestType, Some(column)) => format!(
            "is the key of different request types: see also {others}; a key identifies one request: add `{column}` to `key`"
        ),
        (KeyConflict::RequestType, None) => format!(
            "is the key of different request types: see also {others}; a key identifies one request"
        ),
    }
}
