//! Packed inputs (gzip, zstd, zip with one file): known by their first bytes, not by name, and unpacked as they are read.
//!
//! Memory stays flat: gzip and zip keep 32 KiB of what they unpacked, zstd at most [`ZSTD_WINDOW_BYTES_MAX`]. What a
//! packed file may unpack to is bounded by its own size, so that a small file cannot keep us reading for days; rows
//! and lines have the limits that they have in any input. Checksums are held against what was unpacked.
//! Not here: workbooks, which are zip archives too, and what the unpacked bytes mean.

use crate::numbers::grouped;
use std::error::Error;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::Crc;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use zip::unstable::read::ZipIterable;
use zip::{CompressionMethod, HasZipMetadata};

use super::error::IntakeError;
use super::packing::{Bounded, Packing, ZIP_ENTRIES_MAX, undecodable};
use super::quoting::{NAMES_LISTED_MAX, cut, listed};
use super::source::{Meter, Source, Window};

/// Largest window that a zstd frame may ask for, in bytes: what `zstd` itself takes unless it is told otherwise.
pub const ZSTD_WINDOW_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// A window over what an input holds once it is unpacked.
pub(crate) fn open(
    name: &str,
    mut source: Box<dyn Source>,
) -> Result<(Window, Option<Packing>), IntakeError> {
    let failed = |source| IntakeError::Read {
        input: name.to_owned(),
        bytes: 0,
        source,
    };
    let mut head = Vec::new();
    source
        .by_ref()
        .take(4)
        .read_to_end(&mut head)
        .map_err(failed)?;
    source.rewind().map_err(failed)?;
    let meter = Meter::default();
    let packing = match *head {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zstd,
        [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6] => {
            let Some(member) = member(name, &mut source)? else {
                return Ok((Window::new(source), None));
            };
            let unpacked = member.unpack(source, &meter).map_err(failed)?;
            return Ok((Window::of(unpacked, meter), Some(Packing::Zip)));
        }
        _ => return Ok((Window::new(source), None)),
    };
    let size = source.seek(SeekFrom::End(0)).map_err(failed)?;
    source.rewind().map_err(failed)?;
    let packed = BufReader::with_capacity(PACKED_BUFFER_BYTES, meter.over(source));
    let unpacked: Box<dyn Read + Send> = if packing == Packing::Gzip {
        Box::new(Bounded::new(MultiGzDecoder::new(packed), size))
    } else {
        Box::new(Bounded::new(Zstd::new(packed), size))
    };
    Ok((Window::of(unpacked, meter), Some(packing)))
}

const PACKED_BUFFER_BYTES: usize = 64 * 1024;

/// The one file in a zip archive.
struct Member {
    start: u64,
    packed_bytes: u64,
    bytes: u64,
    crc32: u32,
    is_deflated: bool,
}

