//! Where the table is and what in it is no row: titles, headers of several rows or none, notes, totals, dialects.

use std::io::Write as _;
use std::num::NonZeroU64;

use concord_import::internals::intake::{IntakeError, Shape, rows};
use concord_import::internals::plan::{Input, NO_QUOTE, Reading};

use crate::reading::{error, open, plan, read, told};
use crate::support::column;

/// The rows of a text as CSV, how it was understood, and `line code` of what was left out.
fn understood(text: &str, reading: &Reading) -> Result<(String, Shape, Vec<String>), IntakeError> {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("a file writes");
    let input = Input {
        name: "t.csv".to_owned(),
        path: file.path().to_owned(),
    };
    let (mut out, mut shape, mut left_out) = (Vec::new(), None, Vec::new());
    rows(
        &input,
        reading,
        &mut out,
        &mut |found| shape = Some(found.clone()),
        &mut |problem| {
            left_out.push(format!(
                "{} {}",
                problem.position.line,
                problem.code.as_str()
            ));
        },
    )?;
    let out = String::from_utf8(out).expect("rows are UTF-8");
    Ok((out, shape.expect("it is told"), left_out))
}

fn found(text: &str) -> (String, Shape, Vec<String>) {
    understood(text, &Reading::default()).expect("it reads")
}

const REGISTER: &str = "Privacy requests\nGenerated,2026-01-05\n\n,,\nTicket,Email,Wish\nT-1,a@example.com,view\nT-2,b@example.com,delete\n";

#[test]
fn what_stands_above_the_header_is_kept_and_told() {
    let (out, shape, left_out) = found(REGISTER);
    assert_eq!(
        out,
        "Ticket,Email,Wish\nT-1,a@example.com,view\nT-2,b@example.com,delete\n"
    );
    assert_eq!((shape.header_line, shape.header_lines), (5, 1));
    assert_eq!(
        shape.preamble,
        b"Privacy requests\nGenerated,2026-01-05\n\n,,\n"
    );
    assert_eq!(left_out, Vec::<String>::new());
    // The job has the last word.
    let reading = Reading {
        header_row: NonZeroU64::new(2),
        ..Reading::default()
    };
    let (out, ..) = understood(REGISTER, &reading).expect("it reads");
    assert!(out.starts_with("Generated,2026-01-05\n"), "{out}");
}

#[test]
fn headers_of_several_rows_are_joined_or_told_in_the_job_file() {
    let (out, shape, _) = found(
        "|Person||Request|\nTicket|Email|Name|Kind|Due\nT-1|a@example.com|Ann|view|2026-01-02\nT-2|b@example.com|Bob|view|2026-01-03\n",
    );
    assert_eq!(
        out.lines().next(),
        Some("Ticket,Person / Email,Person / Name,Request / Kind,Request / Due")
    );
    assert_eq!((shape.header_line, shape.header_lines), (1, 2));
    let unclear = "Start,Email,Due\nStart date,Your address,Day\n2026-01-01,a@example.com,2026-01-02\n2026-01-01,b@example.com,2026-01-02\n2026-01-01,c@example.com,2026-01-02\n";
    let refused = understood(unclear, &Reading::default()).expect_err("it is unclear");
    let hint = refused.hint();
    assert!(
        hint.contains("header_row = 1 with header_rows = 2"),
        "{hint}"
    );
    for (rows, starts) in [
        (
            2,
            "Start / Start date,Email / Your address,Due / Day\n2026-01-01,",
        ),
        (1, "Start,Email,Due\nStart date,"),
    ] {
        let reading = Reading {
            header_row: NonZeroU64::new(1),
            header_rows: Some(rows),
            set_aside: false,
            ..Reading::default()
        };
        let (out, ..) = understood(unclear, &reading).expect("it reads");
        assert!(out.starts_with(starts), "{out}");
    }
}

