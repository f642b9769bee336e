//! A mapped row to entries: key, import id, fingerprint, mark, and the check against the published schema.
//!
//! All entries of a row differ in `request` alone, and every mark has one length: so either all of them are valid
//! or none is.

use std::borrow::Cow;
use std::mem;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::decode::{Cell, Cells};
use super::garbled;
use super::map::near_key::normal_form;
use super::map::{
    Loose, Mapped, Mapper, Remark, damage, key, not_text, several_values, spreadsheet_error,
};
use super::problem::Problem;
use super::source::hex;
use super::validate::{self, Draft, Fault};
use crate::codes::ProblemCode;
use crate::entry::{
    Entry, Field, Fingerprint, ImportId, InvalidKey, MARK_CHARS, Names, Position, RequestType,
    SourceKey,
};
use crate::identity::{KeyUse, PersonDigests, RequestTypes, RowKey};
use crate::plan::Mark;

/// What a row asks for.
#[derive(Debug)]
pub enum Item {
    /// A request, checked.
    Entry(Box<Entry>),
    /// A request whose import id an earlier valid entry of these inputs has already.
    Repeat {
        /// It.
        entry: Box<Entry>,
        /// The earlier one.
        of: Position,
        /// Whether its content differs from the earlier one's.
        changed: bool,
    },
    /// A request that is not sent, or a row that cannot be read.
    Invalid {
        /// What is asked for, when that is known.
        request: Option<RequestType>,
        /// What identifies it, when that is known.
        key: Option<Box<InvalidKey>>,
        /// All that is wrong with the row; never empty.
        problems: Vec<Problem>,
    },
}

impl Item {
    /// Returns the key as people read it, if the item has one.
    pub(crate) fn into_key(self) -> Option<String> {
        match self {
            Self::Entry(entry) | Self::Repeat { entry, .. } => Some(entry.key.text),
            Self::Invalid { key, .. } => key.map(|key| key.source.text),
        }
    }

    /// Returns the request type, when it is known.
    pub(crate) fn request(&self) -> Option<RequestType> {
        match self {
            Self::Entry(entry) | Self::Repeat { entry, .. } => Some(entry.body.request()),
            Self::Invalid { request, .. } => *request,
        }
    }

    /// Returns the key, person and request types that other rows are compared with, if the row has a key.
    pub(crate) fn row_key(&self) -> Option<RowKey> {
        match self {
            Self::Entry(entry) | Self::Repeat { entry, .. } => entry.row_key,
            Self::Invalid { key, .. } => key.as_ref().map(|key| key.row_key),
        }
    }
}

/// What is the same for every row of an input.
#[derive(Clone, Debug)]
pub(crate) struct Maker {
    pub(crate) project: Uuid,
    pub(crate) mark: Mark,
    /// Kept between rows to save the allocation.
    canonical: Vec<u8>,
}

/// The entries of a row, and its warnings.
#[derive(Default)]
pub(crate) struct Made {
    pub(crate) items: Vec<Item>,
    pub(crate) warnings: Vec<Problem>,
}

impl Made {
    /// Returns whether some request of the row can be sent.
    pub(crate) fn has_entries(&self) -> bool {
        let is_entry = |item: &Item| matches!(item, Item::Entry(_));
        self.items.iter().any(is_entry)
    }

    /// All that is wrong with the row, and its warnings.
    pub(crate) fn problems(&mut self) -> impl Iterator<Item = &mut Problem> {
        let of_items = self.items.iter_mut().filter_map(|item| match item {
            Item::Invalid { problems, .. } => Some(problems),
            Item::Entry(_) | Item::Repeat { .. } => None,
        });
        of_items.flatten().chain(&mut self.warnings)
    }
}

/// A row on its way to its entries.
struct InHand<'m> {
    mapper: &'m Mapper,
    position: Position,
    key: Result<Option<SourceKey>, KeyIsBlank>,
    /// The key and request types that other rows are compared with. The person is added once the identifiers are
    /// checked.
    row_key: Option<RowKey>,
    /// It makes a single entry.
    is_single: bool,
    problems: Vec<Problem>,
    made: Made,
}

/// What an entry is called.
struct Called {
    key: SourceKey,
    names: Names,
}

impl Maker {
    pub(crate) fn new(project: Uuid, mark: Mark) -> Self {
        Self {
            project,
            mark,
            canonical: Vec::new(),
        }
    }

