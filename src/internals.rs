//! What this crate's own tests, benchmarks and fuzz targets look at: no part of what it offers, and changing with
//! every version. There with the feature `internals` alone, which they turn on and a program never does.
#![allow(missing_docs)]

pub mod check {
    pub use crate::check::*;
}
pub mod cli {
    pub use crate::cli::*;
}
pub mod entry {
    pub use crate::entry::*;
}
pub mod event {
    pub use crate::event::*;
}
pub mod identity {
    pub use crate::identity::*;
}
pub mod import {
    pub use crate::import::*;
}
pub mod intake {
    pub use crate::intake::*;
}
pub mod ledger {
    pub use crate::ledger::*;
}
pub mod listed {
    pub use crate::listed::*;
}
pub mod machine {
    pub use crate::machine::*;
}
pub mod outbound {
    pub use crate::outbound::*;
}
pub mod outcome {
    pub use crate::outcome::*;
}
pub mod plan {
    pub use crate::plan::*;
}
pub mod propose {
    pub use crate::propose::*;
}
pub mod received {
    pub use crate::received::*;
}
pub mod reconcile {
    pub use crate::reconcile::*;
}
pub mod report {
    pub use crate::report::*;
}
pub mod sandbox {
    pub use crate::sandbox::*;
}
pub mod stop {
    pub use crate::stop::*;
}
pub mod timeline {
    pub use crate::timeline::*;
}
