//! The body of a response: decompresses it if a gateway compressed it without being asked, and recognises web pages.
//!
//! Pure. The client asks for no compression, but some servers and gateways compress nevertheless.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use ruzstd::decoding::StreamingDecoder;

use super::exchange::BodyFault;
use crate::sanitize::sanitized;

/// Maximum number of encodings that are undone, one after the other.
const ENCODINGS_MAX: usize = 3;
/// Maximum length of an encoding's name in a message, in characters.
const NAME_CHARS_MAX: usize = 20;
/// Number of bytes at the start of a body that are searched for signs of a web page.
const PAGE_HEAD_BYTES: usize = 512;
/// The first bytes of a gzip stream, declared or not. No JSON begins so.
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
/// The beginnings of web pages, in lower case.
const PAGE_BEGINS: [&str; 12] = [
    "<!doctype html",
    "<html",
    "<head",
    "<body",
    "<title",
    "<meta",
    "<script",
    "<style",
    "<form",
    "<h1",
    "<center",
    "<div",
];

/// Returns the decompressed body, or the fault that makes it unusable.
pub(super) fn read(
    headers: &HeaderMap,
    bytes: Vec<u8>,
    bytes_max: usize,
) -> Result<Vec<u8>, BodyFault> {
    let declared: Vec<_> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
        .collect();
    let encodings: Vec<&str> = declared
        .iter()
        .flat_map(|names| names.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty() && *name != "identity")
        .collect();
    let mut bytes = bytes;
    if encodings.is_empty() && bytes.starts_with(GZIP_MAGIC) {
        bytes = unpacked("gzip", &bytes, bytes_max)?;
    }
    if encodings.len() > ENCODINGS_MAX {
        return Err(unreadable(&encodings.join(", ")));
    }
    // An empty body can carry the header too.
    if !bytes.is_empty() {
        for encoding in encodings.iter().rev() {
            bytes = unpacked(encoding, &bytes, bytes_max)?;
        }
    }
    if is_web_page(headers, &bytes) {
        return Err(BodyFault::WebPage);
    }
    Ok(bytes)
}

fn unreadable(encoding: &str) -> BodyFault {
    let name = sanitized(encoding).chars().take(NAME_CHARS_MAX).collect();
    BodyFault::Encoded { name }
}

