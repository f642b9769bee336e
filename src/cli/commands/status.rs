//! `status`: runs and totals in the ledger.

use jiff::Timestamp;

use crate::cli::args::StatusArgs;
use crate::cli::explain::CliError;
use crate::cli::page::Page;
use crate::cli::resolve::{self, Surroundings};
use crate::cli::terminal;
use crate::cli::words::counted;
use crate::ledger::{Overview, RunKind, RunRecord, overview};

/// Runs that are shown, the newest first.
const RUNS_SHOWN: u32 = 20;

pub(in crate::cli) fn status(args: &StatusArgs, around: &Surroundings) -> Result<u8, CliError> {
    let ledgers = resolve::status(args, around)?;
    if ledgers.is_empty() {
        terminal::out(
            "No ledger yet: nothing has been imported by this user. (--ledger names one elsewhere.)",
        );
    }
    let mut code = 0;
    for path in ledgers {
        match overview(&path, RUNS_SHOWN) {
            Ok(overview) => {
                let mut page = Page::of_text(&describe(&overview));
                page.gap();
                terminal::out_page(&page);
            }
            // The others can be told of all the same.
            Err(error) => {
                let error = CliError::from(error);
                code = error.exit_code();
                error.say(false);
            }
        }
    }
    Ok(code)
}

fn describe(overview: &Overview) -> String {
    let Overview { totals, target, .. } = overview;
    let mut lines = vec![
        format!(
            "ledger    {} (format {})",
            overview.path.display(),
            overview.format
        ),
        format!(
            "project   {} of organization {}",
            target.project, target.organization
        ),
        format!("          at {}", target.base_url),
        format!(
            "entries   {} created · {} rejected · {} failed · {} in doubt · {} claimed",
            totals.created, totals.rejected, totals.failed, totals.in_doubt, totals.claimed
        ),
    ];
    if overview.runs.is_empty() {
        lines.push("runs      none yet".to_owned());
    }
    let runs = overview.runs.iter().enumerate();
    lines.extend(runs.map(|(index, run)| {
        format!(
            "{}{}",
            if index == 0 {
                "runs      "
            } else {
                "          "
            },
            describe_run(run)
        )
    }));
    lines.join("\n")
}

fn describe_run(run: &RunRecord) -> String {
    let began = Timestamp::try_from(run.started_at).map_or_else(
        |_| "?".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
    );
    let (kind, died) = match run.kind {
        RunKind::Import => ("import", "died: the same command resumes"),
        RunKind::Reconciliation => ("reconcile", "died: nothing was sent, compare again"),
    };
    let ended = match (run.exit_code, run.is_live) {
        (Some(code), _) => format!("exit code {code}"),
        (None, true) => "under way".to_owned(),
        (None, false) => died.to_owned(),
    };
    format!(
        "#{} {began} {kind} {}: {ended}, {} sent, {}",
        run.id.0,
        run.input.name,
        counted(run.attempts, "request"),
        counted(run.lookups, "look-up")
    )
}
