//! HTTP to Concord: one exchange at a time within a deadline, without retries or redirects.
//!
//! Requests go through reqwest (`http`). A simulation uses a [`Carrier`] instead. This module reports what happened;
//! `classify` decides what to do about it.
//!
//! Conclusions from an error:
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

use reqwest::header::HeaderValue;
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};

use super::clock::Clock;
use super::exchange::{ClientError, Exchange, Outgoing, Silence};
use super::http::Http;
use super::server_text::ServerText;
use crate::entry::RequestBody;
use crate::plan::Target;
use crate::stop::Obstacle;
use crate::time_of_day;

/// The most of an answer to a POST that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;
/// The most of a page of a list that is read, in bytes (1,000 items of 16 KiB).
pub const PAGE_BYTES_MAX: usize = 16 << 20;

/// Carries a request to a server that is simulated, and what came of it back.
pub type Carrier =
    Arc<dyn Fn(Outgoing) -> Pin<Box<dyn Future<Output = Exchange> + Send>> + Send + Sync>;

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
