//! Events → what a monitoring system reads of a run: Prometheus' text, in a file for `node_exporter` and by HTTP.
//!
//! Every value is of the run that is under way or was the last, so all are gauges. No label holds a value of a row, the
//! name of an input or anything else that differs from night to night.

mod serve;
mod text;

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::args::MetricsArgs;
use super::explain::CliError;
use crate::blocking;
use crate::event::{Event, Events};
use crate::outbound::Outbound;
use crate::outcome::{Outcome, Tally, Traffic, Via};
use crate::private_file::Replacement;
use crate::time_of_day;

/// More of a file is not looked at: ours are far shorter.
const FILE_BYTES_MAX: u64 = 1 << 16;
/// How often the file is written anew while a run goes on. Monitoring asks no more often.
const WRITE_EVERY: Duration = Duration::from_secs(15);

/// What is told of a run, if anybody wants to know.
#[derive(Clone, Debug)]
pub(super) struct Metrics(Option<Arc<Kept>>);

#[derive(Debug)]
struct Kept {
    file: Option<PathBuf>,
    state: Mutex<State>,
    /// Held while the file is made and put in its place: the last version is the last to come there.
    writing: Mutex<()>,
}

/// All that is known of a run and of those before it.
#[derive(Debug)]
struct State {
    started_at: SystemTime,
    ended: Option<Ended>,
    /// When a run last ended by itself, and when one last left nothing to do; as the file told of earlier runs.
    before: Milestones,
    expected: u64,
    /// By outcome, and by how it is known that they are created.
    entries: [u64; Outcome::ALL.len()],
    created: [u64; 3],
    /// Entries whose key names different people or request types; counted once the files are written.
    key_conflicts: u64,
    is_waiting: bool,
    rate_per_s: f64,
    concurrency: u32,
    outbound: Option<Arc<Outbound>>,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    at: SystemTime,
    exit_code: u8,
}

/// In seconds since 1970, as they are told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Milestones {
    finished_s: Option<f64>,
    complete_s: Option<f64>,
}

impl State {
    fn new(before: Milestones) -> Self {
        Self {
            started_at: time_of_day(),
            ended: None,
            before,
            expected: 0,
            entries: [0; Outcome::ALL.len()],
            created: [0; 3],
            key_conflicts: 0,
            is_waiting: false,
            rate_per_s: 0.0,
            concurrency: 0,
            outbound: None,
        }
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Started { entries, .. } => self.expected += entries,
            Event::Settled { outcome, via } => {
                self.entries[*outcome as usize] += 1;
                if let Some(via) = via {
                    self.created[*via as usize] += 1;
                }
            }
            Event::Waiting { .. } => self.is_waiting = true,
            Event::Resumed => self.is_waiting = false,
            Event::Pace {
                rate_per_s,
                concurrency,
                ..
            } => (self.rate_per_s, self.concurrency) = (*rate_per_s, *concurrency),
            Event::Preflight(_)
            | Event::Stopping { .. }
            | Event::Fetched { .. }
            | Event::WritingFiles => {}
        }
    }

    fn traffic(&self) -> Traffic {
        let outbound = self.outbound.as_ref();
        outbound.map_or_else(Traffic::default, |outbound| outbound.traffic())
    }

    fn refused(&self) -> u64 {
        let outbound = self.outbound.as_ref();
        outbound.map_or(0, |outbound| outbound.pace().refused)
    }

    /// Counts as the files do, which know what was never begun as well.
    fn count_as(&mut self, tallies: &[Tally]) {
        let sum = |count: &dyn Fn(&Tally) -> u64| tallies.iter().map(count).sum();
        self.entries = Outcome::ALL.map(|outcome| sum(&|tally| tally.count(outcome)));
        self.created = [Via::Response, Via::Lookup, Via::Ledger].map(|via| {
            sum(&|tally| match via {
                Via::Response => tally.created_now - tally.recovered,
                Via::Lookup => tally.recovered,
                Via::Ledger => tally.already_created,
            })
        });
        self.key_conflicts = sum(&|tally| tally.conflicts);
    }

    /// With the end of this run, if it counts as one.
    fn milestones(&self) -> Milestones {
        let Some(Ended { at, exit_code }) = self.ended else {
            return self.before;
        };
        let at_s = Some(text::seconds(at));
        Milestones {
            finished_s: if exit_code <= 1 {
                at_s
            } else {
                self.before.finished_s
            },
            complete_s: if exit_code == 0 {
                at_s
            } else {
                self.before.complete_s
            },
        }
    }
}

