//! From the first bytes of an input to the place where its rows begin: format, preamble, header or sample.

use std::path::Path;

use super::decode::csv::{self, scan_window};
use super::decode::json::Layout;
use super::decode::scan::{After, Dialect, Scan, Spans, line_breaks, scan};
use super::decode::{
    Decoded, Decoder, HEADER_BYTES_MAX, HEADER_CELLS_MAX, PREAMBLE_BYTES_MAX, Shape, json, jsonl,
};
use super::detect::{self, LOOK_BYTES};
use super::dialect::{self, DELIMITERS};
use super::encoding::{self, Basis, Codec, Decoding, ENCODING_LOOK_BYTES, Understood};
use super::error::{IntakeError, listed};
use super::map::Columns;
use super::problem::grouped;
use super::source::{Source, Window};
use super::unpack;
use crate::plan::{Format, Reading};
use encoding_rs::UTF_8;

/// An input whose rows come next.
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) window: Window,
    pub(crate) decoder: Decoder,
    pub(crate) shape: Shape,
    /// CSV: the header as it came, when its delimiter is a guess.
    guessed_header: Vec<u8>,
    /// JSON: every path of the sample, objects included.
    paths: Vec<String>,
    /// JSON: columns need not show in the sample (there are no rows, or they are rejects of a larger input).
    may_lack: bool,
}

impl Opened {
    /// Reads as far as the first row.
    pub(crate) fn new(
        name: String,
        source: Box<dyn Source>,
        reading: &Reading,
    ) -> Result<Self, IntakeError> {
        let dialect = said_dialect(reading)?;
        let (mut window, packing) = unpack::open(&name, source)?;
        let refused = |refusal| unreadable(name.clone(), refusal);
        read(&name, &mut window, |window| {
            window.ensure(ENCODING_LOOK_BYTES + 1)
        })?;
        if let Some(refusal) = detect::binary(start(&window)) {
            return Err(refused(refusal));
        }
        let encoding;
        (window, encoding) = decoded(window, reading);
        read(&name, &mut window, |window| window.ensure(LOOK_BYTES))?;
        let look = |format| detect::look(start(&window), format).map_err(refused);
        let look = match look(reading.format)? {
            // Its name tells what nothing in it can.
            None if is_named_json_lines(&name) => look(Some(Format::Jsonl))?,
            look => look,
        };
        let Some(look) = look else {
            return Err(IntakeError::Empty { input: name });
        };
        let shape = Shape {
            packing,
            format: look.format,
            encoding,
            has_bom: encoding.basis == Basis::Mark || encoding.encoding != UTF_8.name(),
            delimiter: dialect.delimiter,
            quote: dialect.quote,
            is_crlf: false,
            preamble: Vec::new(),
            header_line: 1,
            columns: Vec::new(),
            records: None,
        };
        match look.format {
            Format::Csv => open_csv(name, window, shape, reading),
            Format::Jsonl | Format::Json => open_json(name, window, shape, reading),
        }
    }

    /// Makes of missing columns what is really amiss, where they would be there with another delimiter.
    pub(crate) fn explain(&self, error: IntakeError) -> IntakeError {
        let IntakeError::MissingColumns { missing, .. } = &error else {
            return error;
        };
        let guess = self.shape.delimiter;
        let others = DELIMITERS.into_iter().filter(|other| *other != guess);
        let found = others.into_iter().find_map(|delimiter| {
            let names = self.names_if(delimiter);
            let found = missing.iter().find(|one| names.contains(&one.column))?;
            Some((delimiter, &found.column))
        });
        match found {
            Some((delimiter, column)) => IntakeError::Header {
                input: self.name.clone(),
                line: self.shape.header_line,
                what: format!(
                    "has no column `{column}` if cells are divided by `{}`, and has it if by `{}`",
                    written(guess),
                    written(delimiter)
                ),
                hint: delimiter_hint(delimiter, guess),
            },
            None => error,
        }
    }

