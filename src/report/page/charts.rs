//! Charts as SVG, drawn by `plotters`. Each thing that is drawn has a colour that stands for a role; the page's style
//! gives the role its true colour and pattern, so that charts follow light, dark and print without a script.

use maud::{Markup, PreEscaped, html};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;

/// What something in a chart stands for: `#010000`, `#020000` and so on, as the style has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Good = 1,
    Quiet = 3,
    Doubt,
    Failed,
    Rejected,
    Invalid,
    Waiting,
    /// Lines of latency.
    Median,
    Ninetyfifth,
    Ninetyninth,
    /// Axes and their text.
    Axis,
    Grid,
}

impl Role {
    const fn colour(self) -> RGBColor {
        RGBColor(self as u8, 0, 0)
    }
}

/// One of the things that are piled up, or a line.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) values: Vec<Option<f64>>,
}

/// How numbers on an axis are told.
pub(super) type Told = fn(f64) -> String;

/// A chart over the run's time or over runs.
pub(super) struct Chart<'a> {
    /// What it shows, for those who do not see it.
    pub(super) summary: &'a str,
    pub(super) series: &'a [Series],
    /// The label of the end of each column: of so many or fewer.
    pub(super) label: &'a dyn Fn(usize) -> String,
    pub(super) told: Told,
    /// The highest value at least.
    pub(super) least_top: f64,
    /// Lines on a scale that multiplies, instead of columns that are piled up.
    pub(super) is_lines: bool,
    /// Labels stand at columns instead of between them.
    pub(super) is_by_column: bool,
}

/// Width and height on a wide page and on a narrow one.
const SIZES: [(u32, u32, &str); 2] = [(880, 170, "wide"), (360, 150, "narrow")];
const FONT_PX: u32 = 12;
const LABEL_AREA_PX: u32 = 56;
/// Marks on the axis of columns.
const MARKS_MAX: u32 = 200;
/// A place in a chart.
type Point = (f64, f64);

impl Chart<'_> {
    /// Both sizes; the style shows the one that fits.
    pub(super) fn draw(&self) -> Markup {
        html! {
            @for (width, height, class) in SIZES {
                (PreEscaped(self.svg(width, height, class)))
            }
        }
    }

    fn columns(&self) -> usize {
        self.series
            .iter()
            .map(|one| one.values.len())
            .max()
            .unwrap_or(0)
    }

    fn top(&self) -> f64 {
        let value = |one: &Series, column: usize| one.values.get(column).copied().flatten();
        let highest = |column: usize| {
            let values = self.series.iter().filter_map(|one| value(one, column));
            if self.is_lines {
                values.fold(0.0, f64::max)
            } else {
                values.sum()
            }
        };
        (0..self.columns())
            .map(highest)
            .fold(self.least_top, f64::max)
    }

    fn svg(&self, width: u32, height: u32, class: &str) -> String {
        let mut text = String::new();
        let drawn = self.draw_into(&mut text, width, height);
        debug_assert!(drawn.is_some(), "a chart can be drawn");
        titled(&text, &format!("chart {class}"), self.summary)
    }

    fn draw_into(&self, text: &mut String, width: u32, height: u32) -> Option<()> {
        let root = SVGBackend::with_string(text, (width, height)).into_drawing_area();
        let columns = f64::from(u32::try_from(self.columns()).ok()?.max(1));
        let top = self.top();
        let mut builder = ChartBuilder::on(&root);
        builder
            .margin_top(8)
            .margin_right(if self.is_by_column { 8 } else { 20 })
            .x_label_area_size(22)
            .y_label_area_size(LABEL_AREA_PX);
        let style = ("sans-serif", FONT_PX)
            .into_font()
            .color(&Role::Axis.colour());
        let shown = if width > 500 { 9 } else { 4 };
        let x_label = |x: &f64| {
            let at = if self.is_by_column { *x - 0.5 } else { *x };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a column of a few hundred"
            )]
            let column = at.round().max(0.0) as usize;
            (self.label)(column)
        };
        let y_label = |y: &f64| (self.told)(*y);
        // The two kinds of scale are two types; nothing else differs.
        macro_rules! draw {
            ($y:expr, $least:expr) => {{
                let ticks = Ticks {
                    end: columns,
                    is_by_column: self.is_by_column,
                };
                let mut chart = builder.build_cartesian_2d(ticks, $y).ok()?;
                chart
                    .configure_mesh()
                    .disable_x_mesh()
                    .light_line_style(TRANSPARENT)
                    .bold_line_style(Role::Grid.colour())
                    .axis_style(Role::Axis.colour())
                    .x_labels(shown)
                    .y_labels(4)
                    .x_label_formatter(&x_label)
                    .y_label_formatter(&y_label)
                    .label_style(style)
                    .set_all_tick_mark_size(4)
                    .draw()
                    .ok()?;
                if self.is_lines {
                    for one in self.series {
                        for points in one.points() {
                            let stroke = one.role.colour().stroke_width(2);
                            // A single point has no line: it is drawn as a short one.
                            let points = match points[..] {
                                [(x, y)] => vec![(x - 0.5, y), (x + 0.5, y)],
                                _ => points,
                            };
                            let points = points.into_iter().map(|(x, y)| (x, y.max($least)));
                            chart.draw_series(LineSeries::new(points, stroke)).ok()?;
                        }
                    }
                } else {
                    let bars = piled(self.series, self.is_by_column);
                    chart.draw_series(bars).ok()?;
                }
            }};
        }
        if self.is_lines {
            let least = self.least().max(0.01);
            draw!((least..(top * 1.3).max(least * 10.0)).log_scale(), least);
        } else {
            draw!(0.0..top * 1.05, 0.0);
        }
        root.present().ok()
    }

    /// The lowest value of lines, a little less.
    fn least(&self) -> f64 {
        let values = self.series.iter().flat_map(|one| &one.values);
        let lowest = values.flatten().copied().reduce(f64::min);
        lowest.unwrap_or(1.0) * 0.8
    }
}

