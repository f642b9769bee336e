//! The parts of a workbook that is a zip archive of XML, each read as a stream.
//!
//! What a part may unpack to is bounded by the size of the whole. Nothing of a part's content goes into a message.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Cursor};

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::ZipArchive;
use zip::result::ZipError;

use super::said::{Failed, damaged, encrypted};
use crate::intake::packing::Bounded;

/// Longest text of one cell, in bytes: eight times what Excel takes.
pub(super) const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// A zip archive, its parts found by name whatever their case and slashes.
pub(super) struct Parts {
    zip: ZipArchive<Cursor<Vec<u8>>>,
    by_name: HashMap<String, usize>,
    bytes: u64,
}

impl Parts {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, Failed> {
        let size = bytes.len() as u64;
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Failed::damaged())?;
        let by_name = (0..zip.len())
            .filter_map(|index| Some((folded(&zip.name_for_index(index)?.ok()?), index)))
            .collect();
        Ok(Self {
            zip,
            by_name,
            bytes: size,
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(&folded(name))
    }

    /// A part's bytes as they are unpacked.
    pub(super) fn stream(&mut self, name: &str) -> Result<impl BufRead + '_, Failed> {
        let index = *self
            .by_name
            .get(&folded(name))
            .ok_or_else(|| damaged(name))?;
        let file = self.zip.by_index(index).map_err(|error| match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => encrypted(),
            _ => damaged(name),
        })?;
        Ok(BufReader::with_capacity(
            64 * 1024,
            Bounded::new(file, self.bytes),
        ))
    }

    /// A part as XML.
    pub(super) fn xml(&mut self, name: &str) -> Result<Xml<impl BufRead + '_>, Failed> {
        Ok(Xml::new(name, self.stream(name)?, true))
    }
}

fn folded(name: &str) -> String {
    let name = name.replace('\\', "/").to_ascii_lowercase();
    name.strip_prefix('/').map(str::to_owned).unwrap_or(name)
}

/// A part being read as XML; empty elements come as a start and an end.
pub(super) struct Xml<R> {
    part: String,
    reader: Reader<R>,
}

impl<R: BufRead> Xml<R> {
    /// With `is_whole`, ends have to match their starts.
    pub(super) fn new(part: &str, from: R, is_whole: bool) -> Self {
        let mut reader = Reader::from_reader(from);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = is_whole;
        config.allow_unmatched_ends = !is_whole;
        Self {
            part: part.to_owned(),
            reader,
        }
    }

    /// The next event. The end of the part is one.
    pub(super) fn next<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<Event<'b>, Failed> {
        buffer.clear();
        self.reader
            .read_event_into(buffer)
            .map_err(|_| damaged(&self.part))
    }

    /// The next event, where the part may not end yet.
    pub(super) fn within<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<Event<'b>, Failed> {
        match self.next(buffer)? {
            Event::Eof => Err(damaged(&self.part)),
            event => Ok(event),
        }
    }

    pub(super) fn damaged(&self) -> Failed {
        damaged(&self.part)
    }

    /// What comes after the last event.
    pub(super) fn into_rest(self) -> R {
        self.reader.into_inner()
    }

    /// All text up to the end of the element that was begun last, other elements' included.
    pub(super) fn text(&mut self, into: &mut String, buffer: &mut Vec<u8>) -> Result<(), Failed> {
        let mut depth = 0_usize;
        loop {
            match self.within(buffer)? {
                Event::Start(_) => depth += 1,
                Event::End(_) if depth == 0 => return Ok(()),
                Event::End(_) => depth -= 1,
                event => add_text(into, &event).map_err(|()| damaged(&self.part))?,
            }
        }
    }
}

/// Adds what an event has of text.
pub(super) fn add_text(text: &mut String, event: &Event<'_>) -> Result<(), ()> {
    match event {
        Event::Text(more) => text.push_str(&more.xml10_content()),
        Event::CData(more) => text.push_str(&more.xml10_content()),
        Event::GeneralRef(reference) => text.push(referred(reference).ok_or(())?),
        _ => {}
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(());
    }
    Ok(())
}

fn referred(reference: &BytesRef<'_>) -> Option<char> {
    match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok()?,
    }
}

/// An attribute, by its name without prefix.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    attributes.with_checks(false);
    attributes.filter_map(Result::ok).find_map(|attribute| {
        (attribute.key.local_name().as_ref() == name).then(|| {
            attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map(std::borrow::Cow::into_owned)
                .unwrap_or_default()
        })
    })
}

/// Whether an attribute of XML's boolean type is set.
pub(super) fn is_set(element: &BytesStart<'_>, name: &str) -> bool {
    attribute(element, name).is_some_and(|value| value == "1" || value == "true")
}

/// A part that another one is related to.
pub(super) struct Relation {
    pub(super) kind: String,
    pub(super) target: String,
}

/// Those that a part of relations lists, by id.
pub(super) fn relations(
    parts: &mut Parts,
    name: &str,
) -> Result<HashMap<String, Relation>, Failed> {
    let mut found = HashMap::new();
    let mut xml = parts.xml(name)?;
    let mut buffer = Vec::new();
    loop {
        match xml.next(&mut buffer)? {
            Event::Eof => return Ok(found),
            Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
                let get = |name| attribute(&element, name).unwrap_or_default();
                let kind = get("Type");
                let kind = kind
                    .rsplit_once('/')
                    .map_or("", |(_, last)| last)
                    .to_owned();
                let target = get("Target");
                found.insert(get("Id"), Relation { kind, target });
            }
            _ => {}
        }
    }
}

/// A target, which may be absolute or climb up, as the name of a part.
pub(super) fn join(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<_> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            ".." => drop(path.pop()),
            "." | "" => {}
            step => path.push(step),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_become_parts() {
        assert_eq!(
            join("xl", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(join("xl", "/xl/a.xml"), "xl/a.xml");
        assert_eq!(join("xl/b", "../a.xml"), "xl/a.xml");
    }
}
