//! Parts of a network that are computed again in the backward pass.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tch::Tensor;

use super::{Handle, from_out};

type Call = extern "C" fn(*mut c_void, *const *mut c_void, c_int, *mut *mut c_void) -> c_int;

unsafe extern "C" {
    fn umwelt_recomputed(
        tensors: *const Handle,
        count: c_int,
        inputs: c_int,
        data: *mut c_void,
        call: Call,
        release: extern "C" fn(*mut c_void),
        out: *mut *mut c_void,
    ) -> c_int;
}

type Part = Box<dyn Fn(&[Tensor]) -> Tensor>;

/// The result of `part` for `inputs`, of which nothing but the inputs is kept: the backward pass
/// calls `part` again (Chen et al., arXiv 1604.06174).
///
/// `held` are the tensors besides the inputs that `part` reads and that gradients should reach.
/// `part` should compute the same both times.
pub fn recomputed(
    inputs: &[&Tensor],
    held: &[&Tensor],
    part: impl Fn(&[Tensor]) -> Tensor + 'static,
) -> Tensor {
    let tensors: Vec<Handle> = inputs.iter().chain(held).map(|tensor| tensor.as_ptr() as Handle).collect();
    let boxed: Part = Box::new(part);
    let data = Box::into_raw(Box::new(boxed)).cast();
    let (count, own) = (tensors.len() as c_int, inputs.len() as c_int);
    from_out(|out| unsafe { umwelt_recomputed(tensors.as_ptr(), count, own, data, call, release, out) })
}

extern "C" fn call(
    data: *mut c_void,
    inputs: *const *mut c_void,
    count: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: `data` is the box of `recomputed`, which lives until `release`; the inputs are tensors
    // that outlive the call.
    let (part, inputs) = unsafe {
        let handles = std::slice::from_raw_parts(inputs, count as usize);
        let inputs = handles.iter().map(|handle| Tensor::clone_from_ptr(handle.cast()));
        (&*data.cast::<Part>(), inputs.collect::<Vec<_>>())
    };
    match catch_unwind(AssertUnwindSafe(|| part(&inputs))) {
        Ok(tensor) => {
            // SAFETY: the other side owns the tensor from here on.
            unsafe { *out = tensor.as_ptr().cast_mut().cast() };
            std::mem::forget(tensor);
            0
        }
        Err(_) => -1,
    }
}

extern "C" fn release(data: *mut c_void) {
    // SAFETY: `data` is the box of `recomputed`, and nothing calls it any more.
    drop(unsafe { Box::from_raw(data.cast::<Part>()) });
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use tch::Kind;

    use super::*;
    use crate::draws::Draws;

    fn parts() -> [Tensor; 3] {
        let draws = Draws::new(3);
        [draws.floats([5, 4]), draws.floats([6, 4]), draws.floats([6])]
            .map(|tensor| tensor.set_requires_grad(true))
    }

    fn layer(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
        x.linear(weight, Some(bias)).tanh()
    }

    #[test]
    fn a_part_that_is_computed_again_has_the_same_value_and_gradients() {
        let [x, weight, bias] = parts();
        let calls = Rc::new(Cell::new(0));
        let again = {
            let (weight, bias, calls) = (weight.shallow_clone(), bias.shallow_clone(), calls.clone());
            move |inputs: &[Tensor]| {
                calls.set(calls.get() + 1);
                layer(&inputs[0], &weight, &bias)
            }
        };
        // The input and the held tensors are results of other operations, too.
        let gradients = |output: Tensor| {
            let loss = (output * Tensor::arange(6, tch::kind::FLOAT_CPU)).sum(Kind::Float);
            Tensor::run_backward(&[loss], &[&x, &weight, &bias], false, false)
        };
        let plain = layer(&(&x * 2.0), &weight, &bias);
        let ours = recomputed(&[&(&x * 2.0)], &[&weight, &bias], again);
        assert_eq!((calls.get(), &ours), (1, &plain));
        let (ours, plain) = (gradients(ours), gradients(plain));
        assert_eq!(calls.get(), 2);
        assert_eq!(ours, plain);
        assert_eq!(Rc::strong_count(&calls), 1, "the part is released with the graph");
    }

    #[test]
    fn gradients_reach_held_tensors_below_an_input_without_one() {
        let [x, weight, bias] = parts();
        let part = {
            let (weight, bias) = (weight.shallow_clone(), bias.shallow_clone());
            move |inputs: &[Tensor]| layer(&inputs[0], &weight, &bias)
        };
        recomputed(&[&x.detach()], &[&weight, &bias], part).sum(Kind::Float).backward();
        let ours = [weight.grad().copy(), bias.grad().copy()];
        crate::native::clear_gradients(&[weight.shallow_clone(), bias.shallow_clone()]);
        layer(&x.detach(), &weight, &bias).sum(Kind::Float).backward();
        assert_eq!(ours, [weight.grad(), bias.grad()]);
        assert!(!x.grad().defined());
    }

    #[test]
    fn without_a_gradient_a_part_runs_once_and_is_released() {
        let [x, ..] = parts();
        let calls = Rc::new(Cell::new(0));
        let counted = calls.clone();
        let doubled = tch::no_grad(|| {
            recomputed(&[&x], &[], move |inputs| {
                counted.set(counted.get() + 1);
                &inputs[0] * 2.0
            })
        });
        assert_eq!(doubled, x.detach() * 2.0);
        assert_eq!((calls.get(), Rc::strong_count(&calls)), (1, 1));
    }
}
