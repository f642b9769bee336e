//! Numbers, dates and times of a sheet as the text that stands for them: exact, in plain digits, dates as ISO 8601 writes them.
//!
//! What a cell shows depends on the reader's locale, and `03/04/26` is two dates; so a date is written in the one form
//! that is unambiguous. Percentages and amounts are plain numbers. Not here: where a cell's format comes from.

use super::said::Wrong;

/// Digits that a spreadsheet keeps of a number; from here on they are lost before the file is written.
pub(super) const DIGITS_MAX: usize = 15;
/// The last day that a spreadsheet knows, 9999-12-31, in the 1900 system.
const SERIAL_MAX: f64 = 2_958_466.0;
/// Days between the two systems' first days.
const DAYS_1904: f64 = 1_462.0;
const MILLIS_OF_DAY: i64 = 86_400_000;

/// What a cell's number format makes of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// A number.
    Number,
    /// A day, a time of day, or both.
    Date,
    /// Hours beyond a day: `[h]:mm`.
    Duration,
    /// Digits with zeros in front or signs between, as ids are shown: `00000`, `000-00-0000`.
    Digits(String),
}

/// The format of a cell, as far as it matters here.
#[derive(Clone, Debug)]
pub(super) struct CellStyle {
    pub(super) number: Style,
    pub(super) is_struck: bool,
}

impl Style {
    /// That of a format in Excel's notation.
    pub(super) fn of(format: &str) -> Self {
        if let Some(style) = digits_style(format) {
            return style;
        }
        let mut chars = format.chars();
        let mut is_date = false;
        while let Some(c) = chars.next() {
            match c {
                // The next character stands for itself, or for its width.
                '\\' | '_' | '*' => drop(chars.next()),
                '"' => drop(chars.by_ref().find(|c| *c == '"')),
                '[' => {
                    let within: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    let within = within.to_ascii_lowercase();
                    let is_elapsed = ["h", "m", "s"].iter().any(|unit| {
                        !within.is_empty() && within.chars().all(|c| unit.starts_with(c))
                    });
                    if is_elapsed {
                        return Self::Duration;
                    }
                }
                // Only the first section, that of positive numbers, counts.
                ';' => break,
                'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => is_date = true,
                _ => {}
            }
        }
        if is_date { Self::Date } else { Self::Number }
    }

    /// That of a format that every spreadsheet has built in.
    pub(super) fn built_in(id: u32) -> Self {
        match id {
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => Self::Date,
            46 => Self::Duration,
            _ => Self::Number,
        }
    }
}

/// A format of nothing but digits and what stands before, between and behind them, with a zero that is shown in front
/// or with text: `00000`, `000-00-0000`, `"DSR-"0000`.
fn digits_style(format: &str) -> Option<Style> {
    let mut pattern = String::new();
    let (mut has_text, mut has_unit) = (false, false);
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        let literal: String = match c {
            '0' | '#' => {
                pattern.push(c);
                continue;
            }
            '-' | ' ' | '(' | ')' => c.to_string(),
            '\\' => chars.next()?.to_string(),
            '"' => chars.by_ref().take_while(|c| *c != '"').collect(),
            _ => return None,
        };
        // In a pattern these stand for digits.
        if literal.contains(['0', '#']) {
            return None;
        }
        has_text = true;
        has_unit |= pattern.contains('0') && literal.contains(char::is_alphabetic);
        pattern += &literal;
    }
    let zeros = pattern.matches('0').count();
    (zeros > 1 || zeros == 1 && has_text && !has_unit).then_some(Style::Digits(pattern))
}

/// A number in its style.
pub(super) fn number(value: f64, style: &Style, is_1904: bool) -> Result<String, Wrong> {
    match style {
        Style::Number => plain(value),
        Style::Date => date(value, is_1904),
        Style::Duration => duration(value),
        Style::Digits(pattern) => Ok(in_pattern(&plain(value)?, pattern)),
    }
}

/// The number that stands for another in four bytes: with two marks, and without its last bits (MS-XLSB 2.5.122).
pub(super) fn rk(packed: u32) -> f64 {
    let value = if packed & 2 == 0 {
        f64::from_bits(u64::from(packed & !3) << 32)
    } else {
        f64::from(packed.cast_signed() >> 2)
    };
    if packed & 1 == 0 {
        value
    } else {
        value / 100.0
    }
}

/// A truth value as a cell shows it in English.
pub(super) fn boolean(value: bool) -> String {
    if value { "TRUE" } else { "FALSE" }.to_owned()
}

