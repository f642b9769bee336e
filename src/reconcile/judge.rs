//! An entry, held against what the ledger and Concord have of it: one verdict, and what the ledger has to learn.
//!
//! Decides; claims, settles and writes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::entry::{Entry, Names, Position};
use crate::intake::{Intake, Item, RowReading, Seen};
use crate::ledger::{ClaimRequest, Held, LedgerError, Record, RunId, Settlement};
use crate::listed::Listed;
use crate::outbound::digests_of;
use crate::outcome::{Outcome, Reason, Settled, Via};
use crate::plan::{Mark, ReadPlan};
use crate::report::reconciliation::{Line, Verdict};

/// The work that goes back and forth between blocking threads, ledger and network.
pub(super) struct Desk {
    pub(super) intake: Intake,
    pub(super) seen: Seen,
    pub(super) held: Held,
    pub(super) plan: Arc<ReadPlan>,
    pub(super) run: RunId,
}

/// A line, and what is to be settled before it is shown.
pub(super) struct Judged {
    pub(super) line: Line,
    pub(super) finding: Option<Finding>,
    /// It is in doubt and was not found: what may be claimed, to look again.
    pub(super) doubt: Option<ClaimRequest>,
}

impl Judged {
    /// A line that changes nothing in the ledger.
    pub(super) const fn of(line: Line) -> Self {
        Self {
            line,
            finding: None,
            doubt: None,
        }
    }

    /// Whether it should or might exist, and was not found.
    pub(super) fn is_missing(&self) -> bool {
        self.line.verdict == Verdict::OnlyInLedger || self.doubt.is_some()
    }
}

/// What the ledger has to be told of an entry.
pub(super) struct Finding {
    pub(super) request: ClaimRequest,
    pub(super) settlement: Settlement,
}

pub(super) fn names_of(item: &Item) -> Option<Names> {
    match item {
        Item::Entry(entry) | Item::Repeat { entry, .. } => Some(entry.names()),
        Item::Invalid { .. } => None,
    }
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
        records: Vec<Option<Record>>,
    ) -> Result<Vec<Judged>, LedgerError> {
        let mut records = records.into_iter();
        let mut judged = Vec::new();
        for row in rows {
            for item in row.items {
                judged.push(match item {
                    Item::Invalid {
                        request,
                        key,
                        import_id,
                        problems,
                    } => Judged::of(Line {
                        position: Some(row.position),
                        key: key.map(|key| key.text),
                        import_id,
                        request,
                        verdict: Verdict::Invalid,
                        ledger: None,
                        held: Vec::new(),
                        differences: Vec::new(),
                        remark: join(problems.iter().map(ToString::to_string)),
                    }),
                    Item::Entry(entry) => {
                        self.judge_entry(*entry, records.next().flatten().as_ref())?
                    }
                    Item::Repeat { entry, of, .. } => {
                        // The row that it repeats speaks for it.
                        let judged = self.judge_entry(*entry, records.next().flatten().as_ref())?;
                        Judged::of(Line {
                            verdict: Verdict::Duplicate,
                            differences: Vec::new(),
                            remark: repeats(of, row.position),
                            ..judged.line
                        })
                    }
                });
            }
        }
        Ok(judged)
    }

    fn judge_entry(
        &self,
        mut entry: Entry,
        record: Option<&Record>,
    ) -> Result<Judged, LedgerError> {
        if let Some(record) = record {
            entry.go_by(record.import_id);
        }
        let mut held = self.held.marked(entry.import_id)?;
        if let Some(other) = entry.other_id {
            let same = |one: &Listed| one.request == Some(entry.body.request());
            let others: Vec<_> = self.held.marked(other)?.into_iter().filter(same).collect();
            if held.is_empty() && record.is_none() && !others.is_empty() {
                entry.go_by(other);
            }
            held.extend(others);
        }
        let receipt = record.and_then(|record| record.settled.receipt);
        if let Some(receipt) = receipt
            && let Some(one) = self.held.of_id(receipt.id)?
        {
            // The one that the ledger knows counts first, even if its mark is gone.
            held.insert(0, one);
        }
        let mut ids = BTreeSet::new();
        held.retain(|one| ids.insert(one.receipt.id));
        self.held.account_for(ids)?;

        let ledger = record.map(|record| record.settled.outcome);
        let is_created = ledger == Some(Outcome::Created);
        let differences = held.first().map_or_else(Vec::new, |first| {
            digests_of(&entry.body, self.plan.project).differing(&first.shown)
        });
        let mut remarks = Vec::new();
        if is_created && record.is_some_and(|record| record.fingerprint != entry.fingerprint) {
            remarks.push("the row has changed since it was sent".to_owned());
        }
        let verdict = match (is_created, held.len()) {
            (true, 0) => Verdict::OnlyInLedger,
            (true, 1) => Verdict::InBoth,
            (false, 1) => Verdict::OnlyInConcord,
            (_, 2..) => Verdict::TwiceInConcord,
            (false, 0) if self.plan.rules.mark == Mark::None => {
                remarks.push("without a mark it cannot be told from others".to_owned());
                Verdict::Unknown
            }
            (false, 0) => Verdict::InNeither,
        };
        // Only what this comparison has claimed since it first looked was surely not sent meanwhile.
        let is_ours = record.is_some_and(|record| record.is_open && record.run == self.run);
        let is_doubt = verdict == Verdict::InNeither && ledger == Some(Outcome::InDoubt);
        let verdict = if is_doubt && !is_ours {
            remarks.push(
                "a run is sending it, or has left it in doubt since: compare again later"
                    .to_owned(),
            );
            Verdict::Unknown
        } else {
            verdict
        };
        if let (Some(first), Some(receipt)) = (held.first(), receipt)
            && first.receipt.id != receipt.id
        {
            remarks.push(format!("the ledger has it as {}", receipt.id));
        }
        let settled = match (verdict, held.first()) {
            _ if is_created => None,
            (Verdict::TwiceInConcord, Some(first)) => {
                let ids = held.iter().map(|one| one.receipt.id.to_string());
                let ids = ids.collect::<Vec<_>>().join(", ");
                let message = format!("Concord holds it more than once: {ids}");
                Some(found(first, Some(Reason::new("created_twice", message))))
            }
            (_, Some(first)) => Some(found(first, None)),
            (_, None) if is_doubt && is_ours => {
                let message = "it is in neither of two readings of the whole list";
                let reason = Reason::new("not_found", message);
                Some(Settled::of(Outcome::Failed, Some(reason)))
            }
            (_, None) => None,
        };
        let request = || ClaimRequest::of(&entry, self.plan.project);
        let finding = settled.map(|settled| Finding {
            request: request(),
            settlement: Settlement {
                import_id: entry.import_id,
                settled,
                content: differences.is_empty().then(|| entry.content()),
            },
        });
        let doubt = (is_doubt && !is_ours).then(request);
        Ok(Judged {
            doubt,
            line: Line {
                position: Some(entry.position),
                key: Some(entry.key.text.clone()),
                import_id: Some(entry.import_id),
                request: Some(entry.body.request()),
                verdict,
                ledger,
                held,
                differences,
                remark: join(remarks.into_iter()),
            },
            finding,
        })
    }
}

fn join(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("; ")
}

fn repeats(of: Position, at: Position) -> String {
    if of.input == at.input {
        format!("repeats row {} (line {})", of.row, of.line)
    } else {
        format!(
            "repeats row {} (line {}) of input {}",
            of.row, of.line, of.input
        )
    }
}
