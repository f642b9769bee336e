//! Rejects that a spreadsheet program has saved: with another delimiter or in another encoding than the job file says.
//!
//! The job file describes the original input, not the saved rejects. So delimiter and encoding are found from the file
//! itself, which is recognised by the last column of its header. This module does not read its rows.
//!
//! The same bytes are different letters in different code pages. So the problem of each row with letters beyond ASCII
//! ends with their numbers in ASCII: `[letters U+00F0 U+00FE]`. Only the right code page reads the file's bytes as them.

use std::collections::BTreeSet;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::dialect::DELIMITERS;
use super::table::PROBLEM_COLUMN;
use super::understood::Basis;

/// The header of rejects in delimited text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RejectsHeader {
    /// The delimiter between its cells.
    pub(super) delimiter: u8,
    /// The number of lines above it.
    pub(super) lines_above: u64,
}

/// Finds the header of rejects in the first bytes of a text. `told` is the delimiter that the job file says.
pub(super) fn header(text: &[u8], told: Option<u8>) -> Option<RejectsHeader> {
    memchr::memmem::find_iter(text, PROBLEM_COLUMN).find_map(|start| {
        let (before, rest) = text.split_at(start);
        let rest = &rest[PROBLEM_COLUMN.len()..];
        let quote = before
            .last()
            .copied()
            .filter(|byte| matches!(byte, b'"' | b'\''));
        let before = &before[..before.len() - usize::from(quote.is_some())];
        let rest = match quote {
            Some(quote) => rest.strip_prefix(&[quote])?,
            None => rest,
        };
        let delimiter = *before.last()?;
        let is_delimiter = DELIMITERS.contains(&delimiter) || told == Some(delimiter);
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let is_last = rest[..end]
            .iter()
            .all(|byte| *byte == delimiter || matches!(byte, b' ' | b'"'));
        (is_delimiter && is_last).then(|| RejectsHeader {
            delimiter,
            lines_above: super::decode::scan::line_breaks(before),
        })
    })
}

/// The beginning of the note of a row's letters.
const LETTERS: &str = "[letters";
/// The beginning of a letter's number in that note.
const NUMBER: &str = " U+";
/// Maximum number of letters in the note of a row.
const NOTED_MAX: usize = 16;

/// Returns the note of the letters beyond ASCII in a row that is refused, or nothing if it has none.
pub(crate) fn letters_note<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let letters = cells.flat_map(str::chars);
    // Letters of Latin, Greek and Cyrillic script, which code pages of one byte a character have.
    let letters = letters.filter(|c| matches!(c, '\u{80}'..='\u{4ff}') && c.is_alphabetic());
    let letters: BTreeSet<char> = letters.collect();
    if letters.is_empty() {
        return String::new();
    }
    let numbers = letters.into_iter().take(NOTED_MAX);
    let numbers = numbers.map(|c| format!("{NUMBER}{:04X}", u32::from(c)));
    let numbers = numbers.collect::<Vec<_>>().concat();
    format!(" {LETTERS}{numbers}]")
}

/// Returns the letters in the notes of a line.
pub(super) fn noted_letters(line: &[u8]) -> impl Iterator<Item = char> {
    let notes = memchr::memmem::find_iter(line, LETTERS);
    notes.flat_map(|at| {
        let note = &line[at + LETTERS.len()..];
        let note = note.split(|byte| *byte == b']').next().unwrap_or_default();
        let note = std::str::from_utf8(note).unwrap_or_default();
        let numbers = note.split(NUMBER).skip(1).take(NOTED_MAX);
        numbers.filter_map(|number| char::from_u32(u32::from_str_radix(number, 16).ok()?))
    })
}

/// Finds the encoding of rejects without a byte order mark. None for other texts. The importer writes a mark unless all
/// is ASCII, so another program has saved this file.
pub(super) fn encoding(head: &[u8], is_utf_8: bool) -> Option<(&'static Encoding, Basis)> {
    header(head, None)?;
    Some(if is_utf_8 || is_damage_told(head) {
        (UTF_8, Basis::Content)
    } else {
        (WINDOWS_1252, Basis::Guess)
    })
}

/// Returns whether each line that is not UTF-8 was refused for that reason. If so, the file is UTF-8, and only these
/// lines are damaged.
fn is_damage_told(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n');
    lines.all(|line| {
        std::str::from_utf8(line).is_ok() || memchr::memmem::find(line, NOT_UTF_8).is_some()
    })
}

/// The text in the problem of a row that is not UTF-8.
const NOT_UTF_8: &[u8] = b"not UTF-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_rejects_tells_its_delimiter() {
        let found = |text: &str| {
            let header = header(text.as_bytes(), Some(b':'))?;
            Some((char::from(header.delimiter), header.lines_above))
        };
        assert_eq!(found("A,B,import_problem\n1,2,x\n"), Some((',', 0)));
        assert_eq!(
            found("Title;;\r\n\"A\";\"import_problem\";;\r\n"),
            Some((';', 1))
        );
        assert_eq!(found("A\timport_problem"), Some(('\t', 0)));
        assert_eq!(found("A:import_problem\n"), Some((':', 0)));
        for other in [
            "A,import_problems\n",
            "import_problem\n",
            "A,import_problem,B\n",
            "my import_problem\n",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn the_letters_of_a_row_are_noted_in_ascii_and_found_again() {
        let note = letters_note(["T-1", "Guðmundur", "Þór €5…"].into_iter());
        assert_eq!(note, " [letters U+00DE U+00F0 U+00F3]");
        assert_eq!(letters_note(["T-1", "山田 €5"].into_iter()), "");
        let line = [b"T-1;Gu\xf0mundur;x", note.as_bytes(), b"\"\r"].concat();
        assert_eq!(noted_letters(&line).collect::<String>(), "Þðó");
        for other in [
            "[letters",
            "[letters]",
            "[letters U+]",
            "[letters U+110000]",
        ] {
            assert_eq!(noted_letters(other.as_bytes()).count(), 0, "{other}");
        }
    }

    #[test]
    fn the_encoding_is_that_of_the_file() {
        let of = |name: &[u8]| {
            let text = [b"A;import_problem\n", name, b";x\n"].concat();
            let is_utf_8 = std::str::from_utf8(&text).is_ok();
            let found = encoding(&text, is_utf_8);
            let (encoding, basis) = found.expect("it has the header of rejects");
            (encoding.name(), basis)
        };
        assert_eq!(of(b"Lo\xefc \x965"), ("windows-1252", Basis::Guess));
        assert_eq!(of("Loïc".as_bytes()), ("UTF-8", Basis::Content));
        assert_eq!(of(b"Loic"), ("UTF-8", Basis::Content));
        assert_eq!(
            of(b"\xef;byte 0xEF is not UTF-8"),
            ("UTF-8", Basis::Content)
        );
        assert_eq!(encoding(b"A;B\nLo\xefc;x\n", false), None);
    }
}
