//! Each fault alone, and all of them by chance.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use concord_import::internals::outcome::Outcome;
use concord_import::internals::sandbox::{Config, Fault, Faults, Script};
use concord_import::internals::stop::StopCause;

use concord_import::internals::plan::DoubtPolicy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Pieces, RoughServer, Trial, csv, http};

/// The second of five entries, alone on its way, meets `fault`; the others are served.
async fn meet(fault: &str) -> Trial {
    let mut trial = Trial::with_script(5, &format!("ok,{fault}")).await;
    trial.sending.concurrency = NonZeroU32::MIN;
    trial
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_what_exists_is_not_sent_again() {
    let faults = [
        "create-then-500",
        "create-then-502",
        "create-then-503",
        "create-then-504",
        "create-then-408",
        "create-then-drop",
        "junk",
        "cut",
        "wrong-echo",
    ];
    for fault in faults {
        let trial = meet(fault).await;
        let ended = trial.run().await;
        trial.assert_complete(&ended, 5);
        assert_eq!(trial.posts(), 5, "{fault}");
        assert_eq!(ended.tally().recovered, 1, "{fault}");
        let looked_up = ended.results[0].iter().filter(|row| row.via == "lookup");
        assert_eq!(looked_up.count(), 1, "{fault}");
    }
}

#[tokio::test]
async fn a_lost_answer_that_created_nothing_is_sent_again_after_two_looks() {
    for fault in ["500", "502:html", "503", "504:empty", "408", "drop", "599"] {
        let trial = meet(fault).await;
        let ended = trial.run().await;
        trial.assert_complete(&ended, 5);
        assert_eq!(trial.posts(), 6, "{fault}");
        assert_eq!(ended.tally().recovered, 0, "{fault}");
        assert!(trial.gets() >= 2, "{fault}: looked {} times", trial.gets());
    }
}

#[tokio::test]
async fn no_answer_in_time_is_a_lost_answer() {
    for (fault, posts) in [("hang", 6), ("create-then-hang", 5)] {
        let mut trial = meet(fault).await;
        trial.sending.timeout = Duration::from_secs(1);
        let ended = trial.run().await;
        trial.assert_complete(&ended, 5);
        assert_eq!(trial.posts(), posts, "{fault}");
    }
}

#[tokio::test]
async fn what_surely_created_nothing_is_sent_again_without_a_look() {
    let faults = [
        "429",
        "429:retry-after=0",
        "429:retry-after-date=0",
        "503:retry-after=0",
        "421",
        "425",
    ];
    for fault in faults {
        let trial = meet(fault).await;
        let ended = trial.run().await;
        trial.assert_complete(&ended, 5);
        assert_eq!((trial.posts(), trial.gets()), (6, 0), "{fault}");
    }
}

#[tokio::test]
async fn a_commit_that_comes_late_but_within_the_settle_time_makes_no_duplicate() {
    let mut trial = meet("late-commit:60ms,late-commit:60ms:502,late-commit:60ms:500").await;
    trial.sending.settle = Duration::from_millis(400);
    let ended = trial.run().await;
    trial.assert_complete(&ended, 5);
    assert_eq!(trial.posts(), 5);
    assert_eq!(ended.tally().recovered, 3);
}

#[tokio::test]
async fn what_is_accepted_is_looked_up_until_it_is_there_and_never_sent_again() {
    for status in [200, 202, 204, 206] {
        let script = format!("late-commit:1200ms:{status}*5");
        let mut trial = Trial::with_script(5, &script).await;
        trial.sending.settle = Duration::from_millis(100);
        let ended = trial.run().await;
        trial.assert_complete(&ended, 5);
        assert_eq!(trial.posts(), 5, "{status}");
        assert_eq!(ended.tally().recovered, 5, "{status}");
    }
}

#[tokio::test]
async fn what_is_accepted_and_never_appears_stays_in_doubt() {
    for policy in [DoubtPolicy::LookUp, DoubtPolicy::Hold, DoubtPolicy::Resend] {
        let mut trial = meet("202").await;
        trial.sending.in_doubt = policy;
        // The look-ups take no longer than this.
        trial.sending.give_up_after = Duration::from_secs(1);
        let ended = trial.run().await;
        trial.assert_true(&ended);
        assert_eq!((trial.posts(), ended.count(Outcome::InDoubt)), (5, 1));
        let row = ended.results[0]
            .iter()
            .find(|row| row.outcome == "in_doubt");
        let row = row.expect("one");
        assert_eq!((&*row.error_code, &*row.http_status), ("http_202", "202"));
        assert!(row.error.contains("not sent again"), "{}", row.error);
        if policy == DoubtPolicy::Resend {
            continue;
        }
        // Nor does a later run send it, whether it has a list or not, unless the job says so.
        trial
            .sandbox
            .set_read_script("403*5".parse().expect("a script"));
        assert_eq!(trial.run().await.count(Outcome::InDoubt), 1);
        trial.sandbox.set_read_script(Script::default());
        let later = trial.run().await;
        assert_eq!((trial.posts(), later.count(Outcome::InDoubt)), (5, 1));
        trial.sending.in_doubt = DoubtPolicy::Resend;
        trial.assert_complete(&trial.run().await, 5);
        assert_eq!(trial.posts(), 6);
    }
}

#[tokio::test]
async fn what_conflicts_is_looked_up_before_it_is_rejected() {
    let trial = meet("create-then-409,409").await;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!((trial.posts(), trial.created().len()), (5, 4));
    assert_eq!(ended.tally().recovered, 1);
    assert_eq!(ended.count(Outcome::Rejected), 1);
    let row = ended.results[0]
        .iter()
        .find(|row| row.outcome == "rejected");
    assert_eq!(row.expect("one").error_code, "http_409");
    // Where looking is impossible, it may exist.
    let trial = meet("create-then-409").await;
    trial
        .sandbox
        .set_read_script("403*50".parse().expect("a script"));
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(ended.count(Outcome::InDoubt), 1);
    trial.sandbox.set_read_script(Script::default());
    trial.assert_complete(&trial.run().await, 5);
    assert_eq!(trial.posts(), 5);
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let trial = meet("slow:300ms").await;
    let ended = trial.run().await;
    trial.assert_complete(&ended, 5);
    assert_eq!((trial.posts(), trial.gets()), (5, 0));
}

#[tokio::test]
async fn what_concord_refuses_is_rejected_and_the_others_go_on() {
    for code in [400, 412, 413, 422] {
        let trial = meet(&code.to_string()).await;
        let ended = trial.run().await;
        trial.assert_true(&ended);
        assert_eq!(trial.created().len(), 4, "{code}");
        assert_eq!((trial.posts(), trial.gets()), (5, 0), "{code}");
        let rejected: Vec<_> = ended.results[0]
            .iter()
            .filter(|row| row.outcome == "rejected")
            .collect();
        assert_eq!(rejected.len(), 1, "{code}");
        assert_eq!(rejected[0].error_code, format!("http_{code}"));
        assert_eq!(rejected[0].http_status, code.to_string());
        assert_eq!(ended.exit_code(), 1);
    }
}

#[tokio::test]
async fn what_was_rejected_is_tried_again_by_the_next_run() {
    let trial = meet("400").await;
    trial.run().await;
    let second = trial.run().await;
    trial.assert_complete(&second, 5);
    assert_eq!(trial.posts(), 6);
}

#[tokio::test]
async fn an_entry_that_is_never_served_while_others_are_fails_after_its_attempts() {
    let trial = Trial::with_script(1, "421*1000").await;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(ended.count(Outcome::Failed), 1);
    assert_eq!(trial.posts(), 6);
    assert_eq!(ended.row("T-1").attempts, 6);
    trial.sandbox.set_script(Script::default());
    trial.assert_complete(&trial.run().await, 1);
}

#[tokio::test]
async fn an_entry_that_is_answered_500_every_time_fails_once_it_was_looked_up() {
    let trial = Trial::with_script(1, "500*1000").await;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(ended.count(Outcome::Failed), 1);
    assert_eq!(ended.row("T-1").error_code, "http_500");
    assert_eq!(trial.posts(), 6);
    assert!(trial.gets() >= 12, "two looks after each: {}", trial.gets());
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_ends_the_run() {
    let goal = Trial::with_script(1, "").await;
    let to = format!("{}/elsewhere", goal.sandbox.base_url());
    let script = Script(vec![Fault::Redirect307 { to }; 50]);
    let mut trial = Trial::with_script(30, "").await;
    trial.sandbox.set_script(script);
    trial.sending.concurrency = NonZeroU32::MIN;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    assert_eq!(ended.stop, Some(StopCause::WrongServer { status: 307 }));
    assert_eq!(ended.exit_code(), 3);
    assert_eq!((trial.posts(), trial.gets()), (1, 0));
    assert_eq!(ended.count(Outcome::NotSent), 30);
    assert!(
        goal.sandbox.log().is_empty(),
        "the redirect's goal was asked"
    );
    trial.sandbox.set_script(Script::default());
    trial.assert_complete(&trial.run().await, 30);
}

/// Sixty entries against every fault by chance, then once more without any.
async fn everything_by_chance(seed: u64) {
    let odds = "500=0.03,502:empty=0.03,504:html=0.03,503=0.03,503:retry-after=0=0.03,429=0.03,drop=0.03,\
        408=0.03,create-then-500=0.04,create-then-504=0.04,create-then-drop=0.04,junk=0.04,cut=0.04,\
        wrong-echo=0.04,late-commit:40ms=0.04";
    let read_odds = "500=0.05,drop=0.05,429=0.05,junk=0.02,cut=0.02";
    let config = Config {
        seed,
        faults: Faults {
            // What costs a whole timeout comes once.
            script: "hang,create-then-hang".parse().expect("a script"),
            odds: odds.parse().expect("odds"),
            read_odds: read_odds.parse().expect("odds"),
            ..Faults::default()
        },
        ..Config::default()
    };
    let mut trial = Trial::new(config, &[csv(60)]).await;
    trial.seed = seed;
    trial.sending.timeout = Duration::from_secs(2);
    trial.sending.settle = Duration::from_millis(400);
    trial.sending.max_attempts = NonZeroU32::new(30).expect("not zero");
    trial.assert_complete(&trial.run().await, 60);
    trial.sandbox.set_faults(Faults::default());
    let posts = trial.posts();
    trial.assert_complete(&trial.run().await, 60);
    assert_eq!(trial.posts(), posts);
}

#[tokio::test]
async fn all_faults_by_chance_create_every_entry_once() {
    // At once, since they mostly wait.
    let runs: Vec<_> = (1..=12)
        .map(|seed| (seed, tokio::spawn(everything_by_chance(seed))))
        .collect();
    for (seed, run) in runs {
        if let Err(error) = run.await {
            panic!("seed {seed}: {error}");
        }
    }
}

/// A server that creates everything but what it refuses.
async fn refusing(head: &'static str, is_refused: fn(&str) -> bool) -> RoughServer {
    RoughServer::start(move |body| {
        let answer = if is_refused(body) {
            http(head, "")
        } else {
            created()
        };
        Pieces {
            pieces: vec![answer.into_bytes()],
            between: Duration::ZERO,
        }
    })
    .await
}

/// Says nothing of the connection, which is then expected to last.
fn created() -> String {
    let body = format!(r#"{{"id":"{}"}}"#, uuid::Uuid::new_v4());
    http("201 Created", &body).replace("connection: close\r\n", "")
}

#[tokio::test]
async fn what_alone_is_forbidden_is_rejected_and_the_others_are_created() {
    let server = refusing("403 Forbidden", |body| body.contains("person7@")).await;
    let mut trial = Trial::with_script(60, "").await;
    trial.target.base_url.clone_from(&server.base_url);
    let ended = trial.run().await;
    assert_eq!(ended.stop, None);
    assert_eq!(ended.exit_code(), 1);
    assert_eq!(ended.count(Outcome::Created), 59);
    let row = ended.row("T-7");
    assert_eq!((&*row.error_code, &*row.outcome), ("http_403", "rejected"));
}

#[tokio::test]
async fn what_is_refused_for_ever_while_others_are_served_fails_alone() {
    for head in [
        "429 Too Many Requests",
        "503 Service Unavailable\r\nretry-after: 0",
    ] {
        let is_refused: fn(&str) -> bool =
            |body| body.contains("person7@") || body.contains("person31@");
        let server = refusing(head, is_refused).await;
        let mut trial = Trial::with_script(60, "").await;
        trial.target.base_url.clone_from(&server.base_url);
        trial.sending.give_up_after = Duration::from_secs(20);
        let ended = trial.run().await;
        assert_eq!(ended.stop, None, "{head}");
        assert_eq!(ended.exit_code(), 1, "{head}");
        assert_eq!(ended.count(Outcome::Created), 58, "{head}");
        assert_eq!(ended.count(Outcome::Failed), 2, "{head}");
        for key in ["T-7", "T-31"] {
            let row = ended.row(key);
            let code = format!("http_{}", &head[..3]);
            assert_eq!(
                (&row.error_code, &row.outcome),
                (&code, &"failed".to_owned())
            );
            assert!((6..=12).contains(&row.attempts), "{head}: {}", row.attempts);
        }
    }
}

#[tokio::test]
async fn a_rate_limit_that_refuses_now_one_and_now_another_lets_nobody_fail() {
    let mut trial = Trial::with_faults(
        400,
        Faults {
            rate_limit: Some("100".parse().expect("a limit")),
            ..Faults::default()
        },
    )
    .await;
    trial.sending.rate_per_s = 200.0;
    trial.sending.initial_backoff = Duration::from_millis(20);
    trial.sending.max_backoff = Duration::from_millis(200);
    let ended = trial.run().await;
    trial.assert_complete(&ended, 400);
    assert!(trial.posts() > 400, "it refused some");
}

/// What a server reads of the second request on a connection before it closes it.
#[derive(Clone, Copy, Debug)]
enum Second {
    /// Nothing: it closes as soon as it has answered the first.
    Nothing,
    /// Nothing, but it waits until bytes of it have arrived.
    Unread,
    /// All of it.
    Read,
}

/// Answers the first request of a connection; notes each that has reached it, by its row.
async fn serve_one_and_close(
    mut stream: TcpStream,
    second: Second,
    arrived: Arc<Mutex<HashMap<String, u32>>>,
) -> std::io::Result<()> {
    let note = |text: &str| {
        let row = text.split_once("Ticket ").map_or("", |(_, rest)| rest);
        let row = row.split_once(' ').map_or("", |(row, _)| row);
        if !row.is_empty() {
            let mut arrived = arrived.lock().expect("no panic");
            *arrived.entry(row.to_owned()).or_default() += 1;
        }
    };
    let first = read_request(&mut stream).await?;
    if first.starts_with("GET") {
        let nothing = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
        return stream.write_all(nothing).await;
    }
    note(&first);
    stream.write_all(created().as_bytes()).await?;
    match second {
        Second::Nothing => {}
        Second::Unread => {
            let mut bytes = vec![0; 16 << 10];
            let count = stream.peek(&mut bytes).await?;
            note(&String::from_utf8_lossy(&bytes[..count]));
        }
        Second::Read => note(&read_request(&mut stream).await?),
    }
    Ok(())
}

async fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await?;
        text += &String::from_utf8_lossy(&buffer[..count]);
        let is_whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let mut lines = head.lines();
            let length = lines.find_map(|line| line.strip_prefix("content-length: "));
            body.len() >= length.map_or(0, |length| length.parse().expect("a length"))
        });
        if is_whole || count == 0 {
            return Ok(text);
        }
    }
}

