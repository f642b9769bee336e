//! An entry, held against what the ledger and Concord have of it: one verdict, and what the ledger has to learn.
//!
//! Decides; claims, settles and writes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::codes::OutcomeCode;
use crate::entry::{Content, Entry, Field, ImportId, InvalidKey, Position, RequestType};
use crate::identity::{KeyComparison, KeyConflict, KeyUse, RequestTypes};
use crate::intake::{InputPlaces, Intake, Item, RowReading, Seen, key_of_request};
use crate::ledger::{
    ClaimRequest, Held, Known, KnownCreated, LedgerError, Record, RunId, Settlement, is_accepted,
};
use crate::listed::Listed;
use crate::outbound::{Omission, digests_of};
use crate::outcome::{Outcome, Reason, Settled, Via};
use crate::plan::{Mark, ReadPlan};
use crate::report::reconciliation::{Line, Remark, Verdict};
use crate::report::{corrected, request_of_copy};

/// Times in the ledger are whole milliseconds.
const CLOCK_GRAIN: Duration = Duration::from_millis(1);

/// The work that goes back and forth between blocking threads, ledger and network.
pub(super) struct Desk {
    pub(super) intake: Intake,
    pub(super) places: InputPlaces,
    pub(super) seen: Seen,
    pub(super) held: Held,
    pub(super) plan: Arc<ReadPlan>,
    pub(super) run: RunId,
    /// When the last reading of the list began: what has come since may not be in it.
    pub(super) reading_began: SystemTime,
    /// A request that exists, and that the last reading did not show.
    pub(super) omitted: Option<Omission>,
}

/// A line, and what is to be settled before it is shown.
pub(super) struct Judged {
    pub(super) line: Line,
    pub(super) finding: Option<Finding>,
    /// It is in doubt and was not found: what may be claimed, to look again.
    pub(super) doubt: Option<ClaimRequest>,
    /// The ledger has it as created, and it was not found.
    pub(super) only_in_ledger: Option<KnownCreated>,
}

impl Judged {
    /// A line that changes nothing in the ledger.
    pub(super) const fn of(line: Line) -> Self {
        Self {
            line,
            finding: None,
            doubt: None,
            only_in_ledger: None,
        }
    }

    /// Whether it should or might exist, and was not found.
    pub(super) fn is_missing(&self) -> bool {
        matches!(
            self.line.verdict,
            Verdict::OnlyInLedger | Verdict::InNeither
        ) || self.doubt.is_some()
    }
}

/// What the ledger has to be told of an entry.
pub(super) struct Finding {
    /// `None`: it is claimed already.
    pub(super) request: Option<ClaimRequest>,
    pub(super) settlement: Settlement,
}

/// What is settled of a request that was found.
pub(super) fn found(held: &Listed, reason: Option<Reason>) -> Settled {
    Settled {
        via: Some(Via::Lookup),
        receipt: Some(held.receipt),
        ..Settled::of(Outcome::Created, reason)
    }
}

impl Desk {
    pub(super) fn judge(
        &self,
        rows: Vec<RowReading>,
        known: Vec<Known>,
    ) -> Result<Vec<Judged>, LedgerError> {
        let mut all_known = known.into_iter();
        let mut judged = Vec::new();
        for row in rows {
            for item in row.items {
                let known = all_known.next().unwrap_or_default();
                if let Some(copy) = corrected(&item, &known) {
                    judged.push(self.judge_corrected(row.position, item, &copy)?);
                    continue;
                }
                judged.push(match item {
                    Item::Invalid {
                        request,
                        key,
                        problems,
                    } => {
                        let problems = problems
                            .iter()
                            .map(|problem| Remark::Problem(problem.with_cell(&self.places)));
                        let invalid = InvalidRow {
                            position: row.position,
                            key,
                            request,
                            problems: problems.collect(),
                        };
                        self.judge_invalid(invalid, &known)?
                    }
                    Item::Entry(entry) => self.judge_entry(*entry, &known)?,
                    Item::Repeat { entry, of, .. } => {
                        let judged = self.judge_entry(*entry, &known)?;
                        if judged.line.verdict == Verdict::Invalid {
                            judged
                        } else {
                            // The row that it repeats has the result.
                            Judged::of(Line {
                                verdict: Verdict::Duplicate,
                                differences: Vec::new(),
                                remarks: vec![Remark::Repeats {
                                    place: self.places.row_seen_from(of, row.position),
                                }],
                                ..judged.line
                            })
                        }
                    }
                });
            }
        }
        Ok(judged)
    }

