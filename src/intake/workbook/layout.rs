//! Properties of a sheet that are known before its rows are read.

use std::ops::{ControlFlow, Range};

use super::said::{Failed, Merged, Row};

/// A sheet, as its workbook lists it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) is_hidden: bool,
}

/// Properties of a sheet that are known before its rows are read.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) hidden_columns: Vec<u32>,
    pub(super) merged: Vec<Merged>,
}

impl Layout {
    /// Adds hidden columns. They come in order, and a column that comes again is ignored.
    pub(super) fn hide(&mut self, columns: Range<u32>) {
        let known = self.hidden_columns.last().map_or(0, |last| last + 1);
        self.hidden_columns
            .extend(columns.start.max(known)..columns.end);
    }
}

/// Takes the rows of a sheet one by one, in order.
pub(super) type Take<'a> = dyn FnMut(Row) -> Result<ControlFlow<()>, Failed> + 'a;
