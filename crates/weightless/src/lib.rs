//! Agents made of lookup tables: they learn a digit from one look and can be corrected at any time.
//!
//! Four kinds share one interface, [`agent::Agent`]: a neural state machine of nearest-match
//! neurons ([`ao`]), n-tuples in RAM ([`wisard`]), trained lookup tables ([`dwn`]) and trained
//! gates ([`logic`]).

pub mod agent;
mod answer;
pub mod ao;
pub mod baselines;
pub mod bits;
mod course;
mod draws;
pub mod dwn;
pub mod fonts;
pub mod logic;
mod reservoir;
mod samples;
pub mod sampling;
pub mod trained;
mod vectorised;
pub mod wisard;

pub use answer::{Accuracy, Answer, Distances};
pub use course::Course;
pub use reservoir::{Change, Reservoir};
pub use samples::{Digit, PIXELS, SIDE, Samples};