impl Metrics {
    /// Begins to tell: listens, and writes the file. What cannot be done is said before anything is sent.
    pub(super) async fn begin(args: &MetricsArgs) -> Result<Self, CliError> {
        if args.metrics_file.is_none() && args.metrics_listen.is_none() {
            return Ok(Self(None));
        }
        let before = match &args.metrics_file {
            Some(path) => Some(read_milestones(path)?),
            None => None,
        };
        let kept = Arc::new(Kept {
            file: args.metrics_file.clone(),
            state: Mutex::new(State::new(before.unwrap_or_default())),
            writing: Mutex::default(),
        });
        if let Some(path) = &kept.file {
            kept.write(path)
                .map_err(|source| unwritable(path, source))?;
        }
        if let Some(address) = args.metrics_listen {
            listen(address, &kept).await?;
        }
        Ok(Self(Some(kept)))
    }

    /// Where requests are sent by, and what the job lets it send.
    pub(super) fn watch(&self, outbound: &Arc<Outbound>, rate_per_s: f64, concurrency: u32) {
        if let Some(kept) = &self.0 {
            let mut state = kept.state();
            state.outbound = Some(Arc::clone(outbound));
            (state.rate_per_s, state.concurrency) = (rate_per_s, concurrency);
        }
    }

    /// Hears what others hear as well.
    pub(super) fn beside(&self, events: Events) -> Events {
        match self.0.clone() {
            None => events,
            Some(kept) => Events::to(move |event| {
                kept.state().take(&event);
                events.tell(event);
            }),
        }
    }

    /// Writes the file again and again, for ever. A run does not end because it could not be written.
    pub(super) async fn write_regularly(self) {
        let Some(kept) = self.0.filter(|kept| kept.file.is_some()) else {
            return;
        };
        loop {
            tokio::time::sleep(WRITE_EVERY).await;
            let kept = Arc::clone(&kept);
            blocking(move || kept.write_or_warn()).await;
        }
    }

    /// What the files say of the inputs that came to their end.
    pub(super) fn count_as(&self, tallies: &[Tally]) {
        if let Some(kept) = &self.0 {
            kept.state().count_as(tallies);
        }
    }

    /// Tells how the run has ended.
    pub(super) fn end(&self, exit_code: u8) {
        if let Some(kept) = &self.0 {
            let at = time_of_day();
            {
                let mut state = kept.state();
                state.ended = Some(Ended { at, exit_code });
                state.is_waiting = false;
            }
            kept.write_or_warn();
        }
    }
}

impl Kept {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self) -> String {
        text::of(&self.state())
    }

    /// Replaces the file; whoever reads it never sees half of it. Others may read it: it says nothing of anybody.
    fn write(&self, path: &Path) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let replacement = Replacement::begin(path)?;
        replacement.file().write_all(self.text().as_bytes())?;
        #[cfg(unix)]
        replacement
            .file()
            .set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        replacement.finish()
    }

    fn write_or_warn(&self) {
        if let Some(path) = &self.file
            && let Err(error) = self.write(path)
        {
            tracing::warn!(%error, "the metrics file cannot be written");
        }
    }
}

async fn listen(address: SocketAddr, kept: &Arc<Kept>) -> Result<(), CliError> {
    let kept = Arc::clone(kept);
    let served = serve::begin(address, move || kept.text()).await;
    served.map_err(|source| CliError::MetricsListen { address, source })
}

/// What an earlier run's file tells of the runs before it. A file of something else is never replaced: it may be an input, or
/// the ledger.
fn read_milestones(path: &Path) -> Result<Milestones, CliError> {
    let is_file = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Milestones::default()),
        Err(source) => return Err(unwritable(path, source)),
        Ok(found) => found.is_file(),
    };
    let mut file = Vec::new();
    if is_file {
        File::open(path)
            .and_then(|opened| opened.take(FILE_BYTES_MAX).read_to_end(&mut file))
            .map_err(|source| unwritable(path, source))?;
    }
    let file = String::from_utf8_lossy(&file);
    if is_file && (file.is_empty() || text::is_ours(&file)) {
        Ok(text::milestones(&file))
    } else {
        Err(CliError::MetricsForeign(path.to_owned()))
    }
}

fn unwritable(path: &Path, source: io::Error) -> CliError {
    CliError::MetricsFile {
        path: path.to_owned(),
        source,
    }
}
