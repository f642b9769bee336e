//! What a person can type wrong, as the program answers it: what is wrong, what was found, where, and a next step; a name that is
//! nearly right is told the right one.

use std::fmt::Write;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use concord_import::internals::cli::catalogue::valued_options;
use concord_import::internals::plan::SANDBOX_API_KEY;

use crate::cli::{Place, code, server, stderr};

/// Something typed that is wrong, and what the answer has to name.
struct Mistake {
    title: &'static str,
    /// In the job file: a text, and what stands in its place.
    job: Option<(&'static str, &'static str)>,
    args: &'static str,
    stdin: &'static str,
    /// Each has to be said: what was found, and what would be right.
    said: &'static [&'static str],
}

/// What clap says of words that do not go together: usage above, and this.
const TRY_HELP: &str = "try '--help'";

const fn typed(title: &'static str, args: &'static str, said: &'static [&'static str]) -> Mistake {
    Mistake {
        title,
        job: None,
        args,
        stdin: "",
        said,
    }
}

/// A job file in which the first text is replaced by the second.
const fn job(
    title: &'static str,
    job: (&'static str, &'static str),
    said: &'static [&'static str],
) -> Mistake {
    Mistake {
        title,
        job: Some(job),
        args: "check samples/backlog.csv --job j.toml",
        stdin: "",
        said,
    }
}

