//! Whether an entry exists in Concord, when its answer was lost.
//!
//! Those who look at the same time look together. A few ask the `notes` filter, each for its mark, once it has
//! proved itself on a request that exists; many, or those for whom the filter is no proof, share one reading
//! of the list (`scan`). A reading serves those who waited when it began; who comes later waits for the next.
//! Not finding something proves nothing unless the look-up finds requests that are known to exist.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::known::{Kind, Omission};
use super::learned::Filter;
use super::look::{Hits, Look};
use super::lookup_queue::{Answer, Waiter, Wanted};
use super::pace::Stopped;
use super::page::{self, Page};
use super::people::Person;
use super::retry_budget::Cost;
use super::scan::{Scanned, Sought};
use super::{Outbound, Place};
use crate::codes::OutcomeCode;
use crate::entry::{Entry, ImportId};
use crate::outcome::Reason;
use crate::plan::Mark;
use crate::time_of_day;

/// More than so many who look at the same time read the list together, even where the filter would do.
const FILTERED_MAX: usize = 16;
/// How long those who look wait for others: again and again while more come, and in all at most.
const GATHER: Duration = Duration::from_millis(250);
const GATHER_MAX: Duration = Duration::from_secs(2);
/// Items that the filter is asked for: more than one only when it does not filter.
const FILTERED_ITEMS: &str = "100";

impl Outbound {
    /// Looks for an entry once. Its attempts were sent between these times, by our clock.
    pub(super) async fn look(
        &self,
        entry: &Entry,
        sent: Range<SystemTime>,
        cost: Cost,
        place: &mut Place,
    ) -> Result<Look, Stopped> {
        self.step_aside(place);
        let sent_at = instant_of(sent.start)..instant_of(sent.end);
        let since = self.client.clock.theirs(sent.start.min(time_of_day()));
        if self.mark == Mark::None {
            return Ok(match self.join(entry, since, cost, true).await? {
                Answer::Hits(hits, omits) => match (self.people.judge(entry, hits), omits) {
                    (look @ Look::Ambiguous(_), _) | (look, None) => look,
                    (_, Some(omits)) => Look::Unable(omits),
                },
                Answer::Not(look) => look,
                Answer::ByFilter => {
                    Look::NotServed(Reason::new(OutcomeCode::LookupFailed, "no filter"))
                }
            });
        }
        let mut needs_scan = self.finder.learned().filter == Filter::Useless;
        let mut is_refused = false;
        loop {
            match self.join(entry, since, cost, needs_scan).await? {
                Answer::ByFilter => match self.look_by_filter(entry, cost).await? {
                    // Perhaps it is the filter that it does not know.
                    Some(Look::Unable(_)) => (needs_scan, is_refused) = (true, true),
                    Some(Look::NotFound) if !self.is_absence_proven(entry, &sent_at).await? => {
                        needs_scan = true;
                    }
                    Some(look) => return Ok(look),
                    None => needs_scan = true,
                },
                Answer::Not(look) => return Ok(look),
                Answer::Hits(hits, omits) => {
                    if is_refused {
                        self.finder.learned().filter = Filter::Useless;
                    }
                    return Ok(match (hits.by_mark(entry), omits) {
                        (Look::NotFound, Some(omits)) => Look::Unable(omits),
                        (look, _) => look,
                    });
                }
            }
        }
    }

    /// Asks the filter; `None`: its answer proves nothing.
    async fn look_by_filter(&self, entry: &Entry, cost: Cost) -> Result<Option<Look>, Stopped> {
        let items = match self
            .filtered(entry.import_id, entry.import_id, cost)
            .await?
        {
            Page::Items { items, .. } => items,
            Page::None(look) => return Ok(Some(look)),
        };
        let mut hits = Hits::default();
        for item in marked(&items, entry.import_id) {
            hits.take_fitting(item);
        }
        if !hits.fitting.is_empty() {
            return Ok(Some(hits.by_mark(entry)));
        }
        // What does not leave out others shows one page of everything, and says nothing of the next.
        if !items.is_empty() {
            self.finder.learned().filter = Filter::Useless;
            return Ok(None);
        }
        if !self.finder.learned().is_proven() {
            self.prove_filter(entry.import_id).await?;
        }
        let is_proven = self.finder.learned().is_proven();
        Ok(is_proven.then_some(Look::NotFound))
    }

