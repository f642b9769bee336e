//! Options, environment, job file and defaults → a plan, settled once, in that order.
//!
//! The only code that reads the environment (with the options' own variables, which clap reads) and that
//! opens job and key files. Prints nothing, reaches no network, and writes one thing only: a private copy of an
//! input that can be read but once. Everything that can be wrong without an input is refused before that.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use uuid::Uuid;

use super::args::{CommonArgs, MapArgs, RowsArgs, SendingArgs, StatusArgs};
use super::job::{Job, JobSending};
use super::limits;
use crate::plan::{
    BASE_URL_DEFAULT, CorePlan, Input, ReadPlan, Reading, RunPlan, SANDBOX_API_KEY,
    SANDBOX_BASE_URL_PENDING, SANDBOX_ORGANIZATION, SANDBOX_PROJECT, SandboxPlan, Sending, Target,
};

mod api_key;
mod error;
mod folders;
mod inputs;
mod job_file;
mod ledger;
mod spool;
mod text_file;

pub use api_key::{api_key, api_key_of_file};
pub use error::ResolveError;
pub(super) use error::near_ledger;
use folders::{SANDBOX_LEDGER, sandbox_dir};
pub(in crate::cli) use folders::{next_round, out_root};
pub(in crate::cli) use inputs::STDIN;
use inputs::{
    Found, OUTPUT_NAMES, RECONCILE_NAMES, find, out_dirs, refuse_files, refuse_overwriting,
};
pub use spool::Spool;
use spool::spool_all;

/// What the process stands in, as far as a plan depends on it.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// `CONCORD_API_KEY`
    pub api_key: Option<SecretString>,
    /// Where a user's state belongs on this system.
    pub state_dir: Option<PathBuf>,
    /// Where private copies are made.
    pub temp_dir: PathBuf,
    /// This program: it takes workbooks apart, in a process of its own.
    pub program: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self {
            // A key that is no text is no key either: refused as malformed, without being shown.
            api_key: std::env::var_os("CONCORD_API_KEY")
                .map(|key| key.to_string_lossy().into_owned().into()),
            state_dir: dirs::state_dir().or_else(dirs::data_local_dir),
            temp_dir: std::env::temp_dir(),
            program: std::env::current_exe().ok(),
        }
    }

    /// How inputs are read, with this program's help.
    pub fn reading(&self, told: Reading) -> Reading {
        Reading {
            workbooks_by: self.program.clone(),
            ..told
        }
    }
}

/// A plan, and what it stands on.
#[derive(Debug)]
pub struct Resolved<P> {
    /// What to do.
    pub plan: P,
    /// The job file that was used, for commands that are shown to be copied.
    pub job: Option<PathBuf>,
    /// Private copies among the inputs. They are gone when this is dropped, so keep it until the end.
    pub spools: Vec<Spool>,
}

impl<P> Resolved<P> {
    fn map<Q>(self, into: impl FnOnce(P) -> Q) -> Resolved<Q> {
        Resolved {
            plan: into(self.plan),
            job: self.job,
            spools: self.spools,
        }
    }
}

// The plans. ------------------------------------------------------------------------------------

/// For `check` and `run --dry-run`: needs no target, no key and no ledger.
pub fn check(
    args: &CommonArgs,
    around: &Surroundings,
    stdin: &mut dyn Read,
) -> Result<Resolved<ReadPlan>, ResolveError> {
    let found = find(&args.inputs)?;
    let (path, job) = job_file::needed(args.job.as_deref(), &found)?;
    let project = if args.target.sandbox {
        SANDBOX_PROJECT
    } else {
        let typed = id("project", args.target.project.as_ref())?;
        typed.or(job.target.project).unwrap_or(Uuid::nil())
    };
    let (inputs, spools) = spool_all(found, around, stdin)?;
    Ok(Resolved {
        plan: ReadPlan {
            inputs,
            reading: around.reading(job.reading),
            rules: job.rules,
            project,
        },
        job: Some(path),
        spools,
    })
}

/// How an input is read, and nothing of what becomes of its rows.
#[derive(Debug)]
pub struct InputPlan {
    /// It.
    pub input: Input,
    /// As a job file says it.
    pub reading: Reading,
}

