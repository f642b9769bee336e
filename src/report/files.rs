//! Files that only their owner can read, replaced whole or not at all.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Options that make new files 0600.
pub fn private_options() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder and those above it that are missing, each 0700; an existing one is left as it is.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A file in the making: at its place only once it is whole and synced; gone when dropped before.
#[derive(Debug)]
pub struct Replacement {
    draft: NamedTempFile,
    path: PathBuf,
}

impl Replacement {
    /// Begins a new version of a file.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let draft = tempfile::Builder::new()
            .prefix(".concord-import-")
            .suffix(".part")
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        Ok(Self {
            draft,
            path: path.to_owned(),
        })
    }

    /// Where to write.
    pub fn file(&self) -> &File {
        self.draft.as_file()
    }

    /// Puts the file at its place, replacing what was there.
    pub fn finish(self) -> io::Result<()> {
        self.draft.as_file().sync_all()?;
        self.draft
            .persist(&self.path)
            .map_err(|error| error.error)?;
        #[cfg(unix)]
        if let Some(folder) = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}
