//! Values through the whole of reading: what is taken, repaired with a word, or refused; dates and what follows from them.
//!
//! The suites of others are run over when `CONCORD_CORPORA` names the folder that holds them.

use std::fs;
use std::path::PathBuf;

use concord_import::internals::check::{Survey, survey};
use concord_import::internals::entry::{Field, RequestType};
use concord_import::internals::intake::{Item, RowReading};
use concord_import::internals::plan::{
    DateOrder, Input, Meaning, NamePart, ReadPlan, ReceivedDate, Rule,
};
use concord_import::internals::received::ColumnOrder;
use std::ops::ControlFlow;
use tempfile::TempDir;

use crate::reading::{plan, read};
use crate::support::{TODAY, column};

/// The folder of the suites, or a plain word that they are left out.
#[expect(
    clippy::print_stdout,
    reason = "figures are for whoever asks for them with --nocapture"
)]
fn suites(what: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("CONCORD_CORPORA").map(|corpora| PathBuf::from(corpora).join("suites"));
    if folder.is_none() {
        println!(
            "left out: {what}; set CONCORD_CORPORA to the folder of the corpora to run over it"
        );
    }
    folder
}

/// What came of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Accepted,
    Warned,
    Refused,
}

/// What comes of values in cells, each alone in its row but for what every row needs.
fn all_came(plan: &ReadPlan, values: &[String]) -> Vec<(Came, Vec<&'static str>)> {
    let mut text = csv::Writer::from_writer(b"Ticket,Wish,Email,Value\n".to_vec());
    for (number, value) in values.iter().enumerate() {
        let ticket = format!("T-{number}");
        text.write_record([ticket.as_str(), "view", "", value.as_str()])
            .expect("memory");
    }
    let rows = read(plan, &text.into_inner().expect("memory"));
    assert_eq!(rows.len(), values.len());
    rows.iter().map(became).collect()
}

fn came(plan: &ReadPlan, value: &str) -> (Came, Vec<&'static str>) {
    all_came(plan, &[value.to_owned()]).remove(0)
}

fn became(row: &RowReading) -> (Came, Vec<&'static str>) {
    match row.items.as_slice() {
        [Item::Entry(_)] if row.warnings.is_empty() => (Came::Accepted, vec![]),
        [Item::Entry(_)] => (
            Came::Warned,
            row.warnings
                .iter()
                .map(|warning| warning.code.as_str())
                .collect(),
        ),
        [Item::Invalid { problems, .. }] => (
            Came::Refused,
            problems
                .iter()
                .map(|problem| problem.code.as_str())
                .collect(),
        ),
        other => panic!("{other:?}"),
    }
}

fn set(plan: &mut ReadPlan, field: Field, rule: Rule) {
    plan.rules.fields.retain(|(other, _)| *other != field);
    plan.rules.fields.push((field, rule));
}

/// A plan whose column `Value` is the property.
fn plan_of(field: Field) -> ReadPlan {
    let mut plan = plan();
    set(&mut plan, field, column("Value"));
    plan
}

/// The text between two marks, with the entities of XML undone.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    let start = text.find(open)? + open.len();
    Some(&text[start..start + text[start..].find(close)?])
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let end = at + rest[at..].find(';').expect("an entity ends");
        let entity = &rest[at + 1..end];
        let number = entity
            .strip_prefix("#x")
            .map(|hex| u32::from_str_radix(hex, 16).expect("hex"));
        out.push(match (entity, number) {
            // The suite shows control characters by their symbols.
            (_, Some(code @ 0x2400..=0x241f)) => char::from_u32(code - 0x2400).expect("ASCII"),
            (_, Some(code)) => char::from_u32(code).expect("a character"),
            ("amp", _) => '&',
            ("lt", _) => '<',
            ("gt", _) => '>',
            ("quot", _) => '"',
            ("apos", _) => '\'',
            other => panic!("{other:?}"),
        });
        rest = &rest[end + 1..];
    }
    out + rest
}

