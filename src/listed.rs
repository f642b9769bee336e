//! What Concord lists of a request, without what it says of a person.
//!
//! Vocabulary only. Of each property that is shown there is a digest, so that it can be held against what was sent.

use uuid::Uuid;

use crate::entry::{Field, Fingerprint, ImportId, RequestType};
use crate::identity::{KeyUse, PersonDigests, RequestTypes};
use crate::outcome::Receipt;

/// A request as the project's list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its ids and date.
    pub receipt: Receipt,
    /// The marks in its notes: one, unless somebody has written there.
    pub marks: Vec<ImportId>,
    /// What it asks for, when that is one of the published words.
    pub request: Option<RequestType>,
    /// How far Concord has got with it, in Concord's words.
    pub status: String,
    /// How it was resolved, in Concord's words; empty: not yet.
    pub resolution_status: String,
    /// Digests of its properties.
    pub shown: Shown,
    /// The person whose request it is.
    pub person: PersonDigests,
}

impl Listed {
    /// Returns the person and the request type.
    pub fn key_use(&self) -> KeyUse {
        KeyUse {
            person: self.person,
            requests: RequestTypes::new(self.request),
        }
    }
}

/// Digests of properties: of those that a list shows, or of those that were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown([Option<Fingerprint>; Field::ALL.len()]);

/// Size of [`Shown::to_bytes`].
pub(crate) const SHOWN_BYTES: usize = 8 * Field::ALL.len();

impl Shown {
    /// Digests of what `text_of` tells of each property.
    pub fn of<T: AsRef<str>>(project: Uuid, text_of: impl Fn(Field) -> Option<T>) -> Self {
        Self(Field::ALL.map(|field| {
            text_of(field).map(|text| Fingerprint::new(project, text.as_ref().as_bytes()))
        }))
    }

    /// Properties that both have, and differently. One that only one of them has says nothing.
    pub fn differing(&self, other: &Self) -> Vec<Field> {
        let pairs = self.0.iter().zip(&other.0);
        Field::ALL
            .into_iter()
            .zip(pairs)
            .filter(|(_, pair)| matches!(pair, (Some(one), Some(other)) if one != other))
            .map(|(field, _)| field)
            .collect()
    }

    /// Whether it has a property that the other does not show.
    pub fn has_more_than(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        pairs.any(|pair| matches!(pair, (Some(_), None)))
    }

    /// As it is stored; nothing is nought.
    pub fn to_bytes(self) -> [u8; SHOWN_BYTES] {
        let mut bytes = [0; SHOWN_BYTES];
        for (place, digest) in bytes.chunks_exact_mut(8).zip(self.0) {
            place.copy_from_slice(&digest.map_or(0, |digest| digest.0).to_be_bytes());
        }
        bytes
    }

    /// What was stored.
    pub fn from_bytes(bytes: [u8; SHOWN_BYTES]) -> Self {
        let (chunks, _) = bytes.as_chunks::<8>();
        let mut shown = Self::default();
        for (digest, chunk) in shown.0.iter_mut().zip(chunks) {
            let stored = u64::from_be_bytes(*chunk);
            *digest = (stored != 0).then_some(Fingerprint(stored));
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(texts: [(Field, &'static str); 2]) -> Shown {
        Shown::of(Uuid::nil(), |field| {
            let found = texts.iter().find(|(of, _)| *of == field);
            found.map(|(_, text)| *text)
        })
    }

    #[test]
    fn only_what_both_have_can_differ_and_bytes_keep_it() {
        let one = shown([(Field::Notes, "a"), (Field::Domain, "b")]);
        let other = shown([(Field::Notes, "c"), (Field::UserId, "d")]);
        assert_eq!(one.differing(&other), [Field::Notes]);
        assert_eq!(one.differing(&one), []);
        assert!(one.has_more_than(&other) && !one.has_more_than(&one));
        assert_eq!(Shown::from_bytes(one.to_bytes()), one);
    }
}
