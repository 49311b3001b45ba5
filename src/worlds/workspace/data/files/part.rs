//! The files of a split.

use std::io::{Result, Write};
use std::path::{Path, PathBuf};

use super::captions::{self, Captions};
use super::chunks::{Chunks, Progress};
use super::settings::{FilesSettings, Layout};
use super::{images, labels};
use crate::datasets::npy;
use crate::worlds::workspace::data::{IMAGE_SIDE, Items, Split, render_array};

/// One of the files of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Labels,
    /// A file in our layout, a folder in the published one.
    Images,
    Captions,
}

/// The items of a split with the settings of their files.
pub struct SplitFiles<'a> {
    pub folder: &'a Path,
    pub settings: &'a FilesSettings,
    pub split: Split,
    pub items: &'a Items,
    pub progress: Progress<'a>,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Labels, Self::Images, Self::Captions];

    /// The path of the part in a folder.
    pub fn path(self, folder: &Path, layout: Layout, split: Split) -> PathBuf {
        match (self, layout) {
            (Self::Labels, _) => labels::path(folder, split),
            (Self::Images, Layout::Ours) => images::array_path(folder, split),
            (Self::Images, Layout::Published) => images::pictures_path(folder, split),
            (Self::Captions, Layout::Ours) => captions::lines_path(folder, split),
            (Self::Captions, Layout::Published) => folder.join(format!("{}_captions.npy", split.name())),
        }
    }

    /// True if the part is a folder.
    pub fn is_folder(self, layout: Layout) -> bool {
        self == Self::Images && layout == Layout::Published
    }
}

impl SplitFiles<'_> {
    /// The path of a part.
    pub fn path(&self, part: Part) -> PathBuf {
        part.path(self.folder, self.settings.layout, self.split)
    }

    /// The pieces of the part at `path`.
    pub fn chunks<'b>(&'b self, path: &'b Path) -> Chunks<'b> {
        Chunks { path, items: self.items.shapes.len(), progress: self.progress }
    }

    /// Writes the bytes of a part that is a file.
    ///
    /// # Errors
    /// `out` fails.
    pub fn write_to(&self, part: Part, chunks: &Chunks, out: &mut dyn Write) -> Result<()> {
        let shapes = &self.items.shapes;
        let captions = Captions { shapes, split: self.split, seed: self.settings.seed };
        match (part, self.settings.layout) {
            (Part::Labels, _) => npy::write(out, labels::table(self.items).view()),
            (Part::Images, _) => {
                out.write_all(&npy::header("|u1", &[shapes.len(), IMAGE_SIDE, IMAGE_SIDE, 3]))?;
                chunks.write(out, |rows| render_array(&shapes[rows]).into_raw_vec_and_offset().0)
            }
            (Part::Captions, Layout::Ours) => captions.write_lines(chunks, out),
            (Part::Captions, Layout::Published) => captions.write_strings(chunks, out),
        }
    }
}
