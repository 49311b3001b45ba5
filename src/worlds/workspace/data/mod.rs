//! Simple Shapes: coloured shapes on black with their attributes, images and captions.

pub mod captions;
mod shape;

pub use shape::{CLASSES, Shape};
