//! Which rows the job wants at all, and which it leaves out by what looks like a slip of the keyboard.

use strsim::damerau_levenshtein;

use super::values::{ValueMap, folded};
use super::{Loose, text_of};
use crate::intake::decode::Cells;

/// Shorter words are near too many others for that to mean anything.
const NEAR_CHARS_MIN: usize = 4;
/// One slip for each so many letters, and one in any case.
const CHARS_A_SLIP: usize = 6;

/// One of the job's filters.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) column: usize,
    pub(super) name: String,
    /// The words that pass.
    values: ValueMap<()>,
    /// In the form in which they are compared.
    forms: Vec<String>,
}

/// Whether a row passes.
#[derive(Debug)]
pub(crate) enum Passing<'f> {
    /// It does.
    Yes,
    /// It does not, and perhaps should: a value is nearly one that would.
    No(Option<Loose<'f>>),
}

impl Filter {
    pub(super) fn new(column: usize, name: String, values: ValueMap<()>) -> Self {
        let forms = values
            .written()
            .iter()
            .map(|word| folded(word).into_owned());
        Self {
            column,
            name,
            forms: forms.collect(),
            values,
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
        let form = folded(text);
        let near = self.forms.iter().position(|word| is_near(&form, word));
        let near = near.and_then(|index| self.values.written().get(index));
        Ok(Passing::No(near.map(|word| Loose {
            column: Some(&self.name),
            field: None,
            code: "near_word",
            message:
                format!("is nearly `{word}`, which `where` takes, so the row is left out").into(),
        })))
    }
}

/// Whether one is the other with a slip of the keyboard. Names that differ in a number or a letter that stands alone
/// (`Level 1`, `Level 2`) are two names.
fn is_near(found: &str, word: &str) -> bool {
    // Looked at first, since most rows that are left out have another word altogether.
    let same_end = found.chars().next() == word.chars().next()
        || found.chars().next_back() == word.chars().next_back();
    if !same_end || found.len().abs_diff(word.len()) > word.len() {
        return false;
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
    damerau_levenshtein(found, word) <= slips && of_letters(found) != of_letters(word)
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
        ] {
            assert!(!is_near(found, word), "{found}, {word}");
        }
    }
}
