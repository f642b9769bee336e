//! Kinds of files that are not read, what is packed, and JSON of which it cannot be told what its rows are.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::given::{bytes, made, text};
use super::{Refused, WHOLE, refused};
use crate::oracle::packing::{gzip, zip, zstd};

const TEXT: &[u8] = b"Ticket,Email,Wish\nT-1,ann@example.com,Access\n";

/// So many rows that their packed form has several pieces.
fn long() -> Vec<u8> {
    [&TEXT[..18], &TEXT[18..].repeat(1_000)].concat()
}

/// With one bit of a byte turned, so many from the end.
/// Of the right size, and with its only block turned into nothing.
fn spoilt() -> Vec<u8> {
    let mut bytes = zstd(&long());
    let end = bytes.len() - 4;
    bytes[16..end].fill(0x55);
    bytes
}

fn turned(mut bytes: Vec<u8>, from_end: usize) -> Vec<u8> {
    let at = bytes.len() - from_end;
    bytes[at] ^= 1;
    bytes
}

/// A zip archive of one file, and where its directory begins.
fn of_one() -> (Vec<u8>, usize) {
    let archive = zip(&[("a.csv", TEXT)], false);
    let directory = archive.windows(4).position(|bytes| bytes == b"PK\x01\x02");
    (archive, directory.expect("it has a directory"))
}

/// The archive, with something added to a byte of its entry, where it stands and in the directory.
fn with_entry(at: usize, added: u8) -> Vec<u8> {
    let (mut archive, directory) = of_one();
    for place in [at, directory + at + 2] {
        archive[place] += added;
    }
    archive
}

/// The archive, whose directory says that its file begins somewhere else.
fn with_file_elsewhere() -> Vec<u8> {
    let (mut archive, directory) = of_one();
    archive[directory + 42] += 1;
    archive
}

fn of_many_entries() -> Vec<u8> {
    let names: Vec<_> = (0..10_001).map(|index| format!("{index}.csv")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    zip(&files, false)
}

fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&TEXT[..18]).expect("memory writes");
    let blank = vec![b' '; 1024 * 1024];
    for _ in 0..24 {
        encoder.write_all(&blank).expect("memory writes");
    }
    encoder.finish().expect("memory writes")
}

