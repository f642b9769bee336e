//! When something may be sent: rate, concurrency and the server's own wishes, made into one [`Permit`].
//!
//! Requests stand in one line. Whoever is at its head waits for the gate (a pause the server asked for,
//! or an outage with its single probe) and then for the rate. It knows nothing of what is sent.

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

use super::backoff::Backoff;
use crate::entry::ImportId;
use crate::event::{Event, Events};
use crate::plan::Sending;
use crate::stop::{StopCause, StopSignal};

/// So many different entries failing in a row, with no answer to anyone between, are an outage.
const OUTAGE_ENTRIES: usize = 5;
/// The longest pause that one Retry-After can ask for; after it the server is asked again.
pub const RETRY_AFTER_MAX: Duration = Duration::from_mins(10);
/// Pauses shorter than this are not worth telling a person.
const TELL_FROM: Duration = Duration::from_millis(900);

/// What an exchange told of the server's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It answered as a server does that works.
    Serving,
    /// It asked to be left alone for a while (429, 503 with Retry-After).
    Busy {
        /// For how long, if it said so.
        retry_after: Option<Duration>,
        /// The HTTP status.
        status: u16,
    },
    /// It did not serve this one (5xx, timeout, broken connection).
    Failing {
        /// What was seen.
        what: String,
    },
    /// Nothing is there to answer (connection refused, no such host, TLS).
    Unreachable {
        /// What was seen.
        what: String,
    },
}

/// What an exchange was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A POST.
    Create,
    /// A GET.
    LookUp,
}

/// The run is ending: nothing more is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// Leave to send one request now. Given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _slot: OwnedSemaphorePermit,
    pacer: Arc<Pacer>,
    /// The number of the probe that it is for.
    probe: Option<u64>,
}

impl Permit {
    /// Sent to see whether an outage is over: its failure says nothing of the entry.
    pub(super) const fn is_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// Takes note of what the exchange told of the server.
    pub(super) fn report(&self, entry: ImportId, purpose: Purpose, health: &Health) {
        self.pacer.report(self.probe, entry, purpose, health);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_probe() {
            // A probe that ended without a report (its run was stopped) must not close the gate for good.
            if let Some(outage) = &mut self.pacer.gate().outage {
                outage.end_probe(self.probe);
            }
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

#[derive(Debug)]
struct Outage {
    next_probe: Instant,
    /// The number of the probe under way.
    probe: Option<u64>,
    what: String,
}

impl Outage {
    /// Notes the end of a probe, and says whether it was the one under way.
    fn end_probe(&mut self, probe: Option<u64>) -> bool {
        let is_ours = probe.is_some() && self.probe == probe;
        if is_ours {
            self.probe = None;
        }
        is_ours
    }
}

#[derive(Debug)]
struct Gate {
    paused_until: Option<Instant>,
    outage: Option<Outage>,
    /// Since when requests are held back with nobody served between.
    unserved_since: Option<Instant>,
    /// Which entries have failed since somebody was served.
    failed: Vec<ImportId>,
    /// How many POSTs were served.
    served: u64,
    /// How many probes were sent.
    probes: u64,
    backoff: Backoff,
    /// A wait was told, its end was not.
    is_told: bool,
}

/// What the head of the line has to do.
enum Turn {
    Go { probe: Option<u64> },
    SleepUntil(Instant),
    AwaitChange,
    GiveUp { lasted: Duration, last: String },
}

/// Gives out permits.
#[derive(Debug)]
pub(super) struct Pacer {
    slots: Arc<Semaphore>,
    line: tokio::sync::Mutex<()>,
    limiter: Limiter,
    clock: TokioClock,
    gate: Mutex<Gate>,
    changed: Notify,
    stop: StopSignal,
    events: Events,
    sending: Sending,
    seed: u64,
}

/// Requests that may go at once after a rest: a hundredth of a second's worth, and one.
///
/// In no second are there more than the rate and this burst.
pub fn burst(rate_per_s: f64) -> NonZeroU32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the rate is positive and at most 10,000"
    )]
    let hundredth = (rate_per_s / 100.0) as u32;
    NonZeroU32::MIN.saturating_add(hundredth)
}

