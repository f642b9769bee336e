//! Servers whose list of requests is odd: other orders, filters and dates than the sandbox has.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::middleware::map_response_with_state;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use concord_import::internals::outcome::Outcome;
use concord_import::internals::sandbox::Config;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::{Ended, HEADER, Trial, csv};

type Asked = HashMap<String, String>;
/// What a list holds for a query, in its order, of all that was created, oldest first.
type List = fn(Vec<Value>, &Asked, reads: usize) -> Vec<Value>;

/// A server that creates what it is sent, unless its answer is lost before that.
struct Odd {
    held: Mutex<Vec<Value>>,
    reads: Mutex<Vec<Asked>>,
    posts: Mutex<usize>,
    list: List,
    lost: Losses,
    clock: ServerClock,
}

/// Which answers are lost, counted from 1.
#[derive(Clone, Copy)]
struct Losses {
    /// The request is created.
    after: fn(usize) -> bool,
    /// The request is not created.
    before: fn(usize) -> bool,
}

/// Loses every third answer, after the request was created.
const EVERY_THIRD: Losses = Losses {
    after: |post| post.is_multiple_of(3),
    before: |_| false,
};

/// How far the server's clock is behind ours, and where it shows.
#[derive(Clone, Copy, Default)]
struct ServerClock {
    behind: Duration,
    /// In the answers' `Date`, and not in what tells of a request that was just made.
    is_in_headers: bool,
}

impl ServerClock {
    fn now(self) -> SystemTime {
        SystemTime::now() - self.behind
    }
}

impl Odd {
    /// How many requests bear each mark of ours.
    fn marks(&self) -> HashMap<String, usize> {
        let mut marks = HashMap::new();
        for item in self.held.lock().expect("no panic").iter() {
            let notes = item["notes"].as_str().unwrap_or_default();
            if let Some((_, mark)) = notes.split_once("[ref ") {
                *marks.entry(mark.to_owned()).or_default() += 1;
            }
        }
        marks
    }

    fn count_reads(&self, is_counted: impl Fn(&Asked) -> bool) -> usize {
        let reads = self.reads.lock().expect("no panic");
        reads.iter().filter(|asked| is_counted(asked)).count()
    }
}

fn now_ms() -> i64 {
    in_ms(SystemTime::now())
}

fn in_ms(time: SystemTime) -> i64 {
    let now = time.duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(now.expect("after 1970").as_millis()).expect("before long")
}

