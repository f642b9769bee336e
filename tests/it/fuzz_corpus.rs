//! What the fuzzers have found and kept, held against the same oracles on every run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::oracle::TARGETS;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fuzz")
}

fn listed(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).expect("the corpus is there");
    entries
        .map(|entry| entry.expect("it can be listed").path())
        .collect()
}

#[expect(clippy::print_stdout, reason = "names the input that a panic is about")]
fn all_hold(name: &str) {
    let (_, target) = TARGETS
        .iter()
        .find(|(target, _)| *target == name)
        .expect("there is such a target");
    let files = listed(&corpus().join(name));
    assert!(!files.is_empty());
    for file in files {
        let bytes = fs::read(&file).expect("it can be read");
        // Shown when what follows panics.
        println!("{}", file.display());
        target(&bytes);
    }
}

#[test]
fn answers_are_never_believed_too_much() {
    all_hold("answers");
}

#[test]
fn delimited_text_is_read_right_or_refused() {
    all_hold("delimited");
}

#[test]
fn whatever_it_seems_to_be_is_read_right_or_refused() {
    all_hold("detection");
}

#[test]
fn a_text_reads_the_same_in_any_encoding() {
    all_hold("encodings");
}

#[test]
fn a_job_file_is_a_job_or_faults_that_point_into_it() {
    all_hold("job");
}

#[test]
fn documents_are_read_as_their_elements() {
    all_hold("json");
}

#[test]
fn lines_are_read_as_serde_reads_them() {
    all_hold("jsonl");
}

#[test]
fn a_row_makes_the_same_entries_however_it_is_written() {
    all_hold("mapping");
}

#[test]
fn what_is_packed_reads_as_what_is_in_it() {
    all_hold("packed");
}

#[test]
fn a_workbook_is_rows_in_order_or_refused() {
    all_hold("workbook");
}

#[test]
fn every_target_has_a_corpus() {
    let folders = listed(&corpus());
    let folders: BTreeSet<_> = folders
        .iter()
        .filter_map(|folder| folder.file_name()?.to_str())
        .collect();
    assert_eq!(folders, TARGETS.map(|(name, _)| name).into());
}
