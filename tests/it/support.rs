//! What several themes need: entries made by the real intake, plans for them, and whole imports against a sandbox.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::Method;
use concord_import::internals::check::{Survey, survey};
use concord_import::internals::entry::{Entry, Field, RequestType};
use concord_import::internals::event::{Event, Events};
use concord_import::internals::import::{ImportError, Imported, Importer};
use concord_import::internals::intake::{Intake, Item, Seen};
use concord_import::internals::ledger::{Ledger, Totals, overview};
use concord_import::internals::outbound::Outbound;
use concord_import::internals::outcome::{Outcome, Tally};
use concord_import::internals::plan::{
    Input, Literal, Mark, Meaning, ReadPlan, Reading, Rule, Rules, SANDBOX_API_KEY,
    SANDBOX_ORGANIZATION, SANDBOX_PROJECT, Sending, Target,
};
use concord_import::internals::sandbox::{Config, Faults, Received, Sandbox, Stored};
use concord_import::internals::stop::{StopCause, StopSignal};
use secrecy::SecretString;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The header of [`csv`].
pub(crate) const HEADER: &str = "Ticket,Email,Wish\n";

/// A CSV of `n` valid rows with the keys T-1, T-2 and so on.
pub(crate) fn csv(n: usize) -> String {
    let rows = (1..=n).map(|i| format!("T-{i},person{i}@example.com,Erase\n"));
    std::iter::once(HEADER.to_owned()).chain(rows).collect()
}

/// The rule of a field that is a column.
pub(crate) fn column(name: &str) -> Rule {
    Rule::Column {
        name: name.to_owned(),
        values: Vec::new(),
        default: None,
        part: None,
    }
}

/// Rules for [`csv`].
pub(crate) fn rules() -> Rules {
    let wishes = [
        ("Erase", vec![RequestType::Delete]),
        ("Access", vec![RequestType::View]),
        ("Correct", vec![RequestType::Change]),
        ("Both", vec![RequestType::View, RequestType::Delete]),
    ];
    let values = wishes
        .into_iter()
        .map(|(wish, requests)| (wish.to_owned(), Meaning::Requests(requests)));
    Rules {
        near_keys: concord_import::internals::identity::NearKeys::default(),
        key: vec!["Ticket".into()],
        region: None,
        received: None,
        filters: Vec::new(),
        fields: vec![
            (
                Field::Request,
                Rule::Column {
                    name: "Wish".into(),
                    values: values.collect(),
                    default: None,
                    part: None,
                },
            ),
            (Field::UserEmail, column("Email")),
            (Field::Notes, Rule::Template("Ticket {{ Ticket }}".into())),
            (Field::Preverified, Rule::Value(Literal::Bool(true))),
        ],
        mark: Mark::Notes,
    }
}

/// A plan over files for [`rules`], in the sandbox's project.
pub(crate) fn read_plan(paths: &[PathBuf]) -> ReadPlan {
    let inputs = paths.iter().map(|path| Input {
        name: path.display().to_string(),
        path: path.clone(),
    });
    ReadPlan {
        inputs: inputs.collect(),
        reading: Reading::default(),
        rules: rules(),
        project: SANDBOX_PROJECT,
    }
}

/// `n` valid entries, made of [`csv`].
pub(crate) fn entries(n: usize) -> Vec<Entry> {
    let plan = read_plan(&[PathBuf::from("made up")]);
    let reader = std::io::Cursor::new(csv(n));
    let mut intake =
        Intake::from_reader(&plan, 0, false, reader).expect("the rules fit the header");
    let rows = intake
        .next_batch(&mut Seen::new(), n)
        .expect("it can be read");
    let items = rows.into_iter().flat_map(|row| row.items);
    items
        .map(|item| match item {
            Item::Entry(entry) => *entry,
            other => panic!("not an entry: {other:?}"),
        })
        .collect()
}

/// An importer, a sandbox, and a folder for everything that is written.
///
/// Fields may be changed between runs, as a person changes the job file and runs the same command again.
pub(crate) struct Trial {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: TempDir,
    pub(crate) target: Target,
    pub(crate) read: ReadPlan,
    pub(crate) sending: Sending,
    pub(crate) api_key: SecretString,
    pub(crate) limit: u64,
    pub(crate) seed: u64,
}

