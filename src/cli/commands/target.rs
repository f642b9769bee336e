//! Where requests go: to the plan's target, or to a sandbox that is started for the command.

use crate::cli::explain::CliError;
use crate::event::Events;
use crate::outbound::Outbound;
use crate::plan::{RunPlan, Target};
use crate::private_file::create_private_dir;
use crate::sandbox::{self, Sandbox};
use crate::stop::StopSignal;

/// The way to the target, and the sandbox behind it, which lives as long as it is kept.
pub(crate) fn reach(
    plan: &RunPlan,
    stop: &StopSignal,
    events: &Events,
) -> Result<(Outbound, Option<Sandbox>), CliError> {
    let (target, sandbox) = start(plan)?;
    let outbound = Outbound::new(
        &target,
        &plan.api_key,
        plan.sending,
        plan.core.read.rules.mark,
        plan.seed,
        stop,
        events,
    )?;
    Ok((outbound, sandbox))
}

fn start(plan: &RunPlan) -> Result<(Target, Option<Sandbox>), CliError> {
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
