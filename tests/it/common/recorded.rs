//! Tensors that were recorded from independent PyTorch code (tests/parity, or
//! `$UMWELT_PARITY_DIR`), and comparisons with them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use tch::{Device, Kind, Tensor};
use umwelt::nn::Parameters;

/// The path of a recorded file.
pub fn path(file: &str) -> PathBuf {
    let folder = std::env::var_os("UMWELT_PARITY_DIR").map(PathBuf::from);
    folder.unwrap_or_else(in_repository).join(file)
}

/// The folder of the nearest package above this one that has recorded files.
fn in_repository() -> PathBuf {
    let mut folders =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("tests/parity"));
    folders.find(|folder| folder.is_dir()).expect("the repository has tests/parity")
}

/// The tensors of a recorded case, with its settings.
pub struct Recorded {
    pub case: Value,
    pub tensors: HashMap<String, Tensor>,
}

impl Recorded {
    pub fn load(name: &str) -> Self {
        let bytes = std::fs::read(path(&format!("{name}.safetensors"))).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let case = serde_json::from_str(&header.metadata().as_ref().unwrap()["case"]).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap().tensors().into_iter().map(|(name, view)| {
            let kind = match view.dtype() {
                Dtype::F32 => Kind::Float,
                Dtype::F64 => Kind::Double,
                Dtype::BF16 => Kind::BFloat16,
                Dtype::I64 => Kind::Int64,
                Dtype::I32 => Kind::Int,
                Dtype::U8 => Kind::Uint8,
                Dtype::BOOL => Kind::Bool,
                other => panic!("{other:?}"),
            };
            let shape: Vec<i64> = view.shape().iter().map(|n| *n as i64).collect();
            let tensor = Tensor::from_data_size(view.data(), &shape, kind);
            (name, if kind == Kind::BFloat16 { tensor.to_kind(Kind::Float) } else { tensor })
        });
        Self { case, tensors: tensors.collect() }
    }

    pub fn part(&self, prefix: &str) -> HashMap<String, Tensor> {
        let inside = |name: &str| Some(name.strip_prefix(prefix)?.strip_prefix('.')?.to_owned());
        self.tensors.iter().filter_map(|(name, t)| Some((inside(name)?, t.shallow_clone()))).collect()
    }

    pub fn settings<T: serde::de::DeserializeOwned>(&self, section: &str) -> T {
        serde_json::from_value(self.case["config"][section].clone()).unwrap()
    }

    /// Fills parameters by the rule that the file states.
    pub fn fill(&self, parameters: &Parameters) {
        let seed = self.case["seed"].as_f64().unwrap();
        let mut named = parameters.trainable();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        for (n, (name, mut tensor)) in named.into_iter().enumerate() {
            let (count, rows) = (tensor.numel() as i64, tensor.size()[0]);
            let index = Tensor::arange(count, (Kind::Double, Device::Cpu)) * 0.7 + (0.3 * n as f64 + seed);
            let wave = index.sin().view_as(&tensor);
            let values = match (tensor.dim(), name.ends_with("weight")) {
                (1, true) => wave * 0.2 + 1.0,
                (1, false) => wave * 0.1,
                _ => wave * (1.5 / ((count / rows) as f64).sqrt()),
            };
            tch::no_grad(|| tensor.copy_(&values.to_kind(Kind::Float)));
        }
    }
}

/// Compares with the recorded tensor, to 1e-4 of each number and 1e-5.
pub fn close(name: &str, ours: &Tensor, recorded: &Tensor) {
    within(name, ours, recorded, 1e-4, 1e-5);
}

/// Compares relative to the largest number. Batch statistics of a few rows amplify float32's
/// rounding, so that both codes differ this much from a computation in float64.
pub fn close_to_largest(name: &str, ours: &Tensor, recorded: &Tensor) {
    within(name, ours, recorded, 0.0, 1e-4 * recorded.abs().max().double_value(&[]));
}

/// Compares with the recorded tensor, to `relative` of each number and `absolute`.
pub fn within(name: &str, ours: &Tensor, recorded: &Tensor, relative: f64, absolute: f64) {
    assert_eq!(ours.size(), recorded.size(), "{name}");
    let (ours, recorded) = (ours.to_kind(Kind::Double), recorded.to_kind(Kind::Double));
    let excess = (&ours - &recorded).abs() - recorded.abs() * relative;
    let (excess, largest) = (excess.max().double_value(&[]), recorded.abs().max().double_value(&[]));
    assert!(
        excess <= absolute,
        "{name}: off by {excess:e} where {absolute:e} is allowed, largest {largest:e}"
    );
}
