//! From rows to entries: every kind of rule, keys, marks, and what a person reads about a value that is wrong.

use concord_import::internals::entry::{Entry, Field, ImportId, RequestType};
use concord_import::internals::intake::{Item, Problem};
use concord_import::internals::plan::{Filter, Literal, Mark, Meaning, NamePart, ReadPlan, Rule};
use uuid::Uuid;

use crate::reading::{open, plan, read, told};
use crate::support::column;

const HEADER: &str = "Ticket,Email,Wish,Name,Phone,Notes,Verified\n";

fn set(plan: &mut ReadPlan, field: Field, rule: Rule) {
    plan.rules.fields.retain(|(other, _)| *other != field);
    plan.rules.fields.push((field, rule));
}

fn entries(plan: &ReadPlan, text: &str) -> Vec<Entry> {
    read(plan, text.as_bytes())
        .into_iter()
        .flat_map(|row| row.items)
        .map(|item| match item {
            Item::Entry(entry) => *entry,
            other => panic!("{other:?}"),
        })
        .collect()
}

/// The problems of the only row, as `code column: message`.
fn problems(plan: &ReadPlan, row: &str) -> Vec<String> {
    let rows = read(plan, format!("{HEADER}{row}\n").as_bytes());
    match rows[0].items.first() {
        Some(Item::Invalid { problems, .. }) => problems.iter().map(text_of).collect(),
        other => panic!("{other:?}"),
    }
}

fn text_of(problem: &Problem) -> String {
    format!(
        "{} {}: {}",
        problem.code.as_str(),
        problem.column.as_deref().unwrap_or("-"),
        problem.message
    )
}

fn fault(plan: &ReadPlan) -> String {
    match open(plan, HEADER.as_bytes()) {
        Ok(_) => panic!("the rules should not compile"),
        Err(error) => format!("{error} | {}", error.hint()),
    }
}

fn full() -> ReadPlan {
    let mut plan = plan();
    set(
        &mut plan,
        Field::UserFirstName,
        Rule::Column {
            name: "Name".to_owned(),
            values: Vec::new(),
            default: None,
            part: Some(NamePart::First),
        },
    );
    set(
        &mut plan,
        Field::UserLastName,
        Rule::Column {
            name: "Name".to_owned(),
            values: Vec::new(),
            default: None,
            part: Some(NamePart::Last),
        },
    );
    set(&mut plan, Field::UserPhoneNumber, column("Phone"));
    set(
        &mut plan,
        Field::Notes,
        Rule::Template("Ticket {{ Ticket }}: {{ \"Notes\" }}".to_owned()),
    );
    set(
        &mut plan,
        Field::RequestDetails,
        Rule::Columns(vec!["Wish".to_owned(), "Notes".to_owned()]),
    );
    plan.rules.region = Some("GB".to_owned());
    plan
}

#[test]
fn every_kind_of_rule_makes_its_part_of_the_body() {
    let text = format!(
        "{HEADER}T-1,ann@bücher.example, Right to ERASURE ,\"Lee, Ann\",020 7946 0018,\"by letter, twice\",\n"
    );
    let entries = entries(&full(), &text);
    let id = ImportId::new(Uuid::from_u128(0x5eed), "T-1");
    assert_eq!(entries[0].import_id, id);
    assert_eq!(
        serde_json::to_string(&entries[0].body).expect("a body serialises"),
        format!(
            r#"{{"notes":"Ticket T-1: by letter, twice [ref {id}]","preverified":true,"request":"delete","requestDetails":"Wish: Right to ERASURE\nNotes: by letter, twice","userEmail":"ann@xn--bcher-kva.example","userFirstName":"Ann","userLastName":"Lee","userPhoneNumber":"+442079460018"}}"#
        )
    );
    assert!(
        !entries[0].key.is_personal,
        "a ticket number does not become personal by being noted"
    );
}

