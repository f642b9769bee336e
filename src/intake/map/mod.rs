//! Rows to drafts of requests, by the rules of the job.
//!
//! [`compile`] holds the rules against the columns once; every fault of the job shows there. [`Mapper::map`] then
//! follows them for each row, collects every problem of it, and borrows from the row whatever it can.
//! Not here: whether a draft keeps the published schema (`validate`), keys and marks (`entries`).

mod columns;
mod compile;
pub(crate) mod damage;
pub(crate) mod email;
mod filter;
pub(crate) mod key;
mod names;
pub(crate) mod near_key;
mod offending;
pub(crate) mod phone;
mod plans;
mod template;
mod uses;
pub(crate) mod values;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

pub(crate) use columns::Columns;
pub(crate) use compile::compile;
use filter::Filter;
pub(crate) use filter::Passing;
pub use uses::ColumnUse;
pub(crate) use uses::uses;
use values::{ValueMap, folded};

use super::dates::{self, DateRead};
use super::decode::{Cell, Cells};
use super::escapes::{self, Escaped, Kind};
use super::garbled;
use super::mask::{is_telling, mask};
use super::quoting::{cut, listed};
use super::status::{self, STATUSES_REMEMBERED_MAX, StatusKind};
use super::text::trimmed;
use super::validate::Draft;
use crate::codes::ProblemCode;
use crate::entry::{Field, RequestType};
use crate::plan::{DateOrder, NamePart};

/// A problem or warning of a value, not yet of a row.
#[derive(Clone, Debug)]
pub(crate) struct Loose<'r> {
    pub(crate) column: Option<&'r str>,
    pub(crate) field: Option<Field>,
    pub(crate) code: ProblemCode,
    pub(crate) message: Cow<'static, str>,
}

/// Room for a text that is made of several, the mark included, so that few grow while they are made.
const TEXT_BYTES_USUAL: usize = 192;

/// What is wrong with a value, or was done to it: a code for scripts, a sentence for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remark(pub(crate) ProblemCode, pub(crate) &'static str);

/// What the rules made of a row.
#[derive(Debug, Default)]
pub(crate) struct Mapped<'a> {
    pub(crate) draft: Draft<'a>,
    /// What the row asks for; none when that is not known.
    pub(crate) requests: Option<&'a [RequestType]>,
    pub(crate) problems: Vec<Loose<'a>>,
    pub(crate) warnings: Vec<Loose<'a>>,
}

/// The rules of a job, compiled against the columns of one input.
#[derive(Debug)]
pub(crate) struct Mapper {
    filters: Vec<Filter>,
    request: RequestRule,
    preverified: BoolRule,
    texts: Vec<TextRule>,
    region: Option<String>,
    received: Option<ReceivedRule>,
    /// Columns of a status that no filter looks at.
    statuses: Vec<StatusColumn>,
    pub(crate) key: KeyRule,
    /// Some value of `request` means more than one.
    pub(crate) may_make_several: bool,
}

/// The columns that identify a row.
#[derive(Debug, Default)]
pub(crate) struct KeyRule {
    /// Their numbers, and their names for messages.
    pub(crate) columns: Vec<(usize, String)>,
    /// One of them also says who the person is.
    pub(crate) is_personal: bool,
}

/// A column that says how far a case has come.
#[derive(Debug)]
struct StatusColumn {
    column: usize,
    name: String,
    kind: StatusKind,
    /// The values and whether each says done: most rows repeat a few values.
    known: Mutex<HashMap<String, bool>>,
}

impl StatusColumn {
    fn new(column: usize, name: String, kind: StatusKind) -> Self {
        Self {
            column,
            name,
            kind,
            known: Mutex::default(),
        }
    }

    fn is_done(&self, value: &str) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(value) {
            return *known;
        }
        let is_done = status::is_done(self.kind, value);
        if known.len() < STATUSES_REMEMBERED_MAX {
            known.insert(value.to_owned(), is_done);
        }
        is_done
    }
}

