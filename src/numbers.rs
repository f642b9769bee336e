//! Numbers and durations as people read them.

use std::time::Duration;

/// A number as people read it: `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration in its two largest units: `3 min 12 s`, `1.5 s`, `20 ms`.
pub(crate) fn duration(time: Duration) -> String {
    let (seconds, millis) = (time.as_secs(), time.as_millis());
    let two = |large: u64, of: &str, small: u64, below: &str| match small {
        0 => format!("{large} {of}"),
        _ => format!("{large} {of} {small} {below}"),
    };
    match seconds {
        0 if time.is_zero() => "0 s".to_owned(),
        0 if millis == 0 => format!("{} µs", time.as_micros()),
        0 => format!("{millis} ms"),
        1..10 if !millis.is_multiple_of(1_000) => format!("{:.1} s", time.as_secs_f64()),
        1..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
    }

    #[test]
    fn durations_have_two_units() {
        let told = [0, 900, 4_200, 59_000, 61_000, 3_600_000, 90_000_000]
            .map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(
            told,
            [
                "0 s",
                "900 ms",
                "4.2 s",
                "59 s",
                "1 min 1 s",
                "1 h",
                "1 d 1 h"
            ]
        );
    }
}
