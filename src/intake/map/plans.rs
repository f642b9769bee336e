//! Which numbers stand as they are: the numbering plans of all countries as one automaton over the digits behind a `+`.
//!
//! The library that knows the plans takes several microseconds for a number, most of them for patterns one after the
//! other. `plans/make.py` has made one table of all these patterns. What it takes is a number that the library takes as it
//! stands (held by the tests, way by way). What it does not take may be one all the same: the library decides.

use std::borrow::Cow;

/// Ten ways a state, one a digit: the state that comes next, none where it is 0, and whether a number may end there.
static WAYS: &[u8] = include_bytes!("plans/plans.bin");
/// Bytes of a way (little-endian).
const WAY_BYTES: usize = 2;
const DIGITS: usize = 10;
/// The bit of a way behind which a number may end.
const MAY_END: u16 = 1 << 15;

/// Whether it is a number that stands as it is: written with a `+`, and nothing but blanks, hyphens, dots and brackets
/// between its digits.
pub(super) fn take(text: &str) -> bool {
    let Some(written) = text.strip_prefix('+') else {
        return false;
    };
    let (mut way, mut last, mut bracketed) = (0, b' ', 0);
    for byte in written.bytes() {
        match byte {
            b'0'..=b'9' => match next(way, byte - b'0') {
                Some(then) => (way, last, bracketed) = (then, byte, bracketed + 1),
                None => return false,
            },
            b'(' => bracketed = 0,
            // A zero alone in brackets may be one that is left out when the number is dialled from abroad.
            b')' if bracketed == 1 && last == b'0' => return false,
            b' ' | b'-' | b'.' | b')' => {}
            _ => return false,
        }
    }
    way & MAY_END != 0 && written.ends_with(|c: char| c.is_ascii_digit())
}

/// A number that stands as it is, in E.164.
pub(super) fn bare(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_of_it = |c: char| c == '+' || c.is_ascii_digit();
    if text.chars().all(is_of_it) {
        text
    } else {
        Cow::Owned(text.chars().filter(|c| is_of_it(*c)).collect())
    }
}

/// The way that a digit leads from where another one led.
fn next(way: u16, digit: u8) -> Option<u16> {
    let place = (usize::from(way & !MAY_END) * DIGITS + usize::from(digit)) * WAY_BYTES;
    let way = u16::from_le_bytes([WAYS[place], WAYS[place + 1]]);
    (way != 0).then_some(way)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

    use super::super::phone::{Phone, parse_closely};
    use super::*;

    fn certain(text: &str) -> Option<Cow<'_, str>> {
        take(text).then(|| bare(text.into()))
    }

    /// The number that the library makes of a text, if nothing has to be told of it.
    fn by_library(text: &str) -> Option<String> {
        match parse_closely(text, Some("US")) {
            Phone::International(number, remarks) if remarks.is_empty() => {
                Some(number.into_owned())
            }
            _ => None,
        }
    }

    /// The digits that lead to each state, and the shortest that lead from it to the end of a number.
    fn walked() -> (Vec<String>, Vec<String>) {
        let states = WAYS.len() / DIGITS / WAY_BYTES;
        let (mut to, mut from) = (vec![None; states], vec![None; states]);
        to[0] = Some("+".to_owned());
        let ways = |state: usize| {
            let state = u16::try_from(state).expect("few states");
            (b'0'..=b'9')
                .filter_map(move |digit| Some((char::from(digit), next(state, digit - b'0')?)))
        };
        // States come in the order in which they are first led to.
        for state in 0..states {
            for (digit, way) in ways(state) {
                let before = to[state].clone().expect("led to");
                to[usize::from(way & !MAY_END)].get_or_insert(format!("{before}{digit}"));
            }
        }
        while from.iter().any(Option::is_none) {
            for state in 0..states {
                for (digit, way) in ways(state) {
                    let rest = match way & MAY_END {
                        0 => from[usize::from(way & !MAY_END)].clone(),
                        _ => Some(String::new()),
                    };
                    if let (None, Some(rest)) = (&from[state], rest) {
                        from[state] = Some(format!("{digit}{rest}"));
                    }
                }
                if ways(state).next().is_none() {
                    from[state].get_or_insert_default();
                }
            }
        }
        let all =
            |texts: Vec<Option<String>>| texts.into_iter().map(Option::unwrap_or_default).collect();
        (all(to), all(from))
    }

    #[test]
    fn every_way_is_one_that_the_library_takes_too() {
        let (to, from) = walked();
        let mut ends = 0;
        for (state, before) in to.iter().enumerate() {
            let state = u16::try_from(state).expect("few states");
            for digit in 0..10 {
                let Some(way) = next(state, digit) else {
                    continue;
                };
                let here = format!("{before}{digit}");
                if way & MAY_END != 0 {
                    ends += 1;
                    assert_eq!(
                        by_library(&here).as_ref(),
                        Some(&here),
                        "made of another version? see plans/make.py"
                    );
                }
                let further = &from[usize::from(way & !MAY_END)];
                if !further.is_empty() {
                    let whole = format!("{here}{further}");
                    assert_eq!(
                        by_library(&whole).as_ref(),
                        Some(&whole),
                        "made of another version? see plans/make.py"
                    );
                }
            }
        }
        assert!(ends > 300, "{ends}");
    }

    #[test]
    fn the_numbers_of_most_regions_are_certain() {
        let regions: Vec<_> = PHONE_NUMBER_UTIL.get_supported_regions().collect();
        let is_certain = |region: &&&str| {
            let example = PHONE_NUMBER_UTIL.get_example_number(region).ok();
            example
                .is_some_and(|number| certain(&number.format_as(PhoneNumberFormat::E164)).is_some())
        };
        let certain = regions.iter().filter(is_certain).count();
        assert!(
            certain * 10 > regions.len() * 9,
            "{certain} of {}",
            regions.len()
        );
    }

    #[test]
    fn what_stands_between_digits_is_left_out_where_it_means_nothing() {
        for text in [
            "+442079460018",
            "+44 20 7946 0018",
            "+44 (20) 7946-0018",
            "+44.20.79460018",
        ] {
            assert_eq!(certain(text).as_deref(), Some("+442079460018"), "{text}");
        }
        for text in [
            "",
            "+",
            "442079460018",
            "+44 (0)20 7946 0018",
            "+39 (0)6 1234 5678",
            "+39 ( 0 )6 1234 5678",
            "+44 20 7946 001",
            "+44 20 7946 0018x1",
            "+44 20 7946 0018.",
            "++442079460018",
            "+44 20 7946 0018 / 1",
            "+4402079460018",
        ] {
            assert_eq!(certain(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        /// Walks at random until a number may end.
        #[test]
        fn a_certain_number_is_what_the_library_makes_of_it(choices in prop::collection::vec((0..10_u8, "[ .()-]{0,3}"), 30)) {
            let (mut text, mut way) = ("+".to_owned(), 0);
            for (choice, between) in choices {
                let ways = (0..10).map(|digit| (choice + digit) % 10);
                let Some((digit, then)) = ways.into_iter().find_map(|digit| Some((digit, next(way, digit)?))) else {
                    break;
                };
                way = then;
                if choice >= 7 {
                    text.push_str(&between);
                }
                text.push(char::from(b'0' + digit));
                if way & MAY_END != 0 && choice < 7 {
                    break;
                }
            }
            if let Some(number) = certain(&text) {
                let told = by_library(&text);
                prop_assert_eq!(told.as_deref(), Some(&*number), "{}", text);
            }
        }
    }
}
