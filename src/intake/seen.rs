//! Which import ids the inputs of a run have had so far, exactly, in bounded memory.
//!
//! In comes the import id of each valid entry with its position, fingerprint and use of the key; out comes the first
//! entry of that id, when there was one already. Uses and normal forms of keys are kept the same way, by ids made of
//! the key's. Up to [`SEEN_IN_MEMORY_MAX`] ids are kept in a map. Whenever it is full, all of
//! them are written, sorted, behind each other into an unnamed temporary file as one *stretch*, and the map begins
//! anew. Of a stretch, memory keeps the first id of each block and a Bloom filter, so a new id costs no read but for
//! one in 120 a stretch, and a repeat one read of one block. Filters only save reads: what decides is always the
//! whole id.
//!
//! Deliberately absent: removing or changing an id (the first one stays the first); merging stretches (five million
//! ids make 43, and asking all of them takes less than a microsecond); anything that outlives the process (the system
//! removes the file however the run ends); what the entries say (the file holds ids, positions and fingerprints). Only
//! valid entries are put in, which is the caller's part: an invalid row must not make a corrected one further down its
//! duplicate.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use uuid::Uuid;

use super::key_conflicts::KeyConflicts;
use super::row_places::InputPlaces;
use crate::entry::{Fingerprint, ImportId, Position};
use crate::identity::{KeyConflict, KeyUse, PersonDigests, RequestTypes};

/// Most ids kept in memory: seven eighths of 2¹⁷, which fill a map of 2¹⁷ places (about 10 MB).
pub const SEEN_IN_MEMORY_MAX: usize = 114_688;

/// What is known of the first entry with an import id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct First {
    pub(crate) position: Position,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) key_use: KeyUse,
}

/// The import ids of the valid entries so far. One for all inputs of a run, in their order.
///
/// Beyond [`SEEN_IN_MEMORY_MAX`] ids it takes 65 bytes an id of the folder for temporary files and, on top of the
/// map and 4 MB while that is written out, about 1.4 MB of memory a million ids: 24 MB in all for five million.
/// There is no most; the time for a new id grows by about an eighth of a microsecond with each million before it.
#[derive(Debug)]
pub struct Seen {
    in_memory_max: usize,
    memory: InMemory,
    disk: Option<Disk>,
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

impl Default for Seen {
    fn default() -> Self {
        Self::new()
    }
}

impl Seen {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::with_memory(SEEN_IN_MEMORY_MAX)
    }

