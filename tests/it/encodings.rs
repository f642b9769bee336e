//! Text of any encoding: read as what it is, or refused by line and byte.

use concord_import::internals::intake::{Basis, Item, Seen};
use concord_import::internals::report::rejects::RejectsWriter;

use crate::reading::{error, open, plan, read, told};

/// The input's encoding as it was understood, then its rows.
fn understood(bytes: &[u8]) -> (String, Vec<String>) {
    let intake = open(&plan(), bytes).expect("it opens");
    let encoding = intake.shape().encoding;
    let rows = read(&plan(), bytes);
    (
        format!("{} {:?}", encoding.encoding, encoding.basis),
        rows.iter().map(told).collect(),
    )
}

fn utf_16(text: &str, is_little: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| {
            if is_little {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        })
        .collect()
}

const TEXT: &str = "Ticket,Email,Wish,Straße\r\nT-é,ann@example.com,view,\"Žižkov\r\n💌\"\r\nT-2,bob@example.com,view,\r\n";

#[test]
fn unicode_is_read_with_and_without_a_mark() {
    let rows = ["1/2: T-é view", "2/4: T-2 view"];
    let marked = format!("\u{feff}{TEXT}");
    let utf_32 = |is_little: bool| -> Vec<u8> {
        marked
            .chars()
            .map(u32::from)
            .flat_map(|c| {
                if is_little {
                    c.to_le_bytes()
                } else {
                    c.to_be_bytes()
                }
            })
            .collect()
    };
    for (bytes, encoding) in [
        (TEXT.as_bytes().to_vec(), "UTF-8 Content"),
        (marked.clone().into_bytes(), "UTF-8 Mark"),
        (utf_16(TEXT, true), "UTF-16LE Content"),
        (utf_16(TEXT, false), "UTF-16BE Content"),
        (utf_16(&marked, true), "UTF-16LE Mark"),
        (utf_16(&marked, false), "UTF-16BE Mark"),
        (utf_32(true), "UTF-32LE Mark"),
        (utf_32(false), "UTF-32BE Mark"),
    ] {
        let (found, told) = understood(&bytes);
        assert_eq!(found, encoding);
        assert_eq!(told, rows, "{encoding}");
        let intake = open(&plan(), &bytes).expect("it opens");
        assert_eq!(intake.shape().columns[3], "Straße", "{encoding}");
    }
}

#[test]
fn a_code_page_is_guessed_and_the_job_may_say_another() {
    let text = b"Ticket,Email,Wish\nT-M\xfcller \x80,ann@example.com,view\nT-\x81,bob@example.com,view\nT-3,nobody,view\n";
    let (found, rows) = understood(text);
    assert_eq!(found, "Windows-1252 Guess");
    assert_eq!(
        rows,
        [
            // What disproves the guess makes it doubtful for all.
            "1/2: doubtful_encoding@2",
            "2/3: not_decodable@3",
            "3/4: not_email@4"
        ]
    );
    let mut plan = plan();
    plan.reading.encoding = Some(encoding_rs::ISO_8859_15);
    let intake = open(&plan, text).expect("it opens");
    assert_eq!(intake.shape().encoding.basis, Basis::Job);
    assert_eq!(told(&read(&plan, text)[0]), "1/2: not_decodable@2");
}

#[test]
fn bytes_that_cannot_be_decoded_are_told_with_their_place_in_the_line() {
    let mut text = utf_16("Ticket,Email,Wish\nT-1,é@x.example,\"vi", true);
    text.extend([0x00, 0xd8]);
    text.extend(utf_16("ew\"\nT-2,bob@example.com,view\n", true));
    let rows = read(&plan(), &text);
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        ["1/2: not_decodable@2", "2/3: T-2 view"]
    );
    let Some(Item::Invalid { problems, .. }) = rows[0].items.first() else {
        panic!("it is refused")
    };
    assert_eq!(
        problems[0].message,
        "bytes 0x00 0xD8 at character 20 are not UTF-16LE; if another encoding is right, set it in the job file's [input]"
    );
    let error = open(&plan(), b"\xff\xfeT\0\x00\xdc,\0a\0\n\0").err();
    let told = error.expect("its header cannot be read").to_string();
    assert!(
        told.contains("bytes 0x00 0xDC at character 2 are not UTF-16LE"),
        "{told}"
    );
}

