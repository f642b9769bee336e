//! A chart with its title, its summary and its legend.

use maud::{Markup, html};

use super::charts::{Chart, swatch};

/// A chart under its title, with what it shows in words.
pub(super) fn figure(title: &str, chart: &Chart<'_>) -> Markup {
    html! {
        figure {
            figcaption { h3 { (title) } p.quiet { (chart.summary) } }
            ul.legend aria-hidden="true" { @for one in chart.series { li { (swatch(one.role)) (one.name) } } }
            (chart.draw())
        }
    }
}