/// A number in plain digits, without exponent, at most [`DIGITS_MAX`] of them significant.
fn plain(value: f64) -> Result<String, Wrong> {
    if !value.is_finite() {
        return Err(Wrong::NotRead);
    }
    if value.abs() >= 1e15 {
        return Err(Wrong::TooManyDigits);
    }
    if value == 0.0 {
        return Ok("0".to_owned());
    }
    let exact = format!("{:.*e}", DIGITS_MAX - 1, value.abs());
    let (mantissa, exponent) = exact.split_once('e').ok_or(Wrong::NotRead)?;
    let exponent: i32 = exponent.parse().map_err(|_| Wrong::NotRead)?;
    let digits = mantissa.replace('.', "");
    let digits = digits.trim_end_matches('0');
    let whole = usize::try_from(exponent + 1).unwrap_or(0);
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    if whole == 0 {
        text.push_str("0.");
        text.extend((exponent + 1..0).map(|_| '0'));
        text.push_str(digits);
    } else if digits.len() <= whole {
        text.push_str(digits);
        text.extend((digits.len()..whole).map(|_| '0'));
    } else {
        text.push_str(&digits[..whole]);
        text.push('.');
        text.push_str(&digits[whole..]);
    }
    Ok(text)
}

/// Digits laid into a pattern from its end; a number that is not whole or negative stays as it is.
fn in_pattern(digits: &str, pattern: &str) -> String {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.to_owned();
    }
    let mut left = digits.bytes().rev().map(char::from).peekable();
    let mut reversed = String::new();
    let places = pattern.matches(['0', '#']).count();
    let mut place = 0;
    for c in pattern.chars().rev() {
        match c {
            '0' | '#' => {
                place += 1;
                match left.next() {
                    Some(digit) => reversed.push(digit),
                    None if c == '0' => reversed.push('0'),
                    None => {}
                }
                if place == places {
                    reversed.extend(left.by_ref());
                }
            }
            other => reversed.push(other),
        }
    }
    reversed.chars().rev().collect()
}

/// A serial number of days as a day, with the time of day where it has one; below the first day a time alone.
fn date(serial: f64, is_1904: bool) -> Result<String, Wrong> {
    if !(0.0..SERIAL_MAX).contains(&serial) {
        return Err(Wrong::NoSuchDate);
    }
    let is_time = serial < 1.0 && (serial > 0.0 || !is_1904);
    let millis = millis(serial + if is_1904 { DAYS_1904 } else { 0.0 });
    let (days, time) = (millis / MILLIS_OF_DAY, millis % MILLIS_OF_DAY);
    if is_time && days <= 1_462 {
        return Ok(clock(time));
    }
    // The 1900 system counts a 29 February that 1900 did not have.
    let (year_start, offset) = match days {
        60 => return Err(Wrong::NoSuchDate),
        1..60 => (jiff::civil::date(1899, 12, 31), days),
        _ => (jiff::civil::date(1899, 12, 30), days),
    };
    let day = year_start
        .checked_add(jiff::Span::new().days(offset))
        .map_err(|_| Wrong::NoSuchDate)?;
    Ok(if time == 0 {
        day.to_string()
    } else {
        format!("{day} {}", clock(time))
    })
}

fn duration(days: f64) -> Result<String, Wrong> {
    if !(0.0..SERIAL_MAX).contains(&days) {
        return Err(Wrong::NoSuchDate);
    }
    Ok(clock(millis(days)))
}

/// Days as whole milliseconds, which is finer than what binary fractions of days keep.
fn millis(days: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 9999 years of milliseconds, which are whole after rounding"
    )]
    let millis = (days * 86_400_000.0).round() as i64;
    millis
}

/// `14:30:00`, with milliseconds where there are some.
fn clock(millis: i64) -> String {
    let seconds = millis / 1_000;
    let text = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    );
    match millis % 1_000 {
        0 => text,
        rest => format!("{text}.{rest:03}"),
    }
}

/// A date or date and time that the file has as ISO 8601 text.
pub(super) fn iso(text: &str) -> String {
    let Some((day, time)) = text.split_once('T') else {
        return text.to_owned();
    };
    let time = time.strip_suffix('Z').unwrap_or(time);
    let time = match time.split_once('.') {
        Some((whole, rest)) if rest.bytes().all(|byte| byte == b'0') => whole,
        _ => time,
    };
    if time.bytes().all(|byte| matches!(byte, b'0' | b':')) {
        day.to_owned()
    } else {
        format!("{day} {time}")
    }
}

