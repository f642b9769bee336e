//! A plan whose inputs are checked, with its ledger and its target open: what `run`, `reconcile` and the library work with.

use std::path::PathBuf;
use std::sync::Arc;

use super::explain::CliError;
use crate::check::Survey;
use crate::event::Events;
use crate::import::Importer;
use crate::ledger::Ledger;
use crate::outbound::Outbound;
use crate::plan::{ReadPlan, RunPlan, Target};
use crate::private_file::create_private_dir;
use crate::reconcile::Reconciler;
use crate::sandbox::{self, Sandbox};
use crate::stop::StopSignal;

/// An opened plan.
pub(crate) struct Session {
    pub(crate) plan: RunPlan,
    pub(crate) read: Arc<ReadPlan>,
    pub(crate) survey: Survey,
    pub(crate) ledger: Ledger,
    pub(crate) outbound: Arc<Outbound>,
    pub(crate) stop: StopSignal,
    pub(crate) events: Events,
    /// The server of `--sandbox`, which ends with the session.
    _sandbox: Option<Sandbox>,
}

impl Session {
    /// Opens the target, which is a new sandbox when the plan says so, and the ledger.
    pub(crate) fn open(
        plan: RunPlan,
        read: Arc<ReadPlan>,
        survey: Survey,
        stop: StopSignal,
        events: Events,
    ) -> Result<Self, CliError> {
        let (target, sandbox) = start_sandbox(&plan)?;
        let outbound = Outbound::new(
            &target,
            &plan.api_key,
            plan.sending,
            read.rules.mark,
            plan.seed,
            &stop,
            &events,
        )?;
        // The ledger is bound to the plan's target: a sandbox has another port each time.
        let ledger = Ledger::open(&plan.core.ledger, &plan.core.target)?;
        Ok(Self {
            plan,
            read,
            survey,
            ledger,
            outbound: Arc::new(outbound),
            stop,
            events,
            _sandbox: sandbox,
        })
    }

    pub(crate) fn out_dirs(&self) -> &[PathBuf] {
        &self.plan.core.out_dirs
    }

    pub(crate) fn importer(&self) -> Importer {
        Importer {
            read: Arc::clone(&self.read),
            sending: self.plan.sending,
            ledger: self.ledger.clone(),
            outbound: Arc::clone(&self.outbound),
            stop: self.stop.clone(),
            events: self.events.clone(),
        }
    }

    pub(crate) fn reconciler(&self) -> Reconciler {
        Reconciler {
            read: Arc::clone(&self.read),
            target: self.plan.core.target.clone(),
            settle: self.plan.sending.settle,
            ledger: self.ledger.clone(),
            ledger_path: self.plan.core.ledger.clone(),
            outbound: Arc::clone(&self.outbound),
            stop: self.stop.clone(),
            events: self.events.clone(),
        }
    }
}

/// Returns where requests are sent, and the sandbox that was started for them.
fn start_sandbox(plan: &RunPlan) -> Result<(Target, Option<Sandbox>), CliError> {
    let mut target = plan.core.target.clone();
    let Some(wanted) = &plan.sandbox else {
        return Ok((target, None));
    };
    create_private_dir(&wanted.dir).map_err(|source| CliError::Write {
        what: format!("into {}", wanted.dir.display()),
        source,
    })?;
    let server = Sandbox::start_on_own_thread(sandbox::Config {
        store: Some(wanted.store.clone()),
        ..sandbox::Config::default()
    })?;
    server.base_url().clone_into(&mut target.base_url);
    Ok((target, Some(server)))
}
