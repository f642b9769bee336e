//! How the bytes of a text are encoded, and text of any encoding as UTF-8.
//!
//! A byte order mark decides; then what the job says; then bytes that are UTF-8; only then is a code page guessed (see
//! [`code_page`]), from all of the input, and the guess is reported. UTF-8 is left as it is. Everything else is decoded
//! while it is read. A sequence of bytes that cannot be decoded is
//! never replaced: it goes through in a form that UTF-8 never has, so that its row is refused and told with its bytes.

use crate::codes::ProblemCode;
use crate::numbers::grouped;
use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::code_page::{EVIDENCE_BYTES_MAX, Evidence, Origin, Rivals};
use super::decode::csv::place;
use super::decode::{Malformed, ROW_BYTES_MAX, RawRow, RecordKind};
use super::garbled;
use super::saved_rejects;
use super::source::Window;
use super::understood::{Basis, Codec, Understood};

/// How much of an input is looked at to find out its encoding, in bytes.
pub const ENCODING_LOOK_BYTES: usize = 1024 * 1024;

/// Bytes decoded at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// A malformed sequence and what its decoder reads after it: so much of what was decoded is kept.
const HISTORY_BYTES: usize = 8;
/// Most bytes of a malformed sequence that a message tells.
const TOLD_BYTES_MAX: usize = 4;

/// What the start of an input says of its encoding.
pub(crate) struct Found {
    pub(crate) codec: Codec,
    pub(crate) basis: Basis,
    /// Size of the byte order mark.
    pub(crate) mark_bytes: usize,
    /// Who wrote the text, when its encoding is a guess.
    pub(crate) origin: Origin,
}

const MARKS: [(&[u8], Codec); 5] = [
    (b"\xff\xfe\0\0", Codec::Utf32 { is_little: true }), // before that of UTF-16, which begins alike
    (b"\0\0\xfe\xff", Codec::Utf32 { is_little: false }),
    (b"\xef\xbb\xbf", Codec::Standard(UTF_8)),
    (b"\xff\xfe", Codec::Standard(UTF_16LE)),
    (b"\xfe\xff", Codec::Standard(UTF_16BE)),
];

/// Finds the encoding. A byte order mark takes precedence over the job file, because rejects are UTF-8 with a mark,
/// whatever their input was. For rejects that another program has saved, `encoding` of the job file never counts: it
/// describes the original.
pub(crate) fn find(head: &[u8], is_all: bool, said: Option<&'static Encoding>) -> Found {
    if let Some((mark, codec)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Found {
            codec: *codec,
            basis: Basis::Mark,
            mark_bytes: mark.len(),
            origin: Origin::Export,
        };
    }
    let rejects = saved_rejects::encoding(head, is_sound(head, is_all));
    let origin = match rejects {
        Some(_) => Origin::SavedRejects,
        None => Origin::Export,
    };
    let (encoding, basis) = rejects.unwrap_or_else(|| match said {
        Some(encoding) => (encoding, Basis::Job),
        None => match utf_16(head) {
            Some(encoding) => (encoding, Basis::Content),
            None if is_utf_8(head, is_all) => (UTF_8, Basis::Content),
            None => (code_page(head, is_all), Basis::Guess),
        },
    });
    Found {
        codec: Codec::Standard(encoding),
        basis,
        mark_bytes: 0,
        origin,
    }
}

/// UTF-16 without a mark: NULs in every tenth character at least, nearly all of them in the same half, and a line end
/// that is a whole character.
fn utf_16(head: &[u8]) -> Option<&'static Encoding> {
    /// One byte in so many is a NUL.
    const SHARE: usize = 20;
    /// NULs in one half for each in the other, where a character whose code ends in 00 has one.
    const LEAD: usize = 20;
    memchr::memchr(0, head)?;
    let nuls = |half: usize| {
        let bytes = head.iter().skip(half).step_by(2);
        bytes.filter(|byte| **byte == 0).count()
    };
    let (first, second) = (nuls(0), nuls(1));
    let (encoding, breaks) = if second > first {
        (UTF_16LE, [*b"\n\0", *b"\r\0"])
    } else {
        (UTF_16BE, [*b"\0\n", *b"\0\r"])
    };
    let (more, less) = (first.max(second), first.min(second));
    let has_line = head
        .chunks_exact(2)
        .any(|unit| breaks.iter().any(|line| unit == line));
    (more * SHARE >= head.len() && less * LEAD <= more && has_line).then_some(encoding)
}