/// For `rows`: the job file is used when it is named or beside the input.
pub fn rows(
    args: &RowsArgs,
    around: &Surroundings,
    stdin: &mut dyn Read,
) -> Result<Resolved<InputPlan>, ResolveError> {
    let found = find(std::slice::from_ref(&args.input))?;
    let beside = job_file::beside(&found).filter(|path| path.exists());
    input(found, args.job.clone().or(beside), around, stdin)
}

/// For `map`: a job file is used when it is named. Answers where one is found by itself.
pub fn map(
    args: &MapArgs,
    around: &Surroundings,
    stdin: &mut dyn Read,
) -> Result<Resolved<InputPlan>, ResolveError> {
    let found = find(std::slice::from_ref(&args.input))?;
    let beside = job_file::beside(&found);
    let resolved = input(found, args.job.clone(), around, stdin)?;
    Ok(Resolved {
        job: beside,
        ..resolved
    })
}

fn input(
    found: Vec<Found>,
    job: Option<PathBuf>,
    around: &Surroundings,
    stdin: &mut dyn Read,
) -> Result<Resolved<InputPlan>, ResolveError> {
    let reading = job.as_deref().map(job_file::read_reading).transpose()?;
    let (mut inputs, spools) = spool_all(found, around, stdin)?;
    Ok(Resolved {
        plan: InputPlan {
            input: inputs.remove(0),
            reading: around.reading(reading.unwrap_or_default()),
        },
        job,
        spools,
    })
}

/// For `results`: needs no key.
pub fn results(
    args: &CommonArgs,
    around: &Surroundings,
    stdin: &mut dyn Read,
) -> Result<Resolved<CorePlan>, ResolveError> {
    let draft = draft(args, around, OUTPUT_NAMES)?;
    draft.finish(around, stdin)
}

/// For `run`. With `--sandbox`, start the plan's sandbox and put its address into the plan's target first.
pub fn run(
    args: &CommonArgs,
    around: &Surroundings,
    stdin: &mut dyn Read,
) -> Result<Resolved<RunPlan>, ResolveError> {
    run_writing(args, around, stdin, OUTPUT_NAMES)
}

/// For `reconcile`, which may have a file of rejects as an input beside the source.
pub fn reconcile(
    args: &CommonArgs,
    around: &Surroundings,
    stdin: &mut dyn Read,
) -> Result<Resolved<RunPlan>, ResolveError> {
    run_writing(args, around, stdin, RECONCILE_NAMES)
}

fn run_writing(
    args: &CommonArgs,
    around: &Surroundings,
    stdin: &mut dyn Read,
    outputs: &[&str],
) -> Result<Resolved<RunPlan>, ResolveError> {
    let draft = draft(args, around, outputs)?;
    let sandbox = args.target.sandbox.then(|| {
        let dir = sandbox_dir(args.output.out.as_deref(), &draft.out_dirs);
        SandboxPlan {
            store: dir.join("store.jsonl"),
            dir,
        }
    });
    let api_key = if args.target.sandbox {
        SANDBOX_API_KEY.into()
    } else {
        api_key(args.target.api_key_file.as_deref(), around)?
    };
    let sending = sending(&args.sending, &draft.job.sending);
    let (limit, seed) = (args.sending.limit, args.sending.seed);
    let resolved = draft.finish(around, stdin)?;
    Ok(resolved.map(|core| RunPlan {
        core,
        api_key,
        sending,
        limit,
        seed: seed.unwrap_or_else(|| fastrand::u64(..)),
        sandbox,
    }))
}

/// For `status`: the ledgers to tell of. None when there are none yet; the one that was named need not exist.
pub fn status(args: &StatusArgs, around: &Surroundings) -> Result<Vec<PathBuf>, ResolveError> {
    if let Some(ledger) = ledger::given(args.ledger.as_ref())? {
        return Ok(vec![ledger]);
    }
    let job = args.job.as_deref().map(job_file::read).transpose()?;
    match id("project", args.project.as_ref())?.or(job.and_then(|job| job.target.project)) {
        Some(project) => Ok(vec![ledger::of_project(project, around)?]),
        None => ledger::all(around),
    }
}

// Their parts. ----------------------------------------------------------------------------------

/// All of a plan but its inputs, which may have to be copied first.
struct Draft {
    found: Vec<Found>,
    job_path: PathBuf,
    job: Job,
    target: Target,
    ledger: PathBuf,
    out_dirs: Vec<PathBuf>,
}