#[test]
fn damage_to_single_rows_of_utf_8_and_json_is_no_code_page() {
    let (found, rows) = understood(
        b"Ticket,Email,Wish\nT-\xc3\xa9\xc3\xbc,a@example.com,view\nT-\xe9,b@example.com,view\n",
    );
    assert_eq!(found, "UTF-8 Content");
    assert_eq!(rows[1], "2/3: not_utf8@3");
    let (found, rows) =
        understood(b"{\"Ticket\":\"\xe9\",\"Email\":\"a@example.com\",\"Wish\":\"view\"}\n");
    assert_eq!(found, "UTF-8 Content");
    assert_eq!(rows, ["1/1: not_utf8@1"]);
}

#[test]
fn text_is_the_same_however_it_is_cut_into_chunks() {
    let rows: Vec<String> = (0..9_000)
        .map(|n| format!("T-{n},é{}@example.com,view\r\n", "x".repeat(n % 7)))
        .collect();
    let text = format!("Ticket,Email,Wish\r\n{}", rows.concat());
    let plain = read(&plan(), text.as_bytes());
    let wide = read(&plan(), &utf_16(&text, true));
    assert!(plain.len() == 9_000 && plain.iter().map(told).eq(wide.iter().map(told)));
}

#[test]
fn rejects_of_decoded_text_are_utf_8_and_inputs_of_the_same_job() {
    let mut plan = plan();
    plan.reading.encoding = Some(encoding_rs::WINDOWS_1252);
    let text = b"Ticket,Email,Wish\nT-M\xfcller,nobody,view\nT-\x81\x8d,bob@example.com,view\nT-3,c@example.com,view\n";
    let rejects = |bytes: &[u8]| {
        let mut intake = open(&plan, bytes).expect("it opens");
        let rows = intake
            .next_batch(&mut Seen::new(), 10)
            .expect("memory reads");
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
    };
    let first = rejects(text);
    assert!(
        first.starts_with(
            "\u{feff}Ticket,Email,Wish,import_problem\nT-Müller,nobody,view,".as_bytes()
        )
    );
    let again: Vec<_> = read(&plan, &first).iter().map(told).collect();
    assert_eq!(again, ["1/2: not_email@2", "2/3: not_utf8@3"]);
    assert_eq!(rejects(&first).len(), rejects(&rejects(&first)).len());

    // Rejects of UTF-8 without a mark, of which only what is damaged is left.
    plan.reading.encoding = None;
    let damaged = b"Ticket,Email,Wish,import_problem\nT-\xe9,b@example.com,view,not UTF-8\n";
    let again: Vec<_> = read(&plan, damaged).iter().map(told).collect();
    assert_eq!(again, ["1/2: not_utf8@2"]);
}

#[test]
fn one_row_that_disproves_a_guess_makes_all_beyond_ascii_doubtful() {
    let disproof = b"J\x81rgen \xa4";
    let few = table(&[b"Bob", b"M\xfcller", b"Zo\xeb", b"N\xfa\xf1ez", disproof]);
    let (found, rows) = understood(&few);
    assert_eq!(found, "Windows-1252 Guess");
    assert_eq!(
        rows,
        [
            "1/2: Bob view",
            "2/3: doubtful_encoding@3",
            "3/4: doubtful_encoding@4",
            "4/5: doubtful_encoding@5",
            "5/6: not_decodable@6"
        ]
    );
    // The damage is far beyond the bytes that are read first, in a compressed input too.
    let mut many: Vec<&[u8]> = vec![b"Bob"; 60_000];
    many[3] = b"M\xfcller Zo\xeb N\xfa\xf1ez";
    many.push(disproof);
    let many = table(&many);
    assert!(many.len() > 1024 * 1024);
    for bytes in [many.clone(), crate::oracle::packing::gzip(&many)] {
        let rows = read(&plan(), &bytes);
        let told: Vec<_> = rows
            .iter()
            .map(told)
            .filter(|row| row.contains('@'))
            .collect();
        assert_eq!(
            told,
            [
                "4/5: doubtful_encoding@5",
                "60001/60002: not_decodable@60002"
            ]
        );
    }
    // With an encoding from the job file, damage in one row does not affect the others.
    let mut plan = plan();
    plan.reading.encoding = Some(encoding_rs::WINDOWS_1252);
    assert_eq!(told(&read(&plan, &few)[1]), "2/3: Müller view");
}

