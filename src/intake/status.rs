//! Columns that say how far a case has come, and the values there that say it is done.
//!
//! A dictionary in English, German, French, Spanish, Italian, Portuguese, Dutch and Scandinavian languages; other scripts
//! by [`in_english`]. Whoever asks decides what to do: rows are never left out because of it.

use super::words::{are, holds, in_english, words};

/// Longest value that is looked at as a status, in bytes: longer values are free text.
const STATUS_BYTES_MAX: usize = 64;
/// Most words of a status.
const STATUS_WORDS_MAX: usize = 6;
/// Maximum number of different values for which the result (done or not) is remembered.
pub(crate) const STATUSES_REMEMBERED_MAX: usize = 1_000;

/// Kinds of columns that show the progress of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusKind {
    /// Its values are words such as `Open` and `Closed`.
    Words,
    /// Its header is such a word, its values are yes and no.
    Flag,
}

/// Words of headers of a status.
#[rustfmt::skip]
const STATUS: &[&str] = &[
    "status", "state", "stage", "zustand", "bearbeitungsstand", "bearbeitungsstatus", "vorgangsstatus", "ticketstatus", "statut", "etat",
    "estado", "estatus", "stato", "situacao", "situacion", "toestand", "tila", "stan", "stav", "durum", "resolution", "disposition",
    "outcome", "progress", "ergebnis",
];
/// Headers of a status that are no status of the case.
#[rustfmt::skip]
const OTHER_STATUS: &[&str] = &[
    "verification", "verified", "identity", "email", "mail", "sla", "country", "address", "us", "united", "marital", "civil", "subscription", "payment", "order",
    "account", "delivery", "sync", "response", "province", "billing", "shipping", "united", "home", "residence", "consent", "employment", "approval",
    "adresse", "pago", "pagamento",
];
/// Words by which a case is done: nothing is left to do for the person.
#[rustfmt::skip]
const DONE: &[&str] = &[
    "closed", "solved", "resolved", "rejected", "refused", "denied", "declined", "deleted", "removed", "done", "completed", "complete", "cancelled", "canceled", "withdrawn",
    "finished", "fulfilled", "archived", "merged", "duplicate", "spam", "junk", "trash", "trashed", "expired", "abandoned", "fixed", "obsolete",
    "geschlossen", "gelost", "erledigt", "abgeschlossen", "abgelehnt", "geloscht", "storniert", "beendet", "fertig", "zuruckgezogen", "archiviert",
    "ferme", "fermee", "clos", "close", "cloture", "cloturee", "resolu", "resolue", "rejete", "rejetee", "refuse", "refusee", "supprime", "supprimee", "annule", "annulee",
    "termine", "terminee", "traite", "traitee", "archive", "archivee",
    "cerrado", "cerrada", "resuelto", "resuelta", "solucionado", "solucionada", "rechazado", "rechazada", "eliminado", "eliminada", "borrado", "cancelado",
    "cancelada", "terminado", "terminada", "finalizado", "finalizada", "completado", "completada", "anulado", "anulada", "denegado", "denegada", "archivado",
    "chiuso", "chiusa", "risolto", "risolta", "rifiutato", "rifiutata", "respinto", "respinta", "eliminato", "eliminata", "cancellato", "annullato", "annullata", "completato",
    "completata", "concluso", "conclusa", "terminato", "evaso", "evasa",
    "fechado", "fechada", "resolvido", "resolvida", "encerrado", "encerrada", "rejeitado", "rejeitada", "recusado", "recusada", "excluido", "excluida", "concluido", "concluida",
    "atendido", "atendida", "completo", "indeferido", "arquivado",
    "gesloten", "opgelost", "afgesloten", "afgehandeld", "afgewezen", "geweigerd", "verwijderd", "geannuleerd", "voltooid", "afgerond", "gereed", "ingetrokken",
    "stangd", "stangt", "lost", "avslutad", "avslutat", "klar", "avslag", "lukket", "løst", "afsluttet", "ferdig", "avsluttet", "slettet", "afvist",
    "zamkniety", "zamkniete", "zakonczone", "zakonczony", "rozwiazane", "rozwiazany", "odrzucone", "odrzucony", "usuniety", "anulowane",
    "kapandi", "tamamlandi", "iptal", "reddedildi", "uzavreno", "vyreseno", "zamitnuto",
];
/// Phrases by which a case is done.
#[rustfmt::skip]
const DONE_PHRASES: &[&str] = &[
    "won t do", "wont do", "won t fix", "wont fix", "not reproducible", "no action", "not applicable",
];
/// Words by which a status does not mean what another word in it says: `Not resolved`, `To be closed`.
#[rustfmt::skip]
const NOT_DONE: &[&str] = &[
    "not", "never", "no", "non", "un", "awaiting", "waiting", "wait", "pending", "await", "partially", "partly", "partial", "almost", "nearly", "reopened", "open", "ready",
    "to", "will", "be", "almost", "until", "before", "in", "progress", "being", "nicht", "noch", "kein", "teilweise", "warten", "wartet", "wieder", "offen", "pas", "partiellement",
    "attente", "partiel", "sin", "parcialmente", "pendiente", "nao", "aguardando", "pendente", "parzialmente", "attesa", "niet", "gedeeltelijk", "deels", "wacht", "ikke", "inte",
    "delvis", "nie", "czesciowo", "request", "requested", "follow",
];
/// Values of a flag that say yes.
#[rustfmt::skip]
const YES: &[&str] = &["true", "yes", "y", "1", "x", "ja", "oui", "si", "sim", "vrai", "wahr", "verdadero", "vero", "verdadeiro", "waar"];

