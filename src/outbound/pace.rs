//! Gives permits: rate, concurrency and the server's own wishes together.
//!
//! Requests wait in one line. Its head waits for the circuit breaker (`circuit_breaker`) and then for the rate: the
//! job's, or a lower one that the server takes (`adaptive_rate`) or announces (`announced_limit`).

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::adaptive_rate::AdaptiveRate;
use super::announced_limit::{self, AnnouncedLimit};
use super::circuit_breaker::RETRY_AFTER_MAX;
use super::circuit_breaker::{CircuitBreaker, Health, Probe, Purpose, Standing, Turn, Want};
use super::limits::Limits;
use super::retry_budget::{Cost, RetryBudget};
use crate::codes::ReasonCode;
use crate::entry::ImportId;
use crate::event::{Event, Events};
use crate::plan::Sending;
use crate::stop::{StopCause, StopSignal};
use crate::timeline::{Fate, Recorder, Timeline};

/// The run is ending: nothing more is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// The present limits of sending, and the counts so far.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The most requests in a second.
    pub rate_per_s: f64,
    /// Maximum number of requests in flight.
    pub concurrency: u32,
    /// Requests to create that were served so far.
    pub served: u64,
    /// Requests to create that were answered 429, or 503 with Retry-After.
    pub refused: u64,
}

/// Leave to send one request now. Given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _slot: OwnedSemaphorePermit,
    pacer: Arc<Pacer>,
    want: Want,
    probe: Option<Probe>,
    sent_at: Instant,
}

impl Permit {
    /// Returns whether everybody fails at present, so that a failure says nothing about the entry.
    pub(super) fn is_blameless(&self) -> bool {
        self.probe.is_some()
    }

    /// Returns whether it is for a GET that shows whether the server is back; the POST then needs another permit.
    pub(super) fn is_ping(&self) -> bool {
        self.probe.is_some_and(|probe| probe.is_ping)
    }

    /// Takes note of what the exchange showed of the server.
    pub(super) fn report(&self, entry: ImportId, health: &Health) {
        let purpose = if self.is_ping() {
            Purpose::LookUp
        } else {
            self.want.purpose
        };
        let (now, pacer) = (Instant::now(), &self.pacer);
        pacer.in_ways(now, |ways| {
            let Speed { adaptive, rate, .. } = &mut ways.speed;
            let is_serving = adaptive.is_serving(now);
            match health {
                Health::Serving | Health::Created => adaptive.served(now, self.sent_at),
                Health::Failing { .. } => adaptive.failed(now, self.sent_at),
                Health::Busy { retry_after, .. } if is_serving => {
                    let stated = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
                    adaptive.refused(now, self.sent_at, stated, rate.burst());
                }
                // While no request is served, the circuit breaker waits.
                _ => {}
            }
            if *health == Health::Created && purpose == Purpose::Create {
                ways.budget.earn(now);
            }
            ways.breaker
                .report(now, self.probe, entry, purpose, health, is_serving);
        });
        pacer.changed.notify_waiters();
    }

    /// Takes note of how an attempt ended, for the report; `latency` is that of an answer.
    pub(super) fn record(
        &self,
        now: Instant,
        fate: Fate,
        latency: Option<Duration>,
        reason: Option<ReasonCode>,
    ) {
        let mut ways = self.pacer.ways();
        ways.recorder.attempted(now, fate, latency, reason);
    }

    /// Takes note of a look-up, for the report.
    pub(super) fn record_lookup(&self) {
        self.pacer.ways().recorder.looked_up(Instant::now());
    }

