//! Inputs and ledger, held against what Concord holds. Sends no POST.
//!
//! In: the inputs of a plan, a ledger (which may be new: then it is rebuilt), and the project's list. Out: a
//! `reconcile.csv` for each input, and a ledger that knows what was found.
//! The order is that of an import: **claim → commit → settle → commit → show**.
//!
//! What is in doubt and not in the list is claimed, so that nobody sends it meanwhile, and looked for a second time,
//! after the settle time and in a second reading of the whole list, before anything is concluded from that. A list that
//! does not show a request that the ledger knows as created proves nothing: then entries in doubt stay in doubt.

mod judge;

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::JoinSet;
use uuid::Uuid;

use judge::{Desk, Finding, Judged, found};

use crate::blocking;
use crate::check::{InputSurvey, Survey};
use crate::entry::{ImportId, Names};
use crate::event::{Event, Events};
use crate::intake::{InputPlaces, Intake, IntakeError, Seen};
use crate::ledger::{
    Claim, ClaimRequest, Fetched, Held, KnownCreated, Ledger, LedgerError, RunEnd, RunId, RunKind,
    Settlement,
};
use crate::listed::Listed;
use crate::outbound::{KNOWN_EARLIER_MAX, NoPage, Omission, Outbound, UNMARKED_ONE_IN};
use crate::outcome::{Outcome, Tally, Traffic};
use crate::plan::{Mark, ReadPlan, Target};
use crate::private_file::{Replacement, create_private_dir};
use crate::report::reconciliation::{self, Line, ReconciliationWriter, Remark, Verdict, Verdicts};
use crate::report::summary::run_input;
use crate::report::{ReportError, known_of};
use crate::stop::StopSignal;
use crate::time_of_day;

/// Rows that are compared at once.
const ROWS_AT_ONCE: usize = 512;
/// Strangers that are looked at at once.
const STRANGERS_AT_ONCE: u32 = 512;
/// Readings of the whole list, until one shows as many requests as the project had when it began.
const READINGS_MAX: u32 = 5;
/// How long a comparison that no longer renews its lease is taken for alive, and how often it does.
const LEASE: Duration = Duration::from_mins(2);
const LEASE_RENEWAL: Duration = Duration::from_secs(15);

/// What the ledger has as the exit code of a comparison that was not finished.
const STOPPED: u8 = 3;

/// Why a comparison could not be made or finished.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The input or the files.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The server does not show what the project holds.
    #[error("the project's requests cannot be listed: {0}")]
    NoList(NoList),
    /// The run was stopped; what was fetched is kept for an hour.
    #[error("stopped before everything was compared")]
    Stopped,
}

/// Why the server does not show what the project holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoList {
    /// It forbids or lacks the list, or gives one that cannot be read.
    #[error("{0}")]
    Withheld(String),
    /// It did not serve us.
    #[error("{0}")]
    NotServed(String),
    /// It showed fewer requests than it said, in every reading.
    #[error(
        "it says that there are {total} and showed {shown}, in each of {READINGS_MAX} readings"
    )]
    Unsteady {
        /// What it said.
        total: u64,
        /// What it showed in the last reading.
        shown: u64,
    },
}

impl From<IntakeError> for ReconcileError {
    fn from(error: IntakeError) -> Self {
        Self::Report(error.into())
    }
}

/// What comparing needs.
#[derive(Clone, Debug)]
pub struct Reconciler {
    /// What is read and how.
    pub read: Arc<ReadPlan>,
    /// Whose requests are compared.
    pub target: Target,
    /// How long what may still be created is waited for.
    pub settle: Duration,
    /// The durable truth.
    pub ledger: Ledger,
    /// Its file: what is fetched is kept beside it.
    pub ledger_path: PathBuf,
    /// The way to Concord.
    pub outbound: Arc<Outbound>,
    /// Ends it early.
    pub stop: StopSignal,
    /// Hears what happens.
    pub events: Events,
}

/// What came of one input.
#[derive(Clone, Debug)]
pub struct Reconciled {
    /// The input's name, as given.
    pub input: String,
    /// In numbers.
    pub verdicts: Verdicts,
    /// The file.
    pub path: PathBuf,
}

