//! The signals that ask the program to end. None is lost between two of them.

use super::progress::stopped_line;
use super::terminal;
use crate::event::{Event, Events};
use crate::stop::{StopCause, StopSignal};

/// The first signal lets what is under way end; the second ends at once, which the ledger survives.
pub(super) async fn obey(stop: StopSignal, events: Events, is_json: bool) {
    let mut signals = Signals::listen();
    let cause = signals.next().await;
    events.tell(Event::Stopping {
        why: cause.to_string(),
    });
    stop.raise(cause);
    let cause = signals.next().await;
    terminal::say(&if is_json {
        stopped_line(&cause)
    } else {
        format!("{cause} again: ending at once; {}", cause.hint())
    });
    leave_at_once(cause.exit_code());
}

#[expect(clippy::exit, reason = "the second signal asks for just this")]
fn leave_at_once(code: u8) -> ! {
    std::process::exit(code.into())
}

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
