//! Workbooks: what a person sees in a sheet is what is read, and whatever is odd about a file ends as a clear refusal.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use concord_import::internals::intake::{Intake, IntakeError, Item, RowReading, Seen, workbook};
use concord_import::internals::plan::{Format, Input, ReadPlan, Reading};
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::cli::Place;
use crate::reading::{drain, plan, told};

const PROGRAM: &str = env!("CARGO_BIN_EXE_concord-import");

pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/workbooks")
        .join(name)
}

/// The plan of `reading`, for a file that is there.
pub(crate) fn plan_of(path: &Path, sheet: Option<&str>) -> ReadPlan {
    let mut plan = plan();
    plan.inputs = vec![Input {
        name: "book".to_owned(),
        path: path.to_owned(),
    }];
    plan.reading = Reading {
        sheet: sheet.map(str::to_owned),
        workbooks_by: Some(PROGRAM.into()),
        ..Reading::default()
    };
    plan
}

fn open(path: &Path, sheet: Option<&str>) -> Result<Intake, IntakeError> {
    Intake::open(&plan_of(path, sheet), 0, true)
}

/// Each row of a workbook of the tests.
fn read(name: &str, sheet: Option<&str>) -> Vec<RowReading> {
    drain(open(&data(name), sheet).expect("it opens"))
}

/// The cells of each row as it would stand among the rejects.
fn records(rows: &[RowReading]) -> Vec<String> {
    let records = rows.iter().filter_map(|row| row.record.as_ref());
    records
        .map(|record| String::from_utf8_lossy(&record.raw).into_owned())
        .collect()
}

/// What is wrong with a workbook as a whole: at the start, or on the way.
fn refusal(path: &Path, sheet: Option<&str>) -> String {
    let told = |error: IntakeError| format!("{error} | {}", error.hint());
    let mut intake = match open(path, sheet) {
        Ok(intake) => intake,
        Err(error) => return told(error),
    };
    let mut seen = Seen::new();
    loop {
        match intake.next_batch(&mut seen, 1_000) {
            Ok(batch) => assert!(!batch.is_empty(), "it was read without a fault"),
            Err(error) => return told(error),
        }
    }
}

/// A zip archive of deflated parts.
pub(crate) fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    let four = |number: usize| u32::try_from(number).expect("it is small").to_le_bytes();
    for (name, bytes) in parts {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory writes");
        let packed = encoder.finish().expect("memory writes");
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let mut entry = vec![20, 0, 0, 0, 8, 0, 0, 0, 33, 0];
        entry.extend(crc.sum().to_le_bytes());
        entry.extend(four(packed.len()));
        entry.extend(four(bytes.len()));
        entry.extend(&four(name.len())[..2]);
        entry.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&entry);
        directory.extend([0; 10]);
        directory.extend(four(archive.len()));
        directory.extend(name.bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&entry);
        archive.extend(name.bytes());
        archive.extend(packed);
    }
    let start = four(archive.len());
    let size = four(directory.len());
    let count = &four(parts.len())[..2];
    archive.extend(directory);
    archive.extend([b"PK\x05\x06\0\0\0\0", count, count, &size, &start, b"\0\0"].concat());
    archive
}

/// An .xlsx with such a sheet.
pub(crate) fn xlsx(sheet: &[u8]) -> Vec<u8> {
    book(&["S"], sheet)
}

/// An .xlsx with sheets of these names, each with the same cells.
pub(crate) fn book(names: &[&str], sheet: &[u8]) -> Vec<u8> {
    const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relations = |relations: String| format!("<Relationships>{relations}</Relationships>");
    let relation = |id: usize, kind: &str, target: &str| {
        format!("<Relationship Id='r{id}' Type='{RELATION}/{kind}' Target='{target}'/>")
    };
    let parts: Vec<String> = (1..=names.len())
        .map(|n| format!("worksheets/sheet{n}.xml"))
        .collect();
    let (mut sheets, mut of_parts) = (String::new(), String::new());
    for ((name, part), id) in names.iter().zip(&parts).zip(1..) {
        sheets += &format!("<sheet name='{name}' sheetId='{id}' r:id='r{id}'/>");
        of_parts += &relation(id, "worksheet", part);
    }
    let root = relations(relation(1, "officeDocument", "xl/workbook.xml"));
    let workbook = format!("<workbook><sheets>{sheets}</sheets></workbook>");
    let of_parts = relations(of_parts);
    let paths: Vec<String> = parts.iter().map(|part| format!("xl/{part}")).collect();
    let mut files: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", of_parts.as_bytes()),
    ];
    files.extend(paths.iter().map(|path| (path.as_str(), sheet)));
    archive(&files)
}

