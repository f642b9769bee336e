//! Phone numbers to E.164 (`+442079460018`), or what is wrong with them.
//!
//! A number is never guessed. What a spreadsheet or a person has done to it is undone only where a single valid number
//! can be meant: every way to read it is tried (as it is dialled in the region, with the zero before it that was lost,
//! with the `+` that was lost), and two different valid numbers are a problem. A number in the full form of the region
//! is that number; when its bare digits could be another one behind a `+`, that is a warning. Nothing here repeats a digit.

use std::borrow::Cow;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat};

use super::Remark;
use super::damage::{self, Scientific};
use super::plans;
use crate::codes::ProblemCode;

/// Longest text that is looked at as a phone number, in bytes.
pub(crate) const PHONE_BYTES_MAX: usize = 128;
/// Fewest and most digits of what is sent as written: an area code's subscriber, E.164's fifteen and a prefix.
const DIGITS_AS_WRITTEN: std::ops::RangeInclusive<usize> = 5..=18;
/// Fewest digits of one of several numbers in a cell.
const DIGITS_OF_SEVERAL_MIN: usize = 7;

/// What became of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phone<'t> {
    /// In E.164, and what was done to it.
    International(Cow<'t, str>, Vec<Remark>),
    /// There is neither `+` nor a region: nothing can be said of it.
    AsWritten(Cow<'t, str>, Vec<Remark>),
    /// What is wrong.
    Wrong(Remark),
}

const DAMAGED: Remark = Remark(
    ProblemCode::PhoneDamaged,
    "is in scientific notation (like 4.47E+11): a spreadsheet has damaged it and digits are lost; format the \
     column as text and fill it in again",
);
const NUMBER_WITHOUT_REGION: Remark = Remark(
    ProblemCode::PhoneDamaged,
    "has become a number in a spreadsheet, which drops a + and zeros before it; write it with its + and country code, or \
     set region in the job file's [input]",
);
const MINUS: Remark = Remark(
    ProblemCode::PhoneDamaged,
    "begins with a minus, as when a spreadsheet has calculated with it; write it again, with its + and country code",
);
const TWO_NUMBERS: Remark = Remark(
    ProblemCode::PhoneAmbiguous,
    "may be one of two numbers: a zero or a + before it was lost, and both ways it is a number; write it with its + and \
     country code",
);
const SEVERAL: Remark = Remark(
    ProblemCode::PhoneSeveral,
    "holds several numbers; one is wanted",
);
const NOT_A_NUMBER: Remark = Remark(ProblemCode::PhoneInvalid, "is not a phone number");
const TOO_LONG: Remark = Remark(ProblemCode::PhoneInvalid, "is too long for a phone number");
const LETTERS: Remark = Remark(
    ProblemCode::PhoneInvalid,
    "has letters within; only a number is wanted",
);
const CHARACTERS: Remark = Remark(
    ProblemCode::PhoneInvalid,
    "has characters that phone numbers do not have",
);
const NO_SUCH: Remark = Remark(
    ProblemCode::PhoneInvalid,
    "is not a number that exists in its country; check its digits (or the region in the job file)",
);
const CLEANED: Remark = Remark(
    ProblemCode::PhoneCleaned,
    "has something around or within it that is no part of a number (an apostrophe, tel:, (0), 00 for +, .0, characters that \
     nobody sees): it is sent without",
);
const EXTENSION: Remark = Remark(
    ProblemCode::PhoneExtension,
    "has an extension, which is not sent: E.164 has none",
);
const ZERO_BACK: Remark = Remark(
    ProblemCode::PhoneZeroRestored,
    "lacks the zero (or other prefix) that numbers of the region begin with; nothing else can be meant, so it is taken for \
     the number with it",
);
const PLUS_BACK: Remark = Remark(
    ProblemCode::PhonePlusRestored,
    "lacks the + before its country code; nothing else can be meant, so it is taken for the number with it",
);
const PERHAPS_FOREIGN: Remark = Remark(
    ProblemCode::PhoneTwoReadings,
    "is taken for a number of the job's region; if a zero or a + before it was lost, it would be another number: write a + \
     and the country code to make sure",
);

/// Whether there is such a region ("GB").
pub(crate) fn is_region(region: &str) -> bool {
    region.len() == 2
        && PHONE_NUMBER_UTIL
            .get_country_code_for_region(region)
            .is_some()
}

/// Reads a number as it is dialled in `region`.
pub(crate) fn parse<'t>(text: impl Into<Cow<'t, str>>, region: Option<&str>) -> Phone<'t> {
    let text = text.into();
    if text.len() <= PHONE_BYTES_MAX && plans::take(&text) {
        Phone::International(plans::bare(text), Vec::new())
    } else {
        parse_closely(&text, region)
    }
}

