//! Imports rows of spreadsheets and ticketing exports into Concord as privacy requests, each exactly once.

pub mod cli;
pub mod entry;
pub mod event;
pub mod intake;
pub mod ledger;
pub mod outbound;
pub mod outcome;
pub mod plan;
pub mod report;
pub mod stop;
pub mod check;
pub mod import;

/// Runs work that blocks on a thread of its own, and panics where it panics.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
