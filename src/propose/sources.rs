//! Where an export comes from, told by its header: a name for the notes, and the columns that are right there.
//!
//! The tools are in `sources.toml`. Headers are those that they write themselves: Zendesk views and API, Jira, Freshdesk,
//! `ServiceNow`, `HubSpot`, Salesforce cases, Google and Microsoft Forms, Transcend, Fides (its CSV download) and Osano
//! (its CSV format).

use std::sync::LazyLock;

use serde::Deserialize;

use super::dictionary::dictionary;
use crate::intake::words::words;

/// A tool that writes exports.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Source {
    /// Its name.
    pub(crate) name: String,
    /// Each of these stands in the header, in one of its forms.
    all: Vec<Vec<String>>,
    /// So many of these do as well.
    some: Vec<String>,
    some_min: usize,
    /// The header begins with them, in one of these forms.
    begins: Vec<Vec<String>>,
    /// What identifies a row there for good.
    pub(crate) key: Vec<String>,
    /// The requester's address, where several may be.
    pub(crate) email: Vec<String>,
    /// The requester's number.
    pub(crate) phone: Vec<String>,
    /// The requester's name.
    pub(crate) name_column: Vec<String>,
    /// Columns with the id of a company, although the header does not say so.
    pub(crate) company_id: Vec<String>,
    /// When the person asked.
    pub(crate) received: Vec<String>,
    /// What to know of it.
    pub(crate) note: String,
}

/// The tools, from `sources.toml`.
static SOURCES: LazyLock<Sources> = LazyLock::new(|| dictionary(include_str!("sources.toml")));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sources {
    source: Vec<Source>,
}

/// The tool whose header this is.
pub(crate) fn of(columns: &[String]) -> Option<&'static Source> {
    let said: Vec<String> = columns.iter().map(|name| words(name).join(" ")).collect();
    SOURCES.source.iter().find(|source| source.fits(&said))
}

impl Source {
    fn fits(&self, said: &[String]) -> bool {
        let has = |phrase: &String| said.contains(phrase);
        let begins = |form: &Vec<String>| {
            said.len() > form.len()
                && form
                    .iter()
                    .zip(said)
                    .all(|(phrase, column)| column == phrase)
        };
        (self.begins.is_empty() || self.begins.iter().any(begins))
            && self.all.iter().all(|forms| forms.iter().any(has))
            && self.some.iter().filter(|phrase| has(phrase)).count() >= self.some_min
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_are_told_by_their_headers() {
        for (name, header) in [
            (
                "Zendesk",
                "Id,Requester,Requester email,Subject,Created at,Assignee,Group,Via",
            ),
            (
                "Jira",
                "Summary,Issue key,Issue id,Issue Type,Status,Project key,Reporter,Created",
            ),
            (
                "Freshdesk",
                "Ticket ID,Subject,Status,Agent,Group,Created time,Due by Time,Full name,Email",
            ),
            (
                "ServiceNow",
                "number,caller_id,short_description,opened_at,state",
            ),
            ("HubSpot", "Ticket ID,Ticket name,Ticket status,Create date"),
            (
                "Salesforce",
                "Case Number,Contact Email,Date/Time Opened,Subject",
            ),
            (
                "OTRS",
                "Ticket#,Age,Created,State,Queue,Owner,UserFirstname,UserLastname,CustomerID,CustomerName,From",
            ),
            (
                "Google Forms",
                "Timestamp,Email Address,What is your request?",
            ),
            (
                "Microsoft Forms",
                "ID,Start time,Completion time,Email,Name,Your request",
            ),
            (
                "Microsoft Forms",
                "ID,Startzeit,Fertigstellungszeit,E-Mail,Name",
            ),
            (
                "Transcend",
                "Request ID,Created At,Core Identifier,Request Type,Data Subject Type,Status",
            ),
            (
                "Fides",
                "Status,Request Type,Subject Identity,Custom Privacy Request Fields,Time Received,Reviewed By,Request ID",
            ),
            (
                "Osano",
                "Email,Request Type,Status,Given Name,Family Name,Territory,Country",
            ),
        ] {
            let columns: Vec<String> = header.split(',').map(str::to_owned).collect();
            assert_eq!(
                of(&columns).map(|source| source.name.as_str()),
                Some(name),
                "{header}"
            );
        }
        for header in [
            "Ticket ID,Received,Name,Email,Phone,Request",
            "id,email,type",
            "Timestamp",
        ] {
            let columns: Vec<String> = header.split(',').map(str::to_owned).collect();
            assert!(of(&columns).is_none(), "{header}");
        }
    }
}
