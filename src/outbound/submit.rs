//! The attempt loop of one entry.
//!
//! What holds throughout: nothing that may exist is sent again before a look-up that proved it does not,
//! unless the job says `in_doubt = "resend"`. It decides nothing about status codes (`classify`) and
//! nothing about when (`pace`).

use std::sync::atomic::Ordering;

use super::backoff::Backoff;
use super::classify::{self, Disposition, Verdict};
use super::lookup::Look;
use super::pace::{Health, Purpose, Stopped};
use super::{Delivery, Outbound, Place};
use crate::entry::{Entry, ImportId};
use crate::outcome::{Outcome, Reason, Receipt, Settled, Via};
use crate::plan::{DoubtPolicy, Mark};
use crate::stop::{Lease, StopCause};

/// What looking came to.
enum Resolved {
    Exists(Receipt, Option<Reason>),
    Absent,
    Unknown(Reason),
}

/// What is remembered of an entry between attempts.
struct Progress {
    attempts: u32,
    /// Attempts that speak against the entry itself: not those of an outage or of a busy server.
    counted: u32,
    status: Option<u16>,
    last: Option<Reason>,
    /// Why it may exist although it was, or is about to be, sent again (`in_doubt = "resend"`).
    unresolved: Option<Reason>,
    backoff: Backoff,
}

impl Progress {
    fn in_doubt(&self, reason: Reason) -> Delivery {
        self.settled(Outcome::InDoubt, reason)
    }

    /// It was not created by what was sent last; nor, unless a doubt stands, before.
    fn not_created(&self, outcome: Outcome, reason: Option<Reason>) -> Delivery {
        let told = reason.unwrap_or_else(|| Reason::new("not_served", "it was not served"));
        match &self.unresolved {
            None => self.settled(outcome, told),
            Some(why) => {
                let message = format!("{}; sent again: {}", why.message, told.message);
                self.in_doubt(Reason::new(why.code.clone(), message))
            }
        }
    }

    /// The run ends first. What earlier runs left in doubt the ledger knows; what this one did, it does not.
    fn not_sent(&self) -> Delivery {
        match &self.unresolved {
            Some(why) if self.attempts > 0 => self.in_doubt(why.clone()),
            _ => Delivery::NotSent,
        }
    }

    fn settled(&self, outcome: Outcome, reason: Reason) -> Delivery {
        Delivery::Settled(Settled {
            outcome,
            via: None,
            receipt: None,
            attempts: self.attempts,
            http_status: self.status,
            reason: Some(reason),
        })
    }

    fn created(&self, via: Via, receipt: Receipt, oddity: Option<Reason>) -> Delivery {
        Delivery::Settled(Settled {
            outcome: Outcome::Created,
            via: Some(via),
            receipt: Some(receipt),
            attempts: self.attempts,
            http_status: self.status,
            reason: oddity,
        })
    }
}

pub(super) async fn deliver(
    out: &Outbound,
    entry: &Entry,
    mut doubt: Option<Reason>,
    place: &mut Place,
    lease: &Lease,
) -> Delivery {
    let mut progress = Progress {
        attempts: 0,
        counted: 0,
        status: None,
        last: None,
        unresolved: None,
        backoff: backoff(out, entry.import_id),
    };
    loop {
        if let Some(why) = doubt.take() {
            match resolve(out, entry, &mut progress, place).await {
                Ok(Resolved::Exists(receipt, oddity)) => {
                    out.know(entry.import_id);
                    return progress.created(Via::Lookup, receipt, oddity);
                }
                Ok(Resolved::Absent) if out.sending.in_doubt == DoubtPolicy::Hold => {
                    let reason = Reason::new(
                        "held",
                        format!(
                            "{}; not found in Concord since, and the job says `in_doubt = \"hold\"`",
                            why.message
                        ),
                    );
                    return progress.in_doubt(reason);
                }
                Ok(Resolved::Absent) => progress.unresolved = None,
                Ok(Resolved::Unknown(because)) => {
                    let message = format!("{}; {}", why.message, because.message);
                    let reason = Reason::new(why.code, message);
                    if out.sending.in_doubt != DoubtPolicy::Resend {
                        return progress.in_doubt(reason);
                    }
                    progress.unresolved = Some(reason);
                }
                // Nothing was sent by this run: the ledger knows it as in doubt already.
                Err(Stopped) if progress.attempts == 0 => return Delivery::NotSent,
                Err(Stopped) => return progress.in_doubt(why),
            }
            if progress.counted >= out.sending.max_attempts.get() {
                return progress.not_created(Outcome::Failed, progress.last.clone());
            }
        }
        let (verdict, is_probe) = match attempt(out, entry, &mut progress, lease).await {
            Ok(sent) => sent,
            Err(Stopped) => return progress.not_sent(),
        };
        progress.status = verdict.status;
        match verdict.disposition {
            Disposition::Created { receipt, oddity } => {
                out.know(entry.import_id);
                return progress.created(Via::Response, receipt, oddity);
            }
            Disposition::Rejected(reason) => {
                return progress.not_created(Outcome::Rejected, Some(reason));
            }
            Disposition::Stop(cause) => {
                out.stop.raise(cause);
                return progress.not_sent();
            }
            Disposition::InDoubt(reason) => {
                progress.counted += u32::from(!is_probe);
                progress.last = Some(reason.clone());
                doubt = Some(reason);
            }
            // A closed gate makes everyone wait; only a server that serves others is asked at once again.
            Disposition::NotServed(reason) if verdict.health == Health::Serving => {
                progress.counted += 1;
                if progress.counted >= out.sending.max_attempts.get() {
                    return progress.not_created(Outcome::Failed, Some(reason));
                }
                let delay = progress.backoff.next_delay();
                if out.wait(delay, place).await.is_err() {
                    return progress.not_sent();
                }
            }
            Disposition::NotServed(reason) => progress.last = Some(reason),
        }
    }
}

