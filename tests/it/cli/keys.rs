//! Keys on the command line: conflicts, columns that are no key, and the steps from a rejected row to exit code 0.

use std::fs;

use serde_json::Value;

use super::{Place, code, printed_command, stderr, stdout};

const JOB: &str = r#"
[input]
key = ["Handler"]
[fields]
request = { column = "Type", values = { "delete" = "delete", "view" = "view" } }
userEmail = "Email"
preverified = { value = true }
"#;

fn with_input(rows: &str) -> Place {
    let place = Place::new();
    fs::write(
        place.path("t.csv"),
        format!("Ticket,Handler,Email,Type\n{rows}"),
    )
    .expect("written");
    fs::write(place.path("t.toml"), JOB).expect("written");
    place
}

fn summary(place: &Place) -> Value {
    serde_json::from_str(&place.read("concord-import-out/t/summary.json")).expect("JSON")
}

#[test]
fn a_key_of_several_people_is_told_by_check_and_run_and_sends_none_of_them() {
    let place = with_input(
        "1,JS,anna@example.com,delete\n2,JS,bob@example.com,delete\n3,MK,cy@example.com,view\n4,JS,dee@example.com,view\n",
    );
    let check = place.run(&["check", "t.csv"]);
    assert_eq!(code(&check), 1, "{}", stderr(&check));
    insta::assert_snapshot!("check_key_conflict", stdout(&check));
    let run = place.run(&["run", "t.csv", "--sandbox", "--yes"]);
    assert_eq!(code(&run), 1, "{}", stderr(&run));
    insta::assert_snapshot!("run_key_conflict", stdout(&run));
    let summary = summary(&place);
    assert_eq!(
        ["created", "invalid", "conflicts", "duplicate"].map(|name| summary[name].as_u64()),
        [1, 3, 3, 0].map(Some)
    );
    insta::assert_snapshot!(
        "rejects_key_conflict",
        place.read("concord-import-out/t/rejects.csv")
    );
    let page = place.read("concord-import-out/t/report.html");
    assert!(page.contains("key_conflict"), "the page tells the code");
}

#[test]
fn key_columns_that_identify_nothing_are_refused_with_the_columns_that_may_do() {
    let rows = (1..=12).map(|n| {
        let handler = ["JS", "MK", "AB"][n % 3];
        format!("{n},{handler},person{n}@example.com,delete\n")
    });
    let place = with_input(&rows.collect::<String>());
    for args in [
        &["check", "t.csv"][..],
        &["run", "t.csv", "--sandbox", "--yes"],
    ] {
        let output = place.run(args);
        assert_eq!(code(&output), 2, "{}", stdout(&output));
        let told = stderr(&output);
        assert!(
            told.contains("`Handler` cannot identify requests: 3 of 3 keys"),
            "{told}"
        );
        assert!(told.contains("different in every row: `Ticket`"), "{told}");
    }
    assert!(!place.path("concord-import-out/t/results.csv").exists());
}

