//! The bytes of a tensor in a safetensors file.

use anyhow::{Result, bail, ensure};
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use tch::{Device, Kind, Tensor};

/// The kinds of libtorch that safetensors has too.
const KINDS: [(Kind, Dtype); 10] = [
    (Kind::Float, Dtype::F32),
    (Kind::Double, Dtype::F64),
    (Kind::Half, Dtype::F16),
    (Kind::BFloat16, Dtype::BF16),
    (Kind::Int64, Dtype::I64),
    (Kind::Int, Dtype::I32),
    (Kind::Int16, Dtype::I16),
    (Kind::Int8, Dtype::I8),
    (Kind::Uint8, Dtype::U8),
    (Kind::Bool, Dtype::BOOL),
];

/// The type of `tensor` in a file.
///
/// # Errors
/// When safetensors has no such type.
pub fn dtype(tensor: &Tensor) -> Result<Dtype> {
    let kind = tensor.kind();
    match KINDS.into_iter().find(|(known, _)| *known == kind) {
        Some((_, dtype)) => Ok(dtype),
        None => bail!("checkpoints hold no tensors of kind {kind:?}"),
    }
}

/// A copy of the numbers of `tensor`, row by row.
pub fn bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    let tensor = tensor.detach().to_device(Device::Cpu).contiguous();
    let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    Ok(bytes)
}

/// The tensor on the CPU that `info` describes and that has these bytes.
///
/// # Errors
/// When libtorch has no such type, or a byte of a bool is neither 0 nor 1.
pub fn tensor(info: &TensorInfo, bytes: &[u8]) -> Result<Tensor> {
    let Some((kind, _)) = KINDS.into_iter().find(|(_, dtype)| *dtype == info.dtype) else {
        bail!("checkpoints hold no tensors of type {:?}", info.dtype)
    };
    // libtorch takes these bytes for C++ bools, which have no other values.
    ensure!(kind != Kind::Bool || bytes.iter().all(|byte| *byte <= 1), "a bool is neither 0 nor 1");
    let shape: Vec<i64> = info.shape.iter().map(|n| *n as i64).collect();
    Ok(Tensor::f_from_data_size(bytes, &shape, kind)?)
}
