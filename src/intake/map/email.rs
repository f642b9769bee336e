//! The address in a cell: what people and programs put around it, taken off where that is certain.
//!
//! Whether what is left is an address is for `validate::email` to say. Nothing here repeats a part of it.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizer;

use super::Remark;
use super::damage;
use crate::codes::ProblemCode;
use crate::intake::escapes::{self, Escaped, Kind};
use crate::intake::is_region;
use crate::intake::text::Words;
use crate::intake::validate::email::{fault, is_plain};
use crate::intake::words::{holds, words};

/// Names of mailboxes that belong to a function and not to a person (RFC 2142, and what companies use), without the
/// separators within.
static ROLES: Words<202> = Words::of([
    "abuse",
    "accounts",
    "accueil",
    "admin",
    "administracao",
    "administracion",
    "administratie",
    "administration",
    "administrator",
    "ajuda",
    "alerts",
    "all",
    "allstaff",
    "amministrazione",
    "anonymous",
    "assistance",
    "assistenza",
    "assistenzaclienti",
    "atencionalcliente",
    "atencioncliente",
    "atendimento",
    "atendimentoaocliente",
    "auskunft",
    "automation",
    "avg",
    "ayuda",
    "beschwerde",
    "beschwerden",
    "betroffenenrechte",
    "billing",
    "boekhouding",
    "bot",
    "bounce",
    "bounces",
    "buchhaltung",
    "care",
    "ccpa",
    "complaints",
    "compliance",
    "comptabilite",
    "confidentialite",
    "contabilidad",
    "contabilidade",
    "contabilita",
    "contact",
    "contactez",
    "contacto",
    "contactus",
    "contato",
    "contatti",
    "contatto",
    "cpra",
    "customercare",
    "customerservice",
    "customersupport",
    "dadospessoais",
    "dataprivacy",
    "dataprotection",
    "dataprotectionofficer",
    "datarequest",
    "datarequests",
    "datenschutz",
    "datenschutzanfrage",
    "datenschutzanfragen",
    "datenschutzbeauftragte",
    "datenschutzbeauftragter",
    "datenschutzteam",
    "datipersonali",
    "datospersonales",
    "deleteme",
    "dipendenti",
    "donneespersonnelles",
    "dpo",
    "dsar",
    "dsars",
    "dsgvo",
    "dsr",
    "empfang",
    "empleados",
    "enquiries",
    "enquiry",
    "everyone",
    "feedback",
    "gdpr",
    "gegevensbescherming",
    "hello",
    "help",
    "helpdesk",
    "hilfe",
    "hostmaster",
    "hr",
    "info",
    "information",
    "inquiries",
    "inquiry",
    "itsupport",
    "jira",
    "klantcontact",
    "klantendienst",
    "klantenservice",
    "kontakt",
    "kundenbetreuung",
    "kundendienst",
    "kundenservice",
    "legal",
    "lgpd",
    "listserv",
    "mail",
    "mailer",
    "mailerdaemon",
    "mailman",
    "majordomo",
    "marketing",
    "medewerkers",
    "mitarbeitende",
    "mitarbeiter",
    "news",
    "newsletter",
    "nobody",
    "noc",
    "notification",
    "notifications",
    "notify",
    "office",
    "optout",
    "personalabteilung",
    "persoonsgegevens",
    "pipeda",
    "popia",
    "postmaster",
    "privacidad",
    "privacidaddedatos",
    "privacidade",
    "privacy",
    "privacybeheer",
    "privacydesk",
    "privacyoffice",
    "privacyrequest",
    "privacyrequests",
    "privacyteam",
    "privacyverzoek",
    "privacyverzoeken",
    "protecaodados",
    "protecaodedados",
    "protecciondatos",
    "protecciondedatos",
    "protectiondesdonnees",
    "protectiondonnees",
    "protezionedati",
    "protezionedeidati",
    "queue",
    "recepcion",
    "reception",
    "rechnung",
    "reclamaciones",
    "reclamations",
    "recursoshumanos",
    "replies",
    "reply",
    "request",
    "requests",
    "rgpd",
    "rodo",
    "root",
    "sales",
    "secretaria",
    "secretariaat",
    "secretariat",
    "security",
    "segreteria",
    "sekretariat",
    "service",
    "serviceclient",
    "serviceclients",
    "servicedesk",
    "servicio",
    "servicioalcliente",
    "servicios",
    "servico",
    "servizio",
    "servizioclientela",
    "servizioclienti",
    "shop",
    "soporte",
    "suporte",
    "support",
    "system",
    "team",
    "tickets",
    "undisclosedrecipient",
    "undisclosedrecipients",
    "unknown",
    "unsubscribe",
    "vendas",
    "vendite",
    "ventas",
    "ventes",
    "verkauf",
    "verkoop",
    "vertrieb",
    "verwaltung",
    "webmaster",
]);
/// Functions whose mailboxes may have anything behind them: `privacy.emea`, `dsar-eu-west`.
const HEADS_ALONE: [&str; 26] = [
    "ccpa",
    "dataprivacy",
    "dataprotection",
    "datenschutz",
    "donotreply",
    "dpo",
    "dsar",
    "dsars",
    "dsgvo",
    "dsr",
    "gdpr",
    "lgpd",
    "noreply",
    "noresponder",
    "privacidad",
    "privacidade",
    "privacy",
    "privacybeheer",
    "privacyoffice",
    "privacyteam",
    "protecaodados",
    "protecaodedados",
    "protecciondatos",
    "protecciondedatos",
    "protezionedati",
    "rgpd",
];
/// Functions whose mailboxes may have a region or a team behind them, where a person's name may stand too.
const HEADS_OF_REGIONS: [&str; 21] = [
    "assistenza",
    "contact",
    "contacto",
    "contatto",
    "customercare",
    "customerservice",
    "customersupport",
    "help",
    "helpdesk",
    "hilfe",
    "info",
    "information",
    "klantenservice",
    "kontakt",
    "kundendienst",
    "kundenservice",
    "serviceclient",
    "servicedesk",
    "soporte",
    "suporte",
    "support",
];
/// Regions and teams behind a function, beside codes of countries.
const REGIONS_AND_TEAMS: [&str; 94] = [
    "admin",
    "africa",
    "amer",
    "america",
    "americas",
    "anz",
    "apac",
    "apj",
    "asia",
    "australia",
    "austria",
    "b2b",
    "b2c",
    "belgium",
    "benelux",
    "billing",
    "brasil",
    "brazil",
    "canada",
    "cee",
    "clients",
    "customer",
    "customers",
    "dach",
    "department",
    "dept",
    "desk",
    "deutschland",
    "east",
    "eea",
    "emea",
    "eng",
    "engineering",
    "eshop",
    "espana",
    "eu",
    "europa",
    "europe",
    "france",
    "germany",
    "global",
    "group",
    "hr",
    "iberia",
    "inbox",
    "india",
    "international",
    "intl",
    "ireland",
    "it",
    "italia",
    "italy",
    "japan",
    "kunden",
    "latam",
    "legal",
    "mail",
    "mena",
    "mexico",
    "nederland",
    "netherlands",
    "nord",
    "nordic",
    "nordics",
    "north",
    "office",
    "online",
    "operations",
    "ops",
    "ost",
    "poland",
    "polska",
    "portugal",
    "request",
    "requests",
    "sales",
    "schweiz",
    "security",
    "service",
    "services",
    "shop",
    "south",
    "spain",
    "store",
    "sud",
    "support",
    "switzerland",
    "team",
    "teams",
    "tech",
    "uk",
    "usa",
    "web",
    "west",
];
/// Beginnings of the names of mailboxes that are never read.
const UNREAD: [&str; 10] = [
    "noresponder",
    "naoresponder",
    "naoresponda",
    "nonrispondere",
    "nietbeantwoorden",
    "noreply",
    "donotreply",
    "mailerdaemon",
    "nepasrepondre",
    "nichtantworten",
];
/// Longest name of a mailbox that is compared, in bytes.
const ROLE_BYTES_MAX: usize = 48;
/// Beginnings of addresses that a mail system has rewritten.
const REWRITTEN_STARTS: [&str; 7] = [
    "srs0=", "srs0+", "srs1=", "srs1+", "prvs=", "bounce+", "bounces+",
];
/// Phrases by which a displayed name says that a list or a mailbox has passed the message on: English, German,
/// French, Spanish, Italian, Portuguese and Dutch.
const SENT_THROUGH: [&str; 17] = [
    "via",
    "through",
    "uber",
    "a traves de",
    "tramite",
    "por meio de",
    "atraves de",
    "par l intermediaire de",
    "on behalf of",
    "im auftrag von",
    "im namen von",
    "de la part de",
    "en nombre de",
    "em nome de",
    "per conto di",
    "namens",
    "on behalf",
];

