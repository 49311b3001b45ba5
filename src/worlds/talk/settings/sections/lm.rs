//! The models that are made here.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, positive, refuse};

/// The size of a model that is made here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    Smoke,
    #[default]
    Tiny,
    /// `tiny` as a Llama: no biases, a head of its own, scaled positions.
    LlamaTiny,
    /// Of 96 features, so that the adapter projects its hidden states.
    Het,
    Small,
}

/// Settings under `talk.lm`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LmSettings {
    pub size: Size,
    /// The size of sender and student; null takes `size`, and one model is pretrained for all.
    pub sender_size: Option<Size>,
    /// The number of layers; null takes the size's.
    pub layers: Option<i64>,
    /// The standard deviation of initial weights; null takes the root of 1 / hidden size.
    pub initializer_range: Option<f64>,
}

impl LmSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        if let Some(layers) = self.layers.filter(|layers| !(1..=256).contains(layers)) {
            return refuse("layers", format!("must be from 1 to 256, but is {layers}"));
        }
        positive(&[("initializer_range", self.initializer_range.unwrap_or(1.0))])
    }
}
