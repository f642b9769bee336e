//! The rules of the job held against the columns of an input, once, before the first row.
//!
//! Every fault of the job that shows without a row shows here: columns that are missing, templates that do not
//! parse, values that contradict each other, constants of the wrong kind, rules that are missing.

use super::{
    BoolRule, Columns, Filter, KeyRule, Mapper, Piece, ReceivedRule, RequestRule, Source,
    StatusColumn, TextRule, Undecided, ValueMap, Wish, folded, meaning_of_request, phone, template,
    values, yes_or_no,
};
use crate::entry::{Field, RequestType};
use crate::intake::error::IntakeError;
use crate::plan::{Literal, Meaning, Rule, Rules};

/// Compiles the rules. Columns that are missing are left in `columns`, which tells them all at once.
#[expect(clippy::too_many_lines, reason = "one arm for each rule")]
pub(crate) fn compile(rules: &Rules, columns: &mut Columns<'_>) -> Result<Mapper, IntakeError> {
    if let Some(region) = &rules.region
        && !phone::is_region(region)
    {
        return Err(fault(
            "input.region",
            format!("`{region}` is not a region that has phone numbers"),
            "two capital letters (ISO 3166-1), such as GB, US or DE",
        ));
    }
    let mut request = None;
    let mut preverified = None;
    let mut texts: Vec<TextRule> = Vec::new();
    for (field, rule) in &rules.fields {
        match field {
            Field::Request => request = Some(request_rule(rule, columns)?),
            Field::Preverified => preverified = Some(bool_rule(rule, columns)?),
            field => {
                let mut rule = text_rule(*field, rule, columns)?;
                rule.tells_of_names = !texts.iter().any(|earlier| divides_the_same(earlier, &rule));
                texts.push(rule);
            }
        }
    }
    if !texts
        .iter()
        .any(|rule| Field::IDENTIFIERS.contains(&rule.field))
    {
        let names: Vec<_> = Field::IDENTIFIERS
            .iter()
            .map(|field| field.name())
            .collect();
        return Err(fault(
            "fields",
            "no rule tells who the person is".to_owned(),
            &format!("add a rule for at least one of {}", names.join(", ")),
        ));
    }
    let request = request.ok_or_else(|| {
        fault(
            "fields.request",
            "there is no rule for it".to_owned(),
            "say where the request comes from: request = { column = \"…\", values = { \"…\" = \"delete\" } }",
        )
    })?;
    let may_make_several = request
        .values
        .meanings()
        .any(|wish| matches!(wish, Wish::Requests(requests) if requests.len() > 1));
    let filters = filters(rules, columns)?;
    let received = rules.received.as_ref().and_then(|received| {
        Some(ReceivedRule {
            column: columns.find(&received.column, "input.received", false)?,
            order: received.order,
        })
    });
    let key = key_rule(rules, columns);
    let filtered: Vec<&str> = rules
        .filters
        .iter()
        .map(|filter| filter.column.trim())
        .collect();
    let statuses = columns.statuses(&filtered).into_iter();
    Ok(Mapper {
        filters,
        statuses: statuses
            .map(|(column, name, kind)| StatusColumn::new(column, name, kind))
            .collect(),
        request,
        preverified: preverified.ok_or_else(|| {
            fault(
                "fields.preverified",
                "there is no rule for it, and no default".to_owned(),
                "choose: preverified = { value = true } when you have verified who these people are, { value = false } to \
                 have Concord write to each of them, or { column = \"…\" }",
            )
        })?,
        texts,
        region: rules.region.clone(),
        received,
        key,
        may_make_several,
    })
}

/// Whether two rules take their parts of one name.
fn divides_the_same(one: &TextRule, other: &TextRule) -> bool {
    let divided = |rule: &TextRule| match &rule.source {
        Source::Column {
            column,
            part: Some(_),
        } => *column,
        _ => None,
    };
    divided(one).is_some() && divided(one) == divided(other)
}

fn fault(job_key: &str, what: String, hint: &str) -> IntakeError {
    IntakeError::Rule {
        job_key: job_key.to_owned(),
        what,
        hint: hint.to_owned(),
    }
}

fn filters(rules: &Rules, columns: &mut Columns<'_>) -> Result<Vec<Filter>, IntakeError> {
    let mut filters = Vec::new();
    for filter in &rules.filters {
        let values = ValueMap::set(&filter.values, folded);
        if values.is_empty() {
            return Err(fault(
                "input.where",
                format!(
                    "no value of `{}` would pass: its list is empty",
                    filter.column
                ),
                "list the values to take under `in`",
            ));
        }
        if let Some(column) = columns.find(&filter.column, "input.where", false) {
            filters.push(Filter::new(column, filter.column.clone(), values));
        }
    }
    Ok(filters)
}

