//! Standard output and standard error: the only code that prints.
//!
//! What a person or script asked for goes to standard output; everything said on the way to standard error.
//! A progress bar on the screen is taken away while something is printed, and put back after it.
//! Names of files, columns and projects may hold characters that a terminal obeys or hides: none gets through to people.

#[cfg(unix)]
use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;

use super::page::{Page, Paper};
use crate::sanitize::{harmless, without_controls};

static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// From now on this bar steps aside when something is printed; `None`: there is no bar any more.
pub(super) fn set_bar(bar: Option<ProgressBar>) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

fn beside_bar<T>(print: impl FnOnce() -> T) -> T {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// Prints what was asked for. A reader that has gone away (`| head`) is no fault of ours.
pub(super) fn out(text: &str) {
    beside_bar(|| drop(writeln!(io::stdout().lock(), "{}", without_controls(text))));
}

/// Prints a page, as wide and colourful as the terminal allows; elsewhere without colours, and unwrapped.
pub(super) fn out_page(page: &Page) {
    let text = page.render(paper(&console::Term::stdout(), console::colors_enabled()));
    beside_bar(|| drop(writeln!(io::stdout().lock(), "{text}")));
}

/// The same, on the way.
pub(super) fn say_page(page: &Page) {
    let has_colours = console::colors_enabled_stderr();
    let text = page.render(paper(&console::Term::stderr(), has_colours));
    beside_bar(|| drop(writeln!(io::stderr().lock(), "{text}")));
}

fn paper(terminal: &console::Term, has_colours: bool) -> Paper {
    let size = terminal.size_checked();
    Paper {
        width: size.map(|(_, columns)| usize::from(columns)),
        has_colours,
    }
}

/// Prints what is said on the way. There is nowhere to report that this failed.
pub(super) fn say(text: &str) {
    beside_bar(|| drop(writeln!(io::stderr().lock(), "{}", harmless(text))));
}

/// Standard output for commands that print much: buffered, harmless on a terminal, and to the byte elsewhere.
pub(super) fn stdout() -> Box<dyn Write> {
    let stdout = io::stdout().lock();
    let is_terminal = stdout.is_terminal();
    let buffered = io::BufWriter::with_capacity(1 << 16, stdout);
    if is_terminal {
        Box::new(Harmless {
            inner: buffered,
            line: Vec::new(),
        })
    } else {
        Box::new(buffered)
    }
}

/// Passes text on line by line, since a character may be cut between two writes.
struct Harmless<W: Write> {
    inner: W,
    line: Vec<u8>,
}

impl<W: Write> Write for Harmless<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                let text = String::from_utf8_lossy(&line);
                self.inner.write_all(without_controls(&text).as_bytes())?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Whether a person can be asked: both ends of the conversation are a terminal.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether a bar can be drawn.
pub(super) fn is_screen() -> bool {
    io::stderr().is_terminal()
}

/// Standard error for log lines.
pub(super) struct LogLine(Vec<u8>);

impl LogLine {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }
}

impl Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        let line = String::from_utf8_lossy(&self.0);
        beside_bar(|| drop(io::stderr().lock().write_all(harmless(&line).as_bytes())));
    }
}

/// Returns whether standard output goes into this file.
#[cfg(unix)]
pub(super) fn is_output(path: &Path) -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let output = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    let output = output.and_then(|output| output.metadata()).map(identity);
    let file = path.metadata().map(identity);
    output.is_ok_and(|output| file.is_ok_and(|file| output == file))
}

/// Returns whether standard output goes into this file. On this system that is not known.
#[cfg(not(unix))]
pub(super) fn is_output(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_replaced() {
        let evil = "a\u{1b}]0;x\u{7}\tb\u{9b}31m\rc\nd\u{7f}";
        let tame = "a\u{fffd}]0;x\u{fffd}\tb\u{fffd}31m\u{fffd}c\nd\u{fffd}";
        assert_eq!(harmless(evil), tame);
        assert_eq!(
            harmless("a\u{202e}b\u{200b}c\u{2067}"),
            "a\u{fffd}b\u{fffd}c\u{fffd}"
        );
        assert_eq!(harmless("می\u{200c}خواهم"), "می\u{200c}خواهم");
        assert_eq!(
            without_controls("e\u{200b}mail\u{1b}"),
            "e\u{200b}mail\u{fffd}"
        );
        let mut printed = Harmless {
            inner: Vec::new(),
            line: Vec::new(),
        };
        for byte in format!("{evil}\n").bytes() {
            printed.write_all(&[byte]).expect("memory takes it");
        }
        assert_eq!(printed.inner, format!("{tame}\n").into_bytes());
    }
}
