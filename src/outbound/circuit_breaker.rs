//! The circuit breaker: stops sending while the server asks for a pause, or is down.
//!
//! Pure: every call comes with its time. `pace` asks it for the head of the line, and adds rate and slots.
//!
//! | state | event | next state |
//! |---|---|---|
//! | `Closed` | Retry-After, a used-up limit, or a refusal while no request is served | `Paused` |
//! | `Paused` | the same | `Paused`, until the later end |
//! | `Paused` | its end | `Closed` |
//! | `Closed`, `Paused` | [`OUTAGE_ENTRIES`] entries fail in a row, or no connection | `Open` |
//! | `Open` | its end, and that of the pause that the server asked for | `HalfOpen`: one request goes, the probe |
//! | `HalfOpen` | the probe fails | `Open`, for longer |
//! | `HalfOpen` | the probe is refused | `Open`, until the end of the pause |
//! | `HalfOpen` | the probe was a GET, and is served | `Open` without a wait: the next probe is a POST |
//! | `HalfOpen` | the probe is given up, since the run ends | `Open` without a wait |
//! | `Open`, `HalfOpen` | a POST is served | `Closed`, or `Paused` while the server's pause lasts |
//! | all but `Closed` | no request was served for `give_up_after` | the run ends |
//!
//! Responses to other requests that were in flight when the breaker opened change nothing else.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::retry_budget::Cost;
use crate::entry::ImportId;
use crate::event::Event;
use crate::numbers::duration;
use crate::plan::Sending;
use crate::timeline::Wait;

/// Number of different entries that fail in a row, with no answer to anyone between, before it is an outage.
pub(super) const OUTAGE_ENTRIES: usize = 5;
/// Number of GETs that may fail as probes before a POST is tried anyway: only the list may be broken.
const READS_MAX: u32 = 3;
/// Longest pause that one Retry-After can ask for; after it the server is asked again.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_mins(10);
/// Shortest wait that is reported to people.
const TELL_FROM: Duration = Duration::from_millis(900);

/// The server's health, as an exchange showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It answered normally.
    Serving,
    /// It created the request.
    Created,
    /// It asked for a pause (429, 503 with Retry-After).
    Busy {
        /// For how long, if it said so.
        retry_after: Option<Duration>,
        /// The HTTP status.
        status: u16,
    },
    /// It did not serve this one (5xx, timeout, broken connection).
    Failing {
        /// The failure.
        what: String,
    },
    /// No connection can be made (connection refused, no such host, TLS).
    Unreachable {
        /// The failure.
        what: String,
    },
}

/// The purpose of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A POST.
    Create,
    /// A GET.
    LookUp,
}

/// An exchange that waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Want {
    pub(super) purpose: Purpose,
    pub(super) cost: Cost,
}

/// A request that tests whether the server serves again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    number: u64,
    /// The probe is a GET, since a POST that fails leaves one more entry in doubt.
    pub(super) is_ping: bool,
}

/// The next step of the head of the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Go(Option<Probe>),
    SleepUntil(Instant),
    AwaitChange,
    GiveUp { lasted: Duration, last: String },
}

/// How requests have fared so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// POSTs that were served.
    pub(super) served: u64,
    /// GETs that were served.
    pub(super) read: u64,
    /// POSTs answered 429, or 503 with Retry-After.
    pub(super) refused: u64,
}

/// Returns whether a refusal says how long to wait. "Come back now" does not.
pub(super) fn asks_for_time(retry_after: Option<Duration>) -> bool {
    retry_after.is_some_and(|wait| !wait.is_zero())
}

/// The reason why the breaker is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The server answers 5xx, or not at all.
    Failing,
    /// No connection can be made.
    Unreachable,
}

#[derive(Clone, Debug)]
struct Outage {
    cause: Cause,
    /// The last failure.
    what: String,
    /// The end of the pause that the server asked for.
    pause_ends: Option<Instant>,
    /// A GET was served since the last POST failed.
    can_read: bool,
    /// Number of GETs sent as probes since then.
    reads: u32,
}

#[derive(Clone, Debug)]
enum State {
    /// Requests go.
    Closed,
    /// No request goes until then, and all may after.
    Paused { until: Instant },
    /// No request goes until then, and one probe after.
    Open { until: Instant, outage: Outage },
    /// One probe is in flight.
    HalfOpen { probe: u64, outage: Outage },
}

/// Decides whether requests may go.
#[derive(Debug)]
pub(super) struct CircuitBreaker {
    state: State,
    /// Start of the time in which no request was served.
    unserved_since: Option<Instant>,
    /// Entries that have failed since a POST was served.
    failed: Vec<ImportId>,
    standing: Standing,
    /// Number of probes sent.
    probes: u64,
    backoff: Backoff,
    /// The start of a wait was reported, its end was not.
    is_wait_told: bool,
    untold: Option<Event>,
    sending: Sending,
}

