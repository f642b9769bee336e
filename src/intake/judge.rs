//! What a record below the header is: a row, or a note, a total or a header that was repeated.
//!
//! It goes by the record and by what the columns hold in the first records. What is set aside for certain is told as a warning; what may be a row or not is a problem of that row. Of what stood
//! above it a record is held only against this: below the header of another table, and below a title with the header once
//! more, nothing is a row (`Behind`). Whether rows follow is for the decoder to see. Nothing is allocated for a row.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::kind::{Kind, is_phone, kind};
use super::table::{PROBLEM_COLUMN, Table, folded_space};
use super::text::trimmed;

mod label;
mod verdict;

use label::{Label, is_code, is_title, starts_as_note, total_label};
pub(crate) use verdict::{Aside, Doubt, Verdict};

/// So many words in a cell that stands alone are a note.
const NOTE_WORDS_MIN: usize = 6;
/// Fewest words of a sentence.
const SENTENCE_WORDS_MIN: usize = 4;
/// Whole numbers of so many digits, all of them different, are keys rather than amounts.
const KEY_DIGITS_MIN: usize = 3;
/// So many cells that are names of columns are a header, whatever their order.
const NAMES_MIN: usize = 2;
/// Values that a row has and a header does not: they turn up so often in a column.
const VALUES_MIN: usize = 2;
/// Share of the rows that have a prepared value: one in this many, at least.
const USUAL_PART: usize = 5;
/// Most digits of a number that counts the rows. A longer number may identify a person.
const COUNTER_DIGITS_MAX: usize = 6;

/// Judges the records below a header.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judge {
    /// The cells of each record of the header.
    headers: Vec<Vec<String>>,
    columns: Vec<Column>,
    sets_aside: bool,
    /// The number of cells of the header, including cells without a name at its end.
    width: usize,
    /// Most rows fill several cells.
    is_wide: bool,
    /// Holds the problems of an earlier run, which say nothing of the row.
    problem: Option<usize>,
    names: Names,
    /// Of each value that several rows of the sample have in a column, and of that column.
    values: HashSet<u64>,
    usual: Usual,
    /// Of each text that stands alone above the header.
    titles: HashSet<u64>,
    above: Above,
}

/// What stands above the record that comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Above {
    /// Directly above it is a record with something in it.
    is_adjacent: bool,
    /// The line of the last title since the last record with several cells.
    title: Option<u64>,
    behind: Option<Behind>,
    /// Whether rows come after the notes and blanks that begin here, once it is known.
    rows_follow: Option<bool>,
}

/// The values that many rows of a sample have in a column: `New`, or the form of a running number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usual {
    values: Arc<HashSet<u64>>,
    /// The numbers of the columns that callers ask about. None: callers use the numbers of the sample.
    places: Option<Arc<[usize]>>,
}

impl Usual {
    fn of(rows: &[&Vec<String>]) -> Self {
        let mut counts: HashMap<u64, usize> = HashMap::new();
        for record in rows {
            for (column, text) in record.iter().enumerate() {
                if let Some(form) = usual_form(text) {
                    *counts.entry(value(column, &form)).or_default() += 1;
                }
            }
        }
        let is_usual = |count: &usize| *count >= VALUES_MIN && *count * USUAL_PART >= rows.len();
        counts.retain(|_, count| is_usual(count));
        Self {
            values: Arc::new(counts.into_keys().collect()),
            places: None,
        }
    }

    /// The same, asked for by the index of a column among these.
    pub(crate) fn of_columns(mut self, places: Vec<usize>) -> Self {
        self.places = Some(places.into());
        self
    }

    /// Returns whether a cell may have been prepared before the row was filled in: it holds nothing about a person.
    pub(crate) fn may_be_prefilled(&self, column: usize, text: &str) -> bool {
        let text = trimmed(text);
        let column = match &self.places {
            Some(places) => places.get(column).copied().unwrap_or(usize::MAX),
            None => column,
        };
        let is_counter = || {
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            digits <= COUNTER_DIGITS_MAX && !is_phone(text)
        };
        match kind(text) {
            Kind::Blank | Kind::Missing | Kind::Date => true,
            Kind::Email | Kind::Url => false,
            Kind::Year | Kind::Number => is_counter(),
            Kind::Text => {
                is_boolean(text)
                    || usual_form(text)
                        .is_some_and(|form| self.values.contains(&value(column, &form)))
            }
        }
    }
}

