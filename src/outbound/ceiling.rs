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
/// The same where requests fail rather than being refused (5xx, timeouts), and the part of the best rate that was served
/// below which they lower nothing: it need not be the rate, and the gate and the budget of retries do more.
const DROP_MIN_FAILING: f64 = 0.8;
const BEST_PART_MIN: f64 = 0.5;
/// What fails counts only where it is such a part of all.
const FAILED_PART: f64 = 0.5;
/// So many refusals of an epoch, and such a part of its answers, are an event: fewer may be anything.
const EVENT_REFUSALS: f64 = 3.0;
const EVENT_PART: f64 = 0.01;
/// Where such a part is refused, or such a part of several, the rate is lowered at once; else not before there are so many
/// answers, and so long after it was lowered, so that it can show.
const HEAVY_PART: f64 = 0.5;
const HEAVY_PART_OF_SEVERAL: f64 = 0.25;
const SEVERAL: f64 = 8.0;
const EVENT_ANSWERS: f64 = 30.0;
const SETTLE: Duration = Duration::from_secs(1);
/// So many refusals of a probe, and such a part of its answers, end it.
const PROBE_REFUSALS: f64 = 1.0;
const PROBE_PART: f64 = 0.005;
/// Refused probes shall cost no more than this part of what is sent.
const PROBES_PART: f64 = 0.01;
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
/// And until it has asked for so many more than was held.
const PROBE_EXCESS: f64 = 2.5;
/// Answers to this part of what a probe sends tell.
const PROBE_ANSWERED: f64 = 0.9;
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
const REFUSED_FOR_SERVED_MAX: u32 = 4;
/// Probes that end below so many times what was held before them have found nothing new.
const NEAR: f64 = 1.05;
/// A rate below this part of what was held before tells that the server has changed.
const FAR: f64 = 0.9;
/// A rate is probed only if such a part of it is used.
const USED_PART: f64 = 0.8;
/// Counts of an epoch are begun anew after so long and so many answers, so that long good times do not hide a bad moment.
const ROLL: Duration = Duration::from_secs(2);
const ROLL_ANSWERS: f64 = 300.0;
/// Or after so many, whatever the time.
const ROLL_ANSWERS_MAX: f64 = 400.0;
/// Refusals of such a part of the answers that a rate this much lower leaves as they were, or nearly, are not the rate's
/// fault: were it too high, so much less would have ended them.
const BACKGROUND: std::ops::RangeInclusive<f64> = 0.02..=0.5;
const BACKGROUND_RATE_PART: f64 = 0.8;
const BACKGROUND_LEFT: f64 = 0.8;
/// Parts of fewer served in a second are chance.
const BACKGROUND_SERVED: u32 = 50;
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

impl Counts {
    /// The part that is refused.
    fn refused_part(&self) -> f64 {
        f64::from(self.refused) / f64::from(self.refused + self.served).max(1.0)
    }
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

    /// All that was counted.
    fn counts(&mut self, now: Instant) -> Counts {
        self.at(now);
        let mut all = Counts::default();
        for one in &self.stretches {
            all.sent += one.sent;
            all.served += one.served;
            all.refused += one.refused;
        }
        all
    }

