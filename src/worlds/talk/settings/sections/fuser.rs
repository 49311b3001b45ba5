//! The stage `fuse`.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, positive, refuse};

/// Settings under `talk.fuser`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FuserSettings {
    /// The units of hidden layers.
    pub width: usize,
    pub steps: usize,
    pub batch_size: usize,
    pub lr: f64,
    pub weight_decay: f64,
    /// The share of steps in which the learning rate rises.
    pub warmup: f64,
    /// The temperature of gates in the last step. It falls from 1, by the same factor a step.
    pub last_temperature: f64,
}

impl Default for FuserSettings {
    fn default() -> Self {
        Self {
            width: 1024,
            steps: 300,
            batch_size: 32,
            lr: 1e-4,
            weight_decay: 0.01,
            warmup: 0.1,
            last_temperature: 0.001,
        }
    }
}

impl FuserSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let counts = [("width", self.width), ("steps", self.steps), ("batch_size", self.batch_size)];
        at_least(1, &counts)?;
        at_most(MOST, &counts)?;
        positive(&[("lr", self.lr), ("last_temperature", self.last_temperature)])?;
        for (key, share) in [("warmup", self.warmup), ("weight_decay", self.weight_decay)] {
            if !(0.0..=1.0).contains(&share) {
                return refuse(key, format!("must be from 0 to 1, but is {share}"));
            }
        }
        Ok(())
    }
}
