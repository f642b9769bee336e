//! JSON Lines to rows: one object a line.
//!
//! Each line is parsed by `serde_json` into a flat tree that is used again for the next line, so that repeated keys
//! are seen, numbers keep the digits they were written with (an exponent becomes `e+5`), and little is allocated. A column is a dotted
//! path (`requester.email`); at every object a key that is the whole rest of the path wins.
//! Not here: arrays of objects in one document, which are refused by `detect`.

use std::fmt;
use std::io;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::super::problem::{cut, grouped};
use super::super::source::Window;
use super::csv::not_utf8;
use super::{
    Cell, Cells, Decoded, KEPT_BYTES_MAX, LINE_BYTES_MAX, Malformed, RawRow, RecordKind,
    SAMPLE_BYTES_MAX, SAMPLE_ROWS_MAX, skip_line,
};

/// The name by which `serde_json` hands over a number whose digits it keeps.
const NUMBER: &str = "$serde_json::private::Number";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    Text,
    Number,
    Bool,
    Array,
    Object,
}

#[derive(Clone, Debug)]
struct Node {
    /// Its name within an object, in the tree's text.
    key: Range<usize>,
    kind: Kind,
    /// A scalar's text, in the tree's text.
    text: Range<usize>,
    /// The first node that is not within this one.
    next: usize,
}

/// One JSON value, flat: each node is followed by what it holds.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    text: String,
    nodes: Vec<Node>,
    /// A key that an object has twice.
    repeated: Option<String>,
}

impl Tree {
    /// Parses one JSON text.
    pub(crate) fn parse(&mut self, text: &str) -> Result<(), serde_json::Error> {
        self.text.clear();
        self.nodes.clear();
        self.repeated = None;
        let mut json = serde_json::Deserializer::from_str(text);
        Grow {
            tree: self,
            key: 0..0,
        }
        .deserialize(&mut json)?;
        json.end()
    }

    fn push(&mut self, key: Range<usize>, kind: Kind, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        let next = self.nodes.len() + 1;
        self.nodes.push(Node {
            key,
            kind,
            text: start..self.text.len(),
            next,
        });
    }

    fn key(&self, node: usize) -> &str {
        &self.text[self.nodes[node].key.clone()]
    }

    fn children(&self, parent: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.nodes[parent].next;
        let mut child = parent + 1;
        std::iter::from_fn(move || {
            let this = child;
            (this < end).then(|| {
                child = self.nodes[this].next;
                this
            })
        })
    }

    pub(crate) fn is_object(&self) -> bool {
        self.nodes
            .first()
            .is_some_and(|node| node.kind == Kind::Object)
    }

    fn is_blank(&self) -> bool {
        self.nodes.iter().all(|node| match node.kind {
            Kind::Text => self.text[node.text.clone()].trim().is_empty(),
            Kind::Number | Kind::Bool => false,
            Kind::Null | Kind::Array | Kind::Object => true,
        })
    }

    /// The node at a dotted path.
    fn find(&self, path: &str) -> Option<usize> {
        self.find_in(0, path)
    }

    fn find_in(&self, object: usize, path: &str) -> Option<usize> {
        if self.nodes.get(object)?.kind != Kind::Object {
            return None;
        }
        if let Some(exact) = self.children(object).find(|&child| self.key(child) == path) {
            return Some(exact);
        }
        if !path.contains('.') {
            return None;
        }
        self.children(object).find_map(|child| {
            let rest = path.strip_prefix(self.key(child))?.strip_prefix('.')?;
            self.find_in(child, rest)
        })
    }

    /// Calls back with every path in the tree, objects before what they hold; `true` for those that hold a value.
    fn paths(&self, found: &mut dyn FnMut(&str, bool)) {
        if self.is_object() {
            self.paths_in(0, &mut String::new(), found);
        }
    }

    fn paths_in(&self, object: usize, path: &mut String, found: &mut dyn FnMut(&str, bool)) {
        for child in self.children(object) {
            let length = path.len();
            if length > 0 {
                path.push('.');
            }
            path.push_str(self.key(child));
            let holds_more =
                self.nodes[child].kind == Kind::Object && self.nodes[child].next > child + 1;
            found(path, !holds_more);
            if holds_more {
                self.paths_in(child, path, found);
            }
            path.truncate(length);
        }
    }

