//! Delimited text, with all that a job may say of it, and inputs of which nothing is said.

use std::io::Cursor;
use std::num::NonZeroU64;

use concord_import::internals::intake::{Intake, IntakeError, RecordKind, RowReading, Shape};
use concord_import::internals::plan::{Format, NO_QUOTE, Reading};
use concord_import::internals::report::rejects::{PROBLEM_COLUMN, RejectsWriter};

use super::pick;
use super::told::{Pieces, Rows, any_plan, codes, drained, readings_of, rows_of, shown};

const DELIMITERS: [Option<u8>; 8] = [
    Some(b','),
    None,
    Some(b';'),
    Some(b'\t'),
    Some(b'|'),
    Some(b'^'),
    Some(b' '),
    Some(0x1f),
];
const QUOTES: [Option<u8>; 4] = [None, Some(b'"'), Some(b'\''), Some(NO_QUOTE)];
const SIZES: [&[usize]; 5] = [&[1], &[2, 3], &[1, 7, 64], &[17], &[1024, 1, 1]];

/// The `csv` crate takes it away wherever it begins to read.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Four bytes say how the rest is to be read: delimiter; quote and escape; header; sizes of the pieces and what is no row.
pub(crate) fn delimited(data: &[u8]) {
    let Some((&[delimiter, quote, header_row, sizes], bytes)) = data.split_first_chunk() else {
        return;
    };
    let names = || vec!["one".to_owned(), "two".to_owned(), "three".to_owned()];
    let reading = Reading {
        format: Some(Format::Csv),
        delimiter: pick(&DELIMITERS, delimiter),
        quote: pick(&QUOTES, quote),
        escape: pick(&[None, Some(b'\\'), None, None], quote >> 2),
        header_row: NonZeroU64::new(u64::from(header_row % 5)),
        header_rows: pick(&[None, Some(1), Some(2)], header_row / 5),
        columns: (header_row > 200).then(names),
        set_aside: sizes / 5 % 2 == 0,
        ..Reading::default()
    };
    every(&reading, bytes, pick(&SIZES, sizes));
}

/// The first byte gives the sizes of the pieces; of the rest nothing is said.
pub(crate) fn detection(data: &[u8]) {
    if let Some((&sizes, bytes)) = data.split_first() {
        every(&Reading::default(), bytes, pick(&SIZES, sizes));
    }
}

/// All that holds of any input.
pub(crate) fn every(reading: &Reading, bytes: &[u8], sizes: &[usize]) {
    let plan = any_plan(reading);
    let whole = readings_of(&plan, bytes);
    let pieces = Pieces::new(Cursor::new(bytes.to_vec()), sizes.to_vec());
    let cut = Intake::from_reader(&plan, 0, true, pieces).and_then(drained);
    let rows = rows_of(reading, bytes);
    let (readings, shape) = match (whole, cut) {
        (Ok((readings, shape)), Ok((of_pieces, shape_of_pieces))) => {
            assert_eq!(shape, shape_of_pieces);
            assert!(readings.iter().map(shown).eq(of_pieces.iter().map(shown)));
            (readings, shape)
        }
        (Err(error), Err(of_pieces)) => {
            // How many bytes had been read is told as it was.
            let told = |error: IntakeError| error.to_string().replace(char::is_numeric, "");
            assert_eq!(told(error), told(of_pieces));
            assert!(rows.is_err(), "`rows` reads what nothing else does");
            return;
        }
        (Ok(_), Err(error)) => panic!("only the pieces are refused: {error}"),
        (Err(error), Ok(_)) => panic!("only the pieces are read: {error}"),
    };
    // Too many paths are no fault but for `rows`.
    if let Ok(rows) = &rows {
        agree(&readings, rows);
        again(&shape, rows);
    }
    let is_plain = shape.packing.is_none() && shape.encoding.encoding == "UTF-8";
    let text = bytes.strip_prefix(MARK).unwrap_or(bytes);
    if is_plain && shape.format == Format::Csv {
        account(&readings, &shape, text);
        if let Ok(rows) = &rows {
            as_csv_reads(reading, &shape, rows, text);
        }
    }
    in_order(&readings, shape.format);
    rejects(reading, &readings, &shape);
}

