//! Whether the catalogue has all that errors say, by what stands in the sources.

use std::fs;
use std::path::Path;

/// What nobody is shown: the cause is told in its place.
const NOT_TOLD: [&str; 2] = [
    "stopped before everything was compared",
    "the ledger is closed",
];
/// Asserts that each `#[error("…")]` of the crate has a line in the catalogue that holds all of it but the values.
pub(super) fn assert_all_told(catalogue: &str) {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let (mut texts, mut untold) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(&folder).expect("listed") {
            let path = file.expect("a file").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|ending| ending != "rs") {
                continue;
            }
            let source = fs::read_to_string(&path).expect("text");
            for text in source.split("#[error(").skip(1).filter_map(text_of) {
                texts += 1;
                let is_told = catalogue.lines().any(|line| is_example(line, &text));
                if !is_told && !NOT_TOLD.contains(&&*text) {
                    untold.push(text);
                }
            }
        }
    }
    assert!(untold.is_empty(), "no example of {untold:#?}");
    assert!(texts > 80, "{texts} texts: they stand otherwise now");
}

/// The text of an attribute that is not `transparent`, as Rust reads it.
fn text_of(attribute: &str) -> Option<String> {
    let mut letters = attribute.trim_start().strip_prefix('"')?.chars();
    let mut text = String::new();
    loop {
        match letters.next()? {
            '"' => return Some(text),
            '\\' => match letters.next()? {
                '\n' => {
                    let rest = letters.as_str().trim_start();
                    letters = rest.chars();
                }
                'n' => text.push('\n'),
                escaped => text.push(escaped),
            },
            letter => text.push(letter),
        }
    }
}

/// Whether the line holds the pieces of the text between its values, in their order.
fn is_example(line: &str, text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let mut pieces = first.split(['{', '}']).step_by(2);
    let mut rest = Some(line);
    pieces.all(|piece| {
        rest = rest
            .and_then(|rest| rest.split_once(piece))
            .map(|(_, rest)| rest);
        rest.is_some()
    })
}
