//! `check` and `run --dry-run`: everything that can be known without sending. Offline.

use std::io;
use std::sync::Arc;

use crate::cli::args::CommonArgs;
use crate::cli::explain::CliError;
use crate::cli::resolve::{self, Surroundings};
use crate::cli::{survey, terminal};

pub(in crate::cli) async fn check(
    args: &CommonArgs,
    around: &Surroundings,
) -> Result<u8, CliError> {
    let resolved = resolve::check(args, around, &mut io::stdin())?;
    let survey = survey::take(&Arc::new(resolved.plan), args.output.progress).await?;
    terminal::out(&survey::report(&survey));
    Ok(u8::from(survey.problems.count() > 0))
}
