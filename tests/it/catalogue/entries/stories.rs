//! What happens to the imports of which examples are taken.

use std::fs;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use concord_import::internals::outbound::{ANSWER_BYTES_MAX, PAGE_BYTES_MAX};
use concord_import::internals::sandbox::Script;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::imports::{Import, NO_MARK, OUT, Rough, SECOND, created, sandbox, withholding};
use super::Played;
use crate::support::{self, ClosedPort, HEADER, http};

/// The second of three rows is answered so, and this is the list of requests.
pub(super) fn answered(status: &'static str, body: &str, list: &str) -> Played {
    let server = Rough::listing(status, body, list);
    Played::run(&Import::into_server(&server.base_url))
}

/// The second of three rows gets this answer. The others are created and listed.
pub(super) fn created_but(status: &'static str, body: &str) -> Played {
    let body = body.to_owned();
    let server = Rough::creating(move |_| http(status, &body).into());
    Played::run(&Import::into_server(&server.base_url))
}

/// The second row is answered with the id of the first.
pub(super) fn id_of_another() -> Played {
    let server = Rough::creating(|ids| created(ids[0]));
    Played::run(&Import::into_server(&server.base_url))
}

fn accepted_with(fault: &str) -> Played {
    let sandbox = sandbox(fault);
    let import = Import::into_sandbox(&sandbox);
    // It is looked up for no longer than that.
    import.job("give_up_after = \"1s\"\n");
    Played::run(&import)
}

pub(super) fn accepted() -> Played {
    accepted_with("ok,202,ok")
}

pub(super) fn accepted_otherwise() -> Played {
    accepted_with("ok,204:empty,ok")
}

pub(super) fn key_refused() -> Played {
    let sandbox = sandbox("ok,401");
    Played::run(&Import::into_sandbox(&sandbox))
}

/// Nothing is created, so that it is the key.
pub(super) fn key_forbidden() -> Played {
    let sandbox = sandbox("403*1000");
    Played::run(&Import::into_sandbox(&sandbox))
}

pub(super) fn project_unknown() -> Played {
    let sandbox = sandbox("ok,404");
    Played::run(&Import::into_sandbox(&sandbox))
}

pub(super) fn no_connection() -> Played {
    let port = ClosedPort::new();
    let import = Import::into_server(&format!("http://{}", port.address()));
    import.job("give_up_after = \"1s\"\n");
    Played::run(&import)
}

pub(super) fn timeout() -> Played {
    let sandbox = sandbox("ok,hang,ok");
    let import = Import::into_sandbox(&sandbox);
    import.job("timeout = \"3s\"\n");
    Played::run(&import)
}

pub(super) fn no_list() -> Played {
    let sandbox = withholding("ok,create-then-502,ok");
    Played::run(&Import::into_sandbox(&sandbox))
}

pub(super) fn cut_off() -> Played {
    let sandbox = withholding("ok,cut,ok");
    Played::run(&Import::into_sandbox(&sandbox))
}

pub(super) fn not_sent_again() -> Played {
    let sandbox = withholding("ok,502,ok");
    let import = Import::into_sandbox(&sandbox);
    import.job("in_doubt = \"resend\"\n");
    Played::run(&import)
}

/// What is refused the second time may have been created the first time.
pub(super) fn sent_again() -> Played {
    let sandbox = withholding("ok,create-then-502,400*2");
    let import = Import::into_sandbox(&sandbox);
    import.job("in_doubt = \"resend\"\n");
    let told = import.call(&["run", "t.csv", "--yes", "--max-attempts", "2"]);
    Played::of(&import, told, OUT)
}

pub(super) fn held() -> Played {
    let sandbox = sandbox("ok,502,ok");
    let import = Import::into_sandbox(&sandbox);
    import.job("in_doubt = \"hold\"\n");
    Played::run(&import)
}

/// Without a mark: two rows of one person, whose answers are both lost.
pub(super) fn ambiguous() -> Played {
    let sandbox = sandbox("create-then-502*2");
    let import = Import::into_sandbox(&sandbox);
    import.job(NO_MARK);
    import.rows(&format!(
        "{HEADER}T-1,person1@example.com,Erase\nT-2,person1@example.com,Erase\n"
    ));
    Played::run(&import)
}

/// Without a mark, and with another content after its answer was lost.
pub(super) fn changed_in_doubt() -> Played {
    let sandbox = withholding("ok,create-then-502,ok");
    let import = Import::into_sandbox(&sandbox);
    import.job(NO_MARK);
    import.run();
    import.rows(&support::csv(3).replace("person2@", "Person2@"));
    Played::run(&import)
}

/// Another run waits for its answer for longer than this takes.
pub(super) fn claimed() -> Played {
    let sandbox = sandbox("ok,hang");
    let import = Import::into_sandbox(&sandbox);
    let _other = import.under_way(&sandbox);
    Played::run(&import)
}

