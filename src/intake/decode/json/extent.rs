//! Where an element ends, going by its brackets and quotes, and where after a fault the next one begins.

use super::super::jsonl::RECORD_SEPARATOR;

/// Returns whether a byte may separate values: JSON's white space, and the record separator of JSON text sequences.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | RECORD_SEPARATOR)
}

pub(super) fn blanks(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|&byte| !is_blank(byte))
        .unwrap_or(bytes.len())
}

/// Behind the closing quote of the text that begins at `start`, or at the line break that ends it wrongly; `None`: further on.
pub(super) fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr3(b'"', b'\\', b'\n', bytes.get(at..)?)?;
        match bytes[at] {
            b'"' => return Some(at + 1),
            b'\n' => return Some(at),
            _ if bytes.get(at + 1) == Some(&b'\n') => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// Deeper nesting is a fault; the parser refuses it.
pub(super) const DEPTH_MAX: usize = 127;

/// Where an element ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) at: usize,
    /// Its brackets or quotes are wrong, and the next one begins here.
    pub(super) is_next: bool,
}

/// Where the element that begins the bytes ends, going by brackets and quotes; `None`: not within them.
///
/// `indent` is how deeply it is indented, when it is first on its line.
pub(super) fn extent(
    bytes: &[u8],
    indent: Option<usize>,
    is_sequence: bool,
    is_last: bool,
    open: &mut Vec<u8>,
    is_too_deep: &mut bool,
) -> Option<End> {
    open.clear();
    *is_too_deep = false;
    let (mut objects, mut arrays) = (0_usize, 0_usize);
    let mut before = b' ';
    let mut is_faulty = false;
    let mut next = None;
    let mut at = 0;
    let end = |at| {
        let is_next = false;
        Some(End { at, is_next })
    };
    while at < bytes.len() {
        let byte = bytes[at];
        let was_faulty = is_faulty;
        is_faulty |= match (byte, open.last()) {
            (b'{' | b'[', Some(b'{')) => before != b':',
            (b'{' | b'[', Some(_)) => !matches!(before, b'[' | b','),
            (b'}', last) => last != Some(&b'{'),
            (b']', last) => last != Some(&b'['),
            _ => false,
        };
        is_faulty |= open.len() > DEPTH_MAX;
        let here = at;
        match byte {
            b'"' => {
                at = string_end(bytes, at)? - 1;
                is_faulty |= bytes[at] != b'"';
            }
            b',' if open.is_empty() && !is_sequence => return end(at),
            b'\n' if open.is_empty() && is_sequence => return end(at),
            _ => {}
        }
        if is_faulty && !was_faulty {
            // Once is enough: it is looked for from here on.
            let faulty = 1 + memchr::memchr_iter(b'\n', &bytes[..here]).count() as u64;
            next = indent.and_then(|indent| next_element(bytes, indent, faulty));
            // No line of it is taken for an element: it would be as deep, and be looked through again.
            if next.is_none() && open.len() > DEPTH_MAX {
                *is_too_deep = true;
            }
        }
        if next == Some(here) {
            let is_next = true;
            return Some(End { at: here, is_next });
        }
        match byte {
            b'{' => {
                open.push(b'{');
                objects += 1;
            }
            b'[' => {
                open.push(b'[');
                arrays += 1;
            }
            b'}' | b']' => {
                let (opening, count) = match byte {
                    b'}' => (b'{', objects),
                    _ => (b'[', arrays),
                };
                if count == 0 && byte == b']' && !is_sequence {
                    return end(at); // that of the array itself
                }
                if count > 0 {
                    // What is still open within it lacks its end.
                    while let Some(last) = open.pop() {
                        match last {
                            b'{' => objects -= 1,
                            _ => arrays -= 1,
                        }
                        if last == opening {
                            break;
                        }
                    }
                    if open.is_empty() {
                        return end(at + 1);
                    }
                }
            }
            _ => {}
        }
        if !is_blank(byte) {
            before = byte;
        }
        at += 1;
    }
    // A sequence has nothing that would have to follow.
    let is_end = is_last && is_sequence && open.is_empty();
    if is_end { end(at) } else { None }
}

/// Where, after a fault on line `faulty` (from 1) of an element, the next one begins: a line that begins with `{` as
/// deeply indented as the element's own first line, if all lines between are deeper or close brackets.
pub(super) fn next_element(found: &[u8], indent: usize, faulty: u64) -> Option<usize> {
    let mut start = 0;
    let mut line = 1;
    while let Some(end) = memchr::memchr(b'\n', &found[start..]) {
        start += end + 1;
        line += 1;
        let text = &found[start..];
        let depth = blanks(text);
        let first = text.get(depth)?;
        if text[..depth].contains(&b'\n') || depth > indent {
            continue;
        }
        match first {
            b'{' if depth == indent && line >= faulty => return Some(start + depth),
            b'}' | b']' => {}
            _ => return None,
        }
    }
    None
}
