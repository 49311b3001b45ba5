//! Attributes as columns between 0 and 1.

use crate::worlds::workspace::data::Shape;

/// class, x, y, size, rotation, red, green and blue.
pub const COLUMNS: usize = 8;

/// The attributes of items, each column scaled to [0, 1] over all items.
pub struct Columns([Vec<f32>; COLUMNS]);

impl Columns {
    /// The columns of `shapes`. A column without spread is 0.
    pub fn new(shapes: &[Shape]) -> Self {
        Self(std::array::from_fn(|column| {
            scaled(shapes.iter().map(|shape| numbers(shape)[column]).collect())
        }))
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.0[0].len()
    }

    /// A column, one number for each item.
    pub fn column(&self, index: usize) -> &[f32] {
        &self.0[index]
    }

    /// All numbers of an item.
    pub fn item(&self, index: usize) -> [f32; COLUMNS] {
        std::array::from_fn(|column| self.0[column][index])
    }

    /// The columns of the items `indices`, in that order.
    pub fn select(&self, indices: &[usize]) -> Self {
        Self(std::array::from_fn(|column| indices.iter().map(|item| self.0[column][*item]).collect()))
    }
}

fn numbers(shape: &Shape) -> [f32; COLUMNS] {
    let [r, g, b] = shape.rgb.map(f32::from);
    [f32::from(shape.class), shape.x, shape.y, shape.size, shape.rotation, r, g, b]
}

fn scaled(mut column: Vec<f32>) -> Vec<f32> {
    let low = column.iter().copied().fold(f32::INFINITY, f32::min);
    let high = column.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let spread = if high > low { high - low } else { 1.0 };
    column.iter_mut().for_each(|value| *value = (*value - low) / spread);
    column
}
