//! From bytes to rows: what is read, what is refused with which line, and that cuts in the reads do not matter.

use std::io::{Cursor, Write as _};
use std::num::NonZeroU64;
use std::path::PathBuf;

use crate::support::column;

use concord_import::internals::check::survey;
use concord_import::internals::entry::{Field, RequestType};
use concord_import::internals::intake::{Intake, IntakeError, Item, RowReading, Seen, rows};
use concord_import::internals::outcome::Outcome;
use concord_import::internals::plan::{
    Format, Input, Literal, Mark, Meaning, ReadPlan, Reading, Rule, Rules,
};
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) use crate::oracle::told::{Pieces, shown};

/// A column as it is.
/// A plan for one input that is not there: key `Ticket`, request `Wish`, address `Email`.
pub(crate) fn plan() -> ReadPlan {
    ReadPlan {
        inputs: vec![Input {
            name: "tickets.csv".to_owned(),
            path: PathBuf::new(),
        }],
        reading: Reading::default(),
        rules: Rules {
            near_keys: concord_import::internals::identity::NearKeys::default(),
            key: vec!["Ticket".to_owned()],
            region: None,
            received: None,
            filters: Vec::new(),
            fields: vec![
                (
                    Field::Request,
                    Rule::Column {
                        name: "Wish".to_owned(),
                        values: vec![
                            (
                                "Right to erasure".to_owned(),
                                Meaning::Requests(vec![RequestType::Delete]),
                            ),
                            (
                                "Both".to_owned(),
                                Meaning::Requests(vec![RequestType::View, RequestType::Delete]),
                            ),
                            ("Complaint".to_owned(), Meaning::Skip),
                        ],
                        default: None,
                        part: None,
                    },
                ),
                (Field::UserEmail, column("Email")),
                (Field::Preverified, Rule::Value(Literal::Bool(true))),
            ],
            mark: Mark::Notes,
        },
        project: Uuid::from_u128(0x5eed),
    }
}

/// Opens bytes by a plan.
pub(crate) fn open(plan: &ReadPlan, bytes: &[u8]) -> Result<Intake, IntakeError> {
    Intake::from_reader(plan, 0, true, Cursor::new(bytes.to_vec()))
}

/// Every row of an intake.
pub(crate) fn drain(mut intake: Intake) -> Vec<RowReading> {
    let mut seen = Seen::new();
    let mut all = Vec::new();
    loop {
        let batch = intake.next_batch(&mut seen, 7).expect("memory reads");
        if batch.is_empty() {
            assert!(intake.digest().is_some(), "the end has been reached");
            return all;
        }
        all.extend(batch);
    }
}

/// Every row of some bytes.
pub(crate) fn read(plan: &ReadPlan, bytes: &[u8]) -> Vec<RowReading> {
    drain(open(plan, bytes).expect("the input opens"))
}

/// A row in one line: position, then what came of it.
pub(crate) fn told(row: &RowReading) -> String {
    let items: Vec<String> = row
        .items
        .iter()
        .map(|item| match item {
            Item::Entry(entry) => format!("{} {}", entry.key.text, entry.body.request()),
            Item::Repeat { of, changed, .. } => format!(
                "repeats row {}{}",
                of.row,
                if *changed { ", changed" } else { "" }
            ),
            Item::Invalid { problems, .. } => {
                let all: Vec<_> = problems
                    .iter()
                    .map(|problem| format!("{}@{}", problem.code.as_str(), problem.position.line))
                    .collect();
                all.join("+")
            }
        })
        .collect();
    format!(
        "{}/{}: {}",
        row.position.row,
        row.position.line,
        items.join("; ")
    )
}

/// Why bytes do not open, and what to do.
pub(crate) fn error(plan: &ReadPlan, bytes: &[u8]) -> String {
    match open(plan, bytes) {
        Ok(_) => panic!("it should not open"),
        Err(error) => format!("{error} | {}", error.hint()),
    }
}

