//! Faults, put around everything else: what strikes an exchange, and what that does to it.
//!
//! The routes within know nothing of it. A body is read whole before anything strikes, so that a fault
//! always means "the server had it all".

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::answer::{self, Refusal};
use super::faults::{ErrorBody, Fault, RetryAfter};
use super::switch::Switch;
use super::{Server, lock};

/// Bytes of a body at most (Fastify's default); beyond it 413.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A hanging exchange is dropped after so long, should its client have no deadline of its own.
const HANG_MAX: Duration = Duration::from_hours(1);

/// Decides what strikes this exchange, lets it, and keeps the record.
pub(super) async fn misbehave(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let switch = request
        .extensions()
        .get::<Switch>()
        .cloned()
        .unwrap_or_default();
    let (request, refusal) = read_whole(request).await;
    // From here to where a late commit is on its way nothing waits: who sees the arrival can rely on it.
    let (number, fault) = server.arrive(&request);
    server.work(&fault).await;
    let mut response = match refusal {
        None => strike(&server, fault, request, next, &switch).await,
        Some(refusal) => refusal.response(server.config.error_bodies),
    };
    let quota = lock(&server.director).quota(Instant::now());
    if let Some((announced, quota)) = quota {
        answer::announce(response.headers_mut(), announced, quota);
    }
    lock(&server.log).answer(number, response.status().as_u16());
    response
}

async fn read_whole(request: Request) -> (Request, Option<Refusal>) {
    let (head, body) = request.into_parts();
    if let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await {
        return (Request::from_parts(head, body.into()), None);
    }
    // Longer than the limit; or the client is gone and will not read this.
    let refusal = Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large");
    (Request::from_parts(head, Body::empty()), Some(refusal))
}

async fn strike(
    server: &Arc<Server>,
    fault: Fault,
    request: Request,
    next: Next,
    switch: &Switch,
) -> Response {
    let bodies = server.config.error_bodies;
    match fault {
        Fault::Ok => next.run(request).await,

        // Before anything is done.
        Fault::Status { code, body } => answer::fault(code, body, bodies),
        Fault::TooMany { retry_after } => busy(server, StatusCode::TOO_MANY_REQUESTS, retry_after),
        Fault::Unavailable { retry_after } => {
            busy(server, StatusCode::SERVICE_UNAVAILABLE, retry_after)
        }
        Fault::Redirect307 { to } => {
            let mut response = answer::fault(307, ErrorBody::Empty, bodies);
            response
                .headers_mut()
                .insert(header::LOCATION, answer::text(&to));
            response
        }
        Fault::Hang => hang(switch).await,
        Fault::Drop => switch.drop_connection().await,

        // Some other time.
        Fault::LateCommit { after, status } => {
            let is_under_way = server.spawn(async move {
                sleep(after).await;
                next.run(request).await;
            });
            let code = if is_under_way { status } else { 503 };
            answer::fault(code, ErrorBody::Published, bodies)
        }
        Fault::Slow(wait) => {
            let (done, answered) = oneshot::channel();
            let is_under_way = server.spawn(async move {
                sleep(wait).await;
                // The client may have gone: what was asked for is done all the same.
                done.send(next.run(request).await).ok();
            });
            match answered.await {
                Ok(response) => response,
                Err(_) if is_under_way => switch.drop_connection().await,
                Err(_) => answer::fault(503, ErrorBody::Published, bodies),
            }
        }

        // After it is done; what was refused is answered as it is.
        Fault::CreateThenStatus(_)
        | Fault::CreateThenDrop
        | Fault::CreateThenHang
        | Fault::JunkBody
        | Fault::CutBody
        | Fault::WrongEcho => {
            let response = next.run(request).await;
            if response.status().is_success() {
                lose(server, &fault, response, switch).await
            } else {
                response
            }
        }
    }
}

/// Does to a good answer what the fault says.
async fn lose(server: &Server, fault: &Fault, response: Response, switch: &Switch) -> Response {
    match fault {
        Fault::CreateThenStatus(code) => {
            answer::fault(*code, ErrorBody::Published, server.config.error_bodies)
        }
        Fault::CreateThenDrop => switch.drop_connection().await,
        Fault::CreateThenHang => hang(switch).await,
        Fault::JunkBody => answer::html(response.status()),
        Fault::CutBody => {
            rewrite(response, |bytes| {
                Body::new(CutBody {
                    first: Some(bytes.slice(..bytes.len() / 2)),
                    promised_bytes: bytes.len() as u64,
                    switch: switch.clone(),
                })
            })
            .await
        }
        Fault::WrongEcho => rewrite(response, |bytes| wrong_echo(&bytes).into()).await,
        _ => response,
    }
}

fn busy(server: &Server, status: StatusCode, retry_after: Option<RetryAfter>) -> Response {
    let bodies = server.config.error_bodies;
    let mut response = answer::fault(status.as_u16(), ErrorBody::Published, bodies);
    if let Some(wait) = retry_after {
        let (name, value) = answer::retry_after(wait, server.clock.now_s());
        response.headers_mut().insert(name, value);
    }
    response
}

async fn hang(switch: &Switch) -> Response {
    sleep(HANG_MAX).await;
    switch.drop_connection().await
}

async fn rewrite(response: Response, with: impl FnOnce(Bytes) -> Body) -> Response {
    let (mut head, body) = response.into_parts();
    // Our own answers are in memory already and do not fail.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, with(bytes))
}

/// Another request type and other notes; everywhere, should the answer be a list.
fn wrong_echo(bytes: &[u8]) -> Vec<u8> {
    let mut answer: Value = serde_json::from_slice(bytes).unwrap_or_default();
    distort(&mut answer);
    answer.to_string().into_bytes()
}

fn distort(answer: &mut Value) {
    if let Some(items) = answer.get_mut("items").and_then(Value::as_array_mut) {
        items.iter_mut().for_each(distort);
    } else if let Some(object) = answer
        .as_object_mut()
        .filter(|object| object.contains_key("request"))
    {
        let other = if object["request"] == "view" {
            "delete"
        } else {
            "view"
        };
        object.insert("request".into(), other.into());
        object.insert("notes".into(), "of somebody else".into());
    }
}

/// A body that promises its whole length, gives the first half and then cuts its connection.
struct CutBody {
    first: Option<Bytes>,
    promised_bytes: u64,
    switch: Switch,
}

impl HttpBody for CutBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(half) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        // Not an error: hyper would then throw away what it has not yet sent. It sends while this waits,
        // and only after that is it the switch's turn.
        self.switch.cut();
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised_bytes)
    }
}
