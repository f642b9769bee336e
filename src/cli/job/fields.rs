//! The section `[fields]`: for each property of the API, the rule that says where it comes from.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::MINIMAL;
use super::keys::{RULE, SOURCES};
use super::walk::{Reader, Table, Value, belongs, is_api_key, list};
use super::words::{NAME_PARTS, REQUESTS, REQUESTS_OR_SKIP};
use crate::cli::limits::{self, shown};
use crate::entry::Field;
use crate::nearest::nearest;
use crate::plan::{Literal, Meaning, NamePart, Rule};

impl<'t> Reader<'t> {
    pub(super) fn fields(&mut self, root: &'t DeTable<'t>) -> Vec<(Field, Rule)> {
        let Some(value) = root.get("fields") else {
            self.fault(0..0, "there is no section `[fields]`, which says where each of the API's fields comes from", format!("for instance:\n{MINIMAL}"));
            return Vec::new();
        };
        let Some(table) = self.table(
            value,
            "[fields]".to_owned(),
            "write [fields] on a line of its own, and its keys below",
        ) else {
            return Vec::new();
        };
        let mut rules = Vec::new();
        for (name, span, value) in table.in_order() {
            match Field::from_name(name) {
                Some(field) => rules.extend(self.rule(field, value).map(|rule| (field, rule))),
                None if is_api_key(name) => {}
                None => self.unknown_field(name, span),
            }
        }
        self.needed_fields(&table);
        rules
    }

