//! Checks an input, and tells what is wrong with it: `cargo run --example check -- samples/backlog.csv`.

#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use std::process::ExitCode;

use concord_import::{Error, Job};

fn main() -> Result<ExitCode, Error> {
    let input = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "samples/backlog.csv".to_owned());
    let report = Job::over([input]).check()?;
    println!(
        "{} rows, {} requests to send",
        report.tally.rows, report.to_send
    );
    for problem in &report.problems {
        let column = problem.column.as_deref().unwrap_or("the row");
        println!(
            "{} x {column}: {} [{}]",
            problem.count, problem.message, problem.code
        );
        for place in &problem.places {
            println!("    line {}", place.line);
        }
        println!("    {}", problem.to_do);
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
