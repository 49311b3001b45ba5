//! The example: the smallest world, with two models of which the second builds on the first.
//!
//! `ExampleMean` learns the mean of random numbers by gradient descent, and `ExampleVariance` their
//! variance around the mean that a run of `ExampleMean` learned. The tests of the stages use it,
//! and it shows which parts a world has. It is in a build with the feature `example` alone.

mod settings;
mod task;

pub use settings::{ModelType, Settings};
