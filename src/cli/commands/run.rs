//! `run`: check everything, say what would happen, ask, send, write the files, tell the end.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::check::Survey;
use crate::cli::args::RunArgs;
use crate::cli::explain::CliError;
use crate::cli::metrics::Metrics;
use crate::cli::next_step::Ended;
use crate::cli::page::Page;
use crate::cli::progress::{Progress, describe, stopped_line};
use crate::cli::report_page::Pages;
use crate::cli::resolve::{self, Resolved, Surroundings};
use crate::cli::session::Session;
use crate::cli::typed::Typed;
use crate::cli::{ending, signals, survey, terminal};
use crate::event::Event;
use crate::forecast::Forecast;
use crate::import::ImportError;
use crate::plan::{RunPlan, Sending};
use crate::report::Imported;
use crate::stop::{StopCause, StopSignal};

pub(in crate::cli) const VALUES_ARE_ON_THE_PAGE: &str = "WARNING: --show-values: report.html shows PERSONAL DATA of the input as it is. Do not pass it on.";

pub(in crate::cli) async fn run(args: &RunArgs, around: &Surroundings) -> Result<u8, CliError> {
    if args.dry_run {
        return super::check::check(&args.common, args.show_values, around).await;
    }
    let metrics = Metrics::begin(&args.metrics).await?;
    let written = tokio::spawn(metrics.clone().write_regularly());
    let ended = import(args, around, &metrics).await;
    written.abort();
    metrics.end(match &ended {
        Ok(code) => *code,
        Err(error) => error.exit_code(),
    });
    ended
}

async fn import(args: &RunArgs, around: &Surroundings, metrics: &Metrics) -> Result<u8, CliError> {
    let must_ask = !args.common.target.sandbox && !args.common.sending.yes;
    if must_ask && !terminal::can_ask() {
        return Err(CliError::Unconfirmed);
    }
    let Resolved {
        plan,
        job,
        spools: _spools,
    } = resolve::run(&args.common, around, &mut io::stdin())?;
    let read = Arc::new(plan.core.read.clone());
    let survey = survey::take(&read, args.common.output.progress).await?;
    survey::require_decisions(&survey, &read)?;
    let progress = Progress::new(args.common.output.progress);
    if !progress.is_json() {
        for warning in survey::guessed_encodings(&survey) {
            terminal::say(&warning);
        }
    }
    let events = metrics.beside(progress.events());
    let session = Session::open(plan, read, survey, StopSignal::default(), events)?;
    preflight(&session, must_ask, &progress).await?;
    let Sending {
        rate_per_s,
        concurrency,
        ..
    } = session.plan.sending;
    metrics.watch(&session.outbound, rate_per_s, concurrency.get());
    let (all, failed) = import_all(&session, &progress).await;
    if failed.is_none() {
        let tallies: Vec<_> = all.iter().map(|done| done.summary.tally).collect();
        metrics.count_as(&tallies);
    }
    let told = tell(args, job.as_deref(), &session, &all, failed, &progress).await;
    session.ledger.close().await;
    told
}

/// Learns the project's name, shows what would happen, and asks for consent if the command did not give it.
async fn preflight(session: &Session, must_ask: bool, progress: &Progress) -> Result<(), CliError> {
    let project = session.plan.core.target.project;
    let preflight = session.outbound.preflight(project).await;
    if let Some(cause) = session.stop.cause() {
        // Nothing can be created there, so the project's name is of no use.
        progress.say_preflight_stopped(&cause);
        return Ok(());
    }
    if must_ask && !progress.is_told_to_people() {
        terminal::say(&describe(&preflight)); // who is asked has to know of what
    }
    session.events.tell(Event::Preflight(preflight));
    if must_ask {
        let forecast = Forecast::of(&session.read, &session.survey, &session.ledger).await?;
        confirm(&session.plan, &session.survey, &forecast)?;
    }
    Ok(())
}

/// Writes the pages, and tells how the inputs ended and what to do next. Returns the exit code.
async fn tell(
    args: &RunArgs,
    job: Option<&Path>,
    session: &Session,
    all: &[Imported],
    failed: Option<ImportError>,
    progress: &Progress,
) -> Result<u8, CliError> {
    let codes = all.iter().map(|done| done.summary.exit_code);
    let stopped = session.stop.cause();
    let stopped = stopped.filter(|cause| has_cut_short(cause, codes.clone()));
    let ended = Ended {
        imported: all,
        out_dirs: session.out_dirs(),
        stopped: stopped.as_ref(),
        typed: Typed {
            args: &args.common,
            metrics: Some(&args.metrics),
            job,
        },
    };
    let pages = Pages {
        plan: &session.plan.core,
        ledger: &session.ledger,
        is_sandbox: args.common.target.sandbox,
        stopped: ended.stopped,
        steps: &ended.next_steps(),
        shows_values: args.show_values,
    };
    let written = pages.write(all).await;
    tell_inputs(all, &session.survey, progress);
    if let Some(error) = failed {
        return Err(error.into());
    }
    written?;
    if args.show_values {
        terminal::say(VALUES_ARE_ON_THE_PAGE);
    }
    match ended.stopped {
        Some(cause) if progress.is_json() => terminal::say(&stopped_line(cause)),
        None if progress.is_json() => {}
        _ => terminal::out_page(&Page::of_text(&ended.next_step())),
    }
    Ok(codes.max().unwrap_or_default())
}

/// Whether an input ended by that cause, and not only after all was done: then its summary tells the same.
fn has_cut_short(cause: &StopCause, mut codes: impl Iterator<Item = u8>) -> bool {
    codes.any(|code| code == cause.exit_code())
}

/// Asks once, showing what would happen.
fn confirm(plan: &RunPlan, survey: &Survey, forecast: &Forecast) -> Result<(), CliError> {
    terminal::say_page(&survey::before_sending(survey, forecast, plan));
    if forecast.to_send.count == 0 {
        return Ok(()); // there is nothing to agree to
    }
    let agreed = dialoguer::Confirm::new()
        .with_prompt("Send them? A request in Concord cannot be taken back")
        .default(false)
        .interact()
        .unwrap_or(false);
    if agreed {
        Ok(())
    } else {
        Err(CliError::Declined)
    }
}

/// Imports all inputs; shows how it goes, and hears signals meanwhile.
async fn import_all(
    session: &Session,
    progress: &Progress,
) -> (Vec<Imported>, Option<ImportError>) {
    let signals = tokio::spawn(signals::obey(
        session.stop.clone(),
        session.events.clone(),
        progress.is_json(),
    ));
    let lines = tokio::spawn(progress.clone().tell_regularly());
    let done = session
        .importer()
        .import_all(&session.survey, session.out_dirs(), session.plan.limit)
        .await;
    lines.abort();
    signals.abort();
    progress.end();
    done
}

/// Tells what became of each input, for a person or for a program.
fn tell_inputs(imported: &[Imported], survey: &Survey, progress: &Progress) {
    for (done, input) in imported.iter().zip(&survey.inputs) {
        if progress.is_json() {
            terminal::out(&done.summary.to_line());
        } else {
            terminal::out_page(&ending::of_input(&input.name, done));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_after_the_last_summary_has_cut_nothing_short() {
        let is_cut = |codes: [u8; 2]| has_cut_short(&StopCause::Interrupted, codes.into_iter());
        assert!(is_cut([0, 130]));
        assert!(!is_cut([0, 1]));
    }
}