/// Finds the one file. `None`: there is no directory, so that it is no archive, or a damaged one.
#[expect(clippy::too_many_lines, reason = "one arm for each kind of archive")]
fn member(name: &str, source: &mut Box<dyn Source>) -> Result<Option<Member>, IntakeError> {
    let refused = |what: String, hint: &str| IntakeError::Archive {
        input: name.to_owned(),
        what,
        hint: hint.to_owned(),
    };
    let damaged = || refused("is a damaged zip archive".to_owned(), "pack it again");
    let config = zip::read::Config::default();
    let Ok(mut archive) = ZipIterable::try_new(&mut *source, config) else {
        source.rewind().map_err(|_| damaged())?;
        return Ok(None);
    };
    if archive.len() > ZIP_ENTRIES_MAX {
        return Err(refused(
            format!(
                "is a zip archive of more than {} entries",
                grouped(ZIP_ENTRIES_MAX as u64)
            ),
            UNPACK_IT,
        ));
    }
    let mut names = Vec::new();
    let mut found = None;
    for entry in archive.files().map_err(|_| damaged())? {
        let entry = entry.map_err(|_| damaged())?;
        if entry.is_dir() || is_of_the_system(entry.name_raw()) {
            continue;
        }
        names.push(cut(&String::from_utf8_lossy(entry.name_raw())));
        found = Some(entry);
    }
    if let Some(document) = document(name, &names) {
        return Err(refused(document.0, document.1));
    }
    let entry = match (names.len(), found) {
        (1, Some(entry)) => entry,
        (0, _) | (_, None) => {
            return Err(refused(
                "is a zip archive without a file in it".to_owned(),
                "give the export itself",
            ));
        }
        (count, _) => {
            let shown = &names[..count.min(NAMES_LISTED_MAX + 1)];
            return Err(refused(
                format!(
                    "is a zip archive of {} files ({}); which one is meant cannot be told",
                    grouped(count as u64),
                    listed(shown)
                ),
                UNPACK_IT,
            ));
        }
    };
    let method = entry.compression();
    if entry.encrypted() {
        return Err(refused(
            format!(
                "is a zip archive whose file {} needs a password",
                listed(&names)
            ),
            UNPACK_IT,
        ));
    }
    if method != CompressionMethod::Stored && method != CompressionMethod::DEFLATE {
        return Err(refused(
            format!(
                "is a zip archive whose file {} is packed in a way that is not read ({method})",
                listed(&names)
            ),
            "unpack it and give the file within, or pack it with the usual method (Deflate)",
        ));
    }
    Ok(Some(Member {
        start: entry
            .get_metadata()
            .data_start(&mut *source)
            .map_err(|_| damaged())?,
        packed_bytes: entry.compressed_size(),
        bytes: entry.size(),
        crc32: entry.crc32(),
        is_deflated: method == CompressionMethod::DEFLATE,
    }))
}

const UNPACK_IT: &str = "unpack it and give the file within";

/// Names the document that an archive is, by the files in it, and says how to get rows out of it. None: it is an archive.
fn document(input: &str, names: &[String]) -> Option<(String, &'static str)> {
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let has_ending = |ending: &str| names.iter().any(|name| name.ends_with(ending));
    let is_apple = has_ending(".iwa")
        || names.iter().any(|name| name.ends_with("Index.zip"))
        || has("index.apxl")
        || has("index.xml") && has_ending("buildVersionHistory.plist");
    let extension = Path::new(input).extension();
    let extension = extension.map(OsStr::to_ascii_lowercase);
    let (what, hint) = if is_apple {
        match extension.as_deref().and_then(OsStr::to_str) {
            Some("numbers") => (
                "a document of Apple Numbers",
                "open it in Numbers and choose File > Export To > CSV, then give the CSV file of the table",
            ),
            Some("pages") => (
                "a document of Apple Pages",
                "copy its table into a spreadsheet program and save it as \"CSV UTF-8 (Comma delimited)\"",
            ),
            Some("key" | "keynote") => (
                "a document of Apple Keynote",
                "copy its table into a spreadsheet program and save it as \"CSV UTF-8 (Comma delimited)\"",
            ),
            _ => (
                "a document of Apple Numbers, Pages or Keynote",
                "open it in that program and export the table as CSV (in Numbers: File > Export To > CSV)",
            ),
        }
    } else if has("META-INF/container.xml") {
        ("an e-book (EPUB)", EXPORT_FROM_SOURCE)
    } else if has("AndroidManifest.xml") {
        ("an Android app", EXPORT_FROM_SOURCE)
    } else if has("META-INF/MANIFEST.MF") {
        ("a Java program (.jar)", EXPORT_FROM_SOURCE)
    } else if has_ending(".twb") {
        (
            "a Tableau workbook",
            "open it in Tableau and export the data of the view as CSV",
        )
    } else {
        return None;
    };
    Some((format!("is {what}, and no archive of exports"), hint))
}

const EXPORT_FROM_SOURCE: &str =
    "export the rows as CSV or JSON Lines from the program that holds them, and give that file";

