//! What several themes need: entries made by the real intake, and plans for them.

use std::path::PathBuf;

use concord_import::entry::{Entry, Field, RequestType};
use concord_import::intake::{Intake, Item, Seen};
use concord_import::plan::{
    Input, Literal, Mark, Meaning, ReadPlan, Reading, Rule, Rules, SANDBOX_PROJECT,
};

/// The header of [`csv`].
pub(crate) const HEADER: &str = "Ticket,Email,Wish\n";

/// A CSV of `n` valid rows with the keys T-1, T-2 and so on.
pub(crate) fn csv(n: usize) -> String {
    let rows = (1..=n).map(|i| format!("T-{i},person{i}@example.com,Erase\n"));
    std::iter::once(HEADER.to_owned()).chain(rows).collect()
}

fn column(name: &str) -> Rule {
    Rule::Column {
        name: name.into(),
        values: Vec::new(),
        default: None,
        part: None,
    }
}

/// Rules for [`csv`].
pub(crate) fn rules() -> Rules {
    let wishes = [
        ("Erase", vec![RequestType::Delete]),
        ("Access", vec![RequestType::View]),
        ("Both", vec![RequestType::View, RequestType::Delete]),
    ];
    let values = wishes
        .into_iter()
        .map(|(wish, requests)| (wish.to_owned(), Meaning::Requests(requests)));
    Rules {
        key: vec!["Ticket".into()],
        region: None,
        filters: Vec::new(),
        fields: vec![
            (
                Field::Request,
                Rule::Column {
                    name: "Wish".into(),
                    values: values.collect(),
                    default: None,
                    part: None,
                },
            ),
            (Field::UserEmail, column("Email")),
            (Field::Notes, Rule::Template("Ticket {{ Ticket }}".into())),
            (Field::Preverified, Rule::Value(Literal::Bool(true))),
        ],
        mark: Mark::Notes,
    }
}

/// A plan over files for [`rules`], in the sandbox's project.
pub(crate) fn read_plan(paths: &[PathBuf]) -> ReadPlan {
    let inputs = paths.iter().map(|path| Input {
        name: path.display().to_string(),
        path: path.clone(),
    });
    ReadPlan {
        inputs: inputs.collect(),
        reading: Reading::default(),
        rules: rules(),
        project: SANDBOX_PROJECT,
    }
}

/// `n` valid entries, made of [`csv`].
pub(crate) fn entries(n: usize) -> Vec<Entry> {
    let plan = read_plan(&[PathBuf::from("made up")]);
    let reader = std::io::Cursor::new(csv(n));
    let mut intake =
        Intake::from_reader(&plan, 0, false, reader).expect("the rules fit the header");
    let rows = intake
        .next_batch(&mut Seen::new(), n)
        .expect("it can be read");
    let items = rows.into_iter().flat_map(|row| row.items);
    items
        .map(|item| match item {
            Item::Entry(entry) => *entry,
            other => panic!("not an entry: {other:?}"),
        })
        .collect()
}
