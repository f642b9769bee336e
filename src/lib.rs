//! Imports rows of spreadsheets and ticketing exports into Concord as privacy requests, each exactly once.
//!
//! The way of an entry, and the rooms it passes:
//!
//! ```text
//!  file ─ intake ──────────────► ledger ─► outbound ────────► ledger ─► report
//!         bytes → rows → entries  claim     send, look up      settle    results, rejects, summary
//! ```
//!
//! [`import`] owns that way and is the place to start reading. [`intake`], [`ledger`] and [`outbound`] do not know
//! each other; what they share is the vocabulary: [`entry`], [`outcome`], [`plan`], [`event`], [`stop`], [`timeline`].
//! [`report`] makes files of ledger and input, [`check`] sums up an input without sending, [`propose`] makes a job
//! file for it, [`cli`] is the only code
//! that prints, and [`sandbox`] is a Concord on loopback to try it on.

pub mod check;
pub mod cli;
pub mod entry;
pub mod event;
pub mod import;
pub mod intake;
pub mod ledger;
pub mod listed;
#[doc(hidden)]
pub mod machine;
pub mod outbound;
pub mod outcome;
pub mod plan;
pub mod private_file;
pub mod propose;
pub mod received;
pub mod reconcile;
pub mod report;
pub mod sandbox;
pub mod stop;
pub mod timeline;

pub(crate) use machine::{blocking, inherited, time_of_day, today};
