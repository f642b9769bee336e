//! One input, from its first byte to its files: the whole way of an entry on one screen.
//!
//! It owns the tasks, the order of the commits, and stopping. The order is the promise:
//! **claim → commit → send → settle → commit → show**. It prints nothing and reads no environment.

use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::ambiguity::Ambiguity;
use crate::check::{InputSurvey, Survey};
use crate::codes::OutcomeCode;
use crate::entry::Entry;
use crate::event::{Event, Events};
use crate::intake::{InputPlaces, Intake, IntakeError, Item, RowReading, Seen};
use crate::ledger::{
    Claim, ClaimRequest, Claimed, Known, KnownCreated, Ledger, LedgerError, RunEnd, RunId, RunKind,
    Settlement, claimed,
};
use crate::outbound::{Delivery, Doubt, EarlierRequest, KNOWN_EARLIER_MAX, Outbound, Place};
use crate::outcome::{Outcome, Reason, Settled, Traffic, Via};
use crate::plan::{Mark, ReadPlan, Sending};
use crate::private_file::{create_private_dir, private_options, remove_old};
use crate::report::results::{self, Line, ResultsWriter};
use crate::report::summary::{Summary, run_input};
use crate::report::{Folders, Imported, ReportError, RunFigures, line_of, page};
use crate::stop::{Lease, StopCause, StopSignal};
use crate::{blocking, inherited, time_of_day};

/// Rows of one batch from the reader.
const BATCH_ROWS: usize = 256;
/// Batches that may lie read and unclaimed.
const BATCHES_AHEAD: usize = 2;
/// Bounds of how many entries are claimed and not yet sent: enough to group commits, few to doubt after a crash.
const ROOM_MIN: u32 = 32;
const ROOM_MAX: u32 = 1_024;
/// What is sent in so long, in seconds, may be claimed ahead: more than a commit takes.
const ROOM_S: f64 = 0.05;
/// How often a run renews its lease.
const LEASE_RENEWAL: Duration = Duration::from_secs(15);
/// What a lease lasts beyond the time of one exchange.
const LEASE_MARGIN: Duration = Duration::from_secs(90);
/// How often the growing results are handed to the system.
const FLUSH_EVERY: Duration = Duration::from_millis(250);

/// Why a run could not begin or could not write its files.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The files.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// What importing one input needs; the same for all inputs of a run.
#[derive(Clone, Debug)]
pub struct Importer {
    /// What is read and how.
    pub read: Arc<ReadPlan>,
    /// How it is sent.
    pub sending: Sending,
    /// The durable truth.
    pub ledger: Ledger,
    /// The way to Concord.
    pub outbound: Arc<Outbound>,
    /// Ends it early.
    pub stop: StopSignal,
    /// Hears what happens.
    pub events: Events,
}

/// One input of a run, under way.
struct Pass {
    importer: Importer,
    run: RunId,
    places: InputPlaces,
    lease: Lease,
    /// The results file that grows; closed before the whole takes its place.
    growing: Mutex<Option<ResultsWriter<BufWriter<File>>>>,
    room: Arc<Semaphore>,
    room_size: u32,
    traffic_before: Traffic,
}

impl Importer {
    /// Imports one input after the other, as far as that can be done.
    pub async fn import_all(
        &self,
        survey: &Survey,
        out_dirs: &[PathBuf],
        limit: Option<u64>,
    ) -> (Vec<Imported>, Option<ImportError>) {
        let mut left = limit.unwrap_or(u64::MAX);
        let mut seen = (survey.seen(), survey.seen());
        let mut all = Vec::new();
        for (input, out_dir) in out_dirs.iter().enumerate() {
            match self.import(survey, input, out_dir, &mut left, seen).await {
                Ok((done, seen_so_far)) => {
                    all.push(done);
                    seen = seen_so_far;
                }
                Err(error) => return (all, Some(error)),
            }
        }
        (all, None)
    }

