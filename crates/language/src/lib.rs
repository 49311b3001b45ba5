//! Decoder language models of the families Qwen2 and Llama on libtorch: checkpoints of Hugging Face
//! and GGUF, tokenizers, chat templates, and writing in batches from a cache.

mod cache;
mod config;
mod context;
mod controls;
mod decoder;
mod description;
mod folder;
mod fuser;
mod generation;
mod gguf;
mod graft;
mod message;
mod objectives;
mod sampling;
mod segments;
mod student;
mod templates;
mod tokenizer;

pub use config::{Architecture, LmConfig, RopeScaling, RopeSettings};
pub use context::Context;
pub use controls::{Control, Ranking, covariance_noise, interpolated, orthogonal, principal, rotated};
pub use decoder::{DecoderLm, InitialWeights, LowRankShape, Weights, count, shapes};
pub use description::Description;
pub use folder::{LanguageModel, Places, SHARD_BYTES, Shards};
pub use fuser::{Fuser, Gates};
pub use generation::{Kept, Prompt, Writing, Written};
pub use gguf::GgufFile;
pub use graft::{Graft, GraftRule};
pub use message::{
    AdapterKind, AdapterShape, Batch, IGNORED, Inserted, Insertion, LabelledText, Marker, MessageAdapter,
    batch, fitted, latent_first, others, parameter_count, scattered, token_first,
};
pub use objectives::{
    Answers, Head, ReceiverTerms, Supervised, Variant, Whole, agreement_weights, cross_entropies, directions,
    disagreements, divergences, hinges, information, plan_similarities, receiver_terms, weights,
};
pub use sampling::{Sampling, draw};
pub use segments::{EmbeddedRows, Segment, Side, embed_rows, split};
pub use student::Student;
pub use templates::{ChatTemplate, DEFAULT_SYSTEM, Fragment, JinjaTemplate, Part, Role, Turn};
pub use tokenizer::{SPECIAL_TOKENS, TextTokenizer};
