//! Which import ids the inputs of a run have had so far, exactly, in bounded memory.
//!
//! Up to [`SEEN_IN_MEMORY_MAX`] ids are kept in a map. Beyond that all of them move into an open-addressing hash
//! table in an unnamed temporary file, which holds no more than ids, positions and fingerprints, and which the
//! system removes when the run ends however it ends. Only valid entries are put in: an invalid row must not make a
//! corrected one further down its duplicate.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use crate::entry::{Fingerprint, ImportId, Position};

/// Most ids kept in memory: seven eighths of 2¹⁸, which fill a map of 2¹⁸ places (about 15 MB).
pub const SEEN_IN_MEMORY_MAX: usize = 229_376;

/// What is known of the first entry with an import id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct First {
    pub(crate) position: Position,
    pub(crate) fingerprint: Fingerprint,
}

/// The import ids of the valid entries so far. One for all inputs of a run, in their order.
#[derive(Debug)]
pub struct Seen {
    in_memory_max: usize,
    memory: HashMap<[u8; 16], First>,
    disk: Option<Table>,
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

    /// Nothing seen yet; at most so many ids in memory.
    pub fn with_memory(in_memory_max: usize) -> Self {
        Self {
            in_memory_max,
            memory: HashMap::new(),
            disk: None,
        }
    }

    /// Registers an entry; the first one of that import id, when there is one already.
    pub(crate) fn register(&mut self, id: ImportId, this: First) -> io::Result<Option<First>> {
        let id = *id.0.as_bytes();
        if let Some(table) = &mut self.disk {
            return table.register(id, this);
        }
        if let Some(first) = self.memory.get(&id) {
            return Ok(Some(*first));
        }
        if self.memory.len() < self.in_memory_max {
            self.memory.insert(id, this);
            return Ok(None);
        }
        // Room for four times as many before it has to grow.
        let mut table = Table::new((self.in_memory_max * 8).next_power_of_two().max(SLOTS_MIN))?;
        let mut all: Vec<_> = std::mem::take(&mut self.memory).into_iter().collect();
        // In the order of the table, so that it is written from front to back.
        all.sort_unstable_by_key(|(id, _)| *id);
        for (id, first) in all {
            table.register(id, first)?;
        }
        self.disk.insert(table).register(id, this)
    }
}

/// Bytes of a slot: id, row, line, fingerprint, input, in use.
const SLOT_BYTES: usize = 48;
const SLOTS_MIN: usize = 1024;
/// Slots read at once where the table is walked from end to end.
const SLOTS_AT_ONCE: usize = 1024;

type Slot = [u8; SLOT_BYTES];

/// A hash table in an unnamed file: linear probing, never more than half full.
#[derive(Debug)]
struct Table {
    file: File,
    /// A power of two.
    slots: u64,
    used: u64,
    /// A bit for each slot in use: an id whose home is free is new, and no read is needed to know it. A quarter of a
    /// megabyte for a million ids.
    in_use: Vec<u64>,
}

impl Table {
    fn new(slots: usize) -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        file.set_len((slots * SLOT_BYTES) as u64)?;
        Ok(Self {
            file,
            slots: slots as u64,
            used: 0,
            in_use: vec![0; slots.div_ceil(64)],
        })
    }

    fn register(&mut self, id: [u8; 16], this: First) -> io::Result<Option<First>> {
        if self.used * 2 >= self.slots {
            self.grow()?;
        }
        let mut index = self.home(&id);
        while self.is_in_use(index) {
            let mut slot = [0; SLOT_BYTES];
            at::read(&mut self.file, &mut slot, index * SLOT_BYTES as u64)?;
            if let Some((known, first)) = unpack(&slot)
                && known == id
            {
                return Ok(Some(first));
            }
            index = (index + 1) & (self.slots - 1);
        }
        at::write(&mut self.file, &pack(id, this), index * SLOT_BYTES as u64)?;
        let (word, bit) = place(index);
        self.in_use[word] |= bit;
        self.used += 1;
        Ok(None)
    }

    fn is_in_use(&self, index: u64) -> bool {
        let (word, bit) = place(index);
        self.in_use[word] & bit != 0
    }

    /// Import ids are hashes themselves: their first bits spread them. (Taking the first rather than the last keeps
    /// the order when the table grows, so that growing writes from front to back.)
    fn home(&self, id: &[u8; 16]) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&id[..8]);
        // The bits of the UUID's version stand behind the first 48.
        u64::from_be_bytes(first) >> (64 - self.slots.trailing_zeros())
    }

    fn grow(&mut self) -> io::Result<()> {
        let mut grown = Self::new(usize::try_from(self.slots * 2).map_err(io::Error::other)?)?;
        let mut block = vec![0; SLOTS_AT_ONCE * SLOT_BYTES];
        let mut offset = 0;
        let size = self.slots * SLOT_BYTES as u64;
        while offset < size {
            let left = usize::try_from(size - offset).unwrap_or(usize::MAX);
            let taken = left.min(block.len());
            at::read(&mut self.file, &mut block[..taken], offset)?;
            for slot in block[..taken].chunks_exact(SLOT_BYTES) {
                if let Some((id, first)) = slot.try_into().ok().and_then(unpack) {
                    grown.register(id, first)?;
                }
            }
            offset += taken as u64;
        }
        *self = grown;
        Ok(())
    }
}

