//! Simple Shapes: coloured shapes on black with their attributes, images and captions.

mod shape;

pub use shape::{CLASSES, Shape};
