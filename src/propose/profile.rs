//! What the values of each column are, over the whole input: counted in one reading, in bounded memory.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use super::kinds::{self, Order};
use crate::intake::words::words;
use crate::intake::{Cell, Cells, folded};

/// Most different values of a column that are kept as words, with their counts.
pub const WORDS_MAX: usize = 40;
/// Longest value that is kept as a word, in characters.
pub const WORD_CHARS_MAX: usize = 80;
/// Most values, over all columns, that are followed to see whether they differ (a hash of 64 bits each).
pub const VALUES_FOLLOWED_MAX: usize = 4_000_000;
/// After so many repeats a column is not followed any further: it is no key.
pub const REPEATS_FOLLOWED_MAX: u64 = 1_000;

/// Maximum number of columns of names, and of addresses, that are compared with each other.
const COLUMNS_COMPARED_MAX: usize = 16;
/// Minimum length of a word of a name. Shorter words are in too many addresses by chance.
const NAME_CHARS_MIN: usize = 3;

/// A value that may be a word with a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As first written.
    pub text: String,
    /// How many rows have it.
    pub rows: u64,
}

/// How far the values of a column (or of several together) differ.
#[derive(Clone, Debug, Default)]
pub(crate) struct Differing {
    hashes: HashSet<u64>,
    /// Rows that were compared with all before them.
    pub(crate) rows: u64,
    pub(crate) repeats: u64,
    has_ended: bool,
}

impl Differing {
    fn add(&mut self, hash: u64, room: &mut usize) {
        if self.has_ended {
            return;
        }
        if *room == 0 {
            self.end(room);
            return;
        }
        self.rows += 1;
        if self.hashes.insert(hash) {
            *room -= 1;
        } else {
            self.repeats += 1;
            if self.repeats > REPEATS_FOLLOWED_MAX {
                self.end(room);
            }
        }
    }

    fn end(&mut self, room: &mut usize) {
        *room += self.hashes.len();
        self.hashes = HashSet::new();
        self.has_ended = true;
    }
}

/// Detector of whole numbers that go up or down by one.
#[derive(Clone, Debug, Default)]
struct Counter {
    first: Option<i64>,
    last: i64,
    step: i64,
    has_ended: bool,
}

impl Counter {
    fn add(&mut self, text: &str) {
        if self.has_ended {
            return;
        }
        let text = text.trim_start_matches('#').trim_end_matches(['.', ')']);
        let number = text.strip_suffix(".0").unwrap_or(text).parse::<i64>().ok();
        let is_next = match (self.first, number) {
            (None, Some(_)) => true,
            (Some(_), Some(number)) => {
                let step = number.saturating_sub(self.last);
                let is_step = if self.step == 0 {
                    step.abs() == 1
                } else {
                    step == self.step
                };
                self.step = step;
                is_step
            }
            (_, None) => false,
        };
        if let Some(number) = number.filter(|_| is_next) {
            self.first.get_or_insert(number);
            self.last = number;
        }
        self.has_ended = !is_next;
    }

    fn counts(&self) -> bool {
        let begins = |number: i64| matches!(number, 0 | 1);
        match self.first {
            _ if self.has_ended => false,
            Some(first) => begins(first) && self.step >= 0 || begins(self.last) && self.step < 0,
            None => false,
        }
    }
}

/// The values of one column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Values that are not blank.
    pub(crate) filled: u64,
    /// JSON arrays and objects among them.
    pub(crate) structures: u64,
    pub(crate) emails: u64,
    /// Addresses of lists, functions and machines.
    pub(crate) mailboxes: u64,
    pub(crate) international_phones: u64,
    pub(crate) local_phones: u64,
    /// Numbers that are long enough for an area code.
    pub(crate) long_phones: u64,
    pub(crate) dates: u64,
    pub(crate) day_numbers: u64,
    /// Dates that are such with the day first alone, with the month first alone, and in both orders.
    pub(crate) day_first: u64,
    pub(crate) month_first: u64,
    pub(crate) either_order: u64,
    pub(crate) numbers: u64,
    pub(crate) flags: u64,
    pub(crate) names: u64,
    pub(crate) ids: u64,
    pub(crate) links: u64,
    pub(crate) chars_max: usize,
    pub(crate) differing: Differing,
    counter: Counter,
    words: HashMap<String, (usize, Word)>,
    has_more_words: bool,
}

