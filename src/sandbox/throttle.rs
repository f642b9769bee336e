//! What the server bears: requests a second, and requests at a time.
//!
//! Deterministic: the same limit, clock and order of arrival let the same requests pass. Touches no connection; what is
//! beyond the limit is answered in `misbehave`.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

use super::faults::{DurationText, RetryAfter, duration};
use super::parse_error::ParseError;

const WANTED: &str = "a limit such as 10, 10:retry-after=1, 100,50@20s,100@40s, 100:headers=ratelimit, \
    100:headers=x-ratelimit or 100:fixed";

/// Changes that a limit may have.
const CHANGES_MAX: usize = 1_000;

/// At most so many exchanges in a second, reads included; what is beyond it gets 429.
///
/// As text: `10`, `10:retry-after=1`, `100,50@20s,100@40s:headers=ratelimit:fixed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The limit.
    pub capacity: Capacity,
    /// What the 429 says.
    pub retry_after: Option<RetryAfter>,
    /// Whether every answer tells what is left.
    pub announced: Option<Announced>,
    /// Seconds are counted from the start, one after the other, rather than back from each exchange.
    pub is_fixed: bool,
}

/// Requests a second, which may change. As text: `100`, `100,50@20s`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// From the start on.
    pub per_s: NonZeroU32,
    /// From so long after the start on, in the order of time.
    pub changes: Vec<(Duration, NonZeroU32)>,
}

/// The headers that tell what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers). `headers=ratelimit`
    RateLimit,
    /// `X-RateLimit-Limit`, `-Remaining` and `-Reset` (in seconds). `headers=x-ratelimit`
    XRateLimit,
}

/// How many exchanges are worked on at a time, and for how long each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers {
    /// At a time.
    pub count: NonZeroU32,
    /// For each.
    pub service_time: Duration,
}

impl Capacity {
    fn at(&self, age: Duration) -> u32 {
        let past = self.changes.iter().rev().find(|(from, _)| *from <= age);
        past.map_or(self.per_s, |(_, per_s)| *per_s).get()
    }
}

impl FromStr for Capacity {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new(text, WANTED);
        let mut parts = text.split(',').map(str::trim);
        let first = parts.next().unwrap_or_default();
        let per_s = first.parse().map_err(|_| wrong())?;
        let mut changes: Vec<(Duration, NonZeroU32)> = Vec::new();
        for change in parts {
            let (per_s, from) = change.split_once('@').ok_or_else(wrong)?;
            let from = duration(from).ok_or_else(wrong)?;
            let is_later = changes.last().is_none_or(|(before, _)| *before < from);
            if !is_later || changes.len() >= CHANGES_MAX {
                return Err(wrong());
            }
            changes.push((from, per_s.parse().map_err(|_| wrong())?));
        }
        Ok(Self { per_s, changes })
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.per_s)?;
        for (from, per_s) in &self.changes {
            write!(f, ",{per_s}@{}", DurationText(*from))?;
        }
        Ok(())
    }
}

impl FromStr for RateLimit {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut parts = text.split(':');
        let mut limit = Self {
            capacity: parts.next().unwrap_or_default().parse()?,
            retry_after: None,
            announced: None,
            is_fixed: false,
        };
        for part in parts {
            match part {
                "fixed" => limit.is_fixed = true,
                "headers=ratelimit" => limit.announced = Some(Announced::RateLimit),
                "headers=x-ratelimit" => limit.announced = Some(Announced::XRateLimit),
                wait => {
                    let wait = wait.parse().map_err(|_| ParseError::new(text, WANTED))?;
                    limit.retry_after = Some(wait);
                }
            }
        }
        Ok(limit)
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.capacity.fmt(f)?;
        if let Some(wait) = self.retry_after {
            write!(f, ":{wait}")?;
        }
        match self.announced {
            None => {}
            Some(Announced::RateLimit) => f.write_str(":headers=ratelimit")?,
            Some(Announced::XRateLimit) => f.write_str(":headers=x-ratelimit")?,
        }
        if self.is_fixed {
            f.write_str(":fixed")?;
        }
        Ok(())
    }
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quota {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// When all of it is there again, in whole seconds from now.
    pub(crate) reset_s: u32,
}