fn key_rule(rules: &Rules, columns: &mut Columns<'_>) -> KeyRule {
    KeyRule {
        columns: rules
            .key
            .iter()
            .filter_map(|name| {
                Some((
                    columns.find(name, "input.key", false)?,
                    name.trim().to_owned(),
                ))
            })
            .collect(),
        is_personal: rules.key.iter().any(|key| {
            rules
                .fields
                .iter()
                .any(|(field, rule)| says_who(*field, rule, key.trim()))
        }),
    }
}

/// Whether a rule makes a column personal. A property that says who the person is makes it so in any way; free text
/// (notes, details) only when the column is all of it: a ticket number does not become personal by being noted.
fn says_who(field: Field, rule: &Rule, column: &str) -> bool {
    let is_free_text = matches!(
        field,
        Field::Notes | Field::RequestDetails | Field::CaptureUrl
    );
    match rule {
        _ if !field.is_personal() => false,
        Rule::Column { name, .. } => name.trim() == column,
        Rule::Columns(_) | Rule::Template(_) if is_free_text => false,
        Rule::Columns(names) => names.iter().any(|name| name.trim() == column),
        Rule::Template(text) => template::parse(text)
            .is_ok_and(|pieces| pieces.contains(&template::Piece::Column(column.to_owned()))),
        Rule::Value(_) | Rule::Undecided => false,
    }
}

/// The source of a rule, and how messages name its columns.
fn source(
    field: Field,
    rule: &Rule,
    columns: &mut Columns<'_>,
) -> Result<(Source, Option<String>), IntakeError> {
    let job_key = format!("fields.{field}");
    Ok(match rule {
        Rule::Column {
            name,
            default,
            part,
            ..
        } => (
            Source::Column {
                column: columns.find(name, &job_key, default.is_some()),
                part: *part,
            },
            Some(name.trim().to_owned()),
        ),
        Rule::Columns(names) => {
            if names.is_empty() {
                return Err(fault(
                    &job_key,
                    "its list of columns is empty".to_owned(),
                    "name at least one",
                ));
            }
            let found = names
                .iter()
                .filter_map(|name| {
                    Some((name.trim().to_owned(), columns.find(name, &job_key, false)?))
                })
                .collect();
            (Source::Columns(found), Some(names.join(", ")))
        }
        Rule::Template(text) => {
            let pieces = template::parse(text).map_err(|found| {
                fault(
                    &job_key,
                    format!("its template has a fault at character {}: {}", found.character, found.what),
                    "a column is written {{ Ticket ID }}, or {{ \"Ticket }} ID\" }} when its name has braces",
                )
            })?;
            let mut names = Vec::new();
            let pieces = pieces
                .into_iter()
                .filter_map(|piece| match piece {
                    template::Piece::Text(text) => Some(Piece::Text(text)),
                    template::Piece::Column(name) => {
                        let column = columns.find(&name, &job_key, false);
                        names.push(name);
                        column.map(Piece::Column)
                    }
                })
                .collect();
            let label = (!names.is_empty()).then(|| names.join(", "));
            (Source::Template(pieces), label)
        }
        Rule::Value(Literal::Text(text)) => (Source::Value(text.clone()), None),
        Rule::Value(Literal::Bool(yes)) => (Source::Value(yes.to_string()), None),
        Rule::Undecided => (Source::Columns(Vec::new()), None),
    })
}

/// The values and the default of a rule, each made into what the property wants.
fn meanings_of<T: Clone + PartialEq>(
    field: Field,
    rule: &Rule,
    mut make: impl FnMut(&str, &Meaning) -> Result<T, IntakeError>,
) -> Result<ValueMap<T>, IntakeError> {
    let mut meanings = Vec::new();
    if let Rule::Column { values, .. } = rule {
        for (value, meaning) in values {
            meanings.push((value.clone(), make(value, meaning)?));
        }
    }
    let form = match field {
        Field::Request => values::request_form,
        _ => folded,
    };
    ValueMap::new(meanings, form).map_err(|(earlier, later)| {
        fault(
            &format!("fields.{field}.values"),
            format!("`{earlier}` and `{later}` are the same value (case and spaces at the edges do not count) with different meanings"),
            "keep one of the two",
        )
    })
}

fn default_of(rule: &Rule) -> Option<&Literal> {
    match rule {
        Rule::Column { default, .. } => default.as_ref(),
        _ => None,
    }
}