/// Quick enough for tests, and with room for a machine that is busy.
pub(crate) fn quick() -> Sending {
    Sending {
        rate_per_s: 10_000.0,
        timeout: Duration::from_secs(5),
        settle: Duration::from_millis(50),
        initial_backoff: Duration::from_millis(2),
        max_backoff: Duration::from_millis(20),
        give_up_after: Duration::from_mins(1),
        ..Sending::default()
    }
}

impl Trial {
    /// Inputs with these contents, against such a sandbox.
    pub(crate) async fn new(config: Config, contents: &[String]) -> Self {
        let sandbox = Sandbox::start(config).await.expect("a sandbox");
        Self::against(sandbox, contents)
    }

    /// So many rows, each an entry, against a sandbox whose POSTs meet this script.
    pub(crate) async fn with_script(rows: usize, script: &str) -> Self {
        let faults = Faults {
            script: script.parse().expect("a script"),
            ..Faults::default()
        };
        Self::with_faults(rows, faults).await
    }

    /// So many rows, each an entry, against a sandbox with these faults.
    pub(crate) async fn with_faults(rows: usize, faults: Faults) -> Self {
        let config = Config {
            faults,
            ..Config::default()
        };
        Self::new(config, &[csv(rows)]).await
    }

    /// Inputs with these contents, against that sandbox.
    pub(crate) fn against(sandbox: Sandbox, contents: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let paths: Vec<_> = (1..=contents.len())
            .map(|n| folder.path().join(format!("input-{n}.csv")))
            .collect();
        for (path, content) in paths.iter().zip(contents) {
            std::fs::write(path, content).expect("it can be written");
        }
        Self {
            target: Target {
                organization: SANDBOX_ORGANIZATION,
                project: SANDBOX_PROJECT,
                base_url: sandbox.base_url().to_owned(),
            },
            sandbox,
            read: read_plan(&paths),
            sending: quick(),
            api_key: SANDBOX_API_KEY.into(),
            limit: u64::MAX,
            seed: 7,
            folder,
        }
    }

    /// Puts another content in the place of the first input.
    pub(crate) fn rewrite(&self, content: &str) {
        std::fs::write(&self.read.inputs[0].path, content).expect("it can be written");
    }

    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    pub(crate) fn out_dir(&self, input: usize) -> PathBuf {
        self.folder.path().join(format!("out-{}", input + 1))
    }

