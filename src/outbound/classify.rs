//! What an exchange means for an entry: one match reads status codes, nobody else does.
//!
//! Pure. The rule behind it: only what surely did not create may be sent again; everything else is in
//! doubt until it has been looked up.

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::HashSet;

use serde_json::Value;
use uuid::Uuid;

use super::circuit_breaker::Health;
use super::exchange::{Answer, BodyFault, Exchange, Silence};
use super::server_text::ServerText;
use super::shown::{self, differing_fields, is_real, oddity, receipt};
use crate::codes::{OutcomeCode, ReasonCode};
use crate::entry::{Field, MARK_CHARS, RequestBody};
use crate::outcome::{Reason, Receipt};
use crate::stop::StopCause;
use crate::timeline::Fate;

/// What to do after an attempt.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Disposition {
    /// It exists.
    Created {
        receipt: Receipt,
        /// What Concord shows otherwise than it was sent.
        oddity: Option<Reason>,
    },
    /// Concord refuses it for what it is.
    Rejected(Reason),
    /// Surely not created, and not the entry's fault: try again, as often as it takes.
    NotServed(Reason),
    /// It may have been created.
    InDoubt(Reason),
    /// It is accepted, and may be created at any time: never to be sent again.
    Accepted(Reason),
    /// It conflicts with something that exists, which may be itself.
    Conflict(Reason),
    /// Surely not created: the key may not, or what stands between takes offence at the entry.
    Forbidden(Reason),
    /// Nothing can be created in this project as things are.
    Stop(StopCause),
    /// The same, and it may have been created before that was said.
    StopInDoubt(StopCause, Reason),
}

/// What an attempt to create came to, and what it tells of the server.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) disposition: Disposition,
    pub(super) health: Health,
    pub(super) status: Option<u16>,
}

impl Verdict {
    /// What it came to, for the report.
    pub(super) fn fate(&self) -> Fate {
        match (&self.disposition, &self.health) {
            (Disposition::Created { .. }, _) => Fate::Created,
            (_, Health::Busy { .. }) => Fate::Refused,
            // What ends the run says nothing of the entry.
            (
                Disposition::NotServed(_)
                | Disposition::InDoubt(_)
                | Disposition::Accepted(_)
                | Disposition::Stop(_)
                | Disposition::StopInDoubt(..),
                _,
            )
            | (_, Health::Failing { .. } | Health::Unreachable { .. }) => Fate::Failed,
            _ => Fate::Rejected,
        }
    }

    /// Why it created nothing, as a code.
    pub(super) fn reason(&self) -> Option<ReasonCode> {
        match &self.disposition {
            Disposition::Created { .. } => None,
            Disposition::Rejected(reason)
            | Disposition::NotServed(reason)
            | Disposition::InDoubt(reason)
            | Disposition::Accepted(reason)
            | Disposition::Conflict(reason)
            | Disposition::Forbidden(reason)
            | Disposition::StopInDoubt(_, reason) => Some(reason.code.clone()),
            Disposition::Stop(_) => Some(match self.status {
                Some(status) => ReasonCode::Answer(status),
                None => OutcomeCode::NoConnection.into(),
            }),
        }
    }
}

/// Reads the exchange of an attempt to create.
pub(super) fn classify(exchange: Exchange, sent: &RequestBody, words: &ServerText) -> Verdict {
    match exchange {
        Err(silence) => Verdict {
            disposition: match &silence {
                Silence::Barred(obstacle) => {
                    Disposition::Stop(StopCause::Unconnectable(obstacle.clone()))
                }
                Silence::NoConnection(_) => Disposition::NotServed(Reason::new(
                    OutcomeCode::NoConnection,
                    silence.to_string(),
                )),
                Silence::Timeout(_) => {
                    Disposition::InDoubt(Reason::new(OutcomeCode::Timeout, silence.to_string()))
                }
                Silence::Broken => Disposition::InDoubt(Reason::new(
                    OutcomeCode::ConnectionBroken,
                    silence.to_string(),
                )),
            },
            health: health_of_silence(&silence),
            status: None,
        },
        Ok(answer) => {
            let disposition = dispose(&answer, sent, words);
            Verdict {
                status: Some(answer.status),
                health: match disposition {
                    Disposition::Created { .. } => Health::Created,
                    _ => health(&answer),
                },
                disposition,
            }
        }
    }
}

/// What silence tells of the server.
pub(super) fn health_of_silence(silence: &Silence) -> Health {
    match silence {
        Silence::NoConnection(_) | Silence::Barred(_) => Health::Unreachable {
            what: silence.to_string(),
        },
        Silence::Timeout(_) | Silence::Broken => Health::Failing {
            what: silence.to_string(),
        },
    }
}

