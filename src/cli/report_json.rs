//! The report of a check for programs: one JSON object. Its names are described in docs/results.md and stay as they are.
//!
//! Holds no value of the input but masked ones, unless the person asked for them.

use serde_json::{Map, Value, json};

use super::report_text::sayable;
use crate::check::{Group, Groups, InputSurvey, Repeat, RepeatedKey, Survey};
use crate::entry::{Field, Position};
use crate::intake::{Basis, InputPlaces, Offending, Packing, shown_names};
use crate::outcome::Outcome;
use crate::plan::{DateOrder, Format, Reading};
use crate::received::ColumnOrder;

/// The whole report.
pub(super) fn report(
    survey: &Survey,
    reading: &Reading,
    shows_values: bool,
    exit_code: u8,
) -> Value {
    let tally = &survey.tally;
    let inputs: Vec<_> = survey
        .inputs
        .iter()
        .map(|input| of_input(input, reading))
        .collect();
    let by_request: Map<_, _> = survey
        .to_send
        .by_request
        .iter()
        .map(|(request, count)| (request.name().to_owned(), (*count).into()))
        .collect();
    let places = survey.places();
    let repeats = |repeats: &[Repeat]| -> Vec<Value> {
        repeats
            .iter()
            .map(|repeat| of_repeat(repeat, &places, shows_values))
            .collect()
    };
    json!({
        "inputs": inputs,
        "rows": tally.rows,
        "rows_without_entry": tally.skipped_rows,
        "entries": tally.entries,
        "to_send": survey.to_send.count,
        "by_request": by_request,
        "invalid": tally.count(Outcome::Invalid),
        "conflicts": tally.conflicts,
        "contacted": survey.to_send.contacted,
        "people_contacted": survey.to_send.people,
        "received": survey.received.as_ref().map(|received| json!({
            "dated": received.dated,
            "undated": received.undated,
            "older_than_30_days": received.overdue_sooner,
            "older_than_45_days": received.overdue_later,
            "oldest": received.oldest.map(|day| day.to_string()),
        })),
        "duplicates": {
            "count": tally.count(Outcome::Duplicate),
            "changed": tally.changed,
            "examples": repeats(&survey.repeats),
            "examples_changed": repeats(&survey.changed),
        },
        "problems": of_groups(&survey.problems, &places, shows_values),
        "warnings": of_groups(&survey.warnings, &places, shows_values),
        "values": if shows_values { "plain" } else { "masked" },
        "exit_code": exit_code,
    })
}

fn of_input(input: &InputSurvey, reading: &Reading) -> Value {
    let InputSurvey {
        name,
        digest,
        shape,
        columns,
        tally,
        date_order,
    } = input;
    let is_csv = shape.format == Format::Csv;
    json!({
        "name": name,
        "bytes": digest.bytes,
        "sha256": digest.sha256,
        "rows": tally.rows,
        "entries": tally.entries,
        "invalid": tally.count(Outcome::Invalid),
        "packing": shape.packing.map(|packing| match packing {
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
            Packing::Zip => "zip",
        }),
        "format": match shape.format {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
            Format::Json => "json",
        },
        "encoding": shape.encoding.encoding,
        "encoding_by": match shape.encoding.basis {
            Basis::Mark => "mark",
            Basis::Job => "job",
            Basis::Content => "content",
            Basis::Guess => "guess",
        },
        "line_ends": if shape.is_crlf { "crlf" } else { "lf" },
        "delimiter": is_csv.then(|| char::from(shape.delimiter).to_string()),
        "quote": is_csv.then(|| char::from(shape.quote).to_string()),
        "header_line": is_csv.then_some(shape.header_line),
        "lines_above_header": is_csv.then(|| shape.header_line.saturating_sub(1)),
        "records": shape.records,
        "columns": {
            "sent": shown_names(&columns.sent),
            "only_read": shown_names(&columns.only_read),
            "never_sent": shown_names(&columns.never_sent),
        },
        "date_order": match date_order {
            Some(ColumnOrder::Decided(DateOrder::DayFirst, _)) => Some("dmy"),
            Some(ColumnOrder::Decided(DateOrder::MonthFirst, _)) => Some("mdy"),
            Some(ColumnOrder::Decided(DateOrder::YearFirst, _)) => Some("ymd"),
            Some(ColumnOrder::Ambiguous(_) | ColumnOrder::Contradictory { .. }) => Some("open"),
            Some(ColumnOrder::Known) | None => None,
        },
        "to_change_under_input": sayable(input, reading),
    })
}

fn of_groups(groups: &Groups, places: &InputPlaces, shows_values: bool) -> Value {
    let all: Vec<_> = groups
        .groups
        .iter()
        .map(|group| of_group(group, places, shows_values))
        .collect();
    json!({ "count": groups.count(), "groups": all, "of_other_kinds": groups.ungrouped })
}

fn of_group(group: &Group, places: &InputPlaces, shows_values: bool) -> Value {
    let known = group.code.explained();
    let examples = group.examples.iter().map(|example| {
        let column = group.column.as_deref();
        let mut told = of_position(example.position, column, places);
        told.insert("message".to_owned(), example.message.clone().into());
        told.insert(
            "value".to_owned(),
            example
                .value
                .as_ref()
                .map(|value| shown(value, shows_values))
                .into(),
        );
        Value::Object(told)
    });
    json!({
        "code": known.word,
        "column": group.column,
        "field": group.field.map(Field::name),
        "count": group.count,
        "meaning": known.meaning,
        "to_do": known.advice,
        "message": group.message,
        "examples": examples.collect::<Vec<_>>(),
    })
}

fn of_repeat(repeat: &Repeat, places: &InputPlaces, shows_values: bool) -> Value {
    let mut told = of_position(repeat.position, None, places);
    let of = of_position(repeat.of, None, places);
    told.insert("of".to_owned(), Value::Object(of));
    let key = repeat.key.as_ref().map(|key| match key {
        RepeatedKey::Plain(key) => key.clone(),
        RepeatedKey::Personal(key) => shown(key, shows_values),
    });
    told.insert("key".to_owned(), key.into());
    Value::Object(told)
}

fn shown(value: &Offending, shows_values: bool) -> String {
    if shows_values {
        value.plain().to_owned()
    } else {
        value.masked()
    }
}

fn of_position(
    position: Position,
    column: Option<&str>,
    places: &InputPlaces,
) -> Map<String, Value> {
    let place = places.of(position).place(position, column);
    let Position { input, row, line } = position;
    [
        ("input", input.into()),
        ("row", row.into()),
        ("line", line.into()),
        ("place", place.into()),
    ]
    .map(|(name, value): (&str, Value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}
