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
//! `examples/` has a program for each. Nothing else of this crate is for others: what the documentation does not show may
//! change with every version.
//!
//! To read the code, begin at `import`, which owns the way of an entry; `ARCHITECTURE.md` has the map.

mod library;
pub use event::{Event, Preflight};
pub use library::{Error, Finding, Imported, Job, Place, Report, ResultLine, Results, Stop};
pub use outcome::{Outcome, Tally, Via};

#[doc(hidden)]
pub mod check;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod entry;
#[doc(hidden)]
pub mod event;
#[doc(hidden)]
pub mod forecast;
#[doc(hidden)]
pub mod import;
#[doc(hidden)]
pub mod intake;
#[doc(hidden)]
pub mod ledger;
#[doc(hidden)]
pub mod listed;
#[doc(hidden)]
pub mod machine;
mod nearest;
#[doc(hidden)]
pub mod outbound;
#[doc(hidden)]
pub mod outcome;
#[doc(hidden)]
pub mod plan;
#[doc(hidden)]
pub mod private_file;
#[doc(hidden)]
pub mod propose;
#[doc(hidden)]
pub mod received;
#[doc(hidden)]
pub mod reconcile;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod sandbox;
#[doc(hidden)]
pub mod stop;
#[doc(hidden)]
pub mod timeline;

pub(crate) use machine::{blocking, inherited, time_of_day, today};
