//! Values masked: enough for a person who has the file to recognise the row, nothing that says who somebody is.
//!
//! The rule, which docs/results.md states as well:
//! - an address keeps the first character on each side of its last `@`: `j…@e…`;
//! - a number (no letters, at least eight digits) keeps its first two digits, with `+` if it begins so, and its last
//!   two: `+44…21`;
//! - other text keeps the first character of each of its first three words: `J… E…`;
//! - a JSON array or object keeps its bracket: `[…]`, `{…}`.
//!
//! A first character is kept only of a part that has another letter or digit, and of letters and digits alone, so that
//! nothing that a terminal obeys gets through.

use std::fmt;

/// What stands for everything that is not shown.
const HIDDEN: char = '…';
/// Fewer digits are not told from a word: of so few, four would be too many.
const NUMBER_DIGITS_MIN: usize = 8;
/// Digits of a number that are kept at each of its ends.
const DIGITS_KEPT: usize = 2;
/// Words of which the first character is kept.
const WORDS_KEPT_MAX: usize = 3;
/// Characters of a value that are looked at: the rest is hidden anyway.
const LOOKED_AT_CHARS_MAX: usize = 4_096;

#[cfg(test)]
const RUN_CHARS_MAX: usize = 1 + DIGITS_KEPT;

/// A value as it may be shown: `j…@e…`, `+44…21`, `J… E…`.
pub(crate) fn mask(value: &str) -> String {
    let value = value.trim();
    let end = value.char_indices().nth(LOOKED_AT_CHARS_MAX);
    let value = end.map_or(value, |(end, _)| &value[..end]);
    if value.starts_with('[') {
        return format!("[{HIDDEN}]");
    }
    if value.starts_with('{') {
        return format!("{{{HIDDEN}}}");
    }
    if let Some((local, domain)) = value.rsplit_once('@') {
        return format!("{}@{}", word(local), word(domain));
    }
    if let Some(number) = number(value) {
        return number;
    }
    let mut words = value.split_whitespace();
    let mut masked: Vec<_> = words.by_ref().take(WORDS_KEPT_MAX).map(word).collect();
    masked.extend(words.next().map(|_| HIDDEN.to_string()));
    masked.join(" ")
}

/// Whether a text is of the kind that tells who somebody is, wherever it stands: an address, or a long number.
pub(crate) fn is_telling(text: &str) -> bool {
    text.contains('@') || number(text).is_some()
}

/// Returns whether a column's name is a person's value. If so, a row was taken for the header.
pub(crate) fn is_value(name: &str) -> bool {
    let is_address = name.match_indices('@').any(|(at, _)| {
        let domain = name[at + 1..]
            .split(char::is_whitespace)
            .next()
            .unwrap_or_default();
        name[..at].ends_with(char::is_alphanumeric)
            && domain.starts_with(char::is_alphanumeric)
            && domain.contains('.')
    });
    is_address || number(name).is_some()
}

/// Names of columns as they may be shown: all of them masked once one is a person's value.
pub(crate) fn names<T: AsRef<str>>(names: &[T]) -> Vec<String> {
    let is_row = names.iter().any(|name| is_value(name.as_ref()));
    let shown = |name: &T| match name.as_ref() {
        name if is_row => mask(name),
        name => name.to_owned(),
    };
    names.iter().map(shown).collect()
}

/// The first letter or digit, and that there is more; of a single one nothing.
fn word(text: &str) -> String {
    let mut shown = text.chars().filter(|c| c.is_alphanumeric());
    match (shown.next(), shown.next()) {
        (Some(first), Some(_)) => format!("{first}{HIDDEN}"),
        _ => HIDDEN.to_string(),
    }
}

fn number(text: &str) -> Option<String> {
    if text.chars().any(char::is_alphabetic) {
        return None;
    }
    let digits: Vec<_> = text.chars().filter(|c| c.is_numeric()).collect();
    if digits.len() < NUMBER_DIGITS_MIN {
        return None;
    }
    let plus = if text.starts_with('+') { "+" } else { "" };
    let first: String = digits[..DIGITS_KEPT].iter().collect();
    let last: String = digits[digits.len() - DIGITS_KEPT..].iter().collect();
    Some(format!("{plus}{first}{HIDDEN}{last}"))
}

/// Longest run of characters of a value that its mask can hold: `+44`.
/// Most characters of a value that go along with a problem.
pub const OFFENDING_CHARS_MAX: usize = 256;