impl Reconciled {
    /// The counts in one line, for programs.
    pub fn to_line(&self) -> String {
        let counts = Verdict::ALL.map(|verdict| {
            let count = self.verdicts.count(verdict);
            (verdict.name().to_owned(), serde_json::Value::from(count))
        });
        let mut line = serde_json::Map::from_iter(counts);
        let Verdicts {
            differing,
            changed,
            other_in_ledger,
            ..
        } = self.verdicts;
        for (name, count) in [
            ("differing", differing),
            ("changed", changed),
            ("other_in_ledger", other_in_ledger),
        ] {
            line.insert(name.into(), count.into());
        }
        line.insert("input".into(), self.input.as_str().into());
        serde_json::Value::Object(line).to_string()
    }
}

impl Reconciler {
    /// Compares all inputs, each into its folder.
    pub async fn reconcile(
        &self,
        survey: &Survey,
        out_dirs: &[PathBuf],
    ) -> Result<Vec<Reconciled>, ReconcileError> {
        let mut runs = Vec::with_capacity(survey.inputs.len());
        for (input, one) in survey.inputs.iter().enumerate() {
            let input = run_input(one, input);
            let begun = self.ledger.begin_run(RunKind::Reconciliation, input, LEASE);
            runs.push(begun.await?);
        }
        let mut upkeep = JoinSet::new();
        upkeep.spawn(keep_leases(self.ledger.clone(), runs.clone()));
        let compared = Box::pin(self.compare(survey, out_dirs, &runs)).await;
        upkeep.shutdown().await;
        for (n, run) in runs.into_iter().enumerate() {
            let exit_code = match &compared {
                Ok(all) => u8::from(!all[n].verdicts.all_agree()),
                Err(_) => self.stop.cause().map_or(STOPPED, |cause| cause.exit_code()),
            };
            let traffic = self.outbound.traffic();
            let end = RunEnd {
                finished_at: time_of_day(),
                exit_code,
                tally: Tally::default(),
                traffic: if n == 0 { traffic } else { Traffic::default() },
                timeline: None,
            };
            self.ledger.end_run(run, end).await?;
        }
        compared
    }

    async fn compare(
        &self,
        survey: &Survey,
        out_dirs: &[PathBuf],
        runs: &[RunId],
    ) -> Result<Vec<Reconciled>, ReconcileError> {
        let (ledger_path, target) = (self.ledger_path.clone(), self.target.clone());
        let held = blocking(move || Held::open(&ledger_path, &target)).await?;
        // A reading that was begun by another process may lack what was created in between.
        let is_half = held.fetched().next_offset > 0;
        let held = self.fetch(held).await?;
        let places = survey.places();
        let (missing, only_in_ledger, held) =
            self.claim_missing(survey, runs, &places, held).await?;
        let mut reading_began = time_of_day();
        let held = if missing == 0 && !is_half {
            held
        } else {
            self.wait(self.settle).await?;
            reading_began = time_of_day();
            self.fetch(next_reading(held).await?).await?
        };
        held.account_for_none()?;
        let (mut held, omitted) = self.omitted(held, only_in_ledger, reading_began).await?;
        let mut seen = survey.seen();
        let mut all = Vec::new();
        for (input, (one, out_dir)) in survey.inputs.iter().zip(out_dirs).enumerate() {
            let mut desk = self.open(input, &places, runs[input], held, seen).await?;
            desk.reading_began = reading_began;
            desk.omitted = omitted;
            let is_last = input + 1 == survey.inputs.len();
            let (reconciled, desk) = self.reconcile_one(one, out_dir, is_last, desk).await?;
            all.push(reconciled);
            (held, seen) = (desk.held, desk.seen);
        }
        held.remove();
        Ok(all)
    }

