//! Ours against plain eager PyTorch, in turns in one run: the machine's speed drifts, the ratio of
//! a pair does not.

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};
use ndarray::Array3;
use tch::Device;
use umwelt::runs::Inputs;
use umwelt::schema::RunSettings;
use umwelt::settings;
use umwelt::training::{RunKeys, Shuffle, Task};
use umwelt::worlds::WorldSettings;
use umwelt::worlds::collaboration::models::DigitStrips;
use umwelt::worlds::collaboration::{Augmentation, CollaborationTask, DigitViews};
use umwelt::worlds::dots::data::{Dots, DotsSettings};
use umwelt::worlds::dots::evaluation::Evaluator;
use umwelt::worlds::dots::{self, WorldModelTask, models};
use umwelt_base::random::Stream;
use umwelt_base::stop::Stop;

mod common;
#[path = "../tests/it/common/idx.rs"]
mod idx;

use common::{Baseline, Work, compare, is_wanted};

const THREADS: i32 = 2;
/// As many as MNIST has.
const DIGITS: usize = 60_000;
const VICREG: &str = "sweep_changing_uniform.(1).vicreg.best.yaml";
const RSSM: &str = "sweep_changing_uniform.(1).rssm.best.yaml";

fn main() -> Result<()> {
    tch::set_num_threads(THREADS);
    // As `train` does.
    umwelt::native::deterministic();
    umwelt::native::keep_freed_memory();
    rayon::ThreadPoolBuilder::new().num_threads(THREADS as usize).build_global()?;
    let mut baseline = Baseline::start("pytorch_baseline.py", THREADS)?;
    println!("baseline: {}", baseline.versions);
    println!(
        "batch 128, 17 frames, {THREADS} threads; medians over pairs; ratio = baseline's seconds / ours\n"
    );
    println!("{:<34}{:>12}{:>12}{:>8}", "", "baseline/s", "ours/s", "ratio");
    // The baseline's RSSM step takes many seconds.
    for (name, work) in [
        ("VICReg", Work { request: "step", count: 3, pairs: 9 }),
        ("RSSM", Work { request: "rssm", count: 1, pairs: 3 }),
        ("CoMo", Work { request: "como", count: 4, pairs: 9 }),
    ] {
        for precision in ["fp32", "bf16"] {
            let name = format!("training step, {name}, {precision}");
            if is_wanted(&name) {
                let mut step = training_step(work.request, precision)?;
                step(2)?;
                compare(&name, &mut baseline, work, &mut step)?;
            }
        }
    }
    if is_wanted("batches of fixed uniform noise") {
        let work = Work { request: "data", count: 20, pairs: 9 };
        compare("batches of fixed uniform noise", &mut baseline, work, &mut moving_dots()?)?;
    }
    if is_wanted("batches of turned digits") {
        let work = Work { request: "digits", count: 20, pairs: 9 };
        compare("batches of turned digits", &mut baseline, work, &mut turned_digits()?)?;
    }
    drop(baseline);
    if is_wanted("probes") { probes() } else { Ok(()) }
}

fn moving_dots() -> Result<impl FnMut(usize) -> Result<f64>> {
    let dots = Dots::new(DotsSettings { static_noise: 1.0, normalize: true, ..DotsSettings::default() })?;
    let mut made = 0;
    Ok(move |count| {
        let started = Instant::now();
        for _ in 0..count {
            std::hint::black_box(dots.batch("bench", made, 17));
            made += 1;
        }
        Ok(started.elapsed().as_secs_f64())
    })
}

