//! The report of `check`: what it tells a person and a program, and what it does not show of the people in the file.

use std::fs;
use std::process::Output;

use serde_json::Value;

use crate::cli::Place;

const HEADER: &str = "Ticket,Email,Phone,Wish,Verified,Internal note\n";
const JOB: &str = r#"
[input]
key = ["Ticket"]
region = "GB"
[fields]
request = { column = "Wish", values = { "Erase my data" = "delete", "Access" = "view" } }
userEmail = "Email"
userPhoneNumber = "Phone"
preverified = { column = "Verified", default = false }
"#;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A folder with `t.csv` of these rows and its job file.
fn place(job: &str, rows: &str) -> Place {
    let place = Place::new();
    fs::write(place.path("t.csv"), format!("{HEADER}{rows}")).expect("written");
    fs::write(place.path("t.toml"), job).expect("written");
    place
}

fn run(place: &Place, args: &[&str]) -> Output {
    place.command(args).output().expect("it runs")
}

fn told(place: &Place, args: &[&str]) -> String {
    text(&run(place, &[&["check", "t.csv"], args].concat()).stdout)
}

fn json(place: &Place, args: &[&str]) -> Value {
    let output = run(place, &[&["check"], args, &["--progress", "json"]].concat());
    let stdout = text(&output.stdout);
    assert_eq!(
        stdout.lines().count(),
        1,
        "one object: {stdout}{}",
        text(&output.stderr)
    );
    let report: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(report["exit_code"], output.status.code().expect("a code"));
    report
}

fn group<'r>(report: &'r Value, kind: &str, code: &str) -> &'r Value {
    let groups = report[kind]["groups"].as_array().expect("groups");
    let found = groups.iter().find(|group| group["code"] == code);
    found.unwrap_or_else(|| panic!("no {code} among {groups:?}"))
}

/// Every kind of value that a problem or warning can be about.
const PERSONAL_ROWS: &str = "\
T-1,jane.doe(at)example.com,,Erase my data,yes,\n\
T-2,,0770 0900 32199,Access,yes,\n\
T-3,,4.47911E+11,Access,yes,\n\
T-4,rob.roe@example.com,,Access,perhaps Roberta,\n\
T-5,ann.poe@example.com,,ann.poe@example.com,yes,\n\
T-6,sue.coe@example.com,020 7946 0018 ext. 77,Access,yes,\n\
,zoe.loe@example.com,,Access,yes,\n";

/// What of them nobody may see who did not ask for it.
const PERSONAL: [&str; 9] = [
    "jane.doe", "rob.roe", "ann.poe", "sue.coe", "zoe.loe", "900 321", "47911", "Roberta", "7946",
];

#[test]
fn no_value_of_a_person_is_shown_unless_it_is_asked_for() {
    let place = place(JOB, PERSONAL_ROWS);
    for how in [&[][..], &["--progress", "json"], &["--log-level", "debug"]] {
        let output = run(&place, &[&["check", "t.csv"], how].concat());
        assert_eq!(output.status.code(), Some(1));
        let all = text(&output.stdout) + &text(&output.stderr);
        for value in PERSONAL {
            assert!(!all.contains(value), "{value} in {all}");
        }
    }
    let masked = told(&place, &[]);
    for mask in [
        "`j…`",
        "`07…99`",
        "`4…`",
        "`p… R…`",
        "`a…@e…`",
        "`0… 7… 0… …`",
    ] {
        assert!(masked.contains(mask), "{mask} in {masked}");
    }
    assert!(masked.contains("values are masked; --show-values shows them"));

    let output = run(&place, &["check", "t.csv", "--show-values"]);
    let (shown, said) = (text(&output.stdout), text(&output.stderr));
    for value in [
        "`jane.doe(at)example.com`",
        "`4.47911E+11`",
        "`perhaps Roberta`",
    ] {
        assert!(shown.contains(value), "{value} in {shown}");
    }
    assert!(!shown.contains("masked"), "{shown}");
    assert!(
        said.contains("WARNING") && said.contains("PERSONAL DATA"),
        "{said}"
    );
    let report = json(&place, &["t.csv", "--show-values"]);
    assert_eq!(report["values"], "plain");
    assert_eq!(
        group(&report, "problems", "not_email")["examples"][0]["value"],
        "jane.doe(at)example.com"
    );
    let output = run(&place, &["run", "t.csv", "--sandbox", "--show-values"]);
    let said = text(&output.stderr);
    assert!(said.contains("report.html shows PERSONAL DATA"), "{said}");
    let page = place.read("concord-import-out/t/report.html");
    assert!(page.contains("This page shows personal data."));
    assert!(page.contains("jane.doe(at)example.com"));
}

