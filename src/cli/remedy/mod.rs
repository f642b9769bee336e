//! What each code means, and what to do about it: of problems and warnings about rows, and of what became of entries.
//!
//! Whatever tells a code (the reports, `report.html`, the guide) takes its words from here. A test looks through the sources
//! that make codes, so that none is forgotten.

mod entries;
mod rows;

pub(super) use entries::ENTRIES;
pub(super) use rows::PROBLEMS;

/// A code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remedy {
    /// As [`crate::intake::Problem`] and [`crate::outcome::Reason`] have it.
    pub(crate) code: &'static str,
    /// What all of its kind have in common.
    pub(crate) meaning: &'static str,
    /// What to do next.
    pub(crate) to_do: &'static str,
}

/// What is said of a problem or warning about rows.
pub(crate) fn of_problem(code: &str) -> Option<&'static Remedy> {
    PROBLEMS.iter().find(|remedy| remedy.code == code)
}

/// What is said of what became of an entry, by the code of the reason.
pub(super) fn of_entry(code: &str) -> &'static Remedy {
    let known = ENTRIES.iter().find(|remedy| remedy.code == code);
    known.unwrap_or_else(|| entries::of_class(code))
}

const fn remedy(code: &'static str, meaning: &'static str, to_do: &'static str) -> Remedy {
    Remedy {
        code,
        meaning,
        to_do,
    }
}

/// Codes and what is said of them, as a table of the guide.
#[cfg(test)]
pub(super) fn table(remedies: &[Remedy]) -> String {
    let mut remedies = remedies.to_vec();
    remedies.sort_by_key(|remedy| remedy.code);
    let mut table = String::from("| code | what it means | what to do |\n|---|---|---|\n");
    for remedy in remedies {
        let to_do = remedy.to_do.replace('|', "\\|");
        table += &format!("| `{}` | {} | {to_do} |\n", remedy.code, remedy.meaning);
    }
    table
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::intake::{Phone, phone};

    #[test]
    fn an_example_of_a_number_is_a_number_that_is_taken() {
        let mut examples = 0;
        for remedy in PROBLEMS {
            for (at, _) in remedy.to_do.match_indices("such as +") {
                let text = &remedy.to_do[at + "such as ".len()..];
                let number = text.split(',').next().unwrap_or_default();
                let read = phone(number, None);
                assert!(
                    matches!(read, Phone::International(..)),
                    "{number}: {read:?}"
                );
                examples += 1;
            }
        }
        assert!(examples > 0);
    }

    /// Words in the sources of the same form as codes, which no row's problem has: keys of the rejects, and what is wrong
    /// with a JSON body that is held against the schema, which a row never is.
    const NO_CODES: &[&str] = &[
        "custom_field_id",
        "display_value",
        "field_id",
        "field_name",
        "field_value",
        "import_line",
        "import_problem",
        "not_one_of",
        "string_value",
        "unknown_property",
        "wrong_type",
    ];
    /// A file without any of these makes no problem.
    const MAKES_PROBLEMS: &[&str] = &[
        "Problem",
        "Loose",
        "Fault",
        "Malformed",
        "Wrong(",
        "Remark",
        "code",
    ];

    fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }

    /// Without comments and what stands in the file's own tests.
    fn code_of(path: &Path) -> String {
        let text = std::fs::read_to_string(path).expect("a source");
        let text = text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap_or_default();
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The literals that have the form of a code: all those with an underscore, and single words where codes stand.
    fn codes_in(text: &str) -> Vec<String> {
        let pieces: Vec<_> = text.split('"').collect();
        let is_word = |piece: &str| {
            piece.len() > 3
                && piece
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
        };
        let mut found = Vec::new();
        for window in pieces.windows(2) {
            let (before, literal) = (window[0].trim_end(), window[1]);
            let stands_for_code = ["code:", "code =", "Remark("]
                .iter()
                .any(|place| before.ends_with(place));
            if is_word(literal) && (literal.contains('_') || stands_for_code) {
                found.push(literal.to_owned());
            }
        }
        found
    }

    #[test]
    fn every_code_of_a_problem_is_explained() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut paths = vec![root.join("check.rs"), root.join("identity.rs")];
        sources(&root.join("intake"), &mut paths);
        let mut made = Vec::new();
        let mut texts = String::new();
        for path in paths {
            let text = code_of(&path);
            texts += &text;
            if MAKES_PROBLEMS.iter().any(|word| text.contains(word)) {
                let codes = codes_in(&text).into_iter();
                made.extend(codes.map(|code| (code, path.display().to_string())));
            }
        }
        let unknown: Vec<_> = made
            .iter()
            .filter(|(code, _)| of_problem(code).is_none() && !NO_CODES.contains(&code.as_str()))
            .collect();
        assert!(
            unknown.is_empty(),
            "codes without an entry, or words for NO_CODES: {unknown:?}"
        );
        for remedy in PROBLEMS.iter().filter(|remedy| remedy.code != "required") {
            assert!(
                texts.contains(&format!("\"{}\"", remedy.code)),
                "nothing makes `{}` any more",
                remedy.code
            );
        }
    }

    /// They are made in many places, each by `Reason::new("…"`; those of answers have the status.
    #[test]
    fn every_code_of_an_entry_is_explained() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut paths = Vec::new();
        for place in [
            "ambiguity",
            "identity",
            "import",
            "outbound",
            "ledger",
            "reconcile",
            "report",
        ] {
            paths.push(root.join(place).with_extension("rs"));
            if root.join(place).is_dir() {
                sources(&root.join(place), &mut paths);
            }
        }
        paths.retain(|path| path.exists());
        let texts: String = paths.iter().map(|path| code_of(path)).collect();
        let made = texts.split("Reason::new(").skip(1);
        let made = made.filter_map(|made| made.trim_start().strip_prefix('"')?.split('"').next());
        for code in made {
            assert_eq!(of_entry(code).code, code, "it has no entry");
        }
        for remedy in ENTRIES {
            assert!(
                remedy.code.starts_with("http_") || texts.contains(&format!("\"{}\"", remedy.code)),
                "nothing makes `{}` any more",
                remedy.code
            );
        }
    }

    #[test]
    fn each_says_something_once_and_fit_into_a_sentence() {
        let mut codes = BTreeSet::new();
        for remedy in PROBLEMS.iter().chain(ENTRIES) {
            assert!(codes.insert(remedy.code), "{} stands twice", remedy.code);
            for text in [remedy.meaning, remedy.to_do] {
                assert!(
                    !text.is_empty() && !text.ends_with('.') && !text.contains('\n'),
                    "{text}"
                );
            }
        }
    }
}