    /// Compares a row that cannot be sent as it stands, and whose request was created from a corrected copy.
    fn judge_corrected(
        &self,
        position: Position,
        item: Item,
        copy: &Record,
    ) -> Result<Judged, LedgerError> {
        let mut held = self.held.marked(copy.import_id)?;
        if let Some(receipt) = copy.settled.receipt
            && let Some(one) = self.held.of_id(receipt.id)?
        {
            held.retain(|other| other.receipt.id != receipt.id);
            held.insert(0, one);
        }
        self.held
            .account_for_others(held.iter().map(|one| one.receipt.id))?;
        Ok(Judged::of(Line {
            position: Some(position),
            import_id: Some(copy.import_id),
            request: request_of_copy(&item, copy),
            verdict: if held.is_empty() {
                Verdict::OnlyInLedger
            } else {
                Verdict::InBoth
            },
            ledger: Some(copy.settled.outcome),
            held,
            differences: Vec::new(),
            remarks: vec![Remark::Corrected],
            key: item.into_key(),
        }))
    }

    /// Compares a row that cannot be sent as it stands: its request may have been created from an earlier state of the
    /// row, or from a corrected copy that the ledger does not have.
    fn judge_invalid(&self, row: InvalidRow, known: &Known) -> Result<Judged, LedgerError> {
        let InvalidRow {
            position,
            key,
            request,
            problems,
        } = row;
        let record = known.record.as_ref();
        let names = key.as_ref().and_then(|key| key.names);
        let mut held = match names {
            Some(names) => self.held.marked(names.import_id)?,
            None => Vec::new(),
        };
        if let Some(other) = names.and_then(|names| names.other) {
            let others = self.held.marked(other)?;
            held.extend(others.into_iter().filter(|one| one.request == request));
        }
        let mut line = Line {
            position: Some(position),
            import_id: names
                .map(|names| names.import_id)
                .or(record.map(|record| record.import_id)),
            request,
            verdict: Verdict::Invalid,
            ledger: record.map(|record| record.settled.outcome),
            held,
            differences: Vec::new(),
            remarks: problems,
            key: key.as_ref().map(|key| key.source.text.clone()),
        };
        if let (Some(key), Some(names), Some(first)) = (key, names, line.held.first()) {
            let row = KeyUse {
                person: key.row_key.key_use.person,
                requests: RequestTypes::new(request),
            };
            if record.is_none() && row.compare(first.key_use()) == KeyComparison::Same {
                // The ledger does not have it: it was created from a corrected copy of this row.
                let claim = ClaimRequest::of_invalid(&key, names, row.requests, self.plan.project);
                let settled = found(first, None);
                let ids = line.held.iter().map(|one| one.receipt.id);
                self.held.account_for_others(ids)?;
                line.verdict = Verdict::OnlyInConcord;
                line.remarks = vec![Remark::Corrected];
                return Ok(Judged {
                    finding: Some(Finding {
                        request: Some(claim),
                        settlement: Settlement {
                            import_id: names.import_id,
                            settled,
                            content: None,
                        },
                    }),
                    ..Judged::of(line)
                });
            }
            line.remarks.push(Remark::KeyExists);
        }
        // A request that the ledger does not have may be that of another row, or of an input that is not named.
        if record.is_some() {
            let ids = line.held.iter().map(|one| one.receipt.id);
            self.held.account_for_others(ids)?;
        }
        Ok(Judged::of(line))
    }