#[test]
fn blank_cells_leave_properties_out_and_defaults_fill() {
    let mut plan = full();
    set(
        &mut plan,
        Field::Domain,
        Rule::Column {
            name: "No such column".to_owned(),
            values: Vec::new(),
            default: Some(Literal::Text("example.org".to_owned())),
            part: None,
        },
    );
    set(&mut plan, Field::Notes, column("Notes"));
    plan.rules.mark = Mark::None;
    let entries = entries(
        &plan,
        &format!("{HEADER}T-1, a@example.com ,view,Cher, , ,\n"),
    );
    assert_eq!(
        serde_json::to_string(&entries[0].body).expect("a body serialises"),
        r#"{"domain":"example.org","preverified":true,"request":"view","requestDetails":"Wish: view","userEmail":"a@example.com","userFirstName":"Cher"}"#
    );
}

#[test]
fn all_problems_of_a_row_are_told_without_its_values() {
    let mut plan = full();
    set(&mut plan, Field::Preverified, column("Verified"));
    let notes = "n".repeat(2_000);
    let told = problems(
        &plan,
        &format!("T-12345,nobody at example,Right to object,N,4.47911E+11,{notes},maybe"),
    );
    assert_eq!(
        told,
        [
            "unmapped_request Wish: `Right to object` is not known; known are `Right to erasure`, `Both`, `Complaint`, change, \
             delete, view and do_not_sell. Add to the values of request in the job file: \"Right to object\" = \"…\"  # view, \
             delete, change, do_not_sell or skip",
            "not_boolean Verified: is none of true, false, yes and no",
            "phone_damaged Phone: is in scientific notation (like 4.47E+11): a spreadsheet has damaged it and digits are lost; \
             format the column as text and fill it in again",
            "not_email Email: has no `@`; an address like name@example.com is wanted",
            "too_long Ticket, Notes: may have 2,048 characters at most, and has 2,059 (43 of them are the mark)",
        ]
    );
    assert_eq!(
        problems(&plan, " ,,view,N,,,yes"),
        [
            "blank_key Ticket: is blank, but the job file makes it the key that identifies the row",
            "no_identifier -: nothing tells who the person is; one of concordId, userEmail, userPhoneNumber, projectUserId and \
             userId is needed",
        ]
    );
    assert!(
        problems(&plan, "T-1,a@example.com,,N,,,")[0].starts_with("blank_preverified Verified")
    );
    assert!(
        problems(&plan, "T-1,a@example.com,,N,,,no")[0].starts_with("required Wish: is missing")
    );
}

