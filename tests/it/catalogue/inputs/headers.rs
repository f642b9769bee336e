//! Headers that are none, columns that are not there.

use std::fmt::Write as _;

use super::super::given::{bytes, made, text};
use super::{Refused, WHOLE, refused};

/// A header of so many columns.
fn wide() -> Vec<u8> {
    let names = (0..5_000).map(|column| format!(",C{column}"));
    format!("Ticket{}\n", names.collect::<String>()).into_bytes()
}

fn long() -> Vec<u8> {
    format!("Ticket,{}\n", "x".repeat(300_000)).into_bytes()
}

/// Objects with keys of their own.
fn keys() -> Vec<u8> {
    let mut text = String::new();
    for row in 0..5_000 {
        writeln!(text, "{{\"k{row}\": 1}}").expect("memory writes");
    }
    text.into_bytes()
}

#[rustfmt::skip]
pub(super) const REFUSED: &[Refused] = &[
    refused(text("empty.csv", ""), [WHOLE, "is empty", "names the columns"]),
    refused(text("short.csv", "Ticket,Email,Wish\n").input("header_row = 9"), ["no line 9", "header_row = 9", "the first line is 1"]),
    refused(text("nameless.csv", "T-1,ann@example.com,view\nT-2,bob@example.com,delete\n"), ["line 1", "has no names", "columns = ["]),
    refused(text("two-rows.csv", "Start,Email,Due\nStart date,Your address,Day\n2026-01-01,ann@example.com,2026-01-02\n2026-01-01,bob@example.com,2026-01-02\n2026-01-01,cho@example.com,2026-01-02\n"), ["line 2", "may continue here", "header_row = 1 with header_rows = 2"]),
    refused(text("named.csv", "T-1,ann@example.com,view\nT-2,bob@example.com,delete\n").input("columns = [\"Ticket\"]"), ["line 1", "names 1 column, and most rows have 3", "one name for each column"]),
    refused(text("narrow.csv", "Ticket,Email Wish\nT-1,ann@example.com,view\nT-2,bob@example.com,view\nT-3,cho@example.com,view\n"), ["line 1", "has 2 cells and each of the first rows has 3", "correct the header line"]),
    refused(text("few.csv", "Ticket,Email,Wish,Note\nT-1,ann@example.com,view\nT-2,bob@example.com,view\n"), ["line 1", "has 4 names, and each of the first rows has at most 3 cells", "remove from the header line"]),
    refused(text("many.csv", "Ticket,Email,Wish\nT-1,ann@example.com,view,x\nT-2,bob@example.com,view,y\n"), ["line 1", "has 3 cells and each of the first rows has 4", "names every column"]),
    refused(text("few-named.csv", "T-1,ann@example.com\nT-2,bob@example.com\n").input("columns = [\"Ticket\", \"Email\", \"Wish\"]"), ["line 1", "names 3 columns, and each of the first rows has at most 2", "one name for each column"]),
    refused(text("above.csv", "Ticket,Email\nT-8,ann@example.com\nT-9,bob@example.com\n\nTicket,Email,Wish,Day,Note\nT-1,ann@example.com,view,2026-01-02,x\nT-2,bob@example.com,view,2026-01-02,x\nT-3,cho@example.com,view,2026-01-02,x\n"), ["line 5", "another table above it, on lines 1 to 3", "header_row = 5"]),
    refused(text("symbol.csv", "Ticket#Email#Wish\nT-1#ann@example.com#view\n"), ["line 1", "the same number of `#`", "delimiter = \"#\""]),
    refused(text("sign.csv", "Ticket¤Email¤Wish\nT-1¤ann@example.com¤view\n"), ["line 1", "the same number of `¤`", "a comma, semicolon or tab"]),
    refused(text("quoted.csv", "\"Ticket,Email,Wish\"\n\"T-1,ann@example.com,view\"\n"), ["line 1", "a single cell in quotes with `,` in it", "without quotes around whole lines"]),
    refused(text("aligned.csv", "Ticket  Email            Wish\nT-1     ann@example.com  view\n"), ["line 1", "aligned with blanks", "export the file as CSV"]),
    refused(text("blanks.csv", "Ticket Email\nT-1 ann@example.com\n"), ["line 1", "the same number of words, one of them an address", "delimiter = \" \""]),
    refused(text("semicolons.csv", "Ticket;Email;Wish\nT-1\nT-2\nT-3\n"), ["line 1", "a single cell with `;` in it", "delimiter = \";\""]),
    refused(text("mixed.csv", "Ticket;Email;Wish,Note\n1,2\n3,4\n5,6\n"), ["line 1", "has no column", "delimiter = \";\""]),
    refused(text("quote.csv", "Ticket,Email,\"Wish\n"), ["line 1", "a quote that does not close", "correct the header line"]),
    refused(text("blank.csv", ",,\n,,\n"), ["line 1", "names no column", "set header_row"]),
    refused(made("long.csv", long), ["line 1", "larger than 262,144 bytes", "check that this is the right file"]),
    refused(made("wide.csv", wide), ["line 1", "5,001", "check that this is the right file"]),
    refused(bytes("latin.csv", b"\xef\xbb\xbfTicket,\xc9mail,Wish\n"), ["line 1", "byte 0xC9 at character 8", "UTF-8"]),
    refused(bytes("kanji.csv", b"Ticket,\x81,Wish\n").input("encoding = \"shift_jis\""), ["line 1", "at character 8", "the right encoding"]),
    refused(bytes("nul.csv", b"Ticket,Em\0ail,Wish\nT-1,ann@example.com,view\nT-2,bob@example.com,view\n"), [WHOLE, "NUL bytes", "export the rows again"]),
    refused(text("twice.csv", "Ticket,Email,Wish,Email\nT-1,ann@example.com,view,x\n"), ["fields.userEmail", "several columns of twice.csv: 2, 4", "`Email (1)` is the first"]),
    refused(text("near.csv", "Ticket,email,wishes\n"), ["(fields.request)", "no columns `Wish`", "perhaps `wishes` is meant"]),
    refused(text("invisible.csv", "Ticket,\u{200b}Email,Wish\n"), ["(fields.userEmail)", "no column `Email`", "its character 1 is U+200B, which is invisible"]),
    refused(text("whole-rows.csv", "\"Ticket,Email,Wish\"\n\"T-1,ann@example.com,view\"\n").input("delimiter = \",\""), ["line 1", "each whole row is in quotes", "remove the quotes"]),
    refused(text("misread.csv", "Ticket,Email,Wish\nT-1,ann@example.com,view\nT-2,bob@example.com,view\n").input("header_row = 1\nheader_rows = 2"), ["(fields.userEmail)", "no columns", "a row with a person's values"]),
    refused(text("pages.jsonl", "{\"page\":1,\"tickets\":[{\"Ticket\":1,\"Email\":\"ann@example.com\",\"Wish\":\"view\"}]}\n{\"page\":2,\"tickets\":[]}\n"), ["line 1", "perhaps they are pages of rows", "records = \"tickets\""]),
    refused(text("other.csv", "Name,Colour,Size\n"), ["(fields.userEmail)", "no columns `Wish`", "the columns are `Name`"]),
    refused(text("open.csv", "Ticket,Email,Wish\n").fields("userEmail = \"?\""), ["`fields.userEmail`", "leaves open (`?`)", "the columns are `Ticket`"]),
    refused(text("paths.jsonl", "{\"Ticket\": 1, \"Wish\": \"view\", \"requester\": {\"mail\": 1}}\n"), ["(fields.userEmail)", "no column `Email`", "when its rule has a default"]),
    refused(text("person.csv", "Name,ann@example.com\nx,y\n").input("header_row = 1"), ["line 1", "column 2 is named by a person's value", "columns = ["]).by("map"),
    refused(made("keys.jsonl", keys), ["line 1", "more than 4,096 columns", "shown as columns"]).by("rows"),
];
