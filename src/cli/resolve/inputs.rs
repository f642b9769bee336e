//! The inputs that were named, held against what is there, and the output folders that follow from them.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{OUT_ROOT_DEFAULT, ResolveError};

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
const SANDBOX_DIR: &str = "sandbox";
pub(super) const SANDBOX_LEDGER: &str = "import.ledger";
/// The input that is standard input.
pub(in crate::cli) const STDIN: &str = "-";
/// Names the folder of a further round over what an earlier one set aside; see [`next_round`].
const ROUND: &str = "round-";

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

/// Where the rejects of a run go when they are run: `round-2` in its output folder, and `round-3` beside that.
pub(in crate::cli) fn next_round(root: &Path) -> PathBuf {
    match round_of(root).filter(|_| !has_sandbox(root)) {
        Some((first, number)) => first.join(format!("{ROUND}{}", number.saturating_add(1))),
        None => root.join(format!("{ROUND}2")),
    }
}

/// The first round's output folder, and the number of this one, by its name; nothing for a first round.
fn round_of(root: &Path) -> Option<(&Path, u32)> {
    let number = root.file_name()?.to_str()?.strip_prefix(ROUND)?;
    let number = number.parse().ok().filter(|number| *number >= 2)?;
    Some((root.parent()?, number))
}

/// In the output folder of the one input, or beside those of several. A later round shares that of the first, or it
/// would not know what exists.
pub(super) fn sandbox_dir(out: Option<&Path>, out_dirs: &[PathBuf]) -> PathBuf {
    let root = out_root(out, out_dirs);
    let first = round_of(root).map(|(first, _)| first);
    let first = first.filter(|first| !has_sandbox(root) && has_sandbox(first));
    first.unwrap_or(root).join(SANDBOX_DIR)
}

fn has_sandbox(root: &Path) -> bool {
    root.join(SANDBOX_DIR).join(SANDBOX_LEDGER).exists()
}

/// The output folder of the one input, or that in which those of several are.
pub(in crate::cli) fn out_root<'a>(out: Option<&'a Path>, out_dirs: &'a [PathBuf]) -> &'a Path {
    match out_dirs {
        [only] => only,
        _ => out.unwrap_or(Path::new(OUT_ROOT_DEFAULT)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_lie_side_by_side_in_the_folder_of_the_first() {
        for (root, next) in [
            ("out/backlog", "out/backlog/round-2"),
            ("out/backlog/round-2", "out/backlog/round-3"),
            ("round-9", "round-10"),
            ("out/round-one", "out/round-one/round-2"),
            (".", "./round-2"),
        ] {
            assert_eq!(next_round(Path::new(root)), Path::new(next), "{root}");
        }
    }

    #[test]
    fn a_later_round_has_the_sandbox_of_the_first_and_nobody_else_has() {
        let place = tempfile::tempdir().expect("a folder");
        let first = place.path().join("backlog");
        let second = first.join("round-2");
        let sandbox_of = |root: &Path| sandbox_dir(None, &[root.to_owned()]);
        let make = |root: &Path| {
            let dir = sandbox_of(root);
            fs::create_dir_all(&dir).expect("a folder");
            fs::write(dir.join(SANDBOX_LEDGER), "").expect("written");
        };
        // A folder that is merely called so keeps its files to itself, and has rounds of its own.
        assert_eq!(sandbox_of(&second), second.join(SANDBOX_DIR));
        make(&first);
        assert_eq!(sandbox_of(&second), first.join(SANDBOX_DIR));
        assert_eq!(
            sandbox_of(&first.join("other")),
            first.join("other").join(SANDBOX_DIR)
        );
        let named = place.path().join("round-2");
        make(&named);
        assert_eq!(next_round(&named), named.join("round-2"));
    }
}
