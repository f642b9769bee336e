//! The error for a word of a fault or setting that the sandbox does not know.

use std::fmt;

use crate::nearest::nearest;

/// Text that does not name what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}{}", meant(.text, .wanted))]
pub struct ParseError {
    text: String,
    wanted: &'static str,
}

/// Words that stand around what may be written.
const AROUND: [&str; 5] = ["write", "status", "such", "wait", "seconds"];

/// Returns the permitted word that is nearest to the given one.
fn meant(text: &str, wanted: &str) -> String {
    let text = text.split([':', '=', '*']).next().unwrap_or_default();
    let words = wanted.split(|c: char| !(c.is_ascii_lowercase() || c == '-'));
    let names = words.filter(|word| word.len() >= "ok".len() && !AROUND.contains(word));
    match nearest(text, names) {
        Some(name) if name != text => format!("; did you mean `{name}`?"),
        _ => String::new(),
    }
}

impl ParseError {
    pub(super) fn new(text: impl fmt::Display, wanted: &'static str) -> Self {
        Self {
            text: text.to_string(),
            wanted,
        }
    }
}
