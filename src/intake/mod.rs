//! Bytes to entries: synchronous, deterministic, without network, ledger or terminal.
//!
//! ```text
//! source ── unpack ── encoding ── detect ── decode ── map ── validate ── entries
//! bytes               UTF-8       format    RawRow    Draft  RequestBody  Entry
//! ```
//! One thread pulls: [`Intake::open`], then [`Intake::next_batch`] until it gives nothing. Of a long input others decode
//! and map ahead of it (`ahead`). The same bytes and job give the same entries, however the reads were cut and however
//! many threads there are. Memory follows the limits of `decode`, not the input.
//!
//! What is wrong with a row is a [`Problem`] and reading goes on; what is wrong with the input or the job as a
//! whole is an [`IntakeError`], told before the first row wherever that is possible.

mod ahead;
mod code_page;
mod compare_keys;
mod dates;
mod decode;
mod dedup_store;
mod detect;
mod dialect;
mod encoding;
mod entries;
mod error;
mod escapes;
mod garbled;
mod head;
mod judge;
mod key_conflicts;
mod kind;
mod look;
mod map;
mod mask;
mod one_column;
mod open;
mod opened;
mod packing;
mod problem;
mod quoting;
mod reader;
mod row_places;
mod rows;
mod saved_rejects;
mod seen;
mod source;
pub(crate) mod status;
mod table;
pub(crate) mod text;
mod uncorrected;
mod understood;
mod unpack;
pub mod validate;
mod widths;
pub(crate) mod words;
pub mod workbook;

use std::fs::File;
use std::path::Path;

pub use dates::DateRead;
pub use decode::{HEADER_CELLS_MAX, Record, RecordKind, Shape};
pub use entries::Item;
pub use error::IntakeError;
pub use packing::Packing;
pub use problem::Problem;
pub use quoting::QUOTED_CHARS_MAX;
pub use row_places::{InputPlaces, RowPlaces};
pub use rows::rows;
pub use seen::Seen;
pub(crate) use source::hex;
pub use source::{InputDigest, Source};
pub use table::{HEADER_RECORDS_MAX, PROBLEM_COLUMN};
pub(crate) use uncorrected::{NOT_READ, is_uncorrected, marked};
pub use understood::{Basis, Understood};
pub use workbook::BookShape;
#[cfg(feature = "internals")]
pub use {decode::LINE_BYTES_MAX, packing::UNPACKED_BYTES_FREE, workbook::Kind as BookKind};

pub(crate) use dates::read as date;
pub(crate) use decode::path::selected as selected_of_list;
pub(crate) use decode::scan as delimited;
pub(crate) use decode::{Cell, Cells};
pub(crate) use encoding::by_label as encoding_by_label;
pub use key_conflicts::{KEY_CONFLICTS_MAX, KeyConflicts};
pub(crate) use look::each_row;
pub use map::ColumnUse;
pub(crate) use map::email::{Address, judge as address};
pub(crate) use map::key::of_request as key_of_request;
pub(crate) use map::phone::{Phone, is_region, parse as phone};
pub(crate) use map::values::folded;
pub(crate) use map::{PREVERIFIED_UNDECIDED, quoted_toml, undecided, uses};
pub use mask::Offending;
pub(crate) use mask::names as shown_names;
pub(crate) use saved_rejects::letters_note;

use crate::blocking;
use crate::entry::{Position, SourceRow};
use crate::plan::{ReadPlan, Reading};
use ahead::Ahead;
use compare_keys::KeyRules;
use decode::Decoder;
use entries::Maker;
use opened::Opened;
use reader::Reader;
use source::Window;

/// A batch ends early once its rows take so many bytes of the input.
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Rows that are read on one thread before more are made: most inputs are smaller.
const ALONE_ROWS: u64 = 2_048;
/// Threads that map rows, at most: more would wait for the one that decodes.
const MAPPERS_MAX: usize = 4;

/// One input, being read.
pub struct Intake {
    name: String,
    shape: Shape,
    way: Way,
    reader: Reader,
    key_rules: KeyRules,
    /// Threads that may map rows; none on a machine of one core.
    mappers: usize,
    row: u64,
    /// It was told that the encoding is a guess, or need not be.
    is_guess_told: bool,
}

/// The bytes that come next, and what decodes them.
struct Front {
    window: Window,
    decoder: Decoder,
}

/// How rows come.
enum Way {
    /// Each when it is asked for.
    Alone(Box<Front>),
    /// From other threads, which are ahead.
    Ahead(Ahead),
    /// Not at all: the others could not be started. Never left.
    Lost,
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
    /// What stands in place of that date, when it cannot be read.
    pub unreadable_date: Option<Offending>,
    /// The row as it came, when records are kept.
    pub record: Option<Record>,
    /// The row of the source that it is, or of which it is a corrected copy. None if the row cannot be read.
    pub source_row: Option<SourceRow>,
    /// It can be read, and has letters or signs beyond ASCII.
    pub is_beyond_ascii: bool,
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

    /// Reads these bytes as the output of a workbook's process.
    #[cfg(feature = "internals")]
    pub fn of_said(
        plan: &ReadPlan,
        said: impl std::io::Read + Send + 'static,
    ) -> Result<Self, IntakeError> {
        let window = source::Window::new(Box::new(said));
        let name = plan.inputs[0].name.clone();
        let opened = workbook::open::of_said(name, window, &plan.reading)?;
        Self::of(plan, 0, true, opened)
    }

    /// Sets the number of threads that map rows. With zero, the caller's thread decodes too.
    #[cfg(feature = "internals")]
    #[must_use]
    pub fn with_mappers(mut self, mappers: usize) -> Self {
        self.mappers = mappers;
        self
    }

