//! The names of a table's columns: joined, carried to the right, made up where there is none, and told apart.

use std::collections::{HashMap, HashSet};

use super::super::kind::Kind;
use super::Look;
use super::record::{folded_space, is_dashes};

/// What stands between the names of a header of several records.
const JOINT: &str = " / ";

impl Look<'_> {
    /// The names of these records, joined from top to bottom; those of groups are carried to the right.
    pub(super) fn joined(&self, header: usize, last: usize) -> Vec<String> {
        let width = self.typed.len();
        let mut names = vec![String::new(); width];
        for record in header..=last {
            let mut carried = String::new();
            for (column, name) in names.iter_mut().enumerate() {
                let own = self.sample[record]
                    .get(column)
                    .map(|cell| folded_space(cell))
                    .filter(|cell| !is_dashes(cell))
                    .unwrap_or_default();
                let is_group = record < last;
                if !own.is_empty() {
                    carried.clone_from(&own);
                } else if !is_group
                    || carried.is_empty()
                    || !self.is_named_below(record, last, column)
                {
                    continue;
                }
                if !name.is_empty() {
                    name.push_str(JOINT);
                }
                name.push_str(&carried);
            }
        }
        names
    }

    /// Whether a record further down, within the header, names the column.
    fn is_named_below(&self, record: usize, last: usize, column: usize) -> bool {
        (record + 1..=last).any(|below| {
            self.kinds[below]
                .get(column)
                .is_some_and(|kind| *kind != Kind::Blank)
        })
    }

    /// Final names of columns whose rows begin at `from`, and which of them are made up.
    pub(super) fn names(
        &self,
        header: usize,
        last: usize,
        from: usize,
    ) -> (Vec<String>, Vec<usize>, Vec<Vec<usize>>) {
        let mut names = self.joined(header, last);
        if names.iter().all(String::is_empty) {
            return (Vec::new(), Vec::new(), Vec::new());
        }
        let mut made_up = Vec::new();
        let is_named: Vec<bool> = names.iter().map(|name| !name.is_empty()).collect();
        let last_named = is_named.iter().rposition(|named| *named).unwrap_or(0);
        for column in 0..names.len() {
            let is_missing = if column < last_named {
                self.uses(column, from).1 > 0
            } else {
                // One at the end is a column if the header has a cell for its name and nearly all rows a value. Among rows of
                // people it is left out nevertheless: a surplus delimiter may have moved personal values there.
                self.is_of_nobody
                    && (header..=last).any(|record| column < self.sample[record].len())
                    && self.is_used_by_nearly_all(column, from)
            };
            if !is_named[column] && is_missing {
                names[column] = format!("Column {}", column + 1);
                made_up.push(column);
            }
        }
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        let repeated = repeated(&names);
        made_up.extend(told_apart(&mut names));
        made_up.sort_unstable();
        made_up.dedup();
        (names, made_up, repeated)
    }
}

/// The columns of each name that several have.
pub(super) fn repeated(names: &[String]) -> Vec<Vec<usize>> {
    let mut of_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (column, name) in names
        .iter()
        .enumerate()
        .filter(|(_, name)| !name.is_empty())
    {
        of_name.entry(name).or_default().push(column);
    }
    let mut several: Vec<_> = of_name
        .into_values()
        .filter(|columns| columns.len() > 1)
        .collect();
    several.sort_unstable();
    several
}

/// Different names of names: of several that are the same the first stays and the others become `Name (2)`, `Name (3)`,
/// skipping what stands there already. Answers which were changed.
pub(crate) fn told_apart(names: &mut [String]) -> Vec<usize> {
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut seen: HashSet<String> = HashSet::new();
    let mut next: HashMap<String, usize> = HashMap::new();
    let mut changed = Vec::new();
    for (column, name) in names.iter_mut().enumerate() {
        if name.is_empty() || seen.insert(name.clone()) {
            continue;
        }
        let number = next.entry(name.clone()).or_insert(2);
        let mut candidate = format!("{name} ({number})");
        while taken.contains(&candidate) {
            *number += 1;
            candidate = format!("{name} ({number})");
        }
        *number += 1;
        taken.insert(candidate.clone());
        seen.insert(candidate.clone());
        *name = candidate;
        changed.push(column);
    }
    changed
}
