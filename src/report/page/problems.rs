//! What is wrong with rows, and what helps: by kind, the most frequent first, with examples.

use maud::{Markup, html};

use super::text::{counted, shown, ticked};
use super::{Advice, Page};
use crate::check::{Group, Groups};
use crate::intake::{Offending, grouped};
use crate::report::gather::Refusal;

/// Kinds of problems that are shown; `check --progress json` has them all.
const GROUPS_SHOWN_MAX: usize = 40;
/// Request words that are shown.
const WORDS_SHOWN_MAX: usize = 40;
/// They are no longer than that as HTML.
const GROUPS_BYTES_MAX: usize = 60 * 1_024;

pub(super) fn problems(page: &Page<'_>) -> Option<Markup> {
    let gathered = page.gathered;
    let count = gathered.problems.count() + gathered.warnings.count();
    let refused: u64 = gathered.refusals.iter().map(|refusal| refusal.count).sum();
    if count + refused + gathered.refusals_beyond == 0 {
        return None;
    }
    Some(html! {
        h2 id="problems-title" { "What is wrong, and what helps?" }
        @if refused + gathered.refusals_beyond > 0 {
            h3 { "Sent and not created" }
            (some_of(gathered.refusals.iter().map(|one| (one.count, refusal_of(page, one))), gathered.refusals_beyond))
        }
        (groups(page, "Refused before sending", &gathered.problems))
        (groups(page, "Warnings", &gathered.warnings))
    })
}

fn groups(page: &Page<'_>, title: &str, groups: &Groups) -> Markup {
    let (words, others): (Vec<&Group>, Vec<&Group>) = groups
        .groups
        .iter()
        .partition(|group| group.word().is_some());
    let words = (!words.is_empty()).then(|| words_of(page, &words));
    let others = others
        .iter()
        .map(|group| (group.count, group_of(page, group)));
    html! {
        @if groups.count() > 0 {
            h3 { (title) }
            (some_of(words.into_iter().chain(others), groups.ungrouped))
        }
    }
}

/// Request words without a meaning, as lines for the job file.
fn words_of(page: &Page<'_>, groups: &[&Group]) -> (u64, Markup) {
    let count = groups.iter().map(|group| group.count).sum();
    let first = groups.first();
    let lines = groups.iter().take(WORDS_SHOWN_MAX).filter_map(|group| {
        let (word, at) = (group.word()?, group.examples.first()?.position);
        Some(format!(
            "{} = \"…\",  # {}: row {} (line {})\n",
            serde_json::Value::from(shown(word)),
            grouped(group.count),
            at.row,
            at.line
        ))
    });
    let lines: String = lines.collect();
    let more = groups.len().saturating_sub(WORDS_SHOWN_MAX);
    let block = html! {
        div.command {
            pre tabindex="0" { code id="request-words" { (lines) } }
            button type="button" hidden data-copy="request-words" { "Copy" span.unseen { " the lines" } }
        }
        @if more > 0 { p.quiet { "and " (counted(more as u64, "more word")) } }
    };
    let code = first.map_or("", |group| group.code);
    let what = format!(
        "{} without a meaning in the job file",
        counted(groups.len() as u64, "word")
    );
    let advice = (page.words.of_problem)(code);
    let place = first
        .and_then(|group| group.column.as_deref())
        .map(str::trim);
    (count, problem(count, place, &what, code, advice, &block))
}

/// The first kinds of problems, and how many problems are of others.
fn some_of(kinds: impl Iterator<Item = (u64, Markup)>, mut others: u64) -> Markup {
    let mut shown = Vec::new();
    let mut bytes = 0;
    for (count, kind) in kinds {
        bytes += kind.0.len();
        if shown.len() < GROUPS_SHOWN_MAX && bytes <= GROUPS_BYTES_MAX {
            shown.push(kind);
        } else {
            others += count;
        }
    }
    html! {
        ol.problems { @for kind in shown { (kind) } }
        (beyond(others))
    }
}

fn beyond(count: u64) -> Markup {
    html! {
        @if count > 0 {
            p.quiet { (counted(count, "problem")) " of other kinds: each is in results.csv, and " code { "check" } " tells of them all." }
        }
    }
}

/// A kind of problem: how many, where, what, what helps, and examples.
fn problem(
    count: u64,
    place: Option<&str>,
    what: &str,
    code: &str,
    advice: Option<Advice>,
    examples: &Markup,
) -> Markup {
    html! {
        li {
            p.count { (grouped(count)) }
            div {
                p.what {
                    @if let Some(place) = place { b { (shown(place)) } ": " }
                    (ticked(what)) " " code.code { (shown(code)) }
                }
                @if let Some(advice) = advice { p.fix { span.unseen { "What helps: " } (ticked(advice.to_do)) } }
                (examples)
            }
        }
    }
}

fn group_of(page: &Page<'_>, group: &Group) -> Markup {
    let advice = (page.words.of_problem)(group.code);
    let what = match advice {
        Some(advice) if !group.is_uniform => advice.meaning,
        _ => &group.message,
    };
    let place = group
        .column
        .as_deref()
        .map(str::trim)
        .or(group.field.map(crate::entry::Field::name));
    let more = group.count.saturating_sub(group.examples.len() as u64);
    let examples = html! {
        @if !group.examples.is_empty() {
            ul.examples.inline[group.is_uniform] {
                @for example in &group.examples {
                    li {
                        (where_of(example.position.row, example.position.line))
                        @if let Some(value) = &example.value { " " code.value { (value_of(page, value)) } }
                        @if !group.is_uniform { " " (ticked(&example.message)) }
                    }
                }
                @if more > 0 { li { "and " (grouped(more)) " more" } }
            }
        }
    };
    problem(group.count, place, what, group.code, advice, &examples)
}

fn refusal_of(page: &Page<'_>, refusal: &Refusal) -> Markup {
    let advice = (page.words.of_refusal)(refusal.outcome, &refusal.code);
    let what = if refusal.is_uniform && !refusal.message.is_empty() {
        &refusal.message
    } else {
        advice.meaning
    };
    let more = refusal.count.saturating_sub(refusal.examples.len() as u64);
    let examples = html! {
        ul.examples.inline[refusal.is_uniform] {
            @for (row, line, message) in &refusal.examples {
                li { (where_of(*row, *line)) @if !refusal.is_uniform { " " (ticked(message)) } }
            }
            @if more > 0 { li { "and " (grouped(more)) " more" } }
        }
    };
    problem(
        refusal.count,
        Some(refusal.outcome.label()),
        what,
        &refusal.code,
        Some(advice),
        &examples,
    )
}

fn where_of(row: u64, line: u64) -> Markup {
    html! { span.where { "row " (row) ", line " (line) } }
}

pub(super) fn value_of(page: &Page<'_>, value: &Offending) -> String {
    if page.shows_values {
        shown(value.plain())
    } else {
        shown(&value.masked())
    }
}
