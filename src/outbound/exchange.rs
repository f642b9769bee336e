//! One HTTP exchange: the request, and the response or the reason for its absence.

use std::time::{Duration, SystemTime};

use reqwest::{Method, Url};

use super::limits::Limits;
use crate::numbers::grouped;
use crate::stop::Obstacle;

/// A request to send.
#[derive(Debug)]
pub struct Outgoing {
    /// `GET` or `POST`.
    pub method: Method,
    /// Whole, with its query.
    pub url: Url,
    /// JSON, for a POST.
    pub body: Option<Vec<u8>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// When it was made, by the server's clock, if it said so.
    pub date: Option<SystemTime>,
    /// When to come again, from now, if it said so.
    pub retry_after: Option<Duration>,
    /// The limits that it announced, if any.
    pub limits: Option<Limits>,
    /// The body, whole.
    pub body: Result<Vec<u8>, BodyFault>,
}

/// The reason for a missing body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// The connection broke within it.
    #[error("the answer broke off")]
    CutOff,
    /// More than is read.
    #[error("the answer was larger than {} bytes", grouped(*bytes_max as u64))]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// A web page, such as a sign-in page or another site.
    #[error("the answer was a web page")]
    WebPage,
    /// A body whose compression is not supported, or is not the declared one.
    #[error("the answer was compressed in a form that cannot be read ({name})")]
    Encoded {
        /// The encoding, by its own name.
        name: String,
    },
}

/// The reason for a missing response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// No connection was made: surely nothing was sent.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// No connection was made, for a reason that does not pass with time. Nothing was sent.
    #[error("no connection: {0}")]
    Barred(Obstacle),
    /// The deadline passed; the request may have arrived.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection broke; the request may have arrived.
    #[error("the connection broke before an answer came")]
    Broken,
}

/// The outcome of an exchange.
pub type Exchange = Result<Answer, Silence>;

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The base URL and the ids make no URL.
    #[error("`{0}` is not a usable base URL")]
    Url(String),
    /// The key has characters that no header can carry.
    #[error("the API key has characters that an HTTP header cannot carry")]
    Key,
    /// TLS or the HTTP library refused.
    #[error("the HTTP client cannot be made: {0}")]
    Build(#[source] reqwest::Error),
    /// A proxy of a kind that is not supported.
    #[error(
        "the system's proxy for the target is a `{scheme}` proxy, which this program does not speak"
    )]
    Proxy {
        /// `socks5`, `socks4` and so on.
        scheme: String,
    },
}
