//! The values that an option and the job file may both give: how they are written, and between which
//! limits they lie. One place, so that both refuse the same and in the same words.
//!
//! Decides nothing about where a value comes from; see `resolve` for that.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use uuid::Uuid;

use crate::plan;

/// Fewest requests a second: one in about seventeen minutes.
pub const RATE_PER_S_MIN: f64 = 0.001;
/// Most requests a second.
pub const RATE_PER_S_MAX: f64 = 1_000_000.0;
/// Most requests under way at once.
pub const CONCURRENCY_MAX: u32 = 1024;
/// The longest job file that is read.
pub const JOB_BYTES_MAX: u64 = 1024 * 1024;
/// Most attempts for one entry.
pub const MAX_ATTEMPTS_MAX: u32 = 100;

/// For one HTTP exchange.
pub const TIMEOUT: Between = Between::new(1_000, 10 * MINUTE_MS, "1s to 10m");
/// For the wait between two look-ups.
pub const SETTLE: Between = Between::new(0, 10 * MINUTE_MS, "0s to 10m");
/// For the first wait between two attempts.
pub const INITIAL_BACKOFF: Between = Between::new(1, 10 * MINUTE_MS, "1ms to 10m");
/// For every wait between two attempts.
pub const MAX_BACKOFF: Between = Between::new(1, 60 * MINUTE_MS, "1ms to 1h");
/// For an outage that a run sits out.
pub const GIVE_UP_AFTER: Between = Between::new(0, 7 * 24 * 60 * MINUTE_MS, "0s to 7d");
/// For how long the sandbox works on a request.
pub const SERVICE_TIME: Between = Between::new(0, 10 * MINUTE_MS, "0s to 10m");
/// For how much later the sandbox lists a request than it made it.
pub const LIST_LAG: Between = Between::new(0, 60 * MINUTE_MS, "0s to 1h");

const MINUTE_MS: u64 = 60_000;

/// Longest piece of a wrong value that a message repeats.
const SHOWN_CHARS_MAX: usize = 60;

/// Why a value cannot be used. Says what was found only where that cannot be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a number at all.
    #[error("`{found}` is not a {wanted}, such as `10`")]
    NotANumber {
        /// What stands there.
        found: String,
        /// `number` or `whole number`.
        wanted: &'static str,
    },
    /// Not a duration.
    #[error(
        "`{found}` is not a duration: write a whole number and a unit, such as `500ms`, `30s`, `5m`, `2h` or `7d`"
    )]
    NotADuration {
        /// What stands there.
        found: String,
    },
    /// Outside its limits.
    #[error("must be {range}, and is {found}")]
    OutOfRange {
        /// What stands there.
        found: String,
        /// The range, in words.
        range: String,
    },
    /// Not a UUID.
    #[error("`{found}` is not a UUID, such as `3f2b8c1e-90ab-4cde-8f01-23456789abcd`")]
    NotAUuid {
        /// What stands there.
        found: String,
    },
    /// Not a place on this machine to listen at.
    #[error(
        "`{found}` is not a port or an address of this machine alone, such as `9464`, `127.0.0.1:9464` or `[::1]:9464`"
    )]
    NotALoopbackAddress {
        /// What stands there.
        found: String,
    },
    /// Not an address at all.
    #[error("the base URL is not a URL ({why})")]
    NotAUrl {
        /// The parser's word.
        why: String,
    },
    /// Neither http nor https.
    #[error("the base URL must begin with https://, and begins with {scheme}:")]
    UrlScheme {
        /// Its scheme.
        scheme: String,
    },
    /// Unencrypted, to somewhere else than this machine.
    #[error(
        "plain http:// to `{host}` is refused: the key and personal data would travel unencrypted (only loopback may be http)"
    )]
    UrlNotEncrypted {
        /// Where it would have gone.
        host: String,
    },
    /// Something that a base URL does not have.
    #[error("the base URL has {part}, which it must not")]
    UrlPart {
        /// The part.
        part: &'static str,
    },
}

/// Where metrics are served: a port of this machine, or an address of it with one.
pub fn metrics_address(text: &str) -> Result<SocketAddr, Refusal> {
    let port = |text: &str| {
        let port: u16 = text.parse().ok()?;
        Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    };
    let text = text.trim();
    let address = port(text).or_else(|| text.parse().ok());
    address
        .filter(|address| address.ip().is_loopback())
        .ok_or_else(|| Refusal::NotALoopbackAddress { found: shown(text) })
}

