//! What a server says of its limits in the headers of an answer: read, and not believed beyond reason.
//!
//! Three families are known, in this order: `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers,
//! and `RateLimit: limit=100, remaining=0, reset=5` of its seventh version), `RateLimit-Limit`, `-Remaining` and `-Reset`
//! (its earlier versions), and the `X-RateLimit-` ones that were there before. What is done about it is decided in
//! `announced_limit` and `classify`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderMap;

use crate::time_of_day;

/// More requests than this are no limit.
const REQUESTS_MAX: f64 = 1e9;
/// A reset or a Retry-After further away than this, or a longer window, is not believed.
const RESET_MAX: Duration = Duration::from_hours(24);
/// A reset of so many is a time since 1970 in seconds, of so many in milliseconds: as a wait it would be years.
const SINCE_1970_MIN_S: f64 = 1e8;
const SINCE_1970_MIN_MS: f64 = 1e11;
/// Windows of a header that are looked at.
const ITEMS_MAX: usize = 16;

/// What is left of a server's limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Requests of a window.
    pub limit: Option<f64>,
    /// The length of the window.
    pub window: Option<Duration>,
    /// Requests left before the reset.
    pub remaining: Option<f64>,
    /// When there are more, from now.
    pub reset: Option<Duration>,
}

impl Limits {
    /// What the headers of an answer say, made at that time by the server's clock.
    pub fn of(headers: &HeaderMap, date: Option<SystemTime>) -> Option<Self> {
        let is_there = headers.keys().any(|name| {
            let name = name.as_str();
            name.starts_with("ratelimit") || name.starts_with("x-ratelimit")
        });
        if !is_there {
            return None;
        }
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let reset = |name: &str| read_reset(text(name)?, date);
        let mut limits = text("ratelimit").map_or_else(Self::default, read_ratelimit);
        if limits.is_empty() {
            limits = Self {
                remaining: text("ratelimit-remaining").and_then(number),
                reset: reset("ratelimit-reset"),
                ..Self::default()
            };
        }
        if limits.is_empty() {
            limits = Self {
                limit: text("x-ratelimit-limit").and_then(number),
                remaining: text("x-ratelimit-remaining").and_then(number),
                reset: reset("x-ratelimit-reset"),
                ..Self::default()
            };
        }
        let policy = text("ratelimit-policy").or_else(|| text("ratelimit-limit"));
        if let Some((limit, window)) = policy.map(read_policy) {
            limits.limit = limits.limit.or(limit);
            limits.window = window;
        }
        (limits != Self::default()).then_some(limits)
    }

    fn is_empty(&self) -> bool {
        self.remaining.is_none() && self.reset.is_none()
    }

    /// When to come again, should nothing be left.
    pub(super) fn wait(&self) -> Option<Duration> {
        self.reset
            .filter(|_| self.remaining.is_none_or(|remaining| remaining < 1.0))
    }

    /// What can be sent all the time, where that is said.
    pub(super) fn per_s(&self) -> Option<f64> {
        let window = self.window.filter(|window| !window.is_zero())?;
        self.limit
            .filter(|limit| *limit >= 1.0)
            .map(|limit| limit / window.as_secs_f64())
    }
}

/// A number of requests. Fractions occur; what is negative means something else.
fn number(text: &str) -> Option<f64> {
    // Earlier versions put the windows behind the limit, after a comma.
    let first = text.split([',', ';']).next()?.trim();
    let number: f64 = first.parse().ok()?;
    (0.0..=REQUESTS_MAX).contains(&number).then_some(number)
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    (0.0..=RESET_MAX.as_secs_f64())
        .contains(&seconds)
        .then(|| Duration::from_secs_f64(seconds))
}

/// Reads Retry-After: a wait in seconds or a date (RFC 9110, 10.2.3), or what servers send beside these, a time since
/// 1970 in seconds or milliseconds, or a date as in RFC 3339. A time in the past means now. `date` is the server's own.
pub(super) fn read_retry_after(text: &str, date: Option<SystemTime>) -> Option<Duration> {
    read_wait(text, date).filter(|wait| *wait <= RESET_MAX)
}

