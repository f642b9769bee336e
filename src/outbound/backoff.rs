//! How long to wait before trying again. Pure: a sequence of delays from a seed.

use std::time::Duration;

/// Full jitter: each delay is drawn evenly from nothing up to a bound that doubles until it is capped.
#[derive(Debug)]
pub(super) struct Backoff {
    initial: Duration,
    bound: Duration,
    cap: Duration,
    rng: fastrand::Rng,
}

impl Backoff {
    /// Delays of at most `initial`, then of at most twice that, and so on, never more than `cap`.
    pub(super) fn new(initial: Duration, cap: Duration, seed: u64) -> Self {
        Self {
            initial,
            bound: initial.min(cap),
            cap,
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    /// Starts over with delays of at most `initial`.
    pub(super) fn reset(&mut self) {
        self.bound = self.initial.min(self.cap);
    }

    /// The next delay.
    pub(super) fn next_delay(&mut self) -> Duration {
        let delay = self.bound.mul_f64(self.rng.f64());
        self.bound = self.bound.saturating_mul(2).min(self.cap);
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INITIAL: Duration = Duration::from_millis(500);
    const CAP: Duration = Duration::from_mins(1);

    #[test]
    fn every_delay_is_within_its_bound_and_the_bounds_double_up_to_the_cap() {
        for seed in 0..200 {
            let mut backoff = Backoff::new(INITIAL, CAP, seed);
            for n in 0..40 {
                let bound = INITIAL.saturating_mul(1 << n.min(20)).min(CAP);
                assert!(backoff.next_delay() <= bound, "seed {seed}, delay {n}");
            }
        }
    }

    #[test]
    fn after_a_reset_the_bounds_double_again() {
        let mut backoff = Backoff::new(INITIAL, CAP, 7);
        for _ in 0..40 {
            for n in 0..10 {
                let bound = INITIAL.saturating_mul(1 << n).min(CAP);
                assert!(backoff.next_delay() <= bound, "delay {n}");
            }
            backoff.reset();
        }
    }

    #[test]
    fn the_same_seed_waits_the_same_and_seeds_differ() {
        let delays = |seed| {
            let mut backoff = Backoff::new(INITIAL, CAP, seed);
            std::array::from_fn::<_, 6, _>(|_| backoff.next_delay())
        };
        assert_eq!(delays(7), delays(7));
        assert_ne!(delays(7), delays(8));
    }
}
