//! A server that is as fast as one on loopback can be, in a process of its own: it answers 201 to every POST and an
//! empty list to every GET, by a script of waits and refusals, and tells at its end what it has seen.
//!
//! Deliberately no Concord: it checks nothing and keeps nothing (`concord_import::internals::sandbox` does), so that what is measured is who asks.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::measured::{Fallible, this_program};

/// Longest head and body of a request, in bytes.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// How it answers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Manner {
    /// Every answer takes so long, in milliseconds.
    pub(crate) latency_ms: u64,
    /// One POST in so many takes `slow_ms` instead; 0: none.
    pub(crate) slow_every: u64,
    /// In milliseconds.
    pub(crate) slow_ms: u64,
    /// One POST in so many is answered 500, which leaves its entry in doubt; 0: none.
    pub(crate) failed_every: u64,
    /// The POSTs of these numbers, from 0, are answered 429 with `Retry-After: 1`.
    pub(crate) refused: Vec<u64>,
    /// The arrival of every request is kept.
    pub(crate) keeps_arrivals: bool,
    /// The bodies of POSTs are written there, one a line.
    pub(crate) bodies_to: Option<PathBuf>,
    /// By hyper, which speaks HTTP/2 as well: answers 201 to all, and sees nothing.
    pub(crate) is_hyper: bool,
}

/// What it has seen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) posts: u64,
    pub(crate) gets: u64,
    /// From a request's last byte to its answer, in all, in microseconds.
    pub(crate) busy_us: u64,
    /// Of each request, in microseconds since the first.
    pub(crate) arrivals_us: Vec<u64>,
    /// Since 1970, in microseconds: when the first request came.
    pub(crate) first_at_us: u128,
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// Closing it is the signal to end.
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// Its address, with the path before `/organizations`.
    pub(crate) base_url: String,
}

impl Server {
    /// Starts one.
    pub(crate) fn start(manner: &Manner) -> Fallible<Self> {
        let mut child = Command::new(this_program()?)
            .arg("serve")
            .arg(serde_json::to_string(manner)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the server has no pipes".into());
        };
        let mut port = [0; 2];
        stdout.read_exact(&mut port)?;
        let base_url = format!("http://127.0.0.1:{}", u16::from_be_bytes(port));
        Ok(Self {
            child,
            stdin,
            stdout,
            base_url,
        })
    }

    /// Ends it, and says what it has seen.
    pub(crate) fn stop(self) -> Fallible<Seen> {
        let Self {
            mut child,
            stdin,
            mut stdout,
            ..
        } = self;
        drop(stdin);
        let mut told = String::new();
        stdout.read_to_string(&mut told)?;
        child.wait()?;
        Ok(serde_json::from_str(&told)?)
    }
}

struct State {
    manner: Manner,
    bodies: Option<Mutex<BufWriter<File>>>,
    seen: Mutex<(Seen, Option<Instant>)>,
}

/// The process: tells its port, serves until standard input is closed, tells what it has seen.
pub(crate) fn serve(manner: &str) -> Fallible<()> {
    let manner: Manner = serde_json::from_str(manner)?;
    let bodies = manner.bodies_to.as_ref().map(File::create).transpose()?;
    let state = Arc::new(State {
        manner,
        bodies: bodies.map(|file| Mutex::new(BufWriter::new(file))),
        seen: Mutex::default(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        std::io::stdout().write_all(&port.to_be_bytes())?;
        std::io::stdout().flush()?;
        let closed = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0; 1]));
        let accepting = async {
            while let Ok((stream, _)) = listener.accept().await {
                if state.manner.is_hyper {
                    tokio::spawn(serve_by_hyper(stream));
                } else {
                    tokio::spawn(serve_connection(stream, Arc::clone(&state)));
                }
            }
        };
        tokio::select! {
            _ = closed => {}
            () = accepting => {}
        }
        if let Some(bodies) = &state.bodies {
            bodies
                .lock()
                .map_err(|_| "a connection panicked")?
                .flush()?;
        }
        let (seen, _) = &*state.seen.lock().map_err(|_| "a connection panicked")?;
        serde_json::to_writer(std::io::stdout(), seen)?;
        Ok(())
    })
}

async fn serve_by_hyper(stream: TcpStream) {
    let answer = hyper::service::service_fn(async |request: Request<Incoming>| {
        let body = request.into_body().collect().await?.to_bytes();
        let mut answer = Response::new(Full::new(body));
        *answer.status_mut() = StatusCode::CREATED;
        Ok::<_, hyper::Error>(answer)
    });
    stream.set_nodelay(true).unwrap_or_default();
    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    // A connection that breaks is its client's affair.
    drop(builder.serve_connection(TokioIo::new(stream), answer).await);
}

