//! The names that a job uses, held against the columns that an input has.

use std::collections::HashMap;

use super::super::decode::lists::Lists;
use super::super::decode::path::{self, Path, PathFault};
use super::super::error::{IntakeError, MissingColumn};
use super::super::mask;
use super::super::quoting::listed;
use super::super::status::{StatusKind, status_kind};
use crate::nearest::nearest;

/// Most columns of a status that are looked at.
const STATUS_COLUMNS_MAX: usize = 8;

/// The columns of an input; keeps a list of those that the job wants and the input has not.
pub(crate) struct Columns<'a> {
    present: &'a [String],
    by_name: HashMap<&'a str, usize>,
    /// Columns are numbered as they are asked for, rather than as they stand in the header.
    by_path: bool,
    /// Whether a name that is not among `present` may still turn up further down.
    may_lack: bool,
    /// Columns that have the same name in the header.
    repeated: &'a [Vec<usize>],
    /// The lists of the sample, into which paths may lead.
    lists: Option<&'a Lists>,
    /// The first path that is malformed: where the job names it, itself, and what is wrong.
    malformed: Option<(String, String, PathFault)>,
    wanted: Vec<String>,
    missing: Vec<MissingColumn>,
    ambiguous: Vec<(String, String)>,
}

impl<'a> Columns<'a> {
    /// Those of a header.
    pub(crate) fn of_header(names: &'a [String], repeated: &'a [Vec<usize>]) -> Self {
        Self {
            repeated,
            ..Self::new(names, false, false)
        }
    }

    /// Those of a sample of objects.
    pub(crate) fn of_sample(paths: &'a [String], lists: &'a Lists, may_lack: bool) -> Self {
        Self {
            lists: Some(lists),
            ..Self::new(paths, true, may_lack)
        }
    }

    fn new(present: &'a [String], by_path: bool, may_lack: bool) -> Self {
        Self {
            present,
            by_name: present
                .iter()
                .enumerate()
                .filter(|(_, name)| !name.is_empty())
                .map(|(index, name)| (name.as_str(), index))
                .collect(),
            by_path,
            may_lack,
            repeated: &[],
            lists: None,
            malformed: None,
            ambiguous: Vec::new(),
            wanted: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// The number of the column that the job names at `job_key`; none when there is no such column.
    pub(crate) fn find(&mut self, name: &str, job_key: &str, may_lack: bool) -> Option<usize> {
        let name = name.trim();
        let present = self.present_as(name);
        let is_several = |column| {
            self.repeated
                .iter()
                .any(|columns| columns.first() == Some(&column))
        };
        if present.is_some_and(|column| self.present[column] == name && is_several(column)) {
            self.ambiguous.push((name.to_owned(), job_key.to_owned()));
        }
        if present.is_none() && self.is_malformed(name, job_key) {
            return None;
        }
        if present.is_none() && !may_lack && !self.may_lack && !self.is_in_list(name) {
            self.missing.push(MissingColumn {
                column: name.to_owned(),
                job_key: job_key.to_owned(),
                nearest: nearest(name, self.present.iter().map(String::as_str)).map(str::to_owned),
            });
        }
        if !self.by_path {
            self.wanted
                .extend(present.map(|column| self.present[column].clone()));
            return present;
        }
        if let Some(number) = self.wanted.iter().position(|wanted| wanted == name) {
            return Some(number);
        }
        self.wanted.push(name.to_owned());
        Some(self.wanted.len() - 1)
    }

    /// Returns the columns whose header names a status, but for those named, with their names.
    pub(crate) fn statuses(&mut self, but: &[&str]) -> Vec<(usize, String, StatusKind)> {
        let mut found = Vec::new();
        for (index, name) in self.present.iter().enumerate() {
            let Some(kind) = status_kind(name).filter(|_| !but.contains(&name.as_str())) else {
                continue;
            };
            if found.len() == STATUS_COLUMNS_MAX {
                break;
            }
            let wanted = self.wanted.iter().position(|wanted| wanted == name);
            let number = match wanted {
                _ if !self.by_path => index,
                Some(number) => number,
                None => {
                    self.wanted.push(name.clone());
                    self.wanted.len() - 1
                }
            };
            found.push((number, name.clone(), kind));
        }
        found
    }

    /// Returns whether a path leads to an element of a list in the sample.
    fn is_in_list(&self, name: &str) -> bool {
        let path: Option<Path> = path::parse(name).ok().flatten();
        let is_there = |path| self.lists.is_some_and(|lists| lists.have(&path));
        path.is_some_and(is_there)
    }

    /// Returns whether a name that is no column is meant as a path into a list but cannot be parsed.
    fn is_malformed(&mut self, name: &str, job_key: &str) -> bool {
        let (Some(lists), Err(fault)) = (self.lists, path::parse(name)) else {
            return false;
        };
        let list = name.split('[').next().unwrap_or_default().trim();
        let is_path = name.contains('=') || lists.have_list(list);
        if is_path && self.malformed.is_none() {
            self.malformed = Some((job_key.to_owned(), name.to_owned(), fault));
        }
        is_path
    }

    /// The column of that name; the first of several can be called `Name (1)`.
    fn present_as(&self, name: &str) -> Option<usize> {
        let first = || {
            let base = name.strip_suffix(" (1)")?;
            self.by_name.get(format!("{base} (2)").as_str())?;
            self.by_name.get(base)
        };
        self.by_name.get(name).or_else(first).copied()
    }

    /// The names wanted, those of paths by number; an error when some are missing.
    pub(crate) fn finish(self, input: &str) -> Result<Vec<String>, IntakeError> {
        if let Some((job_key, name, fault)) = self.malformed {
            return Err(IntakeError::Rule {
                job_key,
                what: format!(
                    "the path `{name}` has a fault at character {}: {}",
                    fault.character, fault.what
                ),
                hint: "write the list, then in brackets a key of its elements and the value to look for, then the key that is wanted: \
                       custom_fields[id=27642].value"
                    .to_owned(),
            });
        }
        if let Some((name, job_key)) = self.ambiguous.first() {
            let first = self.by_name.get(name.as_str()).copied();
            let columns = self
                .repeated
                .iter()
                .find(|columns| columns.first().copied() == first);
            let columns = columns.map_or(&[][..], Vec::as_slice);
            let numbers: Vec<_> = columns
                .iter()
                .map(|column| (column + 1).to_string())
                .collect();
            let others: Vec<_> = columns
                .iter()
                .skip(1)
                .map(|&column| &self.present[column])
                .collect();
            return Err(IntakeError::Rule {
                job_key: job_key.clone(),
                what: format!(
                    "`{name}` is the name of several columns of {input}: {}",
                    numbers.join(", ")
                ),
                hint: format!(
                    "say which is meant: `{name} (1)` is the first, the others are {}",
                    listed(&mask::names(&others))
                ),
            });
        }
        if self.missing.is_empty() {
            return Ok(self.wanted);
        }
        Err(IntakeError::MissingColumns {
            input: input.to_owned(),
            missing: self.missing,
            present: self
                .present
                .iter()
                .filter(|name| !name.is_empty())
                .cloned()
                .collect(),
            are_paths: self.by_path,
        })
    }
}
