//! What a header says: which property it may feed, and whose it is.
//!
//! A dictionary (`headers.toml`) in English, German, French, Spanish, Italian, Portuguese and Dutch, with some Polish and
//! Scandinavian; other scripts by [`in_english`]. Words are compared whole ([`crate::intake::words`]). What a header says
//! is never enough: the values have to agree ([`super::choose`]).

use std::sync::LazyLock;

use serde::Deserialize;

use super::dictionary::dictionary;
use crate::intake::selected_of_list;
use crate::intake::words::{are, holds, in_english, words};

/// What a column may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Email,
    Phone,
    FullName,
    /// A word that is the whole name, or the part of it that the other columns leave: `Nom`, `Nombre`, `Name`.
    Name,
    FirstName,
    LastName,
    /// The customer's own id of the person.
    UserId,
    /// The id that the ticketing tool gives the person.
    ToolUserId,
    Request,
    Key,
    Received,
    Verified,
    Country,
    Details,
    /// Nothing but whose it is: `Requester`, `Kunde`.
    Person,
    /// The id of a company or an account, which may have many people.
    CompanyId,
    /// An id of a device, a connection or a message.
    NetworkId,
}

/// Of whom a column tells, as far as its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Of the person who asks.
    Requester,
    /// Of somebody else: an agent, an owner, a recipient.
    Other,
    Unsaid,
}

/// The words by which a header says whose a column is, as a set: columns with the same set come from the same source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Families(u16);

impl Families {
    /// The set of a header that does not say whose it is.
    pub(crate) const UNSAID: Self = Self(0);

    /// Returns whether the words may also name an agent who entered the case.
    pub(crate) fn is_weak(self) -> bool {
        self.0 != 0 && self.families().all(|family| family.may_be_agent)
    }

    /// Returns whether the words name the person whom the data is about.
    pub(crate) fn names_subject(self) -> bool {
        self.has(SUBJECT)
    }

    /// Returns whether the words name the person whom the data is about, or one who asks for their own.
    pub(crate) fn names_person(self) -> bool {
        self.has(SUBJECT) || self.has("requester") || self.has("customer")
    }

    /// Returns whether the words name a person for whom another person may have asked.
    pub(crate) fn names_beneficiary(self) -> bool {
        self.has(SUBJECT) || self.has("beneficiary")
    }

    fn has(self, name: &str) -> bool {
        self.families().any(|family| family.name == name)
    }

    /// A name for messages.
    pub(crate) fn name(self) -> &'static str {
        self.families().next().map_or("", |family| &family.name)
    }

    fn families(self) -> impl Iterator<Item = &'static Family> {
        let families = WORDS.families.iter().enumerate();
        let named = families.filter(move |(bit, _)| self.0 & 1 << bit != 0);
        named.map(|(_, family)| family)
    }

    fn of(words: &[String]) -> Self {
        let families = WORDS.families.iter().enumerate();
        let bits =
            families.filter(|(_, family)| words.iter().any(|word| is_in(&family.words, word)));
        Self(bits.map(|(bit, _)| 1 << bit).sum())
    }
}

/// One reading of a header. A lower rank says it more clearly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) role: Role,
    pub(crate) rank: u8,
}

/// What a header says.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) whose: Whose,
    pub(crate) families: Families,
    /// Only the word for an account says that it is another person's: `Account email`. It may be the customer's own.
    pub(crate) is_of_account: bool,
    pub(crate) hints: Vec<Hint>,
}

impl Said {
    /// How clearly it says so, if it does.
    pub(crate) fn rank(&self, role: Role) -> Option<u8> {
        let hint = self.hints.iter().find(|hint| hint.role == role);
        hint.map(|hint| hint.rank)
    }

    /// Returns whether the header names the person whom the data is about.
    pub(crate) fn names_subject(&self) -> bool {
        self.whose == Whose::Requester && self.families.names_subject()
    }

    /// Whether the column tells who somebody is.
    pub(crate) fn is_of_person(&self) -> bool {
        self.whose != Whose::Unsaid
            || [
                Role::Email,
                Role::Phone,
                Role::FullName,
                Role::Name,
                Role::FirstName,
                Role::LastName,
                Role::UserId,
            ]
            .into_iter()
            .any(|role| self.rank(role).is_some())
    }
}

/// Ranks of [`Role::Request`].
pub(crate) const SAYS_REQUEST_TYPE: u8 = 0;
/// Ranks of [`Role::Key`]: a header of columns that count rows.
pub(crate) const COUNTS_ROWS: u8 = 2;

