//! A summary of a folder.

use std::fs;
use std::path::Path;

use super::labels;
use super::part::Part;
use super::settings::{self, Layout};
use crate::datasets::npy;
use crate::worlds::workspace::data::Split;

/// The files of a folder that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The number of files that are there; a folder of pictures counts as one.
    pub found: usize,
    /// The number of files of a complete folder.
    pub all: usize,
    /// The items of each split; `None` without a readable table of labels.
    pub items: [Option<usize>; Split::ALL.len()],
    pub bytes: u64,
}

/// True if a folder holds the data set, or a part of it.
pub fn is_data_set(folder: &Path) -> bool {
    settings::path(folder).is_file() || Split::ALL.iter().any(|split| labels::path(folder, *split).is_file())
}

/// The summary of a folder in either layout.
pub fn summary(folder: &Path) -> Summary {
    let has_pictures = Part::Images.path(folder, Layout::Published, Split::Training).is_dir();
    let guessed = if has_pictures { Layout::Published } else { Layout::Ours };
    let layout = settings::of_folder(folder).ok().flatten().map_or(guessed, |settings| settings.layout);
    let parts = Split::ALL.iter().flat_map(|split| Part::ALL.map(|part| part.path(folder, layout, *split)));
    let sizes: Vec<Option<u64>> = parts.map(|path| size(&path)).collect();
    let items = |split| Some(npy::open_table::<f32>(&labels::path(folder, split)).ok()?.shape()[0]);
    Summary {
        found: sizes.iter().flatten().count(),
        all: sizes.len(),
        items: Split::ALL.map(items),
        bytes: sizes.iter().flatten().sum(),
    }
}

/// The bytes of a file, or of the files in a folder.
fn size(path: &Path) -> Option<u64> {
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_dir() {
        return Some(metadata.len());
    }
    let files = fs::read_dir(path).ok()?.flatten();
    Some(files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum())
}