const CLEANED: Remark = Remark(
    ProblemCode::EmailCleaned,
    "has something around the address (a name and <…>, mailto:, quotes, an apostrophe, a ; or , at its end, characters that \
     nobody sees): only the address is sent",
);
const IN_ASCII: Remark = Remark(
    ProblemCode::EmailDomainInAscii,
    "has a domain with letters outside ASCII, which is sent in the form that mail systems use (xn--…)",
);
const SEVERAL: Remark = Remark(
    ProblemCode::EmailSeveral,
    "holds several addresses; one request is for one person: keep the one that is meant",
);
const LINK: Remark = Remark(
    ProblemCode::NotEmail,
    "is a mailto: link with more than an address in it; an address like name@example.com is wanted",
);
const DOMAIN: Remark = Remark(
    ProblemCode::NotEmail,
    "has a domain outside ASCII that is none, or that can be read in more than one way; write it as xn--…, or as it is \
     registered",
);

const THROUGH_A_LIST: Remark = Remark(
    ProblemCode::EmailVia,
    "is the address of a mailing list or mailbox that passed the message on (`Name via List`), not the person's: put the \
     person's own address in its place, such as that of Reply-To or of the message itself",
);
const ROLE: Remark = Remark(
    ProblemCode::EmailRole,
    "is the address of a function (such as privacy, info, support or no-reply) and not of a person: put the person's own address \
     in its place, or leave the cell blank if a number or an id tells who the person is",
);

