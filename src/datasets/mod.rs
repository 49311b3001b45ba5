//! Data that is fetched or read, and that several worlds may use: digits and pictures.

mod digits;
pub mod mnist;
mod pictures;

pub use digits::Digits;
pub use pictures::{Pictures, Split};

/// Pixels along each side of a digit, and of the pictures cut for the moving dots.
pub const IMAGE_SIZE: usize = 28;
pub const PIXELS: usize = IMAGE_SIZE * IMAGE_SIZE;

/// Grey values, row by row (index `y * IMAGE_SIZE + x`).
pub type Image = [f32; PIXELS];
