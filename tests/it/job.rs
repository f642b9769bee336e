//! What people read when a job file is wrong, and what is understood when it is right.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::support::column;

use concord_import::internals::cli::job::{self, Job};
use concord_import::internals::entry::{Field, RequestType};
use concord_import::internals::plan::{
    DoubtPolicy, Filter, Literal, Mark, Meaning, NamePart, Reading, Rule,
};

/// Everything that the contract shows, as it shows it (but for the ids, which it leaves open).
const FULL: &str = r#"
[target]
organization = "3f2b8c1e-90ab-4cde-8f01-23456789abcd"
project = "3f2b8c1e-90ab-4cde-8f01-23456789abce"
base_url = "https://api.concord.tech/privacy-v1"   # the default

[input]
key = ["Ticket ID"]             # what identifies a source row for good
region = "GB"                   # for phone numbers without +
where = [{ column = "Category", in = ["Privacy"] }]

[fields]                        # the API's field = where it comes from
request         = { column = "Request type", values = { "Right to erasure" = "delete", "Access + erasure" = ["view", "delete"], "Complaint" = "skip" } }
userEmail       = "Requester email"              # short for { column = … }
userPhoneNumber = { column = "Phone" }
userFirstName   = { column = "Name", part = "first" }
userLastName    = { column = "Name", part = "last" }
notes           = { template = "Zendesk {{ Ticket ID }}, received {{ Created at }}" }
requestDetails  = { columns = ["Subject", "Created at"] }   # one string, "Subject: …\nCreated at: …"
preverified     = { value = true }               # no default: leaving it out is an error that explains the choice

[send]
mark = "notes"                  # or "none"
in_doubt = "look-up"            # or "hold", or "resend" (may create twice)
rate = 10                       # requests a second, lookups included
concurrency = 8
max_attempts = 6
initial_backoff = "500ms"
max_backoff = "60s"
settle = "5s"                   # wait before an entry that was looked up and not found is sent again
timeout = "30s"
give_up_after = "30m"           # an outage longer than this stops the run; it can be resumed
"#;

fn name_part(part: NamePart) -> Rule {
    Rule::Column {
        name: "Name".to_owned(),
        values: Vec::new(),
        default: None,
        part: Some(part),
    }
}

#[test]
fn everything_that_the_contract_shows_is_understood() {
    let Job {
        target,
        reading,
        rules,
        sending,
    } = job::parse("full.toml", FULL).expect("right");
    assert!(target.organization.is_some() && target.project.is_some());
    assert_eq!(
        target.base_url.as_deref(),
        Some("https://api.concord.tech/privacy-v1")
    );
    assert_eq!(reading, Reading::default());
    assert_eq!(rules.key, ["Ticket ID"]);
    assert_eq!(rules.region.as_deref(), Some("GB"));
    assert_eq!(
        rules.filters,
        [Filter {
            column: "Category".to_owned(),
            values: vec!["Privacy".to_owned()],
        }]
    );
    assert_eq!(rules.mark, Mark::Notes);
    let request = Rule::Column {
        name: "Request type".to_owned(),
        values: vec![
            (
                "Right to erasure".to_owned(),
                Meaning::Requests(vec![RequestType::Delete]),
            ),
            (
                "Access + erasure".to_owned(),
                Meaning::Requests(vec![RequestType::View, RequestType::Delete]),
            ),
            ("Complaint".to_owned(), Meaning::Skip),
        ],
        default: None,
        part: None,
    };
    let notes = Rule::Template("Zendesk {{ Ticket ID }}, received {{ Created at }}".to_owned());
    assert_eq!(
        rules.fields,
        [
            (Field::Request, request),
            (Field::UserEmail, column("Requester email")),
            (Field::UserPhoneNumber, column("Phone")),
            (Field::UserFirstName, name_part(NamePart::First)),
            (Field::UserLastName, name_part(NamePart::Last)),
            (Field::Notes, notes),
            (
                Field::RequestDetails,
                Rule::Columns(vec!["Subject".to_owned(), "Created at".to_owned()])
            ),
            (Field::Preverified, Rule::Value(Literal::Bool(true))),
        ]
    );
    assert_eq!(sending.in_doubt, Some(DoubtPolicy::LookUp));
    assert_eq!(sending.rate_per_s, Some(10.0));
    assert_eq!(sending.concurrency, NonZeroU32::new(8));
    assert_eq!(sending.max_attempts, NonZeroU32::new(6));
    assert_eq!(sending.initial_backoff, Some(Duration::from_millis(500)));
    assert_eq!(sending.max_backoff, Some(Duration::from_mins(1)));
    assert_eq!(sending.settle, Some(Duration::from_secs(5)));
    assert_eq!(sending.timeout, Some(Duration::from_secs(30)));
    assert_eq!(sending.give_up_after, Some(Duration::from_mins(30)));
}

#[test]
fn the_minimal_job_file_that_errors_show_is_right() {
    let job = job::parse("minimal.toml", job::MINIMAL).expect("right");
    assert_eq!(job.rules.fields.len(), 3);
    assert_eq!(job.rules.mark, Mark::Notes);
}

#[test]
fn a_default_and_boolean_values_are_understood() {
    let text = r#"
        [fields]
        request = { column = "Type", default = "view" }
        userId = { column = "Id" }
        preverified = { column = "Checked?", values = { Yes = true, No = false }, default = false }
    "#;
    let job = job::parse("job.toml", text).expect("right");
    let Rule::Column { default, .. } = &job.rules.fields[0].1 else {
        panic!("not a column");
    };
    assert_eq!(*default, Some(Literal::Text("view".to_owned())));
    let Rule::Column {
        values, default, ..
    } = &job.rules.fields[2].1
    else {
        panic!("not a column");
    };
    assert_eq!(
        values[0],
        ("Yes".to_owned(), Meaning::Literal(Literal::Bool(true)))
    );
    assert_eq!(*default, Some(Literal::Bool(false)));
}

#[test]
fn sections_may_be_written_as_tables_of_their_own() {
    let text = r#"
        [[input.where]]
        column = "Category"
        in = ["Privacy"]
        [fields.request]
        column = "Type"
        [fields.request.values]
        "API key" = "skip"
        Erasure = "delete"
        [fields]
        userEmail.column = "Email"
        preverified.value = false
    "#;
    let job = job::parse("job.toml", text).expect("right");
    assert_eq!((job.rules.filters.len(), job.rules.fields.len()), (1, 3));
}

/// The faults of a job file as they are shown.
fn faults(text: &str) -> String {
    job::parse("job.toml", text).expect_err("wrong").to_string()
}

/// The faults of a job file that is right but for these lines.
fn faults_with(lines: &str) -> String {
    faults(&format!("{}\n{lines}", job::MINIMAL))
}

#[test]
fn no_fault_repeats_a_key_or_a_password() {
    for shown in [
        faults_with(
            "[target]\napi_key = \"hunter2\"\nbase_url = \"https://bob:hunter2@x.example\"",
        ),
        faults("[fields]\napi_key = hunter2\n"),
        faults("api-key = \"hunter2\n"),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn columns_count_characters_and_a_byte_order_mark_counts_nothing() {
    let shown = faults(
        "\u{feff}[fields]\nrequest = { column = \"Anfrage für\", colum = 1 }\nuserEmail = \"E\"\npreverified = { value = true }",
    );
    assert!(
        shown.contains("job.toml:2:37: unknown key `colum`"),
        "{shown}"
    );
}
