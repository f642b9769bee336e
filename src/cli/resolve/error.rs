//! Why there is no plan, and what helps.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::folders::next_round;
use crate::cli::job::{self, JobFaults};
use crate::cli::limits::{self, JOB_BYTES_MAX, Refusal};
use crate::nearest::nearest;

/// Files of a folder that are compared with a name that is none of theirs.
const FILES_COMPARED_MAX: usize = 10_000;

/// Why there is no plan. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// It is not there, or may not be read.
    #[error("cannot read the input `{name}`")]
    InputUnreadable {
        /// As given.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A folder was given.
    #[error("the input `{name}` is a folder")]
    InputIsFolder {
        /// As given.
        name: String,
    },
    /// A job file was given as an input.
    #[error("the input `{name}` looks like a job file")]
    InputIsJob {
        /// As given.
        name: String,
    },
    /// Its rows would be read twice.
    #[error("the input `{name}` is given twice")]
    InputTwice {
        /// As given the second time.
        name: String,
    },
    /// A command would write over what it reads.
    #[error("the command would write `{}` over the input `{input}`", output.display())]
    OutputOverInput {
        /// What would be written.
        output: PathBuf,
        /// As given.
        input: String,
    },
    /// What is to be a folder is none.
    #[error("the output folder cannot be `{}`: `{}` is a file", out.display(), file.display())]
    OutputIsFile {
        /// What was to be the folder.
        out: PathBuf,
        /// The file: that, or one above it.
        file: PathBuf,
    },
    /// No private copy of an input could be made.
    #[error("cannot copy {name} to a private file in `{}`", dir.display())]
    SpoolFailed {
        /// The input.
        name: String,
        /// Where the copy was to be.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no job file to find.
    #[error("no job file says how rows become requests")]
    JobMissing {
        /// Where one was looked for.
        looked_for: Option<PathBuf>,
    },
    /// It is not there, or may not be read.
    #[error("cannot read the job file `{}`", path.display())]
    JobUnreadable {
        /// As given or found.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Longer than [`JOB_BYTES_MAX`].
    #[error("`{}` is no job file: it is longer than {} KiB", path.display(), JOB_BYTES_MAX / 1024)]
    JobTooLong {
        /// As given or found.
        path: PathBuf,
    },
    /// Not text.
    #[error("the job file `{}` is neither UTF-8 nor UTF-16 (line {line})", path.display())]
    JobNotUtf8 {
        /// As given or found.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
    },
    /// The job file is wrong.
    #[error(transparent)]
    Job(#[from] JobFaults),
    /// It is not known where to create requests.
    #[error("{missing} is given")]
    TargetMissing {
        /// `no organization`, `no project` or both.
        missing: &'static str,
    },
    /// The base URL of an option or the environment is wrong.
    #[error("cannot use the base URL of --base-url or CONCORD_BASE_URL: {0}")]
    BaseUrl(Refusal),
    /// An id of an option or the environment is wrong.
    #[error("cannot use the {what} of --{what} or CONCORD_{}_ID: {refusal}", what.to_uppercase())]
    Id {
        /// `organization` or `project`.
        what: &'static str,
        /// Why.
        refusal: Refusal,
    },
    /// There is no key.
    #[error("no API key is given")]
    ApiKeyMissing,
    /// The key's file is not there, or may not be read.
    #[error("cannot read the API key from `{}`", path.display())]
    ApiKeyUnreadable {
        /// As given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something that cannot be a key. What it is, is not told.
    #[error("the API key in {place} {why}")]
    ApiKeyMalformed {
        /// The file, or the environment.
        place: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system names no folder for a user's state.
    #[error("this system names no folder for the ledger")]
    NoStateDir,
    /// The ledger's folder may not be read.
    #[error("cannot look for ledgers in `{}`", dir.display())]
    StateDirUnreadable {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A ledger on a server.
    #[error("this version has no PostgreSQL ledgers, only files")]
    LedgerOnServer,
}

impl ResolveError {
    /// An act that helps. May have several lines.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::InputUnreadable { name, source } => unreadable_hint(Path::new(name), source),
            Self::JobUnreadable { path, source } | Self::ApiKeyUnreadable { path, source } => {
                unreadable_hint(path, source)
            }
            Self::StateDirUnreadable { .. } => "name the ledger itself with --ledger PATH".to_owned(),
            Self::Id { what, .. } => format!("copy the {what}'s id from Concord's project settings"),
            Self::Job(_) => return None, // each fault has its own
            Self::InputIsFolder { .. } => "name the files in it".to_owned(),
            Self::InputIsJob { .. } => "give it with --job, and the file of rows as the input".to_owned(),
            Self::InputTwice { .. } => "give each input once".to_owned(),
            Self::OutputOverInput { output, .. } => {
                let another = next_round(output.parent().unwrap_or(Path::new("")));
                format!("name another output folder, such as --out {}", another.display())
            }
            Self::OutputIsFile { .. } => "name a folder with --out DIR; it is made when it is not there".to_owned(),
            Self::SpoolFailed { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "the disk is full: free disk space, or name a folder on another disk in TMPDIR".to_owned()
            }
            Self::SpoolFailed { .. } => "name a folder that can be written to in TMPDIR".to_owned(),
            Self::JobMissing { looked_for } => job_missing_hint(looked_for.as_deref()),
            Self::JobTooLong { .. } => "give the file of rows as an input, and the job file with --job".to_owned(),
            Self::JobNotUtf8 { .. } => "save it as UTF-8".to_owned(),
            Self::TargetMissing { missing } => target_missing_hint(missing),
            Self::BaseUrl(_) => limits::base_url_hint(),
            Self::ApiKeyMissing => "give it in the environment as CONCORD_API_KEY, or in a file of its own with --api-key-file FILE\n\
                to try without an account: --sandbox".to_owned(),
            Self::ApiKeyMalformed { .. } => "copy it again from Concord; a key of the role Limited is enough".to_owned(),
            Self::NoStateDir => "name one with --ledger PATH, or set HOME".to_owned(),
            Self::LedgerOnServer => "give the path of a file: --ledger PATH".to_owned(),
        };
        Some(hint)
    }
}

/// What helps with a file that is not there: its name may be mistyped, or that of its folder.
fn unreadable_hint(path: &Path, why: &io::Error) -> String {
    if why.kind() != io::ErrorKind::NotFound {
        return "see that it is a file, and that you may read it".to_owned();
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        let near = near(folder, Path::is_dir).zip(path.file_name());
        let near =
            near.map(|(near, file)| format!("did you mean `{}`? ", near.join(file).display()));
        return format!(
            "{}there is no folder `{}`; relative paths begin at the current folder",
            near.unwrap_or_default(),
            folder.display()
        );
    }
    match near(path, Path::is_file) {
        Some(near) => format!("did you mean `{}`?", near.display()),
        None => "check the name; relative paths begin at the current folder".to_owned(),
    }
}

/// The ledger of the same folder that was most likely meant. Those that are named for their project are not: one project's
/// is never another's.
pub(in crate::cli) fn near_ledger(path: &Path) -> Option<PathBuf> {
    let is_of_project = |path: &Path| {
        path.file_stem()
            .is_some_and(|stem| Uuid::try_parse(&stem.to_string_lossy()).is_ok())
    };
    let is_ledger = |other: &Path| {
        other.is_file()
            && other.extension().is_some_and(|ending| ending == "ledger")
            && !is_of_project(other)
    };
    near(path, is_ledger)
}

/// What was most likely meant, of what there is beside it.
fn near(path: &Path, is_meant: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let folder = folder_of(path);
    let names: Vec<String> = folder
        .read_dir()
        .ok()?
        .take(FILES_COMPARED_MAX)
        .filter_map(|file| file.ok()?.file_name().into_string().ok())
        .collect();
    let wanted = path.file_name()?.to_string_lossy();
    let meant = names.iter().filter(|name| is_meant(&folder.join(name)));
    Some(path.with_file_name(nearest(&wanted, meant.map(String::as_str))?))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn job_missing_hint(looked_for: Option<&Path>) -> String {
    let looked = match looked_for {
        Some(path) => format!(
            "`{}` does not exist; write it, or name another with --job FILE",
            path.display()
        ),
        None => "name it with --job FILE".to_owned(),
    };
    format!("{looked}\na job file to start from:\n\n{}", job::MINIMAL)
}

fn target_missing_hint(missing: &str) -> String {
    let mut lines = Vec::new();
    for (name, variable) in [
        ("organization", "CONCORD_ORGANIZATION_ID"),
        ("project", "CONCORD_PROJECT_ID"),
    ] {
        if missing.contains(name) {
            lines.push(format!(
                "give it with --{name} UUID, in the environment as {variable}, or in the job file under [target]: {name} = \"UUID\""
            ));
        }
    }
    lines.push("to try without an account: --sandbox".to_owned());
    lines.join("\n")
}