/// The column that says when a request was received.
#[derive(Debug)]
struct ReceivedRule {
    column: usize,
    order: Option<DateOrder>,
}

/// Where the text of a property comes from.
#[derive(Debug)]
enum Source {
    Column {
        column: Option<usize>,
        part: Option<NamePart>,
    },
    /// A line `name: value` for each that is not blank.
    Columns(Vec<(String, usize)>),
    Template(Vec<Piece>),
    Value(String),
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Column(usize),
}

#[derive(Debug)]
struct TextRule {
    field: Field,
    source: Source,
    values: ValueMap<String>,
    default: Option<String>,
    label: Option<String>,
    /// Tells what came of dividing a name: the first rule that divides it.
    tells_of_names: bool,
}

#[derive(Debug)]
struct BoolRule {
    /// The user has yet to decide. Rows are mapped without the value, and a run refuses to begin.
    is_undecided: bool,
    source: Source,
    values: ValueMap<bool>,
    default: Option<bool>,
    label: Option<String>,
}

#[derive(Debug)]
struct RequestRule {
    source: Source,
    values: ValueMap<Wish>,
    default: Option<Vec<RequestType>>,
    label: Option<String>,
}

/// What a word of the column of requests means.
#[derive(Clone, Debug, PartialEq)]
enum Wish {
    /// These; none: the row asks for nothing that Concord does.
    Requests(Vec<RequestType>),
    /// Nobody has decided yet.
    Undecided,
}

/// No text where text is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unfit {
    /// A JSON array or object.
    Structure,
    /// Several elements of a JSON list with different values.
    Several,
    /// An error of a spreadsheet in place of the value.
    SpreadsheetError,
}

impl Unfit {
    fn told(self, column: Option<&str>, field: Option<Field>) -> Loose<'_> {
        match self {
            Self::Structure => not_text(column, field),
            Self::Several => several_values(column, field),
            Self::SpreadsheetError => spreadsheet_error(column, field),
        }
    }
}

/// The text of a cell, when it is one that can be taken.
fn text_of(cell: Cell<'_>) -> Result<Option<&str>, Unfit> {
    match cell {
        Cell::Blank => Ok(None),
        Cell::Text(text) if damage::is_error(text) => Err(Unfit::SpreadsheetError),
        Cell::Text(text) => Ok(Some(text)),
        Cell::Structure => Err(Unfit::Structure),
        Cell::Several => Err(Unfit::Several),
    }
}

impl Source {
    /// The columns that it is made of.
    fn columns(&self) -> Vec<usize> {
        match self {
            Self::Value(_) => Vec::new(),
            Self::Column { column, .. } => column.iter().copied().collect(),
            Self::Columns(columns) => columns.iter().map(|(_, column)| *column).collect(),
            Self::Template(pieces) => {
                let columns = pieces.iter().filter_map(|piece| match piece {
                    Piece::Column(column) => Some(*column),
                    Piece::Text(_) => None,
                });
                columns.collect()
            }
        }
    }