    /// The text of a value: as it is for scalars, compact JSON for the rest.
    fn write(&self, node: usize, into: &mut String) {
        let this = &self.nodes[node];
        let text = &self.text[this.text.clone()];
        match this.kind {
            Kind::Null => into.push_str("null"),
            Kind::Number | Kind::Bool => into.push_str(text),
            Kind::Text => write_text(text, into),
            Kind::Array => {
                into.push('[');
                for (index, child) in self.children(node).enumerate() {
                    if index > 0 {
                        into.push(',');
                    }
                    self.write(child, into);
                }
                into.push(']');
            }
            Kind::Object => {
                into.push('{');
                for (index, child) in self.children(node).enumerate() {
                    if index > 0 {
                        into.push(',');
                    }
                    write_text(self.key(child), into);
                    into.push(':');
                    self.write(child, into);
                }
                into.push('}');
            }
        }
    }

    /// A value for the eye: nothing for null, text as it is, the rest as compact JSON.
    pub(crate) fn plain(&self, path: &str) -> String {
        let Some(node) = self.find(path) else {
            return String::new();
        };
        match self.nodes[node].kind {
            Kind::Null => String::new(),
            Kind::Text | Kind::Number | Kind::Bool => {
                self.text[self.nodes[node].text.clone()].to_owned()
            }
            Kind::Array | Kind::Object => {
                let mut text = String::new();
                self.write(node, &mut text);
                text
            }
        }
    }

    /// Whether the object has that key at its top.
    fn has(&self, key: &str) -> bool {
        self.is_object() && self.children(0).any(|child| self.key(child) == key)
    }

    fn find_repeated(&mut self, object: usize) {
        /// Up to here looking at each pair is cheaper than a set.
        const PAIRS_MAX: usize = 16;
        let children: Vec<_> = self.children(object).collect();
        let repeated = if children.len() <= PAIRS_MAX {
            (1..children.len()).find(|&later| {
                children[..later]
                    .iter()
                    .any(|&earlier| self.key(earlier) == self.key(children[later]))
            })
        } else {
            let mut keys = std::collections::HashSet::with_capacity(children.len());
            children
                .iter()
                .position(|&child| !keys.insert(self.key(child)))
        };
        if let Some(index) = repeated {
            self.repeated = Some(cut(self.key(children[index])));
        }
    }
}

fn write_text(text: &str, into: &mut String) {
    match serde_json::to_string(text) {
        Ok(json) => into.push_str(&json),
        Err(_) => into.push_str("\"\""),
    }
}

/// Adds the value that comes next to the tree.
struct Grow<'t> {
    tree: &'t mut Tree,
    key: Range<usize>,
}

impl<'de> DeserializeSeed<'de> for Grow<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Grow<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.tree.push(self.key, Kind::Null, "");
        Ok(())
    }

    fn visit_bool<E>(self, yes: bool) -> Result<(), E> {
        self.tree
            .push(self.key, Kind::Bool, if yes { "true" } else { "false" });
        Ok(())
    }

    // Whole numbers of 64 bits come as such; they had no other digits. All others come as their text, see `NUMBER`.
    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.tree.push(self.key, Kind::Number, &number.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.tree.push(self.key, Kind::Number, &number.to_string());
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.tree.push(self.key, Kind::Text, text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let this = self.tree.nodes.len();
        self.tree.push(self.key, Kind::Array, "");
        while values
            .next_element_seed(Grow {
                tree: self.tree,
                key: 0..0,
            })?
            .is_some()
        {}
        self.tree.nodes[this].next = self.tree.nodes.len();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let this = self.tree.nodes.len();
        self.tree.push(self.key.clone(), Kind::Object, "");
        while let Some(key) = members.next_key_seed(Key {
            text: &mut self.tree.text,
        })? {
            if &self.tree.text[key.clone()] == NUMBER && self.tree.nodes.len() == this + 1 {
                let digits: String = members.next_value()?;
                if !digits.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
                    return Err(A::Error::custom("a key that is not allowed"));
                }
                self.tree.nodes.truncate(this);
                self.tree.push(self.key, Kind::Number, &digits);
                return Ok(());
            }
            members.next_value_seed(Grow {
                tree: self.tree,
                key,
            })?;
        }
        self.tree.nodes[this].next = self.tree.nodes.len();
        self.tree.find_repeated(this);
        Ok(())
    }
}