/// Reads the address of one person: [`read`], without those of mailing lists and functions.
pub(crate) fn read_person(text: Cow<'_, str>) -> Result<(Cow<'_, str>, Vec<Remark>), Remark> {
    if is_sent_through(&text) {
        return Err(THROUGH_A_LIST);
    }
    let (address, remarks) = read(text)?;
    match address.rsplit_once('@') {
        Some((local, _)) if is_rewritten(local) => Err(THROUGH_A_LIST),
        Some((local, domain)) if is_role(local, domain) => Err(ROLE),
        _ => Ok((address, remarks)),
    }
}

/// Kinds of texts in a column of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// An address of a person, by its form.
    Person,
    /// An address of a mailing list, a function or a machine.
    Mailbox,
    /// No address.
    None,
}

/// Judges a text as [`read_person`] and the schema do.
pub(crate) fn judge(text: &str) -> Address {
    if !text.contains('@') {
        return Address::None;
    }
    match read_person(text.into()) {
        Ok((address, _)) if fault(&address).is_none() => Address::Person,
        Err(Remark(code, _)) if code == THROUGH_A_LIST.0 || code == ROLE.0 => Address::Mailbox,
        Ok(_) | Err(_) => Address::None,
    }
}

/// Returns whether the name before an address in angle brackets says that it was sent through a list.
fn is_sent_through(text: &str) -> bool {
    let Some((name, address)) = text.rsplit_once('<') else {
        return false;
    };
    if !address.contains('@') || name.trim().is_empty() {
        return false;
    }
    let said = words(name);
    // `Via` as the first word or the last is a name.
    let within = match &said[..] {
        [_, within @ .., _] => within,
        _ => &[],
    };
    name.contains("\u{7d4c}\u{7531}") || SENT_THROUGH.iter().any(|phrase| holds(within, phrase))
}

/// Returns whether a mail system has made this local part of another address.
fn is_rewritten(local: &str) -> bool {
    let has_start = REWRITTEN_STARTS.iter().any(|start| {
        local
            .get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    });
    has_start || is_return_path(local)
}

