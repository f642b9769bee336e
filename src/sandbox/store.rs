//! What was created: in memory, and if asked for in a journal (one JSON line each) that is read at the next start.
//!
//! Everything is held in memory, about a kilobyte a request: good for tests and trials of a million, not for a
//! service. Nothing is ever changed or deleted. Knows no HTTP and no filters.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A created request. Personal data: for assertions, not for logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    /// Its id.
    pub id: Uuid,
    /// Where it was created.
    pub project_id: Uuid,
    /// Whom it concerns.
    pub concord_id: Uuid,
    /// When it was created, in milliseconds since 1970.
    pub request_date_ms: i64,
    /// What was sent.
    pub body: Body,
}

/// A body as it was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the API's own names")]
pub struct Body {
    pub request: String,
    pub preverified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concord_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_details: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_phone_number: Option<String>,
}

impl Stored {
    /// The API's `status`. Nothing ever goes beyond the first.
    pub const fn status(&self) -> &'static str {
        if self.body.preverified {
            "submitted"
        } else {
            "pending_verification"
        }
    }

    /// `requestDetails` as the API gives it back: a string is itself, anything else its JSON text.
    pub fn request_details_text(&self) -> Option<Cow<'_, str>> {
        self.body
            .request_details
            .as_ref()
            .map(|details| match details {
                Value::String(text) => text.into(),
                other => other.to_string().into(),
            })
    }
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened or read.
    #[error("the sandbox's store {} cannot be opened", .path.display())]
    Open {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another sandbox has it open.
    #[error("the sandbox's store {} is in use by another sandbox", .path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
    },
    /// A line other than the last is not one of ours: it is some other file, or damaged.
    #[error("line {line} of {} is not a request created by a sandbox", .path.display())]
    Line {
        /// The journal.
        path: PathBuf,
        /// From 1.
        line: u64,
    },
}

/// All created requests, oldest first.
#[derive(Debug, Default)]
pub(super) struct Store {
    all: Vec<Arc<Stored>>,
    by_id: HashMap<Uuid, usize>,
    /// Oldest first as well, so that a list need not look at other projects, nor at other dates.
    by_project: HashMap<Uuid, Vec<Arc<Stored>>>,
    journal: Option<Journal>,
}

impl Store {
    /// A store that takes up where the journal, if any, ends.
    pub(super) fn open(path: Option<&Path>, is_synced: bool) -> Result<Self, StoreError> {
        let mut store = Self::default();
        if let Some(path) = path {
            store.journal = Some(Journal::open(path, is_synced, |stored| {
                store.index(Arc::new(stored));
            })?);
        }
        Ok(store)
    }

    /// Creates a request. The date never runs backwards, since dates are searched by halving.
    pub(super) fn create(
        &mut self,
        project_id: Uuid,
        concord_id: Uuid,
        now_ms: i64,
        body: Body,
    ) -> io::Result<Arc<Stored>> {
        let last_ms = self.all.last().map_or(now_ms, |last| last.request_date_ms);
        let stored = Arc::new(Stored {
            id: Uuid::new_v4(),
            project_id,
            concord_id,
            request_date_ms: now_ms.max(last_ms),
            body,
        });
        if let Some(journal) = &mut self.journal {
            journal.append(&stored)?;
        }
        self.index(Arc::clone(&stored));
        Ok(stored)
    }

    /// Replaces all that is held in memory. The replacements come oldest first.
    #[cfg(feature = "internals")]
    pub(super) fn replace(&mut self, all: Vec<Arc<Stored>>) {
        self.all.clear();
        self.by_id.clear();
        self.by_project.clear();
        for stored in all {
            self.index(stored);
        }
    }

    fn index(&mut self, stored: Arc<Stored>) {
        self.by_id.insert(stored.id, self.all.len());
        self.by_project
            .entry(stored.project_id)
            .or_default()
            .push(Arc::clone(&stored));
        self.all.push(stored);
    }

    pub(super) fn get(&self, id: Uuid) -> Option<Arc<Stored>> {
        self.by_id.get(&id).map(|&at| Arc::clone(&self.all[at]))
    }

    pub(super) fn all(&self) -> &[Arc<Stored>] {
        &self.all
    }

    pub(super) fn of_project(&self, project_id: Uuid) -> &[Arc<Stored>] {
        self.by_project.get(&project_id).map_or(&[], Vec::as_slice)
    }
}

/// The file behind a store. Locked while open; ends with a whole line after every append.
#[derive(Debug)]
struct Journal {
    file: File,
    len_bytes: u64,
    is_synced: bool,
    line: Vec<u8>,
}

