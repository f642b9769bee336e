//! One page of the list of requests: asked for, read, or why it could not be.

use serde_json::Value;

use super::exchange::{BodyFault, Exchange};
use super::look::Look;
use crate::codes::OutcomeCode;
use crate::entry::ImportId;
use crate::outcome::Reason;

/// The failure of a list that is not JSON: probably a page from a gateway, or the server is not Concord.
pub(super) const NOT_JSON: &str = "the list of requests is not JSON";

/// A page, or why there is none.
pub(super) enum Page {
    Items { items: Vec<Value>, total: usize },
    None(Look),
}

/// The import ids of the marks in an item's notes.
pub(super) fn marks(item: &Value) -> Vec<ImportId> {
    let notes = item.get("notes").and_then(Value::as_str);
    ImportId::marks_in(notes.unwrap_or_default())
}

/// Reads what came of asking for a page.
pub(super) fn read_page(exchange: Exchange) -> Page {
    let not_served = |message: String| {
        Page::None(Look::NotServed(Reason::new(
            OutcomeCode::LookupFailed,
            message,
        )))
    };
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
            return Page::None(Look::Unable(Reason::new(OutcomeCode::ListBroken, message)));
        }
        status => {
            let message = format!("the list of requests is not to be had ({status})");
            return Page::None(Look::Unable(Reason::new(OutcomeCode::NoList, message)));
        }
    }
    let body = match answer.body {
        Ok(body) => body,
        Err(fault @ BodyFault::CutOff) => return not_served(fault.to_string()),
        // The page is probably from a gateway, so the server is asked again.
        Err(BodyFault::WebPage) => return not_served(NOT_JSON.into()),
        Err(fault @ (BodyFault::TooLarge { .. } | BodyFault::Encoded { .. })) => {
            let message = format!("the list of requests cannot be read: {fault}");
            return Page::None(Look::Unable(Reason::new(OutcomeCode::ListBroken, message)));
        }
    };
    let Ok(mut page) = serde_json::from_slice::<Value>(&body) else {
        return not_served(NOT_JSON.into());
    };
    let total = page.get("total").and_then(Value::as_u64);
    let total = total.and_then(|total| usize::try_from(total).ok());
    match (page.get_mut("items").map(Value::take), total) {
        (Some(Value::Array(items)), Some(total)) => Page::Items { items, total },
        _ => Page::None(Look::Unable(Reason::new(
            OutcomeCode::ListBroken,
            "the list of requests cannot be read",
        ))),
    }
}
