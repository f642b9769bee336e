//! Reads words in a code page, and decides whether the results can be words.
//!
//! A reading is refused only for what no word of the languages of its code page has: a symbol or a capital within a word,
//! or a letter where their spelling never puts it. All else is possible.

use std::collections::BTreeMap;

use encoding_rs::{
    Encoding, IBM866, ISO_8859_2, ISO_8859_4, ISO_8859_15, KOI8_R, MACINTOSH, WINDOWS_1250,
    WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257,
};

use super::super::understood::Codec;

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

/// The letters of the code pages of DOS for Western Europe (IBM850, and IBM437 as far as it has them) from byte 0x80 on. Later
/// ones are rare, and `ß` there is a frequent letter in Windows-1252.
const DOS_WESTERN: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑ";
/// The characters of the code page of DOS for Central Europe (IBM852) from byte 0x80 on.
const DOS_CENTRAL: &str = "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}";

/// The code pages that are compared with a guess of one for Latin script.
pub(super) const LATIN: [&Encoding; 5] = [
    WINDOWS_1252,
    WINDOWS_1250,
    WINDOWS_1254,
    WINDOWS_1257,
    ISO_8859_2,
];

const GERMAN: &str = "äöüßé";
const FRENCH: &str = "àâçéèêëîïôùûüÿœ";
const SPANISH: &str = "áéíóúüñ";
const PORTUGUESE: &str = "áâãàçéêíóôõúü";
const ITALIAN: &str = "àèéìíòóùú";
const DANISH: &str = "æøåéöäü";
const SWEDISH: &str = "äåöéü";
const ESTONIAN: &str = "äöüõšž";
const ICELANDIC: &str = "áðéíóúýþæö";
/// Czech, Slovak and Croatian, as far as Windows-1252 has their letters.
const SLAVIC_IN_WESTERN: &str = "áéíóúýšžöü";
const LITHUANIAN: &str = "ąčęėįšųūž";

