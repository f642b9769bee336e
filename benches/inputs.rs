//! Inputs and job files that are made up: people of example.com, and numbers that nobody has.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::measured::Fallible;

/// The form of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Csv,
    Jsonl,
}

impl Form {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

const JOB: &str = r#"
[input]
key = ["Ticket ID"]

[fields]
request = { column = "Request", values = { "Access" = "view", "Erasure" = "delete", "Correction" = "change" } }
userEmail = "Email"
userFirstName = "First name"
userLastName = "Last name"
requestDetails = "Details"
preverified = { value = true }
"#;

/// Writes the job file, once.
pub(crate) fn job(dir: &Path) -> Fallible<PathBuf> {
    let path = dir.join("job.toml");
    if !path.exists() {
        fs::write(&path, JOB)?;
    }
    Ok(path)
}

/// Writes an input of so many rows, about 100 bytes each as CSV, once.
pub(crate) fn input(dir: &Path, form: Form, rows: u64) -> Fallible<PathBuf> {
    let path = dir.join(format!("{rows}.{}", form.name()));
    if path.exists() {
        return Ok(path);
    }
    let part = path.with_extension("part");
    let mut out = BufWriter::new(File::create(&part)?);
    if form == Form::Csv {
        writeln!(
            out,
            "Ticket ID,Email,First name,Last name,Request,Details,Created at"
        )?;
    }
    for row in 0..rows {
        let request = ["Access", "Erasure", "Correction"][(row % 3) as usize];
        let day = row % 28 + 1;
        match form {
            Form::Csv => writeln!(
                out,
                "DSR-{row:08},person{row}@example.com,Ada,Lovelace,{request},\"As asked, by web form\",2026-10-{day:02}T09:30:00Z"
            )?,
            Form::Jsonl => writeln!(
                out,
                r#"{{"Ticket ID":"DSR-{row:08}","Email":"person{row}@example.com","First name":"Ada","Last name":"Lovelace","Request":"{request}","Details":"As asked, by web form","Created at":"2026-10-{day:02}T09:30:00Z"}}"#
            )?,
        }
    }
    out.into_inner()?.sync_all()?;
    fs::rename(part, &path)?;
    Ok(path)
}
