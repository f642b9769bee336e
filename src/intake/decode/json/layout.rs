//! How the objects of an input stand in it, by its beginning.

use std::io;

use super::super::super::source::Window;
use super::super::LINE_BYTES_MAX;
use super::super::jsonl::{Objects, RECORD_SEPARATOR};
use super::envelope;
use super::extent::{blanks, is_blank};
use super::{Decoder, Step, place_of};

/// How the objects of an input stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One a line.
    Lines,
    /// In an array.
    Array,
    /// The rows are in an array under a key of one object, or of several objects that are pages.
    Member,
    /// There are no rows: the only object is an empty page.
    Empty,
    /// One after the other, each over several lines.
    Sequence,
}

/// Looks at the start of JSON without consuming it. `records` is the array that the job names.
pub(crate) fn layout(window: &mut Window, records: Option<&str>) -> io::Result<Layout> {
    window.ensure(1)?;
    let blank = blanks(window.unread());
    match window.unread().get(blank) {
        Some(b'[') => return Ok(Layout::Array),
        Some(b'{') => {}
        _ => return Ok(Layout::Lines),
    }
    // In a JSON text sequence any object may take several lines, even if the first takes only one.
    let is_marked = window.unread()[..blank].contains(&RECORD_SEPARATOR);
    loop {
        let head = &window.unread()[blank..];
        let is_cut = !window.is_last() && head.len() < LINE_BYTES_MAX;
        let mut values =
            serde_json::Deserializer::from_slice(head).into_iter::<serde::de::IgnoredAny>();
        let first = values.next();
        let end = values.byte_offset();
        match first {
            Some(Ok(_)) => {
                let is_one_line = memchr::memchr(b'\n', &head[..end]).is_none();
                let between = head[end..].iter().position(|byte| !is_blank(*byte));
                let follows = between.map(|offset| head[end + offset]);
                if follows.is_none() && is_cut {
                    window.more()?;
                    continue;
                }
                let second = || match values.next() {
                    Some(Ok(_)) => head.get(end..values.byte_offset()),
                    _ => None,
                };
                if follows == Some(b'{') && are_pages(&head[..end], records, second) {
                    return Ok(Layout::Member);
                }
                let is_same_line =
                    between.is_some_and(|offset| !head[end..end + offset].contains(&b'\n'));
                return match (is_one_line, follows) {
                    (true, Some(b'{')) if is_same_line || is_marked => Ok(Layout::Sequence),
                    (true, Some(_)) => Ok(Layout::Lines),
                    (false, Some(b'{')) => Ok(Layout::Sequence),
                    (_, Some(_)) => holder(head, records, Layout::Sequence),
                    (true, None) => holder(&head[..end], records, Layout::Lines),
                    (false, None) => holder(&head[..end], records, Layout::Sequence),
                };
            }
            Some(Err(error)) if error.is_eof() => {
                if is_cut {
                    window.more()?;
                    continue;
                }
                let is_one_line = memchr::memchr(b'\n', head).is_none();
                return match (is_one_line, window.is_last()) {
                    (true, true) => Ok(Layout::Lines),
                    (true, false) => holder(head, records, Layout::Lines),
                    (false, _) => holder(head, records, Layout::Sequence),
                };
            }
            Some(Err(error)) => {
                let (line, _) = place_of(&error);
                // A first line that is cut off is followed by one that does not go on with it.
                let goes_on = line > 2
                    || line == 2 && {
                        let second = memchr::memchr(b'\n', head).map_or(head.len(), |end| end + 1);
                        error.column() > blanks(&head[second..]) + 1
                    };
                return if goes_on {
                    holder(head, records, Layout::Sequence)
                } else {
                    Ok(Layout::Lines)
                };
            }
            None => return Ok(Layout::Lines),
        }
    }
}

/// Returns whether the objects are pages, that is, whether the first contains the array that the job names.
///
/// The second object may lack the array: it may be an error response that was saved in place of a page. But if it
/// shares keys with the first that usually occur in rows, the objects are rows.
fn are_pages<'a>(
    first: &[u8],
    records: Option<&str>,
    second: impl FnOnce() -> Option<&'a [u8]>,
) -> bool {
    let parsed = |object: &[u8]| {
        let mut objects = Objects::default();
        let text = std::str::from_utf8(object).ok()?;
        objects.parse(text.trim_start_matches('\u{1e}')).ok()?;
        Some(objects)
    };
    let (Some(records), Some(first)) = (records, parsed(first)) else {
        return false;
    };
    if !first.has_list(records) || is_reject(&first) {
        return false;
    }
    let Some(second) = second().and_then(parsed) else {
        return true;
    };
    let is_row_of_both =
        |key: &str| !envelope::is_beside(key) && first.keys().any(|other| other == key);
    second.has_list(records) || !second.keys().any(is_row_of_both)
}

/// Returns whether an object is a row from a file of rejects.
fn is_reject(objects: &Objects) -> bool {
    objects.keys().any(|key| key == "import_problem")
}

/// Whether an object holds the rows, or is itself the first: then the layout is `other`.
fn holder(head: &[u8], records: Option<&str>, other: Layout) -> io::Result<Layout> {
    let mut objects = Objects::default();
    let is_whole = std::str::from_utf8(head).is_ok_and(|text| objects.parse(text).is_ok());
    if is_whole && is_reject(&objects) {
        return Ok(other);
    }
    if records.is_some() {
        return Ok(Layout::Member);
    }
    if is_whole && objects.is_empty_page(envelope::is_beside) {
        return Ok(Layout::Empty);
    }
    if is_whole && objects.has_fields(envelope::is_beside) {
        return Ok(other);
    }
    let mut window = Window::new(Box::new(io::Cursor::new(head.to_vec())));
    let mut decoder = Decoder::new(Layout::Member, None);
    let step = decoder.enter_member(&mut window)?;
    let holds = matches!(step, Step::Entered) || !decoder.members.arrays.is_empty();
    Ok(if holds { Layout::Member } else { other })
}