/// The key that each row of JSON rejects has. A file with this key is UTF-8, even if none of its rows is valid UTF-8.
const REJECTS_COLUMN: &[u8] = b"import_problem";

/// UTF-8 without damage, or with less of it than sound characters.
fn is_sound(head: &[u8], is_all: bool) -> bool {
    let Err(error) = std::str::from_utf8(head) else {
        return true;
    };
    if error.error_len().is_none() && !is_all {
        return true; // cut in the middle of a character
    }
    let runs = Runs::of(head, is_all);
    runs.sound > runs.broken
}

/// UTF-8, though perhaps with damage to single rows, which are refused: where some of it is UTF-8 that no code page would
/// have by chance, no code page is right for all of it.
fn is_utf_8(head: &[u8], is_all: bool) -> bool {
    /// So many words that are sound tell of UTF-8, one among so many that are not; those of two letters of Latin script,
    /// which code pages have by chance only where a letter and a symbol meet.
    const LATIN_SHARE: usize = 20;
    /// The same of words in other scripts, of so many letters at least: in their code pages any letter follows any other.
    const LONG_SHARE: usize = 8;
    if is_sound(head, is_all) {
        return true;
    }
    let runs = Runs::of(head, is_all);
    memchr::memmem::find(head, REJECTS_COLUMN).is_some()
        || runs.long * LONG_SHARE >= runs.broken && runs.long > 0
        || runs.latin * LATIN_SHARE >= runs.broken
            && runs.latin > 0
            && is_of_latin(code_page(head, is_all))
}

/// How many runs of bytes beyond ASCII there are.
#[derive(Default)]
struct Runs {
    /// Those that are UTF-8.
    sound: usize,
    broken: usize,
    /// Sound ones of several letters.
    long: usize,
    /// Sound ones of Latin letters and of signs that go with them.
    latin: usize,
}

impl Runs {
    fn of(head: &[u8], is_all: bool) -> Self {
        /// Letters of a long run.
        const LONG: usize = 3;
        let mut runs = Self::default();
        let mut rest = head;
        while let Some(from) = rest.iter().position(|byte| !byte.is_ascii()) {
            let end = rest[from..].iter().position(u8::is_ascii);
            let run = &rest[from..end.map_or(rest.len(), |end| from + end)];
            if end.is_none() && !is_all {
                break; // it may be cut
            }
            match std::str::from_utf8(run) {
                Ok(text) => {
                    runs.sound += 1;
                    runs.long += usize::from(text.chars().count() >= LONG);
                    runs.latin += usize::from(text.chars().all(is_latin));
                }
                Err(_) => runs.broken += 1,
            }
            rest = &rest[from + run.len()..];
        }
        runs
    }
}

/// Whether a character is a letter of Latin script, or a sign that goes with such.
fn is_latin(c: char) -> bool {
    matches!(c, '\u{a0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{2010}'..='\u{203a}' | '€' | '™')
}

/// Whether a code page is one for languages that are written in Latin script.
fn is_of_latin(encoding: &'static Encoding) -> bool {
    const LATIN: [&str; 12] = [
        "windows-1250",
        "windows-1252",
        "windows-1254",
        "windows-1257",
        "windows-1258",
        "ISO-8859-2",
        "ISO-8859-3",
        "ISO-8859-4",
        "ISO-8859-10",
        "ISO-8859-15",
        "ISO-8859-16",
        "macintosh",
    ];
    LATIN.contains(&encoding.name())
}

fn code_page(head: &[u8], is_all: bool) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, is_all);
    detector.guess(None, Utf8Detection::Deny)
}

