//! The published schema of a request body as one typed model.
//!
//! In: a [`Draft`] (made by the mapping, or of any JSON value). Out: a [`RequestBody`], which nothing else can
//! make, or every fault of the draft. Source of the rules: the published page "Create compliance request(s)"
//! (`requestBody`); where it is silent, what is likely is a warning and never a refusal.
//! Deliberately not here: where a value came from, and any change of a value.

pub(crate) mod email;

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::entry::{Field, ImportId, RequestType};
use crate::intake::problem::grouped;

/// `notes.maxLength`, in code points (JSON Schema counts characters as RFC 8259 defines them).
pub const NOTES_CHARS_MAX: usize = 2048;
/// `domain.maxLength`, in code points.
pub const DOMAIN_CHARS_MAX: usize = 256;
/// A longer `captureUrl` is likely refused (another page of the API says so): a warning.
pub const CAPTURE_URL_CHARS_LIKELY_MAX: usize = 2048;
/// Longer names and phone numbers are likely refused (another page of the API says so): a warning.
pub const NAME_CHARS_LIKELY_MAX: usize = 128;
/// No mail system takes a longer address (RFC 5321, 4.5.3.1): a warning.
pub const EMAIL_CHARS_LIKELY_MAX: usize = 254;

/// A request body that keeps the published schema. Made by this module alone.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    capture_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concord_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preverified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_user_id: Option<String>,
    request: RequestType,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_details: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_phone_number: Option<String>,
}

impl RequestBody {
    /// `captureUrl`
    pub fn capture_url(&self) -> Option<&str> {
        self.capture_url.as_deref()
    }

    /// `concordId`
    pub fn concord_id(&self) -> Option<Uuid> {
        self.concord_id
    }

    /// `domain`
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// `notes`, the mark included.
    pub fn notes(&self) -> Option<&str> {
        self.notes.as_deref()
    }

    /// `preverified`; the API takes an absent one as false.
    pub fn preverified(&self) -> Option<bool> {
        self.preverified
    }

    /// `projectUserId`
    pub fn project_user_id(&self) -> Option<&str> {
        self.project_user_id.as_deref()
    }

    /// `request`
    pub fn request(&self) -> RequestType {
        self.request
    }

    /// `requestDetails`: text when it comes from a mapping, any JSON but null by the schema.
    pub fn request_details(&self) -> Option<&Value> {
        self.request_details.as_ref()
    }

    /// `userEmail`
    pub fn user_email(&self) -> Option<&str> {
        self.user_email.as_deref()
    }

    /// `userFirstName`
    pub fn user_first_name(&self) -> Option<&str> {
        self.user_first_name.as_deref()
    }

    /// `userId`
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// `userLastName`
    pub fn user_last_name(&self) -> Option<&str> {
        self.user_last_name.as_deref()
    }

    /// `userPhoneNumber`
    pub fn user_phone_number(&self) -> Option<&str> {
        self.user_phone_number.as_deref()
    }

    /// Puts one mark in the place of another, of the same length.
    pub(crate) fn replace_mark(&mut self, old: ImportId, new: ImportId) {
        if let Some(notes) = &mut self.notes
            && let Some(text) = notes.strip_suffix(&old.mark())
        {
            *notes = format!("{text}{}", new.mark());
        }
    }

    /// Whether Concord will most likely write to the person to verify the request.
    pub fn contacts_the_person(&self) -> bool {
        self.preverified != Some(true)
    }

    /// Whether the property is given.
    pub fn has(&self, field: Field) -> bool {
        match field {
            Field::CaptureUrl => self.capture_url.is_some(),
            Field::ConcordId => self.concord_id.is_some(),
            Field::Domain => self.domain.is_some(),
            Field::Notes => self.notes.is_some(),
            Field::Preverified => self.preverified.is_some(),
            Field::ProjectUserId => self.project_user_id.is_some(),
            Field::Request => true,
            Field::RequestDetails => self.request_details.is_some(),
            Field::UserEmail => self.user_email.is_some(),
            Field::UserFirstName => self.user_first_name.is_some(),
            Field::UserId => self.user_id.is_some(),
            Field::UserLastName => self.user_last_name.is_some(),
            Field::UserPhoneNumber => self.user_phone_number.is_some(),
        }
    }
}

