//! What the program takes from the machine it runs on: threads for work that blocks, and the time of day.
//!
//! A simulation brings its own, so that a whole run replays from a seed: blocking work is then done in place, the
//! hook is asked before and after it, and dates follow the simulation's clock. Several machines, or processes, may
//! share a thread and its clock: what is spawned stays with its process, and stands still or dies with it. It knows
//! nothing of what is done.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use tokio::sync::Notify;

/// What happens at a moment of a simulation.
#[cfg_attr(
    not(feature = "internals"),
    expect(dead_code, reason = "only a simulation constructs it")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The work goes on after so long, by tokio's clock.
    GoOnAfter(Duration),
    /// The process dies: what waits here never goes on.
    Die,
}

/// Where a piece of blocking work is when its fate is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// About to begin.
    Before,
    /// Done, and nobody told of it yet.
    After,
}

/// How a simulated process fares.
#[cfg_attr(
    not(feature = "internals"),
    expect(dead_code, reason = "only a simulation constructs it")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It runs.
    Running,
    /// It stands still: nothing of it is polled, while the time of day goes on.
    Frozen,
    /// All of it is dropped where it stands.
    Dead,
}

/// The course of a process; those who wait for it to change are woken in their order, so that a history replays.
#[derive(Debug)]
pub struct Fares {
    course: Mutex<Course>,
    changed: Notify,
}

impl Default for Fares {
    fn default() -> Self {
        Self {
            course: Mutex::new(Course::Running),
            changed: Notify::new(),
        }
    }
}

impl Fares {
    fn now(&self) -> Course {
        *self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the course if the present one is `from`. Returns whether it was.
    #[cfg(feature = "internals")]
    pub fn turn(&self, from: Course, to: Course) -> bool {
        let mut course = self.course.lock().unwrap_or_else(PoisonError::into_inner);
        let is_so = *course == from;
        if is_so {
            *course = to;
            drop(course);
            self.changed.notify_waiters();
        }
        is_so
    }
}

/// A machine that is simulated, and one process on it.
pub struct Simulated {
    /// The time of day.
    pub now: Box<dyn Fn() -> SystemTime + Send + Sync>,
    /// Asked before and after each piece of blocking work.
    pub fate: Box<dyn Fn(Moment) -> Fate + Send + Sync>,
    /// How the process fares.
    pub course: Arc<Fares>,
    /// Items of a page of a list: fewer make every project a large one.
    pub page_items: usize,
    /// Maximum number of requests of a list that are read in one go. A test lowers it to make small lists count as
    /// long.
    pub list_items: usize,
}

impl std::fmt::Debug for Simulated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Simulated")
    }
}

thread_local! {
    static SIMULATED: RefCell<Option<Arc<Simulated>>> = const { RefCell::new(None) };
}

/// The machine to go back to, even after a panic.
struct Outer(Option<Arc<Simulated>>);

impl Drop for Outer {
    fn drop(&mut self) {
        SIMULATED.set(self.0.take());
    }
}

fn current() -> Option<Arc<Simulated>> {
    SIMULATED.with_borrow(Clone::clone)
}

/// Does work, and all that it spawns, as a process of a simulated machine. Never returns when that dies.
pub async fn simulate<T>(machine: Arc<Simulated>, work: impl Future<Output = T>) -> T {
    let mut work = Box::pin(work);
    loop {
        let changed = machine.course.changed.notified();
        match machine.course.now() {
            Course::Running => {
                let step = poll_fn(|context| {
                    let _outer = Outer(SIMULATED.replace(Some(Arc::clone(&machine))));
                    work.as_mut().poll(context)
                });
                tokio::select! {
                    biased;
                    () = changed => {}
                    done = step => return done,
                }
            }
            Course::Frozen => changed.await,
            Course::Dead => break,
        }
    }
    drop(work);
    pending().await
}

/// Work that is about to be spawned: it stays on the machine of whoever spawns it. In a box, since the way of an entry
/// is some kilobytes large, and spawning it would move all of them several times.
pub(crate) fn inherited<T: 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Pin<Box<dyn Future<Output = T> + Send>> {
    match current() {
        None => Box::pin(work),
        Some(machine) => Box::pin(simulate(machine, work)),
    }
}

/// What the clock on the wall says.
pub(crate) fn time_of_day() -> SystemTime {
    current().map_or_else(SystemTime::now, |machine| (machine.now)())
}

/// The day that it is, by UTC.
pub(crate) fn today() -> Date {
    let now = Timestamp::try_from(time_of_day()).unwrap_or(Timestamp::UNIX_EPOCH);
    Offset::UTC.to_datetime(now).date()
}

/// Items of a page of a list: so many, or as few as a simulation has them.
pub(crate) fn page_items(most: usize) -> usize {
    current().map_or(most, |machine| machine.page_items.min(most))
}

/// Requests of a list that are read in one go.
pub(crate) fn list_items(most: usize) -> usize {
    current().map_or(most, |machine| machine.list_items.min(most))
}

/// Runs work that blocks on a thread of its own, and panics where it panics.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    if let Some(machine) = current() {
        meet((machine.fate)(Moment::Before)).await;
        let done = work();
        meet((machine.fate)(Moment::After)).await;
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
        Fate::Die => pending().await,
    }
}
