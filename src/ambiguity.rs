//! The reasons why it is not known whether a request in Concord is an entry's or another's.

use crate::codes::OutcomeCode;
use crate::numbers::grouped;
use crate::outcome::Reason;

/// Why it cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Ambiguity {
    /// Too many requests fit.
    #[error("more than {known_max} requests in Concord may be it, and there is no mark to tell")]
    Many { known_max: usize },
    /// Some fit or may fit.
    #[error(
        "{} in Concord may be it ({}), and there is no mark to tell",
        requests(fitting + alike),
        fits(*fitting, *alike)
    )]
    Several { fitting: usize, alike: usize },
    /// One fits, and it fits another row as well that is under way or in doubt.
    #[error(
        "1 request in Concord may be it, or that of another row with the same person and request"
    )]
    Shared,
    /// One fits, and not all that this run has made are remembered.
    #[error(
        "1 request in Concord may be it, or another's: this run has made more than {}",
        grouped(*remembered_max as u64)
    )]
    Forgotten { remembered_max: usize },
    /// One fits, which the ledger has for another entry.
    #[error("the only request in Concord that fits belongs to another entry")]
    Taken,
    /// A request has the entry's mark in its notes, and another person.
    #[error("a request in Concord has its reference in the notes, and is of another person")]
    OfStranger,
    /// One fitted and was taken for it; Concord has answered since that it made it for another entry.
    #[error("the request that was found for it is another entry's")]
    Belied,
}

impl From<Ambiguity> for Reason {
    fn from(ambiguity: Ambiguity) -> Self {
        Self::new(OutcomeCode::Ambiguous, ambiguity.to_string())
    }
}

fn requests(count: usize) -> String {
    match count {
        1 => "1 request".to_owned(),
        _ => format!("{count} requests"),
    }
}

fn fits(fitting: usize, alike: usize) -> String {
    let fitting =
        (fitting > 0).then(|| format!("{fitting} with the same person, request and time"));
    let alike = (alike > 0).then(|| format!("{alike} that cannot be told apart from it"));
    let fits: Vec<_> = fitting.into_iter().chain(alike).collect();
    fits.join(", ")
}
