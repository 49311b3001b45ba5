//! The items whose latents are known in several domains at once, and batches of them.

mod batches;
mod composition;
mod groups;
mod order;
mod split;

pub use batches::Batches;
pub use groups::{DomainGroup, GroupItems};
pub use split::{Alignment, split};
