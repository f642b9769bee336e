//! A mapped row to entries: key, import id, fingerprint, mark, and the check against the published schema.
//!
//! All entries of a row differ in `request` alone, and every mark has one length: so either all of them are valid
//! or none is.

use std::{io, mem};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::decode::{Cell, Cells};
use super::map::{Loose, Mapped, Mapper, key, not_text};
use super::problem::Problem;
use super::seen::{First, Seen};
use super::source::hex;
use super::validate::{self, Draft, Fault};
use crate::entry::{
    Entry, Field, Fingerprint, ImportId, MARK_CHARS, Position, RequestType, SourceKey,
};
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
        key: Option<SourceKey>,
        /// Its name for good, when that is known.
        import_id: Option<ImportId>,
        /// All that is wrong with the row; never empty.
        problems: Vec<Problem>,
    },
}

/// What is the same for every row of an input.
#[derive(Debug)]
pub(crate) struct Maker {
    pub(crate) project: Uuid,
    pub(crate) mark: Mark,
    /// Kept between rows to save the allocation.
    canonical: Vec<u8>,
}

/// The entries of a row, and its warnings.
pub(crate) struct Made {
    pub(crate) items: Vec<Item>,
    pub(crate) warnings: Vec<Problem>,
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
        seen: &mut Seen,
    ) -> io::Result<Made> {
        let Mapped {
            mut draft,
            requests,
            mut problems,
            warnings,
        } = row;
        let key = source_key(mapper, cells, &mut problems);
        let warnings = warnings
            .into_iter()
            .map(|loose| placed(loose, position))
            .collect();
        let mut problems: Vec<_> = problems
            .into_iter()
            .map(|loose| placed(loose, position))
            .collect();
        let Some(requests) = requests.filter(|requests| !requests.is_empty()) else {
            self.add_mark(&mut draft, ImportId(Uuid::nil()));
            problems.extend(self.faults(mapper, validate::body(draft).err(), position));
            let invalid = Item::Invalid {
                request: None,
                key: key.ok().flatten(),
                import_id: None,
                problems,
            };
            return Ok(Made {
                items: vec![invalid],
                warnings,
            });
        };
        let mut made = Made {
            items: Vec::with_capacity(requests.len()),
            warnings,
        };
        for (index, &request) in requests.iter().enumerate() {
            let is_last = index + 1 == requests.len();
            let draft = if is_last {
                mem::take(&mut draft)
            } else {
                draft.clone()
            };
            self.one(
                mapper,
                &key,
                draft,
                request,
                requests.len() == 1,
                position,
                &mut problems,
                &mut made,
                seen,
            )?;
        }
        Ok(made)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step of `make`, split off for its length"
    )]
    fn one(
        &mut self,
        mapper: &Mapper,
        key: &Result<Option<SourceKey>, KeyIsBlank>,
        mut draft: Draft<'_>,
        request: RequestType,
        is_one: bool,
        position: Position,
        problems: &mut Vec<Problem>,
        made: &mut Made,
        seen: &mut Seen,
    ) -> io::Result<()> {
        draft.request = Some(request);
        draft.canonical(request, &mut self.canonical);
        let key = match key {
            Err(KeyIsBlank) => None,
            Ok(Some(key)) if is_one => Some(key.clone()),
            Ok(Some(key)) => Some(SourceKey {
                text: key::of_request(&key.text, request),
                is_personal: key.is_personal,
            }),
            Ok(None) => Some(content_key(self.project, &self.canonical)),
        };
        let import_id = key
            .as_ref()
            .map(|key| ImportId::new(self.project, &key.text));
        self.add_mark(&mut draft, import_id.unwrap_or(ImportId(Uuid::nil())));
        let is_first = made.items.is_empty();
        let body = match validate::body(draft) {
            Ok(body) => Some(body),
            Err(faults) => {
                if is_first {
                    problems.extend(self.faults(mapper, Some(faults), position));
                }
                None
            }
        };
        let (Some(body), Some(key), Some(import_id), true) =
            (body, &key, import_id, problems.is_empty())
        else {
            // Without key columns the key is the content, and this content is not what will be sent in the end.
            let is_of_content = mapper.key.columns.is_empty();
            made.items.push(Item::Invalid {
                request: Some(request),
                key: key.filter(|_| !is_of_content),
                import_id: import_id.filter(|_| !is_of_content),
                problems: problems.clone(),
            });
            return Ok(());
        };
        if is_first {
            made.warnings.extend(
                validate::warnings(&body)
                    .into_iter()
                    .map(|fault| of_fault(mapper, fault, position)),
            );
        }
        let fingerprint = Fingerprint::new(self.project, &self.canonical);
        let entry = Box::new(Entry {
            position,
            import_id,
            key: key.clone(),
            fingerprint,
            body,
        });
        let item = match seen.register(
            import_id,
            First {
                position,
                fingerprint,
            },
        )? {
            None => Item::Entry(entry),
            Some(first) => Item::Repeat {
                entry,
                of: first.position,
                changed: first.fingerprint != fingerprint,
            },
        };
        made.items.push(item);
        Ok(())
    }

    fn add_mark(&self, draft: &mut Draft<'_>, id: ImportId) {
        if self.mark == Mark::Notes {
            let mark = id.mark();
            let notes = match draft.text(Field::Notes) {
                Some(notes) => format!("{notes} {mark}"),
                None => mark,
            };
            draft.set(Field::Notes, notes);
        }
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

struct KeyIsBlank;

/// The key of a row; none when there are no key columns.
fn source_key<'m>(
    mapper: &'m Mapper,
    cells: &Cells<'_>,
    problems: &mut Vec<Loose<'m>>,
) -> Result<Option<SourceKey>, KeyIsBlank> {
    let columns = &mapper.key.columns;
    if columns.is_empty() {
        return Ok(None);
    }
    let mut is_blank = true;
    let mut is_personal = mapper.key.is_personal;
    let mut values = Vec::with_capacity(columns.len());
    for (column, name) in columns {
        values.push(match cells.get(*column) {
            Cell::Blank => "",
            Cell::Text(text) => {
                is_blank = false;
                // Whatever the rules say, an address is personal.
                is_personal |= text.contains('@');
                text
            }
            Cell::Structure => {
                problems.push(not_text(Some(name), None));
                return Err(KeyIsBlank);
            }
        });
    }
    if is_blank {
        problems.push(Loose {
            column: columns.first().map(|(_, name)| name.as_str()),
            field: None,
            code: "blank_key",
            message: "is blank, but the job file makes it the key that identifies the row".into(),
        });
        return Err(KeyIsBlank);
    }
    Ok(Some(SourceKey {
        text: key::join(values),
        is_personal,
    }))
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
    }
}

pub(crate) fn placed(loose: Loose<'_>, position: Position) -> Problem {
    Problem {
        position,
        column: loose.column.map(str::to_owned),
        field: loose.field,
        code: loose.code,
        message: loose.message.into_owned(),
    }
}
