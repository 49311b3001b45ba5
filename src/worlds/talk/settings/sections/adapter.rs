//! The adapter between hidden states and embeddings.

use serde::{Deserialize, Serialize};
use umwelt_language::AdapterKind;

use crate::settings::check::{InvalidSetting, positive, refuse};

/// The function of an adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdapterName {
    /// Attention among the rows and a small MLP, as in the paper.
    #[default]
    Attention,
    /// A linear map of each row.
    Linear,
    /// The hidden states themselves, which must be as large as embeddings.
    None,
}

impl AdapterName {
    /// The kind, and the root of the mean square of its outputs before the last scale at the start
    /// of training.
    pub fn parts(self) -> (AdapterKind, f64) {
        match self {
            Self::Attention => (AdapterKind::Attention, 0.2),
            // Weights uniform within d^-1/2, of normalised rows.
            Self::Linear => (AdapterKind::Linear, (1.0f64 / 3.0).sqrt()),
            Self::None => (AdapterKind::None, 1.0),
        }
    }
}

/// Settings under `talk.adapter`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdapterSettings {
    pub kind: AdapterName,
    /// The heads of the kind `attention`.
    pub heads: i64,
    /// The probability of dropping an attention weight in training.
    pub dropout: f64,
    /// The initial scale of the adapter's outputs; null makes them as large as the receiver's
    /// embeddings. The paper's is 0.1.
    pub output_scale: Option<f64>,
}

impl Default for AdapterSettings {
    fn default() -> Self {
        Self { kind: AdapterName::Attention, heads: 8, dropout: 0.1, output_scale: None }
    }
}

impl AdapterSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        if self.heads < 1 {
            return refuse("heads", format!("must be 1 or more, but is {}", self.heads));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse("dropout", format!("must be from 0 to below 1, but is {}", self.dropout));
        }
        positive(&[("output_scale", self.output_scale.unwrap_or(1.0))])
    }
}
