//! `rows`: the rows of an input as they were understood, as clean UTF-8 CSV.

use std::io;

use crate::cli::args::RowsArgs;
use crate::cli::explain::CliError;
use crate::cli::resolve::{self, Surroundings};
use crate::cli::{survey, terminal};
use crate::intake::{self, IntakeError};

pub(in crate::cli) fn rows(args: &RowsArgs, around: &Surroundings) -> Result<u8, CliError> {
    let resolved = resolve::rows(args, around, &mut io::stdin())?;
    let plan = &resolved.plan;
    let mut out = terminal::stdout();
    let input = &plan.input;
    let written = intake::rows(
        input,
        &plan.reading,
        &mut out,
        &mut |shape| terminal::say(&format!("{}: {}", input.name, survey::describe(shape))),
        &mut |refused| {
            terminal::say(&format!(
                "REJECT {} {}",
                refused.position.line, refused.message
            ));
        },
    );
    match written {
        // Whoever read it has seen enough (`| head`).
        Err(IntakeError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(0),
    }
}
