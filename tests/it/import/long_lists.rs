//! Projects that hold more requests than are read in one go.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use concord_import::internals::outbound::SCAN_ITEMS_MAX;
use concord_import::internals::outcome::Outcome;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::support::{Ended, Trial};

/// A project whose other requests are computed when they are listed, oldest first.
struct Vast {
    /// How many others there are, evenly over a time that ends just before ours.
    others: usize,
    first_ms: i64,
    last_ms: i64,
    held: Mutex<Vec<Value>>,
    posts: AtomicUsize,
    /// The number of posts of which one answer is lost; every other time the request is lost as well.
    lost_every: usize,
    has_filter: bool,
    has_dates: bool,
    /// Pages farther from the front are refused.
    offset_max: usize,
    is_listed: AtomicBool,
}

type Asked = HashMap<String, String>;

impl Vast {
    fn date_ms(&self, at: usize) -> i64 {
        let span = i128::from(self.last_ms - self.first_ms);
        let count = i128::try_from(self.others).expect("few").max(1);
        let passed = span * i128::try_from(at).expect("few") / count;
        self.first_ms + i64::try_from(passed).expect("a date")
    }

    fn other(&self, at: usize) -> Value {
        let id = Uuid::from_u128(1 << 100 | at as u128);
        json!({"id": id, "request": "view", "requestDate": self.date_ms(at), "notes": format!("no {at}")})
    }

    fn page(&self, asked: &Asked) -> (StatusCode, Value) {
        let number = |name: &str| asked.get(name).and_then(|text| text.parse::<usize>().ok());
        let (offset, limit) = (
            number("offset").unwrap_or(0),
            number("limit").unwrap_or(100),
        );
        if offset > self.offset_max || !self.is_listed.load(Ordering::Relaxed) {
            return (StatusCode::FORBIDDEN, Value::Null);
        }
        let ms = |name: &str| {
            let date = asked.get(name).filter(|_| self.has_dates)?;
            Some(
                date.parse::<jiff::Timestamp>()
                    .expect("a date")
                    .as_millisecond(),
            )
        };
        let (from, until) = (
            ms("startDate").unwrap_or(i64::MIN),
            ms("endDate").unwrap_or(i64::MAX),
        );
        let notes = asked.get("notes").filter(|_| self.has_filter);
        let held = self.held.lock().expect("no panic");
        let is_asked = |item: &&Value| {
            let date = item["requestDate"].as_i64().expect("a date");
            let text = item["notes"].as_str().unwrap_or_default();
            (from..=until).contains(&date) && notes.is_none_or(|notes| text.contains(notes))
        };
        let ours: Vec<_> = held.iter().filter(is_asked).cloned().collect();
        let (mut first, mut end) = (0, 0);
        if notes.is_none() {
            let after = |ms: i64| {
                let (mut low, mut high) = (0, self.others);
                while low < high {
                    let middle = usize::midpoint(low, high);
                    if self.date_ms(middle) < ms {
                        low = middle + 1;
                    } else {
                        high = middle;
                    }
                }
                low
            };
            first = after(from);
            end = if until == i64::MAX {
                self.others
            } else {
                after(until + 1)
            }
            .max(first);
        }
        let theirs = end - first;
        let items = (offset..theirs + ours.len()).take(limit).map(|at| {
            if at < theirs {
                self.other(first + at)
            } else {
                ours[at - theirs].clone()
            }
        });
        let items: Vec<_> = items.collect();
        let total = theirs + ours.len();
        (
            StatusCode::OK,
            json!({"offset": offset, "count": items.len(), "total": total, "items": items}),
        )
    }
}

