//! Text from the server: the only way by which any of it reaches ledger, files, logs or screen.
//!
//! Servers repeat what they were sent, whole or cut off, in other letter case and in all kinds of escapes. So the API
//! key and every value of the entry are blanked, in whatever form, and no character is left that moves or hides others.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use icu_normalizer::{DecomposingNormalizer, DecomposingNormalizerBorrowed};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::exchange::{Answer, BodyFault};
use super::shown::text_of;
use crate::entry::{Field, RequestBody};
use crate::sanitize::{is_unsafe, sanitized};

/// Maximum length of a server's message that is kept, in characters.
const MESSAGE_CHARS_MAX: usize = 300;
/// Longest name or word of a server that is kept, in characters: a project's name, a request's status.
const NAME_CHARS_MAX: usize = 120;
/// Length of a server's text that is read, in characters. Longer than a message, since a label in it may replace a long value.
const TEXT_CHARS_MAX: usize = 4_096;
/// Maximum number of statements that a message repeats from an error body.
const STATEMENTS_MAX: usize = 8;
/// Depth to which an error body is searched for statements.
const DEPTH_MAX: usize = 5;
/// Length of a part of the key or of a value that is blanked wherever it appears, in characters.
const PART_CHARS: usize = 8;
/// Minimum length of a value that is blanked as a whole, in characters. Shorter ones identify no person.
const VALUE_CHARS_MIN: usize = 3;
/// Maximum number of times that an escape may have been escaped again.
const UNESCAPES_MAX: usize = 3;

/// Cleans what the server says.
#[derive(Debug, Default)]
pub(super) struct ServerText {
    key: Option<SecretString>,
}

impl ServerText {
    /// Cleans what a server says that was sent this key.
    pub(super) fn new(key: &SecretString) -> Self {
        Self {
            key: Some(key.clone()),
        }
    }

    /// Returns a name or word of the server that is about no entry.
    pub(super) fn name(&self, text: &str) -> String {
        let text = head(text, TEXT_CHARS_MAX);
        cut(&sanitized(&self.blank(&text, None)), NAME_CHARS_MAX)
    }

    /// Returns what the server answered to an entry: the status, and the words of its error body.
    pub(super) fn message(&self, answer: &Answer, sent: &RequestBody) -> String {
        let status = answer.status;
        match &answer.body {
            Err(BodyFault::WebPage) => {
                return format!("the server answered {status} with a web page");
            }
            Err(fault @ BodyFault::Encoded { .. }) => {
                return format!("the server answered {status}, and {fault}");
            }
            _ => {}
        }
        let statements = answer
            .body
            .as_ref()
            .ok()
            .and_then(|body| serde_json::from_slice(body).ok())
            .map(|body| statements(&body))
            .unwrap_or_default();
        if statements.is_empty() {
            return format!("the server answered {status} without a message");
        }
        let told = self.redacted(&statements.join("; "), sent);
        format!("the server answered {status}: {told}")
    }

    /// Returns the text without the key and without sent values, cut to the maximum length.
    fn redacted(&self, text: &str, sent: &RequestBody) -> String {
        let text = self.blank(&head(text, TEXT_CHARS_MAX), Some(sent));
        let words = sanitized(&text);
        let words: String = words
            .split_inclusive(char::is_whitespace)
            .map(|word| {
                if word.contains('@') {
                    "‹email› "
                } else {
                    word
                }
            })
            .collect();
        cut(&mask_words(words.trim_end(), sent), MESSAGE_CHARS_MAX)
    }

    /// Blanks the key and the sent values, in every form that is recognised.
    fn blank(&self, text: &str, sent: Option<&RequestBody>) -> String {
        let mut blanks = Blanks::default();
        if let Some(key) = &self.key {
            blanks.add(key.expose_secret(), "‹API key›");
        }
        let fields = Field::ALL.into_iter().filter(|field| {
            // Words of the API are not blanked, because messages need them.
            !matches!(field, Field::Request | Field::Preverified)
        });
        let mut values: Vec<_> = fields
            .filter_map(|field| Some((text_of(sent?, field)?, field)))
            .filter(|(value, field)| field.is_personal() || value.chars().count() >= PART_CHARS)
            .collect();
        // A value may be part of another (of the notes): the shorter one names it better.
        values.sort_by_key(|(value, _)| value.len());
        for (value, field) in values {
            blanks.add(&value, &format!("‹{field}›"));
        }
        blanks.fill(text)
    }
}

