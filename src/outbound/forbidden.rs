//! Whether an answer 403 is about the key or about one entry: a firewall on the way may take offence at one row's text.
//!
//! Pure. The key is forbidden when several entries in a row are, or when one is again and again before anything was
//! created. Else it is the entry alone, which is told as rejected, so that it does not keep the others from being sent.

use crate::entry::ImportId;

/// So many different entries in a row speak against the key.
const ENTRIES_MAX: usize = 3;
/// So often an entry is tried before it is judged.
const TRIES_MAX: u32 = 3;

/// What a 403 means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It cannot be told yet: try again after a while.
    Unclear,
    /// Only this entry is refused.
    Entry,
    /// Nobody may create.
    Key,
}

/// What was created and what was forbidden, so far.
#[derive(Debug, Default)]
pub(super) struct Forbidden {
    has_created: bool,
    /// Entries forbidden since something was created.
    entries: Vec<ImportId>,
}

impl Forbidden {
    /// Something was created.
    pub(super) fn clear(&mut self) {
        self.has_created = true;
        self.entries.clear();
    }

    /// Judges the answer to an entry that was forbidden so often, with this time.
    pub(super) fn judge(&mut self, entry: ImportId, times: u32) -> Verdict {
        if !self.entries.contains(&entry) {
            self.entries.push(entry);
        }
        if self.entries.len() >= ENTRIES_MAX {
            Verdict::Key
        } else if times < TRIES_MAX {
            Verdict::Unclear
        } else if self.has_created {
            Verdict::Entry
        } else {
            Verdict::Key
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn entry(n: u128) -> ImportId {
        ImportId(Uuid::from_u128(n))
    }

    #[test]
    fn a_key_is_told_from_an_entry_by_what_others_are_answered() {
        let mut forbidden = Forbidden::default();
        assert_eq!(forbidden.judge(entry(1), 1), Verdict::Unclear);
        assert_eq!(forbidden.judge(entry(1), 2), Verdict::Unclear);
        assert_eq!(forbidden.judge(entry(1), 3), Verdict::Key);
        forbidden.clear();
        assert_eq!(forbidden.judge(entry(1), 3), Verdict::Entry);
        assert_eq!(forbidden.judge(entry(2), 1), Verdict::Unclear);
        assert_eq!(forbidden.judge(entry(3), 1), Verdict::Key);
        forbidden.clear();
        assert_eq!(forbidden.judge(entry(3), 2), Verdict::Unclear);
    }
}
