//! The meanings of request words: a dictionary (`requests.toml`) in English, German, French, Spanish, Italian, Portuguese and
//! Dutch.
//!
//! A meaning is proposed only where the word leaves no other. `delete` in particular needs the name of the right
//! (erasure, Löschung, oubli), the bare word that privacy tools have for it (delete, deletion, erase), or deleting
//! together with data. Removing, cancelling or closing an account is less than that or something else, and stays open.

use std::sync::LazyLock;

use serde::Deserialize;

use super::dictionary::dictionary;
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

const OF_WHAT: &str = "of sale or sharing (do_not_sell), or of marketing (skip)?";
const LESS_THAN_ERASURE: &str =
    "erasure of all data (delete), or only an account, a list, an order (skip)?";
const NEAREST_IS_VIEW: &str = "Concord has no such request; the nearest is view";
const HAS_NONE: &str = "Concord has no such request: the nearest that you act on, or skip";
const MARKED: &str = "a mark in it may say more than its words, or the opposite";
const CHANGE_OF_WHAT: &str = "of data about the person (change), or of something else (skip)?";
const WHICH_RIGHT: &str = "which right? view, delete, change or do_not_sell";
const PERHAPS_NONE: &str = "skip, if it asks for nothing that Concord does";

/// The words for requests, from `requests.toml`.
static WORDS: LazyLock<RequestWords> = LazyLock::new(|| dictionary(include_str!("requests.toml")));

/// The lists of `requests.toml`, which says what each is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestWords {
    fillers: Vec<String>,
    rights: Vec<String>,
    asking: Vec<String>,
    data: Vec<String>,
    delete: Vec<String>,
    delete_as_right: Vec<String>,
    view: Vec<String>,
    change: Vec<String>,
    change_as_right: Vec<String>,
    do_not_sell: Vec<String>,
    open: OpenWords,
}

/// Phrases that leave the meaning open, by the question that a person has to answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenWords {
    of_what: Vec<String>,
    less_than_erasure: Vec<String>,
    nearest_is_view: Vec<String>,
    has_none: Vec<String>,
    change_of_what: Vec<String>,
    which_right: Vec<String>,
    perhaps_none: Vec<String>,
}

impl OpenWords {
    /// Returns the first question that the words leave open.
    fn question(&self, words: &[String]) -> Option<&'static str> {
        let questions = [
            (OF_WHAT, &self.of_what),
            (LESS_THAN_ERASURE, &self.less_than_erasure),
            (NEAREST_IS_VIEW, &self.nearest_is_view),
            (HAS_NONE, &self.has_none),
            (CHANGE_OF_WHAT, &self.change_of_what),
            (WHICH_RIGHT, &self.which_right),
            (PERHAPS_NONE, &self.perhaps_none),
        ];
        let asked = questions
            .into_iter()
            .find(|(_, phrases)| phrases.iter().any(|phrase| holds(words, phrase)));
        asked.map(|(question, _)| question)
    }
}

/// What a value of a request column means.
pub(crate) fn sense(value: &str) -> Sense {
    let found = one(value).map(|request| vec![request]);
    match found.or_else(|| several(value)) {
        Some(requests) if is_plain(value) => return Sense::Requests(requests),
        Some(_) => return Sense::Open(MARKED),
        None => {}
    }
    let question = WORDS.open.question(&words(value));
    question.map_or(Sense::Unknown, Sense::Open)
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
    let is_right = all.iter().any(|word| WORDS.rights.contains(word));
    let mut core: Vec<String> = Vec::new();
    for word in all {
        let is_left_out = [&WORDS.fillers, &WORDS.rights, &WORDS.asking]
            .into_iter()
            .any(|list| list.contains(&word));
        if is_left_out {
            continue;
        }
        core.push(if WORDS.data.contains(&word) {
            "data".to_owned()
        } else {
            word
        });
    }
    match article(&core) {
        Some((request, others)) if others.is_empty() => Some(request),
        Some((request, others)) => named(&others, true).filter(|named| *named == request),
        None => named(&core, is_right),
    }
}

/// The request that is called so; `is_right`: the words say that they name a right.
fn named(core: &[String], is_right: bool) -> Option<RequestType> {
    let is_one_of = |list: &[String]| list.iter().any(|phrase| are(core, phrase));
    if is_one_of(&WORDS.delete) || is_right && is_one_of(&WORDS.delete_as_right) {
        Some(Delete)
    } else if is_one_of(&WORDS.view) {
        Some(View)
    } else if is_one_of(&WORDS.change) || is_right && is_one_of(&WORDS.change_as_right) {
        Some(Change)
    } else if is_one_of(&WORDS.do_not_sell) {
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
    #[expect(clippy::too_many_lines, reason = "a table of words")]
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
    #[expect(clippy::too_many_lines, reason = "a table of words")]
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
