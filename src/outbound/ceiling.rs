//! How many requests a second the server bears, learned from what it refuses.
//!
//! Pure: every call comes with its time. Until the first refusals it is the job's rate and nothing else. Then it
//! follows the rate at which the server *served* while it refused, since that is its capacity as it is: a little below
//! it no request is refused, and a guess by halves would take many seconds to come near. From there it asks for a little
//! more now and then. It knows nothing of pauses and outages (`gate`), of latency (`crowding`), or of what a server
//! announces (`limits`).
//!
//! What is sent under one rate is an *epoch*. Refusals of an earlier epoch were on their way when the rate was lowered:
//! they are the same event and change nothing any more.

use std::time::Duration;

use tokio::time::Instant;

/// This part of what was served while others were refused is sent from then on.
const HEADROOM: f64 = 0.98;
/// A refused probe that followed on another one goes back to no less than this part of what the other was served.
const DROP_PROBED_MIN: f64 = 0.9;
/// One event lowers the rate to no less than this part: what was served a moment ago may say little as yet.
const DROP_MIN: f64 = 0.5;
/// The same where requests fail rather than being refused (5xx, timeouts): the gate and the budget of retries do more.
const DROP_MIN_FAILING: f64 = 0.8;
/// So many refusals of an epoch, and such a part of its answers, are an event: fewer may be anything.
const EVENT_REFUSALS: f64 = 3.0;
const EVENT_PART: f64 = 0.01;
/// Where such a part is refused the rate is lowered at once; else not before so long after it was lowered, so that it can
/// show.
const HEAVY_PART: f64 = 0.25;
const SETTLE: Duration = Duration::from_secs(1);
/// So many refusals of a probe, and such a part of its answers, end it.
const PROBE_REFUSALS: f64 = 1.0;
const PROBE_PART: f64 = 0.005;
/// Refused probes shall cost no more than this part of what is sent.
const PROBES_PART: f64 = 0.012;
/// A probe asks for so much more; every one that follows on a success for so many times as much, up to half as much again.
const GAIN_MIN: f64 = 0.04;
const GAIN_GROWTH: f64 = 4.0;
const GAIN_LARGE: f64 = 0.2;
const GAIN_MAX: f64 = 0.5;
/// A probe asks for at least so many more a second, or for half as much again.
const MORE_MIN_PER_S: f64 = 1.0;
const MORE_MAX_PART: f64 = 0.5;
/// How long a probe lasts at least: a server that counts by the second may refuse only at its end.
const PROBE: Duration = Duration::from_secs(1);
/// A probe whose answers have not come after so many times its length proves nothing.
const PROBE_LENGTHS_MAX: u32 = 6;
/// How long a rate is held before the first probe, and at most after probes that were refused.
const HOLD_MIN: Duration = Duration::from_secs(1);
const HOLD_MAX: Duration = Duration::from_secs(5);
/// The same where probes cost more than they may, as where so little is sent that a single refusal is a large part.
const HOLD_SLOW_MAX: Duration = Duration::from_secs(20);
/// A refused probe that costs everyone a pause, since the server states one, is tried again after so many times that
/// pause, and after this at most.
const HOLD_PER_PAUSE: u32 = 40;
const HOLD_PAUSED_MAX: Duration = Duration::from_mins(1);
/// The server is serving as long as one request is served for each so many that are refused.
const SERVED_PART_MIN: f64 = 4.0;
/// Probes that end below so many times what was held before them have found nothing new.
const NEAR: f64 = 1.05;
/// A rate below this part of what was held before tells that the server has changed.
const FAR: f64 = 0.9;
/// A rate is probed only if such a part of it is used.
const USED_PART: f64 = 0.8;
/// Counts of an epoch are begun anew after so long and so many answers, so that long good times do not hide a bad moment.
const ROLL: Duration = Duration::from_secs(2);
const ROLL_ANSWERS: f64 = 200.0;
/// Or after so many, whatever the time.
const ROLL_ANSWERS_MAX: f64 = 400.0;
/// Refusals of such a part of the answers that so many lower rates in a row do not end are not the rate's fault.
const BACKGROUND: std::ops::RangeInclusive<f64> = 0.025..=0.5;
const BACKGROUND_EVENTS: usize = 3;
const BACKGROUND_ANSWERS: f64 = 50.0;
/// The lowest ceiling, in requests a second. Where less is served, the gate pauses.
const RATE_MIN_PER_S: f64 = 0.1;

