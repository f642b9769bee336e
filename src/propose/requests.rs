//! What a request word means: a dictionary in English, German, French, Spanish, Italian, Portuguese and Dutch.
//!
//! A meaning is proposed only where the word leaves no other. `delete` in particular needs the name of the right
//! (erasure, Löschung, oubli), the bare word that privacy tools have for it (delete, deletion, erase), or deleting
//! together with data. Removing, cancelling or closing an account is less than that or something else, and stays open.

use crate::entry::RequestType::{self, Change, Delete, DoNotSell, View};
use crate::intake::words::{are, holds, is_accent, words};

/// What a word means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sense {
    /// It can be nothing else.
    Requests(Vec<RequestType>),
    /// It is about privacy, or may be; a person has to say what is meant. Why, and what the choices are.
    Open(&'static str),
    /// Nothing is known of it.
    Unknown,
}

/// Left out before a word is compared, in whatever language.
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "to", "of", "my", "the", "a", "an", "for", "your", "please", "all", "i", "want", "gdpr", "dsgvo", "rgpd", "ccpa",
    "cpra", "lgpd", "avg", "uk", "eu", "personal", "consumer", "auf", "der", "die", "das", "von", "zu", "zur", "meiner", "meine",
    "mein", "meinen", "ich", "bitte", "personenbezogener", "personenbezogenen", "de", "des", "d", "du", "l", "la", "le", "les", "mes", "ma",
    "personnelles", "mis", "mi", "el", "los", "del", "personales", "di", "il", "alla", "all", "al", "dei", "miei",
    "nach", "gemass", "gem", "under", "selon", "conforme", "segun", "per",
    "personali", "os", "da", "dos", "ao", "au", "het", "meus", "pessoais", "op", "mijn", "van",
];
#[rustfmt::skip]
const RIGHTS: &[&str] = &[
    "right", "rights", "recht", "droit", "derecho", "diritto", "direito", "betroffenenrecht",
];
#[rustfmt::skip]
const ASKING: &[&str] = &[
    "request", "requests", "requested", "anfrage", "antrag", "ersuchen", "demande", "solicitud", "peticion", "richiesta", "pedido",
    "solicitacao", "verzoek", "aanvraag", "gdpr", "privacy",
];
/// One word for what the others mean as well.
const DATA: &[&str] = &["information", "info", "datas", "pii"];

#[rustfmt::skip]
const DELETE: &[&str] = &[
    "erasure", "erase", "delete", "deletion", "be forgotten", "forgotten", "data deletion", "delete data", "deletion data",
    "erase data", "erasure data", "data erasure", "loschung", "datenloschung", "loschung daten", "loschen daten",
    "daten loschen", "vergessenwerden", "vergessen werden", "effacement", "effacement donnees", "effacer donnees",
    "suppression donnees", "supprimer donnees", "oubli", "supresion", "supresion datos", "borrado datos",
    "eliminacion datos", "borrar datos", "eliminar datos", "olvido", "cancellazione dati", "cancellare dati", "oblio",
    "apagamento", "apagamento dados", "apagar dados", "eliminacao dados", "exclusao dados", "excluir dados",
    "eliminar dados", "esquecimento", "gegevenswissing", "wissing", "wissing gegevens", "wissen gegevens", "gegevens wissen", "verwijdering gegevens",
    "verwijderen gegevens", "gegevens verwijderen", "vergetelheid", "delete all data",
    "erase all data", "delete customer data", "loschantrag", "loschersuchen", "loschbegehren",
];
/// Meant so only as the name of a right: without it they may be a cancellation or a removal.
#[rustfmt::skip]
const DELETE_AS_RIGHT: &[&str] = &[
    "cancellazione", "suppression", "verwijdering", "eliminacao", "delete", "eliminacion",
];
#[rustfmt::skip]
const VIEW: &[&str] = &[
    "access", "data access", "access data", "know", "copy data", "copy of data", "subject access", "data subject access", "sar",
    "view", "view data", "auskunft", "auskunft daten", "auskunft uber daten", "auskunftsersuchen", "auskunftsanfrage", "auskunftsantrag", "auskunftsbegehren", "datenauskunft",
    "selbstauskunft", "auskunftsrecht", "acces", "acces donnees", "acces aux donnees", "acceso", "acceso datos", "acceso a datos", "accesso", "accesso dati",
    "accesso ai dati", "acesso", "acesso dados", "acesso aos dados", "inzage", "inzage gegevens", "inzage in gegevens", "inzageverzoek", "inzagerecht",
    "know access", "access know", "information access", "know about data",
];
#[rustfmt::skip]
const CHANGE: &[&str] = &[
    "rectification", "rectify", "rectify data", "rectification data", "data rectification", "correction", "correct",
    "correct data", "correction data", "data correction", "change data", "update data", "berichtigung", "berichtigung daten",
    "datenberichtigung", "berichtigungsantrag", "korrektur daten", "daten berichtigen", "rectification donnees", "rectifier donnees", "rectificacion",
    "rectificacion datos", "correccion datos", "rettifica", "rettifica dati", "rettificazione", "correzione dati", "retificacao",
    "retificacao dados", "correcao", "correcao dados", "rectificatie", "rectificatie gegevens", "correctie gegevens",
    "gegevens corrigeren", "correct inaccurate data", "correction inaccurate data", "rectificar datos", "corrigir dados",
];
/// As a word alone, `Change request` is what any desk calls a change of anything.
const CHANGE_AS_RIGHT: &[&str] = &["change"];
#[rustfmt::skip]
const DO_NOT_SELL: &[&str] = &[
    "do not sell", "do not sell or share", "do not sell share", "do not sell and share", "do not sell data", "do not sell or share data", "dont sell data", "don t sell data",
    "don t sell", "dont sell", "opt out sale", "opt out data sale", "opt out sale data", "opt out sale or sharing",
    "opt out sale and sharing", "opt out sale sharing", "opt out selling", "opt out sale or sharing data", "opt out from sale", "optout sale", "sale opt out", "opt out sales",
];