/// Returns whether a local part contains the address that a message went to (VERP): `anna=example.com`.
fn is_return_path(local: &str) -> bool {
    let Some((mailbox, domain)) = local.rsplit_once('=') else {
        return false;
    };
    let Some((host, top)) = domain.rsplit_once('.') else {
        return false;
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    !mailbox.is_empty()
        && host.split('.').all(is_label)
        && top.len() >= 2
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Returns whether the name of a mailbox is a function and a region or a team behind it.
fn is_role_of_region(name: &str) -> bool {
    const SEPARATORS: [char; 3] = ['.', '-', '_'];
    let is_in =
        |list: &[&str], text: &str| list.iter().any(|known| known.eq_ignore_ascii_case(text));
    let is_part = |part: &str| {
        let is_country = || part.len() == 2 && is_region(&part.to_ascii_uppercase());
        let is_number = || part.bytes().all(|byte| byte.is_ascii_digit());
        part.is_empty() || is_in(&REGIONS_AND_TEAMS, part) || is_number() || is_country()
    };
    name.match_indices(SEPARATORS).any(|(at, _)| {
        let (head, rest) = (name[..at].replace(SEPARATORS, ""), &name[at + 1..]);
        !rest.is_empty()
            && (is_in(&HEADS_ALONE, &head)
                || is_in(&HEADS_OF_REGIONS, &head) && rest.split(SEPARATORS).all(is_part))
    })
}

/// Returns whether a mailbox belongs to a function.
fn is_role(local: &str, domain: &str) -> bool {
    let is_unread = |text: &str| {
        UNREAD.iter().any(|start| {
            text.get(..start.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
        })
    };
    let bare = |text: &str| text.replace(['.', '-', '_'], "");
    let host = domain.split('.').next().unwrap_or_default();
    let is_of_machine = matches!(host.as_bytes().first(), Some(b'n' | b'N' | b'd' | b'D')) && {
        let host = bare(host);
        is_unread(&host)
    } || domain.to_ascii_lowercase().contains(".noreply.");
    if is_of_machine {
        return true;
    }
    let name = local.split_once('+').map_or(local, |(name, _)| name);
    if name.len() > ROLE_BYTES_MAX {
        return false;
    }
    if !name.contains(['.', '-', '_']) {
        return ROLES.have(name) || is_unread(name);
    }
    if is_role_of_region(name) {
        return true;
    }
    let name = bare(name);
    ROLES.have(&name) || is_unread(&name)
}

const ESCAPED: Remark = Remark(
    ProblemCode::EscapedText,
    "is escaped as for a web address or for mail before the `@` (such as %2B or =2B), and what was meant is not certain: write the \
     address as it is",
);
const LOST: Remark = Remark(
    ProblemCode::LostCharacter,
    "has a `?` before the `@`, which programs write in place of a letter that they cannot save: write the address as it is",
);
const ESCAPES: [Kind; 2] = [Kind::Percent, Kind::QuotedPrintable];
const WIDE_AT: Remark = Remark(
    ProblemCode::NotEmail,
    "has a wide `＠` (U+FF20) or a small one in place of `@`: write it as `@`, as in name@example.com",
);
const ENCODED_AT: Remark = Remark(
    ProblemCode::NotEmail,
    "has `&#64;` or `%40` in place of `@`, as web pages and links write it: write it as `@`, as in name@example.com",
);

/// The address in the text and what was done to it, or what is wrong.
pub(crate) fn read(text: Cow<'_, str>) -> Result<(Cow<'_, str>, Vec<Remark>), Remark> {
    if is_plain(&text) {
        return Ok((text, Vec::new()));
    }
    let visible = damage::visible(&text).into_owned();
    let bare = unwrapped(&visible)?;
    if !bare.contains('@') {
        let lower = bare.to_ascii_lowercase();
        if bare.contains(['\u{ff20}', '\u{fe6b}']) {
            return Err(WIDE_AT);
        }
        if ["&#64;", "&#x40;", "&commat;", "%40"]
            .iter()
            .any(|code| lower.contains(code))
        {
            return Err(ENCODED_AT);
        }
    }
    if pieces(bare) > 1 {
        return Err(SEVERAL);
    }
    if let Some(remark) = damage_of_local(bare) {
        return Err(remark);
    }
    let mut remarks = Vec::new();
    if bare != &*text {
        remarks.push(CLEANED);
    }
    match bare.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => {
            remarks.push(IN_ASCII);
            let domain = in_ascii(domain).ok_or(DOMAIN)?;
            Ok((format!("{local}@{domain}").into(), remarks))
        }
        _ if remarks.is_empty() => Ok((text, remarks)),
        _ => Ok((bare.to_owned().into(), remarks)),
    }
}

/// Without what certainly is no part of the address.
fn unwrapped(text: &str) -> Result<&str, Remark> {
    let text = text.trim_end_matches([';', ',', ' ']).trim();
    let text = match text
        .strip_suffix('>')
        .and_then(|rest| rest.rsplit_once('<'))
    {
        Some((name, address)) => {
            let address = address.trim();
            // A name may be the address once more, and nothing else with an @.
            if name.contains('@')
                && !name
                    .trim()
                    .trim_matches(['"', '\''])
                    .eq_ignore_ascii_case(address)
            {
                return Err(SEVERAL);
            }
            address
        }
        None => text,
    };
    let text = match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => {
            let rest = &text[7..];
            if rest.contains(['?', '%']) {
                return Err(LINK);
            }
            rest
        }
        _ => text,
    };
    let quotes = [
        ('\'', '\''),
        ('"', '"'),
        ('\u{2018}', '\u{2019}'),
        ('\u{201c}', '\u{201d}'),
    ];
    for (open, close) in quotes {
        let inner = text
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close));
        if let Some(inner) = inner {
            return Ok(inner.trim());
        }
    }
    // Addresses may begin with an apostrophe; those in spreadsheets do because a cell was marked as text.
    Ok(text.strip_prefix(['\'', '\u{2019}']).unwrap_or(text).trim())
}