impl CircuitBreaker {
    pub(super) fn new(sending: Sending, seed: u64) -> Self {
        Self {
            state: State::Closed,
            unserved_since: None,
            failed: Vec::new(),
            standing: Standing::default(),
            probes: 0,
            backoff: Backoff::new(sending.initial_backoff, sending.max_backoff, seed),
            is_wait_told: false,
            untold: None,
            sending,
        }
    }

    /// Decides for the head of the line. `rate` takes a place in the rate, or returns when there is one.
    pub(super) fn turn(
        &mut self,
        now: Instant,
        want: Want,
        rate: impl FnOnce() -> Result<(), Instant>,
    ) -> Turn {
        if matches!(self.state, State::Paused { until } if until <= now) {
            self.state = State::Closed;
        }
        let since = self.unserved_since.filter(|_| self.is_waiting(now));
        let deadline = since.map(|since| since + self.sending.give_up_after);
        if let (Some(since), Some(deadline)) = (since, deadline)
            && deadline <= now
        {
            return Turn::GiveUp {
                lasted: now - since,
                last: self.last_failure(),
            };
        }
        let sleep_until =
            |then: Instant| Turn::SleepUntil(deadline.map_or(then, |deadline| deadline.min(then)));
        match &self.state {
            State::Closed => {}
            State::Paused { until } => return sleep_until(*until),
            State::Open { until, outage } => {
                let until = outage.pause_ends.map_or(*until, |end| end.max(*until));
                if until > now {
                    return sleep_until(until);
                }
            }
            State::HalfOpen { .. } => return Turn::AwaitChange,
        }
        if let Err(then) = rate() {
            return sleep_until(then);
        }
        let probe = self.begin_probe(want.purpose);
        if probe.is_none() && std::mem::take(&mut self.is_wait_told) {
            self.untold = Some(Event::Resumed);
        }
        Turn::Go(probe)
    }

    /// `Open` becomes `HalfOpen`.
    fn begin_probe(&mut self, purpose: Purpose) -> Option<Probe> {
        let State::Open { outage, .. } = &mut self.state else {
            return None;
        };
        self.probes += 1;
        let is_ping = purpose == Purpose::Create
            && outage.cause == Cause::Failing
            && !outage.can_read
            && outage.reads < READS_MAX;
        outage.reads += u32::from(is_ping);
        let probe = Probe {
            number: self.probes,
            is_ping,
        };
        self.state = State::HalfOpen {
            probe: probe.number,
            outage: outage.clone(),
        };
        Some(probe)
    }

    /// Ends a probe without waiting for the next one: `HalfOpen` becomes `Open`. Returns whether this was the probe under
    /// way.
    fn end_probe(&mut self, now: Instant, probe: Option<Probe>) -> bool {
        match &self.state {
            State::HalfOpen {
                probe: number,
                outage,
            } if probe.is_some_and(|probe| probe.number == *number) => {
                self.state = State::Open {
                    until: now,
                    outage: outage.clone(),
                };
                true
            }
            _ => false,
        }
    }

    /// Gives up a probe that ended without a report, since its run was stopped.
    pub(super) fn drop_probe(&mut self, now: Instant, probe: Probe) {
        self.end_probe(now, Some(probe));
    }

    /// Takes note of what an exchange showed of the server, and whether others are served meanwhile.
    pub(super) fn report(
        &mut self,
        now: Instant,
        probe: Option<Probe>,
        entry: ImportId,
        purpose: Purpose,
        health: &Health,
        is_serving: bool,
    ) {
        match health {
            Health::Serving | Health::Created => self.served(now, probe, purpose),
            Health::Busy {
                retry_after,
                status,
            } => {
                self.standing.refused += u64::from(purpose == Purpose::Create);
                let is_out = self.outage().is_some();
                self.end_probe(now, probe);
                // While others are served, the rate is too high (`adaptive_rate`), and they need not wait.
                if is_out || !is_serving || asks_for_time(*retry_after) {
                    let until = self.pause(now, *retry_after);
                    self.tell(
                        format!("the server asked for a pause ({status})"),
                        until - now,
                    );
                }
            }
            Health::Failing { what } => self.failed(now, probe, entry, purpose, what),
            Health::Unreachable { what } => self.fail(now, probe, Cause::Unreachable, what),
        }
    }

    fn served(&mut self, now: Instant, probe: Option<Probe>, purpose: Purpose) {
        if purpose == Purpose::Create {
            self.standing.served += 1;
            self.failed.clear();
            self.close(now);
            return;
        }
        self.standing.read += 1;
        self.end_probe(now, probe);
        match self.outage_mut() {
            // A list that works does not show that requests can be created again.
            Some(outage) => outage.can_read = true,
            None => self.unserved_since = self.pause_ends(now).map(|_| now),
        }
    }

    /// Ends an outage. A pause that the server asked for continues.
    fn close(&mut self, now: Instant) {
        self.unserved_since = None;
        self.state = if let Some(until) = self.pause_ends(now) {
            self.unserved_since = Some(now);
            State::Paused { until }
        } else {
            self.backoff.reset();
            State::Closed
        };
    }