const WESTERN: [&str; 10] = [
    GERMAN,
    FRENCH,
    SPANISH,
    PORTUGUESE,
    ITALIAN,
    DANISH,
    SWEDISH,
    ESTONIAN,
    ICELANDIC,
    SLAVIC_IN_WESTERN,
];
const CENTRAL: [&str; 10] = [
    "ąćęłńóśźż",
    "áčďéěíňóřšťúůýžöü",
    "áäčďéíĺľňóôŕšťúýž",
    "áéíóöőúüű",
    "čćđšž",
    "ăâîşţ",
    "çşöü",
    GERMAN,
    "âçéëîô",
    "áâçéíóôúü",
];
const TURKISH: [&str; 8] = [
    "çğıöşüâîûi\u{307}",
    GERMAN,
    FRENCH,
    SPANISH,
    PORTUGUESE,
    ITALIAN,
    DANISH,
    SWEDISH,
];
const BALTIC: [&str; 6] = [LITHUANIAN, "āčēģīķļņšūž", ESTONIAN, GERMAN, DANISH, SWEDISH];

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
    name: &'static str,
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
        let name = Codec::Standard(encoding).name();
        Self {
            encoding,
            name,
            chars,
        }
    }

    /// The code pages of DOS, which are recognized but not read. `encoding` is a code page of the same languages.
    pub(super) fn of_dos() -> [Self; 2] {
        let pages = [
            ("IBM850", DOS_WESTERN, WINDOWS_1252),
            ("IBM852", DOS_CENTRAL, WINDOWS_1250),
        ];
        pages.map(|(name, letters, encoding)| {
            let mut chars = [None; 128];
            for (known, letter) in chars.iter_mut().zip(letters.chars()) {
                *known = Some(letter);
            }
            Self {
                encoding,
                name,
                chars,
            }
        })
    }

    /// The name of the code page, for people.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The character of a byte beyond ASCII.
    pub(super) fn of(&self, byte: u8) -> Option<char> {
        self.chars[usize::from(byte & 0x7f)]
    }

    /// The letters beyond ASCII of each language that is written in this code page. Empty for other scripts.
    fn alphabets(&self) -> &'static [&'static str] {
        let encoding = self.encoding;
        if encoding == WINDOWS_1250 || encoding == ISO_8859_2 {
            &CENTRAL
        } else if encoding == WINDOWS_1254 {
            &TURKISH
        } else if encoding == WINDOWS_1257 || encoding == ISO_8859_4 {
            &BALTIC
        } else if encoding == WINDOWS_1252 || encoding == ISO_8859_15 {
            &WESTERN
        } else {
            &[]
        }
    }

    /// Returns whether this is a code page for Latin script.
    pub(super) fn is_latin(&self) -> bool {
        !self.alphabets().is_empty()
    }

    /// Returns the languages of this code page that a word can be of, as bits.
    fn languages(&self, word: &Context<'_>) -> u32 {
        if !self.is_plausible(word) {
            return 0;
        }
        let text: Vec<char> = word
            .bytes
            .iter()
            .map(|&byte| match byte {
                0..=0x7f => char::from(byte),
                _ => self.of(byte).unwrap_or(' '),
            })
            .collect();
        let word = Letters::of(word, &text);
        let letters = (0..text.len()).filter(|&at| !text[at].is_ascii() && is_letter(text[at]));
        let letters: Vec<_> = letters.collect();
        let has = |alphabet: &str| {
            let mut letters = letters.iter();
            letters.all(|&at| {
                alphabet.contains(lower(text[at])) && word.may_be_spelled_so(at, alphabet)
            })
        };
        let bits = self.alphabets().iter().enumerate();
        bits.map(|(at, alphabet)| u32::from(has(alphabet)) << at)
            .sum()
    }

    /// Returns whether a word can be one of a language of this code page.
    pub(super) fn is_word(&self, word: &Context<'_>) -> bool {
        self.languages(word) != 0
    }

    /// Returns the number of languages that explain the words, and of words that they do not explain. A lower number is
    /// a better explanation.
    pub(super) fn cost(&self, words: &[Context<'_>]) -> usize {
        /// Maximum number of languages that explain a text.
        const LANGUAGES_MAX: usize = 3;
        let mut kinds: BTreeMap<u32, usize> = BTreeMap::new();
        for word in words {
            *kinds.entry(self.languages(word)).or_default() += 1;
        }
        cheapest(
            &kinds.into_iter().collect::<Vec<_>>(),
            self.alphabets().len(),
            LANGUAGES_MAX,
        )
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
            'ś' => !is_vowel(next),
            'ő' => !is_vowel(next) || next == 'i',
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

    /// Returns whether the spelling of a language has one of its letters in this place.
    fn may_be_spelled_so(&self, at: usize, alphabet: &str) -> bool {
        let (previous, next) = (lower(self.previous(at)), lower(self.next(at)));
        let is_consonant = |c: char| c.is_alphabetic() && !is_vowel(c);
        match lower(self.text[at]) {
            'ç' if !alphabet.contains('ğ') => is_vowel(next),
            'ì' | 'ò' | 'ù' if alphabet == ITALIAN => !next.is_alphabetic(),
            'õ' if alphabet == PORTUGUESE => next == 'e',
            'ã' if alphabet == PORTUGUESE => matches!(next, 'o' | 'e') || !next.is_alphabetic(),
            'õ' => next.is_alphabetic(),
            'æ' => previous != 'i',
            'ę' if alphabet == LITHUANIAN => next.is_alphabetic(),
            // Between consonants only after a syllable with `r` or `l` in place of a vowel: `Krčmář`.
            'č' if is_consonant(previous) && is_consonant(next) => {
                let before = at.checked_sub(2).map_or(' ', |at| lower(self.text[at]));
                matches!(previous, 'r' | 'l') && is_consonant(before)
            }
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
        const LATVIAN: &str = "āčēģīķļņšūž";
        /// Letters that no word of these languages ends with.
        const NO_ENDS: &str = "bdfghknpqwxzčģķļņ";
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

/// Returns the lowest cost at which languages from 0 to `languages` explain words. `kinds` are the bits of their
/// languages, and the numbers of words.
fn cheapest(kinds: &[(u32, usize)], languages: usize, languages_max: usize) -> usize {
    let unexplained = kinds.iter().map(|(_, words)| words).sum();
    if languages_max == 0 {
        return unexplained;
    }
    let with = (0..languages).map(|language| {
        let others: Vec<_> = kinds
            .iter()
            .copied()
            .filter(|(bits, _)| bits >> language & 1 == 0)
            .collect();
        1 + cheapest(&others, language, languages_max - 1)
    });
    with.min().unwrap_or(unexplained).min(unexplained)
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
