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

/// Asserts that so many variants have an example each at least, in order.
fn assert_each(kind: &str, variants: usize, numbers: impl Iterator<Item = usize>) {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.dedup();
    assert!(
        numbers.into_iter().eq(0..variants),
        "{kind}: each variant, in order"
    );
}

/// Errors of one kind, each variant at least once and in order. The number of a variant comes from a match without a rest, so
/// that a new variant has to come here.
fn endings_of<E>(
    kind: &'static str,
    variants: usize,
    errors: Vec<(E, Says)>,
    number: fn(&E) -> usize,
    into: fn(E) -> CliError,
) -> Vec<Ending> {
    assert_each(
        kind,
        variants,
        errors.iter().map(|(error, _)| number(error)),
    );
    let ending = |(error, says): (E, Says)| {
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

/// One of each text that [`Ambiguity`] has, in order, as a match without a rest numbers them.
pub fn ambiguities() -> Vec<String> {
    use Ambiguity as A;
    let all = [
        A::Many { known_max: 8 },
        A::Several {
            fitting: 1,
            alike: 1,
        },
        A::Several {
            fitting: 0,
            alike: 1,
        },
        A::Shared,
        A::Forgotten {
            remembered_max: 1 << 20,
        },
        A::Taken,
        A::OfStranger,
        A::Belied,
    ];
    let number = |one: &A| match one {
        A::Many { .. } => 0,
        A::Several { .. } => 1,
        A::Shared => 2,
        A::Forgotten { .. } => 3,
        A::Taken => 4,
        A::OfStranger => 5,
        A::Belied => 6,
    };
    texts_of(7, &all, number)
}

/// One of each text that a [`Remark`] has, but those of problems with rows.
pub fn remarks() -> Vec<String> {
    use Remark as R;
    let repeats = |place: &str| R::Repeats {
        place: place.to_owned(),
    };
    let all = [
        R::KeyExists,
        R::Changed,
        R::OtherInLedger(uuid::Uuid::nil()),
        R::OfAnotherEntry,
        R::CreatedMeanwhile,
        R::NoMark,
        R::PerhapsUnderWay,
        R::UnderWay(RunId(1)),
        R::Accepted,
        R::ListOmits(uuid::Uuid::nil()),
        repeats("line 2"),
        repeats("line 2 of input 1"),
        R::Corrected,
        R::OfAnotherPerson,
        R::ListHidesReferences(uuid::Uuid::nil()),
    ];
    let number = |one: &R| match one {
        R::KeyExists => 0,
        R::Changed => 1,
        R::OtherInLedger(_) => 2,
        R::OfAnotherEntry => 3,
        R::CreatedMeanwhile => 4,
        R::NoMark => 5,
        R::PerhapsUnderWay => 6,
        R::UnderWay(_) => 7,
        R::Accepted => 8,
        R::ListOmits(_) => 9,
        R::ListHidesReferences(_) => 13,
        R::Repeats { .. } => 10,
        R::Corrected => 11,
        R::OfAnotherPerson => 12,
        R::Problem(_) => unreachable!("each has a row of its own in the catalogue's rows"),
    };
    texts_of(14, &all, number)
}

fn texts_of<T: ToString>(variants: usize, all: &[T], number: fn(&T) -> usize) -> Vec<String> {
    assert_each("text", variants, all.iter().map(number));
    all.iter().map(ToString::to_string).collect()
}

fn of_resolve() -> Vec<Ending> {
    use ResolveError as E;
    #[rustfmt::skip]
    let errors = vec![
        (E::InputUnreadable { name: text(), source: failure() }, ["something", "the disk failed", "see that it is a file"]),
        (E::InputIsFolder { name: text() }, ["something", "is a folder", "name the files in it"]),
        (E::InputIsJob { name: text() }, ["something", "looks like a job file", "the file of rows as the input"]),
        (E::InputTwice { name: text() }, ["something", "twice", "each input once"]),
        (E::OutputOverInput { output: path(), input: text() }, ["a/file", "over the input", "--out a/round-2"]),
        (E::OutputIsFile { out: path(), file: path() }, ["a/file", "is a file", "name a folder"]),
        (E::SpoolFailed { name: text(), dir: path(), source: failure() }, ["a/file", "the disk failed", "a folder that can be written to"]),
        (E::SpoolFailed { name: text(), dir: path(), source: io::ErrorKind::StorageFull.into() }, ["a/file", "no storage space", "another disk in TMPDIR"]),
        (E::JobMissing { looked_for: Some(path()) }, ["a/file", "no job file", "--job FILE"]),
        (E::JobMissing { looked_for: None }, [NOWHERE, "no job file", "--job FILE"]),
        (E::JobUnreadable { path: path(), source: failure() }, ["a/file", "the disk failed", "that you may read it"]),
        (E::JobTooLong { path: path() }, ["a/file", "longer than 1024 KiB", "the job file with --job"]),
        (E::JobNotUtf8 { path: path(), line: 3 }, ["line 3", "neither UTF-8 nor UTF-16", "save it as UTF-8"]),
        (E::TargetMissing { missing: "no organization" }, ["[target]", "no organization", "UUID"]),
        (E::TargetMissing { missing: "neither organization nor project" }, ["[target]", "neither organization nor project", "UUID"]),
        (E::BaseUrl(limits::base_url("http://example.com").expect_err("it is refused")), ["--base-url", "http:", "https://api.concord.tech"]),
        (E::Id { what: "project", refusal: limits::uuid("x").expect_err("it is none") }, ["--project", "`x`", "such as `3f2b8c1e-"]),
        (E::ApiKeyMissing, ["CONCORD_API_KEY", "no API key", "--api-key-file FILE"]),
        (E::ApiKeyUnreadable { path: path(), source: failure() }, ["a/file", "the disk failed", "that you may read it"]),
        (E::ApiKeyMalformed { place: text(), why: "is empty" }, ["in something", "is empty", "copy it again"]),
        (E::NoStateDir, ["this system", "names no folder", "--ledger PATH"]),
        (E::StateDirUnreadable { dir: path(), source: failure() }, ["a/file", "the disk failed", "--ledger PATH"]),
        (E::LedgerOnServer, ["--ledger", "PostgreSQL", "the path of a file"]),
    ];
    let number = |error: &E| match error {
        E::InputUnreadable { .. } => 0,
        E::InputIsFolder { .. } => 1,
        E::InputIsJob { .. } => 2,
        E::InputTwice { .. } => 3,
        E::OutputOverInput { .. } => 4,
        E::OutputIsFile { .. } => 5,
        E::SpoolFailed { .. } => 6,
        E::JobMissing { .. } => 7,
        E::JobUnreadable { .. } => 8,
        E::JobTooLong { .. } => 9,
        E::JobNotUtf8 { .. } => 10,
        E::TargetMissing { .. } => 11,
        E::BaseUrl(_) => 12,
        E::Id { .. } => 13,
        E::ApiKeyMissing => 14,
        E::ApiKeyUnreadable { .. } => 15,
        E::ApiKeyMalformed { .. } => 16,
        E::NoStateDir => 17,
        E::StateDirUnreadable { .. } => 18,
        E::LedgerOnServer => 19,
        E::Job(_) => unreachable!("each fault of a job file has a line and a hint of its own"),
    };
    endings_of("resolve", 20, errors, number, CliError::Resolve)
}

fn of_intake() -> Vec<Ending> {
    use IntakeError as E;
    #[rustfmt::skip]
    let errors = vec![
        (E::Open { input: text(), source: failure() }, ["something", "the disk failed", "see that it is a file"]),
        (E::Open { input: text(), source: io::ErrorKind::NotFound.into() }, ["something", "not found", "check the path"]),
        (E::Open { input: text(), source: io::ErrorKind::IsADirectory.into() }, ["something", "is a directory", "one by one"]),
        (E::Read { input: text(), bytes: 7, source: failure() }, ["byte 7", "the disk failed", "copy the file to this machine"]),
        (E::Read { input: text(), bytes: 0, source: io::ErrorKind::IsADirectory.into() }, ["something", "is a directory", "one by one"]),
        (E::Seen(failure()), ["a temporary file", "the disk failed", "TMPDIR"]),
        (E::Output(failure()), ["the rows", "the disk failed", "free disk space"]),
        (E::NoKey { columns: vec![text()], keys: 9, conflicts: 8, unique: vec!["Ticket".to_owned()] }, ["something", "8 of 9 keys", "`Ticket`"]),
        (E::NoKey { columns: vec![text()], keys: 9, conflicts: 8, unique: Vec::new() }, ["something", "8 of 9 keys", "set `key`"]),
    ];
    let number = |error: &E| match error {
        E::Open { .. } => 0,
        E::Read { .. } => 1,
        E::Seen(_) => 2,
        E::Output(_) => 3,
        E::NoKey { .. } => 4,
        E::Unreadable { .. }
        | E::Archive { .. }
        | E::Workbook { .. }
        | E::Document { .. }
        | E::Syntax { .. }
        | E::Encoding { .. }
        | E::Empty { .. }
        | E::NoHeaderLine { .. }
        | E::NoHeaderRow { .. }
        | E::Header { .. }
        | E::SheetHeader { .. }
        | E::MissingColumns { .. }
        | E::Rule { .. } => {
            unreachable!("each of their texts has an input of its own in the catalogue's inputs")
        }
    };
    endings_of("intake", 5, errors, number, CliError::Intake)
}

fn of_ledger() -> Vec<Ending> {
    use LedgerError as E;
    let cause = Arc::new(rusqlite::Error::QueryReturnedNoRows);
    let receipt = Receipt {
        id: uuid::Uuid::nil(),
        concord_id: None,
        request_date: None,
    };
    #[rustfmt::skip]
    let errors = vec![
        (E::Open { path: path(), cause: text() }, ["a/file", "cannot be opened", "may be written"]),
        (E::Missing { path: path() }, ["a/file", "there is no ledger", "--ledger"]),
        (E::Foreign { path: path() }, ["a/file", "not a ledger", "name another file"]),
        (E::Damaged { path: path(), what: text() }, ["a/file", "is damaged", "a backup in its place"]),
        (E::Newer { path: path(), found: 9, known: 7 }, ["a/file", "format 9", "update concord-import"]),
        (E::Older { path: path(), found: 6, known: 7 }, ["a/file", "format 6", "move it aside"]),
        (E::InUse { path: path() }, ["a/file", "is in use", "wait until"]),
        (E::OtherTarget { path: path(), found: text(), wanted: text() }, ["a/file", "belongs to", "a ledger of its own"]),
        (E::Failed { doing: "written", cause }, ["the ledger", "could not be written", "free some space"]),
        (E::LostClaim { import_id: ImportId(uuid::Uuid::nil()), receipt: None }, ["entry 0", "no longer claimed", "run the same command again"]),
        (E::LostClaim { import_id: ImportId(uuid::Uuid::nil()), receipt: Some(receipt) }, ["entry 0", "has created request 0", "run the same command again"]),
        (E::LostLease, ["this run", "could not tell the ledger", "run the same command again"]),
    ];
    let number = |error: &E| match error {
        E::Open { .. } => 0,
        E::Missing { .. } => 1,
        E::Foreign { .. } => 2,
        E::Damaged { .. } => 3,
        E::Newer { .. } => 4,
        E::Older { .. } => 5,
        E::InUse { .. } => 6,
        E::OtherTarget { .. } => 7,
        E::Failed { .. } => 8,
        E::LostClaim { .. } => 9,
        E::LostLease => 10,
        E::Closed => unreachable!("said only where the true cause was said before"),
    };
    endings_of("ledger", 11, errors, number, CliError::Ledger)
}

fn of_stops() -> Vec<Ending> {
    use StopCause as E;
    #[rustfmt::skip]
    let errors = vec![
        (E::Interrupted, [NOWHERE, "interrupted", "run the same command again"]),
        (E::Terminated, [NOWHERE, "terminated", "run the same command again"]),
        (E::KeyRefused, ["Concord", "does not accept the API key (401)", "--api-key-file"]),
        (E::KeyForbidden, ["Concord", "create requests in the project (403)", "the role Limited"]),
        (E::ProjectUnknown, ["Concord", "(404)", "--base-url"]),
        (E::WrongServer { status: 301 }, ["the server", "301", "--base-url"]),
        (E::WebPage { status: 200 }, ["the server", "200 with a web page", "sign in"]),
        (E::RefusesAll { status: 402 }, ["the server", "payment", "account"]),
        (E::RefusesAll { status: 426 }, ["the server", "protocol version (426)", "--base-url"]),
        (E::RefusesAll { status: 428 }, ["the server", "condition", "--base-url"]),
        (E::RefusesAll { status: 431 }, ["the server", "headers are too large", "--api-key-file"]),
        (E::RefusesAll { status: 451 }, ["the server", "legal reasons", "Concord's support"]),
        (E::Unconnectable(Obstacle::UnknownAuthority), ["the server", "authority", "SSL_CERT_FILE"]),
        (E::Unconnectable(Obstacle::Expired), ["the server", "expired", "date and time"]),
        (E::Unconnectable(Obstacle::NotYetValid), ["the server", "not valid yet", "date and time"]),
        (E::Unconnectable(Obstacle::OtherName), ["the server", "another host name", "--base-url"]),
        (E::Unconnectable(Obstacle::Revoked), ["the server", "revoked", "base URL"]),
        (E::Unconnectable(Obstacle::Certificate(text())), ["the server", "cannot be accepted", "base URL"]),
        (E::Unconnectable(Obstacle::Handshake(text())), ["the server", "does not agree", "TLS settings"]),
        (E::Unconnectable(Obstacle::NoTls), ["the server", "does not speak TLS", "--base-url"]),
        (E::Unconnectable(Obstacle::NotPermitted(text())), ["this system", "does not permit", "firewall"]),
        (E::Unconnectable(Obstacle::UnknownHost(text())), ["the server", "no host of this name", "--base-url"]),
        (E::Unconnectable(Obstacle::ProxyLogin), ["the proxy", "login (407)", "HTTPS_PROXY"]),
        (E::Unconnectable(Obstacle::ProxyRefuses { status: 403 }), ["the proxy", "(403)", "NO_PROXY"]),
        (E::Outage { lasted: Duration::from_mins(30), last: text() }, ["the server", "30 min", "when the server is"]),
        (E::Ledger { why: "a delivery failed: it panicked".to_owned(), hint: Some(DELIVERY_HINT.to_owned()) }, ["a delivery", "panicked", "report it"]),
        (E::Input { why: "something has changed".to_owned(), hint: "leave the input as it is".to_owned() }, ["something", "has changed", "leave the input as it is"]),
        (E::Output("results.csv cannot be written: the disk failed".to_owned()), ["results.csv", "the disk failed", "the disk is in order"]),
    ];
    let number = |error: &E| match error {
        E::Interrupted => 0,
        E::Terminated => 1,
        E::KeyRefused => 2,
        E::KeyForbidden => 3,
        E::ProjectUnknown => 4,
        E::WrongServer { .. } => 5,
        E::WebPage { .. } => 6,
        E::RefusesAll { .. } => 7,
        E::Unconnectable(_) => 8,
        E::Outage { .. } => 9,
        E::Ledger { .. } => 10,
        E::Input { .. } => 11,
        E::Output(_) => 12,
    };
    endings_of("stop", 13, errors, number, CliError::Stopped)
}

fn of_reports() -> Vec<Ending> {
    #[rustfmt::skip]
    let reports = vec![
        (ReportError::Write { path: path(), cause: failure() }, ["a/file", "the disk failed", "free disk space or grant write permission"]),
        (ReportError::InputChanged(text()), ["something", "has changed", "leave the input as it is"]),
        (ReportError::Totals(Box::default()), ["totals", "do not add up", "report it"]),
    ];
    let report = |error: &ReportError| match error {
        ReportError::Write { .. } => 0,
        ReportError::InputChanged(_) => 1,
        ReportError::Totals(_) => 2,
        ReportError::Intake(_) | ReportError::Ledger(_) => unreachable!("told as those"),
    };
    endings_of("report", 3, reports, report, CliError::Report)
}

fn of_lists() -> Vec<Ending> {
    #[rustfmt::skip]
    let lists = vec![
        (NoList::Withheld(text()), ["requests", "something", "allowed to list"]),
        (NoList::NotServed(text()), ["requests", "something", "when the server is back"]),
        (NoList::Unsteady { total: 3, shown: 2 }, ["requests", "3 and showed 2", "fewer requests"]),
    ];
    let list = |error: &NoList| match error {
        NoList::Withheld(_) => 0,
        NoList::NotServed(_) => 1,
        NoList::Unsteady { .. } => 2,
    };
    endings_of("list", 3, lists, list, CliError::NoList)
}

fn of_clients() -> Vec<Ending> {
    let unbuilt = reqwest::Client::builder().user_agent("\n").build();
    let unbuilt = unbuilt.expect_err("no header can carry that");
    #[rustfmt::skip]
    let clients = vec![
        (ClientError::Url(text()), ["base URL", "something", "https://"]),
        (ClientError::Key, ["API key", "characters", "copy it again"]),
        (ClientError::Build(unbuilt), ["the HTTP client", "builder error", "proxy settings"]),
        (ClientError::Proxy { scheme: "socks5".to_owned() }, ["the target", "`socks5`", "HTTPS_PROXY"]),
    ];
    let client = |error: &ClientError| match error {
        ClientError::Url(_) => 0,
        ClientError::Key => 1,
        ClientError::Build(_) => 2,
        ClientError::Proxy { .. } => 3,
    };
    endings_of("client", 4, clients, client, CliError::Client)
}

fn of_sandboxes() -> Vec<Ending> {
    #[rustfmt::skip]
    let sandboxes = vec![
        (SandboxError::NotLoopback([192, 0, 2, 1].into()), ["192.0.2.1", "loopback", "127.0.0.1"]),
        (SandboxError::NoProject, ["project", "at least one", "--project"]),
        (SandboxError::Bind { address: ([127, 0, 0, 1], 1).into(), source: failure() }, ["127.0.0.1:1", "the disk failed", "another port"]),
        (SandboxError::Thread(failure()), ["sandbox's thread", "the disk failed", "raise the limit"]),
        (SandboxError::Store(StoreError::Open { path: path(), source: failure() }), ["a/file", "the disk failed", "may write to it"]),
        (SandboxError::Store(StoreError::InUse { path: path() }), ["a/file", "in use by another sandbox", "a file of its own"]),
        (SandboxError::Store(StoreError::Line { path: path(), line: 3 }), ["line 3 of a/file", "not a request", "the file of a sandbox"]),
    ];
    let sandbox = |error: &SandboxError| match error {
        SandboxError::NotLoopback(_) => 0,
        SandboxError::NoProject => 1,
        SandboxError::Bind { .. } => 2,
        SandboxError::Thread(_) => 3,
        SandboxError::Store(_) => 4,
    };
    endings_of("sandbox", 5, sandboxes, sandbox, CliError::Sandbox)
}

fn of_commands() -> Vec<Ending> {
    use CliError as E;
    #[rustfmt::skip]
    let errors = vec![
        (E::Unconfirmed, ["a run on a live target", "no terminal", "--yes"]),
        (E::Declined, [NOWHERE, "nothing was sent", "run the same command again"]),
        (E::NoTerminal, ["--interactive", "there is none", "run it on a terminal"]),
        (E::Unanswered, ["the questions", "broken off", "run the same command again"]),
        (E::JobExists(path()), ["a/file", "there already", "--force"]),
        (E::Undecided(vec![text()]), ["something", "a person to decide", "complete the job file"]),
        (E::Write { what: text(), source: failure() }, ["something", "the disk failed", "free disk space or grant write permission"]),
        (E::MetricsFile { path: path(), source: failure() }, ["a/file", "the disk failed", "--metrics-file"]),
        (E::MetricsForeign(path()), ["a/file", "there already", "a file of its own"]),
        (E::MetricsListen { address: ([127, 0, 0, 1], 1).into(), source: failure() }, ["127.0.0.1:1", "the disk failed", "--metrics-listen"]),
        (E::Runtime(failure()), ["this machine", "the disk failed", "close other programs"]),
        (E::JobIsOutput(path()), ["a/file", "the shell has emptied it", "--output"]),
    ];
    let number = |error: &E| match error {
        E::Unconfirmed => 0,
        E::Declined => 1,
        E::NoTerminal => 2,
        E::Unanswered => 3,
        E::JobExists(_) => 4,
        E::Undecided(_) => 5,
        E::Write { .. } => 6,
        E::MetricsFile { .. } => 7,
        E::MetricsForeign(_) => 8,
        E::MetricsListen { .. } => 9,
        E::Runtime(_) => 10,
        E::JobIsOutput(_) => 11,
        E::Resolve(_)
        | E::Intake(_)
        | E::Unmapped(_)
        | E::Ledger(_)
        | E::Client(_)
        | E::Report(_)
        | E::NoList(_)
        | E::Stopped(_)
        | E::Odds(_)
        | E::Sandbox(_) => unreachable!("kinds of their own"),
    };
    endings_of("command", 12, errors, number, |error| error)
}
