//! Events → what is seen while a run goes on: a bar, plain lines, or JSON lines, on standard error.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use tokio::time::Instant;

use super::args;
use super::estimate::Estimate;
use super::terminal;
use crate::event::{Event, Events, Preflight};
use crate::numbers::{duration, grouped};
use crate::outcome::{Outcome, Tally, Via};
use crate::stop::StopCause;

/// How often a plain or JSON line is printed.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// How often what stands beside the bar is told anew.
const BAR_EVERY: Duration = Duration::from_millis(250);

const NOT_LISTED: &str = "the server lists its projects, and this one is not among them: compare the project's id with \
                          Concord's project settings";

/// How progress is shown, settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Bar,
    Plain,
    Json,
    Nothing,
}

#[derive(Debug)]
struct State {
    input: String,
    total: u64,
    tally: Tally,
    estimate: Estimate,
    waiting: Option<(String, Instant)>,
    /// The rate below the job's, and why.
    pace: Option<Pace>,
    ending: Option<&'static str>,
    /// When it was last told how much of the project's list was read.
    list_told: Option<Instant>,
}

/// The most that is sent at present.
#[derive(Debug)]
struct Pace {
    rate_per_s: f64,
    concurrency: u32,
    why: String,
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate, at_once, why) = (self.rate_per_s, self.concurrency, &self.why);
        // Of a few a second the part counts.
        let digits = usize::from(rate < 10.0);
        write!(
            f,
            "at most {rate:.digits$} a second, {at_once} at once: {why}"
        )
    }
}

/// What is seen of a run.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    shown: Shown,
    bar: ProgressBar,
    state: Arc<Mutex<State>>,
}

impl Progress {
    pub(super) fn new(asked: args::Progress) -> Self {
        let shown = match asked {
            args::Progress::Auto if terminal::is_screen() => Shown::Bar,
            args::Progress::Auto | args::Progress::Plain => Shown::Plain,
            args::Progress::Bar => Shown::Bar,
            args::Progress::Json => Shown::Json,
            args::Progress::None => Shown::Nothing,
        };
        Self {
            shown,
            bar: ProgressBar::hidden(),
            state: Arc::new(Mutex::new(State {
                input: String::new(),
                total: 0,
                tally: Tally::default(),
                estimate: Estimate::new(0, Instant::now()),
                waiting: None,
                pace: None,
                ending: None,
                list_told: None,
            })),
        }
    }

    /// Where the run tells its events.
    pub(super) fn events(&self) -> Events {
        let progress = self.clone();
        Events::to(move |event| progress.take(event))
    }

    /// Whether the end is told as one JSON line.
    pub(super) fn is_json(&self) -> bool {
        self.shown == Shown::Json
    }

    /// Whether what is told on the way is written for people.
    pub(super) fn is_told_to_people(&self) -> bool {
        matches!(self.shown, Shown::Bar | Shown::Plain)
    }

