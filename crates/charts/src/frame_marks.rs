//! Drawing of one frame as an embedded picture, of the marks on it, and of their legend.

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ndarray::{Array3, ArrayView1, Axis};
use resvg::tiny_skia::{ColorU8, Pixmap};

use super::element::{Element, number};
use super::font;
use super::frames::{Frame, FrameGrid};
use super::palette::MARKS_ON_PICTURES;
use super::svg::{FAINT_INK, Svg, Text};

const OUTLINE: &str = "#111111";
const RING: f64 = 6.5;
const CROSS: f64 = 4.5;
const SIZE: f64 = 12.0;
const GREYS: &str = "grey: black to white from least to greatest pixel of a row";
const COLOURS: &str = "colour: each channel from least to greatest value of a row";
/// The colour of a pixel that is not finite.
const NOT_FINITE: [u8; 3] = [220, 0, 0];
/// The radius of a dot on a path.
const DOT: f64 = 1.7;
const LEGEND_GAP: f64 = 22.0;
const SAMPLE: f64 = 20.0;

/// Draws a frame at `corner` with `scale` units for one pixel; `range` is black and white.
pub fn draw_frame(
    svg: &mut Svg,
    corner: (f64, f64),
    scale: f64,
    frame: &Frame,
    range: (f32, f32),
) -> anyhow::Result<()> {
    let (height, width) = frame.size();
    let area = Area { corner, width: scale * width as f64, height: scale * height as f64, scale };
    let picture = BASE64_STANDARD.encode(picture(&frame.pixels, range)?);
    // As an attribute, the renderer would ignore `pixelated`.
    let image = area.element("image").set("style", "image-rendering:pixelated");
    svg.add(image.set("href", &format!("data:image/png;base64,{picture}")));
    svg.add(area.element("rect").stroke("#bbbbbb", 0.5));
    draw_path(svg, &frame.path, &area);
    if let Some((x, y, size)) = frame.ring.and_then(|position| area.place(position)) {
        draw_mark(svg, "ring", &ring(x, y, size * RING), MARKS_ON_PICTURES.0);
    }
    if let Some((x, y, size)) = frame.cross.and_then(|position| area.place(position)) {
        draw_mark(svg, "cross", &cross(x, y, size * CROSS), MARKS_ON_PICTURES.1);
    }
    Ok(())
}

/// Draws the legend of the marks and of the colours, in one line around `y` from `left`.
pub fn draw_legend(svg: &mut Svg, grid: &FrameGrid, left: f64, y: f64) {
    let mut x = left;
    let middle = RING + 1.5;
    let mut explain = |sample: &dyn Fn(&mut Svg, f64), label: &str| {
        sample(svg, x + middle);
        svg.text(x + SAMPLE, y + 0.35 * SIZE, label, Text { size: SIZE, ..Text::default() });
        x += SAMPLE + font::width(label, SIZE) + LEGEND_GAP;
    };
    if let Some(label) = grid.marks.ring {
        explain(&|svg, x| draw_mark(svg, "legend", &ring(x, y, RING), MARKS_ON_PICTURES.0), label);
    }
    if let Some(label) = grid.marks.cross {
        explain(&|svg, x| draw_mark(svg, "legend", &cross(x, y, CROSS), MARKS_ON_PICTURES.1), label);
    }
    if let Some(label) = grid.marks.path {
        explain(&|svg, x| draw_dot(svg, (x, y)), label);
    }
    let faint = Text { size: SIZE, colour: FAINT_INK, ..Text::default() };
    svg.text(x, y + 0.35 * SIZE, scale_label(grid), faint);
}

/// The width of [`draw_legend`].
pub fn legend_width(grid: &FrameGrid) -> f64 {
    let labels = [grid.marks.ring, grid.marks.cross, grid.marks.path].into_iter().flatten();
    let marks: f64 = labels.map(|label| SAMPLE + font::width(label, SIZE) + LEGEND_GAP).sum();
    marks + font::width(scale_label(grid), SIZE)
}

/// The scale of the rows; nothing where all rows have ranges of their own.
fn scale_label(grid: &FrameGrid) -> &'static str {
    match (grid.rows.iter().all(|row| row.range.is_some()), grid.has_colours()) {
        (true, _) => "",
        (_, true) => COLOURS,
        (_, false) => GREYS,
    }
}

