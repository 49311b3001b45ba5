//! Tensors and statistics recorded from the published PyTorch code, for tests.

use safetensors::SafeTensors;
use std::path::PathBuf;

fn read(file: &str) -> Vec<u8> {
    let shipped = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/parity");
    let folder = std::env::var_os("UMWELT_PARITY_DIR").map_or_else(shipped, PathBuf::from);
    std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{}/{file}: {error}", folder.display()))
}

pub fn statistics() -> serde_json::Value {
    serde_json::from_slice(&read("dots_statistics.json")).unwrap()
}

/// One float32 tensor of `dots_render.safetensors`: its shape and values.
pub fn rendering(name: &str) -> (Vec<usize>, Vec<f32>) {
    let bytes = read("dots_render.safetensors");
    let tensor = SafeTensors::deserialize(&bytes).unwrap().tensor(name).unwrap();
    let values = tensor.data().chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()));
    (tensor.shape().to_vec(), values.collect())
}