    /// Nothing seen yet; at most so many ids in memory (and at least one).
    pub fn with_memory(in_memory_max: usize) -> Self {
        Self {
            in_memory_max: in_memory_max.max(1),
            memory: InMemory::default(),
            disk: None,
            is_unrepeated: false,
            known: Arc::default(),
            found: KeyConflicts::default(),
            is_filled: [false; Slot::COUNT],
            has_hits: false,
            places: InputPlaces::default(),
            rejects: HashSet::new(),
        }
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

    /// Registers an entry; the first one of that import id, when there is one already. After an error (the disk is
    /// full) nothing has changed: what was known is still known, and the entry is not.
    pub(crate) fn register(&mut self, id: ImportId, this: First) -> io::Result<Option<First>> {
        if self.is_unrepeated {
            return Ok(None);
        }
        if self.memory.len() >= self.in_memory_max {
            if let Some(first) = self.find(id)? {
                return Ok(Some(first));
            }
            self.write_out()?;
        }
        let id = id.0.as_u128();
        match self.memory.entry(id) {
            Entry::Occupied(known) => Ok(Some(*known.get())),
            Entry::Vacant(place) => {
                let known = self.disk.as_ref().map(|disk| disk.find(id)).transpose()?;
                if let Some(first) = known.flatten() {
                    return Ok(Some(first));
                }
                place.insert(this);
                Ok(None)
            }
        }
    }

    /// The first entry of that import id.
    pub(crate) fn find(&self, id: ImportId) -> io::Result<Option<First>> {
        let id = id.0.as_u128();
        match (self.memory.get(&id), &self.disk) {
            (Some(first), _) => Ok(Some(*first)),
            (None, Some(disk)) => disk.find(id),
            (None, None) => Ok(None),
        }
    }

    fn write_out(&mut self) -> io::Result<()> {
        let disk = match &mut self.disk {
            Some(disk) => disk,
            none => none.insert(Disk::new(tempfile::tempfile()?, self.in_memory_max)),
        };
        disk.push(&self.memory)?;
        // Its room stays: it will be full again.
        self.memory.clear();
        Ok(())
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
}

impl Slot {
    const COUNT: usize = 3;

    /// Bits that no two import ids differ by: ids are hashes.
    const fn bits(self) -> u128 {
        match self {
            Self::Use => 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834,
            Self::UnknownUse => 0xb492_b66f_be98_f273_9ae1_6a3b_2f90_404f,
            Self::NormalForm => 0xc2b2_ae3d_27d4_eb4f_1656_67b1_9e37_79f9,
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

/// An import id, in the order of its bytes.
type Id = u128;

type InMemory = HashMap<Id, First, BuildHasherDefault<Halves>>;

/// Import ids are hashes already (`UUIDv5`): both halves, laid over each other.
#[derive(Debug, Default)]
struct Halves(u64);

impl Hasher for Halves {
    fn write_u128(&mut self, id: u128) {
        let (one, other) = Uuid::from_u128(id).as_u64_pair();
        self.0 = one ^ other;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Ids in a block: what is read at once (5.6 kB).
const BLOCK_IDS: usize = 128;
/// Written at once.
const WRITE_BYTES: usize = 1 << 16;

/// The ids written out so far: stretches of one length, each of them sorted, none with an id of another.
#[derive(Debug)]
struct Disk {
    file: File,
    stretch_ids: usize,
    /// Of each stretch, the first id of each block.
    stretches: Vec<Vec<Id>>,
    filters: Filters,
}

impl Disk {
    fn new(file: File, stretch_ids: usize) -> Self {
        Self {
            file,
            stretch_ids,
            stretches: Vec::new(),
            filters: Filters::new(stretch_ids),
        }
    }

    /// Writes all of a full map. Counts only once it stands: after an error the next one is written over it.
    fn push(&mut self, memory: &InMemory) -> io::Result<()> {
        debug_assert_eq!(memory.len(), self.stretch_ids, "stretches have one length");
        // The ids alone: a sorted copy of the whole entries would be three times as big.
        let mut ids: Vec<Id> = memory.keys().copied().collect();
        ids.sort_unstable();
        self.file
            .seek(SeekFrom::Start(self.offset(self.stretches.len(), 0)))?;
        let mut writer = BufWriter::with_capacity(WRITE_BYTES, &self.file);
        for id in &ids {
            writer.write_all(&pack(*id, memory[id]))?;
        }
        writer.flush()?;
        drop(writer);
        for id in &ids {
            self.filters.add(self.stretches.len(), *id);
        }
        self.stretches
            .push(ids.into_iter().step_by(BLOCK_IDS).collect());
        Ok(())
    }

    fn find(&self, id: Id) -> io::Result<Option<First>> {
        for stretch in self.filters.maybe_in(id) {
            if let Some(first) = self.find_in(stretch, id)? {
                return Ok(Some(first));
            }
        }
        Ok(None)
    }

    fn find_in(&self, stretch: usize, id: Id) -> io::Result<Option<First>> {
        let behind = self.stretches[stretch].partition_point(|first_id| *first_id <= id);
        let Some(block) = behind.checked_sub(1) else {
            return Ok(None);
        };
        let before = block * BLOCK_IDS;
        let ids = BLOCK_IDS.min(self.stretch_ids - before);
        let mut bytes = [0; BLOCK_IDS * RECORD_BYTES];
        let bytes = &mut bytes[..ids * RECORD_BYTES];
        at::read(&self.file, bytes, self.offset(stretch, before))?;
        let (records, _) = bytes.as_chunks::<RECORD_BYTES>();
        Ok(records
            .binary_search_by_key(&id, id_of)
            .ok()
            .map(|found| first_of(&records[found])))
    }

    /// Where in the file the record of a stretch stands that has so many before it.
    fn offset(&self, stretch: usize, before: usize) -> u64 {
        (stretch as u64 * self.stretch_ids as u64 + before as u64) * RECORD_BYTES as u64
    }
}

/// Places in a filter for each id of a stretch. Ten and seven looks let pass one in 120 of the ids that are not there.
const PLACES_PER_ID: usize = 10;
const LOOKS: usize = 7;
const STRETCHES_PER_FILTER: usize = 8;

/// Bloom filters of stretches of one length. Eight of them share a byte a place, a bit each, so that a look asks eight.
#[derive(Debug)]
struct Filters {
    places: usize,
    of_eight: Vec<Vec<u8>>,
}

impl Filters {
    fn new(stretch_ids: usize) -> Self {
        Self {
            places: stretch_ids * PLACES_PER_ID,
            of_eight: Vec::new(),
        }
    }

    fn add(&mut self, stretch: usize, id: Id) {
        let filter = stretch / STRETCHES_PER_FILTER;
        while self.of_eight.len() <= filter {
            self.of_eight.push(vec![0; self.places]);
        }
        for place in self.places_of(id) {
            self.of_eight[filter][place] |= 1 << (stretch % STRETCHES_PER_FILTER);
        }
    }

    /// The stretches that may hold an id: each that does, and few others.
    fn maybe_in(&self, id: Id) -> impl Iterator<Item = usize> {
        let places = self.places_of(id);
        self.of_eight
            .iter()
            .enumerate()
            .filter_map(move |(filter, bits)| {
                let mut maybe = u8::MAX;
                for place in places {
                    maybe &= bits[place];
                    if maybe == 0 {
                        return None;
                    }
                }
                Some((filter, maybe))
            })
            .flat_map(|(filter, maybe)| {
                (0..STRETCHES_PER_FILTER)
                    .filter(move |bit| maybe & 1 << bit != 0)
                    .map(move |bit| filter * STRETCHES_PER_FILTER + bit)
            })
    }

    /// Import ids are hashes themselves (`UUIDv5`), so their halves serve as the two hashes that make all the others.
    fn places_of(&self, id: Id) -> [usize; LOOKS] {
        let (start, step) = Uuid::from_u128(id).as_u64_pair();
        // The first bits choose the place. The version stands behind the first 48 of one half, out of the way; the
        // variant stands first in the other, and goes last.
        let step = step.rotate_left(2);
        let mut hash = start;
        [(); LOOKS].map(|()| {
            let place = (u128::from(hash) * self.places as u128) >> 64;
            hash = hash.wrapping_add(step);
            usize::try_from(place).unwrap_or(0)
        })
    }
}

/// Bytes of a record: id, row, line, fingerprint, input, digests of the person, request types.
const RECORD_BYTES: usize = 65;

type Record = [u8; RECORD_BYTES];

fn pack(id: Id, first: First) -> Record {
    let mut record = [0; RECORD_BYTES];
    record[..16].copy_from_slice(&id.to_be_bytes());
    record[16..24].copy_from_slice(&first.position.row.to_le_bytes());
    record[24..32].copy_from_slice(&first.position.line.to_le_bytes());
    record[32..40].copy_from_slice(&first.fingerprint.0.to_le_bytes());
    record[40..44].copy_from_slice(&first.position.input.to_le_bytes());
    let (digests, _) = record[44..64].as_chunks_mut::<4>();
    for (place, digest) in digests.iter_mut().zip(first.key_use.person.parts()) {
        *place = digest.to_le_bytes();
    }
    record[64] = first.key_use.requests.bits();
    record
}

fn id_of(record: &Record) -> Id {
    Id::from_be_bytes(part(record, 0))
}

fn first_of(record: &Record) -> First {
    First {
        position: Position {
            row: u64::from_le_bytes(part(record, 16)),
            line: u64::from_le_bytes(part(record, 24)),
            input: u32::from_le_bytes(part(record, 40)),
        },
        fingerprint: Fingerprint(u64::from_le_bytes(part(record, 32))),
        key_use: KeyUse {
            person: PersonDigests::from_parts(
                [44, 48, 52, 56, 60].map(|from| u32::from_le_bytes(part(record, from))),
            ),
            requests: RequestTypes::from_bits(record[64]),
        },
    }
}

fn part<const N: usize>(record: &Record, from: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&record[from..from + N]);
    part
}

/// Reading at a place, without moving a cursor where the system can.
#[cfg(unix)]
mod at {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt as _;

    pub(super) fn read(file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
        file.read_exact_at(into, offset)
    }
}

#[cfg(not(unix))]
mod at {
    use std::fs::File;
    use std::io::{self, Read as _, Seek as _, SeekFrom};

    pub(super) fn read(mut file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(into)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn first(row: u64) -> First {
        First {
            position: Position {
                input: 3,
                row,
                line: row * 7 + (1 << 40),
            },
            fingerprint: Fingerprint(row.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            key_use: KeyUse {
                person: PersonDigests::from_parts([1, 2, 3, 4, 5].map(|n| n << (row % 8))),
                requests: RequestTypes::from_bits(row.to_le_bytes()[0]),
            },
        }
    }

    fn hashed(key: u64) -> ImportId {
        ImportId::new(Uuid::nil(), &key.to_string())
    }

    fn plain(id: u128) -> ImportId {
        ImportId(Uuid::from_u128(id))
    }

    /// Registers ids in turn and holds every answer against a plain map.
    fn compare(seen: &mut Seen, ids: impl IntoIterator<Item = ImportId>) {
        let mut expected = HashMap::new();
        for (id, row) in ids.into_iter().zip(1..) {
            let known = expected.get(&id).copied();
            expected.entry(id).or_insert(first(row));
            let answer = seen.register(id, first(row)).expect("a temporary file");
            assert_eq!(answer, known, "{id:?} in row {row}");
        }
    }

    fn stretches(seen: &Seen) -> usize {
        seen.disk.as_ref().map_or(0, |disk| disk.stretches.len())
    }

    #[test]
    fn the_first_of_each_id_is_remembered_in_memory_and_on_disk() {
        for (in_memory_max, written_out) in [(0, 1_999), (10, 199), (1_999, 1), (2_000, 0)] {
            let mut seen = Seen::with_memory(in_memory_max);
            compare(
                &mut seen,
                (0..2_000).chain((0..2_000).step_by(7)).map(hashed),
            );
            assert_eq!(stretches(&seen), written_out);
        }
    }

    #[test]
    fn without_ids_there_is_no_file() {
        let mut seen = Seen::with_memory(1);
        assert!(seen.disk.is_none());
        compare(&mut seen, [hashed(1), hashed(1)]);
        assert!(seen.disk.is_none());
    }

    #[test]
    fn ids_that_share_all_but_few_bits_are_told_apart() {
        for in_memory_max in [10, 100, 300] {
            let twice = |shift: u32| (0..600).chain(0..600).map(move |n| plain(n << shift));
            compare(&mut Seen::with_memory(in_memory_max), twice(0));
            compare(&mut Seen::with_memory(in_memory_max), twice(64));
            compare(&mut Seen::with_memory(in_memory_max), twice(118));
        }
    }

    /// Even ids are there and odd ones are not: below, between and above, at each border of a block.
    #[test]
    fn blocks_of_every_length_are_searched_to_their_borders() {
        for ids in [1_u64, 2, 127, 128, 129, 255, 256, 257, 1_000] {
            let memory: InMemory = (1..=ids).map(|n| (Id::from(n * 2), first(n))).collect();
            let mut disk = Disk::new(tempfile::tempfile().expect("a file"), memory.len());
            disk.push(&memory).expect("written");
            for id in (0..=ids * 2 + 3).map(Id::from) {
                let found = disk.find_in(0, id).expect("read");
                assert_eq!(found, memory.get(&id).copied(), "{id} of {ids}");
            }
            assert_eq!(disk.find_in(0, Id::MAX).expect("read"), None);
        }
    }

    #[test]
    fn filters_let_few_strangers_pass() {
        let mut seen = Seen::with_memory(1_000);
        compare(&mut seen, (0..20_001).map(hashed));
        let filters = &seen.disk.as_ref().expect("twenty stretches").filters;
        assert_eq!(filters.of_eight.len(), 3);
        let passed: usize = (1_000_000..1_010_000)
            .map(|key| filters.maybe_in(hashed(key).0.as_u128()).count())
            .sum();
        // 10,000 strangers, 20 stretches, one in 120: about 1,640.
        assert!((1_300..2_000).contains(&passed), "{passed}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_and_nothing_is_lost() {
        let full = File::options().read(true).write(true).open("/dev/full");
        let mut seen = Seen::with_memory(10);
        compare(&mut seen, (0..10).map(hashed));
        seen.disk = Some(Disk::new(full.expect("/dev/full"), 10));
        for _ in 0..2 {
            let error = seen.register(hashed(10), first(10)).expect_err("full");
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            assert_eq!(stretches(&seen), 0);
        }
        seen.disk.as_mut().expect("a disk").file = tempfile::tempfile().expect("a file");
        for row in 10..100 {
            let answer = seen.register(hashed(row), first(row)).expect("room");
            assert_eq!(answer, None);
        }
        let answer = seen.register(hashed(0), first(0)).expect("room");
        assert_eq!(answer, Some(first(1)), "the first id was in row 1");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn answers_are_those_of_a_plain_map(
            in_memory_max in prop_oneof![1_usize..8, 100_usize..300],
            keys in vec(0_u64..700, 0..1_500),
            shape in 0..3,
        ) {
            let ids = keys.into_iter().map(|key| match shape {
                0 => hashed(key),
                1 => plain(u128::from(key)),
                _ => plain(u128::from(key) << 96),
            });
            compare(&mut Seen::with_memory(in_memory_max), ids);
        }
    }
}
