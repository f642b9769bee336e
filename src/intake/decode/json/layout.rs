//! How the objects of an input stand in it, by its beginning.

use std::io;

use super::super::super::source::Window;
use super::super::LINE_BYTES_MAX;
use super::super::jsonl::Objects;
use super::extent::{blanks, is_blank};
use super::{Decoder, Step, place_of};

/// How the objects of an input stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One a line.
    Lines,
    /// In an array.
    Array,
    /// In an array under a key of one object.
    Member,
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
                let follows = head[end..].iter().find(|byte| !is_blank(**byte)).copied();
                if follows.is_none() && is_cut {
                    window.more()?;
                    continue;
                }
                return match (is_one_line, follows) {
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

/// Whether an object holds the rows, or is itself the first: then the layout is `other`.
fn holder(head: &[u8], records: Option<&str>, other: Layout) -> io::Result<Layout> {
    let is_reject = std::str::from_utf8(head).is_ok_and(|text| {
        let mut objects = Objects::default();
        objects.parse(text).is_ok() && objects.keys().any(|key| key == "import_problem")
    });
    if is_reject {
        return Ok(other);
    }
    if records.is_some() {
        return Ok(Layout::Member);
    }
    let mut window = Window::new(Box::new(io::Cursor::new(head.to_vec())));
    let mut decoder = Decoder::new(Layout::Member, None);
    let step = decoder.enter_member(&mut window)?;
    let holds = matches!(step, Step::Entered) || !decoder.members.arrays.is_empty();
    Ok(if holds { Layout::Member } else { other })
}
