//! Dates as exports and people write them: the day that is meant, or both days where the order is not told.
//!
//! In: the text of one cell. Out: a [`DateRead`]. Nothing is shifted: the day is that which is written, in whatever zone;
//! only a count since an epoch is a moment, and its day that of UTC. Which order a column has is not for one value to
//! say: `received` decides that from all of them.

use jiff::civil::{Date, date};

use crate::plan::DateOrder;

/// Longest text that is looked at as a date, in bytes.
pub const DATE_BYTES_MAX: usize = 64;
/// Years that a date may have.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;
/// The day 0 of spreadsheets that count from 1900, and believe that year to have been a leap year.
const SERIAL_ZERO: Date = date(1899, 12, 30);
/// Serial numbers of days from 1990 to 2079: other numbers are more likely something else.
const SERIALS: std::ops::RangeInclusive<i64> = 32_874..=65_745;
/// Seconds since 1970, from 2001 to 2037: ten digits in all these years.
const EPOCH_SECONDS: std::ops::RangeInclusive<i64> = 1_000_000_000..=2_145_916_800;
const SECONDS_OF_DAY: i64 = 86_400;

/// What a cell says of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateRead {
    /// Nothing.
    Blank,
    /// This day, whatever the order.
    Day(Date),
    /// One day with the day first, and another with the month first; none where there is no such day.
    ByOrder {
        /// `31/12/2026`
        day_first: Option<Date>,
        /// `12/31/2026`
        month_first: Option<Date>,
    },
    /// No date that is known.
    Unreadable,
}

impl DateRead {
    /// Whether it is no day in any order.
    pub(crate) const fn is_unreadable(self) -> bool {
        matches!(
            self,
            Self::Unreadable
                | Self::ByOrder {
                    day_first: None,
                    month_first: None,
                }
        )
    }
}

/// Names of the months in English, German, French, Spanish, Italian, Portuguese, Dutch and Scandinavian languages.
const MONTHS: [&[&str]; 12] = [
    &[
        "jan", "januar", "january", "januari", "janv", "janvier", "jän", "jänner", "ene", "enero",
        "gen", "gennaio", "janeiro",
    ],
    &[
        "feb",
        "february",
        "februar",
        "februari",
        "fév",
        "févr",
        "février",
        "febrero",
        "febbraio",
        "fev",
        "fevereiro",
    ],
    &[
        "mar", "march", "mär", "märz", "mrz", "mars", "marzo", "março", "maart", "mrt", "marts",
    ],
    &["apr", "april", "avr", "avril", "abr", "abril", "aprile"],
    &["may", "mai", "mayo", "mag", "maggio", "maio", "mei", "maj"],
    &[
        "jun", "june", "juni", "juin", "junio", "giu", "giugno", "junho",
    ],
    &[
        "jul", "july", "juli", "juil", "juillet", "julio", "lug", "luglio", "julho",
    ],
    &[
        "aug", "august", "août", "aout", "ago", "agosto", "augustus", "augusti",
    ],
    &[
        "sep",
        "sept",
        "september",
        "septembre",
        "septiembre",
        "set",
        "settembre",
        "setembro",
    ],
    &[
        "oct", "october", "okt", "oktober", "octobre", "octubre", "ott", "ottobre", "out",
        "outubro",
    ],
    &["nov", "november", "novembre", "noviembre", "novembro"],
    &[
        "dec",
        "december",
        "dez",
        "dezember",
        "déc",
        "décembre",
        "dic",
        "diciembre",
        "dicembre",
        "dezembro",
        "des",
        "desember",
    ],
];
/// Days of the week, as written before a date.
#[rustfmt::skip]
const WEEKDAYS: [&str; 70] = [
    "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonnabend", "sonntag", "mo", "di", "mi", "do", "fr", "sa", "so",
    "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
    "lunes", "martes", "miércoles", "miercoles", "jueves", "viernes", "sábado", "sabado", "domingo",
    "lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica",
    "segunda", "terça", "terca", "quarta", "quinta", "sexta", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira",
    "maandag", "dinsdag", "woensdag", "donderdag",
    "mon",
    "monday",
    "tue",
    "tues",
    "tuesday",
    "wed",
    "wednesday",
    "thu",
    "thur",
    "thurs",
    "thursday",
    "fri",
    "friday",
    "sat",
    "saturday",
    "sun",
    "sunday",
];

