//! `reconcile`: inputs and ledger against what Concord holds. Sends no POST.

use std::io;
use std::sync::Arc;

use crate::cli::args::CommonArgs;
use crate::cli::explain::CliError;
use crate::cli::page::Page;
use crate::cli::progress::Progress;
use crate::cli::resolve::{self, Resolved, Surroundings};
use crate::cli::session::Session;
use crate::cli::typed::{Changes, Typed, Verb};
use crate::cli::words::counted;
use crate::cli::{signals, survey, terminal};
use crate::reconcile::{ReconcileError, Reconciled};
use crate::report::reconciliation::{Verdict, Verdicts};
use crate::stop::StopSignal;

pub(in crate::cli) async fn reconcile(
    args: &CommonArgs,
    around: &Surroundings,
) -> Result<u8, CliError> {
    let Resolved {
        plan,
        job,
        spools: _spools,
    } = resolve::reconcile(args, around, &mut io::stdin())?;
    let read = Arc::new(plan.core.read.clone());
    let survey = survey::take(&read, args.output.progress).await?;
    let stop = StopSignal::default();
    let progress = Progress::new(args.output.progress);
    let events = progress.events();
    let session = Session::open(plan, read, survey, stop.clone(), events.clone())?;
    let signals = tokio::spawn(signals::obey(stop.clone(), events, progress.is_json()));
    let ended = session
        .reconciler()
        .reconcile(&session.survey, session.out_dirs())
        .await;
    signals.abort();
    progress.end();
    session.ledger.close().await;
    let compared = ended.map_err(|error| match (error, stop.cause()) {
        (ReconcileError::Stopped | ReconcileError::NoList(_), Some(cause)) => {
            CliError::Stopped(cause)
        }
        (error, _) => error.into(),
    })?;
    for one in &compared {
        if progress.is_json() {
            terminal::out(&one.to_line());
        } else {
            terminal::out_page(&Page::of_text(&describe(one)));
        }
    }
    if !progress.is_json() {
        let typed = Typed {
            args,
            metrics: None,
            job: job.as_deref(),
        };
        let steps = next_steps(&compared, typed).join("\n\n");
        terminal::out_page(&Page::of_text(&format!("\n{steps}")));
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
    for (label, count, remark) in [
        (
            "(differing)",
            verdicts.differing,
            "Concord shows some property otherwise than the input has it: see `differences`",
        ),
        (
            "(changed)",
            verdicts.changed,
            "the row has changed since it was sent, in what Concord does not show",
        ),
        (
            "(other in ledger)",
            verdicts.other_in_ledger,
            "the ledger has another request than Concord shows: see `remark`",
        ),
    ] {
        if count > 0 {
            line(label, count, remark);
        }
    }
    text + &format!("  file  {}", done.path.display())
}

const fn remark_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::InBoth => "in the ledger and in Concord, once",
        Verdict::OnlyInConcord => "the ledger did not know of it; now it does",
        Verdict::OnlyInLedger => "created, and not in Concord's list",
        Verdict::TwiceInConcord => "more than one request in Concord: see `other_ids`",
        Verdict::InNeither => "not created: `concord-import run` sends it",
        Verdict::Unknown => "could not be told: see `remark`",
        Verdict::Duplicate => "repeat of an earlier row",
        Verdict::Invalid => "cannot be sent as it is: see `remark`",
        Verdict::Stranger => {
            "bears a mark that neither inputs nor ledger knew; the ledger has it now"
        }
        Verdict::OfAnotherInput => "in the ledger, from another input",
    }
}

/// What to do about all inputs together, one paragraph a step; commands to copy where there are any.
#[expect(clippy::too_many_lines, reason = "one paragraph for each case")]
fn next_steps(compared: &[Reconciled], typed: Typed<'_>) -> Vec<String> {
    let sum = |count: &dyn Fn(&Verdicts) -> u64| -> u64 {
        compared.iter().map(|one| count(&one.verdicts)).sum()
    };
    let count = |verdict| sum(&|verdicts| verdicts.count(verdict));
    let entries = |count| counted(count, "entry");
    let mut steps = Vec::new();
    let strangers = count(Verdict::Stranger);
    if strangers > 0 {
        steps.push(format!(
            "Concord holds {} with marks that neither these inputs nor the ledger knew. The ledger has them now, so that a \
             run over the input they came from does not create them again.\n\
             Next, to learn which they are, with that input named at the end of it (or as a command of its own, if another \
             job file is its own):\n  {}",
            counted(strangers, "request"),
            typed.command(Verb::Reconcile, Changes::default())
        ));
    }
    if count(Verdict::OnlyInConcord) > 0 {
        let step = typed.again(Verb::Reconcile, "to see what is left", None);
        steps.push(format!("The ledger has been completed. {step}"));
    }
    let missing = count(Verdict::InNeither);
    if missing > 0 {
        let purpose = format!("to create what is missing ({})", entries(missing));
        let step = typed.again(Verb::Run, &purpose, None);
        steps.push(if strangers > 0 {
            // With another key, or with none and other content, they can be the same requests.
            format!("First make sure that what is missing is not among those. {step}")
        } else {
            step
        });
    }
    if count(Verdict::Unknown) > 0 {
        steps.push(format!(
            "{} could not be told: `remark` says why, and what to do.",
            entries(count(Verdict::Unknown))
        ));
    }
    if count(Verdict::TwiceInConcord) > 0 {
        steps.push("Of each that is twice in Concord, resolve all but one there by hand: the API cannot delete.".into());
    }
    let differing = sum(&|verdicts| verdicts.differing);
    if differing > 0 {
        steps.push(format!(
            "Concord shows {} otherwise than the input: `differences` says in what. Where the input is right, \
             change that in Concord by hand: what exists is not sent again.",
            entries(differing)
        ));
    }
    let changed = sum(&|verdicts| verdicts.changed);
    if changed > 0 {
        steps.push(format!(
            "{} changed since sent, in a property that Concord's list does not show (such as `userId`): those with that \
             `remark`. Where the row is right, change the request in Concord by hand: what exists is not sent again, and this \
             is told for as long as the row is not what was sent.",
            entries(changed)
        ));
    }
    let other_in_ledger = sum(&|verdicts| verdicts.other_in_ledger);
    if other_in_ledger > 0 {
        steps.push(format!(
            "For {} the ledger has another request than Concord lists: its id is in `remark`. Find out in Concord what became \
             of it.",
            entries(other_in_ledger)
        ));
    }
    if count(Verdict::Invalid) > 0 {
        let invalid = entries(count(Verdict::Invalid));
        let existing = match sum(&|verdicts| verdicts.keys_exist) {
            0 => String::new(),
            existing => format!(
                " Concord has a request with the key of {existing} of them: compare it with the row."
            ),
        };
        steps.push(format!(
            "{invalid} cannot be sent before the input is corrected: `remark` says why.{existing}"
        ));
    }
    if count(Verdict::OnlyInLedger) > 0 {
        steps.push(
            "Look in Concord for those that its list does not show: perhaps the API key may not read all requests.".into(),
        );
    }
    if steps.is_empty() {
        steps.push("Inputs, ledger and Concord agree.".into());
    }
    steps
}
