//! How far our clock is ahead of the server's, as far as its answers have shown.
//!
//! What may exist since a moment of our clock may bear an earlier date at the server. A clock that is behind the
//! server's harms nothing: then more is looked at than has to be.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The most that it was seen to be ahead, in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Clock(AtomicU64);

impl Clock {
    /// The server has told a date of its own that is not before this moment of our clock.
    pub(super) fn compare(&self, ours: SystemTime, theirs: SystemTime) {
        let ahead = ours.duration_since(theirs).unwrap_or_default();
        let ahead_ms = u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_max(ahead_ms, Ordering::Relaxed);
    }

    /// A moment of our clock, as the server's may have told it.
    pub(super) fn theirs(&self, ours: SystemTime) -> SystemTime {
        let ahead = Duration::from_millis(self.0.load(Ordering::Relaxed));
        ours.checked_sub(ahead).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_that_was_seen_counts_and_a_clock_that_is_behind_changes_nothing() {
        let (clock, now) = (Clock::default(), SystemTime::now());
        let minutes = |n| Duration::from_mins(n);
        for (theirs, expected) in [
            (now + minutes(5), now),
            (now - minutes(20), now - minutes(20)),
            (now - minutes(3), now - minutes(20)),
        ] {
            clock.compare(now, theirs);
            assert_eq!(clock.theirs(now), expected);
        }
    }
}
