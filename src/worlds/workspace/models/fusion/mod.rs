//! Broadcast from states that are fused from subsets of the domains.
//!
//! The rule of the public successor of the published code: what a subset of a group's domains says
//! is fused into one state, and all domains predict from it.

mod calls;
mod corruption;
mod losses;
mod selection;

pub use corruption::{Corruption, CorruptionDraw, FusedProbe, Fusing, ProbeTarget};
pub use losses::{FusionTerm, FusionTerms};
pub use selection::{Choice, Selection};