async fn create(
    State(vast): State<Arc<Vast>>,
    Json(mut body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let post = vast.posts.fetch_add(1, Ordering::Relaxed) + 1;
    let is_lost = post.is_multiple_of(vast.lost_every);
    if !is_lost || post.is_multiple_of(2 * vast.lost_every) {
        body["id"] = json!(Uuid::new_v4());
        body["requestDate"] = json!(jiff::Timestamp::now().as_millisecond());
        vast.held.lock().expect("no panic").push(body.clone());
    }
    if is_lost {
        return (StatusCode::GATEWAY_TIMEOUT, Json(Value::Null));
    }
    (StatusCode::CREATED, Json(body))
}

async fn list(
    State(vast): State<Arc<Vast>>,
    Query(asked): Query<Asked>,
) -> (StatusCode, Json<Value>) {
    let (status, page) = vast.page(&asked);
    (status, Json(page))
}

/// A project with that number of other requests, over the last minutes, and no filter.
fn vast(others: usize, minutes: i64) -> Vast {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    Vast {
        others,
        first_ms: now_ms - minutes * 60_000,
        last_ms: now_ms - 1_000,
        held: Mutex::default(),
        posts: AtomicUsize::new(0),
        lost_every: 5,
        has_filter: false,
        has_dates: true,
        offset_max: usize::MAX,
        is_listed: AtomicBool::new(true),
    }
}

async fn start(vast: Vast, rows: usize) -> (Arc<Vast>, Trial) {
    let vast = Arc::new(vast);
    let path = "/organizations/{o}/projects/{p}/compliance-requests";
    let router = Router::new()
        .route(path, get(list).post(create))
        .with_state(Arc::clone(&vast));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    let mut trial = Trial::with_script(rows, "").await;
    trial.target.base_url = format!("http://{address}");
    trial.sending.timeout = Duration::from_secs(20);
    trial.sending.settle = Duration::from_millis(300);
    trial.sending.max_attempts = NonZeroU32::new(20).expect("not zero");
    (vast, trial)
}

fn assert_once(vast: &Vast, ended: &Ended, rows: usize) {
    let held = vast.held.lock().expect("no panic");
    let mut marks = HashMap::<_, u32>::new();
    for item in held.iter() {
        *marks.entry(item["notes"].to_string()).or_default() += 1;
    }
    assert!(marks.values().all(|count| *count == 1), "created twice");
    assert_eq!(marks.len(), rows);
    let open = ended.results[0].iter().find(|row| row.outcome != "created");
    assert_eq!(ended.exit_code(), 0, "{:?}: {open:?}", ended.stop);
}

#[tokio::test]
async fn with_a_filter_however_many_doubts_are_settled_in_a_list_too_long_to_be_read() {
    let pages = SCAN_ITEMS_MAX / 1_000 + 10;
    let mut long = vast(pages * 1_000, 60 * 24 * 30);
    (long.has_filter, long.lost_every) = (true, 2);
    let rows = 2 * (pages + 100);
    let (long, trial) = start(long, rows).await;
    // Nothing can be looked up at first, so that more are in doubt than the list has pages.
    long.is_listed.store(false, Ordering::Relaxed);
    let first = trial.run().await;
    let doubts = usize::try_from(first.count(Outcome::InDoubt)).expect("few");
    assert!(doubts > pages, "{doubts} in doubt, {pages} pages");
    long.is_listed.store(true, Ordering::Relaxed);
    let ended = trial.run().await;
    assert_once(&long, &ended, rows);
}

#[tokio::test]
async fn without_a_filter_a_list_too_long_is_read_in_windows_of_dates() {
    let mut refusing = vast(30_000, 8);
    refusing.offset_max = 9_000;
    for vast in [vast(SCAN_ITEMS_MAX + 20_000, 8), refusing] {
        let (vast, trial) = start(vast, 12).await;
        let ended = trial.run().await;
        assert_once(&vast, &ended, 12);
        assert_eq!(ended.tally().recovered, 1);
    }
}

#[tokio::test]
async fn without_filter_and_dates_a_list_too_long_leaves_the_doubt_and_says_so() {
    let mut vast = vast(SCAN_ITEMS_MAX + 20_000, 8);
    vast.has_dates = false;
    let (_, trial) = start(vast, 10).await;
    let ended = trial.run().await;
    assert_eq!(ended.count(Outcome::InDoubt), 2);
    let row = ended.results[0]
        .iter()
        .find(|row| row.outcome == "in_doubt");
    let row = row.expect("one");
    assert_eq!(row.error_code, "list_too_long");
    assert!(
        row.error
            .contains("neither its `notes` filter nor its dates"),
        "{}",
        row.error
    );
}