    /// Imports one input into its folder. `left` is how many entries may still be sent, `seen` the
    /// entries of the inputs before, once for sending and once for the files.
    pub async fn import(
        &self,
        survey: &Survey,
        input: usize,
        out_dir: &Path,
        left: &mut u64,
        seen: (Seen, Seen),
    ) -> Result<(Imported, (Seen, Seen)), ImportError> {
        let checked = &survey.inputs[input];
        let (seen_sending, seen_writing) = seen;
        let started_at = time_of_day();
        let lease_length = self.sending.timeout + LEASE_MARGIN;
        let pass = self.begin(survey, input, out_dir, lease_length).await?;
        let run = pass.run;
        tracing::info!(run = run.0, entries = checked.tally.entries, "run begun");
        self.events.tell(Event::Started {
            input: self.read.inputs[input].name.clone(),
            entries: total(checked, *left),
        });
        let mut upkeep = JoinSet::new();
        upkeep.spawn(inherited(keep_lease(Arc::clone(&pass), lease_length)));
        upkeep.spawn(inherited(keep_flushing(Arc::clone(&pass))));
        pass.know_something().await;
        drop(self.outbound.take_timeline()); // what was sent before is not this run's
        let mut seen_sending =
            send_all(&pass, input, &checked.digest.sha256, left, seen_sending).await;
        if input + 1 == self.read.inputs.len() {
            // Nobody asks it again, and writing the files fills another as large.
            seen_sending = Seen::new();
        }
        pass.flush();
        pass.growing().take();
        self.events.tell(Event::WritingFiles);
        let timeline = self.outbound.take_timeline();
        let finished_at = time_of_day();
        let folders = Folders {
            plan: &self.read,
            survey,
            ledger: &self.ledger,
        };
        let figures = RunFigures {
            run: Some(run),
            traffic: pass.traffic(),
            started_at: Some(started_at),
            finished_at: Some(finished_at),
            exit_code: None,
        };
        let (imported, seen_writing) = folders
            .write(input, out_dir, figures, || self.stop.cause(), seen_writing)
            .await?;
        let summary = &imported.summary;
        upkeep.shutdown().await;
        let end = RunEnd {
            finished_at,
            exit_code: summary.exit_code,
            tally: summary.tally,
            traffic: summary.traffic,
            timeline: Some(timeline),
        };
        self.ledger.end_run(run, end).await?;
        self.log_end(run, summary);
        Ok((imported, (seen_sending, seen_writing)))
    }

    /// Begins a run over an input in the ledger, and its results file.
    async fn begin(
        &self,
        survey: &Survey,
        input: usize,
        out_dir: &Path,
        lease_length: Duration,
    ) -> Result<Arc<Pass>, ImportError> {
        let lease = Lease::until(time_of_day() + lease_length);
        let write_failed = |cause| ReportError::Write {
            path: out_dir.join(results::FILE),
            cause,
        };
        // Before the run begins: a folder that cannot be written to leaves no run behind.
        check_growing(out_dir)
            .and_then(|()| remove_old(&out_dir.join(page::FILE)))
            .map_err(write_failed)?;
        let run_input = run_input(&survey.inputs[input], input);
        let run = self
            .ledger
            .begin_run(RunKind::Import, run_input, lease_length)
            .await?;
        let growing = begin_growing(out_dir).map_err(write_failed)?;
        let room_size = room_size(&self.sending);
        Ok(Arc::new(Pass {
            importer: self.clone(),
            run,
            places: survey.places(),
            lease,
            growing: Mutex::new(Some(growing)),
            room: Arc::new(Semaphore::new(room_size as usize)),
            room_size,
            traffic_before: self.outbound.traffic(),
        }))
    }

    fn log_end(&self, run: RunId, summary: &Summary) {
        let (tally, traffic, pace) = (&summary.tally, summary.traffic, self.outbound.pace());
        tracing::info!(
            run = run.0,
            exit_code = summary.exit_code,
            entries = tally.entries,
            created_now = tally.created_now,
            attempts = traffic.attempts,
            lookups = traffic.lookups,
            served = pace.served,
            refused = pace.refused,
            rate_per_s = pace.rate_per_s,
            concurrency = pace.concurrency,
            "run ended"
        );
    }
}

