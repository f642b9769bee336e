//! Workbooks that are not read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use concord_import::internals::intake::{Intake, Seen};

use super::super::given::made;
use super::{Refused, WHOLE, assert_form, refused};
use crate::workbooks::{archive, data, plan_of, xlsx};

fn stored(name: &str) -> Vec<u8> {
    fs::read(data(name)).expect("it is there")
}

fn damaged() -> Vec<u8> {
    let mut bytes = stored("requests.xls");
    bytes[701..765].fill(0xff);
    bytes
}

fn old() -> Vec<u8> {
    let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    bytes.resize(2_048, 0);
    bytes
}

fn word() -> Vec<u8> {
    let relations = b"<R><Relationship Type='x/officeDocument' Target='word/document.xml'/></R>";
    archive(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", relations),
        ("word/document.xml", b"<document/>"),
    ])
}

/// An `OpenDocument` file with such a content and manifest.
fn open_document(content: &[u8], manifest: &[u8]) -> Vec<u8> {
    archive(&[
        ("META-INF/manifest.xml", manifest),
        ("content.xml", content),
    ])
}

fn locked() -> Vec<u8> {
    let manifest = b"<m:manifest><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>";
    open_document(b"\x01\x02", manifest)
}

/// A sheet of such rows; each text is a cell of its own.
fn sheet(rows: &[&[&str]], behind: &str) -> Vec<u8> {
    let cell = |text: &&str| format!("<c t='inlineStr'><is><t>{text}</t></is></c>");
    let row =
        |cells: &&[&str]| format!("<row>{}</row>", cells.iter().map(cell).collect::<String>());
    let rows: String = rows.iter().map(row).collect();
    xlsx(format!("<worksheet><sheetData>{rows}</sheetData>{behind}</worksheet>").as_bytes())
}

fn merged() -> Vec<u8> {
    let merged = "<mergeCell ref='A1:B2'/>".repeat(65_537);
    sheet(
        &[&["Ticket"]],
        &format!("<mergeCells>{merged}</mergeCells>"),
    )
}

fn hidden() -> Vec<u8> {
    let relations = |kind: &str, target: &str| {
        format!(
            "<Relationships><Relationship Id='r1' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}' Target='{target}'/></Relationships>"
        )
    };
    archive(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", relations("officeDocument", "xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", b"<workbook><sheets><sheet name='Data' sheetId='1' state='hidden' r:id='r1'/></sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", relations("worksheet", "worksheets/sheet1.xml").as_bytes()),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData/></worksheet>"),
    ])
}

fn unclear() -> Vec<u8> {
    let row: &[&str] = &["2026-01-01", "ann@example.com", "2026-01-02"];
    sheet(
        &[
            &["Start", "Email", "Due"],
            &["Start date", "Your address", "Day"],
            row,
            row,
            row,
        ],
        "",
    )
}

const CSV: &str = "\"CSV UTF-8 (Comma delimited)\"";