    /// What was sent and what was served, each as so many a second.
    fn per_s(&mut self, now: Instant) -> (f64, f64) {
        let Counts { sent, served, .. } = self.counts(now);
        // Twenty whole stretches, and what has passed of the present one.
        let since_start = now.saturating_duration_since(self.start).as_secs_f64();
        let of_present_s = since_start % (1.0 / f64::from(STRETCHES_PER_S));
        let covered_s = 1.0 + of_present_s;
        (f64::from(sent) / covered_s, f64::from(served) / covered_s)
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

    /// What may be the rate's fault. A part that fails need not be; most of all may.
    fn bad(&self) -> f64 {
        if self.failed >= self.all * FAILED_PART {
            self.refused + self.failed
        } else {
            self.refused
        }
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
    /// The most that was served in a second while some was not.
    best_per_s: f64,
    /// The rate, and the part that was bad, at the first of the events since something good was seen.
    unhelped: Option<(f64, f64)>,
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
            best_per_s: 0.0,
            unhelped: None,
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
        let Counts {
            served, refused, ..
        } = self.last_second.counts(now);
        served > 0 && served * REFUSED_FOR_SERVED_MAX >= refused
    }

    /// Before a request goes: perhaps it is time to ask for more.
    pub(super) fn turn(&mut self, now: Instant) {
        match self.phase {
            Phase::Hold { until } if until <= now => {
                let (sent, _) = self.last_second.per_s(now);
                if self.is_event() {
                    if self.may_lower(now) {
                        self.lower(now);
                    }
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
            self.stated = self.stated.max(stated.min(HOLD_PAUSED_MAX));
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
                if is_event && self.may_lower(now) {
                    self.lower(now);
                } else if !is_event
                    && (answers.all >= ROLL_ANSWERS_MAX
                        || answers.all >= ROLL_ANSWERS && now >= answers.since + ROLL)
                {
                    self.forget_background();
                    self.unhelped = None;
                    self.answers = Answers::new(now);
                }
            }
        }
    }

    /// More is refused than may happen at any rate.
    fn is_event(&self) -> bool {
        // One that makes everybody wait is enough.
        let fewest = if self.stated.is_zero() {
            EVENT_REFUSALS
        } else {
            1.0
        };
        self.excess() >= fewest.max(EVENT_PART * self.answers.all)
    }

    /// Whether an event tells of the present rate.
    fn may_lower(&self, now: Instant) -> bool {
        !self.stated.is_zero() || self.is_heavy() || self.is_settled(now)
    }

    fn is_settled(&self, now: Instant) -> bool {
        now >= self.settled_at && self.answers.all >= EVENT_ANSWERS
    }

    /// So much is refused that there is nothing to wait for.
    fn is_heavy(&self) -> bool {
        let Answers { all, refused, .. } = self.answers;
        let refused = refused.min(self.excess());
        refused >= all * HEAVY_PART || refused >= SEVERAL && refused >= all * HEAVY_PART_OF_SEVERAL
    }

    /// Refusals of this epoch beyond those of any rate.
    fn excess(&self) -> f64 {
        let expected = self.background * self.answers.all;
        // Twice its standard deviation is chance.
        self.answers.bad() - expected - 2.0 * expected.sqrt()
    }

    /// The server refuses at the present rate.
    fn lower(&mut self, now: Instant) {
        let (sent, served) = self.last_second.per_s(now);
        let is_young = now < self.last_second.start + Duration::from_secs(1);
        let used = if is_young {
            self.per_s()
        } else {
            self.per_s().min(sent)
        };
        self.best_per_s = self.best_per_s.max(served);
        let is_failing = self.answers.failed > self.answers.refused;
        let least = if is_failing {
            (used * DROP_MIN_FAILING).max(self.best_per_s * BEST_PART_MIN)
        } else {
            used * DROP_MIN
        };
        if is_failing && used <= least {
            self.answers = Answers::new(now);
            return;
        }
        let wanted = HEADROOM * served / (1.0 - self.background);
        let lowered = wanted.max(least).min(used * HEADROOM);
        self.learn_background(now, used);
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
            PROBE_EXCESS / (per_s - from).max(MORE_MIN_PER_S / 2.0),
        ));
        self.change(now, per_s);
        self.phase = Phase::Probe {
            from,
            began: now,
            length,
            answers: PROBE_ANSWERED * per_s * length.as_secs_f64(),
        };
    }

    /// What was asked for is served.
    fn succeed(&mut self, now: Instant) {
        self.forget_background();
        self.unhelped = None;
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
        let (_, served) = self.last_second.per_s(now);
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
        let (sent, _) = self.last_second.per_s(now);
        let age = now.saturating_duration_since(self.last_second.start);
        let owed = Duration::from_secs_f64((sent / self.per_s()).min(2.0))
            .saturating_sub(age.min(Duration::from_secs(1)));
        self.not_before = self.not_before.max(now + owed.min(Duration::from_secs(1)));
    }

    /// Whether it is refused whatever the rate.
    fn learn_background(&mut self, now: Instant, used: f64) {
        if self.is_heavy() || !self.is_settled(now) || !self.stated.is_zero() {
            self.unhelped = None;
            return;
        }
        // Of a whole second: what is refused of the first answers of one says little.
        let counts = self.last_second.counts(now);
        if counts.served < BACKGROUND_SERVED {
            return;
        }
        let bad = counts.refused_part();
        let (used_before, bad_before) = *self.unhelped.get_or_insert((used, bad));
        if self.per_s() <= used_before * BACKGROUND_RATE_PART
            && (bad_before * BACKGROUND_LEFT..=bad_before / BACKGROUND_LEFT).contains(&bad)
            && BACKGROUND.contains(&bad)
        {
            self.background = self.background.max(bad);
            self.unhelped = None;
        }
    }

