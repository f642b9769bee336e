//! How many requests the server bears at once, learned from how long they take.
//!
//! Pure: every call comes with its time. A server that has more at once than it can work on lets the rest stand in line:
//! latency rises, and no more is served. So where the median of recent latencies is far above the lowest median ever
//! seen, *and* the number at once is what bounds us, fewer are let through; and because latency alone cannot tell a line
//! from a server that has become slower, the step is taken back where less was served for it. The median, since a few
//! slow answers say nothing; and nothing below some tens of milliseconds, since those may be our own processor's.
//! It knows nothing of refusals (`ceiling`).

use std::time::Duration;

use tokio::time::Instant;

/// Latencies of which a median is taken.
const SAMPLES: usize = 64;
/// So many tell something, once they have come in over such a time and over so many medians.
const SAMPLES_MIN: u32 = 16;
const ROUND_MIN: Duration = Duration::from_millis(250);
const ROUND_MEDIANS: u32 = 2;
/// A median this many times the lowest, and so much above it, is a line. Below that nothing is done: it may be noise, or
/// our own processor.
const LINE_TIMES: f64 = 1.5;
const LINE_MIN: Duration = Duration::from_millis(40);
/// A step down, and the part of a step up.
const SHRINK: f64 = 0.8;
const GROW_PART: u32 = 10;
/// The number at once bounds us where this part of the requests that go find this part of the places taken.
const BOUND_PART: f64 = 0.8;

/// A step down whose effect is being watched.
#[derive(Clone, Copy, Debug)]
struct Trial {
    before: u32,
    served_per_s: f64,
}

/// The most that are under way at once.
#[derive(Debug)]
pub(super) struct Crowding {
    job: u32,
    most: u32,
    /// The lowest median, in microseconds.
    lowest: Option<u32>,
    trial: Option<Trial>,
    /// The present round: since when, how many were served, of how many requests that went how many found it full.
    since: Instant,
    served: u32,
    gone: u32,
    gone_full: u32,
    latencies: [u32; SAMPLES],
}

impl Crowding {
    pub(super) fn new(job: u32, now: Instant) -> Self {
        Self {
            job,
            most: job,
            lowest: None,
            trial: None,
            since: now,
            served: 0,
            gone: 0,
            gone_full: 0,
            latencies: [0; SAMPLES],
        }
    }

    /// Requests under way at once, from one up to the job's number.
    pub(super) const fn most(&self) -> u32 {
        self.most
    }

    /// A request goes, the so-manieth under way.
    pub(super) fn sent(&mut self, under_way: u32) {
        self.gone += 1;
        self.gone_full += u32::from(f64::from(under_way) >= f64::from(self.most) * BOUND_PART);
    }

    /// A creation was served, after so long.
    pub(super) fn served(&mut self, now: Instant, latency: Duration) {
        let micros = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
        self.latencies[self.served as usize % SAMPLES] = micros;
        self.served += 1;
        let passed = now.saturating_duration_since(self.since);
        if self.served >= SAMPLES_MIN && self.served.is_multiple_of(SAMPLES_MIN) && passed >= ROUND_MIN {
            let median = self.median();
            if passed >= Duration::from_micros(u64::from(median)) * ROUND_MEDIANS {
                self.conclude(median, passed);
                self.since = now;
                (self.served, self.gone, self.gone_full) = (0, 0, 0);
            }
        }
    }

    fn median(&self) -> u32 {
        let mut latencies = self.latencies;
        let known = &mut latencies[..SAMPLES.min(self.served as usize)];
        let middle = known.len() / 2;
        *known.select_nth_unstable(middle).1
    }

    /// What a round comes to.
    fn conclude(&mut self, median: u32, passed: Duration) {
        let lowest = *self.lowest.insert(self.lowest.map_or(median, |lowest| lowest.min(median)));
        let served_per_s = f64::from(self.served) / passed.as_secs_f64();
        let is_bound = f64::from(self.gone_full) >= f64::from(self.gone) * BOUND_PART;
        let line_from = Self::line_from(lowest);
        if let Some(trial) = self.trial.take()
            && is_bound
        {
            // Of a line nothing is lost; where there is none, as much as places were given up.
            let kept = f64::from(self.most) / f64::from(trial.before);
            if served_per_s < trial.served_per_s * f64::midpoint(1.0, kept) {
                self.most = trial.before;
                self.lowest = Some(median);
                return;
            }
        }
        if is_bound && f64::from(median) > line_from && self.most > 1 {
            self.trial = Some(Trial {
                before: self.most,
                served_per_s,
            });
            self.most = times(self.most, SHRINK);
        } else if is_bound
            && self.most < self.job
            && f64::from(median) < f64::midpoint(line_from, f64::from(lowest))
        {
            self.most = (self.most + (self.most / GROW_PART).max(1)).min(self.job);
        }
    }

    /// From which median on there is a line, in microseconds.
    fn line_from(lowest: u32) -> f64 {
        let lowest = f64::from(lowest);
        (lowest * LINE_TIMES).max(lowest + LINE_MIN.as_secs_f64() * 1e6)
    }
}

/// A part of a number, and at least one.
fn times(number: u32, part: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a small number"
    )]
    let part = (f64::from(number) * part) as u32;
    part.max(1)
}
