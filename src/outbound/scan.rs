//! One reading of the list, for all who wait for it.
//!
//! It proves that something does not exist only if it shows every request that is known to exist and that it covers
//! (`known`). A list longer than one reading holds is read in windows of dates, from the oldest doubt on: oldest first
//! and the last without an end, so that a request whose date changes meanwhile only moves to a window that is read later.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::known::{KnownRequest, Omission, UNMARKED_ONE_IN};
use super::learned::{Dates, made_at};
use super::look::{Hits, Look};
use super::lookup_queue::{Answer, Waiter, Wanted};
use super::pace::Stopped;
use super::page::{self, Page};
use super::people::CLOCK_MARGIN;
use super::retry_budget::Cost;
use super::walk::{Step, Walk, page_items};
use super::{Outbound, shown};
use crate::codes::OutcomeCode;
use crate::entry::ImportId;
use crate::numbers::grouped;
use crate::outcome::Reason;
use crate::time_of_day;

/// Most requests that are read in one go: the ids of more would take more memory than a run may. A longer list is read
/// in windows of dates.
pub const SCAN_ITEMS_MAX: usize = 200_000;
/// A window of dates is halved while it holds more than this part of that: short readings are seldom disturbed.
const WINDOW_PARTS: usize = 4;
/// Shortest window of dates. Requests that were created within it are read in one go.
const WINDOW_MIN: SignedDuration = SignedDuration::from_secs(2);
/// Overlap of neighbouring windows. A server may include or exclude either end of a window.
const WINDOW_OVERLAP: SignedDuration = SignedDuration::from_secs(1);
/// Attempts to read a window that the server does not show whole.
const WINDOW_TRIES_MAX: u32 = 5;
/// How far the server's clock may be ahead of ours: windows have an end up to there.
const CLOCK_AHEAD_MAX: SignedDuration = SignedDuration::from_hours(1);
/// So often is a page asked for that the server does not serve.
const PAGE_TRIES_MAX: u32 = 3;
/// So often when it asks for a pause instead, which is no fault.
const PAGE_PAUSES_MAX: u32 = 30;
/// A list of more full pages than this is worth a question to find out whether it can be read from a date on.
const DATED_FROM_PAGES: usize = 2;
/// Pages that are read to find it in that window.
const PROOF_PAGES_MAX: usize = 5;
/// To either side of the date shown by the request on which `startDate` and `endDate` are tried.
const PROOF_MARGIN: SignedDuration = SignedDuration::from_secs(1);

/// Returns how many requests are read in one go at most.
fn items_max() -> usize {
    crate::machine::list_items(SCAN_ITEMS_MAX)
}

/// What a reading came to.
pub(super) enum Scanned {
    /// The list is read whole, as far as it matters to those who wait.
    Whole,
    /// The same, and it does not show this request, which exists.
    Omits(Omission),
    /// It is so long that asking the filter for each is less work.
    TooLongFor { pages: usize },
    /// It cannot be read.
    Not(Look),
}

/// The result of reading a part of the list.
enum Part {
    Whole {
        items: usize,
    },
    /// The same as [`Scanned::TooLongFor`].
    TooLongFor {
        pages: usize,
    },
    /// It has more than may be read in one go, or the server refuses pages that are so far from the front.
    TooLong {
        items: usize,
        refused: Option<Look>,
    },
    Not(Look),
}

