//! Rejects are inputs of the same job: refused again as they are, taken once they are corrected.

use concord_import::internals::entry::ImportId;
use concord_import::internals::intake::{Intake, Item, RowReading, Seen, Shape};
use concord_import::internals::plan::ReadPlan;
use concord_import::internals::report::rejects::RejectsWriter;

use crate::reading::{column, open, plan, told};

fn rows_and_shape(plan: &ReadPlan, bytes: &[u8]) -> (Vec<RowReading>, Shape) {
    let mut intake: Intake = open(plan, bytes).expect("the input opens");
    let rows = intake
        .next_batch(&mut Seen::new(), usize::MAX)
        .expect("memory reads");
    (rows, intake.shape().clone())
}

/// The rejects of an input: every row with an invalid entry, or all rows when `all` is set.
fn rejects(plan: &ReadPlan, bytes: &[u8], all: bool) -> Vec<u8> {
    let (rows, shape) = rows_and_shape(plan, bytes);
    let mut writer = RejectsWriter::new(Vec::new(), &shape).expect("memory writes");
    for row in &rows {
        let problem = match row.items.first() {
            Some(Item::Invalid { problems, .. }) => problems[0].message.clone(),
            Some(_) if all => "=Concord refused it".to_owned(),
            _ => continue,
        };
        let record = row.record.as_ref().expect("records are kept");
        writer.write(record, &problem).expect("memory writes");
    }
    writer.finish().expect("memory flushes")
}

fn ids(plan: &ReadPlan, bytes: &[u8]) -> Vec<ImportId> {
    rows_and_shape(plan, bytes)
        .0
        .iter()
        .flat_map(|row| &row.items)
        .map(|item| match item {
            Item::Entry(entry) => entry.import_id,
            other => panic!("{other:?}"),
        })
        .collect()
}

const WRONG: &[u8] = b"\xef\xbb\xbfRegister of requests\r\n\r\nTicket;Email;Wish;Notes\r\n\
    T-1;nobody;both;\"a; \"\"b\"\"\r\nc\"\r\n\
    T-2;b@example.com;view\r\n\
    T-3;c@example.com;view;;stray\r\n\
    T-4;d@example.com;\"view;\r\n\
    T-5;\xe9@example.com;view;;\r\n\
    T-6;f@example.com;view;;;\r\n";

fn semicolons() -> ReadPlan {
    let mut plan = plan();
    plan.reading.delimiter = Some(b';');
    plan.reading.header_row = std::num::NonZeroU64::new(3);
    plan
}

#[test]
fn rejects_keep_the_form_of_their_input() {
    let plan = semicolons();
    let rejected = rejects(&plan, WRONG, true);
    assert!(rejected.starts_with(
        b"\xef\xbb\xbfRegister of requests\r\n\r\nTicket;Email;Wish;Notes;import_problem\r\n"
    ));
    assert!(rejected.contains(&0xe9), "bytes stay as they were");
    let text = String::from_utf8_lossy(&rejected).replace("\r\n", "\n");
    assert_eq!(
        text.lines().skip(3).collect::<Vec<_>>(),
        [
            "T-1;nobody;both;\"a; \"\"b\"\"",
            "c\";\"has no `@`; an address like name@example.com is wanted\"",
            "T-2;b@example.com;view;\"not read: the row has 3 cells, the header 4; what is missing cannot be told\"",
            "T-3;c@example.com;view;;stray;\"not read: the row has 5 cells, the header 4; perhaps a cell with a delimiter lacks \
             its quotes\"",
            "\"T-4;d@example.com;\"\"view;\";\"not read: the quote opened here (character 19) never closes; reading goes on with \
             the next line\"",
            "T-5;\u{fffd}@example.com;view;;\"byte 0xE9 at character 5 is not UTF-8; save the file as UTF-8\"",
            "T-6;f@example.com;view;;'=Concord refused it",
        ]
    );
}

