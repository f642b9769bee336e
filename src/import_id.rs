//! The id of an entry, and the mark by which its request is found again in Concord.

use std::fmt;

use uuid::Uuid;

/// The name under which one entry is known for good: `UUIDv5(project, key)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImportId(pub Uuid);

impl fmt::Display for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

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

/// Length of every mark, in code points (all ASCII): `[ref ` + 36 + `]`.
pub const MARK_CHARS: usize = 42;

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
