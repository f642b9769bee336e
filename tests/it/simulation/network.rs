//! The server, the way to it, and everything that goes wrong there. It outlives every process that asks.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::http::{Method, Uri};
use concord_import::machine::{Fate, Simulated};
use concord_import::outbound::{Answer, BodyFault, Carrier, Exchange, Outgoing, Silence};
use concord_import::sandbox::{Config, InProcess, Stored};
use fastrand::Rng;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::scenario::{Crash, Fault, Scenario};

/// Deadline of one exchange.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than a lease.
const STALL: Duration = Duration::from_secs(200);
/// When every history begins.
const ORIGIN_S: u64 = 1_700_000_000;

/// What a POST will bring, decided when it leaves.
struct Sent {
    number: u64,
    /// How long the one who sent it waits.
    wait: Duration,
    fault: Option<Fault>,
}

/// All that lives on while processes come and go.
pub(super) struct World {
    concord: InProcess,
    scenario: Scenario,
    rng: Rng,
    /// Virtual time at the start of the present process, and tokio's then.
    base: Duration,
    started: Instant,
    /// What will be created: when, and in which order it left.
    coming: BTreeMap<(Duration, u64), Vec<u8>>,
    answers: HashMap<u64, (u16, Bytes)>,
    posts: u64,
    are_faults_on: bool,
    crash: Option<Crash>,
    stall: Option<u32>,
    steps: u32,
    exchanges: u32,
    pub(super) died: Arc<Notify>,
    /// Every exchange, with its time and what came of it.
    pub(super) log: Vec<String>,
    /// What the server refused although nobody told it to.
    pub(super) complaints: Vec<String>,
}

/// The world, shared by those who are in it. One thread at a time.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let config = Config {
            listing: scenario.listing,
            reads: scenario.reads,
            ..Config::default()
        };
        let now = UNIX_EPOCH + Duration::from_secs(ORIGIN_S);
        Self(Arc::new(Mutex::new(World {
            concord: InProcess::new(config, now).expect("a sandbox"),
            scenario: scenario.clone(),
            rng: Rng::with_seed(scenario.draws),
            base: Duration::ZERO,
            started: Instant::now(),
            coming: BTreeMap::new(),
            answers: HashMap::new(),
            posts: 0,
            are_faults_on: true,
            crash: None,
            stall: None,
            steps: 0,
            exchanges: 0,
            died: Arc::default(),
            log: Vec::new(),
            complaints: Vec::new(),
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.0
            .lock()
            .expect("nothing panics while it holds the world")
    }

    /// A process begins. To be called within its runtime. Returns what tells that it died.
    pub(super) fn begin(&self, crash: Option<Crash>, stall: Option<u32>) -> Arc<Notify> {
        let mut world = self.lock();
        world.started = Instant::now();
        world.crash = crash;
        world.stall = stall;
        world.steps = 0;
        world.exchanges = 0;
        world.died = Arc::default();
        Arc::clone(&world.died)
    }

    /// The machine that the present process runs on.
    pub(super) fn machine(&self) -> Simulated {
        let (base, started) = {
            let world = self.lock();
            (world.base, world.started)
        };
        let shared = self.clone();
        Simulated {
            now: Box::new(move || time_at(base + started.elapsed())),
            fate: Box::new(move || shared.lock().step()),
        }
    }

    /// The way to the server.
    pub(super) fn carrier(&self) -> Carrier {
        let shared = self.clone();
        Arc::new(move |outgoing| {
            let shared = shared.clone();
            Box::pin(async move {
                shared.meet(Crash::BeforeExchange).await;
                if outgoing.method == Method::POST {
                    shared.post(outgoing).await
                } else {
                    shared.get(outgoing).await
                }
            })
        })
    }

    /// Dies here, if this is where it was to die.
    async fn meet(&self, moment: impl FnOnce(u32) -> Crash) {
        let dies = {
            let mut world = self.lock();
            let moment = moment(world.exchanges + 1);
            world.exchanges += u32::from(matches!(moment, Crash::BeforeExchange(_)));
            world.dies_at(moment)
        };
        if dies {
            std::future::pending::<()>().await;
        }
    }

    async fn post(&self, outgoing: Outgoing) -> Exchange {
        let body = outgoing.body.expect("a POST has a body");
        let sent = self.lock().send(&body);
        sleep(sent.wait).await;
        let number_of_exchange = self.lock().exchanges;
        self.meet(|_| Crash::BeforeAnswer(number_of_exchange)).await;
        let mut world = self.lock();
        world.advance();
        let answer = world.answers.remove(&sent.number);
        let exchange = world.answer_post(sent.fault, answer.as_ref());
        world.note(&format!("POST {}", notes(&body)), sent.fault, &exchange);
        exchange
    }

    async fn get(&self, outgoing: Outgoing) -> Exchange {
        let (there, back) = {
            let mut world = self.lock();
            (world.latency(), world.latency())
        };
        sleep(there).await;
        let (fault, wait, exchange) = {
            let mut world = self.lock();
            world.advance();
            let fault = world.draw(true);
            let page = world.page(&outgoing);
            let (wait, exchange) = world.answer_get(fault, page);
            (fault, wait.unwrap_or(back), exchange)
        };
        sleep(wait).await;
        let number = self.lock().exchanges;
        self.meet(|_| Crash::BeforeAnswer(number)).await;
        let query = outgoing.url.query().unwrap_or_default().to_owned();
        self.lock().note(&format!("GET {query}"), fault, &exchange);
        exchange
    }
}

pub(super) fn time_at(since_origin: Duration) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(ORIGIN_S) + since_origin
}

fn notes(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).expect("JSON");
    format!("{} {}", body["request"], body["notes"])
}

