//! Comparing values as people mean them: trimmed, case-folded, normalised (NFKC, so width and the way in which accents are
//! written make no difference, the accents themselves do), runs of white space as one space, without what nobody sees.

use std::borrow::Cow;
use std::collections::HashMap;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;

use super::damage;

/// The form in which values are compared.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.is_ascii() {
        // NFKC leaves ASCII alone, and folding it is lower case.
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(spaced(&text.to_ascii_lowercase()).into_owned())
        } else {
            spaced(text)
        };
    }
    let visible = damage::visible(text);
    let nfkc = ComposingNormalizer::new_nfkc();
    let composed = nfkc.normalize(&visible);
    let lower = CaseMapper::new().fold_string(&composed);
    // Folding may undo the composition (Unicode, 3.13, definition D146), and a no-break space becomes a space.
    Cow::Owned(spaced(nfkc.normalize(&lower).trim()).into_owned())
}

/// The form in which the words of requests are compared: also without what stands before and after them in lists and
/// sentences. A question mark stays: `Delete?` is not `Delete`.
pub(crate) fn request_form(text: &str) -> Cow<'_, str> {
    const EDGES: [char; 22] = [
        '.', ',', ';', ':', '!', '*', '-', '\'', '"', '`', '\u{2010}', '\u{2011}', '\u{2013}',
        '\u{2014}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{ab}', '\u{bb}', '\u{2022}',
        ' ',
    ];
    let form = folded(text);
    match form.trim_matches(EDGES) {
        "" => form, // a dash alone is a word like any other
        word if word.len() == form.len() => form,
        word => Cow::Owned(word.to_owned()),
    }
}

/// Each run of white space as one space.
fn spaced(text: &str) -> Cow<'_, str> {
    let is_plain = |(first, second): (char, char)| {
        !first.is_whitespace() || first == ' ' && !second.is_whitespace()
    };
    if text.chars().zip(text.chars().skip(1)).all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// How two values are made one.
pub(crate) type Form = fn(&str) -> Cow<'_, str>;

/// What values mean, by their form.
#[derive(Clone, Debug)]
pub(crate) struct ValueMap<T> {
    form: Form,
    meanings: HashMap<String, T>,
    /// By the very words of the job file, which most values are: making their form takes longer.
    exact: HashMap<String, T>,
    /// As written in the job file, for messages.
    written: Vec<String>,
}

impl ValueMap<()> {
    /// Values that all mean the same.
    pub(crate) fn set(values: &[String], form_of: Form) -> Self {
        let mut map = Self::empty(form_of);
        for value in values {
            map.add(form_of(value).into_owned(), value.clone(), ());
        }
        map
    }
}

impl<T: Clone + PartialEq> ValueMap<T> {
    /// Takes the values in their order; `Err`: two that are the same in that form, and mean different things.
    pub(crate) fn new(
        values: impl IntoIterator<Item = (String, T)>,
        form_of: Form,
    ) -> Result<Self, (String, String)> {
        let mut map = Self::empty(form_of);
        for (value, meaning) in values {
            let form = form_of(&value).into_owned();
            match map.meanings.get(&form) {
                Some(other) if *other != meaning => {
                    let earlier = map.written.iter().find(|earlier| form_of(earlier) == form);
                    return Err((earlier.cloned().unwrap_or(form), value));
                }
                _ => map.add(form, value, meaning),
            }
        }
        Ok(map)
    }

    fn empty(form: Form) -> Self {
        Self {
            form,
            meanings: HashMap::new(),
            exact: HashMap::new(),
            written: Vec::new(),
        }
    }

    fn add(&mut self, form: String, value: String, meaning: T) {
        self.meanings.insert(form, meaning.clone());
        self.exact.insert(value.clone(), meaning);
        self.written.push(value);
    }

    /// The meaning of a value.
    pub(crate) fn get(&self, value: &str) -> Option<&T> {
        if self.is_empty() {
            return None;
        }
        let exact = self.exact.get(value);
        exact.or_else(|| self.meanings.get(&*(self.form)(value)))
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
        assert_eq!(folded("Right  to\u{2009}\n erasure"), "right to erasure");
        assert_eq!(folded("era\u{ad}se\u{200b}"), "erase");
        assert_ne!(folded("erase"), folded("erase me"));
        assert_ne!(
            folded("supprimé"),
            folded("supprime"),
            "accents tell words apart"
        );
    }

    #[test]
    fn request_words_may_have_punctuation_around_them() {
        for text in [
            "Delete.",
            "\u{201c}delete\u{201d}",
            "- DELETE;",
            "\u{2022} Delete",
            "'delete'",
            "*Delete*",
        ] {
            assert_eq!(request_form(text), "delete", "{text}");
        }
        assert_eq!(request_form("Access / erasure"), "access / erasure");
        for other in [
            "Delete?",
            "not delete",
            "(delete)",
            "delete / keep",
            "-",
            ".",
        ] {
            assert_ne!(request_form(other), "delete", "{other}");
        }
        assert_eq!(request_form(" - "), "-");
    }

    #[test]
    fn two_values_that_are_one_must_mean_the_same() {
        let map = |pairs: &[(&str, u8)]| {
            ValueMap::new(
                pairs
                    .iter()
                    .map(|&(value, meaning)| (value.to_owned(), meaning)),
                folded,
            )
        };
        assert!(map(&[("Delete", 1), ("delete ", 1)]).is_ok());
        assert_eq!(
            map(&[("Delete", 1), ("x", 3), ("DELETE", 2)]).map(|_| ()),
            Err(("Delete".to_owned(), "DELETE".to_owned()))
        );
    }
}
