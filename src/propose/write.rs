//! A proposal as the text of a job file: short, in one order, every decision with its reason.
//!
//! Whatever comes from the input (names of columns, request words) is written as a TOML string on one line, in
//! comments too, so that nothing of it can end a comment or a string.

use toml_writer::{ToTomlKey as _, ToTomlValue as _, TomlKeyBuilder, TomlStringBuilder};

use super::headers::{Role, Whose};
use super::{Choice, Preverified, Proposal, RequestWord, Sense, UNDECIDED, VerifiedColumn};
use crate::entry::{Field, RequestType};
use crate::intake::Basis;
use crate::numbers::grouped;
use crate::plan::{Format, NO_QUOTE};

/// Most columns that are listed as candidates for one property.
pub const CANDIDATES_SHOWN_MAX: usize = 5;
/// Comments are broken before this column.
const WIDTH_MAX: usize = 116;

/// Where editors find the schema, once `concord-import schema` has written it: beside the job file.
const SCHEMA: &str = "#:schema ./concord-import.schema.json";

/// The text being written.
#[derive(Default)]
struct Text {
    lines: String,
}

impl Text {
    fn line(&mut self, line: &str) {
        self.lines.push_str(line.trim_end());
        self.lines.push('\n');
    }

    fn rule(&mut self, name: &str, value: &str, why: &str) {
        self.line(&with_reason(&format!("{name} = {value}"), why));
    }

    fn gap(&mut self) {
        self.lines.push('\n');
    }

    /// A comment of words that are never broken within.
    fn comment(&mut self, words: impl IntoIterator<Item = String>) {
        let mut line = "#".to_owned();
        for word in words {
            if line.chars().count() + word.chars().count() >= WIDTH_MAX && line != "#" {
                self.line(&line);
                line = String::from("#  ");
            }
            line.push(' ');
            line.push_str(&word);
        }
        self.line(&line);
    }

    fn say(&mut self, sentence: &str) {
        self.comment(sentence.split(' ').map(str::to_owned));
    }
}

/// The job file.
pub(super) fn toml(proposal: &Proposal) -> String {
    let mut text = Text::default();
    head(proposal, &mut text);
    target(proposal, &mut text);
    input(proposal, &mut text);
    fields(proposal, &mut text);
    request(proposal, &mut text);
    not_sent(proposal, &mut text);
    text.lines
}

fn head(proposal: &Proposal, text: &mut Text) {
    let columns = proposal.profile.columns.len();
    let from = match proposal.source {
        Some(source) => format!("; looks like an export of {}", source.name),
        None => String::new(),
    };
    text.line(SCHEMA);
    text.line(&format!(
        "# Proposed by `concord-import map` from {}: {}, {columns} columns{from}.",
        plain(&proposal.input),
        rows(proposal.rows()),
    ));
    if let Some(note) = proposal
        .source
        .map(|source| source.note.as_str())
        .filter(|note| !note.is_empty())
    {
        text.say(&format!("{}.", capital(note)));
    }
    if proposal.refused > 0 {
        text.line(&format!(
            "# {} cannot be read: `concord-import check` says why.",
            rows(proposal.refused)
        ));
    }
    let marks = proposal.undecided();
    if marks > 0 {
        text.line(&format!(
            "# Decide each {UNDECIDED:?} ({marks}). Nothing can be sent before that."
        ));
    } else {
        text.line("# Look at it, and check it.");
    }
}

fn target(proposal: &Proposal, text: &mut Text) {
    text.gap();
    text.line("[target]");
    for (name, id) in [
        ("organization", proposal.organization),
        ("project", proposal.project),
    ] {
        match id {
            Some(id) => text.line(&format!("{name:12} = \"{id}\"")),
            None => text.line(&format!(
                "# {name:12} = \"…\"   # Concord shows it in the address of the project's page"
            )),
        }
    }
}

