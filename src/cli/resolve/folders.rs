//! Output folders: those of an input and of further rounds, and the sandbox's own.

use std::path::{Path, PathBuf};

/// The folder under which output folders are made when none is named.
pub const OUT_ROOT_DEFAULT: &str = "concord-import-out";
/// Names the folder of a further round over what an earlier one set aside; see [`next_round`].
const ROUND: &str = "round-";

pub(super) const SANDBOX_LEDGER: &str = "import.ledger";

pub(super) const SANDBOX_DIR: &str = "sandbox";

/// The output folder of the one input, or that in which those of several are.
pub(in crate::cli) fn out_root<'a>(out: Option<&'a Path>, out_dirs: &'a [PathBuf]) -> &'a Path {
    match out_dirs {
        [only] => only,
        _ => out.unwrap_or(Path::new(OUT_ROOT_DEFAULT)),
    }
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

#[cfg(test)]
mod tests {
    use std::fs;

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
