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

pub use channel::{Channel, Counts};
pub use encode::Latents;
pub use episodes::Episodes;
pub use gloss::{Near, likely, nearest};
pub use job::Evaluation;
pub use message::{Question, message, norms, successive};
pub use settings::{EvaluateSettings, part_of};
pub use sources::Sources;
