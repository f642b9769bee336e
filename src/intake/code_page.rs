//! The code page of a text that is neither UTF-8 nor UTF-16, decided by evidence.
//!
//! `chardetng` guesses well where there are many letters. A few are too few for any guess: `Lo\xEFc` is `Loïc` in one
//! code page and `Loďc` in another. So the words with bytes beyond ASCII are collected from all of the input. Symbols alone
//! are Windows-1252. One or two different letters are read in every code page; if the readings that words can have are
//! different, the input is refused. With more letters, the guess is compared with other code pages by the number of
//! languages that explain the words. If another one explains them as well in few different words, the input is refused.
//! Rejects that a spreadsheet program has saved name their letters. Without that, they are Windows-1252 wherever their words can be. Mac Roman, which
//! `chardetng` does not know, is recognised by words that only it makes sense of.

mod readings;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1250, WINDOWS_1252, WINDOWS_1254, WINDOWS_1257};

use super::garbled;
use super::saved_rejects::noted_letters;
use readings::{CANDIDATES, Context, LATIN, Reading, is_neutral};

/// Maximum size of the lines with characters beyond ASCII from which a code page is guessed, in bytes.
pub(super) const EVIDENCE_BYTES_MAX: usize = 1024 * 1024;
/// Maximum number of different words that are kept as evidence.
const WORDS_MAX: usize = 4_096;
/// Longest word that is kept as evidence, in bytes.
const WORD_BYTES_MAX: usize = 64;
/// Maximum number of different letters beyond ASCII for which evidence is sparse.
const SPARSE_LETTERS_MAX: usize = 2;
/// Minimum number of different words with letters beyond ASCII for which evidence is rich, however few letters there are: more
/// letters of another language would have come up in them.
const RICH_WORDS_MIN: usize = 12;
/// Minimum number of different words that another code page reads in another way, for a guess of Windows-1252 that one
/// language fewer explains.
const USUAL_WORDS_MIN: usize = 3;
/// Share of words that may be damaged in a text that is read as Mac Roman: one in this number.
const MAC_FAULTS_ONE_IN: usize = 20;
/// Maximum number of different letters beyond ASCII up to which saved rejects are Windows-1252 rather than what
/// `chardetng` guesses.
const REJECTS_LETTERS_MAX: usize = 3;

/// The candidates for the code page when nothing decides between them, and the bytes that they read in different ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rivals {
    /// The line of the first of these bytes.
    pub(crate) line: u64,
    /// The bytes, and how each is read in which code page.
    pub(crate) told: String,
}

/// The program that wrote a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Any program.
    Export,
    /// A spreadsheet program that saved a rejects file.
    SavedRejects,
}

/// The words of a text that have bytes beyond ASCII.
pub(super) struct Evidence {
    origin: Origin,
    detector: EncodingDetector,
    bytes: usize,
    /// Each word between the bytes around it, and the line on which it was first seen.
    words: HashMap<Box<[u8]>, u64>,
    /// Words with a byte that is no symbol in its place.
    telling: usize,
    /// The letters that notes in saved rejects name.
    noted: BTreeSet<char>,
    key: Vec<u8>,
}

