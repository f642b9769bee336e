//! What is known of the server's list, all of it seen and none of it believed: whether its `notes` filter finds
//! marks, and whether `startDate` leaves out nothing that was created since.
//!
//! Everything is tried on a request that is known to exist. Data only; `lookup` and `scan` do the asking.
//!
//! A filter is believed once it has found a mark with other text before it. One that compares whole texts, or how they
//! begin, finds marks that stand alone as well; but staff may write before them, and then it would leave out what exists.
//! Case needs no question of its own: marks are asked for as they are sent, and compared without it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::classify;
use super::page;
use super::people::PLAUSIBLE_MS_MIN;
use crate::entry::ImportId;
use crate::outcome::Receipt;

/// So many requests whose notes begin with their mark are tried; then others are not expected.
const TRIES_MAX: u32 = 3;

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

/// A request that exists, and when Concord says it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dated {
    pub(super) id: Uuid,
    pub(super) at: Timestamp,
    /// Since when we know of it.
    pub(super) since: Instant,
}

/// What was learned so far.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub(super) filter: Filter,
    pub(super) dates: Dates,
    /// So often a mark was found, and stood at the start.
    found_at_start: u32,
    /// An entry that exists, and since when that is known.
    pub(super) known: Option<(ImportId, Instant)>,
    pub(super) dated: Option<Dated>,
}

impl Learned {
    /// Whether the filter would find an entry, were it there.
    pub(super) fn is_proven(&self) -> bool {
        self.filter == Filter::FindsWithin
    }

    /// Draws the conclusion from what the filter gave for the mark of a request that exists.
    /// `is_old`: it was known for longer than a list may lag behind.
    pub(super) fn conclude_filter(&mut self, items: &[Value], known: ImportId, is_old: bool) {
        let hits: Vec<_> = items
            .iter()
            .filter(|item| page::marks(item).contains(&known))
            .collect();
        let mark = known.mark().to_ascii_lowercase();
        let is_within = hits.iter().any(|item| {
            let notes = item.get("notes").and_then(Value::as_str);
            notes.is_some_and(|notes| !notes.trim().to_ascii_lowercase().starts_with(&mark))
        });
        self.filter = match hits.len() {
            // What was created just now may not be listed yet.
            0 if items.is_empty() && !is_old => Filter::Unproven,
            count if count == 0 || count < items.len() => Filter::Useless,
            _ if is_within => Filter::FindsWithin,
            _ => {
                self.found_at_start += 1;
                if self.found_at_start < TRIES_MAX {
                    // Something else may prove more.
                    Filter::FindsAtStart
                } else {
                    Filter::Useless
                }
            }
        };
        if let Some(receipt) = hits.first().and_then(|item| classify::receipt(item)) {
            self.know_dated(receipt, self.known.map(|(_, since)| since));
        }
    }

    /// Sees the request that is known to exist among those of a list.
    pub(super) fn notice(&mut self, items: &[Value]) {
        let Some((known, since)) = self.known.filter(|_| self.dated.is_none()) else {
            return;
        };
        let item = items.iter().find(|item| page::marks(item).contains(&known));
        if let Some(receipt) = item.and_then(classify::receipt) {
            self.know_dated(receipt, Some(since));
        }
    }

    fn know_dated(&mut self, receipt: Receipt, since: Option<Instant>) {
        if let Some(at) = made_at(receipt) {
            self.dated.get_or_insert_with(|| Dated {
                id: receipt.id,
                at,
                since: since.unwrap_or_else(Instant::now),
            });
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

    /// The first stays: the longer something exists, the surer it is listed.
    pub(super) fn know(&self, existing: ImportId) {
        self.learned()
            .known
            .get_or_insert_with(|| (existing, Instant::now()));
    }

    /// Names a request that exists, and when it was made.
    pub(super) fn know_receipt(&self, existing: ImportId, receipt: Receipt) {
        self.know(existing);
        self.learned().know_dated(receipt, None);
    }
}
