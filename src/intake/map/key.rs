//! The text of a source key: readable, and different for different lists of values.
//!
//! Values are trimmed and joined by ` / `; where one row makes several entries, ` // ` and the request follow.
//! So that `("a", "b")` and `("a / b")` differ, every run of slashes in a value that has a space or the value's edge
//! on both sides is written with two more: a lone slash between spaces is always a joint between columns, two are
//! the joint before the request, three or more belong to a value. **This can never change**: import ids hang on it.

use crate::entry::RequestType;

/// The key of a list of trimmed values, which grows.
#[derive(Default)]
pub(crate) struct Joining {
    pub(crate) text: String,
    has_values: bool,
}

impl Joining {
    /// Adds the next value.
    pub(crate) fn push(&mut self, value: &str) {
        if std::mem::replace(&mut self.has_values, true) {
            self.text.push_str(" / ");
        }
        push(value, &mut self.text);
    }
}

/// The key of one of several entries of a row.
pub(crate) fn of_request(key: &str, request: RequestType) -> String {
    parts_of_request(key, request).concat()
}

/// The parts of [`of_request`].
pub(crate) fn parts_of_request(key: &str, request: RequestType) -> [&str; 3] {
    [key, " // ", request.name()]
}

fn push(value: &str, key: &mut String) {
    let mut rest = value;
    let mut before_is_edge = true;
    while let Some(start) = memchr::memchr(b'/', rest.as_bytes()) {
        let run = rest[start..].len() - rest[start..].trim_start_matches('/').len();
        let left = if start == 0 {
            before_is_edge
        } else {
            rest[..start].ends_with(' ')
        };
        let after = &rest[start + run..];
        key.push_str(&rest[..start + run]);
        if left && (after.is_empty() || after.starts_with(' ')) {
            key.push_str("//");
        }
        rest = after;
        before_is_edge = false;
    }
    key.push_str(rest);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn join<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
        let mut key = Joining::default();
        values.into_iter().for_each(|value| key.push(value));
        key.text
    }

    #[test]
    fn keys_read_as_their_values() {
        assert_eq!(join(["T-1"]), "T-1");
        assert_eq!(
            join(["2026/17", "a/b", "https://x/y"]),
            "2026/17 / a/b / https://x/y"
        );
        assert_eq!(join(["a", "", "b"]), "a /  / b");
        assert_eq!(of_request("T-1", RequestType::Delete), "T-1 // delete");
    }

    #[test]
    fn different_values_never_make_one_key() {
        assert_eq!(join(["a / b"]), "a /// b");
        assert_eq!(join(["/"]), "///");
        assert_eq!(join(["a /", "b"]), "a /// / b");
        assert_eq!(join(["a", "/ b"]), "a / /// b");
        assert_eq!(join(["T-1 // delete"]), "T-1 //// delete");
    }

    /// What [`join`] and [`of_request`] made a key of.
    fn split(key: &str) -> (Vec<String>, Option<String>) {
        let mut values = vec![String::new()];
        let mut request = None;
        let bytes = key.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let run = bytes[at..].iter().take_while(|&&byte| byte == b'/').count();
            if run == 0 {
                values
                    .last_mut()
                    .expect("never empty")
                    .push_str(&key[at..=at]);
                at += 1;
                continue;
            }
            let is_bounded =
                |index: Option<usize>| index.and_then(|i| bytes.get(i)).is_none_or(|&b| b == b' ');
            let bounded = is_bounded(at.checked_sub(1)) && is_bounded(Some(at + run));
            let value = values.last_mut().expect("never empty");
            match (bounded, run) {
                (true, 1 | 2) => {
                    value.pop();
                    if run == 2 {
                        request = Some(key[at + 3..].to_owned());
                        break;
                    }
                    values.push(String::new());
                    at += 2;
                }
                (true, _) => {
                    value.push_str(&"/".repeat(run - 2));
                    at += run;
                }
                (false, _) => {
                    value.push_str(&"/".repeat(run));
                    at += run;
                }
            }
        }
        (values, request)
    }

    proptest! {
        #[test]
        fn a_key_tells_its_values(values in prop::collection::vec("[ab/ ]{0,6}", 1..4), several: bool) {
            let values: Vec<_> = values.iter().map(|value| value.trim().to_owned()).collect();
            let mut key = join(values.iter().map(String::as_str));
            if several {
                key = of_request(&key, RequestType::View);
            }
            prop_assert_eq!(split(&key), (values, several.then(|| "view".to_owned())));
        }
    }
}