    /// Makes the entries of a row.
    pub(crate) fn make(
        &mut self,
        mapper: &Mapper,
        cells: &Cells<'_>,
        row: Mapped<'_>,
        position: Position,
    ) -> Made {
        let Mapped {
            mut draft,
            requests,
            mut problems,
            mut warnings,
        } = row;
        let requests = requests.unwrap_or_default();
        let key = source_key(mapper, cells, requests, &mut problems, &mut warnings);
        let place = |loose: Vec<_>| -> Vec<_> {
            let placed = loose.into_iter().map(|loose| placed(loose, position));
            placed.collect()
        };
        let row_key = match &key {
            Ok(Some(key)) => Some(self.row_key(key, requests)),
            _ => None,
        };
        let mut row = InHand {
            mapper,
            position,
            key,
            row_key,
            is_single: requests.len() == 1,
            problems: place(problems),
            made: Made {
                items: Vec::with_capacity(requests.len()),
                warnings: place(warnings),
            },
        };
        if self.mark == Mark::Notes
            && draft
                .text(Field::Notes)
                .is_some_and(|notes| !ImportId::marks_in(notes).is_empty())
        {
            let fault = Fault::new(
                Field::Notes,
                ProblemCode::MarkInNotes,
                "holds a mark, `[ref …]`, by which another request is known: remove it",
            );
            row.problems.push(of_fault(mapper, fault, position));
        }
        for field in Field::ALL {
            if let Some((code, message)) = draft.text(field).and_then(garbled::fault) {
                let fault = Fault::new(field, code, message);
                row.problems.push(of_fault(mapper, fault, position));
            }
        }
        if requests.is_empty() {
            self.without_request(&mut row, draft);
            return row.made;
        }
        for &request in requests {
            self.one(&mut row, &mut draft, request);
        }
        row.made
    }

    /// What a row asks for could not be told: all else that is wrong with it.
    fn without_request(&self, row: &mut InHand<'_>, mut draft: Draft<'_>) {
        self.add_mark(&mut draft, ImportId(Uuid::nil()));
        let faults = self.faults(row.mapper, validate::body(&draft).err(), row.position);
        row.problems.extend(faults);
        self.add_person(row, &draft);
        let source = row.key.as_ref().ok().cloned().flatten();
        row.made.items.push(Item::Invalid {
            request: None,
            key: invalid_key(source, None, row.row_key),
            problems: mem::take(&mut row.problems),
        });
    }

    /// Returns the key and request types that other rows are compared with. The person is added after the row's check.
    fn row_key(&self, key: &SourceKey, requests: &[RequestType]) -> RowKey {
        let id = ImportId::new(self.project, &key.text);
        RowKey {
            id,
            normal_id: match &key.normal_text {
                Some(normal) => ImportId::new(self.project, normal),
                None => id,
            },
            key_use: KeyUse {
                person: PersonDigests::default(),
                requests: RequestTypes::new(requests.iter().copied()),
            },
        }
    }

    /// Adds the identifiers of the row that have no problem.
    fn add_person(&self, row: &mut InHand<'_>, draft: &Draft<'_>) {
        let Some(row_key) = &mut row.row_key else {
            return;
        };
        let mut person = PersonDigests::default();
        for field in Field::IDENTIFIERS {
            let has_problem = || row.problems.iter().any(|one| one.field == Some(field));
            if let Some(value) = draft.text(field)
                && !has_problem()
            {
                person.add(self.project, field, value);
            }
        }
        row_key.key_use.person = person;
    }

    fn one(&mut self, row: &mut InHand<'_>, draft: &mut Draft<'_>, request: RequestType) {
        draft.request = Some(request);
        draft.canonical(request, &mut self.canonical);
        let called = self.call(row, request);
        let import_id = called.as_ref().map(|called| called.names.import_id);
        let unmarked = self.add_mark(draft, import_id.unwrap_or(ImportId(Uuid::nil())));
        let is_first = row.made.items.is_empty();
        let body = validate::body(draft);
        draft.cut(Field::Notes, unmarked);
        let body = match body {
            Ok(body) => Some(body),
            Err(faults) => {
                if is_first {
                    let faults = self.faults(row.mapper, Some(faults), row.position);
                    row.problems.extend(faults);
                }
                None
            }
        };
        if is_first {
            self.add_person(row, draft);
        }
        let called = match (body, called) {
            (Some(body), Some(called)) if row.problems.is_empty() => {
                if is_first {
                    let warnings = validate::warnings(&body).into_iter();
                    let warnings = warnings.map(|fault| of_fault(row.mapper, fault, row.position));
                    row.made.warnings.extend(warnings);
                }
                row.made.items.push(Item::Entry(Box::new(Entry {
                    position: row.position,
                    import_id: called.names.import_id,
                    other_id: called.names.other,
                    key: called.key,
                    row_key: row.row_key,
                    fingerprint: Fingerprint::new(self.project, &self.canonical),
                    source_row: None,
                    body,
                })));
                return;
            }
            // Without key columns the key is the content, and this content is not what will be sent in the end.
            (_, called) => called.filter(|_| !row.mapper.key.columns.is_empty()),
        };
        let (source, names) = called.map(|called| (called.key, called.names)).unzip();
        row.made.items.push(Item::Invalid {
            request: Some(request),
            key: invalid_key(source, names, row.row_key),
            problems: row.problems.clone(),
        });
    }

