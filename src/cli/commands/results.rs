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
use crate::ledger::{Ledger, LedgerError};
use crate::private_file::create_private_dir;
use crate::report::summary::{exit_code, run_input};
use crate::report::{Folders, ReportError, RunFigures};

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
    let folders = Folders {
        plan: &read,
        survey: &survey,
        ledger: &ledger,
    };
    let mut seen = survey.seen();
    let mut code = 0;
    let mut all = Vec::new();
    for (input, (one, out_dir)) in survey.inputs.iter().zip(&plan.out_dirs).enumerate() {
        create_private_dir(out_dir).map_err(|cause| ReportError::Write {
            path: out_dir.to_owned(),
            cause,
        })?;
        let run = ledger.run_of(run_input(one, input)).await?;
        let figures = run.as_ref().map(RunFigures::of).unwrap_or_default();
        let (done, seen_so_far) = folders
            .write(input, out_dir, figures, || None, seen)
            .await?;
        seen = seen_so_far;
        code = code.max(exit_code(None, &done.summary.tally));
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
