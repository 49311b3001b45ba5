//! The settings of the attention that is trained against corrupted latents.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, not_negative, positive, refuse};

/// Settings under `attention`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttentionSettings {
    /// Trains the attention in the last evaluation, on the frozen workspace.
    pub enabled: bool,
    /// The domain whose latents are shifted by noise; null draws one for each item.
    pub domain: Option<String>,
    /// The factors of the noise in training, of which each item draws one. At a factor of 1 the
    /// noise has a deviation of 5.
    pub factors: Vec<f64>,
    /// The factors of the noise that the score is measured at.
    pub scored_factors: Vec<f64>,
    /// The attributes that the probe reads.
    pub target: AttentionTarget,
    /// Items in a batch.
    pub batch_size: usize,
    /// Adam's learning rate.
    pub lr: f64,
    /// Training steps.
    pub steps: usize,
}

/// The attributes that a probe of fused states reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttentionTarget {
    /// The class, by cross-entropy.
    Class,
    /// All other attributes, by squared error.
    Attributes,
}

impl Default for AttentionSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            domain: None,
            factors: vec![1.0],
            scored_factors: vec![0.0, 0.1, 0.2, 0.5, 1.0, 2.0],
            target: AttentionTarget::Class,
            batch_size: 512,
            lr: 3e-3,
            steps: 2000,
        }
    }
}

impl AttentionSettings {
    /// Refuses values that no attention can be trained with, among `domains`.
    ///
    /// # Errors
    /// The key of the first invalid value, without its section, and the reason.
    pub fn check(&self, domains: &[String]) -> Result<(), InvalidSetting> {
        let counts = [("batch_size", self.batch_size), ("steps", self.steps)];
        at_least(1, &counts).and_then(|()| at_most(MOST, &counts))?;
        positive(&[("lr", self.lr)])?;
        for (key, factors) in [("factors", &self.factors), ("scored_factors", &self.scored_factors)] {
            if factors.is_empty() {
                return refuse(key, "must have at least one number");
            }
            factors.iter().try_for_each(|factor| not_negative(&[(key, *factor)]))?;
        }
        match self.domain.as_ref().filter(|domain| !domains.contains(domain)) {
            Some(domain) => {
                refuse("domain", format!("`{domain}` is not among gw.domains ({})", domains.join(", ")))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_without_factors_or_of_other_domains_are_refused() {
        let key = |settings: AttentionSettings| settings.check(&["v".into()]).unwrap_err().0;
        let default = AttentionSettings::default;
        assert!(default().check(&["v".into()]).is_ok());
        assert_eq!(key(AttentionSettings { factors: vec![], ..default() }), "factors");
        assert_eq!(key(AttentionSettings { scored_factors: vec![-1.0], ..default() }), "scored_factors");
        assert_eq!(key(AttentionSettings { domain: Some("t".into()), ..default() }), "domain");
        assert_eq!(key(AttentionSettings { steps: 0, ..default() }), "steps");
    }
}
