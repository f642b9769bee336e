//! Runs that end before their input: refused, interrupted, killed, or without a ledger.

use std::num::NonZeroU32;

use axum::http::StatusCode;
use concord_import::internals::entry::Entry;
use concord_import::internals::event::Events;
use concord_import::internals::identity::NearKeys;
use concord_import::internals::ledger::{Claim, ClaimRequest, Ledger, RunInput, RunKind, Totals};
use concord_import::internals::machine::{Fate, Simulated, simulate};
use concord_import::internals::outcome::Outcome;
use concord_import::internals::plan::SANDBOX_PROJECT;
use concord_import::internals::sandbox::{Config, Sandbox, Script};
use concord_import::internals::stop::{StopCause, StopSignal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;

use crate::support::{Trial, csv, entries, within};

#[tokio::test]
async fn a_key_or_project_that_is_refused_stops_the_run_at_once() {
    let cases = [
        ("401", StopCause::KeyRefused),
        ("403", StopCause::KeyForbidden),
        ("404", StopCause::ProjectUnknown),
        ("405", StopCause::WrongServer { status: 405 }),
        ("406", StopCause::WrongServer { status: 406 }),
        ("410", StopCause::WrongServer { status: 410 }),
        ("402", StopCause::RefusesAll { status: 402 }),
        ("426", StopCause::RefusesAll { status: 426 }),
        ("428", StopCause::RefusesAll { status: 428 }),
        ("431", StopCause::RefusesAll { status: 431 }),
        ("451:html", StopCause::RefusesAll { status: 451 }),
    ];
    for (fault, cause) in cases {
        let mut trial = Trial::with_script(40, &format!("{fault}*1000")).await;
        trial.sending.concurrency = NonZeroU32::new(3).expect("not zero");
        let ended = trial.run().await;
        trial.assert_true(&ended);
        assert_eq!(ended.stop, Some(cause));
        assert_eq!(ended.exit_code(), 3);
        // One row was sent. A key without permission is believed only after three refusals.
        let posts = if fault == "403" { 3 } else { 1 };
        assert_eq!(trial.posts(), posts, "{fault}");
        assert_eq!(trial.gets(), 0);
        assert_eq!(ended.count(Outcome::NotSent), 40);
        assert_eq!(trial.totals(), Totals::default(), "{fault}");
        trial.sandbox.set_script(Script::default());
        trial.assert_complete(&trial.run().await, 40);
    }
}

#[tokio::test]
async fn an_only_entry_that_is_forbidden_stops_the_run() {
    let trial = Trial::with_script(1, "403*1000").await;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(ended.stop, Some(StopCause::KeyForbidden));
    assert_eq!(ended.count(Outcome::NotSent), 1);
    assert_eq!(trial.posts(), 3);
}

#[tokio::test]
async fn a_redirect_that_servers_give_for_work_that_is_done_leaves_the_entry_in_doubt() {
    let mut trial = Trial::with_script(3, "create-then-303").await;
    trial.sending.concurrency = NonZeroU32::MIN;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(ended.stop, Some(StopCause::WrongServer { status: 303 }));
    assert_eq!(ended.count(Outcome::InDoubt), 1);
    assert_eq!(ended.count(Outcome::NotSent), 2);
    trial.assert_complete(&trial.run().await, 3);
    assert_eq!(trial.created().len(), 3);
}

#[tokio::test]
async fn a_web_page_in_the_place_of_the_api_stops_the_run_after_one_row() {
    for (fault, cause) in [
        ("200:html", StopCause::WebPage { status: 200 }),
        ("203:html", StopCause::WebPage { status: 203 }),
        ("501:html", StopCause::WrongServer { status: 501 }),
        ("511:html", StopCause::WrongServer { status: 511 }),
    ] {
        let trial = Trial::with_script(120, &format!("{fault}*1000")).await;
        let ended = trial.run().await;
        trial.assert_true(&ended);
        assert_eq!(ended.stop, Some(cause), "{fault}");
        assert_eq!(ended.exit_code(), 3);
        assert_eq!(trial.posts(), 1, "{fault}");
        assert_eq!(ended.count(Outcome::InDoubt), 1, "{fault}");
        assert_eq!(ended.count(Outcome::NotSent), 119, "{fault}");
        trial.sandbox.set_script(Script::default());
        trial.assert_complete(&trial.run().await, 120);
    }
}

/// A server that answers every request with the same status, type and body.
async fn same_answer(status: u16, content_type: &'static str, body: &'static str) -> String {
    let answer = move || async move {
        let status = StatusCode::from_u16(status).expect("a status");
        (status, [("content-type", content_type)], body)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    format!("http://{address}")
}

#[tokio::test]
async fn a_server_that_is_not_concord_is_sent_one_row() {
    for (status, content_type, body) in [
        (200, "text/plain", "Please authenticate"),
        (200, "text/xml", "<?xml version='1.0'?><error>login</error>"),
        (200, "application/json", "{}"),
        (200, "text/html", ""),
        (202, "text/html", "<html>Accepted</html>"),
    ] {
        let mut trial = Trial::with_script(60, "").await;
        trial.target.base_url = same_answer(status, content_type, body).await;
        trial.sending.max_attempts = NonZeroU32::new(2).expect("not zero");
        let ended = trial.run().await;
        let cause = StopCause::WrongServer { status };
        assert_eq!(ended.stop, Some(cause), "{status} {body}");
        assert_eq!(ended.count(Outcome::InDoubt), 1, "{status} {body}");
        assert_eq!(ended.count(Outcome::NotSent), 59, "{status} {body}");
    }
}

#[tokio::test]
async fn web_pages_that_say_created_stop_a_run_in_which_nothing_was_created() {
    let mut trial = Trial::with_script(120, "201:html*1000").await;
    trial
        .sandbox
        .set_read_script("200:html*100000".parse().expect("a script"));
    trial.sending.max_attempts = NonZeroU32::new(2).expect("not zero");
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(ended.stop, Some(StopCause::WebPage { status: 201 }));
    assert!(trial.posts() <= 3, "{} rows have left", trial.posts());
    trial.sandbox.set_script(Script::default());
    trial.sandbox.set_read_script(Script::default());
    trial.assert_complete(&trial.run().await, 120);
}

#[tokio::test]
async fn what_the_look_at_the_project_shows_to_be_no_concord_is_sent_nothing() {
    for (reads, cause) in [
        ("401", StopCause::KeyRefused),
        ("200:html", StopCause::WebPage { status: 200 }),
        ("302", StopCause::WrongServer { status: 302 }),
        ("511:html", StopCause::WrongServer { status: 511 }),
    ] {
        let trial = Trial::with_script(3, "").await;
        trial
            .sandbox
            .set_read_script(reads.parse().expect("a script"));
        let stop = StopSignal::default();
        let outbound = trial.outbound(&stop, &Events::none());
        outbound.preflight(SANDBOX_PROJECT).await;
        assert_eq!(stop.cause(), Some(cause), "{reads}");
    }
    // A key that may not list projects may well create requests.
    for reads in ["403", "404", "500", "502:html", "junk"] {
        let trial = Trial::with_script(3, "").await;
        trial
            .sandbox
            .set_read_script(reads.parse().expect("a script"));
        let stop = StopSignal::default();
        let outbound = trial.outbound(&stop, &Events::none());
        outbound.preflight(SANDBOX_PROJECT).await;
        assert_eq!(stop.cause().is_some(), reads == "junk", "{reads}");
    }
}

#[tokio::test]
async fn a_wrong_key_creates_nothing_and_the_right_one_then_everything() {
    let mut trial = Trial::with_script(20, "").await;
    let right = std::mem::replace(&mut trial.api_key, "a key of somebody else".into());
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(ended.stop, Some(StopCause::KeyRefused));
    assert_eq!(ended.count(Outcome::NotSent), 20);
    trial.api_key = right;
    trial.assert_complete(&trial.run().await, 20);
}

#[tokio::test]
async fn a_key_refused_in_the_middle_leaves_the_rest_not_sent() {
    let mut trial = Trial::with_script(40, "ok*9,401*1000").await;
    trial.sending.concurrency = NonZeroU32::MIN;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(ended.count(Outcome::Created), 9);
    assert_eq!(ended.count(Outcome::NotSent), 31);
    trial.sandbox.set_script(Script::default());
    trial.assert_complete(&trial.run().await, 40);
    assert_eq!(trial.posts(), 41);
}

#[tokio::test]
async fn an_interrupted_run_brings_what_is_under_way_to_its_end() {
    let mut trial = Trial::with_script(300, "").await;
    trial.sending.concurrency = NonZeroU32::new(4).expect("not zero");
    let stop = StopSignal::default();
    let interruption = async {
        trial.sandbox.wait_for_requests(25).await;
        stop.raise(StopCause::Interrupted);
    };
    let (ended, ()) = tokio::join!(trial.run_until(stop.clone()), within(interruption));
    trial.assert_true(&ended);
    assert_eq!(ended.exit_code(), 130);
    assert_eq!(ended.count(Outcome::InDoubt), 0);
    let created = u64::try_from(trial.created().len()).expect("few");
    assert!((25..300).contains(&created), "{created}");
    assert_eq!(ended.count(Outcome::Created), created);
    assert_eq!(ended.count(Outcome::NotSent), 300 - created);
    let second = trial.run().await;
    trial.assert_complete(&second, 300);
    assert_eq!(trial.posts(), 300);
    assert_eq!(second.tally().already_created, created);
}

#[tokio::test]
async fn an_interruption_while_answers_are_lost_leaves_them_in_doubt() {
    let mut trial = Trial::with_script(30, "ok*4,create-then-504*2,504*2,hang*1000").await;
    trial.sending.settle = Duration::from_mins(1);
    trial.sending.timeout = Duration::from_secs(1);
    let stop = StopSignal::default();
    let interruption = async {
        // The four that were served, and the two whose answers are lost.
        trial.sandbox.wait_for_requests(6).await;
        trial.sandbox.wait_for_arrivals(14).await;
        stop.raise(StopCause::Terminated);
    };
    let (ended, ()) = tokio::join!(trial.run_until(stop.clone()), within(interruption));
    trial.assert_true(&ended);
    assert_eq!(ended.exit_code(), 143);
    assert!(ended.count(Outcome::InDoubt) > 0);
    assert_eq!(ended.count(Outcome::Failed), 0);
    trial.sandbox.set_script(Script::default());
    trial.sending.settle = Duration::from_millis(50);
    let second = trial.run().await;
    trial.assert_complete(&second, 30);
    assert!(second.tally().already_created >= 4);
}

#[test]
fn a_run_that_dies_in_the_middle_is_completed_by_the_next_one() {
    let sandbox = Sandbox::start_on_own_thread(Config {
        // Some answers are lost besides.
        seed: 3,
        ..Config::default()
    })
    .expect("a sandbox");
    sandbox.set_script(
        "create-then-504,ok*5,504,ok*5,create-then-drop"
            .parse()
            .expect("a script"),
    );
    let mut trial = Trial::against(sandbox, &[csv(200)]);
    trial.sending.concurrency = NonZeroU32::new(4).expect("not zero");
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().expect("a runtime")
    };
    for kill_at in [1, 30, 90, 91, 150] {
        let killed = runtime();
        killed.block_on(async {
            tokio::select! {
                ended = trial.run() => panic!("it ended before it could be killed: {ended:?}"),
                () = within(trial.sandbox.wait_for_requests(kill_at)) => {}
            }
        });
        // All tasks die where they stand.
        drop(killed);
    }
    assert!(trial.totals().claimed > 0, "it was killed too late");
    trial.sending.max_attempts = NonZeroU32::new(30).expect("not zero");
    let ended = runtime().block_on(trial.run());
    trial.assert_complete(&ended, 200);
    assert!(ended.tally().already_created > 0);
}

/// Entries claimed by another run, which is alive as long as its ledger is open.
pub(crate) async fn claim_elsewhere(trial: &Trial, entries: &[Entry], lease: Duration) -> Ledger {
    let ledger = Ledger::open(&trial.ledger_path(), &trial.target).expect("it opens");
    let input = RunInput {
        name: "another.csv".into(),
        bytes: 1,
        sha256: "ff".into(),
        number: 1,
    };
    let run = ledger
        .begin_run(RunKind::Import, input, lease)
        .await
        .expect("a run begins");
    let requests = entries
        .iter()
        .map(|entry| ClaimRequest::of(entry, trial.read.project, NearKeys::default()))
        .collect();
    let claims = ledger.claim(run, requests).await.expect("claimed");
    assert!(claims.iter().all(|claimed| claimed.claim == Claim::Fresh));
    ledger
}

#[tokio::test]
async fn what_a_dead_run_had_claimed_is_looked_up_before_it_is_sent() {
    let mut trial = Trial::with_script(10, "").await;
    // Four of the six were created, and nobody knows.
    trial.limit = 4;
    trial.run().await;
    std::fs::remove_file(trial.ledger_path()).expect("it goes");
    for suffix in ["-wal", "-shm"] {
        let mut name = trial.ledger_path().into_os_string();
        name.push(suffix);
        drop(std::fs::remove_file(name));
    }
    let dead = claim_elsewhere(&trial, &entries(6), Duration::from_mins(10)).await;
    dead.close().await;
    trial.limit = u64::MAX;
    let ended = trial.run().await;
    trial.assert_complete(&ended, 10);
    assert_eq!(trial.posts(), 10);
    assert_eq!(ended.tally().recovered, 4);
}

#[tokio::test]
async fn what_another_live_run_has_claimed_is_left_to_it() {
    let trial = Trial::with_script(10, "").await;
    let live = claim_elsewhere(&trial, &entries(3), Duration::from_mins(10)).await;
    let ended = trial.run().await;
    assert_eq!(trial.created().len(), 7);
    assert_eq!(ended.count(Outcome::InDoubt), 3);
    assert_eq!(ended.count(Outcome::Created), 7);
    assert_eq!(ended.exit_code(), 1);
    live.close().await;
    trial.assert_complete(&trial.run().await, 10);
}

#[tokio::test]
async fn a_run_that_slept_longer_than_its_lease_sends_nothing_more() {
    let mut trial = Trial::with_script(300, "").await;
    trial.sending.concurrency = NonZeroU32::new(4).expect("not zero");
    let slept_s = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&slept_s);
    let machine = Arc::new(Simulated {
        now: Box::new(move || {
            SystemTime::now() + Duration::from_secs(clock.load(Ordering::Relaxed))
        }),
        fate: Box::new(|_| Fate::GoOnAfter(Duration::ZERO)),
        course: Arc::default(),
        page_items: usize::MAX,
        list_items: usize::MAX,
    });
    let sleep = async {
        trial.sandbox.wait_for_requests(25).await;
        // As after a machine was suspended: only the clock on the wall has gone on.
        slept_s.store(600, Ordering::Relaxed);
        trial.posts()
    };
    let (ended, before) = tokio::join!(simulate(machine, trial.run()), within(sleep));
    trial.assert_true(&ended);
    assert_eq!(ended.exit_code(), 3);
    let cause = ended.stop.as_ref().expect("it was stopped").to_string();
    assert!(cause.contains("lease"), "{cause}");
    let after = trial.posts() - before;
    assert!(after <= 4, "{after} POSTs after the lease had run out");
    trial.assert_complete(&trial.run().await, 300);
    assert_eq!(trial.posts(), 300);
}

