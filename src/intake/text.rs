//! Looks at texts that every row is worth: each gives what the plain way gives, for most texts by a look at a few bytes.

/// [`str::trim`]: most texts have no white space at their edges.
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [] | [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// Whether all of a text is ASCII without control characters, but for tabs and line ends.
pub(crate) fn is_plain_ascii(text: &str) -> bool {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    let are_plain =
        |word: &[u8; 8]| !has_others(u64::from_ne_bytes(*word)) || word.iter().all(is_plain);
    let (words, rest) = text.as_bytes().as_chunks();
    words.iter().all(are_plain)
        && match text.as_bytes().last_chunk() {
            // What is left over, and some once more.
            Some(last) => are_plain(last),
            None => rest.iter().all(is_plain),
        }
}

/// Whether one of eight bytes is not among `' '..='~'`: below, above, or beyond ASCII.
const fn has_others(word: u64) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let below = word.wrapping_sub(ONES * b' ' as u64) & !word;
    let above = word.wrapping_add(ONES * (0x80 - b'~' as u64 - 1));
    (below | above | word) & (ONES << 7) != 0
}

/// Words in lower case, to find others among whatever their case (of ASCII).
pub(crate) struct Words<const N: usize> {
    words: [&'static str; N],
    /// For each first letter a bit for each length of its words: most words are told by it from all of these.
    lengths: [u32; 26],
}

impl<const N: usize> Words<N> {
    pub(crate) const fn of(words: [&'static str; N]) -> Self {
        let mut lengths = [0; 26];
        let mut each = 0;
        while each < N {
            let word = words[each].as_bytes();
            assert!(word.len() < u32::BITS as usize, "a bit for each length");
            if word[0].is_ascii_lowercase() {
                lengths[(word[0] - b'a') as usize] |= 1 << word.len();
            }
            each += 1;
        }
        Self { words, lengths }
    }

    /// Whether it may be one of them.
    fn may_have(&self, word: &str) -> bool {
        let letter = word.as_bytes().first().map(u8::to_ascii_lowercase);
        match letter {
            Some(letter @ b'a'..=b'z') => {
                let lengths = self.lengths[usize::from(letter - b'a')];
                word.len() < u32::BITS as usize && lengths & 1 << word.len() != 0
            }
            _ => true,
        }
    }

    /// Whether it is one of them.
    pub(crate) fn have(&self, word: &str) -> bool {
        self.may_have(word)
            && self
                .words
                .iter()
                .any(|known| known.eq_ignore_ascii_case(word))
    }

    /// Those of several lists, of so many words in all.
    pub(crate) const fn of_all(lists: &[&[&'static str]]) -> Self {
        let mut words = [""; N];
        let (mut list, mut count) = (0, 0);
        while list < lists.len() {
            let mut each = 0;
            while each < lists[list].len() {
                words[count] = lists[list][each];
                count += 1;
                each += 1;
            }
            list += 1;
        }
        assert!(count == N, "as many as there are");
        Self::of(words)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.words.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    static WORDS: Words<6> = Words::of(["and", "e", "&", "total", "österreich", "sub-total"]);

    proptest! {
        #[test]
        fn texts_are_trimmed_as_ever(text in "[ \t\u{a0}\u{2009}\u{1c}]{0,2}\\PC{0,3}[ \n\u{85}\u{feff}]{0,2}", any in any::<String>()) {
            prop_assert_eq!(trimmed(&text), text.trim());
            prop_assert_eq!(trimmed(&any), any.trim());
        }

        #[test]
        fn what_is_plain_has_no_controls(text in "[ -~\n]{0,20}[\\PC\\x00-\\x1f\\x7f ~]{0,2}[ -~\t]{0,9}") {
            let expected = text.chars().all(|c| c.is_ascii() && (!c.is_control() || matches!(c, '\t' | '\n' | '\r')));
            prop_assert_eq!(is_plain_ascii(&text), expected);
        }

        #[test]
        fn words_are_found_in_any_case(word in "[aAnNdDeE&tToOlL]{0,5}|(and|e|&|total|TOTAL|österreich|Sub-Total|ands|z{33})") {
            let expected = WORDS.iter().any(|known| known.eq_ignore_ascii_case(&word));
            prop_assert_eq!(WORDS.have(&word), expected);
        }
    }
}
