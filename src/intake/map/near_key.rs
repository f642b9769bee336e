//! The normal form of a key value: the same for all that spreadsheets and copying make of one key.
//!
//! It is only compared. Import ids are made of the key as it stands.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizer;

use super::damage;

/// Digits of one group in a number with thousands separators.
const GROUP_DIGITS: usize = 3;

/// Returns a key value without what programs add to it or take from it: case, blanks, invisible characters, Unicode
/// compatibility forms, a leading `#` or apostrophe, and for numbers leading zeros, thousands separators and `.0`.
/// Borrowed where the value is its own normal form.
pub(crate) fn normal_form(value: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_');
    if value.bytes().all(is_plain) && !value.starts_with('0') {
        return Cow::Borrowed(value);
    }
    let nfkc = ComposingNormalizer::new_nfkc();
    let kept: String = nfkc
        .normalize(value)
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control() && !damage::is_invisible(*c))
        .flat_map(char::to_uppercase)
        .collect();
    let kept = nfkc.normalize(&kept);
    let text = kept.trim_start_matches(['#', '\'', '\u{2019}']);
    let normal = match whole_number(text) {
        Some(digits) => digits,
        None => text.to_owned(),
    };
    if normal.is_empty() || normal == value {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(normal)
    }
}

/// The digits of a whole number, however a spreadsheet shows it: `0042`, `42.0`, `1,042`, `1.042`, `1'042`.
fn whole_number(text: &str) -> Option<String> {
    let whole = match text.rsplit_once(['.', ',']) {
        Some((whole, zeros)) if is_zeros(zeros) && zeros.len() < GROUP_DIGITS => whole,
        _ => text,
    };
    let digits = ungrouped(whole)?;
    let significant = digits.trim_start_matches('0');
    let significant = if significant.is_empty() {
        "0"
    } else {
        significant
    };
    Some(significant.to_owned())
}

fn is_zeros(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'0')
}

/// The digits of a number with or without one kind of thousands separator.
fn ungrouped(text: &str) -> Option<String> {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits(text) {
        return Some(text.to_owned());
    }
    let separator = text.chars().find(|c| !c.is_ascii_digit())?;
    if !matches!(separator, ',' | '.' | '\'' | '\u{2019}') {
        return None;
    }
    let mut groups = text.split(separator);
    let first = groups.next().filter(|first| is_digits(first))?;
    let are_groups = groups
        .clone()
        .all(|group| group.len() == GROUP_DIGITS && is_digits(group));
    (first.len() <= GROUP_DIGITS && are_groups).then(|| {
        let mut digits = first.to_owned();
        groups.for_each(|group| digits.push_str(group));
        digits
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_disguises_of_a_key_have_one_normal_form() {
        for (normal, disguises) in [
            (
                "1026",
                &[
                    "00001026",
                    "1026.0",
                    "1026.00",
                    "1026,0",
                    "#1026",
                    "# 01026",
                    "'1026",
                    "1 026",
                    "1\u{a0}026",
                    "1\u{202f}026",
                    "1,026",
                    "1.026",
                    "1'026",
                    "1026\u{200b}",
                    "\u{feff}1026",
                    "\u{ff11}\u{ff10}\u{ff12}\u{ff16}",
                ][..],
            ),
            ("T-1", &["t-1", "T -1", "T-1\u{ad}", "\u{ff34}-1"][..]),
            (
                "\u{c9}T\u{c9}-1",
                &["e\u{301}te\u{301}-1", "\u{e9}t\u{e9}-1"][..],
            ),
            ("2026/17", &["2026 / 17"][..]),
            ("0", &["000", "0.0"][..]),
        ] {
            assert!(matches!(normal_form(normal), Cow::Borrowed(_)), "{normal}");
            for disguise in disguises {
                assert_eq!(normal_form(disguise), normal, "{disguise:?}");
            }
        }
    }

    #[test]
    fn other_keys_keep_their_form() {
        for key in [
            "1.5", "1.0.0", "10-2026", "#", "A01", "1,02", "1,0267", "1.026,5",
        ] {
            assert_eq!(normal_form(key), key);
        }
        assert_ne!(normal_form("T-10"), normal_form("T-1"));
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(value in "[ -~\u{a0}\u{e9}\u{df}\u{200b}0-9#.,']{1,12}") {
            let once = normal_form(&value).into_owned();
            let twice = normal_form(&once).into_owned();
            prop_assert_eq!(twice, once);
        }
    }
}
