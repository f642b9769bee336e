//! Imports by the binary into servers that misbehave, of which examples are taken.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use concord_import::internals::ledger::overview;
use concord_import::internals::plan::{SANDBOX_API_KEY, SANDBOX_ORGANIZATION, SANDBOX_PROJECT};
use concord_import::internals::sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::cli::{JOB, Place, code, server, stderr, stdout, wait_for};
use crate::support::{self, Pieces, ResultRow, RoughServer, http, read_results};

/// Where the ledger is, unless another is named.
pub(super) fn ledger_path() -> String {
    format!("state/concord-import/{SANDBOX_PROJECT}.ledger")
}

/// A job without a mark.
pub(super) const NO_MARK: &str = "mark = \"none\"\n";

/// Where the results are, unless another folder is named.
pub(super) const OUT: &str = "concord-import-out/t";

/// Three rows and a job file, in a folder of their own.
pub(super) struct Import {
    pub(super) place: Place,
    base_url: String,
    server: Option<Rough>,
}

impl Import {
    pub(super) fn into_server(base_url: &str) -> Self {
        let import = Self {
            place: Place::new(),
            base_url: base_url.to_owned(),
            server: None,
        };
        import.job("");
        import.rows(&support::csv(3));
        import
    }

    /// Its server lives as long as it does.
    pub(super) fn keep(mut self, server: Rough) -> Self {
        self.server = Some(server);
        self
    }

    pub(super) fn into_sandbox(sandbox: &Sandbox) -> Self {
        Self::into_server(sandbox.base_url())
    }

    pub(super) fn rows(&self, text: &str) {
        fs::write(self.place.path("t.csv"), text).expect("written");
    }

    /// Changes the rejects of the last run, as a person does.
    pub(super) fn edit_rejects(&self, from: &str, to: &str) {
        let path = self.place.path("concord-import-out/t/rejects.csv");
        let text = fs::read_to_string(&path).expect("there are rejects");
        fs::write(path, text.replace(from, to)).expect("written");
    }

    /// The job file, its `[send]` ending with these lines.
    pub(super) fn job(&self, send: &str) {
        self.job_of("t.toml", |job| job + send);
    }

    /// A job file, changed so.
    pub(super) fn job_of(&self, name: &str, change: impl FnOnce(String) -> String) {
        let target = format!(
            "[target]\norganization = \"{SANDBOX_ORGANIZATION}\"\nproject = \"{SANDBOX_PROJECT}\"\nbase_url = \"{}\"\n",
            self.base_url
        );
        let job = JOB.replace("concurrency = 4", "concurrency = 1\nmax_attempts = 1");
        fs::write(self.place.path(name), target + &change(job)).expect("written");
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.command(args);
        command.env("CONCORD_API_KEY", SANDBOX_API_KEY);
        command
    }

    /// What a command says.
    pub(super) fn call(&self, args: &[&str]) -> String {
        let [told, printed] = self.both(args);
        told + &printed
    }

    /// What a command prints.
    pub(super) fn printed(&self, args: &[&str]) -> String {
        let [_, printed] = self.both(args);
        printed
    }

    fn both(&self, args: &[&str]) -> [String; 2] {
        let output = self.command(args).output().expect("it runs");
        let told = [stderr(&output), stdout(&output)];
        assert!([0, 1, 3].contains(&code(&output)), "{args:?}: {told:?}");
        told
    }

    /// Where requests are created.
    pub(super) fn requests_url(&self) -> String {
        format!(
            "{}/organizations/{SANDBOX_ORGANIZATION}/projects/{SANDBOX_PROJECT}/compliance-requests",
            self.base_url
        )
    }

    /// What the run says.
    pub(super) fn run(&self) -> String {
        self.call(&["run", "t.csv", "--yes"])
    }

    /// Runs these rows as corrected rejects.
    pub(super) fn run_corrected(&self, rejects: &str) -> String {
        fs::write(self.place.path("rejects.csv"), rejects).expect("written");
        let apart = ["--job", "t.toml", "--out", "corrected"];
        self.call(&[&["run", "rejects.csv", "--yes"], &apart[..]].concat())
    }