    fn unknown_field(&mut self, name: &str, span: Range<usize>) {
        let hint = match nearest(name, Field::ALL.into_iter().map(Field::name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if !belongs(name).is_empty() => belongs(name),
            None => format!("its fields are {}", list(&Field::ALL.map(Field::name))),
        };
        self.fault(
            span,
            format!("the API has no field `{}`", shown(name)),
            hint,
        );
    }

    /// A field with a faulty rule or a misspelt name counts as there: that fault is told already.
    fn needed_fields(&mut self, table: &Table<'t>) {
        let meant: Vec<Option<&str>> = table
            .in_order()
            .into_iter()
            .map(|(name, _, _)| nearest(name, Field::ALL.into_iter().map(Field::name)))
            .collect();
        let has = |field: Field| meant.contains(&Some(field.name()));
        if !has(Field::Request) {
            self.fault(
                table.span.clone(),
                "`[fields]` lacks `request`: what each row asks for",
                "request = { column = \"Request type\", values = { \"Erasure\" = \"delete\", \"Access\" = \"view\" } }",
            );
        }
        if !Field::IDENTIFIERS.into_iter().any(has) {
            self.fault(
                table.span.clone(),
                "`[fields]` says of no field who the person is",
                format!(
                    "give at least one of {}, such as: userEmail = \"Email\"",
                    list(&Field::IDENTIFIERS.map(Field::name))
                ),
            );
        }
        if !has(Field::Preverified) {
            self.fault(
                table.span.clone(),
                "`[fields]` lacks `preverified`, which has no default: it decides whether people are written to",
                "add one of these two lines under `[fields]`:\n\
                 preverified = { value = true }    # the persons were verified already: requests start as `submitted`, nobody is written to\n\
                 preverified = { value = false }   # not yet: Concord most likely mails or texts each person to verify",
            );
        }
    }

    fn rule(&mut self, field: Field, value: &'t Value<'t>) -> Option<Rule> {
        match value.get_ref() {
            // `map` writes `?` when the user has to decide.
            DeValue::String(text) if field == Field::Preverified && text == "?" => {
                Some(Rule::Undecided)
            }
            DeValue::String(_) => Some(Rule::Column {
                name: self.column(value, field.name())?,
                values: Vec::new(),
                default: None,
                part: None,
            }),
            DeValue::Table(_) => {
                let table = self.table(
                    value,
                    field.name().to_owned(),
                    "a column's name, or a rule in { … }",
                )?;
                self.rule_of_table(field, &table)
            }
            DeValue::Boolean(flag) => {
                let hint = format!("the same for all rows: {field} = {{ value = {flag} }}");
                self.wrong_type(value, field.name(), "a column's name or a table", &hint);
                None
            }
            _ => {
                let hint = format!(
                    "{field} = \"Name of a column\", or: {field} = {{ value = \"the same for all rows\" }}"
                );
                self.wrong_type(value, field.name(), "a column's name or a table", &hint);
                None
            }
        }
    }

    fn rule_of_table(&mut self, field: Field, table: &Table<'t>) -> Option<Rule> {
        self.only_keys(table, &RULE.each_ref().map(|key| key.name));
        let source = self.source(field, table)?;
        let value = table.get(source)?;
        let path = table.path(source);
        match source {
            "column" => self.rule_of_column(field, table, value),
            "columns" => self
                .texts(value, &path, "columns = [\"Subject\", \"Created at\"]")
                .map(Rule::Columns),
            "template" => {
                let hint = "template = \"Zendesk {{ Ticket ID }}\"";
                self.text(value, &path, hint)
                    .map(|text| Rule::Template(text.to_owned()))
            }
            _ if field == Field::Preverified && value.get_ref().as_str() == Some("?") => {
                Some(Rule::Undecided)
            }
            _ => self.literal(field, value, &path).map(Rule::Value),
        }
    }

    /// The one of `column`, `columns`, `template` and `value` that the rule has, when all else goes with it.
    fn source(&mut self, field: Field, table: &Table<'t>) -> Option<&'static str> {
        let present: Vec<&'static str> = SOURCES
            .into_iter()
            .filter(|key| table.get(key).is_some())
            .collect();
        let [source] = present[..] else {
            let message = if present.is_empty() {
                format!("`{field}` does not say where it comes from")
            } else {
                format!("`{field}` has {} at once", list(&present))
            };
            self.fault(
                table.span.clone(),
                message,
                "a rule has exactly one of `column`, `columns`, `template` and `value`",
            );
            return None;
        };
        let only_for_columns: Vec<&'static str> = ["values", "default", "part"]
            .into_iter()
            .filter(|key| source != "column" && table.get(key).is_some())
            .collect();
        for key in &only_for_columns {
            let at = table.get(key).map_or(table.span.clone(), Spanned::span);
            self.fault(
                at,
                format!("`{field} {key}` goes with `column`, not with `{source}`"),
                format!("take `{key}` out, or `{source}` and write: {field} = {{ column = \"…\", {key} = … }}"),
            );
        }
        if matches!(field, Field::Request | Field::Preverified)
            && matches!(source, "columns" | "template")
        {
            self.fault(
                table.get(source)?.span(),
                format!("`{field}` cannot come from `{source}`: it is not free text"),
                format!("take it from a column, {field} = {{ column = \"…\" }}, or give all rows the same, {field} = {{ value = … }}"),
            );
            return None;
        }
        only_for_columns.is_empty().then_some(source)
    }

    fn rule_of_column(
        &mut self,
        field: Field,
        table: &Table<'t>,
        column: &'t Value<'t>,
    ) -> Option<Rule> {
        let faults_before = self.faults.len();
        let name = self.column(column, &table.path("column"));
        let values = match table.get("values") {
            Some(value) => self.values(field, value, &table.path("values")),
            None => Vec::new(),
        };
        let default = table
            .get("default")
            .and_then(|value| match value.get_ref().as_str() {
                // Blank for blank: says that the column may be absent from a JSON input.
                Some("") if !matches!(field, Field::Request | Field::Preverified) => {
                    Some(Literal::Text(String::new()))
                }
                _ => self.literal(field, value, &table.path("default")),
            });
        let part = self.part(field, table);
        let rule = Rule::Column {
            name: name?,
            values,
            default,
            part,
        };
        (self.faults.len() == faults_before).then_some(rule)
    }

    fn part(&mut self, field: Field, table: &Table<'t>) -> Option<NamePart> {
        let value = table.get("part")?;
        let path = table.path("part");
        if !matches!(field, Field::UserFirstName | Field::UserLastName) {
            self.fault(
                value.span(),
                format!("`{path}`: only `userFirstName` and `userLastName` can be part of a name"),
                "take it out",
            );
        } else if table.get("values").is_some() {
            self.fault(
                value.span(),
                format!("`{path}` and `values` do not go together"),
                "take one of the two out",
            );
        }
        self.one_of(value, &path, &NAME_PARTS)
    }

    fn column(&mut self, value: &'t Value<'t>, path: &str) -> Option<String> {
        let hint = "the column's name as it stands in the header";
        self.text(value, path, hint).map(str::to_owned)
    }

    /// What a field's values mean, each of them told apart as `intake` will: without regard to case and outer spaces.
    fn values(&mut self, field: Field, value: &'t Value<'t>, path: &str) -> Vec<(String, Meaning)> {
        let Some(table) = self.table(
            value,
            path.to_owned(),
            "values = { \"Erasure\" = \"delete\" }",
        ) else {
            return Vec::new();
        };
        if table.entries.is_empty() {
            self.fault(
                value.span(),
                format!("`{path}` is empty"),
                "leave it out to take the column's values as they are",
            );
        }
        let mut folded: Vec<(String, &str)> = Vec::new();
        let mut values = Vec::new();
        for (word, span, meaning) in table.in_order() {
            let fold = word.trim().to_lowercase();
            if fold.is_empty() {
                self.fault(
                    span,
                    format!("`{path}` gives a blank a meaning"),
                    "`default` stands in for blank cells",
                );
                continue;
            }
            if let Some((_, earlier)) = folded.iter().find(|(other, _)| *other == fold) {
                let message = format!(
                    "`{path}`: `{}` is the same as `{}`",
                    shown(word),
                    shown(earlier)
                );
                self.fault(
                    span,
                    message,
                    "case and outer spaces make no difference; remove one of the two",
                );
                continue;
            }
            folded.push((fold, word));
            let path = format!("{path} \"{}\"", shown(word));
            let meaning = if field == Field::Request {
                self.requests(word, meaning, &path)
            } else {
                self.literal(field, meaning, &path).map(Meaning::Literal)
            };
            values.extend(meaning.map(|meaning| (word.to_owned(), meaning)));
        }
        values
    }

    /// What a value of the request column means: one word, or several requests.
    fn requests(&mut self, word: &str, value: &'t Value<'t>, path: &str) -> Option<Meaning> {
        let items = match value.get_ref() {
            DeValue::String(text) if text == "?" => return Some(Meaning::Undecided),
            DeValue::String(text) if text == "skip" => return Some(Meaning::Skip),
            DeValue::String(_) => {
                let kind = self.one_of(value, path, &REQUESTS_OR_SKIP)?;
                return kind.map(|kind| Meaning::Requests(vec![kind]));
            }
            DeValue::Array(items) if !items.is_empty() => items,
            DeValue::Array(_) => {
                self.fault(
                    value.span(),
                    format!("`{path}` is an empty list: no request"),
                    "say so with \"skip\"",
                );
                return None;
            }
            _ => {
                self.wrong_type(
                    value,
                    path,
                    "a request word or an array of them",
                    &format!("allowed: {}", list(&REQUESTS_OR_SKIP.map(|(name, _)| name))),
                );
                return None;
            }
        };
        let mut kinds = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some("?") => return self.undecided(word, item),
                Some("skip") => {
                    self.fault(
                        item.span(),
                        format!("`{path}`: `skip` cannot stand among others"),
                        "skip the row, or name its requests",
                    );
                    return None;
                }
                _ => {}
            }
            let kind = self.one_of(item, path, &REQUESTS)?;
            if kinds.contains(&kind) {
                self.fault(
                    item.span(),
                    format!("`{path}`: `{kind}` stands twice"),
                    "each makes one request; remove one of the two",
                );
                return None;
            }
            kinds.push(kind);
        }
        Some(Meaning::Requests(kinds))
    }

