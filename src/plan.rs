//! Everything decided before the first byte is read: what the command line, the environment and the
//! job file say, settled once. Plain data; `cli::resolve` makes it, nobody changes it.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use uuid::{Uuid, uuid};

use crate::entry::{Field, RequestType};
use crate::identity::NearKeys;

/// The published address of the API.
pub const BASE_URL_DEFAULT: &str = "https://api.concord.tech/privacy-v1";

/// The project that requests are created in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The organization's id.
    pub organization: Uuid,
    /// The project's id.
    pub project: Uuid,
    /// Without a slash at its end.
    pub base_url: String,
}

/// Whether a URL's host is this machine itself: only there may a key travel unencrypted.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// One input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// As the user gave it; `standard input` for `-`. For messages.
    pub name: String,
    /// What is read: the file itself, or the private copy of standard input.
    pub path: PathBuf,
}

/// As a quote: cells have none around them.
pub const NO_QUOTE: u8 = 0;

/// How the bytes of the input are to be understood; `None` means: detect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// `format`
    pub format: Option<Format>,
    /// `encoding`: of a text without byte order mark.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// `delimiter`: one ASCII byte.
    pub delimiter: Option<u8>,
    /// `quote`: one ASCII byte, or [`NO_QUOTE`].
    pub quote: Option<u8>,
    /// `escape`: one ASCII byte.
    pub escape: Option<u8>,
    /// `header_row`: the line of the file on which the header begins, from 1.
    pub header_row: Option<NonZeroU64>,
    /// `header_rows`: how many rows the header has.
    pub header_rows: Option<u8>,
    /// `columns`: their names, in a file without a header.
    pub columns: Option<Vec<String>>,
    /// `set_aside`: notes, totals and repeated headers are no rows.
    pub set_aside: bool,
    /// `records`: the key of the array of rows in a JSON object.
    pub records: Option<String>,
    /// `sheet`: that of a workbook; `None`: the only one that looks like a table.
    pub sheet: Option<String>,
    /// The program that takes workbooks apart in a process of its own: this one (`intake::workbook::COMMAND`).
    pub workbooks_by: Option<PathBuf>,
}

impl Default for Reading {
    /// All is detected.
    fn default() -> Self {
        Self {
            format: None,
            encoding: None,
            delimiter: None,
            quote: None,
            escape: None,
            header_row: None,
            header_rows: None,
            columns: None,
            set_aside: true,
            records: None,
            sheet: None,
            workbooks_by: None,
        }
    }
}

/// Formats of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Delimited text, RFC 4180.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// JSON objects in an array, in an array under a key of one object, or one after the other; told by a job file also
    /// one a line.
    Json,
}

/// How a row becomes entries: the job file's `[input]` and `[fields]`, not yet held against a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Columns that identify a source row for good; empty means: by content.
    pub key: Vec<String>,
    /// The treatment of a new key that differs from a known key only in its form.
    pub near_keys: NearKeys,
    /// Two-letter region for phone numbers without `+`.
    pub region: Option<String>,
    /// Where it stands when a request was received, for counting what is overdue; it is not sent.
    pub received: Option<ReceivedDate>,
    /// Rows are taken only when all of these hold.
    pub filters: Vec<Filter>,
    /// One rule a property, in the order of the job file.
    pub fields: Vec<(Field, Rule)>,
    /// Where the import id travels.
    pub mark: Mark,
}

/// `received` and `date_order`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedDate {
    /// The column.
    pub column: String,
    /// The order of its dates; none: found out from all its values.
    pub order: Option<DateOrder>,
}

/// The order in which a date made of numbers is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::enum_variant_names, reason = "that is what they are called")]
pub enum DateOrder {
    /// `dmy`: `31/12/2026`
    DayFirst,
    /// `mdy`: `12/31/2026`
    MonthFirst,
    /// `ymd`: `26/12/31`; a year of four digits is told by itself.
    YearFirst,
}

/// `where = [{ column = "…", in = […] }]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The column looked at.
    pub column: String,
    /// The values that pass, as written; compared trimmed, case-folded and normalised.
    pub values: Vec<String>,
}

impl Rules {
    /// Returns the column of the request type. None if all rows ask for the same.
    pub fn request_column(&self) -> Option<&str> {
        self.fields.iter().find_map(|(field, rule)| match rule {
            Rule::Column { name, .. } if *field == Field::Request => Some(name.as_str()),
            _ => None,
        })
    }

    /// The words of requests that a person has yet to decide about, as the job file has them.
    pub fn undecided(&self) -> Vec<&str> {
        let rules = self.fields.iter().map(|(_, rule)| rule);
        rules
            .filter_map(|rule| match rule {
                Rule::Column { values, .. } => Some(values),
                _ => None,
            })
            .flatten()
            .filter(|(_, meaning)| *meaning == Meaning::Undecided)
            .map(|(word, _)| word.as_str())
            .collect()
    }

    /// Returns whether the job file leaves `preverified` open.
    pub fn leaves_preverified_open(&self) -> bool {
        self.fields
            .iter()
            .any(|(field, rule)| *field == Field::Preverified && *rule == Rule::Undecided)
    }
}