pub(super) fn not_found() -> Played {
    let sandbox = withholding("ok,502,ok");
    let import = Import::into_sandbox(&sandbox);
    import.run();
    sandbox.set_read_script(Script::default());
    import.call(&["reconcile", "t.csv"]);
    import.call(&["results", "t.csv"]);
    Played::of(&import, String::new(), OUT)
}

/// Two ledgers that do not know of each other.
pub(super) fn created_twice() -> Played {
    let sandbox = withholding("ok,create-then-502,ok");
    let import = Import::into_sandbox(&sandbox);
    import.run();
    import.run_beside();
    sandbox.set_read_script(Script::default());
    Played::run(&import)
}

pub(super) fn changed() -> Played {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.run();
    import.rows(&support::csv(3).replace("person2@", "Person2@"));
    Played::run(&import)
}

pub(super) fn changed_within() -> Played {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.rows(&support::csv(2).replace("T-2,person2@", "T-1,Person1@"));
    Played::run(&import)
}

/// The second row is not valid; a corrected copy of it was imported.
pub(super) fn corrected() -> Played {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    let rows = support::csv(3);
    let [valid, invalid] = [
        "T-2,person2@example.com,Erase",
        "T-2,person2@example.com,Eras",
    ];
    import.rows(&rows.replace(valid, invalid));
    import.run();
    let rejects = import.place.read(&format!("{OUT}/rejects.csv"));
    import.run_corrected(&rejects.replace(invalid, valid));
    Played::run(&import)
}

/// The key of the second row was blank. A corrected copy was imported, and now comes another one.
pub(super) fn corrected_already() -> Played {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.rows(&support::csv(3).replace("T-2,", ","));
    import.run();
    let rejects = import.place.read(&format!("{OUT}/rejects.csv"));
    let corrected = |key: &str| rejects.replace("\n,", &format!("\n{key},"));
    import.run_corrected(&corrected("T-2"));
    let other = corrected("T-9").replace("\nT-9", "\nT-1,person1@example.com,Erase,\nT-9");
    import.rows(&other);
    Played::run(&import)
}

pub(super) fn duplicate() -> Played {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.rows(&support::csv(2).replace("T-2,person2@", "T-1,person1@"));
    Played::run(&import)
}

/// Without a mark: no answer, and this is the list of requests.
fn unmarked(list: &Value) -> Played {
    let server = Rough::listing("502 Bad Gateway", "", &list.to_string());
    let import = Import::into_server(&server.base_url);
    import.job(NO_MARK);
    Played::run(&import)
}

fn request_of(email: &str) -> Value {
    json!({ "id": Uuid::new_v4(), "request": "delete", "user": { "email": email } })
}

pub(super) fn ambiguous_many() -> Played {
    let items: Vec<_> = (0..9).map(|_| request_of("person2@example.com")).collect();
    unmarked(&json!({ "items": items, "total": 9 }))
}

/// It is not shown whose it is.
pub(super) fn ambiguous_alike() -> Played {
    let item = json!({ "id": Uuid::new_v4(), "request": "delete" });
    unmarked(&json!({ "items": [item], "total": 1 }))
}

/// Two rows of one person, both left in doubt by an earlier run, and one of them was created.
pub(super) fn ambiguous_shared() -> Played {
    let sandbox = withholding("502,create-then-502");
    let import = Import::into_sandbox(&sandbox);
    import.job(NO_MARK);
    import.rows(&format!(
        "{HEADER}T-1,a@example.com,Erase\nT-2,a@example.com,Erase\n"
    ));
    import.run();
    sandbox.set_read_script(Script::default());
    let told = import.call(&["run", "t.csv", "--yes", "--concurrency", "2"]);
    Played::of(&import, told, OUT)
}

/// The rules, without a mark and without anything that tells requests of one person apart.
fn indistinct(job: &str) -> String {
    let notes = "notes = { template = \"Ticket {{ Ticket }}\" }\n";
    assert!(job.contains(notes), "{job}");
    job.replace(notes, "") + NO_MARK
}

/// The person has a request by an earlier row, under another key.
pub(super) fn ambiguous_taken() -> Played {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.job_of("t.toml", |job| indistinct(&job));
    import.run();
    import.rows(&support::csv(3).replace("T-2,", "U-2,"));
    sandbox.set_script("502".parse().expect("a script"));
    Played::run(&import)
}

/// The second row is answered 502, and the request of another person quotes its reference.
pub(super) fn ambiguous_of_stranger() -> Played {
    let quoted = Arc::new(OnceLock::<String>::new());
    let server = Rough::new(move |head, sent| {
        if head.starts_with("GET") {
            let notes = quoted.get().map_or("", String::as_str);
            let item = json!({
                "id": Uuid::from_u128(9), "request": "delete", "user": { "email": "else@example.org" },
                "notes": format!("see also {notes}"),
            });
            let list = json!({ "items": [item], "total": 1 });
            return http("200 OK", &list.to_string()).into();
        }
        if !sent.contains(SECOND) {
            return created(Uuid::new_v4());
        }
        let body: Value = serde_json::from_str(sent).expect("JSON");
        let notes = body["notes"].as_str().expect("a reference");
        quoted.get_or_init(|| notes.to_owned());
        http("502 Bad Gateway", "").into()
    });
    Played::run(&Import::into_server(&server.base_url))
}

