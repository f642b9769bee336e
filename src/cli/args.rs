//! What was typed, checked one value at a time. Nothing is decided here: `resolve` does that.
//!
//! The help texts are part of what people rely on. An option's first line is short, for `-h`; the examples
//! stand after the options, for `--help`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::{IntErrorKind, NonZeroU32, ParseIntError};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use uuid::Uuid;

use super::limits::{self, Refusal};
use crate::plan::{SANDBOX_ORGANIZATION, SANDBOX_PROJECT};
use crate::sandbox::{Odds, Omits, Outage, RateLimit, Reads, Script, TextMatch};

const EXIT_CODES: &str = "\
Exit codes:
  0    every entry is created, or a duplicate of one (check: no problems)
  1    finished, but some entries are not created (check: problems)
  2    usage, job file or input is wrong: nothing was sent
  3    stopped early by the target or the machine: the same command resumes
  130  interrupted by Ctrl-C: the same command resumes
  143  interrupted by SIGTERM: the same command resumes

First steps:
  concord-import check backlog.csv --job backlog.toml
  concord-import run backlog.csv --job backlog.toml --sandbox
  concord-import run backlog.csv --job backlog.toml --limit 20

Environment:
  CONCORD_API_KEY          the API key; there is no option that takes the key itself
  CONCORD_ORGANIZATION_ID, CONCORD_PROJECT_ID, CONCORD_BASE_URL, CONCORD_IMPORT_LEDGER
                           stand in for the options of these names
  Order: option, environment, job file, default.";

const RUN_EXAMPLES: &str = "\
Examples:
  Try it without an account, against a server on this machine:
    concord-import run backlog.csv --sandbox --yes

  A pilot of twenty requests, then all the others:
    concord-import run backlog.csv --limit 20
    concord-import run backlog.csv

  Every night, from cron; what an earlier run created is not created again:
    concord-import run tickets.jsonl --job zendesk.toml --yes --progress plain

  From another program:
    zcat export.csv.gz | concord-import run - --job zendesk.toml --yes

  Correct what was refused, and send that:
    concord-import run concord-import-out/backlog/rejects.csv --job backlog.toml \\
        --out concord-import-out/backlog/round-2

Codes in results.csv about keys (every code: docs/troubleshooting.md):
  key_conflict  the key names different people or request types; none of its rows is sent
  near_key      a new key that differs from a known one only in its form (job file: near_keys)
  changed       the key of an earlier row with other content; not sent
  corrected     created by an earlier run; this row cannot be sent as it is
  corrected_already  a second corrected copy of a row, under another key; not sent
In doubt: http_202 (accepted, not created yet), list_omits (the list leaves out known requests).

Running the same command again is always safe: an entry is created once.";

const CHECK_EXAMPLES: &str = "\
Examples:
  concord-import check backlog.csv
  concord-import check january.csv february.csv --job tickets.toml
  concord-import check - --job zendesk.toml < tickets.jsonl
  concord-import check backlog.csv --progress json | jq '.problems.groups[] | {code, count}'

Values are masked (j…@e…, +44…21) unless --show-values is given. With --progress json the report is one JSON object.
Offline: no key is needed and nothing is sent. Exits with 0 when there are no problems, with 1 when there are, and with 2
when the input cannot be read or most keys name several people.";

const RESULTS_EXAMPLES: &str = "\
Examples:
  concord-import results backlog.csv
  concord-import results backlog.csv --job backlog.toml --out /tmp/again

Needs the same input, job file and ledger as the run; no key.";

const RECONCILE_EXAMPLES: &str = "\
Examples:
  concord-import reconcile backlog.csv
  concord-import reconcile export-*.jsonl --job tickets.toml

Reads the project's whole list, which takes a request for every 1,000. Sends nothing. Writes reconcile.csv: a line for
each entry, with Concord's id and present status, and for each request that bears a mark and belongs to no input.
Exit code 0: all agree. After the loss of a ledger, name all inputs that were imported with it, before any of them is
run again. Everything is compared and nothing sent: --limit and --yes have no effect.";

const ROWS_EXAMPLES: &str = "\
Examples:
  concord-import rows backlog.csv | head
  concord-import rows backlog.csv --job backlog.toml > clean.csv
  concord-import rows - < tickets.jsonl

A row that is set aside is told of on standard error: REJECT <line> <reason>.";