/// Draws a line through all finite positions, and a dot at each.
fn draw_path(svg: &mut Svg, path: &[(f32, f32)], area: &Area) {
    let places: Vec<_> = path.iter().filter_map(|position| area.place(*position)).collect();
    if places.is_empty() {
        return;
    }
    let points: Vec<String> =
        places.iter().map(|(x, y, _)| format!("{} {}", number(*x), number(*y))).collect();
    let line = Element::new("path").set("class", "path").set("d", &format!("M{}", points.join("L")));
    svg.add(line.stroke(MARKS_ON_PICTURES.1, 0.9));
    places.iter().for_each(|(x, y, _)| draw_dot(svg, (*x, *y)));
}

fn draw_dot(svg: &mut Svg, (x, y): (f64, f64)) {
    let dot = Element::new("circle").num("cx", x).num("cy", y).num("r", DOT);
    svg.add(dot.set("fill", MARKS_ON_PICTURES.1).set("stroke", OUTLINE).num("stroke-width", 0.6));
}

/// Pixels `[height, width, channels]` as a PNG of the same size.
fn picture(pixels: &Array3<f32>, range: (f32, f32)) -> anyhow::Result<Vec<u8>> {
    let (height, width, _) = pixels.dim();
    let mut picture = Pixmap::new(width as u32, height as u32).context("no memory for a frame")?;
    for (shown, channels) in picture.pixels_mut().iter_mut().zip(pixels.lanes(Axis(2))) {
        let [red, green, blue] = colour(channels, range);
        *shown = ColorU8::from_rgba(red, green, blue, 255).premultiply();
    }
    picture.encode_png().context("encoding a frame as PNG")
}

/// The colour of a pixel of one channel (grey) or three.
fn colour(channels: ArrayView1<f32>, (low, high): (f32, f32)) -> [u8; 3] {
    if channels.iter().any(|value| !value.is_finite()) {
        return NOT_FINITE;
    }
    let byte = |value: f32| ((value - low) / (high - low).max(f32::MIN_POSITIVE) * 255.0).round() as u8;
    [0, 1, 2].map(|channel| byte(channels[channel.min(channels.len() - 1)]))
}

/// The rectangle of a frame on the page.
struct Area {
    corner: (f64, f64),
    width: f64,
    height: f64,
    scale: f64,
}

impl Area {
    fn element(&self, name: &'static str) -> Element {
        let element = Element::new(name).num("x", self.corner.0).num("y", self.corner.1);
        element.num("width", self.width).num("height", self.height)
    }

    /// The page's x and y of a position, and the size of its mark, which is smaller at the edge.
    fn place(&self, (x, y): (f32, f32)) -> Option<(f64, f64, f64)> {
        let (across, down) = (f64::from(x) * self.scale, f64::from(y) * self.scale);
        let inside = (0.0..=self.width).contains(&across) && (0.0..=self.height).contains(&down);
        let (x_clipped, y_clipped) = (across.clamp(0.0, self.width), down.clamp(0.0, self.height));
        let place = (self.corner.0 + x_clipped, self.corner.1 + y_clipped, if inside { 1.0 } else { 0.55 });
        (x.is_finite() && y.is_finite()).then_some(place)
    }
}

/// Draws a shape in `colour` over a dark, wider one: visible on black, white and noise.
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
        let area = |corner| Area { corner, width: 84.0, height: 84.0, scale: 3.0 };
        assert_eq!(area((100.0, 10.0)).place((5.5, 3.5)), Some((116.5, 20.5, 1.0)));
        assert_eq!(area((0.0, 0.0)).place((28.0, 0.0)), Some((84.0, 0.0, 1.0)));
        assert_eq!(area((0.0, 0.0)).place((-3.0, 40.0)), Some((0.0, 84.0, 0.55)));
        assert_eq!(area((0.0, 0.0)).place((f32::NAN, 1.0)), None);
    }

    #[test]
    fn greys_run_from_least_to_greatest_and_nan_is_red() {
        let mut pixels = Array3::from_elem((28, 28, 1), 0.2);
        (pixels[[0, 0, 0]], pixels[[0, 1, 0]], pixels[[0, 2, 0]]) = (0.0, 0.4, f32::NAN);
        let decoded = Pixmap::decode_png(&picture(&pixels, (0.0, 0.4)).unwrap()).unwrap();
        let shown: Vec<_> = decoded.pixels()[..4].iter().map(|p| (p.red(), p.green())).collect();
        assert_eq!(shown, [(0, 0), (255, 255), (220, 0), (128, 128)]);
    }
}
