//! Standard output and standard error: the only code that prints.
//!
//! What a person or script asked for goes to standard output; everything said on the way to standard error.
//! A progress bar on the screen is taken away while something is printed, and put back after it.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;

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
    beside_bar(|| drop(writeln!(io::stdout().lock(), "{text}")));
}

/// Prints what is said on the way. There is nowhere to report that this failed.
pub(super) fn say(text: &str) {
    beside_bar(|| drop(writeln!(io::stderr().lock(), "{text}")));
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
        beside_bar(|| drop(io::stderr().lock().write_all(&self.0)));
    }
}
