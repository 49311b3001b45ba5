//! Data sets that worlds share: digits, pictures and array files.

mod digits;
pub mod mnist;
pub mod npy;
mod pictures;
mod programs;
pub mod smollm2;

pub use digits::Digits;
pub use pictures::{Pictures, Split, read_rgb};

/// The side of a digit, and of an image of the moving dots, in pixels.
pub const IMAGE_SIZE: usize = 28;
pub const PIXELS: usize = IMAGE_SIZE * IMAGE_SIZE;

/// Grey values, row by row (index `y * IMAGE_SIZE + x`).
pub type Image = [f32; PIXELS];
