//! What is told of the project before anything is sent.

use serde_json::{Value, json};
use uuid::Uuid;

use concord_import::internals::plan::SANDBOX_PROJECT;

use super::imports::{Import, Rough, created};
use crate::support::{ClosedPort, http};

/// A list of projects, and what is told of it: what was found, and where it is not the project what to do.
struct Example {
    title: &'static str,
    status: &'static str,
    list: String,
    found: &'static str,
    wanted: &'static str,
}

const COMPARE: &str = "compare the project's id with Concord's project settings";

fn of_projects(title: &'static str, project: &Value, found: &'static str) -> Example {
    Example {
        title,
        status: "200 OK",
        list: json!({ "items": [project], "total": 1 }).to_string(),
        found,
        wanted: "",
    }
}

fn examples() -> Vec<Example> {
    let flags = |is_test: bool| json!({ "isTest": is_test });
    let unknown = |title, status, list: &str, found| Example {
        title,
        status,
        list: list.to_owned(),
        found,
        wanted: COMPARE,
    };
    vec![
        of_projects(
            "a test project",
            &json!({ "id": SANDBOX_PROJECT, "name": "Europe", "statusFlags": flags(true) }),
            "project: Europe (a test project)",
        ),
        of_projects(
            "another",
            &json!({ "id": SANDBOX_PROJECT, "name": "Europe", "statusFlags": flags(false) }),
            "project: Europe (not a test project)",
        ),
        of_projects(
            "one of which it is not told",
            &json!({ "id": SANDBOX_PROJECT, "name": "Europe" }),
            "project: Europe",
        ),
        of_projects(
            "one without a name",
            &json!({ "id": SANDBOX_PROJECT }),
            "project: (without a name)",
        ),
        Example {
            wanted: COMPARE,
            ..of_projects(
                "one that is not listed",
                &json!({ "id": Uuid::nil(), "name": "Asia" }),
                "this one is not among them",
            )
        },
        unknown(
            "a list that is forbidden",
            "403 Forbidden",
            "",
            "the list of projects answered 403",
        ),
        unknown(
            "a list that is no list",
            "200 OK",
            "\"many\"",
            "the list of projects cannot be read",
        ),
    ]
}

/// What a run tells of it first.
fn told_first(import: &Import) -> String {
    let told = import.run();
    told.lines().next().expect("a line").to_owned()
}

impl Example {
    fn play(&self) -> String {
        let (status, list) = (self.status, self.list.clone());
        let server = Rough::new(move |head, _| {
            if head.starts_with("POST") {
                created(Uuid::new_v4())
            } else {
                http(status, &list).into()
            }
        });
        told_first(&Import::into_server(&server.base_url))
    }
}

/// All of them.
pub(super) fn read_aloud() -> String {
    let mut told: Vec<_> = examples()
        .iter()
        .map(|example| {
            (
                example.title,
                example.play(),
                [example.found, example.wanted],
            )
        })
        .collect();
    let port = ClosedPort::new();
    let import = Import::into_server(&format!("http://{}", port.address()));
    import.job("give_up_after = \"1s\"\n");
    told.push((
        "no connection",
        told_first(&import),
        ["no connection: ", "could not be learned"],
    ));
    let mut chapter = String::new();
    for (title, said, parts) in told {
        for part in parts {
            assert!(said.contains(part), "{title}: `{part}` is not told: {said}");
        }
        chapter += &format!("## {title}\n{said}\n\n");
    }
    chapter
}
