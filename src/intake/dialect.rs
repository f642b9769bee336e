//! Which character divides the cells, found from the first records, when the job does not say.
//!
//! A `sep=` line, as Excel reads and writes it, decides. Else that character wins by which most records have the same
//! number of cells, quotes respected; a character that gives the first record as many counts double.

use super::decode::ROW_BYTES_MAX;
use super::decode::scan::{After, Dialect, Scan, Spans, scan};
use crate::plan::NO_QUOTE;

/// What cells may be divided by, unless the job says otherwise; of two that fit alike the first is taken.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// What divides cells only where every one of the first records has the same number of cells, at least so many.
const RARE_DELIMITERS: [(u8, usize); 6] = [
    (0x1f, 2),
    (0x01, 2),
    (b'^', 2),
    (b'~', 2),
    (b':', 4),
    (b' ', 4),
];
/// So many records have to agree on a rare delimiter.
const RARE_RECORDS_MIN: usize = 3;
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

/// What the job file, or a `sep=` line, tells of a dialect.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    pub(crate) delimiter: Option<u8>,
    pub(crate) quote: Option<u8>,
    pub(crate) escape: Option<u8>,
}

/// The dialect of a sample. It begins with a record; `is_all`: nothing comes after it.
pub(crate) fn find(sample: &[u8], is_all: bool, told: Told) -> Dialect {
    let usual = Dialect {
        delimiter: told.delimiter.unwrap_or(b','),
        quote: told.quote.unwrap_or(b'"'),
        escape: told.escape,
        is_padded: false,
    };
    let fit_of = |dialect| fit(sample, is_all, dialect, told.delimiter);
    let mut best = fit_of(usual);
    let plain = best;
    // One that fits as well is taken for padding and quotes, since without them the quotes would be part of the cells.
    let mut consider = |dialect: Dialect, or_as_well: bool| {
        let found = fit_of(dialect);
        let is_better = found.score > best.score
            || (or_as_well && found.score == best.score && found.score > 0);
        if is_better && found.faults <= plain.faults {
            best = found;
        }
        best.dialect
    };
    let mut dialect = plain.dialect;
    if told.quote.is_none() && heads_in_single_quotes(sample, plain.dialect.delimiter) {
        // Cells with apostrophes of their own are refused then.
        dialect = fit_of(Dialect {
            quote: b'\'',
            ..usual
        })
        .dialect;
        return dialect;
    }
    if told.quote.is_none() && has_single_quotes(sample) {
        dialect = consider(
            Dialect {
                quote: b'\'',
                ..usual
            },
            true,
        );
    }
    let holds = |needle: &[u8]| memchr::memmem::find(sample, needle).is_some();
    let quote = dialect.quote;
    if told.escape.is_none() && holds(&[b'\\', quote]) {
        dialect = consider(
            Dialect {
                escape: Some(b'\\'),
                ..dialect
            },
            false,
        );
    }
    if quote != NO_QUOTE && holds(&[dialect.delimiter, b' ', quote]) {
        dialect = consider(
            Dialect {
                is_padded: true,
                ..dialect
            },
            true,
        );
    }
    dialect
}

/// How well a dialect fits a sample.
#[derive(Clone, Copy)]
struct Fit {
    dialect: Dialect,
    score: u64,
    faults: usize,
}

/// The best fit of a dialect with the delimiter that is told, or any of those that are usual; where none of them fits,
/// with a rare one that divides every record alike.
fn fit(sample: &[u8], is_all: bool, dialect: Dialect, told: Option<u8>) -> Fit {
    let of = |delimiter: u8| {
        let dialect = Dialect {
            delimiter,
            ..dialect
        };
        let counts = cell_counts(sample, is_all, dialect);
        let fit = Fit {
            dialect,
            score: score(&counts),
            faults: counts.iter().filter(|count| **count == 0).count(),
        };
        (fit, counts)
    };
    if let Some(delimiter) = told {
        return of(delimiter).0;
    }
    let mut best = of(DELIMITERS[0]).0;
    for delimiter in DELIMITERS
        .into_iter()
        .skip(1)
        .filter(|one| *one != dialect.quote)
    {
        let (found, _) = of(delimiter);
        let is_prose = || best.dialect.delimiter == b',' && is_followed_by_blanks(sample, b',');
        if found.score > best.score || found.score == best.score && found.score > 0 && is_prose() {
            best = found;
        }
    }
    if best.score > 0 {
        return best;
    }
    for (delimiter, cells_min) in RARE_DELIMITERS {
        if delimiter == b' ' && heads_with_two_blanks(sample) {
            continue;
        }
        let (found, counts) = of(delimiter);
        let divides_all = counts.windows(2).all(|pair| pair[0] == pair[1]);
        if divides_all && counts.len() >= RARE_RECORDS_MIN && counts[0] >= cells_min {
            return found;
        }
    }
    best
}