/// How an exchange fared, as far as the server's capacity is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fared {
    /// It was served.
    Served,
    /// It was refused for want of time, with the wait that was stated.
    Refused(Duration),
    /// It failed (5xx, timeout, broken connection).
    Failed,
}

/// The epoch in which a request was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Epoch(u32);

/// Exchanges are counted in stretches of a twentieth of a second: all of a second, and the present one.
const STRETCHES_PER_S: u32 = 20;
const STRETCHES: usize = STRETCHES_PER_S as usize + 1;

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    sent: u32,
    served: u32,
    refused: u32,
}

/// What was sent and answered in the last second.
#[derive(Debug)]
struct LastSecond {
    start: Instant,
    /// The number of the present stretch since the start.
    present: u64,
    stretches: [Counts; STRETCHES],
}

impl LastSecond {
    fn new(start: Instant) -> Self {
        Self {
            start,
            present: 0,
            stretches: [Counts::default(); STRETCHES],
        }
    }

    fn number(&self, now: Instant) -> u64 {
        let since_start = now.saturating_duration_since(self.start);
        let millis = since_start.subsec_millis() * STRETCHES_PER_S / 1000;
        since_start.as_secs() * u64::from(STRETCHES_PER_S) + u64::from(millis)
    }

    /// The stretch of this moment; those that have passed are forgotten.
    fn at(&mut self, now: Instant) -> &mut Counts {
        let number = self.number(now);
        let passed = number.saturating_sub(self.present);
        let stretches = STRETCHES as u64;
        for one in (self.present + 1..).take(usize::try_from(passed.min(stretches)).unwrap_or(0)) {
            self.stretches[slot(one)] = Counts::default();
        }
        // After a long rest all are forgotten, whatever their numbers were.
        self.present = self.present.max(number);
        &mut self.stretches[slot(self.present)]
    }

    /// What was counted, each as so many a second.
    fn per_s(&mut self, now: Instant) -> (f64, f64, f64) {
        self.at(now);
        let mut all = Counts::default();
        for one in &self.stretches {
            all.sent += one.sent;
            all.served += one.served;
            all.refused += one.refused;
        }
        // Twenty whole ones, and what has passed of the present one.
        let since_start = now.saturating_duration_since(self.start).as_secs_f64();
        let of_present_s = since_start % (1.0 / f64::from(STRETCHES_PER_S));
        let covered_s = 1.0 + of_present_s;
        let per_s = |count: u32| f64::from(count) / covered_s;
        (per_s(all.sent), per_s(all.served), per_s(all.refused))
    }
}

fn slot(number: u64) -> usize {
    usize::try_from(number % STRETCHES as u64).unwrap_or(0)
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// No sign of trouble: the job's rate.
    Free,
    /// A rate that was served is kept until then.
    Hold { until: Instant },
    /// A little more than what was served is asked for.
    Probe {
        /// What was served.
        from: f64,
        /// Since when, for how long, and how many answers tell.
        began: Instant,
        length: Duration,
        answers: f64,
    },
}

/// The answers of an epoch.
#[derive(Clone, Copy, Debug)]
struct Answers {
    since: Instant,
    all: f64,
    refused: f64,
    failed: f64,
}

impl Answers {
    fn new(since: Instant) -> Self {
        Self {
            since,
            all: 0.0,
            refused: 0.0,
            failed: 0.0,
        }
    }

