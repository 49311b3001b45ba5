//! A collection in the making: parts, and a manifest of what is done.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use umwelt_base::atomic;

use crate::row::{Dtype, Row};
use crate::writer::{Metadata, write};

/// The name of the manifest.
pub const MANIFEST: &str = "manifest.json";

/// The parts that are written, and what they were made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub metadata: Metadata,
    pub parts: Vec<Part>,
}

/// A file of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub file: String,
    /// The SHA-256 of the file in hexadecimal digits.
    pub sha256: String,
    /// The keys of its rows.
    pub ids: Vec<String>,
}

/// A folder that parts are added to. Killed at any moment, it goes on with the part that was not
/// done.
pub struct Collection {
    folder: PathBuf,
    dtype: Dtype,
    manifest: Manifest,
}

impl Collection {
    /// Opens or begins a collection. Files that the manifest does not name are removed: their
    /// writing was cut off.
    ///
    /// # Errors
    /// When the folder cannot be used, or holds a collection with other metadata.
    pub fn open(folder: &Path, dtype: Dtype, metadata: Metadata) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
        atomic::sweep(folder);
        let path = folder.join(MANIFEST);
        let manifest = if path.is_file() {
            read(&path)?
        } else {
            Manifest { metadata: metadata.clone(), parts: vec![] }
        };
        ensure!(
            manifest.metadata == metadata,
            "{} was collected with {:?}, not with {metadata:?}; choose another folder",
            folder.display(),
            manifest.metadata
        );
        let collection = Self { folder: folder.into(), dtype, manifest };
        collection.remove_unfinished()?;
        Ok(collection)
    }

    fn remove_unfinished(&self) -> Result<()> {
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let known = self.manifest.parts.iter().any(|part| part.file == name);
            if name.ends_with(".parquet") && !known {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The number of rows that are done.
    pub fn done(&self) -> usize {
        self.manifest.parts.iter().map(|part| part.ids.len()).sum()
    }

    /// Writes the rows as one more part, and then the manifest.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn add(&mut self, rows: &[Row]) -> Result<()> {
        let file = format!("part-{:05}.parquet", self.manifest.parts.len());
        let path = self.folder.join(&file);
        write(&path, rows, self.dtype, &self.manifest.metadata)?;
        let digest =
            Sha256::digest(fs::read(&path).with_context(|| format!("could not read {}", path.display()))?);
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.manifest.parts.push(Part {
            file,
            sha256,
            ids: rows.iter().map(|row| row.task_id.clone()).collect(),
        });
        atomic::write(&self.folder.join(MANIFEST), &serde_json::to_vec_pretty(&self.manifest)?)
    }
}

fn read(path: &Path) -> Result<Manifest> {
    let bytes = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))
}
