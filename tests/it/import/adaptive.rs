//! Sending to a server that takes less than the job may send, or refuses by chance: the whole way of an entry against the
//! sandbox's own limits, under a clock that moves only when everybody waits.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::http::{Method, Uri, header};
use concord_import::internals::entry::Entry;
use concord_import::internals::event::{Event, Events};
use concord_import::internals::outbound::{
    Answer, Carrier, Delivery, Limits, Outbound, Place, burst,
};
use concord_import::internals::outcome::Outcome;
use concord_import::internals::plan::{
    Mark, SANDBOX_ORGANIZATION, SANDBOX_PROJECT, Sending, Target,
};
use concord_import::internals::sandbox::{Config, Faults, InProcess};
use concord_import::internals::stop::{Lease, StopSignal};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::support::entries;

const SECOND: Duration = Duration::from_secs(1);

/// An exchange that has ended.
#[derive(Clone, Copy)]
struct Ended {
    is_post: bool,
    status: u16,
    /// Since the start.
    sent: Duration,
    at: Duration,
}

/// A server, and the requests that it gets.
struct Setting {
    config: Config,
    rate_per_s: f64,
    concurrency: u32,
    /// How far away the server is, one way, in milliseconds: drawn evenly for each way.
    way_ms: std::ops::RangeInclusive<u64>,
    count: usize,
}

impl Setting {
    /// A server with this limit.
    fn limited(text: &str, rate_per_s: f64, concurrency: u32, count: usize) -> Self {
        let faults = Faults {
            rate_limit: Some(text.parse().expect("a limit")),
            ..Faults::default()
        };
        Self::with_faults(faults, rate_per_s, concurrency, count)
    }

    /// A server whose answers to POSTs are these, by chance.
    fn by_chance(odds: &str, rate_per_s: f64, concurrency: u32, count: usize) -> Self {
        let faults = Faults {
            odds: odds.parse().expect("odds"),
            ..Faults::default()
        };
        Self::with_faults(faults, rate_per_s, concurrency, count)
    }

    fn with_faults(faults: Faults, rate_per_s: f64, concurrency: u32, count: usize) -> Self {
        Self {
            config: Config {
                faults,
                ..Config::default()
            },
            rate_per_s,
            concurrency,
            way_ms: 20..=20,
            count,
        }
    }

    fn way_ms(mut self, way_ms: std::ops::RangeInclusive<u64>) -> Self {
        self.way_ms = way_ms;
        self
    }
}

/// The record of a run.
struct Run {
    log: Vec<Ended>,
    told: Vec<Event>,
    lasted: Duration,
}

impl Run {
    /// Served a second since then, and the part that was refused.
    fn figures(&self, from: Duration) -> (f64, f64) {
        self.figures_between(from, self.lasted)
    }

    /// The same before another moment. The last second of the run may be a part of one, and is left out.
    fn figures_between(&self, from: Duration, until: Duration) -> (f64, f64) {
        let until = until.min(self.lasted.saturating_sub(SECOND));
        let count = |status| {
            let ended = self.log.iter();
            let ended = ended.filter(|one| one.status == status && (from..until).contains(&one.at));
            f64::from(u32::try_from(ended.count()).expect("few"))
        };
        let (served, refused) = (count(201), count(429));
        let length_s = until.saturating_sub(from).as_secs_f64();
        (served / length_s, refused / (served + refused).max(1.0))
    }

    /// The most that was sent in any second.
    fn most_in_a_second(&self) -> usize {
        let mut sent: Vec<_> = self.log.iter().map(|one| one.sent).collect();
        sent.sort_unstable();
        let count = |first: usize| {
            let end = sent[first] + SECOND;
            sent[first..].partition_point(|at| *at < end)
        };
        (0..sent.len()).map(count).max().expect("some")
    }