    /// The text for a row; none when all that it is made of is blank.
    fn text<'a>(
        &'a self,
        cells: &Cells<'a>,
        takes_structures: bool,
    ) -> Result<Option<Cow<'a, str>>, Unfit> {
        let value = |column: usize| match cells.get(column) {
            Cell::Structure if takes_structures => Ok(Some(Cow::Owned(cells.structure(column)))),
            cell => Ok(text_of(cell)?.map(Cow::Borrowed)),
        };
        match self {
            Self::Value(text) => Ok(Some(Cow::Borrowed(text))),
            Self::Column { column: None, .. } => Ok(None),
            Self::Column {
                column: Some(column),
                ..
            } => value(*column),
            Self::Columns(columns) => {
                let mut lines = String::with_capacity(TEXT_BYTES_USUAL);
                for (name, column) in columns {
                    if let Some(value) = value(*column)? {
                        if !lines.is_empty() {
                            lines.push('\n');
                        }
                        lines.push_str(name);
                        lines.push_str(": ");
                        lines.push_str(&value);
                    }
                }
                Ok((!lines.is_empty()).then_some(Cow::Owned(lines)))
            }
            Self::Template(pieces) => {
                let mut filled = String::with_capacity(TEXT_BYTES_USUAL);
                let mut is_blank = true;
                let mut is_constant = true;
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => filled.push_str(text),
                        Piece::Column(column) => {
                            is_constant = false;
                            if let Some(value) = value(*column)? {
                                is_blank = false;
                                filled.push_str(&value);
                            }
                        }
                    }
                }
                let filled = match trimmed(&filled) {
                    trimmed if trimmed.len() == filled.len() => filled,
                    trimmed => trimmed.to_owned(),
                };
                let is_given = (is_constant || !is_blank) && !filled.is_empty();
                Ok(is_given.then_some(Cow::Owned(filled)))
            }
        }
    }
}

impl Mapper {
    /// The columns of all rules but the filters: a row with nothing in them asks for nothing.
    pub(crate) fn columns(&self) -> Vec<usize> {
        let sources = [&self.request.source, &self.preverified.source];
        let sources = sources
            .into_iter()
            .chain(self.texts.iter().map(|rule| &rule.source));
        let key = self.key.columns.iter().map(|(column, _)| *column);
        let received = self.received.iter().map(|rule| rule.column);
        sources
            .flat_map(Source::columns)
            .chain(key)
            .chain(received)
            .collect()
    }

    /// The label of a property's column in messages.
    pub(crate) fn label(&self, field: Field) -> Option<&str> {
        match field {
            Field::Request => self.request.label.as_deref(),
            Field::Preverified => self.preverified.label.as_deref(),
            _ => self
                .texts
                .iter()
                .find(|rule| rule.field == field)
                .and_then(|rule| rule.label.as_deref()),
        }
    }

    /// Whether the row passes all filters; a value that cannot be compared is a problem.
    pub(crate) fn passes(&self, cells: &Cells<'_>) -> Result<Passing<'_>, Loose<'_>> {
        let mut filters = self.filters.iter();
        for filter in &mut filters {
            let Passing::No(near) = filter.passes(cells)? else {
                continue;
            };
            let passes_others = near.is_some()
                && filters.all(|other| matches!(other.passes(cells), Ok(Passing::Yes)));
            return Ok(Passing::No(near.filter(|_| passes_others)));
        }
        Ok(Passing::Yes)
    }

    /// When the row says that its request was received; none when the job asks for no such date.
    pub(crate) fn received(&self, cells: &Cells<'_>) -> Option<DateRead> {
        let rule = self.received.as_ref()?;
        Some(match cells.get(rule.column) {
            Cell::Blank => DateRead::Blank,
            Cell::Text(text) => dates::read(text, rule.order),
            Cell::Structure | Cell::Several => DateRead::Unreadable,
        })
    }

    /// Follows the rules for one row. A row that asks for nothing (`skip`) is not looked at any further.
    pub(crate) fn map<'a>(&'a self, cells: Cells<'a>) -> Mapped<'a> {
        let mut mapped = Mapped::default();
        self.request.follow(&cells, &mut mapped);
        if mapped.requests.is_some_and(<[_]>::is_empty) {
            return mapped;
        }
        self.preverified.follow(&cells, &mut mapped);
        for rule in &self.texts {
            rule.follow(&cells, self.region.as_deref(), &mut mapped);
        }
        refuse_bare_number(&mut mapped);
        mapped
    }

    /// Returns the column that says what a row asks for, if one does.
    pub(crate) const fn request_column(&self) -> Option<usize> {
        match self.request.source {
            Source::Column { column, .. } => column,
            _ => None,
        }
    }

