//! Inputs and ledger, compared with what the project holds.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use concord_import::internals::entry::{Field, ImportId};
use concord_import::internals::event::Events;
use concord_import::internals::ledger::{Ledger, RunKind, overview};
use concord_import::internals::outcome::Outcome;
use concord_import::internals::plan::{Mark, Rule, SANDBOX_API_KEY, SANDBOX_PROJECT};
use concord_import::internals::reconcile::{ReconcileError, Reconciled, Reconciler};
use concord_import::internals::report::reconciliation::Verdict;
use concord_import::internals::sandbox::{Config, Listing, Omits, Order, Script};
use concord_import::internals::stop::StopSignal;
use serde::Deserialize;

use crate::support::{HEADER, Trial, column, csv, survey_of, within};

/// One line of `reconcile.csv`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Told {
    row: Option<u64>,
    key: String,
    import_id: String,
    verdict: String,
    ledger: String,
    id: String,
    status: String,
    other_ids: String,
    differences: String,
    remark: String,
}

async fn try_reconcile(trial: &Trial, stop: StopSignal) -> Result<Vec<Reconciled>, ReconcileError> {
    let ledger = Ledger::open(&trial.ledger_path(), &trial.target).expect("it opens");
    let comparison = Reconciler {
        read: Arc::new(trial.read.clone()),
        target: trial.target.clone(),
        settle: trial.sending.settle,
        ledger,
        ledger_path: trial.ledger_path(),
        outbound: Arc::new(trial.outbound(&stop, &Events::none())),
        stop,
        events: Events::none(),
    };
    let out_dirs: Vec<_> = (0..trial.read.inputs.len())
        .map(|input| trial.out_dir(input))
        .collect();
    let compared = within(comparison.reconcile(&survey_of(&trial.read), &out_dirs)).await;
    comparison.ledger.close().await;
    compared
}

/// Compares, and reads all lines back.
pub(crate) async fn reconcile(trial: &Trial) -> (Vec<Reconciled>, Vec<Told>) {
    let posts = trial.posts();
    let compared = try_reconcile(trial, StopSignal::default()).await;
    let compared = compared.expect("it can be compared");
    assert_eq!(trial.posts(), posts, "comparing has sent something");
    let rows = compared.iter().flat_map(|one| {
        let mut reader = csv::Reader::from_path(&one.path).expect("it is there");
        let rows = reader.deserialize().collect::<Result<Vec<_>, _>>();
        rows.expect("it can be read")
    });
    let rows = rows.collect();
    (compared, rows)
}

/// A comparison that reads one page and is not served another.
async fn break_off(trial: &mut Trial) {
    trial.sending.max_attempts = NonZeroU32::MIN;
    let script = "ok,500".parse().expect("a script");
    trial.sandbox.set_read_script(script);
    let broken = try_reconcile(trial, StopSignal::default()).await;
    assert!(
        matches!(broken, Err(ReconcileError::NoList(_))),
        "{broken:?}"
    );
}

fn count(compared: &[Reconciled], verdict: Verdict) -> u64 {
    compared.iter().map(|one| one.verdicts.count(verdict)).sum()
}

pub(crate) fn all_agree(compared: &[Reconciled]) -> bool {
    compared.iter().all(|one| one.verdicts.all_agree())
}

/// Somebody else creates a request.
async fn create(trial: &Trial, email: &str, notes: &str) {
    let url = format!(
        "{}/organizations/{}/projects/{}/compliance-requests",
        trial.target.base_url, trial.target.organization, trial.target.project
    );
    let body = serde_json::json!({
        "request": "delete", "userEmail": email, "notes": notes, "preverified": true,
    });
    let request = reqwest::Client::new()
        .post(url)
        .header("x-api-key", SANDBOX_API_KEY)
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 201);
}

pub(crate) fn forget_ledger(trial: &Trial) {
    for file in std::fs::read_dir(trial.folder.path()).expect("listed") {
        let path = file.expect("a file").path();
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("ledger.sqlite"))
        {
            std::fs::remove_file(path).expect("removed");
        }
    }
}