/// How many entries are claimed and not settled at most: four for each that is sent at once, or what is sent while the
/// ledger commits.
fn room_size(sending: &Sending) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is positive and at most a million"
    )]
    let while_committing = (sending.rate_per_s * ROOM_S) as u32;
    sending
        .concurrency
        .get()
        .saturating_mul(4)
        .max(while_committing)
        .clamp(ROOM_MIN, ROOM_MAX)
}

/// Entries that will be told of in this run: with a limit, not all that could be sent.
fn total(survey: &InputSurvey, left: u64) -> u64 {
    let valid = survey.tally.count(Outcome::NotSent);
    survey.tally.entries - valid + valid.min(left)
}

/// Whether the results file that grows while the run goes on can be written; what stands in it stays as yet.
fn check_growing(out_dir: &Path) -> std::io::Result<()> {
    create_private_dir(out_dir)?;
    let mut options = private_options();
    options.append(true).create(true);
    options.open(out_dir.join(results::FILE)).map(drop)
}

fn begin_growing(out_dir: &Path) -> std::io::Result<ResultsWriter<BufWriter<File>>> {
    let mut options = private_options();
    options.write(true).create(true).truncate(true);
    let file = options.open(out_dir.join(results::FILE))?;
    Ok(ResultsWriter::new(BufWriter::new(file))?)
}

/// Reads, claims and sees through every entry, until the input or the run ends.
async fn send_all(
    pass: &Arc<Pass>,
    input: usize,
    sha256: &str,
    left: &mut u64,
    seen: Seen,
) -> Seen {
    let (batches, mut read) = mpsc::channel(BATCHES_AHEAD);
    let reader = tokio::spawn(inherited(read_batches(
        Arc::clone(pass),
        input,
        sha256.to_owned(),
        seen,
        batches,
    )));
    let mut under_way = JoinSet::new();
    'input: while let Some(rows) = next(&mut read, &pass.importer.stop).await {
        let repeats = pass.corrected_repeats(&rows);
        let mut entries = pass.show_unsendable(rows).into_iter().peekable();
        while entries.peek().is_some() {
            if *left == 0 || pass.importer.stop.is_raised() {
                break 'input;
            }
            let most = u64::from(pass.room_size / 2).min(*left);
            let group = entries
                .by_ref()
                .take(usize::try_from(most).unwrap_or(1))
                .collect();
            *left -= pass.send_group(group, &mut under_way).await;
            while let Some(ended) = under_way.try_join_next() {
                pass.check_ended(ended);
            }
        }
        // What they repeat is claimed by now.
        pass.note_corrections(repeats).await;
    }
    drop(read);
    while let Some(ended) = under_way.join_next().await {
        pass.check_ended(ended);
    }
    reader
        .await
        .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

async fn next(
    read: &mut mpsc::Receiver<Vec<RowReading>>,
    stop: &StopSignal,
) -> Option<Vec<RowReading>> {
    tokio::select! {
        biased;
        _ = stop.raised() => None,
        rows = read.recv() => rows,
    }
}

/// Reads batch after batch on a blocking thread, no further ahead than the channel lets it.
async fn read_batches(
    pass: Arc<Pass>,
    input: usize,
    sha256: String,
    mut seen: Seen,
    batches: mpsc::Sender<Vec<RowReading>>,
) -> Seen {
    let (plan, stop) = (Arc::clone(&pass.importer.read), &pass.importer.stop);
    let name = plan.inputs[input].name.clone();
    let mut intake = match blocking(move || Intake::open(&plan, input, false)).await {
        Ok(intake) => intake,
        Err(error) => {
            stop.raise(input_failed(&error));
            return seen;
        }
    };
    loop {
        let rows;
        (intake, seen, rows) = intake.read_batch(seen, BATCH_ROWS).await;
        match rows {
            Ok(rows) if rows.is_empty() => {
                if intake.digest().is_none_or(|digest| digest.sha256 != sha256) {
                    stop.raise(StopCause::Input {
                        why: format!("{name} has changed since it was checked"),
                        hint: "leave the input as it is while it is imported, then run the same command again".to_owned(),
                    });
                }
                return seen;
            }
            Ok(rows) => {
                if batches.send(rows).await.is_err() {
                    return seen;
                }
            }
            Err(error) => {
                stop.raise(input_failed(&error));
                return seen;
            }
        }
    }
}

