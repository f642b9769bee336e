//! Every row of an input by its columns, once, without rules: for those who have to learn what is in it.

use std::fs::File;

use super::decode::{Cells, Decoded, Decoder, Shape};
use super::error::IntakeError;
use super::{open, open_rows};
use crate::plan::{Input, Reading};

/// Gives each row that can be read to the function that `begin` makes of the shape. Answers how many rows cannot.
///
/// The columns are those of the shape; what is not among them (a path of JSON that the first rows lack) is not seen.
pub(crate) fn each_row<F: FnMut(&Cells<'_>)>(
    input: &Input,
    reading: &Reading,
    begin: impl FnOnce(&Shape) -> F,
) -> Result<u64, IntakeError> {
    let file = File::open(&input.path).map_err(|source| IntakeError::Open {
        input: input.name.clone(),
        source,
    })?;
    let mut opened = open_rows(&input.name, file, reading)?;
    let mut row = begin(&opened.shape);
    let columns = opened.shape.columns.clone();
    match &mut opened.decoder {
        Decoder::Csv(_) => {}
        Decoder::Sheet(decoder) => decoder.select(&columns),
        Decoder::Jsonl(decoder) => decoder.select(columns),
        Decoder::Json(decoder) => decoder.select(columns),
    }
    let mut refused = 0;
    loop {
        let bytes = opened.window.bytes_read();
        let decoded = open::next(&mut opened.decoder, &mut opened.window, &opened.shape)
            .map_err(|source| IntakeError::reading(input.name.clone(), bytes, source))?;
        match decoded {
            Decoded::End => return Ok(refused),
            Decoded::Blank { .. } | Decoded::Aside(_) => {}
            Decoded::Row(found) => row(&found.cells),
            Decoded::Malformed(_) => refused += 1,
        }
    }
}
