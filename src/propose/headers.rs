//! What a header says: which property it may feed, and whose it is.
//!
//! A dictionary in English, German, French, Spanish, Italian, Portuguese and Dutch, with some Polish and Scandinavian;
//! other scripts by [`in_english`]. Words are compared whole ([`crate::intake::words`]). What a header says is never
//! enough: the values have to agree ([`super::choose`]).

use crate::intake::selected_of_list;
use crate::intake::words::{are, holds, in_english, words};

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
        self.0 != 0
            && FAMILIES
                .iter()
                .enumerate()
                .all(|(bit, (_, is_weak, _))| *is_weak || self.0 & 1 << bit == 0)
    }

    /// Returns whether the words name the person whom the data is about.
    pub(crate) fn names_subject(self) -> bool {
        self.has(SUBJECT)
    }

    /// Returns whether the words name the person whom the data is about, or one who asks for their own.
    pub(crate) fn names_person(self) -> bool {
        self.has(SUBJECT) || self.has("requester") || self.has("customer")
    }

    fn has(self, name: &str) -> bool {
        let mut families = FAMILIES.iter().enumerate();
        families.any(|(bit, (family, _, _))| *family == name && self.0 & 1 << bit != 0)
    }

    /// A name for messages.
    pub(crate) fn name(self) -> &'static str {
        let named = FAMILIES
            .iter()
            .enumerate()
            .find(|(bit, _)| self.0 & 1 << bit != 0);
        named.map_or("", |(_, (name, _, _))| name)
    }

    fn of(words: &[String]) -> Self {
        let bits = FAMILIES
            .iter()
            .enumerate()
            .filter(|(_, (_, _, list))| words.iter().any(|word| is_in(list, word)));
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

/// Phrases for a person, each made one word first.
#[rustfmt::skip]
const PERSON_PHRASES: &[(&str, &str)] = &[
    ("data subject", "subjectperson"), ("betroffene person", "subjectperson"), ("betroffenen person", "subjectperson"),
    ("personne concernee", "subjectperson"), ("persona interesada", "subjectperson"), ("persona afectada", "subjectperson"),
    ("person concerned", "subjectperson"), ("concerned person", "subjectperson"), ("individual concerned", "subjectperson"),
    ("person affected", "subjectperson"), ("affected person", "subjectperson"), ("affected individual", "subjectperson"), ("person whose data", "subjectperson"),
    ("individual whose data", "subjectperson"), ("subject of the request", "subjectperson"), ("subject of the data", "subjectperson"), ("account holder", "subjectperson"),
    ("betroffener person", "subjectperson"), ("person deren daten", "subjectperson"), ("personne visee", "subjectperson"), ("personne dont les donnees", "subjectperson"),
    ("personnes concernees", "subjectperson"), ("persona cuyos datos", "subjectperson"), ("persona concernida", "subjectperson"), ("titular de los datos personales", "subjectperson"),
    ("titular de datos", "subjectperson"), ("persona interessata", "subjectperson"), ("soggetto interessato", "subjectperson"), ("pessoa em causa", "subjectperson"),
    ("pessoa afetada", "subjectperson"), ("titular de dados", "subjectperson"), ("betrokken persoon", "subjectperson"), ("betreffende persoon", "subjectperson"),
    ("titular dos dados", "subjectperson"), ("titular de los datos", "subjectperson"), ("core identifier", "subjectperson"),
    ("raised by", "reporter"), ("reported by", "reporter"), ("signale par", "reporter"), ("gemeldet von", "reporter"), ("reportado por", "reporter"),
    ("opened for", "beneficiary"), ("requested for", "beneficiary"), ("on behalf of", "beneficiary"),
    ("requested by", "requester"), ("demande par", "requester"), ("solicitado por", "requester"), ("richiesto da", "requester"),
    ("angefragt von", "requester"), ("aangevraagd door", "requester"),
];
/// Phrases for an account or a person in a header for an address or a number: `Account email to be deleted`.
#[rustfmt::skip]
const DELETED_PHRASES: &[&str] = &[
    "to be deleted", "to be erased", "to be removed", "to delete", "to erase", "to remove", "zu loschenden", "zu loschender", "zu loschende", "zu loschendes",
    "geloscht werden soll", "a supprimer", "a effacer", "a eliminar", "que eliminar", "a borrar", "a suprimir", "da cancellare", "da eliminare", "a apagar", "a excluir", "te verwijderen",
    "te wissen",
];
/// Words for an account, which is the person's in a header that names the person too.
#[rustfmt::skip]
const ACCOUNTS: &[&str] = &["account", "accounts", "konto", "kontos", "compte", "cuenta", "conta"];
/// Words with which a form speaks to the person who fills it in: `Email address of your account`.
#[rustfmt::skip]
const YOURS: &[&str] = &[
    "your", "my", "ihr", "ihre", "ihres", "ihrem", "votre", "vos", "su", "tu", "suo", "tuo", "vostro", "seu", "sua", "uw", "jouw",
];
/// The name of the family of words for the person whom the data is about.
const SUBJECT: &str = "data subject";
/// Words for the person who asks, by what they call that person. The flag: they may as well name an agent who wrote the
/// case down, or who looks after it.
#[rustfmt::skip]
const FAMILIES: &[(&str, bool, &[&str])] = &[
    ("requester", false, &[
        "requester", "requestor", "requesters", "requestors", "applicant", "complainant", "enquirer", "inquirer", "petitioner", "antragsteller", "antragstellers", "antragstellerin",
        "anfragesteller", "anfragestellers", "anfragender", "anfragende", "anfragenden", "demandeur", "demandeuse", "requerant", "solicitante", "peticionario", "peticionaria",
        "reclamante", "richiedente", "requerente", "requisitante", "aanvrager", "verzoeker", "indiener", "wnioskodawca", "zglaszajacy", "zgłaszajacy",
    ]),
    (SUBJECT, false, &[
        "subjectperson", "betroffener", "betroffene", "betroffenen", "interesado", "interesada", "interessato", "interessata", "titular", "betrokkene", "afectado",
        "afectada", "betrokkenen",
    ]),
    ("customer", false, &[
        "customer", "customers", "client", "clients", "consumer", "cliente", "clientes", "kunde", "kunden", "kundin", "klant", "klanten", "klient", "klienta", "kund", "asiakas", "member", "subscriber",
        "patient", "visitor", "guest", "mitglied", "adherent", "socio",
    ]),
    ("contact", false, &["contact", "kontakt"]),
    ("web form", false, &["supplied", "web"]),
    ("person", false, &["person", "individual", "citizen", "persona", "pessoa", "personne"]),
    ("beneficiary", false, &["beneficiary"]),
    ("reporter", true, &["reporter", "melder", "caller", "rapporteur", "informante", "informador", "segnalante", "anrufer", "appelant", "chiamante", "llamante"]),
    ("user", true, &["user", "users", "usuario", "utilisateur", "benutzer", "nutzer", "utente", "gebruiker", "uzytkownik"]),
];
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "agent", "agents", "assignee", "assignees", "assigned", "assign", "assignment", "cc", "bcc", "owner", "owners", "handler", "handled",
    "manager", "staff", "recipient", "recipients", "submitter", "group", "team", "company", "companies", "organization", "organizations",
    "organisation", "organisations", "reviewer", "reviewed", "approver", "approved", "closed", "resolved", "resolver", "updated", "updater", "modified", "modifier",
    "watcher", "watchers", "follower", "followers", "collaborator", "collaborators", "lead", "department", "queue", "reply", "support",
    "technician", "technicians", "operator", "representative", "rep", "advisor", "adviser", "analyst", "specialist", "coordinator", "officer", "clerk", "administrator", "admin",
    "moderator", "supervisor", "author", "creator", "editor", "bot", "bots", "chatbot", "robot", "automation", "integration", "system", "workflow", "account", "accounts",
    "employer", "vendor", "supplier", "partner", "tenant", "branch", "dpo", "responder", "deleter", "solver", "fixer", "verifier", "processor", "desk", "brand", "mailbox", "inbox",
    "bearbeiter", "bearbeiterin", "bearbeiters", "sachbearbeiter", "sachbearbeiterin", "zustandig", "zustandiger", "verantwortlicher", "verantwortliche", "firma", "empfanger", "besitzer", "eigentumer",
    "techniker", "mitarbeiter", "mitarbeiterin", "ersteller", "erstellerin", "betreuer", "unternehmen", "abteilung", "losser", "genehmiger", "konto", "mandant", "autor", "zugewiesen",
    "technicien", "responsable", "assigne", "attribue", "affecte", "proprietaire", "gestionnaire", "operateur", "createur", "auteur", "societe", "entreprise", "organisme", "equipe", "groupe",
    "observateur", "valideur", "fournisseur", "conseiller", "destinataire", "compte", "intervenant", "traitant",
    "agente", "gestor", "gestora", "responsible", "asignado", "tecnico", "propietario", "encargado", "operador", "operadora", "creador", "empresa", "compania", "organizacion", "equipo", "grupo",
    "observador", "destinatario", "asesor", "cuenta", "proveedor",
    "assegnatario", "responsabile", "proprietario", "operatore", "creatore", "autore", "azienda", "societa", "organizzazione", "gruppo", "osservatore", "incaricato", "fornitore",
    "atribuido", "responsavel", "criador", "organizacao", "equipe", "equipa", "atendente", "analista", "fornecedor", "conta", "destinatario",
    "behandelaar", "toegewezen", "eigenaar", "technicus", "medewerker", "bedrijf", "organisatie", "groep", "beheerder", "leverancier", "oplosser",
    "przypisany", "przypisana", "wlasciciel", "właściciel", "opiekun", "pracownik", "handlaggare", "ansvarig", "agare", "sagsbehandler", "saksbehandler", "eier", "foretag", "virksomhed",
];
/// Phrases that name another person than the requester.
#[rustfmt::skip]
const OTHERS_PHRASES: &[&str] = &[
    "created by", "opened by", "entered by", "logged by", "taken by", "completed by", "processed by", "registered by", "recorded by", "verified by", "submitted by",
    "added by", "deleted by", "changed by", "last edited by", "sent by", "answered by", "reported to", "in charge", "erstellt von", "angelegt von", "erfasst von", "bearbeitet von", "geschlossen von",
    "gelost von", "cree par", "ouvert par", "saisi par", "traite par", "enregistre par", "ferme par", "resolu par", "creado por", "abierto por", "registrado por", "atendido por", "cerrado por",
    "resuelto por", "criado por", "aberto por", "fechado por", "resolvido por", "creato da", "aperto da", "gestito da", "chiuso da", "risolto da", "aangemaakt door", "behandeld door", "geopend door",
    "gesloten door",
];
/// Words for companies and accounts, whose ids are no person's.
#[rustfmt::skip]
const COMPANIES: &[&str] = &[
    "company", "companies", "organization", "organizations", "organisation", "organisations", "account", "accounts", "employer", "vendor", "supplier", "partner", "tenant", "firma", "unternehmen",
    "konto", "mandant", "societe", "entreprise", "organisme", "compte", "empresa", "compania", "organizacion", "cuenta", "azienda", "societa", "organizzazione", "organizacao", "conta", "bedrijf",
    "organisatie", "foretag", "virksomhed",
];
/// Words for ids of devices and connections.
#[rustfmt::skip]
const NETWORK: &[&str] = &["ip", "ipv4", "ipv6", "ipaddress", "mac", "macaddress", "sessionid", "imei", "imsi", "cookie", "idfa", "gaid", "fingerprint"];
/// Words for devices, connections and messages that count only together with a word for an id.
#[rustfmt::skip]
const NETWORK_WITH_ID: &[&str] = &[
    "session", "sitzung", "sesion", "sessione", "sessao", "sessie", "cookie", "device", "gerat", "appareil", "dispositivo", "apparaat", "browser", "token", "message", "nachricht", "mensaje", "messaggio", "mensagem", "bericht", "trace", "tracking", "analytics", "correlation",
];
/// The requester as a customer, whose id is the customer's own and not that of the ticketing tool.
#[rustfmt::skip]
const CUSTOMERS: &[&str] = &[
    "customer", "customers", "client", "consumer", "member", "kunde", "kunden", "cliente", "klant", "subscriber", "patient",
    "mitglied", "adherent", "socio",
];
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "what", "is", "your", "the", "a", "an", "of", "please", "enter", "provide", "primary", "main", "my", "if", "any",
    "s", "ihre", "ihr", "bitte", "der", "die", "das", "des", "dem", "den", "von", "vom", "angeben", "votre", "vos",
    "le", "la", "les", "l", "de", "du", "d", "su", "el", "los", "del", "il", "lo", "gli", "della", "dello", "di",
    "dell", "dall", "degli", "delle", "vostro", "sua", "suo", "seu", "do", "da", "dos", "o", "uw", "het", "van", "een", "required",
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
        "prenom et nom", "prenom nom", "nombre completo", "nombre apellidos", "apellidos y nombre", "imie i nazwisko", "nombre y apellidos", "nome completo", "nome e cognome",
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
        "membership number", "member number", "loyalty number", "kundennummer", "kundennr", "kundenid",
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
    (Role::Phone, 0, &["phone", "phone number", "contact number", "contact no", "mobile number", "mobile no", "telephone", "telefon", "telefono", "telefone", "telefoon"]),
    (Role::Person, 1, &["from", "sender", "absender", "von", "expediteur", "remitente", "mittente", "remetente", "afzender"]),
];

