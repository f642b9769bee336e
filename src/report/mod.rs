//! Files for people, made of inputs and ledger.

pub mod rejects;