/// What was found, short enough for a message and on one line.
pub(crate) fn shown(found: &str) -> String {
    let mut chars = found.chars();
    let start: String = chars.by_ref().take(SHOWN_CHARS_MAX).collect();
    let end = if chars.next().is_some() { "…" } else { "" };
    format!(
        "{}{end}",
        start
            .escape_debug()
            .to_string()
            .replace("\\\"", "\"")
            .replace("\\'", "'")
    )
}

/// A range of durations, both ends included.
#[derive(Clone, Copy, Debug)]
pub struct Between {
    min: Duration,
    max: Duration,
    words: &'static str,
}

impl Between {
    const fn new(min_ms: u64, max_ms: u64, words: &'static str) -> Self {
        Self {
            min: Duration::from_millis(min_ms),
            max: Duration::from_millis(max_ms),
            words,
        }
    }

    /// From where to where, in words.
    pub(crate) const fn words(&self) -> &'static str {
        self.words
    }

    /// A duration as people write it (`1h30m`), when it lies within the range.
    pub fn parse(&self, text: &str) -> Result<Duration, Refusal> {
        let duration =
            duration(text).ok_or_else(|| Refusal::NotADuration { found: shown(text) })?;
        if (self.min..=self.max).contains(&duration) {
            Ok(duration)
        } else {
            Err(Refusal::OutOfRange {
                found: shown(text),
                range: self.words.to_owned(),
            })
        }
    }
}

/// One or more of a whole number and a unit; spaces may stand between. `None` when it is anything else.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut sum = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_where(after.trim_start(), |c| !c.is_ascii_alphabetic());
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => MINUTE_MS,
            "h" => 60 * MINUTE_MS,
            "d" => 24 * 60 * MINUTE_MS,
            _ => return None,
        };
        let part_ms = number.parse::<u64>().ok()?.checked_mul(unit_ms)?;
        sum = sum.checked_add(Duration::from_millis(part_ms))?;
        rest = after.trim_start();
    }
    Some(sum)
}

