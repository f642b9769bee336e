//! What the server's health does to permits: pauses that it asks for, outages with their probes, and the
//! budget of retries.
//!
//! Pure: every question comes with the time at which it is asked. It knows nothing of the rate, of slots,
//! or of what is sent; `pace` asks it for the head of the line.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use crate::entry::ImportId;
use crate::event::Event;
use crate::plan::Sending;
use crate::timeline::Wait;

/// So many different entries failing in a row, with no answer to anyone between, are an outage.
pub(super) const OUTAGE_ENTRIES: usize = 5;
/// So many probes that only read may fail before a POST is tried all the same: perhaps it is the list that is broken.
const PINGS_MAX: u32 = 3;
/// The longest pause that one Retry-After can ask for; after it the server is asked again.
pub const RETRY_AFTER_MAX: Duration = Duration::from_mins(10);
/// Pauses shorter than this are not worth telling a person.
const TELL_FROM: Duration = Duration::from_millis(900);
/// So many creations earn one retry or one look-up after a lost answer: a tenth is the most that lost answers
/// add to the load of a server that fails in part.
pub(super) const CREATIONS_PER_RETRY: u32 = 10;
/// So many retries and look-ups are there from the start, and never more: twenty entries with six attempts
/// each, looked up twice between them.
pub(super) const RETRIES_RESERVED: u32 = 400;

/// What an exchange told of the server's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It answered as a server does that works.
    Serving,
    /// It created what was asked for.
    Created,
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

/// What an exchange is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A POST.
    Create,
    /// A GET.
    LookUp,
}

/// Who pays for an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    /// Nobody: a first attempt, or what an earlier run left behind.
    Free,
    /// The budget: it is there because this run lost an answer. Waits while the budget is empty.
    Retry,
    /// The budget, as far as it goes: the next page of a scan, which must not be broken off.
    Credit,
}

/// An exchange that somebody wants to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Want {
    pub(super) purpose: Purpose,
    pub(super) cost: Cost,
}

/// Sent to see whether the server serves again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    number: u64,
    /// To be spent on a GET first: a POST that fails leaves one more entry in doubt.
    pub(super) is_ping: bool,
    /// Everybody fails at present, so that failing says nothing of the entry.
    pub(super) is_blameless: bool,
}

/// What the head of the line has to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn<T> {
    Go(T),
    SleepUntil(Instant),
    AwaitChange,
    GiveUp { lasted: Duration, last: String },
}

impl<T> Turn<T> {
    pub(super) fn map<U>(self, go: impl FnOnce(T) -> U) -> Turn<U> {
        match self {
            Self::Go(with) => Turn::Go(go(with)),
            Self::SleepUntil(then) => Turn::SleepUntil(then),
            Self::AwaitChange => Turn::AwaitChange,
            Self::GiveUp { lasted, last } => Turn::GiveUp { lasted, last },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It answers 5xx, or not at all.
    Failing,
    /// No connection can be made.
    Unreachable,
    /// It fails in part, and the budget of retries is empty.
    Spent,
}

#[derive(Debug)]
struct Outage {
    why: Why,
    next_probe: Instant,
    /// The number of the probe under way.
    probe: Option<u64>,
    /// A GET was served since the last POST failed.
    is_alive: bool,
    /// GETs sent as probes since then.
    pings: u32,
    what: String,
}

impl Outage {
    /// Notes the end of a probe, and says whether it was the one under way.
    fn end_probe(&mut self, probe: Option<Probe>) -> bool {
        let is_ours = probe.is_some_and(|probe| self.probe == Some(probe.number));
        if is_ours {
            self.probe = None;
        }
        is_ours
    }
}

/// How requests have fared so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// POSTs that were served.
    pub(super) served: u64,
    /// GETs that were.
    pub(super) read: u64,
    /// POSTs answered 429, or 503 with Retry-After.
    pub(super) refused: u64,
}

/// Whether a refusal says how long to wait. "Come back now" does not.
pub(super) fn asks_for_time(retry_after: Option<Duration>) -> bool {
    retry_after.is_some_and(|wait| !wait.is_zero())
}

/// Opens and closes the way to the server.
#[derive(Debug)]
pub(super) struct Gate {
    paused_until: Option<Instant>,
    outage: Option<Outage>,
    /// Since when requests are held back with nobody served between.
    unserved_since: Option<Instant>,
    /// Which entries have failed since somebody was served.
    failed: Vec<ImportId>,
    standing: Standing,
    /// How many probes were sent.
    probes: u64,
    backoff: Backoff,
    /// What retries are paid with, in creations.
    credit: u32,
    /// A wait was told, its end was not.
    is_told: bool,
    untold: Option<Event>,
    sending: Sending,
    seed: u64,
}

impl Gate {
    pub(super) fn new(sending: Sending, seed: u64) -> Self {
        Self {
            paused_until: None,
            outage: None,
            unserved_since: None,
            failed: Vec::new(),
            standing: Standing::default(),
            probes: 0,
            backoff: Backoff::new(sending.initial_backoff, sending.max_backoff, seed),
            credit: RETRIES_RESERVED * CREATIONS_PER_RETRY,
            is_told: false,
            untold: None,
            sending,
            seed,
        }
    }