    /// The status column by which the row looks done, its number and name, when there is one.
    pub(crate) fn looks_done(&self, cells: &Cells<'_>) -> Option<(usize, &str)> {
        let column = self
            .statuses
            .iter()
            .find(|status| match cells.get(status.column) {
                Cell::Text(text) => status.is_done(text),
                Cell::Blank | Cell::Structure | Cell::Several => false,
            })?;
        Some((column.column, &column.name))
    }
}

/// Refuses a number whose country is unknown where it alone identifies the person.
fn refuse_bare_number(mapped: &mut Mapped<'_>) {
    let is_bare = |loose: &Loose<'_>| loose.code == PHONE_AS_WRITTEN.0;
    let Some(at) = mapped.warnings.iter().position(is_bare) else {
        return;
    };
    let mut others = Field::IDENTIFIERS
        .into_iter()
        .filter(|field| *field != Field::UserPhoneNumber);
    if others.any(|field| mapped.draft.text(field).is_some()) {
        return;
    }
    let mut problem = mapped.warnings.remove(at);
    let Remark(code, message) = PHONE_WITHOUT_REGION;
    (problem.code, problem.message) = (code, message.into());
    mapped.draft.take(Field::UserPhoneNumber);
    mapped.draft.refuse(Field::UserPhoneNumber);
    mapped.problems.push(problem);
}

impl RequestRule {
    fn follow<'a>(&'a self, cells: &Cells<'a>, mapped: &mut Mapped<'a>) {
        let text = match self.source.text(cells, false) {
            Ok(text) => text,
            Err(unfit) => {
                mapped.draft.refuse(Field::Request);
                let label = self.label.as_deref();
                mapped
                    .problems
                    .push(unfit.told(label, Some(Field::Request)));
                return;
            }
        };
        // A blank without a default is left to validation, which says that a request is required.
        let Some(text) = text else {
            mapped.requests = self.default.as_deref();
            return;
        };
        let (code, message) = match meaning_of_request(&text, &self.values) {
            Some(Ok(requests)) => {
                mapped.requests = Some(requests);
                return;
            }
            Some(Err(Undecided)) => (ProblemCode::UndecidedRequest, undecided(&text)),
            None => (ProblemCode::UnmappedRequest, self.unmapped(&text)),
        };
        mapped.draft.refuse(Field::Request);
        mapped.problems.push(Loose {
            column: self.label.as_deref(),
            field: Some(Field::Request),
            code,
            message: message.into(),
        });
    }

    fn unmapped(&self, value: &str) -> String {
        if is_telling(value) {
            return format!(
                "`{}` is not known, and looks like a person's address or number: is that the column that says what is asked for?",
                mask(value)
            );
        }
        let value = cut(value);
        let known = if self.values.is_empty() {
            String::new()
        } else {
            format!("{}, ", listed(self.values.written()))
        };
        format!(
            "`{value}` is not known; known are {known}change, delete, view and do_not_sell. Add to the values of request \
             in the job file: {} = \"…\"  # view, delete, change, do_not_sell or skip",
            quoted_toml(&value)
        )
    }
}

/// A word that the job file leaves open.
pub(crate) fn undecided(value: &str) -> String {
    format!(
        "`{}` has no meaning yet, the job file says `?`: decide which it is (view, delete, change, do_not_sell, several, or \
         skip) and write that in its place",
        cut(value)
    )
}

/// The message of a `preverified` that the job file leaves open.
pub(crate) const PREVERIFIED_UNDECIDED: &str = "is not decided yet, the job file says `?`: write { value = true } in its place if you \
     have verified who these people are (Concord writes to nobody), { value = false } if not (Concord most likely mails or texts each \
     of them), or { column = \"…\" } if a column says it";

/// The job file says `?`.
struct Undecided;

