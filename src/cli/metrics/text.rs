//! The text that Prometheus reads, format 0.0.4.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Milestones, State};
use crate::outcome::{Outcome, Via};

const PREFIX: &str = "concord_import_";
const FINISHED: &str = "last_finished_run_timestamp_seconds";
const COMPLETE: &str = "last_complete_run_timestamp_seconds";

/// All that is known now.
pub(super) fn of(state: &State) -> String {
    let mut text = String::new();
    run(&mut text, state);
    entries(&mut text, state);
    sending(&mut text, state);
    text
}

fn run(text: &mut String, state: &State) {
    let version = env!("CARGO_PKG_VERSION");
    family(
        text,
        "build_info",
        "The program that ran.",
        [(format!("{{version=\"{version}\"}}"), 1.0)],
    );
    one(
        text,
        "run_start_timestamp_seconds",
        "When the run began.",
        seconds(state.started_at),
    );
    if let Some(ended) = state.ended {
        one(
            text,
            "run_end_timestamp_seconds",
            "When the run ended. Not there while it goes on, or when it was killed.",
            seconds(ended.at),
        );
        one(
            text,
            "run_exit_code",
            "How the run ended: 0 all created, 1 some are not, 2 nothing was sent, 3, 130, 143 stopped early.",
            f64::from(ended.exit_code),
        );
    }
    let Milestones {
        finished_s,
        complete_s,
    } = state.milestones();
    if let Some(at_s) = finished_s {
        one(
            text,
            FINISHED,
            "When a run last came to the end of its inputs (exit code 0 or 1).",
            at_s,
        );
    }
    if let Some(at_s) = complete_s {
        one(
            text,
            COMPLETE,
            "When a run last left every entry created (exit code 0).",
            at_s,
        );
    }
}

fn entries(text: &mut String, state: &State) {
    one(
        text,
        "entries_expected",
        "Entries of the inputs that have begun.",
        count(state.expected),
    );
    family(
        text,
        "entries",
        "Entries that have ended so.",
        Outcome::ALL.map(|outcome| {
            let label = format!("{{outcome=\"{}\"}}", outcome.name());
            (label, count(state.entries[outcome as usize]))
        }),
    );
    family(
        text,
        "created_entries",
        "Entries that are created, by how that is known: the ledger knows those of earlier runs.",
        [Via::Response, Via::Lookup, Via::Ledger].map(|via| {
            let label = format!("{{via=\"{}\"}}", via.name());
            (label, count(state.created[via as usize]))
        }),
    );
    one(
        text,
        "key_conflicts",
        "Entries that were not sent because their key names different people or request types.",
        count(state.key_conflicts),
    );
}

fn sending(text: &mut String, state: &State) {
    let traffic = state.traffic();
    family(
        text,
        "requests_sent",
        "HTTP requests sent to Concord, each attempt counted.",
        [
            ("{purpose=\"create\"}".to_owned(), count(traffic.attempts)),
            ("{purpose=\"look_up\"}".to_owned(), count(traffic.lookups)),
        ],
    );
    one(
        text,
        "requests_refused",
        "Requests to create that Concord refused for want of time: 429, or 503 with Retry-After.",
        count(state.refused()),
    );
    one(
        text,
        "waiting",
        "1 while all sending waits for the server.",
        f64::from(u8::from(state.is_waiting)),
    );
    one(
        text,
        "ceiling_requests_per_second",
        "The most that may be sent in a second at present.",
        state.rate_per_s,
    );
    one(
        text,
        "ceiling_concurrency",
        "The most that may be under way at once.",
        f64::from(state.concurrency),
    );
}

fn one(text: &mut String, name: &str, help: &str, value: f64) {
    family(text, name, help, [(String::new(), value)]);
}

fn family<const N: usize>(text: &mut String, name: &str, help: &str, samples: [(String, f64); N]) {
    *text += &format!("# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} gauge\n");
    for (labels, value) in samples {
        *text += &format!("{PREFIX}{name}{labels} {value}\n");
    }
}

#[expect(clippy::cast_precision_loss, reason = "so many entries there are not")]
fn count(count: u64) -> f64 {
    count as f64
}

/// A moment as Prometheus tells it, to the millisecond.
pub(super) fn seconds(at: SystemTime) -> f64 {
    let since_1970 = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    (since_1970.as_secs_f64() * 1e3).round() / 1e3
}

/// Whether a text is one of these.
pub(super) fn is_ours(text: &str) -> bool {
    text.strip_prefix("# HELP ")
        .is_some_and(|name| name.starts_with(PREFIX))
}

/// Reads the milestones of a text of this kind.
pub(super) fn milestones(text: &str) -> Milestones {
    let value = |name: &str| {
        text.lines().find_map(|line| {
            let value = line.strip_prefix(PREFIX)?.strip_prefix(name)?;
            value
                .trim()
                .parse()
                .ok()
                .filter(|value: &f64| value.is_finite())
        })
    };
    Milestones {
        finished_s: value(FINISHED),
        complete_s: value(COMPLETE),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Ended;
    use super::*;

    fn ended(exit_code: u8, before: Milestones) -> String {
        let mut state = State::new(before);
        let at = UNIX_EPOCH + Duration::from_millis(1_764_175_000_250);
        state.ended = Some(Ended { at, exit_code });
        of(&state)
    }

    #[test]
    fn what_earlier_runs_reached_outlives_one_that_fails() {
        let first = milestones(&ended(0, Milestones::default()));
        assert_eq!(first.complete_s, Some(1_764_175_000.25));
        let before = Milestones {
            finished_s: Some(7.5),
            complete_s: Some(6.0),
        };
        assert_eq!(milestones(&ended(3, before)), before);
        let with_rejects = milestones(&ended(1, before));
        assert_eq!(with_rejects.finished_s, Some(1_764_175_000.25));
        assert_eq!(with_rejects.complete_s, Some(6.0));
    }

    #[test]
    fn a_file_of_something_else_tells_of_no_run() {
        for other in [
            "",
            "junk\u{0}",
            "concord_import_last_finished_run_timestamp_seconds NaN\n",
        ] {
            assert_eq!(milestones(other), Milestones::default());
        }
    }

    #[test]
    fn every_line_is_of_a_family_with_help_and_type() {
        let text = ended(0, Milestones::default());
        let mut family = "";
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                family = help.split(' ').next().unwrap_or_default();
                assert!(help.ends_with('.'), "{line}");
                assert_eq!(
                    text.matches(&format!("# HELP {family} ")).count(),
                    1,
                    "{line}"
                );
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                assert_eq!(kind, format!("{family} gauge"));
            } else {
                let (name, value) = line.rsplit_once(' ').expect("a sample");
                assert_eq!(name.split('{').next(), Some(family));
                value.parse::<f64>().expect("a number");
            }
        }
        assert!(text.ends_with('\n'));
    }
}