    /// The names in the header with another delimiter than the one that was guessed.
    fn names_if(&self, delimiter: u8) -> Vec<String> {
        let dialect = Dialect {
            delimiter,
            quote: self.shape.quote,
        };
        let header = &self.guessed_header;
        let mut cells = Spans::default();
        match scan(header, After::End, HEADER_BYTES_MAX, dialect, &mut cells) {
            Scan::Record {
                content,
                fault: None,
                ..
            } => csv::names(&header[..content], &cells).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// The columns for the rules to be held against.
    pub(crate) fn columns(&self) -> Columns<'_> {
        match self.shape.format {
            Format::Csv => Columns::of_header(&self.shape.columns),
            Format::Jsonl | Format::Json => Columns::of_sample(&self.paths, self.may_lack),
        }
    }
}

/// Whether a file's name ends as those of JSON Lines do: an export without rows is no fault then.
fn is_named_json_lines(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|found| {
        ["jsonl", "ndjson"]
            .into_iter()
            .any(|known| found.eq_ignore_ascii_case(known))
    })
}

/// The next row; one that could not be decoded is told in the words of the input's encoding.
pub(crate) fn next<'a>(
    decoder: &'a mut Decoder,
    window: &'a mut Window,
    shape: &Shape,
) -> std::io::Result<Decoded<'a>> {
    let mut row = decoder.next(window)?;
    if let Decoded::Malformed(bad) = &mut row {
        encoding::retell(bad, shape.encoding.encoding);
    }
    Ok(row)
}

/// The first of what is unread.
fn start(window: &Window) -> &[u8] {
    let unread = window.unread();
    &unread[..unread.len().min(LOOK_BYTES)]
}

/// A window over the text as UTF-8, without byte order mark.
fn decoded(mut window: Window, reading: &Reading) -> (Window, Understood) {
    let head = window.unread();
    let head = &head[..head.len().min(ENCODING_LOOK_BYTES)];
    let is_all = head.len() == window.unread().len();
    let mut found = encoding::find(head, is_all, reading.encoding);
    let format = detect::look(start(&window), reading.format);
    if found.basis == Basis::Guess
        && matches!(&format, Ok(Some(look)) if look.format != Format::Csv)
    {
        // JSON is UTF-8 (RFC 8259); other bytes are damage.
        found.codec = Codec::Standard(UTF_8);
        found.basis = Basis::Content;
    }
    let understood = Understood {
        encoding: found.codec.name(),
        basis: found.basis,
    };
    window.consume(found.mark_bytes);
    if found.codec != Codec::Standard(UTF_8) {
        window = window.remade(|rest| Decoding::new(rest, found.codec));
    }
    (window, understood)
}

/// Does something with the window; what the system says of a failure becomes an error with the input's name.
pub(crate) fn read<T>(
    name: &str,
    window: &mut Window,
    act: impl FnOnce(&mut Window) -> std::io::Result<T>,
) -> Result<T, IntakeError> {
    act(window).map_err(|source| IntakeError::reading(name.to_owned(), window.bytes_read(), source))
}

fn unreadable(input: String, refusal: detect::Unreadable) -> IntakeError {
    IntakeError::Unreadable {
        input,
        what: refusal.what,
        hint: refusal.hint,
    }
}

fn said_dialect(reading: &Reading) -> Result<Dialect, IntakeError> {
    let dialect = Dialect {
        delimiter: reading.delimiter.unwrap_or(b','),
        quote: reading.quote.unwrap_or(b'"'),
    };
    for (job_key, byte) in [
        ("input.delimiter", dialect.delimiter),
        ("input.quote", dialect.quote),
    ] {
        if !byte.is_ascii() || matches!(byte, b'\n' | b'\r' | 0) {
            return Err(IntakeError::Rule {
                job_key: job_key.to_owned(),
                what: "it is not an ASCII character that can stand there".to_owned(),
                hint: "the usual ones are delimiter = \",\" (or \";\" or \"\\t\") and quote = '\"'"
                    .to_owned(),
            });
        }
    }
    if dialect.delimiter == dialect.quote {
        return Err(IntakeError::Rule {
            job_key: "input.quote".to_owned(),
            what: "it is the delimiter as well".to_owned(),
            hint: "give two different characters".to_owned(),
        });
    }
    Ok(dialect)
}