async fn create(
    State(odd): State<Arc<Odd>>,
    Json(mut body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let post = {
        let mut posts = odd.posts.lock().expect("no panic");
        *posts += 1;
        *posts
    };
    if (odd.lost.before)(post) {
        return (StatusCode::GATEWAY_TIMEOUT, Json(Value::Null));
    }
    body["id"] = json!(Uuid::new_v4());
    body["requestDate"] = json!(in_ms(odd.clock.now()));
    odd.held.lock().expect("no panic").push(body.clone());
    if odd.clock.is_in_headers {
        body["requestDate"] = Value::Null;
    }
    if (odd.lost.after)(post) {
        return (StatusCode::GATEWAY_TIMEOUT, Json(Value::Null));
    }
    (StatusCode::CREATED, Json(body))
}

async fn list(State(odd): State<Arc<Odd>>, Query(asked): Query<Asked>) -> Json<Value> {
    let number = |name: &str| asked.get(name).and_then(|text| text.parse::<usize>().ok());
    let (offset, limit) = (
        number("offset").unwrap_or(0),
        number("limit").unwrap_or(100),
    );
    let reads = {
        let mut reads = odd.reads.lock().expect("no panic");
        reads.push(asked.clone());
        reads.len()
    };
    let held = odd.held.lock().expect("no panic").clone();
    let listed = (odd.list)(held, &asked, reads);
    let total = listed.len();
    let items: Vec<_> = listed.into_iter().skip(offset).take(limit).collect();
    Json(json!({"offset": offset, "count": items.len(), "total": total, "items": items}))
}

/// Requests of others, made over the last months.
fn others(count: u32) -> Vec<Value> {
    let day_ms = 24 * 60 * 60 * 1000;
    let first = now_ms() - 100 * day_ms;
    (0..count)
        .map(|n| {
            let date = first + i64::from(n) * day_ms * 90 / i64::from(count.max(1));
            json!({"id": Uuid::new_v4(), "request": "view", "requestDate": date, "notes": format!("no {n}")})
        })
        .collect()
}

/// Where the server's clock does not show, answers bear the true date.
async fn date(State(odd): State<Arc<Odd>>, mut response: Response) -> Response {
    if odd.clock.is_in_headers {
        let date = httpdate::fmt_http_date(odd.clock.now());
        let date = date.parse().expect("a header's value");
        response.headers_mut().insert("date", date);
    }
    response
}

async fn start(
    held: Vec<Value>,
    list_as: List,
    lost: Losses,
    clock: ServerClock,
) -> (Arc<Odd>, String, JoinHandle<()>) {
    let odd = Arc::new(Odd {
        held: Mutex::new(held),
        reads: Mutex::default(),
        posts: Mutex::default(),
        list: list_as,
        lost,
        clock,
    });
    let path = "/organizations/{o}/projects/{p}/compliance-requests";
    let router = Router::new()
        .route(path, get(list).post(create))
        .layer(map_response_with_state(Arc::clone(&odd), date))
        .with_state(Arc::clone(&odd));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    (odd, format!("http://{address}"), task)
}

/// Imports sixty rows, of which twenty answers are lost, into a project that holds those requests already. So
/// slowly that what was created first is known for longer than `settle` when the last are looked up.
async fn import_into(held: Vec<Value>, list: List) -> (Arc<Odd>, Ended) {
    Box::pin(import_by(ServerClock::default(), 60.0, held, list)).await
}

async fn import_by(
    clock: ServerClock,
    rate_per_s: f64,
    held: Vec<Value>,
    list: List,
) -> (Arc<Odd>, Ended) {
    import_rows(&csv(60), EVERY_THIRD, clock, rate_per_s, held, list).await
}

async fn import_rows(
    rows: &str,
    losses: Losses,
    clock: ServerClock,
    rate_per_s: f64,
    held: Vec<Value>,
    list: List,
) -> (Arc<Odd>, Ended) {
    let (odd, base_url, task) = start(held, list, losses, clock).await;
    let mut trial = Trial::new(Config::default(), &[rows.to_owned()]).await;
    trial.target.base_url = base_url;
    trial.sending.settle = Duration::from_millis(400);
    trial.sending.rate_per_s = rate_per_s;
    trial.sending.max_attempts = NonZeroU32::new(20).expect("not zero");
    let ended = trial.run().await;
    task.abort();
    (odd, ended)
}

fn assert_none_is_created_twice(odd: &Odd, what: &str) {
    assert_no_duplicates(odd, what);
    assert_eq!(odd.marks().len(), 60, "{what}");
}

fn assert_no_duplicates(odd: &Odd, what: &str) {
    let marks = odd.marks();
    let more: Vec<_> = marks.iter().filter(|(_, count)| **count > 1).collect();
    assert!(more.is_empty(), "{what}: created twice: {more:?}");
}

fn assert_once(odd: &Odd, ended: &Ended, what: &str) {
    assert_none_is_created_twice(odd, what);
    assert_eq!(
        ended.count(Outcome::Created),
        60,
        "{what}: {:?}",
        ended.stop
    );
}

fn is_dated(asked: &Asked) -> bool {
    asked.contains_key("startDate") && !asked.contains_key("endDate")
}

/// Keeps what has its date, moved by so much, between those asked for.
fn dated(items: Vec<Value>, asked: &Asked, moved_ms: i64) -> Vec<Value> {
    let ms = |name: &str| {
        let date = asked.get(name)?.parse::<jiff::Timestamp>();
        Some(date.expect("a date").as_millisecond())
    };
    let (from, until) = (
        ms("startDate").unwrap_or(i64::MIN),
        ms("endDate").unwrap_or(i64::MAX),
    );
    let date = |item: &Value| item["requestDate"].as_i64().expect("a date") + moved_ms;
    items
        .into_iter()
        .filter(|item| (from..=until).contains(&date(item)))
        .collect()
}

fn with_notes(
    items: Vec<Value>,
    asked: &Asked,
    matches: impl Fn(&str, &str) -> bool,
) -> Vec<Value> {
    let Some(filter) = asked.get("notes") else {
        return items;
    };
    items
        .into_iter()
        .filter(|item| matches(item["notes"].as_str().unwrap_or_default(), filter))
        .collect()
}

#[tokio::test]
async fn whatever_the_order_of_the_list_each_is_found_and_none_is_made_twice() {
    let orders: [(&str, List); 4] = [
        ("by id", |mut items, _, _| {
            items.sort_by_key(|item| item["id"].to_string());
            items
        }),
        ("by notes", |mut items, _, _| {
            items.sort_by_key(|item| item["notes"].to_string());
            items
        }),
        ("newest first, each fifth shown twice", |mut items, _, _| {
            items.reverse();
            items
                .into_iter()
                .enumerate()
                .flat_map(|(n, item)| vec![item; 1 + usize::from(n % 5 == 0)])
                .collect()
        }),
        (
            "oldest first, some of the first gone with each reading",
            |items, _, reads| {
                let is_ours = |item: &Value| item.to_string().contains("[ref ");
                let places = items.into_iter().enumerate();
                let left = places.filter(|(n, item)| *n >= reads || is_ours(item));
                left.map(|(_, item)| item).collect()
            },
        ),
    ];
    for count in [0, 1_500] {
        let all = orders.map(|(what, list)| (what, tokio::spawn(import_into(others(count), list))));
        for (what, import) in all {
            let (odd, ended) = import.await.expect("it ends");
            assert_once(&odd, &ended, &format!("{what}, {count}"));
            assert_eq!(ended.tally().recovered, 20, "{what}");
        }
    }
}

#[tokio::test]
async fn whatever_the_filter_does_with_marks_each_is_found_and_none_is_made_twice() {
    let filters: [(&str, List); 6] = [
        ("anything, folding case", |items, asked, _| {
            with_notes(items, asked, |notes, filter| {
                notes.to_lowercase().contains(&filter.to_lowercase())
            })
        }),
        (
            "anything, after folding the filter alone",
            |items, asked, _| {
                with_notes(items, asked, |notes, filter| {
                    notes.contains(&filter.to_uppercase())
                })
            },
        ),
        ("whole texts", |items, asked, _| {
            with_notes(items, asked, |notes, filter| notes == filter)
        }),
        ("words", |items, asked, _| {
            with_notes(items, asked, |notes, filter| {
                notes.split(' ').any(|word| word == filter)
            })
        }),
        ("any word of many", |items, asked, _| {
            with_notes(items, asked, |notes, filter| {
                filter.split(' ').any(|word| notes.contains(word))
            })
        }),
        (
            "nothing that was made in the last second",
            |items, asked, _| {
                let is_old =
                    |item: &Value| item["requestDate"].as_i64().expect("a date") < now_ms() - 250;
                let is_shown = |item: &Value| !asked.contains_key("notes") || is_old(item);
                let items = items.into_iter().filter(is_shown).collect();
                with_notes(items, asked, |notes, filter| notes.contains(filter))
            },
        ),
    ];
    let all = filters.map(|(what, list)| (what, tokio::spawn(import_into(others(300), list))));
    for (what, import) in all {
        let (odd, ended) = import.await.expect("it ends");
        assert_once(&odd, &ended, what);
        assert_eq!(ended.tally().recovered, 20, "{what}");
    }
}

#[tokio::test]
async fn dates_are_believed_only_when_they_test_what_they_should() {
    const HOUR_MS: i64 = 60 * 60 * 1000;
    let dates: [(&str, bool, List); 4] = [
        ("the date shown", true, |items, asked, _| {
            dated(items, asked, 0)
        }),
        ("a date long before", false, |items, asked, _| {
            dated(items, asked, -30 * 24 * HOUR_MS)
        }),
        ("a date to come", false, |items, asked, _| {
            dated(items, asked, HOUR_MS)
        }),
        ("none of those made last", false, |items, asked, _| {
            let is_dated = asked.contains_key("startDate");
            let most = if is_dated { 2_400 } else { usize::MAX };
            items.into_iter().take(most).collect()
        }),
    ];
    let all = dates.map(|(what, is_believed, list)| {
        let import = tokio::spawn(import_into(others(2_500), list));
        (what, is_believed, import)
    });
    for (what, is_believed, import) in all {
        let (odd, ended) = import.await.expect("it ends");
        assert_once(&odd, &ended, what);
        let believed = odd.count_reads(is_dated);
        assert_eq!(
            believed > 0,
            is_believed,
            "{what}: {believed} readings from a date on"
        );
    }
}

#[tokio::test]
async fn a_server_whose_clock_is_far_behind_hides_nothing_that_was_made() {
    let clocks = [true, false].map(|is_in_headers| ServerClock {
        behind: Duration::from_mins(20),
        is_in_headers,
    });
    let all = clocks.map(|clock| {
        let list: List = |items, asked, _| dated(items, asked, 0);
        // So slowly that they are not all looked up at once.
        let import = tokio::spawn(import_by(clock, 20.0, others(2_500), list));
        (clock.is_in_headers, import)
    });
    for (is_in_headers, import) in all {
        let (odd, ended) = import.await.expect("it ends");
        assert_once(&odd, &ended, &format!("in headers: {is_in_headers}"));
        assert!(odd.count_reads(is_dated) > 0, "in headers: {is_in_headers}");
    }
}

/// Shows requests with other notes than they were sent with.
fn with_other_notes(items: Vec<Value>, other: fn(&str) -> Option<String>) -> Vec<Value> {
    let changed = items.into_iter().map(|mut item| {
        let notes = item["notes"].as_str().and_then(other);
        item["notes"] = notes.into();
        item
    });
    changed.collect()
}

/// Removes requests with a mark of the importer.
fn of_others(items: Vec<Value>) -> Vec<Value> {
    let is_ours = |item: &Value| item.to_string().contains("[ref ");
    items.into_iter().filter(|item| !is_ours(item)).collect()
}

#[tokio::test]
async fn a_list_that_leaves_out_what_is_known_to_exist_proves_no_absence() {
    let lists: [(&str, List); 8] = [
        ("ours without their notes", |items, _, _| {
            with_other_notes(items, |_| None)
        }),
        ("ours with notes that are cut", |items, _, _| {
            with_other_notes(items, |notes| Some(notes.chars().take(12).collect()))
        }),
        ("nothing", |_, _, _| Vec::new()),
        ("none of ours", |items, _, _| of_others(items)),
        ("every other one of ours", |items, _, _| {
            let mut ours = 0;
            let is_shown = |item: &Value| {
                ours += usize::from(item.to_string().contains("[ref "));
                !item.to_string().contains("[ref ") || ours % 2 == 0
            };
            items.into_iter().filter(is_shown).collect()
        }),
        ("none of ours but the first twenty", |items, _, _| {
            let ours = items
                .iter()
                .filter(|item| item.to_string().contains("[ref "));
            let shown: Vec<_> = ours.take(20).cloned().collect();
            of_others(items).into_iter().chain(shown).collect()
        }),
        (
            "a filter that finds none of ours but the first",
            |items, asked, _| {
                let first = items.iter().find(|item| item.to_string().contains("[ref "));
                let first: Vec<_> = first.cloned().into_iter().collect();
                let items = of_others(items).into_iter().chain(first).collect();
                with_notes(items, asked, |notes, filter| notes.contains(filter))
            },
        ),
        ("none of ours, read from a date on", |items, asked, _| {
            let is_dated = asked.contains_key("startDate") && !asked.contains_key("endDate");
            let items = if is_dated { of_others(items) } else { items };
            dated(items, asked, 0)
        }),
    ];
    let all = lists.map(|(what, list)| {
        let count = if what.contains("date") { 2_500 } else { 300 };
        (what, tokio::spawn(import_into(others(count), list)))
    });
    for (what, import) in all {
        let (odd, ended) = import.await.expect("it ends");
        assert_none_is_created_twice(&odd, what);
        let doubts = ended.results[0]
            .iter()
            .filter(|row| row.outcome != "created");
        let doubts: Vec<_> = doubts.collect();
        assert!(doubts.len() > 5, "{what}: {} doubts", doubts.len());
        assert_eq!(ended.exit_code(), 1, "{what}");
        for row in doubts {
            let told = (row.outcome.as_str(), row.error_code.as_str());
            assert_eq!(told, ("in_doubt", "list_omits"), "{what}: {row:?}");
            let held = odd.held.lock().expect("no panic").clone();
            let is_named = |item: &Value| {
                let id = item["id"].as_str().expect("an id");
                row.error.contains(id) && item.to_string().contains("[ref ")
            };
            assert!(held.iter().any(is_named), "{what}: {}", row.error);
        }
    }
}

/// Hides requests that are newer than this.
fn older_than(items: Vec<Value>, lag_ms: i64) -> Vec<Value> {
    let date = |item: &Value| item["requestDate"].as_i64().expect("a date");
    let limit = now_ms() - lag_ms;
    items
        .into_iter()
        .filter(|item| date(item) <= limit)
        .collect()
}

#[tokio::test]
async fn a_list_that_lags_behind_longer_than_the_settle_time_proves_no_absence() {
    let lists: [(&str, List); 3] = [
        ("a filter, 0.6 s behind", |items, asked, _| {
            with_notes(older_than(items, 600), asked, |notes, filter| {
                notes.contains(filter)
            })
        }),
        ("a filter, 1.5 s behind", |items, asked, _| {
            with_notes(older_than(items, 1_500), asked, |notes, filter| {
                notes.contains(filter)
            })
        }),
        ("no filter, 1 s behind", |items, _, _| {
            older_than(items, 1_000)
        }),
    ];
    let all = lists.map(|(what, list)| {
        let clock = ServerClock::default();
        (
            what,
            tokio::spawn(import_by(clock, 20.0, others(300), list)),
        )
    });
    for (what, import) in all {
        let (odd, ended) = import.await.expect("it ends");
        assert_none_is_created_twice(&odd, what);
        for row in &ended.results[0] {
            let is_told = row.outcome == "created" || row.error_code == "list_omits";
            assert!(is_told, "{what}: {row:?}");
        }
    }
}

/// The filter proves itself while the list is up to date: the tenth answer is lost, and nothing was created. The
/// list lags behind after that, and few answers are lost, so that each entry is looked up alone.
#[tokio::test]
async fn a_proven_filter_that_lags_behind_later_proves_no_absence() {
    const LISTED_AT_ONCE: usize = 40;
    const LOST: Losses = Losses {
        before: |post| post == 10,
        after: |post| post > 42 && post.is_multiple_of(7),
    };
    fn filtered(items: Vec<Value>, asked: &Asked, lag_ms: i64) -> Vec<Value> {
        let mut ours = items;
        let later = ours.split_off(ours.len().min(LISTED_AT_ONCE));
        ours.extend(older_than(later, lag_ms));
        with_notes(ours, asked, |notes, filter| notes.contains(filter))
    }
    let lists: [(&str, List); 3] = [
        ("0.6 s behind", |items, asked, _| {
            filtered(items, asked, 600)
        }),
        ("1.5 s behind", |items, asked, _| {
            filtered(items, asked, 1_500)
        }),
        ("an hour behind", |items, asked, _| {
            filtered(items, asked, 60 * 60 * 1_000)
        }),
    ];
    let all = lists.map(|(what, list)| {
        let clock = ServerClock::default();
        let import =
            async move { import_rows(&csv(60), LOST, clock, 20.0, Vec::new(), list).await };
        (what, tokio::spawn(import))
    });
    for (what, import) in all {
        let (odd, ended) = import.await.expect("it ends");
        let asked_filter = odd.count_reads(|asked| asked.contains_key("notes"));
        assert!(
            asked_filter > 3,
            "{what}: {asked_filter} readings of the filter"
        );
        assert_no_duplicates(&odd, what);
        for row in &ended.results[0] {
            let is_told = row.outcome == "created" || row.error_code == "list_omits";
            assert!(is_told, "{what}: {row:?}");
        }
    }
}

/// The filter finds what the list shows, so it passes its test with the newest requests.
#[tokio::test]
async fn a_filter_over_a_part_of_the_list_proves_no_absence() {
    fn filtered(items: Vec<Value>, asked: &Asked) -> Vec<Value> {
        with_notes(items, asked, |notes, filter| notes.contains(filter))
    }
    const NEWEST: usize = 12;
    let newest: List = |mut items, asked, _| {
        let begin = items.len().saturating_sub(NEWEST);
        filtered(items.split_off(begin), asked)
    };
    let without_changes: List = |mut items, asked, _| {
        items.retain(|item| item["request"] != "change");
        filtered(items, asked)
    };
    // Requests to change are rare: the newest requests are all of another kind.
    let mut rare = HEADER.to_owned();
    for n in 1..=60 {
        let wish = if n % 25 == 0 { "Correct" } else { "Erase" };
        rare += &format!("T-{n},person{n}@example.com,{wish}\n");
    }
    let after_30 = Losses {
        before: |_| false,
        after: |post| (31..40).contains(&post),
    };
    let the_second_change = Losses {
        before: |_| false,
        after: |post| post == 50,
    };
    for (what, rows, losses, list) in [
        ("the newest only", csv(60), after_30, newest),
        ("no changes", rare, the_second_change, without_changes),
    ] {
        let clock = ServerClock::default();
        let (odd, ended) = import_rows(&rows, losses, clock, 20.0, Vec::new(), list).await;
        assert_none_is_created_twice(&odd, what);
        let doubts = ended.results[0]
            .iter()
            .filter(|row| row.error_code == "list_omits");
        assert!(doubts.count() > 0, "{what}");
        for row in &ended.results[0] {
            let is_told = row.outcome == "created" || row.error_code == "list_omits";
            assert!(is_told, "{what}: {row:?}");
        }
    }
}
