//! The job file: its text → plain data, or everything that is wrong with it at once.
//!
//! Every fault has its line, its column, what was found and what would be right. Nothing is defaulted here, and
//! nothing is held against an input: `resolve` does the one, `intake::map` the other. No file is read.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use uuid::Uuid;

use super::limits::{self, Between, Refusal, shown};
use super::nearest::nearest;
use crate::entry::{Field, RequestType};
use crate::plan::{
    DateOrder, DoubtPolicy, Filter, Format, Literal, Mark, Meaning, NamePart, Reading, Rule, Rules,
};

/// A job file to start from.
pub const MINIMAL: &str = r#"[fields]
request     = { column = "Request type", values = { "Erasure" = "delete", "Access" = "view" } }
userEmail   = "Email"
preverified = { value = true }   # true: verified already, nobody is written to; false: Concord most likely mails or texts each person
"#;

/// All that a job file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// `[target]`
    pub target: JobTarget,
    /// The part of `[input]` that is about bytes.
    pub reading: Reading,
    /// `[fields]`, the rest of `[input]`, and `mark`.
    pub rules: Rules,
    /// The rest of `[send]`.
    pub sending: JobSending,
}

/// `[target]`: only what is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobTarget {
    /// `organization`
    pub organization: Option<Uuid>,
    /// `project`
    pub project: Option<Uuid>,
    /// `base_url`, checked and without a slash at its end.
    pub base_url: Option<String>,
}

/// `[send]`: only what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct JobSending {
    /// `in_doubt`
    pub in_doubt: Option<DoubtPolicy>,
    /// `rate`
    pub rate_per_s: Option<f64>,
    /// `concurrency`
    pub concurrency: Option<NonZeroU32>,
    /// `max_attempts`
    pub max_attempts: Option<NonZeroU32>,
    /// `initial_backoff`
    pub initial_backoff: Option<Duration>,
    /// `max_backoff`
    pub max_backoff: Option<Duration>,
    /// `settle`
    pub settle: Option<Duration>,
    /// `timeout`
    pub timeout: Option<Duration>,
    /// `give_up_after`
    pub give_up_after: Option<Duration>,
}

/// One thing that is wrong in a job file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right; may have several lines.
    pub hint: Option<String>,
}

/// Everything that is wrong in a job file, in its order. Shown as people read it, over several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFaults {
    /// The job file, as the user names it.
    pub name: String,
    /// Never empty.
    pub faults: Vec<Fault>,
}

impl std::error::Error for JobFaults {}

impl fmt::Display for JobFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.faults.len();
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "the job file has {count} fault{plural}")?;
        for fault in &self.faults {
            let (line, column) = (fault.line, fault.column);
            write!(f, "\n\n{}:{line}:{column}: {}", self.name, fault.message)?;
            for hint in fault.hint.iter().flat_map(|hint| hint.lines()) {
                write!(f, "\n    {hint}")?;
            }
        }
        Ok(())
    }
}

/// Reads a job file's text. `name` is what its faults are told under.
pub fn parse(name: &str, text: &str) -> Result<Job, JobFaults> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (root, syntax) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        text,
        faults: Vec::new(),
    };
    reader.refuse_api_keys(root.get_ref());
    let job = if syntax.is_empty() {
        Some(reader.job(root.get_ref()))
    } else {
        for error in syntax {
            reader.syntax(&error);
        }
        None
    };
    let mut faults = reader.faults;
    faults.sort_by_key(|fault| (fault.line, fault.column));
    faults.dedup();
    match job {
        Some(job) if faults.is_empty() => Ok(job),
        _ => Err(JobFaults {
            name: name.to_owned(),
            faults,
        }),
    }
}

const SECTIONS: [(&str, &[&str]); 4] = [
    ("target", &["organization", "project", "base_url"]),
    (
        "input",
        &[
            "key",
            "region",
            "where",
            "format",
            "encoding",
            "delimiter",
            "quote",
            "header_row",
            "sheet",
            "date_order",
        ],
    ),
    ("fields", &[]), // the API's own names
    (
        "send",
        &[
            "mark",
            "in_doubt",
            "rate",
            "concurrency",
            "max_attempts",
            "initial_backoff",
            "max_backoff",
            "settle",
            "timeout",
            "give_up_after",
        ],
    ),
];

const SOURCES: [&str; 4] = ["column", "columns", "template", "value"];
const RULE_KEYS: [&str; 7] = [
    "column", "columns", "template", "value", "values", "default", "part",
];
const FILTER_KEYS: [&str; 2] = ["column", "in"];

