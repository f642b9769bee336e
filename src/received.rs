//! When requests were received: the order of a column's dates, decided from all its values, and how old requests are.
//!
//! In: what each row says, one after the other. Out: a [`Received`], plain data. The memory is the same for any number of
//! rows: counts for each order, and the first few places with what stands there. The day of today is given, never looked up.

use jiff::civil::Date;

use crate::entry::Position;
use crate::intake::{DateRead, Offending};
use crate::plan::DateOrder;

/// Most places that are kept of each kind.
pub const PLACES_MAX: usize = 5;
/// An entry older than this is overdue by the GDPR (one month).
pub const OVERDUE_SOONER_DAYS: i32 = 30;
/// An entry older than this is overdue by the CCPA.
pub const OVERDUE_LATER_DAYS: i32 = 45;
/// Older days are most likely mistyped.
const PLAUSIBLE_FROM_YEAR: i16 = 1990;

/// A row's date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The row.
    pub position: Position,
    /// The date as it was read, or as it stands; none where it is blank or its order is open.
    pub value: Option<Offending>,
}

impl Found {
    /// One of which no more is said than where it is.
    pub(crate) const fn at(position: Position) -> Self {
        Self {
            position,
            value: None,
        }
    }

    fn day(position: Position, day: Date) -> Self {
        Self {
            position,
            value: Some(Offending::new(&day.to_string())),
        }
    }
}

/// How many there are, and where the first few are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// How many.
    pub count: u64,
    /// The first of them, at most [`PLACES_MAX`].
    pub first: Vec<Found>,
}

impl Places {
    fn add(&mut self, found: impl FnOnce() -> Found) {
        self.count += 1;
        if self.first.len() < PLACES_MAX {
            self.first.push(found());
        }
    }

    fn extend(&mut self, other: &Self) {
        self.count += other.count;
        let room = PLACES_MAX - self.first.len();
        self.first.extend(other.first.iter().take(room).cloned());
    }
}

/// The order of the dates of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnOrder {
    /// The job file says it, or no value depends on it.
    Known,
    /// Only this one gives each value a day; the place is that of the first value which decides.
    Decided(DateOrder, Position),
    /// These can be read in both orders, and nothing decides: the job file has to.
    Ambiguous(Places),
    /// These two contradict each other: one has a day only with the day first, the other only with the month first.
    Contradictory {
        /// The first value of this kind.
        day_first: Position,
        /// The first value of this kind.
        month_first: Position,
    },
}

/// What the entries that would be sent are like by the day on which they were received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Entries with a day.
    pub dated: u64,
    /// Among them, those older than [`OVERDUE_SOONER_DAYS`].
    pub overdue_sooner: u64,
    /// Among those, the ones older than [`OVERDUE_LATER_DAYS`].
    pub overdue_later: u64,
    /// The earliest day of them.
    pub oldest: Option<Date>,
    /// Entries without a day: blank, not readable, or of a column whose order is open.
    pub undated: u64,
    /// Rows of these entries whose date is blank.
    pub blank: Places,
    /// Rows of these entries whose date cannot be read.
    pub unreadable: Places,
    /// Rows of these entries with a day later than tomorrow.
    pub future: Places,
    /// Rows of these entries with a day before 1990.
    pub ancient: Places,
}

