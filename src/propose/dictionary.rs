//! The data files of words: read once each, and written so that a translator can edit them.

use serde::de::DeserializeOwned;

/// Reads a data file, which is part of the program.
pub(super) fn dictionary<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).expect("a test reads each file")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use toml::Value;

    use crate::intake::words::words;

    /// Checks every list of a value: it holds each word once, in the form in which words are compared.
    fn assert_each_word_once(place: &str, value: &Value) {
        match value {
            Value::Table(table) => {
                for (key, value) in table {
                    assert_each_word_once(&format!("{place} {key}"), value);
                }
            }
            Value::Array(list) => {
                let mut known = HashSet::new();
                for item in list {
                    if let Value::String(word) = item {
                        assert!(known.insert(word), "{place}: `{word}` is there twice");
                        assert_eq!(words(word).join(" "), *word, "{place}");
                    } else {
                        assert_each_word_once(place, item);
                    }
                }
            }
            _ => {}
        }
    }

    #[test]
    fn each_file_parses_and_holds_each_word_of_a_list_once() {
        for (name, text) in [
            ("headers", include_str!("headers.toml")),
            ("requests", include_str!("requests.toml")),
            ("sources", include_str!("sources.toml")),
        ] {
            let file: toml::Table = super::dictionary(text);
            assert!(!file.is_empty(), "{name}");
            assert_each_word_once(name, &Value::Table(file));
        }
    }
}
