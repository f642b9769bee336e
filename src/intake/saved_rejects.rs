//! Rejects that a spreadsheet program has saved: with another delimiter or in another encoding than the job file says.
//!
//! The job file describes the original input, not the saved rejects. So delimiter and encoding are found from the file
//! itself, which is recognised by the last column of its header. This module does not read its rows.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

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
/// is ASCII, so another program has saved this file, in an encoding of its own.
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
