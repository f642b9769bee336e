//! A key identifies one request of one person: rows and runs that disagree about a key, nearly equal keys, and rows
//! that were sent from a corrected copy.

use concord_import::internals::identity::NearKeys;
use concord_import::internals::intake::IntakeError;
use concord_import::internals::outcome::Outcome;
use concord_import::internals::plan::Rule;
use concord_import::internals::sandbox::Config;

use crate::support::{Ended, HEADER, TODAY, Trial, survey_of};

async fn with_rows(rows: &str) -> Trial {
    Trial::new(Config::default(), &[format!("{HEADER}{rows}")]).await
}

/// Returns the outcome and the error code of each result.
fn told(ended: &Ended) -> Vec<[&str; 2]> {
    let rows = ended.results.iter().flatten();
    rows.map(|row| [&row.outcome, &row.error_code].map(String::as_str))
        .collect()
}

const CONFLICT: [&str; 2] = ["invalid", "key_conflict"];
const CREATED: [&str; 2] = ["created", ""];
const CORRECTED: [&str; 2] = ["created", "corrected"];

#[tokio::test]
async fn no_row_of_a_key_that_names_two_people_is_sent_and_each_names_the_others() {
    let rows = "JS,anna@example.com,Erase\nJS,bob@example.com,Erase\nMK,cy@example.com,Access\nJS,dee@example.com,Access\n";
    let trial = with_rows(rows).await;
    let survey = survey_of(&trial.read);
    assert_eq!(survey.to_send.count, 1);
    assert_eq!((survey.tally.conflicts, survey.problems.count()), (3, 3));
    for _ in 0..2 {
        let ended = trial.run().await;
        trial.assert_true(&ended);
        assert_eq!(told(&ended), [CONFLICT, CONFLICT, CREATED, CONFLICT]);
        assert_eq!(ended.exit_code(), 1);
        assert_eq!(ended.tally().conflicts, 3);
        let errors: Vec<_> = ended.results[0].iter().map(|row| &row.error).collect();
        assert!(
            errors[0].contains("line 3") && errors[0].contains("line 5"),
            "{errors:?}"
        );
        assert!(
            errors[3].contains("line 2") && !errors[3].contains("line 5"),
            "{errors:?}"
        );
        assert!(!errors[0].contains("example.com"), "{errors:?}");
    }
    assert_eq!(trial.posts(), 1);
    let rejects = std::fs::read_to_string(trial.out_dir(0).join("rejects.csv")).expect("rejects");
    assert_eq!(rejects.lines().count(), 4, "{rejects}");
}

#[tokio::test]
async fn two_inputs_conflict_as_the_rows_of_one_do() {
    let contents = [
        "T-1,anna@example.com,Erase\n",
        "T-1,bob@example.com,Erase\nT-2,cy@example.com,Erase\n",
    ];
    let contents = contents.map(|rows| format!("{HEADER}{rows}"));
    let trial = Trial::new(Config::default(), &contents).await;
    let ended = trial.run().await;
    assert_eq!(told(&ended), [CONFLICT, CONFLICT, CREATED]);
    assert!(ended.results[0][0].error.contains("input 2"), "{ended:?}");
}

#[tokio::test]
async fn one_identifier_in_common_makes_the_same_person() {
    let header = "Ticket,Email,User,Wish\n";
    let rows = "T-1,anna@example.com,7,Erase\nT-1,new@example.com,7,Erase\nT-2,ANNA@example.com,,Erase\nT-2,anna@example.com,9,Erase\n";
    let mut trial = Trial::new(Config::default(), &[format!("{header}{rows}")]).await;
    trial.read.rules.fields.push((
        concord_import::internals::entry::Field::UserId,
        Rule::Column {
            name: "User".into(),
            values: Vec::new(),
            default: None,
            part: None,
        },
    ));
    let ended = trial.run().await;
    let changed = ["duplicate", "changed"];
    assert_eq!(told(&ended), [CREATED, changed, CREATED, changed]);
    assert_eq!(ended.exit_code(), 0);
}