#[test]
fn rows_know_their_number_and_line_and_reading_goes_on() {
    let text = b"\xef\xbb\xbfTicket,Email,Wish\r\n\
        T-1,ann@example.com,delete\r\n\
        \r\n\
        T-2,\"bo\nb@example.com\",view\r\n\
        T-3,carla@example.com\r\n\
        ,,\r\n\
        T-4,dan@example.com,\"view\r\n\
        T-5,eve@example.com,VIEW,,\r\n\
        T-6,\xe9@example.com,view\r\n\
        T-1,ann@example.com,delete\r\n\
        T-1,ann@example.org,delete\r\n\
        T-7,fay@example.com,complaint\r\n\
        T-8,gus@example.com,both";
    let rows = read(&plan(), text);
    let told: Vec<_> = rows.iter().map(told).collect();
    assert_eq!(
        told,
        [
            "1/2: T-1 delete",
            "2/4: not_email@4",
            "3/6: too_few_cells@6",
            "4/7: ",
            "5/8: open_quote@8",
            "6/9: too_many_cells@9",
            "7/10: not_utf8@10",
            "8/11: repeats row 1",
            "9/12: repeats row 1, changed",
            "10/13: ",
            "11/14: T-8 // view view; T-8 // delete delete",
        ]
    );
}

#[test]
fn what_is_not_delimited_text_is_refused_by_name() {
    for (bytes, says) in [
        (
            &b"PK\x03\x04\x14\0[Content_Types].xml"[..],
            "Excel workbook",
        ),
        (
            b"Ticket,\0Email,Wish\nT-1,a@example.com,view, and so on\n",
            "NUL",
        ),
        (b"", "empty"),
        (b"\n\n", "empty"),
    ] {
        let told = error(&plan(), bytes);
        assert!(
            told.contains(says) && told.contains("tickets.csv"),
            "{told}"
        );
    }
}

#[test]
fn faults_of_a_header_say_what_to_do() {
    for (header, says) in [
        (
            &b"Ticket;Email;Wish\nT-1\nT-2\nT-3\n"[..],
            "delimiter = \";\"",
        ),
        (
            b"Ticket\tEmail\tWish\nT-1\nT-2\nT-3\n",
            "delimiter = \"\\t\"",
        ),
        (
            b"Ticket,Email,Wish,Email\n",
            "2, 4 | say which is meant: `Email (1)` is the first, the others are `Email (2)`",
        ),
        (b"Ticket,Email,\"Wish\n", "quote"),
        (b"\xef\xbb\xbfTicket,\xc9mail,Wish\n", "0xC9 at character 8"),
        (b",,\n1,2,3\n", "header_row"),
        (
            b"Ticket,email,wishes\n",
            "for `Wish` perhaps `wishes` is meant, for `Email` perhaps `email` is meant",
        ),
        (b"a,b,c\n", "`a`, `b`, `c`"),
    ] {
        let told = error(&plan(), header);
        assert!(told.contains(says), "{told}");
    }
    let mut long = b"Ticket,".to_vec();
    long.resize(300_000, b'x');
    assert!(error(&plan(), &long).contains("262,144 bytes"));
}

#[test]
fn trailing_columns_without_a_name_are_no_columns() {
    let rows = read(
        &plan(),
        b"Ticket,Email,Wish,,\nT-1,a@example.com,view,,\nT-2,b@example.com,view,,stray\nT-3,c@example.com,view,,,more\n",
    );
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        ["1/2: T-1 view", "2/3: T-2 view", "3/4: too_many_cells@4"]
    );
}

