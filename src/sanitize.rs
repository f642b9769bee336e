//! Characters that no text from outside may carry to a screen or into a file of results.
//!
//! A terminal obeys control characters, and a reader does not see characters without a width or notice that the
//! direction of the text has changed.

use std::borrow::Cow;

/// The character that replaces a removed one.
pub(crate) const REPLACEMENT: char = '\u{fffd}';

/// Returns whether a character is a control character (C0, DEL, C1), changes the direction of text, breaks the line, or
/// is invisible.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns the text on one line: tabs and line ends become spaces, and every other unsafe character is replaced.
pub(crate) fn sanitized(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let safe = text.chars().map(|c| match c {
        '\t' | '\n' | '\r' => ' ',
        c if is_unsafe(c) => REPLACEMENT,
        c => c,
    });
    Cow::Owned(safe.collect())
}

/// Returns text in which every character that a terminal obeys or hides is replaced, but for line feed and tab. Marks
/// that some scripts need (joiners, direction of a letter) are kept.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let is_kept = |c: char| matches!(c, '\n' | '\t' | '\u{200c}'..='\u{200f}');
    without(text, |c| is_unsafe(c) && !is_kept(c))
}

/// Returns text that a program reads, in which every control character but line feed and tab is replaced: invisible
/// characters of a column's name have to stay.
pub(crate) fn without_controls(text: &str) -> Cow<'_, str> {
    without(text, |c| c.is_control() && !matches!(c, '\n' | '\t'))
}

fn without(text: &str, is_harmful: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.contains(&is_harmful) {
        let tame = text
            .chars()
            .map(|c| if is_harmful(c) { REPLACEMENT } else { c });
        Cow::Owned(tame.collect())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bidi_and_invisible_characters_are_replaced_and_letters_are_kept() {
        let hostile =
            "a\u{1b}[2Jb\u{9b}c\u{202e}d\u{200b}e\u{feff}f\u{7f}g\u{2066}h\u{2028}i\u{ad}j\u{0}";
        let safe = sanitized(hostile);
        assert!(!safe.contains(is_unsafe), "{safe:?}");
        assert_eq!(safe.chars().count(), hostile.chars().count());
        assert_eq!(sanitized("one\r\ntwo\tthree"), "one  two three");
        for text in ["Zoë Müller", "Анна", "山田", "ليلى", "👩🏽", "‹email› …"]
        {
            assert!(matches!(sanitized(text), Cow::Borrowed(kept) if kept == text));
        }
    }
}