    /// Checks that the filter shows requests like an entry that it does not show: newer, older, and of the same kind.
    /// Otherwise the list may lag behind, begin later or hide such requests.
    async fn is_absence_proven(
        &self,
        entry: &Entry,
        sent: &Range<Instant>,
    ) -> Result<bool, Stopped> {
        let (settle, id) = (self.sending.settle, entry.import_id);
        let witnesses = {
            let learned = self.finder.learned();
            learned.witnesses(settle, id, Kind::of(entry), sent)
        };
        let Some(witnesses) = witnesses else {
            return Ok(false);
        };
        for known in witnesses {
            let page = self.filtered(id, known.import_id, Cost::Credit);
            let Page::Items { items, .. } = page.await? else {
                return Ok(false);
            };
            if marked(&items, known.import_id).next().is_none() {
                return Ok(false);
            }
            self.finder.learned().note_shown(known);
        }
        Ok(true)
    }

    /// Tests the filter with requests that are known to exist, unless that was done lately.
    pub(super) async fn prove_filter(&self, entry: ImportId) -> Result<(), Stopped> {
        // One task tests it for all.
        let _testing = self.queue.testing.lock().await;
        let settle = self.sending.settle;
        let chosen = {
            let learned = self.finder.learned();
            if learned.is_proven() || learned.filter == Filter::Useless {
                return Ok(());
            }
            learned.known.for_filter(settle, entry)
        };
        let mut tests = Vec::with_capacity(chosen.len());
        for known in chosen {
            let page = self.filtered(entry, known.import_id, Cost::Credit).await?;
            let Page::Items { items, .. } = page else {
                return Ok(());
            };
            let is_useless = items.is_empty();
            tests.push((known, known.is_older_than(settle), items));
            if is_useless {
                break;
            }
        }
        let mut learned = self.finder.learned();
        learned.conclude_filter(&tests);
        tracing::debug!(filter = ?learned.filter, "the notes filter was tested with requests that exist");
        Ok(())
    }

    /// Waits until something that is known to exist has to be listed, if anything is known: without that the list
    /// cannot be tested.
    pub(super) async fn wait_for_known(&self, place: &mut Place) -> Result<(), Stopped> {
        let first = self
            .finder
            .learned()
            .known
            .first_settled_at(self.sending.settle);
        match first.map(|first| first.saturating_duration_since(Instant::now())) {
            Some(wait) if !wait.is_zero() => self.wait(wait, place).await,
            _ => Ok(()),
        }
    }

    /// The requests whose notes hold a mark, if the filter does what it is called.
    async fn filtered(
        &self,
        entry: ImportId,
        marked: ImportId,
        cost: Cost,
    ) -> Result<Page, Stopped> {
        let mark = marked.mark();
        let query = [("notes", mark.as_str()), ("limit", FILTERED_ITEMS)];
        Ok(page::read_page(self.list(entry, &query, cost).await?))
    }

    /// Joins those who wait to look, and looks for all of them when nobody else does.
    async fn join(
        &self,
        entry: &Entry,
        since: SystemTime,
        cost: Cost,
        needs_scan: bool,
    ) -> Result<Answer, Stopped> {
        loop {
            let (answer, mut answered) = oneshot::channel();
            let waiter = Waiter {
                import_id: entry.import_id,
                wanted: match self.mark {
                    Mark::Notes => Wanted::Mark,
                    Mark::None => Wanted::Person(Box::new(Person::new(entry, since))),
                },
                since,
                needs_scan,
                cost,
                answer: Some(answer),
            };
            self.queue.with(|waiting| waiting.push(waiter));
            let heard = tokio::select! {
                biased;
                _ = self.stop.raised() => return Err(Stopped),
                heard = &mut answered => heard,
                _lead = self.queue.lead.lock() => {
                    self.look_for_all().await?;
                    answered.await
                }
            };
            // Without an answer, whoever looked for all has gone: join again.
            if let Ok(answer) = heard {
                return Ok(answer);
            }
        }
    }

