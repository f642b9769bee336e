//! The columns of an input whose values differ in every row: candidates for a key.

use super::profile::{Column, Followed, Profile};
use crate::intake::{IntakeError, each_row};
use crate::plan::{Input, Reading};

/// Longest value of a candidate, in characters: longer values are text.
const KEY_CHARS_MAX: usize = 64;

/// Reads an input once and returns the names of the columns that may be its key.
pub(crate) fn unique_columns(input: &Input, reading: &Reading) -> Result<Vec<String>, IntakeError> {
    let mut profile: Option<Profile> = None;
    each_row(input, reading, |shape| {
        let profile = profile.insert(Profile::new(&shape.columns, Followed::default()));
        |cells| profile.add(cells)
    })?;
    let Some(profile) = profile else {
        return Ok(Vec::new());
    };
    let unique = profile.columns.iter().filter(|column| {
        is_unique(column, profile.rows) && !is_of_person(column) && !column.name.is_empty()
    });
    Ok(unique.map(|column| column.name.trim().to_owned()).collect())
}

fn is_unique(column: &Column, rows: u64) -> bool {
    column.filled == rows
        && column.differing.rows == rows
        && column.differing.repeats == 0
        && column.structures == 0
        && column.chars_max <= KEY_CHARS_MAX
}

/// Returns whether the values of a column identify people or are dates. A later row may repeat such values.
fn is_of_person(column: &Column) -> bool {
    [
        column.emails + column.mailboxes,
        column.long_phones,
        column.names,
        column.dates,
    ]
    .into_iter()
    .any(|count| column.are_mostly(count))
}
