//! What the first bytes of an input, once it is unpacked, say of the rest: its format, and refusals of what is not yet read.
//!
//! Workbooks are known before (`workbook`); here they show only where they are damaged or packed within something else.

use super::table::PROBLEM_COLUMN;
use crate::plan::Format;

/// How much of an input is looked at.
pub(crate) const LOOK_BYTES: usize = 64 * 1024;

/// What an input seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Its format.
    pub(crate) format: Format,
}

/// Why an input cannot be read: what it seems to be, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) what: &'static str,
    pub(crate) hint: &'static str,
}

const UNPACK_ONCE: &str = "unpack it and give what is within";
const WORKBOOK_ITSELF: &str =
    "unpack it and give the workbook itself; if it is damaged, save or export it again";
const SAVE_AS_CSV: &str = "open it and save the sheet as \"CSV UTF-8 (Comma delimited)\"";

/// What marks each kind at its very start; the longer of two that begin alike stands first.
const MAGIC: [(&[u8], Unreadable); 11] = [
    (
        b"{\\rtf",
        unreadable(
            "a text document (RTF)",
            "copy its table into a spreadsheet program, and save it as \"CSV UTF-8 (Comma delimited)\"",
        ),
    ),
    (
        b"\x1f\x8b",
        unreadable("packed twice (gzip within)", UNPACK_ONCE),
    ),
    (
        b"\x28\xb5\x2f\xfd",
        unreadable("packed twice (zstd within)", UNPACK_ONCE),
    ),
    (
        b"BZh",
        unreadable(
            "bzip2-compressed",
            "decompress it first: bunzip2 --keep FILE",
        ),
    ),
    (
        b"\xfd7zXZ\0",
        unreadable("xz-compressed", "decompress it first: unxz --keep FILE"),
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        unreadable("a 7-Zip archive", "unpack it and give the file within"),
    ),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        unreadable(
            "a packed Excel workbook of the old kind (.xls)",
            UNPACK_ONCE,
        ),
    ),
    (
        b"%PDF-",
        unreadable(
            "a PDF",
            "export the rows as CSV from where the PDF was made",
        ),
    ),
    (
        b"SQLite format 3\0",
        unreadable("an SQLite database", "export the table as CSV"),
    ),
    (
        b"<?xml",
        unreadable("XML", "export the rows as CSV or JSON Lines"),
    ),
    (
        b"PAR1",
        unreadable("a Parquet file", "export the rows as CSV or JSON Lines"),
    ),
];

const fn unreadable(what: &'static str, hint: &'static str) -> Unreadable {
    Unreadable { what, hint }
}

/// Looks at the start of the bytes for what is no text.
pub(crate) fn binary(head: &[u8]) -> Option<Unreadable> {
    if head.starts_with(b"<?xml")
        && memchr::memmem::find(head, b"urn:schemas-microsoft-com:office:spreadsheet").is_some()
    {
        return Some(unreadable(
            "an Excel spreadsheet as XML (2003)",
            SAVE_AS_CSV,
        ));
    }
    if let Some((_, refusal)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*refusal);
    }
    head.starts_with(b"PK\x03\x04").then(|| zip(head))
}

/// Looks at the start of a text, without byte order mark. `None`: it holds nothing but blanks, and the job does not
/// say what it is.
pub(crate) fn look(head: &[u8], said: Option<Format>) -> Result<Option<Look>, Unreadable> {
    if let Some(refusal) = nul(head) {
        return Err(refusal);
    }
    let Some(first) = head.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return Ok(said.map(|format| Look { format }));
    };
    let text = &head[first..];
    if is_html(text) && has_table(text) {
        return Err(unreadable(
            "an HTML page with a table (some programs write one and call it .xls)",
            SAVE_AS_CSV,
        ));
    }
    if is_html(text) {
        return Err(unreadable(
            "an HTML page (perhaps a sign-in page that was saved instead of the export)",
            "export the rows again as CSV or JSON Lines",
        ));
    }
    let format = match (said, text[0]) {
        (Some(Format::Jsonl), b'[') => {
            return Err(unreadable(
                "a JSON array and not JSON Lines",
                "leave format out of the job file's [input], or set format = \"json\"",
            ));
        }
        (None, b'[') => Format::Json,
        (Some(format), _) => format,
        // A JSON text sequence (RFC 7464) begins with a record separator.
        (None, b'{' | 0x1e) => Format::Jsonl,
        (None, _) => Format::Csv,
    };
    Ok(Some(Look { format }))
}

