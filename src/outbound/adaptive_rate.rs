//! The rate that the server takes: additive increase, multiplicative decrease.
//!
//! Pure: every call comes with its time. Pauses and outages are in `circuit_breaker`, limits that a server announces in
//! `announced_limit`.
//!
//! Until the first refusal (429, 503 with Retry-After) the rate is the job's. From then on:
//!
//! - **Measure.** `best` is the most that was answered within one second, refusals aside, during the last 30 to 60 s. A pause
//!   only makes a second hold less, so time spent pausing never lowers it.
//! - **Decrease.** A refusal lowers the rate to [`SHARE`] of itself, at most once a second, but never below [`SHARE`] of
//!   `best`. While the rate is below `best`, a refusal changes nothing: the server has served more, so the rate is not the
//!   reason. The same holds while less than [`USED_SHARE`] of the rate is sent, as after a pause.
//! - **Exceptions**, where steps would take too long. When [`HEAVY_SHARE`] of the last [`HEAVY_ANSWERS`] answers are
//!   refusals, the limit has fallen: `best` becomes what the last second served, but at least half of what it was. When
//!   a refusal states a wait, each step costs everyone that wait, so after [`RUN_MIN`] served without a refusal the rate
//!   goes straight to the share of `best`.
//! - **Increase.** The rate regains the lost tenth in [`REGAIN`], or in [`REGAIN_PER_WAIT`] stated waits. Once it has been
//!   quiet for [`QUIET_REGAINS`] times as long, the rate grows by [`GROWTH_QUIET`] a second. It never grows beyond twice
//!   `best`.
//!
//! With a hidden limit of 100 a second the rate goes from 90 to 100 in 5 s, so 95 are served, and a refusal or two for 475
//! requests are 0.4 %. With a stated wait of 1 s the cycle is 30 s and a pause of 1 s: 92 are served. A limit that falls
//! to 50 refuses nearly half of 95 requests a second, so 60 answers show it within a second. Back at 100, the rate needs
//! 7.5 s of quiet and 3.5 s of growth.
//!
//! With 4.5 % refused by chance, a wait of 1 s each, and 50 a second, a refusal comes every 22 requests, or 0.4 s, in which
//! less than half of the rate is sent: nothing changes. At 10 a second it comes every 2.2 s, `best` is 10, and the rate
//! stays between 9 and 10.
//!
//! Not covered: a limit that falls by 10 to 28 % stays exceeded, with up to 20 % refused, until `best` is forgotten. Where a
//! tenth or more is refused by chance, that may look like a limit that has fallen.

use std::time::Duration;

use tokio::time::Instant;

/// Part of the served rate that is sent after a refusal.
const SHARE: f64 = 0.9;
/// Time in which the rate regains what it lost.
const REGAIN: Duration = Duration::from_secs(5);
/// The same, in stated waits: at most a thirtieth of the time is spent in pauses, until the wait is longer than 2 s.
const REGAIN_PER_WAIT: u32 = 30;
const REGAIN_MAX: Duration = Duration::from_mins(1);
/// Quiet time before the rate grows faster, in times to regain: the limit of before does not hold any more.
const QUIET_REGAINS: f64 = 1.5;
/// Growth of the rate in each second after that.
const GROWTH_QUIET: f64 = 0.25;
/// Part of the rate that must have been sent in the last second for a refusal to say something about the rate.
const USED_SHARE: f64 = 0.5;
/// Part of the answers that are refused once a limit has fallen by more than a quarter, and the number of answers that
/// tell it from chance: of 60, with one in twenty refused, twelve are refused once in 20,000 times.
const HEAVY_SHARE: f64 = 0.2;
const HEAVY_ANSWERS: u32 = 60;
/// Number of requests served without a refusal that measure a limit, although the second is not over.
const RUN_MIN: u32 = 50;
/// Time between two steps, and time in which refusals say nothing about a rate that was just measured: a server that
/// counts by the second still counts the requests before that.
const SETTLE: Duration = Duration::from_secs(1);
/// Length of each of the two periods for which `best` is remembered: the present one, and the one before it.
const FORGET: Duration = Duration::from_secs(30);
/// Maximum number of requests refused for each one served, while the server counts as serving.
const REFUSED_PER_SERVED_MAX: u32 = 4;
/// Lowest rate, in requests a second. Where less is served, the circuit breaker pauses.
const RATE_MIN_PER_S: f64 = 0.1;
/// How often the rate is raised.
const TICK: Duration = Duration::from_secs(1);

