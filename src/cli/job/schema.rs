//! The JSON Schema of a job file, for editors. It refuses nothing that the parser takes; what only the parser can judge (keys
//! that exclude each other, names of encodings) it leaves to it.

use serde_json::{Map, Value, json};

use super::keys::{self, Key, Kind, RULE, SECTIONS, SOURCES, names};
use super::words::{REQUESTS, REQUESTS_OR_SKIP};
use crate::entry::Field;
use crate::propose::UNDECIDED;

/// The schema, in the draft that editors of TOML know.
pub(super) fn schema() -> Value {
    let sections = SECTIONS.iter().map(|section| {
        let mut schema = if section.name == "fields" {
            fields()
        } else {
            table(section.keys.iter().map(described))
        };
        schema["description"] = section.says.into();
        (section.name.to_owned(), schema)
    });
    let mut schema = table(sections);
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "Job file of concord-import".into();
    schema
}

fn table(properties: impl Iterator<Item = (String, Value)>) -> Value {
    let properties: Map<_, _> = properties.collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn described(key: &Key) -> (String, Value) {
    let mut schema = of(key.kind);
    schema["description"] = key.says.into();
    (key.name.to_owned(), schema)
}

fn text() -> Value {
    json!({ "type": "string", "pattern": r"\S" })
}

fn texts() -> Value {
    json!({ "type": "array", "items": text(), "minItems": 1, "uniqueItems": true })
}

fn uuid() -> Value {
    json!({ "type": "string", "pattern": r"^\s*(urn:uuid:)?\{?[0-9A-Fa-f-]{32,36}\}?\s*$" })
}

fn of(kind: Kind) -> Value {
    match kind {
        Kind::Text => text(),
        Kind::Texts => texts(),
        Kind::Uuid => uuid(),
        Kind::Url => json!({ "type": "string", "pattern": r"^\s*[Hh][Tt][Tt][Pp][Ss]?:" }),
        Kind::Region => json!({ "type": "string", "pattern": "^[A-Za-z]{2}$" }),
        Kind::Words(words) => json!({ "enum": words() }),
        Kind::Whole {
            min,
            max: Some(max),
        } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Whole { min, max: None } => json!({ "type": "integer", "minimum": min }),
        Kind::Number { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Kind::Duration(_) => {
            json!({ "type": "string", "pattern": r"^\s*([0-9]+\s*(ms|s|m|h|d)\s*)+$" })
        }
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Character { or_none } => {
            json!({ "type": "string", "minLength": i32::from(!or_none), "maxLength": 1 })
        }
        Kind::Filters => {
            let filter = json!({ "column": text(), "in": texts() });
            json!({
                "type": "array",
                "items": { "type": "object", "properties": filter, "required": ["column", "in"], "additionalProperties": false }
            })
        }
        // These depend on the field.
        Kind::Literal | Kind::Meanings => json!({}),
    }
}

fn fields() -> Value {
    let mut schema = table(Field::ALL.into_iter().map(|field| {
        let mut rule = rule(field);
        rule["description"] = keys::meaning(field).into();
        (field.name().to_owned(), rule)
    }));
    schema["required"] = json!([Field::Request.name(), Field::Preverified.name()]);
    let identifiers = Field::IDENTIFIERS.map(|field| json!({ "required": [field.name()] }));
    schema["anyOf"] = json!(identifiers);
    schema
}

fn rule(field: Field) -> Value {
    let is_free_text = !matches!(field, Field::Request | Field::Preverified);
    let is_name = matches!(field, Field::UserFirstName | Field::UserLastName);
    let keys = RULE.iter().filter(|key| match key.name {
        "columns" | "template" => is_free_text,
        "part" => is_name,
        _ => true,
    });
    let keys = keys.map(|key| {
        let (name, general) = described(key);
        let mut schema = match key.name {
            "default" if is_free_text => json!({ "anyOf": [literal(field), { "const": "" }] }),
            "value" | "default" => literal(field),
            "values" => {
                json!({ "type": "object", "minProperties": 1, "additionalProperties": word(field) })
            }
            _ => general,
        };
        schema["description"] = key.says.into();
        (name, schema)
    });
    let mut by_table = table(keys);
    by_table["oneOf"] = json!(SOURCES.map(|source| json!({ "required": [source] })));
    json!({ "anyOf": [text(), by_table] })
}

fn literal(field: Field) -> Value {
    match field {
        Field::Preverified => json!({ "type": "boolean" }),
        Field::Request => json!({ "enum": names(&REQUESTS) }),
        Field::ConcordId => uuid(),
        _ => text(),
    }
}

/// What a word of the input may mean.
fn word(field: Field) -> Value {
    if field != Field::Request {
        return literal(field);
    }
    let mut words = names(&REQUESTS_OR_SKIP);
    words.push(UNDECIDED);
    json!({
        "anyOf": [
            { "enum": words },
            { "type": "array", "items": literal(field), "minItems": 1, "uniqueItems": true }
        ]
    })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jsonschema::Validator;
    use toml::de::{DeTable, DeValue};

    use super::*;
    use crate::cli::job::{JobSending, MINIMAL, parse};
    use crate::plan::Sending;

    static VALIDATOR: LazyLock<Validator> =
        LazyLock::new(|| jsonschema::draft7::new(&schema()).expect("a schema"));

    fn json_of(value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => json!(text.as_ref()),
            DeValue::Integer(integer) => serde_json::from_str(integer.as_str()).expect("a number"),
            DeValue::Float(float) => serde_json::from_str(float.as_str()).expect("a number"),
            DeValue::Boolean(flag) => json!(flag),
            DeValue::Datetime(datetime) => json!(datetime.to_string()),
            DeValue::Array(items) => items.iter().map(|item| json_of(item.get_ref())).collect(),
            DeValue::Table(table) => json_of_table(table),
        }
    }

    fn json_of_table(table: &DeTable<'_>) -> Value {
        let entries = table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref())));
        Value::Object(entries.collect())
    }

    /// What the parser and what the schema say of a job file.
    fn judged(text: &str) -> (bool, bool) {
        let root = DeTable::parse(text).expect("TOML");
        (
            parse("job.toml", text).is_ok(),
            VALIDATOR.is_valid(&json_of_table(root.get_ref())),
        )
    }

    #[test]
    fn the_samples_fit() {
        for sample in ["backlog.toml", "tickets.toml"] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("samples")
                .join(sample);
            let text = std::fs::read_to_string(path).expect("a sample");
            assert_eq!(judged(&text), (true, true), "{sample}");
        }
        assert_eq!(judged(MINIMAL), (true, true));
    }

    #[test]
    fn every_example_of_the_reference_is_taken_by_both() {
        for section in SECTIONS.iter().filter(|section| section.name != "fields") {
            for key in section.keys {
                let (name, example) = (key.name, key.example);
                let text = format!("[{}]\n{name} = {example}\n{MINIMAL}", section.name);
                assert_eq!(judged(&text), (true, true), "{text}");
            }
        }
        for key in &RULE {
            let (name, example) = (key.name, key.example);
            let (field, beside) = match name {
                "value" => ("preverified", ""),
                "values" => ("request", ", column = \"Wish\""),
                "default" | "part" => ("userFirstName", ", column = \"Name\""),
                _ => ("notes", ""),
            };
            let minimal = MINIMAL
                .lines()
                .filter(|line| !line.starts_with(field))
                .collect::<Vec<_>>()
                .join("\n");
            let text = format!("{minimal}\n{field} = {{ {name} = {example}{beside} }}");
            assert_eq!(judged(&text), (true, true), "{text}");
        }
    }

    /// Values of every kind behind every key: the schema is never stricter, and refuses what is of the wrong kind.
    #[test]
    #[expect(clippy::too_many_lines, reason = "one arm for each type of value")]
    fn the_schema_refuses_nothing_that_the_parser_takes() {
        let values = [
            "\"x\"",
            "\"\"",
            "\" \"",
            "\"GB\"",
            "\"gb\"",
            "1",
            "0",
            "-1",
            "5000",
            "0.5",
            "true",
            "[]",
            "[\"a\"]",
            "[\"a\", \"a\"]",
            "{}",
            "\"5s\"",
            "\"1h 30m\"",
            "\"99d\"",
            "\"csv\"",
            "\"xls\"",
            "\"none\"",
            "\"dmy\"",
            "\"http://localhost:1\"",
            "\"3F2B8C1E90AB4CDE8F0123456789ABCD\"",
            "\"?\"",
            "\"delete\"",
            "[\"view\", \"delete\"]",
            "{ value = true }",
            "{ value = \"delete\" }",
            "{ value = \"x\" }",
            "{ column = \"A\", default = \"\" }",
            "{ column = \"A\", part = \"last\" }",
            "{ column = \"A\", values = { \"x\" = \"?\" } }",
            "{ column = \"A\", values = { \"x\" = [\"view\"] } }",
            "{ column = \"A\", values = { \"x\" = true } }",
            "{ columns = [\"A\"] }",
            "{ template = \"x\" }",
            "{ column = \"A\", value = \"x\" }",
        ];
        let (mut taken, mut refused) = (0, 0);
        let mut hold = |text: String| {
            let (by_parser, by_schema) = judged(&text);
            assert!(
                !by_parser || by_schema,
                "only the schema refuses this:\n{text}"
            );
            taken += i32::from(by_parser);
            refused += i32::from(!by_schema);
        };
        for value in values {
            for section in SECTIONS.iter().filter(|section| section.name != "fields") {
                for key in section.keys {
                    hold(format!(
                        "[{}]\n{} = {value}\n{MINIMAL}",
                        section.name, key.name
                    ));
                }
            }
            for field in Field::ALL {
                let others = MINIMAL
                    .lines()
                    .filter(|line| !line.starts_with(field.name()));
                hold(format!(
                    "{}\n{field} = {value}",
                    others.collect::<Vec<_>>().join("\n")
                ));
            }
        }
        assert!(
            taken > 100 && refused > 500,
            "{taken} taken, {refused} refused"
        );
    }

    #[test]
    fn what_is_unknown_or_missing_is_refused_by_both() {
        for text in [
            format!("[sned]\n{MINIMAL}"),
            format!("[send]\nrat = 1\n{MINIMAL}"),
            format!("{MINIMAL}\nemail = \"Email\""),
            MINIMAL.replace("preverified", "notes"),
            MINIMAL.replace("userEmail  ", "notes"),
        ] {
            assert_eq!(judged(&text), (false, false), "{text}");
        }
    }

    #[test]
    fn the_defaults_of_the_reference_are_what_is_done() {
        let send = SECTIONS
            .iter()
            .find(|section| section.name == "send")
            .expect("there");
        let lines: Vec<_> = send
            .keys
            .iter()
            .map(|key| format!("{} = {}", key.name, key.default))
            .collect();
        let job = parse(
            "job.toml",
            &format!("[send]\n{}\n{MINIMAL}", lines.join("\n")),
        )
        .expect("a job");
        let default = Sending::default();
        let written = JobSending {
            in_doubt: Some(default.in_doubt),
            rate_per_s: Some(default.rate_per_s),
            concurrency: Some(default.concurrency),
            max_attempts: Some(default.max_attempts),
            initial_backoff: Some(default.initial_backoff),
            max_backoff: Some(default.max_backoff),
            settle: Some(default.settle),
            timeout: Some(default.timeout),
            give_up_after: Some(default.give_up_after),
        };
        assert_eq!(job.sending, written);
        assert_eq!(
            job.rules.mark,
            parse("job.toml", MINIMAL).expect("a job").rules.mark
        );
    }
}
