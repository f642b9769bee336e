//! Comparing values as people mean them: trimmed, case-folded and normalised (NFKC).

use std::borrow::Cow;
use std::collections::HashMap;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;

/// The form in which values are compared.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.is_ascii() {
        // NFKC leaves ASCII alone, and folding it is lower case.
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let nfkc = ComposingNormalizer::new_nfkc();
    let composed = nfkc.normalize(text);
    let lower = CaseMapper::new().fold_string(&composed);
    // Folding may undo the composition (Unicode, 3.13, definition D146), and a no-break space becomes a space.
    Cow::Owned(nfkc.normalize(&lower).trim().to_owned())
}

/// What values mean, by their folded form.
#[derive(Clone, Debug)]
pub(crate) struct ValueMap<T> {
    meanings: HashMap<String, T>,
    /// As written in the job file, for messages.
    written: Vec<String>,
}

impl<T: Clone + PartialEq> ValueMap<T> {
    /// Takes the values in their order; `Err`: two that are the same once folded, and mean different things.
    pub(crate) fn new(
        values: impl IntoIterator<Item = (String, T)>,
    ) -> Result<Self, (String, String)> {
        let mut map = Self {
            meanings: HashMap::new(),
            written: Vec::new(),
        };
        for (value, meaning) in values {
            let form = folded(&value).into_owned();
            match map.meanings.get(&form) {
                Some(other) if *other != meaning => {
                    let earlier = map.written.iter().find(|earlier| folded(earlier) == form);
                    return Err((earlier.cloned().unwrap_or(form), value));
                }
                Some(_) => {}
                None => {
                    map.meanings.insert(form, meaning);
                }
            }
            map.written.push(value);
        }
        Ok(map)
    }

    /// The meaning of a folded value.
    pub(crate) fn get(&self, form: &str) -> Option<&T> {
        self.meanings.get(form)
    }

    /// All that values may mean, in any order.
    pub(crate) fn meanings(&self) -> impl Iterator<Item = &T> {
        self.meanings.values()
    }

    /// The values as the job file has them.
    pub(crate) fn written(&self) -> &[String] {
        &self.written
    }

    /// Whether it says anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.meanings.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_as_people_mean_them() {
        assert_eq!(folded("  Right To ERASURE "), "right to erasure");
        assert_eq!(folded("LÖSCHUNG"), folded("lo\u{308}schung"));
        assert_eq!(folded("Straße"), folded("STRASSE"));
        assert_eq!(folded("Ｄｅｌｅｔｅ"), "delete");
        assert_eq!(folded("\u{a0}opt\u{a0}out\u{a0}"), "opt out");
        assert_eq!(folded("oﬃce"), "office");
        assert_ne!(folded("erase"), folded("erase me"));
    }

    #[test]
    fn two_values_that_are_one_must_mean_the_same() {
        let map = |pairs: &[(&str, u8)]| {
            ValueMap::new(
                pairs
                    .iter()
                    .map(|&(value, meaning)| (value.to_owned(), meaning)),
            )
        };
        assert!(map(&[("Delete", 1), ("delete ", 1)]).is_ok());
        assert_eq!(
            map(&[("Delete", 1), ("x", 3), ("DELETE", 2)]).map(|_| ()),
            Err(("Delete".to_owned(), "DELETE".to_owned()))
        );
    }
}