impl Evidence {
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            origin,
            detector: EncodingDetector::new(Iso2022JpDetection::Deny),
            bytes: 0,
            words: HashMap::new(),
            telling: 0,
            noted: BTreeSet::new(),
            key: Vec::new(),
        }
    }

    /// Adds a line that has bytes beyond ASCII.
    pub(super) fn add(&mut self, text: &[u8], line: u64) {
        if self.bytes < EVIDENCE_BYTES_MAX {
            self.detector.feed(text, false);
            self.detector.feed(b"\n", false);
        }
        self.bytes += text.len();
        if self.origin == Origin::SavedRejects {
            self.noted.extend(noted_letters(text));
        }
        let is_part = |byte: u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
        let mut at = 0;
        while let Some(start) = text[at..].iter().position(|&byte| is_part(byte)) {
            let start = at + start;
            let length = text[start..].iter().position(|&byte| !is_part(byte));
            let end = length.map_or(text.len(), |length| start + length);
            at = end;
            let word = &text[start..end.min(start + WORD_BYTES_MAX)];
            if word.is_ascii() || self.words.len() == WORDS_MAX {
                continue;
            }
            let around = |at: Option<usize>| at.and_then(|at| text.get(at)).copied();
            self.key.clear();
            self.key.push(around(start.checked_sub(1)).unwrap_or(b' '));
            self.key.extend_from_slice(word);
            self.key.push(around(Some(end)).unwrap_or(b' '));
            if self.words.contains_key(self.key.as_slice()) {
                continue;
            }
            let is_telling = telling(&Context::new(&self.key)).next().is_some();
            self.telling += usize::from(is_telling);
            self.words.insert(self.key.as_slice().into(), line);
        }
    }

    /// Returns whether further lines would not change the result.
    pub(super) fn is_enough(&self) -> bool {
        self.words.len() == WORDS_MAX
            || self.bytes >= EVIDENCE_BYTES_MAX && self.telling >= RICH_WORDS_MIN
    }

    /// The words, and the line on which each was first seen.
    pub(super) fn words(&self) -> impl Iterator<Item = (&[u8], u64)> {
        self.words.iter().map(|(word, line)| (&**word, *line))
    }

    /// Returns the code page, or the candidates if nothing decides between them.
    pub(super) fn decide(&mut self) -> Result<&'static Encoding, Rivals> {
        self.detector.feed(b"", true);
        let guess = self.detector.guess(None, Utf8Detection::Deny);
        let mut letters = BTreeMap::new();
        for (word, &line) in &self.words {
            for byte in telling(&Context::new(word)) {
                let first = letters.entry(byte).or_insert(line);
                *first = line.min(*first);
            }
        }
        if letters.is_empty() {
            return Ok(WINDOWS_1252);
        }
        if let Some(noted) = self.noted_encoding() {
            return Ok(noted);
        }
        if self.origin == Origin::SavedRejects
            && (guess == WINDOWS_1252 || letters.len() <= REJECTS_LETTERS_MAX)
            && self.faults(&Reading::new(WINDOWS_1252)) == 0
        {
            return self.western(&letters);
        }
        let found = if letters.len() <= SPARSE_LETTERS_MAX && self.telling < RICH_WORDS_MIN {
            self.decide_sparse(guess, &letters)?
        } else if self.is_mac(guess) {
            MACINTOSH
        } else {
            self.checked(guess, &letters)?
        };
        if self.telling < RICH_WORDS_MIN {
            return self.or_dos(found, &letters);
        }
        Ok(found)
    }

    /// Returns the code page, or the candidates if all words can be words in a code page of DOS too.
    fn or_dos(
        &self,
        found: &'static Encoding,
        letters: &BTreeMap<u8, u64>,
    ) -> Result<&'static Encoding, Rivals> {
        let reading = Reading::new(found);
        // Most letters of DOS are there, and in Windows-1252 only symbols and a few rare letters.
        let has_low = letters.keys().any(|byte| *byte < 0xa0);
        if !has_low || !(reading.is_latin() || found == MACINTOSH) {
            return Ok(found);
        }
        let is_read_by = |dos: &Reading| {
            let words = self.words.keys().map(|word| Context::new(word));
            let mut words = words.filter(|word| telling(word).next().is_some());
            words.all(|word| dos.is_word(&word))
                && letters.keys().any(|&byte| dos.of(byte) != reading.of(byte))
        };
        match Reading::of_dos().into_iter().find(is_read_by) {
            Some(dos) => Err(rivals(&[reading, dos], letters)),
            None => Ok(found),
        }
    }

    /// Returns the code page in which the most letters of the notes are in the text. None if there are no notes, or if
    /// several code pages read the text in different ways.
    fn noted_encoding(&self) -> Option<&'static Encoding> {
        let bytes = self.words.keys().flat_map(|word| word.iter());
        let bytes: BTreeSet<u8> = bytes.copied().filter(|byte| !byte.is_ascii()).collect();
        let readings: Vec<(usize, Reading)> = CANDIDATES
            .iter()
            .map(|encoding| {
                let reading = Reading::new(encoding);
                let letters = bytes.iter().filter_map(|byte| reading.of(*byte));
                (letters.filter(|c| self.noted.contains(c)).count(), reading)
            })
            .collect();
        let most = readings.iter().map(|(found, _)| *found).max()?;
        let mut best = readings.iter().filter(|(found, _)| *found == most);
        let (_, first) = best.next().filter(|_| most > 0)?;
        let is_same =
            |reading: &Reading| bytes.iter().all(|&byte| reading.of(byte) == first.of(byte));
        best.all(|(_, reading)| is_same(reading))
            .then_some(first.encoding)
    }

    /// Returns the guess, or the candidates if few words show which of them is right.
    fn checked(
        &self,
        guess: &'static Encoding,
        letters: &BTreeMap<u8, u64>,
    ) -> Result<&'static Encoding, Rivals> {
        let words = self.words.keys().map(|word| Context::new(word));
        let words: Vec<_> = words
            .filter(|word| telling(word).next().is_some())
            .collect();
        let guessed = Reading::new(guess);
        if !guessed.is_latin() {
            return Ok(guess);
        }
        let cost = guessed.cost(&words);
        let others = LATIN.into_iter().filter(|encoding| *encoding != guess);
        let found: Vec<_> = others
            .filter_map(|encoding| Rival::find(Reading::new(encoding), &guessed, cost, &words))
            .collect();
        let Some(least) = found.iter().map(|rival| rival.cost).min() else {
            return Ok(guess);
        };
        let mut plausible = vec![guessed];
        let mut in_doubt = BTreeMap::new();
        for rival in found.into_iter().filter(|rival| rival.cost == least) {
            in_doubt.extend(
                letters
                    .iter()
                    .filter(|(byte, _)| rival.bytes.contains(byte)),
            );
            plausible.push(rival.reading);
        }
        Err(rivals(&plausible, &in_doubt))
    }

    /// Returns Windows-1252 for saved rejects, or the candidates if another code page makes words of the letters of
    /// Icelandic, which are rare.
    fn western(&self, letters: &BTreeMap<u8, u64>) -> Result<&'static Encoding, Rivals> {
        let western = Reading::new(WINDOWS_1252);
        let turkish = Reading::new(WINDOWS_1254);
        let mut rare = BTreeSet::new();
        for word in self.words.keys().map(|word| Context::new(word)) {
            for (at, &byte) in word.bytes.iter().enumerate() {
                // Words that end with `ý` are Czech or Slovak.
                let is_usual = western.of(byte) == Some('ý') && at + 1 == word.bytes.len();
                if !byte.is_ascii() && !is_usual && western.of(byte) != turkish.of(byte) {
                    rare.insert(byte);
                }
            }
        }
        let mut plausible = vec![western];
        for encoding in [WINDOWS_1257, WINDOWS_1250, WINDOWS_1254] {
            let reading = Reading::new(encoding);
            let differs = |&byte: &u8| reading.of(byte) != plausible[0].of(byte);
            let mut words = self.words.keys().map(|word| Context::new(word));
            let is_in_doubt = rare.iter().any(differs)
                && words.all(|word| telling(&word).next().is_none() || reading.is_word(&word));
            if is_in_doubt {
                plausible.push(reading);
            }
        }
        if plausible.len() == 1 {
            return Ok(WINDOWS_1252);
        }
        let in_doubt = letters.iter().filter(|(byte, _)| rare.contains(byte));
        let in_doubt = in_doubt.map(|(byte, line)| (*byte, *line)).collect();
        Err(rivals(&plausible, &in_doubt))
    }

    /// Returns the number of words that cannot be words in a code page.
    fn faults(&self, reading: &Reading) -> usize {
        let words = self.words.keys().map(|word| Context::new(word));
        words.filter(|word| !reading.is_plausible(word)).count()
    }

    /// Returns whether words make no sense in the guessed code page and make sense in Mac Roman.
    fn is_mac(&self, guess: &'static Encoding) -> bool {
        let of_mac = self.faults(&Reading::new(MACINTOSH));
        of_mac * MAC_FAULTS_ONE_IN <= self.words.len() && self.faults(&Reading::new(guess)) > of_mac
    }

    /// Reads the letters in every code page in which all words can be words.
    fn decide_sparse(
        &self,
        guess: &'static Encoding,
        letters: &BTreeMap<u8, u64>,
    ) -> Result<&'static Encoding, Rivals> {
        let mut plausible: Vec<Reading> = Vec::new();
        for encoding in CANDIDATES.iter().copied().chain([guess]) {
            let is_new = plausible.iter().all(|known| known.encoding != encoding);
            let reading = Reading::new(encoding);
            let mut words = self.words.keys().map(|word| Context::new(word));
            if is_new && words.all(|word| reading.is_plausible(&word)) {
                plausible.push(reading);
            }
        }
        let of = |reading: &Reading| -> Vec<Option<char>> {
            letters.keys().map(|&byte| reading.of(byte)).collect()
        };
        // Letters of Windows-1252 must not count as symbols of Mac Roman: `JOSÉ` is not `JOS…`.
        if plausible
            .iter()
            .any(|reading| reading.encoding == WINDOWS_1252)
        {
            let has_letter =
                |reading: &Reading| of(reading).iter().flatten().any(|c| c.is_alphabetic());
            plausible.retain(|reading| reading.encoding != MACINTOSH || has_letter(reading));
        }
        let Some(first) = plausible.first() else {
            return Ok(guess);
        };
        if plausible.iter().all(|reading| of(reading) == of(first)) {
            let is_guess = plausible.iter().any(|reading| reading.encoding == guess);
            let is_western = first.encoding == WINDOWS_1252 || !is_guess;
            return Ok(if is_western { first.encoding } else { guess });
        }
        Err(rivals(&plausible, letters))
    }
}