/// Returns a text with each run of digits replaced by a single zero, so that running numbers are equal.
fn usual_form(text: &str) -> Option<String> {
    if kind(text) != Kind::Text {
        return None;
    }
    let mut form = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '0'..='9' if form.ends_with('0') => {}
            '0'..='9' => form.push('0'),
            _ => form.push(c),
        }
    }
    Some(form)
}

/// Returns whether a cell is blank or as good as blank: a checkbox, or a formula that points at a blank cell.
pub(crate) fn is_unfilled(text: &str) -> bool {
    let text = trimmed(text);
    text == "0" || is_boolean(text) || matches!(kind(text), Kind::Blank | Kind::Missing)
}

/// Returns whether a text is the value of a checkbox of a spreadsheet.
fn is_boolean(text: &str) -> bool {
    ["false", "true"]
        .into_iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

/// Why nothing is a row any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    /// The line of the header of another table. Its own header ends it.
    Table(u64),
    /// The line of the title of another part of the table. Nothing ends it.
    Section(u64),
}

/// The names of a header, to find in other records.
#[derive(Clone, Debug, Default)]
struct Names {
    inner: Vec<String>,
    /// A bit for each length and first letter: most cells are told from names by it.
    marks: [u64; 4],
}

impl Names {
    fn of(names: impl Iterator<Item = String>) -> Self {
        let mut found = Self::default();
        for name in names.filter(|name| !name.is_empty()) {
            if !found.inner.contains(&name) {
                let (word, bit) = Self::mark(&name);
                found.marks[word] |= bit;
                found.inner.push(name);
            }
        }
        found
    }

    /// The bit of a text.
    fn mark(text: &str) -> (usize, u64) {
        let first = text.bytes().next().unwrap_or_default().to_ascii_lowercase();
        let mark = (text.len() * 37 + usize::from(first)) % 256;
        (mark / 64, 1 << (mark % 64))
    }

    fn find(&self, text: &str) -> Option<usize> {
        let text = trimmed(text);
        let (word, bit) = Self::mark(text);
        if self.marks[word] & bit == 0 {
            return None;
        }
        let is_it = |name: &String| name.eq_ignore_ascii_case(text);
        self.inner.iter().position(is_it)
    }
}

#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what a column is like, each by itself"
)]
struct Column {
    /// What most of its cells are, where that is more than text.
    typed: Option<Kind>,
    /// Half of its cells are more than text, or words with digits.
    is_of_values: bool,
    /// Its numbers are rather keys than amounts.
    is_of_keys: bool,
    /// Some of its texts are sentences.
    has_sentences: bool,
    is_mostly_filled: bool,
    is_mostly_empty: bool,
}

impl Judge {
    /// Learns from the sample in which the table was found. Without `sets_aside` every record is a row, if its values do
    /// not seem to be in the wrong columns.
    pub(crate) fn new(sample: &[Vec<String>], table: &Table, sets_aside: bool) -> Self {
        let rows_from = table.header + table.header_records;
        let header = &sample[table.header.min(sample.len())..rows_from.min(sample.len())];
        let headers = header
            .iter()
            .filter(|record| record.iter().any(|cell| !cell.trim().is_empty()))
            .map(|record| record.iter().map(|cell| folded_space(cell)).collect())
            .collect();
        let filled =
            |record: &Vec<String>| record.iter().filter(|cell| !cell.trim().is_empty()).count();
        let below = &sample[rows_from.min(sample.len())..];
        let rows: Vec<&Vec<String>> = below.iter().filter(|record| filled(record) > 1).collect();
        let columns = (0..table.columns.len())
            .map(|column| learned(&rows, column))
            .collect();
        let problem = table.columns.iter().position(|name| name == PROBLEM_COLUMN);
        let wide = rows.iter().filter(|record| filled(record) > 2).count();
        let names = header
            .iter()
            .flatten()
            .chain(&table.columns)
            .map(|name| folded_space(name));
        let titles = sample[..table.header.min(sample.len())]
            .iter()
            .filter(|record| filled(record) == 1)
            .flatten()
            .filter(|cell| !cell.trim().is_empty())
            .map(|cell| value(0, cell))
            .collect();
        Self {
            names: Names::of(names.filter(|name| name != PROBLEM_COLUMN)),
            values: values(&rows),
            usual: Usual::of(&rows),
            titles,
            above: Above::default(),
            headers,
            columns,
            sets_aside,
            width: table.width.max(table.columns.len()),
            is_wide: wide * 2 > rows.len(),
            problem,
        }
    }