/// Names the properties that are given, and no value but `request` and `preverified`: a body may end up in a log.
impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RequestBody");
        shown.field("request", &self.request);
        shown.field("preverified", &self.preverified);
        for field in Field::ALL {
            if !matches!(field, Field::Request | Field::Preverified) && self.has(field) {
                shown.field(field.name(), &format_args!("…"));
            }
        }
        shown.finish_non_exhaustive()
    }
}

/// What is wrong with a draft, in the schema's words. Holds no value of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The property; none for a rule about several.
    pub field: Option<Field>,
    /// For scripts.
    pub code: &'static str,
    /// What was found and what would be right.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(
        field: impl Into<Option<Field>>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            code,
            message: message.into(),
        }
    }
}

/// Some of the thirteen properties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Fields(u16);

impl Fields {
    fn insert(&mut self, field: Field) {
        self.0 |= 1 << field as u16;
    }

    fn contains(self, field: Field) -> bool {
        self.0 & (1 << field as u16) != 0
    }
}

/// A body not yet checked: every property by its type, or known to be of no use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft<'a> {
    /// The properties that are text, by [`Field`]; `requestDetails` too when it is text.
    texts: [Option<Cow<'a, str>>; Field::ALL.len()],
    /// `request`
    pub(crate) request: Option<RequestType>,
    /// `preverified`
    pub(crate) preverified: Option<bool>,
    /// `requestDetails`, when it is not text.
    details: Option<Value>,
    /// Given, but a problem has been found (and told) already.
    refused: Fields,
}

impl<'a> Draft<'a> {
    /// Sets a property that is text.
    pub(crate) fn set(&mut self, field: Field, text: impl Into<Cow<'a, str>>) {
        self.texts[field as usize] = Some(text.into());
    }

    /// The text of a property.
    pub(crate) fn text(&self, field: Field) -> Option<&str> {
        self.texts[field as usize].as_deref()
    }

    /// The property is given, but of no use; its fault is told elsewhere.
    pub(crate) fn refuse(&mut self, field: Field) {
        self.refused.insert(field);
    }

    fn has(&self, field: Field) -> bool {
        self.refused.contains(field) || self.text(field).is_some()
    }

    fn take(&mut self, field: Field) -> Option<String> {
        self.texts[field as usize].take().map(Cow::into_owned)
    }

