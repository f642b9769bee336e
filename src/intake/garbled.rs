//! Text that was damaged on its way: lost characters, controls, UTF-8 that was taken for a code page, or a code page that
//! was taken for another.
//!
//! In: a text. Out: what is wrong with it, for certain as far as a text alone can tell. Text in ASCII costs a look at its
//! bytes. Nothing is repaired: what the text was cannot be told.

use encoding_rs::WINDOWS_1252;

use super::text::is_plain_ascii;

/// What is wrong with a text that would be sent: its code, and what was found.
pub(super) fn fault(text: &str) -> Option<(&'static str, String)> {
    if is_plain_ascii(text) {
        return None;
    }
    any_fault(text)
}

fn any_fault(text: &str) -> Option<(&'static str, String)> {
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    let place = |at: usize| text[..at].chars().count() + 1;
    if let Some((at, c)) = text.char_indices().find(|(_, c)| is_control(*c)) {
        return Some((
            "control_character",
            format!(
                "character {} is U+{:04X}, which is no character of a text",
                place(at),
                u32::from(c)
            ),
        ));
    }
    if let Some(at) = text.find('\u{fffd}') {
        return Some((
            "lost_character",
            format!(
                "character {} is U+FFFD, which stands for one that was lost",
                place(at)
            ),
        ));
    }
    is_encoded_twice(text).then(|| {
        (
            "encoded_twice",
            "was UTF-8 that was taken for another encoding, and written so".to_owned(),
        )
    })
}

/// Whether all of a text beyond ASCII, or a pair such as `Ã¼` in it, is UTF-8 when it is written as Windows-1252.
fn is_encoded_twice(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let (bytes, _, has_others) = WINDOWS_1252.encode(text);
    if !has_others && std::str::from_utf8(&bytes).is_ok() {
        return true;
    }
    let mut before = ' ';
    text.chars().any(|c| {
        let is_second = matches!(before, 'Ã' | 'Â') && is_symbol_of_pair(c);
        before = c;
        is_second
    })
}

/// Whether a character is one of those that the second byte of UTF-8 is taken for, and that follow no letter.
fn is_symbol_of_pair(c: char) -> bool {
    const SYMBOLS: &str = "€‚ƒ„…†‡ˆ‰‹¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º¼½¾¿";
    SYMBOLS.contains(c)
}

/// The first character that no word has where it stands, and its place from 1: a code page was taken for another.
pub(super) fn misread(text: &str) -> Option<(usize, char)> {
    if text.is_ascii() {
        return None;
    }
    let mut before = ' ';
    let mut chars = text.chars().enumerate().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map_or(' ', |(_, after)| *after);
        if !c.is_ascii() && is_misread(before, c, after) {
            return Some((at + 1, c));
        }
        before = c;
    }
    None
}

fn is_misread(before: char, c: char, after: char) -> bool {
    let is_latin = |c: char| c.is_alphabetic() && c < '\u{250}';
    if c.is_alphabetic() {
        let is_of_other_script = c >= '\u{250}' && !matches!(c, '\u{1e00}'..='\u{1eff}');
        return (is_of_other_script && before.is_ascii_alphabetic() && after.is_ascii_alphabetic())
            || (c.is_uppercase() && before.is_lowercase() && !after.is_lowercase());
    }
    let is_in_word = before.is_alphabetic()
        && after.is_alphabetic()
        && (is_latin(before) || is_latin(after))
        && !matches!(
            c,
            '’' | '‘' | '´' | '·' | '…' | '\u{ad}' | '‐'..='―' | '\u{300}'..='\u{36f}'
        )
        && !c.is_whitespace();
    match c {
        // For the currency in general there is no use.
        '¤' => true,
        // Quotes that open.
        '‚' | '„' => before.is_alphabetic(),
        '¼' | '½' | '¾' => before.is_alphabetic() || after.is_alphabetic(),
        _ => is_in_word,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn of_plain_text_a_closer_look_says_nothing_either(text in "[ -~\n]{0,20}[\\x00-\\x7f]{0,2}[ -~]{0,20}") {
            prop_assert_eq!(fault(&text), any_fault(&text));
        }
    }

    #[test]
    fn text_that_was_damaged_on_its_way_is_told_from_text() {
        for (text, code) in [
            ("M\u{fffd}ller", "lost_character"),
            ("Ann\u{7}", "control_character"),
            ("\u{1b}$B;3ED\u{1b}(B", "control_character"),
            ("Ann\u{9d}", "control_character"),
            ("Ann\u{7f}", "control_character"),
            ("MÃ¼ller", "encoded_twice"),
            ("Oâ€™Brien", "encoded_twice"),
            ("РџРµС‚СЂ MÃ¼ller", "encoded_twice"),
            ("MÃ¼ller – x", "encoded_twice"),
        ] {
            assert_eq!(fault(text).map(|(code, _)| code), Some(code), "{text}");
        }
        for text in [
            "Müller",
            "SÃO JOÃO",
            "IRMÔ",
            "IRMÃ – x",
            "„GRÜß“",
            "Nguyễn Văn",
            "山田",
            "two\nlines\tof text",
            "a\u{a0}b",
            "Â",
        ] {
            assert_eq!(fault(text), None, "{text}");
        }
    }

    #[test]
    fn characters_that_no_word_has_tell_of_another_code_page() {
        for (text, at) in [
            ("Jos‚ Smith", 4),
            ("a N£¤ez", 5),
            ("¼uvre", 1),
            ("5 ¤", 3),
            ("J〉gen", 2),
            ("JosŽ", 4),
            ("M§ller", 2),
            ("Jьrgen", 2),
        ] {
            assert_eq!(misread(text).map(|(at, _)| at), Some(at), "{text}");
        }
        for text in [
            "O’Brien – “Pat”",
            "Anna–Lena",
            "l·lusió",
            "N° 5, §3, 5 € (½)",
            "ÉMILE Élise",
            "McÉwan",
            "Петр",
            "Иван Ivan",
            "張〉三",
            "Nguyễn",
            "10 µg",
        ] {
            assert_eq!(misread(text), None, "{text}");
        }
    }
}
