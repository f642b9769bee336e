//! Numbers, times and texts from outside, as the page shows them.

use std::time::SystemTime;

use jiff::Timestamp;
use maud::{Markup, html};

use crate::numbers::grouped;
use crate::sanitize::{REPLACEMENT, is_unsafe};

/// Longest text from outside that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 320;

/// A text from outside: cut, and without characters that move or hide others.
pub(super) fn shown(text: &str) -> String {
    let mut chars = text.chars();
    let mut shown: String = chars
        .by_ref()
        .take(SHOWN_CHARS_MAX)
        .map(|c| if is_unsafe(c) { REPLACEMENT } else { c })
        .collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

/// A text from outside in which what stands between two backticks is code.
pub(super) fn ticked(text: &str) -> Markup {
    let text = shown(text);
    let is_paired = text.matches('`').count().is_multiple_of(2);
    html! {
        @if is_paired {
            @for (index, part) in text.split('`').enumerate() {
                @if index % 2 == 1 { code { (part) } } @else { (part) }
            }
        } @else { (text) }
    }
}

/// A moment in UTC: `2026-11-26 20:06:05 UTC`.
pub(super) fn moment(time: SystemTime) -> String {
    Timestamp::try_from(time).map_or_else(
        |_| "?".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// A day in UTC and its time, short: `26 Nov 20:06`.
pub(super) fn short_moment(time: SystemTime) -> String {
    Timestamp::try_from(time).map_or_else(
        |_| "?".to_owned(),
        |time| time.strftime("%-d %b %H:%M").to_string(),
    )
}

pub(super) fn number(count: u64) -> Markup {
    html! { td.n { @if count == 0 { span.none { "0" } } @else { (grouped(count)) } } }
}

pub(super) fn plain(value: f64) -> String {
    if value.fract().abs() < 1e-9 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

/// A number and what it counts: `1 row`, `1,200 rows`, `2 entries`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let number = crate::numbers::grouped(count);
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}

/// A share in percent, never rounded to none or all.
pub(super) fn percent(part: u64, whole: u64) -> String {
    match part * 100 / whole.max(1) {
        _ if part == 0 => "0 %".to_owned(),
        0 => "< 1 %".to_owned(),
        99 if part < whole => "> 99 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_turns_the_line_around() {
        assert_eq!(
            shown("a\u{202e}b\u{7}c\u{200b}"),
            "a\u{fffd}b\u{fffd}c\u{fffd}"
        );
        assert_eq!(shown(&"é".repeat(400)).chars().count(), SHOWN_CHARS_MAX + 1);
    }

    #[test]
    fn code_is_told_by_backticks_and_everything_is_escaped() {
        let told = ticked("set `a<b` & go").into_string();
        assert_eq!(told, "set <code>a&lt;b</code> &amp; go");
        assert_eq!(ticked("a ` b").into_string(), "a ` b");
    }

    #[test]
    fn a_share_is_none_or_all_only_where_it_is() {
        let told = [0, 1, 500, 999, 1_000].map(|part| percent(part, 1_000));
        assert_eq!(told, ["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]);
    }
}
