//! What the program takes from the machine it runs on: threads for work that blocks, and the time of day.
//!
//! A simulation brings its own, so that a whole run replays from a seed: blocking work is then done in place, the
//! hook is asked before and after it, and dates follow the simulation's clock. It knows nothing of what is done.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

/// What happens at a moment of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The work goes on after so long, by tokio's clock.
    GoOnAfter(Duration),
    /// The process dies: what waits here never goes on.
    Die,
}

/// A machine that is simulated.
pub struct Simulated {
    /// The time of day.
    pub now: Box<dyn Fn() -> SystemTime>,
    /// Asked before and after each piece of blocking work.
    pub fate: Box<dyn FnMut() -> Fate>,
}

impl std::fmt::Debug for Simulated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Simulated")
    }
}

thread_local! {
    static SIMULATED: RefCell<Option<Simulated>> = const { RefCell::new(None) };
}

/// Puts a simulated machine in the place of the real one, for this thread, or takes it away again.
pub fn simulate(machine: Option<Simulated>) {
    SIMULATED.with_borrow_mut(|simulated| *simulated = machine);
}

fn fate() -> Option<Fate> {
    SIMULATED.with_borrow_mut(|simulated| simulated.as_mut().map(|machine| (machine.fate)()))
}

/// What the clock on the wall says.
pub(crate) fn time_of_day() -> SystemTime {
    SIMULATED.with_borrow(|simulated| match simulated {
        Some(machine) => (machine.now)(),
        None => SystemTime::now(),
    })
}

/// Runs work that blocks on a thread of its own, and panics where it panics.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    if let Some(before) = fate() {
        meet(before).await;
        let done = work();
        meet(fate().unwrap_or(before)).await;
        return done;
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn meet(fate: Fate) {
    match fate {
        Fate::GoOnAfter(wait) if wait.is_zero() => {}
        Fate::GoOnAfter(wait) => tokio::time::sleep(wait).await,
        Fate::Die => std::future::pending().await,
    }
}
