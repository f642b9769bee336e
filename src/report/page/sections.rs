//! The page from top to bottom: how it went, what remains, what next; then one section for each question.

use maud::{Markup, PreEscaped, html};

use super::charts::{Role, bar, swatch};
use super::text::{counted, moment, number, percent, shown, ticked};
use super::{Page, over_time, problems, runs, table};
use crate::codes::{OutcomeCode, ProblemCode, ReasonCode};
use crate::entry::RequestType;
use crate::numbers::{duration, grouped};
use crate::outcome::{Outcome, Tally};
use crate::report::gather::{AGES_DAYS, ATTEMPTS_MAX, OPEN};

const PATTERNS: &str = concat!(
    "<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\" focusable=\"false\"><defs>",
    "<pattern id=\"p-doubt\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><rect width=\"6\" height=\"6\"/>",
    "<path d=\"M-1 1l2-2M0 6l6-6M5 7l2-2\"/></pattern>",
    "<pattern id=\"p-rejected\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\"><rect width=\"5\" height=\"5\"/>",
    "<circle cx=\"2.5\" cy=\"2.5\" r=\"1.1\"/></pattern>",
    "<pattern id=\"p-invalid\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><rect width=\"4\" height=\"4\"/>",
    "<path d=\"M0 1h4\"/></pattern>",
    "<pattern id=\"p-waiting\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><rect width=\"6\" height=\"6\"/>",
    "<path d=\"M-1 5l2 2M0 0l6 6M5-1l2 2\"/></pattern>",
    "</defs></svg>"
);

/// How it ended, in one word that the style and the mark at the top go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Complete,
    Partly,
    Stopped,
    Empty,
}

fn end(page: &Page<'_>) -> End {
    let tally = &page.summary.tally;
    match page.summary.exit_code {
        _ if page.stopped.is_some() => End::Stopped,
        3 | 130 | 143 if !tally.is_complete() => End::Stopped,
        _ if tally.entries == 0 => End::Empty,
        _ if tally.is_complete() => End::Complete,
        _ => End::Partly,
    }
}

/// Requests that there should be in the end.
fn wanted(tally: &Tally) -> u64 {
    tally.entries - tally.count(Outcome::Duplicate)
}

fn headline(page: &Page<'_>) -> String {
    let tally = &page.summary.tally;
    let (created, wanted) = (tally.count(Outcome::Created), wanted(tally));
    let of = format!("{} of {}", grouped(created), counted(wanted, "request"));
    match end(page) {
        End::Empty => "The input holds no entry".to_owned(),
        End::Complete if wanted == 0 => "Every entry repeats an earlier one".to_owned(),
        End::Complete if wanted == 1 => "The request is created".to_owned(),
        End::Complete => format!("All {} requests are created", grouped(wanted)),
        End::Stopped => format!("Stopped early: {of} created"),
        End::Partly => format!("{of} created"),
    }
}

pub(super) fn title(page: &Page<'_>) -> String {
    format!("{} – {}", headline(page), shown(&page.summary.input.name))
}

pub(super) fn body(page: &Page<'_>) -> Markup {
    let sections = [
        ("requests", "Requests", requests(page)),
        ("deadlines", "Deadlines", deadlines(page)),
        ("problems", "Problems", problems::problems(page)),
        ("time", "Over time", over_time::over_time(page)),
        ("attempts", "Attempts", attempts(page)),
        ("runs", "Runs", runs::runs(page)),
        ("left", "Not created", table::left(page)),
    ];
    html! {
        (PreEscaped(PATTERNS))
        a.skip href="#main" { "Skip to the content" }
        (top(page))
        @if sections.iter().any(|(.., section)| section.is_some()) {
            nav aria-label="Sections" {
                ul {
                    @for (id, name, section) in &sections {
                        @if section.is_some() { li { a href={ "#" (id) } { (name) } } }
                    }
                }
            }
        }
        main id="main" {
            @for (id, _, section) in &sections {
                @if let Some(section) = section {
                    section id=(id) aria-labelledby={ (id) "-title" } { (section) }
                }
            }
        }
        (bottom(page))
    }
}

// The first screen. -----------------------------------------------------------------------------