const MAP_EXAMPLES: &str = "\
Examples:
  concord-import map backlog.csv > backlog.toml
  concord-import map tickets.jsonl --interactive --output zendesk.toml
  concord-import check backlog.csv --job backlog.toml

Reads the whole input, sends nothing, and shows no value of a person. What is doubtful is marked \"?\" or stands in a
comment with the reason. Decide it, then check.";

const STATUS_EXAMPLES: &str = "\
Examples:
  concord-import status
  concord-import status --job backlog.toml
  concord-import status --ledger concord-import-out/backlog/sandbox/import.ledger";

const SANDBOX_EXAMPLES: &str = "\
Examples:
  concord-import sandbox --port 8080 --store /tmp/sandbox-store
  concord-import sandbox --requests-per-second 5
  concord-import sandbox --requests-per-second 100,50@20s,100@40s:headers=ratelimit
  concord-import sandbox --workers 4 --service-time 50ms
  concord-import sandbox --fault create-then-drop --fault 429:retry-after=2
  concord-import sandbox --fault-odds hang=0.01 --seed 7
  concord-import sandbox --outage 10s..40s --list-filter ignored

Only for trying and testing: it keeps what it is sent, unencrypted.";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  concord-import schema > concord-import.schema.json
  concord-import schema --reference | less

An editor that knows JSON Schema takes it from the first line of a job file: #:schema ./concord-import.schema.json";

const PACKAGING_EXAMPLES: &str = "\
Examples:
  concord-import completions bash > /usr/share/bash-completion/completions/concord-import
  concord-import completions zsh > \"${fpath[1]}/_concord-import\"
  concord-import completions fish > ~/.config/fish/completions/concord-import.fish
  concord-import completions powershell >> $PROFILE";

const MAN_EXAMPLES: &str = "\
Examples:
  concord-import man | man -l -
  concord-import man > /usr/local/share/man/man1/concord-import.1
  concord-import man --dir /usr/local/share/man/man1";

/// Import privacy requests from spreadsheets and ticketing exports into Concord, each exactly once
///
/// Reads the rows of a workbook (Excel or ODS), CSV, JSON or JSON Lines file, maps each to a privacy request as a job file
/// (TOML) says, and creates each request in Concord exactly once, however often you run, interrupt or repeat
/// the import.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "concord-import",
    version,
    propagate_version = true,
    max_term_width = 110
)]
#[command(after_long_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    /// Logging, for every command.
    #[command(flatten)]
    pub log: LogArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Logging.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Logging")]
pub struct LogArgs {
    /// How log lines on standard error are written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// The least grave log lines that are written
    #[arg(long, global = true, value_name = "LEVEL", default_value = "warn")]
    pub log_level: LogLevel,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Gravity of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// What ended the run
    Error,
    /// What a person should look at
    Warn,
    /// What happens
    Info,
    /// Every exchange, without personal data
    Debug,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Import: create a request for each entry
    #[command(after_long_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Read, map and validate everything; offline, sends nothing
    #[command(after_long_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Write the output folder again from ledger and input; sends nothing
    #[command(after_long_help = RESULTS_EXAMPLES)]
    Results(ResultsArgs),
    /// Compare inputs and ledger with what Concord holds; settles what is in doubt, rebuilds a lost ledger
    #[command(after_long_help = RECONCILE_EXAMPLES)]
    Reconcile(CommonArgs),
    /// Propose a job file for an input, from its columns and values
    #[command(after_long_help = MAP_EXAMPLES)]
    Map(MapArgs),
    /// Print the rows of an input as they are understood, as clean CSV
    #[command(after_long_help = ROWS_EXAMPLES)]
    Rows(RowsArgs),
    /// Show the runs and totals in the ledger
    #[command(after_long_help = STATUS_EXAMPLES)]
    Status(StatusArgs),
    /// Serve a local Concord to try and test against
    #[command(after_long_help = SANDBOX_EXAMPLES)]
    Sandbox(SandboxArgs),
    /// Print the JSON Schema of job files, for editors
    #[command(after_long_help = SCHEMA_EXAMPLES)]
    Schema(SchemaArgs),
    /// Print a shell's completions
    #[command(after_long_help = PACKAGING_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_long_help = MAN_EXAMPLES)]
    Man(ManArgs),
}