/// The word and the bit of a slot.
fn place(index: u64) -> (usize, u64) {
    (
        usize::try_from(index / 64).unwrap_or(usize::MAX),
        1 << (index % 64),
    )
}

fn pack(id: [u8; 16], first: First) -> Slot {
    let mut slot = [0; SLOT_BYTES];
    slot[..16].copy_from_slice(&id);
    slot[16..24].copy_from_slice(&first.position.row.to_le_bytes());
    slot[24..32].copy_from_slice(&first.position.line.to_le_bytes());
    slot[32..40].copy_from_slice(&first.fingerprint.0.to_le_bytes());
    slot[40..44].copy_from_slice(&first.position.input.to_le_bytes());
    slot[44] = 1;
    slot
}

fn unpack(slot: &Slot) -> Option<([u8; 16], First)> {
    fn number(bytes: &[u8]) -> u64 {
        bytes
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte))
    }
    if slot[44] == 0 {
        return None;
    }
    let mut id = [0; 16];
    id.copy_from_slice(&slot[..16]);
    let first = First {
        position: Position {
            row: number(&slot[16..24]),
            line: number(&slot[24..32]),
            input: u32::try_from(number(&slot[40..44])).ok()?,
        },
        fingerprint: Fingerprint(number(&slot[32..40])),
    };
    Some((id, first))
}

/// Reading and writing at a place, without moving a cursor where the system can.
#[cfg(unix)]
mod at {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt as _;

    pub(super) fn read(file: &mut File, into: &mut [u8], offset: u64) -> io::Result<()> {
        file.read_exact_at(into, offset)
    }

    pub(super) fn write(file: &mut File, from: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(from, offset)
    }
}

#[cfg(not(unix))]
mod at {
    use std::fs::File;
    use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

    pub(super) fn read(file: &mut File, into: &mut [u8], offset: u64) -> io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(into)
    }

    pub(super) fn write(file: &mut File, from: &[u8], offset: u64) -> io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(from)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn first(row: u64) -> First {
        First {
            position: Position {
                input: 3,
                row,
                line: row * 7 + (1 << 40),
            },
            fingerprint: Fingerprint(row.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        }
    }

    #[test]
    fn the_first_of_each_id_is_remembered_in_memory_and_on_disk() {
        for in_memory_max in [0, 10, 100_000] {
            let mut seen = Seen::with_memory(in_memory_max);
            let id = |row: u64| ImportId::new(Uuid::nil(), &row.to_string());
            for row in 0..5_000 {
                assert_eq!(
                    seen.register(id(row), first(row))
                        .expect("a temporary file"),
                    None
                );
            }
            for row in (0..5_000).step_by(7) {
                assert_eq!(
                    seen.register(id(row), first(row + 1))
                        .expect("a temporary file"),
                    Some(first(row))
                );
            }
            assert_eq!(seen.disk.is_some(), in_memory_max < 5_000);
        }
    }

    #[test]
    fn ids_of_one_home_are_told_apart() {
        let mut seen = Seen::with_memory(0);
        for low in 0..600_u64 {
            let id = ImportId(Uuid::from_u128(u128::from(low)));
            assert_eq!(
                seen.register(id, first(low)).expect("a temporary file"),
                None
            );
            assert_eq!(
                seen.register(id, first(9)).expect("a temporary file"),
                Some(first(low))
            );
        }
    }
}
