//! Reading ahead on other threads: one decodes, others map, and the rows come back in the order of the file.
//!
//! ```text
//! decoder ─┬─ mapper 1 ─┬─ whoever pulls
//!          └─ mapper 2 ─┘
//! ```
//! Batches go to the mappers in turn and are taken from them in the same turn, so that nothing has to be put in order.
//! All queues are short: memory does not follow the input. Whoever stops pulling drops the queues, and all threads end.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::{io, panic, vec};

use super::decode::jsonl::{Line, Objects};
use super::decode::scan::Span;
use super::decode::{Cells, Decoded, Decoder, Malformed, RawRow, RecordKind, Shape, csv};
use super::mask::Offending;
use super::reader::Reader;
use super::source::InputDigest;
use super::understood::Understood;
use super::{Front, RowReading, judge, open};
use crate::codes::ProblemCode;

/// Rows of a batch, at most.
pub(super) const BATCH_ROWS_MAX: usize = 512;
/// A batch ends with the row that makes it so large.
const BATCH_BYTES: usize = 128 * 1024;
/// Batches that wait for a mapper, and again behind it.
const BATCHES_WAITING: usize = 1;

/// An input from its present row on.
pub(super) struct Source {
    pub(super) front: Front,
    pub(super) shape: Shape,
    /// Rows before it.
    pub(super) row: u64,
}

/// Where the decoder stood at the end of a batch.
#[derive(Default)]
struct Stand {
    bytes_read: u64,
    /// It was the last: the input's digest, or why it could not be read on.
    end: Option<io::Result<Option<InputDigest>>>,
}

/// Records as they were decoded, in memory of their own.
struct Batch {
    /// Rows before it.
    row: u64,
    text: String,
    scratch: String,
    spans: Vec<Span>,
    records: Vec<Held>,
    stand: Stand,
}

enum Held {
    Cells {
        line: u64,
        text: Range<usize>,
        scratch: Range<usize>,
        spans: Range<usize>,
        is_hidden: bool,
        is_struck: bool,
    },
    /// A line of JSON, not parsed yet.
    Json {
        line: u64,
        text: Range<usize>,
    },
    Blank {
        line: u64,
    },
    Aside {
        line: u64,
        what: judge::Aside,
        raw: Vec<u8>,
    },
    Malformed {
        row_line: u64,
        line: u64,
        code: ProblemCode,
        message: String,
        raw: Vec<u8>,
        kind: RecordKind,
        value: Option<Offending>,
    },
}

/// Rows of which only the entries of earlier rows are not known.
struct Read {
    rows: Vec<(RowReading, usize)>,
    stand: Stand,
}

/// The rows of an input, read by other threads.
pub(super) struct Ahead {
    mappers: Vec<Receiver<Read>>,
    /// Whose batch comes next.
    turn: usize,
    rows: vec::IntoIter<(RowReading, usize)>,
    stand: Stand,
    threads: Vec<JoinHandle<()>>,
}

impl Ahead {
    /// Sets the threads to work.
    pub(super) fn start(source: Source, reader: &Reader, mappers: usize) -> io::Result<Self> {
        let mut ahead = Self {
            mappers: Vec::new(),
            turn: 0,
            rows: Vec::new().into_iter(),
            stand: Stand {
                bytes_read: source.front.window.bytes_read(),
                end: None,
            },
            threads: Vec::new(),
        };
        let mut batches = Vec::new();
        for _ in 0..mappers {
            let (batch, to_map) = sync_channel(BATCHES_WAITING);
            let (read, to_pull) = sync_channel(BATCHES_WAITING);
            let mapper = Mapping {
                reader: reader.clone(),
                objects: source.front.decoder.parser(),
                encoding: source.shape.encoding,
            };
            let name = "map".to_owned();
            let thread = thread::Builder::new().name(name);
            ahead
                .threads
                .push(thread.spawn(move || mapper.map_all(&to_map, &read))?);
            batches.push(batch);
            ahead.mappers.push(to_pull);
        }
        let thread = thread::Builder::new().name("decode".to_owned());
        ahead
            .threads
            .push(thread.spawn(move || source.decode_all(&batches))?);
        Ok(ahead)
    }

    pub(super) fn digest(&self) -> Option<InputDigest> {
        match &self.stand.end {
            Some(Ok(digest)) if self.rows.len() == 0 => digest.clone(),
            _ => None,
        }
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.stand.bytes_read
    }

    /// The next row and its size in bytes.
    pub(super) fn next(&mut self) -> io::Result<Option<(RowReading, usize)>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            match self.stand.end.take() {
                None => {}
                Some(Ok(digest)) => {
                    self.stand.end = Some(Ok(digest));
                    return Ok(None);
                }
                Some(Err(error)) => return Err(error),
            }
            let Ok(read) = self.mappers[self.turn].recv() else {
                return Err(self.lost());
            };
            self.turn = (self.turn + 1) % self.mappers.len();
            (self.rows, self.stand) = (read.rows.into_iter(), read.stand);
        }
    }

    /// A thread has gone before the end: it goes on panicking here, or the end was told already.
    fn lost(&mut self) -> io::Error {
        self.mappers.clear();
        for thread in self.threads.drain(..) {
            if let Err(cause) = thread.join() {
                panic::resume_unwind(cause);
            }
        }
        io::Error::other("reading has ended with an error already")
    }
}