impl Column {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    fn add(&mut self, cell: Cell<'_>, room: &mut usize) {
        let text = match cell {
            Cell::Blank => return,
            Cell::Structure | Cell::Several => {
                self.filled += 1;
                self.structures += 1;
                self.counter.add("");
                self.has_more_words = true;
                return;
            }
            Cell::Text(text) => text,
        };
        self.filled += 1;
        self.counter.add(text);
        let kinds = kinds::of(text);
        for (is, count) in [
            (kinds.is_email, &mut self.emails),
            (kinds.is_mailbox, &mut self.mailboxes),
            (kinds.is_international_phone, &mut self.international_phones),
            (kinds.is_local_phone, &mut self.local_phones),
            (kinds.is_long_phone, &mut self.long_phones),
            (kinds.is_date, &mut self.dates),
            (kinds.is_day_number, &mut self.day_numbers),
            (kinds.order == Some(Order::DayFirst), &mut self.day_first),
            (
                kinds.order == Some(Order::MonthFirst),
                &mut self.month_first,
            ),
            (kinds.order == Some(Order::Either), &mut self.either_order),
            (kinds.is_number, &mut self.numbers),
            (kinds.is_flag, &mut self.flags),
            (kinds.is_name, &mut self.names),
            (kinds.is_id, &mut self.ids),
            (kinds.is_link, &mut self.links),
        ] {
            *count += u64::from(is);
        }
        let chars = text.chars().count();
        self.chars_max = self.chars_max.max(chars);
        self.differing.add(hash(text), room);
        if chars > WORD_CHARS_MAX {
            self.has_more_words = true;
        }
        if !self.has_more_words {
            self.add_word(text);
        }
    }

    fn add_word(&mut self, text: &str) {
        let order = self.words.len();
        let form = folded(text);
        if let Some((_, word)) = self.words.get_mut(&*form) {
            word.rows += 1;
        } else if order < WORDS_MAX {
            let word = Word {
                text: text.to_owned(),
                rows: 1,
            };
            self.words.insert(form.into_owned(), (order, word));
        } else {
            self.has_more_words = true;
            self.words = HashMap::new();
        }
    }

    /// Its different values, the most frequent first; none when there are too many, or they are too long.
    pub(crate) fn words(&self) -> Option<Vec<Word>> {
        if self.has_more_words {
            return None;
        }
        let mut words: Vec<&(usize, Word)> = self.words.values().collect();
        words.sort_by_key(|(order, word)| (std::cmp::Reverse(word.rows), *order));
        Some(words.into_iter().map(|(_, word)| word.clone()).collect())
    }

    /// Returns whether its values count the rows: 1, 2, 3 and so on, or down to 1.
    pub(crate) fn counts_up(&self) -> bool {
        self.counter.counts()
    }

    /// The different values of the rows that were compared.
    pub(crate) fn different(&self) -> u64 {
        self.differing.rows - self.differing.repeats
    }

    /// Values that are telephone numbers, with their country or without.
    pub(crate) fn phones(&self) -> u64 {
        self.international_phones + self.local_phones
    }

    /// Whether so many of its values are of one kind that the others are mistakes.
    pub(crate) fn are_mostly(&self, count: u64) -> bool {
        count > 0 && count * 5 >= self.filled * 4
    }

    /// What its values are, in a word or two.
    pub(crate) fn shape(&self) -> &'static str {
        let mostly = |count| self.are_mostly(count);
        match () {
            () if self.filled == 0 => "empty",
            () if mostly(self.structures) => "lists",
            () if mostly(self.emails) => "e-mail addresses",
            () if mostly(self.flags) => "yes/no",
            () if mostly(self.dates) => "dates",
            () if mostly(self.international_phones) => "phone numbers",
            () if mostly(self.numbers) => "numbers",
            () if mostly(self.phones()) && self.local_phones > self.ids => "phone numbers",
            () if mostly(self.links) => "links",
            () if mostly(self.ids) => "ids",
            () if self.words.len() as u64 * 2 <= self.filled && !self.has_more_words => "words",
            () => "text",
        }
    }
}

/// Columns that are compared with each other, chosen by their headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Followed {
    /// Columns that together may identify a row.
    pub(crate) together: Vec<usize>,
    /// Columns that may hold names.
    pub(crate) names: Vec<usize>,
    /// Columns that may hold addresses.
    pub(crate) addresses: Vec<usize>,
}

/// All columns of an input, and two of them together where that may make a key.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) rows: u64,
    pub(crate) columns: Vec<Column>,
    /// Columns that together may identify a row.
    pub(crate) together: Vec<usize>,
    pub(crate) differing_together: Differing,
    /// Columns that may hold names, and those that may hold addresses.
    names: Vec<usize>,
    addresses: Vec<usize>,
    /// For each pair of these: the rows that have both, and the rows in which the address contains a word of the name.
    resembling: Vec<(u64, u64)>,
    /// For each pair of columns of addresses: the rows that have both, and the rows in which both are the same.
    same: Vec<(u64, u64)>,
    room: usize,
}

impl Profile {
    pub(crate) fn new(names: &[String], followed: Followed) -> Self {
        let Followed {
            together,
            names: mut of_names,
            mut addresses,
        } = followed;
        of_names.truncate(COLUMNS_COMPARED_MAX);
        addresses.truncate(COLUMNS_COMPARED_MAX);
        Self {
            resembling: vec![(0, 0); of_names.len() * addresses.len()],
            same: vec![(0, 0); addresses.len() * addresses.len()],
            names: of_names,
            addresses,
            rows: 0,
            columns: names.iter().map(|name| Column::new(name)).collect(),
            together,
            differing_together: Differing::default(),
            room: VALUES_FOLLOWED_MAX,
        }
    }

