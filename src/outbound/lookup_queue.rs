//! The look-ups that wait, and the answers that they wait for.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::oneshot;

use super::look::{Hits, Look};
use super::people::Person;
use super::retry_budget::Cost;
use crate::entry::ImportId;
use crate::outcome::Reason;

/// The evidence by which a listed request is recognised as the entry's.
pub(super) enum Wanted {
    Mark,
    Person(Box<Person>),
}

/// A look-up that waits.
pub(super) struct Waiter {
    pub(super) import_id: ImportId,
    pub(super) wanted: Wanted,
    pub(super) since: SystemTime,
    /// The filter would prove nothing.
    pub(super) needs_scan: bool,
    pub(super) cost: Cost,
    /// The channel for the answer. None once it was used.
    pub(super) answer: Option<oneshot::Sender<Answer>>,
}

impl Waiter {
    /// Sends the answer, unless one was sent. A receiver that was dropped needs none.
    pub(super) fn answer_with(&mut self, answer: Answer) {
        if let Some(sender) = self.answer.take() {
            drop(sender.send(answer));
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.answer.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

/// The answer to a look-up that waits.
pub(super) enum Answer {
    /// Ask the filter.
    ByFilter,
    /// The requests of the whole list that may be its own, and the reason why the list may be incomplete.
    Hits(Hits, Option<Reason>),
    Not(Look),
}

/// The look-ups that wait.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) waiting: Mutex<Vec<Waiter>>,
    /// Held by the task that looks for all.
    pub(super) lead: tokio::sync::Mutex<()>,
    /// Held by the task that tests the filter.
    pub(super) testing: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queue")
    }
}

impl Queue {
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Vec<Waiter>) -> T) -> T {
        act(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