/// A question of a form that is about what is asked for holds one of these.
#[rustfmt::skip]
const REQUEST_WORDS: &[&str] = &[
    "request", "requests", "right", "rights", "anfrage", "antrag", "recht", "rechte", "demande", "droit", "droits", "solicitud",
    "derecho", "derechos", "richiesta", "diritto", "diritti", "pedido", "direito", "verzoek", "rechten",
];
/// The last word of a header that names an id.
#[rustfmt::skip]
const ID_WORDS: &[&str] = &[
    "id", "ids", "key", "number", "num", "no", "nr", "nummer", "numero", "nro", "n", "ref", "reference", "referenz", "referencia", "riferimento", "code", "codigo", "codice", "kennung",
    "identifier", "identifiant", "identificador", "identificativo", "uuid", "guid", "numer", "nummeret", "kod", "cod", "folio", "protocolo", "radicado", "kenmerk", "clave", "chave", "schlussel", "cle",
    "zeichen",
];
/// Words for the case that a row is about.
#[rustfmt::skip]
const CASE_WORDS: &[&str] = &[
    "ticket", "tickets", "tiquete", "case", "cases", "request", "requests", "incident", "incidents", "issue", "issues", "call", "enquiry", "inquiry", "complaint", "claim", "matter", "submission", "dsar",
    "dsr", "sar", "interaction", "form", "record", "entry", "response", "workitem", "task",
    "vorgang", "vorgangs", "anfrage", "anfragen", "antrag", "antrags", "fall", "meldung", "anliegen", "akte", "vorfall",
    "dossier", "demande", "requete", "incident", "reclamation", "signalement", "affaire", "intervention",
    "solicitud", "peticion", "caso", "incidencia", "incidente", "expediente", "reclamo", "queja", "tramite", "consulta", "pqr", "pqrs",
    "chamado", "pedido", "processo", "protocolo", "atendimento", "solicitacao", "ocorrencia", "manifestacao", "requisicao", "reclamacao", "demanda",
    "richiesta", "pratica", "segnalazione", "zaak", "melding", "verzoek", "aanvraag", "zgloszenia", "zgłoszenia", "zgloszenie", "zgłoszenie", "wniosku", "sprawy",
    "arende", "sag", "sak", "henvendelse",
];
/// Headers of columns that count rows.
#[rustfmt::skip]
const COUNTERS: &[&str] = &[
    "row", "row id", "row number", "row no", "row num", "line", "line number", "line no", "index", "seq", "sequence", "sequence number", "serial", "serial number", "serial no", "s no", "sr no", "sl no",
    "sno", "srno", "item no", "item number", "position", "pos", "lfd nr", "lfdnr", "laufende nummer", "laufnummer", "zeile", "zeilennummer", "ligne", "numero ligne", "fila", "linea", "linha",
    "numero linea", "numero linha", "riga", "rij", "rijnummer", "volgnummer", "nr", "no", "n", "l p", "lp", "count", "counter",
];
/// Words of dates and times, and of their zones, in a header.
#[rustfmt::skip]
const DATE_WORDS: &[&str] = &[
    "date", "dates", "datetime", "time", "timestamp", "day", "dt", "ts", "at", "on", "utc", "gmt", "cet", "cest", "est", "edt", "pst", "pdt", "ist", "bst", "jst", "local", "timezone", "zone", "iso", "and",
    "datum", "zeit", "uhrzeit", "zeitpunkt", "tag", "am", "um", "und", "heure", "jour", "horodatage", "le", "et", "fecha", "hora", "dia", "el", "y", "data", "ora", "giorno", "il", "e", "em",
    "horario", "momento", "tijd", "tijdstip", "dag", "op", "en", "a", "dato", "tid", "tidspunkt", "kl", "czas",
];
/// Words for the day on which the request came in.
#[rustfmt::skip]
const RECEIVED_WORDS: &[&str] = &[
    "received", "receipt", "receive", "reception", "requested", "request", "submit", "submitted", "submission", "eingang", "eingangs", "eingegangen", "erhalten", "erhalt", "einreichung", "eingereicht", "antrag", "antrags",
    "anfrage", "recu", "recue", "depot", "depose", "deposee", "soumission", "soumis", "soumise", "demande", "envoi", "recepcion", "recibido", "recibida", "solicitud", "solicitado", "envio", "enviado", "presentacion",
    "presentado", "ingreso", "recebimento", "recebido", "recebida", "pedido", "solicitacao", "solicitado", "protocolado", "ricezione", "ricevuto", "ricevuta", "ricevimento", "richiesta", "invio", "inviato", "ontvangst",
    "ontvangen", "indiening", "ingediend", "verzoek", "aanvraag", "wplywu", "wpływu", "otrzymania", "modtaget", "mottatt", "inkom", "mottagen",
];
/// Words for the day on which the case was opened or written down.
#[rustfmt::skip]
const CREATED_WORDS: &[&str] = &[
    "created", "create", "creation", "open", "opened", "opening", "logged", "reported", "raised", "entered", "filed", "lodged", "initiated", "intake", "occurred",
    "erstellt", "erstellung", "erstellungs", "erstell", "angelegt", "anlage", "eroffnet", "eroffnung", "eroffnungs", "erfasst", "erfassung", "erfassungs", "gemeldet", "melde", "geoffnet",
    "ouvert", "ouverte", "ouverture", "cree", "creee", "creation", "enregistre", "enregistrement", "saisie", "signale",
    "creado", "creada", "creacion", "abierto", "abierta", "apertura", "reportado",
    "criado", "criada", "criacao", "aberto", "aberta", "abertura", "entrada",
    "creato", "creata", "creazione", "aperto", "aperta", "apertura", "inserimento", "inserito",
    "aangemaakt", "aanmaak", "geopend", "opening", "gemeld",
    "utworzenia", "utworzono", "zgloszenia", "zgłoszenia", "oprettet", "opprettet", "skapad", "skapat", "apnad",
];
/// Words for a day that may be that of the case, or that on which the person became a customer.
#[rustfmt::skip]
const REGISTERED_WORDS: &[&str] = &[
    "registered", "registration", "added", "registriert", "registrierung", "registrado", "registrada", "registro", "registado", "alta", "cadastro", "cadastrado", "registrato", "registrazione",
    "geregistreerd", "registratie", "rejestracji", "registrert",
];
/// Words for the case that a date belongs to: `Ticket created`, `Fecha de creación del caso`.
const OF_CASE: &[&str] = &[
    "ticket", "case", "issue", "incident", "caso", "chamado", "vorgang", "zaak",
];

