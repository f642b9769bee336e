//! Delimited text, from its first byte to the place where its rows begin: dialect, preamble, header.
//!
//! The first records are read as texts and the table is found among them (`table`); what the job file says comes
//! before what is found. The header's own records are then read once more, strictly.

use super::decode::csv::{self, scan_window};
use super::decode::lists;
use super::decode::scan::{After, Dialect, Scan, Spans, line_breaks, scan};
use super::decode::{
    Decoder, HEADER_BYTES_MAX, HEADER_CELLS_MAX, PREAMBLE_BYTES_MAX, ROW_BYTES_MAX, Shape,
};
use super::detect::{self, LOOK_BYTES};
use super::dialect::{self, DELIMITERS, delimiter_hint, written};
use super::encoding;
use super::error::IntakeError;
use super::judge::Judge;
use super::mask::mask;
use super::one_column;
use super::opened::{Opened, read, start, unreadable};
use super::saved_rejects;
use super::source::Window;
use super::table::{self, NoTable, Said, TABLE_RECORDS_MAX, Table};
use super::widths::{self, Misfit};
use crate::numbers::grouped;
use crate::plan::{NO_QUOTE, Reading};

/// How much of delimited text is looked at to find the table, in bytes.
pub const TABLE_BYTES_MAX: usize = PREAMBLE_BYTES_MAX;
/// Records and cells that are shown, masked, where there is no header.
const SHOWN_RECORDS: usize = 3;
const SHOWN_CELLS: usize = 8;

/// A record of the sample.
struct Place {
    /// Where it begins, from the start of the sample.
    at: usize,
    /// The line on which it begins.
    line: u64,
    /// A quote in it is at fault.
    is_faulty: bool,
}

/// The first records, as texts, and where they stand.
#[derive(Default)]
struct Sample {
    records: Vec<Vec<String>>,
    places: Vec<Place>,
}

/// What the job file says of the dialect; what it leaves open is as usual.
pub(crate) fn said_dialect(reading: &Reading) -> Result<Dialect, IntakeError> {
    let dialect = Dialect {
        delimiter: reading.delimiter.unwrap_or(b','),
        quote: reading.quote.unwrap_or(b'"'),
        escape: reading.escape,
        is_padded: false,
    };
    let rule = |key: &str, what: String, hint: &str| {
        Err(IntakeError::Rule {
            job_key: key.to_owned(),
            what,
            hint: hint.to_owned(),
        })
    };
    let fits = |byte: u8| byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0);
    for (key, byte) in [
        ("input.delimiter", Some(dialect.delimiter)),
        (
            "input.quote",
            Some(dialect.quote).filter(|&quote| quote != NO_QUOTE),
        ),
        ("input.escape", dialect.escape),
    ] {
        if let Some(byte) = byte.filter(|&byte| !fits(byte)) {
            return rule(
                key,
                format!("byte 0x{byte:02X} is not an ASCII character that can stand there"),
                "the usual ones are delimiter = \",\" (or \";\" or \"\\t\"), quote = '\"' and escape = \"\\\\\"",
            );
        }
    }
    let same = format!("`{}` is the delimiter as well", written(dialect.delimiter));
    let different = "give two different characters, or leave out both to have them found";
    if dialect.delimiter == dialect.quote {
        return rule("input.quote", same, different);
    }
    if dialect.escape == Some(dialect.delimiter) {
        return rule("input.escape", same, different);
    }
    Ok(dialect)
}

/// Opens delimited text: what is unread afterwards are its rows.
pub(crate) fn open(
    name: String,
    mut window: Window,
    mut shape: Shape,
    reading: &Reading,
) -> Result<Opened, IntakeError> {
    above(&name, &mut window, &mut shape, reading)?;
    if window.unread().is_empty() {
        return Err(IntakeError::Empty { input: name });
    }
    let sample = sample(&name, &mut window, &shape)?;
    let table = find(&name, &sample, &shape, reading)?;
    check_divided(&name, &window, &sample, &shape, &table, reading)?;
    let row_cells = check_widths(&name, &sample, &shape, &table, reading)?;
    go_to(&mut window, &mut shape, &sample, &table);
    let guessed_header = header(&name, &mut window, &mut shape, &table, reading)?;
    shape.header_rows = table.header_records;
    let judge = Judge::new(&sample.records, &table, reading.set_aside);
    let first_line = shape.header_line + shape.header_lines;
    if shape.header_lines == 0 {
        shape.is_crlf = first_end_is_crlf(window.unread());
    }
    Ok(Opened {
        name,
        decoder: Decoder::Csv(csv::Decoder::new(&shape, judge, row_cells, first_line)),
        window,
        guessed_header,
        paths: Vec::new(),
        lists: lists::Lists::default(),
        may_lack: false,
        shape,
    })
}

