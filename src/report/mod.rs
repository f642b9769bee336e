//! Ledger and input → files for people.
//!
//! Everything here is a projection: made again at any time, after any crash, it says the same. It sends
//! nothing and changes no ledger.

pub mod cell;
pub mod gather;
pub mod page;
mod project;
pub mod reconciliation;
pub mod rejects;
pub mod rejects_file;
pub mod results;
pub mod summary;

pub(crate) use project::remove_old;
pub use project::{Projected, Projection, ReportError};
pub(crate) use project::{corrected, has_query, line_of, query_of};