#[tokio::test]
async fn a_key_with_two_request_types_is_a_conflict_unless_one_row_asks_for_more() {
    let row = |wish: &str| format!("T-1,anna@example.com,{wish}\n");
    for (wishes, expected) in [
        (["Erase", "Access"], [CONFLICT, CONFLICT].as_slice()),
        (["Both", "Correct"], &[CONFLICT, CONFLICT, CONFLICT]),
        (
            ["Erase", "Both"],
            &[CREATED, CREATED, ["duplicate", "duplicate"]],
        ),
    ] {
        let rows = wishes.map(row).concat();
        // The rows of one run, and the runs of two inputs.
        let trial = with_rows(&rows).await;
        let ended = trial.run().await;
        assert_eq!(told(&ended), expected, "{wishes:?}");
        let is_conflict = expected[0] == CONFLICT;
        assert_eq!(trial.posts(), if is_conflict { 0 } else { 2 });
        if is_conflict {
            assert!(
                ended.results[0][0].error.contains("add `Wish` to `key`"),
                "{ended:?}"
            );
        }
        let trial = with_rows(&row(wishes[0])).await;
        trial.run().await;
        let posts = trial.posts();
        trial.rewrite(&format!("{HEADER}{}", row(wishes[1])));
        let ended = trial.run().await;
        let is_refused = told(&ended).contains(&CONFLICT);
        assert_eq!(is_refused, is_conflict, "{wishes:?}: {:?}", told(&ended));
        assert_eq!(trial.posts() > posts, !is_conflict, "{wishes:?}");
    }
}

#[tokio::test]
async fn a_key_that_an_earlier_run_used_for_another_person_is_refused() {
    let trial = with_rows("T-1,anna@example.com,Erase\n").await;
    let first = trial.run().await;
    let id = first.results[0][0].id.clone();
    trial.rewrite(&format!(
        "{HEADER}T-1,bob@example.com,Erase\nT-2,cy@example.com,Both\n"
    ));
    for _ in 0..2 {
        let ended = trial.run().await;
        trial.assert_true(&ended);
        assert_eq!(told(&ended), [CONFLICT, CREATED, CREATED]);
        assert!(ended.results[0][0].error.contains(&id), "{ended:?}");
        assert!(ended.results[0][0].id.is_empty());
    }
    // A key of several requests is known by the key alone, too.
    trial.rewrite(&format!(
        "{HEADER}T-2,dee@example.com,Correct\nT-2,cy@example.com,Access\n"
    ));
    assert_eq!(told(&trial.run().await), [CONFLICT, CORRECTED]);
    trial.rewrite(&format!("{HEADER}T-2,dee@example.com,Correct\n"));
    assert_eq!(told(&trial.run().await), [CONFLICT]);
    assert_eq!(trial.posts(), 3);
}

#[tokio::test]
async fn a_key_of_a_request_that_was_surely_not_created_is_free() {
    let trial = with_rows("T-1,anna@example.com,Erase\n").await;
    trial.sandbox.set_script("400".parse().expect("a script"));
    assert_eq!(trial.run().await.count(Outcome::Rejected), 1);
    trial.rewrite(&format!("{HEADER}T-1,bob@example.com,Erase\n"));
    trial.assert_complete(&trial.run().await, 1);
    trial.rewrite(&format!("{HEADER}T-1,anna@example.com,Erase\n"));
    assert_eq!(told(&trial.run().await), [CONFLICT]);
}

#[tokio::test]
async fn what_an_older_version_created_is_compared_once_its_row_came_again() {
    let trial = with_rows("T-1,anna@example.com,Erase\nT-2,eve@example.com,Both\n").await;
    trial.run().await;
    trial.in_ledger(
        "UPDATE entries SET key_id = NULL, normal_id = NULL, person = NULL, request = NULL",
    );
    trial.assert_complete(&trial.run().await, 3);
    trial.rewrite(&format!(
        "{HEADER}T-1,bob@example.com,Erase\nT-2,bob@example.com,Correct\n"
    ));
    assert_eq!(told(&trial.run().await), [CONFLICT, CONFLICT]);
    assert_eq!(trial.posts(), 3);
}

#[tokio::test]
async fn the_keys_of_invalid_rows_are_compared_as_well() {
    let header = "Ticket,Email,User,Wish\n";
    let column = |name: &str| Rule::Column {
        name: name.into(),
        values: Vec::new(),
        default: None,
        part: None,
    };
    // The second identifier of the first row is no UUID.
    let rows = "A1,anna@example.com,see email,Erase\nA1,bob@example.com,,Erase\n";
    let mut trial = Trial::new(Config::default(), &[format!("{header}{rows}")]).await;
    let field = concord_import::internals::entry::Field::ConcordId;
    trial.read.rules.fields.push((field, column("User")));
    let ended = trial.run().await;
    trial.assert_true(&ended);
    let codes: Vec<_> = ended.results[0]
        .iter()
        .map(|row| &*row.error_code)
        .collect();
    assert!(
        codes[0].contains("key_conflict") && codes[0].contains("not_uuid"),
        "{codes:?}"
    );
    assert_eq!(codes[1], "key_conflict");
    assert_eq!(trial.posts(), 0);
}