    /// Does something to the ledger behind the importer's back.
    pub(crate) fn in_ledger(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.ledger_path()).expect("it opens");
        connection.execute_batch(sql).expect("it can be done");
    }

    /// What the ledger holds, by state.
    pub(crate) fn totals(&self) -> Totals {
        overview(&self.ledger_path(), 1).expect("a ledger").totals
    }

    /// The exchanges of that method so far.
    pub(crate) fn exchanges(&self, method: &Method) -> Vec<Received> {
        let log = self.sandbox.log().into_iter();
        log.filter(|one| one.method == *method).collect()
    }

    pub(crate) fn posts(&self) -> usize {
        self.exchanges(&Method::POST).len()
    }

    pub(crate) fn gets(&self) -> usize {
        self.exchanges(&Method::GET).len()
    }

    pub(crate) fn outbound(&self, stop: &StopSignal, events: &Events) -> Outbound {
        let mark = self.read.rules.mark;
        let (target, key) = (&self.target, &self.api_key);
        Outbound::new(target, key, self.sending, mark, self.seed, stop, events).expect("a client")
    }

    /// Imports all inputs, as the command does.
    pub(crate) async fn run(&self) -> Ended {
        self.run_until(StopSignal::default()).await
    }

    /// The same, with a signal that somebody else may raise.
    pub(crate) async fn run_until(&self, stop: StopSignal) -> Ended {
        let (inputs, heard) = Box::pin(self.try_run_until(stop.clone())).await;
        let inputs = inputs.unwrap_or_else(|error| panic!("{error}; stopped by {stop:?}"));
        let results = (0..inputs.len()).map(|n| read_results(&self.out_dir(n)));
        Ended {
            results: results.collect(),
            stop: stop.cause(),
            inputs,
            heard,
        }
    }

    /// The same, for runs that may break.
    pub(crate) async fn try_run_until(
        &self,
        stop: StopSignal,
    ) -> (Result<Vec<Imported>, ImportError>, Vec<Event>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let events = Events::to(move |event| listener.lock().expect("no panic").push(event));
        let importer = Importer {
            read: Arc::new(self.read.clone()),
            sending: self.sending,
            ledger: Ledger::open(&self.ledger_path(), &self.target).expect("it opens"),
            outbound: Arc::new(self.outbound(&stop, &events)),
            stop,
            events,
        };
        let ended = Box::pin(within(self.import_all(&importer))).await;
        importer.ledger.close().await;
        let heard = std::mem::take(&mut *heard.lock().expect("no panic"));
        (ended, heard)
    }

    async fn import_all(&self, importer: &Importer) -> Result<Vec<Imported>, ImportError> {
        let survey = survey_of(&self.read);
        let mut left = self.limit;
        let mut seen = (survey.seen(), survey.seen());
        let mut ended = Vec::new();
        for n in 0..survey.inputs.len() {
            let out_dir = self.out_dir(n);
            let (done, seen_so_far) = importer
                .import(&survey, n, &out_dir, &mut left, seen)
                .await?;
            seen = seen_so_far;
            ended.push(done);
        }
        Ok(ended)
    }

    /// The marks of all requests in Concord, each of them there once, and the requests that bear them.
    pub(crate) fn created(&self) -> BTreeMap<String, Arc<Stored>> {
        let mut by_mark = BTreeMap::new();
        for stored in self.sandbox.requests() {
            let notes = stored.body.notes.clone().unwrap_or_default();
            let (_, rest) = notes.split_once("[ref ").expect("a mark");
            let (id, _) = rest.split_once(']').expect("a whole mark");
            let twin = by_mark.insert(id.to_owned(), stored);
            assert!(twin.is_none(), "created twice: {notes}");
        }
        by_mark
    }

    /// What has to hold after every run: nothing twice, results that tell the truth, totals that add up.
    pub(crate) fn assert_true(&self, ended: &Ended) {
        let created = self.created();
        for row in ended.results.iter().flatten() {
            let held = created.get(&row.import_id);
            if row.error_code.contains("key_conflict") {
                continue; // the import id is that of another person's request
            }
            if row.outcome != "created" {
                let may_exist = matches!(row.outcome.as_str(), "in_doubt" | "duplicate");
                assert!(held.is_none() || may_exist, "it exists: {row:?}");
                continue;
            }
            let held = held.unwrap_or_else(|| panic!("it does not exist: {row:?}"));
            assert_eq!(row.id, held.id.to_string(), "{row:?}");
            assert_eq!(row.request, held.body.request, "{row:?}");
            let notes = held.body.notes.as_deref().unwrap_or_default();
            // A row that makes several requests has the request in each key.
            let ticket = row.key.split(" // ").next().unwrap_or_default();
            assert!(
                notes.starts_with(&format!("Ticket {ticket} ")),
                "{notes} for {row:?}"
            );
        }
        for (n, imported) in ended.inputs.iter().enumerate() {
            let tally = &imported.summary.tally;
            assert!(tally.adds_up(), "{tally:?}");
            for outcome in Outcome::ALL {
                let told = ended.results[n]
                    .iter()
                    .filter(|row| row.outcome == outcome.name());
                let told = u64::try_from(told.count()).expect("few");
                assert_eq!(told, tally.count(outcome), "{outcome} in input {}", n + 1);
            }
        }
        assert_eq!(self.totals().claimed, 0, "claims left open");
    }

    /// What has to hold once all is done: every entry is created, once, and told so.
    pub(crate) fn assert_complete(&self, ended: &Ended, entries: usize) {
        self.assert_true(ended);
        let open: Vec<_> = ended
            .results
            .iter()
            .flatten()
            .filter(|row| !matches!(row.outcome.as_str(), "created" | "duplicate"))
            .collect();
        assert!(open.is_empty(), "stopped by {:?}: {open:#?}", ended.stop);
        assert_eq!(self.created().len(), entries);
        assert_eq!(ended.exit_code(), 0);
    }
}

/// The day on which tests check their inputs.
pub(crate) const TODAY: jiff::civil::Date = jiff::civil::date(2026, 9, 1);

/// What the check says of the inputs; it is never broken off.
pub(crate) fn survey_of(plan: &ReadPlan) -> Survey {
    let survey = survey(plan, TODAY, &mut |_| ControlFlow::Continue(()));
    survey.expect("inputs that can be read").expect("a survey")
}

