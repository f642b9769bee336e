//! When something may be sent: rate, concurrency and the server's own wishes, made into one [`Permit`].
//!
//! Requests stand in one line. Whoever is at its head waits for the gate (`gate`: a pause the server asked
//! for, or an outage with its single probe) and then for the rate. Rate and number at once are the job's, or less where
//! the server bears less (`capacity`). It knows nothing of what is sent.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::capacity::{Capacity, Stamp};
use super::ceiling::Fared;
use super::gate::{Gate, Health, Probe, Purpose, Standing, Turn, Want};
use super::limits::Limits;
use crate::entry::ImportId;
use crate::event::Events;
use crate::plan::Sending;
use crate::stop::{StopCause, StopSignal};
use crate::timeline::{Fate, Recorder, Timeline};

/// The run is ending: nothing more is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// What may be sent at present, and how it has fared.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The most requests in a second.
    pub rate_per_s: f64,
    /// The most requests at once.
    pub concurrency: u32,
    /// Requests to create that were served so far.
    pub served: u64,
    /// Requests to create that were answered 429, or 503 with Retry-After.
    pub refused: u64,
}

/// Leave to send one request now. Given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    slot: Option<OwnedSemaphorePermit>,
    pacer: Arc<Pacer>,
    want: Want,
    going: Going,
}

/// What is known of a request that goes.
#[derive(Clone, Copy, Debug)]
struct Going {
    probe: Option<Probe>,
    stamp: Stamp,
}

impl Permit {
    /// Everybody fails at present: its failure says nothing of the entry.
    pub(super) fn is_blameless(&self) -> bool {
        self.going.probe.is_some_and(|probe| probe.is_blameless)
    }

    /// To be spent on a GET, to see whether the server is back; the POST then needs another.
    pub(super) fn is_ping(&self) -> bool {
        self.going.probe.is_some_and(|probe| probe.is_ping)
    }

    /// Takes note of what the exchange told of the server.
    pub(super) fn report(&self, entry: ImportId, health: &Health) {
        let purpose = if self.is_ping() {
            Purpose::LookUp
        } else {
            self.want.purpose
        };
        let (now, pacer) = (Instant::now(), &self.pacer);
        let Going { probe, stamp } = self.going;
        pacer.in_ways(now, |Ways { gate, capacity, .. }| {
            let is_created = *health == Health::Created;
            let is_trouble = matches!(health, Health::Busy { .. } | Health::Failing { .. });
            let is_serving = is_trouble && capacity.is_serving(now);
            if let Some(fared) = fared(health, is_serving) {
                capacity.answered(now, stamp, fared, is_created);
            }
            gate.report(now, probe, entry, purpose, health, is_serving);
        });
        pacer.changed.notify_waiters();
    }

    /// Takes note of what an attempt came to, for the report; `latency` is that of an answer.
    pub(super) fn record(
        &self,
        now: Instant,
        fate: Fate,
        latency: Option<Duration>,
        reason: Option<Cow<'_, str>>,
    ) {
        let mut ways = self.pacer.ways();
        ways.recorder.attempted(now, fate, latency, reason);
    }

    /// Takes note of a look-up, for the report.
    pub(super) fn record_lookup(&self) {
        self.pacer.ways().recorder.looked_up(Instant::now());
    }

    /// Takes note of what the server says of its limits.
    pub(super) fn heed(&self, limits: &Limits) {
        let (now, pacer) = (Instant::now(), &self.pacer);
        let under_way = pacer.under_way.load(Ordering::Relaxed);
        pacer.in_ways(now, |Ways { gate, capacity, .. }| {
            if let Some(wait) = capacity.heed(now, limits, under_way) {
                gate.rest(now, wait);
            }
        });
    }
}

