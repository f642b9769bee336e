//! The bytes of one input, seen through a window that moves forward, counted and digested as they are read.
//!
//! The window grows only as far as a decoder asks, and decoders ask within their named limits. However the reads
//! are cut, a decoder that asks the same sees the same. Nothing here knows what the bytes mean.
//!
//! What is measured are the bytes of the input as it was given, also where the window shows what they were unpacked or
//! decoded to.

use std::io::{self, Read, Seek};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

/// Bytes asked of the system at once, and the least that a window holds when there is more to come.
const READ_BYTES: usize = 128 * 1024;

/// What was read, once its end has been reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputDigest {
    /// Size of the input.
    pub bytes: u64,
    /// SHA-256 of all its bytes, in lower-case hexadecimal.
    pub sha256: String,
}

/// Where the bytes of an input come from: files, and what can be read like one.
pub trait Source: Read + Seek + Send {}

impl<T: Read + Seek + Send> Source for T {}

/// A source that can be read several times, one reading after the other.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Box<dyn Source>>>);

impl Shared {
    pub(crate) fn new(source: Box<dyn Source>) -> Self {
        Self(Arc::new(Mutex::new(source)))
    }

    fn source(&self) -> MutexGuard<'_, Box<dyn Source>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The source from its beginning. Earlier readings end.
    pub(crate) fn again(&self) -> io::Result<Box<dyn Source>> {
        self.source().rewind()?;
        Ok(Box::new(self.clone()))
    }
}

impl Read for Shared {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.source().read(into)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.source().seek(to)
    }
}

/// Counts and digests what is read, below whatever is made of it.
#[derive(Clone, Default)]
pub(crate) struct Meter(Arc<Mutex<(u64, Sha256)>>);

impl Meter {
    fn state(&self) -> MutexGuard<'_, (u64, Sha256)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a source gives, measured.
    pub(crate) fn over<R: Read>(&self, source: R) -> Metered<R> {
        Metered {
            source,
            meter: self.clone(),
        }
    }
}

/// A source that is measured.
pub(crate) struct Metered<R> {
    source: R,
    meter: Meter,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        let mut state = self.meter.state();
        state.0 += count as u64;
        state.1.update(&into[..count]);
        Ok(count)
    }
}

/// A window over the bytes of one input.
pub(crate) struct Window {
    source: Box<dyn Read + Send>,
    meter: Meter,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
}

impl Window {
    /// A window over the bytes as they are.
    pub(crate) fn new(source: Box<dyn Read + Send>) -> Self {
        let meter = Meter::default();
        Self::of(Box::new(meter.over(source)), meter)
    }

    /// A window over what is made of bytes that are measured below. At its end all of them have been read.
    pub(crate) fn of(source: Box<dyn Read + Send>, meter: Meter) -> Self {
        Self {
            source,
            meter,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            ended: false,
        }
    }

    /// What is unread, then what comes after it, to be read in another way into a window of its own.
    pub(crate) fn remade<R: Read + Send + 'static>(
        self,
        remake: impl FnOnce(Box<dyn Read + Send>) -> R,
    ) -> Self {
        let unread = io::Cursor::new(self.unread().to_vec());
        let rest = Box::new(unread.chain(self.source));
        Self::of(Box::new(remake(rest)), self.meter)
    }

    /// What has been read and not consumed.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether nothing comes after [`Self::unread`].
    pub(crate) fn is_last(&self) -> bool {
        self.ended
    }

    /// Reads until at least so many bytes are unread, or the input ends.
    pub(crate) fn ensure(&mut self, bytes: usize) -> io::Result<()> {
        while !self.ended && self.end - self.start < bytes {
            self.make_room(bytes.max(READ_BYTES));
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads on when what is unread was not enough: doubles it, so that looking again stays cheap in sum.
    pub(crate) fn more(&mut self) -> io::Result<()> {
        let unread = self.end - self.start;
        self.ensure((unread * 2).max(READ_BYTES))
    }

    /// Moves the window's start.
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        debug_assert!(
            self.start <= self.end,
            "only what has been read can be consumed"
        );
    }

    /// Size of what has been read of the input so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.meter.state().0
    }

    /// Size and digest of the input, once its end has been seen.
    pub(crate) fn digest(&self) -> Option<InputDigest> {
        self.ended.then(|| {
            let state = self.meter.state();
            InputDigest {
                bytes: state.0,
                sha256: hex(&state.1.clone().finalize()),
            }
        })
    }

    fn make_room(&mut self, capacity: usize) {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.start > 0 && self.buffer.len() - self.start < capacity {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.start + capacity || self.end == self.buffer.len() {
            // Asked of the system as zeros, which costs nothing; only what was read is copied.
            let mut larger = vec![0; (self.start + capacity).max(self.end + READ_BYTES)];
            larger[..self.end].copy_from_slice(&self.buffer[..self.end]);
            self.buffer = larger;
        }
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_keeps_what_is_unread_and_digests_all() {
        let bytes: Vec<u8> = (0..400_000_u32)
            .map(|n| u8::try_from(n % 251).unwrap_or(0))
            .collect();
        let mut window = Window::new(Box::new(io::Cursor::new(bytes.clone())));
        let mut seen = Vec::new();
        while !(window.is_last() && window.unread().is_empty()) {
            window.more().expect("a cursor reads");
            let take = window.unread().len().min(70_001);
            seen.extend_from_slice(&window.unread()[..take]);
            window.consume(take);
        }
        assert!(seen == bytes);
        let digest = window.digest().expect("the end was reached");
        assert_eq!(digest.bytes, 400_000);
        assert_eq!(digest.sha256, hex(&Sha256::digest(&bytes)));
    }
}
