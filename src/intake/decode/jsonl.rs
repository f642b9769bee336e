//! JSON Lines to rows: one object a line.
//!
//! Each line is parsed into a [`Tree`]. A column is a dotted path (`requester.email`); at every object a key that is
//! the whole rest of the path wins. Not here: documents over several lines, see `json`.

use crate::codes::ProblemCode;
use crate::numbers::grouped;
use std::collections::HashMap;
use std::io;

use super::super::mask;
use super::super::source::Window;
use super::csv::not_utf8;
use super::lists::{ListKind, Lists};
use super::path::{self, Path};
use super::tree::{Picked, Tree};
use super::{
    Cell, Cells, Decoded, KEPT_BYTES_MAX, LINE_BYTES_MAX, Malformed, RawRow, RecordKind,
    SAMPLE_BYTES_MAX, SAMPLE_ROWS_MAX, skip_line,
};

/// The values of an object, by the columns that the decoder was told of.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    tree: &'a Tree,
    selected: &'a [Picked],
}

impl<'a> Values<'a> {
    pub(crate) fn get(&self, column: usize) -> Cell<'a> {
        match self.selected.get(column) {
            Some(Picked::Node(node)) => self.tree.cell(*node),
            Some(Picked::Several) => Cell::Several,
            Some(Picked::Nothing) | None => Cell::Blank,
        }
    }

    pub(crate) fn structure(&self, column: usize) -> String {
        match self.selected.get(column) {
            Some(Picked::Node(node)) => self.tree.json(*node),
            _ => String::new(),
        }
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

/// One object after the other, seen through the columns that are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    columns: Vec<Column>,
    tree: Tree,
    selected: Vec<Picked>,
}

/// A column that is wanted.
#[derive(Clone, Debug)]
struct Column {
    name: String,
    /// Its path, when it has a selector.
    path: Option<Path>,
}

impl Objects {
    /// The columns wanted from now on.
    pub(super) fn select(&mut self, columns: Vec<String>) {
        let columns = columns.into_iter().map(|name| Column {
            path: path::parse(&name).ok().flatten(),
            name,
        });
        self.columns = columns.collect();
    }

    /// Parses one value.
    pub(super) fn parse(&mut self, text: &str) -> Result<(), serde_json::Error> {
        self.tree.parse(text)
    }

    /// Parses a line.
    pub(crate) fn read<'a>(&'a mut self, text: &'a str, line: u64) -> Decoded<'a> {
        match self.parse(text) {
            Ok(()) => self.row(text.as_bytes(), line, "line"),
            Err(error) => Decoded::Malformed(Malformed {
                row_line: line,
                line,
                code: ProblemCode::NotJson,
                message: format!(
                    "not JSON at byte {} of the line: {}",
                    error.column(),
                    if is_comma_behind(text, &error) {
                        TRAILING_COMMA_OF_LINE.to_owned()
                    } else {
                        not_json(&error)
                    }
                ),
                raw: text.as_bytes(),
                kind: RecordKind::Line,
                value: None,
            }),
        }
    }

    /// Returns whether the value parsed last has a list at a dotted path.
    pub(super) fn has_list(&self, path: &str) -> bool {
        self.tree.has_list(path)
    }

