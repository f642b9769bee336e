//! What becomes of entries: an example of each code that a result can have, of a real import against a server that misbehaves.
//!
//! Each says where (row and key), what was found, and with its next step what would be right; `report.html` tells it likewise.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use concord_import::internals::cli::catalogue::{entry_codes, of_entry};
use concord_import::internals::plan::{SANDBOX_API_KEY, SANDBOX_ORGANIZATION, SANDBOX_PROJECT};
use concord_import::internals::sandbox::{Sandbox, Script};
use tokio::runtime::Runtime;

use super::given::assert_nobody_is_shown;
use crate::cli::{JOB, Place, code, server, stderr, stdout, wait_for};
use crate::support::{
    self, ClosedPort, HEADER, Pieces, ResultRow, RoughServer, http, read_results,
};

/// What became of the second of three rows.
struct Example {
    code: &'static str,
    outcome: &'static str,
    story: Story,
    /// In its `error`, what was found.
    found: &'static str,
    /// In the next step, what would be right.
    wanted: &'static str,
}

enum Story {
    /// The sandbox answers it with this fault.
    Fault(&'static str),
    /// A server answers it with this status and body.
    Answer(&'static str, &'static str),
    /// It is answered 502, and this is the list of requests.
    List(&'static str),
    /// More than that.
    Told(fn() -> Played),
    /// It ends the run: no entry has the code, but attempts on the page.
    Ends(fn() -> Played),
    /// So does this status.
    Stops(&'static str),
}

use Story::{Answer, Ends, Fault, List, Stops, Told};

#[rustfmt::skip]
const EXAMPLES: &[Example] = &[
    example("http_400", "rejected", Answer("400 Bad Request", r#"{"message":"\"domain\" must be one of the organization's"}"#), "\"domain\"", "correct what the message names"),
    example("http_422", "rejected", Answer("422 Unprocessable Content", r#"{"message":"the notes cannot be stored"}"#), "the notes", "correct what the message names"),
    example("http_413", "rejected", Answer("413 Content Too Large", ""), "413", "correct the row"),
    example("http_403", "rejected", Answer("403 Forbidden", ""), "403", "looks like code in its text"),
    example("http_401", "not_sent", Ends(key_refused), "does not accept the API key (401)", "CONCORD_API_KEY"),
    example("http_404", "not_sent", Ends(project_unknown), "does not know the organization or project (404)", "project"),
    example("http_403", "not_sent", Ends(key_forbidden), "create requests in the project (403)", "role Limited"),
    example("http_301", "not_sent", Stops("301 Moved Permanently"), "answered 301, which Concord does not", "base URL"),
    example("http_405", "not_sent", Stops("405 Method Not Allowed"), "answered 405, which Concord does not", "base URL"),
    example("http_407", "not_sent", Stops("407 Proxy Authentication Required"), "answered 407, which Concord does not", "HTTPS_PROXY"),
    example("http_415", "not_sent", Stops("415 Unsupported Media Type"), "answered 415, which Concord does not", "base URL"),
    example("no_connection", "not_sent", Ends(no_connection), "no connection", "network"),
    example("http_302", "in_doubt", Answer("302 Found\r\nlocation: /login", ""), "302", "base URL"),
    example("http_303", "in_doubt", Answer("303 See Other\r\nlocation: /done", ""), "303", "base URL"),
    example("http_408", "failed", Fault("408"), "Request Timeout", "same command again"),
    example("http_421", "failed", Fault("421"), "Misdirected", "same command again"),
    example("http_425", "failed", Fault("425"), "Too Early", "same command again"),
    example("http_429", "failed", Answer("429 Too Many Requests", ""), "429", "lower --rate"),
    example("http_500", "failed", Fault("500"), "Internal Server Error", "same command again"),
    example("http_502", "failed", Fault("502:html"), "502 without a message", "same command again"),
    example("http_503", "failed", Answer("503 Service Unavailable\r\nretry-after: 0", ""), "503", "when the server is back"),
    example("http_504", "failed", Fault("504"), "Gateway Timeout", "same command again"),
    example("http_507", "failed", Fault("507"), "Insufficient Storage", "same command again"),
    example("http_202", "failed", Fault("202"), "Accepted", "compare the base URL"),
    example("timeout", "failed", Told(timeout), "no answer within", "--timeout"),
    example("connection_broken", "failed", Fault("drop"), "connection", "same command again"),
    example("unreadable_201", "failed", Answer("201 Created", "it is done"), "not JSON", "same command again"),
    example("unreadable_201", "failed", Answer("201 Created", "{}"), "no `id` that is a UUID", "same command again"),
    example("unreadable_201", "failed", Answer("201 Created", r#"{"id":"0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b09","request":"view"}"#), "another request than the one sent", "same command again"),
    example("no_list", "in_doubt", Told(no_list), "is not to be had (403)", "role Limited"),
    example("no_list", "in_doubt", Told(cut_off), "the answer broke off", "role Limited"),
    example("no_list", "in_doubt", Told(not_sent_again), "is not to be had (403)", "role Limited"),
    example("no_list", "in_doubt", Told(sent_again), "(403); sent again: the server answered 400", "role Limited"),
    example("list_broken", "in_doubt", List(r#"{"items":"many"}"#), "cannot be read", "look in Concord"),
    example("list_broken", "in_doubt", List(r#"{"items":[],"total":5}"#), "ends before its `total`", "look in Concord"),
    example("list_broken", "in_doubt", List(r#"{"items":[{}],"total":1}"#), "without `id`", "look in Concord"),
    example("list_too_long", "in_doubt", List(r#"{"items":[{"id":"0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b09"}],"total":3000000}"#), "3,000,000 requests, more than the 200,000", "`reconcile`"),
    example("lookup_failed", "in_doubt", List("<html>"), "is not JSON", "`reconcile`"),
    example("held", "in_doubt", Told(held), "in_doubt = \"hold\"", "look-up"),
    example("ambiguous", "in_doubt", Told(ambiguous), "2 requests in Concord may be it", "look in Concord"),
    example("changed_in_doubt", "in_doubt", Told(changed_in_doubt), "its content has changed since", "put back"),
    example("claimed", "in_doubt", Told(claimed), "run 1 has claimed it", "if that run is under way"),
    example("not_found", "failed", Told(not_found), "in neither of two readings", "sent once more"),
    example("created_twice", "created", Told(created_twice), "more than once: ", "resolve all but one"),
    example("echo_differs", "created", Answer("201 Created", r#"{"id":"0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b09","preverified":false}"#), "`preverified` otherwise", "look in Concord"),
    example("changed", "created", Told(changed), "not what was sent under the same key", "change it in Concord"),
    example("changed", "duplicate", Told(changed_within), "row 1 (line 2), with other content", "`key`"),
    example("duplicate", "duplicate", Told(duplicate), "repeats the key of row 1 (line 2)", "`key`"),
];

const fn example(
    code: &'static str,
    outcome: &'static str,
    story: Story,
    found: &'static str,
    wanted: &'static str,
) -> Example {
    Example {
        code,
        outcome,
        story,
        found,
        wanted,
    }
}

/// Where the results are, unless another folder is named.
const OUT: &str = "concord-import-out/t";

/// Three rows and a job file, in a folder of their own.
struct Import {
    place: Place,
    base_url: String,
}

impl Import {
    fn into_server(base_url: &str) -> Self {
        let import = Self {
            place: Place::new(),
            base_url: base_url.to_owned(),
        };
        import.job("");
        import.rows(&support::csv(3));
        import
    }

    fn rows(&self, text: &str) {
        fs::write(self.place.path("t.csv"), text).expect("written");
    }

    /// The job file, its `[send]` ending with these lines.
    fn job(&self, send: &str) {
        let target = format!(
            "[target]\norganization = \"{SANDBOX_ORGANIZATION}\"\nproject = \"{SANDBOX_PROJECT}\"\nbase_url = \"{}\"\n",
            self.base_url
        );
        let job = JOB.replace("concurrency = 4", "concurrency = 1\nmax_attempts = 1");
        fs::write(self.place.path("t.toml"), target + &job + send).expect("written");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.command(args);
        command.env("CONCORD_API_KEY", SANDBOX_API_KEY);
        command
    }

    fn call(&self, args: &[&str]) -> String {
        let output = self.command(args).output().expect("it runs");
        let told = stderr(&output) + &stdout(&output);
        assert!(code(&output) < 4, "{args:?}: {told}");
        told
    }

    /// What the run says.
    fn run(&self) -> String {
        self.call(&["run", "t.csv", "--yes"])
    }

    /// What became of the second row.
    fn second(&self, out: &str) -> ResultRow {
        let results = read_results(&self.place.path(out));
        results
            .into_iter()
            .find(|row| row.row == 2)
            .expect("a second row")
    }
}

/// A sandbox with these faults for creations.
fn sandbox(script: &str) -> Sandbox {
    server(|config| config.faults.script = script.parse().expect("a script"))
}

/// A sandbox that creates the second of three, loses the answer, and forbids to look.
fn withholding(script: &str) -> Sandbox {
    let sandbox = sandbox(script);
    sandbox.set_read_script("403*1000".parse().expect("a script"));
    sandbox
}

/// An example that was played.
struct Played {
    row: ResultRow,
    /// `report.html`
    page: String,
    /// By the run.
    told: String,
}

impl Played {
    fn of(import: &Import, told: String, out: &str) -> Self {
        Self {
            row: import.second(out),
            page: import.place.read(&format!("{out}/report.html")),
            told,
        }
    }

    fn run(import: &Import) -> Self {
        let told = import.run();
        Self::of(import, told, OUT)
    }
}

impl Story {
    fn play(&self) -> Played {
        match self {
            Fault(fault) => {
                let sandbox = sandbox(&format!("ok,{fault},ok"));
                Played::run(&Import::into_server(sandbox.base_url()))
            }
            Answer(status, body) => answered(status, body, r#"{"items":[],"total":0}"#),
            List(list) => answered("502 Bad Gateway", "", list),
            Stops(status) => answered(status, "", r#"{"items":[],"total":0}"#),
            Told(story) | Ends(story) => story(),
        }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Of three rows the second is answered so, and this is the list of requests.
fn answered(status: &'static str, body: &'static str, list: &'static str) -> Played {
    let runtime = runtime();
    let server = runtime.block_on(RoughServer::with_list(Some(list), move |sent| {
        let answer = if sent.contains("person2@") {
            http(status, body)
        } else {
            http(
                "201 Created",
                &format!(r#"{{"id":"{}"}}"#, uuid::Uuid::new_v4()),
            )
        };
        Pieces {
            pieces: vec![answer.into_bytes()],
            between: Duration::ZERO,
        }
    }));
    Played::run(&Import::into_server(&server.base_url))
}

fn key_refused() -> Played {
    let sandbox = sandbox("ok,401");
    Played::run(&Import::into_server(sandbox.base_url()))
}

/// Nothing is created, so that it is the key.
fn key_forbidden() -> Played {
    let sandbox = sandbox("403*1000");
    Played::run(&Import::into_server(sandbox.base_url()))
}

fn project_unknown() -> Played {
    let sandbox = sandbox("ok,404");
    Played::run(&Import::into_server(sandbox.base_url()))
}

fn no_connection() -> Played {
    let port = ClosedPort::new();
    let import = Import::into_server(&format!("http://{}", port.address()));
    import.job("give_up_after = \"1s\"\n");
    Played::run(&import)
}

fn timeout() -> Played {
    let sandbox = sandbox("ok,hang,ok");
    let import = Import::into_server(sandbox.base_url());
    import.job("timeout = \"1s\"\n");
    Played::run(&import)
}

fn no_list() -> Played {
    let sandbox = withholding("ok,create-then-502,ok");
    Played::run(&Import::into_server(sandbox.base_url()))
}

fn cut_off() -> Played {
    let sandbox = withholding("ok,cut,ok");
    Played::run(&Import::into_server(sandbox.base_url()))
}

fn not_sent_again() -> Played {
    let sandbox = withholding("ok,502,ok");
    let import = Import::into_server(sandbox.base_url());
    import.job("in_doubt = \"resend\"\n");
    Played::run(&import)
}

/// What is refused the second time may have been created the first time.
fn sent_again() -> Played {
    let sandbox = withholding("ok,create-then-502,400*2");
    let import = Import::into_server(sandbox.base_url());
    import.job("in_doubt = \"resend\"\n");
    let told = import.call(&["run", "t.csv", "--yes", "--max-attempts", "2"]);
    Played::of(&import, told, OUT)
}

fn held() -> Played {
    let sandbox = sandbox("ok,502,ok");
    let import = Import::into_server(sandbox.base_url());
    import.job("in_doubt = \"hold\"\n");
    Played::run(&import)
}

/// Without a mark: two rows of one person, whose answers are both lost.
fn ambiguous() -> Played {
    let sandbox = sandbox("create-then-502*2");
    let import = Import::into_server(sandbox.base_url());
    import.job("mark = \"none\"\n");
    import.rows(&format!(
        "{HEADER}T-1,person1@example.com,Erase\nT-2,person1@example.com,Erase\n"
    ));
    Played::run(&import)
}

/// Without a mark, and with another content after its answer was lost.
fn changed_in_doubt() -> Played {
    let sandbox = withholding("ok,create-then-502,ok");
    let import = Import::into_server(sandbox.base_url());
    import.job("mark = \"none\"\n");
    import.run();
    import.rows(&support::csv(3).replace("person2@", "person22@"));
    Played::run(&import)
}

/// Another run waits for its answer for longer than this takes.
fn claimed() -> Played {
    let sandbox = sandbox("ok,hang");
    let import = Import::into_server(sandbox.base_url());
    let args = ["run", "t.csv", "--yes", "--timeout", "5m", "--out", "other"];
    let other = import
        .command(&args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _other = Killed(other.expect("it starts"));
    wait_for(&sandbox, 3); // the project, and two creations
    Played::run(&import)
}

/// A run that does not outlive the example.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn not_found() -> Played {
    let sandbox = withholding("ok,502,ok");
    let import = Import::into_server(sandbox.base_url());
    import.run();
    sandbox.set_read_script(Script::default());
    import.call(&["reconcile", "t.csv"]);
    import.call(&["results", "t.csv"]);
    Played::of(&import, String::new(), OUT)
}

/// Two ledgers that do not know of each other.
fn created_twice() -> Played {
    let sandbox = withholding("ok,create-then-502,ok");
    let import = Import::into_server(sandbox.base_url());
    import.run();
    import.call(&[
        "run",
        "t.csv",
        "--yes",
        "--ledger",
        "another.ledger",
        "--out",
        "other",
    ]);
    sandbox.set_read_script(Script::default());
    Played::run(&import)
}

fn changed() -> Played {
    let sandbox = sandbox("");
    let import = Import::into_server(sandbox.base_url());
    import.run();
    import.rows(&support::csv(3).replace("person2@", "person22@"));
    Played::run(&import)
}

fn changed_within() -> Played {
    let sandbox = sandbox("");
    let import = Import::into_server(sandbox.base_url());
    import.rows(&support::csv(2).replace("T-2,", "T-1,"));
    Played::run(&import)
}

fn duplicate() -> Played {
    let sandbox = sandbox("");
    let import = Import::into_server(sandbox.base_url());
    import.rows(&support::csv(2).replace("T-2,person2@", "T-1,person1@"));
    Played::run(&import)
}

impl Example {
    /// How it is told, which is asserted to be everything there is to say.
    fn read_aloud(&self) -> String {
        let Self {
            code,
            outcome,
            found,
            wanted,
            ..
        } = self;
        let Played { row, page, told } = self.story.play();
        assert_eq!(row.outcome, *outcome, "{code}: {row:?}: {told}");
        let [_, meaning, next] = of_entry(code);
        let said = if let Ends(_) | Stops(_) = self.story {
            // No entry has it; the page has, where it tells of attempts.
            assert!(
                page.contains(&format!("<code>{code}</code>")) && page.contains(meaning),
                "{code}: the page does not tell it"
            );
            why_stopped(&told).to_owned()
        } else {
            assert_eq!(row.error_code, *code, "{row:?}: {told}");
            let ResultRow {
                row,
                line,
                key,
                error,
                ..
            } = row;
            assert_nobody_is_shown(code, &error);
            format!("row {row}, line {line}, key `{key}`: {error}")
        };
        assert!(
            said.contains(found),
            "{code}: `{found}` is not told: {said}"
        );
        assert!(
            next.contains(wanted),
            "{code}: `{wanted}` is not told: {next}"
        );
        // What is created or repeats a row is told there in a line, not as what remains.
        if matches!(*outcome, "rejected" | "failed" | "in_doubt") {
            assert!(
                text_of(&page).contains(next),
                "{code}: the page has not `{next}`"
            );
        }
        for text in [meaning, next] {
            let is_sentence = !text.ends_with(['.', '!', ' ']) && !text.contains("  ");
            assert!(is_sentence, "{code}: `{text}`");
        }
        format!("## {code}: {outcome}\n{said}\nmeaning: {meaning}\nnext step: {next}\n\n")
    }
}

/// What a run that was stopped says of it.
fn why_stopped(told: &str) -> &str {
    let begin = told.find("Stopped: ").expect("it says so");
    let end = told[begin..]
        .find("\n\n")
        .map_or(told.len(), |end| begin + end);
    &told[begin..end]
}

/// A page as it is read; code stands in backticks.
fn text_of(page: &str) -> String {
    page.replace("<code>", "`")
        .replace("</code>", "`")
        .replace("&quot;", "\"")
}

/// All of them, as results and page tell them.
pub(super) fn read_aloud() -> String {
    let explained: BTreeSet<_> = EXAMPLES
        .iter()
        .map(|example| of_entry(example.code)[0])
        .collect();
    let missing: Vec<_> = entry_codes()
        .filter(|code| !explained.contains(code))
        .collect();
    assert!(missing.is_empty(), "no example of {missing:?}");
    EXAMPLES.iter().map(Example::read_aloud).collect()
}
