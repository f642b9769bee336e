//! How sending went over a run's time: a fixed number of stretches of time, whose width doubles when they are used up.
//!
//! Vocabulary: `outbound` records, the ledger keeps a [`Timeline`] as text, the report draws it. Recording adds to
//! counters in place; memory is the same for a run of a second and of a month.

use std::time::Duration;

use crate::codes::ReasonCode;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// Stretches of time at most; at least half of them are used once a run lasts [`WIDTH_MIN`] times as long.
pub(crate) const SLOTS_MAX: usize = 120;
/// How long a stretch is at first.
pub(crate) const WIDTH_MIN: Duration = Duration::from_millis(125);
/// Reasons that are told apart; further ones are counted together.
pub(crate) const REASONS_MAX: usize = 40;
/// What stands for further reasons.
pub(crate) const OTHER_REASONS: &str = "other";

/// Each doubling of a latency has so many classes, so that a percentile is at most an eighth off.
const CLASSES_A_DOUBLING: usize = 4;
/// Latencies below it are one class: 2^6 µs.
const LATENCY_MIN_LOG2: u32 = 6;
/// From 64 µs to 67 s.
const CLASSES: usize = CLASSES_A_DOUBLING * 20;

/// What an attempt to create came to, as far as the server's service is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It exists.
    Created,
    /// The server refused it for what it is.
    Rejected,
    /// The server asked for time (429, 503 with Retry-After).
    Refused,
    /// No use could be made of the answer, or none came.
    Failed,
}

const FATES: usize = 4;

/// Why nothing was sent for a while although something was there to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The rate: the job's, or a lower one that the server bears.
    Rate,
    /// The server asked for a pause (Retry-After), or its announced limit was used up.
    Server,
    /// Nobody was served; one request at a time was sent to see whether that is over.
    Outage,
}

const WAITS: usize = 3;

#[derive(Clone, Debug)]
struct Slot {
    fates: [u32; FATES],
    lookups: u32,
    waited: [Duration; WAITS],
    latencies: [u32; CLASSES],
}

impl Slot {
    const EMPTY: Self = Self {
        fates: [0; FATES],
        lookups: 0,
        waited: [Duration::ZERO; WAITS],
        latencies: [0; CLASSES],
    };

    fn add(&mut self, other: &Self) {
        let add = |ours: &mut [u32], theirs: &[u32]| {
            for (ours, theirs) in ours.iter_mut().zip(theirs) {
                *ours = ours.saturating_add(*theirs);
            }
        };
        add(&mut self.fates, &other.fates);
        add(&mut self.latencies, &other.latencies);
        self.lookups = self.lookups.saturating_add(other.lookups);
        for (ours, theirs) in self.waited.iter_mut().zip(other.waited) {
            *ours += theirs;
        }
    }
}

/// Takes note of what happens.
#[derive(Debug)]
pub(crate) struct Recorder {
    origin: Instant,
    width: Duration,
    /// [`SLOTS_MAX`] of them.
    slots: Box<[Slot]>,
    /// Up to the last that holds something.
    used: usize,
    /// Why attempts created nothing.
    reasons: Vec<(String, u64)>,
    slowest: Duration,
    /// Since when the head of the line has waited, and why.
    waiting: Option<(Instant, Wait)>,
}

