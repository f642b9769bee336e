//! A local Concord: behaves as the published pages say, and misbehaves on request.
//!
//! For trying things out without an account (`run --sandbox`, `sandbox`), and for tests: instead of a mock, the
//! importer meets a server that validates by a schema of its own and has every fault on order.
//!
//! Deliberately not: safe to expose (it listens on loopback only), small (every request stays in memory, about a
//! kilobyte each), fair to PATCH, consent events and whatever else the importer never calls (404), or dependent
//! on the importer's model of a request.
//!
//! The way of an exchange: `serve` (connection) → `misbehave` (rate limit, outage, script, odds, and a line before the
//! workers) → `routes` (key, target) → `requests` or `listing` → `store`.
//!
//! ```no_run
//! # async fn example() -> Result<(), concord_import::internals::sandbox::SandboxError> {
//! use concord_import::internals::sandbox::{Config, Fault, Sandbox, Script};
//!
//! let sandbox = Sandbox::start(Config::default()).await?;
//! sandbox.set_script(Script(vec![Fault::CreateThenDrop]));
//! // … post to sandbox.base_url(), then look at sandbox.requests() and sandbox.log()
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```

mod answer;
mod config;
mod faults;
#[cfg(feature = "internals")]
mod in_process;
mod listing;
mod misbehave;
mod parse_error;
mod paths;
mod received;
mod requests;
mod routes;
mod schedule;
mod schema;
mod serve;
mod store;
mod switch;
mod text_match;
mod throttle;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::Request;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use config::{Config, Listing, Mode, Omits, Reads, TextMatch};
pub use faults::Fault;
#[cfg(feature = "internals")]
pub use in_process::InProcess;
pub use parse_error::ParseError;
pub use received::Key;
pub use routes::BASE_PATH;
pub use schedule::{Faults, Odds, Outage, Script};
pub use schema::RequestSchema;
pub use store::StoreError;
pub use throttle::{RateLimit, Workers};
#[cfg(feature = "internals")]
pub use {
    config::{ErrorBodies, Order, Project},
    misbehave::BODY_BYTES_MAX,
    received::Received,
    schema::request_schema,
    store::{Body, Stored},
};

use received::Log;
use schedule::Director;
use store::Store;

/// Late and slow commits under way at once; further ones are answered 503 and not done.
pub const BACKGROUND_MAX: usize = 100_000;

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It has no key, serves whoever asks, and holds personal data: not for a network.
    #[error("the sandbox listens on a loopback address only, not on {0}")]
    NotLoopback(IpAddr),
    /// Nothing could be created.
    #[error("a sandbox needs at least one project")]
    NoProject,
    /// The port is taken or forbidden.
    #[error("the sandbox cannot listen on {address}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The journal.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its own thread or runtime cannot be had.
    #[error("the sandbox's thread cannot be started")]
    Thread(#[source] io::Error),
}

/// A running sandbox. Dropping it stops it too: its own thread is joined, tasks on a shared runtime end soon after.
#[derive(Debug)]
pub struct Sandbox {
    #[cfg_attr(
        not(feature = "internals"),
        expect(dead_code, reason = "tests look at it")
    )]
    server: Arc<Server>,
    base_url: String,
    /// Dropping it is the signal to stop.
    stop: Option<oneshot::Sender<()>>,
    running: Running,
}

#[derive(Debug)]
enum Running {
    Task(tokio::task::JoinHandle<()>),
    Thread(Option<std::thread::JoinHandle<()>>),
}

impl Sandbox {
    /// Starts on the runtime it is called from. Ready to be called once this returns.
    pub async fn start(config: Config) -> Result<Self, SandboxError> {
        // Reading a long journal takes a while.
        let prepared = tokio::task::spawn_blocking(|| Prepared::new(config)).await;
        let prepared =
            prepared.map_err(|error| SandboxError::Thread(io::Error::other(error)))??;
        let (stop, stopped) = oneshot::channel();
        let (server, base_url, listener) = prepared.into_server()?;
        let task = tokio::spawn(serve::serve(listener, Arc::clone(&server), stopped));
        Ok(Self {
            server,
            base_url,
            stop: Some(stop),
            running: Running::Task(task),
        })
    }

    /// Starts with a thread and a runtime of its own, so that it shares nothing with the caller's but the machine.
    pub fn start_on_own_thread(config: Config) -> Result<Self, SandboxError> {
        let prepared = Prepared::new(config)?;
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = std::sync::mpsc::sync_channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(SandboxError::Thread)?;
        let thread = std::thread::Builder::new()
            .name("sandbox".into())
            .spawn(move || {
                runtime.block_on(async move {
                    match prepared.into_server() {
                        Ok((server, base_url, listener)) => {
                            ready.send(Ok((Arc::clone(&server), base_url))).ok();
                            serve::serve(listener, server, stopped).await;
                        }
                        Err(error) => {
                            ready.send(Err(error)).ok();
                        }
                    }
                });
            })
            .map_err(SandboxError::Thread)?;
        let (server, base_url) = started
            .recv()
            .map_err(|error| SandboxError::Thread(io::Error::other(error)))??;
        Ok(Self {
            server,
            base_url,
            stop: Some(stop),
            running: Running::Thread(Some(thread)),
        })
    }

    /// Stops, and returns when every connection is closed and every task has ended. What was created stays to be
    /// seen in the journal only.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Running::Task(task) = &mut self.running {
            // It fails only if serving panicked, which the test has seen by then.
            task.await.ok();
        }
    }

    /// Such as `http://127.0.0.1:41234/privacy-v1`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }
}

