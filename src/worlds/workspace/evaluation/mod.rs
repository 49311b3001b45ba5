//! Scores of a workspace beside baselines.

mod attributes;
mod baselines;
mod blind;
mod captions;
mod evaluator;
mod fit;
mod known;
mod nearest;
mod passages;
mod reader;
mod retrieval;
mod score_table;
mod scores;
mod targets;

pub use attributes::AttributeErrors;
pub use captions::agreement;
pub use evaluator::Evaluator;
pub use fit::Fit;
pub use known::{KnownItems, Specialist};
pub use nearest::nearest;
pub use passages::Passage;
pub use reader::Reader;
pub use retrieval::Retrieval;
pub use score_table::{BaselineRow, Column, Direction, ScoreTable};
pub use scores::{MATCHED_LOSS, WorkspaceScores};
pub use targets::intensities;
