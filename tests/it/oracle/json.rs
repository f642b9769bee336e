//! JSON Lines and documents, held against `serde_json` and against each other.

use std::collections::HashSet;
use std::fmt;

use concord_import::internals::plan::{Format, Reading};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::pick;
use super::table::every;
use super::told::{Rows, rows_of};

const SIZES: [&[usize]; 4] = [&[1], &[2, 3], &[1, 7, 64], &[1024, 1, 1]];
/// What `serde_json` gives numbers through; keys of that name are not what they seem to it.
const PRIVATE: &str = "$serde_json";

/// The first byte says how it is read, the rest are the lines.
pub(crate) fn jsonl(data: &[u8]) {
    let Some((&how, bytes)) = data.split_first() else {
        return;
    };
    if how & 1 == 1 {
        every(&Reading::default(), bytes, pick(&SIZES, how >> 1));
        return;
    }
    let reading = Reading {
        format: Some(Format::Jsonl),
        encoding: Some(encoding_rs::UTF_8),
        ..Reading::default()
    };
    every(&reading, bytes, pick(&SIZES, how >> 1));
    let is_marked = encoding_rs::Encoding::for_bom(bytes).is_some();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if is_marked && text.len() == bytes.len() || text.starts_with(b"\0\0\xfe\xff") {
        return;
    }
    if let Ok(rows) = rows_of(&reading, bytes) {
        let lines = as_serde_reads(&rows, text);
        documents(&rows, &lines);
    }
}

/// What is to become of a line.
enum Line<'a> {
    Nothing,
    Row(&'a str, Value),
    Refused,
}

fn expected(line: &[u8]) -> Line<'_> {
    if line.trim_ascii().is_empty() {
        return Line::Nothing;
    }
    let Ok(text) = std::str::from_utf8(line) else {
        return Line::Refused;
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => {
            let is_set_aside = object.contains_key("import_line");
            let object = Value::Object(object);
            if is_set_aside || serde_json::from_str::<Unique>(text).is_err() {
                Line::Refused
            } else if is_blank(&object) {
                Line::Nothing
            } else {
                Line::Row(text, object)
            }
        }
        _ => Line::Refused,
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(all) => all.iter().all(is_blank),
        Value::Object(all) => all.values().all(is_blank),
    }
}

/// Holds each line against `serde_json`; gives those that are rows.
fn as_serde_reads<'a>(rows: &Rows, text: &'a [u8]) -> Vec<&'a str> {
    let mut taken = rows.rows.iter();
    let mut refused = Vec::new();
    let mut lines = Vec::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if memmem(line, PRIVATE.as_bytes()) {
            return Vec::new();
        }
        match expected(line) {
            Line::Nothing => {}
            Line::Refused => refused.push(index as u64 + 1),
            Line::Row(text, object) => {
                let row = taken.next().expect("the line is a row");
                check_row(&rows.columns, row, &object);
                lines.push(text);
            }
        }
    }
    assert!(taken.next().is_none(), "rows that no line has");
    let found: Vec<_> = rows.refused.iter().map(|(line, _)| *line).collect();
    assert_eq!(found, refused);
    lines
}

fn memmem(within: &[u8], wanted: &[u8]) -> bool {
    within.windows(wanted.len()).any(|window| window == wanted)
}

/// Every value at the top of the object stands in its column.
fn check_row(columns: &[String], row: &[String], object: &Value) {
    for (key, value) in object.as_object().into_iter().flatten() {
        let cell = columns.iter().position(|column| column == key);
        let cell = cell.map(|at| row[at].as_str());
        match value {
            Value::Object(members) if !members.is_empty() => {}
            Value::Null => assert_eq!(cell, Some("")),
            Value::Bool(bool) => assert_eq!(cell, Some(bool.to_string().as_str())),
            Value::String(text) => assert_eq!(cell, Some(text.as_str())),
            Value::Number(number) => {
                let digits = number.to_string();
                // The parser writes an exponent in its own way.
                if !digits.contains(['e', 'E']) {
                    assert_eq!(cell, Some(digits.as_str()));
                }
            }
            Value::Array(_) | Value::Object(_) => {
                let cell: Value = serde_json::from_str(cell.expect("there is a column"))
                    .expect("a structure is written as JSON");
                assert_eq!(cell, *value);
            }
        }
    }
}

