//! Imports an input into a Concord on this machine, and tells how it goes:
//! `cargo run --example import -- samples/backlog.csv target/example`.

#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use concord_import::{Error, Event, Job, Outcome, Stop};

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let input = args
        .next()
        .unwrap_or_else(|| "samples/backlog.csv".to_owned());
    let out = args.next().unwrap_or_else(|| "target/example".to_owned());
    let settled = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&settled);
    // Another thread may keep a clone of it, and end the import early.
    let stop = Stop::default();
    let imported =
        Job::over([input])
            .sandbox()
            .out(out)
            .import(&stop, move |event| match event {
                Event::Started { input, entries } => println!("{input}: {entries} entries"),
                Event::Settled { .. } => {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                Event::Waiting { why, at_most } => {
                    println!("waits up to {} s: {why}", at_most.as_secs());
                }
                _ => {}
            })?;
    println!("{} settled", settled.load(Ordering::Relaxed));
    for done in imported {
        println!(
            "{}: {} created, {} attempts, results in {}",
            done.input,
            done.count(Outcome::Created),
            done.attempts,
            done.out_dir.display()
        );
    }
    Ok(())
}