/// The API's own words are understood whatever the job says, unless the job says otherwise.
fn meaning_of_request<'a>(
    text: &str,
    values: &'a ValueMap<Wish>,
) -> Option<Result<&'a [RequestType], Undecided>> {
    static WORDS: [[RequestType; 1]; 4] = [
        [RequestType::Change],
        [RequestType::Delete],
        [RequestType::View],
        [RequestType::DoNotSell],
    ];
    match values.get(text) {
        Some(Wish::Requests(requests)) => return Some(Ok(requests)),
        Some(Wish::Undecided) => return Some(Err(Undecided)),
        None => {}
    }
    let form = values::request_form(text);
    WORDS
        .iter()
        .find(|[request]| request.name() == form)
        .map(|word| Ok(word.as_slice()))
}

impl BoolRule {
    fn follow<'a>(&'a self, cells: &Cells<'a>, mapped: &mut Mapped<'a>) {
        if self.is_undecided {
            return;
        }
        let refuse = |mapped: &mut Mapped<'a>, code, message: String| {
            mapped.draft.refuse(Field::Preverified);
            mapped.problems.push(Loose {
                column: self.label.as_deref(),
                field: Some(Field::Preverified),
                code,
                message: message.into(),
            });
        };
        match self.source.text(cells, false) {
            Err(unfit) => {
                mapped.draft.refuse(Field::Preverified);
                mapped.problems.push(unfit.told(self.label.as_deref(), Some(Field::Preverified)));
            }
            // The API would take a missing one as false and write to the person: never by silence.
            Ok(None) => match self.default {
                Some(yes) => mapped.draft.preverified = Some(yes),
                None => refuse(
                    mapped,
                    ProblemCode::BlankPreverified,
                    "is blank; true or false is wanted, or a default in the job file (false: Concord writes to the person)"
                        .to_owned(),
                ),
            },
            Ok(Some(text)) => {
                let own = self.values.get(&text).copied();
                match own.or_else(|| yes_or_no(&text)).or_else(|| yes_or_no(&folded(&text))) {
                    Some(yes) => mapped.draft.preverified = Some(yes),
                    None => refuse(
                        mapped,
                        ProblemCode::NotBoolean,
                        if self.values.is_empty() {
                            "is none of true, false, yes and no".to_owned()
                        } else {
                            format!("is none of {}, true, false, yes and no", listed(self.values.written()))
                        },
                    ),
                }
            }
        }
    }
}