#[tokio::test]
async fn a_row_whose_person_cannot_be_read_is_never_taken_for_another_persons_request() {
    // The person of the first row is not known, so the second row takes the key and the first is still invalid.
    let trial = with_rows("A1,anna@,Erase\nA1,bob@example.com,Erase\n").await;
    for _ in 0..2 {
        let ended = trial.run().await;
        assert_eq!(told(&ended)[0][0], "invalid", "{ended:?}");
        assert_eq!(told(&ended)[1], CREATED);
    }
    // Corrected, it has the key of another person's request.
    trial.rewrite(&format!("{HEADER}A1,anna@example.com,Erase\n"));
    assert_eq!(told(&trial.run().await), [CONFLICT]);
    // A request of last week's input does not solve it either.
    let trial = with_rows("A1,bob@example.com,Erase\n").await;
    trial.run().await;
    trial.rewrite(&format!("{HEADER}A1,anna@,Erase\n"));
    assert_eq!(told(&trial.run().await)[0][0], "invalid");
}

/// Renames the first input, as if it were another file.
fn read_from(trial: &mut Trial, name: &str, content: &str) {
    let path = trial.folder.path().join(name);
    std::fs::write(&path, content).expect("written");
    trial.read.inputs[0].name = name.into();
    trial.read.inputs[0].path = path;
}

#[tokio::test]
async fn a_row_that_was_sent_from_a_corrected_copy_counts_as_created() {
    let source = format!(
        "{HEADER}T-1,anna@example.com,Sing\nT-2,cy@,Erase\nT-3,dee@example.com,Erase\nT-4,eve@example.com,Sing\n"
    );
    let mut trial = Trial::new(Config::default(), std::slice::from_ref(&source)).await;
    let source_path = trial.read.inputs[0].path.clone();
    assert_eq!(trial.run().await.exit_code(), 1);
    let rejects = std::fs::read_to_string(trial.out_dir(0).join("rejects.csv")).expect("rejects");
    let rejects = rejects
        .replace("anna@example.com,Sing", "anna@example.com,Erase")
        .replace("cy@,", "cy@example.com,")
        .replace("eve@example.com,Sing", "eve@example.com,Both");
    read_from(&mut trial, "corrected.csv", &rejects);
    trial.assert_complete(&trial.run().await, 5);
    let posts = trial.posts();
    trial.read.inputs[0].path = source_path;
    for _ in 0..2 {
        let ended = trial.run().await;
        assert_eq!(told(&ended), [CORRECTED, CORRECTED, CREATED, CORRECTED]);
        assert_eq!(ended.exit_code(), 0, "{ended:?}");
        let row = &ended.results[0][0];
        assert_eq!((row.via.as_str(), row.id.is_empty()), ("ledger", false));
        assert_eq!(
            (ended.tally().corrected, ended.tally().already_created),
            (3, 4)
        );
        assert!(!trial.out_dir(0).join("rejects.csv").exists());
    }
    assert_eq!(trial.posts(), posts);
}

#[tokio::test]
async fn a_copy_without_its_mark_solves_only_a_row_of_the_same_person_and_request() {
    let rows = "T-1,anna@,Erase\nT-2,bob@example.com,Sing\nT-3,dee@example.com,Erase\n";
    let source = format!("{HEADER}{rows}");
    let mut trial = Trial::new(Config::default(), std::slice::from_ref(&source)).await;
    let source_path = trial.read.inputs[0].path.clone();
    trial.run().await;
    for problem in ["done", ""] {
        let copy = format!(
            "Ticket,Email,Wish,import_problem\nT-1,anna@example.com,Erase,{problem}\n\
             T-2,bob@example.com,Erase,{problem}\n"
        );
        read_from(&mut trial, "corrected.csv", &copy);
        trial.assert_complete(&trial.run().await, 3);
        trial.read.inputs[0].path.clone_from(&source_path);
        let ended = trial.run().await;
        assert_eq!(ended.exit_code(), 1);
        for row in &ended.results[0][..2] {
            assert_eq!(row.outcome, "invalid");
            let advice = "correct the row in the source as well";
            assert!(row.error.contains(advice), "{row:?}");
        }
    }
    // Its own person and type show that the request is that of the row, whatever is wrong otherwise.
    let rows = "T-1,anna@example.com,Erase\nT-2,bob@example.com,Erase\nT-3,dee@example.com,Erase\n";
    trial.rewrite(&format!("{HEADER}{rows}"));
    assert_eq!(told(&trial.run().await), [CREATED; 3]);
}