    /// The names of an entry; none when its key columns are blank.
    fn call(&self, row: &mut InHand<'_>, request: RequestType) -> Option<Called> {
        let Some(key) = row.key.as_mut().ok()? else {
            let key = content_key(self.project, &self.canonical);
            return Some(Called {
                names: Names {
                    import_id: ImportId::new(self.project, &key.text),
                    other: None,
                },
                key,
            });
        };
        let alone = row.row_key.map(|key| key.id)?;
        let parts = key::parts_of_request(&key.text, request);
        let beside_others = ImportId::new(self.project, &parts.concat());
        Some(if row.is_single {
            Called {
                // Nobody else of this row has it.
                key: mem::take(key),
                names: Names {
                    import_id: alone,
                    other: Some(beside_others),
                },
            }
        } else {
            Called {
                key: SourceKey {
                    text: parts.concat(),
                    is_personal: key.is_personal,
                    normal_text: None,
                },
                names: Names {
                    import_id: beside_others,
                    other: Some(alone),
                },
            }
        })
    }

    /// Adds the mark, and returns how long the notes were before, if there were any.
    fn add_mark(&self, draft: &mut Draft<'_>, id: ImportId) -> Option<usize> {
        let unmarked = draft.text(Field::Notes).map(str::len);
        if self.mark == Mark::Notes {
            let notes = draft.take(Field::Notes);
            let mut marked = notes.map_or_else(String::new, Cow::into_owned);
            marked.reserve(MARK_CHARS + 1);
            if unmarked.is_some() {
                marked.push(' ');
            }
            id.push_mark(&mut marked);
            draft.set(Field::Notes, marked);
        }
        unmarked
    }

    fn faults<'a>(
        &'a self,
        mapper: &'a Mapper,
        faults: Option<Vec<Fault>>,
        position: Position,
    ) -> impl Iterator<Item = Problem> + 'a {
        faults.into_iter().flatten().map(move |mut fault| {
            if self.mark == Mark::Notes && fault.field == Some(Field::Notes) {
                fault.message = format!(
                    "{} ({} of them are the mark)",
                    fault.message,
                    MARK_CHARS + 1
                );
            }
            of_fault(mapper, fault, position)
        })
    }
}

/// Makes an invalid item of a valid request that must not be sent.
pub(super) fn invalid(entry: &Entry, problems: Vec<Problem>) -> Item {
    Item::Invalid {
        request: Some(entry.body.request()),
        key: invalid_key(Some(entry.key.clone()), Some(entry.names()), entry.row_key),
        problems,
    }
}

fn invalid_key(
    source: Option<SourceKey>,
    names: Option<Names>,
    row_key: Option<RowKey>,
) -> Option<Box<InvalidKey>> {
    Some(Box::new(InvalidKey {
        source: source?,
        names,
        row_key: row_key?,
        is_shared: false,
    }))
}

#[derive(Clone, Copy)]
struct KeyIsBlank;

