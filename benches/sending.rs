//! `wire`, `latency`, `pace`, `start`: what sending costs, and when it sends.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Bench;
use crate::bare::{Loop, Runtime};
use crate::inputs::{self, Form};
use crate::measured::{Fallible, Used, importer, measure, this_program};
use crate::server::{Manner, Seen, Server};
use crate::told::{Figure, Wanted, figure};

const ORGANIZATION: &str = "0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b01";
const PROJECT: &str = "0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b02";
/// The highest rate that the importer takes, in requests a second.
const UNLIMITED: &str = "1000000";

/// An import by the importer, with a ledger and a folder that no other has.
pub(crate) struct Import<'a> {
    pub(crate) input: &'a Path,
    pub(crate) rate: &'a str,
    pub(crate) concurrency: usize,
    /// Ledger and output; made anew unless `is_again`.
    pub(crate) dir: PathBuf,
    pub(crate) is_again: bool,
}

impl Import<'_> {
    /// Runs it against a server.
    pub(crate) fn run(&self, bench: &Bench, server: &Server) -> Fallible<Used> {
        if !self.is_again && self.dir.exists() {
            std::fs::remove_dir_all(&self.dir)?;
        }
        let mut command = importer(bench);
        command
            .arg("run")
            .arg(self.input)
            .arg("--job")
            .arg(inputs::job(&bench.dir)?)
            .args(["--organization", ORGANIZATION, "--project", PROJECT])
            .args(["--base-url", &server.base_url])
            .args(["--rate", self.rate])
            .args(["--concurrency", &self.concurrency.to_string()])
            .args(["--progress", "none", "--yes"])
            .arg("--ledger")
            .arg(self.dir.join("ledger"))
            .arg("--out")
            .arg(self.dir.join("out"))
            .env("CONCORD_API_KEY", "0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b03");
        let used = measure(&command)?;
        if used.exit_code == 0 {
            Ok(used)
        } else {
            Err(format!("{command:?} ended with {}", used.exit_code).into())
        }
    }
}

/// Posts the same bodies with the bare loop.
fn post_bare(task: &Loop) -> Fallible<Used> {
    let mut command = Command::new(this_program()?);
    command.arg("post").arg(serde_json::to_string(task)?);
    let told = command.output()?;
    if !told.status.success() {
        return Err(String::from_utf8_lossy(&told.stderr).into());
    }
    Ok(serde_json::from_slice(&told.stdout)?)
}

/// The bodies that an import sends, one a line, as it sent them.
fn bodies(bench: &Bench, input: &Path) -> Fallible<PathBuf> {
    let path = input.with_extension("bodies");
    if !path.exists() {
        let manner = Manner {
            bodies_to: Some(path.clone()),
            ..Manner::default()
        };
        let server = Server::start(&manner)?;
        let import = Import {
            input,
            rate: UNLIMITED,
            concurrency: 64,
            dir: bench.dir.join("bodies"),
            is_again: false,
        };
        import.run(bench, &server)?;
        server.stop()?;
    }
    Ok(path)
}

fn url(server: &Server) -> String {
    format!(
        "{}/organizations/{ORGANIZATION}/projects/{PROJECT}/compliance-requests",
        server.base_url
    )
}

