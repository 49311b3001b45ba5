//! Draws one frame as an embedded picture, and the marks of positions on it.

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use resvg::tiny_skia::{ColorU8, Pixmap};

use super::element::{Element, number};
use super::font;
use super::frame_grid::{FRAME_SIDE, Frame, MarkWords};
use super::palette::MARKS_ON_PICTURES;
use super::svg::{FAINT_INK, Svg, Text};

const OUTLINE: &str = "#111111";
const RING: f64 = 6.5;
const CROSS: f64 = 4.5;
const SIZE: f64 = 12.0;
const GREYS: &str = "grey: black to white from least to greatest pixel of a row";
/// The radius of a place on a path.
const PLACE: f64 = 1.7;
const LEGEND_GAP: f64 = 22.0;
const SAMPLE: f64 = 20.0;

/// Draws a frame `side` units wide at `corner`, `range` being what black and white stand for.
pub fn draw_frame(
    svg: &mut Svg,
    corner: (f64, f64),
    side: f64,
    frame: &Frame,
    range: (f32, f32),
) -> anyhow::Result<()> {
    let picture = BASE64_STANDARD.encode(picture(&frame.pixels, range)?);
    let image =
        Element::new("image").num("x", corner.0).num("y", corner.1).num("width", side).num("height", side);
    // As an attribute, the renderer would pass over `pixelated`.
    let image = image.set("style", "image-rendering:pixelated");
    svg.add(image.set("href", &format!("data:image/png;base64,{picture}")));
    let border =
        Element::new("rect").num("x", corner.0).num("y", corner.1).num("width", side).num("height", side);
    svg.add(border.stroke("#bbbbbb", 0.5));
    draw_path(svg, &frame.path, corner, side);
    if let Some((x, y, size)) = place(frame.true_xy, corner, side) {
        draw_mark(svg, "true", &ring(x, y, size * RING), MARKS_ON_PICTURES.0);
    }
    if let Some((x, y, size)) = place(frame.probed_xy, corner, side) {
        draw_mark(svg, "probed", &cross(x, y, size * CROSS), MARKS_ON_PICTURES.1);
    }
    Ok(())
}

/// Draws what the marks mean, in one line about `y` from `left`.
pub fn draw_legend(svg: &mut Svg, words: &MarkWords, left: f64, y: f64) {
    let mut x = left;
    let middle = RING + 1.5;
    let mut explain = |sample: &dyn Fn(&mut Svg, f64), words: &str| {
        sample(svg, x + middle);
        svg.text(x + SAMPLE, y + 0.35 * SIZE, words, Text { size: SIZE, ..Text::default() });
        x += SAMPLE + font::width(words, SIZE) + LEGEND_GAP;
    };
    if let Some(words) = words.ring {
        explain(&|svg, x| draw_mark(svg, "legend", &ring(x, y, RING), MARKS_ON_PICTURES.0), words);
    }
    if let Some(words) = words.cross {
        explain(&|svg, x| draw_mark(svg, "legend", &cross(x, y, CROSS), MARKS_ON_PICTURES.1), words);
    }
    if let Some(words) = words.path {
        explain(&|svg, x| draw_place(svg, (x, y)), words);
    }
    svg.text(x, y + 0.35 * SIZE, GREYS, Text { size: SIZE, colour: FAINT_INK, ..Text::default() });
}

/// The room that [`draw_legend`] takes.
pub fn legend_width(words: &MarkWords) -> f64 {
    let explained = [words.ring, words.cross, words.path].into_iter().flatten();
    explained.map(|words| SAMPLE + font::width(words, SIZE) + LEGEND_GAP).sum::<f64>()
        + font::width(GREYS, SIZE)
}

/// A line through all places that are finite, and a dot at each.
fn draw_path(svg: &mut Svg, path: &[(f32, f32)], corner: (f64, f64), side: f64) {
    let places: Vec<_> = path.iter().filter_map(|at| place(*at, corner, side)).collect();
    if places.is_empty() {
        return;
    }
    let points: Vec<String> =
        places.iter().map(|(x, y, _)| format!("{} {}", number(*x), number(*y))).collect();
    let line = Element::new("path").set("class", "path").set("d", &format!("M{}", points.join("L")));
    svg.add(line.stroke(MARKS_ON_PICTURES.1, 0.9));
    places.iter().for_each(|(x, y, _)| draw_place(svg, (*x, *y)));
}

