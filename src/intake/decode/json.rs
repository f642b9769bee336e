//! JSON documents to rows: the objects of an array, of an array under one key of an object, or one after the other.
//!
//! The parser finds where an element ends, so memory holds one element at a time. Values beside the array are parsed and
//! not kept. A syntax error anywhere refuses the document as a whole. An element that is valid JSON and no row is a problem
//! of that row.

use std::io;

use super::super::quoting::cut;
use super::super::source::Window;
use super::csv::not_utf8;
use super::jsonl::{COLON, IN_ARRAY, IN_OBJECT, NAME, Objects, Sample, TRAILING_COMMA, not_json};
use super::{
    Decoded, HEADER_BYTES_MAX, HEADER_CELLS_MAX, KEPT_BYTES_MAX, LINE_BYTES_MAX, Malformed,
    RecordKind, SAMPLE_BYTES_MAX, SAMPLE_ROWS_MAX,
};
use crate::codes::ProblemCode;
use crate::nearest::nearest;
use crate::numbers::grouped;

mod envelope;
mod layout;
mod syntax;

pub(crate) use layout::{Layout, layout};
pub(crate) use syntax::SyntaxError;
use syntax::{Place, blanks, pass_value, size_of_value};

/// Why it cannot be told which objects are the rows.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Undecided {
    pub(crate) line: u64,
    pub(crate) what: String,
    pub(crate) hint: String,
}

/// Where reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the start of the array, or of a sequence.
    First,
    /// After a comma of the array.
    Element,
    /// After an element.
    Behind,
    /// After the array.
    After,
    /// After the object that contains the array.
    Page,
    End,
}

/// What an object has beside the array of rows.
#[derive(Clone, Debug, Default)]
struct Members {
    /// Which array is wanted.
    records: Option<String>,
    /// Which array was entered.
    entered: Option<String>,
    /// The keys of all other members.
    beside: Vec<String>,
    /// Those of them that are arrays with objects.
    arrays: Vec<String>,
}

impl Members {
    /// Discards the state of the previous page.
    fn begin_page(&mut self) {
        self.entered = None;
        self.beside.clear();
        self.arrays.clear();
    }
}

/// Reads the elements.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    layout: Layout,
    objects: Objects,
    members: Members,
    /// The keys of the first row.
    row_keys: Vec<String>,
    state: State,
    place: Place,
    pending: usize,
    kept: Vec<u8>,
}

impl Decoder {
    /// A decoder for such a document, of which that array is wanted.
    pub(crate) fn new(layout: Layout, records: Option<String>) -> Self {
        let members = Members {
            records,
            ..Members::default()
        };
        Self {
            layout,
            objects: Objects::default(),
            members,
            row_keys: Vec::new(),
            state: State::First,
            place: Place { line: 1, column: 1 },
            pending: 0,
            kept: Vec::new(),
        }
    }

    /// The columns wanted from now on.
    pub(crate) fn select(&mut self, columns: Vec<String>) {
        self.objects.select(columns);
    }

    /// The key of the array that is read.
    pub(crate) fn records(&self) -> Option<&str> {
        self.members.entered.as_deref()
    }

    /// Goes to the first element, and looks at the first rows without consuming them.
    pub(crate) fn start(&mut self, window: &mut Window) -> io::Result<Sample> {
        self.enter(window)?;
        window.ensure(SAMPLE_BYTES_MAX)?;
        let mut sample = self.sample(window, SAMPLE_BYTES_MAX)?;
        if sample.rows == 0 && !window.is_last() {
            window.ensure(LINE_BYTES_MAX)?;
            sample = self.sample(window, LINE_BYTES_MAX)?;
        }
        Ok(sample)
    }

    /// What the rows within so many bytes hold.
    fn sample(&self, window: &Window, bytes_max: usize) -> io::Result<Sample> {
        let head = &window.unread()[..window.unread().len().min(bytes_max)];
        let mut copy = Window::new(Box::new(io::Cursor::new(head.to_vec())));
        let mut decoder = self.clone();
        let mut sample = Sample::default();
        let is_cut = !window.is_last() || head.len() < window.unread().len();
        while sample.rows < SAMPLE_ROWS_MAX {
            let error = match decoder.next(&mut copy) {
                Ok(Decoded::Row(_)) => {
                    sample.add(&decoder.objects);
                    continue;
                }
                Ok(Decoded::End) => break,
                Ok(_) => continue,
                Err(error) => error,
            };
            // A value that ends with the sample may continue in the input.
            if is_cut && copy.unread().is_empty() && is_syntax_error(&error) {
                break;
            }
            return Err(error);
        }
        decoder.check_keys()?;
        Ok(sample.finish())
    }

