//! Ticks of an axis of categories: a name below each, broken into lines so that names do not
//! overlap.

use super::font;
use super::ticks::Tick;

/// The space between the names of two neighbours.
const APART: f64 = 8.0;
/// The most width that a word gets before it is broken.
const WIDEST: f64 = 96.0;
/// The characters after which a name may be broken.
const BREAKS: [char; 7] = [' ', '_', '.', '-', '/', ',', '='];

/// The width of a category for `names` at a font size of `size`.
pub fn pitch(names: &[String], size: f64) -> f64 {
    let pieces = names.iter().flat_map(|name| pieces(name)).map(|piece| font::width(piece, size));
    pieces.fold(0.0, f64::max).min(WIDEST) + APART
}

/// The ticks 0, 1, 2, ... of `names`, with label lines that fit into `pitch`.
pub fn category_ticks(names: &[String], size: f64, pitch: f64) -> Vec<Tick> {
    let tick = |(index, name): (usize, &String)| Tick {
        value: index as f64,
        label: broken(name, size, pitch - APART).join("\n"),
    };
    names.iter().enumerate().map(tick).collect()
}

/// The lines of a name, broken after its separators; a piece that is too wide is broken anywhere.
fn broken(name: &str, size: f64, room: f64) -> Vec<String> {
    let fits = |text: &str| font::width(text.trim(), size) <= room;
    let mut lines = vec![String::new()];
    for piece in pieces(name) {
        let units: Vec<&str> =
            if fits(piece) { vec![piece] } else { piece.split_inclusive(|_| true).collect() };
        for unit in units {
            match lines.last_mut() {
                Some(line) if line.is_empty() || fits(&format!("{line}{unit}")) => line.push_str(unit),
                _ => lines.push(unit.to_owned()),
            }
        }
    }
    lines.into_iter().map(|line| line.trim().to_owned()).collect()
}

fn pieces(name: &str) -> impl Iterator<Item = &str> {
    name.split_inclusive(BREAKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_break_after_separators_and_long_words_anywhere() {
        let room = font::width("trajectory", 11.0);
        assert_eq!(broken("batch_trajectory", 11.0, room), ["batch_", "trajectory"]);
        assert_eq!(broken("a b-c", 11.0, room), ["a b-c"]);
        let letters = broken("mmmmmmmmmmmm", 11.0, font::width("mmmmm", 11.0));
        assert_eq!(letters, ["mmmmm", "mmmmm", "mm"]);
        assert_eq!(broken("", 11.0, room), [""]);
    }

    #[test]
    fn a_place_is_as_wide_as_the_longest_piece_within_reason() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(pitch(&names(&["a", "two words"]), 11.0), font::width("words", 11.0) + APART);
        assert_eq!(pitch(&names(&["m".repeat(50).as_str()]), 11.0), WIDEST + APART);
    }
}
