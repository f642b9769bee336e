//! What one request is, from the row that asked for it to the body that is sent.
//!
//! Vocabulary only: no reading, no sending, no storing. A [`RequestBody`] is made by
//! `intake::validate` and nowhere else, so that an unchecked body cannot be sent.

use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use crate::field::{Field, RequestType};
pub use crate::import_id::{ImportId, MARK_CHARS};
pub use crate::intake::validate::RequestBody;

use crate::identity::{KeyUse, RequestTypes, RowKey};

/// Sixty-four bits of SHA-256: tells whether content has changed without keeping the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// Of content that nobody knows any more: no other content can be said to differ from it.
    pub const UNKNOWN: Self = Self(0);

    /// Whether the content is surely another.
    pub const fn differs_from(self, other: Self) -> bool {
        self.0 != other.0 && self.0 != Self::UNKNOWN.0 && other.0 != Self::UNKNOWN.0
    }

    /// A fingerprint that differs from this one: of content of which only that is known.
    #[must_use]
    pub const fn another(self) -> Self {
        Self(if self.0 == u64::MAX { 1 } else { !self.0 })
    }

    /// The fingerprint of some bytes within a project (so that equal content differs between projects).
    pub fn new(project: Uuid, content: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(project.as_bytes())
            .chain_update(content)
            .finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(first))
    }
}

/// The row of a source that an entry is made of. It links a corrected copy, which has another key, to that row.
///
/// Two rows that say the same in all columns that the job reads have one digest. They ask for the same thing for the
/// same person, so a correction of one of them counts for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// The digest of the row's content in the columns that the job reads; of all of it if the row could not be read.
    pub digest: Fingerprint,
    /// The relation of the row that was read to that source row.
    pub link: SourceLink,
}

/// How a row is related to the row of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceLink {
    /// It is that row.
    Itself,
    /// It is a corrected copy: its `import_problem` has the mark of that row.
    Mark,
    /// It is a row of rejects whose `import_problem` was cleared: right as it is.
    Cleared,
}

impl SourceRow {
    /// Returns whether the row is a corrected copy of the source row.
    pub fn is_correction(self) -> bool {
        self.link != SourceLink::Itself
    }

    /// Returns whether `import_problem` was cleared: the row is sent whatever other copies were sent.
    pub fn is_cleared(self) -> bool {
        self.link == SourceLink::Cleared
    }

    /// Returns the text by which a corrected copy names its source row: `[row <digest>]`.
    pub fn mark(self) -> String {
        format!("[row {:016x}]", self.digest.0)
    }

    /// Returns the source row that a text of `import_problem` names last, if there is one.
    pub fn marked_in(problem: &str) -> Option<Self> {
        let digest = problem.rmatch_indices("[row").find_map(|(at, opening)| {
            // In files without quotes, another character may replace the blank.
            let digest = problem.get(at + opening.len() + 1..)?.get(..16)?;
            u64::from_str_radix(digest, 16).ok()
        })?;
        Some(Self {
            digest: Fingerprint(digest),
            link: SourceLink::Mark,
        })
    }
}

/// The names under which the ledger may know an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// Its own.
    pub import_id: ImportId,
    /// The one that the same request has when its row makes several requests instead of one, or one instead of
    /// several. Without key columns there is none.
    pub other: Option<ImportId>,
}

/// What of an entry changes with its content: not kept itself, but told from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Of what is sent, without the mark.
    pub fingerprint: Fingerprint,
    /// The other name, which goes with what it asks for.
    pub other_id: Option<ImportId>,
    /// The person and the request type; empty when they are not known.
    pub key_use: KeyUse,
}

/// What identifies an entry in its source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceKey {
    /// As people read it: the key columns' values, joined by ` / `; or `content:` and a digest without key columns.
    pub text: String,
    /// Whether a key column also feeds a personal field: then only a digest of it may be kept.
    pub is_personal: bool,
    /// The key's normal form, where that differs from the key.
    pub normal_text: Option<String>,
}

/// The key of a request that is not sent.
#[derive(Clone, Debug)]
pub struct InvalidKey {
    /// The key as the row has it.
    pub source: SourceKey,
    /// The names under which the ledger may know the request. None if the request type is not known.
    pub names: Option<Names>,
    /// The key, person and request types that other rows are compared with. Identifiers with a problem are left out.
    pub row_key: RowKey,
    /// Set when other rows have the same key and may ask for something else.
    pub is_shared: bool,
}

/// Where in the inputs something stands. Everything counts from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Which of the inputs.
    pub input: u32,
    /// The row: the header is not counted.
    pub row: u64,
    /// The line of the file on which the row begins.
    pub line: u64,
}

/// One request made of a row: checked, ready to be claimed.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The row it was made of.
    pub position: Position,
    /// Its name for good.
    pub import_id: ImportId,
    /// Its name if its row made another number of requests.
    pub other_id: Option<ImportId>,
    /// What identifies it in its source.
    pub key: SourceKey,
    /// The key, person and request types that other rows are compared with. None without key columns.
    pub row_key: Option<RowKey>,
    /// Of the content without the mark.
    pub fingerprint: Fingerprint,
    /// The row of the source that it comes from.
    pub source_row: Option<SourceRow>,
    /// What is sent.
    pub body: RequestBody,
}

impl Entry {
    /// The names under which the ledger may know it.
    pub const fn names(&self) -> Names {
        Names {
            import_id: self.import_id,
            other: self.other_id,
        }
    }

    /// What changes with what it says.
    pub fn content(&self) -> Content {
        Content {
            fingerprint: self.fingerprint,
            other_id: self.other_id,
            key_use: self.key_use(),
        }
    }

    /// The person, and what this entry alone asks for.
    pub fn key_use(&self) -> KeyUse {
        KeyUse {
            person: self
                .row_key
                .map(|key| key.key_use.person)
                .unwrap_or_default(),
            requests: RequestTypes::new([self.body.request()]),
        }
    }

    /// Takes the name under which the ledger knows it already, so that it bears the mark that may be in Concord.
    pub fn go_by(&mut self, known: ImportId) {
        if known != self.import_id {
            self.body.replace_mark(self.import_id, known);
            self.other_id = Some(std::mem::replace(&mut self.import_id, known));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_row_is_found_by_its_mark_wherever_a_person_has_left_it() {
        let digest = Fingerprint(0x0000_00d2_7b60_4e55);
        let row = SourceRow {
            digest,
            link: SourceLink::Mark,
        };
        let mark = row.mark();
        assert_eq!(mark, "[row 000000d27b604e55]");
        for text in [
            format!("column `Ticket`: is blank {mark}"),
            format!("[row 1111111111111111] {mark} done, see [row 3]"),
            mark.replace(' ', "_"),
        ] {
            assert_eq!(SourceRow::marked_in(&text), Some(row), "{text}");
        }
        for text in [
            "",
            "row",
            "row 12",
            "[row 000000d27b604e5x]",
            "[ref 000000d27b604e55]",
        ] {
            assert_eq!(SourceRow::marked_in(text), None, "{text}");
        }
    }
}
