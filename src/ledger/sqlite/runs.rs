//! Runs: begun, kept alive, ended, remembered.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::super::alive::{Life, Locks};
use super::super::{
    History, LedgerError, Overview, RunEnd, RunId, RunInput, RunKind, RunRecord, Totals,
};
use super::entries;
use super::run_state::{acts, bury};
use super::state::State;
use super::{file, from_ms, in_ms, now_ms, to_ms};
use crate::outcome::Traffic;
use crate::timeline::Timeline;

/// Runs whose timeline is kept, the newest: a few kilobytes each.
const TIMELINES_MAX: i64 = 200;

pub(super) fn begin_run(
    tx: &Transaction<'_>,
    locks: &mut Locks,
    kind: RunKind,
    input: &RunInput,
    lease: Duration,
) -> rusqlite::Result<RunId> {
    let now = now_ms();
    tx.execute(
        "INSERT INTO runs (kind, input_name, input_bytes, input_sha256, input_number, started_at_ms, lease_until_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            kind as i64,
            input.name,
            input.bytes,
            input.sha256,
            input.number,
            now,
            now + in_ms(lease)
        ],
    )?;
    let run = RunId(tx.last_insert_rowid());
    bury_dead(tx, locks)?;
    // Before the commit: nobody sees this run without its lock.
    locks.take(run);
    Ok(run)
}

/// Notes of all runs that died that they are dead, so that nothing of them has to be kept.
fn bury_dead(tx: &Transaction<'_>, locks: &mut Locks) -> rusqlite::Result<()> {
    let unfinished: Vec<i64> = tx
        .prepare_cached("SELECT id FROM runs WHERE finished_at_ms IS NULL AND lease_until_ms > 0")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for run in unfinished.into_iter().map(RunId) {
        if locks.life(run) == Life::Ended {
            bury(tx, locks, run)?;
        }
    }
    Ok(())
}

/// A lease that has run out cannot be renewed: another run may have taken the claims over.
pub(super) fn renew(
    tx: &Transaction<'_>,
    run: RunId,
    lease: Duration,
    traffic: Traffic,
) -> rusqlite::Result<Result<(), LedgerError>> {
    record_traffic(tx, run, traffic)?;
    let now = now_ms();
    let renewed = tx.execute(
        "UPDATE runs SET lease_until_ms = ?2
         WHERE id = ?1 AND finished_at_ms IS NULL AND lease_until_ms > ?3",
        params![run.0, now + in_ms(lease), now],
    )?;
    Ok(if renewed == 1 {
        Ok(())
    } else {
        Err(LedgerError::LostLease)
    })
}

pub(super) fn end_run(
    tx: &Transaction<'_>,
    locks: &mut Locks,
    run: RunId,
    end: &RunEnd,
) -> rusqlite::Result<()> {
    record_traffic(tx, run, end.traffic)?;
    let kind: i64 = tx.query_row("SELECT kind FROM runs WHERE id = ?1", [run.0], |row| {
        row.get(0)
    })?;
    if kind == RunKind::Reconciliation as i64 {
        entries::release_all(tx, run)?;
    }
    if let Some(timeline) = &end.timeline {
        tx.execute(
            "INSERT OR REPLACE INTO timelines (run, timeline) VALUES (?1, ?2)",
            params![run.0, timeline.to_text()],
        )?;
        tx.execute(
            "DELETE FROM timelines WHERE run <= ?1",
            [run.0 - TIMELINES_MAX],
        )?;
    }
    locks.release(run);
    let tally = serde_json::to_string(&end.tally).unwrap_or_default(); // numbers: cannot fail
    tx.execute(
        "UPDATE runs SET finished_at_ms = ?2, exit_code = ?3, tally = ?4 WHERE id = ?1",
        params![run.0, to_ms(end.finished_at), end.exit_code, tally],
    )
    .map(drop)
}

pub(super) fn run_of(
    tx: &Transaction<'_>,
    locks: &Locks,
    input: &RunInput,
) -> rusqlite::Result<Option<RunRecord>> {
    tx.query_row(
        "SELECT * FROM runs WHERE input_sha256 = ?1 AND kind = 0 ORDER BY input_number = ?2 DESC, id DESC LIMIT 1",
        params![input.sha256, input.number],
        |row| read_run(row, locks),
    )
    .optional()
}

/// The last imports, and how sending went in one run.
pub(super) fn history(
    tx: &Transaction<'_>,
    locks: &Locks,
    run: Option<RunId>,
    runs_max: u32,
) -> rusqlite::Result<History> {
    let runs = tx
        .prepare("SELECT * FROM runs WHERE kind = 0 ORDER BY id DESC LIMIT ?1")?
        .query_map([runs_max], |row| read_run(row, locks))?
        .collect::<rusqlite::Result<_>>()?;
    let timeline: Option<String> = tx
        .query_row(
            "SELECT timeline FROM timelines WHERE run = ?1",
            [run.map(|run| run.0)],
            |row| row.get(0),
        )
        .optional()?;
    Ok(History {
        runs,
        timeline: timeline.and_then(|text| Timeline::from_text(&text)),
    })
}

pub(super) fn record_traffic(
    tx: &Transaction<'_>,
    run: RunId,
    traffic: Traffic,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE runs SET attempts = max(attempts, ?2), lookups = max(lookups, ?3) WHERE id = ?1",
    )?
    .execute(params![run.0, traffic.attempts, traffic.lookups])
    .map(drop)
}

fn read_run(row: &Row<'_>, locks: &Locks) -> rusqlite::Result<RunRecord> {
    let id = RunId(row.get("id")?);
    let finished_at: Option<i64> = row.get("finished_at_ms")?;
    let lease_until: i64 = row.get("lease_until_ms")?;
    Ok(RunRecord {
        id,
        kind: match row.get("kind")? {
            1 => RunKind::Reconciliation,
            _ => RunKind::Import,
        },
        input: RunInput {
            name: row.get("input_name")?,
            bytes: row.get("input_bytes")?,
            sha256: row.get("input_sha256")?,
            number: row.get("input_number")?,
        },
        started_at: from_ms(row.get("started_at_ms")?),
        finished_at: finished_at.map(from_ms),
        is_live: finished_at.is_none() && acts(locks.life(id), lease_until, now_ms()),
        exit_code: row.get("exit_code")?,
        attempts: row.get("attempts")?,
        lookups: row.get("lookups")?,
        tally: row.get("tally")?,
    })
}

/// What `status` shows.
pub(super) fn overview(
    connection: &Connection,
    path: &Path,
    locks: &Locks,
    runs_max: u32,
) -> rusqlite::Result<Overview> {
    let target = file::read_target(connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let runs = connection
        .prepare("SELECT * FROM runs ORDER BY id DESC LIMIT ?1")?
        .query_map([runs_max], |row| read_run(row, locks))?
        .collect::<rusqlite::Result<_>>()?;
    let mut totals = Totals::default();
    let mut statement = connection.prepare("SELECT state, count(*) FROM entries GROUP BY state")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let count: u64 = row.get(1)?;
        match State::read(row.get(0)?)? {
            State::Claimed => totals.claimed = count,
            State::Created => totals.created = count,
            State::Rejected => totals.rejected = count,
            State::Failed => totals.failed = count,
            State::InDoubt => totals.in_doubt = count,
        }
    }
    Ok(Overview {
        path: path.to_owned(),
        format: file::format(connection)?,
        target,
        runs,
        totals,
    })
}
