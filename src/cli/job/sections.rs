//! The job file as a whole, and its sections `[target]`, `[input]` and `[send]`.

use std::num::NonZeroU64;

use toml::de::{DeTable, DeValue};

use super::walk::{Reader, Table, Value};
use super::words::{DATE_ORDERS, FORMATS, IN_DOUBT, MARKS, NEAR_KEYS, WORKBOOKS};
use super::{Job, JobSending, JobTarget};
use crate::cli::limits::{self, shown};
use crate::intake::{HEADER_RECORDS_MAX, encoding_by_label};
use crate::nearest::nearest;
use crate::plan::{Filter, Format, Mark, NO_QUOTE, Reading, ReceivedDate, Rules, Sending};

const OF_CSV: [&str; 7] = [
    "delimiter",
    "quote",
    "escape",
    "header_row",
    "header_rows",
    "columns",
    "set_aside",
];
const FILTER_KEYS: [&str; 2] = ["column", "in"];
/// Labels of encodings that come to mind; the nearest of them is proposed for one that is none.
const ENCODINGS: [&str; 39] = [
    "utf-8",
    "windows-1252",
    "windows-1250",
    "windows-1251",
    "utf-16le",
    "utf-16be",
    "shift_jis",
    "gb18030",
    "big5",
    "euc-kr",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "windows-874",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-9",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "latin1",
    "ibm866",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "gbk",
    "euc-jp",
    "iso-2022-jp",
];
/// How many of them a message lists.
const ENCODINGS_LISTED: usize = 10;