/// Dates between which the list is read; none: without that limit.
#[derive(Clone, Copy, Default)]
struct Range {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// How a part of the list is read.
#[derive(Clone, Copy)]
struct Reading {
    range: Range,
    /// Maximum number of items. A list with more is too long.
    items_max: usize,
    /// Maximum number of pages. With more, asking the filter for each waiting entry is less work.
    filtered_max: Option<usize>,
}

/// What is looked for, and what was found of it: one [`Hits`] for each who waits, in their order.
pub(super) struct Sought {
    waiting: Vec<Waiter>,
    marks: HashMap<ImportId, Vec<usize>>,
    hits: Vec<Hits>,
    /// The oldest moment at which one of them may have been created.
    since: SystemTime,
    /// Requests that the list has to show, the newest first.
    known: Vec<KnownRequest>,
    known_by_mark: HashMap<ImportId, Uuid>,
    known_ids: HashSet<Uuid>,
    shown: HashSet<Uuid>,
    /// The shown requests that have their reference.
    shown_by_mark: HashSet<Uuid>,
}

impl Sought {
    /// Collects the marks and persons that are looked for, in a list that has to show these requests.
    pub(super) fn new(waiting: Vec<Waiter>, known: Vec<KnownRequest>) -> Self {
        let mut sought = Self {
            marks: HashMap::new(),
            hits: waiting.iter().map(|_| Hits::default()).collect(),
            since: time_of_day(),
            waiting,
            known_by_mark: known.iter().map(|one| (one.import_id, one.id)).collect(),
            known_ids: known.iter().map(|one| one.id).collect(),
            known,
            shown: HashSet::new(),
            shown_by_mark: HashSet::new(),
        };
        for (at, waiter) in sought.waiting.iter().enumerate() {
            sought.since = sought.since.min(waiter.since);
            if let Wanted::Mark = waiter.wanted {
                let places = sought.marks.entry(waiter.import_id).or_default();
                places.push(at);
            }
        }
        sought
    }

    fn meet(&mut self, item: &Value) {
        if let Some(id) = id_of(item).filter(|id| self.known_ids.contains(id)) {
            self.shown.insert(id);
        }
        for mark in page::marks(item) {
            // Concord may have given it another id than it answered.
            self.shown.extend(self.known_by_mark.get(&mark));
            self.shown_by_mark.extend(self.known_by_mark.get(&mark));
            for at in self.marks.get(&mark).into_iter().flatten() {
                self.hits[*at].take_fitting(item);
            }
        }
        for (at, waiter) in self.waiting.iter().enumerate() {
            if let Wanted::Person(person) = &waiter.wanted {
                person.meet(item, &mut self.hits[at]);
            }
        }
    }

    /// Returns a request that a reading from that date on would have had to show, and did not; or showed without the
    /// reference by which entries are looked for.
    fn omitted(&self, from: Option<Timestamp>) -> Option<Omission> {
        let is_covered = |known: &&KnownRequest| match (known.at, from) {
            (_, None) => true,
            (Some(at), Some(from)) => at >= from,
            (None, Some(_)) => false,
        };
        let missing = |known: &&KnownRequest| !self.shown.contains(&known.id);
        let covered = || self.known.iter().filter(is_covered);
        if let Some(known) = covered().find(missing) {
            return Some(Omission::Missing(known.id));
        }
        if self.marks.is_empty() {
            return None;
        }
        let unmarked = || covered().filter(|known| !self.shown_by_mark.contains(&known.id));
        let is_unreadable = unmarked().count() * UNMARKED_ONE_IN > covered().count();
        let first = unmarked().next().filter(|_| is_unreadable);
        first.map(|known| Omission::Unmarked(known.id))
    }

    /// Answers those whose mark was found, so that this is kept when the reading breaks off.
    fn answer_found(&mut self) {
        for (waiter, hits) in self.waiting.iter_mut().zip(&mut self.hits) {
            if let Wanted::Mark = waiter.wanted
                && !hits.fitting.is_empty()
            {
                waiter.answer_with(Answer::Hits(std::mem::take(hits), None));
            }
        }
    }

