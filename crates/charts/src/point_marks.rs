//! Drawing of error bars, of the single values behind a point, and of a circle around the best.

use super::area::Area;
use super::chart::Series;
use super::element::{Element, number};
use super::line_marks::edges;
use super::palette;
use super::svg::{INK, Svg};

/// Half the width of an error bar's cap.
const CAP: f64 = 3.5;

/// Draws the error bars of a series; an end beyond the area has no cap.
pub fn draw_error_bars(svg: &mut Svg, area: &Area, style: usize, series: &Series) {
    let Some(bars) = &series.error_bars else { return };
    for (x, upper, lower) in series.points.iter().zip(bars).filter_map(|(&at, &bar)| edges(area, at, bar)) {
        let mut path = format!("M{} {}V{}", number(x), number(upper), number(lower));
        for end in [upper, lower].into_iter().filter(|end| area.top < *end && *end < area.bottom()) {
            path += &format!("M{} {}H{}", number(x - CAP), number(end), number(x + CAP));
        }
        let bar = Element::new("path").set("class", "error").set("d", &path);
        svg.add(bar.stroke(palette::colour(style), 1.1).set("stroke-opacity", "0.8"));
    }
}

/// Draws the single values of a series.
pub fn draw_dots(svg: &mut Svg, area: &Area, style: usize, series: &Series) {
    for (x, y) in series.dots.iter().filter_map(|&dot| area.point(dot)) {
        let dot = Element::new("circle").set("class", "dot").num("cx", x).num("cy", y).num("r", 1.9);
        svg.add(dot.set("fill", palette::colour(style)).set("fill-opacity", "0.4"));
    }
}

/// Draws a circle around a point.
pub fn draw_circle(svg: &mut Svg, area: &Area, point: (f64, f64)) {
    let Some((x, y)) = area.point(point) else { return };
    let circle = Element::new("circle").set("class", "circled").num("cx", x).num("cy", y).num("r", 7.5);
    svg.add(circle.stroke(INK, 1.4));
}

#[cfg(test)]
mod tests {
    use super::super::chart::{LineChart, Series};
    use super::super::inspect::{numbers, paths};

    fn chart(points: &[(f64, f64)], bars: &[f64]) -> LineChart {
        let (points, error_bars) = (points.to_vec(), Some(bars.to_vec()));
        let series = vec![Series { points, error_bars, ..Series::default() }];
        LineChart { series, ..LineChart::default() }
    }

    #[test]
    fn bars_reach_a_deviation_up_and_down_with_caps() {
        let figure = chart(&[(1.0, 40.0), (2.0, 50.0), (3.0, 30.0)], &[10.0, 50.0, f64::NAN]).figure();
        let bars = paths(&figure, "error");
        let (first, second) = (numbers(&bars[0]), numbers(&bars[1]));
        assert_eq!((bars.len(), first.len(), second.len()), (2, 9, 6), "no cap at the foot of the area");
        let line = numbers(&paths(&figure, "series")[0]);
        let unit = (line[1] - line[3]) / 10.0;
        assert!(
            (line[1] - first[1] - 10.0 * unit).abs() < 0.03
                && (first[2] - line[1] - 10.0 * unit).abs() < 0.03
        );
        assert!((line[3] - second[1] - 50.0 * unit).abs() < 0.03, "the axis makes room for the bar");
        assert_eq!((first[0], first[3] + 3.5, first[5] - 3.5), (line[0], line[0], line[0]));
    }

    #[test]
    fn a_bar_to_below_nothing_ends_at_the_foot_of_a_logarithmic_axis() {
        let mut log = chart(&[(1.0, 1.0), (2.0, 10.0)], &[2.0, 1.0]);
        log.log_y = true;
        let bars = paths(&log.figure(), "error");
        assert_eq!((numbers(&bars[0]).len(), numbers(&bars[1]).len()), (6, 9));
        assert!(!bars.concat().contains("NaN") && !bars.concat().contains("inf"));
    }
}
