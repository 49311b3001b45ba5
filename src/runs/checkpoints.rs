//! Checkpoints: safetensors files that hold everything training needs to go on.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tch::{Device, Kind, Tensor};

use super::atomic;

const FORMAT: &str = "umwelt-checkpoint-1";
const KEPT: usize = 2;
/// The checkpoint that evaluated best.
pub const BEST: &str = "best.safetensors";

/// A moment of a run: its tensors by name, and how many steps it has taken.
pub struct Checkpoint {
    pub step: u64,
    pub tensors: Vec<(String, Tensor)>,
}

impl Checkpoint {
    /// Writes the checkpoint atomically.
    pub fn save(&self, path: &Path) -> Result<()> {
        // One entry: several would be written in an order that changes from run to run.
        let metadata = HashMap::from([(FORMAT.to_owned(), self.step.to_string())]);
        let stored = self.tensors.iter().map(|(name, tensor)| Ok((name, Stored::new(tensor)?)));
        let stored: Vec<_> = stored.collect::<Result<_>>()?;
        let views =
            stored.iter().map(|(name, s)| Ok((*name, TensorView::new(s.dtype, s.shape.clone(), &s.bytes)?)));
        let views: Vec<_> = views.collect::<Result<_>>()?;
        atomic::write(path, &safetensors::serialize(views, Some(metadata))?)
    }

    /// Reads a checkpoint onto the CPU.
    ///
    /// # Errors
    /// Says whether the file is missing, cut short, or no checkpoint of ours.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes =
            fs::read(path).with_context(|| format!("could not read checkpoint {}", path.display()))?;
        let damaged = || format!("checkpoint {} is cut short or damaged", path.display());
        let (_, header) = SafeTensors::read_metadata(&bytes).with_context(damaged)?;
        let step = header.metadata().as_ref().and_then(|metadata| metadata.get(FORMAT));
        let Some(step) = step else {
            bail!("{} is a safetensors file, but no checkpoint of umwelt ({FORMAT})", path.display());
        };
        let step = step.parse().with_context(damaged)?;
        let file = SafeTensors::deserialize(&bytes).with_context(damaged)?;
        let views = file.tensors().into_iter();
        let tensors = views.map(|(name, view)| Ok((name, tensor(&view)?))).collect::<Result<_>>()?;
        Ok(Self { step, tensors })
    }

    /// The tensors whose names start with `prefix` and a dot, without it.
    pub fn part(&self, prefix: &str) -> HashMap<String, Tensor> {
        let inside = |name: &str| Some(name.strip_prefix(prefix)?.strip_prefix('.')?.to_owned());
        self.tensors.iter().filter_map(|(name, t)| Some((inside(name)?, t.shallow_clone()))).collect()
    }
}

/// The model's tensors in a checkpoint file, or in the best (else the newest) checkpoint of a run folder.
pub fn load_model_tensors(path: &Path) -> Result<HashMap<String, Tensor>> {
    let file = if path.is_dir() { preferred(&path.join("checkpoints"))? } else { path.to_owned() };
    Ok(Checkpoint::load(&file)?.part("model"))
}

fn preferred(folder: &Path) -> Result<PathBuf> {
    let best = folder.join(BEST);
    if best.is_file() {
        return Ok(best);
    }
    numbered(folder).pop().with_context(|| format!("no checkpoint in {}", folder.display()))
}

struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Stored {
    fn new(tensor: &Tensor) -> Result<Self> {
        let tensor = tensor.detach().to_device(Device::Cpu).contiguous();
        let dtype = match tensor.kind() {
            Kind::Float => Dtype::F32,
            Kind::Double => Dtype::F64,
            Kind::Int64 => Dtype::I64,
            other => bail!("checkpoints hold no tensors of kind {other:?}"),
        };
        let mut bytes = vec![0; tensor.numel() * dtype.bitsize() / 8];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
        Ok(Self { dtype, shape: tensor.size().iter().map(|n| *n as usize).collect(), bytes })
    }
}

fn tensor(view: &TensorView) -> Result<Tensor> {
    let kind = match view.dtype() {
        Dtype::F32 => Kind::Float,
        Dtype::F64 => Kind::Double,
        Dtype::I64 => Kind::Int64,
        other => bail!("checkpoints hold no tensors of type {other:?}"),
    };
    let shape: Vec<i64> = view.shape().iter().map(|n| *n as i64).collect();
    Ok(Tensor::f_from_data_size(view.data(), &shape, kind)?)
}

/// Where the checkpoint of `step` lies.
pub fn path(folder: &Path, step: u64) -> PathBuf {
    folder.join(format!("step-{step:010}.safetensors"))
}

/// The numbered checkpoints of a folder, oldest first.
pub fn numbered(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let named = |p: &PathBuf| p.file_name().is_some_and(|name| name.to_string_lossy().starts_with("step-"));
    let mut found: Vec<_> = entries.filter(named).collect();
    found.sort();
    found
}

/// Removes all numbered checkpoints but the newest two.
pub fn prune(folder: &Path) {
    for old in numbered(folder).iter().rev().skip(KEPT) {
        let _ = fs::remove_file(old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(step: u64) -> Checkpoint {
        let tensors = vec![
            ("model.a".into(), Tensor::from_slice(&[1.5f32, -2.0]).view([2, 1])),
            ("optimiser.steps.a".into(), Tensor::from(3f32)),
            ("pending".into(), Tensor::from_slice(&[7i64])),
        ];
        Checkpoint { step, tensors }
    }

    #[test]
    fn what_is_saved_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), 12);
        sample(12).save(&path).unwrap();
        let back = Checkpoint::load(&path).unwrap();
        assert_eq!(back.step, 12);
        assert_eq!(back.part("model")["a"], sample(0).tensors[0].1);
        assert_eq!(back.part("optimiser")["steps.a"].size(), [0i64; 0]);
        assert_eq!(back.tensors.len(), 3);
    }

    #[test]
    fn a_file_cut_short_anywhere_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), 1);
        sample(1).save(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in [0, 4, 9, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            let error = Checkpoint::load(&path).err().expect("it is damaged").to_string();
            assert!(error.contains("step-0000000001.safetensors is cut short or damaged"), "{error}");
        }
    }

    #[test]
    fn the_newest_two_and_the_best_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for step in [5, 100, 20, 9] {
            sample(step).save(&path(folder.path(), step)).unwrap();
        }
        sample(5).save(&folder.path().join(BEST)).unwrap();
        prune(folder.path());
        assert_eq!(numbered(folder.path()), [path(folder.path(), 20), path(folder.path(), 100)]);
        assert!(folder.path().join(BEST).is_file());
    }
}
