//! `run`: check everything, say what would happen, ask, send, write the files, tell the end.

use std::io;
use std::sync::Arc;

use super::target;
use crate::check::Survey;
use crate::cli::args::RunArgs;
use crate::cli::explain::CliError;
use crate::cli::metrics::Metrics;
use crate::cli::next_step::Ended;
use crate::cli::page::Page;
use crate::cli::progress::{Progress, describe, stopped_line};
use crate::cli::report_page::Pages;
use crate::cli::resolve::{self, Resolved, Surroundings};
use crate::cli::typed::Typed;
use crate::cli::{ending, signals, survey, terminal};
use crate::event::Event;
use crate::forecast::Forecast;
use crate::import::{ImportError, Imported, Importer};
use crate::ledger::Ledger;
use crate::plan::{RunPlan, Sending};
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
    let questions = survey.open_questions(&read);
    if !questions.is_empty() {
        return Err(CliError::Undecided(questions));
    }
    let progress = Progress::new(args.common.output.progress);
    if !progress.is_json() {
        for warning in survey::guessed_encodings(&survey) {
            terminal::say(&warning);
        }
    }
    let stop = StopSignal::default();
    let events = metrics.beside(progress.events());
    let (outbound, _sandbox) = target::reach(&plan, &stop, &events)?;
    // The ledger is bound to the plan's target: a sandbox has another port each time.
    let ledger = Ledger::open(&plan.core.ledger, &plan.core.target)?;
    let preflight = outbound.preflight(plan.core.target.project).await;
    if let Some(cause) = stop.cause() {
        // Nothing can be created there, so the project's name is of no use.
        progress.say_preflight_stopped(&cause);
    } else {
        if must_ask && !progress.is_told_to_people() {
            terminal::say(&describe(&preflight)); // who is asked has to know of what
        }
        events.tell(Event::Preflight(preflight));
    }
    if must_ask && !stop.is_raised() {
        let forecast = Forecast::of(&read, &survey, &ledger).await?;
        confirm(&plan, &survey, &forecast)?;
    }
    let outbound = Arc::new(outbound);
    let Sending {
        rate_per_s,
        concurrency,
        ..
    } = plan.sending;
    metrics.watch(&outbound, rate_per_s, concurrency.get());
    let importer = Importer {
        read,
        sending: plan.sending,
        ledger,
        outbound,
        stop,
        events,
    };
    let (all, failed) = import_all(&importer, &plan, &survey, &progress).await;
    if failed.is_none() {
        let tallies: Vec<_> = all.iter().map(|done| done.summary.tally).collect();
        metrics.count_as(&tallies);
    }
    let codes = all.iter().map(|done| done.summary.exit_code);
    let stopped = importer.stop.cause();
    let stopped = stopped.filter(|cause| has_cut_short(cause, codes.clone()));
    let ended = Ended {
        imported: &all,
        out_dirs: &plan.core.out_dirs,
        stopped: stopped.as_ref(),
        typed: Typed {
            args: &args.common,
            metrics: Some(&args.metrics),
            job: job.as_deref(),
        },
    };
    let pages = Pages {
        plan: &plan.core,
        ledger: &importer.ledger,
        is_sandbox: args.common.target.sandbox,
        stopped: ended.stopped,
        steps: &ended.next_steps(),
        shows_values: args.show_values,
    };
    let told = pages.write(&all).await;
    importer.ledger.close().await;
    tell_inputs(&all, &survey, &progress);
    if let Some(error) = failed {
        return Err(error.into());
    }
    told?;
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
    importer: &Importer,
    plan: &RunPlan,
    survey: &Survey,
    progress: &Progress,
) -> (Vec<Imported>, Option<ImportError>) {
    let signals = tokio::spawn(signals::obey(
        importer.stop.clone(),
        importer.events.clone(),
        progress.is_json(),
    ));
    let lines = tokio::spawn(progress.clone().tell_regularly());
    let done = importer
        .import_all(survey, &plan.core.out_dirs, plan.limit)
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