#[tokio::test]
async fn after_an_import_all_agree_and_the_present_status_is_told() {
    let trial = Trial::with_script(12, "").await;
    let ended = trial.run().await;
    let (compared, rows) = reconcile(&trial).await;
    assert!(all_agree(&compared), "{rows:?}");
    for (told, row) in ended.results[0].iter().zip(&rows) {
        assert_eq!((&told.key, &told.id), (&row.key, &row.id));
        assert_eq!(row.verdict, "in_both");
        assert_eq!(
            (row.ledger.as_str(), row.status.as_str()),
            ("created", "submitted")
        );
    }
    assert_eq!(rows.len(), 12);
}

#[tokio::test]
async fn a_lost_ledger_is_rebuilt_from_inputs_and_concord_alone() {
    let rows = format!("{}T-7,g@example.com,Both\n", csv(5));
    let second = csv(4).replace("T-", "U-");
    let trial = Trial::new(Config::default(), &[rows, second]).await;
    let first = trial.run().await;
    forget_ledger(&trial);
    let (compared, told) = reconcile(&trial).await;
    assert!(!all_agree(&compared));
    assert_eq!(count(&compared, Verdict::OnlyInConcord), 11);
    assert!(told.iter().all(|row| row.ledger.is_empty()));
    let (compared, _) = reconcile(&trial).await;
    assert!(all_agree(&compared));
    let again = trial.run().await;
    trial.assert_complete(&again, 11);
    assert_eq!(trial.posts(), 11);
    assert_eq!(
        again.tally().changed,
        0,
        "its fingerprints are right as well"
    );
    for (before, after) in first
        .results
        .iter()
        .flatten()
        .zip(again.results.iter().flatten())
    {
        assert_eq!((&before.key, &before.id), (&after.key, &after.id));
    }
}

#[tokio::test]
async fn a_ledger_rebuilt_knows_a_request_by_the_name_that_concord_has() {
    let rows = format!("{HEADER}T-1,a@example.com,Access\n");
    let trial = Trial::new(Config::default(), &[rows]).await;
    trial.run().await;
    forget_ledger(&trial);
    trial.rewrite(&format!("{HEADER}T-1,a@example.com,Both\n"));
    let (_, told) = reconcile(&trial).await;
    let verdicts: Vec<_> = told.iter().map(|row| row.verdict.as_str()).collect();
    assert_eq!(verdicts, ["only_in_concord", "in_neither"]);
    let name = ImportId::new(SANDBOX_PROJECT, "T-1").to_string();
    assert_eq!(told[0].import_id, name);
    trial.assert_complete(&trial.run().await, 2);
    assert_eq!(trial.posts(), 2);
}

#[tokio::test]
async fn what_is_in_doubt_is_settled_either_way() {
    let mut trial = Trial::with_script(6, "").await;
    trial
        .sandbox
        .set_read_script("403*99".parse().expect("a script"));
    trial.sending.concurrency = NonZeroU32::MIN;
    trial
        .sandbox
        .set_script("ok,create-then-504,504,ok".parse().expect("a script"));
    let ended = trial.run().await;
    assert_eq!(ended.count(Outcome::InDoubt), 2);
    let refused = try_reconcile(&trial, StopSignal::default()).await;
    assert!(
        matches!(refused, Err(ReconcileError::NoList(_))),
        "{refused:?}"
    );
    assert_eq!(trial.totals().in_doubt, 2, "nothing was concluded");

    trial.sandbox.set_read_script(Script::default());
    let (compared, told) = reconcile(&trial).await;
    assert_eq!(count(&compared, Verdict::InBoth), 4);
    assert_eq!(count(&compared, Verdict::OnlyInConcord), 1);
    assert_eq!(count(&compared, Verdict::InNeither), 1);
    assert_eq!(
        told.iter().filter(|row| row.ledger == "in_doubt").count(),
        2
    );
    let totals = trial.totals();
    assert_eq!(
        (
            totals.created,
            totals.failed,
            totals.in_doubt,
            totals.claimed
        ),
        (5, 1, 0, 0)
    );
    let gets = trial.gets();
    trial.assert_complete(&trial.run().await, 6);
    assert_eq!(
        trial.gets(),
        gets,
        "what was settled is not looked up again"
    );
}