#[rustfmt::skip]
pub(super) const REFUSED: &[Refused] = &[
    // Not text.
    refused(bytes("export.pdf", b"%PDF-1.7\n%\xe2\xe3\n"), [WHOLE, "a PDF", "export the rows as CSV"]),
    refused(bytes("tickets.db", b"SQLite format 3\0\x10\0"), [WHOLE, "an SQLite database", "export the table as CSV"]),
    refused(bytes("tickets.parquet", b"PAR1\x15\x04"), [WHOLE, "a Parquet file", "CSV or JSON Lines"]),
    refused(bytes("tickets.csv.bz2", b"BZh91AY&SY"), [WHOLE, "bzip2-compressed", "bunzip2 --keep"]),
    refused(bytes("tickets.csv.xz", b"\xfd7zXZ\0\0\x04"), [WHOLE, "xz-compressed", "unxz --keep"]),
    refused(bytes("tickets.7z", b"7z\xbc\xaf\x27\x1c\0\x04"), [WHOLE, "a 7-Zip archive", "the file within"]),
    refused(bytes("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01"), [WHOLE, "NUL bytes", "CSV (UTF-8) or JSON Lines"]),
    refused(text("tickets.rtf", "{\\rtf1\\ansi Ticket\\cell}"), [WHOLE, "RTF", "into a spreadsheet program"]),
    refused(text("tickets.xml", "<?xml version=\"1.0\"?><tickets/>"), [WHOLE, "XML", "CSV or JSON Lines"]),
    refused(text("tickets.xls", "<?xml version=\"1.0\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\"/>"), [WHOLE, "as XML (2003)", "\"CSV UTF-8 (Comma delimited)\""]),
    refused(text("report.xls", "<html><body><table><tr><td>Ticket</td></tr></table></body></html>"), [WHOLE, "an HTML page with a table", "\"CSV UTF-8 (Comma delimited)\""]),
    refused(text("tickets.csv", "<!DOCTYPE html>\n<title>Sign in</title>"), [WHOLE, "sign-in page", "export the rows again"]),
    refused(text("tickets.jsonl", "[{\"Ticket\":1}]\n").input("format = \"jsonl\""), [WHOLE, "a JSON array and not JSON Lines", "format = \"json\""]),
    refused(bytes("damaged.xlsx", b"PK\x03\x04\x14\0[Content_Types].xml"), [WHOLE, "a damaged or packed Excel workbook", "save or export it again"]),
    refused(bytes("damaged.ods", b"PK\x03\x04\x14\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), [WHOLE, "a damaged or packed OpenDocument", "save or export it again"]),
    refused(bytes("damaged.zip", b"PK\x03\x04 and no more"), [WHOLE, "a damaged or packed zip archive", "unpack it"]),
    // Packed.
    refused(made("twice.csv.gz", || gzip(&gzip(TEXT))), [WHOLE, "packed twice (gzip within)", "unpack it"]),
    refused(made("twice.csv.zst", || gzip(&zstd(TEXT))), [WHOLE, "packed twice (zstd within)", "unpack it"]),
    refused(made("book.xls.gz", || gzip(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")), [WHOLE, "a packed Excel workbook of the old kind", "unpack it"]),
    refused(made("none.zip", || zip(&[("folder/", b"")], true)), [WHOLE, "without a file in it", "give the export itself"]),
    refused(made("tickets.numbers", || zip(&[("Index/Document.iwa", b"x"), ("preview.jpg", b"x")], true)), [WHOLE, "a document of Apple Numbers", "Export To > CSV"]),
    refused(made("letter.pages", || zip(&[("Index/Document.iwa", b"x"), ("preview.jpg", b"x")], true)), [WHOLE, "a document of Apple Pages", "into a spreadsheet program"]),
    refused(made("slides.zip", || zip(&[("Index.zip", b"x"), ("preview.jpg", b"x")], true)), [WHOLE, "Numbers, Pages or Keynote", "export the table as CSV"]),
    refused(made("book.epub", || zip(&[("META-INF/container.xml", b"x"), ("a.xhtml", b"x")], true)), [WHOLE, "an e-book", "the program that holds them"]),
    refused(made("tool.jar", || zip(&[("META-INF/MANIFEST.MF", b"x"), ("A.class", b"x")], true)), [WHOLE, "a Java program", "the program that holds them"]),
    refused(made("several.zip", || zip(&[("may.csv", TEXT), ("june.csv", TEXT)], true)), ["`may.csv`, `june.csv`", "2 files", "give the file within"]),
    refused(made("many.zip", of_many_entries), [WHOLE, "more than 10,000 entries", "give the file within"]),
    refused(made("locked.zip", || with_entry(6, 1)), ["`a.csv`", "needs a password", "unpack it"]),
    refused(made("odd.zip", || with_entry(8, 12)), ["`a.csv`", "Bzip2", "the usual method (Deflate)"]),
    refused(made("broken.zip", with_file_elsewhere), [WHOLE, "a damaged zip archive", "pack it again"]),
    refused(made("changed.zip", || turned(zip(&[("a.csv", &long())], false), 200)), [WHOLE, "its checksum is that of other bytes", "fetch or export it again"]),
    refused(made("cut-off.csv.gz", || gzip(&long())[..100].to_vec()), ["beyond byte", "incomplete deflate stream", "fetch or export it again"]),
    refused(made("changed.csv.gz", || turned(gzip(TEXT), 6)), ["beyond byte", "corrupt", "fetch or export it again"]),
    refused(made("cut-off.csv.zst", || zstd(TEXT)[..20].to_vec()), ["beyond byte", "the zstd file is cut off", "fetch or export it again"]),
    refused(bytes("damaged.csv.zst", b"\x28\xb5\x2f\xfd\x00\x58\xff\xff\xff\xff\xff"), ["beyond byte", "the zstd file is damaged", "fetch or export it again"]),
    refused(made("spoilt.csv.zst", spoilt), ["beyond byte", "the zstd file is damaged", "fetch or export it again"]),
    refused(bytes("skipped.csv.zst", b"\x28\xb5\x2f\xfd\x20\x02\x11\x00\x00a,\x50\x2a\x4d\x18\xff\x00\x00\x00b"), ["beyond byte", "the zstd file is cut off", "fetch or export it again"]),
    refused(bytes("window.csv.zst", b"\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00"), ["beyond byte", "268,435,456 bytes of memory", "give the file within"]),
    refused(made("changed.csv.zst", || turned(zstd(TEXT), 2)), ["beyond byte", "its checksum is that of other bytes", "fetch or export it again"]),
    refused(made("bomb.csv.gz", bomb), ["beyond byte", "more than 250 times its size", "give the file within"]),
    // Code pages.
    refused(bytes("rejects.csv", b"Ticket;Email;Wish;import_problem\r\nT-1;ann@example.com;Access;not an address\r\nT-I\xfe\xfdk;cho@example.com;Access;not an address\r\n"), ["line 3", "byte 0xFD is `ý` in Windows-1252, `ı` in Windows-1254", "save the rejects file again as UTF-8"]),
    refused(bytes("sparse.csv", b"Ticket,Email,Wish,Name\nT-1,ann@example.com,Access,Ann\nT-2,cho@example.com,Access,Lo\xefc\n"), ["line 3", "byte 0xEF is `ï` in Windows-1252, `ď` in Windows-1250", "set encoding in the job file's [input]"]),
    // JSON.
    refused(text("pages.json", "{\"tickets\":[{\"Ticket\":1,\"Email\":\"ann@example.com\",\"Wish\":\"Access\"}]}\n{\"tickets\":[]}\n"), ["line 1", "those in their list `tickets` have", "set records = \"tickets\""]),
    refused(text("several.json", "{\"users\": [{\"id\": 1}], \"tickets\": [{\"Ticket\": 1}]}"), ["line 1", "`users`, `tickets`", "records = \"users\""]),
    refused(text("either.json", "{\"Email\": 1,\n\"comments\": [{\"Email\": 2}]}"), ["line 2", "`comments` have both the key `Email`", "records = \"comments\""]),
    refused(text("twice.json", "{\"tickets\": [{\"Ticket\": 1}],\n\"tickets\": [{\"Ticket\": 2}]}").input("records = \"tickets\""), ["line 2", "the key `tickets` more than once", "correct the file"]),
    refused(text("near.json", "{\"tickets\": [{\"Ticket\": 1}]}").input("records = \"ticket\""), ["line 1", "no array `ticket`", "records = \"tickets\""]),
    refused(text("far.json", "{\"users\": [{\"id\": 1}]}").input("records = \"tickets\""), ["line 1", "no array `tickets`", "its keys are `users`"]),
    refused(text("bare.json", "{}\n").input("records = \"tickets\""), ["line 1", "no array `tickets`", "the right file"]),
    refused(text("late.json", "{\"tickets\": [null, {\"Ticket\": 1}]\n}"), ["line 2", "`tickets`", "set records"]),
    refused(text("cut-off.json", "{\"count\": 2,\n\"next\": null\n").input("records = \"tickets\""), ["line 3, column 1", "found the end of the file, expected a comma or the end of the object", "export the file again"]),
    refused(text("no-comma.json", "{\"meta\": {},\n\"ids\": [1]\n\"tickets\": [{\"Ticket\": 1}]}").input("records = \"tickets\""), ["line 3, column 1", "found `\"`, expected a comma or the end of the object", "correct the file"]),
    refused(text("no-colon.json", "{\"count\": 2,\n\"tickets\" [{\"Ticket\": 1}]}").input("records = \"tickets\""), ["line 2, column 11", "found `[`, expected a colon", "correct the file"]),
    refused(text("no-key.json", "{\"count\": 2,\n\"next\": null,\ntickets: [{\"Ticket\": 1}]}").input("records = \"tickets\""), ["line 3, column 1", "found a letter, expected a name in double quotes", "correct the file"]),
    refused(text("comment.json", "[{\"Ticket\": 1}, // the first\n{\"Ticket\": 2}]"), ["line 1, column 17", "found a comment, expected a value", "remove the comments"]),
    refused(text("single-quotes.json", "[{'Ticket': 1}]"), ["line 1, column 3", "found a single quote, expected a name in double quotes", "write double quotes"]),
    refused(text("nan.json", "[{\"Ticket\": NaN}]"), ["line 1, column 13", "found `NaN`, expected a value", "write null"]),
    refused(text("tab.json", "[{\"Ticket\": \"a\tb\"}]"), ["line 1, column 15", "found a tab, expected the rest of a text", "write \\t"]),
    refused(text("line-break.json", "[{\"Ticket\": \"a\nb\"}]"), ["line 1, column 15", "found a line break, expected the rest of a text", "write \\n"]),
    refused(text("control.json", "[{\"Ticket\": \"a\u{1b}b\"}]"), ["line 1, column 15", "found the control character U+001B", "write it as an escape"]),
    refused(text("joined.json", "[{\"Ticket\": 1}]\n\u{feff}[{\"Ticket\": 2}]"), ["line 2, column 1", "found a byte order mark (U+FEFF), expected the end of the file", "files were probably joined"]),
];