impl<'t> Reader<'t> {
    pub(super) fn job(&mut self, root: &'t DeTable<'t>) -> Job {
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
            near_keys: input
                .as_ref()
                .and_then(|table| self.word(table, "near_keys", &NEAR_KEYS))
                .unwrap_or_default(),
            region: input.as_ref().and_then(|table| self.region(table)),
            received: input.as_ref().and_then(|table| self.received(table)),
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

    pub(super) fn reading_alone(&mut self, root: &'t DeTable<'t>) -> Reading {
        self.sections(root);
        let input = self.section(root, "input");
        input.map(|table| self.reading(&table)).unwrap_or_default()
    }

    fn target(&mut self, table: &Table<'t>) -> JobTarget {
        let base_url = table.get("base_url").and_then(|value| {
            let path = table.path("base_url");
            let hint = limits::base_url_hint();
            match limits::base_url(self.text(value, &path, &hint)?) {
                Ok(url) => Some(url),
                Err(refusal) => {
                    self.fault(value.span(), format!("`{path}`: {refusal}"), hint);
                    None
                }
            }
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
                    limits::concurrency(count.into()),
                )
            }),
            max_attempts: self
                .whole(table, "max_attempts")
                .and_then(|(value, count)| {
                    self.checked(
                        value,
                        &table.path("max_attempts"),
                        limits::max_attempts(count.into()),
                    )
                }),
            initial_backoff: self.duration(table, "initial_backoff", limits::INITIAL_BACKOFF),
            max_backoff: self.duration(table, "max_backoff", limits::MAX_BACKOFF),
            settle: self.duration(table, "settle", limits::SETTLE),
            timeout: self.duration(table, "timeout", limits::TIMEOUT),
            give_up_after: self.duration(table, "give_up_after", limits::GIVE_UP_AFTER),
        };
        let default = Sending::default();
        let initial = sending.initial_backoff.unwrap_or(default.initial_backoff);
        let max = sending.max_backoff.unwrap_or(default.max_backoff);
        let written = table.get("max_backoff").or(table.get("initial_backoff"));
        if let Some(value) = written.filter(|_| initial > max) {
            self.fault(
                value.span(),
                "`[send] initial_backoff` is longer than `max_backoff`",
                format!(
                    "their defaults are {:?} and {:?}",
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
        let reading = Reading {
            format: self.format(table),
            encoding: self.encoding(table),
            delimiter: self.ascii(table, "delimiter", "for tabs: delimiter = \"\\t\""),
            quote: self.quote(table),
            escape: self.ascii(table, "escape", "the usual one: escape = \"\\\\\""),
            header_row: self.header_row(table),
            header_rows: self.header_rows(table),
            columns: self.columns(table),
            set_aside: self.set_aside(table),
            records: self.records(table),
            sheet: self.sheet(table),
            workbooks_by: None,
        };
        let of_csv = OF_CSV.map(|key| (key, "CSV"));
        let of_json = [("records", "JSON documents")];
        let (word, unfit) = match reading.format {
            None => ("", Vec::new()),
            Some(Format::Csv) => ("csv", of_json.to_vec()),
            Some(Format::Json) => ("json", of_csv.to_vec()),
            Some(Format::Jsonl) => ("jsonl", [&of_csv[..], &of_json].concat()),
        };
        for (key, of) in unfit {
            if let Some(value) = table.get(key) {
                self.fault(
                    value.span(),
                    format!("`[input] {key}` is for {of}, and `format` says \"{word}\""),
                    "leave one of the two out",
                );
            }
        }
        let same = reading.delimiter.is_some() && reading.delimiter == reading.quote;
        if let Some(value) = table.get("quote").filter(|_| same) {
            self.fault(
                value.span(),
                "`[input] quote` is the same as `delimiter`",
                "leave both out to have them found, or look into the file for the two characters",
            );
        }
        reading
    }

    /// A quote; `""` says that there are none.
    fn quote(&mut self, table: &Table<'t>) -> Option<u8> {
        let is_none = |value: &Value<'_>| value.get_ref().as_str() == Some("");
        if table.get("quote").is_some_and(is_none) {
            return Some(NO_QUOTE);
        }
        self.ascii(
            table,
            "quote",
            "the usual one: quote = '\"'; where cells stand in no quotes: quote = \"\"",
        )
    }

    fn header_rows(&mut self, table: &Table<'t>) -> Option<u8> {
        let (value, rows) = self.whole(table, "header_rows")?;
        let found = u8::try_from(rows)
            .ok()
            .filter(|rows| (1..=HEADER_RECORDS_MAX).contains(&usize::from(*rows)));
        if found.is_none() {
            self.fault(
                value.span(),
                format!(
                    "`[input] header_rows` must be from 1 to {HEADER_RECORDS_MAX}, and is {rows}"
                ),
                "for a file without a header: columns = [\"Ticket\", \"Email\"]",
            );
        }
        found
    }

    /// The columns' names; each may stand once.
    fn columns(&mut self, table: &Table<'t>) -> Option<Vec<String>> {
        let value = table.get("columns")?;
        let hint = "one name for each column: columns = [\"Ticket\", \"Email\"]";
        let names = self.texts(value, &table.path("columns"), hint)?;
        for key in ["header_row", "header_rows"] {
            if let Some(other) = table.get(key) {
                self.fault(
                    other.span(),
                    format!("`[input] {key}` says that there is a header, and `columns` is for a file that has none"),
                    "leave one of the two out",
                );
            }
        }
        Some(names.iter().map(|name| name.trim().to_owned()).collect())
    }

    fn set_aside(&mut self, table: &Table<'t>) -> bool {
        let Some(value) = table.get("set_aside") else {
            return true;
        };
        let found = value.get_ref().as_bool();
        if found.is_none() {
            let hint = "set_aside = false takes every line below the header for a row, notes and totals too";
            self.wrong_type(value, &table.path("set_aside"), "true or false", hint);
        }
        found.unwrap_or(true)
    }

    fn encoding(&mut self, table: &Table<'t>) -> Option<&'static encoding_rs::Encoding> {
        let value = table.get("encoding")?;
        let path = table.path("encoding");
        let text = self.text(value, &path, "encoding = \"windows-1252\"")?;
        let found = encoding_by_label(text);
        if found.is_none() {
            let hint = match nearest(text, ENCODINGS) {
                Some(label) => format!("perhaps `{label}` is meant"),
                None => format!(
                    "the usual ones are {}; other names are those of the WHATWG Encoding Standard",
                    ENCODINGS[..ENCODINGS_LISTED].join(", ")
                ),
            };
            self.fault(
                value.span(),
                format!("`{path}`: `{}` is not an encoding", shown(text)),
                hint,
            );
        }
        found
    }

    fn format(&mut self, table: &Table<'t>) -> Option<Format> {
        let value = table.get("format")?;
        let path = table.path("format");
        // Workbooks are known by their content; their rejects are CSV, for the same job file.
        if value
            .get_ref()
            .as_str()
            .is_some_and(|word| WORKBOOKS.contains(&word))
        {
            return None;
        }
        if value.get_ref().as_str() == Some("tsv") {
            self.fault(
                value.span(),
                format!("`{path}`: `tsv` is not a format of its own"),
                "that is CSV with tabs: format = \"csv\" and delimiter = \"\\t\"",
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

    fn records(&mut self, table: &Table<'t>) -> Option<String> {
        let value = table.get("records")?;
        let path = table.path("records");
        let hint = "the key of the array that holds the rows: records = \"tickets\"";
        self.text(value, &path, hint).map(str::to_owned)
    }

    fn sheet(&mut self, table: &Table<'t>) -> Option<String> {
        let value = table.get("sheet")?;
        let hint = "the name at the bottom of the sheet: sheet = \"Requests\"";
        self.text(value, &table.path("sheet"), hint)
            .map(str::to_owned)
    }

    fn key(&mut self, table: &Table<'t>) -> Vec<String> {
        table
            .get("key")
            .and_then(|value| self.texts(value, &table.path("key"), "key = [\"Ticket ID\"]"))
            .unwrap_or_default()
    }

    /// `date_order` is of the column `received`; without that there is no date to read.
    fn received(&mut self, table: &Table<'t>) -> Option<ReceivedDate> {
        let order = self.word(table, "date_order", &DATE_ORDERS);
        let value = table.get("received")?;
        let path = table.path("received");
        let column = self.text(value, &path, "the column's name: received = \"Created at\"")?;
        Some(ReceivedDate {
            column: column.to_owned(),
            order,
        })
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
                let filter = self.table(item, path.clone(), hint)?;
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
}
