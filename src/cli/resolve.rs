//! Options, environment, job file and defaults → a plan, settled once, in that order.
//!
//! The only code that reads the environment (with the options' own variables, which clap reads) and that
//! opens job and key files. Prints nothing, reaches no network, and writes one thing only: a private copy of an
//! input that can be read but once. Everything that can be wrong without an input is refused before that.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::args::{CommonArgs, RowsArgs, SendingArgs, StatusArgs};
use super::job::{self, Job, JobSending};
use super::limits;
use crate::plan::{
    BASE_URL_DEFAULT, CorePlan, Mark, ReadPlan, Reading, Rules, RunPlan, SANDBOX_API_KEY,
    SANDBOX_BASE_URL_PENDING, SANDBOX_ORGANIZATION, SANDBOX_PROJECT, SandboxPlan, Sending, Target,
};

mod error;
mod inputs;
mod spool;

pub use error::ResolveError;
use inputs::{
    Found, SANDBOX_LEDGER, find, out_dirs, refuse_files, refuse_overwriting, sandbox_dir,
};
pub(in crate::cli) use inputs::{STDIN, next_round, out_root};
pub use spool::Spool;
use spool::spool_all;

/// The folder under which output folders are made when none is named.
pub const OUT_ROOT_DEFAULT: &str = "concord-import-out";
/// The longest job file that is read.
pub const JOB_BYTES_MAX: u64 = 1024 * 1024;
/// The longest key file that is read.
pub const API_KEY_BYTES_MAX: u64 = 4096;

/// What the process stands in, as far as a plan depends on it.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// `CONCORD_API_KEY`
    pub api_key: Option<SecretString>,
    /// Where a user's state belongs on this system.
    pub state_dir: Option<PathBuf>,
    /// Where private copies are made.
    pub temp_dir: PathBuf,
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
    let (path, job) = needed_job(args.job.as_deref(), &found)?;
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
            reading: job.reading,
            rules: job.rules,
            project,
        },
        job: Some(path),
        spools,
    })
}

/// For `rows`: the job file is used when it is named or beside the input.
pub fn rows(
    args: &RowsArgs,
    around: &Surroundings,
    stdin: &mut dyn Read,
) -> Result<Resolved<ReadPlan>, ResolveError> {
    let found = find(std::slice::from_ref(&args.input))?;
    let path = args
        .job
        .clone()
        .or_else(|| job_beside(&found).filter(|path| path.exists()));
    let job = path.as_deref().map(read_job).transpose()?;
    let (reading, rules, project) = match job {
        Some(job) => (job.reading, job.rules, job.target.project),
        None => (Reading::default(), no_rules(), None),
    };
    let (inputs, spools) = spool_all(found, around, stdin)?;
    Ok(Resolved {
        plan: ReadPlan {
            inputs,
            reading,
            rules,
            project: project.unwrap_or(Uuid::nil()),
        },
        job: path,
        spools,
    })
}

/// For `results`: needs no key.
pub fn results(
    args: &CommonArgs,
    around: &Surroundings,
    stdin: &mut dyn Read,
) -> Result<Resolved<CorePlan>, ResolveError> {
    let draft = draft(args, around)?;
    draft.finish(around, stdin)
}

