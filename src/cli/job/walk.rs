//! Walking a job file's tree: tables, values of each kind, and the faults gathered on the way.
//!
//! Takes the names of sections and keys from `keys`, and knows nothing of what they mean.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use uuid::Uuid;

use super::Fault;
use super::keys::{SECTIONS, Section};
use crate::cli::limits::{self, Between, Refusal, shown};
use crate::entry::Field;
use crate::nearest::nearest;

/// What the parser says of a key that stands twice.
pub(super) const REPEATED_KEY: &str = "duplicate key";
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// A table and what to call it.
pub(super) struct Table<'t> {
    /// `[send]`, or the name of a field.
    pub(super) place: String,
    pub(super) span: Range<usize>,
    pub(super) entries: &'t DeTable<'t>,
}

impl<'t> Table<'t> {
    pub(super) fn get(&self, key: &str) -> Option<&'t Value<'t>> {
        self.entries.get(key)
    }

    /// `[send] rate`
    pub(super) fn path(&self, key: &str) -> String {
        format!("{} {key}", self.place)
    }

    /// As written, whereas the map is sorted.
    pub(super) fn in_order(&self) -> Vec<(&'t str, Range<usize>, &'t Value<'t>)> {
        let mut entries: Vec<_> = self
            .entries
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
            .collect();
        entries.sort_by_key(|(_, span, _)| span.start);
        entries
    }
}

/// Walks the tree and gathers faults. A step that finds one answers `None` and the walk goes on.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) faults: Vec<Fault>,
}

impl<'t> Reader<'t> {
    pub(super) fn fault(
        &mut self,
        at: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let hint = hint.into();
        self.faults.push(Fault {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.into(),
            hint: (!hint.is_empty()).then_some(hint),
        });
    }

    /// The parser's messages name what it wants and never repeat what stands there.
    pub(super) fn syntax(&mut self, error: &toml::de::Error) {
        let at = error.span().unwrap_or(0..0);
        let message = error.message().trim_end();
        let rest = self.text.get(at.start..).unwrap_or_default();
        let hint = if message == REPEATED_KEY {
            "each key may stand once; remove one of the two"
        } else if rest.starts_with(['“', '”', '„', '‘', '’']) {
            "these are typographic quotes; TOML takes the straight ones, \" or '"
        } else if message.starts_with("invalid basic string") {
            "the quote at the end of the text is missing, or a \\ stands in it (write \\\\)"
        } else if message.starts_with("invalid boolean") || message.contains("must be quoted") {
            "text stands in quotes; only true, false and numbers do without"
        } else {
            "a line is `[section]`, or `name = value`; what is opened by [, { or a quote is closed again"
        };
        self.fault(at, format!("not valid TOML: {message}"), hint);
    }

    /// A key in a job file is a leak to be told of, even where the file is broken. Its value is never repeated.
    pub(super) fn refuse_api_keys(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            if is_api_key(key.get_ref()) {
                self.fault(
                    key.span(),
                    format!("`{}`: an API key does not belong in a job file", key.get_ref()),
                    "remove it, and revoke the key if others could read this file\n\
                     give the key in the environment as CONCORD_API_KEY, or in a file of its own with --api-key-file FILE",
                );
            }
            if key.get_ref() == "values" {
                continue; // words of the input
            }
            match value.get_ref() {
                DeValue::Table(inner) => self.refuse_api_keys(inner),
                DeValue::Array(items) => {
                    for item in items {
                        if let DeValue::Table(inner) = item.get_ref() {
                            self.refuse_api_keys(inner);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn sections(&mut self, root: &DeTable<'_>) {
        for (key, value) in root {
            let name = key.get_ref().as_ref();
            if SECTIONS.iter().any(|section| section.name == name) || is_api_key(name) {
                continue;
            }
            let (message, hint) = if value.get_ref().is_table() {
                let names = || SECTIONS.iter().map(|section| section.name);
                let hint = match nearest(name, names()) {
                    Some(near) => format!("did you mean `[{near}]`?"),
                    None => {
                        "a job file has the sections `[target]`, `[input]`, `[fields]` and `[send]`"
                            .to_owned()
                    }
                };
                (format!("unknown section `[{}]`", shown(name)), hint)
            } else {
                (
                    format!("`{}` stands outside of every section", shown(name)),
                    belongs(name),
                )
            };
            self.fault(key.span(), message, hint);
        }
    }

    /// A section, with its unknown keys told of.
    pub(super) fn section(
        &mut self,
        root: &'t DeTable<'t>,
        name: &'static str,
    ) -> Option<Table<'t>> {
        let hint = format!("write [{name}] on a line of its own, and its keys below");
        let table = self.table(root.get(name)?, format!("[{name}]"), &hint)?;
        let known = SECTIONS.iter().find(|section| section.name == name)?;
        self.only_keys(&table, &names(known));
        Some(table)
    }

    pub(super) fn table(
        &mut self,
        value: &'t Value<'t>,
        place: String,
        hint: &str,
    ) -> Option<Table<'t>> {
        let DeValue::Table(entries) = value.get_ref() else {
            self.wrong_type(value, &place, "a table", hint);
            return None;
        };
        Some(Table {
            place,
            span: value.span(),
            entries,
        })
    }

    pub(super) fn only_keys(&mut self, table: &Table<'t>, known: &[&'static str]) {
        for (key, span, _) in table.in_order() {
            if known.contains(&key) || is_api_key(key) {
                continue;
            }
            let hint = match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if table.place.starts_with('[') && !belongs(key).is_empty() => belongs(key),
                None => format!("it may have {}", list(known)),
            };
            self.fault(
                span,
                format!("unknown key `{}` in `{}`", shown(key), table.place),
                hint,
            );
        }
    }

    pub(super) fn wrong_type(&mut self, value: &Value<'_>, path: &str, wanted: &str, hint: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false without quotes",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        self.fault(
            value.span(),
            format!("`{path}` must be {wanted}, and is {found}"),
            hint,
        );
    }

