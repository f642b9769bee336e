//! HTTP to Concord: one exchange at a time within a deadline, without retries or redirects.
//!
//! Requests go through reqwest (`http`). A simulation uses a [`Carrier`] instead. This module reports what happened;
//! `classify` decides what to do about it.
//!
//! What an error proves about the request:
//!
//! - Only a connection that was never made (name, connect, TLS, and the limit on them together) proves that nothing was
//!   sent. `is_connect` of reqwest's errors reports it. Nothing is concluded from any other error.
//! - The server may close an idle connection just as a request starts on it. While hyper has not begun to write, its
//!   pool sends the request over another connection (`retry_canceled_requests`, only on a reused connection). The
//!   server has seen none of it, and this module sees one exchange. Once hyper has begun to write, it reports the same
//!   error (`connection closed before message completed`) whether the server has read nothing, a part or all of the
//!   request. All of these are [`Silence::Broken`], in doubt. `tests/it/import/faults.rs` counts what reaches a server
//!   that closes its connections so: nothing arrives twice.
//! - reqwest would send again what a server refuses on HTTP/2 (`REFUSED_STREAM`, GOAWAY). The protocol allows that, but
//!   it hides an exchange from the rate limiter. `retry::never()` turns it off, and such a refusal is in doubt too.
//! - A new connection that breaks before the request is written looks like one that breaks after it: in doubt.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use super::body;
use super::clock::Clock;
use super::http::Http;
use super::limits::{self, Limits};
use super::server_text::ServerText;
use crate::entry::RequestBody;
use crate::grouped::grouped;
use crate::plan::Target;
use crate::stop::Obstacle;
use crate::time_of_day;

/// The most of an answer to a POST that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;
/// The most of a page of a list that is read, in bytes (1,000 items of 16 KiB).
pub const PAGE_BYTES_MAX: usize = 16 << 20;

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

/// Why there is no answer.
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
    /// A proxy of a kind that is not supported.
    #[error(
        "the system's proxy for the target is a `{scheme}` proxy, which this program does not speak"
    )]
    Proxy {
        /// `socks5`, `socks4` and so on.
        scheme: String,
    },
}

impl Answer {
    /// An answer, of its head and its body.
    pub(super) fn of(
        status: StatusCode,
        headers: &HeaderMap,
        body: Result<Vec<u8>, BodyFault>,
        bytes_max: usize,
    ) -> Self {
        let date = headers.get(DATE).and_then(read_date);
        let wait = |value: &HeaderValue| limits::read_retry_after(value.to_str().ok()?, date);
        Self {
            status: status.as_u16(),
            date,
            retry_after: headers.get(RETRY_AFTER).and_then(wait),
            limits: Limits::of(headers, date),
            body: body.and_then(|bytes| body::read(headers, bytes, bytes_max)),
        }
    }
}

/// Sends requests: over the network, or to a simulated server.
enum Transport {
    Http(Box<Http>),
    #[cfg_attr(
        not(feature = "internals"),
        expect(dead_code, reason = "only a simulation constructs it")
    )]
    Simulated(Carrier),
}

impl std::fmt::Debug for Transport {
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
    transport: Transport,
    requests: Url,
    projects: Url,
    pub(super) clock: Clock,
    /// Cleans the server's text.
    pub(super) words: ServerText,
    /// Set once the server has responded. From then on an unknown host name is an outage.
    is_reached: AtomicBool,
}

impl Client {
    pub(super) fn new(
        target: &Target,
        key: &SecretString,
        timeout: Duration,
    ) -> Result<Self, ClientError> {
        let words = ServerText::new(key);
        let mut key = HeaderValue::from_str(key.expose_secret()).map_err(|_| ClientError::Key)?;
        key.set_sensitive(true);
        let (requests, projects) = urls(target)?;
        let http = Http::new(key, timeout, &requests)?;
        let transport = Transport::Http(Box::new(http));
        Ok(Self::over(transport, (requests, projects), words))
    }

    /// Creates a client without a network. The carrier observes the deadline.
    #[cfg(feature = "internals")]
    pub(super) fn simulated(target: &Target, carrier: Carrier) -> Result<Self, ClientError> {
        let transport = Transport::Simulated(carrier);
        Ok(Self::over(transport, urls(target)?, ServerText::default()))
    }

    fn over(transport: Transport, (requests, projects): (Url, Url), words: ServerText) -> Self {
        Self {
            transport,
            requests,
            projects,
            clock: Clock::default(),
            words,
            is_reached: AtomicBool::new(false),
        }
    }

