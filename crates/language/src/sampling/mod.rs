//! The choice of the next token.

mod filters;

use anyhow::{Result, ensure};
use umwelt_base::random::Stream;

use self::filters::{first_largest, keep_top_k, keep_top_p, penalise, softmax};

/// The distribution from which a token is drawn, made of logits in the order of the fields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Positive logits of tokens that occurred are divided by this number, negative ones multiplied
    /// (Keskar et al., arXiv 1909.05858); 1 changes nothing.
    pub repetition_penalty: f64,
    /// The divisor of logits; 0 takes the most likely token.
    pub temperature: f64,
    /// The number of most likely tokens that stay, with all that tie with the last; 0 keeps all.
    pub top_k: usize,
    /// The smallest set of most likely tokens whose probabilities reach this sum stays (Holtzman et
    /// al., arXiv 1904.09751); 1 keeps all.
    pub top_p: f64,
}

impl Sampling {
    /// The most likely token.
    pub const GREEDY: Self = Self { repetition_penalty: 1.0, temperature: 0.0, top_k: 0, top_p: 1.0 };

    /// Checks the ranges.
    ///
    /// # Errors
    /// When a number is out of its range; the error names it.
    pub fn check(&self) -> Result<()> {
        let Self { repetition_penalty, temperature, top_p, .. } = self;
        ensure!(
            repetition_penalty.is_finite() && *repetition_penalty > 0.0,
            "repetition_penalty is {repetition_penalty}; it should be a positive number"
        );
        ensure!(
            temperature.is_finite() && *temperature >= 0.0,
            "temperature is {temperature}; it should be 0 or a positive number"
        );
        ensure!(*top_p > 0.0 && *top_p <= 1.0, "top_p is {top_p}; it should be above 0 and at most 1");
        Ok(())
    }

    /// The most likely token is taken, whatever occurred before.
    pub fn is_plain_greedy(&self) -> bool {
        self.temperature == 0.0 && self.repetition_penalty == 1.0
    }

    /// The probability of every token, from `logits` `[V]` and the ids that `occurred`.
    ///
    /// At temperature 0 the most likely token, the first of several, has all.
    pub fn probabilities(&self, logits: &[f32], occurred: &[i64]) -> Vec<f64> {
        let mut scores: Vec<f64> = logits.iter().map(|logit| f64::from(*logit)).collect();
        penalise(&mut scores, occurred, self.repetition_penalty);
        if self.temperature == 0.0 {
            let best = first_largest(&scores);
            return (0..scores.len()).map(|id| f64::from(u8::from(id == best))).collect();
        }
        scores.iter_mut().for_each(|score| *score /= self.temperature);
        keep_top_k(&mut scores, self.top_k);
        let mut probabilities = softmax(&scores);
        keep_top_p(&mut probabilities, self.top_p);
        probabilities
    }

    /// The token at `draw`, a number from 0 to below 1, in the order of the ids.
    pub fn choose(&self, logits: &[f32], occurred: &[i64], draw: f64) -> i64 {
        let probabilities = self.probabilities(logits, occurred);
        let mut left = draw * probabilities.iter().sum::<f64>();
        let mut last = 0;
        for (id, probability) in probabilities.iter().enumerate().filter(|(_, p)| **p > 0.0) {
            last = id;
            left -= probability;
            if left < 0.0 {
                break;
            }
        }
        last as i64
    }
}

/// The number from 0 to below 1 that chooses the token of `task` at `step`.
pub fn draw(seed: u64, task: &str, step: u64) -> f64 {
    Stream::new(seed, &format!("sampling of {task}")).at(&[step]).uniform()
}

#[cfg(test)]
mod tests;