/// How many pieces of a list have an `@`. Those within quotes do not count.
fn pieces(text: &str) -> usize {
    if text.starts_with('"') {
        return 1;
    }
    text.split(|c: char| matches!(c, ';' | ',' | '|' | '/' | '&') || c.is_whitespace())
        .filter(|piece| piece.contains('@'))
        .count()
}

/// Finds damage in the part before the `@`: escapes, and `?` in place of lost letters. The standard allows both there,
/// but no real mailbox has them.
fn damage_of_local(address: &str) -> Option<Remark> {
    let (local, _) = address.rsplit_once('@')?;
    if local.starts_with('"') {
        return None;
    }
    if let Some(Escaped::Undone(..)) = escapes::undo(local, &ESCAPES) {
        return Some(ESCAPED);
    }
    let is_beside_letter = |at: usize| {
        let before = local[..at].chars().next_back();
        let after = local[at + 1..].chars().next();
        [before, after]
            .into_iter()
            .flatten()
            .any(char::is_alphabetic)
    };
    let mut losses = local.match_indices('?');
    losses.any(|(at, _)| is_beside_letter(at)).then_some(LOST)
}

/// A domain in the form that mail systems use (RFC 5890), when it is written in the one form that stands for it.
fn in_ascii(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let (shown, no_fault) = idna::domain_to_unicode(&ascii);
    let written = ComposingNormalizer::new_nfc()
        .normalize(&domain.to_lowercase())
        .into_owned();
    (no_fault.is_ok() && shown == written).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str) -> Result<(String, Vec<&'static str>), &'static str> {
        match read(text.into()) {
            Ok((address, remarks)) => Ok((
                address.into_owned(),
                remarks.iter().map(|remark| remark.0.as_str()).collect(),
            )),
            Err(remark) => Err(remark.0.as_str()),
        }
    }

    #[test]
    fn what_stands_around_an_address_is_taken_off_and_told() {
        for text in [
            "Ann Lee <ann@example.com>",
            "\"Lee, Ann\" <ann@example.com>",
            "ann@example.com <ann@example.com>",
            "<ann@example.com>",
            "mailto:ann@example.com",
            "MAILTO:ann@example.com",
            "Ann <mailto:ann@example.com>",
            "'ann@example.com",
            "'ann@example.com'",
            "\u{201c}ann@example.com\u{201d}",
            "ann@example.com;",
            "ann@example.com, ",
            "\u{feff}ann@exam\u{200b}ple.com",
        ] {
            assert_eq!(
                made(text),
                Ok(("ann@example.com".to_owned(), vec!["email_cleaned"])),
                "{text}"
            );
        }
        for whole in [
            "ann@example.com",
            "o'hara@example.com",
            "\"a b\"@example.com",
            "A@Example.COM",
            "zoë@example.com",
        ] {
            assert_eq!(made(whole), Ok((whole.to_owned(), vec![])), "{whole}");
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn addresses_of_lists_and_functions_are_no_persons() {
        let code = |text: &str| {
            read_person(text.into())
                .map_err(|remark| remark.0.as_str())
                .map(|_| ())
        };
        for text in [
            "Al Roe via Privacy <privacy@example.org>",
            "'Al Roe' via DSAR Team <dsar-team@example.org>",
            "\"Al Roe\" \u{fc}ber Datenschutz <liste@example.org>",
            "Al Roe (via Google Docs) <drive-shares@example.org>",
            "Al Roe on behalf of Desk <desk@example.org>",
            "Al Roe a trav\u{e9}s de Lista <lista@example.org>",
            "Al Roe \u{7d4c}\u{7531} Privacy <privacy@example.org>",
            "SRS0=x1=zz=example.com=al@example.org",
            "prvs=12345=al@example.org",
            "anna=example.com@bounce.example.org",
            "list-return-12-anna.lee=mail.example.com@example.org",
        ] {
            assert_eq!(code(text), Err("email_via"), "{text}");
            assert_eq!(judge(text), Address::Mailbox, "{text}");
        }
        for text in [
            "privacy@example.org",
            "DPO@example.org",
            "info@example.org",
            "support+x1@example.org",
            "no-reply@example.org",
            "NoReply@example.org",
            "do_not_reply@example.org",
            "noreply-4711@example.org",
            "mailer-daemon@example.org",
            "Customer Service <customer.service@example.org>",
            "1234+al@users.noreply.example.org",
            "al@no-reply.example.org",
            "rgpd@example.org",
            "no-responder@example.org",
            "proteccion.de.datos@example.org",
            "proteccion.datos@example.org",
            "protecao-de-dados@example.org",
            "service-client@example.org",
            "Klantenservice@example.org",
            "undisclosed-recipients@example.org",
            "privacy.emea@example.org",
            "dsar-eu-west@example.org",
            "data.privacy.emea@example.org",
            "info-de@example.org",
            "support_uk@example.org",
            "customer-care.team@example.org",
        ] {
            assert_eq!(code(text), Err("email_role"), "{text}");
            assert_eq!(judge(text), Address::Mailbox, "{text}");
        }
        for text in [
            "Via Lee <via.lee@example.org>",
            "Mia Via <mia.via@example.org>",
            "olivia@example.org",
            "al.roe@privacy.example.org",
            "supporter@example.org",
            "infante@example.org",
            "Al Roe <al@example.org>",
            "hr.meier@example.org",
            "al.info@example.org",
            "info.meier@example.org",
            "support-lee@example.org",
            "rodo.silva@example.org",
            "it.lopez@example.org",
            "a=b@example.org",
            "al=b.c@example.org",
            "sales.de.vries@example.org",
        ] {
            assert_eq!(code(text), Ok(()), "{text}");
            assert_eq!(judge(text), Address::Person, "{text}");
        }
        assert_eq!(judge("none"), Address::None);
        assert_eq!(judge("a@b@c"), Address::None);
    }

    #[test]
    fn several_addresses_are_never_one() {
        for text in [
            "a@example.com; b@example.com",
            "a@example.com,b@example.com",
            "a@example.com b@example.com",
            "a@example.com / b@example.com",
            "a@example.com\nb@example.com",
            "a@example.com <b@example.com>",
            "Ann <a@example.com>, Bo <b@example.com>",
            "a@example.com or b@example.com",
        ] {
            assert_eq!(made(text), Err("email_several"), "{text}");
        }
        for (text, told) in [
            ("a\u{ff20}example.com", WIDE_AT),
            ("Ann <a\u{fe6b}example.com>", WIDE_AT),
            ("a&#64;example.com", ENCODED_AT),
            ("a%40example.com", ENCODED_AT),
        ] {
            assert_eq!(read(text.into()).err(), Some(told), "{text}");
        }
        assert_eq!(made("mailto:a@example.com?subject=x"), Err("not_email"));
        assert_eq!(made("mailto:a%40b@example.com"), Err("not_email"));
        for (text, code) in [
            ("ann%2Btag@example.com", "escaped_text"),
            ("ann=2Btag@example.com", "escaped_text"),
            ("jos?@example.com", "lost_character"),
        ] {
            assert_eq!(made(text), Err(code), "{text}");
        }
        for text in ["a%b@example.com", "a=b@example.com", "!?#@example.com"] {
            assert_eq!(made(text), Ok((text.to_owned(), vec![])), "{text}");
        }
    }

    #[test]
    fn internationalised_domains_become_ascii_where_they_have_one_reading() {
        assert_eq!(
            made("a@bücher.example"),
            Ok((
                "a@xn--bcher-kva.example".to_owned(),
                vec!["email_domain_in_ascii"]
            ))
        );
        assert_eq!(made("a@BU\u{308}CHER.example"), made("a@bücher.example"));
        for doubtful in [
            "a@\u{ff45}xample.com",
            "a@example\u{3002}com",
            "a@bü cher.example",
            "a@-ü.example",
            "a@ü..example",
        ] {
            assert_eq!(made(doubtful), Err("not_email"), "{doubtful}");
        }
    }
}
