//! One integration binary; a file a theme.

mod import;
mod job;
mod ledger;
mod sandbox;
mod support;