fn zip(head: &[u8]) -> Unreadable {
    let holds = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    if holds(b"[Content_Types].xml") || holds(b"xl/") {
        EXCEL
    } else if holds(b"application/vnd.oasis.opendocument") {
        OPEN_DOCUMENT
    } else {
        unreadable("a damaged or packed zip archive", UNPACK_ONCE)
    }
}

const EXCEL: Unreadable = unreadable("a damaged or packed Excel workbook", WORKBOOK_ITSELF);
const OPEN_DOCUMENT: Unreadable = unreadable(
    "a damaged or packed OpenDocument spreadsheet",
    WORKBOOK_ITSELF,
);

/// Text has no NUL. A few may be damage to single rows, which are refused one by one.
fn nul(head: &[u8]) -> Option<Unreadable> {
    /// One byte in so many is too many.
    const SHARE: usize = 20;
    let nuls = memchr::memchr_iter(0, head).count();
    // Of a text's rejects all rows may be damaged.
    let is_binary = nuls * SHARE > head.len()
        && memchr::memmem::find(head, PROBLEM_COLUMN.as_bytes()).is_none();
    is_binary.then_some(NOT_TEXT)
}

/// A binary file.
pub(crate) const NOT_TEXT: Unreadable = unreadable(
    "no text (it has NUL bytes)",
    "export the rows again as CSV (UTF-8) or JSON Lines",
);

fn has_table(text: &[u8]) -> bool {
    let is_tag =
        |at: usize| text[at..].len() >= 6 && text[at..at + 6].eq_ignore_ascii_case(b"<table");
    memchr::memchr_iter(b'<', text).any(is_tag)
}

/// A page, or a piece of one: some exports are a `<table>` alone, whatever their name says.
fn is_html(text: &[u8]) -> bool {
    const TAGS: [&[u8]; 9] = [
        b"!doctype html",
        b"html",
        b"head",
        b"meta",
        b"style",
        b"body",
        b"div",
        b"table",
        b"!--",
    ];
    text.strip_prefix(b"<").is_some_and(|text| {
        TAGS.into_iter().any(|tag| {
            let (start, rest) = text.split_at_checked(tag.len()).unwrap_or_default();
            start.eq_ignore_ascii_case(tag) && !rest.first().is_some_and(u8::is_ascii_alphanumeric)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_tells_the_format() {
        let format = |text: &[u8]| look(text, None).map(|look| look.map(|look| look.format));
        assert_eq!(format(b"Ticket ID,Email\n"), Ok(Some(Format::Csv)));
        assert_eq!(format(b" \n {\"a\":1}\n"), Ok(Some(Format::Jsonl)));
        assert_eq!(format(b"\n \n"), Ok(None));
        assert_eq!(format(b" [{\"a\":1}]"), Ok(Some(Format::Json)));
        assert!(look(b"[{\"a\":1}]", Some(Format::Jsonl)).is_err());
        assert_eq!(format(b"<tabled>,b\n"), Ok(Some(Format::Csv)));
        assert_eq!(
            look(b"{curly},b\n", Some(Format::Csv)).map(|look| look.map(|look| look.format)),
            Ok(Some(Format::Csv))
        );
    }

    #[test]
    fn what_is_not_text_is_refused_by_name() {
        for (head, what) in [
            (&b"\x1f\x8b\x08"[..], "gzip"),
            (b"PK\x03\x04..xl/workbook.xml", "Excel workbook"),
            (b"PK\x03\x04..export.csv", "zip archive"),
            (b"id\0\0\0\x03name\0\0\0\x05\x01", "NUL"),
            (b"<!DOCTYPE HTML><title>Sign in", "HTML"),
            (b"<TABLE border=1>\n<tr><td>Ticket", "HTML"),
            (b"<html xmlns:x=\"urn\"><body><TABLE><tr>", "HTML page with a table"),
            (
                b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
                "as XML (2003)",
            ),
        ] {
            let refusal = binary(head).or_else(|| look(head, None).err()).expect(what);
            assert!(refusal.what.contains(what), "{what}: {}", refusal.what);
        }
    }
}