    fn enter(&mut self, window: &mut Window) -> io::Result<()> {
        self.skip_blanks(window)?;
        match self.layout {
            Layout::Lines | Layout::Sequence => {}
            Layout::Empty => self.pass_all(window)?,
            Layout::Array => self.take(window, 1),
            Layout::Member => {
                if !self.enter_member(window)? {
                    return Err(self.no_array());
                }
            }
        }
        Ok(())
    }

    /// Goes from the `{` of the document to the array of rows. Returns whether there is one.
    fn enter_member(&mut self, window: &mut Window) -> io::Result<bool> {
        self.skip_blanks(window)?;
        self.take(window, 1);
        self.step(window, true)
    }

    /// The next element.
    pub(crate) fn next<'a>(&'a mut self, window: &'a mut Window) -> io::Result<Decoded<'a>> {
        let is_sequence = self.layout == Layout::Sequence;
        loop {
            let pending = std::mem::take(&mut self.pending);
            self.take(window, pending);
            let next = self.skip_blanks(window)?;
            match (self.state, next) {
                (State::End, _) => return Ok(Decoded::End),
                (State::First, None) if is_sequence => self.state = State::End,
                (State::First | State::Behind, Some(b']')) if !is_sequence => {
                    self.take(window, 1);
                    self.state = State::After;
                }
                (State::Element, Some(b']')) => return Err(self.error(window, TRAILING_COMMA)),
                (State::First | State::Element, _) => return self.element(window),
                (State::Behind, Some(b',')) => {
                    self.take(window, 1);
                    self.state = State::Element;
                }
                (State::Behind, _) => return Err(self.error(window, IN_ARRAY)),
                (State::After, _) if self.layout == Layout::Member => {
                    self.step(window, false)?;
                    self.check_keys()?;
                    self.state = State::Page;
                }
                (State::After | State::Page, None) => self.state = State::End,
                (State::Page, Some(b'{')) if self.members.records.is_some() => {
                    let line = self.place.line;
                    self.members.begin_page();
                    if !self.enter_member(window)? {
                        return Ok(self.no_page(line));
                    }
                    self.state = State::First;
                }
                (State::Page, Some(b'{')) => {
                    let rows = self.members.entered.as_deref().unwrap_or_default();
                    return Err(self.undecided(
                        "another object follows the one that holds the rows".to_owned(),
                        &format!(
                            "set records = \"{}\" in the job file's [input] if the file is pages, one after the other",
                            cut(rows)
                        ),
                    ));
                }
                (State::After | State::Page, _) => return Err(self.error(window, AT_THE_END)),
            }
        }
    }

    fn element<'a>(&'a mut self, window: &'a mut Window) -> io::Result<Decoded<'a>> {
        let line = self.place.line;
        self.state = match self.layout {
            Layout::Sequence => State::First,
            _ => State::Behind,
        };
        let Some(size) = size_of_value(window, LINE_BYTES_MAX)? else {
            return self.too_long(window);
        };
        self.pending = size;
        let raw = &window.unread()[..size];
        let Ok(text) = std::str::from_utf8(raw) else {
            return Ok(Decoded::Malformed(not_utf8(raw, line, RecordKind::Line)));
        };
        if let Err(error) = self.objects.parse(text) {
            let (offset, column) = place_of(&error);
            return Ok(Decoded::Malformed(Malformed {
                row_line: line,
                line: line + offset - 1,
                code: ProblemCode::NotJson,
                message: format!(
                    "not JSON at byte {column} of the line: {}",
                    not_json(&error)
                ),
                raw,
                kind: RecordKind::Line,
                value: None,
            }));
        }
        if self.row_keys.is_empty() {
            self.row_keys = self.objects.keys().map(str::to_owned).collect();
        }
        Ok(self.objects.row(raw, line, "element"))
    }