/// Whether a blank follows wherever the byte stands, as behind the commas of a text.
fn is_followed_by_blanks(sample: &[u8], byte: u8) -> bool {
    memchr::memchr_iter(byte, sample).all(|at| sample.get(at + 1) == Some(&b' '))
}

/// Whether cells seem to stand in single quotes: there are such around cells, and no double quote begins one.
fn has_single_quotes(sample: &[u8]) -> bool {
    let divides = |byte: Option<&u8>| byte.is_none_or(|byte| is_divider(*byte));
    let mut begins = false;
    let mut ends = false;
    for at in memchr::memchr2_iter(b'\'', b'"', sample) {
        let before = at.checked_sub(1).and_then(|before| sample.get(before));
        if divides(before) {
            if sample[at] == b'"' {
                return false;
            }
            begins = true;
        }
        ends |= sample[at] == b'\'' && divides(sample.get(at + 1));
    }
    begins && ends
}

/// Whether a cell of the first line stands in single quotes.
fn heads_in_single_quotes(sample: &[u8], delimiter: u8) -> bool {
    let end = memchr::memchr2(b'\n', b'\r', sample).unwrap_or(sample.len());
    sample[..end]
        .split(|byte| *byte == delimiter)
        .any(|cell| cell.len() > 2 && cell[0] == b'\'' && cell.ends_with(b"'"))
}

/// Returns whether the first line has two blanks side by side, which align columns.
fn heads_with_two_blanks(sample: &[u8]) -> bool {
    let end = memchr::memchr2(b'\n', b'\r', sample).unwrap_or(sample.len());
    memchr::memmem::find(&sample[..end], b"  ").is_some()
}

fn is_divider(byte: u8) -> bool {
    DELIMITERS.contains(&byte) || matches!(byte, b'\n' | b'\r')
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

/// A delimiter as the job file writes it.
pub(crate) fn written(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "\\t".to_owned(),
        control if control.is_ascii_control() => format!("\\u{control:04X}"),
        other => char::from(other).to_string(),
    }
}

pub(crate) fn delimiter_hint(delimiter: u8, guess: u8) -> String {
    format!(
        "set delimiter = \"{}\" in the job file's [input] (or \"{}\" if that is right indeed)",
        written(delimiter),
        written(guess)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sample: &str) -> Option<u8> {
        found_in(sample, true)
    }

    fn found_in(sample: &str, is_all: bool) -> Option<u8> {
        let found = fit(
            sample.as_bytes(),
            is_all,
            find(b"", true, Told::default()),
            None,
        );
        (found.score > 0).then_some(found.dialect.delimiter)
    }

    /// Delimiter, quote, escape and padding.
    fn dialect(sample: &str) -> String {
        let found = find(sample.as_bytes(), true, Told::default());
        let escape = found.escape.map_or(' ', char::from);
        format!(
            "{}{}{escape}{}",
            char::from(found.delimiter),
            char::from(found.quote),
            if found.is_padded { "padded" } else { "" }
        )
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
        // Commas of a text, each with a blank behind it.
        assert_eq!(
            found("No;Last, First, Title;Mail\n1;Roe, Jo, Dr;x\n2;Poe, Al, Dr;y\n"),
            Some(b';')
        );
        assert_eq!(found("a, b, c\n1, 2, 3\n"), Some(b','));
        assert_eq!(found("\"never closed"), None);
        assert_eq!(found(""), None);
        // What is cut off at the end of a sample is not counted.
        assert_eq!(found_in("a;b\n1;2\n1,2,3", false), Some(b';'));
    }

    #[test]
    fn quotes_and_escapes_are_those_without_which_cells_would_break() {
        for (sample, is) in [
            ("'a','b'\n'x,y','it''s'\n", ",' "),
            ("a,'b'\n1,'x'\n2,y's\n", ",' "),
            // Apostrophes of spreadsheets, in front of digits.
            ("a,b\n'012,x\n'034,y'\n", ",\" "),
            ("a,b\n\"x \\\"y\\\", z\",2\n\"x\",3\n", ",\"\\"),
            ("a,b\n\"C:\\\",2\n\"D:\\\",3\n", ",\" "),
            ("a, \"b\"\n1, \"x, y\"\n2, \"z\"\n", ",\" padded"),
            ("a,b\nsaid \"x\",2\nsaid \"y\",3\n", ",\" "),
            ("a~b\n1~2\n3~4\n", "~\" "),
            ("a b c d\n1 2 3 4\n5 6 7 8\n", " \" "),
            ("Please do it\nNot yet done\nMy own name\n", ",\" "),
        ] {
            assert_eq!(dialect(sample), is, "{sample}");
        }
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