/// Reads a header. If it is a path into a JSON list, the name of the element counts. Its number means nothing.
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
        .filter(|word| !is_in(FILLERS, word) && !is_requester(word))
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
    if is_sign || COUNTERS.iter().any(|phrase| are(&said, phrase)) {
        hint(Role::Key, COUNTS_ROWS);
    } else if names_case(&core) {
        hint(Role::Key, 0);
    }
    for &(role, rank, phrases) in PHRASES {
        if phrases
            .iter()
            .any(|phrase| are(&all, phrase) || are(&core, phrase))
        {
            hint(role, rank);
        }
    }
    if let [case] = &core[..]
        && is_in(CASE_WORDS, case)
        && !is_in(REQUEST_WORDS, case)
    {
        hint(Role::Key, 1);
    }
    if let Some(rank) = rank_of_date(&said) {
        hint(Role::Received, rank);
    }
    if core.iter().any(|word| is_in(EMAIL_WORDS, word))
        || EMAIL_PHRASES.iter().any(|phrase| are(&core, phrase))
    {
        hint(Role::Email, 1);
    }
    if core.iter().any(|word| is_in(PHONE_WORDS, word)) {
        hint(Role::Phone, 1);
    }
    let is_id = core.last().is_some_and(|last| is_in(ID_WORDS, last));
    if whose == Whose::Requester && is_id {
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
    if whose != Whose::Other && (is_id || core.first().is_some_and(|first| first == "id")) {
        hint(Role::Key, 3);
    }
    let hints = settled(&said, &core, hints);
    Said {
        whose,
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
    let has = |list: &[&str]| said.iter().any(|word| is_in(list, word));
    if has(NETWORK) || has(NETWORK_WITH_ID) && has(ID_WORDS) {
        hints = vec![Hint {
            role: Role::NetworkId,
            rank: 0,
        }];
    } else if has(COMPANIES) && core.iter().any(|word| is_in(ID_WORDS, word)) {
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
    let is_id = |word: &String| is_in(ID_WORDS, word);
    let is_case = |word: &String| is_in(CASE_WORDS, word);
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
    let halves = words.iter().flat_map(|word| {
        let end = ENDS.iter().find(|end| {
            let begin = word.strip_suffix(**end).unwrap_or_default();
            let is_known = |list: &[&str]| is_in(list, begin);
            is_known(CASE_WORDS) || is_known(RECEIVED_WORDS) || is_known(CREATED_WORDS)
        });
        match end.map(|end| word.split_at(word.len() - end.len())) {
            Some((begin, end)) => vec![begin.to_owned(), end.to_owned()],
            None => vec![word.clone()],
        }
    });
    halves.collect()
}

/// Returns how clearly the words say that a date is that on which the person asked.
fn rank_of_date(said: &[String]) -> Option<u8> {
    let said = &taken_apart(said)[..];
    let is_date = |word: &String| is_in(DATE_WORDS, word) || is_in(FILLERS, word);
    let is_received = |word: &String| is_in(RECEIVED_WORDS, word);
    let is_created = |word: &String| is_in(CREATED_WORDS, word);
    let is_known = |word: &String| {
        is_date(word)
            || is_received(word)
            || is_created(word)
            || is_in(OF_CASE, word)
            || is_in(REGISTERED_WORDS, word)
    };
    if !said.iter().all(is_known) {
        return None;
    }
    if said.iter().any(is_created) {
        // `Request created`: the day is that of the case.
        return Some(1);
    }
    if said.iter().any(|word| is_in(REGISTERED_WORDS, word)) {
        return Some(2);
    }
    // `Request` alone names the type of request, not its day.
    let is_dated = said
        .iter()
        .any(|word| is_in(DATE_WORDS, word) && !is_in(FILLERS, word));
    let is_of_day = |word: &String| is_received(word) && !is_in(REQUEST_WORDS, word);
    (said.iter().any(is_received) && (is_dated || said.iter().any(is_of_day))).then_some(0)
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

fn is_requester(word: &str) -> bool {
    FAMILIES.iter().any(|(_, _, list)| is_in(list, word))
}

fn whose(words: &[String]) -> Whose {
    let is_own = Families::of(words).names_subject() || words.iter().any(|word| is_in(YOURS, word));
    let is_others = words
        .iter()
        .any(|word| is_in(OTHERS, word) && !(is_own && is_in(ACCOUNTS, word)))
        || OTHERS_PHRASES.iter().any(|phrase| holds(words, phrase));
    if is_others || are(words, "to") {
        Whose::Other
    } else if words.iter().any(|word| is_requester(word)) {
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

/// Makes one word of a phrase for a person.
fn one_person(mut words: Vec<String>) -> Vec<String> {
    for (phrase, person) in PERSON_PHRASES {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        if let Some(at) = words
            .windows(phrase.len())
            .position(|found| found == phrase)
            && words
                .get(at + phrase.len())
                .is_none_or(|next| next != "request")
        {
            words.splice(at..at + phrase.len(), [(*person).to_owned()]);
        }
    }
    let has = |list: &[&str]| words.iter().any(|word| is_in(list, word));
    if has(EMAIL_WORDS) || has(PHONE_WORDS) {
        for phrase in DELETED_PHRASES {
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