const OF_WHAT: &str = "of sale or sharing (do_not_sell), or of marketing (skip)?";
const LESS_THAN_ERASURE: &str =
    "erasure of all data (delete), or only an account, a list, an order (skip)?";
const NEAREST_IS_VIEW: &str = "Concord has no such request; the nearest is view";
const HAS_NONE: &str = "Concord has no such request: the nearest that you act on, or skip";
const MARKED: &str = "a mark in it may say more than its words, or the opposite";
const CHANGE_OF_WHAT: &str = "of data about the person (change), or of something else (skip)?";
const WHICH_RIGHT: &str = "which right? view, delete, change or do_not_sell";
const PERHAPS_NONE: &str = "skip, if it asks for nothing that Concord does";

/// Words by which an open meaning is told.
#[rustfmt::skip]
const OPEN: &[(&str, &[&str])] = &[
    (OF_WHAT, &[
        "opt out", "optout", "opted out", "unsubscribe", "marketing", "newsletter", "abmeldung", "abmelden", "werbung", "widerruf", "desabonnement",
        "desinscription", "darse baja", "baja", "disiscrizione", "cancelar subscricao", "uitschrijven", "afmelden", "sell", "sale", "consent",
    ]),
    (LESS_THAN_ERASURE, &[
        "remove", "removal", "cancel", "cancellation", "close", "closure", "deactivate", "deactivation", "terminate",
        "account", "delete", "deletion", "erase", "loschen", "loschung", "entfernen", "kundigung", "konto", "suppression", "supprimer", "fermeture",
        "resiliation", "compte", "eliminar", "eliminacion", "cancelacion", "cerrar", "cuenta", "cancellazione", "chiusura", "rimozione",
        "eliminacao", "exclusao", "cancelamento", "encerrar", "conta", "verwijderen", "verwijdering", "opzeggen", "opzegging", "forget",
    ]),
    (NEAREST_IS_VIEW, &[
        "portability", "export", "download", "transfer", "portabilitat", "datenubertragbarkeit", "ubertragbarkeit", "portabilite", "portabilidad",
        "portabilita", "portabilidade", "overdraagbaarheid", "dataportabiliteit", "summarize", "summary", "categories",
    ]),
    (HAS_NONE, &[
        "restriction", "restrict", "limit", "limitation", "limitacion", "object", "objection", "einschrankung",
        "widerspruch", "opposition", "oposicion", "limitazione", "opposizione", "limitacao", "oposicao", "beperking",
        "bezwaar", "automated", "sensitive", "opt in",
    ]),
    (CHANGE_OF_WHAT, &["change", "update", "modification", "anderung", "wijziging", "modifica", "cambio"]),
    (WHICH_RIGHT, &["dsar", "dsr", "gdpr", "dsgvo", "rgpd", "ccpa", "cpra", "privacy", "datenschutz", "avg"]),
    (PERHAPS_NONE, &[
        "complaint", "other", "others", "question", "inquiry", "enquiry", "general", "none", "spam", "test", "beschwerde", "sonstiges", "andere", "frage",
        "reclamation", "plainte", "autre", "otro", "otra", "queja", "altro", "reclamo", "outro", "outra", "klacht", "overig", "anders", "incident", "problem", "task",
    ]),
];

