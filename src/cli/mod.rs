//! Command line, job file and environment → plan.

pub mod args;
pub mod job;
pub mod limits;
mod nearest;
pub mod packaging;
pub mod resolve;
