//! Objectives: pure functions from tensors to scalars. No I/O, no settings files, no devices.

mod info_nce;
mod report;
mod variance_covariance;

pub use info_nce::info_nce;
pub use report::LossReport;
pub use variance_covariance::{VarianceCovariance, variance_covariance};
