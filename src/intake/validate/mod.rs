//! The published schema of a request body as one typed model.
//!
//! In: a [`Draft`] (made by the mapping, or of any JSON value). Out: a [`RequestBody`], which nothing else can
//! make, or every fault of the draft. Source of the rules: the published page "Create compliance request(s)"
//! (`requestBody`); where it is silent, what is likely is a warning and never a refusal.
//! Deliberately not here: where a value came from, and any change of a value.

pub(crate) mod email;

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use uuid::Uuid;

use crate::field::{Field, RequestType};
use crate::import_id::{ImportId, MARK_CHARS};

use crate::codes::ProblemCode;
use crate::numbers::grouped;

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
#[derive(Clone, PartialEq)]
pub struct RequestBody {
    /// All properties that are text, one behind the other in the order of the page: one allocation instead of many.
    text: String,
    /// Where each ends; it begins where the one before ends.
    ends: [u32; Field::ALL.len()],
    given: Fields,
    request: RequestType,
    preverified: Option<bool>,
    concord_id: Option<Uuid>,
    /// `requestDetails`, when it is not text.
    details: Option<Box<Value>>,
}

impl RequestBody {
    fn text(&self, field: Field) -> Option<&str> {
        let at = field as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        let range = start as usize..self.ends[at] as usize;
        self.given.contains(field).then(|| &self.text[range])
    }

    /// `concordId`
    pub fn concord_id(&self) -> Option<Uuid> {
        self.concord_id
    }

    /// `preverified`; the API takes an absent one as false.
    pub fn preverified(&self) -> Option<bool> {
        self.preverified
    }

    /// `request`
    pub fn request(&self) -> RequestType {
        self.request
    }

    /// `requestDetails`: text when it comes from a mapping, any JSON but null by the schema; what is not text, as JSON.
    pub fn request_details(&self) -> Option<Cow<'_, str>> {
        match &self.details {
            Some(details) => Some(details.to_string().into()),
            None => self.text(Field::RequestDetails).map(Cow::Borrowed),
        }
    }

    /// `captureUrl`
    pub fn capture_url(&self) -> Option<&str> {
        self.text(Field::CaptureUrl)
    }

    /// `domain`
    pub fn domain(&self) -> Option<&str> {
        self.text(Field::Domain)
    }

    /// `notes`, the mark included.
    pub fn notes(&self) -> Option<&str> {
        self.text(Field::Notes)
    }

    /// `projectUserId`
    pub fn project_user_id(&self) -> Option<&str> {
        self.text(Field::ProjectUserId)
    }

    /// `userEmail`
    pub fn user_email(&self) -> Option<&str> {
        self.text(Field::UserEmail)
    }

    /// `userFirstName`
    pub fn user_first_name(&self) -> Option<&str> {
        self.text(Field::UserFirstName)
    }

    /// `userId`
    pub fn user_id(&self) -> Option<&str> {
        self.text(Field::UserId)
    }

    /// `userLastName`
    pub fn user_last_name(&self) -> Option<&str> {
        self.text(Field::UserLastName)
    }

    /// `userPhoneNumber`
    pub fn user_phone_number(&self) -> Option<&str> {
        self.text(Field::UserPhoneNumber)
    }

    /// Puts one mark in the place of another, of the same length.
    pub(crate) fn replace_mark(&mut self, old: ImportId, new: ImportId) {
        if self
            .notes()
            .is_some_and(|notes| notes.ends_with(&old.mark()))
        {
            let end = self.ends[Field::Notes as usize] as usize;
            self.text.replace_range(end - MARK_CHARS..end, &new.mark());
        }
    }

    /// Whether Concord will most likely write to the person to verify the request.
    pub fn contacts_the_person(&self) -> bool {
        self.preverified != Some(true)
    }

    /// Whether the property is given.
    pub fn has(&self, field: Field) -> bool {
        match field {
            Field::ConcordId => self.concord_id.is_some(),
            Field::Preverified => self.preverified.is_some(),
            Field::Request => true,
            Field::RequestDetails => self.details.is_some() || self.given.contains(field),
            _ => self.given.contains(field),
        }
    }
}

