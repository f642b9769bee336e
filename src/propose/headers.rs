//! What a header says: which property it may feed, and whose it is.
//!
//! A dictionary in English, German, French, Spanish, Italian, Portuguese and Dutch. Words are compared whole
//! ([`super::words`]). What a header says is never enough: the values have to agree ([`super::decide`]).

use super::words::{are, holds, words};

/// What a column may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub(crate) hints: Vec<Hint>,
}

impl Said {
    /// How clearly it says so, if it does.
    pub(crate) fn rank(&self, role: Role) -> Option<u8> {
        let hint = self.hints.iter().find(|hint| hint.role == role);
        hint.map(|hint| hint.rank)
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

/// Phrases for the person who asks, made one word first.
#[rustfmt::skip]
const PERSON_PHRASES: &[&str] = &[
    "data subject",
    "betroffene person",
    "personne concernee",
    "persona interesada",
    "persona afectada",
    "core identifier",
    "titular dos dados",
    "raised by",
    "opened for",
];
#[rustfmt::skip]
const REQUESTERS: &[&str] = &[
    "requester", "requestor", "requesters", "customer", "customers", "client", "consumer", "applicant", "reporter",
    "caller", "contact", "supplied", "complainant", "betroffener", "betroffene", "betroffenen",
    "antragsteller", "antragstellers", "antragstellerin", "kunde", "kunden", "kundin", "anfragesteller", "anfragestellers", "melder", "anfragender", "anfragende",
    "demandeur", "demandeuse", "requerant", "interesado", "interesada", "solicitante", "cliente", "peticionario",
    "reclamante", "richiedente", "interessato", "interessata", "requerente", "titular", "requisitante",
    "aanvrager", "betrokkene", "klant", "verzoeker", "indiener", "user", "person",
];
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "agent", "agents", "assignee", "assigned", "assign", "assignment", "cc", "bcc", "owner", "handler", "handled",
    "manager", "staff", "recipient", "recipients", "submitter", "group", "team", "company", "organization",
    "organisation", "reviewer", "reviewed", "approver", "approved", "closed", "resolved", "updated", "modified",
    "watcher", "watchers", "collaborator", "collaborators", "lead", "department", "queue", "reply", "support",
    "bearbeiter", "bearbeiterin", "sachbearbeiter", "zustandig", "verantwortlicher", "firma", "empfanger", "agente",
    "gestor", "responsable", "responsible", "asignado", "assegnatario", "responsabile", "atribuido", "responsavel",
    "behandelaar", "toegewezen", "creator",
];
/// The requester as a customer, whose id is the customer's own and not that of the ticketing tool.
#[rustfmt::skip]
const CUSTOMERS: &[&str] = &[
    "customer", "customers", "client", "consumer", "member", "kunde", "kunden", "cliente", "klant", "account",
    "subscriber", "patient",
];
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "what", "is", "your", "the", "a", "an", "of", "please", "enter", "provide", "primary", "main", "my", "if", "any",
    "s", "ihre", "ihr", "bitte", "der", "die", "das", "des", "dem", "den", "von", "vom", "angeben", "votre", "vos",
    "le", "la", "les", "l", "de", "du", "d", "su", "el", "los", "del", "il", "lo", "gli", "della", "dello", "di",
    "vostro", "sua", "suo", "seu", "do", "da", "dos", "o", "uw", "het", "van", "een", "required",
];

#[rustfmt::skip]
const EMAIL_WORDS: &[&str] = &[
    "email", "emails", "emailaddress", "emailadresse", "mailadresse", "emailadres", "mailadres", "courriel", "correo",
    "mel", "mailaddress",
];
#[rustfmt::skip]
const EMAIL_PHRASES: &[&str] = &[
    "mail", "adresse electronique", "posta elettronica", "indirizzo mail", "endereco eletronico",
];
#[rustfmt::skip]
const PHONE_WORDS: &[&str] = &[
    "phone", "phones", "phonenumber", "telephone", "tel", "mobile", "cell", "cellphone", "gsm", "msisdn", "telefon",
    "telefonnummer", "rufnummer", "mobil", "mobilnummer", "mobiltelefon", "handy", "handynummer", "telefonnr", "telephonique",
    "portable", "telefono", "movil", "celular", "cellulare", "telefone", "telemovel", "telefoon", "telefoonnummer",
    "mobiel", "mobielnummer", "telnr", "telno", "smartphone",
];