    /// The content in one fixed form, for fingerprints and content keys: every property that is given, in the order
    /// of the page, as name, 0, length in 8 bytes (little-endian), text. **It can never change**: import ids hang on it.
    pub(crate) fn canonical(&self, request: RequestType, into: &mut Vec<u8>) {
        into.clear();
        for field in Field::ALL {
            let text = match field {
                Field::Request => Some(request.name()),
                Field::Preverified => self
                    .preverified
                    .map(|yes| if yes { "true" } else { "false" }),
                _ => self.text(field),
            };
            if let Some(text) = text {
                into.extend_from_slice(field.name().as_bytes());
                into.push(0);
                into.extend_from_slice(&(text.len() as u64).to_le_bytes());
                into.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// Checks any JSON value against the published schema.
///
/// All faults are told: types, properties that the schema does not know, and every rule of [`body`].
pub fn validate(value: &Value) -> Result<RequestBody, Vec<Fault>> {
    let Value::Object(members) = value else {
        return Err(vec![Fault::new(None, "wrong_type", "is not an object")]);
    };
    let mut draft = Draft::default();
    let mut faults = Vec::new();
    for (name, value) in members {
        let Some(field) = Field::from_name(name) else {
            faults.push(Fault::new(
                None,
                "unknown_property",
                format!("the API knows no property `{name}`"),
            ));
            continue;
        };
        if let Err(fault) = set_json(&mut draft, field, value) {
            draft.refuse(field);
            faults.push(fault);
        }
    }
    match body(draft) {
        Ok(body) if faults.is_empty() => Ok(body),
        Ok(_) => Err(faults),
        Err(more) => {
            faults.extend(more);
            Err(faults)
        }
    }
}

fn set_json<'a>(draft: &mut Draft<'a>, field: Field, value: &'a Value) -> Result<(), Fault> {
    match (field, value) {
        (Field::Request, Value::String(word)) => match RequestType::from_name(word) {
            Some(request) => draft.request = Some(request),
            None => {
                return Err(Fault::new(
                    field,
                    "not_one_of",
                    "is none of change, delete, view and do_not_sell",
                ));
            }
        },
        (Field::Preverified, Value::Bool(yes)) => draft.preverified = Some(*yes),
        (Field::Preverified, _) => {
            return Err(Fault::new(field, "wrong_type", "is neither true nor false"));
        }
        (Field::RequestDetails, Value::Null) => {
            return Err(Fault::new(
                field,
                "wrong_type",
                "is null; leave it out instead",
            ));
        }
        (_, Value::String(text)) => draft.set(field, text.as_str()),
        (Field::RequestDetails, other) => draft.details = Some(other.clone()),
        (_, _) => return Err(Fault::new(field, "wrong_type", "is not text")),
    }
    Ok(())
}

/// Checks a draft: the only maker of a [`RequestBody`].
pub(crate) fn body(mut draft: Draft<'_>) -> Result<RequestBody, Vec<Fault>> {
    let mut faults = Vec::new();
    if draft.request.is_none() && !draft.refused.contains(Field::Request) {
        faults.push(Fault::new(
            Field::Request,
            "required",
            "is missing; every request needs one",
        ));
    }
    if !Field::IDENTIFIERS.into_iter().any(|field| draft.has(field)) {
        faults.push(Fault::new(
            None,
            "no_identifier",
            "nothing tells who the person is; one of concordId, userEmail, userPhoneNumber, projectUserId and userId is needed",
        ));
    }
    let mut concord_id = None;
    if let Some(text) = draft.text(Field::ConcordId) {
        concord_id = uuid(text);
        if concord_id.is_none() {
            faults.push(Fault::new(
                Field::ConcordId,
                "not_uuid",
                "is not a UUID (8-4-4-4-12 hexadecimal digits)",
            ));
        }
    }
    if let Some(fault) = draft.text(Field::UserEmail).and_then(email::fault) {
        faults.push(Fault::new(
            Field::UserEmail,
            "not_email",
            format!("{fault}; an address like name@example.com is wanted"),
        ));
    }
    for (field, max) in [
        (Field::Domain, DOMAIN_CHARS_MAX),
        (Field::Notes, NOTES_CHARS_MAX),
    ] {
        if let Some(chars) = draft.text(field).and_then(|text| chars_beyond(text, max)) {
            faults.push(Fault::new(field, "too_long", too_long(chars, max)));
        }
    }
    match draft.request {
        Some(request) if faults.is_empty() && draft.refused == Fields::default() => {
            Ok(RequestBody {
                capture_url: draft.take(Field::CaptureUrl),
                concord_id,
                domain: draft.take(Field::Domain),
                notes: draft.take(Field::Notes),
                preverified: draft.preverified,
                project_user_id: draft.take(Field::ProjectUserId),
                request,
                request_details: draft
                    .take(Field::RequestDetails)
                    .map(Value::String)
                    .or_else(|| draft.details.take()),
                user_email: draft.take(Field::UserEmail),
                user_first_name: draft.take(Field::UserFirstName),
                user_id: draft.take(Field::UserId),
                user_last_name: draft.take(Field::UserLastName),
                user_phone_number: draft.take(Field::UserPhoneNumber),
            })
        }
        _ => Err(faults),
    }
}

/// What Concord will likely take amiss, though the published page allows it.
pub fn warnings(body: &RequestBody) -> Vec<Fault> {
    let mut found = Vec::new();
    if let Some(url) = &body.capture_url {
        if let Some(chars) = chars_beyond(url, CAPTURE_URL_CHARS_LIKELY_MAX) {
            found.push(likely_too_long(
                Field::CaptureUrl,
                chars,
                CAPTURE_URL_CHARS_LIKELY_MAX,
            ));
        }
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            found.push(Fault::new(
                Field::CaptureUrl,
                "not_http",
                "does not start with http:// or https://",
            ));
        }
    }
    if let Some(told) = body.user_email.as_deref().and_then(email::unusual) {
        found.push(Fault::new(Field::UserEmail, "unusual_email", told));
    }
    for (field, text, max) in [
        (Field::UserEmail, &body.user_email, EMAIL_CHARS_LIKELY_MAX),
        (
            Field::UserFirstName,
            &body.user_first_name,
            NAME_CHARS_LIKELY_MAX,
        ),
        (
            Field::UserLastName,
            &body.user_last_name,
            NAME_CHARS_LIKELY_MAX,
        ),
        (
            Field::UserPhoneNumber,
            &body.user_phone_number,
            NAME_CHARS_LIKELY_MAX,
        ),
    ] {
        if let Some(chars) = text.as_deref().and_then(|text| chars_beyond(text, max)) {
            found.push(likely_too_long(field, chars, max));
        }
    }
    if let Some(domain) = &body.domain
        && domain.contains(|c: char| c.is_whitespace() || matches!(c, '/' | ':' | '@'))
    {
        found.push(Fault::new(
            Field::Domain,
            "not_domain",
            "does not look like a bare domain such as www.example.com",
        ));
    }
    found
}

fn likely_too_long(field: Field, chars: usize, max: usize) -> Fault {
    Fault::new(
        field,
        "likely_too_long",
        format!("{}; Concord likely refuses it", too_long(chars, max)),
    )
}

fn too_long(chars: usize, max: usize) -> String {
    format!(
        "{} characters, at most {}",
        grouped(chars as u64),
        grouped(max as u64)
    )
}

/// The number of code points, when it is beyond `max`.
fn chars_beyond(text: &str, max: usize) -> Option<usize> {
    if text.len() <= max {
        return None;
    }
    let chars = text.chars().count();
    (chars > max).then_some(chars)
}

/// The hyphenated form only, as the format `uuid` of JSON Schema wants it (RFC 9562, 4).
fn uuid(text: &str) -> Option<Uuid> {
    if text.len() != 36 {
        return None;
    }
    Uuid::try_parse(text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn codes(value: &Value) -> Vec<&'static str> {
        match validate(value) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.iter().map(|fault| fault.code).collect(),
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults = codes(&json!({
            "request": "portability",
            "userEmail": "nobody",
            "domain": "x".repeat(257),
            "concordId": "1234",
            "preverified": "yes",
            "colour": "red",
        }));
        for code in [
            "not_one_of",
            "not_email",
            "too_long",
            "not_uuid",
            "wrong_type",
            "unknown_property",
        ] {
            assert!(faults.contains(&code), "{code}: {faults:?}");
        }
    }

    #[test]
    fn lengths_count_code_points() {
        let notes = "é".repeat(NOTES_CHARS_MAX);
        assert_eq!(
            codes(&json!({"request": "view", "userId": "1", "notes": notes})),
            [""; 0]
        );
        let notes = format!("{notes}é");
        assert_eq!(
            codes(&json!({"request": "view", "userId": "1", "notes": notes})),
            ["too_long"]
        );
    }

    #[test]
    fn a_refused_identifier_is_not_also_called_missing() {
        let mut draft = Draft {
            request: Some(RequestType::View),
            ..Draft::default()
        };
        draft.refuse(Field::UserPhoneNumber);
        assert_eq!(body(draft), Err(Vec::new()));
    }

    #[test]
    fn a_body_shows_no_value_in_debug() {
        let body =
            validate(&json!({"request": "view", "userEmail": "ann@example.com"})).expect("valid");
        assert!(!format!("{body:?}").contains("ann"), "{body:?}");
    }

    #[test]
    fn properties_come_in_the_order_of_the_page() {
        let body = validate(
            &json!({"userId": "7", "request": "do_not_sell", "notes": "n", "preverified": true}),
        )
        .expect("valid");
        assert_eq!(
            serde_json::to_string(&body).expect("serialises"),
            r#"{"notes":"n","preverified":true,"request":"do_not_sell","userId":"7"}"#
        );
    }
}