    /// Counts a row.
    pub(crate) fn add(&mut self, cells: &Cells<'_>) {
        self.rows += 1;
        for (index, column) in self.columns.iter_mut().enumerate() {
            column.add(cells.get(index), &mut self.room);
        }
        self.compare_names(cells);
        self.compare_addresses(cells);
        let mut hasher = DefaultHasher::new();
        for &column in &self.together {
            match cells.get(column) {
                Cell::Text(text) => text.hash(&mut hasher),
                Cell::Blank | Cell::Structure | Cell::Several => return,
            }
        }
        if !self.together.is_empty() {
            self.differing_together.add(hasher.finish(), &mut self.room);
        }
    }
}

impl Profile {
    /// Counts the names that appear in the addresses of their rows.
    fn compare_names(&mut self, cells: &Cells<'_>) {
        for (at, address) in self.addresses.iter().enumerate() {
            let Cell::Text(text) = cells.get(*address) else {
                continue;
            };
            let Some((local, _)) = text.rsplit_once('@') else {
                continue;
            };
            let local: String =
                words(local.rsplit_once('<').map_or(local, |(_, local)| local)).concat();
            for (index, column) in self.names.iter().enumerate() {
                let Cell::Text(name) = cells.get(*column) else {
                    continue;
                };
                if name.len() > WORD_CHARS_MAX {
                    continue;
                }
                let is_in = |word: &String| {
                    word.chars().count() >= NAME_CHARS_MIN && local.contains(word.as_str())
                };
                let (both, alike) = &mut self.resembling[index * self.addresses.len() + at];
                *both += 1;
                *alike += u64::from(words(name).iter().any(is_in));
            }
        }
    }

    /// Counts the rows in which two columns of addresses have the same.
    fn compare_addresses(&mut self, cells: &Cells<'_>) {
        for (at, one) in self.addresses.iter().enumerate() {
            let Cell::Text(text) = cells.get(*one) else {
                continue;
            };
            for (index, other) in self.addresses.iter().enumerate().skip(at + 1) {
                let Cell::Text(other) = cells.get(*other) else {
                    continue;
                };
                let (both, same) = &mut self.same[at * self.addresses.len() + index];
                *both += 1;
                *same += u64::from(folded(text) == folded(other));
            }
        }
    }

    /// Returns whether two columns have the same address in each row that has both.
    pub(crate) fn are_same(&self, one: usize, other: usize) -> bool {
        let at = |column| self.addresses.iter().position(|known| *known == column);
        let Some((one, other)) = at(one).zip(at(other)) else {
            return false;
        };
        let (both, same) = self.same[one.min(other) * self.addresses.len() + one.max(other)];
        both > 0 && same == both
    }

    /// Returns whether most names of a column appear in the addresses of another.
    pub(crate) fn resemble(&self, name: usize, address: usize) -> bool {
        let (both, alike) = self.resembling(name, address);
        both > 0 && alike * 2 >= both
    }

    /// Returns whether most names of a column appear in the addresses of another, so that the rest are exceptions.
    pub(crate) fn resemble_mostly(&self, name: usize, address: usize) -> bool {
        let (both, alike) = self.resembling(name, address);
        both > 0 && alike * 5 >= both * 4
    }

    /// Returns the rows that have both a name and an address, and those in which the address contains the name.
    fn resembling(&self, name: usize, address: usize) -> (u64, u64) {
        let index = self.names.iter().position(|column| *column == name);
        let at = self.addresses.iter().position(|column| *column == address);
        let Some((index, at)) = index.zip(at) else {
            return (0, 0);
        };
        self.resembling[index * self.addresses.len() + at]
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[&str]) -> Column {
        let mut column = Column::new("c");
        let mut room = 100;
        for value in values {
            column.add(Cell::Text(value), &mut room);
        }
        column
    }

    #[test]
    fn words_are_counted_as_values_are_compared() {
        let words = column(&["Access", "delete", "ACCESS", "access "].map(str::trim)).words();
        let words = words.expect("few");
        assert_eq!((words[0].text.as_str(), words[0].rows), ("Access", 3));
        let many: Vec<String> = (0..=WORDS_MAX).map(|n| format!("word {n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(column(&many).words(), None);
        assert_eq!(column(&[&"x".repeat(WORD_CHARS_MAX + 1)]).words(), None);
    }

    #[test]
    fn what_differs_is_followed_within_its_room() {
        let mut differing = Differing::default();
        let mut room = 2;
        for hash in [1, 2, 3] {
            differing.add(hash, &mut room);
        }
        assert_eq!((differing.rows, differing.repeats, room), (2, 0, 2));
        for counter in [
            ["1", "2", "3"],
            ["0", "1", "2"],
            ["003", "002", "001"],
            ["1.", "2.", "3."],
        ] {
            assert!(column(&counter).counts_up(), "{counter:?}");
        }
        for other in [
            ["1", "3", "4"],
            ["48213", "48214", "48215"],
            ["1", "1", "1"],
            ["A1", "A2", "A3"],
        ] {
            assert!(!column(&other).counts_up(), "{other:?}");
        }
    }
}
