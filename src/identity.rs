//! The person and the request types that a key identifies. The person is kept as short digests of the identifiers.
//!
//! A key identifies one request of one person. These types tell whether two rows with the same key agree on that,
//! without keeping any value of the person. Plain data: no reading, no storing.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::field::{Field, RequestType};
use crate::import_id::ImportId;

/// Bytes of one stored digest: the number of the field in [`Field::IDENTIFIERS`], then 32 bits.
const STORED_BYTES: usize = 5;

/// A keyed digest of 32 bits for each identifier of a person. Zero means that the identifier is not given.
///
/// The project is the key. 32 bits suffice because only rows with the same key are ever compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PersonDigests {
    digests: [u32; Field::IDENTIFIERS.len()],
    /// The person may have further identifiers: Concord's list does not show all that were sent.
    is_partial: bool,
}

/// The number among the stored digests that means [`PersonDigests::is_partial`].
const PARTIAL: u8 = u8::MAX;

impl PersonDigests {
    /// Adds an identifier. Addresses are compared without case, all else as it stands.
    pub(crate) fn add(&mut self, project: Uuid, field: Field, value: &str) {
        let Some(index) = Field::IDENTIFIERS.iter().position(|one| *one == field) else {
            return;
        };
        let folded;
        let value = match field {
            Field::UserEmail | Field::ConcordId => {
                folded = value.to_lowercase();
                &folded
            }
            _ => value,
        };
        let digest = Sha256::new()
            .chain_update(project.as_bytes())
            .chain_update(b"identifier\0")
            .chain_update(field.name())
            .chain_update(b"\0")
            .chain_update(value)
            .finalize();
        let mut first = [0; 4];
        first.copy_from_slice(&digest[..4]);
        self.digests[index] = u32::from_be_bytes(first).max(1);
    }

    /// Marks the identifiers as some of those that the person has.
    #[must_use]
    pub(crate) const fn partial(mut self) -> Self {
        self.is_partial = true;
        self
    }

    /// Returns whether no identifier is known.
    pub fn is_empty(self) -> bool {
        self.digests == [0; Field::IDENTIFIERS.len()]
    }

    /// Returns whether both have an identifier in common.
    pub fn shares_any(self, other: Self) -> bool {
        let mut pairs = self.digests.into_iter().zip(other.digests);
        pairs.any(|(one, other)| one == other && one != 0)
    }

    /// Returns whether these are two people: they have no identifier in common. Where not all identifiers of one of
    /// them are known, both must have one of the same kind.
    pub fn is_other_than(self, other: Self) -> bool {
        let mut pairs = self.digests.into_iter().zip(other.digests);
        let is_comparable = if self.is_partial || other.is_partial {
            pairs.any(|(one, other)| one != 0 && other != 0)
        } else {
            !self.is_empty() && !other.is_empty()
        };
        is_comparable && !self.shares_any(other)
    }

    /// The digests as the ledger stores them.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2 * STORED_BYTES);
        for (index, digest) in (0..).zip(self.digests) {
            if digest != 0 {
                bytes.push(index);
                bytes.extend_from_slice(&digest.to_be_bytes());
            }
        }
        if self.is_partial {
            bytes.extend_from_slice(&[PARTIAL, 0, 0, 0, 0]);
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] made. An identifier of a later version is left out.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let mut digests = Self::default();
        let (stored, _) = bytes.as_chunks::<STORED_BYTES>();
        for [index, digest @ ..] in stored {
            if *index == PARTIAL {
                digests.is_partial = true;
            } else if let Some(place) = digests.digests.get_mut(usize::from(*index)) {
                *place = u32::from_be_bytes(*digest);
            }
        }
        digests
    }

    /// The digests, in the order of [`Field::IDENTIFIERS`].
    pub(crate) const fn parts(self) -> [u32; Field::IDENTIFIERS.len()] {
        self.digests
    }

    /// Digests made of [`Self::parts`].
    pub(crate) const fn from_parts(parts: [u32; Field::IDENTIFIERS.len()]) -> Self {
        Self {
            digests: parts,
            is_partial: false,
        }
    }
}

/// A set of request types. Empty means that the type is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestTypes(u8);

impl RequestTypes {
    /// The set of some types.
    pub fn new(requests: impl IntoIterator<Item = RequestType>) -> Self {
        let bits = requests
            .into_iter()
            .fold(0, |bits, request| bits | 1 << request as u8);
        Self(bits)
    }

    /// Returns whether no type is known.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The types that are in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether this set contains all types of the other.
    pub const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether the sets have a type in common.
    pub const fn shares_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The types, in the order of the API's page.
    pub fn iter(self) -> impl Iterator<Item = RequestType> {
        let all = RequestType::ALL.into_iter();
        all.filter(move |request| self.0 & 1 << *request as u8 != 0)
    }

    /// The set as one number.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// The set of that number. Unknown bits are left out.
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1111)
    }
}

/// The person and the request types for which a row, or existing requests, use a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUse {
    /// The person.
    pub person: PersonDigests,
    /// The request types.
    pub requests: RequestTypes,
}

/// How two uses of one key differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyConflict {
    /// They have no identifier in common.
    Person,
    /// Neither set of request types includes the other.
    RequestType,
}

