//! Rows are named as their reader sees them: the row and cell of a sheet, the line of a text.

use std::fs;

use serde_json::Value;

use crate::cli::{Place, code, stdout};
use crate::library::JOB;
use crate::workbooks::book;

/// Rows of a sheet, below a title. The first is the sheet's 5th row, and the first column is the sheet's 2nd.
const ROWS: &[&[&str]] = &[
    &["Ticket", "Email", "Wish"],
    &["T-1", "ann@example.com", "Erase"],
    &["T-2", "nobody", "Erase"],
    &["T-1", "ann@example.com", "Erase"],
    &["T-4", "dee@example.com", "Complain"],
];

/// A sheet with a title, three blank rows and [`ROWS`].
fn sheet() -> String {
    let cell =
        |at: String, text: &str| format!("<c r='{at}' t='inlineStr'><is><t>{text}</t></is></c>");
    let row = |(index, cells): (usize, &&[&str])| {
        let number = index + 5;
        let cells = cells.iter().zip(["B", "C", "D"]);
        let cells: String = cells
            .map(|(text, column)| cell(format!("{column}{number}"), text))
            .collect();
        format!("<row r='{number}'>{cells}</row>")
    };
    let title = format!("<row r='1'>{}</row>", cell("B1".to_owned(), "Requests"));
    let rows: String = ROWS.iter().enumerate().map(row).collect();
    format!("<worksheet><sheetData>{title}{rows}</sheetData></worksheet>")
}

/// A folder with a workbook of these sheets and its job file.
fn place(sheets: &[&str], more: &str) -> Place {
    let place = Place::new();
    fs::write(place.path("t.xlsx"), book(sheets, sheet().as_bytes())).expect("written");
    let job = JOB.replace("[input]\n", &format!("[input]\n{more}"));
    fs::write(place.path("t.toml"), job).expect("written");
    place
}

#[test]
fn a_row_of_a_workbook_is_named_by_its_row_and_cell_in_the_sheet() {
    let place = place(&["Data"], "");
    let report = stdout(&place.run(&["check", "t.xlsx"]));
    for told in [
        "header on row 5",
        "cell C7 `n…`",
        "row 8 repeats row 6, key `T-1`",
        "\"Complain\" = \"…\",  # 1: cell D9",
    ] {
        assert!(report.contains(told), "{told} in {report}");
    }
    assert!(!report.contains("line"), "{report}");

    let json = stdout(&place.run(&["check", "t.xlsx", "--progress", "json"]));
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let repeat = &json["duplicates"]["examples"][0];
    assert_eq!(
        (&repeat["row"], &repeat["line"], &repeat["place"]),
        (&3.into(), &8.into(), &"row 8".into())
    );

    let run = place.run(&["run", "t.xlsx", "--sandbox", "--yes"]);
    assert_eq!(code(&run), 1, "{}", stdout(&run));
    let results = place.read("concord-import-out/t/results.csv");
    assert!(results.contains("\n2,7,T-2,"), "row and line: {results}");
    for told in [
        "column `Email`, cell C7: has no `@`",
        "repeats the key of row 6",
    ] {
        assert!(results.contains(told), "{told} in {results}");
    }
    let page = place.read("concord-import-out/t/report.html");
    for told in [
        "<span class=\"where\">cell C7</span>",
        "# 1: cell D9\n",
        "data-noun=\"row\"",
        "data-outcome=\"invalid\" data-beyond=\"0\">7, 9</p>",
    ] {
        assert!(page.contains(told), "{told} in {page}");
    }
}

#[test]
fn the_sheet_is_named_where_the_workbook_has_others() {
    let place = place(&["Data", "May 2026"], "sheet = \"May 2026\"\n");
    let report = stdout(&place.run(&["check", "t.xlsx"]));
    for told in [
        "cell C7 of sheet `May 2026` `n…`",
        "row 8 of sheet `May 2026` repeats row 6 of sheet `May 2026`",
    ] {
        assert!(report.contains(told), "{told} in {report}");
    }
}

#[test]
fn a_row_of_a_text_is_named_by_its_line() {
    let place = place(&["Data"], "");
    let mut text = "Requests,,\n\n\n\n".to_owned();
    for row in ROWS {
        text += &format!("{}\n", row.join(","));
    }
    fs::write(place.path("t.csv"), text.replace("Ticket", "\"Ticket\"")).expect("written");
    let report = stdout(&place.run(&["check", "t.csv"]));
    for told in [
        "line 7 `n…`",
        "line 8 repeats line 6, key `T-1`",
        "# 1: line 9",
    ] {
        assert!(report.contains(told), "{told} in {report}");
    }
    let run = place.run(&["run", "t.csv", "--sandbox", "--yes"]);
    assert_eq!(code(&run), 1, "{}", stdout(&run));
    let results = place.read("concord-import-out/t/results.csv");
    assert!(results.contains("column `Email`: has no `@`"), "{results}");
    assert!(results.contains("repeats the key of line 6"), "{results}");
    let page = place.read("concord-import-out/t/report.html");
    for told in [
        "<span class=\"where\">line 7</span>",
        "data-noun=\"line\"",
        "data-outcome=\"invalid\" data-beyond=\"0\">7, 9</p>",
    ] {
        assert!(page.contains(told), "{told} in {page}");
    }
}

#[test]
fn an_element_of_a_document_is_named_by_its_number_and_line() {
    let place = place(&["Data"], "");
    fs::write(
        place.path("t.json"),
        r#"[{"Ticket":"T-1","Email":"ann@example.com","Wish":"Erase"},{"Ticket":"T-2","Email":"nobody","Wish":"Erase"}]"#,
    )
    .expect("written");
    let report = stdout(&place.run(&["check", "t.json"]));
    assert!(report.contains("element 2 (line 1) `n…`"), "{report}");
}