/// A sheet of these rows below the header of `reading`.
fn sheet(rows: &str) -> Vec<u8> {
    let header = "<row r='1'><c r='A1' t='inlineStr'><is><t>Ticket</t></is></c><c t='inlineStr'><is><t>Email</t></is></c>\
                  <c t='inlineStr'><is><t>Wish</t></is></c></row>";
    format!("<worksheet><sheetData>{header}{rows}</sheetData></worksheet>").into_bytes()
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("it can be written");
    file
}

#[test]
fn a_sheet_is_read_as_a_person_sees_it_whatever_the_kind_of_workbook() {
    let rows = read("requests.xlsx", None);
    assert_eq!(
        records(&rows),
        [
            "1001,ann@example.com,view,2026-03-01,12.5,00042",
            "1002,bob@example.com,delete,2026-03-01 14:30:00,0.3,01234",
            "0003,cho@example.org,change,2026-03-01,1200,99999",
        ]
    );
    let lines: Vec<_> = rows.iter().map(told).collect();
    assert_eq!(
        lines,
        ["1/5: 1001 view", "2/6: 1002 delete", "3/7: 0003 change"]
    );
    for name in ["requests.xls", "requests.ods"] {
        assert_eq!(
            records(&read(name, None)),
            [
                "1001,ann@example.com,view,2026-03-01,12.5,42",
                "1002,bob@example.com,delete,2026-03-01 14:30:00,0.3,1234",
                "0003,cho@example.org,change,2026-03-01,1200,99999",
            ],
            "{name}"
        );
    }
    assert_eq!(
        records(&read("of_1904.xlsx", None)),
        ["T-1,ann@example.com,view,2026-03-01"]
    );
    let rows = read("binary.xlsb", None);
    let lines: Vec<_> = rows.iter().map(told).collect();
    assert_eq!(
        lines,
        ["1/2: 1001 view", "2/3: 0003 delete", "3/4: cell_error@4"]
    );
}

#[test]
fn hidden_rows_are_read_and_told() {
    for (name, line) in [
        ("requests.xlsx", 6),
        ("requests.ods", 3),
        ("binary.xlsb", 3),
    ] {
        let rows = read(name, None);
        let warned: Vec<_> = rows
            .iter()
            .flat_map(|row| &row.warnings)
            .map(|warning| (warning.code.as_str(), warning.position.line))
            .collect();
        assert_eq!(warned, [("hidden_row", line)], "{name}");
    }
}

const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// The relations of a workbook of one sheet with styles, whose parts end so.
fn relations_of(end: &str) -> [String; 2] {
    let relation = |id: u32, kind: &str, target: &str| {
        format!("<Relationship Id='r{id}' Type='{RELATION}/{kind}' Target='{target}.{end}'/>")
    };
    [
        relation(1, "officeDocument", "xl/workbook"),
        relation(1, "worksheet", "worksheets/sheet1") + &relation(2, "styles", "styles"),
    ]
    .map(|all| format!("<Relationships>{all}</Relationships>"))
}

