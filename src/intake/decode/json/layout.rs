//! How the objects of an input stand in it, by its beginning.

use std::io;

use super::super::super::quoting::cut;
use super::super::super::source::Window;
use super::super::LINE_BYTES_MAX;
use super::super::jsonl::{Objects, RECORD_SEPARATOR};
use super::envelope;
use super::syntax::{blanks, is_blank};
use super::{Decoder, Undecided};

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
                    (true, Some(_)) if is_single_line(head) => {
                        holder(&head[..end], records, Layout::Sequence)
                    }
                    (true, Some(_)) => Ok(Layout::Lines),
                    (false, Some(b'{')) => Ok(Layout::Sequence),
                    (_, Some(_)) => holder(head, records, Layout::Sequence),
                    (true, None) => holder(&head[..end], records, Layout::Lines),
                    (false, None) => holder(&head[..end], records, Layout::Sequence),
                };
            }
            Some(Err(error)) if error.is_eof() && is_cut => window.more()?,
            // The first line is longer than any that is read.
            Some(Err(error)) if error.is_eof() && !window.is_last() && is_single_line(head) => {
                return holder(head, records, Layout::Lines);
            }
            // A line of JSON Lines that is faulty does not make them a document.
            Some(Err(error)) if !error.is_eof() && are_mostly_objects(head) => {
                return Ok(Layout::Lines);
            }
            Some(Err(_)) => return holder(head, records, Layout::Sequence),
            None => return Ok(Layout::Lines),
        }
    }
}

/// Returns whether nothing follows the first line.
fn is_single_line(head: &[u8]) -> bool {
    memchr::memchr(b'\n', head.trim_ascii_end()).is_none()
}

/// Most lines that are looked at to recognise JSON Lines of which the first is faulty.
const LINES_LOOKED_AT_MAX: usize = 100;

/// Returns whether at least half of the first lines are objects, each of them whole.
fn are_mostly_objects(head: &[u8]) -> bool {
    let lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let lines = lines.filter(|line| !line.is_empty());
    let (mut objects, mut all) = (0, 0);
    for line in lines.take(LINES_LOOKED_AT_MAX) {
        let is_object =
            line.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
        objects += usize::from(is_object);
        all += 1;
    }
    objects * 2 >= all
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

/// Checks whether an object holds the rows. If it is itself the first row, the layout is `other`. Refuses a page without rows
/// that has an error message or a count of rows beside its lists.
fn holder(head: &[u8], records: Option<&str>, other: Layout) -> io::Result<Layout> {
    let mut objects = Objects::default();
    let is_whole = std::str::from_utf8(head).is_ok_and(|text| objects.parse(text).is_ok());
    if is_whole && is_reject(&objects) {
        return Ok(other);
    }
    let is_beside = |key: &str| envelope::is_beside(key) || envelope::is_message(key);
    if is_whole
        && objects.is_empty_page(is_beside)
        && let Some((key, _)) = objects
            .texts()
            .find(|(key, text)| envelope::denies_empty(key, text))
    {
        return Err(io::Error::other(Undecided {
            line: 1,
            what: format!(
                "the object has no rows, but its key `{}` contains a message or a count: perhaps an error was saved in place of \
                 the rows",
                cut(key)
            ),
            hint: "export the file again".to_owned(),
        }));
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
    // In a document that is cut or faulty the array may be beyond the fault.
    let has_entered = decoder.enter_member(&mut window).unwrap_or_default();
    let holds = has_entered || !decoder.members.arrays.is_empty();
    Ok(if holds { Layout::Member } else { other })
}