#[tokio::test]
async fn a_correction_for_another_person_or_request_solves_nothing() {
    let source = format!("{HEADER}T-1,anna@example.com,\nT-2,cy@,Erase\n");
    let mut trial = Trial::new(Config::default(), std::slice::from_ref(&source)).await;
    let source_path = trial.read.inputs[0].path.clone();
    trial.run().await;
    let corrected = "Ticket,Email,Wish,import_problem\nT-1,bob@example.com,Erase,x\nT-2,cy@example.com,Access,x\n";
    read_from(&mut trial, "corrected.csv", corrected);
    trial.assert_complete(&trial.run().await, 2);
    trial.read.inputs[0].path = source_path;
    let ended = trial.run().await;
    assert_eq!(ended.count(Outcome::Invalid), 2, "{ended:?}");
}

#[tokio::test]
async fn a_new_key_that_is_nearly_a_known_one_is_held_for_the_same_person_and_request() {
    for (known, near) in [
        ("00001026", "1026"),
        ("1026", "00001026"),
        ("2553", "2 553"),
        ("2553", "2\u{a0}553"),
        ("2 553", "2\u{a0}553"),
        ("t-7", "T-7"),
        ("T-7", "t-7"),
        ("#12", "12.0"),
        ("T\u{200b}7", "T7"),
    ] {
        let row = |key: &str, rest: &str| format!("{key},{rest}\n");
        let anna = "anna@example.com,Erase";
        // Two rows of one input.
        let rows = row(known, anna) + &row(near, anna) + &row(near, anna);
        let trial = with_rows(&rows).await;
        let ended = trial.run().await;
        let held = ["invalid", "near_key"];
        assert_eq!(told(&ended), [CREATED, held, held], "{known} {near}");
        assert!(ended.results[0][1].error.contains("line 2"), "{ended:?}");
        // Against an earlier run.
        trial.rewrite(&format!("{HEADER}{}", row(near, anna)));
        let ended = trial.run().await;
        assert_eq!(told(&ended), [held], "{known} {near}");
        // An invisible character is replaced by one that is seen.
        let named = format!("`{}`", known.replace('\u{200b}', "\u{fffd}"));
        assert!(ended.results[0][0].error.contains(&named), "{ended:?}");
        assert_eq!(ended.exit_code(), 1);
        // Another person, or another request, is another request.
        trial.rewrite(&format!(
            "{HEADER}{}{}",
            row(near, "bob@example.com,Erase"),
            row(&format!("{known}0"), anna)
        ));
        trial.assert_complete(&trial.run().await, 3);
        trial.rewrite(&format!("{HEADER}{}", row(known, anna)));
        assert_eq!(
            told(&trial.run().await),
            [CREATED],
            "the known key stays known"
        );
    }
}

#[tokio::test]
async fn near_keys_are_sent_where_the_job_says_so() {
    for near_keys in [NearKeys::Warn, NearKeys::Ignore] {
        let rows = "0026,anna@example.com,Erase\n26,anna@example.com,Erase\n";
        let mut trial = with_rows(rows).await;
        trial.read.rules.near_keys = near_keys;
        let warned = survey_of(&trial.read).warnings.count();
        assert_eq!(warned, u64::from(near_keys == NearKeys::Warn));
        trial.assert_complete(&trial.run().await, 2);
        trial.rewrite(&format!("{HEADER}26.0,anna@example.com,Erase\n"));
        trial.assert_complete(&trial.run().await, 3);
    }
}

#[tokio::test]
async fn near_keys_of_rows_with_several_requests_are_known_by_the_key_alone() {
    let trial = with_rows("0026,anna@example.com,Both\n").await;
    trial.run().await;
    trial.rewrite(&format!(
        "{HEADER}26,anna@example.com,Both\n27,anna@example.com,Both\n"
    ));
    let held = ["invalid", "near_key"];
    assert_eq!(told(&trial.run().await), [held, held, CREATED, CREATED]);
    trial.rewrite(&format!("{HEADER}027,anna@example.com,Access\n"));
    assert_eq!(told(&trial.run().await), [held]);
}