#[tokio::test]
async fn what_another_run_is_sending_is_left_to_it() {
    let trial = Trial::with_script(2, "").await;
    let entries = crate::support::entries(1);
    let live = crate::import::claim_elsewhere(&trial, &entries, Duration::from_mins(1)).await;
    let (compared, told) = reconcile(&trial).await;
    let verdicts: Vec<_> = told.iter().map(|row| row.verdict.as_str()).collect();
    assert_eq!(verdicts, ["unknown", "in_neither"]);
    assert!(!all_agree(&compared));
    live.close().await;
    assert_eq!(trial.totals().claimed, 1, "its claim stands");
}

#[tokio::test]
async fn requests_that_are_twice_in_concord_are_told_with_both_ids() {
    let trial = Trial::with_script(3, "").await;
    trial.run().await;
    let name = ImportId::new(SANDBOX_PROJECT, "T-2");
    create(
        &trial,
        "person2@example.com",
        &format!("Ticket T-2 {}", name.mark()),
    )
    .await;
    let (compared, told) = reconcile(&trial).await;
    assert_eq!(count(&compared, Verdict::TwiceInConcord), 1);
    let twice = told
        .iter()
        .find(|row| row.verdict == "twice_in_concord")
        .expect("told");
    assert_eq!(twice.key, "T-2");
    let ids: Vec<_> = trial
        .sandbox
        .requests()
        .iter()
        .map(|one| one.id.to_string())
        .collect();
    assert!(ids.contains(&twice.id) && ids.contains(&twice.other_ids));
    assert_ne!(twice.id, twice.other_ids);
}

#[tokio::test]
async fn strangers_are_told_and_those_of_another_input_are_none() {
    let trial = Trial::new(Config::default(), &[csv(3), csv(2).replace("T-", "U-")]).await;
    trial.run().await;
    let stranger = ImportId::new(SANDBOX_PROJECT, "nobody knows").mark();
    create(&trial, "stranger@example.com", &format!("x {stranger}")).await;
    create(&trial, "other@example.com", "without a mark").await;
    let mut first = trial;
    first.read.inputs.truncate(1);
    let (compared, told) = reconcile(&first).await;
    assert_eq!(count(&compared, Verdict::Stranger), 1);
    assert_eq!(count(&compared, Verdict::OfAnotherInput), 2);
    assert!(!all_agree(&compared));
    assert!(told[3..].iter().all(|row| row.row.is_none()));
    assert_eq!(told.len(), 6);
}

#[tokio::test]
async fn what_concord_shows_otherwise_and_what_has_changed_since_is_listed() {
    let mut trial = Trial::with_script(3, "").await;
    trial.run().await;
    for (field, rule) in &mut trial.read.rules.fields {
        if *field == Field::Notes {
            *rule = Rule::Template("Case {{ Ticket }}".into());
        }
    }
    let (compared, told) = reconcile(&trial).await;
    assert!(!all_agree(&compared));
    assert_eq!(compared[0].verdicts.differing, 3);
    assert_eq!(told[1].differences, "notes");
    assert!(
        told[1].remark.contains("changed since"),
        "{}",
        told[1].remark
    );
}

#[tokio::test]
async fn a_row_of_another_person_with_a_known_key_is_invalid_with_and_without_a_ledger() {
    let trial = Trial::with_script(3, "").await;
    trial.run().await;
    trial.rewrite(&csv(3).replace("person2@", "another@"));
    for _ in 0..2 {
        let (compared, told) = reconcile(&trial).await;
        assert!(!all_agree(&compared));
        assert_eq!(told[1].verdict, "invalid", "{told:?}");
        assert!(
            told[1].remark.contains("another person's request"),
            "{told:?}"
        );
        assert!(!told[1].id.is_empty());
        // The second time from Concord's list alone: the ledger learns whose the key is.
        std::fs::remove_file(trial.ledger_path()).expect("removed");
    }
    reconcile(&trial).await;
    let ended = trial.run().await;
    assert_eq!(ended.row("T-2").error_code, "key_conflict");
    assert_eq!(trial.posts(), 3);
}

