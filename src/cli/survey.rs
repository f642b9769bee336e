//! A survey taken and told: what the inputs hold, what is wrong with them, what a run would do.

use std::ops::ControlFlow;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::words::counted;
use super::{args, terminal};
use crate::blocking;
use crate::check::{self, Group, Groups, InputSurvey, Survey};
use crate::entry::Position;
use crate::intake::{Basis, IntakeError, Packing, Shape, Understood};
use crate::outcome::Outcome;
use crate::plan::{Format, NO_QUOTE, ReadPlan, RunPlan};

/// Names of columns that are shown.
const NAMES_SHOWN: usize = 12;
/// Groups of problems that are shown; the results file has them all.
const GROUPS_SHOWN: usize = 20;

/// Reads everything of a plan, showing how far it is.
pub(super) async fn take(
    plan: &Arc<ReadPlan>,
    shown: args::Progress,
) -> Result<Survey, IntakeError> {
    let bar = bar(plan, shown);
    let (plan, watched) = (Arc::clone(plan), bar.clone());
    let survey = blocking(move || {
        check::survey(&plan, &mut |progress| {
            let message = format!(
                "checking {}: {}",
                plan.inputs[progress.input].name,
                counted(progress.rows, "row")
            );
            watched.set_message(terminal::harmless(&message).into_owned());
            ControlFlow::Continue(())
        })
    })
    .await;
    terminal::set_bar(None);
    bar.finish_and_clear();
    Ok(survey?.expect("a survey that is never broken off comes to its end"))
}

fn bar(plan: &ReadPlan, shown: args::Progress) -> ProgressBar {
    let is_bar = match shown {
        args::Progress::Auto => terminal::is_screen(),
        args::Progress::Bar => true,
        args::Progress::Plain | args::Progress::Json | args::Progress::None => false,
    };
    if !is_bar || plan.inputs.is_empty() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    terminal::set_bar(Some(bar.clone()));
    bar
}

/// All that a check found.
pub(super) fn report(survey: &Survey) -> String {
    let mut text = String::new();
    let is_several = survey.inputs.len() > 1;
    for (index, input) in survey.inputs.iter().enumerate() {
        if is_several {
            text += &format!("input {}, ", index + 1);
        }
        text += &understood(input);
    }
    text += &counts(survey);
    text += &groups("Problems", &survey.problems, is_several);
    text += &groups("Warnings", &survey.warnings, is_several);
    text.trim_end().to_owned()
}

/// What a run would do, in short, for the question before it.
pub(super) fn before_sending(survey: &Survey, plan: &RunPlan) -> String {
    let mut text = format!(
        "target       project {} at {}\nrate         {} a second, {} at once\n",
        plan.core.target.project,
        plan.core.target.base_url,
        plan.sending.rate_per_s,
        plan.sending.concurrency
    );
    text += &counts(survey);
    if let Some(limit) = plan.limit {
        text += &format!("limit        {limit} of them in this run\n");
    }
    if plan.core.read.rules.key.is_empty() {
        text += "no key       a row that is changed later makes a new request: `concord-import check` tells more\n";
    }
    if survey.problems.count() > 0 {
        text += "             `concord-import check` tells what is wrong with the invalid ones; they are left out\n";
    }
    text.trim_end().to_owned()
}

/// How an input was read.
fn understood(input: &InputSurvey) -> String {
    let InputSurvey {
        name, shape, tally, ..
    } = input;
    format!(
        "{name}: {}; {}\n",
        describe(shape),
        counted(tally.rows, "row")
    )
}

pub(super) fn describe(shape: &Shape) -> String {
    let Understood { encoding, basis } = shape.encoding;
    let basis = match basis {
        Basis::Mark => " with a byte order mark",
        Basis::Guess => " (guessed)",
        Basis::Job | Basis::Content => "",
    };
    let packing = match shape.packing {
        Some(Packing::Gzip) => "gzip, ",
        Some(Packing::Zstd) => "zstd, ",
        Some(Packing::Zip) => "zip, ",
        None => "",
    };
    match shape.format {
        Format::Jsonl => format!("{packing}JSON Lines, {encoding}{basis}"),
        Format::Json => match &shape.records {
            Some(key) => format!("{packing}JSON, rows in the array `{key}`, {encoding}{basis}"),
            None => format!("{packing}JSON, {encoding}{basis}"),
        },
        Format::Csv => {
            let delimiter = match shape.delimiter {
                b',' => "comma".to_owned(),
                b';' => "semicolon".to_owned(),
                b'\t' => "tab".to_owned(),
                other => format!("delimiter `{}`", char::from(other)),
            };
            let ends = if shape.is_crlf { ", CRLF" } else { "" };
            format!(
                "{packing}CSV, {delimiter}{}, {encoding}{basis}{ends}, {}",
                quoting(shape),
                header(shape)
            )
        }
    }
}

