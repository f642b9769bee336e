//! Whether a request exists, found by its mark.
//!
//! Not finding something proves nothing until the way of looking has proved itself: the `notes` filter is
//! believed only after it has found a request that is known to exist, in the way in which it has to find
//! this one, and as long as it gives nothing that it should have left out; else the whole list is read.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::client::{BodyFault, Exchange};
use super::pace::Stopped;
use super::{Outbound, classify};
use crate::entry::{Entry, ImportId};
use crate::outcome::{Reason, Receipt};

/// Items of one page: the most that the API gives.
pub(super) const PAGE_ITEMS: usize = 1_000;
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
    /// It finds a mark that is all there is of the notes; perhaps it compares whole texts.
    FindsWhole,
    /// It finds a mark that has other text before it.
    FindsWithin,
    Useless,
}

#[derive(Debug, Default)]
struct Learned {
    filter: Filter,
    /// Something that exists, and since when that is known.
    known: Option<(ImportId, Instant)>,
}

impl Learned {
    /// Whether the filter would find this entry, were it there.
    fn is_proven_for(&self, entry: &Entry) -> bool {
        match self.filter {
            Filter::FindsWithin => true,
            Filter::FindsWhole => entry
                .body
                .notes()
                .is_some_and(|notes| is_bare(notes, entry.import_id)),
            Filter::Unproven | Filter::Useless => false,
        }
    }
}

/// Whether notes are a mark and nothing else.
fn is_bare(notes: &str, id: ImportId) -> bool {
    notes.trim().eq_ignore_ascii_case(&id.mark())
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
        self.learned()
            .known
            .get_or_insert_with(|| (existing, Instant::now()));
    }
}

/// A page of a list, or why there is none.
pub(super) enum Page {
    Items { items: Vec<Value>, total: usize },
    None(Look),
}

impl Outbound {
    /// Looks for an entry once.
    pub(super) async fn look(&self, entry: &Entry) -> Result<Look, Stopped> {
        if self.finder.learned().filter == Filter::Useless {
            return self.scan(entry).await;
        }
        let mark = entry.import_id.mark();
        let mut is_refused = false;
        match self.filtered(entry, &mark).await? {
            Page::Items { items, .. } => {
                let hits: BTreeMap<_, _> = matching(&items, &mark).collect();
                if !hits.is_empty() {
                    return Ok(found(hits, entry));
                }
                // What does not leave out others shows one page of everything, and says nothing of the next.
                if !items.is_empty() {
                    self.finder.learned().filter = Filter::Useless;
                } else if self.finder.learned().is_proven_for(entry)
                    || self.prove_filter(entry).await?
                {
                    return Ok(Look::NotFound);
                }
            }
            // Perhaps it is the filter that it does not know.
            Page::None(Look::Unable(_)) => is_refused = true,
            Page::None(look) => return Ok(look),
        }
        let look = self.scan(entry).await?;
        if is_refused && matches!(look, Look::Found { .. } | Look::NotFound) {
            self.finder.learned().filter = Filter::Useless;
        }
        Ok(look)
    }

    /// Whether the filter finds a request that is known to exist, so that it would have found this one.
    async fn prove_filter(&self, entry: &Entry) -> Result<bool, Stopped> {
        let known = self.finder.learned().known;
        let Some((known, since)) = known.filter(|(known, _)| *known != entry.import_id) else {
            return Ok(false);
        };
        let mark = known.mark();
        let Page::Items { items, .. } = self.filtered(entry, &mark).await? else {
            return Ok(false);
        };
        let hits: Vec<_> = matching(&items, &mark).collect();
        let is_within = hits.iter().any(|(_, (_, item))| {
            let notes = item.get("notes").and_then(Value::as_str);
            notes.is_some_and(|notes| !is_bare(notes, known))
        });
        let mut learned = self.finder.learned();
        learned.filter = match hits.len() {
            // What was created just now may not be listed yet.
            0 if items.is_empty() && since.elapsed() < self.sending.settle => Filter::Unproven,
            count if count == 0 || count < items.len() => Filter::Useless,
            _ if is_within => Filter::FindsWithin,
            _ => Filter::FindsWhole,
        };
        tracing::debug!(
            filter = ?learned.filter,
            "the notes filter was tried on a request that exists"
        );
        let is_proven = learned.is_proven_for(entry);
        if learned.filter == Filter::FindsWhole && !is_proven {
            // Something else may prove more.
            learned.known = None;
        }
        Ok(is_proven)
    }

    /// The requests whose notes hold a mark, if the filter does what it is called.
    async fn filtered(&self, entry: &Entry, mark: &str) -> Result<Page, Stopped> {
        let query = [("notes", mark), ("limit", "100")];
        Ok(read_page(self.list(entry.import_id, &query).await?))
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
                        return Ok(found(hits, entry));
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

fn found(hits: BTreeMap<Uuid, (Receipt, Value)>, entry: &Entry) -> Look {
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
            oddity: classify::oddity(&classify::differing_fields(&item, &entry.body)),
        },
    }
}

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
        status => {
            let message = format!("the list of requests is not to be had ({status})");
            return Page::None(Look::Unable(Reason::new("no_list", message)));
        }
    }
    let body = match answer.body {
        Ok(body) => body,
        Err(fault @ BodyFault::CutOff) => return not_served(fault.to_string()),
        Err(BodyFault::TooLarge) => return unreadable(),
    };
    let Ok(mut page) = serde_json::from_slice::<Value>(&body) else {
        return not_served("the list of requests is not JSON".into());
    };
    let total = page.get("total").and_then(Value::as_u64);
    let total = total.and_then(|total| usize::try_from(total).ok());
    match (page.get_mut("items").map(Value::take), total) {
        (Some(Value::Array(items)), Some(total)) => Page::Items { items, total },
        _ => unreadable(),
    }
}

fn unreadable() -> Page {
    Page::None(Look::Unable(Reason::new(
        "list_broken",
        "the list of requests cannot be read",
    )))
}
