//! What the catalogue of `tests/it/catalogue.rs` reads aloud and holds to one form: one of every error that can end a command, the
//! options whose values have a form, and the codes of rows and entries. For tests alone.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::CommandFactory;
use clap::builder::ValueParser;

use super::args::Cli;
use super::explain::CliError;
use super::limits;
use super::resolve::ResolveError;
use crate::ambiguity::Ambiguity;
use crate::codes::{self, ReasonCode};
use crate::entry::ImportId;
use crate::import::DELIVERY_HINT;
use crate::intake::IntakeError;
use crate::ledger::{LedgerError, RunId};
use crate::outbound::ClientError;
use crate::outcome::Receipt;
use crate::reconcile::NoList;
use crate::report::ReportError;
use crate::report::reconciliation::Remark;
use crate::sandbox::{SandboxError, StoreError};
use crate::stop::{Obstacle, StopCause};

fn text() -> String {
    "something".to_owned()
}

fn path() -> PathBuf {
    PathBuf::from("a/file")
}

fn failure() -> io::Error {
    io::Error::other("the disk failed")
}

/// What the text of an error has to say: where it happened, what was found (both in the message), and what would be right (there
/// or in the hint).
type Says = [&'static str; 3];

/// What a person did has no place.
const NOWHERE: &str = "";

/// An error, as a command ends with it.
#[derive(Debug)]
pub struct Ending {
    /// Which part of the program it is of.
    pub kind: &'static str,
    /// What is wrong, and why: `error: …`, `caused by: …`.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Of the process.
    pub exit_code: u8,
    /// Pieces of the text.
    pub says: Says,
}

/// Lists examples of an enum's variants, each with pieces that its text has to contain. Does not compile while a variant
/// has neither an example nor its name behind `except`.
macro_rules! examples {
    (
        $enum:ident $(except $($other:ident)|+)?:
        $($variant:ident $({ $($fields:tt)* })? $(( $($values:tt)* ))? $(=> $says:expr)?;)+
    ) => {{
        #[allow(unreachable_patterns, reason = "a variant may have several examples")]
        let _ = |example: &$enum| match example {
            $($enum::$variant { .. })|+ $($(| $enum::$other { .. })+)? => (),
        };
        vec![$(($enum::$variant $({ $($fields)* })? $(( $($values)* ))?, $($says)?)),+]
    }};
}

fn endings_of<E>(
    kind: &'static str,
    errors: Vec<(E, Says)>,
    into: fn(E) -> CliError,
) -> Vec<Ending> {
    let ending = |(error, says)| {
        let error = into(error);
        Ending {
            kind,
            message: error.why().join("\n  caused by: "),
            hint: error.hint(),
            exit_code: error.exit_code(),
            says,
        }
    };
    errors.into_iter().map(ending).collect()
}

/// One of each.
pub fn endings() -> Vec<Ending> {
    let kinds = [
        of_resolve(),
        of_intake(),
        of_ledger(),
        of_stops(),
        of_reports(),
        of_lists(),
        of_clients(),
        of_sandboxes(),
        of_commands(),
    ];
    kinds.into_iter().flatten().collect()
}

/// The options that take a value of a form of their own, each with a command that has it.
pub fn valued_options() -> BTreeMap<String, String> {
    let free = [
        ValueParser::path_buf().type_id(),
        ValueParser::os_string().type_id(),
        ValueParser::string().type_id(),
    ];
    let mut options = BTreeMap::new();
    let cli = Cli::command();
    for command in cli.get_subcommands().chain([&cli]) {
        let valued = command.get_arguments().filter(|option| {
            option.get_action().takes_values()
                && !free.contains(&option.get_value_parser().type_id())
        });
        for name in valued.filter_map(|option| option.get_long()) {
            // Those of the program itself go with any command.
            let with = if command.has_subcommands() {
                "status"
            } else {
                command.get_name()
            };
            options.insert(name.to_owned(), with.to_owned());
        }
    }
    options
}

/// The codes of all problems and warnings about rows.
pub fn problem_codes() -> impl Iterator<Item = &'static str> {
    codes::problems().into_iter().map(|code| code.word)
}

/// The codes of all that may become of entries; `http_4…` and the like are classes of answers.
pub fn entry_codes() -> impl Iterator<Item = &'static str> {
    codes::outcomes().into_iter().map(|code| code.word)
}

/// What is said of such a code: the code or class that is explained, what it means, what to do.
pub fn of_entry(code: &str) -> [&'static str; 3] {
    let known = ReasonCode::from_word(code).explained();
    [known.word, known.meaning, known.advice]
}

