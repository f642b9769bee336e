//! Reads results: what was not created, and why: `cargo run --example results -- target/example/results.csv`.

#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use concord_import::{Error, Results};

fn main() -> Result<(), Error> {
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "target/example/results.csv".to_owned());
    for line in Results::open(path)? {
        let line = line?;
        if line.outcome != "created" {
            let why = line.error_code.as_deref().unwrap_or("");
            println!("line {}: {} {why}", line.line, line.outcome);
        }
    }
    Ok(())
}
