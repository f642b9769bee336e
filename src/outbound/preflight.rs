//! What the server tells of the project before anything is sent to it. Sends no POST, and decides nothing.

use serde_json::Value;

use super::Outbound;
use super::circuit_breaker::{Purpose, Want};
use super::exchange::{Answer, BodyFault, Silence};
use super::retry_budget::Cost;
use super::server_text::ServerText;
use crate::event::Preflight;
use crate::stop::StopCause;

const PAGE_ITEMS: usize = 100;
/// What helps who cannot be told.
const COMPARE: &str = "compare the project's id with Concord's project settings";
/// The hint for a key that is refused, or that may not list projects.
const KEY_MAY_BE_WRONG: &str = "the API key may be wrong, or not allowed to list projects";
/// Organizations with more projects than this are not searched for the name of one.
const PROJECTS_MAX: usize = 10_000;

impl Outbound {
    /// Asks for the project's name and whether it is a test project. What shows that nothing can be created (a refused key, a
    /// web page in the place of the API) ends the run before anything is sent.
    pub async fn preflight(&self, project: uuid::Uuid) -> Preflight {
        let mut offset = 0;
        loop {
            let want = Want {
                purpose: Purpose::LookUp,
                cost: Cost::Free,
            };
            let Ok(_permit) = self.pacer.permit(want).await else {
                return unknown("the run is ending");
            };
            let answer = match self.client.projects(offset, PAGE_ITEMS).await {
                Ok(answer) => answer,
                Err(silence) => {
                    if let Silence::Barred(obstacle) = &silence {
                        self.stop.raise(StopCause::Unconnectable(obstacle.clone()));
                    }
                    return unknown(silence.to_string());
                }
            };
            if let Some(cause) = stop_of(&answer) {
                self.stop.raise(cause);
            }
            if answer.status != 200 {
                let answered = format!("the list of projects answered {}", answer.status);
                return match answer.status {
                    // Gateways also answer so to a wrong key.
                    403 => unknown(format!("{answered}: {KEY_MAY_BE_WRONG}; {COMPARE}")),
                    400..=499 => unknown(format!("{answered}; {COMPARE}")),
                    _ => unknown(answered),
                };
            }
            let page = answer
                .body
                .ok()
                .and_then(|body| serde_json::from_slice::<Value>(&body).ok());
            let Some(items) = page.as_ref().and_then(|page| page.get("items")?.as_array()) else {
                return unknown(format!("the list of projects cannot be read; {COMPARE}"));
            };
            if let Some(found) = items
                .iter()
                .find_map(|item| named(item, project, &self.client.words))
            {
                return found;
            }
            offset += items.len();
            let total = page.as_ref().and_then(|page| page.get("total")?.as_u64());
            let total = total
                .and_then(|total| usize::try_from(total).ok())
                .unwrap_or(offset);
            if items.is_empty() || offset >= total || offset >= PROJECTS_MAX {
                return Preflight::NotListed;
            }
        }
    }
}

/// Returns the cause to stop the run if the answer shows that no request can be created there.
fn stop_of(answer: &Answer) -> Option<StopCause> {
    match answer.status {
        401 => Some(StopCause::KeyRefused),
        status @ (300..=399 | 407 | 511) => Some(StopCause::WrongServer { status }),
        status if answer.body == Err(BodyFault::WebPage) && (200..=299).contains(&status) => {
            Some(StopCause::WebPage { status })
        }
        _ => None,
    }
}

fn unknown(why: impl Into<String>) -> Preflight {
    Preflight::Unknown { why: why.into() }
}

fn named(item: &Value, project: uuid::Uuid, words: &ServerText) -> Option<Preflight> {
    let id = item.get("id")?.as_str()?;
    (uuid::Uuid::parse_str(id) == Ok(project)).then(|| Preflight::Named {
        name: item
            .get("name")
            .and_then(Value::as_str)
            .map_or_else(|| "(without a name)".to_owned(), |name| words.name(name)),
        is_test: item
            .get("statusFlags")
            .and_then(|flags| flags.get("isTest")?.as_bool()),
    })
}