/// A folded word as a truth value.
fn yes_or_no(form: &str) -> Option<bool> {
    match form {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

impl TextRule {
    #[expect(clippy::too_many_lines, reason = "one arm for each rule")]
    fn follow<'a>(&'a self, cells: &Cells<'a>, region: Option<&str>, mapped: &mut Mapped<'a>) {
        let text = match self.source.text(cells, self.field == Field::RequestDetails) {
            Ok(text) => text.filter(|text| {
                let is_nothing = self.says_nothing(text);
                if is_nothing {
                    self.warn(&[NOTHING], mapped);
                }
                !is_nothing
            }),
            Err(unfit) => {
                mapped.draft.refuse(self.field);
                mapped
                    .problems
                    .push(unfit.told(self.label.as_deref(), Some(self.field)));
                return;
            }
        };
        let is_of_row = text.is_some() && !matches!(self.source, Source::Value(_));
        let text = match text {
            Some(text) => text,
            None => match &self.default {
                Some(default) => Cow::Borrowed(default.as_str()),
                None => return,
            },
        };
        let mut is_given_by_job = !matches!(self.source, Source::Column { .. });
        let text = if self.values.is_empty() {
            text
        } else {
            match self.values.get(&text) {
                Some(meaning) => {
                    is_given_by_job = true;
                    Cow::Borrowed(meaning.as_str())
                }
                None if self.default.as_deref() == Some(&*text) => text,
                None => {
                    let message = format!(
                        "has a value that the job file gives no meaning; known are {}",
                        listed(self.values.written())
                    );
                    self.refuse(mapped, ProblemCode::UnmappedValue, message.into());
                    return;
                }
            }
        };
        let text = match (&self.source, damage::in_formula(&text)) {
            (Source::Column { .. }, Some(inner)) => {
                let inner = inner.to_owned();
                self.warn(&[IN_FORMULA], mapped);
                Cow::Owned(inner)
            }
            _ => text,
        };
        let text = if is_of_row && self.values.is_empty() {
            match self.unescaped(text, mapped) {
                Some(text) => text,
                None => return,
            }
        } else {
            text
        };
        match (self.field, &self.source) {
            (Field::UserPhoneNumber, _) => self.set_phone(text, region, mapped),
            (Field::UserEmail, _) => self.set_email(text, is_given_by_job, mapped),
            (
                _,
                Source::Column {
                    part: Some(part), ..
                },
            ) => self.set_name(text, *part, mapped),
            (_, Source::Column { .. }) => self.set_text(text, mapped),
            (field, _) => mapped.draft.set(field, text),
        }
    }

    /// Undoes the escapes that programs have added to a text. Returns none if the original text is not certain.
    fn unescaped<'a>(
        &'a self,
        text: Cow<'a, str>,
        mapped: &mut Mapped<'a>,
    ) -> Option<Cow<'a, str>> {
        let is_name = matches!(self.field, Field::UserFirstName | Field::UserLastName);
        let kinds: &[Kind] = match self.field {
            Field::UserFirstName | Field::UserLastName => &Kind::ALL,
            Field::UserId | Field::ProjectUserId => &Kind::OF_IDS,
            Field::Notes | Field::RequestDetails => {
                if escapes::has_markup(&text) {
                    self.warn(&[ESCAPES_LEFT], mapped);
                }
                return Some(text);
            }
            _ => return Some(text),
        };
        let text = match escapes::undo(&text, kinds) {
            None => text,
            Some(Escaped::Undone(meant, _)) => {
                self.warn_once(ESCAPES_UNDONE, mapped);
                meant.into()
            }
            Some(Escaped::Open(kind)) => {
                let message = format!(
                    "is escaped as for {}, and the original is not certain: write the name as it is",
                    kind.name()
                );
                self.refuse_once(mapped, ProblemCode::EscapedText, message.into());
                return None;
            }
        };
        if let Some((code, message)) = is_name.then(|| garbled::name_fault(&text)).flatten() {
            self.refuse_once(mapped, code, message.into());
            return None;
        }
        Some(text)
    }

    /// Whether the value is a word for nothing, in a column that says who the person is.
    fn says_nothing(&self, text: &str) -> bool {
        let is_name = matches!(self.field, Field::UserFirstName | Field::UserLastName);
        matches!(self.source, Source::Column { .. })
            && (is_name || Field::IDENTIFIERS.contains(&self.field))
            && damage::is_nothing(text, is_name)
            && self.values.get(text).is_none()
    }

    /// Sets the address of one person. An address that is written in the job file may be that of a function.
    fn set_email<'a>(&'a self, text: Cow<'a, str>, is_given_by_job: bool, mapped: &mut Mapped<'a>) {
        let address = if is_given_by_job {
            email::read(text)
        } else {
            email::read_person(text)
        };
        match address {
            Ok((address, remarks)) => {
                mapped.draft.set(self.field, address);
                self.warn(&remarks, mapped);
            }
            Err(Remark(code, message)) => self.refuse(mapped, code, message.into()),
        }
    }

    fn set_name<'a>(&'a self, text: Cow<'a, str>, part: NamePart, mapped: &mut Mapped<'a>) {
        let wanted = |name: names::Name<'a>| match part {
            NamePart::First => (name.first, name.remark),
            NamePart::Last => (name.last, name.remark),
        };
        let (name, remark) = match text {
            Cow::Borrowed(text) => wanted(names::divide(text)),
            Cow::Owned(text) => wanted(names::divide(&text).into_owned()),
        };
        if let Some(name) = name {
            mapped.draft.set(self.field, name);
        }
        if let Some(remark) = remark.filter(|_| self.tells_of_names) {
            self.warn(&[remark], mapped);
        }
    }

    /// The text of one column, without what a spreadsheet did to it where that is certain.
    fn set_text<'a>(&'a self, text: Cow<'a, str>, mapped: &mut Mapped<'a>) {
        let is_id = matches!(
            self.field,
            Field::UserId | Field::ProjectUserId | Field::ConcordId
        );
        if is_id && damage::is_scientific_id(&text) {
            return self.refuse(mapped, ProblemCode::IdDamaged, ID_DAMAGED.into());
        }
        let text = if is_id {
            let visible = damage::visible(&text).into_owned();
            if visible != *text {
                self.warn(&[INVISIBLE], mapped);
            }
            if let Some(remark) = doubtful_id(&visible) {
                self.warn(&[remark], mapped);
            }
            if visible == *text {
                text
            } else {
                visible.into()
            }
        } else {
            text
        };
        match damage::behind_apostrophe(&text, is_id).map(str::to_owned) {
            Some(bare) => {
                mapped.draft.set(self.field, bare);
                self.warn(&[APOSTROPHE], mapped);
            }
            None => mapped.draft.set(self.field, text),
        }
    }

    fn set_phone<'a>(&'a self, text: Cow<'a, str>, region: Option<&str>, mapped: &mut Mapped<'a>) {
        match phone::parse(text, region) {
            phone::Phone::International(number, remarks) => {
                mapped.draft.set(self.field, number);
                self.warn(&remarks, mapped);
            }
            phone::Phone::AsWritten(number, remarks) => {
                mapped.draft.set(self.field, number);
                self.warn(&remarks, mapped);
                self.warn(&[PHONE_AS_WRITTEN], mapped);
            }
            phone::Phone::Wrong(Remark(code, message)) => self.refuse(mapped, code, message.into()),
        }
    }

    fn warn<'a>(&'a self, remarks: &[Remark], mapped: &mut Mapped<'a>) {
        mapped
            .warnings
            .extend(remarks.iter().map(|&Remark(code, message)| Loose {
                column: self.label.as_deref(),
                field: Some(self.field),
                code,
                message: Cow::Borrowed(message),
            }));
    }

    /// Adds a warning, unless another rule adds it for the same name.
    fn warn_once<'a>(&'a self, remark: Remark, mapped: &mut Mapped<'a>) {
        if self.tells_of_names {
            self.warn(&[remark], mapped);
        }
    }

    /// Refuses the row, unless another rule refuses it for the same name.
    fn refuse_once<'a>(
        &'a self,
        mapped: &mut Mapped<'a>,
        code: ProblemCode,
        message: Cow<'static, str>,
    ) {
        if self.tells_of_names {
            self.refuse(mapped, code, message);
        } else {
            mapped.draft.refuse(self.field);
        }
    }

    fn refuse<'a>(
        &'a self,
        mapped: &mut Mapped<'a>,
        code: ProblemCode,
        message: Cow<'static, str>,
    ) {
        mapped.draft.refuse(self.field);
        mapped.problems.push(Loose {
            column: self.label.as_deref(),
            field: Some(self.field),
            code,
            message,
        });
    }
}