#[expect(clippy::too_many_lines, reason = "the job file from top to bottom")]
fn input(proposal: &Proposal, text: &mut Text) {
    text.gap();
    text.line("[input]");
    key(proposal, text);
    let shape = &proposal.shape;
    let told = &proposal.told;
    if shape.encoding.basis == Basis::Job {
        text.rule(
            "encoding",
            &quoted(&shape.encoding.encoding.to_lowercase()),
            "",
        );
    }
    if shape.encoding.basis == Basis::Guess {
        text.rule(
            "encoding",
            &quoted(&shape.encoding.encoding.to_lowercase()),
            "guessed from the text: look at a name with accents",
        );
    }
    if shape.format == Format::Csv {
        if shape.delimiter != b',' {
            let delimiter = char::from(shape.delimiter).to_string();
            text.rule("delimiter", &quoted(&delimiter), "");
        }
        match shape.quote {
            b'"' => {}
            NO_QUOTE => text.rule("quote", &quoted(""), "none"),
            other => text.rule("quote", &quoted(&char::from(other).to_string()), ""),
        }
        if let Some(escape) = shape.escape {
            text.rule("escape", &quoted(&char::from(escape).to_string()), "");
        }
    }
    if let Some(book) = &shape.book {
        text.rule("sheet", &quoted(&book.sheet), "");
    }
    if let Some(columns) = &told.columns {
        let names: Vec<_> = columns.iter().map(|name| quoted(name)).collect();
        let names = format!("[{}]", names.join(", "));
        text.rule("columns", &names, "the file has no header");
    }
    if !told.set_aside {
        text.rule("set_aside", "false", "notes and totals are rows as well");
    }
    if shape.header_line != 1 && !shape.preamble.starts_with(b"sep=") {
        let why = "the header stands on this line; leave it out if later files have more or fewer lines above";
        text.rule("header_row", &shape.header_line.to_string(), why);
    }
    if shape.header_rows > 1 && told.columns.is_none() {
        text.rule("header_rows", &shape.header_rows.to_string(), "");
    }
    if let Some(records) = &shape.records {
        text.rule("records", &quoted(records), "");
    }
    match &proposal.region {
        Some((region, column)) => {
            let why = format!(
                "for numbers without +; {} says so in every row",
                name(proposal, *column)
            );
            text.rule("region", &quoted(region), &why);
        }
        None if proposal.lacks_region() => {
            text.line(
                "# region = \"GB\"   # where phone numbers without + are dialled: never guessed",
            );
        }
        None => {}
    }
    received(proposal, text);
    done(proposal, text);
}

/// The filter that leaves out the cases that are done, as a comment: a person decides.
fn done(proposal: &Proposal, text: &mut Text) {
    let Some(done) = &proposal.done else { return };
    let rows_of = |is_done: bool| -> u64 {
        let words = done.words.iter().filter(|(_, done)| *done == is_done);
        words.map(|(word, _)| word.rows).sum()
    };
    let words_of = |is_done: bool| -> Vec<String> {
        let words = done.words.iter().filter(|(_, done)| *done == is_done);
        words
            .map(|(word, _)| format!("{} {}", quoted(&word.text), grouped(word.rows)))
            .collect()
    };
    let column = name(proposal, done.column);
    let listed = |words: Vec<String>| {
        let last = words.len().saturating_sub(1);
        let words = words.into_iter().enumerate();
        words
            .map(move |(index, word)| {
                if index == last {
                    format!("{word}.")
                } else {
                    format!("{word},")
                }
            })
            .collect::<Vec<_>>()
    };
    let of_done = match rows_of(true) {
        1 => format!("{column}: 1 row looks done:"),
        count => format!("{column}: {} look done:", rows(count)),
    };
    text.comment(std::iter::once(of_done).chain(listed(words_of(true))));
    let open = words_of(false);
    let blank = proposal.rows() - proposal.column(done.column).filled;
    if open.is_empty() {
        text.say("No value looks open: is this the right export? All rows are sent, unless `where` takes only some.");
        return;
    }
    let of_open = match rows_of(false) {
        1 => "1 row does not:".to_owned(),
        count => format!("{} do not:", rows(count)),
    };
    text.comment(std::iter::once(of_open).chain(listed(open)));
    let blank = match blank {
        0 => String::new(),
        count => format!(
            " Rows without one ({}) are left out as well.",
            grouped(count)
        ),
    };
    text.say(&format!(
        "All of them are sent, unless you uncomment this, with the words that you mean.{blank}"
    ));
    let open: Vec<String> = done
        .words
        .iter()
        .filter(|(_, is_done)| !is_done)
        .map(|(word, _)| quoted(&word.text))
        .collect();
    text.line(&format!(
        "# where = [{{ column = {column}, in = [{}] }}]",
        open.join(", ")
    ));
}

