//! When faults strike: scripts, odds, outages and a limit on requests a second.
//!
//! Deterministic: the same seed, clock and order of arrival give the same faults. Touches no connection.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;

use super::faults::{DurationText, Fault, duration};
use super::parse_error::ParseError;
use super::throttle::{Announced, Quota, RateLimit, Throttle};

/// Faults a script may hold, repeats counted out.
pub const SCRIPT_LEN_MAX: usize = 1_000_000;

/// Everything that can strike. For one exchange the first of these decides that has something to say:
/// rate limit, outage, script, odds. Only what gets as far as the script uses up a fault of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// For POSTs (and all that is not a read), one by one.
    pub script: Script,
    /// For reads, one by one.
    pub read_script: Script,
    /// For POSTs, once their script is used up.
    pub odds: Odds,
    /// For reads, once their script is used up.
    pub read_odds: Odds,
    /// For all exchanges.
    pub outages: Vec<Outage>,
    /// For all exchanges.
    pub rate_limit: Option<RateLimit>,
}

/// Faults in the order in which they strike, one for each exchange.
///
/// As text: separated by commas, `*` repeats: `500,ok*3,create-then-drop`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script(pub Vec<Fault>);

impl FromStr for Script {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut faults = Vec::new();
        for item in text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            let (fault, count) = match item.rsplit_once('*') {
                Some((fault, count)) => {
                    let wrong = || ParseError::new(item, "a fault and how often, such as 500*3");
                    (
                        fault.trim(),
                        count.trim().parse::<usize>().map_err(|_| wrong())?,
                    )
                }
                None => (item, 1),
            };
            let fault: Fault = fault.parse()?;
            if count > SCRIPT_LEN_MAX - faults.len() {
                return Err(ParseError::new(
                    item,
                    "within the limit of a million faults",
                ));
            }
            faults.extend(std::iter::repeat_n(fault, count));
        }
        Ok(Self(faults))
    }
}

/// Faults that strike by chance, each with its probability; together at most 1.
///
/// As text: `500=0.05,create-then-drop=0.01`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Odds(Vec<(Fault, f64)>);

impl Odds {
    /// Odds of these faults.
    pub fn new(odds: Vec<(Fault, f64)>) -> Result<Self, ParseError> {
        for (fault, probability) in &odds {
            if !(0.0..=1.0).contains(probability) {
                let text = format!("{fault}={probability}");
                return Err(ParseError::new(
                    text,
                    "a fault with a probability from 0 to 1",
                ));
            }
        }
        let sum: f64 = odds.iter().map(|(_, probability)| probability).sum();
        // Room for what adding up tenths and hundredths leaves behind.
        if sum > 1.0 + 1e-9 {
            return Err(ParseError::new(sum, "a sum of probabilities of at most 1"));
        }
        Ok(Self(odds))
    }

    /// All of these, as if they had been given at once.
    pub fn together(all: Vec<Self>) -> Result<Self, ParseError> {
        Self::new(all.into_iter().flat_map(|odds| odds.0).collect())
    }

    fn draw(&self, rng: &mut Rng) -> Fault {
        if self.0.is_empty() {
            return Fault::Ok;
        }
        let mut at = rng.f64();
        for (fault, probability) in &self.0 {
            if at < *probability {
                return fault.clone();
            }
            at -= probability;
        }
        Fault::Ok
    }
}

impl FromStr for Odds {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut odds = Vec::new();
        for item in text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            let wrong = || ParseError::new(item, "a fault and its probability, such as 500=0.05");
            let (fault, probability) = item.rsplit_once('=').ok_or_else(wrong)?;
            odds.push((fault.parse()?, probability.parse().map_err(|_| wrong())?));
        }
        Self::new(odds)
    }
}

/// A time in which every exchange meets the same fault.
///
/// As text: `2s..5s`, `100..200=502:html`; without a fault, 503.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When.
    pub window: Window,
    /// What every exchange meets.
    pub fault: Fault,
}

/// The start is part of a window, the end is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Since the start of the sandbox.
    Time {
        /// First moment.
        from: Duration,
        /// First moment after it.
        to: Duration,
    },
    /// By the number of the exchange, reads included; the first is 1.
    Exchanges {
        /// First in it.
        from: u64,
        /// First after it.
        to: u64,
    },
}

impl Outage {
    fn covers(&self, number: u64, age: Duration) -> bool {
        match self.window {
            Window::Time { from, to } => (from..to).contains(&age),
            Window::Exchanges { from, to } => (from..to).contains(&number),
        }
    }
}

impl FromStr for Outage {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new(text, "an outage; write 2s..5s, 100..200 or 100..200=drop");
        let (window, fault) = match text.split_once('=') {
            Some((window, fault)) => (window, fault.parse()?),
            None => (text, Fault::Unavailable { retry_after: None }),
        };
        let (from, to) = window.split_once("..").ok_or_else(wrong)?;
        let window = match (from.parse(), to.parse()) {
            (Ok(from), Ok(to)) if from < to => Window::Exchanges { from, to },
            (Err(_), Err(_)) => match (duration(from), duration(to)) {
                (Some(from), Some(to)) if from < to => Window::Time { from, to },
                _ => return Err(wrong()),
            },
            _ => return Err(wrong()),
        };
        Ok(Self { window, fault })
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.window {
            Window::Time { from, to } => write!(f, "{}..{}", DurationText(from), DurationText(to))?,
            Window::Exchanges { from, to } => write!(f, "{from}..{to}")?,
        }
        write!(f, "={}", self.fault)
    }
}

