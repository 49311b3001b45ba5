//! Styles of lines: colour, dashes and a marker, so that no reader depends on colour alone.

use super::element::Element;

/// Okabe and Ito's colours for every kind of colour vision, without yellow, which is invisible on
/// white.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
const DASHES: [&str; 5] = ["", "7 3", "2 2", "9 3 2 3", "12 4"];
const BASELINE_DASHES: [&str; 6] = ["6 4", "2 3", "10 4", "8 3 2 3", "1 2", "14 3 2 3"];

/// The orange and sky blue of the palette, bright enough for marks on dark pictures.
pub const MARKS_ON_PICTURES: (&str, &str) = (COLOURS[4], COLOURS[5]);

/// The colour of series number `index`.
pub fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

/// The dash pattern of series number `index`. Pairs of colour and dashes repeat after 35 series.
pub fn dash(index: usize) -> &'static str {
    DASHES[index % DASHES.len()]
}

/// The dash pattern of baseline number `index`; solid lines are for measured values.
pub fn baseline_dash(index: usize) -> &'static str {
    BASELINE_DASHES[index % BASELINE_DASHES.len()]
}

/// The marker of series number `index` at `(x, y)`.
pub fn marker(index: usize, x: f64, y: f64) -> Element {
    let corners: &[(f64, f64)] = match index % 5 {
        0 => {
            return Element::new("circle").num("cx", x).num("cy", y).num("r", 3.0).set("fill", colour(index));
        }
        1 => &[(-2.7, -2.7), (2.7, -2.7), (2.7, 2.7), (-2.7, 2.7)],
        2 => &[(0.0, -3.6), (3.4, 2.6), (-3.4, 2.6)],
        3 => &[(0.0, -3.9), (3.9, 0.0), (0.0, 3.9), (-3.9, 0.0)],
        _ => &[(0.0, 3.6), (3.4, -2.6), (-3.4, -2.6)],
    };
    let points: Vec<String> = corners.iter().map(|(dx, dy)| format!("{:.2},{:.2}", x + dx, y + dy)).collect();
    Element::new("polygon").set("points", &points.join(" ")).set("fill", colour(index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn thirty_five_series_differ_in_colour_or_dashes() {
        let styles: HashSet<_> = (0..35).map(|index| (colour(index), dash(index))).collect();
        assert_eq!(styles.len(), 35);
    }
}
