//! Rules that cannot be followed.

use concord_import::internals::entry::{Field, RequestType};
use concord_import::internals::plan::{Filter, Literal, Meaning, ReadPlan, Rule};

use super::super::given::text;
use super::{Refused, Says, assert_form, refused};
use crate::reading::{open, plan};

const TEXT: &str = "Ticket,Email,Wish\nT-1,ann@example.com,Access\n";
const FIELDS: &str = "{\"Ticket\":1,\"Email\":\"ann@example.com\",\"Wish\":\"Access\",\"f\":[{\"id\":7,\"value\":\"x\"}]}\n";
const BRACES: &str = "a column is written {{ Ticket ID }}";

#[rustfmt::skip]
pub(super) const REFUSED: &[Refused] = &[
    refused(text("t.csv", TEXT).fields("notes = { template = \"see {{ Ticket\" }"), ["fields.notes", "character 5: `{{` is not closed by `}}`", BRACES]),
    refused(text("t.csv", TEXT).fields("notes = { template = \"{{ Ticket {{ Wish }}\" }"), ["fields.notes", "character 1: `{{` is not closed by `}}` before the next `{{`", BRACES]),
    refused(text("t.csv", TEXT).fields("notes = { template = \"{{ }}\" }"), ["fields.notes", "character 1: there is no column name", BRACES]),
    refused(text("t.csv", TEXT).fields("notes = { template = '{{ \"Ticket }}' }"), ["fields.notes", "character 4: the quoted column name is not closed", BRACES]),
    refused(text("t.csv", TEXT).fields("notes = { template = '{{ \"Ticket\" ID }}' }"), ["fields.notes", "character 13: `}}` is wanted after the quoted column name", BRACES]),
    refused(text("t.jsonl", FIELDS).fields("notes = \"f[7].value\""), ["fields.notes", "character 3: `=` is missing between `[` and `]`", "custom_fields[id=27642].value"]),
    refused(text("t.csv", TEXT).input("escape = \",\""), ["input.escape", "`,` is the delimiter as well", "two different characters"]),
];

fn literal(word: &str) -> Literal {
    Literal::Text(word.to_owned())
}

/// A rule of the column `Wish` in which one value has a meaning.
fn means(meaning: Meaning) -> Rule {
    Rule::Column {
        name: "Wish".to_owned(),
        values: vec![("Erase".to_owned(), meaning)],
        default: None,
        part: None,
    }
}

fn set(plan: &mut ReadPlan, field: Field, rule: Rule) {
    without(plan, field);
    plan.rules.fields.push((field, rule));
}

fn without(plan: &mut ReadPlan, field: Field) {
    plan.rules.fields.retain(|(other, _)| *other != field);
}

/// What is changed in a plan that is right, and what it is refused for.
type Change = (fn(&mut ReadPlan), Says);

/// What the reader of job files refuses with a line and a column, as other programs that make plans are told it.
#[rustfmt::skip]
const CHANGES: &[Change] = &[
    (|plan| plan.rules.region = Some("UK".to_owned()), ["input.region", "`UK` is not a region", "such as GB"]),
    (|plan| plan.reading.delimiter = Some(b'\n'), ["input.delimiter", "byte 0x0A", "delimiter = \",\""]),
    (|plan| plan.reading.quote = Some(b','), ["input.quote", "`,` is the delimiter as well", "two different characters"]),
    (|plan| plan.rules.filters = vec![Filter { column: "Wish".to_owned(), values: Vec::new() }], ["input.where", "its list is empty", "list the values to take"]),
    (|plan| without(plan, Field::UserEmail), ["fields", "no rule tells who the person is", "at least one of"]),
    (|plan| without(plan, Field::Request), ["fields.request", "there is no rule for it", "request = { column"]),
    (|plan| without(plan, Field::Preverified), ["fields.preverified", "no rule for it, and no default", "{ value = false }"]),
    (|plan| set(plan, Field::Request, means(Meaning::Requests(vec![RequestType::View; 2]))), ["fields.request", "means `view` twice", "name each request once"]),
    (|plan| set(plan, Field::Request, means(Meaning::Requests(Vec::new()))), ["fields.request", "no request at all", "view, delete"]),
    (|plan| set(plan, Field::Request, means(Meaning::Literal(literal("erase")))), ["fields.request", "`erase` is not a request", "view, delete"]),
    (|plan| set(plan, Field::Request, means(Meaning::Literal(Literal::Bool(true)))), ["fields.request", "`true` is not a request", "view, delete"]),
    (|plan| set(plan, Field::Request, Rule::Column { name: "Wish".to_owned(), values: vec![("Other".to_owned(), Meaning::Undecided)], default: Some(literal("Other")), part: None }), ["fields.request", "what `Other` means is not decided", "view, delete"]),
    (|plan| set(plan, Field::Request, Rule::Column { name: "Wish".to_owned(), values: vec![("Erase".to_owned(), Meaning::Literal(literal("delete"))), ("ERASE ".to_owned(), Meaning::Literal(literal("view")))], default: None, part: None }), ["fields.request.values", "`Erase` and `ERASE ` are the same value", "keep one of the two"]),
    (|plan| set(plan, Field::Preverified, Rule::Value(literal("perhaps"))), ["fields.preverified", "`perhaps` is neither true nor false", "true: these people are verified"]),
    (|plan| set(plan, Field::Preverified, means(Meaning::Skip)), ["fields.preverified", "`Erase` means a request", "true or false"]),
    (|plan| set(plan, Field::Notes, Rule::Columns(Vec::new())), ["fields.notes", "its list of columns is empty", "name at least one"]),
    (|plan| set(plan, Field::Notes, Rule::Value(literal(" "))), ["fields.notes", "blank text", "leave it out"]),
    (|plan| set(plan, Field::Notes, Rule::Value(Literal::Bool(true))), ["fields.notes", "true is not text", "with quotes"]),
    (|plan| set(plan, Field::Notes, means(Meaning::Skip)), ["fields.notes", "`Erase` means a request", "give text"]),
];

/// All that [`CHANGES`] are refused for.
pub(super) fn by_others() -> String {
    let mut chapter = String::new();
    for (change, says) in CHANGES {
        let mut plan = plan();
        change(&mut plan);
        let Err(error) = open(&plan, TEXT.as_bytes()) else {
            panic!("{says:?}: it is not refused");
        };
        let told = format!("error: {error}\nhint: {}", error.hint());
        assert_form(&told, None, *says);
        chapter += &format!("## a plan that is not of a job file\n{told}\n\n");
    }
    chapter
}