    /// Creates a request. Sent once, whatever happens.
    pub(super) async fn create(&self, body: &RequestBody) -> Exchange {
        let request = Outgoing {
            method: Method::POST,
            url: self.requests.clone(),
            body: Some(serde_json::to_vec(body).expect("a checked body is JSON")),
        };
        let sent_at = time_of_day();
        let exchange = self.transport.exchange(request, ANSWER_BYTES_MAX).await;
        self.note(sent_at, exchange)
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
        let sent_at = time_of_day();
        let exchange = self.transport.exchange(request, PAGE_BYTES_MAX).await;
        self.note(sent_at, exchange)
    }

    /// Records the server's date, and that the server responded.
    fn note(&self, sent_at: SystemTime, exchange: Exchange) -> Exchange {
        match &exchange {
            Ok(answer) => {
                self.is_reached.store(true, Ordering::Relaxed);
                if let Some(date) = answer.date {
                    self.clock.compare(sent_at, date);
                }
            }
            Err(Silence::Barred(obstacle @ Obstacle::UnknownHost(_)))
                if self.is_reached.load(Ordering::Relaxed) =>
            {
                return Err(Silence::NoConnection(obstacle.to_string()));
            }
            Err(_) => {}
        }
        exchange
    }
}

impl Transport {
    async fn exchange(&self, request: Outgoing, bytes_max: usize) -> Exchange {
        match self {
            Self::Http(http) => http.exchange(request, bytes_max).await,
            Self::Simulated(carry) => carry(request).await,
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

/// When an answer was made (RFC 9110, 6.6.1).
fn read_date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(400);

    /// A server for one connection: it reads what comes, writes this, and closes, or waits for the client to do so.
    fn serve(answer: &'static str, closes: bool) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        std::thread::spawn(move || {
            let Ok((mut stream, _)) = listener.accept() else {
                return;
            };
            let mut request = Vec::new();
            let mut read = [0; 4_096];
            while !request.ends_with(b"}") {
                match stream.read(&mut read) {
                    Ok(count @ 1..) => request.extend_from_slice(&read[..count]),
                    _ => return,
                }
            }
            stream.write_all(answer.as_bytes()).expect("it listens");
            if !closes {
                drop(stream.read(&mut read));
            }
        });
        port
    }

    /// Returns the outcome of a POST to that port.
    async fn post(port: u16) -> Exchange {
        let url = Url::parse(&format!("http://127.0.0.1:{port}")).expect("a URL");
        let http = Http::new(HeaderValue::from_static("a key"), TIMEOUT, &url);
        let request = Outgoing {
            method: Method::POST,
            url,
            body: Some(b"{}".to_vec()),
        };
        http.expect("a client").exchange(request, 64).await
    }

    #[tokio::test]
    async fn an_exchange_without_a_response_says_why() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let closed_port = listener.local_addr().expect("bound").port();
        drop(listener);
        let exchange = post(closed_port).await;
        assert!(
            matches!(exchange, Err(Silence::NoConnection(_))),
            "{exchange:?}"
        );
        let exchange = post(serve("", true)).await;
        assert!(matches!(exchange, Err(Silence::Broken)), "{exchange:?}");
        let exchange = post(serve("", false)).await;
        assert!(
            matches!(exchange, Err(Silence::Timeout(TIMEOUT))),
            "{exchange:?}"
        );
    }

    #[tokio::test]
    async fn a_response_is_read_up_to_its_limit() {
        let told = |exchange: Exchange| {
            let answer = exchange.expect("an answer");
            (answer.status, answer.retry_after, answer.body)
        };
        let ok = "HTTP/1.1 201 Created\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}";
        let wait = Duration::from_secs(7);
        let expected = (201, Some(wait), Ok(b"{}".to_vec()));
        assert_eq!(told(post(serve(ok, true)).await), expected);
        let moved =
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
        let expected = (307, None, Ok(Vec::new()));
        assert_eq!(told(post(serve(moved, true)).await), expected);
        let cut = "HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\n{}";
        for closes in [true, false] {
            let expected = (201, None, Err(BodyFault::CutOff));
            assert_eq!(told(post(serve(cut, closes)).await), expected);
        }
        let large = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                     41\r\n.................................................................\r\n";
        let expected = (200, None, Err(BodyFault::TooLarge { bytes_max: 64 }));
        assert_eq!(told(post(serve(large, true)).await), expected);
    }
}