/// The words of headers, from `headers.toml`.
static WORDS: LazyLock<HeaderWords> = LazyLock::new(|| dictionary(include_str!("headers.toml")));

/// The lists of `headers.toml`, which says what each is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderWords {
    deleted_phrases: Vec<String>,
    accounts: Vec<String>,
    yours: Vec<String>,
    others: Vec<String>,
    others_phrases: Vec<String>,
    companies: Vec<String>,
    network: Vec<String>,
    network_with_id: Vec<String>,
    customers: Vec<String>,
    fillers: Vec<String>,
    email_words: Vec<String>,
    email_phrases: Vec<String>,
    phone_words: Vec<String>,
    request_words: Vec<String>,
    id_words: Vec<String>,
    case_words: Vec<String>,
    counters: Vec<String>,
    date_words: Vec<String>,
    received_words: Vec<String>,
    created_words: Vec<String>,
    registered_words: Vec<String>,
    of_case: Vec<String>,
    person_phrases: Vec<PersonPhrases>,
    families: Vec<Family>,
    phrases: Vec<RolePhrases>,
}

/// Phrases for a person that are made one word.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonPhrases {
    word: String,
    phrases: Vec<String>,
}

/// Words for the person who asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    name: String,
    /// They may as well name an agent who wrote the case down, or who looks after it.
    may_be_agent: bool,
    words: Vec<String>,
}

/// Phrases that are the whole header of a column.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RolePhrases {
    role: Role,
    rank: u8,
    words: Vec<String>,
}

/// The name of the family of words for the person whom the data is about.
const SUBJECT: &str = "data subject";

/// Reads a header. If it is a path into a JSON list, the name of the element counts. Its number means nothing.
#[expect(
    clippy::too_many_lines,
    reason = "one hint for each role, in the order of preference"
)]
pub(crate) fn read(header: &str) -> Said {
    let selected = selected_of_list(header);
    let header = selected.as_deref().unwrap_or(header);
    let bare = inner(header);
    let is_sign = bare.trim().trim_end_matches('.') == "#";
    let mut said = one_person(words(&in_english(bare)));
    // A suffix of Salesforce and a prefix of ServiceNow that mark custom fields.
    if header.ends_with("__c") {
        said.pop();
    }
    if header.starts_with("u_") && said.len() > 1 {
        said.remove(0);
    }
    let whose = whose(&said);
    let families = Families::of(&said);
    let core: Vec<String> = said
        .iter()
        .filter(|word| !is_in(&WORDS.fillers, word) && !is_requester(word))
        .cloned()
        .collect();
    let mut hints: Vec<Hint> = Vec::new();
    let mut hint = |role, rank| {
        if !hints.iter().any(|known: &Hint| known.role == role) {
            hints.push(Hint { role, rank });
        }
    };
    let all: Vec<String> = said
        .iter()
        .filter(|word| !is_in(&WORDS.fillers, word))
        .cloned()
        .collect();
    if is_sign || WORDS.counters.iter().any(|phrase| are(&said, phrase)) {
        hint(Role::Key, COUNTS_ROWS);
    } else if names_case(&core) {
        hint(Role::Key, 0);
    }
    for phrases in &WORDS.phrases {
        let is_header = |phrase: &String| are(&all, phrase) || are(&core, phrase);
        if phrases.words.iter().any(is_header) {
            hint(phrases.role, phrases.rank);
        }
    }
    if let [case] = &core[..]
        && is_in(&WORDS.case_words, case)
        && !is_in(&WORDS.request_words, case)
    {
        hint(Role::Key, 1);
    }
    if let Some(rank) = rank_of_date(&said) {
        hint(Role::Received, rank);
    }
    if core.iter().any(|word| is_in(&WORDS.email_words, word))
        || WORDS.email_phrases.iter().any(|phrase| are(&core, phrase))
    {
        hint(Role::Email, 1);
    }
    if core.iter().any(|word| is_in(&WORDS.phone_words, word)) {
        hint(Role::Phone, 1);
    }
    let is_id = core.last().is_some_and(|last| is_in(&WORDS.id_words, last));
    if whose == Whose::Requester && is_id {
        let is_customer = said.iter().any(|word| is_in(&WORDS.customers, word));
        hint(
            if is_customer {
                Role::UserId
            } else {
                Role::ToolUserId
            },
            1,
        );
    }
    if core.is_empty() && whose == Whose::Requester {
        hint(Role::Person, 0);
    }
    if said.iter().any(|word| is_in(&WORDS.request_words, word)) {
        hint(Role::Request, 3);
    }
    if whose != Whose::Other && (is_id || core.first().is_some_and(|first| first == "id")) {
        hint(Role::Key, 3);
    }
    let hints = settled(&said, &core, hints);
    Said {
        whose,
        is_of_account: whose == Whose::Other && is_of_account(&said),
        families: if families == Families::UNSAID && is_id_of_person(&hints) {
            Families::of(&["customer".to_owned()])
        } else {
            families
        },
        hints,
    }
}

