//! The data set as files, in our layout and in the published one.
//!
//! Both have a table of labels for each split, `{split}_labels.npy`. Ours has the images of a split
//! in one array, `{split}_images.npy`, and captions with their choices in `{split}_captions.jsonl`.
//! The published layout has a PNG file for each image, `{split}/{row}.png`, and captions in
//! `{split}_captions.npy`. A folder that we wrote says its settings in `shapes.yaml`.

mod captions;
mod chunks;
mod images;
mod labels;
mod part;
mod pictures;
mod settings;
mod summary;
mod verify;
mod write;

pub use captions::read as read_captions;
pub use images::ImageFiles;
pub use labels::read as read_items;
pub use settings::{FilesSettings, Layout};
pub use summary::{Summary, is_data_set, summary};
pub use verify::verify;
pub use write::write;

/// The default folder of the files.
pub const FOLDER: &str = "data/shapes";

#[cfg(test)]
mod tests;
