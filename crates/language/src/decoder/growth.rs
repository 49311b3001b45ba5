//! New rows of the embedding and the head.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tch::Tensor;

use super::DecoderLm;
use super::weights::{Weights, normal_rows};
use crate::config::LmConfig;

impl DecoderLm {
    /// A copy whose embedding and head have `rows` rows; the new ones are normal with the standard
    /// deviation `initializer_range`. A model that has as many rows or more is copied as it is.
    ///
    /// # Errors
    /// When a tensor cannot be copied.
    pub fn grown(&self, rows: i64, seed: u64) -> Result<Self> {
        let rows = rows.max(self.config.vocabulary);
        let config = LmConfig { vocabulary: rows, ..self.config.clone() };
        let named = self.parameters.named().into_iter().collect();
        let mut weights = Grown { named, seed, range: config.initializer_range };
        let kind = self.embedding.kind();
        Ok(Self::new(config, &mut weights, kind, self.device())?.computing_in(self.compute))
    }
}

/// The tensors of a model; those with too few rows get new ones.
struct Grown {
    named: HashMap<String, Tensor>,
    seed: u64,
    range: f64,
}

impl Weights for Grown {
    fn take(&mut self, name: &str, shape: &[i64]) -> Result<Tensor> {
        let old = self.named.get(name).with_context(|| format!("tensor {name} is missing"))?.detach();
        let missing = shape[0] - old.size()[0];
        if missing == 0 {
            return Ok(old);
        }
        let shape: Vec<i64> = [missing].iter().chain(&shape[1..]).copied().collect();
        let new = normal_rows(self.seed, name, old.size()[0], &shape, self.range);
        Ok(Tensor::cat(&[&old, &new.to_device(old.device()).to_kind(old.kind())], 0))
    }
}