#[tokio::test]
async fn key_columns_of_which_most_values_conflict_are_refused_before_anything_is_sent() {
    let mut rows = String::new();
    for handler in ["JS", "MK", "AB"] {
        for n in 0..3 {
            rows += &format!("{handler},{handler}{n}@example.com,Erase\n");
        }
    }
    let trial = with_rows(&rows).await;
    let refused = concord_import::internals::check::survey(&trial.read, TODAY, &mut |_| {
        std::ops::ControlFlow::Continue(())
    });
    let error = refused.expect_err("the column is no key");
    assert!(
        matches!(
            &error,
            IntakeError::NoKey { columns, keys: 3, conflicts: 3, .. } if columns == &["Ticket"]
        ),
        "{error}"
    );
}

#[tokio::test]
async fn one_key_of_all_rows_is_refused_unless_it_may_be_a_mistake() {
    let rows = |count: u32| -> String {
        let rows = (0..count).map(|n| format!("A,a{n}@example.com,Access\n"));
        rows.collect()
    };
    for (count, is_refused) in [(2, false), (4, false), (5, true), (30, true)] {
        let trial = with_rows(&rows(count)).await;
        let refused = concord_import::internals::check::survey(&trial.read, TODAY, &mut |_| {
            std::ops::ControlFlow::Continue(())
        });
        assert_eq!(
            matches!(
                &refused,
                Err(IntakeError::NoKey {
                    keys: 1,
                    conflicts: 1,
                    ..
                })
            ),
            is_refused,
            "{count}: {refused:?}"
        );
    }
    // One of two keys is not most of them.
    let trial = with_rows(&(rows(30) + "B,b@example.com,Access\n")).await;
    let ended = trial.run().await;
    assert_eq!(
        (ended.count(Outcome::Invalid), ended.count(Outcome::Created)),
        (30, 1)
    );
}

#[tokio::test]
async fn a_near_key_does_not_hide_that_its_key_names_two_people() {
    let known = "00088,anna@example.com,Access\n";
    let near = "88,anna@example.com,Access\n";
    let other = "88,zoe@example.org,Access\n";
    let filler = "T-1,cy@example.com,Access\nT-2,dee@example.com,Access\n";
    let near_key = ["invalid", "near_key"];
    for (rows, expected) in [
        ([known, near, other], [CREATED, CONFLICT, CONFLICT]),
        ([known, other, near], [CREATED, CONFLICT, CONFLICT]),
        ([known, near, near], [CREATED, near_key, near_key]),
    ] {
        let trial = with_rows(&(rows.concat() + filler)).await;
        for _ in 0..2 {
            let ended = trial.run().await;
            assert_eq!(told(&ended)[..3], expected, "{rows:?}");
            assert_eq!(trial.posts(), 3, "{rows:?}");
        }
    }
    // Both of them have a near key.
    let rows = [known, "00088.0,zoe@example.org,Access\n", near, other];
    let trial = with_rows(&(rows.concat() + filler)).await;
    let ended = trial.run().await;
    assert_eq!(told(&ended)[..4], [CREATED, CREATED, CONFLICT, CONFLICT]);
}

#[tokio::test]
async fn all_requests_of_a_row_with_a_near_key_are_held() {
    let trial = with_rows("T-1,anna@example.com,Access\n").await;
    trial.run().await;
    trial.rewrite(&format!("{HEADER}t-1,anna@example.com,Both\n"));
    let held = ["invalid", "near_key"];
    assert_eq!(told(&trial.run().await), [held, held]);
    trial.rewrite(&format!("{HEADER}T-1,anna@example.com,Both\n"));
    trial.assert_complete(&trial.run().await, 2);
}

#[tokio::test]
async fn a_key_whose_own_request_was_refused_is_compared_with_near_ones() {
    let trial = with_rows("00123,anna@example.com,Erase\n").await;
    trial.sandbox.set_script("400".parse().expect("a script"));
    trial.run().await;
    trial.rewrite(&format!("{HEADER}123,anna@example.com,Erase\n"));
    trial.assert_complete(&trial.run().await, 1);
    trial.rewrite(&format!("{HEADER}00123,anna@example.com,Erase\n"));
    assert_eq!(told(&trial.run().await), [["invalid", "near_key"]]);
}