impl Series {
    /// The points of a line, in pieces without gaps.
    fn points(&self) -> Vec<Vec<Point>> {
        let mut pieces = vec![Vec::new()];
        for (column, value) in (0_u32..).zip(&self.values) {
            match value {
                Some(value) => {
                    if let Some(piece) = pieces.last_mut() {
                        piece.push((f64::from(column) + 0.5, *value));
                    }
                }
                None => pieces.push(Vec::new()),
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }
}

/// Columns of a chart from 0 on, with labels between or at them.
struct Ticks {
    end: f64,
    is_by_column: bool,
}

impl Ranged for Ticks {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = value / self.end * f64::from(limit.1 - limit.0);
        #[expect(clippy::cast_possible_truncation, reason = "some hundred pixels")]
        let pixels = share.round() as i32;
        limit.0 + pixels
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let most = u32::try_from(hint.max_num_points()).unwrap_or(1).max(1);
        let steps = [1, 2, 4, 8, 10, 20, 40, 80, 160];
        let step = steps
            .into_iter()
            .map(f64::from)
            .find(|step| self.end / step <= f64::from(most))
            .unwrap_or(self.end);
        let first = if self.is_by_column { 0.5 } else { 0.0 };
        (0..=MARKS_MAX)
            .map(|n| first + f64::from(n) * step)
            .take_while(|x| *x <= self.end)
            .collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        0.0..self.end
    }
}

impl ValueFormatter<f64> for Ticks {
    fn format(value: &f64) -> String {
        format!("{value:.0}")
    }
}

/// Columns piled up, in the order of the series from below. Those of a series that touch are one shape.
fn piled(series: &[Series], has_gaps: bool) -> Vec<Polygon<Point>> {
    let gap = if has_gaps { 0.15 } else { 0.0 };
    let mut heights: Vec<f64> = Vec::new();
    let mut shapes = Vec::new();
    for one in series {
        heights.resize(heights.len().max(one.values.len()), 0.0);
        let (mut above, mut below): (Vec<Point>, Vec<Point>) = Default::default();
        let mut end = |above: &mut Vec<_>, below: &mut Vec<_>| {
            above.extend(std::mem::take(below).into_iter().rev());
            if !above.is_empty() {
                let points = std::mem::take(above);
                shapes.push(Polygon::new(points, one.role.colour().filled()));
            }
        };
        for (column, (value, height)) in (0_u32..).zip(one.values.iter().zip(&mut heights)) {
            let value = value.unwrap_or(0.0);
            if value > 0.0 {
                let (left, base) = (f64::from(column), *height);
                *height += value;
                let [from, to] = [left + gap, left + 1.0 - gap];
                above.extend([(from, *height), (to, *height)]);
                below.extend([(from, base), (to, base)]);
            }
            if value <= 0.0 || has_gaps {
                end(&mut above, &mut below);
            }
        }
        end(&mut above, &mut below);
    }
    shapes
}

/// A bar of parts, as long as its share of the longest.
pub(super) fn bar(parts: &[(Role, u64)], longest: u64) -> Markup {
    let mut text = String::new();
    let whole =
        f64::from(u32::try_from(longest.min(u64::from(u32::MAX))).unwrap_or(u32::MAX)).max(1.0);
    let shift = whole / 1_000.0; // what is there is seen
    let mut draw = || -> Option<()> {
        let root = SVGBackend::with_string(&mut text, (BAR_PX.0, BAR_PX.1)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .build_cartesian_2d(0.0..whole * 1.001, 0.0..1.0)
            .ok()?;
        let mut from = 0.0;
        let bars = parts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(role, count)| {
                let count = f64::from(u32::try_from(*count).unwrap_or(u32::MAX));
                let to = from + count.max(shift * 4.0);
                let bar = Rectangle::new([(from, 0.0), (to, 1.0)], role.colour().filled());
                from = to;
                bar
            });
        chart.draw_series(bars).ok()?;
        root.present().ok()
    };
    let drawn = draw();
    debug_assert!(drawn.is_some(), "a bar can be drawn");
    PreEscaped(hidden(&text, "bar"))
}

const BAR_PX: (u32, u32) = (300, 12);

/// What a role looks like, for a legend.
pub(super) fn swatch(role: Role) -> Markup {
    let mut text = String::new();
    let drawn = {
        let root = SVGBackend::with_string(&mut text, (14, 10)).into_drawing_area();
        let is_line = matches!(role, Role::Median | Role::Ninetyfifth | Role::Ninetyninth);
        let drawn = if is_line {
            root.draw(&PathElement::new(
                [(0, 5), (14, 5)],
                role.colour().stroke_width(2),
            ))
        } else {
            root.draw(&Rectangle::new([(0, 0), (14, 10)], role.colour().filled()))
        };
        drawn.is_ok() && root.present().is_ok()
    };
    debug_assert!(drawn, "a swatch can be drawn");
    PreEscaped(hidden(&text, "swatch"))
}

/// The picture under its name.
fn titled(svg: &str, class: &str, summary: &str) -> String {
    let label = html! { svg class=(class) role="img" aria-label=(summary) {} }.into_string();
    with_opening(svg, label.trim_end_matches("></svg>"))
}

/// The picture for those alone who see it: what it shows stands beside it as text.
fn hidden(svg: &str, class: &str) -> String {
    let scaled = if class == "bar" {
        " preserveAspectRatio=\"none\""
    } else {
        ""
    };
    with_opening(
        svg,
        &format!("<svg class=\"{class}\" aria-hidden=\"true\"{scaled}"),
    )
}

fn with_opening(svg: &str, opening: &str) -> String {
    let svg = svg
        .replacen("<svg", opening, 1)
        .replace(" xmlns=\"http://www.w3.org/2000/svg\"", "")
        .replace(" opacity=\"1\"", "")
        .replace('\n', "");
    joined(&svg)
}

/// Polygons of one colour that follow each other as one path: each element has a pattern of its own, and hundreds of
/// them make a print of many megabytes.
fn joined(svg: &str) -> String {
    const BEGIN: &str = "<polygon fill=\"";
    let mut out = String::with_capacity(svg.len());
    let mut rest = svg;
    let mut open: Option<&str> = None;
    while let Some(at) = rest.find(BEGIN) {
        let (before, shape) = rest.split_at(at);
        let told = shape[BEGIN.len()..]
            .split_once("\" points=\"")
            .and_then(|(fill, tail)| Some((fill, tail.split_once("\"/>")?)));
        let Some((fill, (points, after))) = told else {
            break;
        };
        if !before.is_empty() || open != Some(fill) {
            out += if open.is_some() { "\"/>" } else { "" };
            out += before;
            out += &format!("<path fill=\"{fill}\" d=\"");
        }
        out += &format!("M{}Z", points.trim_end());
        open = Some(fill);
        rest = after;
    }
    out += if open.is_some() { "\"/>" } else { "" };
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_one_colour_become_one_and_nothing_else_changes() {
        let told = joined(
            "<a/><polygon fill=\"#1\" points=\"0,0 1,1 \"/><polygon fill=\"#1\" points=\"2,2 \"/><polygon fill=\"#2\" \
             points=\"3,3 \"/><b/><polygon fill=\"#2\" points=\"4,4 \"/></svg>",
        );
        assert_eq!(
            told,
            "<a/><path fill=\"#1\" d=\"M0,0 1,1ZM2,2Z\"/><path fill=\"#2\" d=\"M3,3Z\"/><b/><path fill=\"#2\" \
             d=\"M4,4Z\"/></svg>"
        );
        assert_eq!(joined("<svg></svg>"), "<svg></svg>");
    }

    #[test]
    fn a_chart_is_drawn_whatever_its_numbers_and_bears_its_summary() {
        let series = |values: &[Option<f64>]| {
            vec![Series {
                name: "s".to_owned(),
                role: Role::Doubt,
                values: values.to_vec(),
            }]
        };
        let label = |column: usize| column.to_string();
        for values in [
            vec![],
            vec![None],
            vec![Some(0.0)],
            vec![Some(1e9), None, Some(0.001)],
            vec![Some(5.0); 240],
        ] {
            for (is_lines, is_by_column) in [(true, false), (false, false), (false, true)] {
                let chart = Chart {
                    summary: "so & so",
                    series: &series(&values),
                    label: &label,
                    told: |value| format!("{value}"),
                    least_top: 1.0,
                    is_lines,
                    is_by_column,
                };
                let svg = chart.draw().into_string();
                assert!(svg.contains("aria-label=\"so &amp; so\""), "{svg}");
                assert!(!svg.contains("style="), "{svg}");
                assert!(!svg.contains("NaN"), "{values:?}: {svg}");
            }
        }
    }
}
