//! Where in a sheet the table stands: its header, under what stands above it, and the names of its columns.
//!
//! In: the first records as texts, whether of delimited text or of a workbook. Out: a [`Table`], or why there is none
//! to be sure of. Deterministic, and without knowledge of what the columns mean: it goes by how many cells a record
//! fills and by which columns hold numbers, dates and addresses. What stands below the header is judged row by row
//! (`judge`).

use std::collections::HashSet;

use super::kind::{Kind, is_phone, kind};

mod above;
mod names;
mod record;

use names::repeated;
pub(crate) use names::told_apart;
pub(crate) use record::folded_space;
use record::{is_bracketed, is_line, is_second_line};

/// Records that are looked at to find a table.
pub const TABLE_RECORDS_MAX: usize = 500;
/// Most records of a header.
pub const HEADER_RECORDS_MAX: usize = 5;
/// The column that rejects have: a header with it is one of ours, and whole.
pub const PROBLEM_COLUMN: &str = "import_problem";
/// A table in a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// The index of the first record of the header; those before it are no part of the table.
    pub(crate) header: usize,
    /// How many records the header takes, with blank ones among them. The first row comes after them.
    pub(crate) header_records: usize,
    /// A name for each column, all different. An empty one: the column has neither name nor values, and is left out.
    /// Those at the end are not there.
    pub(crate) columns: Vec<String>,
    /// The columns, from 0, whose name is not in the file: it has none for them, or the same for several.
    pub(crate) made_up: Vec<usize>,
    /// Columns, from 0, that have the same name in the file.
    pub(crate) repeated: Vec<Vec<usize>>,
    /// The number of cells that a row has. It is that of the header, including cells without a name at its end.
    pub(crate) width: usize,
}

/// Why a sample has no table that one can be sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoTable {
    /// Nothing but blank records.
    Empty,
    /// The rows begin with this record and nothing above it names the columns.
    NoHeader { record: usize },
    /// This record below the header seems to be part of it.
    Unclear { header: usize, record: usize },
    /// The record that should be the header, by the job file, names nothing.
    Nameless { record: usize },
    /// There is another table above the header, from record `first` to record `last`.
    Above {
        first: usize,
        last: usize,
        header: usize,
    },
}

/// What the job file says of the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// The sample begins with it.
    pub(crate) is_first: bool,
    /// How many records it takes; nothing: to be found.
    pub(crate) records: Option<usize>,
}

/// Finds the table in the first records of a sheet.
pub(crate) fn find(sample: &[Vec<String>], said: Said) -> Result<Table, NoTable> {
    let sample = &sample[..sample.len().min(TABLE_RECORDS_MAX)];
    if let Some(table) = of_rejects(sample) {
        return Ok(table);
    }
    let look = Look::of(sample);
    let Some(first) = look.filled.iter().position(|&filled| filled > 0) else {
        return Err(NoTable::Empty);
    };
    let (header, last) = match (said.is_first, said.records) {
        (true, Some(records)) => (0, look.downwards(first, records)),
        (true, None) => (0, first),
        (false, _) => look.header(first)?,
    };
    let header = match said.records {
        Some(records) if !said.is_first => look.upwards(last, records),
        _ => header,
    };
    if !said.is_first
        && let Some((first, last)) = look.table_above(header)
    {
        return Err(NoTable::Above {
            first,
            last,
            header,
        });
    }
    let last = last.min(sample.len() - 1);
    let end = match said.records {
        Some(_) => last,
        None => look.beneath(last),
    };
    let (columns, made_up, repeated) = look.names(header, last, end + 1);
    if columns.is_empty() {
        return Err(NoTable::Nameless { record: header });
    }
    Ok(Table {
        header,
        header_records: end + 1 - header,
        columns,
        made_up,
        repeated,
        width: width(&sample[header..=last]),
    })
}

/// The number of cells of the widest record.
fn width(records: &[Vec<String>]) -> usize {
    records.iter().map(Vec::len).max().unwrap_or(0)
}

/// The table of rejects: its header was written by us, below the input's preamble and in one record.
pub(crate) fn of_rejects(sample: &[Vec<String>]) -> Option<Table> {
    let is_problem = |record: &Vec<String>| {
        record
            .iter()
            .rev()
            .find(|cell| !cell.is_empty())
            .is_some_and(|cell| cell == PROBLEM_COLUMN)
    };
    let header = sample.iter().position(is_problem)?;
    let mut columns = sample[header].clone();
    while columns.last().is_some_and(String::is_empty) {
        columns.pop();
    }
    let repeated = repeated(&columns);
    let made_up = told_apart(&mut columns);
    Some(Table {
        header,
        header_records: 1,
        columns,
        made_up,
        repeated,
        width: sample[header].len(),
    })
}

