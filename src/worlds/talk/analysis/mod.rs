//! The stage `analyse`: measures of messages, and of the parts that the receiver needs.

mod attention;
mod components;
mod job;
mod probes;
mod rates;
mod settings;
mod steps;

pub use job::Analysis;
pub use settings::AnalyseSettings;
