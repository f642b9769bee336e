//! What a check says of rows: an example of each problem and warning that there is.
//!
//! Each says what is wrong, where, what was found, what would be right and what to do next; none shows a value of a person.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use concord_import::internals::cli::catalogue::problem_codes;
use serde_json::Value;

use super::given::{Given, assert_nobody_is_shown, bytes, lay_out, made, text};
use crate::cli::{Place, stderr, stdout};
use crate::workbooks::{archive, data, struck_xlsx};

/// An input of which something is told.
struct Example {
    given: Given,
    told: &'static [Told],
}

/// A problem or warning, and the words in which it has to be told.
struct Told {
    code: &'static str,
    place: At,
    /// What was found: the value, masked, or what is the matter with it.
    found: &'static str,
    /// What would be right. Of a mere notice nothing.
    wanted: &'static str,
}

enum At {
    /// A value: its column, and the line of its row.
    Cell(&'static str, u64),
    /// A row as a whole: its line.
    Row(u64),
    /// All rows.
    All,
}

const fn example(given: Given, told: &'static [Told]) -> Example {
    Example { given, told }
}

const fn told(code: &'static str, place: At, found: &'static str, wanted: &'static str) -> Told {
    Told {
        code,
        place,
        found,
        wanted,
    }
}

const fn cell(
    code: &'static str,
    (column, line): (&'static str, u64),
    found: &'static str,
    wanted: &'static str,
) -> Told {
    told(code, At::Cell(column, line), found, wanted)
}

const fn row(code: &'static str, line: u64, found: &'static str, wanted: &'static str) -> Told {
    told(code, At::Row(line), found, wanted)
}

const EXAMPLES: &[Example] = &[
    // The key of a row, compared with other rows.
    example(text(
        "keys.csv",
        "Ticket,Email,Wish\nT-1,jane@example.com,Access\nT-1,joe@example.com,Access\n007,jane@example.com,Access\n7,jane@example.com,Access\n"), &[
            cell(
                "key_conflict",
                ("Ticket", 2),
                "different people's requests: see also line 3",
                "a key identifies one request of one person",
            ),
            cell(
                "near_key",
                ("Ticket", 5),
                "the key of line 4",
                "differs only in its form",
            ),
        ]),
    // What is no row, or perhaps none.
    example(text(
        "where.csv",
        "Ticket,Email,Wish\nT-1,jane@example.com,Access\nT-2,joe@example.com,Privcy\n").input("where = [{ column = \"Wish\", in = [\"Privacy\"] }]"), &[
            told(
                "none_pass",
                At::All,
                "column `Wish`: no row passes",
                "`Privacy` alone",
            ),
            told(
                "near_word",
                At::Cell("Wish", 3),
                "`P…`",
                "nearly `Privacy`, which `where` takes",
            ),
        ]),
    example(made(
        "notes.csv",
        || {
            below_twelve_rows(
                "Ticket,Email,Agent,Wish\n\
                 Old ones,,,\n\
                 T-90,jane@example.com,agent@example.org,Access\n\
                 * dates are those of receipt,,,\n\
                 \n\
                 Total,,,12\n",
            )
        }), &[
            row("header_again", 14, "the header once more", ""),
            row("lone_cell", 15, "one cell is filled", "correct or remove it"),
            row("note", 17, "one cell is filled", ""),
            row("total", 19, "a label such as `Total`", ""),
        ]),
    example(text(
        "prepared.csv",
        "Ticket,Email,Wish,Done\n\
         T-1,jane@example.com,Access,TRUE\n\
         T-2,joe@example.com,Access,FALSE\n\
         ,,,FALSE\n"), &[row("prefilled", 4, "the row holds only", "")]),
    example(text(
        "totals.csv",
        "Office,Ticket,Asked,Done,Email,Wish\n\
         Aston,A-1,40117,5021,jane@example.com,Access\n\
         Total,,1,2,,\n\
         North,N-1,1,2,joe@example.com,Access\n"), &[row("perhaps_total", 3, "by its label", "fill in what is missing")]),
    example(made(
        "tables.csv",
        || {
            below_twelve_rows(
                "\nTicket,Agent,Email,Wish\nT-90,agent@example.org,jane@example.com,Access\n",
            )
        }), &[
            row("other_header", 15, "the header of another table", "a file of its own"),
            row("other_table", 16, "below line 15", "a file of its own"),
        ]),
    example(made(
        "parts.csv",
        || {
            below_twelve_rows(
                "\nAll requests below were completed last year and are kept,,,\n\
                 Ticket,Email,Agent,Wish\n\
                 T-90,jane@example.com,agent@example.org,Access\n",
            )
        }), &[row("other_section", 17, "the title on line 15", "remove that title")]),
    example(text(
        "letters.csv",
        "Ticket,Email,Wish,Letter\n\
         T-1,jane@example.com,Access,What do you hold about me\n\
         T-2,joe@example.com,Access,Please do the following:\n\
         not now but in May\n\
         T-3,jane@example.com,Access,Thanks\n"), &[row("cut_off", 3, "the line below it", "in quotes")]),
    example(made(
        "shifted.csv",
        || {
            let rows = (1..=12).map(|n| format!("T-{n},2026-01-01,jane@example.com,Access,\n"));
            let rows: String = rows.collect();
            format!(
                "Ticket,Day,Email,Wish,\n\
                 {rows}T-90,,2026-01-01,joe@example.com,Access\n\
                 T-91\"2026-01-01,jane@example.com,Access,x\"\n"
            )
            .into_bytes()
        }), &[
            row("shifted", 14, "a cell more", "a delimiter too many"),
            row("stray_quotes", 15, "column 1", "a delimiter is missing"),
        ]),
    // A row that cannot be read.
    example(made(
        "long.jsonl",
        || {
            let long = "x".repeat(4 * 1024 * 1024);
            format!("{LINE}{{\"Ticket\":2,\"Letter\":\"{long}\"}}\n").into_bytes()
        }), &[row("line_too_long", 2, "longer than", "4,194,304 bytes")]),
    example(bytes(
        "guessed.csv",
        b"Ticket,Email,Wish,Name\n\
          T-1,jane@example.com,Access,M\xfcller\n\
          T-2,jane@example.com,Access,M\x81ller\n\
          T-3,joe@example.com,Access,Zo\xeb \xbcuvre \xa4\n"), &[
            row("doubtful_encoding", 2, "Windows-1252 is a guess that line 3 disproves", "set the right encoding"),
            row("not_decodable", 3, "byte 0x81 at character 30", "set the right encoding in [input]"),
            row("misread", 4, "character 32 of the row is U+00BC", "in [input]"),
        ]),
    example(bytes(
        "western.csv",
        b"Ticket,Email,Wish,Name\nT-1,jane@example.com,Access,M\xfcller\n"), &[
            row("guessed_encoding", 2, "Windows-1252, which is a guess", "set encoding"),
        ]),
    example(text(
        "escaped.csv",
        "Ticket,Email,Wish,Name,Letter\n\
         T-1,jane@example.com,Access,M%FCller,\n\
         T-2,joe@example.com,Access,M\u{b8}ller,\n\
         T-3,jane@example.com,Access,O&#39;Brien,\n\
         T-4,joe@example.com,Access,,I&#39;d like it\n").fields("userFirstName = \"Name\"\nrequestDetails = \"Letter\""), &[
            cell("escaped_text", ("Name", 2), "is escaped as for a web address", "write the name as it is"),
            cell("garbled_name", ("Name", 3), "character 2 is U+00B8", "write it as it is"),
            cell("escapes_undone", ("Name", 4), "was escaped for HTML", "as it was before that"),
            cell("escapes_left", ("Letter", 5), "has escapes of HTML", ""),
        ]),
    example(text(
        "pages.json",
        "{\"tickets\":[{\"Ticket\":1,\"Email\":\"jane@example.com\",\"Wish\":\"Access\"}]}\n\
         {\"error\":\"rate limit\"}\n").input("records = \"tickets\""), &[
            row("page_without_rows", 2, "no array `tickets`", "fetch that page again"),
        ]),
    example(text(
        "fields.jsonl",
        "{\"Ticket\":1,\"Email\":\"jane@example.com\",\"fields\":[{\"id\":7,\"value\":\"Access\"},{\"id\":7,\"value\":\"Erasure\"}]}\n").fields(
        "request = { column = \"fields[id=7].value\", values = { \"Access\" = \"view\" } }",
    ), &[
            cell("several_values", ("fields[id=7].value", 1), "several elements of the list", "add a further selector"),
        ]),
    example(bytes(
        "utf8.csv",
        b"Ticket,Email,Wish\nT-\xe9,jane@example.com,Access\n").input("encoding = \"utf-8\""), &[row("not_utf8", 2, "byte 0xE9 at character 3", "UTF-8")]),
    example(text(
        "damaged.csv",
        "Ticket,Email,Wish,Name\n\
         T-1,jane@example.com,Access,M\u{fffd}ller\n\
         T-2,joe@example.com,Access,Joe\u{7}\n\
         T-3,jane@example.com,Access,MÃ¼ller\n").fields("userFirstName = \"Name\""), &[
            cell("lost_character", ("Name", 2), "character 2 is U+FFFD", "in the right encoding"),
            cell("control_character", ("Name", 3), "character 4 is U+0007", "remove it"),
            cell("encoded_twice", ("Name", 4), "`M…`", "as UTF-8"),
        ]),
    example(text(
        "lines.jsonl",
        "{\"Ticket\":1,\"Email\":\"jane@example.com\",\"Wish\":\"Access\"}\n\
         {\"Ticket\":2,\"Email\":\n\
         [3,\"jane@example.com\",\"Access\"]\n\
         {\"Ticket\":4,\"Ticket\":5,\"Email\":\"jane@example.com\",\"Wish\":\"Access\"}\n\
         {\"import_line\":\"{\\\"Ticket\\\":5,\",\"import_problem\":\"not JSON\"}\n\
         {\"Ticket\":6,\"Email\":[\"jane@example.com\"],\"Wish\":\"Access\"}\n"), &[
            row("not_json", 2, "at byte 20 of the line", "a value is expected"),
            row("not_object", 3, "not an object", "{…} is wanted"),
            row("repeated_key", 4, "`Ticket` more than once", "remove or rename one"),
            row("uncorrected_line", 5, "set this line aside", "the corrected object in place of the line"),
            cell("not_text", ("Email", 6), "`[…]`", "text, a number or true/false"),
        ]),
    example(made(
        "large.csv",
        || {
            let large = "x".repeat(1024 * 1024);
            format!("Ticket,Email,Wish\nT-1,jane@example.com,{large}\nT-2,joe@example.com,Access\n")
                .into_bytes()
        }), &[row("row_too_large", 2, "larger than", "1,048,576 bytes")]),
    example(text(
        "cells.csv",
        "Ticket,Email,Wish,Remark\n\
         T-1,jane@example.com,Access,x\n\
         T-2,joe@example.com,Access,\"x\n\
         T-3,jane@example.com,Access,\"x\" y\n\
         T-4,joe@example.com,Access\n\
         T-5,jane@example.com,Access,x,y\n\
         T-6,joe@example.com,Access,x\0\n"), &[
            row("open_quote", 3, "opened here (character 28)", "close the quote"),
            row("text_after_quote", 4, "character 32", "written twice"),
            row("too_few_cells", 5, "has 3 cells", "the header 4"),
            row("too_many_cells", 6, "has 5 cells", "the header 4"),
            row("nul_byte", 7, "character 29 is a NUL byte", "text has none"),
        ]),
    example(made(
        "nameless.csv",
        || {
            let rows = (1..=600).map(|n| format!("T-{n},,jane@example.com,Access\n"));
            let rows: String = rows.collect();
            format!("Ticket,,Email,Wish\n{rows}T-601,late,jane@example.com,Access\n").into_bytes()
        }), &[row("nameless_column", 602, "column 2 has a value", "name it")]),
    // Workbooks.
    example(made(
        "faults.xlsx",
        || workbook("faults.xlsx")), &[
            row("formula_without_value", 3, "cell B3: a formula", "open the workbook"),
            row("cell_error", 4, "cell C4: shows the error #N/A", "correct"),
            row("digits_lost", 5, "row 5 `1…`", "as text"),
            row("merged_cells", 6, "cells B6:B7", "unmerge them"),
        ]),
    example(made(
        "requests.xlsx",
        || workbook("requests.xlsx")), &[row("hidden_row", 6, "hidden or filtered away", "remove it")]),
    example(made(
        "struck.xlsx",
        struck_xlsx), &[row("struck_row", 3, "struck through", "remove it")]),
    example(made(
        "odd.ods",
        odd_workbook), &[
            row("no_such_date", 2, "row 2 `P…`", "enter a day"),
            row("cell_not_read", 3, "row 3 `t…`", "enter the value again"),
        ]),
    // Keys.
    example(text(
        "keys.csv",
        "Ticket,Part,Email,Wish\n\
         1.23457E+14,a,jane@example.com,Access\n\
         12345678901234500000,b,joe@example.com,Access\n\
         1234.0,c,jane@example.com,Access\n\
         '00123,d,joe@example.com,Access\n\
         T-5,,jane@example.com,Access\n\
         ,,joe@example.com,Access\n").input("key = [\"Ticket\", \"Part\"]"), &[
            cell("key_damaged", ("Ticket", 2), "`1…`", "column as text"),
            cell("key_rounded", ("Ticket", 3), "`12…00`", "column as text"),
            cell("key_fraction", ("Ticket", 4), "`1…`", "column as text"),
            cell("key_apostrophe", ("Ticket", 5), "`0…`", "without the apostrophe"),
            cell("blank_key_part", ("Part", 6), "is blank", "fill it in"),
            cell("blank_key", ("Ticket", 7), "is blank", "fill it in"),
        ]),
    example(text(
        "unnamed.csv",
        "Ticket,Email,Wish\nT-1,jane@example.com,Access\n").input("key"), &[told("no_key", At::All, "no column identifies the row", "key = [\"…\"]")]),
    // What is asked for, and of whom.
    example(text(
        "requests.csv",
        "Ticket,Email,Wish,Verified,Account\n\
         T-1,jane@example.com,Acces,yes,\n\
         T-2,joe@example.com,Objection,yes,\n\
         T-3,jane@example.com,,yes,\n\
         T-4,joe@example.com,Access,,\n\
         T-5,jane@example.com,Access,perhaps Joe,\n\
         T-6,,Access,yes,\n\
         T-7,joe@example.com,Access,yes,A-1\n").fields(
        "request = { column = \"Wish\", values = { \"Access\" = \"view\", \"Objection\" = \"?\" } }\n\
         preverified = \"Verified\"\n\
         concordId = \"Account\"",
    ), &[
            cell("unmapped_request", ("Wish", 2), "\"Acces\" = \"…\"", "like `Access`"),
            cell("undecided_request", ("Wish", 3), "\"Objection\" = \"…\"", "view, delete, change"),
            cell("required", ("Wish", 4), "is missing", "view, delete, change or do_not_sell"),
            cell("blank_preverified", ("Verified", 5), "is blank", "true or false"),
            cell("not_boolean", ("Verified", 6), "`p… J…`", "true, false, yes and no"),
            row("no_identifier", 7, "nothing tells who the person is", "userEmail"),
            cell("not_uuid", ("Account", 8), "`A…`", "8-4-4-4-12 hexadecimal digits"),
        ]),
    example(made(
        "texts.csv",
        || {
            let long = "x".repeat(2_100);
            format!(
                "Ticket,Email,Wish,Brand,Page,Site,Remark\n\
                 T-1,jane@example.com,Access,Acme,,,see [ref 0123456789abcdef0123456789abcdef]\n\
                 T-2,joe@example.com,Access,Joe & Roe,,,\n\
                 T-3,jane@example.com,Access,Acme,www.example.com/form,,\n\
                 T-4,joe@example.com,Access,Acme,,https://www.example.com/,\n\
                 T-5,jane@example.com,Access,Acme,,,{long}\n\
                 T-6,joe@example.com,Access,Acme,https://www.example.com/{long},,\n"
            )
            .into_bytes()
        }).fields(
        "requestDetails = { column = \"Brand\", values = { \"Acme\" = \"of Acme\" } }\n\
         captureUrl = \"Page\"\ndomain = \"Site\"\nnotes = \"Remark\"",
    ), &[
            cell("mark_in_notes", ("Remark", 2), "`s… r… 0…`", "remove"),
            cell("unmapped_value", ("Brand", 3), "`J… … R…`", "known are `Acme`"),
            cell("not_http", ("Page", 4), "`w…`", "http:// or https://"),
            cell("not_domain", ("Site", 5), "`h…`", "www.example.com"),
            cell("too_long", ("Remark", 6), "has 2,143", "2,048 characters at most"),
            cell("likely_too_long", ("Page", 7), "has 2,124", "2,048 characters at most"),
        ]),
    // Addresses, numbers, ids, names.
    example(text(
        "addresses.csv",
        "Ticket,Email,Wish,Id\n\
         T-1,jane.doe(at)example.com,Access,\n\
         T-2,jane@example.com; joe@example.com,Access,\n\
         T-3,Jane Doe <jane@example.com>,Access,\n\
         T-4,jane@bücher.example,Access,\n\
         T-5,\"\"\"jane doe\"\"@example.com\",Access,\n\
         T-6,n/a,Access,J-6\n").fields("userId = \"Id\""), &[
            cell("not_email", ("Email", 2), "has no `@`", "name@example.com"),
            cell("email_several", ("Email", 3), "`j…@e…`", "keep the one that is meant"),
            cell("email_cleaned", ("Email", 4), "`J…@e…`", "only the address is sent"),
            cell("email_domain_in_ascii", ("Email", 5), "`j…@b…`", "xn--…"),
            cell("unusual_email", ("Email", 6), "`j…@e…`", "look at it"),
            cell("word_for_nothing", ("Email", 7), "`n…`", "counts as blank"),
        ]),
    example(text(
        "numbers.csv",
        "Ticket,Phone,Wish\n\
         T-1,4.47911E+11,Access\n\
         T-2,7946,Access\n\
         T-3,020 7946 0018 / 07911 123456,Access\n\
         T-4,tel:020 7946 0018,Access\n\
         T-5,447911123456,Access\n\
         T-6,2079460018,Access\n\
         T-7,020 7946 0018 x12,Access\n").fields("userEmail\nuserPhoneNumber = \"Phone\""), &[
            cell("phone_damaged", ("Phone", 2), "`4…`", "the column as text"),
            cell("phone_invalid", ("Phone", 3), "`7…`", "check its digits"),
            cell("phone_several", ("Phone", 4), "`02…56`", "one is wanted"),
            cell("phone_cleaned", ("Phone", 5), "`t… 7… 0…`", "sent without"),
            cell("phone_plus_restored", ("Phone", 6), "`44…56`", "numbers with +"),
            cell("phone_zero_restored", ("Phone", 7), "`20…18`", "numbers with +"),
            cell("phone_extension", ("Phone", 8), "`0… 7… 0… …`", ""),
        ]),
    example(text(
        "american.csv",
        "Ticket,Phone,Wish\nT-1,2035550123.0,Access\nT-2,2015550123,Access\n").input("region = \"US\"").fields("userEmail\nuserPhoneNumber = \"Phone\""), &[
            cell("phone_ambiguous", ("Phone", 2), "`20…30`", "+ and country code"),
            cell("phone_two_readings", ("Phone", 3), "`20…23`", "+ and country code"),
        ]),
    example(text(
        "anywhere.csv",
        "Ticket,Email,Phone,Wish\nT-1,jane@example.com,020 7946 0018,Access\nT-2,,020 7946 0112,Access\n").input("region").fields("userPhoneNumber = \"Phone\""), &[
            cell("phone_as_written", ("Phone", 2), "`02…18`", "region = \"GB\""),
            cell("phone_without_region", ("Phone", 3), "`02…12`", "region = \"GB\""),
        ]),
    example(text(
        "whose.csv",
        "Ticket,Email,Name,Wish,Status\n\
         T-1,Jane Doe via Desk <desk@example.org>,\"Doe, Jane\",Access,Open\n\
         T-2,info@example.org,\"Roe, Joe\",Access,Open\n\
         T-3,jane@example.com,\"Doe, Jane\",Access,Open\n\
         T-4,jane@example.com,\"Roe, Joe\",Access,Closed\n").fields(
        "userFirstName = { column = \"Name\", part = \"first\" }\n\
         userLastName = { column = \"Name\", part = \"last\" }\n\
         preverified = \"?\""), &[
            cell("email_via", ("Email", 2), "mailing list", "the person's own address"),
            cell("email_role", ("Email", 3), "`i…@e…`", "the person's own address"),
            row("several_names", 5, "`j…@e…`", "each person's own address"),
            cell("looks_done", ("Status", 5), "`C…`", "where = [{ column"),
            told("undecided_preverified", At::All, "preverified: is not decided", "{ value = false }"),
        ]),
    example(text(
        "ids.csv",
        "Ticket,Id,Wish\n\
         T-1,12345678901234500000,Access\n\
         T-2,1234.0,Access\n\
         T-3,0,Access\n\
         T-4,1.23457E+14,Access\n\
         T-5,'00123,Access\n\
         T-6,\"=\"\"00123\"\"\",Access\n\
         T-7,\u{200b}123,Access\n\
         T-8,#REF!,Access\n").fields("userEmail\nuserId = \"Id\""), &[
            cell("id_rounded", ("Id", 2), "`12…00`", "column as text"),
            cell("id_formatted", ("Id", 3), "`1…`", "column as text"),
            cell("id_zero", ("Id", 4), "is 0", "empty the cell"),
            cell("id_damaged", ("Id", 5), "`1…`", "column as text"),
            cell("apostrophe", ("Id", 6), "`0…`", "sent without"),
            cell("text_in_formula", ("Id", 7), "`0…`", "what stands in the quotes"),
            cell("invisible_characters", ("Id", 8), "`1…`", "without them"),
            cell("spreadsheet_error", ("Id", 9), "`R…`", "correct the cell"),
        ]),
    example(text(
        "names.csv",
        "Ticket,Email,Wish,Name\n\
         T-1,jane@example.com,Access,Jane van Doe Roe\n\
         T-2,joe@example.com,Access,Dr. Joe Roe\n").fields(
        "userFirstName = { column = \"Name\", part = \"first\" }\n\
         userLastName = { column = \"Name\", part = \"last\" }",
    ), &[
            cell("name_undivided", ("Name", 2), "`J… v… D… …`", "`Last, First`"),
            cell("name_without_title", ("Name", 3), "`D… J… R…`", ""),
        ]),
    // Dates.
    example(text(
        "received.csv",
        "Ticket,Email,Wish,Received\n\
         T-1,jane@example.com,Access,31/12/1980\n\
         T-2,joe@example.com,Access,\n\
         T-3,jane@example.com,Access,31/12/2150\n\
         T-4,joe@example.com,Access,at Easter\n").input("received = \"Received\""), &[
            cell("received_ancient", ("Received", 2), "`19…31`", "is the date right"),
            cell("received_blank", ("Received", 3), "is blank", "fill it in"),
            cell("received_future", ("Received", 4), "`21…31`", "is the date right"),
            cell("received_unreadable", ("Received", 5), "`a… E…`", "2026-12-31"),
        ]),
    example(text(
        "order.csv",
        "Ticket,Email,Wish,Received\nT-1,jane@example.com,Access,01/02/2001\n").input("received = \"Received\""), &[cell(
            "date_order",
            ("Received", 2),
            "with the day first and with the month first",
            "date_order = \"dmy\" or \"mdy\"",
        )]),
];

const LINE: &str = "{\"Ticket\":1,\"Email\":\"jane@example.com\",\"Wish\":\"Access\"}\n";

/// A table whose columns are of a kind, with something below it.
fn below_twelve_rows(below: &str) -> Vec<u8> {
    let rows = (1..=12).map(|n| format!("T-{n},p{n}@example.com,agent@example.org,Access\n"));
    let rows: String = rows.collect();
    format!("Ticket,Email,Agent,Wish\n{rows}{below}").into_bytes()
}

fn workbook(name: &str) -> Vec<u8> {
    fs::read(data(name)).expect("it is there")
}

/// A time of more than a day, and a number in words.
fn odd_workbook() -> Vec<u8> {
    let text = |text: &str| {
        format!(
            "<table:table-cell office:value-type='string'><text:p>{text}</text:p></table:table-cell>"
        )
    };
    let odd = |attributes: &str| {
        format!(
            "<table:table-row><table:table-cell {attributes}><text:p>1</text:p></table:table-cell>{}{}</table:table-row>",
            text("jane@example.com"),
            text("Access")
        )
    };
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name='S'><table:table-row>{}{}{}\
         </table:table-row>{}{}</table:table></office:spreadsheet></office:body></office:document-content>",
        text("Ticket"),
        text("Email"),
        text("Wish"),
        odd("office:value-type='time' office:time-value='P1D'"),
        odd("office:value-type='float' office:value='twelve'")
    );
    archive(&[
        (
            "mimetype",
            b"application/vnd.oasis.opendocument.spreadsheet",
        ),
        ("META-INF/manifest.xml", b"<m:manifest/>"),
        ("content.xml", content.as_bytes()),
    ])
}

/// What a check of an input and its job file says, to people and to programs.
pub(super) fn checked(place: &Place, file: &str) -> (String, Value) {
    let check = ["check", file, "--job", "job.toml"];
    let told = place.run(&check);
    let json = place.run(&[&check[..], &["--progress", "json"]].concat());
    let report = serde_json::from_str(&stdout(&json))
        .unwrap_or_else(|error| panic!("{file}: {error}: {}", stderr(&json)));
    (stdout(&told), report)
}

/// The lines of a report that tell of a kind of problem, in one column or several.
pub(super) fn lines_of(report: &str, code: &str) -> String {
    let mut items: Vec<String> = Vec::new();
    let mut is_within = false;
    for line in report.lines() {
        let begins = line.get(..9).is_some_and(|start| {
            start.starts_with("  ") && start.ends_with("  ") && !start.trim().is_empty()
        });
        is_within = begins || (is_within && line.starts_with("         "));
        match items.last_mut() {
            Some(item) if is_within && !begins => *item += &format!("{line}\n"),
            _ if begins => items.push(format!("{line}\n")),
            _ => {}
        }
    }
    let tag = format!("[{code}]");
    items
        .into_iter()
        .filter(|item| item.contains(&tag))
        .collect()
}

impl Told {
    /// Asserts that it is told in full, and returns whether it is a problem or a warning, and its lines of the report.
    fn assert_form(&self, file: &str, told: &str, report: &Value) -> (&'static str, String) {
        let kinds = [("problems", "problem"), ("warnings", "warning")];
        let mut groups = kinds.iter().flat_map(|(list, kind)| {
            let groups = report[list]["groups"].as_array().expect("groups");
            groups.iter().map(move |group| (*kind, group))
        });
        let (kind, group) = groups
            .find(|(_, group)| group["code"] == self.code)
            .unwrap_or_else(|| panic!("{file}: `{}` is not told: {told}", self.code));
        let lines = lines_of(told, self.code);
        let about = format!("{file}: {lines}{group}");
        // What.
        let message = group["message"].as_str().unwrap_or_default();
        assert!(message.len() > 10 && !message.ends_with('.'), "{about}");
        // Where.
        let (column, line) = match self.place {
            At::Cell(column, line) => (Some(column), Some(line)),
            At::Row(line) => (None, Some(line)),
            At::All => (group["column"].as_str(), None),
        };
        assert_eq!(group["column"].as_str(), column, "{about}");
        let first = &group["examples"][0];
        assert_eq!(first["line"].as_u64(), line, "{about}");
        if let Some(line) = line {
            let place = first["place"].as_str().unwrap_or_default();
            let is_book = [".xlsx", ".ods"].iter().any(|end| file.ends_with(end));
            let place_in_sheet = place.split(" of sheet ").next().unwrap_or_default();
            let is_named = match place_in_sheet.strip_prefix("cell ") {
                Some(cell) => {
                    is_book && cell.trim_start_matches(char::is_alphabetic) == line.to_string()
                }
                None if is_book => place_in_sheet == format!("row {line}"),
                None => place.contains(&format!("line {line}")),
            };
            assert!(is_named && lines.contains(place), "{place} in {about}");
        }
        if let Some(column) = column {
            assert!(lines.contains(&format!("column `{column}`: ")), "{about}");
        }
        // What was found, what would be right, what to do next.
        let to_do = group["to_do"].as_str().unwrap_or_default();
        let is_notice = to_do.starts_with("nothing");
        assert!(!self.found.is_empty(), "{about}");
        assert!(is_notice || !self.wanted.is_empty(), "{about}");
        for words in [self.found, self.wanted] {
            assert!(lines.contains(words), "`{words}` in {about}");
        }
        assert!(!to_do.is_empty() && lines.contains("→ "), "{about}");
        (kind, lines)
    }
}

/// Every problem and warning in the words of a check, asserted to be told in full.
pub(super) fn read_aloud() -> String {
    let place = Place::new();
    let mut by_code = BTreeMap::new();
    for Example { given, told } in EXAMPLES {
        let Given {
            file,
            input,
            fields,
            ..
        } = given;
        lay_out(&place, file, &given.content(), input, fields);
        let (said, report) = checked(&place, file);
        assert_nobody_is_shown(file, &said);
        let groups = [&report["problems"], &report["warnings"]];
        assert_nobody_is_shown(file, &format!("{groups:?}"));
        for one in *told {
            let lines = one.assert_form(file, &said, &report);
            let twice = by_code.insert(one.code, lines).is_some();
            assert!(!twice, "two examples of `{}`", one.code);
        }
    }
    let known: BTreeSet<_> = problem_codes().collect();
    let shown: BTreeSet<_> = by_code.keys().copied().collect();
    assert_eq!(shown, known, "each has an example, and no other has one");
    let mut chapter = String::new();
    for code in problem_codes() {
        let (kind, lines) = &by_code[code];
        write!(chapter, "## {code} ({kind})\n\n{lines}\n").expect("memory writes");
    }
    chapter
}
