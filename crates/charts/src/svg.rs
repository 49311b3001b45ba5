//! An SVG page.

use super::element::{Element, number};
use super::figure::Figure;
use super::font;

/// The colour of text.
pub const INK: &str = "#222222";
/// The colour of secondary text and of baselines.
pub const FAINT_INK: &str = "#666666";

/// The colours of grid lines and of the x axis.
pub const GRID: (&str, &str) = ("#e8e8e8", "#999999");

/// The position of text relative to its point.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// The style of a text.
#[derive(Clone, Copy)]
pub struct Text {
    pub size: f64,
    pub anchor: Anchor,
    pub colour: &'static str,
}

impl Default for Text {
    fn default() -> Self {
        Self { size: 12.0, anchor: Anchor::Start, colour: INK }
    }
}

/// A white page that collects elements.
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

impl Svg {
    /// A page of `width` by `height` units.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    /// Draws an element on top of the earlier ones.
    pub fn add(&mut self, element: Element) {
        element.write(&mut self.body);
        self.body.push('\n');
    }

    /// Writes `text` on the line at `y`, in the width of the embedded font whatever the font.
    pub fn text(&mut self, x: f64, y: f64, text: &str, style: Text) {
        let anchor = match style.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let element = Element::new("text").num("x", x).num("y", y).num("font-size", style.size);
        let element = element.set("text-anchor", anchor).set("fill", style.colour);
        let width = font::width(text, style.size);
        self.add(element.num("textLength", width).set("lengthAdjust", "spacingAndGlyphs").words(text));
    }

    /// The finished figure; screen readers read `title`.
    pub fn finish(self, title: &str) -> Figure {
        let background =
            Element::new("rect").set("width", "100%").set("height", "100%").set("fill", "#ffffff");
        let page = Element::new("svg")
            .set("xmlns", "http://www.w3.org/2000/svg")
            .num("width", self.width)
            .num("height", self.height)
            .set("viewBox", &format!("0 0 {} {}", number(self.width), number(self.height)))
            .set("role", "img")
            .set("font-family", font::FAMILIES)
            .child(Element::new("title").words(title))
            .child(background);
        let page = page.markup("\n").markup(&self.body);
        let mut text = String::new();
        page.write(&mut text);
        text.push('\n');
        Figure::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_gives_a_figure_that_parses() {
        let mut svg = Svg::new(40.0, 20.0);
        svg.text(0.0, 10.0, "a<b & \"c\"\u{1b}[0m\0\u{ffff}", Text::default());
        let figure = svg.finish("<title> & \u{7}");
        assert!(figure.svg().contains("a&lt;b &amp; &quot;c&quot; [0m"));
        figure.png().unwrap();
    }
}
