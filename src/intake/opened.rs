//! An input that is open at its first row.

use super::decode::scan::{After, Dialect, Scan, Spans, scan};
use super::decode::{Decoder, HEADER_BYTES_MAX, Shape, csv, lists};
use super::detect::{self, LOOK_BYTES};
use super::dialect::{DELIMITERS, delimiter_hint, written};
use super::error::{IntakeError, MissingColumn};
use super::map::{Columns, quoted_toml};
use super::quoting::cut;
use super::source::Window;
use crate::plan::Format;

/// An input whose rows come next.
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) window: Window,
    pub(crate) decoder: Decoder,
    pub(crate) shape: Shape,
    /// CSV: the header as it came, when its delimiter is a guess.
    pub(crate) guessed_header: Vec<u8>,
    /// JSON: every path of the sample, objects included.
    pub(crate) paths: Vec<String>,
    /// JSON: the lists of the sample.
    pub(crate) lists: lists::Lists,
    /// JSON: columns need not show in the sample (there are no rows, or they are rejects of a larger input).
    pub(crate) may_lack: bool,
}

impl Opened {
    /// Makes of missing columns what is really amiss, where they would be there with another delimiter.
    pub(crate) fn explain(&self, error: IntakeError) -> IntakeError {
        let IntakeError::MissingColumns { missing, .. } = &error else {
            return error;
        };
        if self.shape.format != Format::Csv {
            return self.explain_pages(missing).unwrap_or(error);
        }
        let guess = self.shape.delimiter;
        let others = DELIMITERS.into_iter().filter(|other| *other != guess);
        let found = others.into_iter().find_map(|delimiter| {
            let names = self.names_if(delimiter);
            let found = missing.iter().find(|one| names.contains(&one.column))?;
            Some((delimiter, &found.column))
        });
        let Some((delimiter, column)) = found else {
            return self.rows_in_quotes(missing).unwrap_or(error);
        };
        IntakeError::Header {
            input: self.name.clone(),
            line: self.shape.header_line,
            what: format!(
                "has no column `{column}` if cells are divided by `{}`, and has it if by `{}`",
                written(guess),
                written(delimiter)
            ),
            hint: delimiter_hint(delimiter, guess),
        }
    }

    /// Returns the cause of missing columns when each object of the input is a page with rows in a list.
    fn explain_pages(&self, missing: &[MissingColumn]) -> Option<IntakeError> {
        // For a path into a list, the path of the list counts.
        let list_with = |one: &MissingColumn| {
            let path = one.column.split('[').next().unwrap_or_default();
            self.lists.with(path.trim())
        };
        let column = &missing.first()?.column;
        let list = list_with(missing.first()?)?;
        let is_there = |one: &MissingColumn| list_with(one) == Some(list);
        if !missing.iter().all(is_there) {
            return None;
        }
        Some(IntakeError::Document {
            input: self.name.clone(),
            line: 1,
            what: format!(
                "the objects have no `{column}`, but those in their list `{}` have: perhaps they are pages of rows, one after the other",
                cut(list)
            ),
            hint: format!(
                "set records = {} in the job file's [input] to read the rows of all pages",
                quoted_toml(list)
            ),
        })
    }

    /// Returns the error of a file in which one cell of the header contains the missing names, with a delimiter between
    /// them.
    fn rows_in_quotes(&self, missing: &[MissingColumn]) -> Option<IntakeError> {
        let [columns] = self.shape.columns.as_slice() else {
            return None;
        };
        let (delimiter, column) = DELIMITERS.into_iter().find_map(|delimiter| {
            let is_part = |wanted: &str| {
                let mut parts = columns.split(char::from(delimiter));
                parts.any(|part| part.trim().trim_matches('"') == wanted)
            };
            let found = missing.iter().find(|one| is_part(&one.column))?;
            Some((delimiter, &found.column))
        })?;
        Some(IntakeError::Header {
            input: self.name.clone(),
            line: self.shape.header_line,
            what: format!(
                "has the column `{column}` only as a part of one cell: each whole row is in quotes, with `{}` between its \
                 cells",
                written(delimiter)
            ),
            hint: "remove the quotes around whole rows, or export the file again without them"
                .to_owned(),
        })
    }

    /// The names in the header with another delimiter than the one that was guessed.
    fn names_if(&self, delimiter: u8) -> Vec<String> {
        let dialect = Dialect {
            delimiter,
            ..self.shape.dialect()
        };
        let header = &self.guessed_header;
        let mut cells = Spans::default();
        match scan(header, After::End, HEADER_BYTES_MAX, dialect, &mut cells) {
            Scan::Record {
                content,
                fault: None,
                ..
            } => csv::names(&header[..content], &cells).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Returns the columns with which the rules are compared.
    pub(crate) fn columns(&self) -> Columns<'_> {
        match self.shape.format {
            Format::Csv => Columns::of_header(&self.shape.columns, &self.shape.repeated),
            Format::Jsonl | Format::Json => {
                Columns::of_sample(&self.paths, &self.lists, self.may_lack)
            }
        }
    }
}

/// Returns the first unread bytes.
pub(crate) fn start(window: &Window) -> &[u8] {
    let unread = window.unread();
    &unread[..unread.len().min(LOOK_BYTES)]
}

/// Does something with the window; what the system says of a failure becomes an error with the input's name.
pub(crate) fn read<T>(
    name: &str,
    window: &mut Window,
    act: impl FnOnce(&mut Window) -> std::io::Result<T>,
) -> Result<T, IntakeError> {
    act(window).map_err(|source| IntakeError::reading(name.to_owned(), window.bytes_read(), source))
}

pub(crate) fn unreadable(input: String, refusal: detect::Unreadable) -> IntakeError {
    IntakeError::Unreadable {
        input,
        what: refusal.what,
        hint: refusal.hint,
    }
}
