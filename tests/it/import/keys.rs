//! Under which names a request is known: whatever else its row asks for, it is created once.

use std::time::Duration;

use concord_import::internals::entry::{Entry, Field, ImportId};
use concord_import::internals::intake::{Intake, Item, Seen};
use concord_import::internals::outcome::Outcome;
use concord_import::internals::plan::{Rule, SANDBOX_PROJECT};
use concord_import::internals::sandbox::{Config, Script};

use crate::import::claim_elsewhere;
use crate::support::{Ended, HEADER, Trial};

const VIEW: &str = "T-9,a@example.com,Access\n";
const DELETE: &str = "T-9,a@example.com,Erase\n";
const BOTH: &str = "T-9,a@example.com,Both\n";
const CHANGE: &str = "T-9,a@example.com,Correct\n";

async fn with_rows(rows: &str) -> Trial {
    Trial::new(Config::default(), &[format!("{HEADER}{rows}")]).await
}

fn name(key: &str) -> String {
    ImportId::new(SANDBOX_PROJECT, key).to_string()
}

/// Of each result its request, its outcome and how that is known.
fn told(ended: &Ended) -> Vec<[&str; 3]> {
    let rows = ended.results[0].iter();
    rows.map(|row| [&row.request, &row.outcome, &row.via].map(String::as_str))
        .collect()
}