/// The time of batches for two agents, from 60,000 pictures of noise.
fn turned_digits() -> Result<impl FnMut(usize) -> Result<f64>> {
    let mut rng = Stream::new(0, "pictures of noise").at(&[]);
    let pictures: Vec<u8> = (0..DIGITS * 28 * 28 / 8).flat_map(|_| rng.bits().to_le_bytes()).collect();
    let pictures = Array3::from_shape_vec((DIGITS, 28, 28), pictures)?;
    let digits = DigitViews::new(pictures.view(), Device::Cpu)?;
    let shuffle = Shuffle::new(0, DIGITS, 128);
    let augmentation = Augmentation { flip: true, swap_probability: 0.5, drop_message: 0.0, agents: 2 };
    let mut made = 0;
    Ok(move |count| {
        let started = Instant::now();
        for _ in 0..count {
            let draw = augmentation.draw(0, made, shuffle.batch(made));
            std::hint::black_box(DigitStrips::drawn(&digits, &draw, 2, 2));
            made += 1;
        }
        Ok(started.elapsed().as_secs_f64())
    })
}

fn published(file: &str, values: &[&str]) -> Result<(dots::Settings, RunKeys)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("reproduce_configs").join(file);
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let settings: RunSettings = settings::load(std::slice::from_ref(&file), &values)?.settings;
    let WorldSettings::Dots(world) = settings.world else { bail!("{} has no dots", file.display()) };
    Ok((*world, settings.run))
}

/// The training step of the published or recorded settings, batches included, as the trainer takes
/// it.
fn training_step(model: &str, precision: &str) -> Result<Box<dyn FnMut(usize) -> Result<f64>>> {
    let precision = format!("precision={precision}");
    if model == "como" {
        let folder = tempfile::tempdir()?;
        idx::write(folder.path(), DIGITS, 128);
        let path = format!("como.data_path={}", folder.path().display());
        let values = ["model_type=CoMo".into(), "como.baselines=false".into(), path, precision];
        let settings: RunSettings = settings::load(&[], &values)?.settings;
        let WorldSettings::Collaboration(world) = &settings.world else { bail!("no agents") };
        return Ok(Box::new(taken(CollaborationTask::new(
            world,
            &settings.run,
            Device::Cpu,
            &Inputs::default(),
        )?)));
    }
    let file = if model == "rssm" { RSSM } else { VICREG };
    let values = ["dataset_batch_size=128", precision.as_str()];
    let (world, run) = published(file, &values)?;
    Ok(Box::new(taken(WorldModelTask::new(&world, &run, Device::Cpu)?)))
}

fn taken<T: Task>(mut task: T) -> impl FnMut(usize) -> Result<f64> {
    let mut batches = task.batches(0..u64::MAX);
    let mut step = 0;
    move |count| {
        let started = Instant::now();
        for batch in batches.by_ref().take(count) {
            task.step(step, batch, false)?;
            step += 1;
        }
        Ok(started.elapsed().as_secs_f64())
    }
}

/// Both probes of an untrained network by the published 30 epochs of Adam and by ridge.
fn probes() -> Result<()> {
    println!("\nboth probes of one encoder          seconds  prediction px  encoding px");
    let mut seconds = vec![];
    for solver in ["adam", "ridge"] {
        let (settings, run) = published(VICREG, &[&format!("probing_cfg.solver={solver}")])?;
        let world = Dots::new(DotsSettings { noise: 1.0, normalize: true, ..DotsSettings::default() })?;
        let model = models::build(&settings, &run, Device::Cpu)?;
        let evaluator = Evaluator {
            world: &world,
            probing: &settings.probing_cfg,
            batches_per_epoch: 78,
            batch_size: 128,
            seed: run.seed,
            planning_problems: None,
            quick: false,
        };
        let started = Instant::now();
        let (evaluation, _) = evaluator.evaluate(model.as_ref(), 0.0, &Stop::default())?;
        seconds.push(started.elapsed().as_secs_f64());
        println!(
            "{solver:<34}{:>9.2}{:>15.3}{:>13.3}",
            seconds[seconds.len() - 1],
            evaluation.prediction.rmse_px,
            evaluation.encoding.rmse_px
        );
    }
    println!("ridge / adam{:>31.3}", seconds[1] / seconds[0]);
    Ok(())
}
