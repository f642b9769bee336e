//! The attempt loop of one entry.
//!
//! What holds throughout: nothing that may exist is sent again before a look-up that proved it does not,
//! unless the job says `in_doubt = "resend"`. It decides nothing about status codes (`classify`) and
//! nothing about when (`pace`).

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::circuit_breaker::{Health, RETRY_AFTER_MAX, Standing};
use super::classify::{self, Disposition, Verdict};
use super::doubts::Unsettled;
use super::exchange::BodyFault;
use super::forbidden::{self, Forbidden};
use super::learned;
use super::look::Look;
use super::pace::Stopped;
use super::page::NOT_JSON;
use super::retry_budget::Cost;
use super::{Delivery, Doubt, Outbound, Place, RecordAccepted};
use crate::codes::{OutcomeCode, ReasonCode};
use crate::entry::{Entry, ImportId};
use crate::outcome::{Outcome, Reason, Receipt, Settled, Via};
use crate::plan::{DoubtPolicy, Mark};
use crate::stop::{Lease, StopCause};
use crate::time_of_day;

/// An entry that is refused for want of time (429, 503 with Retry-After) while so many others are served for each
/// other one that is refused, is singled out: it is not the server that is busy.
const SERVED_PER_REFUSED: u64 = 10;

/// Maximum time for which an accepted entry (200, 202 …) is looked up. Most servers that queue requests create them
/// within that time.
pub const ACCEPTED_WAIT_MAX: Duration = Duration::from_mins(5);
/// Longest wait between two of these look-ups.
const ACCEPTED_PAUSE_MAX: Duration = Duration::from_mins(1);

/// What looking came to.
enum Resolved {
    Exists(Receipt, Option<Reason>),
    Absent,
    /// Looking is impossible.
    Unknown(Reason),
    /// It may be one of several that exist.
    Ambiguous(Reason),
}

/// Whether an entry is refused for want of time because the server is busy, or whatever others get.
#[derive(Debug, Default)]
struct Refusals {
    /// How POSTs had fared when it was refused last.
    last: Option<Standing>,
    is_singled_out: bool,
}

impl Refusals {
    /// Takes note of one, and says whether it is meant for this entry alone: others were served since its last one,
    /// and hardly any other was refused. Once that is so it stays so while nobody else asks for anything.
    fn note(&mut self, now: Standing) -> bool {
        if let Some(last) = self.last {
            let (served, refused) = (now.served - last.served, now.refused - last.refused);
            if served + refused > 0 {
                self.is_singled_out = served > 0 && served >= refused * SERVED_PER_REFUSED;
            }
        }
        self.last = Some(Standing {
            // Its own, which is counted next unless it is meant for it alone.
            refused: now.refused + u64::from(!self.is_singled_out),
            ..now
        });
        self.is_singled_out
    }
}

/// What is remembered of an entry between attempts.
struct Progress<'a> {
    attempts: u32,
    /// Attempts that speak against the entry itself: not those of an outage or of a busy server.
    counted: u32,
    /// How many of those there may be.
    attempts_max: u32,
    /// How often it was answered 403.
    forbidden: u32,
    status: Option<u16>,
    /// Why it may exist although it was, or is about to be, sent again (`in_doubt = "resend"`).
    unresolved: Option<Reason>,
    /// Since when it may exist; `None`: it surely does not, or was not sent yet.
    since: Option<SystemTime>,
    /// The time before which all attempts were sent that may have created it.
    sent_before: SystemTime,
    /// Why the next request for it is made, as far as the budget is concerned.
    cost: Cost,
    /// Held while an answer of this run is unsettled.
    unsettled: Option<Unsettled<'a>>,
    refusals: Refusals,
    backoff: Backoff,
}

