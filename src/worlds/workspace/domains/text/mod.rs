//! The text domain `t`: a variational autoencoder of sentences.

mod attribute_head;
mod batch;
mod classes;
mod domain;
mod evaluation;
mod grammar_heads;
mod reader;
mod sentence_decoder;
mod settings;
mod source;
mod standardiser;
mod tables;
mod tally;
mod task;
mod vae;
mod vectors;

pub use attribute_head::PredictedAttributes;
pub use batch::TextBatch;
pub use classes::{Classes, NO_CLASS};
pub use domain::TextDomain;
pub use evaluation::{Share, TextScores};
pub use settings::{NGRAMS, TextEncoder, TextSettings};
pub use source::SentenceSource;
use standardiser::Standardiser;
pub use task::TextTask;
pub use vae::{Said, TextVae};
