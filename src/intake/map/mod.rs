//! Rows to drafts of requests, by the rules of the job.
//!
//! [`compile`] holds the rules against the columns once; every fault of the job shows there. [`Mapper::map`] then
//! follows them for each row, collects every problem of it, and borrows from the row whatever it can.
//! Not here: whether a draft keeps the published schema (`validate`), keys and marks (`entries`).

mod columns;
mod compile;
pub(crate) mod key;
pub(crate) mod phone;
mod template;
pub(crate) mod values;

use std::borrow::Cow;

pub(crate) use columns::Columns;
pub(crate) use compile::compile;
use values::{ValueMap, folded};

use super::decode::{Cell, Cells};
use super::error::listed;
use super::problem::cut;
use super::validate::Draft;
use crate::entry::{Field, RequestType};
use crate::plan::NamePart;

/// A problem or warning of a value, not yet of a row.
#[derive(Clone, Debug)]
pub(crate) struct Loose<'r> {
    pub(crate) column: Option<&'r str>,
    pub(crate) field: Option<Field>,
    pub(crate) code: &'static str,
    pub(crate) message: Cow<'static, str>,
}

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

#[derive(Debug)]
struct Filter {
    column: usize,
    name: String,
    values: ValueMap<()>,
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
}

#[derive(Debug)]
struct BoolRule {
    source: Source,
    values: ValueMap<bool>,
    default: Option<bool>,
    label: Option<String>,
}

#[derive(Debug)]
struct RequestRule {
    source: Source,
    /// No request: the row asks for nothing that Concord does.
    values: ValueMap<Vec<RequestType>>,
    default: Option<Vec<RequestType>>,
    label: Option<String>,
}

/// A JSON array or object where text is wanted.
struct IsStructure;

