//! The stage `evaluate`: a receiver is tested with every channel.

mod alarms;
mod channel;
mod encode;
mod figures;
mod job;
mod keys;
mod report;
mod settings;
mod sources;
mod statistics;
mod unit;

pub use job::Evaluation;
pub use settings::EvaluateSettings;
