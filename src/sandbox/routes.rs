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

use super::answer::{Answer, Refusal, respond};
use super::config::{Config, Organization, Reads};
use super::listing::{self, Page, Query};
use super::misbehave::misbehave;
use super::paths::check_organization;
use super::received::Key;
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