/// Its request was found, and is what another import is answered for another row of the same person.
pub(super) fn ambiguous_belied() -> Played {
    let import = Arc::new(OnceLock::<Import>::new());
    let (within, posts, id) = (
        Arc::clone(&import),
        Arc::new(AtomicU32::new(0)),
        Uuid::new_v4(),
    );
    let server = Rough::new(move |head, sent| {
        if head.starts_with("GET") {
            let item = json!({ "id": id, "request": "delete", "user": { "email": "person2@example.com" } });
            return http(
                "200 OK",
                &json!({ "items": [item], "total": 1 }).to_string(),
            )
            .into();
        }
        if !sent.contains(SECOND) {
            return created(Uuid::new_v4());
        }
        if posts.fetch_add(1, Ordering::SeqCst) > 0 {
            return http("502 Bad Gateway", "").into();
        }
        tokio::task::block_in_place(|| within.get().expect("it is there").run());
        created(id)
    });
    let import = import.get_or_init(|| Import::into_server(&server.base_url));
    for job in ["t.toml", "u.toml"] {
        import.job_of(job, |job| indistinct(&job));
    }
    let other = format!("{HEADER}U-1,person2@example.com,Erase\n");
    fs::write(import.place.path("u.csv"), other).expect("written");
    let told = import.call(&["run", "u.csv", "--yes", "--out", "other"]);
    import.call(&["results", "t.csv"]);
    Played::of(import, told, OUT)
}

/// What the list of requests is like when it is looked into.
fn list_that(script: &str, send: &str) -> Played {
    let sandbox = sandbox("ok,502,ok");
    sandbox.set_read_script(format!("ok,{script}*1000").parse().expect("a script"));
    let import = Import::into_sandbox(&sandbox);
    import.job(send);
    Played::run(&import)
}

pub(super) fn list_busy() -> Played {
    list_that("503", "")
}

pub(super) fn list_dropped() -> Played {
    list_that("drop", "")
}

pub(super) fn list_late() -> Played {
    list_that("hang", "timeout = \"1s\"\n")
}

/// The same page, whatever is asked for.
pub(super) fn list_unsteady() -> Played {
    let items: Vec<_> = (0..1_000)
        .map(|_| json!({ "id": Uuid::new_v4() }))
        .collect();
    let list = json!({ "items": items, "total": 5_000 });
    answered("502 Bad Gateway", "", &list.to_string())
}

pub(super) fn list_large() -> Played {
    let list = json!({ "items": [], "total": 0, "pad": "x".repeat(PAGE_BYTES_MAX) });
    answered("502 Bad Gateway", "", &list.to_string())
}

pub(super) fn answer_large() -> Played {
    let body = json!({ "pad": "x".repeat(ANSWER_BYTES_MAX) });
    created_but("201 Created", &body.to_string())
}

/// Somebody takes connections and says nothing, as behind a firewall.
pub(super) fn no_connection_made() -> Played {
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = mute.local_addr().expect("an address");
    let import = Import::into_server(&format!("https://{address}"));
    import.job("timeout = \"1s\"\ngive_up_after = \"1s\"\n");
    Played::run(&import)
}

/// Some rows that are tried as often as it takes, for a second.
fn persistent(base_url: &str) -> Played {
    let import = Import::into_server(base_url);
    import.rows(&support::csv(30));
    import.job("give_up_after = \"1s\"\n");
    let args = ["--max-attempts", "100", "--concurrency", "30"];
    let told = import.call(&[&["run", "t.csv", "--yes"], &args[..]].concat());
    Played::of(&import, told, OUT)
}

pub(super) fn always_busy() -> Played {
    persistent(sandbox("429*100000").base_url())
}

pub(super) fn always_failing() -> Played {
    let server = Rough::new(|_, _| http("502 Bad Gateway", "").into());
    persistent(&server.base_url)
}

/// Without a key: of two requests of a row one is created. What the rejects say of it.
pub(super) fn rejected_in_part() -> String {
    let sandbox = sandbox("ok,400");
    let import = Import::into_sandbox(&sandbox);
    import.job_of("t.toml", |job| {
        job.replace("key = [\"Ticket\"]", "")
            .replace("\"delete\"", "[\"view\", \"delete\"]")
    });
    import.rows(&support::csv(1));
    import.run();
    let rejects = import.place.path(&format!("{OUT}/rejects.csv"));
    let mut reader = csv::Reader::from_path(rejects).expect("it is there");
    let columns = reader.headers().expect("a header").clone();
    let at = columns.iter().position(|name| name == "import_problem");
    let row = reader.records().next().expect("a row").expect("CSV");
    row[at.expect("it is there")].to_owned()
}
