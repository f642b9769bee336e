//! The ways in which one exchange can go wrong, and their text form for the command line.
//!
//! Names only. When a fault strikes is decided in `schedule`, what it does in `misbehave`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::parse_error::ParseError;

const WANTED: &str = "a fault; write ok, a status such as 500, 500:html, 500:empty, 429:retry-after=2 or \
    503:retry-after-date=2, create-then-504, create-then-drop, create-then-hang, late-commit:2s[:504], hang, drop, \
    slow:250ms, junk, cut, wrong-echo or redirect:URL";

/// What happens to one exchange.
///
/// *Created* holds only if the request is one that the sandbox would accept: a wrong key or an invalid
/// body is answered as always. On a GET the same faults act on the answer; nothing is created by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Behaves as published. `ok`
    #[default]
    Ok,
    /// Not created; answers this status. `500`, `502:html`, `504:empty`
    Status {
        /// 200 to 599; anything else is answered as 500.
        code: u16,
        /// What comes with it.
        body: ErrorBody,
    },
    /// Created, then answers this status: the work is done and the answer lost. `create-then-504`
    CreateThenStatus(u16),
    /// Created, then the connection is closed without an answer. `create-then-drop`
    CreateThenDrop,
    /// Created, then no answer comes. `create-then-hang`
    CreateThenHang,
    /// Answers this status at once and creates later. `late-commit:2s`, `late-commit:2s:502`
    LateCommit {
        /// How much later.
        after: Duration,
        /// The status answered.
        status: u16,
    },
    /// Not created; no answer comes. `hang`
    Hang,
    /// Not created; the connection is closed without an answer. `drop`
    Drop,
    /// Not created; 429. `429`, `429:retry-after=2`
    TooMany {
        /// When to come again.
        retry_after: Option<RetryAfter>,
    },
    /// Not created; 503. `503`, `503:retry-after-date=2`
    Unavailable {
        /// When to come again.
        retry_after: Option<RetryAfter>,
    },
    /// Waits, then creates and answers as published. It creates even when the client has gone meanwhile. `slow:250ms`
    Slow(Duration),
    /// Created; the status is right, the body is not JSON. `junk`
    JunkBody,
    /// Created; the connection is closed in the middle of the body. `cut`
    CutBody,
    /// Created as sent, but the answer tells another request type and other notes. `wrong-echo`
    WrongEcho,
    /// Not created; 307. `redirect:URL`
    Redirect307 {
        /// The `Location`.
        to: String,
    },
}

/// What an error status comes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorBody {
    /// `{statusCode, error, message}`
    #[default]
    Published,
    /// A page, as gateways send.
    Html,
    /// Nothing.
    Empty,
}

/// How a server can say when to come again. Seconds from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// `Retry-After: 2`. `retry-after=2`
    Seconds(u64),
    /// `Retry-After: Sun, 06 Nov 1994 08:49:37 GMT`. `retry-after-date=2`
    HttpDate(u64),
    /// `Retry-After: 784111777`, in seconds since 1970. `retry-after-epoch=2`
    Epoch(u64),
    /// `RateLimit: "default";r=0;t=2` (draft-ietf-httpapi-ratelimit-headers). `ratelimit=2`
    RateLimit(u64),
    /// `RateLimit-Reset: 2` (earlier drafts). `ratelimit-reset=2`
    RateLimitReset(u64),
    /// `x-ratelimit-reset`, in seconds since 1970. `x-ratelimit-reset=2`
    XRateLimitReset(u64),
}

impl FromStr for Fault {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new(text, WANTED);
        let (name, detail) = match text.split_once(':') {
            Some((name, detail)) => (name, Some(detail)),
            None => (text, None),
        };
        let fault = match (name, detail) {
            ("ok", None) => Self::Ok,
            ("hang", None) => Self::Hang,
            ("drop", None) => Self::Drop,
            ("junk", None) => Self::JunkBody,
            ("cut", None) => Self::CutBody,
            ("wrong-echo", None) => Self::WrongEcho,
            ("create-then-drop", None) => Self::CreateThenDrop,
            ("create-then-hang", None) => Self::CreateThenHang,
            ("slow", Some(wait)) => Self::Slow(duration(wait).ok_or_else(wrong)?),
            ("redirect", Some(to)) if !to.is_empty() => Self::Redirect307 { to: to.into() },
            ("late-commit", Some(detail)) => {
                let (after, code) = detail.split_once(':').unwrap_or((detail, "504"));
                Self::LateCommit {
                    after: duration(after).ok_or_else(wrong)?,
                    status: status(code).ok_or_else(wrong)?,
                }
            }
            ("429", None) => Self::TooMany { retry_after: None },
            ("503", None) => Self::Unavailable { retry_after: None },
            _ => match (name.strip_prefix("create-then-"), detail) {
                (Some(code), None) => Self::CreateThenStatus(status(code).ok_or_else(wrong)?),
                (Some(_), Some(_)) => return Err(wrong()),
                (None, detail) => {
                    with_status(status(name).ok_or_else(wrong)?, detail).ok_or_else(wrong)?
                }
            },
        };
        Ok(fault)
    }
}

