//! Language models that talk: a sender's hidden states become a receiver's input.
//!
//! The science is of *Interlat* (arXiv 2511.09149). The models are in the crate
//! `umwelt-language`, collected messages in `umwelt-messages`.

mod analysis;
mod evaluation;
mod models;
mod play;
#[cfg(feature = "serve")]
mod room;
mod settings;
mod speaker;
mod stages;
mod tasks;
mod text;

pub use evaluation::{Question, message};
pub use settings::{Settings, TalkSettings};
pub use tasks::minihouse::answer as answer_games;