/// The last second is counted in tenths.
const TENTHS: usize = 10;
const TENTH_MS: u128 = 100;

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    sent: u32,
    served: u32,
    failed: u32,
    refused: u32,
}

impl Counts {
    /// Number of requests that were not refused.
    const fn passed(&self) -> u32 {
        self.served + self.failed
    }
}

/// The counts of the last second: the present tenth, and nine before it.
#[derive(Debug)]
struct LastSecond {
    start: Instant,
    /// Number of the present tenth, since the start.
    present: u128,
    tenths: [Counts; TENTHS],
}

impl LastSecond {
    /// Returns the counts of the present tenth.
    fn at(&mut self, now: Instant) -> &mut Counts {
        let number = now.saturating_duration_since(self.start).as_millis() / TENTH_MS;
        for passed in (self.present + 1..=number).take(TENTHS) {
            self.tenths[slot(passed)] = Counts::default();
        }
        self.present = self.present.max(number);
        &mut self.tenths[slot(self.present)]
    }

    fn total(&mut self, now: Instant) -> Counts {
        self.at(now);
        let add = |sum: Counts, one: &Counts| Counts {
            sent: sum.sent + one.sent,
            served: sum.served + one.served,
            failed: sum.failed + one.failed,
            refused: sum.refused + one.refused,
        };
        self.tenths.iter().fold(Counts::default(), add)
    }
}

fn slot(number: u128) -> usize {
    usize::try_from(number % TENTHS as u128).unwrap_or(0)
}

/// The most that is sent in a second.
#[derive(Debug)]
pub(super) struct AdaptiveRate {
    job_per_s: f64,
    per_s: f64,
    /// Growth in each tick, before the quiet.
    step_per_s: f64,
    raised_at: Instant,
    last_second: LastSecond,
    /// The most that passed in a second, in the present period and in the one before.
    best: [u32; 2],
    forget_at: Instant,
    /// Answers since the rate was lowered, or since they were last judged.
    recent: Counts,
    /// Number passed since the last refusal.
    run: u32,
    /// Time of the last measurement. Requests sent between it and `settled_at` say nothing about the rate.
    measured_at: Instant,
    settled_at: Instant,
    /// No step before.
    next_step_at: Instant,
    /// The last refusal, or the end of the wait that it stated.
    quiet_since: Instant,
    regain: Duration,
}

impl AdaptiveRate {
    pub(super) fn new(job_per_s: f64, now: Instant) -> Self {
        Self {
            job_per_s,
            per_s: job_per_s,
            step_per_s: 0.0,
            raised_at: now,
            last_second: LastSecond {
                start: now,
                present: 0,
                tenths: [Counts::default(); TENTHS],
            },
            best: [0; 2],
            forget_at: now + FORGET,
            recent: Counts::default(),
            run: 0,
            measured_at: now,
            settled_at: now,
            next_step_at: now,
            quiet_since: now,
            regain: REGAIN,
        }
    }

    /// Requests a second, at most the job's.
    pub(super) const fn per_s(&self) -> f64 {
        self.per_s
    }

    /// Returns how many requests were sent in the last second.
    pub(super) fn sent_in_last_second(&mut self, now: Instant) -> u32 {
        self.last_second.total(now).sent
    }

    /// Returns whether requests were served in the last second, and not only a few of them.
    pub(super) fn is_serving(&mut self, now: Instant) -> bool {
        let Counts {
            served, refused, ..
        } = self.last_second.total(now);
        served > 0 && served * REFUSED_PER_SERVED_MAX >= refused
    }

