//! The report of a check for people: how the inputs were read, what would be sent, what is wrong and what to do about it.
//!
//! In: a [`Survey`] and what was asked of it. Out: a [`Page`]. Values are masked unless the person asked for them.

use std::path::Path;

use super::args::CommonArgs;
use super::page::{Page, Tone};
use super::survey::describe;
use super::totals::{add_counts, counts};
use super::typed::{Changes, Typed, Verb};
use super::words::counted;
use crate::check::{self, Group, Groups, InputSurvey, Repeat, RepeatedKey, Survey};

use crate::codes::ProblemCode;
use crate::entry::Field;
use crate::intake::{InputPlaces, Offending, QUOTED_CHARS_MAX, RowPlaces, shown_names};
use crate::nearest::nearest;
use crate::numbers::grouped;
use crate::outcome::Outcome;
use crate::plan::{Format, Meaning, ReadPlan, Reading, Rule};
use crate::received::ColumnOrder;

/// Groups of problems that are shown; JSON has them all.
const GROUPS_SHOWN_MAX: usize = 20;
/// Request words without a meaning that are shown; JSON has them all.
const WORDS_SHOWN_MAX: usize = 40;
/// Columns that are named in a list; JSON has them all.
const COLUMNS_SHOWN_MAX: usize = 12;
/// Requests of the pilot that is proposed.
const PILOT_REQUESTS: u64 = 20;
/// Where the text of a problem begins, behind its count.
const PROBLEM_INDENT: usize = 9;

/// What a report is made of.
pub(super) struct Report<'a> {
    pub(super) survey: &'a Survey,
    pub(super) places: InputPlaces,
    pub(super) plan: &'a ReadPlan,
    pub(super) args: &'a CommonArgs,
    /// The job file that was used.
    pub(super) job: Option<&'a Path>,
    /// Values are shown as they are.
    pub(super) shows_values: bool,
}

