//! The totals of a survey, as `check` and the question before a run show them.

use super::page::{Page, Tone};
use crate::check::{Survey, ToSend};
use crate::forecast::Forecast;
use crate::numbers::grouped;
use crate::outcome::Outcome;
use crate::received::{OVERDUE_LATER_DAYS, OVERDUE_SOONER_DAYS, Received};

/// Column of the remark on a count.
const REMARK_INDENT: usize = 24;

/// A line of the totals: a label, a count and a remark.
pub(super) struct Count {
    pub(super) label: String,
    pub(super) number: u64,
    pub(super) remark: String,
}

impl Count {
    /// Returns it as one line of text.
    pub(super) fn line(&self) -> String {
        let Self {
            label,
            number,
            remark,
        } = self;
        format!("{label:<13}{:>9}  {remark}", grouped(*number))
            .trim_end()
            .to_owned()
    }
}

/// The totals of a survey; with a forecast, those of a run that knows what earlier ones have done.
#[expect(clippy::too_many_lines, reason = "one line for each count")]
pub(super) fn counts(survey: &Survey, forecast: Option<&Forecast>) -> Vec<Count> {
    let tally = &survey.tally;
    let to_send = forecast.map_or(&survey.to_send, |forecast| &forecast.to_send);
    let mut lines = Vec::new();
    let mut line = |label: &str, number: u64, remark: &str| {
        lines.push(Count {
            label: label.to_owned(),
            number,
            remark: remark.to_owned(),
        });
    };
    line("entries", tally.entries, "");
    let remark = match forecast {
        None => "valid; those that an earlier run created are skipped",
        Some(_) => "new in Concord",
    };
    line("to send", to_send.count, remark);
    for (request, count) in to_send.by_request.iter().filter(|(_, count)| *count > 0) {
        line(&format!("  {request}"), *count, "");
    }
    if let Some(forecast) = forecast {
        if forecast.in_doubt > 0 {
            line(
                "  in doubt",
                forecast.in_doubt,
                "among them, may exist from an earlier run: looked up before they are sent",
            );
        }
        if forecast.already_created > 0 {
            line(
                "created",
                forecast.already_created,
                "by an earlier run: skipped",
            );
        }
    }
    if tally.count(Outcome::Duplicate) > 0 {
        line(
            "duplicate",
            tally.count(Outcome::Duplicate),
            "repeat of an earlier row",
        );
    }
    if tally.changed > 0 {
        line(
            "  changed",
            tally.changed,
            "among them, with other content than that row: is the key unique?",
        );
    }
    let refused = forecast.map_or(0, |forecast| forecast.refused);
    if tally.count(Outcome::Invalid) + refused > 0 {
        line(
            "invalid",
            tally.count(Outcome::Invalid) + refused,
            "never sent",
        );
    }
    if tally.conflicts > 0 {
        line(
            "  conflicts",
            tally.conflicts,
            "among them, with a key that names different people or request types",
        );
    }
    if refused > 0 {
        line(
            "  known keys",
            refused,
            "among them, with the key of another request of an earlier run, or nearly",
        );
    }
    if tally.skipped_rows > 0 {
        line(
            "no entry",
            tally.skipped_rows,
            "row that is blank, filtered out, or mapped to skip",
        );
    }
    if let Some(remark) = contact(survey, to_send) {
        line("contacted", to_send.contacted, &remark);
    }
    if let Some(received) = &survey.received {
        line("waiting", received.overdue_sooner, &overdue(received));
    }
    lines
}

/// Returns the text about the people whom Concord contacts. None without requests.
fn contact(survey: &Survey, to_send: &ToSend) -> Option<String> {
    if survey.leaves_preverified_open() && to_send.count > 0 {
        return Some("if `preverified` is false, none if it is true: decide it".to_owned());
    }
    if to_send.contacted == 0 {
        let no_one = "no one: every request is `preverified`".to_owned();
        return (to_send.count > 0).then_some(no_one);
    }
    let people = match to_send.people {
        Some(1) if to_send.contacted > 1 => "to 1 person; ".to_owned(),
        Some(people) if people < to_send.contacted => {
            format!("to {} people; ", grouped(people))
        }
        _ => String::new(),
    };
    Some(format!(
        "{people}Concord most likely mails or texts them (`preverified` false)"
    ))
}

/// Shows counts, a line each.
pub(super) fn add_counts(page: &mut Page, counts: &[Count]) {
    for count in counts {
        page.begin(0, REMARK_INDENT)
            .add(tone_of(count), count.line());
    }
}

fn tone_of(count: &Count) -> Tone {
    match (count.label.as_str(), count.number) {
        ("invalid", _) => Tone::Bad,
        ("  changed", _) | ("contacted" | "waiting", 1..) => Tone::Doubtful,
        _ => Tone::Plain,
    }
}

/// How old the requests are that would be sent.
fn overdue(received: &Received) -> String {
    let mut text = format!(
        "{} of them for more than {OVERDUE_LATER_DAYS}",
        received.overdue_later
    );
    if let Some(oldest) = received.oldest {
        text += &format!("; the oldest is of {oldest}");
    }
    if received.undated > 0 {
        text += &format!("; of {} it is not known", received.undated);
    }
    format!("for more than {OVERDUE_SOONER_DAYS} days, {text}")
}
