//! The facts about a run on which its entries depend.

use rusqlite::{OptionalExtension, Transaction};

use super::super::RunId;
use super::super::alive::{Life, Locks};

pub(super) fn bury(tx: &Transaction<'_>, locks: &mut Locks, run: RunId) -> rusqlite::Result<()> {
    tx.execute("UPDATE runs SET lease_until_ms = 0 WHERE id = ?1", [run.0])?;
    locks.bury(run);
    Ok(())
}

/// Returns whether a run may still act upon its claims. One that is found dead is dead from then on.
pub(super) fn is_live(
    tx: &Transaction<'_>,
    locks: &mut Locks,
    run: RunId,
    now: i64,
) -> rusqlite::Result<bool> {
    let lease_until: Option<i64> = tx
        .prepare_cached("SELECT lease_until_ms FROM runs WHERE id = ?1 AND finished_at_ms IS NULL")?
        .query_row([run.0], |row| row.get(0))
        .optional()?;
    let Some(lease_until) = lease_until else {
        return Ok(false);
    };
    let life = locks.life(run);
    if life == Life::Ended && lease_until > 0 {
        bury(tx, locks, run)?;
    }
    Ok(acts(life, lease_until, now))
}

/// Returns whether a run that has not finished may still act. A lock that is held counts more than a lease: a process that was
/// suspended wakes where it was.
pub(super) fn acts(life: Life, lease_until: i64, now: i64) -> bool {
    match life {
        Life::Alive => true,
        Life::Ended => false,
        Life::Unknown => lease_until > now,
    }
}