impl Report<'_> {
    /// The whole report.
    pub(super) fn page(&self) -> Page {
        let mut page = Page::default();
        for (index, input) in self.survey.inputs.iter().enumerate() {
            let number = self.tells_input().then(|| format!("input {}, ", index + 1));
            how_it_was_read(&mut page, number, input, &self.plan.reading);
        }
        page.gap();
        add_counts(&mut page, &counts(self.survey, None));
        self.groups(&mut page, "Problems", Tone::Bad, &self.survey.problems);
        self.duplicates(&mut page);
        self.groups(&mut page, "Warnings", Tone::Doubtful, &self.survey.warnings);
        self.next(&mut page);
        page
    }

    fn tells_input(&self) -> bool {
        self.survey.inputs.len() > 1
    }

    fn groups(&self, page: &mut Page, title: &str, tone: Tone, groups: &Groups) {
        if groups.count() == 0 {
            return;
        }
        page.gap()
            .begin(0, 0)
            .add(Tone::Title, format!("{title}: {}", grouped(groups.count())));
        let (words, others): (Vec<_>, Vec<_>) = groups
            .groups
            .iter()
            .partition(|group| group.word().is_some());
        let is_masked = !self.shows_values
            && others
                .iter()
                .any(|group| group.examples.iter().any(|example| example.value.is_some()));
        if is_masked {
            page.add(Tone::Faint, "  values are masked; --show-values shows them");
        }
        let (undecided, unmapped): (Vec<&Group>, Vec<&Group>) = words
            .into_iter()
            .partition(|group| group.code == ProblemCode::UndecidedRequest);
        let is_all = groups.ungrouped == 0;
        self.words(
            page,
            (tone, is_all),
            &unmapped,
            "without a meaning in the job file",
            "add to the values of request under [fields]",
        );
        self.words(
            page,
            (tone, is_all),
            &undecided,
            "left open in the job file",
            "replace each `?` in the values of request under [fields]",
        );
        for group in others.iter().take(GROUPS_SHOWN_MAX) {
            self.group(page, tone, group);
        }
        let hidden = others
            .iter()
            .skip(GROUPS_SHOWN_MAX)
            .map(|group| group.count)
            .sum::<u64>()
            + groups.ungrouped;
        if hidden > 0 {
            page.begin(2, PROBLEM_INDENT)
                .add(tone, format!("{:>5}  ", grouped(hidden)))
                .add(Tone::Plain, "of other kinds");
        }
    }

    /// Request words without a meaning, as lines for the job file.
    fn words(
        &self,
        page: &mut Page,
        (tone, is_all): (Tone, bool),
        groups: &[&Group],
        what: &str,
        to_do: &str,
    ) {
        let Some(first) = groups.first() else {
            return;
        };
        let count: u64 = groups.iter().map(|group| group.count).sum();
        let place = first
            .column
            .as_ref()
            .map(|column| format!("column `{column}`: "))
            .unwrap_or_default();
        let mut noun = counted(groups.len() as u64, "word");
        if !is_all {
            noun = format!("at least {noun}");
        }
        page.begin(2, PROBLEM_INDENT)
            .add(tone, format!("{:>5}  ", grouped(count)))
            .add(Tone::Plain, format!("{place}{noun} {what} "))
            .add(Tone::Faint, format!("[{}]", first.code.as_str()));
        page.begin(PROBLEM_INDENT, PROBLEM_INDENT + 2).add(
            Tone::Good,
            format!("→ {to_do}, with view, delete, change or do_not_sell for each, or \"skip\" for what Concord does not do:"),
        );
        for group in groups.iter().take(WORDS_SHOWN_MAX) {
            let (Some(word), Some(example)) = (group.word(), group.examples.first()) else {
                continue;
            };
            let place = self.places.place(example.position, group.column.as_deref());
            let mut line = group.line_of_word(&place).unwrap_or_default();
            if let Some(known) = self.likely_meant(Field::Request, word) {
                line += &format!("; like `{known}`?");
            }
            page.verbatim(PROBLEM_INDENT + 2, line);
        }
        let more = groups.len().saturating_sub(WORDS_SHOWN_MAX);
        if more > 0 {
            page.begin(PROBLEM_INDENT + 2, PROBLEM_INDENT + 2)
                .add(Tone::Faint, format!("# and {more} more words"));
        }
    }

    fn group(&self, page: &mut Page, tone: Tone, group: &Group) {
        let known = group.code.explained();
        let place = match (&group.column, group.field) {
            (Some(column), _) => format!("column `{column}`: "),
            (None, Some(field)) => format!("{field}: "),
            (None, None) => String::new(),
        };
        let what = if group.is_uniform {
            &group.message
        } else {
            known.meaning
        };
        page.begin(2, PROBLEM_INDENT)
            .add(tone, format!("{:>5}  ", grouped(group.count)))
            .add(Tone::Plain, format!("{place}{what} "))
            .add(Tone::Faint, format!("[{}]", known.word));
        self.examples(page, group);
        page.begin(PROBLEM_INDENT, PROBLEM_INDENT + 2)
            .add(Tone::Good, format!("→ {}", known.advice));
    }

    fn examples(&self, page: &mut Page, group: &Group) {
        let told: Vec<_> = group
            .examples
            .iter()
            .map(|example| {
                let value = example.value.as_ref().map(|value| {
                    let meant = group
                        .field
                        .filter(|_| group.code == ProblemCode::UnmappedValue)
                        .and_then(|field| self.likely_meant(field, value.plain()))
                        .map(|known| format!(" (like `{known}`?)"));
                    format!(" `{}`{}", self.value(value), meant.unwrap_or_default())
                });
                let message = (!group.is_uniform).then(|| format!(": {}", example.message));
                let column = group.column.as_deref();
                let place = self.places.place(example.position, column);
                format!(
                    "{place}{}{}",
                    value.unwrap_or_default(),
                    message.unwrap_or_default()
                )
            })
            .collect();
        let more = group.count.saturating_sub(told.len() as u64);
        let more = (more > 0).then(|| format!("and {} more", grouped(more)));
        if told.is_empty() {
            return; // it is about all of them
        }
        if group.is_uniform {
            let more = more.map(|more| format!(" {more}")).unwrap_or_default();
            page.begin(PROBLEM_INDENT, PROBLEM_INDENT)
                .add(Tone::Faint, format!("{}{more}", told.join(", ")));
        } else {
            for line in told.into_iter().chain(more) {
                page.begin(PROBLEM_INDENT, PROBLEM_INDENT + 2)
                    .add(Tone::Faint, line);
            }
        }
    }

    fn value(&self, value: &Offending) -> String {
        if self.shows_values {
            value.plain().to_owned()
        } else {
            value.masked()
        }
    }

    /// The word of the job file that a request word is nearest to.
    fn likely_meant(&self, field: Field, word: &str) -> Option<&str> {
        if word.chars().count() > QUOTED_CHARS_MAX {
            return None;
        }
        let mut rules = self.plan.rules.fields.iter();
        let (_, rule) = rules.find(|(of, _)| *of == field)?;
        let Rule::Column { values, .. } = rule else {
            return None;
        };
        let meant = values
            .iter()
            .filter(|(_, meaning)| *meaning != Meaning::Undecided);
        nearest(word, meant.map(|(word, _)| word.as_str()))
    }

    fn duplicates(&self, page: &mut Page) {
        let survey = self.survey;
        let count = survey.tally.count(Outcome::Duplicate);
        if count == 0 {
            return;
        }
        page.gap()
            .begin(0, 0)
            .add(Tone::Title, format!("Duplicates: {}", grouped(count)));
        let same = count - survey.tally.changed;
        self.repeats(
            page,
            &survey.repeats,
            same,
            "with the same content: sent once",
            Tone::Plain,
        );
        let changed = "with other content than the earlier row, which alone is sent";
        self.repeats(
            page,
            &survey.changed,
            survey.tally.changed,
            changed,
            Tone::Doubtful,
        );
        if survey.tally.changed > 0 {
            page.begin(PROBLEM_INDENT, PROBLEM_INDENT + 2).add(
                Tone::Good,
                "→ if these are requests of their own, choose a `key` in [input] that is different for each; if they are the same \
                 one, put what is right into the earlier row",
            );
        }
    }

    fn repeats(&self, page: &mut Page, repeats: &[Repeat], count: u64, what: &str, tone: Tone) {
        if count == 0 {
            return;
        }
        page.begin(2, PROBLEM_INDENT)
            .add(tone, format!("{:>5}  ", grouped(count)))
            .add(Tone::Plain, what);
        for repeat in repeats {
            let key = match &repeat.key {
                Some(RepeatedKey::Plain(key)) => format!(", key `{key}`"),
                Some(RepeatedKey::Personal(key)) => format!(", key `{}`", self.value(key)),
                None => String::new(),
            };
            let [this, earlier] =
                [repeat.position, repeat.of].map(|position| self.places.place(position, None));
            page.begin(PROBLEM_INDENT, PROBLEM_INDENT + 2)
                .add(Tone::Faint, format!("{this} repeats {earlier}{key}"));
        }
        let more = count.saturating_sub(repeats.len() as u64);
        if more > 0 {
            page.begin(PROBLEM_INDENT, PROBLEM_INDENT)
                .add(Tone::Faint, format!("and {} more", grouped(more)));
        }
    }

    /// What to do now, as a command where there is one.
    fn next(&self, page: &mut Page) {
        let typed = Typed {
            args: self.args,
            metrics: None,
            job: self.job,
        };
        let (problems, valid) = (self.survey.problems.count(), self.survey.to_send.count);
        let open = self.survey.open_questions(self.plan);
        page.gap();
        if !open.is_empty() {
            let text = "decide what the job file leaves open, and check again; until then nothing is sent:";
            page.begin(0, 2)
                .add(Tone::Title, "Next: ")
                .add(Tone::Plain, text);
            for question in open {
                page.begin(2, 4).add(Tone::Plain, question);
            }
            return;
        }
        if problems > 0 {
            page.begin(0, 2).add(Tone::Title, "Next: ").add(
                Tone::Plain,
                "follow the arrows above, in the job file or in the source, and check again.",
            );
        }
        let limit = (valid > PILOT_REQUESTS).then_some(PILOT_REQUESTS);
        let pilot = limit
            .map(|limit| format!(", beginning with a pilot of {limit}"))
            .unwrap_or_default();
        let (tone, text) = match (valid, problems) {
            (0, 0) => (Tone::Title, "There is nothing to send.".to_owned()),
            (0, _) => return,
            (_, 0) => (
                Tone::Title,
                format!("Next: send {}{pilot}:", counted(valid, "request")),
            ),
            (_, _) => {
                let valid = match valid {
                    1 => "valid request".to_owned(),
                    _ => format!("{} valid requests", grouped(valid)),
                };
                let text = format!(
                    "Or send the {valid} now{pilot}; rows with problems are written to the rejects, to be corrected later:"
                );
                (Tone::Plain, text)
            }
        };
        page.begin(0, 2).add(tone, text);
        if valid > 0 {
            let changes = Changes {
                limit,
                ..Changes::default()
            };
            page.verbatim(2, typed.command(Verb::Run, changes));
            if self.plan.project.is_nil() {
                page.begin(0, 2).add(Tone::Doubtful, NO_TARGET);
            }
        }
    }
}

