//! What is done about lost answers: the job's policy, and servers whose lists are of more or less help.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::Method;
use concord_import::internals::entry::Field;
use concord_import::internals::event::{Events, Preflight};
use concord_import::internals::outcome::Outcome;
use concord_import::internals::plan::{DoubtPolicy, Mark, Rule};
use concord_import::internals::sandbox::{
    Config, Faults, Listing, Order, Reads, Script, TextMatch,
};
use concord_import::internals::stop::{StopCause, StopSignal};

use crate::support::{Trial, csv, within};

const READS: [Reads; 3] = [
    Reads::Forbidden403,
    Reads::NotFound404,
    Reads::MethodNotAllowed405,
];

async fn with_reads(rows: usize, reads: Reads, script: &str) -> Trial {
    let config = Config {
        reads,
        faults: Faults {
            script: script.parse().expect("a script"),
            ..Faults::default()
        },
        ..Config::default()
    };
    let mut trial = Trial::new(config, &[csv(rows)]).await;
    trial.sending.concurrency = NonZeroU32::MIN;
    trial
}

#[tokio::test]
async fn a_job_that_says_hold_never_sends_a_lost_answer_again() {
    let mut trial = Trial::with_script(6, "504,create-then-504").await;
    trial.sending.in_doubt = DoubtPolicy::Hold;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(trial.posts(), 6);
    assert_eq!(trial.created().len(), 5);
    assert_eq!(ended.tally().recovered, 1);
    assert_eq!(ended.count(Outcome::InDoubt), 1);
    assert_eq!(ended.exit_code(), 1);
    trial.sending.in_doubt = DoubtPolicy::LookUp;
    trial.assert_complete(&trial.run().await, 6);
}

#[tokio::test]
async fn a_job_that_says_resend_still_looks_first() {
    let mut trial = Trial::with_script(6, "504,create-then-504").await;
    trial.sending.in_doubt = DoubtPolicy::Resend;
    trial.assert_complete(&trial.run().await, 6);
    assert_eq!(trial.posts(), 7);
}

#[tokio::test]
async fn without_a_list_lost_answers_stay_in_doubt() {
    for reads in READS {
        let trial = with_reads(6, reads, "ok,504,create-then-504").await;
        let ended = trial.run().await;
        trial.assert_true(&ended);
        assert_eq!(trial.posts(), 6, "{reads:?}");
        assert_eq!(ended.count(Outcome::InDoubt), 2, "{reads:?}");
        assert_eq!(ended.count(Outcome::Created), 4, "{reads:?}");
        assert_eq!(ended.exit_code(), 1);
        // They are not sent by a later run either.
        let again = trial.run().await;
        trial.assert_true(&again);
        assert_eq!(trial.posts(), 6, "{reads:?}");
        assert_eq!(again.count(Outcome::InDoubt), 2, "{reads:?}");
    }
}

#[tokio::test]
async fn without_a_list_a_job_that_says_resend_sends_again() {
    for reads in READS {
        let mut trial = with_reads(6, reads, "ok,504,502").await;
        trial.sending.in_doubt = DoubtPolicy::Resend;
        trial.assert_complete(&trial.run().await, 6);
        assert_eq!(trial.posts(), 8, "{reads:?}");
    }
}

#[tokio::test]
async fn what_was_sent_again_unseen_stays_in_doubt_unless_it_is_created() {
    // The first attempt may have created it, whatever the second one is told.
    for (second, stop) in [
        ("400", None),
        ("421*1000", None),
        ("401", Some(StopCause::KeyRefused)),
    ] {
        let mut trial = with_reads(1, Reads::NotFound404, &format!("504,{second}")).await;
        trial.sending.in_doubt = DoubtPolicy::Resend;
        let ended = trial.run().await;
        trial.assert_true(&ended);
        assert_eq!(ended.stop, stop, "{second}");
        assert_eq!(ended.count(Outcome::InDoubt), 1, "{second}");
        assert_eq!(trial.totals().in_doubt, 1, "{second}");
    }
}

