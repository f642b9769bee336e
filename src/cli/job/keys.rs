//! Every section and key of a job file, with what may stand there: the one table that the parser, the reference and the
//! JSON Schema for editors are made of.

use super::words::{
    DATE_ORDERS, FORMATS, IN_DOUBT, MARKS, NAME_PARTS, NEAR_KEYS, REQUESTS, WORKBOOKS,
};
use crate::cli::limits::{self, Between};
use crate::entry::Field;
use crate::intake::HEADER_RECORDS_MAX;

/// [`HEADER_RECORDS_MAX`] as a number that every other limit here is.
const HEADER_ROWS_MAX: i64 = 5;
const _: () = assert!(HEADER_RECORDS_MAX == 5);

/// A section.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) says: &'static str,
    /// Empty for `[fields]`, whose keys are the API's own names.
    pub(super) keys: &'static [Key],
}

/// A key: of a section, or of a rule under `[fields]`.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// As TOML; a test reads it.
    pub(super) example: &'static str,
    /// As TOML; empty: there is none, or it depends. A test holds those of `[send]` against what is done.
    pub(super) default: &'static str,
    pub(super) says: &'static str,
}

/// What may stand behind a key.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// One or more, each once.
    Texts,
    Uuid,
    Url,
    Region,
    Words(fn() -> Vec<&'static str>),
    Whole {
        min: i64,
        max: Option<i64>,
    },
    Number {
        min: f64,
        max: f64,
    },
    Duration(Between),
    Boolean,
    Character {
        or_none: bool,
    },
    Filters,
    /// A value that the field takes.
    Literal,
    /// Words of the input and what they mean.
    Meanings,
}