impl Source {
    /// Decodes to the end, as far ahead as the mappers take it.
    fn decode_all(mut self, mappers: &[SyncSender<Batch>]) {
        for mapper in mappers.iter().cycle() {
            let batch = self.batch();
            let is_last = batch.stand.end.is_some();
            // Nobody pulls any more, or a mapper has panicked.
            if mapper.send(batch).is_err() || is_last {
                return;
            }
        }
    }

    fn batch(&mut self) -> Batch {
        let mut batch = Batch {
            row: self.row,
            text: String::with_capacity(BATCH_BYTES),
            scratch: String::new(),
            spans: Vec::new(),
            records: Vec::with_capacity(BATCH_ROWS_MAX),
            stand: Stand::default(),
        };
        while batch.records.len() < BATCH_ROWS_MAX && batch.text.len() < BATCH_BYTES {
            let Front { window, decoder } = &mut self.front;
            batch.stand.bytes_read = window.bytes_read();
            let is_more = match decoder {
                Decoder::Jsonl(decoder) => decoder
                    .next_line(window)
                    .map(|line| batch.take_line(line, &self.shape.encoding)),
                decoder => {
                    open::next(decoder, window, &self.shape).map(|decoded| batch.take(decoded))
                }
            };
            batch.stand.end = match is_more {
                Ok(true) => continue,
                Ok(false) => Some(Ok(window.digest())),
                Err(error) => Some(Err(error)),
            };
            break;
        }
        batch.stand.bytes_read = match batch.stand.end {
            Some(Err(_)) => batch.stand.bytes_read,
            _ => self.front.window.bytes_read(),
        };
        self.row += batch.records.len() as u64;
        batch
    }
}

/// Appends, and says where.
fn append(to: &mut String, text: &str) -> Range<usize> {
    let start = to.len();
    to.push_str(text);
    start..to.len()
}

impl Batch {
    /// Takes a line of JSON; says whether there was one.
    fn take_line(&mut self, line: Line<'_>, encoding: &Understood) -> bool {
        match line {
            Line::Text { line, text } => {
                let text = append(&mut self.text, text);
                self.records.push(Held::Json { line, text });
                true
            }
            Line::Malformed(bad) => self.take(open::retold(Decoded::Malformed(bad), encoding)),
            Line::End => false,
        }
    }

    /// Takes a record; says whether there was one.
    fn take(&mut self, decoded: Decoded<'_>) -> bool {
        let held = match decoded {
            Decoded::Row(RawRow {
                line,
                cells: Cells::Csv(values),
                is_hidden,
                is_struck,
                ..
            }) => {
                let (record, scratch, spans) = values.parts();
                let start = self.spans.len();
                self.spans.extend_from_slice(spans);
                Held::Cells {
                    line,
                    text: append(&mut self.text, record),
                    scratch: append(&mut self.scratch, scratch),
                    spans: start..self.spans.len(),
                    is_hidden,
                    is_struck,
                }
            }
            Decoded::Blank { line } => Held::Blank { line },
            Decoded::Aside(aside) => Held::Aside {
                line: aside.line,
                what: aside.what,
                raw: aside.raw.to_vec(),
            },
            Decoded::Malformed(bad) => Held::Malformed {
                row_line: bad.row_line,
                line: bad.line,
                code: bad.code,
                message: bad.message,
                raw: bad.raw.to_vec(),
                kind: bad.kind,
                value: bad.value,
            },
            // Objects are handed over as lines.
            Decoded::Row(_) | Decoded::End => return false,
        };
        self.records.push(held);
        true
    }
}

/// What a mapper works with.
struct Mapping {
    reader: Reader,
    objects: Objects,
    encoding: Understood,
}

impl Mapping {
    fn map_all(mut self, batches: &Receiver<Batch>, read: &SyncSender<Read>) {
        for batch in batches {
            if read.send(self.map(batch)).is_err() {
                return;
            }
        }
    }

    fn map(&mut self, batch: Batch) -> Read {
        let Batch {
            row,
            text,
            scratch,
            spans,
            records,
            stand,
        } = batch;
        let mut rows = Vec::with_capacity(records.len());
        for (number, held) in (row + 1..).zip(&records) {
            let decoded = match held {
                Held::Cells {
                    line,
                    text: record,
                    scratch: place,
                    spans: cells,
                    is_hidden,
                    is_struck,
                } => {
                    let record = &text[record.clone()];
                    let scratch = &scratch[place.clone()];
                    let values = csv::Values::new(record, scratch, &spans[cells.clone()]);
                    Decoded::Row(RawRow {
                        line: *line,
                        raw: record.as_bytes(),
                        cells: Cells::Csv(values),
                        is_hidden: *is_hidden,
                        is_struck: *is_struck,
                    })
                }
                Held::Json { line, text: place } => {
                    let text = &text[place.clone()];
                    open::retold(self.objects.read(text, *line), &self.encoding)
                }
                Held::Blank { line } => Decoded::Blank { line: *line },
                Held::Aside { line, what, raw } => Decoded::Aside(super::decode::Aside {
                    line: *line,
                    what: *what,
                    raw,
                }),
                Held::Malformed {
                    row_line,
                    line,
                    code,
                    message,
                    raw,
                    kind,
                    value,
                } => Decoded::Malformed(Malformed {
                    row_line: *row_line,
                    line: *line,
                    code: *code,
                    message: message.clone(),
                    raw,
                    kind: *kind,
                    value: value.clone(),
                }),
            };
            rows.extend(self.reader.read(number, decoded));
        }
        Read { rows, stand }
    }
}