fn head(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

fn cut(text: &str, chars_max: usize) -> String {
    let mut chars = text.chars();
    let mut kept: String = chars.by_ref().take(chars_max).collect();
    if chars.next().is_some() {
        kept.push('…');
    }
    kept
}

// What an error body says. ----------------------------------------------------------------------

/// Collects what an error body says: the published `message`, problem details (RFC 9457), and lists of errors in the
/// forms that frameworks give them.
fn statements(body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(body, "", 0, &mut found);
    let mut seen = HashSet::new();
    found.retain(|statement: &String| seen.insert(statement.clone()));
    found.truncate(STATEMENTS_MAX);
    found
}

/// Members that describe the error, in the order in which a message repeats them.
const SAYINGS: [&str; 11] = [
    "title",
    "message",
    "detail",
    "msg",
    "description",
    "error_description",
    "errorMessage",
    "reason",
    "userMessage",
    "faultstring",
    "Message",
];
/// Members that hold errors.
const HOLDERS: [&str; 12] = [
    "error",
    "errors",
    "details",
    "message",
    "detail",
    "violations",
    "issues",
    "invalid-params",
    "invalidParams",
    "validation",
    "fault",
    "problems",
];
/// Members of an error that say what it is about.
const PLACES: [&str; 9] = [
    "field",
    "path",
    "pointer",
    "parameter",
    "param",
    "property",
    "name",
    "loc",
    "source",
];

fn collect(value: &Value, place: &str, depth: usize, into: &mut Vec<String>) {
    if depth > DEPTH_MAX || into.len() >= STATEMENTS_MAX {
        return;
    }
    match value {
        Value::String(text) if !text.trim().is_empty() => {
            into.push(match place {
                "" => text.trim().to_owned(),
                place => format!("{place}: {}", text.trim()),
            });
        }
        Value::Array(items) => {
            for item in items {
                collect(item, place, depth + 1, into);
            }
        }
        Value::Object(members) => {
            let own = PLACES.iter().find_map(|name| place_of(members.get(*name)?));
            let place = own.as_deref().unwrap_or(place);
            let before = into.len();
            for name in SAYINGS {
                if let Some(text @ Value::String(_)) = members.get(name) {
                    collect(text, place, depth, into);
                }
            }
            for name in HOLDERS {
                match members.get(name) {
                    Some(Value::Object(held)) if !is_error(held) => {
                        // Errors by the name of the field.
                        for (field, errors) in held {
                            collect(errors, field, depth + 1, into);
                        }
                    }
                    Some(held @ (Value::Array(_) | Value::Object(_))) => {
                        collect(held, place, depth + 1, into);
                    }
                    _ => {}
                }
            }
            // Usually the status in words, so it is used only if there is nothing else.
            if let Some(text @ Value::String(_)) = members.get("error")
                && into.len() == before
            {
                collect(text, place, depth, into);
            }
        }
        _ => {}
    }
}

/// Returns whether an object is itself an error, and not a map from field names to errors.
fn is_error(members: &serde_json::Map<String, Value>) -> bool {
    SAYINGS
        .iter()
        .chain(&HOLDERS)
        .any(|name| members.contains_key(*name))
}

/// Returns what an error is about: a name, a path, or a `source` that has one.
fn place_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Array(steps) => {
            let steps = steps.iter().take(DEPTH_MAX).map(|step| match step {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            Some(steps.collect::<Vec<_>>().join("."))
        }
        Value::Object(source) => ["pointer", "parameter", "header"]
            .iter()
            .find_map(|name| Some(source.get(*name)?.as_str()?.to_owned())),
        _ => None,
    }
}

// Sent values, in every form. -------------------------------------------------------------------

/// A character in the form in which it is compared, and its byte range in the original text.
#[derive(Clone, Copy)]
struct Folded {
    char: char,
    start: usize,
    end: usize,
}

/// Returns a text as it is compared: escapes resolved, without case, accents and invisible characters, and with white
/// space (for which some encodings write `+`) as single blanks.
fn fold(text: &str) -> Vec<Folded> {
    let mut chars: Vec<_> = text
        .char_indices()
        .map(|(start, char)| Folded {
            char,
            start,
            end: start + char.len_utf8(),
        })
        .collect();
    for _ in 0..UNESCAPES_MAX {
        if !chars.iter().any(|one| matches!(one.char, '\\' | '%' | '&')) {
            break;
        }
        chars = unescaped(&chars);
    }
    let mut folded: Vec<Folded> = Vec::with_capacity(chars.len());
    let normalizer = DecomposingNormalizer::new_nfkd();
    for one in chars {
        if one.char.is_whitespace() || one.char == '+' {
            match folded.last_mut() {
                Some(last) if last.char == ' ' => last.end = one.end,
                _ => folded.push(Folded { char: ' ', ..one }),
            }
        } else if one.char.is_ascii() {
            let char = one.char.to_ascii_lowercase();
            if !is_unsafe(char) {
                folded.push(Folded { char, ..one });
            }
        } else {
            let plain = plain(one.char, &normalizer).into_iter();
            folded.extend(plain.map(|char| Folded { char, ..one }));
        }
    }
    folded
}

/// Returns a character in lower case, without accents and in its plain form; nothing, if it is invisible.
fn plain(char: char, normalizer: &DecomposingNormalizerBorrowed<'static>) -> Vec<char> {
    let mut buffer = [0; 4];
    let decomposed = normalizer
        .normalize(char.encode_utf8(&mut buffer))
        .into_owned();
    decomposed
        .chars()
        .filter(|c| !is_unsafe(*c) && !matches!(c, '\u{300}'..='\u{36f}'))
        .flat_map(char::to_lowercase)
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))
        .collect()
}

