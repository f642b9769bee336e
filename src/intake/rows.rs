//! The rows of an input as they were understood, written as clean UTF-8 CSV with the header first.
//!
//! No rules, no requests: this shows what mapping will see. Cells keep their white space.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};

use super::decode::Shape;
use super::decode::{Cells, Decoded};
use super::error::IntakeError;
use super::problem::Problem;
use super::source::InputDigest;
use super::{Opened, open, open_rows};
use crate::entry::Position;
use crate::numbers::grouped;
use crate::plan::{Format, Input, Reading};

/// Most columns that are made of JSON paths.
const PATHS_MAX: usize = super::HEADER_CELLS_MAX;

/// Writes the rows of an input to `out`, tells `understood` how it is read, and `refused` of each that is set aside.
///
/// The columns of JSON are the paths of its values in order of first appearance; to know them all, the input is
/// read twice.
#[expect(
    clippy::too_many_lines,
    reason = "the rows of one input, from first to last"
)]
pub fn rows(
    input: &Input,
    reading: &Reading,
    out: &mut dyn Write,
    understood: &mut dyn FnMut(&Shape),
    refused: &mut dyn FnMut(&Problem),
) -> Result<InputDigest, IntakeError> {
    let open = || -> Result<Opened, IntakeError> {
        let file = File::open(&input.path).map_err(|source| IntakeError::Open {
            input: input.name.clone(),
            source,
        })?;
        open_rows(&input.name, file, reading)
    };
    let mut opened = open()?;
    understood(&opened.shape);
    let columns = match opened.shape.format {
        Format::Csv => opened.shape.columns.clone(),
        Format::Jsonl | Format::Json => {
            let mut found = Paths::default();
            each(
                &mut opened,
                &mut |cells| {
                    if let Cells::Json(values) = cells {
                        values.leaves(&mut |path| found.add(path));
                    }
                    Ok(())
                },
                &mut |_| {},
            )?;
            opened = open()?;
            if found.inner.len() > PATHS_MAX {
                return Err(IntakeError::Header {
                    input: input.name.clone(),
                    line: 1,
                    what: format!(
                        "would have more than {} columns, one a path",
                        grouped(PATHS_MAX as u64)
                    ),
                    hint: "see that the rows are what is read (records in the job file's [input]): objects with keys of their own cannot be shown as columns"
                        .to_owned(),
                });
            }
            found.inner
        }
    };
    let mut out = csv::WriterBuilder::new().flexible(true).from_writer(out);
    if !columns.is_empty() {
        // A column of CSV without name and values is none; a key of JSON may be empty.
        let is_csv = opened.shape.format == Format::Csv;
        out.write_record(columns.iter().filter(|name| !(is_csv && name.is_empty())))
            .map_err(output)?;
    }
    each(
        &mut opened,
        &mut |cells| {
            match cells {
                Cells::Csv(values) => {
                    for (column, _) in columns
                        .iter()
                        .enumerate()
                        .filter(|(_, name)| !name.is_empty())
                    {
                        out.write_field(values.get(column)).map_err(output)?;
                    }
                }
                Cells::Json(values) => {
                    for path in &columns {
                        out.write_field(values.plain(path)).map_err(output)?;
                    }
                }
            }
            out.write_record(None::<&[u8]>).map_err(output)
        },
        refused,
    )?;
    out.flush().map_err(IntakeError::Output)?;
    opened.window.digest().ok_or_else(|| IntakeError::Read {
        input: input.name.clone(),
        bytes: opened.window.bytes_read(),
        source: io::ErrorKind::UnexpectedEof.into(),
    })
}

#[derive(Default)]
struct Paths {
    inner: Vec<String>,
    known: HashSet<String>,
}

impl Paths {
    fn add(&mut self, path: &str) {
        if !self.known.contains(path) && self.inner.len() <= PATHS_MAX {
            self.known.insert(path.to_owned());
            self.inner.push(path.to_owned());
        }
    }
}

/// Goes through the rows to the end.
fn each(
    opened: &mut Opened,
    row: &mut dyn FnMut(&Cells<'_>) -> Result<(), IntakeError>,
    refused: &mut dyn FnMut(&Problem),
) -> Result<(), IntakeError> {
    let mut number = 0;
    loop {
        let bytes = opened.window.bytes_read();
        let name = &opened.name;
        let decoded = open::next(&mut opened.decoder, &mut opened.window, &opened.shape)
            .map_err(|source| IntakeError::reading(name.clone(), bytes, source))?;
        number += 1;
        match decoded {
            Decoded::End => return Ok(()),
            Decoded::Blank { .. } => {}
            Decoded::Row(found) => row(&found.cells)?,
            Decoded::Aside(aside) => refused(&Problem {
                value: None,
                position: Position {
                    input: 1,
                    row: number,
                    line: aside.line,
                },
                column: None,
                field: None,
                code: aside.what.code(),
                message: aside.what.message().to_owned(),
            }),
            Decoded::Malformed(bad) => refused(&Problem {
                position: Position {
                    input: 1,
                    row: number,
                    line: bad.line,
                },
                column: None,
                field: None,
                code: bad.code,
                message: bad.message,
                value: None,
            }),
        }
    }
}

fn output(error: csv::Error) -> IntakeError {
    match error.into_kind() {
        csv::ErrorKind::Io(source) => IntakeError::Output(source),
        other => IntakeError::Output(io::Error::other(format!("{other:?}"))),
    }
}
