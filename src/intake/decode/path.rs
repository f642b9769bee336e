//! Paths to values of JSON objects: keys joined by dots, and selectors for the elements of a list.
//!
//! `requester.email` is a value of an object within the row. `custom_fields[id=27642].value` is a value of the element
//! of the list `custom_fields` whose `id` is 27642. Keys and values are compared as text, to the letter. A value that
//! holds `]`, or that begins or ends with a blank, is put in double quotes, where `\"` is a quote and `\\` a backslash.

/// A path with a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// The dotted path of the list.
    pub(super) list: String,
    /// The conditions for an element: the dotted path of a value within it, and the value's text.
    pub(super) conditions: Vec<(String, String)>,
    /// The part of the element that is wanted.
    pub(super) rest: Rest,
}

/// The part of an element that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// All of it.
    Whole,
    /// The value at a dotted path within it.
    Keys(String),
    /// A value of a list within it.
    Path(Box<Path>),
}

/// The reason why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PathFault {
    /// The character at fault, from 1.
    pub(crate) character: usize,
    /// The error at that character.
    pub(crate) what: &'static str,
}

/// Parses a path. Returns none for one without a selector.
pub(crate) fn parse(text: &str) -> Result<Option<Path>, PathFault> {
    parse_from(text, 0)
}

fn parse_from(text: &str, start: usize) -> Result<Option<Path>, PathFault> {
    let fault = |at: usize, what| PathFault {
        character: text[..at].chars().count() + 1,
        what,
    };
    let Some(open) = text[start..].find('[').map(|offset| start + offset) else {
        return Ok(None);
    };
    let list = text[start..open].trim();
    if list.is_empty() {
        return Err(fault(open, "no list is named before `[`"));
    }
    let mut conditions = Vec::new();
    let mut at = open;
    while text[at..].starts_with('[') {
        let inner = at + 1;
        let close = text[inner..].find(']').map(|offset| inner + offset);
        let equals = text[inner..].find('=').map(|offset| inner + offset);
        let equals = match (equals, close) {
            (_, None) => return Err(fault(at, "`[` is not closed by `]`")),
            (Some(equals), Some(close)) if equals < close => equals,
            _ => return Err(fault(inner, "`=` is missing between `[` and `]`")),
        };
        let key = text[inner..equals].trim();
        if key.is_empty() {
            return Err(fault(inner, "no key stands before `=`"));
        }
        let blanks = text[equals + 1..].len() - text[equals + 1..].trim_start().len();
        let value_start = equals + 1 + blanks;
        let (value, end) = if text[value_start..].starts_with('"') {
            let (value, end) = quoted(&text[value_start + 1..])
                .ok_or_else(|| fault(value_start, "the quoted value is not closed by `\"`"))?;
            let end = value_start + 1 + end;
            (
                value,
                end + text[end..].len() - text[end..].trim_start().len(),
            )
        } else {
            let end = text[value_start..]
                .find(']')
                .map_or(text.len(), |offset| value_start + offset);
            (text[value_start..end].trim().to_owned(), end)
        };
        if !text[end..].starts_with(']') {
            return Err(fault(end, "`]` is missing behind the value"));
        }
        if value.is_empty() {
            return Err(fault(value_start, "no value stands behind `=`"));
        }
        conditions.push((key.to_owned(), value));
        at = end + 1;
    }
    let rest = match text[at..].strip_prefix('.') {
        None if text[at..].trim().is_empty() => Rest::Whole,
        None => return Err(fault(at, "`.` is missing behind `]`")),
        Some(keys) if keys.trim().is_empty() => {
            return Err(fault(at, "no key stands behind `.`"));
        }
        Some(keys) => match parse_from(text, at + 1)? {
            Some(path) => Rest::Path(Box::new(path)),
            None => Rest::Keys(keys.trim().to_owned()),
        },
    };
    Ok(Some(Path {
        list: list.to_owned(),
        conditions,
        rest,
    }))
}

/// The text up to the closing quote, and where what follows that quote begins.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, at + 1)),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

/// Writes the path of a value in the elements of a list that hold that text under that key.
pub(super) fn written(list: &str, key: &str, text: &str, value: &str) -> String {
    let mut path = format!("{list}[{key}=");
    if text.contains([']', '"']) || text.trim() != text {
        path.push('"');
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                path.push('\\');
            }
            path.push(c);
        }
        path.push('"');
    } else {
        path.push_str(text);
    }
    path + "]." + value
}

/// Returns what the last selector of a path looks for: the name of a field, as people gave it, or its number.
pub(crate) fn selected(text: &str) -> Option<String> {
    let mut path = parse(text).ok()??;
    while let Rest::Path(rest) = path.rest {
        path = *rest;
    }
    path.conditions.pop().map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_names_a_key_and_its_value() {
        let path = parse("a.custom_fields[id=27642].value").expect("it is well formed");
        let path = path.expect("it has a selector");
        assert_eq!(path.list, "a.custom_fields");
        assert_eq!(path.conditions, [("id".to_owned(), "27642".to_owned())]);
        assert_eq!(path.rest, Rest::Keys("value".to_owned()));
        let path = parse(r#"f[ name = "a ]\" b" ][k.l=v.w]"#).expect("it is well formed");
        let path = path.expect("it has a selector");
        assert_eq!(
            path.conditions[0],
            ("name".to_owned(), "a ]\" b".to_owned())
        );
        assert_eq!(path.conditions[1], ("k.l".to_owned(), "v.w".to_owned()));
        assert_eq!(path.rest, Rest::Whole);
        assert_eq!(parse("requester.email"), Ok(None));
        let nested = parse("a[b=1].c.d[e=x y].f").expect("it is well formed");
        let nested = nested.expect("it has a selector");
        assert!(matches!(nested.rest, Rest::Path(rest) if rest.list == "c.d"));
    }

    #[test]
    fn faults_name_the_character() {
        for (text, character) in [
            ("a[id=1", 2),
            ("a[1].value", 3),
            ("a[].value", 3),
            ("[id=1].value", 1),
            ("a[=1]", 3),
            ("a[id=].value", 6),
            ("a[id=1]value", 8),
            ("a[id=1].", 8),
            ("a[id=\"x].value", 6),
            ("a[id=\"x\" y].value", 10),
            ("é[id=1].b[c].d", 11),
        ] {
            let found = parse(text).map_err(|fault| fault.character);
            assert_eq!(found, Err(character), "{text}");
        }
    }

    #[test]
    fn a_written_path_is_read_again() {
        for text in ["27642", "Request type", "a ] b", " x", "say \"hi\" \\"] {
            let path = written("f", "name", text, "value");
            let read = parse(&path).expect("it is well formed");
            let read = read.expect("it has a selector");
            assert_eq!(read.conditions, [("name".to_owned(), text.to_owned())]);
            assert_eq!(selected(&path).as_deref(), Some(text));
        }
    }
}