#[tokio::test]
async fn a_ledger_that_cannot_be_written_stops_the_sending_and_loses_nothing() {
    let mut trial = Trial::with_script(200, "").await;
    trial.sending.concurrency = NonZeroU32::new(4).expect("not zero");
    trial.limit = 0;
    trial.run().await;
    // As a disk that is full after eleven outcomes.
    trial.in_ledger(
        "CREATE TRIGGER full BEFORE UPDATE OF state ON entries
         WHEN NEW.state = 1 AND (SELECT count(*) FROM entries WHERE state = 1) >= 11
         BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END",
    );
    trial.limit = u64::MAX;
    let stop = StopSignal::default();
    let (imported, _) = Box::pin(trial.try_run_until(stop.clone())).await;
    assert!(imported.is_err(), "files were made without a ledger");
    let cause = stop.cause().expect("it was stopped");
    assert!(matches!(cause, StopCause::Ledger { .. }), "{cause:?}");
    assert!(cause.hint().contains("free some space"), "{cause:?}");
    // Eleven that were settled, a commit's worth that was not, and what was under way.
    assert!(trial.posts() < 100, "{} POSTs", trial.posts());
    trial.in_ledger("DROP TRIGGER full");
    let ended = trial.run().await;
    trial.assert_complete(&ended, 200);
    assert_eq!(trial.posts(), 200);
}