/// `rows` and a run take the same rows and refuse the same.
fn agree(readings: &[RowReading], rows: &Rows) {
    let mut taken = 0;
    let mut refused = Vec::new();
    for row in readings {
        match codes(row) {
            Some(problems) => refused.extend(problems),
            None if is_aside(row) => {
                refused.push((row.position.line, row.warnings[0].code.as_str()));
            }
            None => taken += usize::from(!row.items.is_empty()),
        }
    }
    assert_eq!(refused, rows.refused);
    assert_eq!(taken, rows.rows.len());
}

/// Whether it is a note, a total or a header that was repeated.
fn is_aside(row: &RowReading) -> bool {
    row.items.is_empty() && !row.warnings.is_empty()
}

/// What was written reads as itself.
fn again(shape: &Shape, rows: &Rows) {
    // Keys and values of JSON may be what no cell of CSV is, and keys differ in white space alone.
    let mut names: Vec<_> = rows.columns.iter().map(|name| folded(name)).collect();
    names.sort_unstable();
    let is_odd = rows.text.contains(&0)
        || names.iter().any(String::is_empty)
        || names.windows(2).any(|two| two[0] == two[1]);
    if shape.format != Format::Csv && is_odd {
        return;
    }
    let reading = Reading {
        format: Some(Format::Csv),
        encoding: Some(encoding_rs::UTF_8),
        delimiter: Some(b','),
        quote: Some(b'"'),
        header_row: NonZeroU64::new(1),
        header_rows: Some(1),
        set_aside: false,
        ..Reading::default()
    };
    match rows_of(&reading, &rows.text) {
        Ok(again) => {
            // What rejects hold is taken row by row; without their mark a header among them is that of another table.
            let is_table = |(_, code): &(u64, &str)| code.starts_with("other_");
            if !again.refused.is_empty() && again.refused.iter().all(is_table) {
                return;
            }
            assert_eq!(again.refused, []);
            let all_folded = |rows: &Rows| {
                rows.columns
                    .iter()
                    .map(|name| folded(name))
                    .collect::<Vec<_>>()
            };
            assert_eq!(all_folded(&again), all_folded(rows));
            assert_eq!(again.rows, rows.rows);
        }
        // Keys that are blank or differ in white space alone; the text of a header that begins like another kind of file.
        Err(error) => assert!(
            shape.format != Format::Csv || error.to_string().contains("seems to be"),
            "{error}"
        ),
    }
}

/// Rows have their numbers, lines only go up, and the line to blame is within the row.
fn in_order(readings: &[RowReading], format: Format) {
    let mut before = 0;
    for (index, row) in readings.iter().enumerate() {
        assert_eq!(row.position.row, index as u64 + 1);
        let line = row.position.line;
        assert!(line > before || line == before && format == Format::Json);
        before = line;
        let next = readings
            .get(index + 1)
            .map_or(u64::MAX, |row| row.position.line);
        for (blamed, _) in codes(row).unwrap_or_default() {
            assert!(
                line <= blamed && blamed <= next,
                "line {blamed} for row at {line}"
            );
        }
    }
}

/// Where each line begins.
fn line_starts(text: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    for (at, byte) in text.iter().enumerate() {
        let ends = *byte == b'\n' || *byte == b'\r' && text.get(at + 1) != Some(&b'\n');
        if ends {
            starts.push(at + 1);
        }
    }
    starts
}

