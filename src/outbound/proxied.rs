//! The way through a proxy of the system: reqwest's, which knows proxies.
//!
//! It repeats nothing and follows nothing; what its errors prove is told in `client`.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::client::{
    Answer, BodyFault, CALLED, ClientError, Exchange, IDLE_MAX, Outgoing, Silence, innermost,
};

/// Sends through a proxy.
#[derive(Debug)]
pub(super) struct Proxied {
    http: reqwest::Client,
    timeout: Duration,
}

impl Proxied {
    /// Gets ready; connects to nothing yet. `is_plain`: without encryption, and without a proxy.
    pub(super) fn new(
        key: HeaderValue,
        timeout: Duration,
        connect_max: Duration,
        is_plain: bool,
    ) -> Result<Self, ClientError> {
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
            .connect_timeout(connect_max)
            .tcp_nodelay(true)
            .timeout(timeout);
        let builder = if is_plain {
            builder.no_proxy()
        } else {
            builder.https_only(true)
        };
        let http = builder.build().map_err(ClientError::Build)?;
        Ok(Self { http, timeout })
    }

    /// One exchange, whole within the deadline.
    pub(super) async fn exchange(&self, outgoing: Outgoing, bytes_max: usize) -> Exchange {
        let Outgoing { method, url, body } = outgoing;
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let mut response = request.send().await.map_err(|error| self.silence(&error))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
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
        Ok(Answer::of(status, &headers, body))
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
