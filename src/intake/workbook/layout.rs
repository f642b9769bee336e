//! What is known of a sheet before its rows are read.

use std::ops::{ControlFlow, Range};

use super::said::{Failed, Merged, Row};

/// A sheet, as its workbook lists it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) is_hidden: bool,
}

/// What of a sheet is known before its rows are read.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) hidden_columns: Vec<u32>,
    pub(super) merged: Vec<Merged>,
}

impl Layout {
    /// Adds columns that a person does not see. They come in order: what is told again is known.
    pub(super) fn hide(&mut self, columns: Range<u32>) {
        let known = self.hidden_columns.last().map_or(0, |last| last + 1);
        self.hidden_columns
            .extend(columns.start.max(known)..columns.end);
    }
}

/// Takes the rows of a sheet one by one, in order.
pub(super) type Take<'a> = dyn FnMut(Row) -> Result<ControlFlow<()>, Failed> + 'a;
