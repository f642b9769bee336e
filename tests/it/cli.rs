//! The real binary, as people and scripts meet it: what it prints, the files it leaves, its exit codes, its signals.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use concord_import::internals::plan::{SANDBOX_API_KEY, SANDBOX_ORGANIZATION, SANDBOX_PROJECT};
use concord_import::internals::sandbox::{Config, Fault, Faults, Sandbox, Script};

use crate::support;

mod comparing;
mod keys;
mod monitoring;

/// No test waits longer than this for anything.
const DEADLINE: Duration = Duration::from_mins(1);

/// A folder of its own, with the samples in it, and an environment that leads nowhere else.
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let samples = dir.path().join("samples");
        fs::create_dir(&samples).expect("a folder");
        for file in
            fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")).expect("samples")
        {
            let file = file.expect("a sample");
            if file.path().is_dir() {
                continue;
            }
            fs::copy(file.path(), samples.join(file.file_name())).expect("copied");
        }
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A command as typed in this folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concord-import"));
        command
            .args(args)
            .current_dir(&self.dir)
            .env_clear()
            .env("HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("it runs")
    }

    /// Writes an input of `n` rows, its job file, and returns the arguments that import it into a server.
    pub(crate) fn live(&self, n: usize, server: &Sandbox) -> Vec<String> {
        fs::write(self.path("t.csv"), support::csv(n)).expect("written");
        fs::write(self.path("t.toml"), JOB).expect("written");
        let ids = [
            SANDBOX_ORGANIZATION.to_string(),
            SANDBOX_PROJECT.to_string(),
        ];
        let args = [
            "run",
            "t.csv",
            "--yes",
            "--organization",
            &ids[0],
            "--project",
            &ids[1],
            "--base-url",
            server.base_url(),
        ];
        args.map(str::to_owned).to_vec()
    }

    pub(crate) fn start(&self, args: &[String]) -> Child {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        self.command(&args)
            .env("CONCORD_API_KEY", SANDBOX_API_KEY)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts")
    }

    pub(crate) fn finish(&self, args: &[String]) -> Output {
        self.start(args).wait_with_output().expect("it ends")
    }
}

/// Rules for [`support::csv`].
pub(crate) const JOB: &str = r#"
[input]
key = ["Ticket"]
[fields]
request = { column = "Wish", values = { "Erase" = "delete" } }
userEmail = "Email"
notes = { template = "Ticket {{ Ticket }}" }
preverified = { value = true }
[send]
rate = 1000
concurrency = 4
initial_backoff = "5ms"
max_backoff = "20ms"
settle = "100ms"
"#;

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

pub(crate) fn code(output: &Output) -> i32 {
    output
        .status
        .code()
        .unwrap_or_else(|| panic!("ended by a signal: {}", stderr(output)))
}

pub(crate) fn server(change: impl FnOnce(&mut Config)) -> Sandbox {
    let mut config = Config::default();
    change(&mut config);
    Sandbox::start_on_own_thread(config).expect("it starts")
}

/// So many requests have come, of any kind.
pub(crate) fn wait_for(server: &Sandbox, arrivals: usize) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(async {
            tokio::time::timeout(DEADLINE, server.wait_for_arrivals(arrivals))
                .await
                .expect("they arrive");
        });
}

/// Every request of the server has a mark of its own, and there are so many.
pub(crate) fn assert_each_once(server: &Sandbox, n: usize) {
    let requests = server.requests();
    let notes: std::collections::BTreeSet<_> = requests
        .iter()
        .map(|request| request.body.notes.clone().expect("marked"))
        .collect();
    assert_eq!((requests.len(), notes.len()), (n, n));
}

#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
}

