//! The stage `compress`.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, positive, refuse};

/// The message that a student's is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeacherMessage {
    /// All rows.
    #[default]
    Full,
    /// As many of the first rows as the student sends.
    KRows,
}

/// Settings under `talk.compress`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CompressSettings {
    /// The numbers of latents; each has a student of its own.
    pub k: Vec<usize>,
    /// One student sends them all: each step draws one of the numbers.
    pub nested: bool,
    pub steps: usize,
    pub batch_size: usize,
    pub lr: f64,
    /// The weights of cross-entropy, agreement and direction.
    pub coefficients: Vec<f64>,
    /// The temperature at which distributions are compared.
    pub temperature: f64,
    /// The quantile at which the weights of positions are capped.
    pub quantile: f64,
    /// The supervised positions of an answer at which distributions are compared, from the first
    /// on; 0 compares all.
    pub window: usize,
    pub teacher_message: TeacherMessage,
}

impl Default for CompressSettings {
    fn default() -> Self {
        Self {
            k: vec![8],
            nested: false,
            steps: 400,
            batch_size: 32,
            lr: 1e-3,
            coefficients: vec![1.0, 0.1, 0.1],
            temperature: 4.0,
            quantile: 0.95,
            window: 0,
            teacher_message: TeacherMessage::Full,
        }
    }
}

impl CompressSettings {
    pub fn check(&self) -> Result<(), InvalidSetting> {
        self.k
            .iter()
            .try_for_each(|k| at_least(1, &[("k", *k)]).and_then(|()| at_most(4096, &[("k", *k)])))?;
        at_least(1, &[("steps", self.steps), ("batch_size", self.batch_size)])?;
        at_most(MOST, &[("steps", self.steps), ("batch_size", self.batch_size)])?;
        positive(&[("lr", self.lr), ("temperature", self.temperature)])?;
        if self.coefficients.len() != 3 || self.coefficients.iter().any(|c| !c.is_finite() || *c < 0.0) {
            return refuse("coefficients", "must be three numbers that are 0 or more");
        }
        if !(0.0..=1.0).contains(&self.quantile) {
            return refuse("quantile", format!("must be from 0 to 1, but is {}", self.quantile));
        }
        Ok(())
    }
}
