//! Events → what is seen while a run goes on: a bar, plain lines, or JSON lines, on standard error.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde_json::json;
use tokio::time::Instant;

use super::args;
use super::terminal;
use crate::event::{Event, Events, Preflight};
use crate::intake::grouped;
use crate::outcome::{Outcome, Tally};
use crate::stop::StopCause;

/// How often a plain or JSON line is printed.
const LINE_EVERY: Duration = Duration::from_secs(5);

const NOT_LISTED: &str = "the server lists its projects, and this one is not among them";

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
    began: Instant,
    waiting: Option<(String, Instant)>,
    /// The ceilings below what the job may send, and why.
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
                began: Instant::now(),
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

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
                    began: Instant::now(),
                    waiting: None,
                    pace,
                    ending: None,
                    list_told: None,
                };
                self.begin_bar(entries);
            }
            Event::Settled { outcome, via } => {
                state.tally.add(outcome, via);
                self.bar.inc(1);
            }
            Event::Waiting { why, at_most } => {
                let is_news = state
                    .waiting
                    .as_ref()
                    .is_none_or(|(before, _)| *before != why);
                state.waiting = Some((why.clone(), Instant::now() + at_most));
                if self.shown == Shown::Plain && is_news {
                    terminal::say(&format!(
                        "waiting up to {} s: {why}",
                        at_most.as_secs().max(1)
                    ));
                }
            }
            Event::Resumed => state.waiting = None,
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
            self.show_on_bar(&state.message());
        }
    }

    /// The bar is drawn without `terminal`'s help.
    fn show_on_bar(&self, message: &str) {
        self.bar
            .set_message(terminal::harmless(message).into_owned());
    }

    fn begin_bar(&self, entries: u64) {
        if self.shown != Shown::Bar {
            return;
        }
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
        self.bar.reset();
        self.bar.set_length(entries);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:16} {pos}/{len} {rate}/s ETA {eta} {wide_msg}")
        {
            let style =
                style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
                    // There is nowhere to tell that the bar could not be drawn.
                    write!(out, "{:.1}", state.per_sec()).unwrap_or_default();
                });
            self.bar.set_style(style.progress_chars("━╸ "));
        }
        self.bar.enable_steady_tick(Duration::from_millis(200));
        terminal::set_bar(Some(self.bar.clone()));
    }

    /// Prints a line every few seconds, for ever. For outputs that are no screen.
    pub(super) async fn tell_regularly(self) {
        loop {
            tokio::time::sleep(LINE_EVERY).await;
            let line = match self.shown {
                Shown::Plain => self.state().line(),
                Shown::Json => self.state().json(),
                Shown::Bar => {
                    // A wait counts down although nothing happens.
                    self.show_on_bar(&self.state().message());
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

impl State {
    /// Counts that are not nothing, and why it waits.
    fn message(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        if let Some(ending) = self.ending {
            parts.push(ending.to_owned());
        } else if let Some((why, until)) = &self.waiting {
            let left = until.saturating_duration_since(Instant::now()).as_secs();
            parts.push(format!("waits {left} s, {why}"));
        } else if let Some(pace) = &self.pace {
            parts.push(pace.to_string());
        }
        parts.extend(
            Outcome::ALL
                .into_iter()
                .filter(|outcome| self.tally.count(*outcome) > 0)
                .map(|outcome| format!("{} {}", self.tally.count(outcome), outcome.label())),
        );
        parts.join(" · ")
    }

    fn per_s(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let done = self.tally.entries as f64;
        done / self.began.elapsed().as_secs_f64().max(0.001)
    }

    fn line(&self) -> String {
        format!(
            "{}: {} of {} ({:.1} a second) {}",
            self.input,
            self.tally.entries,
            self.total,
            self.per_s(),
            self.message()
        )
    }

    fn json(&self) -> String {
        let outcomes: serde_json::Map<_, _> = Outcome::ALL
            .into_iter()
            .map(|outcome| (outcome.name().to_owned(), self.tally.count(outcome).into()))
            .collect();
        let waiting = self.waiting.as_ref().map(|(why, _)| why);
        let pace = self.pace.as_ref();
        json!({
            "event": "progress", "input": self.input, "done": self.tally.entries, "total": self.total,
            "outcomes": outcomes, "waiting": waiting,
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
    let (project, is_test, warning) = match preflight {
        Preflight::Named { name, is_test } => (Some(name), *is_test, None),
        Preflight::NotListed => (None, None, Some(NOT_LISTED.to_owned())),
        Preflight::Unknown { .. } => (None, None, Some(describe(preflight))),
    };
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
    fn ceilings_are_shown_with_why_and_stay_known_over_inputs() {
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
        let message = progress.state().message();
        assert_eq!(
            message,
            "at most 97 a second, 64 at once: the server refuses more"
        );
        assert_eq!(
            (json("rate_per_s"), json("concurrency")),
            (json!(97.4), json!(64))
        );
    }
}
