//! Recorded tensors (tests/parity of the repository, or `$UMWELT_PARITY_DIR`).

#![allow(dead_code, reason = "each test program uses its part")]

use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// The path of a recorded file.
pub fn path(file: &str) -> PathBuf {
    let folder = std::env::var_os("UMWELT_PARITY_DIR").map(PathBuf::from);
    let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity");
    folder.unwrap_or_else(ours).join(file)
}

/// A recorded case: its settings and its tensors.
pub struct Recorded {
    pub case: Value,
    bytes: Vec<u8>,
}

impl Recorded {
    pub fn load(name: &str) -> Self {
        let bytes = std::fs::read(path(&format!("{name}.safetensors"))).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let case = serde_json::from_str(&header.metadata().as_ref().unwrap()["case"]).unwrap();
        Self { case, bytes }
    }

    /// The shape of a tensor and its numbers, row by row.
    fn read(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let all = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = all.tensor(name).unwrap();
        let shape = view.shape().to_vec();
        (shape, numbers(view.dtype(), view.data()))
    }

    pub fn shape(&self, name: &str) -> Vec<usize> {
        self.read(name).0
    }

    pub fn floats(&self, name: &str) -> Vec<f64> {
        self.read(name).1
    }

    /// Whole numbers.
    pub fn integers(&self, name: &str) -> Vec<i64> {
        self.floats(name).into_iter().map(|value| value as i64).collect()
    }

    /// Zeros and ones.
    pub fn bits(&self, name: &str) -> Vec<bool> {
        self.floats(name).into_iter().map(|value| value == 1.0).collect()
    }

    /// A setting that is a whole number.
    pub fn size(&self, key: &str) -> usize {
        self.case[key].as_u64().unwrap() as usize
    }
}

fn numbers(dtype: Dtype, data: &[u8]) -> Vec<f64> {
    fn each<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        data.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)).collect()
    }
    match dtype {
        Dtype::I64 => each(data, |bytes| i64::from_le_bytes(bytes) as f64),
        Dtype::I32 => each(data, |bytes| f64::from(i32::from_le_bytes(bytes))),
        Dtype::U8 => each(data, |bytes: [u8; 1]| f64::from(bytes[0])),
        Dtype::F32 => each(data, |bytes| f64::from(f32::from_le_bytes(bytes))),
        Dtype::BF16 => {
            each(data, |bytes| f64::from(f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16)))
        }
        other => panic!("{other:?}"),
    }
}

/// Compares each number to `relative` of it and `absolute`.
pub fn close(name: &str, ours: &[f64], recorded: &[f64], relative: f64, absolute: f64) {
    assert_eq!(ours.len(), recorded.len(), "{name}");
    for (at, (a, b)) in ours.iter().zip(recorded).enumerate() {
        assert!((a - b).abs() <= relative * b.abs() + absolute, "{name}[{at}]: {a} is not {b}");
    }
}

/// Compares with losses and outputs: to 1e-4 of each number and 1e-5.
pub fn outputs(name: &str, ours: &[f64], recorded: &[f64]) {
    close(name, ours, recorded, 1e-4, 1e-5);
}

/// Compares with gradients: to 1e-3 of the largest.
pub fn gradients(name: &str, ours: &[f64], recorded: &[f64]) {
    let largest = recorded.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    close(name, ours, recorded, 0.0, 1e-3 * largest);
}
