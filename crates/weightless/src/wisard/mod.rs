//! `kind: wisard`: n-tuples of bits address places of RAMs, which count the classes seen there.
//!
//! Aleksander, Thomas and Bowden, *WISARD, a radical step forward in image recognition* (1984).

mod answers;
mod bleaching;
mod compact;
mod group;
mod learner;
mod lessons;
mod logits;
mod mapping;
mod mental_image;
mod places;
mod rams;
mod responses;
mod rows;
mod settings;
mod undo;

pub use bleaching::LeaveOneOut;
pub use compact::CompactWisard;
pub use group::Group;
pub use learner::{Wisard, WisardState};
pub use logits::{log_scores, logits, softmax, step};
pub use mapping::Mapping;
pub use mental_image::mental_image;
pub use places::Places;
pub use rams::{NotCounted, Own, Rams};
pub use responses::{adaptive, best, responses};
pub use rows::{CountRow, LANES, TableRow};
pub use settings::{Auto, Decision, OrAuto, Store, WisardSettings};
