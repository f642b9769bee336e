//! What the server tells of the project before anything is sent to it. Sends no POST, and decides nothing.

use serde_json::Value;

use super::Outbound;
use super::gate::{Cost, Purpose, Want};
use crate::event::Preflight;
use crate::stop::StopCause;

const PAGE_ITEMS: usize = 100;
/// What helps who cannot be told.
const COMPARE: &str = "compare the project's id with Concord's project settings";
/// Organizations with more projects than this are not searched for the name of one.
const PROJECTS_MAX: usize = 10_000;

impl Outbound {
    /// Asks for the project's name and whether it is a test project. A refused key ends the run.
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
                Err(silence) => return unknown(silence.to_string()),
            };
            if answer.status == 401 {
                self.stop.raise(StopCause::KeyRefused);
            }
            if answer.status != 200 {
                let answered = format!("the list of projects answered {}", answer.status);
                return match answer.status {
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
            if let Some(found) = items.iter().find_map(|item| named(item, project)) {
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

fn unknown(why: impl Into<String>) -> Preflight {
    Preflight::Unknown { why: why.into() }
}

fn named(item: &Value, project: uuid::Uuid) -> Option<Preflight> {
    let id = item.get("id")?.as_str()?;
    (uuid::Uuid::parse_str(id) == Ok(project)).then(|| Preflight::Named {
        name: item
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or("(without a name)")
            .to_owned(),
        is_test: item
            .get("statusFlags")
            .and_then(|flags| flags.get("isTest")?.as_bool()),
    })
}
