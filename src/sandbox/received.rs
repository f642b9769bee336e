//! What arrived and what came of it: for tests to look at.
//!
//! Bounded, in memory only, without bodies. A query may hold personal data, as filters do: never written anywhere.

use std::collections::VecDeque;

use axum::http::{HeaderMap, Method, Uri, header};
use tokio::time::Instant;

use super::faults::Fault;

/// Exchanges remembered; older ones are forgotten first.
pub const RECEIVED_MAX: usize = 10_000;

/// One exchange.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "internals"),
    expect(dead_code, reason = "tests read it")
)]
pub struct Received {
    /// `POST`, `GET`, …
    pub method: Method,
    /// From the root, `/privacy-v1` included.
    pub path: String,
    /// As it came, still encoded.
    pub query: Option<String>,
    /// What `x-api-key` was.
    pub key: Key,
    /// Whether the content type is JSON.
    pub is_json: bool,
    /// When all of it had arrived.
    pub arrived: Instant,
    /// What struck it; [`Fault::Ok`] if nothing.
    pub fault: Fault,
    /// The status answered; none as long as there is no answer.
    pub status: Option<u16>,
}

/// What a request brought as `x-api-key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The right one.
    Right,
    /// Another.
    Wrong,
    /// None.
    Absent,
}

impl Key {
    pub(super) fn of(headers: &HeaderMap, right: &str) -> Self {
        match headers.get("x-api-key") {
            Some(key) if key.as_bytes() == right.as_bytes() => Self::Right,
            Some(_) => Self::Wrong,
            None => Self::Absent,
        }
    }
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| {
        let essence = text.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}

/// The last exchanges, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// How many came before the first that is still held.
    forgotten: usize,
    entries: VecDeque<Received>,
}

impl Log {
    /// Notes an arrival and numbers it, from 0.
    pub(super) fn arrive(
        &mut self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        key: Key,
        now: Instant,
        fault: Fault,
    ) -> usize {
        if self.entries.len() == RECEIVED_MAX {
            self.entries.pop_front();
            self.forgotten += 1;
        }
        self.entries.push_back(Received {
            method: method.clone(),
            path: uri.path().into(),
            query: uri.query().map(Into::into),
            key,
            is_json: is_json(headers),
            arrived: now,
            fault,
            status: None,
        });
        self.arrivals() - 1
    }

    pub(super) fn answer(&mut self, number: usize, status: u16) {
        let at = number.checked_sub(self.forgotten);
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            entry.status = Some(status);
        }
    }

    pub(super) fn arrivals(&self) -> usize {
        self.forgotten + self.entries.len()
    }

    #[cfg(feature = "internals")]
    pub(super) fn entries(&self) -> Vec<Received> {
        self.entries.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_and_late_answers_to_them_go_nowhere() {
        let mut log = Log::default();
        let (uri, headers) = (Uri::from_static("/a?b=c"), HeaderMap::new());
        for number in 0..RECEIVED_MAX + 2 {
            let key = Key::of(&headers, "k");
            let got = log.arrive(&Method::GET, &uri, &headers, key, Instant::now(), Fault::Ok);
            assert_eq!(got, number);
        }
        log.answer(1, 500);
        log.answer(2, 501);
        let entries = log.entries();
        assert_eq!(
            (entries.len(), log.arrivals()),
            (RECEIVED_MAX, RECEIVED_MAX + 2)
        );
        assert_eq!((entries[0].status, entries[1].status), (Some(501), None));
        assert_eq!(
            (entries[0].query.as_deref(), entries[0].key),
            (Some("b=c"), Key::Absent)
        );
    }
}