/// Resolves the escapes of JSON and programming languages, of addresses, and of HTML.
fn unescaped(chars: &[Folded]) -> Vec<Folded> {
    let mut out = Vec::with_capacity(chars.len());
    let mut at = 0;
    while let Some(one) = chars.get(at) {
        let rest = &chars[at..];
        let resolved = match one.char {
            '\\' => backslash(rest),
            '%' => percent(rest),
            '&' => entity(rest),
            _ => None,
        };
        if let Some((text, count)) = resolved {
            let (start, end) = (one.start, rest[count - 1].end);
            out.extend(text.chars().map(|char| Folded { char, start, end }));
            at += count;
        } else {
            out.push(*one);
            at += 1;
        }
    }
    out
}

/// Parses hexadecimal digits.
fn hex(chars: &[Folded]) -> Option<u32> {
    chars
        .iter()
        .try_fold(0, |sum, one| Some(sum * 16 + one.char.to_digit(16)?))
}

/// `\"`, `\n`, `\u00fc`, `\ud83d\ude00`, `\xfc`: returns the character and the length of the escape.
fn backslash(chars: &[Folded]) -> Option<(String, usize)> {
    let unit = |at: usize| {
        let is_unit = chars.get(at)?.char == '\\' && chars.get(at + 1)?.char == 'u';
        let digits = chars.get(at + 2..at + 6).filter(|_| is_unit)?;
        u16::try_from(hex(digits)?).ok()
    };
    match chars.get(1)?.char {
        'u' => {
            let first = unit(0)?;
            if let Some(char) = char::from_u32(first.into()) {
                return Some((char.into(), 6));
            }
            let both = String::from_utf16(&[first, unit(6)?]).ok()?;
            Some((both, 12))
        }
        'x' => {
            let char = char::from_u32(hex(chars.get(2..4)?)?)?;
            Some((char.into(), 4))
        }
        'n' | 'r' | 't' => Some((" ".to_owned(), 2)),
        char @ ('"' | '\'' | '\\' | '/') => Some((char.into(), 2)),
        _ => None,
    }
}

/// `%40`, `%C3%BC`
fn percent(chars: &[Folded]) -> Option<(String, usize)> {
    /// Longest character in UTF-8, in bytes.
    const CHAR_BYTES_MAX: usize = 4;
    let bytes: Vec<u8> = chars
        .chunks_exact(3)
        .take(CHAR_BYTES_MAX)
        .map_while(|three| {
            let digits = (three[0].char == '%').then(|| hex(&three[1..]))??;
            u8::try_from(digits).ok()
        })
        .collect();
    let text = String::from_utf8_lossy(&bytes);
    let first = text.chars().next()?;
    // One character per call, so that each keeps its own range. Bytes that are not UTF-8 are most likely Latin 1.
    let count = if first == char::REPLACEMENT_CHARACTER {
        1
    } else {
        first.len_utf8()
    };
    let char = if count == 1 {
        char::from(bytes[0])
    } else {
        first
    };
    Some((char.into(), count * 3))
}

