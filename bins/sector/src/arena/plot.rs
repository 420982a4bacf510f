//! Plots as inline SVG. Drawn by hand because a report has three kinds of plots, and plotting
//! libraries are large.

use std::fmt::Write;

use crate::tool::escape;

/// Shortens a name to `most` characters.
pub(super) fn short(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        name.to_owned()
    } else {
        name.chars().take(most - 1).chain(['…']).collect()
    }
}

/// Width of every plot: about that of a phone.
pub(super) const WIDTH: f64 = 400.0;

/// Width for names left of rows, and for numbers left of a chart.
const NAMES: f64 = 120.0;
const NUMBERS: f64 = 36.0;
const RIGHT: f64 = 14.0;
const ROW: f64 = 26.0;

/// A number on an axis.
fn number(value: f64) -> String {
    if (value - value.round()).abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// About `count` round numbers in a range.
fn ticks(low: f64, high: f64, count: f64) -> Vec<f64> {
    let rough = ((high - low) / count).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(rough.log10().floor());
    let round = [1.0, 2.0, 2.5, 5.0, 10.0].map(|times| times * power);
    let step = round.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(power);
    let first = (low / step).ceil();
    (0..=40)
        .map(|index| (first + f64::from(index)) * step)
        .take_while(|tick| *tick <= high + step * 1e-6)
        .collect()
}

fn open(height: f64, label: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{}\">\n",
        escape(label)
    )
}

/// A value with an interval.
#[derive(Clone, Debug)]
pub(super) struct Whisker {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// Index of the colour.
    pub(super) series: usize,
}

/// Plots values with intervals, one per row, and optionally a vertical line at `mark`.
pub(super) fn whiskers(
    label: &str,
    rows: &[Whisker],
    range: Option<(f64, f64)>,
    mark: Option<f64>,
) -> String {
    let least = rows.iter().map(|row| row.low).fold(f64::INFINITY, f64::min);
    let most = rows.iter().map(|row| row.high).fold(f64::NEG_INFINITY, f64::max);
    let margin = ((most - least) * 0.05).max(0.5);
    let (low, high) = range.unwrap_or((least - margin, most + margin));
    let x = |value: f64| NAMES + (value - low) / (high - low).max(1e-9) * (WIDTH - NAMES - RIGHT);
    let bottom = rows.len() as f64 * ROW + 6.0;
    let mut svg = open(bottom + 24.0, label);
    for tick in ticks(low, high, 5.0) {
        let at = x(tick);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"2\" y2=\"{bottom:.1}\"/>\
             <text class=\"axis middle\" x=\"{at:.1}\" y=\"{:.1}\">{}</text>",
            bottom + 16.0,
            number(tick)
        );
    }
    if let Some(at) = mark.map(x) {
        let _ = writeln!(
            svg,
            "<line class=\"mark\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"2\" y2=\"{bottom:.1}\"/>"
        );
    }
    for (index, row) in rows.iter().enumerate() {
        let y = (index as f64 + 0.5) * ROW + 3.0;
        let shown = short(&row.name, 14);
        let _ = writeln!(
            svg,
            "<g class=\"s{}\"><title>{}: {:.2} ({:.2} to {:.2})</title>\
             <text class=\"name end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\
             <line class=\"whisker\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"5\"/></g>",
            row.series % SERIES,
            escape(&row.name),
            row.value,
            row.low,
            row.high,
            NAMES - 10.0,
            y + 4.5,
            escape(&shown),
            x(row.low),
            x(row.high),
            x(row.value),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Number of colours.
pub(super) const SERIES: usize = 8;

/// Frame of a chart with two numbered axes; maps values to coordinates.
struct Frame {
    low: (f64, f64),
    high: (f64, f64),
    height: f64,
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        NUMBERS
            + (value - self.low.0) / (self.high.0 - self.low.0).max(1e-9)
                * (WIDTH - NUMBERS - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.low.1) / (self.high.1 - self.low.1).max(1e-9);
        self.height - 28.0 - share * (self.height - 40.0)
    }

    fn draw(&self, svg: &mut String) {
        for tick in ticks(self.low.1, self.high.1, 4.0) {
            let y = self.y(tick);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{NUMBERS}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"axis end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                NUMBERS - 6.0,
                y + 4.5,
                number(tick)
            );
        }
        for tick in ticks(self.low.0, self.high.0, 5.0) {
            let _ = writeln!(
                svg,
                "<text class=\"axis middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                self.x(tick),
                self.height - 8.0,
                number(tick)
            );
        }
    }
}

