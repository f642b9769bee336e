//! The first request of a run: it is sent alone, until a response shows that requests can be created there. So a wrong
//! address receives one row, not as many as the concurrency allows.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::sync::{Mutex, MutexGuard};

use super::classify::{Disposition, Verdict};
use super::pace::Stopped;
use crate::stop::{StopCause, StopSignal};

/// Number of web pages with status 201 that stop a run in which no request was created. A single one can be a gateway's
/// fault, so its entry is looked up.
const PAGES_MAX: u32 = 3;

/// Admits a single request until its response shows that requests can be created, then all.
#[derive(Debug, Default)]
pub(super) struct Canary {
    is_back: AtomicBool,
    alone: Mutex<()>,
    has_created: AtomicBool,
    pages: AtomicU32,
}

impl Canary {
    /// Waits until the request may be sent. Before the first response only one request holds the guard at a time.
    pub(super) async fn wait(
        &self,
        stop: &StopSignal,
    ) -> Result<Option<MutexGuard<'_, ()>>, Stopped> {
        if self.is_back.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let alone = tokio::select! {
            biased;
            _ = stop.raised() => return Err(Stopped),
            alone = self.alone.lock() => alone,
        };
        Ok((!self.is_back.load(Ordering::Relaxed)).then_some(alone))
    }

    /// Returns whether a request was created in this run.
    pub(super) fn has_created(&self) -> bool {
        self.has_created.load(Ordering::Relaxed)
    }

    /// Admits all requests.
    pub(super) fn open(&self) {
        self.is_back.store(true, Ordering::Relaxed);
    }

    /// Records the verdict on a request. `is_page`: the response was a web page with status 201. Returns the cause if the
    /// run has to stop for it.
    pub(super) fn note(&self, verdict: &Verdict, is_page: bool) -> Option<StopCause> {
        match &verdict.disposition {
            Disposition::Created { .. } => {
                self.has_created.store(true, Ordering::Relaxed);
                self.is_back.store(true, Ordering::Relaxed);
            }
            // The run ends, the key has no permission, or the list has to show first whether the server is Concord.
            Disposition::Stop(_)
            | Disposition::StopInDoubt(..)
            | Disposition::Forbidden(_)
            | Disposition::Accepted(_) => {}
            _ if is_page && !self.has_created() => {
                let pages = self.pages.fetch_add(1, Ordering::Relaxed) + 1;
                let status = verdict.status.unwrap_or_default();
                return (pages >= PAGES_MAX).then_some(StopCause::WebPage { status });
            }
            // No connection.
            Disposition::NotServed(_) if verdict.status.is_none() => {}
            _ => self.is_back.store(true, Ordering::Relaxed),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::OutcomeCode;
    use crate::outbound::circuit_breaker::Health;
    use crate::outcome::Reason;

    fn verdict(disposition: Disposition, status: Option<u16>) -> Verdict {
        Verdict {
            disposition,
            health: Health::Serving,
            status,
        }
    }

    fn doubt() -> Verdict {
        verdict(
            Disposition::InDoubt(Reason::new(OutcomeCode::Timeout, "y")),
            Some(201),
        )
    }

    #[tokio::test]
    async fn one_goes_alone_until_it_is_back() {
        let (canary, stop) = (Canary::default(), StopSignal::default());
        let first = canary.wait(&stop).await.expect("no stop");
        assert!(first.is_some());
        // No connection says nothing: the next one goes alone too.
        let nobody = verdict(
            Disposition::NotServed(Reason::new(OutcomeCode::Timeout, "y")),
            None,
        );
        assert_eq!(canary.note(&nobody, false), None);
        drop(first);
        let second = canary.wait(&stop).await.expect("no stop");
        assert!(second.is_some());
        assert_eq!(canary.note(&doubt(), false), None);
        assert!(canary.wait(&stop).await.expect("no stop").is_none());
    }

    #[tokio::test]
    async fn those_who_wait_end_with_the_run() {
        let (canary, stop) = (Canary::default(), StopSignal::default());
        let _first = canary.wait(&stop).await.expect("no stop");
        stop.raise(StopCause::KeyRefused);
        assert!(canary.wait(&stop).await.is_err());
    }

    #[test]
    fn web_pages_that_say_created_end_a_run_in_which_nothing_was() {
        let canary = Canary::default();
        assert_eq!(canary.note(&doubt(), true), None);
        assert_eq!(canary.note(&doubt(), true), None);
        let page = StopCause::WebPage { status: 201 };
        assert_eq!(canary.note(&doubt(), true), Some(page));
    }
}