#[test]
fn sparse_letters_are_read_by_evidence_or_asked_for() {
    for (name, read_as) in [
        (&b"Fee \xa35"[..], "Fee £5"),
        (b"O\x92Brien \x96 5 \x80", "O’Brien – 5 €"),
        (b"M\x9fller", "Müller"),
        (b"Ren\x8e", "René"),
        (b"Fran\x8dois", "François"),
        (b"Pe\xf1a Garc\xeda", "Peña García"),
        (b"Fran\xe7ois", "François"),
        (b"Micha\xb3", "Michał"),
    ] {
        let (found, rows) = understood(&table(&[b"Bob", name]));
        assert_eq!(rows[1], format!("2/3: {read_as} view"), "{found}");
    }
    for name in [
        &b"Lo\xefc"[..],
        b"Wo\x9fniak",
        b"Kowali\xf1ski",
        b"Guimar\xe3",
        b"H\xe5kon",
        b"\xcb\xe8",
    ] {
        let text = table(&[b"Bob", name, name, name]);
        let told = error(&plan(), &text);
        assert!(
            told.contains("tickets.csv, line 3: cannot tell the encoding: byte 0x")
                && told.contains("set encoding in the job file's [input]"),
            "{told}"
        );
        let mut plan = plan();
        plan.reading.encoding = Some(encoding_rs::WINDOWS_1252);
        assert!(read(&plan, &text).iter().all(told_is_view));
    }
    // Rows far from the start are evidence too.
    let mut rows: Vec<&[u8]> = vec![b"M\xfcller"; 60_000];
    assert_eq!(understood(&table(&rows)).0, "Windows-1252 Guess");
    rows.push(b"Lo\xefc");
    assert!(error(&plan(), &table(&rows)).contains("line 60002"));
}

fn told_is_view(row: &concord_import::internals::intake::RowReading) -> bool {
    told(row).ends_with(" view") || told(row).contains("repeats")
}

fn table(rows: &[&[u8]]) -> Vec<u8> {
    let mut text = b"Ticket,Email,Wish\n".to_vec();
    for row in rows {
        text.extend_from_slice(row);
        text.extend_from_slice(b",ann@example.com,view\n");
    }
    text
}

#[test]
fn rare_letters_of_windows_1252_that_are_usual_in_another_code_page_are_not_guessed() {
    use encoding_rs::{Encoding, WINDOWS_1250, WINDOWS_1252, WINDOWS_1257};
    let encoded = |encoding: &'static Encoding, names: &str| {
        let names: Vec<_> = names
            .split(", ")
            .map(|name| encoding.encode(name).0.into_owned())
            .collect();
        let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        table(&names)
    };
    for (encoding, names, told_of) in [
        (
            WINDOWS_1257,
            "Rūta Žukauskienė, Jonas Šimkus, Kęstutis Mažeika, Jūratė Žemaitė",
            "byte 0xFE is `þ` in Windows-1252, `ž` in Windows-1257",
        ),
        (
            WINDOWS_1257,
            "Jüri Šmidt, Tõnu Kõiv, Märt Pärn, Ülo Šults",
            "byte 0xD0 is `Ð` in Windows-1252, `Š` in Windows-1257",
        ),
    ] {
        let text = encoded(encoding, names);
        match open(&plan(), &text) {
            // Recognised.
            Ok(intake) => assert_eq!(
                intake.shape().encoding.encoding.to_lowercase(),
                encoding.name().to_lowercase(),
                "{names}"
            ),
            Err(error) => assert!(error.to_string().contains(told_of), "{error}"),
        }
        let mut plan = plan();
        plan.reading.encoding = Some(encoding);
        let rows = read(&plan, &encoded(encoding, names));
        assert!(rows.iter().all(told_is_view));
    }
    // Hungarian is recognised or asked for.
    for names in [
        "Ernő Kővári, Gergő Kiss, Erzsébet Szőke, Tímea Németh",
        "Ernő Kővári, Jürgen Kiss, Erzsébet Kő",
        "Győző Fűzfői, Ernő Kővári",
    ] {
        let text = encoded(WINDOWS_1250, names);
        match open(&plan(), &text) {
            Ok(intake) => assert_eq!(intake.shape().encoding.encoding, "Windows-1250", "{names}"),
            Err(error) => assert!(error.to_string().contains("`ő` in Windows-1250"), "{error}"),
        }
    }
    for names in [
        "Guðmundur Jónsson, Sigríður Þórðardóttir, Guðrún Ægisdóttir, Þorsteinn Björnsson",
        "João Simões, Magalhães Camões, Gonçalves Conceição, Inês Brandão",
        "Jõgi Märt, Kõiv Ülo, Tõnu Põld, Pärn Jüri",
        "Jürgen Weiß, Bärbel Größe, Schröder Käser",
        "Hélène François, Loïc Jérôme, Thérèse Benoît",
        "José Núñez, Íñigo Peña, Ángel Muñoz",
        "Håkon Sørensen, Åse Kjær, Jørgen Mørk",
        "Åsa Björn, Märta Åkerlund, Håkan Sjöberg",
    ] {
        let (found, rows) = understood(&encoded(WINDOWS_1252, names));
        assert_eq!(found, "Windows-1252 Guess", "{names}");
        assert!(
            rows[0].contains(names.split(", ").next().unwrap_or_default()),
            "{rows:?}"
        );
    }
}

