//! A local Concord: behaves as the published pages say, and misbehaves on request.
//!
//! For trying things out without an account (`run --sandbox`, `sandbox`), and for tests: instead of a mock, the
//! importer meets a server that validates by a schema of its own and has every fault on order.
//!
//! Deliberately not: safe to expose (it listens on loopback only), small (every request stays in memory, about a
//! kilobyte each), fair to PATCH, consent events and whatever else the importer never calls (404), or dependent
//! on the importer's model of a request.

mod config;
mod faults;
mod schedule;
mod schema;

pub use config::{
    API_KEY_DEFAULT, Config, ErrorBodies, Listing, Mode, ORGANIZATION_ID_DEFAULT, Order,
    Organization, PROJECT_ID_DEFAULT, ParseError, Project, Reads, TextMatch,
};
pub use faults::{ErrorBody, Fault, Faults, Odds, Outage, RateLimit, RetryAfter, Script, Window};
pub use schedule::SCRIPT_LEN_MAX;
pub use schema::{RequestSchema, request_schema};
