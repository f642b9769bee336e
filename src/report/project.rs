//! The output folder, made from ledger and input: every entry of the input is held against the ledger.
//!
//! Reads the input once more, in batches; memory does not grow with it. Nothing appears in the folder
//! before the totals add up.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use jiff::civil::Date;

use super::error::ReportError;
use super::gather::{Gathered, Gatherer, OfItem};
use super::known::{corrected, known_of, remark_on_key, request_of_copy, settled_by};
use super::rejects::{self, RejectsWriter};
use super::rejects_digest::Rejects;
use super::rejects_file;
use super::results::{self, Line, ResultsWriter};
use crate::blocking;
use crate::codes::{OutcomeCode, ProblemCode, ReasonCode};
use crate::entry::{Entry, Position};
use crate::intake::{InputPlaces, Intake, IntakeError, Item, Problem, RowPlaces, RowReading, Seen};
use crate::ledger::{Known, Ledger, Record, RunId, changed, claimed};
use crate::outcome::{Outcome, Reason, Settled, Tally, Via};
use crate::plan::ReadPlan;
use crate::private_file::Replacement;
use crate::received::ColumnOrder;
use crate::time_of_day;

/// Rows that are held against the ledger at once.
const ROWS_AT_ONCE: usize = 512;

/// What the files are made of.
#[derive(Debug)]
pub struct Projection<'a> {
    /// What is read and how.
    pub plan: &'a ReadPlan,
    /// Which of its inputs.
    pub input: usize,
    /// How rows of all its inputs are named.
    pub places: &'a InputPlaces,
    /// Of that input, as it was checked.
    pub sha256: &'a str,
    /// What became of the entries.
    pub ledger: &'a Ledger,
    /// The run that is told of; what others created came by way of the ledger.
    pub run: Option<RunId>,
    /// The order of its received dates; none when the job names no column for them.
    pub date_order: Option<&'a ColumnOrder>,
    /// The day, by UTC, from which the age of requests is counted.
    pub today: Date,
    /// The folder.
    pub out_dir: &'a Path,
}

/// What the files say.
#[derive(Clone, Debug)]
pub struct Projected {
    /// In numbers.
    pub tally: Tally,
    /// The rejects.
    pub rejects: Rejects,
    /// What the page tells besides.
    pub gathered: Box<Gathered>,
}

/// The work that goes back and forth between blocking threads and the ledger.
struct Pass {
    intake: Intake,
    seen: Seen,
    places: InputPlaces,
    results: ResultsWriter<BufWriter<File>>,
    rejects: RejectsWriter<BufWriter<File>>,
    rejected_rows: u64,
    gatherer: Gatherer,
    tally: Tally,
    run: Option<RunId>,
    /// No column identifies a row: its content does.
    is_keyless: bool,
}

