//! `map`: what it proposes for exports of many kinds, what it leaves open, and that its job files work as they stand.

use std::fs;
use std::path::Path;
use std::process::Output;

use concord_import::internals::cli::job;
use concord_import::internals::entry::Field;
use concord_import::internals::plan::{Input, Meaning, Reading, Rule};
use concord_import::internals::propose::propose;
use proptest::prelude::*;

use crate::cli::Place;

/// Cells of the exports that tell of a person: none of them may be shown.
const PERSONAL: &[&str] = &[
    "@example",
    "Dubois",
    "Boateng",
    "Becker",
    "O'Brien",
    "Johnson",
    "Li Wei",
    "Jürgen",
    "Müller",
    "Weiß",
    "7946",
    "07946",
    "901820",
    "Person\"",
    "Please",
    "per Brief",
    "Straße",
    "misspelt",
];

fn place() -> Place {
    let place = Place::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/map");
    for file in fs::read_dir(data).expect("the exports") {
        let file = file.expect("an export");
        fs::copy(
            file.path(),
            place.path(file.file_name().to_str().expect("a name")),
        )
        .expect("copied");
    }
    place
}

fn run(place: &Place, args: &[&str]) -> Output {
    place.command(args).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// The job file that is proposed, and what is said beside it.
fn map(place: &Place, input: &str) -> (String, String) {
    let output = run(place, &["map", input]);
    let (job, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    for value in PERSONAL {
        assert!(
            !job.contains(value) && !said.contains(value),
            "{input} shows {value}"
        );
    }
    if let Err(faults) = job::parse(input, &job) {
        panic!("{faults}\n{job}");
    }
    (job, said)
}

/// Checks an input by what was proposed for it, changed by `decide`.
fn check(place: &Place, input: &str, decide: impl Fn(String) -> String) -> Output {
    let (job, _) = map(place, input);
    fs::write(place.path("proposed.toml"), decide(job)).expect("written");
    run(place, &["check", input, "--job", "proposed.toml"])
}

#[test]
fn what_it_writes_passes_check_unchanged_when_nothing_is_doubtful() {
    let place = place();
    for input in [
        "zendesk.csv",
        "register.de.csv",
        "google-forms.csv",
        "verified.csv",
    ] {
        let output = check(&place, input, |job| job);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{input}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
    }
}

#[test]
fn what_is_doubtful_is_told_by_check_and_nothing_else_is_wrong() {
    let place = place();
    let output = check(&place, "osano.csv", |job| job);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("OPT_OUT"));
    let output = check(&place, "osano.csv", |job| {
        job.replace("\"?\"", "\"do_not_sell\"")
    });
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let refused = {
        let (job, _) = map(&place, "osano.csv");
        fs::write(place.path("proposed.toml"), job).expect("written");
        run(
            &place,
            &[
                "run",
                "osano.csv",
                "--job",
                "proposed.toml",
                "--sandbox",
                "--yes",
            ],
        )
    };
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("OPT_OUT"),
        "{}",
        text(&refused.stderr)
    );
}