/// [`parse`] without a look at the numbering plans first.
pub(super) fn parse_closely<'t>(text: &str, region: Option<&str>) -> Phone<'t> {
    let mut remarks = Vec::new();
    match read(text, region, &mut remarks) {
        Ok(Read::Number(number)) => {
            if number.has_extension() {
                remarks.push(EXTENSION);
            }
            Phone::International(e164(&number).into(), remarks)
        }
        Ok(Read::AsWritten(text)) => Phone::AsWritten(text.into(), remarks),
        Err(wrong) => Phone::Wrong(wrong),
    }
}

enum Read {
    Number(PhoneNumber),
    AsWritten(String),
}

fn read(text: &str, region: Option<&str>, remarks: &mut Vec<Remark>) -> Result<Read, Remark> {
    if text.len() > PHONE_BYTES_MAX {
        return Err(TOO_LONG);
    }
    let visible = damage::visible(text);
    let bare = unwrapped(&visible);
    let from_cell = match damage::scientific(bare) {
        Some(Scientific::Lost) => return Err(DAMAGED),
        Some(Scientific::Whole(digits)) => Some(digits),
        None => damage::before_zero_fraction(bare).map(str::to_owned),
    };
    let was_number = from_cell.is_some();
    let plain = from_cell.as_deref().unwrap_or(bare);
    if plain != text {
        remarks.push(CLEANED);
    }
    if holds_several(plain) {
        return Err(SEVERAL);
    }
    if plain.starts_with(['-', '\u{2212}']) {
        return Err(MINUS);
    }
    if plain.starts_with(char::is_alphabetic) {
        return Err(LETTERS);
    }
    if !plain.chars().all(|c| is_of_numbers(c) || c.is_alphabetic()) {
        return Err(CHARACTERS);
    }
    let digits = PHONE_NUMBER_UTIL.normalize_digits_only(plain);
    let start = plain.trim_start_matches(['(', '[', '\u{ff08}', ' ']);
    let number = if start.starts_with(['+', '\u{ff0b}']) {
        international(plain, remarks)?
    } else if digits.starts_with("00") {
        double_zero(plain, &digits, region, remarks)?
    } else if let Some(region) = region {
        national(plain, &digits, region, was_number, remarks)?
    } else if was_number {
        return Err(NUMBER_WITHOUT_REGION);
    } else if plain.chars().any(char::is_alphabetic) {
        return Err(LETTERS);
    } else if !DIGITS_AS_WRITTEN.contains(&digits.len()) {
        return Err(NOT_A_NUMBER);
    } else {
        return Ok(Read::AsWritten(plain.to_owned()));
    };
    if !number.has_extension() && plain.chars().any(char::is_alphabetic) {
        return Err(LETTERS);
    }
    Ok(Read::Number(number))
}

/// Without what spreadsheets and links put around a number: `'…`, `="…"`, `=…`, `tel:…`.
fn unwrapped(text: &str) -> &str {
    let text = text.trim();
    let text = match text
        .strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) => inner,
        None => text.strip_prefix('=').unwrap_or(text),
    };
    let text = text.trim_start_matches(['\'', '\u{2018}', '\u{2019}', '`']);
    let text = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &text[4..],
        _ => text,
    };
    text.trim()
}

fn holds_several(text: &str) -> bool {
    let long =
        |piece: &str| piece.chars().filter(|c| c.is_numeric()).count() >= DIGITS_OF_SEVERAL_MIN;
    text.split(['/', ';', ',', '|', '\n', '&'])
        .filter(|piece| long(piece))
        .count()
        > 1
}

/// Digits, what is written between them, and what stands before an extension.
fn is_of_numbers(c: char) -> bool {
    c.is_numeric()
        || c.is_whitespace()
        || matches!(
            c,
            '+' | '-' | '.' | '/' | '~' | '(' | ')' | '[' | ']' | '#' | ';' | '=' | ',' | ':'
        )
        || matches!(
            c,
            '\u{2010}'
                ..='\u{2015}'
                    | '\u{2212}'
                    | '\u{30fc}'
                    | '\u{ff0d}'
                    | '\u{ff0b}'
                    | '\u{ff0e}'
                    | '\u{ff0f}'
                    | '\u{ff08}'
                    | '\u{ff09}'
                    | '\u{b7}'
        )
}

