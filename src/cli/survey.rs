//! A survey taken, and what a run is told of it. The whole report is in `report_text` and `report_json`.

use std::ops::ControlFlow;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::explain::CliError;
use super::page::{Page, Tone};
use super::totals::{add_counts, counts};
use super::words::counted;
use super::{args, terminal};
use crate::check::{self, InputSurvey, Survey};
use crate::codes::ProblemCode;
use crate::forecast::Forecast;
use crate::intake::{Basis, BookShape, IntakeError, Packing, Shape, Understood, shown_names};
use crate::plan::{Format, NO_QUOTE, ReadPlan, RunPlan};
use crate::propose;
use crate::{blocking, today};

/// Where the text of a note begins.
const NOTE_INDENT: usize = 13;
/// Names of columns that are shown.
const NAMES_SHOWN: usize = 12;

/// Reads everything of a plan, showing how far it is.
pub(crate) async fn take(
    plan: &Arc<ReadPlan>,
    shown: args::Progress,
) -> Result<Survey, IntakeError> {
    let bar = bar(plan, shown);
    let inputs = Arc::clone(plan);
    let (plan, watched) = (Arc::clone(plan), bar.clone());
    let survey = blocking(move || {
        check::survey(&plan, today(), &mut |progress| {
            let message = format!(
                "checking {}: {}",
                plan.inputs[progress.input].name,
                counted(progress.rows, "row")
            );
            watched.set_message(crate::sanitize::harmless(&message).into_owned());
            ControlFlow::Continue(())
        })
    })
    .await;
    terminal::set_bar(None);
    bar.finish_and_clear();
    match survey {
        Err(IntakeError::NoKey {
            columns,
            keys,
            conflicts,
            ..
        }) => Err(IntakeError::NoKey {
            columns,
            keys,
            conflicts,
            unique: blocking(move || unique_columns(&inputs)).await?,
        }),
        survey => Ok(survey?.expect("a survey without a stop is complete")),
    }
}

/// Refuses to send while something is left for a person to decide.
pub(crate) fn require_decisions(survey: &Survey, plan: &ReadPlan) -> Result<(), CliError> {
    match survey.open_questions(plan) {
        questions if questions.is_empty() => Ok(()),
        questions => Err(CliError::Undecided(questions)),
    }
}

/// The columns of the first input that may be a key.
fn unique_columns(plan: &ReadPlan) -> Result<Vec<String>, IntakeError> {
    match plan.inputs.first() {
        Some(input) => propose::unique_columns(input, &plan.reading),
        None => Ok(Vec::new()),
    }
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

/// What a run would do, in short, for the question before it.
pub(super) fn before_sending(survey: &Survey, forecast: &Forecast, plan: &RunPlan) -> Page {
    let mut text = format!(
        "target       project {} at {}\nrate         {} a second, {} at once",
        plan.core.target.project,
        plan.core.target.base_url,
        plan.sending.rate_per_s,
        plan.sending.concurrency
    );
    if let Some(limit) = plan.limit {
        text += &format!("\nlimit        {limit} of them in this run");
    }
    let mut page = Page::of_text(&text);
    add_counts(&mut page, &counts(survey, Some(forecast)));
    let mut note = |label: &str, text: &str| {
        page.begin(0, NOTE_INDENT)
            .add(Tone::Plain, format!("{label:<NOTE_INDENT$}{text}"));
    };
    if plan.core.read.rules.key.is_empty() {
        note(
            "no key",
            "a row that is changed later makes a new request: `concord-import check` tells more",
        );
    }
    if survey.problems.count() > 0 {
        note(
            "",
            "`concord-import check` tells what is wrong with the invalid ones; they are left out",
        );
    }
    page
}

/// Returns a warning for each input whose letters are read by a guess, for a user who sends them without a check.
pub(super) fn guessed_encodings(survey: &Survey) -> Vec<String> {
    let mut warnings = survey.warnings.groups.iter();
    if !warnings.any(|group| group.code == ProblemCode::GuessedEncoding) {
        return Vec::new();
    }
    let guessed = survey
        .inputs
        .iter()
        .filter(|input| input.shape.encoding.basis == Basis::Guess);
    let warning = |input: &InputSurvey| {
        format!(
            "warning: {}: letters beyond A to Z are read as {}, which is a guess: look at them with `concord-import rows`; if \
             they are wrong, {}",
            input.name,
            input.shape.encoding.encoding,
            input.shape.encoding.correction()
        )
    };
    guessed.map(warning).collect()
}

/// How an input was understood, in a line.
pub(super) fn describe(shape: &Shape) -> String {
    if let Some(BookShape {
        kind,
        sheet,
        hidden_columns,
        unread,
        ..
    }) = &shape.book
    {
        let hidden = match hidden_columns.as_slice() {
            [] => String::new(),
            [only] => format!(", hidden column {only} is read"),
            several => format!(", hidden columns {} are read", several.join(", ")),
        };
        let unread = match unread.as_slice() {
            [] => String::new(),
            [only] => format!("; its sheet {only} is not read"),
            several => format!("; its sheets {} are not read", several.join(", ")),
        };
        return format!(
            "sheet `{sheet}` of an {kind}, header on row {}{hidden}{unread}",
            shape.header_line
        );
    }
    let Understood {
        encoding,
        basis,
        disproved_on,
        is_saved_rejects: _,
    } = shape.encoding;
    let basis = match basis {
        Basis::Mark => " with a byte order mark",
        Basis::Guess if disproved_on.is_some() => " (guessed wrongly)",
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
                control if control.is_ascii_control() => format!("delimiter U+{control:04X}"),
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
    let columns = shown_names(&shape.columns);
    let made_up: Vec<_> = shape
        .made_up
        .iter()
        .filter_map(|&column| columns.get(column))
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
