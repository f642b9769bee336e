//! What spreadsheets do to values: errors in their place, numbers in scientific notation, apostrophes before them.
//!
//! Recognises, and says what could be made of it; whether that is certain is for those who know what the value is.

use std::borrow::Cow;

use crate::intake::text::Words;

/// Those of Excel, `LibreOffice` and Google Sheets, in whatever language, that do not end in `!` or `?`.
const ERRORS: [&str; 15] = [
    "#N/A",
    "#N/D",
    "#N/B",
    "#N/V",
    "#NV",
    "#I/T",
    "#YOK",
    "#HIÁNYZIK",
    "#NENÍ_K_DISPOZICI",
    "#NEDOSTUPNÝ",
    "#Н/Д",
    "#Δ/Υ",
    "#GETTING_DATA",
    "Loading...",
    "Loading\u{2026}",
];
/// Those that do have at most so many characters between `#` and that.
const ERROR_CHARS_MAX: usize = 16;
/// A column that is too narrow shows so many or more of them in place of a value.
const HASHES_MIN: usize = 3;
/// A spreadsheet keeps so many digits of a number and puts zeros for the others.
const DIGITS_KEPT: usize = 15;

/// Whether the whole cell is an error that a spreadsheet shows in place of a value (`#N/A`, `#REF!`, `Err:502`, `####`).
pub(crate) fn is_error(text: &str) -> bool {
    // With these all errors begin.
    text.starts_with(['#', 'E', 'L', 'l']) && is_such_an_error(text)
}

fn is_such_an_error(text: &str) -> bool {
    if let Some(number) = text.strip_prefix("Err:") {
        return number.len() == 3 && is_digits(number);
    }
    let is_known = |error: &&str| error.eq_ignore_ascii_case(text);
    if ERRORS.iter().any(is_known) {
        return true;
    }
    let Some(rest) = text.strip_prefix('#') else {
        return false;
    };
    if rest.len() + 1 >= HASHES_MIN && rest.bytes().all(|byte| byte == b'#') {
        return true;
    }
    // `#REF!`, `#ЗНАЧ!`, `#DIV/0!`, `#¿NOMBRE?`: capitals all of it.
    let rest = rest.trim_start_matches(['\u{a1}', '\u{bf}']);
    rest.strip_suffix(['!', '?']).is_some_and(|word| {
        word.chars().filter(|c| c.is_alphabetic()).count() >= 2
            && word.chars().count() <= ERROR_CHARS_MAX
            && word
                .chars()
                .all(|c| c.is_alphabetic() && !c.is_lowercase() || matches!(c, '/' | '0' | '_'))
    })
}

/// Words for nothing, by which people and programs fill a cell that has no value.
static NOTHING: Words<25> = Words::of([
    "n/a",
    "n.a.",
    "n. a.",
    "k.a.",
    "k. a.",
    "null",
    "(null)",
    "<null>",
    "[null]",
    "nil",
    "none",
    "(none)",
    "undefined",
    "nan",
    "unknown",
    "not known",
    "not available",
    "not provided",
    "not applicable",
    "(blank)",
    "(empty)",
    "unbekannt",
    "inconnu",
    "desconocido",
    "sconosciuto",
]);

/// Whether a value says that there is none: `n/a`, `NULL`, a dash alone. As a name, `Null` and `None` are names.
pub(crate) fn is_nothing(text: &str, is_name: bool) -> bool {
    if text
        .chars()
        .all(|c| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '?' | '.' | '/' | '_'))
    {
        return true;
    }
    let may_be_name = || {
        is_name
            && text.starts_with(|c: char| c.is_ascii_uppercase())
            && text[1..].bytes().all(|byte| byte.is_ascii_lowercase())
            && !text.eq_ignore_ascii_case("unknown")
    };
    NOTHING.have(text) && !may_be_name()
}

/// The text of `="00123"`, by which exports keep a spreadsheet from taking it for a number.
pub(crate) fn in_formula(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("=\"")?.strip_suffix('"')?;
    (!inner.contains('"') && !inner.is_empty()).then_some(inner.trim())
}