/// What is known of a sample before the header is.
struct Look<'a> {
    sample: &'a [Vec<String>],
    kinds: Vec<Vec<Kind>>,
    /// How many cells each record fills.
    filled: Vec<usize>,
    /// How many cells a record of the table fills usually.
    usual: usize,
    /// What each column mostly holds, where that is more than text.
    typed: Vec<Option<Kind>>,
    /// No record of the table has an email address or a telephone number: what stands above columns of numbers may say
    /// more of them, and is no row of somebody of whom little is known.
    is_of_nobody: bool,
}

impl<'a> Look<'a> {
    fn of(sample: &'a [Vec<String>]) -> Self {
        let kinds: Vec<Vec<Kind>> = sample
            .iter()
            .map(|record| record.iter().map(|cell| kind(cell)).collect())
            .collect();
        let filled: Vec<usize> = kinds
            .iter()
            .map(|record| record.iter().filter(|kind| **kind != Kind::Blank).count())
            .collect();
        let usual = usual(sample, &filled);
        let width = kinds.iter().map(Vec::len).max().unwrap_or(0);
        let mut look = Self {
            sample,
            kinds,
            filled,
            usual,
            typed: Vec::new(),
            is_of_nobody: false,
        };
        look.typed = (0..width).map(|column| look.column_kind(column)).collect();
        let is_of_somebody = |cell: &String, found: &Kind| *found == Kind::Email || is_phone(cell);
        look.is_of_nobody = !(0..sample.len())
            .filter(|&record| look.is_wide(look.filled[record]))
            .any(|record| {
                let mut cells = sample[record].iter().zip(&look.kinds[record]);
                cells.any(|(cell, found)| is_of_somebody(cell, found))
            });
        look
    }

    /// What at least half of a column's cells are, in records that may be of the table.
    fn column_kind(&self, column: usize) -> Option<Kind> {
        let mut filled = 0;
        let mut counts: [(Kind, usize); 5] = Kind::TYPED.map(|kind| (kind, 0));
        for (record, _) in self
            .kinds
            .iter()
            .zip(&self.filled)
            .filter(|(_, filled)| self.is_wide(**filled))
        {
            let Some(kind) = record.get(column) else {
                continue;
            };
            if matches!(kind, Kind::Blank | Kind::Missing) {
                continue;
            }
            filled += 1;
            for (known, count) in &mut counts {
                *count += usize::from(known == kind);
            }
        }
        counts
            .into_iter()
            // A single year may be the header's own.
            .filter(|(kind, count)| {
                *count > usize::from(*kind == Kind::Year) && count * 2 >= filled
            })
            .max_by_key(|(_, count)| *count)
            .map(|(kind, _)| kind)
    }

    /// Whether a record fills enough cells to be one of the table.
    fn is_wide(&self, filled: usize) -> bool {
        filled > 0 && filled * 2 >= self.usual
    }

    /// How many of a record's cells are what their columns hold, and how many are what heads such columns: texts, years.
    fn agreement(&self, record: usize) -> (usize, usize) {
        let (mut agree, mut differ) = (0, 0);
        for (kind, typed) in self.kinds[record].iter().zip(&self.typed) {
            let Some(typed) = typed else { continue };
            match kind {
                Kind::Blank | Kind::Missing => {}
                kind if kind == typed => agree += 1,
                Kind::Text => differ += 1,
                Kind::Year if *typed == Kind::Number => differ += 1,
                _ => {}
            }
        }
        (agree, differ)
    }

    /// The header's first and last record.
    fn header(&self, first: usize) -> Result<(usize, usize), NoTable> {
        let is_data = |record: &usize| {
            let (agree, differ) = self.agreement(*record);
            self.is_wide(self.filled[*record]) && agree > differ
        };
        let Some(data) = (first..self.sample.len()).find(is_data) else {
            return self.header_of_texts(first);
        };
        let candidates: Vec<usize> = (first..data)
            .filter(|record| self.may_name(*record))
            .collect();
        if candidates.is_empty() {
            return Err(NoTable::NoHeader { record: data });
        }
        let complete = candidates
            .iter()
            .copied()
            .find(|record| self.unnamed(*record, *record) == 0);
        let last = match complete {
            // Of several lines above a single column the nearest is its name.
            Some(record) if self.usual > 1 => self.below(record, data)?,
            _ => candidates[candidates.len() - 1],
        };
        let last = self.below_names(last);
        Ok((self.group_rows(last, first), last))
    }

