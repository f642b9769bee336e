//! Text of an input, as messages quote it: cut, and in backticks.

/// Longest text of a `request` value or a property's name that a message repeats, in characters.
pub const QUOTED_CHARS_MAX: usize = 64;

/// Text cut to what a message may repeat, with `…` when something was cut, without control characters.
pub(crate) fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let mut kept: String = chars
        .by_ref()
        .take(QUOTED_CHARS_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if chars.next().is_some() {
        kept.push('…');
    }
    kept
}

/// Most names of columns that a message lists.
pub(crate) const NAMES_LISTED_MAX: usize = 12;

/// Names in backticks, as many as a message lists.
pub(crate) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let shown: Vec<_> = names
        .iter()
        .take(NAMES_LISTED_MAX)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    let text = shown.join(", ");
    match names.len() - shown.len() {
        0 => text,
        rest => format!("{text} and {rest} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"é".repeat(70)).chars().count(), QUOTED_CHARS_MAX + 1);
        assert_eq!(cut("a\u{1b}[31mb"), "a\u{fffd}[31mb");
    }
}
