//! How many lost answers are unsettled, and that they do not become too many.
//!
//! Entries that were not sent yet wait while there are as many as the limit, so that a server that fails for
//! everyone leaves few in doubt and little in memory. Those in doubt wait for nobody here.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// So many lost answers of this run may be unsettled before nothing new is sent. What is under way at that moment
/// (at most the concurrency) may add to it.
pub const DOUBTS_MAX: usize = 256;

/// Counts them.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    count: Mutex<usize>,
    fewer: Notify,
}

/// One lost answer, until dropped.
#[derive(Debug)]
pub(super) struct Unsettled<'a>(&'a Doubts);

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        *self.0.count() -= 1;
        self.0.fewer.notify_waiters();
    }
}

impl Doubts {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more.
    pub(super) fn begin(&self) -> Unsettled<'_> {
        *self.count() += 1;
        Unsettled(self)
    }

    /// Waits until there are fewer than the limit.
    pub(super) async fn are_few(&self) {
        loop {
            let fewer = self.fewer.notified();
            if *self.count() < DOUBTS_MAX {
                return;
            }
            fewer.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_new_waits_while_there_are_as_many_as_the_limit() {
        let doubts = Doubts::default();
        let mut unsettled: Vec<_> = (1..DOUBTS_MAX).map(|_| doubts.begin()).collect();
        doubts.are_few().await;
        unsettled.push(doubts.begin());
        let hour = Duration::from_hours(1);
        assert!(tokio::time::timeout(hour, doubts.are_few()).await.is_err());
        let settle = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            unsettled.pop();
        };
        let ((), waited) = tokio::join!(settle, tokio::time::timeout(hour, doubts.are_few()));
        assert!(waited.is_ok());
    }
}