fn open_json(
    name: String,
    mut window: Window,
    mut shape: Shape,
    reading: &Reading,
) -> Result<Opened, IntakeError> {
    let records = reading.records.as_deref();
    let layout = match reading.format {
        Some(Format::Jsonl) => Layout::Lines,
        _ => read(&name, &mut window, |window| json::layout(window, records))?,
    };
    let first_end = memchr::memchr(b'\n', window.unread());
    shape.is_crlf = first_end.is_some_and(|end| end > 0 && window.unread()[end - 1] == b'\r');
    let (decoder, sample) = if layout == Layout::Lines {
        shape.format = Format::Jsonl;
        let sample = read(&name, &mut window, jsonl::sample)?;
        (Decoder::Jsonl(jsonl::Decoder::default()), sample)
    } else {
        shape.format = Format::Json;
        let mut decoder = json::Decoder::new(layout, reading.records.clone());
        let sample = read(&name, &mut window, |window| decoder.start(window))?;
        shape.records = decoder.records().map(str::to_owned);
        (Decoder::Json(decoder), sample)
    };
    shape.columns = sample.leaves;
    Ok(Opened {
        name,
        window,
        decoder,
        guessed_header: Vec::new(),
        may_lack: sample.rows == 0 || sample.paths.iter().any(|path| path == "import_problem"),
        paths: sample.paths,
        shape,
    })
}

/// Goes to the header: consumes what stands above it, and finds out what divides the cells.
fn above_header(
    name: &str,
    window: &mut Window,
    shape: &mut Shape,
    reading: &Reading,
) -> Result<(), IntakeError> {
    let separator = dialect::separator_line(start(window), shape.quote);
    if let Some((_, size)) = separator.filter(|_| reading.header_row.is_none()) {
        shape.preamble = window.unread()[..size].to_vec();
        shape.header_line = 2;
        window.consume(size);
    }
    if let Some(header_row) = reading.header_row {
        let above = usize::try_from(header_row.get() - 1).unwrap_or(usize::MAX);
        match read(name, window, |window| preamble(window, above))? {
            Some(bytes) => {
                shape.preamble = window.unread()[..bytes].to_vec();
                window.consume(bytes);
            }
            None => {
                return Err(IntakeError::NoHeaderLine {
                    input: name.to_owned(),
                    header_row: header_row.get(),
                    limit_bytes: PREAMBLE_BYTES_MAX as u64,
                });
            }
        }
        shape.header_line = header_row.get();
    }
    shape.header_line += read(name, window, csv::skip_breaks)?;
    if reading.delimiter.is_some() {
        return Ok(());
    }
    shape.delimiter = if let Some((delimiter, _)) = separator {
        delimiter
    } else {
        read(name, window, |window| window.ensure(LOOK_BYTES + 1))?;
        let is_all = window.unread().len() <= LOOK_BYTES;
        dialect::delimiter(start(window), is_all, shape.quote).unwrap_or(b',')
    };
    Ok(())
}

