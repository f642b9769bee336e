//! Whether a request exists, found by its mark.
//!
//! Not finding something proves nothing until the way of looking has proved itself: the `notes` filter is
//! believed only after it has found a request that is known to exist; else the whole list is read.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use uuid::Uuid;

use super::client::Exchange;
use super::pace::Stopped;
use super::{Outbound, classify};
use crate::entry::{Entry, ImportId};
use crate::outcome::{Reason, Receipt};

/// Items of one page: the most that the API gives.
const PAGE_ITEMS: usize = 1_000;
/// A list longer than this is not read for one entry.
pub const SCAN_ITEMS_MAX: usize = 200_000;

/// What a look came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Look {
    Found {
        receipt: Receipt,
        oddity: Option<Reason>,
    },
    NotFound,
    /// The server cannot tell: it forbids or lacks the list, or gives one that cannot be read.
    Unable(Reason),
    /// The server did not serve us this time.
    NotServed(Reason),
}

/// What is known of the `notes` filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Filter {
    #[default]
    Unproven,
    Works,
    Useless,
}

#[derive(Debug, Default)]
struct Learned {
    filter: Filter,
    known: Option<ImportId>,
}

/// Remembers what was learned of the server's list.
#[derive(Debug, Default)]
pub(super) struct Finder(Mutex<Learned>);

impl Finder {
    fn learned(&self) -> MutexGuard<'_, Learned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first stays: the longer something exists, the surer it is listed.
    pub(super) fn know(&self, existing: ImportId) {
        self.learned().known.get_or_insert(existing);
    }
}

/// A page of a list, or why there is none.
enum Page {
    Items { items: Vec<Value>, total: usize },
    None(Look),
}

impl Outbound {
    /// Looks for an entry once.
    pub(super) async fn look(&self, entry: &Entry) -> Result<Look, Stopped> {
        let filter = self.finder.learned().filter;
        if filter != Filter::Useless {
            match self.filtered(entry, entry.import_id).await? {
                Look::NotFound => {}
                known => return Ok(known),
            }
            if filter == Filter::Works || self.prove_filter(entry).await? {
                return Ok(Look::NotFound);
            }
        }
        self.scan(entry).await
    }

    /// Whether the filter finds a request that is known to exist.
    async fn prove_filter(&self, entry: &Entry) -> Result<bool, Stopped> {
        let Some(known) = self
            .finder
            .learned()
            .known
            .filter(|known| *known != entry.import_id)
        else {
            return Ok(false);
        };
        let proven = match self.filtered(entry, known).await? {
            Look::Found { .. } => Filter::Works,
            Look::NotFound => Filter::Useless,
            Look::Unable(_) | Look::NotServed(_) => Filter::Unproven,
        };
        tracing::debug!(
            ?proven,
            "the notes filter was tried on a request that exists"
        );
        self.finder.learned().filter = proven;
        Ok(proven == Filter::Works)
    }

    /// Asks for the requests whose notes hold a mark, and checks each answer itself.
    async fn filtered(&self, entry: &Entry, wanted: ImportId) -> Result<Look, Stopped> {
        let mark = wanted.mark();
        let query = [("notes", mark.as_str()), ("limit", "100")];
        let page = read_page(self.list(entry.import_id, &query).await?);
        Ok(match page {
            Page::Items { items, .. } => found(matching(&items, &mark).collect(), entry, wanted),
            Page::None(look) => look,
        })
    }

    /// Reads the whole list. Requests that are created meanwhile only move others further back
    /// (newest first) or come last (oldest first), so none is passed over.
    async fn scan(&self, entry: &Entry) -> Result<Look, Stopped> {
        let mark = entry.import_id.mark();
        let limit = PAGE_ITEMS.to_string();
        let mut offset = 0;
        let mut hits = BTreeMap::new();
        loop {
            let at = offset.to_string();
            let query = [("limit", limit.as_str()), ("offset", at.as_str())];
            match read_page(self.list(entry.import_id, &query).await?) {
                Page::None(look) => return Ok(look),
                Page::Items { total, .. } if total > SCAN_ITEMS_MAX => {
                    let message = format!(
                        "the project holds {total} requests, more than the {SCAN_ITEMS_MAX} that are read to find one, and its `notes` filter does not find marks"
                    );
                    return Ok(Look::Unable(Reason::new("list_too_long", message)));
                }
                Page::Items { items, total } => {
                    hits.extend(matching(&items, &mark));
                    offset += items.len();
                    if offset >= total {
                        return Ok(found(hits, entry, entry.import_id));
                    }
                    if items.is_empty() {
                        let message = "the list of requests ends before its `total`";
                        return Ok(Look::Unable(Reason::new("list_broken", message)));
                    }
                }
            }
        }
    }
}

/// The items whose notes hold a mark, by their id: a list may show one twice.
fn matching<'a>(
    items: &'a [Value],
    mark: &str,
) -> impl Iterator<Item = (Uuid, (Receipt, Value))> + use<'a> {
    let mark = mark.to_ascii_lowercase();
    items.iter().filter_map(move |item| {
        let notes = item.get("notes")?.as_str()?.to_ascii_lowercase();
        let receipt = classify::receipt(item).filter(|_| notes.contains(&mark))?;
        Some((receipt.id, (receipt, item.clone())))
    })
}

fn found(hits: BTreeMap<Uuid, (Receipt, Value)>, entry: &Entry, wanted: ImportId) -> Look {
    let is_twice = hits.len() > 1;
    let all = hits
        .keys()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let first = hits
        .into_values()
        .min_by_key(|(receipt, _)| (receipt.request_date, receipt.id));
    match first {
        None => Look::NotFound,
        Some((receipt, _)) if is_twice => Look::Found {
            receipt,
            oddity: Some(Reason::new(
                "created_twice",
                format!("Concord holds it more than once: {all}"),
            )),
        },
        Some((receipt, item)) => Look::Found {
            receipt,
            oddity: (wanted == entry.import_id)
                .then(|| classify::oddity(&classify::differing_fields(&item, &entry.body)))
                .flatten(),
        },
    }
}

fn read_page(exchange: Exchange) -> Page {
    let answer = match exchange {
        Ok(answer) => answer,
        Err(silence) => {
            return Page::None(Look::NotServed(Reason::new(
                "lookup_failed",
                silence.to_string(),
            )));
        }
    };
    match answer.status {
        200 => {}
        408 | 429 | 500.. => {
            let message = format!("the list of requests answered {}", answer.status);
            return Page::None(Look::NotServed(Reason::new("lookup_failed", message)));
        }
        status => {
            let message = format!("the list of requests is not to be had ({status})");
            return Page::None(Look::Unable(Reason::new("no_list", message)));
        }
    }
    let read = answer
        .body
        .ok()
        .and_then(|body| serde_json::from_slice::<Value>(&body).ok());
    let total = read.as_ref().and_then(|page| page.get("total")?.as_u64());
    match (read, total.and_then(|total| usize::try_from(total).ok())) {
        (Some(Value::Object(mut page)), Some(total)) => match page.remove("items") {
            Some(Value::Array(items)) => Page::Items { items, total },
            _ => unreadable(),
        },
        _ => unreadable(),
    }
}

fn unreadable() -> Page {
    Page::None(Look::Unable(Reason::new(
        "list_broken",
        "the list of requests cannot be read",
    )))
}