/// What is unusual about quotes.
fn quoting(shape: &Shape) -> String {
    let quote = match shape.quote {
        b'"' => String::new(),
        NO_QUOTE => ", no quotes".to_owned(),
        other => format!(", quote `{}`", char::from(other)),
    };
    let escape = shape
        .escape
        .map(|escape| format!(", escape `{}`", char::from(escape)));
    let padded = if shape.is_padded {
        ", blanks before quotes"
    } else {
        ""
    };
    format!("{quote}{}{padded}", escape.unwrap_or_default())
}

/// Where the header stands, and which names are not its own.
fn header(shape: &Shape) -> String {
    let first = shape.header_line;
    let mut text = match shape.header_lines {
        0 => "no header: columns as the job file names them".to_owned(),
        1 => format!("header on line {first}"),
        lines => format!("header on lines {first} to {}", first + lines - 1),
    };
    match first - 1 {
        0 => {}
        1 => text += ", 1 line above it skipped",
        above => text += &format!(", {above} lines above it skipped"),
    }
    let made_up: Vec<_> = shape
        .made_up
        .iter()
        .filter_map(|&column| shape.columns.get(column))
        .map(|name| format!("`{name}`"))
        .collect();
    if !made_up.is_empty() {
        let shown = &made_up[..made_up.len().min(NAMES_SHOWN)];
        text += &format!(", named here: {}", shown.join(", "));
        if made_up.len() > NAMES_SHOWN {
            text += &format!(" and {} more", made_up.len() - NAMES_SHOWN);
        }
    }
    text
}

fn counts(survey: &Survey) -> String {
    let tally = &survey.tally;
    let mut text = String::new();
    let mut line = |label: &str, count: u64, remark: &str| {
        let line = format!("{label:<13}{count:>7}  {remark}");
        text += line.trim_end();
        text.push('\n');
    };
    line("entries", tally.entries, "");
    line(
        "to send",
        survey.valid,
        "valid; those that an earlier run created are skipped",
    );
    for (request, count) in survey.by_request.iter().filter(|(_, count)| *count > 0) {
        line(&format!("  {request}"), *count, "");
    }
    if tally.count(Outcome::Duplicate) > 0 {
        line(
            "duplicate",
            tally.count(Outcome::Duplicate),
            "repeat of an earlier row",
        );
    }
    if tally.changed > 0 {
        line(
            "  changed",
            tally.changed,
            "among them, with other content than that row: is the key unique?",
        );
    }
    if tally.count(Outcome::Invalid) > 0 {
        line("invalid", tally.count(Outcome::Invalid), "never sent");
    }
    if tally.skipped_rows > 0 {
        line(
            "no entry",
            tally.skipped_rows,
            "row that is blank, filtered out, or mapped to skip",
        );
    }
    if survey.contacted > 0 {
        line(
            "contacted",
            survey.contacted,
            "whom Concord most likely mails or texts (`preverified` false)",
        );
    } else if survey.valid > 0 {
        line("contacted", 0, "nobody: every request is `preverified`");
    }
    text
}

fn groups(title: &str, groups: &Groups, tells_input: bool) -> String {
    if groups.count() == 0 {
        return String::new();
    }
    let mut text = format!("\n{title}: {}\n", groups.count());
    for group in groups.groups.iter().take(GROUPS_SHOWN) {
        text += &describe_group(group, tells_input);
    }
    let hidden: u64 = groups
        .groups
        .iter()
        .skip(GROUPS_SHOWN)
        .map(|group| group.count)
        .sum();
    if hidden + groups.ungrouped > 0 {
        text += &format!("  {} more of other kinds\n", hidden + groups.ungrouped);
    }
    text
}

fn describe_group(group: &Group, tells_input: bool) -> String {
    let place = match (&group.column, group.field) {
        (Some(column), _) => format!("column `{column}`: "),
        (None, Some(field)) => format!("{field}: "),
        (None, None) => String::new(),
    };
    let examples: Vec<_> = group
        .examples
        .iter()
        .map(|position| describe_position(*position, tells_input))
        .collect();
    let message = group.message.replace('\n', "\n      ");
    let text = format!("  {:>5}  {place}{message}\n", group.count);
    if examples.is_empty() {
        return text; // it is about all of them
    }
    let more = match group.count - examples.len() as u64 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{text}         {}{more}\n", examples.join(", "))
}

fn describe_position(position: Position, tells_input: bool) -> String {
    let Position { input, row, line } = position;
    if tells_input {
        format!("input {input} row {row} (line {line})")
    } else {
        format!("row {row} (line {line})")
    }
}
