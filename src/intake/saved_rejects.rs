//! Rejects that a spreadsheet program has saved: with another delimiter or in another encoding than the job file says.
//!
//! The job file describes the original input, not the saved rejects. So delimiter and encoding are found from the file
//! itself, which is recognised by the last column of its header. This module does not read its rows.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::dialect::DELIMITERS;
use super::encoding::Basis;
use super::table::PROBLEM_COLUMN;

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

/// Finds the encoding of rejects without a byte order mark. None for other texts. The importer writes a mark unless all
/// is ASCII, so another program has saved this file.
pub(super) fn encoding(
    head: &[u8],
    is_utf_8: bool,
    said: Option<&'static Encoding>,
    guess: impl FnOnce() -> &'static Encoding,
) -> Option<(&'static Encoding, Basis)> {
    header(head, None)?;
    let said = said.filter(|said| ![UTF_8, UTF_16LE, UTF_16BE].contains(said));
    Some(match said {
        Some(said) if head.is_ascii() || !is_utf_8 => (said, Basis::Job),
        _ if is_utf_8 || is_damage_told(head) => (UTF_8, Basis::Content),
        _ => {
            let guessed = guess();
            let is_sparse = distinct_beyond_ascii(head) <= SPARSE_MAX;
            let is_western = guessed == WINDOWS_1252 || is_sparse && is_western(head);
            (
                if is_western { WINDOWS_1252 } else { guessed },
                Basis::Guess,
            )
        }
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
/// Number of different bytes beyond ASCII up to which a guess of the code page is unreliable. Then Windows-1252,
/// Excel's usual code page, is tried first.
const SPARSE_MAX: usize = 3;

fn distinct_beyond_ascii(head: &[u8]) -> usize {
    let mut is_there = [false; 256];
    for byte in head.iter().filter(|byte| !byte.is_ascii()) {
        is_there[usize::from(*byte)] = true;
    }
    is_there.into_iter().filter(|is_there| *is_there).count()
}

/// Returns whether each byte beyond ASCII is plausible in Windows-1252: a letter beside an ASCII letter, or a sign that
/// is not beside one.
fn is_western(head: &[u8]) -> bool {
    let letter = |at: Option<usize>| {
        let byte = at.and_then(|at| head.get(at)).copied().unwrap_or(b' ');
        byte.is_ascii_alphabetic()
    };
    let is_high = |byte: u8| byte >= 0xc0 && !matches!(byte, 0xd7 | 0xf7);
    let is_sign = |byte: u8| matches!(byte, 0x80 | 0x85 | 0x91..=0x97 | 0x99 | 0xa0..=0xbf);
    head.iter().enumerate().all(|(at, &byte)| {
        let is_in_word = letter(at.checked_sub(1)) || letter(Some(at + 1));
        byte.is_ascii() || is_high(byte) && is_in_word || is_sign(byte) && !is_in_word
    })
}

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
    fn the_encoding_is_that_of_the_file_and_not_what_the_job_file_says() {
        let of = |name: &[u8], said| {
            let text = [b"A;import_problem\n", name, b";x\n"].concat();
            let is_utf_8 = std::str::from_utf8(&text).is_ok();
            let found = encoding(&text, is_utf_8, said, || encoding_rs::WINDOWS_1250);
            let (encoding, basis) = found.expect("it has the header of rejects");
            (encoding.name(), basis)
        };
        let windows_1251 = Some(encoding_rs::WINDOWS_1251);
        for said in [None, Some(UTF_8), Some(UTF_16LE)] {
            assert_eq!(of(b"Lo\xefc \x965", said), ("windows-1252", Basis::Guess));
            assert_eq!(of("Loïc".as_bytes(), said), ("UTF-8", Basis::Content));
        }
        assert_eq!(
            of("Loïc".as_bytes(), windows_1251),
            ("UTF-8", Basis::Content)
        );
        assert_eq!(
            of(b"\xcf\xe5\xf2\xf0", windows_1251),
            ("windows-1251", Basis::Job)
        );
        assert_eq!(of(b"Loic", windows_1251), ("windows-1251", Basis::Job));
        assert_eq!(of(b"Wa\xb3\xeasa", None), ("windows-1250", Basis::Guess));
        assert_eq!(
            of(b"\xef;byte 0xEF is not UTF-8", None),
            ("UTF-8", Basis::Content)
        );
    }
}
