//! What the server bears: the ceilings below the job's rate and concurrency, and what is to be told of them.
//!
//! Pure: every call comes with its time. It puts together what is learned from refusals (`ceiling`), from latency
//! (`crowding`) and from what the server announces (`limits`). It waits for nothing (`pace` does) and closes nothing
//! (`gate` does).

use std::time::Duration;

use tokio::time::Instant;

use super::ceiling::{Ceiling, Epoch, Fared};
use super::crowding::Crowding;
use super::gate::RETRY_AFTER_MAX;
use super::limits::Limits;
use crate::event::Event;
use crate::plan::Sending;

/// This part of what a server says that it takes all the time is sent: answers and requests overtake each other.
const ANNOUNCED_PART: f64 = 0.96;
/// A longer window is not spread evenly: a run that is over before it is would only take longer.
const EVEN_WINDOW_MAX: Duration = Duration::from_secs(10);
/// What is left of a long window is spread over it from this part of the limit on, or, where that is not said, from so
/// many seconds' worth on.
const SPREAD_PART: f64 = 0.1;
const SPREAD_FROM_S: f64 = 10.0;
const SPREAD_CHANGE_PART: f64 = 0.05;
/// Resets are whole seconds, rounded either way.
const RESET_GRAIN: Duration = Duration::from_secs(1);
/// A ceiling is told when it is so far from the one told last, and this much time has passed since.
const TELL_PART: f64 = 0.1;
const TELL_EVERY: Duration = Duration::from_secs(1);

/// When a request went, and under which rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    epoch: Epoch,
    at: Instant,
}

/// Why the rate is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Refused,
    Announced,
    Slow,
    Recovered,
}

impl Why {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Refused => "the server refuses more",
            Self::Announced => "the server announces its limit",
            Self::Slow => "with more at once it only takes longer",
            Self::Recovered => "the server takes more again",
        }
    }
}

/// What the server bears, as far as is known.
#[derive(Debug)]
pub(super) struct Capacity {
    ceiling: Ceiling,
    crowding: Crowding,
    /// What a server that says how much it takes in a short window takes in a second.
    even_per_s: Option<f64>,
    /// The little that is left of a long window: how much a second, and until when.
    spread: Option<(f64, Instant)>,
    /// What may still go, and until when that counts.
    budget: Option<(f64, Instant)>,
    told: (f64, u32),
    told_at: Option<Instant>,
}

impl Capacity {
    pub(super) fn new(sending: &Sending, now: Instant) -> Self {
        let concurrency = sending.concurrency.get();
        Self {
            ceiling: Ceiling::new(sending.rate_per_s, now),
            crowding: Crowding::new(concurrency, now),
            even_per_s: None,
            spread: None,
            budget: None,
            told: (sending.rate_per_s, concurrency),
            told_at: None,
        }
    }

    /// The most requests in a second.
    pub(super) const fn per_s(&self) -> f64 {
        self.ceiling.per_s()
    }

    /// The most requests at once.
    pub(super) const fn concurrency(&self) -> u32 {
        self.crowding.most()
    }

    /// Nothing goes before this moment.
    pub(super) fn not_before(&self) -> Instant {
        let used_up = self.budget.filter(|(left, _)| *left < 1.0);
        let reset = used_up.map_or(self.ceiling.not_before(), |(_, reset)| reset);
        self.ceiling.not_before().max(reset)
    }

    /// Whether others are served while one is refused.
    pub(super) fn is_serving(&mut self, now: Instant) -> bool {
        self.ceiling.is_serving(now)
    }

    /// Before the head of the line goes, as far as others let it.
    pub(super) fn turn(&mut self, now: Instant) {
        self.budget = self.budget.filter(|(_, reset)| *reset > now);
        if self.spread.is_some_and(|(_, until)| until <= now) {
            self.spread = None;
            self.ceiling.announce(now, self.even_per_s);
        }
        self.ceiling.turn(now);
    }

