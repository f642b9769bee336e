//! What a sandbox serves and how it behaves, as plain data.
//!
//! Holds no state and reads no environment; [`super::Sandbox::start`] checks what has to hold.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use uuid::Uuid;

use crate::plan::{SANDBOX_API_KEY, SANDBOX_ORGANIZATION, SANDBOX_PROJECT};

use super::parse_error::ParseError;
use super::schedule::Faults;
use super::throttle::Workers;

/// Everything that can be chosen about a sandbox.
#[derive(Clone, Debug)]
pub struct Config {
    /// The one organization that the key belongs to.
    pub organization: Organization,
    /// Its projects; at least one.
    pub projects: Vec<Project>,
    /// What `x-api-key` has to be.
    pub api_key: SecretString,
    /// Where it listens. Loopback only: anything else is refused at the start.
    pub address: IpAddr,
    /// 0 lets the system choose; [`super::Sandbox::base_url`] tells which.
    pub port: u16,
    /// A journal that keeps created requests across restarts. It holds what was sent, whole.
    pub store: Option<PathBuf>,
    /// Whether the journal is synced to disk for every created request (slow; survives a power cut).
    pub is_store_synced: bool,
    /// How bodies are checked.
    pub mode: Mode,
    /// What error bodies say of themselves.
    pub error_bodies: ErrorBodies,
    /// How lists behave where the published pages are silent.
    pub listing: Listing,
    /// Whether the key may read at all.
    pub reads: Reads,
    /// How it misbehaves.
    pub faults: Faults,
    /// How many exchanges are worked on at a time, and for how long each; the others stand in line.
    pub workers: Option<Workers>,
    /// For [`super::Odds`]: the same seed and order of arrival give the same faults.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            organization: Organization {
                id: SANDBOX_ORGANIZATION,
                name: "Sandbox organization".into(),
            },
            projects: vec![Project {
                id: SANDBOX_PROJECT,
                name: "Sandbox project".into(),
                is_test: true,
                is_active: true,
            }],
            api_key: SANDBOX_API_KEY.into(),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            store: None,
            is_store_synced: false,
            mode: Mode::Strict,
            error_bodies: ErrorBodies::Truthful,
            listing: Listing::default(),
            reads: Reads::Allowed,
            faults: Faults::default(),
            workers: None,
            seed: 0,
        }
    }
}

/// What `GET /organizations` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// `id`
    pub id: Uuid,
    /// `name`
    pub name: String,
}

/// What `GET /organizations/{id}/projects` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// `id`
    pub id: Uuid,
    /// `name`
    pub name: String,
    /// `statusFlags.isTest`
    pub is_test: bool,
    /// `statusFlags.isActive`
    pub is_active: bool,
}

/// How a posted body is checked against the published schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As the schema says; 400 names every fault.
    #[default]
    Strict,
    /// As Fastify's defaults: scalars are coerced, unknown keys dropped, 400 names the first fault only.
    /// `requestDetails` is not coerced, since its five types leave nothing to coerce to.
    Lenient,
}

/// What `statusCode` and `error` inside of 400 and 401 bodies say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorBodies {
    /// The same as the status line.
    #[default]
    Truthful,
    /// The page's literal defaults: 404, `Not Found`. Only the status line can be trusted then.
    PublishedDefaults,
}

/// Behaviour of lists that is not documented, so that each possibility can be met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// How a text filter matches.
    pub text_match: TextMatch,
    /// Whether case matters to it. If not, ASCII letters are folded, others are not.
    pub is_case_sensitive: bool,
    /// Which request comes first.
    pub order: Order,
    /// A created request is listed only after so long. (By its id it is found at once.)
    pub lag: Duration,
    /// Which requests it never shows. (By its id each is found.)
    pub omits: Omits,
}

/// Which requests a list leaves out, as for a key that may not read all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Omits {
    /// No request.
    #[default]
    Nothing,
    /// Every request.
    All,
    /// Requests that wait for their person to verify them.
    Unverified,
    /// About every other one.
    Half,
    /// No request, but the notes of each.
    Notes,
}

/// How a text filter matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextMatch {
    /// Anywhere.
    #[default]
    Substring,
    /// The whole text.
    Exact,
    /// From the start.
    Prefix,
    /// Not at all: the filter is accepted and has no effect.
    Ignored,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The last created comes first.
    #[default]
    NewestFirst,
    /// The first created comes first.
    OldestFirst,
}

/// Whether GETs are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// They are.
    #[default]
    Allowed,
    /// 403, as for a key whose role may not read.
    Forbidden403,
    /// 404, as for paths that do not exist.
    NotFound404,
    /// 405, as for paths that know no GET.
    MethodNotAllowed405,
}

impl FromStr for Mode {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "strict" => Ok(Self::Strict),
            "lenient" => Ok(Self::Lenient),
            _ => Err(ParseError::new(text, "one of `strict` and `lenient`")),
        }
    }
}

impl FromStr for TextMatch {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "substring" => Ok(Self::Substring),
            "exact" => Ok(Self::Exact),
            "prefix" => Ok(Self::Prefix),
            "ignored" => Ok(Self::Ignored),
            _ => Err(ParseError::new(
                text,
                "one of `substring`, `exact`, `prefix` and `ignored`",
            )),
        }
    }
}

impl FromStr for Order {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "newest-first" => Ok(Self::NewestFirst),
            "oldest-first" => Ok(Self::OldestFirst),
            _ => Err(ParseError::new(
                text,
                "one of `newest-first` and `oldest-first`",
            )),
        }
    }
}

impl FromStr for Omits {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "nothing" => Ok(Self::Nothing),
            "all" => Ok(Self::All),
            "unverified" => Ok(Self::Unverified),
            "half" => Ok(Self::Half),
            "notes" => Ok(Self::Notes),
            _ => Err(ParseError::new(
                text,
                "one of `nothing`, `all`, `unverified`, `half` and `notes`",
            )),
        }
    }
}

impl FromStr for Reads {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "allowed" => Ok(Self::Allowed),
            "403" => Ok(Self::Forbidden403),
            "404" => Ok(Self::NotFound404),
            "405" => Ok(Self::MethodNotAllowed405),
            _ => Err(ParseError::new(
                text,
                "one of `allowed`, `403`, `404` and `405`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_choices_and_errors_name_the_words() {
        assert_eq!("lenient".parse(), Ok(Mode::Lenient));
        assert_eq!("prefix".parse(), Ok(TextMatch::Prefix));
        assert_eq!("oldest-first".parse(), Ok(Order::OldestFirst));
        assert_eq!("405".parse(), Ok(Reads::MethodNotAllowed405));
        let error = "loose".parse::<Mode>().expect_err("no such mode");
        assert_eq!(
            error.to_string(),
            "`loose` is not one of `strict` and `lenient`"
        );
    }

    #[test]
    fn the_key_is_not_shown() {
        assert!(!format!("{:?}", Config::default()).contains(SANDBOX_API_KEY));
    }
}
