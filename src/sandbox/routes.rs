//! Which path leads where, who may come in, and the two lists that never change.
//!
//! What the published API has beyond this (PATCH above all) is deliberately absent: 404, as for any unknown path.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use secrecy::ExposeSecret;
use serde_json::json;
use uuid::Uuid;

use super::answer::{Answer, Refusal, respond};
use super::config::{Config, Organization, Project, Reads};
use super::listing::{self, Page, Query};
use super::misbehave::misbehave;
use super::received::Key;
use super::schema::is_uuid;
use super::{Server, requests};

/// What every path begins with.
pub const BASE_PATH: &str = "/privacy-v1";

/// Everything, with misbehaviour outermost: it strikes before anybody asks for a key, as a gateway does.
pub(super) fn router(server: &Arc<Server>) -> Router {
    let api = Router::new()
        .route("/organizations", get(organizations))
        .route("/organizations/{organization}/projects", get(projects))
        .route(
            "/organizations/{organization}/compliance-requests",
            get(listing::of_organization),
        )
        .route(
            "/organizations/{organization}/projects/{project}/compliance-requests",
            get(listing::of_project).post(requests::create),
        )
        .route(
            "/organizations/{organization}/projects/{project}/compliance-requests/{id}",
            get(requests::show),
        )
        .fallback(unknown)
        .method_not_allowed_fallback(unknown);
    Router::new()
        .nest(BASE_PATH, api)
        .fallback(unknown)
        .layer(from_fn_with_state(Arc::clone(server), admit))
        .layer(from_fn_with_state(Arc::clone(server), misbehave))
        .with_state(Arc::clone(server))
}

pub(super) fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Lets in who has the key, and readers only where reading is allowed.
async fn admit(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let config = &server.config;
    let refusal = match (
        Key::of(request.headers(), config.api_key.expose_secret()),
        config.reads,
    ) {
        (Key::Wrong | Key::Absent, _) => Refusal::new(StatusCode::UNAUTHORIZED, "Unauthorized"),
        (Key::Right, Reads::Forbidden403) if is_read(request.method()) => Refusal::forbidden(),
        (Key::Right, Reads::NotFound404) if is_read(request.method()) => Refusal::not_found(),
        (Key::Right, Reads::MethodNotAllowed405) if is_read(request.method()) => {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
        }
        (Key::Right, _) => return next.run(request).await,
    };
    refusal.response(config.error_bodies)
}

async fn unknown(State(server): State<Arc<Server>>) -> Response {
    Refusal::not_found().response(server.config.error_bodies)
}

async fn organizations(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    let config = &server.config;
    respond(list_organizations(config, &uri), config.error_bodies)
}

fn list_organizations(config: &Config, uri: &Uri) -> Result<Answer, Refusal> {
    let Organization { id, name } = &config.organization;
    let item =
        json!({ "id": id, "name": name, "status": "active", "statusFlags": { "isActive": true } });
    let query = Query::paging_only(uri, config.mode)?;
    Answer::new(StatusCode::OK, &Page::cut(query.paging, &[item]))
}

async fn projects(
    State(server): State<Arc<Server>>,
    Path(organization): Path<String>,
    uri: Uri,
) -> Response {
    let config = &server.config;
    respond(
        list_projects(config, &organization, &uri),
        config.error_bodies,
    )
}

fn list_projects(config: &Config, organization: &str, uri: &Uri) -> Result<Answer, Refusal> {
    check_organization(config, organization)?;
    let query = Query::paging_only(uri, config.mode)?;
    let items: Vec<_> = config
        .projects
        .iter()
        .map(|project| {
            json!({
                "id": project.id,
                "name": project.name,
                "status": if project.is_active { "active" } else { "inactive" },
                "statusFlags": { "isActive": project.is_active, "isTest": project.is_test },
            })
        })
        .collect();
    Answer::new(StatusCode::OK, &Page::cut(query.paging, &items))
}

/// 400 for what is no id, 404 for what is not ours.
pub(super) fn check_organization(config: &Config, organization: &str) -> Result<(), Refusal> {
    let id = path_id(
        organization,
        "params/organizationId must be of the format uuid",
    )?;
    if id == config.organization.id {
        Ok(())
    } else {
        Err(Refusal::not_found())
    }
}

/// The project that a path names.
pub(super) fn target<'a>(
    config: &'a Config,
    organization: &str,
    project: &str,
) -> Result<&'a Project, Refusal> {
    let id = path_id(project, "params/projectId must be of the format uuid")?;
    check_organization(config, organization)?;
    config
        .projects
        .iter()
        .find(|project| project.id == id)
        .ok_or_else(Refusal::not_found)
}

pub(super) fn path_id(text: &str, complaint: &'static str) -> Result<Uuid, Refusal> {
    Some(text)
        .filter(|text| is_uuid(text))
        .and_then(|text| Uuid::parse_str(text).ok())
        .ok_or_else(|| Refusal::bad(complaint))
}
