//! The speed of the data generators in sequences, images and captions per second, on
//! RAYON_NUM_THREADS threads.

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use rayon::prelude::*;
use std::hint::black_box;
use std::time::Instant;
use umwelt::datasets::Split;
use umwelt::worlds::dots::data::{DatasetType, Distractor, Dots, DotsSettings};
use umwelt::worlds::workspace::data::captions::{Choices, caption, encode, ngrams, stream};
use umwelt::worlds::workspace::data::{self as shapes, Sampler, Shape, ShapesSettings, render_all};

const BATCHES: u64 = 100;
const ROUNDS: u64 = 5;
const CAPTIONS: usize = 200_000;
const SHAPES: usize = 100_000;

fn main() -> anyhow::Result<()> {
    simple_shapes();
    captions()?;
    sequences()
}

fn sequences() -> anyhow::Result<()> {
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
        drop(black_box(render_all(&items.shapes)));
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

fn captions() -> anyhow::Result<()> {
    let items = Sampler::new(&ShapesSettings::default(), 42).items(shapes::Split::Training, CAPTIONS);
    let shapes = items.shapes;
    let choices = stream(0, "train");
    let draw = |(i, shape): (usize, &Shape)| Choices::draw(shape, &mut choices.at(&[i as u64]));
    let caption = |item: (usize, &Shape)| caption(item.1, &draw(item));
    let items = || shapes.par_iter().enumerate();
    let drawn = best(|| items().map(|item| draw(item).grammar().len()).sum::<usize>());
    let written = best(|| items().map(|item| caption(item).len()).sum::<usize>());
    let texts: Vec<String> = items().map(caption).collect();
    let tokens = texts.par_iter().map(|text| encode(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let read = best(|| texts.par_iter().filter(|text| encode(text).is_ok()).count());
    println!("{written:.0} captions/s with drawing them, {drawn:.0} draws/s, {read:.0}/s as tokens");
    let started = Instant::now();
    black_box(ngrams(&tokens[..50_000], 768));
    println!("50,000 vectors of n-grams in {:.2} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// The captions per second in the best of several rounds.
fn best(mut round: impl FnMut() -> usize) -> f64 {
    let rate = |_| {
        let started = Instant::now();
        black_box(round());
        CAPTIONS as f64 / started.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(rate).fold(0.0, f64::max)
}
