//! The other words in which a check tells kinds of problems, besides those of the examples in `rows`.
//!
//! Each names the row and, of a value, the column, and says what was found and what to do.

use std::fmt::Write as _;

use super::given::{assert_nobody_is_shown, lay_out};
use super::rows::{checked, lines_of};
use crate::cli::Place;
use crate::workbooks::xlsx;

/// A file with one row that is told of.
struct Wording {
    code: &'static str,
    file: &'static str,
    content: Vec<u8>,
    /// Lines of `[input]` and `[fields]`.
    input: &'static str,
    fields: &'static str,
    /// The line of the row.
    line: u64,
    found: &'static str,
}

/// A value in a column.
fn of_value(fields: &'static str, wordings: &[(&'static str, &str, &'static str)]) -> Vec<Wording> {
    let of = |(code, value, found): &(&'static str, &str, &'static str)| Wording {
        code,
        file: "a.csv",
        content: format!(
            "Ticket,Email,Wish,Value\nT-1,jane@example.com,Access,\"{}\"\n",
            value.replace('"', "\"\"")
        )
        .into_bytes(),
        input: "",
        fields,
        line: 2,
        found,
    };
    wordings.iter().map(of).collect()
}

/// A line of JSON Lines.
fn of_lines(wordings: &[(&str, &'static str)]) -> Vec<Wording> {
    let of = |(line, found): &(&str, &'static str)| Wording {
        code: "not_json",
        file: "a.jsonl",
        content: format!(
            "{{\"Ticket\":1,\"Email\":\"jane@example.com\",\"Wish\":\"Access\"}}\n{line}\n"
        )
        .into_bytes(),
        input: "",
        fields: "",
        line: 2,
        found,
    };
    wordings.iter().map(of).collect()
}

/// A JSON document, the array of which begins with a good row on its first line.
fn of_documents(wordings: &[(&'static str, &str, u64, &'static str)]) -> Vec<Wording> {
    let of = |(code, rest, line, found): &(&'static str, &str, u64, &'static str)| Wording {
        code,
        file: "a.json",
        content: format!(
            "[{{\"Ticket\":1,\"Email\":\"jane@example.com\",\"Wish\":\"Access\"}}{rest}"
        )
        .into_bytes(),
        input: "",
        fields: "",
        line: *line,
        found,
    };
    wordings.iter().map(of).collect()
}

/// A row of a sheet, below a good one and after its first two cells.
fn of_sheet(code: &'static str, cells: &str, found: &'static str) -> Wording {
    let row = |texts: &[&str], more: &str| {
        let cells = texts
            .iter()
            .map(|text| format!("<c t='inlineStr'><is><t>{text}</t></is></c>"));
        format!("<row>{}{more}</row>", cells.collect::<String>())
    };
    let rows = [
        row(&["Ticket", "Email", "Wish"], ""),
        row(&["T-1", "jane@example.com", "Access"], ""),
        row(&["T-2", "joe@example.com"], cells),
    ];
    let sheet = format!(
        "<worksheet><sheetData>{}</sheetData></worksheet>",
        rows.concat()
    );
    Wording {
        code,
        file: "a.xlsx",
        content: xlsx(sheet.as_bytes()),
        input: "",
        fields: "",
        line: 3,
        found,
    }
}

#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn wordings() -> Vec<Wording> {
    let long = "x".repeat(65);
    let digits = "1".repeat(300);
    let mut all = of_value("userEmail = \"Value\"\nuserId = \"Ticket\"", &[
        ("not_email", "jane roe@example.com", "has a space within"),
        ("not_email", "jane@roe@example.com", "has more than one `@`"),
        ("not_email", "@example.com", "has nothing before the `@`"),
        ("not_email", "jürgen@example.com", "has a character outside ASCII before the `@`"),
        ("not_email", ".jane@example.com", "has a dot at an edge of, or two dots within, the part before the `@`"),
        ("not_email", "ja(ne@example.com", "has a character before the `@`"),
        ("not_email", "\"ja\u{7f}ne\"@example.com", "has quotes before the `@`"),
        ("not_email", "jane@", "has nothing after the `@`"),
        ("not_email", "jane@example", "has no dot after the `@`"),
        ("not_email", "jane@example..com", "has a dot at an edge of, or two dots within, the part after the `@`"),
        ("not_email", "jane@exa_mple.com", "has a character after the `@`"),
        ("not_email", "jane@-example.com", "has a hyphen at the edge"),
        ("not_email", "jane@[example]", "has brackets after the `@`"),
        ("not_email", "mailto:jane@example.com?cc=joe@example.com", "is a mailto: link"),
        ("not_email", "jane@bü_cher.example", "has a domain outside ASCII"),
        ("unusual_email", &format!("{long}@example.com"), "has a longer part"),
        ("unusual_email", "jane@example.123", "has a domain that ends in a number"),
    ]);
    all.extend(of_value("userPhoneNumber = \"Value\"", &[
        ("phone_damaged", "-2079460018", "begins with a minus"),
        ("phone_invalid", &digits, "is too long for a phone number"),
        ("phone_invalid", "call 020 7946 0018", "has letters within"),
        ("phone_invalid", "020 7946 0018 §", "has characters that phone numbers do not have"),
        ("phone_invalid", "()", "is not a phone number"),
    ]));
    all.extend(of_value("request = { column = \"Value\", values = { \"Access\" = \"view\" } }", &[
        ("unmapped_request", "jane@example.com", "looks like a person's address or number"),
    ]));
    all.extend(of_value("preverified = { column = \"Value\", values = { \"checked\" = true } }", &[
        ("not_boolean", "perhaps", "is none of `checked`, true, false, yes and no"),
    ]));
    all.extend(of_lines(&[
        ("{\"Ticket\":2,\"Tags\":[1", "it ends within an array"),
        ("{\"Ticket\":2", "it ends within an object"),
        ("{\"Ticket\":2,\"Email\":\"j", "it ends within a text"),
        ("{\"Ticket\":2,\"Email\":none}", "expected true, false or null"),
        ("{\"Ticket\":2,\"Email\":?}", "expected a value"),
        ("{\"Ticket\" 2}", "expected a colon"),
        ("{\"Ticket\":2,\"Tags\":[1 2]}", "expected a comma or the end of the array"),
        ("{\"Ticket\":2 \"Email\":3}", "expected a comma or the end of the object"),
        ("{Ticket:2}", "expected a name in double quotes"),
        ("{\"Ticket\":2,}", "a trailing comma"),
        ("{\"Ticket\":2} {\"Ticket\":3}", "expected the end of the value"),
        ("{\"Ticket\":02}", "expected a number as JSON writes it"),
        ("{\"Ticket\":\"\\x\"}", "expected a known letter after"),
        ("{\"Ticket\":\"a\tb\"}", "control characters in it are written as escapes"),
    ]));
    all.extend(of_documents(&[
        ("not_json", ",\n{\"Ticket\":\"\\ud800\"}]", 2, "expected the second half of a pair"),
        ("row_too_large", &format!(",\n{{\"Ticket\":\"{}\"}}]", "x".repeat(5 << 20)), 2, "the element is larger than"),
    ]));
    all.extend([
        Wording {
            code: "open_quote",
            file: "a.csv",
            content: b"Ticket,Email,Wish\nT-1,jane@example.com,\"Access\n".to_vec(),
            input: "",
            fields: "",
            line: 2,
            found: "never closes",
        },
        Wording {
            code: "date_order",
            file: "a.csv",
            content: b"Ticket,Email,Wish,Value\nT-1,jane@example.com,Access,13/01/2026\nT-2,joe@example.com,Access,01/13/2026\n".to_vec(),
            input: "received = \"Value\"",
            fields: "",
            line: 2,
            found: "the other the month first",
        },
        Wording {
            code: "phone_damaged",
            file: "a.csv",
            content: b"Ticket,Email,Wish,Value\nT-1,jane@example.com,Access,2079460018.0\n".to_vec(),
            input: "region",
            fields: "userPhoneNumber = \"Value\"",
            line: 2,
            found: "has become a number in a spreadsheet",
        },
        of_sheet("nameless_column", "<c t='inlineStr'><is><t>Access</t></is></c><c t='inlineStr'><is><t>x</t></is></c>", "cell D3 has a value, and its column has no name"),
        of_sheet("cell_error", "<c t='e'><v>odd</v></c>", "cell C3: shows an error"),
        of_sheet("nul_byte", "<c t='inlineStr'><is><t>Acc\0ess</t></is></c>", "cell C3 has a NUL character; text has none"),
        of_sheet("row_too_large", &format!("<c t='inlineStr'><is><t>{}</t></is></c>", "x".repeat(1_048_570)), "the row is larger than 1,048,576 bytes"),
    ]);
    all
}

impl Wording {
    fn read_aloud(&self, place: &Place) -> String {
        let Self {
            code,
            file,
            content,
            input,
            fields,
            line,
            found,
        } = self;
        lay_out(place, file, content, input, fields);
        let (told, report) = checked(place, file);
        assert_nobody_is_shown(code, &told);
        let lines = lines_of(&told, code);
        let about = format!("{code}, {found}: {told}{report}");
        let noun = if file.contains(".xlsx") {
            "row"
        } else {
            "line"
        };
        for words in [found, "→ ", &*format!("{noun} {line}")] {
            assert!(lines.contains(words), "`{words}` in {about}");
        }
        assert!(
            !fields.contains("\"Value\"") || lines.contains("column `Value`: "),
            "{about}"
        );
        lines
    }
}

/// All of them.
pub(super) fn read_aloud() -> String {
    let place = Place::new();
    let mut chapter = String::new();
    for wording in wordings() {
        write!(
            chapter,
            "## {}\n\n{}\n",
            wording.code,
            wording.read_aloud(&place)
        )
        .expect("memory writes");
    }
    chapter
}
