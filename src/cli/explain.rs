//! Errors → what a person reads and what a script sees: message, hint, exit code.

use std::io;

use serde_json::json;

use super::resolve::{ResolveError, near_ledger};
use super::terminal;
use crate::import::ImportError;
use crate::intake::IntakeError;
use crate::ledger::LedgerError;
use crate::outbound::ClientError;
use crate::reconcile::{NoList, ReconcileError};
use crate::report::ReportError;
use crate::sandbox::{ParseError, SandboxError, StoreError};
use crate::stop::StopCause;

/// Nothing was sent: usage, job or input is wrong.
pub(crate) const USAGE: u8 = 2;
/// The machine or the target stopped it; it can be resumed.
pub(crate) const STOPPED: u8 = 3;

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// An input that `map` cannot read without being told how.
    #[error(transparent)]
    Unmapped(IntakeError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("the project's requests cannot be listed: {0}")]
    NoList(NoList),
    #[error("{0}")]
    Stopped(StopCause),
    #[error("the values of --fault-odds do not go together")]
    Odds(#[source] ParseError),
    #[error("the sandbox cannot be started")]
    Sandbox(#[from] SandboxError),
    #[error("a run on a live target has to be confirmed, and there is no terminal to ask on")]
    Unconfirmed,
    #[error("nothing was sent")]
    Declined,
    #[error("--interactive asks on a terminal, and there is none")]
    NoTerminal,
    #[error("nothing was written: the questions were broken off")]
    Unanswered,
    #[error("{} is there already", .0.display())]
    JobExists(std::path::PathBuf),
    #[error("the output goes into the job file {}: the shell has emptied it before it could be read", .0.display())]
    JobIsOutput(std::path::PathBuf),
    #[error("there is something for a person to decide, and nothing was sent:\n  {}", .0.join("\n  "))]
    Undecided(Vec<String>),
    #[error("cannot write {what}")]
    Write {
        what: String,
        source: std::io::Error,
    },
    #[error("the metrics file {} cannot be written", path.display())]
    MetricsFile {
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error("the metrics file cannot be {}: it is there already, and is none", .0.display())]
    MetricsForeign(std::path::PathBuf),
    #[error("metrics cannot be served at {address}")]
    MetricsListen {
        address: std::net::SocketAddr,
        source: std::io::Error,
    },
    #[error("this machine does not let the program start its work")]
    Runtime(#[source] std::io::Error),
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Ledger(error) => Self::Ledger(error),
            ImportError::Report(error) => Self::Report(error),
        }
    }
}

impl From<ReconcileError> for CliError {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::Ledger(error) => Self::Ledger(error),
            ReconcileError::Report(error) => Self::Report(error),
            ReconcileError::NoList(why) => Self::NoList(why),
            ReconcileError::Stopped => Self::Stopped(StopCause::Interrupted),
        }
    }
}

