//! Sending to a server that bears less than the job may send: the whole way of an entry against the sandbox's own
//! limits, under a clock that moves only when everybody waits. How the ceilings are found is tested where they are
//! (`src/outbound/capacity.rs`).

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::http::{Method, Uri, header};
use concord_import::internals::entry::Entry;
use concord_import::internals::event::{Event, Events};
use concord_import::internals::outbound::{Answer, Carrier, Delivery, Limits, Outbound, Place};
use concord_import::internals::outcome::Outcome;
use concord_import::internals::plan::{
    Mark, SANDBOX_ORGANIZATION, SANDBOX_PROJECT, Sending, Target,
};
use concord_import::internals::sandbox::{Config, Faults, InProcess, Workers};
use concord_import::internals::stop::{Lease, StopSignal};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::support::entries;

/// How far away the server is, one way.
const WAY: Duration = Duration::from_millis(20);

/// An exchange that has ended.
#[derive(Clone, Copy)]
struct Ended {
    is_post: bool,
    status: u16,
    /// Since the start.
    at: Duration,
}

/// What a run came to.
struct Run {
    log: Vec<Ended>,
    told: Vec<Event>,
    lasted: Duration,
}

impl Run {
    /// Exchanges that ended so since that moment, and before the last second, which may be a part.
    fn count(&self, status: u16, from: Duration) -> f64 {
        let until = self.lasted.saturating_sub(Duration::from_secs(1));
        let ended = self.log.iter();
        let ended = ended.filter(|one| one.status == status && (from..until).contains(&one.at));
        f64::from(u32::try_from(ended.count()).expect("few"))
    }

    /// Served a second since then, and the part that was refused.
    fn figures(&self, from: Duration) -> (f64, f64) {
        let (served, refused) = (self.count(201, from), self.count(429, from));
        let length = self.lasted.saturating_sub(from + Duration::from_secs(1));
        (served / length.as_secs_f64(), refused / (served + refused))
    }

    /// What was told of the pace: requests a second, at once, and why.
    fn paces(&self) -> Vec<(f64, u32, &str)> {
        let told = self.told.iter().filter_map(|event| match event {
            Event::Pace {
                rate_per_s,
                concurrency,
                why,
            } => Some((*rate_per_s, *concurrency, why.as_str())),
            _ => None,
        });
        told.collect()
    }
}

/// Carries requests to a sandbox without sockets.
fn carrier(server: Arc<InProcess>, log: Arc<Mutex<Vec<Ended>>>, start: Instant) -> Carrier {
    Arc::new(move |outgoing| {
        let (server, log) = (Arc::clone(&server), Arc::clone(&log));
        Box::pin(async move {
            sleep(WAY).await;
            let is_post = outgoing.method.as_str() == "POST";
            let method = if is_post { Method::POST } else { Method::GET };
            let query = outgoing.url.query().unwrap_or_default();
            let uri: Uri = format!("{}?{query}", outgoing.url.path())
                .parse()
                .expect("a path and a query");
            let body = outgoing.body.unwrap_or_default();
            let (status, headers, body) = server.exchange(method, uri, body).await;
            sleep(WAY).await;
            let retry_after = headers.get(header::RETRY_AFTER).map(|value| {
                let seconds = value.to_str().expect("text").parse().expect("seconds");
                Duration::from_secs(seconds)
            });
            log.lock().expect("no panic").push(Ended {
                is_post,
                status: status.as_u16(),
                at: start.elapsed(),
            });
            Ok(Answer {
                status: status.as_u16(),
                date: None,
                retry_after,
                limits: Limits::of(&headers, None),
                body: Ok(body.to_vec()),
            })
        })
    })
}

