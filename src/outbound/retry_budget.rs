//! The budget for retries and look-ups, so that a server that fails in part gets at most a tenth more load.
//!
//! Creations earn, retries spend. While the budget is empty retries wait, and first attempts continue.

use std::time::Duration;

use tokio::time::Instant;

/// Number of creations that pay for one retry, or for one look-up after a lost answer.
pub(super) const CREATIONS_PER_RETRY: u32 = 10;
/// Number of retries and look-ups that a run starts with, which is also the most that it can save: twenty entries with
/// six attempts each, looked up twice between them.
pub(super) const RETRIES_RESERVED: u32 = 400;
/// Time without a creation, and without another unpaid retry, after which a retry goes that nothing pays for. The last
/// entries of a run need that: no creation follows them.
pub(super) const UNPAID_AFTER: Duration = Duration::from_millis(500);

/// Who pays for an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    /// No one: a first attempt, or work that an earlier run left behind.
    Free,
    /// The budget: this run lost an answer. Waits while the budget is empty.
    Retry,
    /// The budget, as far as it goes: the next page of a scan, which must not be broken off.
    Credit,
}

/// The savings of a run.
#[derive(Debug)]
pub(super) struct RetryBudget {
    /// Unit: creations.
    saved: u32,
    /// When the next unpaid retry may go.
    unpaid_from: Instant,
}

impl RetryBudget {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            saved: RETRIES_RESERVED * CREATIONS_PER_RETRY,
            unpaid_from: now + UNPAID_AFTER,
        }
    }

    /// Pays for an exchange, or returns when to ask again unless a creation comes first.
    pub(super) fn pay(&mut self, now: Instant, cost: Cost) -> Result<(), Instant> {
        match cost {
            Cost::Free => {}
            Cost::Retry if self.saved < CREATIONS_PER_RETRY => {
                if now < self.unpaid_from {
                    return Err(self.unpaid_from);
                }
                self.unpaid_from = now + UNPAID_AFTER;
            }
            Cost::Retry | Cost::Credit => {
                self.saved = self.saved.saturating_sub(CREATIONS_PER_RETRY);
            }
        }
        Ok(())
    }

    /// Adds what one creation earns.
    pub(super) fn earn(&mut self, now: Instant) {
        self.unpaid_from = now + UNPAID_AFTER;
        self.save(1);
    }

    /// Refunds an exchange that was not made.
    pub(super) fn refund(&mut self, cost: Cost) {
        if cost != Cost::Free {
            self.save(CREATIONS_PER_RETRY);
        }
    }

    fn save(&mut self, creations: u32) {
        self.saved = (self.saved + creations).min(RETRIES_RESERVED * CREATIONS_PER_RETRY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty(now: Instant) -> RetryBudget {
        let mut budget = RetryBudget::new(now);
        for _ in 0..RETRIES_RESERVED {
            budget.pay(now, Cost::Retry).expect("the reserve pays");
        }
        budget
    }

    #[test]
    fn ten_creations_pay_for_one_retry_and_the_reserve_is_the_most() {
        let now = Instant::now();
        let mut budget = RetryBudget::new(now);
        budget.earn(now);
        budget.refund(Cost::Retry);
        for _ in 0..RETRIES_RESERVED {
            assert_eq!(budget.pay(now, Cost::Retry), Ok(()));
        }
        let later = now + UNPAID_AFTER;
        assert_eq!(budget.pay(now, Cost::Retry), Err(later));
        for cost in [Cost::Free, Cost::Credit] {
            assert_eq!(budget.pay(now, cost), Ok(()));
        }
        for _ in 0..CREATIONS_PER_RETRY {
            assert_eq!(budget.pay(now, Cost::Retry), Err(later));
            budget.earn(now);
        }
        assert_eq!(budget.pay(now, Cost::Retry), Ok(()));
        assert_eq!(budget.pay(now, Cost::Retry), Err(later));
        budget.refund(Cost::Retry);
        assert_eq!(budget.pay(now, Cost::Retry), Ok(()));
    }

    #[test]
    fn unpaid_retries_go_one_by_one_while_nothing_is_created() {
        let start = Instant::now();
        let mut budget = empty(start);
        let mut now = start + UNPAID_AFTER;
        for _ in 0..3 {
            assert_eq!(budget.pay(now, Cost::Retry), Ok(()));
            assert_eq!(budget.pay(now, Cost::Retry), Err(now + UNPAID_AFTER));
            now += UNPAID_AFTER;
        }
        budget.earn(now);
        assert_eq!(budget.pay(now, Cost::Retry), Err(now + UNPAID_AFTER));
    }
}