/// Appends a key to the tree's text and tells where it stands.
struct Key<'t> {
    text: &'t mut String,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Range<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Range<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let start = self.text.len();
        self.text.push_str(key);
        Ok(start..self.text.len())
    }
}

/// The values of an object, by the columns that the decoder was told of.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    tree: &'a Tree,
    selected: &'a [Option<usize>],
}

impl<'a> Values<'a> {
    pub(crate) fn get(&self, column: usize) -> Cell<'a> {
        let Some(node) = self.selected.get(column).copied().flatten() else {
            return Cell::Blank;
        };
        let node = &self.tree.nodes[node];
        match node.kind {
            Kind::Null => Cell::Blank,
            Kind::Text | Kind::Number | Kind::Bool => {
                match self.tree.text[node.text.clone()].trim() {
                    "" => Cell::Blank,
                    text => Cell::Text(text),
                }
            }
            Kind::Array | Kind::Object => Cell::Structure,
        }
    }

    pub(crate) fn structure(&self, column: usize) -> String {
        let mut text = String::new();
        if let Some(node) = self.selected.get(column).copied().flatten() {
            self.tree.write(node, &mut text);
        }
        text
    }

    /// The value at any path, for the eye.
    pub(crate) fn plain(&self, path: &str) -> String {
        self.tree.plain(path)
    }

    /// Every path of the object that holds a value.
    pub(crate) fn leaves(&self, found: &mut dyn FnMut(&str)) {
        self.tree.paths(&mut |path, is_leaf| {
            if is_leaf {
                found(path);
            }
        });
    }
}

/// Reads the lines.
pub(crate) struct Decoder {
    /// The columns asked for, by number.
    columns: Vec<String>,
    line: u64,
    pending: usize,
    tree: Tree,
    selected: Vec<Option<usize>>,
    kept: Vec<u8>,
}