impl Recorder {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            origin: now,
            width: WIDTH_MIN,
            slots: vec![Slot::EMPTY; SLOTS_MAX].into_boxed_slice(),
            used: 0,
            reasons: Vec::new(),
            slowest: Duration::ZERO,
            waiting: None,
        }
    }

    /// An attempt has ended. `reason` tells why it created nothing; `latency` is how long an answer took that came.
    pub(crate) fn attempted(
        &mut self,
        now: Instant,
        fate: Fate,
        latency: Option<Duration>,
        reason: Option<ReasonCode>,
    ) {
        let slot = self.slot(now);
        let count = &mut slot.fates[fate as usize];
        *count = count.saturating_add(1);
        if let Some(latency) = latency {
            let count = &mut slot.latencies[class_of(latency)];
            *count = count.saturating_add(1);
            self.slowest = self.slowest.max(latency);
        }
        if let Some(reason) = reason {
            self.count_reason(&reason.to_string());
        }
    }

    /// A look-up was sent.
    pub(crate) fn looked_up(&mut self, now: Instant) {
        let slot = self.slot(now);
        slot.lookups = slot.lookups.saturating_add(1);
    }

    /// The head of the line waits from now on; or no longer.
    pub(crate) fn wait(&mut self, now: Instant, why: Option<Wait>) {
        let next = why.map(|why| (now, why));
        if let Some((since, why)) = std::mem::replace(&mut self.waiting, next) {
            self.waited(since, now, why);
        }
    }

    fn waited(&mut self, since: Instant, until: Instant, why: Wait) {
        let mut from = since.max(self.origin);
        if until <= from {
            return;
        }
        self.slot(until - Duration::from_nanos(1)); // so that the width is what it will be
        while from < until {
            let index = self.index(from);
            let width = self.width.as_nanos();
            let end = self.origin + nanos(width * (index as u128 + 1));
            let to = until.min(end);
            if let Some(slot) = self.slots.get_mut(index) {
                slot.waited[why as usize] += to - from;
            }
            from = to;
        }
    }

    fn count_reason(&mut self, reason: &str) {
        if let Some((_, count)) = self.reasons.iter_mut().find(|(known, _)| known == reason) {
            *count += 1;
        } else if self.reasons.len() < REASONS_MAX {
            self.reasons.push((reason.to_owned(), 1));
        } else if let Some((name, count)) = self.reasons.last_mut() {
            OTHER_REASONS.clone_into(name);
            *count += 1;
        }
    }

    fn index(&self, now: Instant) -> usize {
        let since = now.saturating_duration_since(self.origin).as_nanos();
        usize::try_from(since / self.width.as_nanos()).unwrap_or(usize::MAX)
    }

    fn slot(&mut self, now: Instant) -> &mut Slot {
        let mut index = self.index(now);
        while index >= SLOTS_MAX {
            self.halve();
            index = self.index(now);
        }
        self.used = self.used.max(index + 1);
        &mut self.slots[index]
    }

    /// Puts two stretches into one each.
    fn halve(&mut self) {
        for index in 0..SLOTS_MAX / 2 {
            let mut sum = self.slots[2 * index].clone();
            sum.add(&self.slots[2 * index + 1]);
            self.slots[index] = sum;
        }
        self.slots[SLOTS_MAX / 2..].fill(Slot::EMPTY);
        self.used = self.used.div_ceil(2);
        self.width *= 2;
    }

    /// What was recorded until now; recording begins afresh.
    pub(crate) fn take(&mut self, now: Instant) -> Timeline {
        let why = self.waiting.map(|(_, why)| why);
        self.wait(now, why);
        let taken = std::mem::replace(self, Self::new(now));
        self.waiting = taken.waiting;
        taken.finish()
    }

    fn finish(self) -> Timeline {
        let used = &self.slots[..self.used];
        let mut whole = Slot::EMPTY;
        for slot in used {
            whole.add(slot);
        }
        let fate = |fate: Fate| used.iter().map(|slot| slot.fates[fate as usize]).collect();
        let wait = |wait: Wait| {
            let waited = used.iter().map(|slot| slot.waited[wait as usize]);
            waited
                .map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX))
                .collect()
        };
        let percentile = |percent: u64| {
            let of = |slot: &Slot| percentile_of(&slot.latencies, percent);
            used.iter().map(of).collect()
        };
        let of_all = |percent| percentile_of(&whole.latencies, percent);
        Timeline {
            width_ms: u64::try_from(self.width.as_millis()).unwrap_or(u64::MAX),
            created: fate(Fate::Created),
            rejected: fate(Fate::Rejected),
            refused: fate(Fate::Refused),
            failed: fate(Fate::Failed),
            lookups: used.iter().map(|slot| slot.lookups).collect(),
            rate_ms: wait(Wait::Rate),
            server_ms: wait(Wait::Server),
            outage_ms: wait(Wait::Outage),
            p50_us: percentile(50),
            p95_us: percentile(95),
            p99_us: percentile(99),
            whole_us: [of_all(50), of_all(95), of_all(99)],
            slowest_us: u64::try_from(self.slowest.as_micros()).unwrap_or(u64::MAX),
            reasons: self.reasons,
        }
    }
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The class of a latency: two bits below its highest one.
fn class_of(latency: Duration) -> usize {
    let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    let log2 = micros.max(1).ilog2();
    if log2 < LATENCY_MIN_LOG2 {
        return 0;
    }
    let below = usize::try_from((micros >> (log2 - 2)) & 0b11).unwrap_or(0);
    let doubling = usize::try_from(log2 - LATENCY_MIN_LOG2).unwrap_or(0);
    (doubling * CLASSES_A_DOUBLING + below).min(CLASSES - 1)
}