/// The date on which the person asked, and the order of its numbers where this file tells it.
fn received(proposal: &Proposal, text: &mut Text) {
    let Some(index) = proposal.fields.received.taken else {
        return;
    };
    let column = proposal.column(index);
    text.rule(
        "received",
        &name(proposal, index),
        "when the person asked: `check` counts what is overdue; not sent",
    );
    match (column.day_first, column.month_first) {
        (0, 0) if column.either_order > 0 => {
            text.line("# date_order = \"dmy\"   # or \"mdy\": no date in this file tells which");
        }
        (0, 0) => {}
        (day_first, 0) => text.rule("date_order", &quoted("dmy"), &told_by(day_first)),
        (0, month_first) => text.rule("date_order", &quoted("mdy"), &told_by(month_first)),
        _ => text.line("# Some dates there have the day first and others the month: correct them, or leave `received` out."),
    }
}

fn told_by(count: u64) -> String {
    format!("told by {}", rows(count))
}

fn key(proposal: &Proposal, text: &mut Text) {
    let columns = |key: &[usize]| {
        let names: Vec<String> = key.iter().map(|column| name(proposal, *column)).collect();
        format!("[{}]", names.join(", "))
    };
    text.line("# What identifies a row for good: a row with a key that was imported is never imported again.");
    if proposal.key.is_empty() {
        let of_none = if proposal.key_others.is_empty() {
            ""
        } else {
            " Uncomment one that never changes:"
        };
        text.say(&format!(
            "None was found. Without a key, a row that is changed later makes a new request.{of_none}"
        ));
        for (key, why) in proposal.key_others.iter().take(CANDIDATES_SHOWN_MAX) {
            text.line(&with_reason(&format!("# key = {}", columns(key)), why));
        }
    } else {
        text.rule("key", &columns(&proposal.key), &proposal.key_why);
    }
}

fn fields(proposal: &Proposal, text: &mut Text) {
    text.gap();
    text.line("[fields]");
    let fields = &proposal.fields;
    if let Some(whole) = fields.full_name.taken {
        person(proposal, Field::UserEmail, &fields.email, text);
        person(proposal, Field::UserPhoneNumber, &fields.phone, text);
        for (field, part) in [
            (Field::UserFirstName, "first"),
            (Field::UserLastName, "last"),
        ] {
            let rule = format!(
                "{{ column = {}, part = \"{part}\"{} }}",
                name(proposal, whole),
                blank(proposal, whole)
            );
            text.rule(field.name(), &rule, "");
        }
        person(proposal, Field::UserFirstName, &fields.first_name, text);
        person(proposal, Field::UserLastName, &fields.last_name, text);
        person(proposal, Field::UserId, &fields.user_id, text);
    } else {
        for (field, choice) in proposal.people() {
            person(proposal, field, choice, text);
        }
        candidates(
            proposal,
            &fields.full_name,
            |column| format!("userFirstName = {{ column = {column}, part = \"first\" }}"),
            text,
        );
    }
    if !proposal.has_identifier() {
        let why = "whom the request is about: one of userEmail, userPhoneNumber, userId is needed";
        text.rule(Field::UserEmail.name(), &quoted(UNDECIDED), why);
    }
    not_of_the_person(proposal, text);
    text.gap();
    preverified(proposal, text);
    notes(proposal, text);
}

/// Lists the columns of other people, companies and devices, by their headers.
fn not_of_the_person(proposal: &Proposal, text: &mut Text) {
    let tells = |index: usize| {
        let column = proposal.column(index);
        column.are_mostly(column.emails + column.mailboxes)
            || column.are_mostly(column.names)
            || column.are_mostly(column.ids)
            || column.are_mostly(column.phones())
    };
    let is_shown = |index: usize| {
        let choices = proposal.people().map(|(_, choice)| choice);
        let choices = choices.into_iter().chain([&proposal.fields.full_name]);
        choices
            .filter(|choice| choice.taken.is_none())
            .any(|choice| {
                let shown = choice.others.iter().take(CANDIDATES_SHOWN_MAX);
                shown.into_iter().any(|(other, _)| *other == index)
            })
    };
    let mut groups: [(&str, Vec<String>); 2] = [
        (
            "Not of the person who asks, by their headers (an agent, an owner, a company, a program):",
            Vec::new(),
        ),
        ("Of a device, a connection or a message:", Vec::new()),
    ];
    for (index, said) in proposal.said.iter().enumerate() {
        let group = if said.rank(Role::NetworkId).is_some() {
            1
        } else if said.whose == Whose::Other && tells(index) {
            0
        } else {
            continue;
        };
        if proposal.column(index).filled > 0 && !is_shown(index) {
            groups[group].1.push(name(proposal, index));
        }
    }
    for (what, names) in groups {
        if let Some((last, first)) = names.split_last() {
            let names = first.iter().map(|name| format!("{name},"));
            text.comment(
                std::iter::once(what.to_owned())
                    .chain(names)
                    .chain([last.clone()]),
            );
        }
    }
}

