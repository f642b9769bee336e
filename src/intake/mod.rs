//! Bytes to entries: synchronous, deterministic, without network, ledger or terminal.
//!
//! ```text
//! source ── unpack ── encoding ── detect ── decode ── map ── validate ── entries
//! bytes               UTF-8       format    RawRow    Draft  RequestBody  Entry
//! ```
//! One thread pulls: [`Intake::open`], then [`Intake::next_batch`] until it gives nothing. The same bytes and job
//! give the same entries, however the reads were cut. Memory follows the limits of `decode`, not the input.
//!
//! What is wrong with a row is a [`Problem`] and reading goes on; what is wrong with the input or the job as a
//! whole is an [`IntakeError`], told before the first row wherever that is possible.

mod dates;
mod decode;
mod detect;
mod dialect;
mod encoding;
mod entries;
mod error;
mod garbled;
mod head;
mod judge;
mod kind;
mod look;
mod map;
mod mask;
mod open;
mod problem;
mod rows;
mod seen;
mod source;
mod sums;
mod table;
mod unpack;
pub mod validate;
pub mod workbook;

use std::fs::File;

pub use dates::{DATE_BYTES_MAX, DateRead};
pub use decode::{
    HEADER_BYTES_MAX, HEADER_CELLS_MAX, KEPT_BYTES_MAX, LINE_BYTES_MAX, PREAMBLE_BYTES_MAX,
    ROW_BYTES_MAX, ROW_LINES_MAX, Record, RecordKind, SAMPLE_BYTES_MAX, SAMPLE_ROWS_MAX, Shape,
};
pub use dialect::DELIMITER_ROWS_MAX;
pub use encoding::{Basis, ENCODING_LOOK_BYTES, Understood};
pub use entries::Item;
pub use error::{IntakeError, MissingColumn};
pub use head::TABLE_BYTES_MAX;
pub(crate) use problem::grouped;
pub use problem::{OFFENDING_CHARS_MAX, Offending, Problem, QUOTED_CHARS_MAX};
pub use rows::rows;
pub use seen::{SEEN_IN_MEMORY_MAX, Seen};
pub use source::{InputDigest, Source};
pub use table::{HEADER_RECORDS_MAX, PROBLEM_COLUMN, TABLE_RECORDS_MAX};
pub use unpack::{
    Packing, UNPACKED_BYTES_FREE, UNPACKED_RATIO_MAX, ZIP_ENTRIES_MAX, ZSTD_WINDOW_BYTES_MAX,
};
pub use workbook::{BookShape, Kind as BookKind};

pub(crate) use dates::read as date;
pub(crate) use decode::scan as delimited;
pub(crate) use decode::{Cell, Cells};
pub(crate) use encoding::by_label as encoding_by_label;
pub(crate) use look::each_row;
pub use map::ColumnUse;
pub(crate) use map::key::of_request as key_of_request;
pub(crate) use map::phone::{Phone, is_region, parse as phone};
pub(crate) use map::values::folded;
pub(crate) use map::{undecided, uses};
pub(crate) use validate::email::fault as email_fault;

use crate::entry::Position;
use crate::plan::{ReadPlan, Reading};
use decode::{Decoded, Decoder};
use entries::{Made, Maker, placed};
use map::Mapper;
use open::Opened;

/// A batch ends early once its rows take so many bytes of the input.
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// One input, being read.
pub struct Intake {
    opened: Opened,
    mapper: Mapper,
    maker: Maker,
    input: u32,
    row: u64,
    keep_records: bool,
    /// It was told that the encoding is a guess, or need not be.
    is_guess_told: bool,
}

/// What came of one row.
#[derive(Debug)]
pub struct RowReading {
    /// The row.
    pub position: Position,
    /// What it asks for; nothing for a row that is blank, filtered out by `where`, or of a request mapped to `skip`.
    pub items: Vec<Item>,
    /// What Concord may take amiss. Empty for a row with problems.
    pub warnings: Vec<Problem>,
    /// When it says that its request was received, when the job names such a column and the row can be read.
    pub received: Option<DateRead>,
    /// The row as it came, when records are kept.
    pub record: Option<Record>,
}

