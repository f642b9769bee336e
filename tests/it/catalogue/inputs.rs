//! What a whole input is refused for: a small real input for each text, as a command answers it.
//!
//! Each names the input or the place in the job file, says what was found and what would be right, and has a next step; none shows
//! a value of a person.

use std::fmt::Write as _;
use std::fs;

use crate::cli::{Place, code, stderr};

use super::given::{Given, assert_nobody_is_shown, lay_out};

mod books;
mod headers;
mod kinds;
mod rules;

/// An input that is refused.
struct Refused {
    given: Given,
    command: &'static str,
    /// Its size, where what stands in it is only the beginning: the rest takes no room on the disk.
    bytes: Option<u64>,
    says: Says,
}

/// Where (in the message, besides the input's name), what was found (there too), and what would be right (there or in the hint).
type Says = [&'static str; 3];

/// The input as a whole has no place.
const WHOLE: &str = "";

const fn refused(given: Given, says: Says) -> Refused {
    Refused {
        given,
        command: "check",
        bytes: None,
        says,
    }
}

impl Refused {
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
        let Given {
            file,
            input,
            fields,
            ..
        } = self.given;
        lay_out(place, file, &self.given.content(), input, fields);
        if let Some(bytes) = self.bytes {
            let file = fs::File::options().write(true).open(place.path(file));
            file.and_then(|file| file.set_len(bytes)).expect("grown");
        }
        let output = place.run(&[self.command, file, "--job", "job.toml"]);
        let told = stderr(&output);
        assert_eq!(code(&output), 2, "{file}: {:?}: {told}", self.says);
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
        assert_form(&told, (!is_of_rules).then_some(one.given.file), one.says);
        let said = [one.given.input, "\n", one.given.fields].concat();
        writeln!(chapter, "## {} {}", one.command, one.given.file).expect("memory writes");
        for line in said.lines().filter(|line| line.contains('=')) {
            writeln!(chapter, "{line}").expect("memory writes");
        }
        writeln!(chapter, "{}\n", told.trim_end()).expect("memory writes");
    }
    chapter + &books::ended() + &rules::by_others()
}