#[test]
fn one_row_of_another_encoding_makes_no_code_page_of_the_others() {
    let (found, rows) = understood(&table(&[b"J\xc3\xbcrgen", b"Bob", b"J\xfcrgen", b"Zo\xeb"]));
    assert_eq!(found, "UTF-8 Content");
    assert_eq!(
        rows,
        [
            "1/2: Jürgen view",
            "2/3: Bob view",
            "3/4: not_utf8@4",
            "4/5: not_utf8@5"
        ]
    );
    // A letter and a symbol that meet by chance in a long file.
    let mut rows = vec![&b"J\xfcrgen"[..]; 100];
    rows.push(b"IRM\xc3\xab");
    let (found, rows) = understood(&table(&rows));
    assert_eq!(found, "Windows-1252 Guess");
    assert_eq!(rows[0], "1/2: Jürgen view");
    // Other scripts, where any byte may follow any other.
    let (found, _) = understood(&table(&[
        b"\xb1\xe8\xc3\xa3\xbc\xf6",
        b"\xc0\xcc \xc3\xa3",
        b"\xb9\xda \xc1\xf6\xb9\xce",
        b"\xc3\xd6 \xbf\xb5\xc8\xf1",
    ]));
    assert_eq!(found, "EUC-KR Guess");
}

#[test]
fn what_a_guessed_code_page_makes_of_another_is_refused_as_far_as_it_shows() {
    for (bytes, problem) in [
        (&b"J\x81rgen M\x81ller"[..], "1/2: misread@2"), // of DOS
        (b"Jos\x8e N\x9c\x96ez", "1/2: José Núñez view"), // of the Macintosh
        (b"Zo\xeb \xbcuvre \xa4", "1/2: misread@2"),     // Latin-9
        (b"O\x92Brien \x96 \x93Pat\x94", "1/2: O’Brien – “Pat” view"),
    ] {
        let (found, rows) = understood(&table(&[bytes, b"Bob"]));
        assert!(found.ends_with("Guess"), "{found}");
        assert_eq!(rows, [problem, "2/3: Bob view"], "{found}");
    }
    // Words that are words in a code page of DOS may be of that, although it is not read.
    for bytes in [
        &b"Jos\x82 N\xa3\xa4ez"[..],
        b"Fran\x87ois",
        b"Bj\x94rn",
        b"\x9dukasz Dvo\xfd\xa0k",
    ] {
        let told = error(&plan(), &table(&[bytes, b"Bob"]));
        assert!(
            told.contains("cannot tell the encoding") && told.contains("in IBM85"),
            "{told}"
        );
    }
    // That it is a guess is told at the first row that hangs on it.
    let rows = read(&plan(), &table(&[b"Bob", b"J\xfcrgen", b"Zo\xeb"]));
    let told: Vec<_> = rows.iter().flat_map(|row| &row.warnings).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].code.as_str(), told[0].position.line),
        ("guessed_encoding", 3)
    );
}

#[test]
fn damaged_characters_are_problems_of_what_is_sent() {
    let mut plan = plan();
    plan.rules.fields[1].1 = crate::support::column("Email");
    plan.rules.fields.push((
        concord_import::internals::entry::Field::UserFirstName,
        crate::support::column("Name"),
    ));
    let text = "Ticket,Email,Wish,Name,Remark\n\
        T-1,a@example.com,view,M\u{fffd}ller,\n\
        T-2,a@example.com,view,MÃ¼ller,\n\
        T-3,a@example.com,view,\u{1b}$B;3ED\u{1b}(B,\n\
        T-4,a@example.com,view,Müller,M\u{fffd}\u{7}\n\
        T-5,a@example.com,view,it\u{92}s,\n\
        T-6,a@example.com,view,Jos?,\n\
        T-7,a@example.com,view,M¸ller,Who? Why?\n\
        T-8,a@example.com,view,O&#39;Brien,\n\
        T-9,a@example.com,view,M%FCller,\n";
    let rows: Vec<_> = read(&plan, text.as_bytes()).iter().map(told).collect();
    assert_eq!(
        rows,
        [
            "1/2: lost_character@2",
            "2/3: encoded_twice@3",
            "3/4: control_character@4",
            "4/5: T-4 view",
            "5/6: control_character@6",
            "6/7: lost_character@7",
            "7/8: garbled_name@8",
            "8/9: T-8 view",
            "9/10: escaped_text@10"
        ]
    );
}