#[test]
fn the_sample_backlog_runs_against_the_sandbox_and_says_what_became_of_it() {
    let place = Place::new();
    let output = place.run(&["run", "samples/backlog.csv", "--sandbox", "--yes"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    insta::assert_snapshot!("run_backlog", stdout(&output));
    insta::assert_snapshot!(
        "run_backlog_rejects",
        place.read("concord-import-out/backlog/rejects.csv")
    );
    let results = place.read("concord-import-out/backlog/results.csv");
    assert!(results.starts_with(
        "row,line,key,import_id,request,outcome,via,id,concord_id,request_date,http_status,error_code,error,attempts\n"
    ));
    let rows: Vec<u64> = csv::Reader::from_reader(results.as_bytes())
        .records()
        .map(|record| record.expect("CSV")[0].parse().expect("a row number"))
        .collect();
    assert!(rows.is_sorted(), "the results are in input order");
}

#[test]
fn the_same_command_again_creates_nothing_twice_and_says_so() {
    let place = Place::new();
    let store = "concord-import-out/backlog/sandbox/store.jsonl";
    place.run(&["run", "samples/backlog.csv", "--sandbox", "--yes"]);
    let before = place.read(store);
    let output = place.run(&["run", "samples/backlog.csv", "--sandbox", "--yes"]);
    assert_eq!(code(&output), 1);
    insta::assert_snapshot!("run_backlog_again", stdout(&output));
    assert_eq!(place.read(store), before);
}

#[test]
fn check_tells_every_problem_and_a_dry_run_tells_the_same() {
    let place = Place::new();
    let check = place.run(&["check", "samples/backlog.csv"]);
    assert_eq!(code(&check), 1);
    insta::assert_snapshot!("check_backlog", stdout(&check));
    let dry = place.run(&["run", "--dry-run", "samples/backlog.csv"]);
    assert_eq!((code(&dry), stdout(&dry)), (1, stdout(&check)));
    assert!(
        !place.path("concord-import-out").exists(),
        "a check leaves nothing behind"
    );

    let check = place.run(&["check", "samples/tickets.jsonl"]);
    assert_eq!(code(&check), 1);
    insta::assert_snapshot!("check_tickets", stdout(&check));
}

#[test]
fn rows_are_printed_as_understood_and_refused_ones_told_on_standard_error() {
    let place = Place::new();
    for name in ["backlog.csv", "tickets.jsonl"] {
        let output = place.run(&["rows", &format!("samples/{name}")]);
        assert_eq!(code(&output), 0);
        insta::assert_snapshot!(
            format!("rows_{name}"),
            format!("{}---\n{}", stdout(&output), stderr(&output))
        );
    }
}

#[test]
fn several_inputs_get_a_folder_each_and_share_what_was_seen() {
    let place = Place::new();
    fs::copy(place.path("samples/backlog.csv"), place.path("copy.csv")).expect("copied");
    let args = [
        "run",
        "samples/backlog.csv",
        "copy.csv",
        "--job",
        "samples/backlog.toml",
        "--sandbox",
    ];
    let output = place.run(&args);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let summary = |stem: &str| -> serde_json::Value {
        serde_json::from_str(&place.read(&format!("concord-import-out/{stem}/summary.json")))
            .expect("JSON")
    };
    let (first, second) = (summary("backlog"), summary("copy"));
    assert_eq!(second["created"], 0);
    let repeated = first["created"].as_u64().expect("a number")
        + first["duplicate"].as_u64().expect("a number");
    assert_eq!(second["duplicate"].as_u64(), Some(repeated));
}

#[test]
fn standard_input_is_imported_like_a_file_and_leaves_no_copy() {
    let place = Place::new();
    let mut command = place.command(&["run", "-", "--job", "samples/tickets.toml", "--sandbox"]);
    let input = fs::File::open(place.path("samples/tickets.jsonl")).expect("there");
    let temp = place.path("tmp");
    fs::create_dir(&temp).expect("a folder");
    let output = command
        .stdin(input)
        .env("TMPDIR", &temp)
        .output()
        .expect("it runs");
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(
        place
            .read("concord-import-out/stdin/results.csv")
            .lines()
            .count()
            > 10
    );
    assert_eq!(
        fs::read_dir(&temp).expect("listed").count(),
        0,
        "a private copy stayed behind"
    );
}

#[cfg(unix)]
#[test]
fn everything_written_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.run(&["run", "samples/backlog.csv", "--sandbox"]);
    let mut folders = vec![place.path("concord-import-out")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).expect("listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                files += 1;
            }
        }
    }
    assert_eq!(
        files, 6,
        "results, rejects, summary, page, ledger and store"
    );
}

#[test]
fn results_makes_the_same_files_again() {
    let place = Place::new();
    let server = server(|_| {});
    let args = place.live(30, &server);
    assert_eq!(code(&place.finish(&args)), 0);
    let names = ["results.csv", "summary.json"].map(|name| format!("concord-import-out/t/{name}"));
    let before = names.clone().map(|name| place.read(&name));
    for name in &names {
        fs::remove_file(place.path(name)).expect("removed");
    }
    let mut again = args.clone();
    again[0] = "results".into();
    again.retain(|arg| arg != "--yes");
    let posts = server.log().len();
    let args: Vec<_> = again.iter().map(String::as_str).collect();
    let output = place.run(&args); // without a key
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(names.map(|name| place.read(&name)), before);
    assert_eq!(server.log().len(), posts, "nothing was sent");
}