    /// Another run of the same rows, by a ledger that does not know of the first.
    pub(super) fn run_beside(&self) {
        let apart = ["--ledger", "another.ledger", "--out", "other"];
        self.call(&[&["run", "t.csv", "--yes"], &apart[..]].concat());
    }

    /// What became of the second row.
    pub(super) fn second(&self, out: &str) -> ResultRow {
        let results = read_results(&self.place.path(out));
        results
            .into_iter()
            .find(|row| row.row == 2)
            .expect("a second row")
    }
}

/// A run that does not outlive the example.
pub(super) struct Killed(pub(super) Child);

impl Import {
    /// Another run over the same rows, for which the server lets it wait longer than any example takes.
    pub(super) fn under_way(&self, sandbox: &Sandbox) -> Killed {
        let args = ["run", "t.csv", "--yes", "--timeout", "5m", "--out", "other"];
        let run = self
            .command(&args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let run = Killed(run.expect("it starts"));
        wait_for(sandbox, 3); // the project, and two creations
        // The first of them is settled after that.
        let ledger = self.place.path(&ledger_path());
        let created = || overview(&ledger, 1).expect("a ledger").totals.created;
        let begun = Instant::now();
        while created() == 0 {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "nothing is settled"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        run
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A server that answers as it is told, on threads of its own.
pub(super) struct Rough {
    pub(super) base_url: String,
    _server: RoughServer,
    _runtime: Runtime,
}

impl Rough {
    /// Answers each request by its head and body.
    pub(super) fn new(
        answer: impl Fn(&str, &str) -> Pieces + Clone + Send + Sync + 'static,
    ) -> Self {
        let runtime = runtime();
        let server = runtime.block_on(RoughServer::answering(answer));
        Self {
            base_url: server.base_url.clone(),
            _server: server,
            _runtime: runtime,
        }
    }

    /// Creates all but the second person's request, and lists the created ones. `second` gets their ids.
    pub(super) fn creating(
        second: impl Fn(&[Uuid]) -> Pieces + Clone + Send + Sync + 'static,
    ) -> Self {
        let requests = Arc::new(Mutex::new((Vec::new(), Vec::new())));
        Self::new(move |head, sent| {
            let (ids, items) = &mut *requests.lock().expect("no panic");
            if head.starts_with("GET") {
                let list = json!({ "items": items, "total": items.len() });
                http("200 OK", &list.to_string()).into()
            } else if sent.contains(SECOND) {
                second(ids)
            } else {
                let id = Uuid::new_v4();
                ids.push(id);
                let mut item: Value = serde_json::from_str(sent).expect("a request");
                item["id"] = json!(id);
                items.push(item);
                created(id)
            }
        })
    }

    /// Creates all but what is of the second person, which it answers so, and has this list of requests.
    pub(super) fn listing(status: &'static str, body: &str, list: &str) -> Self {
        let (body, list) = (body.to_owned(), list.to_owned());
        Self::new(move |head, sent| {
            if head.starts_with("GET") {
                http("200 OK", &list).into()
            } else if sent.contains(SECOND) {
                http(status, &body).into()
            } else {
                created(Uuid::new_v4())
            }
        })
    }
}

/// The second person's.
pub(super) const SECOND: &str = "person2@";

/// What Concord answers when it has created a request.
pub(super) fn created(id: Uuid) -> Pieces {
    http("201 Created", &json!({ "id": id }).to_string()).into()
}

pub(super) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A sandbox with these faults for creations.
pub(super) fn sandbox(script: &str) -> Sandbox {
    server(|config| config.faults.script = script.parse().expect("a script"))
}

/// A sandbox with these faults, which forbids to look.
pub(super) fn withholding(script: &str) -> Sandbox {
    let sandbox = sandbox(script);
    sandbox.set_read_script("403*1000".parse().expect("a script"));
    sandbox
}
