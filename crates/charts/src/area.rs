//! The rectangle of the data, with its two axes.

use super::axis::Axis;

/// A rectangle on the page with the axes along its sides.
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Axis,
    pub y: Axis,
}

impl Area {
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The page's x of a value; `None` if the axis cannot show it.
    pub fn column(&self, value: f64) -> Option<f64> {
        self.x.fraction(value).map(|fraction| self.left + fraction * self.width)
    }

    /// The page's y of a value; `None` if the axis cannot show it.
    pub fn row(&self, value: f64) -> Option<f64> {
        self.y.fraction(value).map(|fraction| self.bottom() - fraction * self.height)
    }

    /// The position of a data point on the page.
    pub fn point(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.column(x)?, self.row(y)?))
    }
}