/// With a `+` before it.
fn international(text: &str, remarks: &mut Vec<Remark>) -> Result<PhoneNumber, Remark> {
    let as_it_stands = valid_international(text);
    let zero = ["(0)", "( 0 )", "[0]", "(\u{ff10})"]
        .into_iter()
        .find(|zero| text.contains(zero));
    let Some(zero) = zero else {
        return match as_it_stands {
            Some(number) => Ok(number),
            None if PHONE_NUMBER_UTIL.parse(text).is_ok() => Err(NO_SUCH),
            None => Err(NOT_A_NUMBER),
        };
    };
    remarks.push(CLEANED);
    remarks.dedup();
    one_of([as_it_stands, valid_international(&text.replace(zero, " "))])
}

/// With the `00` that most countries dial for a `+`.
fn double_zero(
    text: &str,
    digits: &str,
    region: Option<&str>,
    remarks: &mut Vec<Remark>,
) -> Result<PhoneNumber, Remark> {
    let dialled = region.and_then(|region| valid_in(text, region));
    if dialled.is_none() && !remarks.contains(&CLEANED) {
        remarks.push(CLEANED);
    }
    let tail = tail_of_extension(text);
    let digits = digits.strip_suffix(&PHONE_NUMBER_UTIL.normalize_digits_only(tail));
    let digits = digits.and_then(|digits| digits.strip_prefix("00"));
    let with_plus = digits.and_then(|digits| valid_international(&format!("+{digits}{tail}")));
    one_of([dialled, with_plus])
}

/// What follows the number itself, from its first letter on.
fn tail_of_extension(text: &str) -> &str {
    text.find(|c: char| c.is_alphabetic() || matches!(c, ';' | '#'))
        .map_or("", |at| &text[at..])
}

/// Without any sign of another country.
fn national(
    text: &str,
    digits: &str,
    region: &str,
    was_number: bool,
    remarks: &mut Vec<Remark>,
) -> Result<PhoneNumber, Remark> {
    let direct = valid_in(text, region);
    let extension = direct.as_ref().map_or("", |number| number.extension());
    let digits = digits.strip_suffix(extension).unwrap_or(digits);
    let has_zero = digits.starts_with('0');
    // The library takes its time: with a zero there is nothing to ask it.
    let (with_plus, with_zero) = if has_zero {
        (None, None)
    } else {
        let with_zero = format!("0{digits}");
        let is_with_zero = |number: &PhoneNumber| national_digits(number) == with_zero;
        (
            valid_international(&format!("+{digits}")),
            valid_in(&with_zero, region).filter(is_with_zero),
        )
    };
    if let Some(number) = direct.as_ref().filter(|number| is_full(number, digits)) {
        let others = [&with_plus, &with_zero];
        let differs = |other: &&Option<PhoneNumber>| {
            other
                .as_ref()
                .is_some_and(|other| e164(other) != e164(number))
        };
        if text.chars().all(char::is_numeric) && others.iter().any(differs) {
            if was_number {
                return Err(TWO_NUMBERS);
            }
            remarks.push(PERHAPS_FOREIGN);
        }
        return Ok(number.clone());
    }
    let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region);
    let as_it_stands = code
        .and_then(|code| valid_international(&format!("+{code}{digits}")))
        .filter(|number| PHONE_NUMBER_UTIL.get_national_significant_number(number) == digits);
    let is_known = PHONE_NUMBER_UTIL
        .parse_with_default_region(text, region)
        .is_ok();
    let found = one_of([direct, as_it_stands, with_zero, with_plus]);
    let number = found.map_err(|wrong| {
        if wrong == NO_SUCH && !is_known {
            NOT_A_NUMBER
        } else {
            wrong
        }
    })?;
    let is_international = e164(&number)[1..] == *digits;
    remarks.push(if is_international {
        PLUS_BACK
    } else {
        ZERO_BACK
    });
    Ok(number)
}

