//! The job file's parser: any text is a job, or faults that point into it.

use std::io::Cursor;

use concord_import::internals::cli::job::{Job, JobFaults, parse};
use concord_import::internals::intake::Intake;

use super::told::any_plan;

/// A header that has the columns which jobs like to name.
const ROWS: &[u8] =
    b"Ticket,Email,Wish,Name,Phone,Notes\nT-1,ann@example.com,view,Ann Example,+442079460018,\n";

pub(crate) fn job(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match parse("job.toml", &text) {
        Ok(job) => right(&job, &text),
        Err(faults) => wrong(&faults, &text),
    }
}

fn right(job: &Job, text: &str) {
    let more = format!("{text}\n# a comment\n");
    assert_eq!(parse("job.toml", &more).as_ref(), Ok(job));
    if !text.starts_with('\u{feff}') {
        let marked = format!("\u{feff}{text}");
        assert_eq!(parse("job.toml", &marked).as_ref(), Ok(job));
    }
    // Its rules fit the header or are refused; nothing else.
    let mut plan = any_plan(&job.reading);
    plan.rules = job.rules.clone();
    match Intake::from_reader(&plan, 0, true, Cursor::new(ROWS)) {
        Ok(intake) => drop(super::told::drained(intake)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn wrong(faults: &JobFaults, text: &str) {
    assert!(!faults.faults.is_empty());
    assert!(faults.to_string().contains("job.toml:"));
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.split('\n').collect();
    let mut before = (0, 0);
    for fault in &faults.faults {
        let at = (fault.line, fault.column);
        assert!(at > (0, 0) && at >= before, "in order: {faults}");
        let line = lines.get(fault.line - 1).expect("there is that line");
        assert!(
            (1..=line.chars().count() + 1).contains(&fault.column),
            "column {} of {line:?}",
            fault.column
        );
        assert!(!fault.message.is_empty());
        before = at;
    }
}
