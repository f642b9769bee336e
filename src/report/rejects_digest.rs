//! The rejects that a run has left in an output folder.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The rejects of an output folder, as the last run left them.
#[derive(Clone, Debug, Default)]
pub struct Rejects {
    /// The file, when there are rejects.
    pub path: Option<PathBuf>,
    /// Its digest.
    pub digest: Option<RejectsDigest>,
    /// The copy of the file that the user had edited.
    pub edited: Option<PathBuf>,
}

/// The rejects as they were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectsDigest {
    /// The file's name.
    pub name: String,
    /// SHA-256 of its content.
    pub sha256: String,
}