/// What a cell says; with an order, numbers are read in that alone.
pub(crate) fn read(text: &str, order: Option<DateOrder>) -> DateRead {
    let text = text.trim().trim_start_matches(['\'', '\u{2019}']);
    if text.is_empty() {
        return DateRead::Blank;
    }
    if text.len() > DATE_BYTES_MAX {
        return DateRead::Unreadable;
    }
    if let Some(found) = of_number(text) {
        return found;
    }
    let latin = with_units(text);
    of_parts(latin.as_deref().unwrap_or(text), order).unwrap_or(DateRead::Unreadable)
}

/// Returns `2026年3月12日 15時04分`, or the same in Korean, as `2026-3-12 15:04`; none for any other text.
fn with_units(text: &str) -> Option<String> {
    let (year, rest) = text.split_once(['年', '년'])?;
    let (month, rest) = rest.split_once(['月', '월'])?;
    let (day, rest) = rest.split_once(['日', '일'])?;
    // A weekday in brackets.
    let rest = match rest.trim_start().strip_prefix(['(', '（']) {
        Some(behind) => behind.split_once([')', '）'])?.1,
        None => rest,
    };
    let rest = rest.trim();
    let halves = [
        ("午前", "AM"),
        ("午後", "PM"),
        ("上午", "AM"),
        ("下午", "PM"),
        ("오전", "AM"),
        ("오후", "PM"),
    ];
    let half = halves
        .iter()
        .find_map(|(word, half)| Some((rest.strip_prefix(word)?, *half)));
    let (clock, half) = half.unwrap_or((rest, ""));
    let clock = clock
        .trim()
        .replace(['時', '点', '분', '시', '分'], ":")
        .replace(['秒', '초'], "")
        .replace(": ", ":");
    let clock = clock.trim_end_matches(':');
    let [year, month, day] = [year, month, day].map(str::trim);
    Some(
        format!("{year}-{month}-{day} {clock} {half}")
            .trim_end()
            .to_owned(),
    )
}

/// A number alone: `20261231`, with a time or not, a serial number of a spreadsheet, seconds or milliseconds since 1970.
/// None when the text is no such number at all.
fn of_number(text: &str) -> Option<DateRead> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let days = |days: i64, from: Date| {
        let span = jiff::Span::new().try_days(days).ok()?;
        from.checked_add(span).ok()
    };
    let compact = |text: &str| {
        let number = |part: &str| part.parse::<i16>().ok();
        day_of(
            number(&text[..4])?,
            number(&text[4..6])?,
            number(&text[6..8])?,
        )
    };
    let day = match whole.len() {
        5 if SERIALS.contains(&number) => days(number, SERIAL_ZERO),
        8 if text.len() == 8 => compact(whole),
        14 if is_time_of_day(&whole[8..]) => compact(whole),
        10 if EPOCH_SECONDS.contains(&number) => days(number / SECONDS_OF_DAY, date(1970, 1, 1)),
        13 if EPOCH_SECONDS.contains(&(number / 1000)) => {
            days(number / 1000 / SECONDS_OF_DAY, date(1970, 1, 1))
        }
        _ => None,
    };
    Some(day.map_or(DateRead::Unreadable, DateRead::Day))
}

/// `hhmmss`
fn is_time_of_day(digits: &str) -> bool {
    let part = |at: usize| digits[at..at + 2].parse::<u8>().unwrap_or(u8::MAX);
    part(0) < 24 && part(2) < 60 && part(4) <= 60
}

/// A piece of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A number and how many digits it has.
    Number(i16, usize),
    Month(i16),
}

