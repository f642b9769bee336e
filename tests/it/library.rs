//! The crate as other programs use it: nothing but its documented surface.

use std::fs;
use std::sync::{Arc, Mutex};

use concord_import::{Event, Job, Outcome, Results, Stop};

pub(crate) const JOB: &str = r#"
[input]
key = ["Ticket"]
[fields]
request = { column = "Wish", values = { "Erase" = "delete" } }
userEmail = "Email"
preverified = { value = true }
"#;

fn job(dir: &tempfile::TempDir, rows: &str) -> Job {
    let input = dir.path().join("t.csv");
    fs::write(&input, format!("Ticket,Email,Wish\n{rows}")).expect("written");
    fs::write(dir.path().join("t.toml"), JOB).expect("written");
    Job::over([input])
        .sandbox()
        .out(dir.path().join("out"))
        .rate(1_000.0)
}

#[test]
fn a_job_is_checked_imported_with_events_and_its_results_are_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let rows = "=T-1,a@example.com,Erase\nT-2,nobody,Erase\nT-3,c@example.com,Erase\n";
    let job = job(&dir, rows);
    let report = job.check().expect("checked");
    assert_eq!((report.to_send, report.is_clean()), (2, false));
    let problem = &report.problems[0];
    assert_eq!((problem.code, problem.count), ("not_email", 1));
    assert_eq!((problem.places[0].row, problem.places[0].line), (2, 3));
    assert!(problem.to_do.contains("address"), "{problem:?}");

    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    let listener = move |event| hearing.lock().expect("whole").push(event);
    let imported = job.import(&Stop::default(), listener).expect("imported");
    let done = &imported[0];
    assert_eq!(
        (done.count(Outcome::Created), done.count(Outcome::Invalid)),
        (2, 1)
    );
    assert_eq!((done.attempts, done.exit_code), (2, 1));
    let settled = |event: &&Event| matches!(event, Event::Settled { .. });
    assert_eq!(
        heard.lock().expect("whole").iter().filter(settled).count(),
        3
    );

    let lines: Result<Vec<_>, _> = Results::open(done.out_dir.join("results.csv"))
        .expect("opened")
        .collect();
    let lines = lines.expect("read");
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.key.as_str(), line.outcome.as_str()))
        .collect();
    assert_eq!(
        told,
        [("=T-1", "created"), ("T-2", "invalid"), ("T-3", "created")]
    );
    assert!(lines[0].id.is_some() && lines[1].id.is_none());
    let again = job.import(&Stop::default(), drop).expect("imported");
    assert_eq!((again[0].attempts, again[0].tally.already_created), (0, 2));
}

#[test]
fn an_import_that_is_stopped_before_it_begins_sends_nothing_and_goes_on_later() {
    let dir = tempfile::tempdir().expect("a folder");
    let job = job(&dir, "T-1,a@example.com,Erase\n");
    let stop = Stop::default();
    stop.stop();
    let stopped = job.import(&stop, drop).expect("it ends in order");
    assert_eq!((stopped[0].attempts, stopped[0].exit_code), (0, 130));
    let done = job.import(&Stop::default(), drop).expect("imported");
    assert_eq!((done[0].attempts, done[0].exit_code), (1, 0));
}

#[tokio::test]
async fn on_a_thread_of_an_async_runtime_it_says_where_to_call_it() {
    let error = Job::over(["none.csv"])
        .check()
        .expect_err("it would wait within a wait");
    assert!(
        error.hint().expect("a hint").contains("thread of its own"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_done_is_told_with_a_hint_and_the_exit_code() {
    let dir = tempfile::tempdir().expect("a folder");
    let missing = Job::over([dir.path().join("none.csv")])
        .check()
        .expect_err("there is none");
    assert!(
        missing.to_string().contains("cannot read the input"),
        "{missing}"
    );
    assert!(missing.hint().is_some());
    assert_eq!(missing.exit_code(), 2);
    let live = Job::over([dir.path().join("t.csv")]);
    drop(job(&dir, "T-1,a@example.com,Erase\n"));
    let error = live
        .import(&Stop::default(), drop)
        .expect_err("no target is given");
    assert_eq!(error.exit_code(), 2);
    let input = dir.path().join("t.csv");
    let error = Results::open(&input).expect_err("these are no results");
    assert!(
        error
            .to_string()
            .contains("does not begin with the columns of results"),
        "{error}"
    );
    let book = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/workbooks/requests.xlsx"
    );
    let error = Job::over([book])
        .job_file(dir.path().join("t.toml"))
        .check()
        .expect_err("no program");
    assert!(error.to_string().contains("workbook"), "{error}");
}

/// The tests see all by the feature `internals`, so the compiler would not tell them.
#[test]
fn nothing_else_is_public() {
    let root = include_str!("../../src/lib.rs");
    let public: Vec<_> = root
        .lines()
        .filter(|line| line.starts_with("pub "))
        .collect();
    assert_eq!(
        public,
        [
            "pub use cli::main;",
            "pub use event::{Event, Preflight};",
            "pub use library::{Error, Finding, Imported, Job, Place, Report, ResultLine, Results, Stop};",
            "pub use outcome::{Outcome, Tally, Via};",
            "pub mod internals;",
        ]
    );
    assert!(root.contains("#[cfg(feature = \"internals\")]\n#[doc(hidden)]\npub mod internals;"));
}