    /// The requests in Concord that are an entry's, the one that counts first; and the name it goes by.
    fn find(&self, entry: &mut Entry, record: Option<&Record>) -> Result<Vec<Listed>, LedgerError> {
        if let Some(record) = record {
            entry.go_by(record.import_id);
        }
        let same = |one: &Listed| one.request == Some(entry.body.request());
        let mut held = self.held.marked(entry.import_id)?;
        let others = match entry.other_id {
            Some(other) => self.held.marked(other)?.into_iter().filter(same).collect(),
            None => Vec::new(),
        };
        let is_known_by_other = record.is_none() && !others.is_empty() && !held.iter().any(same);
        held.extend(others);
        if let Some(receipt) = record.and_then(|record| record.settled.receipt)
            && let Some(one) = self.held.of_id(receipt.id)?
        {
            // The one that the ledger knows counts first, even if its mark is gone.
            held.insert(0, one);
        }
        // What asks for something else is another request, unless there is nothing better.
        if held.iter().any(same) {
            held.retain(same);
        }
        let mut ids = BTreeSet::new();
        held.retain(|one| ids.insert(one.receipt.id));
        if let (true, Some(other)) = (is_known_by_other, entry.other_id) {
            entry.go_by(other);
        }
        Ok(held)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "the facts that decide, one after the other"
    )]
    fn judge_entry(&self, mut entry: Entry, known: &Known) -> Result<Judged, LedgerError> {
        let record = known.record.as_ref();
        if let Some(reason) = &known.refusal {
            let held = self.held.marked(entry.import_id)?;
            if record.is_some_and(|record| record.settled.outcome == Outcome::Created) {
                self.held
                    .account_for_others(held.iter().map(|one| one.receipt.id))?;
            }
            return Ok(Judged::of(Line {
                held,
                ledger: record.map(|record| record.settled.outcome),
                ..refused(entry, Remark::Problem(reason.message.clone()))
            }));
        }
        let held = self.find(&mut entry, record)?;
        if record.is_none()
            && let Some(first) = held.first()
            && first.key_use().compare(entry.key_use())
                == KeyComparison::Conflict(KeyConflict::Person)
            && !self.held.is_accounted_for(first.receipt.id)?
        {
            let held = held.clone();
            return Ok(Judged::of(Line {
                held,
                ..refused(entry, Remark::OfAnotherPerson)
            }));
        }
        let ids = held.iter().map(|one| one.receipt.id);
        let is_taken = self.held.account_for(ids)?;
        let ledger = record.map(|record| record.settled.outcome);
        let is_created = ledger == Some(Outcome::Created);
        // Of a request that may be another entry's nothing is to be changed.
        let shown = held.first().filter(|_| !is_taken).map(|first| first.shown);
        let sent = digests_of(&entry.body, self.plan.project);
        let differences = shown.map_or_else(Vec::new, |shown| sent.differing(&shown));
        let mut remarks = Vec::new();
        if is_created
            && record.is_some_and(|record| record.fingerprint.differs_from(entry.fingerprint))
            // Where Concord shows all of it as it is now, somebody has changed it there as well.
            && (!differences.is_empty() || shown.is_some_and(|shown| sent.has_more_than(&shown)))
        {
            remarks.push(Remark::Changed);
        }
        let receipt = record.and_then(|record| record.settled.receipt);
        if let (Some(first), Some(receipt)) = (held.first(), receipt)
            && first.receipt.id != receipt.id
        {
            remarks.push(Remark::OtherInLedger(receipt.id));
        }
        // Only what this comparison has claimed since it first looked was surely not sent meanwhile.
        let is_ours = record.is_some_and(|record| record.is_open && record.run == self.run);
        let is_doubt = held.is_empty() && ledger == Some(Outcome::InDoubt);
        let status = record.and_then(|record| record.settled.http_status);
        let accepted = status.is_some_and(is_accepted);
        let mut unknown = |why| {
            remarks.push(why);
            Verdict::Unknown
        };
        let verdict = match held.len() {
            _ if is_taken => unknown(Remark::OfAnotherEntry),
            0 if is_created && self.is_recent(record) => unknown(Remark::CreatedMeanwhile),
            0 if is_created => Verdict::OnlyInLedger,
            0 if self.plan.rules.mark == Mark::None => unknown(Remark::NoMark),
            0 if is_doubt && accepted => unknown(Remark::Accepted),
            0 if is_doubt && !is_ours => unknown(Remark::PerhapsUnderWay),
            0 if is_doubt && let Some(omission) = self.omitted => unknown(remark_of(omission)),
            0 => Verdict::InNeither,
            1 if is_created => Verdict::InBoth,
            1 => Verdict::OnlyInConcord,
            2.. => Verdict::TwiceInConcord,
        };
        let settled = settled_by(verdict, &held, is_doubt && is_ours).filter(|_| !is_created);
        let rules = &self.plan.rules;
        let request = || ClaimRequest::of(&entry, self.plan.project, rules.near_keys);
        let finding = settled.map(|settled| Finding {
            request: (!is_ours).then(request),
            settlement: Settlement {
                import_id: entry.import_id,
                settled,
                content: self.content(&entry, ledger, held.first(), &differences),
            },
        });
        let only_in_ledger = record
            .filter(|_| verdict == Verdict::OnlyInLedger)
            .and_then(Record::known_created);
        let can_be_told = self.plan.rules.mark != Mark::None;
        let doubt = (is_doubt && !is_ours && can_be_told).then(request);
        Ok(Judged {
            finding,
            doubt,
            only_in_ledger,
            line: Line {
                position: Some(entry.position),
                key: Some(entry.key.text.clone()),
                import_id: Some(entry.import_id),
                request: Some(entry.body.request()),
                verdict,
                ledger,
                held,
                differences,
                remarks,
            },
        })
    }

    /// Whether it was settled when the list was being read already.
    fn is_recent(&self, record: Option<&Record>) -> bool {
        let settled_at = record.and_then(|record| record.settled_at);
        settled_at.is_some_and(|at| at + CLOCK_GRAIN >= self.reading_began)
    }

    /// What the ledger is to hold of the content: the row's, where Concord shows it so; else what it had of something
    /// that may exist; else that it is another, of the type that Concord shows.
    fn content(
        &self,
        entry: &Entry,
        ledger: Option<Outcome>,
        first: Option<&Listed>,
        differences: &[Field],
    ) -> Option<Content> {
        if differences.is_empty() {
            return Some(entry.content());
        }
        if ledger == Some(Outcome::InDoubt) {
            return None;
        }
        let beside_others = |request| {
            let key = key_of_request(&entry.key.text, request);
            Some(ImportId::new(self.plan.project, &key))
        };
        let shown = first.and_then(|first| first.request);
        let other_id = match shown.filter(|_| differences.contains(&Field::Request)) {
            Some(shown) if entry.other_id == beside_others(entry.body.request()) => {
                beside_others(shown)
            }
            _ => entry.other_id,
        };
        Some(Content {
            fingerprint: entry.fingerprint.another(),
            other_id,
            key_use: first.map(Listed::key_use).unwrap_or_default(),
        })
    }
}

