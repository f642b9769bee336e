//! The server, the way to it, and everything that goes wrong there. It outlives every process that asks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::http::{Method, Uri};
use concord_import::internals::entry::ImportId;
use concord_import::internals::machine::{Course, Fares, Fate, Moment, Simulated};
use concord_import::internals::outbound::{
    Answer, BodyFault, Carrier, Exchange, Limits, Outgoing, Silence,
};
use concord_import::internals::plan::{SANDBOX_ORGANIZATION, SANDBOX_PROJECT};
use concord_import::internals::sandbox::{Body, Config, InProcess, Stored};
use fastrand::Rng;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::scenario::{Crash, Fault, Life, Manner, Regime, Scenario, Stall, StallAt, Strangers};
use uuid::Uuid;

/// Deadline of one exchange.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// When every history begins.
const ORIGIN_S: u64 = 1_700_000_000;

/// How long before every history the first of the strangers' requests was made, and the last at the latest.
const PAST_S: u64 = 30 * 86_400;
const RECENT_S: u64 = 3_600;
/// Maximum delay until an accepted request is created, in milliseconds.
const ACCEPTED_LATE_MAX_MS: u64 = 240_000;
/// So many requests do strangers make in a history: were they to go on for ever, no list could be read to its end.
const STRANGE_MAX: u32 = 60;
/// So many of their requests do strangers put away at once.
const ARCHIVED: std::ops::RangeInclusive<usize> = 10..=35;

/// A process that runs, stands still, or has died.
struct Process {
    crash: Option<Crash>,
    stall: Option<Stall>,
    steps: u32,
    exchanges: u32,
    course: Arc<Fares>,
    died: Arc<Notify>,
}

/// What is known of all POSTs for one request that is wanted: of whom and which.
#[derive(Default)]
struct Posts {
    /// Those that may have created it, as far as who sent them can know.
    in_doubt: u32,
    /// When the last of them left.
    last_at: Duration,
    /// Who was told that it is created: which process of which start.
    answered: Option<(u32, usize)>,
}