#[test]
fn a_file_without_a_header_shows_outlines_and_asks_for_names() {
    let text = "T-1,ann@example.com,view\nT-2,bob@example.com,delete\n";
    let told_of = error(&plan(), text.as_bytes());
    assert!(
        told_of.contains("line 1") && told_of.contains("columns = [") && told_of.contains("a…@e…"),
        "{told_of}"
    );
    assert!(
        !told_of.contains("ann") && !told_of.contains("example"),
        "{told_of}"
    );
    // Texts alone: a code above codes is no name.
    let codes = "C-1001,delete\nC-1002,view\nC-1003,view\n";
    assert!(error(&plan(), codes.as_bytes()).contains("columns = ["));
    let mut named = plan();
    named.reading.columns = Some(["Ticket", "Email", "Wish"].map(str::to_owned).to_vec());
    let rows = read(&named, text.as_bytes());
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        ["1/1: T-1 view", "2/2: T-2 delete"]
    );
    named.reading.columns = Some(vec!["Ticket".to_owned()]);
    assert!(error(&named, text.as_bytes()).contains("most rows have 3"));
}

#[test]
fn names_that_repeat_or_lack_are_made_up_and_told() {
    let (out, shape, left_out) = found(
        "Ticket,Comment,Comment,,Comment (2),,Email\nT-1,x,y,z,v,,a@example.com\nT-2,x,y,,v,,b@example.com\nT-3,x,y,,v,w,b@example.com\n",
    );
    assert_eq!(
        out.lines().next(),
        Some("Ticket,Comment,Comment (3),Column 4,Comment (2),Column 6,Email")
    );
    assert_eq!(shape.made_up, [2, 3, 5]);
    assert_eq!(left_out, Vec::<String>::new());
    // A column without name and values is none, and a value that turns up in it later is not lost.
    let mut text = "Ticket,,Email\n".to_owned() + &"T-1,,a@example.com\n".repeat(600);
    text += "T-2,late,a@example.com\n";
    let (out, _, left_out) = found(&text);
    assert_eq!(out.lines().next(), Some("Ticket,Email"));
    assert_eq!(left_out, ["602 nameless_column"]);
}

#[test]
fn a_name_that_several_columns_have_is_refused_in_the_job() {
    let mut plan = plan();
    let text = b"Ticket,Email,Email,Wish\nT-1,agent@example.com,a@example.com,view\n";
    let told_of = error(&plan, text);
    assert!(
        told_of.contains("`Email` is the name of several columns"),
        "{told_of}"
    );
    for (name, address) in [
        ("Email (1)", "agent@example.com"),
        ("Email (2)", "a@example.com"),
    ] {
        plan.rules.fields[1].1 = column(name);
        let rows = read(&plan, text);
        let Some(concord_import::internals::intake::Item::Entry(entry)) = rows[0].items.first()
        else {
            panic!("it is valid")
        };
        assert_eq!(entry.body.user_email(), Some(address));
    }
}

#[test]
fn rows_of_a_register_are_kept_whatever_their_numbers() {
    let mut text = "Ticket,Name,Telephone,Days,Amount\n".to_owned();
    let (mut amount, mut before) = (1_u64, 1_u64);
    let mut rows = Vec::new();
    for row in 0..40 {
        rows.push(format!(
            "T-{row},Ann,+44 20 7946 00{row:02},{},{amount}\n",
            3 * amount
        ));
        (amount, before) = (amount + before, amount);
    }
    // Each amount is those of the next two rows together.
    text.extend(rows.into_iter().rev());
    let (out, _, left_out) = found(&text);
    assert_eq!(left_out, Vec::<String>::new());
    assert_eq!(out.lines().count(), 41);
}

