//! The names that a job uses, held against the columns that an input has.

use std::collections::HashMap;

use super::super::error::{IntakeError, MissingColumn};
use super::values::folded;

/// Below this likeness (of 1) a name is not suggested for another.
const LIKENESS_MIN: f64 = 0.6;

/// The columns of an input; keeps a list of those that the job wants and the input has not.
pub(crate) struct Columns<'a> {
    present: &'a [String],
    by_name: HashMap<&'a str, usize>,
    /// Columns are numbered as they are asked for, rather than as they stand in the header.
    by_path: bool,
    /// Whether a name that is not among `present` may still turn up further down.
    may_lack: bool,
    wanted: Vec<String>,
    missing: Vec<MissingColumn>,
}

impl<'a> Columns<'a> {
    /// Those of a header.
    pub(crate) fn of_header(names: &'a [String]) -> Self {
        Self::new(names, false, false)
    }

    /// Those of a sample of objects.
    pub(crate) fn of_sample(paths: &'a [String], may_lack: bool) -> Self {
        Self::new(paths, true, may_lack)
    }

    fn new(present: &'a [String], by_path: bool, may_lack: bool) -> Self {
        Self {
            present,
            by_name: present
                .iter()
                .enumerate()
                .map(|(index, name)| (name.as_str(), index))
                .collect(),
            by_path,
            may_lack,
            wanted: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// The number of the column that the job names at `job_key`; none when there is no such column.
    pub(crate) fn find(&mut self, name: &str, job_key: &str, may_lack: bool) -> Option<usize> {
        let name = name.trim();
        let present = self.by_name.get(name).copied();
        if present.is_none() && !may_lack && !self.may_lack {
            self.missing.push(MissingColumn {
                column: name.to_owned(),
                job_key: job_key.to_owned(),
                nearest: self.nearest(name),
            });
        }
        if !self.by_path {
            return present;
        }
        if let Some(number) = self.wanted.iter().position(|wanted| wanted == name) {
            return Some(number);
        }
        self.wanted.push(name.to_owned());
        Some(self.wanted.len() - 1)
    }

    fn nearest(&self, name: &str) -> Option<String> {
        let form = folded(name);
        let likeness = |other: &str| {
            let other = folded(other);
            if other == form {
                2.0
            } else {
                strsim::normalized_damerau_levenshtein(&form, &other)
            }
        };
        self.present
            .iter()
            .map(|other| (likeness(other), other))
            .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, other)| other.clone())
    }

    /// The paths wanted, by number; an error when some are missing.
    pub(crate) fn finish(self, input: &str) -> Result<Vec<String>, IntakeError> {
        if self.missing.is_empty() {
            return Ok(self.wanted);
        }
        Err(IntakeError::MissingColumns {
            input: input.to_owned(),
            missing: self.missing,
            present: self.present.to_vec(),
            are_paths: self.by_path,
        })
    }
}
