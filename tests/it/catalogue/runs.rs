//! How runs end, and what comes next: a real run by the binary for each next step.
//!
//! Each says how many became what and where the files are; where something is left, what to do, with a command to copy.

use std::fs;
use std::process::Stdio;

use concord_import::internals::plan::SANDBOX_API_KEY;
use concord_import::internals::sandbox::Script;

use super::given::{assert_nobody_is_shown, without_ids};
use super::imports::{Import, Rough, sandbox, withholding};
use crate::cli::stdout;
use crate::support::{self, HEADER};

/// A run, and what is told of its end.
struct Example {
    title: &'static str,
    /// Plays it, and says what `run` printed.
    story: fn() -> String,
    /// What became of entries.
    found: &'static str,
    /// What to do.
    wanted: &'static str,
}

#[rustfmt::skip]
const EXAMPLES: &[Example] = &[
    example("everything is created", complete, "created          3", "creates nothing twice"),
    example("there is nothing to create", nothing, "0 entries", "there was nothing to create"),
    example("a pilot", pilot, "not sent         2", "Before you go on, look in Concord at what was created"),
    example("a limit that lets nothing through", no_pilot, "not sent         3", "Next, to send the others"),
    example("a pilot of what came through a pipe", piped, "not sent         2", "pipe the same input again"),
    example("a pilot of several inputs, one through a pipe", piped_with, "not sent         3", "with the same input given again"),
    example("a run that was stopped", stopped, "not sent         2", "Next, to go on where it stopped"),
    example("a run that was stopped at its limit", stopped_at_limit, "not sent         3", "The limit was reached. Next, to go on where it stopped"),
    example("lost answers", in_doubt, "may exist in Concord: look before sending again", "Next, to look again"),
    example("lost answers and others that are left", in_doubt_and_left, "not sent         1", "the same command looks again"),
    example("rows that are refused", refused, "refused before sending", "once the rows in concord-import-out/t/rejects.csv are corrected"),
    example("rejects that somebody has edited", edited, "as they were edited since the last run", "Next, to send what was corrected in them"),
    example("rows that Concord refuses", rejected, "rejected         1", "`import_problem` says how"),
    example("rows that failed", failed, "surely not created; a later run sends it again", "Next, to send again what failed"),
    example("a row that has changed", changed, "key of an earlier entry, other content", "change that request in Concord by hand"),
    example("rows that have changed", all_changed, "3 entries have the key of an earlier one", "If one is another request"),
    example("a row that repeats another", repeated, "repeat of an earlier row", "creates nothing twice"),
    example("a row that yields no entry", skipped, "1 row yields none", "creates nothing twice"),
    example("rows that failed and rows that are refused", failed_and_refused, "failed           1", "Next, once the rows in"),
    example("an answer that shows something else", echoed, "Concord shows a property otherwise than it was sent", "look there whether what `error` names is as it should be"),
    example("a request that exists twice", twice, "Concord holds it more than once", "resolve all but one request there by hand"),
    example("an answer that was lost and found", recovered, "1 found by look-up after a lost answer", "creates nothing twice"),
];

const fn example(
    title: &'static str,
    story: fn() -> String,
    found: &'static str,
    wanted: &'static str,
) -> Example {
    Example {
        title,
        story,
        found,
        wanted,
    }
}

const RUN: [&str; 3] = ["run", "t.csv", "--yes"];

/// Three rows, and how the sandbox answers.
fn run(script: &str, more: &[&str]) -> String {
    let sandbox = sandbox(script);
    Import::into_sandbox(&sandbox).printed(&[&RUN, more].concat())
}

/// These rows.
fn run_of(rows: &str) -> String {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.rows(rows);
    import.printed(&RUN)
}

/// Three rows, and then these.
fn run_again(rows: &str) -> String {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.run();
    import.rows(rows);
    import.printed(&RUN)
}

/// Three rows through a pipe.
fn run_piped(inputs: &[&str], limit: &str) -> String {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    let args = [
        &["run"],
        inputs,
        &["--job", "t.toml", "--yes", "--limit", limit],
    ]
    .concat();
    let rows = import.place.path("rows");
    fs::write(&rows, support::csv(3).replace("T-", "U-")).expect("written");
    let rows = fs::File::open(rows).expect("it is there");
    let mut command = import.command(&args);
    let output = command.stdin(Stdio::from(rows)).output();
    stdout(&output.expect("it runs"))
}