/// The rule of a property of the person, or its candidates as comments.
fn person(proposal: &Proposal, field: Field, choice: &Choice, text: &mut Text) {
    if let Some(column) = choice.taken {
        let rule = match blank(proposal, column) {
            "" => name(proposal, column),
            blank => format!("{{ column = {}{blank} }}", name(proposal, column)),
        };
        text.rule(field.name(), &rule, &choice.why);
        return;
    }
    if !choice.why.is_empty() {
        text.say(&format!("{field}: {}.", choice.why));
    }
    candidates(
        proposal,
        choice,
        |column| format!("{field} = {column}"),
        text,
    );
}

fn candidates(
    proposal: &Proposal,
    choice: &Choice,
    rule: impl Fn(&str) -> String,
    text: &mut Text,
) {
    if choice.taken.is_some() {
        return;
    }
    for (column, why) in choice.others.iter().take(CANDIDATES_SHOWN_MAX) {
        text.line(&with_reason(
            &format!("# {}", rule(&name(proposal, *column))),
            why,
        ));
    }
}

/// In JSON a value that some rows lack may be absent from all rows of another file.
fn blank(proposal: &Proposal, column: usize) -> &'static str {
    let is_whole = proposal.column(column).filled == proposal.rows();
    if proposal.shape.format == Format::Csv || is_whole {
        ""
    } else {
        ", default = \"\""
    }
}

fn preverified(proposal: &Proposal, text: &mut Text) {
    let by_column = proposal.verified_by.as_ref();
    match proposal.preverified {
        Preverified::All(yes) => {
            text.rule("preverified", &format!("{{ value = {yes} }}"), told_of(yes));
        }
        Preverified::Column => {
            if let Some(verified) = by_column {
                let (rule, why) = by_words(proposal, verified);
                text.rule("preverified", &rule, &why);
                unknown_words(verified, text);
            }
        }
        Preverified::Undecided => {
            text.line("# Were these persons verified? Only you know, so decide:");
            let all = |yes: bool, text: &mut Text| {
                text.line(&with_reason(
                    &format!("# preverified = {{ value = {yes} }}"),
                    told_of(yes),
                ));
            };
            all(true, text);
            all(false, text);
            if let Some(verified) = by_column {
                let (rule, why) = by_words(proposal, verified);
                text.line(&with_reason(&format!("# preverified = {rule}"), &why));
                unknown_words(verified, text);
            }
            let why = "decide: nothing is sent before that";
            text.rule("preverified", &quoted(UNDECIDED), why);
        }
    }
}

const fn told_of(is_verified: bool) -> &'static str {
    if is_verified {
        "yes, by you: requests start as submitted, and Concord contacts no one"
    } else {
        "not yet: Concord most likely mails or texts each person"
    }
}

/// The rule by a column that says who was verified, and what it says.
fn by_words(proposal: &Proposal, verified: &VerifiedColumn) -> (String, String) {
    let name = name(proposal, verified.column);
    let meanings: Vec<String> = verified
        .words
        .iter()
        .map(|(word, yes)| format!("{} = {yes}", quoted(&word.text)))
        .collect();
    let why = match verified.not_verified {
        0 => "as the column says: no row says false".to_owned(),
        no => format!("as the column says: false in {}", rows(no)),
    };
    let rule = if meanings.is_empty() {
        format!("{{ column = {name} }}")
    } else {
        format!(
            "{{ column = {name}, values = {{ {} }} }}",
            meanings.join(", ")
        )
    };
    (rule, why)
}

