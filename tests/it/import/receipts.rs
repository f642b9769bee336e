//! Answers 201 that are no receipt of the request sent: they leave a doubt, and the list has the true id.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use concord_import::internals::outcome::Outcome;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::support::{Trial, csv};

/// Makes the answer from all requests that were created so far; the last is this one.
type Answer = fn(&[Value]) -> String;

#[derive(Clone)]
struct Server {
    held: Arc<Mutex<Vec<Value>>>,
    answer: Answer,
    has_list: bool,
}

async fn create(State(server): State<Server>, Json(sent): Json<Value>) -> (StatusCode, String) {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let item = json!({
        "id": Uuid::new_v4(), "request": sent["request"], "notes": sent["notes"], "requestDate": now_ms,
        "preverified": sent["preverified"], "user": { "email": sent["userEmail"] },
    });
    let mut held = server.held.lock().expect("no panic");
    held.push(item);
    (StatusCode::CREATED, (server.answer)(&held))
}

async fn list(
    State(server): State<Server>,
    Query(asked): Query<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    if !server.has_list {
        return (StatusCode::FORBIDDEN, Json(Value::Null));
    }
    let mut items = server.held.lock().expect("no panic").clone();
    if let Some(filter) = asked.get("notes") {
        items.retain(|item| item["notes"].as_str().unwrap_or_default().contains(filter));
    }
    let page = json!({"offset": 0, "count": items.len(), "total": items.len(), "items": items});
    (StatusCode::OK, Json(page))
}

async fn start(answer: Answer, has_list: bool) -> (Server, String) {
    let server = Server {
        held: Arc::default(),
        answer,
        has_list,
    };
    let path = "/organizations/{o}/projects/{p}/compliance-requests";
    let router = Router::new()
        .route(path, get(list).post(create))
        .with_state(server.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    (server, format!("http://{address}"))
}

/// The latest request, with a change from its fourth on.
fn changed(held: &[Value], change: impl FnOnce(&mut Value)) -> String {
    let mut item = held.last().expect("one").clone();
    if held.len() > 3 {
        change(&mut item);
    }
    item.to_string()
}

const ANSWERS: &[(&str, Answer)] = &[
    ("the id of the first", |held| {
        changed(held, |item| item["id"] = held[0]["id"].clone())
    }),
    ("nothing but the id of the second", |held| {
        changed(held, |item| *item = json!({ "id": held[1]["id"] }))
    }),
    ("a nil id", |held| {
        changed(held, |item| item["id"] = json!(Uuid::nil()))
    }),
    ("the largest id", |held| {
        changed(held, |item| item["id"] = json!(Uuid::max()))
    }),
    ("two ids", |held| {
        let whole = held.last().expect("one").to_string();
        let twice = format!("{{\"id\":\"{}\",", Uuid::new_v4());
        if held.len() > 3 {
            whole.replacen('{', &twice, 1)
        } else {
            whole
        }
    }),
    ("two persons", |held| {
        let whole = held.last().expect("one").to_string();
        let twice = "{\"user\":{\"email\":\"other@example.com\"},";
        if held.len() > 3 {
            whole.replacen('{', twice, 1)
        } else {
            whole
        }
    }),
    ("an address twice", |held| {
        let whole = held.last().expect("one").to_string();
        let twice = "{\"email\":\"other@example.com\",\"email\"";
        if held.len() > 3 {
            whole.replacen("{\"email\"", twice, 1)
        } else {
            whole
        }
    }),
    ("another person", |held| {
        changed(held, |item| {
            item["id"] = json!(Uuid::new_v4());
            item["user"]["email"] = json!("other@example.com");
        })
    }),
];

#[tokio::test]
async fn an_answer_that_is_no_receipt_is_looked_up_and_the_true_id_is_recorded() {
    for (what, answer) in ANSWERS {
        let (server, base_url) = start(*answer, true).await;
        let mut trial = Trial::with_script(8, "").await;
        trial.target.base_url = base_url;
        trial.sending.concurrency = NonZeroU32::MIN;
        let ended = trial.run().await;
        let held = server.held.lock().expect("no panic").clone();
        assert_eq!(held.len(), 8, "{what}: created twice");
        assert_eq!(ended.exit_code(), 0, "{what}: {:?}", ended.results);
        let ids: HashSet<_> = ended.results[0].iter().map(|row| &row.id).collect();
        assert_eq!(ids.len(), 8, "{what}");
        for row in &ended.results[0] {
            let true_one = held.iter().find(|item| item["id"] == row.id.as_str());
            let notes = true_one
                .map(|item| item["notes"].to_string())
                .unwrap_or_default();
            assert!(notes.contains(&row.import_id), "{what}: {row:?}, {notes}");
        }
        assert_eq!(ended.tally().recovered, 5, "{what}");
    }
}

#[tokio::test]
async fn an_id_that_the_ledger_has_of_an_earlier_run_is_no_receipt() {
    let answer: Answer = |held| changed(held, |item| item["id"] = held[1]["id"].clone());
    let (server, base_url) = start(answer, true).await;
    let mut trial = Trial::with_script(3, "").await;
    trial.target.base_url = base_url;
    trial.sending.concurrency = NonZeroU32::MIN;
    assert_eq!(trial.run().await.exit_code(), 0);
    trial.rewrite(&csv(5));
    let ended = trial.run().await;
    assert_eq!(ended.exit_code(), 0, "{:?}", ended.results);
    assert_eq!(ended.tally().recovered, 2);
    assert_eq!(server.held.lock().expect("no panic").len(), 5);
}

#[tokio::test]
async fn an_answer_that_is_no_receipt_stays_in_doubt_where_there_is_no_list() {
    for (what, answer) in ANSWERS {
        let (server, base_url) = start(*answer, false).await;
        let mut trial = Trial::with_script(5, "").await;
        trial.target.base_url = base_url;
        trial.sending.concurrency = NonZeroU32::MIN;
        let ended = trial.run().await;
        assert_eq!(ended.count(Outcome::Created), 3, "{what}");
        assert_eq!(ended.count(Outcome::InDoubt), 2, "{what}");
        assert_eq!(ended.exit_code(), 1, "{what}");
        assert_eq!(server.held.lock().expect("no panic").len(), 5, "{what}");
    }
}
