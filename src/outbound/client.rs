//! HTTP to Concord: one exchange at a time, whole within a deadline, nothing repeated, nothing followed.
//!
//! The way to the network is reqwest's; a simulation brings a [`Carrier`] instead. It says what happened, not what to do about it (`classify` does). It never retries, follows no
//! redirect, and reads no more of an answer than a limit.
//!
//! What the libraries below can tell of "before anything was written", and what they cannot:
//!
//! - A connection that was never made (name, connect, TLS, and the limit on them together) is told by
//!   `reqwest::Error::is_connect`. It is all that proves that nothing was sent, and we conclude nothing from
//!   any other error.
//! - A connection that was kept from an earlier exchange may be closed by the server just as it is taken up again.
//!   While hyper has not begun to write, it gives the request back, and hyper-util's pool sends it over another
//!   connection (`retry_canceled_requests`, and only on a reused connection): the server has seen none of it, and
//!   we see one exchange. Once hyper has taken the request up to write it, it reports an incomplete message or a
//!   reset (`connection closed before message completed`), the same whether the server has read nothing, a part
//!   or all of it. So all of these are [`Silence::Broken`], in doubt; `tests/it/import/faults.rs` counts what
//!   reaches a server that closes so, and nothing does twice.
//! - reqwest would by itself send again what a server refuses on HTTP/2 (`REFUSED_STREAM`, GOAWAY). That is right by
//!   the protocol, and hides an exchange from the pace; `retry::never()` turns it off, and such a refusal is in doubt
//!   too. The pool's own way of the paragraph before is not touched by it.
//! - A new connection that breaks before the request is written looks like one that breaks after it: in doubt.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};

use super::clock::Clock;
use super::limits::Limits;
use crate::entry::RequestBody;
use crate::plan::{Target, is_loopback};
use crate::time_of_day;

/// The most of an answer to a POST that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;
/// The most of a page of a list that is read, in bytes (1,000 items of 16 KiB).
pub const PAGE_BYTES_MAX: usize = 16 << 20;
/// Idle connections are kept less long than common servers do (Node: 5 s), so that none dies in our hands.
const IDLE_MAX: Duration = Duration::from_secs(4);
/// Looking up the host, connecting and TLS together.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// A request that is to be sent.
#[derive(Debug)]
pub struct Outgoing {
    /// `GET` or `POST`.
    pub method: Method,
    /// Whole, with its query.
    pub url: Url,
    /// JSON, for a POST.
    pub body: Option<Vec<u8>>,
}

/// Carries a request to a server that is simulated, and what came of it back.
pub type Carrier =
    Arc<dyn Fn(Outgoing) -> Pin<Box<dyn Future<Output = Exchange> + Send>> + Send + Sync>;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// When it was made, by the server's clock, if it said so.
    pub date: Option<SystemTime>,
    /// When to come again, from now, if it said so.
    pub retry_after: Option<Duration>,
    /// What it said of its limits, if anything.
    pub limits: Option<Limits>,
    /// The body, whole.
    pub body: Result<Vec<u8>, BodyFault>,
}

/// Why a body could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// The connection broke within it.
    #[error("the answer broke off")]
    CutOff,
    /// More than is read.
    #[error("the answer was larger than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// No connection was made: surely nothing was sent.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// The deadline passed; the request may have arrived.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection broke; the request may have arrived.
    #[error("the connection broke before an answer came")]
    Broken,
}

/// What came of an exchange.
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
}

/// How requests leave.
enum Way {
    Http(reqwest::Client),
    Simulated(Carrier),
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Http(_) => "Http",
            Self::Simulated(_) => "Simulated",
        })
    }
}

/// Talks to one project.
#[derive(Debug)]
pub(super) struct Client {
    way: Way,
    requests: Url,
    projects: Url,
    timeout: Duration,
    pub(super) clock: Clock,
}

