//! The settings of the analysis.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, at_least, at_most, refuse};

/// A part of the analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    All,
    /// Success and cross-entropy over the part of a message that is kept, and over the number of
    /// latents.
    Rates,
    /// The sender's head on each latent: entropy and mass of the most likely tokens, for trained
    /// and untrained students.
    Entropy,
    /// Norms of hidden states and their cosines with the ones before.
    Drift,
    /// The tokens that each row is nearest to.
    Gloss,
    /// The attention that the receiver's answers pay to the message, by layer.
    Attention,
    /// Principal components of mean hidden states.
    Components,
    /// Linear probes of what is to be done.
    Probes,
}

/// Settings under `talk.analyse`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalyseSettings {
    /// The parts: `all`, `rates`, `entropy`, `drift`, `gloss`, `attention`, `components`,
    /// `probes`.
    pub what: Vec<What>,
    /// The seen problems whose messages are measured.
    pub problems: usize,
}

impl Default for AnalyseSettings {
    fn default() -> Self {
        Self { what: vec![What::All], problems: 200 }
    }
}

impl AnalyseSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        if self.what.is_empty() {
            return refuse("what", "must name a part, such as rates");
        }
        at_least(4, &[("problems", self.problems)])?;
        at_most(100_000, &[("problems", self.problems)])
    }

    pub fn has(&self, part: What) -> bool {
        self.what.contains(&What::All) || self.what.contains(&part)
    }
}