/// Returns the readings of a header, with compounds read as a whole: a login name is no name of a person, a phone
/// number or case number is no id, and the id of a company or a device is not the person's.
fn settled(said: &[String], core: &[String], mut hints: Vec<Hint>) -> Vec<Hint> {
    // A name to log in with is no name of a person.
    if are(said, "user name") {
        hints.retain(|hint| hint.role != Role::Name);
    }
    // A phone number and the key of a case are not ids of the person.
    if hints
        .iter()
        .any(|hint| matches!(hint.role, Role::Phone) || hint.role == Role::Key && hint.rank == 0)
    {
        hints.retain(|hint| !matches!(hint.role, Role::UserId | Role::ToolUserId));
    }
    if hints.iter().any(|hint| hint.role == Role::Phone) {
        hints.retain(|hint| hint.role != Role::Key);
    }
    let has = |list: &[String]| said.iter().any(|word| is_in(list, word));
    if has(&WORDS.network) || has(&WORDS.network_with_id) && has(&WORDS.id_words) {
        hints = vec![Hint {
            role: Role::NetworkId,
            rank: 0,
        }];
    } else if has(&WORDS.companies) && core.iter().any(|word| is_in(&WORDS.id_words, word)) {
        hints = vec![Hint {
            role: Role::CompanyId,
            rank: 0,
        }];
    }
    if is_id_of_person(&hints) {
        hints.retain(|hint| hint.role != Role::Key);
    }
    hints
}

/// Returns whether the words name the id of a case and nothing else: `id_ticket`, `Número do Chamado`.
fn names_case(core: &[String]) -> bool {
    let core = &taken_apart(core)[..];
    let is_id = |word: &String| is_in(&WORDS.id_words, word);
    let is_case = |word: &String| is_in(&WORDS.case_words, word);
    core.len() > 1
        && core.iter().any(is_id)
        && core.iter().any(is_case)
        && core.iter().all(|word| is_id(word) || is_case(word))
}

/// Returns the words with compounds such as `Eröffnungsdatum` and `Vorgangsnummer` as two.
fn taken_apart(words: &[String]) -> Vec<String> {
    const ENDS: [&str; 7] = [
        "zeitpunkt",
        "datum",
        "uhrzeit",
        "dato",
        "nummer",
        "nr",
        "id",
    ];
    let is_begin = |begin: &&str| {
        let lists = [
            &WORDS.case_words,
            &WORDS.received_words,
            &WORDS.created_words,
        ];
        lists.into_iter().any(|list| is_in(list, begin))
    };
    let halves = words.iter().flat_map(|word| {
        let apart = ENDS.iter().find_map(|end| {
            let begin = word.strip_suffix(end)?;
            // `Sagsnummer`: without the letter that joins the halves, or with it.
            let stem = begin.strip_suffix('s').unwrap_or(begin);
            let begin = [begin, stem].into_iter().find(is_begin)?;
            Some(vec![begin.to_owned(), (*end).to_owned()])
        });
        apart.unwrap_or_else(|| vec![word.clone()])
    });
    halves.collect()
}

/// Returns how clearly the words say that a date is that on which the person asked.
fn rank_of_date(said: &[String]) -> Option<u8> {
    let said = &taken_apart(said)[..];
    let is_date = |word: &String| is_in(&WORDS.date_words, word) || is_in(&WORDS.fillers, word);
    let is_received = |word: &String| is_in(&WORDS.received_words, word);
    let is_created = |word: &String| is_in(&WORDS.created_words, word);
    let is_known = |word: &String| {
        is_date(word)
            || is_received(word)
            || is_created(word)
            || is_in(&WORDS.of_case, word)
            || is_in(&WORDS.registered_words, word)
    };
    if !said.iter().all(is_known) {
        return None;
    }
    if said.iter().any(is_created) {
        // `Request created`: the day is that of the case.
        return Some(1);
    }
    if said.iter().any(|word| is_in(&WORDS.registered_words, word)) {
        return Some(2);
    }
    // `Request` alone names the type of request, not its day.
    let is_dated = said
        .iter()
        .any(|word| is_in(&WORDS.date_words, word) && !is_in(&WORDS.fillers, word));
    let is_of_day = |word: &String| is_received(word) && !is_in(&WORDS.request_words, word);
    (said.iter().any(is_received) && (is_dated || said.iter().any(is_of_day))).then_some(0)
}

