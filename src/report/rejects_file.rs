//! Places the rejects in an output folder. An edited file there is moved aside, never overwritten.
//!
//! `summary.json` holds the digest of the rejects that the last run wrote. A file with another digest, or of unknown
//! origin, counts as edited. It is renamed before the new file takes its place, so a crash at any point leaves it there
//! under one of the two names.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::rejects_digest::{Rejects, RejectsDigest};
use super::summary;
use crate::intake::hex;
use crate::private_file::{Replacement, private_options, remove_old, sync_entry};

/// Maximum size of a `summary.json` that is read, in bytes. The importer writes less than a thousand.
const SUMMARY_BYTES_MAX: u64 = 64 * 1_024;
/// Maximum number of edited files that are kept with the same second in their name.
const KEPT_PER_SECOND_MAX: u32 = 1_000;

/// Puts new rejects in place, or removes the old ones if there are no new ones. Keeps an edited file.
pub(super) fn replace(
    path: &Path,
    rejects: Option<Replacement>,
    now: SystemTime,
) -> io::Result<Rejects> {
    let digest = match &rejects {
        Some(draft) => Some(RejectsDigest {
            name: path.file_name().unwrap_or_default().display().to_string(),
            sha256: sha256(draft.file())?,
        }),
        None => None,
    };
    let ours = [
        digest.as_ref().map(|digest| digest.sha256.clone()),
        written_last(path),
    ];
    let edited = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
        Ok(file) if ours.contains(&Some(sha256(&file)?)) => None,
        Ok(_) => Some(keep(path, now)?),
    };
    let has_rejects = rejects.is_some();
    match rejects {
        Some(draft) => draft.finish()?,
        None => remove_old(path)?,
    }
    Ok(Rejects {
        path: has_rejects.then(|| path.to_owned()),
        digest,
        edited,
    })
}

/// Returns the digest of the rejects that the last run wrote into this folder, if its summary has one.
fn written_last(path: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Last {
        rejects: Option<RejectsDigest>,
    }
    let summary = File::open(path.with_file_name(summary::FILE)).ok()?;
    let last: Last = serde_json::from_reader(summary.take(SUMMARY_BYTES_MAX)).ok()?;
    Some(last.rejects?.sha256)
}

fn sha256(mut file: &File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 64 * 1_024];
    file.seek(SeekFrom::Start(0))?;
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(size) => hasher.update(&chunk[..size]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Renames an edited file to `rejects.edited-<time>.csv`. The name is reserved first, so it replaces no other.
fn keep(path: &Path, now: SystemTime) -> io::Result<PathBuf> {
    let time = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
    let time = time.strftime("%Y-%m-%dT%H%M%SZ");
    let stem = path.file_stem().unwrap_or_default().display().to_string();
    let extension = path.extension().unwrap_or_default().display().to_string();
    for number in 1..=KEPT_PER_SECOND_MAX {
        let number = match number {
            1 => String::new(),
            number => format!("-{number}"),
        };
        let kept = path.with_file_name(format!("{stem}.edited-{time}{number}.{extension}"));
        match private_options().write(true).create_new(true).open(&kept) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(_) => {
                fs::rename(path, &kept)?;
                sync_entry(&kept)?;
                return Ok(kept);
            }
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a folder"))
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("rejects.csv")
        }

        /// Writes rejects as a run does, and the summary behind them unless the run dies between the two.
        fn write(&self, text: Option<&str>, is_summary_written: bool) -> Option<String> {
            let draft = text.map(|text| {
                let draft = Replacement::begin(&self.path()).expect("begun");
                draft.file().write_all(text.as_bytes()).expect("written");
                draft
            });
            let rejects = replace(&self.path(), draft, NOW).expect("replaced");
            if is_summary_written {
                let summary = serde_json::json!({ "rejects": rejects.digest }).to_string();
                fs::write(self.0.path().join(summary::FILE), summary).expect("written");
            }
            let now = fs::read_to_string(self.path()).ok();
            assert_eq!(now.as_deref(), text);
            let kept = rejects.edited?;
            Some(fs::read_to_string(kept).expect("it is there"))
        }

        fn edit(&self, text: &str) {
            fs::write(self.path(), text).expect("written");
        }

        /// The edited files that are kept, by their names.
        fn kept(&self) -> Vec<String> {
            let files = fs::read_dir(self.0.path()).expect("listed");
            let mut names: Vec<_> = files
                .map(|file| file.expect("a file").file_name().display().to_string())
                .filter(|name| name.contains("edited"))
                .collect();
            names.sort();
            names
        }
    }

    #[test]
    fn rejects_that_nobody_edited_are_replaced() {
        let folder = Folder::new();
        assert_eq!(folder.write(Some("a"), true), None);
        assert_eq!(folder.write(Some("b"), true), None);
        assert_eq!(folder.write(None, true), None);
        assert_eq!(folder.write(Some("c"), true), None);
        assert!(folder.kept().is_empty());
    }

    #[test]
    fn an_edited_file_is_kept_also_when_there_are_no_rejects_any_more() {
        let folder = Folder::new();
        folder.write(Some("a"), true);
        folder.edit("a, corrected");
        assert_eq!(
            folder.write(Some("b"), true).as_deref(),
            Some("a, corrected")
        );
        folder.edit("b, corrected");
        assert_eq!(folder.write(None, true).as_deref(), Some("b, corrected"));
        assert_eq!(
            folder.kept(),
            [
                "rejects.edited-1970-01-01T000000Z-2.csv",
                "rejects.edited-1970-01-01T000000Z.csv"
            ],
            "two of the same second"
        );
    }

    #[test]
    fn a_file_of_unknown_origin_counts_as_edited() {
        let folder = Folder::new();
        folder.edit("of an older version, or of a person");
        assert!(folder.write(Some("a"), true).is_some());
        fs::write(folder.0.path().join(summary::FILE), "{ damaged").expect("written");
        assert!(folder.write(Some("b"), true).is_some());
        // A file that equals the new rejects is not kept: nothing is lost.
        fs::remove_file(folder.0.path().join(summary::FILE)).expect("removed");
        assert_eq!(folder.write(Some("b"), true), None);
    }

    #[test]
    fn nothing_edited_is_lost_where_a_run_dies_before_its_summary() {
        let folder = Folder::new();
        folder.write(Some("a"), true);
        folder.write(Some("b"), false);
        folder.edit("b, corrected");
        assert_eq!(
            folder.write(Some("c"), false).as_deref(),
            Some("b, corrected")
        );
        // The edited file was moved aside, and the run died before the new one was there.
        folder.edit("c, corrected");
        let kept = keep(&folder.path(), NOW + Duration::from_secs(1)).expect("kept");
        assert_eq!(folder.write(Some("d"), true), None);
        assert_eq!(fs::read_to_string(kept).expect("there"), "c, corrected");
    }
}
