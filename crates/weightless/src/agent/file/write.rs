//! Tensors on their way into a file.

use std::collections::HashMap;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};

use super::header::{ENTRY, Header};
use super::{Refused, Result};

/// Numbers of a file.
pub trait Number: Copy {
    const DTYPE: Dtype;

    /// The little-endian bytes.
    fn push(self, bytes: &mut Vec<u8>);

    /// From little-endian bytes, as many as the type has.
    fn parse(bytes: &[u8]) -> Self;

    /// Whether the number is neither infinite nor NaN.
    fn is_finite(self) -> bool {
        true
    }
}

macro_rules! number {
    ($($type:ty: $dtype:ident $(, $finite:expr)?;)*) => {$(
        impl Number for $type {
            const DTYPE: Dtype = Dtype::$dtype;

            fn push(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }

            fn parse(bytes: &[u8]) -> Self {
                bytes.try_into().map_or_else(|_| Self::default(), Self::from_le_bytes)
            }

            $(fn is_finite(self) -> bool {
                $finite(self)
            })?
        }
    )*};
}

number! {
    u8: U8;
    u16: U16;
    u32: U32;
    u64: U64;
    f32: F32, f32::is_finite;
}

/// The tensors of a file.
#[derive(Default)]
pub struct Writer {
    tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
}

impl Writer {
    /// Adds a list.
    pub fn add<T: Number>(&mut self, name: &str, values: &[T]) {
        self.add_rows(name, values, &[values.len()]);
    }

    /// Adds a tensor of a shape.
    pub fn add_rows<T: Number>(&mut self, name: &str, values: &[T], shape: &[usize]) {
        let mut bytes = Vec::with_capacity(size_of_val(values));
        values.iter().for_each(|value| value.push(&mut bytes));
        self.tensors.push((name.to_owned(), T::DTYPE, shape.to_vec(), bytes));
    }

    /// The bytes of the file.
    pub fn finish(self, header: &Header) -> Result<Vec<u8>> {
        let failed = |error: String| Refused::new(error);
        let views: std::result::Result<Vec<_>, _> = self
            .tensors
            .iter()
            .map(|(name, dtype, shape, bytes)| {
                TensorView::new(*dtype, shape.clone(), bytes).map(|view| (name.as_str(), view))
            })
            .collect();
        let views = views.map_err(|error| failed(error.to_string()))?;
        let json = serde_json::to_string(header).map_err(|error| failed(error.to_string()))?;
        serialize(views, Some(HashMap::from([(ENTRY.to_owned(), json)])))
            .map_err(|error| failed(error.to_string()))
    }
}