#[tokio::test]
async fn a_server_that_knows_nothing_but_the_post_can_be_imported_into() {
    for reads in READS {
        let trial = with_reads(10, reads, "").await;
        let stop = StopSignal::default();
        let outbound = trial.outbound(&stop, &Events::none());
        let preflight = within(outbound.preflight(trial.target.project)).await;
        assert!(
            matches!(preflight, Preflight::Unknown { .. }),
            "{preflight:?}"
        );
        assert!(!stop.is_raised());
        trial.assert_complete(&trial.run().await, 10);
    }
}

#[tokio::test]
async fn the_preflight_names_the_project_or_says_why_it_cannot() {
    let mut trial = Trial::with_script(1, "").await;
    let ask = async |trial: &Trial| {
        let stop = StopSignal::default();
        let outbound = trial.outbound(&stop, &Events::none());
        let told = within(outbound.preflight(trial.target.project)).await;
        (told, stop.cause())
    };
    let named = Preflight::Named {
        name: "Sandbox project".into(),
        is_test: Some(true),
    };
    assert_eq!(ask(&trial).await, (named, None));
    trial.target.project = uuid::Uuid::from_u128(5);
    assert_eq!(ask(&trial).await, (Preflight::NotListed, None));
    trial.api_key = "wrong".into();
    assert_eq!(ask(&trial).await.1, Some(StopCause::KeyRefused));
    assert_eq!(trial.posts(), 0);
}

/// So many rows whose requests bear no mark, sent one after another.
async fn unmarked(contents: &str, script: &str) -> Trial {
    let mut trial = Trial::new(Config::default(), &[contents.to_owned()]).await;
    trial.read.rules.mark = Mark::None;
    trial.sending.concurrency = NonZeroU32::MIN;
    trial.sandbox.set_script(script.parse().expect("a script"));
    trial
}

#[tokio::test]
async fn without_a_mark_a_lost_answer_is_settled_by_person_request_and_time() {
    let trial = unmarked(&csv(6), "ok,504,create-then-504,create-then-drop").await;
    let ended = trial.run().await;
    assert_eq!(ended.count(Outcome::Created), 6);
    assert_eq!(ended.tally().recovered, 2);
    assert_eq!((trial.posts(), trial.sandbox.requests().len()), (7, 6));
    for row in &ended.results[0] {
        let mut held = trial.sandbox.requests().into_iter();
        let held = held.find(|stored| stored.id.to_string() == row.id);
        let notes = held.and_then(|stored| stored.body.notes.clone());
        assert_eq!(notes, Some(format!("Ticket {}", row.key)), "{row:?}");
    }
}

#[tokio::test]
async fn without_a_mark_what_an_earlier_run_left_behind_is_settled_too() {
    let trial = unmarked(&csv(6), "ok,504,create-then-504").await;
    trial
        .sandbox
        .set_read_script("403*50".parse().expect("a script"));
    let first = trial.run().await;
    assert_eq!(first.count(Outcome::InDoubt), 2);
    trial.sandbox.set_read_script(Script::default());
    let second = trial.run().await;
    assert_eq!(second.count(Outcome::Created), 6);
    assert_eq!((trial.posts(), trial.sandbox.requests().len()), (7, 6));
}

