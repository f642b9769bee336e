//! What the page tells of the entries, gathered while the files are written: counts, and the first few of each kind.
//!
//! In: each row and the line that was written of each of its entries. Out: [`Gathered`], of bounded size whatever the
//! input. It decides nothing, and keeps no value of a person but such as shows itself masked.

use jiff::civil::Date;

use super::results::Line;
use crate::check::{Groups, RepeatedKey};
use crate::codes::{ProblemCode, ReasonCode};
use crate::entry::{Position, RequestType};
use crate::intake::{DateRead, Item, Offending, Problem, RowPlaces, RowReading};
use crate::outcome::{Outcome, Reason, Via};
use crate::plan::DateOrder;
use crate::received::{ColumnOrder, OVERDUE_LATER_DAYS, OVERDUE_SOONER_DAYS};

/// What is not created, the most pressing first.
pub const OPEN: [Outcome; 5] = [
    Outcome::InDoubt,
    Outcome::Failed,
    Outcome::Rejected,
    Outcome::Invalid,
    Outcome::NotSent,
];
/// Entries that are kept of each of these outcomes.
pub const LEFT_MAX: usize = 1_000;
/// Stretches of rows that are kept of each of these outcomes.
pub const RANGES_MAX: usize = 10_000;
/// Kinds of refusals that are told apart; further ones are only counted.
pub const REFUSALS_MAX: usize = 60;
/// Examples of each.
pub const EXAMPLES_MAX: usize = 5;
/// Longest message and key that are kept, in characters.
const TEXT_CHARS_MAX: usize = 300;
/// Ages in days up to which requests are counted together; older ones come last.
pub const AGES_DAYS: [i32; 3] = [OVERDUE_SOONER_DAYS, OVERDUE_LATER_DAYS, 90];
/// Entries by their attempts: one, two and so on, and this many or more.
pub const ATTEMPTS_MAX: usize = 6;

/// All that is gathered of one input.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// How rows are named.
    pub places: RowPlaces,
    /// How many of each outcome, by request type in its order; those of unknown type come last.
    pub by_request: [[u64; Outcome::ALL.len()]; RequestType::ALL.len() + 1],
    /// What is wrong with rows that are not sent.
    pub problems: Groups,
    /// What Concord may take amiss.
    pub warnings: Groups,
    /// Why entries that were sent are not created, the most frequent first.
    pub refusals: Vec<Refusal>,
    /// Such entries of further kinds.
    pub refusals_beyond: u64,
    /// What is not created, by [`OPEN`].
    pub left: [Left; OPEN.len()],
    /// How old requests are; none when the job names no column for that.
    pub ages: Option<Ages>,
    /// Entries that were sent in this run, by the number of attempts; the last are those with more.
    pub attempts: [u64; ATTEMPTS_MAX],
}

/// Entries of one outcome that is not `created`.
#[derive(Clone, Debug, Default)]
pub struct Left {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<LeftEntry>,
    /// The numbers of their rows, by [`RowPlaces::number`].
    pub rows: Ranges,
}

/// An entry that is not created.
#[derive(Clone, Debug)]
pub struct LeftEntry {
    /// Its row.
    pub position: Position,
    /// Its key; none without key columns.
    pub key: Option<RepeatedKey>,
    /// What it asks for, when that is known.
    pub request: Option<RequestType>,
    /// Codes of why it is not created.
    pub code: String,
    /// Why it is not created.
    pub message: String,
    /// The value that this is about.
    pub value: Option<Offending>,
    /// How long ago it was received.
    pub age_days: Option<i32>,
}

/// Rows as stretches from one to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    /// First and last row of each.
    pub list: Vec<(u64, u64)>,
    /// How many rows they hold.
    pub rows: u64,
    /// Rows behind them that are not listed.
    pub beyond: u64,
    last: u64,
}

impl Ranges {
    /// Rows come in their order; one may come several times.
    fn add(&mut self, row: u64) {
        if row == self.last {
            return;
        }
        let follows = row == self.last + 1;
        self.last = row;
        if let Some((_, end)) = self.list.last_mut()
            && follows
            && self.beyond == 0
        {
            *end = row;
        } else if self.list.len() < RANGES_MAX {
            self.list.push((row, row));
        } else {
            self.beyond += 1;
            return;
        }
        self.rows += 1;
    }
}

/// Entries that were sent and not created, for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What became of them.
    pub outcome: Outcome,
    /// The reason.
    pub code: ReasonCode,
    /// The first of their messages.
    pub message: String,
    /// All of them have this message.
    pub is_uniform: bool,
    /// How many there are.
    pub count: u64,
    /// The rows and messages of the first few.
    pub examples: Vec<(Position, String)>,
}