/// A code page that was guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) encoding: &'static Encoding,
    /// The first line that makes no sense in this code page.
    pub(crate) disproved_on: Option<u64>,
}

/// Guesses the code page of a text from its lines, and checks the guess on all of them.
pub(crate) fn guess(window: &mut Window, origin: Origin) -> io::Result<Result<Guess, Rivals>> {
    let mut evidence = Some(Evidence::new(origin));
    let mut held = Held::default();
    let mut guess = Guess {
        encoding: UTF_8,
        disproved_on: None,
    };
    let mut line = 1;
    loop {
        window.ensure(ROW_BYTES_MAX)?;
        let unread = window.unread();
        if unread.is_empty() {
            break;
        }
        let last_end = || {
            let end = memchr::memrchr(b'\n', unread).or_else(|| memchr::memrchr(b'\r', unread));
            end.map_or(unread.len(), |end| end + 1)
        };
        let whole = if window.is_last() {
            unread.len()
        } else {
            last_end()
        };
        for text in lines(&unread[..whole]) {
            let bytes = text.strip_suffix(b"\n").unwrap_or(text);
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            if !bytes.is_ascii() {
                match &mut evidence {
                    Some(found) => {
                        found.add(bytes, line);
                        held.add(bytes, line);
                    }
                    None => guess.hold_against(bytes, line),
                }
            }
            line += u64::from(bytes.len() < text.len());
            if let Some(found) = evidence.take_if(|found| found.is_enough())
                && let Err(rivals) = guess.decide(found, std::mem::take(&mut held))
            {
                return Ok(Err(rivals));
            }
        }
        window.consume(whole);
    }
    if let Some(found) = evidence
        && let Err(rivals) = guess.decide(found, held)
    {
        return Ok(Err(rivals));
    }
    Ok(Ok(guess))
}

/// Lines with characters beyond ASCII, kept until the code page is guessed.
#[derive(Default)]
struct Held {
    lines: Vec<(u64, Vec<u8>)>,
    bytes: usize,
}

impl Held {
    fn add(&mut self, bytes: &[u8], line: u64) {
        if self.bytes < EVIDENCE_BYTES_MAX {
            self.bytes += bytes.len();
            self.lines.push((line, bytes.to_vec()));
        }
    }
}

impl Guess {
    /// Guesses the code page from the evidence, and checks the guess on the lines kept so far and on all words.
    fn decide(&mut self, mut evidence: Evidence, held: Held) -> Result<(), Rivals> {
        self.encoding = evidence.decide()?;
        for (line, bytes) in held.lines {
            self.hold_against(&bytes, line);
        }
        if self.disproved_on.is_none() && self.encoding.is_single_byte() {
            let mut words: Vec<_> = evidence.words().collect();
            words.sort_unstable_by_key(|(_, line)| *line);
            for (word, line) in words {
                self.hold_against(word, line);
            }
        }
        Ok(())
    }

    /// Records the line if it makes no sense in this code page.
    fn hold_against(&mut self, bytes: &[u8], line: u64) {
        if self.disproved_on.is_some() {
            return;
        }
        let text = self
            .encoding
            .decode_without_bom_handling_and_without_replacement(bytes);
        let is_sound = text.is_some_and(|text| {
            let has_controls = text.chars().any(|c| matches!(c, '\u{80}'..='\u{9f}'));
            !has_controls && garbled::misread(&text).is_none()
        });
        if !is_sound {
            self.disproved_on = Some(line);
        }
    }
}

/// The lines of a text, each with its line end: LF, CR LF or CR.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = memchr::memchr2(b'\n', b'\r', rest);
        let end = match end {
            Some(at) if rest[at..].starts_with(b"\r\n") => at + 2,
            Some(at) => at + 1,
            None => rest.len(),
        };
        let (line, others) = rest.split_at(end);
        rest = others;
        (!line.is_empty()).then_some(line)
    })
}

/// An encoding by its label in the WHATWG Encoding Standard, if it is one that text can be read in.
pub(crate) fn by_label(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(label.as_bytes())
        .filter(|encoding| encoding.name() != "x-user-defined")
}