/// In the order of the page; what is not given is left out.
impl Serialize for RequestBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in Field::ALL.into_iter().filter(|field| self.has(*field)) {
            let name = field.name();
            match field {
                Field::ConcordId => map.serialize_entry(name, &self.concord_id)?,
                Field::Preverified => map.serialize_entry(name, &self.preverified)?,
                Field::Request => map.serialize_entry(name, &self.request)?,
                Field::RequestDetails if self.details.is_some() => {
                    map.serialize_entry(name, &self.details)?;
                }
                _ => map.serialize_entry(name, &self.text(field))?,
            }
        }
        map.end()
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
    pub code: ProblemCode,
    /// What was found and what would be right.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(
        field: impl Into<Option<Field>>,
        code: ProblemCode,
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

    /// Takes the text of a property out.
    pub(crate) fn take(&mut self, field: Field) -> Option<Cow<'a, str>> {
        self.texts[field as usize].take()
    }

    /// Leaves so many bytes of the text of a property, or no text.
    pub(crate) fn cut(&mut self, field: Field, bytes: Option<usize>) {
        match (&mut self.texts[field as usize], bytes) {
            (Some(Cow::Owned(text)), Some(bytes)) => text.truncate(bytes),
            (Some(Cow::Borrowed(text)), Some(bytes)) => *text = &text[..bytes],
            (text, _) => *text = None,
        }
    }

    /// The body it is, if nothing is wrong with it.
    fn to_body(&self, request: RequestType, concord_id: Option<Uuid>) -> RequestBody {
        let is_text = |field: Field| {
            !matches!(
                field,
                Field::ConcordId | Field::Request | Field::Preverified
            )
        };
        let bytes = self.texts.iter().flatten().map(|text| text.len()).sum();
        let mut body = RequestBody {
            text: String::with_capacity(bytes),
            ends: [0; Field::ALL.len()],
            given: Fields::default(),
            request,
            preverified: self.preverified,
            concord_id,
            details: None,
        };
        for field in Field::ALL {
            if let Some(text) = self.text(field).filter(|_| is_text(field)) {
                body.text.push_str(text);
                body.given.insert(field);
            }
            // Rows are far smaller than that.
            body.ends[field as usize] = u32::try_from(body.text.len()).unwrap_or(u32::MAX);
        }
        if !body.given.contains(Field::RequestDetails) {
            body.details = self.details.clone().map(Box::new);
        }
        body
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
/// Returns the messages of all faults: wrong types, unknown properties, and every violated rule of [`body`].
#[cfg(feature = "internals")]
pub fn validate(value: &Value) -> Result<RequestBody, Vec<String>> {
    let Value::Object(members) = value else {
        return Err(vec!["is not an object".to_owned()]);
    };
    let mut draft = Draft::default();
    let mut faults = Vec::new();
    for (name, value) in members {
        let Some(field) = Field::from_name(name) else {
            faults.push(format!("the API knows no property `{name}`"));
            continue;
        };
        if let Err(fault) = set_json(&mut draft, field, value) {
            draft.refuse(field);
            faults.push(fault.to_owned());
        }
    }
    match body(&draft) {
        Ok(body) if faults.is_empty() => Ok(body),
        Ok(_) => Err(faults),
        Err(more) => {
            faults.extend(more.into_iter().map(|fault| fault.message));
            Err(faults)
        }
    }
}

#[cfg(feature = "internals")]
fn set_json<'a>(draft: &mut Draft<'a>, field: Field, value: &'a Value) -> Result<(), &'static str> {
    match (field, value) {
        (Field::Request, Value::String(word)) => {
            let request = RequestType::from_name(word);
            draft.request = Some(request.ok_or("is none of change, delete, view and do_not_sell")?);
        }
        (Field::Preverified, Value::Bool(yes)) => draft.preverified = Some(*yes),
        (Field::Preverified, _) => return Err("is neither true nor false"),
        (Field::RequestDetails, Value::Null) => return Err("is null; leave it out instead"),
        (_, Value::String(text)) => draft.set(field, text.as_str()),
        (Field::RequestDetails, other) => draft.details = Some(other.clone()),
        (_, _) => return Err("is not text"),
    }
    Ok(())
}

/// Checks a draft: the only maker of a [`RequestBody`].
pub(crate) fn body(draft: &Draft<'_>) -> Result<RequestBody, Vec<Fault>> {
    let mut faults = Vec::new();
    if draft.request.is_none() && !draft.refused.contains(Field::Request) {
        faults.push(Fault::new(
            Field::Request,
            ProblemCode::Required,
            "is missing; every request needs one: view, delete, change or do_not_sell",
        ));
    }
    if !Field::IDENTIFIERS.into_iter().any(|field| draft.has(field)) {
        faults.push(Fault::new(
            None,
            ProblemCode::NoIdentifier,
            "nothing tells who the person is; one of concordId, userEmail, userPhoneNumber, projectUserId and userId is needed",
        ));
    }
    let mut concord_id = None;
    if let Some(text) = draft.text(Field::ConcordId) {
        concord_id = uuid(text);
        if concord_id.is_none() {
            faults.push(Fault::new(
                Field::ConcordId,
                ProblemCode::NotUuid,
                "is not a UUID (8-4-4-4-12 hexadecimal digits)",
            ));
        }
    }
    if let Some(fault) = draft.text(Field::UserEmail).and_then(email::fault) {
        faults.push(Fault::new(
            Field::UserEmail,
            ProblemCode::NotEmail,
            format!("{fault}; an address like name@example.com is wanted"),
        ));
    }
    for (field, max) in [
        (Field::Domain, DOMAIN_CHARS_MAX),
        (Field::Notes, NOTES_CHARS_MAX),
    ] {
        if let Some(chars) = draft.text(field).and_then(|text| chars_beyond(text, max)) {
            faults.push(Fault::new(
                field,
                ProblemCode::TooLong,
                too_long(chars, max),
            ));
        }
    }
    match draft.request {
        Some(request) if faults.is_empty() && draft.refused == Fields::default() => {
            Ok(draft.to_body(request, concord_id))
        }
        _ => Err(faults),
    }
}

/// What Concord will likely take amiss, though the published page allows it.
pub fn warnings(body: &RequestBody) -> Vec<Fault> {
    let mut found = Vec::new();
    if let Some(url) = body.capture_url() {
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
                ProblemCode::NotHttp,
                "does not start with http:// or https://",
            ));
        }
    }
    if let Some(told) = body.user_email().and_then(email::unusual) {
        found.push(Fault::new(
            Field::UserEmail,
            ProblemCode::UnusualEmail,
            told,
        ));
    }
    for (field, max) in [
        (Field::UserEmail, EMAIL_CHARS_LIKELY_MAX),
        (Field::UserFirstName, NAME_CHARS_LIKELY_MAX),
        (Field::UserLastName, NAME_CHARS_LIKELY_MAX),
        (Field::UserPhoneNumber, NAME_CHARS_LIKELY_MAX),
    ] {
        if let Some(chars) = body.text(field).and_then(|text| chars_beyond(text, max)) {
            found.push(likely_too_long(field, chars, max));
        }
    }
    if let Some(domain) = body.domain()
        && domain.contains(|c: char| c.is_whitespace() || matches!(c, '/' | ':' | '@'))
    {
        found.push(Fault::new(
            Field::Domain,
            ProblemCode::NotDomain,
            "does not look like a bare domain such as www.example.com",
        ));
    }
    found
}

