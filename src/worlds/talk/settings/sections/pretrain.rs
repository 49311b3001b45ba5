//! The stage `pretrain`.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, not_negative, positive, refuse};

/// Settings under `talk.pretrain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PretrainSettings {
    pub steps: usize,
    pub batch_size: usize,
    pub lr: f64,
    /// Steps in which the learning rate rises.
    pub warmup: usize,
    /// The shares of senders' texts, of receivers' texts with a plan, and of those without.
    pub mixture: Vec<f64>,
    /// Steps in which the difficulty rises from the first level to all.
    pub level_warmup: usize,
    pub weight_decay: f64,
    /// The share of seen problems that must be solved by plans as text, or, where plans are lossy, of
    /// right plans.
    pub gate: f64,
}

impl Default for PretrainSettings {
    fn default() -> Self {
        Self {
            steps: 600,
            batch_size: 32,
            lr: 2e-3,
            warmup: 50,
            mixture: vec![0.35, 0.55, 0.1],
            level_warmup: 200,
            weight_decay: 0.01,
            gate: 0.9,
        }
    }
}

impl PretrainSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("steps", self.steps), ("batch_size", self.batch_size)])?;
        at_most(MOST, &[("steps", self.steps), ("batch_size", self.batch_size)])?;
        positive(&[("lr", self.lr)])?;
        not_negative(&[("weight_decay", self.weight_decay), ("gate", self.gate)])?;
        let total: f64 = self.mixture.iter().sum();
        if self.mixture.len() != 3
            || self.mixture.iter().any(|share| *share < 0.0)
            || (total - 1.0).abs() > 1e-6
        {
            return refuse("mixture", "must be three shares that add up to 1");
        }
        Ok(())
    }
}
