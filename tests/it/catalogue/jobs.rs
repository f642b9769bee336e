//! What can be wrong in a job file.

use concord_import::internals::cli::job::{self, Fault};

/// A job file with faults.
struct Wrong {
    title: &'static str,
    /// Whether the lines stand below a job file that is right.
    is_added: bool,
    text: &'static str,
}

const fn whole(title: &'static str, text: &'static str) -> Wrong {
    Wrong {
        title,
        is_added: false,
        text,
    }
}

const fn added(title: &'static str, text: &'static str) -> Wrong {
    Wrong {
        title,
        is_added: true,
        text,
    }
}

const WRONG: &[Wrong] = &[
    whole("an empty file", ""),
    whole(
        "no preverified",
        "[fields]\nrequest = \"Type\"\nuserEmail = \"Email\"\n",
    ),
    whole("nothing needed is there", "[fields]\nnotes = \"Text\"\n"),
    whole(
        "unknown names",
        r#"
rate = 5
[feilds]
x = 1
[colours]
[fields]
request = { colum = "Type", column = "Type" }
email = "Email"
userMail = "Email"
favourite = "Colour"
preverified = { value = true }
[send]
retries = 3
max_attemps = 3
key = ["Ticket ID"]
"#,
    ),
    added(
        "names out of place",
        "[input]\nuserEmail = \"Email\"\nrate = 5\n",
    ),
    whole(
        "syntax",
        "[fields]\nrequest = Type\nuserEmail = \"Email\nnotes = \"x\"\nnotes = \"y\"\n[send\nrate = 10\n",
    ),
    whole("typographic quotes", "[fields]\nuserEmail = “Email”\n"),
    whole(
        "a quote that is missing",
        "[fields]\nuserEmail = \"Email\nnotes = \"x\"\n",
    ),
    whole(
        "a name that stands twice",
        "[fields]\nnotes = \"x\"\nnotes = \"y\"\n",
    ),
    whole("a bracket that is missing", "[fields\nnotes = \"x\"\n"),
    added(
        "columns, escapes, encodings and dates",
        "[input]\ncolumns = []\nescape = \"ab\"\nencoding = \"x\"\nreceived = 5\n[send]\nsettle = \"11m\"",
    ),
    whole(
        "texts of the wrong kind",
        "[fields]\nrequest = \"Type\"\nuserEmail = \"Email\"\nconcordId = { value = 5 }\nnotes = { template = \"\" }\npreverified = { value = true }\n",
    ),
    added(
        "an api key",
        "[target]\napi_key = \"hunter2-hunter2\"\n[send]\nX-API-Key = \"hunter2-hunter2\"",
    ),
    whole(
        "an api key in a file that is no toml",
        "apikey = \"hunter2\"\n[fields\n",
    ),
    whole(
        "request words",
        r#"[fields]
request = { column = "Type", values = { "Opt out" = "?", Erasure = "erase", Access = "views", Both = ["view", "view"], Some = ["view", "skip"], Perhaps = ["view", "?"], None = [], One = 1, "delete" = "delete", " DELETE " = "view", "" = "view" } }
userEmail = "Email"
preverified = { value = true }
"#,
    ),
    whole(
        "request given once for all",
        "[fields]\nrequest = { value = \"skip\" }\nuserEmail = \"Email\"\npreverified = { value = true }\n",
    ),
    whole(
        "preverified of the wrong kind",
        "[fields]\nrequest = \"Type\"\nuserEmail = \"Email\"\npreverified = { value = \"true\" }\n",
    ),
    whole(
        "preverified bare",
        "[fields]\nrequest = \"Type\"\nuserEmail = \"Email\"\npreverified = true\n",
    ),
    whole(
        "sources that do not fit together",
        r#"[fields]
request = { template = "{{ Type }}" }
userEmail = { column = "Email", value = "a@example.com" }
userFirstName = { template = "{{ Name }}", part = "first" }
userLastName = { column = "Name", part = "middle" }
userPhoneNumber = { default = "+44" }
userId = { value = "?" }
notes = { template = "x", values = { a = "b" }, default = "c" }
domain = { column = "Domain", part = "first" }
requestDetails = { columns = ["Subject", "Subject", ""] }
captureUrl = 5
projectUserId = { value = 5 }
concordId = { value = "42" }
preverified = { value = true }
"#,
    ),
    added(
        "targets",
        r#"[target]
organization = "acme"
project = 5
base_url = "http://api.concord.tech/privacy-v1""#,
    ),
    added(
        "a password in the base url",
        "[target]\nbase_url = \"https://bob:hunter2@api.concord.tech\"",
    ),
    added(
        "input",
        r#"[input]
key = "Ticket ID"
region = "UK"
where = { column = "Category", in = ["Privacy"] }
format = "docx"
encoding = "windws-1252"
delimiter = "tab"
quote = ""
header_row = 0
sheet = 1
date_order = "dmy""#,
    ),
    added(
        "input of json",
        "[input]\nformat = \"json\"\ndelimiter = \";\"\nrecords = 7",
    ),
    added(
        "input of csv with records",
        "[input]\nformat = \"csv\"\nrecords = \"tickets\"",
    ),
    added(
        "input of json lines",
        "[input]\nformat = \"jsonl\"\ndelimiter = \";\"\nheader_row = 3",
    ),
    added(
        "filters",
        "[input]\nregion = \"GBR\"\ndelimiter = \";\"\nquote = \";\"\nformat = \"tsv\"\nwhere = [{ column = \"Category\" }, { colum = \"A\", in = [] }]",
    ),
    added(
        "send",
        r#"[send]
mark = "domain"
in_doubt = "lookup"
rate = 0
concurrency = 5000
max_attempts = 1.5
initial_backoff = "10s"
max_backoff = "5s"
settle = 5
timeout = "1h"
give_up_after = "soon""#,
    ),
    whole(
        "a section that is no table",
        "fields = \"Email\"\nsend = 5\n",
    ),
    whole(
        "fields that say nothing",
        r#"[fields]
request = { column = "Type", default = "?" }
userEmail = "  "
userFirstName = { column = "Name", part = "first", values = { a = "b" } }
userId = { column = "Id", values = {} }
notes = { column = 5 }
preverified = { column = "Checked?", values = { yes = 5 } }
"#,
    ),
    added(
        "numbers and headers",
        r#"[input]
columns = ["A"]
header_row = 1
header_rows = 99
set_aside = "no"
delimiter = 5
[send]
rate = "ten"
max_attempts = 99999999999999999999"#,
    ),
];

