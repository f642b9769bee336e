//! The texts that the cells of a workbook share.

/// The texts that cells share, one behind the other.
#[derive(Default)]
pub(super) struct Strings {
    pub(super) text: String,
    pub(super) ends: Vec<usize>,
}

impl Strings {
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..end)
    }
}