/// An .xlsx whose second row below the header is struck through, and of whose third one cell alone.
pub(crate) fn struck_xlsx() -> Vec<u8> {
    let styles = "<styleSheet><fonts><font><sz val='11'/></font><font><strike/></font><font><strike val='0'/></font></fonts>\
                  <cellStyleXfs><xf fontId='1'/></cellStyleXfs>\
                  <cellXfs><xf numFmtId='0' fontId='0'/><xf numFmtId='0' fontId='1'/><xf numFmtId='0' fontId='2'/></cellXfs>\
                  <dxfs><dxf><font><strike/></font></dxf></dxfs></styleSheet>";
    let row = |cells: [(&str, u32); 4]| {
        let cell = |(text, style): (&str, u32)| {
            format!("<c t='inlineStr' s='{style}'><is><t>{text}</t></is></c>")
        };
        format!("<row>{}</row>", cells.map(cell).concat())
    };
    let rows = [
        row([("Ticket", 1), ("Email", 1), ("Wish", 1), ("Note", 1)]),
        row([("T-1", 0), ("ann@example.com", 0), ("Access", 0), ("", 1)]),
        row([("T-2", 1), ("bob@example.com", 1), ("Access", 1), ("x", 0)]),
        row([("T-3", 0), ("cho@example.com", 1), ("Access", 0), ("", 0)]),
        row([("T-4", 2), ("dee@example.com", 2), ("Access", 2), ("", 2)]),
    ];
    let sheet = format!(
        "<worksheet><sheetData>{}</sheetData></worksheet>",
        rows.concat()
    );
    let [of_all, of_book] = relations_of("xml");
    archive(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", of_all.as_bytes()),
        (
            "xl/workbook.xml",
            b"<workbook><sheets><sheet name='S' sheetId='1' r:id='r1'/></sheets></workbook>",
        ),
        ("xl/_rels/workbook.xml.rels", of_book.as_bytes()),
        ("xl/styles.xml", styles.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

/// The same as .ods, without the row of a font that is not struck after all.
fn struck_ods() -> Vec<u8> {
    let row = |style: &str, cells: [&str; 3]| {
        let cell = |text: &str| {
            format!("<t:table-cell {style} o:value-type='string'><x:p>{text}</x:p></t:table-cell>")
        };
        format!("<t:table-row>{}</t:table-row>", cells.map(cell).concat())
    };
    let content = format!(
        "<o:document-content><o:automatic-styles><s:style s:name='ce1' s:family='table-cell'>\
         <s:text-properties s:text-line-through-style='solid'/></s:style><s:style s:name='ce2' s:family='table-cell'>\
         <s:text-properties s:text-line-through-style='none'/></s:style></o:automatic-styles><o:body><o:spreadsheet>\
         <t:table t:name='S'>{}{}{}{}</t:table></o:spreadsheet></o:body></o:document-content>",
        row("t:style-name='ce1'", ["Ticket", "Email", "Wish"]),
        row("", ["T-1", "ann@example.com", "Access"]),
        row("t:style-name='ce1'", ["T-2", "bob@example.com", "Access"]),
        row("t:style-name='ce2'", ["T-3", "cho@example.com", "Access"]),
    );
    archive(&[
        ("META-INF/manifest.xml", b"<m/>"),
        ("content.xml", content.as_bytes()),
    ])
}

/// The same as .xlsb.
fn struck_xlsb() -> Vec<u8> {
    let record = |number: u16, data: &[u8]| {
        let [low, high] = (number & 0x7f | (number >> 7) << 8).to_le_bytes();
        let mut bytes = if high > 0 {
            vec![low | 0x80, high]
        } else {
            vec![low]
        };
        bytes.push(u8::try_from(data.len()).expect("it is short"));
        bytes.extend(data);
        bytes
    };
    let text = |text: &str| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let count = u32::try_from(units.len() / 2).expect("it is short");
        [&count.to_le_bytes()[..], &units].concat()
    };
    let row = |index: u32, style: u8, cells: [&str; 3]| {
        let mut row = record(0, &[&index.to_le_bytes()[..], &[0; 12]].concat());
        for (column, cell) in (0_u32..).zip(cells) {
            let place = [&column.to_le_bytes()[..], &[style, 0, 0, 0]].concat();
            row.extend(record(6, &[place, text(cell)].concat()));
        }
        row
    };
    let styles = [
        record(43, &[220, 0, 0, 0]),
        record(43, &[220, 0, 8, 0]),
        record(617, &[]),
        record(47, &[0; 6]),
        record(47, &[0, 0, 0, 0, 1, 0]),
        record(618, &[]),
    ];
    let sheet = [
        record(145, &[]),
        row(0, 1, ["Ticket", "Email", "Wish"]),
        row(1, 0, ["T-1", "ann@example.com", "Access"]),
        row(2, 1, ["T-2", "bob@example.com", "Access"]),
        record(146, &[]),
    ];
    let book = record(156, &[vec![0; 8], text("r1"), text("S")].concat());
    let [of_all, of_book] = relations_of("bin");
    archive(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", of_all.as_bytes()),
        ("xl/workbook.bin", &book),
        ("xl/_rels/workbook.bin.rels", of_book.as_bytes()),
        ("xl/styles.bin", &styles.concat()),
        ("xl/worksheets/sheet1.bin", &sheet.concat()),
    ])
}

#[test]
fn rows_that_are_struck_through_are_read_and_told() {
    for (kind, bytes) in [
        ("xlsx", struck_xlsx()),
        ("ods", struck_ods()),
        ("xlsb", struck_xlsb()),
    ] {
        let file = file(&bytes);
        let mut plan = plan_of(file.path(), None);
        plan.rules.fields[0].1 = concord_import::internals::plan::Rule::Value(
            concord_import::internals::plan::Literal::Text("view".to_owned()),
        );
        let rows = drain(Intake::open(&plan, 0, true).expect("it opens"));
        let warned: Vec<_> = rows
            .iter()
            .flat_map(|row| &row.warnings)
            .map(|warning| (warning.code.as_str(), warning.position.line))
            .collect();
        assert_eq!(warned, [("struck_row", 3)], "{kind}");
        assert!(
            rows.iter()
                .all(|row| matches!(row.items[..], [Item::Entry(_)])),
            "{kind}"
        );
    }
}

#[test]
fn prepared_rows_of_a_sheet_are_set_aside() {
    let text = |text: &str| format!("<c t='inlineStr'><is><t>{text}</t></is></c>");
    let row = |number: u32, rest: &str| {
        format!(
            "<row><c><v>{number}</v></c>{rest}<c r='E{}' t='b'><v>0</v></c></row>",
            number + 1
        )
    };
    let filled = |number: u32| {
        let cells = ["Ticket", "person@example.com", "view"];
        row(
            number,
            &cells
                .map(|cell| {
                    text(
                        &format!("{cell}-{number}")
                            .replace("view-", "view")
                            .replace(|c: char| c.is_ascii_digit() && cell == "view", ""),
                    )
                })
                .concat(),
        )
    };
    let header = ["No", "Ticket", "Email", "Wish", "Done"].map(text).concat();
    let mut rows: String = (1..=3).map(filled).collect();
    rows.extend((4..=40).map(|number| row(number, "")));
    rows += &format!("<row><c><v>41</v></c>{}</row>", text("T-41"));
    let bytes = xlsx(
        format!("<worksheet><sheetData><row>{header}</row>{rows}</sheetData></worksheet>")
            .as_bytes(),
    );
    let file = file(&bytes);
    let read = drain(open(file.path(), None).expect("it opens"));
    let codes: Vec<_> = read
        .iter()
        .filter(|row| row.items.is_empty())
        .flat_map(|row| &row.warnings)
        .map(|warning| warning.code.as_str())
        .collect();
    assert_eq!(codes, ["prefilled"; 37]);
    let with_items: Vec<_> = read
        .iter()
        .filter(|row| !row.items.is_empty())
        .map(|row| row.position.line)
        .collect();
    assert_eq!(with_items, [2, 3, 4, 42]);
}

#[test]
fn the_digest_is_that_of_the_workbook_itself() {
    use sha2::Digest as _;
    let mut intake = open(&data("requests.xlsx"), None).expect("it opens");
    let mut seen = Seen::new();
    while !intake
        .next_batch(&mut seen, 100)
        .expect("it reads")
        .is_empty()
    {}
    let bytes = fs::read(data("requests.xlsx")).expect("it is there");
    let digest = intake.digest().expect("the end was reached");
    let sha256 = sha2::Sha256::digest(&bytes);
    let sha256 = sha256
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    assert_eq!((digest.bytes, digest.sha256), (bytes.len() as u64, sha256));
}

#[test]
fn cells_that_hold_no_certain_value_are_problems_of_their_row_where_the_column_is_used() {
    let rows = read("faults.xlsx", None);
    let lines: Vec<_> = rows.iter().map(told).collect();
    assert_eq!(
        lines,
        [
            "1/2: T-1 view",
            "2/3: formula_without_value@3",
            "3/4: cell_error@4",
            "4/5: digits_lost@5",
            "5/6: merged_cells@6",
            "6/7: merged_cells@7",
            // No rule asks for the comment.
            "7/8: T-7 view",
            "8/9: nameless_column@9",
            "9/10: T-9 view",
        ]
    );
    let messages = rows
        .iter()
        .flat_map(|row| &row.items)
        .filter_map(|item| match item {
            Item::Invalid { problems, .. } => Some(problems[0].message.as_str()),
            _ => None,
        });
    let all = messages.collect::<Vec<_>>().join("\n");
    for name in [
        "cell B3",
        "cell C4: shows the error #N/A",
        "cell A5",
        "B6:B7",
        "cell G9",
    ] {
        assert!(all.contains(name), "{name}: {all}");
    }
    assert!(!all.contains("example.com"), "no value is repeated");
}

#[test]
fn which_sheet_is_meant_is_told_by_the_job_or_by_there_being_one_table() {
    let found = refusal(&data("several.xlsx"), None);
    assert!(
        found.contains("several sheets (`January`, `February`)"),
        "{found}"
    );
    assert!(found.contains("sheet = \"January\""), "{found}");
    let found = refusal(&data("several.xlsx"), Some("Febuary"));
    assert!(
        found.contains("no sheet `Febuary` | perhaps sheet = \"February\""),
        "{found}"
    );
    assert_eq!(
        records(&read("several.xlsx", Some("february"))),
        ["F-1,february@example.com,view"]
    );
    // What is not read is told, the hidden as well.
    let unread = |name, sheet| {
        let intake = open(&data(name), sheet).expect("it opens");
        intake.shape().book.clone().expect("a workbook").unread
    };
    assert_eq!(unread("several.xlsx", Some("february")), ["`January`"]);
    assert_eq!(unread("requests.xlsx", None), ["`Notes`", "`Old` (hidden)"]);
    // A hidden sheet is read when it is named.
    assert_eq!(
        records(&read("requests.xlsx", Some("Old"))),
        ["O-1,old@example.com,view"]
    );
}

#[test]
fn what_needs_a_password_or_is_damaged_or_no_workbook_is_told_by_name() {
    assert!(refusal(&data("password.xlsx"), None).contains("needs a password"));
    let encrypted = archive(&[
        (
            "mimetype",
            b"application/vnd.oasis.opendocument.spreadsheet",
        ),
        (
            "META-INF/manifest.xml",
            b"<m:manifest><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>",
        ),
        ("content.xml", b"\x01\x02"),
    ]);
    assert!(refusal(file(&encrypted).path(), None).contains("needs a password"));
    let word = archive(&[
        ("[Content_Types].xml", b"<Types/>"),
        (
            "_rels/.rels",
            b"<R><Relationship Type='x/officeDocument' Target='word/document.xml'/></R>",
        ),
        ("word/document.xml", b"<document/>"),
    ]);
    assert!(refusal(file(&word).path(), None).contains("is a Word"));
    let mut ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    ole.resize(2_048, 0);
    assert!(refusal(file(&ole).path(), None).contains("holds no workbook"));
    let whole = fs::read(data("requests.xls")).expect("it is there");
    for size in [600, 2_000, 4_000] {
        let found = refusal(file(&whole[..size]).path(), None);
        assert!(found.contains(" | "), "{found}");
    }
    let whole = fs::read(data("requests.xlsx")).expect("it is there");
    let found = refusal(file(&whole[..whole.len() / 2]).path(), None);
    assert!(found.contains("Excel workbook"), "{found}");
    let found = refusal(
        file(&xlsx(
            b"<worksheet><sheetData><row r='1'><c r='A1'><v>1</v></row>",
        ))
        .path(),
        None,
    );
    assert!(found.contains("damaged workbook"), "{found}");
}

#[test]
fn rows_and_cells_that_cannot_stand_so_are_refused_and_never_shifted() {
    let cell = |at: &str| format!("<c r='{at}'><v>5</v></c>");
    for rows in [
        format!(
            "<row r='3'>{}</row><row r='2'>{}</row>",
            cell("A3"),
            cell("A2")
        ),
        format!("<row r='2'>{}{}</row>", cell("B2"), cell("A2")),
        format!("<row r='2'>{}</row>", cell("A7")),
        "<row r='2'><c r='A2' t='s'><v>9</v></c></row>".to_owned(),
        "<row r='2'><c r='A2' t='odd'><v>9</v></c></row>".to_owned(),
        format!("<row r='1048577'>{}</row>", cell("A1048577")),
    ] {
        let found = refusal(file(&xlsx(&sheet(&rows))).path(), None);
        assert!(found.contains("damaged workbook"), "{rows}: {found}");
    }
    // A value in pieces is one value.
    let rows = "<row r='2'><c r='A2'><v>1<!-- x -->2<![CDATA[3]]>&#52;</v></c><c r='B2' t='str'><v>a&amp;b@example.com</v></c>\
                <c r='C2' t='inlineStr'><is><r><t>vi</t></r><rPh sb='0' eb='1'><t>x</t></rPh><r><t>ew</t></r></is></c></row>";
    let book = file(&xlsx(&sheet(rows)));
    let rows = drain(open(book.path(), None).expect("it opens"));
    assert_eq!(records(&rows), ["1234,a&b@example.com,view"]);
}

#[test]
fn a_million_empty_rows_cost_nothing() {
    let mut rows = String::from(
        "<row r='2'><c r='A2'><v>7</v></c><c t='str'><v>a@example.com</v></c><c t='str'><v>view</v></c></row>",
    );
    for row in 3..=1_048_576 {
        rows += &format!("<row r='{row}'><c r='A{row}' s='1'/></row>");
        if row == 20_000 {
            rows += "<row r='1048576' s='1'/>";
            break;
        }
    }
    let book = file(&xlsx(&sheet(&rows)));
    let rows = drain(open(book.path(), None).expect("it opens"));
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), ["1/2: 7 view"]);
}

