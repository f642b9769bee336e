//! A claimed entry to what became of it: the only HTTP of the importer.
//!
//! In: entries whose claim is committed. Out: for each a [`Delivery`]. It does not know the ledger, the
//! input or the terminal, and it keeps no entry longer than it takes to settle it.

mod adaptive_rate;
mod announced_limit;
mod backoff;
mod body;
mod canary;
mod circuit_breaker;
mod classify;
mod client;
mod clock;
mod connect_error;
mod doubts;
mod exchange;
mod forbidden;
mod http;
mod known;
mod learned;
mod limits;
mod listing;
mod look;
mod lookup;
mod lookup_queue;
mod pace;
mod page;
mod people;
mod preflight;
mod retry_budget;
mod scan;
mod server_text;
mod shown;
mod submit;
mod walk;

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use secrecy::SecretString;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use exchange::ClientError;
pub use exchange::{Exchange, Silence};
pub use known::{EarlierRequest, KNOWN_EARLIER_MAX, Omission, UNMARKED_ONE_IN};
pub use listing::{NoPage, digests_of};
pub use pace::Pace;
#[cfg(feature = "internals")]
pub use {
    client::{ANSWER_BYTES_MAX, Carrier, PAGE_BYTES_MAX},
    exchange::{Answer, BodyFault, Outgoing},
    limits::Limits,
    pace::burst,
    scan::SCAN_ITEMS_MAX,
};

use canary::Canary;
use circuit_breaker::{Purpose, Want};
use client::Client;
use doubts::Doubts;
use forbidden::Forbidden;
use learned::Finder;
use lookup_queue::Queue;
use pace::{Pacer, Permit, Stopped};
use people::People;
use retry_budget::Cost;

use crate::entry::{Entry, ImportId};
use crate::event::Events;
use crate::outcome::{Reason, Receipt, Settled, Traffic, Via};
use crate::plan::{Mark, Sending, Target};
use crate::stop::{Lease, StopCause, StopSignal};
use crate::timeline::Timeline;

/// Entries that may wait for a retry or a second look without holding up those behind them.
pub const ASIDE_MAX: usize = 1_024;

/// Why an entry may exist in Concord, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Why.
    pub reason: Reason,
    /// Not before this moment, by this machine's clock.
    pub since: SystemTime,
    /// What may have been sent is not what the entry says now.
    pub is_changed: bool,
    /// The status with which the server has accepted it, where that was not 201: it may be created at any time, and
    /// is not sent again unless the job says so.
    pub accepted: Option<u16>,
    /// Attempts to create it that this run has made.
    pub attempts: u32,
}

/// Records that the server has accepted an entry without saying that it exists: a run that dies while it is waited for
/// must not make the next one send it again. Resolves to whether that is recorded.
pub type RecordAccepted<'a> =
    dyn Fn(ImportId, u16) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> + Send + Sync + 'a;

/// What became of an entry in this run.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// Something final.
    Settled(Settled),
    /// The run ended first; nothing was sent that could have created it.
    NotSent,
}

/// An entry's place among those under way; it is given up when the entry has to wait long.
#[derive(Debug)]
pub struct Place {
    room: Option<OwnedSemaphorePermit>,
    aside: Option<OwnedSemaphorePermit>,
}

impl Place {
    /// A place in the room.
    pub fn new(room: OwnedSemaphorePermit) -> Self {
        Self {
            room: Some(room),
            aside: None,
        }
    }
}

/// Sends entries to one project.
#[derive(Debug)]
pub struct Outbound {
    client: Client,
    pacer: Arc<Pacer>,
    finder: Finder,
    queue: Queue,
    people: People,
    doubts: Doubts,
    forbidden: Mutex<Forbidden>,
    canary: Canary,
    aside: Arc<Semaphore>,
    attempts: AtomicU64,
    lookups: AtomicU64,
    sending: Sending,
    mark: Mark,
    seed: u64,
    stop: StopSignal,
}

impl Outbound {
    /// Gets ready to send; sends nothing yet.
    pub fn new(
        target: &Target,
        api_key: &SecretString,
        sending: Sending,
        mark: Mark,
        seed: u64,
        stop: &StopSignal,
        events: &Events,
    ) -> Result<Self, ClientError> {
        let client = Client::new(target, api_key, sending.timeout)?;
        Ok(Self::over(client, sending, mark, seed, stop, events))
    }

    /// Creates one without a network: the simulation handles the requests.
    #[cfg(feature = "internals")]
    pub fn simulated(
        target: &Target,
        carrier: Carrier,
        sending: Sending,
        mark: Mark,
        seed: u64,
        stop: &StopSignal,
        events: &Events,
    ) -> Result<Self, ClientError> {
        let client = Client::simulated(target, carrier)?;
        Ok(Self::over(client, sending, mark, seed, stop, events))
    }

    fn over(
        client: Client,
        sending: Sending,
        mark: Mark,
        seed: u64,
        stop: &StopSignal,
        events: &Events,
    ) -> Self {
        Self {
            client,
            pacer: Pacer::new(sending, seed, stop.clone(), events.clone()),
            finder: Finder::default(),
            queue: Queue::default(),
            people: People::default(),
            doubts: Doubts::default(),
            forbidden: Mutex::default(),
            canary: Canary::default(),
            aside: Arc::new(Semaphore::new(ASIDE_MAX)),
            attempts: AtomicU64::new(0),
            lookups: AtomicU64::new(0),
            sending,
            mark,
            seed,
            stop: stop.clone(),
        }
    }

