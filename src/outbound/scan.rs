//! One reading of the list, for all who wait for it.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::gate::Cost;
use super::learned::{Dates, Filter};
use super::lookup::{Look, Waiter, Wanted};
use super::pace::Stopped;
use super::page::{self, Hits, Page};
use super::people::{CLOCK_MARGIN, Person};
use super::walk::{Step, Walk, page_items};
use super::{Outbound, classify};
use crate::entry::ImportId;
use crate::grouped::grouped;
use crate::outcome::Reason;
use crate::time_of_day;

/// A list longer than this is not read.
pub const SCAN_ITEMS_MAX: usize = 200_000;
/// So often is a page asked for that the server does not serve.
const PAGE_TRIES_MAX: u32 = 3;
/// So often when it asks for a pause instead, which is no fault.
const PAGE_PAUSES_MAX: u32 = 30;
/// A list of more full pages than this is worth two questions to find out whether it can be read from a date on.
const DATED_FROM_PAGES: usize = 2;
/// Pages that are read to find it in that window.
const PROOF_PAGES_MAX: usize = 5;
/// To either side of the date shown by the request on which `startDate` and `endDate` are tried.
const PROOF_MARGIN: SignedDuration = SignedDuration::from_secs(1);

/// What a reading came to.
pub(super) enum Scanned {
    /// The list is read whole, as far as it matters to those who wait.
    Whole,
    /// It is so long that asking the filter for each is less work.
    TooLongFor { pages: usize },
    /// It cannot be read.
    Not(Look),
}

/// What is looked for, and what was found of it: one [`Hits`] for each who waits, in their order.
pub(super) struct Sought<'a> {
    marks: HashMap<ImportId, Vec<usize>>,
    persons: Vec<(usize, &'a Person)>,
    pub(super) hits: Vec<Hits>,
    /// The oldest moment at which one of them may have been created.
    since: SystemTime,
}

impl<'a> Sought<'a> {
    pub(super) fn new(waiting: &'a [Waiter]) -> Self {
        let mut sought = Self {
            marks: HashMap::new(),
            persons: Vec::new(),
            hits: waiting.iter().map(|_| Hits::default()).collect(),
            since: time_of_day(),
        };
        for (at, waiter) in waiting.iter().enumerate() {
            sought.since = sought.since.min(waiter.since);
            match &waiter.wanted {
                Wanted::Mark => {
                    let places = sought.marks.entry(waiter.import_id).or_default();
                    places.push(at);
                }
                Wanted::Person(person) => sought.persons.push((at, person)),
            }
        }
        sought
    }

    fn meet(&mut self, item: &Value) {
        if !self.marks.is_empty() {
            for mark in page::marks(item) {
                for at in self.marks.get(&mark).into_iter().flatten() {
                    self.hits[*at].take_fitting(item);
                }
            }
        }
        for (at, person) in &self.persons {
            person.meet(item, &mut self.hits[*at]);
        }
    }
}

