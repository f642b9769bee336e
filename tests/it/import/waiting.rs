//! When the server asks for time, or is not there.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::Method;
use concord_import::internals::event::Event;
use concord_import::internals::outcome::Outcome;
use concord_import::internals::sandbox::{Faults, Outage};
use concord_import::internals::stop::{Obstacle, StopCause, StopSignal};
use tokio::io::AsyncWriteExt;

use crate::support::{ClosedPort, Trial};

fn outage(text: &str) -> Faults {
    Faults {
        outages: vec![text.parse::<Outage>().expect("an outage")],
        ..Faults::default()
    }
}

fn is_outage(cause: Option<&StopCause>) -> bool {
    matches!(cause, Some(StopCause::Outage { .. }))
}

#[tokio::test]
async fn a_retry_after_holds_the_whole_run() {
    // A date has whole seconds: one of two seconds ahead asks for more than one.
    for fault in [
        "429:retry-after=1",
        "503:retry-after=1",
        "429:retry-after-date=2",
        "429:retry-after-epoch=2",
        "503:retry-after-epoch=2",
    ] {
        let mut trial = Trial::with_script(12, &format!("ok*3,{fault}")).await;
        trial.sending.concurrency = NonZeroU32::new(4).expect("not zero");
        let ended = trial.run().await;
        trial.assert_complete(&ended, 12);
        let log = trial.exchanges(&Method::POST);
        let asked = log
            .iter()
            .find(|one| one.fault.to_string() == fault)
            .expect("it struck");
        let meanwhile = log.iter().filter(|one| {
            // A date is compared with another clock than the log's.
            let pause = Duration::from_millis(950);
            one.arrived > asked.arrived && one.arrived - asked.arrived < pause
        });
        // Those that were under way already.
        assert!(meanwhile.count() <= 3, "{fault}");
        let waited = ended
            .heard
            .iter()
            .any(|event| matches!(event, Event::Waiting { .. }));
        assert!(waited, "{fault}: nobody was told of the wait");
    }
}

#[tokio::test]
async fn a_server_that_keeps_asking_for_time_is_not_hammered_and_ends_the_run() {
    for fault in [
        "429",
        "429:retry-after=0",
        "503:retry-after-date=0",
        "429:retry-after=30",
    ] {
        let mut trial = Trial::with_faults(20, outage(&format!("1..1000000={fault}"))).await;
        trial.sending.initial_backoff = Duration::from_millis(40);
        trial.sending.max_backoff = Duration::from_millis(80);
        trial.sending.give_up_after = Duration::from_millis(800);
        let ended = trial.run().await;
        trial.assert_true(&ended);
        assert!(is_outage(ended.stop.as_ref()), "{fault}: {:?}", ended.stop);
        assert_eq!(ended.exit_code(), 3);
        assert_eq!(ended.count(Outcome::NotSent), 20, "{fault}");
        assert_eq!(trial.gets(), 0, "{fault}: nothing was in doubt");
        // Waits are 20 to 40 ms on average, with at most eight requests after each.
        assert!(trial.posts() < 500, "{fault}: {} POSTs", trial.posts());
        trial.sandbox.set_faults(Faults::default());
        trial.assert_complete(&trial.run().await, 20);
    }
}

#[tokio::test]
async fn an_outage_pauses_the_run_which_then_goes_on_by_itself() {
    for fault in ["503", "drop", "502:html"] {
        let mut trial = Trial::with_faults(60, outage(&format!("20..90={fault}"))).await;
        trial.sending.initial_backoff = Duration::from_millis(1);
        trial.sending.max_backoff = Duration::from_millis(4);
        let ended = trial.run().await;
        trial.assert_complete(&ended, 60);
    }
}

#[tokio::test]
async fn during_an_outage_only_a_probe_now_and_then_is_sent() {
    let mut trial = Trial::with_faults(60, outage("0ms..1500ms")).await;
    trial.sending.initial_backoff = Duration::from_millis(100);
    trial.sending.max_backoff = Duration::from_millis(200);
    let ended = trial.run().await;
    trial.assert_complete(&ended, 60);
    let log = trial.sandbox.log();
    let struck = log.iter().filter(|one| one.status == Some(503)).count();
    // Eight were under way when it began; after that one at a time, 100 ms apart on average.
    assert!(struck < 70, "{struck} requests during the outage");
}

