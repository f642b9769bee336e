//! Small text files that people write: UTF-8 or UTF-16, as editors and shells save them.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Returns the text of a file without its byte order mark, or the line (from 1) on which it is no text.
pub(super) fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, usize> {
    let (encoding, rest) = match Encoding::for_bom(bytes) {
        Some((encoding, bom_bytes)) => (encoding, &bytes[bom_bytes..]),
        None => (without_bom(bytes), bytes),
    };
    if encoding == UTF_8 {
        return str::from_utf8(rest).map(Cow::Borrowed).map_err(|error| {
            let valid = &rest[..error.valid_up_to()];
            valid.split(|byte| *byte == b'\n').count()
        });
    }
    let (text, has_errors) = encoding.decode_without_bom_handling(rest);
    if has_errors {
        let valid = text.split(char::REPLACEMENT_CHARACTER).next();
        return Err(valid.unwrap_or_default().split('\n').count());
    }
    Ok(text)
}

/// Returns the encoding of a text that has no byte order mark: such a text begins with ASCII, every other byte of which is
/// zero in UTF-16.
fn without_bom(bytes: &[u8]) -> &'static Encoding {
    match bytes
        .first_chunk()
        .map(|first| first.map(|byte: u8| byte == 0))
    {
        Some([false, true, false, true]) => UTF_16LE,
        Some([true, false, true, false]) => UTF_16BE,
        _ => UTF_8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[input]\nkey = [\"Ticket\"] # für Zoë 👩\n";

    fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn every_form_in_which_editors_save_text_is_read() {
        let with_bom = format!("\u{feff}{TEXT}");
        for bytes in [
            TEXT.as_bytes().to_vec(),
            with_bom.as_bytes().to_vec(),
            utf_16(&with_bom, u16::to_le_bytes),
            utf_16(&with_bom, u16::to_be_bytes),
            utf_16(TEXT, u16::to_le_bytes),
            utf_16(TEXT, u16::to_be_bytes),
        ] {
            assert_eq!(text_of(&bytes).as_deref(), Ok(TEXT), "{bytes:?}");
        }
        assert_eq!(text_of(b"").as_deref(), Ok(""));
        assert_eq!(text_of(&[0xff, 0xfe]).as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_text_is_told_by_its_line() {
        assert_eq!(text_of(b"a\nb\nM\xfcller\n"), Err(3));
        let mut cut = utf_16("\u{feff}a\nb", u16::to_le_bytes);
        cut.pop();
        assert_eq!(text_of(&cut), Err(2));
        let lone = [0xff, 0xfe, b'a', 0, b'\n', 0, 0, 0xd8, b'b', 0];
        assert_eq!(text_of(&lone), Err(2));
    }
}
