//! The settings of written files.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, refuse, within};
use crate::settings::{self, Node, Schema, SettingsError, keys_of, read_keys};
use crate::training::RunKeys;
use crate::worlds::workspace::data::{ImageSource, ShapesSettings};

/// The settings of written files. A run with the same `seed` and `shapes` generates these items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilesSettings {
    /// The seed of all items.
    pub seed: u64,
    /// The layout of the folder: `ours` or `published`.
    pub layout: Layout,
    /// The distribution and the number of items.
    pub shapes: ShapesSettings,
}

/// The layout of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One array of images and one file of captions with their choices for each split
    #[default]
    Ours,
    /// A PNG file for each image, and captions as NumPy strings, for the published code
    Published,
}

impl Default for FilesSettings {
    fn default() -> Self {
        let (layout, shapes) = (Layout::default(), ShapesSettings::default());
        Self { seed: RunKeys::default().seed, layout, shapes }
    }
}

impl Schema for FilesSettings {
    fn read(tree: &Node) -> std::result::Result<Self, SettingsError> {
        read_keys(tree, &keys_of(&Self::default()))
    }

    fn check(&self) -> std::result::Result<(), InvalidSetting> {
        within("shapes", self.shapes.check())?;
        match self.shapes.path.is_some() || self.shapes.images != ImageSource::Render {
            true => refuse("shapes.path", "is the folder that a run reads; files are written from the seed"),
            false => Ok(()),
        }
    }

    fn affects_results(&self, _key: &str) -> bool {
        true
    }
}

/// The file in a folder that says its settings.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("shapes.yaml")
}

/// The settings of a folder that we wrote, or `None` for another one.
///
/// # Errors
/// The file of the settings is damaged.
pub fn of_folder(folder: &Path) -> Result<Option<FilesSettings>> {
    let path = path(folder);
    match path.is_file() {
        true => Ok(Some(settings::load(&[path], &[])?.settings)),
        false => Ok(None),
    }
}
