//! What a cell holds, by its form alone: enough to tell a header from rows, and a row from a note.

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Nothing, or white space.
    Blank,
    /// A word for nothing: `n/a`, `-`.
    Missing,
    /// A whole number from 1900 to 2100, a year perhaps, or two of them: `1980-1990`.
    Year,
    /// Any other number, with a currency, signs or separators; telephone numbers too.
    Number,
    /// A date, a time or both, with digits.
    Date,
    /// An email address.
    Email,
    /// An address with `://`.
    Url,
    /// Everything else.
    Text,
}

impl Kind {
    /// Those that headers seldom are.
    pub(crate) const TYPED: [Self; 5] =
        [Self::Year, Self::Number, Self::Date, Self::Email, Self::Url];
}

/// The form of a value.
pub(crate) fn kind(text: &str) -> Kind {
    let text = text.trim();
    if text.is_empty() {
        return Kind::Blank;
    }
    if is_missing(text) {
        return Kind::Missing;
    }
    if is_email(text) {
        return Kind::Email;
    }
    let starts_url = text.split_once("://").is_some_and(|(scheme, rest)| {
        !rest.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    if starts_url && !text.contains(char::is_whitespace) {
        return Kind::Url;
    }
    if is_year(text) {
        return Kind::Year;
    }
    // Dates first: some have no other characters than numbers do.
    if is_date(text) {
        return Kind::Date;
    }
    if is_number(text) {
        Kind::Number
    } else {
        Kind::Text
    }
}

/// Whether the text is an email address, by its form; one in angle brackets after a name is one too.
pub(crate) fn is_email(text: &str) -> bool {
    let text = text
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once('<'))
        .map_or(text, |(_, address)| address);
    let Some((local, host)) = text.rsplit_once('@') else {
        return false;
    };
    !local.is_empty()
        && host.split('.').count() > 1
        && host.split('.').all(|label| !label.is_empty())
        && !text.contains(char::is_whitespace)
}

/// Whether a number is more likely somebody's telephone number than an amount: it begins with `+` or `0` and is long.
pub(crate) fn is_phone(text: &str) -> bool {
    const DIGITS_MIN: usize = 8;
    let text = text.trim().trim_start_matches(['(', '\'']);
    let digits = || text.bytes().filter(u8::is_ascii_digit).count();
    let begins = text.starts_with('+')
        || (text.starts_with('0') && !text[1..].trim_start().starts_with(['.', ',']));
    begins && digits() >= DIGITS_MIN && kind(text) == Kind::Number
}

fn is_missing(text: &str) -> bool {
    const WORDS: [&str; 8] = ["na", "n/a", "(na)", "n.a.", "nan", "null", "none", "(x)"];
    text.chars()
        .all(|c| matches!(c, '-' | '–' | '—' | '.' | '*' | '?' | '…'))
        || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn is_year(text: &str) -> bool {
    let is_one = |text: &str| {
        text.len() == 4
            && text
                .parse::<u16>()
                .is_ok_and(|year| (1900..=2100).contains(&year))
    };
    match text.split_once(['-', '/']) {
        Some((from, to)) => {
            is_one(from)
                && (is_one(to) || (to.len() == 2 && to.parse::<u8>().is_ok_and(|year| year > 12)))
        }
        None => is_one(text.strip_suffix(".0").unwrap_or(text)),
    }
}

/// Whether the text is a number as people write them.
pub(crate) fn is_number(text: &str) -> bool {
    let is_sign = |c: char| {
        matches!(
            c,
            '+' | '-' | '−' | '(' | ')' | '%' | '\'' | '$' | '€' | '£' | '¥'
        ) || c.is_whitespace()
    };
    let international = text.starts_with('+');
    let text = text.trim_matches(is_sign);
    let (text, exponent) = match text.split_once(['e', 'E']) {
        Some((text, exponent)) => (text, exponent.trim_start_matches(['+', '-'])),
        None => (text, "0"),
    };
    // `2000 (1,000)` is a heading, `+44 (0)20` a number.
    let no_brackets = international || !text.contains('(');
    no_brackets
        && text.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',')
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.chars().all(|c| {
            c.is_ascii_digit()
                || matches!(
                    c,
                    '.' | ',' | '\'' | ' ' | '\u{a0}' | '\u{202f}' | '-' | '(' | ')'
                )
        })
        && !exponent.is_empty()
        && exponent.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the text begins as a date (two separators of a kind between numbers, or a month's letters in the middle) or
/// is a time.
fn is_date(text: &str) -> bool {
    let head = text.split(['T', ' ', '\u{a0}']).next().unwrap_or(text);
    if is_time(text) {
        return true;
    }
    ['-', '/', '.'].into_iter().any(|separator| {
        let parts: Vec<&str> = head.split(separator).collect();
        let [first, middle, last] = parts.as_slice() else {
            return false;
        };
        let digits = |part: &str, most: usize| {
            !part.is_empty() && part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_month =
            digits(middle, 2) || (middle.len() >= 3 && middle.chars().all(char::is_alphabetic));
        let years = usize::from(first.len() == 4) + usize::from(last.len() == 4);
        digits(first, 4) && digits(last, 4) && is_month && years < 2
    })
}

fn is_time(text: &str) -> bool {
    let mut parts = text.split(':');
    let is_two = |part: Option<&str>| {
        part.is_some_and(|part| {
            (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    is_two(parts.next())
        && parts.next().is_some_and(|part| {
            part.len() >= 2
                && part.as_bytes()[..2].iter().all(u8::is_ascii_digit)
                && part.len() <= 5
        })
        && parts
            .next()
            .is_none_or(|part| part.as_bytes().first().is_some_and(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_number_is_no_amount() {
        for (text, expected) in [
            ("+44 20 7946 0018", true),
            ("020 7946 0018", true),
            ("(020) 7946 0018", true),
            ("0.12345678", false),
            ("12345678", false),
            ("01234", false),
            ("+1,5", false),
        ] {
            assert_eq!(is_phone(text), expected, "{text}");
        }
    }

    #[test]
    fn a_value_is_known_by_its_form() {
        for (kind_is, values) in [
            (Kind::Blank, &["", "  ", "\t"][..]),
            (Kind::Missing, &["n/a", "-", "(NA)", "NULL"]),
            (Kind::Year, &["1999", "2008.0", "1980-1990"]),
            (
                Kind::Number,
                &[
                    "0",
                    "-1,5",
                    "$74.69",
                    "26%",
                    "1 234,50",
                    "(1,000)",
                    "4.47911E+11",
                    "+44 20 7946 0018",
                    ".5",
                ],
            ),
            (
                Kind::Date,
                &[
                    "28/01/2018",
                    "2024-03-01T10:00:00Z",
                    "11/May/24 03:26 PM",
                    "1.2.24",
                    "00:15",
                    "9:05 PM",
                    "10:00:30.5",
                ],
            ),
            (Kind::Email, &["ann@example.com", "Ann <ann@example.com>"]),
            (Kind::Url, &["https://www.example.com/a"]),
            (
                Kind::Text,
                &[
                    "Ticket ID",
                    "T-1001",
                    "Q1",
                    "@",
                    "ann@",
                    "2000 (1,000)",
                    "e5",
                    "Created at",
                    "ratio 1:2",
                ],
            ),
        ] {
            for value in values {
                assert_eq!(kind(value), kind_is, "{value}");
            }
        }
    }
}