/// The texts of an [`Ambiguity`].
pub fn ambiguities() -> Vec<String> {
    let all = examples! {
        Ambiguity:
        Many { known_max: 8 };
        Several { fitting: 1, alike: 1 };
        Several { fitting: 0, alike: 1 };
        Shared;
        Forgotten { remembered_max: 1 << 20 };
        Taken;
        OfStranger;
        Belied;
    };
    all.into_iter().map(|(text,)| text.to_string()).collect()
}

/// The texts of a [`Remark`].
pub fn remarks() -> Vec<String> {
    let id = uuid::Uuid::nil();
    let all = examples! {
        // Each problem has a row in the catalogue's rows.
        Remark except Problem:
        KeyExists;
        Changed;
        OtherInLedger(id);
        OfAnotherEntry;
        CreatedMeanwhile;
        NoMark;
        PerhapsUnderWay;
        UnderWay(RunId(1));
        Accepted;
        ListOmits(id);
        Repeats { place: "line 2".to_owned() };
        Repeats { place: "line 2 of input 1".to_owned() };
        Corrected;
        OfAnotherPerson;
        ListHidesReferences(id);
    };
    all.into_iter().map(|(text,)| text.to_string()).collect()
}

fn of_resolve() -> Vec<Ending> {
    let errors = examples! {
        // Each fault of a job file has a line and a hint of its own.
        ResolveError except Job:
        InputUnreadable { name: text(), source: failure() } => ["something", "the disk failed", "see that it is a file"];
        InputIsFolder { name: text() } => ["something", "is a folder", "name the files in it"];
        InputIsJob { name: text() } => ["something", "looks like a job file", "the file of rows as the input"];
        InputTwice { name: text() } => ["something", "twice", "each input once"];
        OutputOverInput { output: path(), input: text() } => ["a/file", "over the input", "--out a/round-2"];
        OutputIsFile { out: path(), file: path() } => ["a/file", "is a file", "name a folder"];
        SpoolFailed { name: text(), dir: path(), source: failure() } => ["a/file", "the disk failed", "a folder that can be written to"];
        SpoolFailed { name: text(), dir: path(), source: io::ErrorKind::StorageFull.into() } => ["a/file", "no storage space", "another disk in TMPDIR"];
        JobMissing { looked_for: Some(path()) } => ["a/file", "no job file", "--job FILE"];
        JobMissing { looked_for: None } => [NOWHERE, "no job file", "--job FILE"];
        JobUnreadable { path: path(), source: failure() } => ["a/file", "the disk failed", "that you may read it"];
        JobTooLong { path: path() } => ["a/file", "longer than 1024 KiB", "the job file with --job"];
        JobNotUtf8 { path: path(), line: 3 } => ["line 3", "neither UTF-8 nor UTF-16", "save it as UTF-8"];
        TargetMissing { missing: "no organization" } => ["[target]", "no organization", "UUID"];
        TargetMissing { missing: "neither organization nor project" } => ["[target]", "neither organization nor project", "UUID"];
        BaseUrl(limits::base_url("http://example.com").expect_err("it is refused")) => ["--base-url", "http:", "https://api.concord.tech"];
        Id { what: "project", refusal: limits::uuid("x").expect_err("it is none") } => ["--project", "`x`", "such as `3f2b8c1e-"];
        ApiKeyMissing => ["CONCORD_API_KEY", "no API key", "--api-key-file FILE"];
        ApiKeyUnreadable { path: path(), source: failure() } => ["a/file", "the disk failed", "that you may read it"];
        ApiKeyMalformed { place: text(), why: "is empty" } => ["in something", "is empty", "copy it again"];
        NoStateDir => ["this system", "names no folder", "--ledger PATH"];
        StateDirUnreadable { dir: path(), source: failure() } => ["a/file", "the disk failed", "--ledger PATH"];
        LedgerOnServer => ["--ledger", "PostgreSQL", "the path of a file"];
    };
    endings_of("resolve", errors, CliError::Resolve)
}

