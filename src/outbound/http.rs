//! HTTP exchanges through reqwest: no retries, no redirects, and no more of a response than a limit.
//!
//! `client` says what its errors prove.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::body;
use super::connect_error::{asks_for_login, innermost, is_refused_tunnel, obstacle, of_proxy};
use super::exchange::{Answer, BodyFault, ClientError, Exchange, Outgoing, Silence};
use super::limits::{self, Limits};
use crate::plan::is_loopback;
use crate::stop::Obstacle;

/// Maximum idle time of a connection. Common servers close theirs later (Node.js after 5 s), so none is closed while a
/// request starts on it.
const IDLE_MAX: Duration = Duration::from_secs(4);
/// Time between two pings on an HTTP/2 connection with requests in flight. Some gateways refuse more frequent pings.
const PING_EVERY: Duration = Duration::from_secs(5);
/// Longest wait for the answer to a ping. After it the connection counts as broken, long before `timeout` by default.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum time to look up the host, connect and set up TLS.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// The `User-Agent` header.
const USER_AGENT: &str = concat!("concord-import/", env!("CARGO_PKG_VERSION"));
/// Longest status line of a proxy that is read, in bytes.
const STATUS_LINE_BYTES_MAX: u64 = 1_024;

/// The connections to one server.
#[derive(Debug)]
pub(super) struct Http {
    pool: Mutex<Pool>,
    settings: Settings,
}

#[derive(Debug)]
struct Settings {
    key: HeaderValue,
    timeout: Duration,
    /// Shorter than `timeout`, so that a connection that is never made differs from a lost response.
    connect_timeout: Duration,
    /// Set for a server without encryption, which is on loopback.
    is_plain: bool,
    /// The system's proxy for this server.
    proxy: Option<Intercept>,
}

/// The current connections. After a timeout a new pool replaces them, because `reqwest` does not say which connection
/// timed out.
#[derive(Clone, Debug)]
struct Pool {
    http: reqwest::Client,
    number: u64,
}

impl Http {
    /// Creates the client for the server of this URL, without connecting yet. `timeout` limits one whole exchange.
    pub(super) fn new(key: HeaderValue, timeout: Duration, url: &Url) -> Result<Self, ClientError> {
        // Another part of the process may have installed a provider already: any provider works.
        drop(rustls::crypto::ring::default_provider().install_default());
        let settings = Settings {
            key,
            timeout,
            connect_timeout: CONNECT_MAX.min(timeout / 2),
            is_plain: url.scheme() == "http",
            proxy: proxy(url)?,
        };
        let http = settings.connections()?;
        let pool = Mutex::new(Pool { http, number: 0 });
        Ok(Self { pool, settings })
    }

    /// Makes one exchange within the timeout.
    pub(super) async fn exchange(&self, outgoing: Outgoing, bytes_max: usize) -> Exchange {
        let Outgoing { method, url, body } = outgoing;
        let pool = self
            .pool
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let host = (
            url.host_str().map(str::to_owned),
            url.port_or_known_default(),
        );
        let mut request = pool.http.request(method, url);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Err(self.silence(&error, host, &pool).await),
        };
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut bytes = Vec::new();
        let body = loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > bytes_max => {
                    break Err(BodyFault::TooLarge { bytes_max });
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break Ok(bytes),
                Err(error) => {
                    if error.is_timeout() {
                        self.replace(&pool);
                    }
                    break Err(BodyFault::CutOff);
                }
            }
        };
        Ok(answer(status, &headers, body, bytes_max))
    }

    /// Says why there is no response. Only a connection that was never made proves that nothing was sent.
    async fn silence(
        &self,
        error: &reqwest::Error,
        host: (Option<String>, Option<u16>),
        pool: &Pool,
    ) -> Silence {
        if !error.is_connect() {
            return if error.is_timeout() {
                self.replace(pool);
                Silence::Timeout(self.settings.timeout)
            } else {
                Silence::Broken
            };
        }
        let barred = match host {
            (Some(host), Some(port)) if is_refused_tunnel(error) => {
                self.settings.refusal_of_proxy(&host, port, error).await
            }
            _ => obstacle(error),
        };
        match barred {
            Some(obstacle) => Silence::Barred(obstacle),
            None if error.is_timeout() => {
                let limit = self.settings.connect_timeout;
                Silence::NoConnection(format!("not made within {limit:?}"))
            }
            None => Silence::NoConnection(innermost(error)),
        }
    }

    /// Replaces the pool, so that later requests use other connections. Does nothing if another request already did.
    fn replace(&self, timed_out: &Pool) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.number != timed_out.number {
            return;
        }
        // If the new pool cannot be created, the present one stays in use.
        if let Ok(http) = self.settings.connections() {
            *pool = Pool {
                http,
                number: pool.number + 1,
            };
        }
    }
}

