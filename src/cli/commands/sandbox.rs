//! `sandbox`: a local Concord until Ctrl-C.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::cli::args::SandboxArgs;
use crate::cli::explain::CliError;
use crate::cli::resolve::{self, Surroundings};
use crate::cli::signals::Signals;
use crate::cli::terminal;
use crate::plan::SANDBOX_API_KEY;
use crate::sandbox::{Config, Faults, Listing, Mode, Odds, Sandbox, Script, Workers};

/// What a worker takes for a request, unless told otherwise.
const SERVICE_TIME: Duration = Duration::from_millis(20);

pub(in crate::cli) async fn sandbox(
    args: &SandboxArgs,
    _around: &Surroundings,
) -> Result<u8, CliError> {
    let api_key = match &args.api_key_file {
        Some(file) => resolve::api_key_of_file(file)?,
        None => SecretString::from(SANDBOX_API_KEY),
    };
    let is_made_up = api_key.expose_secret() == SANDBOX_API_KEY;
    let mut signals = Signals::listen();
    let server = Sandbox::start(config(args, api_key)?).await?;
    terminal::out(&format!("listening on {}", server.base_url()));
    terminal::say(&format!(
        "organization {}\nproject      {}\nAPI key      {}\nCtrl-C ends it.",
        args.organization,
        args.project,
        if is_made_up {
            SANDBOX_API_KEY
        } else {
            "as in the file"
        },
    ));
    signals.next().await;
    server.stop().await;
    Ok(0)
}

fn config(args: &SandboxArgs, api_key: SecretString) -> Result<Config, CliError> {
    let mut config = Config {
        api_key,
        port: args.port,
        store: args.store.clone(),
        mode: if args.lenient {
            Mode::Lenient
        } else {
            Mode::Strict
        },
        listing: Listing {
            text_match: args.list_filter,
            lag: args.list_lag.unwrap_or_default(),
            omits: args.list_omits,
            ..Listing::default()
        },
        reads: args.reads,
        faults: Faults {
            script: Script(
                args.faults
                    .iter()
                    .flat_map(|script| script.0.clone())
                    .collect(),
            ),
            odds: Odds::together(args.fault_odds.clone()).map_err(CliError::Odds)?,
            outages: args.outage.iter().cloned().collect(),
            rate_limit: args.requests_per_second.clone(),
            ..Faults::default()
        },
        workers: args.workers.map(|count| Workers {
            count,
            service_time: args.service_time.unwrap_or(SERVICE_TIME),
        }),
        seed: args.seed.unwrap_or_default(),
        ..Config::default()
    };
    config.organization.id = args.organization;
    config.projects[0].id = args.project;
    Ok(config)
}
