//! Training steps of the workspace against plain eager PyTorch, in turns in one run.
//!
//! 512 rows of latents that are encoded already, half of them matched, and all families of losses.
//! The baseline computes all rows of all domains and masks the losses, as the published code does,
//! but computes each state and prediction once. It runs with one and with two threads; the better
//! ratio is the smaller one of a pair of lines.

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::time::Instant;

use anyhow::Result;
use serde_json::json;
use tch::{Device, Tensor};
use umwelt::native::normals;
use umwelt::nn::Parameters;
use umwelt::optim::{Cycle, LrSchedule, OptimizerKind, Recipe};
use umwelt::training::{GradientDescent, Prefetch};
use umwelt::worlds::workspace::alignment::{Alignment, Batches};
use umwelt::worlds::workspace::domains::{Activation, Part, PartLoss};
use umwelt::worlds::workspace::models::{BatchRule, Domain, GwSettings, LatentBatch, Workspace};

mod common;

use common::{Baseline, Work, compare};

const THREADS: i32 = 2;
const ITEMS: i64 = 50_000;
const STEPS: usize = 1_000_000;

fn main() -> Result<()> {
    tch::set_num_threads(THREADS);
    // As `train` does.
    umwelt::native::deterministic();
    umwelt::native::keep_freed_memory();
    let mut baseline = Baseline::start("pytorch_workspace.py", THREADS)?;
    println!("baseline: {}", baseline.versions);
    println!("512 rows, {THREADS} threads; medians over pairs; ratio = baseline's seconds / ours\n");
    println!("{:<34}{:>12}{:>12}{:>8}", "steps", "baseline/s", "ours/s", "ratio");
    for (domains, requests) in [
        (["v", "attr"].as_slice(), ["two-1", "two-2"]),
        (["v", "attr", "t"].as_slice(), ["three-1", "three-2"]),
    ] {
        let mut steps = steps(domains)?;
        for request in requests {
            let threads = if request.ends_with('1') { "1 thread" } else { "2 threads" };
            let name = format!("{}, baseline with {threads}", domains.join(", "));
            compare(&name, &mut baseline, Work { request, count: 40, pairs: 9 }, &mut steps)?;
        }
    }
    Ok(())
}

fn domain(name: &str) -> Domain {
    let part = |name, width, activation| {
        let loss = match activation {
            Activation::LogSoftmax => PartLoss::NegativeLogLikelihood,
            _ => PartLoss::SquaredError,
        };
        Part { name, width, activation, loss }
    };
    let parts = match name {
        "v" => vec![part("z_img", 12, Activation::Identity)],
        "attr" => vec![part("z_cls", 3, Activation::LogSoftmax), part("z_attr", 8, Activation::Tanh)],
        _ => vec![part("z", 24, Activation::Symlog)],
    };
    Domain { name: name.into(), parts }
}

/// The seconds of some training steps, batches included.
fn steps(domains: &[&str]) -> Result<impl FnMut(usize) -> Result<f64>> {
    let settings: GwSettings = serde_json::from_value(json!({ "domains": domains }))?;
    let domains: Vec<Domain> = domains.iter().map(|name| domain(name)).collect();
    let latents: Vec<Tensor> = (0..)
        .zip(&domains)
        .map(|(seed, domain)| normals(&[ITEMS, domain.width()], Device::Cpu, seed))
        .collect();
    let workspace = Workspace::new(Parameters::new(Device::Cpu, 0), domains, &settings);
    let recipe = Recipe {
        epochs: STEPS,
        optimizer: OptimizerKind::AdamW { epsilon: 1e-8, weight_decay: settings.weight_decay },
        lr: LrSchedule::Cycle(Cycle::new(settings.lr)),
        clip_norm: None,
    };
    let mut descent = GradientDescent::new(&workspace.parameters, &recipe, settings.batch_size, 1);
    let alignment = Alignment::new(&settings, &(0..ITEMS).collect::<Vec<_>>())?;
    let batches = Batches::new(&alignment, BatchRule::Groups, settings.batch_size, 0);
    let mut rows = Prefetch::new(0..STEPS as u64, move |step| batches.rows(step));
    let mut step = 0;
    Ok(move |count| {
        let started = Instant::now();
        for rows in rows.by_ref().take(count) {
            descent.step(step, || {
                let report = workspace.loss(&LatentBatch::gather(&latents, &rows)?, step, 0);
                report.total.backward();
                Ok(report)
            })?;
            step += 1;
        }
        Ok(started.elapsed().as_secs_f64())
    })
}