    /// The number of cells of the header.
    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    /// The values that many rows have.
    pub(crate) fn usual(&self) -> Usual {
        self.usual.clone()
    }

    /// Returns whether a record below a single cell is a header.
    pub(crate) fn is_header_below<'a>(
        &self,
        count: usize,
        cell: impl Fn(usize) -> &'a str,
    ) -> bool {
        let mut filled = (0..count).filter(|&column| !trimmed(cell(column)).is_empty());
        let Some(first) = filled.next() else {
            return false;
        };
        let is_alone = filled.next().is_none();
        matches!(
            self.alone(count, &cell, first, is_alone, true),
            Verdict::Aside(Aside::HeaderAgain) | Verdict::Doubtful(Doubt::OtherHeader)
        )
    }

    /// Records that the last judged record, on this line, is the title of another table.
    pub(crate) fn learn_title(&mut self, line: u64, text: &str) {
        if !self.titles.contains(&value(0, text)) {
            self.above.title = Some(line);
        }
    }

    /// Whether rows follow what was judged [`Verdict::AsideAtEnd`], if that is known: what stands below notes is looked at
    /// once.
    pub(crate) const fn rows_follow(&self) -> Option<bool> {
        self.above.rows_follow
    }

    /// What was seen ahead.
    pub(crate) const fn learn_rows_follow(&mut self, follow: bool) {
        self.above.rows_follow = Some(follow);
    }

    /// Whether a record that is looked at ahead may be a row.
    pub(crate) fn may_be_row<'a>(count: usize, cell: impl Fn(usize) -> &'a str) -> bool {
        let mut filled = (0..count).filter(|&column| !trimmed(cell(column)).is_empty());
        let (Some(first), Some(_)) = (filled.next(), filled.next()) else {
            return false;
        };
        total_label(cell(first).trim()) == Label::None || !is_sums(first, count, &cell)
    }

    /// Whether a text of the last column may go on in the next line.
    pub(crate) fn may_break(&self) -> bool {
        self.columns.len() > 1 && self.columns.last().is_some_and(|last| last.has_sentences)
    }

    /// Whether a line, of so many cells of which this is the first, seems to be the rest of the row above it.
    pub(crate) fn continues(&self, count: usize, first: &str) -> bool {
        let first = first.trim();
        if count == 1 {
            return !first.is_empty() && total_label(first) == Label::None;
        }
        let Some(known) = self.columns.first() else {
            return false;
        };
        count < self.columns.len()
            && known.is_of_values
            && kind(first) == Kind::Text
            && !is_code(first)
    }

    /// Nothing stands between the record judged last and the next one.
    pub(crate) fn blank(&mut self) {
        self.above.is_adjacent = false;
    }

    /// What a record of so many cells is that begins on a line.
    pub(crate) fn judge<'a>(
        &mut self,
        line: u64,
        count: usize,
        cell: impl Fn(usize) -> &'a str,
    ) -> Verdict {
        let problem = self.problem;
        let cell = |column: usize| {
            if Some(column) == problem {
                ""
            } else {
                cell(column)
            }
        };
        let mut filled = (0..count).filter(|&column| !trimmed(cell(column)).is_empty());
        let Some(first) = filled.next() else {
            self.blank();
            return Verdict::Row;
        };
        let is_alone = filled.next().is_none();
        let is_apart = !self.above.is_adjacent || self.above.title.is_some();
        let mut verdict = self.alone(count, &cell, first, is_alone, is_apart);
        // Files of rejects contain only rows. A doubtful row has a mark in its problem until the user has decided.
        let is_reject = problem.is_some_and(|column| column < count);
        if is_reject && verdict != Verdict::Aside(Aside::HeaderAgain) {
            return Verdict::Row;
        }
        let may_be_title = verdict != Verdict::Row;
        match verdict {
            Verdict::Aside(Aside::HeaderAgain) if self.sets_aside => {
                self.above.behind = match (self.above.title, self.above.behind) {
                    (Some(title), _) | (None, Some(Behind::Section(title))) => {
                        Some(Behind::Section(title))
                    }
                    (None, _) => None,
                };
            }
            Verdict::Aside(Aside::HeaderAgain) => {
                self.above.behind = None;
                verdict = Verdict::Row;
            }
            Verdict::Doubtful(Doubt::OtherHeader) if self.is_other_for_sure(count, &cell) => {
                self.above.behind = Some(Behind::Table(line));
            }
            Verdict::Doubtful(_) | Verdict::AsideAtEnd(Aside::Note) => {}
            Verdict::Row | Verdict::RowOrTitle | Verdict::Aside(_) | Verdict::AsideAtEnd(_) => {
                match self.above.behind {
                    None => {}
                    Some(Behind::Table(line)) => {
                        verdict = Verdict::Doubtful(Doubt::OtherTable(line));
                    }
                    Some(Behind::Section(line)) => {
                        verdict = Verdict::Doubtful(Doubt::OtherSection(line));
                    }
                }
            }
        }
        let text = cell(first);
        if !is_alone {
            self.above.title = None;
            self.above.rows_follow = None;
        } else if may_be_title && is_title(text) && !self.titles.contains(&value(0, text)) {
            self.above.title = Some(line);
        }
        self.above.is_adjacent = true;
        verdict
    }

    /// Judges a record without its neighbours. `first` is its first filled cell. `is_apart`: there is no row directly
    /// above.
    fn alone<'a>(
        &self,
        count: usize,
        cell: &impl Fn(usize) -> &'a str,
        first: usize,
        is_alone: bool,
        is_apart: bool,
    ) -> Verdict {
        let mut headers = self.headers.iter();
        if headers.any(|header| is_header(header, count, cell)) {
            return Verdict::Aside(Aside::HeaderAgain);
        }
        // With these columns the rows below it are wrong, whatever the job says of notes and totals.
        if !is_alone && self.has_names(count, cell) {
            return Verdict::Doubtful(Doubt::OtherHeader);
        }
        if self.is_shifted(count, cell) {
            return Verdict::Doubtful(Doubt::Shifted);
        }
        if !self.sets_aside {
            return Verdict::Row;
        }
        let label = trimmed(cell(first));
        if is_alone {
            return self.lone(first, count, label);
        }
        match total_label(label) {
            Label::Total | Label::Perhaps if !is_sums(first, count, cell) => {}
            Label::Total if !self.has_key(count, cell) => {
                return Verdict::AsideAtEnd(Aside::Total);
            }
            Label::Total | Label::Perhaps => return Verdict::Doubtful(Doubt::Total),
            Label::None => {}
        }
        if self.is_other_header(count, cell, is_apart) {
            return Verdict::Doubtful(Doubt::OtherHeader);
        }
        Verdict::Row
    }

    /// Whether a number stands where keys do.
    fn has_key<'a>(&self, count: usize, cell: &impl Fn(usize) -> &'a str) -> bool {
        let mut known = self.columns.iter().enumerate().take(count);
        known.any(|(column, known)| known.is_of_keys && !trimmed(cell(column)).is_empty())
    }

    /// Returns whether a record with a value beyond the last name has values in the wrong columns.
    fn is_shifted<'a>(&self, count: usize, cell: &impl Fn(usize) -> &'a str) -> bool {
        let known = self.columns.iter().enumerate();
        let has_more = (self.columns.len()..count).any(|column| !trimmed(cell(column)).is_empty());
        has_more
            && known.into_iter().any(|(column, known)| {
                let found = kind(cell(column));
                match found {
                    Kind::Blank => known.is_mostly_filled && Some(column) != self.problem,
                    Kind::Missing => false,
                    _ => known.is_mostly_empty || known.typed.is_some_and(|typed| typed != found),
                }
            })
    }

    /// A record with a single filled cell.
    fn lone(&self, column: usize, count: usize, text: &str) -> Verdict {
        let columns = self.columns.len();
        let is_prefilled = || self.usual.may_be_prefilled(column, text);
        match kind(text) {
            Kind::Year | Kind::Date => return Verdict::RowOrTitle,
            Kind::Text if is_boolean(text) => return Verdict::Row,
            Kind::Text if is_code(text) && is_prefilled() => return Verdict::Row,
            Kind::Text if columns < 2 || is_code(text) => return Verdict::RowOrTitle,
            Kind::Text if column > 0 && is_prefilled() => return Verdict::Row,
            Kind::Text => {}
            _ => return Verdict::Row,
        }
        let starts = starts_as_note(text);
        if columns == 2 || !self.is_wide {
            return if starts {
                Verdict::Doubtful(Doubt::LoneCell)
            } else {
                Verdict::RowOrTitle
            };
        }
        // A single cell without a delimiter, directly below a row.
        if count == 1 && self.above.is_adjacent && self.may_break() {
            return Verdict::Doubtful(Doubt::LoneCell);
        }
        let is_long = text.split_whitespace().count() >= NOTE_WORDS_MIN;
        let is_total = total_label(text) != Label::None;
        if column == 0 && (starts || is_long || is_total) {
            return Verdict::AsideAtEnd(Aside::Note);
        }
        Verdict::Doubtful(Doubt::LoneCell)
    }

    /// Whether several cells are names of columns, which the rows do not have there, and no cell is a value.
    fn has_names<'a>(&self, count: usize, cell: &impl Fn(usize) -> &'a str) -> bool {
        let (mut first, mut found, mut differ) = (None, 0, false);
        for column in 0..count {
            if let Some(name) = self.names.find(cell(column))
                && !self.values.contains(&value(column, cell(column)))
            {
                found += 1;
                differ |= *first.get_or_insert(name) != name;
            }
        }
        if found < NAMES_MIN || !differ {
            return false;
        }
        let (mut filled, mut codes) = (0, 0);
        for text in (0..count).map(cell) {
            let found = kind(text);
            filled += usize::from(found != Kind::Blank);
            if self.names.find(text).is_some() {
                continue;
            }
            if matches!(found, Kind::Number | Kind::Date | Kind::Email | Kind::Url) {
                return false;
            }
            codes += usize::from(is_code(text.trim()));
        }
        codes == 0 || found * 2 >= filled
    }

    /// Whether texts stand where numbers, dates and addresses should, in most columns.
    fn is_other_header<'a>(
        &self,
        count: usize,
        cell: &impl Fn(usize) -> &'a str,
        is_apart: bool,
    ) -> bool {
        let mut texts = 0;
        for (column, known) in self.columns.iter().enumerate().take(count) {
            if known.typed.is_none() && !(is_apart && known.is_of_values) {
                continue;
            }
            let text = trimmed(cell(column));
            if text
                .bytes()
                .any(|byte| byte.is_ascii_digit() || byte == b'@')
            {
                return false;
            }
            match kind(text) {
                Kind::Blank => {}
                Kind::Text => texts += 1,
                _ => return false,
            }
        }
        let filled = (0..count)
            .filter(|&column| !trimmed(cell(column)).is_empty())
            .count();
        texts >= 2 && filled * 3 >= self.columns.len() * 2
    }

    /// Whether what looks like another header has nothing of a row: names of columns, or words that no row has.
    fn is_other_for_sure<'a>(&self, count: usize, cell: &impl Fn(usize) -> &'a str) -> bool {
        let is_of_row = |column: usize| {
            let text = trimmed(cell(column));
            text.bytes().any(|byte| byte.is_ascii_digit())
                || self.values.contains(&value(column, text))
        };
        self.has_names(count, cell) || !(0..count).any(is_of_row)
    }
}

