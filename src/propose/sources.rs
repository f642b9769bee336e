//! Where an export comes from, told by its header: a name for the notes, and the columns that are right there.
//!
//! Headers are those that the tools write themselves: Zendesk views and API, Jira, Freshdesk, `ServiceNow`, `HubSpot`,
//! Salesforce cases, Google and Microsoft Forms, Transcend, Fides (its CSV download) and Osano (its CSV format).

use crate::intake::words::words;

/// A tool that writes exports.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its name.
    pub(crate) name: &'static str,
    /// Each of these stands in the header, in one of its forms.
    all: &'static [&'static [&'static str]],
    /// So many of these do as well.
    some: &'static [&'static str],
    some_min: usize,
    /// The header begins with them, in one of these forms.
    begins: &'static [&'static [&'static str]],
    /// What identifies a row there for good.
    pub(crate) key: &'static [&'static str],
    /// The requester's address, where several may be.
    pub(crate) email: &'static [&'static str],
    /// The requester's number.
    pub(crate) phone: &'static [&'static str],
    /// The requester's name.
    pub(crate) name_column: &'static [&'static str],
    /// Columns with the id of a company, although the header does not say so.
    pub(crate) company_id: &'static [&'static str],
    /// When the person asked.
    pub(crate) received: &'static [&'static str],
    /// What to know of it.
    pub(crate) note: &'static str,
}

const PLAIN: Source = Source {
    name: "",
    all: &[],
    some: &[],
    some_min: 0,
    begins: &[],
    key: &[],
    email: &[],
    phone: &[],
    name_column: &[],
    company_id: &[],
    received: &[],
    note: "",
};

