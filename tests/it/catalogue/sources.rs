//! Whether the catalogue has all that errors say, by what stands in the sources.

use std::fs;
use std::path::Path;

/// What nobody is shown: the cause is told in its place.
const NOT_TOLD: [&str; 2] = [
    "stopped before everything was compared",
    "the ledger is closed",
];
/// Pieces that are shorter say too little.
const PIECE_BYTES_MIN: usize = 8;

/// Asserts that of each `#[error("…")]` of the crate the longest piece without a value stands in the catalogue.
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
                let piece = longest_piece(&text);
                let is_told = piece.len() < PIECE_BYTES_MIN
                    || NOT_TOLD.contains(&&*piece)
                    || catalogue.contains(&piece);
                if !is_told {
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

fn longest_piece(text: &str) -> String {
    let pieces = text.split(['{', '}']).step_by(2);
    let longest = pieces.max_by_key(|piece| piece.len());
    longest.unwrap_or_default().trim().to_owned()
}