    /// The header of a table that holds nothing but texts: the first record that is as wide as most.
    fn header_of_texts(&self, first: usize) -> Result<(usize, usize), NoTable> {
        let all = first..self.sample.len();
        let header = all
            .clone()
            .find(|record| self.filled[*record] * 3 >= self.usual * 2)
            .unwrap_or(first);
        if self.kinds[header].contains(&Kind::Email) || self.is_like_those_below(header) {
            return Err(NoTable::NoHeader { record: header });
        }
        Ok((self.group_rows(header, first), header))
    }

    /// Whether a record has a code such as those below it (`C-1001` above `C-1002`).
    fn is_like_those_below(&self, record: usize) -> bool {
        /// Fewer may be so by chance.
        const ALIKE_MIN: usize = 2;
        let form = |text: &str| text.trim().replace(|c: char| c.is_ascii_digit(), "0");
        let below = &self.sample[record + 1..];
        self.sample[record]
            .iter()
            .enumerate()
            .any(|(column, cell)| {
                let of_cell = form(cell);
                let cells = || {
                    below
                        .iter()
                        .filter_map(|row| row.get(column))
                        .filter(|cell| !cell.trim().is_empty())
                };
                let alike = cells().filter(|cell| form(cell) == of_cell).count();
                of_cell.contains('0') && alike >= ALIKE_MIN && alike * 2 > cells().count()
            })
    }

    /// Whether a record above the rows may name columns.
    fn may_name(&self, record: usize) -> bool {
        let (agree, differ) = self.agreement(record);
        self.filled[record] >= 2.min(self.usual)
            && (agree == 0 || agree < differ)
            && !self.kinds[record].contains(&Kind::Email)
    }

    /// How many columns that hold something below have no name when these records are the header.
    fn unnamed(&self, header: usize, last: usize) -> usize {
        let names = self.joined(header, last);
        (0..self.typed.len())
            .filter(|&column| {
                names.get(column).is_none_or(String::is_empty) && self.is_used(column, last + 1)
            })
            .count()
    }

    /// Whether half of the table's records from here on have something in the column.
    fn is_used(&self, column: usize, from: usize) -> bool {
        let (records, used) = self.uses(column, from);
        used > 0 && used * 2 >= records
    }

    /// Whether nine in ten of the table's records from here on have something in the column.
    fn is_used_by_nearly_all(&self, column: usize, from: usize) -> bool {
        let (records, used) = self.uses(column, from);
        used > 1 && used * 10 >= records * 9
    }

    /// How many of the table's records there are from here on, and how many have something in the column.
    fn uses(&self, column: usize, from: usize) -> (usize, usize) {
        let (mut records, mut used) = (0, 0);
        for (kinds, filled) in self.kinds.iter().zip(&self.filled).skip(from) {
            if self.is_wide(*filled) {
                records += 1;
                used += usize::from(kinds.get(column).is_some_and(|kind| *kind != Kind::Blank));
            }
        }
        (records, used)
    }

    /// The last record of a header whose first names all columns: one that goes on below (`Response`) is part of it.
    fn below(&self, header: usize, data: usize) -> Result<usize, NoTable> {
        let mut last = header;
        for record in header + 1..data {
            if self.filled[record] == 0 {
                continue;
            }
            if self.sample[record] == self.sample[header] {
                break; // the header once more
            }
            if is_line(&self.sample[record]) || self.is_units(record) {
                break; // told by `beneath`
            }
            if is_second_line(&self.sample[record]) {
                last = record;
                continue;
            }
            let (agree, differ) = self.agreement(record);
            if agree == 0 && differ >= 2 && self.is_wide(self.filled[record]) {
                return Err(NoTable::Unclear { header, record });
            }
            break;
        }
        Ok(last)
    }