fn backoff(out: &Outbound, id: ImportId) -> Backoff {
    // The low half of a UUID is as good as random, so entries do not retry in step.
    let seed = out.seed ^ id.0.as_u64_pair().1;
    Backoff::new(out.sending.initial_backoff, out.sending.max_backoff, seed)
}

/// Sends once.
async fn attempt(
    out: &Outbound,
    entry: &Entry,
    progress: &mut Progress,
    lease: &Lease,
) -> Result<(Verdict, bool), Stopped> {
    let permit = out.pacer.permit().await?;
    if !lease.holds_for(out.sending.timeout) {
        out.stop.raise(StopCause::Ledger {
            why: "this run could not renew its lease in time (was the machine suspended?)".into(),
            hint: None,
        });
        return Err(Stopped);
    }
    progress.attempts += 1;
    out.attempts.fetch_add(1, Ordering::Relaxed);
    let verdict = classify::classify(out.client.create(&entry.body).await, &entry.body);
    tracing::debug!(
        entry = %entry.import_id,
        attempt = progress.attempts,
        status = verdict.status,
        health = ?verdict.health,
        "sent"
    );
    permit.report(entry.import_id, Purpose::Create, &verdict.health);
    Ok((verdict, permit.is_probe()))
}

/// Looks, waits the settle time, looks again.
async fn resolve(
    out: &Outbound,
    entry: &Entry,
    progress: &mut Progress,
    place: &mut Place,
) -> Result<Resolved, Stopped> {
    if out.mark == Mark::None {
        return Ok(Resolved::Unknown(Reason::new(
            "no_mark",
            "it cannot be looked up, because the job says `mark = \"none\"`",
        )));
    }
    match look(out, entry, progress, place).await? {
        Resolved::Absent => {}
        known => return Ok(known),
    }
    let settle = out.sending.settle.max(progress.backoff.next_delay());
    out.wait(settle, place).await?;
    look(out, entry, progress, place).await
}

/// Looks once, trying again while the server does not serve.
async fn look(
    out: &Outbound,
    entry: &Entry,
    progress: &mut Progress,
    place: &mut Place,
) -> Result<Resolved, Stopped> {
    let mut counted = 0;
    while counted < out.sending.max_attempts.get() {
        let served = out.pacer.served();
        match out.look(entry).await? {
            Look::Found { receipt, oddity } => return Ok(Resolved::Exists(receipt, oddity)),
            Look::NotFound => return Ok(Resolved::Absent),
            Look::Unable(reason) => return Ok(Resolved::Unknown(reason)),
            Look::NotServed(reason) => progress.last = Some(reason),
        }
        // An outage is the whole run's to wait for; only a list that fails while requests are served counts.
        counted += u32::from(out.pacer.served() > served || !out.pacer.is_waiting());
        out.wait(progress.backoff.next_delay(), place).await?;
    }
    let last = progress
        .last
        .as_ref()
        .map_or_else(String::new, |reason| format!(": {}", reason.message));
    Ok(Resolved::Unknown(Reason::new(
        "lookup_failed",
        format!("looking it up failed{last}"),
    )))
}
