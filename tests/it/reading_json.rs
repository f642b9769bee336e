//! JSON documents: which objects are the rows, what is refused with which line, and that nothing is dropped silently.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use concord_import::internals::intake::{Intake, Item, LINE_BYTES_MAX, RowReading, Seen, Shape};
use concord_import::internals::plan::{Format, ReadPlan};
use concord_import::internals::report::rejects::{RejectsWriter, file_name};
use proptest::prelude::*;

use crate::reading::{Pieces, error, open, plan, read, shown, told};

fn rows(text: &str) -> Vec<String> {
    rows_by(&plan(), text)
}

fn rows_by(plan: &ReadPlan, text: &str) -> Vec<String> {
    read(plan, text.as_bytes()).iter().map(told).collect()
}

/// Returns the error of reading a document to its end: line, column, message and hint.
fn refused_by(plan: &ReadPlan, text: &str) -> String {
    let result = open(plan, text.as_bytes()).and_then(|mut intake| {
        let mut seen = Seen::new();
        while !intake.next_batch(&mut seen, 7)?.is_empty() {}
        Ok(())
    });
    let error = result.expect_err(text);
    format!("{error} | {}", error.hint())
}

fn refused(text: &str) -> String {
    refused_by(&plan(), text)
}

fn records(key: &str) -> ReadPlan {
    let mut plan = plan();
    plan.reading.records = Some(key.to_owned());
    plan
}

fn said(format: Format) -> ReadPlan {
    let mut plan = plan();
    plan.reading.format = Some(format);
    plan
}

fn shape(text: &str) -> Shape {
    open(&plan(), text.as_bytes())
        .expect("it opens")
        .shape()
        .clone()
}

const ANN: &str = r#"{"Ticket":"T-1","Email":"ann@example.com","Wish":"view"}"#;
const BOB: &str = r#"{"Ticket":"T-2","Email":"bob@example.com","Wish":"delete"}"#;
const CAT: &str = r#"{"Ticket":"T-3","Email":"cat@example.com","Wish":"view"}"#;
const PRETTY: &str = "  {\n    \"Ticket\": \"T-2\",\n    \"Email\": \"bob@example.com\",\n    \"Wish\": \"delete\"\n  }";

#[test]
fn an_array_gives_its_objects_with_the_line_on_which_each_begins() {
    assert_eq!(
        rows(&format!("\u{feff}[{ANN},\r\n{PRETTY},{CAT}\r\n]\r\n")),
        ["1/1: T-1 view", "2/2: T-2 delete", "3/6: T-3 view"]
    );
    assert_eq!(
        rows(&format!("\n[{ANN}, {{}}, {BOB}]")),
        ["1/2: T-1 view", "2/2: ", "3/2: T-2 delete"]
    );
    assert_eq!(rows("[]"), [""; 0]);
    assert_eq!(rows(" [ \n ] "), [""; 0]);
    let shape = shape(&format!("[{ANN}]"));
    assert_eq!((shape.format, shape.records), (Format::Json, None));
    assert_eq!(shape.columns, ["Ticket", "Email", "Wish"]);
}

#[test]
fn an_array_under_a_key_is_found_wherever_it_stands_and_however_it_is_written() {
    for text in [
        format!("{{\"tickets\": [{ANN},\n{PRETTY}], \"count\": 2}}"),
        format!(
            "{{\"meta\":{{\"x\":[{{\"a\":\"]}}\\\"\"}}]}}, \"ids\":[1,[{{}}],\"{{\"],\"tickets\":[{ANN},\n{PRETTY}]}}"
        ),
    ] {
        assert_eq!(rows(&text), ["1/1: T-1 view", "2/2: T-2 delete"]);
        assert_eq!(shape(&text).records.as_deref(), Some("tickets"));
    }
    let minified = format!("{{\"count\":2,\"tickets\":[{ANN},{BOB}],\"next_page\":null}}");
    assert_eq!(rows(&minified), ["1/1: T-1 view", "2/1: T-2 delete"]);
    assert_eq!(
        rows(&format!(
            "{{\n\"count\": 3,\n\"tickets\":\n[\n{ANN}, 7,\n{BOB}\n]\n}}\n"
        )),
        ["1/5: T-1 view", "2/5: not_object@5", "3/6: T-2 delete"]
    );
    assert_eq!(
        rows_by(&records("tickets"), "{\"tickets\":[],\"count\":0}"),
        [""; 0]
    );
}

