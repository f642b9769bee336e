//! The items that this crate's own tests, benchmarks and fuzz targets use, by name.
//!
//! They are no part of the public interface and change with every version. Only the feature `internals` exports them. An
//! item that is used nowhere else has the same feature, so that the compiler reports unused code in the ordinary build.
#![allow(missing_docs)]

pub mod check {
    pub use crate::check::{Groups, Survey, survey};
}
pub mod cli {
    pub mod catalogue {
        pub use crate::cli::catalogue::{
            Ending, ambiguities, endings, entry_codes, of_entry, problem_codes, remarks,
            valued_options,
        };
    }
    pub mod job {
        pub use crate::cli::job::{Fault, Job, JobFaults, MINIMAL, parse};
    }
}
pub mod codes {
    pub use crate::codes::ReasonCode;
}
pub mod entry {
    pub use crate::entry::{
        Content, Entry, Field, Fingerprint, ImportId, Names, RequestType, SourceRow,
    };
}
pub mod event {
    pub use crate::event::{Event, Events, Preflight};
}
pub mod identity {
    pub use crate::identity::{KeyUse, NearKeys};
}
pub mod import {
    pub use crate::import::{ImportError, Importer};
    pub use crate::report::Imported;
}
pub mod intake {
    pub use crate::intake::{
        Basis, BookKind, InputDigest, Intake, IntakeError, Item, LINE_BYTES_MAX, Packing, Problem,
        RecordKind, RowReading, Seen, Shape, UNPACKED_BYTES_FREE, rows,
    };
    pub mod validate {
        pub use crate::intake::validate::validate;
    }
    pub mod workbook {
        pub use crate::intake::workbook::{COMMAND, said_of};
    }
}
pub mod ledger {
    pub use crate::ledger::{
        Claim, ClaimRequest, Ledger, LedgerError, Record, RunEnd, RunId, RunInput, RunKind,
        Settlement, Totals, overview,
    };
}
pub mod machine {
    pub use crate::machine::{Course, Fares, Fate, Moment, Simulated, simulate};
}
pub mod outbound {
    pub use crate::outbound::{
        ANSWER_BYTES_MAX, Answer, BodyFault, Carrier, Delivery, Exchange, Limits, Outbound,
        Outgoing, PAGE_BYTES_MAX, Place, SCAN_ITEMS_MAX, Silence, burst,
    };
}
pub mod outcome {
    pub use crate::outcome::{Outcome, Reason, Receipt, Settled, Tally, Traffic, Via};
}
pub mod plan {
    pub use crate::plan::{
        DateOrder, DoubtPolicy, Filter, Format, Input, Literal, Mark, Meaning, NO_QUOTE, NamePart,
        ReadPlan, Reading, ReceivedDate, Rule, Rules, SANDBOX_API_KEY, SANDBOX_ORGANIZATION,
        SANDBOX_PROJECT, Sending, Target,
    };
}
pub mod propose {
    pub use crate::propose::propose;
}
pub mod received {
    pub use crate::received::ColumnOrder;
}
pub mod reconcile {
    pub use crate::reconcile::{ReconcileError, Reconciled, Reconciler};
}
pub mod report {
    pub mod reconciliation {
        pub use crate::report::reconciliation::Verdict;
    }
    pub mod rejects {
        pub use crate::report::rejects::{PROBLEM_COLUMN, RejectsWriter, file_name};
    }
}
pub mod sandbox {
    pub use crate::sandbox::{
        BODY_BYTES_MAX, Body, Config, ErrorBodies, Fault, Faults, InProcess, Key, Listing, Mode,
        Odds, Omits, Order, Outage, Project, Reads, Received, RequestSchema, Sandbox, SandboxError,
        Script, StoreError, Stored, TextMatch, Workers, request_schema,
    };
}
pub mod stop {
    pub use crate::stop::{Lease, Obstacle, StopCause, StopSignal};
}