/// What a value of a request column means.
pub(crate) fn sense(value: &str) -> Sense {
    let found = one(value).map(|request| vec![request]);
    match found.or_else(|| several(value)) {
        Some(requests) if is_plain(value) => return Sense::Requests(requests),
        Some(_) => return Sense::Open(MARKED),
        None => {}
    }
    let words = words(value);
    let open = OPEN
        .iter()
        .find(|(_, phrases)| phrases.iter().any(|phrase| holds(&words, phrase)));
    open.map_or(Sense::Unknown, |(why, _)| Sense::Open(why))
}

/// Whether nothing stands in the value but words and what stands between and around words: `Delete?` and `✗ delete` say
/// more, or the opposite.
fn is_plain(value: &str) -> bool {
    const HARMLESS: &str = ".,;:!*-_'\"`()[]/+&|\u{2010}\u{2011}\u{2013}\u{2014}\u{2018}\u{2019}\u{201c}\u{201d}\u{ab}\u{bb}\u{2022}\u{b7}";
    value
        .chars()
        .all(|c| c.is_alphanumeric() || c.is_whitespace() || is_accent(c) || HARMLESS.contains(c))
}

/// The request whose article of the GDPR the words name, and the other words.
fn article(core: &[String]) -> Option<(RequestType, Vec<String>)> {
    let at = core.iter().position(|word| {
        [
            "art", "article", "artikel", "articulo", "articolo", "artigo",
        ]
        .contains(&word.as_str())
    })?;
    let request = match core.get(at + 1)?.as_str() {
        "15" => View,
        "16" => Change,
        "17" => Delete,
        _ => return None,
    };
    let others = core[..at].iter().chain(&core[at + 2..]).cloned().collect();
    Some((request, others))
}

/// The one request that a word names.
fn one(value: &str) -> Option<RequestType> {
    let all = words(value);
    if let Some(exact) = RequestType::from_name(&all.join("_")) {
        return Some(exact);
    }
    let is_right = all.iter().any(|word| RIGHTS.contains(&word.as_str()));
    let mut core: Vec<String> = Vec::new();
    for word in all {
        let word = word.as_str();
        if FILLERS.contains(&word) || RIGHTS.contains(&word) || ASKING.contains(&word) {
            continue;
        }
        core.push(if DATA.contains(&word) { "data" } else { word }.to_owned());
    }
    match article(&core) {
        Some((request, others)) if others.is_empty() => Some(request),
        Some((request, others)) => named(&others, true).filter(|named| *named == request),
        None => named(&core, is_right),
    }
}

/// The request that is called so; `is_right`: the words say that they name a right.
fn named(core: &[String], is_right: bool) -> Option<RequestType> {
    let is_one_of = |list: &[&str]| list.iter().any(|phrase| are(core, phrase));
    if is_one_of(DELETE) || is_right && is_one_of(DELETE_AS_RIGHT) {
        Some(Delete)
    } else if is_one_of(VIEW) {
        Some(View)
    } else if is_one_of(CHANGE) || is_right && is_one_of(CHANGE_AS_RIGHT) {
        Some(Change)
    } else if is_one_of(DO_NOT_SELL) {
        Some(DoNotSell)
    } else {
        None
    }
}

