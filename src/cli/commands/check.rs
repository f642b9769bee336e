//! `check` and `run --dry-run`: everything that can be known without sending. Offline.

use std::io;
use std::sync::Arc;

use crate::cli::args::{CommonArgs, Progress};
use crate::cli::explain::CliError;
use crate::cli::report_text::Report;
use crate::cli::resolve::{self, Surroundings};
use crate::cli::{report_json, survey, terminal};

const VALUES_ARE_SHOWN: &str = "WARNING: --show-values: the report shows PERSONAL DATA of the input as it is. Do not pass it on, and keep \
                                it out of logs and tickets.";

pub(in crate::cli) async fn check(
    args: &CommonArgs,
    shows_values: bool,
    around: &Surroundings,
) -> Result<u8, CliError> {
    let resolved = resolve::check(args, around, &mut io::stdin())?;
    let plan = Arc::new(resolved.plan);
    let survey = survey::take(&plan, args.output.progress).await?;
    let is_open = !survey.open_questions(&plan).is_empty();
    let exit_code = u8::from(survey.problems.count() > 0 || is_open);
    if shows_values {
        terminal::say(VALUES_ARE_SHOWN);
    }
    if args.output.progress == Progress::Json {
        let report = report_json::report(&survey, &plan.reading, shows_values, exit_code);
        terminal::out(&report.to_string());
    } else {
        let report = Report {
            survey: &survey,
            places: survey.places(),
            plan: &plan,
            args,
            job: resolved.job.as_deref(),
            shows_values,
        };
        terminal::out_page(&report.page());
    }
    Ok(exit_code)
}