/// A run that has ended, and its results as they are read back.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) inputs: Vec<Imported>,
    pub(crate) results: Vec<Vec<ResultRow>>,
    pub(crate) stop: Option<StopCause>,
    pub(crate) heard: Vec<Event>,
}

impl Ended {
    pub(crate) fn exit_code(&self) -> u8 {
        let codes = self.inputs.iter().map(|one| one.summary.exit_code);
        codes.max().unwrap_or_default()
    }

    /// How many entries of all inputs ended so.
    pub(crate) fn count(&self, outcome: Outcome) -> u64 {
        let tallies = self.inputs.iter().map(|one| one.summary.tally);
        tallies.map(|tally| tally.count(outcome)).sum()
    }

    pub(crate) fn tally(&self) -> Tally {
        self.inputs[0].summary.tally
    }

    /// The row of the first input with that key.
    pub(crate) fn row(&self, key: &str) -> &ResultRow {
        let mut rows = self.results.iter().flatten();
        rows.find(|row| row.key == key).expect("a row of that key")
    }
}

/// One line of `results.csv`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct ResultRow {
    pub(crate) row: u64,
    pub(crate) line: u64,
    pub(crate) key: String,
    pub(crate) import_id: String,
    pub(crate) request: String,
    pub(crate) outcome: String,
    pub(crate) via: String,
    pub(crate) id: String,
    pub(crate) http_status: String,
    pub(crate) error_code: String,
    pub(crate) error: String,
    pub(crate) attempts: u32,
}

pub(crate) fn read_results(out_dir: &Path) -> Vec<ResultRow> {
    let mut reader = csv::Reader::from_path(out_dir.join("results.csv")).expect("results");
    let rows = reader.deserialize().collect::<Result<_, _>>();
    rows.expect("results that can be read")
}

/// An error where an endless wait would be; no measure of anything.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), work)
        .await
        .expect("it ends")
}

/// A port at which nobody listens, and which nobody else gets as long as this is held.
pub(crate) struct ClosedPort(TcpSocket);

impl ClosedPort {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let any = ([127, 0, 0, 1], 0).into();
        socket.bind(any).expect("a port");
        Self(socket)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("an address")
    }
}

/// A server that answers with bytes as given, one piece after another.
pub(crate) struct RoughServer {
    pub(crate) base_url: String,
    task: JoinHandle<()>,
}

/// The pieces of an answer, and how long to wait before each but the first.
pub(crate) struct Pieces {
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) between: Duration,
}

impl RoughServer {
    /// Answers each POST by its body, and knows no list.
    pub(crate) async fn start(
        answer: impl Fn(&str) -> Pieces + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::answering(move |head, body| {
            if head.starts_with("GET") {
                http("404 Not Found", "").into()
            } else {
                answer(body)
            }
        })
        .await
    }

    /// Answers each request by its head and body.
    pub(crate) async fn answering(
        answer: impl Fn(&str, &str) -> Pieces + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let answer = answer.clone();
                // A client that goes away in the middle is what some tests want to see.
                connections.spawn(async move { drop(serve_roughly(stream, &answer).await) });
            }
        });
        Self {
            base_url: format!("http://{address}"),
            task,
        }
    }
}

impl From<String> for Pieces {
    fn from(whole: String) -> Self {
        Self {
            pieces: vec![whole.into_bytes()],
            between: Duration::ZERO,
        }
    }
}

/// An answer, whole.
pub(crate) fn http(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

impl Drop for RoughServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve_roughly(
    mut stream: TcpStream,
    answer: &impl Fn(&str, &str) -> Pieces,
) -> io::Result<()> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    let (head, body) = loop {
        let count = stream.read(&mut buffer).await?;
        text += &String::from_utf8_lossy(&buffer[..count]);
        let whole = text.split_once("\r\n\r\n").filter(|(head, body)| {
            let head = head.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            body.len() >= length.map_or(0, |length| length.parse().expect("a length"))
        });
        match whole {
            Some(whole) => break whole,
            None if count == 0 => return Ok(()),
            None => {}
        }
    };
    let Pieces { pieces, between } = answer(head, body);
    for (n, piece) in pieces.iter().enumerate() {
        if n > 0 {
            tokio::time::sleep(between).await;
        }
        stream.write_all(piece).await?;
    }
    stream.shutdown().await
}
