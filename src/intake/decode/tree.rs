//! A JSON text as a flat tree that is used again for the next, so that little is allocated.
//!
//! Unlike `serde_json::Value` it tells when an object has a key twice, and keeps members in their order.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::super::quoting::cut;
use super::super::text::trimmed;
use super::Cell;
use super::path::{Path, Rest};

/// The name by which `serde_json` hands over a number whose digits it keeps.
pub(crate) const NUMBER: &str = "$serde_json::private::Number";

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

/// The result of following a path with a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picked {
    /// No element is selected, or all selected elements are blank.
    Nothing,
    /// This node.
    Node(usize),
    /// Several nodes with different values.
    Several,
}

/// One JSON value, flat: each node is followed by what it holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    text: String,
    nodes: Vec<Node>,
    /// A key that an object has twice.
    repeated: Option<String>,
    /// Some number is written with an exponent.
    has_exponent: bool,
}

impl Tree {
    /// Parses one JSON text.
    pub(crate) fn parse(&mut self, text: &str) -> Result<(), serde_json::Error> {
        self.text.clear();
        self.nodes.clear();
        self.repeated = None;
        self.has_exponent = false;
        let mut json = serde_json::Deserializer::from_str(text);
        Grow {
            tree: self,
            key: 0..0,
        }
        .deserialize(&mut json)?;
        json.end()?;
        if self.has_exponent {
            self.write_exponents_as_in(text);
        }
        Ok(())
    }

    /// The parser hands over `1E5` as `1e+5`: takes what is written instead.
    fn write_exponents_as_in(&mut self, text: &str) {
        let has_exponent = |node: &Node, of: &str| {
            node.kind == Kind::Number && of[node.text.clone()].contains('e')
        };
        let mut written = exponents(text);
        for index in 0..self.nodes.len() {
            if has_exponent(&self.nodes[index], &self.text)
                && let Some(digits) = written.next()
            {
                let start = self.text.len();
                self.text.push_str(digits);
                self.nodes[index].text = start..self.text.len();
            }
        }
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

    /// Whether it is an object.
    pub(crate) fn is_object(&self) -> bool {
        self.nodes
            .first()
            .is_some_and(|node| node.kind == Kind::Object)
    }

    /// Whether no value in it says anything.
    pub(crate) fn is_blank(&self) -> bool {
        self.nodes.iter().all(|node| match node.kind {
            Kind::Text => trimmed(&self.text[node.text.clone()]).is_empty(),
            Kind::Number | Kind::Bool => false,
            Kind::Null | Kind::Array | Kind::Object => true,
        })
    }

    /// A key that some object has twice.
    pub(crate) fn repeated(&self) -> Option<&str> {
        self.repeated.as_deref()
    }

    /// A node as a cell.
    pub(crate) fn cell(&self, node: usize) -> Cell<'_> {
        let node = &self.nodes[node];
        match node.kind {
            Kind::Null => Cell::Blank,
            Kind::Text | Kind::Number | Kind::Bool => {
                match trimmed(&self.text[node.text.clone()]) {
                    "" => Cell::Blank,
                    text => Cell::Text(text),
                }
            }
            Kind::Array | Kind::Object => Cell::Structure,
        }
    }

    /// A node as compact JSON.
    pub(crate) fn json(&self, node: usize) -> String {
        let mut text = String::new();
        self.write(node, &mut text);
        text
    }

    /// The node at a dotted path.
    pub(crate) fn find(&self, path: &str) -> Option<usize> {
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

    /// Returns what a path with a selector picks.
    pub(crate) fn select(&self, path: &Path) -> Picked {
        let mut found = Vec::new();
        self.select_in(0, path, &mut found);
        let mut said = found
            .into_iter()
            .filter(|&node| self.cell(node) != Cell::Blank);
        let Some(first) = said.next() else {
            return Picked::Nothing;
        };
        if said.all(|node| self.is_same(first, node)) {
            Picked::Node(first)
        } else {
            Picked::Several
        }
    }

    /// Returns whether an element is selected and has a value at the path, blank or not.
    pub(crate) fn selects(&self, path: &Path) -> bool {
        let mut found = Vec::new();
        self.select_in(0, path, &mut found);
        !found.is_empty()
    }

    fn select_in(&self, object: usize, path: &Path, found: &mut Vec<usize>) {
        let list = self.find_in(object, &path.list);
        let Some(list) = list.filter(|&list| self.nodes[list].kind == Kind::Array) else {
            return;
        };
        for element in self.children(list) {
            let holds = |(key, value): &(String, String)| {
                let node = self.find_in(element, key);
                node.is_some_and(|node| self.cell(node) == Cell::Text(value))
            };
            if !path.conditions.iter().all(holds) {
                continue;
            }
            match &path.rest {
                Rest::Whole => found.push(element),
                Rest::Keys(keys) => found.extend(self.find_in(element, keys)),
                Rest::Path(rest) => self.select_in(element, rest, found),
            }
        }
    }

    /// Returns whether two nodes have the same value. Numbers and texts are compared as text.
    fn is_same(&self, one: usize, other: usize) -> bool {
        match (self.cell(one), self.cell(other)) {
            (Cell::Structure, Cell::Structure) => self.json(one) == self.json(other),
            (one, other) => one == other,
        }
    }

    /// Returns whether the value at a dotted path is a list.
    pub(crate) fn has_list(&self, path: &str) -> bool {
        self.find(path)
            .is_some_and(|node| self.nodes[node].kind == Kind::Array)
    }

    /// The key of the first list at the top that has an element with a value at a dotted path.
    pub(crate) fn list_with(&self, path: &str) -> Option<&str> {
        let top = self.is_object().then(|| self.children(0))?;
        let mut lists = top.filter(|&child| self.nodes[child].kind == Kind::Array);
        let has = |list: &usize| {
            let mut elements = self.children(*list);
            elements.any(|element| self.find_in(element, path).is_some())
        };
        lists.find(has).map(|list| self.key(list))
    }

    /// Calls back with every list of objects that stands within objects: its path, and its elements.
    pub(crate) fn lists(&self, found: &mut dyn FnMut(&str, &[usize])) {
        if self.is_object() {
            self.lists_in(0, &mut String::new(), found);
        }
    }

    fn lists_in(&self, object: usize, path: &mut String, found: &mut dyn FnMut(&str, &[usize])) {
        for child in self.children(object) {
            let length = path.len();
            if object > 0 {
                path.push('.');
            }
            path.push_str(self.key(child));
            match self.nodes[child].kind {
                Kind::Object => self.lists_in(child, path, found),
                Kind::Array => {
                    let elements: Vec<usize> = self.children(child).collect();
                    let is_of_objects = !elements.is_empty()
                        && elements
                            .iter()
                            .all(|&element| self.nodes[element].kind == Kind::Object);
                    if is_of_objects {
                        found(path, &elements);
                    }
                }
                Kind::Null | Kind::Text | Kind::Number | Kind::Bool => {}
            }
            path.truncate(length);
        }
    }

    /// The value of a key of an object.
    pub(crate) fn member(&self, object: usize, key: &str) -> Option<Cell<'_>> {
        let mut children = self.children(object);
        let child = children.find(|&child| self.key(child) == key)?;
        Some(self.cell(child))
    }