fn unpacked(encoding: &str, bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, BodyFault> {
    let unpacked = match encoding {
        "gzip" | "x-gzip" => whole(MultiGzDecoder::new(bytes), bytes_max),
        // With the frame of zlib, as it should be, or without, as some servers send it.
        "deflate" => match whole(ZlibDecoder::new(bytes), bytes_max) {
            Err(BodyFault::CutOff) => whole(DeflateDecoder::new(bytes), bytes_max),
            unpacked => unpacked,
        },
        "zstd" => match StreamingDecoder::new(bytes) {
            Ok(decoder) => whole(decoder, bytes_max),
            Err(_) => Err(BodyFault::CutOff),
        },
        _ => Err(BodyFault::CutOff),
    };
    unpacked.map_err(|fault| match fault {
        BodyFault::CutOff => unreadable(encoding),
        fault => fault,
    })
}

/// Reads the output of a decoder up to a limit.
fn whole(decoder: impl Read, bytes_max: usize) -> Result<Vec<u8>, BodyFault> {
    let mut unpacked = Vec::new();
    let read = decoder
        .take(bytes_max as u64 + 1)
        .read_to_end(&mut unpacked);
    match read {
        Ok(count) if count > bytes_max => Err(BodyFault::TooLarge { bytes_max }),
        Ok(_) => Ok(unpacked),
        Err(_) => Err(BodyFault::CutOff),
    }
}

/// Returns whether a body is a web page: by its first bytes, or by its declared type unless it is JSON nevertheless.
fn is_web_page(headers: &HeaderMap, bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(PAGE_HEAD_BYTES)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut head = head.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    // Bytes that may precede the page itself.
    while let Some(end) = ["<!--", "<?xml"]
        .iter()
        .any(|begin| head.starts_with(begin))
        .then(|| head.find('>'))
        .flatten()
    {
        head = head[end + 1..].trim_start();
    }
    if head.is_empty() {
        return false;
    }
    if PAGE_BEGINS.iter().any(|begin| head.starts_with(begin)) {
        return true;
    }
    let declared = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_declared = declared.starts_with("text/html") || declared.contains("xhtml");
    is_declared && !head.starts_with(['{', '['])
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use reqwest::header::HeaderValue;

    use super::*;

    const JSON: &[u8] = br#"{"message":"no such domain"}"#;
    const BYTES_MAX: usize = 1_000;

    fn headers(all: &[(reqwest::header::HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        headers
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    #[test]
    fn what_is_packed_unasked_is_unpacked() {
        let encoded = |name: &str| headers(&[(CONTENT_ENCODING, name)]);
        for (name, bytes) in [
            ("gzip", gzip(JSON)),
            ("X-GZip", gzip(JSON)),
            ("deflate", zlib(JSON)),
            ("deflate", deflate(JSON)),
            ("zstd", zstd(JSON)),
            ("identity", JSON.to_vec()),
            ("deflate, gzip", gzip(&zlib(JSON))),
            ("", gzip(JSON)),
        ] {
            let unpacked = read(&encoded(name), bytes, BYTES_MAX);
            assert_eq!(unpacked.as_deref(), Ok(JSON), "{name}");
        }
        let twice = headers(&[(CONTENT_ENCODING, "gzip"), (CONTENT_ENCODING, "gzip")]);
        assert_eq!(
            read(&twice, gzip(&gzip(JSON)), BYTES_MAX).as_deref(),
            Ok(JSON)
        );
        assert_eq!(read(&encoded("br"), Vec::new(), BYTES_MAX), Ok(Vec::new()));
    }

    #[test]
    fn what_cannot_be_unpacked_is_named_and_what_unpacks_too_large_is_cut() {
        let encoded = |name: &str| headers(&[(CONTENT_ENCODING, name)]);
        let named = |name: &str| {
            Err(BodyFault::Encoded {
                name: name.to_owned(),
            })
        };
        assert_eq!(read(&encoded("br"), JSON.to_vec(), BYTES_MAX), named("br"));
        assert_eq!(
            read(&encoded("gzip"), JSON.to_vec(), BYTES_MAX),
            named("gzip")
        );
        assert_eq!(
            read(&encoded("zstd"), JSON.to_vec(), BYTES_MAX),
            named("zstd")
        );
        let cut = gzip(JSON);
        assert_eq!(
            read(&encoded("gzip"), cut[..cut.len() / 2].to_vec(), BYTES_MAX),
            named("gzip")
        );
        let bomb = gzip(&vec![b' '; BYTES_MAX + 1]);
        let too_large = Err(BodyFault::TooLarge {
            bytes_max: BYTES_MAX,
        });
        assert_eq!(read(&encoded("gzip"), bomb, BYTES_MAX), too_large);
        assert!(read(&encoded("gzip,gzip,gzip,gzip"), JSON.to_vec(), BYTES_MAX).is_err());
    }

    #[test]
    fn a_web_page_is_told_from_json_whatever_its_type_says() {
        let typed = |name: &str| headers(&[(CONTENT_TYPE, name)]);
        for (name, body) in [
            ("text/html; charset=utf-8", "Please sign in"),
            ("application/xhtml+xml", "<p>"),
            (
                "application/json",
                "\u{feff}\n<!DOCTYPE html><title>Sign in</title>",
            ),
            ("text/plain", "<HTML>"),
            ("", "<!-- by the proxy -->\n<html>"),
            ("", "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC"),
        ] {
            let page = read(&typed(name), body.as_bytes().to_vec(), BYTES_MAX);
            assert_eq!(page, Err(BodyFault::WebPage), "{name}: {body}");
        }
        let packed = headers(&[(CONTENT_ENCODING, "gzip")]);
        assert_eq!(
            read(&packed, gzip(b"<html>"), BYTES_MAX),
            Err(BodyFault::WebPage)
        );
        for (name, body) in [
            ("text/html", ""),
            ("text/html", "\r\n"),
            ("text/html", "{\"id\":1}"),
            ("text/html", " [1]"),
            ("application/json", "{\"notes\":\"<html>\"}"),
            ("text/plain", "OK"),
            ("application/xml", "<?xml version=\"1.0\"?><error/>"),
            ("", ""),
        ] {
            assert!(
                read(&typed(name), body.as_bytes().to_vec(), BYTES_MAX).is_ok(),
                "{name}: {body}"
            );
        }
    }
}
