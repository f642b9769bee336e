//! Whether a run is still alive on this machine: it holds a lock on a file beside the ledger, and the system
//! lets go of it whenever the process ends, however it ends.
//!
//! So the command that follows a crash need not wait until the dead run's lease has run out, and a run that was
//! suspended for longer than its lease keeps its claims. Where there are no such locks, the lease alone tells.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::RunId;
use crate::private_file::private_options;

/// What the lock of a run tells of its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It holds the lock.
    Alive,
    /// It held one, and has ended.
    Ended,
    /// No lock could be taken there, or it runs on another machine: the lease tells.
    Unknown,
}

/// The locks of the runs of one ledger.
///
/// Dropping it lets go of them and leaves their files: an unlocked file is what tells that its run has ended.
#[derive(Debug)]
pub(super) struct Locks {
    ledger: PathBuf,
    held: Vec<(RunId, File)>,
    /// How many of them, the last ones, are of runs that no commit has made known yet.
    uncommitted: usize,
    /// Runs that were found dead: their files go once the ledger has it in a commit.
    dead: Vec<RunId>,
}

impl Locks {
    /// None held yet.
    pub(super) fn of(ledger: &Path) -> Self {
        Self {
            ledger: ledger.to_owned(),
            held: Vec::new(),
            uncommitted: 0,
            dead: Vec::new(),
        }
    }

    /// Takes the lock of a new run, before the commit that makes it known. Where that fails, its lease has to do.
    pub(super) fn take(&mut self, run: RunId) {
        let opened = private_options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path(run));
        match opened.and_then(|file| file.try_lock().map(|()| file).map_err(Into::into)) {
            Ok(file) => {
                self.held.push((run, file));
                self.uncommitted += 1;
            }
            Err(error) => tracing::warn!(%error, "this run cannot be locked; its lease has to do"),
        }
    }

    /// Lets go of a run that has ended.
    pub(super) fn release(&mut self, run: RunId) {
        self.held.retain(|(held, _)| *held != run);
        self.uncommitted = self.uncommitted.min(self.held.len());
        remove(&self.path(run));
    }

    /// What is known of the process of a run.
    pub(super) fn life(&self, run: RunId) -> Life {
        let Ok(file) = File::open(self.path(run)) else {
            return Life::Unknown;
        };
        match file.try_lock_shared() {
            Ok(()) => Life::Ended,
            Err(TryLockError::WouldBlock) => Life::Alive,
            Err(TryLockError::Error(_)) => Life::Unknown,
        }
    }

    /// Notes that the ledger has a run as dead, or will with this commit.
    pub(super) fn bury(&mut self, run: RunId) {
        self.dead.push(run);
    }

    /// To be called after a commit.
    pub(super) fn sweep(&mut self) {
        self.uncommitted = 0;
        for run in std::mem::take(&mut self.dead) {
            remove(&self.path(run));
        }
    }

    /// To be called after a commit that failed: the runs begun in it never came to be, and others will bear their numbers.
    pub(super) fn roll_back(&mut self) {
        let known = self.held.len() - self.uncommitted;
        self.held.truncate(known);
        self.uncommitted = 0;
    }

    fn path(&self, run: RunId) -> PathBuf {
        let mut name = self.ledger.as_os_str().to_owned();
        name.push(format!("-run-{}", run.0));
        name.into()
    }
}

/// A lock file that stays behind is harmless: whoever meets it finds it unlocked.
fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::debug!(%error, "a lock file stays behind");
    }
}
