//! The way in for other programs: a job is checked, or imported with events, in calls that return when it is done.
//!
//! It does what the command line does, by the same plans and steps, and neither prints nor asks.

mod outcome;
mod results;

use std::path::PathBuf;
use std::sync::Arc;

pub use outcome::{Error, Finding, Imported, Place, Report};
pub use results::{ResultLine, Results};

use crate::cli::args::{CommonArgs, Progress};
use crate::cli::explain::CliError;
use crate::cli::resolve::{self, Surroundings};
use crate::cli::session::Session;
use crate::cli::survey;
use crate::event::{Event, Events};
use crate::stop::{StopCause, StopSignal};

/// Inputs, and how their rows become requests: the options of the command line, and its job file.
///
/// What is left out comes from the job file or is the default, as on the command line. No `CONCORD_…` variable is read.
///
/// Calls return when all is done: from async code, make them where blocking is allowed (tokio's `spawn_blocking`).
#[derive(Clone, Debug)]
pub struct Job {
    args: CommonArgs,
    around: Surroundings,
}

impl Job {
    /// A job over files.
    pub fn over<P: Into<PathBuf>>(inputs: impl IntoIterator<Item = P>) -> Self {
        let args = CommonArgs {
            inputs: inputs.into_iter().map(Into::into).collect(),
            ..CommonArgs::default()
        };
        let around = Surroundings {
            api_key: None,
            program: None,
            ..Surroundings::of_process()
        };
        Self { args, around }
    }

    /// The job file (TOML). Without it: the input's name with `.toml`, beside it.
    #[must_use]
    pub fn job_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.args.job = Some(path.into());
        self
    }

    /// The organization and the project in which requests are created: UUIDs.
    #[must_use]
    pub fn target(mut self, organization: impl Into<String>, project: impl Into<String>) -> Self {
        self.args.target.organization = Some(organization.into());
        self.args.target.project = Some(project.into());
        self
    }

    /// The API's address: https, or http to this machine.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.args.target.base_url = Some(url.into());
        self
    }

    /// The key of the API. It is kept secret: nothing shows it.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.around.api_key = Some(key.into().into());
        self
    }

    /// A Concord on this machine instead of the true one: no key is needed, and nothing leaves the machine.
    #[must_use]
    pub fn sandbox(mut self) -> Self {
        self.args.target.sandbox = true;
        self
    }

    /// The folder of results. Without it: `concord-import-out/<input>`.
    #[must_use]
    pub fn out(mut self, dir: impl Into<PathBuf>) -> Self {
        self.args.output.out = Some(dir.into());
        self
    }

    /// The file that remembers what was sent. Without it: one for each project, in the user's state folder.
    #[must_use]
    pub fn ledger(mut self, path: impl Into<PathBuf>) -> Self {
        self.args.output.ledger = Some(path.into().into_os_string());
        self
    }

    /// At most so many requests a second.
    #[must_use]
    pub fn rate(mut self, per_s: f64) -> Self {
        self.args.sending.rate = Some(per_s);
        self
    }

    /// At most so many new requests: a pilot.
    #[must_use]
    pub fn limit(mut self, requests: u64) -> Self {
        self.args.sending.limit = Some(requests);
        self
    }

    /// The `concord-import` program, which takes workbooks (`.xlsx`, `.ods` …) apart in a process of its own. Without it they
    /// cannot be read.
    #[must_use]
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.around.program = Some(path.into());
        self
    }

    /// Reads, maps and validates every row; sends nothing, and needs no key.
    pub fn check(&self) -> Result<Report, Error> {
        alone(async {
            let resolved = resolve::check(&self.args, &self.around, &mut std::io::empty())?;
            let plan = Arc::new(resolved.plan);
            let survey = survey::take(&plan, Progress::None).await?;
            let questions = survey.open_questions(&plan);
            Ok(Report::of(&survey, questions))
        })
    }

    /// Creates a request for each entry that no run has created, and writes the files. **It asks nobody**: a request in
    /// Concord cannot be taken back. `listener` hears what happens, from within the run: it must not block. (`report.html`,
    /// which names commands to type, is written by the command line alone.)
    pub fn import(
        &self,
        stop: &Stop,
        listener: impl Fn(Event) + Send + Sync + 'static,
    ) -> Result<Vec<Imported>, Error> {
        alone(self.import_all(stop.0.clone(), Events::to(listener)))
    }

    async fn import_all(
        &self,
        stop: StopSignal,
        events: Events,
    ) -> Result<Vec<Imported>, CliError> {
        let resolved = resolve::run(&self.args, &self.around, &mut std::io::empty())?;
        let plan = resolved.plan;
        let read = Arc::new(plan.core.read.clone());
        let survey = survey::take(&read, Progress::None).await?;
        survey::require_decisions(&survey, &read)?;
        let session = Session::open(plan, read, survey, stop.clone(), events.clone())?;
        let was_stopped = stop.is_raised();
        let project = session.plan.core.target.project;
        let preflight = session.outbound.preflight(project).await;
        // If the preflight stopped the run, the cause of the stop reports its result.
        if was_stopped || !stop.is_raised() {
            events.tell(Event::Preflight(preflight));
        }
        let (all, failed) = session
            .importer()
            .import_all(&session.survey, session.out_dirs(), session.plan.limit)
            .await;
        session.ledger.close().await;
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(all.into_iter().map(Imported::of).collect()),
        }
    }
}

/// Runs something to its end on this thread, as the command line does.
fn alone<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, Error> {
    if tokio::runtime::Handle::try_current().is_ok() {
        return Err(Error::of_async());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::Runtime);
    let done = runtime.and_then(|runtime| runtime.block_on(work));
    done.map_err(|error| Error::of(&error))
}

/// Ends an import early, from any thread: what is under way is brought to its end, and the files are written. The same
/// job goes on where it stopped.
#[derive(Clone, Debug, Default)]
pub struct Stop(StopSignal);

impl Stop {
    /// Asks it to end.
    pub fn stop(&self) {
        self.0.raise(StopCause::Interrupted);
    }
}