/// A date of three parts, and a time that may follow it.
#[expect(clippy::too_many_lines, reason = "one arm for each form of a date")]
fn of_parts(text: &str, order: Option<DateOrder>) -> Option<DateRead> {
    let mut rest = without_weekday(text);
    let mut parts = [Part::Month(0); 3];
    let mut separators = [""; 2];
    for index in 0..3 {
        let (part, after) = part(rest)?;
        parts[index] = part;
        rest = after;
        if index < 2 {
            let end = rest.find(char::is_alphanumeric)?;
            separators[index] = &rest[..end];
            rest = without_of(&rest[end..]);
        }
    }
    if !is_time(rest) {
        return None;
    }
    let by_month = match parts {
        [
            Part::Number(day, ..=2),
            Part::Month(month),
            Part::Number(year, digits @ (2 | 4)),
        ]
        | [
            Part::Month(month),
            Part::Number(day, ..=2),
            Part::Number(year, digits @ (2 | 4)),
        ] => Some((full_year(year, digits), month, day)),
        [
            Part::Number(year, 4),
            Part::Month(month),
            Part::Number(day, ..=2),
        ] => Some((year, month, day)),
        _ => None,
    };
    if let Some((year, month, day)) = by_month {
        let is_divided = separators.iter().all(|text| is_between_words(text));
        return Some(DateRead::Day(
            day_of(year, month, day).filter(|_| is_divided)?,
        ));
    }
    let [
        Part::Number(a, a_digits),
        Part::Number(b, ..=2),
        Part::Number(c, c_digits),
    ] = parts
    else {
        return None;
    };
    let separator = separators[0].trim();
    if !matches!(separator, "/" | "-" | "." | "\u{2010}" | "\u{2011}")
        || separator != separators[1].trim()
    {
        return None;
    }
    match (a_digits, c_digits) {
        (4, 1 | 2) => day_of(a, b, c).map(DateRead::Day),
        (1 | 2, 2) if order == Some(DateOrder::YearFirst) => {
            day_of(full_year(a, a_digits), b, c).map(DateRead::Day)
        }
        (1 | 2, 2 | 4) => {
            let year = full_year(c, c_digits);
            let (day_first, month_first) = (day_of(year, b, a), day_of(year, a, b));
            match order {
                Some(DateOrder::DayFirst) => day_first.map(DateRead::Day),
                Some(DateOrder::MonthFirst) => month_first.map(DateRead::Day),
                Some(DateOrder::YearFirst) => None,
                // No country writes the month first and dots.
                None if separator == "." => day_first.map(DateRead::Day),
                None if day_first == month_first => day_first.map(DateRead::Day),
                None => Some(DateRead::ByOrder {
                    day_first,
                    month_first,
                }),
            }
        }
        _ => None,
    }
}

/// Two digits of a year are those of this century.
fn full_year(year: i16, digits: usize) -> i16 {
    if digits == 2 { 2000 + year } else { year }
}

fn day_of(year: i16, month: i16, day: i16) -> Option<Date> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    YEARS
        .contains(&year)
        .then(|| Date::new(year, month, day).ok())?
}

/// Removes the `de` or `of` between a day, a month and a year.
fn without_of(text: &str) -> &str {
    const OF: [&str; 4] = ["de ", "del ", "di ", "of "];
    let found = OF.iter().find_map(|of| text.strip_prefix(of));
    found.map_or(text, str::trim_start)
}

fn without_weekday(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphabetic() && c != '-')
        .unwrap_or(text.len());
    if end == 0 {
        return text;
    }
    let word = text[..end].to_lowercase();
    let is_weekday = WEEKDAYS.contains(&word.as_str());
    if is_weekday {
        text[end..].trim_start_matches([',', '.', ' ', '\u{a0}'])
    } else {
        text
    }
}

/// The number or month that a text begins with, and what follows; the ending of `1st` belongs to it.
fn part(text: &str) -> Option<(Part, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        let number = text[..digits].parse().ok().filter(|_| digits <= 4)?;
        let rest = &text[digits..];
        let word = word(rest);
        let is_ending = ["st", "nd", "rd", "th"]
            .iter()
            .any(|ending| word.eq_ignore_ascii_case(ending));
        let rest = if is_ending { &rest[word.len()..] } else { rest };
        return Some((Part::Number(number, digits), rest));
    }
    let word = word(text);
    let form = word.to_lowercase();
    let month = MONTHS
        .iter()
        .position(|names| names.contains(&form.as_str()))?;
    Some((
        Part::Month(i16::try_from(month + 1).ok()?),
        &text[word.len()..],
    ))
}

fn word(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(text.len());
    &text[..end]
}

/// What stands beside a month that is a word.
fn is_between_words(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= 3
        && text
            .chars()
            .all(|c| c.is_whitespace() || matches!(c, '-' | '/' | '.' | ','))
}

