//! Creating a request, showing one, and the shape in which requests are shown.
//!
//! Nothing goes wrong here on purpose: see `misbehave`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::answer::{Answer, Refusal, respond};
use super::config::Config;
use super::paths::{path_id, target};
use super::received::is_json;
use super::store::{Body, Stored};
use super::{Server, lock};

/// `POST …/compliance-requests`
pub(super) async fn create(
    State(server): State<Arc<Server>>,
    Path((organization, project)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let created = try_create(&server, &organization, &project, &headers, &body);
    respond(created, server.config.error_bodies)
}

fn try_create(
    server: &Server,
    organization: &str,
    project: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Answer, Refusal> {
    let config = &server.config;
    let project = target(config, organization, project)?;
    if !is_json(headers) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Unsupported Media Type",
        ));
    }
    let body = serde_json::from_slice(body).map_err(|_| Refusal::bad("Body is not valid JSON"))?;
    let body = server
        .schema
        .accept(body, config.mode)
        .map_err(Refusal::bad)?;
    let body: Body = serde_json::from_value(body).map_err(|_| Refusal::internal())?;
    let concord_id = person(config.organization.id, &body);
    let now_ms = server.clock.now_ms();
    let created = {
        let mut store = lock(&server.store);
        let created = store.create(project.id, concord_id, now_ms, body);
        server.created.send_replace(store.all().len());
        created
    };
    match created {
        Ok(stored) => Answer::new(StatusCode::CREATED, &Shown::of(&stored, config)),
        Err(error) => {
            tracing::warn!(%error, "the sandbox's store cannot be written");
            Err(Refusal::internal())
        }
    }
}

/// `GET …/compliance-requests/{id}`
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Path((organization, project, id)): Path<(String, String, String)>,
) -> Response {
    respond(
        try_show(&server, &organization, &project, &id),
        server.config.error_bodies,
    )
}

fn try_show(
    server: &Server,
    organization: &str,
    project: &str,
    id: &str,
) -> Result<Answer, Refusal> {
    let project = target(&server.config, organization, project)?;
    let id = path_id(id, "params/complianceRequestId must be of the format uuid")?;
    let stored = lock(&server.store)
        .get(id)
        .filter(|stored| stored.project_id == project.id);
    let stored = stored.ok_or_else(Refusal::not_found)?;
    Answer::new(StatusCode::OK, &Shown::of(&stored, &server.config))
}

/// Concord's id of the person: the one that was given, else the same for the same address, else for the same
/// number, else for the same foreign id. Derived rather than remembered, so that it survives a restart.
fn person(organization: Uuid, body: &Body) -> Uuid {
    if let Some(given) = body.concord_id {
        return given;
    }
    let name = match body {
        Body {
            user_email: Some(email),
            ..
        } => format!("email:{}", email.to_lowercase()),
        Body {
            user_phone_number: Some(number),
            ..
        } => format!("phone:{number}"),
        Body {
            user_id: Some(id), ..
        } => format!("user:{id}"),
        Body {
            project_user_id, ..
        } => {
            format!(
                "project-user:{}",
                project_user_id.as_deref().unwrap_or_default()
            )
        }
    };
    Uuid::new_v5(&organization, name.as_bytes())
}

/// A request as the API shows it. `userId` and `projectUserId` are not part of that.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown<'a> {
    id: Uuid,
    organization: Named<'a>,
    project: Named<'a>,
    concord_id: Uuid,
    request: &'a str,
    request_date: i64,
    date_created: i64,
    date_updated: i64,
    status: &'static str,
    preverified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_details: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capture_url: Option<&'a str>,
    user: User<'a>,
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    id: Uuid,
    name: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct User<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<&'a str>,
}

impl<'a> Shown<'a> {
    /// Leaves the notes out.
    pub(super) fn without_notes(mut self) -> Self {
        self.notes = None;
        self
    }

    pub(super) fn of(stored: &'a Stored, config: &'a Config) -> Self {
        let Stored { body, .. } = stored;
        let project = config
            .projects
            .iter()
            .find(|project| project.id == stored.project_id);
        Self {
            id: stored.id,
            organization: Named {
                id: config.organization.id,
                name: &config.organization.name,
            },
            project: Named {
                id: stored.project_id,
                name: project.map_or("", |project| &project.name),
            },
            concord_id: stored.concord_id,
            request: &body.request,
            request_date: stored.request_date_ms,
            date_created: stored.request_date_ms,
            date_updated: stored.request_date_ms,
            status: stored.status(),
            preverified: body.preverified,
            request_details: stored.request_details_text(),
            notes: body.notes.as_deref(),
            domain: body.domain.as_deref(),
            capture_url: body.capture_url.as_deref(),
            user: User {
                email: body.user_email.as_deref(),
                first_name: body.user_first_name.as_deref(),
                last_name: body.user_last_name.as_deref(),
                phone_number: body.user_phone_number.as_deref(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_id() {
        let body = |email: Option<&str>, phone: Option<&str>| Body {
            user_email: email.map(Into::into),
            user_phone_number: phone.map(Into::into),
            ..Body::default()
        };
        let of = |body: &Body| person(Uuid::from_u128(1), body);
        let both = of(&body(Some("a@b.co"), Some("1")));
        assert_eq!(both, of(&body(Some("A@b.co"), Some("2"))));
        assert_ne!(both, of(&body(None, Some("1"))));
        assert_eq!(of(&body(None, Some("1"))), of(&body(None, Some("1"))));
        let given = Uuid::from_u128(9);
        assert_eq!(
            of(&Body {
                concord_id: Some(given),
                ..body(Some("a@b.co"), None)
            }),
            given
        );
        let user = |id: &str| Body {
            user_id: Some(id.into()),
            ..Body::default()
        };
        assert_ne!(of(&user("1")), of(&user("2")));
    }
}
