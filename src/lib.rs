//! Imports rows of spreadsheets and ticketing exports into Concord as privacy requests, each exactly once.
//!
//! The program is `concord-import`; this crate is the same for other programs. A [`Job`] names inputs, a job file and a
//! target; it is checked, or imported with events, in calls that return when it is done, and [`Results`] reads what came
//! out:
//!
//! ```no_run
//! use concord_import::{Event, Job, Results, Stop};
//!
//! let job = Job::over(["backlog.csv"]).job_file("backlog.toml").sandbox().out("out");
//! let report = job.check()?;
//! println!("{} to send, {} kinds of problems", report.to_send, report.problems.len());
//! for done in job.import(&Stop::default(), |event| {
//!     if let Event::Waiting { why, .. } = event {
//!         eprintln!("waiting: {why}");
//!     }
//! })? {
//!     for line in Results::open(done.out_dir.join("results.csv"))? {
//!         let line = line?;
//!         println!("{} {}", line.key, line.outcome);
//!     }
//! }
//! # Ok::<(), concord_import::Error>(())
//! ```
//!
//! `examples/` has a program for each. [`main`] is the command line, for the program itself.
//!
//! To read the code, begin at `import`, which owns the way of an entry; `ARCHITECTURE.md` has the map.

#![cfg_attr(
    feature = "internals",
    expect(unnameable_types, reason = "`internals` names only what tests use")
)]

pub use cli::main;
pub use event::{Event, Preflight};
pub use library::{Error, Finding, Imported, Job, Place, Report, ResultLine, Results, Stop};
pub use outcome::{Outcome, Tally, Via};

mod ambiguity;
mod check;
mod cli;
mod codes;
mod entry;
mod event;
mod field;
mod forecast;
mod identity;
mod import;
mod import_id;
mod intake;
mod ledger;
mod library;
mod listed;
mod machine;
mod nearest;
mod numbers;
mod outbound;
mod outcome;
mod plan;
mod private_file;
mod propose;
mod received;
mod reconcile;
mod report;
mod sandbox;
mod sanitize;
mod stop;
mod timeline;

#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;

pub(crate) use machine::{blocking, inherited, time_of_day, today};
