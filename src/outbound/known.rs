//! Requests that are known to exist, with which the server's list is tested.
//!
//! A list that does not show one of them may leave out others as well. The sample is bounded: the newest
//! that the ledger has of earlier runs, and the newest of this run. Data only.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use crate::entry::{Entry, ImportId, RequestType};
use crate::outcome::Receipt;

/// Most requests of earlier runs in the sample, the newest: enough to notice a list that leaves out one in a hundred.
pub const KNOWN_EARLIER_MAX: u32 = 500;
/// Most requests of this run in the sample.
const KNOWN_OF_RUN_MAX: usize = 500;
/// Once the sample of this run is full, at most this many requests enter it in each `settle`, so that it always holds
/// requests that are older than that.
const KNOWN_PER_SETTLE: u32 = 100;
/// Most requests of the sample with which the `notes` filter is tested. One that hides half of the requests passes once in
/// 1,000 times.
const FILTER_TESTS_MAX: usize = 10;
/// Maximum number of these that this run has created. The others are of earlier runs.
const FILTER_TESTS_OF_RUN_MAX: usize = 5;

/// The properties by which a list may hide requests: for example those that are not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    request: RequestType,
    is_preverified: bool,
}

impl Kind {
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            request: entry.body.request(),
            is_preverified: !entry.body.contacts_the_person(),
        }
    }
}

/// A request that Concord has created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KnownRequest {
    pub(super) import_id: ImportId,
    /// Unknown (`None`) if an earlier run created it.
    pub(super) kind: Option<Kind>,
    /// It is known by a look-up alone: that a list shows it again proves nothing.
    pub(super) is_from_list: bool,
    /// Concord's id.
    pub(super) id: Uuid,
    /// The time of creation that Concord shows, if it can be read.
    pub(super) at: Option<Timestamp>,
    /// The time since which it is known.
    pub(super) since: Instant,
}

impl KnownRequest {
    /// Returns whether it is known long enough that a list has to show it.
    pub(super) fn is_older_than(&self, settle: Duration) -> bool {
        self.since.elapsed() >= settle
    }
}

/// A request that an earlier run has created.
#[derive(Clone, Copy, Debug)]
pub struct EarlierRequest {
    /// Its entry.
    pub import_id: ImportId,
    /// Its ids and date in Concord.
    pub receipt: Receipt,
    /// For how long it is known.
    pub age: Duration,
    /// It is known by a look-up, and not by the response that created it.
    pub is_from_list: bool,
}

/// One in this many of the known requests may be listed without its reference: staff edit notes. With more, the list
/// shows notes cut, changed or not at all, and no entry can be found by its reference.
pub const UNMARKED_ONE_IN: usize = 10;

/// The way in which a list fails to show requests that are known to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omission {
    /// It does not show this request.
    Missing(Uuid),
    /// It shows this request, and others, without their reference.
    Unmarked(Uuid),
}

/// The sample.
#[derive(Debug, Default)]
pub(super) struct KnownRequests {
    /// Newest first.
    earlier: Vec<KnownRequest>,
    /// Oldest first.
    of_run: VecDeque<KnownRequest>,
    /// The newest of earlier runs, one of each kind.
    earlier_of_kind: Vec<KnownRequest>,
}

impl KnownRequests {
    /// Adds a request of an earlier run. Those without a kind come first, the newest of them before the others.
    pub(super) fn add_earlier(&mut self, known: KnownRequest) {
        if known.kind.is_some() {
            return self.add_earlier_of_kind(known);
        }
        let is_new = self.earlier.iter().all(|one| one.id != known.id)
            && self.of_run.iter().all(|one| one.id != known.id);
        if is_new && self.earlier.len() < KNOWN_EARLIER_MAX as usize {
            self.earlier.push(known);
        }
    }

    /// Adds a request of an earlier run whose kind is known.
    fn add_earlier_of_kind(&mut self, known: KnownRequest) {
        let mut all = self.earlier_of_kind.iter_mut();
        if known.is_from_list {
            return;
        }
        match all.find(|one| one.kind == known.kind) {
            Some(one) if one.since < known.since => *one = known,
            Some(_) => {}
            None => self.earlier_of_kind.push(known),
        }
    }

    /// Adds a request of this run.
    pub(super) fn add(&mut self, known: KnownRequest, settle: Duration) {
        if self.of_run.len() >= KNOWN_OF_RUN_MAX {
            let last = self.of_run.back().map(|last| last.since);
            if last.is_some_and(|last| known.since < last + settle / KNOWN_PER_SETTLE) {
                return;
            }
            self.of_run.pop_front();
        }
        self.of_run.push_back(known);
    }

    /// Removes an entry's request: it turned out to be another entry's.
    pub(super) fn forget(&mut self, import_id: ImportId) {
        self.of_run.retain(|known| known.import_id != import_id);
        self.earlier_of_kind
            .retain(|known| known.import_id != import_id);
    }