/// The remark on the next step where neither options nor job file name a project.
const NO_TARGET: &str = "First write `organization` and `project` under [target] in the job file: the address of the project's page in \
                         Concord has both. Or try it with --sandbox.";

fn how_it_was_read(
    page: &mut Page,
    number: Option<String>,
    input: &InputSurvey,
    reading: &Reading,
) {
    let InputSurvey {
        name,
        shape,
        columns,
        tally,
        date_order,
        ..
    } = input;
    page.begin(0, 2)
        .add(
            Tone::Title,
            format!("{}{name}: ", number.unwrap_or_default()),
        )
        .add(
            Tone::Plain,
            format!("{}; {}", describe(shape), counted(tally.rows, "row")),
        );
    if let Some(ColumnOrder::Decided(order, at)) = date_order {
        let order = check::described(*order);
        page.add(
            Tone::Plain,
            format!(
                "; dates are {order}, as {} decides",
                RowPlaces::of(shape).row(*at)
            ),
        );
    }
    let noun = match shape.format {
        Format::Csv => "columns",
        Format::Jsonl | Format::Json => "values",
    };
    for (names, what) in [
        (&columns.sent, "go into the requests: ".to_owned()),
        (
            &columns.never_sent,
            format!("never sent, since no rule names these {noun}: "),
        ),
        (
            &columns.only_read,
            "only read, as key, filter or date: ".to_owned(),
        ),
    ] {
        if !names.is_empty() {
            page.begin(2, 4)
                .add(Tone::Plain, what)
                .add(Tone::Faint, some_of(names));
        }
    }
    let said = sayable(input, reading);
    if !said.is_empty() {
        page.begin(2, 4)
            .add(
                Tone::Faint,
                "if that is not right, change in the job file's [input]: ",
            )
            .add(Tone::Faint, said.join(", "));
    }
}

