//! Pixels and labels as bits, and drawings as pictures like MNIST's.

mod bit_set;
mod copies;
mod drawing;
mod encoder;
mod encoding;
mod labels;
mod quantile;
mod shifts;
mod thermometer;
mod warp;

pub use bit_set::{BitSet, ones, words_for};
pub use copies::{Copies, STRONGEST};
pub use drawing::{NothingDrawn, centre, centre_exactly, upload};
pub use encoder::Encoder;
pub use encoding::{Encoding, EncodingSettings};
pub use labels::{label_bits, label_outputs, label_value};
pub use shifts::{Shifts, shifted};
pub use warp::Warp;