/// For `run`. With `--sandbox`, start the plan's sandbox and put its address into the plan's target first.
pub fn run(
    args: &CommonArgs,
    around: &Surroundings,
    stdin: &mut dyn Read,
) -> Result<Resolved<RunPlan>, ResolveError> {
    let draft = draft(args, around)?;
    let sandbox = args.target.sandbox.then(|| {
        let dir = sandbox_dir(args.output.out.as_deref(), &draft.out_dirs);
        SandboxPlan {
            store: dir.join("store.jsonl"),
            dir,
            organization: SANDBOX_ORGANIZATION,
            project: SANDBOX_PROJECT,
            api_key: SANDBOX_API_KEY.into(),
        }
    });
    let api_key = match &sandbox {
        Some(sandbox) => sandbox.api_key.clone(),
        None => api_key(args.target.api_key_file.as_deref(), around)?,
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
    if let Some(ledger) = ledger_given(args.ledger.as_ref())? {
        return Ok(vec![ledger]);
    }
    let job = args.job.as_deref().map(read_job).transpose()?;
    match id("project", args.project.as_ref())?.or(job.and_then(|job| job.target.project)) {
        Some(project) => Ok(vec![ledger_default(project, around)?]),
        None => ledgers_all(around),
    }
}

/// The API key: of the file if there is one, or else of the environment.
pub fn api_key(file: Option<&Path>, around: &Surroundings) -> Result<SecretString, ResolveError> {
    match (file, &around.api_key) {
        (Some(path), _) => api_key_of_file(path),
        (None, Some(key)) => checked_key(key, "CONCORD_API_KEY"),
        (None, None) => Err(ResolveError::ApiKeyMissing),
    }
}

/// The API key that a file holds.
pub fn api_key_of_file(path: &Path) -> Result<SecretString, ResolveError> {
    let unreadable = |source| ResolveError::ApiKeyUnreadable {
        path: path.to_owned(),
        source,
    };
    let place = format!("`{}`", path.display());
    let bytes = read_limited(path, API_KEY_BYTES_MAX).map_err(unreadable)?;
    let bytes = bytes.ok_or_else(|| ResolveError::ApiKeyMalformed {
        place: place.clone(),
        why: "is far too long",
    })?;
    let text = String::from_utf8_lossy(&bytes);
    checked_key(&text.into_owned().into(), &place)
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

fn draft(args: &CommonArgs, around: &Surroundings) -> Result<Draft, ResolveError> {
    let found = find(&args.inputs)?;
    let out_dirs = out_dirs(args.output.out.as_deref(), &found);
    refuse_files(&out_dirs)?;
    refuse_overwriting(&found, &out_dirs)?;
    let (job_path, job) = needed_job(args.job.as_deref(), &found)?;
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
        let ledger = match ledger_given(args.output.ledger.as_ref())? {
            Some(ledger) => ledger,
            None => ledger_default(target.project, around)?,
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
                    reading: self.job.reading,
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
                    (None, None) => "organization and no project",
                    (None, _) => "organization",
                    _ => "project",
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

fn no_rules() -> Rules {
    Rules {
        key: Vec::new(),
        region: None,
        filters: Vec::new(),
        fields: Vec::new(),
        mark: Mark::Notes,
    }
}

/// A key that can travel in an HTTP header. None of it is ever shown.
fn checked_key(key: &SecretString, place: &str) -> Result<SecretString, ResolveError> {
    let malformed = |why| ResolveError::ApiKeyMalformed {
        place: place.to_owned(),
        why,
    };
    let key = key.expose_secret().trim();
    if key.is_empty() {
        Err(malformed("is empty"))
    } else if key.contains(['\n', '\r']) {
        Err(malformed("has more than one line"))
    } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err(malformed("has characters that no HTTP header may carry"))
    } else {
        Ok(key.into())
    }
}

// The ledger. -----------------------------------------------------------------------------------

/// An empty path says nothing.
fn ledger_given(given: Option<&OsString>) -> Result<Option<PathBuf>, ResolveError> {
    let Some(given) = given.filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let lower = given.to_string_lossy().to_ascii_lowercase();
    if lower.starts_with("postgres:") || lower.starts_with("postgresql:") {
        return Err(ResolveError::LedgerOnServer); // not shown: it may hold a password
    }
    Ok(Some(given.into()))
}

/// One a project, wherever the command is run, so that no run starts on an empty ledger by mistake.
fn ledger_default(project: Uuid, around: &Surroundings) -> Result<PathBuf, ResolveError> {
    Ok(ledgers_dir(around)?.join(format!("{project}.ledger")))
}

fn ledgers_dir(around: &Surroundings) -> Result<PathBuf, ResolveError> {
    let state = around.state_dir.as_ref().ok_or(ResolveError::NoStateDir)?;
    Ok(state.join("concord-import"))
}

fn ledgers_all(around: &Surroundings) -> Result<Vec<PathBuf>, ResolveError> {
    let dir = ledgers_dir(around)?;
    let unreadable = |source| ResolveError::StateDirUnreadable {
        dir: dir.clone(),
        source,
    };
    let entries = match fs::read_dir(&dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut ledgers = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension() == Some(OsStr::new("ledger")) {
            ledgers.push(path);
        }
    }
    ledgers.sort();
    Ok(ledgers)
}

// The job file. ---------------------------------------------------------------------------------

fn needed_job(given: Option<&Path>, found: &[Found]) -> Result<(PathBuf, Job), ResolveError> {
    let path = match (given, job_beside(found)) {
        (Some(given), _) => given.to_owned(),
        (None, Some(beside)) if beside.exists() => beside,
        (None, looked_for) => return Err(ResolveError::JobMissing { looked_for }),
    };
    let job = read_job(&path)?;
    Ok((path, job))
}

/// `backlog.toml` beside `backlog.csv`. One job serves a whole run, so several inputs must agree on it.
fn job_beside(found: &[Found]) -> Option<PathBuf> {
    let mut candidates: Vec<Option<PathBuf>> = found
        .iter()
        .map(|input| input.file().map(|path| path.with_extension("toml")))
        .collect();
    candidates.dedup();
    match &mut candidates[..] {
        [only] => only.take(),
        _ => None,
    }
}

fn read_job(path: &Path) -> Result<Job, ResolveError> {
    let bytes =
        read_limited(path, JOB_BYTES_MAX).map_err(|source| ResolveError::JobUnreadable {
            path: path.to_owned(),
            source,
        })?;
    let bytes = bytes.ok_or_else(|| ResolveError::JobTooLong {
        path: path.to_owned(),
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        ResolveError::JobNotUtf8 {
            path: path.to_owned(),
            line: valid.split(|byte| *byte == b'\n').count(),
        }
    })?;
    Ok(job::parse(&path.display().to_string(), &text)?)
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
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;

    const ORGANIZATION: Uuid = Uuid::from_u128(1);
    const PROJECT: Uuid = Uuid::from_u128(2);

    /// A folder of inputs and surroundings that are nobody's.
    struct Place {
        dir: TempDir,
        around: Surroundings,
    }

    impl Place {
        fn new() -> Self {
            let dir = tempfile::tempdir().expect("folder");
            let around = Surroundings {
                api_key: Some("key".into()),
                state_dir: Some(dir.path().join("state")),
                temp_dir: dir.path().to_owned(),
            };
            Self { dir, around }
        }

        fn file(&self, name: &str, text: &str) -> PathBuf {
            let path = self.dir.path().join(name);
            fs::create_dir_all(path.parent().expect("folder")).expect("folder");
            fs::write(&path, text).expect("written");
            path
        }

        fn args(&self, inputs: &[PathBuf]) -> CommonArgs {
            let mut args = CommonArgs {
                inputs: inputs.to_vec(),
                job: Some(self.file("job.toml", job::MINIMAL)),
                ..CommonArgs::default()
            };
            args.target.organization = Some(ORGANIZATION.to_string());
            args.target.project = Some(PROJECT.to_string());
            args
        }

        fn run(&self, args: &CommonArgs) -> Result<Resolved<RunPlan>, ResolveError> {
            run(args, &self.around, &mut io::empty())
        }
    }

    #[test]
    fn an_option_goes_before_the_job_file_and_that_before_the_default() {
        let place = Place::new();
        let input = place.file("a.csv", "x\n");
        let job = format!(
            "{}[target]\nproject = \"{}\"\nbase_url = \"https://job.example/\"\n[send]\nrate = 3\ntimeout = \"7s\"",
            job::MINIMAL,
            Uuid::from_u128(9),
        );
        let mut args = place.args(&[input]);
        args.job = Some(place.file("other.toml", &job));
        args.sending.rate = Some(2.0);
        let plan = place.run(&args).expect("a plan").plan;
        assert_eq!(plan.core.target.project, PROJECT);
        assert_eq!(plan.core.read.project, PROJECT);
        assert_eq!(plan.core.target.base_url, "https://job.example");
        assert!((plan.sending.rate_per_s - 2.0).abs() < f64::EPSILON);
        assert_eq!(plan.sending.timeout, Duration::from_secs(7));
        assert_eq!(plan.sending.settle, Sending::default().settle);

        args.target.project = None;
        args.target.base_url = Some("http://localhost:1".to_owned());
        let plan = place.run(&args).expect("a plan").plan;
        assert_eq!(plan.core.target.project, Uuid::from_u128(9));
        assert_eq!(plan.core.target.base_url, "http://localhost:1");
        let ledger = format!("state/concord-import/{}.ledger", Uuid::from_u128(9));
        assert_eq!(plan.core.ledger, place.dir.path().join(ledger));
    }

    #[test]
    fn the_job_file_is_found_beside_its_input() {
        let place = Place::new();
        let (a, b) = (place.file("a.csv", ""), place.file("b.csv", ""));
        let mut args = place.args(std::slice::from_ref(&a));
        args.job = None;
        let error = place.run(&args).expect_err("no job file");
        assert!(matches!(
            &error,
            ResolveError::JobMissing {
                looked_for: Some(_)
            }
        ));
        let hint = error.hint().expect("a hint");
        assert!(hint.contains("a.toml") && hint.contains("--job") && hint.contains("[fields]"));

        let beside = place.file("a.toml", job::MINIMAL);
        assert_eq!(place.run(&args).expect("a plan").job, Some(beside));
        // One job file cannot be guessed to serve inputs of different names, nor a stream.
        for inputs in [vec![a, b], vec![PathBuf::from("-")]] {
            args.inputs = inputs;
            let error = place.run(&args).expect_err("no job file");
            assert!(matches!(
                error,
                ResolveError::JobMissing { looked_for: None }
            ));
        }
    }

    #[test]
    fn what_only_sending_needs_is_asked_of_run_alone() {
        let mut place = Place::new();
        let mut args = place.args(&[place.file("a.csv", "")]);
        place.around.api_key = None;
        assert!(matches!(place.run(&args), Err(ResolveError::ApiKeyMissing)));
        let results_plan = results(&args, &place.around, &mut io::empty()).expect("a plan");
        assert_eq!(results_plan.plan.target.project, PROJECT);

        args.target.organization = None;
        args.target.project = None;
        let error = results(&args, &place.around, &mut io::empty()).expect_err("no target");
        assert_eq!(error.to_string(), "no organization and no project is given");
        for way in [
            "--project",
            "CONCORD_PROJECT_ID",
            "[target]",
            "--organization",
            "--sandbox",
        ] {
            assert!(error.hint().expect("a hint").contains(way), "{way}");
        }
        let checked = check(&args, &place.around, &mut io::empty()).expect("a plan");
        assert_eq!(checked.plan.project, Uuid::nil());
    }

    #[test]
    fn rows_need_no_job_file_and_use_the_one_beside_the_input() {
        let place = Place::new();
        let args = RowsArgs {
            input: place.file("a.csv", ""),
            job: None,
        };
        let plan = rows(&args, &place.around, &mut io::empty())
            .expect("a plan")
            .plan;
        assert_eq!((plan.rules, plan.reading), (no_rules(), Reading::default()));

        place.file(
            "a.toml",
            &format!("{}[input]\ndelimiter = \";\"", job::MINIMAL),
        );
        let plan = rows(&args, &place.around, &mut io::empty())
            .expect("a plan")
            .plan;
        assert_eq!(plan.reading.delimiter, Some(b';'));
    }

    #[test]
    fn a_sandbox_touches_neither_the_target_nor_the_ledger_nor_the_key_given_otherwise() {
        let mut place = Place::new();
        place.around = Surroundings {
            api_key: None,
            state_dir: None,
            ..place.around
        };
        let mut args = place.args(&[place.file("a.csv", "")]);
        args.target.sandbox = true;
        args.target.base_url = Some("https://api.concord.tech".to_owned());
        args.output.ledger = Some("true.ledger".into());
        let plan = place.run(&args).expect("a plan").plan;
        let sandbox = plan.sandbox.expect("a sandbox");
        assert_eq!(sandbox.dir, Path::new("concord-import-out/a/sandbox"));
        assert_eq!(plan.core.ledger, sandbox.dir.join("import.ledger"));
        assert_eq!(plan.core.target.project, SANDBOX_PROJECT);
        assert_eq!(plan.core.read.project, SANDBOX_PROJECT);
        assert_eq!(plan.core.target.base_url, SANDBOX_BASE_URL_PENDING);
        assert_eq!(plan.api_key.expose_secret(), SANDBOX_API_KEY);
        let read = check(&args, &place.around, &mut io::empty())
            .expect("a plan")
            .plan;
        assert_eq!(read.project, SANDBOX_PROJECT);
    }

    #[test]
    fn every_input_has_an_output_folder_of_its_own() {
        let place = Place::new();
        let inputs = [
            place.file("a/x.csv", ""),
            place.file("b/X.csv", ""),
            place.file("c/x.jsonl", ""),
            place.file("sandbox.csv", ""),
            PathBuf::from("-"),
        ];
        let mut args = place.args(&inputs);
        let names = |args: &CommonArgs| place.run(args).expect("a plan").plan.core.out_dirs;
        let root = Path::new(OUT_ROOT_DEFAULT);
        let expected = ["x", "X-2", "x-3", "sandbox-2", "stdin"];
        assert_eq!(names(&args), expected.map(|name| root.join(name)));
        args.output.out = Some("out".into());
        assert_eq!(
            names(&args),
            expected.map(|name| Path::new("out").join(name))
        );
        args.inputs.truncate(1);
        assert_eq!(names(&args), [Path::new("out")]);
    }

    #[test]
    fn inputs_that_cannot_be_are_refused() {
        let place = Place::new();
        let input = place.file("a.csv", "");
        let job = place.file("a.toml", "");
        let error = |inputs: &[PathBuf]| place.run(&place.args(inputs)).expect_err("refused");
        let twice = place.dir.path().join("./a.csv");
        assert!(matches!(
            error(&[input.clone(), twice]),
            ResolveError::InputTwice { .. }
        ));
        assert!(matches!(
            error(&["-".into(), "-".into()]),
            ResolveError::InputTwice { .. }
        ));
        assert!(matches!(
            error(&["no.csv".into()]),
            ResolveError::InputUnreadable { .. }
        ));
        assert!(matches!(
            error(&[place.dir.path().into()]),
            ResolveError::InputIsFolder { .. }
        ));
        assert!(matches!(
            error(&[input, job]),
            ResolveError::InputIsJob { .. }
        ));
    }

    #[test]
    fn an_output_never_replaces_an_input() {
        let place = Place::new();
        let rejects = place.file("out/x/rejects.csv", "");
        let mut args = place.args(std::slice::from_ref(&rejects));
        args.output.out = Some(place.dir.path().join("out/./x"));
        let error = place.run(&args).expect_err("refused");
        assert!(
            matches!(error, ResolveError::OutputOverInput { .. }),
            "{error}"
        );
        args.output.out = Some(place.dir.path().join("out/y"));
        place.run(&args).expect("a plan");
    }

    #[test]
    fn an_output_folder_that_is_a_file_is_refused() {
        let place = Place::new();
        let file = place.file("a.csv", "");
        let mut args = place.args(std::slice::from_ref(&file));
        for out in [file.clone(), file.join("below")] {
            args.output.out = Some(out);
            let error = place.run(&args).expect_err("refused");
            assert!(
                matches!(error, ResolveError::OutputIsFile { .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn standard_input_becomes_a_private_file_that_can_be_read_twice() {
        let place = Place::new();
        let args = place.args(&["-".into()]);
        let text = "a,b\n1,2\n";
        let resolved = run(&args, &place.around, &mut text.as_bytes()).expect("a plan");
        let input = &resolved.plan.core.read.inputs[0];
        assert_eq!(input.name, "standard input");
        for _ in 0..2 {
            assert_eq!(fs::read_to_string(&input.path).expect("readable"), text);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&input.path)
                .expect("there")
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0);
        }
        drop(resolved);
        let left = fs::read_dir(place.dir.path()).expect("folder").count();
        assert_eq!(left, 1, "only the job file is left");
    }

    #[test]
    fn nothing_is_read_from_standard_input_when_the_rest_is_wrong() {
        struct Untouched;
        impl Read for Untouched {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                panic!("read too early")
            }
        }
        let mut place = Place::new();
        place.around.api_key = None;
        let args = place.args(&["-".into()]);
        assert!(run(&args, &place.around, &mut Untouched).is_err());
    }

    #[test]
    fn an_empty_variable_says_nothing_and_a_wrong_one_is_named() {
        let place = Place::new();
        let mut args = place.args(&[place.file("a.csv", "")]);
        args.target.base_url = Some(" ".to_owned());
        args.output.ledger = Some(OsString::new());
        let plan = place.run(&args).expect("a plan").plan;
        assert_eq!(plan.core.target.base_url, BASE_URL_DEFAULT);
        assert!(plan.core.ledger.starts_with(place.dir.path().join("state")));
        args.target.organization = Some(String::new());
        assert!(matches!(
            place.run(&args),
            Err(ResolveError::TargetMissing { .. })
        ));
        args.target.project = Some("acme".to_owned());
        let error = place.run(&args).expect_err("refused").to_string();
        assert!(
            error.contains("of --project or CONCORD_PROJECT_ID: `acme` is not a UUID"),
            "{error}"
        );
    }

    #[test]
    fn a_full_disk_is_named() {
        let error = ResolveError::SpoolFailed {
            name: "standard input".to_owned(),
            dir: "/tmp".into(),
            source: io::ErrorKind::StorageFull.into(),
        };
        assert_eq!(
            error.to_string(),
            "cannot copy standard input to a private file in `/tmp`"
        );
        assert!(error.hint().expect("a hint").contains("the disk is full"));
    }

    #[test]
    fn a_key_is_trimmed_and_one_that_no_header_can_carry_is_refused_unseen() {
        let mut place = Place::new();
        let file = place.file("key", " s3cret-from-file\n");
        let key = api_key(Some(&file), &place.around).expect("a key");
        assert_eq!(key.expose_secret(), "s3cret-from-file");
        for malformed in ["", " \n", "s3cret\ns3cret", "s3cret s3cret", "s3crét"] {
            place.around.api_key = Some(malformed.into());
            let error = api_key(None, &place.around).expect_err("refused");
            assert!(matches!(error, ResolveError::ApiKeyMalformed { .. }));
            assert!(!format!("{error} {error:?}").contains("s3cr"), "{error:?}");
        }
        let long = place.file("long", &"s3cret".repeat(1000));
        assert!(matches!(
            api_key_of_file(&long),
            Err(ResolveError::ApiKeyMalformed { .. })
        ));
        let args = place.args(&[place.file("a.csv", "")]);
        place.around.api_key = Some("s3cret".into());
        let plan = place.run(&args).expect("a plan");
        assert!(!format!("{plan:?}").contains("s3cret"));
    }

    #[test]
    fn a_ledger_on_a_server_is_refused_without_showing_its_password() {
        let place = Place::new();
        let mut args = place.args(&[place.file("a.csv", "")]);
        args.output.ledger = Some("postgres://bob:hunter2@db/ledger".into());
        let error = place.run(&args).expect_err("refused");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn a_job_file_that_is_no_text_is_refused() {
        let place = Place::new();
        let mut args = place.args(&[place.file("a.csv", "")]);
        let path = place.dir.path().join("latin.toml");
        fs::write(&path, b"[fields]\n# \xe9\n").expect("written");
        args.job = Some(path);
        let error = place.run(&args).expect_err("refused");
        assert!(
            matches!(error, ResolveError::JobNotUtf8 { line: 2, .. }),
            "{error}"
        );
        args.job = Some(place.file("long.toml", &"#".repeat(1024 * 1024 + 1)));
        let error = place.run(&args).expect_err("refused");
        assert!(matches!(error, ResolveError::JobTooLong { .. }), "{error}");
    }

    #[test]
    fn status_finds_every_ledger_of_the_user() {
        let place = Place::new();
        let found = |args: &StatusArgs| status(args, &place.around).expect("found");
        assert_eq!(found(&StatusArgs::default()), Vec::<PathBuf>::new());
        let ledger = place.file(&format!("state/concord-import/{PROJECT}.ledger"), "");
        place.file(&format!("state/concord-import/{PROJECT}.ledger-wal"), "");
        assert_eq!(found(&StatusArgs::default()), std::slice::from_ref(&ledger));
        let project = StatusArgs {
            project: Some(PROJECT.to_string()),
            ..StatusArgs::default()
        };
        assert_eq!(found(&project), [ledger]);
    }
}