fn request_rule(rule: &Rule, columns: &mut Columns<'_>) -> Result<RequestRule, IntakeError> {
    let key = "fields.request";
    let words = "view, delete, change, do_not_sell";
    let no_request = |what: String| fault(key, what, &format!("a request is one of {words}"));
    let values = meanings_of(Field::Request, rule, |value, meaning| match meaning {
        Meaning::Requests(requests) => {
            for (index, request) in requests.iter().enumerate() {
                if requests[..index].contains(request) {
                    return Err(fault(
                        key,
                        format!("`{value}` means `{request}` twice"),
                        "name each request once; one row makes one request of each kind",
                    ));
                }
            }
            if requests.is_empty() {
                return Err(no_request(format!("`{value}` means no request at all")));
            }
            Ok(Wish::Requests(requests.clone()))
        }
        Meaning::Skip => Ok(Wish::Requests(Vec::new())),
        Meaning::Undecided => Ok(Wish::Undecided),
        Meaning::Literal(Literal::Text(word)) => match RequestType::from_name(word) {
            Some(request) => Ok(Wish::Requests(vec![request])),
            None => Err(no_request(format!("`{word}` is not a request"))),
        },
        Meaning::Literal(Literal::Bool(yes)) => {
            Err(no_request(format!("`{yes}` is not a request")))
        }
    })?;
    let meaning = |literal: &Literal| match literal {
        Literal::Text(word) => match meaning_of_request(word, &values) {
            Some(Ok(requests)) => Ok(requests.to_vec()),
            Some(Err(Undecided)) => Err(no_request(format!("what `{word}` means is not decided"))),
            None => Err(no_request(format!("`{word}` is not a request"))),
        },
        Literal::Bool(yes) => Err(no_request(format!("`{yes}` is not a request"))),
    };
    if let Rule::Value(literal) = rule {
        meaning(literal)?;
    }
    let default = default_of(rule).map(meaning).transpose()?;
    let (source, label) = source(Field::Request, rule, columns)?;
    Ok(RequestRule {
        source,
        values,
        default,
        label,
    })
}

fn bool_rule(rule: &Rule, columns: &mut Columns<'_>) -> Result<BoolRule, IntakeError> {
    let literal = |literal: &Literal| match literal {
        Literal::Bool(yes) => Ok(*yes),
        Literal::Text(word) => yes_or_no(&folded(word)).ok_or_else(|| {
            fault(
                "fields.preverified",
                format!("`{word}` is neither true nor false"),
                "true: these people are verified; false: Concord writes to each of them",
            )
        }),
    };
    let values = meanings_of(Field::Preverified, rule, |value, meaning| match meaning {
        Meaning::Literal(found) => literal(found),
        Meaning::Requests(_) | Meaning::Skip | Meaning::Undecided => Err(fault(
            "fields.preverified",
            format!("`{value}` means a request"),
            "its values mean true or false",
        )),
    })?;
    if let Rule::Value(found) = rule {
        literal(found)?;
    }
    let default = default_of(rule).map(literal).transpose()?;
    let (source, label) = source(Field::Preverified, rule, columns)?;
    Ok(BoolRule {
        is_undecided: *rule == Rule::Undecided,
        source,
        values,
        default,
        label,
    })
}

fn text_rule(
    field: Field,
    rule: &Rule,
    columns: &mut Columns<'_>,
) -> Result<TextRule, IntakeError> {
    let key = format!("fields.{field}");
    let literal = |literal: &Literal| match literal {
        Literal::Text(text) if text.trim().is_empty() => Err(fault(
            &key,
            "it gives blank text".to_owned(),
            "leave it out, or give text",
        )),
        Literal::Text(text) => Ok(text.trim().to_owned()),
        Literal::Bool(yes) => Err(fault(
            &key,
            format!("{yes} is not text"),
            &format!("write \"{yes}\" with quotes if the word is meant"),
        )),
    };
    let values = meanings_of(field, rule, |value, meaning| match meaning {
        Meaning::Literal(found) => literal(found),
        Meaning::Requests(_) | Meaning::Skip | Meaning::Undecided => Err(fault(
            &key,
            format!("`{value}` means a request"),
            "only the values of request do; give text",
        )),
    })?;
    if let Rule::Value(found) = rule {
        literal(found)?;
    }
    // A blank default leaves the property out, as without it; but then the column may be absent.
    let default = match default_of(rule) {
        Some(Literal::Text(text)) if text.trim().is_empty() => None,
        other => other.map(literal).transpose()?,
    };
    let (source, label) = source(field, rule, columns)?;
    Ok(TextRule {
        field,
        source,
        values,
        default,
        label,
        tells_of_names: true,
    })
}