/// `&amp;`, `&#64;`, `&#x40;`
fn entity(chars: &[Folded]) -> Option<(String, usize)> {
    /// Longest name between `&` and `;`.
    const NAME_MAX: usize = 8;
    let end = chars
        .iter()
        .take(NAME_MAX + 2)
        .position(|one| one.char == ';')?;
    let name: String = chars[1..end].iter().map(|one| one.char).collect();
    let char = match (&*name, name.strip_prefix('#')) {
        (_, Some(number)) => {
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
        ("amp", _) => '&',
        ("lt", _) => '<',
        ("gt", _) => '>',
        ("quot", _) => '"',
        ("apos", _) => '\'',
        ("nbsp", _) => ' ',
        ("commat", _) => '@',
        ("period", _) => '.',
        ("plus", _) => '+',
        _ => return None,
    };
    Some((char.into(), end + 1))
}

/// Returns the characters of a value as they are compared.
fn comparable(value: &str) -> Vec<char> {
    let folded: String = fold(value).iter().map(|one| one.char).collect();
    folded.trim().chars().collect()
}

/// Returns a value in hexadecimal digits and in base64. Text before it shifts base64, in three ways.
fn encodings(value: &[u8]) -> impl Iterator<Item = String> {
    let digits: Vec<_> = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let shifted = (0..3).filter_map(|skipped| value.get(skipped..));
    let base64 =
        shifted.flat_map(|bytes| [STANDARD_NO_PAD.encode(bytes), URL_SAFE_NO_PAD.encode(bytes)]);
    std::iter::once(digits.concat()).chain(base64)
}

/// The values to blank, and the label that replaces each.
#[derive(Default)]
struct Blanks {
    labels: Vec<String>,
    /// Every part of that length of the longer ones.
    parts: HashMap<[char; PART_CHARS], usize>,
    /// The shorter ones, whole.
    whole: Vec<(Vec<char>, usize)>,
}

impl Blanks {
    fn add(&mut self, value: &str, label: &str) {
        let at = self.labels.len();
        let chars = comparable(value);
        if chars.len() >= PART_CHARS {
            self.add_parts(&chars, at);
            for encoded in encodings(value.as_bytes()) {
                self.add_parts(&comparable(&encoded), at);
            }
        } else if chars.len() >= VALUE_CHARS_MIN {
            self.whole.push((chars, at));
        } else {
            return;
        }
        self.labels.push(label.to_owned());
    }

    fn add_parts(&mut self, chars: &[char], at: usize) {
        for part in chars.windows(PART_CHARS) {
            let part = part.try_into().expect("a window has its length");
            self.parts.entry(part).or_insert(at);
        }
    }

    /// Replaces every occurrence by its label.
    fn fill(&self, text: &str) -> String {
        if self.labels.is_empty() {
            return text.to_owned();
        }
        let folded = fold(text);
        let chars: Vec<char> = folded.iter().map(|one| one.char).collect();
        let mut covered: Vec<Option<usize>> = vec![None; chars.len()];
        for (at, part) in chars.windows(PART_CHARS).enumerate() {
            let part: &[char; PART_CHARS] = part.try_into().expect("a window has its length");
            if let Some(label) = self.parts.get(part) {
                for one in &mut covered[at..at + PART_CHARS] {
                    one.get_or_insert(*label);
                }
            }
        }
        for (value, label) in &self.whole {
            for (at, part) in chars.windows(value.len()).enumerate() {
                if part == value.as_slice() {
                    for one in &mut covered[at..at + value.len()] {
                        one.get_or_insert(*label);
                    }
                }
            }
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = 0;
        let mut goes_on = false;
        for (one, label) in folded.iter().zip(&covered) {
            if let Some(label) = label {
                // Characters that folding has left out between two matches belong to them. Adjacent matches are mostly
                // one value, parts of which other values have too.
                if !goes_on {
                    out.push_str(text.get(rest..one.start).unwrap_or_default());
                    out.push_str(&self.labels[*label]);
                }
                rest = rest.max(one.end);
            }
            goes_on = label.is_some();
        }
        out.push_str(text.get(rest..).unwrap_or_default());
        out
    }
}

/// Masks every word of a sent personal value, and every long number, because servers also repeat parts of values.
fn mask_words(message: &str, sent: &RequestBody) -> String {
    let words = |text: &str| -> Vec<String> {
        let words = text.to_lowercase();
        words
            .split(|c: char| !c.is_alphanumeric())
            .map(str::to_owned)
            .collect()
    };
    let personal = Field::ALL.into_iter().filter(|field| field.is_personal());
    let told: HashSet<String> = personal
        .filter_map(|field| text_of(sent, field))
        .flat_map(|text: Cow<'_, str>| words(&text))
        .filter(|word| word.chars().count() >= VALUE_CHARS_MIN)
        .collect();
    let mut out = String::with_capacity(message.len());
    for piece in message.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        let is_number = word.len() >= 5 && word.bytes().all(|byte| byte.is_ascii_digit());
        // Our own masks name fields of the API, not people.
        if is_number || (told.contains(&word.to_lowercase()) && Field::from_name(word).is_none()) {
            out.push('…');
            out.push_str(&piece[word.len()..]);
        } else {
            out.push_str(piece);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::intake::validate::validate;

    const KEY: &str = "3f9c\"Secret/Key&0815";

    fn sent() -> RequestBody {
        validate(&json!({
            "request": "delete", "userEmail": "ada@example.com", "userFirstName": "Zoë-Lou",
            "userLastName": "Müller O'Brien", "userPhoneNumber": "+442079460018", "domain": "shop.example.org",
            "requestDetails": "Subject: x\nmy son Kevin Smith", "userId": "customer-4711-é",
            "notes": "two\nlines [ref 00000000-0000-0000-0000-000000000001]",
        }))
        .expect("valid")
    }

    fn cleaner() -> ServerText {
        ServerText::new(&KEY.into())
    }

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            date: None,
            retry_after: None,
            limits: None,
            body: Ok(body.as_bytes().to_vec()),
        }
    }

    fn told(body: &Value) -> String {
        let message = cleaner().message(&answer(400, &body.to_string()), &sent());
        message
            .strip_prefix("the server answered 400: ")
            .unwrap_or(&message)
            .to_owned()
    }

    #[test]
    fn parts_of_what_was_sent_are_blanked_in_a_message() {
        let text =
            "details 'my son Kevin Smith' refused; user MÜLLER (tel 79460018), ada@example.com";
        let kept = cleaner().redacted(text, &sent());
        for personal in ["Kevin", "Smith", "MÜLLER", "79460018", "ada", "example.com"] {
            assert!(!kept.contains(personal), "{kept}");
        }
        assert!(kept.contains("refused"), "{kept}");
    }

    #[test]
    fn key_and_values_are_blanked_in_every_form() {
        let percent = |text: &str| -> String {
            text.bytes()
                .map(|byte| format!("%{byte:02X}"))
                .collect::<Vec<_>>()
                .concat()
        };
        let html = |text: &str| -> String {
            text.chars()
                .map(|c| format!("&#x{:x};", u32::from(c)))
                .collect::<Vec<_>>()
                .concat()
        };
        let json_escaped = |text: &str| -> String {
            text.encode_utf16()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect::<Vec<_>>()
                .concat()
        };
        let spaced =
            |text: &str| -> String { text.chars().flat_map(|c| [c, '\u{200b}']).collect() };
        let forms: [&dyn Fn(&str) -> String; 12] = [
            &|text| text.to_owned(),
            &|text| text.to_uppercase(),
            &|text| text.to_lowercase(),
            &|text| json!(text).to_string(),
            &|text| json!(json!(text).to_string()).to_string(),
            &|text| {
                text.replace('&', "&amp;")
                    .replace('"', "&quot;")
                    .replace('\'', "&#39;")
            },
            &|text| {
                text.replace(' ', "+")
                    .replace('/', "%2F")
                    .replace('&', "%26")
            },
            &percent,
            &|text| percent(&percent(text)),
            &html,
            &json_escaped,
            &spaced,
        ];
        let secrets = [
            (KEY, "‹API key›"),
            ("ada@example.com", "‹userEmail›"),
            ("Müller O'Brien", "‹userLastName›"),
            ("Zoë-Lou", "‹userFirstName›"),
            ("shop.example.org", "‹domain›"),
            ("customer-4711-é", "‹userId›"),
        ];
        for (n, form) in forms.iter().enumerate() {
            for (secret, label) in secrets {
                let text = format!("it dislikes <{}>, so there", form(secret));
                let kept = cleaner().blank(&text, Some(&sent()));
                // Quotes of JSON stand around the value, and an invisible character may.
                let rest = kept.replace(['"', '\\', '\u{200b}'], "");
                assert_eq!(
                    rest,
                    format!("it dislikes <{label}>, so there"),
                    "form {n} of {secret}"
                );
            }
        }
    }

    #[test]
    fn a_key_that_is_cut_off_is_blanked_and_so_is_one_in_a_name() {
        let kept = cleaner().redacted("no such key: 3F9C\"secret…", &sent());
        assert_eq!(kept, "no such key: ‹API key›…");
        assert_eq!(
            cleaner().name(&format!("a\u{1b}[31m{KEY}")),
            "a\u{fffd}[31m‹API key›"
        );
        assert_eq!(
            cleaner().name(&"x".repeat(500)).chars().count(),
            NAME_CHARS_MAX + 1
        );
        assert_eq!(ServerText::default().name("Prüfung"), "Prüfung");
    }

    #[test]
    fn key_and_values_are_blanked_in_base64_and_in_hexadecimal_digits() {
        for (secret, label) in [(KEY, "‹API key›"), ("ada@example.com", "‹userEmail›")] {
            let digits: Vec<_> = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
            let mut forms = vec![digits.concat()];
            for before in ["", "a", "ab", "user:"] {
                let text = format!("{before}{secret}");
                forms.push(STANDARD_NO_PAD.encode(&text));
                forms.push(URL_SAFE_NO_PAD.encode(&text));
            }
            for form in forms {
                let kept = cleaner().blank(&format!("it dislikes {form}"), Some(&sent()));
                assert!(kept.contains(label), "{form}: {kept}");
                // Characters at either end can also encode text before or after it.
                let limit = "it dislikes ".len() + label.len() + 2 * PART_CHARS;
                assert!(kept.len() < limit, "{kept}");
            }
        }
    }

    #[test]
    fn no_character_of_a_message_moves_or_hides_others() {
        let hostile = "bad\u{1b}]0;x\u{7} \u{202e}row\u{200b} \u{9b}31m\r\nnext\u{feff}";
        let kept = told(&json!({ "message": hostile }));
        assert!(!kept.contains(is_unsafe), "{kept:?}");
        assert!(kept.contains("next"), "{kept}");
    }

    #[test]
    fn problem_details_and_lists_of_errors_are_told() {
        for (body, expected) in [
            (
                json!({"statusCode": 400, "error": "Bad Request", "message": "no such domain"}),
                "no such domain",
            ),
            (json!({"error": "Bad Request"}), "Bad Request"),
            (
                json!({"message": ["first", "second"], "error": "Bad Request"}),
                "first; second",
            ),
            (
                json!({"type": "about:blank", "title": "Not valid", "detail": "the domain", "status": 400}),
                "Not valid; the domain",
            ),
            (
                json!({"title": "Not valid", "errors": {"domain": ["is unknown", "is odd"], "notes": "is long"}}),
                "Not valid; domain: is unknown; domain: is odd; notes: is long",
            ),
            (
                json!({"errors": [{"field": "domain", "message": "is unknown"}, "odd"]}),
                "domain: is unknown; odd",
            ),
            (
                json!({"errors": [{"source": {"pointer": "/data/domain"}, "title": "Invalid", "detail": "is unknown"}]}),
                "/data/domain: Invalid; /data/domain: is unknown",
            ),
            (
                json!({"error": {"code": 400, "message": "no", "errors": [{"detail": "why"}]}}),
                "no; why",
            ),
            (
                json!({"detail": [{"loc": ["body", "domain"], "msg": "field required"}]}),
                "body.domain: field required",
            ),
            (
                json!({"invalid-params": [{"name": "domain", "reason": "is unknown"}]}),
                "domain: is unknown",
            ),
            (
                json!({"error": {"errors": [{"error": {"message": "deep"}}]}}),
                "deep",
            ),
            (json!(["first", {"message": "second"}]), "first; second"),
            (json!("just words"), "just words"),
        ] {
            assert_eq!(told(&body), expected, "{body}");
        }
        for body in [
            json!({}),
            json!({"message": " "}),
            json!(7),
            json!({"errors": [{"code": 7}]}),
        ] {
            assert_eq!(
                told(&body),
                "the server answered 400 without a message",
                "{body}"
            );
        }
        let many: Vec<_> = (0..100)
            .map(|n| json!({ "message": format!("no {n}") }))
            .collect();
        assert_eq!(statements(&json!({ "errors": many })).len(), STATEMENTS_MAX);
    }
}