#[tokio::test]
async fn what_has_changed_unseen_by_concord_does_not_agree() {
    let mut trial = Trial::with_script(2, "").await;
    trial
        .read
        .rules
        .fields
        .push((Field::UserId, Rule::Columns(vec!["Wish".into()])));
    trial.run().await;
    trial.rewrite(&csv(2).replacen("Erase", "erase", 1));
    let (compared, told) = reconcile(&trial).await;
    assert_eq!(
        (told[0].verdict.as_str(), told[0].differences.as_str()),
        ("in_both", "")
    );
    assert!(told[0].remark.contains("changed since"), "{told:?}");
    assert_eq!(
        (compared[0].verdicts.changed, compared[0].verdicts.differing),
        (1, 0)
    );
    assert!(!all_agree(&compared));
}

#[tokio::test]
async fn without_a_mark_requests_are_known_by_the_ids_in_the_ledger() {
    let mut trial = Trial::with_script(3, "").await;
    trial.read.rules.mark = Mark::None;
    trial.run().await;
    let (compared, _) = reconcile(&trial).await;
    assert!(all_agree(&compared));
    forget_ledger(&trial);
    let (compared, _) = reconcile(&trial).await;
    assert_eq!(count(&compared, Verdict::Unknown), 3);
}

#[tokio::test]
async fn a_list_of_many_pages_is_read_whole_in_either_order_while_others_are_created() {
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let config = Config {
            listing: Listing {
                order,
                ..Listing::default()
            },
            ..Config::default()
        };
        let mut trial = Trial::new(config, &[csv(2_100)]).await;
        trial.sending.concurrency = NonZeroU32::new(64).expect("some");
        trial.run().await;
        forget_ledger(&trial);
        let others = async {
            for n in 0..40 {
                create(&trial, &format!("other{n}@example.com"), "somebody else's").await;
            }
        };
        let (compared, ()) = tokio::join!(try_reconcile(&trial, StopSignal::default()), others);
        let compared = compared.expect("it can be compared");
        assert_eq!(count(&compared, Verdict::OnlyInConcord), 2_100, "{order:?}");
    }
}