const PHONE_AS_WRITTEN: Remark = Remark(
    ProblemCode::PhoneAsWritten,
    "is neither international (+44 …) nor has the job file a region: it is sent as written",
);
const PHONE_WITHOUT_REGION: Remark = Remark(
    ProblemCode::PhoneWithoutRegion,
    "is not international (+44 …), the job file has no region, and nothing else tells who the person is: set region in the job \
     file's [input], such as region = \"GB\", or write the number with + and country code",
);
const APOSTROPHE: Remark = Remark(
    ProblemCode::Apostrophe,
    "has an apostrophe before it, by which spreadsheets and exports keep text from being taken for a formula or a number: it \
     is sent without",
);
const NOTHING: Remark = Remark(
    ProblemCode::WordForNothing,
    "holds a word for nothing (n/a, NULL, a dash) and counts as blank",
);
const IN_FORMULA: Remark = Remark(
    ProblemCode::TextInFormula,
    "is written as =\"…\", by which exports keep text from being taken for a number: what stands in the quotes is sent",
);
const ESCAPES_UNDONE: Remark = Remark(
    ProblemCode::EscapesUndone,
    "was escaped for HTML, mail, a web address or a program (such as &#39;, =?utf-8?Q?…?=, %C3%BC or \\u00fc): it is sent as it was \
     before that",
);
const ESCAPES_LEFT: Remark = Remark(
    ProblemCode::EscapesLeft,
    "has escapes of HTML or of mail (such as &#39; or =?utf-8?Q?…?=), and is sent with them",
);
const INVISIBLE: Remark = Remark(
    ProblemCode::InvisibleCharacters,
    "has characters that nobody sees; it is sent without them",
);