#[test]
fn a_live_run_that_nobody_confirms_sends_nothing() {
    let place = Place::new();
    let server = server(|_| {});
    let mut args = place.live(3, &server);
    args.retain(|arg| arg != "--yes");
    let output = place.finish(&args);
    assert_eq!(code(&output), 2);
    insta::assert_snapshot!("unconfirmed", stderr(&output));
    assert!(server.log().is_empty());
}

#[test]
fn who_cannot_be_asked_is_told_before_anything_is_read() {
    let place = Place::new();
    let mut child = place
        .command(&["run", "-", "--job", "samples/tickets.toml"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let open = child.stdin.take(); // never written to, and closed only when all is over
    let output = child.wait_with_output().expect("it ends");
    drop(open);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("has to be confirmed"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn plain_http_to_another_machine_is_refused_before_anything_is_read() {
    let place = Place::new();
    let server = server(|_| {});
    let mut args = place.live(1, &server);
    let last = args.len() - 1;
    args[last] = "http://concord.example.com/privacy-v1".into();
    let output = place.finish(&args);
    assert_eq!(code(&output), 2);
    insta::assert_snapshot!("plain_http", stderr(&output));
}

#[test]
fn a_missing_key_job_or_input_is_told_with_what_to_do() {
    let place = Place::new();
    let server = server(|_| {});
    let args = place.live(1, &server);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let output = place.run(&args);
    assert_eq!(code(&output), 2);
    insta::assert_snapshot!("no_key", stderr(&output));

    fs::remove_file(place.path("t.toml")).expect("removed");
    let output = place.run(&["check", "t.csv"]);
    assert_eq!(code(&output), 2);
    insta::assert_snapshot!("no_job", stderr(&output));

    let output = place.run(&["check", "nowhere.csv", "--job", "samples/backlog.toml"]);
    assert_eq!(code(&output), 2);
    insta::assert_snapshot!("no_input", stderr(&output));
}

#[test]
fn a_missing_column_is_told_before_the_first_row() {
    let place = Place::new();
    fs::write(
        place.path("t.csv"),
        "Ticket,E-mail,Wish\nT-1,a@example.com,Erase\n",
    )
    .expect("written");
    fs::write(place.path("t.toml"), JOB).expect("written");
    let output = place.run(&["check", "t.csv"]);
    assert_eq!(code(&output), 2);
    insta::assert_snapshot!("missing_column", stderr(&output));
}

#[test]
fn a_header_with_another_delimiter_is_told_by_the_column_that_it_hides() {
    let place = Place::new();
    fs::write(place.path("t.toml"), JOB).expect("written");
    let rows = "Ticket, own;Email, work;Wish\nT,1;a@example.com, b;Erase\n";
    fs::write(place.path("t.csv"), rows).expect("written");
    let output = place.run(&["check", "t.csv"]);
    assert_eq!(code(&output), 2);
    insta::assert_snapshot!("other_delimiter", stderr(&output));
}

#[test]
fn an_output_folder_that_is_a_file_is_told_before_anything_is_sent() {
    let place = Place::new();
    let server = server(|_| {});
    let mut args = place.live(3, &server);
    args.extend(["--out".into(), "t.toml".into()]);
    let output = place.finish(&args);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("`t.toml` is a file"),
        "{}",
        stderr(&output)
    );
    assert!(server.log().is_empty());
}

#[test]
fn control_characters_in_names_do_not_reach_the_terminal() {
    let place = Place::new();
    fs::write(place.path("t.toml"), JOB).expect("written");
    let name = "t\u{1b}[31m.csv";
    fs::write(place.path(name), "Ticket,E\u{1b}]0;mail\u{7},Wish\u{9b}\n").expect("written");
    let output = place.run(&["check", name, "--job", "t.toml"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("t\u{fffd}[31m.csv has no columns"),
        "{}",
        stderr(&output)
    );
    assert!(!stderr(&output).contains(|c: char| c.is_control() && c != '\n'));
    // Whoever reads the rows from a pipe gets them as they are.
    assert!(stdout(&place.run(&["rows", name])).contains("E\u{1b}]0;mail\u{7},Wish\u{9b}"));
}

#[test]
fn a_refused_key_stops_the_run_with_a_hint() {
    let place = Place::new();
    let server = server(|config| config.api_key = "another key".into());
    let output = place.finish(&place.live(5, &server));
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("not sent         5"),
        "{}",
        stdout(&output)
    );
    assert!(
        stdout(&output).contains("CONCORD_API_KEY"),
        "{}",
        stdout(&output)
    );
    assert!(server.requests().is_empty());
}

#[test]
fn a_server_that_knows_only_the_published_post_can_be_imported_into() {
    for reads in ["404", "405"] {
        let place = Place::new();
        let server = server(|config| config.reads = reads.parse().expect("known"));
        let output = place.finish(&place.live(20, &server));
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(
            stderr(&output).contains("the project's name could not be learned"),
            "{}",
            stderr(&output)
        );
        assert_each_once(&server, 20);
    }
}

#[test]
fn a_ledger_of_a_later_version_is_refused_and_nothing_is_sent() {
    let place = Place::new();
    let server = server(|_| {});
    let args = place.live(3, &server);
    assert_eq!(code(&place.finish(&args)), 0);
    let ledger = place.path(&format!("state/concord-import/{SANDBOX_PROJECT}.ledger"));
    let connection = rusqlite::Connection::open(&ledger).expect("it opens");
    connection
        .execute_batch("PRAGMA user_version = 99")
        .expect("set");
    drop(connection);
    let seen = server.log().len();
    let output = place.finish(&args);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("has format 99"),
        "{}",
        stderr(&output)
    );
    assert_eq!(server.log().len(), seen);
}

#[test]
fn json_progress_ends_with_one_summary_line() {
    let place = Place::new();
    let server = server(|_| {});
    let mut args = place.live(3, &server);
    args.extend(["--progress".into(), "json".into()]);
    let output = place.finish(&args);
    assert_eq!(code(&output), 0);
    let summary: serde_json::Value =
        serde_json::from_str(stdout(&output).trim()).expect("one line of JSON");
    assert_eq!(summary["created"], 3);
    assert_eq!(
        json_lines(&output),
        [serde_json::json!({
            "event": "preflight", "project": "Sandbox project", "is_test": true, "warning": null,
        })]
    );
}

/// Standard error, as a program reads it.
fn json_lines(output: &Output) -> Vec<serde_json::Value> {
    let lines = stderr(output);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

#[test]
fn json_progress_tells_why_a_run_stopped_and_what_helps() {
    let place = Place::new();
    let server = server(|config| config.api_key = "another key".into());
    let mut args = place.live(5, &server);
    args.extend(["--progress".into(), "json".into()]);
    let output = place.finish(&args);
    assert_eq!(code(&output), 3);
    let told = json_lines(&output);
    assert_eq!(told[0]["event"], "preflight");
    assert!(
        told[0]["warning"]
            .as_str()
            .is_some_and(|why| why.contains("401")),
        "{told:?}"
    );
    let stopped = &told[told.len() - 1];
    assert_eq!(stopped["event"], "stopped");
    assert!(
        stopped["why"]
            .as_str()
            .is_some_and(|why| why.contains("(401)")),
        "{told:?}"
    );
    assert!(
        stopped["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("CONCORD_API_KEY")),
        "{told:?}"
    );
    drop(server);

    args[1] = "nowhere.csv".into();
    let output = place.finish(&args);
    assert_eq!(code(&output), 2);
    let told = json_lines(&output);
    assert_eq!((told.len(), &told[0]["event"]), (1, &"error".into()));
}

/// The command that is printed behind a line that begins so.
fn printed_command(output: &Output, before: &str) -> Vec<String> {
    let text = stdout(output);
    let mut lines = text.lines().skip_while(|line| !line.starts_with(before));
    let command = lines
        .nth(1)
        .unwrap_or_else(|| panic!("no `{before}` in {text}"));
    let words = command
        .trim()
        .strip_prefix("concord-import ")
        .expect("a command");
    words.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn every_printed_command_works_as_it_stands_round_after_round() {
    let place = Place::new();
    let mut output = place.run(&["run", "samples/backlog.csv", "--sandbox", "--yes"]);
    let stored = || {
        place
            .read("concord-import-out/backlog/sandbox/store.jsonl")
            .lines()
            .count()
    };
    assert_eq!(stored(), 36);
    let mut folder = "concord-import-out/backlog".to_owned();
    for round in 2..5 {
        let rejects = format!("{folder}/rejects.csv");
        if round == 3 {
            let corrected = place
                .read(&rejects)
                .replace("Right to object", "Right to erasure");
            fs::write(place.path(&rejects), corrected).expect("written");
        }
        let command = printed_command(&output, &format!("Next, once the rows in {rejects}"));
        let command: Vec<_> = command.iter().map(String::as_str).collect();
        output = place.run(&command);
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        folder = format!("concord-import-out/backlog/round-{round}");
        assert!(place.path(&format!("{folder}/results.csv")).exists());
        assert!(
            !place.path(&format!("{folder}/sandbox")).exists(),
            "another sandbox"
        );
    }
    assert_eq!(stored(), 37, "the one that was corrected");
    // The rows of the first round are known in every later one.
    let again = [
        "run",
        "samples/backlog.csv",
        "--job",
        "samples/backlog.toml",
        "--sandbox",
        "--yes",
    ];
    let output =
        place.run(&[&again[..], &["--out", "concord-import-out/backlog/round-9"]].concat());
    assert!(
        stdout(&output)
            .contains("0 now, 37 by an earlier run; 1 for rows that cannot be sent as they are"),
        "{}",
        stdout(&output)
    );
    assert_eq!(stored(), 37);
}

#[test]
fn rejects_of_several_inputs_are_run_together_and_names_tell_inputs_apart() {
    let place = Place::new();
    for (folder, ticket) in [("a", "A-"), ("b", "B-")] {
        fs::create_dir(place.path(folder)).expect("a folder");
        let rows = place.read("samples/backlog.csv").replace("PR-", ticket);
        fs::write(place.path(&format!("{folder}/x.csv")), rows).expect("written");
    }
    let args = [
        "run",
        "a/x.csv",
        "b/x.csv",
        "--job",
        "samples/backlog.toml",
        "--sandbox",
        "--yes",
        "--out",
        "o",
    ];
    let first = place.run(&args);
    insta::assert_snapshot!("run_same_names", stdout(&first));
    let before = "Next, once the rows in o/x/rejects.csv and o/x-2/rejects.csv";
    let command = printed_command(&first, before);
    let command: Vec<_> = command.iter().map(String::as_str).collect();
    let second = place.run(&command);
    assert_eq!(code(&second), 1, "{}", stderr(&second));
    assert!(place.path("o/round-2/rejects-2/results.csv").exists());
    assert!(!place.path("o/round-2/sandbox").exists());
    let check = place.run(&[&["check"], &args[1..]].concat());
    assert!(
        stdout(&check).contains("input 2, b/x.csv: CSV"),
        "{}",
        stdout(&check)
    );
}

/// Three rows and their job, imported into the sandbox of the output folder.
fn imported_into_sandbox(place: &Place) {
    fs::write(place.path("t.csv"), support::csv(3)).expect("written");
    fs::write(place.path("t.toml"), JOB).expect("written");
    let output = place.run(&["run", "t.csv", "--sandbox"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn an_empty_export_of_json_lines_is_an_input_without_rows() {
    let place = Place::new();
    for name in ["night.jsonl", "night.NDJSON"] {
        fs::write(place.path(name), "").expect("written");
        let common = [name, "--job", "samples/tickets.toml", "--sandbox"];
        for command in ["check", "run", "results", "reconcile"] {
            let output = place.run(&[&[command], &common[..]].concat());
            assert_eq!(code(&output), 0, "{command}: {}", stderr(&output));
        }
    }
    fs::write(place.path("night.csv"), "").expect("written");
    let output = place.run(&["check", "night.csv", "--job", "samples/backlog.toml"]);
    assert_eq!(code(&output), 2, "a table without a header is none");
}

#[test]
fn nothing_of_a_json_document_with_a_syntax_error_is_sent() {
    let place = Place::new();
    let server = server(|_| {});
    let mut run = place.live(1, &server);
    run.drain(1..2);
    run.extend(["--job".to_owned(), "t.toml".to_owned()]);
    // More rows than a sample or a batch has, so that the fault is found long after the first rows.
    let row =
        |n: usize| format!(r#"{{"Ticket":"T-{n}","Email":"p{n}@example.com","Wish":"Erase"}}"#);
    let rows: Vec<_> = (1..=2_500).map(row).collect();
    let whole = format!("[{}]", rows.join(",\n"));
    let faulty = whole.replace(r#""T-2498","#, r#""T-2498";"#);
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut encoder = std::io::BufWriter::new(encoder);
    encoder.write_all(faulty.as_bytes()).expect("memory writes");
    let packed = encoder.into_inner().expect("it is written").finish();
    let write = |name: &str, bytes: &[u8]| fs::write(place.path(name), bytes).expect("written");
    write("a.json", faulty.as_bytes());
    write("a.json.gz", &packed.expect("memory writes"));
    write("cut.json", &whole.as_bytes()[..whole.len() - 3]);
    write("good.json", format!("[{}]", rows[0]).as_bytes());
    let told = |args: &[&str], says: &str| {
        let stdin = fs::File::open(place.path("a.json")).expect("there");
        let output = place
            .command(args)
            .env("CONCORD_API_KEY", SANDBOX_API_KEY)
            .stdin(stdin)
            .output()
            .expect("it runs");
        assert_eq!(code(&output), 2, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    };
    let fault =
        "line 2498, column 19: not JSON: found `;`, expected a comma or the end of the object";
    let cut_off = "line 2500, column 61: not JSON: found the end of the file";
    for (inputs, says) in [
        (&["a.json"][..], fault),
        (&["a.json.gz"], fault),
        (&["-"], fault),
        (&["cut.json"], cut_off),
        (&["good.json", "a.json"], fault),
    ] {
        let with = |args: &[&'static str]| [args, inputs, &["--job", "t.toml"]].concat();
        told(&with(&["check"]), says);
        told(&with(&["run", "--dry-run"]), says);
        told(&with(&["run", "--sandbox"]), says);
        let mut run: Vec<_> = run.iter().map(String::as_str).collect();
        run.extend(inputs);
        told(&run, says);
        told(&[&run[..], &["--limit", "1"]].concat(), says);
    }
    assert!(server.log().is_empty());
    let results = place.path("concord-import-out/good/results.csv");
    assert!(!results.exists());
}

#[test]
fn what_was_done_is_told_before_what_kept_the_rest_from_it() {
    let place = Place::new();
    imported_into_sandbox(&place);
    fs::write(place.path("u.csv"), support::csv(2).replace("T-", "U-")).expect("written");
    // No file can grow where a folder is.
    fs::create_dir_all(place.path("o/u/results.csv")).expect("a folder");
    let args = [
        "run",
        "t.csv",
        "u.csv",
        "--job",
        "t.toml",
        "--out",
        "o",
        "--sandbox",
    ];
    let output = place.run(&args);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("t.csv: 3 rows, 3 entries\n  created          3"),
        "{}",
        stdout(&output)
    );
    assert!(
        stderr(&output).contains("run the same command again"),
        "{}",
        stderr(&output)
    );
    fs::remove_dir(place.path("o/u/results.csv")).expect("removed");
    let output = place.run(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn a_damaged_ledger_is_told_with_the_way_to_rebuild_it() {
    let place = Place::new();
    let server = server(|_| {});
    let args = place.live(200, &server);
    let ledger = place.path(&format!("state/concord-import/{SANDBOX_PROJECT}.ledger"));
    let some = [&args[..], &["--limit".to_owned(), "100".to_owned()]].concat();
    assert_eq!(code(&place.finish(&some)), 1);
    let backup = fs::read(&ledger).expect("a ledger");
    assert_eq!(code(&place.finish(&args)), 0);
    let mut bytes = fs::read(&ledger).expect("a ledger");
    let middle = bytes.len() / 4..bytes.len() * 3 / 4;
    bytes[middle].fill(0xa5);
    fs::write(&ledger, bytes).expect("written");
    let output = place.finish(&args);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let told = stdout(&output) + &stderr(&output);
    assert!(told.contains("move it aside"), "{told}");
    // A backup does not know what was created since.
    assert!(
        told.contains("before anything else, run `concord-import reconcile`"),
        "{told}"
    );
    assert_eq!(server.requests().len(), 200);

    // What it says works.
    let state = place.path("state/concord-import");
    let mut compare = args.clone();
    compare[0] = "reconcile".into();
    for is_from_backup in [false, true] {
        fs::rename(&state, place.path(&format!("aside-{is_from_backup}"))).expect("moved");
        if is_from_backup {
            fs::create_dir(&state).expect("a folder");
            fs::write(&ledger, &backup).expect("written");
        }
        assert_eq!(code(&place.finish(&compare)), 1);
        assert_eq!(code(&place.finish(&args)), 0);
        assert_each_once(&server, 200);
    }
}

#[test]
fn a_ledger_of_an_older_format_is_refused_with_the_way_to_rebuild_it() {
    let place = Place::new();
    let server = server(|_| {});
    let args = place.live(40, &server);
    let some = [&args[..], &["--limit".to_owned(), "25".to_owned()]].concat();
    assert_eq!(code(&place.finish(&some)), 1);
    let name = format!("{SANDBOX_PROJECT}.ledger");
    let state = place.path("state/concord-import");
    rusqlite::Connection::open(state.join(&name))
        .and_then(|ledger| ledger.execute_batch("PRAGMA user_version = 9"))
        .expect("the format is set");
    for command in ["run", "results", "reconcile"] {
        let mut args = args.clone();
        args[0] = command.into();
        let output = place.finish(&args);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        let told = stderr(&output);
        assert!(
            told.contains("has format 9, made by an earlier version; this version reads format 12"),
            "{told}"
        );
        assert!(
            told.contains("hint: move it aside, with the files beside it"),
            "{told}"
        );
    }
    assert_eq!(server.requests().len(), 25);

    // The steps of the hint work: nothing is created twice.
    let aside = place.path("aside");
    fs::create_dir(&aside).expect("a folder");
    for file in fs::read_dir(&state).expect("listed") {
        let file = file.expect("a file");
        if file.file_name().to_string_lossy().starts_with(&name) {
            fs::rename(file.path(), aside.join(file.file_name())).expect("moved");
        }
    }
    let mut compare = args.clone();
    compare[0] = "reconcile".into();
    assert_eq!(code(&place.finish(&compare)), 1);
    let output = place.finish(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("15 now, 25 by an earlier run"),
        "{}",
        stdout(&output)
    );
    assert_each_once(&server, 40);
}

#[test]
fn control_characters_that_were_typed_are_not_repeated() {
    let place = Place::new();
    for typed in ["--\u{1b}[31mred\u{7}", "--rate=\u{1b}]0;x\u{9b}"] {
        let output = place.run(&["run", "x.csv", typed]);
        assert_eq!(code(&output), 2);
        let told = stderr(&output);
        assert!(told.contains('\u{fffd}'), "{told}");
        assert!(
            !told.contains(|c: char| c.is_control() && c != '\n'),
            "{told}"
        );
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn odds_of_faults_add_up_however_they_are_given() {
    let place = Place::new();
    let odds = ["--fault-odds", "500=0.6", "--fault-odds", "drop=0.6"];
    let output = place.run(&[&["sandbox"], &odds[..]].concat());
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("`1.2` is not a sum of probabilities of at most 1"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn an_input_without_entries_is_not_told_as_created() {
    let place = Place::new();
    fs::write(place.path("t.csv"), "Ticket,Email,Wish\n").expect("written");
    fs::write(place.path("t.toml"), JOB).expect("written");
    let output = place.run(&["run", "t.csv", "--sandbox"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("t.csv: 0 rows, 0 entries"),
        "{}",
        stdout(&output)
    );
    assert!(stdout(&output).ends_with("The input holds no entry: there was nothing to create.\n"));
}

#[test]
fn a_row_that_changed_since_it_was_imported_is_told_instead_of_all_is_well() {
    let place = Place::new();
    fs::write(
        place.path("t.csv"),
        "Ticket,Email,Wish\n1,a@example.com,Erase\n",
    )
    .expect("written");
    fs::write(place.path("t.toml"), JOB).expect("written");
    let output = place.run(&["run", "t.csv", "--sandbox"]);
    assert!(
        stdout(&output).contains("t.csv: 1 row, 1 entry\n"),
        "{}",
        stdout(&output)
    );
    assert!(
        stdout(&output).contains("Every entry is created;"),
        "{}",
        stdout(&output)
    );
    fs::write(
        place.path("t.csv"),
        "Ticket,Email,Wish\n1,A@example.com,Erase\n",
    )
    .expect("written");
    let output = place.run(&["run", "t.csv", "--sandbox"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    insta::assert_snapshot!("run_changed", stdout(&output));
}

#[test]
fn what_came_through_a_pipe_is_asked_for_again() {
    let place = Place::new();
    let input = fs::File::open(place.path("samples/backlog.csv")).expect("there");
    let output = place
        .command(&[
            "run",
            "-",
            "--job",
            "samples/backlog.toml",
            "--sandbox",
            "--limit",
            "3",
        ])
        .stdin(input)
        .output()
        .expect("it runs");
    assert!(
        stdout(&output).contains(
            "The limit was reached. Before you go on, look in Concord at what was created, by the ids in results.csv.\n\
             Next, to send the others, pipe the same input again:\n  \
             … | concord-import run - --job samples/backlog.toml --sandbox\n"
        ),
        "{}",
        stdout(&output)
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_pilot_goes_on_with_what_is_left_of_its_limit() {
    let place = Place::new();
    let server = server(|_| {});
    let mut args = place.live(400, &server);
    args.extend(["--rate", "100", "--limit", "350"].map(str::to_owned));
    let child = place.start(&args);
    wait_for(&server, 20);
    signal(&child, "INT");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    let created = server.requests().len();
    let command = printed_command(&output, "Next, to go on where it stopped:");
    let limit = command
        .iter()
        .position(|word| word == "--limit")
        .expect("a limit");
    assert_eq!(command[limit + 1], (350 - created).to_string());
    let mut command = command;
    let rate = command
        .iter()
        .position(|word| word == "--rate")
        .expect("a rate");
    command[rate + 1] = "5000".into();
    let output = place.finish(&command);
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    assert_each_once(&server, 350);
}

#[test]
fn status_tells_runs_and_totals() {
    let place = Place::new();
    assert!(stdout(&place.run(&["status"])).contains("No ledger yet"));
    let server = server(|_| {});
    place.finish(&place.live(3, &server));
    let output = place.run(&["status"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("3 created"), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("import t.csv: exit code 0, 3 requests sent, 0 look-ups"),
        "{}",
        stdout(&output)
    );
}

#[cfg(unix)]
#[test]
fn one_interrupt_lets_what_is_under_way_end_and_the_next_run_goes_on() {
    for (name, expected) in [("INT", 130), ("TERM", 143)] {
        let place = Place::new();
        let server = server(|_| {});
        let mut args = place.live(400, &server);
        args.extend(["--rate".into(), "100".into()]);
        let child = place.start(&args);
        wait_for(&server, 20);
        signal(&child, name);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(code(&output), expected, "{}", stderr(&output));
        assert!(
            stdout(&output).contains("Next, to go on where it stopped:"),
            "{}",
            stdout(&output)
        );
        let created = server.requests().len();
        assert!((15..400).contains(&created), "{created}");
        let results = place.read("concord-import-out/t/results.csv");
        assert_eq!(results.matches(",created,response,").count(), created);
        assert_eq!(results.matches(",not_sent,").count(), 400 - created);

        let last = args.len() - 1;
        args[last] = "5000".into();
        let output = place.finish(&args);
        assert_eq!(code(&output), 0, "{}", stdout(&output));
        assert_each_once(&server, 400);
    }
}

#[cfg(unix)]
#[test]
fn a_second_interrupt_ends_at_once_and_loses_nothing() {
    let place = Place::new();
    let server = server(|config| {
        config.faults = Faults {
            script: Script(vec![Fault::CreateThenHang; 4]),
            ..Faults::default()
        };
    });
    let args = place.live(50, &server);
    let mut child = place.start(&args);
    wait_for(&server, 5); // the look at the project, and one for each of four at once
    signal(&child, "INT");
    // The second comes once the first was understood: two signals at once are one.
    let mut said = BufReader::new(child.stderr.take().expect("piped")).lines();
    let mut heard = |wanted: &str| said.any(|line| line.expect("text").contains(wanted));
    assert!(heard("once more ends at once"));
    signal(&child, "INT");
    assert!(heard("ending at once"));
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    server.set_faults(Faults::default());
    let output = place.finish(&args);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert_each_once(&server, 50);
}

#[cfg(unix)]
#[test]
fn a_killed_run_is_continued_by_the_same_command() {
    let place = Place::new();
    let server = server(|_| {});
    let mut args = place.live(400, &server);
    args.extend(["--rate".into(), "300".into()]);
    for arrivals in [30, 100, 200] {
        let mut child = place.start(&args);
        wait_for(&server, arrivals);
        child.kill().expect("killed");
        child.wait().expect("it ends");
    }
    let last = args.len() - 1;
    args[last] = "5000".into();
    let output = place.finish(&args);
    assert_eq!(code(&output), 0, "{}\n{}", stdout(&output), stderr(&output));
    assert_each_once(&server, 400);
}

#[test]
fn completions_and_manual_pages_are_printed() {
    let place = Place::new();
    let output = place.run(&["completions", "bash"]);
    assert!(code(&output) == 0 && stdout(&output).contains("api-key-file"));
    let output = place.run(&["man"]);
    assert!(code(&output) == 0 && stdout(&output).contains("CONCORD_API_KEY"));
}

#[test]
fn help_names_every_command() {
    let place = Place::new();
    let output = place.run(&["--help"]);
    assert_eq!(code(&output), 0);
    insta::assert_snapshot!("help", stdout(&output));
}

/// The lines of the README that a newcomer copies.
fn readme_commands() -> Vec<Vec<String>> {
    let readme = include_str!("../../README.md");
    readme
        .lines()
        .filter_map(|line| line.trim().strip_prefix("cargo run --release -- "))
        .map(|args| args.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[test]
fn the_commands_of_the_readme_work_as_written() {
    let place = Place::new();
    let commands = readme_commands();
    assert!(!commands.is_empty(), "the README has commands");
    for args in commands {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let output = place.run(&args);
        assert!(
            matches!(code(&output), 0 | 1),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(!stdout(&output).is_empty(), "{args:?}");
    }
}
