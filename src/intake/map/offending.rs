//! Which value of a row a problem is about: looked for once the problem is known, so that other rows pay nothing.

use std::borrow::Cow;

use super::{Mapper, Piece, Source, damage};
use crate::entry::Field;
use crate::intake::decode::{Cell, Cells};
use crate::intake::mask::Offending;
use crate::intake::problem::Problem;

impl Mapper {
    /// The value that a problem of this row is about; none where it is about no value, or a blank one.
    pub(crate) fn offending(&self, problem: &Problem, cells: &Cells<'_>) -> Option<Offending> {
        let text = if let Some(field) = problem.field {
            self.text_of(field, cells)
        } else {
            let column = self.column_of(problem.column.as_deref()?)?;
            match cells.get(column) {
                Cell::Blank | Cell::Several => None,
                Cell::Text(text) => Some(Cow::Borrowed(text)),
                Cell::Structure => Some(Cow::Owned(cells.structure(column))),
            }
        };
        text.map(|text| Offending::new(&text))
    }

    /// What the rule of a property takes from the row.
    fn text_of<'a>(&'a self, field: Field, cells: &Cells<'a>) -> Option<Cow<'a, str>> {
        let source = match field {
            Field::Request => &self.request.source,
            Field::Preverified => &self.preverified.source,
            _ => &self.texts.iter().find(|rule| rule.field == field)?.source,
        };
        match source {
            Source::Value(_) => None, // the job's, not the row's
            _ => source
                .text(cells, true)
                .unwrap_or_else(|_| source.error(cells).map(Cow::Borrowed)),
        }
    }

    /// The date of [`Self::received`] as it stands.
    pub(crate) fn received_text(&self, cells: &Cells<'_>) -> Option<Offending> {
        let column = self.received.as_ref()?.column;
        Some(match cells.get(column) {
            Cell::Blank | Cell::Several => return None,
            Cell::Text(text) => Offending::new(text),
            Cell::Structure => Offending::new(&cells.structure(column)),
        })
    }

    /// The number of a column that no property is named with: of the key, or of a filter.
    fn column_of(&self, name: &str) -> Option<usize> {
        let of_key = self
            .key
            .columns
            .iter()
            .map(|(column, name)| (*column, name));
        let of_filters = self
            .filters
            .iter()
            .map(|filter| (filter.column, &filter.name));
        let mut columns = of_key.chain(of_filters);
        columns
            .find(|(_, known)| *known == name)
            .map(|(column, _)| column)
    }
}

impl Source {
    /// The first error of a spreadsheet in its columns.
    fn error<'a>(&self, cells: &Cells<'a>) -> Option<&'a str> {
        let error = |column: usize| match cells.get(column) {
            Cell::Text(text) if damage::is_error(text) => Some(text),
            _ => None,
        };
        match self {
            Self::Value(_) => None,
            Self::Column { column, .. } => column.and_then(error),
            Self::Columns(columns) => columns.iter().find_map(|(_, column)| error(*column)),
            Self::Template(pieces) => pieces.iter().find_map(|piece| match piece {
                Piece::Text(_) => None,
                Piece::Column(column) => error(*column),
            }),
        }
    }
}
