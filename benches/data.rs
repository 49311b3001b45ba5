//! The speed of the data generators in sequences and images per second, on RAYON_NUM_THREADS
//! threads.

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::hint::black_box;
use std::time::Instant;
use umwelt::datasets::Split;
use umwelt::worlds::dots::data::{DatasetType, Distractor, Dots, DotsSettings};
use umwelt::worlds::workspace::data::{self as shapes, Sampler, ShapesSettings, render_all};

const BATCHES: u64 = 100;
const ROUNDS: u64 = 5;
const SHAPES: usize = 100_000;

fn main() -> anyhow::Result<()> {
    simple_shapes();
    println!("{} threads, 17 frames, batches of 128, normalised", rayon::current_num_threads());
    let started = Instant::now();
    let leaves = Distractor::structured("dead_leaves", Split::Training)?;
    println!("10,000 dead leaves generated in {:.3} s", started.elapsed().as_secs_f64());
    let world =
        |static_noise, noise| DotsSettings { static_noise, noise, normalize: true, ..Default::default() };
    for (name, settings) in [
        ("no noise", world(0.0, 0.0)),
        ("fixed 1.0", world(1.0, 0.0)),
        ("fixed leaves", DotsSettings { distractor: leaves.clone(), ..world(1.0, 0.0) }),
        ("changing 1.0", world(0.0, 1.0)),
        ("changing leaves", DotsSettings { distractor: leaves, ..world(0.0, 1.0) }),
        ("both 1.0", world(1.0, 1.0)),
        ("differences", DotsSettings { frame_difference: true, ..world(1.0, 0.0) }),
        ("three dots", DotsSettings { dataset_type: DatasetType::Multiple, channels: 3, ..world(1.0, 0.0) }),
    ] {
        let started = Instant::now();
        let dots = Dots::new(settings)?;
        let setup = started.elapsed().as_secs_f64();
        let best = |rendered| (0..ROUNDS).map(|round| rate(&dots, round, rendered)).fold(0.0, f64::max);
        println!(
            "{name:>15}: {:>8.0} sequences/s, first frame only {:>8.0}, set up in {setup:.3} s",
            best(17),
            best(1)
        );
    }
    Ok(())
}

fn simple_shapes() {
    println!("{} threads, images of 32 x 32 pixels", rayon::current_num_threads());
    let started = Instant::now();
    let items = Sampler::new(&ShapesSettings::default(), 42).items(shapes::Split::Training, SHAPES);
    println!("{SHAPES} simple shapes drawn in {:.3} s", started.elapsed().as_secs_f64());
    let seconds = |_| {
        let started = Instant::now();
        black_box(render_all(&items.shapes));
        started.elapsed().as_secs_f64()
    };
    let best = (0..ROUNDS).map(seconds).fold(f64::INFINITY, f64::min);
    println!("{:>15}: {:>8.0} images/s", "simple shapes", SHAPES as f64 / best);
}

fn rate(dots: &Dots, round: u64, rendered: usize) -> f64 {
    let started = Instant::now();
    let sequences: usize = (0..BATCHES)
        .map(|i| black_box(dots.batch("bench", round * BATCHES + i, rendered)).actions.dim().1)
        .sum();
    sequences as f64 / started.elapsed().as_secs_f64()
}
