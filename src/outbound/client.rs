//! HTTP to Concord: one exchange at a time, whole within a deadline, nothing repeated, nothing followed.
//!
//! The way to the network is hyper's (`direct`), or through a proxy reqwest's (`proxied`), which is made of hyper; a
//! simulation brings a [`Carrier`] instead. It says what happened, not what to do about it (`classify` does). It never
//! retries, follows no redirect, and reads no more of an answer than a limit.
//!
//! What the libraries below can tell of "before anything was written", and what they cannot:
//!
//! - A connection that was never made (name, connect, TLS, and the limit on them together) is told by
//!   `is_connect` of either's errors. It is all that proves that nothing was sent, and we conclude nothing from
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
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use super::body;
use super::clock::Clock;
use super::direct::Direct;
use super::limits::{self, Limits};
use super::proxied::Proxied;
use super::server_text::ServerText;
use crate::entry::RequestBody;
use crate::grouped::grouped;
use crate::plan::{Target, is_loopback};
use crate::stop::Obstacle;
use crate::time_of_day;

/// The most of an answer to a POST that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;
/// The most of a page of a list that is read, in bytes (1,000 items of 16 KiB).
pub const PAGE_BYTES_MAX: usize = 16 << 20;
/// Idle connections are kept less long than common servers do (Node: 5 s), so that none dies in our hands.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(4);
/// Time between two pings on an HTTP/2 connection with requests in flight. Some gateways refuse more frequent pings.
pub(super) const PING_EVERY: Duration = Duration::from_secs(5);
/// Longest wait for the answer to a ping. After it the connection counts as broken, long before `timeout` by default.
pub(super) const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Looking up the host, connecting and TLS together.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// What we call ourselves.
pub(super) const CALLED: &str = concat!("concord-import/", env!("CARGO_PKG_VERSION"));

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
    /// The system's certificates cannot be had.
    #[error("encrypted connections cannot be made: {0}")]
    Tls(#[source] rustls::Error),
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

/// How requests leave.
enum Way {
    Direct(Box<Direct>),
    Proxied(Box<Proxied>),
    Simulated(Carrier),
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Direct(_) => "Direct",
            Self::Proxied(_) => "Proxied",
            Self::Simulated(_) => "Simulated",
        })
    }
}