/// Whether the digits are the number as the region writes it in full.
fn is_full(number: &PhoneNumber, digits: &str) -> bool {
    // In North America the country code and the prefix that is dialled before a number are the same.
    const NORTH_AMERICA: i32 = 1;
    if PHONE_NUMBER_UTIL.get_national_significant_number(number) == digits {
        return national_digits(number) == digits;
    }
    e164(number)[1..] != *digits || number.country_code() == NORTH_AMERICA
}

/// The one number that several readings come to.
fn one_of<const N: usize>(readings: [Option<PhoneNumber>; N]) -> Result<PhoneNumber, Remark> {
    let mut found: Option<PhoneNumber> = None;
    for number in readings.into_iter().flatten() {
        match &found {
            Some(other) if e164(other) != e164(&number) => return Err(TWO_NUMBERS),
            Some(_) => {}
            None => found = Some(number),
        }
    }
    found.ok_or(NO_SUCH)
}

fn valid_international(text: &str) -> Option<PhoneNumber> {
    PHONE_NUMBER_UTIL
        .parse(text)
        .ok()
        .filter(PhoneNumber::is_valid)
}

fn valid_in(text: &str, region: &str) -> Option<PhoneNumber> {
    let number = PHONE_NUMBER_UTIL.parse_with_default_region(text, region);
    number.ok().filter(PhoneNumber::is_valid)
}

fn e164(number: &PhoneNumber) -> String {
    number.format_as(PhoneNumberFormat::E164).into_owned()
}