/// A code page that may be right instead of the guess.
struct Rival {
    reading: Reading,
    /// [`Reading::cost`] of all words.
    cost: usize,
    /// The bytes that it reads in another way than the guess, in words that it explains.
    bytes: BTreeSet<u8>,
}

impl Rival {
    /// Returns the rival unless the words show that the guess, which costs `cost`, is better.
    fn find(
        reading: Reading,
        guessed: &Reading,
        cost: usize,
        words: &[Context<'_>],
    ) -> Option<Self> {
        let differs = |byte: &u8| reading.of(*byte) != guessed.of(*byte);
        let bytes_of = |word: &Context<'_>| -> Vec<u8> { telling(word).filter(differs).collect() };
        // Words that the guess makes no sense of are problems of their rows.
        let is_misread = |word: &Context<'_>| {
            let text = guessed.encoding.decode_without_bom_handling(word.bytes).0;
            garbled::misread(&text).is_some()
        };
        let differing: Vec<_> = words
            .iter()
            .filter(|word| !bytes_of(word).is_empty() && reading.is_word(word) && !is_misread(word))
            .collect();
        let rival = Self {
            bytes: differing.iter().flat_map(|word| bytes_of(word)).collect(),
            cost: reading.cost(words),
            reading,
        };
        let is_rich = differing.len() >= RICH_WORDS_MIN;
        // Windows-1254 differs from Windows-1252 in letters of Icelandic, which are rare.
        let is_usual = guessed.encoding == WINDOWS_1252
            && rival.reading.encoding != WINDOWS_1254
            && differing.len() >= USUAL_WORDS_MIN;
        let is_beaten = match rival.cost.checked_sub(cost) {
            None => false,
            Some(0) => is_rich,
            Some(1) => is_rich || is_usual || rival.bytes.len() > SPARSE_LETTERS_MAX,
            Some(_) => true,
        };
        (!differing.is_empty() && !is_beaten).then_some(rival)
    }
}

