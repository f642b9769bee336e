//! Which value of a row a problem is about: looked for once the problem is known, so that other rows pay nothing.

use std::borrow::Cow;

use super::{Mapper, Source};
use crate::entry::Field;
use crate::intake::decode::{Cell, Cells};
use crate::intake::problem::{Offending, Problem};

impl Mapper {
    /// The value that a problem of this row is about; none where it is about no value, or a blank one.
    pub(crate) fn offending(&self, problem: &Problem, cells: &Cells<'_>) -> Option<Offending> {
        let text = if let Some(field) = problem.field {
            self.text_of(field, cells)
        } else {
            let column = self.column_of(problem.column.as_deref()?)?;
            match cells.get(column) {
                Cell::Blank => None,
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
            _ => source.text(cells, true).ok().flatten(),
        }
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
