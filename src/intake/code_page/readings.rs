//! Reads words in a code page, and decides whether the results can be words.
//!
//! A reading is refused only for what no word of the languages of its code page has: a symbol or a capital within a word,
//! or a letter where their spelling never puts it. All else is possible.

use encoding_rs::{
    Encoding, IBM866, ISO_8859_2, ISO_8859_15, KOI8_R, MACINTOSH, WINDOWS_1250, WINDOWS_1251,
    WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257,
};

use super::super::encoding::Codec;
use super::Origin;

/// The code pages in which exports are found, the most frequent first.
pub(super) const CANDIDATES: [&Encoding; 11] = [
    WINDOWS_1252,
    WINDOWS_1250,
    MACINTOSH,
    ISO_8859_2,
    WINDOWS_1254,
    WINDOWS_1257,
    ISO_8859_15,
    WINDOWS_1251,
    WINDOWS_1253,
    KOI8_R,
    IBM866,
];

/// A word in bytes: ASCII letters and bytes beyond ASCII, and the bytes around it.
#[derive(Clone, Copy)]
pub(super) struct Context<'w> {
    pub(super) before: u8,
    pub(super) bytes: &'w [u8],
    pub(super) after: u8,
}

impl<'w> Context<'w> {
    /// A word that stands between the bytes around it.
    pub(super) fn new(word: &'w [u8]) -> Self {
        match word {
            [before, bytes @ .., after] => Self {
                before: *before,
                bytes,
                after: *after,
            },
            bytes => Self {
                before: b' ',
                bytes,
                after: b' ',
            },
        }
    }
}

/// A code page, and its characters.
pub(super) struct Reading {
    pub(super) encoding: &'static Encoding,
    /// The characters of the bytes from 0x80 on; none for a byte that is only part of a character.
    chars: [Option<char>; 128],
}

impl Reading {
    pub(super) fn new(encoding: &'static Encoding) -> Self {
        let mut chars = [None; 128];
        for (byte, found) in (0x80..=0xff).zip(&mut chars) {
            let bytes = [byte];
            let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes);
            *found = text
                .and_then(|text| text.chars().next())
                .filter(|c| !c.is_control());
        }
        if !encoding.is_single_byte() {
            chars = [None; 128];
        }
        Self { encoding, chars }
    }

    /// The name of the code page, for people.
    pub(super) fn name(&self) -> &'static str {
        Codec::Standard(self.encoding).name()
    }

    /// The character of a byte beyond ASCII.
    pub(super) fn of(&self, byte: u8) -> Option<char> {
        self.chars[usize::from(byte & 0x7f)]
    }

    /// Returns the letters that no western language explains, in this reading of all words of a text:
    ///
    /// - `þ` and `ð` without other letters of Icelandic, or of the languages beside it. With `ý` within words, as far as
    ///   they are of saved rejects, because few letters decide there.
    /// - `õ` that is neither of Portuguese nor of Estonian, beside letters of Hungarian.
    pub(super) fn doubtful_letters<'w>(
        &self,
        words: impl Iterator<Item = Context<'w>>,
        origin: Origin,
    ) -> Vec<char> {
        /// Letters of Icelandic and its neighbours that Windows-1257 reads as letters of no Baltic language.
        const NORTHERN: &str = "íóúåßñ";
        /// Letters of Hungarian that Windows-1252 and Windows-1250 read alike, and `ű`, which Windows-1252 reads as `û`.
        const HUNGARIAN: &str = "áéíóúû";
        /// Letters beside `õ` in Estonian and in Portuguese.
        const BESIDE_TILDE: &str = "äãç";
        /// So many words with `þ` and `ð` need one word with a northern letter.
        const SHARE: usize = 2;
        let (mut thorns, mut northern) = (0, 0);
        let (mut tildes, mut ends, mut hungarian, mut beside_tilde) = (0, 0, 0, 0);
        let mut letters = Vec::new();
        for word in words {
            let bytes = word.bytes.iter().enumerate();
            let text: Vec<(usize, char)> = bytes
                .filter_map(|(at, byte)| {
                    let c = if byte.is_ascii() {
                        Some(char::from(*byte))
                    } else {
                        self.of(*byte)
                    };
                    c.map(|c| (at, c))
                })
                .collect();
            let has = |alphabet: &str| text.iter().any(|(_, c)| alphabet.contains(lower(*c)));
            let is_doubtful = |&(at, c): &(usize, char)| match lower(c) {
                'þ' | 'ð' => true,
                'ý' => origin == Origin::SavedRejects && at + 1 < word.bytes.len(),
                _ => false,
            };
            let is_bare_tilde = |&(at, c): &(usize, char)| {
                let next = word.bytes.get(at + 1);
                lower(c) == 'õ' && !next.is_some_and(|next| next.eq_ignore_ascii_case(&b'e'))
            };
            thorns += usize::from(text.iter().any(is_doubtful));
            northern += usize::from(has(NORTHERN));
            tildes += usize::from(text.iter().any(is_bare_tilde));
            ends += usize::from(text.last().is_some_and(|(_, c)| lower(*c) == 'õ'));
            hungarian += usize::from(has(HUNGARIAN));
            beside_tilde += usize::from(has(BESIDE_TILDE));
            letters.extend(text.iter().filter(|c| is_doubtful(c)).map(|(_, c)| *c));
        }
        if northern * SHARE >= thorns {
            letters.clear();
        }
        if tildes > 0 && (hungarian > beside_tilde || ends > beside_tilde) {
            letters.extend(['õ', 'Õ']);
        }
        letters.sort_unstable();
        letters.dedup();
        letters
    }

    /// Returns whether this reading of a word can be a word.
    pub(super) fn is_plausible(&self, word: &Context<'_>) -> bool {
        if !self.encoding.is_single_byte() {
            let text = self
                .encoding
                .decode_without_bom_handling_and_without_replacement(word.bytes);
            return text.is_some_and(|text| {
                text.chars().all(char::is_alphabetic) && !text.contains(|c: char| c.is_ascii())
            });
        }
        let mut text = Vec::with_capacity(word.bytes.len());
        for &byte in word.bytes {
            match byte {
                0..=0x7f => text.push(char::from(byte)),
                _ => match self.of(byte) {
                    Some(c) => text.push(c),
                    None => return false,
                },
            }
        }
        let word = Letters::of(word, &text);
        word.are_a_word() && word.may_be_of(self.encoding)
    }
}

