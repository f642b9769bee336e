//! Keys that several rows of the inputs use for different things, found by one reading and used by the next.
//!
//! A conflict shows only at its second row, when the first may be on its way to Concord already. So the reading that
//! comes before anything is sent collects the conflicts, and every later reading refuses all rows of those keys.

use std::collections::{HashMap, HashSet};

use crate::entry::{ImportId, Position};
use crate::identity::KeyConflict;

/// Most keys with a conflict that are kept, about 10 MB: with more of them the key columns are wrong.
pub const KEY_CONFLICTS_MAX: usize = 65_536;
/// Maximum number of rows that are kept of one conflict, to be named in messages.
pub const CONFLICT_ROWS_MAX: usize = 4;
/// Minimum number of conflicts before the key columns are refused because most keys conflict. One may be a mistake in
/// a short file, unless it has more than [`CONFLICT_ROWS_MAX`] rows.
const NO_KEY_MIN: usize = 2;

/// The rows of one key that name different people or request types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictingRows {
    /// How they differ.
    pub kind: KeyConflict,
    /// The first of them.
    pub rows: Vec<Position>,
    /// The number of rows that are not in [`Self::rows`].
    pub more: u64,
    /// The last of those.
    last: Option<Position>,
}

impl ConflictingRows {
    fn add(&mut self, row: Position) {
        if self.rows.contains(&row) {
            return;
        }
        if self.rows.len() < CONFLICT_ROWS_MAX {
            self.rows.push(row);
        } else if self.last != Some(row) {
            self.last = Some(row);
            self.more += 1;
        }
    }
}

/// The keys of the inputs, as far as rows disagree about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyConflicts {
    conflicts: HashMap<ImportId, ConflictingRows>,
    shared: HashSet<ImportId>,
    /// More keys are shared than are kept.
    has_more_shared: bool,
    keys: u64,
}

impl KeyConflicts {
    /// Counts a key that no earlier row has.
    pub(super) fn count_key(&mut self) {
        self.keys += 1;
    }

    /// Adds two rows that disagree about a key.
    pub(super) fn add(&mut self, key: ImportId, kind: KeyConflict, rows: [Position; 2]) {
        let is_full = self.conflicts.len() > KEY_CONFLICTS_MAX;
        if is_full && !self.conflicts.contains_key(&key) {
            return;
        }
        let conflict = self.conflicts.entry(key).or_insert(ConflictingRows {
            kind,
            rows: Vec::new(),
            more: 0,
            last: None,
        });
        for row in rows {
            conflict.add(row);
        }
    }

    /// Adds the conflicts that a further reading has found: rows that were refused before are not compared with others.
    pub fn extend(&mut self, found: Self) {
        for (key, conflict) in found.conflicts {
            self.conflicts.entry(key).or_insert(conflict);
        }
        for key in found.shared {
            self.add_shared(key);
        }
        self.has_more_shared |= found.has_more_shared;
    }

    /// Adds a key of several rows, one of which has no known person or request type.
    pub(super) fn add_shared(&mut self, key: ImportId) {
        if self.shared.len() < KEY_CONFLICTS_MAX {
            self.shared.insert(key);
        } else {
            self.has_more_shared |= !self.shared.contains(&key);
        }
    }

    /// The rows that disagree about a key.
    pub fn get(&self, key: ImportId) -> Option<&ConflictingRows> {
        self.conflicts.get(&key)
    }

    /// Returns whether several rows have the key and may ask for different things. True for every key once more such
    /// keys were found than are kept.
    pub fn is_shared(&self, key: ImportId) -> bool {
        self.has_more_shared || self.shared.contains(&key)
    }

    /// Returns whether no key has a conflict.
    pub fn is_empty(&self) -> bool {
        self.conflicts.is_empty()
    }

    /// The number of keys with a conflict; at most one more than [`KEY_CONFLICTS_MAX`].
    pub fn count(&self) -> usize {
        self.conflicts.len()
    }

    /// The number of different keys.
    pub const fn keys(&self) -> u64 {
        self.keys
    }

    /// Returns whether most keys have a conflict, or more keys than are kept: then the key columns identify no request.
    pub fn is_no_key(&self) -> bool {
        let count = self.conflicts.len();
        let is_no_mistake = || {
            let mut conflicts = self.conflicts.values();
            count >= NO_KEY_MIN || conflicts.any(|conflict| conflict.more > 0)
        };
        count > KEY_CONFLICTS_MAX || 2 * count as u64 > self.keys && is_no_mistake()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn row(row: u64) -> Position {
        Position {
            input: 1,
            row,
            line: row + 1,
        }
    }

    fn key(n: u128) -> ImportId {
        ImportId(Uuid::from_u128(n))
    }

    #[test]
    fn a_conflict_names_its_first_rows_and_counts_the_rest() {
        let mut conflicts = KeyConflicts::default();
        for other in 2..9 {
            conflicts.add(key(1), KeyConflict::Person, [row(1), row(other)]);
        }
        let found = conflicts.get(key(1)).expect("it was added");
        assert_eq!(found.rows, [row(1), row(2), row(3), row(4)]);
        assert_eq!(found.more, 4);
        assert_eq!(conflicts.count(), 1);
    }

    #[test]
    fn a_column_is_no_key_when_more_than_half_of_several_keys_conflict() {
        let with = |keys: u64, count: u128| {
            let mut conflicts = KeyConflicts {
                keys,
                ..KeyConflicts::default()
            };
            for n in 0..count {
                conflicts.add(key(n), KeyConflict::Person, [row(1), row(2)]);
            }
            conflicts.is_no_key()
        };
        assert!(!with(1, 1), "one mistake in a short file");
        assert!(!with(2, 1) && !with(4, 2));
        assert!(with(2, 2) && with(3, 2));
        assert!(!with(1_000_000, KEY_CONFLICTS_MAX as u128));
        assert!(with(1_000_000, KEY_CONFLICTS_MAX as u128 + 1));
    }

    #[test]
    fn beyond_the_limit_every_key_counts_as_shared() {
        let mut conflicts = KeyConflicts::default();
        for n in 0..KEY_CONFLICTS_MAX as u128 {
            conflicts.add_shared(key(n));
        }
        assert!(conflicts.is_shared(key(0)) && !conflicts.is_shared(key(u128::MAX)));
        conflicts.add_shared(key(u128::MAX - 1));
        assert!(conflicts.is_shared(key(u128::MAX)));
    }
}
