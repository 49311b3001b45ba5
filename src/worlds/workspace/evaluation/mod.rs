//! Scores of a workspace beside baselines.

mod attributes;
mod captions;
mod fit;
mod nearest;
mod reader;
mod retrieval;
mod score_table;

pub use attributes::AttributeErrors;
pub use captions::agreement;
pub use fit::Fit;
pub use nearest::nearest;
pub use reader::Reader;
pub use retrieval::Retrieval;
pub use score_table::{BaselineRow, Column, Direction, ScoreTable};
