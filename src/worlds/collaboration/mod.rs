//! Communicating agents: each sees a part of a digit and reconstructs the rest from the others'
//! messages.

mod digit_views;
mod evaluation;
mod figures;
pub mod models;
#[cfg(feature = "serve")]
mod room;
mod settings;
mod task;

pub use digit_views::{Augmentation, DigitDraw, DigitViews};
pub use evaluation::{Communication, DrawingScore, DrawingScores, score_drawings};
pub use settings::Settings;
pub use task::CollaborationTask;
