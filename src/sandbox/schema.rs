//! The body of a created request as the published page describes it: a JSON Schema (draft 2020-12) of our own
//! writing, and the two ways of holding a body against it.
//!
//! Deliberately knows nothing of the importer's own model, so that each can be held against the other.
//! Messages name properties and rules, never values.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::config::Mode;

/// The schema of the body, as of version 3.29.6 of the page.
pub fn request_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Body of POST compliance-requests",
        "type": "object",
        "properties": {
            "request": { "type": "string", "enum": ["change", "delete", "view", "do_not_sell"] },
            "preverified": { "type": "boolean", "default": false },
            "concordId": { "type": "string", "format": "uuid" },
            "userEmail": { "type": "string", "format": "email" },
            "userPhoneNumber": { "type": "string" },
            "userId": { "type": "string" },
            "projectUserId": { "type": "string" },
            "userFirstName": { "type": "string" },
            "userLastName": { "type": "string" },
            "notes": { "type": "string", "maxLength": 2048 },
            "domain": { "type": "string", "maxLength": 256 },
            "captureUrl": { "type": "string" },
            // The page says oneOf five types; since no value has two of them, this is the same. Null is none.
            "requestDetails": { "type": ["array", "boolean", "number", "object", "string"] },
        },
        "additionalProperties": false,
        "required": ["request"],
        "anyOf": [
            { "required": ["concordId"] },
            { "required": ["userEmail"] },
            { "required": ["userPhoneNumber"] },
            { "required": ["projectUserId"] },
            { "required": ["userId"] },
        ],
    })
}

/// [`request_schema`], ready to be asked.
#[derive(Debug)]
pub struct RequestSchema {
    validator: Validator,
    properties: Map<String, Value>,
}

impl RequestSchema {
    /// Compiles the schema, with `email` and `uuid` checked.
    ///
    /// # Panics
    /// Never: the schema is a constant that the tests compile.
    pub fn compile() -> Self {
        let schema = request_schema();
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .with_format("email", is_email)
            .with_format("uuid", is_uuid)
            .build(&schema)
            .expect("the schema is a constant that compiles");
        let properties = schema["properties"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        Self {
            validator,
            properties,
        }
    }

    /// Whether the body is right by the letter of the schema.
    pub fn is_valid(&self, body: &Value) -> bool {
        self.validator.is_valid(body)
    }

    /// Everything that is wrong with the body, one sentence each.
    pub fn problems(&self, body: &Value) -> Vec<String> {
        self.validator
            .iter_errors(body)
            .map(|error| describe(&error))
            .collect()
    }

    /// Accepts the body, in [`Mode::Lenient`] as changed by coercion; or says what is wrong with it.
    pub(super) fn accept(&self, mut body: Value, mode: Mode) -> Result<Value, String> {
        match mode {
            Mode::Strict if self.is_valid(&body) => Ok(body),
            Mode::Strict => Err(self.problems(&body).join("; ")),
            Mode::Lenient => {
                if let Some(object) = body.as_object_mut() {
                    self.coerce(object);
                }
                match self.validator.validate(&body) {
                    Ok(()) => Ok(body),
                    Err(error) => Err(describe(&error)),
                }
            }
        }
    }

    /// What Ajv does with Fastify's options `coerceTypes: "array"`, `removeAdditional` and `useDefaults`.
    fn coerce(&self, body: &mut Map<String, Value>) {
        body.retain(|name, _| self.properties.contains_key(name));
        for (name, rule) in &self.properties {
            match (body.get_mut(name), rule["type"].as_str()) {
                (Some(value), Some("string")) => coerce(value, to_string),
                (Some(value), Some("boolean")) => coerce(value, to_boolean),
                (None, _) if rule.get("default").is_some() => {
                    body.insert(name.clone(), rule["default"].clone());
                }
                _ => {}
            }
        }
    }
}

fn coerce(value: &mut Value, to: fn(&Value) -> Option<Value>) {
    let coerced = match &*value {
        Value::Array(items) if items.len() == 1 => to(&items[0]),
        scalar => to(scalar),
    };
    if let Some(coerced) = coerced {
        *value = coerced;
    }
}

fn to_string(value: &Value) -> Option<Value> {
    match value {
        Value::String(_) => Some(value.clone()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(truth) => Some(truth.to_string().into()),
        Value::Null => Some("".into()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn to_boolean(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::String(text) => text.parse::<bool>().ok().map(Value::Bool),
        Value::Number(number) => match number.as_u64() {
            Some(0) => Some(false.into()),
            Some(1) => Some(true.into()),
            _ => None,
        },
        Value::Null => Some(false.into()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// The crate's own messages quote values, ours must not.
fn describe(error: &ValidationError<'_>) -> String {
    let at = format!("body{}", error.instance_path());
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            format!(
                "{at} must have the property {}",
                property.as_str().unwrap_or_default()
            )
        }
        ValidationErrorKind::AdditionalProperties { .. } => {
            format!("{at} must have no properties but the published ones")
        }
        ValidationErrorKind::AnyOf { .. } => {
            format!(
                "{at} must have one of concordId, userEmail, userPhoneNumber, projectUserId, userId"
            )
        }
        ValidationErrorKind::Enum { .. } => format!("{at} must be one of the allowed values"),
        ValidationErrorKind::Format { format } => format!("{at} must be of the format {format}"),
        ValidationErrorKind::MaxLength { limit } => {
            format!("{at} must be of at most {limit} characters")
        }
        ValidationErrorKind::Type {
            kind: TypeKind::Single(kind),
        } => {
            format!("{at} must be of the type {kind}")
        }
        ValidationErrorKind::Type {
            kind: TypeKind::Multiple(_),
        } => {
            format!("{at} must not be null")
        }
        kind => format!("{at} breaks the rule {}", kind.keyword()),
    }
}

/// The check that ajv-formats calls `email`: a dot-atom of ASCII, `@`, and at least two host labels.
/// No length is limited, and nothing is quoted, commented or internationalised.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else {
        return false;
    };
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atom_byte);
    local.split('.').all(is_atom) && host.contains('.') && host.split('.').all(is_label)
}

fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// 8-4-4-4-12 hexadecimal digits; `Uuid::parse_str` would take other forms as well.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict(body: Value) -> Result<Value, String> {
        RequestSchema::compile().accept(body, Mode::Strict)
    }

