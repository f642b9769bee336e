//! A value's outline, for messages: enough to recognise it in the file, too little to learn it.

/// Most characters of an outline.
pub const OUTLINE_CHARS_MAX: usize = 24;

/// The outline of a value: each word keeps its first letter, digits become `0`, marks stay: `ann@example.com` is
/// `a…@e…`, `T-1001` is `T-0000`. Control characters become spaces.
pub(crate) fn mask(value: &str) -> String {
    let mut outline = String::new();
    let mut in_word = false;
    let mut left = OUTLINE_CHARS_MAX;
    for character in value.trim().chars() {
        let is_letter = character.is_alphabetic();
        if is_letter && in_word {
            if !outline.ends_with('…') {
                outline.push('…');
            }
            continue;
        }
        if left == 0 {
            if !outline.ends_with('…') {
                outline.push('…');
            }
            break;
        }
        left -= 1;
        // What follows a dot is part of the word before it: an address shows nothing of its host but one letter.
        if character == '.' && in_word {
            continue;
        }
        in_word = is_letter;
        outline.push(match character {
            digit if digit.is_numeric() => '0',
            control if control.is_control() => ' ',
            other => other,
        });
    }
    outline
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn an_outline_shows_the_form_and_not_the_value() {
        assert_eq!(mask("ann.smith@mail.example.com"), "a…@m…");
        assert_eq!(mask(" T-1001 "), "T-0000");
        assert_eq!(mask("+44 20 7946 0018"), "+00 00 0000 0000");
        assert_eq!(mask("28/01/2018"), "00/00/0000");
        assert_eq!(mask("Right to erasure"), "R… t… e…");
        assert_eq!(mask("Ωmega\u{1b}x"), "Ω… x");
        assert_eq!(mask(&"1".repeat(60)).chars().count(), 25);
        assert_eq!(mask(""), "");
    }
}
