//! One short file a command: what it does, in order. The work itself is elsewhere.

pub(super) mod check;
pub(super) mod map;
pub(super) mod reconcile;
pub(super) mod results;
pub(super) mod rows;
pub(super) mod run;
pub(super) mod sandbox;
pub(super) mod status;

use std::io::{self, Write};

use super::args::{CompletionsArgs, ManArgs, SchemaArgs};
use super::explain::CliError;
use super::{job, packaging};

/// `schema`
pub(super) fn schema(args: SchemaArgs) -> Result<u8, CliError> {
    let text = if args.reference {
        job::reference()
    } else {
        job::schema() + "\n"
    };
    io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .map_err(to_stdout)?;
    Ok(0)
}

/// `completions`
pub(super) fn completions(args: CompletionsArgs) -> Result<u8, CliError> {
    packaging::completions(args.shell, &mut io::stdout().lock()).map_err(to_stdout)?;
    Ok(0)
}

/// `man`
pub(super) fn man(args: &ManArgs) -> Result<u8, CliError> {
    match &args.dir {
        Some(dir) => packaging::man_pages(dir).map_err(|source| CliError::Write {
            what: format!("into {}", dir.display()),
            source,
        })?,
        None => packaging::man(&mut io::stdout().lock()).map_err(to_stdout)?,
    }
    Ok(0)
}

fn to_stdout(source: io::Error) -> CliError {
    CliError::Write {
        what: "to standard output".into(),
        source,
    }
}