/// What the job file could say to have it read otherwise, with what was found; nothing that it says already.
pub(super) fn sayable(input: &InputSurvey, reading: &Reading) -> Vec<String> {
    let shape = &input.shape;
    let mut said = Vec::new();
    if let Some(book) = &shape.book {
        if reading.sheet.is_none() {
            said.push(format!("sheet = {}", serde_json::Value::from(&*book.sheet)));
        }
        if reading.header_row.is_none() {
            said.push(format!("header_row = {}", shape.header_line));
        }
        return said;
    }
    if reading.format.is_none() {
        let format = match shape.format {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
            Format::Json => "json",
        };
        said.push(format!("format = \"{format}\""));
    }
    if reading.encoding.is_none() {
        said.push(format!(
            "encoding = \"{}\"",
            shape.encoding.encoding.to_ascii_lowercase()
        ));
    }
    match shape.format {
        Format::Csv => {
            if reading.delimiter.is_none() {
                let delimiter = match shape.delimiter {
                    b'\t' => "\\t".to_owned(),
                    other => char::from(other).to_string(),
                };
                said.push(format!("delimiter = \"{delimiter}\""));
            }
            if reading.header_row.is_none() {
                said.push(format!("header_row = {}", shape.header_line));
            }
        }
        Format::Json => {
            if let (None, Some(records)) = (&reading.records, &shape.records) {
                said.push(format!("records = \"{records}\""));
            }
        }
        Format::Jsonl => {}
    }
    said
}

fn some_of(names: &[String]) -> String {
    let shown: Vec<_> = shown_names(names)
        .iter()
        .take(COLUMNS_SHOWN_MAX)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = match names.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}
