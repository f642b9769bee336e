//! `read`, `memory`, `ledger`: what an entry costs where nothing is sent, and how much memory files of any size take.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use concord_import::internals::entry::{Content, Fingerprint, ImportId};
use concord_import::internals::identity::KeyUse;
use concord_import::internals::ledger::{
    Claim, ClaimRequest, Ledger, RunId, RunInput, RunKind, Settlement,
};
use concord_import::internals::outcome::{Outcome, Receipt, Settled, Traffic, Via};
use concord_import::internals::plan::Target;
use uuid::Uuid;

use crate::Bench;
use crate::bare;
use crate::inputs::{self, Form};
use crate::measured::{Fallible, Used, importer, measure, this_program};
use crate::sending::{Import, rows_f};
use crate::server::{Manner, Server};
use crate::told::{Figure, Wanted, figure};

/// Entries of one claim, as in a run whose rate is no bound.
const CLAIM: usize = 512;
/// Most that a process may hold, in bytes.
const PEAK_BYTES_MAX: f64 = 48.0 * 1_024.0 * 1_024.0;

fn check(bench: &Bench, input: &Path) -> Fallible<Used> {
    let mut command = importer(bench);
    command
        .arg("check")
        .arg(input)
        .arg("--job")
        .arg(inputs::job(&bench.dir)?)
        .args(["--organization", "0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b01"])
        .args(["--project", "0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b02"])
        .args(["--progress", "none"]);
    let used = measure(&command)?;
    if used.exit_code == 0 {
        Ok(used)
    } else {
        Err(format!("{command:?} ended with {}", used.exit_code).into())
    }
}

/// Checking everything against reading everything.
pub(crate) fn read(bench: &Bench) -> Fallible<Vec<Figure>> {
    let rows = bench.rows(1_000_000);
    let mut figures = Vec::new();
    for (form, bare, limit) in [
        (Form::Csv, "csv byte records", Wanted::AtMost(2.5)),
        (Form::Jsonl, "serde_json values", Wanted::Nothing),
    ] {
        let input = inputs::input(&bench.dir, form, rows)?;
        let (mut cpu, mut speed) = (Vec::new(), Vec::new());
        for _ in 0..bench.pairs {
            let ours = check(bench, &input)?;
            let mut bare = Command::new(this_program()?);
            let bare = measure(bare.arg("read").arg(form.name()).arg(&input))?;
            let each = |used: Used| used.cpu_s * 1e6 / rows_f(rows);
            cpu.push((each(ours), each(bare)));
            speed.push((rows_f(rows) / ours.wall_s, 1e6));
        }
        let name = format!("check {}: CPU a row", form.name());
        figures.push(figure(name, "µs", bare, limit, &cpu));
        let name = format!("check {}: rows", form.name());
        let limit = match form {
            Form::Csv => Wanted::AtLeast(1.0),
            Form::Jsonl => Wanted::Nothing,
        };
        figures.push(figure(name, "/s", "a million", limit, &speed));
    }
    Ok(figures)
}

/// Peak memory against the bound, at sizes far apart.
pub(crate) fn memory(bench: &Bench) -> Fallible<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut sizes = vec![10_000, 1_000_000];
    if bench.is_full {
        sizes.push(5_000_000);
    }
    let bound = || Wanted::AtMost(1.0);
    let mib = |bytes: u64| rows_f(bytes) / 1_048_576.0;
    let most = PEAK_BYTES_MAX / 1_048_576.0;
    for form in [Form::Csv, Form::Jsonl] {
        for rows in sizes.iter().map(|rows| bench.rows(*rows)) {
            let input = inputs::input(&bench.dir, form, rows)?;
            let peak = check(bench, &input)?.peak_bytes;
            let name = format!("memory of check, {rows} rows of {}", form.name());
            figures.push(figure(name, "MiB", "48 MiB", bound(), &[(mib(peak), most)]));
            let server = Server::start(&Manner::default())?;
            let import = Import {
                input: &input,
                rate: "1000000",
                concurrency: 64,
                dir: bench.dir.join("memory"),
                is_again: false,
            };
            let peak = import.run(bench, &server)?.peak_bytes;
            server.stop()?;
            let name = format!("memory of run, {rows} rows of {}", form.name());
            figures.push(figure(name, "MiB", "48 MiB", bound(), &[(mib(peak), most)]));
        }
    }
    Ok(figures)
}