    /// Decides for the head of the line. `rate` takes a place in the rate, or says when there is one.
    pub(super) fn turn(
        &mut self,
        now: Instant,
        want: Want,
        rate: impl FnOnce() -> Result<(), Instant>,
    ) -> Turn<Option<Probe>> {
        let since = self.unserved_since.filter(|_| self.is_waiting(now));
        let deadline = since.map(|since| since + self.sending.give_up_after);
        if let (Some(since), Some(deadline)) = (since, deadline)
            && deadline <= now
        {
            let last = self.outage.as_ref().map_or_else(
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
        if let Some(end) = self.paused_until.filter(|end| *end > now) {
            return until(end);
        }
        if self.outage.is_none() && want.cost == Cost::Retry && self.credit < CREATIONS_PER_RETRY {
            self.begin_outage(now, Why::Spent, "too many answers are lost");
        }
        match &self.outage {
            Some(outage) if outage.probe.is_some() => return Turn::AwaitChange,
            Some(outage) if outage.next_probe > now => return until(outage.next_probe),
            _ => {}
        }
        if let Err(then) = rate() {
            return until(then);
        }
        let probe = self.outage.as_mut().map(|outage| {
            self.probes += 1;
            outage.probe = Some(self.probes);
            let is_ping = want.purpose == Purpose::Create
                && outage.why == Why::Failing
                && !outage.is_alive
                && outage.pings < PINGS_MAX;
            outage.pings += u32::from(is_ping);
            Probe {
                number: self.probes,
                is_ping,
                is_blameless: outage.why != Why::Spent,
            }
        });
        if want.cost != Cost::Free && probe.is_none_or(|probe| !probe.is_ping) {
            self.credit = self.credit.saturating_sub(CREATIONS_PER_RETRY);
        }
        if probe.is_none() && std::mem::take(&mut self.is_told) {
            self.untold = Some(Event::Resumed);
        }
        Turn::Go(probe)
    }

    /// Takes note of what an exchange told of the server, and whether others are served meanwhile.
    pub(super) fn report(
        &mut self,
        now: Instant,
        probe: Option<Probe>,
        entry: ImportId,
        purpose: Purpose,
        health: &Health,
        is_serving: bool,
    ) {
        match (health, purpose) {
            (Health::Serving | Health::Created, Purpose::Create) => {
                self.standing.served += 1;
                let earned = u32::from(*health == Health::Created);
                self.credit = (self.credit + earned).min(RETRIES_RESERVED * CREATIONS_PER_RETRY);
                self.failed.clear();
                self.unserved_since = None;
                self.outage = None;
                self.paused_until = self.paused_until.filter(|until| *until > now);
                if self.paused_until.is_none() {
                    let Sending {
                        initial_backoff,
                        max_backoff,
                        ..
                    } = self.sending;
                    self.backoff = Backoff::new(initial_backoff, max_backoff, self.seed);
                }
            }
            // Lists that work say nothing of whether requests can be created again.
            (Health::Serving | Health::Created, Purpose::LookUp) => {
                self.standing.read += 1;
                match &mut self.outage {
                    Some(outage) if outage.why != Why::Spent => {
                        outage.end_probe(probe);
                        outage.is_alive = true;
                    }
                    _ => {
                        self.outage = None;
                        self.unserved_since = None;
                    }
                }
            }
            (
                Health::Busy {
                    retry_after,
                    status,
                },
                purpose,
            ) => {
                self.standing.refused += u64::from(purpose == Purpose::Create);
                if let Some(outage) = &mut self.outage {
                    outage.end_probe(probe);
                } else if is_serving && !asks_for_time(*retry_after) {
                    // It is the rate that is too high (`ceiling`); those who are served need not wait.
                    return;
                }
                let until = self.pause(now, *retry_after);
                self.tell(
                    format!("the server asked for a pause ({status})"),
                    until - now,
                );
            }
            (Health::Failing { what }, purpose) => {
                let is_new = purpose == Purpose::Create && !self.failed.contains(&entry);
                if is_new && self.failed.len() < OUTAGE_ENTRIES {
                    self.failed.push(entry);
                }
                let is_outage = self.failed.len() >= OUTAGE_ENTRIES;
                match &self.outage {
                    None if !is_outage => {}
                    Some(outage) if !is_outage => self.close(now, probe, outage.why, what),
                    _ => self.close(now, probe, Why::Failing, what),
                }
                if purpose == Purpose::Create
                    && let Some(outage) = &mut self.outage
                {
                    outage.is_alive = false;
                    outage.pings = 0;
                }
            }
            (Health::Unreachable { what }, _) => self.close(now, probe, Why::Unreachable, what),
        }
    }

    /// Nothing is left of what the server says that it takes: everyone waits for more.
    pub(super) fn rest(&mut self, now: Instant, wait: Duration) {
        let until = self.pause(now, Some(wait));
        self.tell("the server's limit is used up".to_owned(), until - now);
    }

    /// A probe that ended without a report (its run was stopped) must not close the gate for good.
    pub(super) fn drop_probe(&mut self, probe: Probe) {
        if let Some(outage) = &mut self.outage {
            outage.end_probe(Some(probe));
        }
    }

    /// Whether requests are held back for the server's sake.
    pub(super) fn is_waiting(&self, now: Instant) -> bool {
        self.outage.is_some() || self.paused_until.is_some_and(|until| until > now)
    }

    /// What the head of the line waits for, when it has to.
    pub(super) fn wait(&self, now: Instant) -> Wait {
        match self.outage {
            Some(_) => Wait::Outage,
            None if self.is_waiting(now) => Wait::Server,
            None => Wait::Rate,
        }
    }

    pub(super) const fn standing(&self) -> Standing {
        self.standing
    }

    /// What is to be told of a wait that began or ended.
    pub(super) const fn take_untold(&mut self) -> Option<Event> {
        self.untold.take()
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
    fn close(&mut self, now: Instant, probe: Option<Probe>, why: Why, what: &str) {
        let Some(outage) = &mut self.outage else {
            return self.begin_outage(now, why, what);
        };
        // What seemed to be a part that fails is everybody.
        let is_worse = outage.why == Why::Spent && why != Why::Spent;
        if outage.end_probe(probe) || is_worse {
            let (is_alive, pings) = (outage.is_alive, outage.pings);
            self.begin_outage(now, why, what);
            if let Some(outage) = &mut self.outage {
                (outage.is_alive, outage.pings) = (is_alive, pings);
            }
        }
    }

    fn begin_outage(&mut self, now: Instant, why: Why, what: &str) {
        let wait = self.backoff.next_delay();
        let since = *self.unserved_since.get_or_insert(now);
        self.outage = Some(Outage {
            why,
            next_probe: now + wait,
            probe: None,
            is_alive: false,
            pings: 0,
            what: what.to_owned(),
        });
        let lasted = (now - since).as_secs();
        let told = match why {
            Why::Spent => format!("the server fails in part ({what}); retries wait"),
            Why::Failing | Why::Unreachable => {
                format!("the server is out of order since {lasted} s ({what})")
            }
        };
        self.tell(told, wait);
    }

    fn tell(&mut self, why: String, at_most: Duration) {
        if at_most >= TELL_FROM {
            self.is_told = true;
            self.untold = Some(Event::Waiting { why, at_most });
        }
    }
}