#[tokio::test]
async fn without_a_mark_two_rows_of_one_person_and_request_are_never_told_apart() {
    let twins = "Ticket,Email,Wish\nT-1,a@example.com,Erase\nT-2,A@example.com,Erase\n";
    for script in [
        "create-then-504*2",
        "create-then-504,504",
        "504,create-then-504",
    ] {
        let mut trial = unmarked(twins, script).await;
        trial.sending.concurrency = NonZeroU32::new(2).expect("not zero");
        // Where looking is possible and shows something, nothing is sent again unseen.
        trial.sending.in_doubt = DoubtPolicy::Resend;
        let ended = trial.run().await;
        assert_eq!(ended.count(Outcome::InDoubt), 2, "{script}");
        assert_eq!(trial.posts(), 2, "{script}");
        let again = trial.run().await;
        assert_eq!(again.count(Outcome::InDoubt), 2, "{script}");
        assert_eq!(trial.posts(), 2, "{script}");
        for row in &ended.results[0] {
            assert!(row.error.contains("in Concord may be it"), "{}", row.error);
            assert!(!row.error.contains('@'), "{}", row.error);
        }
    }
    // Another request of the same person is another matter.
    let other = twins.replace("A@example.com,Erase", "A@example.com,Access");
    let trial = unmarked(&other, "create-then-504,504").await;
    assert_eq!(trial.run().await.count(Outcome::Created), 2);
    assert_eq!(trial.sandbox.requests().len(), 2);
}

#[tokio::test]
async fn without_a_mark_a_request_that_somebody_else_made_for_the_person_leaves_the_doubt() {
    let trial = unmarked(&csv(1), "").await;
    trial.run().await;
    // The same person again under another key, by another job with a ledger of its own.
    let mut other = Trial::against(trial.sandbox, &[csv(1).replace("T-1", "U-1")]);
    other.read.rules.mark = Mark::None;
    for script in ["504", "create-then-504"] {
        other.sandbox.set_script(script.parse().expect("a script"));
        let (posts, gets) = (other.posts(), other.gets());
        let ended = other.run().await;
        assert_eq!(ended.count(Outcome::InDoubt), 1, "{script}");
        assert!(
            other.posts() <= posts + 1 && other.gets() > gets,
            "{script}"
        );
    }
}

#[tokio::test]
async fn doubts_of_a_run_that_died_are_settled_by_few_readings_of_the_list() {
    const DOUBTS: usize = 80;
    const ROWS: usize = 2_150;
    let doubts = u64::try_from(DOUBTS).expect("few");
    for listing in [
        Listing::default(),
        Listing {
            text_match: TextMatch::Ignored,
            order: Order::OldestFirst,
            ..Listing::default()
        },
    ] {
        let config = Config {
            listing,
            ..Config::default()
        };
        let mut trial = Trial::new(config, &[csv(ROWS)]).await;
        trial.limit = u64::try_from(ROWS - DOUBTS).expect("few");
        trial.run().await;
        // Every other one was created, and the list could not be had.
        trial.limit = u64::MAX;
        let script = vec!["create-then-504,504"; DOUBTS].join(",");
        trial.sandbox.set_script(script.parse().expect("a script"));
        trial
            .sandbox
            .set_read_script("403*9999".parse().expect("a script"));
        let broken = trial.run().await;
        assert_eq!(broken.count(Outcome::InDoubt), doubts, "{:?}", broken.stop);
        trial.sandbox.set_faults(Faults::default());
        let before = (trial.posts(), trial.gets());
        trial.sending.settle = Duration::from_secs(1);
        let ended = trial.run().await;
        trial.assert_complete(&ended, ROWS);
        assert_eq!(ended.tally().recovered, doubts / 2);
        assert_eq!(trial.posts() - before.0, DOUBTS / 2);
        // Two looks, each of three pages and the front again; besides, those few who came too late to join, and
        // what it took to learn that dates can be trusted.
        let gets = trial.exchanges(&Method::GET).split_off(before.1);
        assert!(
            gets.len() <= 20,
            "{} requests to settle {DOUBTS}",
            gets.len()
        );
        let is_dated = gets.iter().any(|one| {
            let query = one.query.as_deref().unwrap_or_default();
            query.contains("startDate=") && !query.contains("endDate=")
        });
        assert!(is_dated, "read from the oldest claim on");
    }
}