impl Progress<'_> {
    const fn is_spent(&self) -> bool {
        self.counted >= self.attempts_max
    }

    /// Whether it is sent once more although it may exist.
    fn may_resend(&self, policy: DoubtPolicy) -> bool {
        policy == DoubtPolicy::Resend && !self.is_spent()
    }

    /// Goes on as long as it may be tried once more.
    fn once_more(&self, last: Reason) -> ControlFlow<Delivery> {
        if self.is_spent() {
            return ControlFlow::Break(self.not_created(Outcome::Failed, last));
        }
        ControlFlow::Continue(())
    }

    /// Waits before it is tried again, at least so long.
    async fn retry(
        &mut self,
        out: &Outbound,
        wait: Duration,
        place: &mut Place,
    ) -> ControlFlow<Delivery> {
        self.cost = Cost::Retry;
        let delay = self.backoff.next_delay().max(wait);
        match out.wait(delay, place).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(Stopped) => ControlFlow::Break(self.not_sent()),
        }
    }

    fn in_doubt(&self, reason: Reason) -> Delivery {
        self.settled(Outcome::InDoubt, reason)
    }

    /// It was not created by what was sent last; nor, unless a doubt stands, before.
    fn not_created(&self, outcome: Outcome, told: Reason) -> Delivery {
        match &self.unresolved {
            None => self.settled(outcome, told),
            Some(why) => {
                let message = format!("{}; sent again: {}", why.message, told.message);
                self.in_doubt(Reason::new(why.code.clone(), message))
            }
        }
    }

    /// Returns the delivery if the run ends during the look-up. If this run has sent nothing, the ledger already has
    /// the entry as in doubt.
    fn stopped(&self, why: Reason) -> Delivery {
        if self.attempts == 0 {
            return Delivery::NotSent;
        }
        self.in_doubt(why)
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
    doubt: Option<Doubt>,
    place: &mut Place,
    lease: &Lease,
    record: &RecordAccepted<'_>,
) -> Delivery {
    let _under_way = (out.mark == Mark::None).then(|| out.people.enter(entry));
    let delivery = match doubt {
        Some(doubt) if doubt.is_changed && out.mark == Mark::None => {
            let message = format!(
                "{}; its content has changed since, so it cannot be told by its person any more: put back what it was for \
                 one run, or look in Concord",
                doubt.reason.message
            );
            let reason = Reason::new(OutcomeCode::ChangedInDoubt, message);
            Delivery::Settled(Settled::of(Outcome::InDoubt, Some(reason)))
        }
        doubt => see_through(out, entry, doubt, place, lease, record).await,
    };
    if let Delivery::Settled(settled) = &delivery {
        match settled.receipt {
            Some(receipt) => out.know_created(entry, receipt, settled.via),
            None if settled.outcome == Outcome::InDoubt && out.mark == Mark::None => {
                out.people.leave_unresolved(entry);
            }
            None => {}
        }
    }
    delivery
}

