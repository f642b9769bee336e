//! The first entry of each id: exact, with five bytes of memory for each.
//!
//! In: an id and the position and digests of its entry. Out: the first entry of that id, if there is one. Records are
//! appended to an unnamed temporary file, which the system removes however the process ends. It holds ids, positions and
//! digests, and no value of a row. Memory holds an index: for each [`SEGMENT_RECORDS`] records
//! a hash table whose slots are a record's number and 12 bits of the id's hash. A new id costs a look into each table,
//! and a read of one record where a slot has the same 12 bits. The id in the record decides.
//!
//! Not here: a limit. The memory and the time of a look-up grow with the number of ids.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use crate::entry::{Fingerprint, Position};
use crate::identity::{KeyUse, PersonDigests, RequestTypes};

/// The bits of a slot that number a record within its segment, from 1. The others are of the id's hash.
const NUMBER_BITS: u32 = 20;
/// Number of records of a segment: as many as a slot can number.
const SEGMENT_RECORDS: usize = (1 << NUMBER_BITS) - 1;
/// Number of records that wait in memory to be written: 1 MiB. An input with fewer ids needs no file.
const UNWRITTEN_RECORDS_MAX: usize = 16_384;
/// A slot without a record.
const EMPTY: u32 = 0;

/// An import id, or an id made of one: a hash already, except in tests.
type Id = u128;

/// The first entry with an id: its position, its content's fingerprint, and the person and request types of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct First {
    pub(crate) position: Position,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) key_use: KeyUse,
}

/// The first entries of all ids so far.
#[derive(Debug)]
pub(super) struct DedupStore {
    segment_records: usize,
    unwritten_max: usize,
    /// The hash table of each segment.
    tables: Vec<Vec<u32>>,
    /// The number of records in the file.
    written: usize,
    /// The records behind those in the file.
    unwritten: Vec<Record>,
    file: Option<File>,
}

impl Default for DedupStore {
    fn default() -> Self {
        Self::with_limits(SEGMENT_RECORDS, UNWRITTEN_RECORDS_MAX)
    }
}

impl DedupStore {
    fn with_limits(segment_records: usize, unwritten_max: usize) -> Self {
        Self {
            segment_records,
            unwritten_max,
            tables: Vec::new(),
            written: 0,
            unwritten: Vec::new(),
            file: None,
        }
    }

    /// Registers an entry. Returns the first entry of that id if there is one already. After an error, nothing has
    /// changed.
    pub(super) fn register(&mut self, id: Id, this: First) -> io::Result<Option<First>> {
        if let Some(first) = self.find(id)? {
            return Ok(Some(first));
        }
        if self.unwritten.len() >= self.unwritten_max {
            self.write_out()?;
        }
        let number = (self.written + self.unwritten.len()) % self.segment_records;
        if number == 0 {
            // One slot in nine stays empty, so a search ends soon.
            self.tables
                .push(vec![EMPTY; self.segment_records * 9 / 8 + 1]);
        }
        if let (Some(table), Ok(number)) = (self.tables.last_mut(), u32::try_from(number + 1)) {
            let hash = Hash::of(id);
            let mut place = hash.first_place(table.len());
            while table[place] != EMPTY {
                place = next_place(place, table.len());
            }
            table[place] = hash.tag() << NUMBER_BITS | number;
        }
        self.unwritten.push(pack(id, this));
        Ok(None)
    }

    /// Finds the first entry of an id.
    pub(super) fn find(&self, id: Id) -> io::Result<Option<First>> {
        let hash = Hash::of(id);
        for (segment, table) in self.tables.iter().enumerate() {
            let mut place = hash.first_place(table.len());
            while table[place] != EMPTY {
                let slot = table[place];
                if slot >> NUMBER_BITS == hash.tag() {
                    let number = (slot & ((1 << NUMBER_BITS) - 1)) as usize - 1;
                    let record = self.record(segment * self.segment_records + number)?;
                    if id_of(&record) == id {
                        return Ok(Some(first_of(&record)));
                    }
                }
                place = next_place(place, table.len());
            }
        }
        Ok(None)
    }

    fn record(&self, number: usize) -> io::Result<Record> {
        let Some(mut file) = self.file.as_ref().filter(|_| number < self.written) else {
            return Ok(self.unwritten[number - self.written]);
        };
        let mut record = [0; RECORD_BYTES];
        file.seek(SeekFrom::Start(offset(number)))?;
        file.read_exact(&mut record)?;
        Ok(record)
    }

    /// Writes the waiting records. They count as written only once all of them are: after an error the next attempt
    /// writes over them.
    fn write_out(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(offset(self.written)))?;
        file.write_all(self.unwritten.as_flattened())?;
        self.written += self.unwritten.len();
        self.unwritten.clear();
        Ok(())
    }
}

