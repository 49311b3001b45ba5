//! Independent work of libtorch's on CPU threads of its own.
//!
//! libtorch shares out single operations, and of small ones that leaves most of a second thread idle.

pub mod count;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;

use tch::Device;

use crate::native;

/// What `work` makes of 0 to `count`: on the CPU side by side, where that leaves no more than half of the threads idle.
///
/// `work` may only read the tensors that it shares, and must itself enter what a thread is in (autocast, no gradients).
pub fn side_by_side<T: Send>(device: Device, count: usize, work: impl Fn(usize) -> T) -> Vec<T> {
    let threads = tch::get_num_threads() as usize;
    if device != Device::Cpu || threads == 1 || threads > 2 * count {
        return (0..count).map(work).collect();
    }
    let made: Vec<Mutex<Option<_>>> = (0..count).map(|_| Mutex::new(None)).collect();
    let shared = Shared(work);
    native::side_by_side(count, &|i| {
        let done = catch_unwind(AssertUnwindSafe(|| shared.call(i)));
        *made[i].lock().expect("written once") = Some(done);
    });
    let take = |slot: Mutex<Option<_>>| slot.into_inner().expect("written once").expect("all are called");
    made.into_iter().map(|slot| take(slot).unwrap_or_else(|panic| resume_unwind(panic))).collect()
}

struct Shared<F>(F);

// SAFETY: libtorch's tensors may be read by several threads at once, and `work` promises to write to none of them.
unsafe impl<F> Sync for Shared<F> {}

impl<F> Shared<F> {
    fn call<T>(&self, i: usize) -> T
    where
        F: Fn(usize) -> T,
    {
        (self.0)(i)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Kind, Tensor};

    use super::*;

    #[test]
    fn results_are_in_order_and_gradients_those_of_one_thread() {
        let weight = |i: i64| (Tensor::ones([3], (Kind::Float, Device::Cpu)) * i).set_requires_grad(true);
        let weights: Vec<Tensor> = (0..5).map(weight).collect();
        let made = side_by_side(Device::Cpu, 5, |i| {
            let loss = weights[i].square().sum(Kind::Float);
            loss.backward();
            loss.double_value(&[])
        });
        assert_eq!(made, [0.0, 3.0, 12.0, 27.0, 48.0]);
        for (i, weight) in weights.iter().enumerate() {
            assert_eq!(weight.grad().double_value(&[0]), 2.0 * i as f64);
        }
    }

    #[test]
    #[should_panic(expected = "the third")]
    fn a_panic_comes_out_where_the_work_was_asked_for() {
        side_by_side(Device::Cpu, 3, |i| assert!(i < 2, "the third"));
    }
}