fn open_csv(
    name: String,
    mut window: Window,
    mut shape: Shape,
    reading: &Reading,
) -> Result<Opened, IntakeError> {
    above_header(&name, &mut window, &mut shape, reading)?;
    if window.unread().is_empty() {
        return Err(IntakeError::Empty { input: name });
    }
    let dialect = Dialect {
        delimiter: shape.delimiter,
        quote: shape.quote,
    };
    let line = shape.header_line;
    let mut cells = Spans::default();
    let scanned = read(&name, &mut window, |window| {
        scan_window(window, HEADER_BYTES_MAX, dialect, &mut cells)
    })?;
    let header_fault = |what: String, hint: &str| IntakeError::Header {
        input: name.clone(),
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
        return Err(unreadable(name.clone(), detect::NOT_TEXT));
    }
    shape.is_crlf = window.unread()[content..whole] == *b"\r\n";
    shape.columns = csv::names(record, &cells).map_err(|at| {
        if let Some((_, told)) = encoding::tell(record, line, shape.encoding.encoding) {
            return header_fault(
                format!("cannot be read: {told}"),
                "set the right encoding in the job file's [input]",
            );
        }
        let (_, character) = csv::place(record, at, line);
        header_fault(
            format!(
                "has byte 0x{:02X} at character {character}, which is not UTF-8",
                record[at]
            ),
            "save the file as UTF-8 (in Excel: Save As, type \"CSV UTF-8 (Comma delimited)\"), or set the right encoding in \
             the job file's [input]",
        )
    })?;
    check_names(
        &mut shape.columns,
        reading.delimiter.is_none(),
        header_fault,
    )?;
    let guessed_header = match reading.delimiter {
        Some(_) => Vec::new(),
        None => window.unread()[..content].to_vec(),
    };
    let first_line = line + line_breaks(&window.unread()[..whole]);
    window.consume(whole);
    Ok(Opened {
        name,
        window,
        decoder: Decoder::Csv(csv::Decoder::new(dialect, shape.columns.len(), first_line)),
        guessed_header,
        paths: Vec::new(),
        may_lack: false,
        shape,
    })
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

/// A delimiter as the job file writes it.
fn written(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "\\t".to_owned(),
        other => char::from(other).to_string(),
    }
}

fn delimiter_hint(delimiter: u8, guess: u8) -> String {
    format!(
        "set delimiter = \"{}\" in the job file's [input] (or \"{}\" if that is right indeed)",
        written(delimiter),
        written(guess)
    )
}

/// Refuses names that cannot be told apart; trailing ones that are empty are no columns.
fn check_names(
    names: &mut Vec<String>,
    delimiter_is_a_guess: bool,
    fault: impl Fn(String, &str) -> IntakeError,
) -> Result<(), IntakeError> {
    let other = |name: &String| {
        DELIMITERS
            .into_iter()
            .find(|other| *other != b',' && name.contains(char::from(*other)))
    };
    if let [only] = names.as_slice()
        && delimiter_is_a_guess
        && let Some(found) = other(only)
    {
        let what = format!(
            "is a single cell with `{}` in it: the cells are probably not divided by commas",
            written(found)
        );
        return Err(fault(what, &delimiter_hint(found, b',')));
    }
    while names.last().is_some_and(String::is_empty) {
        names.pop();
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
    let numbers = |wanted: &str| {
        let numbers: Vec<_> = names
            .iter()
            .enumerate()
            .filter(|(_, name)| *name == wanted)
            .map(|(index, _)| (index + 1).to_string())
            .collect();
        numbers.join(", ")
    };
    if names.iter().any(String::is_empty) {
        return Err(fault(
            format!("has no name for column {}", numbers("")),
            "give each column a name in the file's header; if the header stands on another line, set header_row in the \
             job file's [input]",
        ));
    }
    let mut known = std::collections::HashSet::new();
    let mut repeated: Vec<&str> = Vec::new();
    for name in names.iter() {
        if !known.insert(name.as_str()) && !repeated.contains(&name.as_str()) {
            repeated.push(name);
        }
    }
    if let [first, ..] = repeated.as_slice() {
        return Err(fault(
            format!(
                "has the same name for several columns: {} (columns {})",
                listed(&repeated),
                numbers(first)
            ),
            &format!(
                "rename all but one in the file's header, for example to `{first} (2)`: which one the job file means could \
                 not be told"
            ),
        ));
    }
    Ok(())
}
