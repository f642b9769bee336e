//! What is wrong with a row. A problem never stops the reading. Its message never holds a personal value; the value
//! that it is about goes along apart, in memory only.

use std::fmt;

use super::mask::Offending;
use super::quoting::cut;
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
