//! The speed of the data generators in sequences and captions per second, on RAYON_NUM_THREADS
//! threads.

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use rayon::prelude::*;
use std::hint::black_box;
use std::time::Instant;
use umwelt::datasets::Split;
use umwelt::worlds::dots::data::{DatasetType, Distractor, Dots, DotsSettings};
use umwelt::worlds::workspace::data::Shape;
use umwelt::worlds::workspace::data::captions::{Choices, caption, encode, ngrams, stream};

const BATCHES: u64 = 100;
const ROUNDS: u64 = 5;
const CAPTIONS: u64 = 200_000;

fn main() -> anyhow::Result<()> {
    sequences()?;
    captions()
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

fn rate(dots: &Dots, round: u64, rendered: usize) -> f64 {
    let started = Instant::now();
    let sequences: usize = (0..BATCHES)
        .map(|i| black_box(dots.batch("bench", round * BATCHES + i, rendered)).actions.dim().1)
        .sum();
    sequences as f64 / started.elapsed().as_secs_f64()
}

fn captions() -> anyhow::Result<()> {
    let shapes: Vec<Shape> = (0..CAPTIONS).map(shape).collect();
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

/// The shape of number `i`, with attributes that change from shape to shape.
fn shape(i: u64) -> Shape {
    let whole = |every: u64, count: u64| (i / every % count) as u8;
    Shape {
        class: whole(1, 3),
        x: f32::from(7 + whole(3, 18)),
        y: f32::from(7 + whole(5, 18)),
        size: f32::from(7 + whole(7, 8)),
        rotation: f32::from(whole(2, 251)) / 40.0,
        rgb: [whole(1, 251), whole(3, 241), whole(5, 239)],
        ..Shape::default()
    }
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