/// Goes as far as the job file or a `sep=` line say, and finds out what stands between and around cells.
fn above(
    name: &str,
    window: &mut Window,
    shape: &mut Shape,
    reading: &Reading,
) -> Result<(), IntakeError> {
    let rejects = saved_rejects::header(start(window), reading.delimiter);
    // A program that has saved rejects may have left out a `sep=` line.
    let header_row = reading
        .header_row
        .filter(|row| rejects.is_none_or(|rejects| row.get() <= rejects.lines_above + 1));
    let separator = dialect::separator_line(start(window), shape.quote);
    if let Some((_, size)) = separator.filter(|_| header_row.is_none()) {
        shape.preamble = window.unread()[..size].to_vec();
        shape.header_line = 2;
        window.consume(size);
    }
    if let Some(header_row) = header_row {
        let above = usize::try_from(header_row.get() - 1).unwrap_or(usize::MAX);
        let Some(bytes) = read(name, window, |window| preamble(window, above))? else {
            return Err(IntakeError::NoHeaderLine {
                input: name.to_owned(),
                header_row: header_row.get(),
                limit_bytes: PREAMBLE_BYTES_MAX as u64,
            });
        };
        shape.preamble = window.unread()[..bytes].to_vec();
        window.consume(bytes);
        shape.header_line = header_row.get();
    }
    shape.header_line += read(name, window, csv::skip_breaks)?;
    read(name, window, |window| window.ensure(TABLE_BYTES_MAX + 1))?;
    let is_all = window.unread().len() <= LOOK_BYTES;
    let said = reading
        .delimiter
        .or(separator.map(|(delimiter, _)| delimiter));
    let told = match rejects {
        // A program has saved the rejects with another delimiter, so quotes and escapes are found again too.
        Some(rejects) if said != Some(rejects.delimiter) => dialect::Told {
            delimiter: Some(rejects.delimiter),
            ..dialect::Told::default()
        },
        _ => dialect::Told {
            delimiter: said,
            quote: reading.quote,
            escape: reading.escape,
        },
    };
    let found = dialect::find(start(window), is_all, told);
    shape.delimiter = found.delimiter;
    shape.quote = found.quote;
    shape.escape = found.escape;
    shape.is_padded = found.is_padded;
    Ok(())
}

/// The first records as texts.
fn sample(name: &str, window: &mut Window, shape: &Shape) -> Result<Sample, IntakeError> {
    read(name, window, |window| window.ensure(TABLE_BYTES_MAX + 1))?;
    let text = window.unread();
    let is_all = window.is_last() && text.len() <= TABLE_BYTES_MAX;
    let text = &text[..text.len().min(TABLE_BYTES_MAX)];
    let after = if is_all { After::End } else { After::More };
    let mut sample = Sample::default();
    let mut cells = Spans::default();
    let (mut at, mut line) = (0, shape.header_line);
    while at < text.len() && sample.records.len() < TABLE_RECORDS_MAX {
        let rest = &text[at..];
        let Scan::Record {
            content,
            whole,
            fault,
        } = scan(rest, after, ROW_BYTES_MAX, shape.dialect(), &mut cells)
        else {
            break;
        };
        let texts = cells.texts(&rest[..content]);
        sample.records.push(match fault {
            Some(_) => Vec::new(),
            None => texts
                .map(|text| String::from_utf8_lossy(text).trim().to_owned())
                .collect(),
        });
        sample.places.push(Place {
            at,
            line,
            is_faulty: fault.is_some(),
        });
        at += whole;
        line += line_breaks(&rest[..whole]);
    }
    Ok(sample)
}

fn lines(first: u64, last: u64) -> String {
    if first == last {
        format!("line {first}")
    } else {
        format!("lines {first} to {last}")
    }
}

