//! What is wrong with a row. A problem never stops the reading. Its message never holds a personal value; the value
//! that it is about goes along apart, in memory only.

use std::fmt;

use super::mask::{is_telling, mask};
use super::row_places::InputPlaces;
use crate::codes::ProblemCode;
use crate::entry::{Field, Position};

/// What is wrong with one row, or worth a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The row, and the line to look at: for a malformed row the line to blame.
    pub position: Position,
    /// The input's column, when there is one.
    pub column: Option<String>,
    /// The API's property, when there is one.
    pub field: Option<Field>,
    /// For scripts; stable.
    pub code: ProblemCode,
    /// For people: what was found and what would be right, without a personal value.
    pub message: String,
    /// The value that it is about, when there is one.
    pub value: Option<Offending>,
}

/// Most characters of a value that go along with a problem.
pub const OFFENDING_CHARS_MAX: usize = 256;

/// The value that a problem is about. Never written to ledger, results or log; it shows itself masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Offending(Box<str>);

impl Offending {
    /// Keeps the first [`OFFENDING_CHARS_MAX`] characters.
    pub(crate) fn new(value: &str) -> Self {
        let end = value.char_indices().nth(OFFENDING_CHARS_MAX);
        Self(value[..end.map_or(value.len(), |(end, _)| end)].into())
    }

    /// As anybody may see it: `j…@e…`.
    pub fn masked(&self) -> String {
        mask(&self.0)
    }

    /// Whether it is an address or a long number, where a word is wanted.
    pub(crate) fn is_telling(&self) -> bool {
        is_telling(&self.0)
    }

    /// As it stands in the row: for those who asked for it.
    pub fn plain(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Offending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Problem {
    /// Returns the sentence with the cell of a sheet beside the column.
    pub(crate) fn with_cell(&self, places: &InputPlaces) -> String {
        let cell = |column: &String| places.of(self.position).cell(self.position, column);
        match self
            .column
            .as_ref()
            .and_then(|column| Some((column, cell(column)?)))
        {
            Some((column, cell)) => {
                format!("column `{}`, cell {cell}: {}", cut(column), self.message)
            }
            None => self.to_string(),
        }
    }
}

/// Names the column or the property, as far as there is one; the place is told beside it.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.column, self.field) {
            (Some(column), _) => write!(f, "column `{}`: {}", cut(column), self.message),
            (None, Some(field)) => write!(f, "{field}: {}", self.message),
            (None, None) => f.write_str(&self.message),
        }
    }
}

/// Longest text of a `request` value or a property's name that a message repeats, in characters.
pub const QUOTED_CHARS_MAX: usize = 64;

/// Text cut to what a message may repeat, with `…` when something was cut, without control characters.
pub(crate) fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let mut kept: String = chars
        .by_ref()
        .take(QUOTED_CHARS_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if chars.next().is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_a_problem_is_cut_and_shows_itself_masked() {
        let value = Offending::new(&"é".repeat(OFFENDING_CHARS_MAX + 1));
        assert_eq!(value.plain().chars().count(), OFFENDING_CHARS_MAX);
        assert_eq!(format!("{:?}", Offending::new("jane@example.com")), "j…@e…");
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"é".repeat(70)).chars().count(), QUOTED_CHARS_MAX + 1);
        assert_eq!(cut("a\u{1b}[31mb"), "a\u{fffd}[31mb");
    }
}