/// Phrases that are the whole header, once the person and fillers are taken away.
#[rustfmt::skip]
const PHRASES: &[(Role, u8, &[&str])] = &[
    (Role::FullName, 0, &[
        "full name", "fullname", "complete name", "display name", "first and last name", "name surname",
        "vollstandiger name", "vor und nachname", "vorname nachname", "vor und zuname", "nom complet", "nom et prenom", "nom prenom",
        "prenom et nom", "prenom nom", "nombre completo", "nombre y apellidos", "nome completo", "nome e cognome",
        "nome cognome", "volledige naam", "voor en achternaam",
    ]),
    (Role::Name, 0, &["name", "names", "nom", "nombre", "nome", "naam"]),
    (Role::FirstName, 0, &[
        "first name", "firstname", "given name", "givenname", "given names", "forename", "vorname", "vornamen",
        "prenom", "prenoms", "nombre pila", "primer nombre", "primeiro nome", "nome proprio", "prenome", "voornaam",
    ]),
    (Role::LastName, 0, &[
        "last name", "lastname", "surname", "family name", "familyname", "nachname", "familienname", "zuname",
        "nom famille", "apellido", "apellidos", "cognome", "sobrenome", "apelido", "achternaam", "familienaam",
    ]),
    (Role::UserId, 0, &[
        "customerid", "customer id", "customer number", "customer no", "client id", "member id",
        "membership number", "member number", "account id", "account number", "loyalty number", "kundennummer", "kundennr", "kundenid",
        "mitgliedsnummer", "numero client", "id client", "numero cliente", "id cliente", "codice cliente",
        "codigo cliente", "klantnummer", "klantid",
    ]),
    (Role::Request, SAYS_REQUEST_TYPE, &[
        "request type", "requesttype", "request types", "type request", "type privacy request", "privacy request type", "privacy request",
        "dsar type", "dsr type", "sar type", "gdpr request type", "ccpa request type", "right", "rights",
        "right requested", "requested right", "right exercised", "privacy right", "privacy rights", "nature request",
        "requested action", "action requested", "antragsart", "anfrageart", "anfragetyp", "art anfrage", "art antrags",
        "art ersuchens", "betroffenenrecht", "geltend gemachtes recht", "recht", "type demande", "nature demande",
        "droit exerce", "droit", "tipo solicitud", "tipo peticion", "derecho ejercido", "derecho", "derecho solicitado",
        "tipo richiesta", "diritto esercitato", "diritto", "tipo pedido", "tipo solicitacao", "tipo requisicao",
        "direito exercido", "direito", "type verzoek", "soort verzoek", "aard verzoek", "verzoektype",
    ]),
    (Role::Request, 1, &[
        "request", "requests", "requested", "wish", "request category", "anfrage", "antrag", "anliegen", "begehren", "demande",
        "solicitud", "peticion", "richiesta", "pedido", "solicitacao", "verzoek", "aanvraag",
    ]),
    (Role::Request, 2, &[
        "type", "category", "subcategory", "sub category", "issue type", "ticket type", "case type", "record type",
        "reason", "contact reason", "case reason", "topic", "action", "action type", "kategorie", "thema", "typ", "art", "grund",
        "categorie", "motif", "objet", "categoria", "motivo", "tipo", "onderwerp", "soort", "subject", "betreff",
        "asunto", "oggetto", "assunto", "form", "queue", "labels", "tags", "ticket form",
    ]),
    (Role::Key, 0, &[
        "ticket id", "ticketid", "ticket number", "ticket no", "ticket nr", "ticket key", "case number", "casenumber",
        "case id", "caseid", "case no", "issue key", "request id", "requestid", "request number", "request no", "dsar id", "dsr id", "sar id",
        "dsar number", "incident number", "submission id", "response id", "record id", "reference number", "reference no",
        "case reference", "ticket reference", "request reference", "ticketnummer", "vorgangsnummer", "aktenzeichen", "fallnummer",
        "antragsnummer", "anfragenummer", "vorgangs nr", "ticket nummer", "numero ticket", "numero dossier", "numero demande",
        "id demande", "numero solicitud", "numero expediente", "id solicitud", "numero richiesta", "numero pratica", "id richiesta",
        "numero pedido", "numero processo", "protocolo", "id pedido", "zaaknummer", "dossiernummer", "meldingsnummer", "verzoeknummer",
    ]),
    (Role::Key, 1, &[
        "id", "key", "number", "uuid", "guid", "ticket", "case", "reference", "ref", "ref no", "issue id", "sys id",
        "vorgang", "referenz", "referenznummer", "geschaftszeichen", "numero", "referencia", "expediente", "riferimento",
        "pratica", "referentie", "kenmerk", "nummer", "identifier",
    ]),
    (Role::Key, 2, &["nr", "no", "lfd nr", "laufende nummer", "row", "row id", "row number", "line", "n", "volgnummer"]),
    (Role::Received, 0, &[
        "received", "received at", "received on", "received date", "date received", "time received", "date request",
        "request date", "requested at", "requested on", "date requested", "submitted", "submitted at", "submitted on", "submission date", "date submitted",
        "submission time", "completion time", "timestamp", "eingang", "eingangsdatum", "eingegangen", "eingegangen am",
        "datum eingang", "antragsdatum", "anfragedatum", "zeitstempel", "fertigstellungszeit", "date reception",
        "recu", "recu le", "date demande", "horodateur", "heure fin", "fecha recepcion", "fecha solicitud", "recibido",
        "fecha recibido", "marca temporal", "hora finalizacion", "data ricezione", "data richiesta", "ricevuto", "ricevuto il",
        "informazioni cronologiche", "ora completamento", "data recebimento", "data pedido", "data solicitacao",
        "recebido", "recebido em", "carimbo data hora", "hora conclusao", "ontvangen", "ontvangen op", "ontvangstdatum",
        "datum ontvangst", "datum verzoek", "tijdstempel", "tijd voltooien",
    ]),
    (Role::Received, 1, &[
        "created", "created at", "created on", "created date", "created time", "createdat", "create date", "creation date", "date created",
        "creation time", "opened", "opened at", "opened on", "open date", "open dt", "date opened", "date time opened", "sys created on", "erstellt",
        "erstellt am", "erstelldatum", "erstellungsdatum", "angelegt am", "date creation", "cree le", "date ouverture",
        "creado", "creado el", "fecha creacion", "fecha apertura", "creato", "creato il", "data creazione",
        "data apertura", "criado", "criado em", "data criacao", "data abertura", "aangemaakt", "aangemaakt op",
        "aanmaakdatum", "start time", "started at", "startzeit", "heure debut", "hora inicio", "ora inizio", "begintijd",
    ]),
    (Role::Received, 2, &["date", "datum", "fecha", "data", "day"]),
    (Role::Verified, 0, &[
        "verified", "preverified", "pre verified", "identity verified", "id verified", "identity check", "id check",
        "identity confirmed", "identity verification", "identity verification status", "verification status", "is verified", "identitat gepruft",
        "identitat verifiziert", "identitat bestatigt", "verifiziert", "identitatsprufung", "identite verifiee", "verifie",
        "verification identite", "identidad verificada", "verificado", "verificacion identidad", "identita verificata",
        "verificato", "verifica identita", "identidade verificada", "identiteit geverifieerd", "geverifieerd",
        "identiteit gecontroleerd",
    ]),
    (Role::Country, 0, &["country", "country code", "countrycode", "land", "pays", "pais", "paese", "landcode"]),
    (Role::Details, 0, &[
        "details", "request details", "detail", "message", "description", "more information", "additional information",
        "nachricht", "beschreibung", "einzelheiten", "message demande", "precisions", "mensaje", "descripcion",
        "detalles", "messaggio", "descrizione", "dettagli", "mensagem", "descricao", "detalhes", "bericht",
        "omschrijving", "beschrijving", "toelichting", "body", "comment body",
    ]),
    (Role::Details, 1, &["subject", "summary", "title", "betreff", "objet", "asunto", "oggetto", "assunto", "onderwerp", "ticket name"]),
    (Role::Email, 0, &["email", "email address"]),
    (Role::Phone, 0, &["phone", "phone number", "telephone", "telefon", "telefono", "telefone", "telefoon"]),
    (Role::Person, 1, &["from", "sender", "absender", "von", "expediteur", "remitente", "mittente", "remetente", "afzender"]),
];