/// The middle of a class, in microseconds.
const fn middle_us(class: usize) -> u64 {
    let doubling = 1_u64 << (class / CLASSES_A_DOUBLING);
    let eighths = 2 * (class % CLASSES_A_DOUBLING) as u64 + 1;
    let unit = 1_u64 << LATENCY_MIN_LOG2;
    doubling * (unit + unit * eighths / 8)
}

/// A percentile in microseconds; none where nothing was answered.
fn percentile_of(latencies: &[u32; CLASSES], percent: u64) -> Option<u64> {
    let count: u64 = latencies.iter().map(|count| u64::from(*count)).sum();
    let wanted = (count * percent).div_ceil(100);
    let mut below = 0;
    let class = latencies.iter().position(|count| {
        below += u64::from(*count);
        below >= wanted && below > 0
    })?;
    Some(middle_us(class))
}

/// How sending went: one number a stretch of time in each row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// How long each stretch is.
    pub width_ms: u64,
    /// Attempts that created a request.
    pub created: Vec<u32>,
    /// Attempts that the server refused for what they were.
    pub rejected: Vec<u32>,
    /// Attempts that the server refused for want of time.
    pub refused: Vec<u32>,
    /// Attempts that failed, or whose answer was lost.
    pub failed: Vec<u32>,
    /// Look-ups.
    pub lookups: Vec<u32>,
    /// How long nothing was sent for the rate's sake.
    pub rate_ms: Vec<u32>,
    /// How long nothing was sent since the server asked for it.
    pub server_ms: Vec<u32>,
    /// How long nothing was sent since nobody was served.
    pub outage_ms: Vec<u32>,
    /// The median latency of answers.
    pub p50_us: Vec<Option<u64>>,
    /// Their 95th percentile.
    pub p95_us: Vec<Option<u64>>,
    /// Their 99th percentile.
    pub p99_us: Vec<Option<u64>>,
    /// The same three of the whole run.
    pub whole_us: [Option<u64>; 3],
    /// The longest that an answer took.
    pub slowest_us: u64,
    /// Why attempts created nothing, by code.
    pub reasons: Vec<(String, u64)>,
}

impl Timeline {
    /// How many stretches of time there are.
    pub fn len(&self) -> usize {
        self.created.len()
    }

    /// Whether nothing was sent, and nothing waited for.
    pub fn is_empty(&self) -> bool {
        self.created.is_empty()
    }