    fn add(&mut self, fared: Fared) {
        self.all += 1.0;
        match fared {
            Fared::Served => {}
            Fared::Refused(_) => self.refused += 1.0,
            Fared::Failed => self.failed += 1.0,
        }
    }

    fn bad(&self) -> f64 {
        self.refused + self.failed
    }

    fn bad_part(&self) -> f64 {
        self.bad() / self.all.max(1.0)
    }
}

/// The most that is sent in a second.
#[derive(Debug)]
pub(super) struct Ceiling {
    job_per_s: f64,
    per_s: f64,
    /// What the server says that it takes.
    announced_per_s: f64,
    /// What was held before the present series of probes.
    held_per_s: f64,
    phase: Phase,
    epoch: u32,
    changed_at: Instant,
    /// From then on refusals that are not many tell of the present rate.
    settled_at: Instant,
    answers: Answers,
    /// All answers since the present or last series of probes began.
    since_probe: Answers,
    last_second: LastSecond,
    gain: f64,
    hold: Duration,
    /// The longest pause that refusals of this epoch stated.
    stated: Duration,
    /// The part that is refused whatever the rate.
    background: f64,
    /// The parts that were bad when the rate was lowered, as far as was wanted and with nothing good between.
    bad_before: [Option<f64>; BACKGROUND_EVENTS],
    /// Nothing goes before this moment, so that what was sent at a higher rate is made up for.
    not_before: Instant,
}

impl Ceiling {
    pub(super) fn new(job_per_s: f64, now: Instant) -> Self {
        Self {
            job_per_s,
            per_s: job_per_s,
            announced_per_s: f64::INFINITY,
            held_per_s: job_per_s,
            phase: Phase::Free,
            epoch: 0,
            changed_at: now,
            settled_at: now,
            answers: Answers::new(now),
            since_probe: Answers::new(now),
            last_second: LastSecond::new(now),
            gain: GAIN_MIN,
            hold: HOLD_MIN,
            stated: Duration::ZERO,
            background: 0.0,
            bad_before: [None; BACKGROUND_EVENTS],
            not_before: now,
        }
    }

    /// Requests a second: at most the job's, and what the server announces.
    pub(super) const fn per_s(&self) -> f64 {
        self.per_s.min(self.announced_per_s)
    }

    /// The server says how much it takes, or does not any more.
    pub(super) fn announce(&mut self, now: Instant, per_s: Option<f64>) {
        let before = self.per_s();
        self.announced_per_s = per_s.map_or(f64::INFINITY, |per_s| per_s.max(RATE_MIN_PER_S));
        if self.per_s() < before {
            self.make_up(now);
        }
    }

    /// Whether it is the server that says how much it takes.
    pub(super) fn is_announced(&self) -> bool {
        self.announced_per_s < self.per_s
    }

    /// Nothing goes before this moment.
    pub(super) const fn not_before(&self) -> Instant {
        self.not_before
    }

    /// Whether anybody was served of late, and not hardly anybody.
    pub(super) fn is_serving(&mut self, now: Instant) -> bool {
        let (_, served, refused) = self.last_second.per_s(now);
        served > 0.0 && served * SERVED_PART_MIN >= refused
    }

    /// Before a request goes: perhaps it is time to ask for more.
    pub(super) fn turn(&mut self, now: Instant) {
        match self.phase {
            Phase::Hold { until } if until <= now => {
                let (sent, _, _) = self.last_second.per_s(now);
                if self.is_event() {
                    self.lower(now);
                } else if self.is_costly() && now < self.changed_at + HOLD_SLOW_MAX {
                    // Once more good answers have come.
                } else if self.per_s <= self.announced_per_s
                    && (sent >= self.per_s * USED_PART || self.per_s < MORE_MIN_PER_S)
                {
                    self.held_per_s = self.per_s;
                    self.since_probe = Answers::new(now);
                    self.probe(now);
                }
            }
            // Too little is asked for to tell.
            Phase::Probe {
                from,
                began,
                length,
                ..
            } if now >= began + length * PROBE_LENGTHS_MAX => {
                self.change(now, from);
                self.phase = Phase::Hold {
                    until: now + self.hold,
                };
            }
            _ => {}
        }
    }

