//! Every error that can end a command, held to the same form: what is wrong, and what to do next.
//!
//! What a person types wrong is read aloud by `tests/it/errors.rs`; what rows are refused for stands in `remedy`.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::explain::CliError;
use super::limits::{self, Refusal};
use super::resolve::ResolveError;
use crate::entry::ImportId;
use crate::intake::{IntakeError, MissingColumn};
use crate::ledger::LedgerError;
use crate::outbound::ClientError;
use crate::reconcile::NoList;
use crate::report::ReportError;
use crate::sandbox::SandboxError;
use crate::stop::StopCause;

fn text() -> String {
    "something".to_owned()
}

fn path() -> PathBuf {
    PathBuf::from("a/file")
}

fn failure() -> io::Error {
    io::Error::other("the disk failed")
}

fn refusal() -> Refusal {
    limits::uuid("x").expect_err("it is none")
}

/// Errors of one kind, each with the number of its variant: a match without a rest, so that a new variant has to come here.
struct Kind {
    name: &'static str,
    errors: Vec<(usize, CliError)>,
}

impl Kind {
    fn of<E>(
        name: &'static str,
        errors: Vec<E>,
        number: fn(&E) -> usize,
        into: fn(E) -> CliError,
    ) -> Self {
        let errors = errors
            .into_iter()
            .map(|error| (number(&error), into(error)));
        Self {
            name,
            errors: errors.collect(),
        }
    }
}