/// A row that cannot be sent as it stands.
struct InvalidRow {
    position: Position,
    key: Option<Box<InvalidKey>>,
    request: Option<RequestType>,
    problems: Vec<Remark>,
}

/// The line of an entry whose key is that of another request.
fn refused(entry: Entry, why: Remark) -> Line {
    Line {
        position: Some(entry.position),
        import_id: Some(entry.import_id),
        request: Some(entry.body.request()),
        key: Some(entry.key.text),
        verdict: Verdict::Invalid,
        ledger: None,
        held: Vec::new(),
        differences: Vec::new(),
        remarks: vec![why],
    }
}

/// Returns the remark on an entry in doubt when the list fails so.
const fn remark_of(omission: Omission) -> Remark {
    match omission {
        Omission::Missing(id) => Remark::ListOmits(id),
        Omission::Unmarked(id) => Remark::ListHidesReferences(id),
    }
}

/// What the ledger is told of an entry that it has not as created.
fn settled_by(verdict: Verdict, held: &[Listed], is_absent: bool) -> Option<Settled> {
    match (verdict, held.first()) {
        (Verdict::TwiceInConcord, Some(first)) => {
            let ids = held.iter().map(|one| one.receipt.id.to_string());
            let ids = ids.collect::<Vec<_>>().join(", ");
            let message = format!("Concord holds it more than once: {ids}");
            Some(found(
                first,
                Some(Reason::new(OutcomeCode::CreatedTwice, message)),
            ))
        }
        (Verdict::OnlyInConcord, Some(first)) => Some(found(first, None)),
        (Verdict::InNeither, _) if is_absent => {
            let message = "it is in neither of two readings of the whole list";
            let reason = Reason::new(OutcomeCode::NotFound, message);
            Some(Settled::of(Outcome::Failed, Some(reason)))
        }
        _ => None,
    }
}
