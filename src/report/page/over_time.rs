//! How sending went over the run's time: throughput, latency, waiting; and the numbers behind the charts.

use std::time::Duration;

use maud::{Markup, html};

use super::Page;
use super::charts::{Chart, Role, Series};
use super::figure::figure;
use super::text::{counted, number, plain};
use crate::numbers::{duration, grouped};
use crate::timeline::Timeline;

/// Rows of the table of numbers.
const NUMBERS_MAX: usize = 12;
const THROUGHPUT: &str = "Attempts a second";
const LATENCY: &str = "How long answers took";
const WAITING: &str = "Share of the time that was waited, and why";

// The run's time. -------------------------------------------------------------------------------

pub(super) fn over_time(page: &Page<'_>) -> Option<Markup> {
    if page.summary.traffic.attempts + page.summary.traffic.lookups == 0 {
        return None;
    }
    Some(html! {
        h2 id="time-title" { "How did sending go?" }
        @match &page.history.timeline {
            Some(timeline) if !timeline.is_empty() => (timeline_of(timeline)),
            _ => p.missing {
                "Throughput, latency, waiting and the reasons of attempts are not available: they are kept in the ledger when a run ends, "
                "for its last 200 runs. This run has not ended, or it is older than that, or was made by a version that kept none."
            },
        }
    })
}

/// A timeline, and what its columns are called.
struct Told<'a> {
    timeline: &'a Timeline,
    width: Duration,
    label: &'a dyn Fn(usize) -> String,
}

fn timeline_of(timeline: &Timeline) -> Markup {
    let width = Duration::from_millis(timeline.width_ms);
    let label = |column: usize| match column {
        0 => "0".to_owned(),
        _ => duration(width * u32::try_from(column).unwrap_or(u32::MAX)),
    };
    let told = Told {
        timeline,
        width,
        label: &label,
    };
    html! {
        (told.throughput())
        @if timeline.p50_us.iter().any(Option::is_some) { (told.latency()) }
        (told.waiting())
        (numbers(timeline, width))
    }
}

fn sum(row: &[u32]) -> u64 {
    row.iter().map(|count| u64::from(*count)).sum()
}

impl Told<'_> {
    fn figure(
        &self,
        title: &str,
        summary: &str,
        series: &[Series],
        told: fn(f64) -> String,
    ) -> Markup {
        let (is_lines, least_top) = (title == LATENCY, if title == WAITING { 100.0 } else { 1.0 });
        let chart = Chart {
            summary,
            series,
            label: self.label,
            told,
            least_top,
            is_lines,
            is_by_column: false,
        };
        figure(title, &chart)
    }

    fn throughput(&self) -> Markup {
        let (timeline, seconds) = (self.timeline, self.width.as_secs_f64());
        let per_s = |name: &str, role, row: &[u32]| Series {
            name: name.to_owned(),
            role,
            values: row
                .iter()
                .map(|count| Some(f64::from(*count) / seconds))
                .collect(),
        };
        let series = kept([
            per_s("created", Role::Good, &timeline.created),
            per_s("rejected", Role::Rejected, &timeline.rejected),
            per_s("asked to wait", Role::Doubt, &timeline.refused),
            per_s("failed or lost", Role::Failed, &timeline.failed),
        ]);
        let most = timeline
            .created
            .iter()
            .max()
            .copied()
            .map_or(0.0, f64::from)
            / seconds;
        let lasted = self.width * u32::try_from(timeline.len()).unwrap_or(u32::MAX);
        let [created, rejected, refused, failed] = [
            &timeline.created,
            &timeline.rejected,
            &timeline.refused,
            &timeline.failed,
        ]
        .map(|row| sum(row));
        let summary = format!(
            "{} in about {}: {} created, {} rejected, {} asked to wait, {} failed or lost; at most {most:.0} created a second.",
            counted(created + rejected + refused + failed, "attempt"),
            duration(lasted),
            grouped(created),
            grouped(rejected),
            grouped(refused),
            grouped(failed)
        );
        self.figure(THROUGHPUT, &summary, &series, plain)
    }

    fn latency(&self) -> Markup {
        let timeline = self.timeline;
        let line = |name: &str, role, row: &[Option<u64>]| Series {
            name: name.to_owned(),
            role,
            values: row.iter().map(|us| us.map(in_ms)).collect(),
        };
        let series = [
            line("half within (p50)", Role::Median, &timeline.p50_us),
            line(
                "95 of 100 within (p95)",
                Role::Ninetyfifth,
                &timeline.p95_us,
            ),
            line(
                "99 of 100 within (p99)",
                Role::Ninetyninth,
                &timeline.p99_us,
            ),
        ];
        let [p50, p95, p99] = timeline
            .whole_us
            .map(|us| duration(Duration::from_micros(us.unwrap_or(0))));
        let summary = format!(
            "Half of the answers came within {p50}, 95 of 100 within {p95}, 99 of 100 within {p99}; the slowest took {}. Each is \
             at most an eighth off.",
            duration(Duration::from_micros(timeline.slowest_us))
        );
        self.figure(LATENCY, &summary, &series, as_ms)
    }

    fn waiting(&self) -> Markup {
        let (timeline, seconds) = (self.timeline, self.width.as_secs_f64());
        let share = |name: &str, role, row: &[u32]| Series {
            name: name.to_owned(),
            role,
            values: row
                .iter()
                .map(|ms| Some((f64::from(*ms) / seconds / 10.0).min(100.0)))
                .collect(),
        };
        let series = kept([
            share("the rate", Role::Quiet, &timeline.rate_ms),
            share(
                "Retry-After or a limit used up",
                Role::Doubt,
                &timeline.server_ms,
            ),
            share("an outage", Role::Failed, &timeline.outage_ms),
        ]);
        let ms = |row: &[u32]| duration(Duration::from_millis(sum(row)));
        let summary = format!(
            "While something was there to send, nothing was sent for {} to keep to the rate, for {} since the server asked for a \
             pause or its announced limit was used up, and for {} in outages.",
            ms(&timeline.rate_ms),
            ms(&timeline.server_ms),
            ms(&timeline.outage_ms)
        );
        self.figure(WAITING, &summary, &series, as_percent)
    }
}