/// Decides for one exchange after the other.
#[derive(Debug)]
pub(super) struct Director {
    script: VecDeque<Fault>,
    read_script: VecDeque<Fault>,
    rest: Faults,
    rng: Rng,
    started: Instant,
    exchanges: u64,
    throttle: Throttle,
}

impl Director {
    pub(super) fn new(faults: Faults, seed: u64, now: Instant) -> Self {
        let mut director = Self {
            script: VecDeque::new(),
            read_script: VecDeque::new(),
            rest: Faults::default(),
            rng: Rng::with_seed(seed),
            started: now,
            exchanges: 0,
            throttle: Throttle::new(now),
        };
        director.set_faults(faults);
        director
    }

    /// Replaces everything that can strike; what was counted and drawn so far stays.
    pub(super) fn set_faults(&mut self, mut faults: Faults) {
        self.script = std::mem::take(&mut faults.script).0.into();
        self.read_script = std::mem::take(&mut faults.read_script).0.into();
        self.rest = faults;
    }

    #[cfg(feature = "internals")]
    pub(super) fn set_script(&mut self, script: Script) {
        self.script = script.0.into();
    }

    #[cfg(feature = "internals")]
    pub(super) fn set_read_script(&mut self, script: Script) {
        self.read_script = script.0.into();
    }

    /// What is left of the rate limit, if it is one that is announced.
    pub(super) fn quota(&mut self, now: Instant) -> Option<(Announced, Quota)> {
        let limit = self.rest.rate_limit.as_ref()?;
        Some((limit.announced?, self.throttle.quota(limit, now)))
    }

    /// The fault of the exchange that arrives now.
    pub(super) fn next(&mut self, is_read: bool, now: Instant) -> Fault {
        self.exchanges += 1;
        if let Some(limit) = &self.rest.rate_limit
            && !self.throttle.passes(limit, now)
        {
            return Fault::TooMany {
                retry_after: limit.retry_after,
            };
        }
        let age = now.saturating_duration_since(self.started);
        if let Some(outage) = self
            .rest
            .outages
            .iter()
            .find(|outage| outage.covers(self.exchanges, age))
        {
            return outage.fault.clone();
        }
        let (script, odds) = if is_read {
            (&mut self.read_script, &self.rest.read_odds)
        } else {
            (&mut self.script, &self.rest.odds)
        };
        script
            .pop_front()
            .unwrap_or_else(|| odds.draw(&mut self.rng))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn director(faults: Faults) -> (Director, Instant) {
        let now = Instant::now();
        (Director::new(faults, 7, now), now)
    }

    #[test]
    fn scripts_are_used_up_in_order_and_reads_have_their_own() {
        let faults = Faults {
            script: "500,ok*2,drop".parse().expect("a script"),
            read_script: "hang".parse().expect("a script"),
            odds: "cut=1".parse().expect("odds"),
            ..Faults::default()
        };
        let (mut director, now) = director(faults);
        let met: Vec<_> = [false, true, false, false, true, false, false]
            .map(|is_read| director.next(is_read, now).to_string())
            .into();
        assert_eq!(met, ["500", "hang", "ok", "ok", "ok", "drop", "cut"]);
    }

    #[test]
    fn odds_come_true_and_repeat_with_their_seed() {
        let odds: Odds = "500=0.25,429:retry-after=2=0.5".parse().expect("odds");
        let draw = |seed| {
            let mut rng = Rng::with_seed(seed);
            (0..4000).map(|_| odds.draw(&mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let count = |wanted: &str| {
            draw(1)
                .iter()
                .filter(|fault| fault.to_string() == wanted)
                .count()
        };
        assert!((800..1200).contains(&count("500")));
        assert!((1800..2200).contains(&count("429:retry-after=2")));
        assert!((800..1200).contains(&count("ok")));
    }

    #[test]
    fn outages_cover_their_windows_and_use_up_no_script() {
        let faults = Faults {
            script: "500".parse().expect("a script"),
            outages: vec![
                "2..3".parse().expect("an outage"),
                "2s..5s=drop".parse().expect("an outage"),
            ],
            ..Faults::default()
        };
        assert_eq!(faults.outages[1].to_string(), "2s..5s=drop");
        let (mut director, start) = director(faults);
        let met: Vec<_> = [0, 0, 1999, 2000, 4999, 5000]
            .map(|ms| {
                director
                    .next(ms == 0, start + Duration::from_millis(ms))
                    .to_string()
            })
            .into();
        assert_eq!(met, ["ok", "503", "500", "drop", "drop", "ok"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in ["500*x", "500*-1", "nope", "500*2000000"] {
            assert!(text.parse::<Script>().is_err(), "{text}");
        }
        for text in ["500", "500=2", "500=-0.1", "500=NaN", "500=0.6,drop=0.6"] {
            assert!(text.parse::<Odds>().is_err(), "{text}");
        }
        for text in ["", "5", "5..5", "2s..1s", "1..2s", "1..2=x"] {
            assert!(text.parse::<Outage>().is_err(), "{text}");
        }
    }
}
