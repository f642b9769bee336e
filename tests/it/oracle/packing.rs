//! Packed inputs: what is packed reads as what is in it, and bytes that only look packed are refused.

use std::io::Write as _;

use concord_import::internals::plan::Reading;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

use super::told::rows_of;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory writes");
    encoder.finish().expect("memory writes")
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A zip archive of files, stored or deflated.
pub(crate) fn zip(files: &[(&str, &[u8])], is_deflated: bool) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for (name, bytes) in files {
        let data = if is_deflated {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).expect("memory writes");
            encoder.finish().expect("memory writes")
        } else {
            bytes.to_vec()
        };
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let size = |len: usize| u32::try_from(len).expect("it is small").to_le_bytes();
        let mut entry = vec![20, 0, 0, 0, if is_deflated { 8 } else { 0 }, 0, 0, 0, 33, 0];
        entry.extend(crc.sum().to_le_bytes());
        entry.extend(size(data.len()));
        entry.extend(size(bytes.len()));
        entry.extend(&size(name.len())[..2]);
        entry.extend([0, 0]);
        let start = size(archive.len());
        archive.extend(b"PK\x03\x04");
        archive.extend(&entry);
        archive.extend(name.bytes());
        archive.extend(data);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&entry);
        directory.extend([0; 10]);
        directory.extend(start);
        directory.extend(name.bytes());
    }
    let start = u32::try_from(archive.len()).expect("it is small");
    let size = u32::try_from(directory.len()).expect("it is small");
    let count = u16::try_from(files.len()).expect("there are few");
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend(count.to_le_bytes());
    archive.extend(count.to_le_bytes());
    archive.extend(size.to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

/// The first byte says how the rest is packed, or that it is what a packed file would be.
pub(crate) fn packed(data: &[u8]) {
    let Some((&how, bytes)) = data.split_first() else {
        return;
    };
    let reading = Reading::default();
    let within = match how % 8 {
        0 => gzip(bytes),
        1 => zstd(bytes),
        2 => zip(&[("export.csv", bytes)], true),
        3 => zip(&[("export.csv", bytes)], false),
        // Two members, one after the other, are one file.
        4 => {
            let (first, second) = bytes.split_at(bytes.len() / 2);
            [gzip(first), gzip(second)].concat()
        }
        _ => {
            // Whatever they are, all of the bytes are read and nothing panics.
            drop(rows_of(&reading, bytes));
            return;
        }
    };
    match (rows_of(&reading, bytes), rows_of(&reading, &within)) {
        (Ok(plain), Ok(unpacked)) => assert_eq!(plain, unpacked),
        (Err(_), Err(_)) => {}
        // Packed twice; unpacked by hand, it is packed once.
        (Ok(_), Err(error)) => assert!(error.to_string().contains("packed twice"), "{error}"),
        (Err(error), Ok(_)) => panic!("it reads only when it is packed: {error}"),
    }
    // A packed file that is cut off is no shorter file.
    let cut = &within[..within.len() - 1 - usize::from(how) % within.len().min(8)];
    assert!(rows_of(&reading, cut).is_err(), "what is cut off was read");
}
