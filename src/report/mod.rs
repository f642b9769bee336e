//! Ledger and input → files for people.
//!
//! Everything here is a projection: made again at any time, after any crash, it says the same. It sends
//! nothing and changes no ledger.

pub mod cell;
mod error;
mod folder;
pub mod gather;
mod known;
pub mod page;
mod project;
pub mod reconciliation;
pub mod rejects;
mod rejects_digest;
pub mod rejects_file;
pub mod results;
pub mod summary;

pub use error::ReportError;
pub use folder::Imported;
pub(crate) use folder::{Folders, RunFigures};
pub(crate) use known::{corrected, known_of, request_of_copy};
pub(crate) use project::line_of;
