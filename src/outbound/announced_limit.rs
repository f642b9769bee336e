//! The limit that a server announces in its answers (`limits`): how much may be sent, and from when on.
//!
//! Pure: every call comes with its time.

use std::time::Duration;

use tokio::time::Instant;

use super::circuit_breaker::RETRY_AFTER_MAX;
use super::limits::Limits;

/// Part of an announced rate that is sent: answers and requests overtake each other.
const ANNOUNCED_PART: f64 = 0.96;
/// Longest window that is used evenly: a run that is shorter than a longer one would only take longer.
const EVEN_WINDOW_MAX: Duration = Duration::from_secs(10);
/// Part of the limit below which the rest of a long window is spread over it; and, if the limit is unknown, the same in
/// seconds of sending.
const SPREAD_PART: f64 = 0.1;
const SPREAD_FROM_S: f64 = 10.0;
const SPREAD_CHANGE_PART: f64 = 0.05;
/// Resets are whole seconds, rounded either way.
const RESET_GRAIN: Duration = Duration::from_secs(1);
/// Lowest rate, in requests a second.
const RATE_MIN_PER_S: f64 = 0.1;
/// A server that counts by the second forgets after this time.
const SECOND: Duration = Duration::from_secs(1);

/// The requests sent so far, for [`AnnouncedLimit::heed`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Sending {
    /// Requests a second at most, whatever is announced.
    pub(super) per_s: f64,
    /// Number of requests in the last second.
    pub(super) in_last_second: u32,
    /// Number of requests in flight.
    pub(super) in_flight: u32,
}

/// The limit, as far as it is known.
#[derive(Debug)]
pub(super) struct AnnouncedLimit {
    start: Instant,
    /// Rate of a server that announces a short window.
    even_per_s: Option<f64>,
    /// Rate that spreads the rest of a long window, and the end of the window.
    spread: Option<(f64, Instant)>,
    /// Number of requests that may still go, and until when that counts.
    budget: Option<(f64, Instant)>,
    /// Earliest time of the next request, which makes up for those sent at a higher rate.
    made_up_at: Instant,
}

