//! Drawing of lines with gaps, bands and baselines in an area.

use super::area::Area;
use super::chart::{Baseline, Series};
use super::element::{Element, number};
use super::palette;
use super::svg::{FAINT_INK, Svg};

/// The most points of a line that has a marker at each.
const MARKED_POINTS: usize = 40;
/// The width of a column of the page within which points are indistinguishable.
const COLUMN: f64 = 0.5;

type Point = (f64, f64);

/// Draws the band of a series, if it has one.
pub fn draw_band(svg: &mut Svg, area: &Area, style: usize, series: &Series) {
    let Some(spread) = &series.spread else { return };
    let edges = series.points.iter().zip(spread).map(|(&point, &spread)| edges(area, point, spread));
    for part in parts(edges) {
        let upper = thin(&part.iter().map(|&(x, upper, _)| (x, upper)).collect::<Vec<_>>());
        let mut outline = thin(&part.iter().map(|&(x, _, lower)| (x, lower)).collect::<Vec<_>>());
        outline.reverse();
        outline.splice(0..0, upper);
        let band = Element::new("path").set("class", "band").set("d", &(path(&outline) + "Z"));
        svg.add(band.set("fill", palette::colour(style)).set("fill-opacity", "0.16"));
    }
}

/// Draws the points of a series without a line through them.
fn draw_points(svg: &mut Svg, area: &Area, style: usize, series: &Series) {
    for (x, y) in series.points.iter().filter_map(|&point| area.point(point)) {
        svg.add(palette::marker(style, x, y).set("class", "point").set("fill-opacity", "0.85"));
    }
}

/// Draws the line of a series, with markers if its points are few.
pub fn draw_line(svg: &mut Svg, area: &Area, style: usize, series: &Series) {
    if series.unconnected {
        return draw_points(svg, area, style, series);
    }
    let parts = parts(series.points.iter().map(|&point| area.point(point)));
    let path: String = parts.iter().map(|part| path(&thin(part))).collect();
    let line = Element::new("path").set("class", "series").set("d", &path);
    let few = series.points.len() <= MARKED_POINTS;
    let line = line.stroke(palette::colour(style), if few { 1.8 } else { 1.2 }).dash(palette::dash(style));
    svg.add(line.set("stroke-linejoin", "round").child(Element::new("title").words(&series.name)));
    for (x, y) in parts.iter().filter(|part| few || part.len() == 1).flatten() {
        svg.add(palette::marker(style, *x, *y));
    }
}

/// Draws a baseline along its points, or across the area.
pub fn draw_baseline(svg: &mut Svg, area: &Area, index: usize, baseline: &Baseline) {
    let level = |y| vec![(area.left, y), (area.right(), y)];
    let lines = match baseline.points.is_empty() {
        true => area.row(baseline.value).map(level).into_iter().collect(),
        false => parts(baseline.points.iter().map(|&point| area.point(point))),
    };
    if lines.is_empty() {
        return;
    }
    let d: String = lines.iter().map(|line| path(line)).collect();
    let line = Element::new("path").set("class", "baseline").set("d", &d);
    svg.add(line.stroke(FAINT_INK, 1.1).dash(palette::baseline_dash(index)));
}

/// The page's x, upper y and lower y of a spread around a point, clipped to the area.
pub fn edges(area: &Area, (x, y): Point, spread: f64) -> Option<(f64, f64, f64)> {
    let (column, _) = area.point((x, y))?;
    let edge = |value: f64| Some(area.row(value)?.clamp(area.top, area.bottom()));
    let (upper, lower) = (edge(y + spread.abs())?, edge(y - spread.abs()));
    Some((column, upper, lower.unwrap_or(area.bottom())))
}

/// The parts of a sequence between its gaps.
fn parts<T>(items: impl Iterator<Item = Option<T>>) -> Vec<Vec<T>> {
    let mut parts = vec![Vec::new()];
    for item in items {
        match (item, parts.last_mut()) {
            (Some(item), Some(part)) => part.push(item),
            _ => parts.push(Vec::new()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The points that can be seen: of neighbours in one column the first, the last and the extremes.
fn thin(points: &[Point]) -> Vec<Point> {
    let column = |point: &Point| (point.0 / COLUMN).floor();
    let runs = points.chunk_by(|a, b| column(a) == column(b));
    runs.flat_map(|run| if run.len() > 4 { outermost(run) } else { run.to_vec() }).collect()
}

fn outermost(run: &[Point]) -> Vec<Point> {
    let by_height = |&a: &usize, &b: &usize| run[a].1.total_cmp(&run[b].1);
    let (lowest, highest) = ((0..run.len()).min_by(by_height), (0..run.len()).max_by(by_height));
    let mut kept = vec![0, lowest.unwrap_or(0), highest.unwrap_or(0), run.len() - 1];
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|index| run[index]).collect()
}

fn path(points: &[Point]) -> String {
    let step = |(index, &(x, y)): (usize, &Point)| {
        format!("{}{} {}", if index == 0 { 'M' } else { 'L' }, number(x), number(y))
    };
    points.iter().enumerate().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_splits_a_line() {
        assert_eq!(parts([None, Some(1), Some(2), None, None, Some(3)].into_iter()), [vec![1, 2], vec![3]]);
        assert_eq!(path(&[(1.0, 2.0), (3.5, 4.0)]), "M1 2L3.5 4");
    }

    #[test]
    fn thinning_keeps_ends_and_extremes() {
        let crowd = [(0.0, 5.0), (0.1, 9.0), (0.2, 5.0), (0.3, 1.0), (0.4, 6.0), (7.0, 2.0)];
        assert_eq!(thin(&crowd), [(0.0, 5.0), (0.1, 9.0), (0.3, 1.0), (0.4, 6.0), (7.0, 2.0)]);
        let many: Vec<Point> = (0..100_000).map(|i| (i as f64 / 200.0, (i % 7) as f64)).collect();
        assert!(thin(&many).len() <= 4 * 1001);
    }
}
