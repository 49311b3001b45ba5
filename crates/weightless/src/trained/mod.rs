//! Parts of the kinds that are trained by gradients: batches as bit planes, Adam, the loss, the
//! learner and the finished form.

mod adam;
mod c_code;
mod cross_entropy;
mod finished;
mod learner;
mod planes;
mod ranges;
mod wiring;

pub use adam::{Factors, Moments};
pub use cross_entropy::{Loss, cross_entropy};
pub use finished::{BitTables, Finished};
pub use learner::{Batch, Extent, Model, Plan, Trained};
pub use planes::{BATCH, Plane, Varying, bit};
pub(crate) use ranges::Ranges;
pub use wiring::permutations;