    fn best_per_s(&self) -> f64 {
        f64::from(self.best[0].max(self.best[1]))
    }

    /// Takes note of a request that goes.
    pub(super) fn sent(&mut self, now: Instant) {
        self.last_second.at(now).sent += 1;
    }

    /// Takes note of a request that was served.
    pub(super) fn served(&mut self, now: Instant, sent_at: Instant) {
        self.last_second.at(now).served += 1;
        self.recent.served += 1;
        self.passed(now, sent_at);
    }

    /// Takes note of a request that failed for another reason than the rate (5xx, timeout, broken connection).
    pub(super) fn failed(&mut self, now: Instant, sent_at: Instant) {
        self.last_second.at(now).failed += 1;
        self.recent.failed += 1;
        self.passed(now, sent_at);
    }

    fn passed(&mut self, now: Instant, sent_at: Instant) {
        if now >= self.forget_at {
            self.best = [0, self.best[0]];
            self.forget_at = now + FORGET;
        }
        self.run += 1;
        if (self.measured_at..self.settled_at).contains(&sent_at) {
            return;
        }
        self.best[0] = self.best[0].max(self.last_second.total(now).passed());
        if now < self.settled_at {
            // Responses that were on their way belong to the measurement.
            let share = SHARE * self.best_per_s();
            self.per_s = self.per_s.max(share.min(self.job_per_s));
        }
    }

    /// Takes note of a request that was refused while others were served. `burst` requests may be sent beyond the rate in
    /// a second, and `stated` is the wait that everyone keeps.
    pub(super) fn refused(&mut self, now: Instant, sent_at: Instant, stated: Duration, burst: f64) {
        self.last_second.at(now).refused += 1;
        let run = std::mem::take(&mut self.run);
        let quiet_since = self.quiet_since.max(now + stated);
        // A pause is no time in which to forget.
        self.forget_at += quiet_since - self.quiet_since.max(now);
        self.quiet_since = quiet_since;
        if sent_at < self.settled_at {
            return;
        }
        let last = self.last_second.total(now);
        // A refusal that states a wait costs more than one that does not, so the rate stays further below `best`.
        let margin = if stated.is_zero() { burst } else { 2.0 * burst };
        if self.is_heavy() {
            self.best = [last.passed().max(self.best[0].max(self.best[1]) / 2), 0];
            self.measured(now, stated);
        } else if self.per_s + margin <= self.best_per_s() {
            // The server has served as much as is sent in any second.
        } else if !stated.is_zero() && run >= RUN_MIN {
            self.measured(now, stated);
        } else if sent_at >= self.next_step_at && f64::from(last.sent) >= USED_SHARE * self.per_s {
            self.lower(now, self.per_s.max(self.best_per_s()), stated);
        }
    }

    /// Counts a refusal, and returns whether a large part of the answers are.
    fn is_heavy(&mut self) -> bool {
        self.recent.refused += 1;
        let refused = self.recent.refused;
        let answers = refused + self.recent.passed();
        if answers < HEAVY_ANSWERS {
            return false;
        }
        self.recent = Counts::default();
        f64::from(refused) >= HEAVY_SHARE * f64::from(answers)
    }

    fn measured(&mut self, now: Instant, stated: Duration) {
        self.measured_at = now;
        self.settled_at = now + SETTLE.max(stated);
        self.recent = Counts::default();
        self.lower(now, self.best_per_s(), stated);
    }

    fn lower(&mut self, now: Instant, from: f64, stated: Duration) {
        let from = from.min(self.job_per_s);
        let least = RATE_MIN_PER_S.min(self.job_per_s);
        self.per_s = (SHARE * from).min(self.per_s).max(least);
        self.regain = (stated * REGAIN_PER_WAIT).clamp(REGAIN, REGAIN_MAX);
        self.step_per_s = (from - self.per_s).max(0.0) * TICK.div_duration_f64(self.regain);
        self.next_step_at = now + SETTLE.max(stated);
        self.raised_at = now + stated;
    }

