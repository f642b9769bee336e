//! Fields of a listed or created request, compared with the fields that were sent.

use std::borrow::Cow;

use serde_json::Value;
use uuid::Uuid;

use crate::codes::OutcomeCode;
use crate::entry::{Field, RequestBody};
use crate::outcome::{Reason, Receipt};

/// Fields that identify the person of a request, if the list shows them.
pub(super) const SHOWN_IDENTIFIERS: [Field; 3] =
    [Field::ConcordId, Field::UserEmail, Field::UserPhoneNumber];
const SHOWN_NAMES: [Field; 2] = [Field::UserFirstName, Field::UserLastName];

/// Checks whether the answer shows another person: every identifier that can be compared differs, or, where none can
/// be compared, every part of the name. A number that is written otherwise is the same number.
pub(super) fn is_of_another_person(item: &Value, sent: &RequestBody, differing: &[Field]) -> bool {
    all_differ(&SHOWN_IDENTIFIERS, item, sent, differing)
        .or_else(|| all_differ(&SHOWN_NAMES, item, sent, differing))
        .unwrap_or(false)
}

/// Checks whether a listed request is of another person, although its notes have the entry's mark: the identifiers differ,
/// and so do the names. Staff may have corrected one of them in Concord.
pub(super) fn is_of_stranger(item: &Value, sent: &RequestBody) -> bool {
    let differing = differing_fields(item, sent);
    is_of_another_person(item, sent, &differing)
        && all_differ(&SHOWN_NAMES, item, sent, &differing).unwrap_or(true)
}

/// Returns whether all of these fields differ that can be compared. None: no field can be compared.
fn all_differ(
    fields: &[Field],
    item: &Value,
    sent: &RequestBody,
    differing: &[Field],
) -> Option<bool> {
    let mut compared = fields
        .iter()
        .filter(|field| is_comparable(item, sent, **field))
        .peekable();
    compared.peek()?;
    Some(compared.all(|field| {
        let is_same_number = *field == Field::UserPhoneNumber && has_phone_of(item, sent);
        differing.contains(field) && !is_same_number
    }))
}

/// Checks whether a request shows the number that was sent, perhaps written otherwise.
pub(super) fn has_phone_of(item: &Value, sent: &RequestBody) -> bool {
    let shown = shown_text(item, Field::UserPhoneNumber);
    match (shown, sent.user_phone_number()) {
        (Some(shown), Some(sent)) => last_digits(&shown) == last_digits(sent),
        _ => false,
    }
}

/// The last digits of a telephone number, which no way of writing it changes.
const PHONE_DIGITS: usize = 7;

/// Returns the last digits of a telephone number, the last one first.
pub(super) fn last_digits(number: &str) -> String {
    let digits = number.chars().rev().filter(char::is_ascii_digit);
    digits.take(PHONE_DIGITS).collect()
}

/// Concord's id of a listed or created request, and what goes with it.
pub(super) fn receipt(item: &Value) -> Option<Receipt> {
    let uuid = |name: &str| Uuid::parse_str(item.get(name)?.as_str()?).ok();
    Some(Receipt {
        id: uuid("id").filter(|id| is_real(*id))?,
        concord_id: uuid("concordId"),
        request_date: item.get("requestDate").and_then(Value::as_i64),
    })
}

/// Returns the fields that are shown with another value than the one that was sent.
pub(super) fn differing_fields(item: &Value, sent: &RequestBody) -> Vec<Field> {
    let differs = |field: &Field| match (shown_text(item, *field), text_of(sent, *field)) {
        (Some(shown), Some(sent)) => {
            shown != sent && comparable(*field, &shown) != comparable(*field, &sent)
        }
        _ => false,
    };
    Field::ALL.into_iter().filter(differs).collect()
}

/// Checks whether a field was sent, and is shown as text.
pub(super) fn is_comparable(item: &Value, sent: &RequestBody, field: Field) -> bool {
    shown(item, field).is_some_and(Value::is_string) && text_of(sent, field).is_some()
}

/// Returns the text that a listed or created request shows in a field. None if it does not show the field.
pub(super) fn shown_text(item: &Value, field: Field) -> Option<Cow<'_, str>> {
    match shown(item, field)? {
        Value::String(text) => Some(text.into()),
        Value::Bool(yes) => Some(yes_or_no(*yes)),
        _ => None,
    }
}

const fn yes_or_no(yes: bool) -> Cow<'static, str> {
    Cow::Borrowed(if yes { "true" } else { "false" })
}

/// Returns the value that a listed request shows in a field.
fn shown(item: &Value, field: Field) -> Option<&Value> {
    let user = item.get("user");
    match field {
        Field::UserEmail => user?.get("email"),
        Field::UserFirstName => user?.get("firstName"),
        Field::UserLastName => user?.get("lastName"),
        Field::UserPhoneNumber => user?.get("phoneNumber"),
        Field::UserId | Field::ProjectUserId => None,
        _ => item.get(field.name()),
    }
}

/// Returns the text that was sent in a field.
pub(super) fn text_of(sent: &RequestBody, field: Field) -> Option<Cow<'_, str>> {
    let text = match field {
        Field::CaptureUrl => sent.capture_url(),
        Field::ConcordId => return sent.concord_id().map(|id| id.to_string().into()),
        Field::Domain => sent.domain(),
        Field::Notes => sent.notes(),
        Field::Preverified => return sent.preverified().map(yes_or_no),
        Field::ProjectUserId => sent.project_user_id(),
        Field::Request => Some(sent.request().name()),
        Field::RequestDetails => return sent.request_details(),
        Field::UserEmail => sent.user_email(),
        Field::UserFirstName => sent.user_first_name(),
        Field::UserId => sent.user_id(),
        Field::UserLastName => sent.user_last_name(),
        Field::UserPhoneNumber => sent.user_phone_number(),
    };
    text.map(Cow::Borrowed)
}

/// Returns a text as it is compared: servers may write addresses and ids in lower case, and trim texts.
pub(super) fn comparable(field: Field, text: &str) -> String {
    match field {
        Field::UserEmail | Field::ConcordId | Field::Domain => text.trim().to_ascii_lowercase(),
        _ => text.trim().to_owned(),
    }
}

pub(super) fn oddity(differing: &[Field]) -> Option<Reason> {
    let names: Vec<_> = differing.iter().map(|field| format!("`{field}`")).collect();
    (!names.is_empty()).then(|| {
        Reason::new(
            OutcomeCode::EchoDiffers,
            format!(
                "Concord shows {} otherwise than it was sent",
                names.join(", ")
            ),
        )
    })
}

/// Returns whether an id can be that of a request: the nil and the max UUID are placeholders.
pub(super) const fn is_real(id: Uuid) -> bool {
    !id.is_nil() && !id.is_max()
}
