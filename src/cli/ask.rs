//! The questions of `map --interactive`, each with what is proposed as its default. The answers change the proposal.

use dialoguer::{Input, Result, Select};
use uuid::Uuid;

use super::limits::{self, shown};
use super::words::counted;
use crate::entry::RequestType;
use crate::propose::{Choice, Fields, Preverified, Proposal, Sense};

/// Lines of a list that are shown at once.
const LINES_MAX: usize = 12;
const NOT_SENT: &str = "(none: not sent)";

/// Asks for everything that a person may want otherwise.
pub(super) fn ask(proposal: &mut Proposal) -> Result<()> {
    ask_request(proposal)?;
    for (what, choice) in PEOPLE {
        let now = choice(&mut proposal.fields).clone();
        let taken = column(proposal, &format!("Column of {what}"), &now, NOT_SENT)?;
        choice(&mut proposal.fields).taken = taken;
        let is_whole_name = what == WHOLE_NAME && taken.is_some();
        if is_whole_name {
            (proposal.fields.first_name, proposal.fields.last_name) =
                (Choice::default(), Choice::default());
        }
    }
    if proposal.fields.full_name.taken.is_none() {
        for (what, choice) in NAME_PARTS {
            let now = choice(&mut proposal.fields).clone();
            let taken = column(proposal, &format!("Column of {what}"), &now, NOT_SENT)?;
            choice(&mut proposal.fields).taken = taken;
        }
    }
    ask_key(proposal)?;
    ask_preverified(proposal)?;
    proposal.organization = id("Organization id (may be left empty)")?;
    proposal.project = id("Project id (may be left empty)")?;
    Ok(())
}

type Pick = fn(&mut Fields) -> &mut Choice;
const WHOLE_NAME: &str = "the person's whole name";
const PEOPLE: [(&str, Pick); 5] = [
    ("the person's e-mail address", |fields| &mut fields.email),
    ("the person's phone number", |fields| &mut fields.phone),
    ("your id of the person", |fields| &mut fields.user_id),
    ("the date on which the person asked", |fields| {
        &mut fields.received
    }),
    (WHOLE_NAME, |fields| &mut fields.full_name),
];
const NAME_PARTS: [(&str, Pick); 2] = [
    ("the person's first name", |fields| &mut fields.first_name),
    ("the person's last name", |fields| &mut fields.last_name),
];

/// One of the columns, or none.
fn column(proposal: &Proposal, question: &str, now: &Choice, none: &str) -> Result<Option<usize>> {
    let candidates: Vec<usize> = now.others.iter().map(|(column, _)| *column).collect();
    // Those that may be meant come first.
    let mut order: Vec<usize> = now.taken.into_iter().chain(candidates).collect();
    order.dedup();
    let columns: Vec<(&str, &str)> = proposal.columns().collect();
    order.extend(
        (0..columns.len())
            // One without a name has no values.
            .filter(|&column| !order.contains(&column) && !columns[column].0.is_empty())
            .collect::<Vec<_>>(),
    );
    let mut items = vec![none.to_owned()];
    items.extend(order.iter().map(|column| {
        let (name, shape) = columns[*column];
        format!("{} ({shape})", shown(name))
    }));
    let chosen = select(question, &items, usize::from(now.taken.is_some()))?;
    Ok(chosen.checked_sub(1).map(|index| order[index]))
}

fn ask_request(proposal: &mut Proposal) -> Result<()> {
    let now = proposal.fields.request.clone();
    let taken = column(
        proposal,
        "Column of what each person asks for",
        &now,
        "(none of them)",
    )?;
    if taken != now.taken {
        proposal.take_request_column(taken);
    }
    let mut items: Vec<String> = MEANINGS
        .iter()
        .map(|(request, what)| format!("{request}: {what}"))
        .collect();
    items.push("skip: no request".to_owned());
    items.push("decide later: nothing can be sent before".to_owned());
    let (skip, later) = (MEANINGS.len(), MEANINGS.len() + 1);
    for word in &mut proposal.request_words {
        let proposed = match &word.sense {
            // Several at once are kept as they are: one line could not say them.
            Sense::Requests(requests) if requests.len() > 1 => continue,
            Sense::Requests(requests) => MEANINGS
                .iter()
                .position(|(request, _)| requests.contains(request)),
            Sense::Skip => Some(skip),
            Sense::Undecided(_) => None,
        };
        let question = format!(
            "Meaning of \"{}\" ({})",
            shown(&word.word.text),
            counted(word.word.rows, "row")
        );
        let chosen = select(&question, &items, proposed.unwrap_or(later))?;
        word.sense = match MEANINGS.get(chosen) {
            Some((request, _)) => Sense::Requests(vec![*request]),
            None if chosen == skip => Sense::Skip,
            None => match word.sense {
                Sense::Undecided(why) => Sense::Undecided(why),
                Sense::Requests(_) | Sense::Skip => Sense::Undecided(""),
            },
        };
    }
    Ok(())
}

const MEANINGS: [(RequestType, &str); 4] = [
    (RequestType::View, "access, a copy of the data"),
    (RequestType::Delete, "erasure"),
    (RequestType::Change, "rectification"),
    (RequestType::DoNotSell, "opt-out of sale or sharing"),
];

fn ask_key(proposal: &mut Proposal) -> Result<()> {
    let keys = proposal.keys();
    let columns: Vec<(&str, &str)> = proposal.columns().collect();
    let mut items = vec!["(none: a row that is changed later makes a new request)".to_owned()];
    items.extend(keys.iter().map(|key| {
        let names: Vec<String> = key.iter().map(|column| shown(columns[*column].0)).collect();
        names.join(" and ")
    }));
    if items.len() > 1 {
        let now = usize::from(!proposal.key.is_empty());
        let chosen = select("What identifies a row for good", &items, now)?;
        proposal.take_key(
            chosen
                .checked_sub(1)
                .map(|index| keys[index].clone())
                .unwrap_or_default(),
        );
    }
    Ok(())
}

fn ask_preverified(proposal: &mut Proposal) -> Result<()> {
    let mut items = vec![
        "Yes: requests start as submitted, Concord writes to nobody".to_owned(),
        format!(
            "No: Concord most likely mails or texts each person ({})",
            counted(proposal.rows(), "row")
        ),
    ];
    if let Some(verified) = &proposal.verified_by {
        let (name, _) = proposal.columns().nth(verified.column).unwrap_or_default();
        items.push(format!("As the column {} says", shown(name)));
    }
    items.push("decide later: nothing can be sent before".to_owned());
    let has_column = proposal.verified_by.is_some();
    let now = match proposal.preverified {
        Preverified::All(yes) => usize::from(!yes),
        Preverified::Column => 2,
        Preverified::Undecided => items.len() - 1,
    };
    proposal.preverified = match select("Were these persons verified", &items, now)? {
        0 => Preverified::All(true),
        1 => Preverified::All(false),
        2 if has_column => Preverified::Column,
        _ => Preverified::Undecided,
    };
    Ok(())
}

fn id(question: &str) -> Result<Option<Uuid>> {
    let text: String = Input::new()
        .with_prompt(question)
        .allow_empty(true)
        .validate_with(|text: &String| match text.trim() {
            "" => Ok(()),
            text => limits::uuid(text).map(|_| ()),
        })
        .interact_text()?;
    Ok(limits::uuid(text.trim()).ok())
}

fn select(question: &str, items: &[String], default: usize) -> Result<usize> {
    Select::new()
        .with_prompt(question)
        .items(items)
        .default(default)
        .max_length(LINES_MAX)
        .interact()
}