    /// Looks for all who wait.
    async fn look_for_all(&self) -> Result<(), Stopped> {
        self.gather().await?;
        let mut waiting = self.queue.with(std::mem::take);
        waiting.retain(|waiter| !waiter.is_gone());
        if waiting.len() <= FILTERED_MAX {
            waiting = answer_each(waiting, |waiter| !waiter.needs_scan, || Answer::ByFilter);
        }
        let Some(first) = waiting.first() else {
            return Ok(());
        };
        let is_free = |waiter: &Waiter| waiter.cost == Cost::Free;
        let cost = match (waiting.iter().all(is_free), waiting.iter().any(is_free)) {
            (true, _) => Cost::Free,
            // What an earlier run left behind waits for no budget.
            (_, true) => Cost::Credit,
            _ => Cost::Retry,
        };
        let can_filter = waiting.iter().all(|waiter| !waiter.needs_scan);
        let filtered_max = can_filter.then_some(waiting.len());
        let entry = first.import_id;
        let settle = self.sending.settle;
        let known = {
            let learned = self.finder.learned();
            learned.known.settled(settle).copied().collect()
        };
        let mut sought = Sought::new(waiting, known);
        let scanned = self.scan(entry, &mut sought, cost, filtered_max).await?;
        tracing::debug!("looked for all who waited");
        let omitted = match scanned {
            Scanned::Whole => None,
            Scanned::Omits(id) => Some(list_omits(id)),
            Scanned::TooLongFor { pages } => {
                tracing::debug!(pages, "the filter is asked for each");
                for (mut waiter, _) in sought.into_hits() {
                    waiter.answer_with(Answer::ByFilter);
                }
                return Ok(());
            }
            Scanned::Not(look) => {
                for (mut waiter, _) in sought.into_hits() {
                    waiter.answer_with(Answer::Not(look.clone()));
                }
                return Ok(());
            }
        };
        for (mut waiter, hits) in sought.into_hits() {
            waiter.answer_with(Answer::Hits(hits, omitted.clone()));
        }
        Ok(())
    }

    /// Lets those who come at the same time join.
    async fn gather(&self) -> Result<(), Stopped> {
        let pause = GATHER.min(self.sending.settle / 4);
        let begun = Instant::now();
        loop {
            let before = self.queue.with(|waiting| waiting.len());
            self.sleep(pause).await?;
            let now = self.queue.with(|waiting| waiting.len());
            if now == before || begun.elapsed() >= GATHER_MAX {
                return Ok(());
            }
        }
    }
}

/// Returns the instant of a past time, by the difference of the two clocks.
fn instant_of(time: SystemTime) -> Instant {
    let now = Instant::now();
    let age = time_of_day().duration_since(time).unwrap_or_default();
    now.checked_sub(age).unwrap_or(now)
}

/// Answers some of those who wait, and returns the others.
fn answer_each(
    waiting: Vec<Waiter>,
    is_meant: impl Fn(&Waiter) -> bool,
    answer: impl Fn() -> Answer,
) -> Vec<Waiter> {
    let (meant, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_meant);
    for mut waiter in meant {
        waiter.answer_with(answer());
    }
    others
}

/// Returns the reason why a list that leaves out known requests proves nothing.
fn list_omits(omission: Omission) -> Reason {
    let message = match omission {
        Omission::Missing(id) => format!(
            "the list of requests does not show request {id}, which exists in Concord, so that it may not show this one either"
        ),
        Omission::Unmarked(id) => format!(
            "the list of requests shows request {id} without its reference (`[ref …]` in the notes), so that it may show this one \
             without it too"
        ),
    };
    Reason::new(OutcomeCode::ListOmits, message)
}

/// The items whose notes hold a mark.
fn marked(items: &[Value], id: ImportId) -> impl Iterator<Item = &Value> {
    items
        .iter()
        .filter(move |item| page::marks(item).contains(&id))
}
