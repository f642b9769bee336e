//! How many requests the server bears at once, learned from how long they take.
//!
//! Pure: every call comes with its time. A server that has more at once than it can work on lets the rest stand in line:
//! latency rises, and no more is served. So where the number at once is what bounds us, and the median of recent latencies
//! is far above the lowest median seen, fewer are let through. Latency alone cannot tell a line from a server that has
//! become slower, nor a line that was there from the start; so every step down is a trial: it stands where as much is
//! served as before, and is taken back where less is. Now and then one is made without a sign. The median, since a few slow
//! answers say nothing; and nothing below some tens of milliseconds, since those may be our own processor's.
//! It knows nothing of refusals (`ceiling`).

use std::time::Duration;

use tokio::time::Instant;

/// Latencies of which a median is taken, and of the very first ones.
const SAMPLES: usize = 64;
const SAMPLES_FIRST: u32 = 8;
/// So many tell something, once they have come in over such a time and over so many medians.
const SAMPLES_MIN: u32 = 32;
const ROUND_MIN: Duration = Duration::from_millis(400);
const ROUND_MEDIANS: u32 = 1;
/// A median this many times the lowest, and so much above it, is a line. Below that nothing is done: it may be noise, or
/// our own processor.
const LINE_TIMES: f64 = 1.5;
const LINE_MIN_MICROS: f64 = 40_000.0;
/// A step down, one that follows on another that cost nothing, and the part of a step up.
const SHRINK: f64 = 0.8;
const SHRINK_AGAIN: f64 = 0.6;
/// As much is served as before, as far as can be told from a round.
const KEPT_PART: f64 = 0.93;
const GROW_PART: u32 = 10;
/// When a step down is tried without a sign: first, and then so long, and so many rounds, after one that was taken back;
/// twice as long each time, up to a limit.
const TRIAL_FIRST: Duration = Duration::from_secs(5);
const TRIAL_EVERY: Duration = Duration::from_secs(15);
const TRIAL_EVERY_MAX: Duration = Duration::from_mins(4);
const TRIAL_EVERY_ROUNDS: u32 = 20;
/// The number at once bounds us where this part of the requests that go find this part of the places taken.
const BOUND_PART: f64 = 0.8;
/// How much the last request counts for that.
const FULL_WEIGHT: f64 = 0.1;

/// A step down whose effect is being watched.
#[derive(Clone, Copy, Debug)]
struct Trial {
    before: u32,
    served_per_s: f64,
}

/// What is seen in a stretch of time.
#[derive(Debug)]
struct Round {
    since: Instant,
    served: u32,
    latencies_micros: [u32; SAMPLES],
}

impl Round {
    fn new(since: Instant) -> Self {
        Self {
            since,
            served: 0,
            latencies_micros: [0; SAMPLES],
        }
    }

    fn median_micros(&self) -> u32 {
        let mut latencies = self.latencies_micros;
        let known = &mut latencies[..SAMPLES.min(self.served as usize)];
        let middle = known.len() / 2;
        *known.select_nth_unstable(middle).1
    }
}

/// The most that are under way at once.
#[derive(Debug)]
pub(super) struct Crowding {
    job: u32,
    most: u32,
    lowest_micros: Option<u32>,
    trial: Option<Trial>,
    next_trial: Instant,
    trial_every: Duration,
    /// The part of the last requests that found it full.
    full_part: f64,
    round: Round,
}

impl Crowding {
    pub(super) fn new(job: u32, now: Instant) -> Self {
        Self {
            job,
            most: job,
            lowest_micros: None,
            trial: None,
            next_trial: now + TRIAL_FIRST,
            trial_every: TRIAL_EVERY,
            full_part: 0.0,
            round: Round::new(now),
        }
    }

    /// Requests under way at once, from one up to the job's number.
    pub(super) const fn most(&self) -> u32 {
        self.most
    }

    /// The same, as far as it is no trial.
    pub(super) fn settled(&self) -> u32 {
        self.trial.map_or(self.most, |trial| trial.before)
    }

    /// A request goes, the so-manieth under way.
    pub(super) fn sent(&mut self, under_way: u32) {
        let is_full = f64::from(under_way) >= f64::from(self.most) * BOUND_PART;
        self.full_part += (f64::from(u8::from(is_full)) - self.full_part) * FULL_WEIGHT;
    }

    /// A creation was served, after so long.
    pub(super) fn served(&mut self, now: Instant, latency: Duration) {
        let round = &mut self.round;
        if now < round.since {
            return;
        }
        let micros = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
        round.latencies_micros[round.served as usize % SAMPLES] = micros;
        round.served += 1;
        if round.served == SAMPLES_FIRST && self.lowest_micros.is_none() {
            self.lowest_micros = Some(round.median_micros());
        }
        let passed = now - round.since;
        if !round.served.is_multiple_of(SAMPLES_MIN) || passed < ROUND_MIN {
            return;
        }
        let median = Duration::from_micros(round.median_micros().into());
        if passed >= median * ROUND_MEDIANS {
            let before = self.most;
            self.conclude(now, passed);
            // What is under way went before the step; its answers would tell of what was.
            let rest = if self.most < before {
                median
            } else {
                Duration::ZERO
            };
            self.round = Round::new(now + rest);
        }
    }