    /// A request goes, the so-manieth under way.
    pub(super) fn sent(&mut self, now: Instant, under_way: u32) -> Stamp {
        self.crowding.sent(under_way);
        if let Some((left, _)) = &mut self.budget {
            *left -= 1.0;
        }
        Stamp {
            epoch: self.ceiling.sent(now),
            at: now,
        }
    }

    /// It has ended.
    pub(super) fn answered(&mut self, now: Instant, stamp: Stamp, fared: Fared, is_created: bool) {
        self.ceiling.answered(now, stamp.epoch, fared);
        // Only creations are compared with each other: a page of a list, or what is rejected, takes another time.
        if is_created {
            self.crowding
                .served(now, now.saturating_duration_since(stamp.at));
        }
    }

    /// What the server says of its limits, while so many are under way. Says how long nothing more may go.
    pub(super) fn heed(
        &mut self,
        now: Instant,
        limits: &Limits,
        under_way: u32,
    ) -> Option<Duration> {
        if limits
            .window
            .is_some_and(|window| window <= EVEN_WINDOW_MAX)
            && let Some(per_s) = limits.per_s()
        {
            let even = per_s * ANNOUNCED_PART;
            if self.even_per_s != Some(even) {
                self.even_per_s = Some(even);
                if self.spread.is_none() {
                    self.ceiling.announce(now, Some(even));
                }
            }
        }
        let (Some(remaining), Some(reset)) = (limits.remaining, limits.reset) else {
            return None;
        };
        if remaining < 1.0 {
            return (!reset.is_zero()).then_some(reset);
        }
        if self.even_per_s.is_some() {
            return None;
        }
        // Those that are under way may take what is left.
        let left = remaining - f64::from(under_way.saturating_sub(1));
        self.budget = Some((left, now + reset.min(RETRY_AFTER_MAX)));
        let wanted = self.per_s() * reset.saturating_sub(RESET_GRAIN).as_secs_f64();
        let is_little = limits.limit.map_or_else(
            || left <= self.per_s() * SPREAD_FROM_S,
            |limit| remaining <= limit * SPREAD_PART,
        );
        if is_little && left < wanted {
            self.spread_over(now, left.max(1.0) / reset.as_secs_f64(), reset);
        } else if !is_little && self.spread.take().is_some() {
            self.ceiling.announce(now, self.even_per_s);
        }
        None
    }

    /// Makes what is left last until the reset. What is nearly what was said before changes nothing.
    fn spread_over(&mut self, now: Instant, per_s: f64, reset: Duration) {
        let is_news = self
            .spread
            .is_none_or(|(before, _)| (per_s - before).abs() > before * SPREAD_CHANGE_PART);
        if is_news {
            self.spread = Some((per_s, now + reset));
            self.ceiling.announce(now, Some(per_s));
        }
    }