/// The table of the sample, as the job file says or as it is found.
fn find(
    name: &str,
    sample: &Sample,
    shape: &Shape,
    reading: &Reading,
) -> Result<Table, IntakeError> {
    if let Some(names) = &reading.columns {
        return named(name, names, sample, shape);
    }
    let said = Said {
        is_first: reading.header_row.is_some(),
        records: reading.header_rows.map(usize::from),
    };
    let fault = match table::find(&sample.records, said) {
        Ok(table) => return Ok(table),
        Err(fault) => fault,
    };
    // What cannot be read, or is blank, is told of when it is read as the header.
    let first_faulty = sample.places.iter().position(|place| place.is_faulty);
    let at = |index: usize| {
        sample
            .places
            .get(index)
            .map_or(shape.header_line, |place| place.line)
    };
    let (record, what, hint) = match fault {
        NoTable::NoHeader { record } if first_faulty.is_none_or(|faulty| faulty > record) => (
            record,
            format!("has no names: rows begin here without a header above them ({})", shown(sample, record)),
            "name the columns in the job file's [input]: columns = [\"Ticket\", \"Email\", …] (one name for each), or if this line is \
             the header indeed, set header_row to its number"
                .to_owned(),
        ),
        NoTable::Unclear { header, record } => (
            record,
            format!("may continue here ({}), or the rows begin here", shown(sample, record)),
            format!(
                "say in the job file's [input] how many rows the header has: header_row = {} with header_rows = {} if this line belongs \
                 to it, header_rows = 1 if not",
                at(header),
                sample.records[header..=record].iter().filter(|cells| cells.iter().any(|cell| !cell.is_empty())).count()
            ),
        ),
        NoTable::Above {
            first,
            last,
            header,
        } => (
            header,
            format!(
                "has what looks like another table above it, on {}",
                lines(at(first), at(last))
            ),
            format!(
                "give each table a file of its own, or set in the job file's [input] header_row = {} to leave out all lines above it \
                 (columns = [\"Ticket\", \"Email\", …] if the file has no header)",
                at(header)
            ),
        ),
        NoTable::Empty | NoTable::NoHeader { .. } | NoTable::Nameless { .. } => {
            return Ok(Table {
                header: first_faulty.unwrap_or(0),
                header_records: 1,
                columns: Vec::new(),
                made_up: Vec::new(),
                repeated: Vec::new(),
                width: 0,
            });
        }
    };
    Err(IntakeError::Header {
        input: name.to_owned(),
        line: at(record),
        what,
        hint,
    })
}

/// The table of a file without a header, whose columns the job file names.
fn named(
    name: &str,
    names: &[String],
    sample: &Sample,
    shape: &Shape,
) -> Result<Table, IntakeError> {
    // Rejects of such a file have a header.
    if let Some(header) = table::of_rejects(&sample.records) {
        return Ok(header);
    }
    let filled = |record: &Vec<String>| {
        record
            .iter()
            .rposition(|cell| !cell.is_empty())
            .map_or(0, |last| last + 1)
    };
    let mut widths: Vec<usize> = sample
        .records
        .iter()
        .map(filled)
        .filter(|width| *width > 0)
        .collect();
    widths.sort_unstable();
    let usual = widths.get(widths.len() / 2).copied().unwrap_or(0);
    if usual > names.len() {
        return Err(IntakeError::Header {
            input: name.to_owned(),
            line: shape.header_line,
            what: format!(
                "is given in the job file: it names {} column{}, and most rows have {usual}",
                names.len(),
                if names.len() == 1 { "" } else { "s" }
            ),
            hint: "give columns in the job file's [input] one name for each column of the file"
                .to_owned(),
        });
    }
    Ok(Table {
        header: 0,
        header_records: 0,
        columns: names.to_vec(),
        made_up: Vec::new(),
        repeated: Vec::new(),
        width: names.len(),
    })
}