/// The sandbox answers at once, so one poll is all it takes, within a runtime or without.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("the sandbox waits for something"),
    }
}

impl World {
    pub(super) fn now(&self) -> Duration {
        self.base + self.started.elapsed()
    }

    pub(super) fn requests(&self) -> Vec<Arc<Stored>> {
        self.concord.requests()
    }

    /// A process has ended or died at the present moment; the next begins after the pause.
    pub(super) fn end(&mut self, now: Duration, pause: Duration, has_died: bool) {
        self.advance_to(now);
        self.answers.clear();
        if has_died {
            // What has not arrived yet is lost with the connection, or arrives: soon enough to be found.
            let latest = now + self.scenario.latest();
            for ((due, number), body) in std::mem::take(&mut self.coming) {
                if self.rng.bool() {
                    self.coming.insert((due.min(latest), number), body);
                }
            }
        }
        self.base = now + pause;
        self.started = Instant::now();
        self.advance_to(now + pause);
    }

    /// Nothing goes wrong any more, and after so long everything that was under way has come.
    pub(super) fn settle_down(&mut self, pause: Duration) {
        self.are_faults_on = false;
        self.end(self.base, pause, false);
    }

    pub(super) fn is_coming(&self) -> bool {
        !self.coming.is_empty()
    }

    /// Half a transaction that stood in the write-ahead log when the power went.
    pub(super) fn torn(&mut self) -> Vec<u8> {
        let len = self.rng.usize(1..6_000);
        std::iter::repeat_with(|| self.rng.u8(..))
            .take(len)
            .collect()
    }

    fn dies_at(&mut self, moment: Crash) -> bool {
        let dies = self.crash == Some(moment);
        if dies {
            self.died.notify_one();
        }
        dies
    }

    fn step(&mut self) -> Fate {
        self.steps += 1;
        if self.dies_at(Crash::AtStep(self.steps)) {
            return Fate::Die;
        }
        if self.stall == Some(self.steps) {
            return Fate::GoOnAfter(STALL);
        }
        let max = u64::try_from(self.scenario.work_max.as_millis()).expect("little");
        // Most work is done in no time.
        let wait = if self.rng.bool() {
            0
        } else {
            self.rng.u64(0..=max)
        };
        Fate::GoOnAfter(Duration::from_millis(wait))
    }

    fn latency(&mut self) -> Duration {
        let most = if self.rng.u8(..10) == 0 { 900 } else { 30 };
        Duration::from_millis(self.rng.u64(1..=most))
    }

    /// What strikes the exchange that leaves or arrives now.
    fn draw(&mut self, is_list: bool) -> Option<Fault> {
        if !self.are_faults_on {
            return None;
        }
        if let Some((from, length)) = self.scenario.outage
            && (from..from + length).contains(&self.now())
        {
            return Some(match (self.rng.u8(..3), is_list) {
                (0, false) => Fault::ErrorBefore,
                (0, true) => Fault::ListError,
                (1, false) => Fault::HangBefore,
                (1, true) => Fault::ListHang,
                (_, false) => Fault::NoConnection,
                (_, true) => Fault::ListReset,
            });
        }
        let faults = self.scenario.faults.iter().copied();
        let possible: Vec<_> = faults
            .filter(|fault| fault.is_of_list() == is_list)
            .collect();
        if possible.is_empty() || self.rng.f64() >= self.scenario.odds {
            return None;
        }
        Some(possible[self.rng.usize(..possible.len())])
    }