impl Command {
    /// Whether what is said on the way is to be JSON lines.
    pub(super) fn tells_programs(&self) -> bool {
        match self {
            Self::Run(RunArgs { common, .. })
            | Self::Check(CheckArgs { common, .. })
            | Self::Results(ResultsArgs { common, .. })
            | Self::Reconcile(common) => common.output.progress == Progress::Json,
            _ => false,
        }
    }
}

/// `run`
#[derive(Clone, Debug, Default, Args)]
pub struct RunArgs {
    /// All the rest.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Only check, as `check` does: nothing is sent
    #[arg(long, help_heading = "Sending")]
    pub dry_run: bool,
    /// Show values and keys in report.html as they are: personal data, for your eyes
    #[arg(long, help_heading = "Output")]
    pub show_values: bool,
    /// For monitoring.
    #[command(flatten)]
    pub metrics: MetricsArgs,
}

/// What a monitoring system reads of a run.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Monitoring")]
pub struct MetricsArgs {
    /// Write Prometheus metrics to this file every 15 seconds and at the end, for a textfile collector
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run", value_hint = ValueHint::FilePath)]
    pub metrics_file: Option<PathBuf>,
    /// Serve Prometheus metrics while the run lasts: a port, or an address of this machine such as 127.0.0.1:9464
    #[arg(long, value_name = "ADDRESS", conflicts_with = "dry_run", value_parser = limits::metrics_address)]
    pub metrics_listen: Option<SocketAddr>,
}

/// `results`
#[derive(Clone, Debug, Default, Args)]
pub struct ResultsArgs {
    /// All the rest.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Show values and keys in report.html as they are: personal data, for your eyes
    #[arg(long, help_heading = "Output")]
    pub show_values: bool,
}

/// `check`
#[derive(Clone, Debug, Default, Args)]
pub struct CheckArgs {
    /// All the rest.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Show the values that problems are about as they are: personal data, for your eyes
    #[arg(long, help_heading = "Output")]
    pub show_values: bool,
}

/// What run, check and results have in common.
#[derive(Clone, Debug, Default, Args)]
pub struct CommonArgs {
    /// Files to read, or `-` for standard input
    #[arg(value_name = "INPUT", required = true, value_hint = ValueHint::FilePath)]
    pub inputs: Vec<PathBuf>,
    /// Job file (TOML) [default: the input's name with .toml, beside it]
    #[arg(long, value_name = "FILE", help_heading = "Input", value_hint = ValueHint::FilePath)]
    pub job: Option<PathBuf>,
    /// Where requests are created.
    #[command(flatten)]
    pub target: TargetArgs,
    /// How.
    #[command(flatten)]
    pub sending: SendingArgs,
    /// What comes out.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Where requests are created. Judged in `resolve`: clap's errors would repeat a password in a URL, and take an
/// empty variable, which pipelines often set, for something that was typed.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// The organization's id
    #[arg(
        long,
        value_name = "UUID",
        env = "CONCORD_ORGANIZATION_ID",
        hide_env_values = true
    )]
    pub organization: Option<String>,
    /// The project's id
    #[arg(
        long,
        value_name = "UUID",
        env = "CONCORD_PROJECT_ID",
        hide_env_values = true
    )]
    pub project: Option<String>,
    /// The API's address
    #[arg(long, value_name = "URL", env = "CONCORD_BASE_URL", hide_env_values = true, value_hint = ValueHint::Url)]
    #[arg(
        help = "The API's address; plain http only to loopback [default: https://api.concord.tech/privacy-v1]"
    )]
    pub base_url: Option<String>,
    /// File that holds the API key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(help = "File that holds the API key [default: the key in CONCORD_API_KEY]")]
    pub api_key_file: Option<PathBuf>,
    /// Use a server on this machine, with its own ids, key and ledger: no account is needed
    ///
    /// Whatever is said of target, key and ledger elsewhere is then ignored, so that a trial can touch neither
    /// Concord nor the true ledger. Its files are under the output folder, in `sandbox/`.
    #[arg(long)]
    pub sandbox: bool,
}

/// How requests are sent. What is left out is as the job file says.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Sending")]
pub struct SendingArgs {
    /// Do not ask before sending to a live target
    #[arg(long)]
    pub yes: bool,
    /// Send at most so many new requests: a pilot
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub limit: Option<u64>,
    /// At most so many requests a second, look-ups included; fewer where the server bears less [default: 10]
    #[arg(long, value_name = "N", value_parser = rate, allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// At most so many requests under way at once [default: 8]
    #[arg(long, value_name = "N", value_parser = concurrency, allow_negative_numbers = true)]
    pub concurrency: Option<NonZeroU32>,
    /// Attempts for one entry [default: 6]
    #[arg(long, value_name = "N", value_parser = max_attempts, allow_negative_numbers = true)]
    pub max_attempts: Option<NonZeroU32>,
    /// For one exchange, such as 500ms, 30s or 2m [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = timeout)]
    pub timeout: Option<Duration>,
    /// Seed for the random part of waits, to replay a run
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub seed: Option<u64>,
}