/// Plots counts by size, with a line at the median.
pub(super) fn histogram(label: &str, bin: u64, counts: &[u64], median: u64) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let end = (counts.len() as u64 * bin) as f64;
    let frame = Frame { low: (0.0, 0.0), high: (end, most), height: 240.0 };
    let mut svg = open(frame.height, label);
    frame.draw(&mut svg);
    for (index, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (from, to) = (index as u64 * bin, (index as u64 + 1) * bin);
        let (left, right, top) = (frame.x(from as f64), frame.x(to as f64), frame.y(*count as f64));
        let _ = writeln!(
            svg,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\">\
             <title>{from} to {} ticks: {count}</title></rect>",
            left + 0.5,
            (right - left - 1.0).max(0.5),
            frame.y(0.0) - top,
            to - 1
        );
    }
    let x = frame.x(median as f64);
    let _ = writeln!(
        svg,
        "<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"8\" y2=\"{:.1}\"/>\
         <text class=\"axis\" x=\"{:.1}\" y=\"16\">median {median}</text></svg>",
        frame.y(0.0),
        x + 6.0
    );
    svg
}

/// A line with a band around it.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) low: &'a [u16],
    pub(super) middle: &'a [u16],
    pub(super) high: &'a [u16],
}

/// Plots lines with bands over time. Values are in per mille and shown in percent.
pub(super) fn lines(label: &str, every: u64, lines: &[Line<'_>]) -> String {
    let count = lines.iter().map(|line| line.middle.len()).max().unwrap_or(0);
    let most = lines.iter().flat_map(|line| line.high).copied().max().unwrap_or(0);
    let end = (count.saturating_sub(1).max(1) as u64 * every) as f64;
    let frame =
        Frame { low: (0.0, 0.0), high: (end, (f64::from(most) / 10.0).max(10.0)), height: 260.0 };
    let mut svg = open(frame.height, label);
    frame.draw(&mut svg);
    let point = |(index, value): (usize, &u16)| {
        format!(
            "{:.1},{:.1}",
            frame.x((index as u64 * every) as f64),
            frame.y(f64::from(*value) / 10.0)
        )
    };
    for (series, line) in lines.iter().enumerate() {
        let there = line.high.iter().enumerate().map(point);
        let back = line.low.iter().enumerate().rev().map(point);
        let outline: Vec<String> = there.chain(back).collect();
        let _ = writeln!(
            svg,
            "<polygon class=\"band s{}\" points=\"{}\"/>",
            series % SERIES,
            outline.join(" ")
        );
    }
    for (series, line) in lines.iter().enumerate() {
        let points: Vec<String> = line.middle.iter().enumerate().map(point).collect();
        let _ = writeln!(
            svg,
            "<polyline class=\"line s{}\" points=\"{}\"><title>{}</title></polyline>",
            series % SERIES,
            points.join(" "),
            escape(line.name)
        );
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks(0.0, 100.0, 5.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(22.3, 28.1, 5.0), [24.0, 26.0, 28.0]);
        assert_eq!(ticks(0.0, 7.0, 4.0), [0.0, 2.0, 4.0, 6.0]);
    }

    #[test]
    fn names_cannot_break_out() {
        let row = Whisker { name: "<b>\"&".to_owned(), value: 1.0, low: 0.0, high: 2.0, series: 9 };
        let svg = whiskers("wins", &[row], None, Some(1.0));
        assert!(svg.contains("&lt;b&gt;&quot;&amp;") && !svg.contains("<b>"), "{svg}");
    }

    #[test]
    fn empty_data_makes_a_plot_without_holes() {
        for svg in [whiskers("a", &[], None, None), histogram("b", 1, &[], 0), lines("c", 25, &[])]
        {
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