/// All POSTs meet `fault` and all reads `reads`: few of five hundred rows come in doubt, and little is sent.
async fn fail_for_all(fault: &str, reads: &str, doubts_max: u64) {
    let mut trial = Trial::with_faults(
        500,
        Faults {
            odds: format!("{fault}=1").parse().expect("odds"),
            read_odds: reads.parse().expect("odds"),
            ..Faults::default()
        },
    )
    .await;
    trial.sending.timeout = Duration::from_secs(1);
    trial.sending.initial_backoff = Duration::from_millis(50);
    trial.sending.max_backoff = Duration::from_millis(200);
    trial.sending.give_up_after = Duration::from_secs(3);
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert!(is_outage(ended.stop.as_ref()), "{fault}: {:?}", ended.stop);
    let (posts, gets) = (trial.posts(), trial.gets());
    let in_doubt = ended.count(Outcome::InDoubt);
    assert!(posts <= 60, "{fault}: {posts} POSTs");
    assert!(gets <= 300, "{fault}: {gets} GETs");
    assert!(in_doubt <= doubts_max, "{fault}: {in_doubt} in doubt");
    assert_eq!(ended.count(Outcome::Failed), 0, "{fault}");
    trial.sandbox.set_faults(Faults::default());
    trial.assert_complete(&trial.run().await, 500);
}

#[tokio::test]
async fn a_server_whose_posts_fail_for_all_is_not_hammered_and_few_come_in_doubt() {
    tokio::join!(
        // Lists work, so that a POST is tried after each wait.
        fail_for_all("500", "", 60),
        fail_for_all("502", "500=1", 40),
        fail_for_all("hang", "hang=1", 14),
    );
}

#[tokio::test]
async fn a_server_that_fails_in_part_is_sent_little_more_than_what_it_serves() {
    let mut trial = Trial::with_faults(
        1_500,
        Faults {
            odds: "500=0.3".parse().expect("odds"),
            ..Faults::default()
        },
    )
    .await;
    trial.sending.give_up_after = Duration::from_mins(1);
    let stop = StopSignal::default();
    let later = stop.clone();
    let clock = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        later.raise(StopCause::Interrupted);
    });
    let ended = trial.run_until(stop).await;
    clock.abort();
    trial.assert_true(&ended);
    let served = trial.sandbox.requests().len();
    let extra = trial.gets() + trial.posts() - served;
    // The reserve, a tenth of what was served, what was lost of first attempts, and a pause each for the rest.
    let lost = trial.posts() - served;
    assert!(
        extra <= 400 + served / 10 + lost + 60,
        "{extra} requests for {served}"
    );
    let is_told =
        |event: &&Event| matches!(event, Event::Pace { why, .. } if why.contains("retries wait"));
    assert_eq!(ended.heard.iter().filter(is_told).count(), 1);
}

#[tokio::test]
async fn an_outage_without_end_stops_the_run_and_the_next_one_completes_it() {
    for fault in ["503", "drop", "create-then-504", "create-then-drop"] {
        let mut trial = Trial::with_faults(150, outage(&format!("10..1000000={fault}"))).await;
        trial.sending.initial_backoff = Duration::from_millis(20);
        trial.sending.max_backoff = Duration::from_millis(80);
        trial.sending.give_up_after = Duration::from_millis(700);
        let ended = trial.run().await;
        trial.assert_true(&ended);
        if fault.starts_with("create") {
            // Lists still work, so most of what was created is found.
            assert!(
                is_outage(ended.stop.as_ref()) || ended.stop.is_none(),
                "{fault}"
            );
        } else {
            assert!(
                is_outage(ended.stop.as_ref()),
                "{fault}: {:?} {:?}",
                ended.stop,
                ended.tally()
            );
            assert_eq!(ended.exit_code(), 3, "{fault}");
            assert_eq!(ended.count(Outcome::Created), 9, "{fault}");
            assert!(ended.count(Outcome::InDoubt) > 0, "{fault}");
            assert!(ended.count(Outcome::NotSent) > 0, "{fault}");
            assert_eq!(ended.count(Outcome::Failed), 0, "{fault}");
        }
        trial.sandbox.set_faults(Faults::default());
        trial.assert_complete(&trial.run().await, 150);
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_leaves_nothing_in_doubt() {
    let mut trial = Trial::with_script(20, "").await;
    let port = ClosedPort::new();
    trial.target.base_url = format!("http://{}/privacy-v1", port.address());
    trial.sending.give_up_after = Duration::from_millis(500);
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert!(is_outage(ended.stop.as_ref()), "{:?}", ended.stop);
    assert_eq!(ended.exit_code(), 3);
    assert_eq!(ended.count(Outcome::NotSent), 20);
    assert_eq!(ended.inputs[0].summary.traffic.lookups, 0);
    assert_eq!(
        trial.totals(),
        concord_import::internals::ledger::Totals::default()
    );
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_ends_the_run_and_leaves_nothing_in_doubt() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // The client goes away in the middle of it.
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        }
    });
    let mut trial = Trial::with_script(3, "").await;
    trial.target.base_url = format!("https://{address}");
    let ended = trial.run().await;
    server.abort();
    assert_eq!(
        ended.stop,
        Some(StopCause::Unconnectable(Obstacle::NoTls)),
        "waiting does not mend it"
    );
    assert_eq!(ended.exit_code(), 3);
    assert_eq!(ended.count(Outcome::NotSent), 3);
    assert_eq!((trial.totals().in_doubt, trial.totals().claimed), (0, 0));
}
