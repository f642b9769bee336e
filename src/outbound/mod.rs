//! A claimed entry to what became of it: the only HTTP of the importer.
//!
//! In: entries whose claim is committed. Out: for each a [`Delivery`]. It does not know the ledger, the
//! input or the terminal, and it keeps no entry longer than it takes to settle it.

mod backoff;
mod classify;
mod client;
mod lookup;
mod pace;
mod preflight;
mod submit;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use client::{ANSWER_BYTES_MAX, ClientError, PAGE_BYTES_MAX};
#[doc(hidden)]
pub use client::{Answer, BodyFault, Carrier, Exchange, Outgoing, Silence};
pub use lookup::SCAN_ITEMS_MAX;
pub use pace::{RETRY_AFTER_MAX, burst};

use client::Client;
use lookup::Finder;
use pace::{Pacer, Purpose, Stopped};

use crate::entry::{Entry, ImportId};
use crate::event::Events;
use crate::outcome::{Reason, Settled, Traffic};
use crate::plan::{Mark, Sending, Target};
use crate::stop::{Lease, StopCause, StopSignal};

/// Entries that may wait for a retry or a second look without holding up those behind them.
pub const ASIDE_MAX: usize = 1_024;

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

    /// The same without a network: a simulation carries what is sent.
    #[doc(hidden)]
    pub fn simulated(
        target: &Target,
        carrier: Carrier,
        sending: Sending,
        mark: Mark,
        seed: u64,
        stop: &StopSignal,
        events: &Events,
    ) -> Result<Self, ClientError> {
        let client = Client::simulated(target, sending.timeout, carrier)?;
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
            aside: Arc::new(Semaphore::new(ASIDE_MAX)),
            attempts: AtomicU64::new(0),
            lookups: AtomicU64::new(0),
            sending,
            mark,
            seed,
            stop: stop.clone(),
        }
    }

    /// Sees an entry through: sends it, looks it up when its answer is lost, sends it again when it
    /// surely does not exist. `in_doubt` says why it may exist already, from an earlier run.
    pub async fn deliver(
        &self,
        entry: &Entry,
        in_doubt: Option<Reason>,
        place: &mut Place,
        lease: &Lease,
    ) -> Delivery {
        submit::deliver(self, entry, in_doubt, place, lease).await
    }

    /// Names an entry that is known to exist: a look-up that finds it has proved itself.
    pub fn know(&self, existing: ImportId) {
        self.finder.know(existing);
    }

    /// What was sent so far.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            attempts: self.attempts.load(Ordering::Relaxed),
            lookups: self.lookups.load(Ordering::Relaxed),
        }
    }

    /// Asks the list of the project's requests, with a permit like every other request.
    async fn list(&self, entry: ImportId, query: &[(&str, &str)]) -> Result<Exchange, Stopped> {
        let permit = self.pacer.permit().await?;
        self.lookups.fetch_add(1, Ordering::Relaxed);
        let exchange = self.client.list(query).await;
        let health = match &exchange {
            Ok(answer) => classify::health(answer),
            Err(silence) => classify::health_of_silence(silence),
        };
        let status = exchange.as_ref().ok().map(|answer| answer.status);
        tracing::debug!(%entry, status, ?health, "looked up");
        permit.report(entry, Purpose::LookUp, &health);
        if status == Some(401) {
            // Nothing can be created with that key either.
            self.stop.raise(StopCause::KeyRefused);
        }
        Ok(exchange)
    }

    /// Waits, unless the run ends first; lets others by meanwhile.
    async fn wait(&self, duration: Duration, place: &mut Place) -> Result<(), Stopped> {
        if place.aside.is_none() {
            // When too many stand aside already, this one keeps its room, and reading slows down.
            place.aside = Arc::clone(&self.aside).try_acquire_owned().ok();
            if place.aside.is_some() {
                place.room = None;
            }
        }
        tokio::select! {
            biased;
            _ = self.stop.raised() => Err(Stopped),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }
}