/// Text of another encoding, read as UTF-8.
pub(crate) struct Decoding<R> {
    source: R,
    decoder: StepDecoder,
    raw: Vec<u8>,
    at: usize,
    end: usize,
    is_ended: bool,
    is_flushed: bool,
    chunk: Vec<u8>,
    out: Vec<u8>,
    given: usize,
}

enum StepDecoder {
    Standard {
        decoder: Box<encoding_rs::Decoder>,
        is_code_page: bool,
    },
    Utf32 {
        is_little: bool,
    },
}

impl<R: Read> Decoding<R> {
    pub(crate) fn new(source: R, codec: Codec) -> Self {
        let decoder = match codec {
            Codec::Utf32 { is_little } => StepDecoder::Utf32 { is_little },
            Codec::Standard(encoding) => StepDecoder::Standard {
                decoder: Box::new(encoding.new_decoder_without_bom_handling()),
                is_code_page: encoding != UTF_16LE && encoding != UTF_16BE,
            },
        };
        Self {
            source,
            decoder,
            raw: vec![0; HISTORY_BYTES + CHUNK_BYTES],
            at: HISTORY_BYTES,
            end: HISTORY_BYTES,
            is_ended: false,
            is_flushed: false,
            chunk: vec![0; CHUNK_BYTES],
            out: Vec::new(),
            given: 0,
        }
    }