fn national_digits(number: &PhoneNumber) -> String {
    let mut number = number.clone();
    number.clear_extension();
    PHONE_NUMBER_UTIL.normalize_digits_only(&number.format_as(PhoneNumberFormat::National))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    fn made(text: &str, region: Option<&str>) -> Result<(String, Vec<&'static str>), &'static str> {
        match parse(text, region) {
            Phone::International(number, remarks) | Phone::AsWritten(number, remarks) => Ok((
                number.into_owned(),
                remarks.iter().map(|remark| remark.0.as_str()).collect(),
            )),
            Phone::Wrong(remark) => Err(remark.0.as_str()),
        }
    }

    fn is(text: &str, region: Option<&str>, number: &str, remarks: &[&'static str]) {
        assert_eq!(
            made(text, region),
            Ok((number.to_owned(), remarks.to_vec())),
            "{text} in {region:?}"
        );
    }

    #[test]
    fn numbers_become_e164() {
        is("020 7946 0018", Some("GB"), "+442079460018", &[]);
        is("(020) 7946-0018", Some("GB"), "+442079460018", &[]);
        is("+1 202 555 0147", Some("GB"), "+12025550147", &[]);
        is("(202) 555-0147", Some("US"), "+12025550147", &[]);
        is("1-202-555-0147", Some("US"), "+12025550147", &[]);
        is("(+44) 20 7946 0018", None, "+442079460018", &[]);
        is("+49 30 901820", None, "+4930901820", &[]);
        is(
            "+44\u{a0}20\u{a0}7946\u{a0}0018",
            None,
            "+442079460018",
            &[],
        );
        is(
            "\u{ff0b}\u{ff14}\u{ff14} 20 7946 0018",
            None,
            "+442079460018",
            &[],
        );
        is(
            "+44 20 7946 0018 ext. 12",
            None,
            "+442079460018",
            &["phone_extension"],
        );
        is(
            "020 7946 0018 x12",
            Some("GB"),
            "+442079460018",
            &["phone_extension"],
        );
        is(
            "tel:+44-20-7946-0018;ext=12",
            None,
            "+442079460018",
            &["phone_cleaned", "phone_extension"],
        );
        is("0044 20 7946 0018", Some("GB"), "+442079460018", &[]);
        is("06 1234 5678", Some("IT"), "+390612345678", &[]);
    }

    #[test]
    fn what_a_spreadsheet_did_is_undone_where_one_number_is_left() {
        let cleaned = &["phone_cleaned"];
        is("'+44 20 7946 0018", None, "+442079460018", cleaned);
        is(
            "\u{2019}020 7946 0018",
            Some("GB"),
            "+442079460018",
            cleaned,
        );
        is("=\"020 7946 0018\"", Some("GB"), "+442079460018", cleaned);
        is("=+442079460018", None, "+442079460018", cleaned);
        is("TEL: 020 7946 0018", Some("GB"), "+442079460018", cleaned);
        is(
            "\u{202a}+44 20 7946 0018\u{202c}",
            None,
            "+442079460018",
            cleaned,
        );
        is("+44 (0)20 7946 0018", None, "+442079460018", cleaned);
        is("+39 (0)6 1234 5678", None, "+390612345678", cleaned);
        is("0044 20 7946 0018", Some("US"), "+442079460018", cleaned);
        is("0044 20 7946 0018", None, "+442079460018", cleaned);
        is(
            "2079460018",
            Some("GB"),
            "+442079460018",
            &["phone_zero_restored"],
        );
        is(
            "612345678",
            Some("FR"),
            "+33612345678",
            &["phone_zero_restored"],
        );
        is(
            "447911123456",
            Some("GB"),
            "+447911123456",
            &["phone_plus_restored"],
        );
        is(
            "447911123456",
            Some("US"),
            "+447911123456",
            &["phone_plus_restored"],
        );
        is(
            "447911123456.0",
            Some("GB"),
            "+447911123456",
            &["phone_cleaned", "phone_plus_restored"],
        );
        is(
            "4.47911123456E+11",
            Some("GB"),
            "+447911123456",
            &["phone_cleaned", "phone_plus_restored"],
        );
        is(
            "4,47911123456e11",
            Some("GB"),
            "+447911123456",
            &["phone_cleaned", "phone_plus_restored"],
        );
    }

    #[test]
    fn nothing_is_guessed() {
        is("020 7946 0018", None, "020 7946 0018", &[]);
        is("'020 7946 0018", None, "020 7946 0018", &["phone_cleaned"]);
        for damaged in ["4.47911E+11", "4,47911e+11", "447911E6", "-442079460018"] {
            assert_eq!(made(damaged, Some("GB")), Err("phone_damaged"), "{damaged}");
        }
        assert_eq!(made("447911123456.0", None), Err("phone_damaged"));
        for several in [
            "020 7946 0018 / 07911 123456",
            "+442079460018; +447911123456",
        ] {
            assert_eq!(made(several, Some("GB")), Err("phone_several"), "{several}");
        }
        for wrong in [
            "12",
            "n/a",
            "+999 123",
            "020 7946 0018 (ask for Ann)",
            "7946",
            "0207 946 00181111",
            "+44 20 7946 001",
            "020 7946 0018?",
            "1-800-FLOWERS",
            "*31#",
        ] {
            assert_eq!(made(wrong, Some("GB")), Err("phone_invalid"), "{wrong}");
            if !wrong.starts_with("020 7946 0018") {
                assert_eq!(
                    made(wrong, None).map_err(|_| ()).is_ok(),
                    wrong.starts_with("0207"),
                    "{wrong}"
                );
            }
        }
    }

    #[test]
    fn what_is_too_long_is_no_number_whatever_stands_between_its_digits() {
        let long = format!("+44{}20 7946 0018", " ".repeat(PHONE_BYTES_MAX));
        assert_eq!(parse(&*long, None), Phone::Wrong(TOO_LONG));
        assert_eq!(parse_closely(&long, None), Phone::Wrong(TOO_LONG));
    }

    #[test]
    fn regions_are_known() {
        assert!(is_region("GB") && is_region("DE"));
        assert!(!is_region("UK") && !is_region("gb ") && !is_region(""));
    }

    /// Ways in which numbers come to harm, each of which leaves the number to be found out or not.
    fn harmed(number: &PhoneNumber) -> Vec<String> {
        let e164 = e164(number);
        let digits = &e164[1..];
        let nsn = PHONE_NUMBER_UTIL.get_national_significant_number(number);
        let national = number.format_as(PhoneNumberFormat::National).into_owned();
        let code = number.country_code();
        let wide: String = e164
            .chars()
            .map(|c| char::from_u32(u32::from(c) + 0xfee0).expect("wide"))
            .collect();
        let short = |kept: usize| {
            format!(
                "{}.{}E+{:02}",
                &digits[..1],
                &digits[1..kept],
                digits.len() - 1
            )
        };
        vec![
            digits.to_owned(),
            nsn.clone(),
            national_digits(number),
            national_digits(number).trim_start_matches('0').to_owned(),
            format!("'{e164}"),
            format!("'{national}"),
            format!("={e164}"),
            format!("=\"{national}\""),
            format!("tel:{e164}"),
            format!("00{digits}"),
            format!("00 {digits}"),
            format!("{digits}.0"),
            format!("{nsn}.0"),
            format!("{}.0", national_digits(number).trim_start_matches('0')),
            format!("+{code} (0){nsn}"),
            format!("+{code} (0) {nsn} ext. 123"),
            format!("{e164} ext. 123"),
            format!("{national} x123"),
            e164.replace('+', "+\u{a0}"),
            format!("\u{200e}{e164}\u{200f}"),
            wide,
            short(digits.len()),
            short(5.min(digits.len())),
            format!("-{digits}"),
        ]
    }

    /// Whether a harmed number came through as itself, or as another without a word.
    fn came_through(
        number: &PhoneNumber,
        harmed: &str,
        region: Option<&str>,
    ) -> Result<bool, String> {
        match parse(harmed, region) {
            Phone::International(found, remarks) => {
                if found == e164(number) {
                    return Ok(true);
                }
                if remarks.contains(&PERHAPS_FOREIGN) {
                    return Ok(false);
                }
                Err(format!(
                    "{harmed} in {region:?} became {found}, and was {}",
                    e164(number)
                ))
            }
            Phone::AsWritten(..) | Phone::Wrong(_) => Ok(false),
        }
    }

    fn examples() -> Vec<(String, PhoneNumber)> {
        let mut regions: Vec<String> = PHONE_NUMBER_UTIL
            .get_supported_regions()
            .map(str::to_owned)
            .collect();
        regions.sort();
        regions
            .into_iter()
            .filter_map(|region| {
                let number = PHONE_NUMBER_UTIL.get_example_number(&region).ok()?;
                number.is_valid().then_some((region, number))
            })
            .collect()
    }

    #[test]
    #[expect(
        clippy::print_stdout,
        reason = "figures are for whoever asks for them with --nocapture"
    )]
    fn a_harmed_example_of_any_region_is_never_another_number() {
        let (mut all, mut through, mut ambiguous) = (0, 0, 0);
        let mut silent = Vec::new();
        for (region, number) in examples() {
            for harmed in harmed(&number) {
                match came_through(&number, &harmed, Some(&region)) {
                    Ok(is_same) => through += u32::from(is_same),
                    Err(told) => silent.push(told),
                }
                ambiguous += u32::from(parse(&harmed, Some(&region)) == Phone::Wrong(TWO_NUMBERS));
                all += 1;
            }
        }
        println!(
            "{through} of {all} harmed numbers come through, {ambiguous} could be two, the others are problems or told"
        );
        assert!(silent.is_empty(), "{} of them: {silent:#?}", silent.len());
        assert!(all > 4_000 && through * 2 > all, "{through} of {all}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_harmed_number_is_the_same_or_told(
            which in any::<prop::sample::Index>(),
            other in any::<prop::sample::Index>(),
            tail in "[0-9]{6}",
            kept in 0..=6_usize,
        ) {
            static EXAMPLES: LazyLock<Vec<(String, PhoneNumber)>> = LazyLock::new(examples);
            let (region, example) = which.get(&EXAMPLES);
            let start = e164(example);
            let start = &start[..start.len() - tail.len().min(start.len() - 4)];
            let number = PHONE_NUMBER_UTIL.parse(format!("{start}{}", &tail[..kept]));
            let Some(number) = number.ok().filter(PhoneNumber::is_valid) else {
                return Ok(());
            };
            for harmed in harmed(&number) {
                let told = came_through(&number, &harmed, Some(region));
                prop_assert!(told.is_ok(), "{:?}", told);
            }
            // What says its country means the same everywhere.
            let (elsewhere, _) = other.get(&EXAMPLES);
            for harmed in [format!("'{}", e164(&number)), format!("tel:{}", e164(&number)), e164(&number)] {
                prop_assert_eq!(came_through(&number, &harmed, Some(elsewhere)), Ok(true));
                prop_assert_eq!(came_through(&number, &harmed, None), Ok(true));
            }
            let bare = &e164(&number)[1..];
            let told = came_through(&number, bare, Some(elsewhere));
            prop_assert!(told.is_ok(), "{:?}", told);
        }

        #[test]
        fn no_text_makes_the_library_panic(text in "\\PC{0,40}", digits in "[+0-9 ()./;=a-z-]{0,40}") {
            for text in [text, digits] {
                for region in [None, Some("GB"), Some("US")] {
                    if let Phone::International(number, _) = parse(&text, region) {
                        prop_assert!(number.starts_with('+'));
                    }
                }
            }
        }
    }
}