impl Intake {
    /// Opens an input of the plan, reads its header and compiles the rules: every fault of job or header shows here.
    ///
    /// `input` is its index in the plan. With `keep_records` every row comes with its bytes.
    pub fn open(plan: &ReadPlan, input: usize, keep_records: bool) -> Result<Self, IntakeError> {
        let file = open_file(plan, input)?;
        Self::from_reader(plan, input, keep_records, file)
    }

    /// [`Self::open`] for bytes from anywhere; of the plan's input only the name is used.
    pub fn from_reader(
        plan: &ReadPlan,
        input: usize,
        keep_records: bool,
        reader: impl Source + 'static,
    ) -> Result<Self, IntakeError> {
        let name = plan.inputs[input].name.clone();
        let opened = Opened::new(name, Box::new(reader), &plan.reading)?;
        Self::of(plan, input, keep_records, opened)
    }

    /// As if a workbook's process had said these bytes: for tests alone.
    #[doc(hidden)]
    pub fn of_said(
        plan: &ReadPlan,
        said: impl std::io::Read + Send + 'static,
    ) -> Result<Self, IntakeError> {
        let window = source::Window::new(Box::new(said));
        let name = plan.inputs[0].name.clone();
        let opened = workbook::open::of_said(name, window, &plan.reading)?;
        Self::of(plan, 0, true, opened)
    }

    fn of(
        plan: &ReadPlan,
        input: usize,
        keep_records: bool,
        mut opened: Opened,
    ) -> Result<Self, IntakeError> {
        let mut columns = opened.columns();
        let mapper = map::compile(&plan.rules, &mut columns)?;
        let wanted = columns
            .finish(&opened.name)
            .map_err(|error| opened.explain(error))?;
        match &mut opened.decoder {
            Decoder::Csv(_) => {}
            Decoder::Sheet(decoder) => decoder.select(&wanted),
            Decoder::Jsonl(decoder) => decoder.select(wanted),
            Decoder::Json(decoder) => decoder.select(wanted),
        }
        Ok(Self {
            is_guess_told: opened.shape.encoding.basis != Basis::Guess,
            opened,
            mapper,
            maker: Maker::new(plan.project, plan.rules.mark),
            input: u32::try_from(input + 1).unwrap_or(u32::MAX),
            row: 0,
            keep_records,
        })
    }

    /// How the input was understood: its format, dialect and columns.
    pub fn shape(&self) -> &Shape {
        &self.opened.shape
    }

    /// Size and digest of the input, once its end has been reached.
    pub fn digest(&self) -> Option<InputDigest> {
        self.opened.window.digest()
    }

    /// How much of the input has been read from its source.
    pub fn bytes_read(&self) -> u64 {
        self.opened.window.bytes_read()
    }