fn top(page: &Page<'_>) -> Markup {
    let (class, mark) = match end(page) {
        End::Complete => ("good", "✓"),
        End::Partly => ("partly", "!"),
        End::Stopped => ("stopped", "×"),
        End::Empty => ("empty", "–"),
    };
    let input = &page.summary.input;
    html! {
        header class={ "top " (class) } {
            p.kicker { "Import report" span.file { (shown(&input.name)) } }
            h1 { span.mark aria-hidden="true" { (mark) } (headline(page)) }
            @if let Some(stopped) = &page.stopped {
                p.lede { (sentence(&stopped.cause)) ". " (sentence(&stopped.hint)) "." }
            }
            @if page.shows_values {
                p.warning role="note" {
                    strong { "This page shows personal data. " }
                    "It was made with --show-values: examples and keys stand here as they are in the input. Do not pass it on."
                }
            }
            @if page.is_sandbox {
                p.note role="note" { strong { "Sandbox. " } "Nothing was sent to Concord." }
            }
            div.first {
                (remains(page))
                (next(page))
            }
            (facts(page))
        }
    }
}

/// A text from outside that begins a sentence.
fn sentence(text: &str) -> String {
    let text = shown(text);
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

fn remains(page: &Page<'_>) -> Markup {
    let tally = &page.summary.tally;
    let open: Vec<_> = OPEN
        .into_iter()
        .filter(|open| tally.count(*open) > 0)
        .collect();
    let created = tally.count(Outcome::Created);
    let line = |outcome: Outcome| {
        let remark = (page.remark)(outcome, tally);
        html! {
            li {
                span.number { (grouped(tally.count(outcome))) }
                span.what { (swatch(role_of(outcome))) b { (outcome.label()) } @if !remark.is_empty() { " " span.quiet { (remark) } } }
            }
        }
    };
    html! {
        section.counts aria-labelledby="counts-title" {
            h2 id="counts-title" { "What became of it" }
            ul.tally {
                (line(Outcome::Created))
                @if tally.count(Outcome::Duplicate) > 0 { (line(Outcome::Duplicate)) }
                @for outcome in &open { (line(*outcome)) }
            }
            @if tally.corrected > 0 {
                p.quiet { (counted(tally.corrected, "entry")) " created by an earlier run, from a corrected copy or an earlier state of the row, which cannot be sent as it is. See "
                    code { (OutcomeCode::Corrected.as_str()) } " in results.csv." }
            }
            @if tally.conflicts > 0 {
                p.quiet { (counted(tally.conflicts, "entry")) " not sent because the key names different people or request types. See "
                    code { (ProblemCode::KeyConflict.as_str()) } " in results.csv." }
            }
            @if tally.changed > 0 {
                p.quiet { (counted(tally.changed, "entry")) " with the key of an earlier one and other content: not sent. See "
                    code { (OutcomeCode::Changed.as_str()) } " in results.csv." }
            }
            @if tally.echo_differs > 0 {
                p.quiet { (counted(tally.echo_differs, "request")) " shown by Concord otherwise than sent. See "
                    code { (OutcomeCode::EchoDiffers.as_str()) } " in results.csv." }
            }
            @if tally.created_twice > 0 {
                p.quiet { (counted(tally.created_twice, "entry")) " held by Concord more than once. See "
                    code { (OutcomeCode::CreatedTwice.as_str()) } " in results.csv." }
            }
            @if open.is_empty() && created > 0 && !tally.has_oddities() { p.quiet { "Nothing remains to do." } }
        }
    }
}

/// A command that is longer is not shown.
const STEP_BYTES_MAX: usize = 16 << 10;

fn next(page: &Page<'_>) -> Markup {
    let mut commands = 0;
    html! {
        section.next aria-labelledby="next-title" {
            h2 id="next-title" { "What next" }
            @for step in page.steps {
                @for line in step.lines() {
                    @if line.len() > STEP_BYTES_MAX {
                        p { "The command names too many inputs for this page; the terminal has shown it." }
                    } @else if let Some(command) = line.strip_prefix("  ") {
                        @let id = { commands += 1; format!("command-{commands}") };
                        div.command {
                            pre tabindex="0" { code id=(id) { (command) } }
                            button type="button" hidden data-copy=(id) { "Copy" span.unseen { " the command" } }
                        }
                    } @else {
                        p { (ticked(line)) }
                    }
                }
            }
        }
    }
}

fn facts(page: &Page<'_>) -> Markup {
    let summary = page.summary;
    let took = summary
        .started_at
        .zip(summary.finished_at)
        .and_then(|(from, to)| to.duration_since(from).ok());
    html! {
        dl.facts {
            div { dt { "Input" } dd { (counted(summary.tally.rows, "row")) ", " (counted(summary.tally.entries, "entry"))
                @if summary.tally.skipped_rows > 0 { ", " (counted(summary.tally.skipped_rows, "row")) " without one" } } }
            div { dt { "Began" } dd { @match summary.started_at { Some(at) => (moment(at)), None => "not known" }
                @if let Some(took) = took { ", took " (duration(took)) } } }
            div { dt { "Sent" } dd { (counted(summary.traffic.attempts, "request")) ", " (counted(summary.traffic.lookups, "look-up")) } }
            div { dt { "Project" } dd.id { (page.target.project) } }
            div { dt { "At" } dd.id { @if page.is_sandbox { "a sandbox on this machine" } @else { (shown(&page.target.base_url)) } } }
            div { dt { "SHA-256 of the input" } dd.id { (summary.input.sha256) } }
        }
    }
}

fn bottom(page: &Page<'_>) -> Markup {
    html! {
        footer {
            p {
                "Made " (moment(page.now)) " by concord-import " (env!("CARGO_PKG_VERSION"))
                @if let Some(run) = page.run { ", run " (run.0) " of its ledger" }
                ", exit code " (page.summary.exit_code) ". "
                "This page loads nothing and sends nothing. "
                @if page.shows_values { "It shows values of the input as they are." }
                @else {
                    "Values of people are masked: j…@e…, +44…21. Keys stand as they are, unless they tell of a person or look like an address or \
                     a number."
                }
            }
            p {
                "Every entry is in " code { "results.csv" }
                @if let Some(rejects) = &page.rejects { ", rows to correct are in " code { (rejects) } }
                ", numbers for programs in " code { "summary.json" } "."
            }
        }
    }
}

const fn role_of(outcome: Outcome) -> Role {
    match outcome {
        Outcome::Created => Role::Good,
        Outcome::Duplicate => Role::Quiet,
        Outcome::Invalid => Role::Invalid,
        Outcome::Rejected => Role::Rejected,
        Outcome::Failed => Role::Failed,
        Outcome::InDoubt => Role::Doubt,
        Outcome::NotSent => Role::Waiting,
    }
}

// Requests by type. -----------------------------------------------------------------------------

fn requests(page: &Page<'_>) -> Option<Markup> {
    let counts = &page.gathered.by_request;
    let sum = |row: &[u64]| row.iter().sum::<u64>();
    let longest = counts
        .iter()
        .map(|row| sum(row))
        .max()
        .filter(|most| *most > 0)?;
    let present: Vec<_> = Outcome::ALL
        .into_iter()
        .filter(|outcome| page.summary.tally.count(*outcome) > 0)
        .collect();
    let names = RequestType::ALL
        .map(RequestType::name)
        .into_iter()
        .chain(["not known"]);
    Some(html! {
        h2 id="requests-title" { "What became of each kind of request?" }
        div.scroll tabindex="0" role="region" aria-label="Outcomes by kind of request" {
            table.bars {
                thead { tr {
                    th scope="col" { "Request" }
                    th.barred scope="col" aria-hidden="true" {}
                    th.n scope="col" { "Entries" }
                    @for outcome in &present { th.n scope="col" { (swatch(role_of(*outcome))) (outcome.label()) } }
                } }
                tbody {
                    @for (name, row) in names.zip(counts).filter(|(_, row)| sum(*row) > 0) {
                        tr {
                            th scope="row" { @if name == "not known" { (name) } @else { code { (name) } } }
                            td.barred aria-hidden="true" { (bar(&parts(row), longest)) }
                            td.n { (grouped(sum(row))) }
                            @for outcome in &present { (number(row[*outcome as usize])) }
                        }
                    }
                }
            }
        }
    })
}

fn parts(row: &[u64; Outcome::ALL.len()]) -> Vec<(Role, u64)> {
    let outcomes = Outcome::ALL.into_iter();
    outcomes
        .map(|outcome| (role_of(outcome), row[outcome as usize]))
        .collect()
}

// Deadlines. ------------------------------------------------------------------------------------

fn deadlines(page: &Page<'_>) -> Option<Markup> {
    let ages = page.gathered.ages.as_ref()?;
    if page.summary.tally.entries == 0 {
        return None;
    }
    let [sooner, later, _] = AGES_DAYS;
    let [created_sooner, open_sooner] = ages.older_than(0);
    let [created_later, open_later] = ages.older_than(1);
    let column = page.received.unwrap_or_default();
    let longest = ages
        .counts
        .iter()
        .map(|row| row[0] + row[1])
        .max()
        .unwrap_or(0);
    Some(html! {
        h2 id="deadlines-title" { "Which requests are overdue already?" }
        ul.figures {
            li { b { (grouped(open_sooner)) } " not created and older than " (sooner) " days" }
            li { b { (grouped(open_later)) } " of them older than " (later) " days" }
            li { b { (grouped(created_sooner)) } " created and older than " (sooner) " days, "
                (grouped(created_later)) " of them older than " (later) }
            @if let Some(oldest) = ages.oldest_open { li { b { (oldest) } " is the oldest that is not created" } }
        }
        div.scroll tabindex="0" role="region" aria-label="Requests by age" {
            table.bars {
                thead { tr {
                    th scope="col" { "Age on " (ages.today) }
                    th.barred scope="col" aria-hidden="true" {}
                    th.n scope="col" { (swatch(Role::Good)) "created" }
                    th.n scope="col" { (swatch(Role::Waiting)) "not created" }
                } }
                tbody {
                    @for (class, row) in ages.counts.iter().enumerate() {
                        tr {
                            th scope="row" { (age_class(class)) }
                            td.barred aria-hidden="true" { (bar(&[(Role::Good, row[0]), (Role::Waiting, row[1])], longest)) }
                            (number(row[0])) (number(row[1]))
                        }
                    }
                    @if ages.undated != [0, 0] {
                        tr { th scope="row" { "not known" } td.barred aria-hidden="true" {} (number(ages.undated[0])) (number(ages.undated[1])) }
                    }
                }
            }
        }
        p.quiet {
            "Assumed: an answer is due after one month by the GDPR, counted here as " (sooner) " days, and after " (later)
            " days by the CCPA, from the day in column " code { (shown(column.trim())) } " to " (ages.today)
            " (UTC). Extensions, pauses and other laws are not known here, nor whether Concord's people have answered. Repeats are left out."
        }
    })
}

fn age_class(class: usize) -> String {
    match (
        class.checked_sub(1).map(|below| AGES_DAYS[below]),
        AGES_DAYS.get(class),
    ) {
        (None, Some(most)) => format!("up to {most} days"),
        (Some(below), Some(most)) => format!("{} to {most} days", below + 1),
        (Some(below), None) => format!("more than {below} days"),
        (None, None) => String::new(),
    }
}

// Attempts. -------------------------------------------------------------------------------------

fn attempts(page: &Page<'_>) -> Option<Markup> {
    let counts = &page.gathered.attempts;
    let longest = counts.iter().copied().max().unwrap_or(0);
    let all: u64 = counts.iter().sum();
    let used = counts.iter().rposition(|count| *count > 0).unwrap_or(0) + 1;
    let mut reasons = page
        .history
        .timeline
        .as_ref()
        .map(|timeline| timeline.reasons.clone())
        .unwrap_or_default();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let most = reasons.iter().map(|(_, count)| *count).max().unwrap_or(0);
    // An outage or a key that is refused leaves attempts that are no entry's.
    if longest == 0 && most == 0 {
        return None;
    }
    Some(html! {
        h2 id="attempts-title" {
            @if longest > 0 { "How many attempts did it take, and why?" } @else { "Why did attempts create nothing?" }
        }
        @if longest > 0 { div.scroll tabindex="0" role="region" aria-label="Entries by attempts" {
            table.bars {
                thead { tr { th scope="col" { "Attempts" } th.barred scope="col" aria-hidden="true" {} th.n scope="col" { "Entries" } th.n scope="col" { "Share" } } }
                tbody { @for (index, count) in counts.iter().enumerate().take(used) {
                    tr {
                        th scope="row" { (index + 1) @if index + 1 == ATTEMPTS_MAX { " or more" } }
                        td.barred aria-hidden="true" { (bar(&[(if index == 0 { Role::Good } else { Role::Doubt }, *count)], longest)) }
                        (number(*count)) td.n { (percent(*count, all)) }
                    }
                } }
            }
        } }
        @if page.history.timeline.is_none() {
            p.missing { "Why attempts created nothing is not available for this run." }
        } @else if reasons.is_empty() {
            p.quiet { "Every attempt created its request." }
        } @else {
            @if longest > 0 { h3 { "Why attempts created nothing" } }
            div.scroll tabindex="0" role="region" aria-label="Reasons of attempts" {
                table.bars {
                    thead { tr { th scope="col" { "Reason" } th.barred scope="col" aria-hidden="true" {} th.n scope="col" { "Attempts" } th scope="col" { "Meaning" } } }
                    tbody { @for (code, count) in &reasons {
                        tr {
                            th scope="row" { code { (shown(code)) } }
                            td.barred aria-hidden="true" { (bar(&[(Role::Failed, *count)], most)) }
                            (number(*count))
                            td.meaning { (ReasonCode::from_word(code).explained().meaning) }
                        }
                    } }
                }
            }
        }
    })
}