fn listings() -> Vec<Listing> {
    let mut all = Vec::new();
    for text_match in [
        TextMatch::Substring,
        TextMatch::Exact,
        TextMatch::Prefix,
        TextMatch::Ignored,
    ] {
        for order in [Order::NewestFirst, Order::OldestFirst] {
            for is_case_sensitive in [true, false] {
                all.push(Listing {
                    text_match,
                    order,
                    is_case_sensitive,
                    ..Listing::default()
                });
            }
        }
    }
    all
}

#[tokio::test]
async fn whatever_the_notes_filter_finds_nothing_is_created_twice() {
    for listing in listings() {
        let config = Config {
            listing,
            ..Config::default()
        };
        let trial = Trial::new(config, &[csv(40)]).await;
        trial.sandbox.set_script(
            "create-then-504,ok*6,create-then-drop,504,ok*4,junk,500,ok,create-then-500"
                .parse()
                .expect("a script"),
        );
        let ended = trial.run().await;
        trial.assert_complete(&ended, 40);
        assert_eq!(ended.tally().recovered, 4, "{listing:?}");
        assert_eq!(trial.posts(), 42, "{listing:?}");
    }
}

#[tokio::test]
async fn a_filter_that_is_ignored_is_found_out_in_a_project_of_more_than_a_page() {
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let config = Config {
            listing: Listing {
                text_match: TextMatch::Ignored,
                order,
                ..Listing::default()
            },
            ..Config::default()
        };
        let mut trial = Trial::new(config, &[csv(260)]).await;
        trial.sending.settle = Duration::from_millis(150);
        trial.sandbox.set_script(
            "ok*3,create-then-504,ok*100,create-then-504,ok*30,create-then-drop"
                .parse()
                .expect("a script"),
        );
        let ended = trial.run().await;
        trial.assert_complete(&ended, 260);
        assert_eq!(trial.posts(), 260, "{order:?}");
    }
}

#[tokio::test]
async fn a_filter_for_whole_texts_is_not_believed_because_it_finds_bare_marks() {
    for text_match in [TextMatch::Exact, TextMatch::Prefix] {
        let config = Config {
            listing: Listing {
                text_match,
                ..Listing::default()
            },
            ..Config::default()
        };
        // The first has no notes of its own: its mark is all there is.
        let content = csv(6)
            .replace("Ticket,", "Ticket,Remark,")
            .replace(",person", ",x,person");
        let content = content.replace("T-1,x,", "T-1,,");
        let mut trial = Trial::new(config, &[content]).await;
        trial.sending.concurrency = NonZeroU32::MIN;
        for (field, rule) in &mut trial.read.rules.fields {
            if *field == Field::Notes {
                *rule = Rule::Columns(vec!["Remark".into()]);
            }
        }
        trial
            .sandbox
            .set_script("ok,ok,create-then-504".parse().expect("a script"));
        let ended = trial.run().await;
        assert_eq!(trial.created().len(), 6);
        assert_eq!(trial.posts(), 6, "{text_match:?}");
        assert_eq!(ended.tally().recovered, 1);
        assert_eq!(ended.exit_code(), 0);
    }
}

#[tokio::test]
async fn a_list_that_lags_within_the_settle_time_makes_no_duplicate() {
    for text_match in [TextMatch::Substring, TextMatch::Exact] {
        let config = Config {
            listing: Listing {
                text_match,
                lag: Duration::from_millis(150),
                ..Listing::default()
            },
            ..Config::default()
        };
        let mut trial = Trial::new(config, &[csv(30)]).await;
        trial.sending.settle = Duration::from_millis(600);
        trial.sandbox.set_script(
            "create-then-504,ok*5,create-then-drop,504,ok*9,create-then-504"
                .parse()
                .expect("a script"),
        );
        let ended = trial.run().await;
        trial.assert_complete(&ended, 30);
        assert_eq!(trial.posts(), 31, "{text_match:?}");
        assert_eq!(ended.tally().recovered, 3);
    }
}