    /// The last record of a header whose lower records say more of columns of numbers: texts, and nothing in the first cell;
    /// or what names the first column, where nothing else does, with a blank record below it.
    fn below_names(&self, last: usize) -> usize {
        let names_first = |record: usize| {
            self.is_of_nobody
                && self.filled[record] == 1
                && self.kinds[record].first() == Some(&Kind::Text)
                && self.kinds[last]
                    .first()
                    .is_none_or(|kind| *kind == Kind::Blank)
                && self.filled.get(record + 1) == Some(&0)
        };
        let last = (last + 1..self.sample.len())
            .find(|&record| self.filled[record] > 0)
            .filter(|&record| names_first(record))
            .unwrap_or(last);
        let says_more = |record: &usize| {
            !is_line(&self.sample[*record])
                && self.is_above_numbers(*record)
                && self.kinds[*record]
                    .iter()
                    .enumerate()
                    .all(|(column, kind)| match kind {
                        Kind::Blank => true,
                        Kind::Text => column > 0,
                        _ => false,
                    })
        };
        (last + 1..self.sample.len())
            .filter(|&record| self.filled[record] > 0)
            .take_while(says_more)
            .last()
            .unwrap_or(last)
    }

    /// Whether all that a record holds beyond its first cell stands in columns of numbers, and is nobody's.
    fn is_above_numbers(&self, record: usize) -> bool {
        self.is_of_nobody
            && self.kinds[record]
                .iter()
                .zip(&self.typed)
                .skip(1)
                .filter(|(kind, _)| **kind != Kind::Blank)
                .all(|(kind, typed)| {
                    matches!(typed, Some(Kind::Number | Kind::Year))
                        && !matches!(kind, Kind::Date | Kind::Email | Kind::Url)
                })
    }

    /// The last record directly below the names that is no row: lines (`-----`) and units (`(percent)`).
    fn beneath(&self, last: usize) -> usize {
        let mut end = last;
        for record in (last + 1..self.sample.len()).filter(|&record| self.filled[record] > 0) {
            let cells = &self.sample[record];
            if !is_line(cells) && !self.is_units(record) {
                break;
            }
            end = record;
        }
        end
    }

    /// Whether a record says in brackets in what the columns of numbers are counted. Negative numbers may be in brackets
    /// too: units are a text, or all are the same.
    fn is_units(&self, record: usize) -> bool {
        let cells = self.sample[record].iter().skip(1);
        let units: Vec<_> = cells.filter(|cell| !cell.is_empty()).collect();
        let are_same = units.len() > 1 && units.iter().all(|unit| *unit == units[0]);
        let is_text = |unit: &&String| kind(unit) == Kind::Text;
        units.iter().all(|unit| is_bracketed(unit))
            && (are_same || units.iter().any(is_text))
            && self.is_above_numbers(record)
    }

    /// Goes up from the last record of a header to its first: those above that name groups of columns.
    fn group_rows(&self, last: usize, first: usize) -> usize {
        let mut header = last;
        let mut record = last;
        let mut taken = 1;
        while record > first && taken < HEADER_RECORDS_MAX {
            record -= 1;
            if self.filled[record] == 0 {
                continue;
            }
            let is_adjacent = record + 1 == header;
            if !self.is_group(record, header, last, is_adjacent) {
                break;
            }
            header = record;
            taken += 1;
        }
        header
    }

    fn is_group(&self, record: usize, header: usize, last: usize, is_adjacent: bool) -> bool {
        let filled: Vec<usize> = (0..self.kinds[record].len())
            .filter(|&column| self.kinds[record][column] != Kind::Blank)
            .collect();
        let names_more = || self.unnamed(header, last) > self.unnamed(record, last);
        // Titles and pairs of key and value stand at the left.
        if filled == [0] || filled == [0, 1] {
            return filled.len() == 2 && names_more();
        }
        let names = self.joined(header, last);
        let names: Vec<_> = names.iter().filter(|name| !name.is_empty()).collect();
        let repeats = names.len() > names.iter().collect::<HashSet<_>>().len();
        if repeats || names_more() {
            return true;
        }
        let of_values = self.kinds[record]
            .iter()
            .any(|kind| !matches!(kind, Kind::Blank | Kind::Missing | Kind::Text | Kind::Year));
        // Above columns that all have a name of their own a single text is a title, unless it names a group of numbers, and texts
        // from the first column on without a gap are a row of a narrower table.
        let has_gaps = filled.iter().copied().ne(0..filled.len());
        let is_title = matches!(filled[..], [only] if !self.are_numbers_from(only));
        is_adjacent && !of_values && has_gaps && !is_title && filled.len() < self.filled[header]
    }

    /// Returns whether the columns from this one on contain only numbers, in a table without values of people.
    fn are_numbers_from(&self, column: usize) -> bool {
        self.is_of_nobody
            && (column..self.typed.len()).all(|column| {
                matches!(self.typed[column], Some(Kind::Number | Kind::Year))
                    || !self.is_used(column, 0)
            })
    }

