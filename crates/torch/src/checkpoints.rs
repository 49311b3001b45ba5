//! Checkpoints: safetensors files that hold everything training needs to go on.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tch::{Device, Kind, Tensor};

use crate::nn::not_finite;
use umwelt_base::atomic;

/// The metadata's key; its value is the step and the checksum: `24 crc32c:0a1b2c3d`.
const FORMAT: &str = "umwelt-checkpoint-2";
/// The key of checkpoints without a checksum, whose value is the step alone.
const FORMAT_1: &str = "umwelt-checkpoint-1";

/// A moment of a run: its tensors by name, and how many steps it has taken.
pub struct Checkpoint {
    pub step: u64,
    pub tensors: Vec<(String, Tensor)>,
}

impl Checkpoint {
    /// Writes the checkpoint atomically.
    ///
    /// # Errors
    /// When it cannot be written, or holds a tensor that is not finite, which is named: what was at `path` stays.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.check_finite().with_context(|| format!("{} is not written", path.display()))?;
        let stored = self.tensors.iter().map(|(name, tensor)| Ok((name, Stored::new(tensor)?)));
        let stored: Vec<_> = stored.collect::<Result<_>>()?;
        let views =
            stored.iter().map(|(name, s)| Ok((*name, TensorView::new(s.dtype, s.shape.clone(), &s.bytes)?)));
        let views: Vec<(_, TensorView)> = views.collect::<Result<_>>()?;
        let checksum = checksum(self.step, views.iter().map(|(name, view)| (name.as_str(), view)));
        // One entry: several would be written in an order that changes from run to run.
        let metadata = HashMap::from([(FORMAT.to_owned(), format!("{} crc32c:{checksum:08x}", self.step))]);
        atomic::write(path, &safetensors::serialize(views, Some(metadata))?)
    }

    /// Reads a checkpoint onto the CPU.
    ///
    /// # Errors
    /// Says whether the file is missing, damaged (cut short, of another checksum, not finite), or no checkpoint of ours.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes =
            fs::read(path).with_context(|| format!("could not read checkpoint {}", path.display()))?;
        let damaged = || format!("checkpoint {} is cut short or damaged", path.display());
        let (_, header) = SafeTensors::read_metadata(&bytes).with_context(damaged)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let (step, expected) = match (metadata.get(FORMAT), metadata.get(FORMAT_1)) {
            (Some(value), _) => {
                let (step, checksum) =
                    value.split_once(" crc32c:").context("its metadata").with_context(damaged)?;
                (step, Some(checksum))
            }
            (None, Some(step)) => (step.as_str(), None),
            (None, None) => {
                bail!("{} is a safetensors file, but no checkpoint of umwelt ({FORMAT})", path.display())
            }
        };
        let step = step.parse().with_context(damaged)?;
        let file = SafeTensors::deserialize(&bytes).with_context(damaged)?;
        let views = file.tensors();
        let found = format!("{:08x}", checksum(step, views.iter().map(|(name, view)| (name.as_str(), view))));
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(anyhow!("its checksum is {found}, not {expected}").context(damaged()));
        }
        let tensors = views.into_iter().map(|(name, view)| Ok((name, tensor(&view)?)));
        let checkpoint = Self { step, tensors: tensors.collect::<Result<_>>().with_context(damaged)? };
        checkpoint.check_finite().with_context(damaged)?;
        Ok(checkpoint)
    }

    fn check_finite(&self) -> Result<()> {
        match not_finite(&self.tensors) {
            Some((name, what)) => bail!("tensor `{name}` is {what} at step {}", self.step),
            None => Ok(()),
        }
    }

    /// The tensors whose names start with `prefix` and a dot, without it.
    pub fn part(&self, prefix: &str) -> HashMap<String, Tensor> {
        let inside = |name: &str| Some(name.strip_prefix(prefix)?.strip_prefix('.')?.to_owned());
        self.tensors.iter().filter_map(|(name, t)| Some((inside(name)?, t.shallow_clone()))).collect()
    }
}