    /// The next rows, at most `rows_max`; none at the end. `seen` is shared by all inputs of a run.
    pub fn next_batch(
        &mut self,
        seen: &mut Seen,
        rows_max: usize,
    ) -> Result<Vec<RowReading>, IntakeError> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < rows_max && bytes < BATCH_BYTES_MAX {
            match self.next_row(seen)? {
                Some((reading, size)) => {
                    bytes += size;
                    batch.push(reading);
                }
                None => break,
            }
        }
        Ok(batch)
    }

    /// The next row and its size in bytes.
    fn next_row(&mut self, seen: &mut Seen) -> Result<Option<(RowReading, usize)>, IntakeError> {
        let Opened {
            name,
            window,
            decoder,
            shape,
            ..
        } = &mut self.opened;
        let bytes = window.bytes_read();
        let decoded = open::next(decoder, window, shape)
            .map_err(|source| IntakeError::reading(name.clone(), bytes, source))?;
        if matches!(decoded, Decoded::End) {
            return Ok(None);
        }
        self.row += 1;
        let at = |line| Position {
            input: self.input,
            row: self.row,
            line,
        };
        let keep = |kind, raw: &[u8]| {
            self.keep_records.then(|| Record {
                kind,
                raw: raw.to_vec(),
            })
        };
        let mut received = None;
        let (line, made, record, size) = match decoded {
            Decoded::End => return Ok(None),
            Decoded::Blank { line } => (line, Made::default(), None, 0),
            Decoded::Aside(aside) => {
                let warning = Problem {
                    value: None,
                    position: at(aside.line),
                    column: None,
                    field: None,
                    code: aside.what.code(),
                    message: aside.what.message().to_owned(),
                };
                let made = Made {
                    items: Vec::new(),
                    warnings: vec![warning],
                };
                (aside.line, made, None, aside.raw.len())
            }
            Decoded::Malformed(bad) => {
                let problem = Problem {
                    position: at(bad.line),
                    column: None,
                    field: None,
                    code: bad.code,
                    message: bad.message,
                    value: None,
                };
                let record = keep(bad.kind, bad.raw);
                (bad.row_line, invalid(problem), record, bad.raw.len())
            }
            Decoded::Row(row) => {
                let kind = match row.cells {
                    decode::Cells::Csv(_) => RecordKind::Cells,
                    decode::Cells::Json(_) => RecordKind::Object,
                };
                let record = keep(kind, row.raw);
                received = self.mapper.received(&row.cells);
                let mut made = match self.mapper.passes(&row.cells) {
                    Err(loose) => invalid(placed(loose, at(row.line))),
                    Ok(false) => Made::default(),
                    Ok(true) => match self.mapper.map(row.cells) {
                        mapped if mapped.requests.is_some_and(<[_]>::is_empty) => Made::default(),
                        mapped => self
                            .maker
                            .make(&self.mapper, &row.cells, mapped, at(row.line), seen)
                            .map_err(IntakeError::Seen)?,
                    },
                };
                if !self.is_guess_told && !made.items.is_empty() && !row.raw.is_ascii() {
                    self.is_guess_told = true;
                    made.warnings
                        .push(guessed(at(row.line), shape.encoding.encoding));
                }
                if row.is_hidden && !made.items.is_empty() {
                    made.warnings.push(hidden(at(row.line)));
                }
                for problem in made.problems() {
                    problem.value = self.mapper.offending(problem, &row.cells);
                }
                (row.line, made, record, row.raw.len())
            }
        };
        let reading = RowReading {
            position: at(line),
            items: made.items,
            warnings: made.warnings,
            received,
            record,
        };
        Ok(Some((reading, size)))
    }
}

/// The warning of the first row beyond ASCII in an input whose encoding is a guess.
fn guessed(position: Position, encoding: &str) -> Problem {
    Problem {
        position,
        column: None,
        field: None,
        value: None,
        code: "guessed_encoding",
        message: format!(
            "the first row with letters beyond A to Z is read as {encoding}, which is a guess: look at it with `rows`, and set \
             encoding in the job file's [input]"
        ),
    }
}

/// The warning of a row that is asked for and that nobody sees.
fn hidden(position: Position) -> Problem {
    Problem {
        position,
        column: None,
        field: None,
        value: None,
        code: "hidden_row",
        message: "the row is hidden or filtered away in the workbook, and is read all the same; remove it if it is not meant"
            .to_owned(),
    }
}

/// A row of which nothing more is known than what is wrong with it.
fn invalid(problem: Problem) -> Made {
    let item = Item::Invalid {
        request: None,
        key: None,
        import_id: None,
        problems: vec![problem],
    };
    Made {
        items: vec![item],
        warnings: Vec::new(),
    }
}

fn open_file(plan: &ReadPlan, input: usize) -> Result<File, IntakeError> {
    let input = &plan.inputs[input];
    File::open(&input.path).map_err(|source| IntakeError::Open {
        input: input.name.clone(),
        source,
    })
}

/// An input as rows, without rules.
fn open_rows(
    name: &str,
    reader: impl Source + 'static,
    reading: &Reading,
) -> Result<Opened, IntakeError> {
    Opened::new(name.to_owned(), Box::new(reader), reading)
}