fn draw_place(svg: &mut Svg, (x, y): (f64, f64)) {
    let dot = Element::new("circle").num("cx", x).num("cy", y).num("r", PLACE);
    svg.add(dot.set("fill", MARKS_ON_PICTURES.1).set("stroke", OUTLINE).num("stroke-width", 0.6));
}

/// A frame as a PNG of one pixel a pixel.
fn picture(pixels: &[f32], (low, high): (f32, f32)) -> anyhow::Result<Vec<u8>> {
    let side = FRAME_SIDE as u32;
    let mut picture = Pixmap::new(side, side).context("no room for a frame")?;
    for (shown, &pixel) in picture.pixels_mut().iter_mut().zip(pixels) {
        let grey = ((pixel - low) / (high - low).max(f32::MIN_POSITIVE) * 255.0).round() as u8;
        let colour = if pixel.is_finite() { (grey, grey, grey) } else { (220, 0, 0) };
        *shown = ColorU8::from_rgba(colour.0, colour.1, colour.2, 255).premultiply();
    }
    picture.encode_png().context("encoding a frame as PNG")
}

/// Where a position lies on the page, and the size of its mark: smaller at the edge if it is outside.
fn place((x, y): (f32, f32), (left, top): (f64, f64), side: f64) -> Option<(f64, f64, f64)> {
    let (across, down) = (f64::from(x) / FRAME_SIDE as f64, f64::from(y) / FRAME_SIDE as f64);
    let inside = (0.0..=1.0).contains(&across) && (0.0..=1.0).contains(&down);
    let at = |from: f64, fraction: f64| from + fraction.clamp(0.0, 1.0) * side;
    let finite = x.is_finite() && y.is_finite();
    finite.then(|| (at(left, across), at(top, down), if inside { 1.0 } else { 0.55 }))
}

/// Draws a shape in `colour` over a dark, wider one, so that it shows on black, white and noise.
fn draw_mark(svg: &mut Svg, class: &str, shape: &str, colour: &str) {
    let path = || Element::new("path").set("d", shape);
    svg.add(path().stroke(OUTLINE, 3.6));
    svg.add(path().set("class", class).stroke(colour, 1.8));
}

fn ring(x: f64, y: f64, radius: f64) -> String {
    let (left, across, r) = (number(x - radius), number(2.0 * radius), number(radius));
    format!("M{left} {y}a{r} {r} 0 1 0 {across} 0a{r} {r} 0 1 0 -{across} 0Z", y = number(y))
}

fn cross(x: f64, y: f64, arm: f64) -> String {
    let (left, top, across) = (number(x - arm), number(y - arm), number(2.0 * arm));
    format!("M{left} {top}l{across} {across}m-{across} 0l{across} -{across}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixels_centre_lies_half_a_pixel_in() {
        assert_eq!(place((5.5, 3.5), (100.0, 10.0), 84.0), Some((116.5, 20.5, 1.0)));
        assert_eq!(place((28.0, 0.0), (0.0, 0.0), 84.0), Some((84.0, 0.0, 1.0)));
        assert_eq!(place((-3.0, 40.0), (0.0, 0.0), 84.0), Some((0.0, 84.0, 0.55)));
        assert_eq!(place((f32::NAN, 1.0), (0.0, 0.0), 84.0), None);
    }

    #[test]
    fn greys_run_from_least_to_greatest_and_nan_is_red() {
        let mut pixels = vec![0.2; FRAME_SIDE * FRAME_SIDE];
        (pixels[0], pixels[1], pixels[2]) = (0.0, 0.4, f32::NAN);
        let decoded = Pixmap::decode_png(&picture(&pixels, (0.0, 0.4)).unwrap()).unwrap();
        let shown: Vec<_> = decoded.pixels()[..4].iter().map(|p| (p.red(), p.green())).collect();
        assert_eq!(shown, [(0, 0), (255, 255), (220, 0), (128, 128)]);
    }
}
