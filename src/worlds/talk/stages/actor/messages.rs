//! Right, wrong and mixed messages of a batch.

use std::ops::Range;

use anyhow::Result;
use tch::Tensor;
use umwelt_base::random::Stream;
use umwelt_language::{Segment, fitted, latent_first, others, scattered, token_first};

use super::passes::Batch;
use super::reader::Reader;
use crate::worlds::talk::settings::MixtureMode;
use crate::worlds::talk::stages::messages::{Sample, hidden_of};

/// The ratios of messages that are mixed, in tenths.
const TENTHS: usize = 9;

impl Reader {
    /// The messages `[L, d]` of sender `who` for some of a batch's samples, mixed with its plans.
    pub fn mixed(
        &self,
        who: usize,
        latents: &[Tensor],
        batch: &Batch,
        rows: Range<usize>,
    ) -> Vec<Vec<Segment>> {
        let mix = |(latents, row): (&Tensor, usize)| {
            let (plan, ratio) = (&batch.samples[row].written[who].plan, batch.ratios[row]);
            match self.settings.mixture {
                MixtureMode::LatentFirst => latent_first(latents, plan, ratio),
                MixtureMode::TokenFirst => token_first(latents, plan, 1.0 - ratio),
                MixtureMode::Scatter => {
                    // Right and wrong messages have latents at the same positions.
                    let mut rng = Stream::new(self.seed, "scattered latents").at(&[batch.step, row as u64]);
                    scattered(latents, plan, || rng.uniform() < ratio)
                }
                MixtureMode::None => vec![Segment::Embeddings(latents.shallow_clone())],
            }
        };
        latents.iter().zip(rows).map(mix).collect()
    }

    /// The part of latents in the message of each sample of a batch.
    pub fn ratios(&self, step: u64) -> Vec<f64> {
        let ratio = |row: u64| {
            let mut rng = Stream::new(self.seed, "parts of latents").at(&[step, row]);
            let is_full = rng.uniform() < self.settings.p_full;
            if is_full { 1.0 } else { (1 + rng.below(TENTHS)) as f64 / 10.0 }
        };
        (0..self.settings.batch_size as u64).map(ratio).collect()
    }

    /// Hidden states of each sender for other samples, as long as the samples' own.
    pub fn wrong(&self, samples: &[Sample], step: u64) -> Result<Vec<Vec<Tensor>>> {
        let mut rng = Stream::new(self.seed, "wrong messages").at(&[step]);
        let others = others(samples.len(), &mut rng)?;
        let mut fit = |own: &Tensor, other: &Tensor| {
            // Nothing is another message than a silent sample's.
            if other.size()[0] == 0 {
                return Ok(other.shallow_clone());
            }
            fitted(other, own.size()[0], &mut rng)
        };
        let hidden = hidden_of(samples, self.collected.widths.len());
        let of =
            |all: &Vec<Tensor>| all.iter().zip(&others).map(|(own, other)| fit(own, &all[*other])).collect();
        hidden.iter().map(of).collect()
    }
}
