//! The binary, and how connections are made and lost: certificates, proxies, HTTP/2 connections that go quiet.

use std::fs;
use std::io::{self, Read};
use std::pin::Pin;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use concord_import::internals::plan::{SANDBOX_API_KEY, SANDBOX_ORGANIZATION, SANDBOX_PROJECT};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use uuid::Uuid;

use crate::cli::{JOB, Place, code, stderr, stdout};
use crate::support;

/// Limit after which a test fails instead of waiting forever: far below `give_up_after`, far above the time of any
/// test.
const DEADLINE: Duration = Duration::from_mins(1);
const ROWS: usize = 40;
/// The host that is reached through the proxy.
const HOST: &str = "concord.test";

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// An authority of certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        Self::named("the test's authority")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("it signs"))
    }

    /// The settings of a server with a certificate for that host, valid in these years.
    fn server(&self, host: &str, years: (i32, i32)) -> ServerConfig {
        let mut params = CertificateParams::new([host.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("it signs");
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                key.serialize_der().try_into().expect("a key"),
            )
            .expect("a certificate");
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }
}

const VALID: (i32, i32) = (2000, 2090);

/// A Concord that is spoken to in TLS, and HTTP/2.
struct Server {
    port: u16,
    state: Arc<State>,
    _runtime: Runtime,
}

#[derive(Default)]
struct State {
    created: Mutex<Vec<Value>>,
    connections: AtomicU32,
    posts: AtomicU32,
    /// Number of POSTs after which the first connection goes quiet; 0: never.
    quiet_after: u32,
}

impl Server {
    fn start(config: ServerConfig, quiet_after: u32) -> Self {
        let runtime = runtime();
        let state = Arc::new(State {
            quiet_after,
            ..State::default()
        });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, state) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return; // the client does not accept the certificate
                    };
                    let number = state.connections.fetch_add(1, Ordering::SeqCst);
                    let is_quiet = Arc::new(AtomicBool::new(false));
                    let stream = Falling {
                        inner: stream,
                        is_quiet: Arc::clone(&is_quiet),
                    };
                    let service = service_fn(move |request| {
                        serve(request, Arc::clone(&state), number, Arc::clone(&is_quiet))
                    });
                    drop(
                        auto::Builder::new(TokioExecutor::new())
                            .serve_connection(TokioIo::new(stream), service)
                            .await,
                    );
                });
            }
        });
        Self {
            port,
            state,
            _runtime: runtime,
        }
    }

    fn assert_each_once(&self) {
        let created = self.state.created.lock().expect("no panic");
        let mut notes: Vec<_> = created.iter().map(|one| one["notes"].to_string()).collect();
        notes.sort();
        notes.dedup();
        assert_eq!((created.len(), notes.len()), (ROWS, ROWS));
    }
}

async fn serve(
    request: Request<Incoming>,
    state: Arc<State>,
    number: u32,
    is_quiet: Arc<AtomicBool>,
) -> hyper::Result<Response<Full<Bytes>>> {
    let is_post = request.method() == Method::POST;
    let (path, query) = (
        request.uri().path().to_owned(),
        request.uri().query().map(str::to_owned),
    );
    let body = request.into_body().collect().await?.to_bytes();
    let (status, answer) = if is_post {
        let posts = state.posts.fetch_add(1, Ordering::SeqCst) + 1;
        if number == 0 && state.quiet_after > 0 && posts > state.quiet_after {
            is_quiet.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        let mut request: Value = serde_json::from_slice(&body).expect("JSON");
        request["id"] = Uuid::new_v4().to_string().into();
        state
            .created
            .lock()
            .expect("no panic")
            .push(request.clone());
        (201, request)
    } else if path.ends_with("/projects") {
        (200, json!({ "items": [], "total": 0 }))
    } else {
        let query = query.unwrap_or_default();
        let wanted = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("notes="));
        let wanted = wanted
            .unwrap_or_default()
            .replace("%5B", "[")
            .replace("%5D", "]")
            .replace('+', " ");
        let created = state.created.lock().expect("no panic");
        let items: Vec<_> = created
            .iter()
            .filter(|one| {
                one["notes"]
                    .as_str()
                    .is_some_and(|notes| notes.contains(&wanted))
            })
            .collect();
        (200, json!({ "items": items, "total": items.len() }))
    };
    let mut response = Response::new(Full::from(answer.to_string()));
    *response.status_mut() = status.try_into().expect("a status");
    Ok(response)
}