/// What may be amiss with an id. It is sent as it stands.
fn doubtful_id(text: &str) -> Option<Remark> {
    if damage::is_rounded(text) {
        Some(Remark(
            ProblemCode::IdRounded,
            "ends in zeros from the 16th digit on, as when a spreadsheet has rounded it: then it is nobody's, or somebody else's",
        ))
    } else if damage::before_zero_fraction(text).is_some() || damage::is_formatted_number(text) {
        Some(Remark(
            ProblemCode::IdFormatted,
            "looks like a number as a program shows it (1234.0, 1,234), and is sent so: is that the id?",
        ))
    } else if text.bytes().all(|byte| byte == b'0') {
        Some(Remark(
            ProblemCode::IdZero,
            "is 0, which many programs write when there is no id: is it one?",
        ))
    } else {
        None
    }
}

const ID_DAMAGED: &str = "is in scientific notation (like 1.23457E+14): a spreadsheet has damaged it, and it may be anybody's; format \
     the column as text and fill it in again";

pub(crate) fn spreadsheet_error(column: Option<&str>, field: Option<Field>) -> Loose<'_> {
    Loose {
        column,
        field,
        code: ProblemCode::SpreadsheetError,
        message: "is an error that a spreadsheet shows in place of a value (such as #N/A, #REF! or ####): correct the cell, or \
                  empty it when there is no value"
            .into(),
    }
}

pub(crate) fn not_text(column: Option<&str>, field: Option<Field>) -> Loose<'_> {
    Loose {
        column,
        field,
        code: ProblemCode::NotText,
        message: "is a JSON array or object; text, a number or true/false is wanted (name a value within it by a dotted path)"
            .into(),
    }
}

pub(crate) fn several_values(column: Option<&str>, field: Option<Field>) -> Loose<'_> {
    Loose {
        column,
        field,
        code: ProblemCode::SeveralValues,
        message: "picks several elements of the list, which hold different values: add a further selector, as in \
                  `fields[id=7][type=x].value`, or correct the row"
            .into(),
    }
}

/// Text as a TOML key. What nobody sees, and what moves the cursor, stands there by its number.
pub(crate) fn quoted_toml(text: &str) -> String {
    let escape = |c, into: &mut String| *into += &format!("\\u{:04X}", u32::from(c));
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\u{61c}' | '\u{2028}' | '\u{2029}' | '\u{206a}'..='\u{206f}' => escape(c, &mut quoted),
            c if c.is_control() || damage::is_invisible(c) => escape(c, &mut quoted),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_becomes_a_toml_key() {
        for (text, quoted) in [
            (r#"say "no" \ yes"#, r#""say \"no\" \\ yes""#),
            (
                "a\tb\u{7f}\u{202e}c\u{200b}",
                r#""a\u0009b\u007F\u202Ec\u200B""#,
            ),
        ] {
            assert_eq!(quoted_toml(text), quoted);
            let line = format!("{quoted} = 1");
            let table = toml::de::DeTable::parse(&line).expect("TOML");
            assert!(table.get_ref().contains_key(text), "{quoted}");
        }
    }
}
