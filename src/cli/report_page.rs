//! `report.html` of each input of a run: what the terminal says, and what was gathered, on a page.

use std::path::Path;

use super::ending;
use super::explain::CliError;
use crate::ledger::Ledger;
use crate::plan::{CorePlan, Target};
use crate::report::Imported;
use crate::report::page::{Page, RUNS_SHOWN, Stopped};
use crate::stop::StopCause;
use crate::time_of_day;

/// What is the same on the pages of all inputs.
pub(super) struct Pages<'a> {
    pub(super) plan: &'a CorePlan,
    pub(super) ledger: &'a Ledger,
    pub(super) is_sandbox: bool,
    pub(super) stopped: Option<&'a StopCause>,
    pub(super) steps: &'a [String],
    pub(super) shows_values: bool,
}

impl Pages<'_> {
    /// Writes the page of each input into its folder.
    pub(super) async fn write(&self, imported: &[Imported]) -> Result<(), CliError> {
        for done in imported {
            let history = self.ledger.history(done.run, RUNS_SHOWN).await?;
            let target: &Target = &self.plan.target;
            let received = self.plan.read.rules.received.as_ref();
            let page = Page {
                summary: &done.summary,
                gathered: &done.gathered,
                history: &history,
                run: done.run,
                target,
                is_sandbox: self.is_sandbox,
                stopped: self.stopped.map(|cause| Stopped {
                    cause: cause.to_string(),
                    hint: cause.hint().to_owned(),
                }),
                steps: self.steps,
                rejects: done.rejects.as_deref().and_then(name_of),
                received: received.map(|rule| rule.column.as_str()),
                remark: ending::remark,
                shows_values: self.shows_values,
                now: time_of_day(),
            };
            page.write(&done.out_dir)?;
        }
        Ok(())
    }
}

fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}
