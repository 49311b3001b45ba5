//! How many sequences a second the data generator makes, on RAYON_NUM_THREADS threads.

use std::hint::black_box;
use std::time::Instant;
use umwelt::data::{Dots, DotsSettings};

const BATCHES: u64 = 100;
const ROUNDS: u64 = 5;

fn main() -> anyhow::Result<()> {
    println!("{} threads, 17 frames, batches of 128, normalised", rayon::current_num_threads());
    for (name, static_noise, noise) in
        [("no noise", 0.0, 0.0), ("fixed 1.0", 1.0, 0.0), ("changing 1.0", 0.0, 1.0), ("both 1.0", 1.0, 1.0)]
    {
        let started = Instant::now();
        let dots = Dots::new(DotsSettings { static_noise, noise, normalize: true, ..Default::default() })?;
        let setup = started.elapsed().as_secs_f64();
        let best = |rendered| (0..ROUNDS).map(|round| rate(&dots, round, rendered)).fold(0.0, f64::max);
        println!(
            "{name:>13}: {:>8.0} sequences/s, first frame only {:>8.0}, set up in {setup:.3} s",
            best(17),
            best(1)
        );
    }
    Ok(())
}

fn rate(dots: &Dots, round: u64, rendered: usize) -> f64 {
    let started = Instant::now();
    let sequences: usize =
        (0..BATCHES).map(|i| black_box(dots.batch("bench", round * BATCHES + i, rendered)).batch).sum();
    sequences as f64 / started.elapsed().as_secs_f64()
}
