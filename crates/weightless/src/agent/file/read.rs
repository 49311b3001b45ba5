//! Tensors out of a file, each checked against what the settings ask for.

use std::collections::BTreeSet;

use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use super::header::ENTRY;
use super::write::Number;
use super::{MOST_BYTES, Refused, Result};

/// The most bytes of names, shapes and metadata.
const MOST_HEADER: u64 = 1 << 20;

/// The tensors of a file that were not taken yet.
pub struct Reader<'a> {
    tensors: SafeTensors<'a>,
    left: BTreeSet<String>,
    json: String,
}

impl<'a> Reader<'a> {
    /// The tensors of the bytes of a file.
    ///
    /// # Errors
    /// When there are too many bytes, or they are no agent's file.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() as u64 > MOST_BYTES {
            return Err(Refused::new(format!("has more than {} MB", MOST_BYTES >> 20)));
        }
        let length = bytes.first_chunk::<8>().map(|length| u64::from_le_bytes(*length));
        if length.is_none_or(|length| length > MOST_HEADER) {
            return Err(Refused::new(
                "is no safetensors file of an agent: its header is too long or missing",
            ));
        }
        let broken = |error: safetensors::SafeTensorError| {
            Refused::new(format!("is no whole safetensors file: {error}"))
        };
        let tensors = SafeTensors::deserialize(bytes).map_err(broken)?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(broken)?;
        let entries = metadata.metadata().as_ref();
        let Some(json) = entries.and_then(|entries| entries.get(ENTRY)).cloned() else {
            return Err(Refused::new(format!(
                "is a safetensors file, but no agent: it has no entry `{ENTRY}`"
            )));
        };
        let left = tensors.names().into_iter().map(str::to_owned).collect();
        Ok(Self { tensors, left, json })
    }

    /// The JSON of the metadata entry.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Whether the file has a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.left.contains(name)
    }

    fn view<T: Number>(&self, name: &str) -> Result<TensorView<'a>> {
        let view = self.tensors.tensor(name).map_err(|_| Refused::tensor(name, "is missing"))?;
        match view.dtype() == T::DTYPE {
            true => Ok(view),
            false => Err(Refused::tensor(
                name,
                format!("has numbers of type {:?}, not {:?}", view.dtype(), T::DTYPE),
            )),
        }
    }

    /// The length of the first dimension of a tensor, which is to have `dimensions` of them.
    pub fn rows(&self, name: &str, dimensions: usize) -> Result<usize> {
        let view = self.tensors.tensor(name).map_err(|_| Refused::tensor(name, "is missing"))?;
        match view.shape() {
            shape if shape.len() == dimensions && dimensions > 0 => Ok(shape[0]),
            shape => {
                Err(Refused::tensor(name, format!("has the shape {shape:?}, not {dimensions} dimensions")))
            }
        }
    }

    /// Takes a tensor of this shape.
    ///
    /// # Errors
    /// When it is missing, of another type or shape, or not finite.
    pub fn take<T: Number>(&mut self, name: &str, shape: &[usize]) -> Result<Vec<T>> {
        let view = self.view::<T>(name)?;
        if view.shape() != shape {
            return Err(Refused::tensor(name, format!("has the shape {:?}, not {shape:?}", view.shape())));
        }
        let values: Vec<T> = view.data().chunks_exact(size_of::<T>()).map(T::parse).collect();
        if !values.iter().all(|value| value.is_finite()) {
            return Err(Refused::tensor(name, "has a number that is not finite"));
        }
        self.left.remove(name);
        Ok(values)
    }

    /// Takes a list of any length.
    pub fn any<T: Number>(&mut self, name: &str) -> Result<Vec<T>> {
        let length = self.rows(name, 1)?;
        self.take(name, &[length])
    }

    /// Takes numbers that are all below `bound`.
    pub fn take_below<T: Number + Into<u64>>(
        &mut self,
        name: &str,
        shape: &[usize],
        bound: usize,
    ) -> Result<Vec<T>> {
        let values = self.take::<T>(name, shape)?;
        match values.iter().map(|value| (*value).into()).find(|value| *value >= bound as u64) {
            Some(value) => {
                Err(Refused::tensor(name, format!("has the number {value}, which is not below {bound}")))
            }
            None => Ok(values),
        }
    }

    /// Checks that every tensor was taken.
    pub fn finish(self) -> Result<()> {
        match self.left.first() {
            Some(name) => Err(Refused::tensor(name, "is none of an agent of this kind")),
            None => Ok(()),
        }
    }
}
