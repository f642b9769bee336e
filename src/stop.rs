//! Why a run ends early, said once and heard by everyone who is about to send.
//!
//! Vocabulary: ledger, outbound and import all may raise it; the first cause stands.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

/// Why a run ended before its input did. All of them can be resumed by the same command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopCause {
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// SIGTERM.
    #[error("terminated")]
    Terminated,
    /// 401.
    #[error("Concord does not accept the API key (401)")]
    KeyRefused,
    /// 403.
    #[error("Concord does not let this API key create requests in the project (403)")]
    KeyForbidden,
    /// 404.
    #[error("Concord does not know the organization or project (404)")]
    ProjectUnknown,
    /// An answer that no Concord gives: the address leads elsewhere.
    #[error(
        "the server answered {status}, which Concord does not: the base URL seems to lead elsewhere"
    )]
    WrongServer {
        /// The HTTP status.
        status: u16,
    },
    /// The server did not serve anybody for too long.
    #[error("the server has not served a request for {} s: {last}", .lasted.as_secs())]
    Outage {
        /// How long.
        lasted: Duration,
        /// What was seen last.
        last: String,
    },
    /// The ledger failed, or this run has lost its lease.
    #[error("{why}")]
    Ledger {
        /// What it said.
        why: String,
        /// What it said that helps.
        hint: Option<String>,
    },
    /// The input failed while it was read, or changed between two readings.
    #[error("{why}")]
    Input {
        /// What went wrong.
        why: String,
        /// What helps.
        hint: String,
    },
    /// A file of results could not be written.
    #[error("{0}")]
    Output(String),
}

impl StopCause {
    /// What a person can do about it.
    pub fn hint(&self) -> &str {
        match self {
            Self::Interrupted | Self::Terminated => "run the same command again to go on",
            Self::KeyRefused => {
                "check CONCORD_API_KEY or --api-key-file, then run the same command again"
            }
            Self::KeyForbidden => {
                "give the key the role Limited (or higher) in this organization, then run the same command again"
            }
            Self::ProjectUnknown => {
                "compare organization and project with Concord's project settings (a key of another organization sees \
                 nothing of this one), and --base-url or base_url in the job file with Concord's address"
            }
            Self::WrongServer { .. } => {
                "check --base-url or base_url in the job file, and any proxy on the way"
            }
            Self::Outage { .. } => "when the server is back, run the same command again to go on",
            Self::Ledger {
                hint: Some(hint), ..
            }
            | Self::Input { hint, .. } => hint,
            Self::Ledger { hint: None, .. } => {
                "run the same command again: it goes on where it stopped"
            }
            Self::Output(_) => {
                "when the disk is in order, run the same command again: it goes on where it stopped"
            }
        }
    }

    /// The exit code that tells it.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Interrupted => 130,
            Self::Terminated => 143,
            _ => 3,
        }
    }
}

/// Raised once, heard by all.
#[derive(Clone, Debug)]
pub struct StopSignal(watch::Sender<Option<StopCause>>);

impl Default for StopSignal {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl StopSignal {
    /// Raises it, unless it was raised before: the first cause stands.
    pub fn raise(&self, cause: StopCause) {
        self.0.send_if_modified(|current| {
            let is_first = current.is_none();
            if is_first {
                *current = Some(cause);
            }
            is_first
        });
    }

    /// The cause, once it was raised.
    pub fn cause(&self) -> Option<StopCause> {
        self.0.borrow().clone()
    }

    /// Whether it was raised.
    pub fn is_raised(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until it is raised.
    pub async fn raised(&self) -> StopCause {
        let mut listener = self.0.subscribe();
        loop {
            if let Some(cause) = listener.borrow_and_update().clone() {
                return cause;
            }
            // `self` holds the sender, so the channel cannot close before this returns.
            if listener.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Until when this run may act upon its claims. Past it another run may take them over.
///
/// Measured by the wall clock, since that also runs while the machine sleeps.
#[derive(Clone, Debug)]
pub struct Lease(Arc<Mutex<SystemTime>>);

impl Lease {
    /// A lease that ends then.
    pub fn until(end: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(end)))
    }

    /// Moves its end.
    pub fn extend(&self, end: SystemTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }

    /// Whether it still holds for that long.
    pub fn holds_for(&self, duration: Duration) -> bool {
        crate::time_of_day() + duration <= *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