#[test]
fn the_job_says_where_the_header_is_and_what_stands_between_cells() {
    let mut plan = plan();
    plan.reading = Reading {
        delimiter: Some(b';'),
        quote: Some(b'\''),
        header_row: NonZeroU64::new(3),
        ..Reading::default()
    };
    let rows = read(
        &plan,
        b"Register, \"2026\nsecret;\nTicket;Email;Wish\n'T;1';'o''neil@example.com';view\n",
    );
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), ["1/4: T;1 view"]);
    let Some(Item::Entry(entry)) = rows[0].items.first() else {
        panic!("it is valid")
    };
    assert_eq!(entry.body.user_email(), Some("o'neil@example.com"));
    plan.reading.header_row = NonZeroU64::new(9);
    assert!(error(&plan, b"Ticket;Email;Wish\n").contains("header_row = 9"));
}

#[test]
fn the_delimiter_is_found_or_told_by_a_first_line() {
    for (text, row) in [
        (
            &b"Ticket;Email;Wish\nT,1;a@example.com;view\n"[..],
            "1/2: T,1 view",
        ),
        (
            b"Ticket\tEmail\tWish\nT;1\ta@example.com\tview\n",
            "1/2: T;1 view",
        ),
        (
            b"Ticket|Email|Wish\n\"T|1\"|a@example.com|view\n",
            "1/2: T|1 view",
        ),
        (
            b"sep=;\r\nTicket;Email;Wish\r\nT-1;a@example.com;view\r\n",
            "1/3: T-1 view",
        ),
        (
            b"\xef\xbb\xbfsep=^\nTicket^Email^Wish\nT,1^a@example.com^view\n",
            "1/3: T,1 view",
        ),
    ] {
        let rows = read(&plan(), text);
        assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), [row]);
    }
    // The job has the last word.
    let mut plan = plan();
    plan.reading.delimiter = Some(b',');
    let text = b"sep=;\nTicket,Email,Wish\nT;1,a@example.com,view\n";
    assert_eq!(told(&read(&plan, text)[0]), "1/3: T;1 view");
}

#[test]
fn json_lines_name_nested_values_by_path() {
    let mut plan = plan();
    plan.rules.near_keys = concord_import::internals::identity::NearKeys::Ignore;
    plan.rules.key = vec!["id".to_owned()];
    plan.rules.fields[1].1 = column("requester.email");
    plan.rules.fields[0].1 = column("kind");
    let text = b"\xef\xbb\xbf{\"id\": 1, \"requester\": {\"email\": \"a@example.com\"}, \"kind\": \"view\"}\r\n\
        \r\n\
        {\"id\": 1.0, \"requester\": {\"email\": \"a@example.com\"}, \"kind\": \"view\"}\r\n\
        {\"id\": 2, \"requester\": [\"a@example.com\"], \"kind\": \"view\"}\r\n\
        {\"id\": 3, \"requester\": {\"email\": \"a@example.com\", \"email\": \"b@example.com\"}}\r\n\
        {\"id\": 4,\r\n\
        \"just text\"\r\n\
        {\"id\": {\"n\": 5}, \"requester\": {\"email\": {\"to\": 1}}, \"kind\": [\"view\"]}\r\n\
        {\"id\": null, \"kind\": \"view\", \"requester\": {\"email\": \"a@example.com\"}}";
    let rows = read(&plan, text);
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        [
            "1/1: 1 view",
            "2/3: 1.0 view",
            "3/4: no_identifier@4",
            "4/5: repeated_key@5",
            "5/6: not_json@6",
            "6/7: not_object@7",
            "7/8: not_text@8+not_text@8+not_text@8",
            "8/9: blank_key@9",
        ]
    );
    assert!(
        error(
            &plan,
            b"{\"id\":1,\"kind\":\"view\",\"Requester\":{\"email\":\"a\"}}"
        )
        .contains("`Requester.email`")
    );
    // A rare value may be absent when its rule has a default, though a blank one.
    plan.rules.fields.push((
        Field::UserPhoneNumber,
        Rule::Column {
            name: "requester.phone".to_owned(),
            values: Vec::new(),
            default: Some(Literal::Text(String::new())),
            part: None,
        },
    ));
    assert_eq!(read(&plan, text).len(), 8);
    // No rows, no columns to miss.
    plan.reading.format = Some(Format::Jsonl);
    assert!(read(&plan, b"").is_empty());
}

