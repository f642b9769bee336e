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
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);
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
    /// Sent to see whether an outage is over: its failure says nothing of the entry.
    pub(super) is_probe: bool,
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_probe {
            // A probe that ended without a report (its run was stopped) must not close the gate for good.
            if let Some(outage) = &mut self.pacer.gate().outage {
                outage.is_probing = false;
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
    is_probing: bool,
    what: String,
}

#[derive(Debug)]
struct Gate {
    paused_until: Option<Instant>,
    outage: Option<Outage>,
    /// Since when nobody was served, and which entries have failed since.
    unserved_since: Option<Instant>,
    failed: Vec<ImportId>,
    backoff: Backoff,
    /// A wait was told, its end was not.
    is_told: bool,
}

/// What the head of the line has to do.
enum Turn {
    Go { is_probe: bool },
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
                Turn::Go { is_probe } => {
                    return Ok(Permit {
                        _slot: slot,
                        pacer: Arc::clone(self),
                        is_probe,
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
        let mut gate = self.gate();
        if let Some(since) = gate.unserved_since
            && gate.is_waiting(now)
            && now.duration_since(since) >= self.sending.give_up_after
        {
            let last = gate.outage.as_ref().map_or_else(
                || "it keeps asking to be left alone".to_owned(),
                |outage| outage.what.clone(),
            );
            return Turn::GiveUp {
                lasted: now.duration_since(since),
                last,
            };
        }
        if let Some(until) = gate.paused_until.filter(|until| *until > now) {
            return Turn::SleepUntil(until);
        }
        let is_probe = match &gate.outage {
            Some(outage) if outage.is_probing => return Turn::AwaitChange,
            Some(outage) if outage.next_probe > now => return Turn::SleepUntil(outage.next_probe),
            Some(_) => true,
            None => false,
        };
        if let Err(not_until) = self.limiter.check() {
            return Turn::SleepUntil(now + not_until.wait_time_from(self.clock.now()));
        }
        if let Some(outage) = &mut gate.outage {
            outage.is_probing = true;
        } else if std::mem::take(&mut gate.is_told) {
            drop(gate);
            self.events.tell(Event::Resumed);
        }
        Turn::Go { is_probe }
    }

    /// Takes note of what an exchange told of the server.
    pub(super) fn report(&self, entry: ImportId, purpose: Purpose, health: &Health) {
        let now = Instant::now();
        let mut gate = self.gate();
        let told = match (health, purpose) {
            (Health::Serving, Purpose::Create) => {
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
                if let Some(outage) = &mut gate.outage {
                    outage.is_probing = false;
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
                gate.unserved_since.get_or_insert(now);
                let wait = match retry_after {
                    Some(wait) => (*wait).min(RETRY_AFTER_MAX),
                    None => gate.backoff.next_delay(),
                };
                let until = gate
                    .paused_until
                    .map_or(now + wait, |until| until.max(now + wait));
                gate.paused_until = Some(until);
                Some((
                    format!("the server asked for a pause ({status})"),
                    until - now,
                ))
            }
            (Health::Failing { what }, purpose) => {
                if purpose == Purpose::Create {
                    gate.unserved_since.get_or_insert(now);
                    if !gate.failed.contains(&entry) && gate.failed.len() < OUTAGE_ENTRIES {
                        gate.failed.push(entry);
                    }
                }
                let is_outage = gate.outage.is_some() || gate.failed.len() >= OUTAGE_ENTRIES;
                is_outage.then(|| gate.close(now, what))
            }
            (Health::Unreachable { what }, _) => {
                gate.unserved_since.get_or_insert(now);
                Some(gate.close(now, what))
            }
        };
        let told = told.filter(|(_, wait)| *wait >= TELL_FROM);
        if told.is_some() {
            gate.is_told = true;
        }
        drop(gate);
        self.changed.notify_waiters();
        if let Some((why, at_most)) = told {
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

    /// Begins an outage, or notes that it goes on: one probe at a time, further and further apart.
    fn close(&mut self, now: Instant, what: &str) -> (String, Duration) {
        let wait = self.backoff.next_delay();
        let since = self.unserved_since.unwrap_or(now);
        // Those who were under way when the outage began fail too; they move no probe.
        let next_probe = match &self.outage {
            Some(outage) if !outage.is_probing => outage.next_probe,
            _ => now + wait,
        };
        self.outage = Some(Outage {
            next_probe,
            is_probing: false,
            what: what.to_owned(),
        });
        (
            format!(
                "the server is out of order since {} s ({what})",
                (now - since).as_secs()
            ),
            next_probe - now,
        )
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
        drop(pacer.permit().await);
        let busy = Health::Busy {
            retry_after: Some(Duration::from_secs(9)),
            status: 429,
        };
        pacer.report(entry(1), Purpose::Create, &busy);
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
        pacer.report(entry(1), Purpose::Create, &busy);
        let start = Instant::now();
        drop(pacer.permit().await.expect("not stopped"));
        assert_eq!(start.elapsed(), RETRY_AFTER_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_lets_one_probe_through_at_a_time_and_ends_with_the_first_answer() {
        let (pacer, _) = pacer(|_| {});
        for n in 0..5 {
            pacer.report(entry(n), Purpose::Create, &failing());
        }
        let probe = pacer.permit().await.expect("not stopped");
        assert!(probe.is_probe);
        let second = tokio::time::timeout(Duration::from_secs(600), pacer.permit()).await;
        assert!(second.is_err(), "a second probe went out beside the first");
        pacer.report(entry(9), Purpose::Create, &Health::Serving);
        drop(probe);
        assert!(!pacer.permit().await.expect("not stopped").is_probe);
    }

    #[tokio::test(start_paused = true)]
    async fn one_entry_that_fails_again_and_again_is_no_outage() {
        let (pacer, _) = pacer(|_| {});
        for _ in 0..50 {
            pacer.report(entry(1), Purpose::Create, &failing());
        }
        assert!(!pacer.permit().await.expect("not stopped").is_probe);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_that_lasts_too_long_stops_the_run() {
        let (pacer, stop) = pacer(|sending| sending.give_up_after = Duration::from_secs(120));
        let start = Instant::now();
        pacer.report(
            entry(1),
            Purpose::Create,
            &Health::Unreachable {
                what: "connection refused".into(),
            },
        );
        while let Ok(probe) = pacer.permit().await {
            assert!(probe.is_probe);
            pacer.report(
                entry(1),
                Purpose::Create,
                &Health::Unreachable {
                    what: "connection refused".into(),
                },
            );
        }
        assert!(
            matches!(stop.cause(), Some(StopCause::Outage { .. })),
            "{:?}",
            stop.cause()
        );
        assert!(start.elapsed() >= Duration::from_secs(120));
        assert!(start.elapsed() <= Duration::from_secs(120 + 60));
    }
}
