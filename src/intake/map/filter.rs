//! Which rows the job wants at all, and which it leaves out by what looks like a slip of the keyboard.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use strsim::osa_distance;

use super::values::{ValueMap, folded};
use super::{Loose, text_of};
use crate::codes::ProblemCode;
use crate::intake::decode::Cells;

/// Shorter words are near too many others for that to mean anything.
const NEAR_CHARS_MIN: usize = 4;
/// One slip for each so many letters, and one in any case.
const CHARS_A_SLIP: usize = 6;
/// Values of which it is remembered whether they are near a word.
const REMEMBERED_MAX: usize = 1_000;

/// One of the job's filters.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) column: usize,
    pub(super) name: String,
    /// The words that pass.
    values: ValueMap<()>,
    /// In the form in which they are compared.
    forms: Vec<String>,
    chars_max: usize,
    /// Which word a value is near: most rows that are left out repeat a few values.
    near: Mutex<HashMap<String, Option<usize>>>,
}

/// Whether a row passes.
#[derive(Debug)]
pub(crate) enum Passing<'f> {
    /// It does.
    Yes,
    /// It does not. Perhaps it should: this one value is nearly one that would.
    No(Option<Loose<'f>>),
}

impl Filter {
    pub(super) fn new(column: usize, name: String, values: ValueMap<()>) -> Self {
        let forms = values
            .written()
            .iter()
            .map(|word| folded(word).into_owned());
        let forms: Vec<_> = forms.collect();
        Self {
            column,
            name,
            chars_max: forms
                .iter()
                .map(|form| form.chars().count())
                .max()
                .unwrap_or(0),
            forms,
            values,
            near: Mutex::default(),
        }
    }

    /// A value that cannot be compared is a problem.
    pub(super) fn passes(&self, cells: &Cells<'_>) -> Result<Passing<'_>, Loose<'_>> {
        let text =
            text_of(cells.get(self.column)).map_err(|unfit| unfit.told(Some(&self.name), None))?;
        let text = text.unwrap_or_default();
        if self.values.get(text).is_some() {
            return Ok(Passing::Yes);
        }
        let near = self
            .near(text)
            .and_then(|index| self.values.written().get(index));
        Ok(Passing::No(near.map(|word| Loose {
            column: Some(&self.name),
            field: None,
            code: ProblemCode::NearWord,
            message:
                format!("is nearly `{word}`, which `where` takes, so the row is left out").into(),
        })))
    }

    /// The number of the word that a value is near.
    fn near(&self, text: &str) -> Option<usize> {
        // Much longer values are near nothing.
        if text.len() > 8 * self.chars_max + 8 {
            return None;
        }
        let remembered = || self.near.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = remembered().get(text) {
            return *known;
        }
        let form = folded(text);
        let near = self.forms.iter().position(|word| is_near(&form, word));
        let mut remembered = remembered();
        if remembered.len() < REMEMBERED_MAX {
            remembered.insert(text.to_owned(), near);
        }
        near
    }
}

/// Whether one is the other with a slip of the keyboard. Names that differ in a number or a letter that stands alone
/// (`Level 1`, `Level 2`) are two names; those that differ in what stands around them (`Privacy.`) are one.
fn is_near(found: &str, word: &str) -> bool {
    fn bare(text: &str) -> &str {
        text.trim_matches(|c: char| !c.is_alphanumeric())
    }
    if bare(found) == bare(word) {
        return !bare(found).is_empty();
    }
    let (found_chars, word_chars) = (found.chars().count(), word.chars().count());
    let shorter = found_chars.min(word_chars);
    let slips = (shorter / CHARS_A_SLIP).max(1);
    if shorter < NEAR_CHARS_MIN || found_chars.abs_diff(word_chars) > slips {
        return false;
    }
    let of_letters = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphabetic());
        let words = words.filter(|word| word.chars().count() > 1);
        words.map(str::to_owned).collect()
    };
    osa_distance(found, word) <= slips && of_letters(found) != of_letters(word)
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn a_slip_is_near_and_another_name_is_not() {
        for (found, word) in [
            ("privcy", "privacy"),
            ("pirvacy", "privacy"),
            ("erasure", "erasrue"),
            ("privacy.", "privacy"),
            ("(dsr)", "dsr"),
            ("datenschutzanfrage", "datenshutzanfrge"),
        ] {
            assert!(is_near(found, word), "{found}, {word}");
        }
        for (found, word) in [
            ("level 1", "level 2"),
            ("team a", "team b"),
            ("q1/2026", "q2/2026"),
            ("dsar", "dsr"),
            ("privacy", "privacy eu"),
            ("billing", "privacy"),
            ("", "privacy"),
            ("-", "?"),
        ] {
            assert!(!is_near(found, word), "{found}, {word}");
        }
    }
}
