//! A legend that several charts share: the style and name of every series, in rows.

use super::element::{Element, number};
use super::font;
use super::palette;
use super::svg::{Svg, Text};

const SIZE: f64 = 12.0;
/// The widths of the sample of a line and of a point.
const SAMPLE: (f64, f64) = (30.0, 10.0);
const TEXT: f64 = 6.0;
const GAP: f64 = 20.0;
/// The height of a row of entries.
pub const ROW: f64 = 19.0;

/// A style and the name of the series that has it.
#[derive(Clone, Debug)]
pub struct LegendEntry {
    pub name: String,
    pub style: usize,
    /// True for points without a line through them.
    pub unconnected: bool,
}

/// The width of the widest entry.
pub fn least_width(entries: &[LegendEntry]) -> f64 {
    entries.iter().map(width).fold(0.0, f64::max)
}

/// The entries in rows no wider than `room`, each with its distance from the left.
pub fn rows(entries: &[LegendEntry], room: f64) -> Vec<Vec<(f64, &LegendEntry)>> {
    let (mut rows, mut x) = (Vec::<Vec<_>>::new(), 0.0);
    for entry in entries {
        match rows.last_mut() {
            Some(row) if x + width(entry) <= room => row.push((x, entry)),
            _ => {
                x = 0.0;
                rows.push(vec![(x, entry)]);
            }
        }
        x += width(entry) + GAP;
    }
    rows
}

/// Draws an entry; `(x, y)` is the middle of its left side.
pub fn draw(svg: &mut Svg, (x, y): (f64, f64), entry: &LegendEntry) {
    let sample = sample(entry);
    if !entry.unconnected {
        let line = format!("M{} {}H{}", number(x), number(y), number(x + sample));
        let line = Element::new("path").set("class", "key").set("d", &line);
        svg.add(line.stroke(palette::colour(entry.style), 1.8).dash(palette::dash(entry.style)));
    }
    svg.add(palette::marker(entry.style, x + 0.5 * sample, y));
    svg.text(x + sample + TEXT, y + 0.35 * SIZE, &entry.name, Text { size: SIZE, ..Text::default() });
}

fn width(entry: &LegendEntry) -> f64 {
    sample(entry) + TEXT + font::width(&entry.name, SIZE)
}

fn sample(entry: &LegendEntry) -> f64 {
    if entry.unconnected { SAMPLE.1 } else { SAMPLE.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_hold_what_fits_and_never_nothing() {
        let entry = |style| LegendEntry { name: "ten of ten".into(), style, unconnected: false };
        let entries: Vec<_> = (0..5).map(entry).collect();
        let one = width(&entries[0]);
        let counts = |room| rows(&entries, room).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(counts(2.0 * one + GAP), [2, 2, 1]);
        assert_eq!(counts(0.5 * one), [1, 1, 1, 1, 1]);
        assert_eq!(rows(&entries, 1e4)[0][2].0, 2.0 * (one + GAP));
    }
}
