//! How fast, how exact and how large the importer is, as ratios against named baselines of the same run.
//!
//! ```text
//! cargo bench                                all of it, about ten minutes
//! cargo bench -- wire pace                   some of it: wire, protocol, latency, pace, start, read, ledger,
//!                                            again, memory
//! cargo bench -- read --pairs 9 --json FILE  more pairs; the figures as JSON
//! cargo bench -- memory --full               with five million rows
//! cargo bench -- --binary PATH               another importer than the one that cargo has built
//! ```
//!
//! Where the baseline is a program (`wire`, `protocol`, `read`, `again`), it and ours are measured in turn (A B A B …) and
//! compared pair by pair, since machines drift; elsewhere it is a bound or an ideal of the same run. `ledger` and `memory` are measured once. Nothing here
//! fails for being slow: a timed assertion is no test. Everything stays on loopback and in a folder of its own.

mod bare;
mod inputs;
mod measured;
mod reading;
mod sending;
mod server;
mod told;

use std::path::PathBuf;
use std::process::ExitCode;

use measured::Fallible;
use told::{Figure, table};

type Theme = fn(&Bench) -> Fallible<Vec<Figure>>;

const THEMES: [(&str, Theme); 9] = [
    ("wire", sending::wire),
    ("protocol", sending::protocol),
    ("latency", sending::latency),
    ("pace", sending::pace),
    ("start", sending::start),
    ("read", reading::read),
    ("ledger", reading::ledger),
    ("again", reading::again),
    ("memory", reading::memory),
];

/// What was asked for.
pub(crate) struct Bench {
    /// Inputs, ledgers and outputs.
    pub(crate) dir: PathBuf,
    /// Measurements of each side.
    pub(crate) pairs: usize,
    /// With sizes that take long.
    pub(crate) is_full: bool,
    /// Inputs are made smaller by so much, to try the harness itself.
    pub(crate) shrink: u64,
    /// Another importer than the one that was built.
    pub(crate) binary: Option<PathBuf>,
}

impl Bench {
    /// So many rows, or as few as are asked for.
    pub(crate) const fn rows(&self, rows: u64) -> u64 {
        rows / self.shrink
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let first = words.next().unwrap_or_default();
    let mut word = || words.next().ok_or("a word is missing");
    let done = match first.to_string_lossy().as_ref() {
        // What this program is as a process of its own.
        "serve" => word()
            .map_err(Into::into)
            .and_then(|manner| server::serve(&manner.to_string_lossy())),
        "post" => word()
            .map_err(Into::into)
            .and_then(|task| bare::post_all(&task.to_string_lossy())),
        "measure" => measured::run_measured(words),
        "read" => match (words.next(), words.next()) {
            (Some(form), Some(path)) if form == "csv" => bare::read_csv(path.as_ref()),
            (Some(form), Some(path)) if form == "jsonl" => bare::read_jsonl(path.as_ref()),
            _ => measure_all(),
        },
        _ => measure_all(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a benchmark is read on a terminal")]
fn tell(text: &str) {
    eprintln!("{text}");
}

fn measure_all() -> Fallible<()> {
    let dir = tempfile::tempdir()?;
    let mut bench = Bench {
        dir: dir.path().to_owned(),
        pairs: 3,
        is_full: false,
        shrink: 1,
        binary: None,
    };
    let mut json = None;
    let mut asked = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--bench" => {} // cargo's own
            "--pairs" => bench.pairs = value()?.parse()?,
            "--shrink" => bench.shrink = value()?.parse()?,
            "--binary" => bench.binary = Some(value()?.into()),
            "--json" => json = Some(PathBuf::from(value()?)),
            "--full" => bench.is_full = true,
            name => {
                let theme = THEMES.iter().find(|theme| theme.0 == name);
                asked.push(*theme.ok_or(format!("there is no benchmark `{name}`"))?);
            }
        }
    }
    if asked.is_empty() {
        asked.extend(THEMES);
    }
    let mut figures = Vec::new();
    for (name, theme) in asked {
        tell(&format!("{name} …"));
        let found = theme(&bench)?;
        tell(&table(&found));
        figures.extend(found);
    }
    if let Some(path) = json {
        std::fs::write(path, serde_json::to_vec_pretty(&figures)?)?;
    }
    Ok(())
}