/// `500`, `500:html`, `429:retry-after=2`
fn with_status(code: u16, detail: Option<&str>) -> Option<Fault> {
    let body = match detail {
        None | Some("published") => ErrorBody::Published,
        Some("html") => ErrorBody::Html,
        Some("empty") => ErrorBody::Empty,
        Some(detail) => {
            let retry_after = Some(detail.parse().ok()?);
            return match code {
                429 => Some(Fault::TooMany { retry_after }),
                503 => Some(Fault::Unavailable { retry_after }),
                _ => None,
            };
        }
    };
    Some(Fault::Status { code, body })
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Status { code, body } => match body {
                // Alone, these two mean their own faults.
                ErrorBody::Published if matches!(code, 429 | 503) => write!(f, "{code}:published"),
                ErrorBody::Published => write!(f, "{code}"),
                ErrorBody::Html => write!(f, "{code}:html"),
                ErrorBody::Empty => write!(f, "{code}:empty"),
            },
            Self::CreateThenStatus(code) => write!(f, "create-then-{code}"),
            Self::CreateThenDrop => f.write_str("create-then-drop"),
            Self::CreateThenHang => f.write_str("create-then-hang"),
            Self::LateCommit { after, status } => {
                write!(f, "late-commit:{}:{status}", DurationText(*after))
            }
            Self::Hang => f.write_str("hang"),
            Self::Drop => f.write_str("drop"),
            Self::TooMany { retry_after: None } => f.write_str("429"),
            Self::TooMany {
                retry_after: Some(wait),
            } => write!(f, "429:{wait}"),
            Self::Unavailable { retry_after: None } => f.write_str("503"),
            Self::Unavailable {
                retry_after: Some(wait),
            } => write!(f, "503:{wait}"),
            Self::Slow(wait) => write!(f, "slow:{}", DurationText(*wait)),
            Self::JunkBody => f.write_str("junk"),
            Self::CutBody => f.write_str("cut"),
            Self::WrongEcho => f.write_str("wrong-echo"),
            Self::Redirect307 { to } => write!(f, "redirect:{to}"),
        }
    }
}

impl FromStr for RetryAfter {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || {
            ParseError::new(
                text,
                "a wait in seconds; write retry-after=2, retry-after-date=2, retry-after-epoch=2, ratelimit=2, ratelimit-reset=2 or \
                 x-ratelimit-reset=2",
            )
        };
        let (name, seconds) = text.split_once('=').ok_or_else(wrong)?;
        let seconds = seconds.parse().map_err(|_| wrong())?;
        match name {
            "retry-after" => Ok(Self::Seconds(seconds)),
            "retry-after-date" => Ok(Self::HttpDate(seconds)),
            "retry-after-epoch" => Ok(Self::Epoch(seconds)),
            "ratelimit" => Ok(Self::RateLimit(seconds)),
            "ratelimit-reset" => Ok(Self::RateLimitReset(seconds)),
            "x-ratelimit-reset" => Ok(Self::XRateLimitReset(seconds)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds(seconds) => write!(f, "retry-after={seconds}"),
            Self::HttpDate(seconds) => write!(f, "retry-after-date={seconds}"),
            Self::Epoch(seconds) => write!(f, "retry-after-epoch={seconds}"),
            Self::RateLimit(seconds) => write!(f, "ratelimit={seconds}"),
            Self::RateLimitReset(seconds) => write!(f, "ratelimit-reset={seconds}"),
            Self::XRateLimitReset(seconds) => write!(f, "x-ratelimit-reset={seconds}"),
        }
    }
}

fn status(text: &str) -> Option<u16> {
    text.parse().ok().filter(|code| (200..=599).contains(code))
}

/// `250ms`, `2s`, `5m`, `1h`: a whole number and its unit.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        "h" => Some(Duration::from_secs(number.checked_mul(3600)?)),
        _ => None,
    }
}

/// A duration as [`duration`] reads it; what is below a millisecond is not shown.
pub(super) struct DurationText(pub(super) Duration);

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.subsec_millis() == 0 {
            write!(f, "{}s", self.0.as_secs())
        } else {
            write!(f, "{}ms", self.0.as_millis())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_read_back_from_what_it_is_called() {
        let texts = [
            "ok",
            "500",
            "503:published",
            "429:published",
            "502:html",
            "504:empty",
            "create-then-504",
            "create-then-drop",
            "create-then-hang",
            "late-commit:2s:504",
            "late-commit:50ms:502",
            "hang",
            "drop",
            "429",
            "429:retry-after=2",
            "429:retry-after-date=0",
            "429:retry-after-epoch=1",
            "429:ratelimit=1",
            "429:ratelimit-reset=3",
            "429:x-ratelimit-reset=4",
            "503",
            "503:retry-after=7",
            "slow:250ms",
            "junk",
            "cut",
            "wrong-echo",
            "redirect:http://127.0.0.1:9/there",
        ];
        for text in texts {
            let fault: Fault = text.parse().expect("a fault");
            assert_eq!(fault.to_string(), text);
        }
        assert_eq!(
            "late-commit:2m".parse(),
            Ok(Fault::LateCommit {
                after: Duration::from_mins(2),
                status: 504
            })
        );
    }

    #[test]
    fn what_is_no_fault_is_refused_with_what_would_be() {
        for text in [
            "",
            "nope",
            "99",
            "600",
            "500:retry-after=1",
            "429:retry-after",
            "slow",
            "slow:2",
            "slow:ms",
            "slow:2d",
            "hang:2s",
            "create-then-",
            "create-then-500:html",
            "create-then-slow",
            "late-commit",
            "late-commit:2s:1",
            "redirect:",
            "ok:",
            "slow:99999999999999999999s",
        ] {
            let error = text.parse::<Fault>().expect_err("no fault");
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("`{text}` is not a fault; write ok"))
            );
        }
    }
}