    /// Raises the rate with time.
    pub(super) fn raise(&mut self, now: Instant) {
        while self.per_s < self.job_per_s && self.raised_at + TICK <= now {
            self.raised_at += TICK;
            let quiet = self.raised_at.saturating_duration_since(self.quiet_since);
            let more = if quiet > self.regain.mul_f64(QUIET_REGAINS) {
                self.per_s * GROWTH_QUIET
            } else {
                self.step_per_s
            };
            let most = self.job_per_s.min(2.0 * self.best_per_s()).max(self.per_s);
            self.per_s = (self.per_s + more).min(most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These tests send no bursts.
    const BURST: f64 = 0.0;

    /// Sends at the rate to a server that answers without delay, and returns the time after it.
    fn run(
        rate: &mut AdaptiveRate,
        from: Instant,
        length_s: u64,
        mut is_served: impl FnMut(Instant) -> bool,
    ) -> Instant {
        let mut now = from;
        while now < from + Duration::from_secs(length_s) {
            rate.raise(now);
            rate.sent(now);
            if is_served(now) {
                rate.served(now, now);
            } else {
                rate.refused(now, now, Duration::ZERO, BURST);
            }
            now += Duration::from_secs_f64(1.0 / rate.per_s());
        }
        now
    }

    #[test]
    fn refusals_by_chance_leave_the_rate_at_what_is_served() {
        let start = Instant::now();
        // Of 300 a second, 286 are served; a rate that falls to that and below is slow to stop.
        for (job_per_s, least_per_s) in [(10.0, 8.0), (50.0, 40.0), (300.0, 60.0)] {
            let mut rng = fastrand::Rng::with_seed(7);
            let mut rate = AdaptiveRate::new(job_per_s, start);
            run(&mut rate, start, 1_800, |_| rng.f64() >= 0.045);
            assert!(rate.per_s() >= least_per_s, "{}", rate.per_s());
        }
    }

    #[test]
    fn a_refusal_lowers_the_rate_once_a_second_and_it_comes_back_faster_after_a_quiet() {
        let start = Instant::now();
        let mut rate = AdaptiveRate::new(100.0, start);
        let now = run(&mut rate, start, 10, |_| true);
        for _ in 0..20 {
            rate.refused(now, now, Duration::ZERO, 2.0);
        }
        assert!((rate.per_s() - 90.0).abs() < 1e-9, "{}", rate.per_s());
        let now = run(&mut rate, now, 4, |_| true);
        assert!((96.0..=99.0).contains(&rate.per_s()), "{}", rate.per_s());
        rate.refused(now, now, Duration::ZERO, 0.0);
        assert!(rate.per_s() >= 96.0, "more than this was served");
        run(&mut rate, now, 4, |_| true);
        assert!((rate.per_s() - 100.0).abs() < 1e-9, "{}", rate.per_s());
    }

    #[test]
    fn a_rate_that_is_mostly_refused_becomes_a_share_of_what_is_served() {
        let start = Instant::now();
        let mut rate = AdaptiveRate::new(100.0, start);
        let now = run(&mut rate, start, 10, |_| true);
        let mut served: Vec<Instant> = Vec::new();
        run(&mut rate, now, 3, |now| {
            let in_last_second = served.iter().filter(|at| now - **at < SETTLE);
            let is_free = in_last_second.count() < 50;
            served.extend(is_free.then_some(now));
            is_free
        });
        assert!((42.0..=50.0).contains(&rate.per_s()), "{}", rate.per_s());
    }

    #[test]
    fn a_second_is_counted_and_then_forgotten() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut last = AdaptiveRate::new(1.0, start).last_second;
        for ms in [0, 10, 500, 990] {
            last.at(at(ms)).served += 1;
        }
        assert_eq!(last.total(at(999)).served, 4);
        assert_eq!(last.total(at(1_060)).served, 2);
        assert_eq!(last.total(at(2_060)).served, 0);
        last.at(at(100_000)).served += 1;
        assert_eq!(last.total(at(100_010)).served, 1);
        // A clock that goes back changes nothing.
        assert_eq!(last.total(at(0)).served, 1);
    }
}
