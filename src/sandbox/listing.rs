//! Lists of requests: the query, the filters, the page.
//!
//! What is not documented is a choice of [`super::Listing`]. A text filter looks at every request of the
//! project within the dates, and meanwhile the store is locked. `sort` and `order` have no documented values:
//! any are taken, none has an effect.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::answer::{Answer, Refusal, respond};
use super::config::{Listing, Mode, Omits, Order};
use super::paths::{check_organization, target};
use super::requests::Shown;
use super::schema::is_uuid;
use super::store::Stored;
use super::text_match::matches;
use super::{Server, lock};

/// Items of a page unless asked for otherwise.
pub const LIMIT_DEFAULT: usize = 100;
/// Items of a page at most.
pub const LIMIT_MAX: usize = 1000;
/// Characters of a text filter at most.
pub const FILTER_CHARS_MAX: usize = 128;

const REQUESTS: [&str; 4] = ["change", "delete", "view", "do_not_sell"];
const STATUSES: [&str; 4] = [
    "pending_verification",
    "submitted",
    "acknowledged",
    "resolved",
];
const RESOLUTION_STATUSES: [&str; 5] = [
    "completed",
    "no_records_found",
    "partially_completed",
    "denied",
    "withdrawn",
];
const TEXTS: [&str; 11] = [
    "concordId",
    "domain",
    "notes",
    "requestDetails",
    "resolution",
    "sessionId",
    "text",
    "userEmail",
    "userAgent",
    "geography",
    "ipAddress",
];

/// `GET /organizations/{o}/projects/{p}/compliance-requests`
pub(super) async fn of_project(
    State(server): State<Arc<Server>>,
    Path((organization, project)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    let config = &server.config;
    let listed = target(config, &organization, &project).and_then(|project| {
        let query = Query::parse(&uri, config.mode, false)?;
        list(&server, &query, &[project.id])
    });
    respond(listed, config.error_bodies)
}

/// `GET /organizations/{o}/compliance-requests`
pub(super) async fn of_organization(
    State(server): State<Arc<Server>>,
    Path(organization): Path<String>,
    uri: Uri,
) -> Response {
    let config = &server.config;
    let listed = check_organization(config, &organization).and_then(|()| {
        let query = Query::parse(&uri, config.mode, true)?;
        let projects: Vec<_> = config.projects.iter().map(|project| project.id).collect();
        let wanted = |id: &Uuid| query.projects.is_empty() || query.projects.contains(id);
        list(
            &server,
            &query,
            &projects.into_iter().filter(wanted).collect::<Vec<_>>(),
        )
    });
    respond(listed, config.error_bodies)
}

fn list(server: &Server, query: &Query, projects: &[Uuid]) -> Result<Answer, Refusal> {
    let listing = server.config.listing;
    let lag_ms = i64::try_from(listing.lag.as_millis()).unwrap_or(i64::MAX);
    let listed_until_ms = server.clock.now_ms().saturating_sub(lag_ms);
    let until_ms = query.until_ms.min(listed_until_ms);
    let (total, items) = {
        let store = lock(&server.store);
        if let [project] = projects
            && listing.omits == Omits::Nothing
        {
            query.select(
                dated(store.of_project(*project), query.from_ms, until_ms),
                listing,
            )
        } else {
            let all = dated(store.all(), query.from_ms, until_ms);
            let ours = all
                .iter()
                .filter(|item| projects.contains(&item.project_id));
            let shown = ours.filter(|item| shows(listing.omits, item));
            query.select(&shown.cloned().collect::<Vec<_>>(), listing)
        }
    };
    let shown: Vec<_> = items
        .iter()
        .map(|stored| {
            let shown = Shown::of(stored, &server.config);
            if listing.omits == Omits::Notes {
                shown.without_notes()
            } else {
                shown
            }
        })
        .collect();
    let page = Page {
        offset: query.paging.offset,
        count: shown.len(),
        total,
        items: shown,
    };
    Answer::new(StatusCode::OK, &page)
}

/// Returns whether a list shows a request.
fn shows(omits: Omits, stored: &Stored) -> bool {
    match omits {
        Omits::Nothing | Omits::Notes => true,
        Omits::All => false,
        Omits::Unverified => stored.body.preverified,
        Omits::Half => stored.id.as_u128().is_multiple_of(2),
    }
}

/// The part of a list, oldest first, that was created within these moments, both included.
fn dated(all: &[Arc<Stored>], from_ms: i64, until_ms: i64) -> &[Arc<Stored>] {
    let start = all.partition_point(|stored| stored.request_date_ms < from_ms);
    let end = all.partition_point(|stored| stored.request_date_ms <= until_ms);
    all.get(start..end).unwrap_or_default()
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    offset: usize,
    count: usize,
    total: usize,
    items: Vec<T>,
}

impl<T: Clone> Page<T> {
    /// The page of a list that is known whole.
    pub(super) fn cut(paging: Paging, all: &[T]) -> Self {
        let items: Vec<_> = all
            .iter()
            .skip(paging.offset)
            .take(paging.limit)
            .cloned()
            .collect();
        Self {
            offset: paging.offset,
            count: items.len(),
            total: all.len(),
            items,
        }
    }
}

/// `limit` and `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    limit: usize,
    offset: usize,
}

/// What a list is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) paging: Paging,
    from_ms: i64,
    until_ms: i64,
    request: Option<String>,
    status: Option<String>,
    resolution_status: Option<String>,
    id: Option<Uuid>,
    texts: Vec<(&'static str, String)>,
    projects: Vec<Uuid>,
}

