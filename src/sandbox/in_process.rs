//! A sandbox without sockets: asked by a call, and told what time it is.
//!
//! For simulations, where requests, dates and lists have to be the same whenever they are replayed. It outlives the
//! runtimes of those who ask. Faults that wait do so by tokio's clock, and a connection cannot be cut: a simulation
//! has its own network, and its own faults on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use secrecy::ExposeSecret;

use super::store::Store;
use super::{Clock, Config, SandboxError, Server, Stored, lock, routes, since_1970_ms};

/// The logic of a sandbox, and what it holds.
#[derive(Debug)]
pub struct InProcess {
    server: Arc<Server>,
    router: TowerToHyperService<Router>,
}

impl InProcess {
    /// A sandbox that begins at this time.
    pub fn new(config: Config, now: SystemTime) -> Result<Self, SandboxError> {
        if config.projects.is_empty() {
            return Err(SandboxError::NoProject);
        }
        let store = Store::open(config.store.as_deref(), config.is_store_synced)?;
        let now_ms = AtomicI64::new(since_1970_ms(now));
        let server = Arc::new(Server::new(config, store, Clock::Set { now_ms }));
        let router = TowerToHyperService::new(routes::router(&server));
        Ok(Self { server, router })
    }

    /// Tells what time it is.
    pub fn set_time(&self, now: SystemTime) {
        if let Clock::Set { now_ms } = &self.server.clock {
            now_ms.store(since_1970_ms(now), Ordering::Relaxed);
        }
    }

    /// Asks it as somebody with the right key, and returns status and body. Without faults nothing in it waits.
    pub async fn ask(&self, method: Method, uri: Uri, body: Vec<u8>) -> (StatusCode, Bytes) {
        let (status, _, body) = self.exchange(method, uri, body).await;
        (status, body)
    }

    /// The same, and returns the headers as well.
    pub async fn exchange(
        &self,
        method: Method,
        uri: Uri,
        body: Vec<u8>,
    ) -> (StatusCode, HeaderMap, Bytes) {
        let key = self.server.config.api_key.expose_secret();
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert("x-api-key", super::answer::text(key));
        headers.insert(
            header::CONTENT_TYPE,
            super::answer::text("application/json"),
        );
        let Ok(response) = self.router.call(request).await;
        let (head, body) = response.into_parts();
        // Its own answers are in memory already and do not fail.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        (head.status, head.headers, body)
    }

    /// What others do by other ways than the API: requests are added, changed or taken away. They stay ordered by
    /// their dates, oldest first.
    pub fn rewrite(&self, change: impl FnOnce(&mut Vec<Arc<Stored>>)) {
        let mut store = lock(&self.server.store);
        let mut all = store.all().to_vec();
        change(&mut all);
        store.replace(all);
    }

    /// Everything created so far, oldest first.
    pub fn requests(&self) -> Vec<Arc<Stored>> {
        lock(&self.server.store).all().to_vec()
    }
}
