//! What must hold of every input, each as a function of bytes that panics where it does not.
//!
//! The fuzzers (`fuzz/`) call them with what they make up, `fuzz_corpus` with what they found. Nothing else of the
//! tests is used here, so that both can include this folder.

mod answers;
mod encodings;
mod job;
mod json;
mod mapping;
pub(crate) mod packing;
mod table;
pub(crate) mod told;
mod workbook;

/// Panics where something does not hold of the bytes.
type Oracle = fn(&[u8]);

/// An oracle for each target, by the target's name.
pub(crate) const TARGETS: [(&str, Oracle); 10] = [
    ("answers", answers::answers),
    ("delimited", table::delimited),
    ("detection", table::detection),
    ("encodings", encodings::encodings),
    ("job", job::job),
    ("json", json::json),
    ("jsonl", json::jsonl),
    ("mapping", mapping::mapping),
    ("packed", packing::packed),
    ("workbook", workbook::workbook),
];

/// One of several, by a byte.
fn pick<T: Copy>(from: &[T], byte: u8) -> T {
    from[usize::from(byte) % from.len()]
}