    /// The texts, numbers and truth values directly in the object, with their keys.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.children(0).filter_map(|child| match self.cell(child) {
            Cell::Text(text) => Some((self.key(child), text)),
            _ => None,
        })
    }

    /// Returns whether the value is an object that has only empty lists and keys that `is_beside` accepts.
    pub(crate) fn is_empty_page(&self, is_beside: impl Fn(&str) -> bool) -> bool {
        if !self.is_object() {
            return false;
        }
        let is_empty_list =
            |node: usize| self.nodes[node].kind == Kind::Array && self.nodes[node].next == node + 1;
        let mut has_list = false;
        self.children(0).all(|child| {
            has_list |= is_empty_list(child);
            is_empty_list(child) || is_beside(self.key(child))
        }) && has_list
    }

    /// Calls back with every path in the tree, objects before what they hold; `true` for those that hold a value.
    pub(crate) fn paths(&self, found: &mut dyn FnMut(&str, bool)) {
        if self.is_object() {
            self.paths_in(0, &mut String::new(), found, true);
        }
    }

    fn paths_in(
        &self,
        object: usize,
        path: &mut String,
        found: &mut dyn FnMut(&str, bool),
        is_top: bool,
    ) {
        for child in self.children(object) {
            let length = path.len();
            if !is_top {
                path.push('.');
            }
            path.push_str(self.key(child));
            let holds_more =
                self.nodes[child].kind == Kind::Object && self.nodes[child].next > child + 1;
            found(path, !holds_more);
            if holds_more {
                self.paths_in(child, path, found, false);
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
            Kind::Array | Kind::Object => self.json(node),
        }
    }

    /// The keys of the object at the top.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let is_object = self.is_object();
        let children = is_object.then(|| self.children(0));
        children.into_iter().flatten().map(|child| self.key(child))
    }

    /// Whether the object has that key at its top.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys().any(|each| each == key)
    }

    /// A key that an object has twice.
    fn repeated_in(&self, object: usize) -> Option<String> {
        /// Up to here looking at each pair is cheaper than a set.
        const PAIRS_MAX: usize = 16;
        let count = self.children(object).count();
        let mut children = self.children(object);
        let repeated = if count <= PAIRS_MAX {
            children.find(|&later| {
                let mut earlier = self.children(object).take_while(|&child| child < later);
                earlier.any(|earlier| self.key(earlier) == self.key(later))
            })
        } else {
            let mut keys = std::collections::HashSet::with_capacity(count);
            children.find(|&child| !keys.insert(self.key(child)))
        };
        repeated.map(|child| cut(self.key(child)))
    }
}

/// The numbers with an exponent in a JSON text, as they are written.
fn exponents(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            match bytes[at] {
                b'"' => at = string_end(bytes, at),
                b'-' | b'0'..=b'9' => {
                    let is_part =
                        |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                    at += bytes[at..].iter().take_while(is_part).count();
                    if memchr::memchr2(b'e', b'E', &bytes[start..at]).is_some() {
                        return Some(&text[start..at]);
                    }
                }
                _ => at += 1,
            }
        }
        None
    })
}

/// Behind the closing quote of the text that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
        at += found + 1;
        if bytes[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    bytes.len()
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
                self.tree.has_exponent |= digits.contains('e');
                self.tree.push(self.key, Kind::Number, &digits);
                return Ok(());
            }
            members.next_value_seed(Grow {
                tree: self.tree,
                key,
            })?;
        }
        self.tree.nodes[this].next = self.tree.nodes.len();
        if let Some(key) = self.tree.repeated_in(this) {
            self.tree.repeated = Some(key);
        }
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