    fn lenient(body: Value) -> Result<Value, String> {
        RequestSchema::compile().accept(body, Mode::Lenient)
    }

    #[test]
    fn each_identifier_alone_is_enough_and_one_is_needed() {
        for (name, value) in [
            ("concordId", "0A4E1C52-6b0d-4f7e-9d35-5a7d0f6c1b01"),
            ("userEmail", "a@b.co"),
            ("userPhoneNumber", "anything"),
            ("projectUserId", ""),
            ("userId", "7"),
        ] {
            assert!(
                strict(json!({ "request": "view", name: value })).is_ok(),
                "{name}"
            );
        }
        let error = strict(json!({ "request": "view", "notes": "x" })).expect_err("nobody");
        assert!(
            error.starts_with("body must have one of concordId"),
            "{error}"
        );
        assert!(strict(json!({ "userId": "7" })).is_err());
        assert!(strict(json!([])).is_err());
    }

    #[test]
    fn strict_names_every_fault_and_no_value() {
        let error = strict(json!({
            "request": "secret", "userEmail": "secret", "notes": "secret".repeat(400), "domain": 4321,
            "requestDetails": null, "secret": 1, "preverified": "true",
        }))
        .expect_err("wrong");
        assert_eq!(error.split("; ").count(), 7, "{error}");
        assert!(
            !error.contains("secret") && !error.contains("4321"),
            "{error}"
        );
    }

    #[test]
    fn lengths_count_code_points() {
        let body = |notes: String| json!({ "request": "view", "userId": "7", "notes": notes });
        assert!(strict(body("😀".repeat(2048))).is_ok());
        assert!(strict(body("😀".repeat(2049))).is_err());
    }

    #[test]
    fn details_may_be_anything_but_null() {
        for details in [json!([]), json!(true), json!(1.5), json!({}), json!("")] {
            assert!(
                strict(json!({ "request": "view", "userId": "7", "requestDetails": details }))
                    .is_ok()
            );
        }
    }

    #[test]
    fn lenient_coerces_drops_and_stops_at_the_first_fault() {
        let body = lenient(json!({
            "request": "view", "userId": 7, "userPhoneNumber": ["x"], "preverified": "true", "domain": null,
            "userFirstName": true, "unknown": 1, "requestDetails": 5,
        }));
        let coerced = json!({
            "request": "view", "userId": "7", "userPhoneNumber": "x", "preverified": true, "domain": "",
            "userFirstName": "true", "requestDetails": 5,
        });
        assert_eq!(body, Ok(coerced));
        let body = lenient(json!({ "request": "view", "userId": "7" })).expect("right");
        assert_eq!(body["preverified"], false);
        let error =
            lenient(json!({ "request": "x", "userEmail": "x", "domain": {} })).expect_err("wrong");
        assert_eq!(error.split("; ").count(), 1);
        assert!(
            lenient(json!({ "request": "view", "userId": "7", "preverified": "yes" })).is_err()
        );
        assert!(lenient(json!("text")).is_err());
    }

    #[test]
    fn emails_are_those_of_ajv_formats() {
        for good in [
            "a@b.co",
            "A.b+c@X-1.example",
            "!#$%&'*+/=?^_`{|}~-@a.b",
            "x@1.2",
            "a@b.c.d.e",
            "o'hara@e.ie",
            "a@b--c.de",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.co",
            "a@",
            "a@b",
            "a@b.",
            "a@.b",
            "a@b..c",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.de",
            "a@b@c.de",
            "a b@c.de",
            "a@-b.co",
            "a@b-.co",
            "a@b_c.de",
            "\"a\"@b.co",
            "ä@b.co",
            "a@bü.de",
            "a@b.co\n",
            " a@b.co",
            "a@[127.0.0.1]",
            "a,b@c.de",
            "\u{212a}@b.co",
        ] {
            assert!(!is_email(bad), "{bad:?}");
        }
    }

    #[test]
    fn uuids_have_one_form() {
        assert!(is_uuid("0a4e1c52-6b0d-4f7e-9d35-5A7D0F6C1B01"));
        for bad in [
            "",
            "0a4e1c526b0d4f7e9d355a7d0f6c1b01",
            "{0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b01}",
            "urn:uuid:0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b01",
            "0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b0g",
            "0a4e1c52-6b0d-4f7e-9d355-a7d0f6c1b01",
        ] {
            assert!(!is_uuid(bad), "{bad:?}");
        }
    }
}