impl Source {
    /// The text for a row; none when all that it is made of is blank.
    fn text<'a>(
        &'a self,
        cells: &Cells<'a>,
        takes_structures: bool,
    ) -> Result<Option<Cow<'a, str>>, IsStructure> {
        let value = |column: usize| match cells.get(column) {
            Cell::Blank => Ok(None),
            Cell::Text(text) => Ok(Some(Cow::Borrowed(text))),
            Cell::Structure if takes_structures => Ok(Some(Cow::Owned(cells.structure(column)))),
            Cell::Structure => Err(IsStructure),
        };
        match self {
            Self::Value(text) => Ok(Some(Cow::Borrowed(text))),
            Self::Column { column: None, .. } => Ok(None),
            Self::Column {
                column: Some(column),
                part: None,
            } => value(*column),
            Self::Column {
                column: Some(column),
                part: Some(part),
            } => Ok(match value(*column)? {
                Some(Cow::Borrowed(name)) => name_part(name, *part).map(Cow::Borrowed),
                Some(Cow::Owned(name)) => {
                    name_part(&name, *part).map(|part| Cow::Owned(part.to_owned()))
                }
                None => None,
            }),
            Self::Columns(columns) => {
                let mut lines = String::new();
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
                let mut filled = String::new();
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
                let filled = match filled.trim() {
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

    /// Whether the row passes the filters; a value that cannot be compared is a problem.
    pub(crate) fn passes(&self, cells: &Cells<'_>) -> Result<bool, Loose<'_>> {
        for filter in &self.filters {
            let form = match cells.get(filter.column) {
                Cell::Blank => Cow::Borrowed(""),
                Cell::Text(text) => folded(text),
                Cell::Structure => return Err(not_text(Some(&filter.name), None)),
            };
            if filter.values.get(&form).is_none() {
                return Ok(false);
            }
        }
        Ok(true)
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
        mapped
    }
}

impl RequestRule {
    fn follow<'a>(&'a self, cells: &Cells<'a>, mapped: &mut Mapped<'a>) {
        let Ok(text) = self.source.text(cells, false) else {
            mapped.draft.refuse(Field::Request);
            let label = self.label.as_deref();
            mapped.problems.push(not_text(label, Some(Field::Request)));
            return;
        };
        // A blank without a default is left to validation, which says that a request is required.
        let Some(text) = text else {
            mapped.requests = self.default.as_deref();
            return;
        };
        mapped.requests = meaning_of_request(&folded(&text), &self.values);
        if mapped.requests.is_none() {
            mapped.draft.refuse(Field::Request);
            mapped.problems.push(Loose {
                column: self.label.as_deref(),
                field: Some(Field::Request),
                code: "unmapped_request",
                message: self.unmapped(&text).into(),
            });
        }
    }

    fn unmapped(&self, value: &str) -> String {
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

/// The API's own words are understood whatever the job says, unless the job says otherwise.
fn meaning_of_request<'a>(
    form: &str,
    values: &'a ValueMap<Vec<RequestType>>,
) -> Option<&'a [RequestType]> {
    static WORDS: [[RequestType; 1]; 4] = [
        [RequestType::Change],
        [RequestType::Delete],
        [RequestType::View],
        [RequestType::DoNotSell],
    ];
    if let Some(requests) = values.get(form) {
        return Some(requests);
    }
    WORDS
        .iter()
        .find(|[request]| request.name() == form)
        .map(<[RequestType; 1]>::as_slice)
}

impl BoolRule {
    fn follow<'a>(&'a self, cells: &Cells<'a>, mapped: &mut Mapped<'a>) {
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
            Err(IsStructure) => {
                mapped.draft.refuse(Field::Preverified);
                mapped.problems.push(not_text(self.label.as_deref(), Some(Field::Preverified)));
            }
            // The API would take a missing one as false and write to the person: never by silence.
            Ok(None) => match self.default {
                Some(yes) => mapped.draft.preverified = Some(yes),
                None => refuse(
                    mapped,
                    "blank_preverified",
                    "is blank; true or false is wanted, or a default in the job file (false: Concord writes to the person)"
                        .to_owned(),
                ),
            },
            Ok(Some(text)) => {
                let form = folded(&text);
                match self.values.get(&form).copied().or_else(|| yes_or_no(&form)) {
                    Some(yes) => mapped.draft.preverified = Some(yes),
                    None => refuse(
                        mapped,
                        "not_boolean",
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
    fn follow<'a>(&'a self, cells: &Cells<'a>, region: Option<&str>, mapped: &mut Mapped<'a>) {
        let text = match self.source.text(cells, self.field == Field::RequestDetails) {
            Ok(Some(text)) => text,
            Ok(None) => match &self.default {
                Some(default) => Cow::Borrowed(default.as_str()),
                None => return,
            },
            Err(IsStructure) => {
                mapped.draft.refuse(self.field);
                mapped
                    .problems
                    .push(not_text(self.label.as_deref(), Some(self.field)));
                return;
            }
        };
        let text = if self.values.is_empty() {
            text
        } else {
            match self.values.get(&folded(&text)) {
                Some(meaning) => Cow::Borrowed(meaning.as_str()),
                None if self.default.as_deref() == Some(&*text) => text,
                None => {
                    let message = format!(
                        "has a value that the job file gives no meaning; known are {}",
                        listed(self.values.written())
                    );
                    self.refuse(mapped, "unmapped_value", message.into());
                    return;
                }
            }
        };
        match self.field {
            Field::UserPhoneNumber => self.set_phone(text, region, mapped),
            Field::UserEmail => mapped.draft.set(self.field, ascii_domain(text)),
            field => mapped.draft.set(field, text),
        }
    }

    fn set_phone<'a>(&'a self, text: Cow<'a, str>, region: Option<&str>, mapped: &mut Mapped<'a>) {
        let warn = |code, message| Loose {
            column: self.label.as_deref(),
            field: Some(self.field),
            code,
            message: Cow::Borrowed(message),
        };
        match phone::parse(&text, region) {
            phone::Phone::International(number) => mapped.draft.set(self.field, number),
            phone::Phone::WithoutExtension(number) => {
                mapped.draft.set(self.field, number);
                mapped.warnings.push(warn(
                    "phone_extension",
                    "has an extension, which is not sent: E.164 has none",
                ));
            }
            phone::Phone::AsWritten => {
                mapped.draft.set(self.field, text);
                mapped.warnings.push(warn(
                    "phone_as_written",
                    "is neither international (+44 …) nor has the job file a region: it is sent as written",
                ));
            }
            phone::Phone::Wrong(code, message) => self.refuse(mapped, code, message.into()),
        }
    }

    fn refuse<'a>(
        &'a self,
        mapped: &mut Mapped<'a>,
        code: &'static str,
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

pub(crate) fn not_text(column: Option<&str>, field: Option<Field>) -> Loose<'_> {
    Loose {
        column,
        field,
        code: "not_text",
        message: "is a JSON array or object; text, a number or true/false is wanted (name a value within it by a dotted path)"
            .into(),
    }
}

/// An address with an internationalised domain in the form that mail systems use (RFC 5890); others as they are.
fn ascii_domain(address: Cow<'_, str>) -> Cow<'_, str> {
    if address.is_ascii() {
        return address;
    }
    match address.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => match idna::domain_to_ascii(domain) {
            Ok(ascii) => Cow::Owned(format!("{local}@{ascii}")),
            Err(_) => address,
        },
        _ => address,
    }
}

/// A part of "Last, First" or "First Middle Last"; a single word is a given name.
fn name_part(name: &str, part: NamePart) -> Option<&str> {
    let (first, last) = match name.split_once(',') {
        Some((last, first)) => (first, last),
        None => name.rsplit_once(char::is_whitespace).unwrap_or((name, "")),
    };
    let wanted = match part {
        NamePart::First => first,
        NamePart::Last => last,
    };
    Some(wanted.trim()).filter(|part| !part.is_empty())
}

/// Text as a TOML key.
fn quoted_toml(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_names() {
        let parts = |name| {
            (
                name_part(name, NamePart::First),
                name_part(name, NamePart::Last),
            )
        };
        assert_eq!(parts("Zoë Ångström"), (Some("Zoë"), Some("Ångström")));
        assert_eq!(
            parts("Garcia Lopez, Maria Jose"),
            (Some("Maria Jose"), Some("Garcia Lopez"))
        );
        assert_eq!(parts("Mary  Ann Evans"), (Some("Mary  Ann"), Some("Evans")));
        assert_eq!(parts("Cher"), (Some("Cher"), None));
        assert_eq!(parts("Smith,"), (None, Some("Smith")));
    }

    #[test]
    fn internationalised_domains_become_ascii() {
        assert_eq!(
            ascii_domain("a@bücher.example".into()),
            "a@xn--bcher-kva.example"
        );
        assert_eq!(ascii_domain("A@Example.COM".into()), "A@Example.COM");
        assert_eq!(ascii_domain("zoë@example.com".into()), "zoë@example.com");
    }

    #[test]
    fn a_value_becomes_a_toml_key() {
        assert_eq!(quoted_toml(r#"say "no" \ yes"#), r#""say \"no\" \\ yes""#);
    }
}