    /// What is to be told: that a ceiling is noticeably another.
    pub(super) fn take_untold(&mut self, now: Instant) -> Option<Event> {
        let (per_s, concurrency) = (self.per_s(), self.crowding.settled());
        let (told_per_s, told_concurrency) = self.told;
        let is_far = |one: f64, other: f64| (one - other).abs() > other * TELL_PART;
        let is_news = is_far(per_s, told_per_s)
            || is_far(f64::from(concurrency), f64::from(told_concurrency));
        if !is_news || self.told_at.is_some_and(|at| now < at + TELL_EVERY) {
            return None;
        }
        self.told = (per_s, concurrency);
        self.told_at = Some(now);
        let is_less = per_s < told_per_s;
        let why = match () {
            () if is_less && self.ceiling.is_announced() => Why::Announced,
            () if is_less => Why::Refused,
            () if concurrency < told_concurrency => Why::Slow,
            () => Why::Recovered,
        };
        Some(Event::Pace {
            rate_per_s: per_s,
            concurrency,
            why: why.in_words().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::num::NonZeroU32;
    use std::rc::Rc;
    use std::sync::{Arc, Mutex};

    use tokio::sync::Semaphore;
    use tokio::task::LocalSet;
    use tokio::time::sleep;
    use uuid::Uuid;

    use super::super::gate::{Cost, Health, Purpose, Want};
    use super::super::pace::{Pacer, burst};
    use super::*;
    use crate::entry::ImportId;
    use crate::event::Events;
    use crate::sandbox::{RateLimit, Throttle};
    use crate::stop::StopSignal;

    const CREATE: Want = Want {
        purpose: Purpose::Create,
        cost: Cost::Free,
    };

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Makes what is said of a limit, what is left of it, and the seconds to its reset.
    type Announce = fn(f64, f64, u32) -> Limits;

    /// A server, and how it is asked.
    #[derive(Clone)]
    struct Setting {
        rate_per_s: f64,
        concurrency: u32,
        /// What it lets pass.
        limit: Option<RateLimit>,
        /// How it refuses.
        refusal: Health,
        /// Whether every answer says what is left, and of what.
        announces: Option<Announce>,
        /// Drawn evenly for each way of an exchange, twice.
        way_ms: std::ops::RangeInclusive<u64>,
        /// Such a part of the answers comes two seconds later.
        slow_part: f64,
        /// So many are worked on at a time, for so long.
        workers: Option<(usize, Duration)>,
        lasts: Duration,
    }

    impl Default for Setting {
        fn default() -> Self {
            Self {
                rate_per_s: 1_000.0,
                concurrency: 64,
                limit: None,
                refusal: refused(None),
                announces: None,
                way_ms: 10..=10,
                slow_part: 0.0,
                workers: None,
                lasts: Duration::from_secs(70),
            }
        }
    }

    fn refused(retry_after: Option<Duration>) -> Health {
        Health::Busy {
            retry_after,
            status: 429,
        }
    }

    fn limit(text: &str) -> RateLimit {
        text.parse().expect("a limit")
    }

    /// What was seen.
    #[derive(Default)]
    struct Seen {
        /// By the second of their answers: served, and refused.
        seconds: Vec<(u32, u32)>,
        sent: Vec<Instant>,
        under_way: u32,
        /// The most under way at once, by the second.
        at_once: Vec<u32>,
        told: Vec<Event>,
    }

    impl Seen {
        /// Served a second, and the part of all that was refused, in these seconds.
        fn figures(&self, seconds: std::ops::Range<usize>) -> (f64, f64) {
            let (mut served, mut refused) = (0, 0);
            for (one, other) in &self.seconds[seconds.clone()] {
                served += one;
                refused += other;
            }
            let all = f64::from(served + refused).max(1.0);
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let length = seconds.len() as f64;
            (f64::from(served) / length, f64::from(refused) / all)
        }

        /// The most that was sent in any second.
        fn most_in_a_second(&self) -> usize {
            let mut first = 0;
            let mut most = 0;
            for (last, time) in self.sent.iter().enumerate() {
                while *time - self.sent[first] >= Duration::from_secs(1) {
                    first += 1;
                }
                most = most.max(last + 1 - first);
            }
            most
        }
    }

    fn by_reset(limit: f64, remaining: f64, reset_s: u32) -> Limits {
        Limits {
            limit: Some(limit),
            window: None,
            remaining: Some(remaining),
            reset: Some(Duration::from_secs(reset_s.into())),
        }
    }

    fn by_window(limit: f64, remaining: f64, reset_s: u32) -> Limits {
        Limits {
            window: Some(Duration::from_secs(1)),
            ..by_reset(limit, remaining, reset_s)
        }
    }

    struct Server {
        setting: Setting,
        throttle: Throttle,
        workers: Rc<Semaphore>,
        rng: fastrand::Rng,
        start: Instant,
        seen: Seen,
    }

    type Shared = Rc<RefCell<Server>>;

    fn way(server: &Shared) -> Duration {
        let mut server = server.borrow_mut();
        let range = server.setting.way_ms.clone();
        ms(server.rng.u64(range))
    }

    /// One exchange, once there is leave.
    async fn exchange(server: &Shared) -> (Health, Option<Limits>) {
        {
            let mut server = server.borrow_mut();
            let now = Instant::now();
            server.seen.sent.push(now);
            server.seen.under_way += 1;
            let second = usize::try_from((now - server.start).as_secs()).expect("few");
            let under_way = server.seen.under_way;
            let most = &mut server.seen.at_once[second];
            *most = under_way.max(*most);
        }
        sleep(way(server)).await;
        let (is_free, limits) = {
            let mut server = server.borrow_mut();
            let now = Instant::now();
            let Server {
                setting, throttle, ..
            } = &mut *server;
            let limit = setting.limit.as_ref();
            let is_free = limit.is_none_or(|limit| throttle.passes(limit, now));
            let limits = limit.zip(setting.announces).map(|(limit, announce)| {
                let quota = throttle.quota(limit, now);
                announce(quota.limit.into(), quota.remaining.into(), quota.reset_s)
            });
            (is_free, limits)
        };
        let workers = server.borrow().setting.workers.filter(|_| is_free);
        if let Some((_, length)) = workers {
            work(server, length).await;
        }
        let is_slow = {
            let mut server = server.borrow_mut();
            server.rng.f64() < server.setting.slow_part
        };
        if is_slow {
            sleep(ms(2_000)).await;
        }
        sleep(way(server)).await;
        let mut server = server.borrow_mut();
        server.seen.under_way -= 1;
        let second = usize::try_from(server.start.elapsed().as_secs()).expect("few");
        let counts = &mut server.seen.seconds[second];
        if is_free {
            counts.0 += 1;
            return (Health::Created, limits);
        }
        counts.1 += 1;
        (server.setting.refusal.clone(), limits)
    }

    /// Stands in line for a worker, and is worked on.
    async fn work(server: &Shared, length: Duration) {
        let workers = Rc::clone(&server.borrow().workers);
        let _worker = workers.acquire().await.expect("it is never closed");
        sleep(length).await;
    }

    async fn drive(setting: Setting) -> Seen {
        let sending = Sending {
            rate_per_s: setting.rate_per_s,
            concurrency: NonZeroU32::new(setting.concurrency).expect("not zero"),
            ..Sending::default()
        };
        let told = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&told);
        let events = Events::to(move |event| listener.lock().expect("no panic").push(event));
        let stop = StopSignal::default();
        let pacer = Pacer::new(sending, 7, stop.clone(), events);
        let start = Instant::now();
        let seconds = usize::try_from(setting.lasts.as_secs()).expect("few") + 100;
        let server = Rc::new(RefCell::new(Server {
            throttle: Throttle::new(start),
            workers: Rc::new(Semaphore::new(
                setting.workers.map_or(0, |(count, _)| count),
            )),
            rng: fastrand::Rng::with_seed(7),
            start,
            seen: Seen {
                seconds: vec![(0, 0); seconds],
                at_once: vec![0; seconds],
                ..Seen::default()
            },
            setting: setting.clone(),
        }));
        let all = LocalSet::new();
        for n in 0..setting.concurrency {
            let (server, pacer) = (Rc::clone(&server), Arc::clone(&pacer));
            let lasts = setting.lasts;
            all.spawn_local(async move {
                while start.elapsed() < lasts {
                    let permit = pacer.permit(CREATE).await.expect("not stopped");
                    let (health, limits) = exchange(&server).await;
                    permit.report(ImportId(Uuid::from_u128(n.into())), &health);
                    if let Some(limits) = limits {
                        permit.heed(&limits);
                    }
                }
            });
        }
        all.await;
        assert!(!stop.is_raised());
        let mut seen = std::mem::take(&mut server.borrow_mut().seen);
        seen.told = told.lock().expect("no panic").clone();
        seen
    }

    #[tokio::test(start_paused = true)]
    async fn a_hidden_limit_is_found_and_kept_to() {
        for (per_s, concurrency) in [(20.0, 64), (100.0, 64), (1_000.0, 512)] {
            for (form, way_ms) in [
                ("", 10..=10),
                ("", 100..=100),
                (":fixed", 10..=10),
                (":fixed", 100..=100),
            ] {
                let seen = drive(Setting {
                    rate_per_s: per_s * 10.0,
                    concurrency,
                    limit: Some(limit(&format!("{per_s}{form}"))),
                    way_ms: way_ms.clone(),
                    ..Setting::default()
                })
                .await;
                let (served, refused) = seen.figures(10..70);
                let what = format!("{per_s}{form} with {way_ms:?}: {served}, {refused}");
                assert!(served >= per_s * 0.94, "{what}");
                // Of twenty a second, one that is refused every two seconds is more than two in a hundred.
                let most = if per_s < 50.0 { 0.03 } else { 0.02 };
                assert!(refused <= most, "{what}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hidden_limit_of_a_hundred_gives_ninety_five_however_answers_overtake_each_other() {
        for way_ms in [10..=10, 100..=100, 10..=40, 10..=100] {
            let seen = drive(Setting {
                limit: Some(limit("100")),
                way_ms: way_ms.clone(),
                ..Setting::default()
            })
            .await;
            let (served, refused) = seen.figures(10..70);
            let least = if way_ms.start() == way_ms.end() {
                95.0
            } else {
                92.0
            };
            assert!(served >= least, "{way_ms:?}: {served}");
            assert!(refused <= 0.02, "{way_ms:?}: {refused}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_capacity_that_halves_and_recovers_is_followed_within_seconds() {
        for way_ms in [10, 100] {
            let seen = drive(Setting {
                limit: Some(limit("100,50@20s,100@40s")),
                way_ms: way_ms..=way_ms,
                ..Setting::default()
            })
            .await;
            let (served, refused) = seen.figures(25..40);
            assert!(served >= 46.0 && refused <= 0.03, "{served}, {refused}");
            let (_, refused_first) = seen.figures(20..25);
            assert!(refused_first <= 0.35, "{refused_first}");
            let (served, refused) = seen.figures(50..70);
            assert!(served >= 90.0 && refused <= 0.02, "{served}, {refused}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stated_wait_is_kept_and_seldom_asked_for() {
        for status in [429, 503] {
            let seen = drive(Setting {
                limit: Some(limit("100")),
                refusal: Health::Busy {
                    retry_after: Some(Duration::from_secs(1)),
                    status,
                },
                lasts: Duration::from_secs(130),
                ..Setting::default()
            })
            .await;
            let (served, refused) = seen.figures(10..130);
            assert!(served >= 90.0 && refused <= 0.02, "{served}, {refused}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_announced_is_kept_to_without_a_refusal() {
        let settings: [(Announce, f64); 2] = [(by_window, 95.0), (by_reset, 60.0)];
        for (announces, least) in settings {
            for text in ["100", "100:fixed", "100,50@20s,100@40s"] {
                let seen = drive(Setting {
                    concurrency: 16,
                    limit: Some(limit(text)),
                    announces: Some(announces),
                    ..Setting::default()
                })
                .await;
                let (served, _) = seen.figures(0..20);
                let (_, refused) = seen.figures(0..20);
                let (_, refused_after) = seen.figures(30..70);
                assert!(served >= least, "{text}: {served}");
                assert!(
                    refused + refused_after <= 0.0,
                    "{text}: {refused}, {refused_after}"
                );
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_holds_more_than_the_highest_rate_within_it_and_the_burst() {
        let seen = drive(Setting {
            rate_per_s: 300.0,
            limit: Some(limit("100,50@10s,200@20s")),
            lasts: Duration::from_secs(40),
            ..Setting::default()
        })
        .await;
        let most = seen.most_in_a_second();
        assert!(most <= 300 + burst(300.0).get() as usize, "{most}");
        let told: Vec<_> = seen.told.iter().collect();
        assert!(
            matches!(told[0], Event::Pace { why, .. } if why.contains("refuses")),
            "{told:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_before_workers_is_kept_short_and_nothing_is_lost_by_it() {
        for (workers, length_ms) in [(4, 100), (8, 50), (8, 20), (2, 400)] {
            let seen = drive(Setting {
                concurrency: 128,
                workers: Some((workers, ms(length_ms))),
                ..Setting::default()
            })
            .await;
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let possible = workers as f64 * 1_000.0 / length_ms as f64;
            let (served, _) = seen.figures(10..70);
            let most = seen.at_once[60];
            assert!(served >= possible * 0.97, "{served} of {possible}");
            assert!(most < 64, "{most} at once");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_merely_slow_is_left_alone() {
        let steady = Setting {
            concurrency: 16,
            way_ms: 25..=25,
            lasts: Duration::from_secs(40),
            ..Setting::default()
        };
        let uneven = Setting {
            slow_part: 0.02,
            ..steady.clone()
        };
        let quick = Setting {
            rate_per_s: 100_000.0,
            concurrency: 256,
            way_ms: 1..=30,
            lasts: Duration::from_secs(10),
            ..Setting::default()
        };
        for (setting, latency_ms, part) in [
            (steady, 50.0, 0.98),
            (uneven, 90.0, 0.95),
            (quick, 31.0, 0.9),
        ] {
            let possible = f64::from(setting.concurrency) * 1_000.0 / latency_ms;
            let seconds = usize::try_from(setting.lasts.as_secs()).expect("few");
            let seen = drive(setting).await;
            let (served, _) = seen.figures(2..seconds);
            assert!(served >= possible * part, "{served} of {possible}");
            assert!(seen.told.is_empty(), "{:?}", seen.told);
        }
    }

    fn capacity(rate_per_s: f64) -> (Capacity, Instant) {
        let sending = Sending {
            rate_per_s,
            ..Sending::default()
        };
        let now = Instant::now();
        (Capacity::new(&sending, now), now)
    }

    fn left(limit: f64, remaining: f64, reset_s: u64) -> Limits {
        Limits {
            limit: Some(limit),
            window: None,
            remaining: Some(remaining),
            reset: Some(Duration::from_secs(reset_s)),
        }
    }

    #[test]
    fn what_is_left_of_a_long_window_is_spread_once_it_is_little() {
        let (mut capacity, now) = capacity(10.0);
        assert_eq!(capacity.heed(now, &left(5_000.0, 4_000.0, 3_600), 1), None);
        assert_eq!(capacity.per_s().to_bits(), 10.0_f64.to_bits());
        assert_eq!(capacity.heed(now, &left(5_000.0, 360.0, 3_600), 1), None);
        assert!(
            (capacity.per_s() - 0.1).abs() < 1e-9,
            "{}",
            capacity.per_s()
        );
        let later = now + Duration::from_secs(3_601);
        capacity.turn(later);
        assert_eq!(capacity.per_s().to_bits(), 10.0_f64.to_bits());
    }

    #[test]
    fn what_is_used_up_is_waited_for_and_those_under_way_may_use_it_up() {
        let (mut capacity, now) = capacity(10.0);
        let wait = capacity.heed(now, &left(100.0, 0.0, 30), 1);
        assert_eq!(wait, Some(Duration::from_secs(30)));
        assert_eq!(capacity.heed(now, &left(100.0, 0.0, 0), 1), None);
        assert_eq!(capacity.heed(now, &left(100.0, 8.0, 30), 9), None);
        assert_eq!(capacity.not_before(), now + Duration::from_secs(30));
        // A reset that is far away is waited for as long as a Retry-After.
        assert_eq!(capacity.heed(now, &left(100.0, 8.0, 80_000), 9), None);
        assert_eq!(capacity.not_before(), now + RETRY_AFTER_MAX);
    }
}