fn read_wait(text: &str, date: Option<SystemTime>) -> Option<Duration> {
    let text = text.trim();
    let now = date.unwrap_or_else(time_of_day);
    if let Ok(value) = text.parse::<f64>() {
        if value.is_nan() || value < 0.0 {
            return None;
        }
        if value < SINCE_1970_MIN_S {
            return Duration::try_from_secs_f64(value).ok();
        }
        let at = Duration::try_from_secs_f64(since_1970_s(value)).ok()?;
        return Some(at.saturating_sub(now.duration_since(UNIX_EPOCH).ok()?));
    }
    let at = httpdate::parse_http_date(text).ok().or_else(|| {
        let at: jiff::Timestamp = text.parse().ok()?;
        Some(UNIX_EPOCH + Duration::from_millis(at.as_millisecond().try_into().ok()?))
    })?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// Returns a time since 1970 in seconds. The server gives it in seconds or milliseconds.
fn since_1970_s(value: f64) -> f64 {
    if value < SINCE_1970_MIN_MS {
        value
    } else {
        value / 1000.0
    }
}

/// A wait in seconds, or a time since 1970 in seconds or milliseconds: told apart by how large it is.
fn read_reset(text: &str, date: Option<SystemTime>) -> Option<Duration> {
    let value: f64 = text.trim().parse().ok()?;
    if value.is_nan() || value < SINCE_1970_MIN_S {
        return seconds(text);
    }
    let now = date.unwrap_or_else(time_of_day);
    let at = Duration::try_from_secs_f64(since_1970_s(value)).ok()?;
    let now = now.duration_since(UNIX_EPOCH).ok()?;
    // What is past is now.
    Some(at.saturating_sub(now)).filter(|wait| *wait <= RESET_MAX)
}

/// `"default";r=50;t=30`, several of them, or `limit=100, remaining=50, reset=30`: the one with the least left.
fn read_ratelimit(text: &str) -> Limits {
    let mut tightest = Limits::default();
    let mut named = Limits::default();
    for item in text.split(',').take(ITEMS_MAX) {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        match name.trim().split_once('=') {
            Some(("limit", value)) => named.limit = number(value),
            Some(("remaining", value)) => named.remaining = number(value),
            Some(("reset", value)) => named.reset = seconds(value),
            _ => {
                let one = Limits {
                    remaining: parameter(parameters, "r").and_then(number),
                    reset: parameter(parameters, "t").and_then(seconds),
                    ..Limits::default()
                };
                let is_tighter = match (one.remaining, tightest.remaining) {
                    (Some(one), Some(tightest)) => one < tightest,
                    (one, tightest) => one.is_some() && tightest.is_none(),
                };
                if is_tighter {
                    tightest = one;
                }
            }
        }
    }
    if named.is_empty() { tightest } else { named }
}

/// `"default";q=100;w=10`, or `100, 100;w=10`: the requests of a window and its length, of the window that lets the
/// least through.
fn read_policy(text: &str) -> (Option<f64>, Option<Duration>) {
    let mut tightest: (Option<f64>, Option<Duration>) = (None, None);
    for item in text.split(',').take(ITEMS_MAX) {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let limit = parameter(parameters, "q").map_or_else(|| number(name), number);
        let window = parameter(parameters, "w").and_then(seconds);
        let per_s = |(limit, window): (Option<f64>, Option<Duration>)| {
            let window = window.filter(|window| !window.is_zero())?;
            Some(limit? / window.as_secs_f64())
        };
        let is_tighter = match (per_s((limit, window)), per_s(tightest)) {
            (Some(one), Some(other)) => one < other,
            (Some(_), None) => true,
            (None, _) => tightest == (None, None),
        };
        if is_tighter {
            tightest = (limit, window);
        }
    }
    tightest
}

/// `;r=50;t=30`
fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters.split(';').find_map(|parameter| {
        let (found, value) = parameter.trim().split_once('=')?;
        (found.trim() == name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const DATE_S: u64 = 1_800_000_000;

    fn read(headers: &[(&'static str, &str)]) -> Option<Limits> {
        let headers = headers.iter().map(|(name, value)| {
            let value = HeaderValue::from_str(value).expect("a value");
            (HeaderName::from_static(name), value)
        });
        let date = UNIX_EPOCH + Duration::from_secs(DATE_S);
        Limits::of(&headers.collect(), Some(date))
    }

    fn left(remaining: f64, reset_s: u64) -> Limits {
        Limits {
            remaining: Some(remaining),
            reset: Some(Duration::from_secs(reset_s)),
            ..Limits::default()
        }
    }

    #[test]
    fn each_family_is_read() {
        let of_100 = |limits| Limits {
            limit: Some(100.0),
            ..limits
        };
        assert_eq!(
            read(&[("ratelimit", "\"default\";r=50;t=30")]),
            Some(left(50.0, 30))
        );
        assert_eq!(
            read(&[("ratelimit", "default; r=50; t=30")]),
            Some(left(50.0, 30))
        );
        assert_eq!(
            read(&[("ratelimit", "\"hour\";r=900;t=1800, \"second\";r=3;t=1")]),
            Some(left(3.0, 1))
        );
        assert_eq!(
            read(&[("ratelimit", "limit=100, remaining=0, reset=5")]),
            Some(of_100(left(0.0, 5)))
        );
        let older = [
            ("ratelimit-limit", "100"),
            ("ratelimit-remaining", "7"),
            ("ratelimit-reset", "5"),
        ];
        assert_eq!(read(&older), Some(of_100(left(7.0, 5))));
        let oldest = [
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", "7"),
            ("x-ratelimit-reset", "5"),
        ];
        assert_eq!(read(&oldest), Some(of_100(left(7.0, 5))));
        assert_eq!(read(&[("content-type", "text/plain")]), None);
    }

    #[test]
    fn a_policy_says_what_can_be_sent_all_the_time() {
        for (name, policy, per_s) in [
            ("ratelimit-policy", "\"default\";q=100;w=10", Some(10.0)),
            (
                "ratelimit-policy",
                "\"day\";q=864000;w=86400, \"s\";q=5;w=1",
                Some(5.0),
            ),
            ("ratelimit-limit", "100, 100;w=10", Some(10.0)),
            ("ratelimit-limit", "100", None),
            ("ratelimit-policy", "100;w=0", None),
            ("ratelimit-policy", "0;w=1", None),
        ] {
            let limits = read(&[("ratelimit", "\"default\";r=9;t=9"), (name, policy)]);
            assert_eq!(limits.expect("limits").per_s(), per_s, "{policy}");
        }
    }

    #[test]
    fn a_reset_is_a_wait_or_a_time_by_how_large_it_is() {
        for (reset, expected) in [
            ("0", Some(0.0)),
            ("1.5", Some(1.5)),
            ("86400", Some(86_400.0)),
            ("1800000007", Some(7.0)),
            ("1800000007500", Some(7.5)),
            // Past, which a clock that is a little off makes of the present.
            ("1799999990", Some(0.0)),
            ("86401", None),
            ("1900000000", None),
            ("99999999999999999999", None),
            ("-1", None),
            ("NaN", None),
            ("inf", None),
            ("soon", None),
            ("", None),
        ] {
            let limits = read(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", reset)]);
            let reset_s = limits.and_then(|limits| limits.reset);
            assert_eq!(reset_s.map(|wait| wait.as_secs_f64()), expected, "{reset}");
        }
    }

    #[test]
    fn a_retry_after_is_a_wait_or_a_time_in_every_form_that_servers_send() {
        let date = UNIX_EPOCH + Duration::from_secs(DATE_S);
        for (text, expected) in [
            ("7", Some(7.0)),
            (" 0 ", Some(0.0)),
            ("1.5", Some(1.5)),
            ("86400", Some(86_400.0)),
            ("86401", None),
            ("1800090000", None),
            ("1800090000000", None),
            ("Sun, 17 Jan 2027 08:00:07 GMT", None),
            ("1800000007", Some(7.0)),
            ("1800000007.5", Some(7.5)),
            ("1800000007500", Some(7.5)),
            ("1799999990", Some(0.0)),
            ("1799999990000", Some(0.0)),
            ("Fri, 15 Jan 2027 08:00:07 GMT", Some(7.0)),
            ("2027-01-15T08:00:07Z", Some(7.0)),
            ("2027-01-15T09:00:07+01:00", Some(7.0)),
            ("Fri, 15 Jan 2027 07:59:00 GMT", Some(0.0)),
            ("-1", None),
            ("NaN", None),
            ("inf", None),
            ("soon", None),
            ("", None),
        ] {
            let wait = read_retry_after(text, Some(date));
            assert_eq!(wait.map(|wait| wait.as_secs_f64()), expected, "{text}");
        }
        // Without a date of the server, by our own clock.
        let now_s = time_of_day().duration_since(UNIX_EPOCH).expect("later");
        let wait = read_retry_after(&(now_s.as_secs() + 60).to_string(), None);
        let wait_s = wait.expect("a wait").as_secs();
        assert!((58..=60).contains(&wait_s), "{wait_s}");
    }

    #[test]
    fn what_makes_no_sense_says_nothing() {
        for (name, value) in [
            ("ratelimit", ""),
            ("ratelimit", ";;;,,,==="),
            ("ratelimit", "\"default\";r=;t="),
            ("ratelimit", "\"default\";r=-1;t=-1"),
            ("ratelimit", "\"default\";r=1e300;t=1e300"),
            ("x-ratelimit-remaining", "-1"),
            ("x-ratelimit-remaining", "many"),
            ("x-ratelimit-remaining", "2000000000"),
            ("ratelimit-policy", "x"),
            ("x-ratelimit-resource", "core"),
        ] {
            assert_eq!(read(&[(name, value)]), None, "{name}: {value}");
        }
    }

    #[test]
    fn only_what_is_used_up_says_when_to_come_again() {
        let wait =
            |headers: &[(&'static str, &str)]| read(headers).and_then(|limits| limits.wait());
        let three = Some(Duration::from_secs(3));
        assert_eq!(wait(&[("ratelimit", "\"default\";r=0;t=3")]), three);
        assert_eq!(wait(&[("x-ratelimit-reset", "3")]), three);
        assert_eq!(wait(&[("ratelimit", "\"default\";r=2;t=3")]), None);
    }
}