    /// A string that says something.
    pub(super) fn text(&mut self, value: &'t Value<'t>, path: &str, hint: &str) -> Option<&'t str> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(value, path, "a string", hint);
            return None;
        };
        if text.trim().is_empty() {
            self.fault(value.span(), format!("`{path}` is empty"), hint);
            return None;
        }
        Some(text)
    }

    /// An array of one or more different strings.
    pub(super) fn texts(
        &mut self,
        value: &'t Value<'t>,
        path: &str,
        hint: &str,
    ) -> Option<Vec<String>> {
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(value, path, "an array of strings", hint);
            return None;
        };
        if items.is_empty() {
            self.fault(value.span(), format!("`{path}` is empty"), hint);
            return None;
        }
        let mut texts: Vec<String> = Vec::new();
        let mut is_whole = true;
        for (index, item) in items.iter().enumerate() {
            match self.text(item, &format!("{path}, number {}", index + 1), hint) {
                Some(text) if texts.iter().any(|earlier| earlier == text) => {
                    let message = format!("`{path}` names `{}` twice", shown(text));
                    self.fault(item.span(), message, "remove one of the two");
                    is_whole = false;
                }
                Some(text) => texts.push(text.to_owned()),
                None => is_whole = false,
            }
        }
        is_whole.then_some(texts)
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(
        &mut self,
        table: &Table<'t>,
        key: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let value = table.get(key)?;
        self.one_of(value, &table.path(key), words)
    }

    pub(super) fn one_of<T: Copy>(
        &mut self,
        value: &'t Value<'t>,
        path: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let names: Vec<&'static str> = words.iter().map(|(name, _)| *name).collect();
        let allowed = format!("allowed: {}", list(&names));
        let text = self.text(value, path, &allowed)?;
        let found = words.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let hint = match nearest(text, names) {
                Some(near) => format!("did you mean `{near}`? {allowed}"),
                None => allowed,
            };
            self.fault(
                value.span(),
                format!("`{path}` cannot be `{}`", shown(text)),
                hint,
            );
        }
        found.map(|(_, meaning)| *meaning)
    }

    pub(super) fn duration(
        &mut self,
        table: &Table<'t>,
        key: &str,
        between: Between,
    ) -> Option<Duration> {
        let value = table.get(key)?;
        let path = table.path(key);
        let hint = format!("write a number and a unit: {key} = \"30s\" (units: ms, s, m, h, d)");
        let text = self.text(value, &path, &hint)?;
        let parsed = between.parse(text);
        self.checked(value, &path, parsed)
    }

    pub(super) fn whole(&mut self, table: &Table<'t>, key: &str) -> Option<(&'t Value<'t>, i64)> {
        let value = table.get(key)?;
        let path = table.path(key);
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(value, &path, "a whole number", &such_as(table, key));
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix());
        if number.is_err() {
            self.fault(
                value.span(),
                format!("`{path}` is far too large"),
                such_as(table, key),
            );
        }
        Some((value, number.ok()?))
    }

    pub(super) fn uuid(&mut self, table: &Table<'t>, key: &str) -> Option<Uuid> {
        let value = table.get(key)?;
        let path = table.path(key);
        let text = self.text(value, &path, &such_as(table, key))?;
        self.checked(value, &path, limits::uuid(text))
    }

    /// What was made of a value, or a fault there.
    pub(super) fn checked<T>(
        &mut self,
        value: &Value<'_>,
        path: &str,
        result: Result<T, Refusal>,
    ) -> Option<T> {
        match result {
            Ok(made) => Some(made),
            Err(refusal @ Refusal::OutOfRange { .. }) => {
                self.fault(value.span(), format!("`{path}` {refusal}"), "");
                None
            }
            Err(refusal) => {
                self.fault(value.span(), format!("`{path}`: {refusal}"), "");
                None
            }
        }
    }
}

/// Whether people mean their API key by that name.
pub(super) fn is_api_key(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    matches!(
        plain.as_str(),
        "apikey" | "xapikey" | "concordapikey" | "apitoken" | "apisecret"
    )
}

/// A key as it would be right.
fn such_as(table: &Table<'_>, key: &str) -> String {
    let is_section = |section: &&Section| table.place == format!("[{}]", section.name);
    let section = SECTIONS.iter().find(is_section);
    let known = section.and_then(|section| section.keys.iter().find(|known| known.name == key));
    known.map_or_else(String::new, |known| {
        format!("such as {key} = {}", known.example)
    })
}

fn names(section: &Section) -> Vec<&'static str> {
    section.keys.iter().map(|key| key.name).collect()
}

/// Where a key that is out of place belongs; empty when nowhere.
pub(super) fn belongs(key: &str) -> String {
    if Field::from_name(key).is_some() {
        return "it belongs under `[fields]`".to_owned();
    }
    SECTIONS
        .iter()
        .find(|section| names(section).contains(&key))
        .map(|section| format!("it belongs under `[{}]`", section.name))
        .unwrap_or_default()
}

/// `a`, `b` and `c`
pub(super) fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}
