//! How an input ends on the screen: what became of its entries, and where the files are.

use std::path::Path;

use super::page::{Page, Tone};
use super::words::counted;
use crate::outcome::{Outcome, Tally};
use crate::report::Imported;

/// Where the remark on a count begins.
const REMARK_INDENT: usize = 22;
/// Where the folder of the files begins.
const FILES_INDENT: usize = 13;
/// Maximum number of reasons that are shown for an outcome.
const REASONS_MAX: usize = 3;

/// What became of one input, under the name that it was given.
#[expect(clippy::too_many_lines, reason = "the text from top to bottom")]
pub(super) fn of_input(name: &str, done: &Imported) -> Page {
    let tally = &done.summary.tally;
    let mut page = Page::default();
    page.gap().begin(0, 2).add(
        Tone::Title,
        format!(
            "{name}: {}, {}{}",
            counted(tally.rows, "row"),
            counted(tally.entries, "entry"),
            match tally.skipped_rows {
                0 => String::new(),
                1 => " (1 row yields none)".into(),
                skipped => format!(" ({skipped} rows yield none)"),
            }
        ),
    );
    for outcome in Outcome::ALL {
        let count = tally.count(outcome);
        if count > 0 || outcome == Outcome::Created {
            let tone = if count > 0 {
                tone_of(outcome)
            } else {
                Tone::Plain
            };
            line(
                &mut page,
                tone,
                outcome.label(),
                count,
                &remark(outcome, tally),
            );
        }
        if matches!(outcome, Outcome::Failed | Outcome::InDoubt) {
            add_reasons(&mut page, outcome, done);
        }
    }
    for (label, count, remark) in [
        (
            "(conflict)",
            tally.conflicts,
            "the key names different people or request types: see error_code `key_conflict`",
        ),
        (
            "(changed)",
            tally.changed,
            "key of an earlier entry, other content: see error_code `changed`",
        ),
        (
            "(differs)",
            tally.echo_differs,
            "Concord shows a property otherwise than it was sent: see error_code `echo_differs`",
        ),
        (
            "(twice)",
            tally.created_twice,
            "Concord holds it more than once: see error_code `created_twice`",
        ),
    ] {
        if count > 0 {
            line(&mut page, Tone::Doubtful, label, count, remark);
        }
    }
    let names = ["report.html", "results.csv", "summary.json"]
        .into_iter()
        .map(str::to_owned);
    let rejects = done
        .rejects
        .as_deref()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    let names: Vec<_> = names.chain(rejects).collect();
    page.begin(2, FILES_INDENT).add(
        Tone::Plain,
        format!(
            "files      {}: {}",
            done.out_dir.display(),
            names.join(", ")
        ),
    );
    if let Some(edited) = &done.summary.rejects.edited {
        page.begin(2, FILES_INDENT)
            .add(Tone::Doubtful, "kept       ")
            .add(
                Tone::Plain,
                format!(
                    "{}: the rejects as they were edited since the last run",
                    edited.display()
                ),
            );
    }
    page
}

/// Adds the most frequent reasons for an outcome. The next step depends on them.
fn add_reasons(page: &mut Page, outcome: Outcome, done: &Imported) {
    let reasons = done.gathered.refusals.iter();
    let reasons = reasons.filter(|reason| reason.outcome == outcome);
    for reason in reasons.take(REASONS_MAX) {
        page.begin(REMARK_INDENT, REMARK_INDENT).add(
            Tone::Plain,
            format!("{} × {}: {}", reason.count, reason.code, reason.message),
        );
    }
}

fn line(page: &mut Page, tone: Tone, label: &str, count: u64, remark: &str) {
    page.begin(2, REMARK_INDENT)
        .add(tone, format!("{label:<10} {count:>7}"))
        .add(Tone::Plain, format!("  {remark}"));
}

const fn tone_of(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Created => Tone::Good,
        Outcome::Duplicate | Outcome::NotSent => Tone::Plain,
        Outcome::Failed | Outcome::InDoubt => Tone::Doubtful,
        Outcome::Invalid | Outcome::Rejected => Tone::Bad,
    }
}

pub(super) fn remark(outcome: Outcome, tally: &Tally) -> String {
    match outcome {
        Outcome::Created => {
            let mut parts = Vec::new();
            if tally.already_created > 0 {
                parts.push(format!(
                    "{} now, {} by an earlier run",
                    tally.created_now, tally.already_created
                ));
            }
            if tally.recovered > 0 {
                parts.push(format!(
                    "{} found by look-up after a lost answer",
                    tally.recovered
                ));
            }
            if tally.corrected > 0 {
                parts.push(format!(
                    "{} for rows that cannot be sent as they are",
                    tally.corrected
                ));
            }
            parts.join("; ")
        }
        Outcome::Duplicate => "repeat of an earlier row".into(),
        Outcome::Invalid => "refused before sending".into(),
        Outcome::Rejected => "refused by Concord".into(),
        Outcome::Failed => "surely not created; a later run sends it again".into(),
        Outcome::InDoubt => "may exist in Concord: look before sending again".into(),
        Outcome::NotSent => String::new(),
    }
}
