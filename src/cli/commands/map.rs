//! `map`: proposes a job file for an input.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::args::MapArgs;
use crate::cli::explain::CliError;
use crate::cli::resolve::{self, STDIN, Surroundings};
use crate::cli::typed::word;
use crate::cli::words::counted;
use crate::cli::{ask, survey, terminal};
use crate::private_file::Replacement;
use crate::propose::{self, Proposal, UNDECIDED};

pub(in crate::cli) fn map(args: &MapArgs, around: &Surroundings) -> Result<u8, CliError> {
    if args.interactive && !terminal::can_ask() {
        return Err(CliError::NoTerminal);
    }
    if let Some(output) = args
        .output
        .as_ref()
        .filter(|output| !args.force && output.exists())
    {
        return Err(CliError::JobExists(output.clone()));
    }
    if let Some(job) = args.job.as_ref().filter(|job| terminal::is_output(job)) {
        return Err(CliError::JobIsOutput(job.clone()));
    }
    let resolved = resolve::map(args, around, &mut io::stdin())?;
    let plan = &resolved.plan;
    let mut proposal = propose::propose(&plan.input, &plan.reading).map_err(|error| {
        if args.job.is_none() {
            CliError::Unmapped(error)
        } else {
            error.into()
        }
    })?;
    let understood = survey::describe(&proposal.shape);
    terminal::say(&format!(
        "{}: {understood}; {}",
        proposal.input,
        counted(proposal.rows(), "row")
    ));
    if args.interactive {
        ask::ask(&mut proposal).map_err(|_| CliError::Unanswered)?;
    }
    let text = proposal.to_toml();
    match &args.output {
        Some(output) => write(output, &text).map_err(|source| CliError::Write {
            what: output.display().to_string(),
            source,
        })?,
        None => terminal::out(text.trim_end()),
    }
    terminal::say(&next_step(args, &proposal, resolved.job.as_deref()));
    Ok(0)
}

fn write(output: &Path, text: &str) -> io::Result<()> {
    let file = Replacement::begin(output)?;
    file.file().write_all(text.as_bytes())?;
    file.finish()
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || one
            .canonicalize()
            .is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// Most names that are tried for a proposal.
const NAMES_TRIED_MAX: u32 = 100;

/// A name beside a file that is not there yet: `backlog-2.toml`.
fn another(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().display().to_string();
    (2..=NAMES_TRIED_MAX)
        .map(|number| path.with_file_name(format!("{stem}-{number}.toml")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| path.to_owned())
}

/// What to do next, with a command to copy. `beside`: where a job file for this input is found by itself.
fn next_step(args: &MapArgs, proposal: &Proposal, beside: Option<&Path>) -> String {
    let job = args
        .output
        .as_deref()
        .or(beside)
        .unwrap_or(Path::new("job.toml"));
    // A shell empties the file that output goes into before it is read.
    let is_read =
        args.output.is_none() && args.job.as_deref().is_some_and(|read| is_same(read, job));
    let job = if is_read { &another(job) } else { job };
    let mut step = String::from("\nNext, ");
    if args.output.is_none() {
        step += &format!("save this as {}, ", word(job));
    }
    let marks = proposal.undecided();
    if marks > 0 {
        step += &format!("decide what is \"{UNDECIDED}\" in it ({marks}), ");
    }
    step += "look at the rest, and";
    let pipe = if args.input == Path::new(STDIN) {
        "… | "
    } else {
        ""
    };
    format!(
        "{step} check:\n  {pipe}concord-import check {} --job {}",
        word(&args.input),
        word(job)
    )
}
