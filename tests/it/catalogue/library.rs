//! What the crate says to a program, besides what the commands say.

use std::fs;
use std::path::Path;

use std::sync::mpsc::channel;

use concord_import::{Error, Event, Job, Outcome, Preflight, Results, Stop};

use crate::cli::JOB;
use crate::support;

/// What is done, what comes of it, and what it has to say: where, what was found, what would be right.
struct Mistake {
    what: &'static str,
    error: Error,
    says: [&'static str; 3],
}

/// A whole header, and a line whose row is no number.
const DAMAGED: &str = "row,line,key,import_id,request,outcome,via,id,concord_id,request_date,http_status,error_code,error,attempts\n\
                       one,2,T-1,,,invalid,,,,,,,,0\n";

fn mistakes(folder: &Path) -> Vec<Mistake> {
    let opened = |name: &str| Results::open(folder.join(name));
    for (name, content) in [("t.csv", "Ticket,Email\n"), ("results.csv", DAMAGED)] {
        fs::write(folder.join(name), content).expect("written");
    }
    let mut damaged = opened("results.csv").expect("its header is right");
    let job = Job::over(["t.csv"]);
    vec![
        Mistake {
            what: "results that are not there",
            error: opened("out.csv").expect_err("refused"),
            says: [
                "out.csv",
                "No such file",
                "`results.csv` of an output folder",
            ],
        },
        Mistake {
            what: "another file",
            error: opened("t.csv").expect_err("refused"),
            says: ["t.csv", "does not begin with", "row,line,key,"],
        },
        Mistake {
            what: "results with a damaged line",
            error: damaged.next().expect("a line").expect_err("refused"),
            says: [
                "results.csv",
                "line: 2",
                "`results.csv` of an output folder",
            ],
        },
        Mistake {
            what: "a job within a runtime",
            error: tokio::runtime::Runtime::new()
                .expect("a runtime")
                .block_on(async { job.check().err() })
                .expect("refused"),
            says: ["a thread", "an async runtime", "a thread of its own"],
        },
    ]
}

/// All of them.
pub(super) fn read_aloud() -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut chapter = String::new();
    for Mistake { what, error, says } in mistakes(folder.path()) {
        let [place, found, wanted] = says;
        let message = error.to_string();
        let hint = error
            .hint()
            .unwrap_or_else(|| panic!("{what} has no hint: {message}"));
        assert!(
            message.contains(place) && message.contains(found),
            "{what}: {message}"
        );
        assert!(
            message.contains(wanted) || hint.contains(wanted),
            "{what}: {message} {hint}"
        );
        let message = message.replace(&folder.path().display().to_string(), "…");
        chapter += &format!("## {what}\n{message}\nhint: {hint}\n\n");
    }
    let why = stopped_before(folder.path());
    assert_eq!(why, "the run is ending");
    format!("{chapter}## an import that was stopped before it began, of the project\n{why}\n\n")
}

/// What is told of the project when there is no time left to ask for it.
fn stopped_before(folder: &Path) -> String {
    for (name, content) in [("t.csv", support::csv(1)), ("t.toml", JOB.to_owned())] {
        fs::write(folder.join(name), content).expect("written");
    }
    let job = Job::over([folder.join("t.csv")])
        .sandbox()
        .out(folder.join("out"));
    let (stop, (tell, heard)) = (Stop::default(), channel());
    stop.stop();
    let done = job.import(&stop, move |event| drop(tell.send(event)));
    let done = done.expect("it ends");
    assert_eq!(done[0].tally.count(Outcome::NotSent), 1);
    let why = heard.try_iter().find_map(|event| match event {
        Event::Preflight(Preflight::Unknown { why }) => Some(why),
        _ => None,
    });
    why.expect("it is told")
}
