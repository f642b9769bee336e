//! What kind of thing a single value is, by its form alone.

use crate::intake::{Phone, email_fault, phone};

/// Longest text that is looked at as a date, a name, an id or a number, in bytes.
const FORM_BYTES_MAX: usize = 64;
/// Fewest and most digits of a telephone number (E.164 has at most fifteen).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Most words of a person's name.
const NAME_WORDS_MAX: usize = 5;
/// As many digits in a short text are more likely a number of a person than a part of a word.
const PERSONAL_DIGITS_MIN: usize = 5;

/// What a value can be. More than one may be true of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    pub(crate) is_email: bool,
    /// With its country, so that it can be dialled from anywhere.
    pub(crate) is_international_phone: bool,
    /// The digits of a telephone number, without a country.
    pub(crate) is_local_phone: bool,
    pub(crate) is_date: bool,
    pub(crate) is_number: bool,
    pub(crate) is_flag: bool,
    pub(crate) is_name: bool,
    /// Without spaces and with a digit: what machines tell things by.
    pub(crate) is_id: bool,
    pub(crate) is_link: bool,
}

/// Looks at a trimmed value.
pub(crate) fn of(text: &str) -> Kinds {
    let is_email = text.contains('@') && email_fault(text).is_none();
    let is_link = text.starts_with("http://") || text.starts_with("https://");
    if is_email || is_link || text.len() > FORM_BYTES_MAX {
        return Kinds {
            is_email,
            is_link,
            ..Kinds::default()
        };
    }
    let is_date = is_date(text);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_phone = !is_date && PHONE_DIGITS.contains(&digits) && is_dialled(text);
    let is_international = is_phone && text.starts_with('+');
    Kinds {
        is_email: false,
        is_international_phone: is_international
            && !matches!(phone(text, None), Phone::Wrong(..) | Phone::AsWritten),
        is_local_phone: is_phone && !is_international,
        is_date,
        is_number: is_number(text),
        is_flag: matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no"
        ),
        is_name: is_name(text),
        is_id: !is_date && digits > 0 && !text.contains(char::is_whitespace),
        is_link: false,
    }
}

/// Whether a text may tell of a person by its form: then it is not shown.
pub(crate) fn looks_personal(text: &str) -> bool {
    text.contains('@')
        || text.bytes().filter(u8::is_ascii_digit).count() >= PERSONAL_DIGITS_MIN
}

fn is_dialled(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_digit() || " +()-./\u{a0}".contains(c))
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = digits.strip_suffix('%').unwrap_or(digits);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
}

fn is_name(text: &str) -> bool {
    let words = text.split_whitespace().count();
    (1..=NAME_WORDS_MAX).contains(&words)
        && text.chars().filter(|c| c.is_alphabetic()).count() > 1
        && text.chars().all(|c| c.is_alphabetic() || " .,'’-\u{a0}\u{300}\u{301}\u{308}".contains(c))
}

/// A day with its month and year, and perhaps a time behind it, in the orders and signs that exports have.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || "-/.,T".contains(c))
        .filter(|part| !part.is_empty())
        .take(3)
        .collect();
    let [first, second, third] = parts[..] else {
        return false;
    };
    let signs = text.contains(['-', '/', '.', ',', ' ']);
    let day = |part: &str| part.len() <= 2 && in_range(part, 1..=31);
    let month = |part: &str| part.len() <= 2 && in_range(part, 1..=12) || is_month(part);
    let year = |part: &str| {
        let is_short = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_short || part.len() == 4 && in_range(part, 1900..=2100)
    };
    let is_long_year = |part: &str| part.len() == 4 && year(part);
    signs
        && (is_long_year(first) && month(second) && day(third)
            || year(third) && (day(first) && month(second) || month(first) && day(second)))
}

fn in_range(digits: &str, range: std::ops::RangeInclusive<u16>) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse().is_ok_and(|number| range.contains(&number))
}

/// A month's name, whole or cut, in the languages of the dictionaries.
fn is_month(part: &str) -> bool {
    const STARTS: [&str; 26] = [
        "jan", "ene", "gen", "feb", "fév", "fev", "mar", "mär", "mrt", "maa", "apr", "avr", "abr", "may", "mai",
        "mag", "mei", "jun", "jui", "giu", "jul", "lug", "aug", "ago", "aoû", "set",
    ];
    const LATER: [&str; 11] = [
        "sep", "oct", "okt", "ott", "out", "nov", "dec", "dez", "dic", "déc", "mai",
    ];
    let lower = part.to_lowercase();
    lower.chars().all(char::is_alphabetic)
        && STARTS.iter().chain(&LATER).any(|start| lower.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_known_in_the_forms_of_exports() {
        for date in [
            "2026-01-10",
            "2022-01-21 13:47:00",
            "2026-10-01T08:12:44Z",
            "04/08/2026",
            "21/01/2022 13:47",
            "11/May/24 03:26 PM",
            "2026/09/27 3:00:00 PM GMT+3",
            "1.2.2026",
            "1. März 2026",
            "May 3, 2026",
            "3 août 2026",
        ] {
            assert!(of(date).is_date, "{date}");
        }
        for other in ["20260110", "T-1-2", "1.2", "+33 1 99 00 12 34", "12-45-99123", "soon", "10.0.0.1"] {
            assert!(!of(other).is_date, "{other}");
        }
    }

    #[test]
    fn values_are_told_by_their_form() {
        assert!(of("a@example.com").is_email);
        assert!(of("+44 20 7946 0018").is_international_phone);
        assert!(of("020 7946 0112").is_local_phone && !of("020 7946 0112").is_international_phone);
        assert!(of("Amélie Dubois").is_name && of("O'Brien, Siobhán").is_name);
        assert!(!of("PR-1001").is_name && of("PR-1001").is_id);
        assert!(of("Yes").is_flag && !of("maybe").is_flag);
        assert!(of("3.14").is_number && of("26%").is_number && !of("A1").is_number);
        assert!(of("https://example.com/1").is_link);
        assert!(looks_personal("call 0207946") && !looks_personal("Art. 17"));
    }
}