/// What an answer tells of the server, whoever asked for what.
pub(super) fn health(answer: &Answer) -> Health {
    match (answer.status, answer.retry_after) {
        // Surely not created, so that a reset is as good as a Retry-After. Of a 503 only the latter says so.
        (429, retry_after) => Health::Busy {
            retry_after: retry_after.or_else(|| answer.limits?.wait()),
            status: 429,
        },
        (503, Some(wait)) => Health::Busy {
            retry_after: Some(wait),
            status: 503,
        },
        (status @ (408 | 500..), _) => Health::Failing {
            what: format!("it answers {status}"),
        },
        _ => Health::Serving,
    }
}

fn dispose(answer: &Answer, sent: &RequestBody, words: &ServerText) -> Disposition {
    let status = answer.status;
    let reason = || Reason::new(ReasonCode::Answer(status), words.message(answer, sent));
    match status {
        201 => match &answer.body {
            Ok(body) => read_created(body, sent),
            Err(fault) => {
                Disposition::InDoubt(Reason::new(OutcomeCode::Unreadable201, fault.to_string()))
            }
        },
        // A sign-in page or a website: the answer is not from Concord, or something is between it and the importer.
        // Of 202, which says that the request is accepted, the body says nothing more.
        200..=299 if status != 202 && answer.body == Err(BodyFault::WebPage) => {
            Disposition::StopInDoubt(StopCause::WebPage { status }, reason())
        }
        // Concord's answers are JSON.
        200..=299 if status != 202 && !is_json_or_empty(answer) => {
            Disposition::StopInDoubt(StopCause::WrongServer { status }, reason())
        }
        // Some servers answer so when they have queued the work (202) or done it (200, 204).
        200..=299 => Disposition::Accepted(reason()),
        401 => Disposition::Stop(StopCause::KeyRefused),
        403 => Disposition::Forbidden(reason()),
        // The path holds nothing but organization and project, so it is one of them that is unknown.
        404 => Disposition::Stop(StopCause::ProjectUnknown),
        // No Concord says these to a POST; going on would reject every row for the address's fault. Some of them are what
        // servers say as well when the work is done (RFC 9110, 15.4.3 and 15.4.4), or after they have begun it.
        300 | 302..=306 | 501 | 505 | 511 => {
            let cause = StopCause::WrongServer { status };
            Disposition::StopInDoubt(cause, reason())
        }
        300..=399 | 405 | 406 | 407 | 410 | 411 | 414 | 415 | 417 => {
            Disposition::Stop(StopCause::WrongServer { status })
        }
        // The fault is in the account or the connection, and so the same for every row.
        402 | 426 | 428 | 431 | 451 => Disposition::Stop(StopCause::RefusesAll { status }),
        503 if answer.retry_after.is_some() => Disposition::NotServed(reason()),
        // Refused before it was acted upon (RFC 9110, 15.5.20; RFC 6585, 4; RFC 8470): not the entry's fault.
        421 | 425 | 429 => Disposition::NotServed(reason()),
        // By RFC 9110, 15.5.9, the request did not arrive whole; but frameworks say it as well of work that took too
        // long, and go on with the work.
        408 => Disposition::InDoubt(reason()),
        // It may conflict with the request of an earlier attempt.
        409 => Disposition::Conflict(reason()),
        400..=499 => Disposition::Rejected(reason()),
        // Every 5xx, and every status that has no meaning here.
        _ => Disposition::InDoubt(reason()),
    }
}

fn is_json_or_empty(answer: &Answer) -> bool {
    answer.body.as_ref().is_ok_and(|body| {
        body.trim_ascii().is_empty() || serde_json::from_slice::<IgnoredAny>(body).is_ok()
    })
}

/// Reads a 201. What contradicts the request is no receipt of it.
fn read_created(body: &[u8], sent: &RequestBody) -> Disposition {
    if let Some(receipt) = Echo::receipt_of(body, sent) {
        return Disposition::Created {
            receipt,
            oddity: None,
        };
    }
    let doubt =
        |message: &str| Disposition::InDoubt(Reason::new(OutcomeCode::Unreadable201, message));
    let Ok(item) = serde_json::from_slice::<Value>(body) else {
        return doubt("the answer 201 is not JSON");
    };
    if has_repeated_name(body) {
        return doubt("the answer 201 has a name more than once");
    }
    let Some(receipt) = receipt(&item) else {
        return doubt("the answer 201 has no `id` that is a UUID");
    };
    let differing = differing_fields(&item, sent);
    if shown::is_of_another_person(&item, sent, &differing) {
        return doubt("the answer 201 shows another person than the one sent");
    }
    if differing.contains(&Field::Request) || has_foreign_mark(&item, sent) {
        return doubt("the answer 201 tells of another request than the one sent");
    }
    Disposition::Created {
        receipt,
        oddity: oddity(&differing),
    }
}

