//! JSON documents to rows: the objects of an array, of an array under one key of an object, or one after the other.
//!
//! An element is found by its brackets and quotes, then parsed like a line of JSON Lines, so no more than one element
//! is held at once. Where brackets or quotes are wrong, the end of an element is a guess; its parse error then tells
//! from which line on a next element may begin, and only a line that looks like the element's own first one is taken.
//! Where there is none, what follows is one problem that says so.
//! What stands in an object beside the array is passed over: its brackets and quotes are seen, nothing else.

use std::io;

use super::super::problem::{cut, grouped};
use super::super::source::Window;
use super::csv::not_utf8;
use super::jsonl::{Objects, Sample, not_json};
use super::{
    Decoded, HEADER_BYTES_MAX, HEADER_CELLS_MAX, KEPT_BYTES_MAX, LINE_BYTES_MAX, Malformed,
    RecordKind, SAMPLE_BYTES_MAX, SAMPLE_ROWS_MAX,
};
use crate::nearest::nearest;

mod envelope;
mod extent;
mod layout;

use extent::{blanks, extent, next_element, string_end};
pub(crate) use layout::{Layout, layout};

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
    /// Before an element.
    Element {
        behind_comma: bool,
    },
    /// Behind an element.
    Behind,
    /// Behind the array.
    After,
    /// After the object that contains the array.
    Page,
    End,
}

