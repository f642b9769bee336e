//! Compares how many cells the first rows have with how many the header has.
//!
//! A difference in every row is one fault of the file. A difference in some rows is a problem of each.

use super::kind::{Kind, kind};
use super::table::{PROBLEM_COLUMN, Table};

/// Minimum number of rows that show a fault of the header if each has too few cells, or a value too many.
const ROWS_MIN: usize = 2;
/// Minimum number of rows that show a fault of the header if they are equally wide, and some have no value beyond it.
const ALIKE_ROWS_MIN: usize = 3;

/// Words in the name of a column of addresses, in lower case.
const ADDRESS_NAMES: [&str; 4] = ["mail", "correo", "courriel", "メール"];

/// The mismatch if none of the rows fits the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// The maximum number of cells of a row, if the header has more names.
    TooFew { cells: usize },
    /// The minimum number of cells of a row, if the header has fewer. In some rows the surplus cells may be blank.
    TooMany { cells: usize, are_filled: bool },
}

/// Returns the maximum number of cells of a row, or what keeps every row from fitting the header. A header that the job file
/// tells may be too narrow.
///
/// A row has at most as many cells as more than half of the rows, blank ones included: if a single row has more, a delimiter
/// may have divided one of its values, and moved all values after it.
pub(crate) fn check(
    records: &[Vec<String>],
    table: &Table,
    header_is_told: bool,
) -> Result<usize, Misfit> {
    let header = table.width.max(table.columns.len());
    // The header of rejects was written by us, and all of its rows may be malformed.
    let is_of_rejects = table.columns.iter().any(|column| column == PROBLEM_COLUMN);
    if is_of_rejects || table.columns.is_empty() {
        return Ok(header);
    }
    let rows = rows(records, table);
    let width = |row: &&Vec<String>| row.len();
    let (Some(least), Some(most)) = (rows.iter().map(width).min(), rows.iter().map(width).max())
    else {
        return Ok(header);
    };
    if most < table.columns.len() && rows.len() >= ROWS_MIN {
        return Err(Misfit::TooFew { cells: most });
    }
    let filled_beyond = rows.iter().filter(|row| used(row) > header).count();
    let are_filled = filled_beyond == rows.len() && rows.len() >= ROWS_MIN;
    let are_alike = least > header && least == most && rows.len() >= ALIKE_ROWS_MIN;
    let is_blank_beyond = filled_beyond == 0 && is_named_rightly(&rows, table);
    if (are_filled || are_alike) && !header_is_told && !is_blank_beyond {
        return Err(Misfit::TooMany {
            cells: least,
            are_filled,
        });
    }
    Ok(usual_width(&rows).max(table.columns.len()))
}

/// The records below the header that are rows: neither blank nor a line of text.
fn rows<'a>(records: &'a [Vec<String>], table: &Table) -> Vec<&'a Vec<String>> {
    let below = records.get(table.header + table.header_records..);
    let is_row =
        |record: &&Vec<String>| used(record) > 0 && (record.len() > 1 || table.columns.len() <= 2);
    below.unwrap_or_default().iter().filter(is_row).collect()
}

/// The number of cells up to the last that holds anything.
fn used(record: &[String]) -> usize {
    let last = record.iter().rposition(|cell| !cell.is_empty());
    last.map_or(0, |last| last + 1)
}

/// The number of cells that more than half of the rows have; 0: there is none.
fn usual_width(rows: &[&Vec<String>]) -> usize {
    let has = |width: usize| rows.iter().filter(|row| row.len() == width).count();
    let mut widths = rows.iter().map(|row| row.len());
    widths
        .find(|width| has(*width) * 2 > rows.len())
        .unwrap_or(0)
}

/// Returns whether a column that is named for addresses holds them: so the header lacks no delimiter before it.
fn is_named_rightly(rows: &[&Vec<String>], table: &Table) -> bool {
    let is_named = |name: &String| {
        let name = name.to_lowercase();
        ADDRESS_NAMES.iter().any(|word| name.contains(word))
    };
    let holds_addresses = |column: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(column));
        cells.any(|cell| kind(cell) == Kind::Email)
    };
    let mut columns = table.columns.iter().enumerate();
    columns.any(|(column, name)| is_named(name) && holds_addresses(column))
}

#[cfg(test)]
mod tests {
    use super::super::table::{Said, find};
    use super::*;

    /// The maximum number of cells of a row, or the misfit.
    fn checked(text: &str) -> Result<usize, Misfit> {
        let record = |line: &str| line.split('|').map(str::to_owned).collect();
        let records: Vec<Vec<String>> = text.lines().map(record).collect();
        let table = find(&records, Said::default()).expect("a table");
        check(&records, &table, false)
    }

    #[test]
    fn rows_that_are_all_too_wide_or_too_narrow_are_one_fault() {
        for (text, misfit) in [
            (
                "Ticket|Email|Wish\nT-1|a@example.com|view|x\nT-2|b@example.com|view|y|z",
                Misfit::TooMany {
                    cells: 4,
                    are_filled: true,
                },
            ),
            (
                "Ticket|Email|Wish|Remark\nT-1|a@example.com|view\nT-2|b@example.com|view\nSource: the register",
                Misfit::TooFew { cells: 3 },
            ),
            (
                "TicketDay|Email|Remark\nT-1|2026-01-01|a@example.com|\nT-2|2026-01-01|b@example.com|\nT-3|2026-01-01|c@example.com|",
                Misfit::TooMany {
                    cells: 4,
                    are_filled: false,
                },
            ),
        ] {
            assert_eq!(checked(text), Err(misfit), "{text}");
        }
    }

    #[test]
    fn cells_that_hold_nothing_are_read_and_some_rows_are_no_fault_of_the_file() {
        for (text, width) in [
            (
                "Ticket|Email|Wish\nT-1|a@example.com|view|\nT-2|b@example.com|view|",
                4,
            ),
            (
                "Ticket|Email|Wish|\nT-1|a@example.com|view|\nT-2|b@example.com|view|\nT-3|c@example.com|view",
                4,
            ),
            (
                "Ticket|Email|Wish|\nT-1|a@example.com|view|\nT-2|b@example.com|view",
                3,
            ),
            (
                "Ticket|Email|Wish\nT-1|a@example.com|view|\nT-2|b@example.com|view|\nT-3|c@example.com|not|view|",
                4,
            ),
            (
                "Ticket|Email|Wish\nT-1|a@example.com|view|x\nT-2|b@example.com|view",
                3,
            ),
            (
                "Ticket|Email|Wish\nT-1|a@example.com\nT-2|b@example.com|view",
                3,
            ),
            ("Ticket|Email|Wish\nT-1|a@example.com", 3),
        ] {
            assert_eq!(checked(text), Ok(width), "{text}");
        }
    }
}