/// Entries by the time since they were received, repeats left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ages {
    /// The day from which that is counted.
    pub today: Date,
    /// Created, and not created, by [`AGES_DAYS`].
    pub counts: [[u64; 2]; AGES_DAYS.len() + 1],
    /// Of these it is not known.
    pub undated: [u64; 2],
    /// The earliest day of one that is not created.
    pub oldest_open: Option<Date>,
}

/// Gathers.
#[derive(Debug)]
pub(super) struct Gatherer {
    gathered: Gathered,
    /// How dates are read that can be read in two ways.
    order: Option<DateOrder>,
    has_keys: bool,
}

/// What is remembered of a row while its entries are told of.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfRow {
    day: Option<Date>,
    age_days: Option<i32>,
}

/// What a line does not tell of its item.
#[derive(Debug, Default)]
pub(super) struct OfItem {
    is_personal: bool,
    /// Set when the row itself has no problem.
    is_valid: bool,
    value: Option<Offending>,
}

impl OfItem {
    pub(super) fn of(item: &Item) -> Self {
        match item {
            Item::Entry(entry) | Item::Repeat { entry, .. } => Self {
                is_personal: entry.key.is_personal,
                is_valid: true,
                value: None,
            },
            Item::Invalid { key, problems, .. } => Self {
                is_personal: key.as_ref().is_some_and(|key| key.source.is_personal),
                is_valid: false,
                value: problems.iter().find_map(|problem| problem.value.clone()),
            },
        }
    }
}

impl Gatherer {
    /// `order` is that of the column of received dates, if the job names one.
    pub(super) fn new(
        order: Option<&ColumnOrder>,
        today: Date,
        places: RowPlaces,
        has_keys: bool,
    ) -> Self {
        Self {
            gathered: Gathered {
                places,
                ages: order.map(|_| Ages {
                    today,
                    counts: Default::default(),
                    undated: [0; 2],
                    oldest_open: None,
                }),
                ..Gathered::default()
            },
            order: match order {
                Some(ColumnOrder::Decided(order, _)) => Some(*order),
                _ => None,
            },
            has_keys,
        }
    }

    /// A row, before its entries.
    pub(super) fn row(&mut self, row: &RowReading) -> OfRow {
        if let Some(Item::Invalid { problems, .. }) = row.items.first() {
            for problem in problems {
                self.gathered.problems.add(problem);
            }
        }
        for warning in &row.warnings {
            self.gathered.warnings.add(warning);
        }
        let today = self.gathered.ages.as_ref().map(|ages| ages.today);
        let day = row.received.and_then(|read| self.day(read));
        OfRow {
            day,
            age_days: day.zip(today).map(|(day, today)| (today - day).get_days()),
        }
    }

    fn day(&self, read: DateRead) -> Option<Date> {
        match read {
            DateRead::Day(day) => Some(day),
            DateRead::ByOrder {
                day_first,
                month_first,
            } => match self.order? {
                DateOrder::DayFirst => day_first,
                DateOrder::MonthFirst => month_first,
                DateOrder::YearFirst => None,
            },
            DateRead::Blank | DateRead::Unreadable => None,
        }
    }

    /// An entry.
    pub(super) fn line(&mut self, line: &Line, of_row: OfRow, of_item: OfItem) {
        let gathered = &mut self.gathered;
        let (outcome, settled) = (line.outcome(), &line.settled);
        let request = line
            .request
            .map_or(RequestType::ALL.len(), |request| request as usize);
        gathered.by_request[request][outcome as usize] += 1;
        if settled.attempts > 0 && settled.via != Some(Via::Ledger) {
            let most = settled
                .attempts
                .min(u32::try_from(ATTEMPTS_MAX).unwrap_or(1));
            gathered.attempts[most as usize - 1] += 1;
        }
        if of_item.is_valid
            && outcome == Outcome::Invalid
            && let Some(problem) = refused_by_ledger(line)
        {
            gathered.problems.add(&problem);
        }
        let is_open = OPEN.contains(&outcome);
        if let Some(ages) = &mut gathered.ages
            && outcome != Outcome::Duplicate
        {
            ages.add(of_row, is_open);
        }
        if is_open {
            self.left(line, of_row, of_item);
        }
    }