impl AnnouncedLimit {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            start: now,
            even_per_s: None,
            spread: None,
            budget: None,
            made_up_at: now,
        }
    }

    /// Requests a second, if a limit is announced.
    pub(super) fn per_s(&self) -> Option<f64> {
        let per_s = self.spread.map(|(per_s, _)| per_s).or(self.even_per_s);
        per_s.map(|per_s| per_s.max(RATE_MIN_PER_S))
    }

    /// Returns the earliest time of the next request.
    pub(super) fn not_before(&self) -> Instant {
        match self.budget {
            Some((left, reset)) if left < 1.0 => reset.max(self.made_up_at),
            _ => self.made_up_at,
        }
    }

    /// Forgets windows that are over.
    pub(super) fn expire(&mut self, now: Instant) {
        self.budget = self.budget.filter(|(_, reset)| *reset > now);
        self.spread = self.spread.filter(|(_, until)| *until > now);
    }

    /// Takes note of a request that goes.
    pub(super) fn sent(&mut self) {
        if let Some((left, _)) = &mut self.budget {
            *left -= 1.0;
        }
    }

    /// Takes note of what the server announces. Returns for how long nothing more may go.
    pub(super) fn heed(
        &mut self,
        now: Instant,
        limits: &Limits,
        sending: Sending,
    ) -> Option<Duration> {
        let before = self.per_s().unwrap_or(f64::INFINITY).min(sending.per_s);
        let wait = self.note(now, limits, sending, before);
        if let Some(per_s) = self.per_s().filter(|per_s| *per_s < before) {
            self.make_up(now, sending.in_last_second, per_s);
        }
        wait
    }

    fn note(
        &mut self,
        now: Instant,
        limits: &Limits,
        sending: Sending,
        per_s: f64,
    ) -> Option<Duration> {
        if limits
            .window
            .is_some_and(|window| window <= EVEN_WINDOW_MAX)
            && let Some(per_s) = limits.per_s()
        {
            self.even_per_s = Some(per_s * ANNOUNCED_PART);
        }
        let (Some(remaining), Some(reset)) = (limits.remaining, limits.reset) else {
            return None;
        };
        if remaining < 1.0 {
            return (!reset.is_zero()).then_some(reset);
        }
        if self.even_per_s.is_some() {
            return None;
        }
        // Requests in flight may take the rest.
        let left = remaining - f64::from(sending.in_flight.saturating_sub(1));
        self.budget = Some((left, now + reset.min(RETRY_AFTER_MAX)));
        let wanted = per_s * reset.saturating_sub(RESET_GRAIN).as_secs_f64();
        let is_little = limits.limit.map_or_else(
            || left <= per_s * SPREAD_FROM_S,
            |limit| remaining <= limit * SPREAD_PART,
        );
        if is_little && left < wanted {
            self.spread_over(now, left.max(1.0) / reset.as_secs_f64(), reset);
        } else if !is_little {
            self.spread = None;
        }
        None
    }

    /// Makes the rest last until the reset. A small difference changes nothing.
    fn spread_over(&mut self, now: Instant, per_s: f64, reset: Duration) {
        let is_news = self
            .spread
            .is_none_or(|(before, _)| (per_s - before).abs() > before * SPREAD_CHANGE_PART);
        if is_news {
            self.spread = Some((per_s, now + reset));
        }
    }

    /// Counts the requests of the last second as sent at the new rate: a server that counts by the second still counts
    /// them.
    fn make_up(&mut self, now: Instant, sent: u32, per_s: f64) {
        let age = now.saturating_duration_since(self.start).min(SECOND);
        let owed = Duration::from_secs_f64((f64::from(sent) / per_s).min(2.0)).saturating_sub(age);
        self.made_up_at = self.made_up_at.max(now + owed.min(SECOND));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sending(in_flight: u32) -> Sending {
        Sending {
            per_s: 10.0,
            in_last_second: 0,
            in_flight,
        }
    }

    fn left(limit: f64, remaining: f64, reset_s: u64) -> Limits {
        Limits {
            limit: Some(limit),
            window: None,
            remaining: Some(remaining),
            reset: Some(Duration::from_secs(reset_s)),
        }
    }

    #[test]
    fn the_rest_of_a_long_window_is_spread_once_it_is_little() {
        let now = Instant::now();
        let mut announced = AnnouncedLimit::new(now);
        for remaining in [4_000.0, 360.0] {
            assert_eq!(announced.per_s(), None);
            let limits = left(5_000.0, remaining, 3_600);
            assert_eq!(announced.heed(now, &limits, sending(1)), None);
        }
        let per_s = announced.per_s().expect("it is spread");
        assert!((per_s - 0.1).abs() < 1e-9, "{per_s}");
        announced.expire(now + Duration::from_secs(3_601));
        assert_eq!(announced.per_s(), None);
    }

    #[test]
    fn a_limit_that_is_used_up_or_will_be_by_requests_in_flight_is_waited_for() {
        let now = Instant::now();
        let mut announced = AnnouncedLimit::new(now);
        let mut heed = |limits, in_flight| announced.heed(now, &limits, sending(in_flight));
        assert_eq!(heed(left(100.0, 0.0, 30), 1), Some(Duration::from_secs(30)));
        assert_eq!(heed(left(100.0, 0.0, 0), 1), None);
        assert_eq!(heed(left(100.0, 8.0, 30), 9), None);
        assert_eq!(announced.not_before(), now + Duration::from_secs(30));
        // A reset that is far away is waited for as long as a Retry-After.
        let limits = left(100.0, 8.0, 80_000);
        assert_eq!(announced.heed(now, &limits, sending(9)), None);
        assert_eq!(announced.not_before(), now + RETRY_AFTER_MAX);
    }

    #[test]
    fn an_announced_rate_makes_up_for_what_was_sent_before() {
        let now = Instant::now();
        let mut announced = AnnouncedLimit::new(now);
        let limits = Limits {
            window: Some(SECOND),
            ..left(100.0, 50.0, 1)
        };
        let sending = Sending {
            per_s: 1_000.0,
            in_last_second: 48,
            in_flight: 1,
        };
        assert_eq!(announced.heed(now, &limits, sending), None);
        assert_eq!(announced.per_s(), Some(96.0));
        let owed = announced.not_before() - now;
        assert_eq!(owed.as_millis(), 500);
        assert_eq!(announced.heed(now, &limits, sending), None);
        assert_eq!(announced.not_before() - now, owed, "it is made up for once");
    }
}
