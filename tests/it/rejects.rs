//! Rejects are inputs of the same job: refused again until they are corrected, then accepted. They are never
//! overwritten after the user has edited them.

use std::fs;

use concord_import::internals::entry::ImportId;
use concord_import::internals::intake::{Intake, Item, RowReading, Seen, Shape};
use concord_import::internals::plan::ReadPlan;
use concord_import::internals::report::rejects::RejectsWriter;

use crate::cli::{Place, code, server, stdout};
use crate::reading::{open, plan, told};
use crate::support;
use crate::support::column;

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
    T-5;\xe9@example.com;view;\r\n\
    T-6;f@example.com;view;\r\n";

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
        text.lines().skip(3).map(without_mark).collect::<Vec<_>>(),
        [
            "T-1;nobody;both;\"a; \"\"b\"\"",
            "c\";\"has no `@`; an address like name@example.com is wanted\"",
            "T-2;b@example.com;view;;\"not read: the row has 3 cells, the header 4; what is missing cannot be told [clear this cell if \
             the row is right as it stands: ]\"",
            "T-3;c@example.com;view;\";stray\";\"not read: the row has 5 cells, the header 4; perhaps a cell with a delimiter \
             lacks its quotes [clear this cell if the row is right as it stands: ]\"",
            "\"T-4;d@example.com;\"\"view;\";;;;\"not read: the quote opened here (character 19) never closes; reading goes on \
             with the next line [clear this cell if the row is right as it stands: ]\"",
            "T-5;\u{fffd}@example.com;view;;\"not read: byte 0xE9 at character 5 is not UTF-8; save the file as UTF-8 [clear this cell if \
             the row is right as it stands: ]\"",
            "T-6;f@example.com;view;;'=Concord refused it",
        ]
    );
}