impl Query {
    fn empty() -> Self {
        Self {
            paging: Paging {
                limit: LIMIT_DEFAULT,
                offset: 0,
            },
            from_ms: i64::MIN,
            until_ms: i64::MAX,
            request: None,
            status: None,
            resolution_status: None,
            id: None,
            texts: Vec::new(),
            projects: Vec::new(),
        }
    }

    pub(super) fn paging_only(uri: &Uri, mode: Mode) -> Result<Self, Refusal> {
        Self::read(uri, mode, |query, name, value| {
            query.set_paging(name, value)
        })
    }

    fn parse(uri: &Uri, mode: Mode, is_of_organization: bool) -> Result<Self, Refusal> {
        Self::read(uri, mode, |query, name, value| match name {
            "projectIds" | "projectIds[]" if is_of_organization => {
                query
                    .projects
                    .push(id(value).ok_or("must be of the format uuid")?);
                Ok(true)
            }
            _ => Ok(query.set_paging(name, value)? || query.set_filter(name, value)?),
        })
    }

    /// Hands each parameter to `set`, which says whether it knows it, or what is wrong with it.
    fn read(
        uri: &Uri,
        mode: Mode,
        set: impl Fn(&mut Self, &str, &str) -> Result<bool, &'static str>,
    ) -> Result<Self, Refusal> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Refusal::bad("querystring cannot be read"))?;
        let mut query = Self::empty();
        for (at, (name, value)) in pairs.iter().enumerate() {
            let is_list = name.starts_with("projectIds");
            let is_repeated = !is_list && pairs[..at].iter().any(|(earlier, _)| earlier == name);
            match set(&mut query, name, value) {
                Ok(true) if is_repeated => {
                    return Err(Refusal::bad(format!(
                        "querystring/{name} must be given once"
                    )));
                }
                Ok(true) => {}
                Ok(false) if mode == Mode::Lenient => {}
                Ok(false) => {
                    return Err(Refusal::bad(
                        "querystring must have no properties but the published ones",
                    ));
                }
                Err(rule) => return Err(Refusal::bad(format!("querystring/{name} {rule}"))),
            }
        }
        Ok(query)
    }

    fn set_paging(&mut self, name: &str, value: &str) -> Result<bool, &'static str> {
        match name {
            "limit" => {
                let limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=LIMIT_MAX).contains(limit));
                self.paging.limit = limit.ok_or("must be a whole number from 1 to 1000")?;
            }
            "offset" => {
                self.paging.offset = value.parse().map_err(|_| "must be a whole number from 0")?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set_filter(&mut self, name: &str, value: &str) -> Result<bool, &'static str> {
        let one_of = |allowed: &[&str]| {
            let known = allowed.contains(&value);
            if known {
                Ok(Some(value.to_owned()))
            } else {
                Err("must be one of the allowed values")
            }
        };
        match name {
            "sort" | "order" => {}
            "startDate" => {
                self.from_ms = date_ms(value).ok_or("must be of the format date-time")?;
            }
            "endDate" => self.until_ms = date_ms(value).ok_or("must be of the format date-time")?,
            "request" => self.request = one_of(&REQUESTS)?,
            "status" => self.status = one_of(&STATUSES)?,
            "resolutionStatus" => self.resolution_status = one_of(&RESOLUTION_STATUSES)?,
            "complianceRequestId" => self.id = Some(id(value).ok_or("must be of the format uuid")?),
            _ => {
                let Some(text) = TEXTS.into_iter().find(|text| *text == name) else {
                    return Ok(false);
                };
                if value.chars().count() > FILTER_CHARS_MAX {
                    return Err("must be of at most 128 characters");
                }
                self.texts.push((text, value.to_owned()));
            }
        }
        Ok(true)
    }

    /// How many pass, and those of the page.
    fn select(&self, candidates: &[Arc<Stored>], listing: Listing) -> (usize, Vec<Arc<Stored>>) {
        let is_whole = self.request.is_none()
            && self.status.is_none()
            && self.resolution_status.is_none()
            && self.id.is_none()
            && self.texts.is_empty();
        let count = candidates.len();
        let in_order = (0..count).map(|at| match listing.order {
            Order::NewestFirst => &candidates[count - 1 - at],
            Order::OldestFirst => &candidates[at],
        });
        let Paging { limit, offset } = self.paging;
        if is_whole {
            // Paging through all of a long list must not look at all of it for every page.
            return (count, in_order.skip(offset).take(limit).cloned().collect());
        }
        let mut items = Vec::new();
        let mut total = 0;
        for stored in in_order.filter(|stored| self.passes(stored, listing)) {
            if total >= offset && items.len() < limit {
                items.push(Arc::clone(stored));
            }
            total += 1;
        }
        (total, items)
    }

    fn passes(&self, stored: &Stored, listing: Listing) -> bool {
        // Nothing in a sandbox is ever resolved.
        self.resolution_status.is_none()
            && self.id.is_none_or(|id| id == stored.id)
            && self
                .request
                .as_ref()
                .is_none_or(|request| *request == stored.body.request)
            && self
                .status
                .as_ref()
                .is_none_or(|status| status == stored.status())
            && self
                .texts
                .iter()
                .all(|(name, filter)| matches(stored, name, filter, listing))
    }
}

fn id(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok().filter(|_| is_uuid(text))
}

/// RFC 3339, with `T` and an offset.
fn date_ms(text: &str) -> Option<i64> {
    let date: jiff::Timestamp = text.parse().ok().filter(|_| text.contains(['T', 't']))?;
    Some(date.as_millisecond())
}