/// A duration that the file has as ISO 8601 text, `PT14H30M00S`: what a cell with a time of day holds.
pub(super) fn iso_duration(text: &str) -> Option<String> {
    let rest = text.strip_prefix("PT")?;
    let (hours, rest) = rest.split_once('H')?;
    let (minutes, rest) = rest.split_once('M')?;
    let seconds = rest.strip_suffix('S')?;
    let whole = |text: &str| text.parse::<u32>().ok();
    let seconds: f64 = seconds.replace(',', ".").parse().ok()?;
    let of_day = f64::from(whole(hours)?) * 3_600.0 + f64::from(whole(minutes)?) * 60.0 + seconds;
    duration(of_day / 86_400.0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_and_never_in_scientific_notation() {
        let of = |value| plain(value).expect("it can be written");
        assert_eq!(of(12.0), "12");
        assert_eq!(of(-0.5), "-0.5");
        assert_eq!(of(0.1 + 0.2), "0.3");
        assert_eq!(of(447_911_123_456.0), "447911123456");
        assert_eq!(of(999_999_999_999_999.0), "999999999999999");
        assert_eq!(of(1200.0), "1200");
        assert_eq!(of(1e-7), "0.0000001");
        assert_eq!(of(1.0 / 3.0), "0.333333333333333");
        assert_eq!(plain(1_234_567_890_123_456.0), Err(Wrong::TooManyDigits));
    }

    #[test]
    fn dates_of_both_systems_with_the_day_that_1900_did_not_have() {
        let of = |serial, is_1904| date(serial, is_1904);
        assert_eq!(of(46_082.0, false).as_deref(), Ok("2026-03-01"));
        assert_eq!(
            of(46_082.604_166_666_664, false).as_deref(),
            Ok("2026-03-01 14:30:00")
        );
        assert_eq!(of(44_620.0, true).as_deref(), Ok("2026-03-01"));
        assert_eq!(of(1.0, false).as_deref(), Ok("1900-01-01"));
        assert_eq!(of(59.0, false).as_deref(), Ok("1900-02-28"));
        assert_eq!(of(60.0, false), Err(Wrong::NoSuchDate));
        assert_eq!(of(61.0, false).as_deref(), Ok("1900-03-01"));
        assert_eq!(of(0.5, false).as_deref(), Ok("12:00:00"));
        assert_eq!(of(0.5, true).as_deref(), Ok("12:00:00"));
        assert_eq!(of(0.0, true).as_deref(), Ok("1904-01-01"));
        assert_eq!(of(-1.0, false), Err(Wrong::NoSuchDate));
        assert_eq!(of(3_000_000.0, false), Err(Wrong::NoSuchDate));
        assert_eq!(duration(1.5).as_deref(), Ok("36:00:00"));
    }

    #[test]
    fn a_format_tells_dates_from_numbers() {
        for (format, style) in [
            ("General", Style::Number),
            ("0.00%", Style::Number),
            ("#,##0.00\\ [$€-407];[Red]-#,##0.00", Style::Number),
            ("0 \"days\"", Style::Number),
            ("[Red]0.0", Style::Number),
            ("dd/mm/yyyy", Style::Date),
            ("[$-409]d\\-mmm\\-yy;@", Style::Date),
            ("h:mm AM/PM", Style::Date),
            ("[h]:mm:ss", Style::Duration),
            ("0", Style::Number),
            ("00000", Style::Digits("00000".to_owned())),
            ("000\\-00\\-0000", Style::Digits("000-00-0000".to_owned())),
            ("\"DSR-\"0000", Style::Digits("DSR-0000".to_owned())),
            ("\\T0", Style::Digits("T0".to_owned())),
            ("\"No. 0\"0", Style::Number),
        ] {
            assert_eq!(Style::of(format), style, "{format}");
        }
    }

    #[test]
    fn ids_keep_the_zeros_and_signs_that_their_format_shows() {
        assert_eq!(in_pattern("42", "00000"), "00042");
        assert_eq!(in_pattern("123456789", "000-00-0000"), "123-45-6789");
        assert_eq!(in_pattern("1234567", "00000"), "1234567");
        assert_eq!(in_pattern("-7", "000"), "-7");
    }

    #[test]
    fn numbers_in_four_bytes() {
        let of = |packed| plain(rk(packed)).expect("it can be written");
        assert_eq!(of(0x3ff0_0000), "1");
        assert_eq!(of(0x3ff0_0001), "0.01");
        assert_eq!(of((1234 << 2) | 2), "1234");
        assert_eq!(of((1234 << 2) | 3), "12.34");
        assert_eq!(of((-5_i32 << 2).cast_unsigned() | 2), "-5");
    }

    #[test]
    fn dates_that_are_text_in_the_file() {
        assert_eq!(iso("2026-03-01"), "2026-03-01");
        assert_eq!(iso("2026-03-01T00:00:00"), "2026-03-01");
        assert_eq!(iso("2026-03-01T00:00:00.000Z"), "2026-03-01");
        assert_eq!(iso("2026-03-01T14:30:00.000000000"), "2026-03-01 14:30:00");
        assert_eq!(iso("2026-03-01T14:30:20"), "2026-03-01 14:30:20");
        assert_eq!(iso_duration("PT14H30M00S").as_deref(), Some("14:30:00"));
        assert_eq!(iso_duration("P1D"), None);
    }
}