/// A line of rejects with the mark of its row blanked, which is a digest.
fn without_mark(line: &str) -> String {
    match line.rsplit_once("as it stands: ") {
        Some((before, rest)) => format!("{before}as it stands: {}", &rest[8..]),
        None => line.to_owned(),
    }
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
            "uncorrected_line@",
            "uncorrected_line@",
            "uncorrected_line@",
            "not_utf@"
        ]
    );
    assert_eq!(codes(&second), codes(&first));
    assert_eq!(second, first);
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
            (b"T-2;b@example.com;view;;", b"T-2;b@example.com;view;none;"),
            (
                b"T-2;b@example.com;view\r",
                b"T-2;b@example.com;view;none\r",
            ),
            (b"\";stray\"", b""),
            (b"view;;stray", b"view;"),
            (
                b"\"T-4;d@example.com;\"\"view;\";;;;",
                b"T-4;d@example.com;view;;",
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

/// The rejects of an input, as `save` leaves them.
fn saved(plan: &ReadPlan, input: &[u8], save: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let rejects = rejects(plan, input, false);
    save(std::str::from_utf8(&rejects).expect("UTF-8"))
}

/// Text as Excel saves it as "CSV (Comma delimited)" where a list is divided by semicolons.
pub(crate) fn as_excel(rejects: &str) -> Vec<u8> {
    let rejects = rejects.strip_prefix('\u{feff}').expect("a mark");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(rejects.as_bytes());
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for record in reader.records() {
        writer
            .write_record(&record.expect("each row has all cells"))
            .expect("memory writes");
    }
    let text = String::from_utf8(writer.into_inner().expect("memory writes")).expect("UTF-8");
    let (bytes, _, is_lossy) = encoding_rs::WINDOWS_1252.encode(&text);
    assert!(!is_lossy);
    bytes.into_owned()
}

const BEYOND_ASCII: &str = "Ticket,Email,Wish\n\
    T-1,ann@example.com,view\n\
    T-Müller,nobody,view\n\
    T-2,b@example.com\n\
    T-3,c@example.com,view,beyond\n";

#[test]
fn rejects_beyond_ascii_have_a_byte_order_mark_and_a_cell_for_each_column() {
    let rejects = rejects(&plan(), BEYOND_ASCII.as_bytes(), false);
    let text = String::from_utf8(rejects).expect("UTF-8");
    let text = text.strip_prefix('\u{feff}').expect("a mark");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    assert_eq!(header.iter().next_back(), Some("import_problem"));
    for record in reader.records() {
        let record = record.expect("it has as many cells as the header");
        assert!(!record[3].is_empty(), "{record:?}");
    }
    // Without text beyond ASCII it is as it was.
    let plain = BEYOND_ASCII.replace('ü', "ue");
    assert!(rejects_text(plain.as_bytes()).starts_with("Ticket,"));
}

fn rejects_text(input: &[u8]) -> String {
    String::from_utf8(rejects(&plan(), input, false)).expect("UTF-8")
}

#[test]
fn rejects_that_excel_has_saved_are_read_whatever_the_job_says_of_their_input() {
    let mut said = plan();
    said.reading.delimiter = Some(b',');
    for encoding in [
        None,
        Some(encoding_rs::UTF_8),
        Some(encoding_rs::UTF_16LE),
        Some(encoding_rs::WINDOWS_1252),
    ] {
        let mut again = said.clone();
        again.reading.encoding = encoding;
        let saved = saved(&said, BEYOND_ASCII.as_bytes(), as_excel);
        let (rows, shape) = rows_and_shape(&again, &saved);
        assert_eq!(
            shape.encoding.encoding.to_lowercase(),
            "windows-1252",
            "{encoding:?}"
        );
        assert_eq!(
            rows.iter().map(told).collect::<Vec<_>>(),
            [
                "1/2: not_email@2",
                "2/3: uncorrected_line@3",
                "3/4: uncorrected_line@4"
            ]
        );
        // Corrected: one cell is right now, one row is declared right, one was moved.
        let corrected = saved
            .iter()
            .map(|byte| char::from(*byte))
            .collect::<String>()
            .replace("nobody", "a@example.com")
            .replace("b@example.com;;", "b@example.com;view;")
            .replace("view,beyond;", "view;");
        let corrected: Vec<_> = corrected
            .chars()
            .map(|c| u8::try_from(u32::from(c)).expect("one byte"))
            .collect();
        let rows = rows_and_shape(&again, &corrected).0;
        assert_eq!(
            rows.iter().map(told).collect::<Vec<_>>(),
            ["1/2: T-Müller view", "2/3: T-2 view", "3/4: T-3 view"]
        );
    }
}

/// Rejects that a person has corrected and saved in an encoding.
fn corrected(names: &[&str], encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    let mut text = "Ticket;Email;Wish;import_problem\r\n".to_owned();
    for name in names {
        text.push_str(&format!(
            "{name};ann@example.com;view;Wish `Era…` is no request (+44…21, j…@e…)\r\n"
        ));
    }
    let (bytes, _, is_lossy) = encoding.encode(&text);
    assert!(!is_lossy);
    bytes.into_owned()
}

#[test]
fn the_encoding_of_the_job_file_never_counts_for_saved_rejects() {
    use encoding_rs::{MACINTOSH, UTF_8, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1257};
    for said in [
        None,
        Some(MACINTOSH),
        Some(WINDOWS_1250),
        Some(WINDOWS_1251),
        Some(WINDOWS_1252),
        Some(WINDOWS_1257),
        Some(UTF_8),
    ] {
        let mut plan = plan();
        plan.reading.delimiter = Some(b',');
        plan.reading.encoding = said;
        for saved_in in [WINDOWS_1252, MACINTOSH, UTF_8] {
            for names in [
                &["Loïc"][..],
                &["Håkon"],
                &["Bob", "Loïc", "Håkon"],
                &["Müller", "Zoë", "Peña", "François"],
                &["Bob"],
            ] {
                let rows = rows_and_shape(&plan, &corrected(names, saved_in)).0;
                let read: Vec<_> = rows.iter().map(told).collect();
                let wanted: Vec<_> = (1..)
                    .zip(names)
                    .map(|(row, name)| format!("{row}/{}: {name} view", row + 1))
                    .collect();
                assert_eq!(read, wanted, "{said:?} {saved_in:?}");
                let warnings: Vec<_> = rows.iter().flat_map(|row| &row.warnings).collect();
                let is_guess = warnings
                    .iter()
                    .any(|warning| warning.code.as_str() == "guessed_encoding");
                assert_eq!(is_guess, saved_in != UTF_8, "{said:?} {names:?}");
            }
        }
    }
}

#[test]
fn saved_rejects_that_cannot_be_windows_1252_are_asked_for_as_utf_8() {
    for said in [None, Some(encoding_rs::WINDOWS_1252)] {
        let mut plan = plan();
        plan.reading.encoding = said;
        let saved = corrected(&["Işık"], encoding_rs::WINDOWS_1254);
        let Err(error) = open(&plan, &saved) else {
            panic!("it opens");
        };
        assert!(
            error
                .to_string()
                .contains("line 2: cannot tell the encoding: byte 0xFD is `ý` in Windows-1252"),
            "{error}"
        );
        assert!(
            error
                .hint()
                .starts_with("save the rejects file again as UTF-8")
        );
    }
}

/// Text as a spreadsheet program saves it in a code page: `?` in place of each letter that the code page lacks.
fn in_code_page(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let of = |c: char| {
        let letter = c.to_string();
        let (bytes, _, is_lossy) = encoding.encode(&letter);
        if is_lossy {
            b"?".to_vec()
        } else {
            bytes.into_owned()
        }
    };
    text.chars().flat_map(of).collect()
}

#[test]
fn rejects_saved_in_the_code_page_of_any_machine_are_read_as_they_were() {
    use encoding_rs::{
        ISO_8859_2, MACINTOSH, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1254, WINDOWS_1257,
    };
    for (names, encoding) in [
        (&["Guðmundur"][..], WINDOWS_1252),
        (&["Þórður", "Sigríður"], WINDOWS_1252),
        (&["Loïc", "Hélène"], WINDOWS_1252),
        (&["Doğan"], WINDOWS_1254),
        (&["Işık", "Müller"], WINDOWS_1254),
        (&["Poznański"], WINDOWS_1250),
        (&["Poznański"], ISO_8859_2),
        (&["Rūta Žukauskienė"], WINDOWS_1257),
        (&["Пётр"], WINDOWS_1251),
        (&["Hélène"], MACINTOSH),
        (&["Łódź", "Loïc"], MACINTOSH),
    ] {
        let mut input = "Ticket,Email,Wish\n".to_owned();
        for name in names {
            input.push_str(&format!("{name},nobody,view\n"));
        }
        // A row that could not be read whole names its letters too.
        input.push_str(&format!("{},ann@example.com\n", names[0]));
        let saved = saved(&plan(), input.as_bytes(), |text| {
            in_code_page(text, encoding)
        });
        assert!(std::str::from_utf8(&saved).is_err());
        let rows = rows_and_shape(&plan(), &saved).0;
        assert!(rows.iter().all(|row| told(row).contains('@')));
        let corrected: Vec<u8> = {
            let text: String = saved.iter().map(|byte| char::from(*byte)).collect();
            let text = text.replace("nobody", "bob@example.com");
            text.chars()
                .map(|c| u8::try_from(u32::from(c)).expect("a byte"))
                .collect()
        };
        let rows = rows_and_shape(&plan(), &corrected).0;
        for ((row, name), number) in rows.iter().zip(names).zip(1..) {
            let lost: String = name
                .chars()
                .map(|c| {
                    if encoding.encode(&c.to_string()).2 {
                        '?'
                    } else {
                        c
                    }
                })
                .collect();
            assert_eq!(
                told(row),
                format!("{number}/{}: {lost} view", number + 1),
                "{names:?} {encoding:?}"
            );
        }
    }
}

#[test]
fn problems_of_the_encoding_of_saved_rejects_say_to_save_them_again() {
    let problems = |rows: &[u8]| -> Vec<(&str, String)> {
        let saved = [b"Ticket;Email;Wish;import_problem\r\n", rows].concat();
        let rows = rows_and_shape(&plan(), &saved).0;
        let mut found = Vec::new();
        for row in &rows {
            found.extend(
                row.warnings
                    .iter()
                    .map(|one| (one.code.as_str(), one.message.clone())),
            );
            if let Some(Item::Invalid { problems, .. }) = row.items.first() {
                found.extend(
                    problems
                        .iter()
                        .map(|one| (one.code.as_str(), one.message.clone())),
                );
            }
        }
        found
    };
    let mut all =
        problems(b"M\xfcller;a@example.com;view;x\r\nN\xfa\xf1ez \x81;b@example.com;view;x\r\n");
    all.extend(problems(b"Zo\xeb \xbcuvre \xa4;a@example.com;view;x\r\n"));
    all.extend(problems(b"M\xfcller;a@example.com;view;x\r\n"));
    let codes: Vec<_> = all.iter().map(|(code, _)| *code).collect();
    for code in [
        "doubtful_encoding",
        "not_decodable",
        "misread",
        "guessed_encoding",
    ] {
        assert!(codes.contains(&code), "{code} in {all:?}");
    }
    for (code, message) in &all {
        let is_right = message.contains("save the rejects file again as UTF-8")
            && message.contains("as a workbook")
            && !message.contains("[input]");
        assert!(is_right, "{code}: {message}");
    }
}

#[test]
fn saved_rejects_in_an_encoding_that_nothing_decides_are_not_sent() {
    let (place, server) = (Place::new(), server(|_| {}));
    let mut args = place.live(1, &server);
    let job = fs::read_to_string(place.path("t.toml")).expect("read");
    fs::write(
        place.path("t.toml"),
        job.replace("[input]", "[input]\nencoding = \"windows-1254\""),
    )
    .expect("written");
    let text = "Ticket;Email;Wish;import_problem\r\nGuðmundur;ann@example.com;Erase;has no `@`\r\n";
    fs::write(
        place.path("rejects.csv"),
        in_code_page(text, encoding_rs::WINDOWS_1252),
    )
    .expect("written");
    args[1] = "rejects.csv".to_owned();
    args.extend(["--job", "t.toml"].map(str::to_owned));
    let refused = place.finish(&args);
    let told = crate::cli::stderr(&refused);
    assert_eq!(code(&refused), 2, "{told}");
    assert!(server.requests().is_empty());
    for words in [
        "rejects.csv, line 2: cannot tell the encoding: byte 0xF0 is `ð` in Windows-1252",
        "hint: save the rejects file again as UTF-8",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    // The hint works.
    fs::write(place.path("rejects.csv"), format!("\u{feff}{text}")).expect("written");
    let sent = place.finish(&args);
    assert_eq!(code(&sent), 0, "{}", crate::cli::stderr(&sent));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_row_that_was_not_read_is_taken_once_its_problem_is_cleared() {
    let input = b"Ticket,Email,Wish,Note\nT-2,b@example.com,view\n";
    let rejects = rejects_text(input);
    let (row, _) = rejects.split_once(",\"not read").expect("a problem");
    let rows = rows_and_shape(&plan(), format!("{row},\n").as_bytes()).0;
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), ["1/2: T-2 view"]);
}

#[test]
fn rejects_saved_without_the_line_that_named_the_delimiter_are_found() {
    let mut plan = plan();
    plan.reading.header_row = std::num::NonZeroU64::new(2);
    plan.reading.delimiter = Some(b';');
    let first = rejects(
        &plan,
        "sep=;\nTicket;Email;Wish\nT-é;nobody;view\n".as_bytes(),
        false,
    );
    let text = String::from_utf8(first)
        .expect("UTF-8")
        .replace("sep=;\n", "");
    let rows = rows_and_shape(&plan, text.replace("nobody", "a@example.com").as_bytes()).0;
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), ["1/2: T-é view"]);
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
        ["1/2: uncorrected_line@2", "2/3: uncorrected_line@3"]
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
         {\"import_line\":\"{\\\"Ticket\\\":2,\",\"import_problem\":\"not JSON at byte 12 of the line: it ends where a value is expected\"}\n\
         {\"Ticket\":3,\"Wish\":\"view\",\"Wish\":\"view\",\"from\":{\"Email\":\"c@example.com\"},\"import_problem\":\"an object has \
         the key `Wish` more than once, and which value counts is unknown\"}\n"
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

const REJECTS: &str = "concord-import-out/t/rejects.csv";

/// The names and contents of the edited rejects that are kept.
fn kept(place: &Place) -> Vec<(String, String)> {
    let files = fs::read_dir(place.path("concord-import-out/t")).expect("listed");
    let files = files.map(|file| file.expect("a file"));
    let mut kept: Vec<_> = files
        .map(|file| (file.file_name().display().to_string(), file.path()))
        .filter(|(name, _)| name.starts_with("rejects.edited-"))
        .map(|(name, path)| (name, fs::read_to_string(path).expect("it is there")))
        .collect();
    kept.sort();
    kept
}

#[test]
fn rejects_that_somebody_has_edited_are_kept_and_told_of() {
    let (place, server) = (Place::new(), server(|_| {}));
    let mut args = place.live(3, &server);
    let wrong = support::csv(3).replace("person2@example.com", "nobody");
    fs::write(place.path("t.csv"), &wrong).expect("written");
    assert_eq!(code(&place.finish(&args)), 1);
    let first = place.read(REJECTS);

    // They were not edited, so they are replaced without a message.
    let again = place.finish(&args);
    assert_eq!(kept(&place), []);
    assert!(!stdout(&again).contains("kept"), "{}", stdout(&again));

    // Corrected, and the source runs again.
    let corrected = first.replace("nobody", "person2@example.com");
    fs::write(place.path(REJECTS), &corrected).expect("written");
    let told = stdout(&place.finish(&args));
    let files = kept(&place);
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0].1, corrected);
    assert_eq!(place.read(REJECTS), first);
    for words in [
        &*files[0].0,
        "as they were edited since the last run",
        "Next, to send what was corrected in them",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    assert_eq!(kept(&place), files, "each edited file is kept once");
    assert_eq!(code(&place.finish(&args)), 1);
    assert_eq!(kept(&place), files);

    // Edited again, and then nothing is rejected any more: `results` and JSON say so too.
    fs::write(place.path(REJECTS), "edited again").expect("written");
    args[0] = "results".to_owned();
    args.retain(|arg| arg != "--yes");
    let told = stdout(&place.finish(&args));
    assert!(told.contains("as they were edited"), "{told}");
    assert_eq!(kept(&place).len(), 2);
    fs::write(place.path(REJECTS), "edited once more").expect("written");
    fs::write(place.path("t.csv"), support::csv(3)).expect("written");
    args[0] = "run".to_owned();
    args.extend(["--yes", "--progress", "json"].map(str::to_owned));
    let told = stdout(&place.finish(&args));
    let summary = told.lines().last().expect("a summary");
    let summary: serde_json::Value = serde_json::from_str(summary).expect("JSON");
    let name = summary["edited_rejects"].as_str().expect("it is told");
    let files = kept(&place);
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(files.contains(&(name.to_owned(), "edited once more".to_owned())));
    assert!(!place.path(REJECTS).exists());
}
