//! Names the place of a row as the user sees it in the open input: the row or cell of a sheet, or the line of a text.
//!
//! A [`Position`] counts rows and lines. How messages name them depends on the kind of the input. The files for
//! programs do not use this module: their columns `row` and `line` are the same for every kind.

use std::sync::Arc;

use super::Shape;
use super::workbook::cell_name;
use crate::entry::Position;
use crate::plan::Format;

/// The way to name the rows of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RowPlaces {
    /// A text: by the line on which a row begins.
    #[default]
    Lines,
    /// A JSON document, which may stand on one line: by the element and its line.
    Elements,
    /// A sheet: by its row, or by the cell where the column is known.
    Sheet {
        /// The sheet's name, when other sheets of the workbook have anything in them.
        name: Option<String>,
        /// The columns' names, and their numbers in the sheet, from 0.
        columns: Vec<(String, u32)>,
    },
}

impl RowPlaces {
    /// Returns the way to name the rows of an input of this shape.
    pub fn of(shape: &Shape) -> Self {
        let Some(book) = &shape.book else {
            return match shape.format {
                Format::Json => Self::Elements,
                Format::Csv | Format::Jsonl => Self::Lines,
            };
        };
        let names = shape.told_apart().into_iter().chain(shape.columns.clone());
        let places = book.columns_at.iter().chain(&book.columns_at);
        Self::Sheet {
            name: (!book.unread.is_empty()).then(|| book.sheet.clone()),
            columns: names.zip(places.copied()).collect(),
        }
    }

    /// Returns the number that goes with the noun.
    pub const fn number(&self, position: Position) -> u64 {
        match self {
            Self::Lines | Self::Sheet { .. } => position.line,
            Self::Elements => position.row,
        }
    }

    /// Names the row: `line 68`, `row 68`, or ``row 68 of sheet `Data` `` where the workbook has others.
    pub fn row(&self, position: Position) -> String {
        let Position { row, line, .. } = position;
        match self {
            Self::Lines => format!("line {line}"),
            Self::Elements => format!("element {row} (line {line})"),
            Self::Sheet { name: None, .. } => format!("row {line}"),
            Self::Sheet {
                name: Some(name), ..
            } => format!("row {line} of sheet `{name}`"),
        }
    }

    /// Returns the cell of a column: `C68`, or ``C68 of sheet `Data` `` where the workbook has others. None for a text, and
    /// for a column that is not in the sheet.
    pub fn cell(&self, position: Position, column: &str) -> Option<String> {
        let Self::Sheet { name, columns } = self else {
            return None;
        };
        let is_it = |(name, _): &&(String, u32)| name.trim() == column.trim();
        let (_, at) = columns.iter().find(is_it)?;
        let cell = cell_name(*at, position.line);
        Some(match name {
            Some(name) => format!("{cell} of sheet `{name}`"),
            None => cell,
        })
    }

    /// Names the cell of a column, or the row if there is no such cell.
    pub fn place(&self, position: Position, column: Option<&str>) -> String {
        match column.and_then(|column| self.cell(position, column)) {
            Some(cell) => format!("cell {cell}"),
            None => self.row(position),
        }
    }
}

/// The ways to name the rows of all inputs of a run, in the order of its plan.
#[derive(Clone, Debug, Default)]
pub struct InputPlaces(Arc<[RowPlaces]>);

impl FromIterator<RowPlaces> for InputPlaces {
    fn from_iter<I: IntoIterator<Item = RowPlaces>>(inputs: I) -> Self {
        Self(inputs.into_iter().collect())
    }
}

impl InputPlaces {
    /// Returns the way to name the rows of the input that a position is in.
    pub fn of(&self, position: Position) -> &RowPlaces {
        let index = (position.input as usize).checked_sub(1);
        let found = index.and_then(|index| self.0.get(index));
        found.unwrap_or(&RowPlaces::Lines)
    }

    /// Names the cell of a column, or the row if there is no such cell. Adds the input if there are several.
    pub fn place(&self, position: Position, column: Option<&str>) -> String {
        let place = self.of(position).place(position, column);
        if self.0.len() > 1 {
            format!("{place} of input {}", position.input)
        } else {
            place
        }
    }

    /// Names a row in a message about another row (`from`). Adds the input if it is not that of the other row.
    pub fn row_seen_from(&self, position: Position, from: Position) -> String {
        let row = self.of(position).row(position);
        if position.input == from.input {
            row
        } else {
            format!("{row} of input {}", position.input)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Position = Position {
        input: 2,
        row: 63,
        line: 68,
    };

    fn sheet(name: Option<&str>) -> RowPlaces {
        RowPlaces::Sheet {
            name: name.map(str::to_owned),
            columns: vec![("Email ".to_owned(), 2)],
        }
    }

    #[test]
    fn a_row_is_named_as_its_reader_sees_it() {
        assert_eq!(RowPlaces::Lines.row(AT), "line 68");
        assert_eq!(RowPlaces::Elements.row(AT), "element 63 (line 68)");
        assert_eq!(sheet(None).row(AT), "row 68");
        assert_eq!(sheet(Some("Data")).row(AT), "row 68 of sheet `Data`");
        let numbers = [RowPlaces::Lines, RowPlaces::Elements, sheet(None)];
        assert_eq!(numbers.map(|places| places.number(AT)), [68, 63, 68]);
    }

    #[test]
    fn a_cell_is_named_where_the_column_is_in_the_sheet() {
        assert_eq!(sheet(None).place(AT, Some("Email")), "cell C68");
        assert_eq!(
            sheet(Some("May")).place(AT, Some("Email")),
            "cell C68 of sheet `May`"
        );
        assert_eq!(sheet(None).place(AT, Some("Name")), "row 68");
        assert_eq!(RowPlaces::Lines.place(AT, Some("Email")), "line 68");
    }

    #[test]
    fn the_input_is_named_where_there_are_several() {
        let one: InputPlaces = [RowPlaces::Lines].into_iter().collect();
        let two: InputPlaces = [RowPlaces::Lines, sheet(None)].into_iter().collect();
        let first = Position { input: 1, ..AT };
        assert_eq!(one.place(first, None), "line 68");
        assert_eq!(two.place(AT, Some("Email")), "cell C68 of input 2");
        assert_eq!(two.row_seen_from(AT, AT), "row 68");
        assert_eq!(two.row_seen_from(AT, first), "row 68 of input 2");
    }
}
