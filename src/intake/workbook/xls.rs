//! Excel workbooks until 2003 (MS-XLS), taken apart by `calamine`, which holds all of them in memory.
//!
//! It tells nothing of hidden rows and columns, nor of formulas without a stored result, which such files always have.

use std::io::Cursor;

use calamine::{Data, Reader, SheetType, SheetVisible, Xls, XlsError};
use memchr::memmem;

use super::layout::{Layout, Listed, Take};
use super::said::{Failed, Merged, Row, Shown, Wrong, encrypted};
use super::shown::{self, Style};

/// A workbook, taken apart.
pub(super) struct Book {
    book: Xls<Cursor<Vec<u8>>>,
    sheets: Vec<Listed>,
}

impl Book {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, Failed> {
        let names = |name: &str| {
            let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            memmem::find(&bytes, &wide).is_some()
        };
        if names("EncryptedPackage") {
            return Err(encrypted());
        }
        let is_workbook = ["Workbook", "Book", "WORKBOOK", "BOOK"]
            .into_iter()
            .any(names);
        if !is_workbook {
            return Err(Failed::new(
                "is a file of an older Office program that holds no workbook",
                "give the table as a workbook or as CSV",
            ));
        }
        let book = Xls::new(Cursor::new(bytes)).map_err(|error| match error {
            XlsError::Password => encrypted(),
            _ => Failed::damaged(),
        })?;
        let sheets = book.sheets_metadata().iter();
        let sheets = sheets
            .filter(|sheet| sheet.typ == SheetType::WorkSheet)
            .map(|sheet| Listed {
                name: sheet.name.clone(),
                is_hidden: sheet.visible != SheetVisible::Visible,
            })
            .collect();
        Ok(Self { book, sheets })
    }

    pub(super) fn sheets(&self) -> Vec<Listed> {
        self.sheets.clone()
    }

    pub(super) fn layout(&mut self, sheet: usize) -> Result<Layout, Failed> {
        let name = &self.sheets[sheet].name;
        let merged = self
            .book
            .merge_cells_by_sheet_name(name)
            .map_err(|_| Failed::damaged())?;
        let merged = merged.iter().map(|merged| Merged {
            first_row: merged.start.0,
            last_row: merged.end.0,
            first_column: merged.start.1,
            last_column: merged.end.1,
        });
        Ok(Layout {
            hidden_columns: Vec::new(),
            merged: merged.collect(),
        })
    }

    pub(super) fn rows(&mut self, sheet: usize, take: &mut Take<'_>) -> Result<(), Failed> {
        let name = &self.sheets[sheet].name;
        let range = self
            .book
            .worksheet_range(name)
            .map_err(|_| Failed::damaged())?;
        let Some((first_row, first_column)) = range.start() else {
            return Ok(());
        };
        let is_1904 = self.book.has_1904_epoch();
        for (number, cells) in (u64::from(first_row) + 1..).zip(range.rows()) {
            let mut row = Row {
                number,
                ..Row::default()
            };
            for (column, data) in (first_column..).zip(cells) {
                if *data != Data::Empty {
                    row.put(column, shown(data, is_1904));
                }
            }
            if !row.cells.is_empty() && take(row)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn shown(data: &Data, is_1904: bool) -> Shown {
    let styled = |value: f64, style| {
        shown::number(value, style, is_1904).map_err(|wrong| (value.to_string(), wrong))
    };
    match data {
        Data::Empty => Ok(String::new()),
        Data::String(text) => Ok(text.clone()),
        Data::Bool(value) => Ok(shown::boolean(*value)),
        Data::Int(value) => Ok(value.to_string()),
        Data::Float(value) => styled(*value, &Style::Number),
        Data::Error(error) => Err((error.to_string(), Wrong::Error)),
        Data::DateTime(time) if time.is_duration() => styled(time.as_f64(), &Style::Duration),
        Data::DateTime(time) => styled(time.as_f64(), &Style::Date),
        other => Err((other.to_string(), Wrong::NotRead)),
    }
}
