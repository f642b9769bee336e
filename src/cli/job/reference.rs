//! The reference of the job file for people, as Markdown.

use super::keys::{self, Key, Kind, RULE, SECTIONS, Section};
use crate::entry::Field;

const HEAD: &str = "\
# Job file

A job file (TOML) says what the columns of an input mean. It lies beside the input under the same name (`backlog.csv`,
`backlog.toml`), or is named by `--job`. `concord-import map` writes one to start from; how rows, words and values are read
stands in [inputs.md](inputs.md). A word that is not known is an error that names its line and the nearest right word.

An API key never stands in it.

This page is printed by `concord-import schema --reference`. `concord-import schema` prints the same as a JSON Schema, for
editors: save it beside the job file as `concord-import.schema.json`, which the first line of what `map` writes names.
";

const DURATIONS: &str = "\
A duration is a whole number and a unit (`ms`, `s`, `m`, `h`, `d`), or several: `\"1h30m\"`.
";

/// The page.
pub(super) fn reference() -> String {
    let mut page = HEAD.to_owned();
    for section in &SECTIONS {
        page += &format!("\n## `[{}]`\n\n{}\n", section.name, section.says);
        if section.name == "fields" {
            page += &fields();
        } else {
            page += &table(section);
        }
    }
    page + "\n" + DURATIONS
}

fn table(section: &Section) -> String {
    let has_defaults = section.keys.iter().any(|key| !key.default.is_empty());
    let (default, line) = if has_defaults {
        (" default |", "---|")
    } else {
        ("", "")
    };
    let mut table =
        format!("\n| key | what it is | value | example |{default}\n|---|---|---|---|{line}\n");
    for key in section.keys {
        table += &row(key);
        if has_defaults {
            table += &match key.default {
                "" => " |".to_owned(),
                default => format!(" `{default}` |"),
            };
        }
        table.push('\n');
    }
    table
}

fn row(key: &Key) -> String {
    let (name, says, example) = (key.name, key.says, key.example);
    format!("| `{name}` | {says} | {} | `{example}` |", value(key.kind))
}

fn fields() -> String {
    let mut text = String::from("\n| property | what it is |\n|---|---|\n");
    for field in Field::ALL {
        text += &format!("| `{field}` | {} |\n", keys::meaning(field));
    }
    text += "\nA rule is a column's name, or a table with exactly one of `column`, `columns`, `template` and `value`:\n\
             `userEmail = \"Email\"`, `userFirstName = { column = \"Name\", part = \"first\" }`.\n\
             \n| key | what it is | value | example |\n|---|---|---|---|\n";
    for key in &RULE {
        text += &row(key);
        text.push('\n');
    }
    text
}

fn value(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".into(),
        Kind::Texts => "list of texts".into(),
        Kind::Uuid => "UUID".into(),
        Kind::Url => "address".into(),
        Kind::Region => "two letters".into(),
        Kind::Words(words) => keys::alternatives(&words()),
        Kind::Whole {
            min,
            max: Some(max),
        } => format!("whole number, {min} to {max}"),
        Kind::Whole { min, max: None } => format!("whole number from {min} on"),
        Kind::Number { min, max } => format!("number, {min} to {max}"),
        Kind::Duration(between) => format!("duration, {}", between.words()),
        Kind::Boolean => "`true` or `false`".into(),
        Kind::Character { or_none: false } => "one ASCII character".into(),
        Kind::Character { or_none: true } => "one ASCII character, or none".into(),
        Kind::Filters => "list of `{ column, in }`".into(),
        Kind::Literal => "what the property takes".into(),
        Kind::Meanings => "table of words".into(),
    }
}
