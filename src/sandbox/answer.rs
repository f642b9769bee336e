//! Answers as published: JSON, and error bodies `{statusCode, error, message}`.
//!
//! Knows no request. Messages never quote what was sent.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::config::ErrorBodies;
use super::faults::{ErrorBody, RetryAfter};
use super::throttle::Announced;
use super::throttle::Quota;

/// What a gateway shows when it has no better idea; also what a junk body is.
const HTML: &str = "<!doctype html>\n<html><head><title>Sorry</title></head><body><h1>Something is in the way</h1></body></html>\n";

/// A body that answers a request.
pub(super) struct Answer {
    status: StatusCode,
    json: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: StatusCode, value: &impl Serialize) -> Result<Self, Refusal> {
        match serde_json::to_vec(value) {
            Ok(json) => Ok(Self { status, json }),
            Err(_) => Err(Refusal::internal()),
        }
    }
}

/// Why a request is not answered otherwise.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    pub(super) fn bad(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The page fixes these messages.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(super) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden")
    }

    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    }

    pub(super) fn response(&self, bodies: ErrorBodies) -> Response<Body> {
        let lies = bodies == ErrorBodies::PublishedDefaults
            && matches!(
                self.status,
                StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED
            );
        let told = if lies {
            StatusCode::NOT_FOUND
        } else {
            self.status
        };
        let body = serde_json::json!({
            "statusCode": told.as_u16(),
            "error": told.canonical_reason().unwrap_or("Unknown"),
            "message": self.message,
        });
        with_body(
            self.status,
            "application/json; charset=utf-8",
            body.to_string().into(),
        )
    }
}

/// The answer, or the refusal in the form that was chosen.
pub(super) fn respond(answered: Result<Answer, Refusal>, bodies: ErrorBodies) -> Response<Body> {
    match answered {
        Ok(answer) => with_body(
            answer.status,
            "application/json; charset=utf-8",
            answer.json.into(),
        ),
        Err(refusal) => refusal.response(bodies),
    }
}

/// An error out of nowhere. A code that is no status becomes 500.
pub(super) fn fault(code: u16, body: ErrorBody, bodies: ErrorBodies) -> Response<Body> {
    let status = StatusCode::from_u16(code)
        .ok()
        .filter(|status| !status.is_informational())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match body {
        ErrorBody::Published => {
            let message = status.canonical_reason().unwrap_or("Unknown");
            Refusal::new(status, message).response(bodies)
        }
        ErrorBody::Html => html(status),
        ErrorBody::Empty => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status;
            response
        }
    }
}

/// Something that is not JSON.
pub(super) fn html(status: StatusCode) -> Response<Body> {
    with_body(status, "text/html; charset=utf-8", HTML.into())
}

/// The header that says when to come again.
pub(super) fn retry_after(wait: RetryAfter, now_s: u64) -> (HeaderName, HeaderValue) {
    match wait {
        RetryAfter::Seconds(seconds) => (header::RETRY_AFTER, seconds.into()),
        RetryAfter::HttpDate(seconds) => {
            // The last second that an HTTP date can name is that of the year 9999.
            let at_s = now_s.saturating_add(seconds).min(253_402_300_799);
            let date = httpdate::fmt_http_date(
                std::time::UNIX_EPOCH + std::time::Duration::from_secs(at_s),
            );
            (header::RETRY_AFTER, text(&date))
        }
        RetryAfter::Epoch(seconds) => (header::RETRY_AFTER, now_s.saturating_add(seconds).into()),
        RetryAfter::RateLimit(seconds) => (
            HeaderName::from_static("ratelimit"),
            text(&format!("\"default\";r=0;t={seconds}")),
        ),
        RetryAfter::RateLimitReset(seconds) => {
            (HeaderName::from_static("ratelimit-reset"), seconds.into())
        }
        RetryAfter::XRateLimitReset(seconds) => (
            HeaderName::from_static("x-ratelimit-reset"),
            now_s.saturating_add(seconds).into(),
        ),
    }
}

/// What is left of a limit, in the form that was chosen.
pub(super) fn announce(headers: &mut HeaderMap, announced: Announced, quota: Quota) {
    let Quota {
        limit,
        remaining,
        reset_s,
    } = quota;
    match announced {
        Announced::RateLimit => {
            let policy = text(&format!("\"default\";q={limit};w=1"));
            let left = text(&format!("\"default\";r={remaining};t={reset_s}"));
            headers.insert("ratelimit-policy", policy);
            headers.insert("ratelimit", left);
        }
        Announced::XRateLimit => {
            headers.insert("x-ratelimit-limit", limit.into());
            headers.insert("x-ratelimit-remaining", remaining.into());
            headers.insert("x-ratelimit-reset", reset_s.into());
        }
    }
}

/// A header value; empty if it cannot be one.
pub(super) fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}

fn with_body(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_asking_for_a_wait_has_its_header() {
        let header = |wait| {
            let (name, value) = retry_after(wait, 784_111_775);
            format!("{name}: {}", value.to_str().expect("text"))
        };
        assert_eq!(header(RetryAfter::Seconds(2)), "retry-after: 2");
        assert_eq!(
            header(RetryAfter::HttpDate(2)),
            "retry-after: Sun, 06 Nov 1994 08:49:37 GMT"
        );
        assert_eq!(
            header(RetryAfter::HttpDate(u64::MAX)),
            "retry-after: Fri, 31 Dec 9999 23:59:59 GMT"
        );
        assert_eq!(header(RetryAfter::Epoch(2)), "retry-after: 784111777");
        assert_eq!(
            header(RetryAfter::RateLimit(2)),
            "ratelimit: \"default\";r=0;t=2"
        );
        assert_eq!(header(RetryAfter::RateLimitReset(2)), "ratelimit-reset: 2");
        assert_eq!(
            header(RetryAfter::XRateLimitReset(2)),
            "x-ratelimit-reset: 784111777"
        );
    }

    #[test]
    fn no_code_makes_a_fault_panic() {
        for (code, answered) in [(0, 500), (101, 500), (1000, 500), (299, 299), (599, 599)] {
            let response = fault(code, ErrorBody::Published, ErrorBodies::Truthful);
            assert_eq!(response.status().as_u16(), answered);
        }
    }
}