fn of_intake() -> Vec<Ending> {
    let errors = examples! {
        // Each of their texts has an input of its own in the catalogue's inputs.
        IntakeError except Unreadable | Archive | Workbook | Document | Syntax | Encoding | Empty | NoHeaderLine | NoHeaderRow
            | Header | SheetHeader | MissingColumns | Rule:
        Open { input: text(), source: failure() } => ["something", "the disk failed", "see that it is a file"];
        Open { input: text(), source: io::ErrorKind::NotFound.into() } => ["something", "not found", "check the path"];
        Open { input: text(), source: io::ErrorKind::IsADirectory.into() } => ["something", "is a directory", "one by one"];
        Read { input: text(), bytes: 7, source: failure() } => ["byte 7", "the disk failed", "copy the file to this machine"];
        Read { input: text(), bytes: 0, source: io::ErrorKind::IsADirectory.into() } => ["something", "is a directory", "one by one"];
        Seen(failure()) => ["a temporary file", "the disk failed", "TMPDIR"];
        Output(failure()) => ["the rows", "the disk failed", "free disk space"];
        NoKey { columns: vec![text()], keys: 9, conflicts: 8, unique: vec!["Ticket".to_owned()] } => ["something", "8 of 9 keys", "`Ticket`"];
        NoKey { columns: vec![text()], keys: 9, conflicts: 8, unique: Vec::new() } => ["something", "8 of 9 keys", "set `key`"];
    };
    endings_of("intake", errors, CliError::Intake)
}

fn of_ledger() -> Vec<Ending> {
    let cause = Arc::new(rusqlite::Error::QueryReturnedNoRows);
    let receipt = Receipt {
        id: uuid::Uuid::nil(),
        concord_id: None,
        request_date: None,
    };
    let errors = examples! {
        // Shown only where the true cause was shown before.
        LedgerError except Closed:
        Open { path: path(), cause: text() } => ["a/file", "cannot be opened", "may be written"];
        Missing { path: path() } => ["a/file", "there is no ledger", "--ledger"];
        Foreign { path: path() } => ["a/file", "not a ledger", "name another file"];
        Damaged { path: path(), what: text() } => ["a/file", "is damaged", "a backup in its place"];
        Newer { path: path(), found: 9, known: 7 } => ["a/file", "format 9", "update concord-import"];
        Older { path: path(), found: 6, known: 7 } => ["a/file", "format 6", "move it aside"];
        InUse { path: path() } => ["a/file", "is in use", "wait until"];
        OtherTarget { path: path(), found: text(), wanted: text() } => ["a/file", "belongs to", "a ledger of its own"];
        Failed { doing: "written", cause } => ["the ledger", "could not be written", "free some space"];
        LostClaim { import_id: ImportId(uuid::Uuid::nil()), receipt: None } => ["entry 0", "no longer claimed", "run the same command again"];
        LostClaim { import_id: ImportId(uuid::Uuid::nil()), receipt: Some(receipt) } => ["entry 0", "has created request 0", "run the same command again"];
        LostLease => ["this run", "could not tell the ledger", "run the same command again"];
    };
    endings_of("ledger", errors, CliError::Ledger)
}

fn of_stops() -> Vec<Ending> {
    let errors = examples! {
        StopCause:
        Interrupted => [NOWHERE, "interrupted", "run the same command again"];
        Terminated => [NOWHERE, "terminated", "run the same command again"];
        KeyRefused => ["Concord", "does not accept the API key (401)", "--api-key-file"];
        KeyForbidden => ["Concord", "create requests in the project (403)", "the role Limited"];
        ProjectUnknown => ["Concord", "(404)", "--base-url"];
        WrongServer { status: 301 } => ["the server", "301", "--base-url"];
        WebPage { status: 200 } => ["the server", "200 with a web page", "sign in"];
        RefusesAll { status: 402 } => ["the server", "payment", "account"];
        RefusesAll { status: 426 } => ["the server", "protocol version (426)", "--base-url"];
        RefusesAll { status: 428 } => ["the server", "condition", "--base-url"];
        RefusesAll { status: 431 } => ["the server", "headers are too large", "--api-key-file"];
        RefusesAll { status: 451 } => ["the server", "legal reasons", "Concord's support"];
        Unconnectable(Obstacle::UnknownAuthority) => ["the server", "authority", "SSL_CERT_FILE"];
        Unconnectable(Obstacle::Expired) => ["the server", "expired", "date and time"];
        Unconnectable(Obstacle::NotYetValid) => ["the server", "not valid yet", "date and time"];
        Unconnectable(Obstacle::OtherName) => ["the server", "another host name", "--base-url"];
        Unconnectable(Obstacle::Revoked) => ["the server", "revoked", "base URL"];
        Unconnectable(Obstacle::Certificate(text())) => ["the server", "cannot be accepted", "base URL"];
        Unconnectable(Obstacle::Handshake(text())) => ["the server", "does not agree", "TLS settings"];
        Unconnectable(Obstacle::NoTls) => ["the server", "does not speak TLS", "--base-url"];
        Unconnectable(Obstacle::NotPermitted(text())) => ["this system", "does not permit", "firewall"];
        Unconnectable(Obstacle::UnknownHost(text())) => ["the server", "no host of this name", "--base-url"];
        Unconnectable(Obstacle::ProxyLogin) => ["the proxy", "login (407)", "HTTPS_PROXY"];
        Unconnectable(Obstacle::ProxyRefuses { status: 403 }) => ["the proxy", "(403)", "NO_PROXY"];
        Outage { lasted: Duration::from_mins(30), last: text() } => ["the server", "30 min", "when the server is"];
        Ledger { why: "a delivery failed: it panicked".to_owned(), hint: Some(DELIVERY_HINT.to_owned()) } => ["a delivery", "panicked", "report it"];
        Input { why: "something has changed".to_owned(), hint: "leave the input as it is".to_owned() } => ["something", "has changed", "leave the input as it is"];
        Output("results.csv cannot be written: the disk failed".to_owned()) => ["results.csv", "the disk failed", "the disk is in order"];
    };
    endings_of("stop", errors, CliError::Stopped)
}

