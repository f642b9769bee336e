//! Ledger and input → files for people.

pub mod files;