/// Delivers so many entries to such a sandbox. Each of them is created, once, and none is looked for.
async fn deliver(config: Config, rate_per_s: f64, concurrency: u32, count: usize) -> Run {
    let server = InProcess::new(config, SystemTime::now()).expect("a sandbox");
    let server = Arc::new(server);
    let sending = Sending {
        rate_per_s,
        concurrency: NonZeroU32::new(concurrency).expect("not zero"),
        ..Sending::default()
    };
    let target = Target {
        organization: SANDBOX_ORGANIZATION,
        project: SANDBOX_PROJECT,
        base_url: "http://127.0.0.1/privacy-v1".to_owned(),
    };
    let (log, told) = (Arc::default(), Arc::new(Mutex::new(Vec::new())));
    let listener = Arc::clone(&told);
    let events = Events::to(move |event| listener.lock().expect("no panic").push(event));
    let (stop, start) = (StopSignal::default(), Instant::now());
    let carrier = carrier(Arc::clone(&server), Arc::clone(&log), start);
    let outbound = Outbound::simulated(&target, carrier, sending, Mark::Notes, 7, &stop, &events);
    let outbound = Arc::new(outbound.expect("a client"));
    let room = Arc::new(Semaphore::new(4 * concurrency as usize));
    let mut under_way = JoinSet::new();
    for entry in entries(count) {
        let place = Place::new(Arc::clone(&room).acquire_owned().await.expect("room"));
        under_way.spawn(see_through(Arc::clone(&outbound), entry, place));
    }
    while let Some(ended) = under_way.join_next().await {
        ended.expect("no panic");
    }
    assert!(!stop.is_raised());
    assert_eq!(server.requests().len(), count, "each is created once");
    let log = std::mem::take(&mut *log.lock().expect("no panic"));
    assert!(log.iter().all(|one| one.is_post), "nothing was in doubt");
    let told = told.lock().expect("no panic").clone();
    Run {
        log,
        told,
        lasted: start.elapsed(),
    }
}

async fn see_through(outbound: Arc<Outbound>, entry: Entry, mut place: Place) {
    let lease = Lease::until(SystemTime::now() + Duration::from_hours(10_000));
    match outbound.deliver(&entry, None, &mut place, &lease).await {
        Delivery::Settled(settled) => assert_eq!(settled.outcome, Outcome::Created, "{settled:?}"),
        Delivery::NotSent => panic!("nothing ended the run"),
    }
}

fn limited(text: &str) -> Config {
    Config {
        faults: Faults {
            rate_limit: Some(text.parse().expect("a limit")),
            ..Faults::default()
        },
        ..Config::default()
    }
}

const TEN_SECONDS: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_hidden_limit_is_come_near_to_and_hardly_anything_is_refused() {
    // Where each refusal asks for a second, asking for more costs a second.
    for (text, least) in [
        ("100", 95.0),
        ("100:fixed", 95.0),
        ("100:retry-after=1", 88.0),
    ] {
        let run = deliver(limited(text), 1_000.0, 64, 4_000).await;
        let (served, refused) = run.figures(TEN_SECONDS);
        assert!(served >= least, "{text}: {served} a second");
        assert!(refused <= 0.02, "{text}: {refused} of all");
        let (rate_per_s, concurrency, why) = run.paces()[0];
        assert!(rate_per_s < 1_000.0 && concurrency == 64);
        assert_eq!(why, "the server refuses more");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_announced_is_never_gone_beyond() {
    for (headers, least) in [("ratelimit", 94.0), ("x-ratelimit", 60.0)] {
        let run = deliver(
            limited(&format!("100:headers={headers}")),
            1_000.0,
            16,
            1_000,
        )
        .await;
        assert!(
            run.count(429, Duration::ZERO) <= 0.0,
            "{headers}: some were refused"
        );
        let (served, _) = run.figures(Duration::ZERO);
        assert!(served >= least, "{headers}: {served} a second");
    }
    let run = deliver(limited("100:headers=ratelimit"), 1_000.0, 16, 200).await;
    assert_eq!(run.paces(), [(96.0, 16, "the server announces its limit")]);
}

#[tokio::test(start_paused = true)]
async fn workers_that_are_few_are_not_waited_for_in_a_long_line() {
    let workers = Workers {
        count: NonZeroU32::new(4).expect("not zero"),
        service_time: Duration::from_millis(100),
    };
    let config = Config {
        workers: Some(workers),
        ..Config::default()
    };
    let run = deliver(config, 1_000.0, 64, 1_200).await;
    let (served, _) = run.figures(TEN_SECONDS);
    assert!(served >= 38.0, "{served} of 40 a second");
    let told = run.paces();
    let (_, concurrency, why) = told.last().expect("it was told");
    assert!(*concurrency <= 24, "{told:?}");
    assert_eq!(*why, "with more at once it only takes longer");
}

#[tokio::test(start_paused = true)]
async fn without_a_sign_of_trouble_the_job_s_rate_holds_and_nothing_is_told() {
    let run = deliver(Config::default(), 200.0, 64, 2_000).await;
    assert!(run.told.is_empty(), "{:?}", run.told);
    let lasted = run.lasted.as_secs_f64();
    assert!(
        (9.9..10.2).contains(&lasted),
        "{lasted} s for 2,000 at 200 a second"
    );
}