/// The ledger alone: through claim and settle, and past what is created already.
pub(crate) fn ledger(bench: &Bench) -> Fallible<Vec<Figure>> {
    let entries = usize::try_from(bench.rows(1_000_000))?;
    let dir = bench.dir.join("ledger");
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    std::fs::create_dir_all(&dir)?;
    let path = dir.join("ledger");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let began = Instant::now();
    runtime.block_on(claim_and_settle(&path, entries))?;
    let through_s = began.elapsed().as_secs_f64();
    let bytes = usize::try_from(std::fs::metadata(&path)?.len())? / entries;
    let began = Instant::now();
    bare::append(
        &dir.join("journal"),
        &vec![b'.'; bytes],
        entries / CLAIM,
        CLAIM,
    )?;
    let append_s = began.elapsed().as_secs_f64();
    let began = Instant::now();
    runtime.block_on(skip(&path, entries))?;
    let skip_s = began.elapsed().as_secs_f64();
    let all = rows_f(entries as u64);
    let journal = "the same bytes appended, a sync for each claim";
    Ok(vec![
        figure(
            "ledger: claim and settle",
            "/s",
            journal,
            Wanted::Nothing,
            &[(all / through_s, all / append_s)],
        ),
        figure(
            "ledger: bytes an entry",
            "B",
            "two ids and a time",
            Wanted::Nothing,
            &[(rows_f(bytes as u64), 40.0)],
        ),
        figure(
            "ledger: reopen, skip what is created",
            "/s",
            "300,000",
            Wanted::AtLeast(1.0),
            &[(all / skip_s, 300_000.0)],
        ),
    ])
}

fn target() -> Target {
    Target {
        organization: Uuid::from_u128(1),
        project: Uuid::from_u128(2),
        base_url: "http://127.0.0.1:1".into(),
    }
}

/// Ids in no order, as hashes are.
fn import_id(number: usize) -> ImportId {
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    ImportId(Uuid::from_u128((number as u128 + 1).wrapping_mul(ODD)))
}

fn claims(from: usize, entries: usize) -> Vec<ClaimRequest> {
    let ids = (from..(from + CLAIM).min(entries)).map(import_id);
    ids.map(|id| ClaimRequest::of_name(id, KeyUse::default()))
        .collect()
}

async fn begin(ledger: &Ledger) -> Fallible<RunId> {
    let input = RunInput {
        name: "made.csv".into(),
        bytes: 1,
        sha256: "00".into(),
        number: 1,
    };
    let lease = Duration::from_hours(1);
    Ok(ledger.begin_run(RunKind::Import, input, lease).await?)
}

/// As a run does: a claim in one commit, then every entry settled by itself, while the next claim is made.
async fn claim_and_settle(path: &Path, entries: usize) -> Fallible<()> {
    let ledger = Ledger::open(path, &target())?;
    let run = begin(&ledger).await?;
    let mut settling = tokio::task::JoinSet::new();
    for from in (0..entries).step_by(CLAIM) {
        let claimed = ledger.claim(run, claims(from, entries)).await?;
        while settling.len() > 2 * CLAIM {
            settling.join_next().await.transpose()?.transpose()?;
        }
        for claimed in claimed {
            let ledger = ledger.clone();
            settling.spawn(async move {
                let settlement = Settlement {
                    import_id: claimed.import_id,
                    settled: created(),
                    content: Some(Content {
                        fingerprint: Fingerprint(7),
                        other_id: None,
                        key_use: KeyUse::default(),
                    }),
                };
                ledger.settle(run, settlement, Traffic::default()).await
            });
        }
    }
    while let Some(settled) = settling.join_next().await {
        settled??;
    }
    ledger.close().await;
    Ok(())
}

fn created() -> Settled {
    Settled {
        outcome: Outcome::Created,
        via: Some(Via::Response),
        receipt: Some(Receipt {
            id: Uuid::from_u128(11),
            concord_id: Some(Uuid::from_u128(12)),
            request_date: Some(1_764_175_000_000),
        }),
        attempts: 1,
        http_status: Some(201),
        reason: None,
    }
}

/// Opens a ledger and passes over all that it knows.
async fn skip(path: &Path, entries: usize) -> Fallible<()> {
    let ledger = Ledger::open(path, &target())?;
    let run = begin(&ledger).await?;
    for from in (0..entries).step_by(CLAIM) {
        let claimed = ledger.claim(run, claims(from, entries)).await?;
        if !claimed
            .iter()
            .all(|claimed| matches!(claimed.claim, Claim::Created { .. }))
        {
            return Err("an entry was forgotten".into());
        }
    }
    ledger.close().await;
    Ok(())
}

/// A whole import of a file that holds nothing new.
pub(crate) fn again(bench: &Bench) -> Fallible<Vec<Figure>> {
    let rows = bench.rows(1_000_000);
    let input = inputs::input(&bench.dir, Form::Csv, rows)?;
    let server = Server::start(&Manner::default())?;
    let mut import = Import {
        input: &input,
        rate: "1000000",
        concurrency: 64,
        dir: bench.dir.join("again"),
        is_again: false,
    };
    let first = import.run(bench, &server)?;
    import.is_again = true;
    let mut pairs = Vec::new();
    for _ in 0..bench.pairs {
        let checked = check(bench, &input)?;
        let again = import.run(bench, &server)?;
        pairs.push((again.wall_s, checked.wall_s));
    }
    let posts = server.stop()?.posts;
    let name = "run again, nothing new";
    Ok(vec![
        figure(
            name,
            "s",
            "`check` of the same file",
            Wanted::Nothing,
            &pairs,
        ),
        figure(
            "POSTs of the run and all that came again",
            "",
            "rows",
            Wanted::AtMost(1.0),
            &[(rows_f(posts), rows_f(rows))],
        ),
        figure(
            "the first run",
            "s",
            "a second",
            Wanted::Nothing,
            &[(first.wall_s, 1.0)],
        ),
    ])
}
