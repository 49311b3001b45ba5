//! Objectives of receivers and senders that talk in hidden states.

mod agreement;
mod head;
mod receiver;
mod rows;
mod supervised;

pub use agreement::{agreement_weights, directions, disagreements, information};
pub use head::{Head, cross_entropies};
pub use receiver::{
    Answers, ReceiverTerms, Variant, Whole, divergences, hinges, plan_similarities, receiver_terms, weights,
};
pub use supervised::Supervised;
