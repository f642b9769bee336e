//! Text that was damaged on its way: lost characters, controls, UTF-8 that was taken for a code page, or a code page that
//! was taken for another.
//!
//! In: a text. Out: what is wrong with it, for certain as far as a text alone can tell. Text in ASCII costs a look at its
//! bytes. Nothing is repaired: what the text was cannot be told.

use encoding_rs::{
    Encoding, IBM866, ISO_8859_15, MACINTOSH, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252,
    WINDOWS_1253, WINDOWS_1254, WINDOWS_1257,
};

use super::text::is_plain_ascii;
use crate::codes::ProblemCode;

/// What is wrong with a text that would be sent: its code, and what was found.
pub(super) fn fault(text: &str) -> Option<(ProblemCode, String)> {
    if is_plain_ascii(text) {
        return None;
    }
    any_fault(text)
}

fn any_fault(text: &str) -> Option<(ProblemCode, String)> {
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    let place = |at: usize| text[..at].chars().count() + 1;
    if let Some((at, c)) = text.char_indices().find(|(_, c)| is_control(*c)) {
        let told = match byte_of(c) {
            Some((byte, meant)) => format!(
                "character {} is the control character U+{:04X}: the text was Windows-1252, and its bytes were stored as Unicode \
                 without conversion (0x{byte:02X} is `{meant}`)",
                place(at),
                u32::from(c)
            ),
            None => format!(
                "character {} is U+{:04X}, which is no character of a text",
                place(at),
                u32::from(c)
            ),
        };
        return Some((ProblemCode::ControlCharacter, told));
    }
    if let Some(at) = text.find('\u{fffd}') {
        return Some((
            ProblemCode::LostCharacter,
            format!(
                "character {} is U+FFFD, which stands for one that was lost",
                place(at)
            ),
        ));
    }
    is_encoded_twice(text).then(|| {
        (
            ProblemCode::EncodedTwice,
            "was UTF-8 that was taken for another encoding, and written so".to_owned(),
        )
    })
}

/// Returns the byte that was misread as a control character beyond ASCII, and its character in Windows-1252.
fn byte_of(c: char) -> Option<(u8, char)> {
    let byte = u8::try_from(u32::from(c))
        .ok()
        .filter(|byte| !byte.is_ascii())?;
    let bytes = [byte];
    let text = WINDOWS_1252.decode_without_bom_handling(&bytes).0;
    let meant = text.chars().next().filter(|meant| !meant.is_control())?;
    Some((byte, meant))
}

/// Returns the code and the text of an error that only names can have; [`fault`] finds those of any text.
pub(super) fn name_fault(name: &str) -> Option<(ProblemCode, String)> {
    let place = |at: usize| name[..at].chars().count() + 1;
    if name.is_ascii() && !name.contains('?') {
        return None;
    }
    if let Some((at, c)) = name.char_indices().find(|(_, c)| is_substitute(*c)) {
        return Some((
            ProblemCode::LostCharacter,
            format!(
                "character {} is `{c}`, which programs write in place of a letter that they cannot save: write the name with its \
                 letters, without `{c}`",
                place(at)
            ),
        ));
    }
    // Errors that any text can have are reported elsewhere.
    if name.is_ascii() || fault(name).is_some() {
        return None;
    }
    let mut before = ' ';
    let mut chars = name.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map_or(' ', |(_, after)| *after);
        if !c.is_ascii() && is_in_no_name(before, c, after) {
            return Some((
                ProblemCode::GarbledName,
                format!(
                    "character {} is U+{:04X}, where no name has it: the name was read in a wrong encoding on its way; write it as it is",
                    place(at),
                    u32::from(c)
                ),
            ));
        }
        before = c;
    }
    None
}

/// Returns whether programs write this character in names in place of one that they cannot save.
fn is_substitute(c: char) -> bool {
    matches!(
        c,
        '?' | '¿' | '\u{fffc}' | '\u{25a0}' | '\u{25a1}' | '\u{25af}' | '\u{2370}'
    )
}

