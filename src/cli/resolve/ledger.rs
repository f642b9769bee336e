//! Where the ledger is: as named, or one for each project in the user's state folder.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::{fs, io};

use uuid::Uuid;

use super::{ResolveError, Surroundings};

/// An empty path says nothing.
pub(super) fn given(given: Option<&OsString>) -> Result<Option<PathBuf>, ResolveError> {
    let Some(given) = given.filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let lower = given.to_string_lossy().to_ascii_lowercase();
    if lower.starts_with("postgres:") || lower.starts_with("postgresql:") {
        return Err(ResolveError::LedgerOnServer); // not shown: it may hold a password
    }
    Ok(Some(given.into()))
}

/// One a project, wherever the command is run, so that no run starts on an empty ledger by mistake.
pub(super) fn of_project(project: Uuid, around: &Surroundings) -> Result<PathBuf, ResolveError> {
    Ok(dir(around)?.join(format!("{project}.ledger")))
}

fn dir(around: &Surroundings) -> Result<PathBuf, ResolveError> {
    let state = around.state_dir.as_ref().ok_or(ResolveError::NoStateDir)?;
    Ok(state.join("concord-import"))
}

pub(super) fn all(around: &Surroundings) -> Result<Vec<PathBuf>, ResolveError> {
    let dir = dir(around)?;
    let unreadable = |source| ResolveError::StateDirUnreadable {
        dir: dir.clone(),
        source,
    };
    let entries = match fs::read_dir(&dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut ledgers = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension() == Some(OsStr::new("ledger")) {
            ledgers.push(path);
        }
    }
    ledgers.sort();
    Ok(ledgers)
}