#[test]
fn a_small_file_that_unpacks_to_a_large_one_is_refused() {
    let blank = vec![b' '; 64 * 1024 * 1024];
    let book = xlsx(&[b"<worksheet><sheetData>", blank.as_slice()].concat());
    assert!(book.len() < 200_000, "it is a small file");
    let found = refusal(file(&book).path(), None);
    assert!(found.contains("damaged workbook"), "{found}");
}

#[cfg(unix)]
#[test]
fn a_process_that_fails_in_any_way_is_a_refusal_with_a_hint() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().expect("a folder");
    let sheet = r#"{"Sheet":{"kind":"Xlsx","name":"S","hidden_columns":[],"unread":[]}}"#;
    let header = r#"{"Row":{"number":1,"is_hidden":false,"cells":[[0,"Ticket"],[1,"Email"],[2,"Wish"]],"wrong":[],"merged":[]}}"#;
    for (index, (script, what)) in [
        ("exit 101", "damaged workbook"),
        ("kill -ABRT $$", "needs more memory"),
        ("kill -XCPU $$", "takes too long"),
        ("kill -KILL $$", "ended by the system"),
        ("cat > /dev/null; echo nonsense", "damaged workbook"),
        (
            "cat > /dev/null; exec head -c 6000000 /dev/zero",
            "damaged workbook",
        ),
        (
            "cat > /dev/null; echo \"$S\"; echo \"$H\"",
            "damaged workbook",
        ),
        (
            "cat > /dev/null; echo \"$S\"; echo \"$H\"; kill -ABRT $$",
            "needs more memory",
        ),
        (
            "cat > /dev/null; echo \"$S\"; echo \"$H\"; echo '\"End\"'; echo x",
            "damaged workbook",
        ),
        (
            "cat > /dev/null; echo \"$S\"; echo \"$H\"; echo '\"End\"'; exit 3",
            "damaged workbook",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let program = place.path().join(format!("p{index}"));
        let text = format!("#!/bin/sh\nPATH=/usr/bin:/bin\nS='{sheet}'\nH='{header}'\n{script}\n");
        fs::write(&program, text).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("allowed");
        let mut plan = plan_of(&data("requests.xlsx"), None);
        plan.reading.workbooks_by = Some(program);
        let found = match Intake::open(&plan, 0, false) {
            Ok(mut intake) => intake.next_batch(&mut Seen::new(), 10).expect_err(script),
            Err(error) => error,
        };
        assert!(found.to_string().contains(what), "{script}: {found}");
        assert!(found.hint().contains("CSV UTF-8"), "{script}");
    }
    let mut plan = plan_of(&data("requests.xlsx"), None);
    for nothing in [None, Some(place.path().join("absent"))] {
        plan.reading.workbooks_by = nothing;
        let error = Intake::open(&plan, 0, false).err().expect("nothing starts");
        assert!(error.to_string().contains("does not start"), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_has_no_environment_and_ends_with_its_reader() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().expect("a folder");
    let (program, seen) = (place.path().join("p"), place.path().join("seen"));
    let shell = format!(
        "#!/bin/sh\n/usr/bin/env > {0}.new\necho $$ >> {0}.new\n/bin/mv {0}.new {0}\n/bin/cat > /dev/null\nexec /bin/sleep 600\n",
        seen.display()
    );
    fs::write(&program, shell).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("allowed");
    let mut plan = plan_of(&data("requests.xlsx"), None);
    plan.reading.workbooks_by = Some(program);
    let reader = std::thread::spawn(move || {
        // It waits for a child that says nothing, until that is gone.
        Intake::open(&plan, 0, false)
            .err()
            .expect("nothing is said")
            .to_string()
    });
    let text = loop {
        match fs::read_to_string(&seen) {
            Ok(text) => break text,
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    };
    let names: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    assert!(
        names
            .iter()
            .all(|name| ["PWD", "SHLVL", "_", "OLDPWD"].contains(name)),
        "{names:?}"
    );
    let pid = text.lines().last().expect("a process");
    let killed = Command::new("kill")
        .args(["-KILL", pid])
        .status()
        .expect("it runs");
    assert!(killed.success());
    assert!(
        reader
            .join()
            .expect("it ends")
            .contains("ended by the system")
    );
    assert!(
        !Path::new(&format!("/proc/{pid}")).exists(),
        "nothing is left of it"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_that_takes_workbooks_apart_keeps_to_its_limit_of_memory() {
    // One text that repeats over all columns of all rows is told in a few bytes.
    let text = "x".repeat(1_000_000);
    let content = format!(
        "<o:document-content><o:body><o:spreadsheet><t:table t:name='S'><t:table-row><t:table-cell \
         t:number-columns-repeated='16384' o:value-type='string'><p>{text}</p></t:table-cell></t:table-row></t:table>\
         </o:spreadsheet></o:body></o:document-content>"
    );
    let book = archive(&[
        ("META-INF/manifest.xml", b"<m/>"),
        ("content.xml", content.as_bytes()),
    ]);
    let found = refusal(file(&book).path(), None);
    assert!(
        found.contains("needs more memory than the 1,073,741,824 bytes"),
        "{found}"
    );
}

#[test]
fn the_process_answers_nobody_who_asks_for_something_else() {
    let mut child = Command::new(PROGRAM)
        .arg(workbook::COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(!output.status.success() && output.stdout.is_empty());
    let help = Command::new(PROGRAM)
        .arg("--help")
        .output()
        .expect("it runs");
    assert!(!String::from_utf8_lossy(&help.stdout).contains(workbook::COMMAND));
}

#[test]
fn a_format_that_is_told_and_is_another_is_an_error() {
    let mut plan = plan_of(&data("requests.xlsx"), None);
    plan.reading.format = Some(Format::Csv);
    let error = Intake::open(&plan, 0, false).err().expect("it is no CSV");
    assert!(
        error
            .to_string()
            .contains("is a workbook, and the job file says format = \"csv\""),
        "{error}"
    );
}

const JOB: &str = r#"
[input]
key = ["Ticket"]
sheet = "Faults"
format = "xlsx"
header_row = 1
[fields]
request = { column = "Wish" }
userEmail = "Email"
preverified = { value = true }
"#;

#[test]
fn every_command_takes_a_workbook_and_its_rejects_are_an_input_for_the_same_job() {
    let place = Place::new();
    fs::copy(data("faults.xlsx"), place.path("faults.xlsx")).expect("copied");
    fs::write(place.path("faults.toml"), JOB).expect("written");
    let run = |args: &[&str]| {
        let output = place.command(args).output().expect("it runs");
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (output.status.code(), text)
    };
    let (code, text) = run(&["check", "faults.xlsx"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("sheet `Faults` of an Excel workbook, header on row 1"),
        "{text}"
    );
    let (code, text) = run(&["run", "faults.xlsx", "--sandbox", "--yes"]);
    assert_eq!(code, Some(1), "{text}");
    let rejects = "concord-import-out/faults/rejects.csv";
    let written = place.read(rejects);
    assert!(
        written.starts_with("\u{feff}Ticket,Email,Wish,Comment,import_problem\r\n"),
        "{written}"
    );
    assert!(
        written.contains("\r\nT-3,cho@example.com,#N/A,an error,not read: cell C4"),
        "{written}"
    );
    assert_eq!(written.lines().count(), 7, "{written}");
    let (code, text) = run(&["results", "faults.xlsx", "--sandbox"]);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(place.read(rejects), written);
    let (code, text) = run(&["reconcile", "faults.xlsx", "--sandbox"]);
    assert!(code.is_some_and(|code| code <= 1), "{text}");

    // As it stands, none of them is taken; corrected, each is.
    let (code, text) = run(&["check", rejects, "--job", "faults.toml"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("to send              0"), "{text}");
    let corrected = "\u{feff}Ticket,Email,Wish,Comment,import_problem\r\nT-3,cho@example.com,view,an error,\r\n";
    fs::write(place.path(rejects), corrected).expect("written");
    let (code, text) = run(&["check", rejects, "--job", "faults.toml"]);
    assert_eq!(code, Some(0), "{text}");
}

/// The workbooks of other projects, where there is a folder of them: `CONCORD_CORPORA`.
#[test]
#[ignore = "measures the folder named by CONCORD_CORPORA"]
fn workbooks_of_other_projects_are_read_or_refused() {
    let folder = crate::corpora::folder();
    let mut files = Vec::new();
    let mut folders = vec![folder.join("suites/calamine"), folder.join("suites/readxl")];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder of corpora") {
            let path = entry.expect("an entry").path();
            let kinds = ["xlsx", "xlsm", "xlsb", "xls", "ods"];
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|kind| kinds.iter().any(|known| kind == *known))
            {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "there are workbooks in it");
    let (mut read, mut refused) = (0, 0);
    for path in files {
        let output = Command::new(PROGRAM)
            .arg("rows")
            .arg(&path)
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => read += 1,
            Some(2) => {
                assert!(
                    told.contains("error: ") && told.contains("hint: "),
                    "{}: {told}",
                    path.display()
                );
                refused += 1;
            }
            other => panic!("{}: {other:?} {told}", path.display()),
        }
    }
    crate::corpora::tell(&format!("{read} workbooks were read, {refused} refused\n"));
}

#[test]
fn why_a_sheet_is_not_read_is_told_rather_than_that_it_has_no_header() {
    let said = concat!(
        r#"{"Sheet":{"kind":"Xlsx","name":"A","hidden_columns":[],"unread":[]}}"#,
        "\n",
        r#"{"Failed":{"what":"is a damaged workbook: of a kind","hint":"mend it"}}"#,
        "\n",
    );
    let plan = plan_of(Path::new("book"), None);
    let Err(error) = Intake::of_said(&plan, said.as_bytes()) else {
        panic!("it is read");
    };
    assert_eq!(error.to_string(), "book is a damaged workbook: of a kind");
}