    /// A request goes.
    pub(super) fn sent(&mut self, now: Instant) -> Epoch {
        self.last_second.at(now).sent += 1;
        Epoch(self.epoch)
    }

    /// Its answer has come, or did not.
    pub(super) fn answered(&mut self, now: Instant, epoch: Epoch, fared: Fared) {
        let counts = self.last_second.at(now);
        match fared {
            Fared::Served => counts.served += 1,
            Fared::Refused(_) => counts.refused += 1,
            Fared::Failed => {}
        }
        self.since_probe.add(fared);
        if epoch.0 != self.epoch {
            return;
        }
        self.answers.add(fared);
        if let Fared::Refused(stated) = fared {
            self.stated = self.stated.max(stated);
        }
        self.judge(now);
    }

    /// Whether the last series of probes has cost more than it may as yet.
    fn is_costly(&self) -> bool {
        self.since_probe.bad_part() > PROBES_PART + self.background
    }

    /// What the answers of this epoch so far come to.
    fn judge(&mut self, now: Instant) {
        let answers = self.answers;
        let excess = self.excess();
        match self.phase {
            Phase::Probe {
                from,
                began,
                length,
                answers: enough,
            } => {
                if excess >= PROBE_REFUSALS.max(PROBE_PART * answers.all) {
                    self.fail(now, from);
                } else if now >= began + length && answers.all >= enough {
                    self.succeed(now);
                }
            }
            Phase::Free | Phase::Hold { .. } => {
                let is_event = self.is_event();
                if is_event && (self.is_heavy() || now >= self.settled_at) {
                    self.lower(now);
                } else if !is_event
                    && (answers.all >= ROLL_ANSWERS_MAX
                        || answers.all >= ROLL_ANSWERS && now >= answers.since + ROLL)
                {
                    self.forget_background();
                    self.bad_before = [None; BACKGROUND_EVENTS];
                    self.answers = Answers::new(now);
                }
            }
        }
    }

    /// More is refused than may happen at any rate.
    fn is_event(&self) -> bool {
        self.excess() >= EVENT_REFUSALS.max(EVENT_PART * self.answers.all)
    }

    /// So much is refused that there is nothing to wait for.
    fn is_heavy(&self) -> bool {
        self.answers.refused >= self.answers.all * HEAVY_PART
    }

    /// Refusals of this epoch beyond those of any rate.
    fn excess(&self) -> f64 {
        let expected = self.background * self.answers.all;
        // Twice its standard deviation is chance.
        self.answers.bad() - expected - 2.0 * expected.sqrt()
    }

    /// The server refuses at the present rate.
    fn lower(&mut self, now: Instant) {
        let bad = self.answers.bad_part();
        let (sent, served, _) = self.last_second.per_s(now);
        let is_young = now < self.last_second.start + Duration::from_secs(1);
        let used = if is_young {
            self.per_s()
        } else {
            self.per_s().min(sent)
        };
        let least = if self.answers.failed > self.answers.refused {
            DROP_MIN_FAILING
        } else {
            DROP_MIN
        };
        let wanted = HEADROOM * served / (1.0 - self.background);
        let lowered = wanted.clamp(used * least, used * HEADROOM);
        self.bad_before.rotate_left(1);
        self.bad_before[BACKGROUND_EVENTS - 1] = (now >= self.settled_at
            && !self.is_heavy()
            && self.answers.all >= BACKGROUND_ANSWERS)
            .then_some(bad);
        let parts = self.bad_before.iter().copied();
        if let Some(least) = parts.reduce(|one, other| Some(one?.min(other?))).flatten()
            && BACKGROUND.contains(&least)
        {
            self.background = self.background.max(least);
        }
        // The server bears less than it did; else what was too much was a probe's success.
        if lowered < self.held_per_s * FAR {
            self.hold = HOLD_MIN;
        }
        self.gain = GAIN_MIN;
        self.since_probe = Answers::new(now);
        self.change(now, lowered);
        self.settled_at = now + SETTLE;
        self.phase = Phase::Hold {
            until: now + self.hold,
        };
    }