#[expect(clippy::too_many_lines, reason = "one arm for each disposition")]
async fn see_through(
    out: &Outbound,
    entry: &Entry,
    doubt: Option<Doubt>,
    place: &mut Place,
    lease: &Lease,
    record: &RecordAccepted<'_>,
) -> Delivery {
    let attempts = doubt.as_ref().map_or(0, |doubt| doubt.attempts);
    let mut progress = Progress {
        attempts,
        counted: attempts,
        attempts_max: out.sending.max_attempts.get(),
        forbidden: 0,
        status: None,
        unresolved: None,
        since: doubt.as_ref().map(|doubt| doubt.since),
        sent_before: time_of_day(),
        cost: Cost::Free,
        unsettled: None,
        refusals: Refusals::default(),
        backoff: backoff(out, entry.import_id),
    };
    let accepted = doubt.as_ref().and_then(|doubt| doubt.accepted);
    let mut doubt = doubt.map(|doubt| doubt.reason);
    if let (Some(status), Some(why)) = (accepted, &doubt) {
        // The ledger keeps the status with the entry, so that no later run sends it again either.
        progress.status = Some(status);
        let why = Reason::new(ReasonCode::Answer(status), why.message.clone());
        let next = await_accepted(out, entry, &mut progress, place, why);
        if let ControlFlow::Break(delivery) = Box::pin(next).await {
            return delivery;
        }
        doubt = None;
    }
    // What is rare is in boxes: the way of every entry would else be moved about with room for all of it.
    loop {
        if let Some(why) = doubt.take()
            && let ControlFlow::Break(delivery) =
                Box::pin(settle_doubt(out, entry, &mut progress, place, why)).await
        {
            return delivery;
        }
        let sent = match attempt(out, entry, &mut progress, lease).await {
            Ok(sent) => sent,
            Err(Stopped) => return progress.not_sent(),
        };
        match sent.verdict.disposition {
            Disposition::Created { receipt, oddity } => {
                if let Some(made_at) = learned::made_at(receipt) {
                    let since_1970 = made_at.duration_since(Timestamp::UNIX_EPOCH);
                    let made_at = SystemTime::UNIX_EPOCH + since_1970.unsigned_abs();
                    out.client.clock.compare(sent.at, made_at);
                }
                lock(&out.forbidden).clear();
                return progress.created(Via::Response, receipt, oddity);
            }
            Disposition::Rejected(reason) => {
                return progress.not_created(Outcome::Rejected, reason);
            }
            Disposition::Stop(cause) => {
                out.stop.raise(cause);
                return progress.not_sent();
            }
            Disposition::StopInDoubt(cause, reason) => {
                // Not Concord's status: in the ledger it would say that Concord has accepted the entry.
                progress.status = progress
                    .status
                    .filter(|status| !(200..=299).contains(status));
                out.stop.raise(cause);
                return progress.in_doubt(reason);
            }
            Disposition::InDoubt(reason) => {
                progress.counted += u32::from(!sent.is_blameless);
                progress.since.get_or_insert(sent.at);
                progress.cost = Cost::Retry;
                progress.unsettled.get_or_insert_with(|| out.doubts.begin());
                doubt = Some(reason);
            }
            Disposition::Accepted(reason) => {
                progress.since.get_or_insert(sent.at);
                progress.unsettled.get_or_insert_with(|| out.doubts.begin());
                let next = after_accepted(out, entry, &mut progress, place, reason, record);
                let next = Box::pin(next).await;
                drop(sent.alone);
                if let ControlFlow::Break(delivery) = next {
                    return delivery;
                }
            }
            Disposition::Conflict(reason) => {
                progress.since.get_or_insert(sent.at);
                return Box::pin(after_conflict(out, entry, &mut progress, place, reason)).await;
            }
            Disposition::Forbidden(reason) => {
                let next = after_forbidden(out, entry, &mut progress, place, reason);
                if let ControlFlow::Break(delivery) = Box::pin(next).await {
                    return delivery;
                }
            }
            Disposition::NotServed(reason) => {
                let next = after_not_served(out, &mut progress, place, reason, sent.own_wait);
                if let ControlFlow::Break(delivery) = Box::pin(next).await {
                    return delivery;
                }
            }
        }
    }
}

/// Looks whether it exists; goes on when it is to be sent (again).
async fn settle_doubt(
    out: &Outbound,
    entry: &Entry,
    progress: &mut Progress<'_>,
    place: &mut Place,
    why: Reason,
) -> ControlFlow<Delivery> {
    let delivery = match resolve(out, entry, progress, place).await {
        Ok(Resolved::Exists(receipt, oddity)) => progress.created(Via::Lookup, receipt, oddity),
        Ok(Resolved::Absent) if out.sending.in_doubt == DoubtPolicy::Hold => {
            let message = format!(
                "{}; not found in Concord since, and the job says `in_doubt = \"hold\"`",
                why.message
            );
            progress.in_doubt(Reason::new(OutcomeCode::Held, message))
        }
        Ok(Resolved::Absent) => {
            progress.unresolved = None;
            let message = format!("{}; not found in Concord since", why.message);
            return progress.once_more(Reason::new(why.code, message));
        }
        Ok(Resolved::Unknown(because)) if progress.may_resend(out.sending.in_doubt) => {
            progress.unresolved = Some(because_of(&why, &because));
            return ControlFlow::Continue(());
        }
        // Something may be there, or is: sending again would most likely make a second.
        Ok(Resolved::Unknown(because) | Resolved::Ambiguous(because)) => {
            progress.in_doubt(because_of(&why, &because))
        }
        Err(Stopped) => progress.stopped(why),
    };
    ControlFlow::Break(delivery)
}