impl Pacer {
    pub(super) fn new(sending: Sending, seed: u64, stop: StopSignal, events: Events) -> Arc<Self> {
        let clock = TokioClock {
            origin: Instant::now(),
        };
        let between = Duration::from_secs_f64(1.0 / sending.rate_per_s);
        let quota = Quota::with_period(between)
            .expect("the rate is finite and above zero")
            .allow_burst(burst(sending.rate_per_s));
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(sending.concurrency.get() as usize)),
            line: tokio::sync::Mutex::new(()),
            limiter: RateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
            gate: Mutex::new(Gate {
                paused_until: None,
                outage: None,
                unserved_since: None,
                failed: Vec::new(),
                served: 0,
                probes: 0,
                backoff: Backoff::new(sending.initial_backoff, sending.max_backoff, seed),
                is_told: false,
            }),
            changed: Notify::new(),
            stop,
            events,
            sending,
            seed,
        })
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for leave to send one request.
    pub(super) async fn permit(self: &Arc<Self>) -> Result<Permit, Stopped> {
        tokio::select! {
            biased;
            _ = self.stop.raised() => Err(Stopped),
            permit = self.permit_unless_stopped() => permit,
        }
    }

    async fn permit_unless_stopped(self: &Arc<Self>) -> Result<Permit, Stopped> {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_| Stopped)?;
        let _head_of_line = self.line.lock().await;
        loop {
            let changed = self.changed.notified();
            match self.turn() {
                Turn::Go { probe } => {
                    return Ok(Permit {
                        _slot: slot,
                        pacer: Arc::clone(self),
                        probe,
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
    fn turn(&self) -> Turn {
        let now = Instant::now();
        let mut guard = self.gate();
        let gate = &mut *guard;
        let unserved_since = gate.unserved_since.filter(|_| gate.is_waiting(now));
        let deadline = unserved_since.map(|since| since + self.sending.give_up_after);
        if let (Some(since), Some(deadline)) = (unserved_since, deadline)
            && deadline <= now
        {
            let last = gate.outage.as_ref().map_or_else(
                || "it keeps asking to be left alone".to_owned(),
                |outage| outage.what.clone(),
            );
            return Turn::GiveUp {
                lasted: now - since,
                last,
            };
        }
        let until =
            |then: Instant| Turn::SleepUntil(deadline.map_or(then, |deadline| deadline.min(then)));
        if let Some(end) = gate.paused_until.filter(|end| *end > now) {
            return until(end);
        }
        match &gate.outage {
            Some(outage) if outage.probe.is_some() => return Turn::AwaitChange,
            Some(outage) if outage.next_probe > now => return until(outage.next_probe),
            _ => {}
        }
        if let Err(not_until) = self.limiter.check() {
            return Turn::SleepUntil(now + not_until.wait_time_from(self.clock.now()));
        }
        if let Some(outage) = &mut gate.outage {
            gate.probes += 1;
            outage.probe = Some(gate.probes);
            return Turn::Go {
                probe: outage.probe,
            };
        }
        if std::mem::take(&mut gate.is_told) {
            drop(guard);
            self.events.tell(Event::Resumed);
        }
        Turn::Go { probe: None }
    }

    /// How many POSTs were served so far.
    pub(super) fn served(&self) -> u64 {
        self.gate().served
    }

    /// Whether everyone is held back for the server's sake.
    pub(super) fn is_waiting(&self) -> bool {
        self.gate().is_waiting(Instant::now())
    }

    fn report(&self, probe: Option<u64>, entry: ImportId, purpose: Purpose, health: &Health) {
        let now = Instant::now();
        let mut gate = self.gate();
        let told = match (health, purpose) {
            (Health::Serving, Purpose::Create) => {
                gate.served += 1;
                gate.failed.clear();
                gate.unserved_since = None;
                gate.outage = None;
                gate.paused_until = gate.paused_until.filter(|until| *until > now);
                if gate.paused_until.is_none() {
                    gate.backoff = self.fresh_backoff();
                }
                None
            }
            // Lists that work say nothing of whether requests can be created again.
            (Health::Serving, Purpose::LookUp) => {
                match &mut gate.outage {
                    Some(outage) => drop(outage.end_probe(probe)),
                    None => gate.unserved_since = None,
                }
                None
            }
            (
                Health::Busy {
                    retry_after,
                    status,
                },
                _,
            ) => {
                if let Some(outage) = &mut gate.outage {
                    outage.end_probe(probe);
                }
                let until = gate.pause(now, *retry_after);
                Some((
                    format!("the server asked for a pause ({status})"),
                    until - now,
                ))
            }
            (Health::Failing { what }, purpose) => {
                let is_new = purpose == Purpose::Create && !gate.failed.contains(&entry);
                if is_new && gate.failed.len() < OUTAGE_ENTRIES {
                    gate.failed.push(entry);
                }
                let is_outage = gate.outage.is_some() || gate.failed.len() >= OUTAGE_ENTRIES;
                is_outage.then(|| gate.close(now, probe, what)).flatten()
            }
            (Health::Unreachable { what }, _) => gate.close(now, probe, what),
        };
        let told = told.filter(|(_, wait)| *wait >= TELL_FROM);
        if told.is_some() {
            gate.is_told = true;
        }
        drop(gate);
        self.changed.notify_waiters();
        if let Some((why, at_most)) = told {
            tracing::info!(why, at_most_ms = at_most.as_millis(), "waiting");
            self.events.tell(Event::Waiting { why, at_most });
        }
    }

    fn fresh_backoff(&self) -> Backoff {
        Backoff::new(
            self.sending.initial_backoff,
            self.sending.max_backoff,
            self.seed,
        )
    }
}

impl Gate {
    /// Whether requests are held back for the server's sake.
    fn is_waiting(&self, now: Instant) -> bool {
        self.outage.is_some() || self.paused_until.is_some_and(|until| until > now)
    }

    /// Begins a pause, or makes the present one longer, and says when it ends.
    fn pause(&mut self, now: Instant, retry_after: Option<Duration>) -> Instant {
        self.unserved_since.get_or_insert(now);
        let present = self.paused_until.filter(|end| *end > now);
        let end = match (retry_after, present) {
            (Some(wait), _) if !wait.is_zero() => now + wait.min(RETRY_AFTER_MAX),
            // Those who were under way when the pause began are told the same; it is one refusal, not many.
            (_, Some(end)) => end,
            // "Come back now" is said by servers that then refuse again: without a wait this would spin.
            (_, None) => now + self.backoff.next_delay(),
        };
        *self
            .paused_until
            .insert(present.map_or(end, |present| present.max(end)))
    }

    /// Begins an outage, or notes that its probe has failed: one probe at a time, further and further apart.
    /// Those who were under way when the outage began fail too; they change nothing.
    fn close(
        &mut self,
        now: Instant,
        probe: Option<u64>,
        what: &str,
    ) -> Option<(String, Duration)> {
        if let Some(outage) = &mut self.outage
            && !outage.end_probe(probe)
        {
            return None;
        }
        let wait = self.backoff.next_delay();
        let since = *self.unserved_since.get_or_insert(now);
        self.outage = Some(Outage {
            next_probe: now + wait,
            probe: None,
            what: what.to_owned(),
        });
        let lasted = (now - since).as_secs();
        Some((
            format!("the server is out of order since {lasted} s ({what})"),
            wait,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

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
        let permit = pacer.permit().await.expect("not stopped");
        permit.report(entry(n), Purpose::Create, health);
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
                drop(pacer.permit().await.expect("not stopped"));
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
    async fn a_retry_after_holds_everyone() {
        let (pacer, _) = pacer(|_| {});
        let busy = Health::Busy {
            retry_after: Some(Duration::from_secs(9)),
            status: 429,
        };
        report(&pacer, 1, &busy).await;
        let start = Instant::now();
        drop(pacer.permit().await.expect("not stopped"));
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
        drop(pacer.permit().await.expect("not stopped"));
        assert_eq!(start.elapsed(), RETRY_AFTER_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_lets_one_probe_through_at_a_time_and_ends_with_the_first_answer() {
        let (pacer, _) = pacer(|_| {});
        let straggler = pacer.permit().await.expect("not stopped");
        for n in 0..5 {
            report(&pacer, n, &failing()).await;
        }
        let probe = pacer.permit().await.expect("not stopped");
        assert!(probe.is_probe());
        // One that was sent before the outage fails only now.
        straggler.report(entry(7), Purpose::Create, &failing());
        drop(straggler);
        let second = tokio::time::timeout(Duration::from_mins(10), pacer.permit()).await;
        assert!(second.is_err(), "a second probe went out beside the first");
        probe.report(entry(9), Purpose::Create, &Health::Serving);
        drop(probe);
        assert!(!pacer.permit().await.expect("not stopped").is_probe());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_has_reported_does_not_end_the_next_one_when_it_is_dropped() {
        let (pacer, _) = pacer(|_| {});
        for n in 0..5 {
            report(&pacer, n, &failing()).await;
        }
        let first = pacer.permit().await.expect("not stopped");
        first.report(entry(1), Purpose::Create, &failing());
        let second = pacer.permit().await.expect("not stopped");
        drop(first);
        let third = tokio::time::timeout(Duration::from_mins(10), pacer.permit()).await;
        assert!(third.is_err(), "a third probe went out beside the second");
        drop(second);
        assert!(pacer.permit().await.expect("not stopped").is_probe());
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
                under_way.push(pacer.permit().await.expect("not stopped"));
            }
            for permit in under_way {
                permit.report(entry(1), Purpose::Create, &busy);
            }
            let start = Instant::now();
            let permit = pacer.permit().await.expect("not stopped");
            let bound = Sending::default().initial_backoff + Duration::from_millis(1);
            assert!(!start.elapsed().is_zero() && start.elapsed() <= bound);
            permit.report(entry(1), Purpose::Create, &Health::Serving);
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
            while let Ok(permit) = pacer.permit().await {
                permit.report(entry(1), Purpose::Create, &busy);
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
        assert!(!pacer.permit().await.expect("not stopped").is_probe());
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_that_lasts_too_long_stops_the_run() {
        let (pacer, stop) = pacer(|sending| sending.give_up_after = Duration::from_mins(2));
        let start = Instant::now();
        let refused = Health::Unreachable {
            what: "connection refused".into(),
        };
        report(&pacer, 1, &refused).await;
        while let Ok(probe) = pacer.permit().await {
            assert!(probe.is_probe());
            probe.report(entry(1), Purpose::Create, &refused);
        }
        assert!(
            matches!(stop.cause(), Some(StopCause::Outage { .. })),
            "{:?}",
            stop.cause()
        );
        assert_eq!(start.elapsed().as_secs(), 120);
    }
}