impl Pass {
    /// Names requests that are known to exist: look-ups have to find them.
    async fn know_something(&self) {
        let Importer {
            ledger,
            outbound,
            stop,
            ..
        } = &self.importer;
        match ledger.known_created(KNOWN_EARLIER_MAX).await {
            Ok(known) => {
                let now = time_of_day();
                for one in known {
                    outbound.know_earlier(earlier(one, now), None);
                }
            }
            Err(error) => stop.raise(ledger_failed(&error)),
        }
    }

    /// Returns the corrected copies of source rows that repeat an earlier row of these inputs.
    fn corrected_repeats(&self, rows: &[RowReading]) -> Vec<ClaimRequest> {
        let read = &self.importer.read;
        let repeats = rows.iter().flat_map(|row| &row.items);
        let repeats = repeats.filter_map(|item| match item {
            Item::Repeat { entry, .. } if entry.source_row?.is_correction() => Some(entry),
            _ => None,
        });
        repeats
            .map(|entry| ClaimRequest::of(entry, read.project, read.rules.near_keys))
            .collect()
    }

    async fn note_corrections(&self, repeats: Vec<ClaimRequest>) {
        let Importer { ledger, stop, .. } = &self.importer;
        if !repeats.is_empty()
            && let Err(error) = ledger.note_corrections(repeats).await
        {
            stop.raise(ledger_failed(&error));
        }
    }