const MISTAKES: &[Mistake] = &[
    // Names that are nearly right.
    typed("command", "chek a.csv", &["chek", "'check'"]),
    typed(
        "option",
        "run a.csv --concurency 3",
        &["--concurency", "'--concurrency'"],
    ),
    typed(
        "value of an option",
        "run a.csv --progress jsn",
        &["jsn", "'json'"],
    ),
    typed("shell", "completions zhs", &["'zhs'", "'zsh'"]),
    typed(
        "input",
        "check samples/backlg.csv",
        &["`samples/backlg.csv`", "`samples/backlog.csv`"],
    ),
    typed(
        "job file",
        "check samples/backlog.csv --job samples/bakclog.toml",
        &["`samples/bakclog.toml`", "`samples/backlog.toml`"],
    ),
    typed(
        "folder",
        "check smaples/backlog.csv",
        &[
            "`smaples/backlog.csv`",
            "no folder `smaples`",
            "`samples/backlog.csv`",
        ],
    ),
    typed("fault", "sandbox --fault hnag", &["`hnag`", "`hang`"]),
    typed(
        "odds",
        "sandbox --fault-odds 500=0.7 --fault-odds hang=0.7",
        &["--fault-odds", "1.4", "1 at most"],
    ),
    typed(
        "text filter",
        "sandbox --list-filter substrng",
        &["`substrng`", "`substring`"],
    ),
    job(
        "section",
        ("[input]", "[inptu]"),
        &["j.toml:14:2", "`[inptu]`", "`[input]`"],
    ),
    job("key", ("region ", "regoin "), &["`regoin`", "`region`"]),
    job(
        "field",
        ("userEmail ", "userEmial "),
        &["`userEmial`", "`userEmail`"],
    ),
    job(
        "column",
        ("= \"Email\"", "= \"Emial\""),
        &["`Emial` (fields.userEmail)", "`Email`"],
    ),
    job(
        "column of the key",
        ("[\"Ticket ID\"]", "[\"Tiket ID\"]"),
        &["`Tiket ID` (input.key)", "`Ticket ID`"],
    ),
    job(
        "column in a template",
        ("{{ Channel }}", "{{ Chanel }}"),
        &["`Chanel` (fields.notes)", "`Channel`"],
    ),
    job(
        "request",
        ("= \"delete\"", "= \"delet\""),
        &["`delet`", "`delete`"],
    ),
    job(
        "part of a name",
        ("part = \"first\"", "part = \"frist\""),
        &["`frist`", "`first`"],
    ),
    job(
        "region",
        ("region = \"GB\"", "region = \"UK\""),
        &["`UK`", "`GB`"],
    ),
    job(
        "format",
        ("[input]", "[input]\nformat = \"cvs\""),
        &["`cvs`", "`csv`"],
    ),
    job(
        "encoding",
        ("[input]", "[input]\nencoding = \"utf8x\""),
        &["`utf8x`", "`utf-8`"],
    ),
    job(
        "order of dates",
        ("[input]", "[input]\ndate_order = \"dym\""),
        &["`dym`", "`dmy`"],
    ),
    job(
        "mark",
        ("[input]", "[send]\nmark = \"note\"\n[input]"),
        &["`note`", "`notes`"],
    ),
    job(
        "doubt",
        ("[input]", "[send]\nin_doubt = \"lookup\"\n[input]"),
        &["`lookup`", "`look-up`"],
    ),
    Mistake {
        args: "check requests.ods --job j.toml",
        ..job(
            "sheet",
            ("[input]", "[input]\nsheet = \"Requets\""),
            &["`Requets`", "\"Requests\""],
        )
    },
    Mistake {
        args: "check - --job j.toml",
        stdin: "{\"tickets\": [{\"id\": 1}], \"count\": 1}",
        ..job(
            "array of rows",
            ("[input]", "[input]\nrecords = \"tikets\""),
            &["`tikets`", "\"tickets\""],
        )
    },
    // Values outside their limits.
    typed(
        "port",
        "sandbox --port 70000",
        &["--port", "0 to 65535", "is 70000"],
    ),
    typed(
        "workers",
        "sandbox --workers 0",
        &["--workers", "1 to 4294967295", "is 0"],
    ),
    typed(
        "number that is far too large",
        "run a.csv --concurrency 99999999999999999999999999999999999999999",
        &["--concurrency", "1 to 1024", "is 99999"],
    ),
    typed(
        "number below zero",
        "run a.csv --limit -1",
        &["--limit", "0 to 18446744073709551615", "is -1"],
    ),
    typed(
        "no value",
        "run a.csv --rate",
        &["--rate <N>", "none was supplied", TRY_HELP],
    ),
    typed(
        "option twice",
        "run a.csv --rate 1 --rate 2",
        &["--rate", "multiple times", TRY_HELP],
    ),
    typed(
        "value that is too much",
        "run a.csv --yes=1",
        &["'1'", "--yes", TRY_HELP],
    ),
    typed("no input", "run", &["<INPUT>", "not provided", TRY_HELP]),
    typed(
        "word too many",
        "sandbox 8080",
        &["'8080'", "unexpected", TRY_HELP],
    ),
    typed(
        "options that exclude each other",
        "run a.csv --dry-run --metrics-listen 9464",
        &["--dry-run", "--metrics-listen", TRY_HELP],
    ),
    typed(
        "option that needs another",
        "sandbox --service-time 20ms",
        &["--workers", "not provided", TRY_HELP],
    ),
    typed("rate", "run a.csv --rate 0", &["0.001 to 1000000", "is 0"]),
    typed(
        "number",
        "run a.csv --rate ten",
        &["--rate", "`ten`", "is not a number"],
    ),
    typed(
        "whole number",
        "run a.csv --concurrency 2.5",
        &["--concurrency", "`2.5`", "is not a whole number"],
    ),
    typed("duration", "run a.csv --timeout 30", &["`30`", "`30s`"]),
    typed(
        "duration out of its limits",
        "run a.csv --timeout 11m",
        &["--timeout", "1s to 10m", "is 11m"],
    ),
    typed(
        "address of metrics",
        "run a.csv --metrics-listen 0.0.0.0:1",
        &["`0.0.0.0:1`", "`127.0.0.1:9464`"],
    ),
    typed(
        "id",
        "run samples/backlog.csv --yes --organization abc",
        &["`abc`", "--organization", "project settings"],
    ),
    typed(
        "address without encryption",
        "run samples/backlog.csv --yes --base-url http://example.com",
        &["`example.com`", "https://api.concord.tech"],
    ),
    typed(
        "address that is none",
        "run samples/backlog.csv --yes --base-url api.concord.tech",
        &["--base-url", "is not a URL", "https://api.concord.tech"],
    ),
    typed(
        "scheme of an address",
        "run samples/backlog.csv --yes --base-url ftp://example.com",
        &["--base-url", "begins with ftp:", "https://api.concord.tech"],
    ),
    typed(
        "address with a password",
        "run samples/backlog.csv --yes --base-url https://a:b@example.com",
        &[
            "--base-url",
            "a user name or a password",
            "https://api.concord.tech",
        ],
    ),
    typed(
        "address with a fragment",
        "run samples/backlog.csv --yes --base-url https://example.com#x",
        &[
            "--base-url",
            "a fragment (`#…`)",
            "https://api.concord.tech",
        ],
    ),
    typed(
        "address with a query",
        "run samples/backlog.csv --yes --base-url https://example.com?x=1",
        &["--base-url", "a query (`?…`)", "https://api.concord.tech"],
    ),
    job(
        "kind of value",
        ("region = \"GB\"", "region = 44"),
        &["region", "string"],
    ),
    job(
        "syntax",
        ("[input]", "[input"),
        &["j.toml:14:7", "not valid TOML"],
    ),
    job(
        "choice that has no default",
        ("preverified = { value = true }", ""),
        &["preverified"],
    ),
    Mistake {
        args: "run samples/backlog.csv --job j.toml --sandbox --yes",
        ..job(
            "word to be decided",
            ("= \"delete\"", "= \"?\""),
            &["`Right to erasure`", "check"],
        )
    },
    Mistake {
        args: "run - --job j.toml --sandbox --yes",
        stdin: "Ticket ID,Name,Email,Phone,Request,Details,Received,Channel\n\
                T-1,A,a@example.com,,Access request,,01/02/2026,web\n",
        ..job(
            "order of dates that is to be decided",
            ("[input]", "[input]\nreceived = \"Received\""),
            &["column `Received`", "a person to decide", "date_order"],
        )
    },
    Mistake {
        stdin: ",,\n,,\n",
        ..typed(
            "input of which a job file has to say more",
            "map -",
            &[
                "line 1",
                "names no column",
                "a file with [input]",
                "map … --job FILE",
            ],
        )
    },
    // Inputs that are none.
    typed(
        "no job file",
        "check alone.csv",
        &["alone.toml", "--job FILE"],
    ),
    typed("folder as input", "check samples", &["`samples`", "folder"]),
    typed(
        "job file as input",
        "check samples/backlog.toml",
        &["`samples/backlog.toml`", "--job"],
    ),
    typed(
        "input twice",
        "check alone.csv alone.csv --job samples/backlog.toml",
        &["`alone.csv`", "once"],
    ),
    typed(
        "no text",
        "check junk.csv --job samples/backlog.toml",
        &["junk.csv", "NUL"],
    ),
    typed(
        "nothing in it",
        "check empty.csv --job samples/backlog.toml",
        &["empty.csv is empty", ".jsonl"],
    ),
    typed(
        "another table",
        "check alone.csv --job samples/backlog.toml",
        &["alone.csv", "`Ticket ID`"],
    ),
    typed(
        "output over input",
        "run samples/results.csv --job samples/backlog.toml --sandbox --yes --out samples",
        &["results.csv", "--out"],
    ),
    // Targets and ledgers.
    typed(
        "no key",
        "run samples/backlog.csv --yes",
        &["API key", "CONCORD_API_KEY", "--sandbox"],
    ),
    typed(
        "file of the key",
        "run samples/backlog.csv --yes --api-key-file kye",
        &["`kye`", "`key`"],
    ),
    typed(
        "two keys in a file",
        "run samples/backlog.csv --yes --api-key-file keys",
        &["in `keys`", "has more than one line", "copy it again"],
    ),
    typed(
        "a whole file as the key",
        "run samples/backlog.csv --yes --api-key-file long-key",
        &["in `long-key`", "is far too long", "copy it again"],
    ),
    typed(
        "a key that is none",
        "run samples/backlog.csv --yes --api-key-file odd-key",
        &["in `odd-key`", "no HTTP header may carry", "copy it again"],
    ),
    Mistake {
        args: "run samples/backlog.csv --job j.toml --yes --api-key-file key",
        ..job(
            "no target",
            ("organization = ", "# organization = "),
            &["organization", "[target]", "--organization UUID"],
        )
    },
    typed(
        "input that is nowhere",
        "check nowhere.csv --job samples/backlog.toml",
        &["`nowhere.csv`", "check the name"],
    ),
    typed(
        "job file that is nowhere",
        "check alone.csv --job nowhere.toml",
        &["`nowhere.toml`", "check the name"],
    ),
    typed(
        "nobody to ask",
        "run samples/backlog.csv",
        &["--yes", "check"],
    ),
    typed(
        "no ledger",
        "status --ledger nowhere",
        &["nowhere", "--ledger"],
    ),
    typed(
        "name of a ledger",
        "status --ledger other.legder",
        &["other.legder", "did you mean `other.ledger`"],
    ),
    typed(
        "no ledger at all",
        "status --ledger alone.csv",
        &["alone.csv", "not a ledger"],
    ),
    typed(
        "ledger of another project",
        "run samples/backlog.csv --yes --api-key-file key --ledger other.ledger",
        &["other.ledger", "belongs to project"],
    ),
    typed(
        "ledger on a server",
        "run samples/backlog.csv --yes --api-key-file key --ledger postgres://example.org/x",
        &["PostgreSQL", "--ledger PATH"],
    ),
    typed(
        "nowhere to listen",
        "run samples/backlog.csv --sandbox --metrics-file no/where.prom",
        &["no/where.prom"],
    ),
    typed(
        "job file that is there",
        "map samples/backlog.csv --output samples/backlog.toml",
        &["backlog.toml", "--force"],
    ),
    typed(
        "nobody to answer",
        "map samples/backlog.csv --interactive",
        &["--interactive", "terminal"],
    ),
];

