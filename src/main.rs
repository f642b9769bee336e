//! The `concord-import` command.
fn main() {}