/// The documented way: run, correct the rejects, run them, and everything agrees.
#[test]
#[expect(clippy::too_many_lines, reason = "the steps of one story")]
fn a_corrected_reject_closes_the_loop_for_run_results_and_reconcile() {
    let place = with_input(
        "1,H-1,anna@example.com,remove\n2,H-2,bob@example.com,delete\n3,H-3,cy[at]example.com,view\n",
    );
    let args = ["run", "t.csv", "--sandbox", "--yes"];
    let first = place.run(&args);
    assert_eq!(code(&first), 1, "{}", stderr(&first));
    let rejects = place.path("concord-import-out/t/rejects.csv");
    let corrected = fs::read_to_string(&rejects)
        .expect("rejects")
        .replace("remove", "delete")
        .replace("[at]", "@");
    fs::write(&rejects, &corrected).expect("corrected");
    fs::write(place.path("rejects-1.csv"), corrected).expect("kept");
    let next = printed_command(&first, "Next, once the rows in");
    let next: Vec<_> = next.iter().map(String::as_str).collect();
    let second = place.run(&next);
    assert_eq!(code(&second), 0, "{}", stdout(&second));

    // The rejects lie where they were written, beside the source's other files.
    let both = [
        "reconcile",
        "t.csv",
        "concord-import-out/t/rejects.csv",
        "--job",
        "t.toml",
        "--sandbox",
        "--out",
        "concord-import-out/t",
    ];
    let output = place.run(&both);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));

    let again = place.run(&args);
    assert_eq!(code(&again), 0, "{}{}", stdout(&again), stderr(&again));
    // The file that was corrected is kept under a name with the time.
    let told = stdout(&again);
    let (_, named) = told.split_once("rejects.edited-").expect("it is kept");
    let (time, _) = named.split_once(".csv").expect("a file's name");
    insta::assert_snapshot!("run_corrected", told.replace(time, "TIME"));
    let summary = summary(&place);
    assert_eq!(
        ["created", "invalid", "corrected", "created_now"].map(|name| summary[name].as_u64()),
        [3, 0, 2, 0].map(Some)
    );
    let results = place.read("concord-import-out/t/results.csv");
    assert_eq!(results.matches(",corrected,").count(), 2, "{results}");
    let page = place.read("concord-import-out/t/report.html");
    assert!(
        page.contains("corrected copy"),
        "the page says how it was solved"
    );
    let output = place.run(&["results", "t.csv", "--sandbox"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));

    for inputs in [
        &["t.csv"][..],
        &["t.csv", "rejects-1.csv"],
        &["rejects-1.csv", "t.csv"],
    ] {
        let args = [
            &["reconcile"],
            inputs,
            &[
                "--job",
                "t.toml",
                "--out",
                "concord-import-out/t",
                "--sandbox",
            ],
        ]
        .concat();
        let output = place.run(&args);
        assert_eq!(
            code(&output),
            0,
            "{inputs:?}: {}{}",
            stdout(&output),
            stderr(&output)
        );
        assert!(stdout(&output).contains("agree"), "{}", stdout(&output));
    }
}

/// The keys of two rows are at fault. Each gets its own in the rejects.
#[test]
fn corrected_keys_close_the_loop_for_run_results_and_reconcile() {
    let place = with_input(
        "1,,anna@example.com,delete\n2,H-2,bob@example.com,delete\n3,H-2,cy@example.com,view\n",
    );
    let args = ["run", "t.csv", "--sandbox", "--yes"];
    let first = place.run(&args);
    assert_eq!(code(&first), 1, "{}", stderr(&first));
    let rejects = place.path("concord-import-out/t/rejects.csv");
    let corrected = fs::read_to_string(&rejects)
        .expect("rejects")
        .replace("1,,anna", "1,H-1,anna")
        .replace("3,H-2,cy", "3,H-3,cy");
    fs::write(&rejects, &corrected).expect("corrected");
    fs::write(place.path("rejects-1.csv"), &corrected).expect("kept");
    let next = printed_command(&first, "Next, once the rows in");
    let next: Vec<_> = next.iter().map(String::as_str).collect();
    let second = place.run(&next);
    assert_eq!(code(&second), 0, "{}", stdout(&second));

    for _ in 0..2 {
        let again = place.run(&args);
        assert_eq!(code(&again), 0, "{}{}", stdout(&again), stderr(&again));
        assert_eq!(
            ["created", "invalid", "corrected", "created_now"]
                .map(|name| summary(&place)[name].as_u64()),
            [3, 0, 3, 0].map(Some)
        );
    }
    let page = place.read("concord-import-out/t/report.html");
    assert!(
        page.contains("corrected copy"),
        "the page says how it was solved"
    );
    let output = place.run(&["results", "t.csv", "--sandbox"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let common = [
        "--job",
        "t.toml",
        "--out",
        "concord-import-out/t",
        "--sandbox",
    ];
    for inputs in [&["t.csv"][..], &["t.csv", "rejects-1.csv"]] {
        let output = place.run(&[&["reconcile"], inputs, &common].concat());
        assert_eq!(code(&output), 0, "{inputs:?}: {}", stdout(&output));
    }

    // Another night, a user corrects the same row with yet another key.
    fs::write(place.path("rejects-1.csv"), corrected.replace("H-1", "H-9")).expect("corrected");
    let twice = [&["run", "rejects-1.csv", "--yes"], &common[..]].concat();
    let twice = place.run(&twice);
    assert_eq!(code(&twice), 1, "{}{}", stdout(&twice), stderr(&twice));
    insta::assert_snapshot!("run_corrected_already", stdout(&twice));
}
