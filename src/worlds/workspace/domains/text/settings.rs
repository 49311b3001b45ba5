//! The settings of the text domain.

use serde::{Deserialize, Serialize};

use crate::optim::{Cycle, LrSchedule, OptimizerKind, Recipe};
use crate::settings::check::{
    InvalidSetting, MOST, WIDEST, at_least, at_most, not_negative, positive, refuse,
};

/// The value of `text.features` for vectors made of n-grams.
pub const NGRAMS: &str = "ngrams";
/// Adam's epsilon.
const EPSILON: f64 = 1e-8;
/// The components that `text.pca` may keep.
const COMPONENTS: std::ops::RangeInclusive<usize> = 16..=512;

/// Settings under `text`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextSettings {
    /// The reader of sentences: `conv` reads tokens, `features` reads vectors of sentences.
    pub encoder: TextEncoder,
    /// The vectors that `features` reads: `ngrams`, or the path FOLDER/NAME of the files
    /// FOLDER/train_NAME.npy, FOLDER/val_NAME.npy and FOLDER/test_NAME.npy.
    pub features: Option<String>,
    /// The principal components of the vectors that are kept, from 16 to 512; null keeps the
    /// vectors.
    pub pca: Option<usize>,
    /// Numbers in a latent.
    pub z_size: usize,
    /// The weight of the divergence of the posterior from the prior.
    pub beta: f64,
    /// The weight of the autoencoder's loss.
    pub coef_vae_loss: f64,
    /// The weight of the loss of the heads on the mean.
    pub coef_attr_loss: f64,
    /// The share of the steps over which `beta` rises linearly from 0.
    pub beta_warmup: f64,
    /// Lets the attribute head shape the latent. Otherwise it reads the mean as it is.
    pub optimize_vae_with_attr_regression: bool,
    /// Sentences in a batch; null takes 256 with `conv` and 1024 with `features`.
    pub batch_size: Option<usize>,
    /// The learning rate; null takes a peak of 5e-3 with `conv` and a constant 1e-4 with
    /// `features`.
    pub lr: Option<f64>,
    /// L2 decay, which Adam adds to the gradients.
    pub weight_decay: f64,
    /// Training steps.
    pub steps: usize,
}

/// The reader of sentences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextEncoder {
    /// Reads tokens by a convolution; its heads say the grammar and the phrases of the sentence.
    #[default]
    Conv,
    /// Reads vectors, and reconstructs them.
    Features,
}

impl Default for TextSettings {
    fn default() -> Self {
        Self {
            encoder: TextEncoder::default(),
            features: None,
            pca: None,
            z_size: 24,
            beta: 0.1,
            coef_vae_loss: 1.0,
            coef_attr_loss: 1.0,
            beta_warmup: 1.0,
            optimize_vae_with_attr_regression: false,
            batch_size: None,
            lr: None,
            weight_decay: 3e-5,
            steps: 10_000,
        }
    }
}

impl TextSettings {
    /// Refuses values that no model can be built or trained with.
    ///
    /// # Errors
    /// The key below `text` and what is allowed there.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("z_size", self.z_size), ("steps", self.steps)])?;
        at_most(WIDEST, &[("z_size", self.z_size)])?;
        at_least(2, &[("batch_size", self.batch_size())])?;
        at_most(MOST, &[("steps", self.steps), ("batch_size", self.batch_size())])?;
        not_negative(&[
            ("beta", self.beta),
            ("coef_vae_loss", self.coef_vae_loss),
            ("coef_attr_loss", self.coef_attr_loss),
            ("weight_decay", self.weight_decay),
        ])?;
        positive(&[("lr", self.peak_lr())])?;
        if !(0.0..=1.0).contains(&self.beta_warmup) {
            return refuse("beta_warmup", format!("must be from 0 to 1, but is {}", self.beta_warmup));
        }
        self.check_features()
    }

    fn check_features(&self) -> Result<(), InvalidSetting> {
        let vectors = self.encoder == TextEncoder::Features;
        match (&self.features, self.pca) {
            (None, _) if vectors => refuse(
                "features",
                format!("must be `{NGRAMS}` or the path of files for text.encoder features"),
            ),
            (Some(_), _) if !vectors => {
                refuse("features", "has no effect with text.encoder conv; set text.encoder=features")
            }
            (_, Some(_)) if !vectors => refuse("pca", "has no effect with text.encoder conv; leave it null"),
            (_, Some(count)) if !COMPONENTS.contains(&count) => {
                refuse("pca", format!("must be null or from 16 to 512, but is {count}"))
            }
            _ => Ok(()),
        }
    }

    /// Adam with L2 decay, for a run whose epochs are single steps: one cycle with `conv`, and a
    /// constant learning rate with `features`.
    pub fn recipe(&self) -> Recipe {
        let lr = self.peak_lr();
        Recipe {
            epochs: self.steps,
            optimizer: OptimizerKind::Adam { epsilon: EPSILON, l2: self.weight_decay },
            lr: match self.encoder {
                TextEncoder::Conv => LrSchedule::Cycle(Cycle::new(lr)),
                TextEncoder::Features => LrSchedule::Constant { lr, decay_epoch: None },
            },
            clip_norm: None,
        }
    }

    /// The number of sentences in a batch.
    pub fn batch_size(&self) -> usize {
        self.batch_size.unwrap_or(match self.encoder {
            TextEncoder::Conv => 256,
            TextEncoder::Features => 1024,
        })
    }

    /// The learning rate, or its peak.
    pub fn peak_lr(&self) -> f64 {
        self.lr.unwrap_or(match self.encoder {
            TextEncoder::Conv => 5e-3,
            TextEncoder::Features => 1e-4,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_trained_is_named() {
        assert_eq!(TextSettings::default().check(), Ok(()));
        let key = |change: fn(&mut TextSettings)| {
            let mut settings = TextSettings::default();
            change(&mut settings);
            settings.check().unwrap_err().0
        };
        assert_eq!(key(|s| s.encoder = TextEncoder::Features), "features");
        assert_eq!(key(|s| s.features = Some(NGRAMS.into())), "features");
        assert_eq!(key(|s| s.pca = Some(16)), "pca");
        assert_eq!(key(|s| s.beta_warmup = -0.1), "beta_warmup");
        assert_eq!(key(|s| s.batch_size = Some(1)), "batch_size");
        let vectors = TextSettings {
            encoder: TextEncoder::Features,
            features: Some("a/b".into()),
            ..Default::default()
        };
        assert_eq!(vectors.check(), Ok(()));
        assert_eq!((vectors.batch_size(), vectors.peak_lr()), (1024, 1e-4));
        assert_eq!(TextSettings { pca: Some(8), ..vectors }.check().unwrap_err().0, "pca");
    }
}