#[test]
fn ids_and_names_that_say_nothing_or_look_like_numbers_are_told() {
    let user_id = plan_of(Field::UserId);
    for (value, codes) in [
        ("1234.0", vec!["id_formatted"]),
        ("1.234,00", vec!["id_formatted"]),
        ("12345678901234500000", vec!["id_rounded"]),
        ("0", vec!["id_zero"]),
        ("=\"00123\"", vec!["text_in_formula"]),
        ("\u{200b}123", vec!["invisible_characters"]),
        ("'00123", vec!["apostrophe"]),
    ] {
        assert_eq!(came(&user_id, value), (Came::Warned, codes), "{value}");
    }
    for (value, code) in [
        ("#ADR!", "spreadsheet_error"),
        ("#YOK", "spreadsheet_error"),
        ("1.23457E+14", "id_damaged"),
        ("NULL", "no_identifier"),
        ("-", "no_identifier"),
        ("n/a", "no_identifier"),
    ] {
        assert_eq!(
            came(&user_id, value),
            (Came::Refused, vec![code]),
            "{value}"
        );
    }
    // Where something else tells who it is, a word for nothing is no value.
    let mut plan = plan_of(Field::UserPhoneNumber);
    set(&mut plan, Field::UserId, column("Ticket"));
    for value in ["n/a", "-", "unknown"] {
        assert_eq!(
            came(&plan, value),
            (Came::Warned, vec!["word_for_nothing"]),
            "{value}"
        );
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "figures are for whoever asks for them with --nocapture"
)]
fn addresses_are_judged_as_isemail_does() {
    let Some(folder) = suites("the addresses of isemail") else {
        return;
    };
    let text =
        fs::read_to_string(folder.join("isemail/test/tests.xml")).expect("the suite is there");
    let plan = plan_of(Field::UserEmail);
    let (mut cases, mut agreed) = (0, 0);
    let mut others = Vec::new();
    for case in text.split("<test id=").skip(1) {
        let address = unescaped(between(case, "<address>", "</address>").unwrap_or_default());
        let category = between(case, "<category>ISEMAIL_", "</category>").expect("a category");
        let (came, codes) = came(&plan, &address);
        let is_agreed = match category {
            "VALID_CATEGORY" | "DNSWARN" | "RFC5321" => came != Came::Refused,
            "ERR" => came == Came::Refused,
            _ => came != Came::Accepted,
        };
        cases += 1;
        agreed += u32::from(is_agreed);
        // White space around a cell is never part of its value.
        let is_trimmed = address.trim() != address;
        let has_no_dot = matches!(address.as_str(), "test@io" | "test@org");
        if !is_agreed && !is_trimmed && !has_no_dot {
            others.push(format!("{category} {address:?}: {came:?} {codes:?}"));
        }
    }
    println!(
        "isemail: {agreed} of {cases} agree; the others are white space around a cell, and domains without a dot"
    );
    assert!(cases > 160);
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "figures are for whoever asks for them with --nocapture"
)]
fn numbers_of_every_region_go_through() {
    let Some(folder) = suites("the numbers of libphonenumber") else {
        return;
    };
    let file = folder.join("libphonenumber/resources/PhoneNumberMetadata.xml");
    let text = fs::read_to_string(file).expect("the suite is there");
    let mut plan = plan_of(Field::UserPhoneNumber);
    let (mut all, mut international, mut national, mut bare) = (0, 0, 0, 0);
    for territory in text.split("<territory ").skip(1) {
        let attribute = |name: &str| between(territory, &format!("{name}=\""), "\"");
        let region = attribute("id").expect("an id");
        let code = attribute("countryCode").expect("a code");
        let mut attributes = territory
            .split('>')
            .next()
            .expect("a tag")
            .split_whitespace();
        let prefix =
            attributes.find_map(|text| text.strip_prefix("nationalPrefix=\"")?.strip_suffix('"'));
        let prefix = prefix.unwrap_or_default();
        let examples = territory.split("<exampleNumber>").skip(1);
        let numbers: Vec<_> = examples
            .map(|text| text.split('<').next().expect("a number").trim())
            .collect();
        let mut sent = |region: Option<&str>, before: &str| {
            plan.rules.region = region.map(str::to_owned);
            let values: Vec<_> = numbers
                .iter()
                .map(|number| format!("{before}{number}"))
                .collect();
            let came = all_came(&plan, &values);
            came.iter()
                .filter(|(came, _)| *came != Came::Refused)
                .count()
        };
        all += numbers.len();
        international += sent(None, &format!("+{code}"));
        // Numbers of no country (the region 001) have no national form.
        if region != "001" {
            national += sent(Some(region), prefix);
            bare += sent(Some(region), "");
        }
    }
    println!(
        "libphonenumber: of {all} numbers {international} are taken with + and no region, {national} as they are dialled in \
         their region, {bare} without the prefix of that"
    );
    assert!(
        all > 1_000 && international * 100 >= all * 98,
        "{international} of {all}"
    );
    assert!(national * 100 >= all * 90, "{national} of {all}");
}

