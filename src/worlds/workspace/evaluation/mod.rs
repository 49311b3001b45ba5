//! Scores of a workspace beside baselines.

mod attributes;
mod nearest;
mod retrieval;

pub use attributes::AttributeErrors;
pub use nearest::nearest;
pub use retrieval::Retrieval;