/// Returns whether a byte is a symbol of Windows-1252 that is where texts have such a symbol, so that it is no evidence of a letter.
pub(super) fn is_neutral(word: &Context<'_>, at: usize) -> bool {
    let char_of = |byte: &u8| {
        let text = WINDOWS_1252.decode_without_bom_handling(std::slice::from_ref(byte));
        text.0.chars().next().unwrap_or(' ')
    };
    let text: Vec<char> = word.bytes.iter().map(char_of).collect();
    let word = Letters::of(word, &text);
    let c = text[at];
    !is_letter(c) && !c.is_control() && word.symbol_is_in_place(at)
}

/// Returns whether a character is a letter. Ordinal signs and the micro sign are symbols.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !matches!(c, 'ª' | 'º' | 'µ' | 'ˆ' | 'ƒ')
}

/// A word that was read, and the characters around it.
struct Letters<'t> {
    before: char,
    text: &'t [char],
    after: char,
}

impl<'t> Letters<'t> {
    /// Returns the characters as which a word is read, between the ASCII characters around it.
    fn of(word: &Context<'_>, text: &'t [char]) -> Self {
        let around = |byte: u8| {
            if byte.is_ascii() {
                char::from(byte)
            } else {
                ' '
            }
        };
        Self {
            before: around(word.before),
            text,
            after: around(word.after),
        }
    }

    fn previous(&self, at: usize) -> char {
        at.checked_sub(1).map_or(self.before, |at| self.text[at])
    }

    fn next(&self, at: usize) -> char {
        self.text.get(at + 1).copied().unwrap_or(self.after)
    }

    /// Returns the numbers of consecutive letters directly before and after a place.
    fn letters_around(&self, at: usize) -> (usize, usize) {
        let is_letter = |c: &&char| is_letter(**c);
        (
            self.text[..at].iter().rev().take_while(is_letter).count(),
            self.text[at + 1..].iter().take_while(is_letter).count(),
        )
    }