fn unknown_words(verified: &VerifiedColumn, text: &mut Text) {
    let unknown = &verified.unknown;
    if !unknown.is_empty() {
        let count = unknown.iter().map(|word| word.rows).sum();
        text.say(&format!(
            "Something else is said in {} ({} values): a problem each, until `values` has them too.",
            rows(count),
            unknown.len()
        ));
    }
}

fn notes(proposal: &Proposal, text: &mut Text) {
    let fields = &proposal.fields;
    if fields.received.taken.is_none() && !fields.received.why.is_empty() {
        text.say(&format!(
            "When the person asked: {}. Put it into notes.",
            fields.received.why
        ));
        for (column, _) in fields.received.others.iter().take(CANDIDATES_SHOWN_MAX) {
            text.line(&format!("#   {}", name(proposal, *column)));
        }
    }
    let mut pieces: Vec<String> = Vec::new();
    let of_row: Vec<usize> = proposal
        .key
        .iter()
        .copied()
        .filter(|column| is_of_row(proposal, *column))
        .collect();
    for column in of_row
        .iter()
        .filter(|column| Some(**column) != fields.received.taken)
    {
        let label = match proposal.source {
            Some(source) => source.name.clone(),
            None => label(&proposal.column(*column).name),
        };
        pieces.push(format!("{label} {}", in_template(proposal, *column)));
    }
    if let Some(column) = fields.received.taken {
        pieces.push(format!("received {}", in_template(proposal, column)));
    }
    if !pieces.is_empty() {
        text.gap();
        text.line("# For your staff. Concord dates a request to the day of its import: the real date is carried along.");
        text.rule(
            "notes",
            &format!("{{ template = {} }}", quoted(&pieces.join(", "))),
            "",
        );
    }
    let details = proposal.said.iter().enumerate().filter(|(index, said)| {
        said.rank(super::headers::Role::Details).is_some()
            && proposal.column(*index).filled > 0
            && fields.request.taken != Some(*index)
    });
    let details: Vec<String> = details
        .take(CANDIDATES_SHOWN_MAX)
        .map(|(index, _)| name(proposal, index))
        .collect();
    if !details.is_empty() {
        text.line(&with_reason(
            &format!(
                "# requestDetails = {{ columns = [{}] }}",
                details.join(", ")
            ),
            "what the person wrote: sent only if you uncomment it",
        ));
    }
}

/// Whether a key column tells of the row, and not of the person.
fn is_of_row(proposal: &Proposal, column: usize) -> bool {
    let column = proposal.column(column);
    !column.are_mostly(column.emails) && !column.are_mostly(column.international_phones)
}

fn request(proposal: &Proposal, text: &mut Text) {
    let choice = &proposal.fields.request;
    text.gap();
    let Some(column) = choice.taken else {
        text.line("[fields.request]");
        text.say(&format!("{}.", capital(&choice.why)));
        text.say("Name the column here, or give all rows the same instead: value = \"view\" (or delete, change, do_not_sell).");
        text.line(&format!("column = {}", quoted(UNDECIDED)));
        candidates(
            proposal,
            choice,
            |column| format!("column = {column}"),
            text,
        );
        return;
    };
    let blank = proposal.rows() - proposal.column(column).filled;
    text.line("[fields.request]");
    text.rule("column", &name(proposal, column), &choice.why);
    if blank > 0 {
        text.say(&format!(
            "{} without one, a problem each; [input] where = [{{ column = \"…\", in = [\"…\"] }}] takes only some rows.",
            capital(&rows(blank))
        ));
    }
    text.gap();
    text.line("# view (access), delete (erasure), change (rectification), do_not_sell (opt-out of sale or sharing), several:");
    text.line("# [\"view\", \"delete\"], or skip (no request). A word that is not listed is a problem of its row.");
    if proposal.request_words.is_empty() {
        text.say("Its words are not listed: there are too many, or they are too long.");
    } else {
        text.line("[fields.request.values]");
    }
    let keys: Vec<String> = proposal
        .request_words
        .iter()
        .map(|word| quoted_key(&word.word.text))
        .collect();
    let meanings: Vec<String> = proposal
        .request_words
        .iter()
        .map(|word| meaning(&word.sense))
        .collect();
    let width = |texts: &[String]| {
        texts
            .iter()
            .map(|text| text.chars().count())
            .max()
            .unwrap_or_default()
    };
    let (keys_width, meanings_width) = (width(&keys), width(&meanings));
    for ((key, meaning), word) in keys.iter().zip(&meanings).zip(&proposal.request_words) {
        text.line(&format!(
            "{key:keys_width$} = {meaning:meanings_width$}   # {}",
            told(word)
        ));
    }
    if proposal.words_masked > 0 {
        text.say(&format!(
            "{} with a word that may tell of a person and is not shown here: `concord-import check` counts them.",
            rows(proposal.words_masked)
        ));
    }
}

