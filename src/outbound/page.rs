//! One page of the list of requests: asked for, read, or why it could not be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::classify;
use super::client::{BodyFault, Exchange};
use super::lookup::Look;
use crate::entry::{Entry, ImportId};
use crate::outcome::{Reason, Receipt};

/// The most requests that are kept of those that may be one entry's: enough to name them.
pub(super) const HITS_MAX: usize = 8;

/// A page, or why there is none.
pub(super) enum Page {
    Items { items: Vec<Value>, total: usize },
    None(Look),
}

/// Listed requests that are an entry's, or may be, by Concord's id: a list may show one twice.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// Those that are the entry's, as far as it can be told.
    pub(super) fitting: BTreeMap<Uuid, (Receipt, Value)>,
    /// Those of which that cannot be told (only without a mark).
    pub(super) alike: BTreeSet<Uuid>,
    /// There were more than are kept.
    pub(super) are_more: bool,
}

impl Hits {
    pub(super) fn take_fitting(&mut self, item: &Value) {
        let Some(receipt) = classify::receipt(item) else {
            return;
        };
        if self.fitting.len() < HITS_MAX || self.fitting.contains_key(&receipt.id) {
            self.fitting.insert(receipt.id, (receipt, item.clone()));
        } else {
            self.are_more = true;
        }
    }

    pub(super) fn take_alike(&mut self, item: &Value) {
        let Some(receipt) = classify::receipt(item) else {
            return;
        };
        if self.alike.len() < HITS_MAX || self.alike.contains(&receipt.id) {
            self.alike.insert(receipt.id);
        } else {
            self.are_more = true;
        }
    }

    /// What they say of an entry that is told by its mark.
    pub(super) fn by_mark(self, entry: &Entry) -> Look {
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
                    "created_twice",
                    format!("Concord holds it more than once: {}", all.join(", ")),
                )),
            },
            Some((receipt, item)) => Look::Found {
                receipt,
                oddity: classify::oddity(&classify::differing_fields(&item, &entry.body)),
            },
        }
    }
}

/// The import ids of the marks in an item's notes.
pub(super) fn marks(item: &Value) -> Vec<ImportId> {
    let notes = item.get("notes").and_then(Value::as_str);
    ImportId::marks_in(notes.unwrap_or_default())
}

/// Reads what came of asking for a page.
pub(super) fn read_page(exchange: Exchange) -> Page {
    let not_served =
        |message: String| Page::None(Look::NotServed(Reason::new("lookup_failed", message)));
    let answer = match exchange {
        Ok(answer) => answer,
        Err(silence) => return not_served(silence.to_string()),
    };
    match answer.status {
        200 => {}
        408 | 429 | 500.. => {
            return not_served(format!("the list of requests answered {}", answer.status));
        }
        201..=299 => {
            let message = format!("the list of requests cannot be read ({})", answer.status);
            return Page::None(Look::Unable(Reason::new("list_broken", message)));
        }
        status => {
            let message = format!("the list of requests is not to be had ({status})");
            return Page::None(Look::Unable(Reason::new("no_list", message)));
        }
    }
    let body = match answer.body {
        Ok(body) => body,
        Err(fault @ BodyFault::CutOff) => return not_served(fault.to_string()),
        // The page is probably from a gateway, so the server is asked again.
        Err(BodyFault::WebPage) => return not_served("the list of requests is not JSON".into()),
        Err(fault @ (BodyFault::TooLarge { .. } | BodyFault::Encoded { .. })) => {
            let message = format!("the list of requests cannot be read: {fault}");
            return Page::None(Look::Unable(Reason::new("list_broken", message)));
        }
    };
    let Ok(mut page) = serde_json::from_slice::<Value>(&body) else {
        return not_served("the list of requests is not JSON".into());
    };
    let total = page.get("total").and_then(Value::as_u64);
    let total = total.and_then(|total| usize::try_from(total).ok());
    match (page.get_mut("items").map(Value::take), total) {
        (Some(Value::Array(items)), Some(total)) => Page::Items { items, total },
        _ => Page::None(Look::Unable(Reason::new(
            "list_broken",
            "the list of requests cannot be read",
        ))),
    }
}