    /// Sends a POST on its way, and decides what comes of it.
    fn send(&mut self, body: &[u8]) -> Sent {
        self.posts += 1;
        let (there, back) = (self.latency(), self.latency());
        let fault = self.draw(false);
        let now = self.now();
        let (created_at, wait, fault) = match fault {
            None
            | Some(
                Fault::ErrorAfter
                | Fault::ResetAfter
                | Fault::Garbage
                | Fault::Cut
                | Fault::EmptyCreated
                | Fault::OtherEcho
                | Fault::NormalisedEcho,
            ) => (Some(now + there), there + back, fault),
            Some(Fault::ErrorLate | Fault::ResetLate) => {
                let at = now + there + back + self.lateness();
                (Some(at), there + back, fault)
            }
            Some(Fault::HangAfter) => (Some(now + there), TIMEOUT, fault),
            Some(Fault::HangLate) => {
                let at = now + TIMEOUT + self.lateness();
                (Some(at), TIMEOUT, fault)
            }
            Some(Fault::HangBefore) => (None, TIMEOUT, fault),
            Some(Fault::Slow) => {
                let most = TIMEOUT + self.scenario.latest();
                let most = u64::try_from(most.as_millis()).expect("seconds");
                let there = Duration::from_millis(self.rng.u64(1..=most));
                let (wait, fault) = if there < TIMEOUT {
                    (there, None)
                } else {
                    (TIMEOUT, Some(Fault::HangLate))
                };
                (Some(now + there), wait, fault)
            }
            Some(_) => (None, there + back, fault),
        };
        if let Some(at) = created_at {
            self.coming.insert((at, self.posts), body.to_vec());
        }
        Sent {
            number: self.posts,
            wait,
            fault,
        }
    }

    /// How much later than its answer something is created.
    fn lateness(&mut self) -> Duration {
        let latest = self.scenario.latest();
        // Often just when the settle time ends.
        if self.rng.u8(..5) == 0 {
            return latest;
        }
        let latest = u64::try_from(latest.as_millis()).expect("seconds");
        Duration::from_millis(self.rng.u64(0..=latest))
    }

    fn advance(&mut self) {
        self.advance_to(self.now());
    }

    /// The server's own clock.
    fn server_time(&self, now: Duration) -> SystemTime {
        let skew = Duration::from_secs(self.scenario.skew_s.unsigned_abs());
        if self.scenario.skew_s < 0 {
            time_at(now) - skew
        } else {
            time_at(now) + skew
        }
    }

    /// The server does everything that is due.
    fn advance_to(&mut self, now: Duration) {
        while let Some(entry) = self
            .coming
            .first_entry()
            .filter(|entry| entry.key().0 <= now)
        {
            let ((due, number), body) = entry.remove_entry();
            self.concord.set_time(self.server_time(due));
            let path = format!(
                "/privacy-v1/organizations/{}/projects/{}/compliance-requests",
                concord_import::plan::SANDBOX_ORGANIZATION,
                concord_import::plan::SANDBOX_PROJECT
            );
            let uri = path.parse().expect("a path");
            let (status, answer) = at_once(self.concord.ask(Method::POST, uri, body));
            if status != 201 {
                let answer = String::from_utf8_lossy(&answer);
                self.complaints
                    .push(format!("a POST was refused: {status} {answer}"));
            }
            self.answers.insert(number, (status.as_u16(), answer));
        }
        self.concord.set_time(self.server_time(now));
    }

    fn error(&mut self) -> Exchange {
        answered(
            [408, 500, 502, 503, 504][self.rng.usize(..5)],
            None,
            "<html>oops",
        )
    }

    fn busy(&mut self) -> Exchange {
        let wait = Duration::from_secs(self.rng.u64(0..=3));
        match self.rng.u8(..3) {
            0 => answered(429, None, ""),
            1 => answered(429, Some(wait), "{}"),
            _ => answered(503, Some(wait), "<html>"),
        }
    }