/// The ordinary answer: it shows what was sent as it was sent. Read without a tree of values, which takes four times
/// as long; whatever is odd about an answer is for the tree.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Echo {
    id: Uuid,
    concord_id: Option<Uuid>,
    request_date: Option<i64>,
    capture_url: Option<String>,
    domain: Option<String>,
    notes: Option<String>,
    preverified: Option<bool>,
    request: Option<String>,
    request_details: Option<String>,
    user: Option<EchoOfUser>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EchoOfUser {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    phone_number: Option<String>,
}

impl Echo {
    /// The receipt, if nothing about the answer is odd.
    fn receipt_of(body: &[u8], sent: &RequestBody) -> Option<Receipt> {
        let echo: Self = serde_json::from_str(str::from_utf8(body).ok()?).ok()?;
        let user = echo.user.unwrap_or_default();
        let details = sent.request_details();
        let is_as_sent = is_same(
            echo.notes.as_deref(),
            Some(sent.notes().unwrap_or_default()),
        ) && is_same(echo.request.as_deref(), Some(sent.request().name()))
            && is_same(echo.preverified, sent.preverified())
            && is_same(echo.capture_url.as_deref(), sent.capture_url())
            && is_same(echo.domain.as_deref(), sent.domain())
            && is_same(user.email.as_deref(), sent.user_email())
            && is_same(user.first_name.as_deref(), sent.user_first_name())
            && is_same(user.last_name.as_deref(), sent.user_last_name())
            && is_same(user.phone_number.as_deref(), sent.user_phone_number())
            && is_same(echo.request_details.as_deref(), details.as_deref())
            && (echo.concord_id.is_none() || sent.concord_id().is_none());
        (is_as_sent && is_real(echo.id)).then_some(Receipt {
            id: echo.id,
            concord_id: echo.concord_id,
            request_date: echo.request_date,
        })
    }
}

/// What is shown is what was sent. What is not shown, or was not sent, says nothing.
fn is_same<T: PartialEq + Copy>(shown: Option<T>, sent: Option<T>) -> bool {
    shown.is_none() || sent.is_none() || shown == sent
}

/// Whether the notes shown bear a mark that is not in those sent. Other differences (white space, a cut) prove nothing.
fn has_foreign_mark(item: &Value, sent: &RequestBody) -> bool {
    let shown = item
        .get("notes")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let sent = sent.notes().unwrap_or_default();
    shown.match_indices("[ref ").any(|(at, _)| {
        let mark: String = shown[at..].chars().take(MARK_CHARS).collect();
        !sent.contains(&mark)
    })
}

/// Checks whether a JSON text has an object in which a name stands more than once: readers differ in which of the values they
/// take.
fn has_repeated_name(body: &[u8]) -> bool {
    serde_json::from_slice::<Unrepeated>(body).is_err()
}

/// Any JSON value in whose objects no name is repeated.
struct Unrepeated;

impl<'de> Deserialize<'de> for Unrepeated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unrepeated {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON without repeated names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            map.next_value::<Self>()?;
            if !names.insert(name) {
                return Err(A::Error::custom("a name is repeated"));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self, A::Error> {
        while all.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::intake::validate::validate;

    fn sent() -> RequestBody {
        validate(&json!({
            "request": "delete", "userEmail": "ada@example.com", "userLastName": "Müller",
            "userPhoneNumber": "+442079460018", "requestDetails": "Subject: x\nmy son Kevin Smith",
            "notes": "two\nlines [ref 00000000-0000-0000-0000-000000000001]",
        }))
        .expect("valid")
    }

    #[test]
    fn notes_that_come_back_normalised_are_a_receipt_and_those_of_another_are_not() {
        let id = "101d267f-7ac3-4852-802b-28639f19fe8a";
        let ours =
            json!({"id": id, "notes": "two lines [ref 00000000-0000-0000-0000-000000000001]"});
        let created = read_created(ours.to_string().as_bytes(), &sent());
        assert!(
            matches!(
                created,
                Disposition::Created {
                    oddity: Some(_),
                    ..
                }
            ),
            "{created:?}"
        );
        let other =
            json!({"id": id, "notes": "two lines [ref 00000000-0000-0000-0000-000000000002]"});
        let doubt = read_created(other.to_string().as_bytes(), &sent());
        assert!(matches!(doubt, Disposition::InDoubt(_)), "{doubt:?}");
    }
}