    fn of(
        plan: &ReadPlan,
        input: usize,
        keep_records: bool,
        mut opened: Opened,
    ) -> Result<Self, IntakeError> {
        let mut columns = opened.columns();
        let mapper = map::compile(&plan.rules, &mut columns)?;
        let has_problems = opened
            .shape
            .columns
            .iter()
            .any(|name| name == PROBLEM_COLUMN);
        let problem_column = has_problems
            .then(|| columns.find(PROBLEM_COLUMN, "", true))
            .flatten();
        let wanted = columns
            .finish(&opened.name)
            .map_err(|error| opened.explain(error))?;
        match &mut opened.decoder {
            Decoder::Csv(_) => {}
            Decoder::Sheet(decoder) => decoder.select(&wanted),
            Decoder::Jsonl(decoder) => decoder.select(wanted),
            Decoder::Json(decoder) => decoder.select(wanted),
        }
        let usual = opened.decoder.usual();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            key_rules: KeyRules::new(
                &plan.rules,
                mapper.may_make_several,
                is_rejects(&opened.name, &opened.shape),
            ),
            is_guess_told: opened.shape.encoding.basis != Basis::Guess,
            name: opened.name,
            shape: opened.shape,
            way: Way::Alone(Box::new(Front {
                window: opened.window,
                decoder: opened.decoder,
            })),
            reader: Reader::new(
                mapper,
                Maker::new(plan.project, plan.rules.mark),
                u32::try_from(input + 1).unwrap_or(u32::MAX),
                keep_records,
                problem_column,
                usual,
            ),
            mappers: if cores > 1 { cores.min(MAPPERS_MAX) } else { 0 },
            row: 0,
        })
    }

    /// How the input was understood: its format, dialect and columns.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Size and digest of the input, once its end has been reached.
    pub fn digest(&self) -> Option<InputDigest> {
        match &self.way {
            Way::Alone(front) => front.window.digest(),
            Way::Ahead(ahead) => ahead.digest(),
            Way::Lost => None,
        }
    }

    /// How much of the input has been read from its source.
    pub fn bytes_read(&self) -> u64 {
        match &self.way {
            Way::Alone(front) => front.window.bytes_read(),
            Way::Ahead(ahead) => ahead.bytes_read(),
            Way::Lost => 0,
        }
    }

    /// Reads the next rows on a blocking thread, as [`Intake::next_batch`] does.
    pub(crate) async fn read_batch(
        mut self,
        mut seen: Seen,
        rows_max: usize,
    ) -> (Self, Seen, Result<Vec<RowReading>, IntakeError>) {
        blocking(move || {
            let rows = self.next_batch(&mut seen, rows_max);
            (self, seen, rows)
        })
        .await
    }

    /// The next rows, at most `rows_max`; none at the end. `seen` is shared by all inputs of a run.
    pub fn next_batch(
        &mut self,
        seen: &mut Seen,
        rows_max: usize,
    ) -> Result<Vec<RowReading>, IntakeError> {
        let mut batch = Vec::with_capacity(rows_max.min(ahead::BATCH_ROWS_MAX));
        let mut bytes = 0;
        while batch.len() < rows_max && bytes < BATCH_BYTES_MAX {
            let before = self.bytes_read();
            let next = self
                .next_row()
                .map_err(|source| IntakeError::reading(self.name.clone(), before, source))?;
            let Some((mut reading, size)) = next else {
                break;
            };
            compare_keys::compare(&mut reading, &self.key_rules, seen)
                .map_err(IntakeError::Seen)?;
            if !self.is_guess_told && reading.is_beyond_ascii && !reading.items.is_empty() {
                self.is_guess_told = true;
                let warning = reader::guessed(reading.position, &self.shape.encoding);
                reading.warnings.push(warning);
            }
            bytes += size;
            batch.push(reading);
        }
        Ok(batch)
    }

    /// The next row and its size in bytes, as if it were the first of its key.
    fn next_row(&mut self) -> std::io::Result<Option<(RowReading, usize)>> {
        if self.row == ALONE_ROWS && self.mappers > 0 {
            self.go_ahead()?;
        }
        let read = match &mut self.way {
            Way::Alone(front) => {
                let decoded = open::next(&mut front.decoder, &mut front.window, &self.shape)?;
                self.reader.read(self.row + 1, decoded)
            }
            Way::Ahead(ahead) => ahead.next()?,
            Way::Lost => None,
        };
        self.row += u64::from(read.is_some());
        Ok(read)
    }

    /// From here on other threads decode and map.
    fn go_ahead(&mut self) -> std::io::Result<()> {
        let front = match std::mem::replace(&mut self.way, Way::Lost) {
            Way::Alone(front) if front.decoder.can_hand_over() => front,
            other => {
                self.way = other;
                return Ok(());
            }
        };
        let source = ahead::Source {
            front: *front,
            shape: self.shape.clone(),
            row: self.row,
        };
        self.way = Way::Ahead(Ahead::start(source, &self.reader, self.mappers)?);
        Ok(())
    }
}

/// How the name of a file of rejects begins: a person may have removed its column of problems.
const REJECTS_STEM: &str = "rejects";

/// Returns whether an input is a file of rejects, whose rows a person corrects.
pub(crate) fn is_rejects(name: &str, shape: &Shape) -> bool {
    let file_name = Path::new(name).file_name();
    shape.columns.iter().any(|column| column == PROBLEM_COLUMN)
        || file_name.is_some_and(|name| name.to_string_lossy().starts_with(REJECTS_STEM))
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
