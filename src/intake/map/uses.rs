//! What becomes of each column: sent, only read, or never looked at.

use std::collections::HashSet;

use super::template;
use crate::plan::{Format, Rule, Rules};

/// The columns of an input by what the rules do with them, each list in the order of the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnUse {
    /// Some property is made of them.
    pub sent: Vec<String>,
    /// The key, a filter or the received date is made of them; their values are not sent.
    pub only_read: Vec<String>,
    /// No rule names them.
    pub never_sent: Vec<String>,
}

/// Sorts the columns of an input. A path of JSON is used as well when a rule names what it stands within.
pub(crate) fn uses(columns: &[String], format: Format, rules: &Rules) -> ColumnUse {
    let sent: HashSet<String> = rules
        .fields
        .iter()
        .flat_map(|(_, rule)| named(rule))
        .collect();
    let filters = rules.filters.iter().map(|filter| &filter.column);
    let received = rules.received.iter().map(|received| &received.column);
    let read: HashSet<String> = rules
        .key
        .iter()
        .chain(filters)
        .chain(received)
        .map(|name| name.trim().to_owned())
        .collect();
    let is_in = |names: &HashSet<String>, column: &str| {
        names.contains(column)
            || (format != Format::Csv
                && (column
                    .match_indices('.')
                    .any(|(dot, _)| names.contains(&column[..dot]))
                    || leads_into(names, column)))
    };
    let mut found = ColumnUse::default();
    for column in columns {
        let list = if is_in(&sent, column) {
            &mut found.sent
        } else if is_in(&read, column) {
            &mut found.only_read
        } else {
            &mut found.never_sent
        };
        list.push(column.clone());
    }
    found
}

/// Returns whether a path selects elements of the list in a column.
fn leads_into(names: &HashSet<String>, column: &str) -> bool {
    names.iter().any(|name| {
        name.strip_prefix(column)
            .is_some_and(|rest| rest.starts_with('['))
    })
}

/// The columns that a rule names.
fn named(rule: &Rule) -> Vec<String> {
    let trimmed = |name: &String| name.trim().to_owned();
    match rule {
        Rule::Column { name, .. } => vec![trimmed(name)],
        Rule::Columns(names) => names.iter().map(trimmed).collect(),
        Rule::Template(text) => {
            let pieces = template::parse(text).unwrap_or_default().into_iter();
            let columns = pieces.filter_map(|piece| match piece {
                template::Piece::Column(name) => Some(name),
                template::Piece::Text(_) => None,
            });
            columns.collect()
        }
        Rule::Value(_) | Rule::Undecided => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Field;
    use crate::plan::{Filter, Mark};

    #[test]
    fn a_column_is_sent_or_only_read_or_never_looked_at() {
        let rules = Rules {
            near_keys: crate::identity::NearKeys::default(),
            key: vec!["id".into()],
            region: None,
            received: None,
            filters: vec![Filter {
                column: "category".into(),
                values: vec!["Privacy".into()],
            }],
            fields: vec![
                (
                    Field::RequestDetails,
                    Rule::Columns(vec!["subject".into(), "custom".into()]),
                ),
                (
                    Field::Notes,
                    Rule::Template("Ticket {{ created at }}".into()),
                ),
            ],
            mark: Mark::Notes,
        };
        let columns = [
            "id",
            "created at",
            "subject",
            "category",
            "custom.a",
            "customer",
            "status",
        ];
        let columns = columns.map(str::to_owned);
        let found = uses(&columns, Format::Jsonl, &rules);
        assert_eq!(found.sent, ["created at", "subject", "custom.a"]);
        assert_eq!(found.only_read, ["id", "category"]);
        assert_eq!(found.never_sent, ["customer", "status"]);
        let found = uses(&columns, Format::Csv, &rules);
        assert_eq!(found.never_sent, ["custom.a", "customer", "status"]);
    }
}
