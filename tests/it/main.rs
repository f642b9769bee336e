//! One integration binary; a file a theme.

mod job;
mod ledger;
mod sandbox;
mod support;
