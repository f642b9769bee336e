//! The inputs that were named, held against what is there, and the output folders that follow from them.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::ResolveError;
use super::folders::{OUT_ROOT_DEFAULT, SANDBOX_DIR};

/// The file that `reconcile` writes into an output folder.
pub(super) const RECONCILE_NAMES: &[&str] = &["reconcile.csv"];
/// The files that commands write into an output folder.
pub(super) const OUTPUT_NAMES: &[&str] = &[
    "results.csv",
    "reconcile.csv",
    "rejects.csv",
    "rejects.jsonl",
    "summary.json",
    "report.html",
];
/// The input that is standard input.
pub(in crate::cli) const STDIN: &str = "-";

/// An input that is there.
pub(super) struct Found {
    /// For messages.
    pub(super) name: String,
    /// Names its output folder.
    stem: OsString,
    pub(super) kind: FoundKind,
}

pub(super) enum FoundKind {
    /// Can be read more than once.
    File {
        path: PathBuf,
        canonical: PathBuf,
    },
    /// A pipe or the like: can be read once.
    Stream(PathBuf),
    Stdin,
}

impl Found {
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.kind {
            FoundKind::File { path, .. } => Some(path),
            FoundKind::Stream(_) | FoundKind::Stdin => None,
        }
    }
}

pub(super) fn find(inputs: &[PathBuf]) -> Result<Vec<Found>, ResolveError> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for path in inputs {
        let input = find_one(path)?;
        let identity = match &input.kind {
            FoundKind::File { canonical, .. } => canonical.clone(),
            FoundKind::Stream(path) => path.clone(),
            FoundKind::Stdin => PathBuf::from(STDIN),
        };
        if !seen.insert(identity) {
            return Err(ResolveError::InputTwice { name: input.name });
        }
        found.push(input);
    }
    Ok(found)
}

fn find_one(path: &Path) -> Result<Found, ResolveError> {
    if path == Path::new(STDIN) {
        return Ok(Found {
            name: "standard input".to_owned(),
            stem: "stdin".into(),
            kind: FoundKind::Stdin,
        });
    }
    let name = path.display().to_string();
    let unreadable = |source| ResolveError::InputUnreadable {
        name: name.clone(),
        source,
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(ResolveError::InputIsFolder { name });
    }
    if path.extension() == Some(OsStr::new("toml")) {
        return Err(ResolveError::InputIsJob { name });
    }
    let kind = if metadata.is_file() {
        File::open(path).map_err(unreadable)?; // told of now rather than in the middle of the run
        FoundKind::File {
            path: path.to_owned(),
            canonical: path.canonicalize().map_err(unreadable)?,
        }
    } else {
        FoundKind::Stream(path.to_owned())
    };
    Ok(Found {
        stem: path.file_stem().unwrap_or(OsStr::new("input")).to_owned(),
        name,
        kind,
    })
}

/// One folder an input, in their order.
pub(super) fn out_dirs(out: Option<&Path>, found: &[Found]) -> Vec<PathBuf> {
    if let (Some(out), [_]) = (out, found) {
        return vec![out.to_owned()];
    }
    let root = out.unwrap_or(Path::new(OUT_ROOT_DEFAULT));
    // Without regard to case, since some file systems have none; and beside them stands the sandbox's own.
    let mut taken = HashSet::new();
    if found.len() > 1 {
        taken.insert(SANDBOX_DIR.to_owned());
    }
    found
        .iter()
        .map(|input| {
            let mut name = input.stem.clone();
            let mut number = 2;
            while !taken.insert(name.to_string_lossy().to_lowercase()) {
                name.clone_from(&input.stem);
                name.push(format!("-{number}"));
                number += 1;
            }
            root.join(name)
        })
        .collect()
}

/// Tells now what would only show when the first file is written.
pub(super) fn refuse_files(out_dirs: &[PathBuf]) -> Result<(), ResolveError> {
    for dir in out_dirs {
        let file = dir.ancestors().find(|path| path.exists());
        if let Some(file) = file.filter(|path| !path.is_dir()) {
            return Err(ResolveError::OutputIsFile {
                out: dir.clone(),
                file: file.to_owned(),
            });
        }
    }
    Ok(())
}

pub(super) fn refuse_overwriting(
    found: &[Found],
    out_dirs: &[PathBuf],
    outputs: &[&str],
) -> Result<(), ResolveError> {
    for dir in out_dirs {
        let Ok(canonical_dir) = dir.canonicalize() else {
            continue; // not there yet, so nothing in it can be an input
        };
        for name in outputs {
            let output = canonical_dir.join(name);
            let input = found.iter().find(
                |input| matches!(&input.kind, FoundKind::File { canonical, .. } if *canonical == output),
            );
            if let Some(input) = input {
                return Err(ResolveError::OutputOverInput {
                    output: dir.join(name),
                    input: input.name.clone(),
                });
            }
        }
    }
    Ok(())
}