/// Every byte is part of what stands above the header, of the header, of a row or a note that is told of, or blank.
fn account(readings: &[RowReading], shape: &Shape, text: &[u8]) {
    let starts = line_starts(text);
    let start_of = |line: u64| {
        let line = usize::try_from(line - 1).expect("it is small");
        starts.get(line).copied().unwrap_or(text.len())
    };
    let is_blank = |gap: &[u8]| {
        let kept: Vec<u8> = gap
            .iter()
            .copied()
            .filter(|byte| *byte != shape.delimiter && (*byte != shape.quote || *byte == NO_QUOTE))
            .collect();
        // Byte order marks between files that were put together are no content.
        let text = String::from_utf8_lossy(&kept).replace('\u{feff}', "");
        text.trim().is_empty()
    };
    let header = start_of(shape.header_line)..start_of(shape.header_line + shape.header_lines);
    // Line ends among what stands above the header count for nothing.
    let without_breaks = |text: &[u8]| -> Vec<u8> {
        let kept = text.iter().copied();
        kept.filter(|byte| !matches!(byte, b'\n' | b'\r')).collect()
    };
    let above = without_breaks(&text[..header.start]);
    let told = without_breaks(&shape.preamble);
    assert!(above.starts_with(&told) && is_blank(&above[told.len()..]));
    check_header(&text[header.clone()], shape);
    let mut behind = header.end;
    let mut is_behind_aside = false;
    for row in readings {
        let start = start_of(row.position.line);
        assert!(start >= behind, "no byte is read twice");
        let gap = &text[behind..start];
        if is_behind_aside {
            assert!(is_one(gap, shape), "no byte is passed over");
        } else {
            assert!(is_blank(gap), "no byte is passed over");
        }
        behind = start;
        is_behind_aside = is_aside(row);
        if let Some(record) = &row.record {
            assert!(text[start..].starts_with(&record.raw), "it stands there");
            behind += record.raw.len();
        }
    }
    let rest = &text[behind..];
    assert!(is_blank(rest) || is_behind_aside && is_one(rest, shape));
}

/// Whether it is one record, as far as the `csv` crate can tell.
fn is_one(text: &[u8], shape: &Shape) -> bool {
    if shape.escape.is_some() || shape.is_padded || text.starts_with(MARK) {
        return true;
    }
    let records = records(text, shape.delimiter, shape.quote);
    records.iter().filter(|row| !is_blank_row(row)).count() == 1
}

/// The names are those of the header, where each column has one of its own in a single record.
fn check_header(header: &[u8], shape: &Shape) {
    let is_plain = shape.made_up.is_empty() && shape.escape.is_none() && !shape.is_padded;
    if !is_plain || header.starts_with(MARK) {
        return;
    }
    let found = records(header, shape.delimiter, shape.quote);
    let found: Vec<_> = found.iter().filter(|row| !is_blank_row(row)).collect();
    let [found] = found.as_slice() else {
        return;
    };
    let names: Vec<_> = found
        .iter()
        .map(|name| folded(&String::from_utf8_lossy(name)))
        .collect();
    let columns: Vec<_> = shape.columns.iter().map(|name| folded(name)).collect();
    assert_eq!(names[..columns.len()], *columns);
    assert!(names[columns.len()..].iter().all(String::is_empty));
}

/// Any white space, or byte order mark, as a single blank.
fn folded(text: &str) -> String {
    text.replace('\u{feff}', " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn is_blank_row(row: &[Vec<u8>]) -> bool {
    row.iter()
        .all(|cell| String::from_utf8_lossy(cell).trim().is_empty())
}

/// The records of a text as the `csv` crate reads them.
fn records(text: &[u8], delimiter: u8, quote: u8) -> Vec<Vec<Vec<u8>>> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .quote(quote)
        .quoting(quote != NO_QUOTE)
        .from_reader(text)
        .into_byte_records()
        .map(|record| record.expect("memory reads"))
        .map(|record| record.iter().map(<[u8]>::to_vec).collect())
        .collect()
}

/// Whether every quoted cell closes where a cell ends (RFC 4180).
fn is_well_formed(text: &[u8], delimiter: u8, quote: u8) -> bool {
    let ends = |at: usize| {
        text.get(at)
            .is_none_or(|byte| *byte == delimiter || matches!(byte, b'\n' | b'\r'))
    };
    let mut at = 0;
    while at < text.len() {
        if text[at] == quote {
            at += 1;
            loop {
                match (text.get(at), text.get(at + 1)) {
                    (None, _) => return false,
                    (Some(one), Some(two)) if *one == quote && *two == quote => at += 2,
                    (Some(one), _) if *one == quote => break,
                    _ => at += 1,
                }
            }
            at += 1;
            if !ends(at) {
                return false;
            }
        }
        while !ends(at) {
            at += 1;
        }
        at += 1;
    }
    true
}

