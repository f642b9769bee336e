//! From the first bytes of an input to the place where its rows begin: format, preamble, header or sample.

use std::path::Path;

use super::code_page::{Origin, Rivals};
use super::decode::csv;
use super::decode::json::Layout;
use super::decode::scan::{After, Dialect, Scan, Spans, scan};
use super::decode::{Decoded, Decoder, HEADER_BYTES_MAX, Shape, json, jsonl, lists};
use super::detect::{self, LOOK_BYTES};
use super::dialect::DELIMITERS;
use super::encoding::{self, Basis, Codec, Decoding, ENCODING_LOOK_BYTES, Found, Understood};
use super::error::{IntakeError, MissingColumn};
use super::head;
use super::map::{Columns, quoted_toml};
use super::problem::cut;
use super::source::{Shared, Source, Window};
use super::{unpack, workbook};
use crate::plan::{Format, Reading};
use encoding_rs::UTF_8;

/// An input whose rows come next.
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) window: Window,
    pub(crate) decoder: Decoder,
    pub(crate) shape: Shape,
    /// CSV: the header as it came, when its delimiter is a guess.
    pub(crate) guessed_header: Vec<u8>,
    /// JSON: every path of the sample, objects included.
    pub(crate) paths: Vec<String>,
    /// JSON: the lists of the sample.
    pub(crate) lists: lists::Lists,
    /// JSON: columns need not show in the sample (there are no rows, or they are rejects of a larger input).
    pub(crate) may_lack: bool,
}

impl Opened {
    /// Reads as far as the first row.
    pub(crate) fn new(
        name: String,
        source: Box<dyn Source>,
        reading: &Reading,
    ) -> Result<Self, IntakeError> {
        let dialect = head::said_dialect(reading)?;
        let mut source = source;
        if let Some(kind) = workbook::kind(&mut source)
            .map_err(|source| IntakeError::reading(name.clone(), 0, source))?
        {
            return workbook::open::open(name, source, kind, reading);
        }
        let source = Shared::new(source);
        let again = || {
            let source = source.again();
            let source = source.map_err(|source| IntakeError::reading(name.clone(), 0, source))?;
            unpack::open(&name, source)
        };
        let (mut window, packing) = again()?;
        let refused = |refusal| unreadable(name.clone(), refusal);
        let look_at_head = |window: &mut Window| {
            read(&name, window, |window| {
                window.ensure(ENCODING_LOOK_BYTES + 1)
            })
        };
        look_at_head(&mut window)?;
        if let Some(refusal) = detect::binary(start(&window)) {
            return Err(refused(refusal));
        }
        let mut found = found(&window, reading);
        let mut disproved_on = None;
        if found.basis == Basis::Guess {
            let origin = found.origin;
            let guess = read(&name, &mut window, |window| encoding::guess(window, origin))?;
            let guess = guess.map_err(|rivals| undecided(name.clone(), rivals, origin))?;
            found.codec = Codec::Standard(guess.encoding);
            disproved_on = guess.disproved_on;
            window = again()?.0;
            look_at_head(&mut window)?;
        }
        let encoding = Understood {
            encoding: found.codec.name(),
            basis: found.basis,
            disproved_on,
            is_saved_rejects: found.origin == Origin::SavedRejects,
        };
        window.consume(found.mark_bytes);
        if found.codec != Codec::Standard(UTF_8) {
            window = window.remade(|rest| Decoding::new(rest, found.codec));
        }
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
            escape: dialect.escape,
            is_padded: false,
            is_crlf: false,
            preamble: Vec::new(),
            header_line: 1,
            header_lines: 1,
            header_rows: 1,
            columns: Vec::new(),
            made_up: Vec::new(),
            repeated: Vec::new(),
            records: None,
            book: None,
        };
        match look.format {
            Format::Csv => head::open(name, window, shape, reading),
            Format::Jsonl | Format::Json => open_json(name, window, shape, reading),
        }
    }

    /// Makes of missing columns what is really amiss, where they would be there with another delimiter.
    pub(crate) fn explain(&self, error: IntakeError) -> IntakeError {
        let IntakeError::MissingColumns { missing, .. } = &error else {
            return error;
        };
        if self.shape.format != Format::Csv {
            return self.explain_pages(missing).unwrap_or(error);
        }
        let guess = self.shape.delimiter;
        let others = DELIMITERS.into_iter().filter(|other| *other != guess);
        let found = others.into_iter().find_map(|delimiter| {
            let names = self.names_if(delimiter);
            let found = missing.iter().find(|one| names.contains(&one.column))?;
            Some((delimiter, &found.column))
        });
        let Some((delimiter, column)) = found else {
            return self.rows_in_quotes(missing).unwrap_or(error);
        };
        IntakeError::Header {
            input: self.name.clone(),
            line: self.shape.header_line,
            what: format!(
                "has no column `{column}` if cells are divided by `{}`, and has it if by `{}`",
                written(guess),
                written(delimiter)
            ),
            hint: delimiter_hint(delimiter, guess),
        }
    }

    /// Returns the cause of missing columns when each object of the input is a page with rows in a list.
    fn explain_pages(&self, missing: &[MissingColumn]) -> Option<IntakeError> {
        // For a path into a list, the path of the list counts.
        let list_with = |one: &MissingColumn| {
            let path = one.column.split('[').next().unwrap_or_default();
            self.lists.with(path.trim())
        };
        let column = &missing.first()?.column;
        let list = list_with(missing.first()?)?;
        let is_there = |one: &MissingColumn| list_with(one) == Some(list);
        if !missing.iter().all(is_there) {
            return None;
        }
        Some(IntakeError::Document {
            input: self.name.clone(),
            line: 1,
            what: format!(
                "the objects have no `{column}`, but those in their list `{}` have: perhaps they are pages of rows, one after the other",
                cut(list)
            ),
            hint: format!(
                "set records = {} in the job file's [input] to read the rows of all pages",
                quoted_toml(list)
            ),
        })
    }

    /// Returns the error of a file in which one cell of the header contains the missing names, with a delimiter between
    /// them.
    fn rows_in_quotes(&self, missing: &[MissingColumn]) -> Option<IntakeError> {
        let [columns] = self.shape.columns.as_slice() else {
            return None;
        };
        let (delimiter, column) = DELIMITERS.into_iter().find_map(|delimiter| {
            let is_part = |wanted: &str| {
                let mut parts = columns.split(char::from(delimiter));
                parts.any(|part| part.trim().trim_matches('"') == wanted)
            };
            let found = missing.iter().find(|one| is_part(&one.column))?;
            Some((delimiter, &found.column))
        })?;
        Some(IntakeError::Header {
            input: self.name.clone(),
            line: self.shape.header_line,
            what: format!(
                "has the column `{column}` only as a part of one cell: each whole row is in quotes, with `{}` between its \
                 cells",
                written(delimiter)
            ),
            hint: "remove the quotes around whole rows, or export the file again without them"
                .to_owned(),
        })
    }

    /// The names in the header with another delimiter than the one that was guessed.
    fn names_if(&self, delimiter: u8) -> Vec<String> {
        let dialect = Dialect {
            delimiter,
            ..self.shape.dialect()
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
            Format::Csv => Columns::of_header(&self.shape.columns, &self.shape.repeated),
            Format::Jsonl | Format::Json => {
                Columns::of_sample(&self.paths, &self.lists, self.may_lack)
            }
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
    let understood = &shape.encoding;
    Ok(match decoder.next(window)? {
        Decoded::Row(row) if understood.basis == Basis::Guess => {
            let bad = encoding::misread(&row, understood);
            match bad.or_else(|| encoding::doubtful(&row, understood)) {
                Some(bad) => Decoded::Malformed(bad),
                None => Decoded::Row(row),
            }
        }
        other => retold(other, understood),
    })
}

/// A row that could not be decoded, told in the words of the input's encoding.
pub(crate) fn retold<'a>(mut row: Decoded<'a>, understood: &Understood) -> Decoded<'a> {
    if let Decoded::Malformed(bad) = &mut row {
        encoding::retell(bad, understood);
    }
    row
}

