//! The state of an entry, as the ledger stores it.

use crate::outcome::Outcome;

/// `entries.state`, as stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Claimed = 0,
    Created = 1,
    Rejected = 2,
    Failed = 3,
    InDoubt = 4,
}

impl State {
    pub(super) fn read(stored: i64) -> rusqlite::Result<Self> {
        [
            Self::Claimed,
            Self::Created,
            Self::Rejected,
            Self::Failed,
            Self::InDoubt,
        ]
        .into_iter()
        .find(|state| *state as i64 == stored)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(0, stored))
    }

    /// Returns the outcome for people: a claim without a settlement may have been sent.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Created => Outcome::Created,
            Self::Rejected => Outcome::Rejected,
            Self::Failed => Outcome::Failed,
            Self::Claimed | Self::InDoubt => Outcome::InDoubt,
        }
    }

    pub(super) fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Created => Some(Self::Created),
            Outcome::Rejected => Some(Self::Rejected),
            Outcome::Failed => Some(Self::Failed),
            Outcome::InDoubt => Some(Self::InDoubt),
            Outcome::Duplicate | Outcome::Invalid | Outcome::NotSent => None,
        }
    }
}
