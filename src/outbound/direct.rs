//! The way without a proxy: hyper itself, which reqwest is made of, and its pool of connections.
//!
//! What reqwest puts around them for each request (the address parsed anew, headers copied for redirects and
//! retries that are both turned off) costs more than sending does. It repeats nothing and follows nothing; what its
//! errors prove is told in `client`.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

use super::client::{
    Answer, BodyFault, CALLED, ClientError, Exchange, IDLE_MAX, PING_EVERY, PING_TIMEOUT, Silence,
};
use super::connect_error::{innermost, obstacle};

/// Quiet connections are probed as often, so that one which is gone is found.
const KEEPALIVE: Duration = Duration::from_secs(15);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Sends over connections of its own.
pub(super) struct Direct {
    hyper: legacy::Client<Bounded, Full<Bytes>>,
    headers: HeaderMap,
    timeout: Duration,
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Direct")
    }
}

impl Direct {
    /// Gets ready; connects to nothing yet. `is_plain`: without encryption.
    pub(super) fn new(
        key: HeaderValue,
        timeout: Duration,
        connect_max: Duration,
        is_plain: bool,
    ) -> Result<Self, ClientError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        let tls = tls(is_plain).map_err(ClientError::Tls)?;
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
        let builder = if is_plain {
            builder.https_or_http()
        } else {
            builder.https_only()
        };
        let connector = Bounded {
            inner: builder.enable_all_versions().wrap_connector(tcp),
            limit: connect_max,
        };
        let hyper = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .build(connector);
        Ok(Self {
            hyper,
            headers: HeaderMap::from_iter([
                (ACCEPT, HeaderValue::from_static("*/*")),
                (USER_AGENT, HeaderValue::from_static(CALLED)),
                ("x-api-key".parse().expect("a header's name"), key),
            ]),
            timeout,
        })
    }

    /// One exchange, whole within the deadline.
    pub(super) async fn exchange(
        &self,
        method: Method,
        uri: Uri,
        body: Option<Vec<u8>>,
        bytes_max: usize,
    ) -> Exchange {
        let deadline = Instant::now() + self.timeout;
        let mut request = self.request(method, uri, body);
        let connection = capture_connection(&mut request);
        let mut head = None;
        let whole = timeout_at(deadline, async {
            let (parts, body) = self.hyper.request(request).await?.into_parts();
            head = Some((parts.status, parts.headers));
            Ok(read(body, bytes_max).await)
        });
        let body = match whole.await {
            Ok(Ok(body)) => body,
            Ok(Err::<_, legacy::Error>(error)) if error.is_connect() => {
                return Err(match obstacle(&error) {
                    Some(obstacle) => Silence::Barred(obstacle),
                    None => Silence::NoConnection(innermost(&error)),
                });
            }
            Ok(Err(_)) => return Err(Silence::Broken),
            Err(_) => {
                // Other requests may be in flight on this connection: let them finish, but start no new ones on it.
                if let Some(connection) = &*connection.connection_metadata() {
                    connection.poison();
                }
                Err(BodyFault::CutOff)
            }
        };
        let (status, headers) = head.ok_or(Silence::Timeout(self.timeout))?;
        Ok(Answer::of(status, &headers, body, bytes_max))
    }

    fn request(&self, method: Method, uri: Uri, body: Option<Vec<u8>>) -> Request<Full<Bytes>> {
        let mut headers = self.headers.clone();
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let mut request = Request::new(body.map_or_else(Full::default, Full::from));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request
    }
}

/// Whom to trust: whom the system trusts, or nobody, where nothing is encrypted: to find out takes longer than the
/// rest of the start.
fn tls(is_plain: bool) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder();
    Ok(if is_plain {
        let nobody = RootCertStore::empty();
        builder.with_root_certificates(nobody).with_no_client_auth()
    } else {
        builder.with_platform_verifier()?.with_no_client_auth()
    })
}

/// Reads a body, no more of it than a limit.
async fn read(mut body: Incoming, bytes_max: usize) -> Result<Vec<u8>, BodyFault> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyFault::CutOff)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > bytes_max {
            return Err(BodyFault::TooLarge { bytes_max });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Looking up the host, connecting and TLS, together within a limit: a connection that is never made is told from a
/// lost answer.
#[derive(Clone)]
struct Bounded {
    inner: HttpsConnector<HttpConnector>,
    limit: Duration,
}

impl Service<Uri> for Bounded {
    type Response = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.inner.call(to);
        let limit = self.limit;
        Box::pin(async move {
            let connected = tokio::time::timeout(limit, connecting).await;
            connected.unwrap_or_else(|_| Err(format!("not made within {limit:?}").into()))
        })
    }
}