#[test]
fn what_is_not_corrected_is_refused_again_for_the_same_reason() {
    let plan = semicolons();
    let codes = |bytes: &[u8]| -> Vec<String> {
        rows_and_shape(&plan, bytes)
            .0
            .iter()
            .map(|row| {
                told(row)
                    .split(": ")
                    .nth(1)
                    .unwrap_or_default()
                    .replace(char::is_numeric, "")
            })
            .collect()
    };
    let first = rejects(&plan, WRONG, false);
    let second = rejects(&plan, &first, false);
    assert_eq!(
        codes(&first),
        [
            "not_email@; not_email@",
            "too_few_cells@",
            "too_many_cells@",
            "too_few_cells@",
            "not_utf@"
        ]
    );
    assert_eq!(codes(&second), codes(&first));
    // Nothing grows from run to run.
    assert_eq!(rejects(&plan, &second, false).len(), second.len());
}

#[test]
fn corrected_rejects_have_the_import_ids_of_the_corrected_input() {
    let plan = semicolons();
    let correct = |bytes: &[u8]| -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for (wrong, right) in [
            (&b"nobody"[..], &b"a@example.com"[..]),
            (b"T-2;b@example.com;view;", b"T-2;b@example.com;view;;"),
            (b"T-2;b@example.com;view\r", b"T-2;b@example.com;view;\r"),
            (b"stray;", b""),
            (b"stray", b""),
            (
                b"\"T-4;d@example.com;\"\"view;\"",
                b"T-4;d@example.com;view;",
            ),
            (b"\"view;", b"view;"),
            (b"\xe9@", b"e@"),
        ] {
            while let Some(at) = bytes
                .windows(wrong.len())
                .position(|window| window == wrong)
            {
                // A correction that contains what it corrects is made once.
                if right.windows(wrong.len()).any(|window| window == wrong)
                    && bytes[at..].starts_with(right)
                {
                    break;
                }
                bytes.splice(at..at + wrong.len(), right.iter().copied());
            }
        }
        bytes
    };
    let wanted = ids(&plan, &correct(WRONG));
    assert_eq!(wanted.len(), 7);
    assert_eq!(ids(&plan, &correct(&rejects(&plan, WRONG, true))), wanted);
}

#[test]
fn rejects_of_one_column_are_refused_again() {
    let mut plan = plan();
    plan.rules.key = vec!["Email".to_owned()];
    plan.rules.fields[0].1 = concord_import::internals::plan::Rule::Value(
        concord_import::internals::plan::Literal::Text("view".to_owned()),
    );
    let first = rejects(
        &plan,
        b"Email\n\"a@example.com\"x\nb@example.com,c@example.com\n",
        false,
    );
    let (rows, _) = rows_and_shape(&plan, &first);
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        ["1/2: too_many_cells@2", "2/3: too_many_cells@3"]
    );
}

#[test]
fn json_rejects_are_objects_with_their_problem() {
    let mut plan = plan();
    plan.rules.fields[1].1 = column("from.Email");
    let wrong = b"{\"Ticket\": 1.50, \"from\":{\"Email\":\"nobody\"}, \"Wish\":\"view\"}\n\
        {\"Ticket\":2,\n\
        {\"Ticket\":3,\"import_problem\":\"old\",\"Wish\":\"view\",\"Wish\":\"view\",\"from\":{\"Email\":\"c@example.com\"}}\n\
        {\"Ticket\":4,\"from\":{\"Email\":\"d@example.com\"},\"Wish\":\"view\"}\n";
    let first = rejects(&plan, wrong, false);
    assert_eq!(
        String::from_utf8_lossy(&first),
        "{\"Ticket\": 1.50, \"from\":{\"Email\":\"nobody\"}, \"Wish\":\"view\",\"import_problem\":\"has no `@`; an address like \
         name@example.com is wanted\"}\n\
         {\"import_line\":\"{\\\"Ticket\\\":2,\",\"import_problem\":\"not JSON at byte 12 of the line: it ends where a value is wanted\"}\n\
         {\"Ticket\":3,\"Wish\":\"view\",\"Wish\":\"view\",\"from\":{\"Email\":\"c@example.com\"},\"import_problem\":\"an object has \
         the key `Wish` more than once; which value counts cannot be told\"}\n"
    );
    let (rows, _) = rows_and_shape(&plan, &first);
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        [
            "1/1: not_email@1",
            "2/2: uncorrected_line@2",
            "3/3: repeated_key@3"
        ]
    );
    // Rejects need not have every column that the whole export had.
    let sparse = b"{\"Ticket\":1,\"Wish\":\"view\",\"import_problem\":\"no identifier\"}\n";
    assert_eq!(
        told(&rows_and_shape(&plan, sparse).0[0]),
        "1/1: no_identifier@1"
    );
}