/// A stream that can go quiet: then no byte passes, as when a machine on the way has forgotten the connection.
struct Falling<S> {
    inner: S,
    is_quiet: Arc<AtomicBool>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Falling<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_quiet.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Falling<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_quiet.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_quiet.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// An HTTP proxy that answers CONNECT with this status. With 200 it connects to that port.
struct Proxy {
    port: u16,
    _runtime: Runtime,
}

impl Proxy {
    fn start(status: &'static str, to: u16) -> Self {
        let runtime = runtime();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move { drop(tunnel(stream, status, to).await) });
            }
        });
        Self {
            port,
            _runtime: runtime,
        }
    }
}

async fn tunnel(mut stream: TcpStream, status: &str, to: u16) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    stream
        .write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes())
        .await?;
    if status.starts_with("200") {
        let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
        tokio::io::copy_bidirectional(&mut stream, &mut server).await?;
    }
    Ok(())
}

/// Imports the rows, with the certificates that the system is to trust and these variables; within the deadline.
fn import(
    base_url: &str,
    trusted: &Authority,
    options: &[&str],
    variables: &[(&str, String)],
) -> (Output, Place) {
    let place = Place::new();
    fs::write(place.path("t.csv"), support::csv(ROWS)).expect("written");
    fs::write(place.path("t.toml"), JOB).expect("written");
    fs::write(place.path("trusted.pem"), trusted.0.pem()).expect("written");
    let (organization, project) = (
        SANDBOX_ORGANIZATION.to_string(),
        SANDBOX_PROJECT.to_string(),
    );
    let args = [
        "run",
        "t.csv",
        "--yes",
        "--organization",
        &organization,
        "--project",
        &project,
        "--base-url",
        base_url,
    ];
    let mut command = place.command(&[&args[..], options].concat());
    command
        .env("CONCORD_API_KEY", SANDBOX_API_KEY)
        .env("SSL_CERT_FILE", place.path("trusted.pem"))
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut said = child.stderr.take().expect("piped");
    let said = std::thread::spawn(move || {
        let mut text = Vec::new();
        said.read_to_end(&mut text).map(|_| text)
    });
    let begun = Instant::now();
    while child.try_wait().expect("it can be asked").is_none() {
        if begun.elapsed() > DEADLINE {
            child.kill().expect("it can be killed");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut output = child.wait_with_output().expect("it ends");
    output.stderr = said.join().expect("no panic").expect("it can be read");
    assert!(
        output.status.code().is_some(),
        "no end in sight: {}",
        stderr(&output)
    );
    (output, place)
}

/// The run was stopped before anything was sent, and says why and what to do.
fn assert_stopped(output: &Output, place: &Place, why: &str, act: &str) {
    let told = stdout(output) + &stderr(output);
    assert_eq!(code(output), 3, "{told}");
    assert!(told.contains(why), "`{why}` is not told: {told}");
    assert!(told.contains(act), "`{act}` is not told: {told}");
    assert!(!told.contains("project's name"), "{told}");
    let results = support::read_results(&place.path("concord-import-out/t"));
    assert_eq!(results.len(), ROWS);
    assert!(
        results
            .iter()
            .all(|row| row.outcome == "not_sent" && row.attempts == 0)
    );
}

#[test]
fn a_certificate_that_is_not_accepted_ends_the_run_at_once() {
    let (ours, other) = (Authority::new(), Authority::named("another authority"));
    for (config, why, act) in [
        (
            other.server("localhost", VALID),
            "does not trust",
            "SSL_CERT_FILE",
        ),
        // The same name with another key, such as a renewed authority.
        (
            Authority::new().server("localhost", VALID),
            "does not trust",
            "SSL_CERT_FILE",
        ),
        (
            ours.server("localhost", (2000, 2001)),
            "has expired",
            "date and time",
        ),
        (
            ours.server("localhost", (2089, 2090)),
            "not valid yet",
            "date and time",
        ),
        (
            ours.server("other.example", VALID),
            "another host name",
            "--base-url",
        ),
    ] {
        let server = Server::start(config, 0);
        let base_url = format!("https://localhost:{}/privacy-v1", server.port);
        let (output, place) = import(&base_url, &ours, &[], &[]);
        assert_stopped(&output, &place, why, act);
        assert_eq!(server.state.posts.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn a_certificate_that_is_not_accepted_behind_a_proxy_ends_the_run_too() {
    let (ours, other) = (Authority::new(), Authority::named("another authority"));
    let server = Server::start(other.server(HOST, VALID), 0);
    let proxy = Proxy::start("200 Connection Established", server.port);
    let variables = [("HTTPS_PROXY", format!("http://127.0.0.1:{}", proxy.port))];
    let (output, place) = import(
        &format!("https://{HOST}/privacy-v1"),
        &ours,
        &[],
        &variables,
    );
    assert_stopped(&output, &place, "does not trust", "SSL_CERT_FILE");
}

#[test]
fn a_server_without_tls_ends_the_run_at_once() {
    let ours = Authority::new();
    let runtime = runtime();
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("a port");
    let port = listener.local_addr().expect("bound").port();
    runtime.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await);
        }
    });
    let (output, place) = import(&format!("https://localhost:{port}"), &ours, &[], &[]);
    assert_stopped(&output, &place, "does not speak TLS", "--base-url");
}

#[test]
fn a_proxy_that_says_no_ends_the_run_and_one_that_is_busy_does_not() {
    let ours = Authority::new();
    let base_url = format!("https://{HOST}/privacy-v1");
    let refused = |status, options: &[&str]| {
        let proxy = Proxy::start(status, 0);
        let variables = [("https_proxy", format!("http://127.0.0.1:{}", proxy.port))];
        import(&base_url, &ours, options, &variables)
    };
    let (output, place) = refused("407 Proxy Authentication Required", &[]);
    assert_stopped(&output, &place, "asks for a login (407)", "HTTPS_PROXY");
    let (output, place) = refused("403 Forbidden", &[]);
    assert_stopped(
        &output,
        &place,
        "does not let requests through to it (403)",
        "NO_PROXY",
    );
    // The proxy may reach the server again later, so this is an outage.
    let place = Place::new();
    fs::write(
        place.path("brief.toml"),
        format!("{JOB}give_up_after = \"1s\"\n"),
    )
    .expect("written");
    let job = place.path("brief.toml").display().to_string();
    let (output, _place) = refused("503 Service Unavailable", &["--job", &job]);
    let told = stdout(&output) + &stderr(&output);
    assert_eq!(code(&output), 3, "{told}");
    assert!(told.contains("has not served a request for 1 s"), "{told}");
}

#[test]
fn a_socks_proxy_ends_the_run_with_what_to_name_instead() {
    let ours = Authority::new();
    for variable in ["HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        let variables = [(variable, "socks5://127.0.0.1:1080".to_owned())];
        let (output, _place) = import(&format!("https://{HOST}"), &ours, &[], &variables);
        let told = stderr(&output);
        assert_eq!(code(&output), 3, "{told}");
        assert!(
            told.contains("`socks5` proxy") && told.contains("NO_PROXY"),
            "{told}"
        );
    }
}

/// Checks that after the first connection goes quiet, directly or through a proxy, all is created once over others.
fn outlive_a_quiet_connection(timeout: &str) {
    let ours = Authority::new();
    for host in ["localhost", HOST] {
        let server = Server::start(ours.server(host, VALID), 7);
        let proxy = Proxy::start("200 Connection Established", server.port);
        let variables = [("HTTPS_PROXY", format!("http://127.0.0.1:{}", proxy.port))];
        let base_url = match host {
            HOST => format!("https://{HOST}"),
            _ => format!("https://localhost:{}", server.port),
        };
        let (output, _place) = import(&base_url, &ours, &["--timeout", timeout], &variables);
        assert_eq!(code(&output), 0, "{host}: {}", stderr(&output));
        server.assert_each_once();
        let connections = server.state.connections.load(Ordering::SeqCst);
        assert!(
            (2..=6).contains(&connections),
            "{host}: {connections} connections"
        );
    }
}

#[test]
fn a_connection_on_which_a_request_timed_out_takes_no_new_one() {
    outlive_a_quiet_connection("2s");
}

#[test]
fn a_connection_that_answers_no_ping_is_given_up_long_before_the_timeout() {
    outlive_a_quiet_connection("10m");
}