/// The CRC-32C of the step and, in the order of their names, of all tensors: name, type, shape and bytes.
///
/// It finds every flipped bit and every damaged stretch of up to 32 bits, and all but one in four thousand million of
/// other damages. By the processor's own instruction it costs about 0.1 ms per MB; writing and syncing the file
/// takes ten times as long at least.
fn checksum<'a, 'b: 'a>(step: u64, views: impl Iterator<Item = (&'a str, &'a TensorView<'b>)>) -> u32 {
    let mut views: Vec<_> = views.collect();
    views.sort_by_key(|(name, _)| *name);
    let start = crc32c::crc32c(&step.to_le_bytes());
    views.into_iter().fold(start, |sum, (name, view)| {
        // The lengths are part of it: what belongs to the name and what to the rest is not open then.
        let head =
            format!("{}:{name} {:?} {:?} {}", name.len(), view.dtype(), view.shape(), view.data().len());
        crc32c::crc32c_append(crc32c::crc32c_append(sum, head.as_bytes()), view.data())
    })
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn path(folder: &Path, step: u64) -> PathBuf {
        folder.join(format!("step-{step:010}.safetensors"))
    }

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
    fn no_byte_can_change_without_being_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), 12);
        sample(12).save(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            for flipped in [1, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= flipped;
                fs::write(&path, &bytes).unwrap();
                let Ok(read) = Checkpoint::load(&path) else { continue };
                // A byte of the header's padding or of the way in which it is written may change nothing.
                let same = |(name, tensor): &(String, Tensor)| {
                    read.tensors.iter().any(|(n, t)| n == name && t == tensor)
                };
                assert!(read.step == 12 && sample(12).tensors.iter().all(same), "byte {at} by {flipped}");
            }
        }
    }

    #[test]
    fn a_damaged_checkpoint_is_named_with_both_checksums() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), 12);
        sample(12).save(&path).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 4;
        fs::write(&path, &bytes).unwrap();
        let error = format!("{:#}", Checkpoint::load(&path).err().expect("it is damaged"));
        let told = "step-0000000012.safetensors is cut short or damaged: its checksum is ";
        assert!(error.contains(told) && error.contains(", not "), "{error}");
    }

    /// As written before checksums, and as a tool that knows nothing of them would.
    fn save_as(path: &Path, metadata: (&str, &str), a: [f32; 2]) {
        let bytes: Vec<u8> = a.iter().flat_map(|value| value.to_le_bytes()).collect();
        let view = TensorView::new(Dtype::F32, vec![2, 1], &bytes).unwrap();
        let metadata = HashMap::from([(metadata.0.to_owned(), metadata.1.to_owned())]);
        fs::write(path, safetensors::serialize([("model.a", view)], Some(metadata)).unwrap()).unwrap();
    }

    #[test]
    fn a_checkpoint_of_the_first_format_has_no_checksum_and_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), 7);
        save_as(&path, (FORMAT_1, "7"), [1.5, -2.0]);
        let read = Checkpoint::load(&path).unwrap();
        assert_eq!((read.step, &read.part("model")["a"]), (7, &sample(0).tensors[0].1));
        save_as(&path, ("format", "pt"), [1.5, -2.0]);
        let error = Checkpoint::load(&path).err().expect("it is no checkpoint").to_string();
        assert!(
            error.ends_with("is a safetensors file, but no checkpoint of umwelt (umwelt-checkpoint-2)"),
            "{error}"
        );
    }

    #[test]
    fn a_checkpoint_that_is_not_finite_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), 7);
        for (value, what) in [(f32::NAN, "NaN"), (f32::INFINITY, "infinite")] {
            save_as(&path, (FORMAT_1, "7"), [1.5, value]);
            let error = format!("{:#}", Checkpoint::load(&path).err().expect("it is not finite"));
            assert!(
                error.ends_with(&format!("is cut short or damaged: tensor `model.a` is {what} at step 7")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_header_that_promises_more_than_there_is_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), 1);
        let tensor = |shape: &str, end: &str| {
            format!(
                r#"{{"__metadata__":{{"{FORMAT_1}":"1"}},"model.a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#
            )
        };
        let huge = (1u64 << 62).to_string();
        let headers = [
            (u64::MAX, String::new()),
            (1 << 40, String::new()),
            (0, tensor("[1099511627776]", "4")),
            (0, tensor("[4611686018427387904]", &huge)),
            (0, tensor("[18446744073709551615, 18446744073709551615]", "4")),
            (0, tensor("[0, 18446744073709551615]", "0")),
        ];
        for (length, header) in headers {
            let length = if length > 0 { length } else { header.len() as u64 };
            let data: &[u8] = if header.contains("[0,0]") { &[] } else { &[0; 4] };
            fs::write(&path, [&length.to_le_bytes(), header.as_bytes(), data].concat()).unwrap();
            let error = Checkpoint::load(&path).err().expect("it is damaged").to_string();
            assert!(
                error.contains("step-0000000001.safetensors is cut short or damaged"),
                "{header}: {error}"
            );
        }
    }
}