    /// Reads the whole list, until one reading shows all that was there when it began.
    ///
    /// Requests that are created meanwhile only move others further back, so none is passed over; only a request that
    /// moves to the front can be, and then there are fewer than there should be.
    async fn fetch(&self, mut held: Held) -> Result<Held, ReconcileError> {
        let mut readings = 1;
        let mut largest = 0;
        loop {
            let at = held.fetched();
            let page = self
                .outbound
                .list_page(self.target.project, at.next_offset)
                .await
                .map_err(|error| match error {
                    NoPage::Stopped => ReconcileError::Stopped,
                    NoPage::Unable(reason) => {
                        ReconcileError::NoList(NoList::Withheld(reason.message))
                    }
                    NoPage::NotServed(reason) => {
                        ReconcileError::NoList(NoList::NotServed(reason.message))
                    }
                })?;
            let next = Fetched {
                next_offset: at.next_offset + page.count,
                pass_total: at.pass_total.or(Some(page.total)),
                ..at
            };
            self.events.tell(Event::Fetched {
                done: next.next_offset.min(page.total),
                total: page.total,
            });
            // The server may give less than it is asked for.
            let is_full = page.is_full || page.count == largest;
            largest = largest.max(page.count);
            let is_end = page.count == 0 || (next.next_offset >= page.total && !is_full);
            held = blocking(move || {
                held.add(&page.items, next)?;
                Ok::<_, LedgerError>(held)
            })
            .await?;
            if !is_end {
                continue;
            }
            let found = held.found_in_pass()?;
            let total = next.pass_total.unwrap_or_default();
            if found >= total {
                return Ok(held);
            }
            if readings == READINGS_MAX {
                let shown = found;
                return Err(ReconcileError::NoList(NoList::Unsteady { total, shown }));
            }
            readings += 1;
            held = next_reading(held).await?;
        }
    }

    /// Returns an existing request that the list does not show. Then other missing requests may exist as well.
    /// Checks the newest requests of the ledger, and those of the inputs that were not found before.
    async fn omitted(
        &self,
        held: Held,
        only_in_ledger: Vec<KnownCreated>,
        reading_began: SystemTime,
    ) -> Result<(Held, Option<Omission>), ReconcileError> {
        let mut known = self.ledger.known_created(KNOWN_EARLIER_MAX).await?;
        known.extend(only_in_ledger);
        // A request that was created just before the reading need not be listed yet.
        known.retain(|one| one.settled_at + self.settle <= reading_began);
        let has_marks = self.read.rules.mark == Mark::Notes;
        let found = blocking(move || {
            let count = known.len();
            let mut unmarked = Vec::new();
            for KnownCreated {
                import_id, receipt, ..
            } in known
            {
                let is_marked = !held.marked(import_id)?.is_empty();
                if !is_marked && held.of_id(receipt.id)?.is_none() {
                    return Ok((held, Some(Omission::Missing(receipt.id))));
                }
                if has_marks && !is_marked {
                    unmarked.push(receipt.id);
                }
            }
            let is_unreadable = unmarked.len() * UNMARKED_ONE_IN > count;
            let first = unmarked.first().filter(|_| is_unreadable);
            let omission = first.map(|id| Omission::Unmarked(*id));
            Ok::<_, LedgerError>((held, omission))
        });
        Ok(found.await?)
    }

    /// Returns the number of entries that should or may exist and were not found, and some of those that should. Claims
    /// the entries in doubt.
    async fn claim_missing(
        &self,
        survey: &Survey,
        runs: &[RunId],
        places: &InputPlaces,
        mut held: Held,
    ) -> Result<(usize, Vec<KnownCreated>, Held), ReconcileError> {
        let mut missing = 0;
        let mut only_in_ledger = Vec::new();
        let mut seen = survey.seen();
        for (input, run) in runs.iter().enumerate() {
            let mut desk = self.open(input, places, *run, held, seen).await?;
            loop {
                let judged;
                (desk, judged) = self.judge_batch(desk).await?;
                let Some(judged) = judged else { break };
                missing += judged.iter().filter(|one| one.is_missing()).count();
                let room = (KNOWN_EARLIER_MAX as usize).saturating_sub(only_in_ledger.len());
                only_in_ledger.extend(
                    judged
                        .iter()
                        .filter_map(|one| one.only_in_ledger)
                        .take(room),
                );
                let requests: Vec<_> = judged.into_iter().filter_map(|one| one.doubt).collect();
                if !requests.is_empty() {
                    self.ledger.claim(*run, requests).await?;
                }
            }
            (held, seen) = (desk.held, desk.seen);
        }
        Ok((missing, only_in_ledger, held))
    }

