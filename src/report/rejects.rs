//! Rejects in the form of their input.