#[test]
fn the_values_of_problems_stay_out_of_results_and_ledger() {
    let place = place(JOB, PERSONAL_ROWS);
    let output = run(&place, &["run", "t.csv", "--sandbox", "--yes"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let folder = "concord-import-out/t";
    let ledger =
        fs::read(place.path(&format!("{folder}/sandbox/import.ledger"))).expect("a ledger");
    let told = [
        place.read(&format!("{folder}/results.csv")),
        place.read(&format!("{folder}/summary.json")),
        place.read(&format!("{folder}/report.html")),
        String::from_utf8_lossy(&ledger).into_owned(),
        text(&output.stdout) + &text(&output.stderr),
    ];
    for value in PERSONAL {
        assert!(!told.iter().any(|told| told.contains(value)), "{value}");
    }
}

#[test]
fn each_kind_of_problem_says_where_and_what_to_do() {
    let rows = "\
T-1,jane@example,,Access,yes,\n\
T-2,jane doe@example.com,,Access,yes,\n\
T-3,jane@example.com,,Access,maybe,\n\
T-4,,,Access,yes,\n\
T-5,jane@example.com,,Access\n\
T-6,jane@example.com,,Acess,yes,\n\
T-7,jane@example.com,,Objection,yes,\n\
T-8,jane@example.com,,Objection,yes,\n";
    let place = place(JOB, rows);
    insta::assert_snapshot!("check_problems", told(&place, &[]));
}

#[test]
fn the_words_that_are_told_to_be_added_can_be_pasted() {
    let rows = "T-1,a@example.com,,Say \"no\" to it,yes,\nT-2,b@example.com,,Löschung\\,yes,\n";
    let place = place(JOB, rows);
    let report = told(&place, &[]);
    let lines: Vec<_> = report
        .lines()
        .filter(|line| line.contains(" = \"…\",  # "))
        .collect();
    assert_eq!(lines.len(), 2, "{report}");
    let pasted = lines.join("\n").replace('…', "view");
    let known = r#""Access" = "view" }"#;
    assert!(JOB.contains(known));
    let job = JOB.replace(known, &format!("\"Access\" = \"view\",\n{pasted}\n}}"));
    fs::write(place.path("t.toml"), job).expect("written");
    let report = json(&place, &["t.csv"]);
    assert_eq!(
        (&report["to_send"], &report["exit_code"]),
        (&2.into(), &0.into()),
        "{report}"
    );
}

#[test]
fn duplicates_are_paired_and_a_personal_key_is_masked() {
    let rows = "\
T-1,jane.doe@example.com,,Access,yes,\n\
T-1,jane.doe@example.com,,Access,yes,\n\
T-1,Jane.Doe@example.com,,Access,yes,\n";
    let place = place(JOB, rows);
    let report = told(&place, &[]);
    assert!(report.contains("Duplicates: 2\n"), "{report}");
    assert!(
        report.contains("line 3 repeats line 2, key `T-1`"),
        "{report}"
    );
    assert!(
        report.contains("with other content than the earlier row"),
        "{report}"
    );
    let all = json(&place, &["t.csv"]);
    assert_eq!(all["duplicates"]["count"], 2);
    assert_eq!(all["duplicates"]["changed"], 1);
    assert_eq!(all["duplicates"]["examples"][0]["of"]["line"], 2);
    assert_eq!(all["duplicates"]["examples_changed"][0]["line"], 4);

    fs::write(place.path("t.toml"), JOB.replace("\"Ticket\"", "\"Email\"")).expect("written");
    let report = told(&place, &[]);
    assert!(
        report.contains("key `j…@e…`") && !report.contains("jane"),
        "{report}"
    );
    assert_eq!(
        json(&place, &["t.csv"])["duplicates"]["examples"][0]["key"],
        "j…@e…"
    );

    fs::write(place.path("t.toml"), JOB.replace("key = [\"Ticket\"]", "")).expect("written");
    let report = json(&place, &["t.csv"]);
    assert_eq!(report["duplicates"]["examples"][0]["key"], Value::Null);
    assert_eq!(group(&report, "warnings", "no_key")["count"], 2);
}

#[test]
fn who_would_be_contacted_is_counted_by_request_and_by_person() {
    let rows = "\
T-1,jane@example.com,,Access,no,\n\
T-2,JANE@example.com,,Erase my data,,\n\
T-3,,020 7946 0018,Access,no,\n\
T-4,rob@example.com,,Access,yes,\n\
T-5,not an address,,Access,no,\n\
T-1,jane@example.com,,Access,no,\n";
    let place = place(JOB, rows);
    let report = json(&place, &["t.csv"]);
    assert_eq!(report["to_send"], 4);
    assert_eq!(report["contacted"], 3);
    assert_eq!(report["people_contacted"], 2);
    let report = told(&place, &[]);
    assert!(
        report.contains("3  to 2 people; Concord most likely mails or texts them"),
        "{report}"
    );
}

#[test]
fn the_report_says_how_each_input_was_read_and_what_is_never_sent() {
    let place = place(JOB, "T-1,jane@example.com,,Access,yes,hush\n");
    fs::write(
        place.path("u.csv"),
        format!("{}T-2;rob;;Access;yes;hush\n", HEADER.replace(',', ";")).replace('\n', "\r\n"),
    )
    .expect("written");
    let args = ["t.csv", "u.csv", "--job", "t.toml"];
    let output = run(&place, &[&["check"], &args[..]].concat());
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for line in [
        "input 2, u.csv: CSV, semicolon, UTF-8, CRLF, header on line 1; 1 row",
        "  never sent, since no rule names these columns: `Internal note`",
        "  only read, as key, filter or date: `Ticket`",
        "  go into the requests: `Email`, `Phone`, `Wish`, `Verified`",
        "encoding = \"utf-8\", delimiter = \";\", header_row = 1",
        "line 2 of input 2 `r…`",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    let report = json(&place, &args);
    assert_eq!(report["rows"], 2);
    let input = &report["inputs"][1];
    for (name, value) in [
        ("name", "u.csv".into()),
        ("format", "csv".into()),
        ("encoding", "UTF-8".into()),
        ("delimiter", ";".into()),
        ("header_line", 1.into()),
        ("line_ends", "crlf".into()),
        ("invalid", 1.into()),
        ("packing", Value::Null),
    ] {
        assert_eq!(input[name], value, "{name}");
    }
    assert_eq!(
        input["columns"]["never_sent"],
        serde_json::json!(["Internal note"])
    );
    // What the job file says already needs no telling.
    let job = JOB.replace(
        "[input]",
        "[input]\ndelimiter = \";\"\nencoding = \"utf-8\"",
    );
    fs::write(place.path("u.toml"), job).expect("written");
    let said = json(&place, &["u.csv"]);
    assert_eq!(
        said["inputs"][0]["to_change_under_input"],
        serde_json::json!(["format = \"csv\"", "header_row = 1"])
    );
}

#[test]
fn examples_are_few_however_many_rows_are_wrong() {
    let rows: Vec<_> = (0..1_000)
        .map(|n| format!("T-{n},nobody{n},,Wish {n},yes,\n"))
        .collect();
    let place = place(JOB, &rows.concat());
    let report = json(&place, &["t.csv"]);
    let problems = &report["problems"];
    assert_eq!(problems["count"], 2_000);
    let groups = problems["groups"].as_array().expect("groups");
    assert!(groups.len() <= 200, "{}", groups.len());
    let counted: u64 = groups
        .iter()
        .filter_map(|group| group["count"].as_u64())
        .sum();
    assert_eq!(
        counted + problems["of_other_kinds"].as_u64().expect("a count"),
        2_000
    );
    let examples = group(&report, "problems", "not_email")["examples"]
        .as_array()
        .expect("examples");
    assert_eq!(examples.len(), 5);
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let place = place(JOB, "T-1,nobody,,Access,yes,\n");
    let has_escapes = |name: &str, value: &str| {
        let mut command = place.command(&["check", "t.csv"]);
        let output = command.env(name, value).output().expect("it runs");
        output.stdout.contains(&0x1b)
    };
    assert!(!has_escapes("NO_COLOR", "1"));
    assert!(
        !has_escapes("TERM", "xterm-256color"),
        "a pipe is no terminal"
    );
    assert!(has_escapes("CLICOLOR_FORCE", "1"));
}

#[test]
fn a_file_without_problems_leads_to_a_pilot() {
    let rows: Vec<_> = (0..30)
        .map(|n| format!("T-{n},p{n}@example.com,,Access,yes,\n"))
        .collect();
    let place = place(JOB, &rows.concat());
    let report = told(&place, &[]);
    let next = "Next: send 30 requests, beginning with a pilot of 20:\n  concord-import run t.csv --job t.toml --limit 20\n";
    let (_, rest) = report.split_once(next).expect("a pilot comes next");
    assert!(
        rest.starts_with("First write `organization` and `project`"),
        "{rest}"
    );
    let target = ["--project", "0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b02"];
    let report = told(&place, &target);
    assert!(report.ends_with("--limit 20\n"), "{report}");
}

#[test]
fn requests_that_are_overdue_are_counted_by_their_received_date() {
    let rows = "\
T-1,a@example.com,,Access,yes,31/12/2001\n\
T-2,b@example.com,,Access,yes,\n\
T-3,c@example.com,,Unclear,yes,01/02/2001\n";
    let job = JOB
        .replace("region", "received = \"Internal note\"\nregion")
        .replace(
            "\"Access\" = \"view\"",
            "\"Access\" = \"view\", \"Unclear\" = \"?\"",
        );
    let place = place(&job, rows);
    let report = told(&place, &[]);
    for line in [
        "; dates are dmy (31/12/2026), as line 2 decides",
        "only read, as key, filter or date: `Ticket`, `Internal note`",
        "waiting              1  for more than 30 days, 1 of them for more than 45; the oldest is of 2001-12-31; of 1 it is not known",
        "→ replace each `?` in the values of request under [fields], with view",
        "\"Unclear\" = \"…\",  # 1: line 4",
        "→ fill it in, if it is to be known what is overdue",
    ] {
        assert!(report.contains(line), "{line} in {report}");
    }
    let report = json(&place, &["t.csv"]);
    assert_eq!(
        report["received"],
        serde_json::json!({
            "dated": 1, "undated": 1, "older_than_30_days": 1, "older_than_45_days": 1, "oldest": "2001-12-31",
        })
    );
    assert_eq!(report["inputs"][0]["date_order"], "dmy");
}

#[test]
fn an_address_with_several_names_in_its_cells_is_a_warning() {
    let rows = "T-1,Ann Ahl <desk@example.com>,,Access,yes,\n\
        T-2,Bob Berg <desk@example.com>,,Access,yes,\n\
        T-3,Cy Dahl <cy@example.com>,,Access,yes,\n\
        T-4,Dahl <cy@example.com>,,Erase my data,yes,\n";
    let report = json(&place(JOB, rows), &["t.csv"]);
    let group = group(&report, "warnings", "several_names");
    assert_eq!(group["count"], 1, "{group}");
}