/// What comes out.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Output folder; with several inputs, a folder in it for each [default: concord-import-out/<input>]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// What was sent is remembered here [default: one for each project, in your state folder]
    #[arg(long, value_name = "PATH", env = "CONCORD_IMPORT_LEDGER", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub ledger: Option<OsString>,
    /// How progress is shown on standard error
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub progress: Progress,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// A bar on a terminal, plain lines elsewhere
    #[default]
    Auto,
    /// A bar
    Bar,
    /// A line every few seconds
    Plain,
    /// One JSON object a line
    Json,
    /// Not at all
    None,
}

/// `rows`
#[derive(Clone, Debug, Default, Args)]
pub struct RowsArgs {
    /// File to read, or `-` for standard input
    #[arg(value_name = "INPUT", value_hint = ValueHint::FilePath)]
    pub input: PathBuf,
    /// Job file, for its `[input]` [default: the input's name with .toml, if there is one beside it]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub job: Option<PathBuf>,
}

/// `map`
#[derive(Clone, Debug, Default, Args)]
pub struct MapArgs {
    /// File to read, or `-` for standard input
    #[arg(value_name = "INPUT", value_hint = ValueHint::FilePath)]
    pub input: PathBuf,
    /// Job file, complete or not, whose `[input]` says how the input is read (`sheet`, `header_row`, `delimiter` …)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub job: Option<PathBuf>,
    /// Ask for each decision on the terminal, with what is proposed as the default
    #[arg(long)]
    pub interactive: bool,
    /// Write the job file there [default: standard output]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Replace the file of --output if there is one
    #[arg(long, requires = "output")]
    pub force: bool,
}

/// `status`
#[derive(Clone, Debug, Default, Args)]
pub struct StatusArgs {
    /// The ledger [default: that of the project, or all in your state folder]
    #[arg(long, value_name = "PATH", env = "CONCORD_IMPORT_LEDGER", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub ledger: Option<OsString>,
    /// The project whose ledger is meant
    #[arg(
        long,
        value_name = "UUID",
        env = "CONCORD_PROJECT_ID",
        hide_env_values = true
    )]
    pub project: Option<String>,
    /// A job file that names the project
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub job: Option<PathBuf>,
}