#[tokio::test]
async fn what_an_older_version_did_not_create_is_found_by_its_key_once_it_is_created() {
    let trial = with_rows("K-1,anna@example.com,Both\nk-2,anna@example.com,Erase\n").await;
    trial
        .sandbox
        .set_script("400,400,400".parse().expect("a script"));
    assert_eq!(trial.run().await.count(Outcome::Rejected), 3);
    trial.in_ledger(
        "UPDATE entries SET key_id = NULL, normal_id = NULL, person = NULL, request = NULL",
    );
    trial.assert_complete(&trial.run().await, 3);
    trial.rewrite(&format!(
        "{HEADER}K-1,bob@example.com,Correct\nK-2,anna@example.com,Erase\n"
    ));
    assert_eq!(
        told(&trial.run().await),
        [CONFLICT, ["invalid", "near_key"]]
    );
}

#[tokio::test]
async fn two_rows_of_one_key_in_the_rejects_are_no_copies_of_each_other() {
    let rows = "K,anna@,Erase\nK,bob@example.com,Erase\n";
    let mut trial = with_rows("X,x@example.com,Erase\n").await;
    let rejects = format!("{HEADER}{rows}");
    read_from(&mut trial, "rejects.csv", &rejects);
    for _ in 0..2 {
        let ended = trial.run().await;
        assert_eq!(told(&ended)[0][0], "invalid", "{ended:?}");
        assert_eq!(told(&ended)[1], CREATED);
        assert_eq!(ended.exit_code(), 1);
    }
}

#[tokio::test]
async fn an_unreadable_row_of_a_conflict_is_not_solved_by_another_row_of_it() {
    let rows = "K,anna@,Erase\nK,bob@example.com,Erase\nK,carl@example.com,Erase\n";
    let source = format!("{HEADER}{rows}");
    let mut trial = Trial::new(Config::default(), std::slice::from_ref(&source)).await;
    let source_path = trial.read.inputs[0].path.clone();
    trial.run().await;
    let rejects = format!("{HEADER}K,bob@example.com,Erase\nK-c,carl@example.com,Erase\n");
    read_from(&mut trial, "rejects.csv", &rejects);
    trial.assert_complete(&trial.run().await, 2);
    trial.read.inputs[0].path = source_path;
    let ended = trial.run().await;
    assert_eq!(told(&ended)[0][0], "invalid", "{ended:?}");
    assert_eq!(told(&ended)[1], CORRECTED);
}

#[tokio::test]
async fn conflicts_of_near_keys_are_found_before_anything_is_sent() {
    let rows = "T-1,anna@example.com,Erase\nT-1,carl@example.com,Erase\nt-1,anna@example.com,Erase\nt-1,bob@example.com,Erase\n";
    let filler = "T-2,cy@example.com,Erase\nT-3,dee@example.com,Erase\n";
    let trial = with_rows(&format!("{rows}{filler}")).await;
    assert_eq!(survey_of(&trial.read).tally.conflicts, 4);
    assert_eq!(told(&trial.run().await)[..4], [CONFLICT; 4]);
    assert_eq!(trial.posts(), 2);
}

#[tokio::test]
async fn near_keys_are_found_for_each_person_of_a_form() {
    let rows = "#42,cy@example.com,Erase\n42,cy@example.com,Erase\n0042,di@example.com,Erase\n42.0,di@example.com,Erase\n";
    let trial = with_rows(rows).await;
    let held = ["invalid", "near_key"];
    assert_eq!(survey_of(&trial.read).to_send.count, 2);
    assert_eq!(told(&trial.run().await), [CREATED, held, CREATED, held]);
}

#[tokio::test]
async fn words_of_one_meaning_in_a_key_column_are_near() {
    let rows = "3,cy@example.com,Erase\n3,cy@example.com,Erase.\n3,cy@example.com,Access\n";
    let mut trial = with_rows(rows).await;
    trial.read.rules.key = vec!["Ticket".into(), "Wish".into()];
    let held = ["invalid", "near_key"];
    assert_eq!(told(&trial.run().await), [CREATED, held, CREATED]);
    // The next night in other words.
    trial.rewrite(&format!("{HEADER}3,cy@example.com,ERASE\n"));
    assert_eq!(told(&trial.run().await), [held]);
    assert_eq!(trial.posts(), 2);
}