/// Methods with which tests and benchmarks look at the sandbox and change it while it runs.
#[cfg(feature = "internals")]
impl Sandbox {
    /// What it was started with. Faults set later are not in it.
    pub fn config(&self) -> &Config {
        &self.server.config
    }

    /// Everything created so far, oldest first, earlier runs on the same journal included.
    pub fn requests(&self) -> Vec<Arc<Stored>> {
        lock(&self.server.store).all().to_vec()
    }

    /// The last exchanges, at most [`RECEIVED_MAX`], in the order of their arrival.
    pub fn log(&self) -> Vec<Received> {
        lock(&self.server.log).entries()
    }

    /// Waits until [`Self::requests`] are so many. Has no deadline: give it one.
    pub async fn wait_for_requests(&self, count: usize) {
        wait_for(&self.server.created, count).await;
    }

    /// Waits until so many exchanges have arrived. Has no deadline: give it one.
    pub async fn wait_for_arrivals(&self, count: usize) {
        wait_for(&self.server.arrived, count).await;
    }

    /// What the next POSTs meet, one by one. Replaces what is left of the script.
    pub fn set_script(&self, script: Script) {
        lock(&self.server.director).set_script(script);
    }

    /// What the next reads meet, one by one. Replaces what is left of the script.
    pub fn set_read_script(&self, script: Script) {
        lock(&self.server.director).set_read_script(script);
    }

    /// Replaces everything that can strike.
    pub fn set_faults(&self, faults: Faults) {
        lock(&self.server.director).set_faults(faults);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Running::Thread(thread) = &mut self.running
            && let Some(thread) = thread.take()
        {
            // It fails only if serving panicked.
            thread.join().ok();
        }
    }
}

#[cfg(feature = "internals")]
async fn wait_for(counter: &watch::Sender<usize>, count: usize) {
    // It fails only if the counter is gone, and the server holds it.
    counter
        .subscribe()
        .wait_for(|reached| *reached >= count)
        .await
        .ok();
}

/// All that can fail before there is a runtime.
struct Prepared {
    config: Config,
    store: Store,
    listener: std::net::TcpListener,
}

impl Prepared {
    fn new(config: Config) -> Result<Self, SandboxError> {
        if !config.address.to_canonical().is_loopback() {
            return Err(SandboxError::NotLoopback(config.address));
        }
        if config.projects.is_empty() {
            return Err(SandboxError::NoProject);
        }
        let store = Store::open(config.store.as_deref(), config.is_store_synced)?;
        let address = SocketAddr::new(config.address, config.port);
        let listener = std::net::TcpListener::bind(address)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(|source| SandboxError::Bind { address, source })?;
        Ok(Self {
            config,
            store,
            listener,
        })
    }

