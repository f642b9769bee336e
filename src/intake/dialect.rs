//! Which character divides the cells, found from the first records, when the job does not say.
//!
//! A `sep=` line, as Excel reads and writes it, decides. Else that character wins by which most records have the same
//! number of cells, quotes respected; a character that gives the first record as many counts double.

use super::decode::ROW_BYTES_MAX;
use super::decode::scan::{After, Dialect, Scan, Spans, scan};

/// What cells may be divided by, unless the job says otherwise; of two that fit alike the first is taken.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Records that are looked at.
pub const DELIMITER_ROWS_MAX: usize = 200;

/// The delimiter that a `sep=` line at the start of the text tells, and the line's size with its end.
pub(crate) fn separator_line(text: &[u8], quote: u8) -> Option<(u8, usize)> {
    let (label, rest) = text.split_at_checked(4)?;
    let (&byte, rest) = rest.split_first()?;
    let end_bytes = match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => return None,
    };
    let divides = byte == b'\t' || byte.is_ascii_punctuation();
    (label.eq_ignore_ascii_case(b"sep=") && divides && byte != quote)
        .then_some((byte, 5 + end_bytes))
}

/// The delimiter of a sample, if one fits. The sample begins with a record; `is_all`: nothing comes after it.
pub(crate) fn delimiter(sample: &[u8], is_all: bool, quote: u8) -> Option<u8> {
    let mut best = None;
    for delimiter in DELIMITERS.into_iter().filter(|one| *one != quote) {
        let counts = cell_counts(sample, is_all, Dialect { delimiter, quote });
        let score = score(&counts);
        if score > best.map_or(0, |(most, _)| most) {
            best = Some((score, delimiter));
        }
    }
    best.map(|(_, delimiter)| delimiter)
}

/// How many cells each record has; none where a quote is at fault.
fn cell_counts(sample: &[u8], is_all: bool, dialect: Dialect) -> Vec<usize> {
    let after = if is_all { After::End } else { After::More };
    let mut counts = Vec::new();
    let mut cells = Spans::default();
    let mut rest = sample;
    while !rest.is_empty() && counts.len() < DELIMITER_ROWS_MAX {
        let Scan::Record {
            content,
            whole,
            fault,
        } = scan(rest, after, ROW_BYTES_MAX, dialect, &mut cells)
        else {
            break;
        };
        if fault.is_some() {
            counts.push(0);
        } else if content > 0 {
            counts.push(cells.len());
        }
        rest = &rest[whole..];
    }
    counts
}

/// How well cell counts agree, and on how much; 0 where they say nothing.
fn score(counts: &[usize]) -> u64 {
    const SCALE: u64 = 1_000_000;
    let Some(&first) = counts.first() else {
        return 0;
    };
    let alike = |count: usize| counts.iter().filter(|one| **one == count).count();
    // The count of most records; of two that are as frequent that of the first record, or else the smaller.
    let usual = counts
        .iter()
        .copied()
        .max_by_key(|count| (alike(*count), *count == first, usize::MAX - count))
        .unwrap_or(first);
    let agreeing = alike(usual);
    if usual < 2 || (agreeing * 2 < counts.len() && first < 2) {
        return 0;
    }
    let weight = if usual == first { 2 } else { 1 };
    let above = SCALE * weight * (agreeing * (usual - 1)) as u64;
    above / (counts.len() * usual) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sample: &str) -> Option<u8> {
        delimiter(sample.as_bytes(), true, b'"')
    }

    #[test]
    fn the_delimiter_is_the_one_by_which_records_agree() {
        assert_eq!(found("a;b;c\n1,5;2,5;3\n1,5;2,5;3\n"), Some(b';'));
        assert_eq!(found("a,b\n\"x;y\",2\n\"x;y\",3\n"), Some(b','));
        assert_eq!(found("a\tb\n1, 2, 3\tx\n4\ty\n"), Some(b'\t'));
        assert_eq!(found("a|b|c\n1|2|3\n"), Some(b'|'));
        assert_eq!(found("a;b;c\n1;2\n1;2;3;4\n"), Some(b';'));
        assert_eq!(found("Email\na@example.com\nb@example.com\n"), None);
        assert_eq!(found("Remark\nPlease, do\nyes\nno; or maybe\n"), None);
        assert_eq!(found("\"never closed"), None);
        assert_eq!(found(""), None);
        // What is cut off at the end of a sample is not counted.
        assert_eq!(delimiter(b"a;b\n1;2\n1,2,3", false, b'"'), Some(b';'));
    }

    #[test]
    fn a_separator_line_is_five_characters() {
        assert_eq!(separator_line(b"sep=;\r\na;b", b'"'), Some((b';', 7)));
        assert_eq!(separator_line(b"SEP=\t\na", b'"'), Some((b'\t', 6)));
        for text in [
            &b"sep=\"\na"[..],
            b"sep=,,\n",
            b"sep=a\n",
            b"sep=",
            b"sep=;",
        ] {
            assert_eq!(separator_line(text, b'"'), None);
        }
    }
}
