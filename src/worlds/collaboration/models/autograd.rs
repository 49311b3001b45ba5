//! Pieces of back-propagation by hand.

use tch::{Kind, Tensor};

/// A detached copy that requires gradients.
pub fn detached_leaf(x: &Tensor) -> Tensor {
    x.detach().set_requires_grad(true)
}

/// The scalar `sum(x * grad)`, whose gradient w.r.t. `x` is `grad`: its backward pass is the
/// vector-Jacobian product of `x` with `grad`.
pub fn vjp_scalar(x: &Tensor, grad: &Tensor) -> Tensor {
    (x * grad).sum(Kind::Float)
}