    /// Gives back those who wait, each with what was found of it.
    pub(super) fn into_hits(self) -> impl Iterator<Item = (Waiter, Hits)> {
        self.waiting.into_iter().zip(self.hits)
    }
}

impl Outbound {
    /// Reads the list: from the oldest doubt on where the server's dates have proved themselves, else all of it.
    /// `filtered_max`: more pages than that are more work than to ask the filter for each who waits.
    pub(super) async fn scan(
        &self,
        entry: ImportId,
        sought: &mut Sought,
        cost: Cost,
        filtered_max: Option<usize>,
    ) -> Result<Scanned, Stopped> {
        let mut reading = Reading {
            range: Range::default(),
            items_max: items_max(),
            filtered_max,
        };
        let first = self.page(entry, 0, reading.range, cost).await?;
        let (listed, total) = match &first {
            Page::Items { items, total } => (a_dated_one(items), *total),
            Page::None(_) => (None, 0),
        };
        let mut first = Some(first);
        if total > DATED_FROM_PAGES * page_items() && self.do_dates_hold(entry, listed).await? {
            reading.range.from = start_date(sought.since);
            if reading.range.from.is_some() {
                first = None;
            }
        }
        let mut from = reading.range.from;
        let scanned = match self.read_part(entry, reading, sought, cost, first).await? {
            Part::Whole { .. } => Scanned::Whole,
            Part::TooLongFor { pages } => Scanned::TooLongFor { pages },
            Part::TooLong { items, refused } => {
                let pages = items.div_ceil(page_items());
                if filtered_max.is_some() && self.does_filter_find(entry).await? {
                    return Ok(Scanned::TooLongFor { pages });
                }
                // A total that counts no further than to a limit hides how long the list is.
                if from.is_none() && self.do_dates_hold(entry, listed).await? {
                    from = start_date(sought.since);
                }
                match (from, refused) {
                    (Some(from), _) => self.read_windows(entry, from, items, sought, cost).await?,
                    (None, Some(look)) => Scanned::Not(look),
                    (None, None) => Scanned::Not(too_long(items)),
                }
            }
            Part::Not(look) => Scanned::Not(look),
        };
        Ok(match scanned {
            Scanned::Whole => sought.omitted(from).map_or(Scanned::Whole, Scanned::Omits),
            scanned => scanned,
        })
    }

    /// Reads the requests that were created since a date, one window of dates after the other. `items`: their number, at
    /// least.
    async fn read_windows(
        &self,
        entry: ImportId,
        from: Timestamp,
        items: usize,
        sought: &mut Sought,
        cost: Cost,
    ) -> Result<Scanned, Stopped> {
        let mut wanted = items_max() / WINDOW_PARTS;
        let horizon = Timestamp::try_from(time_of_day()).unwrap_or(from) + CLOCK_AHEAD_MAX;
        let parts = i32::try_from(items / wanted.max(1)).unwrap_or(i32::MAX);
        let mut width = (horizon.duration_since(from) / (parts + 1)).max(WINDOW_MIN);
        let (mut at, mut tries) = (from, 1);
        loop {
            let until = at + width;
            let is_last = until >= horizon;
            let reading = Reading {
                range: Range {
                    from: Some(at - WINDOW_OVERLAP),
                    until: (!is_last).then(|| until + WINDOW_OVERLAP),
                },
                items_max: if width > WINDOW_MIN {
                    wanted
                } else {
                    items_max()
                },
                filtered_max: None,
            };
            match self.read_part(entry, reading, sought, cost, None).await? {
                Part::Whole { items } => {
                    sought.answer_found();
                    if is_last {
                        return Ok(Scanned::Whole);
                    }
                    (at, tries) = (until, 1);
                    if items < wanted / 4 {
                        width = width + width;
                    }
                }
                Part::TooLong { items, refused } => {
                    if width <= WINDOW_MIN {
                        return Ok(Scanned::Not(refused.unwrap_or_else(|| too_long(items))));
                    }
                    if refused.is_some() {
                        wanted = wanted.min(items).max(1);
                    }
                    width = (width / 2).max(WINDOW_MIN);
                }
                // The windows before it are not read again for that.
                Part::Not(Look::NotServed(_)) if tries < WINDOW_TRIES_MAX => {
                    tries += 1;
                    self.sleep(self.sending.initial_backoff * tries).await?;
                }
                Part::Not(look) => return Ok(Scanned::Not(look)),
                // The filter was asked before.
                Part::TooLongFor { pages } => return Ok(Scanned::TooLongFor { pages }),
            }
        }
    }

