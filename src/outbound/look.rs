//! The outcome of a look-up, and the listed requests that it comes from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::shown;
use crate::ambiguity::Ambiguity;
use crate::codes::OutcomeCode;
use crate::entry::Entry;
use crate::outcome::{Reason, Receipt};

/// The most requests that are kept of those that may be one entry's: enough to name them.
pub(super) const HITS_MAX: usize = 8;

/// The outcome of a look-up.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Look {
    Found {
        receipt: Receipt,
        oddity: Option<Reason>,
    },
    NotFound,
    /// The server cannot tell: it forbids or lacks the list, or gives one that cannot be read.
    Unable(Reason),
    /// It shows several requests, each of which may be the entry's (only without a mark).
    Ambiguous(Reason),
    /// The server did not serve us this time.
    NotServed(Reason),
}

/// Listed requests that are an entry's, or may be, by Concord's id: a list may show one twice.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// Requests that match the entry in all that is shown.
    pub(super) fitting: BTreeMap<Uuid, (Receipt, Value)>,
    /// Requests that match it in part (only without a mark).
    pub(super) alike: BTreeSet<Uuid>,
    /// There were more than are kept.
    pub(super) are_more: bool,
}

impl Hits {
    pub(super) fn take_fitting(&mut self, item: &Value) {
        let Some(receipt) = shown::receipt(item) else {
            return;
        };
        if self.fitting.len() < HITS_MAX || self.fitting.contains_key(&receipt.id) {
            self.fitting.insert(receipt.id, (receipt, item.clone()));
        } else {
            self.are_more = true;
        }
    }

    pub(super) fn take_alike(&mut self, item: &Value) {
        let Some(receipt) = shown::receipt(item) else {
            return;
        };
        if self.alike.len() < HITS_MAX || self.alike.contains(&receipt.id) {
            self.alike.insert(receipt.id);
        } else {
            self.are_more = true;
        }
    }

    /// Decides what they mean for an entry that is recognised by its mark. The notes of another person's request can
    /// quote the mark.
    pub(super) fn by_mark(mut self, entry: &Entry) -> Look {
        let found = self.fitting.len();
        self.fitting
            .retain(|_, (_, item)| !shown::is_of_stranger(item, &entry.body));
        if found > 0 && self.fitting.is_empty() {
            return Look::Ambiguous(Ambiguity::OfStranger.into());
        }
        let is_twice = self.fitting.len() > 1;
        let all: Vec<_> = self.fitting.keys().map(ToString::to_string).collect();
        let first = self
            .fitting
            .into_values()
            .min_by_key(|(receipt, _)| (receipt.request_date, receipt.id));
        match first {
            None => Look::NotFound,
            Some((receipt, _)) if is_twice => Look::Found {
                receipt,
                oddity: Some(Reason::new(
                    OutcomeCode::CreatedTwice,
                    format!("Concord holds it more than once: {}", all.join(", ")),
                )),
            },
            Some((receipt, item)) => Look::Found {
                receipt,
                oddity: shown::oddity(&shown::differing_fields(&item, &entry.body)),
            },
        }
    }
}