impl Member {
    /// Measures the whole archive, then gives what the file in it holds.
    fn unpack(
        self,
        mut source: Box<dyn Source>,
        meter: &Meter,
    ) -> io::Result<Box<dyn Read + Send>> {
        source.rewind()?;
        io::copy(&mut meter.over(&mut source), &mut io::sink())?;
        source.seek(SeekFrom::Start(self.start))?;
        let packed = source.take(self.packed_bytes);
        let size = self.packed_bytes;
        Ok(if self.is_deflated {
            let packed = BufReader::with_capacity(PACKED_BUFFER_BYTES, packed);
            let unpacked = DeflateDecoder::new(packed);
            Box::new(Bounded::new(Checked::new(unpacked, self), size))
        } else {
            Box::new(Bounded::new(Checked::new(packed, self), size))
        })
    }
}

/// Holds what was unpacked against the size and checksum that the archive tells.
struct Checked<R> {
    inner: R,
    crc: Crc,
    read: u64,
    member: Member,
}

impl<R: Read> Checked<R> {
    fn new(inner: R, member: Member) -> Self {
        Self {
            inner,
            crc: Crc::new(),
            read: 0,
            member,
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.crc.update(&into[..count]);
        self.read += count as u64;
        let is_end = count == 0 && !into.is_empty();
        if is_end && (self.read != self.member.bytes || self.crc.sum() != self.member.crc32) {
            return Err(damaged("the zip archive"));
        }
        Ok(count)
    }
}

/// Frames one after the other, as `zstd` writes them; skippable ones are skipped.
struct Zstd<R> {
    packed: R,
    decoder: FrameDecoder,
    is_in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(packed: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW_BYTES_MAX);
        Self {
            packed,
            decoder,
            is_in_frame: false,
        }
    }

    /// Begins the next frame; `false` at the end.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.packed.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let mut skipped = self.packed.by_ref().take(length);
                    if io::copy(&mut skipped, &mut io::sink())? < length {
                        return Err(undecodable(ZSTD_CUT_OFF));
                    }
                }
                Err(FrameDecoderError::WindowSizeTooBig { requested, .. }) => {
                    return Err(undecodable(format!(
                        "the zstd file needs {} bytes of memory to be unpacked, more than the {} that are given to it: unpack it with zstd -d --long=31",
                        grouped(requested),
                        grouped(ZSTD_WINDOW_BYTES_MAX)
                    )));
                }
                Err(error) => return Err(broken(&error)),
            }
        }
        Ok(false)
    }
}

/// Why it could not be decoded; the decoder's own words are about blocks and tables.
fn broken(error: &FrameDecoderError) -> io::Error {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<io::Error>() {
            Some(failed) if failed.kind() == io::ErrorKind::UnexpectedEof => {
                return undecodable(ZSTD_CUT_OFF);
            }
            Some(failed) => return io::Error::new(failed.kind(), failed.to_string()),
            None => cause = error.source(),
        }
    }
    undecodable("the zstd file is damaged")
}

const ZSTD_CUT_OFF: &str = "the zstd file is cut off";

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.is_in_frame && !self.begin()? {
                return Ok(0);
            }
            self.is_in_frame = true;
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder
                    .decode_blocks(&mut self.packed, one)
                    .map_err(|error| broken(&error))?;
            }
            let count = self.decoder.read(into)?;
            if count > 0 {
                return Ok(count);
            }
            let told = self.decoder.get_checksum_from_data();
            if told.is_some() && told != self.decoder.get_calculated_checksum() {
                return Err(damaged("the zstd file"));
            }
            self.is_in_frame = false;
        }
    }
}

fn damaged(what: &str) -> io::Error {
    undecodable(format!(
        "{what} is damaged: its checksum is that of other bytes"
    ))
}

/// What macOS and Windows add of their own.
fn is_of_the_system(name: &[u8]) -> bool {
    let file = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
    name.starts_with(b"__MACOSX/")
        || file.starts_with(b".")
        || file.eq_ignore_ascii_case(b"Thumbs.db")
        || file.eq_ignore_ascii_case(b"desktop.ini")
}
