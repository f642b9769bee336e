//! How fast entries end, and when the last of them will.
//!
//! While all sending waits for the server, no time passes here; what is known of the wait is added to the rest.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The rate is that of the last marks, which are at least so far apart.
const MARK_EVERY: Duration = Duration::from_secs(1);
const MARKS_MAX: usize = 30;
/// Before so much has been seen, nothing is foretold.
const SEEN_MIN: Duration = Duration::from_secs(2);

/// Counts entries against time.
#[derive(Debug)]
pub(super) struct Estimate {
    total: u64,
    done: u64,
    /// How much time has passed in which something could be sent, up to [`Self::now`].
    passed: Duration,
    now: Way,
    marks: VecDeque<(Duration, u64)>,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    OpenSince(Instant),
    ShutUntil(Instant),
}

impl Estimate {
    pub(super) fn new(total: u64, now: Instant) -> Self {
        Self {
            total,
            done: 0,
            passed: Duration::ZERO,
            now: Way::OpenSince(now),
            marks: VecDeque::from([(Duration::ZERO, 0)]),
        }
    }

    /// One has ended.
    pub(super) fn count(&mut self, now: Instant) {
        self.done += 1;
        let passed = self.passed(now);
        let is_due = |(last, _): &(Duration, u64)| passed >= *last + MARK_EVERY;
        if self.marks.back().is_none_or(is_due) {
            self.marks.push_back((passed, self.done));
            if self.marks.len() > MARKS_MAX {
                self.marks.pop_front();
            }
        }
    }

    /// One needs nothing done: it says nothing of the others.
    pub(super) fn pass_over(&mut self) {
        self.total = self.total.saturating_sub(1);
    }

    /// All waits, at most until then as far as is known.
    pub(super) fn wait(&mut self, until: Instant, now: Instant) {
        self.passed = self.passed(now);
        self.now = Way::ShutUntil(until);
    }

    /// Nothing waits any more.
    pub(super) fn resume(&mut self, now: Instant) {
        if let Way::ShutUntil(_) = self.now {
            self.now = Way::OpenSince(now);
        }
    }

    fn passed(&self, now: Instant) -> Duration {
        match self.now {
            Way::OpenSince(since) => self.passed + now.saturating_duration_since(since),
            Way::ShutUntil(_) => self.passed,
        }
    }

    /// Entries a second of late, not counting waits.
    pub(super) fn per_s(&self, now: Instant) -> f64 {
        let (from, done) = self.marks.front().copied().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let ended = (self.done - done) as f64;
        ended
            / self
                .passed(now)
                .saturating_sub(from)
                .as_secs_f64()
                .max(0.001)
    }

    /// How long the rest takes, if all goes on like this; none while that cannot be told.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let left = self.total.saturating_sub(self.done);
        let wait = match self.now {
            Way::OpenSince(_) => Duration::ZERO,
            Way::ShutUntil(until) => until.saturating_duration_since(now),
        };
        if left == 0 || self.done == 0 || self.passed(now) < SEEN_MIN {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let rest = Duration::try_from_secs_f64(left as f64 / self.per_s(now)).ok()?;
        rest.checked_add(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    /// Ten a second for so many seconds.
    fn go(estimate: &mut Estimate, from: Instant, seconds: u32) -> Instant {
        for step in 1..=seconds * 10 {
            estimate.count(from + step * S / 10);
        }
        from + seconds * S
    }

    #[test]
    fn a_wait_is_added_and_slows_nothing_else() {
        let began = Instant::now();
        let mut estimate = Estimate::new(300, began);
        assert_eq!(estimate.left(began), None);
        let now = go(&mut estimate, began, 10);
        let left = |estimate: &Estimate, now| estimate.left(now).expect("foretold").as_secs_f64();
        assert!((left(&estimate, now) - 20.0).abs() < 0.5);
        estimate.wait(now + 60 * S, now);
        assert!((left(&estimate, now) - 80.0).abs() < 0.5);
        assert!((left(&estimate, now + 45 * S) - 35.0).abs() < 0.5);
        let now = now + 60 * S;
        estimate.resume(now);
        assert!((left(&estimate, now) - 20.0).abs() < 0.5);
        assert!((estimate.per_s(now) - 10.0).abs() < 0.2);
    }

    #[test]
    fn what_is_passed_over_says_nothing_of_the_others() {
        let began = Instant::now();
        let mut estimate = Estimate::new(10_600, began);
        for _ in 0..10_000 {
            estimate.pass_over();
        }
        let now = go(&mut estimate, began, 10);
        assert!((estimate.per_s(now) - 10.0).abs() < 0.2);
        assert_eq!(estimate.left(now).map(|left| left.as_secs()), Some(50));
    }

    #[test]
    fn what_has_changed_shows_within_half_a_minute() {
        let began = Instant::now();
        let mut estimate = Estimate::new(10_600, began);
        for _ in 0..10_000 {
            estimate.count(began);
        }
        let now = go(&mut estimate, began, 45);
        assert!((estimate.per_s(now) - 10.0).abs() < 0.5);
    }
}
