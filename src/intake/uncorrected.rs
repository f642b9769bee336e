//! Rows of rejects that could not be read whole: each stays refused until a person corrects it or clears its problem.
//!
//! The rejects file pads such a row to all cells of the header, so that `import_problem` is in the right column. The
//! row then looks well-formed. So its problem ends with a digest of the row's content: `not read: … [… 5d0a13c2]`.
//! While the digest matches, the row has not been corrected.

use sha2::{Digest, Sha256};

use super::table::PROBLEM_COLUMN;

/// The beginning of the problem of a row that could not be read whole.
pub(crate) const NOT_READ: &str = "not read";
/// The first word of [`NOT_READ`]: a quick test that rules out other problems.
const FIRST_WORD: &str = "not";
/// The message about such a row.
pub(super) const UNCORRECTED: &str = "an earlier run could not read this row, and it has not been corrected since; `import_problem` says why";

/// Returns the problem of a row with these cells, marked.
pub(crate) fn marked<'a>(cells: impl Iterator<Item = &'a str>, problem: &str) -> String {
    let mark = mark(cells);
    format!("{NOT_READ}: {problem} [clear this cell if the row is right as it stands: {mark}]")
}

/// Returns whether a row is as it was refused, by its problem and its other cells.
pub(crate) fn is_uncorrected<'a>(problem: &str, cells: impl Iterator<Item = &'a str>) -> bool {
    // In files without quotes, other characters may replace the blanks in a cell.
    let is_word = |word: &&str| !word.is_empty();
    let words = problem.split(|c: char| !c.is_ascii_alphanumeric());
    let mut words = words.filter(is_word);
    let is_marked = NOT_READ.split(' ').all(|known| words.next() == Some(known));
    is_marked && words.next_back().is_some_and(|last| last == mark(cells))
}

/// The column of rejects with the problems.
pub(super) struct ProblemColumn {
    at: usize,
    /// The other columns that have a name.
    others: Vec<usize>,
}

impl ProblemColumn {
    /// Finds it among the columns of an input.
    pub(super) fn find(columns: &[String]) -> Option<Self> {
        let at = columns.iter().position(|name| name == PROBLEM_COLUMN)?;
        let others =
            (0..columns.len()).filter(|column| *column != at && !columns[*column].is_empty());
        Some(Self {
            at,
            others: others.collect(),
        })
    }

    /// Returns whether a row is as it was refused.
    pub(super) fn is_uncorrected<'a>(&self, cell: impl Fn(usize) -> &'a str) -> bool {
        let problem = cell(self.at);
        problem.contains(FIRST_WORD)
            && is_uncorrected(problem, self.others.iter().map(|column| cell(*column)))
    }
}

/// Thirty-two bits of SHA-256 of the cells, as far as saving in a spreadsheet program leaves them as they are.
fn mark<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut sha256 = Sha256::new();
    for cell in cells {
        sha256.update(lasting(cell));
        sha256.update([0]);
    }
    sha256.finalize()[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

/// Returns the part of a cell that stays the same however a spreadsheet program writes numbers and dates.
fn lasting(cell: &str) -> String {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let of = |is_it: fn(&char) -> bool| -> String {
        cell.chars()
            .filter(is_it)
            .collect::<String>()
            .to_ascii_lowercase()
    };
    let letters = of(char::is_ascii_alphabetic);
    let mut digits: Vec<char> = of(|c| matches!(c, '1'..='9')).chars().collect();
    let is_time = matches!(letters.as_str(), "e" | "am" | "pm")
        || MONTHS.iter().any(|month| letters.starts_with(month));
    if cell.contains('@') || digits.is_empty() || !letters.is_empty() && !is_time {
        of(char::is_ascii_alphanumeric)
    } else if is_time {
        "#".to_owned()
    } else {
        // Day and month may change places, and zeros come and go.
        digits.sort_unstable();
        digits.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_uncorrected_as_long_as_its_cells_and_its_problem_are_the_same() {
        let cells = ["T-2", "b@example.com", "view", ""];
        let problem = marked(cells.into_iter(), "the row has 3 cells");
        let is_uncorrected =
            |problem: &str, cells: [&str; 4]| is_uncorrected(problem, cells.into_iter());
        assert!(is_uncorrected(&problem, cells));
        assert!(is_uncorrected(&format!(" {problem}\r\n"), cells));
        for (problem, cells) in [
            ("", cells),
            ("not read: by an older version", cells),
            (&problem, ["T-2", "b@example.com", "", "view"]),
            (&problem, ["T-2", "b@example.org", "view", ""]),
            (&problem, ["T-2", "b@example.com", "view", "x"]),
        ] {
            assert!(!is_uncorrected(problem, cells), "{problem} {cells:?}");
        }
    }

    #[test]
    fn what_a_spreadsheet_program_makes_of_numbers_and_dates_is_no_correction() {
        let problem = marked(["2026-07-01", "1.5e+18", " Anna ", ""].into_iter(), "x");
        let saved = ["1/7/2026", "1.5E+18", "Anna", ""];
        assert!(is_uncorrected(&problem, saved.into_iter()));
    }
}
