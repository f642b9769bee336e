//! The sandbox, driven from outside by an HTTP client: what it does as published, and every fault.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use concord_import::internals::plan::SANDBOX_API_KEY;
use concord_import::internals::sandbox::{
    BODY_BYTES_MAX, Config, ErrorBodies, Fault, Faults, Key, Listing, Mode, Order, Project, Reads,
    Sandbox, SandboxError, Script, StoreError, Stored, TextMatch,
};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// An error where an endless wait would be; no measure of anything.
async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), work)
        .await
        .expect("it ends")
}

/// Lets an hour pass at once, until so many requests are created.
async fn after_an_hour(sandbox: &Sandbox, requests: usize) {
    tokio::time::pause();
    let created = sandbox.wait_for_requests(requests);
    tokio::time::timeout(Duration::from_hours(2), created)
        .await
        .expect("created late");
    tokio::time::resume();
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }
}

/// A sandbox and somebody who calls it.
struct Desk {
    sandbox: Sandbox,
    client: Client,
}

impl Desk {
    async fn open(config: Config) -> Self {
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // No timers of the client's own, which paused time would run into.
            .pool_idle_timeout(None)
            .build()
            .expect("a client");
        let sandbox = Sandbox::start(config).await.expect("a sandbox");
        Self { sandbox, client }
    }

    async fn with(script: &str) -> Self {
        let script: Script = script.parse().expect("a script");
        Self::open(Config {
            faults: Faults {
                script,
                ..Faults::default()
            },
            ..Config::default()
        })
        .await
    }

    fn project_path(&self) -> String {
        let config = self.sandbox.config();
        format!(
            "/organizations/{}/projects/{}",
            config.organization.id, config.projects[0].id
        )
    }