impl Projection<'_> {
    /// Makes `results.csv` and the rejects. `seen` holds the entries of the inputs before this one.
    #[expect(
        clippy::too_many_lines,
        reason = "one pass over the input, with its two files"
    )]
    pub async fn write(&self, seen: Seen) -> Result<(Projected, Seen), ReportError> {
        let results_path = self.out_dir.join(results::FILE);
        let write_failed = |path: &Path| {
            let path = path.to_owned();
            move |cause: io::Error| ReportError::Write { path, cause }
        };
        let intake = Intake::open(self.plan, self.input, true)?;
        let rejects_path = self.out_dir.join(rejects::file_name(intake.shape().format));
        let results_file =
            Replacement::begin(&results_path).map_err(write_failed(&results_path))?;
        let rejects_file =
            Replacement::begin(&rejects_path).map_err(write_failed(&rejects_path))?;
        let open = |replacement: &Replacement| replacement.file().try_clone().map(BufWriter::new);
        let mut pass = Pass {
            results: open(&results_file)
                .and_then(|file| ResultsWriter::new(file).map_err(io::Error::from))
                .map_err(write_failed(&results_path))?,
            rejects: open(&rejects_file)
                .and_then(|file| RejectsWriter::new(file, intake.shape()))
                .map_err(write_failed(&rejects_path))?,
            seen,
            rejected_rows: 0,
            gatherer: Gatherer::new(
                self.date_order,
                self.today,
                RowPlaces::of(intake.shape()),
                !self.plan.rules.key.is_empty(),
            ),
            places: self.places.clone(),
            intake,
            tally: Tally::default(),
            run: self.run,
            is_keyless: self.plan.rules.key.is_empty(),
        };
        // While the ledger is asked for one batch, the one before is written and the next one read.
        let mut before = (Vec::new(), Vec::new());
        let mut rows: Vec<RowReading> = Vec::new();
        let mut is_begun = false;
        while !is_begun || !rows.is_empty() || !before.0.is_empty() {
            is_begun = true;
            let asked = known_of(&rows, self.plan, self.ledger);
            let (taken, known) = std::mem::take(&mut before);
            let step = blocking(move || {
                pass.write(taken, known)?;
                let next = pass.intake.next_batch(&mut pass.seen, ROWS_AT_ONCE)?;
                Ok::<_, PassError>((pass, next))
            });
            let (known, stepped) = tokio::join!(asked, step);
            let next;
            (pass, next) = stepped.map_err(|error| error.at(&results_path))?;
            before = (std::mem::replace(&mut rows, next), known?);
        }
        if pass
            .intake
            .digest()
            .is_none_or(|digest| digest.sha256 != self.sha256)
        {
            return Err(ReportError::InputChanged(
                self.plan.inputs[self.input].name.clone(),
            ));
        }
        if !pass.tally.adds_up() {
            return Err(ReportError::Totals(Box::new(pass.tally)));
        }
        pass.results.flush().map_err(write_failed(&results_path))?;
        pass.rejects.finish().map_err(write_failed(&rejects_path))?;
        results_file.finish().map_err(write_failed(&results_path))?;
        let rejects_file = (pass.rejected_rows > 0).then_some(rejects_file);
        let rejects = rejects_file::replace(&rejects_path, rejects_file, time_of_day())
            .map_err(write_failed(&rejects_path))?;
        let projected = Projected {
            tally: pass.tally,
            rejects,
            gathered: Box::new(pass.gatherer.finish()),
        };
        Ok((projected, pass.seen))
    }
}

enum PassError {
    Intake(IntakeError),
    Write(io::Error),
}

impl PassError {
    fn at(self, path: &Path) -> ReportError {
        match self {
            Self::Intake(error) => ReportError::Intake(error),
            Self::Write(cause) => ReportError::Write {
                path: path.to_owned(),
                cause,
            },
        }
    }
}

impl From<IntakeError> for PassError {
    fn from(error: IntakeError) -> Self {
        Self::Intake(error)
    }
}

impl From<io::Error> for PassError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl Pass {
    /// Writes rows with what the ledger holds of their entries, in the same order.
    fn write(&mut self, rows: Vec<RowReading>, known: Vec<Known>) -> io::Result<()> {
        let mut known = known.into_iter();
        for mut row in rows {
            self.tally.rows += 1;
            if row.items.is_empty() {
                self.tally.skipped_rows += 1;
            }
            let mut problems: Vec<String> = Vec::new();
            let mut created = Vec::new();
            let of_row = self.gatherer.row(&row);
            for item in std::mem::take(&mut row.items) {
                let of_item = OfItem::of(&item);
                let known = known.next().unwrap_or_default();
                let line = line_of(item, known, self.run, row.position, &self.places);
                self.tally.add(line.outcome(), line.settled.via);
                self.count_reason(&line);
                if line.outcome().is_reject() {
                    // What is wrong with the row is wrong with each of its entries: told once.
                    let problem = problem_of(&line);
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                } else if line.outcome() == Outcome::Created {
                    created.extend(line.request);
                }
                self.results.write(&line)?;
                self.gatherer.line(&line, of_row, of_item);
            }
            if let (false, Some(record)) = (problems.is_empty(), &row.record) {
                self.rejected_rows += 1;
                if self.is_keyless {
                    problems.extend(created.iter().map(|request| {
                        format!(
                            "`{request}` is created already: without key columns, a row that is changed creates it again"
                        )
                    }));
                }
                let mut problem = problems.join("; ");
                if let Some(source_row) = row.source_row {
                    problem = format!("{problem} {}", source_row.mark());
                }
                self.rejects.write(record, &problem)?;
            }
        }
        Ok(())
    }