/// Several at once, `Access + erasure`: only when each part leaves no doubt.
fn several(value: &str) -> Option<Vec<RequestType>> {
    let mut plain = value.to_owned();
    for joint in [" and ", " und ", " et ", " y ", " e ", " en ", " plus "] {
        plain = plain.replace(joint, "+");
    }
    let parts: Vec<&str> = plain
        .split(['+', '&', '/', ',', ';', '|'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let mut requests = Vec::new();
    for part in &parts {
        let request = one(part)?;
        if !requests.contains(&request) {
            requests.push(request);
        }
    }
    (!requests.is_empty()).then_some(requests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmistakable_words_have_a_meaning_in_seven_languages() {
        for (meaning, words) in [
            (
                Delete,
                vec![
                    "Right to erasure",
                    "Delete my data",
                    "ERASURE",
                    "Deletion",
                    "Right to be forgotten",
                    "GDPR erasure request",
                    "Delete my personal information",
                    "Recht auf Löschung",
                    "Löschung meiner Daten",
                    "Droit à l'effacement",
                    "Suppression des données",
                    "Derecho de supresión",
                    "Diritto alla cancellazione",
                    "Eliminação de dados",
                    "Recht op gegevenswissing",
                    "delete",
                ],
            ),
            (
                View,
                vec![
                    "Access request",
                    "Right of access",
                    "Subject access request",
                    "Right to know",
                    "Copy of my data",
                    "Auskunft",
                    "Recht auf Auskunft",
                    "Droit d'accès",
                    "Derecho de acceso",
                    "Diritto di accesso",
                    "Direito de acesso",
                    "Inzageverzoek",
                    "ACCESS",
                ],
            ),
            (
                Change,
                vec![
                    "Rectification",
                    "Correct my data",
                    "Berichtigung",
                    "Droit de rectification",
                    "Derecho de rectificación",
                    "Rettifica",
                    "Correção de dados",
                    "Rectificatie",
                    "CORRECT",
                ],
            ),
            (
                DoNotSell,
                vec![
                    "Do not sell or share",
                    "Do Not Sell My Personal Information",
                    "Opt out of sale",
                    "opt_out_of_sale",
                    "DO_NOT_SELL",
                    "Opt-out of sale/sharing",
                ],
            ),
        ] {
            for word in words {
                assert_eq!(sense(word), Sense::Requests(vec![meaning]), "{word}");
            }
        }
        for (word, request) in [
            ("L\u{f6}schung (Art. 17 DSGVO)", Delete),
            ("Recht auf Auskunft nach Art. 15 DSGVO", View),
            ("Article 16 GDPR", Change),
            ("Suppression (article 17 RGPD)", Delete),
            ("change", Change),
            ("Right to change my data", Change),
            ("- Delete!", Delete),
        ] {
            assert_eq!(sense(word), Sense::Requests(vec![request]), "{word}");
        }
        assert_eq!(
            sense("Access + erasure"),
            Sense::Requests(vec![View, Delete])
        );
        assert_eq!(
            sense("Auskunft und Löschung"),
            Sense::Requests(vec![View, Delete])
        );
        assert_eq!(
            sense("Access;Deletion;"),
            Sense::Requests(vec![View, Delete])
        );
    }

    #[test]
    fn what_may_mean_something_else_stays_open() {
        for (why, words) in [
            (
                OF_WHAT,
                vec![
                    "Opt out",
                    "Opt-out",
                    "OPT_OUT",
                    "Unsubscribe me",
                    "Marketing opt out",
                ],
            ),
            (
                LESS_THAN_ERASURE,
                vec![
                    "Remove",
                    "Removal request",
                    "Cancel",
                    "Close account",
                    "Delete account",
                    "Account deletion",
                    "Remove my data",
                    "Suppression",
                    "Cancellazione",
                    "Verwijderen",
                    "Kündigung",
                    "Do not delete",
                    "Delete my order history",
                ],
            ),
            (
                NEAREST_IS_VIEW,
                vec![
                    "Portability",
                    "Data export",
                    "Datenübertragbarkeit",
                    "SUMMARIZE",
                ],
            ),
            (
                HAS_NONE,
                vec![
                    "Restriction of processing",
                    "Objection",
                    "LIMIT_USE",
                    "Widerspruch",
                ],
            ),
            (
                MARKED,
                vec![
                    "Delete?",
                    "\u{1f6ab} delete",
                    "delete \u{2717}",
                    "\u{ac}delete",
                    "Delete: ?",
                    "Erasure / access?",
                    "~Access",
                ],
            ),
            (CHANGE_OF_WHAT, vec!["Change Request", "Change of address"]),
            (WHICH_RIGHT, vec!["DSAR", "GDPR request", "Privacy"]),
            (PERHAPS_NONE, vec!["Complaint", "Other", "General inquiry"]),
        ] {
            for word in words {
                assert_eq!(sense(word), Sense::Open(why), "{word}");
            }
        }
        assert_eq!(sense("Access and removal"), Sense::Open(LESS_THAN_ERASURE));
        for unknown in ["", "Blue", "undelete", "accessory", "Mechanical"] {
            assert_eq!(sense(unknown), Sense::Unknown, "{unknown}");
        }
    }
}