    fn undecided<T>(&mut self, word: &str, value: &Value<'_>) -> Option<T> {
        self.fault(
            value.span(),
            format!("`?` is not an answer: decide what `{}` means", shown(word)),
            format!("allowed: {}", list(&REQUESTS_OR_SKIP.map(|(name, _)| name))),
        );
        None
    }

    /// A value of the kind that the field takes.
    fn literal(&mut self, field: Field, value: &'t Value<'t>, path: &str) -> Option<Literal> {
        if value.get_ref().as_str() == Some("?") {
            self.fault(
                value.span(),
                format!("`{path}`: `?` is not an answer"),
                "decide what it is, or leave the rule out",
            );
            return None;
        }
        match field {
            Field::Preverified => self.flag(value, path),
            Field::Request => {
                let kind = self.one_of(value, path, &REQUESTS)?;
                Some(Literal::Text(kind.name().to_owned()))
            }
            Field::ConcordId => {
                let text = self.text(
                    value,
                    path,
                    "a UUID in quotes, such as \"3f2b8c1e-90ab-4cde-8f01-23456789abcd\"",
                )?;
                let id = self.checked(value, path, limits::uuid(text))?;
                Some(Literal::Text(id.to_string()))
            }
            _ => {
                let text = self.text(value, path, "write it in quotes: \"…\"")?;
                Some(Literal::Text(text.to_owned()))
            }
        }
    }

    fn flag(&mut self, value: &Value<'_>, path: &str) -> Option<Literal> {
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(Literal::Bool(*flag)),
            DeValue::String(text) if text == "true" || text == "false" => {
                self.wrong_type(
                    value,
                    path,
                    "true or false",
                    &format!("write {text} without quotes"),
                );
                None
            }
            _ => {
                self.wrong_type(
                    value,
                    path,
                    "true or false",
                    "write true or false, without quotes",
                );
                None
            }
        }
    }
}