    fn count_reason(&mut self, line: &Line) {
        let reason = line.settled.reason.as_ref();
        match reason.map(|reason| &reason.code) {
            Some(ReasonCode::Outcome(OutcomeCode::Changed)) => self.tally.changed += 1,
            Some(ReasonCode::Outcome(OutcomeCode::EchoDiffers)) => self.tally.echo_differs += 1,
            Some(ReasonCode::Outcome(OutcomeCode::CreatedTwice)) => self.tally.created_twice += 1,
            Some(ReasonCode::Outcome(OutcomeCode::Corrected)) => self.tally.corrected += 1,
            // An invalid row has the codes of all its problems.
            Some(ReasonCode::Problems(codes)) if codes.contains(&ProblemCode::KeyConflict) => {
                self.tally.conflicts += 1;
            }
            _ => {}
        }
    }
}

fn problem_of(line: &Line) -> String {
    let reason = line.settled.reason.as_ref();
    match (line.outcome(), reason) {
        (Outcome::Invalid, Some(reason)) => reason.message.clone(),
        (outcome, Some(reason)) => format!("{outcome}: {} ({})", reason.message, reason.code),
        (outcome, None) => outcome.name().to_owned(),
    }
}

/// What is told of an item, given what the ledger holds of it.
pub(crate) fn line_of(
    item: Item,
    known: Known,
    run: Option<RunId>,
    position: Position,
    places: &InputPlaces,
) -> Line {
    if let Some(copy) = corrected(&item, &known) {
        return Line {
            position,
            import_id: Some(copy.import_id),
            request: request_of_copy(&item, &copy),
            key: item.into_key(),
            settled: settled_by(&copy),
        };
    }
    match item {
        Item::Invalid {
            request,
            key,
            problems,
        } => {
            let mut reason = reason_of(&problems, places);
            if let Some(key) = &key {
                reason.message.extend(remark_on_key(key, request, &known));
            }
            let (key, names) = key.map(|key| (key.source.text, key.names)).unzip();
            Line {
                position,
                key,
                import_id: names.flatten().map(|names| names.import_id),
                request,
                settled: Settled::of(Outcome::Invalid, Some(reason)),
            }
        }
        Item::Entry(entry) | Item::Repeat { entry, .. } if known.refusal.is_some() => {
            Line::told(*entry, Settled::of(Outcome::Invalid, known.refusal))
        }
        Item::Repeat { entry, of, changed } => {
            let record = known.record;
            let code = if changed {
                OutcomeCode::Changed
            } else {
                OutcomeCode::Duplicate
            };
            let content = if changed { ", with other content" } else { "" };
            let place = places.row_seen_from(of, position);
            let reason = Reason::new(code, format!("repeats the key of {place}{content}"));
            let import_id = record.as_ref().map(|record| record.import_id);
            let receipt = record.and_then(|record| record.settled.receipt);
            Line {
                import_id: import_id.or(Some(entry.import_id)),
                settled: Settled {
                    receipt,
                    ..Settled::of(Outcome::Duplicate, Some(reason))
                },
                ..Line::of(&entry)
            }
        }
        Item::Entry(entry) => {
            let record = known.record;
            let known = record.as_ref().map(|record| record.import_id);
            let settled = settled_of(&entry, record, run);
            let line = Line::told(*entry, settled);
            Line {
                import_id: known.or(line.import_id),
                ..line
            }
        }
    }
}

fn settled_of(entry: &Entry, record: Option<Record>, run: Option<RunId>) -> Settled {
    let Some(record) = record else {
        return Settled::of(Outcome::NotSent, None);
    };
    let mut told = record.settled;
    if record.is_open {
        told.reason = Some(claimed(record.run));
    }
    let is_earlier = run.is_none_or(|run| run != record.run);
    if told.outcome == Outcome::Created {
        if is_earlier {
            told.via = Some(Via::Ledger);
        }
        if record.fingerprint.differs_from(entry.fingerprint) {
            told.reason = Some(changed());
        }
    }
    told
}

/// All problems of an item as one reason: their codes, and their sentences with the column in front.
fn reason_of(problems: &[Problem], places: &InputPlaces) -> Reason {
    let mut codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    codes.dedup();
    let messages: Vec<_> = problems
        .iter()
        .map(|problem| problem.with_cell(places))
        .collect();
    Reason::new(ReasonCode::Problems(codes), messages.join("; "))
}
