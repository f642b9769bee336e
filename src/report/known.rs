//! The ledger's data about the rows of an input, and which of them are solved by a corrected copy.

use crate::codes::{OutcomeCode, ProblemCode};
use crate::entry::{InvalidKey, RequestType};
use crate::identity::{KeyComparison, KeyUse, RequestTypes};
use crate::intake::{Item, RowReading};
use crate::ledger::{ClaimRequest, EntryQuery, Known, Ledger, LedgerError, Record};
use crate::outcome::{Outcome, Reason, Settled, Via};
use crate::plan::ReadPlan;

/// Returns the ledger's data about each item of some rows, in their order.
///
/// Only rows whose key is at fault are compared with the corrected copies that earlier runs sent.
pub(crate) async fn known_of(
    rows: &[RowReading],
    plan: &ReadPlan,
    ledger: &Ledger,
) -> Result<Vec<Known>, LedgerError> {
    let items = || {
        rows.iter()
            .flat_map(|row| row.items.iter().map(move |item| (row, item)))
    };
    let queries = items().map(|(_, item)| query_of(item, plan));
    let mut known = ledger.find(queries.collect()).await?;
    let mut at_fault = Vec::new();
    let mut queries = Vec::new();
    for ((row, item), known) in items().zip(&mut known) {
        if let Some(source_row) = row.source_row
            && is_key_at_fault(row, item, known)
            && corrected(item, known).is_none()
        {
            queries.push(EntryQuery::Corrections {
                row: source_row.digest,
                key_use: KeyUse {
                    person: item
                        .row_key()
                        .map(|key| key.key_use.person)
                        .unwrap_or_default(),
                    requests: RequestTypes::new(item.request()),
                },
            });
            at_fault.push(known);
        }
    }
    if !queries.is_empty() {
        for (known, found) in at_fault.into_iter().zip(ledger.find(queries).await?) {
            known.correction = found.correction;
        }
    }
    Ok(known)
}

fn query_of(item: &Item, plan: &ReadPlan) -> EntryQuery {
    match item {
        Item::Entry(entry) | Item::Repeat { entry, .. } => {
            let request = ClaimRequest::of(entry, plan.project, plan.rules.near_keys);
            EntryQuery::Valid(Box::new(request))
        }
        Item::Invalid { key: Some(key), .. } => EntryQuery::Invalid {
            names: key.names,
            key: key.row_key.id,
        },
        Item::Invalid { key: None, .. } => EntryQuery::Nothing,
    }
}

/// Returns whether a row cannot be sent and its key does not tell which request is its own.
pub(super) fn is_key_at_fault(row: &RowReading, item: &Item, known: &Known) -> bool {
    match item {
        Item::Invalid { key: None, .. } => true,
        Item::Invalid {
            key: Some(key),
            problems,
            ..
        } => {
            let is_of_key = |code| matches!(code, ProblemCode::KeyConflict | ProblemCode::NearKey);
            // Another row or request has the key, so this row may need a separate one once it is corrected.
            key.is_shared
                || known.record.is_some()
                || problems.iter().any(|one| is_of_key(one.code))
        }
        Item::Entry(_) | Item::Repeat { .. } => known.refusal.as_ref().is_some_and(|refusal| {
            let is_copy = row.source_row.is_some_and(|row| row.is_correction);
            // This copy has a valid key: a person has to decide about it.
            !(is_copy && refusal.code == OutcomeCode::CorrectedAlready.into())
        }),
    }
}

/// Returns the record of the request that was created from a corrected copy of a row that cannot be sent.
pub(crate) fn corrected(item: &Item, known: &Known) -> Option<Record> {
    let by_key = match item {
        Item::Invalid {
            key: Some(key),
            request,
            ..
        } => by_key(key, *request, known),
        _ => None,
    };
    by_key.or(known.correction.as_ref()).cloned()
}

/// Returns the outcome of a row whose request was created from a corrected copy.
pub(super) fn settled_by(copy: &Record) -> Settled {
    Settled {
        via: Some(Via::Ledger),
        reason: Some(Reason::new(
            OutcomeCode::Corrected,
            "the row cannot be sent as it stands; an earlier run created its request",
        )),
        ..copy.settled.clone()
    }
}

/// Returns the request of a row's key if it is that of a corrected copy.
///
/// The ledger must have the key as created for the same person and request type. If the row does not give them, because
/// that very value was corrected, the request must come from a file of rejects, and no other row may have the key.
fn by_key<'k>(
    key: &InvalidKey,
    request: Option<RequestType>,
    known: &'k Known,
) -> Option<&'k Record> {
    let record = known.record.as_ref()?;
    if record.settled.outcome != Outcome::Created {
        return None;
    }
    let row = KeyUse {
        person: key.row_key.key_use.person,
        requests: RequestTypes::new(request),
    };
    let is_same = match row.compare(record.key_use) {
        KeyComparison::Same => true,
        KeyComparison::Unknown => known.is_from_rejects && !key.is_shared,
        KeyComparison::Conflict(_) => false,
    };
    is_same.then_some(record)
}
