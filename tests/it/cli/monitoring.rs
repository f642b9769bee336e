//! What a monitoring system sees of a run.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{DEADLINE, Place, assert_each_once, code, server, stderr, stdout, wait_for};

/// The value of a sample, if it is told.
fn value(text: &str, sample: &str) -> Option<f64> {
    let mut lines = text.lines().filter_map(|line| {
        let value = line.strip_prefix("concord_import_")?.strip_prefix(sample)?;
        value.strip_prefix(' ')?.parse().ok()
    });
    let found = lines.next();
    assert!(lines.next().is_none(), "{sample} is told twice:\n{text}");
    found
}

fn with(args: &[String], more: &[&str]) -> Vec<String> {
    let more = more.iter().map(|word| (*word).to_owned());
    args.iter().cloned().chain(more).collect()
}

#[test]
fn the_file_tells_the_run_and_what_runs_before_it_reached() {
    let place = Place::new();
    let server = server(|config| {
        config.faults.script = "503".parse().expect("a script");
    });
    let args = with(&place.live(5, &server), &["--metrics-file", "import.prom"]);
    let output = place.finish(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let first = place.read("import.prom");
    for (sample, expected) in [
        ("run_exit_code", 0.0),
        ("entries_expected", 5.0),
        ("entries{outcome=\"created\"}", 5.0),
        ("entries{outcome=\"invalid\"}", 0.0),
        ("created_entries{via=\"response\"}", 5.0),
        ("requests_sent{purpose=\"create\"}", 6.0),
        ("waiting", 0.0),
        ("ceiling_concurrency", 4.0),
    ] {
        assert_eq!(value(&first, sample), Some(expected), "{sample}\n{first}");
    }
    let complete = "last_complete_run_timestamp_seconds";
    let reached = value(&first, complete).expect("it was complete");
    assert_eq!(value(&first, "run_end_timestamp_seconds"), Some(reached));
    assert!(value(&first, "run_start_timestamp_seconds") <= Some(reached));

    // A row more that cannot be sent: finished, and not complete.
    let rows = fs::read_to_string(place.path("t.csv")).expect("the input") + "T-6,nobody,Erase\n";
    fs::write(place.path("t.csv"), rows).expect("written");
    let output = place.finish(&args);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let second = place.read("import.prom");
    assert_eq!(value(&second, "created_entries{via=\"ledger\"}"), Some(5.0));
    assert_eq!(value(&second, "entries{outcome=\"invalid\"}"), Some(1.0));
    assert_eq!(value(&second, complete), Some(reached));
    let finished = value(&second, "last_finished_run_timestamp_seconds");
    assert!(finished > Some(reached));

    // A run that cannot even begin says so, and forgets nothing.
    fs::remove_file(place.path("t.csv")).expect("removed");
    let output = place.finish(&args);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    let third = place.read("import.prom");
    assert_eq!(value(&third, "run_exit_code"), Some(2.0));
    assert_eq!(value(&third, complete), Some(reached));
    assert_eq!(
        value(&third, "last_finished_run_timestamp_seconds"),
        finished
    );
    assert!(!third.contains("example.com") && !third.contains("t.csv"));
}

#[cfg(unix)]
#[test]
fn the_file_can_be_read_by_the_collector() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let server = server(|_| {});
    let args = with(&place.live(1, &server), &["--metrics-file", "import.prom"]);
    assert_eq!(code(&place.finish(&args)), 0);
    let mode = fs::metadata(place.path("import.prom")).expect("it is there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o644);
}

#[test]
fn a_file_that_cannot_be_written_ends_the_run_before_it_sends() {
    let place = Place::new();
    let server = server(|_| {});
    let args = with(
        &place.live(2, &server),
        &["--metrics-file", "nowhere/import.prom"],
    );
    let output = place.finish(&args);
    assert_eq!(code(&output), 2);
    let told = stderr(&output);
    assert!(
        told.contains("the metrics file nowhere/import.prom cannot be written"),
        "{told}"
    );
    assert!(
        told.contains("hint: check that its folder exists"),
        "{told}"
    );
    assert_eq!(server.log().len(), 0);
}

fn scrape(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer
}

#[test]
fn a_run_can_be_scraped_while_it_goes_on() {
    let place = Place::new();
    let server = server(|_| {});
    let args = with(
        &place.live(400, &server),
        &[
            "--metrics-listen",
            "0",
            "--log-level",
            "info",
            "--log-format",
            "json",
            "--rate",
            "20",
        ],
    );
    let mut run = place.start(&args);
    let mut lines = BufReader::new(run.stderr.take().expect("it is piped")).lines();
    let address = lines
        .find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line.ok()?).ok()?;
            Some(line["attributes"]["address"].as_str()?.to_owned())
        })
        .expect("it says where it listens");
    let began = Instant::now();
    loop {
        let answer = scrape(&address, "/metrics");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(
            answer.contains("content-type: text/plain; version=0.0.4"),
            "{answer}"
        );
        if value(&answer, "entries{outcome=\"created\"}") > Some(3.0) {
            assert_eq!(value(&answer, "entries_expected"), Some(400.0));
            assert_eq!(value(&answer, "run_exit_code"), None);
            assert_eq!(value(&answer, "ceiling_requests_per_second"), Some(20.0));
            break;
        }
        assert!(began.elapsed() < DEADLINE, "nothing was created:\n{answer}");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(scrape(&address, "/").starts_with("HTTP/1.1 404 "));
    run.kill().expect("killed");
    run.wait().expect("it ended");
}

