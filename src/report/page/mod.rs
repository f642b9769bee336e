//! `report.html`: the run for people, on one page that needs nothing but itself.
//!
//! In: what the files say, what was gathered while they were written, and what the ledger remembers. Out: the page. It is
//! bounded: of everything that grows with the input only the first are shown, and it says of how many. No text from
//! outside gets in but as text, and a policy in its head forbids everything but its own script and style.

mod charts;
mod figure;
mod over_time;
mod problems;
mod runs;
mod sections;
mod table;
mod text;

use std::io::Write as _;
use std::path::Path;
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::ReportError;
use super::gather::Gathered;
use super::summary::Summary;
use crate::ledger::{History, RunId};
use crate::outcome::{Outcome, Tally};
use crate::plan::Target;
use crate::private_file::Replacement;

/// The file's name in an output folder.
pub const FILE: &str = "report.html";
/// Runs of the ledger that are shown.
pub const RUNS_SHOWN: u32 = 30;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A run that ended early.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// Why.
    pub cause: String,
    /// What helps.
    pub hint: String,
}

/// All that the page tells.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The numbers.
    pub summary: &'a Summary,
    /// What was gathered of the entries.
    pub gathered: &'a Gathered,
    /// The runs before, and how sending went in this one.
    pub history: &'a History,
    /// Which run it is; `None`: none over this input is known.
    pub run: Option<RunId>,
    /// Where requests are created.
    pub target: &'a Target,
    /// That is a sandbox of this program's own.
    pub is_sandbox: bool,
    /// Why it ended early, if that is known.
    pub stopped: Option<Stopped>,
    /// What to do next, a paragraph each; lines that begin with two blanks are commands.
    pub steps: &'a [String],
    /// The file of rejects, if there is one.
    pub rejects: Option<String>,
    /// The column of received dates, if the job names one.
    pub received: Option<&'a str>,
    /// Returns the meaning of an outcome, in the words of the terminal.
    pub remark: fn(Outcome, &Tally) -> String,
    /// Values are shown as they are.
    pub shows_values: bool,
    /// When it is made.
    pub now: SystemTime,
}

impl Page<'_> {
    /// Replaces the file in an output folder.
    pub fn write(&self, out_dir: &Path) -> Result<(), ReportError> {
        let path = out_dir.join(FILE);
        let page = self.to_html();
        let write = || {
            let replacement = Replacement::begin(&path)?;
            replacement.file().write_all(page.as_bytes())?;
            replacement.finish()
        };
        write().map_err(|cause| ReportError::Write { path, cause })
    }

    /// The page's text.
    pub fn to_html(&self) -> String {
        let body = sections::body(self);
        let page: Markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    meta name="robots" content="noindex";
                    title { (sections::title(self)) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    (body)
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        page.into_string()
    }
}

/// Nothing is let in but this script and this style, by their digests.
fn policy() -> String {
    let digest = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        digest(SCRIPT),
        digest(STYLE)
    )
}