/// Returns whether no name has a character between these two: a symbol, or a letter of another script.
fn is_in_no_name(before: char, c: char, after: char) -> bool {
    const SYMBOLS: &str = "¡¢£¤¥¦§¨©«¬®¯°±²³µ¶¸¹»¼½¾×÷€‚„…†‡ˆ‰‹›“”˜™•√∫≈∆≠≤≥∞∂∑∏◊";
    let is_box = matches!(c, '\u{2500}'..='\u{259f}');
    let is_modifier = matches!(c, '\u{2b0}'..='\u{36f}');
    let is_of_other_script = c.is_alphabetic()
        && c >= '\u{250}'
        && !is_modifier
        && !matches!(c, '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}');
    let is_latin = |c: char| c.is_alphabetic() && c < '\u{250}';
    is_box
        || SYMBOLS.contains(c) && (is_latin(before) || is_latin(after))
        || is_of_other_script && before.is_ascii_alphabetic() && after.is_ascii_alphabetic()
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
    if text.contains("â€") || text.contains("ΓÇ") || is_encoded_in_others(text) {
        return true;
    }
    let mut before = ' ';
    text.chars().any(|c| {
        let is_second = matches!(before, 'Ã' | 'Â') && is_symbol_of_pair(c);
        before = c;
        is_second
    })
}

/// Returns whether a text is UTF-8 that was read in one of these code pages.
///
/// Its characters beyond ASCII, written in the code page, have to be valid UTF-8. That can happen by chance to a pair
/// of letters. It does not happen by chance with a symbol or a capital within a word, or to two pairs in other scripts.
fn is_encoded_in_others(text: &str) -> bool {
    const LATIN: [&Encoding; 5] = [
        WINDOWS_1250,
        WINDOWS_1254,
        WINDOWS_1257,
        ISO_8859_15,
        MACINTOSH,
    ];
    const OTHERS: [&Encoding; 3] = [WINDOWS_1251, WINDOWS_1253, IBM866];
    const PAIRS_MIN: usize = 2;
    let decoded = |encoding: &'static Encoding| {
        let (bytes, _, has_others) = encoding.encode(text);
        let text = (!has_others).then(|| String::from_utf8(bytes.into_owned()).ok())??;
        Some(text.chars().filter(|c| !c.is_ascii()).count())
    };
    let is_odd = || {
        let mut before = ' ';
        text.chars().any(|c| {
            let is_odd =
                !c.is_ascii() && (!c.is_alphabetic() || c.is_uppercase() && before.is_alphabetic());
            before = c;
            is_odd
        }) && text.chars().any(char::is_lowercase)
    };
    LATIN.iter().any(|encoding| decoded(encoding).is_some()) && is_odd()
        || OTHERS
            .iter()
            .any(|encoding| decoded(encoding).is_some_and(|pairs| pairs >= PAIRS_MIN))
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
            ("itâ€™s – x", "encoded_twice"),
            ("itΓÇÖs", "encoded_twice"),
            ("MĂĽller", "encoded_twice"),
            ("JosĂ©", "encoded_twice"),
            ("M√ºller", "encoded_twice"),
            ("РџРµС‚СЂ", "encoded_twice"),
        ] {
            let found = fault(text).map(|(code, _)| code.as_str());
            assert_eq!(found, Some(code), "{text}");
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
            "GĂŞCA",
            "Иванов Пётр",
            "Łódź",
            "Αλέξανδρος",
        ] {
            assert_eq!(fault(text), None, "{text}");
        }
        let (_, told) = fault("it\u{92}s").expect("a fault");
        assert!(
            told.contains("U+0092") && told.contains("0x92 is `’`"),
            "{told}"
        );
    }

    #[test]
    fn names_have_no_symbols_and_no_marks_of_loss() {
        for (name, code) in [
            ("Jos?", "lost_character"),
            ("Garc?a Mu?oz", "lost_character"),
            ("?ukasz", "lost_character"),
            ("Jos¿", "lost_character"),
            ("M\u{25a1}ller", "lost_character"),
            ("M¸ller", "garbled_name"),
            ("Jos‚", "garbled_name"),
            ("M┤ller", "garbled_name"),
            ("Jьrgen", "garbled_name"),
            ("M眉ller", "garbled_name"),
            ("Stra§er", "garbled_name"),
            ("Micha³", "garbled_name"),
        ] {
            let found = name_fault(name).map(|(code, _)| code.as_str());
            assert_eq!(found, Some(code), "{name}");
        }
        for name in [
            "O’Brien",
            "O´Brien",
            "Anna–Lena",
            "Jean‑Luc",
            "Keali\u{2bb}i",
            "l·lusió",
            "Nguyễn Văn",
            "山田",
            "Иван Ivan",
            "Ŀlopis",
            "Zoë",
        ] {
            assert_eq!(name_fault(name), None, "{name}");
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