/// Where a property comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `{ column = "…", values = {…}, default = "…", part = "…" }`, or the column's name alone.
    Column {
        /// The column.
        name: String,
        /// What its values mean, as written in the job file; empty: taken as they are.
        values: Vec<(String, Meaning)>,
        /// Stands in for a blank cell.
        default: Option<Literal>,
        /// The part of a person's name to take.
        part: Option<NamePart>,
    },
    /// `{ columns = […] }`: one string, a line `name: value` for each that is not blank.
    Columns(Vec<String>),
    /// `{ template = "…" }`, with `{{ column }}` to be filled in.
    Template(String),
    /// `{ value = … }`: the same for all rows.
    Value(Literal),
    /// For `preverified`, `"?"`: the user has yet to decide. Nothing is sent before that.
    Undecided,
}

/// What a value of the input means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Take this instead.
    Literal(Literal),
    /// For `request`: these requests, one entry each (never empty).
    Requests(Vec<RequestType>),
    /// For `request`: the row asks for nothing that Concord does.
    Skip,
    /// For `request`, `"?"`: a person has yet to decide. Nothing is sent before that.
    Undecided,
}

/// A value written in the job file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// Text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
}

/// Part of a full name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamePart {
    /// Given names.
    First,
    /// Family name.
    Last,
}

/// Where the import id travels, so that a request can be found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Appended to `notes` as `[ref <uuid>]`.
    Notes,
    /// Nowhere: an in-doubt entry is then told by person, request type and time, and stays in doubt when that
    /// is not unique.
    None,
}

/// What to do with an entry whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubtPolicy {
    /// Look it up; send again only what was looked up twice and not found.
    LookUp,
    /// Look it up; never send again by itself.
    Hold,
    /// Look it up; send again also when looking is impossible. May create twice.
    Resend,
}

/// The job file's `[send]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sending {
    /// What to do with lost answers.
    pub in_doubt: DoubtPolicy,
    /// At most so many requests a second, look-ups included.
    pub rate_per_s: f64,
    /// At most so many requests under way at once.
    pub concurrency: NonZeroU32,
    /// Attempts for one entry.
    pub max_attempts: NonZeroU32,
    /// Upper bound of the first wait between two attempts.
    pub initial_backoff: Duration,
    /// Upper bound of every such wait.
    pub max_backoff: Duration,
    /// Wait between the two look-ups before an entry is sent again.
    pub settle: Duration,
    /// For one HTTP exchange, whole.
    pub timeout: Duration,
    /// An outage longer than this ends the run.
    pub give_up_after: Duration,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            in_doubt: DoubtPolicy::LookUp,
            rate_per_s: 10.0,
            concurrency: NonZeroU32::new(8).expect("not zero"),
            max_attempts: NonZeroU32::new(6).expect("not zero"),
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_mins(1),
            settle: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            give_up_after: Duration::from_mins(30),
        }
    }
}

/// What is needed to read and check: all of a plan that has nothing to do with a server.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadPlan {
    /// In the order given.
    pub inputs: Vec<Input>,
    /// How their bytes are understood.
    pub reading: Reading,
    /// How rows become entries.
    pub rules: Rules,
    /// Import ids are made within this project.
    pub project: Uuid,
}

/// What a run and `results` share: input, target, ledger and output folders. It sends nothing, and so holds no key.
#[derive(Clone, Debug, PartialEq)]
pub struct CorePlan {
    /// What is read and how.
    pub read: ReadPlan,
    /// Where requests are created.
    pub target: Target,
    /// The ledger's file. Neither it nor its folder need exist.
    pub ledger: PathBuf,
    /// One folder an input, in the order of the inputs. None need exist.
    pub out_dirs: Vec<PathBuf>,
}

/// A whole run, decided.
#[derive(Clone, Debug)]
pub struct RunPlan {
    /// All but the sending.
    pub core: CorePlan,
    /// The API key.
    pub api_key: SecretString,
    /// How entries are sent.
    pub sending: Sending,
    /// At most so many entries are sent.
    pub limit: Option<u64>,
    /// For jitter: the same seed waits the same.
    pub seed: u64,
    /// With `--sandbox`: the server to start first, whose address then becomes the target's.
    pub sandbox: Option<SandboxPlan>,
}

/// The server that `--sandbox` starts on loopback.
#[derive(Clone, Debug)]
pub struct SandboxPlan {
    /// Holds its ledger and store.
    pub dir: PathBuf,
    /// Where it keeps what was created.
    pub store: PathBuf,
}

/// The sandbox's organization.
pub const SANDBOX_ORGANIZATION: Uuid = uuid!("0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b01");
/// The sandbox's project.
pub const SANDBOX_PROJECT: Uuid = uuid!("0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b02");
/// The sandbox's key: made up, printed here, and of no use anywhere else.
pub const SANDBOX_API_KEY: &str = "0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b03";
/// The target's address until the sandbox is up: nothing can be sent to port 0.
pub const SANDBOX_BASE_URL_PENDING: &str = "http://127.0.0.1:0";