#[test]
fn metrics_are_served_to_this_machine_alone() {
    let place = Place::new();
    for address in [
        "0.0.0.0:9464",
        "192.0.2.1:9464",
        "localhost",
        "[::]:1",
        "70000",
    ] {
        let output = place.run(&["run", "t.csv", "--sandbox", "--metrics-listen", address]);
        assert_eq!(code(&output), 2, "{address}");
        assert!(
            stderr(&output).contains("is not a port or an address of this machine alone"),
            "{address}"
        );
    }
}

#[test]
fn the_next_command_keeps_the_metrics() {
    let place = Place::new();
    let server = server(|_| {});
    let args = with(
        &place.live(3, &server),
        &["--limit", "1", "--metrics-file", "a b.prom"],
    );
    let output = place.finish(&args);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("--metrics-file 'a b.prom'"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn log_lines_are_log_records_and_tell_of_no_row() {
    let place = Place::new();
    let server =
        server(|config| config.faults.script = "503:retry-after=1".parse().expect("a script"));
    let args = with(
        &place.live(3, &server),
        &[
            "--log-level",
            "debug",
            "--log-format",
            "json",
            "--progress",
            "none",
        ],
    );
    let output = place.finish(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let records: Vec<serde_json::Value> = stderr(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    let of = |body: &str| {
        let record = records.iter().find(|record| record["body"] == body);
        record.unwrap_or_else(|| panic!("nothing says `{body}`: {records:?}"))
    };
    let waiting = of("waiting");
    assert_eq!(
        (&waiting["severity_text"], &waiting["severity_number"]),
        (&"INFO".into(), &9.into())
    );
    assert!(
        waiting["attributes"]["at_most_s"].as_f64() > Some(0.5),
        "{waiting}"
    );
    let ended = &of("run ended")["attributes"];
    assert_eq!(
        (&ended["exit_code"], &ended["attempts"], &ended["refused"]),
        (&0.into(), &4.into(), &1.into())
    );
    assert_eq!(of("sent")["resource"]["service.name"], "concord-import");
    for record in &records {
        let at = record["timestamp"].as_str().expect("a time");
        assert!(at.len() == 27 && at.ends_with('Z'), "{at}");
    }
    assert!(!stderr(&output).contains("example.com"));
}

#[test]
fn two_nightly_runs_that_overlap_create_each_request_once() {
    let place = Place::new();
    let server = server(|_| {});
    let args = with(
        &place.live(60, &server),
        &["--rate", "40", "--progress", "json"],
    );
    let first = place.start(&with(&args, &["--out", "first"]));
    wait_for(&server, 8);
    // A new word in the same export is a problem of its row alone.
    let rows = fs::read_to_string(place.path("t.csv")).expect("the input")
        + "T-61,z@example.com,Portability\n";
    fs::write(place.path("later.csv"), rows).expect("written");
    let later: Vec<String> = with(&args, &["--out", "second", "--job", "t.toml"])
        .into_iter()
        .map(|word| {
            if word == "t.csv" {
                "later.csv".to_owned()
            } else {
                word
            }
        })
        .collect();
    let second = place.finish(&later);
    let first = first.wait_with_output().expect("it ends");
    // What the one is sending, the other leaves alone, and says so.
    for output in [&first, &second] {
        assert!(code(output) <= 1, "{}", stderr(output));
    }
    assert_each_once(&server, 60);
    let summary = |output| -> serde_json::Value {
        serde_json::from_str(stdout(output).trim()).expect("one line of JSON")
    };
    let (first, second) = (summary(&first), summary(&second));
    assert_eq!(
        (&first["invalid"], &second["invalid"]),
        (&0.into(), &1.into())
    );
    for told in [first, second] {
        let count = |name: &str| told[name].as_u64().expect("a count");
        assert_eq!(count("created") + count("in_doubt"), 60, "{told}");
    }
    let again = place.finish(&later);
    assert_eq!(summary(&again)["already_created"], 60);
    assert_each_once(&server, 60);
}

#[test]
fn a_file_of_something_else_is_never_replaced_by_metrics() {
    let place = Place::new();
    let server = server(|_| {});
    let args = place.live(2, &server);
    let ledger = ["--ledger", "import.ledger"];
    assert_eq!(code(&place.finish(&with(&args, &ledger))), 0);
    fs::create_dir(place.path("folder")).expect("made");
    for file in ["t.csv", "t.toml", "import.ledger", "folder"] {
        let before = fs::read(place.path(file)).ok();
        let output = place.finish(&with(&with(&args, &ledger), &["--metrics-file", file]));
        assert_eq!(code(&output), 2, "{file}");
        assert!(
            stderr(&output).contains("it is there already, and is none"),
            "{}",
            stderr(&output)
        );
        assert!(
            fs::read(place.path(file)).ok() == before,
            "{file} is another"
        );
    }
    // One of an earlier run is, and so is an empty one.
    fs::write(place.path("import.prom"), "").expect("written");
    for _ in 0..2 {
        let output = place.finish(&with(
            &with(&args, &ledger),
            &["--metrics-file", "import.prom"],
        ));
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    }
    assert_each_once(&server, 2);
}

#[test]
fn a_page_of_an_earlier_run_does_not_outlive_the_beginning_of_the_next() {
    let place = Place::new();
    let server = server(|_| {});
    let args = place.live(200, &server);
    assert_eq!(code(&place.finish(&with(&args, &["--limit", "1"]))), 1);
    let page = place.path("concord-import-out/t/report.html");
    assert!(page.exists());
    let mut run = place.start(&with(&args, &["--rate", "20"]));
    wait_for(&server, 10);
    run.kill().expect("killed");
    run.wait().expect("it ended");
    assert!(!page.exists());
}