/// The result of comparing two uses of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyComparison {
    /// One request of one person, or the same and more of them.
    Same,
    /// Person or request type of one of them is not known.
    Unknown,
    /// The key names two things.
    Conflict(KeyConflict),
}

impl KeyUse {
    /// Compares two uses of one key.
    pub fn compare(self, other: Self) -> KeyComparison {
        let knows_types = !self.requests.is_empty() && !other.requests.is_empty();
        if self.person.is_other_than(other.person) {
            KeyComparison::Conflict(KeyConflict::Person)
        } else if knows_types
            && !self.requests.contains_all(other.requests)
            && !other.requests.contains_all(self.requests)
        {
            KeyComparison::Conflict(KeyConflict::RequestType)
        } else if self.person.shares_any(other.person) && knows_types {
            KeyComparison::Same
        } else {
            KeyComparison::Unknown
        }
    }

    /// Returns whether both are certain to ask for the same thing for the same person.
    pub fn is_same_request(self, other: Self) -> bool {
        self.compare(other) == KeyComparison::Same && self.requests.shares_any(other.requests)
    }
}

/// The key of a row, as it is compared with other rows and with the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowKey {
    /// The import id of the key alone.
    pub id: ImportId,
    /// The import id of the key's normal form: of the key itself where that is its normal form.
    pub normal_id: ImportId,
    /// The person and the request types of the row.
    pub key_use: KeyUse,
}

/// The treatment of a new key that differs from a known key only in ways in which spreadsheets change keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NearKeys {
    /// The row is not sent.
    #[default]
    Refuse,
    /// The row is sent, with a warning.
    Warn,
    /// Keys are compared as they stand only.
    Ignore,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(identifiers: &[(Field, &str)]) -> PersonDigests {
        let mut digests = PersonDigests::default();
        for (field, value) in identifiers {
            digests.add(Uuid::from_u128(1), *field, value);
        }
        digests
    }

    fn used(identifiers: &[(Field, &str)], requests: &[RequestType]) -> KeyUse {
        KeyUse {
            person: person(identifiers),
            requests: RequestTypes::new(requests.iter().copied()),
        }
    }

    #[test]
    fn stored_digests_read_as_they_were() {
        let digests = person(&[(Field::UserEmail, "a@example.com"), (Field::UserId, "7")]);
        assert_eq!(PersonDigests::from_bytes(&digests.to_bytes()), digests);
        assert_eq!(PersonDigests::from_parts(digests.parts()), digests);
        assert_eq!(digests.to_bytes().len(), 2 * STORED_BYTES);
    }

    #[test]
    fn a_person_is_the_same_by_any_identifier_and_never_across_fields() {
        let anna = person(&[
            (Field::UserEmail, "Anna@Example.com"),
            (Field::UserPhoneNumber, "+442071234567"),
        ]);
        assert!(anna.shares_any(person(&[(Field::UserEmail, "anna@example.com")])));
        assert!(anna.shares_any(person(&[
            (Field::UserEmail, "new@example.com"),
            (Field::UserPhoneNumber, "+442071234567"),
        ])));
        assert!(!anna.shares_any(person(&[(Field::UserId, "anna@example.com")])));
        assert!(!anna.shares_any(PersonDigests::default()));
        assert_ne!(
            person(&[(Field::UserId, "A")]),
            person(&[(Field::UserId, "a")])
        );
    }

    #[test]
    fn people_of_whom_not_all_is_known_differ_only_by_the_same_identifier() {
        let listed = person(&[(Field::UserEmail, "anna@example.com")]).partial();
        let by_id = person(&[(Field::UserId, "7")]);
        assert!(!listed.is_other_than(by_id) && !by_id.is_other_than(listed));
        assert!(listed.is_other_than(person(&[(Field::UserEmail, "bob@example.com")])));
        assert!(!listed.is_other_than(person(&[(Field::UserEmail, "Anna@example.com")])));
        assert_eq!(PersonDigests::from_bytes(&listed.to_bytes()), listed);
        let given = person(&[(Field::UserEmail, "anna@example.com")]);
        assert!(given.is_other_than(by_id), "of rows all is known");
    }

    #[test]
    fn uses_of_a_key_conflict_by_person_and_by_request_type() {
        use KeyComparison::{Conflict, Same, Unknown};
        use RequestType::{Change, Delete, View};
        let anna = [(Field::UserEmail, "anna@example.com")];
        let bob = [(Field::UserEmail, "bob@example.com")];
        let first = used(&anna, &[Delete]);
        for (other, expected) in [
            (used(&anna, &[Delete]), Same),
            (used(&anna, &[View, Delete]), Same),
            (used(&bob, &[Delete]), Conflict(KeyConflict::Person)),
            (used(&bob, &[]), Conflict(KeyConflict::Person)),
            (used(&anna, &[View]), Conflict(KeyConflict::RequestType)),
            (
                used(&anna, &[View, Change]),
                Conflict(KeyConflict::RequestType),
            ),
            (used(&anna, &[]), Unknown),
            (used(&[], &[Delete]), Unknown),
            (used(&[], &[View]), Conflict(KeyConflict::RequestType)),
        ] {
            assert_eq!(first.compare(other), expected, "{other:?}");
            assert_eq!(other.compare(first), expected, "{other:?}");
        }
    }
}
