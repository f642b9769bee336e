//! What was measured, as a table for people and as JSON for programs.

use std::fmt::Write as _;

use serde::Serialize;

/// What a ratio should be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
    AtMost(f64),
    AtLeast(f64),
    /// It is told for its own sake.
    Nothing,
}

/// One figure against its baseline, as medians over pairs that were measured in turn.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: String,
    /// The unit of both values.
    pub(crate) unit: &'static str,
    pub(crate) ours: f64,
    pub(crate) baseline: f64,
    /// What the baseline is.
    pub(crate) baseline_name: String,
    /// Ours through the baseline's, pair by pair, and of these the median.
    pub(crate) ratio: f64,
    pub(crate) wanted: Wanted,
    pub(crate) pairs: usize,
}

/// Makes a figure of pairs (ours, baseline).
pub(crate) fn figure(
    name: impl Into<String>,
    unit: &'static str,
    baseline_name: impl Into<String>,
    wanted: Wanted,
    pairs: &[(f64, f64)],
) -> Figure {
    let of = |pick: fn(&(f64, f64)) -> f64| median(pairs.iter().map(pick).collect());
    Figure {
        name: name.into(),
        unit,
        ours: of(|pair| pair.0),
        baseline: of(|pair| pair.1),
        baseline_name: baseline_name.into(),
        ratio: of(|pair| pair.0 / pair.1),
        wanted,
        pairs: pairs.len(),
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The table.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut table = format!(
        "{:44} {:>12} {:>12} {:>7}  {:8}  {}\n",
        "figure", "ours", "baseline", "ratio", "target", "baseline is"
    );
    for figure in figures {
        let (target, is_met) = match figure.wanted {
            Wanted::AtMost(most) => (format!("≤ {most}"), figure.ratio <= most),
            Wanted::AtLeast(least) => (format!("≥ {least}"), figure.ratio >= least),
            Wanted::Nothing => (String::new(), true),
        };
        // A String takes whatever is written to it.
        writeln!(
            table,
            "{:44} {:>12} {:>12} {:>7.3}  {target:8}{} {}",
            format!("{} [{}]", figure.name, figure.unit),
            shown(figure.ours),
            shown(figure.baseline),
            figure.ratio,
            if is_met { " " } else { "✗" },
            figure.baseline_name,
        )
        .unwrap_or_default();
    }
    table
}

fn shown(value: f64) -> String {
    if value >= 1_000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}