    /// Takes note of what the server announces of its limits.
    pub(super) fn heed(&self, limits: &Limits) {
        let now = Instant::now();
        self.pacer.in_ways(now, |ways| {
            let sending = announced_limit::Sending {
                per_s: ways.speed.adaptive.per_s(),
                in_last_second: ways.speed.adaptive.sent_in_last_second(now),
                in_flight: ways.in_flight,
            };
            if let Some(wait) = ways.speed.announced.heed(now, limits, sending) {
                ways.breaker.rest(now, wait);
            }
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut ways = self.pacer.ways();
        ways.in_flight -= 1;
        if let Some(probe) = self.probe {
            ways.breaker.drop_probe(Instant::now(), probe);
            self.pacer.changed.notify_waiters();
        }
    }
}

/// The clock of tokio, so that paused time moves the rate as well.
#[derive(Clone, Debug)]
struct TokioClock {
    origin: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SinceOrigin(Duration);

impl Reference for SinceOrigin {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_sub(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.saturating_sub(duration.into()))
    }
}

impl std::ops::Add<Nanos> for SinceOrigin {
    type Output = Self;

    fn add(self, other: Nanos) -> Self {
        Self(self.0 + Duration::from(other))
    }
}

impl Clock for TokioClock {
    type Instant = SinceOrigin;

    fn now(&self) -> SinceOrigin {
        SinceOrigin(self.origin.elapsed())
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<SinceOrigin>>;

/// Part of the job's rate that is sent: requests that leave evenly arrive unevenly, by some thousandths of a second, and
/// no second holds more where they arrive either.
const SENT_OF_RATE: f64 = 0.997;

fn limiter(per_s: f64, burst: NonZeroU32, clock: &TokioClock) -> Limiter {
    let quota = Quota::with_period(interval(per_s))
        .expect("the rate is finite and above zero")
        .allow_burst(burst);
    RateLimiter::direct_with_clock(quota, clock.clone())
}

fn interval(per_s: f64) -> Duration {
    Duration::from_secs_f64(1.0 / per_s)
}

/// The limiter of a rate.
#[derive(Debug)]
struct Rate {
    limiter: Limiter,
    clock: TokioClock,
    per_s: f64,
    job_per_s: f64,
}

impl Rate {
    fn new(job_per_s: f64, clock: TokioClock) -> Self {
        Self {
            limiter: limiter(job_per_s * SENT_OF_RATE, burst(job_per_s), &clock),
            clock,
            per_s: job_per_s,
            job_per_s,
        }
    }

    /// Requests that may be sent in a second beyond the rate.
    fn burst(&self) -> f64 {
        f64::from(burst(self.per_s).get())
    }

    /// Changes the rate. A limiter cannot take over what another one knows of the past (it would stand still for
    /// seconds), so there is a fresh one, whose burst is taken away: the last one's may have been used.
    fn change(&mut self, per_s: f64) {
        if self.per_s.to_bits() == per_s.to_bits() {
            return;
        }
        self.per_s = per_s;
        let burst = burst(per_s);
        let sent_per_s = per_s.min(self.job_per_s * SENT_OF_RATE);
        self.limiter = limiter(sent_per_s, burst, &self.clock);
        let is_taken = self.limiter.check_n(burst).is_ok_and(|taken| taken.is_ok());
        debug_assert!(is_taken, "a fresh limiter has its burst");
    }

    /// Takes a place at this rate, or returns when there is one.
    fn take(&mut self, now: Instant, per_s: f64) -> Result<(), Instant> {
        if per_s < self.per_s {
            self.change(per_s);
        }
        match self.limiter.check() {
            Ok(()) => {
                // A higher rate begins with a place that was taken, so that nothing is lost between two limiters.
                self.change(per_s);
                Ok(())
            }
            Err(not_until) => {
                let then = now + not_until.wait_time_from(self.clock.now());
                let sooner = now + interval(per_s);
                if sooner < then {
                    self.change(per_s);
                }
                Err(then.min(sooner))
            }
        }
    }
}

/// A rate is reported once it is so far from the one reported last, and this much time has passed since.
const TELL_PART: f64 = 0.25;
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The rate: the job's, or a lower one.
#[derive(Debug)]
struct Speed {
    adaptive: AdaptiveRate,
    announced: AnnouncedLimit,
    rate: Rate,
    /// The rate that was reported last, and when.
    told_per_s: f64,
    told_at: Option<Instant>,
}

/// The state behind the lock: all that decides about the head of the line.
#[derive(Debug)]
struct Ways {
    breaker: CircuitBreaker,
    budget: RetryBudget,
    is_budget_told: bool,
    speed: Speed,
    in_flight: u32,
    /// Decides nothing: it is here since this is locked at each step anyway.
    recorder: Recorder,
}

impl Speed {
    fn new(job_per_s: f64, now: Instant) -> Self {
        Self {
            adaptive: AdaptiveRate::new(job_per_s, now),
            announced: AnnouncedLimit::new(now),
            rate: Rate::new(job_per_s, TokioClock { origin: now }),
            told_per_s: job_per_s,
            told_at: None,
        }
    }

    fn sent(&mut self, now: Instant) {
        self.adaptive.sent(now);
        self.announced.sent();
    }

    fn per_s(&self) -> f64 {
        let announced = self.announced.per_s();
        announced.map_or(self.adaptive.per_s(), |per_s| {
            per_s.min(self.adaptive.per_s())
        })
    }

    /// Takes a place in the rate, or returns when there is one.
    fn take_place(&mut self, now: Instant) -> Result<(), Instant> {
        self.announced.expire(now);
        self.adaptive.raise(now);
        let not_before = self.announced.not_before();
        if not_before > now {
            return Err(not_before);
        }
        let per_s = self.per_s();
        self.rate.take(now, per_s)
    }

    /// Returns the event of a rate that is noticeably another.
    fn take_pace(&mut self, now: Instant, concurrency: u32) -> Option<Event> {
        let (per_s, told_per_s) = (self.per_s(), self.told_per_s);
        let is_back = per_s >= self.rate.job_per_s && told_per_s < per_s;
        let is_far = (per_s - told_per_s).abs() > told_per_s * TELL_PART;
        let is_early = self.told_at.is_some_and(|at| now < at + TELL_EVERY);
        if is_early || !is_far && !is_back {
            return None;
        }
        self.told_per_s = per_s;
        self.told_at = Some(now);
        let why = match () {
            () if per_s > told_per_s => "the server takes more again",
            () if per_s < self.adaptive.per_s() => "the server announces its limit",
            () => "the server refuses more",
        };
        Some(Event::Pace {
            rate_per_s: per_s,
            concurrency,
            why: why.to_owned(),
        })
    }
}

/// Gives out permits.
#[derive(Debug)]
pub(super) struct Pacer {
    slots: Arc<Semaphore>,
    concurrency: u32,
    line: tokio::sync::Mutex<()>,
    /// Retries wait for the budget in a separate line, so that first attempts continue.
    retry_line: tokio::sync::Mutex<()>,
    ways: Mutex<Ways>,
    changed: Notify,
    stop: StopSignal,
    events: Events,
}

/// From this rate on, two requests may go at once: timers wake in whole milliseconds, and what each wakes too late would
/// be lost, a hundredth of ten a second.
const TWO_FROM_PER_S: f64 = 10.0;

/// Returns how many requests may go at once after a rest: a hundredth of a second's worth, and one; from ten a second on
/// two at least.
///
/// No second holds more than the rate and this burst.
pub fn burst(rate_per_s: f64) -> NonZeroU32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the rate is positive and at most 1,000,000"
    )]
    let hundredth = (rate_per_s / 100.0) as u32;
    let least = u32::from(rate_per_s >= TWO_FROM_PER_S);
    NonZeroU32::MIN.saturating_add(hundredth.max(least))
}

impl Pacer {
    pub(super) fn new(sending: Sending, seed: u64, stop: StopSignal, events: Events) -> Arc<Self> {
        let now = Instant::now();
        let concurrency = sending.concurrency.get();
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(concurrency as usize)),
            concurrency,
            line: tokio::sync::Mutex::new(()),
            retry_line: tokio::sync::Mutex::new(()),
            ways: Mutex::new(Ways {
                breaker: CircuitBreaker::new(sending, seed),
                budget: RetryBudget::new(now),
                is_budget_told: false,
                speed: Speed::new(sending.rate_per_s, now),
                in_flight: 0,
                recorder: Recorder::new(now),
            }),
            changed: Notify::new(),
            stop,
            events,
        })
    }

    fn ways(&self) -> MutexGuard<'_, Ways> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the state, and emits the events that it leads to.
    fn in_ways<T>(&self, now: Instant, act: impl FnOnce(&mut Ways) -> T) -> T {
        let (done, events) = {
            let mut ways = self.ways();
            let done = act(&mut ways);
            let pace = ways.speed.take_pace(now, self.concurrency);
            (done, [ways.breaker.take_untold(), pace])
        };
        for event in events.into_iter().flatten() {
            event.log();
            self.events.tell(event);
        }
        done
    }

    /// Waits for leave to send one request.
    pub(super) async fn permit(self: &Arc<Self>, want: Want) -> Result<Permit, Stopped> {
        tokio::select! {
            biased;
            _ = self.stop.raised() => {
                self.ways().recorder.wait(Instant::now(), None);
                Err(Stopped)
            }
            permit = self.permit_unless_stopped(want) => permit,
        }
    }

    async fn permit_unless_stopped(self: &Arc<Self>, want: Want) -> Result<Permit, Stopped> {
        self.pay(want.cost).await;
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_| Stopped)?;
        let _head_of_line = self.line.lock().await;
        loop {
            let changed = self.changed.notified();
            let now = Instant::now();
            match self.turn(now, want) {
                Turn::Go(probe) => {
                    return Ok(Permit {
                        _slot: slot,
                        pacer: Arc::clone(self),
                        want,
                        probe,
                        sent_at: now,
                    });
                }
                Turn::SleepUntil(until) => tokio::select! {
                    () = tokio::time::sleep_until(until) => {}
                    () = changed => {}
                },
                Turn::AwaitChange => changed.await,
                Turn::GiveUp { lasted, last } => {
                    self.stop.raise(StopCause::Outage { lasted, last });
                    return Err(Stopped);
                }
            }
        }
    }

    /// Pays for an exchange, once the budget allows it.
    async fn pay(&self, cost: Cost) {
        let _head_of_line = match cost {
            Cost::Retry => Some(self.retry_line.lock().await),
            Cost::Free | Cost::Credit => None,
        };
        loop {
            let changed = self.changed.notified();
            let paid = self.ways().budget.pay(Instant::now(), cost);
            let Err(until) = paid else { return };
            self.tell_of_budget();
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = changed => {}
            }
        }
    }

    /// Reports, once in a run, that the budget is empty.
    fn tell_of_budget(&self) {
        let event = {
            let mut ways = self.ways();
            if std::mem::replace(&mut ways.is_budget_told, true) {
                return;
            }
            Event::Pace {
                rate_per_s: ways.speed.per_s(),
                concurrency: self.concurrency,
                why: "many responses are lost, so retries wait".to_owned(),
            }
        };
        event.log();
        self.events.tell(event);
    }

    /// Decides for the head of the line. Nothing is awaited between looking and taking.
    fn turn(&self, now: Instant, want: Want) -> Turn {
        self.in_ways(now, |ways| {
            let Ways {
                breaker,
                budget,
                speed,
                recorder,
                in_flight,
                ..
            } = ways;
            let turn = breaker.turn(now, want, || speed.take_place(now));
            let waits = matches!(turn, Turn::SleepUntil(_) | Turn::AwaitChange);
            recorder.wait(now, waits.then(|| breaker.wait(now)));
            if let Turn::Go(probe) = &turn {
                *in_flight += 1;
                speed.sent(now);
                if probe.is_some_and(|probe| probe.is_ping) {
                    budget.refund(want.cost);
                }
            }
            turn
        })
    }

    /// How requests have fared so far.
    pub(super) fn standing(&self) -> Standing {
        self.ways().breaker.standing()
    }

    /// Returns whether everyone is held back for the server's sake.
    pub(super) fn is_waiting(&self) -> bool {
        self.ways().breaker.is_waiting(Instant::now())
    }

    /// Returns how sending went since this was asked last.
    pub(super) fn take_timeline(&self) -> Timeline {
        self.ways().recorder.take(Instant::now())
    }

    /// Returns what may be sent at present.
    pub(super) fn pace(&self) -> Pace {
        let ways = self.ways();
        let Standing {
            served, refused, ..
        } = ways.breaker.standing();
        Pace {
            rate_per_s: ways.speed.per_s(),
            concurrency: self.concurrency,
            served,
            refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::circuit_breaker::OUTAGE_ENTRIES;
    use super::super::retry_budget::{CREATIONS_PER_RETRY, RETRIES_RESERVED, UNPAID_AFTER};
    use super::*;

    const FIRST: Want = Want {
        purpose: Purpose::Create,
        cost: Cost::Free,
    };
    const AGAIN: Want = Want {
        purpose: Purpose::Create,
        cost: Cost::Retry,
    };
    const LOOK: Want = Want {
        purpose: Purpose::LookUp,
        cost: Cost::Retry,
    };

    fn pacer(change: impl FnOnce(&mut Sending)) -> (Arc<Pacer>, StopSignal) {
        let mut sending = Sending {
            rate_per_s: 1_000.0,
            ..Sending::default()
        };
        change(&mut sending);
        let stop = StopSignal::default();
        (Pacer::new(sending, 7, stop.clone(), Events::none()), stop)
    }

    fn entry(n: u128) -> ImportId {
        ImportId(Uuid::from_u128(n))
    }

    /// One exchange that comes to this.
    async fn report(pacer: &Arc<Pacer>, n: u128, health: &Health) {
        let permit = pacer.permit(FIRST).await.expect("not stopped");
        permit.report(entry(n), health);
    }

    fn failing() -> Health {
        Health::Failing { what: "503".into() }
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_holds_more_than_the_rate_and_the_burst() {
        for rate in [1.0, 10.0, 200.0, 2_000.0] {
            let (pacer, _) = pacer(|sending| sending.rate_per_s = rate);
            let start = Instant::now();
            let mut times = Vec::new();
            while start.elapsed() < Duration::from_secs(4) {
                drop(pacer.permit(FIRST).await.expect("not stopped"));
                times.push(Instant::now());
            }
            let most = (0..times.len())
                .map(|first| {
                    let end = times[first] + Duration::from_secs(1);
                    times[first..]
                        .iter()
                        .take_while(|time| **time < end)
                        .count()
                })
                .max()
                .expect("some");
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let (most, all) = (most as f64, times.len() as f64);
            assert!(
                most <= rate + f64::from(burst(rate).get()),
                "{most} in one second at {rate}"
            );
            assert!(all >= 4.0 * rate * 0.98, "{all} in four seconds at {rate}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_rate_changes_no_second_holds_more_than_the_highest_within_it_and_its_burst()
    {
        let now = Instant::now();
        let mut rate = Rate::new(400.0, TokioClock { origin: now });
        let mut sent = Vec::new();
        for (per_s, lasts_ms) in [
            (400.0, 1_300),
            (90.0, 700),
            (250.0, 450),
            (12.0, 2_100),
            (399.0, 900),
        ] {
            let until = Instant::now() + Duration::from_millis(lasts_ms);
            while Instant::now() < until {
                match rate.take(Instant::now(), per_s) {
                    Ok(()) => sent.push((Instant::now(), per_s)),
                    Err(then) => tokio::time::sleep_until(then.min(until)).await,
                }
            }
        }
        for (first, (start, _)) in sent.iter().enumerate() {
            let end = *start + Duration::from_secs(1);
            let second = sent[first..].iter().take_while(|(time, _)| *time < end);
            let (count, highest) = second.fold((0.0, 0.0_f64), |(count, highest), (_, per_s)| {
                (count + 1.0, highest.max(*per_s))
            });
            let burst = f64::from(burst(highest).get());
            assert!(count <= highest + burst, "{count} in a second at {highest}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_after_holds_everyone() {
        let (pacer, _) = pacer(|_| {});
        let busy = Health::Busy {
            retry_after: Some(Duration::from_secs(9)),
            status: 429,
        };
        report(&pacer, 1, &busy).await;
        let start = Instant::now();
        drop(pacer.permit(FIRST).await.expect("not stopped"));
        assert_eq!(start.elapsed().as_secs(), 9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_after_beyond_the_limit_is_cut() {
        let (pacer, _) = pacer(|_| {});
        let busy = Health::Busy {
            retry_after: Some(Duration::from_secs(999_999)),
            status: 503,
        };
        report(&pacer, 1, &busy).await;
        let start = Instant::now();
        drop(pacer.permit(FIRST).await.expect("not stopped"));
        assert_eq!(start.elapsed(), RETRY_AFTER_MAX);
    }

    /// So many different entries failing that it is an outage.
    async fn fail_for_all(pacer: &Arc<Pacer>) {
        for n in 0..OUTAGE_ENTRIES as u128 {
            report(pacer, n, &failing()).await;
        }
    }

    async fn permit(pacer: &Arc<Pacer>, want: Want) -> Permit {
        pacer.permit(want).await.expect("not stopped")
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_lets_one_probe_through_at_a_time_and_ends_with_the_first_answer() {
        let (pacer, _) = pacer(|_| {});
        let straggler = permit(&pacer, FIRST).await;
        fail_for_all(&pacer).await;
        let ping = permit(&pacer, FIRST).await;
        assert!(ping.is_ping());
        // One that was sent before the outage fails only now.
        straggler.report(entry(7), &failing());
        drop(straggler);
        let second = tokio::time::timeout(Duration::from_mins(10), pacer.permit(FIRST)).await;
        assert!(second.is_err(), "a second probe went out beside the first");
        ping.report(entry(9), &Health::Serving);
        drop(ping);
        let probe = permit(&pacer, FIRST).await;
        assert!(probe.is_blameless() && !probe.is_ping());
        probe.report(entry(9), &Health::Serving);
        drop(probe);
        assert!(!permit(&pacer, FIRST).await.is_blameless());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_has_reported_does_not_end_the_next_one_when_it_is_dropped() {
        let (pacer, _) = pacer(|_| {});
        fail_for_all(&pacer).await;
        let first = permit(&pacer, FIRST).await;
        first.report(entry(1), &failing());
        let second = permit(&pacer, FIRST).await;
        drop(first);
        let third = tokio::time::timeout(Duration::from_mins(10), pacer.permit(FIRST)).await;
        assert!(third.is_err(), "a third probe went out beside the second");
        drop(second);
        assert!(permit(&pacer, FIRST).await.is_blameless());
    }

    #[tokio::test(start_paused = true)]
    async fn reads_go_first_in_an_outage_and_a_post_after_some_that_fail() {
        let (pacer, _) = pacer(|_| {});
        fail_for_all(&pacer).await;
        let mut sent = Vec::new();
        for _ in 0..8 {
            let probe = permit(&pacer, FIRST).await;
            sent.push(probe.is_ping());
            probe.report(entry(9), &failing());
        }
        let expected = [true, true, true, false, true, true, true, false];
        assert_eq!(
            sent, expected,
            "a list that is broken must not hide a POST that works"
        );
        // Where lists work, each POST that fails costs one read.
        permit(&pacer, FIRST)
            .await
            .report(entry(9), &Health::Serving);
        let post = permit(&pacer, FIRST).await;
        assert!(!post.is_ping());
        post.report(entry(9), &failing());
        drop(post);
        assert!(permit(&pacer, FIRST).await.is_ping());
    }

    #[tokio::test(start_paused = true)]
    async fn where_no_connection_is_made_nothing_comes_in_doubt_and_no_read_goes_first() {
        let (pacer, _) = pacer(|_| {});
        let refused = Health::Unreachable {
            what: "connection refused".into(),
        };
        report(&pacer, 1, &refused).await;
        let probe = permit(&pacer, FIRST).await;
        assert!(probe.is_blameless() && !probe.is_ping());
    }

    #[tokio::test(start_paused = true)]
    async fn retries_wait_while_the_budget_is_empty_and_first_attempts_go_on() {
        let (pacer, _) = pacer(|sending| {
            sending.rate_per_s = 10_000.0;
            sending.concurrency = NonZeroU32::MIN;
        });
        let start = Instant::now();
        for n in 0..RETRIES_RESERVED {
            let want = if n % 2 == 0 { AGAIN } else { LOOK };
            drop(permit(&pacer, want).await);
        }
        assert!(
            start.elapsed() < UNPAID_AFTER,
            "the reserve is there at once"
        );
        let waiting = tokio::spawn({
            let pacer = Arc::clone(&pacer);
            async move { permit(&pacer, AGAIN).await.sent_at }
        });
        // What is served and not created (a request that is rejected) pays for nothing.
        for n in 0..CREATIONS_PER_RETRY * 10 {
            report(&pacer, n.into(), &Health::Serving).await;
        }
        assert!(!waiting.is_finished() && !pacer.is_waiting());
        for n in 0..CREATIONS_PER_RETRY {
            report(&pacer, n.into(), &Health::Created).await;
        }
        let paid = waiting.await.expect("it is sent");
        assert!(paid - start < UNPAID_AFTER, "ten creations pay for a retry");
        let last = Instant::now();
        for n in 1..=3 {
            let unpaid = permit(&pacer, LOOK).await;
            assert!(unpaid.sent_at - last + Duration::from_millis(50) >= UNPAID_AFTER * n);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_earlier_run_left_behind_waits_for_no_budget() {
        let (pacer, _) = pacer(|_| {});
        for _ in 0..RETRIES_RESERVED {
            drop(permit(&pacer, LOOK).await);
        }
        for cost in [Cost::Free, Cost::Credit] {
            let want = Want { cost, ..LOOK };
            for _ in 0..100 {
                drop(permit(&pacer, want).await);
            }
        }
        assert!(!pacer.is_waiting());
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_pause_ends_the_run_although_a_request_was_served_when_it_had_begun() {
        let (pacer, stop) = pacer(|sending| sending.give_up_after = Duration::from_mins(2));
        let straggler = permit(&pacer, FIRST).await;
        let busy = Health::Busy {
            retry_after: Some(Duration::from_mins(10)),
            status: 429,
        };
        report(&pacer, 1, &busy).await;
        straggler.report(entry(2), &Health::Created);
        drop(straggler);
        let start = Instant::now();
        assert!(pacer.permit(FIRST).await.is_err() && stop.is_raised());
        assert!(start.elapsed() <= Duration::from_mins(2));
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_of_all_that_was_under_way_make_one_pause_and_no_refusal_makes_none() {
        let (pacer, _) = pacer(|_| {});
        for retry_after in [None, Some(Duration::ZERO)] {
            let busy = Health::Busy {
                retry_after,
                status: 429,
            };
            let mut under_way = Vec::new();
            for _ in 0..8 {
                under_way.push(pacer.permit(FIRST).await.expect("not stopped"));
            }
            for permit in under_way {
                permit.report(entry(1), &busy);
            }
            let start = Instant::now();
            let permit = pacer.permit(FIRST).await.expect("not stopped");
            let bound = Sending::default().initial_backoff + Duration::from_millis(1);
            assert!(!start.elapsed().is_zero() && start.elapsed() <= bound);
            permit.report(entry(1), &Health::Serving);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_asks_for_time_without_end_stops_the_run() {
        for seconds in [0, 1, 500] {
            let (pacer, stop) = pacer(|sending| sending.give_up_after = Duration::from_mins(2));
            let busy = Health::Busy {
                retry_after: Some(Duration::from_secs(seconds)),
                status: 429,
            };
            let start = Instant::now();
            let mut count = 0;
            while let Ok(permit) = pacer.permit(FIRST).await {
                permit.report(entry(1), &busy);
                count += 1;
            }
            assert!(stop.is_raised());
            assert!(count <= 130, "{count} requests");
            assert_eq!(start.elapsed().as_secs(), 120);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_entry_that_fails_again_and_again_is_no_outage() {
        let (pacer, _) = pacer(|_| {});
        for _ in 0..50 {
            report(&pacer, 1, &failing()).await;
        }
        assert!(
            !pacer
                .permit(FIRST)
                .await
                .expect("not stopped")
                .is_blameless()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_that_lasts_too_long_stops_the_run() {
        let (pacer, stop) = pacer(|sending| sending.give_up_after = Duration::from_mins(2));
        let start = Instant::now();
        let refused = Health::Unreachable {
            what: "connection refused".into(),
        };
        report(&pacer, 1, &refused).await;
        while let Ok(probe) = pacer.permit(FIRST).await {
            assert!(probe.is_blameless());
            probe.report(entry(1), &refused);
        }
        assert!(
            matches!(stop.cause(), Some(StopCause::Outage { .. })),
            "{:?}",
            stop.cause()
        );
        assert_eq!(start.elapsed().as_secs(), 120);
    }
}
