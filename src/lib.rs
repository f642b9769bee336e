//! Imports rows of spreadsheets and ticketing exports into Concord as privacy requests, each exactly once.

pub mod check;
pub mod entry;
pub mod intake;
pub mod outcome;
pub mod plan;
pub mod report;