fn of_reports() -> Vec<Ending> {
    let errors = examples! {
        // Shown as those errors.
        ReportError except Intake | Ledger:
        Write { path: path(), cause: failure() } => ["a/file", "the disk failed", "free disk space or grant write permission"];
        InputChanged(text()) => ["something", "has changed", "leave the input as it is"];
        Totals(Box::default()) => ["totals", "do not add up", "report it"];
    };
    endings_of("report", errors, CliError::Report)
}

fn of_lists() -> Vec<Ending> {
    let errors = examples! {
        NoList:
        Withheld(text()) => ["requests", "something", "allowed to list"];
        NotServed(text()) => ["requests", "something", "when the server is back"];
        Unsteady { total: 3, shown: 2 } => ["requests", "3 and showed 2", "fewer requests"];
    };
    endings_of("list", errors, CliError::NoList)
}

fn of_clients() -> Vec<Ending> {
    let unbuilt = reqwest::Client::builder().user_agent("\n").build();
    let unbuilt = unbuilt.expect_err("no header can carry that");
    let errors = examples! {
        ClientError:
        Url(text()) => ["base URL", "something", "https://"];
        Key => ["API key", "characters", "copy it again"];
        Build(unbuilt) => ["the HTTP client", "builder error", "proxy settings"];
        Proxy { scheme: "socks5".to_owned() } => ["the target", "`socks5`", "HTTPS_PROXY"];
    };
    endings_of("client", errors, CliError::Client)
}

fn of_sandboxes() -> Vec<Ending> {
    let errors = examples! {
        SandboxError:
        NotLoopback([192, 0, 2, 1].into()) => ["192.0.2.1", "loopback", "127.0.0.1"];
        NoProject => ["project", "at least one", "--project"];
        Bind { address: ([127, 0, 0, 1], 1).into(), source: failure() } => ["127.0.0.1:1", "the disk failed", "another port"];
        Thread(failure()) => ["sandbox's thread", "the disk failed", "raise the limit"];
        Store(StoreError::Open { path: path(), source: failure() }) => ["a/file", "the disk failed", "may write to it"];
        Store(StoreError::InUse { path: path() }) => ["a/file", "in use by another sandbox", "a file of its own"];
        Store(StoreError::Line { path: path(), line: 3 }) => ["line 3 of a/file", "not a request", "the file of a sandbox"];
    };
    endings_of("sandbox", errors, CliError::Sandbox)
}

fn of_commands() -> Vec<Ending> {
    let errors = examples! {
        // Each is another kind of this catalogue, or an option's value.
        CliError except Resolve | Intake | Unmapped | Ledger | Client | Report | NoList | Stopped | Odds | Sandbox:
        Unconfirmed => ["a run on a live target", "no terminal", "--yes"];
        Declined => [NOWHERE, "nothing was sent", "run the same command again"];
        NoTerminal => ["--interactive", "there is none", "run it on a terminal"];
        Unanswered => ["the questions", "broken off", "run the same command again"];
        JobExists(path()) => ["a/file", "there already", "--force"];
        Undecided(vec![text()]) => ["something", "a person to decide", "complete the job file"];
        Write { what: text(), source: failure() } => ["something", "the disk failed", "free disk space or grant write permission"];
        MetricsFile { path: path(), source: failure() } => ["a/file", "the disk failed", "--metrics-file"];
        MetricsForeign(path()) => ["a/file", "there already", "a file of its own"];
        MetricsListen { address: ([127, 0, 0, 1], 1).into(), source: failure() } => ["127.0.0.1:1", "the disk failed", "--metrics-listen"];
        Runtime(failure()) => ["this machine", "the disk failed", "close other programs"];
        JobIsOutput(path()) => ["a/file", "the shell has emptied it", "--output"];
    };
    endings_of("command", errors, |error| error)
}
