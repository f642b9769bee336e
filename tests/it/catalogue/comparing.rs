//! What `reconcile` tells: an example of each verdict and each remark, of a real comparison by the binary.
//!
//! Each names the row (or the mark), says what was found, and what to do where not all agree.

use std::fmt::Write;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use concord_import::internals::cli::catalogue::remarks;
use concord_import::internals::entry::ImportId;
use concord_import::internals::plan::{SANDBOX_API_KEY, SANDBOX_PROJECT};
use concord_import::internals::report::reconciliation::Verdict;
use concord_import::internals::sandbox::{Omits, Sandbox, Script};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::given::{assert_nobody_is_shown, without_ids};
use super::imports::{Import, NO_MARK, OUT, Rough, created, runtime, sandbox, withholding};
use crate::cli::server;
use crate::support::{self, http};

/// A comparison, and what is told of one line of its file.
struct Example {
    verdict: Verdict,
    /// Plays it, and says what `reconcile` printed.
    story: fn() -> Compared,
    /// What was found, in the remark or in what is printed.
    found: &'static str,
    /// What to do.
    wanted: &'static str,
}

/// A line of `reconcile.csv`, as far as it is told here.
#[derive(Debug, Deserialize)]
struct Told {
    row: Option<u64>,
    line: Option<u64>,
    key: String,
    import_id: String,
    verdict: String,
    differences: String,
    remark: String,
}

struct Compared {
    printed: String,
    lines: Vec<Told>,
}

use Verdict as V;

const AGREE: &str = "Inputs, ledger and Concord agree.";

#[rustfmt::skip]
const EXAMPLES: &[Example] = &[
    example(V::InBoth, agreeing, "in the ledger and in Concord, once", AGREE),
    example(V::InBoth, differing, "otherwise than the input has it", "change that in Concord by hand"),
    example(V::InBoth, changed, "the row has changed since it was sent", "change the request in Concord by hand"),
    example(V::InBoth, changed_in_both, "in the ledger and in Concord, once", AGREE),
    example(V::InBoth, other_in_ledger, "the ledger has it as", "Find out in Concord what became of it"),
    example(V::OnlyInConcord, lost_ledger, "the ledger did not know of it", "Next, to see what is left"),
    example(V::OnlyInLedger, vanished, "not in Concord's list", "Look in Concord for those"),
    example(V::TwiceInConcord, twice, "more than one request in Concord", "resolve all but one there by hand"),
    example(V::InNeither, new_row, "not created", "Next, to create what is missing"),
    example(V::InNeither, lost_answer, "not created", "Next, to create what is missing"),
    example(V::InNeither, new_row_and_strangers, "not created", "First make sure that what is missing is not among those"),
    example(V::Unknown, notes_hidden, "without its reference", "look in Concord for the person"),
    example(V::Unknown, unmarked, "without a mark its request cannot be told", "look in Concord for the person"),
    example(V::Unknown, of_another_entry, "another entry has the same request", "find out there whose it is"),
    example(V::Unknown, being_sent, "a run is sending it", "compare again later"),
    example(V::Unknown, under_way, "run 1 is sending it", "compare again when it has ended"),
    example(V::Unknown, created_meanwhile, "created while this was compared", "compare again later"),
    example(V::Unknown, accepted, "the server accepted it", "compare again later"),
    example(V::Unknown, omitted, "the list does not show request", "may read all requests"),
    example(V::Duplicate, repeated, "repeats line 2", AGREE),
    example(V::Duplicate, repeated_elsewhere, "repeats line 2 of input 1", AGREE),
    example(V::Invalid, invalid, "cannot be sent as it is", "before the input is corrected"),
    example(V::Invalid, invalid_now, "Concord has a request with this key", "compare it with the row"),
    example(V::Invalid, of_another_person, "Concord has another person's request with this key", "before the input is corrected"),
    example(V::InBoth, corrected, "cannot be sent as it is, but its request was created", AGREE),
    example(V::Stranger, stranger, "neither inputs nor ledger knew", "to learn which they are"),
    example(V::OfAnotherInput, of_another_input, "from another input", AGREE),
];