#[rustfmt::skip]
static SOURCES: &[Source] = &[
    Source {
        name: "Transcend",
        all: &[&["request id"], &["core identifier"]],
        key: &["request id"],
        email: &["core identifier"],
        received: &["created at"],
        ..PLAIN
    },
    Source {
        name: "Fides",
        all: &[&["request type"], &["time received"], &["subject identity", "request id"]],
        key: &["request id"],
        received: &["time received"],
        note: "`Subject Identity` may hold several identities in one cell; export the address as a column of its own",
        ..PLAIN
    },
    Source {
        name: "Osano",
        all: &[&["email"], &["request type"], &["given name"], &["family name"]],
        some: &["territory", "country", "status", "requestor type"],
        some_min: 2,
        note: "this format of Osano has no id and no date: without a key, a row that changes makes a new request",
        ..PLAIN
    },
    Source {
        name: "Zendesk",
        all: &[&["id", "ticket id"], &["subject"], &["requester", "requester id", "requester email"]],
        some: &[
            "assignee", "assignee id", "submitter", "submitter id", "satisfaction score", "satisfaction rating", "via",
            "via channel", "brand", "brand id", "group", "group id", "ticket form", "ticket form id", "requester external id",
        ],
        some_min: 3,
        key: &["id", "ticket id"],
        email: &["requester email"],
        name_column: &["requester", "requester name"],
        received: &["created at", "requested", "requested at"],
        ..PLAIN
    },
    Source {
        name: "Jira",
        all: &[&["issue key", "key"], &["issue type"], &["reporter"]],
        some: &["summary", "assignee", "priority", "resolution", "status", "project", "project key", "issue id", "created"],
        some_min: 3,
        key: &["issue key", "key"],
        name_column: &["reporter"],
        received: &["created"],
        note: "an issue that moves to another project gets another key; `Issue id` stays",
        ..PLAIN
    },
    Source {
        name: "Freshdesk",
        all: &[&["ticket id"], &["created time"]],
        some: &[
            "due by time", "resolved time", "closed time", "last update time", "initial response time", "agent", "group",
            "first response status", "resolution status", "agent interactions", "customer interactions",
        ],
        some_min: 2,
        key: &["ticket id"],
        name_column: &["full name", "requester name", "contact name"],
        received: &["created time"],
        ..PLAIN
    },
    Source {
        name: "ServiceNow",
        all: &[&["number", "sys id"], &["caller", "caller id", "caller id value", "opened by", "requested for"]],
        some: &[
            "opened at", "opened", "sys created on", "sys updated on", "short description", "assignment group", "assigned to", "state",
            "incident state", "priority", "close code",
        ],
        some_min: 2,
        key: &["number", "sys id"],
        received: &["opened at", "opened", "sys created on"],
        ..PLAIN
    },
    Source {
        name: "HubSpot",
        all: &[&["ticket id"], &["ticket name"]],
        some: &["ticket status", "pipeline", "create date", "ticket owner", "priority", "source"],
        some_min: 1,
        key: &["ticket id"],
        received: &["create date"],
        ..PLAIN
    },
    Source {
        name: "Salesforce",
        all: &[&["case number", "case no"]],
        some: &[
            "date time opened", "supplied email", "supplied name", "contact email", "case owner", "case origin", "origin", "created date",
            "is closed", "account name", "owner id", "contact id", "account id",
        ],
        some_min: 2,
        key: &["case number", "case no"],
        email: &["supplied email", "web email", "contact email"],
        phone: &["supplied phone", "web phone", "contact phone"],
        name_column: &["supplied name", "web name", "contact name"],
        received: &["date time opened", "created date"],
        ..PLAIN
    },
    Source {
        name: "OTRS",
        all: &[&["customer id"], &["queue", "user firstname", "user lastname", "customer user id"]],
        some: &[
            "ticket number", "number", "ticket", "age", "state", "priority", "lock", "owner", "user firstname", "user lastname", "customer name", "customer user id", "queue",
            "first lock", "first response", "accounted time", "article tree", "from", "responsible", "solution in min",
        ],
        some_min: 3,
        key: &["ticket number", "number", "ticket"],
        company_id: &["customer id"],
        received: &["created"],
        note: "`CustomerID` is the customer's company, `UserFirstname` and `UserLastname` are the owner's (an agent)",
        ..PLAIN
    },
    Source {
        name: "Microsoft Forms",
        begins: &[
            &["id", "start time", "completion time"],
            &["id", "startzeit", "fertigstellungszeit"],
            &["id", "heure de debut", "heure de fin"],
            &["id", "hora de inicio", "hora de finalizacion"],
            &["id", "ora di inizio", "ora di completamento"],
            &["id", "hora de inicio", "hora de conclusao"],
            &["id", "begintijd", "tijd van voltooien"],
        ],
        key: &["id"],
        received: &[
            "completion time", "fertigstellungszeit", "heure de fin", "hora de finalizacion", "ora di completamento",
            "hora de conclusao", "tijd van voltooien",
        ],
        note: "`ID` counts the answers to one form: do not use this job for the answers to another",
        ..PLAIN
    },
    Source {
        name: "Google Forms",
        begins: &[
            &["timestamp"], &["zeitstempel"], &["horodateur"], &["marca temporal"], &["informazioni cronologiche"],
            &["carimbo de data hora"], &["tijdstempel"],
        ],
        email: &[
            "email address", "username", "email adresse", "adresse email", "direccion de correo electronico",
            "indirizzo email", "endereco de email", "emailadres",
        ],
        received: &[
            "timestamp", "zeitstempel", "horodateur", "marca temporal", "informazioni cronologiche", "carimbo de data hora",
            "tijdstempel",
        ],
        ..PLAIN
    },
];

/// The tool whose header this is.
pub(crate) fn of(columns: &[String]) -> Option<&'static Source> {
    let said: Vec<String> = columns.iter().map(|name| words(name).join(" ")).collect();
    SOURCES.iter().find(|source| source.fits(&said))
}

impl Source {
    fn fits(&self, said: &[String]) -> bool {
        let has = |phrase: &&str| said.iter().any(|column| column == phrase);
        let begins = |form: &&[&str]| {
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
                of(&columns).map(|source| source.name),
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