    /// Returns whether a symbol is in a place where texts have it.
    fn symbol_is_in_place(&self, at: usize) -> bool {
        /// Minimum number of letters on one side of a dash for them to count as a word.
        const DASH_LETTERS_MIN: usize = 3;
        /// Letters of an abbreviation or a unit: `nº`, `m²`.
        const SHORT: usize = 2;
        let c = self.text[at];
        let (before, after) = self.letters_around(at);
        let next = self.next(at);
        match c {
            '\u{a0}' | '\u{ad}' | '·' | '°' | '§' | 'µ' | '®' | '©' | '™' => {
                before == 0 || after == 0 || matches!(c, '\u{a0}' | '\u{ad}' | '·')
            }
            '’' => self.apostrophe_is_in_place(at),
            '–' | '—' => {
                before == 0
                    || after == 0
                    || next.is_uppercase()
                    || before >= DASH_LETTERS_MIN && after >= DASH_LETTERS_MIN
            }
            '…' => {
                before == 0 || after == 0 || before >= DASH_LETTERS_MIN && after >= DASH_LETTERS_MIN
            }
            '‘' | '“' | '„' | '‚' | '«' | '‹' | '¿' | '¡' | '•' => before == 0,
            '”' | '»' | '›' => after == 0,
            'º' | 'ª' | '²' | '³' | '¹' => before <= SHORT && after == 0,
            '¤' => false,
            _ => before == 0 && after == 0,
        }
    }

    /// Returns whether an apostrophe is at the edge of a word, behind a short beginning (`O’Brien`), before a short end (`it’s`), before a
    /// capital, or beside a vowel on each side (`Isma’il`).
    fn apostrophe_is_in_place(&self, at: usize) -> bool {
        const BEGINNING: usize = 2;
        const ENDS: [&str; 12] = [
            "s", "t", "d", "m", "ll", "re", "ve", "S", "T", "LL", "RE", "VE",
        ];
        let (before, after) = self.letters_around(at);
        let end: String = self.text[at + 1..].iter().take(after).collect();
        before <= BEGINNING
            || after == 0
            || ENDS.contains(&end.as_str())
            || self.next(at).is_uppercase()
            || is_vowel(self.previous(at)) && is_vowel(self.next(at))
    }

    /// Returns whether letters, capitals and symbols can occur together in a word of any language.
    fn are_a_word(&self) -> bool {
        let ascii = self.text.iter().filter(|c| c.is_ascii_alphabetic());
        let is_of_capitals =
            ascii.clone().count() >= 2 && ascii.clone().all(char::is_ascii_uppercase);
        (0..self.text.len()).all(|at| {
            let (previous, c, next) = (self.previous(at), self.text[at], self.next(at));
            if c.is_ascii() {
                return true;
            }
            if !is_letter(c) {
                return c == '’' || self.symbol_is_in_place(at);
            }
            // Ligatures, characters of one maker, and the dotless letter of code pages that are not Turkish.
            if matches!(c, '\u{fb00}'..='\u{fb06}' | '\u{e000}'..='\u{f8ff}') {
                return false;
            }
            if is_of_other_script(c) {
                let is_beside_latin =
                    |other: char| other.is_alphabetic() && !is_of_other_script(other);
                return !is_beside_latin(previous) && !is_beside_latin(next);
            }
            if previous.is_ascii_digit() || next.is_ascii_digit() {
                return false;
            }
            if c.is_lowercase() {
                return !is_of_capitals;
            }
            // A capital within a word of small letters.
            !previous.is_alphabetic()
                || !next.is_lowercase() && !previous.is_lowercase()
                || self.is_behind_prefix(at)
        })
    }

    /// Returns whether a capital follows a prefix of names that keep their capital: `McÉwan`.
    fn is_behind_prefix(&self, at: usize) -> bool {
        const PREFIXES: [&str; 8] = ["Mc", "Mac", "De", "Le", "La", "Du", "Di", "Van"];
        let beginning: String = self.text[..at].iter().collect();
        PREFIXES.contains(&beginning.as_str())
    }

    /// Returns whether the languages of a code page have the letters in these places.
    fn may_be_of(&self, encoding: &'static Encoding) -> bool {
        let others = || (0..self.text.len()).filter(|&at| !self.text[at].is_ascii());
        if encoding == WINDOWS_1250 || encoding == ISO_8859_2 {
            others().all(|at| self.may_be_central(at))
        } else if encoding == WINDOWS_1254 {
            self.may_be_turkish() && others().all(|at| self.may_be_western(at))
        } else if encoding == WINDOWS_1257 {
            self.may_be_baltic()
        } else if encoding == WINDOWS_1252 || encoding == ISO_8859_15 || encoding == MACINTOSH {
            others().all(|at| self.may_be_western(at))
        } else {
            true
        }
    }