impl Received {
    /// Adds up the inputs of a run.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.dated += other.dated;
        self.overdue_sooner += other.overdue_sooner;
        self.overdue_later += other.overdue_later;
        self.undated += other.undated;
        self.oldest = match (self.oldest, other.oldest) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
        self.blank.extend(&other.blank);
        self.unreadable.extend(&other.unreadable);
        self.future.extend(&other.future);
        self.ancient.extend(&other.ancient);
    }

    fn add_unreadable(&mut self, entries: u64, position: Position, text: Option<&Offending>) {
        self.undated += entries;
        self.unreadable.add(|| Found {
            position,
            value: text.cloned(),
        });
    }

    fn add(&mut self, day: Date, entries: u64, position: Position, today: Date) {
        self.dated += entries;
        let age_days = (today - day).get_days();
        self.overdue_sooner += entries * u64::from(age_days > OVERDUE_SOONER_DAYS);
        self.overdue_later += entries * u64::from(age_days > OVERDUE_LATER_DAYS);
        self.oldest = Some(self.oldest.map_or(day, |oldest| oldest.min(day)));
        // Where it is tomorrow already, a request may have come in.
        if age_days < -1 {
            self.future.add(|| Found::day(position, day));
        }
        if day.year() < PLAUSIBLE_FROM_YEAR {
            self.ancient.add(|| Found::day(position, day));
        }
    }
}

/// The received dates of one input, while it is read.
#[derive(Debug)]
pub(crate) struct ReceivedColumn {
    today: Date,
    either: Places,
    only_day_first: Option<Position>,
    only_month_first: Option<Position>,
    /// With the day first, with the month first.
    by_order: [Received; 2],
    /// Entries whose day depends on the order.
    open: u64,
    /// All else.
    certain: Received,
}

impl ReceivedColumn {
    pub(crate) fn new(today: Date) -> Self {
        Self {
            today,
            either: Places::default(),
            only_day_first: None,
            only_month_first: None,
            by_order: Default::default(),
            open: 0,
            certain: Received::default(),
        }
    }

    /// What a row says, `text` where that is no date, and how many of its entries would be sent. Every row tells of the
    /// order, also one without entries.
    pub(crate) fn add(
        &mut self,
        read: DateRead,
        text: Option<&Offending>,
        entries: u64,
        position: Position,
    ) {
        let is_sent = entries > 0;
        match read {
            DateRead::Blank if is_sent => {
                self.certain.undated += entries;
                self.certain.blank.add(|| Found::at(position));
            }
            DateRead::Day(day) if is_sent => {
                self.certain.add(day, entries, position, self.today);
            }
            DateRead::Unreadable if is_sent => {
                self.certain.add_unreadable(entries, position, text);
            }
            DateRead::Blank | DateRead::Day(_) | DateRead::Unreadable => {}
            DateRead::ByOrder {
                day_first,
                month_first,
            } => {
                match (day_first, month_first) {
                    (Some(_), Some(_)) => self.either.add(|| Found::at(position)),
                    (Some(_), None) => _ = self.only_day_first.get_or_insert(position),
                    (None, Some(_)) => _ = self.only_month_first.get_or_insert(position),
                    (None, None) => {}
                }
                if is_sent {
                    self.open += entries;
                    for (received, day) in self.by_order.iter_mut().zip([day_first, month_first]) {
                        match day {
                            Some(day) => received.add(day, entries, position, self.today),
                            None => received.add_unreadable(entries, position, text),
                        }
                    }
                }
            }
        }
    }

    /// The decision, and what follows from it.
    pub(crate) fn finish(self) -> (ColumnOrder, Received) {
        let mut received = self.certain;
        let [day_first, month_first] = self.by_order;
        let order = match (self.only_day_first, self.only_month_first) {
            (Some(place), None) => {
                received.extend(&day_first);
                ColumnOrder::Decided(DateOrder::DayFirst, place)
            }
            (None, Some(place)) => {
                received.extend(&month_first);
                ColumnOrder::Decided(DateOrder::MonthFirst, place)
            }
            (Some(day_first), Some(month_first)) => {
                received.undated += self.open;
                ColumnOrder::Contradictory {
                    day_first,
                    month_first,
                }
            }
            (None, None) if self.either.count > 0 => {
                received.undated += self.open;
                ColumnOrder::Ambiguous(self.either)
            }
            (None, None) => {
                // None of them is a day in any order.
                received.extend(&day_first);
                ColumnOrder::Known
            }
        };
        (order, received)
    }
}