fn meaning(sense: &Sense) -> String {
    match sense {
        Sense::Skip => quoted("skip"),
        Sense::Undecided(_) => quoted(UNDECIDED),
        Sense::Requests(requests) => match &requests[..] {
            [one] => quoted(one.name()),
            several => {
                let names: Vec<String> = several
                    .iter()
                    .map(|request: &RequestType| quoted(request.name()))
                    .collect();
                format!("[{}]", names.join(", "))
            }
        },
    }
}

fn told(word: &RequestWord) -> String {
    let rows = rows(word.word.rows);
    match &word.sense {
        Sense::Undecided("") => {
            format!("{rows}: not known; view, delete, change, do_not_sell or skip?")
        }
        Sense::Undecided(why) => format!("{rows}: {why}"),
        Sense::Requests(_) | Sense::Skip => rows,
    }
}

/// The columns that no rule names, by what their values are.
fn not_sent(proposal: &Proposal, text: &mut Text) {
    let fields = &proposal.fields;
    let choices = [
        &fields.email,
        &fields.phone,
        &fields.full_name,
        &fields.first_name,
        &fields.last_name,
        &fields.user_id,
        &fields.request,
        &fields.received,
    ];
    let mut sent: Vec<usize> = choices
        .into_iter()
        .filter_map(|choice| choice.taken)
        .collect();
    sent.extend(
        proposal
            .key
            .iter()
            .filter(|column| is_of_row(proposal, **column)),
    );
    if let (Preverified::Column, Some(verified)) = (proposal.preverified, &proposal.verified_by) {
        sent.push(verified.column);
    }
    let mut shapes: Vec<(&str, Vec<String>)> = Vec::new();
    for (index, column) in proposal.profile.columns.iter().enumerate() {
        if sent.contains(&index) || column.name.is_empty() {
            continue;
        }
        let name = name(proposal, index);
        match shapes
            .iter_mut()
            .find(|(shape, _)| *shape == column.shape())
        {
            Some((_, names)) => names.push(name),
            None => shapes.push((column.shape(), vec![name])),
        }
    }
    if shapes.is_empty() {
        return;
    }
    text.gap();
    text.line("# Never sent, since no rule names them:");
    for (shape, names) in shapes {
        let last = names.len() - 1;
        let names = names.into_iter().enumerate();
        let names = names.map(|(index, name)| {
            if index == last {
                name
            } else {
                format!("{name},")
            }
        });
        text.comment(std::iter::once(format!("{shape}:")).chain(names));
    }
}

fn with_reason(line: &str, why: &str) -> String {
    if why.is_empty() {
        line.to_owned()
    } else {
        format!("{line}   # {why}")
    }
}

/// A column's name as TOML.
fn name(proposal: &Proposal, column: usize) -> String {
    quoted(&proposal.column(column).name)
}

/// A text as a TOML string on one line.
fn quoted(text: &str) -> String {
    TomlStringBuilder::new(text).as_basic().to_toml_value()
}

/// A text as a TOML key, always in quotes.
fn quoted_key(text: &str) -> String {
    TomlKeyBuilder::new(text).as_basic().to_toml_key()
}

/// The name of an input within a comment.
fn plain(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// A column within a template; in quotes where its name would end it.
fn in_template(proposal: &Proposal, column: usize) -> String {
    let name = &proposal.column(column).name;
    if name.contains(['{', '}', '"', '\\']) {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{{{{ \"{escaped}\" }}}}")
    } else {
        format!("{{{{ {name} }}}}")
    }
}

/// A column's name as words of a template: without what opens a column there.
fn label(name: &str) -> String {
    let label = name.replace(['{', '}'], " ").replace(char::is_control, " ");
    label.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rows(count: u64) -> String {
    match count {
        1 => "1 row".to_owned(),
        count => format!("{} rows", grouped(count)),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
