//! The fuzz targets: the oracles of the integration tests, fed by libFuzzer.

#[path = "../../tests/it/oracle/mod.rs"]
mod oracle;

/// Runs the oracle of a target.
pub fn run(target: &str, data: &[u8]) {
    let found = oracle::TARGETS.iter().find(|(name, _)| *name == target);
    let (_, oracle) = found.expect("there is such a target");
    oracle(data);
}