/// A commit that nobody has been told of: the write-ahead log before and after it, and when it will be told.
#[derive(Clone, Copy)]
struct Untold {
    from: u64,
    to: u64,
    until: Option<Duration>,
}

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
    coming: BTreeMap<(Duration, u64), (usize, Vec<u8>)>,
    answers: HashMap<u64, (u16, Bytes)>,
    /// The accepted ones among these. They are not lost with a connection.
    accepted: HashSet<u64>,
    posts: u64,
    are_faults_on: bool,
    /// The list does not show what importers have made; without marks, nothing at all.
    omits: bool,
    processes: Vec<Process>,
    /// How many times processes have begun.
    starts: u32,
    /// Requests at the server that an importer has made.
    ours: HashSet<Uuid>,
    /// By person and request.
    sent: HashMap<(String, String), Posts>,
    /// When a page was last refused or lost.
    list_failed_at: Option<Duration>,
    strange: u32,
    ledger: PathBuf,
    wal_len: u64,
    untold: Option<Untold>,
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
        let mut world = World {
            concord: InProcess::new(config, now).expect("a sandbox"),
            scenario: scenario.clone(),
            rng: Rng::with_seed(scenario.draws),
            base: Duration::ZERO,
            started: Instant::now(),
            coming: BTreeMap::new(),
            answers: HashMap::new(),
            accepted: HashSet::new(),
            posts: 0,
            are_faults_on: true,
            omits: false,
            processes: Vec::new(),
            starts: 0,
            ours: HashSet::new(),
            sent: HashMap::new(),
            list_failed_at: None,
            strange: 0,
            ledger: PathBuf::new(),
            wal_len: 0,
            untold: None,
            log: Vec::new(),
            complaints: Vec::new(),
        };
        world.prefill();
        Self(Arc::new(Mutex::new(world)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.0
            .lock()
            .expect("nothing panics while it holds the world")
    }

    /// Processes are about to begin, with this ledger. To be called within their runtime.
    pub(super) fn begin(&self, ledger: &Path, omits: bool) {
        let mut world = self.lock();
        world.omits = omits;
        world.started = Instant::now();
        world.processes.clear();
        world.starts += 1;
        ledger.clone_into(&mut world.ledger);
        world.untold = None;
        world.wal_len = world.wal_len_now();
    }

    /// The next process, the machine that it runs on, and what tells that it died.
    pub(super) fn spawn(&self, life: &Life) -> (usize, Arc<Simulated>, Arc<Notify>) {
        let mut world = self.lock();
        let number = world.processes.len();
        let course = Arc::new(Fares::default());
        let died = Arc::new(Notify::new());
        world.processes.push(Process {
            crash: life.crash,
            stall: life.stall,
            steps: 0,
            exchanges: 0,
            course: Arc::clone(&course),
            died: Arc::clone(&died),
        });
        let (base, started) = (world.base, world.started);
        let shared = self.clone();
        let machine = Simulated {
            now: Box::new(move || time_at(base + started.elapsed())),
            fate: Box::new(move |moment| shared.lock().step(number, moment)),
            course,
            page_items: world.scenario.page_items,
            list_items: world.scenario.list_items,
        };
        (number, Arc::new(machine), died)
    }

    /// Lets a process stand still when its time has come.
    pub(super) async fn stall(&self, process: usize, stall: Option<Stall>) {
        if let Some(Stall {
            at: StallAt::Time(at),
            length,
        }) = stall
        {
            sleep(at).await;
            self.lock().freeze(process, length);
        }
        std::future::pending::<()>().await;
    }

    /// The way to the server.
    pub(super) fn carrier(&self, process: usize) -> Carrier {
        let shared = self.clone();
        Arc::new(move |outgoing| {
            let shared = shared.clone();
            Box::pin(async move {
                shared.meet(process, Crash::BeforeExchange).await;
                if outgoing.method == Method::POST {
                    shared.post(process, outgoing).await
                } else {
                    shared.get(process, outgoing).await
                }
            })
        })
    }

    /// Dies here, if this is where it was to die.
    async fn meet(&self, process: usize, moment: impl FnOnce(u32) -> Crash) {
        let dies = {
            let mut world = self.lock();
            let moment = moment(world.processes[process].exchanges + 1);
            let is_new = matches!(moment, Crash::BeforeExchange(_));
            world.processes[process].exchanges += u32::from(is_new);
            world.dies_at(process, moment)
        };
        if dies {
            std::future::pending::<()>().await;
        }
    }

    async fn post(&self, process: usize, outgoing: Outgoing) -> Exchange {
        let body = outgoing.body.expect("a POST has a body");
        let (sent, number_of_exchange) = {
            let mut world = self.lock();
            world.advance();
            (
                world.send(process, &body),
                world.processes[process].exchanges,
            )
        };
        sleep(sent.wait).await;
        self.meet(process, |_| Crash::BeforeAnswer(number_of_exchange))
            .await;
        let mut world = self.lock();
        world.advance();
        world.strangers_act();
        if sent.fault.is_some_and(Fault::surely_not_created) {
            world.posts_of(&body).in_doubt -= 1;
        }
        if matches!(sent.fault, None | Some(Fault::NormalisedEcho)) {
            let by = (world.starts, process);
            world.posts_of(&body).answered = Some(by);
        }
        let answer = world.answers.remove(&sent.number);
        let exchange = world.answer_post(sent.fault, answer.as_ref());
        let exchange = world.date(exchange);
        world.note(&format!("POST {}", notes(&body)), sent.fault, &exchange);
        exchange
    }

    async fn get(&self, process: usize, outgoing: Outgoing) -> Exchange {
        let (there, back, number) = {
            let mut world = self.lock();
            let number = world.processes[process].exchanges;
            (world.latency(), world.latency(), number)
        };
        sleep(there).await;
        let (fault, wait, exchange) = {
            let mut world = self.lock();
            world.advance();
            world.strangers_act();
            let fault = world.draw(true);
            if fault.is_some() || world.omits {
                world.list_failed_at = Some(world.now());
            }
            let page = world.page(&outgoing);
            let (wait, exchange) = world.answer_get(fault, page);
            let exchange = world.date(exchange);
            (fault, wait.unwrap_or(back), exchange)
        };
        sleep(wait).await;
        self.meet(process, |_| Crash::BeforeAnswer(number)).await;
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
    format!(
        "{} {} {}",
        body["userEmail"], body["request"], body["notes"]
    )
}

/// The number in `person12@example.com`.
pub(super) fn number_in(email: &str) -> u32 {
    let digits: String = email.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_default()
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

    /// Whether an importer has made this request.
    pub(super) fn is_ours(&self, stored: &Stored) -> bool {
        self.ours.contains(&stored.id)
    }

    /// How many POSTs for this person and request left those who sent them in doubt.
    pub(super) fn doubts_of(&self, person: u32, request: &str) -> u32 {
        let posts = self.sent.get(&(person.to_string(), request.to_owned()));
        posts.map_or(0, |posts| posts.in_doubt)
    }

    /// Whether a process has begun.
    pub(super) fn has(&self, process: usize) -> bool {
        process < self.processes.len()
    }

    /// A process dies now, wherever it stands.
    pub(super) fn die(&mut self, process: usize) {
        self.advance();
        let now = self.now();
        for now in [Course::Running, Course::Frozen] {
            self.processes[process].course.turn(now, Course::Dead);
        }
        // What has not arrived yet is lost with the connection, or arrives: soon enough to be found.
        let latest = now + self.scenario.latest();
        for ((due, number), (whose, body)) in std::mem::take(&mut self.coming) {
            if whose != process {
                self.coming.insert((due, number), (whose, body));
            } else if self.accepted.contains(&number) || self.rng.bool() {
                self.coming.insert((due.min(latest), number), (whose, body));
            }
        }
    }

    /// Lets a process stand still.
    fn freeze(&self, process: usize, length: Duration) {
        let course = Arc::clone(&self.processes[process].course);
        if course.turn(Course::Running, Course::Frozen) {
            tokio::spawn(async move {
                sleep(length).await;
                course.turn(Course::Frozen, Course::Running);
            });
        }
    }

    /// All processes have ended or died, the last at the present moment; the next begins after the pause.
    pub(super) fn end(&mut self, now: Duration, pause: Duration) {
        self.advance_to(now);
        self.answers.clear();
        self.base = now + pause;
        self.started = Instant::now();
        self.advance_to(now + pause);
        self.strangers_act();
    }

    /// Where the write-ahead log may end after a loss of power: a commit that nobody was told of may be lost, or torn.
    pub(super) fn lost_from(&mut self) -> Option<u64> {
        let now = self.now();
        let untold = self.untold?;
        let is_untold = untold.until.is_none_or(|until| now < until);
        (is_untold && untold.to == self.wal_len_now())
            .then(|| self.rng.u64(untold.from..=untold.to))
    }

    /// To be called whenever something may have been written other than by blocking work.
    pub(super) fn note_wal(&mut self) {
        self.wal_len = self.wal_len_now();
    }

    fn wal_len_now(&self) -> u64 {
        let mut wal = self.ledger.clone().into_os_string();
        wal.push("-wal");
        std::fs::metadata(wal).map_or(0, |file| file.len())
    }

    /// Nothing goes wrong any more, and after so long everything that was under way has come.
    pub(super) fn settle_down(&mut self, pause: Duration) {
        self.are_faults_on = false;
        self.end(self.base, pause);
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

    fn dies_at(&mut self, process: usize, moment: Crash) -> bool {
        let process = &self.processes[process];
        let dies = process.crash == Some(moment);
        if dies {
            process.died.notify_one();
        }
        dies
    }

    fn step(&mut self, number: usize, moment: Moment) -> Fate {
        let process = &mut self.processes[number];
        process.steps += 1;
        let (steps, stall) = (process.steps, process.stall);
        let before = self.wal_len;
        if moment == Moment::After {
            self.note_wal();
        }
        let mut untold = (self.wal_len > before).then_some(Untold {
            from: before,
            to: self.wal_len,
            until: None,
        });
        if self.dies_at(number, Crash::AtStep(steps)) {
            self.untold = untold.or(self.untold);
            return Fate::Die;
        }
        let fate = match stall {
            Some(Stall {
                at: StallAt::Step(at),
                length,
            }) if at == steps => {
                self.freeze(number, length);
                Duration::from_millis(1)
            }
            _ => self.work(),
        };
        if let Some(untold) = &mut untold {
            untold.until = Some(self.now() + fate);
        }
        self.untold = untold.or(self.untold);
        Fate::GoOnAfter(fate)
    }

    /// How long a piece of work takes; most are done in no time.
    fn work(&mut self) -> Duration {
        let max = u64::try_from(self.scenario.work_max.as_millis()).expect("little");
        let wait = if self.rng.bool() {
            0
        } else {
            self.rng.u64(0..=max)
        };
        Duration::from_millis(wait)
    }

    fn now_ms(&self) -> i64 {
        let now = self.server_time(self.now());
        let since_1970 = now.duration_since(UNIX_EPOCH).expect("it is later");
        i64::try_from(since_1970.as_millis()).expect("not that late")
    }

    /// A request of strangers, at that time.
    fn strange(&mut self, request_date_ms: i64) -> Arc<Stored> {
        // Often of a person whom our input knows too, and for the same.
        let n = self.rng.u32(1..=20);
        let request = ["delete", "view"][self.rng.usize(..2)];
        let id = Uuid::from_u128(self.rng.u128(..));
        let theirs = ImportId::new(id, &format!("T-{n}"));
        let ours = ImportId::new(SANDBOX_PROJECT, &format!("T-{n}"));
        let ours = ours.to_string();
        let notes = match self.rng.u8(..7) {
            // A mark, but of another project.
            0 => Some(format!("Ticket T-{n} {}", theirs.mark())),
            // Texts that are nearly marks of ours.
            1 => Some(format!("[ref {}]", &ours[..ours.len() - 1])),
            2 => Some(format!("see ref {ours}")),
            3 => Some(format!("[ref: {ours}] and [ref {ours}")),
            4 => Some(format!("Ticket T-{n}")),
            _ => None,
        };
        Arc::new(Stored {
            id: Uuid::from_u128(self.rng.u128(..)),
            project_id: SANDBOX_PROJECT,
            concord_id: id,
            request_date_ms,
            body: Body {
                request: request.into(),
                preverified: self.rng.bool(),
                notes,
                user_email: Some(format!("person{n}@example.com")),
                ..Body::default()
            },
        })
    }

    fn prefill(&mut self) {
        let first_ms = self.now_ms() - i64::try_from(PAST_S * 1_000).expect("a month");
        let span_ms = i64::try_from((PAST_S - RECENT_S) * 1_000).expect("a month");
        let count = self.scenario.prefilled;
        let dates = (0..count)
            .map(|_| self.rng.i64(0..span_ms))
            .collect::<Vec<_>>();
        let mut all: Vec<_> = dates
            .into_iter()
            .map(|at| self.strange(first_ms + at))
            .collect();
        all.sort_by_key(|stored| stored.request_date_ms);
        self.concord.rewrite(|held| *held = all);
    }

    /// Perhaps somebody else does something in the project.
    fn strangers_act(&mut self) {
        let Some(Strangers {
            odds,
            edit,
            archive,
        }) = self.scenario.strangers
        else {
            return;
        };
        if self.rng.f64() >= odds {
            return;
        }
        match self.rng.u8(..8) {
            0..3 if edit => {
                let (at, how) = (self.rng.usize(..), self.rng.u8(..4));
                self.concord.rewrite(|all| {
                    if !all.is_empty() {
                        // The newest most often.
                        let back = if how % 2 == 0 { 1 + at % 3 } else { 1 + at };
                        let count = all.len();
                        let at = count - 1 - (back - 1) % count;
                        write_into(&mut all[at], how);
                    }
                });
            }
            0..5 if archive && self.are_faults_on => {
                let (most, ours) = (self.rng.usize(ARCHIVED), &self.ours);
                self.concord.rewrite(|all| {
                    let mut left = most;
                    all.retain(|stored| {
                        let goes = left > 0 && !ours.contains(&stored.id);
                        left -= usize::from(goes);
                        !goes
                    });
                });
            }
            _ if self.strange < STRANGE_MAX => {
                self.strange += 1;
                let now_ms = self.now_ms();
                let strange = self.strange(now_ms);
                self.concord.rewrite(|all| {
                    let last_ms = all.last().map_or(now_ms, |last| last.request_date_ms);
                    let mut strange = Arc::unwrap_or_clone(strange);
                    strange.request_date_ms = now_ms.max(last_ms);
                    all.push(Arc::new(strange));
                });
            }
            _ => {}
        }
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
    fn send(&mut self, process: usize, body: &[u8]) -> Sent {
        self.posts += 1;
        self.judge(process, body);
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
                | Fault::NormalisedEcho
                | Fault::AcceptedAfter
                | Fault::ConflictAfter,
            ) => (Some(now + there), there + back, fault),
            Some(Fault::AcceptedLate) => {
                self.accepted.insert(self.posts);
                let at = now + there + back + self.lateness_of_accepted();
                (Some(at), there + back, fault)
            }
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
        if !fault.is_some_and(Fault::surely_not_created) {
            self.posts_of(body).last_at = now;
        }
        if let Some(at) = created_at {
            self.coming
                .insert((at, self.posts), (process, body.to_vec()));
        }
        Sent {
            number: self.posts,
            wait,
            fault,
        }
    }

    fn posts_of(&mut self, body: &[u8]) -> &mut Posts {
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let person = number_in(&text("userEmail")).to_string();
        self.sent.entry((person, text("request"))).or_default()
    }

    /// Whether a POST may leave now, whatever it comes to.
    fn judge(&mut self, process: usize, body: &[u8]) {
        let by = (self.starts, process);
        let (now, regime) = (self.now(), self.scenario.regime);
        let (failed_at, can_look_up) = (self.list_failed_at, self.scenario.can_look_up());
        let is_restless = self.scenario.strangers.is_some_and(|all| all.archive);
        let settle = self.scenario.settle;
        let posts = self.posts_of(body);
        let (in_doubt, last_at) = (posts.in_doubt, posts.last_at);
        posts.in_doubt += 1;
        let is_answered = posts.answered == Some(by);
        let what = notes(body);
        if is_answered {
            self.complaints
                .push(format!("sent again although its answer came: {what}"));
        }
        if regime == Regime::Hold && in_doubt > 0 {
            self.complaints
                .push(format!("sent again although it is held: {what}"));
        }
        // Where looking works, even a job that says `resend` sends nothing that is there.
        let could_look = in_doubt > 0
            && can_look_up
            && !is_restless
            && failed_at.is_none_or(|failed| failed < last_at);
        if regime == Regime::Resend && could_look {
            let before = self.server_time(now.saturating_sub(settle));
            let before_ms = before
                .duration_since(UNIX_EPOCH)
                .expect("later")
                .as_millis();
            let body: Value = serde_json::from_slice(body).expect("JSON");
            let person = number_in(body["userEmail"].as_str().unwrap_or_default());
            let is_there = self.requests().iter().any(|stored| {
                let email = stored.body.user_email.as_deref().unwrap_or_default();
                self.ours.contains(&stored.id)
                    && number_in(email) == person
                    && stored.body.request == body["request"].as_str().unwrap_or_default()
                    && u128::try_from(stored.request_date_ms).is_ok_and(|at| at < before_ms)
            });
            if is_there {
                self.complaints
                    .push(format!("sent again although it could be found: {what}"));
            }
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

    /// Returns the delay until an accepted request is created: up to [`ACCEPTED_LATE_MAX_MS`]. It is the usual delay if
    /// the importer may stand still before it has recorded in the ledger that the request was accepted.
    fn lateness_of_accepted(&mut self) -> Duration {
        let may_stand_still = self.processes.iter().any(|process| process.stall.is_some());
        if may_stand_still || self.processes.len() > 1 {
            return self.lateness();
        }
        Duration::from_millis(self.rng.u64(0..=ACCEPTED_LATE_MAX_MS))
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
            let ((due, number), (_, body)) = entry.remove_entry();
            self.concord.set_time(self.server_time(due));
            let path = format!(
                "/privacy-v1/organizations/{SANDBOX_ORGANIZATION}/projects/{SANDBOX_PROJECT}/compliance-requests"
            );
            let uri = path.parse().expect("a path");
            let (status, answer) = at_once(self.concord.ask(Method::POST, uri, body));
            if status != 201 {
                let answer = String::from_utf8_lossy(&answer);
                self.complaints
                    .push(format!("a POST was refused: {status} {answer}"));
            }
            let made: Option<Value> = serde_json::from_slice(&answer).ok();
            let id: Option<Uuid> = made.and_then(|made| made["id"].as_str()?.parse().ok());
            self.ours.extend(id);
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
        let most_s = if self.scenario.is_patient && self.rng.u8(..4) == 0 {
            600
        } else {
            3
        };
        let wait = Duration::from_secs(self.rng.u64(0..=most_s));
        match self.rng.u8(..3) {
            // Half of them say in another way when to come again.
            0 => answered(429, None, "").map(|answer| Answer {
                limits: (wait.as_secs() % 2 == 1).then_some(Limits {
                    remaining: Some(0.0),
                    reset: Some(wait),
                    ..Limits::default()
                }),
                ..answer
            }),
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
                date: None,
                retry_after: None,
                limits: None,
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
            Some(Fault::AcceptedAfter | Fault::AcceptedLate) => {
                answered([200, 202, 204][self.rng.usize(..3)], None, "{}")
            }
            Some(Fault::ConflictBefore | Fault::ConflictAfter) => answered(409, None, "{}"),
            Some(Fault::Refused) => answered(422, None, r#"{"message":"not this time"}"#),
            Some(Fault::KeyRefused) => answered(401, None, ""),
            Some(fault) => panic!("{fault:?} is none of a POST"),
        }
    }

    /// Returns the page that the server shows now, which may be shorter than asked for.
    fn page(&mut self, outgoing: &Outgoing) -> (u16, Bytes) {
        if !self.omits || !self.are_faults_on {
            return self.whole_page(outgoing);
        }
        let all = self.concord.requests();
        let is_all = self.scenario.regime == Regime::Unmarked;
        let ours = &self.ours;
        self.concord.rewrite(|held| {
            held.retain(|stored| !is_all && !ours.contains(&stored.id));
        });
        let page = self.whole_page(outgoing);
        self.concord.rewrite(|held| *held = all);
        page
    }

    fn whole_page(&self, outgoing: &Outgoing) -> (u16, Bytes) {
        let (page_max, manner) = (self.scenario.page_max, self.scenario.manner);
        let mut url = outgoing.url.clone();
        let pairs: Vec<_> = outgoing.url.query_pairs().into_owned().collect();
        let heeded = pairs
            .iter()
            .filter(|(name, _)| manner != Manner::IgnoresOffset || name != "offset");
        url.query_pairs_mut()
            .clear()
            .extend_pairs(heeded.map(|(name, value)| {
                let limit = value.parse::<usize>().ok().filter(|_| name == "limit");
                let shorter = limit.map(|limit| limit.min(page_max).to_string());
                (name, shorter.unwrap_or_else(|| value.clone()))
            }));
        let uri = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        let uri: Uri = uri.parse().expect("a path and a query");
        let (status, body) = at_once(self.concord.ask(Method::GET, uri, Vec::new()));
        let body = match (manner, serde_json::from_slice::<Value>(&body)) {
            (Manner::CapsTotal(most), Ok(mut page)) if page["total"].is_u64() => {
                let total = page["total"].as_u64().unwrap_or_default();
                page["total"] = total.min(most as u64).into();
                page.to_string().into()
            }
            _ => body,
        };
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
            Some(Fault::ListRefused) => answered([403, 404, 405][self.rng.usize(..3)], None, ""),
            Some(Fault::ListBusy) => self.busy(),
            Some(Fault::ListReset) => Err(Silence::Broken),
            Some(Fault::ListHang) => return (Some(TIMEOUT), Err(Silence::Timeout(TIMEOUT))),
            Some(Fault::ListGarbage) => {
                answered(200, None, &String::from_utf8_lossy(&body[..half]))
            }
            Some(Fault::ListCut) => Ok(Answer {
                status: 200,
                date: None,
                retry_after: None,
                limits: None,
                body: Err(BodyFault::CutOff),
            }),
            Some(fault) => panic!("{fault:?} is none of a list"),
        };
        (None, exchange)
    }

    /// What an answer says of the time at which it was made.
    fn date(&self, exchange: Exchange) -> Exchange {
        let now = self.server_time(self.now());
        let has_date = self.scenario.has_date;
        exchange.map(|answer| Answer {
            // In whole seconds, as in the header.
            date: has_date.then(|| now - Duration::from_nanos(nanos(now))),
            ..answer
        })
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
        date: None,
        retry_after,
        limits: None,
        body: Ok(body.as_bytes().to_vec()),
    })
}

/// The part of a second.
fn nanos(time: SystemTime) -> u64 {
    let since_1970 = time.duration_since(UNIX_EPOCH).expect("it is later");
    since_1970.subsec_nanos().into()
}

/// Staff write into a request: around its notes, which stay in it, or into the person's name.
fn write_into(stored: &mut Arc<Stored>, how: u8) {
    let body = &mut Arc::make_mut(stored).body;
    let notes = body.notes.clone().unwrap_or_default();
    match how {
        0 => body.notes = Some(format!("Called them. {notes}")),
        1 | 2 => body.notes = Some(format!("{notes} They wrote again.")),
        _ => body.user_last_name = Some("Known".into()),
    }
}