/// Records that an entry was accepted, and looks it up. Only after that other entries are sent, if it was the first.
async fn after_accepted(
    out: &Outbound,
    entry: &Entry,
    progress: &mut Progress<'_>,
    place: &mut Place,
    reason: Reason,
    record: &RecordAccepted<'_>,
) -> ControlFlow<Delivery> {
    let status = progress.status.unwrap_or_default();
    if !record(entry.import_id, status).await {
        return ControlFlow::Break(progress.in_doubt(reason));
    }
    let next = await_accepted(out, entry, progress, place, reason).await;
    out.canary.open();
    next
}

/// Looks up an entry that the server has accepted and may create later, again and again with growing waits. Permits
/// sending it only if an earlier run has sent it and the job says `resend`.
async fn await_accepted(
    out: &Outbound,
    entry: &Entry,
    progress: &mut Progress<'_>,
    place: &mut Place,
    why: Reason,
) -> ControlFlow<Delivery> {
    // It is no fault of the server.
    progress.cost = Cost::Free;
    let most = ACCEPTED_WAIT_MAX.min(out.sending.give_up_after);
    let passed = progress
        .since
        .and_then(|since| time_of_day().duration_since(since).ok());
    let until = Instant::now() + most.saturating_sub(passed.unwrap_or_default());
    let may_resend = progress.attempts == 0 && out.sending.in_doubt == DoubtPolicy::Resend;
    let mut pause = out.sending.settle.max(out.sending.initial_backoff);
    let mut looks = 0;
    let because = loop {
        match look(out, entry, progress, place).await {
            Ok(Resolved::Exists(receipt, oddity)) => {
                return ControlFlow::Break(progress.created(Via::Lookup, receipt, oddity));
            }
            Ok(Resolved::Absent) => {}
            Ok(Resolved::Unknown(because)) => {
                let is_no_json = because.message.ends_with(NOT_JSON) && !out.canary.has_created();
                if because.code == OutcomeCode::ListBroken.into() || is_no_json {
                    // Neither what accepts the request nor the list is Concord's: other rows must not go there.
                    let status = progress.status.unwrap_or_default();
                    out.stop.raise(StopCause::WrongServer { status });
                }
                break because;
            }
            Ok(Resolved::Ambiguous(because)) => {
                return ControlFlow::Break(progress.in_doubt(because_of(&why, &because)));
            }
            Err(Stopped) => return ControlFlow::Break(progress.stopped(why)),
        }
        looks += 1;
        let left = until.saturating_duration_since(Instant::now());
        // However long ago it was, one look-up proves nothing.
        if left.is_zero() && looks > 1 {
            let message = "not found in Concord since, and not sent again: it may be created later";
            break Reason::new(why.code.clone(), message);
        }
        let wait = if looks > 1 { pause.min(left) } else { pause };
        let waited = async {
            out.wait(wait, place).await?;
            out.wait_for_known(place).await
        };
        if waited.await.is_err() {
            return ControlFlow::Break(progress.stopped(why));
        }
        pause = (pause * 2).min(ACCEPTED_PAUSE_MAX);
    };
    if may_resend {
        progress.unresolved = Some(because_of(&why, &because));
        return ControlFlow::Continue(());
    }
    ControlFlow::Break(progress.in_doubt(because_of(&why, &because)))
}

/// Looks up an entry that conflicts with an existing request, since an earlier attempt may have created it.
async fn after_conflict(
    out: &Outbound,
    entry: &Entry,
    progress: &mut Progress<'_>,
    place: &mut Place,
    reason: Reason,
) -> Delivery {
    // It is no fault of the server.
    progress.cost = Cost::Free;
    match resolve(out, entry, progress, place).await {
        Ok(Resolved::Exists(receipt, oddity)) => progress.created(Via::Lookup, receipt, oddity),
        Ok(Resolved::Absent) => {
            progress.unresolved = None;
            progress.not_created(Outcome::Rejected, reason)
        }
        Ok(Resolved::Unknown(because) | Resolved::Ambiguous(because)) => {
            progress.in_doubt(because_of(&reason, &because))
        }
        Err(Stopped) => progress.in_doubt(reason),
    }
}

