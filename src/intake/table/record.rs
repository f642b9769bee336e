//! What a record or a text of a header looks like by itself.

pub(super) fn is_bracketed(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('(') && text.ends_with(')')
}

/// Whether a record is a line that was drawn with characters, as some tools do below a header.
pub(super) fn is_line(record: &[String]) -> bool {
    let mut cells = record.iter().filter(|cell| !cell.trim().is_empty());
    cells.clone().count() > 1 && cells.all(|cell| is_dashes(cell.trim()))
}

/// Whether a text is a piece of such a line.
pub(super) fn is_dashes(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| matches!(c, '-' | '=' | '_' | '+' | '─' | '—'))
}

/// What survey tools write in a second line below the questions.
pub(super) fn is_second_line(record: &[String]) -> bool {
    const WORDS: [&str; 3] = ["response", "open-ended response", "other (please specify)"];
    let mut words = record
        .iter()
        .map(|cell| folded_space(cell))
        .filter(|cell| !cell.is_empty())
        .peekable();
    words.peek().is_some()
        && words.any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// A name with its white space folded to single spaces, line breaks included.
pub(crate) fn folded_space(text: &str) -> String {
    let text = text.trim_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
