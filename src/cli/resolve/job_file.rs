//! The job file: found, read whole, parsed.

use std::path::{Path, PathBuf};

use super::inputs::Found;
use super::text_file::text_of;
use super::{ResolveError, read_limited};
use crate::cli::job::{self, Job};
use crate::cli::limits::JOB_BYTES_MAX;
use crate::plan::Reading;

pub(super) fn needed(
    given: Option<&Path>,
    found: &[Found],
) -> Result<(PathBuf, Job), ResolveError> {
    let path = match (given, beside(found)) {
        (Some(given), _) => given.to_owned(),
        (None, Some(beside)) if beside.exists() => beside,
        (None, looked_for) => return Err(ResolveError::JobMissing { looked_for }),
    };
    let job = read(&path)?;
    Ok((path, job))
}

/// `backlog.toml` beside `backlog.csv`. One job serves a whole run, so several inputs must agree on it.
pub(super) fn beside(found: &[Found]) -> Option<PathBuf> {
    let mut candidates: Vec<Option<PathBuf>> = found
        .iter()
        .map(|input| input.file().map(|path| path.with_extension("toml")))
        .collect();
    candidates.dedup();
    match &mut candidates[..] {
        [only] => only.take(),
        _ => None,
    }
}

pub(super) fn read(path: &Path) -> Result<Job, ResolveError> {
    Ok(job::parse(&path.display().to_string(), &text(path)?)?)
}

/// How inputs are read, by a job file that need not be complete.
pub(super) fn read_reading(path: &Path) -> Result<Reading, ResolveError> {
    Ok(job::parse_reading(
        &path.display().to_string(),
        &text(path)?,
    )?)
}

fn text(path: &Path) -> Result<String, ResolveError> {
    let bytes =
        read_limited(path, JOB_BYTES_MAX).map_err(|source| ResolveError::JobUnreadable {
            path: path.to_owned(),
            source,
        })?;
    let bytes = bytes.ok_or_else(|| ResolveError::JobTooLong {
        path: path.to_owned(),
    })?;
    let text = text_of(&bytes).map_err(|line| ResolveError::JobNotUtf8 {
        path: path.to_owned(),
        line,
    })?;
    Ok(text.into_owned())
}