/// What came of going through members.
enum Step {
    /// The array of rows comes next.
    Entered,
    /// The object has ended.
    End,
    /// It cannot be followed any further.
    Broken(&'static str),
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

/// Lines, and whether what comes stands first on its line.
#[derive(Clone, Debug)]
struct Place {
    line: u64,
    /// White space before it, in bytes, when it is first on its line.
    indent: Option<usize>,
}

impl Place {
    fn pass(&mut self, bytes: &[u8]) {
        let tail = match memchr::memrchr(b'\n', bytes) {
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
                self.indent = Some(0);
                &bytes[last + 1..]
            }
            None => bytes,
        };
        self.indent = match self.indent {
            Some(indent) if blanks(tail) == tail.len() => Some(indent + tail.len()),
            _ => None,
        };
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
    /// Brackets that are open in the element.
    open: Vec<u8>,
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
            state: State::Element {
                behind_comma: false,
            },
            place: Place {
                line: 1,
                indent: Some(0),
            },
            pending: 0,
            open: Vec::new(),
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
        while sample.rows < SAMPLE_ROWS_MAX {
            match decoder.next(&mut copy)? {
                Decoded::Row(_) => {}
                Decoded::End => break,
                Decoded::Blank { .. } | Decoded::Aside(_) | Decoded::Malformed(_) => continue,
            }
            sample.add(&decoder.objects);
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
            Layout::Member => match self.enter_member(window)? {
                Step::Entered => {}
                Step::End => return Err(self.no_array()),
                Step::Broken(why) => {
                    return Err(self.undecided(
                        format!("the object cannot be followed to an array of objects: {why}"),
                        "correct the file, or export it again",
                    ));
                }
            },
        }
        Ok(())
    }

    /// From the `{` of the document to the array of rows.
    fn enter_member(&mut self, window: &mut Window) -> io::Result<Step> {
        self.skip_blanks(window)?;
        self.take(window, 1);
        self.step(window, true)
    }

    /// The next element.
    pub(crate) fn next<'a>(&'a mut self, window: &'a mut Window) -> io::Result<Decoded<'a>> {
        loop {
            let pending = std::mem::take(&mut self.pending);
            self.take(window, pending);
            match self.state {
                State::Element { behind_comma } => match self.skip_blanks(window)? {
                    None if self.layout == Layout::Sequence => self.state = State::End,
                    None => return self.rest(window, CUT_OFF),
                    Some(b']') if self.layout != Layout::Sequence => {
                        self.state = State::After;
                        self.pending = 1;
                        if behind_comma {
                            return Ok(self.lone_comma(window, true));
                        }
                    }
                    Some(b',') if self.layout != Layout::Sequence => {
                        let behind_comma = true;
                        self.state = State::Element { behind_comma };
                        self.pending = 1;
                        return Ok(self.lone_comma(window, false));
                    }
                    Some(_) => return self.element(window, false),
                },
                State::Behind => match self.skip_blanks(window)? {
                    None => return self.rest(window, CUT_OFF),
                    Some(b',') => {
                        let behind_comma = true;
                        self.state = State::Element { behind_comma };
                        self.pending = 1;
                    }
                    Some(b']') => {
                        self.state = State::After;
                        self.pending = 1;
                    }
                    Some(_) => return self.element(window, true),
                },
                State::After => {
                    if self.layout == Layout::Member {
                        match self.step(window, false)? {
                            Step::End => self.state = State::Page,
                            Step::Broken(why) => return self.rest(window, why),
                            Step::Entered => {}
                        }
                        self.check_keys()?;
                    } else if self.skip_blanks(window)?.is_some() {
                        return self.rest(window, "more follows behind the end of the document");
                    } else {
                        self.state = State::End;
                    }
                }
                State::Page => match self.skip_blanks(window)? {
                    None => self.state = State::End,
                    Some(b'{') if self.members.records.is_some() => {
                        let line = self.place.line;
                        self.members.begin_page();
                        match self.enter_member(window)? {
                            Step::Entered => {
                                self.state = State::Element {
                                    behind_comma: false,
                                }
                            }
                            Step::End => return Ok(self.no_page(line)),
                            Step::Broken(why) => return self.rest(window, why),
                        }
                    }
                    Some(b'{') => return self.rest(window, PAGE_FOLLOWS),
                    Some(_) => {
                        return self.rest(window, "more follows behind the end of the document");
                    }
                },
                State::End => return Ok(Decoded::End),
            }
        }
    }

    fn element<'a>(
        &'a mut self,
        window: &'a mut Window,
        lacks_comma: bool,
    ) -> io::Result<Decoded<'a>> {
        let is_sequence = self.layout == Layout::Sequence;
        let behind_comma = false;
        self.state = match self.layout {
            Layout::Sequence => State::Element { behind_comma },
            _ => State::Behind,
        };
        let mut is_too_deep = false;
        let extent = loop {
            let unread = window.unread();
            let indent = self.place.indent;
            let end = extent(
                unread,
                indent,
                is_sequence,
                window.is_last(),
                &mut self.open,
                &mut is_too_deep,
            );
            match end {
                Some(end) if end.at <= LINE_BYTES_MAX => break Some(end),
                Some(_) => break None,
                None if window.is_last() || unread.len() > LINE_BYTES_MAX => break None,
                None => window.more()?,
            }
        };
        let unread = window.unread();
        let found = &unread[..extent
            .map_or(unread.len(), |end| end.at)
            .min(LINE_BYTES_MAX)];
        let line = self.place.line;
        let is_whole = extent.is_some();
        // Of what is cut off, the last character may be, too.
        let text = match std::str::from_utf8(found) {
            Ok(text) => text,
            Err(error) if !is_whole && error.error_len().is_none() => {
                std::str::from_utf8(&found[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) if is_whole => {
                self.pending = found.len();
                let raw = window.unread()[..self.pending].trim_ascii_end();
                return Ok(Decoded::Malformed(not_utf8(raw, line, RecordKind::Line)));
            }
            Err(_) => "",
        };
        let text = text.trim_ascii_end();
        let malformed = |raw, line, message| {
            Decoded::Malformed(Malformed {
                row_line: self.place.line,
                line,
                code: "not_json",
                message,
                raw,
                kind: RecordKind::Line,
                value: None,
            })
        };
        let Err(error) = self.objects.parse(text) else {
            self.pending = found.len();
            let raw = window.unread()[..text.len()].trim_ascii_end();
            if lacks_comma {
                let message = "a comma is missing before this element".to_owned();
                return Ok(malformed(raw, line, message));
            }
            if self.row_keys.is_empty() {
                self.row_keys = self.objects.keys().map(str::to_owned).collect();
            }
            return Ok(self.objects.row(raw, line, "element"));
        };
        let (offset, column) = place_of(&error);
        let next = (self.place.indent)
            .and_then(|indent| next_element(found, indent, offset))
            .filter(|_| !is_too_deep && (is_whole || !error.is_eof()))
            .or_else(|| extent.filter(|end| end.is_next).map(|end| end.at));
        let blamed = line + offset - 1;
        let why = format!(
            "not JSON at byte {column} of the line: {}",
            not_json(&error)
        );
        if let Some(next) = next {
            self.state = State::Element { behind_comma };
            self.pending = next;
            let raw = window.unread()[..next].trim_ascii_end();
            let raw = raw.strip_suffix(b",").unwrap_or(raw);
            return Ok(malformed(raw, blamed, why));
        }
        if is_whole {
            self.pending = found.len();
            let raw = window.unread()[..text.len()].trim_ascii_end();
            return Ok(malformed(raw, blamed, why));
        }
        if window.is_last() && window.unread().len() <= LINE_BYTES_MAX {
            self.state = State::End;
            self.pending = window.unread().len();
            let raw = window.unread().trim_ascii_end();
            let message = format!("{why}; where the element ends cannot be told, and {NOT_READ}");
            return Ok(malformed(raw, blamed, message));
        }
        self.too_long(window)
    }

    fn too_long<'a>(&'a mut self, window: &mut Window) -> io::Result<Decoded<'a>> {
        let line = self.place.line;
        self.kept.clear();
        self.kept
            .extend_from_slice(&window.unread()[..KEPT_BYTES_MAX]);
        self.skip_value(window)?;
        Ok(Decoded::Malformed(Malformed {
            row_line: line,
            line,
            code: "row_too_large",
            message: format!(
                "the element is larger than {} bytes, the most that is read (or a quote or bracket in it is missing)",
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
            code: "page_without_rows",
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

    /// The problem of a comma without an element. `is_trailing`: the end of the array follows it.
    fn lone_comma<'a>(&self, window: &'a Window, is_trailing: bool) -> Decoded<'a> {
        let message = if is_trailing {
            "a trailing comma: nothing follows it before the `]`; remove it, or add the element that is missing"
        } else {
            "a comma and no element: one too many, or an element is missing"
        };
        Decoded::Malformed(Malformed {
            row_line: self.place.line,
            line: self.place.line,
            code: "not_json",
            message: message.to_owned(),
            raw: &window.unread()[..0],
            kind: RecordKind::Line,
            value: None,
        })
    }

    /// Reads to the end and makes one problem of it.
    fn rest<'a>(&'a mut self, window: &mut Window, why: &str) -> io::Result<Decoded<'a>> {
        let line = self.place.line;
        window.ensure(KEPT_BYTES_MAX)?;
        let kept = window.unread().len().min(KEPT_BYTES_MAX);
        self.kept.clear();
        self.kept.extend_from_slice(&window.unread()[..kept]);
        self.pass_all(window)?;
        let message = match self.kept.trim_ascii() {
            [] => why.to_owned(),
            _ => format!("{why}; {NOT_READ}"),
        };
        Ok(Decoded::Malformed(Malformed {
            row_line: line,
            line,
            code: "rest_not_read",
            message,
            raw: self.kept.trim_ascii(),
            kind: RecordKind::Line,
            value: None,
        }))
    }

