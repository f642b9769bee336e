//! From the columns and values of an input to a proposal of its job file.
//!
//! In: an input and how it is read. Out: a [`Proposal`], plain data of bounded size, and its text as TOML. A column is
//! taken for a property only where header and values agree; a word gets a meaning only where it leaves no other. What
//! is doubtful is `?`, or stands in a comment with the reason. No value of a person is kept or shown. No terminal.

mod choose;
mod dictionary;
mod headers;
mod kinds;
mod profile;
mod requests;
mod sources;
mod unique;
mod write;

pub use profile::Word;
pub(crate) use unique::unique_columns;

use uuid::Uuid;

use crate::entry::{Field, RequestType};
use crate::intake::{Cell, Cells, IntakeError, Phone, Shape, each_row, phone};
use crate::numbers::grouped;
use crate::plan::{Input, Reading};
use headers::Said;
use profile::{Column, Profile};
use sources::Source;

/// Stands where a person has to decide.
pub const UNDECIDED: &str = "?";

/// A column that is taken, or those that may be.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The column, by its number.
    pub taken: Option<usize>,
    /// Why, or why none is.
    pub why: String,
    /// What else may be meant, and what speaks for or against it.
    pub others: Vec<(usize, String)>,
}

/// What a request word means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sense {
    /// These requests.
    Requests(Vec<RequestType>),
    /// No request.
    Skip,
    /// A person has to say; why.
    Undecided(&'static str),
}

/// A word of the request column and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestWord {
    /// The word and its rows.
    pub word: Word,
    /// Its meaning.
    pub sense: Sense,
}

/// Whether the persons were verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preverified {
    /// The user has to decide.
    Undecided,
    /// The same for all.
    All(bool),
    /// The values of the column [`Proposal::verified_by`].
    Column,
}

/// A column that says who was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedColumn {
    /// The number of the column.
    pub column: usize,
    /// The meaning of each word. Empty: the words are yes and no.
    pub words: Vec<(Word, bool)>,
    /// Rows that say that the person was not verified.
    pub not_verified: u64,
    /// Words that mean neither yes nor no.
    pub unknown: Vec<Word>,
}

/// A column that says how far a case has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneColumn {
    /// The number of the column.
    pub column: usize,
    /// Its words, the most frequent first, and whether each says that the case is done.
    pub words: Vec<(Word, bool)>,
}

/// The columns that feed properties, each of them a choice.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// `userEmail`
    pub email: Choice,
    /// `userPhoneNumber`
    pub phone: Choice,
    /// `userFirstName` and `userLastName`, as parts of one.
    pub full_name: Choice,
    /// `userFirstName`
    pub first_name: Choice,
    /// `userLastName`
    pub last_name: Choice,
    /// `userId`
    pub user_id: Choice,
    /// `request`
    pub request: Choice,
    /// When the person asked.
    pub received: Choice,
}

/// A job file as it is proposed.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The input, as the user gave it.
    pub input: String,
    /// How it was understood.
    pub shape: Shape,
    /// How it was to be read, as far as that was told.
    pub told: Reading,
    /// Rows that cannot be read.
    pub refused: u64,
    /// `[target]`
    pub organization: Option<Uuid>,
    /// `[target]`
    pub project: Option<Uuid>,
    /// Columns that identify a row; none: why not, and what else may.
    pub key: Vec<usize>,
    /// Why.
    pub key_why: String,
    /// Keys that may do: columns, and what speaks for or against them.
    pub key_others: Vec<(Vec<usize>, String)>,
    /// Of phone numbers without their country.
    pub region: Option<(String, usize)>,
    /// Which column feeds what.
    pub fields: Fields,
    /// The words of the request column.
    pub request_words: Vec<RequestWord>,
    /// Rows whose word may tell of a person, and is not shown.
    pub words_masked: u64,
    /// `preverified`
    pub preverified: Preverified,
    /// The column that may tell it.
    pub verified_by: Option<VerifiedColumn>,
    /// The column that tells which cases are done, where some are.
    pub done: Option<DoneColumn>,
    profile: Profile,
    said: Vec<Said>,
    source: Option<&'static Source>,
}

/// Reads an input once and proposes a job for it.
pub fn propose(input: &Input, reading: &Reading) -> Result<Proposal, IntakeError> {
    let mut seen: Option<(Shape, Profile)> = None;
    let refused = each_row(input, reading, |shape| {
        let names = shape.told_apart();
        let profile = Profile::new(&names, choose::followed(&names));
        let (_, profile) = seen.insert((shape.clone(), profile));
        |cells| profile.add(cells)
    })?;
    let Some((shape, profile)) = seen else {
        return Err(IntakeError::Empty {
            input: input.name.clone(),
        });
    };
    if let Some(index) = choose::is_no_header(&profile).filter(|_| reading.columns.is_none()) {
        let (input, line) = (input.name.clone(), shape.header_line);
        let what = format!(
            "looks like a row: column {} is named by a person's value",
            index + 1
        );
        let hint = "put a line with the columns' names above the first row, or name them in the job file's [input]: columns = \
                    [\"…\", \"…\"]"
            .to_owned();
        return Err(if shape.book.is_some() {
            IntakeError::SheetHeader {
                input,
                row: line,
                what,
                hint,
            }
        } else {
            IntakeError::Header {
                input,
                line,
                what,
                hint,
            }
        });
    }
    let mut proposal = choose::all(input.name.clone(), shape, profile, refused);
    proposal.told = reading.clone();
    if let (Some((region, _)), Some(column)) = (&proposal.region, proposal.fields.phone.taken) {
        let numbers = dialled_in(region, column, input, reading)?;
        proposal.judge_numbers(column, numbers);
    }
    Ok(proposal)
}