/// All of them, each with its faults.
pub(super) fn read_aloud() -> String {
    let mut chapter = String::new();
    for Wrong {
        title,
        is_added,
        text,
    } in WRONG
    {
        let above = if *is_added { job::MINIMAL } else { "" };
        let found = job::parse("job.toml", &format!("{above}\n{text}")).expect_err("wrong");
        for fault in &found.faults {
            assert_well_formed(title, fault);
        }
        chapter += &format!("## {title}\n{found}\n\n");
    }
    chapter
}

fn assert_well_formed(title: &str, fault: &Fault) {
    let Fault {
        line,
        column,
        message,
        hint,
    } = fault;
    assert!(
        *line > 0 && *column > 0,
        "{title} does not say where: {message}"
    );
    assert!(
        !message.is_empty() && !message.ends_with(['.', '!', ' ']),
        "{title}: {message}"
    );
    assert!(
        message.contains('`') || message.contains("TOML"),
        "{title} does not say what was found: {message}"
    );
    // A range or a form that is named in the message is what would be right.
    let is_limit =
        message.contains("such as") || message.contains(" to ") && message.contains("must be");
    assert!(
        is_limit || hint.as_deref().is_some_and(|hint| !hint.is_empty()),
        "{title} does not say what would be right: {message}"
    );
}