    /// Shows what is never sent, and returns what is to be.
    fn show_unsendable(&self, rows: Vec<RowReading>) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            for item in row.items {
                match item {
                    Item::Entry(entry) => entries.push(*entry),
                    unsendable => {
                        let known = Known::default();
                        let line = line_of(unsendable, known, None, row.position, &self.places);
                        self.show(&line);
                    }
                }
            }
        }
        entries
    }

    /// Claims a group in one commit and sets each of its entries on its way. Returns how many that are.
    async fn send_group(self: &Arc<Self>, group: Vec<Entry>, under_way: &mut JoinSet<()>) -> u64 {
        let Importer {
            ledger, stop, read, ..
        } = &self.importer;
        let size = u32::try_from(group.len()).unwrap_or(self.room_size);
        let room = tokio::select! {
            biased;
            _ = stop.raised() => return 0,
            room = Arc::clone(&self.room).acquire_many_owned(size) => room,
        };
        let requests = group
            .iter()
            .map(|entry| ClaimRequest::of(entry, read.project, read.rules.near_keys))
            .collect();
        let (mut room, claims) = match (room, ledger.claim(self.run, requests).await) {
            (Ok(room), Ok(claims)) => (room, claims),
            (_, Err(error)) => {
                stop.raise(ledger_failed(&error));
                return 0;
            }
            (Err(_), _) => return 0,
        };
        let mut sent = 0;
        for (mut entry, Claimed { import_id, claim }) in group.into_iter().zip(claims) {
            entry.go_by(import_id);
            let ControlFlow::Continue((entry, doubt)) = self.sort(entry, claim) else {
                continue;
            };
            if let Some(place) = room.split(1) {
                sent += 1;
                let way = Arc::clone(self).see_through(entry, doubt, Place::new(place));
                under_way.spawn(inherited(way));
            }
        }
        sent
    }

    /// Returns an entry that is to be sent, with the doubt that an earlier run left. Shows any other.
    fn sort(&self, entry: Entry, claim: Claim) -> ControlFlow<(), (Entry, Option<Doubt>)> {
        let settled = match claim {
            Claim::Fresh => return ControlFlow::Continue((entry, None)),
            Claim::InDoubt {
                since,
                is_changed,
                accepted,
            } => {
                let message = match accepted {
                    Some(status) => format!("the server answered {status} to an earlier run"),
                    None => "an earlier run may have sent it".to_owned(),
                };
                let doubt = Doubt {
                    reason: Reason::new(OutcomeCode::Claimed, message),
                    since,
                    is_changed,
                    accepted,
                    attempts: 0,
                };
                return ControlFlow::Continue((entry, Some(doubt)));
            }
            Claim::Created { settled, known } => {
                if let Some(known) = known {
                    let known = earlier(known, time_of_day());
                    self.importer.outbound.know_earlier(known, Some(&entry));
                }
                *settled
            }
            Claim::Refused(reason) => Settled::of(Outcome::Invalid, Some(reason)),
            Claim::Elsewhere(run) => Settled::of(Outcome::InDoubt, Some(claimed(run))),
        };
        self.show(&Line::told(entry, settled));
        ControlFlow::Break(())
    }

    /// Delivers a claimed entry, settles it, and only then shows it.
    async fn see_through(
        self: Arc<Self>,
        mut entry: Entry,
        mut doubt: Option<Doubt>,
        mut place: Place,
    ) {
        let Importer {
            ledger,
            outbound,
            stop,
            ..
        } = &self.importer;
        let run = self.run;
        let record = |id, status| -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
            Box::pin(async move {
                let noted = ledger.note_accepted(run, id, status).await;
                noted
                    .inspect_err(|error| stop.raise(ledger_failed(error)))
                    .is_ok()
            })
        };
        let began = time_of_day();
        loop {
            let delivery =
                outbound.deliver_recorded(&entry, doubt.take(), &mut place, &self.lease, &record);
            let (unsettled, attempts) = match delivery.await {
                Delivery::Settled(settled) => {
                    let attempts = settled.attempts;
                    (self.settle(entry, settled).await, attempts)
                }
                Delivery::NotSent => {
                    let released = ledger.release(run, vec![entry.import_id]).await;
                    (released.map(|()| None), 0)
                }
            };
            entry = match unsettled {
                Ok(None) => return,
                Ok(Some(entry)) => entry,
                Err(error) => return stop.raise(ledger_failed(&error)),
            };
            outbound.forget_created(entry.import_id);
            doubt = Some(Doubt {
                reason: Reason::new(
                    OutcomeCode::Unreadable201,
                    "the answer 201 has the `id` of another entry's request",
                ),
                since: began,
                is_changed: false,
                accepted: None,
                attempts,
            });
        }
    }

    /// Settles and shows an entry. Gives it back unsettled where another entry has the request that Concord named.
    async fn settle(&self, entry: Entry, settled: Settled) -> Result<Option<Entry>, LedgerError> {
        let Importer { ledger, read, .. } = &self.importer;
        let holder = match (settled.via, settled.receipt) {
            (Some(Via::Lookup), Some(receipt)) => ledger.holder_of(receipt.id).await?,
            _ => None,
        };
        let settled = match (read.rules.mark, holder, settled.receipt) {
            // Without a mark it was told by its person: it may be the request of an entry of an earlier run.
            (Mark::None, Some(_), _) => Settled {
                attempts: settled.attempts,
                ..Settled::of(Outcome::InDoubt, Some(Ambiguity::Taken.into()))
            },
            // The notes have this entry's mark, so the request is its own even if Concord named it to another entry.
            (Mark::Notes, Some(holder), Some(receipt)) if holder != entry.import_id => {
                ledger.doubt_holder(receipt.id, entry.import_id).await?;
                settled
            }
            _ => settled,
        };
        let settlement = Settlement {
            import_id: entry.import_id,
            content: is_of_this_content(&settled).then(|| entry.content()),
            settled: settled.clone(),
        };
        let holder = ledger.settle(self.run, settlement, self.traffic()).await?;
        if holder.is_some() {
            return Ok(Some(entry));
        }
        self.show(&Line::told(entry, settled));
        Ok(None)
    }

    /// What this run has sent for this input.
    fn traffic(&self) -> Traffic {
        let now = self.importer.outbound.traffic();
        Traffic {
            attempts: now.attempts - self.traffic_before.attempts,
            lookups: now.lookups - self.traffic_before.lookups,
        }
    }

    /// Tells of an entry that is final: a line in the growing results, and an event.
    fn show(&self, line: &Line) {
        self.grow_by(|results| results.write(line).map_err(Into::into));
        self.importer.events.tell(Event::Settled {
            outcome: line.outcome(),
            via: line.settled.via,
        });
    }

    fn flush(&self) {
        self.grow_by(ResultsWriter::flush);
    }

    /// Does something to the growing results, while there are any. A file that cannot grow ends the run.
    fn grow_by(
        &self,
        step: impl FnOnce(&mut ResultsWriter<BufWriter<File>>) -> std::io::Result<()>,
    ) {
        if let Some(Err(error)) = self.growing().as_mut().map(step) {
            let message = format!("{} cannot be written: {error}", results::FILE);
            self.importer.stop.raise(StopCause::Output(message));
        }
    }

    fn growing(&self) -> MutexGuard<'_, Option<ResultsWriter<BufWriter<File>>>> {
        self.growing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A delivery that panicked leaves its claim open; nothing more is sent after it.
    fn check_ended(&self, ended: Result<(), tokio::task::JoinError>) {
        if let Err(error) = ended {
            self.importer.stop.raise(StopCause::Ledger {
                why: format!("a delivery failed: {error}"),
                hint: Some(DELIVERY_HINT.to_owned()),
            });
        }
    }
}