    /// Of what is refused whatever the rate there may be less by now.
    fn forget_background(&mut self) {
        let bad = self.answers.bad_part();
        if bad < self.background {
            self.background = f64::midpoint(self.background, bad);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_WAIT: Fared = Fared::Refused(Duration::ZERO);

    /// Sends at the ceiling's rate for so long, to a server that answers at once, and returns the time after it.
    fn run(
        ceiling: &mut Ceiling,
        from: Instant,
        length_s: f64,
        mut answer: impl FnMut() -> Fared,
    ) -> Instant {
        let mut now = from;
        while now < from + Duration::from_secs_f64(length_s) {
            ceiling.turn(now);
            now = now.max(ceiling.not_before());
            let epoch = ceiling.sent(now);
            ceiling.answered(now, epoch, answer());
            now += Duration::from_secs_f64(1.0 / ceiling.per_s());
        }
        now
    }

    #[test]
    fn before_the_first_refusals_the_job_s_rate_holds() {
        let start = Instant::now();
        let mut ceiling = Ceiling::new(10.0, start);
        let mut count = 0;
        run(&mut ceiling, start, 600.0, || {
            count += 1;
            // One in five hundred may be anything.
            if count % 500 == 0 {
                NO_WAIT
            } else {
                Fared::Served
            }
        });
        assert_eq!(ceiling.per_s().to_bits(), 10.0_f64.to_bits());
        assert_eq!(ceiling.not_before(), start);
    }

    #[test]
    fn refusals_of_what_was_sent_before_the_rate_was_lowered_are_the_same_event() {
        let start = Instant::now();
        let mut ceiling = Ceiling::new(1_000.0, start);
        let epochs: Vec<_> = (0..200).map(|_| ceiling.sent(start)).collect();
        for epoch in &epochs[..3] {
            ceiling.answered(start, *epoch, NO_WAIT);
        }
        let lowered = ceiling.per_s();
        assert!(lowered < 1_000.0);
        for epoch in &epochs[3..] {
            ceiling.answered(start, *epoch, NO_WAIT);
        }
        assert_eq!(ceiling.per_s().to_bits(), lowered.to_bits());
    }

    #[test]
    fn what_was_sent_at_a_higher_rate_is_made_up_for() {
        let start = Instant::now();
        let mut ceiling = Ceiling::new(1_000.0, start);
        let now = run(&mut ceiling, start, 2.0, || Fared::Served);
        for _ in 0..8 {
            let epoch = ceiling.sent(now);
            ceiling.answered(now, epoch, NO_WAIT);
        }
        run(&mut ceiling, now, 0.01, || NO_WAIT);
        assert!(ceiling.per_s() < 1_000.0);
        assert!(
            ceiling.not_before() > now,
            "a second of a thousand is behind it"
        );
        assert!(ceiling.not_before() <= now + Duration::from_secs(2));
    }

    #[test]
    fn refusals_that_a_lower_rate_does_not_end_do_not_starve_the_run() {
        let start = Instant::now();
        let mut ceiling = Ceiling::new(1_000.0, start);
        let mut rng = fastrand::Rng::with_seed(7);
        run(&mut ceiling, start, 60.0, || {
            if rng.f64() < 0.05 {
                NO_WAIT
            } else {
                Fared::Served
            }
        });
        assert!(ceiling.per_s() > 200.0, "{}", ceiling.per_s());
    }

    #[test]
    fn failures_lower_the_rate_gently_and_not_below_half_of_what_is_served() {
        for part in [0.1, 0.3, 0.6] {
            let start = Instant::now();
            let mut ceiling = Ceiling::new(10.0, start);
            let mut rng = fastrand::Rng::with_seed(7);
            run(&mut ceiling, start, 600.0, || {
                if rng.f64() < part {
                    Fared::Failed
                } else {
                    Fared::Served
                }
            });
            assert!(ceiling.per_s() >= 1.0, "{part}: {}", ceiling.per_s());
        }
    }

    #[test]
    fn an_announced_rate_holds_as_long_as_it_is_announced() {
        let start = Instant::now();
        let mut ceiling = Ceiling::new(10.0, start);
        ceiling.announce(start, Some(4.0));
        assert!(ceiling.is_announced());
        assert_eq!(ceiling.per_s().to_bits(), 4.0_f64.to_bits());
        ceiling.announce(start, Some(40.0));
        assert_eq!(ceiling.per_s().to_bits(), 10.0_f64.to_bits());
        ceiling.announce(start, None);
        assert_eq!(ceiling.per_s().to_bits(), 10.0_f64.to_bits());
    }

    #[test]
    fn a_second_is_counted_and_then_forgotten() {
        let start = Instant::now();
        let mut last = LastSecond::new(start);
        let at = |ms| start + Duration::from_millis(ms);
        for ms in [0, 10, 500, 990] {
            last.at(at(ms)).served += 1;
        }
        let served = |last: &mut LastSecond, ms| last.counts(at(ms)).served;
        assert_eq!(served(&mut last, 999), 4);
        assert_eq!(served(&mut last, 1_060), 2);
        assert_eq!(served(&mut last, 2_060), 0);
        last.at(at(100_000)).served += 1;
        assert_eq!(served(&mut last, 100_010), 1);
        // A clock that goes back changes nothing.
        assert_eq!(served(&mut last, 0), 1);
    }
}
