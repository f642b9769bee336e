//! The published schema as one typed model.
use crate::entry::*;
/// A checked request body.
#[derive(Clone, Debug, serde::Serialize)]
pub struct RequestBody {}
impl RequestBody { 
/// x
pub fn text(&self, _f: Field) -> Option<std::borrow::Cow<'_, str>> { None } }
