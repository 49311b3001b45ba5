//! `kind: ao`: a neural state machine that stores examples and answers with the nearest.

mod agent;
mod connections;
mod control;
mod examples;
mod grid;
mod machine;
mod settings;

pub use agent::Ao;
pub use connections::{Connections, Lists, Shape};
pub use control::{Control, Episode, Instinct, apply};
pub use machine::{Example, Held, Machine, State, Vote};
pub use settings::{AoSettings, Connector, Firing, Past};