    fn failed(
        &mut self,
        now: Instant,
        probe: Option<Probe>,
        entry: ImportId,
        purpose: Purpose,
        what: &str,
    ) {
        let is_new = purpose == Purpose::Create && !self.failed.contains(&entry);
        if is_new && self.failed.len() < OUTAGE_ENTRIES {
            self.failed.push(entry);
        }
        let cause = if self.failed.len() >= OUTAGE_ENTRIES {
            Some(Cause::Failing)
        } else {
            self.outage().map(|outage| outage.cause)
        };
        if let Some(cause) = cause {
            self.fail(now, probe, cause, what);
        }
        if purpose == Purpose::Create
            && let Some(outage) = self.outage_mut()
        {
            outage.can_read = false;
            outage.reads = 0;
        }
    }

    /// Opens the breaker, or notes that its probe has failed.
    fn fail(&mut self, now: Instant, probe: Option<Probe>, cause: Cause, what: &str) {
        if self.end_probe(now, probe) || self.outage().is_none() {
            self.open(now, cause, what);
        }
    }

    /// Opens the breaker, until the next probe.
    fn open(&mut self, now: Instant, cause: Cause, what: &str) {
        let wait = self.backoff.next_delay();
        let since = *self.unserved_since.get_or_insert(now);
        let (can_read, reads) = self
            .outage()
            .map_or((false, 0), |outage| (outage.can_read, outage.reads));
        self.state = State::Open {
            until: now + wait,
            outage: Outage {
                cause,
                what: what.to_owned(),
                pause_ends: self.pause_ends(now),
                can_read,
                reads,
            },
        };
        let lasted = duration(Duration::from_secs((now - since).as_secs()));
        let most = duration(self.sending.give_up_after);
        let told = match cause {
            Cause::Failing => {
                format!("no request served for {lasted}, stops after {most} ({what})")
            }
            Cause::Unreachable => format!("{what} (for {lasted}, stops after {most})"),
        };
        self.tell(told, wait);
    }

    /// Makes everyone wait for the reset of a limit that is used up.
    pub(super) fn rest(&mut self, now: Instant, wait: Duration) {
        let until = self.pause(now, Some(wait));
        self.tell("the server's limit is used up".to_owned(), until - now);
    }

    /// Begins a pause, or makes the present one longer, and returns when it ends.
    fn pause(&mut self, now: Instant, retry_after: Option<Duration>) -> Instant {
        self.unserved_since.get_or_insert(now);
        let present = self.pause_ends(now);
        let end = match (retry_after, present) {
            (Some(wait), _) if !wait.is_zero() => now + wait.min(RETRY_AFTER_MAX),
            // Refusals of requests that were in flight when the pause began belong to the same event.
            (_, Some(end)) => end,
            // Some servers say "come back now", and then refuse again: without a wait this would spin.
            (_, None) => now + self.backoff.next_delay(),
        };
        let until = present.map_or(end, |present| present.max(end));
        match self.outage_mut() {
            Some(outage) => outage.pause_ends = Some(until),
            None => self.state = State::Paused { until },
        }
        until
    }

    /// Returns the end of the pause that the server asked for.
    fn pause_ends(&self, now: Instant) -> Option<Instant> {
        let end = match &self.state {
            State::Closed => None,
            State::Paused { until } => Some(*until),
            State::Open { outage, .. } | State::HalfOpen { outage, .. } => outage.pause_ends,
        };
        end.filter(|end| *end > now)
    }

    const fn outage(&self) -> Option<&Outage> {
        match &self.state {
            State::Closed | State::Paused { .. } => None,
            State::Open { outage, .. } | State::HalfOpen { outage, .. } => Some(outage),
        }
    }

    const fn outage_mut(&mut self) -> Option<&mut Outage> {
        match &mut self.state {
            State::Closed | State::Paused { .. } => None,
            State::Open { outage, .. } | State::HalfOpen { outage, .. } => Some(outage),
        }
    }

    fn last_failure(&self) -> String {
        self.outage().map_or_else(
            || "it keeps asking to be left alone".to_owned(),
            |outage| outage.what.clone(),
        )
    }

    /// Returns whether requests are held back for the server's sake.
    pub(super) fn is_waiting(&self, now: Instant) -> bool {
        self.outage().is_some() || self.pause_ends(now).is_some()
    }

    /// Returns what the head of the line waits for, when it has to.
    pub(super) fn wait(&self, now: Instant) -> Wait {
        match self.outage() {
            Some(_) => Wait::Outage,
            None if self.is_waiting(now) => Wait::Server,
            None => Wait::Rate,
        }
    }

    pub(super) const fn standing(&self) -> Standing {
        self.standing
    }

    /// Returns the event of a wait that began or ended.
    pub(super) const fn take_untold(&mut self) -> Option<Event> {
        self.untold.take()
    }

    fn tell(&mut self, why: String, at_most: Duration) {
        if at_most >= TELL_FROM {
            self.is_wait_told = true;
            self.untold = Some(Event::Waiting { why, at_most });
        }
    }
}
