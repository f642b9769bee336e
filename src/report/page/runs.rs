//! The last runs of the ledger: what a nightly import has done.

use maud::{Markup, html};
use serde::Deserialize;

use super::Page;
use super::charts::{Chart, Role, Series};
use super::figure::figure;
use super::text::{counted, moment, number, plain, short_moment, shown};
use crate::ledger::RunRecord;
use crate::outcome::Outcome;
use crate::report::gather::OPEN;

/// What a run's tally holds that is shown.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RunTally {
    entries: u64,
    counts: Vec<u64>,
    created_now: u64,
    already_created: u64,
}

impl RunTally {
    fn of(run: &RunRecord) -> Self {
        let text = run.tally.as_deref().unwrap_or("{}");
        serde_json::from_str(text).unwrap_or_default()
    }

    fn open(&self) -> u64 {
        let count = |outcome: &Outcome| self.counts.get(*outcome as usize).copied().unwrap_or(0);
        OPEN.iter().map(count).sum()
    }
}

pub(super) fn runs(page: &Page<'_>) -> Option<Markup> {
    let runs = &page.history.runs;
    if runs.len() < 2 {
        return None;
    }
    let tallies: Vec<_> = runs.iter().map(RunTally::of).collect();
    let oldest_first = |of: &dyn Fn(&RunTally) -> u64| {
        let values = tallies.iter().rev().map(of);
        values
            .map(|count| u32::try_from(count).ok().map(f64::from))
            .collect::<Vec<_>>()
    };
    let series = [
        Series {
            name: "created by that run".to_owned(),
            role: Role::Good,
            values: oldest_first(&|tally| tally.created_now),
        },
        Series {
            name: "not created".to_owned(),
            role: Role::Invalid,
            values: oldest_first(&RunTally::open),
        },
    ];
    let label = |column: usize| {
        let run = runs.iter().rev().nth(column);
        run.map_or_else(String::new, |run| short_moment(run.started_at))
    };
    let clean = runs.iter().filter(|run| run.exit_code == Some(0)).count();
    let created: u64 = tallies.iter().map(|tally| tally.created_now).sum();
    let summary = format!(
        "The last {} of this ledger, oldest first: {} created, {clean} ended with everything created.",
        counted(runs.len() as u64, "run"),
        counted(created, "request")
    );
    let chart = Chart {
        summary: &summary,
        series: &series,
        label: &label,
        told: plain,
        least_top: 1.0,
        is_lines: false,
        is_by_column: true,
    };
    Some(html! {
        h2 id="runs-title" { "How did the last runs go?" }
        (figure("Requests by run", &chart))
        div.scroll.tall tabindex="0" role="region" aria-label="The last runs" {
            table {
                thead { tr {
                    th.n scope="col" { "Run" } th scope="col" { "Began" } th scope="col" { "Input" } th scope="col" { "Ended" }
                    th.n scope="col" { "Created" } th.n scope="col" { "Before" } th.n scope="col" { "Not created" } th.n scope="col" { "Requests sent" }
                } }
                tbody { @for (run, tally) in runs.iter().zip(&tallies) {
                    tr aria-current=[(Some(run.id) == page.run).then_some("true")] {
                        th.n scope="row" { (run.id.0) }
                        td.nowrap { (moment(run.started_at).trim_end_matches(" UTC")) }
                        td.wide { (shown(&run.input.name)) }
                        td { (ended(run)) }
                        @if run.tally.is_some() {
                            (number(tally.created_now)) (number(tally.already_created)) (number(tally.open()))
                        } @else { td.n { "–" } td.n { "–" } td.n { "–" } }
                        (number(run.attempts))
                    }
                } }
            }
        }
    })
}

fn ended(run: &RunRecord) -> Markup {
    let (mark, told) = match (run.exit_code, run.is_live) {
        (Some(0), _) => ("✓", "complete".to_owned()),
        (Some(1), _) => ("!", "some not created".to_owned()),
        (Some(130 | 143), _) => ("■", "interrupted".to_owned()),
        (Some(code), _) => ("■", format!("stopped early (exit code {code})")),
        (None, true) => ("…", "under way".to_owned()),
        (None, false) => ("■", "died".to_owned()),
    };
    html! { span aria-hidden="true" { (mark) " " } (told) }
}