/// The `csv` crate reads the same of text without a fault, where all records are rows.
fn as_csv_reads(reading: &Reading, shape: &Shape, rows: &Rows, text: &[u8]) {
    let (delimiter, quote) = (shape.delimiter, shape.quote);
    let is_rfc_4180 = shape.escape.is_none() && !shape.is_padded && quote != NO_QUOTE;
    let are_named = shape.columns.iter().all(|name| !name.is_empty());
    if reading.set_aside || !is_rfc_4180 || !are_named {
        return;
    }
    let starts = line_starts(text);
    let first = usize::try_from(shape.header_line + shape.header_lines - 1).expect("it is small");
    let text = &text[starts.get(first).copied().unwrap_or(text.len())..];
    // The `csv` crate takes a mark away at the start alone.
    if memchr::memmem::find(text, MARK).is_some() || !is_well_formed(text, delimiter, quote) {
        return;
    }
    let records = records(text, delimiter, quote).into_iter();
    let count = shape.columns.len();
    let mut taken = Vec::new();
    let mut refused = 0;
    for record in records.filter(|row| !is_blank_row(row)) {
        let cells: Option<Vec<String>> = record
            .iter()
            .map(|cell| String::from_utf8(cell.clone()).ok())
            .collect();
        let has_nul = record.iter().flatten().any(|byte| *byte == 0);
        match cells {
            Some(mut cells)
                if cells.len() >= count
                    && !has_nul
                    && cells[count..].iter().all(|cell| cell.trim().is_empty()) =>
            {
                let is_wide = cells.len() > count;
                cells.truncate(count);
                taken.push((cells, is_wide));
            }
            _ => refused += 1,
        }
    }
    let mut found = rows.rows.iter().peekable();
    for (cells, is_wide) in taken {
        if found.next_if(|row| **row == cells).is_none() {
            assert!(is_wide, "a row is missing: {cells:?}");
            refused += 1;
        }
    }
    assert_eq!(found.next(), None, "a row that is not there");
    assert_eq!(rows.refused.len(), refused);
}

/// Rejects that nobody corrected are refused again, each of them, and do not grow.
pub(crate) fn rejects(reading: &Reading, readings: &[RowReading], shape: &Shape) {
    let Some((first, count)) = written(readings, shape) else {
        return;
    };
    // What stands in that column is replaced, whatever is wrong with it.
    if shape.columns.iter().any(|name| name == PROBLEM_COLUMN) {
        return;
    }
    let plan = any_plan(reading);
    // What the job leaves open is found out anew, from the rejects alone.
    let is_told = reading.delimiter.is_some() && reading.quote.is_some();
    let (second, shape) = match readings_of(&plan, &first) {
        Ok(read) => read,
        Err(_) if !is_told => return,
        Err(error) => panic!("rejects are an input: {error}\n{}", first.escape_ascii()),
    };
    if !is_told {
        return;
    }
    let refused = second.iter().filter(|row| codes(row).is_some()).count();
    assert_eq!(
        (second.len(), refused),
        (count, count),
        "{}",
        first.escape_ascii()
    );
    let (second, _) = written(&second, &shape).expect("they are as many");
    let (third, shape) = readings_of(&plan, &second).expect("rejects are an input");
    let (third, again) = written(&third, &shape).expect("they are as many");
    assert_eq!(again, count);
    assert_eq!(
        second.escape_ascii().to_string(),
        third.escape_ascii().to_string(),
        "they are the same from then on"
    );
}

/// The rejects of these rows, and how many there are; nothing where there are none.
fn written(readings: &[RowReading], shape: &Shape) -> Option<(Vec<u8>, usize)> {
    let mut writer = RejectsWriter::new(Vec::new(), shape).expect("memory writes");
    let mut count = 0;
    for row in readings {
        let Some(concord_import::internals::intake::Item::Invalid { problems, .. }) =
            row.items.first()
        else {
            continue;
        };
        let record = row.record.as_ref().expect("records are kept");
        assert!(!record.raw.is_empty() || record.kind != RecordKind::Cells);
        writer
            .write(record, &problems[0].message)
            .expect("memory writes");
        count += 1;
    }
    (count > 0).then(|| (writer.finish().expect("memory flushes"), count))
}
