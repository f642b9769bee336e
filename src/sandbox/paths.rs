//! The organization and the project that a path names.

use uuid::Uuid;

use super::answer::Refusal;
use super::config::{Config, Project};
use super::schema::is_uuid;

/// 400 for a malformed id, 404 for an unknown one.
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