fn of_resolve() -> Kind {
    use ResolveError as E;
    let errors = vec![
        E::InputUnreadable {
            name: text(),
            source: failure(),
        },
        E::InputIsFolder { name: text() },
        E::InputIsJob { name: text() },
        E::InputTwice { name: text() },
        E::OutputOverInput {
            output: path(),
            input: text(),
        },
        E::OutputIsFile {
            out: path(),
            file: path(),
        },
        E::SpoolFailed {
            name: text(),
            dir: path(),
            source: failure(),
        },
        E::JobMissing {
            looked_for: Some(path()),
        },
        E::JobUnreadable {
            path: path(),
            source: failure(),
        },
        E::JobTooLong { path: path() },
        E::JobNotUtf8 {
            path: path(),
            line: 3,
        },
        E::TargetMissing {
            missing: "organization",
        },
        E::BaseUrl(refusal()),
        E::Id {
            what: "project",
            refusal: refusal(),
        },
        E::ApiKeyMissing,
        E::ApiKeyUnreadable {
            path: path(),
            source: failure(),
        },
        E::ApiKeyMalformed {
            place: text(),
            why: "is empty",
        },
        E::NoStateDir,
        E::StateDirUnreadable {
            dir: path(),
            source: failure(),
        },
        E::LedgerOnServer,
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
    Kind::of("resolve", errors, number, CliError::Resolve)
}

fn of_intake() -> Kind {
    use IntakeError as E;
    let (input, what, hint) = (
        text,
        || "is damaged".to_owned(),
        || "save it again".to_owned(),
    );
    let missing = MissingColumn {
        column: text(),
        job_key: "fields.userEmail".to_owned(),
        nearest: None,
    };
    let errors = vec![
        E::Open {
            input: input(),
            source: failure(),
        },
        E::Read {
            input: input(),
            bytes: 7,
            source: failure(),
        },
        E::Unreadable {
            input: input(),
            what: "a picture",
            hint: "export it again",
        },
        E::Archive {
            input: input(),
            what: what(),
            hint: hint(),
        },
        E::Workbook {
            input: input(),
            what: what(),
            hint: hint(),
        },
        E::Document {
            input: input(),
            line: 3,
            what: what(),
            hint: hint(),
        },
        E::Empty { input: input() },
        E::NoHeaderLine {
            input: input(),
            header_row: 9,
            limit_bytes: 7,
        },
        E::Header {
            input: input(),
            line: 1,
            what: what(),
            hint: hint(),
        },
        E::MissingColumns {
            input: input(),
            missing: vec![missing],
            present: vec![text()],
            are_paths: false,
        },
        E::Rule {
            job_key: "fields.notes".to_owned(),
            what: what(),
            hint: hint(),
        },
        E::Seen(failure()),
        E::Output(failure()),
    ];
    let number = |error: &E| match error {
        E::Open { .. } => 0,
        E::Read { .. } => 1,
        E::Unreadable { .. } => 2,
        E::Archive { .. } => 3,
        E::Workbook { .. } => 4,
        E::Document { .. } => 5,
        E::Empty { .. } => 6,
        E::NoHeaderLine { .. } => 7,
        E::Header { .. } => 8,
        E::MissingColumns { .. } => 9,
        E::Rule { .. } => 10,
        E::Seen(_) => 11,
        E::Output(_) => 12,
    };
    Kind::of("intake", errors, number, CliError::Intake)
}

fn of_ledger() -> Kind {
    use LedgerError as E;
    let cause = Arc::new(rusqlite::Error::QueryReturnedNoRows);
    let errors = vec![
        E::Open {
            path: path(),
            cause: text(),
        },
        E::Missing { path: path() },
        E::Foreign { path: path() },
        E::Damaged {
            path: path(),
            what: text(),
        },
        E::Newer {
            path: path(),
            found: 9,
            known: 7,
        },
        E::InUse { path: path() },
        E::OtherTarget {
            path: path(),
            found: text(),
            wanted: text(),
        },
        E::Failed {
            doing: "written",
            cause,
        },
        E::LostClaim {
            import_id: ImportId(uuid::Uuid::nil()),
            receipt: None,
        },
        E::LostLease,
    ];
    let number = |error: &E| match error {
        E::Open { .. } => 0,
        E::Missing { .. } => 1,
        E::Foreign { .. } => 2,
        E::Damaged { .. } => 3,
        E::Newer { .. } => 4,
        E::InUse { .. } => 5,
        E::OtherTarget { .. } => 6,
        E::Failed { .. } => 7,
        E::LostClaim { .. } => 8,
        E::LostLease => 9,
        E::Closed => unreachable!("said only where the true cause was said before"),
    };
    Kind::of("ledger", errors, number, CliError::Ledger)
}

fn of_stops() -> Kind {
    use StopCause as E;
    let errors = vec![
        E::Interrupted,
        E::Terminated,
        E::KeyRefused,
        E::KeyForbidden,
        E::ProjectUnknown,
        E::WrongServer { status: 301 },
        E::Outage {
            lasted: Duration::from_mins(30),
            last: text(),
        },
        E::Ledger {
            why: text(),
            hint: None,
        },
        E::Input(text()),
        E::Output(text()),
    ];
    let number = |error: &E| match error {
        E::Interrupted => 0,
        E::Terminated => 1,
        E::KeyRefused => 2,
        E::KeyForbidden => 3,
        E::ProjectUnknown => 4,
        E::WrongServer { .. } => 5,
        E::Outage { .. } => 6,
        E::Ledger { .. } => 7,
        E::Input(_) => 8,
        E::Output(_) => 9,
    };
    Kind::of("stop", errors, number, CliError::Stopped)
}

fn of_files_and_lists() -> [Kind; 4] {
    let reports = vec![
        ReportError::Write {
            path: path(),
            cause: failure(),
        },
        ReportError::InputChanged(text()),
        ReportError::Totals(Box::default()),
    ];
    let report = |error: &ReportError| match error {
        ReportError::Write { .. } => 0,
        ReportError::InputChanged(_) => 1,
        ReportError::Totals(_) => 2,
        ReportError::Intake(_) | ReportError::Ledger(_) => unreachable!("told as those"),
    };
    let lists = vec![
        NoList::Withheld(text()),
        NoList::NotServed(text()),
        NoList::Unsteady { total: 3, shown: 2 },
    ];
    let list = |error: &NoList| match error {
        NoList::Withheld(_) => 0,
        NoList::NotServed(_) => 1,
        NoList::Unsteady { .. } => 2,
    };
    let clients = vec![
        ClientError::Url(text()),
        ClientError::Key,
        ClientError::Tls(rustls::Error::HandshakeNotComplete),
    ];
    let client = |error: &ClientError| match error {
        ClientError::Url(_) => 0,
        ClientError::Key => 1,
        ClientError::Tls(_) => 2,
        ClientError::Build(_) => unreachable!("no such error can be made by hand"),
    };
    let sandboxes = vec![
        SandboxError::NotLoopback([192, 0, 2, 1].into()),
        SandboxError::NoProject,
        SandboxError::Bind {
            address: ([127, 0, 0, 1], 1).into(),
            source: failure(),
        },
        SandboxError::Thread(failure()),
    ];
    let sandbox = |error: &SandboxError| match error {
        SandboxError::NotLoopback(_) => 0,
        SandboxError::NoProject => 1,
        SandboxError::Bind { .. } => 2,
        SandboxError::Thread(_) => 3,
        SandboxError::Store(_) => unreachable!("told by what is wrong with the file"),
    };
    [
        Kind::of("report", reports, report, CliError::Report),
        Kind::of("list", lists, list, CliError::NoList),
        Kind::of("client", clients, client, CliError::Client),
        Kind::of("sandbox", sandboxes, sandbox, CliError::Sandbox),
    ]
}

fn of_commands() -> Kind {
    use CliError as E;
    let errors = vec![
        E::Unconfirmed,
        E::Declined,
        E::NoTerminal,
        E::Unanswered,
        E::JobExists(path()),
        E::Undecided(vec![text()]),
        E::Write {
            what: text(),
            source: failure(),
        },
        E::MetricsFile {
            path: path(),
            source: failure(),
        },
        E::MetricsForeign(path()),
        E::MetricsListen {
            address: ([127, 0, 0, 1], 1).into(),
            source: failure(),
        },
        E::Runtime(failure()),
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
    Kind::of("command", errors, number, |error| error)
}

#[test]
fn every_error_says_what_is_wrong_and_what_to_do_next() {
    let kinds = [
        of_resolve(),
        of_intake(),
        of_ledger(),
        of_stops(),
        of_commands(),
    ];
    for Kind { name, errors } in kinds.into_iter().chain(of_files_and_lists()) {
        let numbers: BTreeSet<_> = errors.iter().map(|(number, _)| *number).collect();
        assert_eq!(
            numbers,
            (0..errors.len()).collect(),
            "{name}: each variant once"
        );
        for (_, error) in errors {
            let message = error.why().join(": ");
            let hint = error
                .hint()
                .unwrap_or_else(|| panic!("{name}: `{message}` has no hint"));
            for said in [&message, &hint] {
                assert!(!said.trim().is_empty(), "{name}: `{message}`");
                assert!(!said.ends_with(['.', '!', ' ']), "{name}: `{said}`");
                let begin = said.chars().next().unwrap_or_default();
                let is_name = said.starts_with("Concord");
                assert!(!begin.is_uppercase() || is_name, "{name}: `{said}`");
            }
            assert_ne!(message, hint, "{name}");
            assert!(
                [2, 3, 130, 143].contains(&error.exit_code()),
                "{name}: `{message}`"
            );
        }
    }
}
