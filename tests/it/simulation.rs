//! Thousands of histories: the whole import against the sandbox's logic, under a virtual clock, with faults on the
//! way, commits that come late, and processes that die wherever something is waited for. After each of them
//! every valid entry exists exactly once.
//!
//! `SIMULATION_HISTORIES` plays so many, `SIMULATION_FROM` begins at another seed, `SIMULATION_SEED` replays one;
//! `SIMULATION_SHRINKING` tries so many simpler forms of what fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use history::{Played, Wrong, play};
use scenario::Scenario;

mod history;
mod network;
mod scenario;

/// Histories of one test run, unless told otherwise.
const HISTORIES: u64 = 300;
/// Histories that are played twice.
const REPLAYED: u64 = 20;
/// How often a failing scenario is tried in a simpler form, unless told otherwise.
const SHRINKING_MAX: u64 = 400;
/// How often a simpler form is tried with other draws.
const DRAWS: u64 = 4;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}

fn try_play(scenario: &Scenario) -> Result<Played, Wrong> {
    catch_unwind(AssertUnwindSafe(|| play(scenario))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(format!("it panicked: {}", text.unwrap_or_default()))
    })
}

/// The simplest scenario found that fails as well.
fn shrink(mut scenario: Scenario, mut wrong: Wrong) -> (Scenario, Wrong) {
    let tries_max = number("SIMULATION_SHRINKING").unwrap_or(SHRINKING_MAX);
    let mut tries = 0;
    'simpler: loop {
        for smaller in scenario.smaller() {
            for draws in 0..DRAWS {
                if tries >= tries_max {
                    return (scenario, wrong);
                }
                tries += 1;
                let mut smaller = smaller.clone();
                smaller.draws = smaller.draws.wrapping_add(draws);
                if let Err(still) = try_play(&smaller) {
                    (scenario, wrong) = (smaller, still);
                    continue 'simpler;
                }
            }
        }
        return (scenario, wrong);
    }
}

fn tell(seed: u64, wrong: &Wrong) -> String {
    let (smallest, still) = shrink(Scenario::of(seed), wrong.clone());
    format!(
        "seed {seed}: {wrong}\nreplay it with SIMULATION_SEED={seed} cargo test --test it simulation\n\
         at its smallest: {still}\n{smallest:#?}"
    )
}

#[test]
fn whatever_happens_every_valid_entry_is_created_exactly_once() {
    let seeds = if let Some(seed) = number("SIMULATION_SEED") {
        seed..seed + 1
    } else {
        let from = number("SIMULATION_FROM").unwrap_or(1);
        from..from + number("SIMULATION_HISTORIES").unwrap_or(HISTORIES)
    };
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(None);
    let (died, recovered) = (AtomicU64::new(0), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || failed.lock().expect("no panic").is_some() {
                        return;
                    }
                    match try_play(&Scenario::of(seed)) {
                        Ok(played) => {
                            died.fetch_add(played.died, Ordering::Relaxed);
                            recovered.fetch_add(played.recovered, Ordering::Relaxed);
                        }
                        Err(wrong) => {
                            let mut failed = failed.lock().expect("no panic");
                            failed.get_or_insert((seed, wrong));
                        }
                    }
                }
            });
        }
    });
    if let Some((seed, wrong)) = failed.into_inner().expect("no panic") {
        panic!("{}", tell(seed, &wrong));
    }
    let histories = seeds.end - seeds.start;
    let (died, recovered) = (died.into_inner(), recovered.into_inner());
    // Of a few histories none may have what the many have.
    assert!(
        histories < HISTORIES || died.min(recovered) >= histories,
        "{histories} histories in which {died} processes died and {recovered} entries were recovered prove little"
    );
}

#[test]
fn the_same_seed_plays_the_same_history() {
    for seed in 1..=REPLAYED {
        let scenario = Scenario::of(seed);
        let (one, other) = (try_play(&scenario), try_play(&scenario));
        assert!(one.is_ok(), "seed {seed}: {one:?}");
        assert_eq!(one, other, "seed {seed}");
    }
}