    /// Reads on behind what is left undecoded, keeping what came just before it.
    fn fill(&mut self) -> io::Result<()> {
        let from = self.at - HISTORY_BYTES;
        self.raw.copy_within(from..self.end, 0);
        self.end -= from;
        self.at = HISTORY_BYTES;
        loop {
            match self.source.read(&mut self.raw[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    self.is_ended = count == 0;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Decodes some of what was read; whether more has to be read first.
    fn step(&mut self) -> bool {
        match &mut self.decoder {
            StepDecoder::Standard {
                decoder,
                is_code_page,
            } => {
                let (result, read, written) = decoder.decode_to_utf8_without_replacement(
                    &self.raw[self.at..self.end],
                    &mut self.chunk,
                    self.is_ended,
                );
                self.at += read;
                let text = &self.chunk[..written];
                if *is_code_page {
                    push_without_controls(text, &mut self.out);
                } else {
                    self.out.extend_from_slice(text);
                }
                match result {
                    DecoderResult::InputEmpty => {
                        self.is_flushed = self.is_ended;
                        true
                    }
                    DecoderResult::OutputFull => false,
                    DecoderResult::Malformed(length, after) => {
                        let end = self.at - usize::from(after);
                        for &byte in &self.raw[end - usize::from(length)..end] {
                            self.out.extend_from_slice(&undecodable(byte));
                        }
                        false
                    }
                }
            }
            StepDecoder::Utf32 { is_little } => {
                let raw = &self.raw[self.at..self.end];
                let mut utf_8 = [0; 4];
                for unit in raw.chunks_exact(4) {
                    let unit = [unit[0], unit[1], unit[2], unit[3]];
                    let code = if *is_little {
                        u32::from_le_bytes(unit)
                    } else {
                        u32::from_be_bytes(unit)
                    };
                    match char::from_u32(code) {
                        Some(c) => self
                            .out
                            .extend_from_slice(c.encode_utf8(&mut utf_8).as_bytes()),
                        None => self.out.extend(unit.into_iter().flat_map(undecodable)),
                    }
                }
                let cut = &raw[raw.len() & !3..];
                if self.is_ended {
                    self.out.extend(cut.iter().copied().flat_map(undecodable));
                    self.is_flushed = true;
                }
                self.at = self.end - cut.len();
                true
            }
        }
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.out.len() {
            self.out.clear();
            self.given = 0;
            while self.out.is_empty() && !self.is_flushed {
                if self.step() && !self.is_flushed {
                    self.fill()?;
                }
            }
        }
        let count = into.len().min(self.out.len() - self.given);
        into[..count].copy_from_slice(&self.out[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// Bytes to which a code page gives no character are decoded to control characters (U+0080 to U+009F) by the standard;
/// in text they are undecodable.
fn push_without_controls(text: &[u8], out: &mut Vec<u8>) {
    let mut from = 0;
    for at in memchr::memchr_iter(0xc2, text) {
        if let Some(&byte @ 0x80..=0x9f) = text.get(at + 1) {
            out.extend_from_slice(&text[from..at]);
            out.extend_from_slice(&undecodable(byte));
            from = at + 2;
        }
    }
    out.extend_from_slice(&text[from..]);
}

/// An undecodable byte in a form that no UTF-8 has, and that no delimiter, quote or line end is part of.
fn undecodable(byte: u8) -> [u8; 3] {
    [byte >> 6, byte >> 3 & 7, byte & 7].map(|bits| 0xf8 | bits)
}

/// The undecodable bytes that stand at a place.
fn undecodable_at(raw: &[u8], at: usize) -> Vec<u8> {
    let marks = raw.get(at..).unwrap_or_default().chunks_exact(3);
    marks
        .take_while(|mark| mark.iter().all(|byte| *byte >= 0xf8))
        .map(|mark| (mark[0] & 3) << 6 | (mark[1] & 7) << 3 | mark[2] & 7)
        .take(TOLD_BYTES_MAX)
        .collect()
}

/// What stands where text could not be decoded: `byte 0x81 at character 5 is not Windows-1252`. `None`: it is UTF-8
/// that was read, or nothing stands there.
pub(crate) fn tell(raw: &[u8], line: u64, encoding: &str) -> Option<(u64, String)> {
    if encoding == UTF_8.name() {
        return None;
    }
    let at = std::str::from_utf8(raw).err()?.valid_up_to();
    let bytes = undecodable_at(raw, at);
    let (line, character) = place(raw, at, line);
    let shown: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:02X}")).collect();
    let (noun, verb) = if bytes.len() == 1 {
        ("byte", "is")
    } else {
        ("bytes", "are")
    };
    let shown = shown.join(" ");
    let told = format!("{noun} {shown} at character {character} {verb} not {encoding}");
    Some((line, told))
}

/// The problem of a row that a code page, which is a guess, makes what no text is.
pub(crate) fn misread<'a>(row: &RawRow<'a>, understood: &Understood) -> Option<Malformed<'a>> {
    if row.raw.is_ascii() {
        return None;
    }
    let text = std::str::from_utf8(row.raw).ok()?;
    let (at, c) = garbled::misread(text)?;
    Some(Malformed {
        row_line: row.line,
        line: row.line,
        code: ProblemCode::Misread,
        message: format!(
            "character {at} of the row is U+{:04X}, where no word has it: {} is a guess, and a wrong one, it seems; {}",
            u32::from(c),
            understood.encoding,
            understood.correction()
        ),
        raw: row.raw,
        // Among rejects it would be UTF-8 and no guess.
        kind: RecordKind::Piece,
        value: None,
    })
}

/// Returns the problem of a row with characters beyond ASCII when another row shows that the guess is wrong.
pub(crate) fn doubtful<'a>(row: &RawRow<'a>, understood: &Understood) -> Option<Malformed<'a>> {
    let line = understood.disproved_on.filter(|_| !row.raw.is_ascii())?;
    Some(Malformed {
        row_line: row.line,
        line: row.line,
        code: ProblemCode::DoubtfulEncoding,
        message: format!(
            "the row has letters beyond A to Z, and {} is a guess that line {} disproves: {}",
            understood.encoding,
            grouped(line),
            understood.correction()
        ),
        raw: row.raw,
        kind: RecordKind::Piece,
        value: None,
    })
}

/// Tells of a row that could not be decoded in the words of its own encoding.
pub(crate) fn retell(bad: &mut Malformed<'_>, understood: &Understood) {
    if bad.code != ProblemCode::NotUtf8 {
        return;
    }
    if let Some((_, told)) = tell(bad.raw, bad.row_line, understood.encoding) {
        bad.code = ProblemCode::NotDecodable;
        bad.message = if understood.is_saved_rejects || understood.basis == Basis::Mark {
            format!("{told}; {}", understood.correction())
        } else {
            format!("{told}; if another encoding is right, set it in the job file's [input]")
        };
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{SHIFT_JIS, WINDOWS_1252};

    use super::*;

    /// Gives a byte at a time.
    struct Bytes<'a>(&'a [u8]);

    impl Read for Bytes<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut into[..1])
        }
    }