/// Talks to one project.
#[derive(Debug)]
pub(super) struct Client {
    way: Way,
    requests: Url,
    /// The same, ready to be sent to.
    requests_uri: Uri,
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
        // Somebody may have chosen a TLS provider for the process before us: theirs serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        // Less than the whole, so that a connection that is never made is told from a lost answer.
        let connect_max = CONNECT_MAX.min(timeout / 2);
        let way = |to: &Uri| {
            let is_plain = to.scheme_str() == Some("http");
            // What goes to loopback (plain HTTP always does) goes through no proxy.
            let is_here = is_plain || to.host().is_some_and(is_loopback);
            match Matcher::from_system().intercept(to).filter(|_| !is_here) {
                None => {
                    let direct = Direct::new(key, timeout, connect_max, is_plain)?;
                    Ok(Way::Direct(Box::new(direct)))
                }
                Some(proxy) => match proxy.uri().scheme_str() {
                    Some(scheme) if scheme.starts_with("socks") => Err(ClientError::Proxy {
                        scheme: scheme.to_owned(),
                    }),
                    _ => {
                        let proxied = Proxied::new(key, timeout, connect_max, Some(proxy))?;
                        Ok(Way::Proxied(Box::new(proxied)))
                    }
                },
            }
        };
        Self::over(target, words, way)
    }

    /// A client without a network. The carrier keeps to the deadline by itself.
    pub(super) fn simulated(target: &Target, carrier: Carrier) -> Result<Self, ClientError> {
        Self::over(target, ServerText::default(), |_| {
            Ok(Way::Simulated(carrier))
        })
    }

    fn over(
        target: &Target,
        words: ServerText,
        way: impl FnOnce(&Uri) -> Result<Way, ClientError>,
    ) -> Result<Self, ClientError> {
        let (requests, projects) = urls(target)?;
        let unusable = |_| ClientError::Url(target.base_url.clone());
        let requests_uri = requests.as_str().parse().map_err(unusable)?;
        Ok(Self {
            way: way(&requests_uri)?,
            requests,
            requests_uri,
            projects,
            clock: Clock::default(),
            words,
            is_reached: AtomicBool::new(false),
        })
    }

    /// Creates a request. Sent once, whatever happens.
    pub(super) async fn create(&self, body: &RequestBody) -> Exchange {
        let body = serde_json::to_vec(body).expect("a checked body is JSON");
        let sent_at = time_of_day();
        let exchange = match &self.way {
            Way::Direct(direct) => {
                let uri = self.requests_uri.clone();
                direct
                    .exchange(Method::POST, uri, Some(body), ANSWER_BYTES_MAX)
                    .await
            }
            way => {
                let request = Outgoing {
                    method: Method::POST,
                    url: self.requests.clone(),
                    body: Some(body),
                };
                way.carry(request, ANSWER_BYTES_MAX).await
            }
        };
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
        let exchange = self.way.carry(request, PAGE_BYTES_MAX).await;
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

impl Way {
    async fn carry(&self, request: Outgoing, bytes_max: usize) -> Exchange {
        match self {
            Self::Direct(direct) => {
                let Outgoing { method, url, body } = request;
                match url.as_str().parse() {
                    Ok(uri) => direct.exchange(method, uri, body, bytes_max).await,
                    Err(_) => Err(Silence::NoConnection("it is no address".to_owned())),
                }
            }
            Self::Proxied(proxied) => proxied.exchange(request, bytes_max).await,
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

    use uuid::Uuid;

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

    /// What a POST to that port comes to, by either way.
    async fn post(port: impl Fn() -> u16) -> Vec<Exchange> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut all = Vec::new();
        for is_direct in [true, false] {
            let target = Target {
                organization: Uuid::from_u128(1),
                project: Uuid::from_u128(2),
                base_url: format!("http://127.0.0.1:{}", port()),
            };
            let client = Client::over(&target, ServerText::default(), |_| {
                let key = HeaderValue::from_static("a key");
                if is_direct {
                    let direct = Direct::new(key, TIMEOUT, TIMEOUT / 2, true)?;
                    Ok(Way::Direct(Box::new(direct)))
                } else {
                    let proxied = Proxied::new(key, TIMEOUT, TIMEOUT / 2, None)?;
                    Ok(Way::Proxied(Box::new(proxied)))
                }
            });
            let client = client.expect("a client");
            let request = Outgoing {
                method: Method::POST,
                url: client.requests.clone(),
                body: Some(b"{}".to_vec()),
            };
            all.push(client.way.carry(request, 64).await);
        }
        all
    }

    #[tokio::test]
    async fn either_way_tells_the_same_of_silence() {
        let nobody = || {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("bound").port()
        };
        for exchange in post(nobody).await {
            assert!(
                matches!(exchange, Err(Silence::NoConnection(_))),
                "{exchange:?}"
            );
        }
        for exchange in post(|| serve("", true)).await {
            assert!(matches!(exchange, Err(Silence::Broken)), "{exchange:?}");
        }
        for exchange in post(|| serve("", false)).await {
            assert!(
                matches!(exchange, Err(Silence::Timeout(TIMEOUT))),
                "{exchange:?}"
            );
        }
    }

    #[tokio::test]
    async fn either_way_tells_the_same_of_answers() {
        let told = |exchange: Exchange| {
            let answer = exchange.expect("an answer");
            (answer.status, answer.retry_after, answer.body)
        };
        let ok = "HTTP/1.1 201 Created\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}";
        for exchange in post(|| serve(ok, true)).await {
            let wait = Duration::from_secs(7);
            assert_eq!(told(exchange), (201, Some(wait), Ok(b"{}".to_vec())));
        }
        let moved =
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
        for exchange in post(|| serve(moved, true)).await {
            assert_eq!(told(exchange), (307, None, Ok(Vec::new())));
        }
        let cut = "HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\n{}";
        for closes in [true, false] {
            for exchange in post(|| serve(cut, closes)).await {
                assert_eq!(told(exchange), (201, None, Err(BodyFault::CutOff)));
            }
        }
        let large = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                     41\r\n.................................................................\r\n";
        for exchange in post(|| serve(large, true)).await {
            let fault = BodyFault::TooLarge { bytes_max: 64 };
            assert_eq!(told(exchange), (200, None, Err(fault)));
        }
    }
}
