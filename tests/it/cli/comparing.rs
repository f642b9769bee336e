//! `reconcile`, as people and scripts meet it.

use std::fs;
use std::process::Child;

use concord_import::internals::sandbox::{Sandbox, Script};

#[cfg(unix)]
use super::signal;
use super::{
    Place, assert_each_once, code, imported_into_sandbox, json_lines, printed_command, server,
    stderr, stdout, wait_for,
};
use crate::support;

/// Takes the sandbox's ledger away, as if it had been lost.
fn lose_ledger(place: &Place, stem: &str) {
    let dir = place.path(&format!("concord-import-out/{stem}/sandbox"));
    let mut lost = 0;
    for file in fs::read_dir(dir).expect("listed") {
        let path = file.expect("a file").path();
        if path.to_string_lossy().contains("import.ledger") {
            fs::remove_file(path).expect("removed");
            lost += 1;
        }
    }
    assert!(lost > 0, "there was no ledger");
}

#[test]
fn a_comparison_after_a_run_agrees_in_text_in_json_and_in_its_file() {
    let place = Place::new();
    imported_into_sandbox(&place);
    let args = ["reconcile", "t.csv", "--sandbox"];
    let output = place.run(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    insta::assert_snapshot!("agrees", stdout(&output));
    assert_eq!(stderr(&output), "read 3 of 3 requests of the project\n");
    let file = place.read("concord-import-out/t/reconcile.csv");
    assert!(file.starts_with(
        "row,line,key,import_id,request,verdict,ledger,id,status,resolution_status,request_date,other_ids,differences,\
         remark\n"
    ));
    assert_eq!(file.matches(",in_both,created,").count(), 3, "{file}");

    let output = place.run(&[&args[..], &["--progress", "json"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told: serde_json::Value = serde_json::from_str(stdout(&output).trim()).expect("one line");
    assert_eq!(
        (&told["in_both"], &told["input"]),
        (&3.into(), &"t.csv".into())
    );
    assert_eq!(told["in_neither"], 0);
    assert_eq!(
        json_lines(&output),
        [serde_json::json!({ "event": "fetched", "done": 3, "total": 3 })]
    );
}

#[test]
fn a_lost_ledger_is_rebuilt_by_the_commands_that_are_printed() {
    let place = Place::new();
    place.run(&["run", "samples/backlog.csv", "--sandbox", "--limit", "30"]);
    lose_ledger(&place, "backlog");
    let output = place.run(&[
        "reconcile",
        "samples/backlog.csv",
        "--sandbox",
        "--limit",
        "1",
    ]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    insta::assert_snapshot!("lost_ledger", stdout(&output));
    let again = printed_command(&output, "The ledger has been completed. Next");
    let again: Vec<_> = again.iter().map(String::as_str).collect();
    let output = place.run(&again);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    insta::assert_snapshot!("again", stdout(&output));
    let run = printed_command(&output, "Next, to create what is missing (6 entries):");
    let run: Vec<_> = run.iter().map(String::as_str).collect();
    let output = place.run(&run);
    assert!(
        stdout(&output).contains("6 now, 30 by an earlier run"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_comparison_warns_of_inputs_that_it_was_not_told() {
    let place = Place::new();
    imported_into_sandbox(&place);
    lose_ledger(&place, "t");
    fs::write(
        place.path("t.csv"),
        support::csv(1) + "T-9,9@example.com,Erase\n",
    )
    .expect("written");
    let output = place.run(&["reconcile", "t.csv", "--sandbox"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    insta::assert_snapshot!("strangers", stdout(&output));
}

#[test]
fn what_differs_only_has_a_next_step_too() {
    let place = Place::new();
    imported_into_sandbox(&place);
    let job = super::JOB.replace("Ticket {{", "Case {{");
    fs::write(place.path("t.toml"), job).expect("written");
    let output = place.run(&["reconcile", "t.csv", "--sandbox"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    insta::assert_snapshot!("differing", stdout(&output));
}

#[test]
fn a_comparison_never_replaces_its_input() {
    let place = Place::new();
    imported_into_sandbox(&place);
    place.run(&["reconcile", "t.csv", "--sandbox"]);
    let file = "concord-import-out/t/reconcile.csv";
    let before = place.read(file);
    let output = place.run(&[
        "reconcile",
        file,
        "--job",
        "t.toml",
        "--out",
        "concord-import-out/t",
        "--sandbox",
    ]);
    assert_eq!(code(&output), 2);
    insta::assert_snapshot!("over_input", stderr(&output));
    assert_eq!(place.read(file), before);
}

#[test]
fn a_list_that_is_not_to_be_had_is_told_with_a_hint_that_fits() {
    let place = Place::new();
    let server = server(|_| {});
    let mut args = place.live(3, &server);
    assert_eq!(code(&place.finish(&args)), 0);
    args[0] = "reconcile".into();
    args.extend(["--max-attempts".into(), "2".into()]);
    for (reads, wanted) in [
        ("403*9", "as the role Limited is"),
        ("405*9", "must lead to Concord"),
        ("503*9", "when the server is back"),
    ] {
        server.set_read_script(reads.parse().expect("a script"));
        let output = place.finish(&args);
        assert_eq!(code(&output), 3, "{reads}: {}", stderr(&output));
        let told = stderr(&output);
        assert!(told.contains("cannot be listed"), "{reads}: {told}");
        assert!(told.contains(wanted), "{reads}: {told}");
        assert_eq!(stdout(&output), "");
    }
    drop(server);
    let output = place.finish(&args);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("when the server is back"),
        "{}",
        stderr(&output)
    );
}

/// A comparison of three rows that waits for an answer of the list, and never gets one.
#[cfg(unix)]
fn hanging_comparison(place: &Place, server: &Sandbox) -> (Child, Vec<String>) {
    let mut args = place.live(3, server);
    assert_eq!(code(&place.finish(&args)), 0);
    server.set_read_script("hang*9".parse().expect("a script"));
    args[0] = "reconcile".into();
    args.extend(["--timeout".into(), "2s".into()]);
    let arrivals = server.log().len();
    let child = place.start(&args);
    wait_for(server, arrivals + 1);
    (child, args)
}

#[cfg(unix)]
#[test]
fn an_interrupted_comparison_says_so_and_can_be_made_again() {
    let place = Place::new();
    let server = server(|_| {});
    let (child, args) = hanging_comparison(&place, &server);
    signal(&child, "INT");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("run the same command again"),
        "{}",
        stderr(&output)
    );
    assert!(!place.path("concord-import-out/t/reconcile.csv").exists());
    server.set_read_script(Script::default());
    let output = place.finish(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_each_once(&server, 3);
}

#[cfg(unix)]
#[test]
fn status_tells_a_comparison_that_died_from_an_import() {
    let place = Place::new();
    let server = server(|_| {});
    let (mut child, _) = hanging_comparison(&place, &server);
    child.kill().expect("killed");
    child.wait().expect("it ends");
    let told = stdout(&place.run(&["status"]));
    assert!(
        told.contains("reconcile t.csv: died: nothing was sent, compare again"),
        "{told}"
    );
    assert!(told.contains("import t.csv: exit code 0"), "{told}");
}
