//! Objectives: pure functions from tensors to scalars. No I/O, no settings files, no devices.

pub mod clip;
pub mod cross_correlation;
pub mod divergence;
pub mod info_nce;
pub mod report;
pub mod scalars;
pub mod sigreg;
pub mod split_code;
pub mod trajectory_contrast;
pub mod variance_covariance;
pub mod vsepp;

pub use report::LossReport;
