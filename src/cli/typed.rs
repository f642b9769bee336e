//! Commands to copy: what was typed, with what has to differ. They work as they stand.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::args::{CommonArgs, MetricsArgs};
use super::resolve::STDIN;

/// What was typed, and the job file that was found for it.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a> {
    pub(super) args: &'a CommonArgs,
    /// Of `run`.
    pub(super) metrics: Option<&'a MetricsArgs>,
    pub(super) job: Option<&'a Path>,
}

/// A command that can be the next one.
#[derive(Clone, Copy)]
pub(super) enum Verb {
    Run,
    Reconcile,
}

/// What a printed command takes the place of.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) inputs: Option<Vec<PathBuf>>,
    pub(super) out: Option<PathBuf>,
    pub(super) limit: Option<u64>,
}

impl Typed<'_> {
    /// A step that takes the same inputs again.
    pub(super) fn again(&self, verb: Verb, purpose: &str, limit: Option<u64>) -> String {
        let command = self.command(
            verb,
            Changes {
                limit,
                ..Changes::default()
            },
        );
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

    /// What was typed as another command, or with what has to differ.
    pub(super) fn command(&self, verb: Verb, changes: Changes) -> String {
        let (target, sending, output) = (&self.args.target, &self.args.sending, &self.args.output);
        let verb = match verb {
            Verb::Run => "run",
            Verb::Reconcile => "reconcile",
        };
        let mut words = vec!["concord-import".to_owned(), verb.to_owned()];
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
        if let (Some(metrics), "run") = (self.metrics, verb) {
            option("--metrics-file", metrics.metrics_file.as_ref().map(path));
            let address = metrics.metrics_listen.map(|address| address.to_string());
            option("--metrics-listen", address.map(OsString::from));
        }
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

/// A command that takes a path, as a shell does.
pub(super) fn word(path: &Path) -> String {
    quoted(operand(path).as_os_str())
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

/// A word as the system's shell takes it.
fn quoted(word: &OsStr) -> String {
    if cfg!(windows) {
        quoted_on_windows(&word.to_string_lossy())
    } else {
        quoted_on_unix(word)
    }
}

/// For PowerShell, and for cmd as far as it has a way: both take `\` and double quotes as they stand.
fn quoted_on_windows(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:+=\\".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else if text.contains(['$', '`', '"']) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        // A backslash before the closing quote would make it a part of the word.
        let end = if text.ends_with('\\') { "\\" } else { "" };
        format!("\"{text}{end}\"")
    }
}

/// For a POSIX shell; with control characters or bytes that are no text, for bash, zsh and ksh.
fn quoted_on_unix(word: &OsStr) -> String {
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
    fn a_path_of_windows_survives_its_shells() {
        for (word, quoted) in [
            (r"out\rejects.csv", r"out\rejects.csv"),
            (r"C:\my lists\a.csv", r#""C:\my lists\a.csv""#),
            (r"my lists\", r#""my lists\\""#),
            ("Bob's $5.csv", "'Bob''s $5.csv'"),
            ("", r#""""#),
        ] {
            assert_eq!(quoted_on_windows(word), quoted);
        }
    }

    #[test]
    fn a_path_with_spaces_and_quotes_survives_the_shell() {
        let quoted = |word: &str| quoted_on_unix(OsStr::new(word));
        assert_eq!(quoted("a/b-c.csv"), "a/b-c.csv");
        assert_eq!(quoted("Bob's list.csv"), r"'Bob'\''s list.csv'");
        assert_eq!(quoted("it's \u{1b}1\n"), r"$'it\'s \0331\012'");
        assert_eq!(operand(Path::new("-a.csv")), Path::new("./-a.csv"));
        assert_eq!(operand(Path::new("-")), Path::new("-"));
    }
}
