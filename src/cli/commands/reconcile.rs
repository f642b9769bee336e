//! `reconcile`: inputs and ledger against what Concord holds. Sends no POST.

use std::io;
use std::sync::Arc;

use super::target;
use crate::cli::args::CommonArgs;
use crate::cli::explain::CliError;
use crate::cli::progress::Progress;
use crate::cli::resolve::{self, Resolved, Surroundings};
use crate::cli::words::counted;
use crate::cli::{signals, survey, terminal};
use crate::ledger::Ledger;
use crate::reconcile::{ReconcileError, Reconciled, Reconciler};
use crate::report::reconciliation::Verdict;
use crate::stop::StopSignal;

pub(in crate::cli) async fn reconcile(
    args: &CommonArgs,
    around: &Surroundings,
) -> Result<u8, CliError> {
    let Resolved {
        plan,
        spools: _spools,
        ..
    } = resolve::run(args, around, &mut io::stdin())?;
    let read = Arc::new(plan.core.read.clone());
    let survey = survey::take(&read, args.output.progress).await?;
    let stop = StopSignal::default();
    let progress = Progress::new(args.output.progress);
    let events = progress.events();
    let (outbound, _sandbox) = target::reach(&plan, &stop, &events)?;
    let ledger = Ledger::open(&plan.core.ledger, &plan.core.target)?;
    let comparison = Reconciler {
        read,
        target: plan.core.target.clone(),
        settle: plan.sending.settle,
        ledger,
        ledger_path: plan.core.ledger.clone(),
        outbound: Arc::new(outbound),
        stop: stop.clone(),
        events: events.clone(),
    };
    let signals = tokio::spawn(signals::obey(stop.clone(), events, progress.is_json()));
    let ended = comparison.reconcile(&survey, &plan.core.out_dirs).await;
    signals.abort();
    progress.end();
    comparison.ledger.close().await;
    let compared = ended.map_err(|error| match (error, stop.cause()) {
        (ReconcileError::Stopped | ReconcileError::NoList(_), Some(cause)) => {
            CliError::Stopped(cause)
        }
        (error, _) => error.into(),
    })?;
    for one in &compared {
        terminal::out(&if progress.is_json() {
            one.to_line()
        } else {
            describe(one)
        });
    }
    let all_agree = compared.iter().all(|one| one.verdicts.all_agree());
    Ok(u8::from(!all_agree))
}

/// What came of one input, for a person.
fn describe(done: &Reconciled) -> String {
    let verdicts = &done.verdicts;
    let mut text = format!("\n{}:\n", done.input);
    let mut line = |label: &str, count: u64, remark: &str| {
        text += format!("  {label:<17} {count:>7}  {remark}").trim_end();
        text.push('\n');
    };
    for verdict in Verdict::ALL {
        let count = verdicts.count(verdict);
        if count > 0 || verdict == Verdict::InBoth {
            line(&verdict.name().replace('_', " "), count, remark_of(verdict));
        }
    }
    if verdicts.differing > 0 {
        line(
            "(differing)",
            verdicts.differing,
            "Concord shows some property otherwise than the input has it: see `differences`",
        );
    }
    text += &format!("  file  {}\n\n", done.path.display());
    let next = if verdicts.all_agree() {
        "Input, ledger and Concord agree.".to_owned()
    } else {
        next_step(done)
    };
    text + &next
}

const fn remark_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::InBoth => "in the ledger and in Concord, once",
        Verdict::OnlyInConcord => "the ledger did not know of it; now it does",
        Verdict::OnlyInLedger => "created once, and no longer in Concord's list",
        Verdict::TwiceInConcord => "more than one request in Concord: see `other_ids`",
        Verdict::InNeither => "not created: `concord-import run` sends it",
        Verdict::Unknown => "could not be told: see `remark`",
        Verdict::Duplicate => "repeat of an earlier row",
        Verdict::Invalid => "cannot be sent as it is: see `remark`",
        Verdict::Stranger => "bears a mark, and neither the inputs nor the ledger know it",
        Verdict::OfAnotherInput => "in the ledger, from another input",
    }
}

fn next_step(done: &Reconciled) -> String {
    let count = |verdict| done.verdicts.count(verdict);
    let mut steps = Vec::new();
    if count(Verdict::OnlyInConcord) > 0 {
        steps.push(
            "The ledger has been completed; the same command again shows what is left.".into(),
        );
    }
    if count(Verdict::InNeither) > 0 {
        let entries = counted(count(Verdict::InNeither), "entry");
        steps.push(format!(
            "To create what is missing ({entries}), run the import."
        ));
    }
    if count(Verdict::TwiceInConcord) > 0 {
        steps.push("Resolve one of each pair in Concord by hand: the API cannot delete.".into());
    }
    if count(Verdict::Stranger) > 0 {
        steps.push("Strangers come from inputs that are not named here: name them all.".into());
    }
    if count(Verdict::Invalid) > 0 {
        let rows = counted(count(Verdict::Invalid), "entry");
        steps.push(format!(
            "{rows} cannot be sent before the input is corrected."
        ));
    }
    if count(Verdict::OnlyInLedger) > 0 {
        steps.push("Ask in Concord what became of those that it no longer lists.".into());
    }
    steps.join("\n")
}
