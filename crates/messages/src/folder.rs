//! Folders of files, in the layouts that collecting programs leave.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::reader::{ARROW, Reader};
use crate::row::Row;

/// Files of a whole data set.
const WHOLE: [&str; 2] = ["data.parquet", "data_full.parquet"];
/// Folders of parts inside a folder, the first of which is taken.
const SHARDS: [&str; 2] = ["parquet_shards", "hf_dataset"];

/// The rows of all files of a folder, found by key.
pub struct Folder {
    files: Vec<Reader>,
    /// The file, the row group and the place in it, of every key.
    places: HashMap<String, (usize, usize, usize)>,
    keys: Vec<String>,
}

impl Folder {
    /// Opens a file, or the files of a folder: parts, `data.parquet`, `data_full.parquet`,
    /// `parquet_shards` or `hf_dataset`. Files are Parquet or streams of Arrow. Only keys are read.
    ///
    /// # Errors
    /// When there is no file, one cannot be read, or a key is in two rows.
    pub fn open(path: &Path) -> Result<Self> {
        let paths = files(path)?;
        let files = paths.iter().map(|path| Reader::open(path)).collect::<Result<Vec<_>>>()?;
        let mut folder = Self { files, places: HashMap::new(), keys: vec![] };
        for number in 0..folder.files.len() {
            folder.index(number)?;
        }
        Ok(folder)
    }

    fn index(&mut self, number: usize) -> Result<()> {
        let file = &self.files[number];
        for group in 0..file.groups() {
            for (at, key) in file.keys(group)?.into_iter().enumerate() {
                let old = self.places.insert(key.clone(), (number, group, at));
                ensure!(old.is_none(), "{}: task_id {key} is in two rows", file.path().display());
                self.keys.push(key);
            }
        }
        Ok(())
    }

    /// The keys of all rows, in the order of the files.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The row group with the row of `key`, as file and group, and the row's place in it.
    pub fn place(&self, key: &str) -> Option<(usize, usize, usize)> {
        self.places.get(key).copied()
    }

    /// The rows of a row group of a file.
    ///
    /// # Errors
    /// As [`Reader::rows`].
    pub fn rows(&self, file: usize, group: usize) -> Result<Vec<Row>> {
        self.files[file].rows(group)
    }
}

fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if let Some(whole) = WHOLE.iter().map(|name| path.join(name)).find(|path| path.is_file()) {
        return Ok(vec![whole]);
    }
    let shards = SHARDS.iter().map(|name| path.join(name)).find(|folder| folder.is_dir());
    let folder = shards.as_deref().unwrap_or(path);
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let is_known = |extension: &std::ffi::OsStr| extension == "parquet" || extension == ARROW;
    files.retain(|file| file.extension().is_some_and(is_known));
    files.sort();
    if files.is_empty() {
        bail!("{} holds no file of Parquet or Arrow", folder.display());
    }
    Ok(files)
}