/// Whether an identifier looks like a number as people read it: `1,234`, `1.234,00`, `12 345`.
pub(crate) fn is_formatted_number(text: &str) -> bool {
    let mut parts = text.split(['.', ',', ' ', '\u{a0}', '\u{202f}', '\'']);
    let first = parts.next().unwrap_or_default();
    let mut parts: Vec<&str> = parts.collect();
    if parts.len() > 1 && parts.last().is_some_and(|last| last.len() != 3) {
        parts.pop();
    }
    !parts.is_empty()
        && (1..=3).contains(&first.len())
        && is_digits(first)
        && parts.iter().all(|part| part.len() == 3 && is_digits(part))
}

/// A number in scientific notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scientific {
    /// Digits are missing: it stands for many numbers.
    Lost,
    /// It has every digit: they are these.
    Whole(String),
}

/// `4.47911E+11`, also with a decimal comma or a sign.
pub(crate) fn scientific(text: &str) -> Option<Scientific> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let is_fraction = exponent.starts_with('-');
    let is_negative = mantissa.starts_with('-');
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let mantissa = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let is_number =
        is_digits(whole) && is_digits(exponent) && (fraction.is_empty() || is_digits(fraction));
    if !is_number || mantissa.ends_with(['.', ',']) {
        return None;
    }
    let is_whole = !is_fraction
        && !is_negative
        && whole.len() == 1
        && exponent.parse() == Ok(fraction.len())
        && fraction.len() < DIGITS_KEPT;
    Some(if is_whole && !fraction.is_empty() {
        Scientific::Whole(format!("{whole}{fraction}"))
    } else {
        Scientific::Lost
    })
}

/// Whether an identifier has become a number in the way in which spreadsheets write one: `1.23457E+14`. Others that look
/// like one (`3E8`, `12e4`) are identifiers.
pub(crate) fn is_scientific_id(text: &str) -> bool {
    if !text.starts_with(|c: char| matches!(c, '+' | '-' | '0'..='9')) {
        return false;
    }
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    exponent
        .strip_prefix('+')
        .is_some_and(|digits| digits.len() >= 2 && is_digits(digits))
        && mantissa
            .as_bytes()
            .get(1)
            .is_none_or(|byte| matches!(byte, b'.' | b','))
        && scientific(text).is_some()
}

/// The digits before `.0`, when that is all that follows a whole number of a few digits at least.
pub(crate) fn before_zero_fraction(text: &str) -> Option<&str> {
    const DIGITS_MIN: usize = 4;
    let (whole, zeros) = text.split_once('.')?;
    let is_such = whole.len() >= DIGITS_MIN
        && is_digits(whole)
        && (1..=2).contains(&zeros.len())
        && zeros.bytes().all(|byte| byte == b'0');
    is_such.then_some(whole)
}

/// Whether a long number has only zeros where a spreadsheet keeps no digits; by chance that is one in a hundred or less.
pub(crate) fn is_rounded(text: &str) -> bool {
    text.len() >= DIGITS_KEPT + 2
        && is_digits(text)
        && text.as_bytes()[DIGITS_KEPT..]
            .iter()
            .all(|byte| *byte == b'0')
}

/// What stands behind an apostrophe that keeps a spreadsheet from taking text for a formula (`'=`, `'+44`), and with
/// `also_digits` from taking it for a number (`'00123`).
pub(crate) fn behind_apostrophe(text: &str, also_digits: bool) -> Option<&str> {
    let rest = text.strip_prefix(['\'', '\u{2019}'])?;
    let is_guard = match rest.bytes().next()? {
        b'=' | b'+' | b'-' | b'@' => true,
        first => also_digits && first.is_ascii_digit(),
    };
    (is_guard && !rest.contains(['\'', '\u{2019}'])).then_some(rest)
}

/// Text without the characters that nobody sees: joiners, marks of direction, soft hyphens, byte order marks.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let kept: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    Cow::Owned(kept.trim().to_owned())
}

pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn errors_of_spreadsheets_are_known_and_words_are_not_errors() {
        for error in [
            "#N/A",
            "#n/a",
            "#REF!",
            "#VALUE!",
            "#NAME?",
            "#WERT!",
            "#¿NOMBRE?",
            "####",
            "Err:502",
            "#LICZBA!",
            "#YOK",
            "#\u{dc}BERLAUF!",
            "#\u{417}\u{41d}\u{410}\u{427}!",
            "#DIV/0!",
            "#NV",
            "Loading...",
        ] {
            assert!(is_error(error), "{error}");
        }
        for word in [
            "N/A", "#1", "##", "#REF", "# N/A", "#urgent!", "Err: no", "",
        ] {
            assert!(!is_error(word), "{word}");
        }
    }

    proptest! {
        #[test]
        fn errors_are_known_by_how_they_begin(text in "\\PC{0,6}|(#|Err:|err:|L|l)[A-Za-z/0-9.!?#]{0,9}|loading...|LOADING\u{2026}") {
            prop_assert_eq!(is_error(&text), is_such_an_error(&text));
        }
    }

    #[test]
    fn words_for_nothing_are_known_and_names_are_names() {
        for nothing in [
            "n/a", "N/A", "NULL", "null", "-", "--", "\u{2014}", "?", "unknown", "k.A.", "(blank)",
        ] {
            assert!(
                is_nothing(nothing, false) && is_nothing(nothing, true),
                "{nothing}"
            );
        }
        assert!(
            is_nothing("None", false) && !is_nothing("None", true) && !is_nothing("Null", true)
        );
        assert!(is_nothing("Unknown", true));
        for something in ["Na", "Nil Jones", "0", "na", "A-", "No"] {
            assert!(!is_nothing(something, true), "{something}");
        }
    }

    #[test]
    fn numbers_as_people_read_them_are_told_from_ids() {
        for number in [
            "1,234",
            "1.234",
            "1.234,00",
            "12 345",
            "1,234,567.5",
            "1'234",
        ] {
            assert!(is_formatted_number(number), "{number}");
        }
        for id in [
            "1234", "12.34", "1.2345", "T 1", "1234,567", "123", "10.0.0.1", "1.2.3",
        ] {
            assert!(!is_formatted_number(id), "{id}");
        }
        assert_eq!(in_formula("=\"00123\""), Some("00123"));
        assert_eq!(in_formula("=SUM(A1)"), None);
    }

    #[test]
    fn scientific_notation_is_whole_only_with_every_digit() {
        let whole = |digits: &str| Some(Scientific::Whole(digits.to_owned()));
        assert_eq!(scientific("4.47911123456E+11"), whole("447911123456"));
        assert_eq!(scientific("4,47911123456e11"), whole("447911123456"));
        for lost in [
            "4.47911E+11",
            "447911E6",
            "1E5",
            "-4.4E+01",
            "4.4E-1",
            "1.2345678901234567E+16",
        ] {
            assert_eq!(scientific(lost), Some(Scientific::Lost), "{lost}");
        }
        for other in ["", "e", "4.E+11", "12", "beef", "E+11", "1.2.3E+4"] {
            assert_eq!(scientific(other), None, "{other}");
        }
    }

    #[test]
    fn identifiers_are_damaged_only_as_spreadsheets_do_it() {
        assert!(
            is_scientific_id("1.23457E+14")
                && is_scientific_id("1E+15")
                && is_scientific_id("1,2E+06")
        );
        assert!(
            !is_scientific_id("3E8") && !is_scientific_id("12E+05") && !is_scientific_id("T-1E+05")
        );
        assert_eq!(before_zero_fraction("12345.0"), Some("12345"));
        assert_eq!(before_zero_fraction("1.0"), None);
        assert_eq!(before_zero_fraction("12345.05"), None);
        assert!(
            is_rounded("12345678901234500")
                && !is_rounded("12345678901234510")
                && !is_rounded("1000000000000000")
        );
    }

    #[test]
    fn an_apostrophe_is_a_guard_only_where_there_is_something_to_guard() {
        assert_eq!(behind_apostrophe("'+44 20", false), Some("+44 20"));
        assert_eq!(behind_apostrophe("'=A1", false), Some("=A1"));
        assert_eq!(behind_apostrophe("'00123", false), None);
        assert_eq!(behind_apostrophe("'00123", true), Some("00123"));
        for text in ["'Abd al-Malik", "'", "'90s 'hits'", "o'hara"] {
            assert_eq!(behind_apostrophe(text, true), None, "{text}");
        }
    }

    #[test]
    fn what_nobody_sees_is_left_out() {
        assert_eq!(visible("\u{202a}+44 20\u{202c}"), "+44 20");
        assert_eq!(visible("Zoë"), "Zoë");
    }
}
