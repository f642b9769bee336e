//! The output folder of one input: results, rejects and summary, from ledger and input.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::ReportError;
use super::gather::Gathered;
use super::project::{Projected, Projection};
use super::summary::{Summary, exit_code, run_input};
use crate::check::Survey;
use crate::intake::Seen;
use crate::ledger::{Ledger, RunId, RunRecord};
use crate::outcome::Traffic;
use crate::plan::ReadPlan;
use crate::stop::StopCause;
use crate::today;

/// The result of importing one input.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The content of the summary file.
    pub summary: Summary,
    /// The rejects, when there are any.
    pub rejects: Option<PathBuf>,
    /// The folder.
    pub out_dir: PathBuf,
    /// The run; `None`: none over this input is known.
    pub run: Option<RunId>,
    /// The additional data of the page.
    pub gathered: Box<Gathered>,
}

/// The figures of a run in its summary, apart from its entries.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RunFigures {
    /// `None`: no run over the input is known.
    pub(crate) run: Option<RunId>,
    pub(crate) traffic: Traffic,
    pub(crate) started_at: Option<SystemTime>,
    pub(crate) finished_at: Option<SystemTime>,
    /// The recorded exit code; `None`: it follows from the entries.
    pub(crate) exit_code: Option<u8>,
}

impl RunFigures {
    /// Takes the figures of an earlier run from the ledger.
    pub(crate) fn of(run: &RunRecord) -> Self {
        Self {
            run: Some(run.id),
            traffic: Traffic {
                attempts: run.attempts,
                lookups: run.lookups,
            },
            started_at: Some(run.started_at),
            finished_at: run.finished_at,
            exit_code: run.exit_code,
        }
    }
}

/// The inputs whose folders are written, and the ledger that knows their entries.
#[derive(Debug)]
pub(crate) struct Folders<'a> {
    pub(crate) plan: &'a ReadPlan,
    pub(crate) survey: &'a Survey,
    pub(crate) ledger: &'a Ledger,
}

impl Folders<'_> {
    /// Writes the files of an input, all but the page. `seen` holds the entries of the inputs before it. `stopped` is
    /// asked when the entries are written: a run can be stopped until then.
    pub(crate) async fn write(
        &self,
        input: usize,
        out_dir: &Path,
        figures: RunFigures,
        stopped: impl FnOnce() -> Option<StopCause>,
        seen: Seen,
    ) -> Result<(Imported, Seen), ReportError> {
        let survey = &self.survey.inputs[input];
        let projection = Projection {
            plan: self.plan,
            input,
            places: &self.survey.places(),
            sha256: &survey.digest.sha256,
            ledger: self.ledger,
            run: figures.run,
            date_order: survey.date_order.as_ref(),
            today: today(),
            out_dir,
        };
        let (projected, seen) = projection.write(seen).await?;
        let Projected {
            tally,
            rejects,
            gathered,
        } = projected;
        let summary = Summary {
            input: run_input(survey, input),
            tally,
            traffic: figures.traffic,
            started_at: figures.started_at,
            finished_at: figures.finished_at,
            exit_code: figures
                .exit_code
                .unwrap_or_else(|| exit_code(stopped().as_ref(), &tally)),
            rejects: rejects.clone(),
        };
        summary.write(out_dir)?;
        let imported = Imported {
            summary,
            rejects: rejects.path,
            out_dir: out_dir.to_owned(),
            run: figures.run,
            gathered,
        };
        Ok((imported, seen))
    }
}
