//! From a workbook to the place where the rows of its sheet begin: the table is found as in any other input.

use super::said::{Failed, Row, Said};
use super::{BookShape, Broken, COLUMNS_MAX, Kind, column_letters, fence};
use crate::intake::decode::scan::Dialect;
use crate::intake::decode::{Decoder, HEADER_CELLS_MAX, Shape, lists, sheet};
use crate::intake::error::IntakeError;
use crate::intake::judge::Judge;
use crate::intake::one_column;
use crate::intake::opened::{Opened, read};
use crate::intake::source::{Source, Window};
use crate::intake::table::{self, NoTable, TABLE_RECORDS_MAX, Table};
use crate::intake::understood::{Basis, Understood};
use crate::intake::widths::{self, Misfit};
use crate::plan::{Format, Reading};

/// How much is looked at of what is said, in bytes, to find the table. One row more is read, whatever its size.
const LOOK_BYTES: usize = 1024 * 1024;

/// The first rows of a sheet, not consumed.
#[derive(Default)]
struct Sample {
    /// From the first column on.
    records: Vec<Vec<String>>,
    places: Vec<Place>,
}

/// Where a record of the sample stands.
struct Place {
    /// In the sheet, from 1.
    row: u64,
    /// In the window.
    end: usize,
}

/// Opens a workbook: what is unread afterwards are the rows of its sheet.
pub(crate) fn open(
    name: String,
    source: Box<dyn Source>,
    kind: Kind,
    reading: &Reading,
) -> Result<Opened, IntakeError> {
    let failed = |source| IntakeError::reading(name.clone(), 0, source);
    if let Some(format) = reading.format {
        let word = match format {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
            Format::Json => "json",
        };
        return Err(IntakeError::Workbook {
            input: name,
            what: format!("is a workbook, and the job file says format = \"{word}\""),
            hint: "leave format out of the job file's [input]".to_owned(),
        });
    }
    let program = reading.workbooks_by.as_deref();
    let window = fence::open(program, source, kind, reading.sheet.clone()).map_err(failed)?;
    of_said(name, window, reading)
}

/// Opens what is said of a workbook.
#[expect(
    clippy::too_many_lines,
    reason = "one step for each thing that is found out"
)]
pub(crate) fn of_said(
    name: String,
    mut window: Window,
    reading: &Reading,
) -> Result<Opened, IntakeError> {
    let found = read(&name, &mut window, |window| sheet::said(window, 0))?;
    let found = match found {
        Some((Said::Sheet(found), size)) => {
            window.consume(size);
            found
        }
        Some((Said::Failed(failed), _)) => {
            return Err(broken(&name, failed));
        }
        _ => return Err(broken(&name, Failed::damaged())),
    };
    let mut shape = Shape {
        packing: None,
        format: Format::Csv,
        encoding: Understood {
            encoding: encoding_rs::UTF_8.name(),
            basis: Basis::Content,
            disproved_on: None,
            is_saved_rejects: false,
        },
        has_bom: true,
        delimiter: reading.delimiter.unwrap_or(b','),
        quote: reading.quote.unwrap_or(b'"'),
        escape: None,
        is_padded: false,
        is_crlf: true,
        preamble: Vec::new(),
        header_line: 1,
        header_lines: 1,
        header_rows: 1,
        columns: Vec::new(),
        made_up: Vec::new(),
        repeated: Vec::new(),
        records: None,
        book: Some(BookShape {
            kind: found.kind,
            sheet: found.name,
            columns_at: Vec::new(),
            hidden_columns: found
                .hidden_columns
                .into_iter()
                .map(column_letters)
                .collect(),
            unread: found.unread,
        }),
    };
    let dialect = shape.dialect();
    if let Some(header_row) = reading.header_row {
        shape.preamble = above(&name, &mut window, header_row.get(), dialect)?;
    }
    let sample = sample(&name, &mut window)?;
    let mut table = find(&name, &sample, reading)?;
    check(&name, &sample, &mut table, reading)?;
    let rows_from = (table.header + table.header_records).min(sample.places.len());
    if let Some(header) = sample.places.get(table.header) {
        shape.header_line = header.row;
    }
    if let Some(last) = rows_from.checked_sub(1) {
        window.consume(sample.places[last].end);
    }
    let judge = Judge::new(&sample.records, &table, reading.set_aside);
    let columns = columns(&mut shape, &table);
    Ok(Opened {
        name,
        window,
        decoder: Decoder::Sheet(sheet::Decoder::new(dialect, columns, judge)),
        guessed_header: Vec::new(),
        paths: Vec::new(),
        lists: lists::Lists::default(),
        may_lack: false,
        shape,
    })
}

