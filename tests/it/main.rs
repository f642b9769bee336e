//! One integration binary; a file a theme.

mod browser;
#[cfg(unix)] // words of the system stand in it
mod catalogue;
mod check_report;
mod cli;
#[cfg(target_os = "linux")] // where a variable names the trusted certificates
mod connections;
mod corpora;
mod disk;
mod encodings;
mod fuzz_corpus;
mod import;
mod job;
mod kills;
mod layout;
mod ledger;
mod library;
mod map;
mod mapping;
mod oracle;
mod packed;
mod reading;
mod reading_json;
mod reconcile;
mod rejects;
mod row_places;
mod samples;
mod sandbox;
mod schema;
mod simulation;
mod support;
mod tables;
mod values;
mod workbooks;