#[test]
fn addresses_and_numbers_are_repaired_with_a_word() {
    let email = plan_of(Field::UserEmail);
    for (value, expected) in [
        ("ann@example.com", (Came::Accepted, vec![])),
        (" ann@example.com\u{a0}", (Came::Accepted, vec![])),
        (
            "Ann <ann@example.com>",
            (Came::Warned, vec!["email_cleaned"]),
        ),
        (
            "ann@bücher.example",
            (Came::Warned, vec!["email_domain_in_ascii"]),
        ),
        ("\"a b\"@example.com", (Came::Warned, vec!["unusual_email"])),
        (
            "ann@example.com; bo@example.com",
            (Came::Refused, vec!["email_several"]),
        ),
        ("ann@example", (Came::Refused, vec!["not_email"])),
        ("#N/A", (Came::Refused, vec!["spreadsheet_error"])),
    ] {
        assert_eq!(came(&email, value), expected, "{value}");
    }
    let mut phone = plan_of(Field::UserPhoneNumber);
    phone.rules.region = Some("GB".to_owned());
    for (value, expected) in [
        ("'+44 20 7946 0018", (Came::Warned, vec!["phone_cleaned"])),
        ("2079460018", (Came::Warned, vec!["phone_zero_restored"])),
        ("4.42079E+11", (Came::Refused, vec!["phone_damaged"])),
        ("#REF!", (Came::Refused, vec!["spreadsheet_error"])),
    ] {
        assert_eq!(came(&phone, value), expected, "{value}");
    }
}

#[test]
fn identifiers_and_keys_that_lost_digits_are_refused() {
    let id = plan_of(Field::UserId);
    for (value, expected) in [
        ("1.23457E+14", (Came::Refused, vec!["id_damaged"])),
        ("'00123", (Came::Warned, vec!["apostrophe"])),
        ("3E8", (Came::Accepted, vec![])),
        ("#VALUE!", (Came::Refused, vec!["spreadsheet_error"])),
    ] {
        assert_eq!(came(&id, value), expected, "{value}");
    }
    let mut key = plan_of(Field::UserId);
    key.rules.key = vec!["Value".to_owned()];
    for (value, expected) in [
        ("1.23457E+14", Some("key_damaged")),
        ("#NAME?", Some("spreadsheet_error")),
        ("12345.0", Some("key_fraction")),
        ("12345678901234500", Some("key_rounded")),
        ("'00123", Some("key_apostrophe")),
        ("T-1", None),
    ] {
        let (_, codes) = came(&key, value);
        assert_eq!(
            codes.iter().find(|code| Some(**code) == expected),
            expected.as_ref(),
            "{value}: {codes:?}"
        );
        assert_eq!(codes.is_empty(), expected.is_none(), "{value}: {codes:?}");
    }
    // In a template and a filter as well.
    let mut notes = plan_of(Field::UserId);
    set(
        &mut notes,
        Field::Notes,
        Rule::Template("Ticket {{ Value }}".to_owned()),
    );
    assert!(came(&notes, "#DIV/0!").1.contains(&"spreadsheet_error"));
}

#[test]
fn a_name_that_cannot_be_divided_is_told_once() {
    let mut plan = plan_of(Field::UserId);
    for (field, part) in [
        (Field::UserFirstName, NamePart::First),
        (Field::UserLastName, NamePart::Last),
    ] {
        let rule = Rule::Column {
            name: "Value".to_owned(),
            values: Vec::new(),
            default: None,
            part: Some(part),
        };
        set(&mut plan, field, rule);
    }
    assert_eq!(came(&plan, "Ann Lee"), (Came::Accepted, vec![]));
    assert_eq!(
        came(&plan, "Maria Garcia Lopez"),
        (Came::Warned, vec!["name_undivided"])
    );
    assert_eq!(
        came(&plan, "Dr. Ann Lee"),
        (Came::Warned, vec!["name_without_title"])
    );
}

