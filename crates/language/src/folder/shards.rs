//! The tensors of a Hugging Face folder: one file, or shards with an index.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use tch::Tensor;
use umwelt_base::atomic;
use umwelt_torch::checkpoints::{TensorFile, write_tensors};

use crate::config::LmConfig;
use crate::decoder::{Weights, shapes};

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
/// The most bytes of a shard, if no tensor alone is larger.
pub const SHARD_BYTES: usize = 2 << 30;

/// The open files of a folder, with the file of every tensor. Numbers are read one tensor at a
/// time.
pub struct Shards {
    files: Vec<TensorFile>,
    /// The file and the shape of every tensor.
    places: HashMap<String, (usize, Vec<i64>)>,
}

impl Shards {
    /// Opens the files of `folder`.
    ///
    /// # Errors
    /// When there is none, one cannot be read, the index is damaged or names other tensors than the
    /// files hold.
    pub fn open(folder: &Path) -> Result<Self> {
        let (single, index) = (folder.join(SINGLE), folder.join(INDEX));
        if single.is_file() {
            return Self::of_files(vec![single]);
        }
        ensure!(index.is_file(), "{} holds neither {SINGLE} nor {INDEX}", folder.display());
        let map = read_index(&index).with_context(|| format!("{} is damaged", index.display()))?;
        let mut names: Vec<&String> = map.values().collect();
        names.sort();
        names.dedup();
        let shards = Self::of_files(names.into_iter().map(|name| folder.join(name)).collect())?;
        match map.keys().find(|name| !shards.places.contains_key(*name)) {
            Some(missing) => bail!("tensor {missing} is in {} but in none of its files", index.display()),
            None => Ok(shards),
        }
    }

    /// The files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|file| file.path().to_owned()).collect()
    }

    fn of_files(paths: Vec<PathBuf>) -> Result<Self> {
        let (mut files, mut places) = (vec![], HashMap::new());
        for (number, path) in paths.iter().enumerate() {
            let file = TensorFile::open(path)?;
            for (name, shape) in file.shapes() {
                let old = places.insert(name.clone(), (number, shape));
                ensure!(old.is_none(), "tensor {name} is in two files, the second is {}", path.display());
            }
            files.push(file);
        }
        Ok(Self { files, places })
    }

    /// Checks that the files hold exactly the tensors of `config`, before any number is read.
    ///
    /// A head that is stored although it is tied is left aside, and so are the stored frequencies
    /// of old Llama checkpoints.
    ///
    /// # Errors
    /// When a tensor is missing, extra or of another shape; the error names it.
    pub fn check(&self, config: &LmConfig) -> Result<()> {
        let expected: HashMap<_, _> = shapes(config).into_iter().collect();
        let mut sorted: Vec<_> = expected.iter().collect();
        sorted.sort();
        for (name, shape) in sorted {
            let Some((_, found)) = self.places.get(name) else { bail!("tensor {name} is missing") };
            ensure!(found == shape, "tensor {name} should be {shape:?}, it is {found:?}");
        }
        let ignored =
            |name: &str| name.ends_with(".rotary_emb.inv_freq") || (config.tied && name == "lm_head.weight");
        let extra = self.places.keys().filter(|name| !expected.contains_key(*name) && !ignored(name));
        match extra.min() {
            Some(extra) => bail!("tensor {extra} does not belong to this architecture"),
            None => Ok(()),
        }
    }
}

impl Weights for Shards {
    fn take(&mut self, name: &str, _: &[i64]) -> Result<Tensor> {
        let (file, _) = self.places.get(name).with_context(|| format!("tensor {name} is missing"))?;
        self.files[*file].read(name)
    }
}

fn read_index(path: &Path) -> Result<BTreeMap<String, String>> {
    let index: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let map = index["weight_map"].as_object().context("it has no weight_map")?;
    let file = |(name, file): (&String, &Value)| {
        let file = file.as_str().filter(|file| !file.contains(['/', '\\']) && *file != "..");
        Ok((name.clone(), file.with_context(|| format!("the file of tensor {name}"))?.to_owned()))
    };
    map.iter().map(file).collect()
}

/// Writes tensors into one file, or into shards of at most `limit` bytes with their index.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, tensors: &[(String, Tensor)], limit: usize) -> Result<()> {
    let shards = split(tensors, limit);
    if let [all] = shards.as_slice() {
        write_tensors(&folder.join(SINGLE), ("format", "pt"), all)?;
        return remove(&folder.join(INDEX));
    }
    let mut map = Map::new();
    for (shard, number) in shards.iter().zip(1..) {
        let file = format!("model-{number:05}-of-{:05}.safetensors", shards.len());
        write_tensors(&folder.join(&file), ("format", "pt"), shard)?;
        map.extend(shard.iter().map(|(name, _)| (name.clone(), json!(file))));
    }
    let total: usize = tensors.iter().map(bytes).sum();
    let index = json!({ "metadata": { "total_size": total }, "weight_map": map });
    atomic::replace(&folder.join(INDEX), serde_json::to_string_pretty(&index)?.as_bytes())?;
    remove(&folder.join(SINGLE))
}

/// Removes the file of another layout, which readers would prefer.
fn remove(path: &Path) -> Result<()> {
    if path.exists() {
        std::fs::remove_file(path).with_context(|| format!("could not remove {}", path.display()))?;
    }
    Ok(())
}

fn bytes((_, tensor): &(String, Tensor)) -> usize {
    tensor.numel() * tensor.kind().elt_size_in_bytes()
}

fn split(tensors: &[(String, Tensor)], limit: usize) -> Vec<Vec<(String, Tensor)>> {
    let (mut shards, mut size) = (vec![vec![]], 0);
    for entry in tensors {
        let added = bytes(entry);
        if size > 0 && size + added > limit {
            shards.push(vec![]);
            size = 0;
        }
        size += added;
        shards.last_mut().expect("one at least").push((entry.0.clone(), entry.1.shallow_clone()));
    }
    shards
}