impl Client {
    pub(super) fn new(
        target: &Target,
        key: &SecretString,
        timeout: Duration,
    ) -> Result<Self, ClientError> {
        let (requests, projects) = urls(target)?;
        // Somebody may have chosen a TLS provider for the process before us: theirs serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut key = HeaderValue::from_str(key.expose_secret()).map_err(|_| ClientError::Key)?;
        key.set_sensitive(true);
        let mut builder = reqwest::Client::builder()
            .default_headers(HeaderMap::from_iter([(
                "x-api-key".parse().expect("a header's name"),
                key,
            )]))
            .user_agent(concat!("concord-import/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .pool_idle_timeout(IDLE_MAX)
            // Less than the whole, so that a connection that is never made is told from a lost answer.
            .connect_timeout(CONNECT_MAX.min(timeout / 2))
            .tcp_nodelay(true)
            .timeout(timeout);
        builder = if requests.host_str().is_some_and(is_loopback) {
            builder.no_proxy()
        } else {
            builder.https_only(true)
        };
        let http = builder.build().map_err(ClientError::Build)?;
        Ok(Self {
            way: Way::Http(http),
            requests,
            projects,
            timeout,
            clock: Clock::default(),
        })
    }

    /// A client without a network. The carrier keeps to the deadline by itself.
    pub(super) fn simulated(
        target: &Target,
        timeout: Duration,
        carrier: Carrier,
    ) -> Result<Self, ClientError> {
        let (requests, projects) = urls(target)?;
        Ok(Self {
            way: Way::Simulated(carrier),
            requests,
            projects,
            timeout,
            clock: Clock::default(),
        })
    }

    /// Creates a request. Sent once, whatever happens.
    pub(super) async fn create(&self, body: &RequestBody) -> Exchange {
        let body = serde_json::to_vec(body).expect("a checked body is JSON");
        let request = Outgoing {
            method: Method::POST,
            url: self.requests.clone(),
            body: Some(body),
        };
        self.exchange(request, ANSWER_BYTES_MAX).await
    }

    /// One page of the project's requests.
    pub(super) async fn list(&self, query: &[(&str, &str)]) -> Exchange {
        let mut url = self.requests.clone();
        url.query_pairs_mut().extend_pairs(query);
        self.read(url).await
    }

    /// One page of the organization's projects.
    pub(super) async fn projects(&self, offset: usize, limit: usize) -> Exchange {
        let mut url = self.projects.clone();
        url.query_pairs_mut()
            .append_pair("limit", &limit.to_string())
            .append_pair("offset", &offset.to_string());
        self.read(url).await
    }

    async fn read(&self, url: Url) -> Exchange {
        let request = Outgoing {
            method: Method::GET,
            url,
            body: None,
        };
        self.exchange(request, PAGE_BYTES_MAX).await
    }

    async fn exchange(&self, request: Outgoing, bytes_max: usize) -> Exchange {
        let sent_at = time_of_day();
        let exchange = match &self.way {
            Way::Http(http) => self.over_http(http, request, bytes_max).await,
            Way::Simulated(carry) => carry(request).await,
        };
        if let Ok(Answer {
            date: Some(date), ..
        }) = &exchange
        {
            self.clock.compare(sent_at, *date);
        }
        exchange
    }

    async fn over_http(
        &self,
        http: &reqwest::Client,
        request: Outgoing,
        bytes_max: usize,
    ) -> Exchange {
        let Outgoing { method, url, body } = request;
        let mut request = http.request(method, url);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let mut response = request.send().await.map_err(|error| self.silence(&error))?;
        let date = response.headers().get(DATE).and_then(read_date);
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(read_retry_after);
        let limits = Limits::of(response.headers(), date);
        let mut bytes = Vec::new();
        let body = loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > bytes_max => {
                    break Err(BodyFault::TooLarge { bytes_max });
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break Ok(bytes),
                Err(_) => break Err(BodyFault::CutOff),
            }
        };
        Ok(Answer {
            status,
            date,
            retry_after,
            limits,
            body,
        })
    }

    /// Only a connection that was never made proves that nothing was sent.
    fn silence(&self, error: &reqwest::Error) -> Silence {
        if error.is_connect() {
            Silence::NoConnection(innermost(error))
        } else if error.is_timeout() {
            Silence::Timeout(self.timeout)
        } else {
            Silence::Broken
        }
    }
}

/// Where requests and projects are.
fn urls(target: &Target) -> Result<(Url, Url), ClientError> {
    let url =
        |path: String| Url::parse(&path).map_err(|_| ClientError::Url(target.base_url.clone()));
    let projects = url(format!(
        "{}/organizations/{}/projects",
        target.base_url, target.organization
    ))?;
    let requests = url(format!("{projects}/{}/compliance-requests", target.project))?;
    Ok((requests, projects))
}

/// The last cause: what the system said (`connection refused`), without URL or address book.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// When an answer was made (RFC 9110, 6.6.1).
fn read_date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// Retry-After in either form of RFC 9110, 10.2.3; a date in the past means now.
fn read_retry_after(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(time_of_day()).unwrap_or_default())
}