#[test]
fn repeats_are_found_across_inputs_and_a_corrected_row_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan();
    plan.inputs.clear();
    for (name, text) in [
        (
            "a.csv",
            "Ticket,Email,Wish\nT-1,nobody,view\nT-1,a@example.com,view\n",
        ),
        (
            "b.csv",
            "Wish,Ticket,Email\nview,T-1,a@example.com\nview,T-2,b@example.com\n",
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        plan.inputs.push(Input {
            name: name.to_owned(),
            path,
        });
    }
    let survey = survey(&plan, crate::support::TODAY, &mut |_| {
        std::ops::ControlFlow::Continue(())
    })
    .expect("both can be read")
    .expect("nobody breaks off");
    assert_eq!(survey.to_send.count, 2);
    assert_eq!(survey.tally.entries, 4);
    assert_eq!(survey.tally.count(Outcome::Invalid), 1);
    assert_eq!(survey.tally.count(Outcome::Duplicate), 1);
    assert!(survey.tally.adds_up());
    assert_eq!(survey.to_send.contacted, 0);
    assert_eq!(survey.problems.groups[0].code.as_str(), "not_email");
    assert_eq!(survey.inputs[1].digest.bytes, 64);
    let stopped =
        concord_import::internals::check::survey(&plan, crate::support::TODAY, &mut |_| {
            std::ops::ControlFlow::Break(())
        })
        .expect("it opens");
    assert_eq!(stopped, None);
}

/// Pieces of CSV, right and wrong, that are put together at random.
fn csv_piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => Just(b"T-1,ann@example.com,view\n".to_vec()),
        2 => Just(b"T-2,\"b, \"\"o\"\"b\",\"Right\r\nto\"\r\n".to_vec()),
        1 => Just(b"T-3,\"open,view\n".to_vec()),
        1 => Just(b"T-4,\xe9,view\r".to_vec()),
        1 => Just(b"\"\"\r\n".to_vec()),
        1 => Just(b"\"a\"b,,\n\n".to_vec()),
        2 => prop::collection::vec(prop::sample::select(b"a,\"\n\r\xc3\xa9 ".to_vec()), 0..12),
    ]
}

