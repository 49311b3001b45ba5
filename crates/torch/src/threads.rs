//! Independent work on several CPU threads at once.
//!
//! libtorch parallelises single operations, which leaves threads idle when operations are small.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;

use anyhow::{Result, anyhow};
use tch::Device;
use umwelt_base::threads::try_threads;

use crate::native;

/// Sets the number of threads of libtorch and of the data generator.
///
/// # Errors
/// When the system refuses to start that many threads.
pub fn use_threads(threads: usize) -> Result<()> {
    let too_many = |refused: &dyn Display| {
        anyhow!(
            "the system refuses to start {threads} threads ({refused}); set `threads` lower, or raise `ulimit -u`"
        )
    };
    if let Err(refused) = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global() {
        // A second call in a process keeps the first pool. Draws do not depend on the number of
        // threads.
        if std::error::Error::source(&refused).is_some() {
            return Err(too_many(&refused));
        }
    }
    // OpenMP starts its threads at the first parallel loop, and aborts the process if it cannot.
    try_threads(threads - 1).map_err(|refused| too_many(&refused))?;
    tch::set_num_threads(i32::try_from(threads).map_err(|refused| too_many(&refused))?);
    Ok(())
}

/// The results of `work(i)` for i from 0 to `count`, in order.
///
/// On the CPU the calls run in parallel, if that leaves at most half of the threads idle. Each call
/// must itself enter thread-local modes (autocast, no gradients).
pub fn parallel_map<T: Send>(device: Device, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = tch::get_num_threads() as usize;
    if device != Device::Cpu || threads == 1 || threads > 2 * count {
        return (0..count).map(work).collect();
    }
    let results: Vec<Mutex<Option<_>>> = (0..count).map(|_| Mutex::new(None)).collect();
    native::parallel_for(count, &|i| {
        let done = catch_unwind(AssertUnwindSafe(|| work(i)));
        *results[i].lock().expect("written once") = Some(done);
    });
    let take = |slot: Mutex<Option<_>>| slot.into_inner().expect("written once").expect("all are called");
    results.into_iter().map(|slot| take(slot).unwrap_or_else(|panic| resume_unwind(panic))).collect()
}

/// Tensors that several threads read at once, which tch's `Tensor` does not allow (it is not
/// `Sync`).
pub struct Shared<T>(T);

// SAFETY: `Shared::new` has the caller promise it.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Makes `tensors` shareable between threads.
    ///
    /// # Safety
    /// `tensors` must hold only tensors and values that are `Sync`. While threads share it, no
    /// thread may write to a tensor (its values or its gradient) that another thread reads or
    /// writes.
    pub unsafe fn new(tensors: T) -> Self {
        Self(tensors)
    }

    /// The tensors.
    pub fn get(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use tch::{Kind, Tensor};

    use super::*;

    #[test]
    fn results_are_in_order_and_gradients_those_of_one_thread() {
        let weight = |i: i64| (Tensor::ones([3], (Kind::Float, Device::Cpu)) * i).set_requires_grad(true);
        // SAFETY: each thread writes to the gradient of a tensor of its own.
        let weights = unsafe { Shared::new((0..5).map(weight).collect::<Vec<Tensor>>()) };
        let made = parallel_map(Device::Cpu, 5, |i| {
            let loss = weights.get()[i].square().sum(Kind::Float);
            loss.backward();
            loss.double_value(&[])
        });
        assert_eq!(made, [0.0, 3.0, 12.0, 27.0, 48.0]);
        for (i, weight) in weights.get().iter().enumerate() {
            assert_eq!(weight.grad().double_value(&[0]), 2.0 * i as f64);
        }
    }

    #[test]
    #[should_panic(expected = "the third")]
    fn a_panic_comes_out_where_the_work_was_asked_for() {
        parallel_map(Device::Cpu, 3, |i| assert!(i < 2, "the third"));
    }
}