fn place() -> Place {
    let place = Place::new();
    let book = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/workbooks/requests.ods"
    );
    fs::copy(book, place.path("requests.ods")).expect("copied");
    for (name, content) in [
        ("alone.csv", "Name,Wish\nA,Erase\n"),
        ("samples/results.csv", "Name,Wish\nA,Erase\n"),
        ("junk.csv", "a\0b\0c\0\n"),
        ("empty.csv", ""),
        ("key", SANDBOX_API_KEY),
        ("keys", "abc\ndef\n"),
        ("odd-key", "schlüssel"),
        ("long-key", &"x".repeat(100_000)),
    ] {
        fs::write(place.path(name), content).expect("written");
    }
    let server = server(|_| {});
    let args = place.live(1, &server);
    let ledger = ["--ledger", "other.ledger"].map(str::to_owned);
    assert_eq!(code(&place.finish(&[&args[..], &ledger].concat())), 0);
    place
}

/// All of them, each with its answer.
pub(super) fn read_aloud() -> String {
    let place = place();
    let sample = place.read("samples/backlog.toml");
    let mut chapter = String::new();
    for mistake in MISTAKES {
        let Mistake {
            title,
            job,
            args,
            stdin,
            said,
        } = mistake;
        if let Some((right, wrong)) = job {
            assert!(sample.contains(right), "{title}: the sample has no {right}");
            fs::write(place.path("j.toml"), sample.replacen(right, wrong, 1)).expect("written");
        }
        let args: Vec<_> = args.split(' ').collect();
        let mut command = place.command(&args);
        let mut child = command
            // What is taken for no mistake leads nowhere.
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        // Most end before they would read.
        drop(
            child
                .stdin
                .take()
                .expect("piped")
                .write_all(stdin.as_bytes()),
        );
        let output = child.wait_with_output().expect("it ends");
        let told = stderr(&output);
        assert_eq!(code(&output), 2, "{title}: {told}");
        assert_well_formed(title, &told, said);
        writeln!(
            chapter,
            "## {title}\n$ concord-import {}\n{}\n",
            args.join(" "),
            told.trim_end()
        )
        .expect("text");
    }
    chapter + &values_of_options(&place)
}

