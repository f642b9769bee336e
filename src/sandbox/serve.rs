//! Connections: accepted, served as HTTP/1.1, dropped on purpose, and all gone when the sandbox stops.
//!
//! Not `axum::serve`: it neither lets a request cut its own connection nor gives its tasks back.
//! HTTP/1.1 only, so that one connection carries one exchange at a time and cutting it hurts no other.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::switch::Switch;
use super::{Server, lock, routes};

/// Connections open at once; further ones wait to be accepted.
pub const CONNECTIONS_MAX: usize = 1024;

/// A pause after a failed accept: the machine is out of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until told to stop, or until nobody is left who could tell.
/// Then open exchanges are dropped and what was still to be created late is not created.
pub(super) async fn serve(
    listener: TcpListener,
    server: Arc<Server>,
    mut stop: oneshot::Receiver<()>,
) {
    let router = TowerToHyperService::new(routes::router(&server));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }
    connections.shutdown().await;
    let mut background = std::mem::take(&mut *lock(&server.background));
    background.shutdown().await;
}

/// Lives as long as the client keeps it, or until it is cut.
async fn connection(stream: TcpStream, router: TowerToHyperService<Router>) {
    // Small answers must not wait for each other; without the option they are only slower.
    stream.set_nodelay(true).ok();
    let switch = Switch::default();
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(switch.clone());
        router.call(request)
    });
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        biased;
        () = switch.0.notified() => {}
        _ = served => {}
    }
}