/// Waits after a refusal for lack of capacity. The circuit breaker makes all entries wait. If others are served, the entry
/// waits by itself, so that it does not come again immediately. Only refusals of this entry alone count as its attempts.
async fn after_not_served(
    out: &Outbound,
    progress: &mut Progress<'_>,
    place: &mut Place,
    reason: Reason,
    own_wait: Option<Duration>,
) -> ControlFlow<Delivery> {
    let Some(wait) = own_wait else {
        if out.pacer.is_waiting() {
            return ControlFlow::Continue(());
        }
        let delay = progress.backoff.next_delay();
        return match out.wait(delay, place).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(Stopped) => ControlFlow::Break(progress.not_sent()),
        };
    };
    progress.counted += 1;
    progress.once_more(reason)?;
    progress.retry(out, wait, place).await
}

/// It was answered 403.
async fn after_forbidden(
    out: &Outbound,
    entry: &Entry,
    progress: &mut Progress<'_>,
    place: &mut Place,
    reason: Reason,
) -> ControlFlow<Delivery> {
    progress.forbidden += 1;
    let verdict = lock(&out.forbidden).judge(entry.import_id, progress.forbidden);
    match verdict {
        forbidden::Verdict::Unclear => progress.retry(out, Duration::ZERO, place).await,
        forbidden::Verdict::Entry => {
            ControlFlow::Break(progress.not_created(Outcome::Rejected, reason))
        }
        forbidden::Verdict::Key => {
            out.stop.raise(StopCause::KeyForbidden);
            ControlFlow::Break(progress.not_sent())
        }
    }
}

fn lock(forbidden: &Mutex<Forbidden>) -> MutexGuard<'_, Forbidden> {
    forbidden.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why it is in doubt, and why it stays so: what is to be done hangs on the latter.
fn because_of(why: &Reason, because: &Reason) -> Reason {
    let message = format!("{}; {}", why.message, because.message);
    Reason::new(because.code.clone(), message)
}

fn backoff(out: &Outbound, id: ImportId) -> Backoff {
    // The low half of a UUID is as good as random, so entries do not retry in step.
    let seed = out.seed ^ id.0.as_u64_pair().1;
    Backoff::new(out.sending.initial_backoff, out.sending.max_backoff, seed)
}

/// An attempt that was made.
struct Sent<'a> {
    verdict: Verdict,
    /// Just before it.
    at: SystemTime,
    /// Everybody failed at the time.
    is_blameless: bool,
    /// It was refused, to this entry alone, and how long it is to wait at least.
    own_wait: Option<Duration>,
    /// The first request was accepted, and no other is sent before it was looked up.
    alone: Option<tokio::sync::MutexGuard<'a, ()>>,
}

/// Sends once.
async fn attempt<'a>(
    out: &'a Outbound,
    entry: &Entry,
    progress: &mut Progress<'_>,
    lease: &Lease,
) -> Result<Sent<'a>, Stopped> {
    if progress.attempts == 0 && progress.since.is_none() {
        tokio::select! {
            biased;
            _ = out.stop.raised() => return Err(Stopped),
            () = out.doubts.are_few() => {}
        }
    }
    let alone = out.canary.wait(&out.stop).await?;
    let permit = out.permit_to_create(entry.import_id, progress.cost).await?;
    if !lease.holds_for(out.sending.timeout) {
        out.stop.raise(StopCause::Ledger {
            why: "this run could not tell the ledger in time that it is alive, so its lease ran out (was the machine suspended?)".into(),
            hint: None,
        });
        return Err(Stopped);
    }
    progress.attempts += 1;
    out.attempts.fetch_add(1, Ordering::Relaxed);
    let at = time_of_day();
    let began = Instant::now();
    let exchange = out.client.create(&entry.body).await;
    let now = Instant::now();
    progress.sent_before = time_of_day();
    let limits = exchange.as_ref().ok().and_then(|answer| answer.limits);
    let is_page = matches!(&exchange, Ok(answer) if answer.body == Err(BodyFault::WebPage));
    let verdict = classify::classify(exchange, &entry.body, &out.client.words);
    if let Some(cause) = out
        .canary
        .note(&verdict, is_page && verdict.status == Some(201))
    {
        out.stop.raise(cause);
    }
    let is_accepted = matches!(verdict.disposition, Disposition::Accepted(_));
    let alone = alone.filter(|_| is_accepted);
    tracing::debug!(
        entry = %entry.import_id,
        attempt = progress.attempts,
        status = verdict.status,
        health = ?verdict.health,
        "sent"
    );
    let latency = verdict.status.map(|_| now - began);
    permit.record(now, verdict.fate(), latency, verdict.reason());
    progress.status = verdict.status;
    let own_wait = match (&verdict.disposition, &verdict.health) {
        (Disposition::NotServed(_), Health::Serving) => Some(Duration::ZERO),
        (_, Health::Busy { retry_after, .. }) if progress.refusals.note(out.pacer.standing()) => {
            Some(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX))
        }
        _ => None,
    };
    // What is refused to one entry alone says nothing of the server.
    if own_wait.is_none() || verdict.health == Health::Serving {
        permit.report(entry.import_id, &verdict.health);
    }
    if let Some(limits) = limits {
        permit.heed(&limits);
    }
    Ok(Sent {
        verdict,
        at,
        is_blameless: permit.is_blameless(),
        own_wait,
        alone,
    })
}

