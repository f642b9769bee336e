//! The errors of writing the files of an output folder.

use std::io;
use std::path::PathBuf;

use crate::intake::IntakeError;
use crate::ledger::LedgerError;
use crate::outcome::Tally;

/// An error that prevents the files from being written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The input.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The folder or a file in it.
    #[error("{path} cannot be written: {cause}", path = path.display())]
    Write {
        /// The path.
        path: PathBuf,
        /// The error of the system.
        cause: io::Error,
    },
    /// The input is not what the run has read.
    #[error("{0} has changed since it was checked")]
    InputChanged(String),
    /// A fault of this program.
    #[error("the totals do not add up: {} entries with these outcomes: {}; no file was replaced", .0.entries, .0.told())]
    Totals(Box<Tally>),
}
