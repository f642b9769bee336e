//! `results`: the output folders again, from ledger and input. Sends nothing.

use std::io;
use std::sync::Arc;

use super::run::VALUES_ARE_ON_THE_PAGE;
use crate::cli::args::CommonArgs;
use crate::cli::explain::CliError;
use crate::cli::next_step::Ended;
use crate::cli::report_page::Pages;
use crate::cli::resolve::{self, Surroundings};
use crate::cli::typed::Typed;
use crate::cli::{ending, survey, terminal};
use crate::import::Imported;
use crate::ledger::{Ledger, LedgerError};
use crate::outcome::Traffic;
use crate::private_file::create_private_dir;
use crate::report::summary::{Summary, exit_code, run_input};
use crate::report::{Projected, Projection, ReportError};
use crate::today;

pub(in crate::cli) async fn results(
    args: &CommonArgs,
    shows_values: bool,
    around: &Surroundings,
) -> Result<u8, CliError> {
    let resolved = resolve::results(args, around, &mut io::stdin())?;
    let plan = &resolved.plan;
    if !plan.ledger.exists() {
        let path = plan.ledger.clone();
        return Err(LedgerError::Missing { path }.into());
    }
    let read = Arc::new(plan.read.clone());
    let survey = survey::take(&read, args.output.progress).await?;
    let ledger = Ledger::open(&plan.ledger, &plan.target)?;
    let places = survey.places();
    let mut seen = survey.seen();
    let mut code = 0;
    let mut all = Vec::new();
    for (input, (one, out_dir)) in survey.inputs.iter().zip(&plan.out_dirs).enumerate() {
        create_private_dir(out_dir).map_err(|cause| ReportError::Write {
            path: out_dir.to_owned(),
            cause,
        })?;
        let run = ledger.run_of(run_input(one, input)).await?;
        let projection = Projection {
            plan: &read,
            input,
            places: &places,
            sha256: &one.digest.sha256,
            ledger: &ledger,
            run: run.as_ref().map(|run| run.id),
            date_order: one.date_order.as_ref(),
            today: today(),
            out_dir,
        };
        let (projected, seen_so_far) = projection.write(seen).await?;
        let Projected {
            tally,
            rejects,
            gathered,
        } = projected;
        seen = seen_so_far;
        let summary = Summary {
            input: run_input(one, input),
            tally,
            traffic: run
                .as_ref()
                .map(|run| Traffic {
                    attempts: run.attempts,
                    lookups: run.lookups,
                })
                .unwrap_or_default(),
            started_at: run.as_ref().map(|run| run.started_at),
            finished_at: run.as_ref().and_then(|run| run.finished_at),
            exit_code: run
                .as_ref()
                .and_then(|run| run.exit_code)
                .unwrap_or_else(|| exit_code(None, &tally)),
            rejects: rejects.clone(),
        };
        summary.write(out_dir)?;
        code = code.max(exit_code(None, &tally));
        let done = Imported {
            summary,
            rejects: rejects.path,
            out_dir: out_dir.to_owned(),
            run: run.map(|run| run.id),
            gathered,
        };
        terminal::out_page(&ending::of_input(&one.name, &done));
        all.push(done);
    }
    let ended = Ended {
        imported: &all,
        out_dirs: &plan.out_dirs,
        stopped: None,
        typed: Typed {
            args,
            metrics: None,
            job: resolved.job.as_deref(),
        },
    };
    let pages = Pages {
        plan,
        ledger: &ledger,
        is_sandbox: args.target.sandbox,
        stopped: None,
        steps: &ended.next_steps(),
        shows_values,
    };
    pages.write(&all).await?;
    if shows_values {
        terminal::say(VALUES_ARE_ON_THE_PAGE);
    }
    ledger.close().await;
    Ok(code)
}