    /// Returns the reported rates: requests a second, concurrency, and why.
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
fn carrier(
    server: Arc<InProcess>,
    log: Arc<Mutex<Vec<Ended>>>,
    way_ms: std::ops::RangeInclusive<u64>,
) -> Carrier {
    let start = Instant::now();
    let rng = Mutex::new(fastrand::Rng::with_seed(7));
    Arc::new(move |outgoing| {
        let (server, log) = (Arc::clone(&server), Arc::clone(&log));
        let mut rng = rng.lock().expect("no panic");
        let (there, back) = (rng.u64(way_ms.clone()), rng.u64(way_ms.clone()));
        Box::pin(async move {
            let sent = start.elapsed();
            sleep(Duration::from_millis(there)).await;
            let is_post = outgoing.method.as_str() == "POST";
            let method = if is_post { Method::POST } else { Method::GET };
            let query = outgoing.url.query().unwrap_or_default();
            let uri: Uri = format!("{}?{query}", outgoing.url.path())
                .parse()
                .expect("a path and a query");
            let body = outgoing.body.unwrap_or_default();
            let (status, headers, body) = server.exchange(method, uri, body).await;
            sleep(Duration::from_millis(back)).await;
            let retry_after = headers.get(header::RETRY_AFTER).map(|value| {
                let seconds = value.to_str().expect("text").parse().expect("seconds");
                Duration::from_secs(seconds)
            });
            log.lock().expect("no panic").push(Ended {
                is_post,
                status: status.as_u16(),
                sent,
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

/// Delivers entries to such a sandbox. Each of them is created, once.
async fn deliver(setting: Setting) -> Run {
    let Setting {
        config,
        rate_per_s,
        concurrency,
        way_ms,
        count,
    } = setting;
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
    let carrier = carrier(Arc::clone(&server), Arc::clone(&log), way_ms);
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

const TEN_SECONDS: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_hidden_limit_is_come_near_to_and_hardly_anything_is_refused() {
    // Where each refusal asks for a second, asking for more costs a second.
    for (text, least) in [
        ("100", 90.0),
        ("100:fixed", 90.0),
        ("100:retry-after=1", 88.0),
    ] {
        for (rate_per_s, way_ms) in [
            (300.0, 1..=1),
            (300.0, 50..=50),
            (1_000.0, 20..=20),
            (1_000.0, 5..=50),
        ] {
            let what = format!("{text} at {rate_per_s}, {way_ms:?} ms away");
            let setting = Setting::limited(text, rate_per_s, 64, 3_000).way_ms(way_ms);
            let run = deliver(setting).await;
            let (served, refused) = run.figures(TEN_SECONDS);
            assert!(served >= least, "{what}: {served} a second");
            assert!(refused <= 0.02, "{what}: {refused} of all");
            let (first_per_s, concurrency, why) = run.paces()[0];
            assert!(first_per_s < rate_per_s && concurrency == 64);
            assert_eq!(why, "the server refuses more");
            assert!(
                run.log.iter().all(|one| one.is_post),
                "nothing was in doubt"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lower_and_higher_limits_are_come_near_to_as_well() {
    for (per_s, refused_max) in [(20_u32, 0.03), (500, 0.02)] {
        for form in ["", ":fixed"] {
            let rate_per_s = f64::from(per_s) * 10.0;
            let count = per_s as usize * 25;
            let setting = Setting::limited(&format!("{per_s}{form}"), rate_per_s, 256, count);
            let (served, refused) = deliver(setting).await.figures(TEN_SECONDS);
            let what = format!("{per_s}{form}: {served} a second, {refused} of all refused");
            assert!(served >= f64::from(per_s) * 0.9, "{what}");
            assert!(refused <= refused_max, "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_halves_and_recovers_is_followed_within_seconds() {
    for (rate_per_s, way_ms) in [(300.0, 1), (300.0, 50), (1_000.0, 20)] {
        let setting = Setting::limited("100,50@20s,100@40s", rate_per_s, 64, 5_500);
        let run = deliver(setting.way_ms(way_ms..=way_ms)).await;
        let seconds = |from, until| {
            run.figures_between(Duration::from_secs(from), Duration::from_secs(until))
        };
        let (served, refused) = seconds(25, 40);
        assert!(served >= 45.0 && refused <= 0.03, "{served}, {refused}");
        let (served, refused) = seconds(20, 25);
        assert!(served >= 40.0 && refused <= 0.35, "{served}, {refused}");
        let (served, refused) = seconds(52, 70);
        assert!(served >= 90.0 && refused <= 0.02, "{served}, {refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_by_chance_cost_their_pauses_and_no_more() {
    // At ten a second, 314 requests take 31 s, and fourteen pauses 14 s.
    for (rate_per_s, most_s) in [(10.0, 50.0), (50.0, 25.0), (300.0, 25.0)] {
        let setting = Setting::by_chance("429:retry-after=1=0.045", rate_per_s, 8, 300);
        let lasted = deliver(setting).await.lasted.as_secs_f64();
        assert!(lasted <= most_s, "{lasted} s at {rate_per_s} a second");
    }
    // Nor later: a quarter of an hour at ten a second.
    let setting = Setting::by_chance("429:retry-after=1=0.045", 10.0, 8, 6_000);
    let per_s = 6_000.0 / deliver(setting).await.lasted.as_secs_f64();
    assert!(per_s >= 6.0, "{per_s} of 6.6 a second");
}

#[tokio::test(start_paused = true)]
async fn a_quarter_of_all_that_fails_slows_the_run_by_what_it_costs() {
    let odds = "500=0.2,429:retry-after=1=0.05";
    // At ten a second, 2,400 requests take 240 s, and 95 pauses 95 s; the retries that the budget does not pay for go at
    // two a second, the last of them when no first attempts are left.
    for (rate_per_s, most_s) in [(10.0, 490.0), (50.0, 290.0)] {
        let run = deliver(Setting::by_chance(odds, rate_per_s, 8, 1_500)).await;
        let lasted = run.lasted.as_secs_f64();
        assert!(lasted <= most_s, "{lasted} s at {rate_per_s} a second");
        let least = run
            .paces()
            .iter()
            .fold(rate_per_s, |least, pace| least.min(pace.0));
        assert!(least >= 3.0, "the rate fell to {least} a second");
    }
}

#[tokio::test(start_paused = true)]
async fn no_second_holds_more_than_the_job_s_rate_and_the_burst() {
    for text in ["100,50@10s,200@20s", "100:retry-after=1"] {
        let run = deliver(Setting::limited(text, 300.0, 64, 3_000)).await;
        let most = run.most_in_a_second();
        assert!(most <= 300 + burst(300.0).get() as usize, "{text}: {most}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_announced_is_never_gone_beyond() {
    for (headers, least) in [("ratelimit", 94.0), ("x-ratelimit", 60.0)] {
        for limit in ["100", "100:fixed"] {
            let text = format!("{limit}:headers={headers}");
            let run = deliver(Setting::limited(&text, 1_000.0, 16, 1_000)).await;
            let (served, refused) = run.figures(Duration::ZERO);
            assert!(refused <= 0.0, "{text}: some were refused");
            assert!(served >= least, "{text}: {served} a second");
        }
        let text = format!("100,50@20s,100@40s:headers={headers}");
        let run = deliver(Setting::limited(&text, 1_000.0, 16, 4_000)).await;
        let (_, refused) = run.figures_between(Duration::ZERO, Duration::from_secs(20));
        let (_, refused_after) = run.figures(Duration::from_secs(30));
        assert!(refused + refused_after <= 0.0, "{text}: some were refused");
    }
    let run = deliver(Setting::limited("100:headers=ratelimit", 1_000.0, 16, 200)).await;
    assert_eq!(run.paces(), [(96.0, 16, "the server announces its limit")]);
}

#[tokio::test(start_paused = true)]
async fn without_a_sign_of_trouble_the_job_s_rate_holds_and_nothing_is_told() {
    let run = deliver(Setting::by_chance("", 200.0, 64, 2_000)).await;
    assert!(run.told.is_empty(), "{:?}", run.told);
    let lasted = run.lasted.as_secs_f64();
    assert!(
        (9.9..10.2).contains(&lasted),
        "{lasted} s for 2,000 at 200 a second"
    );
}