    fn decoded(bytes: &[u8], codec: Codec) -> Vec<u8> {
        let mut whole = Vec::new();
        let mut decoding = Decoding::new(bytes, codec);
        decoding.read_to_end(&mut whole).expect("memory reads");
        let mut cut = Vec::new();
        let mut decoding = Decoding::new(Bytes(bytes), codec);
        decoding.read_to_end(&mut cut).expect("memory reads");
        assert_eq!(whole, cut);
        whole
    }

    #[test]
    fn text_is_decoded_and_what_cannot_be_is_told_by_its_bytes() {
        let utf_32 = Codec::Utf32 { is_little: false };
        for (codec, bytes, before, found) in [
            (
                Codec::Standard(WINDOWS_1252),
                &b"\x80 caf\xe9\x81x"[..],
                "€ café",
                &[0x81][..],
            ),
            (
                Codec::Standard(UTF_16LE),
                b"a\0\xac\x20\x00\xd8b\0",
                "a€",
                &[0x00, 0xd8],
            ),
            (Codec::Standard(UTF_16LE), b"a\0b", "a", &[0x62]),
            (Codec::Standard(SHIFT_JIS), b"\x83e\xfd,", "テ", &[0xfd]),
            (
                utf_32,
                b"\0\0\0a\0\x01\xf4\x8c\0\0\xd8\0\0",
                "a💌",
                &[0, 0, 0xd8, 0],
            ),
        ] {
            let text = decoded(bytes, codec);
            let at = std::str::from_utf8(&text)
                .expect_err("it is not sound")
                .valid_up_to();
            assert_eq!(std::str::from_utf8(&text[..at]), Ok(before));
            assert_eq!(undecodable_at(&text, at), found, "{before}");
        }
    }

    #[test]
    fn every_byte_comes_back_from_its_mark() {
        for byte in 0..=255 {
            assert_eq!(undecodable_at(&undecodable(byte), 0), [byte]);
            assert!(std::str::from_utf8(&undecodable(byte)).is_err());
        }
    }

    #[test]
    fn the_encoding_is_found_by_mark_then_job_then_content_then_guess() {
        let found = |head: &[u8], said| {
            let found = find(head, true, said);
            (found.codec.name(), found.basis)
        };
        let latin = Some(WINDOWS_1252);
        assert_eq!(found(b"\xef\xbb\xbfa", latin), ("UTF-8", Basis::Mark));
        assert_eq!(found(b"\xff\xfe\0\0", None), ("UTF-32LE", Basis::Mark));
        assert_eq!(found(b"\xff\xfea\0", None), ("UTF-16LE", Basis::Mark));
        assert_eq!(found(b"caf\xc3\xa9", latin), ("Windows-1252", Basis::Job));
        assert_eq!(found(b"caf\xc3\xa9", None), ("UTF-8", Basis::Content));
        assert_eq!(
            found(b"\xc3\xa9 \xc3\xa9 \xe9", None),
            ("UTF-8", Basis::Content)
        );
        assert_eq!(found(b"a\0,\0b\0\n\0", None), ("UTF-16LE", Basis::Content));
        assert_eq!(
            found(b"\0a\0,\x04\x16\0\n", None),
            ("UTF-16BE", Basis::Content)
        );
        assert_eq!(
            found(b"Beh\xf6rde, caf\xe9", None),
            ("Windows-1252", Basis::Guess)
        );
        let russian =
            b"\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0 \xf1\xe5\xe3\xee\xe4\xed\xff";
        assert_eq!(found(russian, None), ("Windows-1251", Basis::Guess));
        assert_eq!(
            find("caf\u{e9}".as_bytes().split_at(4).0, false, None).basis,
            Basis::Content
        );
    }
}
