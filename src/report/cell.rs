//! Cells that a spreadsheet shows, and never runs.

use std::borrow::Cow;

/// Text that no spreadsheet takes for a formula: one that would be gets an apostrophe in front.
///
/// For cells of columns that we add; the input's own cells stay as they are.
pub fn neutral(text: &str) -> Cow<'_, str> {
    // What begins like one made neutral gets another, so that `plain` can tell them apart.
    let is_formula = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula(text.trim_start_matches('\'')) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that was made neutral.
pub fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|text| matches!(neutral(text), Cow::Owned(_)))
        .unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::{neutral, plain};

    #[test]
    fn what_a_spreadsheet_would_run_is_neutralised_and_nothing_else() {
        assert_eq!(neutral("=1+1"), "'=1+1");
        assert_eq!(neutral("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(neutral("T-1"), "T-1");
        assert_eq!(neutral(""), "");
        for text in ["=1+1", "@SUM(A1)", "T-1", "'T-1", "'=1", "''-1", ""] {
            assert_eq!(plain(&neutral(text)), text);
        }
    }
}