    /// Returns those that a list has to show by now, the newest first.
    pub(super) fn settled(&self, settle: Duration) -> impl Iterator<Item = &KnownRequest> {
        let all = self.of_run.iter().rev().chain(&self.earlier);
        all.filter(move |known| known.is_older_than(settle))
    }

    /// Returns the time from which the first of them has to be listed. None if no request is known to exist.
    pub(super) fn first_settled_at(&self, settle: Duration) -> Option<Instant> {
        let oldest = self.of_run.front().into_iter().chain(&self.earlier);
        oldest.map(|known| known.since + settle).min()
    }

    /// Returns the newest that a list has to show and of which this holds, except the entry's own.
    pub(super) fn newest_settled(
        &self,
        settle: Duration,
        entry: ImportId,
        is_meant: impl Fn(&KnownRequest) -> bool,
    ) -> Option<KnownRequest> {
        let of_kind = self.earlier_of_kind.iter();
        let of_kind = of_kind.filter(|known| known.is_older_than(settle));
        let settled = self.settled(settle).chain(of_kind);
        let settled = settled
            .filter(|known| known.import_id != entry && !known.is_from_list && is_meant(known));
        settled.copied().max_by_key(|known| known.since)
    }

    /// Returns those with which the filter is tested on behalf of an entry: the newest that a list has to show, or
    /// where there is none of these the oldest. Those that a look-up found are taken only where there are no others.
    pub(super) fn for_filter(&self, settle: Duration, entry: ImportId) -> Vec<KnownRequest> {
        let is_other = |known: &&KnownRequest| known.import_id != entry;
        for is_from_list in [false, true] {
            let is_meant = |known: &&KnownRequest| {
                known.is_older_than(settle) && known.is_from_list == is_from_list
            };
            let of_run = self.of_run.iter().rev().filter(is_other).filter(is_meant);
            let earlier = self.earlier.iter().filter(is_other).filter(is_meant);
            let chosen: Vec<_> = of_run
                .take(FILTER_TESTS_OF_RUN_MAX)
                .chain(earlier)
                .take(FILTER_TESTS_MAX)
                .copied()
                .collect();
            if !chosen.is_empty() {
                return chosen;
            }
        }
        let all = self.of_run.iter().chain(&self.earlier);
        all.filter(is_other).take(1).copied().collect()
    }

    /// Returns the id and date of the newest that a list has to show and that says when it was created.
    pub(super) fn dated(&self, settle: Duration) -> Option<(Uuid, Timestamp)> {
        self.settled(settle)
            .find_map(|known| known.at.map(|at| (known.id, at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_secs(5);

    fn known(n: u128) -> KnownRequest {
        KnownRequest {
            import_id: ImportId(Uuid::from_u128(n)),
            kind: None,
            is_from_list: false,
            id: Uuid::from_u128(n),
            at: None,
            since: Instant::now(),
        }
    }

    fn ids<'a>(all: impl IntoIterator<Item = &'a KnownRequest>) -> Vec<u128> {
        all.into_iter().map(|known| known.id.as_u128()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn however_fast_requests_are_created_some_are_known_for_long_enough() {
        let mut all = KnownRequests::default();
        for n in 0..100_000 {
            all.add(known(n), SETTLE);
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(all.of_run.len() <= KNOWN_OF_RUN_MAX);
            assert!(n < 6_000 || all.settled(SETTLE).count() > 100, "{n}");
        }
        let newest = ids(all.settled(SETTLE))[0];
        assert!((94_900..=95_000).contains(&newest), "{newest}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_filter_is_tested_with_the_newest_of_this_run_and_of_the_last() {
        let mut all = KnownRequests::default();
        let entry = ImportId(Uuid::from_u128(4));
        assert_eq!(all.first_settled_at(SETTLE), None);
        all.add_earlier(known(10));
        all.add_earlier(known(9));
        all.add_earlier(known(10));
        for n in 1..=7 {
            all.add(known(n), SETTLE);
        }
        assert_eq!(all.settled(SETTLE).count(), 0);
        assert_eq!(ids(&all.for_filter(SETTLE, entry)), [1]);
        assert_eq!(all.first_settled_at(SETTLE), Some(Instant::now() + SETTLE));
        tokio::time::advance(SETTLE).await;
        assert_eq!(ids(all.settled(SETTLE)), [7, 6, 5, 4, 3, 2, 1, 10, 9]);
        assert_eq!(ids(&all.for_filter(SETTLE, entry)), [7, 6, 5, 3, 2, 10, 9]);
        all.forget(ImportId(Uuid::from_u128(5)));
        assert_eq!(ids(&all.for_filter(SETTLE, entry)), [7, 6, 3, 2, 1, 10, 9]);
    }
}
