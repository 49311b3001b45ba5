//! The stage `analyse`: what is in messages, and what of it the receiver needs.

mod components;
mod job;
mod probes;
mod rates;
mod settings;
mod steps;

pub use job::Analysis;
pub use settings::AnalyseSettings;