    /// Passes over an element that is larger than is read, or returns its syntax error.
    fn too_long<'a>(&'a mut self, window: &mut Window) -> io::Result<Decoded<'a>> {
        let line = self.place.line;
        let unread = window.unread();
        self.kept.clear();
        self.kept
            .extend_from_slice(&unread[..unread.len().min(KEPT_BYTES_MAX)]);
        pass_value(window, &mut self.place)?;
        Ok(Decoded::Malformed(Malformed {
            row_line: line,
            line,
            code: ProblemCode::RowTooLarge,
            message: format!(
                "the element is larger than {} bytes, the most that is read",
                grouped(LINE_BYTES_MAX as u64)
            ),
            raw: &self.kept,
            kind: RecordKind::Line,
            value: None,
        }))
    }

    /// The problem of a page without the array that the job names, which begins on that line.
    fn no_page<'a>(&self, line: u64) -> Decoded<'a> {
        let records = self.members.records.as_deref().unwrap_or_default();
        Decoded::Malformed(Malformed {
            row_line: line,
            line,
            code: ProblemCode::PageWithoutRows,
            message: format!(
                "the object has no array `{}`, which the pages before it have: perhaps an error was saved in place of a page, and its \
                 rows are missing",
                cut(records)
            ),
            raw: &[],
            kind: RecordKind::Line,
            value: None,
        })
    }

    /// Skips the rest of the input.
    fn pass_all(&mut self, window: &mut Window) -> io::Result<()> {
        window.ensure(1)?;
        while !window.unread().is_empty() {
            let all = window.unread().len();
            self.take(window, all);
            window.ensure(1)?;
        }
        self.state = State::End;
        Ok(())
    }

    /// Returns the error of what comes next.
    fn error(&self, window: &Window, expected: &str) -> io::Error {
        self.place.error(window.unread(), expected)
    }

    /// Goes through the members of an object, up to the array of rows or to the end. Returns whether there is an array.
    fn step(&mut self, window: &mut Window, is_before: bool) -> io::Result<bool> {
        let mut wants_comma = !is_before;
        let mut behind_comma = false;
        loop {
            match self.skip_blanks(window)? {
                Some(b'}') if behind_comma => return Err(self.error(window, TRAILING_COMMA)),
                Some(b'}') => {
                    self.take(window, 1);
                    return Ok(false);
                }
                Some(b',') if wants_comma => {
                    self.take(window, 1);
                    wants_comma = false;
                    behind_comma = true;
                    continue;
                }
                Some(b'"') if !wants_comma => {}
                None => return Err(self.error(window, IN_OBJECT)),
                _ if wants_comma => return Err(self.error(window, IN_OBJECT)),
                _ => return Err(self.error(window, NAME)),
            }
            let key = self.key(window)?;
            if self.skip_blanks(window)? != Some(b':') {
                return Err(self.error(window, COLON));
            }
            self.take(window, 1);
            let first = self.skip_blanks(window)?;
            let is_wanted = match &self.members.records {
                Some(records) => *records == key && first == Some(b'['),
                None => first == Some(b'[') && begins_with_object(window)?,
            };
            if is_before && is_wanted {
                self.take(window, 1);
                self.members.entered = Some(key);
                return Ok(true);
            }
            let is_again = self.members.entered.as_ref() == Some(&key);
            if self.pass_member(window)? || is_again {
                self.members.arrays.push(key.clone());
            }
            if self.members.beside.len() < HEADER_CELLS_MAX {
                self.members.beside.push(key);
            }
            wants_comma = true;
            behind_comma = false;
        }
    }

    /// Reads the key that comes next. One that is longer than any header is cut.
    fn key(&mut self, window: &mut Window) -> io::Result<String> {
        let Some(size) = size_of_value(window, HEADER_BYTES_MAX)? else {
            let kept = window.unread().len().min(KEPT_BYTES_MAX);
            let key = String::from_utf8_lossy(&window.unread()[..kept]).into_owned();
            pass_value(window, &mut self.place)?;
            return Ok(key);
        };
        let text = &window.unread()[..size];
        let key = serde_json::from_slice(text);
        let key = key.unwrap_or_else(|_| String::from_utf8_lossy(text).into_owned());
        self.take(window, size);
        Ok(key)
    }

    /// Passes over a value, however large. Returns whether it is an array with an object in it.
    fn pass_member(&mut self, window: &mut Window) -> io::Result<bool> {
        if window.unread().first() != Some(&b'[') {
            pass_value(window, &mut self.place)?;
            return Ok(false);
        }
        self.take(window, 1);
        if self.skip_blanks(window)? == Some(b']') {
            self.take(window, 1);
            return Ok(false);
        }
        let mut has_object = false;
        loop {
            has_object |= self.skip_blanks(window)? == Some(b'{');
            pass_value(window, &mut self.place)?;
            match self.skip_blanks(window)? {
                Some(b',') => self.take(window, 1),
                Some(b']') => {
                    self.take(window, 1);
                    return Ok(has_object);
                }
                _ => return Err(self.error(window, IN_ARRAY)),
            }
        }
    }

    /// The next byte that is no white space.
    fn skip_blanks(&mut self, window: &mut Window) -> io::Result<Option<u8>> {
        loop {
            window.ensure(1)?;
            if window.unread().is_empty() {
                return Ok(None);
            }
            let blank = blanks(window.unread());
            self.take(window, blank);
            if let Some(&byte) = window.unread().first() {
                return Ok(Some(byte));
            }
        }
    }

    fn take(&mut self, window: &mut Window, bytes: usize) {
        self.place.pass(&window.unread()[..bytes]);
        window.consume(bytes);
    }

    /// Refuses an object of which it cannot be told which of its arrays are the rows, or whether it is itself one.
    fn check_keys(&self) -> io::Result<()> {
        let Members {
            records: None,
            entered: Some(entered),
            beside,
            arrays,
        } = &self.members
        else {
            return match (&self.members.records, &self.members.arrays) {
                (Some(records), arrays) if arrays.contains(records) => Err(self.undecided(
                    format!("the object has the key `{}` more than once", cut(records)),
                    "which one counts cannot be told; correct the file",
                )),
                _ => Ok(()),
            };
        };
        if !arrays.is_empty() {
            let names: Vec<_> = [entered]
                .into_iter()
                .chain(arrays)
                .map(|key| cut(key))
                .collect();
            return Err(self.undecided(
                format!(
                    "the object holds several arrays of objects ({}), and which one holds the rows cannot be told",
                    super::super::quoting::listed(&names)
                ),
                &format!(
                    "set records = \"{}\" (or another of them) in the job file's [input]; for JSON Lines with this single \
                     line, format = \"jsonl\"",
                    names[0]
                ),
            ));
        }
        let is_doubt = |key: &&String| {
            let beside = beside.iter().map(String::as_str);
            self.row_keys.contains(key) && !envelope::is_shared(key, beside)
        };
        match beside.iter().find(is_doubt) {
            None => Ok(()),
            Some(shared) => Err(self.undecided(
                format!(
                    "the object and the objects in its array `{}` have both the key `{}`, so that either could be rows",
                    cut(entered),
                    cut(shared)
                ),
                &format!(
                    "set records = \"{}\" in the job file's [input] if the rows are in the array; if the object itself is a row, \
                     write it on one line (jq -c . FILE) and set format = \"jsonl\"",
                    cut(entered)
                ),
            )),
        }
    }

    fn no_array(&self) -> io::Error {
        let Members {
            records,
            arrays,
            beside,
            ..
        } = &self.members;
        let name = |keys: &[String]| {
            let keys: Vec<_> = keys.iter().map(|key| cut(key)).collect();
            super::super::quoting::listed(&keys)
        };
        match records {
            Some(records) => self.undecided(
                format!("the object has no array `{}`, which the job file names", cut(records)),
                &if beside.is_empty() {
                    "it has no keys at all; see that it is the right file".to_owned()
                } else {
                    let near = nearest(records, beside.iter().map(String::as_str));
                    let near = near.map(|near| format!("perhaps records = \"{}\" is meant; ", cut(near)));
                    format!(
                        "{}its keys are {}; correct records in the job file's [input]",
                        near.unwrap_or_default(),
                        name(beside)
                    )
                },
            ),
            None => self.undecided(
                format!(
                    "the object holds no array that begins with an object, but {} with objects in it",
                    name(arrays)
                ),
                "set records to the key of the array with the rows in the job file's [input]",
            ),
        }
    }

    fn undecided(&self, what: String, hint: &str) -> io::Error {
        io::Error::other(Undecided {
            line: self.place.line,
            what,
            hint: hint.to_owned(),
        })
    }
}

const AT_THE_END: &str = "expected the end of the file after the end of the document";

/// Returns whether reading failed because of a syntax error.
fn is_syntax_error(error: &io::Error) -> bool {
    let cause = error.get_ref();
    cause.is_some_and(|cause| cause.downcast_ref::<SyntaxError>().is_some())
}

/// Whether the first element of the array that comes next is an object.
fn begins_with_object(window: &mut Window) -> io::Result<bool> {
    loop {
        let within = window.unread().get(1..).unwrap_or_default();
        if let Some(first) = within.get(blanks(within)) {
            return Ok(*first == b'{');
        }
        if window.is_last() || window.unread().len() > LINE_BYTES_MAX {
            return Ok(false);
        }
        window.more()?;
    }
}

/// Line, from 1, and column of a parse error. What goes wrong at a line break goes wrong on the line that it ends.
fn place_of(error: &serde_json::Error) -> (u64, usize) {
    match (error.line() as u64, error.column()) {
        (line, 0) => (line.saturating_sub(1).max(1), 0),
        (line, column) => (line, column),
    }
}