    /// Asks for more.
    fn probe(&mut self, now: Instant) {
        let from = self.per_s;
        let more = (from * self.gain).max(MORE_MIN_PER_S.min(from * MORE_MAX_PART));
        let per_s = (from + more).min(self.job_per_s);
        // Where the step is small, it takes longer to show.
        let length = PROBE.max(Duration::from_secs_f64(
            2.5 / (per_s - from).max(MORE_MIN_PER_S / 2.0),
        ));
        self.change(now, per_s);
        self.phase = Phase::Probe {
            from,
            began: now,
            length,
            answers: 0.9 * per_s * length.as_secs_f64(),
        };
    }

    /// What was asked for is served.
    fn succeed(&mut self, now: Instant) {
        self.forget_background();
        self.bad_before = [None; BACKGROUND_EVENTS];
        if self.per_s >= self.job_per_s {
            self.gain = GAIN_MIN;
            self.hold = HOLD_MIN;
            self.phase = Phase::Free;
            self.answers = Answers::new(now);
        } else {
            self.gain = (self.gain * GAIN_GROWTH).min(GAIN_MAX);
            self.probe(now);
        }
    }

    /// More is too much.
    fn fail(&mut self, now: Instant, from: f64) {
        let (_, served, _) = self.last_second.per_s(now);
        // What was held is known to be served; what only a short probe had may have been a burst. A small step up is
        // taken back whole, since servers that count by the second refuse late; of a large one half may stand.
        let least = self.held_per_s.max(from * DROP_PROBED_MIN);
        let most = if self.gain < GAIN_LARGE {
            from
        } else {
            f64::midpoint(from, self.per_s)
        };
        let back = (served / (1.0 - self.background)).clamp(least, most.max(least));
        let is_near = back < self.held_per_s * NEAR;
        self.hold = if is_near {
            (self.hold * 2).min(HOLD_MAX)
        } else {
            HOLD_MIN
        };
        let after_pause = (self.stated * HOLD_PER_PAUSE).min(HOLD_PAUSED_MAX);
        self.gain = GAIN_MIN;
        self.change(now, back);
        self.settled_at = now;
        self.phase = Phase::Hold {
            until: now + self.hold.max(after_pause),
        };
    }

    /// Begins an epoch with another rate.
    fn change(&mut self, now: Instant, per_s: f64) {
        let per_s = per_s.clamp(RATE_MIN_PER_S.min(self.job_per_s), self.job_per_s);
        let before = self.per_s();
        self.per_s = per_s;
        self.epoch = self.epoch.wrapping_add(1);
        self.changed_at = now;
        self.answers = Answers::new(now);
        self.stated = Duration::ZERO;
        if self.per_s() < before {
            self.make_up(now);
        }
    }

    /// What was sent in the last second counts as sent at the present rate: a server that counts by the second still has
    /// it before it.
    fn make_up(&mut self, now: Instant) {
        let (sent, _, _) = self.last_second.per_s(now);
        let age = now.saturating_duration_since(self.last_second.start);
        let owed = Duration::from_secs_f64((sent / self.per_s()).min(2.0))
            .saturating_sub(age.min(Duration::from_secs(1)));
        self.not_before = self.not_before.max(now + owed.min(Duration::from_secs(1)));
    }

    /// What is refused whatever the rate may have become less.
    fn forget_background(&mut self) {
        let bad = self.answers.bad_part();
        if bad < self.background {
            self.background = f64::midpoint(self.background, bad);
        }
    }
}