fn complete() -> String {
    run("", &[])
}

fn nothing() -> String {
    run_of(HEADER)
}

fn pilot() -> String {
    run("", &["--limit", "1"])
}

fn no_pilot() -> String {
    run("", &["--limit", "0"])
}

fn piped() -> String {
    run_piped(&["-"], "1")
}

fn piped_with() -> String {
    run_piped(&["t.csv", "-"], "3")
}

fn stopped() -> String {
    run("ok,401", &[])
}

/// The key is refused when it is asked for the project.
fn stopped_at_limit() -> String {
    let sandbox = sandbox("");
    sandbox.set_read_script("401".parse().expect("a script"));
    Import::into_sandbox(&sandbox).printed(&[&RUN[..], &["--limit", "0"]].concat())
}

fn in_doubt() -> String {
    Import::into_sandbox(&withholding("ok,502,ok")).printed(&RUN)
}

fn in_doubt_and_left() -> String {
    let sandbox = withholding("502");
    Import::into_sandbox(&sandbox).printed(&[&RUN[..], &["--limit", "2"]].concat())
}

fn refused() -> String {
    run_of(&support::csv(3).replace("person2@example.com", "nobody"))
}

/// The source runs again before the corrected rejects do.
fn edited() -> String {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.rows(&support::csv(3).replace("person2@example.com", "nobody"));
    import.run();
    import.edit_rejects("nobody", "person2@example.com");
    let told = import.printed(&RUN);
    let times = told.match_indices("rejects.edited-").map(|(at, found)| {
        let time = &told[at + found.len()..];
        &time[..time.find(".csv").expect("a file's name")]
    });
    let time = times.last().expect("it is told").to_owned();
    told.replace(&time, "2026-11-30T184500Z")
}

fn rejected() -> String {
    run("ok,400,ok", &[])
}

fn failed() -> String {
    run("ok,502,ok", &[])
}

fn failed_and_refused() -> String {
    let sandbox = sandbox("502");
    let import = Import::into_sandbox(&sandbox);
    import.rows(&support::csv(3).replace("person2@example.com", "nobody"));
    import.printed(&RUN)
}

fn changed() -> String {
    run_again(&support::csv(3).replace("person2@", "Person2@"))
}

fn all_changed() -> String {
    run_again(&support::csv(3).replace("@example.com", "@Example.com"))
}

fn repeated() -> String {
    run_of(&support::csv(2).replace("T-2,person2@", "T-1,person1@"))
}

fn skipped() -> String {
    run_of(&(support::csv(2) + ",,\n"))
}

fn echoed() -> String {
    let body = r#"{"id":"0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b09","preverified":false}"#;
    let server = Rough::listing("201 Created", body, r#"{"items":[],"total":0}"#);
    Import::into_server(&server.base_url).printed(&RUN)
}

/// By two ledgers that do not know of each other.
fn twice() -> String {
    let sandbox = withholding("ok,create-then-502,ok");
    let import = Import::into_sandbox(&sandbox);
    import.run();
    import.run_beside();
    sandbox.set_read_script(Script::default());
    import.printed(&RUN)
}

fn recovered() -> String {
    run("ok,create-then-502,ok", &[])
}

impl Example {
    fn read_aloud(&self) -> String {
        let Self {
            title,
            story,
            found,
            wanted,
        } = self;
        let told = without_ids(story().trim());
        assert_nobody_is_shown(title, &told);
        for part in [found, wanted, &"concord-import-out/"] {
            let lines = told.replace('\n', " ");
            assert!(
                lines.contains(part),
                "{title}: `{part}` is not told: {told}"
            );
        }
        assert!(!told.contains(SANDBOX_API_KEY), "{title}: {told}");
        // What is to be typed stands on a line of its own.
        let is_typed = |line: &str| line.starts_with("  ") && line.contains("concord-import run ");
        assert_eq!(
            told.contains("Next, "),
            told.lines().any(is_typed),
            "{title}: {told}"
        );
        format!("## {title}\n{told}\n\n")
    }
}

/// All of them.
pub(super) fn read_aloud() -> String {
    EXAMPLES.iter().map(Example::read_aloud).collect()
}
