//! One integration binary; a file a theme.

mod mapping;
mod reading;
mod rejects;
mod schema;
