//! The real binary, killed again and again at moments nobody chose, against a server with every fault at once.
//!
//! `KILLS_SEED` gives other moments and other faults.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::http::Method;
use concord_import::internals::sandbox::{Faults, Listing, Odds};

use crate::cli::{Place, assert_each_once, code, server, stderr};
use crate::support::read_results;

const ROWS: usize = 1_000;
const KILLS: u32 = 40;
/// So many of them have to strike while it runs.
const STRIKES_MIN: u32 = 30;
/// A process that is not killed ends within this.
const DEADLINE: Duration = Duration::from_mins(2);

/// Whatever is created late is listed half a second before the settle time ends: the machine may be busy.
const JOB: &str = r#"
[input]
key = ["Ticket"]
[fields]
request = { column = "Wish", values = { "Erase" = "delete" } }
userEmail = "Email"
notes = { template = "Ticket {{ Ticket }}" }
preverified = { value = true }
[send]
rate = 200
concurrency = 8
max_attempts = 20
initial_backoff = "5ms"
max_backoff = "100ms"
settle = "1s"
timeout = "1s"
"#;

fn faults() -> Faults {
    let odds = |text: &str| -> Odds { text.parse().expect("odds") };
    Faults {
        odds: odds(
            "500=0.02,502:html=0.02,503=0.02,504:empty=0.02,create-then-500=0.02,create-then-504=0.02,\
             create-then-drop=0.03,create-then-hang=0.01,late-commit:300ms:504=0.03,late-commit:100ms:502=0.03,\
             hang=0.01,drop=0.02,429=0.01,429:retry-after=0=0.01,503:retry-after=0=0.01,slow:250ms=0.04,junk=0.03,\
             cut=0.03,wrong-echo=0.02",
        ),
        read_odds: odds("500=0.03,503=0.02,429=0.01,drop=0.02,cut=0.02,junk=0.02,slow:100ms=0.05"),
        ..Faults::default()
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "shown when the test fails")]
fn a_process_killed_dozens_of_times_creates_everything_exactly_once() {
    let seed = std::env::var("KILLS_SEED").map_or(1, |seed| seed.parse().expect("a number"));
    eprintln!("KILLS_SEED={seed}");
    let mut moments = fastrand::Rng::with_seed(seed);
    let server = server(|config| {
        config.faults = faults();
        config.seed = seed;
        config.listing = Listing {
            lag: Duration::from_millis(200),
            ..Listing::default()
        };
    });
    let place = Place::new();
    let args = place.live(ROWS, &server);
    std::fs::write(place.path("t.toml"), JOB).expect("written");

    let mut strikes = 0;
    for _ in 0..KILLS {
        let mut child = place.start(&args);
        // While it starts, checks and claims; while it sends; or after it has settled doubts and sent again.
        let moment_ms = match moments.u8(..10) {
            0 | 1 => moments.u64(0..150),
            2 => moments.u64(1_200..2_500),
            _ => moments.u64(100..600),
        };
        std::thread::sleep(Duration::from_millis(moment_ms));
        strikes += u32::from(child.try_wait().expect("it can be asked").is_none());
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
    assert!(strikes >= STRIKES_MIN, "only {strikes} kills struck");
    let killed_at = server.requests().len();
    eprintln!("created before the last process: {killed_at}");

    server.set_faults(Faults::default());
    let began = Instant::now();
    let output = place.finish(&args);
    assert!(began.elapsed() < DEADLINE, "it took too long");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_each_once(&server, ROWS);
    assert!(killed_at > 0, "it was killed at no good time");

    let held: BTreeMap<_, _> = server
        .requests()
        .into_iter()
        .map(|request| (request.id.to_string(), request))
        .collect();
    let rows = read_results(&place.path("concord-import-out/t"));
    assert_eq!(rows.len(), ROWS);
    for row in &rows {
        assert_eq!(row.outcome, "created", "{row:?}");
        let notes = held[&row.id].body.notes.as_deref().unwrap_or_default();
        let expected = format!("Ticket {} [ref {}]", row.key, row.import_id);
        assert_eq!(notes, expected, "the id of another entry: {row:?}");
    }
    let summary: serde_json::Value =
        serde_json::from_str(&place.read("concord-import-out/t/summary.json")).expect("JSON");
    for (name, count) in [("entries", ROWS), ("created", ROWS), ("in_doubt", 0)] {
        assert_eq!(summary[name].as_u64(), Some(count as u64), "{summary}");
    }

    let posts = || {
        let log = server.log();
        log.iter().filter(|one| one.method == Method::POST).count()
    };
    let before = posts();
    assert_eq!(code(&place.finish(&args)), 0);
    assert_eq!(posts(), before, "a finished import sent something");
}