/// Consumes the rows above the header that the job file tells. Out: as many lines, for the rejects, of which the job
/// file's number is right too.
fn above(
    name: &str,
    window: &mut Window,
    header_row: u64,
    dialect: Dialect,
) -> Result<Vec<u8>, IntakeError> {
    let mut lines = Vec::new();
    let mut written = 0;
    loop {
        let next = read(name, window, |window| sheet::said(window, 0))?;
        match next {
            Some((Said::Row(row), size)) if row.number < header_row => {
                window.consume(size);
                lines.extend((written + 1..row.number).flat_map(|_| *b"\r\n"));
                written = row.number;
                write_line(&mut lines, &row, dialect);
            }
            Some((Said::Row(_), _)) => break,
            Some((Said::Failed(failed), _)) => return Err(broken(name, failed)),
            _ => {
                return Err(IntakeError::NoHeaderRow {
                    input: name.to_owned(),
                    header_row,
                });
            }
        }
        if lines.len() > crate::intake::decode::PREAMBLE_BYTES_MAX {
            return Err(IntakeError::NoHeaderRow {
                input: name.to_owned(),
                header_row,
            });
        }
    }
    lines.extend((written + 1..header_row).flat_map(|_| *b"\r\n"));
    Ok(lines)
}

fn broken(name: &str, failed: Failed) -> IntakeError {
    IntakeError::reading(name.to_owned(), 0, std::io::Error::other(Broken(failed)))
}

/// A row as one line, whatever its cells hold.
fn write_line(lines: &mut Vec<u8>, row: &Row, dialect: Dialect) {
    let mut next = 0;
    for (column, text) in row
        .cells
        .iter()
        .filter(|(column, _)| (*column as usize) < HEADER_CELLS_MAX)
    {
        lines.extend((next..*column).map(|_| dialect.delimiter));
        next = *column;
        sheet::write_cell(lines, &text.replace(['\r', '\n'], " "), dialect);
    }
    lines.extend_from_slice(b"\r\n");
}

/// The first rows as texts.
fn sample(name: &str, window: &mut Window) -> Result<Sample, IntakeError> {
    let mut sample = Sample::default();
    let mut at = 0;
    while at < LOOK_BYTES && sample.records.len() < TABLE_RECORDS_MAX {
        let next = read(name, window, |window| sheet::said(window, at))?;
        let (row, size) = match next {
            Some((Said::Row(row), size)) => (row, size),
            Some((Said::End, _)) => break,
            Some((Said::Failed(failed), _)) => return Err(broken(name, failed)),
            Some((Said::Sheet(_), _)) | None => return Err(broken(name, Failed::damaged())),
        };
        let mut record = Vec::new();
        for (column, text) in row.cells {
            let column = column as usize;
            if column < HEADER_CELLS_MAX {
                record.resize(column, String::new());
                record.push(text.trim().to_owned());
            }
        }
        // Rows without anything in them are not said; that there are some between two others tells titles from headers.
        let before = sample
            .places
            .last()
            .map_or(row.number, |place| place.row + 1);
        if row.number < before {
            return Err(broken(name, Failed::damaged()));
        }
        if before < row.number {
            sample.records.push(Vec::new());
            sample.places.push(Place {
                row: before,
                end: at,
            });
        }
        sample.records.push(record);
        sample.places.push(Place {
            row: row.number,
            end: at + size,
        });
        at += size;
    }
    Ok(sample)
}