#[test]
fn which_array_holds_the_rows_is_asked_where_it_cannot_be_told() {
    let several = format!("{{\"users\":[{{\"id\":1}}],\"tickets\":[{ANN}]}}");
    for text in [several.clone(), several.replace("],", "],\n")] {
        let told = error(&plan(), text.as_bytes());
        assert!(
            told.contains("`users`, `tickets`") && told.contains("records = \"users\""),
            "{told}"
        );
        assert_eq!(rows_by(&records("tickets"), &text).len(), 1);
    }
    // Beyond what is looked at before the first row it breaks the reading off.
    let late = format!(
        "{{\"tickets\":[{}],\"users\":[{{\"id\":1}}]}}",
        vec![ANN; 40_000].join(",\n")
    );
    let mut intake = open(&plan(), late.as_bytes()).expect("its start is well");
    let mut seen = Seen::new();
    let broken = loop {
        match intake.next_batch(&mut seen, 10_000) {
            Ok(batch) => assert!(!batch.is_empty(), "it should break off"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(broken.contains("`tickets`, `users`"), "{broken}");
    assert_eq!(rows_by(&records("tickets"), &late).len(), 40_000);

    let missing = error(&records("ticket"), several.as_bytes());
    assert!(
        missing.contains("no array `ticket`") && missing.contains("`users`, `tickets`"),
        "{missing}"
    );
    let twice = format!("{{\"tickets\":[{ANN}],\n\"tickets\":[{BOB}]}}");
    assert!(error(&plan(), twice.as_bytes()).contains("several arrays"));
    assert!(error(&records("tickets"), twice.as_bytes()).contains("more than once"));
    let late_object = format!("{{\"tickets\":[null,{ANN}]\n}}");
    assert!(error(&plan(), late_object.as_bytes()).contains("`tickets`"));
    assert_eq!(
        rows_by(&records("tickets"), &late_object),
        ["1/1: not_object@1", "2/1: T-1 view"]
    );
}

#[test]
fn an_object_that_may_itself_be_the_row_is_not_passed_over() {
    let row = ANN.replace('}', ",\"comments\":[{\"Email\":\"other@example.com\"}]}");
    let told = error(&plan(), row.as_bytes());
    assert!(
        told.contains("both the key `Email`") && told.contains("format = \"jsonl\""),
        "{told}"
    );
    assert_eq!(rows_by(&said(Format::Jsonl), &row), ["1/1: T-1 view"]);
    // Two lines are JSON Lines, whatever they hold.
    assert_eq!(
        rows(&format!("{row}\n{BOB}\n")),
        ["1/1: T-1 view", "2/2: T-2 delete"]
    );
    assert_eq!(
        rows_by(&records("comments"), &format!("{row}\n{BOB}\n")).len(),
        2
    );
}

#[test]
fn a_single_object_is_one_row() {
    assert_eq!(rows(ANN), ["1/1: T-1 view"]);
    assert_eq!(shape(ANN).format, Format::Jsonl);
    assert_eq!(rows(PRETTY), ["1/1: T-2 delete"]);
    assert_eq!(shape(PRETTY).format, Format::Json);
}

#[test]
fn objects_over_several_lines_one_after_the_other_are_rows() {
    let sequence = format!("{PRETTY}\n{PRETTY}\n\n{ANN}{CAT}\n");
    assert_eq!(
        rows(&sequence),
        [
            "1/1: T-2 delete",
            "2/6: repeats row 1",
            "3/12: T-1 view",
            "4/12: T-3 view"
        ]
    );
    for (rest, says) in [
        ("stray\n{", "line 13, column 1: not JSON: found a letter"),
        (
            "{",
            "line 13, column 2: not JSON: found the end of the file",
        ),
        (",", "line 13, column 1: not JSON: found `,`"),
    ] {
        let told = refused(&format!("{sequence}{rest}"));
        assert!(told.contains(says), "{told}");
    }
}

#[test]
fn a_line_that_is_cut_off_leaves_json_lines_what_they_are() {
    let cut = &ANN[..30];
    assert_eq!(
        rows(&format!("{cut}\n{BOB}\n{CAT}\n")),
        ["1/1: not_json@1", "2/2: T-2 delete", "3/3: T-3 view"]
    );
    assert_eq!(
        rows(&format!("{{\"Ticket\":1,\n{BOB}\n{CAT}\n")),
        ["1/1: not_json@1", "2/2: T-2 delete", "3/3: T-3 view"]
    );
}

#[test]
fn json_lines_of_which_the_first_is_faulty_stay_json_lines() {
    for wrong in [
        "{\"Ticket\" 1}",
        "{Ticket:1}",
        "{\"Ticket\":NaN}",
        "{'Ticket':1}",
        "{\"a\":[{\"b\":1},}",
    ] {
        assert_eq!(
            rows(&format!("{wrong}\n{BOB}\n{CAT}\n")),
            ["1/1: not_json@1", "2/2: T-2 delete", "3/3: T-3 view"]
        );
    }
    // The lines of a document are objects at times, and no rows then.
    for wrong in [
        format!("{{'tickets': [\n{BOB}\n]}}"),
        format!("{{\"n\":NaN, \"tickets\": [\n{ANN},\n{BOB},\n{CAT}\n]}}"),
        format!("{{\"tickets\": [{{'id':1}},\n{BOB}]}}"),
    ] {
        assert!(refused(&wrong).contains("line 1, column "), "{wrong}");
    }
}

#[test]
fn an_element_that_is_json_and_no_row_is_a_problem_of_its_own() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for (wrong, says) in [
        (r#"{"Ticket":"T-9","Ticket":"T-8"}"#, "repeated_key@2"),
        (r#"{"Ticket":"T-9","x":{"y":1,"y":2}}"#, "repeated_key@2"),
        (r#""text""#, "not_object@2"),
        ("null", "not_object@2"),
        ("12", "not_object@2"),
        ("[{}]", "not_object@2"),
        (r#"{"Ticket":"half of a pair: \ud83d"}"#, "not_json@2"),
        (&deep, "not_json@2"),
    ] {
        let told = rows(&format!("[{ANN},\n{wrong},\n{BOB}]"));
        let wanted = [
            "1/1: T-1 view".to_owned(),
            format!("2/2: {says}"),
            "3/3: T-2 delete".to_owned(),
        ];
        assert_eq!(told, wanted, "{wrong}");
    }
    let damaged = [
        format!("[{ANN},\n{{\"Ticket\":\"T-9").as_bytes(),
        b"\xff\"},\n",
        format!("{BOB}]").as_bytes(),
    ]
    .concat();
    let told: Vec<_> = read(&plan(), &damaged).iter().map(told).collect();
    assert_eq!(
        told,
        ["1/1: T-1 view", "2/2: not_utf8@2", "3/3: T-2 delete"]
    );
}

fn assert_refused(documents: &[(String, &str)]) {
    let mut wrong = Vec::new();
    for (text, says) in documents {
        let told = refused(text);
        if !told.contains(says) {
            wrong.push(format!("{text}\n  {told}\n  {says}"));
        }
        assert!(!told.contains("example.com"), "{told}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_document_with_a_syntax_error_in_an_element_is_refused_with_the_place() {
    let element = |wrong: &str| format!("[{ANN},\n  {wrong},\n{BOB}]");
    assert_refused(&[
        // Within an element.
        (
            element("{\"a\":1 \"b\":2}"),
            "line 2, column 10: not JSON: found `\"`, expected a comma or the end of the object",
        ),
        (
            element("{\"a\":[1,2}"),
            "line 2, column 12: not JSON: found `}`, expected a comma or the end of the array",
        ),
        (
            element("{\"a\" 1}"),
            "line 2, column 8: not JSON: found a digit, expected a colon between name and value",
        ),
        (
            element("{\"a\":0010}"),
            "line 2, column 9: not JSON: found a digit, expected a number as JSON writes it",
        ),
        (
            element("{a:1}"),
            "line 2, column 4: not JSON: found a letter, expected a name in double quotes",
        ),
        (
            element("{\"é\":\"ü\",'a':1}"),
            "line 2, column 12: not JSON: found a single quote, expected a name in double quotes | write double quotes",
        ),
        (
            element("{\"a\":NaN}"),
            "line 2, column 8: not JSON: found `NaN`, expected a value: text in double quotes, a number, true, false, null",
        ),
        (
            element("None"),
            "line 2, column 3: not JSON: found `None`, expected a value",
        ),
        (element("{\"a\":-Infinity}"), "found `Infinity`"),
        (
            element("{} // c"),
            "line 2, column 6: not JSON: found a comment, expected a comma or the end of the array | remove the comments",
        ),
        (
            element("/* c */ {}"),
            "line 2, column 3: not JSON: found a comment",
        ),
        (
            element("{\"a\":\"b\tc\"}"),
            "line 2, column 10: not JSON: found a tab",
        ),
        (
            element("{\"a\":\"b\u{1}c\"}"),
            "line 2, column 10: not JSON: found the control character U+0001",
        ),
        (
            element("{\"a\":\"b\nc\"}"),
            "line 2, column 10: not JSON: found a line break",
        ),
        (
            element("{\"a\":\"b}"),
            "line 2, column 12: not JSON: found a line break",
        ),
        (
            element("{\"a\":\"\\x\"}"),
            "line 2, column 10: not JSON: found a letter, expected a known letter after",
        ),
        (
            element("{\"a\":1,}"),
            "line 2, column 10: not JSON: found `}`, expected a value after the comma (a trailing comma)",
        ),
        (
            element("{\"a\":{\"b\":1}"),
            "line 3, column 1: not JSON: found `{`, expected a name in double quotes",
        ),
        (element("1 2"), "line 2, column 5: not JSON: found a digit"),
        (element(""), "line 2, column 3: not JSON: found `,`"),
        (element("}"), "line 2, column 3: not JSON: found `}`"),
        (
            element("\u{feff}{}"),
            "line 2, column 3: not JSON: found a byte order mark (U+FEFF)",
        ),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_document_with_a_syntax_error_around_its_elements_is_refused_with_the_place() {
    assert_refused(&[
        // Between elements.
        (
            format!("[{ANN},\n]"),
            "line 2, column 1: not JSON: found `]`, expected a value after the comma (a trailing comma)",
        ),
        (
            format!("[,{ANN}]"),
            "line 1, column 2: not JSON: found `,`, expected a value",
        ),
        (
            format!("[{ANN}\n{BOB}]"),
            "line 2, column 1: not JSON: found `{`, expected a comma or the end of the array",
        ),
        // The end.
        (
            format!("[{ANN},{BOB}"),
            "not JSON: found the end of the file, expected a comma or the end of the array | export the file again",
        ),
        (
            format!("[{ANN},\n"),
            "line 2, column 1: not JSON: found the end of the file, expected a value",
        ),
        (
            format!("[{ANN},\n{{\"a\":\"b"),
            "line 2, column 8: not JSON: found the end of the file, expected the closing quote of a text",
        ),
        (
            format!("[{ANN}]\n[{BOB}]"),
            "line 2, column 1: not JSON: found `[`, expected the end of the file",
        ),
        (
            format!("[{ANN}]]"),
            "not JSON: found `]`, expected the end of the file",
        ),
        (
            format!("[{ANN}]\n\u{feff}[]"),
            "line 2, column 1: not JSON: found a byte order mark",
        ),
        // Beside the array.
        (
            format!("{{\"t\":[{ANN}],\n\"x\" 1}}"),
            "line 2, column 5: not JSON: found a digit, expected a colon",
        ),
        (
            format!("{{\"t\":[{ANN}],\n\"x\":NaN}}"),
            "line 2, column 5: not JSON: found `NaN`",
        ),
        (
            format!("{{\"t\":[{ANN}],\n\"x\":[1,{{\"y\":[}}]}}"),
            "line 2, column 14: not JSON: found `}`",
        ),
        (
            format!("{{\"t\":[{ANN}]\n\"x\":1}}"),
            "line 2, column 1: not JSON: found `\"`, expected a comma or the end of the object",
        ),
        (
            format!("{{\"t\":[{ANN}],\n}}"),
            "line 2, column 1: not JSON: found `}`, expected a value after the comma (a trailing comma)",
        ),
        (
            format!("{{\"t\":[{ANN}],\nx:1}}"),
            "line 2, column 1: not JSON: found a letter, expected a name in double quotes",
        ),
        (
            format!("{{\"t\":[{ANN}]\n"),
            "line 2, column 1: not JSON: found the end of the file, expected a comma or the end of the object",
        ),
        (
            format!("{{\"t\":[{ANN}]\n}}}}"),
            "line 2, column 2: not JSON: found `}`, expected the end of the file",
        ),
        (
            format!("{{\"x\":{{\"y\" 1}},\n\"t\":[{ANN}]}}"),
            "line 1, column 11: not JSON: found a digit, expected a colon",
        ),
        (
            format!("{{\"t\":[{ANN}]}} x"),
            "not JSON: found a letter, expected the end of the file",
        ),
        (
            format!("{{\"t\":[{ANN},{{\"Ticket\""),
            "not JSON: found the end of the file",
        ),
    ]);
    let several = refused(&format!("{{\"t\":[{ANN}]\n}}\n{{\"t\":[{BOB}]\n}}"));
    assert!(several.contains("set records = \"t\""), "{several}");
}

#[test]
fn an_element_has_a_largest_size_and_what_stands_beside_the_array_has_none() {
    let long = "x".repeat(LINE_BYTES_MAX);
    let text = format!("[{ANN},\n{{\"Ticket\":\"{long}]}}\\\"\"}},\n{BOB}]");
    assert_eq!(
        rows(&text),
        ["1/1: T-1 view", "2/2: row_too_large@2", "3/3: T-2 delete"]
    );
    let told = refused(&text.replace("\\\"\"}", "\\\"\"?"));
    assert!(told.contains("line 2, column 4194"), "{told}");
    let fits = format!(
        "[{{\"Ticket\":\"T-1\",\"x\":\"{}\",\"Email\":\"a@example.com\",\"Wish\":\"view\"}}]",
        &long[200..]
    );
    assert_eq!(rows(&fits), ["1/1: T-1 view"]);
    let beside = format!("{{\"blob\":\"{long}\",\"tickets\":[{ANN}],\"blob2\":[\"{long}\"]}}");
    assert_eq!(rows_by(&records("tickets"), &beside), ["1/1: T-1 view"]);
}

#[test]
fn a_file_that_is_one_endless_line_is_streamed() {
    let row =
        |n: usize| format!("{{\"Ticket\":{n},\"Email\":\"a@example.com\",\"Wish\":\"view\"}}");
    let all: Vec<_> = (0..120_000).map(row).collect();
    let text = format!("{{\"count\":1,\"tickets\":[{}]}}", all.join(","));
    assert!(text.len() > LINE_BYTES_MAX);
    let told = rows(&text);
    assert_eq!(told.len(), 120_000);
    assert_eq!(told[119_999], "120000/1: 119999 view");
}

#[test]
fn the_job_may_say_which_json_it_is() {
    assert_eq!(rows_by(&said(Format::Json), &format!("[{ANN}]")).len(), 1);
    assert_eq!(
        rows_by(&said(Format::Json), &format!("{ANN}\n{BOB}")).len(),
        2
    );
    assert_eq!(rows_by(&said(Format::Json), ""), [""; 0]);
    let told = error(&said(Format::Jsonl), format!("[{ANN}]").as_bytes());
    assert!(told.contains("JSON array"), "{told}");
    assert_eq!(
        rows_by(
            &said(Format::Csv),
            "[Ticket,Email,Wish\n1,a@example.com,view\n"
                .replace('[', "")
                .as_str()
        )
        .len(),
        1
    );
}

fn rejects(plan: &ReadPlan, bytes: &[u8]) -> Vec<u8> {
    let mut intake: Intake = open(plan, bytes).expect("it opens");
    let rows: Vec<RowReading> = intake
        .next_batch(&mut Seen::new(), usize::MAX)
        .expect("memory reads");
    assert_eq!(file_name(intake.shape().format), "rejects.jsonl");
    let mut writer = RejectsWriter::new(Vec::new(), intake.shape()).expect("memory writes");
    for row in &rows {
        if let Some(Item::Invalid { problems, .. }) = row.items.first() {
            let record = row.record.as_ref().expect("records are kept");
            writer
                .write(record, &problems[0].message)
                .expect("memory writes");
        }
    }
    writer.finish().expect("memory flushes")
}

#[test]
fn rejects_of_a_document_are_json_lines_for_the_same_job() {
    let wrong = PRETTY.replace("bob@", "nobody");
    let array = format!("[{ANN},\n{wrong},\n{{\"Ticket\": \"\\ud800\"}},\n{BOB},[1]]");
    let member = format!("{{\"tickets\": {array},\n\"users\": [{{}}]}}");
    for (plan, text) in [
        (plan(), array.clone()),
        (said(Format::Json), array),
        (records("tickets"), member),
    ] {
        let first = rejects(&plan, text.as_bytes());
        let lines = String::from_utf8_lossy(&first).into_owned();
        assert_eq!(lines.lines().count(), 3, "{lines}");
        assert!(
            lines.starts_with("{ \"Ticket\": \"T-2\", \"Email\": \"nobodyexample.com\", \"Wish\": \"delete\",\"import_problem\":"),
            "{lines}"
        );
        assert_eq!(
            rows_by(&plan, &lines),
            [
                "1/1: not_email@1",
                "2/2: uncorrected_line@2",
                "3/3: uncorrected_line@3"
            ]
        );
        assert_eq!(rejects(&plan, &first).len(), {
            // Their problem is now that they were not corrected.
            let again = rejects(&plan, &first);
            rejects(&plan, &again).len()
        });
        // A single one that is left is one, too.
        let corrected = lines
            .lines()
            .next()
            .expect("a line")
            .replace("nobody", "bob@");
        assert_eq!(rows_by(&plan, &corrected), ["1/1: T-2 delete"]);
    }
}

/// What became of a text: refused as a whole, or the codes of its problems.
fn verdict(plan: &ReadPlan, bytes: &[u8]) -> Result<Vec<&'static str>, String> {
    let mut intake = open(plan, bytes).map_err(|error| error.to_string())?;
    let rows = intake.next_batch(&mut Seen::new(), usize::MAX);
    Ok(rows
        .map_err(|error| error.to_string())?
        .iter()
        .flat_map(|row| &row.items)
        .flat_map(|item| match item {
            Item::Invalid { problems, .. } => problems
                .iter()
                .map(|problem| problem.code.as_str())
                .collect(),
            _ => Vec::new(),
        })
        .collect())
}

fn is_empty(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.trim_ascii().is_empty()
}

/// Problems that say: this is not JSON.
const NOT_JSON: [&str; 2] = ["not_json", "not_utf8"];

#[test]
fn the_json_test_suite_is_taken_and_refused_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/JSONTestSuite");
    let mut counts = [0; 3];
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder).expect("the suite is there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let bytes = fs::read(&path).expect("a file");
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        let is_document = matches!(first, Some(b'[' | b'{'));
        for plan in [plan(), said(Format::Json)] {
            let found = verdict(&plan, &bytes);
            let is_refused = match &found {
                Ok(codes) => codes.iter().any(|code| NOT_JSON.contains(code)),
                // A document of which only the columns are not those of the job was read.
                Err(error) => !error.contains("has no columns"),
            };
            let is_wrong = match name.as_bytes()[0] {
                // An object and the objects in its array share a key: asked, and read as the answer says.
                _ if name == "y_object_long_strings.json" => {
                    let by_lines = verdict(&said(Format::Jsonl), &bytes);
                    !is_refused || by_lines.is_ok_and(|codes| codes.contains(&"not_json"))
                }
                b'y' => is_document && is_refused,
                // An export with nothing in it is fine where the job says that it is one.
                b'n' => found.is_ok() && !is_refused && !is_empty(&bytes),
                _ => false,
            };
            if is_wrong {
                wrong.push(format!("{name}: {found:?}"));
            }
        }
        // As an element between two good ones, and as a line between two good lines.
        let is_flat = !bytes.contains(&b'\n') || bytes.ends_with(b"\n");
        let text = |open: &str, between: &str, close: &str| {
            [open, ANN, between]
                .concat()
                .into_bytes()
                .into_iter()
                .chain(bytes.trim_ascii().iter().copied())
                .chain([between, BOB, close].concat().into_bytes())
                .collect::<Vec<u8>>()
        };
        let array = verdict(&plan(), &text("[", ",\n", "]"));
        let is_valid = array
            .as_ref()
            .is_ok_and(|codes| !codes.contains(&"not_json"));
        match name.as_bytes()[0] {
            b'y' if !is_valid => wrong.push(format!("{name} between: {array:?}")),
            // Bytes that are not UTF-8 are the fault of their row alone.
            b'n' if is_valid
                && std::str::from_utf8(&bytes).is_ok()
                && !bytes.trim_ascii().is_empty() =>
            {
                wrong.push(format!("{name} between: {array:?}"));
            }
            _ => {}
        }
        let lines = read(&plan(), &text("", "\n", "\n"));
        let all: Vec<_> = lines.iter().map(told).collect();
        if is_flat && !(all[0].ends_with("T-1 view") && all[all.len() - 1].ends_with("T-2 delete"))
        {
            wrong.push(format!("{name} as a line: {all:?}"));
        }
        let kind = usize::from(name.starts_with("n_")) + 2 * usize::from(name.starts_with("i_"));
        counts[kind] += 1;
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(counts, [95, 188, 35]);
}

#[test]
fn pages_one_after_the_other_are_one_input() {
    let page = |rows: &str| format!("{{\"tickets\":[{rows}],\"count\":1}}");
    let plan = records("tickets");
    for (text, lines) in [
        (format!("{}{}", page(ANN), page(BOB)), [1, 1]),
        (format!("{}\n{}\n", page(ANN), page(BOB)), [1, 2]),
        (format!("{}\r\n\r\n{}", page(ANN), page(BOB)), [1, 3]),
        (
            format!("\u{1e}{}\n\u{1e}{}\n", page(ANN), page(BOB)),
            [1, 2],
        ),
        (
            format!("{}\n{}", page(ANN).replace('[', "[\n"), page(BOB)),
            [2, 3],
        ),
        (
            format!("{}{}{}{}", page(""), page(ANN), page(""), page(BOB)),
            [1, 1],
        ),
    ] {
        assert_eq!(
            rows_by(&plan, &text),
            [
                format!("1/{}: T-1 view", lines[0]),
                format!("2/{}: T-2 delete", lines[1])
            ],
            "{text}"
        );
    }
    let with_error = format!(
        "{}\n{{\"error\":\"rate limit\"}}\n{}\n",
        page(ANN),
        page(BOB)
    );
    assert_eq!(
        rows_by(&plan, &with_error),
        [
            "1/1: T-1 view",
            "2/2: page_without_rows@2",
            "3/3: T-2 delete"
        ]
    );
    let told = refused_by(&plan, &format!("{with_error}{{\"tick"));
    assert!(told.contains("line 4, column 7: not JSON"), "{told}");
    // Without the name of the array it is asked for.
    let lines = format!("{}\n{}\n", page(ANN), page(BOB));
    let told = error(&self::plan(), lines.as_bytes());
    assert!(
        told.contains("their list `tickets`") && told.contains("records = \"tickets\""),
        "{told}"
    );
}

#[test]
fn json_text_sequences_and_objects_without_a_line_break_are_rows() {
    for text in [
        format!("\u{1e}{ANN}\n\u{1e}{BOB}\n"),
        format!("\u{1e}{ANN}\u{1e}{BOB}"),
        format!("{ANN}{BOB}"),
        format!("{ANN} {BOB}\n"),
        format!("\u{1e}{ANN}\n\u{1e}{PRETTY}\n"),
    ] {
        let told: Vec<_> = rows(&text)
            .iter()
            .map(|row| row.split(": ").nth(1).unwrap_or_default().to_owned())
            .collect();
        assert_eq!(told, ["T-1 view", "T-2 delete"], "{text}");
    }
}

#[test]
fn trailing_commas_are_named() {
    for text in [
        format!("[{ANN},]"),
        format!("[{ANN},\n{{\"Ticket\":\"T-9\",}}]"),
        format!("[{ANN},\n{{\"Ticket\":[1,2, ]}}]"),
    ] {
        let told = refused(&text);
        assert!(told.contains("trailing comma"), "{text}: {told}");
    }
    for text in [
        format!("{ANN}\n{{\"Ticket\":[1,2,]}}\n"),
        format!("{ANN}\n{BOB},\n"),
    ] {
        let rows = read(&plan(), text.as_bytes());
        let Some(Item::Invalid { problems, .. }) = rows[1].items.first() else {
            panic!("it is refused: {text}")
        };
        assert!(
            problems[0].message.contains("trailing comma"),
            "{text}: {}",
            problems[0].message
        );
    }
}

#[test]
fn what_an_interface_puts_around_the_rows_is_no_row() {
    let row = ANN.replace(
        '{',
        "{\"expand\":\"operations,names\",\"self\":\"https://example.com/1\",",
    );
    let page = format!(
        "{{\"expand\":\"schema,names\",\"startAt\":0,\"maxResults\":50,\"total\":1,\"issues\":[{row}]}}"
    );
    assert_eq!(rows(&page), ["1/1: T-1 view"]);
    let row = ANN.replace('{', "{\"type\":\"contact\",\"object\":\"x\",");
    let list =
        format!("{{\"type\":\"list\",\"object\":\"list\",\"has_more\":false,\"data\":[{row}]}}");
    assert_eq!(rows(&list), ["1/1: T-1 view"]);
    // Without a sign of pages a shared key is a doubt.
    let either = format!("{{\"type\":\"list\",\"data\":[{row}]}}");
    assert!(error(&plan(), either.as_bytes()).contains("both the key `type`"));
}

#[test]
fn a_page_without_rows_has_none() {
    for text in [
        "{\"tickets\": []}",
        "{\"tickets\":[],\"next_page\":null,\"previous_page\":null,\"count\":0}\n",
        "{\n  \"expand\": \"names\",\n  \"startAt\": 0,\n  \"total\": 0,\n  \"issues\": []\n}\n",
        "{\"data\":[],\"ok\":true,\"message\":\"Success\",\"total\":0,\"limit\":50}",
        "{\"data\":[],\"included\":[],\"links\":{\"self\":\"https://example.com/\"}}",
    ] {
        assert_eq!(rows(text), [""; 0], "{text}");
    }
    for text in [
        "{\"tickets\":[],\"message\":\"Rate limit exceeded\"}",
        "{\"tickets\":[],\"error\":\"unauthorized\"}",
        "{\"ok\":false,\"tickets\":[]}",
        "{\"items\":[],\"total\":57}",
        "{\n  \"results\": [],\n  \"count\": 12\n}\n",
    ] {
        for records in [None, Some("tickets"), Some("items"), Some("results")] {
            let mut plan = plan();
            plan.reading.records = records.map(str::to_owned);
            let told = error(&plan, text.as_bytes());
            assert!(told.contains("the object has no rows"), "{text}: {told}");
        }
    }
    // A single row with an empty list is one, and so is one with its fields in a list.
    let row = ANN.replace('}', ",\"tags\":[]}");
    assert_eq!(rows(&row), ["1/1: T-1 view"]);
    let row = ANN.replace('}', ",\"fields\":[{\"id\":7,\"value\":\"x\"}]}");
    assert_eq!(rows(&row), ["1/1: T-1 view"]);
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(format!("{ANN},\n")),
        2 => Just(format!("{PRETTY},\r\n")),
        1 => Just("{\"Ticket\":\"T-9,\n".to_owned()),
        1 => Just("\u{e9}{}, null ,".to_owned()),
        1 => Just("],\"x\":[".to_owned()),
        3 => prop::collection::vec(prop::sample::select(b"{}[]\":,a1\\\n\r ".to_vec()), 0..12)
            .prop_map(|bytes| String::from_utf8(bytes).expect("ASCII")),
    ]
}

#[test]
fn faults_without_end_take_no_time_without_end() {
    for line in [
        "{\"a\":\"x,\n",
        "{\"a\":01,\"b\":[\n",
        "{\"a\":{\n",
        "  {\"a\" [\n",
        "}\n",
        "[\n",
    ] {
        let told = refused(&format!("[\n{}", line.repeat(4_000)));
        assert!(told.contains(": not JSON: found "), "{line}: {told}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn however_the_reads_of_a_document_are_cut_the_rows_are_the_same(
        pieces in prop::collection::vec(piece(), 1..8),
        head in prop::sample::select(vec!["[", "{\"n\":1,\"t\":[", "{\"t\":\n[{},", "{\n\"a\":1}\n"]),
        sizes in prop::collection::vec(1_usize..200_000, 1..5),
    ) {
        let body = pieces.concat();
        let bytes = [head.to_owned(), body.repeat(300_000 / body.len().max(60))].concat().into_bytes();
        let result = |intake: Result<Intake, _>| -> Result<Vec<String>, String> {
            let mut intake: Intake = intake.map_err(|error: concord_import::internals::intake::IntakeError| error.to_string())?;
            let mut seen = Seen::new();
            let mut all = Vec::new();
            loop {
                let batch = intake.next_batch(&mut seen, 1_000).map_err(|error| error.to_string())?;
                if batch.is_empty() {
                    return Ok(all);
                }
                all.extend(batch.iter().map(shown));
            }
        };
        let plan = plan();
        let whole = result(open(&plan, &bytes));
        let pieces = Pieces::new(Cursor::new(bytes), sizes);
        prop_assert!(result(Intake::from_reader(&plan, 0, true, pieces)) == whole);
    }

    #[test]
    fn every_object_of_an_array_is_a_row_or_the_array_is_refused(
        rows in prop::collection::vec((0_u32..1000, "[a-z\\[\\]{},\"\\\\\n]{0,8}"), 0..40),
        pretty: bool,
        broken in prop::collection::vec(0_usize..40, 0..4),
    ) {
        let texts: Vec<String> = rows.iter().enumerate().map(|(index, (ticket, note))| {
            let value = serde_json::json!({"Ticket": ticket, "Email": "a@example.com", "Wish": "view", "Note": note, "in": [{"x": note}]});
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let text = text.expect("it serialises");
            if broken.contains(&index) { text.replacen(':', ";", 1) } else { text }
        }).collect();
        let text = format!("[{}]", texts.join(",\n"));
        if broken.iter().any(|index| *index < rows.len()) {
            prop_assert!(refused(&text).contains("not JSON: found `;`"));
            return Ok(());
        }
        let found = read(&plan(), text.as_bytes());
        prop_assert_eq!(found.len(), rows.len());
        let has_problem = found.iter().any(|row| told(row).contains('@'));
        prop_assert!(!has_problem);
    }
}
