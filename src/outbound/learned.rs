//! What is known of the server's list, all of it seen and none of it believed: whether its `notes` filter finds
//! marks, and whether `startDate` leaves out nothing that was created since.
//!
//! Everything is tested with requests that are known to exist. Data only; `lookup` and `scan` do the asking.
//!
//! A filter is believed once it has found a mark with other text before it. One that compares whole texts, or how they
//! begin, finds marks that stand alone as well; but staff may write before them, and then it would leave out what exists.
//! Upper and lower case are not tested: marks are asked for as they are sent, and compared without case. The filter is
//! tested again from time to time, with newer requests: a list may begin to leave requests out.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use super::known::{EarlierRequest, Kind, KnownRequest, KnownRequests};
use super::page;
use super::people::PLAUSIBLE_MS_MIN;
use crate::entry::{Entry, ImportId};
use crate::outcome::{Receipt, Via};

/// So many requests whose notes begin with their mark are tried; then others are not expected.
const TRIES_MAX: u32 = 3;
/// How long the filter is believed after a test: short beside a run, long beside a test of a few requests.
const PROOF_LASTS: Duration = Duration::from_mins(1);

/// Most requests that are remembered as shown by the filter.
const SHOWN_MAX: usize = 64;

/// What is known of the `notes` filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Filter {
    #[default]
    Unproven,
    /// It finds a mark with which the notes begin; perhaps it compares whole texts, or how they begin.
    FindsAtStart,
    /// It finds a mark that has other text before it.
    FindsWithin,
    Useless,
}

/// What is known of `startDate` and `endDate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Dates {
    #[default]
    Unproven,
    /// They test the date that is shown as `requestDate`, or one that was the same.
    Hold,
    Useless,
}

/// What was learned so far.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub(super) filter: Filter,
    /// When the filter was tested last and found all that it had to.
    proven_at: Option<Instant>,
    pub(super) dates: Dates,
    /// Requests that the filter has shown, and when; at most [`SHOWN_MAX`].
    shown: VecDeque<(KnownRequest, Instant)>,
    /// So often a mark was found, and stood at the start.
    found_at_start: u32,
    pub(super) known: KnownRequests,
}

impl Learned {
    /// Whether the filter would find an entry, were it there.
    pub(super) fn is_proven(&self) -> bool {
        self.filter == Filter::FindsWithin
            && self
                .proven_at
                .is_some_and(|proven_at| proven_at.elapsed() < PROOF_LASTS)
    }

    /// Returns the known requests that the filter has to show before it proves that an entry of this kind, sent between
    /// these times, does not exist. There is one for each way in which a list may be incomplete, unless the filter has
    /// shown such a request lately: it lags behind, it begins later, or it hides requests of that kind. None if no
    /// request is known.
    pub(super) fn witnesses(
        &self,
        settle: Duration,
        entry: ImportId,
        kind: Kind,
        sent: &Range<Instant>,
    ) -> Option<Vec<KnownRequest>> {
        let newest = self.known.newest_settled(settle, entry, |_| true)?;
        let is_newer = |known: &KnownRequest| known.since >= sent.end;
        let is_older = |known: &KnownRequest| known.since <= sent.start;
        let is_of_kind = |known: &KnownRequest| known.kind == Some(kind);
        let conditions: [&dyn Fn(&KnownRequest) -> bool; 3] = [&is_newer, &is_older, &is_of_kind];
        let missing = |is_meant: &&dyn Fn(&KnownRequest) -> bool| {
            let lately = self
                .shown
                .iter()
                .filter(|(_, at)| at.elapsed() < PROOF_LASTS);
            lately.map(|(known, _)| known).all(|known| !is_meant(known))
        };
        let [lags, ..] = conditions.map(|is_meant| missing(&is_meant));
        let rest = conditions[1..].iter().filter(|is_meant| missing(is_meant));
        let rest = rest.filter_map(|is_meant| self.known.newest_settled(settle, entry, is_meant));
        Some(lags.then_some(newest).into_iter().chain(rest).collect())
    }

    /// Records that the filter shows a request.
    pub(super) fn note_shown(&mut self, known: KnownRequest) {
        if self.shown.len() >= SHOWN_MAX {
            self.shown.pop_front();
        }
        self.shown.push_back((known, Instant::now()));
    }

    /// Draws the conclusion from what the filter gave for the marks of requests that exist: each with whether it was
    /// known for longer than a list may lag behind.
    pub(super) fn conclude_filter(&mut self, tests: &[(KnownRequest, bool, Vec<Value>)]) {
        let mut is_within = false;
        let found_before = self.found_at_start;
        for (KnownRequest { import_id, .. }, is_old, items) in tests {
            let mark = import_id.mark().to_ascii_lowercase();
            let is_hit = |item: &&Value| page::marks(item).contains(import_id);
            let hits: Vec<_> = items.iter().filter(is_hit).collect();
            match hits.len() {
                // A new request may not be listed yet.
                0 if items.is_empty() && !is_old => {}
                count if count == 0 || count < items.len() => {
                    self.filter = Filter::Useless;
                    return;
                }
                _ => {
                    let has_text_before = hits.iter().any(|item| {
                        let notes = item.get("notes").and_then(Value::as_str);
                        notes.is_some_and(|notes| {
                            !notes.trim().to_ascii_lowercase().starts_with(&mark)
                        })
                    });
                    is_within |= has_text_before;
                    self.found_at_start += u32::from(!has_text_before);
                }
            }
        }
        if is_within {
            self.filter = Filter::FindsWithin;
            self.proven_at = Some(Instant::now());
        } else if self.found_at_start >= TRIES_MAX {
            self.filter = Filter::Useless;
        } else if self.found_at_start > found_before {
            // Something else may prove more.
            self.filter = Filter::FindsAtStart;
        }
    }
}

/// When Concord says that a request was made, if it says so in a way that we understand.
pub(super) fn made_at(receipt: Receipt) -> Option<Timestamp> {
    let ms = receipt.request_date.filter(|ms| *ms >= PLAUSIBLE_MS_MIN)?;
    Timestamp::from_millisecond(ms).ok()
}

/// Remembers it.
#[derive(Debug, Default)]
pub(super) struct Finder(Mutex<Learned>);

impl Finder {
    pub(super) fn learned(&self) -> MutexGuard<'_, Learned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request that this run has created.
    pub(super) fn know(&self, entry: &Entry, receipt: Receipt, via: Option<Via>, settle: Duration) {
        let known = KnownRequest {
            kind: Some(Kind::of(entry)),
            is_from_list: via == Some(Via::Lookup),
            ..known_request(entry.import_id, receipt, Instant::now())
        };
        self.learned().known.add(known, settle);
    }

    /// Adds a request that an earlier run has created; with its entry, once that was read.
    pub(super) fn know_earlier(&self, earlier: EarlierRequest, entry: Option<&Entry>) {
        let now = Instant::now();
        let since = now.checked_sub(earlier.age).unwrap_or(now);
        let known = KnownRequest {
            kind: entry.map(Kind::of),
            is_from_list: earlier.is_from_list,
            ..known_request(earlier.import_id, earlier.receipt, since)
        };
        self.learned().known.add_earlier(known);
    }
}

fn known_request(import_id: ImportId, receipt: Receipt, since: Instant) -> KnownRequest {
    KnownRequest {
        import_id,
        kind: None,
        is_from_list: false,
        id: receipt.id,
        at: made_at(receipt),
        since,
    }
}