impl Journal {
    fn open(
        path: &Path,
        is_synced: bool,
        mut each: impl FnMut(Stored),
    ) -> Result<Self, StoreError> {
        let broken = |source| StoreError::Open {
            path: path.into(),
            source,
        };
        let mut file = open_private(path).map_err(broken)?;
        file.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => StoreError::InUse { path: path.into() },
            std::fs::TryLockError::Error(source) => broken(source),
        })?;
        let mut reader = BufReader::new(&file);
        let mut journal_line = Vec::new();
        let (mut len_bytes, mut line) = (0, 0);
        loop {
            journal_line.clear();
            let read_bytes = reader
                .read_until(b'\n', &mut journal_line)
                .map_err(broken)?;
            // A line without an end was being written when its sandbox died: never answered for, so not kept.
            if !journal_line.ends_with(b"\n") {
                break;
            }
            line += 1;
            let stored = serde_json::from_slice(&journal_line).map_err(|_| StoreError::Line {
                path: path.into(),
                line,
            })?;
            each(stored);
            len_bytes += read_bytes as u64;
        }
        file.set_len(len_bytes).map_err(broken)?;
        file.seek(SeekFrom::Start(len_bytes)).map_err(broken)?;
        Ok(Self {
            file,
            len_bytes,
            is_synced,
            line: Vec::new(),
        })
    }

    fn append(&mut self, stored: &Stored) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, stored)?;
        self.line.push(b'\n');
        let written = self.file.write_all(&self.line).and_then(|()| {
            if self.is_synced {
                self.file.sync_data()
            } else {
                Ok(())
            }
        });
        if let Err(error) = written {
            // Half a line in the middle would make the journal unreadable.
            self.file.set_len(self.len_bytes)?;
            self.file.seek(SeekFrom::Start(self.len_bytes))?;
            return Err(error);
        }
        self.len_bytes += self.line.len() as u64;
        Ok(())
    }
}

/// Opens or creates a file that only its owner may read.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(notes: &str) -> Body {
        Body {
            request: "view".into(),
            notes: Some(notes.into()),
            request_details: Some(json!({ "n": 1.50 })),
            ..Body::default()
        }
    }

    fn notes(store: &Store) -> Vec<&str> {
        store
            .all()
            .iter()
            .filter_map(|stored| stored.body.notes.as_deref())
            .collect()
    }

    #[test]
    fn a_journal_is_taken_up_again_and_a_torn_last_line_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.jsonl");
        let project = Uuid::from_u128(1);
        let mut store = Store::open(Some(&path), true).expect("a new journal");
        let first = store
            .create(project, Uuid::nil(), 5, body("one"))
            .expect("written");
        store
            .create(project, Uuid::nil(), 4, body("two"))
            .expect("written");
        assert!(matches!(
            Store::open(Some(&path), false),
            Err(StoreError::InUse { .. })
        ));
        drop(store);

        let mut bytes = std::fs::read(&path).expect("the journal");
        bytes.truncate(bytes.len() - 10);
        std::fs::write(&path, bytes).expect("torn");
        let mut store = Store::open(Some(&path), false).expect("the journal");
        assert_eq!(notes(&store), ["one"]);
        assert_eq!(store.get(first.id), Some(first));
        let third = store
            .create(project, Uuid::nil(), 3, body("three"))
            .expect("written");
        assert_eq!(third.request_date_ms, 5, "dates do not run backwards");
        drop(store);

        let store = Store::open(Some(&path), false).expect("the journal");
        assert_eq!(notes(&store), ["one", "three"]);
        assert_eq!(store.of_project(project).len(), 2);
        assert!(store.of_project(Uuid::nil()).is_empty());
    }

    #[test]
    fn another_file_is_not_taken_for_a_journal_and_not_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tickets.csv");
        std::fs::write(&path, "Name,Email\nA,a@b.co\n").expect("written");
        let error = Store::open(Some(&path), false).expect_err("no journal");
        assert!(matches!(error, StoreError::Line { line: 1, .. }));
        assert_eq!(std::fs::read(&path).expect("still there").len(), 20);
    }

    #[test]
    fn details_come_back_as_text() {
        let mut store = Store::default();
        let stored = store
            .create(Uuid::nil(), Uuid::nil(), 0, body("x"))
            .expect("in memory");
        assert_eq!(
            stored.request_details_text().as_deref(),
            Some(r#"{"n":1.5}"#)
        );
        assert_eq!(stored.status(), "pending_verification");
    }
}