    /// As the ledger keeps it.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() // numbers and text: cannot fail
    }

    /// What the ledger has kept; none when its rows are not equally long.
    pub fn from_text(text: &str) -> Option<Self> {
        let read: Self = serde_json::from_str(text).ok()?;
        let counts = [
            &read.rejected,
            &read.refused,
            &read.failed,
            &read.lookups,
            &read.rate_ms,
            &read.server_ms,
            &read.outage_ms,
        ];
        let latencies = [&read.p50_us, &read.p95_us, &read.p99_us];
        let len = read.len();
        let is_whole = read.width_ms > 0
            && len <= SLOTS_MAX
            && counts.iter().all(|row| row.len() == len)
            && latencies.iter().all(|row| row.len() == len);
        is_whole.then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(origin: Instant, ms: u64) -> Instant {
        origin + Duration::from_millis(ms)
    }

    fn sum(row: &[u32]) -> u64 {
        row.iter().map(|count| u64::from(*count)).sum()
    }

    #[test]
    fn a_latency_is_told_within_an_eighth() {
        for us in [64_u64, 70, 100, 999, 1_000, 15_000, 250_000, 30_000_000] {
            let told = middle_us(class_of(Duration::from_micros(us)));
            assert!(told.abs_diff(us) * 8 <= us, "{us} is told as {told}");
        }
        assert_eq!(class_of(Duration::ZERO), 0);
        assert_eq!(class_of(Duration::from_hours(9)), CLASSES - 1);
    }

    #[test]
    fn percentiles_are_those_of_what_was_answered() {
        let origin = Instant::now();
        let mut recorder = Recorder::new(origin);
        for ms in 1..=100 {
            let latency = Some(Duration::from_millis(ms));
            recorder.attempted(at(origin, 10), Fate::Created, latency, None);
        }
        let told = recorder.take(at(origin, 20));
        let [p50, p95, p99] = told.whole_us.map(|us| us.unwrap_or(0) / 1_000);
        assert!(
            (44..=56).contains(&p50) && (84..=106).contains(&p95),
            "{told:?}"
        );
        assert!(
            (88..=112).contains(&p99) && told.slowest_us == 100_000,
            "{told:?}"
        );
    }

    #[test]
    fn waiting_is_spread_over_the_time_it_took_and_told_by_reason() {
        let origin = Instant::now();
        let mut recorder = Recorder::new(origin);
        recorder.wait(at(origin, 100), Some(Wait::Outage));
        recorder.wait(at(origin, 400), Some(Wait::Server));
        let told = recorder.take(at(origin, 500));
        assert_eq!(told.outage_ms, [25, 125, 125, 25]);
        assert_eq!(told.server_ms, [0, 0, 0, 100]);
        // It goes on in the next run.
        recorder.wait(at(origin, 600), None);
        assert_eq!(recorder.take(at(origin, 700)).server_ms, [100]);
    }

    #[test]
    fn reasons_are_bounded_and_none_is_lost() {
        let origin = Instant::now();
        let mut recorder = Recorder::new(origin);
        for status in (400..).take(2 * REASONS_MAX) {
            let reason = ReasonCode::Answer(status);
            recorder.attempted(origin, Fate::Failed, None, Some(reason));
        }
        let told = recorder.take(origin);
        assert_eq!(told.reasons.len(), REASONS_MAX);
        assert_eq!(told.reasons.iter().map(|(_, n)| n).sum::<u64>(), 80);
        assert_eq!(told.reasons[REASONS_MAX - 1].0, OTHER_REASONS);
    }

    proptest! {
        /// However long a run lasts, nothing is lost and there are never more stretches.
        #[test]
        fn the_width_doubles_and_nothing_is_lost(gaps_ms in prop::collection::vec(0_u64..3_000_000, 1..200)) {
            let origin = Instant::now();
            let mut recorder = Recorder::new(origin);
            let mut now = 0;
            let mut waited = 0;
            for (n, gap) in gaps_ms.iter().enumerate() {
                let why = (n % 2 == 0).then_some(Wait::Rate);
                recorder.wait(at(origin, now), why);
                waited += if n % 2 == 0 { *gap } else { 0 };
                now += gap;
                recorder.attempted(at(origin, now), Fate::Created, Some(Duration::from_millis(3)), None);
            }
            recorder.wait(at(origin, now), None);
            let told = recorder.take(at(origin, now));
            prop_assert!(told.len() <= SLOTS_MAX);
            prop_assert_eq!(sum(&told.created), gaps_ms.len() as u64);
            prop_assert!(sum(&told.rate_ms).abs_diff(waited) <= SLOTS_MAX as u64);
            prop_assert!((told.len() as u64) * told.width_ms >= now);
            prop_assert_eq!(Timeline::from_text(&told.to_text()), Some(told));
        }
    }

    #[test]
    fn what_does_not_fit_together_is_not_read() {
        assert_eq!(Timeline::from_text("{}"), None);
        let odd = Timeline {
            width_ms: 125,
            created: vec![1],
            ..Timeline::default()
        };
        assert_eq!(Timeline::from_text(&odd.to_text()), None);
    }
}