/// Returns which kind of status the header names, if any.
pub(crate) fn status_kind(header: &str) -> Option<StatusKind> {
    let said = words(&in_english(header));
    let is_in = |list: &[&str]| said.iter().any(|word| list.contains(&word.as_str()));
    if said.is_empty() || is_in(OTHER_STATUS) {
        return None;
    }
    if is_in(STATUS) {
        return Some(StatusKind::Words);
    }
    // `IsClosed`, `_fivetran_deleted`, `Erledigt`: the last word, behind at most two others.
    let is_done = said
        .last()
        .is_some_and(|word| DONE.contains(&word.as_str()));
    (is_done && said.len() <= 3).then_some(StatusKind::Flag)
}

/// Returns whether the value of such a column says that the case is done.
pub(crate) fn is_done(kind: StatusKind, value: &str) -> bool {
    let value = value.trim();
    if value.is_empty() || value.len() > STATUS_BYTES_MAX {
        return false;
    }
    let said = words(&in_english(value));
    if said.len() > STATUS_WORDS_MAX {
        return false;
    }
    match kind {
        StatusKind::Flag => YES.iter().any(|yes| are(&said, yes)),
        StatusKind::Words => {
            let has = |list: &[&str]| said.iter().any(|word| list.contains(&word.as_str()));
            DONE_PHRASES.iter().any(|phrase| holds(&said, phrase)) || has(DONE) && !has(NOT_DONE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_a_status_are_known_in_many_languages() {
        for header in [
            "Status",
            "Ticket status",
            "Case State",
            "incident_state",
            "Statut",
            "État",
            "Estado",
            "Stato",
            "Situação",
            "Bearbeitungsstand",
            "ステータス",
            "状态",
            "상태",
            "Статус",
            "Resolution",
        ] {
            assert_eq!(status_kind(header), Some(StatusKind::Words), "{header}");
        }
        for header in [
            "IsClosed",
            "is_deleted",
            "_fivetran_deleted",
            "Erledigt",
            "Closed",
        ] {
            assert_eq!(status_kind(header), Some(StatusKind::Flag), "{header}");
        }
        for header in [
            "Identity verification status",
            "Marital status",
            "Email status",
            "Account status",
            "Country/State",
            "Closed by the agent on the phone",
            "Subject",
            "",
        ] {
            assert_eq!(status_kind(header), None, "{header}");
        }
    }

    #[test]
    fn statuses_say_that_a_case_is_done() {
        for value in [
            "Closed",
            "SOLVED",
            "Rejected",
            "deleted",
            "Done",
            "Resolved",
            "Cancelled",
            "Canceled by user",
            "Closed - duplicate",
            "closed unsuccessful",
            "Won't Do",
            "Erledigt",
            "Gelöst",
            "Abgelehnt",
            "Clos",
            "Résolu",
            "Cerrado",
            "Rechazada",
            "Chiuso",
            "Fechado",
            "Concluída",
            "Afgehandeld",
            "完了",
            "対応済み",
            "已关闭",
            "완료",
            "Закрыта",
        ] {
            assert!(is_done(StatusKind::Words, value), "{value}");
        }
        for value in [
            "Open",
            "New",
            "Pending",
            "In progress",
            "Not resolved",
            "Unresolved",
            "To be closed",
            "Waiting to be deleted",
            "Reopened",
            "Noch nicht erledigt",
            "Offen",
            "En attente",
            "Abierto",
            "Em aberto",
            "未完了",
            "進行中",
            "Partially completed",
            "",
            "The customer says that the case was closed by mistake",
        ] {
            assert!(!is_done(StatusKind::Words, value), "{value}");
        }
        assert!(is_done(StatusKind::Flag, "TRUE") && is_done(StatusKind::Flag, "Ja"));
        assert!(!is_done(StatusKind::Flag, "FALSE") && !is_done(StatusKind::Flag, "2026-01-02"));
    }
}
