//! Baselines: what simpler learners make of the same samples.

mod class_mean;
mod lbfgs;
mod logistic;
mod nearest;

pub use class_mean::ClassMean;
pub use logistic::Logistic;
pub use nearest::{nearest_by_bits, nearest_by_grey};

/// The share of right labels.
pub fn accuracy(answers: &[u8], labels: &[u8]) -> f64 {
    let right = answers.iter().zip(labels).filter(|(answer, label)| answer == label).count();
    right as f64 / labels.len().max(1) as f64
}