/// What an exchange says of the server's capacity. What is not served says something of it only while others are: else
/// it is for the gate, which waits.
fn fared(health: &Health, is_serving: bool) -> Option<Fared> {
    match health {
        Health::Serving | Health::Created => Some(Fared::Served),
        Health::Busy { retry_after, .. } => {
            is_serving.then_some(Fared::Refused(retry_after.unwrap_or_default()))
        }
        Health::Failing { .. } => is_serving.then_some(Fared::Failed),
        Health::Unreachable { .. } => None,
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let pacer = &self.pacer;
        pacer.under_way.fetch_sub(1, Ordering::Relaxed);
        if let Some(slot) = self.slot.take()
            && take_one(&pacer.surplus)
        {
            slot.forget();
        }
        if let Some(probe) = self.going.probe {
            pacer.ways().gate.drop_probe(probe);
            pacer.changed.notify_waiters();
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

/// What is sent of the job's rate: what leaves evenly arrives unevenly, by some thousandths of a second, and no second
/// shall hold more where it arrives either.
const SENT_OF_RATE: f64 = 0.997;

fn limiter(per_s: f64, burst: NonZeroU32, clock: &TokioClock) -> Limiter {
    let between = Duration::from_secs_f64(1.0 / per_s);
    let quota = Quota::with_period(between)
        .expect("the rate is finite and above zero")
        .allow_burst(burst);
    RateLimiter::direct_with_clock(quota, clock.clone())
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

    /// Goes over to another rate. What a limiter knows of the past cannot be taken over to another (it would stand still
    /// for seconds), so there is a fresh one, whose burst is taken away: the last one's may have been used.
    fn follow(&mut self, per_s: f64) {
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

    /// Takes a place, or says when there is one.
    fn take(&self, now: Instant) -> Result<(), Instant> {
        let taken = self.limiter.check();
        taken.map_err(|not_until| now + not_until.wait_time_from(self.clock.now()))
    }
}

/// All that decides about the head of the line.
#[derive(Debug)]
struct Ways {
    gate: Gate,
    capacity: Capacity,
    rate: Rate,
    /// Places that there are, those that are to be given up included.
    places: u32,
    /// Decides nothing: it lies here since this is locked at each step anyway.
    recorder: Recorder,
}

/// Gives out permits.
#[derive(Debug)]
pub(super) struct Pacer {
    slots: Arc<Semaphore>,
    /// Slots that are taken and not given back when they come free, since fewer are to be under way at once.
    surplus: AtomicU32,
    under_way: AtomicU32,
    line: tokio::sync::Mutex<()>,
    ways: Mutex<Ways>,
    changed: Notify,
    stop: StopSignal,
    events: Events,
}

/// From so many a second on two may go at once: timers wake in whole milliseconds, and what each wakes too late would
/// be lost, a hundredth of ten a second.
const TWO_FROM_PER_S: f64 = 10.0;

/// Requests that may go at once after a rest: a hundredth of a second's worth, and one; from ten a second on two at least.
///
/// In no second are there more than the rate and this burst.
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
        let places = sending.concurrency.get();
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(places as usize)),
            surplus: AtomicU32::new(0),
            under_way: AtomicU32::new(0),
            line: tokio::sync::Mutex::new(()),
            ways: Mutex::new(Ways {
                gate: Gate::new(sending, seed),
                capacity: Capacity::new(&sending, now),
                rate: Rate::new(sending.rate_per_s, TokioClock { origin: now }),
                places,
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

    /// Does something with what decides, and tells what is to be told of it.
    fn in_ways<T>(&self, now: Instant, act: impl FnOnce(&mut Ways) -> T) -> T {
        let (done, waiting, pace) = {
            let mut ways = self.ways();
            let done = act(&mut ways);
            let wanted = ways.capacity.concurrency();
            self.fit_places(&mut ways, wanted);
            (
                done,
                ways.gate.take_untold(),
                ways.capacity.take_untold(now),
            )
        };
        if let Some(event) = waiting {
            event.log();
            self.events.tell(event);
        }
        if let Some(event) = pace {
            event.log();
            self.events.tell(event);
        }
        done
    }

    /// Makes so many places. Those that are taken go when they come free.
    fn fit_places(&self, ways: &mut Ways, wanted: u32) {
        let present = std::mem::replace(&mut ways.places, wanted);
        if wanted < present {
            let fewer = present - wanted;
            let free = self.slots.forget_permits(fewer as usize);
            let taken = fewer - u32::try_from(free).unwrap_or(fewer);
            self.surplus.fetch_add(taken, Ordering::Relaxed);
        }
        for _ in present..wanted {
            if !take_one(&self.surplus) {
                self.slots.add_permits(1);
            }
        }
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
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_| Stopped)?;
        let _head_of_line = self.line.lock().await;
        loop {
            let changed = self.changed.notified();
            match self.turn(want) {
                Turn::Go(going) => {
                    return Ok(Permit {
                        slot: Some(slot),
                        pacer: Arc::clone(self),
                        want,
                        going,
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

    /// Decides for the head of the line. Nothing is awaited between looking and taking.
    fn turn(&self, want: Want) -> Turn<Going> {
        let now = Instant::now();
        self.in_ways(now, |ways| {
            let Ways {
                gate,
                capacity,
                rate,
                recorder,
                ..
            } = ways;
            let turn = gate.turn(now, want, || {
                capacity.turn(now);
                rate.follow(capacity.per_s());
                match capacity.not_before() {
                    then if then > now => Err(then),
                    _ => rate.take(now),
                }
            });
            let waits = matches!(turn, Turn::SleepUntil(_) | Turn::AwaitChange);
            recorder.wait(now, waits.then(|| gate.wait(now)));
            turn.map(|probe| {
                let under_way = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
                Going {
                    probe,
                    stamp: capacity.sent(now, under_way),
                }
            })
        })
    }

    /// How requests have fared so far.
    pub(super) fn standing(&self) -> Standing {
        self.ways().gate.standing()
    }

    /// Whether everyone is held back for the server's sake.
    pub(super) fn is_waiting(&self) -> bool {
        self.ways().gate.is_waiting(Instant::now())
    }

    /// How sending went since this was asked last.
    pub(super) fn take_timeline(&self) -> Timeline {
        self.ways().recorder.take(Instant::now())
    }

    /// What may be sent at present.
    pub(super) fn pace(&self) -> Pace {
        let ways = self.ways();
        let Standing {
            served, refused, ..
        } = ways.gate.standing();
        Pace {
            rate_per_s: ways.capacity.per_s(),
            concurrency: ways.capacity.concurrency(),
            served,
            refused,
        }
    }
}

/// Takes one of a number, if there is one.
fn take_one(number: &AtomicU32) -> bool {
    // Nearly always there is none.
    number.load(Ordering::Relaxed) > 0
        && number
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| {
                number.checked_sub(1)
            })
            .is_ok()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::gate::{
        CREATIONS_PER_RETRY, Cost, OUTAGE_ENTRIES, RETRIES_RESERVED, RETRY_AFTER_MAX,
    };
    use super::*;
    use crate::event::Event;

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
            rate.follow(per_s);
            let until = Instant::now() + Duration::from_millis(lasts_ms);
            while Instant::now() < until {
                match rate.take(Instant::now()) {
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
    async fn fewer_places_at_once_are_made_as_they_come_free_and_more_at_once() {
        let (pacer, _) = pacer(|_| {});
        let mut held = Vec::new();
        for _ in 0..6 {
            held.push(permit(&pacer, FIRST).await);
        }
        // Eight places, six of them taken: two go at once, two when they come free.
        pacer.fit_places(&mut pacer.ways(), 4);
        assert_eq!(pacer.slots.available_permits(), 0);
        held.truncate(4);
        assert_eq!(pacer.slots.available_permits(), 0);
        held.truncate(3);
        assert_eq!(pacer.slots.available_permits(), 1);
        // The capacity still bears eight.
        pacer.in_ways(Instant::now(), |_| {});
        assert_eq!(pacer.slots.available_permits(), 5);
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
    async fn retries_are_paid_by_creations_and_the_run_pauses_while_the_budget_is_empty() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let events = Events::to(move |event| listener.lock().expect("no panic").push(event));
        let sending = Sending {
            rate_per_s: 1_000.0,
            initial_backoff: Duration::from_mins(1),
            ..Sending::default()
        };
        let pacer = Pacer::new(sending, 7, StopSignal::default(), events);
        let start = Instant::now();
        for n in 0..RETRIES_RESERVED {
            let want = if n % 2 == 0 { AGAIN } else { LOOK };
            drop(permit(&pacer, want).await);
        }
        // What is sent for the first time is free.
        drop(permit(&pacer, FIRST).await);
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "the reserve is there at once"
        );
        assert!(!pacer.is_waiting());
        let retry = permit(&pacer, AGAIN).await;
        assert!(start.elapsed() > Duration::from_secs(1), "it waited");
        assert!(
            !retry.is_blameless(),
            "a server that fails in part excuses nobody"
        );
        let told = heard.lock().expect("no panic").clone();
        assert!(
            matches!(&told[..], [Event::Waiting { why, .. }] if why.contains("retries wait")),
            "{told:?}"
        );
        // What is served and not created (a request that is rejected) pays for nothing.
        retry.report(entry(1), &Health::Serving);
        drop(retry);
        for n in 0..u128::from(CREATIONS_PER_RETRY) {
            report(&pacer, n, &Health::Created).await;
        }
        let before = Instant::now();
        drop(permit(&pacer, AGAIN).await);
        assert!(
            before.elapsed() < Duration::from_secs(1),
            "ten creations pay for a retry"
        );
        let later = tokio::time::timeout(Duration::from_millis(900), pacer.permit(LOOK)).await;
        assert!(later.is_err(), "and for one only");
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
    async fn a_server_that_fails_in_part_is_given_up_only_when_it_serves_nothing() {
        let (pacer, stop) = pacer(|sending| sending.give_up_after = Duration::from_mins(2));
        for _ in 0..RETRIES_RESERVED {
            drop(permit(&pacer, LOOK).await);
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_mins(20) {
            permit(&pacer, LOOK)
                .await
                .report(entry(1), &Health::Serving);
        }
        while let Ok(permit) = pacer.permit(LOOK).await {
            permit.report(entry(1), &failing());
        }
        assert!(stop.is_raised());
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
