//! The ways in which an input is compressed, and the limits on its unpacked size.

use std::error::Error;
use std::io::{self, Read};

/// How an input is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// A zip archive of one file.
    Zip,
}

/// Most entries of a zip archive's directory that are looked at.
pub const ZIP_ENTRIES_MAX: usize = 10_000;

/// Maximum ratio of the unpacked size to the packed size: exports reach 5 to 30 times, the most repetitive ones 100.
pub const UNPACKED_RATIO_MAX: u64 = 250;

/// Unpacked size that any packed input may have, however small it is, in bytes.
pub const UNPACKED_BYTES_FREE: u64 = 16 * 1024 * 1024;

/// Ends in an error once more comes out than a packed input of its size may hold.
pub(crate) struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R> Bounded<R> {
    pub(crate) fn new(inner: R, packed_bytes: u64) -> Self {
        let left = packed_bytes
            .saturating_mul(UNPACKED_RATIO_MAX)
            .saturating_add(UNPACKED_BYTES_FREE);
        Self { inner, left }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(undecodable(format!(
                    "it unpacks to more than {UNPACKED_RATIO_MAX} times its size, as no export does"
                )));
            }
        }
        Ok(count)
    }
}

/// The fault of the bytes, and not of the disk that they come from.
pub(super) fn undecodable(why: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