/// `sandbox`
#[derive(Clone, Debug, Args)]
pub struct SandboxArgs {
    /// Port on loopback; 0 takes any that is free
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = port, allow_negative_numbers = true, help_heading = "Server")]
    pub port: u16,
    /// Keep what is created in this file, across restarts [default: in memory]
    #[arg(long, value_name = "FILE", help_heading = "Server", value_hint = ValueHint::FilePath)]
    pub store: Option<PathBuf>,
    /// The one organization it knows
    #[arg(long, value_name = "UUID", default_value_t = SANDBOX_ORGANIZATION, value_parser = limits::uuid, help_heading = "Server")]
    pub organization: Uuid,
    /// The one project it knows
    #[arg(long, value_name = "UUID", default_value_t = SANDBOX_PROJECT, value_parser = limits::uuid, help_heading = "Server")]
    pub project: Uuid,
    /// File that holds the key it lets in [default: a made-up key]
    #[arg(long, value_name = "FILE", help_heading = "Server", value_hint = ValueHint::FilePath)]
    pub api_key_file: Option<PathBuf>,
    /// Accept what the published schema refuses, as a server that coerces does
    #[arg(long, help_heading = "Server")]
    pub lenient: bool,
    /// How the list's text filters match: substring, exact, prefix or ignored
    #[arg(
        long,
        value_name = "HOW",
        default_value = "substring",
        help_heading = "Lists"
    )]
    pub list_filter: TextMatch,
    /// Whether requests may be read: allowed, 403 (forbidden), 404 or 405 (only the published creation exists)
    #[arg(
        long,
        value_name = "HOW",
        default_value = "allowed",
        help_heading = "Lists"
    )]
    pub reads: Reads,
    /// A request is listed only so long after it was created
    #[arg(long, value_name = "DURATION", value_parser = list_lag, help_heading = "Lists")]
    pub list_lag: Option<Duration>,
    /// Requests that no list shows: nothing, all, unverified or half; or notes, of every request
    #[arg(
        long,
        value_name = "WHICH",
        default_value = "nothing",
        help_heading = "Lists"
    )]
    pub list_omits: Omits,
    /// Faults for the first creation, the second, and so on; repeatable, or with commas
    ///
    /// Such as: ok, ok*3, a status (500, 500:html, 503:retry-after=2, 429:retry-after-date=2), hang, drop, slow:250ms,
    /// junk, cut, wrong-echo, redirect:URL; and those that create and lose the answer: create-then-drop,
    /// create-then-hang, create-then-502, late-commit:2s.
    #[arg(long = "fault", value_name = "FAULT", help_heading = "Faults")]
    pub faults: Vec<Script>,
    /// Faults that come by chance, with their odds from 0 to 1, such as 500=0.05,drop=0.01; repeatable
    #[arg(long, value_name = "FAULT=P", help_heading = "Faults")]
    pub fault_odds: Vec<Odds>,
    /// Answer 429 to more than so many requests a second; `10:retry-after=1` says how long to wait
    ///
    /// It may change with time: `100,50@20s,100@40s` halves after twenty seconds and recovers after forty. Behind a colon
    /// each: retry-after=1 (or another wait, as for --fault), headers=ratelimit or headers=x-ratelimit (every answer
    /// tells what is left), fixed (counted by whole seconds rather than by any second).
    #[arg(
        long,
        visible_alias = "rate-limit",
        value_name = "N",
        help_heading = "Faults"
    )]
    pub requests_per_second: Option<RateLimit>,
    /// Work on so many requests at a time; the others stand in line, so that answers take longer
    #[arg(long, value_name = "N", value_parser = workers, allow_negative_numbers = true, help_heading = "Faults")]
    pub workers: Option<NonZeroU32>,
    /// How long a worker takes for a request, such as 20ms [default: 20ms]
    #[arg(long, value_name = "DURATION", value_parser = service_time, requires = "workers", help_heading = "Faults")]
    pub service_time: Option<Duration>,
    /// Be out of order from the one time to the other, such as 10s..40s, counted from the start
    #[arg(long, value_name = "FROM..TO", help_heading = "Faults")]
    pub outage: Option<Outage>,
    /// Seed for faults that come by chance
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Faults")]
    pub seed: Option<u64>,
}

/// `schema`
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct SchemaArgs {
    /// Print what a job file may say for people instead, as Markdown
    #[arg(long)]
    pub reference: bool,
}

/// `completions`
#[derive(Clone, Copy, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Clone, Debug, Default, Args)]
pub struct ManArgs {
    /// Write a page for every command into this folder instead
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

fn rate(text: &str) -> Result<f64, Refusal> {
    let rate = text.trim().parse().map_err(|_| Refusal::NotANumber {
        found: limits::shown(text),
        wanted: "number",
    })?;
    limits::rate_per_s(rate)
}

fn concurrency(text: &str) -> Result<NonZeroU32, Refusal> {
    whole(text, limits::concurrency)
}

fn max_attempts(text: &str) -> Result<NonZeroU32, Refusal> {
    whole(text, limits::max_attempts)
}

fn count(text: &str) -> Result<u64, Refusal> {
    whole(text, |count| {
        limits::unsigned(count, "0 to 18446744073709551615")
    })
}

fn port(text: &str) -> Result<u16, Refusal> {
    whole(text, |port| limits::unsigned(port, "0 to 65535"))
}

fn workers(text: &str) -> Result<NonZeroU32, Refusal> {
    whole(text, limits::workers)
}

/// A whole number within its limits. One that is too long to be held is out of them, too.
fn whole<N>(text: &str, within: impl Fn(i128) -> Result<N, Refusal>) -> Result<N, Refusal> {
    let number = text
        .trim()
        .parse()
        .or_else(|error: ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => Ok(i128::MAX),
            IntErrorKind::NegOverflow => Ok(i128::MIN),
            _ => Err(Refusal::NotANumber {
                found: limits::shown(text),
                wanted: "whole number",
            }),
        })?;
    within(number).map_err(|refusal| match refusal {
        Refusal::OutOfRange { range, .. } => Refusal::OutOfRange {
            found: limits::shown(text.trim()),
            range,
        },
        other => other,
    })
}

