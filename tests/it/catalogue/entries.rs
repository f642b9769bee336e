//! What becomes of entries: an example of each code that a result can have, of a real import against a server that misbehaves.
//!
//! Each says where (row and key), what was found, and with its next step what would be right; `report.html` tells it likewise.

mod stories;

use std::collections::BTreeSet;

use concord_import::internals::cli::catalogue::{ambiguities, entry_codes, of_entry};

use super::given::{assert_nobody_is_shown, without_ids};
use super::imports::{Import, OUT, sandbox};
use crate::support::ResultRow;

/// What became of the second of three rows.
struct Example {
    code: &'static str,
    outcome: &'static str,
    story: Story,
    /// In its `error`, what was found.
    found: &'static str,
    /// In the next step, what would be right.
    wanted: &'static str,
}

enum Story {
    /// The sandbox answers it with this fault.
    Fault(&'static str),
    /// A server answers it with this status and body.
    Answer(&'static str, &'static str),
    /// It is answered 502, and this is the list of requests.
    List(&'static str),
    /// More than that.
    Told(fn() -> Played),
    /// It ends the run: no entry has the code, but attempts on the page.
    Ends(fn() -> Played),
    /// So does this status.
    Stops(&'static str),
}

use Story::{Answer, Ends, Fault, List, Stops, Told};

#[rustfmt::skip]
const EXAMPLES: &[Example] = &[
    example("http_400", "rejected", Answer("400 Bad Request", r#"{"message":"\"domain\" must be one of the organization's"}"#), "\"domain\"", "correct what the message names"),
    example("http_422", "rejected", Answer("422 Unprocessable Content", r#"{"message":"the notes cannot be stored"}"#), "the notes", "correct what the message names"),
    example("http_413", "rejected", Answer("413 Content Too Large", ""), "413", "correct the row"),
    example("http_403", "rejected", Answer("403 Forbidden", ""), "403", "looks like code in its text"),
    example("http_401", "not_sent", Ends(stories::key_refused), "does not accept the API key (401)", "CONCORD_API_KEY"),
    example("http_404", "not_sent", Ends(stories::project_unknown), "does not know the organization or project (404)", "project"),
    example("http_403", "not_sent", Ends(stories::key_forbidden), "create requests in the project (403)", "role Limited"),
    example("http_301", "not_sent", Stops("301 Moved Permanently"), "answered 301, which Concord does not", "base URL"),
    example("http_405", "not_sent", Stops("405 Method Not Allowed"), "answered 405, which Concord does not", "base URL"),
    example("http_407", "not_sent", Stops("407 Proxy Authentication Required"), "answered 407, which Concord does not", "HTTPS_PROXY"),
    example("http_415", "not_sent", Stops("415 Unsupported Media Type"), "answered 415, which Concord does not", "base URL"),
    example("http_402", "not_sent", Stops("402 Payment Required"), "payment before", "account"),
    example("http_406", "not_sent", Stops("406 Not Acceptable"), "answered 406", "base URL"),
    example("http_410", "not_sent", Stops("410 Gone"), "answered 410", "base URL"),
    example("http_411", "not_sent", Stops("411 Length Required"), "answered 411", "base URL"),
    example("http_414", "not_sent", Stops("414 URI Too Long"), "answered 414", "base URL"),
    example("http_417", "not_sent", Stops("417 Expectation Failed"), "answered 417", "base URL"),
    example("http_426", "not_sent", Stops("426 Upgrade Required"), "protocol version (426)", "base URL"),
    example("http_428", "not_sent", Stops("428 Precondition Required"), "condition", "base URL"),
    example("http_431", "not_sent", Stops("431 Request Header Fields Too Large"), "headers are too large", "--api-key-file"),
    example("http_451", "not_sent", Stops("451 Unavailable For Legal Reasons"), "legal reasons", "support"),
    example("no_connection", "not_sent", Ends(stories::no_connection), "no connection", "network"),
    example("no_connection", "not_sent", Ends(stories::no_connection_made), "not made within 500ms", "network"),
    example("http_429", "not_sent", Ends(stories::always_busy), "keeps asking to be left alone", "lower --rate"),
    example("http_502", "in_doubt", Ends(stories::always_failing), "it answers 502", "same command again"),
    example("http_300", "in_doubt", Answer("300 Multiple Choices", ""), "300", "base URL"),
    example("http_302", "in_doubt", Answer("302 Found\r\nlocation: /login", ""), "302", "base URL"),
    example("http_303", "in_doubt", Answer("303 See Other\r\nlocation: /done", ""), "303", "base URL"),
    example("http_200", "in_doubt", Answer("200 OK\r\ncontent-type: text/html", "<html>Please sign in</html>"), "200", "sign in"),
    example("http_501", "in_doubt", Answer("501 Not Implemented", ""), "501", "base URL"),
    example("http_505", "in_doubt", Answer("505 HTTP Version Not Supported", ""), "505", "base URL"),
    example("http_511", "in_doubt", Answer("511 Network Authentication Required", ""), "511", "sign in"),
    example("http_408", "failed", Fault("408"), "Request Timeout", "same command again"),
    example("http_421", "failed", Fault("421"), "Misdirected", "same command again"),
    example("http_425", "failed", Fault("425"), "Too Early", "same command again"),
    example("http_429", "failed", Answer("429 Too Many Requests", ""), "429", "lower --rate"),
    example("http_500", "failed", Fault("500"), "Internal Server Error", "same command again"),
    example("http_502", "failed", Fault("502:html"), "502 with a web page", "same command again"),
    example("http_502", "failed", Fault("502:empty"), "502 without a message", "same command again"),
    example("http_503", "failed", Answer("503 Service Unavailable\r\nretry-after: 0", ""), "503", "when the server is back"),
    example("http_504", "failed", Fault("504"), "Gateway Timeout", "same command again"),
    example("http_507", "failed", Fault("507"), "Insufficient Storage", "same command again"),
    example("http_202", "in_doubt", Told(stories::accepted), "not found in Concord since, and not sent again", "looked up again and not sent"),
    example("http_204", "in_doubt", Told(stories::accepted_otherwise), "answered 204", "compare the base URL"),
    example("http_409", "rejected", Fault("409"), "Conflict", "look in Concord"),
    example("timeout", "failed", Told(stories::timeout), "no answer within", "--timeout"),
    example("connection_broken", "failed", Fault("drop"), "connection", "same command again"),
    example("unreadable_201", "failed", Answer("201 Created", "it is done"), "not JSON", "same command again"),
    example("unreadable_201", "failed", Answer("201 Created", "{}"), "no `id` that is a UUID", "same command again"),
    example("unreadable_201", "failed", Answer("201 Created", r#"{"id":"0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b09","request":"view"}"#), "another request than the one sent", "same command again"),
    example("unreadable_201", "failed", Answer("201 Created", "<html>It is done</html>"), "was a web page", "same command again"),
    example("unreadable_201", "failed", Answer("201 Created\r\ncontent-encoding: br", "{}"), "cannot be read (br)", "same command again"),
    example("http_400", "rejected", Answer("400 Bad Request\r\ncontent-type: application/problem+json", r#"{"title":"Not valid","errors":[{"field":"domain","detail":"is unknown"}]}"#), "domain: is unknown", "correct what the message names"),
    example("http_400", "rejected", Answer("400 Bad Request\r\ncontent-encoding: br", "{}"), "cannot be read (br)", "correct what the message names"),
    example("unreadable_201", "failed", Answer("201 Created", r#"{"id":"0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b09","id":"7f3d2f5e-8c1b-4a68-9b7e-2d4c6a8e0f13"}"#), "a name more than once", "same command again"),
    example("unreadable_201", "failed", Answer("201 Created", r#"{"id":"0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b09","user":{"email":"else@example.org"}}"#), "shows another person than the one sent", "same command again"),
    example("unreadable_201", "failed", Told(stories::id_of_another), "the `id` of another entry's request", "same command again"),
    example("unreadable_201", "failed", Told(stories::answer_large), "larger than 1,048,576 bytes", "same command again"),
    example("no_list", "in_doubt", Told(stories::no_list), "is not to be had (403)", "role Limited"),
    example("no_list", "in_doubt", Told(stories::cut_off), "the answer broke off", "role Limited"),
    example("no_list", "in_doubt", Told(stories::not_sent_again), "is not to be had (403)", "role Limited"),
    example("no_list", "in_doubt", Told(stories::sent_again), "(403); sent again: the server answered 400", "role Limited"),
    example("list_broken", "in_doubt", List(r#"{"items":"many"}"#), "cannot be read", "look in Concord"),
    example("list_broken", "in_doubt", List(r#"{"items":[],"total":5}"#), "ends before its `total`", "look in Concord"),
    example("list_broken", "in_doubt", List(r#"{"items":[{}],"total":1}"#), "without `id`", "look in Concord"),
    example("list_broken", "in_doubt", Told(stories::list_large), "larger than 16,777,216 bytes", "look in Concord"),
    example("list_omits", "in_doubt", List(NO_REQUESTS), "does not show request ", "may read all requests"),
    example("list_too_long", "in_doubt", List(r#"{"items":[{"id":"0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b09"}],"total":3000000}"#), "3,000,000 requests, more than the 200,000 that are read in one go", "`reconcile`"),
    example("lookup_failed", "in_doubt", List("<junk>"), "is not JSON", "`reconcile`"),
    example("lookup_failed", "in_doubt", Told(stories::list_busy), "the list of requests answered 503", "`reconcile`"),
    example("lookup_failed", "in_doubt", Told(stories::list_dropped), "the connection broke", "`reconcile`"),
    example("lookup_failed", "in_doubt", Told(stories::list_late), "no answer within", "`reconcile`"),
    example("lookup_failed", "in_doubt", Told(stories::list_unsteady), "changes faster than it can be read", "`reconcile`"),
    example("held", "in_doubt", Told(stories::held), "in_doubt = \"hold\"", "look-up"),
    example("ambiguous", "in_doubt", Told(stories::ambiguous), "2 requests in Concord may be it", "look in Concord"),
    example("ambiguous", "in_doubt", Told(stories::ambiguous_many), "more than 8 requests", "look in Concord"),
    example("ambiguous", "in_doubt", Told(stories::ambiguous_alike), "1 request in Concord may be it (1 that cannot be told apart from it)", "look in Concord"),
    example("ambiguous", "in_doubt", Told(stories::ambiguous_shared), "or that of another row", "look in Concord"),
    example("ambiguous", "in_doubt", Told(stories::ambiguous_taken), "belongs to another entry", "look in Concord"),
    example("ambiguous", "in_doubt", Told(stories::ambiguous_of_stranger), "is of another person", "look in Concord"),
    example("ambiguous", "in_doubt", Told(stories::ambiguous_belied), "is another entry's", "look in Concord"),
    example("changed_in_doubt", "in_doubt", Told(stories::changed_in_doubt), "its content has changed since", "put back"),
    example("claimed", "in_doubt", Told(stories::claimed), "run 1 has claimed it", "if that run is under way"),
    example("not_found", "failed", Told(stories::not_found), "in neither of two readings", "sent once more"),
    example("created_twice", "created", Told(stories::created_twice), "more than once: ", "resolve all but one"),
    example("echo_differs", "created", Answer("201 Created", r#"{"id":"0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b09","preverified":false}"#), "`preverified` otherwise", "look in Concord"),
    example("corrected", "created", Told(stories::corrected), "an earlier run created its request", "correct the row in the source too"),
    example("corrected_already", "invalid", Told(stories::corrected_already), "under another key `T-2`: ", "clear its cell `import_problem`"),
    example("changed", "created", Told(stories::changed), "not what was sent under the same key", "change it in Concord"),
    example("changed", "duplicate", Told(stories::changed_within), "line 2, with other content", "`key`"),
    example("duplicate", "duplicate", Told(stories::duplicate), "repeats the key of line 2", "`key`"),
];

const fn example(
    code: &'static str,
    outcome: &'static str,
    story: Story,
    found: &'static str,
    wanted: &'static str,
) -> Example {
    Example {
        code,
        outcome,
        story,
        found,
        wanted,
    }
}

/// An example that was played.
struct Played {
    row: ResultRow,
    /// `report.html`
    page: String,
    /// By the run.
    told: String,
}

impl Played {
    fn of(import: &Import, told: String, out: &str) -> Self {
        Self {
            row: import.second(out),
            page: import.place.read(&format!("{out}/report.html")),
            told,
        }
    }

    fn run(import: &Import) -> Self {
        let told = import.run();
        Self::of(import, told, OUT)
    }
}

/// A list of requests in which there are none.
const NO_REQUESTS: &str = r#"{"items":[],"total":0}"#;

impl Story {
    fn play(&self) -> Played {
        match self {
            Fault(fault) => {
                let sandbox = sandbox(&format!("ok,{fault},ok"));
                Played::run(&Import::into_sandbox(&sandbox))
            }
            Answer(status, body) => stories::created_but(status, body),
            List(list) => stories::answered("502 Bad Gateway", "", list),
            Stops(status) => stories::created_but(status, ""),
            Told(story) | Ends(story) => story(),
        }
    }
}

impl Example {
    /// How it is told, which is asserted to be everything there is to say.
    fn read_aloud(&self) -> String {
        let Self {
            code,
            outcome,
            found,
            wanted,
            ..
        } = self;
        let Played { row, page, told } = self.story.play();
        assert_eq!(row.outcome, *outcome, "{code}: {row:?}: {told}");
        let [_, meaning, next] = of_entry(code);
        let said = if let Ends(_) | Stops(_) = self.story {
            // No entry has it; the page has, where it tells of attempts.
            assert!(
                page.contains(&format!("<code>{code}</code>")) && page.contains(meaning),
                "{code}: the page does not tell it"
            );
            why_stopped(&told).to_owned()
        } else {
            assert_eq!(row.error_code, *code, "{row:?}: {told}");
            let ResultRow {
                row,
                line,
                key,
                error,
                ..
            } = row;
            assert_nobody_is_shown(code, &without_ids(&error));
            format!("row {row}, line {line}, key `{key}`: {error}")
        };
        assert!(
            said.contains(found),
            "{code}: `{found}` is not told: {said}"
        );
        assert!(
            next.contains(wanted),
            "{code}: `{wanted}` is not told: {next}"
        );
        // What is created or repeats a row is told there in a line, not as what remains.
        if matches!(*outcome, "rejected" | "failed" | "in_doubt") {
            assert!(
                text_of(&page).contains(next),
                "{code}: the page has not `{next}`"
            );
        }
        for text in [meaning, next] {
            let is_sentence = !text.ends_with(['.', '!', ' ']) && !text.contains("  ");
            assert!(is_sentence, "{code}: `{text}`");
        }
        format!("## {code}: {outcome}\n{said}\nmeaning: {meaning}\nnext step: {next}\n\n")
    }
}

/// What a run that was stopped says of it.
fn why_stopped(told: &str) -> &str {
    let begin = told.find("Stopped: ");
    let begin = begin.unwrap_or_else(|| panic!("it was not stopped: {told}"));
    let end = told[begin..]
        .find("\n\n")
        .map_or(told.len(), |end| begin + end);
    &told[begin..end]
}

/// A page as it is read; code stands in backticks.
fn text_of(page: &str) -> String {
    page.replace("<code>", "`")
        .replace("</code>", "`")
        .replace("&quot;", "\"")
}

/// All of them, as results and page tell them.
pub(super) fn read_aloud() -> String {
    let explained: BTreeSet<_> = EXAMPLES
        .iter()
        .map(|example| of_entry(example.code)[0])
        .collect();
    let missing: Vec<_> = entry_codes()
        .filter(|code| !explained.contains(code))
        .collect();
    assert!(missing.is_empty(), "no example of {missing:?}");
    let chapter: String = EXAMPLES.iter().map(Example::read_aloud).collect();
    let untold: Vec<_> = ambiguities()
        .into_iter()
        .filter(|text| !chapter.contains(text))
        .collect();
    // It takes a million rows to be in that doubt.
    assert!(
        matches!(&untold[..], [one] if one.ends_with("has made more than 1,048,576")),
        "no example of {untold:?}"
    );
    let rejected = stories::rejected_in_part();
    for part in ["http_400", "`view` is created already", "creates it again"] {
        assert!(rejected.contains(part), "`{part}` is not told: {rejected}");
    }
    let [_, meaning, next] = of_entry("of_another_version");
    format!(
        "{chapter}## ambiguous: in_doubt, after a million rows\n{}\n\n\
         ## a rejected row of which a part is created\n{rejected}\n\n\
         ## a code that another version has written\nmeaning: {meaning}\nnext step: {next}\n\n",
        untold[0]
    )
}
