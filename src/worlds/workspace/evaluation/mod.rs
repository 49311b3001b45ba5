//! Scores of a workspace beside baselines.

mod attributes;
mod captions;
mod nearest;
mod retrieval;
mod score_table;

pub use attributes::AttributeErrors;
pub use captions::agreement;
pub use nearest::nearest;
pub use retrieval::Retrieval;
pub use score_table::{BaselineRow, Column, Direction, ScoreTable};