    /// Prints why the check of the project has stopped the run. Prints nothing else about the project.
    pub(super) fn say_preflight_stopped(&self, cause: &StopCause) {
        match self.shown {
            Shown::Bar | Shown::Plain => terminal::say(&cause.to_string()),
            Shown::Json => terminal::say(&preflight_json(None, None, Some(&cause.to_string()))),
            Shown::Nothing => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    fn take(&self, event: Event) {
        let mut state = self.state();
        match event {
            Event::Started { input, entries } => {
                // The server is the same for every input.
                let pace = state.pace.take();
                *state = State {
                    input,
                    total: entries,
                    tally: Tally::default(),
                    estimate: Estimate::new(entries, Instant::now()),
                    waiting: None,
                    pace,
                    ending: None,
                    list_told: None,
                };
                self.begin_bar(entries);
            }
            Event::Settled { outcome, via } => {
                state.tally.add(outcome, via);
                match (outcome, via) {
                    (Outcome::Created, Some(Via::Ledger))
                    | (Outcome::Duplicate | Outcome::Invalid, _) => state.estimate.pass_over(),
                    _ => state.estimate.count(Instant::now()),
                }
                self.bar.inc(1);
                return; // the rest is told by the clock
            }
            Event::Waiting { why, at_most } => {
                let is_news = state
                    .waiting
                    .as_ref()
                    .is_none_or(|(before, _)| *before != why);
                let now = Instant::now();
                state.waiting = Some((why.clone(), now + at_most));
                state.estimate.wait(now + at_most, now);
                if self.shown == Shown::Plain && is_news {
                    terminal::say(&format!(
                        "waiting up to {} s: {why}",
                        at_most.as_secs().max(1)
                    ));
                }
            }
            Event::Resumed => {
                state.waiting = None;
                state.estimate.resume(Instant::now());
            }
            Event::Pace {
                rate_per_s,
                concurrency,
                why,
            } => {
                let pace = Pace {
                    rate_per_s,
                    concurrency,
                    why,
                };
                if self.shown == Shown::Plain {
                    terminal::say(&pace.to_string());
                }
                state.pace = Some(pace);
            }
            Event::Stopping { why } => {
                state.ending = Some("stopping");
                drop(state);
                if self.shown != Shown::Json {
                    terminal::say(&format!(
                        "{why}: letting what is under way end; once more ends at once"
                    ));
                }
                return;
            }
            Event::Fetched { done, total } => {
                drop(state);
                self.fetched(done, total);
                return;
            }
            Event::WritingFiles => state.ending = Some("writing the files"),
            Event::Preflight(preflight) => {
                drop(state);
                match self.shown {
                    Shown::Bar | Shown::Plain => terminal::say(&describe(&preflight)),
                    Shown::Json => terminal::say(&preflight_line(&preflight)),
                    Shown::Nothing => {}
                }
                return;
            }
        }
        if self.shown == Shown::Bar {
            self.show_on_bar(&state);
        }
    }

    /// The bar is drawn without `terminal`'s help.
    fn show_on_bar(&self, state: &State) {
        let now = Instant::now();
        self.bar.set_prefix(state.speed(now));
        let message = [state.counts(), state.course(now)].concat().join(" · ");
        self.bar
            .set_message(crate::sanitize::harmless(&message).into_owned());
    }

    fn begin_bar(&self, entries: u64) {
        if self.shown != Shown::Bar {
            return;
        }
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
        self.bar.reset();
        self.bar.set_length(entries);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:24} {pos} of {len} · {prefix}\n{wide_msg}")
        {
            self.bar.set_style(style.progress_chars("━╸ "));
        }
        self.bar.enable_steady_tick(Duration::from_millis(200));
        terminal::set_bar(Some(self.bar.clone()));
    }

    /// Prints a line every few seconds, for ever. For outputs that are no screen.
    pub(super) async fn tell_regularly(self) {
        let every = match self.shown {
            Shown::Bar => BAR_EVERY,
            Shown::Plain | Shown::Json | Shown::Nothing => LINE_EVERY,
        };
        loop {
            tokio::time::sleep(every).await;
            let line = match self.shown {
                Shown::Plain => self.state().line(),
                Shown::Json => self.state().json(),
                Shown::Bar => {
                    self.show_on_bar(&self.state());
                    continue;
                }
                Shown::Nothing => return,
            };
            terminal::say(&line);
        }
    }

    /// How much of the project's list has been read.
    fn fetched(&self, done: u64, total: u64) {
        match self.shown {
            Shown::Bar => {
                if self.bar.length().is_none() {
                    self.begin_bar(total);
                    self.bar.set_message("reading the project's list");
                }
                self.bar.set_length(total);
                self.bar.set_position(done);
            }
            Shown::Json => {
                terminal::say(
                    &json!({"event": "fetched", "done": done, "total": total}).to_string(),
                );
            }
            Shown::Plain => {
                let mut state = self.state();
                let is_due = |told: Instant| told.elapsed() >= LINE_EVERY;
                if done >= total || state.list_told.is_none_or(is_due) {
                    state.list_told = Some(Instant::now());
                    let (done, total) = (grouped(done), grouped(total));
                    terminal::say(&format!("read {done} of {total} requests of the project"));
                }
            }
            Shown::Nothing => {}
        }
    }

    /// Takes the bar off the screen.
    pub(super) fn end(&self) {
        terminal::set_bar(None);
        self.bar.finish_and_clear();
    }
}

/// Rounds a duration, so that its text does not change more often than once a second.
fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs((time + Duration::from_millis(500)).as_secs())
}

impl State {
    /// What is going on, where that is something else than sending as the job says.
    fn course(&self, now: Instant) -> Vec<String> {
        let course = if let Some(ending) = self.ending {
            Some(ending.to_owned())
        } else if let Some((why, until)) = &self.waiting {
            let left = until.saturating_duration_since(now);
            Some(format!("waits {}: {why}", duration(whole_seconds(left))))
        } else {
            self.pace.as_ref().map(ToString::to_string)
        };
        course.into_iter().collect()
    }

