//! The pages under `docs/` that are made of what the program knows: held against it, so that they cannot drift.
//!
//! `CONCORD_IMPORT_GUIDE=renew cargo test --lib guide` writes them again.

use std::fs;
use std::path::{Path, PathBuf};

use super::job;
use crate::codes::{self, Explained};

const RENEW: &str = "CONCORD_IMPORT_GUIDE=renew cargo test --lib guide";
const BEGIN: &str = "<!-- made by the program: begin -->\n";
const END: &str = "<!-- made by the program: end -->\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap_or_default()
}

/// Holds a page against what it has to be, or writes it.
fn hold(name: &str, right: &str) {
    if std::env::var("CONCORD_IMPORT_GUIDE").is_ok_and(|value| value == "renew") {
        fs::write(root().join("docs").join(name), right).expect("written");
    }
    assert!(
        page(name) == right,
        "docs/{name} is out of date; to write it again: {RENEW}"
    );
}

#[test]
fn the_reference_of_the_job_file_is_what_the_parser_knows() {
    hold("job-file.md", &job::reference());
}

#[test]
fn every_code_is_explained() {
    let mut page = page("troubleshooting.md");
    for (title, codes) in [
        ("## What became of an entry\n", codes::outcomes()),
        ("## What is wrong with a row\n", codes::problems()),
    ] {
        let (before, chapter) = page.split_once(title).expect("a chapter");
        let (intro, rest) = chapter.split_once(BEGIN).expect("where it begins");
        let (_, after) = rest.split_once(END).expect("where it ends");
        let table = table(codes);
        page = format!("{before}{title}{intro}{BEGIN}{table}{END}{after}");
    }
    hold("troubleshooting.md", &page);
}

fn table(mut codes: Vec<Explained>) -> String {
    codes.sort_by_key(|code| code.word);
    let mut table = String::from("| code | what it means | what to do |\n|---|---|---|\n");
    for code in codes {
        let advice = code.advice.replace('|', "\\|");
        table += &format!("| `{}` | {} | {advice} |\n", code.word, code.meaning);
    }
    table
}

/// Links within the guide lead somewhere.
#[test]
fn every_link_leads_to_a_file() {
    let mut pages: Vec<_> = fs::read_dir(root().join("docs"))
        .expect("a folder")
        .map(|entry| entry.expect("a page").path())
        .collect();
    pages.push(root().join("README.md"));
    for path in pages {
        let text = fs::read_to_string(&path).expect("a page");
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") {
                let leads = path.parent().expect("a folder").join(file);
                assert!(leads.exists(), "{}: {link}", path.display());
            }
        }
    }
}