/// Counts what the limit lets pass.
#[derive(Debug)]
pub(super) struct Throttle {
    started: Instant,
    /// The arrivals of the present second that the limit let pass; as many as the limit at most.
    passed: VecDeque<Instant>,
}

impl Throttle {
    pub(crate) const fn new(started: Instant) -> Self {
        Self {
            started,
            passed: VecDeque::new(),
        }
    }

    /// Whether an exchange that arrives now is within the limit.
    pub(crate) fn passes(&mut self, limit: &RateLimit, now: Instant) -> bool {
        let is_free = self.quota(limit, now).remaining > 0;
        if is_free {
            self.passed.push_back(now);
        }
        is_free
    }

    /// What is left.
    pub(crate) fn quota(&mut self, limit: &RateLimit, now: Instant) -> Quota {
        let age = now.saturating_duration_since(self.started);
        while let Some(first) = self.passed.front()
            && self.is_past(limit, *first, now)
        {
            self.passed.pop_front();
        }
        let per_s = limit.capacity.at(age);
        let passed = u32::try_from(self.passed.len()).unwrap_or(u32::MAX);
        Quota {
            limit: per_s,
            remaining: per_s.saturating_sub(passed),
            // A second is over within a second.
            reset_s: u32::from(passed > 0),
        }
    }

    fn is_past(&self, limit: &RateLimit, arrived: Instant, now: Instant) -> bool {
        if limit.is_fixed {
            let second = |time: Instant| time.saturating_duration_since(self.started).as_secs();
            second(arrived) < second(now)
        } else {
            now.saturating_duration_since(arrived) >= Duration::from_secs(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each of the exchanges that arrive then, in milliseconds, passes.
    fn passes(limit: &str, times_ms: &[u64]) -> Vec<bool> {
        let limit: RateLimit = limit.parse().expect("a limit");
        let start = Instant::now();
        let mut throttle = Throttle::new(start);
        let times = times_ms.iter();
        times
            .map(|ms| throttle.passes(&limit, start + Duration::from_millis(*ms)))
            .collect()
    }

    #[test]
    fn no_second_holds_more_than_the_limit() {
        let times = [0, 600, 900, 1000, 1500, 1600];
        let expected = [true, true, false, true, false, true];
        assert_eq!(passes("2:retry-after=1", &times), expected);
    }

    #[test]
    fn a_fixed_second_begins_anew() {
        let times = [600, 700, 999, 1000, 1001, 1999];
        let expected = [true, true, false, true, true, false];
        assert_eq!(passes("2:fixed", &times), expected);
    }

    #[test]
    fn a_limit_changes_with_time() {
        let times = [0, 1, 2, 1999, 2000, 2001, 3999, 4000, 4001];
        let expected = [true, true, false, true, false, false, true, true, false];
        assert_eq!(passes("2,1@2s,2@4s", &times), expected);
    }

    #[test]
    fn what_is_left_is_told() {
        let limit: RateLimit = "3".parse().expect("a limit");
        let start = Instant::now();
        let mut throttle = Throttle::new(start);
        let all = Quota {
            limit: 3,
            remaining: 3,
            reset_s: 0,
        };
        assert_eq!(throttle.quota(&limit, start), all);
        throttle.passes(&limit, start);
        let left = Quota {
            remaining: 2,
            reset_s: 1,
            ..all
        };
        assert_eq!(throttle.quota(&limit, start), left);
    }

    #[test]
    fn every_limit_is_read_back_from_what_it_is_called() {
        for text in [
            "10",
            "10:retry-after=1",
            "100,50@1500ms,100@20s",
            "100,50@10s,100@20s:x-ratelimit-reset=2:headers=ratelimit:fixed",
            "1:headers=x-ratelimit",
        ] {
            let limit: RateLimit = text.parse().expect("a limit");
            assert_eq!(limit.to_string(), text);
        }
        for text in [
            "",
            "0",
            "x",
            "5:soon",
            "5,4",
            "5,4@",
            "5,@2s",
            "5,0@1s",
            "5,4@2s,3@1s",
            "5:headers=x",
        ] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
    }
}
