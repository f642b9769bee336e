//! The ledger's data about the rows of an input, and which of them are solved by a corrected copy.

use crate::codes::{OutcomeCode, ProblemCode};
use crate::entry::{InvalidKey, RequestType, SourceRow};
use crate::identity::{KeyComparison, KeyUse, RequestTypes};
use crate::intake::{Item, RowReading};
use crate::ledger::{ClaimRequest, EntryQuery, Known, Ledger, LedgerError, Record};
use crate::outcome::{Outcome, Reason, Settled, Via};
use crate::plan::ReadPlan;

/// Returns the ledger's data about each item of some rows, in their order.
///
/// Rows that cannot be sent are compared with the corrected copies that earlier runs sent.
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
    let mut unsendable = Vec::new();
    let mut queries = Vec::new();
    for ((row, item), known) in items().zip(&mut known) {
        if let Some(source_row) = row.source_row
            && is_unsendable(row, item, known)
            && corrected(item, known).is_none()
        {
            queries.push(corrections_query(item, source_row));
            unsendable.push(known);
        }
    }
    if !queries.is_empty() {
        for (known, found) in unsendable.into_iter().zip(ledger.find(queries).await?) {
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

/// Returns the query for the corrected copies of a row.
fn corrections_query(item: &Item, source: SourceRow) -> EntryQuery {
    let row_key = item.row_key();
    let own_key = row_key.filter(|_| !shares_key(item));
    // A row that asks for one thing may ask for another one once it is corrected.
    let makes_one = row_key.is_some_and(|key| key.key_use.requests.iter().count() < 2);
    let requests = item.request().filter(|_| own_key.is_none() || !makes_one);
    EntryQuery::Corrections {
        row: source.digest,
        key_use: KeyUse {
            person: row_key.map(|key| key.key_use.person).unwrap_or_default(),
            requests: RequestTypes::new(requests),
        },
        own_key: own_key.map(|key| key.id),
    }
}

/// Returns whether other rows of the inputs have the key and may ask for other things.
fn shares_key(item: &Item) -> bool {
    match item {
        Item::Invalid { key, problems, .. } => {
            key.as_ref().is_some_and(|key| key.is_shared)
                || problems
                    .iter()
                    .any(|one| one.code == ProblemCode::KeyConflict)
        }
        Item::Entry(_) | Item::Repeat { .. } => false,
    }
}

/// Returns whether a row cannot be sent as it is, so that a corrected copy may have been sent instead.
fn is_unsendable(row: &RowReading, item: &Item, known: &Known) -> bool {
    match item {
        Item::Invalid { .. } => true,
        Item::Entry(_) | Item::Repeat { .. } => known.refusal.as_ref().is_some_and(|refusal| {
            let is_copy = row.source_row.is_some_and(SourceRow::is_correction);
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
            "the row cannot be sent as it is; an earlier run created its request",
        )),
        ..copy.settled.clone()
    }
}

/// Returns the request of a row's key if the ledger has it as created for the same person and request type.
///
/// If the row does not give them, because that very value was corrected, only the mark of a corrected copy shows that
/// the request is that of this row.
fn by_key<'k>(
    key: &InvalidKey,
    request: Option<RequestType>,
    known: &'k Known,
) -> Option<&'k Record> {
    let record = known.record.as_ref()?;
    if record.settled.outcome != Outcome::Created {
        return None;
    }
    (compare(key, request, record) == KeyComparison::Same).then_some(record)
}

/// Returns a sentence about the request that exists under the key of an invalid row, if it may be that of the row.
pub(super) fn remark_on_key(
    key: &InvalidKey,
    request: Option<RequestType>,
    known: &Known,
) -> Option<String> {
    let record = known.record.as_ref()?;
    let is_created = record.settled.outcome == Outcome::Created;
    let id = record.settled.receipt.filter(|_| is_created)?.id;
    (compare(key, request, record) == KeyComparison::Unknown).then(|| {
        format!(
            "; an earlier run created a request with this key ({id}), but this row does not show whether it is its own: \
             correct the row in the source as well"
        )
    })
}

fn compare(key: &InvalidKey, request: Option<RequestType>, record: &Record) -> KeyComparison {
    let row = KeyUse {
        person: key.row_key.key_use.person,
        requests: RequestTypes::new(request),
    };
    row.compare(record.key_use)
}

/// Returns the request type of a row's corrected copy: that of the row, unless that was corrected.
pub(crate) fn request_of_copy(item: &Item, copy: &Record) -> Option<RequestType> {
    let asked = copy.key_use.requests;
    let own = item.request();
    own.filter(|own| asked.is_empty() || asked.contains_all(RequestTypes::new([*own])))
        .or(asked.iter().next())
}