    /// Delivers an entry without recording that the server has accepted it.
    #[cfg(feature = "internals")]
    pub async fn deliver(
        &self,
        entry: &Entry,
        in_doubt: Option<Doubt>,
        place: &mut Place,
        lease: &Lease,
    ) -> Delivery {
        let nowhere = |_, _| -> Pin<Box<dyn Future<Output = bool> + Send>> {
            Box::pin(std::future::ready(true))
        };
        submit::deliver(self, entry, in_doubt, place, lease, &nowhere).await
    }

    /// Delivers an entry: sends it, looks it up when its response is lost, and sends it again when it certainly does not
    /// exist. `in_doubt` says why it may exist already, from an earlier run. `record` is called when the server has
    /// accepted the entry without saying that it exists.
    pub async fn deliver_recorded(
        &self,
        entry: &Entry,
        in_doubt: Option<Doubt>,
        place: &mut Place,
        lease: &Lease,
        record: &RecordAccepted<'_>,
    ) -> Delivery {
        submit::deliver(self, entry, in_doubt, place, lease, record).await
    }

    /// Adds a request that an earlier run has created, and for how long that is known. The newest come first. A list
    /// that does not show it proves nothing.
    pub fn know_earlier(&self, known: EarlierRequest, entry: Option<&Entry>) {
        self.finder.know_earlier(known, entry);
    }

    /// Removes an entry from the known requests: its request is another entry's.
    pub fn forget_created(&self, import_id: ImportId) {
        self.finder.learned().known.forget(import_id);
    }

    /// Takes note of a request that is an entry's.
    fn know_created(&self, entry: &Entry, receipt: Receipt, via: Option<Via>) {
        let settle = self.sending.settle;
        self.finder.know(entry, receipt, via, settle);
        if self.mark == Mark::None {
            self.people.account(receipt.id);
        }
    }

    /// What was sent so far.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            attempts: self.attempts.load(Ordering::Relaxed),
            lookups: self.lookups.load(Ordering::Relaxed),
        }
    }

    /// What may be sent at present, and how it has fared.
    pub fn pace(&self) -> Pace {
        self.pacer.pace()
    }

    /// How sending went since this was asked last.
    pub fn take_timeline(&self) -> Timeline {
        self.pacer.take_timeline()
    }

    /// Waits for leave to send a POST. In an outage that leaves entries in doubt, a GET goes first: it tells as
    /// well that nobody serves, and leaves nothing behind.
    async fn permit_to_create(&self, entry: ImportId, cost: Cost) -> Result<Permit, Stopped> {
        let want = Want {
            purpose: Purpose::Create,
            cost,
        };
        loop {
            let permit = self.pacer.permit(want).await?;
            if !permit.is_ping() {
                return Ok(permit);
            }
            drop(Box::pin(self.get(entry, &[("limit", "1")], &permit)).await);
        }
    }

    /// Asks the list of the project's requests, with a permit like every other request.
    async fn list(
        &self,
        entry: ImportId,
        query: &[(&str, &str)],
        cost: Cost,
    ) -> Result<Exchange, Stopped> {
        let want = Want {
            purpose: Purpose::LookUp,
            cost,
        };
        let permit = self.pacer.permit(want).await?;
        Ok(self.get(entry, query, &permit).await)
    }

    async fn get(&self, entry: ImportId, query: &[(&str, &str)], permit: &Permit) -> Exchange {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        let exchange = self.client.list(query).await;
        let health = match &exchange {
            Ok(answer) => classify::health(answer),
            Err(silence) => classify::health_of_silence(silence),
        };
        let status = exchange.as_ref().ok().map(|answer| answer.status);
        tracing::debug!(%entry, status, ?health, "looked up");
        permit.record_lookup();
        permit.report(entry, &health);
        if let Some(limits) = exchange.as_ref().ok().and_then(|answer| answer.limits) {
            permit.heed(&limits);
        }
        match &exchange {
            // Nothing can be created with that key either.
            Ok(answer) if answer.status == 401 => self.stop.raise(StopCause::KeyRefused),
            Err(Silence::Barred(obstacle)) => {
                self.stop.raise(StopCause::Unconnectable(obstacle.clone()));
            }
            _ => {}
        }
        exchange
    }

    /// Lets others by, for a wait that may be long.
    fn step_aside(&self, place: &mut Place) {
        if place.aside.is_none() {
            // When too many stand aside already, this one keeps its room, and reading slows down.
            place.aside = Arc::clone(&self.aside).try_acquire_owned().ok();
            if place.aside.is_some() {
                place.room = None;
            }
        }
    }

    /// Waits, unless the run ends first; lets others by meanwhile.
    async fn wait(&self, duration: Duration, place: &mut Place) -> Result<(), Stopped> {
        self.step_aside(place);
        self.sleep(duration).await
    }

    /// Waits, unless the run ends first.
    async fn sleep(&self, duration: Duration) -> Result<(), Stopped> {
        tokio::select! {
            biased;
            _ = self.stop.raised() => Err(Stopped),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }
}