#[tokio::test]
async fn a_connection_that_closes_as_the_next_request_comes_makes_no_post_go_out_twice() {
    for second in [Second::Nothing, Second::Unread, Second::Read] {
        let arrived = Arc::new(Mutex::new(HashMap::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let noted = Arc::clone(&arrived);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let noted = Arc::clone(&noted);
                tokio::spawn(async move { drop(serve_one_and_close(stream, second, noted).await) });
            }
        });
        let mut trial = Trial::with_script(120, "").await;
        trial.target.base_url = format!("http://{address}");
        // Nothing is sent again by us, so that whatever comes twice was sent twice by the library.
        trial.sending.in_doubt = DoubtPolicy::Hold;
        trial.sending.give_up_after = Duration::from_secs(5);
        let ended = trial.run().await;
        server.abort();
        let arrived = arrived.lock().expect("no panic").clone();
        for (row, times) in &arrived {
            assert_eq!(
                *times, 1,
                "{second:?}: {row} has reached the server {times} times"
            );
        }
        let mut told = HashMap::<_, u32>::new();
        for row in &ended.results[0] {
            *told.entry(row.outcome.as_str()).or_default() += 1;
            let has_arrived = arrived.contains_key(&row.key);
            match row.outcome.as_str() {
                "created" => assert!(has_arrived, "{second:?}: {row:?}"),
                "in_doubt" => {}
                // What never left is never said to be in doubt for it, and what left is never said to be unsent.
                _ => assert!(!has_arrived, "{second:?}: {row:?}"),
            }
        }
        assert!(
            told.get("created").is_some_and(|n| *n > 0),
            "{second:?}: {told:?}"
        );
        if matches!(second, Second::Read) {
            assert!(told.get("in_doubt").is_some_and(|n| *n > 0), "{told:?}");
        }
    }
}