#[tokio::test]
async fn a_list_that_fails_for_a_while_is_asked_again() {
    let mut trial = Trial::with_script(6, "ok,create-then-504,504").await;
    trial.sending.concurrency = NonZeroU32::MIN;
    trial.sending.max_attempts = NonZeroU32::new(8).expect("not zero");
    let script: Script = "500,drop,503,429,cut,junk".parse().expect("a script");
    trial.sandbox.set_read_script(script);
    trial.assert_complete(&trial.run().await, 6);
    assert_eq!(trial.posts(), 7);
}

#[tokio::test]
async fn a_list_that_does_not_know_the_filter_is_read_whole() {
    let mut trial = Trial::with_script(6, "ok,504").await;
    trial.sending.concurrency = NonZeroU32::MIN;
    trial
        .sandbox
        .set_read_script("400".parse().expect("a script"));
    trial.assert_complete(&trial.run().await, 6);
    assert_eq!(trial.posts(), 7);
    let filtered = trial.exchanges(&Method::GET).into_iter().filter(|one| {
        let query = one.query.as_deref();
        query.is_some_and(|query| query.contains("notes="))
    });
    assert_eq!(
        filtered.count(),
        1,
        "a filter that is not known was asked again"
    );
}

#[tokio::test]
async fn a_key_that_is_refused_when_looking_stops_the_run() {
    let mut trial = Trial::with_script(150, "ok,create-then-504,slow:10ms*1000").await;
    trial.sending.concurrency = NonZeroU32::new(3).expect("not zero");
    trial.sending.rate_per_s = 500.0; // few are claimed ahead
    trial
        .sandbox
        .set_read_script("401*100".parse().expect("a script"));
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(ended.stop, Some(StopCause::KeyRefused));
    // The look stands in line behind those that were claimed with it.
    assert_eq!(ended.count(Outcome::InDoubt), 1);
    assert!(ended.count(Outcome::NotSent) > 0);
    trial.sandbox.set_faults(Faults::default());
    trial.assert_complete(&trial.run().await, 150);
}

#[tokio::test]
async fn a_list_that_never_works_leaves_the_doubt_while_others_are_served() {
    for fault in ["500", "drop", "junk", "cut"] {
        let trial = Trial::with_script(6, "ok,create-then-504").await;
        trial
            .sandbox
            .set_read_script(format!("{fault}*1000").parse().expect("a script"));
        let ended = trial.run().await;
        trial.assert_true(&ended);
        assert_eq!(ended.count(Outcome::InDoubt), 1, "{fault}");
        assert_eq!(ended.count(Outcome::Created), 5, "{fault}");
        assert_eq!(trial.posts(), 6, "{fault}");
        trial.sandbox.set_read_script(Script::default());
        trial.assert_complete(&trial.run().await, 6);
    }
}

#[tokio::test]
async fn more_doubts_than_there_is_room_for_are_all_settled() {
    let mut trial = Trial::with_script(250, "").await;
    trial.sending.concurrency = NonZeroU32::new(2).expect("not zero");
    trial.sandbox.set_faults(Faults {
        odds: "create-then-504=0.4,504=0.2".parse().expect("odds"),
        ..Faults::default()
    });
    trial.sending.max_attempts = NonZeroU32::new(30).expect("not zero");
    let ended = trial.run().await;
    trial.assert_complete(&ended, 250);
    assert!(ended.tally().recovered > 50);
}

#[tokio::test]
async fn without_a_mark_the_request_of_an_earlier_run_is_not_taken_for_another_entrys() {
    let mut trial = Trial::with_script(1, "").await;
    trial.read.rules.mark = Mark::None;
    trial
        .read
        .rules
        .fields
        .retain(|(field, _)| *field != Field::Notes);
    trial.run().await;
    trial.rewrite(&csv(1).replace("T-1", "T-2"));
    trial.sandbox.set_script("504".parse().expect("a script"));
    let ended = trial.run().await;
    assert_eq!(ended.count(Outcome::InDoubt), 1, "{:?}", ended.results);
    assert_eq!(ended.row("T-2").error_code, "ambiguous");
    assert_eq!(trial.posts(), 2);
}
