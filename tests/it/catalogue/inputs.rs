//! What a whole input is refused for: a small real input for each text, as a command answers it.
//!
//! Each names the input or the place in the job file, says what was found and what would be right, and has a next step; none shows
//! a value of a person.

use std::fmt::Write as _;
use std::fs;

use crate::cli::{Place, code, stderr};

use super::rows::{Content, FIELDS, INPUT, assert_nobody_is_shown, section};

mod books;
mod headers;
mod kinds;
mod rules;

/// An input that is refused.
struct Refused {
    command: &'static str,
    file: &'static str,
    content: Content,
    /// Its size, where what stands in it is only the beginning: the rest takes no room on the disk.
    bytes: Option<u64>,
    /// Lines of the job file, instead of those of [`INPUT`] and [`FIELDS`] with the same name.
    input: &'static str,
    fields: &'static str,
    says: Says,
}

/// Where (in the message, besides the input's name), what was found (there too), and what would be right (there or in the hint).
type Says = [&'static str; 3];

/// The input as a whole has no place.
const WHOLE: &str = "";

const fn refused(file: &'static str, content: Content, says: Says) -> Refused {
    Refused {
        command: "check",
        file,
        content,
        bytes: None,
        input: "",
        fields: "",
        says,
    }
}

const fn text(file: &'static str, text: &'static str, says: Says) -> Refused {
    refused(file, Content::Text(text), says)
}

const fn bytes(file: &'static str, bytes: &'static [u8], says: Says) -> Refused {
    refused(file, Content::Bytes(bytes), says)
}

const fn made(file: &'static str, made: fn() -> Vec<u8>, says: Says) -> Refused {
    refused(file, Content::Made(made), says)
}

impl Refused {
    const fn input(mut self, lines: &'static str) -> Self {
        self.input = lines;
        self
    }

    const fn fields(mut self, lines: &'static str) -> Self {
        self.fields = lines;
        self
    }

    const fn by(mut self, command: &'static str) -> Self {
        self.command = command;
        self
    }

    const fn of_bytes(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// What the command answers.
    fn answer(&self, place: &Place) -> String {
        let content = match self.content {
            Content::Text(text) => text.into(),
            Content::Bytes(bytes) => bytes.into(),
            Content::Made(made) => made(),
        };
        fs::write(place.path(self.file), content).expect("written");
        if let Some(bytes) = self.bytes {
            let file = fs::File::options().write(true).open(place.path(self.file));
            file.and_then(|file| file.set_len(bytes)).expect("grown");
        }
        let (input, fields) = match self.command {
            "check" => (INPUT, FIELDS),
            _ => ("", ""),
        };
        let input = section(input, self.input);
        let job = format!("[input]\n{input}[fields]\n{}", section(fields, self.fields));
        fs::write(place.path("job.toml"), job).expect("written");
        let output = place.run(&[self.command, self.file, "--job", "job.toml"]);
        let told = stderr(&output);
        assert_eq!(code(&output), 2, "{}: {:?}: {told}", self.file, self.says);
        // `rows` tells first how the input is understood.
        let begin = told.find("error: ").unwrap_or_default();
        told[begin..].to_owned()
    }
}

/// Asserts that it says everything there is to say.
fn assert_form(told: &str, input: Option<&str>, [place, found, wanted]: Says) {
    let (message, hint) = told
        .split_once("\nhint: ")
        .unwrap_or_else(|| panic!("no hint: {told}"));
    assert!(message.starts_with("error: "), "{told}");
    if let Some(input) = input {
        assert!(message.contains(input), "{input} is not named: {told}");
    }
    assert!(!found.is_empty() && !wanted.is_empty(), "{told}");
    for piece in [place, found] {
        assert!(message.contains(piece), "`{piece}` is not told: {told}");
    }
    assert!(
        told.contains(wanted),
        "`{wanted}` is not told as what would be right: {told}"
    );
    for said in [message, hint.trim_end()] {
        assert!(
            !said.is_empty() && !said.ends_with(['.', '!', ' ']),
            "{told}"
        );
    }
    assert!(!told.contains("panicked"), "{told}");
    assert_nobody_is_shown(input.unwrap_or("a rule"), told);
}

/// All of them, each with its answer.
pub(super) fn read_aloud() -> String {
    let place = Place::new();
    let mut chapter = String::new();
    for one in [
        kinds::REFUSED,
        books::REFUSED,
        headers::REFUSED,
        rules::REFUSED,
    ]
    .into_iter()
    .flatten()
    {
        let told = one.answer(&place);
        // What is wrong with a rule is wrong for every input.
        let is_of_rules = ["input.", "fields."]
            .iter()
            .any(|section| one.says[0].starts_with(section));
        assert_form(&told, (!is_of_rules).then_some(one.file), one.says);
        let said = [one.input, "\n", one.fields].concat();
        writeln!(chapter, "## {} {}", one.command, one.file).expect("memory writes");
        for line in said.lines().filter(|line| line.contains('=')) {
            writeln!(chapter, "{line}").expect("memory writes");
        }
        writeln!(chapter, "{}\n", told.trim_end()).expect("memory writes");
    }
    chapter + &books::ended() + &rules::by_others()
}