    /// Through members, to the array of rows if that is yet to come.
    fn step(&mut self, window: &mut Window, is_before: bool) -> io::Result<Step> {
        const NO_KEY: &str = "a key is wanted, in double quotes";
        let mut wants_comma = !is_before;
        let mut behind_comma = false;
        loop {
            match self.skip_blanks(window)? {
                None => {
                    return Ok(Step::Broken(
                        "the file ends within the object: its `}` is missing; perhaps the export was cut off",
                    ));
                }
                Some(b'}') if !behind_comma => {
                    self.take(window, 1);
                    return Ok(Step::End);
                }
                Some(b',') if wants_comma => {
                    self.take(window, 1);
                    wants_comma = false;
                    behind_comma = true;
                    continue;
                }
                Some(_) if wants_comma => {
                    return Ok(Step::Broken(
                        "a comma or the end of the object is wanted behind a member",
                    ));
                }
                Some(b'"') => {}
                Some(_) => return Ok(Step::Broken(NO_KEY)),
            }
            let Some(key) = self.key(window)? else {
                return Ok(Step::Broken(NO_KEY));
            };
            if self.skip_blanks(window)? != Some(b':') {
                return Ok(Step::Broken("a colon is wanted between key and value"));
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
                return Ok(Step::Entered);
            }
            let is_again = self.members.entered.as_ref() == Some(&key);
            if self.skip_value(window)? || is_again {
                self.members.arrays.push(key.clone());
            }
            if self.members.beside.len() < HEADER_CELLS_MAX {
                self.members.beside.push(key);
            }
            wants_comma = true;
            behind_comma = false;
        }
    }

    /// The key that comes next; `None`: it is none, or longer than any header.
    fn key(&mut self, window: &mut Window) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = string_end(window.unread(), 0) {
                let key = serde_json::from_slice(&window.unread()[..end]).ok();
                self.take(window, end);
                return Ok(key);
            }
            if window.is_last() || window.unread().len() > HEADER_BYTES_MAX {
                return Ok(None);
            }
            window.more()?;
        }
    }

    /// Passes over a value, however large; `true`: it is an array with an object in it.
    fn skip_value(&mut self, window: &mut Window) -> io::Result<bool> {
        let mut depth = 0_u64;
        let (mut is_text, mut is_escaped) = (false, false);
        window.ensure(1)?;
        let is_array = window.unread().first() == Some(&b'[');
        let mut has_object = false;
        loop {
            let mut end = None;
            for (at, &byte) in window.unread().iter().enumerate() {
                if is_text {
                    // A line break ends a text that lacks its quote.
                    is_text = byte != b'\n' && (byte != b'"' || is_escaped);
                    is_escaped = byte == b'\\' && !is_escaped;
                    continue;
                }
                match byte {
                    b'"' => is_text = true,
                    b'{' | b'[' => {
                        has_object |= is_array && depth == 1 && byte == b'{';
                        depth += 1;
                    }
                    b'}' | b']' if depth <= 1 => {
                        end = Some(at + usize::from(depth == 1));
                        break;
                    }
                    b'}' | b']' => depth -= 1,
                    b',' if depth == 0 => {
                        end = Some(at);
                        break;
                    }
                    _ => {}
                }
            }
            let passed = end.unwrap_or(window.unread().len());
            self.take(window, passed);
            window.ensure(1)?;
            if end.is_some() || window.unread().is_empty() {
                return Ok(has_object);
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
                    super::super::error::listed(&names)
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
            super::super::error::listed(&keys)
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

const CUT_OFF: &str =
    "the file ends within the array: its `]` is missing; perhaps the export was cut off";
const PAGE_FOLLOWS: &str = "another object follows the one that holds the rows: if the file is pages one after the other, set records in \
     the job file's [input] to the key of the array";
const NOT_READ: &str = "nothing from here on is read";

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