    fn call(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.sandbox.base_url());
        self.client
            .request(method, url)
            .header("x-api-key", SANDBOX_API_KEY)
    }

    fn post(&self, body: &Value) -> reqwest::RequestBuilder {
        self.call(
            Method::POST,
            &format!("{}/compliance-requests", self.project_path()),
        )
        .header("content-type", "application/json")
        .body(body.to_string())
    }

    async fn create(&self, body: Value) -> Reply {
        exchange(self.post(&body)).await.expect("an answer")
    }

    async fn get(&self, path: &str) -> Reply {
        exchange(self.call(Method::GET, path))
            .await
            .expect("an answer")
    }

    async fn list(&self, query: &str) -> Reply {
        self.get(&format!(
            "{}/compliance-requests?{query}",
            self.project_path()
        ))
        .await
    }

    /// The notes of the requests on a page, in its order.
    async fn notes(&self, query: &str) -> Vec<String> {
        let page = self.list(query).await.json();
        let items = page["items"].as_array().expect("items");
        assert_eq!(page["count"], items.len());
        items
            .iter()
            .map(|item| item["notes"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    fn created(&self) -> usize {
        self.sandbox.requests().len()
    }
}

async fn exchange(call: reqwest::RequestBuilder) -> Result<Reply, reqwest::Error> {
    let response = within(call.send()).await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Reply {
        status,
        headers,
        text: within(response.text()).await?,
    })
}

fn person(number: u32) -> Value {
    json!({
        "request": "view", "userEmail": format!("person{number}@example.org"), "notes": format!("Note {number}"),
        "preverified": true,
    })
}

// --- As published.

#[tokio::test]
async fn a_created_request_is_answered_as_published() {
    let desk = Desk::open(Config::default()).await;
    let reply = desk
        .create(json!({
            "request": "delete", "userEmail": "ann@example.org", "userFirstName": "Ann", "userLastName": "Lee",
            "userPhoneNumber": "+44 1", "userId": "u-1", "projectUserId": "p-1", "notes": "n", "domain": "example.org",
            "captureUrl": "https://example.org/", "requestDetails": { "a": [1, null] },
        }))
        .await;
    assert_eq!(reply.status, 201);
    let mut body = reply.json();
    let config = desk.sandbox.config();
    let stored = Arc::clone(&desk.sandbox.requests()[0]);
    assert_eq!(stored.body.user_id.as_deref(), Some("u-1"));
    let object = body.as_object_mut().expect("an object");
    for (name, expected) in [
        ("id", json!(stored.id)),
        ("concordId", json!(stored.concord_id)),
        ("requestDate", json!(stored.request_date_ms)),
        ("dateCreated", json!(stored.request_date_ms)),
        ("dateUpdated", json!(stored.request_date_ms)),
        ("status", json!("pending_verification")),
        ("preverified", json!(false)),
        ("request", json!("delete")),
        ("requestDetails", json!(r#"{"a":[1,null]}"#)),
        ("notes", json!("n")),
        ("domain", json!("example.org")),
        ("captureUrl", json!("https://example.org/")),
        (
            "organization",
            json!({ "id": config.organization.id, "name": config.organization.name }),
        ),
        (
            "project",
            json!({ "id": config.projects[0].id, "name": config.projects[0].name }),
        ),
        (
            "user",
            json!({ "email": "ann@example.org", "firstName": "Ann", "lastName": "Lee", "phoneNumber": "+44 1" }),
        ),
    ] {
        assert_eq!(object.remove(name), Some(expected), "{name}");
    }
    assert!(object.is_empty(), "{object:?}");

    let shown = desk
        .get(&format!(
            "{}/compliance-requests/{}",
            desk.project_path(),
            stored.id
        ))
        .await;
    assert_eq!((shown.status, shown.json()), (200, reply.json()));
    let absent = format!(
        "{}/compliance-requests/{}",
        desk.project_path(),
        Uuid::nil()
    );
    assert_eq!(desk.get(&absent).await.status, 404);
    assert_eq!(
        desk.get(&format!("{}/compliance-requests/x", desk.project_path()))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn posting_again_makes_a_second_request_of_the_same_person() {
    let desk = Desk::open(Config::default()).await;
    let (first, second) = (
        desk.create(person(1)).await.json(),
        desk.create(person(1)).await.json(),
    );
    assert_eq!(desk.created(), 2);
    assert_ne!(first["id"], second["id"]);
    assert_eq!(first["concordId"], second["concordId"]);
    assert_eq!(first["status"], "submitted");
    let given = Uuid::from_u128(5);
    let third = desk
        .create(json!({ "request": "view", "concordId": given }))
        .await
        .json();
    assert_eq!(third["concordId"], json!(given));
}

#[tokio::test]
async fn strangers_and_strange_paths_are_refused() {
    let desk = Desk::open(Config::default()).await;
    let own = format!("{}/compliance-requests", desk.project_path());
    let organization = desk.sandbox.config().organization.id;
    let (other, nil) = (Uuid::from_u128(1), Uuid::nil());
    for (path, status) in [
        (
            format!("/organizations/{organization}/projects/{other}/compliance-requests"),
            404,
        ),
        (
            format!("/organizations/{nil}/projects/{other}/compliance-requests"),
            404,
        ),
        (
            format!("/organizations/{organization}/projects/p/compliance-requests"),
            400,
        ),
        ("/organizations/o/projects".into(), 400),
        (format!("/organizations/{nil}/projects"), 404),
        (format!("/organizations/{nil}/compliance-requests"), 404),
        ("/nowhere".into(), 404),
        ("/../organizations".into(), 404),
    ] {
        let reply = desk.get(&path).await;
        assert_eq!(
            (reply.status, &reply.json()["statusCode"]),
            (status, &json!(status)),
            "{path}"
        );
    }
    assert_eq!(
        exchange(desk.call(Method::PATCH, &own))
            .await
            .expect("an answer")
            .status,
        404
    );

    let url = format!("{}{own}", desk.sandbox.base_url());
    for call in [
        desk.client.post(&url),
        desk.client.post(&url).header("x-api-key", "another"),
    ] {
        let reply = exchange(call).await.expect("an answer");
        assert_eq!(reply.status, 401);
        assert_eq!(
            reply.json(),
            json!({ "statusCode": 401, "error": "Unauthorized", "message": "Unauthorized" })
        );
    }
    let keys: Vec<_> = desk
        .sandbox
        .log()
        .iter()
        .map(|received| received.key)
        .collect();
    assert_eq!(
        keys[keys.len() - 3..],
        [Key::Right, Key::Absent, Key::Wrong]
    );
    assert_eq!(desk.created(), 0);
}

#[tokio::test]
async fn bodies_are_checked_and_the_answer_quotes_nothing() {
    let desk = Desk::open(Config::default()).await;
    let reply = desk
        .create(json!({ "request": "secret", "userEmail": "secret", "extra": "secret" }))
        .await;
    assert_eq!(
        (reply.status, reply.json()["error"].as_str()),
        (400, Some("Bad Request"))
    );
    let message = reply.json()["message"]
        .as_str()
        .expect("a message")
        .to_owned();
    assert!(
        message.contains("body/userEmail") && message.contains("body/request"),
        "{message}"
    );
    assert!(!reply.text.contains("secret"));

    let path = format!("{}/compliance-requests", desk.project_path());
    for (content_type, body, status) in [
        ("application/json", String::new(), 400),
        ("application/json", "{".into(), 400),
        ("Application/JSON; charset=utf-8", "[]".into(), 400),
        ("text/plain", person(1).to_string(), 415),
        ("application/json", " ".repeat(BODY_BYTES_MAX + 1), 413),
    ] {
        let call = desk
            .call(Method::POST, &path)
            .header("content-type", content_type)
            .body(body);
        let reply = exchange(call).await.expect("an answer");
        assert_eq!(
            (reply.status, &reply.json()["statusCode"]),
            (status, &json!(status))
        );
    }
    assert_eq!(desk.created(), 0);
}

#[tokio::test]
async fn lenient_takes_what_can_be_coerced() {
    let desk = Desk::open(Config {
        mode: Mode::Lenient,
        ..Config::default()
    })
    .await;
    let reply = desk
        .create(json!({ "request": "view", "userPhoneNumber": 441, "preverified": "true", "userMail": "a@b.co" }))
        .await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.json()["user"], json!({ "phoneNumber": "441" }));
    assert_eq!(reply.json()["preverified"], true);
    let reply = desk
        .create(json!({ "request": "x", "userEmail": "x" }))
        .await;
    assert_eq!(reply.status, 400);
    let message = reply.json()["message"]
        .as_str()
        .expect("a message")
        .to_owned();
    assert_eq!(message.matches("body").count(), 1, "{message}");
    assert_eq!(desk.list("unknown=1").await.status, 200);
}

#[tokio::test]
async fn error_bodies_can_lie_as_the_page_does() {
    let desk = Desk::open(Config {
        error_bodies: ErrorBodies::PublishedDefaults,
        ..Config::default()
    })
    .await;
    let reply = desk.create(json!({})).await;
    assert_eq!(reply.status, 400);
    assert_eq!(
        (&reply.json()["statusCode"], &reply.json()["error"]),
        (&json!(404), &json!("Not Found"))
    );
}

// --- Lists.

#[tokio::test]
async fn organizations_and_projects_are_listed() {
    let mut config = Config::default();
    let second = Project {
        id: Uuid::from_u128(2),
        name: "Live".into(),
        is_test: false,
        is_active: false,
    };
    config.projects.push(second);
    let desk = Desk::open(config).await;
    let config = desk.sandbox.config();
    let organization = config.organization.id;
    let page = desk.get("/organizations?limit=1").await.json();
    assert_eq!(
        (&page["offset"], &page["count"], &page["total"]),
        (&json!(0), &json!(1), &json!(1))
    );
    assert_eq!(
        page["items"][0],
        json!({ "id": organization, "name": config.organization.name, "status": "active",
            "statusFlags": { "isActive": true } })
    );
    let page = desk
        .get(&format!("/organizations/{organization}/projects?offset=1"))
        .await
        .json();
    assert_eq!(
        (&page["offset"], &page["count"], &page["total"]),
        (&json!(1), &json!(1), &json!(2))
    );
    assert_eq!(
        page["items"][0],
        json!({ "id": Uuid::from_u128(2), "name": "Live", "status": "inactive",
            "statusFlags": { "isActive": false, "isTest": false } })
    );
    assert_eq!(desk.get("/organizations?limit=0").await.status, 400);
    assert_eq!(desk.get("/organizations?notes=x").await.status, 400);
}

#[tokio::test]
async fn paging_shows_every_request_once() {
    for (order, first) in [
        (Order::NewestFirst, "Note 6"),
        (Order::OldestFirst, "Note 0"),
    ] {
        let desk = Desk::open(Config {
            listing: Listing {
                order,
                ..Listing::default()
            },
            ..Config::default()
        })
        .await;
        for number in 0..7 {
            desk.create(person(number)).await;
        }
        for filter in ["", "&notes=note"] {
            let mut seen = Vec::new();
            for offset in [0, 3, 6, 9] {
                seen.extend(
                    desk.notes(&format!("limit=3&offset={offset}{filter}"))
                        .await,
                );
            }
            assert_eq!(seen[0], first);
            assert_eq!(
                (seen.len(), seen.iter().collect::<HashSet<_>>().len()),
                (7, 7)
            );
            let page = desk.list(&format!("limit=2&offset=6{filter}")).await.json();
            assert_eq!(
                (&page["offset"], &page["count"], &page["total"]),
                (&json!(6), &json!(1), &json!(7))
            );
        }
    }
}

#[tokio::test]
async fn filters_let_pass_what_they_name() {
    let desk = Desk::open(Config::default()).await;
    desk.create(json!({
        "request": "delete", "userEmail": "Ann@example.org", "notes": "one [ref A]", "domain": "example.org",
        "requestDetails": { "k": 1 },
    }))
    .await;
    desk.create(json!({ "request": "view", "userId": "7", "notes": "two", "preverified": true }))
        .await;
    let requests: Vec<Arc<Stored>> = desk.sandbox.requests();
    let (id, concord_id) = (requests[0].id, requests[0].concord_id);
    for (query, expected) in [
        ("", &["two", "one [ref A]"][..]),
        ("request=delete", &["one [ref A]"]),
        ("status=submitted", &["two"]),
        ("status=resolved", &[]),
        ("resolutionStatus=denied", &[]),
        (&format!("complianceRequestId={id}"), &["one [ref A]"]),
        (&format!("concordId={concord_id}"), &["one [ref A]"]),
        ("notes=%5Bref+a%5D", &["one [ref A]"]),
        ("notes=t&request=view", &["two"]),
        ("userEmail=ann%40example", &["one [ref A]"]),
        ("domain=example.org", &["one [ref A]"]),
        ("requestDetails=%22k%22", &["one [ref A]"]),
        ("text=ann", &["one [ref A]"]),
        ("sessionId=1", &[]),
        (
            "startDate=2020-01-01T00:00:00Z&endDate=2020-01-02T00:00:00%2B01:00",
            &[],
        ),
        (
            "startDate=2020-01-01T00:00:00Z&endDate=2999-01-01T00:00:00Z",
            &["two", "one [ref A]"],
        ),
        ("sort=requestDate&order=asc", &["two", "one [ref A]"]),
    ] {
        assert_eq!(desk.notes(query).await, expected, "{query}");
    }
    let organization = desk.sandbox.config().organization.id;
    let project = desk.sandbox.config().projects[0].id;
    for (query, total) in [
        (String::new(), 2),
        (format!("projectIds[]={project}&request=view"), 1),
        (format!("projectIds={}", Uuid::nil()), 0),
    ] {
        let page = desk
            .get(&format!(
                "/organizations/{organization}/compliance-requests?{query}"
            ))
            .await;
        assert_eq!(page.json()["total"], total, "{query}");
    }
}

#[tokio::test]
async fn queries_are_checked() {
    let desk = Desk::open(Config::default()).await;
    let long = format!("notes={}", "ä".repeat(129));
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "offset=-1",
        "request=erase",
        "status=",
        "resolutionStatus=x",
        "complianceRequestId=1",
        "startDate=2020-01-01",
        "startDate=2020-01-01T00:00:00+01:00",
        "unknown=1",
        "limit=1&limit=2",
        "projectIds=x",
        &long,
    ] {
        assert_eq!(desk.list(query).await.status, 400, "{query}");
    }
    assert_eq!(
        desk.list(&format!("limit=1000&notes={}", "ä".repeat(128)))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn text_filters_match_as_configured() {
    for (text_match, filter, is_found) in [
        (TextMatch::Substring, "ote", true),
        (TextMatch::Prefix, "ote", false),
        (TextMatch::Prefix, "Not", true),
        (TextMatch::Exact, "Not", false),
        (TextMatch::Exact, "Note+1", true),
        (TextMatch::Exact, "note+1", false),
        (TextMatch::Ignored, "nothing", true),
    ] {
        let listing = Listing {
            text_match,
            is_case_sensitive: true,
            ..Listing::default()
        };
        let desk = Desk::open(Config {
            listing,
            ..Config::default()
        })
        .await;
        desk.create(person(1)).await;
        assert_eq!(
            desk.notes(&format!("notes={filter}")).await.len(),
            usize::from(is_found),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn lists_can_lag_behind() {
    let listing = Listing {
        lag: Duration::from_hours(1),
        ..Listing::default()
    };
    let desk = Desk::open(Config {
        listing,
        ..Config::default()
    })
    .await;
    let id = desk.create(person(1)).await.json()["id"].clone();
    assert_eq!(desk.list("").await.json()["total"], 0);
    let shown = format!(
        "{}/compliance-requests/{}",
        desk.project_path(),
        id.as_str().expect("an id")
    );
    assert_eq!(desk.get(&shown).await.status, 200);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3601)).await;
    tokio::time::resume();
    assert_eq!(desk.list("").await.json()["total"], 1);
}

#[tokio::test]
async fn reading_can_be_forbidden() {
    for (reads, status) in [
        (Reads::Forbidden403, 403),
        (Reads::NotFound404, 404),
        (Reads::MethodNotAllowed405, 405),
    ] {
        let desk = Desk::open(Config {
            reads,
            ..Config::default()
        })
        .await;
        assert_eq!(desk.create(person(1)).await.status, 201);
        let reply = desk.list("").await;
        assert_eq!(
            (reply.status, &reply.json()["statusCode"]),
            (status, &json!(status))
        );
        assert_eq!(desk.get("/organizations").await.status, status);
    }
}

// --- Across restarts.

#[tokio::test]
async fn a_store_outlives_its_sandbox() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config {
        store: Some(folder.path().join("store.jsonl")),
        ..Config::default()
    };
    let desk = Desk::open(config.clone()).await;
    let first = desk.create(person(1)).await.json();
    let second = Sandbox::start(config.clone())
        .await
        .expect_err("one at a time");
    assert!(matches!(
        second,
        SandboxError::Store(StoreError::InUse { .. })
    ));
    desk.sandbox.stop().await;

    let desk = Desk::open(config).await;
    assert_eq!(desk.list("").await.json()["items"], json!([first]));
    let again = desk.create(person(1)).await.json();
    assert_eq!(again["concordId"], first["concordId"]);
    assert_eq!(desk.created(), 2);
    within(desk.sandbox.wait_for_requests(2)).await;
}

// --- Faults.

#[tokio::test]
async fn refusals_create_nothing() {
    for (fault, status, header, is_json) in [
        ("500", 500, None, true),
        ("502:html", 502, None, false),
        ("504:empty", 504, None, false),
        ("422", 422, None, true),
        ("429", 429, None, true),
        ("429:retry-after=2", 429, Some("retry-after"), true),
        ("429:retry-after-date=2", 429, Some("retry-after"), true),
        ("429:ratelimit-reset=2", 429, Some("ratelimit-reset"), true),
        ("503", 503, None, true),
        ("503:retry-after=7", 503, Some("retry-after"), true),
        ("redirect:http://127.0.0.1:9/", 307, Some("location"), false),
    ] {
        let desk = Desk::with(fault).await;
        let reply = desk.create(person(1)).await;
        assert_eq!(reply.status, status, "{fault}");
        assert_eq!(
            serde_json::from_str::<Value>(&reply.text).is_ok(),
            is_json,
            "{fault}"
        );
        for name in ["retry-after", "ratelimit-reset", "location"] {
            assert_eq!(
                reply.headers.contains_key(name),
                header == Some(name),
                "{fault}"
            );
        }
        assert_eq!(desk.created(), 0, "{fault}");
        let log = desk.sandbox.log();
        assert_eq!(
            (log[0].fault.to_string().as_str(), log[0].status),
            (fault, Some(status))
        );
        assert_eq!(
            desk.create(person(1)).await.status,
            201,
            "the script is used up"
        );
    }
}

#[tokio::test]
async fn a_retry_date_is_one() {
    let desk = Desk::with("429:retry-after-date=120").await;
    let reply = desk.create(person(1)).await;
    let date = reply.headers["retry-after"].to_str().expect("text");
    assert!(httpdate::parse_http_date(date).expect("a date") > std::time::SystemTime::now());
}

#[tokio::test]
async fn created_and_the_answer_lost() {
    for (fault, status) in [("create-then-504", 504), ("create-then-500", 500)] {
        let desk = Desk::with(fault).await;
        assert_eq!(desk.create(person(1)).await.status, status);
        assert_eq!(desk.created(), 1);
    }
    let desk = Desk::with("junk,wrong-echo,cut,create-then-drop").await;
    let junk = desk.create(person(1)).await;
    assert_eq!(junk.status, 201);
    assert!(serde_json::from_str::<Value>(&junk.text).is_err());

    let echo = desk.create(person(2)).await;
    assert_eq!(
        (echo.status, &echo.json()["request"]),
        (201, &json!("delete"))
    );
    assert_eq!(echo.json()["id"], json!(desk.sandbox.requests()[1].id));
    assert_eq!(desk.sandbox.requests()[1].body.request, "view");

    let mut response = within(desk.post(&person(3)).send()).await.expect("a head");
    assert_eq!(response.status(), StatusCode::CREATED);
    let promised_bytes = response.content_length().expect("a length");
    let first = within(response.chunk())
        .await
        .expect("half a body")
        .expect("something");
    assert!((first.len() as u64) < promised_bytes && first.starts_with(b"{"));
    assert!(
        within(response.chunk()).await.is_err(),
        "the rest never comes"
    );

    assert!(exchange(desk.post(&person(4))).await.is_err());
    assert_eq!(desk.created(), 4);
    let log = desk.sandbox.log();
    assert_eq!(
        (&log[3].fault, log[3].status),
        (&Fault::CreateThenDrop, None)
    );
}

#[tokio::test]
async fn what_would_be_refused_is_refused_whatever_the_fault() {
    let desk =
        Desk::with("create-then-504,junk,cut,create-then-drop,create-then-hang,slow:0s").await;
    for _ in 0..6 {
        assert_eq!(desk.create(json!({ "request": "view" })).await.status, 400);
    }
    assert_eq!(desk.created(), 0);
}

#[tokio::test]
async fn a_dropped_connection_creates_nothing_and_hurts_no_other() {
    let desk = Desk::with("ok,drop").await;
    assert_eq!(desk.create(person(1)).await.status, 201);
    let error = exchange(desk.post(&person(2)))
        .await
        .err()
        .expect("no answer");
    assert!(!error.is_connect() && !error.is_timeout(), "{error}");
    assert_eq!(desk.create(person(3)).await.status, 201);
    assert_eq!(desk.created(), 2);
}

#[tokio::test]
async fn hanging_ends_with_the_sandbox() {
    for (fault, created) in [("hang", 0), ("create-then-hang", 1)] {
        let desk = Desk::with(fault).await;
        let hanging = tokio::spawn(exchange(desk.post(&person(1))));
        within(desk.sandbox.wait_for_arrivals(1)).await;
        within(desk.sandbox.wait_for_requests(created)).await;
        assert_eq!(
            desk.create(person(2)).await.status,
            201,
            "others are served"
        );
        assert_eq!(desk.created(), created + 1);
        assert_eq!(desk.sandbox.log()[0].status, None);
        within(desk.sandbox.stop()).await;
        assert!(within(hanging).await.expect("no panic").is_err());
    }
}

#[tokio::test]
async fn a_late_commit_comes_after_the_answer() {
    let desk = Desk::with("late-commit:1h,late-commit:1h:502").await;
    assert_eq!(desk.create(person(1)).await.status, 504);
    assert_eq!(desk.create(person(2)).await.status, 502);
    assert_eq!(desk.created(), 0);
    assert_eq!(desk.list("").await.json()["total"], 0);
    after_an_hour(&desk.sandbox, 2).await;
    assert_eq!(desk.list("").await.json()["total"], 2);
}

#[tokio::test]
async fn what_is_slow_is_done_though_nobody_waits_for_it() {
    let desk = Desk::with("slow:1ms,slow:1h").await;
    assert_eq!(desk.create(person(1)).await.status, 201);
    let waiting = tokio::spawn(exchange(desk.post(&person(2))));
    within(desk.sandbox.wait_for_arrivals(2)).await;
    waiting.abort();
    assert!(within(waiting).await.is_err());
    assert_eq!(desk.created(), 1);
    after_an_hour(&desk.sandbox, 2).await;
}

#[tokio::test]
async fn reads_have_a_script_of_their_own() {
    let desk = Desk::open(Config::default()).await;
    desk.create(person(1)).await;
    let script = "503:retry-after=1,create-then-502,junk,wrong-echo,drop,ok";
    desk.sandbox
        .set_read_script(script.parse().expect("a script"));
    assert_eq!(desk.create(person(2)).await.status, 201);
    assert_eq!(desk.list("").await.status, 503);
    assert_eq!(desk.list("").await.status, 502);
    let junk = desk.list("").await;
    assert_eq!(junk.status, 200);
    assert!(serde_json::from_str::<Value>(&junk.text).is_err());
    assert_eq!(
        desk.notes("").await,
        ["of somebody else", "of somebody else"]
    );
    let path = format!("{}/compliance-requests", desk.project_path());
    assert!(exchange(desk.call(Method::GET, &path)).await.is_err());
    assert_eq!(desk.notes("").await, ["Note 2", "Note 1"]);
}

#[tokio::test]
async fn odds_outages_and_scripts_can_be_set_while_it_runs() {
    let desk = Desk::open(Config::default()).await;
    let faults = Faults {
        odds: "500=1".parse().expect("odds"),
        read_odds: "404=1".parse().expect("odds"),
        outages: vec!["2..4=502".parse().expect("an outage")],
        ..Faults::default()
    };
    desk.sandbox.set_faults(faults);
    desk.sandbox
        .set_script(Script(vec![Fault::Ok, Fault::CreateThenStatus(504)]));
    let mut statuses = Vec::new();
    for number in 0..4 {
        statuses.push(desk.create(person(number)).await.status);
        statuses.push(desk.list("").await.status);
    }
    assert_eq!(statuses, [201, 502, 502, 404, 504, 404, 500, 404]);
    assert_eq!(desk.created(), 2);
    desk.sandbox.set_faults(Faults::default());
    assert_eq!(desk.create(person(9)).await.status, 201);
}

#[tokio::test]
async fn a_limit_on_requests_a_second_is_kept() {
    let rate_limit = Some("2:retry-after=1".parse().expect("a limit"));
    let faults = Faults {
        rate_limit,
        ..Faults::default()
    };
    let desk = Desk::open(Config {
        faults,
        ..Config::default()
    })
    .await;
    // Without time there is one and the same second, however slow the machine.
    tokio::time::pause();
    let mut calls = Vec::new();
    for _ in 0..2 {
        for number in 0..3 {
            calls.push(
                desk.post(&person(number))
                    .send()
                    .await
                    .expect("an answer")
                    .status()
                    .as_u16(),
            );
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(calls, [201, 201, 429, 201, 201, 429]);
}

// --- Life.

#[tokio::test]
async fn it_listens_on_loopback_only() {
    for address in ["0.0.0.0", "192.0.2.1", "::", "::ffff:192.0.2.1"] {
        let address = address.parse().expect("an address");
        let error = Sandbox::start(Config {
            address,
            ..Config::default()
        })
        .await
        .expect_err("refused");
        assert!(matches!(error, SandboxError::NotLoopback(_)), "{error}");
    }
    let error = Sandbox::start(Config {
        projects: Vec::new(),
        ..Config::default()
    })
    .await;
    assert!(matches!(error, Err(SandboxError::NoProject)));

    let desk = Desk::open(Config::default()).await;
    let url = desk.sandbox.base_url().to_owned();
    let address = url
        .strip_prefix("http://127.0.0.1:")
        .and_then(|rest| rest.strip_suffix("/privacy-v1"));
    let port = address.and_then(|port| port.parse().ok()).expect("a port");
    let error = Sandbox::start(Config {
        port,
        ..Config::default()
    })
    .await
    .expect_err("taken");
    assert!(matches!(error, SandboxError::Bind { .. }));
}

#[test]
fn a_thread_of_its_own_needs_no_runtime_and_ends_with_the_handle() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config {
        store: Some(folder.path().join("store.jsonl")),
        ..Config::default()
    };
    let sandbox = Sandbox::start_on_own_thread(config.clone()).expect("a sandbox");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let desk = runtime.block_on(async {
        let Desk { client, .. } = Desk::open(Config::default()).await;
        let desk = Desk { sandbox, client };
        assert_eq!(desk.create(person(1)).await.status, 201);
        within(desk.sandbox.wait_for_requests(1)).await;
        desk
    });
    drop(desk);
    // Its journal is free: the thread is gone.
    let sandbox = Sandbox::start_on_own_thread(config).expect("a sandbox");
    assert_eq!(sandbox.requests().len(), 1);
    runtime.block_on(sandbox.stop());
    let nowhere = Config {
        store: Some(folder.path().into()),
        ..Config::default()
    };
    assert!(matches!(
        Sandbox::start_on_own_thread(nowhere),
        Err(SandboxError::Store(_))
    ));
}