impl Decoder {
    /// A decoder for lines of which those columns are wanted.
    pub(crate) fn new(columns: Vec<String>) -> Self {
        Self {
            columns,
            line: 0,
            pending: 0,
            tree: Tree::default(),
            selected: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// The columns wanted from now on.
    pub(crate) fn select(&mut self, columns: Vec<String>) {
        self.columns = columns;
    }

    /// The next line that is not blank.
    pub(crate) fn next<'a>(&'a mut self, window: &'a mut Window) -> io::Result<Decoded<'a>> {
        loop {
            window.consume(std::mem::take(&mut self.pending));
            window.ensure(1)?;
            if window.unread().is_empty() {
                return Ok(Decoded::End);
            }
            self.line += 1;
            let Some((content, whole)) = find_line(window)? else {
                return self.too_long(window);
            };
            self.pending = whole;
            if !window.unread()[..content].trim_ascii().is_empty() {
                let raw = &window.unread()[..content];
                return Ok(self.row(raw));
            }
        }
    }

    fn too_long<'a>(&'a mut self, window: &'a mut Window) -> io::Result<Decoded<'a>> {
        self.kept.clear();
        self.kept
            .extend_from_slice(&window.unread()[..KEPT_BYTES_MAX]);
        skip_line(window, false)?;
        Ok(Decoded::Malformed(Malformed {
            row_line: self.line,
            line: self.line,
            code: "line_too_long",
            message: format!(
                "the line is longer than {} bytes, the most that is read",
                grouped(LINE_BYTES_MAX as u64)
            ),
            raw: &self.kept,
            kind: RecordKind::Line,
        }))
    }

    fn row<'a>(&'a mut self, raw: &'a [u8]) -> Decoded<'a> {
        let line = self.line;
        let Ok(text) = std::str::from_utf8(raw) else {
            return Decoded::Malformed(not_utf8(raw, line, RecordKind::Line));
        };
        let malformed = |code, kind, message| {
            Decoded::Malformed(Malformed {
                row_line: line,
                line,
                code,
                message,
                raw,
                kind,
            })
        };
        if let Err(error) = self.tree.parse(text) {
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or_default();
            return malformed(
                "not_json",
                RecordKind::Line,
                format!("not JSON at byte {} of the line: {what}", error.column()),
            );
        }
        if !self.tree.is_object() {
            return malformed(
                "not_object",
                RecordKind::Line,
                "the line is JSON, but not an object: {…} is wanted".to_owned(),
            );
        }
        if let Some(key) = &self.tree.repeated {
            return malformed(
                "repeated_key",
                RecordKind::Object,
                format!(
                    "an object has the key `{key}` more than once; which value counts cannot be told"
                ),
            );
        }
        if self.tree.has("import_line") {
            return malformed(
                "uncorrected_line",
                RecordKind::Object,
                "an earlier run set this line aside; replace it by what `import_line` holds, corrected".to_owned(),
            );
        }
        if self.tree.is_blank() {
            return Decoded::Blank { line };
        }
        self.selected.clear();
        let tree = &self.tree;
        self.selected
            .extend(self.columns.iter().map(|path| tree.find(path)));
        Decoded::Row(RawRow {
            line,
            raw,
            cells: Cells::Json(Values {
                tree: &self.tree,
                selected: &self.selected,
            }),
        })
    }
}

/// Size of the next line without and with its end; `None`: longer than allowed.
fn find_line(window: &mut Window) -> io::Result<Option<(usize, usize)>> {
    let mut looked = 0;
    loop {
        let unread = window.unread();
        if let Some(offset) = memchr::memchr(b'\n', &unread[looked..]) {
            let end = looked + offset;
            let content = if end > 0 && unread[end - 1] == b'\r' {
                end - 1
            } else {
                end
            };
            return Ok((content <= LINE_BYTES_MAX).then_some((content, end + 1)));
        }
        looked = unread.len();
        if window.is_last() {
            return Ok((looked <= LINE_BYTES_MAX).then_some((looked, looked)));
        }
        // Two more than the limit tell for certain, whatever the line ends with.
        if looked >= LINE_BYTES_MAX + 2 {
            return Ok(None);
        }
        window.more()?;
    }
}

/// What the first lines of an input hold.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// Every path, in order of first appearance.
    pub(crate) paths: Vec<String>,
    /// Among them those that hold a value.
    pub(crate) leaves: Vec<String>,
    /// Lines that are objects.
    pub(crate) rows: usize,
}

/// Looks at the first lines without consuming them.
pub(crate) fn sample(window: &mut Window) -> io::Result<Sample> {
    window.ensure(SAMPLE_BYTES_MAX)?;
    if !window.is_last() && memchr::memchr(b'\n', window.unread()).is_none() {
        window.ensure(LINE_BYTES_MAX + 2)?;
    }
    let unread = window.unread();
    // The last line is whole only when its end is seen or nothing follows. The limit is a number of bytes and not
    // what happens to have been read, so that the sample does not depend on how the reads were cut.
    let unread = match memchr::memchr(b'\n', unread) {
        Some(first) => &unread[..unread.len().min(SAMPLE_BYTES_MAX.max(first + 1))],
        None => unread,
    };
    let whole = if window.is_last() && unread.len() == window.unread().len() {
        unread.len()
    } else {
        memchr::memrchr(b'\n', unread).map_or(0, |last| last + 1)
    };
    let mut sample = Sample::default();
    let mut known = std::collections::HashMap::new();
    let mut tree = Tree::default();
    for line in unread[..whole].split(|&byte| byte == b'\n') {
        let Ok(text) = std::str::from_utf8(line) else {
            continue;
        };
        if text.trim_ascii().is_empty() || tree.parse(text).is_err() || !tree.is_object() {
            continue;
        }
        sample.rows += 1;
        tree.paths(&mut |path, is_leaf| {
            let was_leaf = match known.get_mut(path) {
                Some(was_leaf) => was_leaf,
                None => {
                    sample.paths.push(path.to_owned());
                    known.entry(path.to_owned()).or_insert(false)
                }
            };
            if is_leaf && !std::mem::replace(was_leaf, true) {
                sample.leaves.push(path.to_owned());
            }
        });
        if sample.rows == SAMPLE_ROWS_MAX {
            break;
        }
    }
    Ok(sample)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(text: &[u8], columns: &[&str]) -> Vec<String> {
        let mut window = Window::new(Box::new(Cursor::new(text.to_vec())));
        let mut decoder = Decoder::new(columns.iter().map(|&name| name.to_owned()).collect());
        let mut found = Vec::new();
        loop {
            match decoder.next(&mut window).expect("a cursor reads") {
                Decoded::Row(row) => {
                    let cells: Vec<_> = (0..columns.len())
                        .map(|column| match row.cells.get(column) {
                            Cell::Blank => "-".to_owned(),
                            Cell::Text(text) => text.to_owned(),
                            Cell::Structure => row.cells.structure(column),
                        })
                        .collect();
                    found.push(format!("{}: {}", row.line, cells.join("|")));
                }
                Decoded::Blank { line } => found.push(format!("{line}: blank")),
                Decoded::Malformed(problem) => {
                    found.push(format!("{}! {}", problem.line, problem.code))
                }
                Decoded::End => return found,
            }
        }
    }

    #[test]
    fn values_by_path() {
        assert_eq!(
            read(
                b"{\"id\": 7, \"requester\": {\"email\": \" a@b.c \", \"n\": null}, \"tags\": [1, \"x\", {\"y\": [ ]}]}\r\n\
                  \r\n{\"requester.email\": \"exact\", \"requester\": {\"email\": \"nested\"}}\n{}\n{\"a\":{\"b.c\":{\"d\":true}}}",
                &["id", "requester.email", "tags", "a.b.c.d"]
            ),
            [
                r#"1: 7|a@b.c|[1,"x",{"y":[]}]|-"#,
                "3: -|exact|-|-",
                "4: blank",
                "5: -|-|-|true"
            ]
        );
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(
            read(
                b"{\"n\": 12345678901234567890.10, \"e\": -1E5}\n{\"n\": 0.10, \"e\": 1e+400}\n{\"n\": -0, \"e\": -7}\n",
                &["n", "e"]
            ),
            ["1: 12345678901234567890.10|-1e+5", "2: 0.10|1e+400", "3: -0|-7"]
        );
    }

    #[test]
    fn malformed_lines_are_problems_and_reading_goes_on() {
        assert_eq!(
            read(
                b"{\"a\":1}\n{\"a\":1,}\n[1]\n7\n{\"a\":1,\"b\":{\"c\":1,\"c\":2}}\n{\"a\":\"\xe9\"}\n{\"a\":1} {\"a\":2}\n\
                  {\"import_line\":\"x\"}\n{\"a\":2}\n",
                &["a"]
            ),
            [
                "1: 1",
                "2! not_json",
                "3! not_object",
                "4! not_object",
                "5! repeated_key",
                "6! not_utf8",
                "7! not_json",
                "8! uncorrected_line",
                "9: 2"
            ]
        );
    }

    #[test]
    fn too_long_a_line_is_skipped() {
        let mut text = b"{\"a\":\"".to_vec();
        text.resize(text.len() + LINE_BYTES_MAX, b'x');
        text.extend_from_slice(b"\"}\n{\"a\":2}\n");
        assert_eq!(read(&text, &["a"]), ["1! line_too_long", "2: 2"]);
    }

    #[test]
    fn a_key_like_the_parsers_own_is_refused_or_read_as_what_it_says() {
        let line = format!("{{\"{NUMBER}\": \"not a number\"}}\n{{\"a\": {{\"{NUMBER}\": 1}}}}\n");
        assert_eq!(
            read(line.as_bytes(), &["a"]),
            ["1! not_json", "2! not_json"]
        );
    }

    #[test]
    fn deep_nesting_is_a_problem_of_its_line() {
        let line = format!(
            "{}1{}\n{{\"a\":1}}\n",
            "{\"a\":".repeat(5_000),
            "}".repeat(5_000)
        );
        assert_eq!(read(line.as_bytes(), &["a"]), ["1! not_json", "2: 1"]);
    }

    #[test]
    fn a_sample_knows_paths_in_order_of_appearance() {
        let mut window = Window::new(Box::new(Cursor::new(
            b"{\"id\":1,\"r\":{\"email\":null}}\nnot json\n{\"x\":{},\"r\":{\"name\":\"n\"},\"id\":2}".to_vec(),
        )));
        let sample = sample(&mut window).expect("a cursor reads");
        assert_eq!(sample.paths, ["id", "r", "r.email", "x", "r.name"]);
        assert_eq!(sample.leaves, ["id", "r.email", "x", "r.name"]);
        assert_eq!(sample.rows, 2);
    }
}
