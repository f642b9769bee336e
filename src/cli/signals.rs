//! The signals that ask the program to end. None is lost between two of them.

use crate::stop::StopCause;

/// Listens from the moment it is made.
#[cfg(unix)]
pub(super) struct Signals {
    interrupts: Option<tokio::signal::unix::Signal>,
    terminations: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen. Where the system refuses that, its signals end the program as they always do.
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self {
            interrupts: signal(SignalKind::interrupt()).ok(),
            terminations: signal(SignalKind::terminate()).ok(),
        }
    }

    /// Waits for the next.
    pub(super) async fn next(&mut self) -> StopCause {
        tokio::select! {
            () = recv(&mut self.interrupts) => StopCause::Interrupted,
            () = recv(&mut self.terminations) => StopCause::Terminated,
        }
    }
}

#[cfg(unix)]
async fn recv(signals: &mut Option<tokio::signal::unix::Signal>) {
    let received = match signals {
        Some(signals) => signals.recv().await,
        None => None,
    };
    if received.is_none() {
        std::future::pending::<()>().await;
    }
}

/// Listens for Ctrl-C.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> Self {
        Self
    }

    pub(super) async fn next(&mut self) -> StopCause {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        StopCause::Interrupted
    }
}
