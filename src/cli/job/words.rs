//! The words that a key of a job file takes, and what each of them means.

use crate::entry::RequestType;
use crate::identity::NearKeys;
use crate::plan::{DateOrder, DoubtPolicy, Format, Mark, NamePart};

pub(super) const NAME_PARTS: [(&str, NamePart); 2] =
    [("first", NamePart::First), ("last", NamePart::Last)];

pub(super) const REQUESTS: [(&str, RequestType); 4] = [
    (RequestType::View.name(), RequestType::View),
    (RequestType::Delete.name(), RequestType::Delete),
    (RequestType::Change.name(), RequestType::Change),
    (RequestType::DoNotSell.name(), RequestType::DoNotSell),
];

pub(super) const REQUESTS_OR_SKIP: [(&str, Option<RequestType>); 5] = [
    (RequestType::View.name(), Some(RequestType::View)),
    (RequestType::Delete.name(), Some(RequestType::Delete)),
    (RequestType::Change.name(), Some(RequestType::Change)),
    (RequestType::DoNotSell.name(), Some(RequestType::DoNotSell)),
    ("skip", None),
];

pub(super) const DATE_ORDERS: [(&str, DateOrder); 3] = [
    ("dmy", DateOrder::DayFirst),
    ("mdy", DateOrder::MonthFirst),
    ("ymd", DateOrder::YearFirst),
];

pub(super) const NEAR_KEYS: [(&str, NearKeys); 3] = [
    ("refuse", NearKeys::Refuse),
    ("warn", NearKeys::Warn),
    ("ignore", NearKeys::Ignore),
];

pub(super) const MARKS: [(&str, Mark); 2] = [("notes", Mark::Notes), ("none", Mark::None)];

pub(super) const IN_DOUBT: [(&str, DoubtPolicy); 3] = [
    ("look-up", DoubtPolicy::LookUp),
    ("hold", DoubtPolicy::Hold),
    ("resend", DoubtPolicy::Resend),
];

/// Formats that nothing follows from.
pub(super) const WORKBOOKS: [&str; 5] = ["xlsx", "xlsm", "xlsb", "xls", "ods"];

pub(super) const FORMATS: [(&str, Format); 3] = [
    ("csv", Format::Csv),
    ("jsonl", Format::Jsonl),
    ("json", Format::Json),
];
