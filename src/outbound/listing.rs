//! All that a project holds, page by page, without what it says of people.

use serde_json::Value;
use uuid::Uuid;

use super::look::Look;
use super::pace::Stopped;
use super::page::{self, Page, read_page};
use super::retry_budget::Cost;
use super::server_text::ServerText;
use super::walk::page_items;
use super::{Outbound, shown};
use crate::entry::{Field, ImportId, RequestBody, RequestType};
use crate::identity::PersonDigests;
use crate::listed::{Listed, Shown};
use crate::outcome::Reason;

/// A page of the project's list.
#[derive(Clone, Debug)]
pub struct ListPage {
    /// Its requests. What has no id is none, and is left out.
    pub items: Vec<Listed>,
    /// How many there were, with those left out.
    pub count: u64,
    /// As many as were asked for: more may follow, whatever `total` says, since some count no further than to a limit.
    pub is_full: bool,
    /// How many the project holds.
    pub total: u64,
}

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPage {
    /// The run is ending.
    Stopped,
    /// The server forbids or lacks the list, or gives one that cannot be read.
    Unable(Reason),
    /// The server did not serve us, as often as an entry may be tried.
    NotServed(Reason),
}

impl Outbound {
    /// One page of the project's list from an offset, tried again while the server does not serve.
    pub async fn list_page(&self, project: Uuid, offset: u64) -> Result<ListPage, NoPage> {
        let (limit, offset) = (page_items().to_string(), offset.to_string());
        let query = [("limit", limit.as_str()), ("offset", offset.as_str())];
        let mut backoff = super::backoff::Backoff::new(
            self.sending.initial_backoff,
            self.sending.max_backoff,
            self.seed,
        );
        let mut tries = 0;
        loop {
            let exchange = self
                .list(ImportId(Uuid::nil()), &query, Cost::Free)
                .await
                .map_err(|Stopped| NoPage::Stopped)?;
            match read_page(exchange) {
                Page::Items { items, total } => {
                    return Ok(ListPage {
                        items: items
                            .iter()
                            .filter_map(|item| listed(item, project, &self.client.words))
                            .collect(),
                        count: items.len() as u64,
                        is_full: items.len() >= page_items(),
                        total: total as u64,
                    });
                }
                Page::None(Look::NotServed(reason)) => {
                    tries += 1;
                    if tries >= self.sending.max_attempts.get() {
                        return Err(NoPage::NotServed(reason));
                    }
                }
                Page::None(Look::Unable(reason)) => return Err(NoPage::Unable(reason)),
                // What a look comes to; a page comes to neither.
                Page::None(Look::Found { .. } | Look::NotFound | Look::Ambiguous(_)) => {}
            }
            tokio::select! {
                biased;
                _ = self.stop.raised() => return Err(NoPage::Stopped),
                () = tokio::time::sleep(backoff.next_delay()) => {}
            }
        }
    }
}

/// Digests of what is sent, to be held against what is listed.
pub fn digests_of(sent: &RequestBody, project: Uuid) -> Shown {
    Shown::of(project, |field| {
        shown::text_of(sent, field).map(|text| shown::comparable(field, &text))
    })
}

fn listed(item: &Value, project: Uuid, words: &ServerText) -> Option<Listed> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    Some(Listed {
        receipt: shown::receipt(item)?,
        marks: page::marks(item),
        request: RequestType::from_name(text("request")),
        status: words.name(text("status")),
        resolution_status: words.name(text("resolutionStatus")),
        shown: Shown::of(project, |field: Field| {
            shown::shown_text(item, field).map(|text| shown::comparable(field, &text))
        }),
        person: person(item, project),
    })
}

/// Returns digests of the identifiers that a listed request shows as they were sent: an address, and a number that is
/// shown as E.164. Concord's own id of the person is none that a row must have.
fn person(item: &Value, project: Uuid) -> PersonDigests {
    let mut person = PersonDigests::default();
    if let Some(address) = shown::shown_text(item, Field::UserEmail) {
        person.add(project, Field::UserEmail, address.trim());
    }
    if let Some(number) = shown::shown_text(item, Field::UserPhoneNumber)
        && number.trim_start().starts_with('+')
    {
        let is_kept = |c: &char| *c == '+' || c.is_ascii_digit();
        let number: String = number.chars().filter(is_kept).collect();
        person.add(project, Field::UserPhoneNumber, &number);
    }
    person.partial()
}
