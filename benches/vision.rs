//! Training steps of the vision domain against plain eager PyTorch, in turns in one run.
//!
//! 128 images a step, ours rendered on the fly, the baseline's taken from memory. The baseline runs
//! with one and with two threads; the better ratio is the smaller one of a pair of lines.

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::time::Instant;

use anyhow::Result;
use tch::Device;
use umwelt::nn::Precision;
use umwelt::training::{RunKeys, Task};
use umwelt::worlds::workspace::data::ShapesSettings;
use umwelt::worlds::workspace::domains::vision::{VisionSettings, VisionTask};

mod common;

use common::{Baseline, Work, compare};

const THREADS: i32 = 2;
const BATCH: usize = 128;

fn main() -> Result<()> {
    tch::set_num_threads(THREADS);
    // As `train` does.
    umwelt::native::deterministic();
    umwelt::native::keep_freed_memory();
    rayon::ThreadPoolBuilder::new().num_threads(THREADS as usize).build_global()?;
    let mut baseline = Baseline::start("pytorch_vision.py", THREADS)?;
    println!("baseline: {}", baseline.versions);
    println!("{BATCH} images, {THREADS} threads; medians over pairs; ratio = baseline's seconds / ours\n");
    println!("{:<34}{:>12}{:>12}{:>8}", "steps", "baseline/s", "ours/s", "ratio");
    let light = VisionSettings { hidden: Some(256), batch_size: BATCH, ..VisionSettings::default() };
    let published = VisionSettings { ae_size: 64, hidden: None, ..light.clone() };
    for (name, settings, requests) in
        [("light", light, ["light-1", "light-2"]), ("ae_size 64", published, ["published-1", "published-2"])]
    {
        for precision in [Precision::Fp32, Precision::Bf16] {
            let mut steps = steps(&settings, precision)?;
            for request in requests {
                let threads = if request.ends_with('1') { "1 thread" } else { "2 threads" };
                let name = format!("{name}, {precision:?}, {threads}");
                compare(&name, &mut baseline, Work { request, count: 10, pairs: 7 }, &mut steps)?;
            }
        }
    }
    Ok(())
}

/// The seconds of some training steps, images included.
fn steps(settings: &VisionSettings, precision: Precision) -> Result<impl FnMut(usize) -> Result<f64>> {
    let shapes = ShapesSettings { n_train_examples: 50_000, ..ShapesSettings::default() };
    let run = RunKeys { precision, ..RunKeys::default() };
    let mut task = VisionTask::new(&shapes, settings, &run, Device::Cpu)?;
    let mut batches = task.batches(0..u64::MAX);
    let mut step = 0;
    Ok(move |count| {
        let started = Instant::now();
        for batch in batches.by_ref().take(count) {
            task.step(step, batch, false)?;
            step += 1;
        }
        Ok(started.elapsed().as_secs_f64())
    })
}