#[rustfmt::skip]
pub(super) const REFUSED: &[Refused] = &[
    refused(made("password.xlsx", || stored("password.xlsx")), [WHOLE, "needs a password", "remove the password"]),
    refused(made("password.ods", locked), [WHOLE, "needs a password", "remove the password"]),
    refused(made("several.xlsx", || stored("several.xlsx")), ["`January`, `February`", "several sheets", "sheet = \"January\""]),
    refused(made("near.xlsx", || stored("several.xlsx")).input("sheet = \"Febuary\""), [WHOLE, "no sheet `Febuary`", "sheet = \"February\""]),
    refused(made("far.xlsx", || stored("several.xlsx")).input("sheet = \"Requests\""), [WHOLE, "no sheet `Requests`", "`January`, `February`"]),
    refused(made("nothing.xlsx", || sheet(&[], "")), [WHOLE, "without anything in it", "its sheets are `S`"]),
    refused(made("hidden.xlsx", hidden), [WHOLE, "visible sheets are empty", "sheet = \"…\""]),
    refused(made("empty.xlsx", || sheet(&[], "")).input("sheet = \"S\""), [WHOLE, "is empty", "names the columns"]),
    refused(made("said.xlsx", || stored("requests.xlsx")).input("format = \"csv\""), [WHOLE, "is a workbook, and the job file says format = \"csv\"", "leave format out"]),
    refused(made("letter.docx", word), [WHOLE, "a Word document", "as a workbook or as CSV"]),
    refused(made("letter.odt", || open_document(b"<o:document-content><o:body><o:text/></o:body></o:document-content>", b"<m/>")), [WHOLE, "no spreadsheet", "as a workbook or as CSV"]),
    refused(made("letter.doc", old), [WHOLE, "holds no workbook", "as a workbook or as CSV"]),
    refused(made("damaged.xls", damaged), [WHOLE, "is a damaged workbook", CSV]),
    refused(made("damaged.xlsx", || xlsx(b"<worksheet><sheetData><row r='1'><c r='A1'><v>1</v></row>")), ["`xl/worksheets/sheet1.xml`", "cannot be read", CSV]),
    refused(made("merged.xlsx", merged), [WHOLE, "more than 65536 merged cells", CSV]),
    refused(made("large.xls", old), [WHOLE, "more than the 134,217,728 that are read", CSV]).of_bytes(200_000_000),
    refused(made("short.xlsx", || stored("requests.xlsx")).input("header_row = 900\nsheet = \"Requests\""), ["no row 900", "header_row = 900", "as the spreadsheet program counts rows"]),
    refused(made("blank.xlsx", || sheet(&[&["---", "---", "---"], &["T-1", "ann@example.com", "view"]], "")).input("header_row = 1"), ["row 1", "names no column", "set header_row to its row"]),
    refused(made("nameless.xlsx", || sheet(&[&["T-1", "ann@example.com", "view"], &["T-2", "bob@example.com", "view"]], "")), ["row 1", "has no names", "columns = ["]),
    refused(made("unclear.xlsx", unclear), ["row 2", "may continue here", "header_row = 1 with header_rows = 2"]),
    refused(made("above.xlsx", || sheet(&[&["Ticket", "Email"], &["T-8", "ann@example.com"], &["T-9", "bob@example.com"], &[], &["Ticket", "Email", "Wish", "Day", "Note"], &["T-1", "ann@example.com", "view", "2026-01-02", "x"], &["T-2", "bob@example.com", "view", "2026-01-02", "x"], &["T-3", "cho@example.com", "view", "2026-01-02", "x"]], "")), ["row 5", "another table above it, in rows 1 to 3", "header_row = 5"]),
    refused(made("one.xlsx", || sheet(&[&["Ticket;Email;Wish"], &["T-1;ann@example.com;view"], &["T-2;bob@example.com;view"]], "")), ["row 1", "a single cell with `;` in it", "Text to Columns"]),
    refused(made("spaced.xlsx", || sheet(&[&["Ticket Email"], &["T-1 ann@example.com"], &["T-2 bob@example.com"]], "")), ["row 1", "blanks seem to divide it", "Text to Columns"]),
    refused(made("beyond.xlsx", || sheet(&[&["Ticket", "Email", "Wish"], &["T-1", "ann@example.com", "view", "x"], &["T-2", "bob@example.com", "view", "y"]], "")), ["row 1", "no name for column D", "name the column"]),
];

/// How the process that takes workbooks apart can end, each in the words of a refusal.
pub(super) fn ended() -> String {
    let place = tempfile::tempdir().expect("a folder");
    let mut chapter = String::new();
    for (script, found) in [
        ("exit 101", "is a damaged workbook"),
        (
            "kill -ABRT $$",
            "needs more memory than the 1,073,741,824 bytes",
        ),
        ("kill -XCPU $$", "takes too long to read for its size"),
        ("kill -KILL $$", "was ended by the system"),
        ("", "does not start"),
    ] {
        let program = place.path().join(format!("p{}", script.len()));
        if !script.is_empty() {
            fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("allowed");
        }
        let mut plan = plan_of(&data("requests.xlsx"), None);
        plan.reading.workbooks_by = Some(program);
        let error = match Intake::open(&plan, 0, false) {
            Ok(mut intake) => intake.next_batch(&mut Seen::new(), 10).expect_err(script),
            Err(error) => error,
        };
        let told = format!("error: {error}\nhint: {}", error.hint());
        assert_form(&told, Some("book"), [WHOLE, found, CSV]);
        chapter += &format!("## a workbook, of which the process ends\n{told}\n\n");
    }
    chapter
}