/// The whole import against a loop that only posts the same bodies, on the better of its runtimes.
pub(crate) fn wire(bench: &Bench) -> Fallible<Vec<Figure>> {
    let rows = bench.rows(50_000);
    let input = inputs::input(&bench.dir, Form::Csv, rows)?;
    let bodies = bodies(bench, &input)?;
    let mut figures = Vec::new();
    for concurrency in [1, 16, 64, 256] {
        let (mut cpu, mut throughput) = (Vec::new(), Vec::new());
        for _ in 0..bench.pairs {
            let server = Server::start(&Manner::default())?;
            let import = Import {
                input: &input,
                rate: UNLIMITED,
                concurrency,
                dir: bench.dir.join("wire"),
                is_again: false,
            };
            let ours = import.run(bench, &server)?;
            server.stop()?;
            let mut bare: Option<Used> = None;
            for runtime in [Runtime::CurrentThread, Runtime::MultiThread] {
                let server = Server::start(&Manner::default())?;
                let used = post_bare(&Loop {
                    url: url(&server),
                    bodies: bodies.clone(),
                    concurrency,
                    runtime,
                    is_http2: false,
                })?;
                let seen = server.stop()?;
                if seen.posts != rows {
                    return Err(format!("the bare loop made {} posts of {rows}", seen.posts).into());
                }
                if bare.is_none_or(|best| used.cpu_s < best.cpu_s) {
                    bare = Some(used);
                }
            }
            let bare = bare.ok_or("the bare loop did not run")?;
            let each = |used: Used| used.cpu_s * 1e6 / rows_f(rows);
            cpu.push((each(ours), each(bare)));
            throughput.push((rows_f(rows) / ours.wall_s, rows_f(rows) / bare.wall_s));
        }
        let (at_most, at_least) = if concurrency == 64 {
            (Wanted::AtMost(1.25), Wanted::AtLeast(0.9))
        } else {
            (Wanted::Nothing, Wanted::Nothing)
        };
        let loops = "bare reqwest loop, better runtime";
        let name = |what| format!("wire, {concurrency} at once: {what}");
        figures.push(figure(name("CPU an entry"), "µs", loops, at_most, &cpu));
        figures.push(figure(name("entries"), "/s", loops, at_least, &throughput));
    }
    Ok(figures)
}

/// HTTP/2 over one connection against HTTP/1.1 over many: the bare loop with both, against one server that speaks both.
pub(crate) fn protocol(bench: &Bench) -> Fallible<Vec<Figure>> {
    let rows = bench.rows(50_000);
    let input = inputs::input(&bench.dir, Form::Csv, rows)?;
    let bodies = bodies(bench, &input)?;
    let mut pairs = Vec::new();
    for _ in 0..bench.pairs {
        let mut each_us = [0.0; 2];
        for (each_us, is_http2) in each_us.iter_mut().zip([true, false]) {
            let server = Server::start(&Manner {
                is_hyper: true,
                ..Manner::default()
            })?;
            let used = post_bare(&Loop {
                url: url(&server),
                bodies: bodies.clone(),
                concurrency: 64,
                runtime: Runtime::CurrentThread,
                is_http2,
            })?;
            server.stop()?;
            *each_us = used.cpu_s * 1e6 / rows_f(rows);
        }
        pairs.push((each_us[0], each_us[1]));
    }
    let name = "bare loop over HTTP/2, 64 at once: CPU";
    let baseline = "bare loop over HTTP/1.1";
    Ok(vec![figure(name, "µs", baseline, Wanted::Nothing, &pairs)])
}

/// A server that takes its time: as many requests under way as there may be, whatever some of them do.
pub(crate) fn latency(bench: &Bench) -> Fallible<Vec<Figure>> {
    let concurrency = 64;
    let steady = Manner {
        latency_ms: 50,
        keeps_arrivals: true,
        ..Manner::default()
    };
    let slow = Manner {
        slow_every: 50,
        slow_ms: 2_000,
        ..steady.clone()
    };
    let failing = Manner {
        failed_every: 50,
        ..steady.clone()
    };
    let mut figures = Vec::new();
    for (name, manner, rows, at_least) in [
        ("latency 50 ms, 64 at once", steady, 20_000, 0.98),
        ("the same, 2 % take 2 s", slow, 20_000, 0.95),
        (
            "the same, 2 % are lost and looked up",
            failing,
            20_000,
            0.95,
        ),
    ] {
        let input = inputs::input(&bench.dir, Form::Csv, bench.rows(rows))?;
        let mut pairs = Vec::new();
        for _ in 0..bench.pairs {
            let server = Server::start(&manner)?;
            let import = Import {
                input: &input,
                rate: UNLIMITED,
                concurrency,
                dir: bench.dir.join("latency"),
                is_again: false,
            };
            import.run(bench, &server)?;
            let seen = server.stop()?;
            let mean_s = us_f(seen.busy_us) / 1e6 / rows_f(seen.posts + seen.gets);
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let ideal = concurrency as f64 / mean_s;
            pairs.push((middle_rate(&seen), ideal));
        }
        let ideal = "concurrency / mean time in the server";
        let at_least = Wanted::AtLeast(at_least);
        figures.push(figure(name, "/s", ideal, at_least, &pairs));
    }
    Ok(figures)
}

