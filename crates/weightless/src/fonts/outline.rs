//! Outlines of glyphs, filled.

use skrifa::outline::OutlinePen;
use tiny_skia::{FillRule, Mask, Path, PathBuilder, PathSegment, Point, Stroke, Transform};

use super::variant::Variant;

/// The side of the canvas in pixels.
pub const SIDE: usize = 320;
/// The longer side of a digit on the canvas.
const LONGER: f32 = 200.0;
/// Pieces of a curve whose length is measured.
const PIECES: usize = 8;

/// The outline of a glyph.
#[derive(Default)]
pub struct Outline(PathBuilder);

impl OutlinePen for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, -y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, -y);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.0.quad_to(cx0, -cy0, x, -y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.0.cubic_to(cx0, -cy0, cx1, -cy1, x, -y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}

/// The ink of an outline in a variant, `[SIDE * SIDE]`; `None` of an empty outline.
pub fn ink(outline: Outline, variant: &Variant) -> Option<Vec<u8>> {
    let path = outline.0.finish()?;
    let path = fitted(path.transform(linear(variant))?)?;
    let mut ink = fill(&path)?;
    let area = ink.iter().map(|value| f64::from(*value)).sum::<f64>() / 255.0;
    // A long stroke of thickness d has the area d l and the outline 2 l.
    let thickness = 2.0 * area / f64::from(length(&path)).max(1.0);
    let change = variant.stroke - 1.0;
    // Half of an outline's stroke lies on either side of it, and a digit's stroke has two sides.
    let width = (change.abs() * thickness) as f32;
    if width < 0.01 {
        return Some(ink);
    }
    let border = fill(&path.stroke(&Stroke { width, ..Stroke::default() }, 1.0)?)?;
    for (value, border) in ink.iter_mut().zip(border) {
        *value = if change > 0.0 { (*value).max(border) } else { (*value).min(255 - border) };
    }
    Some(ink)
}

/// The variant as a linear map of a glyph whose y points down.
fn linear(variant: &Variant) -> Transform {
    let (sin, cos) = (variant.rotation.sin() as f32, variant.rotation.cos() as f32);
    let aspect = Transform::from_scale(variant.aspect as f32, 1.0);
    let slant = Transform::from_skew(-variant.slant.tan() as f32, 0.0);
    aspect.post_concat(slant).post_concat(Transform::from_row(cos, sin, -sin, cos, 0.0, 0.0))
}

/// The path scaled so that its longer side is that of a digit, in the middle of the canvas.
fn fitted(path: Path) -> Option<Path> {
    let bounds = path.bounds();
    let scale = LONGER / bounds.width().max(bounds.height()).max(1e-3);
    let middle = |from: f32, size: f32| SIDE as f32 / 2.0 - scale * (from + size / 2.0);
    let (x, y) = (middle(bounds.x(), bounds.width()), middle(bounds.y(), bounds.height()));
    path.transform(Transform::from_row(scale, 0.0, 0.0, scale, x, y))
}

fn fill(path: &Path) -> Option<Vec<u8>> {
    let mut mask = Mask::new(SIDE as u32, SIDE as u32)?;
    mask.fill_path(path, FillRule::Winding, true, Transform::identity());
    Some(mask.data().to_vec())
}

/// The length of all contours.
fn length(path: &Path) -> f32 {
    let (mut length, mut last, mut start) = (0.0, Point::zero(), Point::zero());
    for segment in path.segments() {
        let along = |curve: &dyn Fn(f32) -> Point| -> f32 {
            let points: Vec<Point> = (0..=PIECES).map(|i| curve(i as f32 / PIECES as f32)).collect();
            points.windows(2).map(|pair| pair[0].distance(pair[1])).sum()
        };
        let mix = |a: Point, b: Point, t: f32| Point::from_xy(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t);
        let quad = |a: Point, b: Point, c: Point, t: f32| mix(mix(a, b, t), mix(b, c, t), t);
        let (more, end) = match segment {
            PathSegment::MoveTo(point) => {
                start = point;
                (0.0, point)
            }
            PathSegment::LineTo(point) => (last.distance(point), point),
            PathSegment::QuadTo(a, point) => (along(&|t| quad(last, a, point, t)), point),
            PathSegment::CubicTo(a, b, point) => {
                (along(&|t| mix(quad(last, a, b, t), quad(a, b, point, t), t)), point)
            }
            PathSegment::Close => (last.distance(start), start),
        };
        length += more;
        last = end;
    }
    length
}
