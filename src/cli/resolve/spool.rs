//! Private copies of inputs that can be read but once: standard input and pipes.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::inputs::{Found, FoundKind};
use super::{ResolveError, Surroundings};
use crate::plan::Input;

/// The private copy of an input that can be read but once. Dropping it removes it.
#[derive(Debug)]
pub struct Spool(#[expect(dead_code, reason = "held for what dropping it does")] SpoolFile);

#[derive(Debug)]
#[expect(dead_code, reason = "held for what dropping them does")]
enum SpoolFile {
    /// Has no name: the system removes it however the process ends.
    Nameless(File),
    Named(TempPath),
}

pub(super) fn spool_all(
    found: Vec<Found>,
    around: &Surroundings,
    stdin: &mut dyn Read,
) -> Result<(Vec<Input>, Vec<Spool>), ResolveError> {
    let mut inputs = Vec::new();
    let mut spools = Vec::new();
    for Found { name, kind, .. } in found {
        let spooled = match kind {
            FoundKind::File { path, .. } => {
                inputs.push(Input { name, path });
                continue;
            }
            FoundKind::Stdin => spool(stdin, &around.temp_dir),
            FoundKind::Stream(path) => {
                File::open(path).and_then(|mut stream| spool(&mut stream, &around.temp_dir))
            }
        };
        let (spool, path) = spooled.map_err(|source| ResolveError::SpoolFailed {
            name: name.clone(),
            dir: around.temp_dir.clone(),
            source,
        })?;
        inputs.push(Input { name, path });
        spools.push(spool);
    }
    Ok((inputs, spools))
}

/// Copies a stream to a file that only this user can read, and says under which path it can be opened.
fn spool(stream: &mut dyn Read, dir: &Path) -> io::Result<(Spool, PathBuf)> {
    let (mut file, named) = tempfile::Builder::new()
        .prefix("concord-import-")
        .tempfile_in(dir)?
        .into_parts();
    let Some(nameless) = path_without_name(&file) else {
        io::copy(stream, &mut file)?;
        let path = named.to_path_buf();
        return Ok((Spool(SpoolFile::Named(named)), path));
    };
    named.close()?;
    io::copy(stream, &mut file)?;
    Ok((Spool(SpoolFile::Nameless(file)), nameless))
}

/// Where an open file can be opened again once it has no name, if the system has such a place. The file holds
/// personal data, and with a name it would outlive a process that is killed.
#[cfg(target_os = "linux")]
fn path_without_name(file: &File) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;

    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    File::open(&path).is_ok().then_some(path)
}

#[cfg(not(target_os = "linux"))]
fn path_without_name(_: &File) -> Option<PathBuf> {
    None
}