/// The same objects as documents are the same rows.
fn documents(rows: &Rows, lines: &[&str]) {
    let Some(first) = lines.first() else {
        return;
    };
    let array = format!("[{}]", lines.join(","));
    let spread = format!("[\n  {}\n]\n", lines.join(",\n  "));
    let member = format!("{{\"count\": 1, \"tickets\": {array}, \"next\": null}}");
    let documents = [array.as_str(), spread.as_str(), member.as_str()];
    // An object that holds an array of objects may be what holds the rows.
    let holds_objects = first.matches('{').count() > 1;
    let sequence: Vec<_> = lines
        .iter()
        .map(|line| line.replacen('{', "{\n", 1))
        .collect();
    let sequence = sequence.join("\n");
    let sequence = (!holds_objects).then_some(sequence.as_str());
    for document in documents.into_iter().chain(sequence) {
        let reading = Reading {
            format: Some(Format::Json),
            encoding: Some(encoding_rs::UTF_8),
            ..Reading::default()
        };
        let found = rows_of(&reading, document.as_bytes());
        let found = found.unwrap_or_else(|error| panic!("{error}: {document:?}"));
        assert_eq!(found.refused, [], "{document:?}");
        assert_eq!((&found.columns, &found.rows), (&rows.columns, &rows.rows));
    }
}

/// The first byte says how it is read, the rest is the document.
pub(crate) fn json(data: &[u8]) {
    let Some((&how, bytes)) = data.split_first() else {
        return;
    };
    let reading = Reading {
        format: (how & 1 == 1).then_some(Format::Json),
        records: pick(&[None, Some("tickets"), None, Some("")], how >> 1).map(str::to_owned),
        encoding: Some(encoding_rs::UTF_8),
        ..Reading::default()
    };
    every(&reading, bytes, pick(&SIZES, how >> 3));
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !body.trim_start().starts_with('[') || body.contains(PRIVATE) {
        return;
    }
    let read = rows_of(&reading, bytes);
    match serde_json::from_str::<Vec<de::IgnoredAny>>(body) {
        Ok(_) => {
            let read = read.expect("an array reads");
            let text: Vec<_> = elements(body)
                .iter()
                .map(|element| element.replace(['\n', '\r'], " "))
                .collect();
            let lines = Reading {
                format: Some(Format::Jsonl),
                ..reading
            };
            let lines = rows_of(&lines, text.join("\n").as_bytes()).expect("lines read");
            assert_eq!((&read.columns, &read.rows), (&lines.columns, &lines.rows));
            let codes = |rows: &Rows| {
                rows.refused
                    .iter()
                    .map(|(_, code)| *code)
                    .collect::<Vec<_>>()
            };
            assert_eq!(codes(&read), codes(&lines));
        }
        Err(error) if error.to_string().starts_with("recursion limit") => {}
        Err(error) => {
            let is_told = read.as_ref().map_or(true, |rows| !rows.refused.is_empty());
            assert!(is_told, "nothing is told of {error}");
        }
    }
}

/// The elements of an array that is known to be JSON.
fn elements(array: &str) -> Vec<&str> {
    let mut rest = array
        .trim_start()
        .strip_prefix('[')
        .unwrap_or_default()
        .trim_start();
    let mut found = Vec::new();
    while !rest.starts_with(']') {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<de::IgnoredAny>();
        values.next().expect("an element").expect("it is JSON");
        let end = values.byte_offset();
        found.push(&rest[..end]);
        rest = rest[end..]
            .trim_start()
            .trim_start_matches(',')
            .trim_start();
    }
    found
}

/// JSON in which no object has a key twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self, A::Error> {
        while all.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = all.next_key::<String>()? {
            all.next_value::<Self>()?;
            if !keys.insert(key) {
                return Err(de::Error::custom("a key twice"));
            }
        }
        Ok(self)
    }
}
