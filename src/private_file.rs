//! Files that are replaced whole or not at all, and that only their owner can read unless whoever writes them says else.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

/// What the names of files in the making begin and end with.
const DRAFT_PREFIX: &str = ".concord-import-";
const DRAFT_SUFFIX: &str = ".part";
/// A draft is locked by whoever writes it, a moment after it was made: younger ones are let be.
const DRAFT_AGE_MIN: Duration = Duration::from_mins(1);

/// Options that make new files 0600.
#[cfg_attr(not(unix), expect(unused_mut, reason = "a mode is of Unix"))]
pub(crate) fn private_options() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder and those above it that are missing, each 0700 and synced; an existing one is left as it is.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    let missing: Vec<_> = path
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .collect();
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    missing.into_iter().try_for_each(sync_entry)
}

/// A file in the making: at its place only once it is whole and synced; gone when dropped before.
///
/// A process that is killed leaves its draft behind. Nobody holds the lock on it any more, so the next
/// replacement in the same folder takes it away.
#[derive(Debug)]
pub(crate) struct Replacement {
    draft: NamedTempFile,
    path: PathBuf,
}

impl Replacement {
    /// Begins a new version of a file.
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        let folder = folder_of(path);
        sweep(folder);
        let draft = tempfile::Builder::new()
            .prefix(DRAFT_PREFIX)
            .suffix(DRAFT_SUFFIX)
            .tempfile_in(folder)?;
        if let Err(error) = draft.as_file().try_lock() {
            tracing::debug!(%error, "a file in the making could not be locked");
        }
        Ok(Self {
            draft,
            path: path.to_owned(),
        })
    }

    /// Where to write.
    pub(crate) fn file(&self) -> &File {
        self.draft.as_file()
    }

    /// Puts the file at its place, replacing what was there.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.draft.as_file().sync_all()?;
        self.draft
            .persist(&self.path)
            .map_err(|error| error.error)?;
        sync_entry(&self.path)
    }
}

/// Makes it last that a folder has this file or folder.
#[cfg_attr(
    not(unix),
    expect(unused_variables, reason = "folders cannot be synced")
)]
pub(crate) fn sync_entry(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder_of(path))?.sync_all()?;
    Ok(())
}

/// The folder in which a file stands.
fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Takes away what dead processes left in the making. What cannot be taken away stays: it harms nobody but by its room.
fn sweep(folder: &Path) {
    let Ok(files) = std::fs::read_dir(folder) else {
        return;
    };
    for file in files.flatten() {
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(DRAFT_PREFIX) && name.ends_with(DRAFT_SUFFIX) {
            let path = file.path();
            if is_abandoned(&path).unwrap_or(false)
                && let Err(error) = std::fs::remove_file(&path)
            {
                tracing::debug!(%error, "an unfinished file stays behind");
            }
        }
    }
}

fn is_abandoned(draft: &Path) -> io::Result<bool> {
    let draft = File::options().write(true).open(draft)?;
    let age = SystemTime::now().duration_since(draft.metadata()?.modified()?);
    Ok(age.is_ok_and(|age| age >= DRAFT_AGE_MIN) && draft.try_lock().is_ok())
}

/// Removes a file of an earlier run, if there is one.
pub(crate) fn remove_old(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let files = std::fs::read_dir(folder).expect("it can be listed");
        let mut names: Vec<_> = files
            .map(|file| {
                file.expect("a file")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        names.sort();
        names
    }

    fn make_old(path: &Path) {
        let before = SystemTime::now() - 2 * DRAFT_AGE_MIN;
        let file = File::options().write(true).open(path).expect("it opens");
        file.set_modified(before).expect("its time can be set");
    }

    #[test]
    fn what_a_killed_process_left_is_swept_and_what_a_live_one_writes_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.csv");
        let abandoned = folder.path().join(".concord-import-dead.part");
        std::fs::write(&abandoned, "whole rows").expect("written");
        make_old(&abandoned);
        let young = folder.path().join(".concord-import-young.part");
        std::fs::write(&young, "just made").expect("written");
        let live = Replacement::begin(&path).expect("begun");
        make_old(live.draft.path());

        let second = Replacement::begin(&path).expect("begun");
        assert!(!abandoned.exists());
        assert!(live.draft.path().exists() && young.exists());
        live.finish().expect("finished");
        drop(second);
        assert_eq!(
            names(folder.path()),
            [".concord-import-young.part", "a.csv"]
        );
    }
}