/// The key of a row; none when there are no key columns.
fn source_key<'m>(
    mapper: &'m Mapper,
    cells: &Cells<'_>,
    requests: &[RequestType],
    problems: &mut Vec<Loose<'m>>,
    warnings: &mut Vec<Loose<'m>>,
) -> Result<Option<SourceKey>, KeyIsBlank> {
    let columns = &mapper.key.columns;
    if columns.is_empty() {
        return Ok(None);
    }
    let mut blank = Vec::new();
    let mut is_personal = mapper.key.is_personal;
    let mut key = key::Joining::default();
    for (column, name) in columns {
        key.push(match cells.get(*column) {
            Cell::Blank => {
                blank.push(name.as_str());
                ""
            }
            Cell::Text(text) if damage::is_error(text) => {
                problems.push(spreadsheet_error(Some(name), None));
                return Err(KeyIsBlank);
            }
            Cell::Text(text) => {
                let told = |Remark(code, message): Remark| Loose {
                    column: Some(name),
                    field: None,
                    code,
                    message: message.into(),
                };
                if damage::is_scientific_id(text) {
                    problems.push(told(KEY_DAMAGED));
                    return Err(KeyIsBlank);
                }
                warnings.extend(doubtful_key(text).map(told));
                // Whatever the rules say, an address is personal.
                is_personal |= text.contains('@');
                text
            }
            Cell::Structure => {
                problems.push(not_text(Some(name), None));
                return Err(KeyIsBlank);
            }
            Cell::Several => {
                problems.push(several_values(Some(name), None));
                return Err(KeyIsBlank);
            }
        });
    }
    if blank.len() == columns.len() {
        problems.push(Loose {
            column: columns.first().map(|(_, name)| name.as_str()),
            field: None,
            code: ProblemCode::BlankKey,
            message: "is blank, but the job file makes it the key that identifies the row".into(),
        });
        return Err(KeyIsBlank);
    }
    warnings.extend(blank.into_iter().map(|column| Loose {
        column: Some(column),
        field: None,
        code: ProblemCode::BlankKeyPart,
        message: "is blank, and is part of the key: rows that differ in nothing else of the key count as one".into(),
    }));
    Ok(Some(SourceKey {
        normal_text: normal_text(mapper, cells, requests),
        text: key.text,
        is_personal,
    }))
}

/// The normal form of a key, where that differs from the key.
///
/// A key column that says what the row asks for has the meaning of its word as its form: `Erasure` and `Right to erasure`
/// are one request.
fn normal_text(mapper: &Mapper, cells: &Cells<'_>, requests: &[RequestType]) -> Option<String> {
    let asks = mapper.request_column().filter(|_| !requests.is_empty());
    let forms = mapper.key.columns.iter().map(|(column, _)| {
        let value = match cells.get(*column) {
            Cell::Text(text) => text,
            Cell::Blank | Cell::Structure | Cell::Several => "",
        };
        let form = if asks == Some(*column) {
            let names: Vec<_> = requests.iter().map(|request| request.name()).collect();
            Cow::Owned(names.join("+"))
        } else {
            normal_form(value)
        };
        (value, form)
    });
    if forms.clone().all(|(value, form)| value == form) {
        return None;
    }
    let mut key = key::Joining::default();
    forms.for_each(|(_, form)| key.push(&form));
    Some(key.text)
}

const KEY_DAMAGED: Remark = Remark(
    ProblemCode::KeyDamaged,
    "is in scientific notation (like 1.23457E+14), but the job file makes it the key: a spreadsheet has taken digits away, so that \
     other rows may share it; format the column as text and export it again",
);

/// What may be amiss with a key. It is kept as it stands, since import ids hang on it.
fn doubtful_key(text: &str) -> Option<Remark> {
    if damage::is_rounded(text) {
        Some(Remark(
            ProblemCode::KeyRounded,
            "ends in zeros from the 16th digit on, as when a spreadsheet has rounded it: other rows may share it; is it right?",
        ))
    } else if damage::before_zero_fraction(text).is_some() {
        Some(Remark(
            ProblemCode::KeyFraction,
            "ends in .0, as when a program has made a number of it: an export without that makes a new request of each row; \
             format the column as text",
        ))
    } else if damage::behind_apostrophe(text, true).is_some() {
        Some(Remark(
            ProblemCode::KeyApostrophe,
            "begins with an apostrophe, which is part of the key: an export without it makes a new request of each row",
        ))
    } else {
        None
    }
}

/// The key of content that no column identifies. **Can never change**: import ids hang on it.
fn content_key(project: Uuid, canonical: &[u8]) -> SourceKey {
    let digest = Sha256::new()
        .chain_update(b"content key\0")
        .chain_update(project.as_bytes())
        .chain_update(canonical)
        .finalize();
    SourceKey {
        text: format!("content:{}", hex(&digest[..16])),
        is_personal: false,
        normal_text: None,
    }
}

fn of_fault(mapper: &Mapper, fault: Fault, position: Position) -> Problem {
    Problem {
        position,
        column: fault
            .field
            .and_then(|field| mapper.label(field))
            .map(str::to_owned),
        field: fault.field,
        code: fault.code,
        message: fault.message,
        value: None,
    }
}

pub(crate) fn placed(loose: Loose<'_>, position: Position) -> Problem {
    Problem {
        position,
        column: loose.column.map(str::to_owned),
        field: loose.field,
        code: loose.code,
        message: loose.message.into_owned(),
        value: None,
    }
}
