//! The table of what is not created: the first entries of each outcome, and the numbers of all their rows to copy.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::Page;
use super::problems::value_of;
use super::text::{counted, shown, ticked};
use crate::check::RepeatedKey;
use crate::entry::RequestType;
use crate::intake::RowPlaces;
use crate::numbers::grouped;
use crate::outcome::Outcome;
use crate::report::gather::{LeftEntry, OPEN, Ranges};

/// Entries that are shown.
const SHOWN_MAX: usize = 1_000;
/// The table is no longer than that: texts may be long, and take several times their length as HTML.
const SHOWN_BYTES_MAX: usize = 300 * 1_024;
/// The numbers of all rows are no longer than that.
const NUMBERS_BYTES_MAX: usize = 150 * 1_024;
/// So many of each outcome are shown before more of the first ones are.
const SHARE_MIN: usize = 150;

const TITLE: &str = "What is not created?";

pub(super) fn left(page: &Page<'_>) -> Option<Markup> {
    let left = &page.gathered.left;
    let count: u64 = left.iter().map(|left| left.count).sum();
    if count == 0 {
        return None;
    }
    let (rows, shown_count) = rows(page);
    let present: Vec<_> = OPEN
        .into_iter()
        .zip(left)
        .filter(|(_, left)| left.count > 0)
        .collect();
    let has_ages = page.gathered.ages.is_some();
    let places = &page.gathered.places;
    let (noun, noun_capital) = match places {
        RowPlaces::Lines => ("line", "Line"),
        RowPlaces::Elements => ("element", "Element"),
        RowPlaces::Sheet { .. } => ("row", "Row"),
    };
    let mut columns = vec![(noun_capital, "number")];
    if *places == RowPlaces::Elements {
        columns.push(("Line", "number"));
    }
    columns.extend(["Key", "Request", "Outcome"].map(|name| (name, "text")));
    if has_ages {
        columns.push(("Days", "number"));
    }
    columns.push(("Why", "text"));
    Some(html! {
        h2 id="left-title" { (TITLE) }
        p.quiet {
            @if shown_count < count {
                "The first " (grouped(shown_count)) " of " (counted(count, "entry")) " are listed, some of each outcome; results.csv has them all. "
                "The " (noun) " numbers of all of them can be copied."
            } @else { (counted(count, "entry")) "." }
        }
        form.tools hidden role="search" data-noun=(noun) aria-label="Entries that are not created" {
            label { span { "Search" } input type="search" id="search" autocomplete="off" spellcheck="false"; }
            label { span { "Outcome" } select id="outcome" {
                option value="" { "all" }
                @for (outcome, _) in &present { option value=(outcome.name()) { (outcome.label()) } }
            } }
            button type="button" id="copy-rows" { "Copy " (noun) " numbers" }
            p.status role="status" id="shown" {}
        }
        div.scroll.tall tabindex="0" role="region" aria-labelledby="left-title" {
            table id="left-table" {
                caption.unseen { "Entries that are not created. The headers sort." }
                thead { tr {
                    @for (name, kind) in columns {
                        th.n[kind == "number"] scope="col" data-kind=(kind) { (name) }
                    }
                } }
                tbody { (maud::PreEscaped(rows)) }
            }
        }
        p.quiet.on-paper { "On paper: the first 100 at most. What is searched for is printed in full." }
        details.numbers {
            summary { (noun_capital) " numbers" }
            @for (outcome, left) in &present {
                @let name = outcome.name();
                @let (numbers, beyond) = listed(&left.rows, NUMBERS_BYTES_MAX / present.len());
                @let rows = left.rows.rows + left.rows.beyond;
                h3 id={ "rows-of-" (name) } { (outcome.label()) ": " (counted(rows, "row"))
                    @if beyond > 0 { ", the first " (grouped(rows - beyond)) } }
                p.rows tabindex="0" role="region" aria-labelledby={ "rows-of-" (name) } data-outcome=(name) data-beyond=(beyond) { (numbers) }
            }
        }
    })
}

/// The rows of the table as HTML, and how many there are.
fn rows(page: &Page<'_>) -> (String, u64) {
    let left = &page.gathered.left;
    let mut shares = left.each_ref().map(|left| left.first.len().min(SHARE_MIN));
    let mut room = SHOWN_MAX - shares.iter().sum::<usize>().min(SHOWN_MAX);
    for (share, left) in shares.iter_mut().zip(left) {
        let more = (left.first.len() - *share).min(room);
        *share += more;
        room -= more;
    }
    let mut entries: Vec<(Outcome, &LeftEntry)> = Vec::new();
    for ((outcome, left), share) in OPEN.into_iter().zip(left).zip(shares) {
        entries.extend(left.first.iter().take(share).map(|entry| (outcome, entry)));
    }
    let has_ages = page.gathered.ages.is_some();
    let mut text = String::new();
    let mut count = 0;
    for (outcome, entry) in entries {
        let row = row(page, outcome, entry, has_ages).into_string();
        if text.len() + row.len() > SHOWN_BYTES_MAX {
            break;
        }
        text += &row;
        count += 1;
    }
    (text, count)
}

fn row(page: &Page<'_>, outcome: Outcome, entry: &LeftEntry, has_ages: bool) -> Markup {
    let places = &page.gathered.places;
    html! {
        tr data-outcome=(outcome.name()) {
            td.n { (places.number(entry.position)) }
            @if *places == RowPlaces::Elements { td.n { (entry.position.line) } }
            td.key { bdi { (key(page, entry)) } }
            td.nowrap { (entry.request.map_or("", RequestType::name)) }
            td.nowrap { (outcome.label()) }
            @if has_ages { td.n { @if let Some(days) = entry.age_days { (days) } } }
            td.why {
                bdi { (ticked(&entry.message)) }
                @if let Some(value) = &entry.value { " " code.value { (value_of(page, value)) } }
                @if !entry.code.is_empty() { " " code.code { (shown(&entry.code)) } }
            }
        }
    }
}

fn key(page: &Page<'_>, entry: &LeftEntry) -> String {
    match &entry.key {
        Some(RepeatedKey::Plain(key)) => shown(key),
        Some(RepeatedKey::Personal(key)) => value_of(page, key),
        None => String::new(),
    }
}

/// Rows as people write them, `1-3, 7`, and how many are left out.
fn listed(rows: &Ranges, bytes_max: usize) -> (String, u64) {
    let mut text = String::new();
    let mut beyond = rows.beyond;
    for (from, to) in &rows.list {
        if text.len() >= bytes_max {
            beyond += to - from + 1;
            continue;
        }
        let comma = if text.is_empty() { "" } else { ", " };
        let written = if from == to {
            write!(text, "{comma}{from}")
        } else {
            write!(text, "{comma}{from}-{to}")
        };
        debug_assert!(written.is_ok(), "text grows");
    }
    (text, beyond)
}