/// Series that hold anything, and the first one in any case.
fn kept<const N: usize>(series: [Series; N]) -> Vec<Series> {
    let has_any = |one: &Series| one.values.iter().flatten().any(|value| *value > 0.0);
    let kept = series.into_iter().enumerate();
    kept.filter(|(index, one)| *index == 0 || has_any(one))
        .map(|(_, one)| one)
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a minute")]
fn in_ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

fn as_percent(value: f64) -> String {
    format!("{value:.0} %")
}

fn as_ms(value: f64) -> String {
    if value >= 1_000.0 {
        format!("{} s", plain(value / 1_000.0))
    } else {
        format!("{} ms", plain(value))
    }
}

/// The numbers of the charts, for those who read them.
fn numbers(timeline: &Timeline, width: Duration) -> Markup {
    let chunk = timeline.len().div_ceil(NUMBERS_MAX).max(1);
    let sum = |row: &[u32], from: usize| {
        let to = (from + chunk).min(row.len());
        row[from..to]
            .iter()
            .map(|count| u64::from(*count))
            .sum::<u64>()
    };
    let worst = |row: &[Option<u64>], from: usize| {
        let to = (from + chunk).min(row.len());
        row[from..to]
            .iter()
            .flatten()
            .max()
            .map_or("–".to_owned(), |us| duration(Duration::from_micros(*us)))
    };
    let time = |row: &[u32], from: usize| match sum(row, from) {
        0 => "–".to_owned(),
        ms => duration(Duration::from_millis(ms)),
    };
    html! {
        details {
            summary { "The numbers of these charts" }
            div.scroll tabindex="0" role="region" aria-label="The numbers of these charts" {
                table {
                    thead { tr {
                        th.n scope="col" { "From" }
                        @for name in ["Created", "Rejected", "Asked to wait", "Failed or lost", "Look-ups", "p50, highest", "p95, highest",
                            "p99, highest", "Waited: rate", "Waited: server", "Waited: outage"] { th.n scope="col" { (name) } }
                    } }
                    tbody { @for from in (0..timeline.len()).step_by(chunk) {
                        tr {
                            th.n scope="row" { @if from == 0 { "0" } @else { (duration(width * u32::try_from(from).unwrap_or(0))) } }
                            (number(sum(&timeline.created, from)))
                            (number(sum(&timeline.rejected, from)))
                            (number(sum(&timeline.refused, from)))
                            (number(sum(&timeline.failed, from)))
                            (number(sum(&timeline.lookups, from)))
                            td.n { (worst(&timeline.p50_us, from)) }
                            td.n { (worst(&timeline.p95_us, from)) }
                            td.n { (worst(&timeline.p99_us, from)) }
                            td.n { (time(&timeline.rate_ms, from)) }
                            td.n { (time(&timeline.server_ms, from)) }
                            td.n { (time(&timeline.outage_ms, from)) }
                        }
                    } }
                }
            }
        }
    }
}
