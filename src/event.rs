//! What a run tells while it goes on. The command line turns it into a bar, lines or JSON.

use std::sync::Arc;
use std::time::Duration;

use crate::outcome::{Outcome, Via};

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// An input begins.
    Started {
        /// Its name, as given.
        input: String,
        /// Entries it yields, the invalid ones included.
        entries: u64,
    },
    /// What could be learned of the target before sending.
    Preflight(Preflight),
    /// An entry has ended in an outcome, and the ledger holds it.
    Settled {
        /// Which.
        outcome: Outcome,
        /// For created ones.
        via: Option<Via>,
    },
    /// Sending waits for the server.
    Waiting {
        /// Why, in a few words.
        why: String,
        /// How long, as far as is known now.
        at_most: Duration,
    },
    /// Sending goes on after a wait.
    Resumed,
    /// The rate differs noticeably from the one told last, or retries wait for the retry budget.
    Pace {
        /// The most requests in a second, at most the job's.
        rate_per_s: f64,
        /// Maximum number of concurrent requests, as in the job file.
        concurrency: u32,
        /// Why, in a few words.
        why: String,
    },
    /// The run ends early; what is under way is brought to its end.
    Stopping {
        /// Why.
        why: String,
    },
    /// A page of what the project holds has come.
    Fetched {
        /// Requests so far.
        done: u64,
        /// Requests that there are.
        total: u64,
    },
    /// All is sent; the files are being written.
    WritingFiles,
}

impl Event {
    /// Logs what sending meets, for a program that follows the log.
    pub(crate) fn log(&self) {
        match self {
            Self::Waiting { why, at_most } => {
                tracing::info!(why, at_most_s = at_most.as_secs_f64(), "waiting");
            }
            Self::Resumed => tracing::info!("resumed"),
            Self::Pace {
                rate_per_s,
                concurrency,
                why,
            } => tracing::info!(why, rate_per_s, concurrency, "another pace"),
            _ => {}
        }
    }
}

/// What the server tells of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preflight {
    /// It named the project.
    Named {
        /// Its name.
        name: String,
        /// Whether Concord marks it as a test project.
        is_test: Option<bool>,
    },
    /// The list of projects came, and this one is not in it.
    NotListed,
    /// It could not be asked.
    Unknown {
        /// Why.
        why: String,
    },
}

/// Where events go. Called from within the run: it must not block.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Sends every event to a function.
    pub fn to(listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Drops every event.
    #[cfg(feature = "internals")]
    pub fn none() -> Self {
        Self::to(drop)
    }

    /// Tells one.
    pub fn tell(&self, event: Event) {
        (self.0)(event);
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}