#[tokio::test]
async fn an_interrupted_comparison_goes_on_where_it_was() {
    let mut trial = Trial::with_script(1_500, "").await;
    trial.sending.concurrency = NonZeroU32::new(64).expect("some");
    trial.run().await;
    break_off(&mut trial).await;
    let offsets = |from: usize| {
        let gets = trial.exchanges(&Method::GET);
        let asked = gets[from..]
            .iter()
            .map(|one| one.query.clone().unwrap_or_default());
        asked.collect::<Vec<_>>()
    };
    let before = trial.gets();
    let (compared, _) = reconcile(&trial).await;
    assert!(all_agree(&compared));
    let asked = offsets(before);
    // What another process has begun is finished, and then read once whole.
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[0].contains("offset=1000"), "{asked:?}");
    let left: Vec<_> = std::fs::read_dir(trial.folder.path())
        .expect("listed")
        .map(|file| {
            file.expect("a file")
                .file_name()
                .into_string()
                .expect("text")
        })
        .filter(|name| name.contains("held"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn status_and_results_tell_imports_from_comparisons() {
    let trial = Trial::with_script(2, "").await;
    trial.run().await;
    reconcile(&trial).await;
    let overview = overview(&trial.ledger_path(), 9).expect("a ledger");
    let kinds: Vec<_> = overview
        .runs
        .iter()
        .map(|run| (run.kind, run.exit_code))
        .collect();
    assert_eq!(
        kinds,
        [
            (RunKind::Reconciliation, Some(0)),
            (RunKind::Import, Some(0))
        ]
    );
}

#[tokio::test]
async fn a_ledger_rebuilt_from_a_row_that_has_changed_believes_concord_and_not_the_row() {
    let rows = |wish: &str| format!("{HEADER}T-1,a@example.com,{wish}\n");
    let trial = Trial::new(Config::default(), &[rows("Erase")]).await;
    trial.run().await;
    forget_ledger(&trial);
    trial.rewrite(&rows("Access"));
    let (_, told) = reconcile(&trial).await;
    assert_eq!(
        (told[0].verdict.as_str(), told[0].differences.as_str()),
        ("only_in_concord", "request")
    );
    let ended = trial.run().await;
    assert_eq!(ended.row("T-1").error_code, "key_conflict");
    trial.rewrite(&rows("Both"));
    trial.assert_complete(&trial.run().await, 2);
    assert_eq!(trial.posts(), 2, "the delete exists");
}

#[tokio::test]
async fn two_requests_of_one_key_are_not_one_twice() {
    let rows = |wish: &str| format!("{HEADER}T-1,a@example.com,{wish}\n");
    let trial = Trial::new(Config::default(), &[rows("Access")]).await;
    trial.run().await;
    trial.rewrite(&rows("Both"));
    trial.run().await;
    trial.rewrite(&rows("Erase"));
    for is_lost in [false, true] {
        if is_lost {
            forget_ledger(&trial);
        }
        let (compared, told) = reconcile(&trial).await;
        assert_eq!(count(&compared, Verdict::TwiceInConcord), 0, "{told:?}");
        let name = ImportId::new(SANDBOX_PROJECT, "T-1 // delete").to_string();
        assert_eq!(told[0].import_id, name);
    }
}

#[tokio::test]
async fn strangers_are_kept_so_that_their_input_does_not_create_them_again() {
    let trial = Trial::new(Config::default(), &[csv(3), csv(2).replace("T-", "U-")]).await;
    trial.run().await;
    forget_ledger(&trial);
    let mut trial = trial;
    let both = trial.read.inputs.clone();
    trial.read.inputs.truncate(1);
    let (compared, _) = reconcile(&trial).await;
    assert_eq!(count(&compared, Verdict::Stranger), 2);
    trial.read.inputs = both;
    let ended = trial.run().await;
    trial.assert_complete(&ended, 5);
    assert_eq!(trial.posts(), 5);
    assert_eq!(ended.tally().changed, 0, "nobody knows that they have");
}

#[tokio::test]
async fn a_row_that_can_no_longer_be_sent_is_told_with_what_it_was() {
    let trial = Trial::with_script(2, "").await;
    trial.run().await;
    trial.rewrite(&csv(2).replace("person2@example.com", "nobody"));
    let (compared, told) = reconcile(&trial).await;
    assert_eq!(told[1].verdict, "invalid");
    assert!(
        !told[1].id.is_empty()
            && told[1]
                .remark
                .contains("Concord has a request with this key"),
        "{told:?}"
    );
    assert_eq!(told.len(), 2);
    assert!(!all_agree(&compared));
}

#[tokio::test]
async fn a_reading_that_another_process_began_does_not_stand_alone() {
    let mut trial = Trial::with_script(1_500, "").await;
    trial.sending.concurrency = NonZeroU32::new(64).expect("some");
    trial.run().await;
    break_off(&mut trial).await;
    // Newest first: what comes now stands before the page that was read.
    trial.sandbox.set_read_script(Script::default());
    trial.rewrite(&csv(2_400));
    trial.run().await;
    std::fs::remove_file(trial.ledger_path()).expect("removed");
    let (compared, _) = reconcile(&trial).await;
    assert_eq!(count(&compared, Verdict::OnlyInConcord), 2_400);
}

#[tokio::test]
async fn an_abandoned_comparison_gives_back_what_it_claimed() {
    let mut trial = Trial::with_script(2, "ok,504").await;
    trial.sending.concurrency = NonZeroU32::MIN;
    trial
        .sandbox
        .set_read_script("403*9".parse().expect("a script"));
    trial.run().await;
    break_off(&mut trial).await;
    assert_eq!((trial.totals().in_doubt, trial.totals().claimed), (1, 0));
}

#[tokio::test]
async fn a_list_that_leaves_out_what_the_ledger_knows_settles_no_doubt() {
    for omits in [Omits::All, Omits::Half] {
        let listing = Listing {
            omits,
            ..Listing::default()
        };
        let config = Config {
            listing,
            ..Config::default()
        };
        let mut trial = Trial::new(config, &[csv(30)]).await;
        trial.sending.concurrency = NonZeroU32::MIN;
        let read_script = "403*99".parse().expect("a script");
        trial.sandbox.set_read_script(read_script);
        let script = "ok*20,create-then-504*4,504*4".parse().expect("a script");
        trial.sandbox.set_script(script);
        assert_eq!(trial.run().await.count(Outcome::InDoubt), 8);
        trial.sandbox.set_read_script(Script::default());
        tokio::time::sleep(trial.sending.settle).await;

        let (compared, told) = reconcile(&trial).await;
        assert!(!all_agree(&compared));
        assert_eq!(count(&compared, Verdict::InNeither), 0, "{omits:?}");
        let unknown = told.iter().filter(|row| row.verdict == "unknown");
        let unknown: Vec<_> = unknown.collect();
        assert!(unknown.len() >= 4, "{omits:?}");
        for row in unknown {
            assert!(row.remark.contains("does not show request"), "{row:?}");
        }
        let totals = trial.totals();
        assert_eq!((totals.failed, totals.claimed), (0, 0), "{omits:?}");
        assert!(totals.in_doubt >= 4, "{omits:?}: {totals:?}");
        // Nor does a run send any of them again.
        let (posts, ended) = (trial.posts(), trial.run().await);
        assert_eq!(trial.posts(), posts, "{omits:?}");
        trial.assert_true(&ended);
    }
}

#[tokio::test]
async fn what_the_server_accepted_is_not_said_to_be_missing() {
    let trial = Trial::with_script(3, "ok,202,ok").await;
    trial
        .sandbox
        .set_read_script("403*99".parse().expect("a script"));
    assert_eq!(trial.run().await.count(Outcome::InDoubt), 1);
    trial.sandbox.set_read_script(Script::default());
    let (compared, told) = reconcile(&trial).await;
    assert_eq!(count(&compared, Verdict::Unknown), 1, "{told:?}");
    assert_eq!(trial.totals().in_doubt, 1);
}

/// A rule that takes a column as it is.
#[tokio::test]
async fn the_request_of_a_row_that_cannot_be_read_is_known_after_the_loss_of_a_ledger() {
    let source = format!("{HEADER}T-1,a@example.com,Erase\nT-2,cy[at]example.com,Access\n");
    let mut trial = Trial::new(Config::default(), std::slice::from_ref(&source)).await;
    trial.run().await;
    let (input, rejects) = (
        trial.read.inputs[0].path.clone(),
        trial.folder.path().join("rejects.csv"),
    );
    std::fs::write(&rejects, format!("{HEADER}T-2,cy@example.com,Access\n")).expect("written");
    trial.read.inputs[0].path.clone_from(&rejects);
    trial.assert_complete(&trial.run().await, 2);
    forget_ledger(&trial);
    trial.read.inputs[0].path = input;
    reconcile(&trial).await;
    trial.read.inputs[0].path = rejects;
    let ended = trial.run().await;
    assert_eq!(trial.posts(), 2, "{ended:?}");
    assert_eq!(ended.results[0][0].outcome, "created");
}

#[tokio::test]
async fn rows_whose_identifier_concord_does_not_show_are_known_after_the_loss_of_a_ledger() {
    let rows = format!("{HEADER}T-1,7,Erase\nT-2,8,Access\n");
    let mut trial = Trial::new(Config::default(), &[rows]).await;
    for (field, rule) in &mut trial.read.rules.fields {
        if *field == Field::UserEmail {
            (*field, *rule) = (Field::UserId, column("Email"));
        }
    }
    trial.assert_complete(&trial.run().await, 2);
    forget_ledger(&trial);
    let (compared, told) = reconcile(&trial).await;
    assert_eq!(count(&compared, Verdict::OnlyInConcord), 2, "{told:?}");
    trial.assert_complete(&trial.run().await, 2);
    assert_eq!(trial.posts(), 2);
}
