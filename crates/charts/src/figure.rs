//! A finished figure as SVG and PNG.

use std::sync::{Arc, OnceLock};

use anyhow::Context;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::font;

/// Pixels of the PNG for one unit of the SVG; two keep small text sharp.
const PIXELS_PER_UNIT: f32 = 2.0;

/// A drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    svg: String,
}

impl Figure {
    pub(super) fn new(svg: String) -> Self {
        Self { svg }
    }

    /// The drawing as SVG text: the same bytes for the same data on every machine.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The drawing as PNG bytes, two pixels for one SVG unit, in the embedded font.
    ///
    /// Errors if the picture is too large to hold in memory.
    pub fn png(&self) -> anyhow::Result<Vec<u8>> {
        let options = Options { fontdb: fonts(), ..Options::default() };
        let tree = Tree::from_str(&self.svg, &options).context("a figure's SVG does not parse")?;
        let side = |length: f32| (length * PIXELS_PER_UNIT).ceil() as u32;
        let (width, height) = (side(tree.size().width()), side(tree.size().height()));
        let mut pixels =
            Pixmap::new(width, height).with_context(|| format!("no room for {width} x {height} pixels"))?;
        let scale = Transform::from_scale(PIXELS_PER_UNIT, PIXELS_PER_UNIT);
        resvg::render(&tree, scale, &mut pixels.as_mut());
        pixels.encode_png().context("encoding a figure as PNG")
    }
}

/// The embedded font alone: with a system's fonts the pixels would differ between machines.
pub(super) fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(font::BYTES.to_vec());
        fonts.set_sans_serif_family(font::FAMILY);
        Arc::new(fonts)
    };
    FONTS.get_or_init(load).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(content: &str) -> Figure {
        let font = font::FAMILIES;
        let start = "<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20.5'";
        Figure::new(format!("{start} font-family='{font}'>{content}</svg>"))
    }

    fn big_endian(bytes: &[u8]) -> u32 {
        u32::from_be_bytes(bytes.try_into().unwrap())
    }

    #[test]
    fn a_png_is_twice_the_size_of_its_svg_and_the_same_each_time() {
        let draw = || page("").png().unwrap();
        let png = draw();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!((big_endian(&png[16..20]), big_endian(&png[20..24])), (60, 41));
        assert_eq!(png, draw());
    }

    #[test]
    fn text_is_drawn_with_the_embedded_font() {
        let text = page("<text x='5' y='15' font-size='12'>word</text>");
        assert_ne!(page("").png().unwrap(), text.png().unwrap());
        assert!(fonts().faces().next().unwrap().families.iter().any(|(name, _)| name == font::FAMILY));
    }
}