    /// Reads a part of the list, of which the first page may have been read.
    async fn read_part(
        &self,
        entry: ImportId,
        reading: Reading,
        sought: &mut Sought,
        cost: Cost,
        mut first: Option<Page>,
    ) -> Result<Part, Stopped> {
        let mut walk = Walk::default();
        let mut cost = cost;
        loop {
            let page = match first.take() {
                Some(first) => first,
                None => self.page(entry, walk.offset(), reading.range, cost).await?,
            };
            // A reading that is under way is not broken off for want of budget.
            cost = if cost == Cost::Free {
                cost
            } else {
                Cost::Credit
            };
            let (items, total) = match page {
                Page::Items { items, total } => (items, total),
                Page::None(look @ Look::Unable(_)) if walk.offset() > 0 => {
                    let items = walk.offset();
                    let refused = Some(look);
                    return Ok(Part::TooLong { items, refused });
                }
                Page::None(look) => return Ok(Part::Not(look)),
            };
            if walk.is_new() {
                let pages = total.div_ceil(page_items());
                if reading.filtered_max.is_some_and(|most| pages > most)
                    && self.does_filter_find(entry).await?
                {
                    return Ok(Part::TooLongFor { pages });
                }
            }
            // A total may grow, or count no further than to a limit.
            let at_least = total.max(walk.offset());
            if at_least > reading.items_max {
                return Ok(Part::TooLong {
                    items: at_least,
                    refused: None,
                });
            }
            for item in &items {
                sought.meet(item);
            }
            let (code, message) = match walk.take(&items, total) {
                Step::More => continue,
                Step::Done => {
                    let items = total.max(walk.count());
                    return Ok(Part::Whole { items });
                }
                Step::Unsteady => {
                    let message = "the list of requests changes faster than it can be read";
                    let reason = Reason::new(OutcomeCode::LookupFailed, message);
                    return Ok(Part::Not(Look::NotServed(reason)));
                }
                Step::Broken if items.is_empty() => (
                    OutcomeCode::ListBroken,
                    "the list of requests ends before its `total`",
                ),
                Step::Broken => (
                    OutcomeCode::ListBroken,
                    "the list shows requests without `id`",
                ),
            };
            return Ok(Part::Not(Look::Unable(Reason::new(code, message))));
        }
    }

    /// Whether the filter finds every mark.
    async fn does_filter_find(&self, entry: ImportId) -> Result<bool, Stopped> {
        self.prove_filter(entry).await?;
        Ok(self.finder.learned().is_proven())
    }

    /// One page. All but the first are asked for again when the server does not serve them: a long list must not
    /// be begun anew for each of its faults.
    async fn page(
        &self,
        entry: ImportId,
        offset: usize,
        range: Range,
        cost: Cost,
    ) -> Result<Page, Stopped> {
        let (tries_max, pauses_max) = if offset > 0 {
            (PAGE_TRIES_MAX, PAGE_PAUSES_MAX)
        } else {
            (1, 0)
        };
        let (limit, offset) = (page_items().to_string(), offset.to_string());
        let mut query = vec![("limit", limit.as_str()), ("offset", offset.as_str())];
        let (from, until) = (
            range.from.map(|from| from.to_string()),
            range.until.map(|until| until.to_string()),
        );
        query.extend(from.as_deref().map(|from| ("startDate", from)));
        query.extend(until.as_deref().map(|until| ("endDate", until)));
        let (mut tries, mut pauses) = (1, 0);
        loop {
            let page = page::read_page(self.list(entry, &query, cost).await?);
            match page {
                // The next permit waits for the end of the pause.
                Page::None(Look::NotServed(_))
                    if pauses < pauses_max && self.pacer.is_waiting() =>
                {
                    pauses += 1;
                }
                Page::None(Look::NotServed(_)) if tries < tries_max => tries += 1,
                page => return Ok(page),
            }
            self.sleep(self.sending.initial_backoff * tries).await?;
        }
    }