impl Outbound {
    /// Reads the list: from the oldest doubt on where the server's dates have proved themselves, else all of it.
    /// `filtered_max`: more pages than that are more work than to ask the filter for each who waits.
    pub(super) async fn scan(
        &self,
        entry: ImportId,
        sought: &mut Sought<'_>,
        cost: Cost,
        filtered_max: Option<usize>,
    ) -> Result<Scanned, Stopped> {
        let mut walk = Walk::default();
        let mut from: Option<String> = None;
        let mut cost = cost;
        loop {
            let page = self
                .page(entry, walk.offset(), from.as_deref(), cost)
                .await?;
            // A reading that is under way is not broken off for want of budget.
            cost = if cost == Cost::Free {
                cost
            } else {
                Cost::Credit
            };
            let (items, total) = match page {
                Page::Items { items, total } => (items, total),
                Page::None(look) => return Ok(Scanned::Not(look)),
            };
            if walk.is_new() {
                if from.is_none()
                    && total > DATED_FROM_PAGES * page_items()
                    && self.do_dates_hold(entry).await?
                {
                    from = start_date(sought.since);
                    if from.is_some() {
                        continue;
                    }
                }
                let pages = total.div_ceil(page_items());
                if filtered_max.is_some_and(|most| pages > most)
                    && self.does_filter_find(entry).await?
                {
                    return Ok(Scanned::TooLongFor { pages });
                }
            }
            // A total may grow, or count no further than to a limit.
            let at_least = total.max(walk.offset());
            if at_least > SCAN_ITEMS_MAX {
                let message = format!(
                    "the project holds {} requests, more than the {} that are read to find one, and its `notes` filter does not find marks",
                    grouped(at_least as u64),
                    grouped(SCAN_ITEMS_MAX as u64)
                );
                return Ok(Scanned::Not(Look::Unable(Reason::new(
                    "list_too_long",
                    message,
                ))));
            }
            for item in &items {
                sought.meet(item);
            }
            self.finder.learned().notice(&items);
            let (code, message) = match walk.take(&items, total) {
                Step::More => continue,
                Step::Done => return Ok(Scanned::Whole),
                Step::Unsteady => {
                    let message = "the list of requests changes faster than it can be read";
                    let reason = Reason::new("lookup_failed", message);
                    return Ok(Scanned::Not(Look::NotServed(reason)));
                }
                Step::Broken if items.is_empty() => (
                    "list_broken",
                    "the list of requests ends before its `total`",
                ),
                Step::Broken => ("list_broken", "the list shows requests without `id`"),
            };
            return Ok(Scanned::Not(Look::Unable(Reason::new(code, message))));
        }
    }

    /// Whether the filter finds every mark.
    async fn does_filter_find(&self, entry: ImportId) -> Result<bool, Stopped> {
        if self.finder.learned().filter == Filter::Unproven {
            self.prove_filter(entry).await?;
        }
        Ok(self.finder.learned().is_proven())
    }

    /// One page. All but the first are asked for again when the server does not serve them: a long list must not
    /// be begun anew for each of its faults.
    async fn page(
        &self,
        entry: ImportId,
        offset: usize,
        from: Option<&str>,
        cost: Cost,
    ) -> Result<Page, Stopped> {
        let (tries_max, pauses_max) = if offset > 0 {
            (PAGE_TRIES_MAX, PAGE_PAUSES_MAX)
        } else {
            (1, 0)
        };
        let (limit, offset) = (page_items().to_string(), offset.to_string());
        let mut query = vec![("limit", limit.as_str()), ("offset", offset.as_str())];
        query.extend(from.map(|from| ("startDate", from)));
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
    /// is read whole.
    async fn do_dates_hold(&self, entry: ImportId) -> Result<bool, Stopped> {
        match self.finder.learned().dates {
            Dates::Hold => return Ok(true),
            Dates::Useless => return Ok(false),
            Dates::Unproven => {}
        }
        if self.finder.learned().dated.is_none() {
            // Known by its mark alone, from the ledger: the filter may tell the rest.
            self.prove_filter(entry).await?;
        }
        let Some(known) = self.finder.learned().dated else {
            return Ok(false);
        };
        let (from, until) = (
            (known.at - PROOF_MARGIN).to_string(),
            (known.at + PROOF_MARGIN).to_string(),
        );
        let has_known = |items: &[Value]| items.iter().any(|item| id_of(item) == Some(known.id));
        let limit = page_items().to_string();
        let mut offset = 0;
        let mut dates = Dates::Useless;
        for _ in 0..PROOF_PAGES_MAX {
            let at = offset.to_string();
            let query = [
                ("limit", limit.as_str()),
                ("offset", at.as_str()),
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
                        // What was created just now may not be listed yet.
                        if known.since.elapsed() < self.sending.settle {
                            dates = Dates::Unproven;
                        }
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
    classify::receipt(item).map(|receipt| receipt.id)
}

/// The date from which a list has to be read to hold everything created since a moment of our clock.
fn start_date(since: SystemTime) -> Option<String> {
    let since: Duration = (since - CLOCK_MARGIN)
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    let ms = i64::try_from(since.as_millis()).ok()?;
    Some(Timestamp::from_millisecond(ms).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_from_some_minutes_before_the_oldest_doubt() {
        let since = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
        assert_eq!(start_date(since).as_deref(), Some("1970-01-01T00:50:00Z"));
        assert_eq!(start_date(SystemTime::UNIX_EPOCH), None);
    }
}
