//! From the first bytes of an input to the place where its rows begin: format, preamble, header or sample.

use std::path::Path;

use super::code_page::{Origin, Rivals};
use super::decode::json::Layout;
use super::decode::{Decoded, Decoder, Shape, json, jsonl};
use super::detect::{self, LOOK_BYTES};
use super::encoding::{self, Decoding, ENCODING_LOOK_BYTES, Found};
use super::error::IntakeError;
use super::head;
use super::opened::{Opened, read, start, unreadable};
use super::source::{Shared, Source, Window};
use super::understood::{Basis, Codec, Understood};
use super::{unpack, workbook};
use crate::plan::{Format, Reading};
use encoding_rs::UTF_8;

impl Opened {
    /// Reads as far as the first row.
    #[expect(
        clippy::too_many_lines,
        reason = "one step for each thing that is found out"
    )]
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