/// The first of what is unread.
pub(crate) fn start(window: &Window) -> &[u8] {
    let unread = window.unread();
    &unread[..unread.len().min(LOOK_BYTES)]
}

/// Finds the encoding from the start of the input.
fn found(window: &Window, reading: &Reading) -> Found {
    let head = window.unread();
    let head = &head[..head.len().min(ENCODING_LOOK_BYTES)];
    let is_all = head.len() == window.unread().len();
    let mut found = encoding::find(head, is_all, reading.encoding);
    let format = detect::look(start(window), reading.format);
    if found.basis == Basis::Guess
        && matches!(&format, Ok(Some(look)) if look.format != Format::Csv)
    {
        // JSON is UTF-8 (RFC 8259); other bytes are damage.
        found.codec = Codec::Standard(UTF_8);
        found.basis = Basis::Content;
    }
    found
}

/// Returns the error of a text whose code page cannot be determined.
fn undecided(input: String, rivals: Rivals, origin: Origin) -> IntakeError {
    IntakeError::Encoding {
        input,
        line: rivals.line,
        told: rivals.told,
        is_rejects: origin == Origin::SavedRejects,
    }
}

/// Does something with the window; what the system says of a failure becomes an error with the input's name.
pub(crate) fn read<T>(
    name: &str,
    window: &mut Window,
    act: impl FnOnce(&mut Window) -> std::io::Result<T>,
) -> Result<T, IntakeError> {
    act(window).map_err(|source| IntakeError::reading(name.to_owned(), window.bytes_read(), source))
}

pub(crate) fn unreadable(input: String, refusal: detect::Unreadable) -> IntakeError {
    IntakeError::Unreadable {
        input,
        what: refusal.what,
        hint: refusal.hint,
    }
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
        lists: sample.lists,
        shape,
    })
}

/// A delimiter as the job file writes it.
pub(crate) fn written(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "\\t".to_owned(),
        control if control.is_ascii_control() => format!("\\u{control:04X}"),
        other => char::from(other).to_string(),
    }
}

pub(crate) fn delimiter_hint(delimiter: u8, guess: u8) -> String {
    format!(
        "set delimiter = \"{}\" in the job file's [input] (or \"{}\" if that is right indeed)",
        written(delimiter),
        written(guess)
    )
}
