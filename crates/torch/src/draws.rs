//! Random tensors for tests.

use std::cell::Cell;

use tch::{Device, Kind, Tensor};

use crate::native;

/// Standard normal tensors on the CPU, as a function of the seed and of the number drawn before.
///
/// libtorch's own generator is shared by all tests of a process, which draw from it in any order.
pub struct Draws(Cell<u64>);

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed << 32))
    }

    /// The next tensor of this shape.
    pub fn normal(&self, shape: impl AsRef<[i64]>, kind: Kind) -> Tensor {
        self.0.set(self.0.get() + 1);
        native::normals(shape.as_ref(), Device::Cpu, self.0.get()).to_kind(kind)
    }

    /// The next tensor of this shape in float32.
    pub fn floats(&self, shape: impl AsRef<[i64]>) -> Tensor {
        self.normal(shape, Kind::Float)
    }
}