    async fn open(
        &self,
        input: usize,
        places: &InputPlaces,
        run: RunId,
        held: Held,
        seen: Seen,
    ) -> Result<Desk, ReconcileError> {
        let (plan, places) = (Arc::clone(&self.read), places.clone());
        Ok(blocking(move || {
            Ok::<_, IntakeError>(Desk {
                intake: Intake::open(&plan, input, false)?,
                places,
                seen,
                held,
                plan,
                run,
                reading_began: time_of_day(),
                omitted: None,
            })
        })
        .await?)
    }

    /// The next rows, each entry held against ledger and list; none at the input's end.
    async fn judge_batch(&self, desk: Desk) -> Result<(Desk, Option<Vec<Judged>>), ReconcileError> {
        if self.stop.is_raised() {
            return Err(ReconcileError::Stopped);
        }
        let mut desk = desk;
        let rows;
        (desk, rows) = blocking(move || {
            let rows = desk.intake.next_batch(&mut desk.seen, ROWS_AT_ONCE)?;
            Ok::<_, IntakeError>((desk, rows))
        })
        .await?;
        if rows.is_empty() {
            return Ok((desk, None));
        }
        let known = known_of(&rows, &self.read, &self.ledger).await?;
        let judged;
        (desk, judged) = blocking(move || {
            let judged = desk.judge(rows, known)?;
            Ok::<_, LedgerError>((desk, judged))
        })
        .await?;
        Ok((desk, Some(judged)))
    }

    async fn reconcile_one(
        &self,
        survey: &InputSurvey,
        out_dir: &Path,
        is_last: bool,
        mut desk: Desk,
    ) -> Result<(Reconciled, Desk), ReconcileError> {
        let path = out_dir.join(reconciliation::FILE);
        let write_failed = |cause: io::Error| ReportError::Write {
            path: path.clone(),
            cause,
        };
        create_private_dir(out_dir).map_err(write_failed)?;
        let file = Replacement::begin(&path).map_err(write_failed)?;
        let out = file.file().try_clone().map_err(write_failed)?;
        let mut writer = ReconciliationWriter::new(BufWriter::new(out))
            .map_err(|error| write_failed(error.into()))?;
        let mut verdicts = Verdicts::default();
        let mut show = |lines: Vec<Line>| -> io::Result<()> {
            for line in lines {
                verdicts.add(&line);
                writer.write(&line)?;
            }
            Ok(())
        };
        loop {
            let judged;
            (desk, judged) = self.judge_batch(desk).await?;
            let Some(judged) = judged else { break };
            show(self.settle_all(desk.run, judged).await?).map_err(write_failed)?;
        }
        if desk
            .intake
            .digest()
            .is_none_or(|digest| digest != survey.digest)
        {
            return Err(ReportError::InputChanged(survey.name.clone()).into());
        }
        if is_last {
            let mut after = None;
            while let Some(strangers) = some(desk.held.strangers(after, STRANGERS_AT_ONCE)?) {
                after = strangers
                    .last()
                    .map(|last| (mark_of(last), last.receipt.id));
                let judged = self.judge_strangers(strangers).await?;
                show(self.settle_all(desk.run, judged).await?).map_err(write_failed)?;
            }
        }
        writer.flush().map_err(write_failed)?;
        file.finish().map_err(write_failed)?;
        let reconciled = Reconciled {
            input: survey.name.clone(),
            verdicts,
            path,
        };
        Ok((reconciled, desk))
    }