fn json_piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => Just(b"{\"Ticket\":\"T-1\",\"Email\":\"a@example.com\",\"Wish\":\"view\"}\n".to_vec()),
        1 => Just(b"{\"Ticket\":7,\"Email\":null,\"Wish\":\"both\"}\r\n".to_vec()),
        1 => Just(b"{\"Ticket\":7,\"Ticket\":8}\n\n".to_vec()),
        1 => prop::collection::vec(prop::sample::select(b"{}\":,a1\n\r\xc3".to_vec()), 0..12),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn however_the_reads_are_cut_and_divided_among_threads_the_rows_are_the_same(
        pieces in prop::collection::vec(csv_piece(), 1..12),
        json in prop::collection::vec(json_piece(), 1..12),
        sizes in prop::collection::vec(1_usize..200_000, 1..5),
        mappers in 0_usize..4,
    ) {
        let found = plan();
        let mut told = plan();
        told.reading.header_row = NonZeroU64::new(1);
        let csv = ([&b"Ticket,Email,Wish\n"[..]].concat(), pieces.concat());
        let json = (b"{\"Ticket\":\"T-0\",\"Email\":\"a@example.com\",\"Wish\":\"view\"}\n".to_vec(), json.concat());
        for (head, body) in [csv, json] {
            // Beyond what the window holds at once, so that its edges fall anywhere.
            let times = 300_000 / body.len().max(20);
            let header_end = head.len();
            let bytes = [head, body.repeat(times)].concat();
            let all = |opened: Result<Intake, IntakeError>| match opened {
                Ok(intake) => drain(intake).iter().map(shown).collect(),
                Err(error) => vec![error.to_string()],
            };
            for plan in [&told, &found] {
                let whole = all(open(plan, &bytes).map(|intake| intake.with_mappers(0)));
                let pieces = Pieces::new(Cursor::new(bytes.clone()), sizes.clone());
                let cut = Intake::from_reader(plan, 0, true, pieces);
                prop_assert!(all(cut.map(|intake| intake.with_mappers(mappers))) == whole);
                let has_rows = bytes[header_end..].windows(13).any(|part| part == b"a@example.com");
                prop_assert!(plan.reading.header_row.is_none() || !has_rows || whole.len() > 1);
            }
        }
    }

    #[test]
    fn rows_read_back_as_they_were_written(
        table in prop::collection::vec(prop::collection::vec("[a-z,;\"'\r\n é💌]{0,6}", 3), 0..20),
        delimiter in prop::sample::select(b",;\t|".to_vec()),
        quote in prop::sample::select(b"\"'".to_vec()),
        crlf: bool,
        always: bool,
    ) {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .quote(quote)
            .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .quote_style(if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
            .from_writer(Vec::new());
        writer.write_record(["one", "two", "three"]).expect("memory writes");
        for row in &table {
            writer.write_record(row).expect("memory writes");
        }
        file.write_all(&writer.into_inner().expect("memory flushes")).expect("a file writes");
        let input = Input { name: "t".to_owned(), path: file.path().to_owned() };
        let reading = Reading {
            delimiter: Some(delimiter),
            quote: Some(quote),
            header_row: NonZeroU64::new(1),
            set_aside: false,
            ..Reading::default()
        };
        let mut out = Vec::new();
        let mut refused = Vec::new();
        rows(&input, &reading, &mut out, &mut |_| {}, &mut |problem| refused.push(problem.clone())).expect("it reads");
        prop_assert_eq!(refused, []);
        let back: Vec<Vec<String>> = csv::ReaderBuilder::new()
            .from_reader(out.as_slice())
            .records()
            .map(|record| record.expect("it is UTF-8").iter().map(str::to_owned).collect())
            .collect();
        let written: Vec<_> = table.into_iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).collect();
        prop_assert_eq!(back, written);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop::sample::select(b"T,\"{}[]:\n\r\0\xff\xefa1".to_vec()), 0..200)) {
        for head in [&b""[..], b"Ticket,Email,Wish\n", b"{\"Ticket\":1,\"Email\":\"\",\"Wish\":\"\"}\n"] {
            let bytes = [head, &bytes].concat();
            if let Ok(intake) = open(&plan(), &bytes) {
                drain(intake);
            }
        }
    }
}

#[test]
fn rows_of_json_have_a_column_for_each_path() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b"{\"id\":1,\"r\":{\"email\":\"a@b.c\"}}\nnope\n{\"r\":{\"name\":\"x, y\"},\"tags\":[1,{\"a\":null}],\"id\":2.50}\n")
        .expect("a file writes");
    let input = Input {
        name: "t".to_owned(),
        path: file.path().to_owned(),
    };
    let mut out = Vec::new();
    let mut refused = Vec::new();
    let digest = rows(
        &input,
        &Reading::default(),
        &mut out,
        &mut |_| {},
        &mut |problem| {
            refused.push((problem.position.line, problem.code.as_str()));
        },
    )
    .expect("it reads");
    assert_eq!(
        String::from_utf8_lossy(&out),
        "id,r.email,r.name,tags\n1,a@b.c,,\n2.50,,\"x, y\",\"[1,{\"\"a\"\":null}]\"\n"
    );
    assert_eq!(refused, [(2, "not_json")]);
    assert!(digest.bytes > 80);
}