/// What the rows of a sample hold in a column.
fn learned(rows: &[&Vec<String>], column: usize) -> Column {
    let (mut filled, mut codes) = (0, 0);
    let mut has_sentences = false;
    let mut keys = HashSet::new();
    let mut counts = Kind::TYPED.map(|kind| (kind, 0));
    for text in rows.iter().filter_map(|record| record.get(column)) {
        let found = kind(text);
        filled += usize::from(found != Kind::Blank);
        if found == Kind::Text {
            has_sentences |= text.split_whitespace().count() >= SENTENCE_WORDS_MIN;
            codes += usize::from(is_code(text.trim()));
        }
        if found == Kind::Number && is_key(text.trim()) {
            keys.insert(text.trim());
        }
        for (known, count) in &mut counts {
            *count += usize::from(*known == found);
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    Column {
        typed: most
            .filter(|(_, count)| *count > 1 && count * 10 >= filled * 9)
            .map(|(kind, _)| kind),
        is_of_values: (counts.iter().map(|(_, count)| count).sum::<usize>() + codes) * 2 > filled,
        is_of_keys: keys.len() > 1 && keys.len() * 10 >= filled * 9,
        has_sentences,
        is_mostly_filled: filled > 1 && filled * 10 >= rows.len() * 9,
        is_mostly_empty: rows.len() > 1 && filled * 10 <= rows.len(),
    }
}

/// Whether a number is written as keys are: digits alone, and several.
fn is_key(text: &str) -> bool {
    text.len() >= KEY_DIGITS_MIN && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The values that several rows of a sample have in a column. A record without anything but words may be a header.
fn values(rows: &[&Vec<String>]) -> HashSet<u64> {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    let is_of_row = |record: &&&Vec<String>| {
        record.iter().any(|cell| {
            is_code(cell) || !matches!(kind(cell), Kind::Blank | Kind::Missing | Kind::Text)
        })
    };
    for record in rows.iter().filter(is_of_row) {
        for (column, text) in record
            .iter()
            .enumerate()
            .filter(|(_, text)| !text.is_empty())
        {
            *counts.entry(value(column, text)).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count >= VALUES_MIN);
    counts.into_keys().collect()
}

/// Stands for a value of a column.
fn value(column: usize, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (column, text.trim()).hash(&mut hasher);
    hasher.finish()
}

/// Whether all that follows a label are amounts.
fn is_sums<'a>(label: usize, count: usize, cell: &impl Fn(usize) -> &'a str) -> bool {
    let mut any = false;
    for text in (label + 1..count).map(cell) {
        match kind(text) {
            Kind::Blank | Kind::Missing => {}
            Kind::Number | Kind::Year if !is_phone(text) => any = true,
            _ => return false,
        }
    }
    any
}

/// Whether a record is that header again.
fn is_header<'a>(header: &[String], count: usize, cell: &impl Fn(usize) -> &'a str) -> bool {
    let differs = |column: usize| {
        let text = if column < count { cell(column) } else { "" };
        let name = header.get(column).map_or("", String::as_str);
        text.trim() != name && folded_space(text) != name
    };
    // Most rows differ in their first cell, and are told by it without more ado.
    let may_be = header
        .iter()
        .position(|name| !name.is_empty())
        .is_some_and(|column| {
            column < count
                && cell(column).trim_start_matches('\u{feff}').trim().get(..1)
                    == header[column].get(..1)
        });
    may_be && !(0..count.max(header.len())).any(differs)
}

#[cfg(test)]
mod tests {
    use super::super::table::{Said, find};
    use super::*;

    const TABLE: &str = "Ticket|Email|Wish|Due|Days\n\
        T-1|a@example.com|delete|2026-01-02|5\n\
        T-2|b@example.com|view|2026-01-02|3\n\
        T-3|c@example.com|view||4";

    fn judged(line: &str) -> Verdict {
        let record = |line: &str| line.split('|').map(str::to_owned).collect::<Vec<String>>();
        let sample: Vec<_> = TABLE.lines().map(record).collect();
        let table = find(&sample, Said::default()).expect("a table");
        let mut judge = Judge::new(&sample, &table, true);
        let cells = record(line);
        judge.judge(9, cells.len(), |column| &cells[column])
    }

    #[test]
    fn what_is_no_row_for_certain_is_set_aside() {
        for (line, aside) in [
            ("Source: the register||||", Aside::Note),
            ("* dates are those of receipt", Aside::Note),
            (
                "These rows were taken from the register of last year||||",
                Aside::Note,
            ),
            ("Total||||12", Aside::Total),
            ("|GRAND TOTAL||3|12", Aside::Total),
            ("Summe:||||12,5", Aside::Total),
            ("Total: 3 requests||||", Aside::Note),
        ] {
            assert_eq!(judged(line), Verdict::AsideAtEnd(aside), "{line}");
        }
        assert_eq!(
            judged("Ticket|Email|Wish|Due|Days"),
            Verdict::Aside(Aside::HeaderAgain)
        );
    }

    #[test]
    fn what_may_be_no_row_is_a_doubt() {
        for (line, doubt) in [
            ("Other people||||", Doubt::LoneCell),
            (
                "||Please forget all that you know about me||",
                Doubt::LoneCell,
            ),
            ("Total of 2025||||12", Doubt::Total),
            ("Name|Address|Kind|Date|Sum", Doubt::OtherHeader),
            ("Wish|Ticket|EMAIL|2026||x", Doubt::OtherHeader),
        ] {
            assert_eq!(judged(line), Verdict::Doubtful(doubt), "{line}");
        }
    }

    /// Every record below the header.
    fn judged_all(text: &str, sets_aside: bool) -> Vec<Verdict> {
        let sample: Vec<Vec<String>> = text
            .lines()
            .map(|line| line.split('|').map(str::to_owned).collect())
            .collect();
        let table = find(&sample, Said::default()).expect("a table");
        let mut judge = Judge::new(&sample, &table, sets_aside);
        let below = &sample[table.header + table.header_records..];
        let judged = (2..)
            .zip(below)
            .map(|(line, cells)| judge.judge(line, cells.len(), |column| &cells[column]));
        judged.collect()
    }

    #[test]
    fn a_person_may_have_the_name_of_a_total() {
        let of_people = "Name|Wish|Telephone|Number\n\
            Ann Total|view|020 7946 0018|4711\n\
            Aston|delete|020 7946 0019|4712\n\
            Barr|view|020 7946 0020|4713";
        assert_eq!(judged_all(of_people, true), [Verdict::Row; 3]);
    }

    #[test]
    fn what_may_be_sent_is_a_row() {
        for line in [
            "|a@example.com|||",
            "T-9||||",
            "|+44 20 7946 0018|||",
            "Total|a@example.com|||",
            "Summer|x|y|2026-01-02|4",
            "Total|||+44 7911 123457|4",
            "T-4|unknown|view||",
            "Email|a@example.com|Wish||",
            "||||",
        ] {
            assert_eq!(judged(line), Verdict::Row, "{line}");
        }
    }

    #[test]
    fn nothing_below_another_header_is_a_row_until_the_own_one_returns() {
        let text = "Ticket|Person|Agent|Wish\n\
            T-1|a@example.com|x@example.org|view\n\
            T-2|b@example.com|x@example.org|view\n\
            |||\n\
            Ticket|Agent|Person|Wish\n\
            T-3|x@example.org|c@example.com|view\n\
            Total||3|\n\
            Ticket|Person|Agent|Wish\n\
            T-4|d@example.com|x@example.org|view\n\
            |||\n\
            Code|Who|Whom|What\n\
            T-5|x@example.org|e@example.com|view";
        let row = Verdict::Row;
        let behind = |line| Verdict::Doubtful(Doubt::OtherTable(line));
        let header = Verdict::Doubtful(Doubt::OtherHeader);
        let again = Verdict::Aside(Aside::HeaderAgain);
        assert_eq!(
            judged_all(text, true),
            [
                row,
                row,
                row,
                header,
                behind(5),
                behind(5),
                again,
                row,
                row,
                header,
                behind(11)
            ]
        );
        // Words that rows have too are one row's.
        let rows = "T-1|a@example.com|view|2026-01-02|5\n".repeat(20);
        let of_words = format!(
            "Ticket|Email|Wish|Due|Days\n{rows}Cy|unknown|view|later|\nT-9|d@example.com|view||4"
        );
        let judged = judged_all(&of_words, true);
        assert_eq!(judged[judged.len() - 2..], [header, row]);
    }

    #[test]
    fn nothing_below_a_title_and_the_header_once_more_is_a_row() {
        let text = "Privacy requests|||\n\
            Ticket|Person|Agent|Wish\n\
            T-1|a@example.com|x@example.org|view\n\
            Privacy requests|||\n\
            Ticket|Person|Agent|Wish\n\
            T-2|b@example.com|x@example.org|view\n\
            Page 3|||\n\
            Ticket|Person|Agent|Wish\n\
            T-3|b@example.com|x@example.org|view\n\
            Closed|||\n\
            Ticket|Person|Agent|Wish\n\
            T-4|b@example.com|x@example.org|view\n\
            Ticket|Person|Agent|Wish\n\
            T-5|b@example.com|x@example.org|view";
        let judged = judged_all(text, true);
        let rows: Vec<_> = [0, 3, 6, 9, 11].map(|at| judged[at]).to_vec();
        let behind = Verdict::Doubtful(Doubt::OtherSection(9));
        let row = Verdict::Row;
        assert_eq!(rows, [row, row, row, behind, behind]);
        assert_eq!(judged_all(text, false)[11], row);
    }
}