pub(super) fn names<T>(words: &[(&'static str, T)]) -> Vec<&'static str> {
    words.iter().map(|(name, _)| *name).collect()
}

fn near_keys() -> Vec<&'static str> {
    names(&NEAR_KEYS)
}

fn formats() -> Vec<&'static str> {
    [names(&FORMATS), WORKBOOKS.to_vec()].concat()
}

const fn key(
    name: &'static str,
    kind: Kind,
    example: &'static str,
    default: &'static str,
    says: &'static str,
) -> Key {
    Key {
        name,
        kind,
        example,
        default,
        says,
    }
}

pub(super) static SECTIONS: [Section; 4] = [
    Section {
        name: "target",
        says: "Where the requests go. What an option or an environment variable of the name says goes before this.",
        keys: &[
            key(
                "organization",
                Kind::Uuid,
                "\"3f2b8c1e-90ab-4cde-8f01-23456789abcd\"",
                "",
                "the organization's id, as the address of a project's page in Concord shows it",
            ),
            key(
                "project",
                Kind::Uuid,
                "\"3f2b8c1e-90ab-4cde-8f01-23456789abce\"",
                "",
                "the project's id, as the same address shows it",
            ),
            key(
                "base_url",
                Kind::Url,
                "\"https://api.concord.tech/privacy-v1\"",
                "\"https://api.concord.tech/privacy-v1\"",
                "the API's address; http only to this machine",
            ),
        ],
    },
    Section {
        name: "input",
        says: "How the input is read, and what identifies a row. What is left out is found out from the input.",
        keys: &[
            key(
                "key",
                Kind::Texts,
                "[\"Ticket ID\"]",
                "",
                "the columns that identify a row for good; without it the mapped content does, and any change makes a new request",
            ),
            key(
                "near_keys",
                Kind::Words(near_keys),
                "\"warn\"",
                "\"refuse\"",
                "what to do with a new key that differs from a known one only in case, blanks, leading zeros, `.0` or `#`, for the \
                 same person and request: `refuse` does not send the row, `warn` sends it with a warning, `ignore` sends it",
            ),
            key(
                "region",
                Kind::Region,
                "\"GB\"",
                "",
                "the country that phone numbers without + are dialled in",
            ),
            key(
                "where",
                Kind::Filters,
                "[{ column = \"Category\", in = [\"Privacy\"] }]",
                "",
                "takes only rows with one of these values in that column, for each filter",
            ),
            key(
                "format",
                Kind::Words(formats),
                "\"csv\"",
                "",
                "what the input is; a workbook is known by its content whatever this says",
            ),
            key(
                "encoding",
                Kind::Text,
                "\"windows-1252\"",
                "",
                "how text is encoded: a name of the WHATWG Encoding Standard",
            ),
            key(
                "delimiter",
                Kind::Character { or_none: false },
                "\";\"",
                "",
                "CSV: what stands between cells",
            ),
            key(
                "quote",
                Kind::Character { or_none: true },
                "\"'\"",
                "",
                "CSV: what stands around cells; `\"\"`: nothing does",
            ),
            key(
                "escape",
                Kind::Character { or_none: false },
                "\"\\\\\"",
                "",
                "CSV: what stands before a quote that belongs to the text, where quotes are not doubled",
            ),
            key(
                "header_row",
                Kind::Whole { min: 1, max: None },
                "4",
                "",
                "CSV and workbooks: the line on which the header begins",
            ),
            key(
                "header_rows",
                Kind::Whole {
                    min: 1,
                    max: Some(HEADER_ROWS_MAX),
                },
                "2",
                "",
                "how many rows the header has; their names are joined, `Group / Name`",
            ),
            key(
                "columns",
                Kind::Texts,
                "[\"Ticket\", \"Email\", \"Wish\"]",
                "",
                "the columns' names, for a file without a header",
            ),
            key(
                "set_aside",
                Kind::Boolean,
                "false",
                "true",
                "`false` takes notes, totals and repeated headers for rows",
            ),
            key(
                "records",
                Kind::Text,
                "\"tickets\"",
                "",
                "JSON: the key of the array that holds the rows, in one object or in pages one after the other",
            ),
            key(
                "sheet",
                Kind::Text,
                "\"Requests\"",
                "",
                "workbooks: the sheet's name",
            ),
            key(
                "received",
                Kind::Text,
                "\"Created at\"",
                "",
                "the column that says when a request came in; not sent, `check` counts what is overdue",
            ),
            key(
                "date_order",
                Kind::Words(|| names(&DATE_ORDERS)),
                "\"dmy\"",
                "",
                "how dates such as 03/04/2026 are meant in the column `received`",
            ),
        ],
    },
    Section {
        name: "fields",
        says: "For each property of Concord's API, the rule that says where it comes from. `request`, `preverified` and at \
               least one property that says who the person is are needed. Columns that no rule names are never sent.",
        keys: &[],
    },
    Section {
        name: "send",
        says: "How requests are sent. Where there is an option of the name, it goes before this.",
        keys: &[
            key(
                "mark",
                Kind::Words(|| names(&MARKS)),
                "\"notes\"",
                "\"notes\"",
                "the import id goes into `notes` as `[ref <uuid>]`, so that a request can be found again; `\"none\"`: nowhere",
            ),
            key(
                "in_doubt",
                Kind::Words(|| names(&IN_DOUBT)),
                "\"hold\"",
                "\"look-up\"",
                "what is done when an answer is lost: looked up and sent again if it is not there; held for a person; sent again even where looking is impossible, which may create twice",
            ),
            key(
                "rate",
                Kind::Number {
                    min: limits::RATE_PER_S_MIN,
                    max: limits::RATE_PER_S_MAX,
                },
                "2.5",
                "10",
                "at most so many requests a second, look-ups included",
            ),
            key(
                "concurrency",
                Kind::Whole {
                    min: 1,
                    max: Some(limits::CONCURRENCY_MAX as i64),
                },
                "4",
                "8",
                "at most so many requests under way at once",
            ),
            key(
                "max_attempts",
                Kind::Whole {
                    min: 1,
                    max: Some(limits::MAX_ATTEMPTS_MAX as i64),
                },
                "3",
                "6",
                "attempts for one entry; those of an outage do not count",
            ),
            key(
                "initial_backoff",
                Kind::Duration(limits::INITIAL_BACKOFF),
                "\"1s\"",
                "\"500ms\"",
                "the bound of the first wait between attempts; it doubles",
            ),
            key(
                "max_backoff",
                Kind::Duration(limits::MAX_BACKOFF),
                "\"2m\"",
                "\"60s\"",
                "the bound of every wait between attempts",
            ),
            key(
                "settle",
                Kind::Duration(limits::SETTLE),
                "\"10s\"",
                "\"5s\"",
                "the wait between two looks before something is sent again",
            ),
            key(
                "timeout",
                Kind::Duration(limits::TIMEOUT),
                "\"1m\"",
                "\"30s\"",
                "for one exchange, whole",
            ),
            key(
                "give_up_after",
                Kind::Duration(limits::GIVE_UP_AFTER),
                "\"2h\"",
                "\"30m\"",
                "an outage longer than this ends the run; it can be resumed",
            ),
        ],
    },
];

/// What a rule under `[fields]` may have.
pub(super) static RULE: [Key; 7] = [
    key(
        "column",
        Kind::Text,
        "\"Email\"",
        "",
        "a column; in JSON, `requester.email` names a value within a value, and `custom_fields[id=27642].value` a value of the element \
         of a list",
    ),
    key(
        "columns",
        Kind::Texts,
        "[\"Subject\", \"Details\"]",
        "",
        "several columns as one text, a line each with the column's name",
    ),
    key(
        "template",
        Kind::Text,
        "\"Ticket {{ Ticket ID }}\"",
        "",
        "a text with columns in it; a name with braces or quotes goes in quotes",
    ),
    key("value", Kind::Literal, "true", "", "the same for every row"),
    key(
        "values",
        Kind::Meanings,
        "{ \"Erasure\" = \"delete\" }",
        "",
        "with `column`: what the words in it mean. For `request` a list makes several requests, `\"skip\"` none, and `\"?\"` has yet to be decided: `run` refuses it",
    ),
    key(
        "default",
        Kind::Literal,
        "\"unknown\"",
        "",
        "with `column`: fills blanks; `\"\"` says that a column of a JSON input may be absent",
    ),
    key(
        "part",
        Kind::Words(|| names(&NAME_PARTS)),
        "\"first\"",
        "",
        "with `column`, for `userFirstName` and `userLastName`: that part of a whole name",
    ),
];

/// The keys of which a rule has exactly one.
pub(super) const SOURCES: [&str; 4] = ["column", "columns", "template", "value"];

/// What a property is.
pub(super) fn meaning(field: Field) -> String {
    let says = match field {
        Field::CaptureUrl => "the page on which the person asked, with https://",
        Field::ConcordId => "Concord's id of the person, a UUID",
        Field::Domain => "the site that the request is about, such as www.example.com",
        Field::Notes => "a text for your staff",
        Field::Preverified => {
            "needed. `true`: the person was verified before, and Concord writes to no one. `false`: Concord most likely mails or \
             texts the person. `\"?\"`: not decided yet, and nothing is sent"
        }
        Field::ProjectUserId => "the project's id of the person",
        Field::Request => {
            return format!(
                "needed: what is asked for, {}",
                alternatives(&names(&REQUESTS))
            );
        }
        Field::RequestDetails => "what the person wrote, or more about it",
        Field::UserEmail => "the person's address",
        Field::UserFirstName => "given name",
        Field::UserId => "your own id of the person",
        Field::UserLastName => "family name",
        Field::UserPhoneNumber => "the person's number, sent as +44…",
    };
    if Field::IDENTIFIERS.contains(&field) {
        format!("{says}; tells who the person is")
    } else {
        says.to_owned()
    }
}

/// `a`, `b` or `c`, as they are written in a job file.
pub(super) fn alternatives(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`\"{name}\"`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}