    fn left(&mut self, line: &Line, of_row: OfRow, of_item: OfItem) {
        let outcome = line.outcome();
        let reason = line.settled.reason.as_ref();
        let message = reason.map_or("", shown_message);
        let code = reason.map_or_else(|| ReasonCode::from_word(""), |reason| reason.code.clone());
        if !matches!(outcome, Outcome::Invalid | Outcome::NotSent) {
            self.refusal(outcome, &code, message, line.position);
        }
        let Some(index) = OPEN.iter().position(|open| *open == outcome) else {
            return;
        };
        let number = self.gathered.places.number(line.position);
        let left = &mut self.gathered.left[index];
        left.count += 1;
        left.rows.add(number);
        if left.first.len() < LEFT_MAX {
            let key = line.key.as_ref().filter(|_| self.has_keys);
            // What looks like an address or a number is masked wherever it stands.
            let key = key.map(|key| {
                let masked = Offending::new(key);
                if of_item.is_personal || masked.is_telling() {
                    RepeatedKey::Personal(masked)
                } else {
                    RepeatedKey::Plain(begin_of(key))
                }
            });
            left.first.push(LeftEntry {
                position: line.position,
                key,
                request: line.request,
                code: begin_of(&code.to_string()),
                message: begin_of(message),
                value: of_item.value,
                age_days: of_row.age_days,
            });
        }
    }

    fn refusal(&mut self, outcome: Outcome, code: &ReasonCode, message: &str, position: Position) {
        let gathered = &mut self.gathered;
        let example = || (position, begin_of(message));
        let mut known = gathered.refusals.iter_mut();
        if let Some(known) = known.find(|known| known.outcome == outcome && known.code == *code) {
            known.count += 1;
            known.is_uniform &= begin_of(message) == known.message;
            if known.examples.len() < EXAMPLES_MAX {
                known.examples.push(example());
            }
        } else if gathered.refusals.len() < REFUSALS_MAX {
            gathered.refusals.push(Refusal {
                outcome,
                code: code.clone(),
                message: begin_of(message),
                is_uniform: true,
                count: 1,
                examples: vec![example()],
            });
        } else {
            gathered.refusals_beyond += 1;
        }
    }

    pub(super) fn finish(mut self) -> Gathered {
        let gathered = &mut self.gathered;
        gathered.problems.sort();
        let entries = gathered.by_request.iter().flatten().sum();
        gathered.warnings.keep_many_done(entries);
        gathered.warnings.sort();
        gathered
            .refusals
            .sort_by_key(|refusal| std::cmp::Reverse(refusal.count));
        self.gathered
    }
}

impl Ages {
    fn add(&mut self, of_row: OfRow, is_open: bool) {
        let of = usize::from(is_open);
        let OfRow {
            day: Some(day),
            age_days: Some(age_days),
        } = of_row
        else {
            self.undated[of] += 1;
            return;
        };
        let class = AGES_DAYS
            .iter()
            .take_while(|most| age_days > **most)
            .count();
        self.counts[class][of] += 1;
        if is_open {
            self.oldest_open = Some(self.oldest_open.map_or(day, |oldest| oldest.min(day)));
        }
    }

    /// How many created and not created ones are older than so many of [`AGES_DAYS`].
    pub fn older_than(&self, class: usize) -> [u64; 2] {
        [0, 1].map(|of| self.counts[class + 1..].iter().map(|count| count[of]).sum())
    }
}

/// The problem of a row whose key is that of another request in the ledger, or nearly.
fn refused_by_ledger(line: &Line) -> Option<Problem> {
    let reason = line.settled.reason.as_ref()?;
    let mut codes = [ProblemCode::KeyConflict, ProblemCode::NearKey].into_iter();
    let code = codes.find(|code| reason.code == (*code).into())?;
    Some(Problem {
        position: line.position,
        column: None,
        field: None,
        code,
        message: shown_message(reason).to_owned(),
        value: None,
    })
}

/// Returns the message as the page shows it: without the other key, which may tell of a person.
fn shown_message(reason: &Reason) -> &str {
    if reason.code == ProblemCode::NearKey.into() {
        "the key differs only in its form from another key, for the same person and request: see results.csv"
    } else {
        &reason.message
    }
}

/// The first characters of a text.
fn begin_of(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_put_together_and_counted_once() {
        let mut rows = Ranges::default();
        for row in [1, 2, 2, 3, 7, 9, 10] {
            rows.add(row);
        }
        assert_eq!(rows.list, [(1, 3), (7, 7), (9, 10)]);
        assert_eq!((rows.rows, rows.beyond), (6, 0));
    }

    #[test]
    fn stretches_are_bounded_and_what_is_beyond_is_counted() {
        let mut rows = Ranges::default();
        let count = RANGES_MAX as u64;
        for row in 1..=count + 5 {
            rows.add(2 * row);
        }
        rows.add(2 * count + 11); // would follow the last one
        assert_eq!(
            (rows.list.len(), rows.rows, rows.beyond),
            (RANGES_MAX, count, 6)
        );
    }
}
