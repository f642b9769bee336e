//! The published schema as one typed model.
/// A checked request body.
#[derive(Clone, Debug)]
pub struct RequestBody {}
