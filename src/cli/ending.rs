//! How a run ends on the screen: what happened, where the files are, and the next step to copy.

use std::path::Path;

use super::args::CommonArgs;
use crate::import::Imported;
use crate::outcome::{Outcome, Tally};
use crate::stop::StopCause;

/// What became of one input.
pub(super) fn of_input(done: &Imported) -> String {
    let tally = &done.summary.tally;
    let mut text = format!(
        "\n{}: {} rows, {} entries{}\n",
        done.summary.input.name,
        tally.rows,
        tally.entries,
        match tally.skipped_rows {
            0 => String::new(),
            1 => " (1 row yields none)".into(),
            skipped => format!(" ({skipped} rows yield none)"),
        }
    );
    for outcome in Outcome::ALL {
        let count = tally.count(outcome);
        if count > 0 || outcome == Outcome::Created {
            line(&mut text, outcome.label(), count, &remark(outcome, tally));
        }
    }
    if tally.changed > 0 {
        line(
            &mut text,
            "(changed)",
            tally.changed,
            "same key, other content than was sent: see error_code `changed`",
        );
    }
    let names = ["results.csv", "summary.json"]
        .into_iter()
        .map(str::to_owned);
    let rejects = done
        .rejects
        .as_deref()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    let names: Vec<_> = names.chain(rejects).collect();
    text += &format!(
        "  files      {}: {}\n",
        done.out_dir.display(),
        names.join(", ")
    );
    text.trim_end().to_owned()
}

fn line(text: &mut String, label: &str, count: u64, remark: &str) {
    let line = format!("  {label:<10} {count:>7}  {remark}");
    *text += &format!("{}\n", line.trim_end());
}

fn remark(outcome: Outcome, tally: &Tally) -> String {
    match outcome {
        Outcome::Created => {
            let mut parts = Vec::new();
            if tally.already_created > 0 {
                parts.push(format!(
                    "{} now, {} by an earlier run",
                    tally.created_now, tally.already_created
                ));
            }
            if tally.recovered > 0 {
                parts.push(format!(
                    "{} found by look-up after a lost answer",
                    tally.recovered
                ));
            }
            parts.join("; ")
        }
        Outcome::Duplicate => "repeat of an earlier row; created once".into(),
        Outcome::Invalid => "refused before sending".into(),
        Outcome::Rejected => "refused by Concord".into(),
        Outcome::Failed => "attempts ran out; surely not created".into(),
        Outcome::InDoubt => "may exist in Concord: look before sending again".into(),
        Outcome::NotSent => String::new(),
    }
}

/// What to do next, as a command where there is one.
pub(super) fn next_step(
    imported: &[Imported],
    stopped: Option<&StopCause>,
    args: &CommonArgs,
    job: Option<&Path>,
) -> String {
    if let Some(cause) = stopped {
        return format!(
            "\nStopped: {cause}.\nhint: {}\n\nNext, to go on where it stopped:\n  {}",
            cause.hint(),
            again(args, job, |_| true)
        );
    }
    let sum = |outcome| {
        imported
            .iter()
            .map(|done| done.summary.tally.count(outcome))
            .sum::<u64>()
    };
    let mut text = String::new();
    if sum(Outcome::NotSent) > 0 {
        let limit = if args.sending.limit.is_some() {
            "The limit was reached. "
        } else {
            ""
        };
        let command = again(args, job, |option| option != "--limit");
        text += &format!("\n{limit}Next, to send the others:\n  {command}");
    }
    if sum(Outcome::InDoubt) > 0 {
        let command = again(args, job, |_| true);
        text += &format!(
            "\nSome may exist in Concord although no answer came. Next, to look again:\n  {command}"
        );
    }
    let rejects = imported.iter().filter_map(|done| done.rejects.as_deref());
    for rejects in rejects
        .filter(|_| sum(Outcome::Invalid) + sum(Outcome::Rejected) + sum(Outcome::Failed) > 0)
    {
        text += &format!(
            "\nNext, once the rows in {} are corrected (`import_problem` says how):\n  {}",
            rejects.display(),
            command(args, job, &[rejects], |option| option != "--limit"
                && option != "--out")
        );
    }
    if text.is_empty() {
        "\nEvery entry is created; running the same command again creates nothing twice."
            .clone_into(&mut text);
    }
    text
}

fn again(args: &CommonArgs, job: Option<&Path>, keep: impl Fn(&str) -> bool) -> String {
    let inputs: Vec<_> = args.inputs.iter().map(AsRef::as_ref).collect();
    command(args, job, &inputs, keep)
}

/// The command as it was typed, for other inputs and perhaps without some option.
fn command(
    args: &CommonArgs,
    job: Option<&Path>,
    inputs: &[&Path],
    keep: impl Fn(&str) -> bool,
) -> String {
    let mut words = vec!["concord-import run".to_owned()];
    words.extend(inputs.iter().map(|input| quoted(&input.to_string_lossy())));
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|_| keep(name)) {
            words.push(name.to_owned());
            words.push(quoted(&value));
        }
    };
    option("--job", job.map(|job| job.to_string_lossy().into_owned()));
    let target = &args.target;
    option("--organization", target.organization.clone());
    option("--project", target.project.clone());
    option("--base-url", target.base_url.clone());
    option(
        "--api-key-file",
        target
            .api_key_file
            .as_ref()
            .map(|path| path.to_string_lossy().into_owned()),
    );
    option(
        "--ledger",
        args.output
            .ledger
            .as_ref()
            .map(|path| path.to_string_lossy().into_owned()),
    );
    option(
        "--out",
        args.output
            .out
            .as_ref()
            .map(|path| path.to_string_lossy().into_owned()),
    );
    option("--limit", args.sending.limit.map(|limit| limit.to_string()));
    option("--rate", args.sending.rate.map(|rate| rate.to_string()));
    option(
        "--concurrency",
        args.sending.concurrency.map(|n| n.to_string()),
    );
    option(
        "--max-attempts",
        args.sending.max_attempts.map(|n| n.to_string()),
    );
    option(
        "--timeout",
        args.sending
            .timeout
            .map(|timeout| format!("{}ms", timeout.as_millis())),
    );
    if target.sandbox {
        words.push("--sandbox".to_owned());
    }
    if args.sending.yes {
        words.push("--yes".to_owned());
    }
    words.join(" ")
}

/// A word as a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_path_with_spaces_and_quotes_survives_the_shell() {
        assert_eq!(quoted("a/b-c.csv"), "a/b-c.csv");
        assert_eq!(quoted("Bob's list.csv"), r"'Bob'\''s list.csv'");
    }
}