/// The place of a record in the file.
fn offset(number: usize) -> u64 {
    (number * RECORD_BYTES) as u64
}

const fn next_place(place: usize, places: usize) -> usize {
    if place + 1 == places { 0 } else { place + 1 }
}

/// The hash of an id: its high bits choose the first place in a table, its low bits tell ids there apart.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    /// Mixes both halves of an id: ids made of one key's differ in few bits.
    #[expect(clippy::cast_possible_truncation, reason = "the halves of the id")]
    const fn of(id: Id) -> Self {
        let (high, low) = ((id >> 64) as u64, id as u64);
        Self((high ^ low.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "less than the number of places"
    )]
    const fn first_place(self, places: usize) -> usize {
        ((self.0 as u128 * places as u128) >> 64) as usize
    }

    const fn tag(self) -> u32 {
        (self.0 & ((1 << (u32::BITS - NUMBER_BITS)) - 1)) as u32
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::entry::ImportId;

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

    fn hashed(key: u64) -> Id {
        ImportId::new(Uuid::nil(), &key.to_string()).0.as_u128()
    }

    /// Registers ids in turn and compares every answer with that of a plain map.
    fn compare(store: &mut DedupStore, ids: impl IntoIterator<Item = Id>) {
        let mut expected = HashMap::new();
        for (id, row) in ids.into_iter().zip(1..) {
            let known = expected.get(&id).copied();
            assert_eq!(store.find(id).expect("read"), known, "{id} in row {row}");
            expected.entry(id).or_insert(first(row));
            let answer = store.register(id, first(row)).expect("a temporary file");
            assert_eq!(answer, known, "{id} in row {row}");
        }
    }

    #[test]
    fn the_first_of_each_id_is_remembered_in_memory_and_on_disk() {
        for (segment_records, unwritten_max) in [(1, 1), (10, 199), (199, 10), (2_000, 2_000)] {
            let mut store = DedupStore::with_limits(segment_records, unwritten_max);
            compare(
                &mut store,
                (0..2_000).chain((0..2_000).step_by(7)).map(hashed),
            );
            assert_eq!(
                store.tables.len(),
                2_000 / segment_records + usize::from(2_000 % segment_records > 0)
            );
            assert_eq!(store.file.is_some(), unwritten_max < 2_000);
        }
    }

    #[test]
    fn ids_that_share_all_but_few_bits_are_told_apart() {
        for segment_records in [10, 100, 300] {
            for shift in [0, 64, 118] {
                let ids = (0..600).chain(0..600).map(|n: Id| n << shift);
                compare(&mut DedupStore::with_limits(segment_records, 50), ids);
            }
        }
    }

    #[test]
    fn few_new_ids_cost_a_read() {
        let mut store = DedupStore::default();
        compare(&mut store, (0..20_000).map(hashed));
        let same_tag = |key: &u64| {
            let hash = Hash::of(hashed(*key));
            let table = &store.tables[0];
            let mut place = hash.first_place(table.len());
            while table[place] != EMPTY && table[place] >> NUMBER_BITS != hash.tag() {
                place = next_place(place, table.len());
            }
            table[place] != EMPTY
        };
        let reads = (1_000_000..1_100_000).filter(same_tag).count();
        assert!(reads < 20, "{reads}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_and_nothing_is_lost() {
        let full = File::options().read(true).write(true).open("/dev/full");
        let mut store = DedupStore::with_limits(100, 10);
        compare(&mut store, (0..10).map(hashed));
        store.file = Some(full.expect("/dev/full"));
        for _ in 0..2 {
            let error = store.register(hashed(10), first(10)).expect_err("full");
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            assert_eq!(store.find(hashed(10)).expect("read"), None);
        }
        store.file = Some(tempfile::tempfile().expect("a file"));
        for row in 10..100 {
            let answer = store.register(hashed(row), first(row)).expect("room");
            assert_eq!(answer, None);
        }
        let answer = store.register(hashed(0), first(0)).expect("room");
        assert_eq!(answer, Some(first(1)), "the first id was in row 1");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn answers_are_those_of_a_plain_map(
            segment_records in prop_oneof![1_usize..8, 100_usize..300],
            unwritten_max in prop_oneof![1_usize..8, 100_usize..300],
            keys in vec(0_u64..700, 0..1_500),
            shape in 0..3,
        ) {
            let ids = keys.into_iter().map(|key| match shape {
                0 => hashed(key),
                1 => Id::from(key),
                _ => Id::from(key) << 96,
            });
            compare(&mut DedupStore::with_limits(segment_records, unwritten_max), ids);
        }
    }
}