    fn answer_post(&mut self, fault: Option<Fault>, answer: Option<&(u16, Bytes)>) -> Exchange {
        let created = |change: &dyn Fn(&mut Value)| {
            let (status, body) = answer.expect("it was created");
            let mut body: Value = serde_json::from_slice(body).expect("JSON");
            change(&mut body);
            answered(*status, None, &body.to_string())
        };
        match fault {
            None => created(&|_| {}),
            Some(Fault::ErrorBefore | Fault::ErrorAfter | Fault::ErrorLate) => self.error(),
            Some(Fault::Busy) => self.busy(),
            Some(Fault::Unread) => answered([421, 425][self.rng.usize(..2)], None, ""),
            Some(Fault::ResetBefore | Fault::ResetAfter | Fault::ResetLate) => Err(Silence::Broken),
            Some(Fault::NoConnection) => Err(Silence::NoConnection("refused".into())),
            Some(Fault::HangBefore | Fault::HangAfter | Fault::HangLate) => {
                Err(Silence::Timeout(TIMEOUT))
            }
            Some(Fault::Garbage) => answered(201, None, "Created!"),
            Some(Fault::EmptyCreated) => answered(201, None, ""),
            Some(Fault::Cut) => Ok(Answer {
                status: 201,
                retry_after: None,
                body: Err(BodyFault::CutOff),
            }),
            Some(Fault::OtherEcho) => created(&|body| {
                body["request"] = "change".into();
                body["notes"] = "of somebody else".into();
            }),
            Some(Fault::NormalisedEcho) => created(&|body| {
                let notes = body["notes"].as_str().unwrap_or_default();
                body["notes"] = format!(" {} ", notes.to_uppercase()).into();
            }),
            Some(Fault::Refused) => answered(422, None, r#"{"message":"not this time"}"#),
            Some(Fault::KeyRefused) => answered(401, None, ""),
            Some(fault) => panic!("{fault:?} is none of a POST"),
        }
    }

    /// What the server lists now, in a page no longer than it likes.
    fn page(&self, outgoing: &Outgoing) -> (u16, Bytes) {
        let page_max = self.scenario.page_max;
        let mut url = outgoing.url.clone();
        let pairs: Vec<_> = outgoing.url.query_pairs().into_owned().collect();
        url.query_pairs_mut()
            .clear()
            .extend_pairs(pairs.iter().map(|(name, value)| {
                let limit = value.parse::<usize>().ok().filter(|_| name == "limit");
                let shorter = limit.map(|limit| limit.min(page_max).to_string());
                (name, shorter.unwrap_or_else(|| value.clone()))
            }));
        let uri = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        let uri: Uri = uri.parse().expect("a path and a query");
        let (status, body) = at_once(self.concord.ask(Method::GET, uri, Vec::new()));
        (status.as_u16(), body)
    }

    fn answer_get(
        &mut self,
        fault: Option<Fault>,
        (status, body): (u16, Bytes),
    ) -> (Option<Duration>, Exchange) {
        let half = body.len() / 2;
        let exchange = match fault {
            None => answered(status, None, &String::from_utf8_lossy(&body)),
            Some(Fault::ListError) => self.error(),
            Some(Fault::ListBusy) => self.busy(),
            Some(Fault::ListReset) => Err(Silence::Broken),
            Some(Fault::ListHang) => return (Some(TIMEOUT), Err(Silence::Timeout(TIMEOUT))),
            Some(Fault::ListGarbage) => {
                answered(200, None, &String::from_utf8_lossy(&body[..half]))
            }
            Some(Fault::ListCut) => Ok(Answer {
                status: 200,
                retry_after: None,
                body: Err(BodyFault::CutOff),
            }),
            Some(fault) => panic!("{fault:?} is none of a list"),
        };
        (None, exchange)
    }

    fn note(&mut self, what: &str, fault: Option<Fault>, exchange: &Exchange) {
        let came = match exchange {
            Ok(answer) => answer.status.to_string(),
            Err(silence) => silence.to_string(),
        };
        let line = format!("{} {what}: {fault:?}, {came}", self.now().as_millis());
        self.log.push(line);
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is one of the two ways an exchange ends"
)]
fn answered(status: u16, retry_after: Option<Duration>, body: &str) -> Exchange {
    Ok(Answer {
        status,
        retry_after,
        body: Ok(body.as_bytes().to_vec()),
    })
}