    /// What a round comes to.
    fn conclude(&mut self, now: Instant, passed: Duration) {
        let median = self.round.median_micros();
        let served_per_s = f64::from(self.round.served) / passed.as_secs_f64();
        let is_bound = self.full_part >= BOUND_PART;
        let lowest = self
            .lowest_micros
            .map_or(median, |lowest| lowest.min(median));
        self.lowest_micros = Some(lowest);
        let (median_micros, lowest) = (f64::from(median), f64::from(lowest));
        let line_from = (lowest * LINE_TIMES).max(lowest + LINE_MIN_MICROS);
        if let Some(trial) = self.trial.take() {
            // Of a line nothing is lost; where there is none, as much as places were given up.
            if !is_bound || served_per_s < trial.served_per_s * KEPT_PART {
                self.most = trial.before;
                self.next_trial = now + self.trial_every.max(passed * TRIAL_EVERY_ROUNDS);
                self.trial_every = (self.trial_every * 2).min(TRIAL_EVERY_MAX);
                if is_bound {
                    self.lowest_micros = Some(median);
                }
            } else if median_micros > LINE_MIN_MICROS {
                self.trial_every = TRIAL_EVERY;
                // Held against the best of all steps, or a little would be lost with each.
                self.shrink(SHRINK_AGAIN, served_per_s.max(trial.served_per_s));
            }
        } else if is_bound
            && median_micros > LINE_MIN_MICROS
            && (median_micros > line_from || now >= self.next_trial)
        {
            self.shrink(SHRINK, served_per_s);
        } else if is_bound && median_micros < f64::midpoint(line_from, lowest) {
            self.most = (self.most + (self.most / GROW_PART).max(1)).min(self.job);
        }
    }

    fn shrink(&mut self, part: f64, served_per_s: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of a small number"
        )]
        let fewer = (f64::from(self.most) * part) as u32;
        if self.most > 1 {
            self.trial = Some(Trial {
                before: self.most,
                served_per_s,
            });
            self.most = fewer.max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many served one after another, so far apart, each after so long and found full or not.
    fn serve(
        crowding: &mut Crowding,
        from: Instant,
        count: u32,
        apart_ms: u64,
        took_ms: u64,
    ) -> Instant {
        let mut now = from;
        for _ in 0..count {
            now += Duration::from_millis(apart_ms);
            crowding.sent(crowding.most());
            crowding.served(now, Duration::from_millis(took_ms));
        }
        now
    }

    #[test]
    fn a_line_that_costs_nothing_to_shorten_is_shortened() {
        let start = Instant::now();
        let mut crowding = Crowding::new(64, start);
        let now = serve(&mut crowding, start, 64, 10, 20);
        assert_eq!(crowding.most(), 64);
        // As much is served, and it takes ever longer.
        serve(&mut crowding, now, 2_000, 10, 600);
        assert!(crowding.most() < 20, "{}", crowding.most());
    }

    #[test]
    fn a_step_that_costs_something_is_taken_back_and_not_told() {
        let start = Instant::now();
        let mut crowding = Crowding::new(10, start);
        let mut now = serve(&mut crowding, start, 64, 10, 100);
        let mut fewest = 10;
        for _ in 0..3_000 {
            // A place serves one in 300 ms, however many there are.
            let apart_ms = 300 / u64::from(crowding.most());
            now = serve(&mut crowding, now, 1, apart_ms, 300);
            fewest = fewest.min(crowding.most());
            assert_eq!(crowding.settled(), 10);
        }
        assert_eq!(fewest, 8, "a step was tried");
    }

    #[test]
    fn what_takes_tens_of_milliseconds_or_does_not_bind_us_is_left_alone() {
        let start = Instant::now();
        let mut crowding = Crowding::new(256, start);
        let now = serve(&mut crowding, start, 64, 1, 2);
        let now = serve(&mut crowding, now, 20_000, 1, 39);
        assert_eq!(crowding.most(), 256);
        for n in 0..5_000 {
            crowding.sent(3);
            let now = now + Duration::from_millis(n * 10);
            crowding.served(now, Duration::from_secs(2));
        }
        assert_eq!(crowding.most(), 256);
    }

    #[test]
    fn one_is_the_fewest() {
        let start = Instant::now();
        let mut crowding = Crowding::new(2, start);
        let now = serve(&mut crowding, start, 64, 100, 100);
        serve(&mut crowding, now, 3_000, 100, 5_000);
        assert_eq!(crowding.most(), 1);
    }
}
