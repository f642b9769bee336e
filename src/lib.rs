//! Imports rows of spreadsheets and ticketing exports into Concord as privacy requests, each exactly once.

pub mod entry;
pub mod event;
pub mod intake;
pub mod ledger;
pub mod outbound;
pub mod outcome;
pub mod plan;
pub mod report;
pub mod stop;
