//! Lists of objects within rows of JSON: which of them hold the fields of a row, and the paths of their values.

use std::collections::HashSet;

use super::super::mask::is_telling;
use super::Cell;
use super::path::{self, Path};
use super::tree::Tree;

/// The first rows that have lists of objects.
#[derive(Debug, Default)]
pub(crate) struct Lists(Vec<Tree>);

/// Most paths into lists that are offered as columns.
const LIST_PATHS_MAX: usize = 256;
/// Longest name or number of an element that is offered as part of a path, in characters.
const LIST_NAME_CHARS_MAX: usize = 80;
/// Share of the rows with a list that must have an element for it to be offered as a column: one in this many, and at
/// least two rows. A lower share would offer values that only a few rows have.
const LIST_ROWS_ONE_IN: usize = 5;
/// The keys that identify an element within its list, the most readable first, ids last.
const LIST_KEYS: [&str; 16] = [
    "name",
    "label",
    "title",
    "field_name",
    "fieldName",
    "field",
    "key",
    "question",
    "slug",
    "code",
    "type",
    "id",
    "field_id",
    "fieldId",
    "custom_field_id",
    "uuid",
];
/// The index of the first id in [`LIST_KEYS`].
const LIST_IDS_FROM: usize = 11;
/// The keys under which elements hold their value.
const LIST_VALUES: [&str; 15] = [
    "value",
    "values",
    "answer",
    "answers",
    "response",
    "content",
    "text",
    "val",
    "data",
    "display_value",
    "displayValue",
    "field_value",
    "fieldValue",
    "string_value",
    "stringValue",
];

/// The keys that the elements of one list have, over all rows.
#[derive(Default)]
pub(super) struct ListKind {
    rows: usize,
    elements: usize,
    /// For each of [`LIST_KEYS`]: elements that have it, and whether a row has two of the same.
    keys: [(usize, bool); LIST_KEYS.len()],
    /// Which of [`LIST_VALUES`] some element has.
    values: [bool; LIST_VALUES.len()],
}

impl Lists {
    pub(super) fn add(&mut self, tree: &Tree) {
        let mut has_list = false;
        tree.lists(&mut |_, _| has_list = true);
        if has_list {
            self.0.push(tree.clone());
        }
    }

    /// Returns whether some row has an element and value for a path with a selector, blank or not.
    pub(crate) fn have(&self, path: &Path) -> bool {
        self.0.iter().any(|tree| tree.selects(path))
    }

    /// Returns whether some row has a list of objects at a dotted path.
    pub(crate) fn have_list(&self, path: &str) -> bool {
        self.0.iter().any(|tree| tree.has_list(path))
    }

    /// The list at the top of the rows whose elements have a value at that path.
    pub(crate) fn with(&self, path: &str) -> Option<&str> {
        self.0.iter().find_map(|tree| tree.list_with(path))
    }

    /// Returns the paths of the values of elements that several rows have.
    pub(super) fn paths(&self, rows: usize) -> Vec<String> {
        let mut kinds: Vec<(String, ListKind)> = Vec::new();
        for tree in &self.0 {
            tree.lists(&mut |path, elements| {
                let known = kinds.iter().position(|(known, _)| known == path);
                let at = known.unwrap_or(kinds.len());
                if known.is_none() {
                    if kinds.len() == LIST_PATHS_MAX {
                        return;
                    }
                    kinds.push((path.to_owned(), ListKind::default()));
                }
                kinds[at].1.add(tree, elements);
            });
        }
        let mut found: Vec<(String, usize, usize)> = Vec::new();
        for (list, kind) in &kinds {
            // In a single row a name may be a person's. A name that several rows have is the name of a field.
            let keys_from = if rows > 1 { 0 } else { LIST_IDS_FROM };
            let Some((key, value)) = kind.key_and_value(keys_from) else {
                continue;
            };
            let is_id = LIST_KEYS[LIST_IDS_FROM..].contains(&key);
            let mut count = |text: &str| {
                let is_personal = text.contains('@') || !is_id && is_telling(text);
                if text.chars().count() > LIST_NAME_CHARS_MAX || is_personal {
                    return;
                }
                let path = path::written(list, key, text, value);
                match found.iter().position(|(known, ..)| *known == path) {
                    Some(at) => found[at].1 += 1,
                    None if found.len() < LIST_PATHS_MAX => found.push((path, 1, kind.rows)),
                    None => {}
                }
            };
            for tree in &self.0 {
                tree.lists(&mut |path, elements| {
                    let members = elements.iter().filter(|_| path == list);
                    members
                        .filter_map(|element| match tree.member(*element, key)? {
                            Cell::Text(text) => Some(text),
                            Cell::Blank | Cell::Structure | Cell::Several => None,
                        })
                        .for_each(&mut count);
                });
            }
        }
        let is_field =
            |count: usize, of: usize| count * LIST_ROWS_ONE_IN >= of && (count > 1 || rows == 1);
        let kept = found
            .into_iter()
            .filter(|(_, count, of)| is_field(*count, *of));
        kept.map(|(path, ..)| path).collect()
    }
}

impl ListKind {
    pub(super) fn add(&mut self, tree: &Tree, elements: &[usize]) {
        self.rows += 1;
        self.elements += elements.len();
        for (key, (count, repeats)) in LIST_KEYS.iter().zip(&mut self.keys) {
            let mut texts = HashSet::new();
            for &element in elements {
                if let Some(Cell::Text(text)) = tree.member(element, key) {
                    *count += 1;
                    *repeats |= !texts.insert(text);
                }
            }
        }
        for (key, has) in LIST_VALUES.iter().zip(&mut self.values) {
            *has = *has
                || elements
                    .iter()
                    .any(|&element| tree.member(element, key).is_some());
        }
    }

    /// Returns whether its elements have names or numbers, and values.
    pub(super) fn is_of_fields(&self) -> bool {
        let is_everywhere = |(count, _): &(usize, bool)| *count == self.elements;
        self.values.contains(&true) && self.keys.iter().any(is_everywhere)
    }

    /// Returns the key that identifies the elements, and the key of their value.
    fn key_and_value(&self, keys_from: usize) -> Option<(&'static str, &'static str)> {
        let value = LIST_VALUES.iter().zip(&self.values).find(|(_, has)| **has);
        let mut keys = LIST_KEYS.iter().zip(&self.keys).skip(keys_from);
        let key = keys.find(|(_, (count, repeats))| *count == self.elements && !repeats);
        Some((key?.0, value?.0))
    }
}