fn likely_too_long(field: Field, chars: usize, max: usize) -> Fault {
    Fault::new(
        field,
        ProblemCode::LikelyTooLong,
        format!("{}; Concord likely refuses it", too_long(chars, max)),
    )
}

fn too_long(chars: usize, max: usize) -> String {
    format!(
        "may have {} characters at most, and has {}",
        grouped(max as u64),
        grouped(chars as u64)
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

    fn faults(value: &Value) -> Vec<String> {
        validate(value).err().unwrap_or_default()
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults = faults(&json!({
            "request": "portability",
            "userEmail": "nobody",
            "domain": "x".repeat(257),
            "concordId": "1234",
            "preverified": "yes",
            "colour": "red",
        }));
        for part in [
            "is none of",
            "an address like name@example.com is wanted",
            "256",
            "is not a UUID",
            "is neither true nor false",
            "no property `colour`",
        ] {
            let is_told = faults.iter().any(|fault| fault.contains(part));
            assert!(is_told, "{part}: {faults:?}");
        }
    }

    #[test]
    fn lengths_count_code_points() {
        let notes = "é".repeat(NOTES_CHARS_MAX);
        assert_eq!(
            faults(&json!({"request": "view", "userId": "1", "notes": notes})),
            [""; 0]
        );
        let notes = format!("{notes}é");
        assert_eq!(
            faults(&json!({"request": "view", "userId": "1", "notes": notes})),
            [too_long(NOTES_CHARS_MAX + 1, NOTES_CHARS_MAX)]
        );
    }

    #[test]
    fn a_refused_identifier_is_not_also_called_missing() {
        let mut draft = Draft {
            request: Some(RequestType::View),
            ..Draft::default()
        };
        draft.refuse(Field::UserPhoneNumber);
        assert_eq!(body(&draft), Err(Vec::new()));
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