fn draft(
    args: &CommonArgs,
    around: &Surroundings,
    outputs: &[&str],
) -> Result<Draft, ResolveError> {
    let found = find(&args.inputs)?;
    let out_dirs = out_dirs(args.output.out.as_deref(), &found);
    refuse_files(&out_dirs)?;
    refuse_overwriting(&found, &out_dirs, outputs)?;
    let (job_path, job) = job_file::needed(args.job.as_deref(), &found)?;
    let (target, ledger) = if args.target.sandbox {
        let dir = sandbox_dir(args.output.out.as_deref(), &out_dirs);
        let target = Target {
            organization: SANDBOX_ORGANIZATION,
            project: SANDBOX_PROJECT,
            base_url: SANDBOX_BASE_URL_PENDING.to_owned(),
        };
        (target, dir.join(SANDBOX_LEDGER))
    } else {
        let target = target(args, &job)?;
        let ledger = match ledger::given(args.output.ledger.as_ref())? {
            Some(ledger) => ledger,
            None => ledger::of_project(target.project, around)?,
        };
        (target, ledger)
    };
    Ok(Draft {
        found,
        job_path,
        job,
        target,
        ledger,
        out_dirs,
    })
}

impl Draft {
    fn finish(
        self,
        around: &Surroundings,
        stdin: &mut dyn Read,
    ) -> Result<Resolved<CorePlan>, ResolveError> {
        let (inputs, spools) = spool_all(self.found, around, stdin)?;
        Ok(Resolved {
            plan: CorePlan {
                read: ReadPlan {
                    inputs,
                    reading: around.reading(self.job.reading),
                    rules: self.job.rules,
                    project: self.target.project,
                },
                target: self.target,
                ledger: self.ledger,
                out_dirs: self.out_dirs,
            },
            job: Some(self.job_path),
            spools,
        })
    }
}

fn target(args: &CommonArgs, job: &Job) -> Result<Target, ResolveError> {
    let organization = id("organization", args.target.organization.as_ref())?;
    let project = id("project", args.target.project.as_ref())?;
    let organization = organization.or(job.target.organization);
    let project = project.or(job.target.project);
    let (organization, project) = match (organization, project) {
        (Some(organization), Some(project)) => (organization, project),
        (organization, project) => {
            return Err(ResolveError::TargetMissing {
                missing: match (organization, project) {
                    (None, None) => "neither organization nor project",
                    (None, _) => "no organization",
                    _ => "no project",
                },
            });
        }
    };
    let typed = given(args.target.base_url.as_ref()).map(limits::base_url);
    let base_url = typed
        .transpose()
        .map_err(ResolveError::BaseUrl)?
        .or_else(|| job.target.base_url.clone())
        .unwrap_or_else(|| BASE_URL_DEFAULT.to_owned());
    Ok(Target {
        organization,
        project,
        base_url,
    })
}

/// What an option or its variable says; an empty one says nothing.
fn given(typed: Option<&String>) -> Option<&str> {
    typed
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
}

fn id(what: &'static str, typed: Option<&String>) -> Result<Option<Uuid>, ResolveError> {
    let id = given(typed).map(limits::uuid).transpose();
    id.map_err(|refusal| ResolveError::Id { what, refusal })
}

fn sending(args: &SendingArgs, job: &JobSending) -> Sending {
    let default = Sending::default();
    Sending {
        in_doubt: job.in_doubt.unwrap_or(default.in_doubt),
        rate_per_s: args.rate.or(job.rate_per_s).unwrap_or(default.rate_per_s),
        concurrency: args
            .concurrency
            .or(job.concurrency)
            .unwrap_or(default.concurrency),
        max_attempts: args
            .max_attempts
            .or(job.max_attempts)
            .unwrap_or(default.max_attempts),
        initial_backoff: job.initial_backoff.unwrap_or(default.initial_backoff),
        max_backoff: job.max_backoff.unwrap_or(default.max_backoff),
        settle: job.settle.unwrap_or(default.settle),
        timeout: args.timeout.or(job.timeout).unwrap_or(default.timeout),
        give_up_after: job.give_up_after.unwrap_or(default.give_up_after),
    }
}

/// A small file whole, or `None` when it is not small.
fn read_limited(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = File::open(path)?
        .take(bytes_max + 1)
        .read_to_end(&mut bytes)?;
    Ok((read as u64 <= bytes_max).then_some(bytes))
}

#[cfg(test)]
mod tests;