/// Reads the input again and counts the numbers of a column that `check` takes when they are dialled in a region.
fn dialled_in(
    region: &str,
    column: usize,
    input: &Input,
    reading: &Reading,
) -> Result<u64, IntakeError> {
    let mut numbers = 0;
    each_row(input, reading, |_| {
        |cells: &Cells<'_>| {
            if let Cell::Text(text) = cells.get(column) {
                let is_number = matches!(phone(text, Some(region)), Phone::International(..));
                numbers += u64::from(is_number);
            }
        }
    })?;
    Ok(numbers)
}

impl Proposal {
    /// The rows that were looked at.
    pub fn rows(&self) -> u64 {
        self.profile.rows
    }

    /// The columns: each one's name, and what its values are in a word or two.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let columns = self.profile.columns.iter();
        columns.map(|column| (column.name.as_str(), column.shape()))
    }

    /// Takes another column for the request, with its words when there are few enough; those of a column that tells
    /// of the person are not shown.
    pub fn take_request_column(&mut self, column: Option<usize>) {
        self.fields.request.taken = column;
        let (words, masked) = match column {
            Some(column) if !self.said[column].is_of_person() => {
                choose::request_words(&self.profile.columns[column])
            }
            _ => (Vec::new(), 0),
        };
        (self.request_words, self.words_masked) = (words, masked);
    }

    /// Keys that a person may choose from, the proposed one first.
    pub fn keys(&self) -> Vec<Vec<usize>> {
        let mut keys = Vec::new();
        if !self.key.is_empty() {
            keys.push(self.key.clone());
        }
        keys.extend(self.key_others.iter().map(|(columns, _)| columns.clone()));
        keys
    }

    /// Takes another of the keys, or none.
    pub fn take_key(&mut self, key: Vec<usize>) {
        if key == self.key {
            return;
        }
        let known = self.key_others.iter().position(|(other, _)| *other == key);
        let why = known
            .map(|index| self.key_others.remove(index).1)
            .unwrap_or_default();
        let earlier = std::mem::replace(&mut self.key, key);
        let earlier_why = std::mem::replace(&mut self.key_why, why);
        if !earlier.is_empty() {
            self.key_others.insert(0, (earlier, earlier_why));
        }
    }

    /// Whether some rule tells who the person is.
    pub fn has_identifier(&self) -> bool {
        let fields = &self.fields;
        let identifiers = [&fields.email, &fields.phone, &fields.user_id];
        identifiers.into_iter().any(|choice| choice.taken.is_some())
    }

    /// Records how many values of the column of phone numbers are not valid in the region.
    fn judge_numbers(&mut self, column: usize, numbers: u64) {
        let filled = self.column(column).filled;
        let wrong = filled - numbers;
        let region = self.region.as_ref().map_or("", |(region, _)| region);
        if wrong == 0 {
            return;
        }
        let why = format!(
            "not numbers that exist in {region}: {} of {}",
            grouped(wrong),
            grouped(filled)
        );
        if self.column(column).are_mostly(numbers) {
            self.fields.phone.why = why;
        } else {
            self.fields.phone.taken = None;
            choose::NONE_CERTAIN.clone_into(&mut self.fields.phone.why);
            self.fields.phone.others.insert(0, (column, why));
            self.region = None;
        }
    }

    /// Whether there are phone numbers without their country, and nothing says where they are dialled.
    fn lacks_region(&self) -> bool {
        let phone = &self.fields.phone;
        let mut lack = phone
            .taken
            .iter()
            .chain(phone.others.iter().map(|(column, _)| column));
        self.region.is_none() && lack.any(|column| self.column(*column).local_phones > 0)
    }

    /// What is left for a person to decide before the job can run: places marked `?`.
    pub fn undecided(&self) -> usize {
        let words = self.request_words.iter();
        let words = words.filter(|word| matches!(word.sense, Sense::Undecided(_)));
        words.count()
            + usize::from(self.preverified == Preverified::Undecided)
            + usize::from(self.fields.request.taken.is_none())
            + usize::from(!self.has_identifier())
    }

    /// The job file.
    pub fn to_toml(&self) -> String {
        write::toml(self)
    }

    fn column(&self, index: usize) -> &Column {
        &self.profile.columns[index]
    }

    /// The property and its choice, in the order of the job file.
    fn people(&self) -> [(Field, &Choice); 5] {
        [
            (Field::UserEmail, &self.fields.email),
            (Field::UserPhoneNumber, &self.fields.phone),
            (Field::UserFirstName, &self.fields.first_name),
            (Field::UserLastName, &self.fields.last_name),
            (Field::UserId, &self.fields.user_id),
        ]
    }
}
