//! The settings of rotary positions.

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::keys::Keys;

/// The base and the scaling of the frequencies of rotary positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RopeSettings {
    pub theta: f64,
    pub scaling: RopeScaling,
}

/// The change of the frequencies for contexts that are longer than those of pretraining.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RopeScaling {
    Default,
    /// All frequencies are divided by `factor`.
    Linear {
        factor: f64,
    },
    /// Only long wavelengths are stretched, relative to `original_context` positions (Llama 3.1).
    Llama3 {
        factor: f64,
        low: f64,
        high: f64,
        original_context: f64,
    },
}

impl RopeSettings {
    /// Reads `rope_theta`, `rope_parameters` and `rope_scaling` of a `config.json` for `context`
    /// positions.
    ///
    /// # Errors
    /// When the kind of scaling is unknown or a number is out of range.
    pub fn read(keys: Keys, context: i64) -> Result<Self> {
        let empty = Map::new();
        let parameters = keys.object("rope_parameters")?.unwrap_or(Keys(&empty));
        let scaling = keys.object("rope_scaling")?.unwrap_or(parameters);
        let theta = parameters.positive("rope_theta", keys.positive("rope_theta", 10_000.0)?)?;
        Ok(Self { theta, scaling: RopeScaling::read(scaling, context)? })
    }

    /// Writes `rope_theta` and `rope_scaling`, which releases 4 of transformers read, and
    /// `rope_parameters`, which release 5 reads.
    pub fn write(&self, keys: &mut Map<String, Value>) {
        let scaling = self.scaling.to_json();
        let mut parameters = scaling.clone();
        parameters["rope_theta"] = json!(self.theta);
        let scaled = self.scaling != RopeScaling::Default;
        keys.insert("rope_theta".into(), json!(self.theta));
        keys.insert("rope_scaling".into(), if scaled { scaling } else { Value::Null });
        keys.insert("rope_parameters".into(), parameters);
    }
}

impl RopeScaling {
    fn read(keys: Keys, context: i64) -> Result<Self> {
        let kind = keys.text("rope_type")?.or(keys.text("type")?).unwrap_or("default");
        let factor = keys.positive("factor", 1.0)?;
        let original = keys.positive("original_max_position_embeddings", context as f64)?;
        match kind {
            "default" => Ok(Self::Default),
            "linear" => Ok(Self::Linear { factor }),
            "llama3" => {
                let low = keys.positive("low_freq_factor", 1.0)?;
                let high = keys.positive("high_freq_factor", 4.0)?;
                ensure!(
                    low < high,
                    "low_freq_factor is {low}; it should be less than high_freq_factor, {high}"
                );
                Ok(Self::Llama3 { factor, low, high, original_context: original })
            }
            other => bail!("rotary positions of kind `{other}` are unknown; known: default, linear, llama3"),
        }
    }

    fn to_json(self) -> Value {
        match self {
            Self::Default => json!({ "rope_type": "default" }),
            Self::Linear { factor } => json!({ "rope_type": "linear", "factor": factor }),
            Self::Llama3 { factor, low, high, original_context } => json!({
                "rope_type": "llama3",
                "factor": factor,
                "low_freq_factor": low,
                "high_freq_factor": high,
                "original_max_position_embeddings": original_context as i64,
            }),
        }
    }

    /// The frequency that takes the place of `frequency` (radians a position).
    ///
    /// For `llama3`, wavelengths below `original_context / high` stay, those above
    /// `original_context / low` are multiplied by `factor`, and those between are interpolated
    /// (Grattafiori et al., *The Llama 3 Herd of Models*, arXiv 2407.21783, and its code).
    pub fn frequency(self, frequency: f64) -> f64 {
        match self {
            Self::Default => frequency,
            Self::Linear { factor } => frequency / factor,
            Self::Llama3 { factor, low, high, original_context } => {
                let turns = original_context * frequency / std::f64::consts::TAU;
                let share = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                (1.0 - share) * frequency / factor + share * frequency
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    #[test]
    fn llama3_keeps_short_waves_stretches_long_ones_and_interpolates_between() {
        let scaling = RopeScaling::Llama3 { factor: 8.0, low: 1.0, high: 4.0, original_context: 8192.0 };
        // Wavelengths in positions, and the share of the unscaled frequency by hand.
        for (wavelength, share) in
            [(100.0, 1.0), (2048.0, 1.0), (8192.0, 0.0), (9000.0, 0.0), (4096.0, 1.0 / 3.0), (3276.8, 0.5)]
        {
            let frequency: f64 = TAU / wavelength;
            let expected = share * frequency + (1.0 - share) * frequency / 8.0;
            assert!((scaling.frequency(frequency) - expected).abs() < 1e-12, "{wavelength}");
        }
        assert_eq!(RopeScaling::Linear { factor: 4.0 }.frequency(2.0), 0.5);
    }
}