fn split_where(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

/// A number of requests a second that lies within the limits.
pub fn rate_per_s(rate: f64) -> Result<f64, Refusal> {
    if (RATE_PER_S_MIN..=RATE_PER_S_MAX).contains(&rate) {
        Ok(rate)
    } else {
        Err(out_of_range(
            rate,
            format_args!("{RATE_PER_S_MIN} to {RATE_PER_S_MAX} requests a second"),
        ))
    }
}

/// A number of requests under way at once that lies within the limits.
pub fn concurrency(count: i128) -> Result<NonZeroU32, Refusal> {
    whole(count, CONCURRENCY_MAX)
}

/// A number of attempts that lies within the limits.
pub fn max_attempts(count: i128) -> Result<NonZeroU32, Refusal> {
    whole(count, MAX_ATTEMPTS_MAX)
}

/// A number of workers of the sandbox.
pub fn workers(count: i128) -> Result<NonZeroU32, Refusal> {
    whole(count, u32::MAX)
}

/// A whole number whose type sets its limits.
pub fn unsigned<N: TryFrom<i128>>(count: i128, range: &str) -> Result<N, Refusal> {
    N::try_from(count).map_err(|_| out_of_range(count, format_args!("{range}")))
}

fn whole(count: i128, max: u32) -> Result<NonZeroU32, Refusal> {
    u32::try_from(count)
        .ok()
        .filter(|count| *count <= max)
        .and_then(NonZeroU32::new)
        .ok_or_else(|| out_of_range(count, format_args!("1 to {max}")))
}

fn out_of_range(found: impl fmt::Display, range: fmt::Arguments<'_>) -> Refusal {
    Refusal::OutOfRange {
        found: found.to_string(),
        range: range.to_string(),
    }
}

/// A UUID in one of the usual ways of writing it.
pub fn uuid(text: &str) -> Result<Uuid, Refusal> {
    text.trim()
        .parse()
        .map_err(|_| Refusal::NotAUuid { found: shown(text) })
}

/// A base URL in its one form, without a slash at its end.
///
/// Parsed by the very parser that the client sends with, so that what is judged here is where it goes.
pub fn base_url(text: &str) -> Result<String, Refusal> {
    let url = reqwest::Url::parse(text.trim()).map_err(|error| Refusal::NotAUrl {
        why: error.to_string(),
    })?;
    // First, since everything else may repeat a part of what was given.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::UrlPart {
            part: "a user name or a password",
        });
    }
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => {}
        "http" if plan::is_loopback(host) => {}
        "http" => {
            return Err(Refusal::UrlNotEncrypted {
                host: host.to_owned(),
            });
        }
        scheme => {
            return Err(Refusal::UrlScheme {
                scheme: scheme.to_owned(),
            });
        }
    }
    if url.query().is_some() {
        return Err(Refusal::UrlPart {
            part: "a query (`?…`)",
        });
    }
    if url.fragment().is_some() {
        return Err(Refusal::UrlPart {
            part: "a fragment (`#…`)",
        });
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Instead of a base URL that cannot be used.
pub fn base_url_hint() -> String {
    format!(
        "leave it out for Concord's own address, {}",
        plan::BASE_URL_DEFAULT
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let ms = |text| duration(text).map(|duration| duration.as_millis());
        for (text, expected) in [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            (" 5 m ", Some(300_000)),
            ("1h30m", Some(5_400_000)),
            ("1h 30m", Some(5_400_000)),
            ("7d", Some(604_800_000)),
            ("0s", Some(0)),
            ("", None),
            ("30", None),
            ("s", None),
            ("1.5s", None),
            ("-5s", None),
            ("5 minutes", None),
            ("99999999999999999999s", None),
            ("18446744073709551615d", None),
        ] {
            assert_eq!(ms(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_value_out_of_range_is_refused_by_naming_the_range() {
        let messages = [
            TIMEOUT.parse("11m").expect_err("too long").to_string(),
            rate_per_s(0.0).expect_err("too slow").to_string(),
            rate_per_s(f64::NAN).expect_err("no number").to_string(),
            concurrency(1025).expect_err("too many").to_string(),
            max_attempts(0).expect_err("too few").to_string(),
        ];
        assert_eq!(
            messages,
            [
                "must be 1s to 10m, and is 11m",
                "must be 0.001 to 1000000 requests a second, and is 0",
                "must be 0.001 to 1000000 requests a second, and is NaN",
                "must be 1 to 1024, and is 1025",
                "must be 1 to 100, and is 0",
            ]
        );
    }

    #[test]
    fn every_default_lies_within_its_limits() {
        let send = crate::plan::Sending::default();
        rate_per_s(send.rate_per_s).expect("rate");
        concurrency(send.concurrency.get().into()).expect("concurrency");
        max_attempts(send.max_attempts.get().into()).expect("attempts");
        for (range, duration) in [
            (INITIAL_BACKOFF, send.initial_backoff),
            (MAX_BACKOFF, send.max_backoff),
            (SETTLE, send.settle),
            (TIMEOUT, send.timeout),
            (GIVE_UP_AFTER, send.give_up_after),
        ] {
            assert!((range.min..=range.max).contains(&duration), "{range:?}");
        }
    }

    #[test]
    fn a_base_url_is_https_or_loopback() {
        for (text, expected) in [
            (
                "https://api.concord.tech/privacy-v1",
                "https://api.concord.tech/privacy-v1",
            ),
            (
                "https://api.concord.tech/privacy-v1/",
                "https://api.concord.tech/privacy-v1",
            ),
            (" HTTPS://API.concord.tech// ", "https://api.concord.tech"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.1.2.3/x/", "http://127.1.2.3/x"),
            ("http://[::1]:9", "http://[::1]:9"),
        ] {
            assert_eq!(base_url(text).as_deref(), Ok(expected));
        }
        for text in [
            "",
            "api.concord.tech/privacy-v1",
            "http://api.concord.tech",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://0.0.0.0",
            "http://example.com\\@127.0.0.1",
            "ftp://localhost",
            "https://a:b@api.concord.tech",
            "https://api.concord.tech?x=1",
            "https://api.concord.tech#x",
        ] {
            assert!(base_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_a_base_url_is_not_repeated() {
        for text in [
            "http://bob:hunter2@example.com",
            "ftp://bob:hunter2@example.com",
        ] {
            let message = base_url(text).expect_err("refused").to_string();
            assert!(
                !message.contains("hunter2") && !message.contains("bob"),
                "{message}"
            );
        }
    }

    #[test]
    fn what_is_shown_is_short_and_on_one_line() {
        assert_eq!(shown("it's \"x\"\n"), "it's \"x\"\\n");
        assert_eq!(shown(&"x".repeat(61)), format!("{}…", "x".repeat(60)));
    }
}
