//! The next step at the end of a run: in words, and as a command that works as it stands when it is copied.
//!
//! A command is the one that was typed, with what has to differ: its inputs, its output folder, its limit.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::args::CommonArgs;
use super::resolve::{STDIN, next_round, out_root};
use crate::import::Imported;
use crate::outcome::{Outcome, Tally};
use crate::report::results;
use crate::stop::StopCause;

const LIMIT_REACHED: &str = "The limit was reached. ";

/// A run that has ended, and what was typed.
pub(super) struct Ended<'a> {
    pub(super) imported: &'a [Imported],
    pub(super) out_dirs: &'a [PathBuf],
    pub(super) stopped: Option<&'a StopCause>,
    pub(super) args: &'a CommonArgs,
    pub(super) job: Option<&'a Path>,
}

/// What a printed command takes the place of.
#[derive(Default)]
struct Changes {
    inputs: Option<Vec<PathBuf>>,
    out: Option<PathBuf>,
    limit: Option<u64>,
}

impl Ended<'_> {
    /// What to do next, as a command where there is one. One paragraph a step.
    pub(super) fn next_step(&self) -> String {
        let mut steps = match self.stopped {
            Some(cause) => self.after_stop(cause),
            None => self.after_end(),
        };
        // Before the end, what it repeats may not be sent either.
        steps.extend(self.changed().filter(|_| self.stopped.is_none()));
        if steps.is_empty() {
            steps.push(if self.tallies().any(|tally| tally.entries > 0) {
                "Every entry is created; running the same command again creates nothing twice."
                    .into()
            } else {
                "The input holds no entry: there was nothing to create.".into()
            });
        }
        format!("\n{}", steps.join("\n\n"))
    }

    fn after_stop(&self, cause: &StopCause) -> Vec<String> {
        // What is in doubt is not counted: it is sent, and counted, when the run goes on.
        let created_now: u64 = self.tallies().map(|tally| tally.created_now).sum();
        let limit = self.args.sending.limit;
        let left = limit.map(|limit| limit.saturating_sub(created_now));
        let mut step = self.again("to go on where it stopped", left.filter(|left| *left > 0));
        if left == Some(0) {
            step.insert_str(0, LIMIT_REACHED);
        }
        vec![format!("Stopped: {cause}.\nhint: {}", cause.hint()), step]
    }

    fn after_end(&self) -> Vec<String> {
        let mut steps = Vec::new();
        let is_left = self.sum(Outcome::NotSent) > 0;
        if is_left {
            let mut step = self.again("to send the others", None);
            if self.args.sending.limit.is_some() {
                step.insert_str(0, LIMIT_REACHED);
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
        steps.extend(self.rejects());
        steps
    }

    /// The rejects of all inputs, together: what repeats across them is seen as one run.
    fn rejects(&self) -> Option<String> {
        let refused = [Outcome::Invalid, Outcome::Rejected, Outcome::Failed];
        let rejects = self.imported.iter().filter_map(|done| done.rejects.clone());
        let rejects: Vec<PathBuf> = rejects.collect();
        if rejects.is_empty() || refused.into_iter().all(|outcome| self.sum(outcome) == 0) {
            return None;
        }
        let names: Vec<_> = rejects
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let root = out_root(self.args.output.out.as_deref(), self.out_dirs);
        let command = self.command(Changes {
            inputs: Some(rejects),
            out: Some(next_round(root)),
            limit: None,
        });
        Some(format!(
            "Next, once the rows in {} are corrected (`import_problem` says how):\n  {command}",
            names.join(" and ")
        ))
    }

    /// Entries that look like others and are not.
    fn changed(&self) -> Option<String> {
        let count: u64 = self.tallies().map(|tally| tally.changed).sum();
        let with = self
            .imported
            .iter()
            .filter(|done| done.summary.tally.changed > 0);
        let files: Vec<_> = with
            .map(|done| done.out_dir.join(results::FILE).display().to_string())
            .collect();
        let (entries, was, is) = match count {
            0 => return None,
            1 => ("1 entry has".to_owned(), "it was", "it is"),
            _ => (format!("{count} entries have"), "they were", "one is"),
        };
        Some(format!(
            "{entries} the key of an earlier one and other content: {was} not sent, and Concord holds the earlier content.\n\
             See `error_code` `changed` in {}.\n\
             If {is} another request, make the key unique (`key` in the job file); if {is} the same, change that request \
             in Concord by hand.",
            files.join(" and ")
        ))
    }

    fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.imported.iter().map(|done| &done.summary.tally)
    }

    fn sum(&self, outcome: Outcome) -> u64 {
        self.tallies().map(|tally| tally.count(outcome)).sum()
    }

    fn again(&self, purpose: &str, limit: Option<u64>) -> String {
        let command = self.command(Changes {
            limit,
            ..Changes::default()
        });
        // A file can be read again; what came through a pipe has to come again.
        let is_file = |input: &PathBuf| input.is_file() && input != Path::new(STDIN);
        if self.args.inputs.iter().all(is_file) {
            format!("Next, {purpose}:\n  {command}")
        } else if self.args.inputs == [Path::new(STDIN)] {
            format!("Next, {purpose}, pipe the same input again:\n  … | {command}")
        } else {
            format!("Next, {purpose}, with the same input given again:\n  {command}")
        }
    }

    fn command(&self, changes: Changes) -> String {
        let (target, sending, output) = (&self.args.target, &self.args.sending, &self.args.output);
        let mut words = vec!["concord-import run".to_owned()];
        let inputs = changes.inputs.unwrap_or_else(|| self.args.inputs.clone());
        words.extend(inputs.iter().map(|path| quoted(operand(path).as_os_str())));
        let mut option = |name: &str, value: Option<OsString>| {
            if let Some(value) = value {
                words.push(name.to_owned());
                words.push(quoted(&value));
            }
        };
        let path = |path: &PathBuf| path.clone().into_os_string();
        let text = |text: &String| OsString::from(text);
        option("--job", self.job.map(|job| job.as_os_str().to_owned()));
        option("--organization", target.organization.as_ref().map(text));
        option("--project", target.project.as_ref().map(text));
        option("--base-url", target.base_url.as_ref().map(text));
        option("--api-key-file", target.api_key_file.as_ref().map(path));
        option("--ledger", output.ledger.clone());
        option(
            "--out",
            changes.out.as_ref().or(output.out.as_ref()).map(path),
        );
        let mut number =
            |name: &str, value: Option<String>| option(name, value.map(OsString::from));
        number("--limit", changes.limit.map(|limit| limit.to_string()));
        number("--rate", sending.rate.map(|rate| rate.to_string()));
        number("--concurrency", sending.concurrency.map(|n| n.to_string()));
        number(
            "--max-attempts",
            sending.max_attempts.map(|n| n.to_string()),
        );
        let timeout = sending
            .timeout
            .map(|timeout| format!("{}ms", timeout.as_millis()));
        number("--timeout", timeout);
        if target.sandbox {
            words.push("--sandbox".to_owned());
        }
        if sending.yes {
            words.push("--yes".to_owned());
        }
        words.join(" ")
    }
}