/// A connection that breaks is its client's affair.
async fn serve_connection(mut stream: TcpStream, state: Arc<State>) {
    let mut buffer = Vec::with_capacity(REQUEST_BYTES_MAX);
    stream.set_nodelay(true).unwrap_or_default();
    loop {
        let (head, whole) = loop {
            match whole_request(&buffer) {
                Some(sizes) => break sizes,
                None if buffer.len() >= REQUEST_BYTES_MAX => return,
                None => {}
            }
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        };
        let answer = answer(&state, &buffer[..head], &buffer[head..whole]).await;
        if stream.write_all(&answer).await.is_err() {
            return;
        }
        buffer.drain(..whole);
    }
}

/// Bytes of the head, and of all of the first request, once it is whole.
fn whole_request(buffer: &[u8]) -> Option<(usize, usize)> {
    let head = memchr::memmem::find(buffer, b"\r\n\r\n")? + 4;
    let text = str::from_utf8(&buffer[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = head + length.unwrap_or(0);
    (buffer.len() >= whole).then_some((head, whole))
}

async fn answer(state: &State, head: &[u8], body: &[u8]) -> Vec<u8> {
    let arrived = Instant::now();
    let is_post = head.starts_with(b"POST");
    let number = arrive(state, arrived, is_post);
    if is_post
        && let Some(bodies) = &state.bodies
        && let Ok(mut bodies) = bodies.lock()
    {
        // A file that cannot be written shows as bodies that are missing.
        bodies
            .write_all(body)
            .and_then(|()| bodies.write_all(b"\n"))
            .unwrap_or_default();
    }
    let Manner {
        latency_ms,
        slow_every,
        slow_ms,
        failed_every,
        refused,
        ..
    } = &state.manner;
    let is_failed = is_post && *failed_every > 0 && number % failed_every == failed_every / 2;
    let is_slow = is_post && *slow_every > 0 && number % slow_every == slow_every / 2;
    let wait = Duration::from_millis(if is_slow { *slow_ms } else { *latency_ms });
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let answer = if is_post && refused.contains(&number) {
        b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n".to_vec()
    } else if is_failed {
        respond("500 Internal Server Error", b"{}", b"")
    } else if is_post {
        created(number, body)
    } else {
        let list = r#"{"offset":0,"count":0,"total":0,"items":[]}"#;
        respond("200 OK", list.as_bytes(), b"")
    };
    if let Ok(mut seen) = state.seen.lock() {
        seen.0.busy_us += u64::try_from(arrived.elapsed().as_micros()).unwrap_or(u64::MAX);
    }
    answer
}

/// Counts an arrival and gives it its number among those of its kind.
fn arrive(state: &State, arrived: Instant, is_post: bool) -> u64 {
    let Ok(mut seen) = state.seen.lock() else {
        return 0;
    };
    let (seen, first) = &mut *seen;
    let first = *first.get_or_insert_with(|| {
        let since_1970 = std::time::UNIX_EPOCH.elapsed();
        seen.first_at_us = since_1970.unwrap_or_default().as_micros();
        arrived
    });
    if state.manner.keeps_arrivals {
        let since = arrived.duration_since(first).as_micros();
        seen.arrivals_us
            .push(u64::try_from(since).unwrap_or(u64::MAX));
    }
    let count = if is_post {
        &mut seen.posts
    } else {
        &mut seen.gets
    };
    *count += 1;
    *count - 1
}

/// A 201 as long as Concord's: new ids, and what was sent.
fn created(number: u64, body: &[u8]) -> Vec<u8> {
    let ids = format!(
        r#"{{"id":"5a3b1e00-0000-4000-8000-{number:012x}","concordId":"5a3b1e01-0000-4000-8000-{number:012x}","requestDate":1764175000000,"status":"submitted","#
    );
    respond("201 Created", ids.as_bytes(), body.get(1..).unwrap_or(b"}"))
}

fn respond(status: &str, first: &[u8], second: &[u8]) -> Vec<u8> {
    let length = first.len() + second.len();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {length}\r\n\
         date: Thu, 26 Nov 2026 17:00:00 GMT\r\nconnection: keep-alive\r\n\r\n"
    )
    .into_bytes();
    answer.extend_from_slice(first);
    answer.extend_from_slice(second);
    answer
}
