//! A collection in the making: parts, and a manifest of what is done.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use umwelt_base::atomic;

use crate::row::{Dtype, Row};
use crate::writer::{Metadata, write};

/// The name of the manifest.
pub const MANIFEST: &str = "manifest.json";
/// The bytes of hidden states in memory beyond which rows go to another file.
const FILE_BYTES: usize = 2 << 30;

/// The parts that are written, and what they were made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub metadata: Metadata,
    pub parts: Vec<Part>,
    /// The number of batches that are done. A batch of long messages has several parts.
    #[serde(default)]
    pub batches: Option<usize>,
}

impl Manifest {
    /// The number of batches that are done.
    pub fn batches(&self) -> usize {
        self.batches.unwrap_or(self.parts.len())
    }
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
    /// The bytes of a file, about.
    file_bytes: usize,
}

impl Collection {
    /// Opens or begins a collection. Files that the manifest does not name are removed: their
    /// writing was cut off.
    ///
    /// # Errors
    /// When the folder cannot be used, holds a collection with other metadata, or lacks a part of
    /// it or has another one.
    pub fn open(folder: &Path, dtype: Dtype, metadata: Metadata) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
        atomic::sweep(folder);
        let path = folder.join(MANIFEST);
        let manifest = if path.is_file() {
            read(&path)?
        } else {
            Manifest { metadata: metadata.clone(), parts: vec![], batches: Some(0) }
        };
        ensure!(
            manifest.metadata == metadata,
            "{} was collected with {:?}, not with {metadata:?}; choose another folder",
            folder.display(),
            manifest.metadata
        );
        let collection = Self { folder: folder.into(), dtype, manifest, file_bytes: FILE_BYTES };
        collection.check()?;
        collection.remove_unfinished()?;
        Ok(collection)
    }

    /// The collection with another limit on the bytes of a file.
    pub fn with_file_bytes(self, file_bytes: usize) -> Self {
        Self { file_bytes, ..self }
    }

    /// Every part is there, as it was written.
    fn check(&self) -> Result<()> {
        for part in &self.manifest.parts {
            let path = self.folder.join(&part.file);
            ensure!(
                sha256(&path)? == part.sha256,
                "{} is not as it was written; remove its folder to collect again",
                path.display()
            );
        }
        Ok(())
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

    /// Writes the rows of a batch as one more part, or as several where they are large, and then
    /// the manifest.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn add(&mut self, rows: &[Row]) -> Result<()> {
        let batches = self.manifest.batches() + 1;
        for rows in self.pieces(rows) {
            let file = format!("part-{:05}.parquet", self.manifest.parts.len());
            let path = self.folder.join(&file);
            write(&path, rows, self.dtype, &self.manifest.metadata)?;
            let ids = rows.iter().map(|row| row.task_id.clone()).collect();
            self.manifest.parts.push(Part { file, sha256: sha256(&path)?, ids });
        }
        self.manifest.batches = Some(batches);
        atomic::write(&self.folder.join(MANIFEST), &serde_json::to_vec_pretty(&self.manifest)?)
    }

    /// The rows in pieces of at most the bytes of a file, or of one row.
    fn pieces<'a>(&self, rows: &'a [Row]) -> Vec<&'a [Row]> {
        let (mut pieces, mut start, mut bytes) = (vec![], 0, 0);
        for (at, row) in rows.iter().enumerate() {
            bytes += row.bytes();
            if bytes > self.file_bytes && at > start {
                pieces.push(&rows[start..at]);
                (start, bytes) = (at, row.bytes());
            }
        }
        pieces.push(&rows[start..]);
        pieces
    }
}

/// The SHA-256 of a file in hexadecimal digits.
fn sha256(path: &Path) -> Result<String> {
    let read = || -> std::io::Result<_> {
        let (mut file, mut digest, mut buffer) = (fs::File::open(path)?, Sha256::new(), vec![0; 1 << 16]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(digest.finalize()),
                count => digest.update(&buffer[..count]),
            }
        }
    };
    let digest = read().with_context(|| format!("could not read {}", path.display()))?;
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn read(path: &Path) -> Result<Manifest> {
    let bytes = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))
}
