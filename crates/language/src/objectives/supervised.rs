//! The supervised positions of a batch.

use anyhow::{Result, ensure};
use tch::Tensor;

use crate::message::IGNORED;

/// The positions of a batch at which logits are compared with labels, one sample after the other.
#[derive(Debug)]
pub struct Supervised {
    /// Places in the flattened `[B T]` positions, `[N]`.
    places: Tensor,
    /// The label of each place, `[N]`.
    pub targets: Tensor,
    /// The sample of each place, `[N]`.
    samples: Tensor,
    /// The number of places of every sample.
    pub counts: Vec<i64>,
}

impl Supervised {
    /// The positions that predict the labels `[B, T]` if `shift` is 1 (the ones before them), or
    /// the labels' own positions if it is 0.
    ///
    /// # Errors
    /// When a sample has no supervised label, or one at its first position.
    pub fn new(labels: &Tensor, shift: i64) -> Result<Self> {
        let rows: Vec<Vec<i64>> = Vec::try_from(labels)?;
        let (mut places, mut targets, mut samples, mut counts) = (vec![], vec![], vec![], vec![]);
        for (sample, row) in (0i64..).zip(&rows) {
            let before = places.len();
            for (at, label) in (0i64..).zip(row).filter(|(_, label)| **label != IGNORED) {
                ensure!(
                    at >= shift,
                    "sample {sample} has a label at its first position, which nothing predicts"
                );
                places.push(sample * row.len() as i64 + at - shift);
                targets.push(*label);
                samples.push(sample);
            }
            counts.push((places.len() - before) as i64);
            ensure!(places.len() > before, "sample {sample} has no supervised label");
        }
        let on = |values: &[i64]| Tensor::from_slice(values).to_device(labels.device());
        Ok(Self { places: on(&places), targets: on(&targets), samples: on(&samples), counts })
    }

    /// The rows of `[B, T, C]` at the places, `[N, C]`.
    pub fn rows(&self, values: &Tensor) -> Tensor {
        values.flatten(0, 1).index_select(0, &self.places)
    }

    /// The sums of `[N, ..]` values over each sample's places, `[B, ..]`.
    pub fn sums(&self, values: &Tensor) -> Tensor {
        let mut size = values.size();
        size[0] = self.counts.len() as i64;
        Tensor::zeros(size, (values.kind(), values.device())).index_add(0, &self.samples, values)
    }

    /// The means of `[N]` values over each sample's places, `[B]`.
    pub fn means(&self, values: &Tensor) -> Tensor {
        let counts = Tensor::from_slice(&self.counts).to_device(values.device()).to_kind(values.kind());
        self.sums(values) / counts
    }
}