    /// Outcomes that have come up.
    fn counts(&self) -> Vec<String> {
        let counts = Outcome::ALL.map(|outcome| (self.tally.count(outcome), outcome.label()));
        let some = counts.into_iter().filter(|(count, _)| *count > 0);
        some.map(|(count, label)| format!("{} {label}", grouped(count)))
            .collect()
    }

    fn speed(&self, now: Instant) -> String {
        let per_s = self.estimate.per_s(now);
        let left = self.estimate.left(now);
        let left = left.map(|left| format!(", {} left", duration(whole_seconds(left))));
        format!("{per_s:.1}/s{}", left.unwrap_or_default())
    }

    fn line(&self) -> String {
        let now = Instant::now();
        let counted = format!(
            "{}: {} of {}",
            self.input,
            grouped(self.tally.entries),
            grouped(self.total)
        );
        let begin = vec![counted, self.speed(now)];
        [begin, self.counts(), self.course(now)]
            .concat()
            .join(" · ")
    }

    fn json(&self) -> String {
        let outcomes: serde_json::Map<_, _> = Outcome::ALL
            .into_iter()
            .map(|outcome| (outcome.name().to_owned(), self.tally.count(outcome).into()))
            .collect();
        let waiting = self.waiting.as_ref().map(|(why, _)| why);
        let pace = self.pace.as_ref();
        let left_s = self
            .estimate
            .left(Instant::now())
            .map(|left| left.as_secs());
        json!({
            "event": "progress", "input": self.input, "done": self.tally.entries, "total": self.total,
            "outcomes": outcomes, "waiting": waiting, "left_s": left_s,
            "rate_per_s": pace.map(|pace| pace.rate_per_s), "concurrency": pace.map(|pace| pace.concurrency),
        })
        .to_string()
    }
}

/// Why a run ended early, for a program.
pub(super) fn stopped_line(cause: &StopCause) -> String {
    json!({ "event": "stopped", "why": cause.to_string(), "hint": cause.hint() }).to_string()
}

/// What the server told of the project, for a program.
fn preflight_line(preflight: &Preflight) -> String {
    match preflight {
        Preflight::Named { name, is_test } => preflight_json(Some(name), *is_test, None),
        Preflight::NotListed => preflight_json(None, None, Some(NOT_LISTED)),
        Preflight::Unknown { .. } => preflight_json(None, None, Some(&describe(preflight))),
    }
}

fn preflight_json(project: Option<&str>, is_test: Option<bool>, warning: Option<&str>) -> String {
    json!({ "event": "preflight", "project": project, "is_test": is_test, "warning": warning })
        .to_string()
}

/// What the server told of the project, in a line.
pub(super) fn describe(preflight: &Preflight) -> String {
    match preflight {
        Preflight::Named {
            name,
            is_test: Some(true),
        } => format!("project: {name} (a test project)"),
        Preflight::Named {
            name,
            is_test: Some(false),
        } => format!("project: {name} (not a test project)"),
        Preflight::Named {
            name,
            is_test: None,
        } => format!("project: {name}"),
        Preflight::NotListed => format!("warning: {NOT_LISTED}"),
        Preflight::Unknown { why } => format!("the project's name could not be learned: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_rate_is_shown_with_why_and_stays_known_over_inputs() {
        let progress = Progress::new(args::Progress::None);
        let started = || Event::Started {
            input: "a.csv".to_owned(),
            entries: 3,
        };
        progress.take(started());
        let json = |name: &str| -> serde_json::Value {
            let line = progress.state().json();
            serde_json::from_str::<serde_json::Value>(&line).expect("JSON")[name].clone()
        };
        assert_eq!(json("rate_per_s"), json!(null));
        progress.take(Event::Pace {
            rate_per_s: 97.4,
            concurrency: 64,
            why: "the server refuses more".to_owned(),
        });
        progress.take(started());
        assert_eq!(
            progress.state().line(),
            "a.csv: 0 of 3 · 0.0/s · at most 97 a second, 64 at once: the server refuses more"
        );
        assert_eq!(
            (json("rate_per_s"), json("concurrency")),
            (json!(97.4), json!(64))
        );
    }
}