fn is_id_of_person(hints: &[Hint]) -> bool {
    let mut ids = hints
        .iter()
        .filter(|hint| matches!(hint.role, Role::UserId | Role::ToolUserId));
    ids.next().is_some()
}

fn is_in(list: &[String], word: &str) -> bool {
    list.iter().any(|known| known == word)
}

fn is_requester(word: &str) -> bool {
    WORDS
        .families
        .iter()
        .any(|family| is_in(&family.words, word))
}

fn whose(words: &[String]) -> Whose {
    let is_own =
        Families::of(words).names_subject() || words.iter().any(|word| is_in(&WORDS.yours, word));
    let is_others = words
        .iter()
        .any(|word| is_in(&WORDS.others, word) && !(is_own && is_in(&WORDS.accounts, word)))
        || WORDS
            .others_phrases
            .iter()
            .any(|phrase| holds(words, phrase));
    if is_others || are(words, "to") {
        Whose::Other
    } else if words.iter().any(|word| is_requester(word)) {
        Whose::Requester
    } else {
        Whose::Unsaid
    }
}

/// Returns whether no other words than those for an account name another person.
fn is_of_account(words: &[String]) -> bool {
    let mut others = words.iter().filter(|word| is_in(&WORDS.others, word));
    others.all(|word| is_in(&WORDS.accounts, word))
        && words.iter().any(|word| is_in(&WORDS.accounts, word))
        && !WORDS
            .others_phrases
            .iter()
            .any(|phrase| holds(words, phrase))
}

/// Without what tools put around a name: `Request type [list]`, `Custom field (Request type)`.
fn inner(header: &str) -> &str {
    let header = header.trim();
    let header = match header.rsplit_once('[') {
        Some((name, kind)) if kind.ends_with(']') && !name.trim().is_empty() => name,
        _ => header,
    };
    header
        .strip_prefix("Custom field (")
        .and_then(|name| name.strip_suffix(')'))
        .unwrap_or(header)
}