/// The value that a problem is about. Never written to ledger, results or log; it shows itself masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Offending(Box<str>);

impl Offending {
    /// Keeps the first [`OFFENDING_CHARS_MAX`] characters.
    pub(crate) fn new(value: &str) -> Self {
        let end = value.char_indices().nth(OFFENDING_CHARS_MAX);
        Self(value[..end.map_or(value.len(), |(end, _)| end)].into())
    }

    /// Returns the masked value: `j…@e…`.
    pub fn masked(&self) -> String {
        mask(&self.0)
    }

    /// Returns whether it is an address or a long number instead of a word.
    pub(crate) fn is_telling(&self) -> bool {
        is_telling(&self.0)
    }

    /// Returns the value unmasked, for users who asked for it.
    pub fn plain(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Offending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_that_is_a_row_is_masked_as_a_whole() {
        assert_eq!(names(&["Ticket", "@timestamp"]), ["Ticket", "@timestamp"]);
        assert_eq!(
            names(&["Ticket / T-1", "Email / jo@example.com", "Name / Jo Roe"]),
            ["T… … T…", "E…@e…", "N… … J… …"]
        );
        assert_eq!(names(&["Jo", "+44 7700 900321"]), ["J…", "+44…21"]);
    }

    #[test]
    fn a_person_with_the_file_recognises_the_row() {
        for (value, masked) in [
            ("jane.doe@example.com", "j…@e…"),
            (" jane doe@example ", "j…@e…"),
            ("a@b@example.com", "a…@e…"),
            ("+44 7700 900321", "+44…21"),
            ("(020) 7946-0018", "02…18"),
            ("4.47911E+11", "4…"),
            ("1234567", "1…"),
            ("Zoë Ångström", "Z… Å…"),
            ("Maria de la Cruz Example", "M… d… l… …"),
            ("anonymous", "a…"),
            ("n/a", "n…"),
            ("[\"jane\"]", "[…]"),
            ("{\"email\": \"jane@example.com\"}", "{…}"),
            ("x", "…"),
            ("@example.com", "…@e…"),
            ("j@e.", "…@…"),
            ("", ""),
            ("\u{1b}[31mred", "3…"),
            ("\u{202e}abc", "a…"),
        ] {
            assert_eq!(mask(value), masked, "{value:?}");
        }
    }

    #[test]
    fn addresses_and_long_numbers_are_telling() {
        assert!(is_telling("jane@example.com") && is_telling("+44 7700 900321"));
        assert!(!is_telling("Right to erasure") && !is_telling("Art. 17") && !is_telling("2026"));
    }

    proptest! {
        /// Runs with an ellipsis of the value's own are none of its secrets.
        #[test]
        fn no_longer_run_of_a_value_survives(
            any in "\\PC{0,60}",
            address in "[a-z.+]{1,20}@[a-z.]{1,20}",
            number in "[+]?[0-9 ()-]{1,24}",
            words in "([A-Za-zé]{1,9} ?){1,6}",
        ) {
            for value in [any, address, number, words] {
                let masked = mask(&value);
                let value: Vec<char> = value.chars().collect();
                for run in value.windows(RUN_CHARS_MAX + 1).filter(|run| !run.contains(&HIDDEN)) {
                    let run: String = run.iter().collect();
                    prop_assert!(!masked.contains(&run), "{run:?} in {masked:?}");
                }
            }
        }

        #[test]
        fn at_most_half_of_the_letters_and_digits_survive(value in "\\PC{0,60}|[+0-9 -]{0,20}") {
            let count = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
            prop_assert!(count(&mask(&value)) * 2 <= count(&value));
        }

        #[test]
        fn a_mask_is_short_and_harmless(value in any::<String>()) {
            let masked = mask(&value);
            prop_assert!(masked.chars().count() <= 12, "{masked:?}");
            prop_assert!(!masked.contains(char::is_control));
        }
    }

    #[test]
    fn the_value_of_a_problem_is_cut_and_shows_itself_masked() {
        let value = Offending::new(&"é".repeat(OFFENDING_CHARS_MAX + 1));
        assert_eq!(value.plain().chars().count(), OFFENDING_CHARS_MAX);
        assert_eq!(format!("{:?}", Offending::new("jane@example.com")), "j…@e…");
    }
}