/// Nothing, or a time of day with what may follow it (`3:04:05.678 PM GMT+3`), as a date has it behind it.
fn is_time(text: &str) -> bool {
    let is_edge = |c: char| c.is_whitespace() || c == ',';
    if text.trim_matches(is_edge).trim_end_matches('.').is_empty() {
        return true;
    }
    let time = match text.strip_prefix(['T', 't']) {
        Some(time) => time,
        None if text.starts_with(is_edge) => text.trim_start_matches(is_edge),
        None => return false,
    };
    let words = [
        "at ",
        "um ",
        "à ",
        "às ",
        "as ",
        "a las ",
        "alle ore ",
        "alle ",
        "om ",
        "kl. ",
        "kl ",
    ];
    let time = words
        .iter()
        .find_map(|word| time.strip_prefix(word))
        .unwrap_or(time);
    // `15h04`, `15 h 04`: only after digits.
    let french = of_hours(time);
    let time = french.as_deref().unwrap_or(time);
    // A zone alone may stand behind a day: 2026-12-31Z.
    let end = time
        .find(|c: char| !matches!(c, '0'..='9' | ':' | '.'))
        .unwrap_or(time.len());
    let (clock, after) = time.split_at(end);
    let after = after.trim();
    let half = after
        .get(..2)
        .filter(|half| half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm"));
    let half = half.or(after.get(..4).filter(|half| {
        ["a.m.", "p.m."]
            .iter()
            .any(|word| half.eq_ignore_ascii_case(word))
    }));
    let zone = after[half.map_or(0, str::len)..].trim();
    is_clock(clock, half.is_some()) && is_zone(zone)
}

/// Returns `15h04` as `15:04`; none for any other text.
fn of_hours(text: &str) -> Option<String> {
    let (hour, minute) = text.split_once(['h', 'H'])?;
    let (hour, minute) = (hour.trim(), minute.trim());
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let minute = if minute.is_empty() { "00" } else { minute };
    (is_digits(hour) && is_digits(minute)).then(|| format!("{hour}:{minute}"))
}

/// `15:04`, `15:04:05.678`; with `PM` also `3`.
fn is_clock(text: &str, has_half: bool) -> bool {
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>| {
        digits
            .contains(&text.len())
            .then(|| text.parse::<u8>().ok())
            .flatten()
    };
    let mut parts = text.split(':');
    let hour = parts.next().and_then(|hour| number(hour, 1..=2));
    let hours = if has_half { 1..=12 } else { 0..=24 };
    if !hour.is_some_and(|hour| hours.contains(&hour)) {
        return false;
    }
    let Some(minute) = parts.next() else {
        return has_half;
    };
    let second = parts.next().unwrap_or("0");
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    parts.next().is_none()
        && number(minute, 2..=2).is_some_and(|minute| minute < 60)
        && number(second, 1..=2).is_some_and(|second| second <= 60)
        && (1..=9).contains(&fraction.len())
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

/// A name or an offset of a time zone, or nothing. It is kept as it is written, and so only has to look like one.
fn is_zone(text: &str) -> bool {
    const ZONE_CHARS_MAX: usize = 40;
    text.chars().count() <= ZONE_CHARS_MAX
        && text.chars().all(|c| {
            c.is_alphanumeric()
                || matches!(
                    c,
                    '+' | '-' | '\u{2212}' | ':' | '/' | '_' | '(' | ')' | ' ' | '[' | ']'
                )
        })
        && text.chars().filter(char::is_ascii_digit).count() <= 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Option<String> {
        match read(text, None) {
            DateRead::Day(day) => Some(day.to_string()),
            _ => None,
        }
    }

    #[test]
    fn dates_are_read_as_exports_write_them() {
        for text in [
            "2026-03-12",
            "2026-03-12T15:04:05Z",
            "2026-03-12T15:04:05.678+02:00",
            "2026-03-12 15:04:05",
            "2026-03-12 15:04:05 UTC",
            "2026-03-12 15:04:05 -0800",
            "2026/03/12",
            "2026/03/12 3:00:00 PM GMT+3",
            "2026.3.12",
            "20260312",
            "20260312150405",
            "12.03.2026",
            "12.3.2026 15:04",
            "12. 3. 2026",
            "12-Mar-2026",
            "12 March 2026",
            "12/Mar/26 3:04 PM",
            "12-Mar-26",
            "March 12, 2026",
            "Mar 12, 2026, 3:04 p.m.",
            "March 12th, 2026 at 3:04 PM",
            "Thursday, March 12, 2026",
            "Thu, 12 Mar 2026 15:04:05 +0000",
            "12. März 2026",
            "12 mars 2026",
            "'2026-03-12",
            "46093",
            "46093.628",
            "1773327845",
            "1773327845000",
            " 2026-03-12 ",
            "2026-03-12 3:04\u{202f}PM",
            "2026年3月12日",
            "2026年03月12日 15:04",
            "2026年3月12日(木) 15時04分",
            "2026年3月12日 午後3:04",
            "2026년 3월 12일",
            "2026년 3월 12일 오후 3:04",
            "12 de marzo de 2026",
            "12 de março de 2026",
            "12 de marzo del 2026",
            "12th of March 2026",
            "jeudi 12 mars 2026",
            "Donnerstag, 12. März 2026 um 15:04 Uhr",
            "12 mars 2026 à 15h04",
            "2026-03-12 15h",
            "quinta-feira, 12 de março de 2026 às 15:04",
            "jueves, 12 de marzo de 2026 a las 15:04",
        ] {
            assert_eq!(day(text).as_deref(), Some("2026-03-12"), "{text}");
        }
        assert_eq!(
            day("05/05/2026").as_deref(),
            Some("2026-05-05"),
            "the same in both orders"
        );
    }

    #[test]
    fn nothing_is_shifted_to_another_zone() {
        for text in [
            "2026-03-12T23:59:59-12:00",
            "2026-03-12T00:00:01+14:00",
            "2026-03-12 23:59 PST",
        ] {
            assert_eq!(day(text).as_deref(), Some("2026-03-12"), "{text}");
        }
    }

    #[test]
    fn numbers_leave_the_order_open() {
        let both = |text: &str| match read(text, None) {
            DateRead::ByOrder {
                day_first,
                month_first,
            } => [day_first, month_first]
                .map(|day| day.map_or("-".to_owned(), |day| day.to_string())),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(both("03/04/2026"), ["2026-04-03", "2026-03-04"]);
        assert_eq!(both("3-4-2026 10:00"), ["2026-04-03", "2026-03-04"]);
        assert_eq!(both("3/4/26 3:04 PM"), ["2026-04-03", "2026-03-04"]);
        assert_eq!(both("13/04/2026"), ["2026-04-13", "-"]);
        assert_eq!(both("04/13/2026"), ["-", "2026-04-13"]);
        let ordered = |text, order| read(text, Some(order));
        assert_eq!(
            ordered("03/04/2026", DateOrder::DayFirst),
            DateRead::Day(date(2026, 4, 3))
        );
        assert_eq!(
            ordered("03.04.2026", DateOrder::MonthFirst),
            DateRead::Day(date(2026, 3, 4))
        );
        assert_eq!(
            ordered("26/04/03", DateOrder::YearFirst),
            DateRead::Day(date(2026, 4, 3))
        );
        assert_eq!(
            ordered("04/13/2026", DateOrder::DayFirst),
            DateRead::Unreadable
        );
        assert_eq!(
            ordered("2026-04-03", DateOrder::MonthFirst),
            DateRead::Day(date(2026, 4, 3))
        );
    }

    #[test]
    fn what_is_no_date_is_not_made_one() {
        for text in [
            "soon",
            "12",
            "2026",
            "March 2026",
            "12/2026",
            "2026-13-01",
            "2026-02-30",
            "31.02.2026",
            "32/13/2026",
            "99999",
            "12345",
            "1/2/3/4",
            "12/03-2026",
            "2026-03-12 25:00",
            "2026-03-12 10:61",
            "2026-03-12 13:00 PM",
            "12:30",
            "2026-03-12 maybe later?",
            "12/13/14/2026",
            "0000-00-00",
            "1773327845999999",
            "9999-12-31",
            "2603051504",
            "12 Foo 2026",
            "123/04/2026",
            "12/03/026",
            "2026-03-12T",
            "2026-03-12x",
            "2026年3月",
            "3月12日",
            "2026年13月12日",
            "12 de 03 de 2026x",
        ] {
            assert!(
                matches!(
                    read(text, None),
                    DateRead::Unreadable
                        | DateRead::ByOrder {
                            day_first: None,
                            month_first: None
                        }
                ),
                "{text}: {:?}",
                read(text, None)
            );
        }
        assert_eq!(read(" ", None), DateRead::Blank);
    }

    proptest! {
        #[test]
        fn every_day_is_read_back_in_every_form(days in 0_i64..73_000) {
            let day = date(1950, 1, 1).checked_add(jiff::Span::new().days(days)).expect("in range");
            for form in ["%Y-%m-%d", "%d.%m.%Y", "%-d %B %Y", "%b %-d, %Y", "%Y/%-m/%-d 23:59:59 +1400", "%d-%b-%Y"] {
                let text = day.strftime(form).to_string();
                prop_assert_eq!(read(&text, None), DateRead::Day(day), "{}", text);
            }
            let numbers = day.strftime("%d/%m/%Y").to_string();
            prop_assert_eq!(read(&numbers, Some(DateOrder::DayFirst)), DateRead::Day(day));
            match read(&numbers, None) {
                DateRead::Day(same) => prop_assert_eq!(same, day),
                DateRead::ByOrder { day_first, .. } => prop_assert_eq!(day_first, Some(day)),
                other => prop_assert!(false, "{:?}", other),
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}", near in "[0-9/.:+ TZapmMar-]{0,30}") {
            for order in [None, Some(DateOrder::DayFirst), Some(DateOrder::YearFirst)] {
                let _ = (read(&text, order), read(&near, order));
            }
        }
    }
}