    /// The texts, numbers and truth values directly in the object parsed last, with their keys.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tree.texts()
    }

    /// Returns whether the value parsed last is an object that has only empty lists and keys that `is_beside` accepts.
    pub(super) fn is_empty_page(&self, is_beside: impl Fn(&str) -> bool) -> bool {
        self.tree.is_empty_page(is_beside)
    }

    /// Returns whether the value parsed last is a row that keeps its fields in a list.
    ///
    /// Such a row is an object with a key that `is_beside` does not accept. The elements of its top-level lists are
    /// objects that have a name or number, and a value.
    pub(super) fn has_fields(&self, is_beside: impl Fn(&str) -> bool) -> bool {
        let (mut lists, mut of_fields) = (Vec::new(), 0);
        self.tree.lists(&mut |path, elements| {
            // Only lists at the top level can be arrays of rows.
            if self.tree.member(0, path).is_some() {
                lists.push(path.to_owned());
                let mut kind = ListKind::default();
                kind.add(&self.tree, elements);
                of_fields += usize::from(kind.is_of_fields());
            }
        });
        let mut others = self.tree.keys();
        of_fields > 0
            && of_fields == lists.len()
            && others.any(|key| !is_beside(key) && !lists.iter().any(|list| list == key))
    }

    /// The keys of the object parsed last.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.tree.keys()
    }

    /// The value parsed last as a row that begins on that line. `what` it is called: a line, an element.
    pub(super) fn row<'a>(&'a mut self, raw: &'a [u8], line: u64, what: &str) -> Decoded<'a> {
        let malformed = |code, kind, message| {
            Decoded::Malformed(Malformed {
                row_line: line,
                line,
                code,
                message,
                raw,
                kind,
                value: None,
            })
        };
        if !self.tree.is_object() {
            return malformed(
                ProblemCode::NotObject,
                RecordKind::Line,
                format!("the {what} is JSON, but not an object: {{…}} is wanted"),
            );
        }
        if let Some(key) = self.tree.repeated() {
            return malformed(
                ProblemCode::RepeatedKey,
                RecordKind::Object,
                format!(
                    "an object has the key `{}` more than once, and which value counts is unknown",
                    mask::names(&[key])[0]
                ),
            );
        }
        if self.tree.has("import_line") {
            return malformed(
                ProblemCode::UncorrectedLine,
                RecordKind::Object,
                "an earlier run set this line aside; replace it by what `import_line` holds, corrected".to_owned(),
            );
        }
        if self.tree.is_blank() {
            return Decoded::Blank { line };
        }
        self.selected.clear();
        let tree = &self.tree;
        let picked =
            self.columns
                .iter()
                .map(|column| match (tree.find(&column.name), &column.path) {
                    (Some(node), _) => Picked::Node(node),
                    (None, Some(path)) => tree.select(path),
                    (None, None) => Picked::Nothing,
                });
        self.selected.extend(picked);
        Decoded::Row(RawRow {
            line,
            raw,
            cells: Cells::Json(Values {
                tree: &self.tree,
                selected: &self.selected,
            }),
            is_hidden: false,
            is_struck: false,
        })
    }
}

/// Reads the lines.
#[derive(Default)]
pub(crate) struct Decoder {
    objects: Objects,
    lines: Lines,
}

