//! The budget for retries and look-ups, so that a server that fails in part gets at most a tenth more load.
//!
//! Creations earn, retries spend. A budget that is empty opens the circuit breaker (`circuit_breaker`).

/// Number of creations that pay for one retry, or for one look-up after a lost answer.
pub(super) const CREATIONS_PER_RETRY: u32 = 10;
/// Number of retries and look-ups that a run starts with, which is also the most that it can save: twenty entries with
/// six attempts each, looked up twice between them.
pub(super) const RETRIES_RESERVED: u32 = 400;

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
}

impl RetryBudget {
    pub(super) const fn new() -> Self {
        Self {
            saved: RETRIES_RESERVED * CREATIONS_PER_RETRY,
        }
    }

    /// Returns whether an exchange of this cost may go.
    pub(super) const fn allows(&self, cost: Cost) -> bool {
        !matches!(cost, Cost::Retry) || self.saved >= CREATIONS_PER_RETRY
    }

    /// Pays for an exchange.
    pub(super) const fn spend(&mut self, cost: Cost) {
        if !matches!(cost, Cost::Free) {
            self.saved = self.saved.saturating_sub(CREATIONS_PER_RETRY);
        }
    }

    /// Adds what one creation earns.
    pub(super) fn earn(&mut self) {
        self.saved = (self.saved + 1).min(RETRIES_RESERVED * CREATIONS_PER_RETRY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_creations_pay_for_one_retry_and_the_reserve_is_the_most() {
        let mut budget = RetryBudget::new();
        budget.earn();
        for _ in 0..RETRIES_RESERVED {
            assert!(budget.allows(Cost::Retry));
            budget.spend(Cost::Retry);
        }
        assert!(!budget.allows(Cost::Retry));
        assert!(budget.allows(Cost::Free) && budget.allows(Cost::Credit));
        budget.spend(Cost::Credit);
        for _ in 0..CREATIONS_PER_RETRY {
            assert!(!budget.allows(Cost::Retry));
            budget.spend(Cost::Free);
            budget.earn();
        }
        assert!(budget.allows(Cost::Retry));
    }
}