/// Makes one word of a phrase for a person.
fn one_person(mut words: Vec<String>) -> Vec<String> {
    let phrases = WORDS.person_phrases.iter().flat_map(|person| {
        let phrases = person.phrases.iter();
        phrases.map(|phrase| (phrase, &person.word))
    });
    for (phrase, person) in phrases {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        if let Some(at) = words
            .windows(phrase.len())
            .position(|found| found == phrase)
            && words
                .get(at + phrase.len())
                .is_none_or(|next| next != "request")
        {
            words.splice(at..at + phrase.len(), [person.clone()]);
        }
    }
    let has = |list: &[String]| words.iter().any(|word| is_in(list, word));
    if has(&WORDS.email_words) || has(&WORDS.phone_words) {
        for phrase in &WORDS.deleted_phrases {
            let length = phrase.split(' ').count();
            let mut found = words.windows(length);
            if let Some(at) = found.position(|found| are(found, phrase)) {
                words.splice(at..at + length, ["subjectperson".to_owned()]);
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(header: &str, role: Role, whose: Whose) {
        let said = read(header);
        assert!(said.rank(role).is_some(), "{header}: {said:?}");
        assert_eq!(said.whose, whose, "{header}");
    }

    #[test]
    fn headers_are_read_in_seven_languages() {
        for header in [
            "Email",
            "E-Mail-Adresse",
            "Adresse e-mail",
            "Courriel",
            "Correo electrónico",
            "Indirizzo e-mail",
            "Endereço de e-mail",
            "E-mailadres",
            "What is your email address?",
        ] {
            says(header, Role::Email, Whose::Unsaid);
        }
        for header in [
            "Request type",
            "Antragsart",
            "Type de demande",
            "Tipo de solicitud",
            "Tipo di richiesta",
            "Tipo de pedido",
            "Type verzoek",
            "Request Type [list]",
        ] {
            let said = read(header);
            assert_eq!(
                said.rank(Role::Request),
                Some(SAYS_REQUEST_TYPE),
                "{header}"
            );
        }
        for header in [
            "Created at",
            "Eingangsdatum",
            "Date de réception",
            "Fecha de recepción",
            "Data di ricezione",
            "Data de recebimento",
            "Ontvangen op",
            "Date/Time Opened",
        ] {
            says(header, Role::Received, Whose::Unsaid);
        }
        for (header, role) in [
            ("Vorname", Role::FirstName),
            ("Nom de famille", Role::LastName),
            ("Apellidos", Role::LastName),
            ("Achternaam", Role::LastName),
            ("Nome e cognome", Role::FullName),
            ("Telefonnummer", Role::Phone),
            ("Téléphone portable", Role::Phone),
            ("Móvil", Role::Phone),
            ("Identität geprüft", Role::Verified),
            ("Aktenzeichen", Role::Key),
            ("Land", Role::Country),
        ] {
            says(header, role, Whose::Unsaid);
        }
    }

    #[test]
    fn a_header_says_whose_it_is() {
        says("Requester email", Role::Email, Whose::Requester);
        says("E-Mail des Antragstellers", Role::Email, Whose::Requester);
        says("Data subject email", Role::Email, Whose::Requester);
        says("SuppliedEmail", Role::Email, Whose::Requester);
        says("Assignee email", Role::Email, Whose::Other);
        says("CC email", Role::Email, Whose::Other);
        says("Customer ID", Role::UserId, Whose::Requester);
        says("requester_id", Role::ToolUserId, Whose::Requester);
        says("Requester", Role::Person, Whose::Requester);
        says("Requester name", Role::Name, Whose::Requester);
        says("UserFirstname", Role::FirstName, Whose::Requester);
        for other in [
            "Agent name",
            "Case owner",
            "Técnico asignado",
            "Attribué à",
            "Creado por",
            "Ersteller",
            "Bot name",
            "担当者名",
            "处理人",
            "Company name",
        ] {
            assert_eq!(read(other).whose, Whose::Other, "{other}");
        }
        for company in [
            "AccountId",
            "Company ID",
            "organization_id",
            "Código da empresa",
        ] {
            assert!(read(company).rank(Role::CompanyId).is_some(), "{company}");
        }
        for network in ["Client IP", "MAC address", "User Session ID", "Message-ID"] {
            let said = read(network);
            assert!(said.rank(Role::NetworkId).is_some(), "{network}");
            assert_eq!(said.rank(Role::UserId), None, "{network}");
        }
    }

    #[test]
    fn columns_of_one_source_have_the_same_words_for_the_person() {
        let families = |header: &str| read(header).families;
        assert_eq!(families("Requester"), families("requester.email"));
        assert_eq!(families("Customer Name"), families("E-Mail des Kunden"));
        assert_ne!(families("SuppliedEmail"), families("ContactPhone"));
        assert_ne!(families("CustomerUserID"), families("CustomerID"));
        assert_eq!(families("Email"), Families::UNSAID);
        assert!(families("UserFirstname").is_weak() && families("Reporter").is_weak());
        assert!(!families("Requester").is_weak() && !families("Email").is_weak());
    }

    #[test]
    fn headers_of_ids_and_days_are_known_in_many_languages() {
        for header in [
            "id_ticket",
            "N° TICKET",
            "Número do Chamado",
            "Ticket #",
            "Vorgangs-Nr.",
            "Ticketnummer",
            "N° de dossier",
            "Nº de expediente",
            "Numero della pratica",
            "Zaaknummer",
            "チケット番号",
            "工单编号",
            "티켓 번호",
            "Номер заявки",
            "Sagsnummer",
            "Saksnummer",
            "Ärendenummer",
            "문의번호",
            "お問い合わせ番号",
            "案件番号",
        ] {
            assert_eq!(read(header).rank(Role::Key), Some(0), "{header}");
        }
        for header in ["#", "No.", "Row", "Lfd. Nr.", "S.No"] {
            assert_eq!(read(header).rank(Role::Key), Some(COUNTS_ROWS), "{header}");
        }
        for header in [
            "Eröffnungsdatum",
            "Opening Date",
            "Aberto(a)",
            "作成日",
            "Fecha de alta",
        ] {
            assert!(read(header).rank(Role::Received).is_some(), "{header}");
        }
        for header in [
            "Closing date",
            "Due date",
            "Updated at",
            "Request",
            "Birth date",
        ] {
            assert_eq!(read(header).rank(Role::Received), None, "{header}");
        }
    }

    #[test]
    fn words_are_not_found_within_words() {
        for header in [
            "Emailed on",
            "Phoneme",
            "Ticket name",
            "File name",
            "Due date",
            "Updated at",
            "Resolved",
        ] {
            let said = read(header);
            let told = |role| said.rank(role);
            for role in [
                Role::Email,
                Role::Phone,
                Role::Name,
                Role::FullName,
                Role::Received,
            ] {
                assert_eq!(told(role), None, "{header}");
            }
        }
        assert_eq!(read("Assignee ID").rank(Role::Key), None);
        assert_eq!(read("Requester ID").rank(Role::Key), None);
    }
}
