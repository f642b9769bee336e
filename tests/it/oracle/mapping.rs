//! A row by a job with every kind of rule: the same entries however it is written, and no value in any message.

use std::num::NonZeroU64;

use concord_import::internals::cli::job;
use concord_import::internals::intake::{Item, Problem, RowReading};
use concord_import::internals::plan::{ReadPlan, Reading};

use super::told::{any_plan, codes, readings_of};

/// Every kind of rule.
const JOB: &str = r#"
[input]
key = ["Ticket"]
region = "GB"
where = [{ column = "Category", in = ["Privacy", "None"] }]

[fields]
request = { column = "Wish", values = { "Erasure" = "delete", "Both" = ["view", "delete"], "Complaint" = "skip" } }
userEmail = "Email"
userPhoneNumber = { column = "Phone" }
userFirstName = { column = "Name", part = "first" }
userLastName = { column = "Name", part = "last" }
concordId = { column = "Concord", default = "" }
userId = { column = "User", default = "nobody" }
captureUrl = { columns = ["Details", "Category"] }
requestDetails = { columns = ["Details", "Ticket", "Category"] }
notes = { template = "{{ Ticket }}: {{ Details }}" }
domain = "Domain"
preverified = { column = "Verified", values = { "yes" = true, "no" = false }, default = false }
"#;

const COLUMNS: [&str; 11] = [
    "Ticket", "Email", "Wish", "Name", "Phone", "Details", "Verified", "Category", "Concord",
    "User", "Domain",
];

fn plan() -> ReadPlan {
    let job = job::parse("job.toml", JOB).unwrap_or_else(|faults| panic!("{faults}"));
    let mut plan = any_plan(&Reading {
        encoding: Some(encoding_rs::UTF_8),
        header_row: NonZeroU64::new(1),
        header_rows: Some(1),
        // What looks like a note depends on the columns' order.
        set_aside: false,
        ..Reading::default()
    });
    plan.rules = job.rules;
    plan
}

/// Each line is a row, its cells divided by `|`.
pub(crate) fn mapping(data: &[u8]) {
    let text = String::from_utf8_lossy(data).replace(['\0', '\u{feff}'], "");
    let rows: Vec<Vec<String>> = text
        .lines()
        .take(8)
        .map(|line| {
            let mut cells: Vec<_> = line
                .split('|')
                .map(|cell| cell.replace('\u{1}', "\n"))
                .collect();
            cells.resize(COLUMNS.len(), String::new());
            cells
        })
        .filter(|row| row.iter().any(|cell| !cell.trim().is_empty()))
        .collect();
    if rows.is_empty() {
        return;
    }
    let by = |order: &dyn Fn(usize) -> usize, file: fn(&[&str], &[Vec<&str>]) -> Vec<u8>| {
        let order: Vec<_> = (0..COLUMNS.len()).map(order).collect();
        let columns: Vec<_> = order.iter().map(|at| COLUMNS[*at]).collect();
        let rows: Vec<Vec<&str>> = rows
            .iter()
            .map(|row| order.iter().map(|at| row[*at].as_str()).collect())
            .collect();
        let (readings, _) = readings_of(&plan(), &file(&columns, &rows)).expect("it reads");
        readings
    };
    let as_csv = by(&|at| at, csv_file);
    for row in &as_csv {
        let cells = &rows[usize::try_from(row.position.row - 1).expect("it is small")];
        nothing_is_told(row, cells);
    }
    let expected: Vec<_> = as_csv.iter().map(told).collect();
    let reversed = by(&|at| COLUMNS.len() - 1 - at, csv_file);
    assert_eq!(reversed.iter().map(told).collect::<Vec<_>>(), expected);
    let as_json = by(&|at| at, json_file);
    assert_eq!(as_json.iter().map(told).collect::<Vec<_>>(), expected);
    twice(&rows, &as_csv);
}

fn csv_file(columns: &[&str], rows: &[Vec<&str>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    writer.write_record(columns).expect("memory writes");
    for row in rows {
        writer.write_record(row).expect("memory writes");
    }
    writer.into_inner().expect("memory flushes")
}

fn json_file(columns: &[&str], rows: &[Vec<&str>]) -> Vec<u8> {
    let mut text = String::new();
    for row in rows {
        let members = columns.iter().zip(row);
        let members: serde_json::Map<_, _> = members
            .map(|(column, cell)| ((*column).to_owned(), (*cell).into()))
            .collect();
        text += &serde_json::Value::Object(members).to_string();
        text.push('\n');
    }
    text.into_bytes()
}

/// What came of a row, but for where it stands.
fn told(row: &RowReading) -> String {
    let items = row.items.iter().map(|item| match item {
        Item::Entry(entry) => {
            let body = serde_json::to_string(&entry.body).expect("a body serialises");
            format!(
                "{} {} {:?} {body}",
                entry.import_id, entry.key.text, entry.fingerprint
            )
        }
        Item::Repeat { of, changed, .. } => format!("{} {changed}", of.row),
        Item::Invalid {
            request,
            key,
            problems,
        } => format!("{request:?} {key:?} {}", all(problems)),
    });
    let items: Vec<_> = items.collect();
    format!(
        "{}: {} {}",
        row.position.row,
        items.join("; "),
        all(&row.warnings)
    )
}

/// Problems in an order of their own: that of the columns is not told.
fn all(problems: &[Problem]) -> String {
    let all = problems.iter();
    let mut all: Vec<_> = all
        .map(|problem| {
            format!(
                "{:?} {:?} {} {}",
                problem.column,
                problem.field,
                problem.code.as_str(),
                problem.message
            )
        })
        .collect();
    all.sort();
    all.join(", ")
}

/// No message repeats a value, but for that of the request.
fn nothing_is_told(row: &RowReading, cells: &[String]) {
    /// Shorter ones may stand in a message by chance.
    const CHARS_MIN: usize = 10;
    let invalid = row.items.iter().filter_map(|item| match item {
        Item::Invalid { problems, .. } => Some(problems),
        _ => None,
    });
    let problems: Vec<_> = invalid.flatten().chain(&row.warnings).collect();
    for problem in problems {
        for (column, cell) in COLUMNS.iter().zip(cells) {
            let cell = cell.trim();
            let is_own =
                cell.contains(|c: char| c.is_ascii_digit()) && cell.chars().count() >= CHARS_MIN;
            if *column != "Wish" && is_own && !cells[2].contains(cell) {
                assert!(!problem.message.contains(cell), "{}", problem.message);
            }
        }
    }
}

/// Rows that come again ask for nothing new.
fn twice(rows: &[Vec<String>], once: &[RowReading]) {
    let doubled: Vec<Vec<&str>> = rows
        .iter()
        .chain(rows)
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    let (readings, _) = readings_of(&plan(), &csv_file(&COLUMNS, &doubled)).expect("it reads");
    let (first, second) = readings.split_at(rows.len());
    assert!(first.iter().map(told).eq(once.iter().map(told)));
    for (first, second) in first.iter().zip(second) {
        assert_eq!(codes(first).is_some(), codes(second).is_some());
        for (before, after) in first.items.iter().zip(&second.items) {
            match (before, after) {
                (Item::Entry(_), Item::Repeat { of, changed, .. }) => {
                    assert_eq!((of.row, *changed), (first.position.row, false));
                }
                (Item::Entry(_), _) => panic!("it is asked for twice"),
                (_, Item::Entry(_)) => panic!("a row that comes again is taken"),
                _ => {}
            }
        }
    }
}
