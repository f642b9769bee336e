//! What became of an entry, and the sums over many.
//!
//! Vocabulary only. Which attempt leads to which outcome is decided in `outbound::classify`.

use std::fmt;

use serde::Serialize;
use uuid::Uuid;

use crate::codes::ReasonCode;

/// What became of an entry. Every entry that is read ends in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// A request exists in Concord.
    Created,
    /// It repeats an earlier row of the same inputs, which speaks for it.
    Duplicate,
    /// Refused by us: never sent.
    Invalid,
    /// Refused by Concord.
    Rejected,
    /// Attempts ran out; surely not created.
    Failed,
    /// It may exist; a person or a later run has to look.
    InDoubt,
    /// Not tried: the run ended or its limit was reached before.
    NotSent,
}

impl Outcome {
    /// Every outcome, in the order in which they are told.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Duplicate,
        Self::Invalid,
        Self::Rejected,
        Self::Failed,
        Self::InDoubt,
        Self::NotSent,
    ];

    /// The word used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
            Self::NotSent => "not_sent",
        }
    }

    /// The words shown to people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::InDoubt => "in doubt",
            Self::NotSent => "not sent",
            other => other.name(),
        }
    }

    /// Whether the row belongs among the rejects: a person has to do something about it.
    pub const fn is_reject(self) -> bool {
        matches!(
            self,
            Self::Invalid | Self::Rejected | Self::Failed | Self::InDoubt
        )
    }

    /// Returns whether a request may exist for it. That of a rejected or failed entry surely was not created.
    pub const fn may_exist(self) -> bool {
        matches!(self, Self::Created | Self::InDoubt)
    }

    const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How we know that a request was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Concord's own answer.
    Response,
    /// Found by its mark after an answer was lost.
    Lookup,
    /// The ledger: an earlier run created it.
    Ledger,
}

impl Via {
    /// The word used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Lookup => "lookup",
            Self::Ledger => "ledger",
        }
    }
}

/// What Concord told of a created request: all that is kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Concord's id of the request.
    pub id: Uuid,
    /// Concord's id of the person, when it was told.
    pub concord_id: Option<Uuid>,
    /// When Concord says it was made, as it came (most likely milliseconds since 1970).
    pub request_date: Option<i64>,
}

/// Why something is not as it should be: a short stable code, and a sentence without personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// For scripts.
    pub code: ReasonCode,
    /// For people.
    pub message: String,
}

impl Reason {
    /// A reason of that code and message.
    pub fn new(code: impl Into<ReasonCode>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// What became of an entry, once that is final for this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Never `Duplicate`, `Invalid` or `NotSent`: those are not claimed.
    pub outcome: Outcome,
    /// For `Created`.
    pub via: Option<Via>,
    /// For `Created`.
    pub receipt: Option<Receipt>,
    /// Attempts to create it, in the run that settled it.
    pub attempts: u32,
    /// Of the last answer.
    pub http_status: Option<u16>,
    /// Why it is not created, or what is odd about it although it is.
    pub reason: Option<Reason>,
}

impl Settled {
    /// An outcome without an attempt, an answer or a request in Concord.
    pub const fn of(outcome: Outcome, reason: Option<Reason>) -> Self {
        Self {
            outcome,
            via: None,
            receipt: None,
            attempts: 0,
            http_status: None,
            reason,
        }
    }
}

/// Requests that a run has sent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// To create entries.
    pub attempts: u64,
    /// To look entries up.
    pub lookups: u64,
}

/// Counts of a run or of a check. The outcomes always add up to the entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Rows read, among them those that yield no entry.
    pub rows: u64,
    /// Entries made of the rows; a row that cannot be read counts as one.
    pub entries: u64,
    /// Rows that yield no entry: filtered by `where`, blank, or of a request value mapped to `skip`.
    pub skipped_rows: u64,
    counts: [u64; 7],
    /// Created by this run.
    pub created_now: u64,
    /// Created by an earlier run.
    pub already_created: u64,
    /// Among those created by this run: found by a look-up after a lost answer.
    pub recovered: u64,
    /// Created or repeated entries whose content differs from what was sent under the same key.
    pub changed: u64,
    /// Created entries whose row is not valid: they were created from a corrected copy of it.
    pub corrected: u64,
    /// Invalid entries whose key names different people or request types.
    pub conflicts: u64,
    /// Created entries that Concord shows otherwise than they were sent.
    pub echo_differs: u64,
    /// Created entries that Concord holds more than once.
    pub created_twice: u64,
}

impl Tally {
    /// Counts one entry.
    pub fn add(&mut self, outcome: Outcome, via: Option<Via>) {
        self.entries += 1;
        self.counts[outcome.index()] += 1;
        if outcome == Outcome::Created {
            match via {
                Some(Via::Ledger) => self.already_created += 1,
                Some(Via::Lookup) => {
                    self.created_now += 1;
                    self.recovered += 1;
                }
                Some(Via::Response) | None => self.created_now += 1,
            }
        }
    }

    /// How many entries ended so.
    pub const fn count(&self, outcome: Outcome) -> u64 {
        self.counts[outcome.index()]
    }

    /// Whether every entry ended in exactly one outcome.
    pub fn adds_up(&self) -> bool {
        self.counts.iter().sum::<u64>() == self.entries
            && self.created_now + self.already_created == self.count(Outcome::Created)
    }

    /// How often each outcome, for people.
    pub(crate) fn told(&self) -> String {
        let told = Outcome::ALL.map(|outcome| format!("{} {outcome}", self.count(outcome)));
        told.join(", ")
    }

    /// Whether something about what is created or repeated is for a person to look at.
    pub(crate) const fn has_oddities(&self) -> bool {
        self.changed + self.echo_differs + self.created_twice > 0
    }

    /// Whether every entry is created, or the duplicate of one that is told of elsewhere.
    pub fn is_complete(&self) -> bool {
        self.count(Outcome::Created) + self.count(Outcome::Duplicate) == self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_add_up_for_every_outcome() {
        let mut tally = Tally::default();
        for outcome in Outcome::ALL {
            tally.add(
                outcome,
                (outcome == Outcome::Created).then_some(Via::Lookup),
            );
        }
        assert_eq!(tally.entries, 7);
        assert!(tally.adds_up());
        assert!(!tally.is_complete());
        assert_eq!((tally.created_now, tally.recovered), (1, 1));
    }
}