/// A path that is not taken for an option.
fn operand(path: &Path) -> PathBuf {
    let is_like_option = path.as_os_str().as_encoded_bytes().starts_with(b"-");
    if is_like_option && path != Path::new(STDIN) {
        Path::new(".").join(path)
    } else {
        path.to_owned()
    }
}

/// A word as a POSIX shell takes it; with control characters or bytes that are no text, as bash, zsh and ksh do.
fn quoted(word: &OsStr) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:@%+,=".contains(c);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => text.to_owned(),
        Some(text) if !text.contains(char::is_control) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => {
            let escaped: String = word
                .as_encoded_bytes()
                .iter()
                .map(|byte| match byte {
                    b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
                    b' '..=b'~' => char::from(*byte).to_string(),
                    _ => format!("\\{byte:03o}"),
                })
                .collect();
            format!("$'{escaped}'")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_spaces_and_quotes_survives_the_shell() {
        let quoted = |word: &str| super::quoted(OsStr::new(word));
        assert_eq!(quoted("a/b-c.csv"), "a/b-c.csv");
        assert_eq!(quoted("Bob's list.csv"), r"'Bob'\''s list.csv'");
        assert_eq!(quoted("it's \u{1b}1\n"), r"$'it\'s \0331\012'");
        assert_eq!(operand(Path::new("-a.csv")), Path::new("./-a.csv"));
        assert_eq!(operand(Path::new("-")), Path::new("-"));
    }
}
