//! Encodings: a text reads the same in each of them, and what is no text in one is refused, never replaced.

use std::num::NonZeroU64;

use concord_import::internals::plan::{Format, Reading};
use encoding_rs::Encoding;

use super::pick;
use super::told::{Rows, rows_of};

const LABELS: [&str; 12] = [
    "windows-1252",
    "windows-1251",
    "windows-1250",
    "windows-1253",
    "iso-8859-2",
    "iso-8859-15",
    "macintosh",
    "koi8-r",
    "shift_jis",
    "gb18030",
    "big5",
    "euc-kr",
];

/// Two bytes say in which encoding, and whether the rest is a text to be encoded or what a file of that encoding holds.
pub(crate) fn encodings(data: &[u8]) {
    let Some((&[which, how], bytes)) = data.split_first_chunk() else {
        return;
    };
    if how % 2 == 0 {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}');
        by_mark(text);
        by_label(pick(&LABELS, which), text);
    } else {
        raw(pick(&LABELS, which), bytes);
    }
}

fn reading(encoding: Option<&'static Encoding>) -> Reading {
    Reading {
        format: Some(Format::Csv),
        delimiter: Some(b','),
        quote: Some(b'"'),
        header_row: NonZeroU64::new(1),
        header_rows: Some(1),
        set_aside: false,
        encoding,
        ..Reading::default()
    }
}

/// The same rows, or refused both.
fn same(expected: &Result<Rows, String>, found: &Result<Rows, String>, what: &str) {
    match (expected, found) {
        (Ok(expected), Ok(found)) => assert_eq!(expected, found, "{what}"),
        (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) => panic!("{what} does not read: {error}"),
        (Err(error), Ok(_)) => panic!("only {what} reads: {error}"),
    }
}

fn read(reading: &Reading, bytes: &[u8]) -> Result<Rows, String> {
    rows_of(reading, bytes).map_err(|error| error.to_string())
}

/// In UTF-16 and UTF-32, as their marks tell.
fn by_mark(text: &str) {
    let reading = reading(None);
    let marked = format!("\u{feff}{text}");
    let expected = read(&reading, marked.as_bytes());
    let units: Vec<u16> = marked.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    same(&expected, &read(&reading, &big), "UTF-16BE");
    // A NUL behind the mark makes it that of UTF-32.
    if !text.starts_with('\0') {
        same(&expected, &read(&reading, &little), "UTF-16LE");
    }
    let chars = || marked.chars().map(u32::from);
    let little: Vec<u8> = chars().flat_map(u32::to_le_bytes).collect();
    let big: Vec<u8> = chars().flat_map(u32::to_be_bytes).collect();
    same(&expected, &read(&reading, &little), "UTF-32LE");
    same(&expected, &read(&reading, &big), "UTF-32BE");
}

/// In a code page that the job names, where the code page has all of its characters.
fn by_label(label: &str, text: &str) {
    let encoding = Encoding::for_label(label.as_bytes()).expect("it is one");
    let (encoded, _, is_lossy) = encoding.encode(text);
    let back = encoding.decode_without_bom_handling(&encoded).0;
    let has_controls = text.contains(|c| ('\u{80}'..='\u{9f}').contains(&c));
    let has_mark = Encoding::for_bom(&encoded).is_some();
    if is_lossy || back != text || has_controls || has_mark {
        return;
    }
    let utf_8 = reading(Some(encoding_rs::UTF_8));
    let expected = read(&utf_8, text.as_bytes());
    same(&expected, &read(&reading(Some(encoding)), &encoded), label);
}

/// Bytes in a code page that the job names.
fn raw(label: &str, bytes: &[u8]) {
    let encoding = Encoding::for_label(label.as_bytes()).expect("it is one");
    if Encoding::for_bom(bytes).is_some() || bytes.starts_with(b"\0\0\xfe\xff") {
        return;
    }
    let found = read(&reading(Some(encoding)), bytes);
    let decoded = encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .filter(|text| !text.contains(|c| ('\u{80}'..='\u{9f}').contains(&c)));
    match decoded {
        // A mark that was encoded is text like any other.
        Some(text) if text.starts_with('\u{feff}') => {}
        Some(text) => {
            let utf_8 = reading(Some(encoding_rs::UTF_8));
            same(&read(&utf_8, text.as_bytes()), &found, label);
        }
        None => {
            if let Ok(rows) = found {
                assert!(
                    !rows.refused.is_empty(),
                    "nothing is told of what is no {label}"
                );
                let text = String::from_utf8_lossy(&rows.text);
                // It is a character of that one alone.
                assert!(!text.contains('\u{fffd}') || label == "gb18030");
            }
        }
    }
}