    /// Claims and settles what was found out; the lines, as they then are.
    async fn settle_all(&self, run: RunId, judged: Vec<Judged>) -> Result<Vec<Line>, LedgerError> {
        let requests: Vec<_> = judged
            .iter()
            .filter_map(|one| one.finding.as_ref()?.request.clone())
            .collect();
        let mut claimed = if requests.is_empty() {
            Vec::new()
        } else {
            self.ledger.claim(run, requests).await?
        }
        .into_iter();
        let mut settling = JoinSet::new();
        let mut lines = Vec::with_capacity(judged.len());
        for Judged {
            mut line, finding, ..
        } in judged
        {
            if let Some(Finding {
                request,
                settlement,
            }) = finding
            {
                // What was claimed at the first look is ours already.
                let claim = match request {
                    Some(_) => claimed.next().map(|claimed| claimed.claim),
                    None => Some(Claim::Fresh),
                };
                match claim {
                    Some(Claim::Elsewhere(other)) => {
                        line.verdict = Verdict::Unknown;
                        line.remarks = vec![Remark::UnderWay(other)];
                    }
                    Some(Claim::Fresh | Claim::InDoubt { .. }) => {
                        let ledger = self.ledger.clone();
                        settling.spawn(async move {
                            let nothing_sent = Traffic::default();
                            let settled = ledger.settle(run, settlement, nothing_sent);
                            settled.await.map(drop)
                        });
                    }
                    Some(Claim::Refused(reason)) => {
                        line.verdict = Verdict::Unknown;
                        line.remarks = vec![Remark::Problem(reason.message)];
                    }
                    // Another process has found it meanwhile.
                    Some(Claim::Created { .. }) | None => {}
                }
            }
            lines.push(line);
        }
        while let Some(settled) = settling.join_next().await {
            settled.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        }
        Ok(lines)
    }

    /// Requests that bear marks and belong to none of the inputs. The ledger keeps them as well, so that a run over
    /// the input they come from does not create them again.
    async fn judge_strangers(&self, strangers: Vec<Listed>) -> Result<Vec<Judged>, LedgerError> {
        let names = strangers.iter().map(|one| Names {
            import_id: mark_of(one),
            other: None,
        });
        let records = self.ledger.get(names.collect()).await?;
        let judged = strangers.into_iter().zip(records).map(|(one, record)| {
            let import_id = mark_of(&one);
            let ledger = record.map(|record| record.settled.outcome);
            let finding =
                (ledger != Some(Outcome::Created) && is_ours(import_id)).then(|| Finding {
                    request: Some(ClaimRequest::of_name(import_id, one.key_use())),
                    settlement: Settlement {
                        import_id,
                        settled: found(&one, None),
                        content: None,
                    },
                });
            Judged {
                finding,
                ..Judged::of(Line {
                    position: None,
                    key: None,
                    import_id: Some(import_id),
                    request: one.request,
                    verdict: match ledger {
                        Some(_) => Verdict::OfAnotherInput,
                        None => Verdict::Stranger,
                    },
                    ledger,
                    held: vec![one],
                    differences: Vec::new(),
                    remarks: Vec::new(),
                })
            }
        });
        Ok(judged.collect())
    }

    async fn wait(&self, duration: Duration) -> Result<(), ReconcileError> {
        tokio::select! {
            biased;
            _ = self.stop.raised() => Err(ReconcileError::Stopped),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }
}

async fn next_reading(mut held: Held) -> Result<Held, LedgerError> {
    blocking(move || {
        let before = held.fetched();
        let next = Fetched {
            next_offset: 0,
            pass: before.pass + 1,
            pass_total: None,
            ..before
        };
        held.add(&[], next)?;
        Ok(held)
    })
    .await
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// Renews the leases of runs until it is shut down. A lease that is lost shows when something is settled.
async fn keep_leases(ledger: Ledger, runs: Vec<RunId>) {
    loop {
        tokio::time::sleep(LEASE_RENEWAL).await;
        for run in &runs {
            if let Err(error) = ledger.renew(*run, LEASE, Traffic::default()).await {
                tracing::warn!(%error, "a lease was not renewed");
            }
        }
    }
}

/// Whether a mark can be one of ours: they are all of one kind.
fn is_ours(import_id: ImportId) -> bool {
    import_id.0.get_version() == Some(uuid::Version::Sha1)
}

/// The mark under which a stranger was listed.
fn mark_of(stranger: &Listed) -> ImportId {
    stranger
        .marks
        .first()
        .copied()
        .unwrap_or(ImportId(Uuid::nil()))
}