/// Returns the bytes that these code pages read in different ways, with the readings.
fn rivals(plausible: &[Reading], letters: &BTreeMap<u8, u64>) -> Rivals {
    let mut told = String::new();
    let mut line = u64::MAX;
    for (&byte, first_line) in letters {
        let mut shown: Vec<(Option<char>, &'static str)> = Vec::new();
        for reading in plausible {
            let letter = reading.of(byte);
            if shown.iter().all(|(known, _)| *known != letter) {
                shown.push((letter, reading.name()));
            }
        }
        if shown.len() < 2 {
            continue;
        }
        line = line.min(*first_line);
        if !told.is_empty() {
            told.push_str("; ");
        }
        let readings: Vec<String> = shown
            .iter()
            .map(|(letter, encoding)| match letter {
                Some(letter) => format!("`{letter}` in {encoding}"),
                None => format!("part of a letter in {encoding}"),
            })
            .collect();
        told.push_str(&format!("byte 0x{byte:02X} is {}", readings.join(", ")));
    }
    Rivals { line, told }
}

/// The bytes of a word that are no symbols in their place.
fn telling<'w>(word: &Context<'w>) -> impl Iterator<Item = u8> + 'w {
    let word = *word;
    let bytes = word.bytes.iter().enumerate();
    let bytes = bytes.filter(move |&(at, byte)| !byte.is_ascii() && !is_neutral(&word, at));
    bytes.map(|(_, byte)| *byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(words: &[&[u8]]) -> Result<&'static str, String> {
        decided_of(Origin::Export, words)
    }

    fn decided_of(origin: Origin, words: &[&[u8]]) -> Result<&'static str, String> {
        let mut evidence = Evidence::new(origin);
        for (line, word) in (2..).zip(words) {
            let line_of = [b"T-1,a@example.com,", *word, b",view"].concat();
            evidence.add(&line_of, line);
        }
        let found = evidence.decide();
        found.map(Encoding::name).map_err(|rivals| rivals.told)
    }

    #[test]
    fn symbols_alone_are_windows_1252() {
        for words in [
            &[&b"Fee \xa35"[..]][..],
            &[b"5\x80", b"5 \x80", b"\x8012.50"],
            &[b"\xa7 5", b"10 \xb0C", b"N\xb0 5", b"n\xba 5", b"3\xaa"],
            &[
                b"O\x92Brien",
                b"it\x92s",
                b"\x93Pat\x94 \x96 x",
                b"wait\x85",
            ],
            &[
                b"\xabbonjour\xbb",
                b"\xa9 2026",
                b"Concord\x99",
                b"Acme\xae",
            ],
            &[
                b"50 m\xb2",
                b"\xbd",
                b"1\xbd",
                b"\xbfPuede ser?",
                b"done\x97thanks",
            ],
            &[b"a\xa0b", b"\x95 one"],
        ] {
            assert_eq!(decided(words), Ok("windows-1252"), "{words:x?}");
        }
    }

    #[test]
    fn sparse_letters_with_one_reading_are_read() {
        for (word, encoding) in [
            (&b"M\xfcller"[..], "windows-1252"),
            (b"Jos\xe9", "windows-1252"),
            (b"JOS\xc9", "windows-1252"),
            (b"Bj\xf6rk \xc5se", "windows-1252"),
            (b"Pe\xf1a", "windows-1252"),
            (b"Jo\xe3o Magalh\xe3es", "windows-1252"),
            (b"No\xebl Zo\xeb", "windows-1252"),
            (b"Fran\xe7ois", "windows-1252"),
            (b"Garc\xeda", "windows-1252"),
            (b"Hern\xe1ndez", "windows-1252"),
            (b"Stra\xdfe", "windows-1252"),
            (b"J\xfcrgen Zo\xeb", "windows-1252"),
            (b"Micha\xb3", "windows-1250"),
            (b"Dvo\xf8\xe1k", "windows-1250"),
            (b"M\x9fller", "macintosh"),
            (b"Jos\x8e N\x9c\x96ez", "macintosh"),
            (b"Hern\x87ndez", "macintosh"),
            (b"Lo\x95c", "macintosh"),
            (b"Stra\xa7e", "macintosh"),
            (b"Isma\x92il", "windows-1252"),
        ] {
            assert_eq!(decided(&[word]), Ok(encoding), "{word:x?}");
        }
    }

    #[test]
    fn sparse_letters_with_several_readings_are_asked_for() {
        for word in [
            &b"Lo\xefc"[..],
            b"J\xe2nis",
            b"Pozna\xf1ski",
            b"Wo\x9fniak",
            b"Ha\x9aek K\x9anig",
            b"\xdeahin",
            b"Gu\xf0mundur",
            b"Kova\xe8",
            b"H\xe9l\xe8ne",
            b"Ha\xb9ek",
            b"Irm\xe3",
            b"\xc4\xe0",
            b"Garc\x92a",
            b"Mar\xeda",
            b"Fran\x87ois",
            b"Bj\x94rn",
            b"\x9dukasz Dvo\xfd\xa0k",
        ] {
            assert!(
                decided(&[word; 20]).is_err(),
                "{word:x?}: {:?}",
                decided(&[word])
            );
        }
        let told = decided(&[b"Lo\xefc"]).expect_err("it is asked for");
        assert!(
            told.starts_with("byte 0xEF is `ï` in Windows-1252, `ď` in Windows-1250"),
            "{told}"
        );
    }

    #[test]
    fn rich_evidence_is_left_to_the_detector_and_mac_roman_is_told_by_its_words() {
        let german = [
            &b"M\x9fller"[..],
            b"K\x8aser",
            b"B\x9ahm",
            b"Gro\xa7",
            b"Sch\x9an",
            b"J\x8ager",
        ];
        assert_eq!(decided(&german), Ok("macintosh"));
        let french: [&[u8]; 12] = [
            b"H\xe9l\xe8ne",
            b"Ir\xe8ne",
            b"Genevi\xe8ve",
            b"Th\xe9r\xe8se",
            b"Agn\xe8s",
            b"Ren\xe9e",
            b"Andr\xe9",
            b"Mich\xe8le",
            b"Aim\xe9",
            b"L\xe9a",
            b"C\xe9cile",
            b"Val\xe9rie",
        ];
        assert_eq!(decided(&french), Ok("windows-1252"));
        assert!(decided(&french[..3]).is_err());
        let czech: [&[u8]; 4] = [b"Dvo\xf8\xe1k", b"Ha\x9aek", b"N\xecmec", b"Kova\xe8"];
        assert_eq!(decided(&czech), Ok("windows-1250"));
    }

    /// Names in a code page, a word each.
    fn encoded(encoding: &'static Encoding, names: &str) -> Vec<Vec<u8>> {
        let words = names.split(' ').map(|name| {
            let (bytes, _, is_lossy) = encoding.encode(name);
            assert!(!is_lossy, "{name}");
            bytes.into_owned()
        });
        words.collect()
    }

    fn decided_names(
        origin: Origin,
        encoding: &'static Encoding,
        names: &str,
    ) -> Result<&'static str, String> {
        let words = encoded(encoding, names);
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        decided_of(origin, &words)
    }

    const LITHUANIAN: &str = "Rūta Žukauskienė Jonas Kazlauskienė Šarūnas Žemaitis Žydrūnas Jūratė Kęstutis Mažeikienė Laimutė Saulė";
    const ESTONIAN_WITH_CARONS: &str =
        "Šmidt Jüri Tõnu Kõiv Šults Pärn Märt Ülo Öpik Šubin Mägi Põld";
    const HUNGARIAN: &str =
        "Ernő Kővári Gergő Kiss Erzsébet Szőke László Németh Győző János Fűzfői Tímea";

    #[test]
    fn rich_evidence_of_rare_western_letters_is_asked_for() {
        for (encoding, names, told_of) in [
            (
                WINDOWS_1257,
                LITHUANIAN,
                "byte 0xFE is `þ` in Windows-1252, `ž` in Windows-1257",
            ),
            (
                WINDOWS_1257,
                ESTONIAN_WITH_CARONS,
                "byte 0xD0 is `Ð` in Windows-1252, `Š` in Windows-1257",
            ),
        ] {
            let told = decided_names(Origin::Export, encoding, names);
            let told = told.expect_err(names);
            assert!(told.contains(told_of), "{told}");
        }
        for (encoding, names) in [
            (WINDOWS_1257, "Rūta Žukauskienė"),
            (WINDOWS_1257, "Žydrūnas Šimkutė Rūta Müller"),
            (WINDOWS_1257, "Šmidt Jüri Pärn Tõnu"),
            (WINDOWS_1250, "Ernő Kővári Erzsébet"),
            (WINDOWS_1250, "Gergő László Tímea Szőke Jürgen"),
        ] {
            let found = decided_names(Origin::Export, encoding, names);
            assert_ne!(found, Ok("windows-1252"), "{names}");
        }
        // `chardetng` recognises some Hungarian. What it takes for Windows-1252 is refused.
        assert_eq!(
            decided_names(Origin::Export, WINDOWS_1250, HUNGARIAN),
            Ok("windows-1250")
        );
        let words = encoded(WINDOWS_1250, HUNGARIAN);
        let mut evidence = Evidence::new(Origin::Export);
        for word in &words {
            evidence.add(word, 1);
        }
        let letters = BTreeMap::from([(0xf5, 1)]);
        let rivals = evidence
            .checked(WINDOWS_1252, &letters)
            .expect_err("it is refused");
        assert_eq!(
            rivals.told,
            "byte 0xF5 is `õ` in Windows-1252, `ő` in Windows-1250"
        );
    }

    #[test]
    fn rich_evidence_of_western_languages_is_windows_1252() {
        for names in [
            "Guðmundur Jónsson Sigríður Þórður Guðrún Björn Jóhannsdóttir Ragnheiður Þorsteinn Hafþór Kristín Ægir Auður Ásta",
            "João Simões Magalhães Camões Gonçalves Conceição Guimarães Antônio Luís Inês Estêvão Lourenço Brandão",
            "Jõgi Kõiv Põld Lõhmus Tõnu Ülo Pärn Mägi Kärt Jüri Õunapuu Sööt Küla Väli Õ",
            "Müller Jäger Schröder Weiß Böhm Größe Käser Grün Straße Schön Bärbel Jürgen",
            "Hélène François Zoé Benoît Loïc Jérôme Thérèse Anaïs Gaël Noël Maëlle Cédric Gisèle",
            "José Núñez Peña García Íñigo Ángel Muñoz Güell Begoña Martínez Sebastián Ibáñez Cigüeña",
            "Håkon Sørensen Kjær Åse Bjørn Mørk Skjølås Lærke Ærø Jørgensen Råholt Blåsjø",
            "Åsa Björn Håkan Söderström Sjöberg Märta Åkerlund Hägg Östlund Bråthe Näslund",
        ] {
            assert_eq!(
                decided_names(Origin::Export, WINDOWS_1252, names),
                Ok("windows-1252"),
                "{names}"
            );
        }
    }

    /// Names of one or two languages, in the code pages that have their letters.
    const LANGUAGES: [(&[&Encoding], &str); 11] = [
        (
            &[WINDOWS_1252, WINDOWS_1250, WINDOWS_1254],
            "Müller Jäger Schröder Weiß Bärbel Günther",
        ),
        (
            &[WINDOWS_1252, WINDOWS_1254],
            "Hélène François Loïc Thérèse Geneviève Agnès",
        ),
        (
            &[WINDOWS_1252, WINDOWS_1254],
            "Núñez Peña García Ángel Martínez López",
        ),
        (
            &[WINDOWS_1252, WINDOWS_1254],
            "João Simões Gonçalves Inês Estêvão Brandão",
        ),
        (
            &[WINDOWS_1252, WINDOWS_1254],
            "Håkon Sørensen Kjær Bjørn Åkerlund Märta",
        ),
        (
            &[WINDOWS_1252],
            "Guðmundur Sigríður Þórður Ragnheiður Þorsteinn Davíð",
        ),
        (
            &[WINDOWS_1250],
            "Łódź Wałęsa Poznański Woźniak Święcicki Grażyna",
        ),
        (&[WINDOWS_1250], "Dvořák Hašek Němec Kovář Zdeněk Růžička"),
        (&[WINDOWS_1250], "Ernő Kővári Gergő Szőke Fűzfői László"),
        (&[WINDOWS_1250], "Ivančić Đurić Kovačević Šimić Žarko Jurić"),
        (&[WINDOWS_1254], "Işık Şahin Doğan Güneş Yağmur Erdoğan"),
    ];

    /// Decodes names and asserts that they are read as they were, or refused. Returns whether they were read; nothing
    /// if the code page does not have them.
    fn are_read(page: &'static Encoding, names: &[&str]) -> Option<bool> {
        if names.iter().any(|name| page.encode(name).2) {
            return None;
        }
        let words = encoded(page, &names.join(" "));
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let Ok(found) = decided(&words) else {
            return Some(false);
        };
        let found = Encoding::for_label(found.as_bytes()).expect("a label");
        for (word, name) in words.iter().zip(names) {
            let (read, _, _) = found.decode(word);
            // Text that makes no sense is a problem of its row.
            let is_right = read == *name || garbled::misread(&read).is_some();
            assert!(is_right, "{read} in {} of {names:?}", found.name());
        }
        Some(true)
    }

    #[test]
    fn names_of_another_language_among_many_are_read_rightly_or_asked_for() {
        let mut found = Vec::new();
        for (pages, names) in LANGUAGES {
            let names: Vec<&str> = names.split(' ').collect();
            for (other_pages, others) in LANGUAGES {
                for page in pages.iter().chain(other_pages) {
                    let others = others.split(' ');
                    found.extend(others.flat_map(|other| {
                        let few = are_read(page, &[names[0], names[1], other]);
                        let many = are_read(page, &[&names[..], &[other]].concat());
                        [few, many]
                    }));
                }
            }
        }
        let found: Vec<bool> = found.into_iter().flatten().collect();
        let rights = found.iter().filter(|is_read| **is_read).count();
        assert!(rights * 2 > found.len(), "{rights} of {}", found.len());
    }

    #[test]
    fn a_letter_of_a_single_name_is_asked_for() {
        for name in ["Guðmundur", "Doğan"] {
            let encoding = if name.contains('ğ') {
                WINDOWS_1254
            } else {
                WINDOWS_1252
            };
            for names in [
                "Müller Jäger Schröder Weiß Böhm Größe Käser Grün Straße Schön Bärbel Jürgen",
                "Müller Schröder Köhler Krüger Günther Jürgen",
                "Håkon Sørensen Kjær Åse Bjørn Mørk Skjølås Lærke Ærø Jørgensen Råholt Blåsjø",
                "Åsa Björn Håkan Söderström Sjöberg Märta Åkerlund Hägg Östlund Bråthe Näslund",
            ] {
                let names = format!("{names} {name}");
                let told = decided_names(Origin::Export, encoding, &names).expect_err(&names);
                assert!(
                    told.contains("byte 0xF0 is `") && told.contains("`ğ` in Windows-1254"),
                    "{told}"
                );
            }
        }
    }

    #[test]
    fn saved_rejects_are_windows_1252_where_their_words_can_be() {
        let of = |encoding, names| decided_names(Origin::SavedRejects, encoding, names);
        for names in [
            "Loïc",
            "Håkon",
            "Loïc Håkon",
            "Loïc j…@e… +44…21",
            "Hélène",
            "Poznañski",
            "Novotný",
            "Müller Núñez Zoë François",
            "Þórður Sigríður Guðmundur",
        ] {
            assert_eq!(of(WINDOWS_1252, names), Ok("windows-1252"), "{names}");
        }
        // The program's own text decides.
        for names in [
            "Castañeda j…@e…",
            "Loïc j…@e… +44…21",
            "Håkon b…@e…",
            "JOSÉ j…@e…",
        ] {
            assert_eq!(of(MACINTOSH, names), Ok("macintosh"), "{names}");
        }
        for (encoding, name) in [
            (WINDOWS_1254, "Işık"),
            (WINDOWS_1254, "Şahin"),
            (WINDOWS_1254, "Yıldız"),
            (WINDOWS_1257, "Šmidt"),
        ] {
            assert!(
                of(encoding, name).is_err(),
                "{name}: {:?}",
                of(encoding, name)
            );
        }
        assert_eq!(of(WINDOWS_1250, "Wałęsa"), Ok("windows-1250"));
        assert_eq!(
            of(encoding_rs::WINDOWS_1251, "Пётр Сергей"),
            Ok("windows-1251")
        );
    }
}