/// Looks, waits the settle time, looks again.
async fn resolve(
    out: &Outbound,
    entry: &Entry,
    progress: &mut Progress<'_>,
    place: &mut Place,
) -> Result<Resolved, Stopped> {
    match look(out, entry, progress, place).await? {
        Resolved::Absent => {}
        known => return Ok(known),
    }
    let settle = out.sending.settle.max(progress.backoff.next_delay());
    out.wait(settle, place).await?;
    out.wait_for_known(place).await?;
    look(out, entry, progress, place).await
}

/// Looks once, trying again while the server does not serve.
async fn look(
    out: &Outbound,
    entry: &Entry,
    progress: &mut Progress<'_>,
    place: &mut Place,
) -> Result<Resolved, Stopped> {
    let (mut counted, mut last) = (0, String::new());
    let since = progress.since.unwrap_or_else(time_of_day);
    while counted < out.sending.max_attempts.get() {
        let before = out.pacer.standing();
        let sent = since..progress.sent_before;
        match out.look(entry, sent, progress.cost, place).await? {
            Look::Found { receipt, oddity } => return Ok(Resolved::Exists(receipt, oddity)),
            Look::NotFound => return Ok(Resolved::Absent),
            Look::Unable(reason) => return Ok(Resolved::Unknown(reason)),
            Look::Ambiguous(reason) => return Ok(Resolved::Ambiguous(reason)),
            Look::NotServed(reason) => last = reason.message,
        }
        // An outage is the whole run's to wait for; only a list that fails while requests are served counts.
        let now = out.pacer.standing();
        let is_served = now.served > before.served || now.read > before.read;
        counted += u32::from(is_served || !out.pacer.is_waiting());
        out.wait(progress.backoff.next_delay(), place).await?;
    }
    let message = format!("looking it up failed: {last}");
    Ok(Resolved::Unknown(Reason::new(
        OutcomeCode::LookupFailed,
        message,
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of an entry's refusals, each after so many others were served and refused since the last.
    fn notes(others: &[(u64, u64)]) -> Vec<bool> {
        let mut refusals = Refusals::default();
        let mut standing = Standing::default();
        let mut note = |(served, refused): &(u64, u64)| {
            standing.served += served;
            standing.refused += refused;
            let is_own = refusals.note(standing);
            standing.refused += u64::from(!is_own);
            is_own
        };
        others.iter().map(&mut note).collect()
    }

    #[test]
    fn an_entry_is_singled_out_once_others_are_served_and_it_is_not() {
        // The first says nothing; nor do those of a server that serves nobody, or refuses one in five.
        assert_eq!(notes(&[(50, 0), (0, 0), (0, 7), (0, 0)]), [false; 4]);
        assert_eq!(notes(&[(0, 0), (8, 2), (40, 10), (0, 0)]), [false; 4]);
        // Others are served; then it is left alone, and what is held against it stands.
        assert_eq!(
            notes(&[(0, 0), (3, 0), (0, 0), (0, 0)]),
            [false, true, true, true]
        );
        // Two such among many; then the server gets busy for all.
        assert_eq!(
            notes(&[(0, 0), (30, 1), (30, 2), (5, 5)]),
            [false, true, true, false]
        );
    }
}