/// Returns the maximum number of cells of a row. Refuses a header that no row fits: a delimiter that it lacks would shift
/// all values.
fn check_widths(
    name: &str,
    sample: &Sample,
    shape: &Shape,
    table: &Table,
    reading: &Reading,
) -> Result<usize, IntakeError> {
    let is_told = reading.header_row.is_some() || reading.columns.is_some();
    let misfit = match widths::check(&sample.records, table, is_told) {
        Ok(row_cells) => return Ok(row_cells),
        Err(misfit) => misfit,
    };
    let names = table.columns.len();
    let is_named = reading.columns.is_some();
    let place = sample.places.get(table.header);
    let line = place.map_or(shape.header_line, |place| place.line);
    let (what, hint) = match misfit {
        Misfit::TooFew { cells } if is_named => (
            format!("is given in the job file: it names {names} columns, and each of the first rows has at most {cells} cells"),
            "give columns in the job file's [input] one name for each column of the file".to_owned(),
        ),
        Misfit::TooFew { cells } => (
            format!("has {names} names, and each of the first rows has at most {cells} cells"),
            "remove from the header line the names that no row has a cell for, or export the file again".to_owned(),
        ),
        Misfit::TooMany { cells, are_filled } => (
            format!(
                "has {} cells and each of the first rows has {cells}: perhaps it lacks a delimiter, and names the wrong columns",
                table.width
            ),
            if are_filled {
                "correct the header line so that it names every column".to_owned()
            } else {
                format!(
                    "correct the header line so that it names every column (or set header_row = {line} in the job file's [input] if \
                     it is right and the rows end with empty cells)"
                )
            },
        ),
    };
    Err(IntakeError::Header {
        input: name.to_owned(),
        line,
        what,
        hint,
    })
}

/// Refuses lines that were read as one column and seem to be divided, unless the job file says what divides them.
fn check_divided(
    name: &str,
    window: &Window,
    sample: &Sample,
    shape: &Shape,
    table: &Table,
    reading: &Reading,
) -> Result<(), IntakeError> {
    let is_told = reading.delimiter.is_some()
        || reading.columns.is_some()
        || dialect::separator_line(&shape.preamble, shape.quote).is_some();
    let Some(place) = sample.places.get(table.header) else {
        return Ok(());
    };
    if is_told || table.width != 1 {
        return Ok(());
    }
    let is_quoted = window.unread().get(place.at) == Some(&shape.quote);
    let delimiter = char::from(shape.delimiter).to_string();
    let lines: Vec<String> = sample.records[table.header..]
        .iter()
        .map(|record| record.join(&delimiter))
        .filter(|line| !line.is_empty())
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    match one_column::find(&lines, is_quoted) {
        Some(divided) => Err(divided.refusal(name, place.line)),
        None => Ok(()),
    }
}

/// A record's outline: enough to see that it is a row, nothing of its values.
fn shown(sample: &Sample, from: usize) -> String {
    let outline = |record: &Vec<String>| {
        let cells: Vec<_> = record
            .iter()
            .take(SHOWN_CELLS)
            .map(|cell| mask(cell))
            .collect();
        let more = if record.len() > SHOWN_CELLS {
            " | …"
        } else {
            ""
        };
        format!("{}{more}", cells.join(" | "))
    };
    let lines: Vec<_> = sample.records[from..]
        .iter()
        .filter(|record| record.iter().any(|cell| !cell.is_empty()))
        .take(SHOWN_RECORDS)
        .map(outline)
        .collect();
    format!("outlines of the first rows: {}", lines.join("; "))
}

/// Consumes what stands above the table and keeps it.
fn go_to(window: &mut Window, shape: &mut Shape, sample: &Sample, table: &Table) {
    let Some(place) = sample.places.get(table.header) else {
        return;
    };
    shape
        .preamble
        .extend_from_slice(&window.unread()[..place.at]);
    shape.header_line = place.line;
    window.consume(place.at);
}

/// Reads the header's records, refuses what is wrong with them, and goes behind them. Out: the first of them as it came,
/// when its delimiter is a guess.
fn header(
    name: &str,
    window: &mut Window,
    shape: &mut Shape,
    table: &Table,
    reading: &Reading,
) -> Result<Vec<u8>, IntakeError> {
    let mut guessed = Vec::new();
    let first_line = shape.header_line;
    shape.header_lines = 0;
    for index in 0..table.header_records {
        let line = first_line + shape.header_lines;
        let (content, whole) = header_record(name, window, shape, line)?;
        if index == 0 && reading.delimiter.is_none() {
            guessed = window.unread()[..content].to_vec();
        }
        shape.is_crlf = window.unread()[content..whole] == *b"\r\n";
        shape.header_lines += line_breaks(&window.unread()[..whole]);
        if whole == content {
            // The last line has no end.
            shape.header_lines += 1;
        }
        window.consume(whole);
    }
    shape.columns.clone_from(&table.columns);
    shape.made_up.clone_from(&table.made_up);
    shape.repeated.clone_from(&table.repeated);
    check_names(
        &shape.columns,
        reading.delimiter.is_none() && table.header_records > 0,
        |what, hint| IntakeError::Header {
            input: name.to_owned(),
            line: first_line,
            what,
            hint: hint.to_owned(),
        },
    )?;
    Ok(guessed)
}