#[test]
fn values_and_filters_are_compared_as_people_mean_them() {
    let mut plan = plan();
    plan.rules.filters = vec![Filter {
        column: "Notes".to_owned(),
        values: vec!["Privacy".to_owned(), "Löschung".to_owned()],
    }];
    set(
        &mut plan,
        Field::Preverified,
        Rule::Column {
            name: "Verified".to_owned(),
            values: vec![("OK".to_owned(), Meaning::Literal(Literal::Bool(true)))],
            default: Some(Literal::Bool(false)),
            part: None,
        },
    );
    let text = format!(
        "{HEADER}1,a@example.com,DELETE,,,PRIVACY ,ok\n2,a@example.com,view,,,billing,ok\n\
         3,a@example.com,Complaint,,,privacy,\n4,a@example.com,both,,,LO\u{308}SCHUNG,No\n5,a@example.com,view,,,,\n"
    );
    let rows = read(&plan, text.as_bytes());
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        [
            "1/2: 1 delete",
            "2/3: ",
            "3/4: ",
            "4/5: 4 // view view; 4 // delete delete",
            "5/6: "
        ]
    );
    let verified: Vec<_> = rows
        .iter()
        .flat_map(|row| &row.items)
        .map(|item| match item {
            Item::Entry(entry) => entry.body.preverified(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(verified, [Some(true), Some(false), Some(false)]);
}

#[test]
fn without_key_columns_the_content_is_the_key() {
    let mut plan = plan();
    plan.rules.key.clear();
    let text = format!(
        "{HEADER}1,a@example.com,view,,,,\n2,a@example.com,VIEW,,,other,\n3,a@example.com,delete,,,,\n4,x,both,,,,\n"
    );
    let rows = read(&plan, text.as_bytes());
    let told: Vec<_> = rows.iter().map(told).collect();
    assert!(told[0].starts_with("1/2: content:"), "{}", told[0]);
    assert_eq!(
        told[1], "2/3: repeats row 1",
        "columns that no rule names do not count"
    );
    assert!(told[2].starts_with("3/4: content:"));
    assert_eq!(told[3], "4/5: not_email@5; not_email@5");
    // Import ids are for good: these may never change.
    let Some(Item::Entry(entry)) = rows[0].items.first() else {
        panic!("it is valid")
    };
    // Computed by another program from the documented form of the content.
    assert_eq!(
        format!(
            "{} {} {:016x}",
            entry.key.text, entry.import_id, entry.fingerprint.0
        ),
        "content:da60ec2e2bfa113dc793b60df519ac41 d3e50050-30fc-5293-9d57-27beebf4b78f 925728fdfa0d25fb"
    );
}

#[test]
fn keys_of_several_columns_and_personal_keys() {
    let mut plan = plan();
    plan.rules.key = vec!["Ticket".to_owned(), "Notes".to_owned()];
    let made = entries(
        &plan,
        &format!("{HEADER}a,a@example.com,view,,,b,\na / b,a@example.com,view,,,,\n"),
    );
    assert_eq!(
        (made[0].key.text.as_str(), made[1].key.text.as_str()),
        ("a / b", "a /// b / ")
    );
    assert!(!made[0].key.is_personal);
    plan.rules.key = vec!["Email".to_owned()];
    assert!(
        entries(&plan, &format!("{HEADER}a,a@example.com,view,,,b,\n"))[0]
            .key
            .is_personal
    );
    // Even where no rule says so, an address is personal.
    plan.rules.key = vec!["Notes".to_owned()];
    assert!(
        entries(
            &plan,
            &format!("{HEADER}a,a@example.com,view,,,b@example.com,\n")
        )[0]
        .key
        .is_personal
    );
}

#[test]
fn phones_without_region_are_sent_as_written_with_a_warning() {
    let mut plan = full();
    plan.rules.region = None;
    let rows = read(
        &plan,
        format!("{HEADER}1,a@example.com,view,,020 7946 0018,,\n2,,view,,+1 202 555 0147,,\n")
            .as_bytes(),
    );
    assert_eq!(rows[0].warnings[0].code.as_str(), "phone_as_written");
    assert!(rows[1].warnings.is_empty());
    let made = entries(
        &plan,
        &format!("{HEADER}1,a@example.com,view,,020 7946 0018,,\n2,,view,,+1 202 555 0147,,\n"),
    );
    assert_eq!(made[0].body.user_phone_number(), Some("020 7946 0018"));
    assert_eq!(made[1].body.user_phone_number(), Some("+12025550147"));
}

#[test]
fn a_phone_without_region_that_alone_tells_who_it_is_is_refused() {
    let mut plan = full();
    plan.rules.region = None;
    let rows = read(
        &plan,
        format!("{HEADER}1,,view,,020 7946 0018,,\n").as_bytes(),
    );
    let [Item::Invalid { problems, .. }] = &rows[0].items[..] else {
        panic!("{:?}", rows[0].items)
    };
    let codes: Vec<_> = problems
        .iter()
        .map(|problem| problem.code.as_str())
        .collect();
    assert_eq!(codes, ["phone_without_region"]);
    assert!(rows[0].warnings.is_empty());
    plan.rules.region = Some("GB".to_owned());
    let made = entries(&plan, &format!("{HEADER}1,,view,,020 7946 0018,,\n"));
    assert_eq!(made[0].body.user_phone_number(), Some("+442079460018"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn faults_of_the_job_show_before_the_first_row() {
    let values = |pairs: &[(&str, Meaning)]| Rule::Column {
        name: "Wish".to_owned(),
        values: pairs
            .iter()
            .map(|(value, meaning)| ((*value).to_owned(), meaning.clone()))
            .collect(),
        default: None,
        part: None,
    };
    let word = |word: &str| Meaning::Literal(Literal::Text(word.to_owned()));
    let cases: Vec<(Field, Rule, &str)> = vec![
        (
            Field::Request,
            values(&[("Erase", word("delete")), ("ERASE ", word("view"))]),
            "`Erase` and `ERASE ` are the same value",
        ),
        (
            Field::Request,
            values(&[("Erase", word("erase"))]),
            "`erase` is not a request",
        ),
        (
            Field::Request,
            Rule::Value(Literal::Text("erase".to_owned())),
            "`erase` is not a request",
        ),
        (
            Field::Request,
            values(&[(
                "x",
                Meaning::Requests(vec![RequestType::View, RequestType::View]),
            )]),
            "`view` twice",
        ),
        (
            Field::Preverified,
            Rule::Value(Literal::Text("perhaps".to_owned())),
            "neither true nor false",
        ),
        (
            Field::Notes,
            Rule::Value(Literal::Bool(true)),
            "true is not text",
        ),
        (
            Field::Notes,
            Rule::Template("see {{ Ticket".to_owned()),
            "character 5: `{{` is not closed",
        ),
        (
            Field::Notes,
            Rule::Template("see {{ Tickets }}".to_owned()),
            "perhaps `Ticket` is meant",
        ),
        (
            Field::Notes,
            Rule::Columns(vec![]),
            "its list of columns is empty",
        ),
        (
            Field::Notes,
            Rule::Columns(vec!["NAME".to_owned()]),
            "`NAME` (fields.notes)",
        ),
    ];
    for (field, rule, says) in cases {
        let mut plan = plan();
        set(&mut plan, field, rule);
        let told = fault(&plan);
        assert!(told.contains(says), "{told}");
    }
    let mut plan = plan();
    plan.rules.region = Some("UK".to_owned());
    assert!(fault(&plan).contains("`UK` is not a region"));
    plan.rules.region = None;
    plan.rules
        .fields
        .retain(|(field, _)| *field != Field::Preverified);
    assert!(
        fault(&plan).contains("fields.preverified") && fault(&plan).contains("{ value = false }")
    );
    plan.rules
        .fields
        .retain(|(field, _)| *field != Field::UserEmail);
    assert!(fault(&plan).contains("no rule tells who the person is"));
}

#[test]
fn likely_trouble_is_a_warning_and_never_blocks() {
    let mut plan = full();
    set(&mut plan, Field::CaptureUrl, column("Verified"));
    let name = "x".repeat(129);
    let rows = read(
        &plan,
        format!("{HEADER}1,a@example.com,view,{name},,,ftp://example.com\n").as_bytes(),
    );
    assert!(matches!(rows[0].items[..], [Item::Entry(_)]));
    let warnings: Vec<_> = rows[0].warnings.iter().map(text_of).collect();
    assert_eq!(
        warnings,
        [
            "name_undivided Name: cannot be divided with certainty, so all of it is sent as the first name; `Last, First` would \
             tell, or a column for each",
            "not_http Verified: does not start with http:// or https://",
            "likely_too_long Name: may have 128 characters at most, and has 129; Concord likely refuses it",
        ]
    );
}

/// A row of a help desk that keeps its own fields in a list.
fn listed(ticket: &str, wish: &str, name: &str) -> String {
    format!(
        "{{\"custom_fields\":[{{\"id\":27642,\"value\":\"{wish}\"}},{{\"id\":\"27643\",\"value\":\"{name}\"}},\
         {{\"id\":1,\"name\":\"Ticket no\",\"value\":{ticket}}}],\"Email\":\"{ticket}@example.com\"}}\n"
    )
}

fn by_paths() -> ReadPlan {
    let mut plan = plan();
    let path = |path: &str| path.to_owned();
    plan.rules.key = vec![path("custom_fields[name=Ticket no].value")];
    plan.rules.filters = vec![Filter {
        column: path("custom_fields[id=27643].value"),
        values: vec!["Ann".to_owned(), "Bob".to_owned()],
    }];
    set(
        &mut plan,
        Field::Request,
        Rule::Column {
            name: path("custom_fields[id=27642].value"),
            values: vec![(
                "Erasure".to_owned(),
                Meaning::Requests(vec![RequestType::Delete]),
            )],
            default: None,
            part: None,
        },
    );
    set(&mut plan, Field::UserEmail, column("Email"));
    set(
        &mut plan,
        Field::UserFirstName,
        column("custom_fields[id=27643].value"),
    );
    set(
        &mut plan,
        Field::Notes,
        Rule::Template("No {{ custom_fields[name=Ticket no].value }}".to_owned()),
    );
    set(
        &mut plan,
        Field::RequestDetails,
        Rule::Columns(vec![path("custom_fields[id=27642].value")]),
    );
    plan
}

#[test]
fn values_in_lists_are_columns_like_any() {
    let plan = by_paths();
    let text = [
        listed("1", "Erasure", "Ann"),
        listed("2", "Erasure", "Bob"),
        listed("3", "Erasure", "Cho"),
    ]
    .concat();
    let rows = read(&plan, text.as_bytes());
    let all: Vec<_> = rows.iter().map(told).collect();
    assert_eq!(all, ["1/1: 1 delete", "2/2: 2 delete", "3/3: "]);
    let found = entries(&plan, &text[..text.len() / 3]);
    assert_eq!(found[0].body.user_first_name(), Some("Ann"));
    assert!(
        found[0]
            .body
            .notes()
            .is_some_and(|notes| notes.starts_with("No 1 [ref "))
    );
    assert_eq!(
        found[0].body.request_details().as_deref(),
        Some("custom_fields[id=27642].value: Erasure")
    );

    // No element is a blank, two with different values are a problem, in an array of a document too.
    let none = listed("4", "Erasure", "Ann").replace("27642", "9");
    let two = listed("5", "Erasure", "Ann").replace("\"id\":1,", "\"id\":27642,");
    let three = text.replace('\n', ",");
    let document = format!("[{three}{},{}]", none.trim_end(), two.trim_end());
    let rows = read(&plan, document.as_bytes());
    let all: Vec<_> = rows.iter().map(told).collect();
    assert_eq!(
        all[3..],
        ["4/1: required@1", "5/1: several_values@1+several_values@1"]
    );
    let Some(Item::Invalid { problems, .. }) = rows[4].items.first() else {
        panic!("it is refused")
    };
    assert_eq!(
        problems[0].column.as_deref(),
        Some("custom_fields[id=27642].value")
    );
}

#[test]
fn paths_into_lists_that_lead_nowhere_are_faults_of_the_job() {
    let text = listed("1", "Erasure", "Ann");
    let fault = |path: &str| {
        let mut plan = by_paths();
        set(&mut plan, Field::UserFirstName, column(path));
        crate::reading::error(&plan, text.as_bytes())
    };
    for path in [
        "custom_fields[27643].value",
        "custom_fields[0]",
        "custom_fields[id=27643",
        "custom_fields[id=].value",
        "custom_fields[id=27643]value",
    ] {
        let told = fault(path);
        assert!(
            told.contains("fields.userFirstName: the path")
                && told.contains("has a fault at character"),
            "{told}"
        );
    }
    // A number that no row has is a column that is missing.
    let missing = fault("custom_fields[id=27644].value");
    assert!(
        missing.contains("has no column `custom_fields[id=27644].value`"),
        "{missing}"
    );
    let mut plan = by_paths();
    set(
        &mut plan,
        Field::UserFirstName,
        Rule::Column {
            name: "custom_fields[id=27644].value".to_owned(),
            values: Vec::new(),
            default: Some(Literal::Text(String::new())),
            part: None,
        },
    );
    assert_eq!(told(&read(&plan, text.as_bytes())[0]), "1/1: 1 delete");
}