#[test]
fn notes_totals_and_repeated_headers_are_set_aside_and_doubts_are_problems() {
    let text = "Ticket,Email,Wish,Days\n\
        T-1,a@example.com,view,5\n\
        Ticket,Email,Wish,Days\n\
        T-2,b@example.com,delete,6\n\
        Old ones,,,\n\
        T-3,,,\n\
        ,c@example.com,,\n\
        Total,,,11\n\
        Number,Address,Kind,Time\n\
        \n\
        Source: the register of requests\n";
    let (out, _, left_out) = found(text);
    assert_eq!(
        left_out,
        [
            "3 header_again",
            "5 lone_cell",
            "8 perhaps_total",
            "11 note"
        ],
        "{out}"
    );
    assert_eq!(out.lines().count(), 6, "{out}");
    let mut plan = plan();
    plan.reading.delimiter = Some(b',');
    let rows = read(&plan, text.as_bytes());
    let aside: Vec<_> = rows
        .iter()
        .filter(|row| row.items.is_empty())
        .map(|row| {
            (
                row.position.line,
                row.warnings
                    .iter()
                    .map(|warning| warning.code.as_str())
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(aside, [(3, vec!["header_again"]), (11, vec!["note"])]);
    let every = Reading {
        set_aside: false,
        ..Reading::default()
    };
    let (_, _, left_out) = understood(text, &every).expect("it reads");
    assert_eq!(left_out, ["11 too_few_cells"]);
}

#[test]
fn values_in_the_wrong_columns_are_problems() {
    let body = "T-1,2026-01-01,a@example.com,\nT-2,2026-01-01,b@example.com,\n".repeat(6);
    let (_, _, left_out) = found(&format!(
        "Ticket,Day,Email,Remark\n{body}T-3,,2026-01-01,c@example.com,\n"
    ));
    assert_eq!(left_out, ["14 too_many_cells"]);
    // A value that is moved into a column without a name.
    let (_, _, left_out) = found(&format!(
        "Ticket,Day,Email,\n{body}T-3,,2026-01-01,c@example.com\n"
    ));
    assert_eq!(left_out, ["14 shifted"]);
    let (_, _, left_out) = found(&format!(
        "Ticket,Day,Email,Remark\n{body}T-3\"a,b,c@example.com,x\"\n"
    ));
    assert_eq!(left_out, ["14 stray_quotes"]);
    let refused = understood(
        "TicketDay,Email,Remark\nT-1,2026-01-01,a@example.com,\nT-1,2026-01-01,a@example.com,\nT-1,2026-01-01,a@example.com,\n",
        &Reading::default(),
    );
    assert!(refused.is_err_and(|error| error.to_string().contains("perhaps it lacks a delimiter")));
}

#[test]
fn quotes_and_escapes_are_found_or_told() {
    for (text, cell) in [
        ("Ticket,'Remark'\nT-1,'x, y'\nT-2,'it''s'\n", "\"x, y\""),
        (
            "Ticket,Remark\nT-1,\"say \\\"a, b\\\", and\"\nT-2,\"x\"\n",
            "\"say \"\"a, b\"\", and\"",
        ),
        ("Ticket, Remark\nT-1, \"x, y\"\nT-2, \"z\"\n", "\"x, y\""),
        ("Ticket~Remark\nT-1~a, b\nT-2~c\n", "\"a, b\""),
        ("Ticket\x1fRemark\nT-1\x1fa, b\nT-2\x1fc\n", "\"a, b\""),
        ("Ticket,Remark\rT-1,a\rT-2,b\r", "a"),
    ] {
        let (out, ..) = found(text);
        assert_eq!(
            out.lines().nth(1),
            Some(format!("T-1,{cell}").as_str()),
            "{text}"
        );
    }
    let reading = Reading {
        quote: Some(NO_QUOTE),
        ..Reading::default()
    };
    let (out, _, left_out) =
        understood("Ticket,Remark\nT-1,\"open\nT-2,b\n", &reading).expect("it reads");
    assert_eq!(
        (out.as_str(), left_out.len()),
        ("Ticket,Remark\nT-1,\"\"\"open\"\nT-2,b\n", 0)
    );
    // An open quote is blamed on its line in every dialect.
    for (quote, escape) in [(b'"', None), (b'\'', None), (b'"', Some(b'\\'))] {
        let mark = char::from(quote);
        let reading = Reading {
            quote: Some(quote),
            escape,
            ..Reading::default()
        };
        let text = format!("Ticket,Remark\nT-1,{mark}open\nT-2,b\nT-3,c\n");
        let (out, _, left_out) = understood(&text, &reading).expect("it reads");
        assert_eq!(
            (out.as_str(), left_out),
            (
                "Ticket,Remark\nT-2,b\nT-3,c\n",
                vec!["2 open_quote".to_owned()]
            )
        );
    }
}

#[test]
fn rejects_of_any_table_are_read_again_by_the_same_job() {
    let mut joined = plan();
    joined.rules.key = vec!["Ticket".to_owned()];
    joined.rules.fields[0].1 = column("Ask / Wish");
    joined.rules.fields[1].1 = column("Ask / Email");
    joined.reading.header_rows = Some(2);
    // Texts alone: a code above codes is no name.
    let codes = "C-1001,delete\nC-1002,view\nC-1003,view\n";
    assert!(error(&plan(), codes.as_bytes()).contains("columns = ["));
    let mut named = plan();
    named.reading.columns = Some(["Ticket", "Email", "Wish"].map(str::to_owned).to_vec());
    for (plan, text) in [
        (joined, &b"Register\n,Ask,\nTicket,Email,Wish\nT-1,a@example.com,nothing\nT-2,b@example.com,view\n"[..]),
        (named, b"T-1,a@example.com,nothing\nT-2,b@example.com,view\n"),
    ] {
        let intake = open(&plan, text).expect("it opens");
        let shape = intake.shape().clone();
        let rows = crate::reading::drain(intake);
        let mut writer = concord_import::internals::report::rejects::RejectsWriter::new(Vec::new(), &shape).expect("memory writes");
        let record = rows[0].record.as_ref().expect("it is kept");
        writer.write(record, "no such request").expect("memory writes");
        let rejects = writer.finish().expect("memory writes");
        let corrected = String::from_utf8(rejects).expect("UTF-8").replace("nothing", "view");
        let again = read(&plan, corrected.as_bytes());
        assert_eq!(again.len(), 1, "{corrected}");
        assert!(told(&again[0]).ends_with("T-1 view"), "{corrected}");
    }
}

/// Twelve rows whose columns are of a kind.
fn twelve_rows() -> String {
    let row = |number| format!("T-{number},p{number}@example.com,agent@example.org,view\n");
    let rows: String = (1..=12).map(row).collect();
    format!("Ticket,Requester,Agent,Wish\n{rows}")
}

#[test]
fn rows_below_the_header_of_another_table_are_refused_with_its_line() {
    for other in [
        "Ticket,Agent,Requester,Wish",
        "\nCode,By whom,Of whom,What",
        "\nTICKET,Agent,Requester,Wish,Remark",
    ] {
        let text = format!(
            "{}{other}\nT-90,agent@example.org,ann@example.com,view\nTicket,Requester,Agent,Wish\nT-91,bob@example.com,agent@example.org,view\n",
            twelve_rows()
        );
        let at = 14 + usize::from(other.starts_with('\n'));
        let (out, _, left_out) = found(&text);
        assert_eq!(
            left_out,
            [
                format!("{at} other_header"),
                format!("{} other_table", at + 1),
                format!("{} header_again", at + 2)
            ],
            "{other}"
        );
        assert!(!out.contains("ann@") && out.contains("bob@"), "{out}");
        let every = Reading {
            set_aside: false,
            ..Reading::default()
        };
        let (out, ..) = understood(&text, &every).expect("it reads");
        assert_eq!(out.contains("ann@"), other.contains("Code"), "{out}");
    }
}

#[test]
fn rows_below_a_title_and_the_header_once_more_are_refused() {
    let text = format!(
        "{}\nAll requests below were completed last year and are kept,,,\nTicket,Requester,Agent,Wish\nT-90,ann@example.com,agent@example.org,view\n",
        twelve_rows()
    );
    let (out, _, left_out) = found(&text);
    assert_eq!(
        left_out,
        ["15 lone_cell", "16 header_again", "17 other_section"],
        "{out}"
    );
    let every = Reading {
        set_aside: false,
        ..Reading::default()
    };
    let (out, ..) = understood(&text, &every).expect("it reads");
    assert!(out.contains("ann@"), "{out}");
}

#[test]
fn notes_and_totals_are_set_aside_only_where_no_row_follows() {
    let note = "* dates are those of receipt,,,\n\nTotal,,,12\n";
    let (_, _, left_out) = found(&(twelve_rows() + note));
    assert_eq!(left_out, ["14 note", "16 total"]);
    let row = "T-90,ann@example.com,agent@example.org,view\n";
    let (out, _, left_out) = found(&(twelve_rows() + note + row));
    assert_eq!(left_out, ["14 lone_cell", "16 perhaps_total"]);
    assert!(out.contains("ann@"), "{out}");
    // More notes than are looked at ahead.
    let many = "* dates are those of receipt,,,\n".repeat(2_000);
    let (_, _, left_out) = found(&(twelve_rows() + &many));
    assert!(left_out.iter().all(|told| told.ends_with(" lone_cell")) && left_out.len() == 2_000);
    // A person who is called so.
    let person = "Sum,+44 7911 123457,1002\nRazem,,1005\n";
    let (out, _, left_out) = found(&format!(
        "Name,Telephone,Number\nAnn,+44 7911 123456,1001\nBob,+44 7911 123458,1003\n{person}"
    ));
    assert_eq!(left_out, ["5 perhaps_total"]);
    assert!(out.contains("Sum,"), "{out}");
}

#[test]
fn a_row_whose_text_goes_on_in_the_next_line_is_refused_with_it() {
    let head = "Ticket,Email,Wish,Description\nT-1,a@example.com,view,What do you hold about me\n";
    for (rest, codes) in [
        (
            "T-2,b@example.com,delete,Please do the following:\nremove my newsletter alone\nand nothing else than that\nT-3,c@example.com,view,Thanks\n",
            ["3 cut_off", "4 lone_cell", "5 lone_cell"].as_slice(),
        ),
        (
            "T-2,b@example.com,delete,Please do the following:\nnot now, but in May\nT-3,c@example.com,view,Thanks\n",
            &["3 cut_off", "4 too_few_cells"],
        ),
        // These are whole.
        (
            "T-2,b@example.com,delete,Please do\nT-3,c@example.com\n",
            &["4 too_few_cells"],
        ),
        (
            "T-2,b@example.com,delete,Please do\nT-3,c@example.com,view,\"and\nso on\"\n",
            &[],
        ),
        (
            "T-2,b@example.com,delete,Please do\n\nSource: the register of requests\n",
            &["5 note"],
        ),
        (
            "T-2,b@example.com,delete,Please do\nTotal: 2 requests\n",
            &["4 lone_cell"],
        ),
    ] {
        let (out, _, left_out) = found(&format!("{head}{rest}"));
        assert_eq!(left_out, codes, "{out}");
    }
}

/// Returns the error of the file as a whole, and its hint.
fn refused(text: &str, reading: &Reading) -> String {
    let error = understood(text, reading).expect_err("it is refused");
    format!("{error} | {}", error.hint())
}

/// A line for each of these numbers.
fn lines(numbers: std::ops::RangeInclusive<u32>, line: impl Fn(u32) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().concat()
}

/// Returns a table of twelve columns with that number of rows.
fn twelve_columns(rows: usize) -> String {
    let row =
        |number| format!("{number},2026-01-02,Ann,p{number}@example.com,view,open,a,b,c,d,e,f\n");
    let rows: String = (1..=rows).map(row).collect();
    format!("Case,Opened,Name,Email,Wish,State,A,B,C,D,E,F\n{rows}")
}

#[test]
fn a_table_above_a_wider_one_is_refused_with_both_places() {
    let rows = lines(1..=20, |number| {
        format!("{number},x{number}@example.com,delete\n")
    });
    let text = format!("Ticket,Email,Type\n{rows}\n{}", twelve_columns(60));
    let told = refused(&text, &Reading::default());
    assert!(
        told.contains("line 23")
            && told.contains("lines 1 to 21")
            && told.contains("header_row = 23"),
        "{told}"
    );
    // The person has decided.
    let reading = Reading {
        header_row: NonZeroU64::new(23),
        ..Reading::default()
    };
    let (out, ..) = understood(&text, &reading).expect("it reads");
    assert_eq!(out.lines().count(), 61);
    for above in [
        // Rows without a header, the last of which is as wide as a header.
        "Ann Lee,12 High Street,Leeds\nBob Roe,3 Low Road,York\n",
        "Ann Lee,High Street\nBob Roe,Low Road\n\n",
        "Name,Email,,,,,,,,,,\nAnn,x@example.com,,,,,,,,,,\n,,,,,,,,,,,\n",
        // Other delimiters, blank lines between rows, a single column, a single row.
        "Nr\tEmail\tType\nT1\tx@example.com\tdelete\nT2\ty@example.com\tdelete\n\n",
        "Ann Lee,x@example.com\n\nBob Roe,y@example.com\n\n",
        "x@example.com\ny@example.com\nz@example.com\n\n",
        "T1,x@example.com,delete\n\n",
        "Customer: Ann; x@example.com\nT1,x@example.com,delete\n\n",
    ] {
        let told = refused(
            &format!("{above}{}", twelve_columns(9)),
            &Reading::default(),
        );
        assert!(told.contains("another table"), "{told}");
    }
    for above in [
        "Report,July 2026\nExported by,Ops\nFilter,All\n\n",
        "Report,July 2026,,,,,,,,,,\nExported by,Ops,,,,,,,,,,\nFilter,All,,,,,,,,,,\n",
        "Open requests\nas of,2026-07-31\n\n",
        "Questions about this export to privacy@example.com\nContact,privacy@example.com\n\n",
    ] {
        let (out, ..) = found(&format!("{above}{}", twelve_columns(9)));
        assert!(
            out.starts_with("Case,") && out.lines().count() == 10,
            "{out}"
        );
    }
}

#[test]
fn a_single_column_is_read_only_where_nothing_divides_it() {
    for (text, says) in [
        (
            "ID¤Name¤Email\n1¤Ann¤a@example.com\n2¤Bob¤b@example.com\n",
            "`¤`",
        ),
        ("ID#Email\n1#a@example.com\n", "delimiter = \"#\""),
        ("ID^Email\n1^a@example.com\n", "delimiter = \"^\""),
        (
            "ID\u{2}Email\n1\u{2}a@example.com\n",
            "delimiter = \"\\u0002\"",
        ),
        (
            "ID  Email\n1   a@example.com\n22  b@example.com\n",
            "aligned with blanks",
        ),
        ("\"ID,Email\"\n\"1,a@example.com\"\n", "in quotes"),
    ] {
        let told = refused(text, &Reading::default());
        assert!(
            told.contains("a single cell") && told.contains(says),
            "{told}"
        );
        let reading = Reading {
            delimiter: Some(b','),
            ..Reading::default()
        };
        assert!(
            understood(text, &reading).is_ok(),
            "the job has the last word"
        );
    }
    let (out, ..) = found("Email\na@example.com\nb@example.org\n");
    assert_eq!(out, "Email\na@example.com\nb@example.org\n");
    let (out, ..) = found("ID\u{1}Email\n1\u{1}a@example.com\n2\u{1}b@example.com\n");
    assert_eq!(out, "ID,Email\n1,a@example.com\n2,b@example.com\n");
}

#[test]
fn a_nameless_last_column_makes_no_row_too_wide() {
    let rows = lines(1..=9, |day| format!("{day};2026-01-0{day};open;\n"));
    let (out, _, left_out) = found(&format!(
        "ID;Opened;State;\n{rows}10;unknown;open;\n11;2026-01-09;open;x\n"
    ));
    assert_eq!(left_out, Vec::<String>::new());
    assert_eq!(out.lines().count(), 12);
    // A value that a surplus delimiter has moved is still reported.
    let (_, _, left_out) = found(&format!(
        "ID;Opened;State;\n{rows}10;;2026-01-09;open\n11;2026-01-09;open;;x\n"
    ));
    assert_eq!(left_out, ["11 shifted", "12 too_many_cells"]);
    let (_, _, left_out) = found(
        "ID;Email;Remark;\n1;a@example.com;what do you hold of me;\n2;b@example.com;see; also\n",
    );
    assert_eq!(left_out, ["3 too_many_cells"]);
}

#[test]
fn a_row_with_more_cells_than_the_others_is_refused_though_they_are_blank() {
    let shifted = "P7;p7@example.com;do not;delete;view";
    for (header, end, shifted_end) in [
        ("Nr;Email;Note;Type;Agent", ";Kai", ";"),
        ("Nr;Email;Note;Type;Agent", ";", ";"),
        ("Nr;Email;Note;Type;", "", ""),
        ("Nr;Email;Note;Type;", ";", ";"),
        ("Nr;Email;Note;Type", ";", ";"),
        ("Nr;Email;Note;Type;Agent;", ";Kai;", ";Kai;"),
        ("Nr;Email;Note;Type;Agent;;;", ";Kai;;;", ";;;;"),
    ] {
        let rows = lines(1..=6, |row| {
            format!("P{row};p{row}@example.com;a;view{end}\n")
        });
        let (out, _, left_out) = found(&format!("{header}\n{rows}{shifted}{shifted_end}\n"));
        assert_eq!(left_out, ["8 too_many_cells"], "{header} {end}: {out}");
        assert_eq!(out.lines().count(), 7, "{header} {end}: {out}");
    }
    // No number of cells is that of most rows.
    let (_, _, left_out) = found(
        "Email,Type,Subject,Ticket,Comment\na@example.com,view,Hello,T-1,\nb@example.com,delete,Hello, please,T-2,\n\
         c@example.com,view,Hi, please,T-3,\nd@example.com,view,Hi,T-4,\n",
    );
    assert_eq!(left_out, ["3 too_many_cells", "4 too_many_cells"]);
}

#[test]
fn titles_are_neither_rows_nor_parts_of_names() {
    for title in ["Closed requests,", "2025,", "Closed requests"] {
        let text = format!(
            "Email,Wish\na@example.com,view\nb@example.com,view\n\n{title}\nEmail,Wish\nc@example.com,view\n"
        );
        let (out, _, left_out) = found(&text);
        assert_eq!(left_out.len(), 3, "{left_out:?}");
        assert!(
            left_out[1..] == ["6 header_again", "7 other_section"] || !title.contains(','),
            "{left_out:?}"
        );
        assert!(!out.contains("Closed") && !out.contains("2025"), "{out}");
    }
    let (out, shape, _) = found(&format!(",,,Report July 2026,,\n{}", twelve_columns(3)));
    assert!(out.starts_with("Case,Opened,Name,Email,"), "{out}");
    assert_eq!((shape.header_line, shape.header_lines), (2, 1));
    let (out, ..) =
        found(",,Report July 2026,\nTicket,Name,Wish,Days\nT-1,Ann,view,4\nT-2,Bob,view,5\n");
    assert!(out.starts_with("Ticket,Name,Wish,Days\n"), "{out}");
}

#[test]
fn a_byte_order_mark_within_files_put_together_is_no_part_of_a_value() {
    let mark = "\u{feff}";
    let one = "\"Ticket\",\"Email\",\"Wish\"\n\"T-1\",\"a@example.com\",\"view\"\n";
    let (out, _, left_out) = found(&format!("{mark}{one}{mark}{}", one.replace("T-1", "T-2")));
    assert_eq!(
        out,
        "Ticket,Email,Wish\nT-1,a@example.com,view\nT-2,a@example.com,view\n"
    );
    assert_eq!(left_out, ["3 header_again"]);
    let (out, ..) = found(&format!(
        "{one}{mark}\"T-2\",\"b@example.com\",\"view\"\n{mark}T-3,c@example.com,view\n"
    ));
    assert!(
        out.ends_with("\nT-2,b@example.com,view\nT-3,c@example.com,view\n"),
        "{out}"
    );
}

#[test]
fn rows_that_are_all_too_wide_or_too_narrow_are_refused_once() {
    for (text, says) in [
        (
            "Ticket,Email,Wish,Note\n1,a@example.com,view\n2,b@example.com,view\n",
            "has 4 names, and each of the first rows has at most 3",
        ),
        (
            "Ticket,Email,Wish\n1,a@example.com,view,x\n2,b@example.com,view,y\n",
            "has 3 cells and each of the first rows has 4",
        ),
    ] {
        let told = refused(text, &Reading::default());
        assert!(told.contains(says), "{told}");
    }
    let (out, _, left_out) =
        found("Ticket,Email,Wish\n1,a@example.com,view,\n2,b@example.com,view,\n3,unknown,view,\n");
    assert_eq!((out.lines().count(), left_out.len()), (4, 0));
    // A single row with the wrong number of cells is that row's fault.
    let (_, _, left_out) =
        found("Ticket,Email,Wish\n1,a@example.com,view,x\n2,b@example.com,view\n3,c@example.com\n");
    assert_eq!(left_out, ["2 too_many_cells", "4 too_few_cells"]);
}

#[test]
fn rows_that_were_prepared_and_not_filled_in_are_set_aside() {
    let filled = lines(1..=5, |row| {
        format!("{row},T-{row},p{row}@example.com,view,New,TRUE,0\n")
    });
    for (prepared, count) in [
        (",,,,,FALSE,\n".repeat(48), 48),
        (lines(6..=39, |row| format!("{row},,,,,,\n")), 34),
        (lines(6..=39, |row| format!("{row},,,,New,FALSE,0\n")), 34),
        (",,,,New,,\n".repeat(3), 3),
        ("0,0,0,0,0,FALSE,0\n".repeat(5), 5),
    ] {
        let rows = read(
            &plan(),
            format!("No,Ticket,Email,Wish,State,Done,Sum\n{filled}{prepared}").as_bytes(),
        );
        let aside = rows.iter().filter(|row| {
            row.items.is_empty()
                && row
                    .warnings
                    .iter()
                    .any(|warning| warning.code.as_str() == "prefilled")
        });
        assert_eq!(aside.count(), count, "{prepared}");
        assert_eq!(rows.len(), count + 5);
    }
    // These rows may belong to a person.
    for row in [
        "6,,,view,New,FALSE,0",
        "6,T-6,,,,FALSE,",
        "6,,,,Jo Roe called,FALSE,",
        "6,,,,,FALSE,07911123456",
        "6,,,,jo@example.com,FALSE,",
    ] {
        let rows = read(
            &plan(),
            format!("No,Ticket,Email,Wish,State,Done,Sum\n{filled}{row}\n").as_bytes(),
        );
        assert!(
            told(&rows[5]).contains('@') && !rows[5].items.is_empty(),
            "{row}: {}",
            told(&rows[5])
        );
    }
}
