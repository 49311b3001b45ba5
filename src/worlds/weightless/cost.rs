//! The time and the memory of learning and answering.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use umwelt_weightless::Digit;
use umwelt_weightless::agent::Agent;

use super::trainer::{Trainer, with_sample};

/// Samples that are timed, after some that are not.
const TIMED: usize = 1000;
const WARMING_UP: usize = 100;
/// The time after which no further sample is timed: a trained agent takes 30 ms to learn one.
const MOST_TIME: Duration = Duration::from_secs(2);

/// The cost of an agent. Times are of one thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The median time to learn one more sample, in microseconds.
    pub learn_us: f64,
    /// The median time to answer, in microseconds.
    pub answer_us: f64,
    /// The seconds to learn all samples.
    pub seconds: f64,
    /// Bytes of the agent while it can learn.
    pub bytes: usize,
    /// Bytes of its finished form, where it has one.
    pub finished_bytes: Option<usize>,
    /// Bytes of the samples learnt, a bit a pixel: what the nearest neighbour keeps.
    pub sample_bytes: usize,
}

impl Cost {
    /// The cost of a trained agent, which took `seconds` to learn.
    ///
    /// # Errors
    /// An interruption.
    pub fn new(trainer: &Trainer, agent: &Agent, seconds: f64) -> Result<Self> {
        let (size, test) = (agent.size(), trainer.pictures.test());
        trainer.progress.update("timing", 0, 2)?;
        let answer_us = median_us(test.images().iter(), |at, image| {
            black_box(agent.answer(image, at as u64));
            Ok(())
        })?;
        trainer.progress.update("timing", 1, 2)?;
        // A copy learns, so that the agent of the run stays as it was trained.
        let (mut copy, labels) = (agent.clone(), test.labels());
        let learn_us =
            median_us(test.images().iter(), |at, image| with_sample(copy.learn(image, labels[at]), at))?;
        Ok(Self {
            learn_us,
            answer_us,
            seconds,
            bytes: size.learning,
            finished_bytes: size.finished,
            sample_bytes: size.samples,
        })
    }
}

/// The median time of `work` on images, in microseconds.
fn median_us<'a>(
    images: impl Iterator<Item = &'a Digit>,
    mut work: impl FnMut(usize, &Digit) -> Result<()>,
) -> Result<f64> {
    let (begun, mut times) = (Instant::now(), vec![]);
    let in_time = |_: &(usize, &Digit)| begun.elapsed() < MOST_TIME;
    for (at, image) in images.take(WARMING_UP + TIMED).enumerate().take_while(in_time) {
        let started = Instant::now();
        work(at, image)?;
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    let mut counted = times.split_off(WARMING_UP.min(times.len() / 2));
    counted.sort_by(f64::total_cmp);
    Ok(counted.get(counted.len() / 2).copied().unwrap_or(f64::NAN))
}