const fn example(
    verdict: Verdict,
    story: fn() -> Compared,
    found: &'static str,
    wanted: &'static str,
) -> Example {
    Example {
        verdict,
        story,
        found,
        wanted,
    }
}

impl Compared {
    fn of(import: &Import) -> Self {
        Self::by(import, &["reconcile", "t.csv"], OUT)
    }

    /// With a ledger that knows nothing.
    fn of_lost(import: &Import) -> Self {
        let args = ["reconcile", "t.csv", "--ledger", "new.ledger"];
        Self::by(import, &args, OUT)
    }

    fn by(import: &Import, args: &[&str], out: &str) -> Self {
        let printed = import.printed(args);
        let file = import.place.path(&format!("{out}/reconcile.csv"));
        let mut reader = csv::Reader::from_path(file).expect("it is there");
        let lines = reader.deserialize().collect::<Result<_, _>>();
        Self {
            printed,
            lines: lines.expect("it can be read"),
        }
    }
}

fn ran(sandbox: &Sandbox) -> Import {
    let import = Import::into_sandbox(sandbox);
    import.run();
    import
}

fn agreeing() -> Compared {
    let sandbox = sandbox("");
    Compared::of(&ran(&sandbox))
}

fn differing() -> Compared {
    let sandbox = sandbox("");
    let import = ran(&sandbox);
    import.job_of("t.toml", |job| job.replace("Ticket {{", "Case {{"));
    Compared::of(&import)
}

/// In what Concord does not show.
fn changed() -> Compared {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    let rule = "userEmail = \"Email\"\n";
    import.job_of("t.toml", |job| {
        job.replace(rule, &format!("{rule}userId = \"Wish\"\n"))
            .replace("\"Erase\" =", "\"Erase\" = \"delete\", \"Delete\" =")
    });
    import.run();
    let rows = support::csv(3).replace("person2@example.com,Erase", "person2@example.com,Delete");
    import.rows(&rows);
    Compared::of(&import)
}

/// The second row alone, for which Concord answers with this id and lists that request.
fn listed(answered: Uuid, item: &Value) -> Import {
    let list = json!({ "items": [item], "total": 1 }).to_string();
    let body = json!({ "id": answered }).to_string();
    let server = Rough::listing("201 Created", &body, &list);
    let import = Import::into_server(&server.base_url);
    import.rows(&support::csv(2).replace("T-1,person1@example.com,Erase\n", ""));
    import.run();
    import.keep(server)
}

fn notes_of_second() -> String {
    let mark = ImportId::new(SANDBOX_PROJECT, "T-2").mark();
    format!("Ticket T-2 {mark}")
}

/// The row and its request.
fn changed_in_both() -> Compared {
    let id = Uuid::new_v4();
    let user = json!({ "email": "person2@example.com" });
    let notes = notes_of_second().replace("Ticket", "Case");
    let item =
        json!({ "id": id, "request": "delete", "notes": notes, "preverified": true, "user": user });
    let import = listed(id, &item);
    import.job_of("t.toml", |job| job.replace("Ticket {{", "Case {{"));
    Compared::of(&import)
}

/// Its mark is on another request than the one that was answered.
fn other_in_ledger() -> Compared {
    let item = json!({ "id": Uuid::new_v4(), "request": "delete", "notes": notes_of_second() });
    Compared::of(&listed(Uuid::new_v4(), &item))
}

fn lost_ledger() -> Compared {
    let sandbox = sandbox("");
    let import = ran(&sandbox);
    Compared::of_lost(&import)
}

