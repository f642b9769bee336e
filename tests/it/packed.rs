//! Packed inputs: what is in them is read as if it had been given unpacked, and what cannot be trusted is refused.

use std::io::Write as _;

use concord_import::internals::intake::{
    InputDigest, IntakeError, Packing, Seen, UNPACKED_BYTES_FREE,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::oracle::packing::{gzip, zip, zstd};
use crate::reading::{drain, open, plan, read, told};

const TEXT: &[u8] = b"Ticket,Email,Wish\nT-1,ann@example.com,view\nT-2,nobody,view\n";
const ROWS: [&str; 2] = ["1/2: T-1 view", "2/3: not_email@3"];

fn digest(bytes: &[u8]) -> InputDigest {
    InputDigest {
        bytes: bytes.len() as u64,
        sha256: Sha256::digest(bytes)
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}")),
    }
}

/// What the first problem with the input as a whole is, at the start or on the way.
fn fault(bytes: &[u8]) -> String {
    let chain = |error: &dyn std::error::Error| {
        let causes = std::iter::successors(error.source(), |cause| cause.source());
        causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
    };
    let mut intake = match open(&plan(), bytes) {
        Ok(intake) => intake,
        Err(error) => {
            let hint = error.hint();
            return format!("{} | {hint}", chain(&error));
        }
    };
    let mut seen = Seen::new();
    loop {
        match intake.next_batch(&mut seen, 100_000) {
            Ok(batch) => assert!(!batch.is_empty(), "it was read without a fault"),
            Err(error) => return chain(&error),
        }
    }
}

#[test]
fn what_is_packed_is_read_as_if_it_were_not_and_digested_as_it_was_given() {
    let twice = [gzip(&TEXT[..30]), gzip(&TEXT[30..])].concat();
    let frames = [
        zstd(&TEXT[..30]),
        b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(),
        zstd(&TEXT[30..]),
    ];
    let mac: [(&str, &[u8]); 4] = [
        ("export.csv", TEXT),
        ("__MACOSX/._export.csv", b"mac"),
        (".DS_Store", b"mac"),
        ("a/desktop.ini", b"[x]"),
    ];
    for (packed, packing) in [
        (gzip(TEXT), Packing::Gzip),
        (twice, Packing::Gzip),
        (zstd(TEXT), Packing::Zstd),
        (frames.concat(), Packing::Zstd),
        (zip(&[("export.csv", TEXT)], true), Packing::Zip),
        (zip(&[("export.csv", TEXT)], false), Packing::Zip),
        (
            zip(&[("folder/", b""), mac[0], mac[1], mac[2], mac[3]], true),
            Packing::Zip,
        ),
    ] {
        let mut intake = open(&plan(), &packed).expect("it opens");
        assert_eq!(intake.shape().packing, Some(packing));
        let rows = intake
            .next_batch(&mut Seen::new(), 10)
            .expect("it can be read");
        assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), ROWS);
        assert_eq!(intake.digest(), Some(digest(&packed)));
    }
    let text = b"{\"Ticket\":1,\"Email\":\"a@example.com\",\"Wish\":\"view\"}\n";
    assert_eq!(read(&plan(), &gzip(text)).len(), 1);
}

#[test]
fn an_archive_that_is_not_of_one_file_is_refused_with_the_names_in_it() {
    let two = zip(&[("a.csv", TEXT), ("b.csv", TEXT)], true);
    let same = zip(&[("a.csv", TEXT), ("a.csv", TEXT)], true);
    let mut locked = zip(&[("a.csv", TEXT)], true);
    let entry = locked
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
        .expect("it has a directory");
    for flags in [6, entry + 8] {
        locked[flags] |= 1;
    }
    for (archive, says) in [
        (two, "zip archive of 2 files (`a.csv`, `b.csv`)"),
        (same, "zip archive of 2 files (`a.csv`, `a.csv`)"),
        (zip(&[("folder/", b"")], true), "without a file in it"),
        (locked, "`a.csv` needs a password"),
        (zip(&[("[Content_Types].xml", b"")], true), "Excel workbook"),
        (zip(&[("export.csv.gz", &gzip(TEXT))], true), "packed twice"),
        (gzip(&gzip(TEXT)), "packed twice"),
        (b"PK\x03\x04 and no more".to_vec(), "damaged"),
    ] {
        let told = fault(&archive);
        assert!(
            told.contains(says) && told.contains("tickets.csv"),
            "{told}"
        );
    }
}

#[test]
fn what_is_cut_off_or_damaged_is_an_error_and_no_end() {
    let long: Vec<u8> = [&TEXT[..18]]
        .into_iter()
        .chain(std::iter::repeat_n(&TEXT[18..43], 40_000))
        .flatten()
        .copied()
        .collect();
    for packed in [gzip(&long), zstd(&long)] {
        assert!(fault(&packed[..packed.len() - 5]).starts_with("cannot read"));
        let mut damaged = packed.clone();
        // The checksum of gzip is followed by the size.
        let at = packed.len() - if packed[0] == 0x1f { 6 } else { 2 };
        damaged[at] ^= 1;
        assert!(fault(&damaged).starts_with("cannot read"));
    }
    let mut damaged = zip(&[("a.csv", &long)], false);
    damaged[500_000] ^= 1;
    assert!(fault(&damaged).contains("the zip archive is damaged"));
}

#[test]
fn a_bomb_is_given_up_before_long() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&TEXT[..18]).expect("memory writes");
    let blank = vec![b'\n'; 1024 * 1024];
    for _ in 0..UNPACKED_BYTES_FREE / (1024 * 1024) * 3 {
        encoder.write_all(&blank).expect("memory writes");
    }
    let bomb = encoder.finish().expect("memory writes");
    let mut intake = open(&plan(), &bomb).expect("it begins well");
    let error = intake.next_batch(&mut Seen::new(), 1).err();
    assert!(
        matches!(&error, Some(IntakeError::Read { source, .. }) if source.to_string().contains("250 times")),
        "{error:?}"
    );
    // What is well packed but small passes.
    let text = [TEXT, &vec![b'\n'; 1_000_000]].concat();
    assert_eq!(
        drain(open(&plan(), &gzip(&text)).expect("it opens")).len(),
        2
    );
}