    /// Returns false for three vowels in a row whose middle one is beyond ASCII, which no western name has.
    fn may_be_western(&self, at: usize) -> bool {
        let c = lower(self.text[at]);
        let is_between = is_vowel(self.previous(at)) && is_vowel(self.next(at));
        !(is_between && matches!(c, 'ö' | 'ø' | 'ä' | 'í' | 'ú' | 'ü' | 'û' | 'ô' | 'ò' | 'ù'))
    }

    /// Returns whether a letter of Central Europe is where its languages have it.
    fn may_be_central(&self, at: usize) -> bool {
        let (previous, next) = (lower(self.previous(at)), lower(self.next(at)));
        let is_consonant = |c: char| c.is_alphabetic() && !is_vowel(c);
        match lower(self.text[at]) {
            // Polish writes `ni`, `si` and `zi` before vowels.
            'ń' => !is_vowel(next) && (is_vowel(previous) || !previous.is_alphabetic()),
            'ś' | 'ő' => !is_vowel(next),
            'ź' => {
                !is_vowel(next)
                    && (is_vowel(previous) || previous == 'd' || !previous.is_alphabetic())
            }
            'ă' => !matches!(next, 'o' | 'e'),
            'ř' => previous != 'r' && !matches!(next, 'r' | 'y' | 'ý'),
            'ĺ' | 'ŕ' => is_consonant(previous) && is_consonant(next),
            'ě' => matches!(previous, 'b' | 'p' | 'v' | 'm' | 'f' | 'd' | 't' | 'n'),
            _ => true,
        }
    }

    fn may_be_turkish(&self) -> bool {
        const OWN: &str = "ğış";
        const ALL: &str = "çğıöşüâîûİ";
        let letters = || self.text.iter().enumerate().filter(|(_, c)| is_letter(**c));
        if !letters().any(|(_, c)| OWN.contains(lower(*c)) || *c == 'İ') {
            return true;
        }
        letters().all(|(at, &c)| {
            let is_turkish = c.is_ascii() || ALL.contains(lower(c)) || c == 'İ';
            is_turkish && (lower(c) != 'ğ' || is_vowel(lower(self.previous(at))))
        })
    }

    fn may_be_baltic(&self) -> bool {
        const LITHUANIAN: &str = "ąčęėįšųūž";
        const LATVIAN: &str = "āčēģīķļņšūž";
        /// Letters that no word of these languages ends with.
        const NO_ENDS: &str = "bdfghknpqwxz";
        const FOREIGN: &str = "qwx";
        let western = "äåéöüßõæøóšž";
        let letters: Vec<char> = self.text.iter().copied().map(lower).collect();
        let others = || {
            letters
                .iter()
                .filter(|c| !c.is_ascii() && c.is_alphabetic())
        };
        if others().all(|c| western.contains(*c)) {
            return true;
        }
        let is_of = |alphabet: &str| others().all(|c| alphabet.contains(*c));
        if letters.len() < 2
            || !is_of(LITHUANIAN) && !is_of(LATVIAN)
            || letters.iter().any(|c| FOREIGN.contains(*c))
            || letters.last().is_some_and(|c| NO_ENDS.contains(*c))
        {
            return false;
        }
        (0..letters.len()).all(|at| {
            let previous = at.checked_sub(1).map_or(' ', |at| letters[at]);
            let next = letters.get(at + 1).copied().unwrap_or(' ');
            let is_alone = !is_vowel(previous) && !is_vowel(next);
            match letters[at] {
                'ā' | 'ē' | 'ī' | 'ū' => is_alone,
                'ė' => !is_vowel(previous),
                'ķ' | 'ļ' | 'ņ' | 'ģ' => is_vowel(previous) || "rlnsš ".contains(previous),
                'į' | 'ų' => matches!(next, ' ' | 's' | 'š' | 'ž' | 't' | 'k') || previous == ' ',
                _ => true,
            }
        })
    }
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// Returns whether a letter is not Latin.
fn is_of_other_script(c: char) -> bool {
    c.is_alphabetic() && c >= '\u{370}' && !matches!(c, '\u{1e00}'..='\u{1eff}')
}

/// Returns whether a letter of Latin script is a vowel.
fn is_vowel(c: char) -> bool {
    "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿāăąēėęěīįıōőœūůű".contains(lower(c))
}
