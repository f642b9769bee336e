//! The published codes of problems and outcomes, each with its meaning and advice.
//!
//! Whatever shows a code takes its words from here: the reports, `report.html` and the tables of `docs/troubleshooting.md`.

/// Declares an enum of codes by a table: variant, published word, meaning, advice.
macro_rules! codes {
    (
        $(#[$of_enum:meta])*
        pub enum $name:ident;

        $(#[$of_all:meta])*
        const ALL;

        $($variant:ident = $word:literal, $meaning:literal, $advice:expr;)+
    ) => {
        $(#[$of_enum])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = $meaning] $variant,)+
        }

        impl $name {
            $(#[$of_all])*
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the code with its explanation.
            pub(crate) const fn explained(self) -> $crate::codes::Explained {
                let (word, meaning, advice) = match self {
                    $(Self::$variant => ($word, $meaning, $advice),)+
                };
                $crate::codes::Explained { word, meaning, advice }
            }

            /// Returns the published word.
            pub const fn as_str(self) -> &'static str {
                self.explained().word
            }
        }
    };
}

mod answer;
mod outcome;
mod problem;

use std::fmt;

use answer::AnswerCode;
pub use outcome::OutcomeCode;
pub use problem::ProblemCode;

const AGAIN: &str = "run the same command again: what may exist is looked up first";

/// A code with its explanation. The texts are parts of sentences, without a full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Explained {
    /// The published word.
    pub(crate) word: &'static str,
    /// The meaning that all cases of the code share.
    pub(crate) meaning: &'static str,
    /// The next step.
    pub(crate) advice: &'static str,
}

/// The code of a [`Reason`](crate::outcome::Reason).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReasonCode {
    /// The problems of a row that is not sent.
    Problems(Vec<ProblemCode>),
    /// A state of the entry that no status of an answer explains.
    Outcome(OutcomeCode),
    /// The status of an answer.
    Answer(u16),
    /// A word in a ledger that a later version has written.
    Unknown(Box<str>),
}

impl ReasonCode {
    /// Finds the code of a stored word.
    pub(crate) fn from_word(word: &str) -> Self {
        let status = word.strip_prefix("http_").map(str::parse);
        if let Some(Ok(status)) = status {
            return Self::Answer(status);
        }
        let mut codes = OutcomeCode::ALL.iter();
        let known = codes.find(|code| code.as_str() == word);
        known.map_or_else(|| Self::Unknown(word.into()), |code| Self::Outcome(*code))
    }

    /// Returns the code, or its class of answers, with its explanation.
    pub(crate) fn explained(&self) -> Explained {
        const UNKNOWN: Explained = Explained {
            word: "",
            meaning: "nothing more is known of this code",
            advice: AGAIN,
        };
        match self {
            Self::Problems(codes) => codes.first().map_or(UNKNOWN, |code| code.explained()),
            Self::Outcome(code) => code.explained(),
            Self::Answer(status) => AnswerCode::of(*status).explained(),
            Self::Unknown(_) => UNKNOWN,
        }
    }
}

impl From<ProblemCode> for ReasonCode {
    fn from(code: ProblemCode) -> Self {
        Self::Problems(vec![code])
    }
}

impl From<OutcomeCode> for ReasonCode {
    fn from(code: OutcomeCode) -> Self {
        Self::Outcome(code)
    }
}

/// Writes the published word; several problems stand between semicolons.
impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problems(codes) => {
                let words: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
                f.write_str(&words.join(";"))
            }
            Self::Outcome(code) => f.write_str(code.as_str()),
            Self::Answer(status) => write!(f, "http_{status}"),
            Self::Unknown(word) => f.write_str(word),
        }
    }
}

/// Returns every code of a problem.
#[cfg(any(test, feature = "internals"))]
pub(crate) fn problems() -> Vec<Explained> {
    let codes = ProblemCode::ALL.iter();
    codes.map(|code| code.explained()).collect()
}

/// Returns every code of an outcome, with the statuses and classes of answers.
#[cfg(any(test, feature = "internals"))]
pub(crate) fn outcomes() -> Vec<Explained> {
    let codes = OutcomeCode::ALL.iter().map(|code| code.explained());
    let answers = AnswerCode::ALL.iter().map(|code| code.explained());
    codes.chain(answers).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::intake::{Phone, phone};

    #[test]
    fn an_example_of_a_number_is_a_number_that_is_taken() {
        let mut examples = 0;
        for Explained { advice, .. } in problems() {
            for (at, _) in advice.match_indices("such as +") {
                let text = &advice[at + "such as ".len()..];
                let number = text.split(',').next().unwrap_or_default();
                let read = phone(number, None);
                assert!(
                    matches!(read, Phone::International(..)),
                    "{number}: {read:?}"
                );
                examples += 1;
            }
        }
        assert!(examples > 0);
    }

    #[test]
    fn each_says_something_once_and_fit_into_a_sentence() {
        let mut words = BTreeSet::new();
        for known in problems().into_iter().chain(outcomes()) {
            assert!(words.insert(known.word), "{} stands twice", known.word);
            for text in [known.meaning, known.advice] {
                assert!(
                    !text.is_empty() && !text.ends_with('.') && !text.contains('\n'),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn a_stored_word_is_read_as_the_code_that_was_written() {
        for word in ["held", "http_422", "http_299", "of_another_version", ""] {
            assert_eq!(ReasonCode::from_word(word).to_string(), word);
        }
        for code in OutcomeCode::ALL {
            let read = ReasonCode::from_word(code.as_str());
            assert_eq!(read, ReasonCode::Outcome(*code));
        }
    }
}
