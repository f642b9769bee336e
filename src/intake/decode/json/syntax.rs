//! Finds where JSON values end, and makes the error for text that is not JSON.

use std::io::{self, Read};

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use super::super::super::source::Window;
use super::super::jsonl::{RECORD_SEPARATOR, TRAILING_COMMA, VALUE, expected};

/// A syntax error, for which a document is refused as a whole.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct SyntaxError {
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) what: String,
    pub(crate) hint: &'static str,
}

/// A place in the text. Both numbers begin at 1, and columns are counted in characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl Place {
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        let mut tail = bytes;
        if let Some(last) = memchr::memrchr(b'\n', bytes) {
            self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
            self.column = 1;
            tail = &bytes[last + 1..];
        }
        let is_start = |byte: &&u8| !matches!(byte, 0x80..=0xbf);
        self.column += tail.iter().filter(is_start).count() as u64;
    }

    /// Returns the error that these bytes stand here. `expected` says what would be right.
    pub(super) fn error(self, bytes: &[u8], expected: &str) -> io::Error {
        let (found, hint) = found(bytes);
        let Self { line, column } = self;
        io::Error::other(SyntaxError {
            line,
            column,
            what: format!("not JSON: found {found}, {expected}"),
            hint,
        })
    }
}

const CORRECT: &str = "correct the file at that place, or export it again";
const NO_VALUE: &str = "write null, true, false, a number, or text in double quotes there";
const CUT_OFF: &str = "export the file again: it seems to be cut off";

/// Words of other languages that programs write in place of a JSON value.
const WORDS: [&str; 7] = [
    "NaN",
    "Infinity",
    "INF",
    "None",
    "True",
    "False",
    "undefined",
];

/// Describes what the bytes begin with, without any value, and says what to do about it.
fn found(bytes: &[u8]) -> (String, &'static str) {
    let (found, hint) = match bytes {
        [] => ("the end of the file", CUT_OFF),
        [0xef, 0xbb, 0xbf, ..] => (
            "a byte order mark (U+FEFF)",
            "remove it: files were probably joined, and it belongs at the start of a file only",
        ),
        [b'/', b'/' | b'*', ..] | [b'#', ..] => ("a comment", "remove the comments: JSON has none"),
        [b'\'', ..] => (
            "a single quote",
            "write double quotes in place of single ones",
        ),
        [b'\n' | b'\r', ..] => (
            "a line break",
            "close the text with a double quote, or write \\n for the line break",
        ),
        [b'\t', ..] => ("a tab", "write \\t for the tab"),
        [byte, ..] if byte.is_ascii_control() => {
            let hint = "remove the character, or write it as an escape";
            return (format!("the control character U+{byte:04X}"), hint);
        }
        [byte, ..] if byte.is_ascii_punctuation() => {
            return (format!("`{}`", char::from(*byte)), CORRECT);
        }
        [byte, ..] if byte.is_ascii_digit() => ("a digit", CORRECT),
        _ => match WORDS.iter().find(|word| bytes.starts_with(word.as_bytes())) {
            Some(word) => return (format!("`{word}`"), NO_VALUE),
            None => ("a letter", CORRECT),
        },
    };
    (found.to_owned(), hint)
}

/// Returns whether a byte may separate values: JSON's white space, and the record separator of JSON text sequences.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | RECORD_SEPARATOR)
}

pub(super) fn blanks(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|&byte| !is_blank(byte))
        .unwrap_or(bytes.len())
}

/// Returns the size of the value that comes next. `None`: it is no JSON, or larger than `bytes_max`.
pub(super) fn size_of_value(window: &mut Window, bytes_max: usize) -> io::Result<Option<usize>> {
    loop {
        let unread = window.unread();
        let mut values = Deserializer::from_slice(unread).into_iter::<IgnoredAny>();
        let next = values.next();
        let size = values.byte_offset();
        match next {
            // A number at the end of the window may have further digits.
            Some(Ok(_)) if size < unread.len() || window.is_last() => {
                return Ok(Some(size).filter(|size| *size <= bytes_max));
            }
            Some(Err(error)) if !error.is_eof() => return Ok(None),
            _ if window.is_last() || unread.len() > bytes_max => return Ok(None),
            _ => window.more()?,
        }
    }
}

/// Parses the next value without keeping it, however large it is. `place` moves along.
pub(super) fn pass_value(window: &mut Window, place: &mut Place) -> io::Result<()> {
    let mut bytes = Bytes {
        window,
        place,
        ahead: 0,
        passed: 0,
        last: 0,
        before: 0,
    };
    let mut values = Deserializer::from_reader(&mut bytes).into_iter::<IgnoredAny>();
    let next = values.next();
    let size = values.byte_offset();
    match next {
        Some(Err(error)) if error.is_io() => Err(error.into()),
        Some(Err(error)) => {
            bytes.pass(bytes.ahead - usize::from(!error.is_eof()));
            bytes.window.ensure(FOUND_BYTES_MAX)?;
            let expected = match bytes.last {
                b'}' | b']' if bytes.before == b',' => TRAILING_COMMA.to_owned(),
                _ => expected(&error),
            };
            Err(bytes.place.error(bytes.window.unread(), &expected))
        }
        Some(Ok(_)) => {
            // The parser may have looked at the byte behind a number.
            bytes.pass(size - bytes.passed);
            Ok(())
        }
        None => Err(bytes.place.error(&[], VALUE)),
    }
}

/// Number of bytes that are enough to describe what was found.
const FOUND_BYTES_MAX: usize = 16;

/// The bytes of a window, one by one. The last one that was read stays in the window.
struct Bytes<'w> {
    window: &'w mut Window,
    place: &'w mut Place,
    /// The number of bytes that were read and are still in the window.
    ahead: usize,
    /// The number of bytes that have left the window.
    passed: usize,
    /// The last byte that was read and is no white space, and the one before it.
    last: u8,
    before: u8,
}

impl Bytes<'_> {
    fn pass(&mut self, bytes: usize) {
        self.place.pass(&self.window.unread()[..bytes]);
        self.window.consume(bytes);
        self.ahead -= bytes;
        self.passed += bytes;
    }
}

impl Read for Bytes<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ahead == self.window.unread().len() {
            self.pass(self.ahead.saturating_sub(1));
            self.window.ensure(self.ahead + 1)?;
        }
        let (Some(&byte), Some(first)) = (self.window.unread().get(self.ahead), into.first_mut())
        else {
            return Ok(0);
        };
        if !is_blank(byte) {
            (self.before, self.last) = (self.last, byte);
        }
        *first = byte;
        self.ahead += 1;
        Ok(1)
    }
}
