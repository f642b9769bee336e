//! What a run would do, given what earlier runs have done: for the question before it.

use std::sync::Arc;

use crate::blocking;
use crate::check::{People, Survey, ToSend};
use crate::intake::{Intake, Item, RowReading};
use crate::ledger::Ledger;
use crate::outcome::Outcome;
use crate::plan::ReadPlan;
use crate::report::{ReportError, known_of};

/// Rows that are held against the ledger at once.
const ROWS_AT_ONCE: usize = 512;

/// What a run would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forecast {
    /// Entries that no run has created.
    pub to_send: ToSend,
    /// Among them, those that an earlier run may have created all the same.
    pub in_doubt: u64,
    /// Entries that an earlier run has created.
    pub already_created: u64,
    /// Entries whose key is that of another request in the ledger, or nearly: they are not sent.
    pub refused: u64,
}

impl Forecast {
    /// Holds the entries of all inputs against the ledger. Reads the inputs once more, unless the ledger is empty.
    pub(crate) async fn of(
        plan: &Arc<ReadPlan>,
        survey: &Survey,
        ledger: &Ledger,
    ) -> Result<Self, ReportError> {
        if ledger.is_empty().await? {
            return Ok(Self {
                to_send: survey.to_send,
                ..Self::default()
            });
        }
        let mut forecast = Self::default();
        let mut people = People::default();
        let mut seen = survey.seen();
        for input in 0..plan.inputs.len() {
            let opened = Arc::clone(plan);
            let mut intake = blocking(move || Intake::open(&opened, input, false)).await?;
            loop {
                let rows;
                (intake, seen, rows) = intake.read_batch(seen, ROWS_AT_ONCE).await;
                let rows = rows?;
                if rows.is_empty() {
                    break;
                }
                forecast.add(&rows, plan, ledger, &mut people).await?;
            }
        }
        forecast.to_send.people = people.count();
        Ok(forecast)
    }

    async fn add(
        &mut self,
        rows: &[RowReading],
        plan: &ReadPlan,
        ledger: &Ledger,
        people: &mut People,
    ) -> Result<(), ReportError> {
        let items = rows.iter().flat_map(|row| &row.items);
        for (item, known) in items.zip(known_of(rows, plan, ledger).await?) {
            let Item::Entry(entry) = item else { continue };
            match known.record.map(|record| record.settled.outcome) {
                _ if known.correction.is_some() => self.already_created += 1,
                _ if known.refusal.is_some() => self.refused += 1,
                Some(Outcome::Created) => self.already_created += 1,
                outcome => {
                    self.to_send.add(entry, people);
                    self.in_doubt += u64::from(outcome == Some(Outcome::InDoubt));
                }
            }
        }
        Ok(())
    }
}
