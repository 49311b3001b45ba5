//! Objectives: pure functions from tensors to scalars. No I/O, no settings files, no devices.
//!
//! Every file of this folder is a module; a new one needs no line here.

automod::dir!(pub "src/objectives");

pub use report::LossReport;
