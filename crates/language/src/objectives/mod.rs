//! Objectives of receivers and senders that talk in hidden states.

mod agreement;
mod receiver;
mod supervised;

pub use agreement::{Agreement, agreement, direction};
pub use receiver::{
    ReceiverLosses, Variant, contrast, divergences, plan_similarities, receiver_losses, weights,
};
pub use supervised::{Supervised, cross_entropy};