impl Settings {
    /// Creates a pool that never retries a request and never follows a redirect.
    fn connections(&self) -> Result<reqwest::Client, ClientError> {
        let builder = reqwest::Client::builder()
            .default_headers(HeaderMap::from_iter([(
                "x-api-key".parse().expect("a header's name"),
                self.key.clone(),
            )]))
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .pool_idle_timeout(IDLE_MAX)
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .https_only(!self.is_plain);
        let builder = match self.proxy {
            Some(_) => builder,
            None => builder.no_proxy(),
        };
        let builder = if self.is_plain {
            // No certificate is needed, and reading those of the system takes longer than the rest of the start.
            builder.tls_certs_only([])
        } else {
            builder
        };
        builder.build().map_err(ClientError::Build)
    }

    /// Asks the proxy once more for its status: `reqwest` says only that the proxy refuses. A proxy that uses TLS itself
    /// is not asked.
    async fn refusal_of_proxy(
        &self,
        host: &str,
        port: u16,
        error: &reqwest::Error,
    ) -> Option<Obstacle> {
        let proxy = self.proxy.as_ref()?;
        if proxy.uri().scheme_str() != Some("http") {
            return asks_for_login(error).then_some(Obstacle::ProxyLogin);
        }
        let asked = timeout(self.connect_timeout, connect_status(proxy, host, port)).await;
        of_proxy(asked.ok()??)
    }
}

/// Makes an answer of its head and its body.
fn answer(
    status: StatusCode,
    headers: &HeaderMap,
    body: Result<Vec<u8>, BodyFault>,
    bytes_max: usize,
) -> Answer {
    let date = headers.get(DATE).and_then(read_date);
    let wait = |value: &HeaderValue| limits::read_retry_after(value.to_str().ok()?, date);
    Answer {
        status: status.as_u16(),
        date,
        retry_after: headers.get(RETRY_AFTER).and_then(wait),
        limits: Limits::of(headers, date),
        body: body.and_then(|bytes| body::read(headers, bytes, bytes_max)),
    }
}

/// Reads the time at which an answer was made (RFC 9110, 6.6.1).
fn read_date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// Returns the system's proxy for a URL. Requests to loopback use no proxy.
fn proxy(url: &Url) -> Result<Option<Intercept>, ClientError> {
    if url.scheme() == "http" || url.host_str().is_some_and(is_loopback) {
        return Ok(None);
    }
    let unusable = |_| ClientError::Url(url.to_string());
    let uri = url.as_str().parse().map_err(unusable)?;
    let proxy = Matcher::from_system().intercept(&uri);
    match proxy.as_ref().and_then(|proxy| proxy.uri().scheme_str()) {
        Some(scheme) if scheme.starts_with("socks") => Err(ClientError::Proxy {
            scheme: scheme.to_owned(),
        }),
        _ => Ok(proxy),
    }
}

/// Returns the status with which a proxy answers CONNECT.
async fn connect_status(proxy: &Intercept, host: &str, port: u16) -> Option<u16> {
    let uri = proxy.uri();
    let at = (uri.host()?, uri.port_u16().unwrap_or(80));
    let mut stream = TcpStream::connect(at).await.ok()?;
    let login = proxy
        .basic_auth()
        .and_then(|login| login.to_str().ok())
        .map_or_else(String::new, |login| {
            format!("Proxy-Authorization: {login}\r\n")
        });
    let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{login}\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut line = String::new();
    let mut reader = BufReader::new(stream.take(STATUS_LINE_BYTES_MAX));
    reader.read_line(&mut line).await.ok()?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use reqwest::Method;

    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(400);

    /// Serves one connection: reads the request, writes this answer, and closes, or waits for the client to close.
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
