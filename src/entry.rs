//! What one request is, from the row that asked for it to the body that is sent.
//!
//! Vocabulary only: no reading, no sending, no storing. A [`RequestBody`] is made by
//! `intake::validate` and nowhere else, so that an unchecked body cannot be sent.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use crate::intake::validate::RequestBody;

use crate::identity::{KeyUse, RequestTypes, RowKey};

/// A property of the API's request body, by the names of the published page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `captureUrl`
    CaptureUrl,
    /// `concordId`
    ConcordId,
    /// `domain`
    Domain,
    /// `notes`
    Notes,
    /// `preverified`
    Preverified,
    /// `projectUserId`
    ProjectUserId,
    /// `request`
    Request,
    /// `requestDetails`
    RequestDetails,
    /// `userEmail`
    UserEmail,
    /// `userFirstName`
    UserFirstName,
    /// `userId`
    UserId,
    /// `userLastName`
    UserLastName,
    /// `userPhoneNumber`
    UserPhoneNumber,
}

impl Field {
    /// Every property, in the order of the published page.
    pub const ALL: [Self; 13] = [
        Self::CaptureUrl,
        Self::ConcordId,
        Self::Domain,
        Self::Notes,
        Self::Preverified,
        Self::ProjectUserId,
        Self::Request,
        Self::RequestDetails,
        Self::UserEmail,
        Self::UserFirstName,
        Self::UserId,
        Self::UserLastName,
        Self::UserPhoneNumber,
    ];

    /// The properties of which the API wants at least one.
    pub const IDENTIFIERS: [Self; 5] = [
        Self::ConcordId,
        Self::UserEmail,
        Self::UserPhoneNumber,
        Self::ProjectUserId,
        Self::UserId,
    ];

    /// The API's name of the property.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CaptureUrl => "captureUrl",
            Self::ConcordId => "concordId",
            Self::Domain => "domain",
            Self::Notes => "notes",
            Self::Preverified => "preverified",
            Self::ProjectUserId => "projectUserId",
            Self::Request => "request",
            Self::RequestDetails => "requestDetails",
            Self::UserEmail => "userEmail",
            Self::UserFirstName => "userFirstName",
            Self::UserId => "userId",
            Self::UserLastName => "userLastName",
            Self::UserPhoneNumber => "userPhoneNumber",
        }
    }

    /// The property of that exact name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Whether the property says something of the person (and so is never logged or kept in the ledger).
    pub const fn is_personal(self) -> bool {
        !matches!(self, Self::Preverified | Self::Request | Self::Domain)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a person asks for: the API's `request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestType {
    /// Rectification, correction.
    Change,
    /// Erasure.
    Delete,
    /// Access, "right to know".
    View,
    /// Opt-out of sale or sharing.
    DoNotSell,
}

impl RequestType {
    /// Every type, in the order of the published page.
    pub const ALL: [Self; 4] = [Self::Change, Self::Delete, Self::View, Self::DoNotSell];

    /// The API's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Delete => "delete",
            Self::View => "view",
            Self::DoNotSell => "do_not_sell",
        }
    }

    /// The type of that exact word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for RequestType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name under which one entry is known for good: `UUIDv5(project, key)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImportId(pub Uuid);

impl ImportId {
    /// The import id of a key in a project.
    pub fn new(project: Uuid, key: &str) -> Self {
        Self(Uuid::new_v5(&project, key.as_bytes()))
    }

    /// The text by which the request can be found again in Concord: `[ref <uuid>]`.
    pub fn mark(self) -> String {
        let mut mark = String::with_capacity(MARK_CHARS);
        self.push_mark(&mut mark);
        mark
    }

    /// Adds the mark to a text.
    pub(crate) fn push_mark(self, text: &mut String) {
        text.push_str("[ref ");
        text.push_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        text.push(']');
    }

    /// The import ids of all marks in a text, in whatever case.
    pub fn marks_in(text: &str) -> Vec<Self> {
        if !text.contains('[') {
            return Vec::new();
        }
        let text = text.to_ascii_lowercase();
        let marks = text.match_indices("[ref ").filter_map(|(at, opening)| {
            let (id, _) = text.get(at + opening.len()..)?.split_once(']')?;
            Uuid::try_parse(id).ok().map(Self)
        });
        marks.collect()
    }
}

impl fmt::Display for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Length of every mark, in code points (all ASCII): `[ref ` + 36 + `]`.
pub const MARK_CHARS: usize = 42;

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
    /// The digest of the row's content in the columns that the job reads.
    pub digest: Fingerprint,
    /// Set when the digest comes from `import_problem`: this row is a corrected copy of that one.
    pub is_correction: bool,
}

impl SourceRow {
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
            is_correction: true,
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
    fn a_mark_has_the_length_that_validation_reckons_with() {
        let id = ImportId::new(Uuid::nil(), "T-1");
        assert_eq!(id.mark().chars().count(), MARK_CHARS);
        assert!(id.mark().starts_with("[ref ") && id.mark().ends_with(']'));
    }

    #[test]
    fn marks_are_found_wherever_they_stand_and_nothing_else_is() {
        let ids = [1, 0xabc].map(|n| ImportId(Uuid::from_u128(n)));
        let (one, other) = (ids[0].mark(), ids[1].mark().to_uppercase());
        assert_eq!(
            ImportId::marks_in(&format!("é {one} [ref none] {other}[ref")),
            ids
        );
        assert_eq!(ImportId::marks_in("[ref "), []);
    }

    #[test]
    fn a_source_row_is_found_by_its_mark_wherever_a_person_has_left_it() {
        let digest = Fingerprint(0x0000_00d2_7b60_4e55);
        let is_correction = true;
        let row = SourceRow {
            digest,
            is_correction,
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

    #[test]
    fn an_import_id_is_a_version_5_uuid() {
        // The example of RFC 9562, A.4: the name www.example.com in the namespace of domain names.
        let id = ImportId::new(Uuid::NAMESPACE_DNS, "www.example.com");
        assert_eq!(id.to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }

    /// Ledgers and marks depend on these ids: they never change.
    #[test]
    fn import_ids_stay_the_same() {
        let project = Uuid::from_u128(0x4000_8000_0000_0000_0001);
        for (key, id) in [
            ("", "705cee35-24f0-5260-a647-aec5379bed0a"),
            ("T-1", "e10e7e55-eabe-55c6-987d-e9c3e475e2da"),
            ("T-1 // delete", "6a542bbe-5de2-5d9c-9a71-43d1c1f88dcb"),
            ("Ärger 1/1", "d49194b5-50ef-5bcc-8cfd-6a7d81bf347a"),
        ] {
            assert_eq!(ImportId::new(project, key).to_string(), id, "{key}");
        }
    }

    #[test]
    fn an_import_id_depends_on_project_and_key_only() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(ImportId::new(a, "T-1"), ImportId::new(a, "T-1"));
        assert_ne!(ImportId::new(a, "T-1"), ImportId::new(b, "T-1"));
        assert_ne!(ImportId::new(a, "T-1"), ImportId::new(a, "T-2"));
    }
}