fn earlier(known: KnownCreated, now: SystemTime) -> EarlierRequest {
    EarlierRequest {
        import_id: known.import_id,
        receipt: known.receipt,
        age: now.duration_since(known.settled_at).unwrap_or_default(),
        is_from_list: known.is_from_list,
    }
}

/// What to do about a delivery that panicked.
pub(crate) const DELIVERY_HINT: &str = "this is a fault of concord-import: please report it, and run the same command again: \
     nothing is created twice";

/// Whether what Concord holds now, as far as it holds anything, is what this run has sent. A request that a look-up
/// found may be of an earlier content: Concord shows whether it is.
fn is_of_this_content(settled: &Settled) -> bool {
    match (settled.outcome, settled.via) {
        (Outcome::Created, Some(Via::Lookup)) => settled.reason.is_none(),
        (Outcome::InDoubt, _) => settled.attempts > 0,
        _ => true,
    }
}

fn input_failed(error: &IntakeError) -> StopCause {
    let mut why = error.to_string();
    if let Some(cause) = std::error::Error::source(error) {
        why = format!("{why}: {cause}");
    }
    StopCause::Input {
        why,
        hint: error.hint(),
    }
}

fn ledger_failed(error: &LedgerError) -> StopCause {
    StopCause::Ledger {
        why: error.to_string(),
        hint: error.hint(),
    }
}

/// Renews the lease until the run ends; a lease that cannot be renewed ends it.
async fn keep_lease(pass: Arc<Pass>, length: Duration) {
    loop {
        tokio::time::sleep(LEASE_RENEWAL).await;
        let from = time_of_day();
        let renewed = pass.importer.ledger.renew(pass.run, length, pass.traffic());
        match renewed.await {
            Ok(()) => pass.lease.extend(from + length),
            Err(error) => {
                return pass.importer.stop.raise(ledger_failed(&error));
            }
        }
    }
}

async fn keep_flushing(pass: Arc<Pass>) {
    loop {
        tokio::time::sleep(FLUSH_EVERY).await;
        pass.flush();
    }
}