/// Requests a second between the first and the last twentieth of all, where neither beginning nor end shows.
fn middle_rate(seen: &Seen) -> f64 {
    let arrivals = &seen.arrivals_us;
    let (first, last) = (
        arrivals.len() / 20,
        arrivals.len() - arrivals.len() / 20 - 1,
    );
    rows_f((last - first) as u64) / (us_f(arrivals[last] - arrivals[first]) / 1e6)
}

/// A rate is reached, and in no second exceeded by more than the burst; a pause that the server asks for changes nothing.
pub(crate) fn pace(bench: &Bench) -> Fallible<Vec<Figure>> {
    let mut figures = Vec::new();
    for (rate, seconds) in [(10, 6), (200, 6), (2_000, 6)] {
        for refused in [vec![], vec![2 * rate]] {
            let input = inputs::input(&bench.dir, Form::Csv, rate * seconds)?;
            let has_pause = !refused.is_empty();
            let manner = Manner {
                keeps_arrivals: true,
                refused,
                ..Manner::default()
            };
            let (mut achieved, mut most) = (Vec::new(), Vec::new());
            for _ in 0..bench.pairs {
                let server = Server::start(&manner)?;
                let import = Import {
                    input: &input,
                    rate: &rate.to_string(),
                    concurrency: 64,
                    dir: bench.dir.join("pace"),
                    is_again: false,
                };
                import.run(bench, &server)?;
                let arrivals = server.stop()?.arrivals_us;
                let span_s = us_f(arrivals.last().copied().unwrap_or(0)) / 1e6;
                achieved.push((rows_f(arrivals.len() as u64 - 1) / span_s, rows_f(rate)));
                let allowed = rate
                    + u64::from(concord_import::internals::outbound::burst(rows_f(rate)).get());
                most.push((rows_f(most_in_a_second(&arrivals)), rows_f(allowed)));
            }
            if has_pause {
                let name = format!("pace {rate}/s with a pause: most in a second");
                figures.push(figure(
                    name,
                    "/s",
                    "rate + burst",
                    Wanted::AtMost(1.0),
                    &most,
                ));
            } else {
                let name = format!("pace {rate}/s: achieved");
                figures.push(figure(name, "/s", "rate", Wanted::AtLeast(0.99), &achieved));
                let name = format!("pace {rate}/s: most in a second");
                figures.push(figure(
                    name,
                    "/s",
                    "rate + burst",
                    Wanted::AtMost(1.0),
                    &most,
                ));
            }
        }
    }
    Ok(figures)
}

/// The most arrivals in any second, wherever it begins.
fn most_in_a_second(arrivals_us: &[u64]) -> u64 {
    let mut first = 0;
    let mut most = 0;
    for (last, arrival) in arrivals_us.iter().enumerate() {
        while arrival - arrivals_us[first] >= 1_000_000 {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most as u64
}

/// From the start of the process to its first request of a small file.
pub(crate) fn start(bench: &Bench) -> Fallible<Vec<Figure>> {
    let input = inputs::input(&bench.dir, Form::Csv, 40)?;
    let manner = Manner {
        keeps_arrivals: true,
        ..Manner::default()
    };
    let mut pairs = Vec::new();
    for _ in 0..bench.pairs * 3 {
        let mut version = importer(bench);
        let version = measure(version.arg("--version"))?;
        let server = Server::start(&manner)?;
        let import = Import {
            input: &input,
            rate: UNLIMITED,
            concurrency: 8,
            dir: bench.dir.join("start"),
            is_again: false,
        };
        let used = import.run(bench, &server)?;
        let seen = server.stop()?;
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a second")]
        let until_first_ms = seen.first_at_us.saturating_sub(used.started_at_us) as f64 / 1e3;
        pairs.push((until_first_ms, version.wall_s * 1e3));
    }
    let fixed: Vec<_> = pairs.iter().map(|pair| (pair.0, 50.0)).collect();
    let (name, least) = (
        "start to first request, 40 rows",
        "the least of processes, `--version`",
    );
    Ok(vec![
        figure(name, "ms", "50 ms", Wanted::AtMost(1.0), &fixed),
        figure(name, "ms", least, Wanted::Nothing, &pairs),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
pub(crate) fn rows_f(rows: u64) -> f64 {
    rows as f64
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of hours")]
fn us_f(us: u64) -> f64 {
    us as f64
}
