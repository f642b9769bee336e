//! The bytes of one input, seen through a window that moves forward, counted and digested as they are read.
//!
//! The window grows only as far as a decoder asks, and decoders ask within their named limits. However the reads
//! are cut, a decoder that asks the same sees the same. Nothing here knows what the bytes mean.

use std::io::{self, Read};

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

/// A window over the bytes of one input.
pub(crate) struct Window {
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    bytes: u64,
    sha256: Sha256,
}

impl Window {
    pub(crate) fn new(source: Box<dyn Read + Send>) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            ended: false,
            bytes: 0,
            sha256: Sha256::new(),
        }
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
                Ok(count) => {
                    self.sha256.update(&self.buffer[self.end..self.end + count]);
                    self.end += count;
                    self.bytes += count as u64;
                }
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

    /// Size of what has been read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// Size and digest of the input, once its end has been seen.
    pub(crate) fn digest(&self) -> Option<InputDigest> {
        self.ended.then(|| InputDigest {
            bytes: self.bytes,
            sha256: hex(&self.sha256.clone().finalize()),
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
            self.buffer
                .resize((self.start + capacity).max(self.end + READ_BYTES), 0);
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
