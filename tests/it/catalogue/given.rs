//! What an example is given: an input, and a job file for it.

use std::fs;

use crate::cli::Place;

/// Of a job file for an input with the columns `Ticket`, `Email` and `Wish`.
pub(super) const INPUT: &str = "key = [\"Ticket\"]\nregion = \"GB\"";
pub(super) const FIELDS: &str = "request = { column = \"Wish\", values = { \"Access\" = \"view\" } }\nuserEmail = \"Email\"\npreverified = { value = true }";
/// Who is in the examples, in lower case.
const PEOPLE: [&str; 16] = [
    "jane", "doe", "roe", "joe", "müller", "zoë", "aston", "barr", "ann", "bob", "cho", "dan",
    "eve", "fay", "gus", "hal",
];

pub(super) struct Given {
    pub(super) file: &'static str,
    content: Content,
    /// Lines of the job file's `[input]` and `[fields]`, instead of those of [`INPUT`] and [`FIELDS`] with the same name. A
    /// name alone takes that line away.
    pub(super) input: &'static str,
    pub(super) fields: &'static str,
}

enum Content {
    Text(&'static str),
    Bytes(&'static [u8]),
    Made(fn() -> Vec<u8>),
}

const fn given(file: &'static str, content: Content) -> Given {
    Given {
        file,
        content,
        input: "",
        fields: "",
    }
}

pub(super) const fn text(file: &'static str, text: &'static str) -> Given {
    given(file, Content::Text(text))
}

pub(super) const fn bytes(file: &'static str, bytes: &'static [u8]) -> Given {
    given(file, Content::Bytes(bytes))
}

pub(super) const fn made(file: &'static str, made: fn() -> Vec<u8>) -> Given {
    given(file, Content::Made(made))
}

impl Given {
    pub(super) const fn input(mut self, lines: &'static str) -> Self {
        self.input = lines;
        self
    }

    pub(super) const fn fields(mut self, lines: &'static str) -> Self {
        self.fields = lines;
        self
    }

    pub(super) fn content(&self) -> Vec<u8> {
        match self.content {
            Content::Text(text) => text.into(),
            Content::Bytes(bytes) => bytes.into(),
            Content::Made(made) => made(),
        }
    }
}

/// Writes an input and its `job.toml`.
pub(super) fn lay_out(place: &Place, file: &str, content: &[u8], input: &str, fields: &str) {
    let job = format!(
        "[input]\n{}[fields]\n{}",
        section(INPUT, input),
        section(FIELDS, fields)
    );
    fs::write(place.path(file), content).expect("written");
    fs::write(place.path("job.toml"), job).expect("written");
}

/// The lines of a section: those of the example, and those of all whose name is not among them.
fn section(base: &str, own: &str) -> String {
    fn name(line: &str) -> &str {
        line.split(' ').next().unwrap_or_default()
    }
    let own: Vec<_> = own.lines().collect();
    let is_kept = |line: &&str| own.iter().all(|other| name(other) != name(line));
    let lines = base.lines().filter(is_kept).chain(own.iter().copied());
    let lines = lines.filter(|line| line.contains('='));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// No address, no long number, and nobody's name.
pub(super) fn assert_nobody_is_shown(file: &str, told: &str) {
    // The last part of an id can be all digits.
    let told = without_ids(told).replace("name@example.com", "");
    let told = told.replace("+44 1632 960001", "");
    let is_address = |at: usize| told[..at].ends_with(|c: char| c.is_alphanumeric());
    let digits = |part: &str| part.len() >= 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    assert!(
        !told.match_indices('@').any(|(at, _)| is_address(at)),
        "{file}: {told}"
    );
    for word in told.split(|c: char| !c.is_alphanumeric()) {
        let is_somebody = PEOPLE.contains(&word.to_lowercase().as_str());
        assert!(!is_somebody && !digits(word), "{file}: `{word}` in {told}");
    }
}

/// A text in which no id is told, as each run has others.
pub(super) fn without_ids(text: &str) -> String {
    let is_part = |c: char| c == '-' || c.is_ascii_hexdigit();
    let mut shown = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(is_part) {
        let (before, from) = rest.split_at(begin);
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        let is_id = word.len() == 36 && uuid::Uuid::try_parse(word).is_ok();
        shown += before;
        shown += if is_id { "…" } else { word };
        rest = after;
    }
    shown + rest
}