/// The table of the sample, as the job file says or as it is found.
fn find(name: &str, sample: &Sample, reading: &Reading) -> Result<Table, IntakeError> {
    if let Some(names) = &reading.columns {
        let header = table::of_rejects(&sample.records);
        return Ok(header.unwrap_or_else(|| named(names, sample)));
    }
    let said = table::Said {
        is_first: reading.header_row.is_some(),
        records: reading.header_rows.map(usize::from),
    };
    let fault = match table::find(&sample.records, said) {
        Ok(table) => return Ok(table),
        Err(fault) => fault,
    };
    let row = |record: usize| sample.places.get(record).map_or(1, |place| place.row);
    let (record, what, hint) = match fault {
        NoTable::Empty => {
            return Err(IntakeError::Empty {
                input: name.to_owned(),
            });
        }
        NoTable::NoHeader { record } => (
            record,
            "has no names: rows begin here without a header above them".to_owned(),
            "name the columns in the job file's [input]: columns = [\"Ticket\", \"Email\", …] (one name for each), or if this row is \
             the header indeed, set header_row to its number"
                .to_owned(),
        ),
        NoTable::Unclear { record, header } => (
            record,
            "may continue here, or the rows begin here".to_owned(),
            format!(
                "say in the job file's [input] how many rows the header has: header_row = {} with header_rows = {} if this row \
                 belongs to it, less if not",
                row(header),
                record + 1 - header
            ),
        ),
        NoTable::Above {
            first,
            last,
            header,
        } => (
            header,
            format!(
                "has what looks like another table above it, in {} of the sheet",
                if first == last {
                    format!("row {}", row(first))
                } else {
                    format!("rows {} to {}", row(first), row(last))
                }
            ),
            format!(
                "give each table a sheet of its own and name it with sheet in the job file's [input], or set header_row = {} there \
                 to leave out all rows above it",
                row(header)
            ),
        ),
        NoTable::Nameless { record } => (
            record,
            "names no column".to_owned(),
            "if the header stands further down, set header_row to its row in the job file's [input]".to_owned(),
        ),
    };
    Err(IntakeError::SheetHeader {
        input: name.to_owned(),
        row: row(record),
        what,
        hint,
    })
}

/// Refuses a sheet with whole rows in single cells, or with a value beyond the header in every row.
fn check(
    name: &str,
    sample: &Sample,
    table: &mut Table,
    reading: &Reading,
) -> Result<(), IntakeError> {
    let place = sample.places.get(table.header);
    let Some(row) = place
        .map(|place| place.row)
        .filter(|_| reading.columns.is_none())
    else {
        return Ok(());
    };
    let is_told = reading.header_row.is_some();
    let names = table.columns.iter().filter(|name| !name.is_empty());
    if names.count() == 1 && !is_told {
        let records = sample.records[table.header..].iter();
        let lines: Vec<&str> = records
            .filter_map(|record| record.iter().find(|text| !text.is_empty()))
            .map(String::as_str)
            .collect();
        if let Some(divided) = one_column::find(&lines, true) {
            return Err(divided.refusal_of_sheet(name, row));
        }
    }
    // Blank cells are not sent, so a row ends with its last value.
    let Err(Misfit::TooMany { .. }) = widths::check(&sample.records, table, is_told) else {
        return Ok(());
    };
    let column = column_letters(u32::try_from(table.width).unwrap_or(COLUMNS_MAX));
    Err(IntakeError::SheetHeader {
        input: name.to_owned(),
        row,
        what: format!(
            "has no name for column {column} or beyond, and each of the first rows has a value there"
        ),
        hint: "name the column in the workbook, or remove it".to_owned(),
    })
}

/// The table of a sheet without a header, whose columns the job file names from the first that holds anything.
fn named(names: &[String], sample: &Sample) -> Table {
    let first = |record: &Vec<String>| record.iter().position(|text| !text.is_empty());
    let blank = sample.records.iter().filter_map(first).min().unwrap_or(0);
    let columns = std::iter::repeat_n(String::new(), blank).chain(names.iter().cloned());
    Table {
        header: 0,
        header_records: 0,
        columns: columns.collect(),
        made_up: Vec::new(),
        repeated: Vec::new(),
        width: blank + names.len(),
    }
}

/// The columns that have a name; the shape is told of them alone.
fn columns(shape: &mut Shape, table: &Table) -> Vec<sheet::Column> {
    let all = table.columns.iter().enumerate();
    let filled: Vec<_> = all.filter(|(_, name)| !name.is_empty()).collect();
    let place = |column: &usize| filled.iter().position(|(at, _)| at == column);
    shape.made_up = table.made_up.iter().filter_map(place).collect();
    let repeated = table.repeated.iter();
    shape.repeated = repeated
        .map(|columns| columns.iter().filter_map(place).collect())
        .collect();
    shape.columns = filled.iter().map(|(_, name)| (*name).clone()).collect();
    shape.header_lines = u64::from(table.header_records > 0);
    shape.header_rows = table.header_records;
    let column = |(at, name): &(usize, &String)| sheet::Column {
        at: u32::try_from(*at).unwrap_or(COLUMNS_MAX),
        name: (*name).clone(),
        is_wanted: true,
    };
    let columns: Vec<_> = filled.iter().map(column).collect();
    if let Some(book) = &mut shape.book {
        book.columns_at = columns.iter().map(|column| column.at).collect();
    }
    columns
}