    /// Whether `startDate` leaves out nothing that was created since: tried on a request that exists, in a
    /// window so narrow around the date it shows that no other date of its life would lie in it. What says
    /// nothing of a request made long ago and changed since (`dateUpdated`) then fails the test, and the list
    /// is read whole. Where none of our requests has to be shown yet, one that is `listed` serves.
    async fn do_dates_hold(
        &self,
        entry: ImportId,
        listed: Option<(Uuid, Timestamp)>,
    ) -> Result<bool, Stopped> {
        match self.finder.learned().dates {
            Dates::Hold => return Ok(true),
            Dates::Useless => return Ok(false),
            Dates::Unproven => {}
        }
        let known = self.finder.learned().known.dated(self.sending.settle);
        let Some((id, at)) = known.or(listed) else {
            return Ok(false);
        };
        let (from, until) = (
            (at - PROOF_MARGIN).to_string(),
            (at + PROOF_MARGIN).to_string(),
        );
        let has_known = |items: &[Value]| items.iter().any(|item| id_of(item) == Some(id));
        let limit = page_items().to_string();
        let mut offset = 0;
        let mut dates = Dates::Useless;
        for _ in 0..PROOF_PAGES_MAX {
            let from_offset = offset.to_string();
            let query = [
                ("limit", limit.as_str()),
                ("offset", from_offset.as_str()),
                ("startDate", from.as_str()),
                ("endDate", until.as_str()),
            ];
            match page::read_page(self.list(entry, &query, Cost::Credit).await?) {
                Page::Items { items, .. } if has_known(&items) => {
                    dates = Dates::Hold;
                    break;
                }
                Page::Items { items, total } => {
                    offset += items.len();
                    if items.is_empty() || offset >= total {
                        break;
                    }
                }
                Page::None(Look::NotServed(_)) => {
                    dates = Dates::Unproven;
                    break;
                }
                Page::None(_) => break,
            }
        }
        self.finder.learned().dates = dates;
        tracing::debug!(?dates, "the dates were tried on a request that exists");
        Ok(dates == Dates::Hold)
    }
}

fn id_of(item: &Value) -> Option<Uuid> {
    shown::receipt(item).map(|receipt| receipt.id)
}

/// Returns the id and date of an item that has a date.
fn a_dated_one(items: &[Value]) -> Option<(Uuid, Timestamp)> {
    let mut receipts = items.iter().filter_map(shown::receipt);
    receipts.find_map(|one| Some((one.id, made_at(one)?)))
}

/// Returns the reason why a list is not read.
fn too_long(items: usize) -> Look {
    let message = format!(
        "the project holds {} requests, more than the {} that are read in one go, and neither its `notes` filter nor its dates \
         proved reliable",
        grouped(items as u64),
        grouped(items_max() as u64)
    );
    Look::Unable(Reason::new(OutcomeCode::ListTooLong, message))
}

/// The date from which a list has to be read to hold everything created since a moment of our clock.
fn start_date(since: SystemTime) -> Option<Timestamp> {
    let since: Duration = (since - CLOCK_MARGIN)
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    let ms = i64::try_from(since.as_millis()).ok()?;
    Timestamp::from_millisecond(ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_from_some_minutes_before_the_oldest_doubt() {
        let since = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
        let date = start_date(since).map(|date| date.to_string());
        assert_eq!(date.as_deref(), Some("1970-01-01T00:50:00Z"));
        assert_eq!(start_date(SystemTime::UNIX_EPOCH), None);
    }
}
