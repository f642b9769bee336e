//! Phone numbers to E.164 (`+442079460018`), or what is wrong with them.
//!
//! A number is never guessed: one that a spreadsheet has damaged, or that has words in it, is a problem.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

/// Longest text that is looked at as a phone number, in bytes.
pub(crate) const PHONE_BYTES_MAX: usize = 128;

/// What became of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phone {
    /// In E.164.
    International(String),
    /// In E.164, without the extension that was written.
    WithoutExtension(String),
    /// There is neither `+` nor a region: nothing can be said of it.
    AsWritten,
    /// What is wrong: code and message.
    Wrong(&'static str, &'static str),
}

/// Whether there is such a region ("GB").
pub(crate) fn is_region(region: &str) -> bool {
    region.len() == 2
        && PHONE_NUMBER_UTIL
            .get_country_code_for_region(region)
            .is_some()
}

/// Reads a number as it is dialled in `region`.
pub(crate) fn parse(text: &str, region: Option<&str>) -> Phone {
    if is_scientific(text) {
        return Phone::Wrong(
            "phone_damaged",
            "is in scientific notation (like 4.47E+11): a spreadsheet has damaged it and digits are lost; format the \
             column as text and fill it in again",
        );
    }
    if text.len() > PHONE_BYTES_MAX {
        return Phone::Wrong("phone_invalid", "is too long for a phone number");
    }
    let is_international = text.starts_with(['+', '\u{ff0b}']);
    let parsed = match region {
        _ if is_international => PHONE_NUMBER_UTIL.parse(text),
        Some(region) => PHONE_NUMBER_UTIL.parse_with_default_region(text, region),
        None => return Phone::AsWritten,
    };
    let Ok(number) = parsed else {
        return Phone::Wrong("phone_invalid", "is not a phone number");
    };
    if !number.is_valid() {
        return Phone::Wrong(
            "phone_invalid",
            "is not a number that exists in its country; check its digits (or the region in the job file)",
        );
    }
    let has_extension = number.has_extension();
    if !has_extension && text.chars().any(char::is_alphabetic) {
        return Phone::Wrong(
            "phone_invalid",
            "has letters within; only a number is wanted",
        );
    }
    let international = number.format_as(PhoneNumberFormat::E164).into_owned();
    if has_extension {
        Phone::WithoutExtension(international)
    } else {
        Phone::International(international)
    }
}

/// `4.47911E+11`, also with a decimal comma.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let is_digits =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let mantissa = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let is_number = match mantissa.split_once(['.', ',']) {
        Some((whole, fraction)) => is_digits(whole) && is_digits(fraction),
        None => is_digits(mantissa),
    };
    is_number && is_digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn international(text: &str) -> Phone {
        Phone::International(text.to_owned())
    }

    #[test]
    fn numbers_become_e164() {
        assert_eq!(
            parse("020 7946 0018", Some("GB")),
            international("+442079460018")
        );
        assert_eq!(
            parse("(020) 7946-0018", Some("GB")),
            international("+442079460018")
        );
        assert_eq!(
            parse("+1 202 555 0147", Some("GB")),
            international("+12025550147")
        );
        assert_eq!(parse("+49 30 901820", None), international("+4930901820"));
        assert_eq!(
            parse("+44 20 7946 0018 ext. 12", None),
            Phone::WithoutExtension("+442079460018".to_owned())
        );
    }

    #[test]
    fn nothing_is_guessed() {
        assert_eq!(parse("020 7946 0018", None), Phone::AsWritten);
        for damaged in ["4.47911E+11", "4,47911e+11", "447911E6"] {
            assert!(
                matches!(parse(damaged, Some("GB")), Phone::Wrong("phone_damaged", _)),
                "{damaged}"
            );
        }
        for wrong in [
            "12",
            "n/a",
            "+999 123",
            "020 7946 0018 (ask for Ann)",
            "7946",
            "0207 946 00181111",
        ] {
            assert!(
                matches!(parse(wrong, Some("GB")), Phone::Wrong("phone_invalid", _)),
                "{wrong}"
            );
        }
    }

    #[test]
    fn regions_are_known() {
        assert!(is_region("GB") && is_region("DE"));
        assert!(!is_region("UK") && !is_region("gb ") && !is_region(""));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_library_panic(text in "\\PC{0,40}", digits in "[+0-9 ()./;=a-z-]{0,40}") {
            for text in [text, digits] {
                for region in [None, Some("GB"), Some("US")] {
                    if let Phone::International(number) = parse(&text, region) {
                        proptest::prop_assert!(number.starts_with('+'));
                    }
                }
            }
        }
    }
}
