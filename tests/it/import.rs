//! The whole way of an entry, from the file to a request in Concord and back into the files: in process,
//! against the sandbox.

use concord_import::internals::outcome::Outcome;

use crate::support::{HEADER, Trial, csv};
use concord_import::internals::sandbox::Config;

mod adaptive;
mod corrected_keys;
mod doubts;
mod faults;
mod key_conflicts;
mod keys;
mod lists;
mod long_lists;
mod receipts;
mod secrets;
mod stopping;
mod waiting;

pub(crate) use stopping::claim_elsewhere;

#[tokio::test]
async fn every_valid_row_becomes_one_request_and_its_id_stands_beside_its_key() {
    let trial = Trial::with_script(20, "").await;
    let ended = trial.run().await;
    trial.assert_complete(&ended, 20);
    assert_eq!((trial.posts(), trial.gets()), (20, 0));
    let tally = ended.tally();
    assert_eq!((tally.rows, tally.entries, tally.created_now), (20, 20, 20));
    let rows = &ended.results[0];
    assert!(
        rows.iter().map(|row| row.row).eq(1..=20),
        "in the input's order"
    );
    assert!(
        rows.iter()
            .all(|row| row.via == "response" && row.attempts == 1)
    );
}

#[tokio::test]
async fn a_row_that_asks_for_two_things_becomes_two_requests() {
    let rows = "T-1,a@example.com,Both\nT-2,b@example.com,Erase\n";
    let trial = Trial::new(Config::default(), &[format!("{HEADER}{rows}")]).await;
    let ended = trial.run().await;
    trial.assert_complete(&ended, 3);
    let told: Vec<_> = ended.results[0]
        .iter()
        .map(|row| (row.row, row.request.as_str()))
        .collect();
    assert_eq!(told, [(1, "view"), (1, "delete"), (2, "delete")]);
}

#[tokio::test]
async fn a_key_that_comes_twice_is_sent_once_in_one_input_as_in_two() {
    let first = format!("{}T-1,person1@example.com,Erase\n", csv(3));
    let second = format!("{}T-9,person9@example.com,Erase\n", csv(2));
    let trial = Trial::new(Config::default(), &[first, second]).await;
    let ended = trial.run().await;
    trial.assert_complete(&ended, 4);
    assert_eq!(trial.posts(), 4);
    let outcomes = |input: usize| {
        let rows = ended.results[input].iter();
        rows.map(|row| row.outcome.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(0), ["created", "created", "created", "duplicate"]);
    assert_eq!(outcomes(1), ["duplicate", "duplicate", "created"]);
}

#[tokio::test]
async fn rows_that_cannot_be_sent_are_told_and_the_others_sent() {
    let rows = "T-1,nobody,Erase\nT-2,b@example.com,Erase\nT-3,c@example.com,Sing\n";
    let trial = Trial::new(Config::default(), &[format!("{HEADER}{rows}")]).await;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(trial.created().len(), 1);
    assert_eq!(ended.count(Outcome::Invalid), 2);
    assert_eq!(ended.exit_code(), 1);
}

#[tokio::test]
async fn a_second_run_sends_nothing_and_tells_the_same_ids() {
    let trial = Trial::with_script(12, "").await;
    let first = trial.run().await;
    let exchanges = trial.sandbox.log().len();
    let second = trial.run().await;
    trial.assert_complete(&second, 12);
    assert_eq!(
        trial.sandbox.log().len(),
        exchanges,
        "the second run asked for something"
    );
    assert_eq!(second.tally().already_created, 12);
    for (one, other) in first.results[0].iter().zip(&second.results[0]) {
        assert_eq!(
            (&one.key, &one.id, "ledger"),
            (&other.key, &other.id, other.via.as_str())
        );
    }
}

#[tokio::test]
async fn content_that_has_changed_since_it_was_sent_is_told_and_not_sent() {
    let trial = Trial::with_script(3, "").await;
    trial.run().await;
    trial.rewrite(&csv(3).replace("person2@", "Person2@"));
    let second = trial.run().await;
    trial.assert_complete(&second, 3);
    assert_eq!(trial.posts(), 3);
    assert_eq!(second.tally().changed, 1);
    assert_eq!(second.row("T-2").error_code, "changed");
    assert_eq!(second.row("T-1").error_code, "");
}

#[tokio::test]
async fn a_limit_is_kept_exactly_and_what_exists_already_does_not_count_against_it() {
    let mut trial = Trial::with_script(90, "").await;
    for (limit, created) in [(20, 20), (0, 20), (33, 53), (37, 90)] {
        trial.limit = limit;
        let ended = trial.run().await;
        trial.assert_true(&ended);
        assert_eq!(trial.created().len(), created, "after a limit of {limit}");
        let left = u64::try_from(90 - created).expect("few");
        assert_eq!(ended.count(Outcome::NotSent), left);
        assert_eq!(ended.exit_code(), u8::from(left > 0));
    }
    assert_eq!(trial.posts(), 90);
}

#[tokio::test]
async fn a_limit_holds_over_all_inputs_of_a_run() {
    let second = csv(8).replace("T-", "U-");
    let mut trial = Trial::new(Config::default(), &[csv(8), second]).await;
    trial.limit = 11;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(trial.created().len(), 11);
    let not_sent = |n: usize| ended.inputs[n].summary.tally.count(Outcome::NotSent);
    assert_eq!((not_sent(0), not_sent(1)), (0, 5));
}
