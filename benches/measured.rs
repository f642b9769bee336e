//! Whole processes, measured by the system's own account of them: wall time, processor time, peak memory.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde::{Deserialize, Serialize};

use crate::Bench;

/// What can go wrong in a measurement ends all of them.
pub(crate) type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// What a process has used.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Used {
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    /// Its largest resident set.
    pub(crate) peak_bytes: u64,
    pub(crate) exit_code: i32,
    /// Since 1970, in microseconds: when it was started.
    pub(crate) started_at_us: u128,
}

/// This very program, which is also server, baseline and measuring process.
pub(crate) fn this_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// The importer that is measured: the one that cargo has built with this program, or the one of `--binary`.
pub(crate) fn importer(bench: &Bench) -> Command {
    let built = || PathBuf::from(env!("CARGO_BIN_EXE_concord-import"));
    let mut command = Command::new(bench.binary.clone().unwrap_or_else(built));
    command.env_clear();
    command
}

/// Runs a command to its end and measures it, from a small process of its own: the system tells the peak of the
/// largest child only.
pub(crate) fn measure(command: &Command) -> Fallible<Used> {
    let mut measuring = Command::new(this_program()?);
    measuring
        .arg("measure")
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            measuring.env(name, value);
        }
    }
    let told = measuring.stderr(Stdio::inherit()).output()?;
    Ok(serde_json::from_slice(&told.stdout)?)
}

/// The measuring process.
pub(crate) fn run_measured(mut words: impl Iterator<Item = OsString>) -> Fallible<()> {
    let program = words.next().ok_or("nothing to measure")?;
    let started_at_us = std::time::UNIX_EPOCH.elapsed()?.as_micros();
    let began = Instant::now();
    let status = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    let wall_s = began.elapsed().as_secs_f64();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    #[expect(clippy::cast_precision_loss, reason = "microseconds of minutes")]
    let cpu_s = (used.user_time() + used.system_time()).num_microseconds() as f64 / 1e6;
    let told = Used {
        wall_s,
        cpu_s,
        peak_bytes: u64::try_from(used.max_rss())? * 1_024,
        exit_code: status.code().unwrap_or(-1),
        started_at_us,
    };
    serde_json::to_writer(std::io::stdout(), &told)?;
    Ok(())
}

/// Processor seconds of this process so far.
pub(crate) fn cpu_s() -> Fallible<f64> {
    let used = getrusage(UsageWho::RUSAGE_SELF)?;
    #[expect(clippy::cast_precision_loss, reason = "microseconds of minutes")]
    let us = (used.user_time() + used.system_time()).num_microseconds() as f64;
    Ok(us / 1e6)
}
