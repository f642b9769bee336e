//! The pages under `docs/` that are made of what the program knows: held against it, so that they cannot drift.
//!
//! `CONCORD_IMPORT_GUIDE=renew cargo test --lib guide` writes them again.

use std::fs;
use std::path::{Path, PathBuf};

use super::{job, remedy};

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
fn every_code_of_a_problem_is_explained() {
    let page = page("troubleshooting.md");
    let (before, rest) = page.split_once(BEGIN).expect("where it begins");
    let (_, after) = rest.split_once(END).expect("where it ends");
    hold(
        "troubleshooting.md",
        &format!("{before}{BEGIN}{}{END}{after}", remedy::page()),
    );
}

/// The codes that settle an entry are made in many places, each by `Reason::new("…"`.
#[test]
fn every_code_of_an_outcome_is_explained() {
    let page = page("troubleshooting.md");
    let mut found = 0;
    for source in ["import.rs", "reconcile", "report", "ledger", "outbound"] {
        for text in sources(&root().join("src").join(source)) {
            let text = text
                .split("#[cfg(test)]")
                .next()
                .unwrap_or_default()
                .to_owned();
            for made in text.split("Reason::new(").skip(1) {
                let Some(code) = made.trim_start().strip_prefix('"') else {
                    continue;
                };
                let (code, _) = code.split_once('"').expect("an end");
                assert!(
                    page.contains(&format!("| `{code}` |")),
                    "docs/troubleshooting.md lacks `{code}`"
                );
                found += 1;
            }
        }
    }
    assert!(found > 15, "{found}");
}

fn sources(path: &Path) -> Vec<String> {
    if path.is_file() {
        return vec![fs::read_to_string(path).expect("a source")];
    }
    let entries = fs::read_dir(path)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| sources(&path)).collect()
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
