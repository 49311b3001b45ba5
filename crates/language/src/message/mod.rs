//! Messages: hidden states of a sender as input embeddings of a receiver.

mod adapter;
mod insertion;
mod mixture;
mod wrong;

pub use adapter::{AdapterKind, AdapterShape, MessageAdapter, parameter_count};
pub use insertion::{Batch, IGNORED, Inserted, Insertion, LabelledText, Marker, batch};
pub use mixture::{latent_first, scattered, token_first};
pub use wrong::{fitted, others};
