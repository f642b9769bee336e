//! The rows that came before: repeats, uses of keys and normal forms of keys, for all inputs of a run.
//!
//! In comes the import id of each valid entry with its position, fingerprint and use of the key; out comes the first
//! entry of that id, if there is one. Uses and normal forms of keys are kept the same way, by ids made of the key's.
//! The store behind it (`dedup_store`) is exact.
//!
//! Not here: removing or changing an id (the first one stays the first). Only valid entries are put in, which is the
//! caller's part: an invalid row must not make a corrected one further down its duplicate.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use uuid::Uuid;

use super::dedup_store::{DedupStore, First};
use super::key_conflicts::KeyConflicts;
use super::row_places::InputPlaces;
use crate::entry::{ImportId, Position};
use crate::identity::{KeyConflict, PersonDigests};

/// The import ids of the valid entries so far. One for all inputs of a run, in their order.
#[derive(Debug, Default)]
pub struct Seen {
    store: DedupStore,
    /// It is known from an earlier reading that nothing repeats: nothing is kept.
    is_unrepeated: bool,
    /// The conflicts that an earlier reading of the same inputs found.
    known: Arc<KeyConflicts>,
    /// The conflicts that this reading finds.
    found: KeyConflicts,
    /// Set for each slot once an id is registered in it.
    is_filled: [bool; Slot::COUNT],
    /// Set once a row was found to repeat an earlier row, or to have nearly its key.
    has_hits: bool,
    /// How messages name the rows of the inputs.
    places: InputPlaces,
    /// The inputs that are files of rejects.
    rejects: HashSet<u32>,
}

impl Seen {
    /// Creates an empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records that an input is a file of rejects.
    pub(crate) fn add_rejects(&mut self, input: u32) {
        self.rejects.insert(input);
    }

    /// Returns whether an input is a file of rejects.
    pub(crate) fn is_rejects(&self, input: u32) -> bool {
        self.rejects.contains(&input)
    }

    /// Sets how messages name the rows of the inputs.
    #[must_use]
    pub fn naming(mut self, places: InputPlaces) -> Self {
        self.places = places;
        self
    }

    /// How messages name the rows of the inputs.
    pub(crate) const fn places(&self) -> &InputPlaces {
        &self.places
    }

    /// Creates an empty set for a reading that knows the conflicts found by an earlier reading of the same inputs.
    pub fn with_conflicts(known: Arc<KeyConflicts>) -> Self {
        Self {
            known,
            ..Self::new()
        }
    }

    /// For inputs that were read to their end before and hold no id twice: remembers nothing. To be used with the
    /// digest of that reading only.
    pub fn of_unrepeated(known: Arc<KeyConflicts>) -> Self {
        Self {
            is_unrepeated: true,
            ..Self::with_conflicts(known)
        }
    }

    /// Returns whether rows are not compared with earlier rows.
    pub(crate) const fn is_unrepeated(&self) -> bool {
        self.is_unrepeated
    }

    /// The conflicts that an earlier reading found.
    pub(crate) fn known(&self) -> &KeyConflicts {
        &self.known
    }

    /// The conflicts that this reading has found so far.
    pub(crate) const fn found(&self) -> &KeyConflicts {
        &self.found
    }

    /// The conflicts that this reading has found.
    pub(crate) fn into_found(self) -> KeyConflicts {
        self.found
    }

    /// Returns whether a row was found to repeat an earlier row, or to have nearly its key.
    pub(crate) const fn has_hits(&self) -> bool {
        self.has_hits
    }

    /// Records that a row repeats an earlier row, or has nearly its key.
    pub(crate) fn hit(&mut self) {
        self.has_hits = true;
    }

    /// Counts a key that no earlier row has.
    pub(crate) fn count_key(&mut self) {
        self.found.count_key();
    }

    /// Records two rows that have one key and differ in person or request type.
    pub(crate) fn add_conflict(&mut self, key: ImportId, kind: KeyConflict, rows: [Position; 2]) {
        self.found.add(key, kind, rows);
    }

    /// Records a key of several rows, one of which has no known person or request type.
    pub(crate) fn add_shared(&mut self, key: ImportId) {
        self.found.add_shared(key);
    }