impl CliError {
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Resolve(error) => error.hint(),
            Self::Intake(error) | Self::Report(ReportError::Intake(error)) => Some(error.hint()),
            Self::Unmapped(error) => {
                let mut hint = error.hint();
                if hint.contains("[input]") {
                    hint.push_str(
                        "; for map, a file with [input] and that line will do: map … --job FILE --output ANOTHER",
                    );
                }
                Some(hint)
            }
            Self::Ledger(error @ LedgerError::Missing { path }) if let Some(near) = near_ledger(path) => {
                let near = near.display();
                Some(format!("did you mean `{near}`? {}", error.hint().unwrap_or_default()))
            }
            Self::Ledger(error) | Self::Report(ReportError::Ledger(error)) => error.hint(),
            Self::Report(ReportError::Write { cause, .. }) => Some(format!(
                "{}, then run the same command again: nothing is created twice",
                write_hint(cause)
            )),
            Self::Report(ReportError::InputChanged(_)) => {
                Some("leave the input as it is while it is imported, then run the same command again".into())
            }
            Self::Report(ReportError::Totals(_)) => {
                Some("this is a fault of concord-import: please report it; the ledger is right".into())
            }
            Self::Unconfirmed => Some(
                "look at `concord-import check` first, then add --yes; or try it with --sandbox".into(),
            ),
            Self::MetricsFile { .. } => Some(
                "check that its folder exists and may be written, or name another file with --metrics-file".into(),
            ),
            Self::MetricsForeign(_) => Some("name a file of its own with --metrics-file".into()),
            Self::MetricsListen { .. } => Some(
                "another program may listen there, or an earlier run that still goes on: name another port with --metrics-listen"
                    .into(),
            ),
            Self::NoTerminal => Some(
                "leave --interactive out: what is to be decided is then marked in the job file; or run it on a terminal, with the \
                 input in a file".into(),
            ),
            Self::JobExists(_) => Some("give another name to --output, or add --force to replace it".into()),
            Self::JobIsOutput(_) => Some("write the job file again, and name another file for the proposal: map … --job FILE --output ANOTHER".into()),
            Self::Undecided(_) => Some(
                "complete the job file, then look at it with `concord-import check`".into(),
            ),
            Self::NoList(why) => Some(no_list_hint(why).to_owned()),
            Self::Stopped(cause) => Some(cause.hint().to_owned()),
            Self::Write { source, .. } => Some(write_hint(source).into()),
            Self::Odds(_) => Some("a fault and its odds, such as --fault-odds 500=0.1; all odds add up to 1 at most".into()),
            Self::Sandbox(error) => Some(sandbox_hint(error).to_owned()),
            Self::Client(error) => Some(client_hint(error).to_owned()),
            Self::Declined | Self::Unanswered => Some("run the same command again when it is decided".into()),
            Self::Runtime(_) => Some("close other programs, or raise the limit of open files".into()),
        }
    }

    /// The one place where errors become exit codes.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            // The machine's settings, as against those of the command.
            Self::Client(ClientError::Proxy { .. }) => STOPPED,
            Self::Resolve(_)
            | Self::Intake(_)
            | Self::Unmapped(_)
            | Self::Client(_)
            | Self::Odds(_)
            | Self::Unconfirmed
            | Self::Declined
            | Self::NoTerminal
            | Self::JobExists(_)
            | Self::JobIsOutput(_)
            | Self::Undecided(_)
            | Self::MetricsFile { .. }
            | Self::MetricsForeign(_)
            | Self::MetricsListen { .. }
            // The wrong ledger for this job, as against a disk that fails.
            | Self::Ledger(
                LedgerError::Missing { .. }
                | LedgerError::OtherTarget { .. }
                | LedgerError::Foreign { .. }
                | LedgerError::Newer { .. }
                | LedgerError::Older { .. },
            ) => USAGE,
            Self::Unanswered => StopCause::Interrupted.exit_code(),
            Self::Stopped(cause) => cause.exit_code(),
            Self::Ledger(_)
            | Self::NoList(_)
            | Self::Report(_)
            | Self::Sandbox(_)
            | Self::Write { .. }
            | Self::Runtime(_) => STOPPED,
        }
    }

    /// Says what is wrong, why, and what to do; for a program, as a JSON line.
    pub(super) fn say(&self, is_json: bool) {
        let (why, hint) = (self.why(), self.hint());
        terminal::say(&match hint {
            hint if is_json => {
                let event = match self.exit_code() {
                    USAGE => "error",
                    _ => "stopped",
                };
                json!({ "event": event, "why": why.join(": "), "hint": hint }).to_string()
            }
            Some(hint) => format!("error: {}\nhint: {hint}", why.join("\n  caused by: ")),
            None => format!("error: {}", why.join("\n  caused by: ")),
        });
    }

    /// The message, and those of its causes that say more.
    pub(crate) fn why(&self) -> Vec<String> {
        let mut why = vec![self.to_string()];
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let message = error.to_string();
            if !why.last().is_some_and(|said| said.ends_with(&message)) {
                why.push(message);
            }
            cause = error.source();
        }
        why
    }
}

const fn sandbox_hint(error: &SandboxError) -> &'static str {
    match error {
        SandboxError::NotLoopback(_) => {
            "this is a fault of concord-import, which gives it 127.0.0.1: please report it"
        }
        SandboxError::NoProject => "name one with --project UUID, or leave the option out",
        SandboxError::Bind { .. } => {
            "another program may listen there: name another port with --port"
        }
        SandboxError::Store(StoreError::Open { .. }) => {
            "see that its folder is there, and that you may write to it"
        }
        SandboxError::Store(StoreError::InUse { .. }) => {
            "wait until that has ended, or give this one a file of its own: `sandbox --store FILE`, `run --out DIR`"
        }
        SandboxError::Store(StoreError::Line { .. }) => {
            "give the file of a sandbox with --store, or one that is not there yet"
        }
        SandboxError::Thread(_) => "close other programs, or raise the limit of threads",
    }
}

const fn client_hint(error: &ClientError) -> &'static str {
    match error {
        ClientError::Url(_) => {
            "give one such as https://api.concord.tech/privacy-v1, or leave it out"
        }
        ClientError::Key => "copy it again from Concord, without anything around it",
        ClientError::Proxy { .. } => {
            "name an HTTP proxy in HTTPS_PROXY or ALL_PROXY (http://HOST:PORT), or add the target's host to NO_PROXY to go \
             without one; then run the same command again"
        }
        ClientError::Build(_) => "check the system's certificates and proxy settings",
    }
}

const fn no_list_hint(why: &NoList) -> &'static str {
    match why {
        NoList::Withheld(_) => {
            "the key must be valid and allowed to list requests, as the role Limited is, and organization, project and base URL \
             must lead to Concord; then run the same command again"
        }
        NoList::NotServed(_) => {
            "when the server is back (check the base URL and any proxy on the way), run the same command again: what was \
             fetched is kept for an hour, and it goes on from there"
        }
        NoList::Unsteady { .. } => {
            "run the same command again when fewer requests come and go in the project"
        }
    }
}

/// Returns the hint for a file that cannot be written, by the cause.
fn write_hint(error: &io::Error) -> &'static str {
    use io::ErrorKind as K;
    match error.kind() {
        K::StorageFull | K::QuotaExceeded => "free disk space",
        K::PermissionDenied | K::ReadOnlyFilesystem => {
            "grant write permission for that folder, or name another one"
        }
        _ => "free disk space or grant write permission",
    }
}
