//! What is wrong with rows, and what helps: by kind, the most frequent first, with examples.

use maud::{Markup, html};

use super::Page;
use super::text::{counted, shown, ticked};
use crate::check::{Group, Groups};
use crate::codes::ProblemCode;
use crate::entry::Position;
use crate::intake::Offending;
use crate::numbers::grouped;
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
    let words = [ProblemCode::UnmappedRequest, ProblemCode::UndecidedRequest]
        .into_iter()
        .filter_map(|code| {
            let words: Vec<_> = words
                .iter()
                .copied()
                .filter(|group| group.code == code)
                .collect();
            (!words.is_empty()).then(|| words_of(page, code, &words, groups.ungrouped == 0))
        });
    let others = others
        .iter()
        .map(|group| (group.count, group_of(page, group)));
    html! {
        @if groups.count() > 0 {
            h3 { (title) }
            (some_of(words.chain(others), groups.ungrouped))
        }
    }
}

/// Request words without a meaning, as lines for the job file.
fn words_of(page: &Page<'_>, code: ProblemCode, groups: &[&Group], is_all: bool) -> (u64, Markup) {
    let lines = groups.iter().take(WORDS_SHOWN_MAX).filter_map(|group| {
        let at = group.examples.first()?.position;
        let place = page.gathered.places.place(at, group.column.as_deref());
        group.line_of_word(&format!("{place}\n"))
    });
    let lines: String = lines.collect();
    let more = groups.len().saturating_sub(WORDS_SHOWN_MAX);
    let known = code.explained();
    let id = format!("lines-{}", known.word);
    let block = html! {
        div.command {
            pre tabindex="0" { code id=(id) { (lines) } }
            button type="button" hidden data-copy=(id) { "Copy" span.unseen { " the lines" } }
        }
        @if more > 0 { p.quiet { "and " (counted(more as u64, "more word")) } }
    };
    let what = format!(
        "{}{} {} in the job file",
        if is_all { "" } else { "at least " },
        counted(groups.len() as u64, "word"),
        if code == ProblemCode::UndecidedRequest {
            "left open"
        } else {
            "without a meaning"
        }
    );
    let count = groups.iter().map(|group| group.count).sum();
    let place = groups
        .first()
        .and_then(|group| group.column.as_deref())
        .map(str::trim);
    let markup = problem(count, place, &what, known.word, known.advice, &block);
    (count, markup)
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
    advice: &str,
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
                p.fix { span.unseen { "What helps: " } (ticked(advice)) }
                (examples)
            }
        }
    }
}

fn group_of(page: &Page<'_>, group: &Group) -> Markup {
    let known = group.code.explained();
    let what = if group.is_uniform {
        &group.message
    } else {
        known.meaning
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
                        (where_of(page, example.position, group.column.as_deref()))
                        @if let Some(value) = &example.value { " " code.value { (value_of(page, value)) } }
                        @if !group.is_uniform { " " (ticked(&example.message)) }
                    }
                }
                @if more > 0 { li { "and " (grouped(more)) " more" } }
            }
        }
    };
    problem(
        group.count,
        place,
        what,
        known.word,
        known.advice,
        &examples,
    )
}

fn refusal_of(page: &Page<'_>, refusal: &Refusal) -> Markup {
    let known = refusal.code.explained();
    let what = if refusal.is_uniform && !refusal.message.is_empty() {
        &refusal.message
    } else {
        known.meaning
    };
    let more = refusal.count.saturating_sub(refusal.examples.len() as u64);
    let examples = html! {
        ul.examples.inline[refusal.is_uniform] {
            @for (position, message) in &refusal.examples {
                li { (where_of(page, *position, None)) @if !refusal.is_uniform { " " (ticked(message)) } }
            }
            @if more > 0 { li { "and " (grouped(more)) " more" } }
        }
    };
    problem(
        refusal.count,
        Some(refusal.outcome.label()),
        what,
        &refusal.code.to_string(),
        known.advice,
        &examples,
    )
}

fn where_of(page: &Page<'_>, position: Position, column: Option<&str>) -> Markup {
    html! { span.where { (shown(&page.gathered.places.place(position, column))) } }
}

pub(super) fn value_of(page: &Page<'_>, value: &Offending) -> String {
    if page.shows_values {
        shown(value.plain())
    } else {
        shown(&value.masked())
    }
}
