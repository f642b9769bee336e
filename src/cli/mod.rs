//! Command line, job file and environment → plan; events → terminal.
//!
//! The only code that prints or reads the environment. It decides nothing about rows, requests or answers.

pub mod args;
mod ask;
#[cfg(feature = "internals")]
pub mod catalogue;
mod commands;
mod ending;
mod estimate;
pub(crate) mod explain;
#[cfg(test)]
mod guide;
pub mod job;
pub mod limits;
mod logs;
mod metrics;
mod next_step;
pub mod packaging;
mod page;
mod progress;
mod report_json;
mod report_page;
mod report_text;
pub mod resolve;
pub(crate) mod session;
mod signals;
pub(crate) mod survey;
mod terminal;
mod totals;
mod typed;
mod words;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue};

use crate::intake::workbook;
use crate::nearest::nearest;
use args::{Cli, Command};
use explain::CliError;
use resolve::Surroundings;

/// The whole program: parses the command line, does it, and says how it went.
pub fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == workbook::COMMAND)
    {
        let served = workbook::serve(&mut io::stdin().lock(), &mut io::stdout().lock());
        return if served.is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return tell_usage(error),
    };
    logs::start(cli.log);
    let code = match dispatch(&cli.command) {
        Ok(code) => code,
        Err(error) => {
            error.say(cli.command.tells_programs());
            error.exit_code()
        }
    };
    ExitCode::from(code)
}

/// Prints help, version, or what is wrong with what was typed, which clap repeats as it stands: so it is typed once more
/// without what a terminal would obey.
fn tell_usage(error: clap::Error) -> ExitCode {
    let typed = std::env::args_os();
    let tame = typed.map(|arg| crate::sanitize::harmless(&arg.to_string_lossy()).into_owned());
    let mut error = Cli::try_parse_from(tame).err().unwrap_or(error);
    suggest(&mut error);
    // There is nowhere to report that this failed.
    drop(error.print());
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(explain::USAGE))
}

/// Adds the near name that clap finds too far away: of two letters in turn, for one.
fn suggest(error: &mut clap::Error) {
    let (Some(ContextValue::String(found)), Some(ContextValue::Strings(known)), None) = (
        error.get(ContextKind::InvalidValue),
        error.get(ContextKind::ValidValue),
        error.get(ContextKind::SuggestedValue),
    ) else {
        return;
    };
    if let Some(near) = nearest(found, known.iter().map(String::as_str)) {
        let near = ContextValue::String(near.to_owned());
        error.insert(ContextKind::SuggestedValue, near);
    }
}

fn dispatch(command: &Command) -> Result<u8, CliError> {
    let around = Surroundings::of_process();
    // One thread for everything that waits: sending is bound by the wire, and wake-ups across threads cost more.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::Runtime)?;
    runtime.block_on(async {
        match command {
            Command::Run(args) => commands::run::run(args, &around).await,
            Command::Check(args) => {
                commands::check::check(&args.common, args.show_values, &around).await
            }
            Command::Results(args) => {
                commands::results::results(&args.common, args.show_values, &around).await
            }
            Command::Reconcile(args) => commands::reconcile::reconcile(args, &around).await,
            Command::Rows(args) => commands::rows::rows(args, &around),
            Command::Map(args) => commands::map::map(args, &around),
            Command::Status(args) => commands::status::status(args, &around),
            Command::Sandbox(args) => commands::sandbox::sandbox(args, &around).await,
            Command::Schema(args) => commands::schema(*args),
            Command::Completions(args) => commands::completions(*args),
            Command::Man(args) => commands::man(args),
        }
    })
}