/// Every option whose value has a form, with a value that has not.
fn values_of_options(place: &Place) -> String {
    let mut chapter = String::new();
    for (option, command) in valued_options() {
        let option = format!("--{option}");
        let output = place.run(&[&command, &option, "zhs"]);
        let told = stderr(&output);
        assert_eq!(code(&output), 2, "{option}: {told}");
        let wanted = ["such as", "possible values", "is not one of", "write "];
        assert!(
            told.contains(&option)
                && told.contains("zhs")
                && wanted.iter().any(|word| told.contains(word)),
            "{option}: {told}"
        );
        writeln!(
            chapter,
            "## value of an option\n$ concord-import {command} {option} zhs\n{}\n",
            told.trim_end()
        )
        .expect("text");
    }
    chapter
}

fn assert_well_formed(title: &str, told: &str, said: &[&str]) {
    assert!(told.starts_with("error: "), "{title}: {told}");
    for word in said {
        assert!(told.contains(word), "{title} does not say {word}: {told}");
    }
    let has_step = [
        "hint: ",
        "tip: ",
        "did you mean",
        "must be",
        "such as",
        "write ",
    ]
    .iter()
    .any(|step| told.contains(step));
    let has_step = has_step || said.contains(&TRY_HELP);
    // A fault of a job file has it in a line of its own, below the fault.
    let mut lines = told.lines().skip_while(|line| !line.starts_with("j.toml:"));
    let has_step = has_step || lines.nth(1).is_some_and(|line| line.starts_with("    "));
    assert!(has_step, "{title} has no next step: {told}");
    let message = told.lines().next().unwrap_or_default();
    assert!(!message.ends_with('.'), "{title}: {message}");
    assert!(
        !told.contains("example.com ") && !told.contains("panicked"),
        "{title}: {told}"
    );
}