/// What a check says of rows of `Ticket,Email,Wish,Created` on the first of September 2026.
fn checked(plan: &mut ReadPlan, dates: &[&str]) -> Survey {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("tickets.csv");
    let mut text = "Ticket,Email,Wish,Created\n".to_owned();
    for (row, date) in dates.iter().enumerate() {
        text += &format!("T-{row},ann@example.com,view,\"{date}\"\n");
    }
    fs::write(&path, text).expect("a file");
    plan.inputs = vec![Input {
        name: "tickets.csv".to_owned(),
        path,
    }];
    let taken = survey(plan, TODAY, &mut |_| ControlFlow::Continue(()));
    taken.expect("it can be read").expect("not broken off")
}

fn dated(order: Option<DateOrder>) -> ReadPlan {
    let mut plan = plan();
    plan.rules.received = Some(ReceivedDate {
        column: "Created".to_owned(),
        order,
    });
    plan
}

fn order_of(survey: &Survey) -> &ColumnOrder {
    survey.inputs[0]
        .date_order
        .as_ref()
        .expect("there is a column")
}

fn codes(groups: &concord_import::internals::check::Groups) -> Vec<(&str, u64)> {
    groups
        .groups
        .iter()
        .map(|group| (group.code.as_str(), group.count))
        .collect()
}

#[test]
fn one_value_decides_the_order_of_a_column() {
    let plan = &mut dated(None);
    let survey = checked(
        plan,
        &["03/04/2026", "05/06/2026 10:00", "13/08/2026", "01/08/2026"],
    );
    assert!(
        matches!(order_of(&survey), ColumnOrder::Decided(DateOrder::DayFirst, place) if place.row == 3)
    );
    let received = survey.received.as_ref().expect("dates");
    assert_eq!(
        (
            received.dated,
            received.overdue_sooner,
            received.overdue_later,
            received.undated
        ),
        (4, 3, 2, 0)
    );
    assert_eq!(
        received.oldest.map(|day| day.to_string()).as_deref(),
        Some("2026-04-03")
    );
    assert!(survey.open_questions(plan).is_empty() && survey.problems.count() == 0);
    let survey = checked(plan, &["03/04/2026", "08/13/2026"]);
    assert!(
        matches!(order_of(&survey), ColumnOrder::Decided(DateOrder::MonthFirst, place) if place.row == 2)
    );
    assert_eq!(
        survey
            .received
            .expect("dates")
            .oldest
            .map(|day| day.to_string())
            .as_deref(),
        Some("2026-03-04")
    );
}

#[test]
fn an_order_that_nothing_decides_is_asked_for() {
    let plan = &mut dated(None);
    let survey = checked(plan, &["03/04/2026", "05/06/2026", "2026-08-01"]);
    assert_eq!(codes(&survey.problems), [("date_order", 2)]);
    assert_eq!(survey.open_questions(plan).len(), 1);
    assert_eq!(
        survey
            .received
            .as_ref()
            .map(|received| (received.dated, received.undated)),
        Some((1, 2))
    );
    let survey = checked(plan, &["13/04/2026", "03/04/2026", "04/13/2026"]);
    let rows = survey.problems.groups[0]
        .examples
        .iter()
        .map(|place| place.position.row);
    assert_eq!(
        rows.collect::<Vec<_>>(),
        [1, 3],
        "the two that contradict each other"
    );
    assert!(matches!(
        order_of(&survey),
        ColumnOrder::Contradictory { .. }
    ));
    let plan = &mut dated(Some(DateOrder::DayFirst));
    let survey = checked(plan, &["13/04/2026", "03/04/2026", "04/13/2026"]);
    assert_eq!(order_of(&survey), &ColumnOrder::Known);
    assert_eq!(codes(&survey.warnings), [("received_unreadable", 1)]);
    assert!(survey.open_questions(plan).is_empty());
}