type Value<'t> = Spanned<DeValue<'t>>;

/// A table and what to call it.
struct Table<'t> {
    /// `[send]`, or the name of a field.
    place: String,
    span: Range<usize>,
    entries: &'t DeTable<'t>,
}

impl<'t> Table<'t> {
    fn get(&self, key: &str) -> Option<&'t Value<'t>> {
        self.entries.get(key)
    }

    /// `[send] rate`
    fn path(&self, key: &str) -> String {
        format!("{} {key}", self.place)
    }

    /// As written, whereas the map is sorted.
    fn in_order(&self) -> Vec<(&'t str, Range<usize>, &'t Value<'t>)> {
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
struct Reader<'t> {
    text: &'t str,
    faults: Vec<Fault>,
}

impl<'t> Reader<'t> {
    fn fault(&mut self, at: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
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
    fn syntax(&mut self, error: &toml::de::Error) {
        let at = error.span().unwrap_or(0..0);
        let message = error.message().trim_end();
        let hint = match message {
            "duplicate key" => "each key may stand once; remove one of the two",
            _ if message.contains("string values must be quoted") => "write it in quotes: \"…\"",
            _ => "",
        };
        self.fault(at, format!("not valid TOML: {message}"), hint);
    }

    /// A key in a job file is a leak to be told of, even where the file is broken. Its value is never repeated.
    fn refuse_api_keys(&mut self, table: &DeTable<'_>) {
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
                    for item in items.iter() {
                        if let DeValue::Table(inner) = item.get_ref() {
                            self.refuse_api_keys(inner);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn job(&mut self, root: &'t DeTable<'t>) -> Job {
        self.sections(root);
        let target = self
            .section(root, "target")
            .map(|table| self.target(&table));
        let input = self.section(root, "input");
        let reading = input.as_ref().map(|table| self.reading(table));
        let send = self.section(root, "send");
        let rules = Rules {
            key: input
                .as_ref()
                .map(|table| self.key(table))
                .unwrap_or_default(),
            region: input.as_ref().and_then(|table| self.region(table)),
            filters: input
                .as_ref()
                .map(|table| self.filters(table))
                .unwrap_or_default(),
            fields: self.fields(root),
            mark: send
                .as_ref()
                .and_then(|table| self.word(table, "mark", &MARKS))
                .unwrap_or(Mark::Notes),
        };
        Job {
            target: target.unwrap_or_default(),
            reading: reading.unwrap_or_default(),
            rules,
            sending: send.map(|table| self.sending(&table)).unwrap_or_default(),
        }
    }

    fn sections(&mut self, root: &DeTable<'_>) {
        for (key, value) in root {
            let name = key.get_ref().as_ref();
            if SECTIONS.iter().any(|(section, _)| *section == name) || is_api_key(name) {
                continue;
            }
            let (message, hint) = if value.get_ref().is_table() {
                let names = || SECTIONS.iter().map(|(section, _)| *section);
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
    fn section(&mut self, root: &'t DeTable<'t>, name: &'static str) -> Option<Table<'t>> {
        let table = self.table(root.get(name)?, format!("[{name}]"))?;
        let known = SECTIONS.iter().find(|(section, _)| *section == name)?.1;
        self.only_keys(&table, known);
        Some(table)
    }

    fn table(&mut self, value: &'t Value<'t>, place: String) -> Option<Table<'t>> {
        let DeValue::Table(entries) = value.get_ref() else {
            self.wrong_type(value, &place, "a table", "");
            return None;
        };
        Some(Table {
            place,
            span: value.span(),
            entries,
        })
    }

    fn only_keys(&mut self, table: &Table<'t>, known: &[&'static str]) {
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
                format!("unknown key `{}` in {}", shown(key), table.place),
                hint,
            );
        }
    }

    fn wrong_type(&mut self, value: &Value<'_>, path: &str, wanted: &str, hint: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
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

    // Values of one kind each. ------------------------------------------------------------------

    /// A string that says something.
    fn text(&mut self, value: &'t Value<'t>, path: &str, hint: &str) -> Option<&'t str> {
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
    fn texts(&mut self, value: &'t Value<'t>, path: &str, hint: &str) -> Option<Vec<String>> {
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
        for item in items.iter() {
            match self.text(item, path, hint) {
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
    fn word<T: Copy>(
        &mut self,
        table: &Table<'t>,
        key: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let value = table.get(key)?;
        self.one_of(value, &table.path(key), words)
    }

    fn one_of<T: Copy>(
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

    fn duration(&mut self, table: &Table<'t>, key: &str, between: Between) -> Option<Duration> {
        let value = table.get(key)?;
        let path = table.path(key);
        let hint = format!("write a number and a unit: {key} = \"30s\" (units: ms, s, m, h, d)");
        let text = self.text(value, &path, &hint)?;
        let parsed = between.parse(text);
        self.checked(value, &path, parsed)
    }

    fn whole(&mut self, table: &Table<'t>, key: &str) -> Option<(&'t Value<'t>, i64)> {
        let value = table.get(key)?;
        let path = table.path(key);
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(value, &path, "a whole number", "");
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix());
        if number.is_err() {
            self.fault(value.span(), format!("`{path}` is far too large"), "");
        }
        Some((value, number.ok()?))
    }

    fn uuid(&mut self, table: &Table<'t>, key: &str) -> Option<Uuid> {
        let value = table.get(key)?;
        let path = table.path(key);
        let text = self.text(value, &path, "")?;
        self.checked(value, &path, limits::uuid(text))
    }

    /// What was made of a value, or a fault there.
    fn checked<T>(
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

    // Sections. ---------------------------------------------------------------------------------

    fn target(&mut self, table: &Table<'t>) -> JobTarget {
        let base_url = table.get("base_url").and_then(|value| {
            let path = table.path("base_url");
            let text = self.text(value, &path, "leave it out for Concord's own address")?;
            self.checked(value, &path, limits::base_url(text))
        });
        JobTarget {
            organization: self.uuid(table, "organization"),
            project: self.uuid(table, "project"),
            base_url,
        }
    }

    fn sending(&mut self, table: &Table<'t>) -> JobSending {
        let sending = JobSending {
            in_doubt: self.word(table, "in_doubt", &IN_DOUBT),
            rate_per_s: self.rate(table),
            concurrency: self.whole(table, "concurrency").and_then(|(value, count)| {
                self.checked(
                    value,
                    &table.path("concurrency"),
                    limits::concurrency(count),
                )
            }),
            max_attempts: self
                .whole(table, "max_attempts")
                .and_then(|(value, count)| {
                    self.checked(
                        value,
                        &table.path("max_attempts"),
                        limits::max_attempts(count),
                    )
                }),
            initial_backoff: self.duration(table, "initial_backoff", limits::INITIAL_BACKOFF),
            max_backoff: self.duration(table, "max_backoff", limits::MAX_BACKOFF),
            settle: self.duration(table, "settle", limits::SETTLE),
            timeout: self.duration(table, "timeout", limits::TIMEOUT),
            give_up_after: self.duration(table, "give_up_after", limits::GIVE_UP_AFTER),
        };
        let default = crate::plan::Sending::default();
        let initial = sending.initial_backoff.unwrap_or(default.initial_backoff);
        let max = sending.max_backoff.unwrap_or(default.max_backoff);
        let written = table.get("max_backoff").or(table.get("initial_backoff"));
        if let Some(value) = written.filter(|_| initial > max) {
            self.fault(
                value.span(),
                "`[send] initial_backoff` is longer than `max_backoff`",
                format!(
                    "without a word in the job file they are {:?} and {:?}",
                    default.initial_backoff, default.max_backoff
                ),
            );
        }
        sending
    }

    fn rate(&mut self, table: &Table<'t>) -> Option<f64> {
        let value = table.get("rate")?;
        let path = table.path("rate");
        let digits = match value.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => {
                self.wrong_type(value, &path, "a number", "requests a second: rate = 10");
                return None;
            }
        };
        let rate = digits.parse().unwrap_or(f64::NAN);
        self.checked(value, &path, limits::rate_per_s(rate))
    }

    fn reading(&mut self, table: &Table<'t>) -> Reading {
        self.encoding(table);
        if let Some(value) = table.get("sheet") {
            self.fault(
                value.span(),
                "`[input] sheet`: workbooks are not read by this version",
                "save the sheet as CSV (UTF-8) and leave `sheet` out",
            );
        }
        let reading = Reading {
            format: self.format(table),
            delimiter: self.ascii(table, "delimiter", "for tabs: delimiter = \"\\t\""),
            quote: self.ascii(table, "quote", "the usual one: quote = '\"'"),
            header_row: self.header_row(table),
            date_order: self.word(table, "date_order", &DATE_ORDERS),
        };
        let same = reading.delimiter.is_some() && reading.delimiter == reading.quote;
        if let Some(value) = table.get("quote").filter(|_| same) {
            self.fault(
                value.span(),
                "`[input] quote` is the same as `delimiter`",
                "",
            );
        }
        reading
    }

    fn encoding(&mut self, table: &Table<'t>) {
        let Some(value) = table.get("encoding") else {
            return;
        };
        let path = table.path("encoding");
        let Some(text) = self.text(value, &path, "encoding = \"utf-8\"") else {
            return;
        };
        if !text.eq_ignore_ascii_case("utf-8") && !text.eq_ignore_ascii_case("utf8") {
            self.fault(
                value.span(),
                format!("`{path}`: `{}` is not read by this version, only `utf-8` is", shown(text)),
                "convert the file first, for instance: iconv -f WINDOWS-1252 -t UTF-8 export.csv > export-utf8.csv\n\
                 (or save it in the spreadsheet program as \"CSV UTF-8\")",
            );
        }
    }

    fn format(&mut self, table: &Table<'t>) -> Option<Format> {
        let value = table.get("format")?;
        let path = table.path("format");
        let later = ["json", "xlsx", "xls", "ods", "tsv"];
        if let Some(word) = value.get_ref().as_str().filter(|word| later.contains(word)) {
            let hint = match word {
                "tsv" => "that is CSV with tabs: format = \"csv\" and delimiter = \"\\t\"",
                "json" => {
                    "write one object a line (jq -c '.[]' export.json > export.jsonl) and format = \"jsonl\""
                }
                _ => "save the sheet as CSV (UTF-8)",
            };
            self.fault(
                value.span(),
                format!("`{path}`: `{word}` is not read by this version"),
                hint,
            );
            return None;
        }
        self.one_of(value, &path, &FORMATS)
    }

    fn ascii(&mut self, table: &Table<'t>, key: &str, hint: &str) -> Option<u8> {
        let value = table.get(key)?;
        let path = table.path(key);
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(value, &path, "a string of one character", hint);
            return None;
        };
        match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\r' | b'\n' | 0) => Some(*byte),
            _ => {
                let message = format!(
                    "`{path}` must be one ASCII character, and is `{}`",
                    shown(text)
                );
                self.fault(value.span(), message, hint);
                None
            }
        }
    }

    fn header_row(&mut self, table: &Table<'t>) -> Option<NonZeroU64> {
        let (value, line) = self.whole(table, "header_row")?;
        let row = u64::try_from(line).ok().and_then(NonZeroU64::new);
        if row.is_none() {
            self.fault(
                value.span(),
                format!("`[input] header_row` must be 1 or more, and is {line}"),
                "lines of the file are counted from 1",
            );
        }
        row
    }

    fn key(&mut self, table: &Table<'t>) -> Vec<String> {
        table
            .get("key")
            .and_then(|value| self.texts(value, &table.path("key"), "key = [\"Ticket ID\"]"))
            .unwrap_or_default()
    }

    fn region(&mut self, table: &Table<'t>) -> Option<String> {
        let value = table.get("region")?;
        let path = table.path("region");
        let hint = "the country's two letters: region = \"GB\"";
        let region = self.text(value, &path, hint)?.to_ascii_uppercase();
        if region == "UK" {
            self.fault(
                value.span(),
                format!("`{path}`: `UK` is not a region"),
                "the United Kingdom is `GB`",
            );
        } else if region.len() == 2 && region.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Some(region);
        } else {
            self.fault(
                value.span(),
                format!("`{path}` must be two letters, and is `{}`", shown(&region)),
                hint,
            );
        }
        None
    }

    fn filters(&mut self, table: &Table<'t>) -> Vec<Filter> {
        let hint = "where = [{ column = \"Category\", in = [\"Privacy\"] }]";
        let Some(value) = table.get("where") else {
            return Vec::new();
        };
        let path = table.path("where");
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(value, &path, "an array of tables", hint);
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| {
                let filter = self.table(item, path.clone())?;
                self.only_keys(&filter, &FILTER_KEYS);
                for key in FILTER_KEYS {
                    if filter.get(key).is_none() {
                        self.fault(item.span(), format!("`{path}` lacks `{key}`"), hint);
                    }
                }
                let column = filter
                    .get("column")
                    .and_then(|value| self.text(value, &filter.path("column"), hint));
                let values = filter
                    .get("in")
                    .and_then(|value| self.texts(value, &filter.path("in"), hint));
                Some(Filter {
                    column: column?.to_owned(),
                    values: values?,
                })
            })
            .collect()
    }

    // [fields]. ---------------------------------------------------------------------------------

    fn fields(&mut self, root: &'t DeTable<'t>) -> Vec<(Field, Rule)> {
        let Some(value) = root.get("fields") else {
            self.fault(0..0, "there is no section `[fields]`, which says where each of the API's fields comes from", format!("for instance:\n{MINIMAL}"));
            return Vec::new();
        };
        let Some(table) = self.table(value, "[fields]".to_owned()) else {
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

    /// A field with a faulty rule counts as there: its own fault is told already.
    fn needed_fields(&mut self, table: &Table<'t>) {
        let has = |field: Field| table.get(field.name()).is_some();
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
                "add one of these two lines:\n\
                 preverified = { value = true }    # the persons were verified already: requests start as `submitted`, nobody is written to\n\
                 preverified = { value = false }   # not yet: Concord most likely mails or texts each person to verify",
            );
        }
    }

    fn rule(&mut self, field: Field, value: &'t Value<'t>) -> Option<Rule> {
        match value.get_ref() {
            DeValue::String(_) => Some(Rule::Column {
                name: self.column(value, field.name())?,
                values: Vec::new(),
                default: None,
                part: None,
            }),
            DeValue::Table(_) => {
                let table = self.table(value, field.name().to_owned())?;
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
        self.only_keys(table, &RULE_KEYS);
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
                "",
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
            .and_then(|value| self.literal(field, value, &table.path("default")));
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
                "",
            );
        } else if table.get("values").is_some() {
            self.fault(
                value.span(),
                format!("`{path}` and `values` do not go together"),
                "",
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
        let Some(table) = self.table(value, path.to_owned()) else {
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
            let meaning = if field == Field::Request {
                self.requests(word, meaning, path)
            } else {
                self.literal(field, meaning, path).map(Meaning::Literal)
            };
            values.extend(meaning.map(|meaning| (word.to_owned(), meaning)));
        }
        values
    }

    /// What a value of the request column means: one word, or several requests.
    fn requests(&mut self, word: &str, value: &'t Value<'t>, path: &str) -> Option<Meaning> {
        let items = match value.get_ref() {
            DeValue::String(text) if text == "?" => return self.undecided(word, value),
            DeValue::String(text) if text == "skip" => return Some(Meaning::Skip),
            DeValue::String(_) => {
                let kind = self.one_of(value, path, &REQUESTS_OR_SKIP)?;
                return kind.map(|kind| Meaning::Requests(vec![kind]));
            }
            DeValue::Array(items) if !items.is_empty() => items,
            DeValue::Array(_) => {
                self.fault(
                    value.span(),
                    format!("`{path}`: `{}` means no request", shown(word)),
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
        for item in items.iter() {
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
                let text = self.text(value, path, "")?;
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
                self.wrong_type(value, path, "true or false", "");
                None
            }
        }
    }
}

const MARKS: [(&str, Mark); 2] = [("notes", Mark::Notes), ("none", Mark::None)];
const IN_DOUBT: [(&str, DoubtPolicy); 3] = [
    ("look-up", DoubtPolicy::LookUp),
    ("hold", DoubtPolicy::Hold),
    ("resend", DoubtPolicy::Resend),
];
const FORMATS: [(&str, Format); 2] = [("csv", Format::Csv), ("jsonl", Format::Jsonl)];
const DATE_ORDERS: [(&str, DateOrder); 3] = [
    ("dmy", DateOrder::Dmy),
    ("mdy", DateOrder::Mdy),
    ("ymd", DateOrder::Ymd),
];
const NAME_PARTS: [(&str, NamePart); 2] = [("first", NamePart::First), ("last", NamePart::Last)];
const REQUESTS: [(&str, RequestType); 4] = [
    (RequestType::View.name(), RequestType::View),
    (RequestType::Delete.name(), RequestType::Delete),
    (RequestType::Change.name(), RequestType::Change),
    (RequestType::DoNotSell.name(), RequestType::DoNotSell),
];
const REQUESTS_OR_SKIP: [(&str, Option<RequestType>); 5] = [
    (RequestType::View.name(), Some(RequestType::View)),
    (RequestType::Delete.name(), Some(RequestType::Delete)),
    (RequestType::Change.name(), Some(RequestType::Change)),
    (RequestType::DoNotSell.name(), Some(RequestType::DoNotSell)),
    ("skip", None),
];

/// Whether people mean their API key by that name.
fn is_api_key(name: &str) -> bool {
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

/// Where a key that is out of place belongs; empty when nowhere.
fn belongs(key: &str) -> String {
    if Field::from_name(key).is_some() {
        return "it belongs under `[fields]`".to_owned();
    }
    SECTIONS
        .iter()
        .find(|(_, keys)| keys.contains(&key))
        .map(|(section, _)| format!("it belongs under `[{section}]`"))
        .unwrap_or_default()
}

/// `a`, `b` and `c`
fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}