    /// The last record of a header of so many that begins here.
    fn downwards(&self, first: usize, records: usize) -> usize {
        let filled = (first..self.filled.len()).filter(|&record| self.filled[record] > 0);
        filled.take(records).last().unwrap_or(first)
    }

    /// Where a header of so many records begins that ends with `last`.
    fn upwards(&self, last: usize, records: usize) -> usize {
        let mut header = last;
        let mut left = records.saturating_sub(1);
        for record in (0..last).rev() {
            if left == 0 {
                break;
            }
            if self.filled[record] > 0 {
                header = record;
                left -= 1;
            }
        }
        header
    }
}

/// The number of cells that a record of the table fills usually: of those that fill several the one in the middle.
fn usual(sample: &[Vec<String>], filled: &[usize]) -> usize {
    let alone = sample
        .iter()
        .zip(filled)
        .filter(|(record, filled)| record.len() == 1 && **filled == 1)
        .count();
    let mut several: Vec<usize> = filled
        .iter()
        .copied()
        .filter(|filled| *filled > 1)
        .collect();
    if alone >= several.len() && alone * 2 >= filled.iter().filter(|filled| **filled > 0).count() {
        return 1;
    }
    several.sort_unstable();
    several.get(several.len() / 2).copied().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records of a text: lines, and cells divided by `|`.
    fn records(text: &str) -> Vec<Vec<String>> {
        let record = |line: &str| line.split('|').map(str::to_owned).collect();
        text.lines().map(record).collect()
    }

    /// `first+records: names`
    fn found(text: &str) -> String {
        match find(&records(text), Said::default()) {
            Ok(table) => format!(
                "{}+{}: {}",
                table.header,
                table.header_records,
                table.columns.join("|")
            ),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn the_header_is_found_under_what_stands_above_it() {
        for (text, header) in [
            (
                "Ticket|Email|Wish\nT-1|a@example.com|delete",
                "0+1: Ticket|Email|Wish",
            ),
            (
                "Privacy requests||\nGenerated|2026-01-02|\n||\nTicket|Email|Wish\nT-1|a@example.com|delete\nT-2|b@example.com|view",
                "3+1: Ticket|Email|Wish",
            ),
            (
                "Register\n\nTicket|Wish|Who\nA|delete|Ann\nB|view|Bob\nC|view|Cleo",
                "2+1: Ticket|Wish|Who",
            ),
            (
                "State|2000|2007.0|2008.0\nAlabama|10.5|11|12\nAlaska|3|4|5",
                "0+1: State|2000|2007.0|2008.0",
            ),
            (
                "People to forget\nEmail\na@example.com\nb@example.com",
                "1+1: Email",
            ),
            ("Ticket|Email|Wish", "0+1: Ticket|Email|Wish"),
            // The first row has words where the others have values.
            (
                "Ticket|Email|Due\nT-1|unknown|\nT-2|a@example.com|2026-01-02",
                "0+1: Ticket|Email|Due",
            ),
        ] {
            assert_eq!(found(text), header, "{text}");
        }
    }

    #[test]
    fn names_of_groups_are_carried_to_the_right() {
        for (text, header) in [
            (
                "|Person||Request|\nTicket|Email|Name|Kind|Due\nT-1|a@example.com|Ann|view|2026-01-02",
                "0+2: Ticket|Person / Email|Person / Name|Request / Kind|Request / Due",
            ),
            (
                "||A||B|\nTeam|N|x|y|x|y\nRed|1|2|3|4|5\nBlue|1|2|3|4|5",
                "0+2: Team|N|A / x|A / y|B / x|B / y",
            ),
            (
                "Id|Sent|Which?|\n||Response|Other (please specify)\n1|2026-01-02|yes|\n2|2026-01-03|no|a",
                "0+2: Id|Sent|Which? / Response|Which? / Other (please specify)",
            ),
        ] {
            assert_eq!(found(text), header, "{text}");
        }
    }

    #[test]
    fn what_stands_between_names_and_rows_is_part_of_the_header() {
        for (text, header) in [
            // Units.
            (
                "Place|Code|2005|2006\n\nUnit||(percent)|(percent)\nAston|A|63.9|64.7\nBarr|B|68.4|70.1",
                "0+3: Place|Code|2005|2006",
            ),
            (
                "Place|Asked|Done\n|(1,000)|(1,000)\nAston|63.9|64.7\nBarr|68.4|70.1",
                "0+2: Place|Asked|Done",
            ),
            // A row, whose amounts are below zero.
            (
                "Place|Asked|Done\nAston|(1,000)|(2,000)\nBarr|684|701\nCorby|51|62",
                "0+1: Place|Asked|Done",
            ),
            // A line.
            (
                "Ticket|Email|Wish\n------|-----|----\nT-1|a@example.com|view\nT-2|b@example.com|view",
                "0+2: Ticket|Email|Wish",
            ),
            // More of the names.
            (
                "Place|2005|2006\n||prel.\nAston|63.9|64.7\nBarr|68.4|70.1",
                "0+2: Place|2005|2006 / prel.",
            ),
            (
                "|Asked|Done\nPlace||\n||\nAston|63.9|64.7\nBarr|68.4|70.1",
                "0+2: Place|Asked|Done",
            ),
            (
                "|Asked|Done\nNorth||\nAston|63.9|64.7\nBarr|68.4|70.1",
                "0+1: Column 1|Asked|Done",
            ),
            // Blank records between those of a header are not counted.
            (
                "|Asked||Done|\n\n\n\n\n\n|Old|New|Old|New\nAston|1|2|3|4\nBarr|5|6|7|8",
                "0+7: Column 1|Asked / Old|Asked / New|Done / Old|Done / New",
            ),
        ] {
            assert_eq!(found(text), header, "{text}");
        }
    }

    #[test]
    fn a_first_row_that_lacks_something_is_no_part_of_the_header() {
        for text in [
            "Ticket|Email|Wish\n|unknown|view\nT-1|a@example.com|view\nT-2|b@example.com|view",
            "Ticket|Email|Days\n||late\nT-1|a@example.com|5\nT-2|b@example.com|7",
            "Ticket|Email|Days\n-|-|5\nT-1|a@example.com|5\nT-2|b@example.com|7",
        ] {
            assert!(found(text).starts_with("0+1: "), "{text}: {}", found(text));
        }
        assert_eq!(
            found("Ticket|Email|Days\n|(unknown)|(none)\nT-1|a@example.com|5\nT-2|b@example.com|7"),
            "Unclear { header: 0, record: 1 }"
        );
    }

    #[test]
    fn rows_without_a_header_are_no_table() {
        assert_eq!(
            found("T-1|a@example.com|view\nT-2|b@example.com|delete"),
            "NoHeader { record: 0 }"
        );
        assert_eq!(
            found("\n5|2026-01-02|x\n6|2026-01-03|y"),
            "NoHeader { record: 1 }"
        );
        assert_eq!(found("\n||\n"), "Empty");
        assert_eq!(
            found(
                "Start|End|Email\nStart date|End date|Your address\n2026-01-02|2026-01-02|a@example.com\n2026-01-02|2026-01-02|b@example.com\n2026-01-02|2026-01-02|b@example.com"
            ),
            "Unclear { header: 0, record: 1 }"
        );
    }

    #[test]
    fn names_are_told_apart_and_made_up_where_there_is_none() {
        let told = |names: &[&str]| {
            let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            told_apart(&mut names);
            names.join("|")
        };
        assert_eq!(told(&["a", "b", "a", "a"]), "a|b|a (2)|a (3)");
        assert_eq!(
            told(&["a", "a", "a (2)", "a (2)"]),
            "a|a (3)|a (2)|a (2) (2)"
        );
        assert_eq!(folded_space("\u{feff} The\r\n  wish "), "The wish");
        assert_eq!(
            found("Ticket|Wish|||Email|\nT-1|view|x||a@example.com|"),
            "0+1: Ticket|Wish|Column 3||Email"
        );
        // A last column that is mostly empty holds what a delimiter too many has moved there.
        assert_eq!(
            found("Ticket|Wish|\nT-1|view|5\nT-2|view|6\nT-3|view|7"),
            "0+1: Ticket|Wish|Column 3"
        );
        assert_eq!(
            found("Ticket|Wish|\nT-1|view|\nT-2|view|\nT-3|b|view"),
            "0+1: Ticket|Wish"
        );
        assert_eq!(
            found("Ticket|Wish\nT-1|view|5\nT-2|view|6"),
            "0+1: Ticket|Wish"
        );
        assert_eq!(
            found("Ticket|Email|\nT-1|a@example.com|5\nT-2|b@example.com|6"),
            "0+1: Ticket|Email"
        );
    }
}