    /// Registers the person and request types for which a row uses a key, if the row does not make exactly one valid
    /// entry. The first use with a known person is kept, and the first without.
    pub(crate) fn register_use(&mut self, key: ImportId, this: First) -> io::Result<()> {
        let slot = if this.key_use.person.is_empty() {
            Slot::UnknownUse
        } else {
            Slot::Use
        };
        self.register_in(slot, key, this)
    }

    /// Returns the first uses of a key by rows that do not make exactly one valid entry.
    pub(crate) fn find_uses(&self, key: ImportId) -> io::Result<[Option<First>; 2]> {
        Ok([
            self.find_in(Slot::Use, key)?,
            self.find_in(Slot::UnknownUse, key)?,
        ])
    }

    /// Registers the use of a key by a row that is not sent because its key is near another one. The first use stays.
    pub(crate) fn register_held_use(&mut self, key: ImportId, this: First) -> io::Result<()> {
        self.register_in(Slot::HeldUse, key, this)
    }

    /// Returns the first use of a key by a row that is not sent because its key is near another one.
    pub(crate) fn find_held_use(&self, key: ImportId) -> io::Result<Option<First>> {
        self.find_in(Slot::HeldUse, key)
    }

    /// Registers a key that is not its own normal form by that form, once for each identifier of its person. The first
    /// such key of a person stays.
    pub(crate) fn register_normal_form(&mut self, form: ImportId, this: First) -> io::Result<()> {
        for id in forms_of(form, this.key_use.person) {
            self.register_in(Slot::NormalForm, id, this)?;
        }
        Ok(())
    }

    /// Finds the first rows of a person whose key has a normal form and is not written in it.
    pub(crate) fn find_normal_form(
        &self,
        form: ImportId,
        person: PersonDigests,
    ) -> io::Result<Vec<First>> {
        let mut found = Vec::new();
        for id in forms_of(form, person) {
            found.extend(self.find_in(Slot::NormalForm, id)?);
        }
        Ok(found)
    }

    fn register_in(&mut self, slot: Slot, id: ImportId, this: First) -> io::Result<()> {
        self.is_filled[slot as usize] = true;
        self.register(slot.of(id), this).map(drop)
    }

    fn find_in(&self, slot: Slot, id: ImportId) -> io::Result<Option<First>> {
        if self.is_filled[slot as usize] {
            self.find(slot.of(id))
        } else {
            Ok(None)
        }
    }

    /// Registers an entry. Returns the first entry of that import id if there is one already. After an error (the disk
    /// is full), nothing has changed: earlier entries are still known, and this one is not.
    pub(crate) fn register(&mut self, id: ImportId, this: First) -> io::Result<Option<First>> {
        if self.is_unrepeated {
            return Ok(None);
        }
        self.store.register(id.0.as_u128(), this)
    }

    /// Finds the first entry of an import id.
    pub(crate) fn find(&self, id: ImportId) -> io::Result<Option<First>> {
        self.store.find(id.0.as_u128())
    }
}

/// The kind of a record that is not an entry. Its id is made from the key's id.
#[derive(Clone, Copy)]
enum Slot {
    /// The use of a key for a known person.
    Use,
    /// The use of a key for a person that is not known.
    UnknownUse,
    /// The normal form of a key.
    NormalForm,
    /// The use of a key that is near another one, by a row that is not sent.
    HeldUse,
}

impl Slot {
    const COUNT: usize = 4;

    /// Bits that no two import ids differ by: ids are hashes.
    const fn bits(self) -> u128 {
        match self {
            Self::Use => 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834,
            Self::UnknownUse => 0xb492_b66f_be98_f273_9ae1_6a3b_2f90_404f,
            Self::NormalForm => 0xc2b2_ae3d_27d4_eb4f_1656_67b1_9e37_79f9,
            Self::HeldUse => 0x8538_ecb5_bd45_6ea3_2d35_8dcc_aa6c_78a5,
        }
    }

    fn of(self, id: ImportId) -> ImportId {
        ImportId(Uuid::from_u128(id.0.as_u128() ^ self.bits()))
    }
}

/// Returns an id for each identifier of a person, all made of one key's.
fn forms_of(form: ImportId, person: PersonDigests) -> impl Iterator<Item = ImportId> {
    let digests = (1_u128..).zip(person.parts());
    let known = digests.filter(|(_, digest)| *digest != 0);
    known.map(move |(number, digest)| {
        let bits = u128::from(digest) << 64 | number << 40 | u128::from(digest);
        ImportId(Uuid::from_u128(form.0.as_u128() ^ bits))
    })
}
