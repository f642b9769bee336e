//! The way through a proxy of the system: reqwest's, which knows proxies.
//!
//! It repeats nothing and follows nothing; what its errors prove is told in `client`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Intercept;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::{
    Answer, BodyFault, CALLED, ClientError, Exchange, IDLE_MAX, Outgoing, PING_EVERY, PING_TIMEOUT,
    Silence,
};
use super::connect_error::{asks_for_login, innermost, is_refused_tunnel, obstacle, of_proxy};
use crate::stop::Obstacle;

/// Longest status line of a proxy that is read, in bytes.
const STATUS_LINE_BYTES_MAX: u64 = 1_024;

/// Sends through a proxy.
#[derive(Debug)]
pub(super) struct Proxied {
    pool: Mutex<Pool>,
    key: HeaderValue,
    timeout: Duration,
    connect_max: Duration,
    /// The system's proxy; `None` for loopback without encryption, in tests.
    proxy: Option<Intercept>,
}

/// The current connections. After a timeout a new pool replaces them, because `reqwest` does not say which connection
/// timed out.
#[derive(Clone, Debug)]
struct Pool {
    http: reqwest::Client,
    number: u64,
}

impl Proxied {
    /// Creates the client without connecting yet. Without a proxy, it may connect without encryption.
    pub(super) fn new(
        key: HeaderValue,
        timeout: Duration,
        connect_max: Duration,
        proxy: Option<Intercept>,
    ) -> Result<Self, ClientError> {
        let http = connections(key.clone(), timeout, connect_max, proxy.is_none())?;
        Ok(Self {
            pool: Mutex::new(Pool { http, number: 0 }),
            key,
            timeout,
            connect_max,
            proxy,
        })
    }

    /// One exchange, whole within the deadline.
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
        Ok(Answer::of(status, &headers, body, bytes_max))
    }

    /// Only a connection that was never made proves that nothing was sent.
    async fn silence(
        &self,
        error: &reqwest::Error,
        host: (Option<String>, Option<u16>),
        pool: &Pool,
    ) -> Silence {
        if !error.is_connect() {
            return if error.is_timeout() {
                self.replace(pool);
                Silence::Timeout(self.timeout)
            } else {
                Silence::Broken
            };
        }
        let barred = match host {
            (Some(host), Some(port)) if is_refused_tunnel(error) => {
                self.refusal_of_proxy(&host, port, error).await
            }
            _ => obstacle(error),
        };
        match barred {
            Some(obstacle) => Silence::Barred(obstacle),
            None => Silence::NoConnection(innermost(error)),
        }
    }

    /// Replaces the pool, so that later requests use other connections. Does nothing if another request already did.
    fn replace(&self, timed_out: &Pool) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.number != timed_out.number {
            return;
        }
        let is_plain = self.proxy.is_none();
        // If the new pool cannot be created, the present one stays in use.
        if let Ok(http) = connections(self.key.clone(), self.timeout, self.connect_max, is_plain) {
            *pool = Pool {
                http,
                number: pool.number + 1,
            };
        }
    }

    /// Asks the proxy once more, to learn how it refuses: `reqwest` tells only that it does. A proxy that is spoken to in
    /// TLS is not asked.
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
        let asked = timeout(self.connect_max, connect_status(proxy, host, port)).await;
        of_proxy(asked.ok()??)
    }
}

/// Creates a pool that never retries a request and never follows a redirect.
fn connections(
    key: HeaderValue,
    timeout: Duration,
    connect_max: Duration,
    is_plain: bool,
) -> Result<reqwest::Client, ClientError> {
    let builder = reqwest::Client::builder()
        .default_headers(HeaderMap::from_iter([(
            "x-api-key".parse().expect("a header's name"),
            key,
        )]))
        .user_agent(CALLED)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_idle_timeout(IDLE_MAX)
        .http2_keep_alive_interval(PING_EVERY)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .connect_timeout(connect_max)
        .tcp_nodelay(true)
        .timeout(timeout);
    let builder = if is_plain {
        builder.no_proxy()
    } else {
        builder.https_only(true)
    };
    builder.build().map_err(ClientError::Build)
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