#[test]
fn dates_that_are_missing_or_odd_are_warnings() {
    let survey = checked(
        &mut dated(None),
        &[
            "",
            "soon",
            "2026-09-02",
            "2026-09-03",
            "1989-12-31",
            "#N/A",
            "2026-08-02",
            "2026-08-03",
        ],
    );
    let mut told = codes(&survey.warnings);
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("received_ancient", 1),
            ("received_blank", 1),
            ("received_future", 1),
            ("received_unreadable", 2)
        ]
    );
    let received = survey.received.expect("dates");
    assert_eq!((received.dated, received.undated), (5, 3));
    // 2026-08-02 is thirty days before the first of September.
    assert_eq!(received.overdue_sooner, 1);
    assert_eq!(
        survey.to_send.count, 8,
        "no date keeps a request from being sent"
    );
    assert_eq!(checked(&mut plan(), &["03/04/2026"]).received, None);
}

#[test]
fn a_word_without_meaning_is_a_problem_of_its_rows_and_of_the_job() {
    let mut plan = plan();
    let rule = Rule::Column {
        name: "Wish".to_owned(),
        values: vec![
            ("Opt out".to_owned(), Meaning::Undecided),
            ("Remove".to_owned(), Meaning::Undecided),
            (
                "Erase".to_owned(),
                Meaning::Requests(vec![RequestType::Delete]),
            ),
        ],
        default: None,
        part: None,
    };
    set(&mut plan, Field::Request, rule);
    let text = "Ticket,Email,Wish\n1,a@example.com,opt  OUT.\n2,a@example.com,\"\u{201c}Erase\u{201d}\"\n3,a@example.com,VIEW;\n4,a@example.com,Erase?\n";
    let rows = read(&plan, text.as_bytes());
    let told: Vec<_> = rows.iter().map(crate::reading::told).collect();
    assert_eq!(
        told,
        [
            "1/2: undecided_request@2",
            "2/3: 2 delete",
            "3/4: 3 view",
            "4/5: unmapped_request@5"
        ]
    );
    let survey = checked(&mut plan, &[""]);
    assert_eq!(
        codes(&survey.problems),
        [("undecided_request", 1), ("undecided_request", 1)]
    );
    assert_eq!(
        survey.open_questions(&plan).len(),
        2,
        "no row has these words, and a run asks all the same"
    );
}

/// The program over an input and a job, and what it wrote.
fn run(verb: &str, input: &str, job: &str) -> (Option<i32>, String) {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("in.csv"), input).expect("a file");
    fs::write(folder.path().join("in.toml"), job).expect("a file");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_concord-import"))
        .current_dir(&folder)
        .args([verb, "in.csv", "--sandbox", "--yes", "--progress", "none"])
        .output()
        .expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    assert!(
        !folder.path().join("concord-import-out").exists() || output.status.code() != Some(2),
        "nothing was sent"
    );
    (
        output.status.code(),
        String::from_utf8(text).expect("UTF-8"),
    )
}

#[test]
fn a_run_sends_nothing_before_all_is_decided() {
    let input = "Ticket,Email,Wish,Created\n1,a@example.com,view,03/04/2026\n2,b@example.com,Opt out,05/06/2026\n";
    let job = |wish: &str, order: &str| {
        format!(
            "[input]\nkey = [\"Ticket\"]\nreceived = \"Created\"\n{order}\n[fields]\nuserEmail = \"Email\"\n\
             preverified = {{ value = true }}\nrequest = {{ column = \"Wish\", values = {{ \"Opt out\" = \"{wish}\" }} }}\n"
        )
    };
    let open = job("?", "");
    let (code, text) = run("check", input, &open);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("`Opt out` has no meaning yet") && text.contains("set date_order"),
        "{text}"
    );
    let (code, text) = run("run", input, &open);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("`Opt out` has no meaning yet") && text.contains("set date_order"),
        "{text}"
    );
    let (code, text) = run("run", input, &job("do_not_sell", "date_order = \"dmy\""));
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = run("check", input, &job("do_not_sell", "date_order = \"dmy\""));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("\nwaiting              2  for more than 30 days, 2 of them for more than 45; the oldest is of 2026-04-03"), "{text}");
}
