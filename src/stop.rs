//! Why a run ends early, said once and heard by everyone who is about to send.
//!
//! Vocabulary: ledger, outbound and import all may raise it; the first cause stands.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::numbers::duration;

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
    /// A success whose body is a web page: a sign-in page, or a website in the place of the API.
    #[error("the server answered {status} with a web page instead of JSON, which Concord does not")]
    WebPage {
        /// The HTTP status.
        status: u16,
    },
    /// A refusal that is about the account or the way, and not about a row.
    #[error("{} ({status})", refusal_of_all(*status))]
    RefusesAll {
        /// The HTTP status.
        status: u16,
    },
    /// No connection can be made, and waiting does not help.
    #[error("cannot connect to the server: {0}")]
    Unconnectable(Obstacle),
    /// The server did not serve anybody for too long.
    #[error("the server has not served a request for {}: {last}", duration(Duration::from_secs(lasted.as_secs())))]
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

/// A connection error that does not pass with time. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// The certificate's issuer is not trusted by this system.
    #[error("its certificate is signed by an authority that this system does not trust")]
    UnknownAuthority,
    /// The certificate is too old.
    #[error("its certificate has expired")]
    Expired,
    /// The certificate is too new.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// The certificate is another host's.
    #[error("its certificate is for another host name")]
    OtherName,
    /// The certificate was taken back.
    #[error("its certificate was revoked")]
    Revoked,
    /// Another fault of the certificate.
    #[error("its certificate cannot be accepted: {0}")]
    Certificate(String),
    /// The two ends share no version or form of TLS, or the server asks for a certificate of ours.
    #[error("it does not agree to an encrypted connection: {0}")]
    Handshake(String),
    /// Something else answers there.
    #[error("it does not speak TLS at this address")]
    NoTls,
    /// A firewall or the service manager of this machine forbids the connection.
    #[error("this system does not permit the connection: {0}")]
    NotPermitted(String),
    /// No name server knows the host.
    #[error("no host of this name is known: {0}")]
    UnknownHost(String),
    /// 407 to CONNECT.
    #[error("the proxy asks for a login (407)")]
    ProxyLogin,
    /// Another refusal to CONNECT.
    #[error("the proxy does not let requests through to it ({status})")]
    ProxyRefuses {
        /// The HTTP status.
        status: u16,
    },
}

impl Obstacle {
    /// Returns the hint for the operator.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::UnknownAuthority => {
                "check the base URL; if your network inspects encrypted traffic, add its certificate authority to the system's \
                 trusted ones (or name its file in SSL_CERT_FILE), then run the same command again"
            }
            Self::Expired | Self::NotYetValid => {
                "check this machine's date and time; if they are right, ask whoever runs the server or the proxy to renew the \
                 certificate, then run the same command again"
            }
            Self::OtherName => {
                "compare the host name in --base-url, or base_url in the job file, with Concord's, then run the same command again"
            }
            Self::Revoked | Self::Certificate(_) | Self::Handshake(_) => {
                "check the base URL, and ask whoever runs the server, or a proxy on the way, about its TLS settings; then run the \
                 same command again"
            }
            Self::NoTls => {
                "check scheme, host and port in --base-url, or base_url in the job file, then run the same command again"
            }
            Self::NotPermitted(_) => {
                "allow the program to connect in this machine's firewall, or in the unit of its service, then run the same \
                 command again"
            }
            Self::UnknownHost(_) => {
                "check the host name in --base-url, or base_url in the job file, and the network's name server (a VPN may be \
                 needed), then run the same command again"
            }
            Self::ProxyLogin => {
                "give the proxy's name and password in HTTPS_PROXY (http://NAME:PASSWORD@HOST:PORT), or add the server's host to \
                 NO_PROXY, then run the same command again"
            }
            Self::ProxyRefuses { .. } => {
                "ask whoever runs the proxy to allow the server's host, or add the host to NO_PROXY, then run the same command \
                 again"
            }
        }
    }
}

/// Returns what a status says that is about every request.
const fn refusal_of_all(status: u16) -> &'static str {
    match status {
        402 => "the server asks for a payment before it creates requests",
        426 => "the server asks for another protocol version",
        428 => "the server asks for a condition that no request of this program has",
        431 => "the request's headers are too large for the server",
        451 => "the server refuses requests for legal reasons",
        _ => "the server refuses every request",
    }
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
            Self::WebPage { .. } => {
                "check --base-url or base_url in the job file; if the network, a VPN or a proxy asks you to sign in, do that in a \
                 browser first; then run the same command again"
            }
            Self::RefusesAll { status: 402 } => {
                "have the plan or the invoices of the Concord account put in order, then run the same command again"
            }
            Self::RefusesAll { status: 431 } => {
                "check that CONCORD_API_KEY or --api-key-file holds the key alone, and any proxy on the way; then run the same \
                 command again"
            }
            Self::RefusesAll { status: 451 } => {
                "ask Concord's support, or whoever runs the network, why; then run the same command again"
            }
            Self::RefusesAll { .. } => {
                "check --base-url or base_url in the job file, and any proxy on the way, then run the same command again"
            }
            Self::Unconnectable(obstacle) => obstacle.hint(),
            Self::Outage { .. } => {
                "if the server never answered, check --base-url or base_url in the job file, and the network; when the server is \
                 back, run the same command again to go on"
            }
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