fn timeout(text: &str) -> Result<Duration, Refusal> {
    limits::TIMEOUT.parse(text)
}

fn service_time(text: &str) -> Result<Duration, Refusal> {
    limits::SERVICE_TIME.parse(text)
}

fn list_lag(text: &str) -> Result<Duration, Refusal> {
    limits::LIST_LAG.parse(text)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn refusal(line: &str) -> String {
        Cli::try_parse_from(line.split(' '))
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_of_the_contract_is_taken() {
        let line = "concord-import run a.csv - b.jsonl --dry-run --job j.toml \
             --organization 3f2b8c1e-90ab-4cde-8f01-23456789abcd --project 3f2b8c1e-90ab-4cde-8f01-23456789abce \
             --base-url http://localhost:1 --api-key-file k --ledger l --out o --rate 2.5 --concurrency 3 \
             --max-attempts 4 --timeout 5s --limit 6 --sandbox --yes --progress none --seed 7 \
             --log-format json --log-level debug";
        let cli = Cli::try_parse_from(line.split_ascii_whitespace()).expect("taken");
        let Command::Run(RunArgs {
            common,
            dry_run: true,
            ..
        }) = cli.command
        else {
            panic!("not a dry run");
        };
        assert_eq!(common.inputs.len(), 3);
        assert_eq!(common.sending.rate, Some(2.5));
        assert_eq!(common.sending.timeout, Some(Duration::from_secs(5)));
        assert_eq!(common.output.progress, Progress::None);
        assert!(common.target.sandbox && common.sending.yes);
        assert_eq!(
            (cli.log.log_format, cli.log.log_level),
            (LogFormat::Json, LogLevel::Debug)
        );
    }

    #[test]
    fn the_sandbox_has_ids_of_its_own() {
        let cli = Cli::try_parse_from([
            "concord-import",
            "sandbox",
            "--fault",
            "create-then-drop",
            "--fault",
            "503",
            "--fault-odds",
            "500=0.1",
            "--fault-odds",
            "drop=0.1",
            "--rate-limit",
            "100,50@20s:headers=ratelimit",
            "--workers",
            "4",
            "--service-time",
            "50ms",
        ]);
        let Command::Sandbox(sandbox) = cli.expect("taken").command else {
            panic!("not the sandbox");
        };
        assert_eq!(
            (sandbox.port, sandbox.organization),
            (0, SANDBOX_ORGANIZATION)
        );
        let faults: Vec<_> = sandbox
            .faults
            .iter()
            .flat_map(|script| &script.0)
            .map(ToString::to_string)
            .collect();
        assert_eq!(faults, ["create-then-drop", "503"]);
        assert_eq!(sandbox.fault_odds.len(), 2);
        let limit = sandbox.requests_per_second.map(|limit| limit.to_string());
        assert_eq!(limit.as_deref(), Some("100,50@20s:headers=ratelimit"));
        assert_eq!(sandbox.service_time, Some(Duration::from_millis(50)));
    }

    #[test]
    fn a_value_out_of_its_limits_is_refused_by_naming_them() {
        for (option, said) in [
            (
                "--rate=0",
                "must be 0.001 to 1000000 requests a second, and is 0",
            ),
            (
                "--rate=-1",
                "must be 0.001 to 1000000 requests a second, and is -1",
            ),
            ("--rate=fast", "`fast` is not a number"),
            ("--concurrency=0", "must be 1 to 1024, and is 0"),
            ("--max-attempts=101", "must be 1 to 100, and is 101"),
            ("--timeout=30", "`30` is not a duration"),
            ("--timeout=1h", "must be 1s to 10m, and is 1h"),
        ] {
            let refusal = refusal(&format!("concord-import run a.csv {option}"));
            assert!(refusal.contains(said), "{refusal}");
        }
    }

    #[test]
    fn what_a_pipeline_leaves_empty_is_taken_and_left_to_be_ignored() {
        let line = ["--project=", "--organization=", "--base-url=", "--ledger="];
        let cli = Cli::try_parse_from(["concord-import", "check", "a.csv"].into_iter().chain(line));
        assert!(cli.is_ok(), "{cli:?}");
    }

    #[test]
    fn no_option_takes_the_key_itself() {
        assert!(refusal("concord-import run a.csv --api-key x").contains("--api-key-file"));
    }
}
