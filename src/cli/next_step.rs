//! The next step at the end of a run: in words, and as a command to copy.

use std::path::PathBuf;

use super::resolve::{next_round, out_root};
use super::typed::{Changes, Typed, Verb};
use super::words::counted;
use crate::outcome::{Outcome, Tally};
use crate::report::Imported;
use crate::report::results;
use crate::stop::StopCause;

const LIMIT_REACHED: &str = "The limit was reached. ";
const LOOK_FIRST: &str =
    "Before you go on, look in Concord at what was created, by the ids in results.csv.\n";

/// A run that has ended, and what was typed.
pub(super) struct Ended<'a> {
    pub(super) imported: &'a [Imported],
    pub(super) out_dirs: &'a [PathBuf],
    pub(super) stopped: Option<&'a StopCause>,
    pub(super) typed: Typed<'a>,
}

impl Ended<'_> {
    /// What to do next, as text.
    pub(super) fn next_step(&self) -> String {
        let stopped = self
            .stopped
            .map(|cause| format!("Stopped: {cause}.\nhint: {}", cause.hint()));
        let paragraphs: Vec<_> = stopped.into_iter().chain(self.next_steps()).collect();
        format!("\n{}", paragraphs.join("\n\n"))
    }

    /// What to do next, as a command where there is one: on a line that begins with two blanks. One paragraph a step.
    pub(super) fn next_steps(&self) -> Vec<String> {
        let mut steps = match self.stopped {
            Some(_) => vec![self.after_stop()],
            None => self.after_end(),
        };
        // Before the end, what it repeats may not be sent either.
        if self.stopped.is_none() {
            steps.extend(self.changed());
            steps.extend(self.differing());
            steps.extend(self.twice());
        }
        if steps.is_empty() {
            steps.push(if self.tallies().any(|tally| tally.entries > 0) {
                "Every entry is created; running the same command again creates nothing twice."
                    .into()
            } else {
                "The input holds no entry: there was nothing to create.".into()
            });
        }
        steps
    }

    fn after_stop(&self) -> String {
        // What is in doubt is not counted: it is sent, and counted, when the run goes on.
        let created_now: u64 = self.tallies().map(|tally| tally.created_now).sum();
        let limit = self.typed.args.sending.limit;
        let left = limit.map(|limit| limit.saturating_sub(created_now));
        let mut step = self.again("to go on where it stopped", left.filter(|left| *left > 0));
        if left == Some(0) {
            step.insert_str(0, LIMIT_REACHED);
        }
        step
    }

    fn after_end(&self) -> Vec<String> {
        let mut steps = Vec::new();
        let is_left = self.sum(Outcome::NotSent) > 0;
        if is_left {
            let mut step = self.again("to send the others", None);
            if self.typed.args.sending.limit.is_some() {
                step.insert_str(0, LIMIT_REACHED);
                // A pilot is for looking.
                if self.tallies().any(|tally| tally.created_now > 0) {
                    step.insert_str(LIMIT_REACHED.len(), LOOK_FIRST);
                }
            }
            steps.push(step);
        }
        if self.sum(Outcome::InDoubt) > 0 {
            let doubt = "Some may exist in Concord although no answer came";
            steps.push(if is_left {
                format!("{doubt}; the same command looks again.")
            } else {
                format!("{doubt}. {}", self.again("to look again", None))
            });
        }
        // What is left is sent by the command that sends the others.
        if self.sum(Outcome::Failed) > 0 && !is_left {
            steps.push(self.again("to send again what failed", None));
        }
        steps.extend(self.rejects());
        steps.extend(self.edited_rejects());
        steps
    }

    /// The rejects of all inputs, together: what repeats across them is seen as one run.
    fn rejects(&self) -> Option<String> {
        let refused = [Outcome::Invalid, Outcome::Rejected];
        let rejects = self.imported.iter().filter_map(|done| done.rejects.clone());
        let rejects: Vec<PathBuf> = rejects.collect();
        if rejects.is_empty() || refused.into_iter().all(|outcome| self.sum(outcome) == 0) {
            return None;
        }
        let names: Vec<_> = rejects
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let command = self.round_over(rejects);
        Some(format!(
            "Next, once the rows in {} are corrected (`import_problem` says how):\n  {command}",
            names.join(" and ")
        ))
    }

    /// Returns the advice to send the rejects that were edited before this run, if there are still rejects.
    fn edited_rejects(&self) -> Option<String> {
        let edited = self.imported.iter();
        let edited = edited.filter(|done| done.rejects.is_some());
        let edited = edited.filter_map(|done| done.summary.rejects.edited.clone());
        let edited: Vec<PathBuf> = edited.collect();
        if edited.is_empty() {
            return None;
        }
        let command = self.round_over(edited);
        Some(format!(
            "The rejects had been edited since the last run, and are kept.\n\
             Next, to send what was corrected in them, if you have not sent it yet:\n  {command}"
        ))
    }

    /// Returns the command that imports only files of rejects.
    fn round_over(&self, inputs: Vec<PathBuf>) -> String {
        let root = out_root(self.typed.args.output.out.as_deref(), self.out_dirs);
        self.typed.command(
            Verb::Run,
            Changes {
                inputs: Some(inputs),
                out: Some(next_round(root)),
                limit: None,
            },
        )
    }

    /// Entries that look like others and are not.
    fn changed(&self) -> Option<String> {
        let count: u64 = self.tallies().map(|tally| tally.changed).sum();
        let files = self.results_with(|tally| tally.changed);
        let (entries, was, is) = match count {
            0 => return None,
            1 => ("1 entry has".to_owned(), "it was", "it is"),
            _ => (format!("{count} entries have"), "they were", "one is"),
        };
        Some(format!(
            "{entries} the key of an earlier one and other content: {was} not sent, and Concord holds the earlier content.\n\
             See `error_code` `changed` in {files}.\n\
             If {is} another request, make the key unique (`key` in the job file); if {is} the same, change that request \
             in Concord by hand."
        ))
    }

    /// Requests that are not as they were sent.
    fn differing(&self) -> Option<String> {
        let count: u64 = self.tallies().map(|tally| tally.echo_differs).sum();
        let files = self.results_with(|tally| tally.echo_differs);
        (count > 0).then(|| {
            format!(
                "Concord shows {} otherwise than sent: look there whether what `error` names is as it should be.\n\
                 See `error_code` `echo_differs` in {files}.",
                counted(count, "request")
            )
        })
    }

    /// Entries that exist more than once.
    fn twice(&self) -> Option<String> {
        let count: u64 = self.tallies().map(|tally| tally.created_twice).sum();
        let files = self.results_with(|tally| tally.created_twice);
        (count > 0).then(|| {
            format!(
                "Concord holds {} more than once: of each, resolve all but one request there by hand, since the API cannot \
                 delete.\n\
                 See `error_code` `created_twice` in {files}.",
                counted(count, "entry")
            )
        })
    }

    /// The results of the inputs that have some of these.
    fn results_with(&self, some: impl Fn(&Tally) -> u64) -> String {
        let with = self
            .imported
            .iter()
            .filter(|done| some(&done.summary.tally) > 0);
        let files: Vec<_> = with
            .map(|done| done.out_dir.join(results::FILE).display().to_string())
            .collect();
        files.join(" and ")
    }

    fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.imported.iter().map(|done| &done.summary.tally)
    }

    fn sum(&self, outcome: Outcome) -> u64 {
        self.tallies().map(|tally| tally.count(outcome)).sum()
    }

    fn again(&self, purpose: &str, limit: Option<u64>) -> String {
        self.typed.again(Verb::Run, purpose, limit)
    }
}
