//! The stage `evaluate`: a receiver is tested with every channel.

mod alarms;
mod asked;
mod channel;
mod checkpoints;
mod encode;
mod episodes;
mod figures;
mod gloss;
mod job;
mod keys;
mod message;
mod report;
mod settings;
mod sources;
mod statistics;
mod tested;
mod unit;

pub use channel::Channel;
pub use episodes::Episodes;
pub use gloss::{Near, likely, nearest};
pub use job::Evaluation;
pub use message::{Question, message, norms, successive};
pub use settings::EvaluateSettings;
pub use sources::Sources;