/// A line, not parsed yet.
pub(crate) enum Line<'a> {
    Text { line: u64, text: &'a str },
    Malformed(Malformed<'a>),
    End,
}

/// Finds the lines.
#[derive(Default)]
struct Lines {
    line: u64,
    pending: usize,
    kept: Vec<u8>,
}

impl Decoder {
    /// The columns wanted from now on.
    pub(crate) fn select(&mut self, columns: Vec<String>) {
        self.objects.select(columns);
    }

    /// What parses the lines of [`Self::next_line`].
    pub(crate) fn parser(&self) -> Objects {
        self.objects.clone()
    }

    /// The next line that is not blank.
    pub(crate) fn next<'a>(&'a mut self, window: &'a mut Window) -> io::Result<Decoded<'a>> {
        Ok(match self.lines.next(window)? {
            Line::Text { line, text } => self.objects.read(text, line),
            Line::Malformed(bad) => Decoded::Malformed(bad),
            Line::End => Decoded::End,
        })
    }

    /// The next line that is not blank, not parsed yet.
    pub(crate) fn next_line<'a>(&'a mut self, window: &'a mut Window) -> io::Result<Line<'a>> {
        self.lines.next(window)
    }
}

impl Lines {
    fn next<'a>(&'a mut self, window: &'a mut Window) -> io::Result<Line<'a>> {
        loop {
            window.consume(std::mem::take(&mut self.pending));
            window.ensure(1)?;
            if window.unread().is_empty() {
                return Ok(Line::End);
            }
            self.line += 1;
            let Some((content, whole)) = find_line(window)? else {
                return self.too_long(window);
            };
            self.pending = whole;
            let mark = marks(&window.unread()[..content]);
            if !window.unread()[mark..content].trim_ascii().is_empty() {
                let raw = &window.unread()[mark..content];
                let line = self.line;
                return Ok(match std::str::from_utf8(raw) {
                    Ok(text) => Line::Text { line, text },
                    Err(_) => Line::Malformed(not_utf8(raw, line, RecordKind::Line)),
                });
            }
        }
    }

    fn too_long<'a>(&'a mut self, window: &'a mut Window) -> io::Result<Line<'a>> {
        self.kept.clear();
        self.kept
            .extend_from_slice(&window.unread()[..KEPT_BYTES_MAX]);
        skip_line(window, false)?;
        Ok(Line::Malformed(Malformed {
            row_line: self.line,
            line: self.line,
            code: ProblemCode::LineTooLong,
            message: format!(
                "the line is longer than {} bytes, the most that is read",
                grouped(LINE_BYTES_MAX as u64)
            ),
            raw: &self.kept,
            kind: RecordKind::Line,
            value: None,
        }))
    }
}

/// The byte before each text of a JSON text sequence (RFC 7464).
pub(in crate::intake) const RECORD_SEPARATOR: u8 = 0x1e;

/// The number of record separators at the beginning of a line.
fn marks(line: &[u8]) -> usize {
    line.iter()
        .take_while(|byte| **byte == RECORD_SEPARATOR)
        .count()
}

/// Returns whether only a comma follows the value.
fn is_comma_behind(text: &str, error: &serde_json::Error) -> bool {
    let rest = text.get(error.column().saturating_sub(1)..);
    error.is_syntax() && text.ends_with(',') && rest.is_some_and(|rest| rest.trim_ascii() == ",")
}

const TRAILING_COMMA_OF_LINE: &str = "a trailing comma behind the object: lines of JSON Lines end without one; remove it, or put `[` \
     before the first line and `]` behind the last";

/// Returns why a line is not JSON, in words for people who do not write parsers.
pub(super) fn not_json(error: &serde_json::Error) -> String {
    match told_by(error).as_str() {
        "EOF while parsing a list" => "it ends within an array: the `]` is missing".to_owned(),
        "EOF while parsing an object" => "it ends within an object: the `}` is missing".to_owned(),
        "EOF while parsing a string" => "it ends within a text: the quote is missing".to_owned(),
        "EOF while parsing a value" => "it ends where a value is expected".to_owned(),
        _ => expected(error),
    }
}

/// Returns the parser's message without the place.
fn told_by(error: &serde_json::Error) -> String {
    let told = error.to_string();
    told.split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

pub(super) const VALUE: &str =
    "expected a value: text in double quotes, a number, true, false, null, {…} or […]";
pub(super) const COLON: &str = "expected a colon between name and value";
pub(super) const NAME: &str = "expected a name in double quotes";
pub(super) const IN_ARRAY: &str = "expected a comma or the end of the array";
pub(super) const IN_OBJECT: &str = "expected a comma or the end of the object";
/// The expected text in place of a closing bracket after a comma.
pub(super) const TRAILING_COMMA: &str = "expected a value after the comma (a trailing comma)";

/// Returns what would be right where the parser found an error.
pub(super) fn expected(error: &serde_json::Error) -> String {
    let told = told_by(error);
    match told.as_str() {
        "expected ident" => "expected true, false or null; text needs double quotes",
        "expected value" | "EOF while parsing a value" => VALUE,
        "expected `:`" => COLON,
        "expected `,` or `]`" | "EOF while parsing a list" => IN_ARRAY,
        "expected `,` or `}`" | "EOF while parsing an object" => IN_OBJECT,
        "expected `\"`" | "key must be a string" => NAME,
        "EOF while parsing a string" => "expected the closing quote of a text",
        "trailing comma" => TRAILING_COMMA,
        "trailing characters" => {
            "expected the end of the value; perhaps a comma or a line break is missing before it"
        }
        "invalid number" => "expected a number as JSON writes it",
        "invalid escape" => "expected a known letter after \\; a \\ itself is written \\\\",
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "expected the rest of a text; control characters in it are written as escapes"
        }
        "unexpected end of hex escape" | "lone leading surrogate in hex escape" => {
            "expected the second half of a pair of \\u escapes"
        }
        "recursion limit exceeded" => "expected at most 127 levels of nesting",
        other => other,
    }
    .to_owned()
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

/// What the first rows of an input hold.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// Every path, in order of first appearance.
    pub(crate) paths: Vec<String>,
    /// Among them those that hold a value.
    pub(crate) leaves: Vec<String>,
    /// Rows that are objects.
    pub(crate) rows: usize,
    /// The lists of objects in these rows.
    pub(crate) lists: Lists,
    /// Each path, and whether it has held a value.
    known: HashMap<String, bool>,
}

impl Sample {
    fn add_tree(&mut self, tree: &Tree) {
        self.rows += 1;
        tree.paths(&mut |path, is_leaf| {
            if !self.known.contains_key(path) {
                self.paths.push(path.to_owned());
                self.known.insert(path.to_owned(), false);
            }
            let Some(was_leaf) = self.known.get_mut(path) else {
                return;
            };
            if is_leaf && !std::mem::replace(was_leaf, true) {
                self.leaves.push(path.to_owned());
            }
        });
        self.lists.add(tree);
    }

    /// Adds the paths of what the lists hold, once all rows are seen.
    pub(super) fn finish(mut self) -> Self {
        for path in self.lists.paths(self.rows) {
            if !self.known.contains_key(&path) {
                self.paths.push(path.clone());
                self.leaves.push(path);
            }
        }
        self
    }

    /// Adds the object parsed last.
    pub(super) fn add(&mut self, objects: &Objects) {
        self.add_tree(&objects.tree);
    }
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
    let mut tree = Tree::default();
    for line in unread[..whole].split(|&byte| byte == b'\n') {
        let Ok(text) = std::str::from_utf8(&line[marks(line)..]) else {
            continue;
        };
        if text.trim_ascii().is_empty() || tree.parse(text).is_err() || !tree.is_object() {
            continue;
        }
        sample.add_tree(&tree);
        if sample.rows == SAMPLE_ROWS_MAX {
            break;
        }
    }
    Ok(sample.finish())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn what_is_no_json_is_told_in_words() {
        for (text, words) in [
            (r#"{"a":[1"#, "`]` is missing"),
            (r#"{"a":1"#, "`}` is missing"),
            (r#"{"a":"x"#, "the quote is missing"),
            (r#"{"a":"#, "ends where a value is expected"),
            (r#"{"a":tru}"#, "expected true, false or null"),
            (r#"{"a":None}"#, "expected a value"),
            (r#"{"a" 1}"#, "a colon"),
            (r#"{"a":[1 2]}"#, "a comma or the end of the array"),
            (r#"{"a":1 "b":2}"#, "a comma or the end of the object"),
            (r"{a:1}", "expected a name"),
            (r#"{"a":1,}"#, "a trailing comma"),
            (r#"{"a":1}{"a":2}"#, "expected the end of the value"),
            (r#"{"a":01}"#, "as JSON writes it"),
            (r#"{"a":"\x"}"#, "a known letter"),
            ("{\"a\":\"\t\"}", "control characters in it"),
        ] {
            let error = Tree::default().parse(text).expect_err(text);
            let told = not_json(&error);
            assert!(told.contains(words), "{text}: {told} ({error})");
        }
    }

    fn read(text: &[u8], columns: &[&str]) -> Vec<String> {
        let mut window = Window::new(Box::new(Cursor::new(text.to_vec())));
        let mut decoder = Decoder::default();
        decoder.select(columns.iter().map(|&name| name.to_owned()).collect());
        let mut found = Vec::new();
        loop {
            match decoder.next(&mut window).expect("a cursor reads") {
                Decoded::Row(row) => {
                    let cells: Vec<_> = (0..columns.len())
                        .map(|column| match row.cells.get(column) {
                            Cell::Blank => "-".to_owned(),
                            Cell::Text(text) => text.to_owned(),
                            Cell::Structure => row.cells.structure(column),
                            Cell::Several => "several".to_owned(),
                        })
                        .collect();
                    found.push(format!("{}: {}", row.line, cells.join("|")));
                }
                Decoded::Blank { line } => found.push(format!("{line}: blank")),
                Decoded::Aside(aside) => {
                    found.push(format!("{}: {}", aside.line, aside.what.code().as_str()));
                }
                Decoded::Malformed(problem) => {
                    found.push(format!("{}! {}", problem.line, problem.code.as_str()));
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
    fn values_within_lists() {
        let selected = [
            "f[id=7].value",
            "f[name=Request type].value",
            "f[id=7]",
            "a.f[k.l=x][m=y].v[w=z].t",
            "f[id=9].value",
        ];
        assert_eq!(
            read(
                b"{\"f\":[{\"id\":7,\"value\":\"Erasure\"},{\"id\":\"8\",\"name\":\"Request type\",\"value\":2.50}]}\n\
                  {\"f\":[{\"id\":\"7\",\"value\":null},{\"id\":7,\"value\":\"a\"},{\"id\":9,\"value\":1},{\"id\":9,\"value\":\"1\"}]}\n\
                  {\"f\":[{\"id\":7,\"value\":\"a\"},{\"id\":7,\"value\":\"b\"}],\"x\":1}\n\
                  {\"f\":{\"id\":7,\"value\":\"a\"},\"x\":1}\n\
                  {\"a\":{\"f\":[1,{\"k\":{\"l\":\"x\"},\"m\":\"y\",\"v\":[{\"w\":\"z\",\"t\":\"deep\"}]},{\"k\":{\"l\":\"x\"},\"m\":\"n\"}]}}\n\
                  {\"f[id=7].value\":\"a key\",\"f\":[{\"id\":7,\"value\":\"a value\"}]}",
                &selected
            ),
            [
                r#"1: Erasure|2.50|{"id":7,"value":"Erasure"}|-|-"#,
                "2: a|-|several|-|1",
                "3: several|-|several|-|-",
                "4: -|-|-|-|-",
                "5: -|-|-|deep|-",
                r#"6: a key|-|{"id":7,"value":"a value"}|-|-"#,
            ]
        );
    }

    #[test]
    fn fields_in_lists_are_offered_when_row_after_row_has_them() {
        let sampled = |text: &str| {
            let mut window = Window::new(Box::new(Cursor::new(text.as_bytes().to_vec())));
            sample(&mut window).expect("a cursor reads").leaves
        };
        let rows = |field: fn(usize) -> String| -> String {
            let rows: Vec<_> = (0..6)
                .map(|n| format!("{{\"f\":[{}]}}\n", field(n)))
                .collect();
            rows.concat()
        };
        assert_eq!(
            sampled(&rows(|n| format!(
                "{{\"id\":360000000001,\"value\":\"v{n}\"}},{{\"id\":2,\"value\":null}}"
            ))),
            ["f", "f[id=360000000001].value", "f[id=2].value"]
        );
        assert_eq!(
            sampled(&rows(|_| {
                "{\"id\":1,\"name\":\"Request ] type\",\"value\":1},{\"id\":2,\"name\":\"b\"}"
                    .to_owned()
            })),
            ["f", "f[name=\"Request ] type\"].value", "f[name=b].value"]
        );
        // Each comment has a different id, and the name of a person occurs in one row only.
        assert_eq!(
            sampled(&rows(|n| format!("{{\"id\":{n},\"text\":\"x\"}}"))),
            ["f"]
        );
        assert_eq!(sampled("{\"f\":[{\"name\":\"Ann\",\"value\":1}]}\n"), ["f"]);
        assert_eq!(
            sampled("{\"f\":[{\"name\":\"Ann\",\"id\":5,\"value\":1}]}\n"),
            ["f", "f[id=5].value"]
        );
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(
            read(
                b"{\"n\": 12345678901234567890.10, \"e\": -1E5}\n{\"n\": 0.10, \"e\": 1e+400}\n{\"n\": -0, \"e\": -7}\n\
                  {\"n\": 1e3, \"x\\\"3e3\": \"4e4\", \"e\": [1E05, \"2e5\", 1.0, 3e-7]}\n{\"n\": 0010}\n{\"n\": 12345678901234567890}\n\
                  {\"n\": 99999999999999999999, \"e\": -9223372036854775809}\n",
                &["n", "e"]
            ),
            [
                "1: 12345678901234567890.10|-1E5",
                "2: 0.10|1e+400",
                "3: -0|-7",
                "4: 1e3|[1E05,\"2e5\",1.0,3e-7]",
                "5! not_json",
                "6: 12345678901234567890|-",
                "7: 99999999999999999999|-9223372036854775809",
            ]
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
    fn a_lone_cr_ends_no_line() {
        assert_eq!(
            read(b"{\"a\":1}\r{\"a\":\"\xe9\"}\n{\"a\":2}\n", &["a"]),
            ["1! not_utf8", "2: 2"]
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
        let line = "{'#': 'not a number'}\n{'a': {'#': 1}}\n"
            .replace('\'', "\"")
            .replace('#', super::super::tree::NUMBER);
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