/// The kinds of all requests in Concord, in the order of their names.
fn kinds(trial: &Trial) -> Vec<String> {
    let created = trial.created();
    let mut kinds: Vec<_> = created
        .values()
        .map(|one| one.body.request.clone())
        .collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn a_row_that_comes_to_ask_for_more_creates_only_what_is_new() {
    let trial = with_rows(VIEW).await;
    trial.run().await;
    trial.rewrite(&format!("{HEADER}{BOTH}"));
    for posts in [2, 2] {
        let ended = trial.run().await;
        trial.assert_complete(&ended, 2);
        assert_eq!(trial.posts(), posts);
        let ids: Vec<_> = ended.results[0].iter().map(|row| &row.import_id).collect();
        assert_eq!(ids, [&name("T-9"), &name("T-9 // delete")]);
        assert_eq!(ended.results[0][0].via, "ledger");
        assert_eq!(ended.tally().changed, 0, "its content is the same");
    }
    assert_eq!(kinds(&trial), ["delete", "view"]);
}

#[tokio::test]
async fn a_row_that_comes_to_ask_for_less_creates_nothing() {
    let trial = with_rows(BOTH).await;
    trial.run().await;
    for row in [VIEW, DELETE] {
        trial.rewrite(&format!("{HEADER}{row}"));
        let ended = trial.run().await;
        trial.assert_complete(&ended, 2);
        assert_eq!(told(&ended)[0][1..], ["created", "ledger"]);
    }
    assert_eq!(trial.posts(), 2);
}

#[tokio::test]
async fn a_request_whose_content_has_changed_is_told_so_under_its_earlier_name() {
    let trial = with_rows(VIEW).await;
    trial.run().await;
    trial.rewrite(&format!("{HEADER}{}", BOTH.replace("a@", "A@")));
    let ended = trial.run().await;
    trial.assert_complete(&ended, 2);
    assert_eq!(ended.results[0][0].error_code, "changed");
    assert_eq!(ended.results[0][1].via, "response");
}

#[tokio::test]
async fn rows_of_one_key_in_one_input_create_each_request_once_in_whatever_order() {
    for rows in [
        [VIEW, BOTH, DELETE],
        [BOTH, VIEW, DELETE],
        [DELETE, BOTH, VIEW],
        [BOTH, DELETE, VIEW],
    ] {
        let trial = with_rows(&rows.concat()).await;
        for _ in 0..2 {
            let ended = trial.run().await;
            trial.assert_complete(&ended, 2);
            assert_eq!(ended.count(Outcome::Duplicate), 2, "{:?}", told(&ended));
        }
        assert_eq!(kinds(&trial), ["delete", "view"], "{rows:?}");
        assert_eq!(trial.posts(), 2);
    }
}

#[tokio::test]
async fn a_row_that_was_refused_and_then_asks_for_something_else_is_known_by_what_it_asked_for_last()
 {
    let trial = with_rows(VIEW).await;
    trial.sandbox.set_script("400".parse().expect("a script"));
    trial.run().await;
    trial.rewrite(&format!("{HEADER}{DELETE}"));
    trial.run().await;
    assert_eq!(kinds(&trial), ["delete"]);
    trial.rewrite(&format!("{HEADER}{BOTH}"));
    let ended = trial.run().await;
    trial.assert_complete(&ended, 2);
    assert_eq!(kinds(&trial), ["delete", "view"]);
}

#[tokio::test]
async fn a_row_that_was_in_doubt_keeps_its_key_from_another_request() {
    for (fault, exists) in [("create-then-504", true), ("504", false)] {
        let trial = with_rows(VIEW).await;
        trial.sandbox.set_script(fault.parse().expect("a script"));
        trial
            .sandbox
            .set_read_script("403*9".parse().expect("a script"));
        assert_eq!(trial.run().await.count(Outcome::InDoubt), 1);
        trial.sandbox.set_read_script(Script::default());
        trial.rewrite(&format!("{HEADER}{DELETE}"));
        let ended = trial.run().await;
        assert_eq!(ended.tally().conflicts, 1, "{fault}");
        assert_eq!(kinds(&trial).len(), usize::from(exists));
        trial.rewrite(&format!("{HEADER}{BOTH}"));
        trial.run().await;
        assert_eq!(kinds(&trial), ["delete", "view"], "{fault}");
        assert_eq!(trial.posts(), if exists { 2 } else { 3 });
    }
}

#[tokio::test]
async fn rows_of_one_key_never_share_a_claim() {
    for rows in [[BOTH, VIEW], [VIEW, BOTH]] {
        let trial = with_rows(DELETE).await;
        trial.sandbox.set_script("400".parse().expect("a script"));
        trial.run().await;
        trial.rewrite(&format!("{HEADER}{}", rows.concat()));
        let ended = trial.run().await;
        trial.assert_complete(&ended, 2);
        assert_eq!(kinds(&trial), ["delete", "view"]);
        let ids: std::collections::BTreeSet<_> =
            ended.results[0].iter().map(|row| row.id.clone()).collect();
        assert_eq!(ids.len(), 2, "{:?}", told(&ended));
        trial.assert_complete(&trial.run().await, 2);
    }
}

#[tokio::test]
async fn what_is_in_doubt_under_a_key_goes_before_another_row_of_that_key() {
    let trial = with_rows(DELETE).await;
    trial
        .sandbox
        .set_script("create-then-504".parse().expect("a script"));
    trial
        .sandbox
        .set_read_script("403*9".parse().expect("a script"));
    trial.run().await;
    trial.sandbox.set_read_script(Script::default());
    trial.rewrite(&format!("{HEADER}{BOTH}{VIEW}"));
    let ended = trial.run().await;
    assert_eq!(kinds(&trial), ["delete", "view"]);
    assert_eq!(ended.results[0][2].error_code, "duplicate");
    assert_eq!(ended.stop, None);
}

#[tokio::test]
async fn a_repeat_does_not_stand_for_its_key_alone() {
    let trial = with_rows(&[BOTH, VIEW, CHANGE].concat()).await;
    let ended = trial.run().await;
    assert_eq!(ended.tally().conflicts, 4, "{:?}", told(&ended));
    assert_eq!(trial.posts(), 0);
}

#[tokio::test]
async fn of_two_requests_of_a_key_a_row_is_the_one_it_asks_for() {
    let trial = with_rows(VIEW).await;
    trial.run().await;
    trial.rewrite(&format!("{HEADER}{BOTH}"));
    trial.run().await;
    trial.rewrite(&format!("{HEADER}{DELETE}"));
    let ended = trial.run().await;
    assert_eq!(ended.results[0][0].import_id, name("T-9 // delete"));
    assert_eq!(ended.tally().changed, 0);
    assert_eq!(trial.posts(), 2);
}

#[tokio::test]
async fn notes_that_bear_a_mark_are_refused() {
    let mark = ImportId::new(SANDBOX_PROJECT, "T-8").mark();
    let header = HEADER.replace("Ticket,Email", "Ticket,Notes,Email");
    let rows =
        format!("{header}T-9,follows {mark},a@example.com,Access\nT-8,,b@example.com,Access\n");
    let mut trial = Trial::new(Config::default(), &[rows]).await;
    for (field, rule) in &mut trial.read.rules.fields {
        if *field == Field::Notes {
            *rule = Rule::Template("Ticket {{ Ticket }} {{ Notes }}".into());
        }
    }
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(ended.results[0][0].outcome, "invalid");
    assert_eq!(ended.results[0][0].error_code, "mark_in_notes");
    assert_eq!(ended.results[0][1].outcome, "created");
}

fn only_entry(trial: &Trial) -> Entry {
    let mut intake = Intake::open(&trial.read, 0, false).expect("it opens");
    let mut rows = intake.next_batch(&mut Seen::new(), 1).expect("it reads");
    match rows.remove(0).items.remove(0) {
        Item::Entry(entry) => *entry,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_may_exist_is_looked_up_and_sent_under_the_name_it_was_claimed_by() {
    let trial = with_rows(VIEW).await;
    let ledger = claim_elsewhere(&trial, &[only_entry(&trial)], Duration::ZERO).await;
    ledger.close().await;
    trial.rewrite(&format!("{HEADER}{BOTH}"));
    let ended = trial.run().await;
    trial.assert_complete(&ended, 2);
    assert!(trial.created().contains_key(&name("T-9")));
    let looked_for = trial.exchanges(&axum::http::Method::GET);
    assert!(!looked_for.is_empty());
    assert_eq!(ended.results[0][0].import_id, name("T-9"));
}

#[tokio::test]
async fn a_reject_says_what_is_wrong_once_and_what_a_change_of_it_would_create_again() {
    let faults = concord_import::internals::sandbox::Faults {
        script: "ok,400".parse().expect("a script"),
        ..Default::default()
    };
    let config = Config {
        faults,
        ..Config::default()
    };
    let rows = format!("{HEADER}{BOTH}T-8,nobody,Both\n");
    let mut trial = Trial::new(config, &[rows]).await;
    trial.read.rules.key.clear();
    trial.sending.concurrency = std::num::NonZeroU32::MIN;
    trial.run().await;
    let rejects = std::fs::read_to_string(trial.out_dir(0).join("rejects.csv")).expect("rejects");
    let lines: Vec<_> = rejects.lines().collect();
    assert_eq!(lines.len(), 3, "{rejects}");
    assert!(
        lines[1].contains("`view` is created already"),
        "{}",
        lines[1]
    );
    assert_eq!(lines[2].matches('@').count(), 2, "{}", lines[2]);
}
