//! Bytes to entries.
pub mod validate;