/// A list of nothing.
fn vanished() -> Compared {
    let body = json!({ "id": Uuid::new_v4() }).to_string();
    let server = Rough::listing("201 Created", &body, r#"{"items":[],"total":0}"#);
    let import = Import::into_server(&server.base_url);
    import.run();
    Compared::of(&import)
}

/// By two ledgers that do not know of each other.
fn twice() -> Compared {
    let sandbox = sandbox("");
    let import = ran(&sandbox);
    import.run_beside();
    Compared::of(&import)
}

fn new_row() -> Compared {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.rows(&support::csv(1));
    import.run();
    import.rows(&support::csv(2));
    Compared::of(&import)
}

/// With another key it may be one of those that Concord holds.
fn new_row_and_strangers() -> Compared {
    let sandbox = sandbox("");
    let import = ran(&sandbox);
    import.rows(&support::csv(3).replace("T-2,", "U-2,"));
    Compared::of_lost(&import)
}

/// It was in doubt: nobody could look.
fn lost_answer() -> Compared {
    let sandbox = withholding("ok,502,ok");
    let import = ran(&sandbox);
    sandbox.set_read_script(Script::default());
    Compared::of(&import)
}

/// It was accepted, the list was refused, and it was never created.
fn accepted() -> Compared {
    let sandbox = withholding("ok,202,ok");
    let import = ran(&sandbox);
    sandbox.set_read_script(Script::default());
    Compared::of(&import)
}

/// It was in doubt, and the list shows none of the created requests.
fn omitted() -> Compared {
    let sandbox = server(|config| {
        config.faults.script = "ok,502,ok".parse().expect("a script");
        config.listing.omits = Omits::All;
    });
    Compared::of(&ran(&sandbox))
}

/// It was in doubt, and the list shows the created requests without their notes.
fn notes_hidden() -> Compared {
    let sandbox = server(|config| {
        config.faults.script = "ok,502,ok".parse().expect("a script");
        config.listing.omits = Omits::Notes;
    });
    Compared::of(&ran(&sandbox))
}

fn unmarked() -> Compared {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.job(NO_MARK);
    Compared::of(&import)
}

/// Somebody has put the marks of two entries into one request.
fn of_another_entry() -> Compared {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    let mark = |key| ImportId::new(SANDBOX_PROJECT, key).mark();
    let notes = format!("Ticket T-1 {} {}", mark("T-1"), mark("T-2"));
    let body = json!({ "request": "delete", "userEmail": "person1@example.com", "notes": notes, "preverified": true });
    drop(rustls::crypto::ring::default_provider().install_default());
    let sent = reqwest::Client::new()
        .post(import.requests_url())
        .header("x-api-key", SANDBOX_API_KEY)
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = runtime().block_on(sent.send()).expect("an answer");
    assert_eq!(answer.status(), 201);
    Compared::of(&import)
}

/// Not created, and a run waits for the answer.
fn being_sent() -> Compared {
    let sandbox = sandbox("ok,hang");
    let import = Import::into_sandbox(&sandbox);
    let _run = import.under_way(&sandbox);
    Compared::of(&import)
}

/// Created, and a run waits for the answer.
fn under_way() -> Compared {
    let sandbox = sandbox("ok,create-then-hang");
    let import = Import::into_sandbox(&sandbox);
    let _run = import.under_way(&sandbox);
    Compared::of(&import)
}

/// Between the second reading and what it shows, a run creates all.
fn created_meanwhile() -> Compared {
    let import = Arc::new(OnceLock::<Import>::new());
    let (within, readings) = (Arc::clone(&import), Arc::new(AtomicU32::new(0)));
    let server = Rough::new(move |head, _| {
        if head.starts_with("POST") {
            return created(Uuid::new_v4());
        }
        if head.contains("/compliance-requests?") && readings.fetch_add(1, Ordering::SeqCst) == 1 {
            tokio::task::block_in_place(|| within.get().expect("it is there").run());
        }
        http("200 OK", r#"{"items":[],"total":0}"#).into()
    });
    Compared::of(import.get_or_init(|| Import::into_server(&server.base_url)))
}

fn repeated() -> Compared {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.rows(&support::csv(2).replace("T-2,person2@", "T-1,person1@"));
    import.run();
    Compared::of(&import)
}

fn repeated_elsewhere() -> Compared {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.rows(&support::csv(2));
    let other = support::csv(2).replace("T-1,person1@", "U-1,person3@");
    let other = other.replace("T-2,person2@", "T-1,person1@");
    fs::write(import.place.path("u.csv"), other).expect("written");
    let both = ["t.csv", "u.csv", "--job", "t.toml"];
    import.call(&[&["run", "--yes"], &both[..]].concat());
    Compared::by(
        &import,
        &[&["reconcile"], &both[..]].concat(),
        "concord-import-out/u",
    )
}

fn invalid() -> Compared {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.rows(&support::csv(2).replace("person2@example.com", "nobody"));
    import.run();
    Compared::of(&import)
}

fn invalid_now() -> Compared {
    let sandbox = sandbox("");
    let import = ran(&sandbox);
    import.rows(&support::csv(3).replace("person2@example.com", "nobody"));
    Compared::of(&import)
}

/// The ledger is lost, and the row is of another person now.
fn of_another_person() -> Compared {
    let sandbox = sandbox("");
    let import = ran(&sandbox);
    import.rows(&support::csv(3).replace("person2@", "person22@"));
    Compared::of_lost(&import)
}

/// The second row is not valid, and was imported from a corrected copy.
fn corrected() -> Compared {
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    let rows = support::csv(3);
    import.rows(&rows.replace("person2@example.com,Erase", "person2@example.com,Eras"));
    import.run();
    let rejects = import.place.read(&format!("{OUT}/rejects.csv"));
    import.run_corrected(&rejects.replace(",Eras,", ",Erase,"));
    Compared::of(&import)
}

fn stranger() -> Compared {
    let sandbox = sandbox("");
    let import = ran(&sandbox);
    import.rows(&support::csv(1));
    Compared::of_lost(&import)
}

fn of_another_input() -> Compared {
    let sandbox = sandbox("");
    let import = ran(&sandbox);
    import.rows(&support::csv(1));
    Compared::of(&import)
}

impl Example {
    /// How it is told, which is asserted to be everything there is to say.
    fn read_aloud(&self) -> String {
        let Self {
            verdict,
            story,
            found,
            wanted,
        } = self;
        let Compared { printed, lines } = story();
        let name = verdict.name();
        // The last of them: examples are made in the second row, or in what is no row.
        let told = lines.iter().rfind(|line| {
            line.verdict == name && (line.row == Some(2) || line.row.is_none() || lines.len() == 1)
        });
        let Some(told) = told else {
            panic!("{name}: `{found}`: {lines:?} {printed}")
        };
        let Told {
            row,
            line,
            key,
            import_id,
            differences,
            remark,
            ..
        } = told;
        let mut text = match (row, line) {
            (Some(row), Some(line)) => format!("row {row}, line {line}, key `{key}`"),
            _ => format!("mark {import_id}"),
        };
        for (label, value) in [("differences", differences), ("remark", remark)] {
            if !value.is_empty() {
                write!(text, "; {label}: {value}").expect("into a text");
            }
        }
        let text = format!("{text}\n{}", printed.trim());
        let text = without_ids(&text);
        assert_nobody_is_shown(name, &text);
        let is_told = |part: &str| text.replace('\n', " ").contains(part);
        assert!(is_told(found), "{name}: `{found}` is not told: {text}");
        assert!(is_told(wanted), "{name}: `{wanted}` is not told: {text}");
        format!("## {name}\n{text}\n\n")
    }
}

/// All of them.
pub(super) fn read_aloud() -> String {
    for verdict in Verdict::ALL {
        let is_shown = EXAMPLES.iter().any(|example| example.verdict == verdict);
        assert!(is_shown, "no example of {verdict:?}");
    }
    let chapter: String = EXAMPLES.iter().map(Example::read_aloud).collect();
    for remark in remarks() {
        let remark = without_ids(&remark);
        // Alone, or behind others.
        let is_told = [": ", "; "]
            .iter()
            .any(|before| chapter.contains(&format!("{before}{remark}\n")));
        assert!(is_told, "no example of `{remark}`");
    }
    chapter
}
