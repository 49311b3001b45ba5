//! Simple Shapes: coloured shapes on black with their attributes, images and captions.

pub mod captions;
mod colour;
mod coverage;
pub mod files;
mod ood;
mod ood_settings;
mod outline;
mod raster;
mod sampling;
mod shape;
mod shape_set;
mod shapes_settings;
mod split;

pub use colour::rgb_of_hls;
pub use ood_settings::{OodRule, OodSettings};
pub use raster::{IMAGE_BYTES, Image, render, render_all, render_array};
pub use sampling::{SYNTHESISED, Sampler};
pub use shape::{CLASSES, Shape};
pub use shape_set::{Items, ShapeSet};
pub use shapes_settings::{ImageSource, ShapesSettings};
pub use split::Split;

/// The side of an image in pixels.
pub const IMAGE_SIDE: usize = 32;