/// A question of a form that is about what is asked for holds one of these.
#[rustfmt::skip]
const REQUEST_WORDS: &[&str] = &[
    "request", "requests", "right", "rights", "anfrage", "antrag", "recht", "rechte", "demande", "droit", "droits", "solicitud",
    "derecho", "derechos", "richiesta", "diritto", "diritti", "pedido", "direito", "verzoek", "rechten",
];
/// The last word of a header that names an id.
const ID_WORDS: &[&str] = &[
    "id",
    "key",
    "number",
    "nr",
    "nummer",
    "numero",
    "ref",
    "reference",
];

/// Reads a header.
pub(crate) fn read(header: &str) -> Said {
    let mut said = one_person(words(inner(header)));
    // A suffix of Salesforce for fields that are its customer's own.
    if header.ends_with("__c") {
        said.pop();
    }
    let whose = whose(&said);
    let core: Vec<String> = said
        .iter()
        .filter(|word| !is_in(FILLERS, word) && !is_in(REQUESTERS, word))
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
        .filter(|word| !is_in(FILLERS, word))
        .cloned()
        .collect();
    for &(role, rank, phrases) in PHRASES {
        if phrases
            .iter()
            .any(|phrase| are(&all, phrase) || are(&core, phrase))
        {
            hint(role, rank);
        }
    }
    if core.iter().any(|word| is_in(EMAIL_WORDS, word))
        || EMAIL_PHRASES.iter().any(|phrase| are(&core, phrase))
    {
        hint(Role::Email, 1);
    }
    if core.iter().any(|word| is_in(PHONE_WORDS, word)) {
        hint(Role::Phone, 1);
    }
    if whose == Whose::Requester && core.last().is_some_and(|last| is_in(ID_WORDS, last)) {
        let is_customer = said.iter().any(|word| is_in(CUSTOMERS, word));
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
    if said.iter().any(|word| is_in(REQUEST_WORDS, word)) {
        hint(Role::Request, 3);
    }
    if whose != Whose::Other && core.last().is_some_and(|last| is_in(ID_WORDS, last)) {
        hint(Role::Key, 3);
    }
    // A name to log in with is no name of a person.
    if are(&said, "user name") {
        hints.retain(|hint| hint.role != Role::Name);
    }
    if is_id_of_person(&hints) {
        hints.retain(|hint| hint.role != Role::Key);
    }
    Said { whose, hints }
}

fn is_id_of_person(hints: &[Hint]) -> bool {
    let mut ids = hints
        .iter()
        .filter(|hint| matches!(hint.role, Role::UserId | Role::ToolUserId));
    ids.next().is_some()
}

fn is_in(list: &[&str], word: &str) -> bool {
    list.contains(&word)
}

fn whose(words: &[String]) -> Whose {
    let any = |list: &[&str]| words.iter().any(|word| is_in(list, word));
    if any(OTHERS) || holds(words, "created by") || holds(words, "reported to") || are(words, "to")
    {
        Whose::Other
    } else if any(REQUESTERS) {
        Whose::Requester
    } else {
        Whose::Unsaid
    }
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

/// A phrase for the person who asks becomes one word for it.
fn one_person(mut words: Vec<String>) -> Vec<String> {
    for phrase in PERSON_PHRASES {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        if let Some(at) = words
            .windows(phrase.len())
            .position(|found| found == phrase)
            && words
                .get(at + phrase.len())
                .is_none_or(|next| next != "request")
        {
            words.splice(at..at + phrase.len(), ["requester".to_owned()]);
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