/// The size of the next record without and with its line end; an error when it cannot be read.
fn header_record(
    name: &str,
    window: &mut Window,
    shape: &Shape,
    line: u64,
) -> Result<(usize, usize), IntakeError> {
    let mut cells = Spans::default();
    let scanned = read(name, window, |window| {
        scan_window(window, HEADER_BYTES_MAX, shape.dialect(), &mut cells)
    })?;
    let header_fault = |what: String, hint: &str| IntakeError::Header {
        input: name.to_owned(),
        line,
        what,
        hint: hint.to_owned(),
    };
    let (content, whole) = match scanned {
        Scan::Record {
            content,
            whole,
            fault: None,
        } => (content, whole),
        Scan::Record { fault: Some(_), .. } => {
            return Err(header_fault(
                "has a quote that does not close where a cell ends".to_owned(),
                "correct the header line, or set quote in the job file's [input]",
            ));
        }
        Scan::TooLarge { .. } | Scan::More => {
            return Err(header_fault(
                format!("is larger than {} bytes", grouped(HEADER_BYTES_MAX as u64)),
                "check that this is the right file, and delimiter, quote and header_row in the job file's [input]",
            ));
        }
    };
    let record = &window.unread()[..content];
    if memchr::memchr(0, record).is_some() {
        return Err(unreadable(name.to_owned(), detect::NOT_TEXT));
    }
    let Err(error) = std::str::from_utf8(record) else {
        return Ok((content, whole));
    };
    let at = error.valid_up_to();
    if let Some((_, told)) = encoding::tell(record, line, shape.encoding.encoding) {
        return Err(header_fault(
            format!("cannot be read: {told}"),
            shape.encoding.correction(),
        ));
    }
    let (_, character) = csv::place(record, at, line);
    Err(header_fault(
        format!(
            "has byte 0x{:02X} at character {character}, which is not UTF-8",
            record[at]
        ),
        "save the file as UTF-8 (in Excel: Save As, type \"CSV UTF-8 (Comma delimited)\"), or set the right encoding in \
         the job file's [input]",
    ))
}

/// The size of so many lines; `None` when there are fewer within the limit.
fn preamble(window: &mut Window, lines: usize) -> std::io::Result<Option<usize>> {
    window.ensure(PREAMBLE_BYTES_MAX)?;
    let unread = window.unread();
    let mut size = 0;
    for _ in 0..lines {
        let Some(offset) = memchr::memchr2(b'\n', b'\r', &unread[size..]) else {
            return Ok(None);
        };
        let end = size + offset;
        size = end
            + if unread[end..].starts_with(b"\r\n") {
                2
            } else {
                1
            };
        if size > PREAMBLE_BYTES_MAX {
            return Ok(None);
        }
    }
    Ok(Some(size))
}

fn first_end_is_crlf(text: &[u8]) -> bool {
    memchr::memchr(b'\n', text).is_some_and(|end| end > 0 && text[end - 1] == b'\r')
}

/// Refuses names that are none.
fn check_names(
    names: &[String],
    delimiter_is_a_guess: bool,
    fault: impl Fn(String, &str) -> IntakeError,
) -> Result<(), IntakeError> {
    let other = |name: &String| {
        DELIMITERS
            .into_iter()
            .find(|other| *other != b',' && name.contains(char::from(*other)))
    };
    if let [only] = names
        && delimiter_is_a_guess
        && let Some(found) = other(only)
    {
        let what = format!(
            "is a single cell with `{}` in it: the cells are probably not divided by commas",
            written(found)
        );
        return Err(fault(what, &delimiter_hint(found, b',')));
    }
    if names.is_empty() {
        return Err(fault(
            "names no column".to_owned(),
            "if the header stands further down, set header_row to its line in the job file's [input]",
        ));
    }
    if names.len() > HEADER_CELLS_MAX {
        return Err(fault(
            format!(
                "has {} cells, at most {} are read",
                grouped(names.len() as u64),
                grouped(HEADER_CELLS_MAX as u64)
            ),
            "check that this is the right file, and delimiter in the job file's [input]",
        ));
    }
    Ok(())
}