#[test]
fn the_samples_are_left_with_their_own_problems() {
    let place = Place::new();
    for input in ["samples/backlog.csv", "samples/tickets.jsonl"] {
        let output = check(&place, input, |job| job);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{input}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn a_column_that_is_yet_to_be_chosen_is_told_before_anything_is_read() {
    let place = place();
    for input in ["doubtful.csv", "nothing.csv"] {
        let output = check(&place, input, |job| job);
        assert_eq!(output.status.code(), Some(2), "{input}");
        let said = text(&output.stderr);
        assert!(
            said.contains("leaves open (`?`) which column") && said.contains("fields.userEmail"),
            "{said}"
        );
        assert!(said.contains("the columns are"), "{said}");
    }
}

#[test]
fn proposals_read_as_they_should() {
    let place = place();
    for input in [
        "zendesk.csv",
        "register.de.csv",
        "google-forms.csv",
        "osano.csv",
        "doubtful.csv",
        "verified.csv",
        "nothing.csv",
    ] {
        let (job, said) = map(&place, input);
        insta::assert_snapshot!(format!("map_{input}"), format!("{job}----\n{said}"));
    }
    let samples = map(&place, "samples/backlog.csv").0;
    insta::assert_snapshot!("map_backlog", samples);
    assert_eq!(
        samples,
        map(&place, "samples/backlog.csv").0,
        "it is the same each time"
    );
}

#[test]
fn an_ambiguous_or_destructive_word_is_never_guessed() {
    let place = place();
    let (text, _) = map(&place, "doubtful.csv");
    let job = job::parse("doubtful", &text).expect("parses");
    let (_, rule) = job
        .rules
        .fields
        .iter()
        .find(|(field, _)| *field == Field::Request)
        .expect("a rule");
    let Rule::Column { values, .. } = rule else {
        panic!("not by column: {rule:?}");
    };
    for word in ["Opt out", "Remove", "Portability"] {
        let (_, meaning) = values
            .iter()
            .find(|(value, _)| value == word)
            .expect("listed");
        assert_eq!(*meaning, Meaning::Undecided, "{word}");
    }
    assert!(
        !values.iter().any(|(word, _)| word.contains("call")),
        "a word with a number is not shown"
    );
}

#[test]
fn the_next_command_works_as_it_stands() {
    let place = place();
    let (_, said) = map(&place, "zendesk.csv");
    assert!(
        said.contains("concord-import check zendesk.csv --job zendesk.toml"),
        "{said}"
    );
    let output = run(&place, &["map", "zendesk.csv", "--output", "zendesk.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    assert_eq!(
        run(&place, &["check", "zendesk.csv"]).status.code(),
        Some(0)
    );
}

#[test]
fn a_job_file_is_replaced_only_by_force() {
    let place = place();
    fs::write(place.path("mine.toml"), "mine").expect("written");
    let refused = run(&place, &["map", "zendesk.csv", "--output", "mine.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("--force"));
    assert_eq!(place.read("mine.toml"), "mine");
    let forced = run(
        &place,
        &["map", "zendesk.csv", "--output", "mine.toml", "--force"],
    );
    assert_eq!(forced.status.code(), Some(0));
    assert_eq!(place.read("mine.toml"), map(&place, "zendesk.csv").0);
}

#[test]
fn what_cannot_be_told_of_an_input_is_told_by_a_file_with_input_alone() {
    let place = place();
    let rows = "T-1,ann@example.com,access\nT-2,bob@example.com,erasure\n";
    fs::write(place.path("bare.csv"), rows).expect("written");
    let refused = run(&place, &["map", "bare.csv"]);
    let told = text(&refused.stderr);
    assert!(
        !refused.status.success() && told.contains("--job FILE"),
        "{told}"
    );
    let hints = "[input]\ncolumns = [\"Ticket\", \"Email\", \"Request\"]\n";
    fs::write(place.path("hints.toml"), hints).expect("written");
    let proposed = run(&place, &["map", "bare.csv", "--job", "hints.toml"]);
    assert!(proposed.status.success(), "{}", text(&proposed.stderr));
    let job = text(&proposed.stdout);
    assert!(
        job.contains("columns = [\"Ticket\", \"Email\", \"Request\"]"),
        "{job}"
    );
    fs::write(place.path("proposed.toml"), &job).expect("written");
    let checked = run(&place, &["check", "bare.csv", "--job", "proposed.toml"]);
    assert!(checked.status.success(), "{}", text(&checked.stdout));
}

#[test]
fn it_asks_only_on_a_terminal() {
    let place = place();
    let output = run(&place, &["map", "zendesk.csv", "--interactive"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(text(&output.stderr).contains("--interactive asks on a terminal"));
}

#[test]
fn a_file_without_a_header_is_not_shown() {
    let place = place();
    let output = run(&place, &["map", "no-header.csv"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        output.stdout.is_empty() && !said.contains("example.com"),
        "{said}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_columns_and_words_are_called_the_job_file_parses(
        headers in prop::collection::hash_set("[a-zA-Z\"'{}\\\\\\[\\]# =\n\t\u{e9}\u{2028}.?,-]{1,12}", 3..6),
        words in prop::collection::vec("[a-zA-Z\"'{}\\\\\\[\\]# =\n\t\u{e9}\u{2028}.?,-]{1,20}", 1..6),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("odd.csv");
        let mut names: Vec<String> = headers.into_iter().map(|name| format!("x{}x", name.trim())).collect();
        names.sort();
        names.dedup();
        names.extend(["Request type", "Email", "Id"].map(str::to_owned));
        let mut csv = csv::Writer::from_path(&path).expect("a file");
        csv.write_record(&names).expect("written");
        for (index, word) in words.iter().enumerate() {
            let mut row = vec![format!("{word}{index}"); names.len() - 3];
            row.extend([word.clone(), format!("p{index}@example.com"), format!("T-{index}")]);
            csv.write_record(&row).expect("written");
            csv.write_record(row).expect("written");
        }
        csv.flush().expect("written");
        drop(csv);
        let input = Input { name: "odd\n.csv".to_owned(), path };
        if let Ok(proposal) = propose(&input, &Reading::default()) {
            let text = proposal.to_toml();
            let parsed = job::parse("odd", &text);
            if let Err(error) = parsed {
                prop_assert!(false, "{error}\n{text}");
            }
        }
    }
}