    /// Within the runtime that is to serve: sockets and clock belong to it.
    fn into_server(self) -> Result<(Arc<Server>, String, TcpListener), SandboxError> {
        let address = SocketAddr::new(self.config.address, self.config.port);
        let broken = |source| SandboxError::Bind { address, source };
        let listener = TcpListener::from_std(self.listener).map_err(broken)?;
        let base_url = format!(
            "http://{}{BASE_PATH}",
            listener.local_addr().map_err(broken)?
        );
        Ok((
            Arc::new(Server::new(self.config, self.store, Clock::start())),
            base_url,
            listener,
        ))
    }
}

/// What all exchanges share. Locks are held for a moment each, never across an await, and never two at once.
#[derive(Debug)]
struct Server {
    config: Config,
    schema: RequestSchema,
    clock: Clock,
    store: Mutex<Store>,
    director: Mutex<Director>,
    /// Whoever is worked on; without workers nobody waits.
    workers: Option<Semaphore>,
    log: Mutex<Log>,
    /// What outlives its exchange: late and slow commits.
    background: Mutex<JoinSet<()>>,
    created: watch::Sender<usize>,
    arrived: watch::Sender<usize>,
}

impl Server {
    fn new(config: Config, store: Store, clock: Clock) -> Self {
        let director = Director::new(config.faults.clone(), config.seed, Instant::now());
        Self {
            schema: RequestSchema::compile(),
            created: watch::Sender::new(store.all().len()),
            arrived: watch::Sender::new(0),
            store: Mutex::new(store),
            director: Mutex::new(director),
            workers: config
                .workers
                .map(|workers| Semaphore::new(workers.count.get() as usize)),
            log: Mutex::default(),
            background: Mutex::default(),
            clock,
            config,
        }
    }

    /// Notes an arrival; tells its number and what strikes it.
    fn arrive(&self, request: &Request) -> (usize, Fault) {
        let now = Instant::now();
        let fault = lock(&self.director).next(routes::is_read(request.method()), now);
        let key = Key::of(request.headers(), self.config.api_key.expose_secret());
        let number = {
            let mut log = lock(&self.log);
            let (method, uri, headers) = (request.method(), request.uri(), request.headers());
            let number = log.arrive(method, uri, headers, key, now, fault.clone());
            self.arrived.send_replace(log.arrivals());
            number
        };
        (number, fault)
    }

    /// Waits for a worker, and for the time that the work takes. What is refused for want of time meets none.
    async fn work(&self, fault: &Fault) {
        if let (Some(workers), Some(free)) = (self.config.workers, &self.workers)
            && !matches!(fault, Fault::TooMany { .. })
        {
            // It is never closed.
            let _worker = free.acquire().await;
            tokio::time::sleep(workers.service_time).await;
        }
    }

    /// Runs something to its end whether or not its exchange is still there; until the sandbox stops.
    /// Says no, and does nothing, when [`BACKGROUND_MAX`] are under way.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut background = lock(&self.background);
        while background.try_join_next().is_some() {}
        let is_free = background.len() < BACKGROUND_MAX;
        if is_free {
            background.spawn(work);
        }
        is_free
    }
}

/// The time of day.
#[derive(Debug)]
enum Clock {
    /// Moved by tokio's clock: where that is paused, dates stand still as well.
    Running { started: Instant, started_ms: i64 },
    /// Moved by the caller of an in-process sandbox.
    #[cfg_attr(
        not(feature = "internals"),
        expect(dead_code, reason = "only an in-process sandbox constructs it")
    )]
    Set { now_ms: AtomicI64 },
}

impl Clock {
    fn start() -> Self {
        Self::Running {
            started: Instant::now(),
            started_ms: since_1970_ms(SystemTime::now()),
        }
    }

    fn now_ms(&self) -> i64 {
        match self {
            Self::Running {
                started,
                started_ms,
            } => {
                let passed_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or_default();
                started_ms.saturating_add(passed_ms)
            }
            Self::Set { now_ms } => now_ms.load(Ordering::Relaxed),
        }
    }

    fn now_s(&self) -> u64 {
        u64::try_from(self.now_ms() / 1000).unwrap_or_default()
    }
}

fn since_1970_ms(time: SystemTime) -> i64 {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or_default()
}

/// What a panicking test leaves behind is still good to look at.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
