//! The body of a created request as the published page describes it: a JSON Schema (draft 2020-12) of our own
//! writing, and the two ways of holding a body against it.
//!
//! Deliberately knows nothing of the importer's own model, so that each can be held against the other. Of JSON Schema it
//! knows the keywords of this schema: a whole validator would take a quarter of the time of a build. The tests hold it
//! against one.
//! Messages name properties and rules, never values.

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
    schema: Value,
    properties: Map<String, Value>,
}

impl RequestSchema {
    /// The schema, with `email` and `uuid` checked.
    pub fn compile() -> Self {
        let schema = request_schema();
        let properties = schema["properties"].as_object();
        Self {
            properties: properties.cloned().unwrap_or_default(),
            schema,
        }
    }

    /// Whether the body is right by the letter of the schema.
    pub fn is_valid(&self, body: &Value) -> bool {
        self.problems(body).is_empty()
    }

    /// Everything that is wrong with the body, one sentence each.
    pub fn problems(&self, body: &Value) -> Vec<String> {
        let Some(members) = body.as_object() else {
            return vec!["body must be of the type object".to_owned()];
        };
        let has_all = |names: &Value| names_in(names).all(|name| members.contains_key(name));
        let mut problems = Vec::new();
        for (name, value) in members {
            match self.properties.get(name) {
                Some(rule) => {
                    let broken = broken(rule, value).into_iter();
                    problems.extend(broken.map(|must| format!("body/{name} must {must}")));
                }
                None => {
                    problems.push("body must have no properties but the published ones".to_owned());
                }
            }
        }
        for name in names_in(&self.schema["required"]).filter(|name| !members.contains_key(*name)) {
            problems.push(format!("body must have the property {name}"));
        }
        let choices = self.schema["anyOf"].as_array();
        if !choices
            .into_iter()
            .flatten()
            .any(|choice| has_all(&choice["required"]))
        {
            problems.push(
                "body must have one of concordId, userEmail, userPhoneNumber, projectUserId, userId"
                    .to_owned(),
            );
        }
        problems
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
                match self.problems(&body).into_iter().next() {
                    None => Ok(body),
                    Some(first) => Err(first),
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

fn names_in(list: &Value) -> impl Iterator<Item = &str> {
    let names = list.as_array().into_iter().flatten();
    names.filter_map(Value::as_str)
}

/// The rules of a property that its value breaks.
fn broken(rule: &Value, value: &Value) -> Vec<String> {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let mut broken = Vec::new();
    match &rule["type"] {
        Value::String(wanted) if wanted != kind => broken.push(format!("be of the type {wanted}")),
        Value::Array(_) if names_in(&rule["type"]).all(|wanted| wanted != kind) => {
            broken.push("not be null".to_owned());
        }
        _ => {}
    }
    if let Some(allowed) = rule["enum"].as_array()
        && !allowed.contains(value)
    {
        broken.push("be one of the allowed values".to_owned());
    }
    if let Some(text) = value.as_str() {
        if let Some(limit) = rule["maxLength"].as_u64()
            && text.chars().count() as u64 > limit
        {
            broken.push(format!("be of at most {limit} characters"));
        }
        let is_right = match rule["format"].as_str() {
            Some("email") => is_email(text),
            Some("uuid") => is_uuid(text),
            _ => true,
        };
        if !is_right {
            broken.push(format!(
                "be of the format {}",
                rule["format"].as_str().unwrap_or_default()
            ));
        }
    }
    broken
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
